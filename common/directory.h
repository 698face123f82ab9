/*
 * directory.h - directories of our own.
 */
#ifndef SIDAN_DIRECTORY_H
#define SIDAN_DIRECTORY_H

#include <sys/types.h>

/*
 * Makes a directory, unless it is there, and those above it, as `mkdir -p -m MODE` does: only the last has the mode.
 * 0, or -errno.
 */
int directory_make(const char *path, mode_t mode);

#endif
