/*
 * openapi.c - makes the description of the native API; see openapi.h.
 *
 * Below are the schemas of the answers; everything else follows from the tables of routes, permissions, fields and
 * messages. What a description of more words would only say again is left to services/intake/README.md.
 */
#include "services/intake/openapi.h"

#include "common/alloc.h"
#include "common/log.h"
#include "common/text.h"
#include "services/intake/intake.h"
#include "services/intake/json.h"
#include "services/intake/page.h"
#include "services/intake/roles.h"

#include <ctype.h>
#include <string.h>

#define SCHEMA(name) "#/components/schemas/" name

const enum field api_reserved[] = {F_SOURCE, F_VIA, F_EXPECTED, F_ROUND, F_SECONDARY, FIELD_COUNT};

/* How much time is left of an order's clock; computed, so no field. */
#define LIGHT                                                                                                          \
    "\"light\": {\"type\": \"string\", \"enum\": [\"green\", \"yellow\", \"red\"], \"description\": \"while a clock "  \
    "runs: yellow: three quarters of its time are used up, red: overdue\"}"

/* Likewise, with what is asked for alone, by its number or as a session. */
#define MAY                                                                                                            \
    "\"may\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"description\": \"what the caller may with "   \
    "it, by the names of the permissions\"}"

#define REPLY_BY                                                                                                       \
    "\"reply_by\": {\"type\": \"string\", \"format\": \"date-time\", \"description\": \"until when its resident "      \
    "may answer `question`; then its clock goes on without an answer\"}"

#define AGAIN                                                                                                          \
    "\"again\": {\"type\": \"boolean\", \"description\": \"true while its resident may say that it has come back\"}"

/* Others that are one matter with it; which ones is shown to who handles them. */
#define MERGED_COUNT                                                                                                   \
    "\"merged_count\": {\"type\": \"integer\", \"description\": \"how many others are merged into it, if there are "   \
    "any\"}"

#define TABLE_ROW "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"
#define TABLE_ROWS "{\"type\": \"array\", \"items\": " TABLE_ROW "}"
#define NAMES "{\"type\": \"array\", \"items\": {\"$ref\": \"" SCHEMA("Named") "\"}}"

