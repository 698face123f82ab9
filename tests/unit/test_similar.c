/*
 * test_similar.c - orders that may be the same matter: which, in which order, and why.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

/* Places an order on a day. */
static void place(int serial, const char *state, int day, const char *person, const char *title, const char *text)
{
    char order[ORDER_ID_SIZE];
    order_id(order, COUNTY, serial);
    step(1, state);
    record_set(message, F_TITLE, title);
    record_set(message, F_TEXT, text);
    record_set(message, F_GROUP, serial % 2 ? "G1" : "G2");
    record_set(message, F_CONTACT, "sealed");
    record_set(message, F_PERSON, person);
    record_set_int(message, F_PLACED_AT, INT64_C(86400000) * day);
    assert_int_equal(take_step(order), VERDICT_OK);
}

static const struct record *similar(const char *order, const char *states)
{
    record_clear(message);
    record_set(message, F_ORDER, order);
    record_set(message, F_STATES, states);
    return ask(MSG_FIND_SIMILAR);
}

/* The last digits of the orders found, the likest first. */
static const char *found(const struct record *listing)
{
    static char digits[20];
    size_t count = record_rows(listing, F_ROWS);
    for (size_t i = 0; i < count; i++)
        digits[i] = record_str(record_row(listing, F_ROWS, i), F_ORDER)[12];
    digits[count] = '\0';
    return digits;
}

static void fill(void)
{
    place(1, "open", 100, "a", "东门小区路灯不亮", "东门小区三栋门口的路灯坏了半个月，晚上看不见路。");
    place(2, "open", 101, "b", "东门小区三栋路灯坏了", "三栋门口路灯不亮，老人晚上出门看不见路。");
    place(3, "assigned", 130, "c", "路灯不亮", "东门小区三栋门口的路灯还是不亮。");
    place(4, "closed", 90, "d", "东门小区三栋的路灯不亮", "三栋门口的路灯坏了。");
    place(5, "open", 100, "e", "小学门口堵车", "每天早上实验小学门口堵车，请交警来疏导。");
    place(6, "open", 100, "f", "广场舞噪音太大", "滨河公园晚上跳广场舞，吵得睡不着。");
    place(7, "open", 100, "g", "自来水发黄", "新苑小区的自来水发黄，有异味。");
}

/* What is not placed yet is compared with orders of its community, and with those of its town that are public. */
static void nearby_are_those_of_the_community_and_public_ones_of_the_town(void **state)
{
    static const struct {
        const char *community, *town;
        int public;
        const char *found;
    } cases[] = {{"C1", "T1", 0, "12"}, {"C2", "T1", 0, "2"}, {"C1", "T1", 1, "2"}, {"C3", "T2", 0, "3"}};
    (void)state;
    for (int serial = 1; serial <= 3; serial++) {
        char order[ORDER_ID_SIZE];
        order_id(order, COUNTY, serial);
        step(1, "open");
        record_set(message, F_TITLE, "东门小区路灯不亮");
        record_set(message, F_COMMUNITY, serial == 1 ? "C1" : serial == 2 ? "C9" : "C3");
        record_set(message, F_TOWN, serial == 3 ? "T2" : "T1");
        record_set_int(message, F_PUBLIC, serial == 2);
        record_set_int(message, F_PLACED_AT, now_ms() - serial * INT64_C(86400000));
        assert_int_equal(take_step(order), VERDICT_OK);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_clear(message);
        record_set(message, F_TITLE, "东门小区的路灯不亮");
        record_set(message, F_COMMUNITY, cases[i].community);
        record_set(message, F_TOWN, cases[i].town);
        record_set_int(message, F_PUBLIC, cases[i].public);
        record_set(message, F_STATES, "open");
        assert_string_equal(found(ask(MSG_FIND_ALIKE)), cases[i].found);
    }
}

static void the_likest_come_first_with_what_they_share(void **state)
{
    (void)state;
    fill();
    const struct record *listing = similar(ORDER, "open assigned");
    assert_string_equal(found(listing), "23");
    const struct record *row = record_row(listing, F_ROWS, 0);
    assert_true(record_real(row, F_SCORE) > 0.8 && record_real(row, F_SCORE) <= 1);
    assert_true(words_have(record_str(row, F_SHARED), "东门小区"));
    assert_true(words_have(record_str(row, F_SHARED), "晚上看不见路") || strstr(record_str(row, F_SHARED), "看不见路"));
    assert_false(record_has(row, F_TEXT));
    assert_string_equal(record_str(row, F_STATE), "open");

    assert_string_equal(found(similar(ORDER, "closed")), "4");
    assert_string_equal(found(similar(COUNTY "-000005", "open assigned closed")), "");
}

