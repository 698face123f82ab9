/*
 * test_roles.c - who may do what, each cell of the table; written down here once more, in the terms of the domain.
 */
// links: services/intake
#include "services/intake/roles.h"
#include "tests/unit/fixture.h"

#include "common/alloc.h"
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HASH "3b164ff7f2e6e103176b3f61b0f87330d471ac4cdc55aaa0b34d6a55efddde3"

/* One phone, two roles: 10000004003 is a member and works in the office of department D2. */
static struct county *make_county(void)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    memcpy(texts, fixture_files, sizeof texts);
    texts[FILE_GROUPS] = "id,name,communities,committee\nG1,城关小组,C1,K1\nG2,临河小组,C2,K2\n";
    texts[FILE_COMMITTEES] = "id,name,phone\nK1,提案委,10000002001\nK2,经济委,10000002002\nK3,文史委,10000002003\n";
    texts[FILE_DEPARTMENTS] = "id,name,phone\nD1,住建局,10000003001\nD2,水务局,10000004003\n";
    texts[FILE_STAFF] = "id,name,phone,role\nO1,何知微,10000005001,office\nC1,安若素,10000005901,city\n";
    texts[FILE_KEYS] = "name,role,hash\nall,office," HASH "1\nlists,orders.list order.read," HASH "2\n"
                       "desk,order.claim delegate," HASH "3\nfeed,import," HASH "4\n";
    assert_int_equal(county_parse("990101", texts, fixture_fault, NULL, &county), 0);
    county->vault = vault_new(NULL);
    return county;
}

/* Group G1, town T1, M2 has it. */
static struct record *make_order(const char *state, const char *department, bool handed_over)
{
    struct record *order = record_new();
    record_set(order, F_STATE, state);
    record_set(order, F_GROUP, "G1");
    record_set(order, F_TOWN, "T1");
    record_set(order, F_MEMBERS, "M2");
    record_set(order, F_DEPARTMENT, department);
    if (handed_over)
        record_set_int(order, F_HANDED_AT, fixture_now);
    return order;
}

static struct grant decide(const struct county *county, const char *phone, enum permission permission,
                           const struct record *order)
{
    struct caller caller = {.kind = CALLER_PERSON, .county = "990101"};
    struct grant grant, found;
    person_digest(caller.phone, county, phone);
    permission_decide(county, &caller, permission, order, &grant);
    caller = caller_person(county, caller.phone); /* the same, whether their phone was looked for or is */
    permission_decide(county, &caller, permission, order, &found);
    assert_int_equal(found.granted, grant.granted);
    assert_int_equal(found.relations, grant.relations);
    assert_string_equal(found.actor, grant.actor);
    assert_string_equal(found.member, grant.member);
    return grant;
}

/* Of all permissions exactly the named ones are granted, and told to who asks what they may. */
static void assert_granted(const struct county *county, const char *who, const char *phone, enum matter matter,
                           const struct record *order, const char *expected)
{
    AUTOFREE char *told = permissions_granted(matter, decide(county, phone, PERMIT_SIGNED_IN, order).relations);
    for (int permission = PERMIT_ORDER_READ; permission < PERMISSION_COUNT; permission++) {
        const char *name = permission_name((enum permission)permission);
        if (permission_matter((enum permission)permission) != matter)
            continue;
        bool granted = decide(county, phone, (enum permission)permission, order).granted;
        if (granted != words_have(expected, name))
            fail_msg("%s: %s is %s", who, name, granted ? "granted" : "not granted");
        if (granted != words_have(told, name))
            fail_msg("%s: %s is %s", who, name, granted ? "not told" : "told");
    }
}

#define LISTS " meetings.list suggestions.list"
#define CALLS " meetings.call suggestions.raise" LISTS

#define ALL_OF_ORDER                                                                                                   \
    "order.transfer order.joint order.read order.notes order.contact order.screen order.merge order.ask order.reply "  \
    "order.take_back "                                                                                                 \
    "order.claim "                                                                                                     \
    "order.confirm "                                                                                                   \
    "order.decline "                                                                                                   \
    "order.handover "                                                                                                  \
    "order.answer order.attach order.respond "                                                                         \
    "order.rate "                                                                                                      \
    "order.reassign order.decide order.flag order.dispatch order.object order.rule order.extend order.extend_decide "  \
    "order.consult case.publish"