/* What answers hold. */
static const struct answer {
    const char *name, *meaning;
    const char *fields;   /* names of fields, and of messages for all of theirs; "*" for those of an order */
    const char *required; /* the same */
    const char *rows;     /* of a list: the schema of its rows */
    const char *more;     /* JSON: members that are no fields */
} answers[] = {
    {.name = "Placed",
     .meaning = "An order that was placed",
     .fields = "order state",
     .required = "order state code",
     .more = "{\"code\": {\"type\": \"string\", \"pattern\": \"^[0-9]{6}$\","
             " \"description\": \"by which its resident proves to be that; told only now\"}}"},
    {.name = "Order",
     .meaning = "An order as it stands",
     .fields = "* updated_at",
     .required = "order ver",
     .more = "{" LIGHT ", " MAY ", " MERGED_COUNT ", " REPLY_BY ", " AGAIN "}"},
    {.name = "Orders", .meaning = "Orders, newest first unless asked otherwise", .rows = "Order"},
    {.name = "Likeness",
     .meaning = "An order that may be the same matter as another, and why; same_person only for who may see contacts",
     .fields = "* updated_at score shared same_person",
     .required = "order ver score shared",
     .more = "{" LIGHT "}"},
    {.name = "Similar", .meaning = "Orders that may be the same matter, the likest first", .rows = "Likeness"},
    {.name = "Alikeness",
     .meaning = "An order that is being handled; title: only if its resident agreed to publication; same_as: what to "
                "place an order with, for it to be merged into this one",
     .fields = "same_as title category community state",
     .required = "same_as state month",
     .more = "{\"month\": {\"type\": \"string\", \"description\": \"in which it was placed: 2026-11\"}}"},
    {.name = "Alike", .meaning = "Orders nearby that may be the same matter, the likest first", .rows = "Alikeness"},
    {.name = "Step",
     .meaning = "A step of an order; for those who handle it, also a meeting or suggestion about it, or an SMS",
     .fields = "order updated_at order.step sms.settled",
     .required = "at"},
    {.name = "History", .meaning = "The steps of an order, oldest first", .rows = "Step"},
    {.name = "Contact", .meaning = "How to reach a resident", .fields = "contact", .required = ""},
    {.name = "Answer",
     .meaning = "An answer that its resident may rate, and who gave it; rating: once there is one",
     .fields = "order title state outcome answer answered_at rating",
     .required = "order title state outcome answer members department",
     .more = "{\"members\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"description\": \"their names\"},"
             " \"department\": {\"type\": [\"string\", \"null\"], \"description\": \"name of the department that it was"
             " handed over to\"}}"},
    {.name = "Done", .meaning = "What became of an order", .fields = "done", .required = ""},
    {.name = "Raised",
     .meaning = "A meeting that was called, a suggestion that was raised, what was entered",
     .fields = "order state ver",
     .required = "order state"},
    {.name = "Meeting",
     .meaning = "A meeting as it stands",
     .fields = "order ver state kind title place meets_at about group town host invited coming excused present minutes "
               "who reply reason clock clock_at due rung placed_at closed_at updated_at",
     .required = "order ver state kind title place meets_at host",
     .more = "{" LIGHT ", " MAY "}"},
    {.name = "Meetings", .meaning = "Meetings, those that were called last first", .rows = "Meeting"},
    {.name = "Suggestion",
     .meaning = "A suggestion, a promise or a supervision as it stands",
     .fields = "order ver state kind title text about meeting department committee category group town members host "
               "handed_at promised_at proposed settled kept reason clock clock_at pauses extended asked_days due rung "
               "placed_at closed_at updated_at",
     .required = "order ver state kind title host",
     .more = "{" LIGHT ", " MAY "}"},
    {.name = "Suggestions", .meaning = "The list that is struck off one by one, newest first", .rows = "Suggestion"},
    {.name = "Registered",
     .meaning = "What the office entered, as it stands",
     .fields = "order ver state kind title text held_at present excused absent amount sector task reason placed_at "
               "closed_at updated_at",
     .required = "order ver state kind title held_at present excused absent",
     .more = "{" MAY "}"},
    {.name = "Registry", .meaning = "What the office entered, the latest first", .rows = "Registered"},
    {.name = "Task",
     .meaning = "A task of a sector; done: how often; orders: the latest 20 entries that say so; wanted is 0 of what "
                "the plan lacks",
     .fields = "sector task wanted",
     .required = "sector task wanted done orders",
     .more = "{\"done\": {\"type\": \"integer\"}, \"orders\": {\"type\": \"array\", \"items\":"
             " {\"type\": \"string\"}}}"},
    {.name = "Plan", .meaning = "What each sector is to do in a year", .rows = "Task"},
    {.name = "Absence",
     .meaning = "A time in which a member takes no orders",
     .fields = "member start end note",
     .required = "member start end"},
    {.name = "Absences", .meaning = "Times in which members take no orders", .rows = "Absence"},
    {.name = "Split",
     .meaning = "An order that was split",
     .fields = "order",
     .required = "order part",
     .more =
         "{\"part\": {\"type\": \"string\", \"description\": \"number of the order that the second matter is now\"}}"},
    {.name = "Case",
     .meaning = "A finished order; detail: where the words were found",
     .fields = "order title category outcome rating closed_at public detail",
     .required = "order detail"},
    {.name = "Cases", .meaning = "Cases, what fits best first", .rows = "Case"},
    {.name = "Story",
     .meaning =
         "An order as a story; draft: for who may publish it, what its public text would be; published: what it is",
     .fields = "order title",
     .required = "order title text",
     .more = "{\"text\": {\"type\": \"string\", \"description\": \"the concern, who took it up, what was done, the"
             " result and its rating\"}, \"draft\": {\"$ref\": \"" SCHEMA(
                 "PublicText") "\"},"
                               " \"published\": {\"$ref\": \"" SCHEMA("PublicText") "\"}}"},
    {.name = "PublicText",
     .meaning = "What is published of a case; nothing that leads to its resident",
     .fields = "order title text",
     .required = "title text"},
    {.name = "PublishedCase",
     .meaning = "A published case; at: since when; detail: where the words were found; text: of one that is asked for",
     .fields = "order title category outcome rating closed_at at detail text",
     .required = "order title at"},
    {.name = "PublishedCases",
     .meaning = "Published cases: what fits best first, without words the latest first",
     .rows = "PublishedCase"},
    {.name = "Precedent",
     .meaning =
         "A closed order to learn from, and why; of one that the caller may not see what is published: text has the"
         " answer",
     .fields = "order title category outcome answer rating closed_at text score shared",
     .required = "order title score shared"},
    {.name = "Precedents",
     .meaning = "Closed orders, the likest first; of those that are equally alike the better rated ones",
     .rows = "Precedent"},
    {.name = "Attachment",
     .meaning = "A photo or document of an order; hash: BLAKE2b-256 of what is stored",
     .fields = "file",
     .required = "file name type size hash audience",
     .more = "{\"name\": {\"type\": \"string\"}, \"type\": {\"type\": \"string\", \"description\": \"a media type\"},"
             " \"size\": {\"type\": \"integer\"}, \"hash\": {\"type\": \"string\"},"
             " \"audience\": {\"type\": \"string\", \"enum\": [\"all\", \"staff\"],"
             " \"description\": \"staff: only for who handles the order\"}}"},
    {.name = "Attachments", .meaning = "Photos and documents of an order", .rows = "Attachment"},
    {.name = "Class",
     .meaning =
         "A class of matters (一类事); note: what was done for all of it; actor: who changed it last; count: orders",
     .fields = "class title note actor at count",
     .required = "class title count"},
    {.name = "Classes", .meaning = "Classes of matters, the latest first", .rows = "Class"},
    {.name = "Figure",
     .meaning = "How many orders of the period there are of one kind",
     .fields = "figure value count",
     .required = "figure value count"},
    {.name = "Figures", .meaning = "Numbers of orders; total: of all that were placed in the period", .rows = "Figure"},
    {.name = "PublicFigure",
     .meaning = "A number for everybody: placed, answered, closed and mean_ms (until the answer) of a year or a month,"
                " category, outcome, rating of the year; without count it is not told, below: because it is small",
     .fields = "figure value count below",
     .required = "figure value"},
    {.name = "PublicFigures",
     .meaning = "Numbers for everybody; months and categories that are not there have no orders, or few",
     .rows = "PublicFigure"},
    {.name = "Topic",
     .meaning = "A matter that many people raise; town: \"\" where it is not known",
     .fields = "town category count before",
     .required = "town category count before"},
    {.name = "Topics", .meaning = "What most people raise, the most frequent first", .rows = "Topic"},
    {.name = "Record",
     .meaning = "What a member, a group or a department did; of a member whose county has a formula, the portrait",
     .fields =
         "member group department answers satisfied dissatisfied late open mean_ms claims declines lost visits "
         "meetings excuses absences opinions adopted activities honours donations donated sector assists responses",
     .required = "",
     .more = "{\"name\": {\"type\": \"string\"}, \"score\": {\"type\": \"integer\", \"description\": \"mean of the"
             " dimensions\"}, \"portrait\": {\"type\": \"array\", \"items\": {\"type\": \"object\", \"properties\":"
             " {\"dimension\": {\"type\": \"string\"}, \"score\": {\"type\": \"integer\"},"
             " \"times\": {\"type\": \"integer\", \"description\": \"how much of what it counts has happened\"}}}}}"},
    {.name = "Records", .meaning = "What members, groups and departments did in a period", .rows = "Record"},
    {.name = "Weight",
     .meaning = "So many points for each of what is counted, and no more than most",
     .required = "dimension measure points most",
     .more = "{\"dimension\": {\"type\": \"string\"}, \"measure\": {\"type\": \"string\"}, \"points\": {\"type\":"
             " \"integer\"}, \"most\": {\"type\": \"integer\"}}"},
    {.name = "Portrait", .meaning = "The formula of members' portraits", .rows = "Weight"},
    {.name = "Entry",
     .meaning = "An entry of the audit trail",
     .fields = "at actor action order result detail",
     .required = "at actor action order result detail"},
    {.name = "Trail",
     .meaning = "The audit trail, newest first; staff: who of the office and the city is called what there",
     .rows = "Entry",
     .more = "{\"staff\": " NAMES "}"},
    {.name = "Asked",
     .meaning = "The same whether anybody has this phone",
     .required = "expires_s",
     .more = "{\"expires_s\": {\"type\": \"integer\", \"description\": \"for how many seconds a code is good\"}}"},
    {.name = "Session",
     .meaning = "Who is signed in",
     .fields = "county",
     .required = "county roles csrf ends",
     .more = "{\"counties\": {\"type\": \"array\", \"items\": {\"type\": \"string\"},"
             " \"description\": \"of the city's people: whose figures they may read\"},"
             " \"roles\": {\"type\": \"array\", \"items\": {\"type\": \"string\"},"
             " \"description\": \"member:M1, leader:G1, convener:T1, ...\"},"
             " \"csrf\": {\"type\": \"string\", \"description\": \"for X-CSRF-Token\"},"
             " \"ends\": {\"type\": \"string\", \"format\": \"date-time\"}, " MAY "}"},
    {.name = "CountyName",
     .meaning = "A county that is served here",
     .required = "county name",
     .more = "{\"county\": {\"type\": \"string\"}, \"name\": {\"type\": \"string\"}}"},
    {.name = "Counties", .meaning = "The counties that are served here", .rows = "CountyName"},
    {.name = "Named",
     .meaning = "Something by its id and name; communities: of a town; group: of a member; return_to: of a reason",
     .required = "id name",
     .more = "{\"id\": {\"type\": \"string\"}, \"name\": {\"type\": \"string\"}, \"group\": {\"type\": \"string\"},"
             " \"return_to\": {\"type\": \"string\"}, \"communities\": " NAMES "}"},
    {.name = "County",
     .meaning = "What a county consists of, by name; contact: whom to ask, in words; public_url: where residents"
                " reach their pages; reasons: why orders are returned",
     .required = "county name contact public_url towns categories groups members departments committees reasons",
     .more = "{\"county\": {\"type\": \"string\"}, \"name\": {\"type\": \"string\"},"
             " \"contact\": {\"type\": \"string\"}, \"public_url\": {\"type\": \"string\"},"
             " \"towns\": " NAMES ","
             " \"categories\": " NAMES ","
             " \"groups\": " NAMES ","
             " \"members\": " NAMES ","
             " \"departments\": " NAMES ","
             " \"committees\": " NAMES ","
             " \"reasons\": " NAMES "}"},
    {.name = "TableName",
     .meaning = "A table of the county; changed: by the office, since an operator applied files",
     .required = "table count changed",
     .more = "{\"table\": {\"type\": \"string\"}, \"count\": {\"type\": \"integer\"}, \"changed\": {\"type\": "
             "\"boolean\"}}"},
    {.name = "Tables", .meaning = "The tables that the office keeps", .rows = "TableName"},
    {.name = "Table",
     .meaning = "A table: each row has a text for each column; settings: what may stand in that table, and how",
     .required = "table revision columns rows",
     .more = "{\"table\": {\"type\": \"string\"}, \"revision\": {\"type\": \"integer\"},"
             " \"columns\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
             " \"required\": [\"name\", \"label\", \"kind\", \"required\"],"
             " \"properties\": {\"name\": {\"type\": \"string\"}, \"label\": {\"type\": \"string\"},"
             " \"kind\": {\"type\": \"string\"}, \"required\": {\"type\": \"boolean\"},"
             " \"target\": {\"type\": \"string\", \"description\": \"the table whose ids may stand here\"},"
             " \"choices\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}}},"
             " \"rows\": " TABLE_ROWS ","
             " \"settings\": {\"type\": \"array\", \"items\": {\"type\": \"object\", \"required\": [\"name\", "
             "\"unset\", \"wanted\"],"
             " \"properties\": {\"name\": {\"type\": \"string\"}, \"unset\": {\"type\": \"string\", \"description\":"
             " \"the value that holds without one; empty: none\"}, \"wanted\": {\"type\": \"string\"}}}}}"},
    {.name = "TableChange",
     .meaning =
         "How a table was read, and what is wrong with it: line 0 is the table as a whole, row the first cells of the"
         " line; the first 100. lines: of"
         " the rows in what was sent; complete: the rows are all of it",
     .required = "table revision stored rows lines complete faults",
     .more = "{\"table\": {\"type\": \"string\"}, \"revision\": {\"type\": \"integer\"}, \"stored\": {\"type\": "
             "\"boolean\"},"
             " \"rows\": " TABLE_ROWS ", \"lines\": {\"type\": \"array\", \"items\": {\"type\": \"integer\"}},"
             " \"complete\": {\"type\": \"boolean\"},"
             " \"faults\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
             " \"required\": [\"file\", \"line\", \"message\"], \"properties\": {\"file\": {\"type\": \"string\"},"
             " \"line\": {\"type\": \"integer\"}, \"row\": " TABLE_ROW ", \"message\": {\"type\": \"string\"}}}}}"},
    {.name = "Template",
     .meaning = "An SMS in one language; text: as a phone shows it, with made-up values; recipients: whom it is for",
     .fields = "template recipients language wording text characters segments ways",
     .required = "template recipients language wording text characters segments ways"},
    {.name = "Templates",
     .meaning = "What the county's SMS say; language: of those that go out; codes: what gateways call a template, and"
                " which of its values they take, in their order",
     .fields = "total language",
     .required = "total language rows codes signatures",
     .more = "{\"rows\": {\"type\": \"array\", \"items\": {\"$ref\": \"" SCHEMA(
         "Template") "\"}},"
                     " \"codes\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
                     " \"required\": [\"template\", \"gateway\", \"code\", \"values\"], \"properties\":"
                     " {\"template\": {\"type\": \"string\"}, \"gateway\": {\"type\": \"string\"},"
                     " \"code\": {\"type\": \"string\"},"
                     " \"values\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}}},"
                     " \"signatures\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
                     " \"required\": [\"gateway\", \"sign\"], \"properties\":"
                     " {\"gateway\": {\"type\": \"string\"}, \"sign\": {\"type\": \"string\"}}}}}"},
    {.name = "Nothing", .meaning = "There is nothing to say", .required = ""},
    {.name = "Report",
     .meaning = "What became of each row of a file: rows is the sum of accepted, repeated and refused_count",
     .required = "rows accepted repeated refused_count refused ignored_columns encoding",
     .more = "{\"rows\": {\"type\": \"integer\"}, \"accepted\": {\"type\": \"integer\"},"
             " \"repeated\": {\"type\": \"integer\", \"description\": \"known before\"},"
             " \"refused_count\": {\"type\": \"integer\"}, \"encoding\": {\"type\": \"string\"},"
             " \"ignored_columns\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}},"
             " \"refused\": {\"type\": \"array\", \"description\": \"the first 10,000\","
             " \"items\": {\"type\": \"object\", \"required\": [\"line\", \"field\", \"code\", \"message\"],"
             " \"properties\": {\"line\": {\"type\": \"integer\"}, \"field\": {\"type\": [\"string\", \"null\"]},"
             " \"code\": {\"type\": \"string\"}, \"message\": {\"type\": \"string\"}}}}}"},
    {.name = "Document",
     .meaning = "A description of an API by OpenAPI 3.1",
     .required = "openapi info paths",
     .more =
         "{\"openapi\": {\"type\": \"string\"}, \"info\": {\"type\": \"object\"}, \"paths\": {\"type\": \"object\"},"
         " \"servers\": {\"type\": \"array\"}, \"components\": {\"type\": \"object\"}}"},
    {.name = "Problem",
     .meaning = "What is wrong, as problem details (RFC 9457), in Chinese unless Accept-Language puts English first",
     .required = "type title status detail code field",
     .more = "{\"type\": {\"type\": \"string\", \"format\": \"uri-reference\","
             " \"description\": \"leads to what this kind means\"},"
             " \"title\": {\"type\": \"string\", \"description\": \"what this kind means\"},"
             " \"status\": {\"type\": \"integer\"},"
             " \"detail\": {\"type\": \"string\", \"description\": \"what is wrong this time, and what to do\"},"
             " \"code\": {\"type\": \"string\", \"description\": \"a stable word for programs\"},"
             " \"field\": {\"type\": [\"string\", \"null\"], \"description\": \"what it is about\"}}"},
};

