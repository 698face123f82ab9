/*
 * samples.c - what SMS say, for people who want to see that before any goes out.
 *
 * The order of a sample has the serial 0, which no order has: its codes and links open nothing. What stands in the
 * county's files is taken from there, all else is made up.
 */
#include "services/notification/samples.h"

#include "common/alloc.h"
#include "common/order.h"
#include "common/text.h"
#include "services/notification/notify.h"
#include "services/notification/wording.h"

#include <string.h>

/* What stands for something else in these. */
static const struct {
    const char *template;
    enum field field;
    const char *zh, *en;
} others[] = {
    {"transferred", F_NOTE, "990104-000001", "990104-000001"},
    {"transferred", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
    {"split", F_NOTE, "小区门口的井盖松了", "A loose manhole cover"},
    {"replied", F_NOTE, "三号楼东边的那一盏", "The one east of house 3"},
    {"reply_taken", F_NOTE, "三号楼东边的那一盏", "The one east of house 3"},
    {"reopened", F_NOTE, "修好两天又不亮了", "It is out again"},
    {"rating_taken", F_NOTE, "修好两天又不亮了", "It is out again"},
    {"rating_taken", F_RATING, "dissatisfied", "dissatisfied"},
    {"joint_asked", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
    {"joint_shared", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
    {"joint_answered", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
    {"joint_refused", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
    {"joint_ended", F_RETURN_TO, "临江县政协", "the CPPCC of Linjiang"},
};

/* Something in every field that a template may draw on. */
static void fill_sample(const struct county *county, bool english, int64_t now, struct record *sample)
{
    static const struct {
        enum field field;
        const char *zh, *en;
    } texts[] = {{F_TITLE, "东门小区三号楼前的路灯不亮", "Street lamp at house 3 is out"},
                 {F_PLACE, "东门社区", "East Gate"},
                 {F_ANSWER, "路灯已于本周修好", "The lamp was repaired this week"},
                 {F_REASON, "需要了解情况", "This has to be looked into"},
                 {F_RETURN_TO, "12345热线", "the hotline 12345"},
                 {F_NOTE, "请尽快处理", "Please see to it soon"},
                 {F_OUTCOME, "solved", "solved"},
                 {F_RATING, "satisfied", "satisfied"},
                 {F_CLOCK, "answer", "answer"},
                 {F_CODE, "123456", "123456"},
                 {F_URGENCY, "normal", "normal"},
                 {F_MEMBERS, "张三 李四", "Zhang-San Li-Si"},
                 {F_QUESTION, "是哪一栋楼前的路灯", "Which house is it at"},
                 {F_KIND, "opinion", "opinion"},
                 {F_REPLY, "comes", "comes"},
                 {F_PROPOSED, "adopted", "adopted"},
                 {F_SETTLED, "adopted", "adopted"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        record_set(sample, texts[i].field, english ? texts[i].en : texts[i].zh);
    record_printf(sample, F_ACTOR, "convener:%s", county->towns[0].id);
    record_set(sample, F_DEPARTMENT, county->department_count > 0 ? county->departments[0].id : "");
    record_printf(sample, F_PRIMARY, "%s-000001", county->id);
    record_printf(sample, F_ORDERS, "%s-000001 %s-000002", county->id, county->id);
    record_set_int(sample, F_DUE, now);
    record_set_int(sample, F_MEETS_AT, now);
    record_set_int(sample, F_DAYS, 3);
    record_set_int(sample, F_TOTAL, 2);
    for (int i = 1; i <= 2; i++) {
        struct record *row = record_add_row(sample, F_ROWS);
        record_copy(row, sample, F_TITLE);
        record_printf(row, F_ORDER, "%s-00000%d", county->id, i);
    }
}

char *sample_text(const struct county *county, const struct template *template, bool english, int64_t now)
{
    RECORD *sample = record_new();
    char order[ORDER_ID_SIZE];
    struct county speaking = *county;
    speaking.language = english ? "en" : "zh";
    order_id(order, county->id, 0);
    fill_sample(county, english, now, sample);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].template, template->name) == 0)
            record_set(sample, others[i].field, english ? others[i].en : others[i].zh);
    return template_text(
        template->name,
        &(struct occasion){
            .county = &speaking, .order_id = order, .serial = 1, .order = sample, .message = sample, .now = now});
}

/* How its SMS go, as the flags say. */
static void set_ways(struct record *row, int flags)
{
    char ways[40] = "";
    if (flags & AT_ONCE)
        words_append(ways, sizeof ways, "at_once");
    if (flags & NECESSARY)
        words_append(ways, sizeof ways, "necessary");
    if (flags & GATHERED)
        words_append(ways, sizeof ways, "gathered");
    record_set(row, F_WAYS, ways);
}

void list_templates(const struct context *context, const struct record *order, const struct record *message,
                    struct outcome *outcome)
{
    struct record *listing = outcome_reply(outcome, MSG_LISTING);
    int64_t total = 0;
    (void)order;
    (void)message;
    for (const struct template *template; (template = template_at((size_t)total)); total++)
        for (int english = 0; english <= 1; english++) {
            struct record *row = record_add_row(listing, F_ROWS);
            AUTOFREE char *text = sample_text(context->county, template, english, context->now);
            size_t length = text_length(text, strlen(text));
            record_set(row, F_TEMPLATE, template->name);
            record_set(row, F_RECIPIENTS, template->to);
            record_set(row, F_LANGUAGE, english ? "en" : "zh");
            record_set(row, F_WORDING, english ? template->en : template->zh);
            record_set(row, F_TEXT, text);
            record_set_int(row, F_CHARACTERS, (int64_t)length);
            record_set_int(row, F_SEGMENTS, (int64_t)sms_segments(length));
            set_ways(row, template->flags);
        }
    record_set_int(listing, F_TOTAL, total);
}
