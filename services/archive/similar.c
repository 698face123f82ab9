/*
 * similar.c - other orders that may be the same matter: to merge (并单) while they are open, to learn from when closed.
 *
 * Two texts are compared by the pairs of adjacent characters that they share, each weighing more the rarer it is: the
 * cosine of both texts, that of their titles, the days between them, and whether one person placed both. The weights
 * come from a logistic regression on pairs of real messages that were judged by reading (CONTRIBUTING.md says how it is
 * measured), so a score is how likely people would handle the two as one. Only pairs of the order that is asked about
 * are counted; those that another text has beside them count as of average rarity, which is as good and far cheaper.
 */
#include "common/alloc.h"
#include "common/text.h"
#include "services/archive/archive.h"
#include "services/archive/listing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

enum {
    LOOKED_AT = 5000, /* orders that one is compared with: the newest */
    TEXT_MAX = 1000,  /* characters of a text that count */
    KEPT = 100,       /* of which the caller may not see all */
    LIMIT_DEFAULT = 10,
    PHRASES_MAX = 5,
    SLOTS = 8192, /* a power of two well above the pairs of a title and a text */
};

/* z = BIAS + TEXTS cosine of texts + TITLES cosine of titles + DAYS ln(1 + days) + PERSON, if it is the same. No pair
 * that was judged was by one person and about nothing in common, as those are for whom a clerk of the community places
 * orders: below COMMON, PERSON counts in proportion. */
static const double BIAS = -0.846, TEXTS = 4.774, TITLES = 4.696, DAYS = -0.429, PERSON = 2.238, COMMON = 0.1;
static const double SCORE_MIN = 0.5, DAY_MS = 86400000;

/* -- pairs of characters ----------------------------------------------------------------------------------------- */

struct reader {
    const char *at, *last, *pair; /* what comes next; where the last character began, and the pair */
    int32_t before;               /* the last character; 0 where none goes before in its run of letters and digits */
    size_t left;
};

static bool is_counted(int32_t character)
{
    utf8proc_category_t category = utf8proc_category(character);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The next pair, which ends at reader->at. False at the end of the text. */
static bool next_pair(struct reader *reader, uint64_t *ret_pair)
{
    while (*reader->at && reader->left > 0) {
        int32_t character;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)reader->at, -1, &character);
        int32_t before = reader->before;
        reader->pair = reader->last;
        reader->last = reader->at;
        reader->before = size > 0 && is_counted(character) ? utf8proc_tolower(character) : 0;
        reader->at += size > 0 ? size : 1;
        reader->left--;
        if (before && reader->before) {
            *ret_pair = (uint64_t)before << 32 | (uint32_t)reader->before;
            return true;
        }
    }
    return false;
}

/* -- the order that is asked about ------------------------------------------------------------------------------- */

/* How often a pair is there, in title and text and in the title alone. */
struct counts {
    int all, title;
};

struct gram {
    uint64_t pair;
    struct counts counts;
    int orders; /* that have it */
    double rarity;
};

struct subject {
    char *title, *text;
    int64_t placed_at;
    struct gram *grams;
    size_t count;
    uint16_t slots[SLOTS]; /* a hash table of them: index + 1, 0 for none */
};
#define SUBJECT __attribute__((cleanup(subject_end))) struct subject

/* cppcheck-suppress unusedFunction ; SUBJECT uses it */
static void subject_end(struct subject *subject)
{
    free(subject->title);
    free(subject->text);
    free(subject->grams);
}

/* The place of a pair in the hash table, or of its absence. */
static uint16_t *slot_of(struct subject *subject, uint64_t pair)
{
    uint64_t hash = pair * 0x9E3779B97F4A7C15U >> 32;
    while (subject->slots[hash % SLOTS] && subject->grams[subject->slots[hash % SLOTS] - 1].pair != pair)
        hash++;
    return &subject->slots[hash % SLOTS];
}

/* NULL when the order does not have this pair. */
static struct gram *find_gram(struct subject *subject, uint64_t pair)
{
    uint16_t slot = *slot_of(subject, pair);
    return slot ? &subject->grams[slot - 1] : NULL;
}

static void add_grams(struct subject *subject, const char *text, bool title)
{
    struct reader reader = {.at = text, .left = TEXT_MAX};
    for (uint64_t pair; next_pair(&reader, &pair);) {
        uint16_t *slot = slot_of(subject, pair);
        if (!*slot) {
            subject->grams[subject->count++] = (struct gram){.pair = pair, .orders = 1};
            *slot = (uint16_t)subject->count;
        }
        subject->grams[*slot - 1].counts.all++;
        subject->grams[*slot - 1].counts.title += title;
    }
}

