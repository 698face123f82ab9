/*
 * test_text.c - lengths, word lists, numbers, ids, the time; and the arena.
 */
#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))

static void lengths(void **state)
{
    static const struct {
        const char *text;
        size_t bytes, length;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"群众点单", 12, 4},
        {"𠮷a", 5, 2},
        {"a\0b", 3, SIZE_MAX},
        {"\xff", 1, SIZE_MAX},
        {"\xe7\xbe", 2, SIZE_MAX},         /* cut in the middle */
        {"\xc0\x80", 2, SIZE_MAX},         /* NUL, written too long */
        {"\xed\xa0\x80", 3, SIZE_MAX},     /* half a surrogate */
        {"\xf4\x90\x80\x80", 4, SIZE_MAX}, /* behind the last character */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_length(cases[i].text, cases[i].bytes), cases[i].length);
}

static void cut_characters(void **state)
{
    static const struct {
        const char *text, *mended;
    } cases[] = {
        {"", ""},         {"abc", "abc"},         {"群众", "群众"}, {"群\xe4\xbc", "群"},
        {"群\xe4", "群"}, {"a\xf0\xa0\xae", "a"}, {"\xf0\xa0", ""}, {"é", "é"},
        {"a\xc3", "a"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[20];
        snprintf(text, sizeof text, "%s", cases[i].text);
        text_mend_end(text);
        assert_string_equal(text, cases[i].mended);
    }
    char text[] = "ab群众é";
    text_cut(text, 5);
    assert_string_equal(text, "ab群众é");
    text_cut(text, 3);
    assert_string_equal(text, "ab群");
    text_cut(text, 0);
    assert_string_equal(text, "");
}

static void word_lists(void **state)
{
    static const struct {
        const char *words, *word;
        bool has;
        size_t count;
    } cases[] = {
        {"", "a", false, 0},           {"a", "a", true, 1},   {"ab", "a", false, 1},
        {"b a", "a", true, 2},         {"a b", "a", true, 2}, {"  b  a  ", "a", true, 2},
        {"ba ab aa", "a", false, 3},   {"a", "", false, 1},   {"路灯 不亮", "不亮", true, 2},
        {"路灯 不亮", "不", false, 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(words_have(cases[i].words, cases[i].word), cases[i].has);
        assert_int_equal(words_count(cases[i].words), cases[i].count);
    }
}

static void words_one_by_one(void **state)
{
    const char *cursor = "  C1 C2   longer ";
    char word[5];

    (void)state;
    assert_true(words_next(&cursor, word, sizeof word));
    assert_string_equal(word, "C1");
    assert_true(words_next(&cursor, word, sizeof word));
    assert_string_equal(word, "C2");
    assert_true(words_next(&cursor, word, sizeof word));
    assert_string_equal(word, "long");
    assert_false(words_next(&cursor, word, sizeof word));
    assert_false(words_next(&cursor, word, sizeof word));
}

static void mobiles(void **state)
{
    static const struct {
        const char *text;
        bool mobile;
    } cases[] = {
        {"10000000001", true},
        {"1000000000", false},
        {"100000000012", false},
        {"20000000001", false},
        {"1000000000a", false},
        {" 10000000001", false},
        {"", false},
        {"１0000000001", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(is_mobile(cases[i].text), cases[i].mobile);
}

static void whole_numbers(void **state)
{
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } cases[] = {
        {"0", 0, 0},         {"42", 0, 42},       {"-7", 0, -7},       {"007", 0, 7},
        {"100", 0, 100},     {"101", -ERANGE, 0}, {"-11", -ERANGE, 0}, {"99999999999999999999", -ERANGE, 0},
        {"", -EINVAL, 0},    {"-", -EINVAL, 0},   {"+1", -EINVAL, 0},  {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},  {"1.0", -EINVAL, 0}, {"0x1", -EINVAL, 0}, {"１", -EINVAL, 0},
        {"--1", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t value = 12345;
        assert_int_equal(parse_int(cases[i].text, -10, 100, &value), cases[i].result);
        assert_int_equal(value, cases[i].result ? 12345 : cases[i].value);
    }
}

static void real_numbers(void **state)
{
    static const struct {
        const char *text;
        int result;
        double value;
    } cases[] = {
        {"0", 0, 0},           {"0.5", 0, 0.5},     {"-1", 0, -1},         {".25", 0, 0.25},    {"1e1", 0, 10},
        {"10.01", -ERANGE, 0}, {"-2", -ERANGE, 0},  {"1e999", -ERANGE, 0}, {"", -EINVAL, 0},    {"nan", -EINVAL, 0},
        {"inf", -EINVAL, 0},   {"0x1", -EINVAL, 0}, {" 1", -EINVAL, 0},    {"1,5", -EINVAL, 0}, {"1.2.3", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        double value = 12345;
        assert_int_equal(parse_real(cases[i].text, -1, 10, &value), cases[i].result);
        assert_true(value == (cases[i].result ? 12345 : cases[i].value));
    }
}

static void ids(void **state)
{
    char first[ID_SIZE], second[ID_SIZE];
    int64_t before = now_ms();
    unsigned long long time = 0;

    (void)state;
    make_id(first);
    make_id(second);
    assert_int_equal(strlen(first), ID_SIZE - 1);
    assert_int_equal(strspn(first, "0123456789abcdef"), ID_SIZE - 1);
    assert_string_not_equal(first, second);
    assert_true(memcmp(first, second, 12) <= 0);
    assert_int_equal(sscanf(first, "%12llx", &time), 1);
    assert_true((int64_t)time >= before && (int64_t)time <= now_ms());
}

/* Whether now_ms() is this, but for the moments that the test itself takes. */
static bool it_is(int64_t expected)
{
    return now_ms() >= expected && now_ms() < expected + 5000;
}

static void the_time_follows_another_clock(void **state)
{
    const int64_t nine_minutes = 540000, day = 86400000;
    int64_t theirs = now_ms() + day;
    (void)state;
    /* The first time however far it is from the host's. */
    assert_int_equal(now_follow(theirs, 1), 0);
    assert_true(it_is(theirs));
    /* What is less than the uncertainty tells nothing. */
    assert_int_equal(now_follow(theirs + nine_minutes, nine_minutes + 1000), 0);
    assert_true(it_is(theirs));
    assert_int_equal(now_follow(theirs + nine_minutes, 1), 0);
    assert_true(it_is(theirs + nine_minutes));
    assert_int_equal(now_follow(theirs, 1), 0);
    assert_true(it_is(theirs));
    /* A jump is told and not followed, forth or back. */
    assert_in_range(now_follow(theirs + day, 1), day - 5000, day);
    assert_in_range(-now_follow(theirs - day, 1), day, day + 5000);
    assert_true(it_is(theirs));
}

static void arenas(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t size = 0; size < 100; size++) {
        unsigned char *memory = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        if (size)
            memset(memory, 0xff, size);
    }
    assert_string_equal(arena_strdup(arena, "归单"), "归单");
    arena_destroy(&arena);
    assert_null(arena);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(cut_characters),
        cmocka_unit_test(word_lists),
        cmocka_unit_test(words_one_by_one),
        cmocka_unit_test(mobiles),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(real_numbers),
        cmocka_unit_test(ids),
        cmocka_unit_test(the_time_follows_another_clock),
        cmocka_unit_test(arenas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
