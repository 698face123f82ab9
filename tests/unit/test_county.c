// links: scripts/ctl
// links: services/notification
/*
 * test_county.c - the sample counties are good; a small county is broken in
 * every way that must be reported, and each report says where.
 */
#include "common/alloc.h"
#include "common/calendar.h"
#include "common/county.h"
#include "common/permission.h"
#include "common/text.h"
#include "scripts/ctl/ctl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))
#define HASH_OF_SAMPLE_OFFICE_KEY "3b164ff7f2e6e103176b3f61b0f87330d471ac4cdc55aaa0b34d6a55efddde3c"

static const char *const small_county[COUNTY_FILE_COUNT] = {
    [FILE_SETTINGS] = "name,value\nname,云溪县政协\n",
    [FILE_TOWNS] = "id,name,convener,phone\nT1,城关镇,陆明远,10000001001\n",
    [FILE_COMMUNITIES] = "id,name,town,aliases\nC1,东门社区,T1,东门　东大街\nC2,西门社区,T1,\n",
    [FILE_GROUPS] = "id,name,communities,committee\nG1,东片,C1,K1\nG2,全镇,C1  C2,\n",
    [FILE_MEMBERS] = "id,name,phone,group,communities,skills,leader\n"
                     "M1,顾怀谷,10000004001,G1,C1,,yes\nM2,温静姝,10000004002,G2,,,\n",
    [FILE_COMMITTEES] = "id,name,phone\nK1,提案委,10000002001\n",
    [FILE_DEPARTMENTS] = "id,name,phone\nD1,住建局,10000003001\n",
    [FILE_CATEGORIES] = "code,name,section,department,urgency,places,group,description\n"
                        "roads,道路,城建,D1,normal,3,,\nother,其他,,,urgent,0,G2,\n",
    [FILE_RULES] = "words,category,weight,urgency\n路灯 不亮,roads,2.5,\n塌陷,roads,3,urgent\n",
    [FILE_CLOCKS] = "urgency,clock,time\n"
                    "normal,claim,1wd\nnormal,handover,2wd\nnormal,answer,7d\nnormal,callback,3d\n"
                    "urgent,claim,4h\nurgent,handover,1wd\nurgent,answer,3d\nurgent,callback,2d\n",
    [FILE_CALENDAR] = "date,kind,name\n2026-10-01,off,国庆节\n2026-10-10,work,国庆节调休\n",
    [FILE_KEYS] = "name,role,hash\ndesk,office," HASH_OF_SAMPLE_OFFICE_KEY "\n",
};

struct faults {
    char text[2000];
    int count;
    bool minor; /* all of them are to be */
};

static void note_fault(void *arg, const struct county_fault *fault)
{
    struct faults *faults = arg;
    size_t used = strlen(faults->text);

    snprintf(faults->text + used, sizeof faults->text - used, "%s%s:%d: %s", used ? "\n" : "", fault->file, fault->line,
             fault->english);
    faults->count++;
    assert_int_equal(fault->minor, faults->minor);
    if (text_length(fault->chinese, strlen(fault->chinese)) == strlen(fault->chinese))
        fail_msg("this is not Chinese: %s", fault->chinese);
}

static struct county *parse_small_county(void)
{
    struct county *county = NULL;
    struct faults faults = {.count = 0};

    int result = county_parse("990101", small_county, note_fault, &faults, &county);
    assert_string_equal(faults.text, "");
    assert_int_equal(result, 0);
    return county;
}

/* 14 ids of 32 characters each: an order for the whole group could not record them. */
static void a_group_whose_ids_do_not_fit(void **state)
{
    char members[2000] = "id,name,phone,group\nM1,甲,10000004001,G2\n";
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    struct faults faults = {.count = 0};

    (void)state;
    for (int i = 10; i < 24; i++) {
        size_t used = strlen(members);
        snprintf(members + used, sizeof members - used, "M23456789012345678901234567890%d,乙,100000050%d,G1\n", i, i);
    }
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_MEMBERS] = members;
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), -EINVAL);
    assert_string_equal(faults.text, "groups.csv:2: the ids of the members of group \"G1\" have 462 characters, "
                                     "more than 400 together: use shorter ids");
}

/* Of each row it is known whether those before have the same number: that takes its time. */
static void a_table_that_is_too_long(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    struct faults faults = {.count = 0};
    char *rules;
    size_t size;

    (void)state;
    FILE *out = open_memstream(&rules, &size);
    fputs("words,category,weight\n", out);
    for (int i = 0; i < 6000; i++)
        fprintf(out, "w%d,other,1\n", i);
    fclose(out);
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_RULES] = rules;
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), -EINVAL);
    assert_string_equal(faults.text, "rules.csv:5002: there are more than 5000 rows");
    free(rules);
}