static void subject_begin(struct subject *subject)
{
    subject->grams = xcalloc((size_t)2 * TEXT_MAX, sizeof *subject->grams);
    add_grams(subject, subject->title, true);
    add_grams(subject, subject->text, false);
}

/* -- those it is compared with ----------------------------------------------------------------------------------- */

/* One of the subject's pairs that another order has. */
struct shared {
    size_t gram;
    struct counts counts;
};

struct candidate {
    char order[ORDER_ID_SIZE];
    struct shared *shared;
    size_t shared_count;
    struct counts total; /* of all its pairs */
    double days;
    bool same_person;
    int liked; /* how its resident rated it: more is better */
    double score;
};

struct candidates {
    struct candidate *all;
    size_t count;
};
#define CANDIDATES __attribute__((cleanup(candidates_end))) struct candidates

/* cppcheck-suppress unusedFunction ; CANDIDATES uses it */
static void candidates_end(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        free(candidates->all[i].shared);
    free(candidates->all);
}

/* scratch: one for each of the subject's pairs, all 0, and left so. */
static void count_pairs(struct subject *subject, const char *text, bool title, struct counts *scratch,
                        struct candidate *candidate)
{
    struct reader reader = {.at = text, .left = TEXT_MAX};
    for (uint64_t pair; next_pair(&reader, &pair);) {
        const struct gram *gram = find_gram(subject, pair);
        candidate->total.all++;
        candidate->total.title += title;
        if (!gram)
            continue;
        scratch[gram - subject->grams].all++;
        scratch[gram - subject->grams].title += title;
    }
}

static void collect(struct subject *subject, struct counts *scratch, struct candidate *candidate)
{
    candidate->shared = xcalloc(subject->count + 1, sizeof *candidate->shared);
    for (size_t i = 0; i < subject->count; i++) {
        if (scratch[i].all == 0)
            continue;
        candidate->shared[candidate->shared_count++] = (struct shared){i, scratch[i]};
        subject->grams[i].orders++;
        scratch[i] = (struct counts){0, 0};
    }
    candidate->shared = xrealloc(candidate->shared, (candidate->shared_count + 1) * sizeof *candidate->shared);
}

static double weight(const struct gram *gram, int times)
{
    return times > 0 ? (1 + log(times)) * gram->rarity : 0;
}

/* The cosine of two texts, or of their titles. */
static double cosine(const struct subject *subject, const struct candidate *candidate, bool title)
{
    double own = 0, product = 0, other = 0;
    int pairs = 0, shared = 0;
    for (size_t i = 0; i < subject->count; i++) {
        const struct gram *gram = &subject->grams[i];
        double of_gram = weight(gram, title ? gram->counts.title : gram->counts.all);
        own += of_gram * of_gram;
        pairs += of_gram > 0;
    }
    for (size_t i = 0; i < candidate->shared_count; i++) {
        const struct gram *gram = &subject->grams[candidate->shared[i].gram];
        const struct counts *there = &candidate->shared[i].counts;
        double of_gram = weight(gram, title ? there->title : there->all);
        product += of_gram * weight(gram, title ? gram->counts.title : gram->counts.all);
        other += of_gram * of_gram;
        shared += title ? there->title : there->all;
    }
    if (pairs == 0)
        return 0;
    other += own / pairs * ((title ? candidate->total.title : candidate->total.all) - shared);
    return own > 0 && other > 0 ? product / sqrt(own * other) : 0;
}

static void score(struct subject *subject, const struct candidates *candidates)
{
    for (size_t i = 0; i < subject->count; i++)
        subject->grams[i].rarity = log1p((double)(candidates->count + 1) / subject->grams[i].orders);
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *candidate = &candidates->all[i];
        double texts = cosine(subject, candidate, false);
        double z = BIAS + TEXTS * texts + TITLES * cosine(subject, candidate, true) + DAYS * log1p(candidate->days) +
                   PERSON * candidate->same_person * fmin(1, texts / COMMON);
        candidate->score = 1 / (1 + exp(-z));
    }
}

/* The likest first; of those that are equally alike, in tenths, the better rated ones. */
static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    int tenths = (int)(right->score * 10) - (int)(left->score * 10);
    if (tenths == 0)
        tenths = right->liked - left->liked;
    if (tenths != 0)
        return tenths;
    return left->score != right->score ? (left->score < right->score) - (left->score > right->score)
                                       : strcmp(left->order, right->order);
}

/* -- reading and telling ----------------------------------------------------------------------------------------- */

