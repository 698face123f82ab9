/*
 * portrait.c - 画像: what a member did, as points in the county's dimensions. Pure.
 */
#include "services/intake/records.h"

#include "common/schema.h"

#include <stdlib.h>
#include <string.h>

static int clamped(int64_t value, int least, int most)
{
    return value < least ? least : value > most ? most : (int)value;
}

static enum field measure_of(const struct portrait_row *row)
{
    return (enum field)field_by_name(row->measure, strlen(row->measure));
}

static int points_of(const struct portrait_row *row, const struct record *record)
{
    int most = abs(row->most);
    return clamped(row->points * record_int(record, measure_of(row)), -most, most);
}

/* How much of what the dimension counts has happened at all. */
static int64_t times_of(const struct county *county, const char *dimension, const struct record *record)
{
    int64_t times = 0;
    for (size_t i = 0; i < county->portrait_count; i++)
        if (strcmp(county->portrait[i].dimension, dimension) == 0)
            times += record_int(record, measure_of(&county->portrait[i]));
    return times;
}

static int score_of(const struct county *county, const char *dimension, const struct record *record)
{
    int sum = 0;
    for (size_t i = 0; i < county->portrait_count; i++)
        if (strcmp(county->portrait[i].dimension, dimension) == 0)
            sum += points_of(&county->portrait[i], record);
    return clamped(sum, 0, 100);
}

static bool is_new(const struct county *county, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(county->portrait[i].dimension, county->portrait[index].dimension) == 0)
            return false;
    return true;
}

json_t *portrait_of(const struct county *county, const struct record *record, int *ret_score)
{
    if (county->portrait_count == 0)
        return NULL;
    json_t *dimensions = json_array();
    int sum = 0;
    for (size_t i = 0; i < county->portrait_count; i++) {
        const char *dimension = county->portrait[i].dimension;
        if (!is_new(county, i))
            continue;
        int score = score_of(county, dimension, record);
        sum += score;
        json_array_append_new(dimensions, json_pack("{s:s, s:i, s:I}", "dimension", dimension, "score", score, "times",
                                                    (json_int_t)times_of(county, dimension, record)));
    }
    int count = (int)json_array_size(dimensions);
    *ret_score = (sum + count / 2) / count;
    return dimensions;
}
