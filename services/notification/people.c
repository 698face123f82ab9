/*
 * people.c - from a recipient's name in a message to people with a phone, a mail address or a chat.
 *
 * Pure: it reads the county's roster, and owns nothing. Whoever
 * cannot be found or has no phone is counted and passed over, because a
 * missing number must not keep the others from being told.
 */
#include "services/notification/people.h"

#include "common/text.h"

#include <stdio.h>
#include <string.h>

struct search {
    const struct county *county;
    const char *resident;
    struct person *people;
    size_t count, skipped;
};

static void add_by(struct search *search, enum channel channel, const char *kind, const char *id, const char *address)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->people[i].channel == channel && strcmp(search->people[i].phone, address) == 0)
            return;
    if (search->count == PEOPLE_MAX) {
        search->skipped++;
        return;
    }
    struct person *person = &search->people[search->count++];
    *person = (struct person){.phone = address, .channel = channel};
    snprintf(person->ref, REF_SIZE, "%s%s%s", kind, *id ? ":" : "", id);
}

static void add(struct search *search, const char *kind, const char *id, const char *phone)
{
    if (phone && *phone)
        add_by(search, CHANNEL_SMS, kind, id, phone);
    else
        search->skipped++;
}

static void add_resident(struct search *search, const char *id)
{
    (void)id;
    add(search, "resident", "", search->resident);
}

static void add_member(struct search *search, const char *id)
{
    const struct member *member = county_member(search->county, id);
    add(search, "member", id, member ? member->phone : NULL);
}

static void add_of_group(struct search *search, const char *id, bool leaders_only)
{
    for (size_t i = 0; i < search->county->member_count; i++) {
        const struct member *member = &search->county->members[i];
        if (strcmp(member->group, id) == 0 && (member->leader || !leaders_only))
            add(search, "member", member->id, member->phone);
    }
}

static void add_group(struct search *search, const char *id)
{
    add_of_group(search, id, false);
}

static void add_leader(struct search *search, const char *id)
{
    add_of_group(search, id, true);
}

static void add_convener(struct search *search, const char *id)
{
    const struct town *town = county_town(search->county, id);
    add(search, "convener", id, town ? town->phone : NULL);
}

static void add_department(struct search *search, const char *id)
{
    const struct office *department = county_department(search->county, id);
    add(search, "department", id, department ? department->phone : NULL);
}

static void add_committee(struct search *search, const char *id)
{
    const struct office *committee = county_committee(search->county, id);
    add(search, "committee", id, committee ? committee->phone : NULL);
}

static void add_office(struct search *search, const char *id)
{
    for (size_t i = 0; i < search->county->staff_count; i++) {
        const struct staff *staff = &search->county->staff[i];
        if (strcmp(staff->role, "office") == 0 && (!*id || strcmp(staff->id, id) == 0))
            add(search, "office", staff->id, staff->phone);
    }
}

static void add_chair(struct search *search, const char *id)
{
    (void)id;
    add(search, "chair", "", search->county->chair_phone);
}

static const struct {
    const char *kind;
    void (*add)(struct search *search, const char *id);
} kinds[] = {
    {"resident", add_resident}, {"member", add_member},       {"group", add_group},
    {"leader", add_leader},     {"convener", add_convener},   {"department", add_department},
    {"chair", add_chair},       {"committee", add_committee}, {"office", add_office},
};

/* The mail address of a recipient, "" without. */
static const char *mail_of(const struct county *county, const char *name)
{
    const char *id = name + strcspn(name, ":");
    id += *id == ':';
    const struct office *office = strncmp(name, "department:", 11) == 0  ? county_department(county, id)
                                  : strncmp(name, "committee:", 10) == 0 ? county_committee(county, id)
                                                                         : NULL;
    return office ? office->email : strcmp(name, "chair") == 0 ? county->office_email : "";
}

static void add_mail(struct search *search, const char *name)
{
    const char *address = mail_of(search->county, name);
    if (*address)
        add_by(search, CHANNEL_MAIL, name, "", address);
}

static void add_chats(struct search *search, const char *name)
{
    for (size_t i = 0; i < search->county->robot_count; i++)
        if (words_have(search->county->robots[i].tells, name))
            add_by(search, CHANNEL_CHAT, name, "", search->county->robots[i].name);
}

static void add_named(struct search *search, char *name)
{
    char *colon = strchr(name, ':');
    const char *id = colon ? colon + 1 : "";
    if (colon)
        *colon = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name, kinds[i].kind) == 0) {
            kinds[i].add(search, id);
            return;
        }
    search->skipped++;
}

size_t people_find(const struct county *county, const char *resident, const char *recipients,
                   struct person people[PEOPLE_MAX], size_t *ret_skipped)
{
    struct search search = {.county = county, .resident = resident, .people = people};
    char name[REF_SIZE];
    for (const char *rest = recipients; words_next(&rest, name, sizeof name);)
        add_named(&search, name);
    for (const char *rest = recipients; words_next(&rest, name, sizeof name);)
        add_mail(&search, name);
    for (const char *rest = recipients; words_next(&rest, name, sizeof name);)
        add_chats(&search, name);
    *ret_skipped = search.skipped;
    return search.count;
}

const struct member *people_by_phone(const struct county *county, const char *phone, char ref[REF_SIZE])
{
    ref[0] = '\0';
    if (!*phone)
        return NULL;
    const struct member *member = county_member_by_phone(county, phone);
    if (member) {
        snprintf(ref, REF_SIZE, "member:%s", member->id);
        return member;
    }
    for (size_t i = 0; i < county->town_count && !*ref; i++)
        if (strcmp(county->towns[i].phone, phone) == 0)
            snprintf(ref, REF_SIZE, "convener:%s", county->towns[i].id);
    return NULL;
}
