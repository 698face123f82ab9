/*
 * templates.c - the words of every SMS, in Chinese and English.
 *
 * The texts are written for people of seventy: short sentences, no terms of
 * the trade. Who may not see an order is not told its words: a claim is
 * refused by its number alone. The flags say who gets it when: this is the
 * one place that knows.
 */
#include "services/notification/templates.h"

#include <string.h>

static const struct template templates[] = {
    {"placed", "resident", AT_ONCE | NECESSARY,
     "您好，您反映的“{title}”我们收到了。单号{order}，查询码{access}，请保存好。凭单号和查询码可以在网上查看办理情况。"
     "[有疑问请联系：{contact}。][打开就能看：{track}]",
     "We have received your concern \"{title}\". Number {order}, code {access}: please keep both. With them you can "
     "follow it online.[ Questions: {contact}.][ See it at {track}]"},
    {"screening", "convener", 0,
     "有一件事等您把关：“{title}”[，地点：{place}]，单号{order}。请登录后决定：受理，还是退回。[办理请打开：{work}]",
     "A concern waits for your screening: \"{title}\"[, place: {place}], number {order}. Please sign in and accept or "
     "return it.[ Open: {work}]"},
    {"returned", "resident", NECESSARY,
     "您反映的“{title}”（单号{order}）不适合由政协协商办理。[原因：{reason}。][您可以找：{return_to}。]"
     "[这是{actor}的决定。][有疑问请联系：{contact}。]",
     "Your concern \"{title}\" (number {order}) is not suited to consultation.[ Reason: {reason}.][ Please turn to: "
     "{return_to}.][ This was decided by {actor}.][ Questions: {contact}.]"},
    {"transferred", "resident", NECESSARY,
     "您反映的“{title}”（单号{order}）由{return_to}办理，我们已经转去，新单号{note}，查询码另有短信告诉您。[原因：{"
     "reason}。]",
     "Your concern \"{title}\" (number {order}) is a matter of {return_to}, and is there now as number {note}; another "
     "message has its code.[ Reason: {reason}.]"},
    {"merged", "resident", 0,
     "您反映的“{title}”（单号{order}）与别的居民反映的是同一件事，已合并办理[，承办委员：{members}]"
     "。办理的每一步都会告诉"
     "您，办完也请您评价。[有疑问请联系：{contact}。]",
     "Others have raised the same matter as your concern \"{title}\" (number {order}), so it is handled together with "
     "theirs[, by {members}]. You will be told of every step, and asked about the result.[ Questions: {contact}.]"},
    {"merged_members", "member department", 0,
     "“{title}”（单号{order}）与单号{primary}是同一件事，已并入那一单办理，您不用另外办理了。",
     "\"{title}\" (number {order}) is the same matter as number {primary} and is handled there. There is nothing left "
     "for "
     "you to do with it."},
    {"recalled", "member department", 0,
     "“{title}”（单号{order}）由召集人收回，重新核定由谁办理[，理由：{reason}]。您不用再办了，谢谢您。",
     "The convener takes back \"{title}\" (number {order}), to decide anew who handles it[. Reason: {reason}]. There "
     "is "
     "nothing left for you to do with it; thank you."},
    {"recalled_resident", "resident", 0,
     "您反映的“{title}”（单号{order}）正在重新核定由谁办理，定了马上告诉您。[有疑问请联系：{contact}。]",
     "It is being decided anew who handles your concern \"{title}\" (number {order}). You will hear as soon as that is "
     "settled.[ Questions: {contact}.]"},
    {"unmerged", "resident", 0, "您反映的“{title}”（单号{order}）不再与别的事合并，将单独办理。[原因：{reason}。]",
     "Your concern \"{title}\" (number {order}) is no longer handled together with another, but by itself.[ Reason: "
     "{reason}.]"},
    {"split", "resident", 0,
     "您反映的“{title}”（单号{order}）含有两件事，我们把其中一件[“{note}”]另立一单办理，单号和查询码另有短信告诉您。",
     "Your concern \"{title}\" (number {order}) holds two matters. One of them[, \"{note}\",] is now a concern of its "
     "own; "
     "another message has its number and code."},
    {"asked", "resident", NECESSARY,
     "关于您反映的“{title}”（单号{order}），想问您：{question}请直接回复这条短信，或凭单号和查询码{access}在网上回答["
     "，最迟{due}]。"
     "没有您的回答，我们就按现在知道的办理。[有疑问请联系：{contact}。][打开就能看：{track}]",
     "About your concern \"{title}\" (number {order}) we would like to ask: {question} Please reply to this "
     "message, or online with the number and the code {access}[, by {due}]. Without an answer we go on with what we "
     "know.[ Questions: {contact}.][ See it at {track}]"},
    {"replied", "member convener department committee office", 0,
     "“{title}”（单号{order}）的居民回答您了：{note}。期限继续计算。[办理请打开：{work}]",
     "The resident of \"{title}\" (number {order}) answers: {note}. The deadline runs on.[ Open: {work}]"},
    {"added", "member convener department", 0, "“{title}”（单号{order}）的居民又补充说：{note}[。办理请打开：{work}]",
     "The resident of \"{title}\" (number {order}) adds: {note}[. Open: {work}]"},
    {"taken_back", "member convener department", 0,
     "“{title}”（单号{order}）居民自己撤回了，您不用再办了[。居民的话：{reason}]。谢谢您。",
     "The resident has taken back \"{title}\" (number {order})[: {reason}]. There is nothing left for you to do; thank "
     "you."},
    {"taken_back_shared", "member convener department", 0,
     "“{title}”（单号{order}）的居民撤回了自己的反映[：{reason}]。还有别的居民反映同一件事，请继续办理。",
     "The resident has taken back \"{title}\" (number {order})[: {reason}]. Others raised the same matter: please go "
     "on."},
    {"unanswered", "member convener department committee office", 0,
     "“{title}”（单号{order}）的居民没有回答您的问题[：{question}]。期限继续计算，请按现在知道的办理。",
     "The resident of \"{title}\" (number {order}) has not answered[: {question}]. The deadline runs on; please go on "
     "with "
     "what you know."},
    {"opened", "member", 0,
     "有居民反映：“{title}”[，地点：{place}]。愿意办理，请回复 {code} 接单。[办理请打开：{work}]",
     "A resident's concern: \"{title}\"[, place: {place}]. To take it on, reply {code}.[ Open: {work}]"},
    {"claimed", "member", AT_ONCE, "您已接单：“{title}”[，地点：{place}]，单号{order}。谢谢您。",
     "You have taken on: \"{title}\"[, place: {place}], number {order}. Thank you."},
    {"full", "member", AT_ONCE, "“{title}”（单号{order}）人数已满，这次不用您办理了。谢谢您的热心。",
     "\"{title}\" (number {order}) has all the members it needs. Thank you all the same."},
    {"claim_refused", "member", AT_ONCE,
     "您要接的单（单号{order}）没有接成。[原因：{reason}。][有疑问请联系：{contact}。]",
     "You could not take on number {order}.[ Reason: {reason}.][ Questions: {contact}.]"},
    {"assigned", "member", 0,
     "请您办理：“{title}”[，地点：{place}]，单号{order}。[一起办理的委员：{members}。][答复期限：{due}。]"
     "[收到请回复 {confirm}。][办理请打开：{work}]",
     "Please take care of: \"{title}\"[, place: {place}], number {order}.[ Members: {members}.][ The answer is due on "
     "{due}.][ Reply {confirm} when you have seen it.][ Open: {work}]"},
    {"assigned_resident", "resident", 0,
     "您反映的“{title}”（单号{order}）已有政协委员接单[：{members}]。他们会与您联系[，最迟{due}答复您]。请放心。["
     "打开就能看：{track}]",
     "Members have taken on your concern \"{title}\" (number {order})[: {members}]. They will contact you[ and answer "
     "by {due}].[ See it at {track}]"},
    {"handed_over", "department", 0,
     "请贵单位办理：“{title}”[，地点：{place}]，单号{order}。[说明：{note}。][答复期限：{due}。][办理请打开：{work}]",
     "Please handle: \"{title}\"[, place: {place}], number {order}.[ Note: {note}.][ The answer is due on {due}.][ "
     "Open: {work}]"},
    {"assisting", "department", 0,
     "请贵单位协助办理：“{title}”[，地点：{place}]，单号{order}[，主办单位：{department}]。[说明：{note}。]"
     "[答复期限：{due}。][办理请打开：{work}]",
     "Please assist with: \"{title}\"[, place: {place}], number {order}[, led by {department}].[ Note: {note}.][ The "
     "answer is due on {due}.][ Open: {work}]"},
    {"responded", "member", 0,
     "{department}对“{title}”（单号{order}）作了书面答复。请登录查看，答复反映人时可以引用。[办理请打开：{work}]",
     "{department} has replied in writing about \"{title}\" (number {order}). Please sign in to read it; you may use "
     "it in "
     "your answer.[ Open: {work}]"},
    {"objection", "convener", 0,
     "{department}对承办“{title}”（单号{order}）提出异议[：{reason}]。请登录后裁定：维持，还是改交其他部门。["
     "办理请打开：{work}]",
     "{department} objects to handling \"{title}\" (number {order})[: {reason}]. Please sign in and rule: it stays, or "
     "goes to another department.[ Open: {work}]"},
    {"objection_refused", "department", 0, "“{title}”（单号{order}）仍由贵单位办理[。理由：{reason}]。",
     "\"{title}\" (number {order}) stays with your office[. Reason: {reason}]."},
    {"objection_granted", "member department", 0, "“{title}”（单号{order}）改由{department}办理[。理由：{reason}]。",
     "\"{title}\" (number {order}) goes to {department}[. Reason: {reason}]."},
    {"answered", "resident", NECESSARY,
     "您反映的“{title}”（单号{order}）有答复了[（{outcome}）]：{answer}"
     "。您满意吗？请直接回复：1满意，2基本满意，3不满意。[{online}]",
     "Your concern \"{title}\" (number {order}) has an answer[ ({outcome})]: {answer}. Are you satisfied? "
     "Reply 1 (yes), 2 (basically) or 3 (no).[ {online}]"},
    {"answered_own", "resident", NECESSARY,
     "您反映的“{title}”（单号{order}）有答复了[（{outcome}）]：{answer}。您自己参与了办理，所以不请您评价。",
     "Your concern \"{title}\" (number {order}) has an answer[ ({outcome})]: {answer}. You are not asked to rate it, "
     "because you handled it yourself."},
    {"ask_again", "resident", 0,
     "您反映的“{title}”（单号{order}）已经答复，想听听您的意见。请直接回复：1满意，2基本满意，3不满意。[{online}]",
     "We would like to hear what you think of the answer to \"{title}\" (number {order}). Reply 1 (satisfied), 2 "
     "(basically) or 3 (dissatisfied).[ {online}]"},
    {"to_call", "convener", 0,
     "“{title}”（单号{order}）还没有居民的评价，请打电话回访[，最迟{due}]，再登记结果。[办理的委员：{members}。]["
     "办理请打开：{work}]",
     "\"{title}\" (number {order}) has no rating by its resident yet. Please call them[ by {due}], and record what "
     "they "
     "say.[ Members: {members}.][ Open: {work}]"},
    {"reopened", "member convener department", 0,
     "居民对“{title}”（单号{order}）的答复不满意，请再次办理。[居民的话：{note}。][原因：{reason}。][办理请打开：{work}"
     "]",
     "The resident is not satisfied with \"{title}\" (number {order}). Please take it up again.[ In their words: "
     "{note}.][ Reason: {reason}.][ Open: {work}]"},
    {"rated", "member", 0, "“{title}”（单号{order}）居民的评价是：{rating}。[居民的话：{note}。]谢谢您的付出。",
     "\"{title}\" (number {order}): the resident is {rating}.[ In their words: {note}.] Thank you for your work."},
    {"rating_taken", "resident", AT_ONCE | NECESSARY,
     "您对“{title}”（单号{order}）的评价收到了：{rating}。[您的话：{note}。][会由委员再次办理，最迟{due}答复您。]"
     "怎么处理会告诉您。",
     "We have your rating of \"{title}\" (number {order}): {rating}.[ In your words: {note}.][ The members take it up "
     "again and answer by {due}.] You will be told what follows."},
    {"reply_taken", "resident", AT_ONCE | NECESSARY,
     "您对“{title}”（单号{order}）的回答收到了[：{note}]。已转给办理的人，谢谢您。",
     "We have your answer about \"{title}\" (number {order})[: {note}]. Those who handle it have it, too. Thank you."},
    {"unclear", "resident", AT_ONCE | NECESSARY,
     "没有看懂您的回复是哪一件事。请先写单号，再写1（满意）、2（基本满意）或3（不满意）；回答询问请写单号和您的回答。"
     "等您回复的单号：{orders}。[有疑问请联系：{contact}。]",
     "We could not tell what your reply means. Please send the number and 1 (satisfied), 2 (basically) or 3 "
     "(dissatisfied); or the number and your answer, if you were asked something. Numbers that wait for you: "
     "{orders}.[ Questions: {contact}.]"},
    {"closed", "resident", 0,
     "[您的评价收到了：{rated}。][办结的理由：{reason}。]您反映的“{title}”（单号{order}）已经办结。谢谢您的参与。",
     "[We have your rating: {rated}. ]Your concern \"{title}\" (number {order}) is closed[: {reason}]. Thank you for "
     "taking part."},
    {"reminder", "member convener department committee office", GATHERED,
     "提醒您：“{title}”（单号{order}）的{clock}{deadline}，请抓紧办理。",
     "Reminder: the {clock} of \"{title}\" (number {order}) {deadline}. Please see to it."},
    {"escalated", "convener committee chair office", GATHERED,
     "请您督促：“{title}”（单号{order}）的{clock}{deadline}，还没有办好。[办理的委员：{members}。]",
     "Please step in: the {clock} of \"{title}\" (number {order}) {deadline} and is not done.[ Members: {members}.]"},
    {"extension_asked", "convener", 0,
     "“{title}”（单号{order}）申请延期{days}个工作日[，原期限{due}]。[理由：{reason}。]"
     "请登录后决定：同意，还是不同意。[办理请打开：{work}]",
     "{days} more working days are asked for \"{title}\" (number {order})[, due on {due}].[ Reason: {reason}.] Please "
     "sign in and grant or refuse it.[ Open: {work}]"},
    {"extended", "member department committee", 0,
     "“{title}”（单号{order}）同意延期[，新的期限是{due}]。[说明：{reason}。]",
     "More time is granted for \"{title}\" (number {order})[, now due on {due}].[ Note: {reason}.]"},
    {"extended_resident", "resident", 0,
     "您反映的“{title}”（单号{order}）需要多一些时间办理[，最迟{due}答复您]。[说明：{reason}。]请您谅解。",
     "Your concern \"{title}\" (number {order}) needs more time[: you will have an answer by {due}].[ Reason: "
     "{reason}.] "
     "Thank you for your patience."},
    {"extension_refused", "member department", 0,
     "“{title}”（单号{order}）不同意延期[，期限仍是{due}]。[原因：{reason}。]",
     "More time is not granted for \"{title}\" (number {order})[; it is due on {due}].[ Reason: {reason}.]"},
    {"reassigned", "member", 0, "“{title}”（单号{order}）办理的委员有变动[，现在是：{members}]。[原因：{reason}。]",
     "The members for \"{title}\" (number {order}) have changed[, now: {members}].[ Reason: {reason}.]"},
    {"passed_on", "member department", 0, "“{title}”（单号{order}）不再由您办理[（{reason}）]。谢谢您。",
     "\"{title}\" (number {order}) is no longer yours to handle[ ({reason})]. Thank you."},
    {"silent", "convener", 0,
     "“{title}”（单号{order}）的委员{members}没有按时回应，组里也没有别的委员可以接替。请登录后改派，或与委员联系。["
     "办理请打开：{work}]",
     "{members} has not responded about \"{title}\" (number {order}), and nobody else of the group is left to take it. "
     "Please sign in and give it to others, or call them.[ Open: {work}]"},
    {"unfilled", "convener", 0,
     "“{title}”（单号{order}）的委员不够，组里没有别的委员可以接单[，现在由{members}办理]。[原因：{reason}。]"
     "请登录后改派。[办理请打开：{work}]",
     "\"{title}\" (number {order}) has too few members, and nobody else of the group is left to take it[; it is with "
     "{members}].[ Reason: {reason}.] Please sign in and give it to others.[ Open: {work}]"},
    {"decide", "committee", 0,
     "居民对“{title}”（单号{order}）两次表示不满意，请专委会决定：办结，还是再次办理[，最迟{due}]。[办理请打开：{work}"
     "]",
     "The resident is dissatisfied with \"{title}\" (number {order}) for the second time. Please decide: close it or "
     "reopen it[, by {due}].[ Open: {work}]"},
    {"joint_asked", "resident", 0,
     "您反映的“{title}”（单号{order}）需要{return_to}一起办理，已经请他们协助。办好后仍由我们答复您。",
     "Your concern \"{title}\" (number {order}) is handled together with {return_to} now. You will have the answer "
     "from "
     "us."},
    {"joint_shared", "resident", 0,
     "您反映的“{title}”（单号{order}）需要{return_to}"
     "一起办理，已经请他们协助，并把您的联系方式转告他们。办好后仍由我们答复您。"
     "[有疑问请联系：{contact}。]",
     "Your concern \"{title}\" (number {order}) is handled together with {return_to} now, who have your name and phone "
     "for that. You will have the answer from us.[ Questions: {contact}.]"},
    {"joint_answered", "member convener department", 0,
     "{return_to}对联合办理的“{title}”（单号{order}）有了答复[（{outcome}）]：{answer}。请登录查看。[办理请打开：{work}"
     "]",
     "{return_to} has an answer about \"{title}\" (number {order}), which is handled jointly[ ({outcome})]: {answer}. "
     "Please sign in to read it.[ Open: {work}]"},
    {"joint_refused", "member convener department", 0,
     "{return_to}没有接受联合办理“{title}”（单号{order}）[：{reason}]。请你们继续办理。",
     "{return_to} does not take part in \"{title}\" (number {order})[: {reason}]. Please go on with it."},
    {"joint_ended", "member convener department", 0,
     "{return_to}请求联合办理的“{title}”（单号{order}）已被其退回[：{reason}]。是否还属你们办理，请登录决定。["
     "办理请打开：{work}]",
     "{return_to}, who asked for joint handling of \"{title}\" (number {order}), has returned the matter[: {reason}]. "
     "Please sign in and decide whether it is still yours.[ Open: {work}]"},
    {"meeting_invited", "resident member convener department committee", NECESSARY,
     "请您参加协商会：“{title}”，时间：{meets}[，地点：{place}]。{respond}",
     "You are invited to a meeting: \"{title}\", {meets}[, place: {place}]. {respond}"},
    {"meeting_moved", "resident member convener department committee", NECESSARY,
     "协商会“{title}”改时间了：{meets}[，地点：{place}]。[原因：{reason}。]{respond}",
     "The meeting \"{title}\" has another time: {meets}[, place: {place}].[ Reason: {reason}.] {respond}"},
    {"meeting_cancelled", "resident member convener department committee", NECESSARY,
     "协商会“{title}”（原定{meets}）不开了。[原因：{reason}。]",
     "The meeting \"{title}\" ({meets}) does not take place.[ Reason: {reason}.]"},
    {"meeting_reminder", "member convener department committee resident", 0,
     "提醒您：协商会“{title}”将在{meets}开始[，地点：{place}]。",
     "Reminder: the meeting \"{title}\" begins on {meets}[, place: {place}]."},
    {"meeting_taken", "member convener department committee", AT_ONCE,
     "您的回复收到了：{reply}，协商会“{title}”，{meets}。要改，请回复“{short} 1”（参加）或“{short} 2”和原因（请假）。",
     "We have your answer: {reply}, meeting \"{title}\", {meets}. To change it reply \"{short} 1\" (you come) or "
     "\"{short} 2\" and why (you do not)."},
    {"meeting_unclear", "member convener department committee", AT_ONCE,
     "没有看懂您的回复。参加协商会请回复1，不参加请回复2和原因。有几个会的，请先写会号：{meetings}。"
     "[有疑问请联系：{contact}。]",
     "We could not read your reply. Reply 1 if you come to the meeting, or 2 and why if you do not. Of several begin "
     "with the number of one: {meetings}.[ Questions: {contact}.]"},
    {"suggestion_raised", "department committee office", 0,
     "请办理[（{kind}）]：“{title}”，编号{order}。[办理期限：{due}。]请登录后填写办理情况。[办理请打开：{work}]",
     "Please see to[ ({kind})]: \"{title}\", number {order}.[ It is due on {due}.] Please sign in and say what comes "
     "of it.[ Open: {work}]"},
    {"suggestion_proposed", "member committee office", 0,
     "“{title}”（编号{order}）办理方反馈：{proposed}[。说明：{note}]。请登录后确认结果。[办理请打开：{work}]",
     "\"{title}\" (number {order}): those who see to it say that it is {proposed}[. They say: {note}]. Please sign in "
     "and settle it.[ Open: {work}]"},
    {"suggestion_settled", "member department committee", 0,
     "“{title}”（编号{order}）的结果：{settled}[。说明：{reason}]。",
     "\"{title}\" (number {order}) is {settled}[. Reason: {reason}]."},
    {"suggestion_not_kept", "member department committee", 0,
     "跟踪问效：“{title}”（编号{order}）没有落实到位[，原因：{reason}]。请继续办理[，期限{due}]。[办理请打开：{work}]",
     "The re-check found that \"{title}\" (number {order}) was not kept[: {reason}]. Please see to it again[, by "
     "{due}].[ Open: {work}]"},
    {"absences_reached", "office", 0,
     "委员{members}一年内无故缺席已满{count}次，最近一次是“{title}”（编号{order}）。名单见履职情况通报。",
     "{members} missed {count} meetings and activities within a year without a reason, the latest being \"{title}\" "
     "(number {order}). The bulletin lists all of them."},
    {"promise_settled", "resident", 0,
     "您反映的“{title}”（单号{order}），答复之后继续办理的事有了结果：{fulfilled}[。说明：{reason}]。"
     "[有疑问请联系：{contact}。]",
     "What was to follow the answer to your concern \"{title}\" (number {order}) is {fulfilled}[: {reason}].[ "
     "Questions: "
     "{contact}.]"},
    {"promise_kept", "resident", 0, "您反映的“{title}”（单号{order}）办好的事，我们回头查看过：确实落实了。",
     "We have looked again at what was done about your concern \"{title}\" (number {order}): it was kept."},
    {"promise_not_kept", "resident", 0,
     "您反映的“{title}”（单号{order}）办好的事，我们回头查看，还没有落实到位[：{reason}]。已要求继续办理[，期限{due}]"
     "。",
     "We have looked again at what was done about your concern \"{title}\" (number {order}): it was not kept[: "
     "{reason}]. It is seen to again[, by {due}]."},
    {"code", "member convener department committee chair office city", AT_ONCE,
     "{sign_in}是您的登录验证码，五分钟内有效。请不要告诉任何人，工作人员也不会向您索要。",
     "{sign_in} is your code to sign in, good for five minutes. Tell it to nobody; we never ask you for it."},
    {"test", "operator", AT_ONCE, "这是测试短信。您收到了，说明短信能够送到。",
     "This is a test. If you read it, SMS get through."},
    {"which", "member", AT_ONCE,
     "您回复的代码，别的县也有。要接我县的这一单，请回复它的单号{order}。[有疑问请联系：{contact}。]",
     "Another county has a concern with the same code. To take on ours, reply its number {order}.[ Questions: "
     "{contact}.]"},
    {"help", "member", AT_ONCE,
     "没有看懂您的回复。要接单，请回复短信里的那几个字母和数字，再加“接单”两个字。[有疑问请联系：{contact}。]",
     "We could not read your reply. To take on a concern, reply with the code in its message.[ Questions: {contact}.]"},
    {"reminders", "member convener department committee office", 0, "提醒您：有{count}件事超期：{list}。请抓紧办理。",
     "Reminder: {count} matters are overdue: {list}. Please see to them."},
    {"escalations", "convener committee chair office", 0, "请您督促：有{count}件事超期，还没有办好：{list}。",
     "Please step in: {count} matters are overdue and not done: {list}."},
    {"duty", "member convener department committee chair office city", AT_ONCE,
     "您的这个号码要办理事项，通知不能退订。[有疑问请联系：{contact}。]",
     "This phone belongs to somebody with a duty here, so its SMS cannot be turned off.[ Questions: {contact}.]"},
};

const struct template *template_at(size_t index)
{
    return index < sizeof templates / sizeof *templates ? &templates[index] : NULL;
}

const struct template *template_find(const char *name)
{
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (strcmp(templates[i].name, name) == 0)
            return &templates[i];
    return NULL;
}

int template_flags(const char *name)
{
    const struct template *template = template_find(name);
    return template ? template->flags : 0;
}
