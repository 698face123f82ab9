/*
 * test_dial.c - urls of Redis: which are taken, and that a password in one is neither taken nor repeated; answers that
 * are none; and when a primary may have been replaced by what the Sentinels say.
 */
#include "common/dial.h"

#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_taken(const char *url, char error[DIAL_ERROR_SIZE])
{
    struct dialer *dialer = dialer_new(
        &(struct redis_access){.url = url, .user = "", .password = "", .password_file = "", .timeout_ms = 100}, error);
    bool taken = dialer != NULL;
    dialer_destroy(&dialer);
    return taken;
}

static void urls(void **state)
{
    static const struct {
        const char *url;
        bool taken;
    } cases[] = {
        {"redis://127.0.0.1:6379", true},
        {"redis://redis:6379/3", true},
        {"unix:/run/redis.sock", true},
        {"sentinel://a:26379/sidan", true},
        {"sentinel://a:1,b:2,c:3/sidan/15", true},
        {"sentinel://1:1,2:2,3:3,4:4,5:5,6:6,7:7,8:8/sidan", true},
        {"sentinel://1:1,2:2,3:3,4:4,5:5,6:6,7:7,8:8,9:9/sidan", false},
        {"redis://127.0.0.1", false},
        {"redis://:6379", false},
        {"redis://a:0", false},
        {"redis://a:65536", false},
        {"redis://a:6379/", false},
        {"redis://a:6379/x", false},
        {"redis://a:6379/-1", false},
        {"redis://a:6379,b:6379", false},
        {"redis://a:6379 ", false},
        {"unix:redis.sock", false},
        {"sentinel://a:26379", false},
        {"sentinel://a:26379/", false},
        {"sentinel://a:26379,/sidan", false},
        {"sentinel:///sidan", false},
        {"sentinel://a:26379/sidan/x", false},
        {"http://a:6379", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[DIAL_ERROR_SIZE] = "";
        if (is_taken(cases[i].url, error) != cases[i].taken || (*error == '\0') != cases[i].taken)
            fail_msg("%s: %s", cases[i].url, error);
    }
}

static void a_password_is_no_part_of_it(void **state)
{
    char error[DIAL_ERROR_SIZE] = "";
    (void)state;
    assert_false(is_taken("redis://sidan:hush@127.0.0.1:6379", error));
    assert_non_null(strstr(error, "redis_password_file"));
    assert_null(strstr(error, "hush"));
}

/* Something that says this to whoever connects first, and that to the next, each until they go; ret_port: where. */
static pid_t speak(const char *words, const char *next, int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    pid_t speaker = fork();
    if (speaker == 0) {
        for (; words; words = next, next = NULL) {
            int caller = accept(listener, NULL, NULL);
            bool there = write(caller, words, strlen(words)) > 0;
            for (char heard; there;)
                there = read(caller, &heard, 1) > 0;
            close(caller);
        }
        _exit(0);
    }
    close(listener);
    return speaker;
}

static void what_is_no_answer_is_a_reason(void **state)
{
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"sentinel://127.0.0.1:%d/sidan", "*2\r\n$-1\r\n$-1\r\n"},
        {"sentinel://127.0.0.1:%d/sidan", "*2\r\n$1\r\na\r\n:6379\r\n"},
        {"sentinel://127.0.0.1:%d/sidan", "*2\r\n$1\r\na\r\n$1\r\n0\r\n"},
        {"sentinel://127.0.0.1:%d/sidan", "*2\r\n$0\r\n\r\n$4\r\n6379\r\n"},
        {"redis://127.0.0.1:%d", "+OK\r\n*1\r\n:1\r\n"},
        {"redis://127.0.0.1:%d", "+OK\r\n*1\r\n$-1\r\n"},
        {"redis://127.0.0.1:%d", "+OK\r\n*1\r\n$6\r\nmaster\r\n$2\r\nno\r\n"},
        {"redis://127.0.0.1:%d", "+OK\r\n*1\r\n$6\r\nmaster\r\n-ERR unknown subcommand\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[60], error[DIAL_ERROR_SIZE] = "";
        int port;
        pid_t speaker = speak(cases[i].words, NULL, &port);
        snprintf(url, sizeof url, cases[i].url, port);
        struct dialer *dialer = dialer_new(
            &(struct redis_access){.url = url, .user = "", .password = "", .password_file = "", .timeout_ms = 2000},
            error);
        assert_non_null(dialer);
        assert_null(dialer_connect(dialer, error));
        if (!strstr(error, "knows no") && !strstr(error, "is a replica") && !strstr(error, "forget transactions") &&
            !strstr(error, "unknown subcommand"))
            fail_msg("case %zu: %s", i, error);
        dialer_destroy(&dialer);
        assert_int_equal(waitpid(speaker, NULL, 0), speaker);
    }
}

struct opinion {
    const char *heard; /* ms ago; NULL: it has none, and says something else */
    const char *flags, *epoch;
    bool names_another;
    const char *vote; /* NULL: as its epoch */
};

