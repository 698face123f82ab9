/*
 * county.c - a county's files: checking, storing (config.c), and what is in use.
 *
 * The files are checked as a whole, with the code by which the services read
 * them, before Redis is touched; then one script stores them all. The files
 * are read into memory and freed at the end of the command.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/county_config.h"
#include "common/text.h"
#include "services/notification/wording.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any county needs; a mistaken path shall not fill the memory. */
enum { MAX_FILE = 16 << 20 };

static void print_fault(const struct county_fault *fault)
{
    if (fault->line > 0)
        fprintf(stderr, "%s:%d: %s\n", fault->file, fault->line, fault->english);
    else
        fprintf(stderr, "%s: %s\n", fault->file, fault->english);
}

/* arg: how many there are. A county in force may have some that are refused in new files. */
static void count_fault(void *arg, const struct county_fault *fault)
{
    ++*(int *)arg;
    print_fault(fault);
}

/* The whole file, ended by a NUL; the caller frees it. 0, or -errno. */
static int read_file(const char *path, char **ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    char *text = xmalloc(MAX_FILE + 1);
    size_t size = fread(text, 1, MAX_FILE + 1, file);
    int r = ferror(file) ? -EIO : size > MAX_FILE ? -EFBIG : memchr(text, '\0', size) ? -EILSEQ : 0;
    fclose(file);
    if (r == 0) {
        text[size] = '\0';
        *ret_text = xrealloc(text, size + 1);
    } else {
        free(text);
    }
    return r;
}

static void free_files(char *texts[COUNTY_FILE_COUNT])
{
    for (int file = 0; file < COUNTY_FILE_COUNT; file++)
        free(texts[file]);
}

/* Reads what is there; a file that is missing is for county_parse() to judge. False after saying what cannot be read.
 */
static bool read_files(const char *directory, char *texts[COUNTY_FILE_COUNT])
{
    bool good = true;
    for (enum county_file file = 0; file < COUNTY_FILE_COUNT; file++) {
        if (file == FILE_NATIONAL)
            continue;
        AUTOFREE char *path = xasprintf("%s/%s", directory, county_file_name(file));
        int r = read_file(path, &texts[file]);
        if (r < 0 && r != -ENOENT) {
            fprintf(stderr, "%s: %s\n", path, r == -EILSEQ ? "this is not text: it holds a NUL" : strerror(-r));
            good = false;
        }
    }
    return good;
}

/* Says what is allowed, and leaves somebody in the dark. */
static void warn(const struct county *county)
{
    bool office = *county->office_email != '\0';
    for (size_t i = 0; i < county->staff_count; i++)
        office |= strcmp(county->staff[i].role, "office") == 0;
    if (!office)
        fprintf(stderr,
                "%s: warning: nobody has the role office, and settings.csv no office_email: nobody hears when a member"
                " was absent too often, or a meeting is not ended\n",
                county_file_name(FILE_STAFF));
}

/* Reads and checks a directory. The caller destroys the county and frees the texts, also after a failure. */
static int check(struct ctl *ctl, const char *directory, char *texts[COUNTY_FILE_COUNT], struct county **county)
{
    AUTOFREE char *path = realpath(directory, NULL);
    struct stat about;
    if (!path || stat(path, &about) < 0 || !S_ISDIR(about.st_mode))
        return fail("%s: there is no such directory", directory);
    const char *id = ctl->id ? ctl->id : basename(path);
    if (strlen(id) != 6 || strspn(id, "0123456789") != 6)
        return misused("\"%s\" is no county: its id is the division code, six digits; give --id", id);
    AUTOFREE char *beside = xasprintf("%s/../../calendar", path);
    int faults = 0;
    texts[FILE_NATIONAL] = national_calendar(ctl->calendar ? ctl->calendar : beside, now_ms());
    if (!texts[FILE_NATIONAL] || !read_files(directory, texts) ||
        county_parse(id, (const char *const *)texts, count_fault, &faults, county) < 0 || faults > 0 ||
        templates_check(*county, count_fault, &faults) < 0)
        return fail("county %s has faults; nothing was changed", id);
    warn(*county);
    return DONE;
}

static void print_summary(const struct county *county, const char *what)
{
    printf(
        "%s %s %s: %zu towns, %zu communities, %zu groups, %zu members, %zu departments, %zu categories, %zu rules\n",
        county->id, county->name, what, county->town_count, county->community_count, county->group_count,
        county->member_count, county->department_count, county->category_count, county->rule_count);
}

int county_check(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    char *texts[COUNTY_FILE_COUNT] = {NULL};
    struct county *county = NULL;
    int code = check(ctl, argv[0], texts, &county);
    if (county)
        print_summary(county, "has no faults");
    county_destroy(&county);
    free_files(texts);
    return code;
}

