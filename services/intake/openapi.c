/*
 * openapi.c - makes the description of the native API; see openapi.h.
 *
 * It follows from the tables of routes, permissions, fields, messages and answers. What a description of more words
 * would only say again is left to services/intake/README.md.
 */
#include "services/intake/openapi.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/text.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/openapi_answers.h"
#include "services/intake/page.h"
#include "services/intake/roles.h"

#include <ctype.h>
#include <string.h>

const enum field api_reserved[] = {F_SOURCE, F_VIA, F_EXPECTED, F_ROUND, F_SECONDARY, FIELD_COUNT};

/* What every operation may be told, and how an operation may be allowed. */
static const char common_parts[] =
    "{\"parameters\":"
    " {\"Accept-Language\": {\"name\": \"Accept-Language\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"zh or en: of titles and details of problems\"},"
    "  \"Idempotency-Key\": {\"name\": \"Idempotency-Key\", \"in\": \"header\","
    "   \"schema\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 128},"
    "   \"description\": \"the same key and body at the same address get the first answer\"},"
    "  \"If-Match\": {\"name\": \"If-Match\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"ETag of the order, which is its ver in quotes: done only while it is as it was seen\"},"
    "  \"If-None-Match\": {\"name\": \"If-None-Match\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"ETag of the order as it is known: 304 while it is still that\"}},"
    " \"securitySchemes\":"
    " {\"key\": {\"type\": \"http\", \"scheme\": \"bearer\", \"description\": \"an API key of the county\"},"
    "  \"apiKey\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-Api-Key\", \"description\": \"the same\"},"
    "  \"session\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"__Host-sidan\","
    "   \"description\": \"of who is signed in\"},"
    "  \"csrf\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-CSRF-Token\","
    "   \"description\": \"csrf of the session\"},"
    "  \"orderCode\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-Order-Code\","
    "   \"description\": \"six digits, by which the order's resident proves to be that; or ?code=\"}}}";

/* -- schemas ----------------------------------------------------------------------------------------------------- */

static json_t *reference(const char *path)
{
    return json_pack("{s:s}", "$ref", path);
}

static json_t *schema_reference(const char *name)
{
    AUTOFREE char *path = xasprintf("#/components/schemas/%s", name);
    return reference(path);
}

/* A field as JSON has it. */
static json_t *schema_of_field(enum field field)
{
    const struct field_info *info = field_info(field);
    if (info->type == FIELD_STR)
        return json_pack("{s:s, s:I, s:s}", "type", "string", "maxLength", (json_int_t)info->max, "description",
                         info->meaning);
    if (info->type == FIELD_INT && field_is_time(field))
        return json_pack("{s:s, s:s, s:s}", "type", "string", "format", "date-time", "description", info->meaning);
    return json_pack("{s:s, s:s}", "type", info->type == FIELD_REAL ? "number" : "integer", "description",
                     info->meaning);
}

static void add_field(json_t *properties, enum field field)
{
    json_object_set_new(properties, field_info(field)->name, schema_of_field(field));
}

/* What a word of struct answer stands for: fields that make up an order, those of a message, or one. */
static void add_fields(json_t *properties, const char *word)
{
    int type = message_by_name(word, strlen(word)), named = field_by_name(word, strlen(word));
    const struct message_info *message = type >= 0 ? message_info((enum message_type)type) : NULL;
    for (int i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;
        int flags = field_info(field)->flags;
        bool meant = message                  ? message_field(message, field) && !(flags & SEALED)
                     : strcmp(word, "*") == 0 ? !(flags & (PERSONAL | MARK))
                                              : i == named;
        if (meant)
            add_field(properties, field);
    }
}

/* A type as openapi_answers.h writes it. */
static json_t *schema_of_type(const char *type)
{
    AUTOFREE char *inner = xstrdup(type);
    size_t length = strlen(type);
    if (type[length - 1] == ']') {
        inner[length - strlen("[]")] = '\0';
        return json_pack("{s:s, s:o}", "type", "array", "items", schema_of_type(inner));
    }
    if (type[length - 1] == '?') {
        inner[length - 1] = '\0';
        return json_pack("{s:[s, s]}", "type", inner, "null");
    }
    if (isupper((unsigned char)*type))
        return schema_reference(type);
    if (strcmp(type, "time") == 0)
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    if (!strchr(type, '|'))
        return json_pack("{s:s}", "type", type);
    for (char *bar = inner; (bar = strchr(bar, '|'));)
        *bar = ' ';
    return json_pack("{s:s, s:o}", "type", "string", "enum", json_words(inner));
}

