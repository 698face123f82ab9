/*
 * test_archive_lists.c - what the archive answers: lists, updates, histories
 * and searches.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

static void test_search(void **state)
{
    (void)state;
    add_case(COUNTY "-000001", 1, "东门路灯不亮", "晚上七点以后，整条街漆黑。ＷＩＦＩ也坏了，电话１２３４５没人接");
    add_case(COUNTY "-000002", 2, "小区停水", "自来水停了三天，马路。灯光也暗，3号楼、4号楼都停水");
    add_case(COUNTY "-000003", 3, "Street Lamp 坏了", "Café 门口的 \"lamp\" OR 路牌; \xF0\xA0\xAE\xB7野家");
    static const struct {
        const char *words;
        const char *found; /* the last digits of their numbers, newest first */
    } rows[] = {
        {"路灯", "1"},
        {"停水", "2"},
        {"灯", "21"},
        {"水停", "2"},
        {"灯路", ""},
        {"坏了", "31"},
        {"停水 三天", "2"},
        {"停水　路灯", ""},
        {"路灯 漆黑", "1"},
        {"wifi", "1"},
        {"ＷiFi", "1"},
        {"12345", "1"},
        {"１２３４５没人", "1"},
        {"1234", ""},
        {"LAMP", "3"},
        {"ＬＡＭＰ", "3"},
        {"café", "3"},
        {"street 坏", "3"},
        {"3号楼、4号楼", "2"},
        {"3号楼4号楼", ""},
        {"路。灯", "2"},
        {"\xF0\xA0\xAE\xB7野家", "3"},
        {"已处理", "321"},
        {"", ""},
        {" ", ""},
        {"。！", ""},
        {"\"", ""},
        {"\uFE0F", ""},
        {"路灯 \uFE0F", "1"},
        {"路灯\"", "1"},
        {"路\"灯", "2"},
        {"路灯 OR 停水", ""},
        {"NOT 路灯", ""},
        {"title:路灯", ""},
        {"路*", "321"},
        {"NEAR(路 灯)", ""},
        {"\" OR title:停 \"", ""},
        {"'; DROP TABLE journal; --", ""},
        {"^路灯 + {", "1"},
        {"\xFF\xFE路灯", "1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct record *listing = search(rows[i].words);
        char found[4] = "", *end = found;
        for (char serial = '3'; serial >= '1'; serial--) {
            char order[] = COUNTY "-00000x";
            order[sizeof order - 2] = serial;
            for (size_t j = 0; j < record_rows(listing, F_ROWS); j++)
                if (record_is(record_row(listing, F_ROWS, j), F_ORDER, order))
                    *end++ = serial;
        }
        if (strcmp(found, rows[i].found) != 0)
            fail_msg("%s: found \"%s\", not \"%s\"", rows[i].words, found, rows[i].found);
        assert_int_equal(record_int(listing, F_TOTAL), record_rows(listing, F_ROWS));
    }
    const struct record *row = record_row(search("漆黑"), F_ROWS, 0);
    assert_string_equal(record_str(row, F_TITLE), "东门路灯不亮");
    assert_string_equal(record_str(row, F_DETAIL), "晚上七点以后，整条街漆黑。ＷＩＦＩ也坏了，电话１２３４５没人接");
    assert_string_equal(record_str(row, F_OUTCOME), "solved");
}

