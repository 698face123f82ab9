/*
 * param.c - bounded parameters from file, environment and command line; see param.h.
 */
#include "common/param.h"

#include "common/alloc.h"
#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE_SIZE = 80 };

struct setting {
    const struct param *param;
    char *text; /* NULL until set */
    int64_t integer;
};

struct params {
    struct setting *settings;
    size_t count;
};

struct params *params_new(const struct param *const tables[], const size_t counts[], size_t table_count)
{
    struct params *params = xcalloc(1, sizeof *params);
    for (size_t t = 0; t < table_count; t++) {
        params->settings = xrealloc(params->settings, (params->count + counts[t] + 1) * sizeof *params->settings);
        for (size_t i = 0; i < counts[t]; i++)
            params->settings[params->count++] = (struct setting){.param = &tables[t][i]};
    }
    return params;
}

void params_destroy(struct params **params)
{
    if (!*params)
        return;
    for (size_t i = 0; i < (*params)->count; i++)
        free((*params)->settings[i].text);
    free((*params)->settings);
    free(*params);
    *params = NULL;
}

static struct setting *find(const struct params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->settings[i].param->name, name) == 0)
            return &params->settings[i];
    return NULL;
}

/* where: "sidan.conf:3", "the environment", "the command line", "the default". */
static int set(struct setting *setting, const char *value, const char *where, FILE *errors)
{
    const struct param *param = setting->param;
    if (param->type == PARAM_INT && parse_int(value, param->min, param->max, &setting->integer) < 0) {
        fprintf(errors, "%s: %s = \"%s\" is not a whole number from %" PRId64 " to %" PRId64 "%s%s\n", where,
                param->name, value, param->min, param->max, *param->unit ? " " : "", param->unit);
        return -EINVAL;
    }
    if (param->type != PARAM_INT && ((int64_t)strlen(value) < param->min || (int64_t)strlen(value) > param->max)) {
        const char *shown = param->type == PARAM_SECRET ? "..." : value;
        fprintf(errors, "%s: %s = \"%s\" must be %" PRId64 " to %" PRId64 " bytes long\n", where, param->name, shown,
                param->min, param->max);
        return -EINVAL;
    }
    free(setting->text);
    setting->text = xstrdup(value);
    return 0;
}

static int set_named(struct params *params, const char *name, const char *value, const char *where, FILE *errors)
{
    struct setting *setting = find(params, name);
    if (!setting) {
        fprintf(errors, "%s: there is no parameter \"%s\"; --help lists them\n", where, name);
        return -EINVAL;
    }
    return set(setting, value, where, errors);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

/* Takes "name = value" apart; false when there is no "=". */
static bool split(char *line, char **name, char **value)
{
    char *equals = strchr(line, '=');
    if (!equals)
        return false;
    *equals = '\0';
    *name = trim(line);
    *value = trim(equals + 1);
    return true;
}

static int load_file(struct params *params, const char *path, FILE *errors)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
        return -EINVAL;
    }
    int result = 0;
    AUTOFREE char *line = NULL;
    size_t room = 0;
    for (int number = 1; getline(&line, &room, file) >= 0; number++) {
        char *text = trim(line), *name, *value;
        if (*text == '\0' || *text == '#')
            continue;
        AUTOFREE char *where = xasprintf("%s:%d", path, number);
        if (!split(text, &name, &value)) {
            fprintf(errors, "%s: expected a line of the form name = value\n", where);
            result = -EINVAL;
        } else if (set_named(params, name, value, where, errors) < 0) {
            result = -EINVAL;
        }
    }
    fclose(file);
    return result;
}

/* The variable in which the environment may give a parameter. */
static void variable_of(const char *name, char variable[VARIABLE_SIZE])
{
    size_t length = (size_t)snprintf(variable, VARIABLE_SIZE, "SIDAN_");
    for (; *name && length < VARIABLE_SIZE - 1; name++)
        variable[length++] = (char)toupper((unsigned char)*name);
    variable[length] = '\0';
}

static const char *from_environment(const char *name)
{
    char variable[VARIABLE_SIZE];
    variable_of(name, variable);
    return getenv(variable);
}

/* One that is no secret: others can read the arguments of every process. */
static int set_argument(struct params *params, const char *name, const char *value, FILE *errors)
{
    const struct setting *setting = find(params, name);
    if (!setting || setting->param->type != PARAM_SECRET)
        return set_named(params, name, value, "the command line", errors);
    char variable[VARIABLE_SIZE];
    variable_of(name, variable);
    fprintf(errors, "the command line: everybody on this host could read %s there; give it as %s or in a file\n", name,
            variable);
    return -EINVAL;
}

int params_load(struct params *params, const char *file, int argc, char *const argv[], FILE *errors)
{
    int result = 0;
    for (size_t i = 0; i < params->count; i++)
        if (params->settings[i].param->initial &&
            set(&params->settings[i], params->settings[i].param->initial, "the default", errors) < 0)
            result = -EINVAL;
    if (file && load_file(params, file, errors) < 0)
        result = -EINVAL;
    for (size_t i = 0; i < params->count; i++) {
        const char *value = from_environment(params->settings[i].param->name);
        if (value && set(&params->settings[i], value, "the environment", errors) < 0)
            result = -EINVAL;
    }
    for (int i = 1; i < argc; i++) {
        AUTOFREE char *argument = xstrdup(argv[i]);
        char *name, *value;
        if (!split(argument, &name, &value)) {
            fprintf(errors, "the command line: \"%s\" is not of the form name=value\n", argv[i]);
            result = -EINVAL;
        } else if (set_argument(params, name, value, errors) < 0) {
            result = -EINVAL;
        }
    }
    for (size_t i = 0; i < params->count; i++)
        if (!params->settings[i].text) {
            fprintf(errors, "the parameter %s must be given: %s\n", params->settings[i].param->name,
                    params->settings[i].param->meaning);
            result = -EINVAL;
        }
    return result;
}

static const struct setting *known(const struct params *params, const char *name, bool integer)
{
    const struct setting *setting = find(params, name);
    if (!setting || (setting->param->type == PARAM_INT) != integer) {
        fprintf(stderr, "no parameter %s of this type is declared\n", name);
        abort();
    }
    return setting;
}

int64_t param_int(const struct params *params, const char *name)
{
    return known(params, name, true)->integer;
}

const char *param_str(const struct params *params, const char *name)
{
    return known(params, name, false)->text;
}

void params_print(const struct params *params, FILE *out)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct param *param = params->settings[i].param;
        fprintf(out, "  %s = %s\n      %s", param->name, param->initial ? param->initial : "(must be given)",
                param->meaning);
        if (param->type == PARAM_INT)
            fprintf(out, " (%" PRId64 " to %" PRId64 "%s%s)\n", param->min, param->max, *param->unit ? " " : "",
                    param->unit);
        else
            fprintf(out, " (%" PRId64 " to %" PRId64 " bytes)\n", param->min, param->max);
    }
}
