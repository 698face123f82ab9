"""kill -9 of each service and of Redis in turn, under a steady stream of orders; then everything is counted."""

import signal
import time

import pytest

from harness import COUNTY, SERVICES, make_county, wait_until
from stream import Stream, assert_nothing_lost_nothing_twice

SHORT = {("normal", "claim"): "2s"}
# What was on its way to or from somebody who died is tried again sooner, so that the count comes sooner.
SOON = {"all": {"backoff_cap_ms": 4000}, "notification": {"sms_lease_ms": 15000}}


@pytest.fixture
def system(make_system, tmp_path):
    return make_system(counties=[make_county(tmp_path / "counties", clocks=SHORT)], parameters=SOON)


def test_kill_each_in_turn(system):
    # A service may find a county's Redis or another service away; that is a warning, never an error.
    with Stream(system) as stream:
        stream.placed(20)
        for round_ in range(2):
            for service in SERVICES:
                system.kill(service)
                time.sleep(0.5 + round_)  # dead for a while, so that others meet its absence
                system.restart(service)
                stream.placed(20)
            system.redis_process.kill()
            time.sleep(0.5 + round_)
            system.start_redis()
            stream.placed(20)
    system.wait_ready()
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_kill_one_of_two(make_system, tmp_path):
    """With two instances of each the stream goes on without one of them: what it had under way is taken over."""
    county = make_county(tmp_path / "counties", clocks=SHORT)
    system = make_system(counties=[county], instances=dict.fromkeys(SERVICES[1:], 2), parameters=SOON)
    with Stream(system) as stream:
        for service in SERVICES[1:]:
            stream.placed(20)
            system.kill(f"{service}.1")
    for service in SERVICES[1:]:
        system.restart(f"{service}.1")
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_a_slow_receiver_harms_nobody(make_system, tmp_path):
    """SIGSTOP for longer than any lease (20 s) of one of two instances, which others still believe to be there."""
    county = make_county(tmp_path / "counties", clocks=SHORT)
    system = make_system(counties=[county], instances={"routing": 2, "notification": 2}, parameters=SOON)
    with Stream(system) as stream:
        stream.placed(40)
        for name in ("routing.1", "notification.1"):
            system.services[name].signal(signal.SIGSTOP)
        stopped = time.monotonic()
        stream.placed(60)
        # The others are not held up: what is placed now is routed now.
        order = system.place(title="东门小区路灯不亮")
        system.wait_state(order, "open", "assigned", timeout=15)
        time.sleep(max(0, stopped + 20 - time.monotonic()))
        for name in ("routing.1", "notification.1"):
            system.services[name].signal(signal.SIGCONT)
        stream.placed(40)
    stream.orders["the order between"] = order["order"]
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_sigterm_loses_nothing_and_ends_in_time(system):
    """Rolling restarts under load: each service leaves in order, exit 0, within 10 s."""
    with Stream(system) as stream:
        for service in SERVICES:
            stream.placed(20)
            began = time.monotonic()
            for process in system.of(service):
                process.stop(timeout=10)
                assert process.exits[-1] == 0, f"{process.name}: {process.exits}"
            assert time.monotonic() - began < 10
            system.restart(service)
    system.wait_ready()
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_sigterm_while_redis_hangs(system):
    """Nobody waits for ever for a Redis that takes connections and answers nothing."""
    order = system.place()
    system.wait_state(order, "open", "assigned")
    system.redis_process.signal(signal.SIGSTOP)
    began = time.monotonic()
    for process in system.services.values():
        process.signal(signal.SIGTERM)
    for process in system.services.values():
        process.stop(timeout=12)
        assert process.exits[-1] == 0, f"{process.name}: {process.exits}"
    took = time.monotonic() - began
    system.redis_process.signal(signal.SIGCONT)
    assert took < 10, f"{took:.1f} s"


def test_an_intake_that_starts_without_redis_denies_nothing(system):
    """What it cannot know yet is "not now", never "there is no such county, no such order"."""
    order = system.place()
    system.kill("intake")
    system.redis_process.kill()
    system.restart("intake")
    body = {"county": COUNTY, "title": "东门小区路灯不亮"}
    wait_until(lambda: system.services["intake.1"].text().count("serving HTTP") == 2, 10, "intake is up")
    for answer in (system.api("POST", "/api/v1/orders", body), system.step(order, "claim", {"member": "M101"}),
                   system.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"]),
                   system.api("GET", f"/open311/v2/services.json?jurisdiction_id={COUNTY}"),
                   system.api("POST", f"/api/v1/imports?county={COUNTY}", key="import")):
        assert answer.status == 503, answer
    system.start_redis()
    system.wait_ready()
    assert system.order(order)["order"] == order["order"]
