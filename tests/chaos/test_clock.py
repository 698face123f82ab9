"""A clock jumps by a day while deadlines run: that of a host (nothing happens), and that of Redis' host (it is said).

And an hour goes by on it in which the SMS gateway is away.
"""

import re
import signal
import time
from collections import Counter

import pytest

from gateway import Gateway
from harness import COUNTY, SERVICES, System, make_county, wait_until
from load import GATEWAY_TOKEN
from timeshift import Clock

DAY, HOUR = 86400, 3600
STEP = 180  # seconds by which the clock goes on at once; more than 600 would not be followed
LONGEST_PAUSE = 300  # seconds between two attempts at an SMS; see services/notification/sms.h
CLOCKS = {("normal", "claim"): "2s", ("normal", "answer"): "1d", ("normal", "callback"): "1d"}


class Shifted(System):
    """The clock of each process can be set forth and back."""

    def _redis_process(self):
        return self._shifted(super()._redis_process())

    def add(self, *arguments):
        return self._shifted(super().add(*arguments))

    def _shifted(self, process):
        return Clock(self.directory, process.name).rule(process)


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
    (entry, due), = [(name, score) for name, score in deadlines_of(system).items() if f"{order['order']}|answer" in name]
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
        process.clock.set(DAY)
        orders.append(work(system))
    for process in system.services.values():
        process.clock.set(-DAY)
    orders.append(work(system))
    for process in system.services.values():  # a log goes by its host's clock: the jumps have come to it
        for shift in (DAY, -DAY):
            assert time.strftime("%Y-%m-%d", time.gmtime(time.time() + shift)) in process.text(), process.name
    for order in orders:
        assert steps(system, order) == history, "a deadline has fired, or one has not"
        told = [sms["template"] for sms in system.spool(order)]
        assert "reminder" not in told and "escalated" not in told
    assert system.redis.xlen(f"dlq:{{{COUNTY}}}") == 0


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_redis_clock_jumps(system, jump):
    """Too far to be believed: deadlines stay, an operator is told once, and again when it is well. Nothing else waits."""
    system.allowed_errors.append("the clock of Redis' host has jumped")
    dies = system.add("routing", 2)
    dies.start()
    system.wait_ready()
    orders = [work(system)]
    history = steps(system, orders[0])
    for shift in (jump, 0):
        system.redis_process.clock.set(shift)
        for process in system.services.values():
            wait_until(lambda p=process, s=shift: abs(gap_of(system, p) - s) < 10, 20, f"{process.name} sees it")
        orders.append(work(system))
        system.wait_sms(orders[-1], template="assigned_resident")
        if shift:
            dies.signal(signal.SIGSTOP)
            lost = [system.place() for _ in range(6)]  # of which some are sent to the one that does not hear them
            dies.kill()
            del system.services[dies.name]
            for order in lost:
                system.wait_state(order, "assigned")
    for process in system.services.values():
        assert process.text().count("has jumped by") == 1
        assert process.text().count("is well again") == 1
    for order in orders:
        assert steps(system, order) == history, "a deadline has fired, or one has not"


def gap_of(system, process):
    found = re.search(r"^sidan_clock_gap_seconds{} (\S+)$", system.metrics(process), re.M)
    return float(found[1]) if found else 0


# -- an hour without the gateway -------------------------------------------------------------------------------------

def instances(system):
    """Until when each is announced, by Redis' clock."""
    return dict(entry for service in SERVICES for entry in system.redis.zrange(f"registry:{service}", 0, -1,
                                                                               withscores=True))


def time_goes_on(system, seconds):
    """Redis' clock is ahead by so much more; returns when everybody goes by it, and no SMS that is due is left untried.

    Nobody jumps so far that it is not followed. Services ask for the time at least once between two announcements.
    """
    clock = system.redis_process.clock
    clock.set(clock.of_day + seconds)
    for _ in range(2):
        before = instances(system)
        wait_until(lambda b=before: all(until > b[name] for name, until in instances(system).items()), 20,
                   "all have announced themselves")
    wait_until(lambda: not under_way(system), 60, "every SMS that was due was tried")


