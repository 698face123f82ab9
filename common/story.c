/*
 * story.c - an order told as a story; see story.h. Pure.
 */
#include "common/story.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/order.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word, *zh, *en;
} words[] = {
    {"handover", "交办", "hand-over"},
    {"answer", "答复", "answer"},
    {"callback", "回访", "call-back"},
    {"solved", "已经解决", "solved"},
    {"explained", "说明情况", "explained"},
    {"supervision", "转入民主监督", "passed to supervision"},
    {"learned", "讲清政策", "policy clarified"},
    {"satisfied", "满意", "satisfied"},
    {"basically", "基本满意", "basically satisfied"},
    {"dissatisfied", "不满意", "dissatisfied"},
    {"unreachable", "没有联系上", "not reached"},
    {"micro", "微协商", "meeting"},
    {"topic", "专题协商", "meeting on a topic"},
    {"online", "网络协商", "online meeting"},
    {"opinion", "建言", "suggestion"},
    {"promise", "承诺", "promise"},
    {"adopted", "采纳", "adopted"},
    {"partly", "部分采纳", "adopted in part"},
    {"not", "未采纳", "not adopted"},
};

/* What stands for the * of a sentence: names of the step's fields, or of who did it. */
enum detail {
    NONE,
    GROUP,
    NEW_MEMBERS,
    VISITORS,
    DEPARTMENTS,
    LEADING,
    DEPARTMENT,
    OUTCOME,
    RATING,
    WHY_RETURNED,
    TRANSFERRED,
    ASKED_FOR,
    SPLIT_OFF,
    CAME_BACK,
};

/* Of several for one step the first counts that has something for its *. */

