/*
 * admin.h - a service's door for operators: /healthz, /readyz, /metrics.
 */
#ifndef SIDAN_ADMIN_H
#define SIDAN_ADMIN_H

#include <czmq.h>

struct admin;

/* Whether the service can do its work now; otherwise ret_why says what is missing. */
typedef bool admin_ready_fn(void *arg, const char **ret_why);

/* 0 or -errno. port 0: any. */
int admin_start(zloop_t *loop, const char *host, int port, admin_ready_fn *ready, void *arg, struct admin **ret_admin);
int admin_port(const struct admin *admin);
void admin_stop(struct admin **admin);

#endif
