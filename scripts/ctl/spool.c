/*
 * spool.c - shows SMS that notification wrote to files.
 *
 * A file is sealed with its county's key, which is in Redis, wrapped by a master key: who may read the SMS has both.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/vault.h"
#include "services/notification/sms.h"

#include <errno.h>
#include <string.h>

/* The content of SPOOL/COUNTY/ID.txt; the caller frees it. NULL after saying why not. */
static char *open_file(const struct counties *counties, const char *path)
{
    char sealed[SPOOL_FILE_MAX + 1], *content = NULL;
    FILE *file = fopen(path, "re");
    if (!file) {
        fail("%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t size = fread(sealed, 1, SPOOL_FILE_MAX, file);
    fclose(file);
    sealed[size] = '\0';

    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path, *end = strstr(name, SPOOL_SUFFIX);
    AUTOFREE char *id = end ? xstrndup(name, (size_t)(end - name)) : xstrdup(name);
    AUTOFREE char *county_id = xstrndup(id, strcspn(id, "-."));
    AUTOFREE char *owner = sms_owner(id, SMS_FILE);
    const struct county *county = counties_find(counties, county_id);
    if (!county || vault_open(county->vault, owner, sealed, &content, &size) < 0)
        fail("%s: this was not sealed with a key of county %s", path, county_id);
    return content;
}

/* "To: 138...", "Template: ..." and so on become {"to", "template", ..., "text"}. */
static json_t *parse(const char *content)
{
    json_t *sms = json_object();
    const char *line = content;
    for (size_t size; (size = strcspn(line, "\n")) > 0; line += size + (line[size] == '\n')) {
        size_t name = strcspn(line, ":");
        if (name + 2 > size)
            break;
        AUTOFREE char *key = xstrndup(line, name);
        for (char *c = key; *c; c++)
            *c = (char)(*c | 0x20);
        json_object_set_new(sms, key, json_text(line + name + 2, size - name - 2));
    }
    line += *line == '\n';
    json_object_set_new(sms, "text", json_text(line, strcspn(line, "\n")));
    return sms;
}

int spool(struct ctl *ctl, size_t argc, char *const argv[])
{
    struct counties *counties = counties_open(ctl);
    json_t *rows = json_array();
    int code = counties ? DONE : FAILED;
    for (size_t i = 0; counties && i < argc; i++) {
        AUTOFREE char *content = open_file(counties, argv[i]);
        if (!content) {
            code = FAILED;
        } else if (ctl->json) {
            json_array_append_new(rows, parse(content));
        } else {
            printf("--- %s\n%s\n", argv[i], content);
        }
    }
    json_t *report = json_pack("{s:o}", "sms", rows);
    if (ctl->json)
        report_print(report, true);
    json_decref(report);
    counties_destroy(&counties);
    return code;
}