static void look_ups(void **state)
{
    struct county *county = parse_small_county();

    (void)state;
    assert_string_equal(county->id, "990101");
    assert_string_equal(county_town(county, "T1")->convener, "陆明远");
    assert_ptr_equal(county_community(county, "C2")->town, county_town(county, "T1"));
    assert_string_equal(county_community(county, "C1")->aliases, "东门 东大街");
    assert_string_equal(county_group(county, "G2")->communities, "C1 C2");
    assert_string_equal(county_group_of(county, "C1")->id, "G1");
    assert_string_equal(county_group_of(county, "C2")->id, "G2");
    assert_true(county_member(county, "M1")->leader);
    assert_false(county_member(county, "M2")->leader);
    assert_string_equal(county_member_by_phone(county, "10000004002")->id, "M2");
    assert_string_equal(county_committee(county, "K1")->name, "提案委");
    assert_string_equal(county_department(county, "D1")->phone, "10000003001");
    assert_int_equal(county_category(county, "roads")->places, 3);
    assert_string_equal(county_category(county, "other")->department, "");
    assert_int_equal(county->rule_count, 2);
    assert_true(county->rules[0].weight == 2.5);
    assert_string_equal(county->rules[1].urgency, "urgent");

    assert_null(county_town(county, "T"));
    assert_null(county_community(county, ""));
    assert_null(county_group(county, NULL));
    assert_null(county_group_of(county, "C"));
    assert_null(county_group_of(county, NULL));
    assert_null(county_member(county, "m1"));
    assert_null(county_member_by_phone(county, NULL));
    county_destroy(&county);
    assert_null(county);
    county_destroy(&county);
}

static void clocks(void **state)
{
    struct county *county = parse_small_county();

    (void)state;
    assert_int_equal(county_clock(county, "normal", CLOCK_HANDOVER).working_days, 2);
    assert_int_equal(county_clock(county, "urgent", CLOCK_HANDOVER).working_days, 1);
    assert_int_equal(county_clock(county, "urgent", CLOCK_CLAIM).ms, 4 * 3600 * 1000);
    assert_int_equal(county_clock(county, NULL, CLOCK_ANSWER).ms, 7 * 24 * 3600 * 1000);
    assert_int_equal(clock_by_name("callback"), CLOCK_CALLBACK);
    assert_int_equal(clock_by_name("lunch"), -1);
    assert_string_equal(clock_name(CLOCK_ANSWER), "answer");
    county_destroy(&county);
}

static void keys(void **state)
{
    struct county *county = parse_small_county();

    (void)state;
    assert_string_equal(county_key(county, "sample-office-key")->role, "office");
    assert_null(county_key(county, "sample-office-kez"));
    assert_null(county_key(county, ""));
    county_destroy(&county);
}

static void defaults(void **state)
{
    struct county *county = parse_small_county();
    static const bool weekdays[7] = {false, true, true, true, true, true, false};

    (void)state;
    assert_string_equal(county->language, "zh");
    assert_string_equal(county->chair_phone, "");
    assert_string_equal(county->contact, "");
    assert_true(county->threshold == 0.5);
    assert_false(county->open311_tokens);
    assert_int_equal(county->work_start, 510);
    assert_int_equal(county->work_end, 1050);
    assert_memory_equal(county->work_weekday, weekdays, sizeof weekdays);
    for (int rung = 0; rung < RUNGS - 1; rung++)
        assert_int_equal(county->escalate[rung].working_days, 1);
    assert_int_equal(county->phone_orders, 10);
    assert_string_equal(county->similar, "yes");
    assert_int_equal(county->again, 30 * INT64_C(86400000));
    assert_string_equal(county->public_url, "");
    assert_int_equal(county->quiet_start, 21 * 60);
    assert_int_equal(county->quiet_end, 8 * 60);
    assert_int_equal(county->sms_per_day, 20);
    assert_int_equal(county->absences_told, 5);
    assert_int_equal(county_clock(county, "urgent", CLOCK_FOLLOW).working_days, 20);
    assert_int_equal(county_clock(county, "normal", CLOCK_RECHECK).ms, 90 * INT64_C(86400000));
    assert_int_equal(county_clock(county, "normal", CLOCK_CONCLUDE).working_days, 3);
    county_destroy(&county);
}

