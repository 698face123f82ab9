/*
 * archive.h - the parts of the archive.
 *
 *   archive.c   a batch of deliveries in, verdicts and replies out; the service's callbacks
 *   files.c     the county files together: which are open, what is wrong with the others
 *   database.c  one county file: opening, transactions, queries; schema.c: its tables
 *   chain.c     the hashes by which changed rows are found
 *   anchor.c    how far the chains were: kept in Redis
 *   journal.c   storing steps and SMS, and the projection of each order's present values
 *   cases.c     what is complete: the case, its place in the full-text index, whether the order has left Redis
 *   matters.c   meetings, suggestions and entries that have ended, and whether they have left Redis
 *   contacts.c  who placed each order, sealed, until it is erased
 *   lists.c     the calls: orders, updates, history, search, audit trail
 *   listing.c   filters of a list, and its parts
 *   library.c   the public texts of cases and the classes of matters: what the archive itself adds to the journal
 *   similar.c   other orders that may be the same matter, and closed ones to learn from
 *   figures.c   numbers without names; records.c: what members, groups, departments and sectors did
 *   verify.c    the calls that check the chains, and what follows from the journal; and make the latter anew
 *   trail.c     the audit trail
 *   search.c    Chinese and other text to tokens
 *   retire.c    taking finished orders out of Redis
 *
 * All but anchor.c, trail.c, retire.c, archive_erase() and the callbacks work without Redis and ZeroMQ.
 */
#ifndef SIDAN_ARCHIVE_H
#define SIDAN_ARCHIVE_H

#include "common/audit.h"
#include "common/order.h"
#include "common/service.h"
#include "services/archive/database.h"

/* The fields that the table `orders` keeps of each order, as columns of the same name. */
#define PROJECTED(X)                                                                                                   \
    X(STATE)                                                                                                           \
    X(TITLE)                                                                                                           \
    X(TEXT)                                                                                                            \
    X(PLACE)                                                                                                           \
    X(COMMUNITY)                                                                                                       \
    X(TOWN)                                                                                                            \
    X(LAT)                                                                                                             \
    X(LONG)                                                                                                            \
    X(MEDIA_URL)                                                                                                       \
    X(SOURCE)                                                                                                          \
    X(SOURCE_REF)                                                                                                      \
    X(PUBLIC)                                                                                                          \
    X(CATEGORY)                                                                                                        \
    X(URGENCY)                                                                                                         \
    X(GROUP)                                                                                                           \
    X(DEPARTMENT)                                                                                                      \
    X(ASSISTING)                                                                                                       \
    X(OBJECTED)                                                                                                        \
    X(ASKED_DAYS)                                                                                                      \
    X(MEMBERS)                                                                                                         \
    X(PLACES)                                                                                                          \
    X(HANDED_AT)                                                                                                       \
    X(OUTCOME)                                                                                                         \
    X(ANSWER)                                                                                                          \
    X(WRITTEN)                                                                                                         \
    X(PROMISED_AT)                                                                                                     \
    X(RATING)                                                                                                          \
    X(FLAG)                                                                                                            \
    X(TO_CALL)                                                                                                         \
    X(REASON)                                                                                                          \
    X(RETURN_TO)                                                                                                       \
    X(CLOCK)                                                                                                           \
    X(CLOCK_AT)                                                                                                        \
    X(PAUSES)                                                                                                          \
    X(DUE)                                                                                                             \
    X(PRIMARY)                                                                                                         \
    X(MERGED)                                                                                                          \
    X(TAKEN_BACK)                                                                                                      \
    X(JOINT)                                                                                                           \
    X(FILES)                                                                                                           \
    X(PLACED_AT)                                                                                                       \
    X(OPENED_AT)                                                                                                       \
    X(ASSIGNED_AT)                                                                                                     \
    X(ANSWERED_AT)                                                                                                     \
    X(CLOSED_AT)

