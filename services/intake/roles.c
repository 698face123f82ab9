/*
 * roles.c - the table of who may do what, and how people stand to an order; see roles.h. Pure.
 *
 * The table follows the roles of the domain: residents see their own orders; members what they took on and what their
 * group may claim; leaders their group's; conveners their town's; clerks what their department was given; committees
 * their groups'; the office the county's. The city above sees figures only, those of all its counties.
 */
#include "services/intake/roles.h"

#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

static const struct permission_rule {
    int granted;        /* to these relations */
    int forbidden;      /* to these, whatever else they are: who handles an order does not rate it, for one */
    enum matter matter; /* that it is about, as its path says; true: an order, false: none */
} rules[PERMISSION_COUNT] = {
    [PERMIT_LINK] = {RESIDENT, MEMBER | CLERK | ASSISTANT, true},
    [PERMIT_SIGNED_IN] = {GROUP | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE | CITY, 0, false},
    [PERMIT_ORDER_READ] = {RESIDENT | MEMBER | POOL | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE | ASSISTANT, 0,
                           true},
    [PERMIT_ORDER_NOTES] = {MEMBER | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE | ASSISTANT, 0, true},
    [PERMIT_ORDER_CONTACT] = {MEMBER | CONVENER | CLERK | OFFICE, 0, true},
    [PERMIT_ORDER_SCREEN] = {CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_TRANSFER] = {OFFICE, 0, true},
    [PERMIT_ORDER_JOINT] = {CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_MERGE] = {CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_ASK] = {MEMBER | CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_TAKE_BACK] = {RESIDENT | OFFICE, 0, true},
    [PERMIT_ORDER_AGAIN] = {RESIDENT, 0, true},
    [PERMIT_ORDER_REPLY] = {RESIDENT | OFFICE, 0, true},
    [PERMIT_ORDER_CLAIM] = {GROUP | LEADER | OFFICE, 0, true},
    [PERMIT_ORDER_CONFIRM] = {MEMBER | OFFICE, 0, true},
    [PERMIT_ORDER_DECLINE] = {MEMBER | OFFICE, 0, true},
    [PERMIT_ORDER_HANDOVER] = {MEMBER | CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_ANSWER] = {MEMBER | CLERK | OFFICE, 0, true},
    [PERMIT_ORDER_ATTACH] = {RESIDENT | MEMBER | LEADER | CONVENER | CLERK | OFFICE | ASSISTANT, 0, true},
    [PERMIT_ORDER_RESPOND] = {CLERK | OFFICE | ASSISTANT, 0, true},
    [PERMIT_ORDER_RATE] = {RESIDENT | CONVENER | OFFICE, MEMBER | CLERK | ASSISTANT,
                           true}, /* the latter two after a call */
    [PERMIT_ORDER_REASSIGN] = {CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_DECIDE] = {COMMITTEE | OFFICE, 0, true},
    [PERMIT_ORDER_FLAG] = {CONVENER | COMMITTEE | OFFICE, MEMBER | CLERK | ASSISTANT, true},
    [PERMIT_ORDER_DISPATCH] = {CONVENER | OFFICE, 0, true},
    [PERMIT_ORDER_OBJECT] = {CLERK | OFFICE | ASSISTANT, 0, true},
    [PERMIT_ORDER_RULE] = {CONVENER | OFFICE, CLERK | ASSISTANT, true},
    [PERMIT_ORDER_EXTEND] = {MEMBER | OFFICE, 0, true},
    [PERMIT_ORDER_EXTEND_DECIDE] = {CONVENER | OFFICE, MEMBER, true},
    [PERMIT_ORDER_CONSULT] = {MEMBER | LEADER | CONVENER | OFFICE, 0, true},
    [PERMIT_QR] = {INVITED, 0, false},
    [PERMIT_MEETINGS_CALL] = {GROUP | LEADER | CONVENER | OFFICE, 0, false}, /* and ORDER_CONSULT of what it is about */
    [PERMIT_MEETINGS_LIST] = {GROUP | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE, 0, false},
    [PERMIT_MEETING_READ] = {HOST | INVITED | LEADER | CONVENER | COMMITTEE | OFFICE, 0, MATTER_MEETING},
    [PERMIT_MEETING_ANSWER] = {HOST | INVITED | OFFICE, 0, MATTER_MEETING},
    [PERMIT_MEETING_LEAD] = {HOST | OFFICE, 0, MATTER_MEETING},
    [PERMIT_SUGGESTIONS_RAISE] = {GROUP | LEADER | CONVENER | OFFICE, 0, false}, /* likewise, or MEETING_ANSWER */
    [PERMIT_SUGGESTIONS_LIST] = {GROUP | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE, 0, false},
    [PERMIT_SUGGESTION_READ] = {HOST | MEMBER | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE, 0, MATTER_SUGGESTION},
    [PERMIT_SUGGESTION_COMMENT] = {HOST | MEMBER | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE, 0,
                                   MATTER_SUGGESTION},
    [PERMIT_SUGGESTION_SETTLE] = {HOST | MEMBER | COMMITTEE | OFFICE, CLERK, MATTER_SUGGESTION},
    [PERMIT_ENTRIES_ENTER] = {OFFICE, 0, false},
    [PERMIT_ENTRIES_LIST] = {GROUP | OFFICE, 0, false}, /* and ENTRY_READ of each */
    [PERMIT_ENTRY_READ] = {INVITED | OFFICE, 0, MATTER_ENTRY},
    [PERMIT_ENTRY_WITHDRAW] = {OFFICE, 0, MATTER_ENTRY},
    [PERMIT_CASE_PUBLISH] = {OFFICE, 0, true},
    [PERMIT_ORDERS_LIST] = {GROUP | LEADER | CONVENER | CLERK | COMMITTEE | OFFICE, 0, false},
    [PERMIT_ORDERS_FIND] = {OFFICE, 0, false},
    [PERMIT_ABSENCES] = {GROUP | OFFICE, 0, false},
    [PERMIT_AUDIT_LIST] = {OFFICE, 0, false},
    [PERMIT_FIGURES_READ] = {CONVENER | COMMITTEE | OFFICE | CITY, 0, false},
    [PERMIT_RECORDS_READ] = {GROUP | LEADER | CONVENER | COMMITTEE | OFFICE, 0, false}, /* it is circulated */
    [PERMIT_CASES_SEARCH] = {OFFICE, 0, false},
    [PERMIT_COUNTY_TABLES] = {OFFICE, 0, false},
    [PERMIT_CLASSES] = {CONVENER | OFFICE, 0, false},
    [PERMIT_IMPORT] = {OFFICE, 0, false},
    [PERMIT_OPEN311] = {OFFICE, 0, false},
};

