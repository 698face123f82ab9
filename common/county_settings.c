/*
 * county_settings.c - what may stand in settings.csv, one row of the table
 * for each name.
 *
 * A setter gets a value that is not empty, and leaves the county alone when
 * it refuses.
 */
#include "common/county_settings.h"

#include "common/calendar.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const int64_t DAY_MS = 86400000;
enum { PUBLIC_URL_MAX = 40, CONTACT_MAX = 60 }; /* characters */

static int set_name(struct county *county, const char *value)
{
    if (text_length(value, strlen(value)) > 60)
        return -EINVAL;
    county->name = value;
    return 0;
}

static int set_language(struct county *county, const char *value)
{
    if (!words_have("zh en", value))
        return -EINVAL;
    county->language = value;
    return 0;
}

static int set_chair_phone(struct county *county, const char *value)
{
    if (!is_mobile(value))
        return -EINVAL;
    county->chair_phone = value;
    return 0;
}

static int set_office_email(struct county *county, const char *value)
{
    if (!is_mail_address(value))
        return -EINVAL;
    county->office_email = value;
    return 0;
}

/* Of a longer one, which counties may have from before, SMS have the beginning. */
static int set_contact(struct county *county, const char *value)
{
    county->contact = value;
    return text_length(value, strlen(value)) > CONTACT_MAX ? -E2BIG : 0;
}

/* Short, for an SMS; and of characters that every phone takes for a link. */
static int set_public_url(struct county *county, const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:/_";
    const char *host = strncmp(value, "https://", 8) == 0  ? value + 8
                       : strncmp(value, "http://", 7) == 0 ? value + 7
                                                           : "";
    size_t size = strlen(value);
    if (size > PUBLIC_URL_MAX || !*host || strspn(value, allowed) != size || value[size - 1] == '/')
        return -EINVAL;
    county->public_url = value;
    return 0;
}

static int set_threshold(struct county *county, const char *value)
{
    return parse_real(value, 0, 1, &county->threshold) < 0 ? -EINVAL : 0;
}

static int set_open311_tokens(struct county *county, const char *value)
{
    if (!words_have("yes no", value))
        return -EINVAL;
    county->open311_tokens = strcmp(value, "yes") == 0;
    return 0;
}

/* "08:30" as minutes since midnight, or -1. */
static int parse_clock_time(const char *text, size_t size)
{
    int hour, minute, length = 0;

    if (size != 5 || sscanf(text, "%2d:%2d%n", &hour, &minute, &length) != 2 || length != 5)
        return -1;
    return hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 24 * 60 ? hour * 60 + minute : -1;
}

/* "08:30-17:30" as two such numbers, each -1 when it is no time. */
static void parse_hours(const char *value, int *ret_start, int *ret_end)
{
    size_t first = strcspn(value, "-");
    *ret_start = parse_clock_time(value, first);
    *ret_end = value[first] ? parse_clock_time(value + first + 1, strlen(value + first + 1)) : -1;
}

static int set_work_hours(struct county *county, const char *value)
{
    int start, end;
    parse_hours(value, &start, &end);
    if (start < 0 || end <= start)
        return -EINVAL;
    county->work_start = start;
    county->work_end = end;
    return 0;
}

static int set_quiet_hours(struct county *county, const char *value)
{
    int start = 0, end = 0;
    if (strcmp(value, "none") != 0) {
        parse_hours(value, &start, &end);
        if (start < 0 || end < 0 || start == end || start == 24 * 60 || end == 24 * 60)
            return -EINVAL;
    }
    county->quiet_start = start;
    county->quiet_end = end;
    return 0;
}

static int set_work_weekdays(struct county *county, const char *value)
{
    int first = value[0] - '0', last = value[0] && value[1] ? value[2] - '0' : 0;

    if (strlen(value) != 3 || value[1] != '-' || first < 1 || last > 7 || first > last)
        return -EINVAL;
    for (int day = 1; day <= 7; day++)
        county->work_weekday[day % 7] = day >= first && day <= last;
    return 0;
}

/* One time for all rungs, or one for each but the first. */
static int set_escalate(struct county *county, const char *value)
{
    struct span spans[RUNGS - 1];
    char word[24];
    size_t count = words_count(value);
    if (count != 1 && count != RUNGS - 1)
        return -EINVAL;
    for (size_t i = 0; i < RUNGS - 1; i++) {
        if (i < count && (!words_next(&value, word, sizeof word) || span_parse(word, &spans[i]) < 0))
            return -EINVAL;
        if (i >= count)
            spans[i] = spans[0];
    }
    memcpy(county->escalate, spans, sizeof spans);
    return 0;
}

static int set_question(struct county *county, const char *value)
{
    return span_parse(value, &county->question) < 0 ? -EINVAL : 0;
}

/* The clocks of suggestions and meetings know no urgency. */
static int set_clock(struct county *county, enum clock_kind kind, const char *value)
{
    struct span span;
    if (span_parse(value, &span) < 0)
        return -EINVAL;
    county->clocks[0][kind] = county->clocks[1][kind] = span;
    return 0;
}

static int set_follow(struct county *county, const char *value)
{
    return set_clock(county, CLOCK_FOLLOW, value);
}

static int set_recheck(struct county *county, const char *value)
{
    return set_clock(county, CLOCK_RECHECK, value);
}

static int set_conclude(struct county *county, const char *value)
{
    return set_clock(county, CLOCK_CONCLUDE, value);
}

