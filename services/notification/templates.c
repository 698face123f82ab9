/*
 * templates.c - the words of every SMS, in Chinese and English.
 *
 * The texts are written for people of seventy: short sentences, no terms of
 * the trade. {name} stands for a value of the occasion; [what is in square
 * brackets] is left out when a value in it is empty. Values come from
 * residents and offices, so each is cut to its length and cleaned: no control
 * characters, and no 【】, which only the county's own signature may carry. Who may not see an order is not told its
 * words: a claim is refused by its number alone. The flags say who gets it when: this is the one place that knows.
 */
#include "services/notification/templates.h"

#include "common/alloc.h"
#include "common/resident.h"
#include "common/story.h"
#include "common/text.h"
#include "common/vault.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

static const struct template
{
    const char *name;
    int flags;
    const char *zh, *en;
}
templates[] = {
    {"placed", AT_ONCE | NECESSARY,
     "您好，您反映的“{title}”我们收到了。单号{order}，查询码{access}，请保存好。凭单号和查询码可以在网上查看办理情况。"
     "[有疑问请联系：{contact}。]",
     "We have received your concern \"{title}\". Number {order}, code {access}: please keep both. With them you can "
     "follow it online.[ Questions: {contact}.]"},
    {"screening", 0, "有一件事等您把关：“{title}”[，地点：{place}]，单号{order}。请登录后决定：受理，还是退回。",
     "A concern waits for your screening: \"{title}\"[, place: {place}], number {order}. Please sign in and accept or "
     "return it."},
    {"returned", NECESSARY,
     "您反映的“{title}”（单号{order}）不适合由政协协商办理。[原因：{reason}。][您可以找：{return_to}。]"
     "[这是{actor}的决定。][有疑问请联系：{contact}。]",
     "Your concern \"{title}\" (number {order}) is not suited to consultation.[ Reason: {reason}.][ Please turn to: "
     "{return_to}.][ This was decided by {actor}.][ Questions: {contact}.]"},
    {"transferred", NECESSARY,
     "您反映的“{title}”（单号{order}）由{return_to}办理，我们已经转去，新单号{note}，查询码另有短信告诉您。[原因：{"
     "reason}。]",
     "Your concern \"{title}\" (number {order}) is a matter of {return_to}, and is there now as number {note}; another "
     "message has its code.[ Reason: {reason}.]"},
    {"merged", 0,
     "您反映的“{title}”（单号{order}）与别的居民反映的是同一件事，已合并办理[，承办委员：{members}]"
     "。办理的每一步都会告诉"
     "您，办完也请您评价。[有疑问请联系：{contact}。]",
     "Others have raised the same matter as your concern \"{title}\" (number {order}), so it is handled together with "
     "theirs[, by {members}]. You will be told of every step, and asked about the result.[ Questions: {contact}.]"},
    {"merged_members", 0, "“{title}”（单号{order}）与单号{primary}是同一件事，已并入那一单办理，您不用另外办理了。",
     "\"{title}\" (number {order}) is the same matter as number {primary} and is handled there. There is nothing left "
     "for "
     "you to do with it."},
    {"unmerged", 0, "您反映的“{title}”（单号{order}）不再与别的事合并，将单独办理。[原因：{reason}。]",
     "Your concern \"{title}\" (number {order}) is no longer handled together with another, but by itself.[ Reason: "
     "{reason}.]"},
    {"split", 0,
     "您反映的“{title}”（单号{order}）含有两件事，我们把其中一件[“{note}”]另立一单办理，单号和查询码另有短信告诉您。",
     "Your concern \"{title}\" (number {order}) holds two matters. One of them[, \"{note}\",] is now a concern of its "
     "own; "
     "another message has its number and code."},
    {"asked", NECESSARY,
     "关于您反映的“{title}”（单号{order}），想问您：{question}请直接回复这条短信，或凭单号和查询码{access}在网上回答["
     "，最迟{due}]。"
     "没有您的回答，我们就按现在知道的办理。[有疑问请联系：{contact}。]",
     "About your concern \"{title}\" (number {order}) we would like to ask: {question} Please reply to this "
     "message, or online with the number and the code {access}[, by {due}]. Without an answer we go on with what we "
     "know.[ Questions: {contact}.]"},
    {"replied", 0, "“{title}”（单号{order}）的居民回答您了：{note}。期限继续计算。",
     "The resident of \"{title}\" (number {order}) answers: {note}. The deadline runs on."},
    {"unanswered", 0,
     "“{title}”（单号{order}）的居民没有回答您的问题[：{question}]。期限继续计算，请按现在知道的办理。",
     "The resident of \"{title}\" (number {order}) has not answered[: {question}]. The deadline runs on; please go on "
     "with "
     "what you know."},
    {"opened", 0, "有居民反映：“{title}”[，地点：{place}]。愿意办理，请回复 {code} 接单。",
     "A resident's concern: \"{title}\"[, place: {place}]. To take it on, reply {code}."},
    {"claimed", AT_ONCE, "您已接单：“{title}”[，地点：{place}]，单号{order}。谢谢您。",
     "You have taken on: \"{title}\"[, place: {place}], number {order}. Thank you."},
    {"full", AT_ONCE, "“{title}”（单号{order}）人数已满，这次不用您办理了。谢谢您的热心。",
     "\"{title}\" (number {order}) has all the members it needs. Thank you all the same."},
    {"claim_refused", AT_ONCE, "您要接的单（单号{order}）没有接成。[原因：{reason}。][有疑问请联系：{contact}。]",
     "You could not take on number {order}.[ Reason: {reason}.][ Questions: {contact}.]"},
    {"assigned", 0,
     "请您办理：“{title}”[，地点：{place}]，单号{order}。[一起办理的委员：{members}。][答复期限：{due}。]"
     "[收到请回复 {confirm}。]",
     "Please take care of: \"{title}\"[, place: {place}], number {order}.[ Members: {members}.][ The answer is due on "
     "{due}.][ Reply {confirm} when you have seen it.]"},
    {"assigned_resident", 0,
     "您反映的“{title}”（单号{order}）已有政协委员接单[：{members}]。他们会与您联系[，最迟{due}答复您]。请放心。",
     "Members have taken on your concern \"{title}\" (number {order})[: {members}]. They will contact you[ and answer "
     "by "
     "{due}]."},
    {"handed_over", 0, "请贵单位办理：“{title}”[，地点：{place}]，单号{order}。[说明：{note}。][答复期限：{due}。]",
     "Please handle: \"{title}\"[, place: {place}], number {order}.[ Note: {note}.][ The answer is due on {due}.]"},
    {"assisting", 0,
     "请贵单位协助办理：“{title}”[，地点：{place}]，单号{order}[，主办单位：{department}]。[说明：{note}。]"
     "[答复期限：{due}。]",
     "Please assist with: \"{title}\"[, place: {place}], number {order}[, led by {department}].[ Note: {note}.][ The "
     "answer is due on {due}.]"},
    {"responded", 0, "{department}对“{title}”（单号{order}）作了书面答复。请登录查看，答复反映人时可以引用。",
     "{department} has replied in writing about \"{title}\" (number {order}). Please sign in to read it; you may use "
     "it in "
     "your answer."},
    {"objection", 0,
     "{department}对承办“{title}”（单号{order}）提出异议[：{reason}]。请登录后裁定：维持，还是改交其他部门。",
     "{department} objects to handling \"{title}\" (number {order})[: {reason}]. Please sign in and rule: it stays, or "
     "goes to another department."},
    {"objection_refused", 0, "“{title}”（单号{order}）仍由贵单位办理[。理由：{reason}]。",
     "\"{title}\" (number {order}) stays with your office[. Reason: {reason}]."},
    {"objection_granted", 0, "“{title}”（单号{order}）改由{department}办理[。理由：{reason}]。",
     "\"{title}\" (number {order}) goes to {department}[. Reason: {reason}]."},
    {"answered", NECESSARY,
     "您反映的“{title}”（单号{order}）有答复了[（{outcome}）]：{answer}"
     "。您满意吗？请直接回复：1满意，2基本满意，3不满意。[{online}]",
     "Your concern \"{title}\" (number {order}) has an answer[ ({outcome})]: {answer}. Are you satisfied? "
     "Reply 1 (yes), 2 (basically) or 3 (no).[ {online}]"},
    {"answered_own", NECESSARY,
     "您反映的“{title}”（单号{order}）有答复了[（{outcome}）]：{answer}。您自己参与了办理，所以不请您评价。",
     "Your concern \"{title}\" (number {order}) has an answer[ ({outcome})]: {answer}. You are not asked to rate it, "
     "because you handled it yourself."},
    {"ask_again", 0,
     "您反映的“{title}”（单号{order}）已经答复，想听听您的意见。请直接回复：1满意，2基本满意，3不满意。[{online}]",
     "We would like to hear what you think of the answer to \"{title}\" (number {order}). Reply 1 (satisfied), 2 "
     "(basically) or 3 (dissatisfied).[ {online}]"},
    {"to_call", 0,
     "“{title}”（单号{order}）还没有居民的评价，请打电话回访[，最迟{due}]，再登记结果。[办理的委员：{members}。]",
     "\"{title}\" (number {order}) has no rating by its resident yet. Please call them[ by {due}], and record what "
     "they "
     "say.[ Members: {members}.]"},
    {"reopened", 0, "居民对“{title}”（单号{order}）的答复不满意，请再次办理。[居民的话：{note}。][原因：{reason}。]",
     "The resident is not satisfied with \"{title}\" (number {order}). Please take it up again.[ In their words: "
     "{note}.][ Reason: {reason}.]"},
    {"rated", 0, "“{title}”（单号{order}）居民的评价是：{rating}。[居民的话：{note}。]谢谢您的付出。",
     "\"{title}\" (number {order}): the resident is {rating}.[ In their words: {note}.] Thank you for your work."},
    {"rating_taken", AT_ONCE | NECESSARY,
     "您对“{title}”（单号{order}）的评价收到了：{rating}。[您的话：{note}。][委员会再次办理，最迟{due}答复您。]"
     "怎么处理会告诉您。",
     "We have your rating of \"{title}\" (number {order}): {rating}.[ In your words: {note}.][ The members take it up "
     "again and answer by {due}.] You will be told what follows."},
    {"reply_taken", AT_ONCE | NECESSARY, "您对“{title}”（单号{order}）的回答收到了[：{note}]。已转给办理的人，谢谢您。",
     "We have your answer about \"{title}\" (number {order})[: {note}]. Those who handle it have it, too. Thank you."},
    {"unclear", AT_ONCE | NECESSARY,
     "没有看懂您的回复是哪一件事。请先写单号，再写1（满意）、2（基本满意）或3（不满意）；回答询问请写单号和您的回答。"
     "等您回复的单号：{orders}。[有疑问请联系：{contact}。]",
     "We could not tell what your reply means. Please send the number and 1 (satisfied), 2 (basically) or 3 "
     "(dissatisfied); or the number and your answer, if you were asked something. Numbers that wait for you: "
     "{orders}.[ Questions: {contact}.]"},
    {"closed", 0,
     "[您的评价收到了：{rated}。][办结的理由：{reason}。]您反映的“{title}”（单号{order}）已经办结。谢谢您的参与。",
     "[We have your rating: {rated}. ]Your concern \"{title}\" (number {order}) is closed[: {reason}]. Thank you for "
     "taking part."},
    {"reminder", GATHERED, "提醒您：“{title}”（单号{order}）的{clock}{deadline}，请抓紧办理。",
     "Reminder: the {clock} of \"{title}\" (number {order}) {deadline}. Please see to it."},
    {"escalated", GATHERED,
     "请您督促：“{title}”（单号{order}）的{clock}{deadline}，还没有办好。[办理的委员：{members}。]",
     "Please step in: the {clock} of \"{title}\" (number {order}) {deadline} and is not done.[ Members: {members}.]"},
    {"extension_asked", 0,
     "“{title}”（单号{order}）申请延期{days}个工作日[，原期限{due}]。[理由：{reason}。]"
     "请登录后决定：同意，还是不同意。",
     "{days} more working days are asked for \"{title}\" (number {order})[, due on {due}].[ Reason: {reason}.] Please "
     "sign in and grant or refuse it."},
    {"extended", 0, "“{title}”（单号{order}）同意延期[，新的期限是{due}]。[说明：{reason}。]",
     "More time is granted for \"{title}\" (number {order})[, now due on {due}].[ Note: {reason}.]"},
    {"extended_resident", 0,
     "您反映的“{title}”（单号{order}）需要多一些时间办理[，最迟{due}答复您]。[说明：{reason}。]请您谅解。",
     "Your concern \"{title}\" (number {order}) needs more time[: you will have an answer by {due}].[ Reason: "
     "{reason}.] "
     "Thank you for your patience."},
    {"extension_refused", 0, "“{title}”（单号{order}）不同意延期[，期限仍是{due}]。[原因：{reason}。]",
     "More time is not granted for \"{title}\" (number {order})[; it is due on {due}].[ Reason: {reason}.]"},
    {"reassigned", 0, "“{title}”（单号{order}）办理的委员有变动[，现在是：{members}]。[原因：{reason}。]",
     "The members for \"{title}\" (number {order}) have changed[, now: {members}].[ Reason: {reason}.]"},
    {"passed_on", 0, "“{title}”（单号{order}）已转给别的委员办理[（{reason}）]，您不用再办理了。谢谢您。",
     "\"{title}\" (number {order}) has gone to another member[ ({reason})]. There is nothing left for you to do with "
     "it."},
    {"silent", 0,
     "“{title}”（单号{order}）的委员没有按时回应，组里也没有别的委员可以接替[，现在由{members}办理]。请登录后改派，"
     "或与委员联系。",
     "A member has not responded about \"{title}\" (number {order}), and nobody else of the group is left to take it[; "
     "it "
     "is with {members}]. Please sign in and give it to others, or call them."},
    {"unfilled", 0,
     "“{title}”（单号{order}）少了一位委员，组里没有别的委员可以接替[，现在由{members}办理]。[原因：{reason}。]"
     "请登录后改派。",
     "\"{title}\" (number {order}) has lost a member, and nobody of the group is left to take the place[; it is with "
     "{members}].[ Reason: {reason}.] Please sign in and give it to others."},
    {"decide", 0, "居民对“{title}”（单号{order}）两次表示不满意，请专委会决定：办结，还是再次办理。",
     "The resident is dissatisfied with \"{title}\" (number {order}) for the second time. Please decide: close it or "
     "reopen it."},
    {"joint_asked", 0,
     "您反映的“{title}”（单号{order}）需要{return_to}一起办理，已经请他们协助。办好后仍由我们答复您。",
     "Your concern \"{title}\" (number {order}) is handled together with {return_to} now. You will have the answer "
     "from "
     "us."},
    {"joint_shared", 0,
     "您反映的“{title}”（单号{order}）需要{return_to}"
     "一起办理，已经请他们协助，并把您的联系方式转告他们。办好后仍由我们答复您。"
     "[有疑问请联系：{contact}。]",
     "Your concern \"{title}\" (number {order}) is handled together with {return_to} now, who have your name and phone "
     "for that. You will have the answer from us.[ Questions: {contact}.]"},
    {"joint_answered", 0,
     "{return_to}对联合办理的“{title}”（单号{order}）有了答复[（{outcome}）]：{answer}。请登录查看。",
     "{return_to} has an answer about \"{title}\" (number {order}), which is handled jointly[ ({outcome})]: {answer}. "
     "Please sign in to read it."},
    {"joint_refused", 0, "{return_to}没有接受联合办理“{title}”（单号{order}）[：{reason}]。请你们继续办理。",
     "{return_to} does not take part in \"{title}\" (number {order})[: {reason}]. Please go on with it."},
    {"joint_ended", 0,
     "{return_to}请求联合办理的“{title}”（单号{order}）已被其退回[：{reason}]。是否还属你们办理，请登录决定。",
     "{return_to}, who asked for joint handling of \"{title}\" (number {order}), has returned the matter[: {reason}]. "
     "Please sign in and decide whether it is still yours."},
    {"meeting_invited", NECESSARY, "请您参加协商会：“{title}”，时间：{meets}[，地点：{place}]。{respond}",
     "You are invited to a meeting: \"{title}\", {meets}[, place: {place}]. {respond}"},
    {"meeting_moved", NECESSARY, "协商会“{title}”改时间了：{meets}[，地点：{place}]。[原因：{reason}。]{respond}",
     "The meeting \"{title}\" has another time: {meets}[, place: {place}].[ Reason: {reason}.] {respond}"},
    {"meeting_cancelled", NECESSARY, "协商会“{title}”（原定{meets}）不开了。[原因：{reason}。]",
     "The meeting \"{title}\" ({meets}) does not take place.[ Reason: {reason}.]"},
    {"meeting_reminder", 0, "提醒您：协商会“{title}”将在{meets}开始[，地点：{place}]。",
     "Reminder: the meeting \"{title}\" begins on {meets}[, place: {place}]."},
    {"meeting_taken", AT_ONCE,
     "您的回复收到了：{reply}，协商会“{title}”，{meets}。要改，请回复“{short} 1”（参加）或“{short} 2”和原因（请假）。",
     "We have your answer: {reply}, meeting \"{title}\", {meets}. To change it reply \"{short} 1\" (you come) or "
     "\"{short} 2\" and why (you do not)."},
    {"meeting_unclear", AT_ONCE,
     "没有看懂您的回复。参加协商会请回复1，不参加请回复2和原因。有几个会的，请先写会号：{meetings}。"
     "[有疑问请联系：{contact}。]",
     "We could not read your reply. Reply 1 if you come to the meeting, or 2 and why if you do not. Of several begin "
     "with the number of one: {meetings}.[ Questions: {contact}.]"},
    {"suggestion_raised", 0, "请办理[（{kind}）]：“{title}”，编号{order}。[办理期限：{due}。]请登录后填写办理情况。",
     "Please see to[ ({kind})]: \"{title}\", number {order}.[ It is due on {due}.] Please sign in and say what comes "
     "of it."},
    {"suggestion_proposed", 0, "“{title}”（编号{order}）办理方反馈：{proposed}[。说明：{note}]。请登录后确认结果。",
     "\"{title}\" (number {order}): those who see to it say that it is {proposed}[. They say: {note}]. Please sign in "
     "and settle it."},
    {"suggestion_settled", 0, "“{title}”（编号{order}）的结果：{settled}[。说明：{reason}]。",
     "\"{title}\" (number {order}) is {settled}[. Reason: {reason}]."},
    {"suggestion_not_kept", 0,
     "跟踪问效：“{title}”（编号{order}）没有落实到位[，原因：{reason}]。请继续办理[，期限{due}]。",
     "The re-check found that \"{title}\" (number {order}) was not kept[: {reason}]. Please see to it again[, by "
     "{due}]."},
    {"absences_reached", 0,
     "委员{members}一年内无故缺席已满{count}次，最近一次是“{title}”（编号{order}）。名单见履职情况通报。",
     "{members} missed {count} meetings and activities within a year without a reason, the latest being \"{title}\" "
     "(number {order}). The bulletin lists all of them."},
    {"promise_settled", 0,
     "您反映的“{title}”（单号{order}），答复之后继续办理的事有了结果：{fulfilled}[。说明：{reason}]。"
     "[有疑问请联系：{contact}。]",
     "What was to follow the answer to your concern \"{title}\" (number {order}) is {fulfilled}[: {reason}].[ "
     "Questions: "
     "{contact}.]"},
    {"promise_kept", 0, "您反映的“{title}”（单号{order}）办好的事，我们回头查看过：确实落实了。",
     "We have looked again at what was done about your concern \"{title}\" (number {order}): it was kept."},
    {"promise_not_kept", 0,
     "您反映的“{title}”（单号{order}）办好的事，我们回头查看，还没有落实到位[：{reason}]。已要求继续办理[，期限{due}]"
     "。",
     "We have looked again at what was done about your concern \"{title}\" (number {order}): it was not kept[: "
     "{reason}]. It is seen to again[, by {due}]."},
    {"code", AT_ONCE, "{sign_in}是您的登录验证码，五分钟内有效。请不要告诉任何人，工作人员也不会向您索要。",
     "{sign_in} is your code to sign in, good for five minutes. Tell it to nobody; we never ask you for it."},
    {"test", AT_ONCE, "这是测试短信。您收到了，说明短信能够送到。", "This is a test. If you read it, SMS get through."},
    {"which", AT_ONCE, "您回复的代码，别的县也有。要接我县的这一单，请回复它的单号{order}。[有疑问请联系：{contact}。]",
     "Another county has a concern with the same code. To take on ours, reply its number {order}.[ Questions: "
     "{contact}.]"},
    {"help", AT_ONCE,
     "没有看懂您的回复。要接单，请回复短信里的那几个字母和数字，再加“接单”两个字。[有疑问请联系：{contact}。]",
     "We could not read your reply. To take on a concern, reply with the code in its message.[ Questions: {contact}.]"},
    {"reminders", 0, "提醒您：有{count}件事逾期：{list}。请抓紧办理。",
     "Reminder: {count} matters are overdue: {list}. Please see to them."},
    {"escalations", 0, "请您督促：有{count}件事逾期，还没有办好：{list}。",
     "Please step in: {count} matters are overdue and not done: {list}."},
    {"duty", AT_ONCE, "您的这个号码要办理事项，通知不能退订。[有疑问请联系：{contact}。]",
     "This phone belongs to somebody with a duty here, so its SMS cannot be turned off.[ Questions: {contact}.]"},
};

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

