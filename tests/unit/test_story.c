/*
 * test_story.c - an order told as a story.
 */
#include "common/story.h"
#include "tests/unit/fixture.h"

#include "common/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct record *history;

static struct record *add(int day, const char *step, const char *actor)
{
    struct record *row = record_add_row(history, F_ROWS);
    record_set_int(row, F_AT, INT64_C(1795859400000) + INT64_C(86400000) * day);
    record_set(row, F_STEP, step);
    record_set(row, F_ACTOR, actor);
    record_set(row, F_SERVICE, "assignment");
    return row;
}

static struct record *matter(const char *number, const char *kind, const char *state, const char *title)
{
    struct record *row = record_add_row(history, F_ROWS);
    record_set(row, F_ORDER, number);
    record_set(row, F_KIND, kind);
    record_set(row, F_STATE, state);
    record_set(row, F_TITLE, title);
    record_set_int(row, F_MEETS_AT, INT64_C(1795859400000) + INT64_C(86400000) * 3);
    return row;
}

static void fill(void)
{
    struct record *row = add(0, "placed", "resident");
    record_set(row, F_TITLE, "路灯不亮");
    record_set(row, F_TEXT, "三栋门口的路灯坏了");
    record_set(add(0, "screened", "convener:T1"), F_GROUP, "G1");
    record_set(add(1, "claimed", "member:M1"), F_MEMBERS, "M1");
    record_set(add(1, "claimed", "member:M2"), F_MEMBERS, "M1 M2");
    row = add(2, "handed_over", "member:M1");
    record_set(row, F_DEPARTMENT, "D1");
    record_set_int(row, F_HANDED_AT, 1);
    record_set(row, F_NOTE, "请尽快");
    record_set(add(2, "objected", "department:D1"), F_NOTE, "不归我们");
    add(2, "objection_refused", "convener:T1");
    record_set(add(2, "responded", "department:D2"), F_NOTE, "灯杆归我们");
    row = add(2, "declined", "member:M2");
    record_set(row, F_NOTE, "家里有事");
    record_set(row, F_MEMBERS, "M1 M3");
    record_set(add(2, "visited", "member:M1"), F_WHO, "member:M1 member:M3");
    record_set(add(3, "reminded", "clock"), F_NOTE, "answer");
    record_set(add(3, "escalated", "clock"), F_NOTE, "answer");
    add(3, "confirmed", "member:M3");
    row = add(3, "answered", "department:D1");
    record_set(row, F_OUTCOME, "solved");
    record_set(row, F_ANSWER, "修好了");
    record_set(add(3, "rated", "resident"), F_RATING, "satisfied");
    add(3, "closed", "clock");
    record_set(record_add_row(history, F_ROWS), F_SMS, "an SMS is no step");
    matter("341022-H000001", "micro", "closed", "换什么灯");
    record_set(matter("341022-J000001", "opinion", "closed", "都换节能灯"), F_SETTLED, "partly");
    matter("341022-J000002", "promise", "followed", "下月换好");
    matter("341022-H000002", "topic", "cancelled", "没有开成的会");
    row = add(4, "published", "office:O1");
    record_set(row, F_SERVICE, "archive");
    record_set(row, F_TITLE, "另一个标题");
}