static void one_person_and_one_day_make_it_likelier(void **state)
{
    (void)state;
    fill();
    place(8, "open", 100, "a", "路灯", "请修路灯");
    double stranger = 0, same = 0;
    for (int i = 0; i < 2; i++) {
        const struct record *listing = similar(ORDER, "open");
        for (size_t k = 0; k < record_rows(listing, F_ROWS); k++) {
            const struct record *row = record_row(listing, F_ROWS, k);
            if (!record_is(row, F_ORDER, i == 0 ? COUNTY "-000008" : COUNTY "-000009"))
                continue;
            *(i == 0 ? &same : &stranger) = record_real(row, F_SCORE);
            assert_int_equal(record_int(row, F_SAME_PERSON), i == 0);
        }
        place(9, "open", 100, "z", "路灯", "请修路灯");
    }
    assert_true(stranger > 0 && same > stranger + 0.1);
    place(10, "open", 100, "a", "电梯", "停了三天"); /* nothing in common but who placed it */
    assert_null(strchr(found(similar(ORDER, "open")), '0'));
}

static void only_what_may_be_seen_is_found(void **state)
{
    (void)state;
    fill();
    record_clear(message);
    record_set(message, F_ORDER, ORDER);
    record_set(message, F_STATES, "open assigned closed");
    record_set(message, F_WITHIN, "group:G2");
    assert_string_equal(found(ask(MSG_FIND_SIMILAR)), "42");
    record_clear(message);
    record_set(message, F_ORDER, ORDER);
    record_set(message, F_STATES, "open assigned closed");
    record_set_int(message, F_LIMIT, 1);
    assert_string_equal(found(ask(MSG_FIND_SIMILAR)), "4");
}

/* Closes an order that is there, as its resident rated it. */
static void rate(int serial, const char *rating)
{
    char order[ORDER_ID_SIZE];
    order_id(order, COUNTY, serial);
    step(2, "closed");
    record_set(message, F_OUTCOME, "solved");
    record_set(message, F_ANSWER, "路灯修好了");
    record_set(message, F_RATING, rating);
    assert_int_equal(take_step(order), VERDICT_OK);
}

static const struct record *precedents(const char *within)
{
    record_clear(message);
    record_set(message, F_ORDER, ORDER);
    if (within)
        record_set(message, F_WITHIN, within);
    return ask(MSG_FIND_PRECEDENTS);
}

static void of_precedents_that_are_equally_alike_the_better_rated_come_first(void **state)
{
    static const char *const ratings[] = {"dissatisfied", "unreachable", "satisfied", "basically"};
    (void)state;
    place(1, "open", 100, "a", "东门小区路灯不亮", "东门小区三栋门口的路灯坏了半个月，晚上看不见路。");
    for (int i = 0; i < 4; i++) {
        place(2 + i, "evaluated", 100, "b", "东门小区路灯不亮", "东门小区三栋门口的路灯坏了半个月，晚上看不见路。");
        rate(2 + i, ratings[i]);
    }
    place(6, "evaluated", 50, "c", "照明", "东门小区三栋门口的路灯坏了");
    rate(6, "satisfied");
    const struct record *listing = precedents(NULL), *row = record_row(listing, F_ROWS, 0);
    assert_string_equal(found(listing), "45326");
    assert_string_equal(record_str(row, F_OUTCOME), "solved");
    assert_string_equal(record_str(row, F_ANSWER), "路灯修好了");
    assert_true(words_have(record_str(row, F_SHARED), "东门小区路灯不亮"));
    assert_false(record_has(row, F_SAME_PERSON) || record_has(row, F_TEXT));
    assert_string_equal(found(precedents("group:G2")), "426");
    assert_string_equal(found(precedents("group:G9")), "");
}

static void odd_texts_do_no_harm(void **state)
{
    (void)state;
    static const char *const odd[] = {"", "路", "。。。", "\xF0\xA0\xAE\xB7", "a b c", "路灯路灯路灯路灯路灯路灯"};
    fill();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
            char order[ORDER_ID_SIZE];
            int serial = 10 + (int)(i * 10 + k);
            order_id(order, COUNTY, serial);
            place(serial, "open", 1, "", odd[i], odd[k]);
            const struct record *listing = similar(order, "open assigned closed");
            for (size_t n = 0; n < record_rows(listing, F_ROWS); n++)
                assert_true(record_real(record_row(listing, F_ROWS, n), F_SCORE) <= 1);
        }
    similar(COUNTY "-000999", "open"); /* none such */
    assert_string_equal(found(similar(ORDER, "nonsense")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_likest_come_first_with_what_they_share),
        TEST(one_person_and_one_day_make_it_likelier),
        TEST(only_what_may_be_seen_is_found),
        TEST(nearby_are_those_of_the_community_and_public_ones_of_the_town),
        TEST(of_precedents_that_are_equally_alike_the_better_rated_come_first),
        TEST(odd_texts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
