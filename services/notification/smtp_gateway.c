/*
 * smtp_gateway.c - notices by mail, through a server that speaks SMTP, with libcurl in the loop.
 *
 * TLS is required unless its file says otherwise, and the server's certificate is checked. Headers and body are made by
 * curl's mime functions. A mail is unknown once its text has begun to leave and no reply came after it; before that it
 * is certainly not sent. Nobody reports later whether it arrived: taken is delivered.
 */
#include "services/notification/curl_loop.h"
#include "services/notification/mail.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CONNECT_MS = 5000, TIMEOUT_MS = 14000 }; /* less than any lease of an SMS */

struct smtp {
    struct service *service;
    const char *name;
    const json_t *settings;
    struct curl_loop *curl_loop;
    sms_result_fn *result;
    void *arg;
    struct mail *mails;
};

/* One under way. */
struct mail {
    struct mail *next, **place; /* place: what points here */
    struct smtp *smtp;
    struct sms *sms;
    CURL *easy;
    curl_mime *mime;
    struct curl_slist *headers, *to;
};

static const char *setting_of(const json_t *settings, const char *name)
{
    const char *value = json_string_value(json_object_get(settings, name));
    return value ? value : "";
}

static void mail_destroy(struct mail *mail)
{
    curl_loop_remove(mail->smtp->curl_loop, mail->easy);
    curl_easy_cleanup(mail->easy);
    curl_mime_free(mail->mime);
    curl_slist_free_all(mail->headers);
    curl_slist_free_all(mail->to);
    *mail->place = mail->next;
    if (mail->next)
        mail->next->place = mail->place;
    free(mail);
}

/* A server without TLS, or one whose certificate is not good, is for the operator to see to. */
static void understand(CURL *easy, CURLcode code, struct answer *answer)
{
    long reply = 0;
    curl_off_t sent = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (code == CURLE_OK)
        answer_set(answer, RESULT_DELIVERED, "");
    else if (code == CURLE_USE_SSL_FAILED || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_LOGIN_DENIED)
        answer_set(answer, RESULT_STOPPED, curl_easy_strerror(code));
    else
        answer_set(answer, mail_meaning(reply, sent > 0), curl_easy_strerror(code));
    if (code != CURLE_OK && reply >= 400)
        snprintf(answer->detail, sizeof answer->detail, "the mail server says %ld", reply);
}

static void conclude(void *arg, CURLcode code)
{
    struct mail *mail = arg;
    struct smtp *smtp = mail->smtp;
    struct sms *sms = mail->sms;
    struct answer answer;
    understand(mail->easy, code, &answer);
    mail_destroy(mail);
    smtp->result(smtp->arg, sms, &answer);
}

static void add_header(struct mail *mail, const char *name, const char *value)
{
    AUTOFREE char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *headers = curl_slist_append(mail->headers, line);
    if (!headers)
        abort();
    mail->headers = headers;
}

static void write_mail(struct mail *mail)
{
    const struct sms *sms = mail->sms;
    const struct county *county = service_county(mail->smtp->service, sms->county);
    const char *from = setting_of(mail->smtp->settings, "from");
    char date[40];
    time_t created = (time_t)(sms->created / 1000);
    struct tm tm;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&created, &tm));
    AUTOFREE char *subject = mail_subject(sms->text), *subject_words = mail_encode(subject);
    AUTOFREE char *name = mail_encode(county ? county->name : "");
    AUTOFREE char *sender = xasprintf("%s <%s>", name, from), *recipient = xasprintf("<%s>", sms->phone);
    AUTOFREE char *id = mail_message_id(sms->id, from);
    add_header(mail, "Date", date);
    add_header(mail, "From", sender);
    add_header(mail, "To", recipient);
    add_header(mail, "Subject", subject_words);
    add_header(mail, "Message-ID", id);
    add_header(mail, "Auto-Submitted", "auto-generated"); /* answering machines keep still */

    mail->mime = curl_mime_init(mail->easy);
    curl_mimepart *part = mail->mime ? curl_mime_addpart(mail->mime) : NULL;
    if (!part || curl_mime_data(part, sms->text, CURL_ZERO_TERMINATED) != CURLE_OK)
        abort();
    curl_mime_type(part, "text/plain; charset=UTF-8");
    curl_mime_encoder(part, "base64");
}