/* The same of meetings, suggestions and entries, which are in the table `matters`. */
#define PROJECTED_OF_MATTERS(X)                                                                                        \
    X(STATE)                                                                                                           \
    X(KIND)                                                                                                            \
    X(TITLE)                                                                                                           \
    X(TEXT)                                                                                                            \
    X(PLACE)                                                                                                           \
    X(MEETS_AT)                                                                                                        \
    X(ABOUT)                                                                                                           \
    X(MEETING)                                                                                                         \
    X(HOST)                                                                                                            \
    X(INVITED)                                                                                                         \
    X(COMING)                                                                                                          \
    X(EXCUSED)                                                                                                         \
    X(PRESENT)                                                                                                         \
    X(ABSENT)                                                                                                          \
    X(HELD_AT)                                                                                                         \
    X(AMOUNT)                                                                                                          \
    X(SECTOR)                                                                                                          \
    X(TASK)                                                                                                            \
    X(MINUTES)                                                                                                         \
    X(CATEGORY)                                                                                                        \
    X(GROUP)                                                                                                           \
    X(TOWN)                                                                                                            \
    X(DEPARTMENT)                                                                                                      \
    X(COMMITTEE)                                                                                                       \
    X(MEMBERS)                                                                                                         \
    X(HANDED_AT)                                                                                                       \
    X(PROMISED_AT)                                                                                                     \
    X(PROPOSED)                                                                                                        \
    X(SETTLED)                                                                                                         \
    X(KEPT)                                                                                                            \
    X(REASON)                                                                                                          \
    X(CLOCK)                                                                                                           \
    X(CLOCK_AT)                                                                                                        \
    X(PAUSES)                                                                                                          \
    X(DUE)                                                                                                             \
    X(PLACED_AT)                                                                                                       \
    X(CLOSED_AT)

/* SQLite does not mind the case of a name. */
#define PROJECTED_COLUMN(id) ", \"" #id "\""
#define PROJECTED_COLUMNS PROJECTED(PROJECTED_COLUMN)
#define PROJECTED_ONE(id) +1 /* NOLINT(bugprone-macro-parentheses): these make up a sum */
enum { PROJECTED_COUNT = PROJECTED(PROJECTED_ONE) };
extern const enum field projected[PROJECTED_COUNT];
#define MATTER_COLUMNS PROJECTED_OF_MATTERS(PROJECTED_COLUMN)
enum { MATTER_COUNT = PROJECTED_OF_MATTERS(PROJECTED_ONE) };
extern const enum field projected_of_matters[MATTER_COUNT];

/* files.c */

struct archive;

/* The directory is made when missing. 0 or -errno after logging why. Files are opened by archive_admit(). */
int archive_open(const char *dir, struct archive **ret_archive);
void archive_close(struct archive **archive);

/* Whether the county's file is to be opened now: it is not yet, or could not be for a while. now: ms since 1970. */
bool archive_lacks(const struct archive *archive, const char *county, int64_t now);

/* Opens the county's file. What is wrong with it is logged when it is news; see archive_trouble(). */
void archive_admit(struct archive *archive, const char *county, const struct anchor *anchor, int64_t now);

/* The county's file, NULL while it cannot be used. */
struct database *archive_database(const struct archive *archive, const char *county);

/*
 * After a failure: notes it, and closes a file that must be repaired. After a success: all is well again. Between the
 * two, for a second at a time, nothing is written: a loop that waits for a lock again and again does nothing else.
 */
void archive_failed(struct archive *archive, struct database *database, int64_t now);
void archive_worked(struct archive *archive, const struct database *database);
bool archive_rests(const struct archive *archive, const struct database *database, int64_t now);

/* What is wrong with a county's file; "" when nothing is, NULL for a county that is not known. And of any county. */
const char *archive_trouble_of(const struct archive *archive, const char *county);
const char *archive_trouble(const struct archive *archive);

/* All counties; NULL for one whose file cannot be used now. */
size_t archive_count(const struct archive *archive);
struct database *archive_at(const struct archive *archive, size_t index);

/* archive.c */

/*
 * Stores the events of a batch, one transaction per county, then answers its
 * calls. What could not be committed gets the verdict LATER. now: ms since 1970.
 */
