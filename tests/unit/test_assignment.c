// links: services/assignment
/*
 * test_assignment.c - claims, the choice by place and load, the lifecycle, the ladder.
 */
#include "tests/unit/assignment_fixture.h"

#include "common/job.h"
#include "common/text.h"

static int set_up(void **state)
{
    (void)state;
    begin(STATE_OPEN, 3, "handover");
    record_set(order, F_COMMUNITY, "C1");
    record_set_int(order, F_PLACES, 2);
    return county ? 0 : -1;
}

/* Whether the outcome writes this command, key and first or second argument. */
static bool writes(const char *command, const char *key, const char *argument)
{
    for (size_t i = 0; i < outcome->write_count; i++) {
        const struct write *write = &outcome->writes[i];
        if (strcmp(write->command, command) == 0 && write->key && strcmp(write->key, key) == 0 &&
            (strcmp(write->arguments[0], argument) == 0 ||
             (write->argument_count > 1 && strcmp(write->arguments[1], argument) == 0)))
            return true;
    }
    return false;
}

/* What the outcome decided becomes the order's new state. */
static void apply(void)
{
    record_copy_all(order, outcome_changed(outcome));
    record_set_int(order, F_VER, record_int(order, F_VER) + 1);
}

static void an_opened_order_asks_its_group(void **state)
{
    (void)state;
    handle(handle_opened);
    assert_string_equal(fixture_notified(outcome, "opened"), "group:G1");
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));
    assert_int_equal(record_count(outcome_changed(outcome)), 0);

    record_set_int(message, F_AT, fixture_now - 1000); /* since when it was opened anew, or given to another group */
    record_set_int(order, F_OPENED_AT, fixture_now);
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 0);
    record_set_int(message, F_AT, fixture_now);
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 1);

    record_set(order, F_STATE, STATE_ASSIGNED); /* claims were quicker than the message */
    handle(handle_opened);
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void members_claim_until_the_places_are_taken(void **state)
{
    (void)state;
    record_set(message, F_MEMBER, "M1");
    handle(handle_claim);
    assert_string_equal(changed(F_MEMBERS), "M1");
    assert_string_equal(changed(F_STATE), "");
    assert_string_equal(fixture_notified(outcome, "claimed"), "member:M1");
    assert_true(writes("HINCRBY", LOAD_KEY, "M1"));
    apply();

    handle(handle_claim); /* once more: no second place, no second load */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_int_equal(outcome->write_count, 0);

    record_set(message, F_MEMBER, "M2");
    handle(handle_claim);
    assert_string_equal(changed(F_MEMBERS), "M1 M2");
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_CLOCK), "answer");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), fixture_now + 7 * (int64_t)FIXTURE_DAY);
    assert_string_equal(fixture_notified(outcome, "assigned"), "member:M1 member:M2");
    assert_string_equal(fixture_notified(outcome, "assigned_resident"), "resident");
    assert_true(writes("ZREM", "clock", "990101-000123|handover|0"));
    assert_true(writes("ZREM", "clock", "990101-000123|claim|0"));
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();

    record_set(message, F_MEMBER, "M3");
    handle(handle_claim);
    assert_string_equal(fixture_error(outcome), "full");
    handle(handle_replied); /* by SMS the refusal is an SMS */
    assert_int_equal(outcome_verdict(outcome), VERDICT_OK);
    assert_string_equal(fixture_notified(outcome, "full"), "member:M3");
}

