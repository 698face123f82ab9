/*
 * database.h - one county's SQLite file.
 *
 * Several processes of one host may have the same file open: WAL, a busy
 * timeout, and whatever takes several queries to write only between
 * database_begin() and database_commit().
 */
#ifndef SIDAN_ARCHIVE_DATABASE_H
#define SIDAN_ARCHIVE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;

/* Whether text is a county's id: six digits. Nothing else ever becomes a part of a path. */
bool county_id_valid(const char *text);

/*
 * Opens the county's file in dir and brings its schema up to date. 0; -ENOENT
 * when there is none and create is false; -EINVAL for what is no county id;
 * -EPROTO when a newer sidan made it; -EIO. Logs why.
 */
int database_open(const char *dir, const char *county, bool create, struct database **ret_database);
void database_close(struct database **database);

const char *database_county(const struct database *database);

/* What went wrong last, for the log: names of tables and columns, never their contents. */
const char *database_error(const struct database *database);

/* A transaction that writes. 0 or -EIO; after a failed commit nothing is stored. */
int database_begin(struct database *database);
int database_commit(struct database *database);
void database_rollback(struct database *database);

/* What has been deleted leaves the write-ahead log, too; unless somebody is reading just now. */
void database_forget(struct database *database);

/*
 * A query, prepared once per file and kept. It is reset when the variable goes
 * out of scope, so a text of one of its columns must be copied before. A query
 * that could not be prepared is NULL: then query_next() says so.
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
