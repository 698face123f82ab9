/*
 * chain.c - the hashes that hold the rows of a table together; see chain.h.
 *
 * Whoever has the file alone can neither make a hash nor see from one what the next would be. Whoever also has the
 * county's secret can write a chain anew, but not make it agree with marks that were noted elsewhere.
 */
#include "services/archive/chain.h"

#include "common/alloc.h"
#include "services/archive/database.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

const char *chain_table(enum chain chain)
{
    static const char *const tables[CHAIN_COUNT] = {"journal", "audit"};
    return tables[chain];
}

void chain_key(unsigned char key[CHAIN_KEY_SIZE], const unsigned char secret[32])
{
    /* The words keep this key apart from others made of the same secret. */
    static const unsigned char purpose[] = "chain of the archive";
    crypto_generichash(key, CHAIN_KEY_SIZE, purpose, sizeof purpose - 1, secret, 32);
}

/* Each value goes in with its type and its length, so that no two rows have the same bytes. */
static void add_value(crypto_generichash_state *state, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    uint64_t size = 8, number;
    const void *bytes = &number;
    if (type == SQLITE_INTEGER) {
        number = htole64((uint64_t)sqlite3_value_int64(value));
    } else if (type == SQLITE_FLOAT) {
        double real = sqlite3_value_double(value);
        memcpy(&number, &real, sizeof number);
        number = htole64(number);
    } else {
        bytes = sqlite3_value_blob(value); /* of a text: its UTF-8 */
        size = (uint64_t)sqlite3_value_bytes(value);
    }
    unsigned char tag = (unsigned char)type;
    uint64_t length = htole64(size);
    crypto_generichash_update(state, &tag, 1);
    crypto_generichash_update(state, (const unsigned char *)&length, sizeof length);
    if (size > 0)
        crypto_generichash_update(state, bytes, size);
}

static void chain_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, sqlite3_user_data(context), CHAIN_KEY_SIZE, sizeof hash);
    for (int i = 0; i < count; i++)
        add_value(&state, values[i]);
    crypto_generichash_final(&state, hash, sizeof hash);
    sqlite3_result_blob(context, hash, sizeof hash, SQLITE_TRANSIENT);
}

int chain_register(sqlite3 *sqlite, const unsigned char key[CHAIN_KEY_SIZE])
{
    unsigned char *own = xmalloc(CHAIN_KEY_SIZE);
    memcpy(own, key, CHAIN_KEY_SIZE);
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int result = sqlite3_create_function_v2(sqlite, "chain", -1, flags, own, chain_function, NULL, NULL, free);
    return result == SQLITE_OK ? 0 : -EIO;
}

int chain_old_rows(struct database *database)
{
    int64_t last = query_value(database_query(database, "SELECT max(id) FROM journal"));
    for (int64_t id = 1; id <= last; id++) {
        QUERY *query =
            database_query(database, "UPDATE journal SET hash = chain('journal', (SELECT hash FROM journal"
                                     " AS before WHERE before.id = ?1 - 1), " JOURNAL_CHAINED ") WHERE id = ?1");
        query_int(query, 1, id);
        if (query_run(query, NULL) < 0)
            return -EIO;
    }
    return last < 0 ? -EIO : 0;
}

int chain_mark(struct database *database, enum chain chain, char ret_mark[MARK_SIZE])
{
#define MARK "id || ' ' || lower(hex(hash))"
    static const char *const queries[CHAIN_COUNT] = {"SELECT " MARK " FROM journal ORDER BY id DESC LIMIT 1",
                                                     "SELECT " MARK " FROM audit ORDER BY id DESC LIMIT 1"};
    QUERY *query = database_query(database, queries[chain]);
    int result = query_next(query);
    if (result < 0)
        return result;
    snprintf(ret_mark, MARK_SIZE, "%s", result > 0 ? query_column(query, 0) : "");
    return 0;
}

int chain_holds(struct database *database, enum chain chain, const char *mark)
{
    /* The cast takes the number at the beginning. */
    static const char *const queries[CHAIN_COUNT] = {
        "SELECT count(*) FROM journal WHERE id = CAST(?1 AS INTEGER) AND " MARK " = ?1",
        "SELECT count(*) FROM audit WHERE id = CAST(?1 AS INTEGER) AND " MARK " = ?1"};
    if (*mark == '\0')
        return 1;
    QUERY *query = database_query(database, queries[chain]);
    query_text(query, 1, mark);
    return (int)query_value(query);
}
