/*
 * errors.c - the stable words for what is wrong, their HTTP status, and what
 * to say about them in Chinese and in English; told as problem details
 * (RFC 9457), whose types are described at /problems/{code}.
 *
 * Who finds a fault describes it in English (detail). Chinese is the
 * language of the users: each word has a Chinese sentence that says what to
 * do, some words one of their own for a field. A word that is not in the
 * table gets a general one.
 */
#include "services/intake/intake.h"
#include "services/intake/openapi.h"
#include "services/intake/page.h"
#include "services/intake/roles.h"

#include "common/alloc.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PROBLEMS "/problems/"

struct word {
    const char *word;
    int status;
    const char *chinese;
    const char *english; /* when nobody gave a detail */
};

static const struct word words[] = {
    {"missing", 400, "缺少必填项，请补上后再提交。", "A required field is missing: add it."},
    {"type", 400, "数据类型不对：文字要加引号，数字不加引号。", "A value has the wrong type."},
    {"long", 400, "内容太长，请缩短后再提交。", "A value is too long: shorten it."},
    {"utf8", 400, "不是有效的 UTF-8 文字，请用 UTF-8 编码提交。", "The text is not valid UTF-8."},
    {"syntax", 400, "请求体不是有效的 JSON 对象，请检查格式。", "The body is not valid JSON."},
    {"invalid", 400, "填写的内容不符合要求，请更正后再提交。", "A value is not acceptable: correct it."},
    {"unknown_field", 400, "没有这个字段，请删去或更正字段名。", "There is no such field."},
    {"header", 400, "第一行应是列名，其中要有“标题”或“内容”。", "The first row must name the columns."},
    {"columns", 400, "这一行的列数多于表头，请检查引号和逗号。", "The row has more columns than the header."},
    {"unreadable", 400, "这一行无法读取，请检查引号和编码。", "The row cannot be read."},
    {"malformed", 400, "请求有歧义，不能处理，请检查地址和请求头后再发送。",
     "The request can be understood in several ways."},
    {"unauthorized", 401, "请先登录，或带上订单查询码或单位密钥。",
     "Sign in, or send the order's code in X-Order-Code, or a key as Authorization: Bearer KEY."},
    {"forbidden", 403, "没有权限做这件事，请使用有权限的密钥或身份。", "You may not do this: use a key that may."},
    {"csrf", 403, "请求不是从本网站的页面发出的，请刷新页面后再试。",
     "The request lacks the session's X-CSRF-Token, or comes from another site's page: load the page again."},
    {"wrong_code", 403, "验证码不对，或已经过期。请核对后再试，或重新获取验证码。",
     "The code is wrong or too old: check it, or ask for a new one."},
    {"unknown", 404, "没有找到，请核对编号。", "There is no such thing: check its number."},
    {"no_contact", 404, "没有联系方式：居民没有留下，或保存期限已过。",
     "There is no contact: none was given, or its retention period is over."},
    {"no_such_path", 404, "没有这个地址，请核对路径。", "There is nothing at this address: check the path."},
    {"method", 405, "这个地址不支持这种请求方法。", "This address does not take this method."},
    {"timeout", 408, "请求没有在规定时间内发完，请重新发送。", "The request was not complete in time: send it again."},
    {"state", 409, "事项目前的状态不允许这样做，请先查看最新状态。",
     "The order's state does not allow this: look at the order first."},
    {"stale", 409, "事项已经有了新的进展，请刷新后再试。", "The order has moved on: load it again."},
    {"expired", 409, "期限已过，现在不能这样做了。", "The time for this has passed."},
    {"pending", 409, "这件事已经提出，还没有结果，请先等结果。",
     "This has been asked for already: wait for what comes of it."},
    {"settled", 409, "召集人已就这个部门作出裁定，不能再提异议。",
     "The convener has ruled about this department: that settles it."},
    {"absent", 409, "委员正在请假，请先销假，或由其他委员办理。",
     "The member is absent: end the absence first, or name another one."},
    {"full", 409, "名额已满，请看看其他事项。", "All places are taken: look for another order."},
    {"gone", 409, "事项不在办理中：已办结归档，或编号不对。",
     "The order is not open: it is archived, or its number is wrong."},
    {"exists", 409, "这个编号已经用过，请重新提交。", "The number is taken: send the request again."},
    {"ended", 410, "这个链接已经失效：事项已经办结，或正在重新办理。",
     "This link has ended: the order is closed, or is being handled again."},
    {"changed", 412, "事项已经有了新的进展，请刷新后再决定。",
     "The order is not as it was when you saw it: load it again, and decide anew."},
    {"too_large", 413, "内容太大，请减小后再发送，或分几次发送。", "The body is too large: send less."},
    {"media_type", 415, "不支持这种格式，请直接发送 CSV 文件内容（text/csv）。",
     "Send the CSV file itself as the body, as text/csv."},
    {"encoding", 415, "不支持压缩的内容，请不经压缩直接发送。", "Send the body without compressing it."},
    {"too_many_tries", 429, "查询码输错次数太多，请一小时后再试。",
     "Too many wrong codes for this order: try again in an hour."},
    {"limited", 429, "用这个电话提交的事项太多了，请过几个小时再提交，或联系政协办公室。",
     "Too many concerns were placed with this phone: wait for as long as Retry-After says, or ask the office."},
    {"too_many_requests", 429, "操作太频繁，请稍后再试。", "Too many requests: wait for as long as Retry-After says."},
    {"sealed", 500, "联系方式无法打开，请联系系统管理员。",
     "The contact does not open with the county's keys: tell the operator."},
    {"unavailable", 503, "服务暂时不可用，请稍后重试。", "The service is not available now: try again in a moment."},
    {"busy", 503, "现在提交的人太多，请过几秒再提交一次。",
     "Too many orders come in at the moment: try again in a few seconds."},
    {"stopping", 503, "服务正在重启，请重新发送请求。", "The service is being restarted: send the request again."},
};
/* Of a word that another service knows and we do not. */
static const struct word general = {"", 409, "不能这样做，请查看事项的最新状态后再试。", "This cannot be done now."};

