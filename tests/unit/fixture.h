/*
 * fixture.h - a small county and orders in it, for tests of handlers.
 */
#ifndef SIDAN_TESTS_FIXTURE_H
#define SIDAN_TESTS_FIXTURE_H

#include "common/calendar.h"
#include "common/order.h"
#include "common/service.h"
#include "common/vault.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const fixture_files[COUNTY_FILE_COUNT] = {
    [FILE_SETTINGS] = "name,value\nname,云溪县政协\nwork_hours,00:00-24:00\nwork_weekdays,1-7\nescalate,1h\n"
                      "threshold,0.5\nchair_phone,10000009001\n",
    [FILE_TOWNS] = "id,name,convener,phone\nT1,城关镇,陆明远,10000001001\nT2,临河街道,江若水,10000001002\n"
                   "T3,河湾乡,石敬山,10000001003\n",
    [FILE_COMMUNITIES] = "id,name,town,aliases\nC1,东门社区,T1,东门 东大街\nC2,河湾社区,T2,河湾\nC3,孤山社区,T2,\n",
    [FILE_GROUPS] = "id,name,communities,committee\nG1,城关小组,C1,K1\nG2,临河小组,C2,K1\n",
    [FILE_MEMBERS] = "id,name,phone,group,communities,skills,leader\n"
                     "M1,顾怀谷,10000004001,G1,,,yes\nM2,温静姝,10000004002,G1,C1,,\n"
                     "M3,俞知白,10000004003,G1,C1,,\nM4,骆见微,10000004004,G2,,,yes\n",
    [FILE_COMMITTEES] = "id,name,phone\nK1,提案委,10000002001\n",
    [FILE_DEPARTMENTS] = "id,name,phone\nD1,住建局,10000003001\nD2,水务局,10000003002\n",
    [FILE_CATEGORIES] = "code,name,section,department,urgency,places,group,description\n"
                        "roads,道路,城建,D1,normal,2,,\nwater,供水,民生,D2,urgent,0,G2,\nother,其他,,D1,normal,2,,\n",
    [FILE_RULES] =
        "words,category,weight,urgency\n路灯 不亮,roads,2,\n坑洼,roads,2,\n停水,water,2,\n塌陷,roads,1,urgent\n",
    [FILE_CLOCKS] = "urgency,clock,time\nnormal,claim,1h\nnormal,handover,2d\nnormal,answer,7d\nnormal,callback,3d\n"
                    "urgent,claim,1h\nurgent,handover,1d\nurgent,answer,3d\nurgent,callback,2d\n",
};

static void fixture_fault(void *arg, const struct county_fault *fault)
{
    (void)arg;
    fprintf(stderr, "%s:%d: %s\n", fault->file, fault->line, fault->english);
}

static inline struct county *fixture_county(void)
{
    struct county *parsed = NULL;
    if (sodium_init() < 0 || county_parse("990101", fixture_files, fixture_fault, NULL, &parsed) < 0)
        return NULL;
    parsed->vault = vault_new(NULL);
    return parsed;
}

/* 2026-11-23T10:00:00+08:00, a Monday. */
enum { FIXTURE_DAY = 86400000 };
static const int64_t fixture_now = 1795399200000;

static inline struct context fixture_context(const struct county *county)
{
    return (struct context){.now = fixture_now,
                            .county = county,
                            .order_id = "990101-000123",
                            .serial = 123,
                            .message_id = "0123456789abcdef01234567"};
}

/* The outcome's notice with this template; NULL when there is none. */
static inline const struct record *fixture_notice(const struct outcome *outcome, const char *template_name)
{
    for (size_t i = 0; i < outcome_message_count(outcome); i++)
        if (outcome_message_type(outcome, i) == MSG_NOTIFY &&
            record_is(outcome_message(outcome, i), F_TEMPLATE, template_name))
            return outcome_message(outcome, i);
    return NULL;
}

/* Its recipients. */
static inline const char *fixture_notified(const struct outcome *outcome, const char *template_name)
{
    const struct record *notice = fixture_notice(outcome, template_name);
    return notice ? record_str(notice, F_RECIPIENTS) : NULL;
}

/* The error of a refusal; "" when there is none. */
static inline const char *fixture_error(const struct outcome *outcome)
{
    enum message_type type;
    const struct record *answer = outcome_answer(outcome, &type);
    return outcome_verdict(outcome) == VERDICT_REFUSED && answer ? record_str(answer, F_ERROR) : "";
}

#endif
