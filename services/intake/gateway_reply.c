/*
 * gateway_reply.c - which order an SMS is about that came in.
 *
 * Whoever was asked something as a resident answers that (resident_reply.c); what else members write claims an order.
 *
 * Codes of orders are short and every county has the same. Who is a member in several counties and sends a code that
 * may be any of two orders is asked back, by each county with the number of its own: nothing is claimed by chance.
 */
#include "services/intake/gateway.h"

#include "common/alloc.h"
#include "common/contact.h"
#include "common/log.h"
#include "common/opt_out.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <utf8proc.h>

/* An ASCII letter or digit, or its full-width twin (U+FF10 0 to U+FF5A z). Returns the bytes it takes, else 0. */
static size_t code_character(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (isalnum(*c))
        return 1;
    if (c[0] != 0xEF || (c[1] != 0xBC && c[1] != 0xBD) || !c[2])
        return 0;
    return isalnum((c[1] - 0xBC) * 0x40 + (c[2] & 0x3F) + ' ') ? 3 : 0; /* U+FF00 stands for the space */
}

/* The first thing in a text that is a code: "3VK", "回复3VK", "3ＶＫ 受理". 0 or -ENOENT. */
static int find_code(const char *text, int64_t *ret_serial)
{
    while (*text) {
        size_t length = 0, step;
        while ((step = code_character(text + length)) > 0)
            length += step;
        AUTOFREE char *word = xstrndup(text, length);
        if (length > 0 && order_from_code(word, ret_serial) == 0)
            return 0;
        text += length > 0 ? length : 1;
    }
    return -ENOENT;
}

/* The first thing in a text that is an order's number: "990101-000123", in full-width characters, too. 0 or -ENOENT. */
static int find_number(const char *text, char ret_county[7], int64_t *ret_serial)
{
    static const char digits[] = "0123456789";
    AUTOFREE char *plain = (char *)utf8proc_NFKC((const utf8proc_uint8_t *)text);
    for (const char *c = plain ? plain + strcspn(plain, digits) : ""; *c; c += strcspn(c, digits)) {
        size_t length = strspn(c, "0123456789-");
        AUTOFREE char *word = xstrndup(c, length);
        if (order_parse(word, ret_county, ret_serial) == 0)
            return 0;
        c += length;
    }
    return -ENOENT;
}

void reply_reference(char reference[DIGEST_SIZE], const struct reply *reply, const struct county *county)
{
    intake_secret_digest(reference, county, (const char *const[]){"sms", reply->phone, reply->text, reply->id}, 4);
}

/* Tells notification. order: that it is about, "" for none. ask: whether to ask back if that is the one. */
static void pass_on(const struct reply *reply, const struct county *county, const char *order, bool ask)
{
    RECORD *message = record_new();
    char reference[DIGEST_SIZE];
    reply_reference(reference, reply, county);
    record_set(message, F_FROM, reply->phone);
    record_set(message, F_BODY, reply->text);
    record_set(message, F_REF, reference);
    if (ask)
        record_set(message, F_ORDER, order);
    callback_call(reply->callback, county->id, ask ? "" : order, MSG_SMS_REPLY, message, reference);
}

/* The orders that a code may stand for: in each county of the member the one with this number, of their groups if any.
 */
struct candidates {
    const struct county **counties;
    size_t count;
    bool theirs; /* they are of groups of the sender's */
};

/* Looks at one county. 0 or -EIO. */
static int consider(struct intake *intake, const struct county *county, const char *phone, int64_t serial,
                    struct candidates *candidates)
{
    const struct member *member = county_member_by_phone(county, phone);
    char id[ORDER_ID_SIZE];
    RECORD *order = record_new();
    order_id(id, county->id, serial);
    int r = member ? service_load_order(intake->service, county->id, id, order) : -ENOENT;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    bool theirs = record_is(order, F_GROUP, member->group);
    if (theirs && !candidates->theirs)
        candidates->count = 0;
    if (theirs == (candidates->theirs |= theirs))
        candidates->counties[candidates->count++] = county;
    return 0;
}

