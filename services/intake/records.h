/*
 * records.h - 履职: records of members, groups and departments as the API shows them, and the bulletin made of them.
 */
#ifndef SIDAN_INTAKE_RECORDS_H
#define SIDAN_INTAKE_RECORDS_H

#include "common/county.h"
#include "common/record.h"

#include <jansson.h>

/* Where the bulletin's page is: one folder deep, as all pages are. */
#define BULLETIN_PAGE "/b/"

/*
 * The portrait of a member (画像) by the county's portrait.csv: [{"dimension": "…", "score": 0 to 100}, …] in the order
 * of the file. A dimension's score is the sum of its rows, each with so many points for each of what is counted, and no
 * more than its most. ret_score: their mean. NULL in a county without that file. The caller owns it.
 */
json_t *portrait_of(const struct county *county, const struct record *record, int *ret_score);

/*
 * The rows of a period, of the archive's listing, with names, portraits and scores: all members of the roster whether
 * they did something or not, then all groups and departments, then those that are on no list any more. The caller owns
 * them.
 */
json_t *records_rows(const struct county *county, const struct record *listing);

/*
 * The plan of the sectors (四个一), of what the archive knows to be done: [{"sector": "…", "task": "…", "wanted": 1,
 * "done": 1, "orders": ["…"]}, …], the rows of plan.csv first. The caller owns them.
 */
json_t *plan_rows(const struct county *county, const struct record *done);

/*
 * What a bulletin (季通报) is about: rows as records_rows() gives them, of the period and of its year up to the end of
 * the period; those of the plan in that year, of topics and figures. Borrowed.
 */
struct bulletin {
    const struct county *county;
    int64_t start, end; /* ms since 1970 */
    json_t *records, *year, *plan, *topics, *figures;
};

/*
 * The bulletin as tables, [{"title": "…", "head": ["…"], "rows": [["…", 1], …]}, …]: an overview, groups, members,
 * departments, the four rankings, who was absent too often this year, the plan of the sectors, frequent matters. The
 * caller owns it.
 * Titles have at most 31 characters and none of []:*?/\, so each can be the name of a sheet.
 */
json_t *bulletin_tables(const struct bulletin *bulletin, bool english);

/* "云溪县政协 2026年第三季度履职情况通报"; for another period its days. The caller frees it. */
char *bulletin_title(const struct bulletin *bulletin, bool english);

#endif