/* What every operation may be told, and how an operation may be allowed. */
static const char common_parts[] =
    "{\"parameters\":"
    " {\"Accept-Language\": {\"name\": \"Accept-Language\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"zh or en: of titles and details of problems\"},"
    "  \"Idempotency-Key\": {\"name\": \"Idempotency-Key\", \"in\": \"header\","
    "   \"schema\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 128},"
    "   \"description\": \"the same key and body at the same address get the first answer\"},"
    "  \"If-Match\": {\"name\": \"If-Match\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"ETag of the order, which is its ver in quotes: done only while it is as it was seen\"},"
    "  \"If-None-Match\": {\"name\": \"If-None-Match\", \"in\": \"header\", \"schema\": {\"type\": \"string\"},"
    "   \"description\": \"ETag of the order as it is known: 304 while it is still that\"}},"
    " \"securitySchemes\":"
    " {\"key\": {\"type\": \"http\", \"scheme\": \"bearer\", \"description\": \"an API key of the county\"},"
    "  \"apiKey\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-Api-Key\", \"description\": \"the same\"},"
    "  \"session\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"__Host-sidan\","
    "   \"description\": \"of who is signed in\"},"
    "  \"csrf\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-CSRF-Token\","
    "   \"description\": \"csrf of the session\"},"
    "  \"orderCode\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-Order-Code\","
    "   \"description\": \"six digits, by which the order's resident proves to be that; or ?code=\"}}}";

