/*
 * wording.c - a text for an occasion, out of a template and its values.
 *
 * Values come from residents and offices, so each is cut to its length and
 * cleaned: no control characters, and no 【】, which only the county's own
 * signature may carry.
 */
#include "services/notification/wording.h"

#include "common/alloc.h"
#include "common/text.h"
#include "services/notification/templates.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <utf8proc.h>

/* A text that grows, and the characters in it. */
struct text {
    char *bytes;
    size_t size, length;
};

static void put(struct text *text, const char *bytes, size_t size)
{
    text->bytes = xrealloc(text->bytes, text->size + size + 1);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    text->length += text_length(bytes, size);
}

/* Whether a phone shows it as a sign: not Cc, Cf, Cs, Co, Zl, Zp, nor what is no character at all. */
static bool is_shown(utf8proc_int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return character != ' ';
    }
}

/* The size of a value without blanks and full stops at its end: the template sets its own. */
static size_t trimmed(const char *value)
{
    static const char *const endings[] = {" ", "\n", "\r", "\t", ".", "。"};
    size_t size = strlen(value);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (size >= length && memcmp(value + size - length, endings[i], length) == 0) {
            size -= length;
            i = (size_t)-1; /* from the first ending again */
        }
    }
    return size;
}

/* Adds at most `max` characters of a value; a run of what is not shown becomes one space. False: nothing to add. */
static bool put_value(struct text *text, const char *value, size_t max)
{
    size_t start = text->length, end = start + max, left = trimmed(value);
    bool gap = false;
    while (left > 0) {
        utf8proc_int32_t character;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)value, (utf8proc_ssize_t)left, &character);
        size_t size = step > 0 ? (size_t)step : 1;
        left -= size;
        if (step <= 0 || !is_shown(character)) {
            gap = text->length > start;
        } else if (text->length + gap + (left > 0) >= end) {
            put(text, "…", strlen("…"));
            break;
        } else {
            put(text, " ", gap);
            bool bracket = character == 0x3010 || character == 0x3011; /* 【】 */
            put(text, bracket ? "|" : value, bracket ? 1 : size);
            gap = false;
        }
        value += size;
    }
    return text->length > start;
}

static bool put_named(struct text *text, const struct occasion *occasion, const char *name, size_t size)
{
    for (size_t i = 0; value_at(i); i++) {
        const struct value *value = value_at(i);
        if (strlen(value->name) != size || strncmp(value->name, name, size) != 0)
            continue;
        AUTOFREE char *words = value->get(occasion, value->field);
        return put_value(text, words, value->max);
    }
    return false;
}

/* Adds `size` bytes of a template without square brackets. False: a value in it was empty. */
static bool put_part(struct text *text, const struct occasion *occasion, const char *part, size_t size)
{
    bool complete = true;
    for (const char *end = part + size; part < end;) {
        size_t words_size = strcspn(part, "{");
        if (words_size > (size_t)(end - part))
            words_size = (size_t)(end - part);
        put(text, part, words_size);
        part += words_size;
        if (part < end) {
            size_t name_size = strcspn(++part, "}");
            complete &= put_named(text, occasion, part, name_size);
            part += name_size + 1;
        }
    }
    return complete;
}

static void put_template(struct text *text, const struct occasion *occasion, const char *template)
{
    while (*template) {
        size_t size = strcspn(template, "[");
        put_part(text, occasion, template, size);
        template += size;
        if (!*template)
            return;
        size = strcspn(++template, "]");
        struct text before = {.size = text->size, .length = text->length};
        if (!put_part(text, occasion, template, size)) {
            text->size = before.size;
            text->length = before.length;
            text->bytes[text->size] = '\0';
        }
        template += size + 1;
    }
}
char *template_text(const char *name, const struct occasion *occasion)
{
    const struct template *template = template_find(name);
    struct text text = {0};
    if (!template)
        return NULL;
    put(&text, "【", strlen("【"));
    put_value(&text, occasion->county->name, 20);
    put(&text, "】", strlen("】"));
    put_template(&text, occasion, occasion_is_english(occasion) ? template->en : template->zh);
    return text.bytes;
}

/* Whether a template, in either language, has a value of this name. */
static bool template_has(const struct template *template, const char *name)
{
    AUTOFREE char *placeholder = xasprintf("{%s}", name);
    return strstr(template->zh, placeholder) || strstr(template->en, placeholder);
}

int template_word(const char *name, const struct occasion *occasion, struct wording *ret_wording)
{
    const struct template *template = template_find(name);
    if (!template)
        return -ENOENT;
    json_t *all = json_object();
    for (size_t i = 0; value_at(i); i++) {
        const char *value = value_at(i)->name;
        struct text words = {0};
        if (!template_has(template, value))
            continue;
        put(&words, "", 0);
        put_named(&words, occasion, value, strlen(value));
        json_object_set_new(all, value, json_string(words.bytes));
        free(words.bytes);
    }
    ret_wording->text = template_text(name, occasion);
    ret_wording->values = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return 0;
}

/* cppcheck-suppress unusedFunction ; WORDING_CLEAR uses it */
void wording_clear(struct wording *wording)
{
    free(wording->text);
    free(wording->values);
    *wording = (struct wording){0};
}

int templates_check(const struct county *county, county_fault_fn *fault, void *arg)
{
    int r = 0;
    for (size_t i = 0; i < county->sms_template_count; i++) {
        const struct sms_template *row = &county->sms_templates[i];
        const struct template *template = template_find(row->template);
        AUTOFREE char *text = template ? NULL : xasprintf("there is no template \"%s\"", row->template);
        char name[64];
        for (const char *list = row->parameters; template && !text && words_next(&list, name, sizeof name);)
            if (!template_has(template, name))
                text = xasprintf("the template \"%s\" has no value \"%s\"", row->template, name);
        if (!text)
            continue;
        fault(arg, &(struct county_fault){.file = county_file_name(FILE_SMS_TEMPLATES),
                                          .line = row->line,
                                          .english = text,
                                          .chinese = text}); /* for operators alone */
        r = -EINVAL;
    }
    return r;
}

size_t sms_segments(size_t characters)
{
    return characters <= 70 ? 1 : (characters + 66) / 67;
}
