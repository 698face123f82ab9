// links: services/routing
/*
 * test_routing.c - what an order is about, where it is, and whether a convener has to look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/routing/classify.h"
#include "services/routing/routing.h"
#include "tests/unit/fixture.h"

static struct county *county;

static int set_up(void **state)
{
    (void)state;
    county = fixture_county();
    return county ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    county_destroy(&county);
    return 0;
}

static struct record *make_order(const char *title, const char *text, const char *place, const char *category)
{
    struct record *order = record_new();
    record_set(order, F_STATE, STATE_PLACED);
    record_set_int(order, F_VER, 1);
    record_set(order, F_TITLE, title);
    record_set(order, F_TEXT, text);
    record_set(order, F_PLACE, place);
    record_set(order, F_CATEGORY, category);
    return order;
}

static void placed_orders_are_routed(void **state)
{
    static const struct {
        const char *title, *text, *place, *category; /* as placed */
        const char *to_state, *to_category, *to_group, *to_urgency;
    } cases[] = {
        {"路灯不亮", "三个月了", "东门社区", "", "open", "roads", "G1", "normal"},
        {"路灯不亮", "东大街的", "", "", "open", "roads", "G1", "normal"},                /* 4/5 x 0.8 */
        {"坏了", "东大街路灯不亮", "", "", "open", "roads", "G1", "normal"},              /* 2/3 x 0.8 */
        {"坏了", "东大街路灯不亮，也停水", "", "", "screening", "roads", "G1", "normal"}, /* 2/5 x 0.8 */
        {"停水三天", "", "河湾", "", "open", "water", "G2", "urgent"},
        {"停水三天", "", "", "", "screening", "water", "G2", "urgent"}, /* the category's group, but the place unsure */
        {"路面塌陷坑洼", "", "东门", "", "open", "roads", "G1", "urgent"},
        {"请问", "怎么办理", "东门社区", "", "screening", "other", "G1", "normal"},
        {"请问", "怎么办理", "东门社区", "water", "open", "water", "G1", "urgent"}, /* chosen by the resident */
        {"路灯不亮", "", "孤山社区", "", "screening", "roads", "", "normal"},       /* no group for this community */
    };
    (void)state;
    RECORD *message = record_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD *order = make_order(cases[i].title, cases[i].text, cases[i].place, cases[i].category);
        struct outcome *outcome = outcome_new();
        struct context context = fixture_context(county);
        record_set(order, F_CLOCK, "handover"); /* as it started with an urgency that nobody knew */
        record_set_int(order, F_CLOCK_AT, fixture_now);
        record_set_int(order, F_DUE, fixture_now + 2 * (int64_t)FIXTURE_DAY);
        handle_placed(&context, order, message, outcome);
        const struct record *changes = outcome_changed(outcome);
        double confidence = record_real(changes, F_CONFIDENCE);
        assert_string_equal(record_str(changes, F_STATE), cases[i].to_state);
        assert_string_equal(record_str(changes, F_CATEGORY), cases[i].to_category);
        assert_string_equal(record_str(changes, F_GROUP), cases[i].to_group);
        assert_string_equal(record_str(changes, F_URGENCY), cases[i].to_urgency);
        bool urgent = strcmp(cases[i].to_urgency, "urgent") == 0; /* has less time */
        assert_int_equal(record_int(changes, F_DUE), urgent ? fixture_now + FIXTURE_DAY : 0);
        if (strcmp(cases[i].to_state, "open") == 0) {
            assert_int_equal(outcome_message_type(outcome, 0), MSG_ORDER_OPENED);
            assert_true(confidence >= county->threshold && confidence <= 1);
        } else {
            assert_non_null(fixture_notified(outcome, "screening"));
        }
        outcome_destroy(&outcome);
    }
}

static void the_convener_of_the_town_screens(void **state)
{
    (void)state;
    static const struct {
        const char *place, *recipient;
    } cases[] = {{"河湾", "convener:T2"},       {"东门", "convener:T1"},
                 {"不知道", "convener:T1"},     {"临河街道卫生院", "convener:T2"},
                 {"河湾乡街上", "convener:T3"}, {"河湾乡，就在河湾", "convener:T2"}}; /* a town, not the community */
    RECORD *message = record_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD *order = make_order("请问", "", cases[i].place, "");
        struct outcome *outcome = outcome_new();
        struct context context = fixture_context(county);
        handle_placed(&context, order, message, outcome);
        assert_string_equal(fixture_notified(outcome, "screening"), cases[i].recipient);
        outcome_destroy(&outcome);
    }
}

