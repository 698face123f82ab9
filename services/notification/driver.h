/*
 * driver.h - what a gateway is to gateways.c: something that takes an SMS and
 * says, now or later but exactly once, what became of it.
 */
#ifndef SIDAN_NOTIFICATION_DRIVER_H
#define SIDAN_NOTIFICATION_DRIVER_H

#include "common/serial.h"
#include "common/service.h"
#include "services/notification/sms.h"

#include <jansson.h>

/* One SMS as the driver sees it. Owned by the queue, valid until the result is given. */
struct sms {
    enum channel channel;
    char county[7];
    char id[SMS_ID_SIZE];
    char *order, *recipient, *template_name, *phone, *text;
    char *values;    /* the template's, as a JSON object of texts; "" of an SMS that an older version queued */
    int64_t created; /* ms since 1970 */
    int64_t attempt;
    int64_t expires; /* after which it must not be sent any more, ms since 1970; 0: never */
    size_t gateway;  /* where it is tried; gateways.c keeps it here */
};

enum sms_result {
    RESULT_DELIVERED, /* where it should be */
    RESULT_ACCEPTED,  /* the gateway has it; a receipt will follow */
    RESULT_REFUSED,   /* never: another try would be refused too */
    RESULT_LATER,     /* the gateway cannot take it now, and it is certainly not sent */
    RESULT_DEFERRED,  /* this phone has had enough for now; certainly not sent */
    RESULT_STOPPED,   /* the gateway takes nothing until somebody sees to it: credit, rights; certainly not sent */
    RESULT_UNFIT,     /* the county has no signature or template at this gateway; certainly not sent */
    RESULT_UNKNOWN,   /* it may or may not have been sent: never again on our own account */
    RESULT_MUTED,     /* it is not to be sent any more; no gateway was asked */
};

/* What became of an SMS at a gateway. */
struct answer {
    enum sms_result result;
    bool unasked;             /* it was decided without asking the gateway, and says nothing about that */
    char detail[120];         /* the cause, for people, without personal data; may be "" */
    char serial[SERIAL_SIZE]; /* what its receipt will call it, where that is not our id; else "" */
};

typedef void sms_result_fn(void *arg, struct sms *sms, const struct answer *answer);

struct driver {
    const char *name;
    enum channel channel; /* what it takes */
    /*
     * 0 and ret_state, or -errno after logging why. gateway: the name that the operator gave it. settings: its file,
     * borrowed; NULL where it has none. result(arg, ...) is how each send ends.
     */
    int (*open)(struct service *service, const char *gateway, const json_t *settings, sms_result_fn *result, void *arg,
                void **ret_state);
    /* Ends what is under way without a result: it stays "sending" until its lease runs out. */
    void (*close)(void **state);
    /* Hands one SMS over. The result may come before this returns. */
    void (*send)(void *state, struct sms *sms);
    /* Several may have been handed over: now is the time to do what is cheaper for all of them together. Or NULL. */
    void (*flush)(void *state);
    /* Of an SMS whose sender died: RESULT_DELIVERED, RESULT_LATER (it was not sent) or RESULT_UNKNOWN. NULL: unknown.
     */
    enum sms_result (*lookup)(void *state, const struct sms *sms);
};

extern const struct driver spool_driver, http_driver, smtp_driver, robots_driver;

/* Sets what became of an SMS; without a serial. */
void answer_set(struct answer *answer, enum sms_result result, const char *detail);

#endif