static bool is_english(const struct occasion *occasion)
{
    return strcmp(occasion->county->language, "en") == 0;
}

static const struct record *source_of(const struct occasion *occasion, enum field field)
{
    return record_has(occasion->message, field) ? occasion->message : occasion->order;
}

/* Each of these gives a value in memory of its own. */

static char *plain(const struct occasion *occasion, enum field field)
{
    return xstrdup(record_str(source_of(occasion, field), field));
}

static char *worded(const struct occasion *occasion, enum field field)
{
    const char *value = record_str(source_of(occasion, field), field);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, value) == 0)
            return xstrdup(is_english(occasion) ? words[i].en : words[i].zh);
    const char *word = story_word(value, is_english(occasion));
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
        char *longer = xasprintf("%s%s%s", list, *list ? (is_english(occasion) ? ", " : "、") : "", order);
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
    if (!is_english(occasion))
        return xasprintf("%d月%d日%02d:%02d", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
    char text[40];
    strftime(text, sizeof text, "%d %B %H:%M", &tm);
    return xstrdup(text);
}

static char *deadline(const struct occasion *occasion, enum field field)
{
    bool passed = record_int(source_of(occasion, field), field) <= occasion->now, english = is_english(occasion);
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
        char *more =
            xasprintf("%s%s%s", names, *names ? (is_english(occasion) ? ", " : "、") : "", member ? member->name : id);
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
    bool english = is_english(occasion);
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
    bool english = is_english(occasion);
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
            return xstrdup(is_english(occasion) ? results[i].en : results[i].zh);
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
    return *text ? xasprintf("%s%s", text, is_english(occasion) ? "?" : "？") : xstrdup("");
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
    bool english = is_english(occasion);
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
        char *longer = xasprintf("%s%s%s%lld", list, *list ? (is_english(occasion) ? ", " : "、") : "",
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
    bool english = is_english(occasion);
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

static const struct value {
    const char *name;
    size_t max; /* characters */
    char *(*get)(const struct occasion *occasion, enum field field);
    enum field field;
} values[] = {
    {"title", 30, plain, F_TITLE},
    {"place", 40, plain, F_PLACE},
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

/* A text that grows, and the characters in it. */
struct text {
    char *bytes;
    size_t size, length;
};

static void put(struct text *text, const char *bytes, size_t size)
{
    text->bytes = xrealloc(text->bytes, text->size + size + 1);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    text->length += text_length(bytes, size);
}

/* Whether a phone shows it as a sign: not Cc, Cf, Cs, Co, Zl, Zp, nor what is no character at all. */
static bool is_shown(utf8proc_int32_t character)
{
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return character != ' ';
    }
}

/* The size of a value without blanks and full stops at its end: the template sets its own. */
static size_t trimmed(const char *value)
{
    static const char *const endings[] = {" ", "\n", "\r", "\t", ".", "。"};
    size_t size = strlen(value);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (size >= length && memcmp(value + size - length, endings[i], length) == 0) {
            size -= length;
            i = (size_t)-1; /* from the first ending again */
        }
    }
    return size;
}

/* Adds at most `max` characters of a value; a run of what is not shown becomes one space. False: nothing to add. */
static bool put_value(struct text *text, const char *value, size_t max)
{
    size_t start = text->length, end = start + max, left = trimmed(value);
    bool gap = false;
    while (left > 0) {
        utf8proc_int32_t character;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)value, (utf8proc_ssize_t)left, &character);
        size_t size = step > 0 ? (size_t)step : 1;
        left -= size;
        if (step <= 0 || !is_shown(character)) {
            gap = text->length > start;
        } else if (text->length + gap + (left > 0) >= end) {
            put(text, "…", strlen("…"));
            break;
        } else {
            put(text, " ", gap);
            bool bracket = character == 0x3010 || character == 0x3011; /* 【】 */
            put(text, bracket ? "|" : value, bracket ? 1 : size);
            gap = false;
        }
        value += size;
    }
    return text->length > start;
}