static const char *const names[PERMISSION_COUNT] = {
    [PERMIT_ANYBODY] = "public",        [PERMIT_GATEWAY] = "gateway", [PERMIT_LINK] = "link",
    [PERMIT_INVITATION] = "invitation", [PERMIT_QR] = "qr",           [PERMIT_OF_RESOURCE] = "resource",
    [PERMIT_SIGNED_IN] = "signed-in",
#define PERMISSION_NAME(id, name) [PERMIT_##id] = (name),
    PERMISSIONS(PERMISSION_NAME)
#undef PERMISSION_NAME
};

static const char *const relation_names[] = {"resident",  "member", "pool",      "group",  "leader",
                                             "convener",  "clerk",  "committee", "office", "city",
                                             "assistant", "host",   "invited",   "former"};

/* -- people ------------------------------------------------------------------------------------------------------ */

void person_digest(char digest[VAULT_DIGEST_SIZE], const struct county *county, const char *phone)
{
    vault_digest(county->vault, "sign-in", phone, digest);
}

/* The next of a person's entries in the roster, from *index on; false when there is none. */
static bool next_role(const struct county *county, const char *phone, size_t *index, struct roster_entry *ret_entry)
{
    char digest[VAULT_DIGEST_SIZE];
    while (county_roster(county, (*index)++, ret_entry)) {
        person_digest(digest, county, ret_entry->phone);
        if (strcmp(digest, phone) == 0)
            return true;
    }
    return false;
}

/* The same of a caller. */
static bool next_role_of(const struct county *county, const struct caller *caller, size_t *index,
                         struct roster_entry *ret_entry)
{
    if (!*caller->plain)
        return next_role(county, caller->phone, index, ret_entry);
    return county_roster_of(county, caller->plain, index, ret_entry);
}

struct caller caller_person(const struct county *county, const char *phone)
{
    struct caller caller = {.kind = CALLER_PERSON};
    struct roster_entry entry;
    size_t index = 0;
    snprintf(caller.county, sizeof caller.county, "%s", county->id);
    snprintf(caller.phone, sizeof caller.phone, "%s", phone);
    if (next_role(county, phone, &index, &entry))
        snprintf(caller.plain, sizeof caller.plain, "%s", entry.phone);
    return caller;
}

static bool is_kind(const struct roster_entry *role, const char *kind)
{
    return strcmp(role->kind, kind) == 0;
}

