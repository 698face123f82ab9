/*
 * order.c - one order as it stands, and what happened to it.
 *
 * The present comes from Redis, as long as the order is open; the history
 * from the archive, which is asked even when Redis no longer has the order.
 * Names and phone numbers stay masked: whoever handles the order sees them
 * in its pages, where the look is recorded.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "common/commit.h"
#include "common/order.h"
#include "common/story.h"
#include "common/text.h"

#include <string.h>

/* The order's present fields; null when it is not in Redis. county: NULL when it cannot be read. NULL after saying why
 * not. */
static json_t *present(struct ctl *ctl, const struct county *county, const char *id)
{
    char of[7];
    matter_parse(id, of, NULL, NULL);
    order_append_load(ctl->store, of, id);
    if (!ask(ctl))
        return NULL;
    RECORD *order = record_new();
    if (order_read(store_reply(ctl->store, 0), order) < 0)
        return json_null();
    json_t *fields = json_object();
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (record_has(order, field))
            json_object_set_new(fields, field_info(field)->name, json_field(order, field));
    const char *light = county ? clock_light(county, order, now_ms()) : "";
    if (*light)
        json_object_set_new(fields, "light", json_string(light));
    return fields;
}

static json_t *history_row(const struct record *row)
{
    json_t *fields = json_object();
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (record_has(row, field) && !(field == F_ORDER && record_has(row, F_STEP)) && field != F_UPDATED_AT)
            json_object_set_new(fields, field_info(field)->name, json_field(row, field));
    return fields;
}

/* Asks the archive for steps and SMS. False after saying why there are none. */
static bool read_history(struct ctl *ctl, const char *county, const char *id, struct record *ret_listing)
{
    RECORD *question = record_new();
    record_set(question, F_ORDER, id);
    return call(ctl, ARCHIVE, county, "", MSG_READ_HISTORY, question, ret_listing) == DONE;
}

static json_t *history_rows(const struct record *listing)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        json_array_append_new(rows, history_row(record_row(listing, F_ROWS, i)));
    return rows;
}

/* Takes a value out of a row and prints it, so that what is left is what changed. */
static void take(json_t *row, const char *before, enum field field, const char *after)
{
    const char *name = field_info(field)->name;
    const json_t *value = json_object_get(row, name);
    if (json_is_string(value) && json_string_length(value) > 0)
        printf("%s%s%s", before, json_string_value(value), after);
    else if (json_is_integer(value))
        printf("%s%" JSON_INTEGER_FORMAT "%s", before, json_integer_value(value), after);
    json_object_del(row, name);
}

static void print_history(const json_t *rows)
{
    size_t index;
    json_t *row;
    puts("\nhistory");
    json_array_foreach(rows, index, row)
    {
        take(row, "", F_AT, "");
        take(row, "  #", F_VER, "");
        take(row, "  ", F_STEP, "");
        take(row, "  about it: ", F_ORDER, "");
        take(row, "  SMS ", F_SMS, "");
        take(row, " to ", F_RECIPIENT, "");
        take(row, " (", F_TEMPLATE, ")");
        take(row, ": ", F_SMS_STATE, "");
        take(row, "  -> ", F_STATE, "");
        take(row, "  by ", F_ACTOR, "");
        take(row, " (", F_SERVICE, ")");
        take(row, "  \"", F_NOTE, "\"");
        putchar('\n');
        const char *name;
        json_t *value;
        json_object_foreach(row, name, value)
        {
            char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
            printf("    %s: %s\n", name, text ? text : json_string_value(value));
            free(text);
        }
    }
}

/* What is not there, is not set, or has been told by the story, is left out for people. */
static void leave_out(json_t *order)
{
    static const enum field told[] = {F_COUNTY, F_ORDER, F_TITLE, F_TEXT, F_ANSWER};
    const char *name;
    json_t *value;
    void *next;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        json_object_del(order, field_info(told[i])->name);
    json_object_foreach_safe(order, next, name, value)
    {
        bool empty = json_is_string(value) && json_string_length(value) == 0;
        bool zero = json_is_integer(value) && json_integer_value(value) == 0;
        if (empty || zero)
            json_object_del(order, name);
    }
}

/* In the county's language, but with ids in place of names: operators see no people. */
static void print_story(const struct county *county, const struct record *listing)
{
    AUTOFREE char *title = NULL;
    AUTOFREE char *text = story_tell(NULL, listing, county && strcmp(county->language, "en") == 0, &title);
    printf("%s\n%s\n", title, text);
}

static int show(struct ctl *ctl, const char *id, const char *number, const struct county *county)
{
    RECORD *listing = record_new();
    json_t *order = present(ctl, county, number);
    if (!order)
        return FAILED;
    bool known = read_history(ctl, id, number, listing);
    json_t *rows = known ? history_rows(listing) : NULL;
    if (ctl->json) {
        json_t *report = json_pack("{s:s, s:O, s:O?}", "number", number, "order", order, "history", rows);
        report_print(report, true);
        json_decref(report);
    } else {
        if (known && matter_of(number) == MATTER_ORDER)
            print_story(county, listing);
        if (json_is_null(order)) {
            printf("%s is not open\n", number);
        } else {
            leave_out(order);
            report_print(order, false);
        }
        if (known)
            print_history(rows);
    }
    json_decref(order);
    json_decref(rows);
    return known ? DONE : FAILED;
}

int order_show(struct ctl *ctl, size_t argc, char *const argv[])
{
    (void)argc;
    char id[7];
    if (matter_parse(argv[0], id, NULL, NULL) < 0)
        return misused("\"%s\" is no order's number", argv[0]);
    struct counties *counties = ctl->keys ? counties_open(ctl) : NULL;
    int code = show(ctl, id, argv[0], counties ? counties_find(counties, id) : NULL);
    counties_destroy(&counties);
    return code;
}