static void who_may_not_claim(void **state)
{
    static const struct {
        const char *state, *member, *error;
    } cases[] = {
        {STATE_OPEN, "M4", "forbidden"},  {STATE_OPEN, "M9", "invalid"}, {STATE_SCREENING, "M1", "state"},
        {STATE_CONSULTING, "M1", "full"}, {STATE_OPEN, "M1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record_set(order, F_STATE, cases[i].state);
        record_set(message, F_MEMBER, cases[i].member);
        handle(handle_claim);
        assert_string_equal(fixture_error(outcome), cases[i].error);
    }
}

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

static void the_claim_window_ends(void **state)
{
    (void)state;
    record_set(order, F_MEMBERS, "M1");
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M1 M2");
    assert_true(writes("HINCRBY", LOAD_KEY, "M2"));
    assert_false(writes("HINCRBY", LOAD_KEY, "M1"));
    apply();
    handle(handle_clock); /* a second instance saw the same entry */
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_int_equal(outcome_message_count(outcome), 0);
}

static void answers_and_ratings(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_CLOCK, "answer");

    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_DEPARTMENT, "D9");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_DEPARTMENT, "D1");
    record_set(message, F_ACTOR, "member:M3");
    handle(handle_handover);
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "member:M1");
    handle(handle_handover);
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_string_equal(fixture_notified(outcome, "handed_over"), "department:D1");
    apply();

    record_set(message, F_OUTCOME, "ignored");
    record_set(message, F_ANSWER, "已修好");
    handle(handle_answer);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_OUTCOME, "solved");
    handle(handle_answer);
    assert_string_equal(changed(F_STATE), STATE_ANSWERED);
    assert_string_equal(changed(F_CLOCK), "callback");
    assert_string_equal(fixture_notified(outcome, "answered"), "resident");
    apply();

    record_set(message, F_RATING, "satisfied");
    handle(handle_rate); /* M1 handled it */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "unreachable");
    handle(handle_rate);
    assert_string_equal(fixture_error(outcome), "invalid");

    record_set(message, F_RATING, "dissatisfied");
    handle(handle_rate);
    assert_string_equal(outcome_step_name(outcome), "reopened");
    assert_string_equal(changed(F_STATE), STATE_CONSULTING);
    assert_string_equal(changed(F_CLOCK), "answer");
    assert_string_equal(fixture_notified(outcome, "reopened"), "member:M1 member:M2 convener:T1 department:D1");
    apply();

    record_set(message, F_ACTOR, "member:M2");
    handle(handle_answer);
    apply();
    record_set(message, F_ACTOR, "resident");
    handle(handle_rate); /* dissatisfied again: the committee decides, nothing closes by itself */
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_string_equal(fixture_notified(outcome, "decide"), "committee:K1");
    assert_string_equal(changed(F_CLOCK), "handover");
    apply();
    record_set(message, F_CLOCK, "handover"); /* and is reminded */
    context.now = record_int(order, F_DUE);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "committee:K1");
    apply();
    record_set(message, F_CLOCK, "close");
    handle(handle_clock);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);

    record_set(message, F_ACTOR, "committee:K1");
    record_set(message, F_DECISION, "close");
    record_set(message, F_REASON, "已尽责");
    handle(handle_decide);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_true(record_has(outcome_changed(outcome), F_CLOCK) && *changed(F_CLOCK) == '\0');
    assert_true(writes("HINCRBY", LOAD_KEY, "M1"));
    assert_string_equal(fixture_notified(outcome, "closed"), "resident");
}

static void a_satisfied_resident_closes_the_order(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "callback");
    record_set(message, F_ACTOR, "resident");
    record_set(message, F_RATING, "basically");
    handle(handle_rate);
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_true(writes("ZADD", "clock", "990101-000123|close|0"));
    apply();
    record_set(message, F_CLOCK, "close");
    handle(handle_clock);
    assert_string_equal(changed(F_STATE), STATE_CLOSED);
    assert_int_equal(record_int(outcome_changed(outcome), F_CLOSED_AT), fixture_now);
}

static void three_calls_in_vain_end_the_callback(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_ANSWERED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "callback");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_RATING, "unreachable");
    record_set(order, F_PERSON, "p");
    handle(handle_rate); /* the resident is still being asked by SMS */
    assert_string_equal(fixture_error(outcome), "state");
    record_set_int(order, F_TO_CALL, 1);
    for (int try = 1; try <= 2; try++) {
        handle(handle_rate);
        assert_string_equal(changed(F_STATE), "");
        assert_int_equal(record_int(outcome_changed(outcome), F_TRIES), try);
        apply();
    }
    handle(handle_rate);
    assert_string_equal(changed(F_STATE), STATE_EVALUATED);
    assert_string_equal(changed(F_RATING), "unreachable");
}

static void each_rung_sounds_once(void **state)
{
    static const char *const told[][2] = {
        {"reminder", "member:M1"}, {"escalated", "convener:T1"}, {"escalated", "committee:K1"}, {"escalated", "chair"}};
    (void)state;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_CLOCK, "answer");
    for (int64_t rung = 0; rung < 4; rung++) {
        record_set_int(message, F_RUNG, rung);
        handle(handle_clock);
        assert_string_equal(fixture_notified(outcome, told[rung][0]), told[rung][1]);
        assert_int_equal(record_int(outcome_changed(outcome), F_RUNG), rung + 1);
        apply();
        handle(handle_clock); /* the same entry, seen by another instance */
        assert_int_equal(outcome_message_count(outcome), 0);
        assert_int_equal(record_count(outcome_changed(outcome)), 0);
    }
    record_set_int(message, F_RUNG, 4);
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);

    /* Nobody has it yet: the convener is reminded in the handlers' place. */
    record_set(order, F_STATE, STATE_SCREENING);
    record_set(order, F_MEMBERS, "");
    record_set_int(order, F_RUNG, 0);
    record_set_int(message, F_RUNG, 0);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "convener:T1");
}

static void no_rung_sounds_at_night(void **state)
{
    (void)state;
    county->work_start = 9 * 60;
    county->work_end = 17 * 60;
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_CLOCK, "answer");
    context.now = fixture_now + FIXTURE_DAY / 2; /* 22:00 */
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0")); /* put off until the morning */
}