/* The actor of a role; a leader's is that of the member. */
static void name_actor(char actor[64], const struct roster_entry *role)
{
    snprintf(actor, 64, "%s:%s", role->kind, role->id);
}

/* -- relations --------------------------------------------------------------------------------------------------- */

static int relations_of_member(const struct roster_entry *role, const struct record *order)
{
    const struct member *member = role->member;
    if (!order)
        return member->leader ? GROUP | LEADER : GROUP;
    int relations = words_have(record_str(order, F_MEMBERS), member->id) ? MEMBER : 0;
    if (record_is(order, F_GROUP, member->group))
        relations |= GROUP | (member->leader ? LEADER : 0) | (record_is(order, F_STATE, STATE_OPEN) ? POOL : 0);
    return relations;
}

static int relations_of_department(const char *id, const struct record *order)
{
    if (!order)
        return CLERK;
    if (record_int(order, F_HANDED_AT) == 0)
        return 0;
    return record_is(order, F_DEPARTMENT, id)               ? CLERK
           : words_have(record_str(order, F_ASSISTING), id) ? ASSISTANT
           : words_have(record_str(order, F_RULED), id)     ? FORMER
                                                            : 0;
}

/* How somebody with this role stands to an order; to the county where there is none. */
static int relations_of(const struct county *county, const struct roster_entry *role, const struct record *order)
{
    if (is_kind(role, "member"))
        return relations_of_member(role, order);
    if (is_kind(role, "office"))
        return OFFICE;
    if (is_kind(role, "city"))
        return CITY;
    if (is_kind(role, "convener")) {
        const char *town = order ? record_str(order, F_TOWN) : "";
        return !order || strcmp(*town ? town : county->towns[0].id, role->id) == 0 ? CONVENER : 0;
    }
    if (is_kind(role, "department"))
        return relations_of_department(role->id, order);
    if (order && record_is(order, F_COMMITTEE, role->id) && record_is(order, F_KIND, "opinion"))
        return CLERK; /* it is for them to do, as another is for a department */
    const struct member_group *group = order ? county_group(county, record_str(order, F_GROUP)) : NULL;
    bool theirs = !order || (group && strcmp(group->committee, role->id) == 0);
    return theirs || record_is(order, F_COMMITTEE, role->id) ? COMMITTEE : 0;
}

/* What somebody is by name to a meeting, a suggestion or an entry, in which nobody was invited before; NULL for none.
 */
static int relations_by_name(const struct roster_entry *role, const struct record *matter)
{
    static const enum field lists[] = {F_INVITED, F_PRESENT, F_EXCUSED, F_ABSENT};
    char name[64];
    name_actor(name, role);
    int relations = matter && record_is(matter, F_HOST, name) ? HOST : 0;
    for (size_t i = 0; matter && i < sizeof lists / sizeof *lists; i++)
        relations |= words_have(record_str(matter, lists[i]), name) ? INVITED : 0;
    return relations;
}

static void decide_about_person(const struct county *county, const struct caller *caller, enum permission permission,
                                const struct record *order, struct grant *grant)
{
    const struct permission_rule *rule = &rules[permission];
    struct roster_entry role;
    for (size_t i = 0; next_role_of(county, caller, &i, &role);) {
        int relations = relations_of(county, &role, order) | relations_by_name(&role, order);
        grant->relations |= relations;
        if (is_kind(&role, "member"))
            snprintf(grant->member, sizeof grant->member, "%s", role.id);
        char actor[64];
        name_actor(actor, &role);
        if (relations & rule->granted)
            words_append(grant->actors, sizeof grant->actors, actor);
        if ((!grant->granted && relations & rule->granted) || !*grant->actor)
            snprintf(grant->actor, sizeof grant->actor, "%s", actor);
        grant->granted = grant->granted || relations & rule->granted;
    }
    grant->forbidden = grant->relations & rule->forbidden;
    grant->granted = grant->granted && !grant->forbidden;
}

static void decide_about_key(const struct county *county, const struct caller *caller, enum permission permission,
                             struct grant *grant)
{
    snprintf(grant->actor, sizeof grant->actor, "key:%s", caller->key);
    for (size_t i = 0; i < county->key_count; i++) {
        if (strcmp(county->keys[i].name, caller->key) != 0)
            continue;
        const char *scopes = county->keys[i].role;
        bool office = words_have(scopes, SCOPE_OFFICE);
        grant->granted = permission != PERMIT_SIGNED_IN &&
                         ((office && rules[permission].granted & OFFICE) || words_have(scopes, names[permission]));
        grant->may_delegate = office || words_have(scopes, SCOPE_DELEGATE);
    }
}

