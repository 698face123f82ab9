/*
 * county.h - one county's configuration: places, groups, people, departments,
 * rules and clocks.
 *
 * A county is a directory of CSV files (UTF-8 or GB18030; the first row names
 * the columns, as here or in Chinese; the office edits them with a
 * spreadsheet). `sidanctl county apply` checks
 * the whole, then stores the files' text in Redis in one step; services parse
 * the same text with the same code and take a new revision within seconds.
 *
 *   settings.csv     name,value      names: see county_settings.c
 *   towns.csv        id,name,convener,phone
 *   communities.csv  id,name,town,aliases          aliases: space between
 *   groups.csv       id,name,communities,committee communities: ids, space between
 *   members.csv      id,name,phone,group,communities,skills,leader,sector
 *                    skills: codes of categories; leader: yes or empty; sector (界别): may be missing
 *   committees.csv   id,name,phone,email
 *   departments.csv  id,name,phone,email
 *   categories.csv   code,name,section,department,urgency,places,group,description
 *                    one of them is "other"
 *   rules.csv        words,category,weight,urgency words: space between, all must occur
 *   clocks.csv       urgency,clock,time            clock: claim, handover, answer, callback, confirm (may be missing)
 *   calendar.csv     date,kind,name                kind: off or work (调休); goes before national.csv
 *   keys.csv         name,role,hash,expires        role: scopes, space between; expires: the last day, or empty
 *   staff.csv        id,name,phone,role            role: office, or city (of the city above the county)
 *   reasons.csv      code,name,return_to           why an order may be returned; return_to: where to turn instead
 *   portrait.csv     dimension,measure,points,most what counts in the portrait of a member (画像)
 *   plan.csv         sector,task,wanted            what a sector is to do in a year (四个一)
 *   sms_templates.csv   template,gateway,code,parameters
 *                    what a gateway calls a template; parameters: its values in the gateway's order
 *   sms_signatures.csv  gateway,sign               the county's signature at a gateway: its words or its code
 *   robots.csv       name,kind,url,secret,tells    robots of chat groups; url and secret are secrets
 *                    tells: whose notices it passes on: convener:T1, committee:K1, department:D1, group:G1, chair
 *   national.csv     date,kind,name                not of the directory: sidanctl makes it of the yearly ones
 */
#ifndef SIDAN_COUNTY_H
#define SIDAN_COUNTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The files, in this order everywhere. */
enum county_file {
    FILE_SETTINGS,
    FILE_TOWNS,
    FILE_COMMUNITIES,
    FILE_GROUPS,
    FILE_MEMBERS,
    FILE_COMMITTEES,
    FILE_DEPARTMENTS,
    FILE_CATEGORIES,
    FILE_RULES,
    FILE_CLOCKS,
    FILE_CALENDAR,
    FILE_KEYS,
    FILE_STAFF,
    FILE_REASONS,
    FILE_PORTRAIT,
    FILE_PLAN,
    FILE_SMS_TEMPLATES,
    FILE_SMS_SIGNATURES,
    FILE_ROBOTS,
    FILE_NATIONAL,
    COUNTY_FILE_COUNT
};
const char *county_file_name(enum county_file file); /* "settings.csv", ... */

struct vault;

struct town {
    const char *id, *name, *convener, *phone;
};
struct community {
    const char *id, *name, *aliases;
    const struct town *town;
};
struct member_group { /* not "group": <grp.h> has one */
    const char *id, *name, *communities, *committee;
};
struct member {
    const char *id, *name, *phone, *group, *communities, *skills;
    bool leader;
    const char *sector; /* may be "" */
};
struct office {                            /* a committee or a department */
    const char *id, *name, *phone, *email; /* email: may be "" */
};
struct category {
    const char *code, *name, *section, *department, *urgency, *group, *description;
    int places; /* 2-3 members for a simple matter, 4-5 for a hard one; 0: the whole group */
};
struct rule {
    const char *words, *category, *urgency; /* urgency: "" or urgent */
    double weight;
};
struct api_key {
    const char *name, *role, *hash; /* role: scopes, see permission.h; hash: BLAKE2b-256 of the key, lower-case hex */
    int64_t expires;                /* ms since 1970, the end of its last day; 0: never */
};
struct staff {
    const char *id, *name, *phone, *role;
};
struct return_reason {
    const char *code, *name, *return_to; /* return_to: unless the convener knows better; may be "" */
};
/* So many points for each of what a record counts (schema.def), and no more than `most`; below 0 for what is no credit.
 */
