/*
 * meeting_page.c - the pages of a meeting: that of a resident's invitation, with two buttons to answer it; and that on
 * which somebody finds themselves who has scanned the QR code at the meeting and so is signed in.
 *
 * A look at an invitation changes nothing; only a button does. The address of a QR code does what it is for when it is
 * opened: it is known to nobody but who stands before the screen, it ends within a minute, and once is enough.
 */
#include "services/intake/access.h"
#include "services/intake/page.h"
#include "services/intake/qr.h"

#include "common/resident.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

static void put_meeting(const struct page *page, const struct record *meeting)
{
    put(page, either(page, "<h1>协商会：", "<h1>Meeting: "), record_str(meeting, F_TITLE), "</h1>\n");
    put_time(page, either(page, "<p class=\"answer\">时间：", "<p class=\"answer\">When: "),
             record_int(meeting, F_MEETS_AT), "\n");
    put(page, either(page, "地点：", "Where: "), record_str(meeting, F_PLACE), "</p>\n");
}

/* -- an invitation ----------------------------------------------------------------------------------------------- */

/* Which of the resident's orders they are invited for. */
static const char *order_of(const struct access *access)
{
    return strchr(access->grant.actor, ':') + 1;
}

/* Who invites, and about what; of an order that has left Redis meanwhile the title is not told. */
static void put_invitation(struct intake *intake, const struct page *page, const struct access *access)
{
    const struct county *county = service_county(intake->service, access->county);
    RECORD *order = record_new();
    put(page, "<p>", county->name, either(page, "请您参加协商会。", " invites you to a meeting."));
    if (service_load_order(intake->service, access->county, order_of(access), order) == 0)
        put(page, either(page, "会上商量您反映的“", " It is about your concern \""), record_str(order, F_TITLE),
            either(page, "”。", "\"."));
    put(page, "", "", "</p>\n");
    put_meeting(page, access->record);
}

static void put_answer(const struct page *page, const struct access *access, bool comes)
{
    put(page, "<h2>",
        comes ? either(page, "您已答复：参加", "You come") : either(page, "您已答复：不参加", "You do not come"),
        "</h2>\n");
    if (record_is(access->record, F_STATE, STATE_CALLED))
        put(page, "<p>",
            either(page, "有变化的话，开会前再打开这个链接，可以重新选。",
                   "If that changes, open this link again before the meeting and choose anew."),
            "</p>\n");
    put_progress(page, order_of(access));
}

/* Two forms: who does not come has to say why, and the browser asks for that. */
static void put_form(const struct page *page)
{
    put(page, "<form method=\"post\">\n<h2>", either(page, "您来参加吗？", "Do you come?"), "</h2>\n");
    put(page, "<button name=\"reply\" value=\"comes\">", either(page, "参加", "I come"), "</button>\n</form>\n");
    put(page, "<form method=\"post\">\n<p><label for=\"reason\">",
        either(page, "不参加的原因", "Why not, if you do not"),
        "</label><textarea id=\"reason\" name=\"reason\" rows=\"2\" maxlength=\"200\" required></textarea></p>\n");
    put(page, "<button name=\"reply\" value=\"excused\">", either(page, "不参加", "I do not come"),
        "</button>\n</form>\n");
}

static void get_invitation(void *arg, struct http_request *request)
{
    const struct access *access = access_of(request);
    const struct record *meeting = access->record;
    struct page page;
    page_begin(&page, request, "协商会邀请", "Invitation to a meeting");
    put_invitation(arg, &page, access);
    bool comes = words_have(record_str(meeting, F_COMING), access->grant.actor);
    if (comes || words_have(record_str(meeting, F_EXCUSED), access->grant.actor))
        put_answer(&page, access, comes);
    if (record_is(meeting, F_STATE, STATE_CALLED))
        put_form(&page);
    else
        put(&page, either(&page, "<h2>会议情况</h2>\n<p class=\"answer\">", "<h2>Minutes</h2>\n<p class=\"answer\">"),
            record_str(meeting, F_MINUTES), "</p>\n");
    page_answer(&page, request, 200);
}

static void on_answered(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct http_request *request = arg;
    if (intake_answer_failure(request, status, reply))
        return;
    const struct access *access = access_of(request);
    struct page page;
    page_begin(&page, request, "协商会邀请", "Invitation to a meeting");
    put_meeting(&page, access->record);
    put_answer(&page, access, strcmp(http_form(request, "reply"), "comes") == 0);
    page_answer(&page, request, 200);
}

static void post_invitation(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    const char *reply = http_form(request, "reply"), *reason = http_form(request, "reason");
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_VIA, VIA_LINK);
    record_set(message, F_WHO, access->grant.actor);
    if (reply)
        record_set(message, F_REPLY, reply);
    if (reason && *reason)
        record_set(message, F_REASON, reason);
    if (record_check(message, MSG_ANSWER_INVITATION, &fault) < 0) {
        intake_answer_error(request, 400, fault.error, fault.field, fault.detail);
        return;
    }
    service_call(intake->service, access->county, access->order, MSG_ANSWER_INVITATION, message, NULL,
                 intake_call_ms(intake), on_answered, request);
}

/* -- signing in -------------------------------------------------------------------------------------------------- */

static void on_signed_in(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct http_request *request = arg;
    if (intake_answer_failure(request, status, reply))
        return;
    struct page page;
    page_begin(&page, request, "签到", "Signing in");
    put_meeting(&page, access_of(request)->record);
    put(&page, "<h2>", either(&page, "签到成功", "You are signed in"), "</h2>\n");
    page_answer(&page, request, 200);
}

static void sign_in(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    RECORD *message = record_new();
    record_set(message, F_ACTOR, access->grant.actor);
    record_set(message, F_WHO, access->grant.actor);
    record_set(message, F_VIA, "qr");
    service_call(intake->service, access->county, access->order, MSG_ATTEND, message, NULL, intake_call_ms(intake),
                 on_signed_in, request);
}

const struct http_route meeting_page_routes[] = {
    {.method = "GET", .path = INVITATION_PAGE "{token}", .handle = get_invitation, .permission = PERMIT_INVITATION},
    {.method = "POST",
     .path = INVITATION_PAGE "{token}",
     .handle = post_invitation,
     .max_body = PAGE_BODY_MAX,
     .permission = PERMIT_INVITATION},
    {.method = "GET", .path = SIGN_IN_PAGE "{token}", .handle = sign_in, .permission = PERMIT_QR},
};
const size_t meeting_page_route_count = sizeof meeting_page_routes / sizeof *meeting_page_routes;