/* What a word says in Chinese about one field. */
static const struct {
    const char *word, *field, *chinese;
} chinese_by_field[] = {
    {"state", "rating", "还在用短信请居民评价，三次都没有回音再打电话。"},
    {"changed", "revision", "别人刚刚改过名册或设置。请再看一遍您的改动，没有问题就再保存一次。"},
    {"invalid", "title", "标题是空的，请用一句话说明是什么事。"},
    {"long", "reason", "理由太长，请写短一些。"},
    {"invalid", "community", "没有这个社区编号，请去掉，或填写本县的社区编号。"},
    {"invalid", "same_as", "没有找到您说的那件事，请重新提交。"},
    {"invalid", "category", "没有这个类别代码，请去掉，或填写本县的类别代码。"},
    {"invalid", "phone", "电话号码不对，请填 11 位手机号，或区号加号码。"},
    {"invalid", "email", "邮箱地址不对，请去掉，或填写 name@example.cn 这样的地址。"},
    {"invalid", "lat", "纬度应在 -90 到 90 之间，并与经度（long）一起填写。"},
    {"invalid", "long", "经度应在 -180 到 180 之间，并与纬度（lat）一起填写。"},
    {"invalid", "media_url", "图片地址应以 https:// 或 http:// 开头。"},
    {"invalid", "public", "public 只能是 0 或 1。"},
    {"invalid", "urgency", "urgency 只能是 normal 或 urgent。"},
    {"invalid", "answer", "请写明答复的内容。"},
    {"invalid", "outcome", "outcome 只能是 solved、explained、supervision 或 learned。"},
    {"invalid", "rating", "rating 只能是 satisfied、basically、dissatisfied，回访不到时为 unreachable。"},
    {"invalid", "department", "请选一个承办部门：没有选，或者本县没有这个部门。"},
    {"invalid", "committee", "建言交给一个部门，或者交给一个专委会：只能选一个，也不能都不选。"},
    {"invalid", "member", "没有这位委员，请填写本县的委员编号。"},
    {"invalid", "members", "委员名单不对，请填写本县的委员编号，用空格分开。"},
    {"invalid", "reason", "请写明理由。"},
    {"invalid", "weight", "weight 只能是 simple、hard 或 everybody。"},
    {"invalid", "group", "请填写本县的委员小组，受理时也可以填写社区；改派时应是另一个小组。"},
    {"invalid", "assisting", "协办部门不对：请填写本县其他部门的编号，用空格分开，不要重复。"},
    {"expired", "days", "期限已过，不能再申请延期。"},
    {"state", "again", "办结了、评价满意或基本满意的，又出现了才能在这里说。"},
    {"expired", "again", "办结的时间太久了，请重新点一单。"},
    {"expired", "department", "异议应在交办后一个工作日内提出，现在已经超过。"},
    {"full", "county", "请求联合办理的次数已达上限。"},
    {"pending", "days", "已经申请过延期，请等召集人决定。"},
    {"pending", "department", "已有部门提出异议，请等召集人裁定。"},
    {"pending", "question", "已经问过反映人，还没有得到回答，请等回答之后再问。"},
    {"pending", "county", "已经请这个县（市、区）联合办理，请等它的答复。"},
    {"forbidden", "department", "只有被交办的部门可以提出异议。"},
    {"invalid", "actor", "请写明是哪位委员，如 member:M101。"},
    {"invalid", "reason_code", "请从本县的退单原因里选一个。"},
    {"invalid", "days", "days 应是 1 到 30 的整数，按工作日计算。"},
    {"invalid", "from", "from 应是时间，如 2026-11-22T09:30:00。"},
    {"invalid", "until", "until 应是时间，如 2026-11-22T09:30:00。"},
    {"invalid", "limit", "limit 应是 1 到 1000 的整数。"},
    {"invalid", "cursor", "cursor 应是上一页答复中的 next，原样带回。"},
    {"invalid", "Idempotency-Key", "Idempotency-Key 应有 1 到 128 个字符。"},
    {"invalid", "decision", "decision 的值不对，请看接口说明。"},
    {"invalid", "start", "开始的时间不对，要像 2026-11-22T09:30:00 这样。"},
    {"invalid", "end", "结束的时间要晚于开始的时间，也要晚于现在，请假最长 400 天。"},
    {"unknown", "start", "没有从这个时间开始的请假，请核对。"},
    {"invalid", "question", "请写明要问的问题。"},
    {"invalid", "primary", "主单应是本县另一件事项的单号。"},
    {"state", "primary", "不能并入这一单：它不在办理中、还在审核，或已并入别的单。请核对主单的单号。"},
    {"invalid", "kind",
     "kind 不对：协商会是 micro（微协商）、topic（专题协商）或 online（网络协商），"
     "履职登记是 activity（活动）、honour（表彰）、donation（捐赠）或 task（界别任务）。"},
    {"invalid", "held_at", "已经办过的才能登记：held_at 不能晚于现在。"},
    {"invalid", "amount", "amount 是捐赠的金额，以元为单位的整数；别的登记不填。"},
    {"invalid", "sector", "只有界别任务要填 sector。"},
    {"invalid", "task", "本县的计划里，这个界别没有这项任务；别的登记不填 task。"},
    {"invalid", "present", "人员名单不对：写 member:委员、group:小组或 sector:界别；捐赠一次只登记一位委员。"},
    {"invalid", "excused", "只有活动和界别任务才登记请假的人：写 member:委员、group:小组或 sector:界别。"},
    {"invalid", "absent", "只有活动和界别任务才登记缺席的人：写 member:委员、group:小组或 sector:界别。"},
    {"invalid", "year", "year 应是年份，如 2026。"},
    {"invalid", "file", "只收完整的照片（JPEG、PNG、WebP）、PDF 和办公文档（doc、docx、xls、xlsx、ppt、pptx）。"},
    {"full", "note", "补充的次数已经够多，不能再补充了。"},
    {"full", "file", "这一单的附件已经够多，不能再加。"},
    {"unknown", "file", "没有这个附件，或保存期限已过。"},
    {"invalid", "shown", "shown 只能是 0 或 1。"},
    {"invalid", "place", "请写明地点，网络协商请写链接。"},
    {"invalid", "meets_at", "会议时间应晚于现在。"},
    {"state", "merged", "有别的事项并入了这一单，请先撤销并单。"},
    {"state", "answer", "这一单已经答复过了，请评价答复。"},
    {"state", "taken_back", "反映人已经撤回这一单，还为反映同一件事的其他群众继续办理。"},
    {"state", "round", "这一单已经答复过，也评价过，不能重新定单；可以改派或换委员办理。"},
    {"state", "meets_at", "还没到时间：会前半小时起才可以签到和登记会议情况。"},
    {"invalid", "about", "about 应是本县在办事项的单号，用空格分开；没有单号的，由组长、召集人或政协办召集。"},
    {"invalid", "orders", "有的单号不对，或您看不到。请核对单号，用空格分开。"},
    {"exists", "source_ref", "这个编号以前导入过，内容却不一样。不是同一件事的，请换一个编号。"},
    {"exists", "title", "已经有这个名称的一类事，请把事项归到那里。"},
    {"state", "order", "还不是案例：办结归档以后才能公开。"},
    {"state", "public", "反映人没有同意公开，这个案例不能公开。"},
    {"state", "case", "这个案例现在没有公开。"},
    {"state", "about", "有的单号不在办理中，或您无权就它协商。请核对单号。"},
    {"state", "meeting", "没有这个协商会，或会已结束。请核对编号。"},
    {"invalid", "invited",
     "邀请名单不对：写 member:委员、group:小组、department:部门、convener:乡镇、committee:专委会，或 "
     "resident:本次协商事项的单号。"},
    {"invalid", "who", "名单里没有这个人，请核对；不在邀请名单的，请先邀请。"},
    {"invalid", "reply", "reply 只能是 comes（参加）或 excused（请假，要写原因）。"},
    {"invalid", "minutes", "请写会议情况。"},
    {"invalid", "note", "请写明情况。"},
    {"invalid", "visited_at", "走访时间不能晚于现在。"},
    {"invalid", "promised_at", "承诺的时间应晚于现在、在五年以内；转入民主监督的不能同时承诺。"},
    {"invalid", "settled", "settled 只能是 adopted（采纳）、partly（部分采纳）或 not（未采纳）。"},
    {"invalid", "proposed", "proposed 只能是 adopted（采纳）、partly（部分采纳）或 not（未采纳）。"},
    {"invalid", "kept", "kept 只能是 1（落实了）或 0（没有落实，要写原因）。"},
    {"ended", "qr", "这个二维码已经过期，请重新扫描会场上的二维码。"},
    {"ended", "meeting", "这个链接已经失效：协商会已经结束或取消。"},
    {"unauthorized", "qr", "请先在手机上登录，再扫描会场上的二维码。"},
    {"forbidden", "qr", "邀请名单里没有您。请与会议召集人联系。"},
    {"forbidden", "who", "只能替自己答复；替别人答复请找会议召集人。"},
    {"unknown", "county", "没有这个县（市、区），请填写六位行政区划代码。"},
    {"forbidden", "actor", "这件事不能由此人来做：办理人应已接单，且不能给自己评价。"},
    {"forbidden", "member", "只能替自己办，组长可以替本组委员接单：这位委员不是您本人，或不在负责该事项的小组里。"},
};

