/*
 * values.c - what a text says of its occasion: each {name} of a template.
 */
#include "services/notification/values.h"

#include "common/alloc.h"
#include "common/resident.h"
#include "common/story.h"
#include "common/text.h"
#include "common/vault.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Words of the system, as people say them, besides those of story_word(). */
static const struct word {
    const char *word, *zh, *en;
} words[] = {
    {"follow", "办理", "settlement"},
    {"recheck", "跟踪问效", "re-check"},
    {"conclude", "会议收尾", "conclusion"},
    {"comes", "参加", "you come"},
    {"excused", "请假", "you do not come"},
    /* why a claim is refused, as assignment says it */
    {"forbidden", "这件事由别的小组办理", "it belongs to another group"},
    {"state", "召集人还在审核这件事", "the convener is still screening it"},
    {"absent", "您登记了请假", "you have said that you are absent"},
    {"invalid", "名册里没有您", "you are not on the roster"},
    /* why an order goes from one member to another */
    {"absence", "委员请假", "a member is absent"},
    {"silence", "委员没有按时回应", "a member did not respond in time"},
};

static const struct record *source_of(const struct occasion *occasion, enum field field)
{
    return record_has(occasion->message, field) ? occasion->message : occasion->order;
}

/* Each of these gives a value in memory of its own. */

static char *plain(const struct occasion *occasion, enum field field)
{
    return xstrdup(record_str(source_of(occasion, field), field));
}

/* An order's place, and the community in which it is, which may be all that is known. A meeting about it is anywhere.
 */
static char *where(const struct occasion *occasion, enum field field)
{
    const struct record *source = source_of(occasion, field);
    const char *place = record_str(source, field), *of_order = record_str(occasion->order, F_COMMUNITY);
    const struct community *community = source == occasion->order ? county_community(occasion->county, of_order) : NULL;
    if (!community || strstr(place, community->name))
        return xstrdup(place);
    return xasprintf("%s%s%s", community->name, *place && occasion_is_english(occasion) ? ", " : "", place);
}

static char *worded(const struct occasion *occasion, enum field field)
{
    const char *value = record_str(source_of(occasion, field), field);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, value) == 0)
            return xstrdup(occasion_is_english(occasion) ? words[i].en : words[i].zh);
    const char *word = story_word(value, occasion_is_english(occasion));
    return xstrdup(word ? word : value);
}

/* What its resident says of it; nothing when they could not be asked. */
static char *given_rating(const struct occasion *occasion, enum field field)
{
    return record_is(occasion->order, field, "unreachable") ? xstrdup("") : worded(occasion, field);
}

static char *order_list(const struct occasion *occasion, enum field field)
{
    const char *orders = record_str(occasion->message, field);
    char *list = xstrdup(""), order[ORDER_ID_SIZE];
    while (words_next(&orders, order, sizeof order)) {
        char *longer = xasprintf("%s%s%s", list, *list ? (occasion_is_english(occasion) ? ", " : "、") : "", order);
        free(list);
        list = longer;
    }
    return list;
}

/* An order keeps its latest reason, which is the message's only where the order has been returned. */
static char *reason(const struct occasion *occasion, enum field field)
{
    if (record_has(occasion->message, field) || record_is(occasion->order, F_STATE, STATE_RETURNED))
        return worded(occasion, field);
    return xstrdup("");
}

