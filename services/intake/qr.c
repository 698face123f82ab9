/*
 * qr.c - tokens and pictures of QR codes; see qr.h. Pure.
 */
#include "services/intake/qr.h"

#include "common/alloc.h"
#include "common/text.h"

#include <errno.h>
#include <inttypes.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { HASH_LENGTH = 16, QUIET_ZONE = 4 }; /* modules around the code, which readers need */

static void make_token(char token[QR_TOKEN_SIZE], const struct vault *vault, const char *meeting, int64_t period)
{
    char digest[VAULT_DIGEST_SIZE];
    AUTOFREE char *what = xasprintf("%s-%" PRId64, meeting, period);
    vault_digest(vault, "meeting", what, digest);
    snprintf(token, QR_TOKEN_SIZE, "%s-%.*s", what, HASH_LENGTH, digest);
}

void qr_token(char token[QR_TOKEN_SIZE], const struct vault *vault, const char *meeting, int64_t now)
{
    make_token(token, vault, meeting, now / QR_PERIOD_MS);
}

/* The meeting's number and the period; the caller frees the number. NULL when it is no token. */
static char *take_apart(const char *token, int64_t *ret_period)
{
    const char *dash = strchr(token, '-'), *period = dash ? strchr(dash + 1, '-') : NULL;
    const char *hash = period ? strchr(period + 1, '-') : NULL;
    if (!hash)
        return NULL;
    AUTOFREE char *number = xstrndup(period + 1, (size_t)(hash - period - 1));
    char *meeting = xstrndup(token, (size_t)(period - token));
    if (matter_of(meeting) == MATTER_MEETING && parse_int(number, 0, INT64_MAX, ret_period) == 0)
        return meeting;
    free(meeting);
    return NULL;
}

int qr_token_parse(const char *token, char ret_county[7], char ret_meeting[ORDER_ID_SIZE])
{
    int64_t period;
    AUTOFREE char *meeting = take_apart(token, &period);
    if (!meeting)
        return -EINVAL;
    matter_parse(meeting, ret_county, NULL, NULL);
    snprintf(ret_meeting, ORDER_ID_SIZE, "%s", meeting);
    return 0;
}

enum qr_token qr_token_judge(const char *token, const struct vault *vault, const char *meeting, int64_t now)
{
    char right[QR_TOKEN_SIZE];
    int64_t period;
    AUTOFREE char *of = take_apart(token, &period);
    if (!of)
        return QR_WRONG;
    make_token(right, vault, meeting, period);
    if (strlen(token) != strlen(right) || sodium_memcmp(token, right, strlen(right)) != 0)
        return QR_WRONG;
    return period == now / QR_PERIOD_MS || period == now / QR_PERIOD_MS - 1 ? QR_RIGHT : QR_OLD;
}

char *qr_svg(const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    char *svg = NULL;
    size_t size;
    if (!code)
        return NULL;
    FILE *out = open_memstream(&svg, &size);
    int width = code->width + 2 * QUIET_ZONE;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
            "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
            width, width, width, width);
    for (int i = 0; i < code->width * code->width; i++)
        if (code->data[i] & 1) /* a dark one */
            fprintf(out, "M%d %dh1v1h-1z", i % code->width + QUIET_ZONE, i / code->width + QUIET_ZONE);
    fputs("\"/></svg>\n", out);
    fclose(out);
    QRcode_free(code);
    return svg;
}
