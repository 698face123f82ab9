/*
 * files.c - the county files together: which are open, and what is wrong with the others.
 *
 * A file that cannot be used stops its own county only. It is tried again every few seconds, so a repaired one is in
 * use soon; but one that is damaged only when it has become another file. What is wrong is said once, when it is news.
 */
#include "services/archive/archive.h"

#include "common/alloc.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    REST_MS = 1000,  /* after a failed write */
    RETRY_MS = 3000, /* between two tries to open a file */
    COUNTY_SIZE = 7,
};

/* A county, and its file if that can be used. */
struct holding {
    char county[COUNTY_SIZE];
    struct database *database;
    char trouble[WHY_SIZE]; /* "" when all is well */
    int64_t failed_at;
    struct timespec damaged; /* when the file was last changed that is damaged; 0: it is not */
};

struct archive {
    char *dir;
    struct holding *holdings;
    size_t count;
};

int archive_open(const char *dir, struct archive **ret_archive)
{
    int result = directory_make(dir, 0750);
    if (result < 0) {
        log_error("cannot make the directory %s: %s", dir, strerror(-result));
        return result;
    }
    struct archive *archive = xcalloc(1, sizeof *archive);
    archive->dir = xstrdup(dir);
    /* What is sorted for a large index needs room, which is certainly here; /tmp may be small, or not writable. */
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", dir);
    *ret_archive = archive;
    return 0;
}

void archive_close(struct archive **archive)
{
    if (!*archive)
        return;
    for (size_t i = 0; i < (*archive)->count; i++)
        database_close(&(*archive)->holdings[i].database);
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = NULL;
    free((*archive)->holdings);
    free((*archive)->dir);
    free(*archive);
    *archive = NULL;
}

size_t archive_count(const struct archive *archive)
{
    return archive->count;
}

struct database *archive_at(const struct archive *archive, size_t index)
{
    return archive->holdings[index].database;
}

static struct holding *find(const struct archive *archive, const char *county)
{
    for (size_t i = 0; i < archive->count; i++)
        if (strcmp(archive->holdings[i].county, county) == 0)
            return &archive->holdings[i];
    return NULL;
}

struct database *archive_database(const struct archive *archive, const char *county)
{
    const struct holding *holding = find(archive, county);
    return holding ? holding->database : NULL;
}

/* Clocks may jump: a pause that seems to lie in the future is over. */
static bool is_within(int64_t since, int64_t ms, int64_t now)
{
    return now >= since && now - since < ms;
}

/* When the county's file was changed last; 0 when it is not there. */
static struct timespec changed_at(const struct archive *archive, const char *county)
{
    struct stat file = {0};
    AUTOFREE char *path = xasprintf("%s/%s.db", archive->dir, county);
    if (stat(path, &file) < 0)
        return (struct timespec){0};
    return file.st_mtim;
}

static bool is_same_damage(const struct archive *archive, const struct holding *holding)
{
    struct timespec changed = changed_at(archive, holding->county);
    return holding->damaged.tv_sec != 0 && changed.tv_sec == holding->damaged.tv_sec &&
           changed.tv_nsec == holding->damaged.tv_nsec;
}

bool archive_lacks(const struct archive *archive, const char *county, int64_t now)
{
    const struct holding *holding = find(archive, county);
    if (!holding)
        return true;
    return !holding->database && !is_within(holding->failed_at, RETRY_MS, now) && !is_same_damage(archive, holding);
}

static void tell(const char *county, bool usable)
{
    char labels[32];
    snprintf(labels, sizeof labels, "county=\"%s\"", county);
    metric_set("sidan_archive_unusable", "1: nothing can be stored in the county's file; see the log.", labels,
               !usable);
}

static void set_trouble(struct holding *holding, int fault, const char *why, int64_t now)
{
    holding->failed_at = now;
    if (strcmp(holding->trouble, why) == 0)
        return;
    snprintf(holding->trouble, sizeof holding->trouble, "%s", why);
    if (fault == -EIO)
        log_warning("county=%s %s; its events wait", holding->county, why);
    else
        log_error("county=%s %s; its events wait", holding->county, why);
    tell(holding->county, false);
}

static void clear_trouble(struct holding *holding)
{
    holding->damaged = (struct timespec){0};
    if (!*holding->trouble)
        return;
    *holding->trouble = '\0';
    log_info("county=%s its file can be used again", holding->county);
    tell(holding->county, true);
}

void archive_admit(struct archive *archive, const char *county, const struct anchor *anchor, int64_t now)
{
    struct holding *holding = find(archive, county);
    if (!holding) {
        archive->holdings = xrealloc(archive->holdings, (archive->count + 1) * sizeof *archive->holdings);
        holding = &archive->holdings[archive->count++];
        *holding = (struct holding){0};
        snprintf(holding->county, sizeof holding->county, "%s", county);
        tell(county, true);
    }
    char why[WHY_SIZE] = "it is not a county's id";
    int result = database_open(archive->dir, county, anchor, &holding->database, why);
    if (result == 0)
        clear_trouble(holding);
    else
        set_trouble(holding, result, why, now);
    if (result == -EUCLEAN)
        holding->damaged = changed_at(archive, county);
}

void archive_failed(struct archive *archive, struct database *database, int64_t now)
{
    struct holding *holding = find(archive, database_county(database));
    char why[WHY_SIZE];
    int result = database_fault(database, why);
    set_trouble(holding, result, why, now);
    if (result == -EIO) {
        database_rollback(database);
        return;
    }
    database_close(&holding->database);
    if (result == -EUCLEAN)
        holding->damaged = changed_at(archive, holding->county);
}

void archive_worked(struct archive *archive, const struct database *database)
{
    clear_trouble(find(archive, database_county(database)));
}

bool archive_rests(const struct archive *archive, const struct database *database, int64_t now)
{
    const struct holding *holding = find(archive, database_county(database));
    return *holding->trouble && is_within(holding->failed_at, REST_MS, now);
}

const char *archive_trouble_of(const struct archive *archive, const char *county)
{
    const struct holding *holding = find(archive, county);
    return holding ? holding->trouble : NULL;
}

const char *archive_trouble(const struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        if (*archive->holdings[i].trouble)
            return archive->holdings[i].trouble;
    return "";
}
