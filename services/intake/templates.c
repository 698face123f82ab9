/*
 * templates.c - 短信模板: what each SMS of the county says, and what its gateways call it.
 *
 * The texts are notification's, and the same in every county: a gateway sends what was approved under its code,
 * whatever stands here. The codes and signatures are the county's, and an operator's to change.
 */
#include "services/intake/ask.h"
#include "services/intake/json.h"

static json_t *codes_of(const struct county *county)
{
    json_t *codes = json_array();
    for (size_t i = 0; i < county->sms_template_count; i++) {
        const struct sms_template *row = &county->sms_templates[i];
        json_array_append_new(codes, json_pack("{s:s, s:s, s:s, s:o}", "template", row->template, "gateway",
                                               row->gateway, "code", row->code, "values", json_words(row->parameters)));
    }
    return codes;
}

static json_t *signatures_of(const struct county *county)
{
    json_t *signatures = json_array();
    for (size_t i = 0; i < county->sms_signature_count; i++)
        json_array_append_new(signatures, json_pack("{s:s, s:s}", "gateway", county->sms_signatures[i].gateway, "sign",
                                                    county->sms_signatures[i].sign));
    return signatures;
}

static void on_templates(void *arg, enum answer_status status, enum message_type type, const struct record *reply)
{
    (void)type;
    const struct ask *ask = arg;
    const struct county *county = service_county(ask->intake->service, ask->county);
    if (intake_answer_failure(ask->request, status, reply))
        return;
    if (!county) {
        intake_answer_error(ask->request, 503, "unavailable", NULL, NULL);
        return;
    }
    json_t *answer = json_from_record(reply, NULL, 0);
    json_object_set_new(answer, "language", json_string(county->language));
    json_object_set_new(answer, "codes", codes_of(county));
    json_object_set_new(answer, "signatures", signatures_of(county));
    intake_answer_json(ask->request, 200, answer);
}

static void get_templates(void *arg, struct http_request *request)
{
    struct ask *ask = ask_new(arg, request);
    RECORD *question = record_new();
    service_call(ask->intake->service, ask->county, "", MSG_LIST_TEMPLATES, question, NULL, intake_call_ms(ask->intake),
                 on_templates, ask);
}

const struct http_route template_routes[] = {
    {GET, .path = "/api/v1/templates", .handle = get_templates, .permission = PERMIT_COUNTY_TABLES,
     ABOUT(.summary = "What each SMS says, how long it is, and what the county's gateways call it",
           .chinese = "短信模板：内容、字数和网关的模板代码", .answer = "Templates")},
};
const size_t template_route_count = sizeof template_routes / sizeof *template_routes;