/* -- schemas ----------------------------------------------------------------------------------------------------- */

static json_t *reference(const char *path)
{
    return json_pack("{s:s}", "$ref", path);
}

static json_t *schema_reference(const char *name)
{
    AUTOFREE char *path = xasprintf(SCHEMA("%s"), name);
    return reference(path);
}

/* A field as JSON has it. */
static json_t *schema_of_field(enum field field)
{
    const struct field_info *info = field_info(field);
    if (info->type == FIELD_STR)
        return json_pack("{s:s, s:I, s:s}", "type", "string", "maxLength", (json_int_t)info->max, "description",
                         info->meaning);
    if (info->type == FIELD_INT && field_is_time(field))
        return json_pack("{s:s, s:s, s:s}", "type", "string", "format", "date-time", "description", info->meaning);
    return json_pack("{s:s, s:s}", "type", info->type == FIELD_REAL ? "number" : "integer", "description",
                     info->meaning);
}

static void add_field(json_t *properties, enum field field)
{
    json_object_set_new(properties, field_info(field)->name, schema_of_field(field));
}

/* What a word of struct answer stands for: fields that make up an order, those of a message, or one. */
static void add_fields(json_t *properties, const char *word)
{
    int type = message_by_name(word, strlen(word)), named = field_by_name(word, strlen(word));
    const struct message_info *message = type >= 0 ? message_info((enum message_type)type) : NULL;
    for (int i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;
        int flags = field_info(field)->flags;
        bool meant = message                  ? message_field(message, field) && !(flags & SEALED)
                     : strcmp(word, "*") == 0 ? !(flags & (PERSONAL | MARK))
                                              : i == named;
        if (meant)
            add_field(properties, field);
    }
}

