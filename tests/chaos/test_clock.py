"""A clock jumps by a day while deadlines run: that of a host (nothing happens), and that of Redis' host (it is said).

A library that is loaded first shifts the clock of one process by the seconds in a file; its monotonic clock stays.
(libfaketime does the same, but Redis does not start with it.) The programs are those without sanitizers, which want to
be the first themselves.
"""

import re
import subprocess
import time
from pathlib import Path

import pytest

from harness import COUNTY, System, make_county, wait_until

DAY = 86400
SHIFT = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
    char text[32] = "";
    int fd = open(getenv("SHIFT_FILE"), O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
        abort();
    close(fd);
    return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long r = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += shift();
    return (int)r;
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    struct timeval exact;
    gettimeofday(&exact, NULL);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
"""
CLOCKS = {("normal", "claim"): "2s", ("normal", "answer"): "1d", ("normal", "callback"): "1d"}


class Shifted(System):
    """The clock of each process can be set forth and back."""

    def __init__(self, directory, **arguments):
        directory = Path(directory)
        directory.mkdir(parents=True)
        library = directory / "shift.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O", "-x", "c", "-o", str(library), "-"], input=SHIFT, text=True,
                       check=True)
        super().__init__(directory, start=False, **arguments)
        for process in [self.redis_process, *self.services.values()]:
            process.shift = directory / f"{process.name}.shift"
            process.shift.write_text("0")
            process.command[0] = process.command[0].replace("/asan", "")
            process.environment = process.environment | {"LD_PRELOAD": str(library), "SHIFT_FILE": str(process.shift)}
        self.start()


def set_clock(process, seconds):
    new = process.shift.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(process.shift)


def deadlines_of(system):
    return dict(system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1, withscores=True))


def steps(system, order):
    return [row["step"] for row in system.history(order)]


def work(system):
    """One order on its way from the claim window to a clock of a day; its deadline is right by the real time."""
    began = time.time()
    order = system.place()
    system.wait_state(order, "assigned")
    took = time.time() - began
    assert 2 <= took < 8, took
    (entry, due), = [(name, score) for name, score in deadlines_of(system).items() if order["order"] in name]
    assert abs(due / 1000 - time.time() - DAY) < 10, (entry, due)
    return order


@pytest.fixture
def system(make_system, tmp_path):
    return make_system(kind=Shifted, counties=[make_county(tmp_path / "counties", clocks=CLOCKS)])


def test_a_host_whose_clock_jumps(system):
    """One service after the other is set forth by a day, and all are set back by two, while clocks run."""
    orders = [work(system)]
    history = steps(system, orders[0])
    for process in system.services.values():
        set_clock(process, DAY)
        orders.append(work(system))
    for process in system.services.values():
        set_clock(process, -DAY)
    orders.append(work(system))
    for process in system.services.values():  # a log goes by its host's clock: the jumps have come to it
        for shift in (DAY, -DAY):
            assert time.strftime("%Y-%m-%d", time.gmtime(time.time() + shift)) in process.text(), process.name
    for order in orders:
        assert steps(system, order) == history, "a deadline has fired, or one has not"
        told = [sms["template"] for sms in system.spool(order)]
        assert "reminder" not in told and "escalated" not in told
    assert system.redis.xlen(f"dlq:{{{COUNTY}}}") == 0


def test_redis_clock_jumps(system):
    """Too far to be believed: deadlines stay, an operator is told once, and again when it is well."""
    system.allowed_errors.append("the clock of Redis' host has jumped")
    orders = [work(system)]
    history = steps(system, orders[0])
    for shift in (DAY, 0):
        set_clock(system.redis_process, shift)
        for process in system.services.values():
            wait_until(lambda p=process, s=shift: abs(gap_of(system, p) - s) < 10, 20, f"{process.name} sees it")
        orders.append(work(system))
    for process in system.services.values():
        assert process.text().count("has jumped by") == 1
        assert process.text().count("is well again") == 1
    for order in orders:
        assert steps(system, order) == history, "a deadline has fired, or one has not"


def gap_of(system, process):
    found = re.search(r"^sidan_clock_gap_seconds{} (\S+)$", system.metrics(process), re.M)
    return float(found[1]) if found else 0
