/*
 * journal.c - what happened to each order, step by step, and how each order
 * stands after it.
 *
 * The journal is the truth; the tables `orders` and `matters` follow from it. Steps come
 * from several services, so they may overtake each other: a step with a new
 * highest version is applied on top, any other makes the projection anew.
 * Runs inside the transaction of its batch; an error undoes that as a whole.
 */
#include "common/alloc.h"
#include "services/archive/archive.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#define FIELD_OF(id) F_##id,
const enum field projected[PROJECTED_COUNT] = {PROJECTED(FIELD_OF)};
const enum field projected_of_matters[MATTER_COUNT] = {PROJECTED_OF_MATTERS(FIELD_OF)};

/* A field that a step did not change is NULL, and its column is kept. */
#define VALUE(id) ", ?"
#define KEEP_OR_SET(id) ", \"" #id "\" = coalesce(excluded.\"" #id "\", \"" #id "\")"
#define FORGET(id) ", \"" #id "\" = NULL"
#define PROJECTION(table, fields_of)                                                                                   \
    .apply = "INSERT INTO " table                                                                                      \
             " (order_id, ver, steps, updated_at" fields_of(PROJECTED_COLUMN) ") VALUES (?1, ?2, 1, ?3" fields_of(     \
                 VALUE) ") ON CONFLICT (order_id) DO UPDATE SET"                                                       \
                        " ver = excluded.ver, steps = steps + 1, updated_at = max(updated_at, "                        \
                        "excluded.updated_at)" fields_of(KEEP_OR_SET),                                                 \
    .forget = "UPDATE " table " SET steps = 0" fields_of(FORGET) " WHERE order_id = ?1",                               \
    .seed = "INSERT INTO " table " (order_id, ver, steps, updated_at) VALUES (?1, 0, 0, 0)"                            \
            " ON CONFLICT (order_id) DO NOTHING",                                                                      \
    .rows = "SELECT id, order_id, ver, steps, updated_at" fields_of(                                                   \
        PROJECTED_COLUMN) " FROM " table " WHERE id > ?1 ORDER BY id LIMIT ?2"

const struct projection projection_of_orders = {
    .fields = projected, .count = PROJECTED_COUNT, PROJECTION("orders", PROJECTED)};
const struct projection projection_of_matters = {
    .fields = projected_of_matters, .count = MATTER_COUNT, PROJECTION("matters", PROJECTED_OF_MATTERS)};

const struct projection *projection_of(const char *order)
{
    return matter_of(order) > MATTER_ORDER ? &projection_of_matters : &projection_of_orders;
}

static const char *text_or_null(const struct record *record, enum field field)
{
    return record_has(record, field) ? record_str(record, field) : NULL;
}

/* Whether a field of a step is kept among its changes; the others have columns of their own in the journal. */
static bool is_change(enum field field)
{
    return field == F_VIA || (!(field_info(field)->flags & (MARK | PERSONAL)) && field != F_VER && field != F_STATE);
}

static json_t *value_to_json(const struct record *record, enum field field)
{
    switch (field_info(field)->type) {
    case FIELD_STR:
        return json_stringn(record_str(record, field), record_len(record, field));
    case FIELD_INT:
        return json_integer(record_int(record, field));
    case FIELD_REAL:
        return json_real(record_real(record, field));
    default:
        return NULL;
    }
}

/* The changed fields as JSON, which the caller frees; NULL when a value is none that JSON knows (not a number, no
 * UTF-8). The first step also has the hash of the order's contact, which by this is a part of the chain. */
static char *changes_to_json(struct database *database, const char *order, const struct record *step)
{
    const struct message_info *info = message_info(MSG_ORDER_STEP);
    json_t *object = json_object();
    int failed = 0;
    for (size_t i = 0; i < info->field_count; i++) {
        enum field field = info->fields[i].field;
        if (is_change(field) && record_has(step, field))
            failed |= json_object_set_new(object, field_info(field)->name, value_to_json(step, field));
    }
    if (record_int(step, F_VER) == 1) {
        AUTOFREE char *hash = contacts_hash(database, order, step);
        failed |= json_object_set_new(object, CONTACT_HASH, json_string(hash));
    }
    char *text = failed ? NULL : json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}

