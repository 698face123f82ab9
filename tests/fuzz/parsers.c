/*
 * The small readers, of numbers, codes, times, addresses: what is taken has one spelling, and reads the same again.
 */
// links: services/intake
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "common/commit.h"
#include "common/contact.h"
#include "common/dial.h"
#include "common/resident.h"
#include "services/intake/limits.h"
#include "services/intake/open311_token.h"
#include "services/intake/qr.h"
#include "services/intake/reply_text.h"

static void orders(const char *text)
{
    char county[7], id[ORDER_ID_SIZE], code[CLAIM_CODE_SIZE], clock[17];
    int64_t serial, again, rung;
    enum matter matter;
    if (order_parse(text, county, &serial) == 0) {
        order_id(id, county, serial);
        PROMISE(strcmp(id, text) == 0);
        order_claim_code(code, serial);
        PROMISE(strlen(code) > 12 || (order_from_code(code, &again) == 0 && again == serial));
    }
    if (matter_parse(text, county, &matter, &serial) == 0) {
        matter_id(id, county, matter, serial);
        PROMISE(strcmp(id, text) == 0 && (matter == MATTER_ORDER) == (order_parse(text, NULL, NULL) == 0));
    }
    if (order_from_code(text, &serial) == 0) {
        order_claim_code(code, serial);
        PROMISE(order_from_code(code, &again) == 0 && again == serial);
    }
    if (order_parse_clock_entry(text, id, clock, &rung) == 0) {
        char entry[CLOCK_ENTRY_SIZE];
        order_clock_entry(entry, id, clock, rung);
        PROMISE(matter_of(id) != MATTER_NONE && *clock && rung >= 0);
    }
}

/* What is written in reply, and the tokens of links and QR codes. */
static void replies(const char *text)
{
    char county[7], order[ORDER_ID_SIZE], meeting[ORDER_ID_SIZE];
    int64_t round;
    const char *note = NULL, *rating = reply_rating(text, &note);
    PROMISE(!rating == !note && (!note || (note > text && note <= text + strlen(text))));
    PROMISE(!rating || words_have("satisfied basically dissatisfied", rating));
    AUTOFREE char *rest = reply_without_names(text, "990101-000123", "424242");
    PROMISE(!rest || (strlen(rest) == strlen(text) && strcmp(rest, text) != 0));
    AUTOFREE char *plain = reply_plain(text);
    PROMISE(plain);
    const char *answer = reply_attendance(text, &note);
    PROMISE(!answer || (words_have("comes excused", answer) && note > text && note <= text + strlen(text)));
    AUTOFREE char *unnamed = reply_without_meeting(text, "990101-H000012");
    PROMISE(!unnamed || (strlen(unnamed) == strlen(text) && strcmp(unnamed, text) != 0));
    if (invitation_token_parse(text, county, meeting, order) == 0)
        PROMISE(matter_of(meeting) == MATTER_MEETING && matter_of(order) == MATTER_ORDER &&
                strncmp(order, county, 6) == 0 && strncmp(meeting, county, 6) == 0);
    if (qr_token_parse(text, county, meeting) == 0)
        PROMISE(matter_of(meeting) == MATTER_MEETING && strncmp(meeting, county, 6) == 0);
    if (rating_token_parse(text, county, order, &round) == 0)
        PROMISE(order_parse(order, NULL, NULL) == 0 && strncmp(order, county, 6) == 0 && round >= 0);
}

static void times(const char *text)
{
    int64_t at, again;
    struct span span;
    if (time_parse(text, &at) == 0) {
        char time[TIME_SIZE];
        time_format(time, at);
        PROMISE(strlen(time) != TIME_SIZE - 1 || (time_parse(time, &again) == 0 && again <= at && at - again < 1000));
    }
    if (span_parse(text, &span) == 0)
        PROMISE((span.working_days > 0) != (span.ms > 0));
    struct calendar *calendar = calendar_new();
    if (calendar_set(calendar, text, true, "") == 0)
        PROMISE(calendar_set(calendar, text, false, "") < 0);
    calendar_destroy(&calendar);
}