static void add_members(json_t *properties, const char *members)
{
    char member[64];
    while (words_next(&members, member, sizeof member)) {
        char *colon = strchr(member, ':');
        *colon = '\0';
        json_object_set_new(properties, member, schema_of_type(colon + 1));
    }
}

static json_t *schema_of_answer(const struct answer *answer)
{
    char word[40];
    const char *fields = answer->fields ? answer->fields : "", *required = answer->required ? answer->required : "";
    json_t *properties = json_object();
    if (answer->rows) {
        json_object_set_new(properties, "rows",
                            json_pack("{s:s, s:o}", "type", "array", "items", schema_reference(answer->rows)));
        fields = "total next";
        required = "total rows";
    }
    while (words_next(&fields, word, sizeof word))
        add_fields(properties, word);
    add_members(properties, answer->members ? answer->members : "");
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", answer->meaning, "required",
                     json_words(required), "properties", properties);
}

static bool is_reserved(const struct api_about *about, enum field field)
{
    const enum field *reserved = about->reserved ? about->reserved : api_reserved;
    while (*reserved != FIELD_COUNT && *reserved != field)
        reserved++;
    return *reserved == field;
}

/* Who acts, and for whom, need not be said: it is the caller. */
static bool is_required(const struct message_field *field)
{
    return field->required && field->field != F_ACTOR && field->field != F_MEMBER && field->field != F_WHO;
}

static json_t *schema_of_body(const struct api_about *about)
{
    json_t *properties = json_object(), *required = json_array();
    const struct message_info *message = about->body == API_MESSAGE ? message_info(about->takes) : NULL;
    for (size_t i = 0; message && i < message->field_count; i++) {
        enum field field = message->fields[i].field;
        if (is_reserved(about, field))
            continue;
        add_field(properties, field);
        if (is_required(&message->fields[i]))
            json_array_append_new(required, json_string(field_info(field)->name));
    }
    for (const enum field *field = about->fields; field && *field != FIELD_COUNT; field++) {
        add_field(properties, *field);
        json_array_append_new(required, json_string(field_info(*field)->name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "required", required, "properties", properties,
                     "additionalProperties", about->body == API_FIELDS);
}

/* -- what is asked ----------------------------------------------------------------------------------------------- */

/* Those that are not the county's, or an order's, are everybody's. */
static bool is_of_county(const struct http_route *route)
{
    return route->permission != PERMIT_ANYBODY && !permission_is_of_order((enum permission)route->permission);
}

static json_t *parameter(const char *name, const char *in, bool required, const char *meaning, json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "in", in, "required", required, "description", meaning,
                     "schema", schema);
}

static json_t *query_parameter(const struct api_param *param)
{
    json_t *schema = schema_of_field(param->field);
    json_object_del(schema, "description");
    if (param->max > 0)
        json_object_update_new(
            schema, json_pack("{s:I, s:I}", "minimum", (json_int_t)param->min, "maximum", (json_int_t)param->max));
    const char *meaning = param->meaning ? param->meaning : field_info(param->field)->meaning;
    return parameter(param->name, "query", param->required, meaning, schema);
}

/* Each {name} of a path. */
static void add_path_parameters(const char *path, json_t *parameters)
{
    for (const char *brace = strchr(path, '{'); brace; brace = strchr(brace + 1, '{')) {
        AUTOFREE char *name = xstrndup(brace + 1, strcspn(brace + 1, "}"));
        const char *meaning = strcmp(name, "id") == 0       ? field_info(F_ORDER)->meaning
                              : strcmp(name, "token") == 0  ? "the end of the link in the SMS that tells an answer"
                              : strcmp(name, "county") == 0 ? field_info(F_COUNTY)->meaning
                              : strcmp(name, "class") == 0  ? field_info(F_CLASS)->meaning
                              : strcmp(name, "file") == 0   ? "the id of an attachment"
                              : strcmp(name, "table") == 0  ? "members, settings, ...: see the list of tables"
                                                            : field_info(F_ERROR)->meaning;
        json_array_append_new(parameters, parameter(name, "path", true, meaning, json_pack("{s:s}", "type", "string")));
    }
}

static json_t *parameters_of(const struct http_route *route)
{
    static const struct api_param county = {.name = "county", .field = F_COUNTY};
    const struct api_about *about = route->about;
    json_t *parameters = json_array();
    add_path_parameters(route->path, parameters);
    if (is_of_county(route))
        json_array_append_new(parameters, query_parameter(&county));
    for (const struct api_param *param = about->query; param && param->name; param++)
        json_array_append_new(parameters, query_parameter(param));
    if (about->body == API_MESSAGE)
        json_array_append_new(parameters, reference("#/components/parameters/Idempotency-Key"));
    if (about->body == API_FILE)
        json_array_append_new(parameters, parameter("X-File-Name", "header", false, "name of the file, percent-encoded",
                                                    json_pack("{s:s}", "type", "string")));
    if (about->step)
        json_array_append_new(parameters, reference("#/components/parameters/If-Match"));
    if (about->etag)
        json_array_append_new(parameters, reference("#/components/parameters/If-None-Match"));
    json_array_append_new(parameters, reference("#/components/parameters/Accept-Language"));
    return parameters;
}

static json_t *body_of(const struct api_about *about)
{
    if (about->body == API_FILE)
        return json_pack("{s:b, s:{s:{}}}", "required", 1, "content", "*/*");
    if (about->body == API_CSV)
        return json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content", "text/csv", "schema", "type", "string");
    return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema",
                     schema_of_body(about));
}

