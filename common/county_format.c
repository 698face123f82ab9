/*
 * county_format.c - the columns of each file, in one table per file. Nothing
 * else knows them.
 */
#include "common/county_format.h"

#include "common/permission.h"

#define AT(type, member) .name = #member, .offset = offsetof(struct type, member)

static const struct column setting_columns[] = {
    {AT(setting_row, name), .kind = TEXT, .flags = REQUIRED | UNIQUE},
    {AT(setting_row, value), .kind = TEXT},
    {0},
};

static const struct column town_columns[] = {
    {AT(town, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(town, name), .kind = TEXT, .flags = REQUIRED},
    {AT(town, convener), .kind = TEXT, .flags = REQUIRED},
    {AT(town, phone), .kind = PHONE, .flags = REQUIRED},
    {0},
};

static const struct column community_columns[] = {
    {AT(community, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(community, name), .kind = TEXT, .flags = REQUIRED},
    {AT(community, town), .kind = TOWN, .flags = REQUIRED, .target = FILE_TOWNS},
    {AT(community, aliases), .kind = WORDS},
    {0},
};

static const struct column group_columns[] = {
    {AT(member_group, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(member_group, name), .kind = TEXT, .flags = REQUIRED},
    {AT(member_group, communities), .kind = REFERENCES, .target = FILE_COMMUNITIES},
    {AT(member_group, committee), .kind = REFERENCE, .target = FILE_COMMITTEES},
    {0},
};

static const struct column member_columns[] = {
    {AT(member, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(member, name), .kind = TEXT, .flags = REQUIRED},
    {AT(member, phone), .kind = PHONE, .flags = REQUIRED | UNIQUE},
    {AT(member, group), .kind = REFERENCE, .flags = REQUIRED, .target = FILE_GROUPS},
    {AT(member, communities), .kind = REFERENCES, .target = FILE_COMMUNITIES},
    {AT(member, skills), .kind = WORDS},
    {AT(member, leader), .kind = YES},
    {AT(member, sector), .kind = SECTOR},
    {0},
};

static const struct column office_columns[] = {
    {AT(office, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(office, name), .kind = TEXT, .flags = REQUIRED},
    {AT(office, phone), .kind = PHONE, .flags = REQUIRED},
    {AT(office, email), .kind = EMAIL},
    {0},
};

static const struct column category_columns[] = {
    {AT(category, code), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(category, name), .kind = TEXT, .flags = REQUIRED},
    {AT(category, section), .kind = TEXT},
    {AT(category, department), .kind = REFERENCE, .target = FILE_DEPARTMENTS},
    {AT(category, urgency), .kind = CHOICE, .flags = REQUIRED, .choices = "normal urgent"},
    {AT(category, places), .kind = PLACES, .flags = REQUIRED},
    {AT(category, group), .kind = REFERENCE, .target = FILE_GROUPS},
    {AT(category, description), .kind = TEXT},
    {0},
};

static const struct column rule_columns[] = {
    {AT(rule, words), .kind = WORDS, .flags = REQUIRED},
    {AT(rule, category), .kind = REFERENCE, .flags = REQUIRED, .target = FILE_CATEGORIES},
    {AT(rule, weight), .kind = WEIGHT, .flags = REQUIRED},
    {AT(rule, urgency), .kind = CHOICE, .choices = "urgent"},
    {0},
};

static const struct column clock_columns[] = {
    {AT(clock_row, urgency), .kind = CHOICE, .flags = REQUIRED, .choices = "normal urgent"},
    {AT(clock_row, clock), .kind = CHOICE, .flags = REQUIRED, .choices = "claim handover answer callback confirm"},
    {AT(clock_row, time), .kind = TEXT, .flags = REQUIRED},
    {0},
};

static const struct column calendar_columns[] = {
    {AT(calendar_row, date), .kind = TEXT, .flags = REQUIRED},
    {AT(calendar_row, kind), .kind = CHOICE, .flags = REQUIRED, .choices = "off work"},
    {AT(calendar_row, name), .kind = TEXT},
    {0},
};

static const struct column key_columns[] = {
    {AT(api_key, name), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(api_key, role), .kind = CHOICES, .flags = REQUIRED, .choices = SCOPES},
    {AT(api_key, hash), .kind = HASH, .flags = REQUIRED | UNIQUE},
    {AT(api_key, expires), .kind = DAY},
    {0},
};

static const struct column staff_columns[] = {
    {AT(staff, id), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(staff, name), .kind = TEXT, .flags = REQUIRED},
    {AT(staff, phone), .kind = PHONE, .flags = REQUIRED},
    {AT(staff, role), .kind = CHOICE, .flags = REQUIRED, .choices = "office city"},
    {0},
};

static const struct column reason_columns[] = {
    {AT(return_reason, code), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(return_reason, name), .kind = TEXT, .flags = REQUIRED},
    {AT(return_reason, return_to), .kind = TEXT},
    {0},
};

static const struct column portrait_columns[] = {
    {AT(portrait_row, dimension), .kind = TEXT, .flags = REQUIRED},
    {AT(portrait_row, measure), .kind = CHOICE, .flags = REQUIRED, .choices = PORTRAIT_MEASURES},
    {AT(portrait_row, points), .kind = POINTS, .flags = REQUIRED},
    {AT(portrait_row, most), .kind = POINTS, .flags = REQUIRED},
    {0},
};

static const struct column plan_columns[] = {
    {AT(plan_row, sector), .kind = SECTOR, .flags = REQUIRED},
    {AT(plan_row, task), .kind = CHOICE, .flags = REQUIRED, .choices = PLAN_TASKS},
    {AT(plan_row, wanted), .kind = COUNT, .flags = REQUIRED},
    {0},
};

static const struct column sms_template_columns[] = {
    {AT(sms_template, template), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, gateway), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, code), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, parameters), .kind = WORDS},
    {0},
};

static const struct column sms_signature_columns[] = {
    {AT(sms_signature, gateway), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(sms_signature, sign), .kind = TEXT, .flags = REQUIRED},
    {0},
};

static const struct column robot_columns[] = {
    {AT(robot, name), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(robot, kind), .kind = CHOICE, .flags = REQUIRED, .choices = "wecom dingtalk feishu"},
    {AT(robot, url), .kind = URL, .flags = REQUIRED},
    {AT(robot, secret), .kind = TEXT},
    {AT(robot, tells), .kind = WORDS, .flags = REQUIRED},
    {0},
};

const struct county_format county_formats[COUNTY_FILE_COUNT] = {
    [FILE_SETTINGS] = {"settings.csv", sizeof(struct setting_row), .columns = setting_columns},
    [FILE_TOWNS] = {"towns.csv", sizeof(struct town), .columns = town_columns, .populated = true},
    [FILE_COMMUNITIES] = {"communities.csv", sizeof(struct community), .columns = community_columns},
    [FILE_GROUPS] = {"groups.csv", sizeof(struct member_group), .columns = group_columns, .populated = true},
    [FILE_MEMBERS] = {"members.csv", sizeof(struct member), .columns = member_columns, .populated = true},
    [FILE_COMMITTEES] = {"committees.csv", sizeof(struct office), .columns = office_columns},
    [FILE_DEPARTMENTS] = {"departments.csv", sizeof(struct office), .columns = office_columns},
    [FILE_CATEGORIES] = {"categories.csv", sizeof(struct category), .columns = category_columns, .populated = true},
    [FILE_RULES] = {"rules.csv", sizeof(struct rule), .columns = rule_columns},
    [FILE_CLOCKS] = {"clocks.csv", sizeof(struct clock_row), .columns = clock_columns},
    [FILE_CALENDAR] = {"calendar.csv", sizeof(struct calendar_row), .columns = calendar_columns, .optional = true},
    [FILE_KEYS] = {"keys.csv", sizeof(struct api_key), .columns = key_columns, .optional = true},
    [FILE_STAFF] = {"staff.csv", sizeof(struct staff), .columns = staff_columns, .optional = true},
    [FILE_REASONS] = {"reasons.csv", sizeof(struct return_reason), .columns = reason_columns, .optional = true},
    [FILE_PORTRAIT] = {"portrait.csv", sizeof(struct portrait_row), .columns = portrait_columns, .optional = true},
    [FILE_PLAN] = {"plan.csv", sizeof(struct plan_row), .columns = plan_columns, .optional = true},
    [FILE_SMS_TEMPLATES] = {"sms_templates.csv", sizeof(struct sms_template), .columns = sms_template_columns,
                            .optional = true},
    [FILE_SMS_SIGNATURES] = {"sms_signatures.csv", sizeof(struct sms_signature), .columns = sms_signature_columns,
                             .optional = true},
    [FILE_ROBOTS] = {"robots.csv", sizeof(struct robot), .columns = robot_columns, .optional = true},
    [FILE_NATIONAL] = {"national.csv", sizeof(struct calendar_row), .columns = calendar_columns, .optional = true},
};

const enum county_file county_reading_order[COUNTY_FILE_COUNT] = {
    FILE_SETTINGS,   FILE_TOWNS, FILE_COMMUNITIES,   FILE_COMMITTEES,     FILE_GROUPS, FILE_MEMBERS,  FILE_DEPARTMENTS,
    FILE_CATEGORIES, FILE_RULES, FILE_CLOCKS,        FILE_CALENDAR,       FILE_KEYS,   FILE_STAFF,    FILE_REASONS,
    FILE_PORTRAIT,   FILE_PLAN,  FILE_SMS_TEMPLATES, FILE_SMS_SIGNATURES, FILE_ROBOTS, FILE_NATIONAL,
};

const char *county_file_name(enum county_file file)
{
    return county_formats[file].name;
}
