/*
 * redact.c - one pass over the text, copying what is not to be hidden.
 *
 * A number that can be dialled, that stands for a person or that is long is hidden however it is written: in digits of
 * any width or in Chinese numerals, together or apart. Of shorter ones most are prices, dates, standards and file
 * numbers, which the text needs. Each look ahead is bounded, so the time is linear. Owns nothing.
 */
#include "services/intake/redact.h"

#include "common/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

enum {
    MOBILE_DIGITS = 11,
    HOTLINE_DIGITS = 10, /* 400 and 800 */
    LOCAL_DIGITS = 7,    /* of a landline behind its area code: seven or eight */
    ID_DIGITS = 17,      /* of an ID number (GB 11643) before its check character, which may be X */
    CARD_DIGITS = 16,    /* of a bank card, up to 19 */
    MOST_DIGITS = 20,    /* looked at, one more than any number has */
    LONG_DIGITS = 7,     /* written together in digits */
    MOST_SEPARATORS = 2, /* between two digits of one number: "(0559) 25" */
};

/* Reads one character, full-width ASCII as ASCII; 0 at the end. Bytes that are no UTF-8 count as one each. */
static utf8proc_int32_t character(const char *text, size_t *ret_size)
{
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code);

    *ret_size = size > 0 ? (size_t)size : 1;
    if (code >= 0xFF01 && code <= 0xFF5E)
        code -= 0xFF01 - '!';
    return size > 0 ? code : 0xFFFD;
}

static bool is_digit(utf8proc_int32_t c)
{
    return c >= '0' && c <= '9';
}

/* Of a digit or a Chinese numeral; less than 0 of anything else. */
static int digit_value(utf8proc_int32_t c)
{
    static const utf8proc_int32_t numerals[] = {L'零', L'一', L'二', L'三', L'四', L'五', L'六', L'七', L'八', L'九'};

    if (is_digit(c))
        return (int)c - '0';
    if (c == L'〇')
        return 0;
    if (c == L'幺') /* one, as it is said on the phone */
        return 1;
    for (int i = 0; i < 10 && c > 0x4DFF; i++)
        if (c == numerals[i])
            return i;
    return -1;
}

static bool is_separator(utf8proc_int32_t c)
{
    /* middle dot, dashes, spaces, and what cannot be seen: soft hyphen, of no width, joiners */
    static const utf8proc_int32_t separators[] = {' ',    '-',    '.',    '(',    ')',    '_',    '/',    '*',    0xB7,
                                                  0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x3000, 0xA0,
                                                  0xAD,   0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, L'点'};
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
        if (c == separators[i])
            return true;
    return false;
}

/* The digits that follow each other from a place on, whatever they are written in. */
struct digits {
    char value[MOST_DIGITS + 1];
    bool apart[MOST_DIGITS];     /* whether this one is of another kind than the one before, or separated */
    size_t end[MOST_DIGITS + 1]; /* bytes up to the end of the first 0, 1, 2, ... of them */
    size_t count;
};

static void read_digits(const char *text, struct digits *digits)
{
    size_t size, separators = 0;
    bool numeral = false;

    *digits = (struct digits){0};
    for (size_t at = 0; digits->count < MOST_DIGITS && separators <= MOST_SEPARATORS; at += size) {
        utf8proc_int32_t c = character(text + at, &size);
        int value = digit_value(c);
        if (value >= 0) {
            digits->apart[digits->count] = separators > 0 || numeral == is_digit(c);
            numeral = !is_digit(c);
            digits->value[digits->count++] = (char)('0' + value);
            digits->end[digits->count] = at + size;
            separators = 0;
        } else if (is_separator(c)) {
            separators++;
        } else {
            break;
        }
    }
}

/* Whether YYYYMMDD is a day of our time. */
static bool is_date(const char *digits)
{
    int month = (digits[4] - '0') * 10 + digits[5] - '0', day = (digits[6] - '0') * 10 + digits[7] - '0';
    return (strncmp(digits, "19", 2) == 0 || strncmp(digits, "20", 2) == 0) && month >= 1 && month <= 12 && day >= 1 &&
           day <= 31;
}

/* Whether the number of a bank card begins here, in fours as on the card. */
static bool is_card(const struct digits *digits)
{
    for (size_t i = 1; i < CARD_DIGITS && i < digits->count; i++)
        if (digits->apart[i] != (i % 4 == 0))
            return false;
    return digits->count >= CARD_DIGITS;
}