static void numbers(const char *text)
{
    int64_t number;
    double real;
    if (parse_int(text, -1000, 1000, &number) == 0)
        PROMISE(number >= -1000 && number <= 1000);
    if (parse_real(text, -180, 180, &real) == 0)
        PROMISE(real >= -180 && real <= 180);
}

static void words(const char *text)
{
    char word[8];
    size_t count = 0;
    for (const char *cursor = text; words_next(&cursor, word, sizeof word); count++)
        PROMISE(strlen(word) < sizeof word && !strchr(word, ' '));
    PROMISE(count == words_count(text));
    for (size_t size = 0; size <= strlen(text); size++) {
        AUTOFREE char *cut = xstrndup(text, size);
        text_mend_end(cut);
        PROMISE(!is_text(text) || (size - strlen(cut) <= 3 && is_text(cut)));
    }
}

static void outbox(const char *data, size_t size)
{
    char *line = memchr(data, '\n', size), order[25], id[25];
    if (!line)
        return;
    AUTOFREE char *name = xstrndup(data, (size_t)(line - data));
    redisReply key = {.type = REDIS_REPLY_STRING, .str = name, .len = strlen(name)};
    redisReply value = {.type = REDIS_REPLY_STRING, .str = line + 1, .len = size - (size_t)(line + 1 - data)};
    int64_t sequence;
    const char *body;
    size_t body_size;
    if (outbox_entry(&key, &value, order, &sequence, id, &body, &body_size) == 0)
        PROMISE(strlen(order) < 25 && sequence > 0 && body + body_size == data + size);
}

/* Where Redis is. An address with a password in it is neither taken nor repeated. */
static void urls(const char *text)
{
    char error[DIAL_ERROR_SIZE] = "";
    const struct redis_access access = {
        .url = text, .user = "", .password = "", .password_file = "", .timeout_ms = 100};
    struct dialer *dialer = dialer_new(&access, error);
    PROMISE((dialer != NULL) == (*error == '\0'));
    PROMISE(!dialer || strncmp(text, "redis://", 8) == 0 || strncmp(text, "unix:/", 6) == 0 ||
            strncmp(text, "sentinel://", 11) == 0);
    PROMISE(!strchr(text, '@') || (!dialer && !strchr(error, '@')));
    dialer_destroy(&dialer);
}

static void phones(const char *text)
{
    char plain[PHONE_SIZE], ret_again[PHONE_SIZE];
    if (contact_phone(text, plain) < 0)
        return;
    PROMISE(contact_phone(plain, ret_again) == 0 && strcmp(plain, ret_again) == 0);
    PROMISE(strspn(plain, "0123456789") == strlen(plain));
}

/* X-Forwarded-For: what it says counts only from our own proxies, and is one word. */
static void addresses(const char *text)
{
    static struct limits *limits;
    char address[HTTP_ADDRESS_SIZE];
    if (!limits)
        limits = limits_new(10, 10, "10.0.0.1 2001:db8::1");
    limits_address_of(limits, "192.0.2.7", text, address);
    PROMISE(strcmp(address, "192.0.2.7") == 0);
    limits_address_of(limits, "10.0.0.1", text, address);
    PROMISE(*address && !strpbrk(address, " \t,"));
    PROMISE(limits_take(limits, address, 0, 0) == 0);
}

static void fuzz(const char *data, size_t size)
{
    static struct county *county;
    char id[ORDER_ID_SIZE];
    if (!county)
        county = fixture_county();
    AUTOFREE char *text = xstrndup(data, size);
    orders(text);
    replies(text);
    times(text);
    numbers(text);
    if (size < 200)
        words(text);
    outbox(data, size);
    PROMISE(open311_token_order(county, text, id) < 0 || strncmp(id, "990101-", 7) == 0);
    urls(text);
    phones(text);
    addresses(text);
}
