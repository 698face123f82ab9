/*
 * test_csv.c - what offices send, in pieces of every size.
 */
#include "common/alloc.h"
#include "common/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))
#define BYTES(literal) (literal), sizeof(literal) - 1

/* Rows as one readable text: "1[a|b] 2[c]", a fault as "3!why". */
struct trace {
    char text[4096];
    int stop_at_line;
};

static int note_row(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    struct trace *trace = arg;
    char *end = trace->text + strlen(trace->text);
    size_t room = sizeof trace->text - strlen(trace->text);

    if (error) {
        assert_int_equal(count, 0);
        snprintf(end, room, "%d!%s ", line, error);
        return 0;
    }
    int used = snprintf(end, room, "%d[", line);
    for (size_t i = 0; i < count; i++)
        used += snprintf(end + used, room - (size_t)used, "%s%s", i ? "|" : "", fields[i]);
    snprintf(end + used, room - (size_t)used, "] ");
    return line == trace->stop_at_line ? -7 : 0;
}

static const struct {
    const char *data;
    size_t size;
    const char *rows, *encoding;
} cases[] = {
    {BYTES(""), "", "UTF-8"},
    {BYTES("\n\r\n\r"), "", "UTF-8"},
    {BYTES("a,b\nc,d\n"), "1[a|b] 2[c|d] ", "UTF-8"},
    {BYTES("a,b\r\nc,d\r\n"), "1[a|b] 2[c|d] ", "UTF-8"},
    {BYTES("a,b\rc,d\r"), "1[a|b] 2[c|d] ", "UTF-8"},
    {BYTES("a,b\nc,d"), "1[a|b] 2[c|d] ", "UTF-8"}, /* no line end at the end */
    {BYTES("a,\n,b\n,\n"), "1[a|] 2[|b] 3[|] ", "UTF-8"},
    {BYTES("a\n\n\nb\n"), "1[a] 4[b] ", "UTF-8"},
    {BYTES("\"a,b\",\"c\"\"d\",\"\"\n"), "1[a,b|c\"d|] ", "UTF-8"},
    {BYTES("\"\"\n"), "1[] ", "UTF-8"},
    {BYTES("\"a\nb\",c\nd\n"), "1[a\nb|c] 3[d] ", "UTF-8"},
    {BYTES("\"a\r\nb\",c\r\nd\r\n"), "1[a\r\nb|c] 3[d] ", "UTF-8"},
    {BYTES("a \"b\" c,5\" d\n"), "1[a \"b\" c|5\" d] ", "UTF-8"}, /* quotes inside plain fields stay */
    {BYTES("\"a\"b,c\nd\n"), "1!text follows a closing quote 2[d] ", "UTF-8"},
    {BYTES("a\n\"b\nc\n"), "1[a] 2!a quote is opened and not closed before the end of the file ", "UTF-8"},
    {BYTES("a\n\"b\""), "1[a] 2[b] ", "UTF-8"},
    {BYTES("a\0b\nc\n\"d\0\"\ne\n"),
     "1!the row holds a NUL byte: save the file as UTF-8 or GB18030 2[c] "
     "3!the row holds a NUL byte: save the file as UTF-8 or GB18030 4[e] ",
     "UTF-8"},
    {BYTES("123456789012345678901234567890123456789\nb\n"), "1[123456789012345678901234567890123456789] 2[b] ",
     "UTF-8"}, /* 39 and the end: just fits */
    {BYTES("1234567890123456789012345678901234567890\nb\n"), "1!the row is too long (is a quote missing?) 2[b] ",
     "UTF-8"},
    {BYTES("\"123456789012345678901234567890\n123456789012345678901234567890\"\nb\n"),
     "1!the row is too long (is a quote missing?) 3[b] ", "UTF-8"},

    /* UTF-8 */
    {BYTES("标题,内容\n路灯,不亮\n"), "1[标题|内容] 2[路灯|不亮] ", "UTF-8"},
    {BYTES("\xEF\xBB\xBF标题,内容\n"), "1[标题|内容] ", "UTF-8"},
    {BYTES("\xEF\xBB\xBF\"a\",b\n"), "1[a|b] ", "UTF-8"}, /* a quote right behind the mark */
    {BYTES("\xEF\xBB\xBF"), "", "UTF-8"},
    {BYTES("a\n\xEF\xBB\xBF"
           "b\n"),
     "1[a] 2[\xEF\xBB\xBF"
     "b] ",
     "UTF-8"}, /* no mark unless in front */
    {BYTES("a\n路灯\n\xC2\xB7\xB5\xC6\nb\n"), "1[a] 2[路灯] 3!the row is not valid UTF-8 4[b] ", "UTF-8"},
    {BYTES("\xEF\xBB\xBF"
           "a\n\xC2\xB7\xB5\xC6\n"),
     "1[a] 2!the row is not valid UTF-8 ", "UTF-8"},

    /* GB18030: 路灯 is C2B7 B5C6, 不亮 B2BB C1C1, 㐀 (four bytes) 8139EE39 */
    {BYTES("id,\xC2\xB7\xB5\xC6\n1,\xB2\xBB\xC1\xC1\n"), "1[id|路灯] 2[1|不亮] ", "GB18030"},
    {BYTES("id,text\n1,\"\xC2\xB7,\n\xB5\xC6\"\n"), "1[id|text] 2[1|路,\n灯] ", "GB18030"},
    {BYTES("\x81\x39\xEE\x39,\xB2\xBB\xC1\xC1\n"), "1[㐀|不亮] ", "GB18030"},
    {BYTES("\xC2\xB7\xB5\xC6\n\xFF\xFF\nb\n"), "1[路灯] 2!the row is not valid GB18030 3[b] ", "GB18030"},
    {BYTES("\xC2\xB7\xB5\n\xC2\xB7\xB5\xC6\n"), /* half a character tells nothing: the next row decides */
     "1!the row is neither valid UTF-8 nor valid GB18030 2[路灯] ", "GB18030"},
};