/* Whether the number that so many of the digits make up ends there. */
static bool ends(const struct digits *digits, size_t count)
{
    return digits->count == count || (digits->count > count && digits->apart[count]);
}

/* How many digits of these are a number that leads to a person, 0 when they are none. */
static size_t personal(const struct digits *digits)
{
    const char *value = digits->value;
    size_t prefix = strncmp(value, "0086", 4) == 0 ? 4 : strncmp(value, "86", 2) == 0 ? 2 : 0, count = digits->count;

    if (value[prefix] == '1' && value[prefix + 1] >= '3' && ends(digits, prefix + MOBILE_DIGITS))
        return prefix + MOBILE_DIGITS;
    if (count >= ID_DIGITS && is_date(value + 6) && (ends(digits, ID_DIGITS) || ends(digits, ID_DIGITS + 1)))
        return ends(digits, ID_DIGITS) ? ID_DIGITS : ID_DIGITS + 1;
    if (is_card(digits))
        return count < MOST_DIGITS ? count : CARD_DIGITS;
    if ((strncmp(value, "400", 3) == 0 || strncmp(value, "800", 3) == 0) && ends(digits, HOTLINE_DIGITS))
        return HOTLINE_DIGITS;
    if (prefix > 0) /* behind it the 0 of an area code is left out */
        value += prefix - 1;
    size_t local = (value[1] > '2' ? 4U : 3U) + (prefix > 0 ? prefix - 1 : 0);
    if ((prefix == 0 && value[0] != '0') || value[1] < '1' || digits->value[local] < '2')
        return 0;
    for (size_t end = local + LOCAL_DIGITS; end <= local + LOCAL_DIGITS + 1; end++)
        if (ends(digits, end))
            return end;
    return 0;
}

/* Bytes of the digits, without numerals, that stand together here. */
static size_t together(const char *text)
{
    size_t at = 0, size;
    while (is_digit(character(text + at, &size)))
        at += size;
    return at;
}

/* Whether so much of something stands there: "1020408元", "1109166.47元". */
static bool is_amount(const char *text)
{
    static const char *const units[] = {"元", "万", "亿", "平", "㎡", "人", "户", "吨"};
    size_t decimals = *text == '.' ? together(text + 1) : 0;
    if (decimals > 0 && decimals < LONG_DIGITS)
        text += 1 + decimals;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(text, units[i], strlen(units[i])) == 0)
            return true;
    return false;
}

/* Bytes of the number that starts here, 0 when it is none to hide. */
static size_t number_at(const char *text)
{
    struct digits digits;
    size_t size;

    read_digits(text, &digits);
    size_t count = personal(&digits), end = digits.end[count];
    if (count > 0) {
        utf8proc_int32_t check = character(text + end, &size);
        return count == ID_DIGITS && (check == 'X' || check == 'x') ? end + size : end;
    }
    end = together(text);
    for (count = 0; count < digits.count && digits.end[count] < end; count++)
        ;
    if (count < LONG_DIGITS || (count < MOBILE_DIGITS && is_amount(text + end)) ||
        (count == 8 && is_date(digits.value)))
        return 0;
    return end;
}

static bool is_of_address(utf8proc_int32_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c > 0 && c < 0x80 && strchr(".-_%+", c));
}

/* Bytes of what may be one half of a mail address. */
static size_t half_of_address(const char *text)
{
    size_t at = 0, size;
    while (is_of_address(character(text + at, &size)))
        at += size;
    return at;
}

/* Bytes of @, (at) or [at] in any width. */
static size_t at_sign(const char *text)
{
    size_t sizes[4];
    utf8proc_int32_t c[4] = {character(text, &sizes[0])};
    if (c[0] == '@')
        return sizes[0];
    if (c[0] != '(' && c[0] != '[')
        return 0;
    size_t at = sizes[0];
    for (int i = 1; i < 4; at += sizes[i++])
        if ((c[i] = character(text + at, &sizes[i])) == 0)
            return 0;
    return (c[1] | 0x20) == 'a' && (c[2] | 0x20) == 't' && (c[3] == ')' || c[3] == ']') ? at : 0;
}

/* Bytes of the mail address that starts here, 0 when there is none. */
static size_t address_at(const char *text, size_t *ret_run)
{
    size_t local = half_of_address(text), at = local > 0 ? at_sign(text + local) : 0;

    *ret_run = local;
    size_t domain = at > 0 ? half_of_address(text + local + at) : 0;
    return domain > 0 ? local + at + domain : 0;
}

