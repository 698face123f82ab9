/*
 * link.c - what is behind the link in the SMS that tells an answer: the answer, and the way to rate it.
 *
 * Who has the link is let in by access.c; nobody has to sign in. A look changes nothing, because search engines and
 * messengers open links by themselves: only a POST rates. The page for people is rating_page.c.
 */
#include "services/intake/access.h"
#include "services/intake/json.h"
#include "services/intake/openapi.h"

#include "common/text.h"

#include <string.h>

/* Who gave the answer, by their names, as its SMS named them. */
static json_t *member_names(const struct county *county, const char *members)
{
    char id[40];
    json_t *names = json_array();
    while (words_next(&members, id, sizeof id)) {
        const struct member *member = county_member(county, id);
        if (member)
            json_array_append_new(names, json_string(member->name));
    }
    return names;
}

static json_t *department_name(const struct county *county, const struct record *order)
{
    const struct office *department = county_department(county, record_str(order, F_DEPARTMENT));
    return department && record_int(order, F_HANDED_AT) > 0 ? json_string(department->name) : json_null();
}

static void get_answer(void *arg, struct http_request *request)
{
    static const enum field fields[] = {F_TITLE, F_STATE, F_OUTCOME, F_ANSWER, F_ANSWERED_AT, F_RATING};
    enum { FIELDS = sizeof fields / sizeof *fields };
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct record *order = access->record;
    const struct county *county = service_county(intake->service, access->county);
    bool rated = record_is(order, F_STATE, STATE_EVALUATED); /* else a rating is that of an answer before */
    json_t *json = json_from_record(order, fields, rated ? FIELDS : FIELDS - 1);
    json_object_set_new(json, "order", json_string(access->order));
    json_object_set_new(json, "members", member_names(county, record_str(order, F_MEMBERS)));
    json_object_set_new(json, "department", department_name(county, order));
    intake_answer_json(request, 200, json);
}

/* Who has the link is the resident, and nobody else. */
static const enum field reserved[] = {F_ACTOR, F_VIA, F_EXPECTED, F_ROUND, FIELD_COUNT};

#define LINK "/api/v1/ratings/{token}"

const struct http_route link_routes[] = {
    {.method = "GET",
     .path = LINK,
     .handle = get_answer,
     .permission = PERMIT_LINK,
     ABOUT(.summary = "The answer that a link is about", .chinese = "凭短信中的链接查看答复", .answer = "Answer")},
    {.method = "POST",
     .path = LINK,
     .handle = post_action,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_LINK,
     ABOUT(.summary = "Rates that answer", .chinese = "凭短信中的链接评价答复", .body = API_MESSAGE, .takes = MSG_RATE,
           .reserved = reserved, .answer = "Done", .step = true)},
};
const size_t link_route_count = sizeof link_routes / sizeof *link_routes;