/* By its code an order is found in whichever county it is; where that may be more than one, each asks back. */
static void pass_on_by_code(struct intake *intake, const struct reply *reply, const struct county *home, int64_t serial)
{
    size_t count = service_county_count(intake->service);
    AUTOFREE const struct county **counties = xcalloc(count, sizeof *counties);
    struct candidates candidates = {.counties = counties};
    char order[ORDER_ID_SIZE];
    for (size_t i = 0; i < count; i++)
        if (consider(intake, service_county_at(intake->service, i), reply->phone, serial, &candidates) < 0) {
            callback_fail(reply->callback);
            return;
        }
    if (candidates.count == 0)
        counties[candidates.count++] = home; /* which knows what to say to that */
    for (size_t i = 0; i < candidates.count; i++) {
        order_id(order, counties[i]->id, serial);
        pass_on(reply, counties[i], order, candidates.count > 1);
    }
}

/* The first county where the sender is a member; of a stranger the only one there is. */
static const struct county *home_of(struct intake *intake, const char *phone)
{
    for (size_t i = 0; i < service_county_count(intake->service); i++) {
        const struct county *county = service_county_at(intake->service, i);
        if (county_member_by_phone(county, phone))
            return county;
    }
    return intake_county(intake, NULL);
}

/* Decides which order an SMS is about: by its number, by its code, or about none. */
static void pass_on_reply(struct intake *intake, const struct reply *reply, const struct county *home)
{
    char id[7], order[ORDER_ID_SIZE] = "";
    int64_t serial;
    bool numbered = find_number(reply->text, id, &serial) == 0;
    const struct county *named = numbered ? service_county(intake->service, id) : NULL;
    if (!numbered && find_code(reply->text, &serial) == 0) {
        pass_on_by_code(intake, reply, home, serial);
        return;
    }
    if (named && (named == home || county_member_by_phone(named, reply->phone))) {
        home = named;
        order_id(order, named->id, serial);
    }
    pass_on(reply, home, order, false);
}

/* Whether a text names an order by its number, or by the code with which a member claims one. */
static bool names_order(const struct reply *reply, bool member)
{
    char county[7];
    int64_t serial;
    return find_number(reply->text, county, &serial) == 0 || (member && find_code(reply->text, &serial) == 0);
}

/* Of somebody who is no member nobody knows in which counties they are a resident: opting out counts in each, and so
 * does whatever takes that back. */
static void pass_on_to_all(struct intake *intake, const struct reply *reply)
{
    for (size_t i = 0; i < service_county_count(intake->service); i++)
        pass_on(reply, service_county_at(intake->service, i), "", false);
}

void callback_reply(struct callback *callback, const char *from, const char *text, const char *id)
{
    struct intake *intake = callback_intake(callback);
    char plain[PHONE_SIZE];
    const char *phone = contact_phone(from, plain) == 0 ? plain : from; /* the number of a service is no phone */
    const struct county *home = home_of(intake, phone);
    bool member = home && county_member_by_phone(home, phone);
    RECORD *message = record_new();
    struct fault fault;
    record_set(message, F_FROM, phone);
    record_set(message, F_BODY, text);
    record_set(message, F_REF, "");
    if (record_check(message, MSG_SMS_REPLY, &fault) < 0) {
        callback_drop(fault.detail);
        return;
    }
    const struct reply reply = {.callback = callback, .phone = phone, .text = text, .id = id};
    bool opts_out = is_opt_out(text);
    if (!opts_out && resident_reply(&reply, names_order(&reply, member)))
        return;
    if (!opts_out && !member)
        resident_reply_ignored();
    if (!home || (opts_out && !member))
        pass_on_to_all(intake, &reply);
    else
        pass_on_reply(intake, &reply, home);
}