static void set_options(struct mail *mail)
{
    const json_t *settings = mail->smtp->settings;
    CURL *easy = mail->easy;
    bool plain = strcmp(setting_of(settings, "tls"), "none") == 0;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, mail);
    curl_easy_setopt(easy, CURLOPT_URL, setting_of(settings, "url"));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (*setting_of(settings, "ca_file"))
        curl_easy_setopt(easy, CURLOPT_CAINFO, setting_of(settings, "ca_file"));
    if (*setting_of(settings, "user")) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, setting_of(settings, "user"));
        curl_easy_setopt(easy, CURLOPT_PASSWORD, setting_of(settings, "password"));
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, setting_of(settings, "from"));
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, mail->to);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, mail->headers);
    curl_easy_setopt(easy, CURLOPT_MIMEPOST, mail->mime);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* what is sent again by itself might go twice */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void smtp_send(void *state, struct sms *sms)
{
    struct smtp *smtp = state;
    if (!is_mail_address(sms->phone)) {
        struct answer answer;
        answer_set(&answer, RESULT_REFUSED, "this is no mail address");
        answer.unasked = true;
        smtp->result(smtp->arg, sms, &answer);
        return;
    }
    struct mail *mail = xcalloc(1, sizeof *mail);
    *mail =
        (struct mail){.next = smtp->mails, .place = &smtp->mails, .smtp = smtp, .sms = sms, .easy = curl_easy_init()};
    mail->to = curl_slist_append(NULL, sms->phone);
    if (!mail->easy || !mail->to)
        abort();
    if (mail->next)
        mail->next->place = &mail->next;
    smtp->mails = mail;
    write_mail(mail);
    set_options(mail);
    curl_loop_add(smtp->curl_loop, mail->easy);
}

/* --- the driver --- */

/* Why its file cannot be used; NULL when it can. The caller frees it. */
static char *fault_of(const json_t *settings)
{
    const char *url = setting_of(settings, "url"), *tls = setting_of(settings, "tls"), *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        if (!words_have("driver url from user password ca_file tls", key))
            return xasprintf("there is no setting \"%s\"", key);
        if (!json_is_string(value))
            return xasprintf("\"%s\" is no text", key);
    }
    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0)
        return xstrdup("\"url\" does not begin with smtp:// or smtps://");
    if (!is_mail_address(setting_of(settings, "from")))
        return xstrdup("\"from\" is no mail address");
    if (*tls && strcmp(tls, "none") != 0)
        return xstrdup("\"tls\" is neither left out nor none");
    if (*tls && *setting_of(settings, "password"))
        return xstrdup("without TLS no password is sent: leave out \"tls\" or \"password\"");
    return NULL;
}

static int smtp_open(struct service *service, const char *name, const json_t *settings, sms_result_fn *result,
                     void *arg, void **ret_state)
{
    AUTOFREE char *fault = fault_of(settings);
    struct curl_loop *curl_loop = fault ? NULL : curl_loop_new(service, conclude);
    if (fault)
        log_error("gateway %s: %s", name, fault);
    if (!curl_loop)
        return -EINVAL;
    struct smtp *smtp = xcalloc(1, sizeof *smtp);
    *smtp = (struct smtp){
        .service = service, .name = name, .settings = settings, .curl_loop = curl_loop, .result = result, .arg = arg};
    *ret_state = smtp;
    return 0;
}

static void smtp_close(void **state)
{
    struct smtp *smtp = *state;
    while (smtp->mails)
        mail_destroy(smtp->mails); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    curl_loop_destroy(&smtp->curl_loop);
    free(smtp);
    *state = NULL;
}

const struct driver smtp_driver = {
    .name = "smtp", .channel = CHANNEL_MAIL, .open = smtp_open, .close = smtp_close, .send = smtp_send};
