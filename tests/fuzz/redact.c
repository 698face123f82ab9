/*
 * What is taken out of public texts: no long number is left, the rest stays text, and doing it again changes nothing.
 */
// links: services/intake
#include "tests/fuzz/fuzz.h"

#include "services/intake/redact.h"

static void fuzz(const char *data, size_t size)
{
    AUTOFREE char *text = xstrndup(data, size);
    AUTOFREE char *once = redact(text);
    AUTOFREE char *twice = redact(once);
    PROMISE(strlen(once) <= strlen(text) && (!is_text(text) || is_text(once)));
    PROMISE(strcmp(once, twice) == 0);
    for (const char *c = once; *c; c += strspn(c, "0123456789"), c += *c != '\0')
        PROMISE(strspn(c, "0123456789") < 11);
}