/* Any one of these ways is enough. A change by a session needs its token as well. */
static json_t *security_of(const struct http_route *route)
{
    enum permission permission = (enum permission)route->permission;
    bool changes = strcmp(route->method, "GET") != 0;
    json_t *ways = json_array();
    if (permission == PERMIT_ANYBODY || permission == PERMIT_LINK) /* its token is in the address */
        return ways;
    if (permission != PERMIT_SIGNED_IN) {
        json_array_append_new(ways, json_pack("{s:[]}", "key"));
        json_array_append_new(ways, json_pack("{s:[]}", "apiKey"));
    }
    json_array_append_new(ways,
                          changes ? json_pack("{s:[], s:[]}", "session", "csrf") : json_pack("{s:[]}", "session"));
    if (permission_of_resident(permission))
        json_array_append_new(ways, json_pack("{s:[]}", "orderCode"));
    return ways;
}

/* -- what is answered -------------------------------------------------------------------------------------------- */

static const int problem_statuses[] = {400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 429, 500, 503};

static bool may_answer(const struct http_route *route, int status)
{
    const struct api_about *about = route->about;
    bool everybody = route->permission == PERMIT_ANYBODY;
    switch (status) {
    case 401:
        return !everybody && route->permission != PERMIT_LINK;
    case 410:
        return route->permission == PERMIT_LINK;
    case 403: /* signing in: a wrong code, another site's page */
        return !everybody || about->body == API_FIELDS;
    case 409:
        return about->body == API_MESSAGE || route->permission == PERMIT_MEETING_LEAD; /* its code has its time */
    case 412:
        return about->step || route->permission == PERMIT_COUNTY_TABLES;
    case 500:
        return route->permission == PERMIT_ORDER_CONTACT;
    default:
        return true;
    }
}

/* A header that always comes. */
static json_t *header_of(const char *name)
{
    return json_pack("{s:{s:b, s:{s:s}}}", name, "required", 1, "schema", "type", "string");
}

/* A problem of some status: which words mean it. */
static json_t *problem_response(int status)
{
    AUTOFREE char *words = xstrdup("");
    const char *word;
    for (size_t i = 0; (word = intake_word(i)); i++) {
        if (intake_status_of(word) != status)
            continue;
        char *longer = xasprintf("%s%s%s", words, *words ? ", " : "", word);
        free(words);
        words = longer;
    }
    json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", words, "content", "application/problem+json",
                                 "schema", schema_reference("Problem"));
    const char *header = status == 401 ? "WWW-Authenticate" : status == 503 ? "Retry-After" : NULL;
    if (header)
        json_object_set_new(response, "headers", header_of(header));
    return response;
}

static json_t *success_of(const struct api_about *about)
{
    bool is_type = strchr(about->answer, '/');
    json_t *schema = is_type ? json_pack("{s:s}", "type", "string") : schema_reference(about->answer);
    json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", about->summary, "content",
                                 is_type ? about->answer : "application/json", "schema", schema);
    const char *header = about->etag ? "ETag" : about->status == 201 ? "Location" : NULL;
    if (header)
        json_object_set_new(response, "headers", header_of(header));
    return response;
}