static void it_is_told_in_words_that_people_use(void **state)
{
    (void)state;
    struct county *county = fixture_county();
    history = record_new();
    record_set_rows(history, F_ROWS);
    fill();
    AUTOFREE char *title = NULL;
    AUTOFREE char *text = story_tell(county, history, false, &title);
    assert_string_equal(title, "路灯不亮");
    assert_string_equal(text, "【反映】三栋门口的路灯坏了\n"
                              "【承办】城关小组：顾怀谷、俞知白；部门：住建局\n"
                              "【经过】\n"
                              "2026-11-28  群众点单\n"
                              "2026-11-28  召集人受理，分给城关小组\n"
                              "2026-11-29  顾怀谷接单\n"
                              "2026-11-29  温静姝接单\n"
                              "2026-11-30  交办给住建局\n"
                              "2026-11-30  住建局对承办提出异议\n"
                              "2026-11-30  召集人裁定，仍由住建局承办\n"
                              "2026-11-30  水务局书面答复\n"
                              "2026-11-30  有委员不能办理，由俞知白接手\n"
                              "2026-11-30  顾怀谷、俞知白走访\n"
                              "2026-12-01  超期，提醒办理人\n"
                              "2026-12-01  仍然超期，报上一级督促\n"
                              "2026-12-01  答复反映人：已经解决\n"
                              "2026-12-01  反映人评价：满意\n"
                              "2026-12-01  办结归单\n"
                              "2026-12-02  案例公开\n"
                              "【协商】2026-12-01  微协商“换什么灯”\n"
                              "【跟踪】建言“都换节能灯”：部分采纳\n"
                              "【跟踪】承诺“下月换好”\n"
                              "【结果】已经解决\n修好了\n"
                              "【评价】满意\n");
    record_destroy(&history);
    county_destroy(&county);
}

/* What moves an order on is told whatever the step lacks: with what is there, or in general. */
static void each_turn_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        enum field field;
        const char *value, *told;
    } turns[] = {
        {"placed", F_SOURCE, "api", "群众点单"},
        {"placed", F_SOURCE, "transfer", "其他县（市、区）转来，原单号990102-000007"},
        {"placed", F_SOURCE, "joint", "其他县（市、区）请求一起办理，对方单号990102-000007"},
        {"placed", F_SOURCE, "split", "从单号990102-000007中分出"},
        {"placed", F_SOURCE, "again", "办结的事又出现了，原单号990102-000007"},
        {"dispatched", F_GROUP, "G2", "改分给临河小组"},
        {"dispatched", F_WEIGHT, "hard", NULL},
        {"declined", F_DECLINED, "M1", "有委员不能办理"},
        {"handed_on", F_MEMBERS, "M2", "有委员请假，由温静姝接手"},
        {"passed_over", F_MEMBERS, "M2", "有委员没有回应，由温静姝接手"},
        {"silent", F_UNSEEN, "", NULL},
        {"visited", F_WHO, "convener:T1", "走访"},
        {"objection_granted", F_DEPARTMENT, "D2", "召集人裁定，改由水务局承办"},
        {"reopened", F_RATING, "dissatisfied", "反映人评价：不满意，重新办理"},
        {"reopened", F_STATE, "consulting", "专委会决定重新办理"},
        {"returned", F_REASON, "不属于协商的范围", "退单：不属于协商的范围"},
        {"returned", F_RETURN_TO, "法院", "退单：请向法院反映"},
        {"returned", F_STATE, "returned", "退单"},
    };
    struct county *county = fixture_county();
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        RECORD *order = record_new(), *step = record_new();
        record_set(order, F_MEMBERS, "M1");
        record_set(order, F_ASSISTING, "D1");
        record_set(order, F_SOURCE_REF, "990102-000007");
        record_set(step, F_STEP, turns[i].step);
        record_set(step, turns[i].field, turns[i].value);
        AUTOFREE char *told = story_step(county, order, step, false);
        assert_string_equal(told ? told : "nothing", turns[i].told ? turns[i].told : "nothing");
    }
    county_destroy(&county);
}

static void without_a_county_ids_stand_for_names(void **state)
{
    (void)state;
    history = record_new();
    record_set_rows(history, F_ROWS);
    fill();
    AUTOFREE char *title = NULL;
    AUTOFREE char *text = story_tell(NULL, history, true, &title);
    assert_non_null(strstr(text, "[Taken up by] G1: M1, M3; department: D1\n"));
    assert_non_null(strstr(text, "2026-11-29  M2 took it on\n"));
    assert_non_null(strstr(text, "[Result] solved\n"));
    assert_null(strstr(text, "请尽快"));
    assert_null(strstr(text, "家里有事"));
    record_destroy(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_in_words_that_people_use),
        cmocka_unit_test(each_turn_has_its_sentence),
        cmocka_unit_test(without_a_county_ids_stand_for_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