/* Names and types that this version does not know are passed over. */
static int changes_from_json(const char *text, struct record *step)
{
    json_t *object = json_loads(text, 0, NULL), *value;
    const char *name;
    if (!object)
        return -EIO;
    json_object_foreach(object, name, value)
    {
        int field = field_by_name(name, strlen(name));
        if (field < 0)
            continue;
        enum field_type type = field_info((enum field)field)->type;
        if (type == FIELD_STR && json_is_string(value))
            record_set_n(step, (enum field)field, json_string_value(value), json_string_length(value));
        else if (type == FIELD_INT && json_is_integer(value))
            record_set_int(step, (enum field)field, json_integer_value(value));
        else if (type == FIELD_REAL && json_is_number(value))
            record_set_real(step, (enum field)field, json_number_value(value));
    }
    json_decref(object);
    return 0;
}

int journal_row(sqlite3_stmt *query, struct record *step)
{
    record_set(step, F_ORDER, query_column(query, 0));
    record_set_int(step, F_VER, sqlite3_column_int64(query, 1));
    record_set_int(step, F_AT, sqlite3_column_int64(query, 2));
    record_set_int(step, F_UPDATED_AT, sqlite3_column_int64(query, 3));
    record_set(step, F_SERVICE, query_column(query, 4));
    record_set(step, F_STEP, query_column(query, 5));
    record_set(step, F_ACTOR, query_column(query, 6));
    if (sqlite3_column_type(query, 7) != SQLITE_NULL)
        record_set(step, F_STATE, query_column(query, 7));
    if (sqlite3_column_type(query, 8) != SQLITE_NULL)
        record_set(step, F_NOTE, query_column(query, 8));
    return changes_from_json(query_column(query, 9), step);
}

/* Lays a step's fields over the order's. */
static int apply(struct database *database, const char *order, const struct record *step, int64_t stored_at)
{
    const struct projection *projection = projection_of(order);
    QUERY *query = database_query(database, projection->apply);
    query_text(query, 1, order);
    query_int(query, 2, record_int(step, F_VER));
    query_int(query, 3, stored_at);
    for (int i = 0; i < projection->count; i++) {
        enum field field = projection->fields[i];
        if (!record_has(step, field))
            continue;
        enum field_type type = field_info(field)->type;
        if (type == FIELD_STR)
            query_text(query, 4 + i, record_str(step, field));
        else if (type == FIELD_INT)
            query_int(query, 4 + i, record_int(step, field));
        else
            query_real(query, 4 + i, record_real(step, field));
    }
    return query_run(query, NULL);
}

/* Forgets what an order's row says and makes it anew; the row itself stays, a case may belong to it. */
int journal_project(struct database *database, const char *order)
{
    const struct projection *projection = projection_of(order);
    QUERY *seed = database_query(database, projection->seed);
    query_text(seed, 1, order);
    QUERY *forget = database_query(database, projection->forget);
    query_text(forget, 1, order);
    int result = query_run(seed, NULL);
    if (result == 0)
        result = query_run(forget, NULL);
    if (result < 0)
        return result;
    RECORD *step = record_new();
    QUERY *steps = database_query(database, "SELECT " JOURNAL_COLUMNS " FROM journal WHERE order_id = ?1 ORDER BY ver");
    query_text(steps, 1, order);
    while ((result = query_next(steps)) > 0) {
        record_clear(step);
        result = journal_row(steps, step);
        if (result == 0)
            result = apply(database, order, step, record_int(step, F_UPDATED_AT));
        if (result < 0)
            break;
    }
    return result;
}

static int project(struct database *database, const char *order, const struct record *step, int64_t now)
{
    QUERY *query = database_query(database, "SELECT max(ver) FROM journal WHERE order_id = ?1");
    query_text(query, 1, order);
    int64_t highest = query_value(query);
    if (highest < 0)
        return -EIO;
    return record_int(step, F_VER) >= highest ? apply(database, order, step, now) : journal_project(database, order);
}