static json_t *schema_of_list(const struct answer *answer)
{
    json_t *rows = json_pack("{s:s, s:o}", "type", "array", "items", schema_reference(answer->rows));
    json_t *properties = json_pack("{s:o}", "rows", rows);
    add_field(properties, F_TOTAL);
    add_field(properties, F_NEXT);
    json_t *more = answer->more ? json_loads(answer->more, 0, NULL) : NULL;
    json_object_update(properties, more);
    json_decref(more);
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", answer->meaning, "required",
                     json_words("total rows"), "properties", properties);
}

static json_t *schema_of_answer(const struct answer *answer)
{
    if (answer->rows)
        return schema_of_list(answer);
    char word[40];
    json_t *properties = json_object(), *more = answer->more ? json_loads(answer->more, 0, NULL) : NULL;
    for (const char *rest = answer->fields ? answer->fields : ""; words_next(&rest, word, sizeof word);)
        add_fields(properties, word);
    json_object_update(properties, more);
    json_decref(more);
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", answer->meaning, "required",
                     json_words(answer->required), "properties", properties);
}

static bool is_reserved(const struct api_about *about, enum field field)
{
    const enum field *reserved = about->reserved ? about->reserved : api_reserved;
    while (*reserved != FIELD_COUNT && *reserved != field)
        reserved++;
    return *reserved == field;
}