static void all_settings(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county;
    struct faults faults = {.count = 0};
    static const bool weekdays[7] = {true, false, false, false, false, false, true};

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_CALENDAR] = texts[FILE_KEYS] = NULL;
    texts[FILE_SETTINGS] =
        "\xEF\xBB\xBFname,value\r\nname,\"石桥县, 政协\"\r\nlanguage,en\r\nchair_phone,10000009001\r\n"
        "contact,拨 0000-1234567\r\nthreshold,1\r\nopen311_tokens,yes\r\n"
        "work_hours,00:00-23:59\r\nwork_weekdays,6-7\r\nescalate,90s\r\nphone_orders,0\r\n"
        "public_url,https://sidan.example.cn:8443/"
        "x\r\nquiet_hours,12:30-14:00\r\nsms_per_day,3\r\nabsences_told,3\r\nfollow,5wd\r\n"
        "conclude,2wd\r\nrecheck,36h\r\n,,\r\n";
    assert_int_equal(county_parse("990102", texts, note_fault, &faults, &county), 0);
    assert_string_equal(county->name, "石桥县, 政协");
    assert_string_equal(county->language, "en");
    assert_string_equal(county->chair_phone, "10000009001");
    assert_string_equal(county->contact, "拨 0000-1234567");
    assert_true(county->threshold == 1);
    assert_true(county->open311_tokens);
    assert_int_equal(county->work_start, 0);
    assert_int_equal(county->work_end, 23 * 60 + 59);
    assert_memory_equal(county->work_weekday, weekdays, sizeof weekdays);
    for (int rung = 0; rung < RUNGS - 1; rung++)
        assert_int_equal(county->escalate[rung].ms, 90000);
    assert_int_equal(county->phone_orders, 0);
    assert_string_equal(county->public_url, "https://sidan.example.cn:8443/x");
    assert_int_equal(county->quiet_start, 750);
    assert_int_equal(county->quiet_end, 840);
    assert_int_equal(county->sms_per_day, 3);
    assert_int_equal(county->absences_told, 3);
    assert_int_equal(county_clock(county, "normal", CLOCK_FOLLOW).working_days, 5);
    assert_int_equal(county_clock(county, "urgent", CLOCK_RECHECK).ms, 36 * INT64_C(3600000));
    assert_int_equal(county_clock(county, "urgent", CLOCK_CONCLUDE).working_days, 2);
    assert_int_equal(county->key_count, 0);
    county_destroy(&county);
}

static void a_delay_for_each_rung(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county;
    struct faults faults = {.count = 0};

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_SETTINGS] = "name,value\nname,甲\nescalate,1wd 90s　2wd\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    assert_int_equal(county->escalate[0].working_days, 1);
    assert_int_equal(county->escalate[1].ms, 90000);
    assert_int_equal(county->escalate[2].working_days, 2);
    county_destroy(&county);
}

/* New files with them are refused; a county that has them from before stays in force. */
static void minor_faults(void **state)
{
    static const char contact[] = "云溪县政协办公室，云溪县人民路一号行政中心三号楼五层五零六室，工作日上午八点半到十二"
                                  "点，下午两点到五点半，拨 0000-1234567";
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county;
    struct faults faults = {.minor = true};
    AUTOFREE char *settings = xasprintf("name,value\nname,甲\ncontact,%s\n", contact);

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_SETTINGS] = settings;
    texts[FILE_MEMBERS] =
        "id,name,phone,group,skills\nM1,甲,10000004001,G1,roads\nM2,乙,10000004002,G2,roads singing\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    assert_string_equal(faults.text,
                        "settings.csv:3: contact is not a text of at most 60 characters, as SMS have no room for more\n"
                        "members.csv:3: skills \"singing\" is not in categories.csv");
    assert_string_equal(county->contact, contact);
    county_destroy(&county);
}

static void files_in_gb18030(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county;
    struct faults faults = {.count = 0};

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_COMMITTEES] = "id,name,phone\r\nK1,\xCC\xE1\xB0\xB8\xCE\xAF,10000002001\r\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    assert_string_equal(county_committee(county, "K1")->name, "提案委");
    county_destroy(&county);
}

