// links: services/intake
/*
 * How many orders are let in: nobody is turned away without need, and what is let in follows what can be handled.
 */
#include "services/intake/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ADJUST_MS = 250 };

/* A stretch of ms: `demand` orders a second ask, `capacity` are handled; the backlog carries over. Returns those let
 * in. */
struct plant {
    struct admission admission;
    int64_t now;
    double backlog, asked; /* orders; fractions carry over */
};

static int run(struct plant *plant, int64_t ms, double demand, double capacity, int64_t *ret_worst)
{
    int let_in = 0;
    for (int64_t end = plant->now + ms; plant->now < end; plant->now++) {
        plant->asked += demand / 1e3;
        while (plant->asked >= 1) {
            plant->asked -= 1;
            bool taken = admission_take(&plant->admission, plant->now);
            let_in += taken;
            plant->backlog += taken;
        }
        plant->backlog -= capacity / 1e3;
        plant->backlog = plant->backlog > 0 ? plant->backlog : 0;
        int64_t behind = (int64_t)(plant->backlog / capacity * 1e3);
        if (ret_worst && behind > *ret_worst)
            *ret_worst = behind;
        if (plant->now % ADJUST_MS == 0)
            admission_adjust(&plant->admission, plant->now, behind);
    }
    return let_in;
}

static struct plant fresh(void)
{
    struct plant plant = {.now = 1000};
    admission_init(&plant.admission, plant.now);
    return plant;
}

static void ordinary_load_is_let_in(void **state)
{
    (void)state;
    struct plant plant = fresh();
    assert_in_range(run(&plant, 60000, 50, 300, NULL), 2999, 3001);
}

static void a_burst_after_silence_is_let_in(void **state)
{
    (void)state;
    struct plant plant = fresh();
    run(&plant, 60000, 0, 300, NULL);
    int taken = 0;
    while (admission_take(&plant.admission, plant.now))
        taken++;
    assert_int_equal(taken, ADMISSION_START / 2);
}

static void overload_is_turned_away_and_the_rest_handled_in_time(void **state)
{
    (void)state;
    struct plant plant = fresh();
    run(&plant, 20000, 6000, 300, NULL); /* the capacity is found */
    int64_t worst = 0;
    int let_in = run(&plant, 60000, 6000, 300, &worst);
    assert_in_range(let_in, 60 * 300 * 6 / 10, 61 * 300);
    assert_in_range(worst, 1, 2000);
}

static void finding_the_capacity_does_not_pile_up_work(void **state)
{
    (void)state;
    struct plant plant = fresh();
    int64_t worst = 0;
    run(&plant, 60000, 6000, 150, &worst);
    assert_in_range(worst, 1, 4000);
}

static void a_fast_machine_is_used(void **state)
{
    (void)state;
    struct plant plant = fresh();
    run(&plant, 60000, 20000, 10000, NULL);
    assert_in_range(run(&plant, 10000, 20000, 10000, NULL), 60000, 110000);
}

static void it_recovers_at_once(void **state)
{
    (void)state;
    struct plant plant = fresh();
    run(&plant, 60000, 6000, 300, NULL);
    run(&plant, 5000, 0, 300, NULL);
    assert_in_range(run(&plant, 5000, 50, 300, NULL), 249, 251);
}

static void somebody_gets_in_however_far_behind(void **state)
{
    (void)state;
    struct plant plant = fresh();
    int let_in = 0;
    for (int64_t end = plant.now + 60000; plant.now < end; plant.now++) {
        let_in += admission_take(&plant.admission, plant.now);
        if (plant.now % ADJUST_MS == 0)
            admission_adjust(&plant.admission, plant.now, 3600000);
    }
    assert_in_range(let_in, 59 * ADMISSION_MIN, 80 * ADMISSION_MIN);
}

static void an_import_waits_for_what_it_took_ahead(void **state)
{
    (void)state;
    struct plant plant = fresh();
    assert_int_equal(admission_wait(&plant.admission, plant.now), 0);
    for (int i = 0; i < 2 * ADMISSION_START; i++)
        admission_charge(&plant.admission, plant.now);
    int64_t wait = admission_wait(&plant.admission, plant.now);
    assert_in_range(wait, 1400, 1600);
    assert_int_equal(admission_wait(&plant.admission, plant.now + wait), 0);
    /* and a resident does not notice */
    assert_true(admission_take(&plant.admission, plant.now + wait));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_load_is_let_in),
        cmocka_unit_test(a_burst_after_silence_is_let_in),
        cmocka_unit_test(overload_is_turned_away_and_the_rest_handled_in_time),
        cmocka_unit_test(finding_the_capacity_does_not_pile_up_work),
        cmocka_unit_test(a_fast_machine_is_used),
        cmocka_unit_test(it_recovers_at_once),
        cmocka_unit_test(somebody_gets_in_however_far_behind),
        cmocka_unit_test(an_import_waits_for_what_it_took_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