static const struct sentence {
    const char *step;
    enum detail detail;
    const char *zh, *en;
} sentences[] = {
    {"placed", TRANSFERRED, "其他县（市、区）转来，原单号*", "It came from another county, where it was number *"},
    {"placed", ASKED_FOR, "其他县（市、区）请求一起办理，对方单号*",
     "Another county asked for joint handling of its number *"},
    {"placed", SPLIT_OFF, "从单号*中分出", "It was split off from number *"},
    {"placed", CAME_BACK, "办结的事又出现了，原单号*", "What was closed as number * has come back"},
    {"placed", NONE, "群众点单", "A resident placed it"},
    {"screening", NONE, "转召集人定单", "It went to the convener to be screened"},
    {"screened", GROUP, "召集人受理，分给*", "The convener accepted it for *"},
    {"opened", GROUP, "分单给*", "It was given to *"},
    {"recalled", NONE, "召集人收回，重新定单", "The convener took it back to screen it again"},
    {"returned", WHY_RETURNED, "退单：*", "It was returned: *"},
    {"returned", NONE, "退单", "It was returned"},
    {"transferred", NONE, "转到其他县（市、区）办理", "It was passed on to another county"},
    {"asked", NONE, "向反映人了解情况，期限暂停", "The resident was asked about it; the clock stands still"},
    {"replied", NONE, "反映人补充了情况，期限继续", "The resident answered; the clock goes on"},
    {"added", NONE, "反映人作了补充", "The resident added something"},
    {"taken_back", NONE, "反映人撤回", "The resident took it back"},
    {"undone", NONE, "撤销，仍按原单办理", "It was undone: the order that it came from goes on"},
    {"unanswered", NONE, "反映人没有回答，期限继续", "The resident did not answer; the clock goes on"},
    {"merged", NONE, "并入同一件事，一起办理", "It was merged into the same matter of others"},
    {"unmerged", NONE, "从合并的事项中分出，单独办理", "It was taken out again, to be handled by itself"},
    {"joined", NONE, "又有群众反映同一件事，一起办理", "Others raised the same matter; it is handled together"},
    {"split", NONE, "其中另一件事单独成单", "A second matter in it became an order of its own"},
    {"claimed", NEW_MEMBERS, "*接单", "* took it on"},
    {"assigned", NEW_MEMBERS, "由*接单", "It was given to *"},
    {"dispatched", NEW_MEMBERS, "由*接单", "It was given to *"},
    {"dispatched", GROUP, "改分给*", "It was given to * instead"},
    {"reassigned", NEW_MEMBERS, "改由*接单", "It was given to * instead"},
    {"declined", NEW_MEMBERS, "有委员不能办理，由*接手", "A member could not go on with it; * took over"},
    {"declined", NONE, "有委员不能办理", "A member could not go on with it"},
    {"handed_on", NEW_MEMBERS, "有委员请假，由*接手", "A member is absent; * took over"},
    {"handed_on", NONE, "有委员请假", "A member is absent"},
    {"passed_over", NEW_MEMBERS, "有委员没有回应，由*接手", "A member did not respond; * took over"},
    {"handed_over", DEPARTMENTS, "交办给*", "It was handed over to *"},
    {"objected", DEPARTMENT, "*对承办提出异议", "* objected to handling it"},
    {"objection_granted", LEADING, "召集人裁定，改由*承办", "The convener ruled that * handles it instead"},
    {"objection_refused", LEADING, "召集人裁定，仍由*承办", "The convener ruled that * goes on handling it"},
    {"visited", VISITORS, "*走访", "* visited"},
    {"visited", NONE, "走访", "A visit was made"},
    {"joint_asked", NONE, "请其他县（市、区）一起办理", "Another county was asked to handle it jointly"},
    {"joint_answered", NONE, "一起办理的县（市、区）有了答复", "The county that handles it jointly has an answer"},
    {"joint_ended", NONE, "请求一起办理的县（市、区）已退回此事",
     "The county that asked for joint handling has returned the matter"},
    {"joint_refused", NONE, "一起办理的县（市、区）没有接受", "The county that was asked did not take it"},
    {"responded", DEPARTMENT, "*书面答复", "* replied in writing"},
    {"responded", NONE, "部门书面答复", "A department replied in writing"},
    {"reminded", NONE, "超期，提醒办理人", "It is overdue; those who handle it were reminded"},
    {"escalated", NONE, "仍然超期，报上一级督促", "It is still overdue; those above were told"},
    {"extension_asked", NONE, "申请延长答复期限", "More time was asked for"},
    {"extension_refused", NONE, "没有同意延长期限", "More time was not granted"},
    {"extension_granted", NONE, "延长答复期限", "More time was granted"},
    {"answered", OUTCOME, "答复反映人：*", "The resident was answered: *"},
    {"called", NONE, "电话回访", "The resident was called"},
    {"rated", RATING, "反映人评价：*", "The resident rated it: *"},
    {"reopened", RATING, "反映人评价：*，重新办理", "The resident rated it: *; it was taken up again"},
    {"reopened", NONE, "专委会决定重新办理", "The committee decided to take it up again"},
    {"resumed", NONE, "同一件事的另一位反映人不满意，重新办理",
     "Another resident was dissatisfied; it was taken up again"},
    {"decided", NONE, "专委会决定办结", "The committee decided to close it"},
    {"closed", NONE, "办结归单", "It was closed"},
    {"published", NONE, "案例公开", "Its case was published"},
    {"withdrawn", NONE, "案例停止公开", "Its case is not public any more"},
};

const char *story_word(const char *word, bool english)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return english ? words[i].en : words[i].zh;
    return NULL;
}

/* -- names ------------------------------------------------------------------------------------------------------- */

static const char *group_name(const struct county *county, const char *id)
{
    const struct member_group *group = county ? county_group(county, id) : NULL;
    return group ? group->name : id;
}

static const char *member_name(const struct county *county, const char *id)
{
    const struct member *member = county ? county_member(county, id) : NULL;
    return member ? member->name : id;
}

static const char *department_name(const struct county *county, const char *id)
{
    const struct office *department = county ? county_department(county, id) : NULL;
    return department ? department->name : id;
}

/* Writes the names of the ids in a list that are not in another one; how many. */
static int put_names(FILE *out, const struct county *county, const char *ids, const char *but, bool english,
                     const char *(*name)(const struct county *county, const char *id))
{
    char id[40];
    int count = 0;
    while (words_next(&ids, id, sizeof id))
        if (!words_have(but, id))
            fprintf(out, "%s%s", count++ == 0 ? "" : english ? ", " : "、", name(county, id));
    return count;
}

static void put_departments(FILE *out, const struct county *county, const struct record *order, bool english)
{
    const char *assisting = record_str(order, F_ASSISTING);
    put_names(out, county, record_str(order, F_DEPARTMENT), "", english, department_name);
    if (!*assisting)
        return;
    fputs(english ? ", with " : "，协办：", out);
    put_names(out, county, assisting, "", english, department_name);
}