static const struct {
    const char *who, *phone;
    const char *open;   /* what they may do to an order in the pool that M2 has claimed a place of */
    const char *handed; /* to one that was handed over to D1 */
    const char *county; /* what they may do without an order */
} cells[] = {
    {"has taken it", "10000004002",
     "order.read order.notes order.contact order.ask order.claim order.confirm order.decline order.handover "
     "order.answer "
     "order.attach order.extend order.consult",
     "order.read order.notes order.contact order.ask order.claim order.confirm order.decline order.handover "
     "order.answer "
     "order.attach order.extend order.consult",
     "orders.list absences records.read entries.list" CALLS},
    {"leads the group", "10000004001", "order.read order.notes order.claim order.consult order.attach",
     "order.read order.notes order.claim order.consult order.attach",
     "orders.list absences records.read entries.list" CALLS},
    {"of the group", "10000004003", "order.read order.claim", "order.claim",
     "orders.list absences records.read entries.list" CALLS},
    {"leads another group", "10000004004", "", "", "orders.list absences records.read entries.list" CALLS},
    {"convener", "10000001001",
     "order.read order.notes order.contact order.screen order.joint order.merge order.ask order.handover order.rate "
     "order.reassign "
     "order.flag order.dispatch order.rule order.extend_decide order.consult order.attach",
     "order.read order.notes order.contact order.screen order.joint order.merge order.ask order.handover order.rate "
     "order.reassign "
     "order.flag order.dispatch order.rule order.extend_decide order.consult order.attach",
     "orders.list figures.read records.read classes" CALLS},
    {"convener of another town", "10000001002", "", "", "orders.list figures.read records.read classes" CALLS},
    {"clerk", "10000003001", "",
     "order.read order.notes order.contact order.answer order.object order.attach order.respond", "orders.list" LISTS},
    {"committee", "10000002001", "order.read order.notes order.decide order.flag",
     "order.read order.notes order.decide order.flag", "orders.list figures.read records.read" LISTS},
    {"committee of another group", "10000002002", "", "", "orders.list figures.read records.read" LISTS},
    {"office", "10000005001", ALL_OF_ORDER, ALL_OF_ORDER,
     "orders.list orders.find absences audit.list county.tables figures.read records.read cases.search classes import "
     "open311 "
     "entries.enter entries.list" CALLS},
    {"city", "10000005901", "", "", "figures.read"},
    {"nobody", "10000009999", "", "", ""},
    {"the chair has a phone, and no role", "10000009001", "", "", ""},
};

static void each_cell(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *open = make_order(STATE_OPEN, "D1", false), *handed = make_order(STATE_CONSULTING, "D1", true);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        assert_granted(county, cells[i].who, cells[i].phone, MATTER_ORDER, open, cells[i].open);
        assert_granted(county, cells[i].who, cells[i].phone, MATTER_ORDER, handed, cells[i].handed);
        assert_granted(county, cells[i].who, cells[i].phone, MATTER_NONE, NULL, cells[i].county);
    }
    county_destroy(&county);
}

/* What people may do to a meeting of group G1 that M2 called and M4 and D2 are invited to; and to two suggestions. */
#define READ_MEETING "meeting.read"
#define ANSWER_MEETING "meeting.read meeting.answer"
#define LEAD_MEETING ANSWER_MEETING " meeting.lead"
#define READ_SUGGESTION "suggestion.read suggestion.comment"
#define SETTLE_SUGGESTION READ_SUGGESTION " suggestion.settle"
static const struct {
    const char *who, *phone;
    const char *meeting;
    const char *opinion;     /* of M2, to department D1 */
    const char *supervision; /* to committee K3, about an order of M2's */
} matters[] = {
    {"host", "10000004002", LEAD_MEETING, SETTLE_SUGGESTION, SETTLE_SUGGESTION},
    {"leads the group", "10000004001", READ_MEETING, READ_SUGGESTION, READ_SUGGESTION},
    {"of the group, and of an invited department", "10000004003", ANSWER_MEETING, "", ""},
    {"is invited, of another group", "10000004004", ANSWER_MEETING, "", ""},
    {"convener", "10000001001", READ_MEETING, READ_SUGGESTION, READ_SUGGESTION},
    {"convener of another town", "10000001002", "", "", ""},
    {"department addressed", "10000003001", "", READ_SUGGESTION, ""},
    {"committee of the group", "10000002001", READ_MEETING, SETTLE_SUGGESTION, SETTLE_SUGGESTION},
    {"committee of another group", "10000002002", "", "", ""},
    {"committee addressed", "10000002003", "", "", SETTLE_SUGGESTION},
    {"office", "10000005001", LEAD_MEETING, SETTLE_SUGGESTION, SETTLE_SUGGESTION},
    {"city", "10000005901", "", "", ""},
    {"nobody", "10000009999", "", "", ""},
};