/* What a person may see is one of several things: their own orders, what their group may claim, their town's, ... */
static void test_lists_within(void **state)
{
    (void)state;
    static const struct {
        const char *order, *state, *group, *town, *members, *department, *assisting;
        bool handed_over;
    } orders[] = {
        {COUNTY "-000001", "open", "G1", "T1", "M1", "D1", "D3", false},
        {COUNTY "-000002", "assigned", "G1", "T1", "M2 M12", "D1", NULL, false},
        {COUNTY "-000003", "consulting", "G2", "T2", "M3", "D1", "D2 D3", true},
        {COUNTY "-000004", "screening", NULL, NULL, NULL, NULL, NULL, false},
        {COUNTY "-000005", "closed", "G2", "T2", "M1 M3", "D2", NULL, true},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        step(1, orders[i].state);
        record_set_int(message, F_PLACED_AT, (int64_t)i + 1);
        const struct {
            enum field field;
            const char *value;
        } values[] = {{F_GROUP, orders[i].group},
                      {F_TOWN, orders[i].town},
                      {F_MEMBERS, orders[i].members},
                      {F_DEPARTMENT, orders[i].department},
                      {F_ASSISTING, orders[i].assisting}};
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            if (values[k].value)
                record_set(message, values[k].field, values[k].value);
        if (orders[i].handed_over)
            record_set_int(message, F_HANDED_AT, 7);
        assert_int_equal(take_step(orders[i].order), VERDICT_OK);
    }
    static const struct {
        const char *within, *found; /* the last digits of their numbers, newest first */
    } rows[] = {
        {"member:M1", "51"},
        {"member:M2", "2"},
        {"member:M", ""},
        {"member:", ""},
        {"member:%", ""},
        {"pool:G1", "1"},
        {"pool:G2", ""},
        {"group:G1", "21"},
        {"group:G2", "53"},
        {"group:", ""},
        {"town:T2", "53"},
        {"town:", "4"},
        {"town:T1 town:", "421"},
        {"department:D1", "3"},
        {"department:D2", "53"},
        {"department:D3", "3"}, /* not of what is not handed over */
        {"department:", ""},
        {"committee:K1", ""},
        {"", ""},
        {"member:M3 pool:G1", "531"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[8] = "";
        record_clear(message);
        record_set(message, F_WITHIN, rows[i].within);
        const struct record *listing = ask(MSG_LIST_ORDERS);
        for (size_t k = 0; k < record_rows(listing, F_ROWS); k++)
            strncat(found, record_str(record_row(listing, F_ROWS, k), F_ORDER) + strlen(COUNTY "-00000"), 1);
        assert_string_equal(found, rows[i].found);
        assert_int_equal(record_int(listing, F_TOTAL), strlen(found));
    }
}

/* A call that named its actor is kept with who made it. */
static void test_who_named_the_actor_is_kept(void **state)
{
    (void)state;
    step(1, "placed");
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_VIA, "key:desk");
    assert_int_equal(take_step(ORDER), VERDICT_OK);
    const struct record *row = record_row(history(ORDER), F_ROWS, 0);
    assert_string_equal(record_str(row, F_ACTOR), "member:M1");
    assert_string_equal(record_str(row, F_VIA), "key:desk");
}

/* What is asked for in `message` is gone past: it now asks for what follows. */
static void next_part(enum message_type type)
{
    char place[65];
    const struct record *listing = ask(type);
    assert_true(record_has(listing, F_NEXT));
    snprintf(place, sizeof place, "%s", record_str(listing, F_NEXT));
    record_set(message, F_CURSOR, place);
}

static void test_search_ranks_pages_and_cuts(void **state)
{
    (void)state;
    char words[20000];
    for (size_t i = 0, end = 0; i < 400; i++)
        end += (size_t)snprintf(words + end, sizeof words - end, "%s",
                                i == 200 ? "噪音" : "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop ");
    add_case(COUNTY "-000001", 1, "其他", words);
    add_case(COUNTY "-000002", 2, "夜间噪音", "工地");
    const struct record *listing = search("噪音");
    assert_string_equal(record_str(record_row(listing, F_ROWS, 0), F_ORDER), COUNTY "-000002");
    record_clear(message);
    record_set(message, F_QUERY, "噪音");
    record_set_int(message, F_LIMIT, 1);
    next_part(MSG_SEARCH_CASES);
    listing = ask(MSG_SEARCH_CASES);
    assert_int_equal(record_int(listing, F_TOTAL), 2);
    assert_int_equal(record_rows(listing, F_ROWS), 1);
    assert_false(record_has(listing, F_NEXT));
    const struct record *row = record_row(listing, F_ROWS, 0);
    assert_string_equal(record_str(row, F_ORDER), COUNTY "-000001");
    assert_true(strstr(record_str(row, F_DETAIL), "噪音"));
    assert_int_equal(text_length(record_str(row, F_DETAIL), record_len(row, F_DETAIL)), field_info(F_DETAIL)->max);
}