static const struct word *find(const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, text) == 0)
            return &words[i];
    }
    return &general;
}

int intake_status_of(const char *word)
{
    return find(word)->status;
}

bool intake_prefers_english(const struct http_request *request)
{
    const char *accepted = http_header(request, "Accept-Language");
    const char *english = accepted ? strcasestr(accepted, "en") : NULL;
    const char *chinese = accepted ? strcasestr(accepted, "zh") : NULL;
    return english && (!chinese || english < chinese);
}

const char *intake_message(const struct http_request *request, const char *word, const char *field, const char *detail)
{
    if (intake_prefers_english(request))
        return detail && *detail ? detail : find(word)->english;
    for (size_t i = 0; field && i < sizeof chinese_by_field / sizeof *chinese_by_field; i++) {
        if (strcmp(chinese_by_field[i].word, word) == 0 && strcmp(chinese_by_field[i].field, field) == 0)
            return chinese_by_field[i].chinese;
    }
    return find(word)->chinese;
}

/* Takes the value over. */
static void answer_as(struct http_request *request, int status, const char *type, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    http_answer(request, status, type, text, strlen(text));
    free(text);
    json_decref(json);
}

void intake_answer_json(struct http_request *request, int status, json_t *json)
{
    answer_as(request, status, "application/json; charset=utf-8", json);
}

