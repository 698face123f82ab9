/*
 * matters.c - the native API of meetings (协商会) and suggestions (建言); what entries (entries.c) have in common with
 * them.
 *
 * Both get their number here, as an order does, and then are made by assignment. What they are about is looked at
 * before: only orders that are open, and about which the caller may consult; of these the first says in which group and
 * town it is. Their steps go the same way as those of orders (post_action()).
 */
#include "services/intake/api.h"
#include "services/intake/qr.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <string.h>

/* -- what it is about -------------------------------------------------------------------------------------------- */

static bool refuse(const struct ask *ask, const char *word, const char *field, const char *detail)
{
    intake_answer_error(ask->request, intake_status_of(word), word, field, detail);
    return false;
}

/* Reads a matter that is open. False after answering that it is none, or that the caller may not. */
static bool load(struct ask *ask, const char *id, const char *field, enum permission permission,
                 struct record *ret_matter)
{
    const struct access *access = ask->access;
    struct grant grant = {.granted = false};
    char county[7];
    enum matter matter;
    bool ours = matter_parse(id, county, &matter, NULL) == 0 && matter == permission_matter(permission) &&
                strcmp(county, access->county) == 0;
    int r = ours ? service_load_order(ask->intake->service, access->county, id, ret_matter) : -ENOENT;
    if (r == -EIO)
        return refuse(ask, "unavailable", NULL, NULL);
    if (r == 0)
        permission_decide(service_county(ask->intake->service, access->county), &access->caller, permission, ret_matter,
                          &grant);
    return grant.granted ||
           refuse(ask, "state", field, "nothing with this number is open of what you may consult about");
}

static void inherit(struct record *message, const struct record *matter, const enum field *fields)
{
    for (; *fields != FIELD_COUNT; fields++)
        if (!record_has(message, *fields))
            record_copy(message, matter, *fields);
}

/* Looks at its orders. False after answering. */
static bool check_orders(struct ask *ask, struct record *message, const enum field *inherited)
{
    char id[ORDER_ID_SIZE + 1];
    RECORD *order = record_new();
    for (const char *about = record_str(message, F_ABOUT); words_next(&about, id, sizeof id);) {
        if (!load(ask, id, "about", PERMIT_ORDER_CONSULT, order))
            return false;
        inherit(message, order, inherited);
    }
    return true;
}

/* Where it belongs that is about no order: to the group of the member, or the town of the convener, who acts. */
static void place_by_actor(const struct county *county, struct record *message)
{
    const char *actor = record_str(message, F_ACTOR);
    const struct member *member = strncmp(actor, "member:", 7) == 0 ? county_member(county, actor + 7) : NULL;
    const struct town *town = strncmp(actor, "convener:", 9) == 0 ? county_town(county, actor + 9) : NULL;
    if (member)
        record_set(message, F_GROUP, member->group);
    if (town)
        record_set(message, F_TOWN, town->id);
}

/* -- calling, raising -------------------------------------------------------------------------------------------- */

static void on_made(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (intake_answer_failure(ask->request, status, reply))
        return;
    AUTOFREE char *location = xasprintf("%s/%s", http_path(ask->request), record_str(reply, F_ORDER));
    http_answer_header(ask->request, "Location", location);
    intake_answer_json(ask->request, 201,
                       json_pack("{s:s, s:s, s:I}", "order", record_str(reply, F_ORDER), "state",
                                 record_str(reply, F_STATE), "ver", (json_int_t)record_int(reply, F_VER)));
}

void make_matter(struct ask *ask, enum matter matter, enum message_type type, const struct record *message)
{
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    char idempotency[DIGEST_SIZE], number[ORDER_ID_SIZE];
    if (!intake_read_idempotency(ask->request, ask->access->grant.actor, idempotency))
        return;
    if (intake_number(ask->intake, county, matter, number) < 0) {
        refuse(ask, "unavailable", NULL, NULL);
        return;
    }
    service_call(ask->intake->service, county->id, number, type, message, *idempotency ? idempotency : NULL,
                 intake_call_ms(ask->intake), on_made, ask);
}

static void post_meeting(void *arg, struct http_request *request)
{
    static const enum field inherited[] = {F_GROUP, F_TOWN, FIELD_COUNT};
    struct ask *ask = ask_new(arg, request);
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    RECORD *message = record_new();
    struct grant grant;
    if (!ask_body(ask, MSG_CALL_MEETING, message) || !check_orders(ask, message, inherited))
        return;
    /* A member calls meetings about what they have taken on; those above, about other things, too. */
    permission_decide(county, &ask->access->caller, PERMIT_ORDER_CONSULT, NULL, &grant);
    if (record_len(message, F_ABOUT) == 0) {
        if (!grant.granted) {
            refuse(ask, "invalid", "about", "a member calls meetings about orders that they have taken on");
            return;
        }
        place_by_actor(county, message);
    }
    make_matter(ask, MATTER_MEETING, MSG_CALL_MEETING, message);
}

