/*
 * dial.h - finding the Redis that is to be written to, and opening a connection to it.
 */
#ifndef SIDAN_DIAL_H
#define SIDAN_DIAL_H

#include "common/param.h"

#include <hiredis/hiredis.h>

/* How Redis is reached. The texts must live as long as what is made of them; "": none. */
struct redis_access {
    const char *url; /* redis://host:port[/db], unix:/path or sentinel://host:port[,host:port...]/name[/db] */
    const char *user;
    const char *password;      /* else */
    const char *password_file; /* its first line; read anew for each connection, so that it may change */
    int timeout_ms;            /* of connecting to Redis and of each of its replies */
    int replicas;              /* how many must have a write before it counts; 0 to 9 */
};

/* The parameters that say so, of every service and of sidanctl; and what they say, for as long as the params live. */
enum { REDIS_PARAM_COUNT = 6 };
extern const struct param redis_params[REDIS_PARAM_COUNT];
struct redis_access redis_access_of(const struct params *params);

enum { DIAL_ERROR_SIZE = 200 };

struct dialer;

/* NULL when the url is none; then ret_error says why. */
struct dialer *dialer_new(const struct redis_access *access, char ret_error[DIAL_ERROR_SIZE]);
void dialer_destroy(struct dialer **dialer);

/* A connection to the primary, signed in, on its database; the caller frees it with redisFree(). NULL when there is
 * none to be had now; then ret_error says why, for people. */
redisContext *dialer_connect(struct dialer *dialer, char ret_error[DIAL_ERROR_SIZE]);

/*
 * Until when (ms of the monotonic clock) the Sentinels can certainly not have replaced the primary that was connected
 * to last; 0 when they may have done so. To be asked again before that.
 *
 * ret_replicas: 0, or so many must confirm a write, which are all that the Sentinels know: some have voted for a
 * replacement of which is not known whether it goes on, and the replica that it promotes confirms nothing any more.
 */
int64_t dialer_tenure(struct dialer *dialer, int *ret_replicas);

#endif