static void test_history(void **state)
{
    (void)state;
    step(2, "answered");
    record_set(message, F_NOTE, "现场看过");
    record_set(message, F_ANSWER, "已修");
    take_step(ORDER);
    step(1, "placed");
    record_set(message, F_TITLE, "路灯");
    record_set_real(message, F_LAT, 29.5);
    record_set_int(message, F_PLACED_AT, 77);
    take_step(ORDER);
    static const struct {
        const char *state;
        int64_t at;
        const char *after;
    } sms[] = {
        {"accepted", 10, "accepted"},   {"unknown", 5, "accepted"},    {"unknown", 20, "unknown"},
        {"delivered", 15, "delivered"}, {"accepted", 99, "delivered"},
    };
    for (size_t i = 0; i < sizeof sms / sizeof *sms; i++) {
        record_clear(message);
        record_set(message, F_SMS, "S1");
        record_set(message, F_SMS_STATE, sms[i].state);
        record_set_int(message, F_AT, sms[i].at);
        record_set(message, F_RECIPIENT, "resident");
        record_set(message, F_TEMPLATE, "placed");
        assert_int_equal(take_as("s", MSG_SMS_SETTLED, COUNTY, ORDER), VERDICT_OK);
        const struct record *row = record_row(history(ORDER), F_ROWS, 2);
        assert_string_equal(record_str(row, F_SMS_STATE), sms[i].after);
    }
    const struct record *listing = history(ORDER);
    assert_int_equal(record_rows(listing, F_ROWS), 3);
    const struct record *first = record_row(listing, F_ROWS, 0), *second = record_row(listing, F_ROWS, 1);
    assert_int_equal(record_int(first, F_VER), 1);
    assert_string_equal(record_str(first, F_TITLE), "路灯");
    assert_true(record_real(first, F_LAT) > 29.4 && record_real(first, F_LAT) < 29.6);
    assert_int_equal(record_int(first, F_PLACED_AT), 77);
    assert_false(record_has(first, F_NOTE));
    assert_string_equal(record_str(second, F_NOTE), "现场看过");
    assert_string_equal(record_str(second, F_ACTOR), "clock");
    assert_string_equal(record_str(second, F_SERVICE), "assignment");
    assert_string_equal(record_str(second, F_STATE), "answered");
    assert_int_equal(record_int(second, F_AT), 200);
    assert_string_equal(record_str(record_row(listing, F_ROWS, 2), F_RECIPIENT), "resident");

    record_clear(message);
    record_set(message, F_ORDER, COUNTY "-000009");
    take_as("", MSG_READ_HISTORY, COUNTY, "");
    assert_refused("unknown");
}

/* What each order of the lists is, by its number, and how far it has come. */
static void describe(int i)
{
    record_set(message, F_CATEGORY, i % 3 ? "road" : "water");
    record_set(message, F_GROUP, i % 4 ? "G1" : "G'2");
    record_set(message, F_TOWN, i % 5 ? "T1" : "T2");
    if (i % 10 == 0)
        record_set_int(message, F_PUBLIC, 1);
    record_set(message, F_URGENCY, i % 8 ? "normal" : "urgent");
    record_set(message, F_TITLE, i % 12 ? "Lamp" : "路灯不亮");
    record_set(message, F_PLACE, "东门");
}

static void handle(int i)
{
    record_set(message, F_DEPARTMENT, i % 7 ? "D2" : "D1");
    record_set(message, F_ASSISTING, i % 9 ? "" : "D3 D4");
    record_set_int(message, F_HANDED_AT, i % 18 ? 7 : 0);
    record_set(message, F_MEMBERS, i % 2 ? "M1 M2" : "M12");
    record_set(message, F_CLOCK, i % 5 ? "answer" : "");
    record_set_int(message, F_DUE, i % 2 ? 1 : INT64_MAX);
    record_set(message, F_PAUSES, i % 3 ? "5-6" : "5-6 7-");
    record_set(message, F_OBJECTED, i % 20 ? "" : "D1");
    record_set_int(message, F_ASKED_DAYS, i % 20 == 10 ? 3 : 0);
}

