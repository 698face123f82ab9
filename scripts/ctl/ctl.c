/*
 * ctl.c - arguments of sidanctl, and how it speaks to Redis.
 *
 * Options may stand anywhere. What is wrong is said in one line on stderr:
 * exit code 2 when the command was not understood, 1 when it could not be
 * done.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/text.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

static void complain(const char *format, va_list arguments)
{
    fputs("sidanctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return FAILED;
}

int misused(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return USAGE;
}

bool ask(struct ctl *ctl)
{
    if (store_run(ctl->store) < 0) {
        fail("Redis: %s", store_error(ctl->store));
        return false;
    }
    for (size_t i = 0; i < store_reply_count(ctl->store); i++) {
        const redisReply *reply = store_reply(ctl->store, i);
        if (reply->type == REDIS_REPLY_ERROR) {
            fail("Redis: %s", reply->str);
            return false;
        }
    }
    return true;
}

json_t *county_ids(struct ctl *ctl, const char *only)
{
    store_appendf(ctl->store, "SORT %s ALPHA", COUNTIES_KEY);
    if (!ask(ctl))
        return NULL;
    const redisReply *reply = store_reply(ctl->store, 0);
    json_t *ids = json_array();
    for (size_t i = 0; i < reply->elements; i++)
        if (!only || strcmp(reply->element[i]->str, only) == 0)
            json_array_append_new(ids, json_string(reply->element[i]->str));
    if (only && json_array_size(ids) == 0) {
        fail("there is no county %s", only);
        json_decref(ids);
        return NULL;
    }
    return ids;
}

json_t *json_time(int64_t ms)
{
    char text[TIME_SIZE];
    time_format(text, ms);
    return json_string(text);
}

json_t *json_text(const char *text, size_t size)
{
    json_t *string = json_stringn(text, size);
    return string ? string : json_sprintf("(%zu bytes that are not UTF-8)", size);
}

json_t *json_field(const struct record *record, enum field field)
{
    const struct field_info *info = field_info(field);
    if (info->flags & PERSONAL)
        return json_string("(personal)");
    switch (info->type) {
    case FIELD_STR:
        return json_text(record_str(record, field), record_len(record, field));
    case FIELD_INT:
        return field_is_time(field) && record_int(record, field) > 0 ? json_time(record_int(record, field))
                                                                     : json_integer(record_int(record, field));
    case FIELD_REAL:
        return json_real(record_real(record, field));
    case FIELD_ROWS:
        return json_sprintf("(%zu rows)", record_rows(record, field));
    }
    abort();
}

static void print_help(const struct command *commands, size_t count)
{
    puts("usage: sidanctl [--redis URL] [--keys DIR] COMMAND\n");
    for (size_t i = 0; i < count; i++) {
        const struct command *c = &commands[i];
        AUTOFREE char *line = xasprintf(
            "%s%s%s%s%s%s%s%s", c->name, c->arguments[0] ? " " : "", c->arguments,
            c->options & OPTION_ID ? " [--id ID]" : "", c->options & OPTION_CALENDAR ? " [--calendar DIR]" : "",
            c->options & OPTION_REPLACE ? " [--replace]" : "", c->options & OPTION_REASON ? " --reason TEXT" : "",
            c->options & OPTION_JSON ? " [--json]" : "");
        printf("  %-54s %s\n", line, c->meaning);
    }
    puts("\n  --redis URL    redis://HOST:PORT[/DB], unix:/PATH or sentinel://HOST:PORT[,HOST:PORT...]/NAME[/DB];\n"
         "                 else SIDAN_REDIS, else redis://127.0.0.1:6379. User, password and number of replicas come\n"
         "                 from SIDAN_REDIS_USER, SIDAN_REDIS_PASSWORD_FILE and the others that the services have\n"
         "  --keys DIR     the services' keys, to ask one of them; else SIDAN_KEYS\n"
         "  --id ID        the county's id; else the name of the directory\n"
         "  --calendar DIR the national holidays, a file for each year; else SIDAN_CALENDAR, else the directory "
         "calendar\n"
         "                 beside that in which the county's directory lies\n"
         "  --replace      also what the county's office has changed on its pages since the files were applied\n"
         "  --reason TEXT  is kept along with what was decided\n"
         "  --json         for programs\n"
         "\nexit code: 0 done, 1 could not be done, 2 not understood");
}

/* How many words the command's name has, if these words begin with it, else 0. */
static size_t match(const char *name, size_t argc, char *const argv[])
{
    size_t words = words_count(name);
    char word[16];
    for (size_t i = 0; i < words; i++)
        if (!words_next(&name, word, sizeof word) || i >= argc || strcmp(word, argv[i]) != 0)
            return 0;
    return words;
}

static int run(const struct command *command, struct ctl *ctl, const char *redis, int given, size_t argc,
               char *const argv[])
{
    if (argc < command->min || argc > command->max)
        return misused("usage: sidanctl %s %s", command->name, command->arguments);
    if (given & ~command->options)
        return misused("%s does not take that option; see sidanctl --help", command->name);
    if (command->options & OPTION_REASON && (!ctl->reason || ctl->reason[0] == '\0'))
        return misused("%s needs --reason TEXT", command->name);
    const struct param *const tables[] = {redis_params};
    const size_t counts[] = {REDIS_PARAM_COUNT};
    int code = USAGE;
    struct params *params = params_new(tables, counts, 1);
    if (params_load(params, NULL, 0, NULL, stderr) == 0) {
        char error[DIAL_ERROR_SIZE];
        struct redis_access access = redis_access_of(params);
        if (redis)
            access.url = redis;
        ctl->store = store_new(&access, error);
        code = ctl->store ? command->run(ctl, argc, argv) : misused("redis: %s", error);
        store_destroy(&ctl->store);
    }
    params_destroy(&params);
    return code;
}

int ctl_main(int argc, char **argv, const struct command *commands, size_t count)
{
    static const struct option options[] = {
        {"redis", required_argument, NULL, 'r'},
        {"keys", required_argument, NULL, 'k'},
        {"id", required_argument, NULL, 'i'},
        {"reason", required_argument, NULL, 'w'},
        {"calendar", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"replace", no_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct ctl ctl = {.keys = getenv("SIDAN_KEYS"), .calendar = getenv("SIDAN_CALENDAR")};
    const char *redis = NULL;
    int given = 0, option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'r':
            redis = optarg;
            break;
        case 'k':
            ctl.keys = optarg;
            break;
        case 'i':
            ctl.id = optarg;
            given |= OPTION_ID;
            break;
        case 'w':
            ctl.reason = optarg;
            given |= OPTION_REASON;
            break;
        case 'c':
            ctl.calendar = optarg;
            given |= OPTION_CALENDAR;
            break;
        case 'j':
            ctl.json = true;
            given |= OPTION_JSON;
            break;
        case 'o':
            ctl.replace = true;
            given |= OPTION_REPLACE;
            break;
        case 'h':
            print_help(commands, count);
            return DONE;
        default:
            return USAGE;
        }
    }
    size_t left = (size_t)(argc - optind);
    for (size_t i = 0; i < count; i++) {
        size_t words = match(commands[i].name, left, argv + optind);
        if (words > 0)
            return run(&commands[i], &ctl, redis, given, left - words, argv + optind + words);
    }
    return misused(left ? "there is no such command; see sidanctl --help" : "which command? see sidanctl --help");
}
