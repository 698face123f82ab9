/*
 * parcel.c - singly linked queues of parcels; see parcel.h.
 */
#include "common/parcel.h"

#include "common/alloc.h"

#include <string.h>

struct parcel *parcel_new(const struct envelope *envelope, const char *body, size_t size)
{
    struct parcel *parcel = xcalloc(1, sizeof *parcel);
    parcel->envelope = *envelope;
    parcel->body = xmalloc(size + 1);
    memcpy(parcel->body, body, size);
    parcel->size = size;
    return parcel;
}

void parcel_destroy(struct parcel *parcel)
{
    free(parcel->body);
    free(parcel);
}

void parcels_init(struct parcels *queue)
{
    *queue = (struct parcels){.last = &queue->first};
}

void parcels_clear(struct parcels *queue)
{
    while (queue->first)
        parcel_destroy(parcels_take(queue, &queue->first));
}

void parcels_push(struct parcels *queue, struct parcel *parcel)
{
    parcel->next = NULL;
    *queue->last = parcel;
    queue->last = &parcel->next;
    queue->count++;
    queue->bytes += parcel->size;
}

void parcels_push_front(struct parcels *queue, struct parcel *parcel)
{
    parcel->next = queue->first;
    if (!queue->first)
        queue->last = &parcel->next;
    queue->first = parcel;
    queue->count++;
    queue->bytes += parcel->size;
}

struct parcel *parcels_take(struct parcels *queue, struct parcel **place)
{
    struct parcel *parcel = *place;
    *place = parcel->next;
    if (queue->last == &parcel->next)
        queue->last = place;
    queue->count--;
    queue->bytes -= parcel->size;
    return parcel;
}

static bool same_event(const struct envelope *a, const struct envelope *b)
{
    return a->kind == ENVELOPE_EVENT && a->sequence == b->sequence && strcmp(a->order, b->order) == 0 &&
           strcmp(a->county, b->county) == 0;
}

struct parcel **parcels_find(struct parcels *queue, const struct envelope *event)
{
    for (struct parcel **place = &queue->first; *place; place = &(*place)->next)
        if (same_event(&(*place)->envelope, event))
            return place;
    return NULL;
}
