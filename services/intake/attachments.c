/*
 * attachments.c - photos and documents of an order: sent, listed and fetched by who may see it.
 *
 * A file comes as the body of a request, its name percent-encoded in X-File-Name. It is kept in memory, no more than
 * UPLOADS_MAX at a time, and only of who was let in; somebody who sends many, or slowly, has to give way to others. Its
 * type is judged by its content, and a photo loses its place and everything else that does not draw it. Then it is
 * stored, and only then the order is told. What broke off in between comes again as the same file, or is swept away.
 */
#include "services/intake/ask.h"
#include "services/intake/file_type.h"
#include "services/intake/files.h"
#include "services/intake/json.h"
#include "services/intake/limits.h"

#include "common/alloc.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { UPLOADS_MAX = 16, FIRST_BYTES = 65536 };

/* A file that is being sent. Belongs to the request. */
struct upload {
    struct ask ask;
    struct upload *next;             /* of all, the latest first */
    char address[HTTP_ADDRESS_SIZE]; /* that it comes from */
    bool gave_way;
    char *data;
    size_t size, capacity;
    struct attachment attachment;
};

/* -- names ------------------------------------------------------------------------------------------------------- */

/* "%E8%B7%AF.jpg" → "路.jpg"; what is no such code stays. The caller frees it. */
static char *decoded(const char *text)
{
    char *result = xstrdup(text), *to = result;
    for (; *text; to++) {
        if (text[0] == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
            const char digits[] = {text[1], text[2], '\0'};
            *to = (char)strtol(digits, NULL, 16);
            text += 3;
        } else {
            *to = *text++;
        }
    }
    *to = '\0';
    return result;
}

/* Bytes that may not stand in a name: they separate, end a line or a header, or lead out of a directory. */
static bool is_unsafe(unsigned char c)
{
    return c <= ' ' || c == 0x7F || strchr("/\\\"'<>|:*?;%,", c);
}

/* A name that is safe wherever it is shown, with the ending of what the file is. */
static void make_name(char name[FILE_NAME_SIZE], const char *given, const char *ending)
{
    AUTOFREE char *plain = decoded(given ? given : "");
    size_t characters = text_length(plain, strlen(plain)), size = 0;
    const char *base = plain;
    for (const char *c = plain; *c; c++)
        if (*c == '/' || *c == '\\')
            base = c + 1;
    base += strspn(base, ".");
    for (size_t count = 0; characters != SIZE_MAX && *base; base++) {
        bool begins = ((unsigned char)*base & 0xC0) != 0x80;
        if (begins && count++ == FILE_NAME_MAX - 6)
            break;
        name[size++] = (char)(is_unsafe((unsigned char)*base) ? '_' : *base);
    }
    name[size] = '\0';
    for (char *mark; (mark = strstr(name, "\xE2\x80")) || (mark = strstr(name, "\xE2\x81"));)
        memset(mark, '_', 3);
    size_t tail = strlen(ending) + 1;
    if (size == 0)
        size = (size_t)snprintf(name, FILE_NAME_SIZE, "attachment");
    if (size < tail || name[size - tail] != '.' || strcasecmp(name + size - tail + 1, ending) != 0)
        snprintf(name + size, FILE_NAME_SIZE - size, ".%s", ending);
}

/* -- sending ----------------------------------------------------------------------------------------------------- */

/* It is in memory no longer. */
static void leave(struct upload *upload)
{
    struct upload **place = &upload->ask.intake->uploads;
    while (*place && *place != upload)
        place = &(*place)->next;
    if (*place)
        *place = upload->next;
    free(upload->data);
    upload->data = NULL;
}

static void upload_destroy(void *data)
{
    leave(data);
    free(data);
}

static size_t count_from(const struct intake *intake, const char *address)
{
    size_t count = 0;
    for (const struct upload *each = intake->uploads; each; each = each->next)
        count += strcmp(each->address, address) == 0;
    return count;
}

/* Where there is no room, the oldest gives way of the address that sends most. False when that is this one itself. */
static bool make_room(const struct intake *intake, const char *address)
{
    size_t total = 0, most = count_from(intake, address) + 1;
    struct upload *oldest = NULL;
    for (struct upload *each = intake->uploads; each; each = each->next, total++) {
        size_t count = count_from(intake, each->address);
        if (count >= most) {
            most = count;
            oldest = each;
        }
    }
    if (total < UPLOADS_MAX)
        return true;
    if (oldest) {
        oldest->gave_way = true;
        leave(oldest);
    }
    return oldest;
}

static void answer_busy(struct http_request *request)
{
    intake_answer_error(request, 503, "busy", NULL, "too many files are being sent: try again in a few seconds");
}

