/*
 * county_format.c - the columns of each file, in one table per file. Nothing
 * else knows them.
 */
#include "common/county_format.h"

#include "common/permission.h"

#include <string.h>

#define AT(type, member, words) .name = #member, .chinese = (words), .offset = offsetof(struct type, member)

static const struct column setting_columns[] = {
    {AT(setting_row, name, "设置"), .kind = TEXT, .flags = REQUIRED | UNIQUE},
    {AT(setting_row, value, "值"), .kind = TEXT},
    {0},
};

static const struct column town_columns[] = {
    {AT(town, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(town, name, "名称"), .kind = TEXT, .flags = REQUIRED},
    {AT(town, convener, "召集人"), .kind = TEXT, .flags = REQUIRED},
    {AT(town, phone, "手机"), .kind = PHONE, .flags = REQUIRED},
    {0},
};

static const struct column community_columns[] = {
    {AT(community, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(community, name, "名称"), .kind = TEXT, .flags = REQUIRED},
    {AT(community, town, "乡镇"), .kind = TOWN, .flags = REQUIRED, .target = FILE_TOWNS},
    {AT(community, aliases, "别名"), .kind = WORDS},
    {0},
};

static const struct column group_columns[] = {
    {AT(member_group, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(member_group, name, "名称"), .kind = TEXT, .flags = REQUIRED},
    {AT(member_group, communities, "社区"), .kind = REFERENCES, .target = FILE_COMMUNITIES},
    {AT(member_group, committee, "专委会"), .kind = REFERENCE, .target = FILE_COMMITTEES},
    {0},
};

static const struct column member_columns[] = {
    {AT(member, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(member, name, "姓名"), .kind = TEXT, .flags = REQUIRED},
    {AT(member, phone, "手机"), .kind = PHONE, .flags = REQUIRED | UNIQUE},
    {AT(member, group, "小组"), .kind = REFERENCE, .flags = REQUIRED, .target = FILE_GROUPS},
    {AT(member, communities, "社区"), .kind = REFERENCES, .target = FILE_COMMUNITIES},
    {AT(member, skills, "专长"), .kind = REFERENCES, .flags = LENIENT, .target = FILE_CATEGORIES},
    {AT(member, leader, "组长"), .kind = YES},
    {AT(member, sector, "界别"), .kind = SECTOR},
    {0},
};

static const struct column office_columns[] = {
    {AT(office, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(office, name, "名称"), .kind = TEXT, .flags = REQUIRED},
    {AT(office, phone, "手机"), .kind = PHONE, .flags = REQUIRED},
    {AT(office, email, "邮箱"), .kind = EMAIL},
    {0},
};

static const struct column category_columns[] = {
    {AT(category, code, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(category, name, "名称"), .kind = TEXT, .flags = REQUIRED},
    {AT(category, section, "大类"), .kind = TEXT},
    {AT(category, department, "部门"), .kind = REFERENCE, .target = FILE_DEPARTMENTS},
    {AT(category, urgency, "急缓"), .kind = CHOICE, .flags = REQUIRED, .choices = "normal urgent"},
    {AT(category, places, "委员人数"), .kind = PLACES, .flags = REQUIRED},
    {AT(category, group, "小组"), .kind = REFERENCE, .target = FILE_GROUPS},
    {AT(category, description, "说明"), .kind = TEXT},
    {0},
};

static const struct column rule_columns[] = {
    {AT(rule, words, "词语"), .kind = WORDS, .flags = REQUIRED},
    {AT(rule, category, "类别"), .kind = REFERENCE, .flags = REQUIRED, .target = FILE_CATEGORIES},
    {AT(rule, weight, "权重"), .kind = WEIGHT, .flags = REQUIRED},
    {AT(rule, urgency, "急缓"), .kind = CHOICE, .choices = "urgent"},
    {0},
};

static const struct column clock_columns[] = {
    {AT(clock_row, urgency, "急缓"), .kind = CHOICE, .flags = REQUIRED, .choices = "normal urgent"},
    {AT(clock_row, clock, "环节"), .kind = CHOICE, .flags = REQUIRED,
     .choices = "claim handover answer callback confirm"},
    {AT(clock_row, time, "时限"), .kind = TEXT, .flags = REQUIRED},
    {0},
};

static const struct column calendar_columns[] = {
    {AT(calendar_row, date, "日期"), .kind = DATE, .flags = REQUIRED},
    {AT(calendar_row, kind, "放假或上班"), .kind = CHOICE, .flags = REQUIRED, .choices = "off work"},
    {AT(calendar_row, name, "名称"), .kind = TEXT},
    {0},
};

static const struct column key_columns[] = {
    {AT(api_key, name, "名称"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(api_key, role, "权限"), .kind = CHOICES, .flags = REQUIRED, .choices = SCOPES},
    {AT(api_key, hash, "散列值"), .kind = HASH, .flags = REQUIRED | UNIQUE},
    {AT(api_key, expires, "有效期至"), .kind = DAY},
    {0},
};

static const struct column staff_columns[] = {
    {AT(staff, id, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(staff, name, "姓名"), .kind = TEXT, .flags = REQUIRED},
    {AT(staff, phone, "手机"), .kind = PHONE, .flags = REQUIRED},
    {AT(staff, role, "角色"), .kind = CHOICE, .flags = REQUIRED, .choices = "office city"},
    {0},
};

static const struct column reason_columns[] = {
    {AT(return_reason, code, "编号"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(return_reason, name, "原因"), .kind = TEXT, .flags = REQUIRED},
    {AT(return_reason, return_to, "请找"), .kind = TEXT},
    {0},
};

static const struct column portrait_columns[] = {
    {AT(portrait_row, dimension, "维度"), .kind = TEXT, .flags = REQUIRED},
    {AT(portrait_row, measure, "项目"), .kind = CHOICE, .flags = REQUIRED, .choices = PORTRAIT_MEASURES},
    {AT(portrait_row, points, "每次得分"), .kind = POINTS, .flags = REQUIRED},
    {AT(portrait_row, most, "最多得分"), .kind = POINTS, .flags = REQUIRED},
    {0},
};

static const struct column plan_columns[] = {
    {AT(plan_row, sector, "界别"), .kind = SECTOR, .flags = REQUIRED},
    {AT(plan_row, task, "任务"), .kind = CHOICE, .flags = REQUIRED, .choices = PLAN_TASKS},
    {AT(plan_row, wanted, "次数"), .kind = COUNT, .flags = REQUIRED},
    {0},
};

static const struct column sms_template_columns[] = {
    {AT(sms_template, template, "模板"), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, gateway, "通道"), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, code, "代码"), .kind = ID, .flags = REQUIRED},
    {AT(sms_template, parameters, "参数"), .kind = WORDS},
    {0},
};

static const struct column sms_signature_columns[] = {
    {AT(sms_signature, gateway, "通道"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(sms_signature, sign, "签名"), .kind = TEXT, .flags = REQUIRED},
    {0},
};

static const struct column robot_columns[] = {
    {AT(robot, name, "名称"), .kind = ID, .flags = REQUIRED | UNIQUE},
    {AT(robot, kind, "种类"), .kind = CHOICE, .flags = REQUIRED, .choices = "wecom dingtalk feishu"},
    {AT(robot, url, "网址"), .kind = URL, .flags = REQUIRED},
    {AT(robot, secret, "密钥"), .kind = TEXT},
    {AT(robot, tells, "通知谁"), .kind = WORDS, .flags = REQUIRED},
    {0},
};

const struct county_format county_formats[COUNTY_FILE_COUNT] = {
    [FILE_SETTINGS] = {"settings.csv", "基本设置", sizeof(struct setting_row), .columns = setting_columns},
    [FILE_TOWNS] = {"towns.csv", "乡镇", sizeof(struct town), .columns = town_columns, .populated = true},
    [FILE_COMMUNITIES] = {"communities.csv", "社区", sizeof(struct community), .columns = community_columns},
    [FILE_GROUPS] = {"groups.csv", "委员小组", sizeof(struct member_group), .columns = group_columns,
                     .populated = true},
    [FILE_MEMBERS] = {"members.csv", "委员", sizeof(struct member), .columns = member_columns, .populated = true},
    [FILE_COMMITTEES] = {"committees.csv", "专委会", sizeof(struct office), .columns = office_columns},
    [FILE_DEPARTMENTS] = {"departments.csv", "承办部门", sizeof(struct office), .columns = office_columns},
    [FILE_CATEGORIES] = {"categories.csv", "事项类别", sizeof(struct category), .columns = category_columns,
                         .populated = true},
    [FILE_RULES] = {"rules.csv", "分类词语", sizeof(struct rule), .columns = rule_columns},
    [FILE_CLOCKS] = {"clocks.csv", "期限", sizeof(struct clock_row), .columns = clock_columns},
    [FILE_CALENDAR] = {"calendar.csv", "节假日", sizeof(struct calendar_row), .columns = calendar_columns,
                       .optional = true},
    [FILE_KEYS] = {"keys.csv", "密钥", sizeof(struct api_key), .columns = key_columns, .optional = true},
    [FILE_STAFF] = {"staff.csv", "办公室人员", sizeof(struct staff), .columns = staff_columns, .optional = true},
    [FILE_REASONS] = {"reasons.csv", "退单原因", sizeof(struct return_reason), .columns = reason_columns,
                      .optional = true},
    [FILE_PORTRAIT] = {"portrait.csv", "履职画像", sizeof(struct portrait_row), .columns = portrait_columns,
                       .optional = true},
    [FILE_PLAN] = {"plan.csv", "界别任务", sizeof(struct plan_row), .columns = plan_columns, .optional = true},
    [FILE_SMS_TEMPLATES] = {"sms_templates.csv", "短信模板", sizeof(struct sms_template),
                            .columns = sms_template_columns, .optional = true},
    [FILE_SMS_SIGNATURES] = {"sms_signatures.csv", "短信签名", sizeof(struct sms_signature),
                             .columns = sms_signature_columns, .optional = true},
    [FILE_ROBOTS] = {"robots.csv", "群机器人", sizeof(struct robot), .columns = robot_columns, .optional = true},
    [FILE_NATIONAL] = {"national.csv", "全国节假日", sizeof(struct calendar_row), .columns = calendar_columns,
                       .optional = true},
};

const enum county_file county_reading_order[COUNTY_FILE_COUNT] = {
    FILE_SETTINGS, FILE_TOWNS, FILE_COMMUNITIES,   FILE_COMMITTEES,     FILE_GROUPS, FILE_DEPARTMENTS, FILE_CATEGORIES,
    FILE_MEMBERS,  FILE_RULES, FILE_CLOCKS,        FILE_CALENDAR,       FILE_KEYS,   FILE_STAFF,       FILE_REASONS,
    FILE_PORTRAIT, FILE_PLAN,  FILE_SMS_TEMPLATES, FILE_SMS_SIGNATURES, FILE_ROBOTS, FILE_NATIONAL,
};

const char *county_file_name(enum county_file file)
{
    return county_formats[file].name;
}

bool column_is(const struct column *column, const char *name)
{
    return strcmp(column->name, name) == 0 || strcmp(column->chinese, name) == 0;
}