/* What both queries of a step have as parameters. */
static void bind_step(sqlite3_stmt *query, const struct delivery *delivery, const char *changes)
{
    const struct record *step = delivery->message;
    query_text(query, 1, delivery->order);
    query_int(query, 2, record_int(step, F_VER));
    query_int(query, 3, record_int(step, F_AT));
    query_text(query, 4, delivery->id);
    query_text(query, 5, record_str(step, F_SERVICE));
    query_text(query, 6, record_str(step, F_STEP));
    query_text(query, 7, record_str(step, F_ACTOR));
    query_text(query, 8, text_or_null(step, F_STATE));
    query_text(query, 9, text_or_null(step, F_NOTE));
    query_text(query, 10, changes);
}

/* Adds a row unless the version has one. How many were added: 0 or 1; or -EIO. */
static int insert_step(struct database *database, const struct delivery *delivery, const char *changes, int64_t now)
{
    int64_t inserted = 0;
    QUERY *insert =
        database_query(database, "INSERT INTO journal (" JOURNAL_CHAINED
                                 ", hash) SELECT next, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                                 " chain('journal', hash, next, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                                 " FROM " CHAIN_END("journal") " WHERE true ON CONFLICT (order_id, ver) DO NOTHING");
    bind_step(insert, delivery, changes);
    query_int(insert, 11, now);
    int result = query_run(insert, &inserted);
    return result < 0 ? result : (int)inserted;
}

int journal_append(struct database *database, const struct delivery *step, const char *fields, int64_t now)
{
    int inserted = insert_step(database, step, fields, now);
    return inserted == 1 ? 0 : -EIO;
}

int journal_store(struct database *database, const struct delivery *delivery, int64_t now)
{
    AUTOFREE char *changes = changes_to_json(database, delivery->order, delivery->message);
    if (!changes)
        return -EBADMSG;
    int result = insert_step(database, delivery, changes, now);
    if (result < 0)
        return result;
    if (result > 0) {
        /* Only with a new step: one that comes again must not bring back what was erased. */
        result = contacts_store(database, delivery->order, delivery->message);
        if (result == 0)
            result = project(database, delivery->order, delivery->message, now);
        return result < 0 ? result : 1;
    }
    /* The same message is the same step even if an older version of this program stored less of it. */
    QUERY *same = database_query(
        database, "SELECT count(*) FROM journal WHERE order_id = ?1 AND ver = ?2 AND (message_id = ?4 OR (at = ?3"
                  " AND service = ?5 AND step = ?6 AND actor = ?7 AND state IS ?8 AND note IS ?9 AND fields = ?10))");
    bind_step(same, delivery, changes);
    int64_t count = query_value(same);
    return count < 0 ? -EIO : count ? 0 : -EEXIST;
}

int journal_store_sms(struct database *database, const struct delivery *delivery)
{
    /* Delivered and failed are the end; otherwise what happened later is so. */
    QUERY *query = database_query(database, "INSERT INTO sms (sms, order_id, recipient, template, state, at, detail)"
                                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (sms) DO UPDATE SET"
                                            " state = excluded.state, at = excluded.at, detail = excluded.detail"
                                            " WHERE (excluded.state IN ('delivered', 'failed'), excluded.at)"
                                            " >= (state IN ('delivered', 'failed'), at)");
    const struct record *sms = delivery->message;
    query_text(query, 1, record_str(sms, F_SMS));
    query_text(query, 2, delivery->order);
    query_text(query, 3, record_str(sms, F_RECIPIENT));
    query_text(query, 4, record_str(sms, F_TEMPLATE));
    query_text(query, 5, record_str(sms, F_SMS_STATE));
    query_int(query, 6, record_int(sms, F_AT));
    query_text(query, 7, text_or_null(sms, F_DETAIL));
    return query_run(query, NULL);
}