/* Each replaces one file of the small county. */
static const struct {
    enum county_file file;
    const char *text, *fault;
} broken[] = {
    {FILE_TOWNS, NULL, "towns.csv:0: the file is missing"},
    {FILE_RULES, "", "rules.csv:0: the file has no row with the names of the columns"},
    {FILE_RULES, "category,weight\nroads,1\n", "rules.csv:1: the column \"words\" is missing"},
    {FILE_RULES, "words,category,weight,colour\n", "rules.csv:1: column 4, \"colour\", does not belong to this file"},
    {FILE_RULES, "words,category,weight,weight\n", "rules.csv:1: the column \"weight\" is there twice"},
    {FILE_RULES, "words,category,weight\n路灯,roads,1,2\n", "rules.csv:2: there are more fields than columns"},
    {FILE_RULES, "words,category,weight\n\n,roads,1\n", "rules.csv:3: words is empty"},
    {FILE_RULES, "words,category,weight\n路灯\n", "rules.csv:2: category is empty\nrules.csv:2: weight is empty"},
    {FILE_RULES, "words,category,weight\n路灯,river,1\n", "rules.csv:2: category \"river\" is not in categories.csv"},
    {FILE_RULES, "words,category,weight\n路灯,roads,0\n", "rules.csv:2: weight is not a number from 0.01 to 100"},
    {FILE_RULES, "words,category,weight,urgency\n路灯,roads,1,normal\n",
     "rules.csv:2: urgency \"normal\" is not one of: urgent"},
    {FILE_RULES, "words,category,weight\n路\"灯\",roads,1\n\"路\"灯,roads,1\n",
     "rules.csv:3: text follows a closing quote"},
    {FILE_RULES, "words,category,weight\n\"路\n灯\",roads,1\n",
     "rules.csv:2: words holds a line break or another control character"},
    {FILE_RULES, "\"words\"x,category,weight\n路灯,roads,1\n", "rules.csv:1: text follows a closing quote"},

    {FILE_SETTINGS, "name,value\nlanguage,zh\n", "settings.csv:0: the setting \"name\" is missing"},
    {FILE_SETTINGS, "name,value\nname,\n", "settings.csv:0: the setting \"name\" is missing"},
    {FILE_SETTINGS, "name,value\nname,甲\nname,乙\n", "settings.csv:3: name is already in line 2"},
    {FILE_SETTINGS, "name,value\nname,甲\npublic_url,sidan.example.cn\n",
     "settings.csv:3: public_url is not an address such as https://sidan.example.cn, of at most 40 characters, without "
     "a "
     "slash at its end"},
    {FILE_SETTINGS, "name,value\nname,甲\npublic_url,https://\n",
     "settings.csv:3: public_url is not an address such as https://sidan.example.cn, of at most 40 characters, without "
     "a "
     "slash at its end"},
    {FILE_SETTINGS, "name,value\nname,甲\npublic_url,https://sidan.example.cn/\n",
     "settings.csv:3: public_url is not an address such as https://sidan.example.cn, of at most 40 characters, without "
     "a "
     "slash at its end"},
    {FILE_SETTINGS, "name,value\nname,甲\npublic_url,https://sidan.example.cn/?a\n",
     "settings.csv:3: public_url is not an address such as https://sidan.example.cn, of at most 40 characters, without "
     "a "
     "slash at its end"},
    {FILE_SETTINGS, "name,value\nname,甲\npublic_url,https://a-name-that-is-too-long-for-an-sms.example.cn\n",
     "settings.csv:3: public_url is not an address such as https://sidan.example.cn, of at most 40 characters, without "
     "a "
     "slash at its end"},
    {FILE_SETTINGS, "name,value\nname,甲\ncolour,red\n", "settings.csv:3: there is no setting \"colour\""},
    {FILE_SETTINGS, "name,value\nname,甲\nlanguage,fr\n", "settings.csv:3: language is not zh or en"},
    {FILE_SETTINGS, "name,value\nname,甲\nlanguage,zh en\n", "settings.csv:3: language is not zh or en"},
    {FILE_SETTINGS, "name,value\nname,甲\nthreshold,1.01\n", "settings.csv:3: threshold is not a number from 0 to 1"},
    {FILE_SETTINGS, "name,value\nname,甲\nopen311_tokens,1\n", "settings.csv:3: open311_tokens is not yes or no"},
    {FILE_SETTINGS, "name,value\nname,甲\nchair_phone,0000\n",
     "settings.csv:3: chair_phone is not 11 digits beginning with 1"},
    {FILE_SETTINGS, "name,value\nname,甲\nescalate,0d\n",
     "settings.csv:3: escalate is not a time such as 90s, 15m, 36h, 7d or 2wd, at most 400 days, or three with spaces "
     "between"},
    {FILE_SETTINGS, "name,value\nname,甲\nescalate,1wd 2wd\n",
     "settings.csv:3: escalate is not a time such as 90s, 15m, 36h, 7d or 2wd, at most 400 days, or three with spaces "
     "between"},

    {FILE_TOWNS, "id,name,convener,phone\n",
     "towns.csv:0: the file needs at least one row\n"
     "communities.csv:2: town \"T1\" is not in towns.csv\n"
     "communities.csv:3: town \"T1\" is not in towns.csv"},
    {FILE_TOWNS, "id,name,convener,phone\nT1,城关镇,陆明远,12345\n",
     "towns.csv:2: phone is not 11 digits beginning with 1"},
    {FILE_COMMUNITIES, "id,name,town\nC1,东门,T1\nC2,西门,T1\nC1,南门,T1\n",
     "communities.csv:4: id is already in line 2"},
    {FILE_COMMUNITIES, "id,name,town\nC1,东门,T1\nC2,西门,T9\n", "communities.csv:3: town \"T9\" is not in towns.csv"},
    {FILE_COMMUNITIES, "id,name,town\nC1,东门,T1\nC2,西门,T1\n南门,南门,T1\n",
     "communities.csv:4: id is not 1 to 32 of A-Z a-z 0-9 _ -"},
    {FILE_COMMUNITIES, "id,name,town\nC1,东门,T1\nC2,西门,T1\nC34567890123456789012345678901234,南门,T1\n",
     "communities.csv:4: id is not 1 to 32 of A-Z a-z 0-9 _ -"},
    {FILE_GROUPS, "id,name,communities,committee\nG1,东片,C1 C8,K1\nG2,西片,C9,K9\n",
     "groups.csv:2: communities \"C8\" is not in communities.csv\n"
     "groups.csv:3: communities \"C9\" is not in communities.csv\n"
     "groups.csv:3: committee \"K9\" is not in committees.csv"},
    {FILE_GROUPS, "id,name,communities\nG1,东片,C1\nG2,西片,C2\n\nG3,南片,C2\n",
     "groups.csv:5: group \"G3\" has nobody in members.csv"},
    {FILE_MEMBERS, "id,name,phone,group\nM1,甲,10000004001,G1\nM2,乙,10000004002,G2\nM3,丙,10000004003,G9\n",
     "members.csv:4: group \"G9\" is not in groups.csv"},
    {FILE_MEMBERS, "id,name,phone,group\nM1,甲,10000004001,G1\nM2,乙,10000004001,G2\n",
     "members.csv:3: phone is already in line 2"},
    {FILE_MEMBERS, "id,name,phone,group,leader\nM1,甲,10000004001,G1,no\nM2,乙,10000004002,G2,yes\n",
     "members.csv:2: leader is neither yes nor empty"},
    {FILE_MEMBERS, "id,name,phone,group,communities\nM1,甲,10000004001,G1,C7\nM2,乙,10000004002,G2,\n",
     "members.csv:2: communities \"C7\" is not in communities.csv"},
    {FILE_MEMBERS, "id,name,phone,group\n",
     "members.csv:0: the file needs at least one row\n"
     "groups.csv:2: group \"G1\" has nobody in members.csv\n"
     "groups.csv:3: group \"G2\" has nobody in members.csv"},
    /* people's names and phones in the wrong place are not repeated */
    {FILE_MEMBERS, "甲,10000004001,G1\n",
     "members.csv:1: column 1, \"...\", does not belong to this file\n"
     "members.csv:1: column 2, \"...\", does not belong to this file\n"
     "members.csv:1: column 3, \"G1\", does not belong to this file\n"
     "members.csv:1: the column \"id\" is missing\n"
     "members.csv:1: the column \"name\" is missing\n"
     "members.csv:1: the column \"phone\" is missing\n"
     "members.csv:1: the column \"group\" is missing"},
    {FILE_COMMITTEES, "id,name,phone\nK1,提案委,\n", "committees.csv:2: phone is empty"},
    {FILE_DEPARTMENTS, "id,name,phone\n", "categories.csv:2: department \"D1\" is not in departments.csv"},
    {FILE_CATEGORIES, "code,name,urgency,places\nroads,道路,normal,1\n",
     "categories.csv:0: the category \"other\" is missing: it takes what no rule knows"},
    {FILE_CATEGORIES, "code,name,urgency,places\nroads,道路,soon,1\nother,其他,normal,21\n",
     "categories.csv:2: urgency \"soon\" is not one of: normal urgent\n"
     "categories.csv:3: places is not a whole number from 0 to 20"},
    {FILE_CATEGORIES, "code,name,urgency,places,group\nroads,道路,normal,1,G9\nother,其他,normal,2,\n",
     "categories.csv:2: group \"G9\" is not in groups.csv"},
    {FILE_CALENDAR, "date,kind\n2026-02-30,off\n2026-10-01,off\n2026/10/1,work\n2026-10-02,holiday\n",
     "calendar.csv:2: date \"2026-02-30\" is not a date such as 2026-10-01\n"
     "calendar.csv:4: the date 2026/10/1 is there twice\n"
     "calendar.csv:5: kind \"holiday\" is not one of: off work"},
    {FILE_KEYS,
     "name,role,hash\ndesk,king," HASH_OF_SAMPLE_OFFICE_KEY "\nother,office,ABCD\n"
     "third,office," HASH_OF_SAMPLE_OFFICE_KEY "\n",
     "keys.csv:2: role \"king\" is not one of: " SCOPES "\n"
     "keys.csv:3: hash is not 64 hexadecimal digits in lower case\n"
     "keys.csv:4: hash is already in line 2"},
    {FILE_KEYS, "name,role,hash,expires\ndesk,order.read order.write," HASH_OF_SAMPLE_OFFICE_KEY ",2026-02-30\n",
     "keys.csv:2: role \"...\" is not one of: " SCOPES "\n"
     "keys.csv:2: expires \"2026-02-30\" is not a date such as 2026-10-01"},
    {FILE_STAFF, "id,name,phone,role\nhe,何知微,10000005001,king\nhe,池望舒,12345,city\n,安若素,10000005901,\n",
     "staff.csv:2: role \"king\" is not one of: office city\n"
     "staff.csv:3: id is already in line 2\n"
     "staff.csv:3: phone is not 11 digits beginning with 1\n"
     "staff.csv:4: id is empty\n"
     "staff.csv:4: role is empty"},
    {FILE_REASONS, "code,name,return_to\ncourt,已进入诉讼程序,县人民法院\ncourt,,\n",
     "reasons.csv:3: code is already in line 2\n"
     "reasons.csv:3: name is empty"},
    {FILE_PORTRAIT, "dimension,measure,points,most\n办理,answers,10,100\n办理,wealth,10,100\n,late,-101,x\n",
     "portrait.csv:3: measure \"wealth\" is not one of: " PORTRAIT_MEASURES "\n"
     "portrait.csv:4: dimension is empty\n"
     "portrait.csv:4: points is not a whole number from -100 to 100\n"
     "portrait.csv:4: most is not a whole number from -100 to 100"},
    {FILE_PLAN,
     "sector,task,wanted\n工商联,benefit,1\n工商联,party,1\n,report,0\n工商联,benefit,2\n"
     "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六"
     "七八九十一,"
     "report,1\n教育　界,report,1\n",
     "plan.csv:3: task \"party\" is not one of: " PLAN_TASKS "\n"
     "plan.csv:4: sector is empty\n"
     "plan.csv:4: wanted is not a whole number from 1 to 100\n"
     "plan.csv:6: sector is longer than 60 characters\n"
     "plan.csv:7: sector holds a space, which lists of sectors and members are split at\n"
     "plan.csv:5: the task \"benefit\" of this sector is there twice"},
    {FILE_SMS_TEMPLATES,
     "template,gateway,code,parameters\nplaced,ali,SMS_1,title order\nplaced,ali,SMS_2,\nopened,ali,,\n",
     "sms_templates.csv:4: code is empty\n"
     "sms_templates.csv:3: the template \"placed\" of the gateway \"ali\" is there twice"},
    {FILE_SMS_SIGNATURES, "gateway,sign\nali,【云溪】\n", "sms_signatures.csv:2: sign is written without 【 and 】"},
};

