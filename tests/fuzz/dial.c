/*
 * What answers where Redis should be: whatever a Sentinel or a Redis says, no more is connected to than an address, and
 * there is an end. A line "== next" begins what the next one says that is connected to.
 */
// wraps: redisConnectWithTimeout
#include "tests/fuzz/fuzz.h"

#include "common/dial.h"

#include <sys/socket.h>
#include <unistd.h>

#define NEXT "== next\n"

static const char *rest;
static size_t rest_size;

/* What it says is there already, and it says nothing more; it stays until the next one. */
static int open_talk(void)
{
    static int speaker = -1;
    int ends[2];
    const char *next = memmem(rest, rest_size, NEXT, strlen(NEXT));
    size_t size = next ? (size_t)(next - rest) : rest_size, whole = next ? size + strlen(NEXT) : size;
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    PROMISE(size == 0 || send(ends[1], rest, size, MSG_NOSIGNAL) == (ssize_t)size);
    PROMISE(shutdown(ends[1], SHUT_WR) == 0);
    rest += whole;
    rest_size -= whole;
    if (speaker >= 0)
        close(speaker);
    speaker = ends[1];
    return ends[0];
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants these names */
redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, struct timeval patience);
/* cppcheck-suppress unusedFunction ; in place of another */
redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, const struct timeval patience)
{
    (void)patience;
    PROMISE(*host && strlen(host) < 100 && port > 0 && port < 65536);
    return redisConnectFd(open_talk());
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void dial(const char *url, const char *password)
{
    const struct redis_access access = {
        .url = url, .user = "", .password = password, .password_file = "", .timeout_ms = 100};
    char error[DIAL_ERROR_SIZE] = "";
    struct dialer *dialer = dialer_new(&access, error);
    PROMISE(dialer);
    redisContext *context = dialer_connect(dialer, error);
    PROMISE(context || *error); /* whoever reads the log is told why */
    int replicas;
    dialer_tenure(dialer, &replicas);
    PROMISE(replicas >= 0);
    if (context)
        redisFree(context);
    dialer_destroy(&dialer);
}

static void fuzz(const char *data, size_t size)
{
    rest = data;
    rest_size = size;
    dial("sentinel://a:1,b:2/sidan", "");
    rest = data;
    rest_size = size;
    dial("redis://a:1/2", "secret");
}