/* An order whose answer clock of seven days began an hour ago. */
static void let_the_answer_clock_run(void)
{
    record_set(order, F_STATE, STATE_ASSIGNED);
    record_set(order, F_MEMBERS, "M1");
    record_set(order, F_CLOCK, "answer");
    record_set_int(order, F_CLOCK_AT, fixture_now - 3600000);
    record_set_int(order, F_DUE, fixture_now - 3600000 + 7 * (int64_t)FIXTURE_DAY);
    record_set(message, F_CLOCK, "answer");
    record_set_int(message, F_DUE, record_int(order, F_DUE));
}

static void a_changed_span_moves_the_deadline_once(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    handle(handle_check); /* nothing has changed: no step, no write */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome->write_count, 0);

    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_check);
    assert_string_equal(outcome_step_name(outcome), "deadline_moved");
    assert_string_equal(outcome->note, "2026-11-30T09:00:00+08:00 → 2026-12-02T09:00:00+08:00");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), fixture_now - 3600000 + 9 * (int64_t)FIXTURE_DAY);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();
    record_set_int(message, F_DUE, record_int(order, F_DUE));
    handle(handle_check); /* another instance sees the same revision */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome->write_count, 0);
}

/* An entry that comes due before anybody swept: it is moved, and sounds at its new moment alone. */
static void what_is_not_due_any_more_is_moved_and_not_sounded(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    context.now = record_int(order, F_DUE);
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_clock);
    assert_string_equal(outcome_step_name(outcome), "deadline_moved");
    assert_int_equal(outcome_message_count(outcome), 0);
    apply();
    context.now = record_int(order, F_DUE);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "reminder"), "member:M1");
    apply();

    /* What has sounded stays so; what is earlier now is overdue, and moving it would not help. */
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 8 * (int64_t)FIXTURE_DAY};
    record_set_int(message, F_RUNG, 1);
    handle(handle_clock);
    assert_string_equal(fixture_notified(outcome, "escalated"), "convener:T1");
}

static void other_entries_are_checked(void **state)
{
    (void)state;
    record_set_int(order, F_OPENED_AT, fixture_now);
    record_set(message, F_CLOCK, "claim");
    record_set_int(message, F_DUE, fixture_now + 3600000);
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
    county->clocks[0][CLOCK_CLAIM] = (struct span){.ms = 7200000};
    handle(handle_check); /* the claim window is no deadline of the order: no step */
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));

    let_the_answer_clock_run();
    record_set_int(message, F_DUE,
                   record_int(order, F_DUE) - 60000); /* the work hours moved only the moment to sound */
    handle(handle_check);
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    record_set_int(order, F_RUNG, 1); /* an entry that was overtaken meanwhile */
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
}

/* Another instance saw the entry when it was due, and hung until it had been set anew. */
static void what_was_set_anew_meanwhile_waits_for_its_own_time(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    handle(handle_clock); /* answered, rated badly, and reopened since */
    assert_null(outcome_step_name(outcome));
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));

    record_set(order, F_STATE, STATE_OPEN); /* and given to another group, which is being asked */
    record_set_int(order, F_OPENED_AT, fixture_now - 1000);
    record_set(message, F_CLOCK, "claim");
    handle(handle_clock);
    assert_null(outcome_step_name(outcome));
    assert_true(writes("ZADD", "clock", "990101-000123|claim|0"));
    assert_true(outcome->if_unchanged);
}

static void nothing_sounds_while_the_clock_is_paused(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    context.now = record_int(order, F_DUE);
    record_printf(order, F_PAUSES, "%lld-", (long long)fixture_now);
    handle(handle_clock);
    assert_int_equal(outcome_message_count(outcome), 0);
    assert_int_equal(record_count(outcome_changed(outcome)), 0);
    assert_true(writes("ZREM", "clock", "990101-000123|answer|0"));
    county->clocks[0][CLOCK_ANSWER] = (struct span){.ms = 9 * (int64_t)FIXTURE_DAY};
    handle(handle_check);
    assert_int_equal(outcome->write_count, 0);
}

