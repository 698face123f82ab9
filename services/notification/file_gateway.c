/*
 * file_gateway.c - SMS through any gateway that takes one HTTP request for each: its file says which.
 *
 * {name} in url, headers and body stands for a value of the SMS or of "values" in the file, which is where credentials
 * go. A value is escaped for the place where it stands, so that no text can break out of it: percent-encoded in the URL
 * and in a form, as JSON or XML requires in these, without control characters in a header. What an answer means say
 * rules, of which the first that fits counts; where none fits the SMS is unknown. See deploy/gateways/http.json.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef char *escape_fn(const char *value);

/* -- escaping: each gives memory of its own ----------------------------------------------------------------------- */

static char *escape_json(const char *value)
{
    json_t *string = json_string(value);
    AUTOFREE char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : xstrdup("\"\"");
    json_decref(string);
    return xstrndup(quoted + 1, strlen(quoted) - 2);
}

static char *escape_xml(const char *value)
{
    char *escaped = xmalloc(6 * strlen(value) + 1), *to = escaped;
    for (; *value; value++)
        if (strchr("<>&\"'", *value))
            to += sprintf(to, "&#%d;", *value);
        else
            *to++ = *value;
    *to = '\0';
    return escaped;
}

static const struct {
    const char *type;
    escape_fn *escape;
} types[] = {{"application/json", escape_json},
             {"application/x-www-form-urlencoded", percent_encode},
             {"application/xml", escape_xml},
             {"text/xml", escape_xml},
             {"text/plain", xstrdup}};

/* By the file's Content-Type; NULL for one in which nobody here knows how to write. */
static escape_fn *escape_of_body(const json_t *settings)
{
    const char *name, *type = "";
    json_t *value;
    json_object_foreach(json_object_get(settings, "headers"), name, value)
    {
        if (strcasecmp(name, "Content-Type") == 0 && json_is_string(value))
            type = json_string_value(value);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncasecmp(type, types[i].type, strcspn(type, ";")) == 0 && strlen(types[i].type) == strcspn(type, ";"))
            return types[i].escape;
    return *type ? NULL : xstrdup;
}

/* -- placeholders ------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"phone", "text", "content", "sign", "id", "code", "parameters", "list"};
enum { NAMES = sizeof names / sizeof *names };

/* What they stand for in one posting; the caller frees each. */
static void values_of(const struct posting *posting, char *values[NAMES])
{
    json_t *list = values_in_order(posting);
    values[0] = xstrdup(posting->sms->phone);
    values[1] = text_signed(posting);
    values[2] = xstrdup(text_unsigned(posting->sms->text));
    values[3] = xstrdup(posting->sign);
    values[4] = xstrdup(posting->sms->id);
    values[5] = xstrdup(posting->code);
    values[6] = json_dumps(posting->parameters, JSON_COMPACT);
    values[7] = json_dumps(list, JSON_COMPACT);
    json_decref(list);
}

/* The value of the placeholder that begins here, and how long that is; NULL where none does. */
static const char *placeholder(const json_t *settings, char *const *values, const char *text, size_t *ret_size)
{
    size_t size = *text == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
    if (size == 0 || text[1 + size] != '}')
        return NULL;
    AUTOFREE char *name = xstrndup(text + 1, size);
    *ret_size = size + 2;
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return setting(json_object_get(settings, "values"), name);
}

static char *fill_in(const json_t *settings, char *const *values, const char *text, escape_fn *escape)
{
    char *filled = NULL;
    size_t size = 0, step;
    for (; *text; text += step) {
        const char *value = placeholder(settings, values, text, &step);
        AUTOFREE char *piece = value ? escape(value) : xstrndup(text, step = 1);
        filled = xrealloc(filled, size + strlen(piece) + 1);
        memcpy(filled + size, piece, strlen(piece) + 1);
        size += strlen(piece);
    }
    return filled ? filled : xstrdup("");
}

static void file_ask(const struct posting *posting, struct request *request)
{
    const json_t *settings = posting->settings;
    const char *method = setting(settings, "method"), *name;
    char *values[NAMES];
    json_t *header;
    values_of(posting, values);
    request->method = *method ? method : "POST";
    request->url = fill_in(settings, values, setting(settings, "url"), percent_encode);
    request->body = fill_in(settings, values, setting(settings, "body"), escape_of_body(settings));
    json_object_foreach(json_object_get(settings, "headers"), name, header)
    {
        AUTOFREE char *value = fill_in(settings, values, json_string_value(header), xstrdup);
        request_header(request, name, value);
    }
    for (size_t i = 0; i < NAMES; i++)
        free(values[i]);
}

/* -- answers ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum sms_result result;
} results[] = {{"accepted", RESULT_ACCEPTED}, {"permanent", RESULT_REFUSED}, {"retry", RESULT_LATER},
               {"defer", RESULT_DEFERRED},    {"stop", RESULT_STOPPED},      {"unknown", RESULT_UNKNOWN}};

static int find_result(const char *name)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (strcmp(results[i].name, name) == 0)
            return (int)i;
    return -ENOENT;
}

/* What stands at a path such as /data/0/code, as text; "" when nothing does. The caller frees it. */
static char *value_at(const json_t *json, const char *path)
{
    while (*path == '/') {
        size_t size = strcspn(++path, "/");
        AUTOFREE char *step = xstrndup(path, size);
        json = json_is_array(json) ? json_array_get(json, strtoul(step, NULL, 10)) : json_object_get(json, step);
        path += size;
    }
    if (json_is_string(json))
        return xstrdup(json_string_value(json));
    char *text = json_is_number(json) || json_is_boolean(json) ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    return text ? text : xstrdup("");
}

