/*
 * admission.c - a token bucket whose rate follows the lag of the services; see admission.h.
 *
 * The rate rises by a share of itself and falls by the factor that the lag is over its target, as TCP's does: any
 * number of intakes find a fair share each without knowing of one another.
 */
#include "services/intake/admission.h"

#define SECONDS 0.5     /* what a bucket holds, as seconds of the rate */
#define RISE_FAST 1.06  /* an adjustment, up to what was possible before */
#define RISE 1.0125     /* and beyond it */
#define CUT_MOST 0.3    /* no cut is deeper, */
#define CUT_LEAST 0.8   /* and none is less */
#define KNOWN_FIRST 0.7 /* of the rate that turned out to be too much */
#define KNOWN_AGAIN 0.9 /* and once more while the cut does not help */
enum { HOLD_MAX_MS = 5000 };

void admission_init(struct admission *admission, int64_t now)
{
    *admission = (struct admission){.rate = ADMISSION_START,
                                    .residents = ADMISSION_START * SECONDS,
                                    .imports = ADMISSION_START * SECONDS,
                                    .known = ADMISSION_MAX,
                                    .filled_at = now};
}

static double at_most(double value, double bound)
{
    return value < bound ? value : bound;
}

static void fill(struct admission *admission, int64_t now)
{
    double gain = (double)(now - admission->filled_at) * admission->rate / 1e3, most = admission->rate * SECONDS;
    admission->residents = at_most(admission->residents + gain, most);
    admission->imports = at_most(admission->imports + gain, most);
    admission->filled_at = now;
    if (admission->residents < most / 2 || admission->imports < most / 2)
        admission->wanted = true;
}

bool admission_take(struct admission *admission, int64_t now)
{
    fill(admission, now);
    if (admission->residents < 1) {
        admission->wanted = true;
        return false;
    }
    admission->residents -= 1;
    return true;
}

void admission_charge(struct admission *admission, int64_t now)
{
    fill(admission, now);
    admission->imports -= 1;
}

int64_t admission_wait(struct admission *admission, int64_t now)
{
    fill(admission, now);
    return admission->imports >= 0 ? 0 : 1 + (int64_t)(-admission->imports / admission->rate * 1e3);
}

/* What is late now was let in that long ago: only then can a cut show. */
static void cut(struct admission *admission, int64_t now, int64_t behind_ms)
{
    double factor = (double)ADMISSION_TARGET_MS / (double)behind_ms;
    admission->known = admission->late ? admission->known * KNOWN_AGAIN : admission->rate * KNOWN_FIRST;
    admission->rate *= factor < CUT_MOST ? CUT_MOST : at_most(factor, CUT_LEAST);
    admission->hold_until = now + (behind_ms < HOLD_MAX_MS ? behind_ms : HOLD_MAX_MS);
    admission->late = true;
}

void admission_adjust(struct admission *admission, int64_t now, int64_t behind_ms)
{
    fill(admission, now);
    bool late = behind_ms > ADMISSION_TARGET_MS;
    if (late && now >= admission->hold_until)
        cut(admission, now, behind_ms);
    else if (!late && admission->wanted)
        admission->rate *= admission->rate < admission->known ? RISE_FAST : RISE;
    admission->late = admission->late && late;
    admission->wanted = false;
    if (admission->rate < ADMISSION_MIN)
        admission->rate = ADMISSION_MIN;
    if (admission->rate > ADMISSION_MAX)
        admission->rate = ADMISSION_MAX;
}
