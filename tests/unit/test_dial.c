/*
 * test_dial.c - urls of Redis: which are taken, and that a password in one is neither taken nor repeated; and answers
 * that are none.
 */
#include "common/dial.h"

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

/* Something that says this to the first who connects, until they go; ret_port: where. */
static pid_t speak(const char *words, int *ret_port)
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
        int caller = accept(listener, NULL, NULL);
        bool there = write(caller, words, strlen(words)) > 0;
        for (char heard; there;)
            there = read(caller, &heard, 1) > 0;
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
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[60], error[DIAL_ERROR_SIZE] = "";
        int port;
        pid_t speaker = speak(cases[i].words, &port);
        snprintf(url, sizeof url, cases[i].url, port);
        struct dialer *dialer = dialer_new(
            &(struct redis_access){.url = url, .user = "", .password = "", .password_file = "", .timeout_ms = 2000},
            error);
        assert_non_null(dialer);
        assert_null(dialer_connect(dialer, error));
        if (!strstr(error, "knows no") && !strstr(error, "is a replica"))
            fail_msg("case %zu: %s", i, error);
        dialer_destroy(&dialer);
        assert_int_equal(waitpid(speaker, NULL, 0), speaker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(a_password_is_no_part_of_it),
        cmocka_unit_test(what_is_no_answer_is_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