def sms_of(system):
    keys = system.redis.scan_iter(f"sms:{{{COUNTY}}}:*", 1000)
    return {key.split(":")[-1]: system.redis.hgetall(key) for key in keys}


def under_way(system):
    """SMS that are being sent, or are to be sent by now; while the gateway rests these wait untried."""
    now = system.redis.time()[0] * 1000
    waiting = system.redis.zrange(f"smsq:{{{COUNTY}}}", 0, -1, withscores=True)
    states = [system.redis.hget(f"sms:{{{COUNTY}}}:{sms}", "state") for sms, _ in waiting]
    rests = 'sidan_gateway_open{gateway="kannel"} 0' in system.metrics(system.of("notification")[0])
    return [sms for (sms, due), state in zip(waiting, states) if state == "sending" or (due <= now and not rests)]


def whole_life(system):
    """From placed to closed; whatever waits for the gateway, nobody is told to come again."""
    body = {"county": COUNTY, "title": "东门小区路灯不亮", "text": "三栋门口的路灯坏了半个月", "phone": "10000000001"}
    answer = system.api("POST", "/api/v1/orders", body)
    assert answer.status == 201, answer
    system.finish(answer.json)
    return answer.json


@pytest.fixture
def away(make_system, tmp_path):
    """A system whose gateway, a real Kannel, refuses connections from the beginning."""
    system = make_system(kind=Shifted, start=False, parameters={"intake": {"gateway_token": GATEWAY_TOKEN}})
    gateway = Gateway(tmp_path / "gateway", "127.0.0.1", [("127.0.0.1", system.port)])
    # No lease and no wait for a receipt ends because the clock goes on by a step.
    patience = {"sms_lease_ms": 600000, "receipt_wait_s": DAY}
    system.add("notification", 1, gateway.parameters() | patience)
    gateway.sending.behave("refuse")
    system.start()
    yield system, gateway
    gateway.stop()


def test_a_gateway_that_is_away_for_an_hour(away):
    """Its SMS wait, and nothing else does; back, it gets each of them once, the last after the longest pause."""
    system, gateway = away
    for step in range(HOUR // STEP):
        if step % 4 == 0:
            whole_life(system)
        time_goes_on(system, STEP)
    waiting = sms_of(system)
    assert [sms for sms in waiting.values() if sms["state"] != "queued"] == [] and not gateway.sending.passed
    now, queue = system.redis.time()[0], system.redis.zrange(f"smsq:{{{COUNTY}}}", 0, -1, withscores=True)
    assert all(due / 1000 <= now + LONGEST_PAUSE for _, due in queue) and len(queue) == len(waiting)

    gateway.sending.behave(None)
    took = 0
    while system.redis.zcard(f"smsq:{{{COUNTY}}}") > 0:
        assert took < LONGEST_PAUSE, f"{len(sms_of(system))} SMS, of which some are not sent after {took} s"
        time_goes_on(system, 30)
        took += 30
    print({"SMS": len(waiting), "attempts": max(int(sms["attempt"]) for sms in sms_of(system).values()),
           "seconds until the last was sent": took})
    doubtful = gateway.sending.unanswered
    assert len(doubtful) <= 2
    wait_until(lambda: {sms["state"] for name, sms in sms_of(system).items() if name not in doubtful} == {"delivered"},
               60, "all are delivered")
    assert all(sms_of(system)[name]["state"] in ("unknown", "delivered") for name in doubtful)
    assert Counter(sms for sms, _, _ in gateway.sending.passed) == Counter(sms_of(system).keys())
    sent = Counter((phone, text) for _, phone, text in gateway.sending.passed)
    certain = Counter((phone, text) for sms, phone, text in gateway.sending.passed if sms not in doubtful)
    wait_until(lambda: certain <= Counter((sms["to"], sms["text"]) for sms in gateway.kannel.received()) <= sent, 20,
               "the network got each of them once")
