/*
 * files.h - attachments on disk: DIRECTORY/COUNTY/ORDER/ID, each sealed with the county's key for its place.
 *
 * All instances of intake share the directory. A file is there whole or not at all, and never changes.
 */
#ifndef SIDAN_INTAKE_FILES_H
#define SIDAN_INTAKE_FILES_H

#include "common/attach.h"
#include "services/intake/intake.h"

/* Stores a file, durably, under the id of its hash: 0 or -errno. */
int files_store(const char *directory, const struct county *county, const char *order, const char *id, const char *data,
                size_t size);

/* Reads it; the caller frees it. 0, -ENOENT, -ENOKEY or -EBADMSG as vault_open(), or another -errno. */
int files_read(const char *directory, const struct county *county, const char *order, const char *id, char **ret_data,
               size_t *ret_size);

/*
 * Walks along the directory, a few orders at a time: deletes what no order names (uploads that broke off) once it is
 * old enough, and all files of orders whose county's retention period is over.
 */
struct sweep;
void sweep_turn(struct intake *intake);
void sweep_destroy(struct sweep **sweep);

#endif
