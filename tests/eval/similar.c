/*
 * similar.c - how well the archive finds orders that are the same matter: build/eval/similar MESSAGES PAIRS
 *
 * MESSAGES is a CSV of real messages (id,time,title,text,...,user), PAIRS one of pairs of them that were judged
 * (id_a,id_b,same,...). Prints how many of those that are the same matter one order shows for the other,
 * how many of those that are not, and how long a question takes.
 */
// links: services/archive
#include "tests/unit/archive_fixture.h"

#include "common/csv.h"

#include <stdlib.h>
#include <time.h>

struct message {
    char *id;
    struct tm placed;
};

struct pair {
    int a, b;
    bool same;
    double score;
};

static struct message *messages;
static struct pair *pairs;
static int message_count, pair_count, columns[4];

static int column(char *const header[], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(header[i], name) == 0)
            return (int)i;
    fprintf(stderr, "the column %s is missing\n", name);
    exit(1);
}

static void number_of(char order[ORDER_ID_SIZE], int index)
{
    order_id(order, COUNTY, index + 1);
}

static int take_message(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    char order[ORDER_ID_SIZE];
    (void)arg;
    if (line == 1) {
        static const char *const names[] = {"title", "text", "user", "time"};
        for (int i = 0; i < 4; i++)
            columns[i] = column(fields, count, names[i]);
        return 0;
    }
    if (error)
        return 0;
    messages = xrealloc(messages, (size_t)(message_count + 1) * sizeof *messages);
    messages[message_count] = (struct message){.id = xstrdup(fields[0])};
    struct tm *placed = &messages[message_count].placed;
    if (sscanf(fields[columns[3]], "%d%*1[-/]%d%*1[-/]%d", &placed->tm_year, &placed->tm_mon, &placed->tm_mday) != 3)
        fprintf(stderr, "line %d has no time\n", line);
    placed->tm_year -= 1900;
    placed->tm_mon--;
    step(1, "open");
    record_set_n(message, F_TITLE, fields[columns[0]], strlen(fields[columns[0]]));
    record_set(message, F_TEXT, fields[columns[1]]);
    record_set(message, F_CONTACT, "sealed");
    record_set(message, F_PERSON, fields[columns[2]]);
    record_set_int(message, F_PLACED_AT, (int64_t)timegm(placed) * 1000);
    number_of(order, message_count++);
    assert_int_equal(take_step(order), VERDICT_OK);
    return 0;
}

static int find_message(const char *id)
{
    for (int i = 0; i < message_count; i++)
        if (strcmp(messages[i].id, id) == 0)
            return i;
    return -1;
}

static int take_pair(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    (void)arg;
    if (line == 1 || error || count < 3)
        return 0;
    struct pair pair = {
        .a = find_message(fields[0]), .b = find_message(fields[1]), .same = strcmp(fields[2], "1") == 0};
    if (pair.a >= 0 && pair.b >= 0) {
        pairs = xrealloc(pairs, (size_t)(pair_count + 1) * sizeof *pairs);
        pairs[pair_count++] = pair;
    }
    return 0;
}

static void read_file(const char *path, csv_row_fn *take)
{
    static char piece[65536];
    FILE *file = fopen(path, "r");
    struct csv *csv = csv_new(1 << 20, take, NULL);
    if (!file) {
        perror(path);
        exit(1);
    }
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;)
        csv_feed(csv, piece, size);
    csv_finish(csv);
    csv_destroy(&csv);
    fclose(file);
}

static void ask_pair(struct pair *pair)
{
    char order[ORDER_ID_SIZE], other[ORDER_ID_SIZE];
    number_of(order, pair->a);
    number_of(other, pair->b);
    record_clear(message);
    record_set(message, F_ORDER, order);
    record_set(message, F_STATES, "open");
    record_set_int(message, F_LIMIT, 1000);
    const struct record *listing = ask(MSG_FIND_SIMILAR);
    for (size_t i = 0; i < record_rows(listing, F_ROWS); i++)
        if (record_is(record_row(listing, F_ROWS, i), F_ORDER, other))
            pair->score = record_real(record_row(listing, F_ROWS, i), F_SCORE);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s MESSAGES PAIRS\n", argv[0]);
        return 2;
    }
    void *none = NULL;
    if (set_up(&none) < 0)
        return 1;
    read_file(argv[1], take_message);
    read_file(argv[2], take_pair);
    int counts[2][2] = {{0}}; /* by whether they are the same matter, and whether one shows the other */
    double start = mono_seconds();
    for (int i = 0; i < pair_count; i++) {
        ask_pair(&pairs[i]);
        counts[pairs[i].same][pairs[i].score > 0]++;
    }
    double each = (mono_seconds() - start) / pair_count;
    printf("similar: %d messages, %d pairs; shown: %d of %d that are the same matter, %d of %d that are not; %.0f ms "
           "each\n",
           message_count, pair_count, counts[1][1], counts[1][0] + counts[1][1], counts[0][1],
           counts[0][0] + counts[0][1], each * 1e3);
    return tear_down(&none);
}
