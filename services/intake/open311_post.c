/*
 * open311_post.c - posting a service request: its parameters become an order.
 *
 * Each parameter is looked at before anything is stored; the first that is
 * wrong is answered by its name. What is posted here is posted to a public
 * list, so the order is public. Without an Idempotency-Key two equal posts are
 * two orders: GeoReport knows no better.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/intake/open311.h"
#include "services/intake/open311_format.h"
#include "services/intake/open311_token.h"

#include <string.h>
#include <utf8proc.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum {
    DESCRIPTION_CHARACTERS = 4000, /* the specification's limit */
    TITLE_CHARACTERS = 30,
};

/* What Open311 calls our fields. */
static const struct {
    const char *param;
    enum field field;
    bool copied; /* as it is; the others are looked at first */
} params[] = {
    {"phone", F_PHONE, true},
    {"email", F_EMAIL, true},
    {"media_url", F_MEDIA_URL, true},
    {"description", F_TEXT, false},
    {"description", F_TITLE, false},
    {"first_name", F_NAME, false},
    {"lat", F_LAT, false},
    {"long", F_LONG, false},
    {"address_string", F_PLACE, false},
    {"attribute[community]", F_COMMUNITY, false},
    {"service_code", F_CATEGORY, false},
};

static const char *param_name(const char *field)
{
    for (size_t i = 0; i < COUNT(params); i++)
        if (strcmp(field, field_info(params[i].field)->name) == 0)
            return params[i].param;
    return field;
}

/* Bytes of the first `most` characters of a text's first line. */
static size_t head_size(const char *text, size_t most)
{
    size_t size = 0, line = strcspn(text, "\r\n");
    utf8proc_int32_t character;

    for (size_t i = 0; i < most && size < line; i++) {
        utf8proc_ssize_t next = utf8proc_iterate((const utf8proc_uint8_t *)text + size, -1, &character);
        if (next <= 0)
            break;
        size += (size_t)next;
    }
    return size;
}

static bool is_chinese(const char *text)
{
    utf8proc_int32_t first = 0;
    return utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &first) > 0 &&
           ((first >= 0x3400 && first <= 0x9FFF) || first >= 0x20000);
}

/* "王" "小明" → 王小明, "John" "Smith" → John Smith; either may be missing. */
static void take_name(const struct open311_call *call, struct record *message)
{
    const char *given = open311_param(call, "first_name"), *family = open311_param(call, "last_name");

    if (given && family && is_chinese(given) && is_chinese(family))
        record_printf(message, F_NAME, "%s%s", family, given);
    else if (given && family)
        record_printf(message, F_NAME, "%s %s", given, family);
    else if (given || family)
        record_set(message, F_NAME, given ? given : family);
}

static const char *attribute(const struct open311_call *call, const char *code)
{
    AUTOFREE char *single = xasprintf("attribute[%s]", code);
    AUTOFREE char *multiple = xasprintf("attribute[%s][]", code);
    const char *value = open311_param(call, single);
    return value ? value : open311_param(call, multiple);
}

/* Where it is: coordinates, words, a community. False after answering what is wrong. */
static bool take_location(struct open311_call *call, const struct county *county, struct record *message)
{
    const char *lat = open311_param(call, "lat"), *lon = open311_param(call, "long");
    const char *address = open311_param(call, "address_string"), *place = attribute(call, "place");
    const char *address_id = open311_param(call, "address_id"), *community = attribute(call, "community");
    double degrees = 0;

    if (!(lat && lon) && !address && !address_id) {
        open311_fail(call, 400, lat ? "long" : "lat", "缺少位置：lat 和 long，或 address_string，或 address_id",
                     "is missing: lat and long, or address_string, or address_id");
        return false;
    }
    if (lat && parse_real(lat, -90, 90, &degrees) < 0) {
        open311_fail(call, 400, "lat", "不是 -90 到 90 之间的数", "is no number from -90 to 90");
        return false;
    }
    if (lat && lon)
        record_set_real(message, F_LAT, degrees);
    if (lon && parse_real(lon, -180, 180, &degrees) < 0) {
        open311_fail(call, 400, "long", "不是 -180 到 180 之间的数", "is no number from -180 to 180");
        return false;
    }
    if (lat && lon)
        record_set_real(message, F_LONG, degrees);
    if (address || place)
        record_printf(message, F_PLACE, "%s%s%s", address ? address : "", address && place ? " " : "",
                      place ? place : "");
    if (!community)
        community = address_id;
    if (community && !county_community(county, community)) {
        open311_fail(call, 400, community == address_id ? "address_id" : "attribute[community]", "没有这个社区（村）",
                     "there is no such community");
        return false;
    }
    if (community)
        record_set(message, F_COMMUNITY, community);
    return true;
}

