/*
 * bulletin.c - 季通报: the bulletin of a period as tables. Pure.
 */
#include "services/intake/records.h"

#include "common/alloc.h"
#include "common/calendar.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BEST = 10, FEW = 3 };

static const double DAY_MS = 86400000;

/* -- building tables ---------------------------------------------------------------------------------------------- */

static json_t *table(const char *title, json_t *head)
{
    return json_pack("{s:s, s:o, s:[]}", "title", title, "head", head, "rows");
}

static void add_row(json_t *table, json_t *row)
{
    json_array_append_new(json_object_get(table, "rows"), row);
}

/* Words of one language, given with bars between: "委员|小组|办结". */
static json_t *words(const char *list)
{
    json_t *array = json_array();
    for (size_t size; *list; list += size + (list[size] == '|')) {
        size = strcspn(list, "|");
        json_array_append_new(array, json_stringn(list, size));
    }
    return array;
}

static json_int_t number(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static const char *text(const json_t *row, const char *name)
{
    const char *value = json_string_value(json_object_get(row, name));
    return value ? value : "";
}

/* What somebody is called; who is on no list any more by their id. */
static const char *called(const json_t *row, const char *whose)
{
    return *text(row, "name") ? text(row, "name") : text(row, whose);
}

/* "90%" of some; "" of none. */
static json_t *share(json_int_t part, json_int_t whole)
{
    return whole > 0 ? json_sprintf("%lld%%", (long long)((part * 100 + whole / 2) / whole)) : json_string("");
}

static json_int_t rated(const json_t *row)
{
    return number(row, "satisfied") + number(row, "dissatisfied");
}

static json_int_t figure(const struct bulletin *bulletin, const char *name, const char *value)
{
    size_t i;
    json_t *row;
    json_array_foreach(bulletin->figures, i, row)
    {
        if (strcmp(text(row, "figure"), name) == 0 && strcmp(text(row, "value"), value) == 0)
            return number(row, "count");
    }
    return 0;
}

/* -- the tables --------------------------------------------------------------------------------------------------- */

static json_t *overview(const struct bulletin *bulletin, bool english)
{
    static const struct {
        const char *figure, *value, *chinese, *english;
    } lines[] = {
        {"state", "screening", "待定单", "screened"},
        {"state", "open", "待接单", "waiting for members"},
        {"state", "assigned", "办理中", "taken on"},
        {"state", "consulting", "部门办理中", "with a department"},
        {"state", "answered", "待评价", "answered"},
        {"state", "evaluated", "已评价", "rated"},
        {"state", "closed", "已办结", "closed"},
        {"state", "returned", "已退回", "returned"},
        {"state", "merged", "已并单", "merged"},
        {"state", "withdrawn", "群众撤回", "taken back"},
        {"outcome", "solved", "答复：已经解决", "answer: solved"},
        {"outcome", "explained", "答复：说明情况", "answer: explained"},
        {"outcome", "learned", "答复：讲清政策", "answer: policy clarified"},
        {"outcome", "supervision", "答复：转入民主监督", "answer: passed to supervision"},
        {"rating", "satisfied", "评价：满意", "rating: satisfied"},
        {"rating", "basically", "评价：基本满意", "rating: basically satisfied"},
        {"rating", "dissatisfied", "评价：不满意", "rating: dissatisfied"},
        {"rating", "unreachable", "评价：没有联系上", "rating: not reached"},
    };
    json_t *made =
        table(english ? "Orders placed in the period" : "本期点单", words(english ? "What|Orders" : "项目|件数"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        add_row(made, json_pack("[s, I]", english ? lines[i].english : lines[i].chinese,
                                figure(bulletin, lines[i].figure, lines[i].value)));
    return made;
}

static json_t *mean_days(const json_t *row)
{
    json_int_t ms = number(row, "mean_ms");
    return ms > 0 ? json_real((double)ms / DAY_MS) : json_string("");
}

/* Groups or departments. */
static json_t *offices(const struct bulletin *bulletin, const char *whose, const char *title, const char *head)
{
    json_t *made = table(title, words(head)), *row;
    size_t i;
    json_array_foreach(bulletin->records, i, row)
    {
        if (!*text(row, whose) || *text(row, "member"))
            continue;
        add_row(made, json_pack("[s, I, I, I, o, I, I, o]", called(row, whose), number(row, "answers"),
                                number(row, "satisfied"), number(row, "dissatisfied"),
                                share(number(row, "satisfied"), rated(row)), number(row, "late"), number(row, "open"),
                                mean_days(row)));
    }
    return made;
}

static json_t *members(const struct bulletin *bulletin, bool english)
{
    static const char *const counted[] = {"claims",  "answers",    "satisfied", "dissatisfied", "late",     "declines",
                                          "lost",    "visits",     "meetings",  "excuses",      "absences", "opinions",
                                          "adopted", "activities", "honours",   "donations",    "donated"};
    json_t *head = words(
        english
            ? "Member|Group|Claimed|Answered|Satisfied|Dissatisfied|Late|Given back|Let lie|Visits|Meetings|Excused|"
              "Absent|Opinions|Adopted|Activities|Honours|Donations|Yuan donated"
            : "委员|小组|主动接单|办结|满意|不满意|超期|退单|未回应|走访|到会|请假|无故缺席|建言|采纳|活动|表彰|"
              "捐赠|捐赠金额（元）");
    json_t *made = table(english ? "Members" : "委员履职", head), *row, *dimension;
    size_t i, k;
    bool named = false;
    json_array_foreach(bulletin->records, i, row)
    {
        if (!*text(row, "member"))
            continue;
        const struct member_group *group = county_group(bulletin->county, text(row, "group"));
        json_t *cells = json_pack("[s, s]", called(row, "member"), group ? group->name : "");
        for (k = 0; k < sizeof counted / sizeof *counted; k++)
            json_array_append_new(cells, json_integer(number(row, counted[k])));
        json_t *portrait = json_object_get(row, "portrait");
        json_array_foreach(portrait, k, dimension)
        {
            if (!named)
                json_array_append(head, json_object_get(dimension, "dimension"));
            json_array_append(cells, json_object_get(dimension, "score"));
        }
        if (portrait && !named)
            json_array_append_new(head, json_string(english ? "Portrait" : "画像总分"));
        if (portrait)
            json_array_append(cells, json_object_get(row, "score"));
        named = named || portrait;
        add_row(made, cells);
    }
    return made;
}

/* -- rankings ----------------------------------------------------------------------------------------------------- */

/* One of the four rankings: by how much of something, as a number or as a share of something else. */
struct ranking {
    const char *chinese, *english, *whose, *part, *whole; /* whole: NULL, or of what the part is a share */
    bool without;                                         /* the share is that of the rest */
};
static const struct ranking rankings[] = {
    {"解单榜：办结最多的小组", "Groups by answers", "group", "answers", NULL, false},
    {"满意榜：居民最满意的小组", "Groups by satisfaction", "group", "dissatisfied", "rated", true},
    {"履职榜：画像得分最高的委员", "Members by portrait", "member", "score", NULL, false},
    {"时效榜：答复最及时的部门", "Departments by timeliness", "department", "late", "answers", true},
};

/* In ten-thousandths, or as it is; -1: does not come into the ranking. */
static json_int_t standing(const struct ranking *ranking, const json_t *row)
{
    json_int_t part = number(row, ranking->part);
    json_int_t whole = !ranking->whole                        ? 0
                       : strcmp(ranking->whole, "rated") == 0 ? rated(row)
                                                              : number(row, ranking->whole);
    bool stands = strcmp(ranking->whose, "member") == 0 || !*text(row, "member");
    if (!stands || !*text(row, ranking->whose))
        return -1;
    if (!ranking->whole)
        return part > 0 ? part : -1;
    return whole >= FEW ? (ranking->without ? whole - part : part) * 10000 / whole : -1;
}

/* Who comes next: the best of those who stand behind `before`. Their standing, or -1. */
static json_int_t next_best(const struct ranking *ranking, json_t *records, json_int_t before)
{
    json_int_t best = -1;
    size_t i;
    json_t *row;
    json_array_foreach(records, i, row)
    {
        json_int_t here = standing(ranking, row);
        if (here < before && here > best)
            best = here;
    }
    return best;
}

static json_t *ranked(const struct ranking *ranking, json_t *records, bool english)
{
    json_t *made = table(english ? ranking->english : ranking->chinese,
                         words(english ? "Rank|Name|Value" : "名次|名称|数值")),
           *row;
    json_int_t before = INT64_MAX, best;
    for (size_t rank = 1, i; rank <= BEST && (best = next_best(ranking, records, before)) >= 0; before = best) {
        size_t tied = 0;
        json_array_foreach(records, i, row)
        {
            if (standing(ranking, row) != best)
                continue;
            json_t *value = ranking->whole ? share(best, 10000) : json_integer(best);
            add_row(made, json_pack("[I, s, o]", (json_int_t)rank, called(row, ranking->whose), value));
            tied++;
        }
        rank += tied;
    }
    return made;
}

static json_t *absentees(const struct bulletin *bulletin, bool english)
{
    long long limit = bulletin->county->absences_told;
    AUTOFREE char *title = xasprintf(english ? "Absent %lld times this year" : "本年无故缺席%lld次以上", limit);
    json_t *made = table(title, words(english ? "Member|Times" : "委员|次数")), *row;
    size_t i;
    json_array_foreach(bulletin->year, i, row)
    {
        if (number(row, "absences") >= limit)
            add_row(made, json_pack("[s, I]", called(row, "member"), number(row, "absences")));
    }
    return made;
}

static const char *task_name(const char *task, bool english)
{
    static const struct {
        const char *task, *chinese, *english;
    } tasks[] = {
        {"consultation", "界别协商", "consultation"},
        {"proposal", "界别提案", "joint proposal"},
        {"report", "社情民意", "report on public concerns"},
        {"benefit", "惠民实事", "activity for residents"},
    };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].task, task) == 0)
            return english ? tasks[i].english : tasks[i].chinese;
    return task;
}