static bool put_named(struct text *text, const struct occasion *occasion, const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strlen(values[i].name) != size || strncmp(values[i].name, name, size) != 0)
            continue;
        AUTOFREE char *value = values[i].get(occasion, values[i].field);
        return put_value(text, value, values[i].max);
    }
    return false;
}

/* Adds `size` bytes of a template without square brackets. False: a value in it was empty. */
static bool put_part(struct text *text, const struct occasion *occasion, const char *part, size_t size)
{
    bool complete = true;
    for (const char *end = part + size; part < end;) {
        size_t words_size = strcspn(part, "{");
        if (words_size > (size_t)(end - part))
            words_size = (size_t)(end - part);
        put(text, part, words_size);
        part += words_size;
        if (part < end) {
            size_t name_size = strcspn(++part, "}");
            complete &= put_named(text, occasion, part, name_size);
            part += name_size + 1;
        }
    }
    return complete;
}

static void put_template(struct text *text, const struct occasion *occasion, const char *template)
{
    while (*template) {
        size_t size = strcspn(template, "[");
        put_part(text, occasion, template, size);
        template += size;
        if (!*template)
            return;
        size = strcspn(++template, "]");
        struct text before = {.size = text->size, .length = text->length};
        if (!put_part(text, occasion, template, size)) {
            text->size = before.size;
            text->length = before.length;
            text->bytes[text->size] = '\0';
        }
        template += size + 1;
    }
}