static bool rule_fits(const json_t *rule, long status, const char *body, const json_t *json)
{
    const json_t *wanted = json_object_get(rule, "status");
    const char *begins = setting(rule, "begins"), *at = setting(rule, "at");
    AUTOFREE char *value = value_at(json, at);
    return (!wanted || json_integer_value(wanted) == status) && strncmp(body, begins, strlen(begins)) == 0 &&
           (!*at || (*value && words_have(setting(rule, "is"), value)));
}

static void file_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    json_t *json = json_loads(body, 0, NULL), *rule;
    size_t index;
    json_array_foreach(json_object_get(settings, "answers"), index, rule)
    {
        if (!rule_fits(rule, status, body, json))
            continue;
        enum sms_result result = results[find_result(setting(rule, "result"))].result;
        snprintf(answer->detail, sizeof answer->detail, "by rule %zu of its file, HTTP %ld", index + 1, status);
        answer->result = result;
        if (result == RESULT_ACCEPTED)
            answer->detail[0] = '\0';
        break;
    }
    json_decref(json);
}

/* -- the file ------------------------------------------------------------------------------------------------------ */

static bool fault(char **ret_fault, const char *text)
{
    *ret_fault = xstrdup(text);
    return false;
}

/* Whether each {name} in a text is one that there is. */
static bool knows_names(const json_t *settings, const char *text, char **ret_fault)
{
    for (; (text = strchr(text, '{')); text++) {
        size_t size = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_");
        AUTOFREE char *name = xstrndup(text + 1, size);
        bool known = size == 0 || text[1 + size] != '}' || json_object_get(json_object_get(settings, "values"), name);
        for (size_t i = 0; i < NAMES && !known; i++)
            known = strcmp(names[i], name) == 0;
        if (!known) {
            *ret_fault = xasprintf("{%s} is neither a value of the SMS nor one of \"values\"", name);
            return false;
        }
    }
    return true;
}

/* A placeholder outside of a string would not be escaped by what JSON's strings require. */
static bool body_holds(const json_t *settings, char **ret_fault)
{
    char sample[] = "\"sample\"", *values[NAMES];
    for (size_t i = 0; i < NAMES; i++)
        values[i] = sample;
    if (escape_of_body(settings) != escape_json)
        return true;
    AUTOFREE char *body = fill_in(settings, values, setting(settings, "body"), escape_json);
    json_t *json = json_loads(body, 0, NULL);
    bool good = json != NULL;
    json_decref(json);
    return good || fault(ret_fault, "\"body\" is no JSON: a {name} must stand inside a string");
}

static bool check_rules(const json_t *settings, char **ret_fault)
{
    bool accepts = false;
    size_t index;
    json_t *rule;
    json_array_foreach(json_object_get(settings, "answers"), index, rule)
    {
        int result = find_result(setting(rule, "result"));
        if (result < 0)
            return fault(ret_fault, "\"result\" in \"answers\" is accepted, permanent, retry, defer, stop or unknown");
        if (!json_object_get(rule, "status") && !*setting(rule, "begins") && !*setting(rule, "at"))
            return fault(ret_fault, "a rule in \"answers\" has none of status, begins and at: it would fit any answer");
        accepts |= results[result].result == RESULT_ACCEPTED;
    }
    return accepts || fault(ret_fault, "no rule in \"answers\" has the result accepted");
}

static bool file_check(const json_t *settings, char **ret_fault)
{
    const json_t *headers = json_object_get(settings, "headers");
    const char *method = setting(settings, "method"), *name;
    json_t *value;
    if (*method && strcmp(method, "POST") != 0 && strcmp(method, "GET") != 0)
        return fault(ret_fault, "\"method\" is neither POST nor GET");
    if (!escape_of_body(settings))
        return fault(ret_fault, "Content-Type is none of application/json, application/x-www-form-urlencoded, "
                                "application/xml, text/xml, text/plain");
    if (json_object_size(headers) > HEADERS_MAX)
        return fault(ret_fault, "there are more than 16 headers");
    json_object_foreach((json_t *)(uintptr_t)headers, name, value)
    {
        if (!json_is_string(value))
            return fault(ret_fault, "a header is no text");
        if (!knows_names(settings, json_string_value(value), ret_fault))
            return false;
    }
    return knows_names(settings, setting(settings, "url"), ret_fault) &&
           knows_names(settings, setting(settings, "body"), ret_fault) && body_holds(settings, ret_fault) &&
           check_rules(settings, ret_fault);
}

const struct contract file_contract = {.name = "http",
                                       .required = "url",
                                       .optional = "method body",
                                       .check = file_check,
                                       .ask = file_ask,
                                       .understand = file_understand};
