/*
 * kannel.c - SMS through Kannel's smsbox.
 *
 * Number and credentials go in X-Kannel-* headers, the text in the body, so that nothing personal stands in a URL.
 * Kannel gives no id of its own; ours is in the URL at which it reports receipts. See deploy/kannel/kannel.conf for
 * what Kannel was seen to do.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <string.h>

static void kannel_ask(const struct posting *posting, struct request *request)
{
    const char *from = setting(posting->settings, "from"), *receipts = setting(posting->settings, "receipt_url");
    request->method = "POST";
    request->url = xstrdup(setting(posting->settings, "url"));
    request->body = text_signed(posting);
    request_header(request, "Content-Type", "text/plain; charset=UTF-8");
    request_header(request, "X-Kannel-Coding", "2"); /* UCS-2; without it Chinese becomes question marks */
    request_header(request, "X-Kannel-Username", setting(posting->settings, "user"));
    request_header(request, "X-Kannel-Password", setting(posting->settings, "password"));
    request_header(request, "X-Kannel-To", posting->sms->phone);
    if (*from)
        request_header(request, "X-Kannel-From", from);
    if (*receipts) {
        AUTOFREE char *url = xasprintf("%s/receipt?sms=%s&type=%%d", receipts, posting->sms->id);
        request_header(request, "X-Kannel-DLR-Mask", "31");
        request_header(request, "X-Kannel-DLR-URL", url);
    }
}

static void kannel_understand(const json_t *settings, long status, const char *body, struct answer *answer)
{
    static const char refused_us[] = "Authorization";
    (void)settings;
    if (status == 202) /* "0: Accepted for delivery", "3: Queued for later delivery" */
        answer_set(answer, RESULT_ACCEPTED, "");
    else if (status == 403 && strncmp(body, refused_us, strlen(refused_us)) == 0)
        answer_set(answer, RESULT_STOPPED, "the gateway refuses our user, password or address");
    else if (status == 503)
        answer_set(answer, RESULT_LATER, "the gateway cannot take it now");
    else if (status == 403)
        answer_set(answer, RESULT_REFUSED, "the gateway has no way to this number");
    else if (status >= 400 && status < 500)
        answer_set(answer, RESULT_REFUSED, "the gateway refuses this message");
}

const struct contract kannel_contract = {.name = "kannel",
                                         .required = "url",
                                         .optional = "user password from receipt_url",
                                         .ask = kannel_ask,
                                         .understand = kannel_understand};
