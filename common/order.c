/*
 * order.c - numbers, codes and the table of legal transitions; see order.h.
 */
#include "common/order.h"

#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* The life of an order: from where to where. */
static const struct {
    const char *from, *to;
} transitions[] = {
    {"", STATE_PLACED},
    {STATE_PLACED, STATE_SCREENING},
    {STATE_PLACED, STATE_OPEN},   /* the county's policy lets confident routing pass the screening */
    {STATE_PLACED, STATE_MERGED}, /* its resident says so */
    {STATE_SCREENING, STATE_OPEN},
    {STATE_OPEN, STATE_SCREENING}, /* the convener takes it back */
    {STATE_ASSIGNED, STATE_SCREENING},
    {STATE_CONSULTING, STATE_SCREENING},
    {STATE_SCREENING, STATE_RETURNED},
    {STATE_OPEN, STATE_ASSIGNED},
    {STATE_ASSIGNED, STATE_CONSULTING},
    {STATE_CONSULTING, STATE_ASSIGNED}, /* reassigned */
    {STATE_ASSIGNED, STATE_ANSWERED},   /* a matter that the members settle without a department */
    {STATE_CONSULTING, STATE_ANSWERED},
    {STATE_ANSWERED, STATE_CONSULTING}, /* reopened: dissatisfied */
    {STATE_ANSWERED, STATE_EVALUATED},
    {STATE_ANSWERED, STATE_CLOSED},      /* one that another county asked for, which asks the resident */
    {STATE_EVALUATED, STATE_CONSULTING}, /* reopened: the committee decided so */
    {STATE_EVALUATED, STATE_CLOSED},
    {STATE_SCREENING, STATE_MERGED},
    {STATE_OPEN, STATE_MERGED},
    {STATE_ASSIGNED, STATE_MERGED},
    {STATE_CONSULTING, STATE_MERGED},
    {STATE_MERGED, STATE_SCREENING},    /* undone */
    {STATE_MERGED, STATE_ANSWERED},     /* its primary was */
    {STATE_SCREENING, STATE_WITHDRAWN}, /* its resident takes it back */
    {STATE_OPEN, STATE_WITHDRAWN},
    {STATE_ASSIGNED, STATE_WITHDRAWN},
    {STATE_CONSULTING, STATE_WITHDRAWN},
    {STATE_MERGED, STATE_WITHDRAWN},
    {"", STATE_CALLED}, /* a meeting */
    {STATE_CALLED, STATE_HELD},
    {STATE_CALLED, STATE_CANCELLED},
    {STATE_HELD, STATE_CLOSED},
    {"", STATE_FOLLOWED}, /* a suggestion */
    {STATE_FOLLOWED, STATE_SETTLED},
    {STATE_FOLLOWED, STATE_CLOSED},
    {STATE_SETTLED, STATE_FOLLOWED}, /* not kept */
    {STATE_SETTLED, STATE_CLOSED},
    {"", STATE_ENTERED}, /* by the office */
    {STATE_ENTERED, STATE_WITHDRAWN},
    {STATE_ENTERED, STATE_CLOSED},
};

static const struct {
    const char *state;
    int owner;
} owners[] = {
    {STATE_PLACED, ROUTING},       {STATE_SCREENING, ROUTING},     {STATE_OPEN, ASSIGNMENT},
    {STATE_ASSIGNED, ASSIGNMENT},  {STATE_CONSULTING, ASSIGNMENT}, {STATE_ANSWERED, ASSIGNMENT},
    {STATE_EVALUATED, ASSIGNMENT}, {STATE_MERGED, ASSIGNMENT},     {STATE_CALLED, ASSIGNMENT},
    {STATE_HELD, ASSIGNMENT},      {STATE_FOLLOWED, ASSIGNMENT},   {STATE_SETTLED, ASSIGNMENT},
    {STATE_ENTERED, ASSIGNMENT},
};

bool order_may_become(const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return true;
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
        if (strcmp(from, transitions[i].from) == 0 && strcmp(to, transitions[i].to) == 0)
            return true;
    return false;
}

int order_owner(const char *state)
{
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        if (strcmp(state, owners[i].state) == 0)
            return owners[i].owner;
    return 0;
}

bool order_is_final(const char *state)
{
    return strcmp(state, STATE_CLOSED) == 0 || strcmp(state, STATE_RETURNED) == 0 ||
           strcmp(state, STATE_CANCELLED) == 0 || strcmp(state, STATE_WITHDRAWN) == 0;
}

static const char *const letters[MATTERS] = {
    [MATTER_NONE] = "", [MATTER_ORDER] = "", [MATTER_MEETING] = "H", [MATTER_SUGGESTION] = "J", [MATTER_ENTRY] = "L"};

