/*
 * open311_format.h - what Open311 answers, as one tree for both of its formats.
 *
 * The tree is JSON as the specification has it: "JSON drops the outer
 * wrapper". The XML is written from the same tree by the reverse of that
 * mapping, so a field is named in one place only.
 */
#ifndef SIDAN_OPEN311_FORMAT_H
#define SIDAN_OPEN311_FORMAT_H

#include "common/county.h"
#include "common/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A string, or null for NULL and "". */
json_t *open311_text(const char *text);

/* A row of `services`: one of the county's categories. */
json_t *open311_service(const struct county *county, const struct category *category);

/* What is asked for along with an order of a category: the answer's whole tree. */
json_t *open311_definition(const struct county *county, const struct category *category);

/* A row of `service_requests`: an order, without a word that leads to a person. */
json_t *open311_request(const struct county *county, const struct record *order);

/* A row of `service_request_updates`: a step of an order; likewise. */
json_t *open311_update(const struct county *county, const struct record *step);

/* The order's id and the number of the step: unique, and the same at every reading. The caller frees it. */
char *open311_update_id(const struct record *step);

/*
 * Writes a tree. root names the XML's outermost element. The text is valid
 * whatever the strings hold: XML drops characters that it cannot carry. The
 * caller frees it.
 */
char *open311_write(bool json, const char *root, json_t *tree, size_t *ret_size);

#endif