/* Who acts, and for whom, need not be said: it is the caller. */
static bool is_required(const struct message_field *field)
{
    return field->required && field->field != F_ACTOR && field->field != F_MEMBER && field->field != F_WHO;
}

static json_t *schema_of_body(const struct api_about *about)
{
    json_t *properties = json_object(), *required = json_array();
    const struct message_info *message = about->body == API_MESSAGE ? message_info(about->takes) : NULL;
    for (size_t i = 0; message && i < message->field_count; i++) {
        enum field field = message->fields[i].field;
        if (is_reserved(about, field))
            continue;
        add_field(properties, field);
        if (is_required(&message->fields[i]))
            json_array_append_new(required, json_string(field_info(field)->name));
    }
    for (const enum field *field = about->fields; field && *field != FIELD_COUNT; field++) {
        add_field(properties, *field);
        json_array_append_new(required, json_string(field_info(*field)->name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "required", required, "properties", properties,
                     "additionalProperties", about->body == API_FIELDS);
}

/* -- what is asked ----------------------------------------------------------------------------------------------- */

/* Those that are not the county's, or an order's, are everybody's. */
static bool is_of_county(const struct http_route *route)
{
    return route->permission != PERMIT_ANYBODY && !permission_is_of_order((enum permission)route->permission);
}

static json_t *parameter(const char *name, const char *in, bool required, const char *meaning, json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "in", in, "required", required, "description", meaning,
                     "schema", schema);
}

static json_t *query_parameter(const struct api_param *param)
{
    json_t *schema = schema_of_field(param->field);
    json_object_del(schema, "description");
    if (param->max > 0)
        json_object_update_new(
            schema, json_pack("{s:I, s:I}", "minimum", (json_int_t)param->min, "maximum", (json_int_t)param->max));
    const char *meaning = param->meaning ? param->meaning : field_info(param->field)->meaning;
    return parameter(param->name, "query", param->required, meaning, schema);
}

/* Each {name} of a path. */
static void add_path_parameters(const char *path, json_t *parameters)
{
    for (const char *brace = strchr(path, '{'); brace; brace = strchr(brace + 1, '{')) {
        AUTOFREE char *name = xstrndup(brace + 1, strcspn(brace + 1, "}"));
        const char *meaning = strcmp(name, "id") == 0       ? field_info(F_ORDER)->meaning
                              : strcmp(name, "token") == 0  ? "the end of the link in the SMS that tells an answer"
                              : strcmp(name, "county") == 0 ? field_info(F_COUNTY)->meaning
                              : strcmp(name, "class") == 0  ? field_info(F_CLASS)->meaning
                              : strcmp(name, "file") == 0   ? "the id of an attachment"
                              : strcmp(name, "table") == 0  ? "members, settings, ...: see the list of tables"
                                                            : field_info(F_ERROR)->meaning;
        json_array_append_new(parameters, parameter(name, "path", true, meaning, json_pack("{s:s}", "type", "string")));
    }
}

static json_t *parameters_of(const struct http_route *route)
{
    static const struct api_param county = {.name = "county", .field = F_COUNTY};
    const struct api_about *about = route->about;
    json_t *parameters = json_array();
    add_path_parameters(route->path, parameters);
    if (is_of_county(route))
        json_array_append_new(parameters, query_parameter(&county));
    for (const struct api_param *param = about->query; param && param->name; param++)
        json_array_append_new(parameters, query_parameter(param));
    if (about->body == API_MESSAGE)
        json_array_append_new(parameters, reference("#/components/parameters/Idempotency-Key"));
    if (about->body == API_FILE)
        json_array_append_new(parameters, parameter("X-File-Name", "header", false, "name of the file, percent-encoded",
                                                    json_pack("{s:s}", "type", "string")));
    if (about->step)
        json_array_append_new(parameters, reference("#/components/parameters/If-Match"));
    if (about->etag)
        json_array_append_new(parameters, reference("#/components/parameters/If-None-Match"));
    json_array_append_new(parameters, reference("#/components/parameters/Accept-Language"));
    return parameters;
}

static json_t *body_of(const struct api_about *about)
{
    if (about->body == API_FILE)
        return json_pack("{s:b, s:{s:{}}}", "required", 1, "content", "*/*");
    if (about->body == API_CSV)
        return json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content", "text/csv", "schema", "type", "string");
    return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema",
                     schema_of_body(about));
}