static void more_time_is_asked_for_and_granted(void **state)
{
    static const struct {
        const char *actor, *reason;
        int64_t days;
        const char *error;
    } refused[] = {{"member:M3", "等材料", 5, "forbidden"},
                   {"member:M1", "", 5, "invalid"},
                   {"member:M1", "等材料", 0, "invalid"},
                   {"member:M1", "等材料", 31, "invalid"}};
    (void)state;
    let_the_answer_clock_run();
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(order, F_DEPARTMENT, "D1");
    record_set_int(order, F_HANDED_AT, fixture_now);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(message, F_ACTOR, refused[i].actor);
        record_set(message, F_REASON, refused[i].reason);
        record_set_int(message, F_DAYS, refused[i].days);
        handle(handle_extend);
        assert_string_equal(fixture_error(outcome), refused[i].error);
    }
    handle(handle_extend_decide); /* nobody has asked */
    assert_string_equal(fixture_error(outcome), "state");

    record_set_int(message, F_DAYS, 2);
    handle(handle_extend);
    assert_string_equal(outcome_step_name(outcome), "extension_asked");
    assert_string_equal(fixture_notified(outcome, "extension_asked"), "convener:T1");
    assert_false(record_has(outcome_changed(outcome), F_DUE));
    apply();
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "pending");

    record_set(message, F_DECISION, "grant");
    handle(handle_extend_decide); /* M1 has it */
    assert_string_equal(fixture_error(outcome), "forbidden");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "perhaps");
    handle(handle_extend_decide);
    assert_string_equal(fixture_error(outcome), "invalid");
    record_set(message, F_DECISION, "grant");
    handle(handle_extend_decide);
    assert_string_equal(outcome_step_name(outcome), "extension_granted");
    assert_string_equal(fixture_notified(outcome, "extended"), "member:M1 department:D1");
    assert_string_equal(fixture_notified(outcome, "extended_resident"), "resident");
    assert_int_equal(record_int(outcome_changed(outcome), F_DUE), record_int(order, F_DUE) + 2 * (int64_t)FIXTURE_DAY);
    assert_true(writes("ZADD", "clock", "990101-000123|answer|0"));
    apply();
    assert_int_equal(record_int(order, F_ASKED_DAYS), 0);
    assert_int_equal(record_int(order, F_EXTENDED), 2);
}

static void more_time_is_refused(void **state)
{
    (void)state;
    let_the_answer_clock_run();
    record_set(message, F_ACTOR, "member:M1");
    record_set(message, F_REASON, "等材料");
    record_set_int(message, F_DAYS, 2);
    handle(handle_extend);
    apply();
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_DECISION, "refuse");
    handle(handle_extend_decide);
    assert_string_equal(outcome_step_name(outcome), "extension_refused");
    assert_string_equal(fixture_notified(outcome, "extension_refused"), "member:M1");
    assert_null(fixture_notified(outcome, "extended_resident"));
    assert_false(record_has(outcome_changed(outcome), F_DUE));
    apply();

    context.now = record_int(order, F_DUE); /* it may be asked for again, but not when it is too late */
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "expired");
    context.now--;
    handle(handle_extend);
    assert_string_equal(fixture_error(outcome), "");
}

static void reassigning_moves_the_load(void **state)
{
    (void)state;
    record_set(order, F_STATE, STATE_CONSULTING);
    record_set(order, F_MEMBERS, "M1 M2");
    record_set(order, F_CLOCK, "answer");
    record_set(message, F_ACTOR, "convener:T1");
    record_set(message, F_MEMBERS, "M2 M4");
    record_set(message, F_REASON, "外出学习");
    handle(handle_reassign);
    assert_string_equal(changed(F_STATE), STATE_ASSIGNED);
    assert_string_equal(changed(F_MEMBERS), "M2 M4");
    assert_string_equal(changed(F_CLOCK), ""); /* the clock runs on */
    assert_true(writes("HINCRBY", LOAD_KEY, "M1") && writes("HINCRBY", LOAD_KEY, "M4"));
    assert_false(writes("HINCRBY", LOAD_KEY, "M2"));
    static const char *const refused[] = {"M2 M9", "M2 M4 M2", " "}; /* who is named twice would count twice as load */
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        record_set(message, F_MEMBERS, refused[i]);
        handle(handle_reassign);
        assert_string_equal(fixture_error(outcome), "invalid");
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_opened_order_asks_its_group),
        TEST(members_claim_until_the_places_are_taken),
        TEST(who_may_not_claim),
        TEST(members_are_chosen_by_place_then_load),
        TEST(load_stays_even_where_place_and_skill_allow),
        TEST(a_choice_says_why),
        TEST(more_members_than_can_be_recorded_are_not_chosen),
        TEST(the_claim_window_ends),
        TEST(answers_and_ratings),
        TEST(a_satisfied_resident_closes_the_order),
        TEST(three_calls_in_vain_end_the_callback),
        TEST(each_rung_sounds_once),
        TEST(no_rung_sounds_at_night),
        TEST(a_changed_span_moves_the_deadline_once),
        TEST(what_is_not_due_any_more_is_moved_and_not_sounded),
        TEST(other_entries_are_checked),
        TEST(what_was_set_anew_meanwhile_waits_for_its_own_time),
        TEST(nothing_sounds_while_the_clock_is_paused),
        TEST(more_time_is_asked_for_and_granted),
        TEST(more_time_is_refused),
        TEST(reassigning_moves_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