int county_rekey(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    int64_t revision;
    int code = config_update(ctl, argv[0], NULL, true, &revision);
    if (code == DONE)
        printf("county %s has a new key; what older ones sealed stays readable\n", argv[0]);
    return code;
}

int county_rewrap(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    (void)argv;
    json_t *ids = county_ids(ctl, NULL), *id;
    size_t index;
    int64_t revision;
    int code = ids ? DONE : FAILED;
    json_array_foreach(ids, index, id)
    {
        if (code == DONE)
            code = config_update(ctl, json_string_value(id), NULL, false, &revision);
    }
    if (code == DONE)
        printf("the keys of %zu counties are wrapped by the current master key\n", json_array_size(ids));
    json_decref(ids);
    return code;
}

static void print_stored_fault(void *arg, const char *county, const struct county_fault *fault)
{
    (void)arg;
    fprintf(stderr, "county %s, as stored%s: ", county, fault->minor ? " and in force" : "");
    print_fault(fault);
}

struct counties *counties_open(struct ctl *ctl)
{
    if (!ctl->keys) {
        misused("where are the keys? give --keys DIR or SIDAN_KEYS");
        return NULL;
    }
    struct counties *counties = counties_new(ctl->store, ctl->keys, print_stored_fault, NULL);
    if (counties_refresh(counties) < 0) {
        fail("Redis: %s", store_error(ctl->store));
        counties_destroy(&counties);
    }
    return counties;
}

int county_apply(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    char *texts[COUNTY_FILE_COUNT] = {NULL};
    struct county *county = NULL;
    int code = check(ctl, argv[0], texts, &county);
    int64_t revision = 0;
    if (county) {
        code = config_update(ctl, county->id, texts, false, &revision);
        if (code == DONE) {
            print_summary(county, "applied");
            printf("revision %lld\n", (long long)revision);
        }
    }
    county_destroy(&county);
    free_files(texts);
    return code;
}

/* Phones are in it: nobody else on this machine reads them. */
static int write_file(const char *directory, enum county_file file, const char *text)
{
    AUTOFREE char *path = xasprintf("%s/%s", directory, county_file_name(file));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = stream && fputs(text, stream) >= 0;
    good = stream && fclose(stream) == 0 && good;
    return good ? DONE : fail("%s: %s", path, strerror(errno));
}

int county_export(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    CONFIG config = {0};
    int code = config_open(ctl, argv[0], &config);
    if (code == DONE && mkdir(argv[1], 0700) < 0 && errno != EEXIST)
        code = fail("%s: %s", argv[1], strerror(errno));
    for (enum county_file file = 0; code == DONE && file < COUNTY_FILE_COUNT; file++)
        if (config.texts[file] && file != FILE_NATIONAL)
            code = write_file(argv[1], file, config.texts[file]);
    if (code == DONE)
        printf("revision %lld of county %s is in %s\n", (long long)config.revision, argv[0], argv[1]);
    return code;
}

static json_t *figures(const struct county *county)
{
    return json_pack("{s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "county", county->id, "name",
                     county->name, "revision", (json_int_t)county->revision, "towns", (int)county->town_count,
                     "communities", (int)county->community_count, "groups", (int)county->group_count, "members",
                     (int)county->member_count, "departments", (int)county->department_count, "categories",
                     (int)county->category_count, "rules", (int)county->rule_count, "keys", (int)county->key_count);
}

int county_list(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    (void)argv;
    struct counties *counties = counties_open(ctl);
    if (!counties)
        return FAILED;
    json_t *rows = json_array();
    for (size_t i = 0; i < counties_count(counties); i++)
        json_array_append_new(rows, figures(counties_at(counties, i)));
    json_t *report = json_pack("{s:o}", "counties", rows);
    report_print(report, ctl->json);
    json_decref(report);
    counties_destroy(&counties);
    return DONE;
}

int county_show(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    struct counties *counties = counties_open(ctl);
    if (!counties)
        return FAILED;
    const struct county *county = counties_find(counties, argv[0]);
    if (county) {
        json_t *report = figures(county);
        json_object_set_new(report, "language", json_string(county->language));
        json_object_set_new(report, "contact", json_string(county->contact));
        json_object_set_new(report, "threshold", json_real(county->threshold));
        json_object_set_new(report, "open311_tokens", json_boolean(county->open311_tokens));
        json_object_set_new(report, "work_hours",
                            json_sprintf("%02d:%02d-%02d:%02d", county->work_start / 60, county->work_start % 60,
                                         county->work_end / 60, county->work_end % 60));
        report_print(report, ctl->json);
        json_decref(report);
    }
    counties_destroy(&counties);
    return county ? DONE : fail("there is no county %s", argv[0]);
}