const char *matter_letter(enum matter matter)
{
    return letters[matter];
}

void matter_id(char id[ORDER_ID_SIZE], const char *county, enum matter matter, int64_t serial)
{
    snprintf(id, ORDER_ID_SIZE, "%s-%s%06" PRId64, county, letters[matter], serial);
}

void order_id(char id[ORDER_ID_SIZE], const char *county, int64_t serial)
{
    matter_id(id, county, MATTER_ORDER, serial);
}

int matter_parse(const char *id, char ret_county[7], enum matter *ret_matter, int64_t *ret_serial)
{
    int64_t serial;
    if (strspn(id, "0123456789") != 6 || id[6] != '-' || strlen(id) >= ORDER_ID_SIZE)
        return -EINVAL;
    enum matter matter = MATTERS;
    while (--matter > MATTER_ORDER && id[7] != *letters[matter])
        ;
    const char *digits = id + 7 + strlen(letters[matter]);
    if (strlen(digits) < 6 || strspn(digits, "0123456789") != strlen(digits) ||
        parse_int(digits, 1, INT64_MAX, &serial) < 0)
        return -EINVAL;
    /* One number, one spelling: no further leading zeros. */
    if (strlen(digits) > 6 && *digits == '0')
        return -EINVAL;
    if (ret_county) {
        memcpy(ret_county, id, 6);
        ret_county[6] = '\0';
    }
    if (ret_matter)
        *ret_matter = matter;
    if (ret_serial)
        *ret_serial = serial;
    return 0;
}

enum matter matter_of(const char *id)
{
    enum matter matter = MATTER_NONE;
    matter_parse(id, NULL, &matter, NULL);
    return matter;
}

int order_parse(const char *id, char ret_county[7], int64_t *ret_serial)
{
    return matter_of(id) == MATTER_ORDER ? matter_parse(id, ret_county, NULL, ret_serial) : -EINVAL;
}

/* 27 characters that are told apart on a small screen and over the telephone. */
static const char alphabet[] = "346789ABCDEFGHJKMNPQRTUVWXY";
enum { BASE = sizeof alphabet - 1, CODE_LENGTH = 3 };

void order_claim_code(char code[CLAIM_CODE_SIZE], int64_t serial)
{
    char backwards[CLAIM_CODE_SIZE];
    int length = 0;
    for (; serial > 0 || length < CODE_LENGTH; serial /= BASE)
        backwards[length++] = alphabet[serial % BASE];
    for (int i = 0; i < length; i++)
        code[i] = backwards[length - 1 - i];
    code[length] = '\0';
}

int order_from_code(const char *text, int64_t *ret_serial)
{
    /* NFKC turns full-width letters and digits into plain ones. */
    utf8proc_uint8_t *plain = utf8proc_NFKC((const utf8proc_uint8_t *)text);
    if (!plain)
        return -EINVAL;
    int64_t serial = 0;
    int length = 0;
    const char *c = (const char *)plain;
    while (isspace((unsigned char)*c))
        c++;
    for (; *c && !isspace((unsigned char)*c); c++, length++) {
        const char *digit = strchr(alphabet, toupper((unsigned char)*c));
        if (!digit || length >= 12) {
            length = 0;
            break;
        }
        serial = serial * BASE + (digit - alphabet);
    }
    while (isspace((unsigned char)*c))
        c++;
    bool good = length >= CODE_LENGTH && *c == '\0' && serial > 0;
    free(plain);
    if (!good)
        return -EINVAL;
    *ret_serial = serial;
    return 0;
}

void order_access_code(char code[ACCESS_CODE_SIZE], const char *order, const unsigned char secret[32])
{
    uint64_t number;
    crypto_generichash((unsigned char *)&number, sizeof number, (const unsigned char *)order, strlen(order), secret,
                       32);
    snprintf(code, ACCESS_CODE_SIZE, "%06u", (unsigned)(number % 1000000));
}

void order_clock_entry(char entry[CLOCK_ENTRY_SIZE], const char *order, const char *clock, int64_t rung)
{
    snprintf(entry, CLOCK_ENTRY_SIZE, "%s|%s|%" PRId64, order, clock, rung);
}

int order_parse_clock_entry(const char *entry, char ret_order[ORDER_ID_SIZE], char ret_clock[17], int64_t *ret_rung)
{
    char order[ORDER_ID_SIZE], clock[17];
    int end = 0;
    if (sscanf(entry, "%24[^|]|%16[^|]|%n", order, clock, &end) != 2 || end == 0 ||
        parse_int(entry + end, 0, INT64_MAX, ret_rung) < 0 || matter_of(order) == MATTER_NONE)
        return -EINVAL;
    memcpy(ret_order, order, sizeof order);
    memcpy(ret_clock, clock, sizeof clock);
    return 0;
}
