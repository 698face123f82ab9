/*
 * database.h - one county's SQLite file.
 *
 * Several processes of one host may have the same file open: WAL, a busy
 * timeout, and whatever takes several queries to write only between
 * database_begin() and database_commit().
 */
#ifndef SIDAN_ARCHIVE_DATABASE_H
#define SIDAN_ARCHIVE_DATABASE_H

#include "services/archive/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;

/* Whether text is a county's id: six digits. Nothing else ever becomes a part of a path. */
bool county_id_valid(const char *text);

/* Why a file cannot be used: for operators, with the file's path. */
enum { WHY_SIZE = 400 };

/*
 * Opens the county's file in dir, made when there never was one, and brings its schema up to date.
 * 0; -EINVAL for what is no county id; otherwise with ret_why:
 *   -EIO      it may pass by itself: the file is locked, the disk is full or does not answer
 *   -EUCLEAN  the file must be repaired: it is damaged, or not one of ours
 *   -ESTALE   rows that were stored are not there: it is missing, or cut, or an old one
 */
int database_open(const char *dir, const char *county, const struct anchor *anchor, struct database **ret_database,
                  char ret_why[WHY_SIZE]);
void database_close(struct database **database);

/* schema.c. Whether the open file is one of ours: 0; -EUCLEAN with ret_why; -EIO. And bringing it up to date. */
int schema_recognise(struct database *database, bool *ret_empty, const char **ret_why);
int schema_migrate(struct database *database);

/* Empties all that follows from the journal, inside a transaction. 0 or -EIO. */
int schema_forget_projections(struct database *database);
/* Whether tables, indexes and triggers are those that the migrations make, and no others: 1, 0 or -EIO. */
int schema_is_whole(struct database *database);

const char *database_county(const struct database *database);

/*
 * What the latest failure means, as database_open() tells it, and what it was: never with the contents of a row.
 * Files that must be repaired are not used any more, only closed.
 */
int database_fault(struct database *database, char ret_why[WHY_SIZE]);

/*
 * A transaction that writes. 0, -EIO or -ESTALE; after a failure it is to be rolled back, and nothing is stored. It
 * does not begin when the file has been taken away, or has lost a row that Redis knows of.
 */
int database_begin(struct database *database);
int database_commit(struct database *database);
void database_rollback(struct database *database);

/* Statements without values. 0 or -EIO. */
int database_run(struct database *database, const char *sql);

/* Whether all rows that Redis knows of are there: 0, -EIO or -ESTALE. */
int database_check_marks(struct database *database);

/* The mark of a chain that Redis knows of, and a later one. Whether something was committed since the latest was set.
 */
const char *database_known_mark(const struct database *database, enum chain chain);
void database_set_known_mark(struct database *database, enum chain chain, const char *mark);
bool database_has_news(const struct database *database);
void database_set_news(struct database *database, bool news);
/* What has been deleted leaves the write-ahead log, too. While somebody is reading it stays, until the next call. */
void database_forget(struct database *database, bool deleted);

/*
 * A query, prepared once per file and kept while it is wanted now and then. It is reset when the variable goes
 * out of scope, so a text of one of its columns must be copied before. A query
 * that could not be prepared is NULL: then query_next() says so. Its text has nothing that is another each time:
 * values are bound, and the moment is now_ms().
 *
 *   QUERY *query = database_query(database, "SELECT ... WHERE id = ?1");
 *   query_int(query, 1, id);
 *   while ((result = query_next(query)) > 0) ...
 */
#define QUERY __attribute__((cleanup(query_end))) sqlite3_stmt
sqlite3_stmt *database_query(struct database *database, const char *sql);
void query_end(sqlite3_stmt **query);

/* Binds a value, which must live until the query ends. A NULL text is NULL. */
void query_text(sqlite3_stmt *query, int index, const char *text);
void query_int(sqlite3_stmt *query, int index, int64_t value);
void query_real(sqlite3_stmt *query, int index, double value);

/* 1: a row; 0: no more; -EIO. */
int query_next(sqlite3_stmt *query);

/* For a query without rows: 0 or -EIO. ret_changed (or NULL): how many rows it changed. */
int query_run(sqlite3_stmt *query, int64_t *ret_changed);

/* The only value of the only row; 0 without a row; -EIO. */
int64_t query_value(sqlite3_stmt *query);

/* A column's text, "" for NULL. Valid until the next step. */
const char *query_column(sqlite3_stmt *query, int column);

#endif