#define PORTRAIT_MEASURES                                                                                              \
    "claims answers satisfied dissatisfied late declines lost visits meetings excuses absences opinions adopted "      \
    "activities honours donations"
struct portrait_row {
    const char *dimension, *measure;
    int points, most; /* -100 to 100; most: of this row, whichever its sign */
};
/* What a sector is to do in a year, and how often (四个一): confer with a department (界别协商), hand in a proposal
 * (集体提案), report what people say (社情民意), do residents good (惠民活动). */
#define PLAN_TASKS "consultation proposal report benefit"
struct plan_row {
    const char *sector, *task;
    int wanted;
};
struct sms_template {
    const char *template, *gateway, *code, *parameters;
    int line; /* in its file */
};
struct sms_signature {
    const char *gateway, *sign;
};

struct robot {
    const char *name, *kind, *url, *secret, *tells; /* kind: wecom, dingtalk or feishu; secret: may be "" */
};

/* How long a clock runs: in working days, or in milliseconds round the clock. */
struct span {
    int working_days; /* used when > 0 */
    int64_t ms;
};

/* Who hears of an overdue order, rung by rung: its handlers, the convener, the committee, the chair. */
enum rung { RUNG_HANDLERS, RUNG_CONVENER, RUNG_COMMITTEE, RUNG_CHAIR, RUNGS };
enum { MATTER_RUNGS = 2 }; /* that sound for a meeting or a suggestion, which have fewer to tell */

/*
 * CLOCK_CONFIRM may be missing in a county: then nobody has to. The last three are no rows of clocks.csv but settings,
 * with defaults: until when a suggestion is settled, when an adopted one is re-checked; until when a meeting is held
 * that has begun, and then closed.
 */
enum clock_kind {
    CLOCK_CLAIM,
    CLOCK_HANDOVER,
    CLOCK_ANSWER,
    CLOCK_CALLBACK,
    CLOCK_CONFIRM,
    CLOCK_FOLLOW,
    CLOCK_RECHECK,
    CLOCK_CONCLUDE,
    CLOCK_KINDS
};

struct county {
    char id[7];
    /* settings.csv; each has a bounded range and a default, see county_settings.c */
    const char *name;           /* required */
    const char *language;       /* zh (default) or en: of SMS */
    const char *chair_phone;    /* top of the escalation ladder; may be empty */
    const char *office_email;   /* is told by mail what the chair and the office are told; may be empty */
    const char *contact;        /* told to residents and in Open311 discovery */
    const char *public_url;     /* where residents find sidan on the internet, for links in SMS; may be empty */
    double threshold;           /* routing confidence below which a convener screens, 0 to 1, default 0.5 */
    bool open311_tokens;        /* answer POST with a token instead of the number */
    int work_start, work_end;   /* minutes since midnight, China time, default 08:30 and 17:30 */
    bool work_weekday[7];       /* Sunday first; default Monday to Friday */
    int64_t retention;          /* ms for which a closed order keeps name, phone and mail address, default 180 days */
    const char *similar;        /* open orders that are shown to who places one like them: yes (default), public, no */
    int64_t again;              /* ms for which what was closed can be said to have come back; default 30 days */
    int64_t phone_orders;       /* a guest's for one phone: so many at once, and a day; default 10; 0: no limit */
    int quiet_start, quiet_end; /* minutes since midnight, China time, default 21:00 and 08:00; the same: none */
    int64_t sms_per_day;        /* for one phone, of what is not asked for just now; default 20; 0: no limit */
    struct span escalate[RUNGS - 1]; /* from one rung of the ladder to the next, default 1 working day each */
    struct span question;            /* for which a resident's answer is waited, default 3 working days */
    int64_t absences_told;           /* without a reason, in a year, at which the office is told; default 5 */
    /* follow, recheck and conclude are in clocks below; default 20 working days, 90 days and 3 working days */

    struct town *towns;
    size_t town_count;
    struct community *communities;
    size_t community_count;
    struct member_group *groups;
    size_t group_count;
    struct member *members;
    size_t member_count;
    struct office *committees;
    size_t committee_count;
    struct office *departments;
    size_t department_count;
    struct category *categories;
    size_t category_count;
    struct rule *rules;
    size_t rule_count;
    struct api_key *keys;
    size_t key_count;
    struct staff *staff;
    size_t staff_count;
    size_t *roster; /* everybody's place in county_roster(), by phone */
    size_t roster_count;
    struct return_reason *reasons;
    size_t reason_count;
    struct portrait_row *portrait; /* the rows of a dimension need not stand together */
    size_t portrait_count;
    struct plan_row *plan;
    size_t plan_count;
    struct sms_template *sms_templates;
    size_t sms_template_count;
    struct sms_signature *sms_signatures;
    size_t sms_signature_count;
    struct robot *robots;
    size_t robot_count;
    struct span clocks[2][CLOCK_KINDS]; /* normal, urgent */
    struct calendar *calendar;