/* Any one of these ways is enough. A change by a session needs its token as well. */
static json_t *security_of(const struct http_route *route)
{
    enum permission permission = (enum permission)route->permission;
    bool changes = strcmp(route->method, "GET") != 0;
    json_t *ways = json_array();
    if (permission == PERMIT_ANYBODY || permission == PERMIT_LINK) /* its token is in the address */
        return ways;
    if (permission != PERMIT_SIGNED_IN) {
        json_array_append_new(ways, json_pack("{s:[]}", "key"));
        json_array_append_new(ways, json_pack("{s:[]}", "apiKey"));
    }
    json_array_append_new(ways,
                          changes ? json_pack("{s:[], s:[]}", "session", "csrf") : json_pack("{s:[]}", "session"));
    if (permission_of_resident(permission))
        json_array_append_new(ways, json_pack("{s:[]}", "orderCode"));
    return ways;
}

/* -- what is answered -------------------------------------------------------------------------------------------- */

static const int problem_statuses[] = {400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 429, 500, 503};

static bool may_answer(const struct http_route *route, int status)
{
    const struct api_about *about = route->about;
    bool everybody = route->permission == PERMIT_ANYBODY;
    switch (status) {
    case 401:
        return !everybody && route->permission != PERMIT_LINK;
    case 410:
        return route->permission == PERMIT_LINK;
    case 403: /* signing in: a wrong code, another site's page */
        return !everybody || about->body == API_FIELDS;
    case 409:
        return about->body == API_MESSAGE || route->permission == PERMIT_MEETING_LEAD; /* its code has its time */
    case 412:
        return about->step || route->permission == PERMIT_COUNTY_TABLES;
    case 500:
        return route->permission == PERMIT_ORDER_CONTACT;
    default:
        return true;
    }
}

/* A header that always comes. */
static json_t *header_of(const char *name)
{
    return json_pack("{s:{s:b, s:{s:s}}}", name, "required", 1, "schema", "type", "string");
}

/* A problem of some status: which words mean it. */
static json_t *problem_response(int status)
{
    AUTOFREE char *words = xstrdup("");
    const char *word;
    for (size_t i = 0; (word = intake_word(i)); i++) {
        if (intake_status_of(word) != status)
            continue;
        char *longer = xasprintf("%s%s%s", words, *words ? ", " : "", word);
        free(words);
        words = longer;
    }
    json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", words, "content", "application/problem+json",
                                 "schema", schema_reference("Problem"));
    const char *header = status == 401 ? "WWW-Authenticate" : status == 503 ? "Retry-After" : NULL;
    if (header)
        json_object_set_new(response, "headers", header_of(header));
    return response;
}

static json_t *success_of(const struct api_about *about)
{
    bool is_type = strchr(about->answer, '/');
    json_t *schema = is_type ? json_pack("{s:s}", "type", "string") : schema_reference(about->answer);
    json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", about->summary, "content",
                                 is_type ? about->answer : "application/json", "schema", schema);
    const char *header = about->etag ? "ETag" : about->status == 201 ? "Location" : NULL;
    if (header)
        json_object_set_new(response, "headers", header_of(header));
    return response;
}