static json_t *sectors(const struct bulletin *bulletin, bool english)
{
    json_t *made = table(english ? "Plan of the sectors this year" : "界别任务（四个一）",
                         words(english ? "Sector|Task|Wanted|Done" : "界别|任务|应完成|已完成")),
           *row;
    size_t i;
    json_array_foreach(bulletin->plan, i, row)
    {
        add_row(made, json_pack("[s, s, I, I]", text(row, "sector"), task_name(text(row, "task"), english),
                                number(row, "wanted"), number(row, "done")));
    }
    return made;
}

static json_t *topics(const struct bulletin *bulletin, bool english)
{
    json_t *made = table(english ? "Frequent matters" : "高频事项",
                         words(english ? "Town|Matter|Orders|Before" : "乡镇（街道）|事项|本期|上期")),
           *row;
    size_t i;
    json_array_foreach(bulletin->topics, i, row)
    {
        const struct town *town = county_town(bulletin->county, text(row, "town"));
        const struct category *category = county_category(bulletin->county, text(row, "category"));
        const char *elsewhere = english ? "place not known" : "地点不详";
        add_row(made, json_pack("[s, s, I, I]", town ? town->name : elsewhere,
                                category ? category->name : text(row, "category"), number(row, "count"),
                                number(row, "before")));
    }
    return made;
}

