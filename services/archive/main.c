/*
 * sidan-archive - the journal, cases, lists and search; the audit trail.
 */
#include "services/archive/archive.h"

static const struct param params[] = {
    {"data_dir", PARAM_STR, "var/archive", 1, 500, "", "where the county files are"},
    {"retire_ms", PARAM_INT, "1000", 10, 3600000, "ms", "between two looks for orders that may leave Redis"},
    {"erase_ms", PARAM_INT, "60000", 10, 86400000, "ms", "between two looks for contacts that may not be kept longer"},
};

static const struct service_spec spec = {
    .id = ARCHIVE,
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .take = archive_take_batch,
    .start = archive_start,
    .stop = archive_stop,
    .unready = archive_unready,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &spec);
}