static const struct template *find_template(const char *name)
{
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (strcmp(templates[i].name, name) == 0)
            return &templates[i];
    return NULL;
}

char *template_text(const char *name, const struct occasion *occasion)
{
    const struct template *template = find_template(name);
    struct text text = {0};
    if (!template)
        return NULL;
    put(&text, "【", strlen("【"));
    put_value(&text, occasion->county->name, 20);
    put(&text, "】", strlen("】"));
    put_template(&text, occasion, is_english(occasion) ? template->en : template->zh);
    return text.bytes;
}

/* Whether a template, in either language, has a value of this name. */
static bool template_has(const struct template *template, const char *name)
{
    AUTOFREE char *placeholder = xasprintf("{%s}", name);
    return strstr(template->zh, placeholder) || strstr(template->en, placeholder);
}

int template_word(const char *name, const struct occasion *occasion, struct wording *ret_wording)
{
    const struct template *template = find_template(name);
    if (!template)
        return -ENOENT;
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct text value = {0};
        if (!template_has(template, values[i].name))
            continue;
        put(&value, "", 0);
        put_named(&value, occasion, values[i].name, strlen(values[i].name));
        json_object_set_new(all, values[i].name, json_string(value.bytes));
        free(value.bytes);
    }
    ret_wording->text = template_text(name, occasion);
    ret_wording->values = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return 0;
}