static void fill_lists(void)
{
    for (int i = 1; i <= 120; i++) {
        char order[32];
        snprintf(order, sizeof order, COUNTY "-%06d", i);
        step(1, i % 2 ? "open" : "screening");
        record_set_int(message, F_PLACED_AT, i);
        describe(i);
        handle(i);
        assert_int_equal(take_step(order), VERDICT_OK);
    }
}

static void test_lists(void **state)
{
    (void)state;
    fill_lists();
    static const struct {
        enum field field;
        const char *text;
        int64_t number;
        int64_t total;
    } rows[] = {
        {F_STATES, "open", 0, 60},
        {F_STATES, "open screening", 0, 120},
        {F_STATES, "closed", 0, 0},
        {F_CATEGORIES, "water", 0, 40},
        {F_CATEGORIES, "water road", 0, 120},
        {F_GROUP, "G'2", 0, 30},
        {F_TOWN, "T2", 0, 24},
        {F_PUBLIC, NULL, 1, 12},
        {F_PUBLIC, NULL, 0, 108},
        {F_START, NULL, 101, 20},
        {F_END, NULL, 20, 20},
        {F_STATES, "') OR 1=1 --", 0, 0},
        {F_GROUP, "' OR '1'='1", 0, 0},
        {F_ORDERS, COUNTY "-000003", 0, 1},
        {F_DEPARTMENT, "D1", 0, 17},
        {F_ASSISTING, "D4", 0, 7},
        {F_ASSISTING, "D", 0, 0},
        {F_URGENCY, "urgent", 0, 15},
        {F_MEMBER, "M1", 0, 60},
        {F_MEMBER, "M", 0, 0},
        {F_QUERY, "路灯", 0, 10},
        {F_QUERY, "路灯 东门", 0, 10},
        {F_QUERY, "路灯 lamp", 0, 0},
        {F_QUERY, "LAMP", 0, 110},
        {F_QUERY, "%", 0, 0},
        {F_OVERDUE, NULL, 1, 32},
        {F_OVERDUE, NULL, 0, 88},
        {F_UNDECIDED, NULL, 1, 12},
        {F_UNDECIDED, NULL, 0, 108},
        {F_LIMIT, NULL, 5000, 120},
        {F_LIMIT, NULL, -1, 120},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_clear(message);
        if (rows[i].text)
            record_set(message, rows[i].field, rows[i].text);
        else
            record_set_int(message, rows[i].field, rows[i].number);
        assert_int_equal(record_int(ask(MSG_LIST_ORDERS), F_TOTAL), rows[i].total);
    }
    record_clear(message);
    record_set(message, F_STATES, "open");
    record_set(message, F_TOWN, "T1");
    record_set_int(message, F_START, 50);
    record_set_int(message, F_LIMIT, 1);
    next_part(MSG_LIST_ORDERS);
    record_set_int(message, F_LIMIT, 3);
    const struct record *listing = ask(MSG_LIST_ORDERS);
    assert_int_equal(record_int(listing, F_TOTAL), 28);
    assert_int_equal(record_rows(listing, F_ROWS), 3);
    assert_string_equal(record_str(record_row(listing, F_ROWS, 0), F_ORDER), COUNTY "-000117");
    assert_string_equal(record_str(record_row(listing, F_ROWS, 1), F_ORDER), COUNTY "-000113");
    record_clear(message);
    assert_int_equal(record_rows(ask(MSG_LIST_ORDERS), F_ROWS), 100);
}

/* An order that was placed at some time, all of them at few times, so that many have the same. */
static void add_order(int number, int64_t placed_at)
{
    char order[32];
    snprintf(order, sizeof order, COUNTY "-%06d", number);
    step(1, "open");
    record_set_int(message, F_PLACED_AT, placed_at);
    assert_int_equal(take_step(order), VERDICT_OK);
}

