/*
 * contract.h - what a gateway over HTTP wants to be asked, and what it means by its answers.
 *
 * Everything here is pure: http_gateway.c does the talking. A contract puts credentials and whatever is personal into
 * headers and body, never into the URL (a robot's has a key in it, as its maker wants it, and is never shown), and
 * reads of an answer only what it knows: a gateway's own words might repeat a phone number, so but for its codes they
 * go no further.
 */
#ifndef SIDAN_NOTIFICATION_CONTRACT_H
#define SIDAN_NOTIFICATION_CONTRACT_H

#include "services/notification/driver.h"

enum { HEADERS_MAX = 16, NONCE_SIZE = 33 };

/* An SMS on its way to one gateway. */
struct posting {
    const json_t *settings; /* of the gateway */
    const struct sms *sms;
    const char *sign;         /* the county's signature at this gateway: its name or code there; "" without */
    const char *code;         /* the template's code there; "" without */
    const json_t *parameters; /* the template's values as an object of texts, in the order the gateway wants */
    int64_t now;              /* ms since 1970 */
    char nonce[NONCE_SIZE];   /* 32 hexadecimal digits, fresh */
};

struct request {
    const char *method;
    char *url, *body;
    char *headers[HEADERS_MAX + 1]; /* "Name: value"; NULL behind the last */
};

struct contract {
    const char *name;            /* "driver" in the gateway's file */
    const char *required;        /* texts that the file must have, space between */
    const char *optional;        /* those that it may have */
    bool wants_sign, wants_code; /* the county must have them there */
    /* Whether the rest of the file can be used; else false, and ret_fault, which the caller frees. NULL: it can. */
    bool (*check)(const json_t *settings, char **ret_fault);
    /* Fills in method, url, headers and body; request_clear() frees them. */
    void (*ask)(const struct posting *posting, struct request *request);
    /* For contract_understand(): answer comes as RESULT_UNKNOWN. */
    void (*understand)(const json_t *settings, long status, const char *body, struct answer *answer);
};

/* What a gateway's answer means. body has a NUL behind it. */
void contract_understand(const struct contract *contract, const json_t *settings, long status, const char *body,
                         struct answer *ret_answer);

extern const struct contract aliyun_contract, tencent_contract, mas_contract, kannel_contract, file_contract;
/* Robots of chat groups. Their settings are the row of robots.csv: url and secret. */
extern const struct contract wecom_contract, dingtalk_contract, feishu_contract;

/* A text of the gateway's file; "" when it is not there. */
const char *setting(const json_t *settings, const char *name);

/* The template's values alone, in the gateway's order; new reference. */
json_t *values_in_order(const struct posting *posting);

void request_header(struct request *request, const char *name, const char *value);
void request_clear(struct request *request);

/* The text of an SMS without the signature at its beginning. */
const char *text_unsigned(const char *text);
/* The text as it is sent where the gateway adds no signature: with the county's there, if it has one. Caller frees. */
char *text_signed(const struct posting *posting);

/* Codes of a gateway: the first row that fits. A code that ends in * fits whatever begins so. */
struct meaning {
    const char *code;
    enum sms_result result;
};
/* Says in the answer what a code means; false, and the answer is left unknown but names the code, when no row fits. */
bool understand_code(const struct meaning *meanings, size_t count, const char *code, struct answer *answer);

/* Of robots. now: ms since 1970, or for feishu seconds. Base64; the caller frees it. */
char *dingtalk_sign(int64_t now, const char *secret);
char *feishu_sign(int64_t now, const char *secret);

/* "host:port" of a URL; the caller frees it. */
char *url_authority(const char *url);

/* -- for signatures; all results in lower-case hex ---------------------------------------------------------------- */

enum { SHA256_HEX_SIZE = 65, MD5_HEX_SIZE = 33 };

void sha256_hex(char hex[SHA256_HEX_SIZE], const char *text);
void hmac_sha256(unsigned char mac[32], const void *key, size_t key_size, const char *text);
void hmac_sha256_hex(char hex[SHA256_HEX_SIZE], const void *key, size_t key_size, const char *text);
void md5_hex(char hex[MD5_HEX_SIZE], const char *text);

/* Everything but A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986); the caller frees it. */
char *percent_encode(const char *text);

/* ACS3-HMAC-SHA256 of Alibaba Cloud. content_type: NULL when it is not signed. Hash of the canonical request, and
 * signature. */
struct acs3 {
    const char *host, *query, *action, *version, *date, *nonce, *content_type, *body, *secret;
};
void acs3_sign(const struct acs3 *acs3, char ret_hash[SHA256_HEX_SIZE], char ret_signature[SHA256_HEX_SIZE]);

/* TC3-HMAC-SHA256 of Tencent Cloud. */
struct tc3 {
    const char *host, *service, *action, *body, *secret;
    int64_t timestamp; /* s since 1970 */
};
void tc3_sign(const struct tc3 *tc3, char ret_hash[SHA256_HEX_SIZE], char ret_signature[SHA256_HEX_SIZE]);

#endif
