/*
 * open311_format.c - rows of Open311 from orders, steps and categories, and
 * their two spellings.
 *
 * A table of columns says for each kind of row which values there are, in
 * which order, and where they come from. Free text is redacted here, on its
 * way out, so that no door can forget it. Nothing here fails but for want of
 * memory.
 */
#include "services/intake/open311_format.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/order.h"
#include "common/text.h"
#include "services/intake/redact.h"

#include <libxml/xmlwriter.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* How a state of an order is told: a status of the updates extension, and a sentence. */
static const struct telling {
    const char *state, *status, *sentence;
} tellings[] = {
    {STATE_PLACED, "open", "群众已点单，等待定单。"},
    {STATE_SCREENING, "for_triage", "召集人正在定单。"},
    {STATE_RETURNED, "not_councils_responsibility", "已退单。"},
    {STATE_WITHDRAWN, "closed", "反映人已撤回。"},
    {STATE_OPEN, "open", "已分单，等待委员接单。"},
    {STATE_ASSIGNED, "investigating", "委员已接单。"},
    {STATE_MERGED, "in_progress", "与别的居民反映的是同一件事，合并办理。"},
    {STATE_CONSULTING, "in_progress", "委员正与承办部门协商解单。"},
    {STATE_ANSWERED, "in_progress", "已答复，等待回访。"},
    {STATE_EVALUATED, "in_progress", "群众已评价，等待归单。"},
    {STATE_CLOSED, "closed", "已归单。"},
};

/* How an answer is told, by its outcome. "fixed" is the members' word; the resident has yet to be asked. */
static const struct {
    const char *outcome, *status;
} outcomes[] = {{"solved", "fixed"},
                {"explained", "no_further_action"},
                {"supervision", "internal_referral"},
                {"learned", "no_further_action"}};

/* The XML's name of one item of a list. */
static const struct {
    const char *list, *item;
} items[] = {
    {"services", "service"},
    {"service_requests", "request"},
    {"service_request_updates", "request_update"},
    {"endpoints", "endpoint"},
    {"formats", "format"},
    {"attributes", "attribute"},
    {"values", "value"},
    {"errors", "error"},
};

struct column {
    const char *name;
    json_t *(*value)(const struct county *county, const struct record *record, enum field field);
    enum field field;
};

static const struct telling *telling_of(const struct record *record)
{
    for (size_t i = 0; i < COUNT(tellings); i++)
        if (record_is(record, F_STATE, tellings[i].state))
            return &tellings[i];
    return &tellings[0];
}