static char *moment(const struct occasion *occasion, enum field field)
{
    int64_t at = record_int(source_of(occasion, field), field);
    if (at <= 0)
        return xstrdup("");
    time_t china = (time_t)(at / 1000 + 8 * 3600L);
    struct tm tm;
    gmtime_r(&china, &tm);
    if (!occasion_is_english(occasion))
        return xasprintf("%d月%d日%02d:%02d", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
    char text[40];
    strftime(text, sizeof text, "%d %B %H:%M", &tm);
    return xstrdup(text);
}

static char *deadline(const struct occasion *occasion, enum field field)
{
    bool passed = record_int(source_of(occasion, field), field) <= occasion->now,
         english = occasion_is_english(occasion);
    AUTOFREE char *at = moment(occasion, field);
    if (english)
        return xasprintf("%s on %s", passed ? "was due" : "is due", at);
    return xasprintf(passed ? "期限%s已过" : "期限是%s", at);
}

static char *member_names(const struct occasion *occasion, enum field field)
{
    const char *ids = record_str(source_of(occasion, field), field);
    char *names = xstrdup(""), id[64];
    while (words_next(&ids, id, sizeof id)) {
        const struct member *member = county_member(occasion->county, id);
        char *more = xasprintf("%s%s%s", names, *names ? (occasion_is_english(occasion) ? ", " : "、") : "",
                               member ? member->name : id);
        free(names);
        names = more;
    }
    return names;
}

static char *department_name(const struct occasion *occasion, enum field field)
{
    const struct office *department = county_department(occasion->county, record_str(occasion->message, field));
    return xstrdup(department ? department->name : "");
}

/* Who decided, by what they are in the county; a name only where it is that of the office that they hold. */
static char *actor(const struct occasion *occasion, enum field field)
{
    const char *actor = record_str(occasion->message, field), *id = strchr(actor, ':');
    bool english = occasion_is_english(occasion);
    if (!id)
        return xstrdup("");
    const struct town *town = strncmp(actor, "convener:", 9) == 0 ? county_town(occasion->county, id + 1) : NULL;
    if (town)
        return xasprintf(english ? "the convener of %s, %s" : "%s召集人%s", town->name, town->convener);
    return xasprintf(english ? "the office of %s" : "%s办公室", occasion->county->name);
}

static char *number(const struct occasion *occasion, enum field field)
{
    return xasprintf("%lld", (long long)record_int(source_of(occasion, field), field));
}

/* At most so many characters of a text; the caller frees it. */
static char *beginning(const char *text, size_t max)
{
    size_t size = 0;
    for (size_t count = 0; text[size] && count <= max; size++)
        if (((unsigned char)text[size] & 0xC0) != 0x80 && ++count > max)
            break;
    return text[size] ? xasprintf("%.*s…", (int)size, text) : xstrdup(text);
}

/* The orders that several reminders are about: the first ones. */
static char *overdue_list(const struct occasion *occasion, enum field field)
{
    enum { SHOWN = 4, TITLE = 24 };
    bool english = occasion_is_english(occasion);
    size_t count = record_rows(occasion->message, field);
    char *list = xstrdup("");
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        const struct record *row = record_row(occasion->message, field, i);
        AUTOFREE char *title = beginning(record_str(row, F_TITLE), TITLE);
        const char *between = i == 0 ? "" : english ? ", " : "、";
        char *more =
            xasprintf(english ? "%s%s\"%s\" (%s)" : "%s%s“%s”（%s）", list, between, title, record_str(row, F_ORDER));
        free(list);
        list = more;
    }
    char *whole = xasprintf("%s%s", list, count <= SHOWN ? "" : english ? " and others" : "等");
    free(list);
    return whole;
}

/* What became of a promise, as its resident is told. */
static char *fulfilled(const struct occasion *occasion, enum field field)
{
    static const struct word results[] = {
        {"adopted", "已经落实", "done"}, {"partly", "落实了一部分", "done in part"}, {"not", "没有落实", "not done"}};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (record_is(occasion->message, field, results[i].word))
            return xstrdup(occasion_is_english(occasion) ? results[i].en : results[i].zh);
    return xstrdup("");
}

/* With a mark of its own at the end; values lose their full stops. */
static char *question(const struct occasion *occasion, enum field field)
{
    const char *text = record_str(source_of(occasion, field), field);
    const char *marks[] = {"?", "？"};
    for (size_t i = 0; i < 2; i++)
        if (strlen(text) >= strlen(marks[i]) && strcmp(text + strlen(text) - strlen(marks[i]), marks[i]) == 0)
            return xstrdup(text);
    return *text ? xasprintf("%s%s", text, occasion_is_english(occasion) ? "?" : "？") : xstrdup("");
}

static char *order_number(const struct occasion *occasion, enum field field)
{
    (void)field;
    return xstrdup(occasion->order_id);
}

static char *claim_code(const struct occasion *occasion, enum field field)
{
    (void)field;
    char code[CLAIM_CODE_SIZE];
    order_claim_code(code, occasion->serial);
    return xstrdup(code);
}

/* Where a county sets no time for that, nobody has to confirm. */
static char *confirm_code(const struct occasion *occasion, enum field field)
{
    struct span span = county_clock(occasion->county, record_str(occasion->order, F_URGENCY), CLOCK_CONFIRM);
    return span.working_days > 0 || span.ms > 0 ? claim_code(occasion, field) : xstrdup("");
}

static char *access_code(const struct occasion *occasion, enum field field)
{
    (void)field;
    char code[ACCESS_CODE_SIZE];
    order_access_code(code, occasion->order_id, vault_secret(occasion->county->vault));
    return xstrdup(code);
}

/* Where an answer is rated. A link stands at the end, where no phone takes what follows for a part of it. */
static char *online(const struct occasion *occasion, enum field field)
{
    bool english = occasion_is_english(occasion);
    const char *url = occasion->county->public_url;
    if (!*url) {
        AUTOFREE char *code = access_code(occasion, field);
        return xasprintf(
            english ? "Or rate it online with the number and the code %s" : "也可以凭单号和查询码%s在网上评价", code);
    }
    char token[RATING_TOKEN_SIZE];
    rating_token(token, occasion->county->vault, occasion->order_id, record_int(occasion->order, F_ROUND));
    return xasprintf("%s %s" RATING_PAGE "%s", english ? "Or rate it at" : "也可以打开链接评价：", url, token);
}