/* Whoever goes through a list part by part meets each order once, whatever comes in meanwhile. */
static void test_parts_of_a_list(void **state)
{
    (void)state;
    bool met[50] = {false};
    size_t count = 0;
    int64_t total = 0;
    for (int i = 1; i <= 47; i++)
        add_order(i, i / 10);
    record_clear(message);
    for (int part = 0, more = 1; more; part++) {
        record_set_int(message, F_LIMIT, 5);
        const struct record *listing = ask(MSG_LIST_ORDERS);
        total = record_int(listing, F_TOTAL);
        for (size_t i = 0; i < record_rows(listing, F_ROWS); i++) {
            long number = strtol(record_str(record_row(listing, F_ROWS, i), F_ORDER) + strlen(COUNTY "-"), NULL, 10);
            assert_in_range(number, 1, 47);
            assert_false(met[number]);
            met[number] = true;
            count++;
        }
        char place[65];
        snprintf(place, sizeof place, "%s", record_str(listing, F_NEXT));
        more = *place != '\0';
        add_order(100 + part, 5 + part);
        record_clear(message);
        record_set(message, F_CURSOR, place);
    }
    assert_int_equal(count, 47);
    assert_int_equal(total, 47 + 9);

    static const char *const no_places[] = {"x", "1", ".", "1x.990101-000001", "99999999999999999999.x", "-"};
    for (size_t i = 0; i < sizeof no_places / sizeof *no_places; i++) {
        static const enum message_type lists[] = {MSG_LIST_ORDERS, MSG_LIST_AUDIT};
        for (size_t k = 0; k < 2; k++) {
            record_clear(message);
            record_set(message, F_CURSOR, no_places[i]);
            take_as("", lists[k], COUNTY, "");
            assert_refused("invalid");
        }
    }
    record_clear(message);
    record_set(message, F_QUERY, "路灯");
    record_set(message, F_CURSOR, "-1");
    take_as("", MSG_SEARCH_CASES, COUNTY, "");
    assert_refused("invalid");
}

static void test_updates(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        char order[32];
        snprintf(order, sizeof order, COUNTY "-%06d", i);
        now = 1000L * i;
        step(1, "placed");
        record_set_int(message, F_PUBLIC, i == 2);
        assert_int_equal(take_step(order), VERDICT_OK);
    }
    now = 5000;
    step(2, "returned");
    record_set(message, F_REASON, "不适合协商");
    record_set(message, F_RETURN_TO, "12345");
    assert_int_equal(take_step(COUNTY "-000002"), VERDICT_OK);
    record_clear(message);
    record_set_int(message, F_START, 2000);
    record_set_int(message, F_END, 5000);
    const struct record *listing = ask(MSG_LIST_UPDATES);
    assert_int_equal(record_rows(listing, F_ROWS), 3);
    const struct record *last = record_row(listing, F_ROWS, 2);
    assert_string_equal(record_str(last, F_ORDER), COUNTY "-000002");
    assert_string_equal(record_str(last, F_REASON), "不适合协商");
    assert_string_equal(record_str(last, F_RETURN_TO), "12345");
    assert_int_equal(record_int(last, F_UPDATED_AT), 5000);
    record_set_int(message, F_PUBLIC, 1);
    listing = ask(MSG_LIST_UPDATES);
    assert_int_equal(record_rows(listing, F_ROWS), 2);
    assert_int_equal(record_int(record_row(listing, F_ROWS, 0), F_UPDATED_AT), 2000);
    record_set_int(message, F_LIMIT, 1);
    assert_int_equal(record_rows(ask(MSG_LIST_UPDATES), F_ROWS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lists_within), TEST(test_who_named_the_actor_is_kept),
        TEST(test_search),       TEST(test_search_ranks_pages_and_cuts),
        TEST(test_history),      TEST(test_lists),
        TEST(test_updates),      TEST(test_parts_of_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
