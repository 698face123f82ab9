/*
 * curl_loop.h - libcurl's transfers in the loop of the service.
 */
#ifndef SIDAN_NOTIFICATION_CURL_LOOP_H
#define SIDAN_NOTIFICATION_CURL_LOOP_H

#include "common/service.h"

#include <curl/curl.h>

struct curl_loop;

/* done(private, code) is how each transfer ends; private is its CURLOPT_PRIVATE. NULL after logging why. */
struct curl_loop *curl_loop_new(struct service *service, void (*done)(void *private, CURLcode code));
void curl_loop_destroy(struct curl_loop **curl_loop);

void curl_loop_add(struct curl_loop *curl_loop, CURL *easy);
/* Before a handle is cleaned up, done or not. */
void curl_loop_remove(struct curl_loop *curl_loop, CURL *easy);

#endif