/* One that is raised at a meeting, by somebody who is part of it, is about what the meeting was about. */
static bool check_meeting(struct ask *ask, struct record *message)
{
    static const enum field inherited[] = {F_GROUP, F_TOWN, F_ABOUT, FIELD_COUNT};
    RECORD *meeting = record_new();
    if (record_len(message, F_MEETING) == 0)
        return true;
    if (!load(ask, record_str(message, F_MEETING), "meeting", PERMIT_MEETING_ANSWER, meeting))
        return false;
    inherit(message, meeting, inherited);
    return true;
}

static void post_suggestion(void *arg, struct http_request *request)
{
    static const enum field inherited[] = {F_GROUP, F_TOWN, F_CATEGORY, FIELD_COUNT};
    struct ask *ask = ask_new(arg, request);
    RECORD *message = record_new();
    if (!ask_body(ask, MSG_RAISE, message))
        return;
    if (record_len(message, F_ABOUT) == 0 && record_len(message, F_MEETING) == 0)
        refuse(ask, "invalid", "about", "a suggestion is about an order, or is raised at a meeting");
    else if (check_orders(ask, message, inherited) && check_meeting(ask, message))
        make_matter(ask, MATTER_SUGGESTION, MSG_RAISE, message);
}

/* -- lists ------------------------------------------------------------------------------------------------------- */

static void on_meetings(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    answer_rows(arg, status, reply, PERMIT_MEETING_READ);
}

static void on_suggestions(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    answer_rows(arg, status, reply, PERMIT_SUGGESTION_READ);
}

static void get_matters(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct api_about *about = http_about(request);
    enum message_type type = about->takes;
    RECORD *question = record_new();
    ask_within(ask, question);
    ask_list(ask, type, question, type == MSG_LIST_MEETINGS ? on_meetings : on_suggestions);
}

/* -- the QR code ------------------------------------------------------------------------------------------------- */

static void get_qr(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    const struct access *access = ask->access;
    const struct county *county = service_county(ask->intake->service, access->county);
    const struct record *meeting = access->record;
    char token[QR_TOKEN_SIZE];
    if (access->archived || !words_have(STATE_CALLED " " STATE_HELD, record_str(meeting, F_STATE)) ||
        now_ms() < record_int(meeting, F_MEETS_AT) - MEETING_OPENS_MS) {
        refuse(ask, "state", "meets_at", "there is a code from half an hour before the meeting until it is closed");
        return;
    }
    if (!*county->public_url) {
        refuse(ask, "state", NULL, "the county has no public_url, where phones would find the page");
        return;
    }
    qr_token(token, county->vault, access->order, now_ms());
    AUTOFREE char *address = xasprintf("%s" SIGN_IN_PAGE "%s", county->public_url, token);
    AUTOFREE char *svg = qr_svg(address);
    http_answer(request, 200, "image/svg+xml", svg, strlen(svg));
}

/* -- routes ------------------------------------------------------------------------------------------------------ */

/* What is known without the caller. */
static const enum field reserved[] = {F_VIA, F_GROUP, F_TOWN, F_EXPECTED, FIELD_COUNT};

static const struct api_param meeting_params[] = {
    PARAM("state", F_STATES, .list = true, .meaning = "only those in this state; several with commas between"),
    PARAM("kind", F_KIND),
    PARAM("group", F_GROUP),
    PARAM("town", F_TOWN),
    PARAM("member", F_MEMBER, .meaning = "only those that this member is invited to"),
    PARAM("order", F_ORDER, .meaning = "only those that are about this order"),
    PARAM("overdue", F_OVERDUE, .min = 0, .max = 1,
          .meaning = "1: only those that should have been held, or closed, by now; 0: the others"),
    PARAM("from", F_START, .meaning = "only those that begin then or later"),
    PARAM("until", F_END, .meaning = "only those that begin then or before"),
    LIMIT,
    CURSOR,
    {0},
};
static const struct api_param suggestion_params[] = {
    PARAM("state", F_STATES, .list = true,
          .meaning = "only those in this state: followed, settled (adopted, to be re-checked), closed (struck off)"),
    PARAM("kind", F_KIND),
    PARAM("group", F_GROUP),
    PARAM("town", F_TOWN),
    PARAM("department", F_DEPARTMENT),
    PARAM("committee", F_COMMITTEE),
    PARAM("member", F_MEMBER, .meaning = "only those that this member raised or follows"),
    PARAM("order", F_ORDER, .meaning = "only those that are about this order"),
    PARAM("meeting", F_MEETING),
    PARAM("settled", F_SETTLED),
    PARAM("overdue", F_OVERDUE, .min = 0, .max = 1),
    PARAM("from", F_START, .meaning = "only those raised then or later"),
    PARAM("until", F_END, .meaning = "only those raised then or before"),
    LIMIT,
    CURSOR,
    {0},
};

#define MEETINGS "/api/v1/meetings"
#define MEETING MEETINGS "/{id}"
#define SUGGESTIONS "/api/v1/suggestions"
#define SUGGESTION SUGGESTIONS "/{id}"

