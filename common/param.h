/*
 * param.h - parameters as bounded tables.
 *
 * A parameter is a row: name, bounds, default, meaning. Its value comes from,
 * later ones winning: the default; a file given with --config (lines of
 * `name = value`, # comments); the environment (SIDAN_ and the name in
 * capitals); the command line (name=value). A value out of bounds, or a name
 * in the file or on the command line that nobody knows, is refused at start.
 * So is a secret on the command line, which everybody on the host can read.
 */
#ifndef SIDAN_PARAM_H
#define SIDAN_PARAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum param_type { PARAM_INT, PARAM_STR, PARAM_SECRET /* a STR that no message repeats */ };

struct param {
    const char *name;
    enum param_type type;
    const char *initial; /* the default, as it would be written; NULL: must be given */
    int64_t min, max;    /* of an INT; of a STR its length in bytes */
    const char *unit;    /* "ms", "bytes", "" */
    const char *meaning;
};

struct params;

/* Later tables may not repeat names. The tables must live as long as the params. */
struct params *params_new(const struct param *const tables[], const size_t counts[], size_t table_count);
void params_destroy(struct params **params);

/*
 * Reads file (NULL: none), environment and argv[1..]. 0, or -EINVAL after
 * writing to `errors` what is wrong, where, and the range it should be in.
 */
int params_load(struct params *params, const char *file, int argc, char *const argv[], FILE *errors);

/* The value of a known parameter; asking for another is a programming error and aborts. */
int64_t param_int(const struct params *params, const char *name);
const char *param_str(const struct params *params, const char *name);

/* What --help prints: each parameter with default, range and meaning. */
void params_print(const struct params *params, FILE *out);

#endif