void archive_take(struct archive *archive, struct delivery *deliveries, size_t count, int64_t now);

/* The callbacks of struct service_spec. */
int archive_start(struct service *service);
void archive_stop(struct service *service);
void archive_take_batch(struct service *service, struct delivery *deliveries, size_t count);
const char *archive_unready(const struct service *service);

/* anchor.c */

/* Opens the files that are not open, with what Redis knows of them. Nothing is opened while Redis is away. */
void anchor_open_files(struct service *service, struct archive *archive, int64_t now);

/* Tells Redis how far the chains are that were written to. Appends to no pipeline; uses the store. */
void anchor_news(struct archive *archive, struct store *store, int64_t now);

/* trail.c */

/* Takes new entries of the audit trail from Redis into the files. */
void trail_take(struct archive *archive, struct store *store, int64_t now);

/* Inside a transaction: stores an entry, if it is not known yet. id: that of the stream. 1, 0 or -EIO. */
int trail_store(struct database *database, const char *id, const struct audit *entry);

/* journal.c: inside a transaction. */

/*
 * Stores one step and brings the order's projection up to date. 1: stored;
 * 0: known already; -EEXIST: another step has this version; -EBADMSG: a value
 * that cannot be stored; -EIO.
 */
int journal_store(struct database *database, const struct delivery *delivery, int64_t now);

/*
 * Adds a step of the archive's own. order is what it is about, and fields its changes as JSON; of the step AT, VER,
 * STEP, ACTOR and NOTE are kept. 0 or -EIO.
 */
int journal_append(struct database *database, const struct delivery *step, const char *fields, int64_t now);

/* Makes an order's projection anew out of its steps. 0 or -EIO. */
int journal_project(struct database *database, const char *order);

/* Stores what became of an SMS. 0 or -EIO. */
int journal_store_sms(struct database *database, const struct delivery *delivery);

/* Reads a row of `SELECT JOURNAL_COLUMNS FROM journal`: the step and the fields it changed. 0 or -EIO. */
#define JOURNAL_COLUMNS "order_id, ver, at, stored_at, service, step, actor, state, note, fields"
int journal_row(sqlite3_stmt *query, struct record *step);

/* A table that follows from the journal, whose rows are how orders, or meetings and suggestions, stand. */
struct projection {
    const enum field *fields;
    int count;
    /* SQL: lays a step over a row; makes a row forget its fields; seeds one; rows from an id on, with the fields. */
    const char *apply, *forget, *seed, *rows;
};
extern const struct projection projection_of_orders, projection_of_matters;
const struct projection *projection_of(const char *order); /* by a number */

/* A case whose order still is in Redis; or another matter that has ended. */
struct waiting {
    char order[32];
    int64_t ver;
};
/* The first pause before one is asked to leave Redis; each further one is twice as long, up to 2^9 times. */
enum { RETIRE_PAUSE_MS = 1000, RETIRE_DOUBLINGS = 9 };

/* matters.c */

/* Inside a transaction: has a meeting or a suggestion that has ended leave Redis. 0 or -EIO. */
int matters_update(struct database *database, const char *matter, int64_t now);

/* As for cases, below. */
int64_t matters_waiting(struct database *database);
int matters_claim(struct database *database, int64_t now, struct waiting *ret_waiting, size_t max);
int matters_retired(struct database *database, const struct waiting *waiting, int64_t now);

/* cases.c */

/* Inside a transaction: writes the case of an order if the order is complete. 1: written; 0: not complete; -EIO. */
int cases_update(struct database *database, const char *order, int64_t now);

/* How many cases wait, or those whose order stays for what was promised; or -EIO. */
int64_t cases_waiting(struct database *database, bool followed);

/*
 * Runs a query that claims rows: now, pause, doublings and max are its values, number, version and whether to leave it
 * out its columns. How many, or -EIO.
 */
int waiting_claim(sqlite3_stmt *query, int64_t now, struct waiting *ret_waiting, size_t max);

