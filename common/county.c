/*
 * county.c - looking things up in a county, and its end.
 *
 * A county never changes once it is parsed; a new revision is a new county.
 * It has some hundred rows at most, so every look-up just walks them.
 */
#include "common/county.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/text.h"
#include "common/vault.h"

#include <sodium.h>
#include <string.h>

static const char *const clock_names[CLOCK_KINDS] = {
    [CLOCK_CLAIM] = "claim",       [CLOCK_HANDOVER] = "handover", [CLOCK_ANSWER] = "answer",
    [CLOCK_CALLBACK] = "callback", [CLOCK_CONFIRM] = "confirm",   [CLOCK_FOLLOW] = "follow",
    [CLOCK_RECHECK] = "recheck",   [CLOCK_CONCLUDE] = "conclude"};

void county_destroy(struct county **county)
{
    if (!*county)
        return;
    calendar_destroy(&(*county)->calendar);
    vault_destroy(&(*county)->vault);
    arena_destroy(&(*county)->arena);
    free(*county);
    *county = NULL;
}

/* Every kind of row starts with its id. */
static const void *find(const void *rows, size_t count, size_t size, const char *id)
{
    for (const char *row = rows; id && count > 0; count--, row += size)
        if (strcmp(*(const char *const *)row, id) == 0)
            return row;
    return NULL;
}

const struct town *county_town(const struct county *county, const char *id)
{
    return find(county->towns, county->town_count, sizeof *county->towns, id);
}

const struct community *county_community(const struct county *county, const char *id)
{
    return find(county->communities, county->community_count, sizeof *county->communities, id);
}

const struct member_group *county_group(const struct county *county, const char *id)
{
    return find(county->groups, county->group_count, sizeof *county->groups, id);
}

const struct member *county_member(const struct county *county, const char *id)
{
    return find(county->members, county->member_count, sizeof *county->members, id);
}

const struct office *county_committee(const struct county *county, const char *id)
{
    return find(county->committees, county->committee_count, sizeof *county->committees, id);
}

const struct office *county_department(const struct county *county, const char *id)
{
    return find(county->departments, county->department_count, sizeof *county->departments, id);
}

const struct category *county_category(const struct county *county, const char *code)
{
    return find(county->categories, county->category_count, sizeof *county->categories, code);
}

const struct town *county_convener(const struct county *county, const char *town)
{
    const struct town *known = county_town(county, town);
    return known ? known : &county->towns[0];
}

const struct return_reason *county_reason(const struct county *county, const char *code)
{
    return find(county->reasons, county->reason_count, sizeof *county->reasons, code);
}

const struct plan_row *county_plan(const struct county *county, const char *sector, const char *task)
{
    for (size_t i = 0; i < county->plan_count; i++)
        if (strcmp(county->plan[i].sector, sector) == 0 && strcmp(county->plan[i].task, task) == 0)
            return &county->plan[i];
    return NULL;
}

const struct member *county_member_by_phone(const struct county *county, const char *phone)
{
    for (size_t i = 0; phone && i < county->member_count; i++)
        if (strcmp(county->members[i].phone, phone) == 0)
            return &county->members[i];
    return NULL;
}

const struct sms_template *county_sms_template(const struct county *county, const char *gateway, const char *template)
{
    for (size_t i = 0; i < county->sms_template_count; i++) {
        const struct sms_template *row = &county->sms_templates[i];
        if (strcmp(row->gateway, gateway) == 0 && strcmp(row->template, template) == 0)
            return row;
    }
    return NULL;
}

const char *county_sms_sign(const struct county *county, const char *gateway)
{
    for (size_t i = 0; i < county->sms_signature_count; i++)
        if (strcmp(county->sms_signatures[i].gateway, gateway) == 0)
            return county->sms_signatures[i].sign;
    return "";
}

const struct robot *county_robot(const struct county *county, const char *name)
{
    return find(county->robots, county->robot_count, sizeof *county->robots, name);
}

const struct member_group *county_group_of(const struct county *county, const char *community)
{
    for (size_t i = 0; community && i < county->group_count; i++)
        if (words_have(county->groups[i].communities, community))
            return &county->groups[i];
    return NULL;
}

