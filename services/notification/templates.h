/*
 * templates.h - the words of every SMS, in Chinese and English.
 */
#ifndef SIDAN_NOTIFICATION_TEMPLATES_H
#define SIDAN_NOTIFICATION_TEMPLATES_H

#include <stddef.h>

/* What holds for a template; which has which is in the table of templates. */
enum template_flag {
    AT_ONCE = 1,   /* its person asked for it just now: it goes by night, too, and however many there were that day */
    NECESSARY = 2, /* a resident gets it in spite of having opted out */
    GATHERED = 4,  /* several to one person go as one */
};

/* {name} stands for a value of the occasion; [what is in square brackets] is left out when a value in it is empty. */
struct template
{
    const char *name;
    const char *to; /* whom it is meant for: resident, member, ..., space between; for people to read */
    int flags;
    const char *zh, *en;
};

/* NULL behind the last. */
const struct template *template_at(size_t index);
/* NULL when there is no such template. */
const struct template *template_find(const char *name);
/* Its flags; 0 for a name that is none. */
int template_flags(const char *name);

#endif