/* NULL after answering why it may not begin. */
static struct upload *begin(struct intake *intake, struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");
    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        intake_answer_error(request, 415, "media_type", NULL, "send the file itself as the body");
        return NULL;
    }
    char address[HTTP_ADDRESS_SIZE];
    limits_address(intake->limits, request, address);
    if (!make_room(intake, address)) {
        answer_busy(request);
        return NULL;
    }
    struct upload *upload = xcalloc(1, sizeof *upload);
    upload->ask = (struct ask){.intake = intake, .request = request, .access = access_of(request)};
    memcpy(upload->address, address, sizeof address);
    upload->next = intake->uploads;
    intake->uploads = upload;
    http_attach(request, upload, upload_destroy);
    return upload;
}

/* The file that a request brings, whether its first piece comes or a later one. NULL after answering why it may not. */
static struct upload *upload_of(struct intake *intake, struct http_request *request)
{
    struct upload *upload = http_attached(request);
    if (!upload)
        return begin(intake, request);
    if (!upload->gave_way)
        return upload;
    answer_busy(request);
    return NULL;
}

static int take_piece(void *arg, struct http_request *request, const char *data, size_t size)
{
    struct upload *upload = upload_of(arg, request);
    if (!upload)
        return -1;
    if (upload->size + size > upload->capacity) {
        upload->capacity = (upload->size + size) * 2 + FIRST_BYTES;
        upload->data = xrealloc(upload->data, upload->capacity);
    }
    memcpy(upload->data + upload->size, data, size);
    upload->size += size;
    return 0;
}

static json_t *attachment_to_json(const struct attachment *attachment)
{
    const struct file_type *type = file_type_named(attachment->type);
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "file", attachment->id, "name", attachment->name, "type",
                     type ? type->media : "application/octet-stream", "size", (json_int_t)attachment->size, "hash",
                     attachment->hash, "audience", attachment->audience);
}

static void on_attached(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct upload *upload = arg;
    struct http_request *request = upload->ask.request;
    if (intake_answer_failure(request, status, reply))
        return;
    AUTOFREE char *location = xasprintf(ORDERS "/%s/attachments/%s", upload->ask.access->order, upload->attachment.id);
    http_answer_header(request, "Location", location);
    intake_answer_json(request, 201, attachment_to_json(&upload->attachment));
}

/* Says what the file is in the upload's attachment; false after answering that it is nothing that is taken. */
static bool describe(struct upload *upload, char **ret_clean)
{
    struct attachment *attachment = &upload->attachment;
    const struct access *access = upload->ask.access;
    const char *shown = http_query(access->request, "shown");
    unsigned char hash[32];
    char id[DIGEST_SIZE];
    size_t size = 0;
    const struct file_type *type = file_clean(upload->data, upload->size, ret_clean, &size);
    if (shown && strcmp(shown, "0") != 0 && strcmp(shown, "1") != 0) {
        intake_answer_error(access->request, 400, "invalid", "shown", "give a whole number from 0 to 1");
        return false;
    }
    if (!type) {
        intake_answer_error(access->request, 400, "invalid", "file",
                            "send a whole photo (JPEG, PNG, WebP), a PDF, or a document of an office (doc, docx, xlsx, "
                            "pptx)");
        return false;
    }
    crypto_generichash(hash, sizeof hash, (const unsigned char *)*ret_clean, size, NULL, 0);
    sodium_bin2hex(attachment->hash, sizeof attachment->hash, hash, sizeof hash);
    snprintf(attachment->type, sizeof attachment->type, "%s", type->ending);
    attachment->size = (int64_t)size;
    bool open = access->grant.relations == RESIDENT || (shown && *shown == '1');
    snprintf(attachment->audience, sizeof attachment->audience, "%s", open ? FOR_ALL : FOR_STAFF);
    /* The same file is another one for others: it stays hidden, and who sends it does not learn that it is there. */
    intake_digest(id, (const char *const[]){attachment->hash, attachment->audience}, 2);
    memcpy(attachment->id, id, sizeof attachment->id - 1);
    make_name(attachment->name, http_header(access->request, "X-File-Name"), type->ending);
    return true;
}

static void tell_order(struct upload *upload)
{
    const struct access *access = upload->ask.access;
    const struct attachment *a = &upload->attachment;
    bool early = order_owner(record_str(access->record, F_STATE)) == ROUTING;
    char digest[DIGEST_SIZE];
    RECORD *message = record_new();
    record_set(message, F_ACTOR, access->grant.actor);
    record_printf(message, F_FILE, "%s/%s/%lld/%s/%s/%s", a->id, a->type, (long long)a->size, a->hash, a->audience,
                  a->name);
    record_set_int(message, F_LIMIT, param_int(service_params(access->intake->service), "attachments_max"));
    make_id(digest);
    service_call(access->intake->service, access->county, access->order, early ? MSG_ATTACH_EARLY : MSG_ATTACH, message,
                 digest, intake_call_ms(access->intake), on_attached, upload);
}