#define READ_ENTRY "entry.read"
static const struct {
    const char *who, *phone, *entry;
} in_entry[] = {
    {"took part", "10000004002", READ_ENTRY},
    {"was missing with a reason", "10000004003", READ_ENTRY},
    {"was missing without one", "10000004004", READ_ENTRY},
    {"leads the group of some", "10000004001", ""},
    {"convener", "10000001001", ""},
    {"committee of the group", "10000002001", ""},
    {"office", "10000005001", READ_ENTRY " entry.withdraw"},
    {"city", "10000005901", ""},
    {"nobody", "10000009999", ""},
};

static void entries(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *entry = record_new();
    record_set(entry, F_STATE, STATE_ENTERED);
    record_set(entry, F_PRESENT, "member:M2");
    record_set(entry, F_EXCUSED, "member:M3");
    record_set(entry, F_ABSENT, "member:M4");
    for (size_t i = 0; i < sizeof in_entry / sizeof *in_entry; i++)
        assert_granted(county, in_entry[i].who, in_entry[i].phone, MATTER_ENTRY, entry, in_entry[i].entry);
    county_destroy(&county);
}

static struct record *make_suggestion(enum field addressed, const char *id)
{
    struct record *suggestion = record_new();
    record_set(suggestion, F_STATE, STATE_FOLLOWED);
    record_set(suggestion, F_GROUP, "G1");
    record_set(suggestion, F_TOWN, "T1");
    record_set(suggestion, F_MEMBERS, "M2");
    record_set(suggestion, addressed, id);
    if (addressed == F_DEPARTMENT)
        record_set_int(suggestion, F_HANDED_AT, fixture_now);
    return suggestion;
}

static void meetings_and_suggestions(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *meeting = record_new(), *opinion = make_suggestion(F_DEPARTMENT, "D1");
    RECORD *supervision = make_suggestion(F_COMMITTEE, "K3");
    record_set(meeting, F_STATE, STATE_CALLED);
    record_set(meeting, F_GROUP, "G1");
    record_set(meeting, F_TOWN, "T1");
    record_set(meeting, F_HOST, "member:M2");
    record_set(meeting, F_INVITED, "member:M2 member:M4 department:D2 resident:990101-000123");
    for (size_t i = 0; i < sizeof matters / sizeof *matters; i++) {
        assert_granted(county, matters[i].who, matters[i].phone, MATTER_MEETING, meeting, matters[i].meeting);
        assert_granted(county, matters[i].who, matters[i].phone, MATTER_SUGGESTION, opinion, matters[i].opinion);
        assert_granted(county, matters[i].who, matters[i].phone, MATTER_SUGGESTION, supervision,
                       matters[i].supervision);
        bool invited = strncmp(matters[i].meeting, ANSWER_MEETING, strlen(ANSWER_MEETING)) == 0;
        assert_int_equal(decide(county, matters[i].phone, PERMIT_QR, meeting).granted,
                         invited && strcmp(matters[i].who, "office") != 0);
    }
    /* A department does not settle what it had to do, whatever else its people are. */
    record_set(opinion, F_DEPARTMENT, "D2");
    record_set(opinion, F_MEMBERS, "M3");
    assert_true(decide(county, "10000004003", PERMIT_SUGGESTION_SETTLE, opinion).forbidden);
    record_set(supervision, F_KIND, "opinion"); /* nor does a committee what it was asked for */
    assert_granted(county, "committee asked", "10000002003", MATTER_SUGGESTION, supervision, READ_SUGGESTION);
    record_set(supervision, F_COMMITTEE, "K1");
    assert_granted(county, "committee asked, of the group", "10000002001", MATTER_SUGGESTION, supervision,
                   READ_SUGGESTION);
    county_destroy(&county);
}