static void every_fault_is_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        const char *texts[COUNTY_FILE_COUNT];
        struct faults faults = {.count = 0};
        struct county *county = NULL;
        memcpy(texts, small_county, sizeof texts);
        texts[broken[i].file] = broken[i].text;
        assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), -EINVAL);
        assert_string_equal(faults.text, broken[i].fault);
        assert_null(county);
    }
}

static void bad_hours_and_weekdays(void **state)
{
    static const char *const values[] = {
        "work_hours,08:30",        "work_hours,17:30-08:30",  "work_hours,08:30-08:30", "work_hours,8:30-17:30",
        "work_hours,08:60-17:30",  "work_hours,08:30-24:01",  "work_hours,08:30-17:3x", "work_hours,-8:30-17:30",
        "work_weekdays,0-5",       "work_weekdays,1-8",       "work_weekdays,5-1",      "work_weekdays,1",
        "work_weekdays,1-",        "work_weekdays,1,5",       "work_weekdays,1-5x",     "quiet_hours,21:00",
        "quiet_hours,21:00-24:00", "quiet_hours,08:00-08:00", "quiet_hours,no",         "quiet_hours,21-8",
        "absences_told,0",         "absences_told,101",       "sms_per_day,-1",         "sms_per_day,1001",
        "sms_per_day,many",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        const char *texts[COUNTY_FILE_COUNT];
        struct faults faults = {.count = 0};
        struct county *county = NULL;
        AUTOFREE char *settings = xasprintf("name,value\nname,甲\n%s\n", values[i]);
        memcpy(texts, small_county, sizeof texts);
        texts[FILE_SETTINGS] = settings;
        assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), -EINVAL);
        assert_int_equal(faults.count, 1);
        assert_int_equal(strncmp(faults.text, "settings.csv:3: ", 16), 0);
    }
}