/* -- one step ---------------------------------------------------------------------------------------------------- */

static void put_word(FILE *out, const char *word, bool english)
{
    const char *known = story_word(word, english);
    fputs(known ? known : word, out);
}

/* Names the members of a list such as "member:M1 member:M2"; how many. */
static int put_visitors(FILE *out, const struct county *county, const char *people, bool english)
{
    static const char kind[] = "member:";
    char person[64];
    int count = 0;
    while (words_next(&people, person, sizeof person))
        if (strncmp(person, kind, strlen(kind)) == 0)
            fprintf(out, "%s%s", count++ == 0 ? "" : english ? ", " : "、", member_name(county, person + strlen(kind)));
    return count;
}

/* Why it was returned and where to turn to instead, as its resident was told. False when neither was said. */
static bool put_return(FILE *out, const struct record *step, bool english)
{
    const char *reason = record_str(step, F_REASON), *place = record_str(step, F_RETURN_TO);
    fputs(reason, out);
    if (*reason && *place)
        fputs(english ? "; " : "；", out);
    if (*place)
        fprintf(out, english ? "the place to turn to: %s" : "请向%s反映", place);
    return *reason || *place;
}

/* Which department did the step: the one that leads, or one that assists. False when none did. */
static bool put_department(FILE *out, const struct county *county, const struct record *step)
{
    static const char kind[] = "department:";
    const char *actor = record_str(step, F_ACTOR);
    if (strncmp(actor, kind, strlen(kind)) != 0)
        return false;
    fputs(department_name(county, actor + strlen(kind)), out);
    return true;
}

/* The number of the order that it was made from in this way. False for one that was not. */
static bool put_origin(FILE *out, const struct record *order, const char *source)
{
    fputs(record_str(order, F_SOURCE_REF), out);
    return record_is(order, F_SOURCE, source);
}

/* Writes what stands for the *; before: the order before the step, order: after it. False when there is nothing. */
static bool put_detail(FILE *out, enum detail detail, const struct county *county, const struct record *before,
                       const struct record *order, const struct record *step, bool english)
{
    switch (detail) {
    case GROUP:
        fputs(group_name(county, record_str(order, F_GROUP)), out);
        return record_len(step, F_GROUP) > 0;
    case NEW_MEMBERS:
        return put_names(out, county, record_str(order, F_MEMBERS), record_str(before, F_MEMBERS), english,
                         member_name) > 0;
    case DEPARTMENTS:
        put_departments(out, county, order, english);
        return record_len(order, F_DEPARTMENT) > 0;
    case VISITORS:
        return put_visitors(out, county, record_str(step, F_WHO), english) > 0;
    case LEADING:
        fputs(department_name(county, record_str(order, F_DEPARTMENT)), out);
        return record_len(order, F_DEPARTMENT) > 0;
    case DEPARTMENT:
        return put_department(out, county, step);
    case OUTCOME:
        put_word(out, record_str(order, F_OUTCOME), english);
        return true;
    case RATING:
        put_word(out, record_str(order, F_RATING), english);
        return record_len(step, F_RATING) > 0;
    case WHY_RETURNED:
        return put_return(out, step, english);
    case TRANSFERRED:
        return put_origin(out, order, SOURCE_TRANSFER);
    case ASKED_FOR:
        return put_origin(out, order, SOURCE_JOINT);
    case SPLIT_OFF:
        return put_origin(out, order, SOURCE_SPLIT);
    case CAME_BACK:
        return put_origin(out, order, SOURCE_AGAIN);
    default:
        return true;
    }
}

static char *told(const struct sentence *sentence, const struct county *county, const struct record *before,
                  const struct record *order, const struct record *step, bool english)
{
    const char *text = english ? sentence->en : sentence->zh;
    size_t size, head = strcspn(text, "*");
    char *result = NULL;
    FILE *out = open_memstream(&result, &size);
    fwrite(text, 1, head, out);
    bool whole = put_detail(out, sentence->detail, county, before, order, step, english);
    fputs(text[head] ? text + head + 1 : "", out);
    fclose(out);
    if (whole)
        return result;
    free(result);
    return NULL;
}

