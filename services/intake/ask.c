/*
 * ask.c - asking other services on behalf of a request; see ask.h.
 */
#include "services/intake/ask.h"

#include "common/alloc.h"
#include "common/calendar.h"
#include "common/text.h"
#include "services/intake/json.h"

#include <string.h>

struct ask *ask_new(struct intake *intake, struct http_request *request)
{
    struct ask *ask = xcalloc(1, sizeof *ask);
    ask->intake = intake;
    ask->request = request;
    ask->access = access_of(request);
    memcpy(ask->county, ask->access->county, sizeof ask->county);
    http_attach(request, ask, free);
    return ask;
}

void ask_answer_fault(const struct ask *ask, const struct fault *fault)
{
    intake_answer_error(ask->request, 400, fault->error, fault->field, fault->detail);
}

void ask_answer(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    struct ask *ask = arg;
    if (!intake_answer_failure(ask->request, status, reply))
        intake_answer_json(ask->request, 200, json_from_record(reply, NULL, 0));
}

static bool invalid(struct ask *ask, const char *name, const char *detail)
{
    intake_answer_error(ask->request, 400, "invalid", name, detail);
    return false;
}

/* Takes one parameter into its field. False after answering what is wrong with it. */
static bool take_parameter(struct ask *ask, const struct api_param *param, const char *value, struct record *question)
{
    int64_t number;
    if (field_info(param->field)->type == FIELD_STR) {
        AUTOFREE char *words = xstrdup(value);
        for (char *c = strchr(words, ','); c && param->list; c = strchr(c, ','))
            *c = ' ';
        record_set(question, param->field, words);
    } else if (field_is_time(param->field)) {
        if (time_parse(value, &number) < 0)
            return invalid(ask, param->name, "give a time such as 2026-11-22T09:30:00");
        record_set_int(question, param->field, number);
    } else {
        AUTOFREE char *detail =
            xasprintf("give a whole number from %lld to %lld", (long long)param->min, (long long)param->max);
        if (parse_int(value, param->min, param->max, &number) < 0)
            return invalid(ask, param->name, detail);
        record_set_int(question, param->field, number);
    }
    return true;
}

/* What a field of the question is called in the address. */
static const char *parameter_name(const struct api_param *params, const char *field)
{
    while (params->name && strcmp(field_info(params->field)->name, field) != 0)
        params++;
    return params->name ? params->name : field;
}

bool ask_parameters(struct ask *ask, enum message_type type, struct record *question)
{
    const struct api_about *about = http_about(ask->request);
    struct fault fault;
    for (const struct api_param *param = about->query; param->name; param++) {
        const char *value = http_query(ask->request, param->name);
        if (value && *value && !take_parameter(ask, param, value, question))
            return false;
    }
    if (record_check(question, type, &fault) < 0) {
        intake_answer_error(ask->request, 400, fault.error, parameter_name(about->query, fault.field), fault.detail);
        return false;
    }
    return true;
}

void ask_list(struct ask *ask, enum message_type type, struct record *question, answer_fn *done)
{
    if (ask_parameters(ask, type, question))
        service_call(ask->intake->service, ask->county, "", type, question, NULL, intake_call_ms(ask->intake), done,
                     ask);
}

void ask_within(const struct ask *ask, struct record *question)
{
    if (ask->access->caller.kind != CALLER_PERSON)
        return;
    const struct county *county = service_county(ask->intake->service, ask->access->county);
    AUTOFREE char *within = person_within(county, ask->access->caller.phone);
    if (within)
        record_set(question, F_WITHIN, within);
}
