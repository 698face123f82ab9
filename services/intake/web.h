/*
 * web.h - the pages that the browser runs, as services/intake/web builds them: files in memory, served as they are.
 */
#ifndef SIDAN_INTAKE_WEB_H
#define SIDAN_INTAKE_WEB_H

#include "common/http.h"

struct web;

/*
 * Reads all files of a directory as vite built it: pages in it, and in its `assets` what they load, each with its
 * compressed form beside it (NAME.gz) if that is smaller. dir "": there are none. 0, or -errno after logging why.
 */
int web_open(const char *dir, struct web **ret_web);
void web_close(struct web **web);

#endif