/* Their order, opened at once: what stands behind # stays in their browser. */
static char *track(const struct occasion *occasion, enum field field)
{
    const char *url = occasion->county->public_url;
    AUTOFREE char *code = access_code(occasion, field);
    return *url ? xasprintf("%s" TRACK_PAGE "%s#%s", url, occasion->order_id, code) : xstrdup("");
}

/* The page of those who handle it, where they sign in once in a while. */
static char *work(const struct occasion *occasion, enum field field)
{
    (void)field;
    const char *url = occasion->county->public_url;
    return *url ? xasprintf("%s" WORK_PAGE "%s", url, occasion->order_id) : xstrdup("");
}

/* By what a meeting is called on small keys: "H12". */
static char *short_number(const struct occasion *occasion, enum field field)
{
    (void)field;
    return xasprintf("%s%lld", matter_letter(MATTER_MEETING), (long long)occasion->serial);
}

static char *meeting_list(const struct occasion *occasion, enum field field)
{
    const char *orders = record_str(occasion->message, field);
    char *list = xstrdup(""), order[ORDER_ID_SIZE];
    int64_t serial = 0;
    while (words_next(&orders, order, sizeof order)) {
        matter_parse(order, NULL, NULL, &serial);
        char *longer = xasprintf("%s%s%s%lld", list, *list ? (occasion_is_english(occasion) ? ", " : "、") : "",
                                 matter_letter(matter_of(order)), (long long)serial);
        free(list);
        list = longer;
    }
    return list;
}

/*
 * How one answers an invitation: a resident, who is told about their order, by the link that stands at the end; all
 * others by a reply.
 */
static char *respond(const struct occasion *occasion, enum field field)
{
    bool english = occasion_is_english(occasion);
    const char *url = occasion->county->public_url;
    if (!record_has(occasion->message, field)) {
        AUTOFREE char *name = short_number(occasion, field);
        return xasprintf(english
                             ? "Reply 1 if you come, or 2 and why if you do not. Invited to several, begin with the "
                               "number of one, as in \"%s 1\""
                             : "参加请回复1，不参加请回复2和原因。同时有几个会的，请先写会号，如“%s 1”",
                         name);
    }
    if (!*url)
        return xstrdup(english ? "Please tell your members whether you come" : "来不来，请告诉为您办理的委员");
    char token[INVITATION_TOKEN_SIZE];
    invitation_token(token, occasion->county->vault, record_str(occasion->message, field), occasion->order_id);
    return xasprintf("%s %s" INVITATION_PAGE "%s",
                     english ? "Please say at this page whether you come:" : "来不来，请打开链接选一下：", url, token);
}

static char *contact(const struct occasion *occasion, enum field field)
{
    (void)field;
    return xstrdup(occasion->county->contact);
}

static const struct value values[] = {
    {"title", 30, plain, F_TITLE},
    {"place", 40, where, F_PLACE},
    {"primary", 24, plain, F_PRIMARY},
    {"actor", 60, actor, F_ACTOR},
    {"question", 120, question, F_QUESTION},
    {"answer", 200, plain, F_ANSWER},
    {"reason", 120, reason, F_REASON},
    {"return_to", 80, plain, F_RETURN_TO},
    {"note", 100, plain, F_NOTE},
    {"outcome", 30, worded, F_OUTCOME},
    {"rating", 30, worded, F_RATING},
    {"rated", 30, given_rating, F_RATING},
    {"orders", 120, order_list, F_ORDERS},
    {"clock", 20, worded, F_CLOCK},
    {"due", 40, moment, F_DUE},
    {"deadline", 60, deadline, F_DUE},
    {"department", 40, department_name, F_DEPARTMENT},
    {"members", 60, member_names, F_MEMBERS},
    {"order", 24, order_number, F_ORDER},
    {"code", 16, claim_code, F_ORDER},
    {"confirm", 16, confirm_code, F_ORDER},
    {"access", 6, access_code, F_ORDER},
    {"online", 120, online, F_ORDER},
    {"track", 240, track, F_ORDER},
    {"work", 240, work, F_ORDER},
    {"meets", 40, moment, F_MEETS_AT},
    {"respond", 240, respond, F_MEETING},
    {"short", 24, short_number, F_ORDER},
    {"meetings", 120, meeting_list, F_ORDERS},
    {"reply", 20, worded, F_REPLY},
    {"proposed", 20, worded, F_PROPOSED},
    {"settled", 20, worded, F_SETTLED},
    {"kind", 24, worded, F_KIND},
    {"fulfilled", 20, fulfilled, F_SETTLED},
    {"contact", 60, contact, F_COUNTY},
    {"sign_in", 6, plain, F_CODE},
    {"days", 6, number, F_DAYS},
    {"count", 6, number, F_TOTAL},
    {"list", 240, overdue_list, F_ROWS},
};

const struct value *value_at(size_t index)
{
    return index < sizeof values / sizeof *values ? &values[index] : NULL;
}

bool occasion_is_english(const struct occasion *occasion)
{
    return strcmp(occasion->county->language, "en") == 0;
}