static int set_retention(struct county *county, const char *value)
{
    int64_t days;
    if (parse_int(value, 0, 36500, &days) < 0)
        return -EINVAL;
    county->retention = days * DAY_MS;
    return 0;
}

static int set_phone_orders(struct county *county, const char *value)
{
    return parse_int(value, 0, 1000000, &county->phone_orders) < 0 ? -EINVAL : 0;
}

static int set_again(struct county *county, const char *value)
{
    int64_t days;
    if (parse_int(value, 0, 365, &days) < 0)
        return -EINVAL;
    county->again = days * DAY_MS;
    return 0;
}

static int set_similar(struct county *county, const char *value)
{
    if (!words_have("yes public no", value))
        return -EINVAL;
    county->similar = value;
    return 0;
}

static int set_sms_per_day(struct county *county, const char *value)
{
    return parse_int(value, 0, 1000, &county->sms_per_day) < 0 ? -EINVAL : 0;
}

static int set_absences_told(struct county *county, const char *value)
{
    return parse_int(value, 1, 100, &county->absences_told) < 0 ? -EINVAL : 0;
}

static const struct setting_rule rules[] = {
    {"name", "", "a name of at most 60 characters", "不超过 60 个字的名称", set_name},
    {"language", "zh", "zh or en", "中文，或英文", set_language},
    {"chair_phone", "", "11 digits beginning with 1", "1 开头的 11 位手机号", set_chair_phone},
    {"office_email", "", "a mail address such as name@example.cn", "name@example.cn 这样的邮箱", set_office_email},
    {"contact", "", "a text of at most 60 characters, as SMS have no room for more",
     "不超过 60 个字的文字，再长短信里放不下", set_contact},
    {"public_url", "",
     "an address such as https://sidan.example.cn, of at most 40 characters, without a slash at its end",
     "https://sidan.example.cn 这样的网址，不超过 40 个字符，末尾不带斜线", set_public_url},
    {"threshold", "0.5", "a number from 0 to 1", "0 到 1 的数", set_threshold},
    {"open311_tokens", "no", "yes or no", "是，或否", set_open311_tokens},
    {"work_hours", "08:30-17:30", "a start and a later end such as 08:30-17:30", "08:30-17:30 这样的上下班时间",
     set_work_hours},
    {"work_weekdays", "1-5", "weekdays such as 1-5, where 1 is Monday and 7 is Sunday",
     "1-5 这样的工作日，1 是星期一，7 是星期日", set_work_weekdays},
    {"escalate", "1wd", "a time such as 90s, 15m, 36h, 7d or 2wd, at most 400 days, or three with spaces between",
     "2个工作日、36小时、7天这样的时限，最多400天；或三个，中间用顿号隔开", set_escalate},
    {"question", "3wd", "a time such as 36h, 7d or 2wd, at most 400 days",
     "36小时、7天、2个工作日这样的时限，最多400天", set_question},
    {"follow", "20wd", "a time such as 36h, 7d or 20wd, at most 400 days",
     "36小时、7天、20个工作日这样的时限，最多400天", set_follow},
    {"recheck", "90d", "a time such as 36h, 90d or 60wd, at most 400 days",
     "36小时、90天、60个工作日这样的时限，最多400天", set_recheck},
    {"conclude", "3wd", "a time such as 36h, 7d or 3wd, at most 400 days",
     "36小时、7天、3个工作日这样的时限，最多400天", set_conclude},
    {"phone_orders", "10", "a number from 0 to 1000000 of orders that a guest may place for one phone a day",
     "0 到 1000000 的数：不登录的人用同一个手机号一天能点多少单", set_phone_orders},
    {"similar", "yes", "yes, public (only orders whose residents agreed to publication) or no",
     "是、否，或只有公开的（只给看同意公开的事项）", set_similar},
    {"again", "30", "days from 0 to 365 after its closing in which a resident can say that it has come back",
     "0 到 365 的天数：办结后多少天内群众可以点“又出现了”", set_again},
    {"quiet_hours", "21:00-08:00", "none, or two times such as 21:00-08:00, between which no SMS wakes anybody",
     "21:00-08:00 这样的两个时刻，其间不发短信；或没有", set_quiet_hours},
    {"sms_per_day", "20", "a number from 0 to 1000 of SMS that one phone gets a day; 0: no limit",
     "0 到 1000 的数：同一个手机号一天最多收多少条短信；0 为不限", set_sms_per_day},
    {"absences_told", "5", "a number from 1 to 100 of absences without a reason in a year, at which the office is told",
     "1 到 100 的数：一年无故缺席几次告知办公室", set_absences_told},
    {"retention", "180", "days from 0 to 36500 for which a closed order keeps name and phone",
     "0 到 36500 的天数：办结以后姓名、手机号保留多久", set_retention},
};

const struct setting_rule *county_setting(size_t index)
{
    return index < sizeof rules / sizeof *rules ? &rules[index] : NULL;
}

int county_set(struct county *county, const char *name, const char *value, const struct setting_rule **ret_rule)
{
    const struct setting_rule *rule;
    for (size_t i = 0; (rule = county_setting(i)); i++) {
        if (strcmp(rule->name, name) != 0)
            continue;
        *ret_rule = rule;
        return *value ? rule->set(county, value) : 0;
    }
    return -ENOENT;
}

void county_set_defaults(struct county *county)
{
    county->chair_phone = county->office_email = county->contact = county->public_url = "";
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (*rules[i].unset)
            rules[i].set(county, rules[i].unset);
}
