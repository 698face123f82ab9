/*
 * file_type.h - what a file is, by its content, and that content without what it says about who made it.
 */
#ifndef SIDAN_INTAKE_FILE_TYPE_H
#define SIDAN_INTAKE_FILE_TYPE_H

#include <stddef.h>

struct file_type {
    const char *ending; /* "jpg" */
    const char *media;  /* "image/jpeg" */
};

/* By its ending; NULL when it is none of ours. */
const struct file_type *file_type_named(const char *ending);

/*
 * Photos (JPEG, PNG, WebP) are copied part by part: what draws the picture is kept, and of a JPEG which way up it is;
 * place, camera, comments, previews and whatever stands behind the picture are not. Documents (PDF, those of offices)
 * stay as they are. The caller frees the copy. NULL when it is no file of these types, or a photo that is not whole.
 */
const struct file_type *file_clean(const char *data, size_t size, char **ret_copy, size_t *ret_size);

#endif