char *story_step(const struct county *county, struct record *order, const struct record *step, bool english)
{
    char *result = NULL;
    RECORD *before = record_new();
    record_copy_all(before, order);
    if (!record_is(step, F_SERVICE, service_name(ARCHIVE))) /* what its case says is not what the order says */
        record_copy_all(order, step);
    for (size_t i = 0; !result && i < sizeof sentences / sizeof *sentences; i++)
        if (record_is(step, F_STEP, sentences[i].step))
            result = told(&sentences[i], county, before, order, step, english);
    return result;
}

/* -- the whole --------------------------------------------------------------------------------------------------- */

static void put_day(FILE *out, int64_t at)
{
    char text[TIME_SIZE];
    time_format(text, at);
    fprintf(out, "%.10s", text);
}

static void put_heading(FILE *out, bool english, const char *zh, const char *en)
{
    fprintf(out, english ? "[%s] " : "【%s】", english ? en : zh);
}

static void put_steps(FILE *out, const struct county *county, struct record *order, const struct record *history,
                      bool english)
{
    for (size_t i = 0; i < record_rows(history, F_ROWS); i++) {
        const struct record *step = record_row(history, F_ROWS, i);
        AUTOFREE char *sentence = record_has(step, F_STEP) ? story_step(county, order, step, english) : NULL;
        if (!sentence)
            continue;
        put_day(out, record_int(step, F_AT));
        fprintf(out, "  %s\n", sentence);
    }
}

/* What was held about it, and what was suggested there or promised, and became of that. */
static void put_matters(FILE *out, const struct record *history, bool english)
{
    for (size_t i = 0; i < record_rows(history, F_ROWS); i++) {
        const struct record *row = record_row(history, F_ROWS, i);
        enum matter matter = record_has(row, F_KIND) ? matter_of(record_str(row, F_ORDER)) : MATTER_ORDER;
        bool held = matter == MATTER_MEETING && words_have(STATE_HELD " " STATE_CLOSED, record_str(row, F_STATE));
        if (!held && matter != MATTER_SUGGESTION)
            continue;
        put_heading(out, english, held ? "协商" : "跟踪", held ? "Consultation" : "Followed");
        if (held) {
            put_day(out, record_int(row, F_MEETS_AT));
            fputs("  ", out);
        }
        put_word(out, record_str(row, F_KIND), english);
        fprintf(out, english ? " \"%s\"" : "“%s”", record_str(row, F_TITLE));
        if (record_len(row, F_SETTLED) > 0) {
            fputs(english ? ": " : "：", out);
            put_word(out, record_str(row, F_SETTLED), english);
        }
        fputc('\n', out);
    }
}

char *story_tell(const struct county *county, const struct record *history, bool english, char **ret_title)
{
    char *text = NULL, *steps = NULL;
    size_t size;
    RECORD *order = record_new();
    FILE *out = open_memstream(&steps, &size);
    put_steps(out, county, order, history, english);
    fclose(out);

    out = open_memstream(&text, &size);
    put_heading(out, english, "反映", "Concern");
    fprintf(out, "%s\n", record_str(order, record_len(order, F_TEXT) > 0 ? F_TEXT : F_TITLE));
    if (record_len(order, F_GROUP) > 0) {
        put_heading(out, english, "承办", "Taken up by");
        fputs(group_name(county, record_str(order, F_GROUP)), out);
        if (record_len(order, F_MEMBERS) > 0)
            fputs(english ? ": " : "：", out);
        put_names(out, county, record_str(order, F_MEMBERS), "", english, member_name);
        if (record_int(order, F_HANDED_AT) > 0) {
            fputs(english ? "; department: " : "；部门：", out);
            put_departments(out, county, order, english);
        }
        fputc('\n', out);
    }
    put_heading(out, english, "经过", "What was done");
    fprintf(out, "\n%s", steps);
    put_matters(out, history, english);
    if (record_len(order, F_OUTCOME) > 0) {
        put_heading(out, english, "结果", "Result");
        put_word(out, record_str(order, F_OUTCOME), english);
        fprintf(out, "\n%s\n", record_str(order, F_ANSWER));
    }
    if (record_len(order, F_RATING) > 0) {
        put_heading(out, english, "评价", "Rating");
        put_word(out, record_str(order, F_RATING), english);
        fputc('\n', out);
    }
    fclose(out);
    free(steps);
    *ret_title = xstrdup(record_str(order, F_TITLE));
    return text;
}
