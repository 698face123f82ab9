/*
 * classify.c - category and place by the county's tables; see classify.h.
 *
 * Nothing here fails: what is not known is said with a confidence of 0, and a
 * convener looks at it.
 */
#include "services/routing/classify.h"

#include "common/alloc.h"
#include "common/text.h"

#include <string.h>

static const double doubt = 1.0, title_factor = 2.0;

static bool all_words_occur(const char *words, const char *text)
{
    char word[200];
    bool any = false;
    while (words_next(&words, word, sizeof word)) {
        if (!strstr(text, word))
            return false;
        any = true;
    }
    return any;
}

static const struct category *fallback(const struct county *county)
{
    const struct category *other = county_category(county, "other");
    return other ? other : &county->categories[county->category_count - 1];
}

struct classification classify_matter(const struct county *county, const struct record *order)
{
    const struct category *chosen = county_category(county, record_str(order, F_CATEGORY));
    struct classification result = {.category = chosen ? chosen : fallback(county), .confidence = chosen ? 1 : 0};
    const char *title = record_str(order, F_TITLE);
    AUTOFREE char *all = xasprintf("%s\n%s", title, record_str(order, F_TEXT));
    double *scores = xcalloc(county->category_count, sizeof *scores), total = 0, best = 0;

    for (size_t i = 0; i < county->rule_count; i++) {
        const struct rule *rule = &county->rules[i];
        if (!all_words_occur(rule->words, all))
            continue;
        result.urgent |= strcmp(rule->urgency, "urgent") == 0;
        double weight = rule->weight * (all_words_occur(rule->words, title) ? title_factor : 1);
        const struct category *category = county_category(county, rule->category);
        double *score = &scores[category - county->categories];
        *score += weight;
        total += weight;
        if (!chosen && *score > best) {
            best = *score;
            result.category = category;
        }
    }
    if (!chosen && total > 0)
        result.confidence = best / (total + doubt);
    result.urgent |= strcmp(result.category->urgency, "urgent") == 0;
    free(scores);
    return result;
}

/* Keeps the community if one of its names occurs and is longer than what was found before. */
static void match(const struct community *community, const char *text, size_t *longest,
                  const struct community **ret_found)
{
    char name[200];
    size_t length = strlen(community->name);
    if (length > *longest && strstr(text, community->name)) {
        *longest = length;
        *ret_found = community;
    }
    for (const char *aliases = community->aliases; words_next(&aliases, name, sizeof name);) {
        length = strlen(name);
        if (length > *longest && strstr(text, name)) {
            *longest = length;
            *ret_found = community;
        }
    }
}

struct location classify_place(const struct county *county, const struct record *order)
{
    static const struct {
        enum field field;
        double confidence; /* a place given as the place is surer than one mentioned somewhere */
    } sources[] = {{F_PLACE, 1}, {F_TITLE, 0.9}, {F_TEXT, 0.8}};

    struct location result = {.community = county_community(county, record_str(order, F_COMMUNITY)), .confidence = 1};
    for (size_t i = 0; !result.community && i < sizeof sources / sizeof *sources; i++) {
        size_t longest = 0;
        for (size_t k = 0; k < county->community_count; k++)
            match(&county->communities[k], record_str(order, sources[i].field), &longest, &result.community);
        result.confidence = sources[i].confidence;
    }
    result.group = result.community ? county_group_of(county, result.community->id) : NULL;
    if (!result.group)
        result.confidence = 0;
    return result;
}
