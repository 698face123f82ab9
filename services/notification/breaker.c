/*
 * breaker.c - when a gateway is not asked; see breaker.h.
 */
#include "services/notification/breaker.h"

#include <stdio.h>

size_t breaker_room(const struct breaker *breaker, int64_t now)
{
    if (breaker->rests_to == 0)
        return SIZE_MAX;
    return now >= breaker->rests_to && !breaker->probing ? 1 : 0;
}

void breaker_begin(struct breaker *breaker)
{
    breaker->probing = breaker->rests_to > 0;
}

bool breaker_note(struct breaker *breaker, const struct answer *answer, int64_t now, int64_t stop_ms)
{
    breaker->probing = false;
    if (answer->unasked)
        return false;
    switch (answer->result) {
    case RESULT_STOPPED:
    case RESULT_LATER:
    case RESULT_UNKNOWN:
        break;
    default:
        *breaker = (struct breaker){0};
        return false;
    }
    bool rested = breaker->rests_to > 0, stopped = answer->result == RESULT_STOPPED;
    if (!stopped && !rested && ++breaker->failures < BREAKER_FAILURES)
        return false;
    bool news = !rested || (stopped && !breaker->stopped);
    breaker->stopped |= stopped;
    breaker->rests_to = now + (breaker->stopped ? stop_ms : BREAKER_REST_MS);
    if (!rested)
        breaker->since = now;
    snprintf(breaker->cause, sizeof breaker->cause, "%s", answer->detail);
    return news;
}

const char *breaker_state(const struct breaker *breaker)
{
    return breaker->stopped ? "stopped" : breaker->rests_to > 0 ? "resting" : "open";
}
