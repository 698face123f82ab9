/*
 * What is made of a file that somebody attaches: a copy that is no longer than it by more than the way up of a picture,
 * of the same type, and the same again when it is made of itself.
 */
// links: services/intake
#include "tests/fuzz/fuzz.h"

#include "services/intake/file_type.h"

static void fuzz(const char *data, size_t size)
{
    char *copy, *again;
    size_t copied, same;
    const struct file_type *type = file_clean(data, size, &copy, &copied);
    if (!type)
        return;
    PROMISE(copied <= size + 38);
    PROMISE(file_clean(copy, copied, &again, &same) == type);
    PROMISE(same == copied && memcmp(copy, again, same) == 0);
    free(copy);
    free(again);
}
