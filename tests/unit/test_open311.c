/*
 * test_open311.c - rows, their two spellings, and tokens.
 */
// links: services/intake
#include "common/alloc.h"
#include "common/vault.h"
#include "services/intake/open311_format.h"
#include "services/intake/open311_token.h"

#include <libxml/parser.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct town town = {.id = "T1", .name = "城关镇"};
static struct community community = {.id = "C1", .name = "东门社区", .town = &town};
static struct office department = {.id = "D1", .name = "县住建局"};
static struct category category = {.code = "light", .name = "路灯", .section = "城建", .description = "不亮"};
static struct rule rules[] = {{.words = "路灯 坏", .category = "light"},
                              {.words = "路灯", .category = "light"},
                              {.words = "水", .category = "water"}};
static struct county county = {
    .id = "990101",
    .communities = &community,
    .community_count = 1,
    .departments = &department,
    .department_count = 1,
    .categories = &category,
    .category_count = 1,
    .rules = rules,
    .rule_count = 3,
};

static char *written(bool json, const char *root, json_t *tree)
{
    size_t size = 0;
    char *text = open311_write(json, root, tree, &size);
    assert_int_equal(strlen(text), size);
    json_decref(tree);
    return text;
}

static const char *value_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void xml_is_well_formed_whatever_the_text(void **state)
{
    (void)state;
    static const char nasty[] = "a\x01\x1F<&>\"']]>\xEF\xBF\xBE\xEF\xBF\xBF\t换\r\n行";
    AUTOFREE char *xml =
        written(false, "services", json_pack("[{ss sn sb sf}]", "text", nasty, "none", "flag", 1, "lat", 29.714655));
    xmlDocPtr document = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    assert_non_null(document);
    xmlNodePtr service = xmlFirstElementChild(xmlDocGetRootElement(document));
    assert_string_equal((const char *)service->name, "service");
    xmlChar *text = xmlNodeGetContent(xmlFirstElementChild(service));
    assert_string_equal((const char *)text, "a<&>\"']]>\t换\r\n行");
    xmlFree(text);
    xmlFreeDoc(document);
    assert_non_null(strstr(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    assert_non_null(strstr(xml, "<none/>"));
    assert_non_null(strstr(xml, "<flag>true</flag>"));
    assert_non_null(strstr(xml, "<lat>29.714655</lat>"));
}

static void json_drops_the_outer_wrapper(void **state)
{
    (void)state;
    AUTOFREE char *json = written(true, "services", json_pack("[{si}]", "code", 404));
    assert_string_equal(json, "[\n  {\n    \"code\": 404\n  }\n]");
}

static void a_service_and_its_definition(void **state)
{
    (void)state;
    json_t *service = open311_service(&county, &category);
    assert_string_equal(value_of(service, "keywords"), "路灯,坏");
    assert_string_equal(value_of(service, "type"), "realtime");
    json_decref(service);
    AUTOFREE char *xml = written(false, "service_definition", open311_definition(&county, &category));
    assert_non_null(strstr(xml, "<datatype>singlevaluelist</datatype>"));
    assert_non_null(strstr(xml, "<key>C1</key>"));
    assert_non_null(strstr(xml, "<name>城关镇 东门社区</name>"));
}

static void a_request_tells_nothing_personal(void **state)
{
    (void)state;
    RECORD *order = record_new();
    record_set(order, F_ORDER, "990101-000001");
    record_set(order, F_STATE, "returned");
    record_set(order, F_TEXT, "请打13900000001");
    record_set(order, F_PLACE, "东大街5号，电话0559-2512345");
    record_set(order, F_NAME, "周小雨");
    record_set(order, F_PHONE, "13900000001");
    record_set(order, F_REASON, "属12345受理");
    record_set(order, F_RETURN_TO, "县信访局");
    record_set(order, F_CATEGORY, "light");
    record_set(order, F_DEPARTMENT, "D1");
    record_set(order, F_MEDIA_URL, "javascript:alert(1)");
    record_set_int(order, F_PLACED_AT, 1790000000000);
    record_set_int(order, F_CLOSED_AT, 1790000060000);
    json_t *row = open311_request(&county, order);
    assert_string_equal(value_of(row, "status"), "closed");
    assert_string_equal(value_of(row, "description"), "请打***");
    assert_string_equal(value_of(row, "address"), "东大街5号，电话***");
    assert_string_equal(value_of(row, "status_notes"), "属12345受理 请向：县信访局");
    assert_string_equal(value_of(row, "service_name"), "路灯");
    assert_string_equal(value_of(row, "agency_responsible"), "县住建局");
    assert_string_equal(value_of(row, "requested_datetime"), "2026-09-21T22:13:20+08:00");
    assert_string_equal(value_of(row, "updated_datetime"), "2026-09-21T22:14:20+08:00");
    assert_true(json_is_null(json_object_get(row, "media_url")));
    AUTOFREE char *json = written(true, "service_requests", json_pack("[o]", row));
    assert_null(strstr(json, "周小雨"));
    assert_null(strstr(json, "139"));
}

static const struct {
    const char *state, *step, *outcome, *status;
} updates[] = {
    {"placed", "placed", "", "open"},
    {"screening", "screening", "", "for_triage"},
    {"returned", "returned", "", "not_councils_responsibility"},
    {"open", "opened", "", "open"},
    {"assigned", "claimed", "", "investigating"},
    {"consulting", "handed_over", "", "in_progress"},
    {"answered", "answered", "solved", "fixed"},
    {"answered", "answered", "explained", "no_further_action"},
    {"answered", "answered", "supervision", "internal_referral"},
    {"answered", "remarked", "", "in_progress"},
    {"evaluated", "rated", "", "in_progress"},
    {"closed", "closed", "", "closed"},
};

static void each_step_has_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
        RECORD *step = record_new();
        record_set(step, F_ORDER, "990101-000001");
        record_set_int(step, F_VER, 3);
        record_set(step, F_STATE, updates[i].state);
        record_set(step, F_STEP, updates[i].step);
        record_set(step, F_NOTE, "电话13900000001");
        if (*updates[i].outcome)
            record_set(step, F_OUTCOME, updates[i].outcome);
        json_t *row = open311_update(&county, step);
        assert_string_equal(value_of(row, "status"), updates[i].status);
        assert_string_equal(value_of(row, "update_id"), "990101-000001-3");
        assert_null(strstr(value_of(row, "description"), "139"));
        json_decref(row);
    }
}