const struct http_route matter_routes[] = {
    {.method = "POST",
     .path = MEETINGS,
     .handle = post_meeting,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_MEETINGS_CALL,
     ABOUT(.summary = "Calls a meeting; those who are invited are told by SMS", .chinese = "召集协商会，短信通知受邀人",
           .body = API_MESSAGE, .takes = MSG_CALL_MEETING, .reserved = reserved, .answer = "Raised", .status = 201)},
    {GET, .path = MEETINGS, .handle = get_matters, .permission = PERMIT_MEETINGS_LIST,
     ABOUT(.summary = "The meetings that the caller may see", .chinese = "可以查看的协商会", .query = meeting_params,
           .takes = MSG_LIST_MEETINGS, .answer = "Meetings")},
    {GET, .path = MEETING, .handle = get_order, .permission = PERMIT_MEETING_READ,
     ABOUT(.summary = "A meeting", .chinese = "查看协商会", .answer = "Meeting", .etag = true)},
    {GET, .path = MEETING "/history", .handle = get_history, .permission = PERMIT_MEETING_READ,
     ABOUT(.summary = "What happened to a meeting: answers, sign-ins, minutes",
           .chinese = "协商会的过程：答复、签到、会议情况", .answer = "History")},
    {.path = MEETING "/invite", .permission = PERMIT_MEETING_LEAD, ACTION(INVITE, "Invites more people", "增加受邀人")},
    {.path = MEETING "/answer",
     .permission = PERMIT_MEETING_ANSWER,
     ACTION(ANSWER_INVITATION, "Answers an invitation: comes, or is excused with a reason", "答复邀请：参加或请假")},
    {.path = MEETING "/move",
     .permission = PERMIT_MEETING_LEAD,
     ACTION(MOVE_MEETING, "Gives it another time; everybody is asked anew", "改期，重新通知")},
    {.path = MEETING "/cancel", .permission = PERMIT_MEETING_LEAD, ACTION(CANCEL_MEETING, "Cancels it", "取消协商会")},
    {GET, .path = MEETING "/qr", .handle = get_qr, .permission = PERMIT_MEETING_LEAD,
     ABOUT(.summary = "The QR code by which those who come sign in; to be asked for every ten seconds",
           .chinese = "签到二维码，每十秒刷新一次", .answer = "image/svg+xml")},
    {.path = MEETING "/sign-in",
     .permission = PERMIT_MEETING_LEAD,
     ACTION(ATTEND, "Signs somebody in by hand", "代为签到")},
    {.path = MEETING "/hold",
     .permission = PERMIT_MEETING_LEAD,
     ACTION(HOLD_MEETING, "It was held: its minutes", "登记会议情况")},
    {.path = MEETING "/close",
     .permission = PERMIT_MEETING_LEAD,
     ACTION(CLOSE_MEETING, "Closes it; nobody signs in any more", "结束协商会")},

    {.method = "POST",
     .path = SUGGESTIONS,
     .handle = post_suggestion,
     .max_body = API_BODY_MAX,
     .permission = PERMIT_SUGGESTIONS_RAISE,
     ABOUT(.summary = "Raises a suggestion on an order or at a meeting, to a department or a committee",
           .chinese = "提出建言", .body = API_MESSAGE, .takes = MSG_RAISE, .reserved = reserved, .answer = "Raised",
           .status = 201)},
    {GET, .path = SUGGESTIONS, .handle = get_matters, .permission = PERMIT_SUGGESTIONS_LIST,
     ABOUT(.summary = "The list of what is followed until it is settled", .chinese = "销号清单",
           .query = suggestion_params, .takes = MSG_LIST_SUGGESTIONS, .answer = "Suggestions")},
    {GET, .path = SUGGESTION, .handle = get_order, .permission = PERMIT_SUGGESTION_READ,
     ABOUT(.summary = "A suggestion", .chinese = "查看建言", .answer = "Suggestion", .etag = true)},
    {GET, .path = SUGGESTION "/history", .handle = get_history, .permission = PERMIT_SUGGESTION_READ,
     ABOUT(.summary = "What happened to a suggestion", .chinese = "建言的办理过程", .answer = "History")},
    {.path = SUGGESTION "/comment",
     .permission = PERMIT_SUGGESTION_COMMENT,
     ACTION(COMMENT, "Says something about it, or what became of it", "填写办理情况，反馈结果")},
    {.path = SUGGESTION "/settle",
     .permission = PERMIT_SUGGESTION_SETTLE,
     ACTION(SETTLE, "Settles it: adopted, partly or not", "确认结果：采纳、部分采纳或未采纳")},
    {.path = SUGGESTION "/recheck",
     .permission = PERMIT_SUGGESTION_SETTLE,
     ACTION(RECHECK, "Re-checks what was adopted: kept or not", "跟踪问效：是否落实")},
    {.path = SUGGESTION "/extend",
     .permission = PERMIT_SUGGESTION_SETTLE,
     ACTION(EXTEND_FOLLOWING, "Gives it more working days", "延长办理期限")},
};
const size_t matter_route_count = sizeof matter_routes / sizeof *matter_routes;