/*
 * Claims up to max waiting cases whose turn has come; each comes up again
 * later, after longer and longer pauses, until cases_retired() names it.
 * Left out are those closed after that moment of which something that an
 * answer promised, or passed to supervision, is not settled yet: their
 * residents are to hear of it. Returns their number or -EIO.
 */
int cases_claim(struct database *database, int64_t now, int64_t closed_after, struct waiting *ret_waiting, size_t max);
int cases_retired(struct database *database, const struct waiting *waiting, int64_t now);

/* contacts.c: all but archive_erase() inside a transaction; 0 or -EIO. */

/*
 * The hash by which the journal knows who placed an order; that of nobody, too, so that no contact can be put in. It
 * says nothing about anybody and stays when the contact is erased. The caller frees it; NULL is -EIO.
 */
#define CONTACT_HASH "contact_hash" /* its name among the first step's changes; no field has this name */
char *contacts_hash(struct database *database, const char *order, const struct record *step);

/* Whether the contact is the one that the journal knows: ret_error is NULL, "changed", or "missing" without a record.
 */
int contacts_check(struct database *database, const char *order, const char **ret_error);

/* Stores what a step says of who placed the order, if it does. */
int contacts_store(struct database *database, const char *order, const struct record *step);

/* The order has left Redis: from its closing on the retention period runs. */
int contacts_closed(struct database *database, const char *order, int64_t now);

/* Deletes up to max contacts of orders that were closed before a time. Returns how many, with their orders, or -EIO. */
int contacts_erase(struct database *database, int64_t closed_before, char (*ret_orders)[ORDER_ID_SIZE], size_t max);

/* Erases contacts whose county's retention period is over, and puts it on record. */
void archive_erase(struct service *service);

/* lists.c */

/* Answers a call. 0, or -EIO with nothing answered. */
int lists_answer(struct database *database, struct delivery *delivery);

/* The orders that a call's filters let through, as rows of listing. 0 or -EIO. */
int lists_orders(struct database *database, const struct record *call, struct record *listing);

/* library.c */

/* What its own part of the journal is about: no order has such a number. A row is chosen by this text alone. */
#define OF_LIBRARY "order_id GLOB '*[/K]*'"

/* Answers a call that changes something: publishes a case or takes it back, opens or changes a class. 0 or -EIO. */
bool library_takes(enum message_type type);
int library_change(struct database *database, struct delivery *call, int64_t now);

/* As rows of a listing. 0, -EINVAL for a cursor that is none, or -EIO. */
int library_published(struct database *database, const struct record *call, struct record *listing);
int library_classes(struct database *database, const struct record *call, struct record *listing);

/* Makes the search of published cases anew; tells of what it has otherwise than the journal. 0 or -EIO. */
int library_rebuild(struct database *database);
sqlite3_stmt *library_faults(struct database *database);

/* similar.c: those that are like an order, the likest first, each with why; closed ones to learn from. 0 or -EIO. */
int similar_find(struct database *database, const struct record *call, struct record *listing);
int similar_precedents(struct database *database, const struct record *call, struct record *listing);

/* figures.c: as rows of a listing. 0 or -EIO. */
int figures_read(struct database *database, const struct record *call, struct record *listing);
int figures_public(struct database *database, const struct record *call, struct record *listing);
int figures_topics(struct database *database, const struct record *call, struct record *listing);

/* records.c: what members, groups and departments did, and sectors of the plan, as rows of a listing. 0 or -EIO. */
int records_plan(struct database *database, const struct record *call, struct record *listing);
int records_read(struct database *database, const struct record *call, struct record *listing);

/* verify.c */

/* Answers `journal.verify` and `journal.rebuild`: a bounded number of rows each time. 0, or -EIO or -ESTALE. */
int verify_answer(struct database *database, struct delivery *delivery, int64_t now);

/* search.c */

/* Makes the tokenizer "sidan" known to a connection. 0 or -EIO. */
int search_register(sqlite3 *sqlite);

/* What people type → an FTS5 expression that holds nothing but quoted words; NULL when no word is left. */
char *search_expression(const char *words);

/* retire.c */

/* Asks Redis to let go of the orders whose cases wait. */
void archive_retire(struct service *service);

#endif