void intake_retry_after(struct http_request *request)
{
    char seconds[12];
    snprintf(seconds, sizeof seconds, "%u", 3 + randombytes_uniform(6));
    http_answer_header(request, "Retry-After", seconds);
}

void intake_answer_error(struct http_request *request, int status, const char *word, const char *field,
                         const char *detail)
{
    if (status == 503)
        intake_retry_after(request);
    if (status == 401)
        http_answer_header(request, "WWW-Authenticate", "Bearer");
    if (page_is_at(http_path(request))) {
        page_error(request, status, intake_message(request, word, field, detail));
        return;
    }
    const struct word *known = find(word);
    bool described = known != &general;
    AUTOFREE char *type = described ? xasprintf(PROBLEMS "%s", word) : xstrdup("about:blank");
    const char *title = intake_prefers_english(request) ? known->english : known->chinese;
    /* A field's name may be what the caller sent. */
    json_t *name = field && *field ? json_string(field) : json_null();
    answer_as(request, status, "application/problem+json; charset=utf-8",
              json_pack("{s:s, s:s, s:i, s:s, s:s, s:o}", "type", type, "title", described ? title : "Conflict",
                        "status", status, "detail", intake_message(request, word, field, detail), "code", word, "field",
                        name));
}

const char *intake_word(size_t index)
{
    return index < sizeof words / sizeof *words ? words[index].word : NULL;
}