json_t *bulletin_tables(const struct bulletin *bulletin, bool english)
{
    json_t *tables = json_array();
    json_array_append_new(tables, overview(bulletin, english));
    json_array_append_new(tables,
                          offices(bulletin, "group", english ? "Groups" : "委员小组",
                                  english ? "Group|Answered|Satisfied|Dissatisfied|Satisfaction|Late|Open|Mean days"
                                          : "小组|办结|满意|不满意|满意率|超期|办理中|平均天数"));
    json_array_append_new(tables, members(bulletin, english));
    json_array_append_new(
        tables, offices(bulletin, "department", english ? "Departments" : "承办部门",
                        english ? "Department|Answered|Satisfied|Dissatisfied|Satisfaction|Late|Open|Mean days"
                                : "部门|办结|满意|不满意|满意率|超期|办理中|平均天数"));
    for (size_t i = 0; i < sizeof rankings / sizeof *rankings; i++)
        json_array_append_new(tables, ranked(&rankings[i], bulletin->records, english));
    json_array_append_new(tables, absentees(bulletin, english));
    json_array_append_new(tables, sectors(bulletin, english));
    json_array_append_new(tables, topics(bulletin, english));
    return tables;
}

/* -- title -------------------------------------------------------------------------------------------------------- */

static struct tm china(int64_t at)
{
    time_t seconds = (time_t)(at / 1000 + 8 * INT64_C(3600));
    struct tm tm;
    return *gmtime_r(&seconds, &tm);
}

char *bulletin_title(const struct bulletin *bulletin, bool english)
{
    static const char *const quarters[] = {"一", "二", "三", "四"};
    struct tm first = china(bulletin->start), last = china(bulletin->end), next = china(bulletin->end + 1000);
    bool quarter = first.tm_mon % 3 == 0 && first.tm_mday == 1 && next.tm_mday == 1 &&
                   next.tm_mon == (first.tm_mon + 3) % 12 && next.tm_year - first.tm_year == (first.tm_mon == 9);
    int year = first.tm_year + 1900, which = first.tm_mon / 3;
    if (quarter)
        return english ? xasprintf("%s: bulletin of %d, quarter %d", bulletin->county->name, year, which + 1)
                       : xasprintf("%s%d年第%s季度履职情况通报", bulletin->county->name, year, quarters[which]);
    return xasprintf(english ? "%s: bulletin, %d-%02d-%02d to %d-%02d-%02d"
                             : "%s履职情况通报（%d-%02d-%02d至%d-%02d-%02d）",
                     bulletin->county->name, year, first.tm_mon + 1, first.tm_mday, last.tm_year + 1900,
                     last.tm_mon + 1, last.tm_mday);
}
