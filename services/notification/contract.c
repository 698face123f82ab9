/*
 * contract.c - what the contracts with gateways share: requests, codes, hashes.
 */
#include "services/notification/contract.h"

#include "common/alloc.h"

#include <nettle/md5.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void answer_set(struct answer *answer, enum sms_result result, const char *detail)
{
    *answer = (struct answer){.result = result};
    snprintf(answer->detail, sizeof answer->detail, "%s", detail);
}

const char *setting(const json_t *settings, const char *name)
{
    const char *value = json_string_value(json_object_get(settings, name));
    return value ? value : "";
}

/* -- requests ---------------------------------------------------------------------------------------------------- */

void request_header(struct request *request, const char *name, const char *value)
{
    size_t count = 0;
    while (request->headers[count])
        count++;
    if (count == HEADERS_MAX)
        abort();
    char *line = request->headers[count] = xasprintf("%s: %s", name, value);
    for (; *line; line++)
        if ((unsigned char)*line < ' ' || *line == 0x7f)
            *line = ' '; /* so that no value can end its line */
}

void request_clear(struct request *request)
{
    for (size_t i = 0; request->headers[i]; i++)
        free(request->headers[i]);
    free(request->url);
    free(request->body);
    *request = (struct request){0};
}

const char *text_unsigned(const char *text)
{
    static const char opening[] = "【", closing[] = "】";
    const char *end = strncmp(text, opening, strlen(opening)) == 0 ? strstr(text, closing) : NULL;
    return end ? end + strlen(closing) : text;
}

char *text_signed(const struct posting *posting)
{
    const char *text = posting->sms->text;
    return *posting->sign ? xasprintf("【%s】%s", posting->sign, text_unsigned(text)) : xstrdup(text);
}

json_t *values_in_order(const struct posting *posting)
{
    json_t *array = json_array(), *value;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)posting->parameters, name, value)
    {
        json_array_append(array, value);
    }
    return array;
}

char *url_authority(const char *url)
{
    const char *start = strstr(url, "://");
    start = start ? start + strlen("://") : url;
    return xstrndup(start, strcspn(start, "/?#"));
}

char *percent_encode(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *encoded = xmalloc(3 * strlen(text) + 1), *to = encoded;
    for (; *text; text++)
        to += snprintf(to, 4, strchr(plain, *text) ? "%c" : "%%%02X", (unsigned char)*text);
    *to = '\0';
    return encoded;
}

/* -- answers ----------------------------------------------------------------------------------------------------- */

/* A code as it may be shown: a gateway that writes something else in its place shall not bring it into our logs. */
static bool is_code(const char *code)
{
    size_t size = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-");
    size_t digits = strspn(code + size, "0123456789");
    return size + digits > 0 && size + digits < 80 && digits < 10 && !code[size + digits];
}

bool understand_code(const struct meaning *meanings, size_t count, const char *code, struct answer *answer)
{
    answer_set(answer, RESULT_UNKNOWN, "the gateway's answer is not understood");
    if (is_code(code))
        snprintf(answer->detail, sizeof answer->detail, "the gateway says %s", code);
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(meanings[i].code, "*");
        if (strncmp(meanings[i].code, code, size) == 0 && (meanings[i].code[size] || !code[size])) {
            answer->result = meanings[i].result;
            return true;
        }
    }
    return false;
}

void contract_understand(const struct contract *contract, const json_t *settings, long status, const char *body,
                         struct answer *ret_answer)
{
    answer_set(ret_answer, RESULT_UNKNOWN, "the gateway's answer is not understood");
    contract->understand(settings, status, body, ret_answer);
    if (!is_serial(ret_answer->serial))
        ret_answer->serial[0] = '\0'; /* it would become a key */
}

/* -- hashes ------------------------------------------------------------------------------------------------------ */

void sha256_hex(char hex[SHA256_HEX_SIZE], const char *text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(hex, SHA256_HEX_SIZE, hash, sizeof hash);
}

void hmac_sha256(unsigned char mac[32], const void *key, size_t key_size, const char *text)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, mac);
}

void hmac_sha256_hex(char hex[SHA256_HEX_SIZE], const void *key, size_t key_size, const char *text)
{
    unsigned char mac[32];
    hmac_sha256(mac, key, key_size, text);
    sodium_bin2hex(hex, SHA256_HEX_SIZE, mac, sizeof mac);
}

void md5_hex(char hex[MD5_HEX_SIZE], const char *text)
{
    struct md5_ctx state;
    unsigned char hash[MD5_DIGEST_SIZE];
    md5_init(&state);
    md5_update(&state, strlen(text), (const unsigned char *)text);
    md5_digest(&state, sizeof hash, hash);
    sodium_bin2hex(hex, MD5_HEX_SIZE, hash, sizeof hash);
}