static json_t *responses_of(const struct http_route *route)
{
    const struct api_about *about = route->about;
    char status[12];
    json_t *responses = json_object();
    snprintf(status, sizeof status, "%d", about->status ? about->status : 200);
    json_object_set_new(responses, status, success_of(about));
    if (about->etag)
        json_object_set_new(
            responses, "304",
            json_pack("{s:s, s:o}", "description", "It is as it is known", "headers", header_of("ETag")));
    for (size_t i = 0; i < sizeof problem_statuses / sizeof *problem_statuses; i++) {
        if (!may_answer(route, problem_statuses[i]))
            continue;
        AUTOFREE char *path = xasprintf("#/components/responses/%d", problem_statuses[i]);
        snprintf(status, sizeof status, "%d", problem_statuses[i]);
        json_object_set_new(responses, status, reference(path));
    }
    return responses;
}

/* -- the whole --------------------------------------------------------------------------------------------------- */

/* "post_orders_id_claim" */
static json_t *operation_id(const struct http_route *route)
{
    static const char prefix[] = "/api/v1";
    const char *path =
        strncmp(route->path, prefix, sizeof prefix - 1) == 0 ? route->path + sizeof prefix - 1 : route->path;
    AUTOFREE char *id = xasprintf("%s%s", route->method, path);
    char *end = id;
    for (const char *c = id; *c; c++) {
        if (isalnum((unsigned char)*c))
            *end++ = (char)tolower((unsigned char)*c);
        else if (*c != '{' && *c != '}')
            *end++ = '_';
    }
    *end = '\0';
    return json_string(id);
}

static json_t *operation_of(const struct http_route *route)
{
    const struct api_about *about = route->about;
    enum permission permission = (enum permission)route->permission;
    AUTOFREE char *granted = permission_granted_to(permission);
    AUTOFREE char *who = xasprintf(*granted ? "Granted to: %s" : "For everybody%s", granted);
    json_t *operation = json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "operationId", operation_id(route),
                                  "summary", about->summary, "x-summary-zh", about->chinese, "description", who,
                                  "x-permission", permission_name(permission), "parameters", parameters_of(route),
                                  "security", security_of(route), "responses", responses_of(route));
    if (about->body != API_NONE)
        json_object_set_new(operation, "requestBody", body_of(about));
    return operation;
}

static bool says_enough(const struct http_route *route)
{
    const struct api_about *about = route->about;
    if (about && about->summary && about->chinese && about->answer)
        return true;
    log_error("%s %s says too little about itself", route->method, route->path);
    return false;
}

static json_t *components(void)
{
    json_t *parts = json_loads(common_parts, 0, NULL), *schemas = json_object(), *responses = json_object();
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        json_object_set_new(schemas, answers[i].name, schema_of_answer(&answers[i]));
    for (size_t i = 0; i < sizeof problem_statuses / sizeof *problem_statuses; i++) {
        AUTOFREE char *status = xasprintf("%d", problem_statuses[i]);
        json_object_set_new(responses, status, problem_response(problem_statuses[i]));
    }
    json_object_set_new(parts, "schemas", schemas);
    json_object_set_new(parts, "responses", responses);
    return parts;
}

json_t *openapi_make(const struct http_route *routes, size_t count)
{
    json_t *paths = json_object();
    bool complete = true;
    for (size_t i = 0; i < count; i++) {
        const struct http_route *route = &routes[i];
        if (route->permission == PERMIT_GATEWAY || route->permission == PERMIT_OF_RESOURCE || /* other doors */
            page_is_at(route->path))
            continue;
        if (!says_enough(route)) {
            complete = false;
            continue;
        }
        if (!json_object_get(paths, route->path))
            json_object_set_new(paths, route->path, json_object());
        AUTOFREE char *method = xstrdup(route->method);
        for (char *c = method; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        json_object_set_new(json_object_get(paths, route->path), method, operation_of(route));
    }
    json_t *document = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0", "info", "title",
                                 "sidan 四单", "version", "1", "description", "The native JSON API of intake.",
                                 "servers", "url", "/", "paths", paths, "components", components());
    if (complete)
        return document;
    json_decref(document);
    return NULL;
}

static void get_document(void *arg, struct http_request *request)
{
    const struct intake *intake = arg;
    http_answer(request, 200, "application/json; charset=utf-8", intake->document, strlen(intake->document));
}

const struct http_route openapi_routes[] = {
    {.method = "GET",
     .path = "/api/v1/openapi.json",
     .handle = get_document,
     .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "This description", .chinese = "本接口的说明", .answer = "Document")},
};
const size_t openapi_route_count = sizeof openapi_routes / sizeof *openapi_routes;