void permission_decide(const struct county *county, const struct caller *caller, enum permission permission,
                       const struct record *order, struct grant *ret_grant)
{
    *ret_grant = (struct grant){.granted = false};
    if (strcmp(caller->county, county->id) != 0)
        return;
    if (caller->kind == CALLER_PERSON)
        decide_about_person(county, caller, permission, order, ret_grant);
    else if (caller->kind == CALLER_KEY)
        decide_about_key(county, caller, permission, ret_grant);
}

bool city_reads(const struct county *home, const struct caller *caller, const struct county *other,
                struct grant *ret_grant)
{
    struct roster_entry role;
    for (size_t i = 0; caller->kind == CALLER_PERSON && next_role_of(home, caller, &i, &role);) {
        if (!is_kind(&role, "city"))
            continue;
        struct caller elsewhere = {.kind = CALLER_PERSON};
        struct grant grant;
        memcpy(elsewhere.county, other->id, sizeof elsewhere.county);
        person_digest(elsewhere.phone, other, role.phone);
        permission_decide(other, &elsewhere, PERMIT_FIGURES_READ, NULL, &grant);
        if (!(grant.relations & CITY))
            return false;
        *ret_grant = grant;
        return true;
    }
    return false;
}

bool permission_of_resident(enum permission permission)
{
    return rules[permission].granted & RESIDENT;
}

bool permission_is_of_order(enum permission permission)
{
    return rules[permission].matter != MATTER_NONE;
}

enum matter permission_matter(enum permission permission)
{
    return rules[permission].matter;
}

bool grant_covers_claim(const struct grant *grant, const char *member)
{
    return grant->may_delegate || grant->relations & (LEADER | OFFICE) || strcmp(grant->member, member) == 0;
}

/* -- in words ---------------------------------------------------------------------------------------------------- */

const char *permission_name(enum permission permission)
{
    return names[permission];
}

static char *append_word(char *words, const char *word, const char *id)
{
    char *longer = xasprintf("%s%s%s%s%s", words, *words ? " " : "", word, *id ? ":" : "", id);
    free(words);
    return longer;
}

char *permissions_granted(enum matter matter, int relations)
{
    char *words = xstrdup("");
    for (enum permission each = PERMIT_SIGNED_IN + 1; each < PERMISSION_COUNT; each++)
        if (rules[each].matter == matter && rules[each].granted & relations && !(rules[each].forbidden & relations))
            words = append_word(words, names[each], "");
    return words;
}

char *permission_granted_to(enum permission permission)
{
    char *words = xstrdup("");
    for (int i = 0; 1 << i < RELATION_END; i++)
        if (rules[permission].granted & 1 << i)
            words = append_word(words, relation_names[i], "");
    return words;
}

char *person_roles(const struct county *county, const char *phone)
{
    char *words = xstrdup("");
    struct roster_entry role;
    for (size_t i = 0; next_role(county, phone, &i, &role);) {
        words = append_word(words, role.kind, role.id);
        if (role.member && role.member->leader)
            words = append_word(words, "leader", role.member->group);
    }
    return words;
}

bool person_is_staff(const struct county *county, const char *phone)
{
    struct roster_entry role;
    for (size_t i = 0; next_role(county, phone, &i, &role);)
        if (is_kind(&role, "office") || is_kind(&role, "city"))
            return true;
    return false;
}

static char *append_groups_of(const struct county *county, const char *committee, char *words)
{
    for (size_t i = 0; i < county->group_count; i++)
        if (strcmp(county->groups[i].committee, committee) == 0)
            words = append_word(words, "group", county->groups[i].id);
    return words;
}

/* Each role adds at least one word, so that no words at all never means everything. */
static char *append_within(const struct county *county, const struct roster_entry *role, char *words)
{
    words = append_word(words, role->kind, role->id); /* also what they are invited to */
    if (is_kind(role, "convener"))
        words = append_word(words, "town", role->id);
    if (is_kind(role, "member")) {
        const struct member *member = role->member;
        return append_word(words, member->leader ? "group" : "pool", member->group);
    }
    if (is_kind(role, "convener") && strcmp(county->towns[0].id, role->id) == 0)
        return append_word(words, "town:", ""); /* of orders whose town is not known */
    return is_kind(role, "committee") ? append_groups_of(county, role->id, words) : words;
}

char *person_within(const struct county *county, const char *phone)
{
    char *words = xstrdup("");
    struct roster_entry role;
    for (size_t i = 0; next_role(county, phone, &i, &role);) {
        if (is_kind(&role, "office")) {
            free(words);
            return NULL;
        }
        words = append_within(county, &role, words);
    }
    return words;
}
