/*
 * national.c - the country's holidays and make-up workdays, as the State Council publishes them each November.
 *
 * A directory has a file for each year, 2026.json, in the form of https://github.com/NateScarlet/holiday-cn:
 * {"year": 2026, "days": [{"name": "元旦", "date": "2026-01-01", "isOffDay": true}, ...]}. All of them together become
 * one more file of each county that is checked or applied. A file without days says that nothing is published yet.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/calendar.h"

#include <dirent.h>
#include <string.h>

static int is_year(const struct dirent *entry)
{
    return strlen(entry->d_name) == 9 && strspn(entry->d_name, "0123456789") == 4 &&
           strcmp(entry->d_name + 4, ".json") == 0;
}

static int year_of(int64_t at)
{
    char text[TIME_SIZE];
    time_format(text, at);
    return atoi(text);
}

static bool write_day(FILE *out, const char *path, size_t number, json_t *day)
{
    const char *name, *date;
    int off;
    int64_t at;
    json_error_t error;
    if (json_unpack_ex(day, &error, 0, "{s:s, s:s, s:b}", "name", &name, "date", &date, "isOffDay", &off) < 0) {
        fail("%s: day %zu: %s", path, number, error.text);
        return false;
    }
    if (date_parse(date, &at) < 0 || strpbrk(name, "\",\r\n")) {
        fail("%s: day %zu: %s", path, number, "it is a date such as 2026-10-01, and a name without commas or quotes");
        return false;
    }
    fprintf(out, "%s,%s,%s\n", date, off ? "off" : "work", name);
    return true;
}

/* Appends a year's days; their number, or -1 after saying what is wrong. */
static int write_year(FILE *out, const char *path, int year)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *day;
    const json_t *days = json_object_get(file, "days");
    int count = 0;
    size_t index;
    if (!file) {
        fail("%s:%d: %s", path, error.line, error.text);
        count = -1;
    } else if (json_integer_value(json_object_get(file, "year")) != year || !json_is_array(days)) {
        fail("%s: it does not have \"year\": %d, and \"days\"", path, year);
        count = -1;
    }
    json_array_foreach(days, index, day)
    {
        if (count >= 0)
            count = write_day(out, path, index + 1, day) ? count + 1 : -1;
    }
    json_decref(file);
    return count;
}

char *national_calendar(const char *directory, int64_t now)
{
    enum { DECEMBER_DAYS = 31 }; /* within them the year to come is expected */
    int wanted[] = {year_of(now), year_of(now + DECEMBER_DAYS * INT64_C(86400000))};
    struct dirent **entries = NULL;
    int entry_count = scandir(directory, &entries, is_year, alphasort);
    bool good = true;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("date,kind,name\n", out);
    for (int i = 0; i < entry_count; i++) {
        AUTOFREE char *path = xasprintf("%s/%s", directory, entries[i]->d_name);
        int year = atoi(entries[i]->d_name), count = write_year(out, path, year);
        good = good && count >= 0;
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
            if (wanted[k] == year && count > 0)
                wanted[k] = 0;
        free(entries[i]);
    }
    free(entries);
    fclose(out);
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
        if (wanted[k] && (k == 0 || wanted[k] != wanted[k - 1]))
            fprintf(stderr, "%s/%d.json: it is missing, or has no days: holidays of %d count as workdays\n", directory,
                    wanted[k], wanted[k]);
    if (good)
        return text;
    free(text);
    return NULL;
}