json_t *open311_text(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *redacted(const char *text)
{
    AUTOFREE char *copy = redact(text);
    return open311_text(copy);
}

static json_t *office_name(const struct office *office)
{
    return open311_text(office ? office->name : NULL);
}

/* "海阳镇 玉屏社区"; NULL for a community that is not configured. The caller frees it. */
static char *community_label(const struct community *community)
{
    if (!community)
        return NULL;
    return community->town ? xasprintf("%s %s", community->town->name, community->name) : xstrdup(community->name);
}

/* -- values of a column ------------------------------------------------------------------------------------------ */

static json_t *text(const struct county *county, const struct record *record, enum field field)
{
    (void)county;
    return open311_text(record_str(record, field));
}

static json_t *real(const struct county *county, const struct record *record, enum field field)
{
    (void)county;
    return record_has(record, field) ? json_real(record_real(record, field)) : json_null();
}

static json_t *moment(const struct county *county, const struct record *record, enum field field)
{
    char time[TIME_SIZE];

    (void)county;
    if (record_int(record, field) == 0)
        return json_null();
    time_format(time, record_int(record, field));
    return json_string(time);
}

static json_t *open_or_closed(const struct county *county, const struct record *order, enum field field)
{
    (void)county;
    return json_string(order_is_final(record_str(order, field)) ? "closed" : "open");
}

static json_t *service_name_of(const struct county *county, const struct record *order, enum field field)
{
    const struct category *category = county_category(county, record_str(order, field));
    return open311_text(category ? category->name : NULL);
}

static json_t *words_of_resident(const struct county *county, const struct record *order, enum field field)
{
    (void)county;
    return redacted(record_str(order, record_len(order, field) > 0 ? field : F_TITLE));
}

static json_t *agency(const struct county *county, const struct record *order, enum field field)
{
    return office_name(county_department(county, record_str(order, field)));
}

static json_t *notice(const struct county *county, const struct record *order, enum field field)
{
    (void)county;
    (void)field;
    return json_string(telling_of(order)->sentence);
}

static json_t *address(const struct county *county, const struct record *order, enum field field)
{
    if (record_len(order, field) > 0)
        return redacted(record_str(order, field));
    AUTOFREE char *label = community_label(county_community(county, record_str(order, F_COMMUNITY)));
    return open311_text(label);
}

static json_t *web_address(const struct county *county, const struct record *order, enum field field)
{
    const char *url = record_str(order, field);
    bool web = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

    (void)county;
    return open311_text(web ? url : NULL);
}

/* The answer, or why the order was returned and where to turn instead. The caller frees it. */
static char *result_of(const struct record *record)
{
    if (record_is(record, F_STATE, STATE_RETURNED)) {
        const char *to = record_str(record, F_RETURN_TO);
        return xasprintf("%s%s%s", record_str(record, F_REASON), *to ? " 请向：" : "", to);
    }
    return xstrdup(record_str(record, F_ANSWER));
}

static json_t *result(const struct county *county, const struct record *order, enum field field)
{
    (void)county;
    (void)field;
    AUTOFREE char *words = result_of(order);
    return redacted(words);
}

/* "For requests with status=closed, this will be the date the request was closed." */
static json_t *last_change(const struct county *county, const struct record *order, enum field field)
{
    if (record_int(order, F_CLOSED_AT) > 0)
        field = F_CLOSED_AT;
    else if (!record_has(order, field)) /* the archive has not seen it yet */
        field = F_PLACED_AT;
    return moment(county, order, field);
}

static json_t *deadline(const struct county *county, const struct record *order, enum field field)
{
    return order_is_final(record_str(order, F_STATE)) ? json_null() : moment(county, order, field);
}

static json_t *nothing(const struct county *county, const struct record *record, enum field field)
{
    (void)county;
    (void)record;
    (void)field;
    return json_null();
}

static json_t *update_id(const struct county *county, const struct record *step, enum field field)
{
    (void)county;
    (void)field;
    AUTOFREE char *id = open311_update_id(step);
    return json_string(id);
}

static json_t *update_status(const struct county *county, const struct record *step, enum field field)
{
    (void)county;
    if (record_is(step, F_STATE, STATE_ANSWERED))
        for (size_t i = 0; i < COUNT(outcomes); i++)
            if (record_is(step, field, outcomes[i].outcome))
                return json_string(outcomes[i].status);
    return json_string(telling_of(step)->status);
}

/* Words that people wrote go out only where they were written for the resident. */
static json_t *update_words(const struct county *county, const struct record *step, enum field field)
{
    (void)county;
    if (record_is(step, F_STEP, "remarked"))
        return redacted(record_str(step, field));
    AUTOFREE char *words = result_of(step);
    AUTOFREE char *whole = xasprintf("%s%s", telling_of(step)->sentence, words);
    return redacted(whole);
}

static const struct column request_columns[] = {
    {"service_request_id", text, F_ORDER},
    {"status", open_or_closed, F_STATE},
    {"status_notes", result, F_ANSWER},
    {"service_name", service_name_of, F_CATEGORY},
    {"service_code", text, F_CATEGORY},
    {"description", words_of_resident, F_TEXT},
    {"agency_responsible", agency, F_DEPARTMENT},
    {"service_notice", notice, F_STATE},
    {"requested_datetime", moment, F_PLACED_AT},
    {"updated_datetime", last_change, F_UPDATED_AT},
    {"expected_datetime", deadline, F_DUE},
    {"address", address, F_PLACE},
    {"address_id", text, F_COMMUNITY},
    {"zipcode", nothing, F_PLACE},
    {"lat", real, F_LAT},
    {"long", real, F_LONG},
    {"media_url", web_address, F_MEDIA_URL},
};

static const struct column update_columns[] = {
    {"update_id", update_id, F_VER},
    {"service_request_id", text, F_ORDER},
    {"status", update_status, F_OUTCOME},
    {"external_status_code", text, F_STATE},
    {"updated_datetime", moment, F_UPDATED_AT},
    {"description", update_words, F_NOTE},
    {"media_url", nothing, F_MEDIA_URL},
};

static json_t *row(const struct county *county, const struct record *record, const struct column *columns, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, columns[i].name, columns[i].value(county, record, columns[i].field));
    return object;
}

json_t *open311_request(const struct county *county, const struct record *order)
{
    return row(county, order, request_columns, COUNT(request_columns));
}

json_t *open311_update(const struct county *county, const struct record *step)
{
    return row(county, step, update_columns, COUNT(update_columns));
}