/* What it is. False after answering what is wrong. */
static bool take_matter(struct open311_call *call, const struct county *county, struct record *message)
{
    const char *code = open311_param(call, "service_code"), *text = open311_param(call, "description");

    if (!code) {
        open311_fail(call, 400, "service_code", "缺少", "is missing");
        return false;
    }
    const struct category *category = county_category(county, code);
    if (!category) {
        open311_fail(call, 404, "service_code", "没有这类事项", "there is no such service");
        return false;
    }
    size_t length = text ? text_length(text, strlen(text)) : 0;
    if (length > DESCRIPTION_CHARACTERS) {
        if (length == SIZE_MAX)
            open311_fail(call, 400, "description", "不是有效的 UTF-8", "is not valid UTF-8");
        else
            open311_fail(call, 400, "description", "超过 4000 个字符", "has more than 4000 characters");
        return false;
    }
    record_set(message, F_CATEGORY, code);
    if (text)
        record_set(message, F_TEXT, text);
    const char *title = text ? text + strspn(text, " \t\r\n") : "";
    size_t size = head_size(title, TITLE_CHARACTERS);
    if (size > 0)
        record_set_n(message, F_TITLE, title, size);
    else
        record_set(message, F_TITLE, category->name);
    return true;
}

static void placed(void *arg, const struct placement *placement)
{
    struct open311_call *call = arg;
    const struct county *county = open311_county(call);

    if (placement->status == ANSWER_REFUSED) {
        open311_fail_refused(call, placement->error, param_name(placement->field), placement->detail);
        return;
    }
    if (placement->status != ANSWER_OK || !county) {
        open311_fail_unavailable(call);
        return;
    }
    json_t *row = json_object();
    if (county->open311_tokens) {
        AUTOFREE char *token = open311_token(county, placement->order);
        json_object_set_new(row, "token", json_string(token));
    } else {
        json_object_set_new(row, "service_request_id", json_string(placement->order));
    }
    json_object_set_new(row, "service_notice",
                        json_string(call->english ? "Received. Members of the CPPCC and the departments concerned "
                                                    "will consult on it."
                                                  : "已收到，将由政协委员会同有关部门协商办理。"));
    json_object_set_new(row, "account_id", open311_text(open311_param(call, "account_id")));
    open311_answer(call, 200, ROOT_REQUESTS, json_pack("[o]", row));
}

void open311_post_request(struct open311_call *call, const struct county *county)
{
    const char *once = http_header(call->request, "Idempotency-Key");
    RECORD *message = record_new();

    if (!take_matter(call, county, message) || !take_location(call, county, message))
        return;
    take_name(call, message);
    for (size_t i = 0; i < COUNT(params); i++) {
        const char *value = params[i].copied ? open311_param(call, params[i].param) : NULL;
        if (value)
            record_set(message, params[i].field, value);
    }
    record_printf(message, F_VIA, "key:%s", call->writer->name);
    record_set_int(message, F_PUBLIC, 1); /* what is posted here is posted to a public list */
    char digest[DIGEST_SIZE];
    size_t size;
    if (once) /* with the body, as everywhere: another request under a key that was used is another order */
        open311_idempotency(digest, call->writer, http_body(call->request, &size), once);
    intake_submit_order(call->intake, county, message, "open311", once ? digest : NULL, intake_remember(call->intake),
                        placed, call);
}