/* The order that a call names, or what it tells of one that is not placed yet. 1; 0: there is no such order; -EIO. */
static int read_subject(struct database *database, const struct record *call, struct subject *subject)
{
    if (record_has(call, F_TITLE)) {
        subject->title = xstrdup(record_str(call, F_TITLE));
        subject->text = xstrdup(record_str(call, F_TEXT));
        subject->placed_at = now_ms();
        subject_begin(subject);
        return 1;
    }
    QUERY *query = database_query(database, "SELECT title, text, placed_at FROM orders WHERE order_id = ?1");
    query_text(query, 1, record_str(call, F_ORDER));
    int result = query_next(query);
    if (result <= 0)
        return result;
    subject->title = xstrdup(query_column(query, 0));
    subject->text = xstrdup(query_column(query, 1));
    subject->placed_at = sqlite3_column_int64(query, 2);
    subject_begin(subject);
    return 1;
}

static int read_candidates(struct database *database, const struct record *call, const char *in_states,
                           struct subject *subject, struct candidates *candidates)
{
    AUTOFREE char *states = words_to_json(in_states);
    AUTOFREE struct counts *scratch = xcalloc(subject->count + 1, sizeof *scratch);
    QUERY *query =
        database_query(database, "SELECT order_id, title, text, placed_at,"
                                 " (SELECT person FROM contacts WHERE order_id = orders.order_id)"
                                 " = (SELECT person FROM contacts WHERE order_id = ?1), CASE rating WHEN"
                                 " 'satisfied' THEN 2 WHEN 'basically' THEN 1 WHEN 'dissatisfied' THEN -1"
                                 " ELSE 0 END FROM orders"
                                 " WHERE order_id <> ?1 AND state IN (SELECT value FROM json_each(?2))"
                                 " AND (?4 = '' OR (community = ?4 AND ?6 = 0) OR (town = ?5 AND public = 1))"
                                 " ORDER BY placed_at DESC, order_id DESC LIMIT ?3");
    query_text(query, 1, record_str(call, F_ORDER));
    query_text(query, 2, states);
    query_int(query, 3, LOOKED_AT);
    query_text(query, 4, record_str(call, F_COMMUNITY)); /* of what is not placed yet */
    query_text(query, 5, record_str(call, F_TOWN));
    query_int(query, 6, record_int(call, F_PUBLIC));
    candidates->all = xcalloc(LOOKED_AT, sizeof *candidates->all);
    int result;
    while ((result = query_next(query)) > 0) {
        struct candidate *candidate = &candidates->all[candidates->count++];
        snprintf(candidate->order, sizeof candidate->order, "%s", query_column(query, 0));
        candidate->days = fabs((double)(sqlite3_column_int64(query, 3) - subject->placed_at)) / DAY_MS;
        candidate->same_person = sqlite3_column_int(query, 4);
        candidate->liked = sqlite3_column_int(query, 5);
        count_pairs(subject, query_column(query, 1), true, scratch, candidate);
        count_pairs(subject, query_column(query, 2), false, scratch, candidate);
        collect(subject, scratch, candidate);
    }
    return result;
}

static bool shares(struct subject *subject, const struct candidate *candidate, uint64_t pair)
{
    const struct gram *gram = find_gram(subject, pair);
    for (size_t i = 0; gram && i < candidate->shared_count; i++)
        if (candidate->shared[i].gram == (size_t)(gram - subject->grams))
            return true;
    return false;
}

static void add_phrase(char *phrases, size_t size, const char *start, const char *end)
{
    AUTOFREE char *phrase = xstrndup(start, (size_t)(end - start));
    if (words_count(phrases) < PHRASES_MAX && !words_have(phrases, phrase))
        words_append(phrases, size, phrase);
}

/* Adds what stands in a text and, from three characters on, in the candidate, too. */
static void add_phrases(struct subject *subject, const struct candidate *candidate, const char *text, char *phrases,
                        size_t size)
{
    struct reader reader = {.at = text, .left = TEXT_MAX};
    const char *start = NULL, *end = NULL;
    size_t pairs = 0;
    uint64_t pair;
    for (bool more = true; more;) {
        more = next_pair(&reader, &pair);
        bool shared = more && shares(subject, candidate, pair), goes_on = shared && pairs > 0 && reader.pair < end;
        if (!goes_on) {
            if (pairs > 1)
                add_phrase(phrases, size, start, end);
            start = reader.pair;
            pairs = 0;
        }
        end = reader.at;
        pairs += shared;
    }
}

static void tell(struct subject *subject, const struct candidate *candidate, struct record *row)
{
    char phrases[600] = "";
    add_phrases(subject, candidate, subject->title, phrases, sizeof phrases);
    add_phrases(subject, candidate, subject->text, phrases, sizeof phrases);
    record_set_real(row, F_SCORE, round(candidate->score * 100) / 100);
    record_set(row, F_SHARED, phrases);
    record_set_int(row, F_SAME_PERSON, candidate->same_person);
    record_unset(row, F_TEXT);
}