static void rows_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
            struct trace trace = {.text = ""};
            struct csv *csv = csv_new(40, note_row, &trace);
            for (size_t at = 0; at < cases[i].size; at += pieces[p]) {
                size_t left = cases[i].size - at;
                size_t size = left < pieces[p] ? left : pieces[p];
                char *piece = memcpy(xmalloc(size), cases[i].data + at, size); /* its end is watched by ASan */
                assert_int_equal(csv_feed(csv, piece, size), 0);
                free(piece);
            }
            assert_int_equal(csv_finish(csv), 0);
            assert_string_equal(trace.text, cases[i].rows);
            assert_string_equal(csv_encoding(csv), cases[i].encoding);
            csv_destroy(&csv);
            assert_null(csv);
        }
    }
}

static void the_row_function_stops_the_reading(void **state)
{
    struct trace trace = {.stop_at_line = 2};
    struct csv *csv = csv_new(40, note_row, &trace);

    (void)state;
    assert_int_equal(csv_feed(csv, BYTES("a\nb\nc\n")), -7);
    assert_string_equal(trace.text, "1[a] 2[b] ");
    csv_destroy(&csv);

    trace = (struct trace){.stop_at_line = 2};
    csv = csv_new(40, note_row, &trace);
    assert_int_equal(csv_feed(csv, BYTES("a\nb")), 0);
    assert_int_equal(csv_finish(csv), -7);
    csv_destroy(&csv);
    csv_destroy(&csv);
}

static int count_rows(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    size_t *rows = arg;

    assert_true(error || (line == (int)*rows + 1 && count == 3 && strlen(fields[1]) == 30000));
    ++*rows;
    return 0;
}

static void long_rows_grow_the_buffer(void **state)
{
    size_t rows = 0;
    struct csv *csv = csv_new(100000, count_rows, &rows);
    AUTOFREE char *field = xmalloc(20000);

    (void)state;
    for (size_t i = 0; i < 20000; i++)
        field[i] = "\xB2\xBB"[i % 2]; /* 10000 characters, 30000 bytes of UTF-8 */
    for (int i = 0; i < 5; i++) {
        csv_feed(csv, BYTES("id,"));
        csv_feed(csv, field, 20000);
        csv_feed(csv, BYTES(",end\n"));
    }
    csv_finish(csv);
    assert_int_equal(rows, 5);
    csv_destroy(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_pieces),
        cmocka_unit_test(the_row_function_stops_the_reading),
        cmocka_unit_test(long_rows_grow_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