const char *category_weight(const struct category *category)
{
    return category->places == 0 ? "everybody" : category->places <= 3 ? "simple" : "hard";
}

bool is_weight(const char *weight)
{
    return words_have("simple hard everybody", weight);
}

int64_t county_places(const struct county *county, const struct category *category, const char *weight,
                      const char *group)
{
    int64_t size = 0, places = strcmp(weight, "simple") == 0 ? 2 : 4;
    for (size_t i = 0; i < county->member_count; i++)
        size += strcmp(county->members[i].group, group) == 0;
    if (strcmp(weight, "everybody") == 0)
        return size;
    if (category && strcmp(category_weight(category), weight) == 0)
        places = category->places;
    return places < size ? places : size;
}

bool county_roster(const struct county *county, size_t index, struct roster_entry *ret_entry)
{
    size_t i = index;
    const struct member *member = county->members + i;
    if (i < county->member_count)
        *ret_entry = (struct roster_entry){"member", member->id, member->phone, member};
    else if ((i -= county->member_count) < county->town_count)
        *ret_entry = (struct roster_entry){"convener", county->towns[i].id, county->towns[i].phone, NULL};
    else if ((i -= county->town_count) < county->committee_count)
        *ret_entry = (struct roster_entry){"committee", county->committees[i].id, county->committees[i].phone, NULL};
    else if ((i -= county->committee_count) < county->department_count)
        *ret_entry = (struct roster_entry){"department", county->departments[i].id, county->departments[i].phone, NULL};
    else if ((i -= county->department_count) < county->staff_count)
        *ret_entry = (struct roster_entry){county->staff[i].role, county->staff[i].id, county->staff[i].phone, NULL};
    else
        return false;
    return true;
}

static const char *phone_at(const struct county *county, size_t index)
{
    struct roster_entry entry = {.phone = ""};
    county_roster(county, index, &entry);
    return entry.phone;
}

static int compare_phones(const void *left, const void *right, void *county)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    int order = strcmp(phone_at(county, a), phone_at(county, b));
    return order != 0 ? order : (a > b) - (a < b);
}

void county_sort_roster(struct county *county)
{
    size_t count = county->member_count + county->town_count + county->committee_count + county->department_count +
                   county->staff_count;
    county->roster = arena_alloc(county->arena, (count + 1) * sizeof *county->roster);
    county->roster_count = count;
    for (size_t i = 0; i < count; i++)
        county->roster[i] = i;
    qsort_r(county->roster, count, sizeof *county->roster, compare_phones, county);
}

/* How many of the roster have a phone before this one. */
static size_t count_before(const struct county *county, const char *phone)
{
    size_t low = 0, high = county->roster_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(phone_at(county, county->roster[middle]), phone) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool county_roster_of(const struct county *county, const char *phone, size_t *place, struct roster_entry *ret_entry)
{
    if (*place == 0)
        *place = count_before(county, phone);
    bool is = *place < county->roster_count && county_roster(county, county->roster[*place], ret_entry) &&
              strcmp(ret_entry->phone, phone) == 0;
    ++*place;
    return is;
}

const struct api_key *county_key(const struct county *county, const char *key)
{
    unsigned char hash[crypto_generichash_BYTES];
    char hex[2 * sizeof hash + 1];
    const struct api_key *found = NULL;

    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, strlen(key), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    for (size_t i = 0; i < county->key_count; i++)
        if (sodium_memcmp(county->keys[i].hash, hex, sizeof hex) == 0)
            found = &county->keys[i];
    return found;
}

struct span county_clock(const struct county *county, const char *urgency, enum clock_kind kind)
{
    return county->clocks[urgency && strcmp(urgency, "urgent") == 0][kind];
}

int clock_by_name(const char *name)
{
    for (int kind = 0; kind < CLOCK_KINDS; kind++)
        if (strcmp(clock_names[kind], name) == 0)
            return kind;
    return -1;
}

const char *clock_name(enum clock_kind kind)
{
    return clock_names[kind];
}
