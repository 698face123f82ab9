/*
 * A county's files: all that can be wrong with them is said in one line of text each, and what is taken is
 * whole. A line "== towns.csv" replaces that file of a good county by what follows it.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

#include "common/permission.h"

static int faults;

static void on_fault(void *arg, const struct county_fault *fault)
{
    const char *const texts[] = {fault->english, fault->chinese};
    (void)arg;
    faults++;
    PROMISE(*fault->file && fault->line >= 0);
    for (size_t i = 0; i < 2; i++)
        PROMISE(*texts[i] && is_text(texts[i]) && !strchr(texts[i], '\n'));
}

/* The file that "== NAME" and a line's end at `line` begin, or -1; ret_size: of that line. */
static int file_at(const char *line, size_t *ret_size)
{
    *ret_size = strcspn(line, "\n");
    for (int file = 0; file < COUNTY_FILE_COUNT; file++) {
        const char *name = county_file_name((enum county_file)file);
        if (strncmp(line, "== ", 3) == 0 && *ret_size == strlen(name) + 3 &&
            strncmp(line + 3, name, strlen(name)) == 0 && line[*ret_size] == '\n')
            return file;
    }
    return -1;
}

static void split(char *text, const char *files[COUNTY_FILE_COUNT])
{
    memcpy(files, fixture_files, sizeof fixture_files);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t size;
        int file = file_at(line, &size);
        if (file < 0)
            continue;
        *line = '\0'; /* the end of the file before */
        line += size;
        files[file] = line + 1;
    }
}

static bool are_scopes(const char *words)
{
    char word[80];
    bool known = *words;
    for (const char *rest = words; words_next(&rest, word, sizeof word);)
        known = known && words_have(SCOPES, word);
    return known;
}

static void is_whole(const struct county *county)
{
    PROMISE(is_text(county->name) && *county->name && county_category(county, "other"));
    for (size_t i = 0; i < county->community_count; i++)
        PROMISE(county->communities[i].town && *county->communities[i].town->id);
    for (size_t i = 0; i < county->member_count; i++)
        PROMISE(county_group(county, county->members[i].group) && is_mobile(county->members[i].phone));
    for (size_t i = 0; i < county->rule_count; i++)
        PROMISE(county_category(county, county->rules[i].category) && county->rules[i].weight > 0);
    for (size_t i = 0; i < county->key_count; i++)
        PROMISE(strlen(county->keys[i].hash) == 64 && are_scopes(county->keys[i].role));
    for (size_t i = 0; i < county->staff_count; i++)
        PROMISE(words_have("office city", county->staff[i].role) && is_mobile(county->staff[i].phone));
    for (size_t i = 0; i < county->plan_count; i++) {
        const struct plan_row *row = &county->plan[i];
        PROMISE(*row->sector && text_length(row->sector, strlen(row->sector)) <= field_info(F_SECTOR)->max &&
                words_have(PLAN_TASKS, row->task) && row->wanted > 0 &&
                county_plan(county, row->sector, row->task) == row);
    }
    PROMISE(county->absences_told > 0);
    struct roster_entry entry;
    for (size_t i = 0; county_roster(county, i, &entry); i++)
        PROMISE(*entry.kind && is_id(entry.id) && is_text(entry.phone));
    for (int kind = 0; kind < CLOCK_KINDS; kind++) {
        struct span span = county_clock(county, "urgent", (enum clock_kind)kind);
        bool missing = span.working_days == 0 && span.ms == 0;
        PROMISE(missing ? kind == CLOCK_CONFIRM : calendar_end(county, fixture_now, span, NULL) > fixture_now);
    }
    PROMISE(calendar_next_work(county, fixture_now) >= fixture_now);
    PROMISE(!county_key(county, "nobody's key"));
}

static void fuzz(const char *data, size_t size)
{
    const char *files[COUNTY_FILE_COUNT];
    AUTOFREE char *text = xstrndup(data, size);
    struct county *county = NULL;
    split(text, files);
    faults = 0;
    int result = county_parse("990101", files, on_fault, NULL, &county);
    PROMISE((result == 0) == (faults == 0) && (result == 0) == (county != NULL));
    if (county)
        is_whole(county);
    county_destroy(&county);
}