/* cppcheck-suppress unusedFunction ; WORDING_CLEAR uses it */
void wording_clear(struct wording *wording)
{
    free(wording->text);
    free(wording->values);
    *wording = (struct wording){0};
}

int templates_check(const struct county *county, county_fault_fn *fault, void *arg)
{
    int r = 0;
    for (size_t i = 0; i < county->sms_template_count; i++) {
        const struct sms_template *row = &county->sms_templates[i];
        const struct template *template = find_template(row->template);
        AUTOFREE char *text = template ? NULL : xasprintf("there is no template \"%s\"", row->template);
        char name[64];
        for (const char *list = row->parameters; template && !text && words_next(&list, name, sizeof name);)
            if (!template_has(template, name))
                text = xasprintf("the template \"%s\" has no value \"%s\"", row->template, name);
        if (!text)
            continue;
        fault(arg, county_file_name(FILE_SMS_TEMPLATES), row->line, text);
        r = -EINVAL;
    }
    return r;
}

int template_flags(const char *name)
{
    const struct template *template = find_template(name);
    return template ? template->flags : 0;
}

size_t sms_segments(size_t characters)
{
    return characters <= 70 ? 1 : (characters + 66) / 67;
}

const char *template_name(size_t index)
{
    return index < sizeof templates / sizeof *templates ? templates[index].name : NULL;
}
