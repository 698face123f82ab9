/*
 * access.h - who may see or touch an order through the native API.
 */
#ifndef SIDAN_INTAKE_ACCESS_H
#define SIDAN_INTAKE_ACCESS_H

#include "services/intake/intake.h"

enum { ACCESS_CODE = 1, ACCESS_OFFICE = 2 };

struct access {
    char order[ORDER_ID_SIZE];
    const struct county *county; /* valid until the loop turns */
    const struct api_key *key;   /* of the office, likewise; NULL: the resident, with the code */
};

/*
 * Decides about the order {id} of the path. who: ACCESS_ bits, by what it may
 * be opened. False after answering an error.
 */
bool access_order(struct intake *intake, struct http_request *request, int who, struct access *ret_access);

#endif