static void every_clock_must_be_there(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct faults faults = {.count = 0};
    struct county *county = NULL;

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_CLOCKS] = "urgency,clock,time\nnormal,claim,1wd\nnormal,claim,2wd\nnormal,handover,soon\n"
                         "normal,answer,7d\nnormal,callback,3d\nurgent,lunch,1h\nslow,claim,1h\n"
                         "urgent,claim,4h\nurgent,handover,1wd\nurgent,answer,3d\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), -EINVAL);
    assert_string_equal(faults.text,
                        "clocks.csv:3: the clock normal claim is there twice\n"
                        "clocks.csv:4: time \"soon\" is not a time such as 90s, 15m, 36h, 7d or 2wd, at most 400 days\n"
                        "clocks.csv:7: clock \"lunch\" is not one of: claim handover answer callback confirm\n"
                        "clocks.csv:8: urgency \"slow\" is not one of: normal urgent\n"
                        "clocks.csv:0: the clock normal handover is missing\n"
                        "clocks.csv:0: the clock urgent callback is missing");
}

static bool works_on(const struct county *county, const char *date)
{
    int64_t at;
    assert_int_equal(date_parse(date, &at), 0);
    return calendar_is_workday(county, at);
}

static void a_countys_own_days_go_before_the_national_ones(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    struct faults faults = {.count = 0};

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_CALENDAR] = "date,kind,name\n2026-10-06,work,防汛\n2026-10-12,off,县庆\n2026-10-10,off,县庆\n";
    texts[FILE_NATIONAL] = "date,kind,name\n2026-10-06,off,国庆节\n2026-10-07,off,国庆节\n2026-10-10,work,国庆节\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    assert_true(works_on(county, "2026-10-06"));
    assert_false(works_on(county, "2026-10-07"));
    assert_false(works_on(county, "2026-10-10"));
    assert_false(works_on(county, "2026-10-12"));
    county_destroy(&county);
}

