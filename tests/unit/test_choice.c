// links: services/assignment
/*
 * test_choice.c - which members are chosen: by place, skill and load.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/job.h"
#include "common/text.h"

static void members_are_chosen_by_place_then_load(void **state)
{
    /* M2 and M3 know the community; M1 has nothing to do. */
    static const struct {
        const char *busy, *load, *claimed;
        int64_t places;
        const char *chosen;
    } cases[] = {
        {"M2", "5", "", 1, "M3"},       {"M3", "5", "", 1, "M2"},      {"M2", "0", "", 1, "M2"},
        {"M3", "1", "", 2, "M2 M3"},    {"M2", "9", "M1", 2, "M1 M3"}, {"M2", "9", "", 3, "M3 M2 M1"},
        {"M2", "9", "", 8, "M3 M2 M1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        redisReply name = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)cases[i].busy};
        redisReply load = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)cases[i].load};
        redisReply *elements[] = {&name, &load};
        redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements};
        struct aux aux[AUX_MAX] = {{&hash}};
        struct choice choice;
        context.aux = aux;
        choose(&context, order, cases[i].claimed, cases[i].places, &choice);
        assert_string_equal(choice.members, cases[i].chosen);
        context.aux = NULL;
    }
}

/* The same numbers below a bound in every run. */
static unsigned roll(unsigned *dice, unsigned bound)
{
    *dice = *dice * 1103515245 + 12345;
    return *dice / 65536 % bound;
}

/* Many orders of all places, categories and sizes, with nobody who claims: after each choice nobody was passed over. */
static void load_stays_even_where_place_and_skill_allow(void **state)
{
    enum { GROUP_SIZE = 12, ORDERS = 3000 };
    char table[4000] = "id,name,phone,group,communities,skills,leader\nM4,骆见微,10000004004,G2,,,yes\n",
         ids[GROUP_SIZE][16];
    const char *files[COUNTY_FILE_COUNT];
    struct county *crowd = NULL;
    int64_t loads[GROUP_SIZE] = {0};
    (void)state;
    /* Three of each kind: place and skill, place, skill, neither. */
    for (int i = 0; i < GROUP_SIZE; i++) {
        size_t length = strlen(table);
        snprintf(ids[i], sizeof ids[i], "A%02d", i);
        snprintf(table + length, sizeof table - length, "%s,某,100000050%02d,G1,%s,%s,\n", ids[i], i,
                 i / 3 % 2 ? "" : "C1", i / 6 ? "" : "roads");
    }
    memcpy(files, fixture_files, sizeof files);
    files[FILE_MEMBERS] = table;
    assert_int_equal(county_parse("990101", files, fixture_fault, NULL, &crowd), 0);
    context.county = crowd;
    unsigned dice = 7;
    for (int n = 0; n < ORDERS; n++) {
        redisReply cells[2 * GROUP_SIZE], *elements[2 * GROUP_SIZE];
        char numbers[GROUP_SIZE][24];
        for (size_t i = 0; i < GROUP_SIZE; i++) {
            snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)loads[i]);
            cells[2 * i] = (redisReply){.type = REDIS_REPLY_STRING, .str = ids[i]};
            cells[2 * i + 1] = (redisReply){.type = REDIS_REPLY_STRING, .str = numbers[i]};
            elements[2 * i] = &cells[2 * i];
            elements[2 * i + 1] = &cells[2 * i + 1];
        }
        redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = (size_t)2 * GROUP_SIZE, .element = elements};
        struct aux aux[AUX_MAX] = {{&hash}};
        struct choice choice;
        context.aux = aux;
        record_set(order, F_COMMUNITY, roll(&dice, 2) ? "C1" : "C2");
        record_set(order, F_CATEGORY, roll(&dice, 2) ? "roads" : "water");
        int64_t places = 1 + (int64_t)roll(&dice, 5);
        choose(&context, order, "", places, &choice);
        assert_int_equal(words_count(choice.chosen), places);
        for (int i = 0; i < GROUP_SIZE; i++)
            loads[i] += words_have(choice.chosen, ids[i]);
        for (size_t kind = 0; kind < 4; kind++) {
            int64_t *kin = &loads[3 * kind], least = kin[0], most = kin[0];
            for (int i = 1; i < 3; i++) {
                least = kin[i] < least ? kin[i] : least;
                most = kin[i] > most ? kin[i] : most;
            }
            assert_true(most - least <= 1);
        }
    }
    context.aux = NULL;
    context.county = county;
    county_destroy(&crowd);
}

static void a_choice_says_why(void **state)
{
    redisReply cells[] = {{.type = REDIS_REPLY_STRING, .str = (char[]){"M1"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"2"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"group:G1"}},
                          {.type = REDIS_REPLY_STRING, .str = (char[]){"7"}}};
    redisReply *elements[] = {&cells[0], &cells[1], &cells[2], &cells[3]};
    redisReply hash = {.type = REDIS_REPLY_ARRAY, .elements = 4, .element = elements};
    struct aux aux[AUX_MAX] = {{&hash}};
    (void)state;
    context.aux = aux;
    record_set_int(order, F_PLACES, 1);
    record_set(order, F_DECLINED, "M2");
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_string_equal(changed(F_MEMBERS), "M3");
    assert_string_equal(outcome->note, "chosen: M3 (place, load 0); not chosen: M1 (load 2), M2 (declined)");
    /* It counts only while nobody of the group was chosen meanwhile. */
    assert_string_equal(outcome->expected.field, "group:G1");
    assert_int_equal(outcome->expected.value, 7);
    assert_true(writes("HINCRBY", LOAD_KEY, "group:G1"));
    context.aux = NULL;
}

/* All are absent or have declined: the convener hears that, and it stays in the pool. */
static void where_nobody_can_take_it_the_convener_is_told(void **state)
{
    (void)state;
    record_set(order, F_DECLINED, "M1 M2 M3");
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "unfilled");
    assert_false(record_has(outcome_changed(outcome), F_STATE));
    assert_int_equal(record_int(outcome_changed(outcome), F_OPENED_AT), context.now);
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0")); /* so it is looked at again */
    assert_int_equal(outcome_message_count(outcome), 1);
    assert_string_equal(fixture_notified(outcome, "unfilled"), "convener:T1");
    apply();
    record_unset(message, F_CLOCK);
    record_set(message, F_MEMBER, "M2"); /* thinks better of it */
    handle(handle_claim);
    assert_string_equal(changed(F_MEMBERS), "M2");
}

static void more_members_than_can_be_recorded_are_not_chosen(void **state)
{
    char before[400];
    struct choice choice;
    (void)state;
    memset(before, 'x', sizeof before - 1); /* leaves no room for another */
    before[sizeof before - 1] = '\0';
    record_set(order, F_MEMBERS, before);
    choose(&context, order, before, 50, &choice);
    assert_string_equal(choice.members, before);
    assert_string_equal(choice.chosen, "");
    record_set(message, F_MEMBER, "M1");
    handle(handle_claim);
    assert_string_equal(fixture_error(outcome), "full");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_open, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(members_are_chosen_by_place_then_load),
        TEST(load_stays_even_where_place_and_skill_allow),
        TEST(a_choice_says_why),
        TEST(where_nobody_can_take_it_the_convener_is_told),
        TEST(more_members_than_can_be_recorded_are_not_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