static void an_order_whose_town_is_not_known_is_the_first_conveners(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = record_new();
    record_set(order, F_STATE, STATE_SCREENING);
    assert_true(decide(county, "10000001001", PERMIT_ORDER_SCREEN, order).granted);
    assert_false(decide(county, "10000001002", PERMIT_ORDER_SCREEN, order).granted);
    assert_false(decide(county, "10000002001", PERMIT_ORDER_READ, order).granted);
    county_destroy(&county);
}

static void roles_add_up(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_CONSULTING, "D2", true);
    struct grant grant = decide(county, "10000004003", PERMIT_ORDER_ANSWER, order);
    assert_true(grant.granted);
    assert_string_equal(grant.actor, "department:D2"); /* the role that grants it */
    assert_string_equal(decide(county, "10000004003", PERMIT_ORDER_CLAIM, order).actor, "member:M3");
    assert_string_equal(decide(county, "10000009999", PERMIT_ORDER_READ, order).actor, "");
    AUTOFREE char *roles = NULL;
    char digest[VAULT_DIGEST_SIZE];
    person_digest(digest, county, "10000004003");
    roles = person_roles(county, digest);
    assert_string_equal(roles, "member:M3 department:D2");
    county_destroy(&county);
}

/* Whoever handles an order does not rate it, even if they work in the office. */
static void handlers_do_not_rate(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_ANSWERED, "D1", true);
    county->staff[0].phone = "10000004002";
    county_sort_roster(county);
    struct grant grant = decide(county, "10000004002", PERMIT_ORDER_RATE, order);
    assert_false(grant.granted);
    assert_true(grant.forbidden);
    record_set(order, F_MEMBERS, "M1");
    assert_true(decide(county, "10000004002", PERMIT_ORDER_RATE, order).granted);
    assert_true(permission_of_resident(PERMIT_ORDER_RATE));
    assert_true(permission_of_resident(PERMIT_ORDER_READ));
    assert_true(permission_of_resident(PERMIT_ORDER_REPLY));
    assert_true(permission_of_resident(PERMIT_ORDER_TAKE_BACK));
    assert_true(permission_of_resident(PERMIT_ORDER_AGAIN));
    assert_true(permission_of_resident(PERMIT_ORDER_ATTACH));
    assert_true(permission_of_resident(PERMIT_LINK));
    assert_false(decide(county, "10000001001", PERMIT_LINK, order).granted); /* by nothing but the link */
    assert_true(decide(county, "10000003001", PERMIT_LINK, order).forbidden);
    for (int i = PERMIT_ANYBODY; i < PERMISSION_COUNT; i++)
        if (i != PERMIT_ORDER_RATE && i != PERMIT_ORDER_READ && i != PERMIT_ORDER_REPLY && i != PERMIT_ORDER_ATTACH &&
            i != PERMIT_ORDER_TAKE_BACK && i != PERMIT_ORDER_AGAIN && i != PERMIT_LINK)
            assert_false(permission_of_resident((enum permission)i));
    county_destroy(&county);
}

static void claims_are_for_oneself(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_OPEN, "D1", false);
    static const struct {
        const char *phone, *member;
        bool covered;
    } rows[] = {
        {"10000004003", "M3", true}, {"10000004003", "M1", false}, {"10000004003", "", false},
        {"10000004001", "M3", true}, {"10000005001", "M3", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct grant grant = decide(county, rows[i].phone, PERMIT_ORDER_CLAIM, order);
        assert_true(grant.granted);
        assert_int_equal(grant_covers_claim(&grant, rows[i].member), rows[i].covered);
        assert_false(grant.may_delegate);
    }
    county_destroy(&county);
}

/* The leading department answers; nobody who handles it rules about an objection, or rates. */
static void a_department_that_assists_sees_it_and_may_object(void **state)
{
    static const struct {
        enum permission permission;
        bool granted;
    } rows[] = {{PERMIT_ORDER_READ, true},     {PERMIT_ORDER_NOTES, true},   {PERMIT_ORDER_OBJECT, true},
                {PERMIT_ORDER_ATTACH, true},   {PERMIT_ORDER_RESPOND, true}, {PERMIT_ORDER_ANSWER, false},
                {PERMIT_ORDER_CONTACT, false}, {PERMIT_ORDER_RATE, false},   {PERMIT_ORDER_RULE, false},
                {PERMIT_ORDER_HANDOVER, false}};
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_CONSULTING, "D2", true);
    record_set(order, F_ASSISTING, "D1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(decide(county, "10000003001", rows[i].permission, order).granted, rows[i].granted);
    record_set_int(order, F_HANDED_AT, 0);
    assert_false(decide(county, "10000003001", PERMIT_ORDER_READ, order).granted);
    county_destroy(&county);
}

