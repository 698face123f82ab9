/*
 * Files of parameters: what is taken lies within its bounds, what is not is said.
 */
#include "tests/fuzz/fuzz.h"

#include "common/param.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct param table[] = {
    {"port", PARAM_INT, "8311", 0, 65535, "", "a number"},
    {"host", PARAM_STR, "127.0.0.1", 1, 20, "", "a text"},
    {"pause_ms", PARAM_INT, "-5", -5, INT64_MAX, "ms", "a number without an upper end"},
};

static void fuzz(const char *data, size_t size)
{
    static int file;
    if (!file)
        file = memfd_create("params", 0);
    PROMISE(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    char path[40], *words = NULL;
    size_t words_size;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    FILE *errors = open_memstream(&words, &words_size);
    struct params *params = params_new((const struct param *[]){table}, (size_t[]){sizeof table / sizeof *table}, 1);
    int result = params_load(params, path, 0, NULL, errors);
    fclose(errors);
    PROMISE((result == 0) == (words_size == 0));
    PROMISE(param_int(params, "port") >= 0 && param_int(params, "port") <= 65535);
    PROMISE(strlen(param_str(params, "host")) >= 1 && strlen(param_str(params, "host")) <= 20);
    PROMISE(param_int(params, "pause_ms") >= -5);
    free(words);
    params_destroy(&params);
}