static void the_convener_decides(void **state)
{
    static const struct {
        const char *state, *decision, *category, *community, *group, *reason, *urgency;
        const char *error, *to_state, *to_group;
        int64_t places;
    } cases[] = {
        {"screening", "accept", "roads", "C1", "", "", "", "", "open", "G1", 2},
        {"screening", "accept", "water", "", "G1", "", "", "", "open", "G1", 3}, /* 0: the whole group */
        {"screening", "accept", "", "C2", "", "", "urgent", "", "open", "G2", 1},
        {"screening", "accept", "", "", "", "", "", "invalid", "", "", 0}, /* no group known */
        {"screening", "accept", "roads", "", "G9", "", "", "invalid", "", "", 0},
        {"screening", "accept", "nothing", "C1", "", "", "", "invalid", "", "", 0},
        {"screening", "accept", "roads", "C1", "", "", "soon", "invalid", "", "", 0},
        {"screening", "return", "", "", "", "", "", "invalid", "", "", 0}, /* without a reason */
        {"screening", "return", "", "", "", "属于法院受理", "", "", "returned", "", 0},
        {"screening", "perhaps", "", "", "", "", "", "invalid", "", "", 0},
        {"open", "accept", "roads", "C1", "", "", "", "state", "", "", 0},
        {"placed", "return", "", "", "", "x", "", "state", "", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD *order = make_order("请问", "", "", "");
        RECORD *message = record_new();
        record_set(order, F_STATE, cases[i].state);
        record_set(order, F_CATEGORY, "other");
        record_set(order, F_CLOCK, "handover");
        record_set(message, F_ACTOR, "convener:T1");
        record_set(message, F_DECISION, cases[i].decision);
        record_set(message, F_CATEGORY, cases[i].category);
        record_set(message, F_COMMUNITY, cases[i].community);
        record_set(message, F_GROUP, cases[i].group);
        record_set(message, F_REASON, cases[i].reason);
        if (*cases[i].urgency)
            record_set(message, F_URGENCY, cases[i].urgency);
        struct outcome *outcome = outcome_new();
        struct context context = fixture_context(county);
        handle_screen(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), cases[i].error);
        assert_string_equal(record_str(outcome_changed(outcome), F_STATE), cases[i].to_state);
        assert_string_equal(record_str(outcome_changed(outcome), F_GROUP), cases[i].to_group);
        assert_int_equal(record_int(outcome_changed(outcome), F_PLACES), cases[i].places);
        if (strcmp(cases[i].to_state, "returned") == 0)
            assert_string_equal(fixture_notified(outcome, "returned"), "resident");
        outcome_destroy(&outcome);
    }
}

static void the_convener_says_for_how_many_or_for_whom(void **state)
{
    static const struct {
        const char *weight, *members, *error, *weighs, *given;
        int64_t places;
    } cases[] = {{"", "", "", "simple", "", 2},
                 {"hard", "", "", "hard", "", 3}, /* the group has no more */
                 {"everybody", "", "", "everybody", "", 3},
                 {"", "M4 M1 M2", "", "simple", "M4 M1 M2", 3},
                 {"light", "", "invalid", "", "", 0},
                 {"", "M9", "invalid", "", "", 0},
                 {"", "M1 M1", "invalid", "", "", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RECORD *order = make_order("请问", "", "", "");
        RECORD *message = record_new();
        struct outcome *outcome = outcome_new();
        struct context context = fixture_context(county);
        record_set(order, F_STATE, STATE_SCREENING);
        record_set(order, F_CATEGORY, "roads");
        record_set(message, F_DECISION, "accept");
        record_set(message, F_GROUP, "G1");
        record_set(message, F_WEIGHT, cases[i].weight);
        record_set(message, F_MEMBERS, cases[i].members);
        handle_screen(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), cases[i].error);
        assert_string_equal(record_str(outcome_changed(outcome), F_WEIGHT), cases[i].weighs);
        assert_int_equal(record_int(outcome_changed(outcome), F_PLACES), cases[i].places);
        for (size_t k = 0; k < outcome_message_count(outcome); k++)
            if (outcome_message_type(outcome, k) == MSG_ORDER_OPENED)
                assert_string_equal(record_str(outcome_message(outcome, k), F_MEMBERS), cases[i].given);
        outcome_destroy(&outcome);
    }
}

static void a_return_has_a_reason_of_the_countys_list(void **state)
{
    static struct return_reason list[] = {{"court", "已进入诉讼程序", "县人民法院"}, {"other", "不属于协商的范围", ""}};
    static const struct {
        const char *code, *words, *return_to, *error, *reason, *told_to;
    } cases[] = {
        {"court", "", "", "", "已进入诉讼程序", "县人民法院"},
        {"court", "下月开庭", "石坪法庭", "", "已进入诉讼程序。下月开庭", "石坪法庭"},
        {"other", "", "", "", "不属于协商的范围", ""},
        {"", "下月开庭", "", "invalid", "", ""},
        {"nonsense", "", "", "invalid", "", ""},
    };
    char longest[1501] = "";
    (void)state;
    RECORD *order = make_order("请问", "", "", "");
    record_set(order, F_STATE, STATE_SCREENING);
    RECORD *message = record_new();
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "return");
    struct outcome *outcome = outcome_new();
    struct context context = fixture_context(county);
    county->reasons = list;
    county->reason_count = 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(message, F_REASON_CODE, cases[i].code);
        record_set(message, F_REASON, cases[i].words);
        record_set(message, F_RETURN_TO, cases[i].return_to);
        outcome_clear(outcome);
        handle_screen(&context, order, message, outcome);
        assert_string_equal(fixture_error(outcome), cases[i].error);
        assert_string_equal(record_str(outcome_changed(outcome), F_REASON), cases[i].reason);
        assert_string_equal(record_str(outcome_changed(outcome), F_RETURN_TO), cases[i].told_to);
    }
    for (size_t end = 0; end + 3 < sizeof longest;)
        end += (size_t)snprintf(longest + end, sizeof longest - end, "长");
    record_set(message, F_REASON_CODE, "court");
    record_set(message, F_REASON, longest); /* as long as a reason may be, without that of the list */
    outcome_clear(outcome);
    handle_screen(&context, order, message, outcome);
    assert_string_equal(fixture_error(outcome), "long");

    county->reason_count = 0; /* without a list words do, and no code is known */
    record_set(message, F_REASON, "下月开庭");
    outcome_clear(outcome);
    handle_screen(&context, order, message, outcome);
    assert_string_equal(fixture_error(outcome), "invalid");
    outcome_destroy(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(placed_orders_are_routed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_convener_of_the_town_screens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_convener_decides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_convener_says_for_how_many_or_for_whom, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_return_has_a_reason_of_the_countys_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