static void bad_county_ids(void **state)
{
    static const char *const ids[] = {"", "99010", "9901011", "99010a", "99010\xE4\xB8\x80"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        struct faults faults = {.count = 0};
        struct county *county = NULL;
        assert_int_equal(county_parse(ids[i], small_county, note_fault, &faults, &county), -EINVAL);
        assert_int_equal(faults.count, 1);
    }
}

static char *read_file(const char *county, enum county_file file)
{
    AUTOFREE char *path = xasprintf("deploy/counties/%s/%s", county, county_file_name(file));
    FILE *stream = fopen(path, "r");
    char *text = xcalloc(1, 1 << 18);

    assert_non_null(stream);
    assert_in_range(fread(text, 1, (1 << 18) - 1, stream), 1, (1 << 18) - 2);
    fclose(stream);
    return text;
}

static void sample_counties(void **state)
{
    static const char *const ids[] = {"990101", "990102"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        char *texts[COUNTY_FILE_COUNT];
        struct faults faults = {.count = 0};
        struct county *county = NULL;
        int64_t national_day, make_up_day;
        assert_int_equal(time_parse("2026-10-01T12:00:00", &national_day), 0);
        assert_int_equal(time_parse("2026-10-10T12:00:00", &make_up_day), 0);
        for (int file = 0; file < FILE_NATIONAL; file++)
            texts[file] = read_file(ids[i], (enum county_file)file);
        texts[FILE_NATIONAL] = national_calendar("deploy/calendar", national_day);
        county_parse(ids[i], (const char *const *)texts, note_fault, &faults, &county);
        assert_string_equal(faults.text, "");
        for (int file = 0; file < COUNTY_FILE_COUNT; file++)
            free(texts[file]);

        for (size_t c = 0; c < county->community_count; c++)
            assert_non_null(county_group_of(county, county->communities[c].id));
        assert_string_equal(county_key(county, "sample-office-key")->role, "office");
        assert_string_equal(county_key(county, "sample-import-key")->role, "import");
        assert_string_equal(county_key(county, "sample-open311-key")->role, "open311");
        assert_false(calendar_is_workday(county, national_day));
        assert_true(calendar_is_workday(county, make_up_day));
        county_destroy(&county);
    }
}

