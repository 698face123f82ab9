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

/* Whether a place begins here whose name only begins like this one: "青山乡" is no mention of "青山". */
static bool is_longer_name(const struct county *county, const char *at, const char *name)
{
    for (size_t i = 0; i < county->town_count; i++) {
        const char *town = county->towns[i].name;
        if (strlen(town) > strlen(name) && strncmp(at, town, strlen(town)) == 0)
            return true;
    }
    return false;
}

static bool is_mentioned(const struct county *county, const char *name, const char *text)
{
    const char *at = strstr(text, name);
    while (at && is_longer_name(county, at, name))
        at = strstr(at + strlen(name), name);
    return at != NULL;
}

/* The length of the longest name of a community that is in the text; 0: none is. */
static size_t longest_mention(const struct county *county, const struct community *community, const char *text)
{
    char name[200];
    size_t longest = is_mentioned(county, community->name, text) ? strlen(community->name) : 0;
    for (const char *aliases = community->aliases; words_next(&aliases, name, sizeof name);)
        if (strlen(name) > longest && is_mentioned(county, name, text))
            longest = strlen(name);
    return longest;
}

static const struct community *find_community(const struct county *county, const char *text)
{
    const struct community *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < county->community_count; i++) {
        size_t length = longest_mention(county, &county->communities[i], text);
        if (length > longest) {
            longest = length;
            found = &county->communities[i];
        }
    }
    return found;
}

static const struct town *find_town(const struct county *county, const char *text)
{
    for (size_t i = 0; i < county->town_count; i++)
        if (is_mentioned(county, county->towns[i].name, text))
            return &county->towns[i];
    return NULL;
}

struct location classify_place(const struct county *county, const struct record *order)
{
    static const struct {
        enum field field;
        double confidence; /* a place given as the place is surer than one mentioned somewhere */
    } sources[] = {{F_PLACE, 1}, {F_TITLE, 0.9}, {F_TEXT, 0.8}};
    enum { SOURCES = sizeof sources / sizeof *sources };

    struct location result = {.community = county_community(county, record_str(order, F_COMMUNITY)), .confidence = 1};
    for (size_t i = 0; !result.community && i < SOURCES; i++) {
        result.community = find_community(county, record_str(order, sources[i].field));
        result.confidence = sources[i].confidence;
    }
    result.town = result.community ? result.community->town : NULL;
    for (size_t i = 0; !result.town && i < SOURCES; i++)
        result.town = find_town(county, record_str(order, sources[i].field));
    result.group = result.community ? county_group_of(county, result.community->id) : NULL;
    if (!result.group)
        result.confidence = 0;
    return result;
}
