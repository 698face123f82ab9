/*
 * opt_out.h - whether an SMS says that somebody wants no more.
 */
#ifndef SIDAN_OPT_OUT_H
#define SIDAN_OPT_OUT_H

#include <stdbool.h>

/* The words that the networks have everybody use, and nothing else: T, TD, 退订; in full width, with any marks. */
bool is_opt_out(const char *text);

#endif