    /* From Redis, made at the first apply; NULL and 0 in a county read from files alone. */
    struct vault *vault; /* owned */
    int64_t revision;
    int64_t applied; /* when that was, in µs since 1970: of one revision alone, as its number need not be */

    struct arena *arena; /* owns everything above but the calendar */
};

/* A fault in the files, to be printed as "members.csv:12: text". The texts hold no personal data, and live as long as
 * the call that reports it. */
struct county_fault {
    const char *file;
    int line; /* 0: the file as a whole */
    const char *english, *chinese;
    bool minor; /* new files are refused for it, but a county that is stored with it is in force */
};
typedef void county_fault_fn(void *arg, const struct county_fault *fault);

/*
 * Parses and checks a whole county. texts[] are the files' contents by enum
 * county_file, NULL where a file is missing (calendar, keys, staff, reasons, portrait, plan, those about SMS, robots
 * and national may be). Every fault is reported through `fault`, not only the first. Returns 0 and ret_county, or
 * -EINVAL with ret_county untouched.
 */
int county_parse(const char *id, const char *const texts[COUNTY_FILE_COUNT], county_fault_fn *fault, void *arg,
                 struct county **ret_county);
void county_destroy(struct county **county);

/* By id; NULL when there is none, also for a NULL id. */
const struct town *county_town(const struct county *county, const char *id);
const struct community *county_community(const struct county *county, const char *id);
const struct member_group *county_group(const struct county *county, const char *id);
const struct member *county_member(const struct county *county, const char *id);
const struct member *county_member_by_phone(const struct county *county, const char *phone);
const struct office *county_committee(const struct county *county, const char *id);
const struct office *county_department(const struct county *county, const char *id);
const struct category *county_category(const struct county *county, const char *code);

/* Whose convener looks after orders of a town: the town, or the first one where it is not known. */
const struct town *county_convener(const struct county *county, const char *town);
const struct return_reason *county_reason(const struct county *county, const char *code);

/* What the plan says of a task of a sector; NULL when it has nothing of it. */
const struct plan_row *county_plan(const struct county *county, const char *sector, const char *task);

/* What a gateway calls a template; NULL when the county has none there. */
const struct sms_template *county_sms_template(const struct county *county, const char *gateway, const char *template);
/* The county's signature at a gateway; "" without. */
const char *county_sms_sign(const struct county *county, const char *gateway);

/* By its name; NULL when there is none. */
const struct robot *county_robot(const struct county *county, const char *name);

/* What an order of a category weighs: simple, hard, everybody; and how many members of a group that takes. */
const char *category_weight(const struct category *category);
bool is_weight(const char *weight);
int64_t county_places(const struct county *county, const struct category *category, const char *weight,
                      const char *group);

/* The first group that names the community; NULL when none does. */
const struct member_group *county_group_of(const struct county *county, const char *community);

/*
 * Everybody who has something to do in the county, with the phone by which they sign in. kind and id make up the name
 * under which they act: member:M1, convener:T1, committee:K1, department:D1, office:O1, city:C1.
 */
struct roster_entry {
    const char *kind, *id, *phone;
    const struct member *member; /* NULL for all others */
};

/* The entries one by one, from index 0 on; false behind the last. */
bool county_roster(const struct county *county, size_t index, struct roster_entry *ret_entry);

/* Those of one phone alone, which costs next to nothing; *place is 0 at the beginning. */
bool county_roster_of(const struct county *county, const char *phone, size_t *place, struct roster_entry *ret_entry);

/* Sorts it, once its tables are there. */
void county_sort_roster(struct county *county);

/* The API key with this plain text, NULL when unknown. Takes the same time for every wrong key. */
const struct api_key *county_key(const struct county *county, const char *key);

/* How long a clock of this county runs for an urgency ("urgent", else normal). */
struct span county_clock(const struct county *county, const char *urgency, enum clock_kind kind);

/* claim, handover, answer, callback, confirm, follow, recheck, conclude; -1 for another word. */
int clock_by_name(const char *name);
const char *clock_name(enum clock_kind kind);

#endif