static json_t *responses_of(const struct http_route *route)
{
    const struct api_about *about = route->about;
    char status[12];
    json_t *responses = json_object();
    snprintf(status, sizeof status, "%d", about->status ? about->status : 200);
    json_object_set_new(responses, status, success_of(about));
    if (about->etag)
        json_object_set_new(
            responses, "304",
            json_pack("{s:s, s:o}", "description", "It is as it is known", "headers", header_of("ETag")));
    for (size_t i = 0; i < sizeof problem_statuses / sizeof *problem_statuses; i++) {
        if (!may_answer(route, problem_statuses[i]))
            continue;
        AUTOFREE char *path = xasprintf("#/components/responses/%d", problem_statuses[i]);
        snprintf(status, sizeof status, "%d", problem_statuses[i]);
        json_object_set_new(responses, status, reference(path));
    }
    return responses;
}

/* -- the whole --------------------------------------------------------------------------------------------------- */

/* "post_orders_id_claim" */
static json_t *operation_id(const struct http_route *route)
{
    static const char prefix[] = "/api/v1";
    const char *path =
        strncmp(route->path, prefix, sizeof prefix - 1) == 0 ? route->path + sizeof prefix - 1 : route->path;
    AUTOFREE char *id = xasprintf("%s%s", route->method, path);
    char *end = id;
    for (const char *c = id; *c; c++) {
        if (isalnum((unsigned char)*c))
            *end++ = (char)tolower((unsigned char)*c);
        else if (*c != '{' && *c != '}')
            *end++ = '_';
    }
    *end = '\0';
    return json_string(id);
}

static json_t *operation_of(const struct http_route *route)
{
    const struct api_about *about = route->about;
    enum permission permission = (enum permission)route->permission;
    AUTOFREE char *granted = permission_granted_to(permission);
    AUTOFREE char *who = xasprintf(*granted ? "Granted to: %s" : "For everybody%s", granted);
    json_t *operation = json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "operationId", operation_id(route),
                                  "summary", about->summary, "x-summary-zh", about->chinese, "description", who,
                                  "x-permission", permission_name(permission), "parameters", parameters_of(route),
                                  "security", security_of(route), "responses", responses_of(route));
    if (about->body != API_NONE)
        json_object_set_new(operation, "requestBody", body_of(about));
    return operation;
}

static bool says_enough(const struct http_route *route)
{
    const struct api_about *about = route->about;
    if (about && about->summary && about->chinese && about->answer)
        return true;
    log_error("%s %s says too little about itself", route->method, route->path);
    return false;
}

static json_t *components(void)
{
    json_t *parts = json_loads(common_parts, 0, NULL), *schemas = json_object(), *responses = json_object();
    for (size_t i = 0; i < answer_count; i++)
        json_object_set_new(schemas, answers[i].name, schema_of_answer(&answers[i]));
    for (size_t i = 0; i < sizeof problem_statuses / sizeof *problem_statuses; i++) {
        AUTOFREE char *status = xasprintf("%d", problem_statuses[i]);
        json_object_set_new(responses, status, problem_response(problem_statuses[i]));
    }
    json_object_set_new(parts, "schemas", schemas);
    json_object_set_new(parts, "responses", responses);
    return parts;
}

json_t *openapi_make(const struct http_route *routes, size_t count)
{
    json_t *paths = json_object();
    bool complete = true;
    for (size_t i = 0; i < count; i++) {
        const struct http_route *route = &routes[i];
        if (route->permission == PERMIT_GATEWAY || route->permission == PERMIT_OF_RESOURCE || /* other doors */
            page_is_at(route->path))
            continue;
        if (!says_enough(route)) {
            complete = false;
            continue;
        }
        if (!json_object_get(paths, route->path))
            json_object_set_new(paths, route->path, json_object());
        AUTOFREE char *method = xstrdup(route->method);
        for (char *c = method; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        json_object_set_new(json_object_get(paths, route->path), method, operation_of(route));
    }
    json_t *document = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0", "info", "title",
                                 "sidan 四单", "version", "1", "description", "The native JSON API of intake.",
                                 "servers", "url", "/", "paths", paths, "components", components());
    if (complete)
        return document;
    json_decref(document);
    return NULL;
}

static void get_document(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    http_answer(request, 200, "application/json; charset=utf-8", intake->document, strlen(intake->document));
}

const struct http_route openapi_routes[] = {
    {.method = "GET",
     .path = "/api/v1/openapi.json",
     .handle = get_document,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "This description", .chinese = "本接口的说明", .answer = "Document")},
};
const size_t openapi_route_count = sizeof openapi_routes / sizeof *openapi_routes;
