/*
 * The words of an SMS: whatever residents and offices wrote, they are text, no longer than they may be, without control
 * characters, and signed by the county alone. Each line of the input is a value.
 */
// links: services/notification
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "services/notification/templates.h"
#include "services/notification/wording.h"

static const enum field fields[] = {F_TITLE,  F_PLACE, F_ANSWER, F_REASON,  F_RETURN_TO, F_NOTE,
                                    F_RATING, F_CLOCK, F_STATE,  F_MEMBERS, F_OUTCOME};
enum { COUNT = sizeof fields / sizeof *fields };

/* Takes the next line, as far as it is text. */
static char *next_line(const char **cursor)
{
    size_t size = strcspn(*cursor, "\n");
    char *line = xstrndup(*cursor, size);
    *cursor += size + ((*cursor)[size] == '\n');
    for (size_t cut = size; !is_text(line); cut--)
        line[cut - 1] = '\0';
    return line;
}

static void check(const char *text)
{
    static const char sign[] = "【", end[] = "】";
    PROMISE(text && is_text(text) && text_length(text, strlen(text)) <= SMS_TEXT_MAX);
    PROMISE(strncmp(text, sign, strlen(sign)) == 0 && !strstr(text + 1, sign));
    PROMISE(strstr(text, end) && !strstr(strstr(text, end) + 1, end));
    for (; *text; text++)
        PROMISE((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void fuzz(const char *data, size_t size)
{
    static struct county *fixture;
    if (!fixture)
        fixture = fixture_county();
    struct county county = *fixture;
    AUTOFREE char *text = xstrndup(data, size);
    const char *cursor = text;
    AUTOFREE char *name = next_line(&cursor);
    AUTOFREE char *contact = next_line(&cursor);
    county.name = name;
    county.contact = contact;
    RECORD *order = record_new();
    RECORD *message = record_new();
    for (int i = 0; i < COUNT; i++) {
        AUTOFREE char *value = next_line(&cursor);
        record_set(i % 2 ? message : order, fields[i], value);
    }
    record_set_int(order, F_DUE, (int64_t)(size << 40));
    struct occasion occasion = {.county = &county,
                                .order_id = "990101-000123",
                                .serial = 123,
                                .order = order,
                                .message = message,
                                .now = fixture_now};
    for (size_t i = 0; template_at(i); i++) {
        county.language = (i + size) % 2 ? "zh" : "en";
        AUTOFREE char *words = template_text(template_at(i)->name, &occasion);
        check(words);
    }
}