/* Bytes of the number plate of a vehicle that starts here: 皖J·12345, 皖A D12345; 0 when there is none. */
static size_t plate_at(const char *text)
{
    static const utf8proc_int32_t provinces[] = L"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使";
    enum { SHORTEST = 5, LONGEST = 6 };
    size_t size, at, signs = 0;
    utf8proc_int32_t c = character(text, &at);
    bool known = false;

    for (size_t i = 0; provinces[i] && !known; i++)
        known = provinces[i] == c;
    c = known ? character(text + at, &size) | 0x20 : 0;
    if (c < 'a' || c > 'z')
        return 0;
    at += size;
    c = character(text + at, &size);
    if (c == ' ' || c == '-' || c == '.' || c == 0xB7 || c == 0x2022 || c == 0x30FB) /* and dots in the middle */
        at += size;
    while ((c = character(text + at, &size)) && (is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))) {
        at += size;
        signs++;
    }
    /* What was longer has been hidden already, when this is done once more. */
    bool whole = strncmp(text + at, "***", 3) != 0;
    return whole && signs >= SHORTEST && signs <= LONGEST ? at : 0;
}

enum kind { NONE, DIGIT, NUMERAL };

char *redact(const char *text)
{
    static const char mask[] = "***";
    char *result = xmalloc(strlen(text) + sizeof mask), *to = result;
    const char *no_address = text; /* what lies before has been looked at and is none */
    enum kind before = NONE;

    while (*text) {
        size_t size, run = 0, hidden = 0;
        utf8proc_int32_t c = character(text, &size);
        enum kind kind = is_digit(c) ? DIGIT : digit_value(c) >= 0 ? NUMERAL : NONE;
        if (text >= no_address && is_of_address(c)) {
            hidden = address_at(text, &run);
            no_address = text + run;
        }
        if (hidden == 0 && c > 0x4DFF)
            hidden = plate_at(text);
        if (hidden == 0 && kind != NONE && kind != before) /* a number begins with its first digit only */
            hidden = number_at(text);
        if (hidden > 0) { /* at least as long as the mask, so the copy never outgrows the text */
            to = mempcpy(to, mask, sizeof mask - 1);
            size = hidden;
        } else {
            to = mempcpy(to, text, size);
        }
        text += size;
        before = hidden > 0 ? NONE : kind;
    }
    *to = '\0';
    return result;
}

/* -- cases ------------------------------------------------------------------------------------------------------- */

/* Bytes of the person that is named here, in full or by the family name and how one is addressed; 0 without. */
static size_t name_at(const char *text, const char *name)
{
    static const char *const forms[] = {"先生", "女士", "小姐", "师傅", "大爷", "大叔", "大妈", "阿姨", "老师", "同志"};
    size_t whole = strlen(name), family;
    character(name, &family);
    if (whole == 0 || strncmp(text, name, family) != 0)
        return 0;
    if (whole > family && strncmp(text, name, whole) == 0)
        return whole;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strncmp(text + family, forms[i], strlen(forms[i])) == 0)
            return family + strlen(forms[i]);
    return 0;
}

/* Bytes of the number of a flat that starts here, without the word behind it; 0 when it is none. */
static size_t flat_at(const char *text)
{
    size_t at = 0, size;
    while (digit_value(character(text + at, &size)) >= 0 || (at > 0 && (text[at] == '-' || text[at] == ' ')))
        at += size;
    return at > 0 && strncmp(text + at, "室", strlen("室")) == 0 ? at : 0;
}

char *redact_case(const char *text, const char *name)
{
    static const char mask[] = "***";
    size_t size, length;
    char *result;
    enum kind before = NONE;
    AUTOFREE char *plain = redact(text);
    FILE *out = open_memstream(&result, &length);

    for (const char *at = plain; *at; at += size) {
        utf8proc_int32_t c = character(at, &size);
        enum kind kind = digit_value(c) >= 0 ? DIGIT : NONE;
        size_t hidden = kind != NONE && before == NONE ? flat_at(at) : name_at(at, name);
        if (hidden > 0)
            size = hidden;
        fwrite(hidden > 0 ? mask : at, 1, hidden > 0 ? sizeof mask - 1 : size, out);
        before = kind;
    }
    fclose(out);
    return result;
}