/* Those that are like the order that a call names, the likest first; none when there is no such order. 0 or -EIO. */
static int find(struct database *database, const struct record *call, const char *states, struct subject *subject,
                struct candidates *candidates)
{
    int result = read_subject(database, call, subject);
    if (result > 0)
        result = read_candidates(database, call, states, subject, candidates);
    if (result < 0 || candidates->count == 0)
        return result;
    score(subject, candidates);
    qsort(candidates->all, candidates->count, sizeof *candidates->all, compare_candidates);
    return 0;
}

/* What of the best a caller may see, as the filters of any list decide. 0 or -EIO. */
static int list_seen(struct database *database, const struct record *call, const struct candidates *candidates,
                     struct record *seen)
{
    char best[KEPT * ORDER_ID_SIZE] = "";
    for (size_t i = 0; i < candidates->count && i < KEPT && candidates->all[i].score >= SCORE_MIN; i++)
        words_append(best, sizeof best, candidates->all[i].order);
    RECORD *filter = record_new();
    record_set(filter, F_ORDERS, best);
    record_set_int(filter, F_LIMIT, KEPT);
    record_copy(filter, call, F_WITHIN);
    record_set_rows(seen, F_ROWS);
    return lists_orders(database, filter, seen);
}

/* The row of an order among those; NULL when it is not there. */
static const struct record *row_of(const struct record *seen, const char *order)
{
    for (size_t i = 0; i < record_rows(seen, F_ROWS); i++)
        if (record_is(record_row(seen, F_ROWS, i), F_ORDER, order))
            return record_row(seen, F_ROWS, i);
    return NULL;
}

static int64_t rows_wanted(const struct record *call)
{
    return record_has(call, F_LIMIT) ? record_int(call, F_LIMIT) : LIMIT_DEFAULT;
}

int similar_find(struct database *database, const struct record *call, struct record *listing)
{
    SUBJECT subject = {.count = 0};
    CANDIDATES candidates = {.count = 0};
    RECORD *seen = record_new();
    int result = find(database, call, record_str(call, F_STATES), &subject, &candidates);
    if (result == 0)
        result = list_seen(database, call, &candidates, seen);
    for (size_t i = 0; i < candidates.count && (int64_t)record_rows(listing, F_ROWS) < rows_wanted(call); i++) {
        const struct record *row = row_of(seen, candidates.all[i].order);
        if (!row)
            continue;
        struct record *told = record_add_row(listing, F_ROWS);
        record_copy_all(told, row);
        tell(&subject, &candidates.all[i], told);
    }
    record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
    return result;
}

/*
 * A closed order to learn from: as it is for who may see it; for everybody else the public text of its case, if it has
 * one, whose answer is a part of that. 1; 0: it is nothing to show; or -EIO.
 */
static int add_precedent(struct database *database, struct subject *subject, const struct candidate *candidate,
                         const struct record *seen, struct record *listing)
{
    static const enum field fields[] = {F_ORDER, F_TITLE, F_CATEGORY, F_OUTCOME, F_ANSWER, F_RATING, F_CLOSED_AT};
    const struct record *row = row_of(seen, candidate->order);
    RECORD *public = record_new();
    if (!row) {
        record_set(public, F_ORDER, candidate->order);
        record_set_rows(public, F_ROWS);
        int result = library_published(database, public, public);
        if (result < 0 || record_rows(public, F_ROWS) == 0)
            return result;
        row = record_row(public, F_ROWS, 0);
    }
    struct record *told = record_add_row(listing, F_ROWS);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        record_copy(told, row, fields[i]);
    tell(subject, candidate, told);
    record_unset(told, F_SAME_PERSON);
    if (record_rows(public, F_ROWS) > 0)
        record_copy(told, row, F_TEXT);
    return 1;
}

int similar_precedents(struct database *database, const struct record *call, struct record *listing)
{
    SUBJECT subject = {.count = 0};
    CANDIDATES candidates = {.count = 0};
    RECORD *seen = record_new();
    int result = find(database, call, STATE_CLOSED, &subject, &candidates);
    if (result == 0)
        result = list_seen(database, call, &candidates, seen);
    for (size_t i = 0; result >= 0 && i < candidates.count && i < KEPT && candidates.all[i].score >= SCORE_MIN &&
                       (int64_t)record_rows(listing, F_ROWS) < rows_wanted(call);
         i++)
        result = add_precedent(database, &subject, &candidates.all[i], seen, listing);
    record_set_int(listing, F_TOTAL, (int64_t)record_rows(listing, F_ROWS));
    return result < 0 ? result : 0;
}