/* What the type of a problem leads to, for people. */
static void get_problem(void *arg, struct http_request *request)
{
    (void)arg;
    const struct word *word = find(http_segment(request, "code"));
    if (word == &general) {
        intake_answer_error(request, 404, "no_such_path", NULL, NULL);
        return;
    }
    AUTOFREE char *text = xasprintf("%s (%d)\n\n%s\n%s\n", word->word, word->status, word->chinese, word->english);
    http_answer(request, 200, "text/plain; charset=utf-8", text, strlen(text));
}

const struct http_route problem_routes[] = {
    {.method = "GET",
     .path = PROBLEMS "{code}",
     .handle = get_problem,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "What a problem means", .chinese = "错误代码的含义", .answer = "text/plain")},
};
const size_t problem_route_count = sizeof problem_routes / sizeof *problem_routes;

bool intake_answer_failure(struct http_request *request, enum answer_status status, const struct record *reply)
{
    if (status == ANSWER_OK)
        return false;
    if (status == ANSWER_REFUSED) {
        const char *word = record_str(reply, F_ERROR);
        intake_answer_error(request, intake_status_of(word), word, record_str(reply, F_FIELD),
                            record_str(reply, F_DETAIL));
    } else if (status == ANSWER_STALE) {
        intake_answer_error(request, 409, "stale", NULL, NULL);
    } else {
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    }
    return true;
}

void intake_retry_in(struct http_request *request, int64_t seconds)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    http_answer_header(request, "Retry-After", text);
}

void intake_answer_wait(struct http_request *request, int64_t seconds)
{
    intake_retry_in(request, seconds);
    intake_answer_error(request, 429, "too_many_requests", NULL, NULL);
}