static void say(const struct opinion *opinion, const char *failover_ms, int primary, char *words, size_t size)
{
    char port[8];
    snprintf(port, sizeof port, "%d", primary + opinion->names_another);
    const char *const texts[] = {"ip",
                                 "127.0.0.1",
                                 "port",
                                 port,
                                 "flags",
                                 opinion->flags,
                                 "config-epoch",
                                 opinion->epoch,
                                 "last-ok-ping-reply",
                                 opinion->heard,
                                 "quorum",
                                 "2",
                                 "down-after-milliseconds",
                                 "5000",
                                 "num-other-sentinels",
                                 "2",
                                 "num-slaves",
                                 "4",
                                 "failover-timeout",
                                 failover_ms};
    size_t count = sizeof texts / sizeof *texts, at = (size_t)snprintf(words, size, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(words + at, size - at, "$%zu\r\n%s\r\n", strlen(texts[i]), texts[i]);
    snprintf(words + at, size - at, "*3\r\n:0\r\n$1\r\n*\r\n:%s\r\n", opinion->vote ? opinion->vote : opinion->epoch);
}

/* What is left of its tenure when three Sentinels, of which two may replace it, are of these opinions. */
static int64_t tenure(const struct opinion opinions[3], const char *failover_ms, int *ret_replicas)
{
    int primary, ports[3];
    char words[3][600], name[60], url[120], error[DIAL_ERROR_SIZE];
    pid_t speakers[4] = {speak("+OK\r\n*1\r\n$6\r\nmaster\r\n+OK\r\n", NULL, &primary)};
    snprintf(name, sizeof name, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n", primary < 10000 ? 4 : 5, primary);
    for (size_t i = 0; i < 3; i++) {
        if (opinions[i].heard)
            say(&opinions[i], failover_ms, primary, words[i], sizeof words[i]);
        else
            snprintf(words[i], sizeof words[i], "*2\r\n$2\r\nip\r\n:1\r\n");
        speakers[1 + i] = speak(i == 0 ? name : words[i], i == 0 ? words[i] : NULL, &ports[i]);
    }
    snprintf(url, sizeof url, "sentinel://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d/sidan", ports[0], ports[1], ports[2]);
    struct dialer *dialer = dialer_new(
        &(struct redis_access){.url = url, .user = "", .password = "", .password_file = "", .timeout_ms = 2000}, error);
    redisContext *context = dialer_connect(dialer, error);
    if (!context)
        fail_msg("%s", error);
    int64_t left = dialer_tenure(dialer, ret_replicas) - mono_ms();
    redisFree(context);
    dialer_destroy(&dialer);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(waitpid(speakers[i], NULL, 0), speakers[i]);
    return left;
}

static void a_primary_that_may_be_replaced(void **state)
{
    const struct opinion well = {.heard = "100", .flags = "master", .epoch = "3"},
                         deaf = {.heard = "9000", .flags = "master,s_down", .epoch = "3"}, none = {0},
                         slow = {.heard = "2500", .flags = "master", .epoch = "3"},
                         voted = {.heard = "100", .flags = "master", .epoch = "3", .vote = "4"};
    const struct {
        struct opinion opinions[3];
        int64_t left;
    } cases[] = {
        {{well, well, well}, 4900},
        {{well, deaf, slow}, 2500},
        {{well, none, well}, 4900},
        {{well, none, voted}, 4900},
        {{voted, deaf, slow}, 2500},
        {{well, well, {.heard = "100", .flags = "master", .epoch = "2", .names_another = true}}, 4900}, /* the former */
        {{well, well, {.heard = "100", .flags = "master", .epoch = "4", .names_another = true}}, 0},
        {{well, well, {.heard = "9000", .flags = "master,s_down,o_down", .epoch = "3"}}, 0},
        {{{.heard = "100", .flags = "master,failover_in_progress", .epoch = "3"}, well, well}, 0},
        {{well, deaf, deaf}, 0},
        {{well, none, none}, 0},
        {{none, deaf, well}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_voted = false;
        for (size_t k = 0; k < 3; k++)
            is_voted |= cases[i].left > 0 && cases[i].opinions[k].vote;
        int replicas;
        int64_t left = tenure(cases[i].opinions, "60000", &replicas), most = cases[i].left;
        if (left > most || (most > 0 && left < most - 2000))
            fail_msg("case %zu: %lld ms are left", i, (long long)left);
        if (replicas != (is_voted ? 4 : 0))
            fail_msg("case %zu: %d replicas must confirm", i, replicas);
    }
}

static void a_vote_is_of_no_account_once_another_may_try(void **state)
{
    const struct opinion voted = {.heard = "100", .flags = "master", .epoch = "3", .vote = "4"};
    int replicas;
    (void)state;
    assert_true(tenure((struct opinion[]){voted, voted, voted}, "0", &replicas) > 0);
    assert_int_equal(replicas, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(a_password_is_no_part_of_it),
        cmocka_unit_test(what_is_no_answer_is_a_reason),
        cmocka_unit_test(a_primary_that_may_be_replaced),
        cmocka_unit_test(a_vote_is_of_no_account_once_another_may_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