static void everybody_on_the_roster(void **state)
{
    static const char *const expected[] = {
        "member:M1 10000004001",     "member:M2 10000004002", "convener:T1 10000001001", "committee:K1 10000002001",
        "department:D1 10000003001", "office:he 10000005001", "city:an 10000005901"};
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    struct faults faults = {.count = 0};
    struct roster_entry entry;
    size_t count = 0;

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_STAFF] = "id,name,phone,role\nhe,何知微,10000005001,office\nan,安若素,10000005901,city\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    for (; county_roster(county, count, &entry); count++) {
        AUTOFREE char *text = xasprintf("%s:%s %s", entry.kind, entry.id, entry.phone);
        assert_string_equal(text, expected[count]);
    }
    assert_int_equal(count, ARRAY_SIZE(expected));
    assert_false(county_roster(county, count + 1, &entry));
    for (size_t i = 0; i < count; i++) { /* each by their phone, as one by one */
        struct roster_entry same;
        size_t place = 0;
        county_roster(county, i, &entry);
        assert_true(county_roster_of(county, entry.phone, &place, &same));
        assert_string_equal(same.kind, entry.kind);
        assert_string_equal(same.id, entry.id);
        assert_ptr_equal(same.member, i < 2 ? &county->members[i] : NULL);
        assert_false(county_roster_of(county, entry.phone, &place, &same));
    }
    assert_false(county_roster_of(county, "10000004000", &(size_t){0}, &entry));
    assert_false(county_roster_of(county, "20000000000", &(size_t){0}, &entry));
    county->staff[1].phone = county->members[0].phone; /* who has two roles has both, in the same sequence */
    county_sort_roster(county);
    size_t place = 0;
    assert_true(county_roster_of(county, "10000004001", &place, &entry));
    assert_string_equal(entry.kind, "member");
    assert_true(county_roster_of(county, "10000004001", &place, &entry));
    assert_string_equal(entry.kind, "city");
    assert_false(county_roster_of(county, "10000004001", &place, &entry));
    county_destroy(&county);
}

/* A key is good until the end of the day that is written down, in China. */
static void keys_with_several_scopes_and_an_end(void **state)
{
    const char *texts[COUNTY_FILE_COUNT];
    struct county *county = NULL;
    struct faults faults = {.count = 0};
    int64_t end;

    (void)state;
    memcpy(texts, small_county, sizeof texts);
    texts[FILE_KEYS] =
        "name,role,hash,expires\ndesk,order.read  orders.list," HASH_OF_SAMPLE_OFFICE_KEY ",2026/12/31\n";
    assert_int_equal(county_parse("990101", texts, note_fault, &faults, &county), 0);
    const struct api_key *key = county_key(county, "sample-office-key");
    assert_string_equal(key->role, "order.read orders.list");
    assert_int_equal(time_parse("2027-01-01T00:00:00+08:00", &end), 0);
    assert_int_equal(key->expires, end);
    county_destroy(&county);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_on_the_roster),
        cmocka_unit_test(keys_with_several_scopes_and_an_end),
        cmocka_unit_test(a_group_whose_ids_do_not_fit),
        cmocka_unit_test(a_table_that_is_too_long),
        cmocka_unit_test(look_ups),
        cmocka_unit_test(clocks),
        cmocka_unit_test(keys),
        cmocka_unit_test(defaults),
        cmocka_unit_test(all_settings),
        cmocka_unit_test(a_delay_for_each_rung),
        cmocka_unit_test(files_in_gb18030),
        cmocka_unit_test(every_fault_is_reported),
        cmocka_unit_test(minor_faults),
        cmocka_unit_test(bad_hours_and_weekdays),
        cmocka_unit_test(every_clock_must_be_there),
        cmocka_unit_test(a_countys_own_days_go_before_the_national_ones),
        cmocka_unit_test(bad_county_ids),
        cmocka_unit_test(sample_counties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