static void a_token_cannot_be_made_up(void **state)
{
    (void)state;
    char order[ORDER_ID_SIZE];
    AUTOFREE char *token = open311_token(&county, "990101-000123");
    assert_int_equal(strspn(token, "t0123456789abcdef-"), strlen(token));
    assert_int_equal(open311_token_order(&county, token, order), 0);
    assert_string_equal(order, "990101-000123");
    VAULT *strange = vault_new(NULL);
    struct county other = county;
    other.vault = strange;
    assert_true(open311_token_order(&other, token, order) < 0);
    static const char *const wrong[] = {"", "t", "t-", "t123", "t123-", "t0-00", "123", "t99999999999999999999-00"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(open311_token_order(&county, wrong[i], order) < 0);
    token[strlen(token) - 1] ^= 1;
    assert_true(open311_token_order(&county, token, order) < 0);
}

static int make_vault(void **state)
{
    (void)state;
    county.vault = sodium_init() < 0 ? NULL : vault_new(NULL);
    return county.vault ? 0 : -1;
}

static int drop_vault(void **state)
{
    (void)state;
    vault_destroy(&county.vault);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_is_well_formed_whatever_the_text),
        cmocka_unit_test(json_drops_the_outer_wrapper),
        cmocka_unit_test(a_service_and_its_definition),
        cmocka_unit_test(a_request_tells_nothing_personal),
        cmocka_unit_test(each_step_has_its_status),
        cmocka_unit_test(a_token_cannot_be_made_up),
    };
    int failed = cmocka_run_group_tests(tests, make_vault, drop_vault);
    xmlCleanupParser();
    return failed;
}