static void keys_have_scopes(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_OPEN, "D1", false);
    static const struct {
        const char *name, *granted;
        bool delegates;
    } rows[] = {
        {"all",
         ALL_OF_ORDER
         " " LEAD_MEETING " " SETTLE_SUGGESTION
         " orders.list orders.find absences audit.list county.tables figures.read records.read cases.search classes "
         "import open311 entries.enter entries.list " READ_ENTRY " entry.withdraw" CALLS,
         true},
        {"lists", "orders.list order.read", false},
        {"desk", "order.claim", true},
        {"feed", "import", false},
        {"gone", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int permission = PERMIT_SIGNED_IN; permission < PERMISSION_COUNT; permission++) {
            struct caller caller = {.kind = CALLER_KEY, .county = "990101"};
            struct grant grant;
            snprintf(caller.key, sizeof caller.key, "%s", rows[i].name);
            permission_decide(county, &caller, (enum permission)permission, order, &grant);
            const char *name = permission_name((enum permission)permission);
            if (grant.granted != words_have(rows[i].granted, name))
                fail_msg("key %s: %s", rows[i].name, name);
            assert_int_equal(grant.may_delegate, rows[i].delegates);
            if (grant.may_delegate)
                assert_true(grant_covers_claim(&grant, "M1"));
            else
                assert_false(grant_covers_claim(&grant, "M1"));
        }
    county_destroy(&county);
}

/* The same names in another county are other people. */
static void nothing_in_another_county(void **state)
{
    (void)state;
    struct county *county = make_county();
    RECORD *order = make_order(STATE_OPEN, "D1", true);
    struct caller callers[2] = {{.kind = CALLER_PERSON, .county = "990102"},
                                {.kind = CALLER_KEY, .county = "990102", .key = "all"}};
    person_digest(callers[0].phone, county, "10000005001");
    for (int i = 0; i < 2; i++)
        for (int permission = PERMIT_SIGNED_IN; permission < PERMISSION_COUNT; permission++) {
            struct grant grant;
            permission_decide(county, &callers[i], (enum permission)permission, order, &grant);
            assert_false(grant.granted);
            assert_string_equal(grant.actor, "");
        }
    county_destroy(&county);
}

static void lists_are_narrowed(void **state)
{
    (void)state;
    struct county *county = make_county();
    static const struct {
        const char *phone, *within;
    } rows[] = {
        {"10000004001", "member:M1 group:G1"},
        {"10000004002", "member:M2 pool:G1"},
        {"10000004003", "member:M3 pool:G1 department:D2"},
        {"10000001001", "convener:T1 town:T1 town:"},
        {"10000001002", "convener:T2 town:T2"},
        {"10000002002", "committee:K2 group:G2"},
        {"10000002003", "committee:K3"},
        {"10000005901", "city:C1"},
    };
    char digest[VAULT_DIGEST_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        person_digest(digest, county, rows[i].phone);
        AUTOFREE char *within = person_within(county, digest);
        assert_string_equal(within, rows[i].within);
    }
    person_digest(digest, county, "10000005001");
    assert_null(person_within(county, digest));
    assert_true(person_is_staff(county, digest));
    person_digest(digest, county, "10000004001");
    assert_false(person_is_staff(county, digest));
    county_destroy(&county);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cell),
        cmocka_unit_test(meetings_and_suggestions),
        cmocka_unit_test(entries),
        cmocka_unit_test(an_order_whose_town_is_not_known_is_the_first_conveners),
        cmocka_unit_test(roles_add_up),
        cmocka_unit_test(handlers_do_not_rate),
        cmocka_unit_test(claims_are_for_oneself),
        cmocka_unit_test(a_department_that_assists_sees_it_and_may_object),
        cmocka_unit_test(keys_have_scopes),
        cmocka_unit_test(nothing_in_another_county),
        cmocka_unit_test(lists_are_narrowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
