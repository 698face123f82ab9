/*
 * outcome_private.h - an outcome from inside: for outcome.c, which fills it,
 * and commit.c, which carries it out.
 */
#ifndef SIDAN_OUTCOME_PRIVATE_H
#define SIDAN_OUTCOME_PRIVATE_H

#include "common/outcome.h"

/* One write to a key of the county, as Redis takes it: command, key, arguments. */
struct write {
    const char *command;
    char *key; /* without the county; NULL: the order's hash */
    char *arguments[2];
    size_t argument_count;
};

struct guard {
    char *key, *field;
    int64_t below;
};

struct expected {
    char *key, *field;
    int64_t value;
};

struct limit {
    char *key;
    int64_t burst, interval;
};

struct sending {
    enum message_type type;
    struct record *body;
    char *order; /* another one that it is about; NULL: the order of the commit */
    bool must;   /* that one must be there */
    bool makes;  /* it is made by it */
};

struct outcome {
    enum verdict verdict;
    char *cause;  /* of VERDICT_LATER */
    int64_t wait; /* seconds */
    struct record *changes;
    char *step, *actor, *note;
    struct sending *messages;
    size_t message_count;
    struct write *writes;
    size_t write_count;
    struct guard *guards;
    size_t guard_count;
    struct expected expected; /* key NULL: none */
    struct limit limit;       /* likewise */
    bool if_unchanged;
    bool has_reply;
    enum message_type reply_type;
    struct record *reply;
};

#endif