static void finish(void *arg, struct http_request *request)
{
    struct upload *upload = upload_of(arg, request);
    if (!upload)
        return;
    const struct access *access = upload->ask.access;
    const struct county *county = service_county(access->intake->service, access->county);
    const char *directory = param_str(service_params(access->intake->service), "attachments_dir");
    AUTOFREE char *clean = NULL;
    if (!describe(upload, &clean))
        return;
    int r = county ? files_store(directory, county, access->order, upload->attachment.id, clean,
                                 (size_t)upload->attachment.size)
                   : -ENOKEY;
    crash_point("attachment stored, order not told");
    if (r < 0) {
        log_error("order=%s an attachment cannot be stored in %s: %s", access->order, directory, strerror(-r));
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    } else {
        tell_order(upload);
    }
}

/* -- reading ----------------------------------------------------------------------------------------------------- */

static bool is_visible(const struct access *access, const struct attachment *attachment)
{
    return strcmp(attachment->audience, FOR_ALL) == 0 || access_may(access, PERMIT_ORDER_NOTES);
}

static void get_attachments(void *arg, struct http_request *request)
{
    (void)arg;
    const struct access *access = access_of(request);
    const char *files = record_str(access->record, F_FILES);
    struct attachment attachment;
    json_t *rows = json_array();
    while (attachment_next(&files, &attachment))
        if (is_visible(access, &attachment))
            json_array_append_new(rows, attachment_to_json(&attachment));
    intake_answer_json(request, 200, json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows));
}

/* The name in a header: RFC 6266, with what a header cannot hold percent-encoded (RFC 8187). */
static void add_disposition(struct http_request *request, const struct attachment *attachment)
{
    char *encoded = NULL;
    size_t size;
    FILE *out = open_memstream(&encoded, &size);
    for (const unsigned char *c = (const unsigned char *)attachment->name; *c; c++)
        fprintf(out, isalnum(*c) || *c == '.' || *c == '-' || *c == '_' ? "%c" : "%%%02X", *c);
    fclose(out);
    AUTOFREE char *value =
        xasprintf("attachment; filename=\"%s.%s\"; filename*=UTF-8''%s", attachment->id, attachment->type, encoded);
    free(encoded);
    http_answer_header(request, "Content-Disposition", value);
}

static void get_attachment(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    const struct access *access = access_of(request);
    const struct county *county = service_county(intake->service, access->county);
    const char *id = http_segment(request, "file");
    struct attachment attachment;
    AUTOFREE char *data = NULL;
    size_t size = 0;
    if (!attachment_find(record_str(access->record, F_FILES), id, &attachment) || !is_visible(access, &attachment)) {
        intake_answer_error(request, 404, "unknown", "file", "the order has no such attachment");
        return;
    }
    const struct file_type *type = file_type_named(attachment.type);
    int r = county ? files_read(param_str(service_params(intake->service), "attachments_dir"), county, access->order,
                                attachment.id, &data, &size)
                   : -ENOKEY;
    if (r == -ENOENT) {
        intake_answer_error(request, 404, "unknown", "file", "its retention period is over");
    } else if (r < 0) {
        log_error("order=%s its attachment %s cannot be read: %s", access->order, attachment.id, strerror(-r));
        intake_answer_error(request, 503, "unavailable", NULL, NULL);
    } else {
        add_disposition(request, &attachment);
        http_answer(request, 200, type ? type->media : "application/octet-stream", data, size);
    }
}

/* -- routes ------------------------------------------------------------------------------------------------------ */

static const struct api_param upload_params[] = {
    PARAM("shown", F_SHOWN, .min = 0, .max = 1,
          .meaning = "1: for its resident, too; what the resident sends is for both in any case"),
    {0},
};

const struct http_route attachment_routes[] = {
    {.method = "POST",
     .path = ORDER "/attachments",
     .handle = finish,
     .piece = take_piece,
     .permission = PERMIT_ORDER_ATTACH,
     ABOUT(.summary = "Adds a photo or a document: the body is the file, X-File-Name its name, percent-encoded",
           .chinese = "上传照片或文件：请求体就是文件，X-File-Name 是百分号编码的文件名", .query = upload_params,
           .body = API_FILE, .answer = "Attachment", .status = 201)},
    {GET, .path = ORDER "/attachments", .handle = get_attachments, .permission = PERMIT_ORDER_READ,
     ABOUT(.summary = "The photos and documents of an order", .chinese = "事项的照片和文件", .answer = "Attachments")},
    {GET, .path = ORDER "/attachments/{file}", .handle = get_attachment, .permission = PERMIT_ORDER_READ,
     ABOUT(.summary = "One of them", .chinese = "下载照片或文件", .answer = "*/*")},
};
const size_t attachment_route_count = sizeof attachment_routes / sizeof *attachment_routes;