char *open311_update_id(const struct record *step)
{
    return xasprintf("%s-%lld", record_str(step, F_ORDER), (long long)record_int(step, F_VER));
}

/* -- services ---------------------------------------------------------------------------------------------------- */

/* The words by which the county's rules know the category, each once: "路灯,灯杆". The caller frees it. */
static char *keywords_of(const struct county *county, const struct category *category)
{
    char word[128], *list = xstrdup("");

    for (size_t i = 0; i < county->rule_count; i++) {
        if (strcmp(county->rules[i].category, category->code) != 0)
            continue;
        for (const char *cursor = county->rules[i].words; words_next(&cursor, word, sizeof word);) {
            if (words_have(list, word))
                continue;
            char *longer = xasprintf("%s%s%s", list, *list ? " " : "", word);
            free(list);
            list = longer;
        }
    }
    for (char *space = list; (space = strchr(space, ' ')) != NULL;)
        *space = ',';
    return list;
}

json_t *open311_service(const struct county *county, const struct category *category)
{
    AUTOFREE char *keywords = keywords_of(county, category);
    return json_pack("{so so so sb ss so so}", "service_code", open311_text(category->code), "service_name",
                     open311_text(category->name), "description", open311_text(category->description), "metadata", 1,
                     "type", county->open311_tokens ? "batch" : "realtime", "keywords", open311_text(keywords), "group",
                     open311_text(category->section));
}

static json_t *attribute(const char *code, const char *datatype, int order, const char *description)
{
    return json_pack("{sb ss ss sb sn si ss}", "variable", 1, "code", code, "datatype", datatype, "required", 0,
                     "datatype_description", "order", order, "description", description);
}

json_t *open311_definition(const struct county *county, const struct category *category)
{
    json_t *place = attribute("place", "string", 1, "具体地点，如路名和门牌号");
    json_t *community = attribute("community", "singlevaluelist", 2, "所在社区（村）");
    json_t *values = json_array();

    for (size_t i = 0; i < county->community_count; i++) {
        AUTOFREE char *label = community_label(&county->communities[i]);
        json_array_append_new(values, json_pack("{ss ss}", "key", county->communities[i].id, "name", label));
    }
    json_object_set_new(community, "values", values);
    return json_pack("{ss s[oo]}", "service_code", category->code, "attributes", place, community);
}

/* -- writing ----------------------------------------------------------------------------------------------------- */

/* A copy without what XML 1.0 cannot hold: controls other than tab and line ends, U+FFFE, U+FFFF. */
static char *xml_text(const char *text)
{
    char *copy = xmalloc(strlen(text) + 1), *to = copy;

    while (*text) {
        if (strncmp(text, "\xEF\xBF\xBE", 3) == 0 || strncmp(text, "\xEF\xBF\xBF", 3) == 0)
            text += 3;
        else if ((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text))
            text++;
        else
            *to++ = *text++;
    }
    *to = '\0';
    return copy;
}

static const char *item_name(const char *list)
{
    for (size_t i = 0; i < COUNT(items); i++)
        if (strcmp(list, items[i].list) == 0)
            return items[i].item;
    return "item";
}

static void write_xml(xmlTextWriterPtr writer, const char *name, json_t *value)
{
    xmlTextWriterStartElement(writer, BAD_CAST name);
    if (json_is_object(value)) {
        for (void *part = json_object_iter(value); part; part = json_object_iter_next(value, part))
            write_xml(writer, json_object_iter_key(part), json_object_iter_value(part));
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            write_xml(writer, item_name(name), json_array_get(value, i));
    } else if (json_is_string(value)) {
        AUTOFREE char *clean = xml_text(json_string_value(value));
        xmlTextWriterWriteString(writer, BAD_CAST clean);
    } else if (!json_is_null(value)) {
        AUTOFREE char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
        xmlTextWriterWriteString(writer, BAD_CAST plain);
    }
    xmlTextWriterEndElement(writer);
}

char *open311_write(bool json, const char *root, json_t *tree, size_t *ret_size)
{
    if (json) {
        char *dump = json_dumps(tree, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        *ret_size = strlen(dump);
        return dump;
    }
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlTextWriterPtr writer = xmlNewTextWriterMemory(buffer, 0);
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "utf-8", NULL);
    write_xml(writer, root, tree);
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    *ret_size = (size_t)xmlBufferLength(buffer);
    char *copy = xstrndup((const char *)xmlBufferContent(buffer), *ret_size);
    xmlBufferFree(buffer);
    return copy;
}
