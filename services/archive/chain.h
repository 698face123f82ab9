/*
 * chain.h - rows that nobody can change, remove, put in or move without it being found.
 *
 * The rows of a chained table are numbered from 1 without a gap. Each has a hash over the hash of the row before it,
 * its number and all its values, made with a key of the county that is not in the file. The mark of the last row is
 * kept in Redis too, so that a cut end shows; see anchor.c.
 */
#ifndef SIDAN_ARCHIVE_CHAIN_H
#define SIDAN_ARCHIVE_CHAIN_H

#include <sqlite3.h>

struct database;

/* The chained tables of a county's file. */
enum chain { CHAIN_JOURNAL, CHAIN_AUDIT, CHAIN_COUNT };
const char *chain_table(enum chain chain); /* "journal", "audit" */

/* What the hashes are made of, in this order, which must never change: the table's name and these columns. */
#define JOURNAL_CHAINED "id, order_id, ver, at, message_id, service, step, actor, state, note, fields, stored_at"
#define AUDIT_CHAINED "id, entry, at, actor, action, order_id, result, detail"

/*
 * What a new row is selected from: the hash of the row before it, NULL for the first one, and `next`, its own number.
 * (With max(id) in a subquery SQLite would go through the whole table.)
 */
#define CHAIN_END(table)                                                                                               \
    "(SELECT coalesce(last, 0) + 1 AS next, hash FROM (SELECT 1) LEFT JOIN"                                            \
    " (SELECT id AS last, hash FROM " table " ORDER BY id DESC LIMIT 1))"

/* Where a chain stands: "NUMBER HASH" of its last row; "" while it has none. */
enum { MARK_SIZE = 96 };

/* What is known about a county's file from outside of it. */
enum { CHAIN_KEY_SIZE = 32 };
struct anchor {
    unsigned char key[CHAIN_KEY_SIZE];
    char marks[CHAIN_COUNT][MARK_SIZE]; /* the last ones that Redis knows of */
};

/* Makes the key out of the county's secret. */
void chain_key(unsigned char key[CHAIN_KEY_SIZE], const unsigned char secret[32]);

/*
 * Makes the SQL function chain(TABLE, HASH, VALUE, ...) known to a connection: the hash of a row with these values that
 * follows a row with this hash (NULL for the first row). 0 or -EIO.
 */
int chain_register(sqlite3 *sqlite, const unsigned char key[CHAIN_KEY_SIZE]);

/* Gives the rows of a journal that was written before there were hashes theirs. 0 or -EIO. */
int chain_old_rows(struct database *database);

/* Where the chain stands now. 0 or -EIO. */
int chain_mark(struct database *database, enum chain chain, char ret_mark[MARK_SIZE]);

/* Whether the file still has the row of a mark: 1, 0, or -EIO. */
int chain_holds(struct database *database, enum chain chain, const char *mark);

#endif
