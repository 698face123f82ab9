"""What a receiver answers to events that come twice, too early, or with a number used before; and to repeated calls.

Python is intake here: it writes what intake's commit writes, and speaks to routing and assignment over ZeroMQ.
"""

import signal
import time
from pathlib import Path

import msgpack
import pytest

from archive_files import wait_at_rest
from harness import COUNTY, make_county, wait_until
from test_second_implementation import (ASSIGNMENT, CALL, DUPLICATE, EVENT, INTAKE, LATER, NOTIFICATION, OK, REFUSED,
                                        ROUTING, STALE, Peer, envelope, read_message)

ORDER = f"{COUNTY}-000777"
HASH = f"order:{{{COUNTY}}}:{ORDER}"


@pytest.fixture
def system(make_system):
    system = make_system(start=False)
    del system.services["intake.1"], system.services["notification.1"]
    system.start()
    system.redis.hset(HASH, mapping={
        "ver": 1, "county": COUNTY, "order": ORDER, "state": "placed", "title": "东门小区路灯不亮",
        "text": "三栋门口的路灯坏了", "place": "东门社区", "clock": "handover", "rung": 0})
    return system


def send(peer, sequence, message_id, body):
    answer, _ = peer.ask(envelope(kind=EVENT, order=ORDER, source=INTAKE, destination=ROUTING, sequence=sequence,
                                  id=message_id * 24), body)
    return answer["status"], answer["text"]


def call(peer, body, key="", remember=0):
    deadline = int(time.time() * 1000) + 10_000
    answer, reply = peer.ask(envelope(kind=CALL, order=ORDER, source=INTAKE, destination=ASSIGNMENT, sequence=7,
                                      at=deadline, text=key, remember=remember), body)
    return answer["status"], reply


def stand_before_commit(system, name):
    """Has an instance stop, as if it hung, when it has decided and committed nothing yet."""
    process = system.services[name]
    process.environment |= {"SIDAN_CRASH": "handled, not committed", "SIDAN_CRASH_SIGNAL": str(int(signal.SIGSTOP))}
    return process


def wait_standing(process):
    state = Path(f"/proc/{process.popen.pid}/stat")
    wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", 10, "it stands before its commit")


def test_every_event_is_applied_once_and_in_its_turn(system):
    peer = Peer(system, "routing")
    placed = {"type": "order.placed", "v": 1, "at": 1}
    assert send(peer, 2, "b", placed)[0] == LATER, "the one before it is missing"
    assert send(peer, 1, "a", placed)[0] == OK
    assert system.redis.hget(HASH, "state") == "open"
    version = system.redis.hget(HASH, "ver")
    assert send(peer, 1, "a", placed)[0] == DUPLICATE
    status, why = send(peer, 1, "c", placed)
    assert status == REFUSED and "number" in why, "the same number with another id: two histories"
    assert system.redis.hget(HASH, "ver") == version


def test_a_repeated_call_gets_its_first_answer(system):
    routing, assignment = Peer(system, "routing"), Peer(system, "assignment")
    assert send(routing, 1, "a", {"type": "order.placed", "v": 1, "at": 1})[0] == OK
    claim = {"type": "order.claim", "v": 1, "member": "M101"}
    first = call(assignment, claim, key="k1", remember=60)
    assert first[0] == OK and first[1]["members"] == "M101"
    system.redis.hset(HASH, "state", "closed")
    assert call(assignment, claim, key="k1", remember=60) == first
    status, refusal = call(assignment, claim | {"member": "M102"}, key="k2", remember=60)
    assert status == REFUSED and refusal["error"] == "full"


def test_an_order_that_has_left_is_no_error(system):
    system.redis.delete(HASH)
    peer = Peer(system, "routing")
    assert send(peer, 1, "a", {"type": "order.placed", "v": 1, "at": 1})[0] == DUPLICATE
    status, refusal = call(Peer(system, "assignment"), {"type": "order.claim", "v": 1, "member": "M101"})
    assert status == REFUSED and refusal["error"] == "gone"
    assert not system.redis.exists(HASH)


def test_an_order_that_leaves_while_something_late_is_handled_is_no_error(make_system):
    """An SMS was settled by its receipt; what comes of it later is late, even when the order leaves just then."""
    system = make_system(start=False)
    del system.services["intake.1"]
    notification = stand_before_commit(system, "notification.1")
    system.start()
    sms = f"{ORDER}.{'a' * 24}.1"
    system.redis.hset(HASH, mapping={"ver": 1, "county": COUNTY, "order": ORDER, "state": "closed", "sms_open": 0})
    system.redis.hset(f"sms:{{{COUNTY}}}:{sms}", mapping={"order": ORDER, "recipient": "resident", "template": "placed",
                                                         "state": "delivered", "rank": 5, "attempt": 1})
    peer, late = Peer(system, "notification"), {"type": "sms.receipt", "v": 1, "sms": sms, "receipt": 8}
    peer.socket.send(envelope(kind=CALL, order=ORDER, source=INTAKE, destination=NOTIFICATION, id="b" * 24,
                              at=int(time.time() * 1000) + 30_000) + msgpack.packb(late))
    wait_standing(notification)
    system.redis.delete(HASH)
    notification.signal(signal.SIGCONT)
    assert peer.socket.poll(10_000), "no answer"
    answer, _ = read_message(peer.socket.recv())
    assert answer["status"] == STALE


def test_what_another_step_overtakes_is_decided_again(make_system):
    """An order came into the pool, and was assigned before its group was asked: nobody is, and no claim window opens."""
    system = make_system(start=False)
    assignment = stand_before_commit(system, "assignment.1")
    system.start()
    order = system.place()
    wait_standing(assignment)
    key = f"order:{{{COUNTY}}}:{order['order']}"
    system.redis.hset(key, mapping={"state": "assigned", "members": "M101 M102 M103"})
    system.redis.hincrby(key, "ver", 1)
    assignment.signal(signal.SIGCONT)
    wait_until(lambda: not system.redis.exists(f"outbox:{{{COUNTY}}}:routing>assignment"), 20, "it is acknowledged")
    assert f"{order['order']}|claim|0" not in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1)
    wait_at_rest(system)
    assert "opened" not in {sms["template"] for sms in system.spool(order)}


def test_what_another_instance_has_applied_meanwhile_is_not_done_again(make_system):
    """Neither knew of the other when it began; and whom to tell does not depend on the order's version."""
    system = make_system(start=False)
    del system.services["intake.1"]
    notification = stand_before_commit(system, "notification.1")
    system.start()
    system.redis.hset(HASH, mapping={"ver": 1, "county": COUNTY, "order": ORDER, "state": "open", "title": "路灯不亮"})
    peer, notice = Peer(system, "notification"), {"type": "notify", "v": 1, "at": 1, "template": "opened",
                                                  "recipients": "member:M101"}
    peer.socket.send(envelope(kind=EVENT, order=ORDER, source=INTAKE, destination=NOTIFICATION, sequence=1,
                              id="b" * 24) + msgpack.packb(notice))
    wait_standing(notification)
    system.redis.hset(HASH, mapping={"in:intake>notification": 1, "inid:intake>notification": "b" * 24})
    notification.signal(signal.SIGCONT)
    assert peer.socket.poll(10_000), "no answer"
    answer, _ = read_message(peer.socket.recv())
    assert answer["status"] == DUPLICATE
    assert not system.redis.keys(f"sms:{{{COUNTY}}}:*")


def test_events_wait_for_a_destination_that_is_away(system):
    """Routing's events for notification, which nobody runs here, stay in the outbox and count no attempt."""
    assert send(Peer(system, "routing"), 1, "a", {"type": "order.placed", "v": 1, "at": 1})[0] == OK
    key = f"outbox:{{{COUNTY}}}:assignment>notification"
    wait_until(lambda: system.redis.hlen(key) == 1, 10, "the notice waits")
    time.sleep(4)  # longer than the lease
    assert system.redis.hlen(f"attempts:{{{COUNTY}}}:assignment>notification") == 0
    assert system.redis.xlen(f"dlq:{{{COUNTY}}}") == 0


def test_who_stops_does_not_wait_for_one_who_is_gone(make_system):
    """What was under way there is due at once for others: nothing would acknowledge it any more."""
    system = make_system()
    routing, assignment = system.of("routing")[0], system.of("assignment")[0]
    outbox = f"outbox:{{{COUNTY}}}:routing>assignment"
    system.wait_sms(system.place(), template="opened")
    wait_until(lambda: not system.redis.exists(outbox), 10, "the first is acknowledged")
    assignment.signal(signal.SIGSTOP)
    system.place()
    wait_until(lambda: system.redis.exists(outbox), 10, "the second is under way")
    assignment.kill()
    began = time.monotonic()
    routing.stop()
    assert time.monotonic() - began < 3
    system.restart("routing")
    system.restart("assignment")
    system.wait_ready()
    wait_until(lambda: not system.redis.exists(outbox), 10, "it was sent again")


def test_an_order_that_cannot_be_read_is_not_one_that_has_left(system):
    system.redis.delete(HASH)
    system.redis.set(HASH, "not a hash")
    assert send(Peer(system, "routing"), 1, "a", {"type": "order.placed", "v": 1, "at": 1})[0] == LATER


def test_a_sender_is_one_service(system):
    peer, placed = Peer(system, "routing"), {"type": "order.placed", "v": 1, "at": 1}
    assert send(peer, 1, "a", placed)[0] == OK
    peer.socket.send(envelope(kind=EVENT, order=ORDER, source=INTAKE | 16, destination=ROUTING, sequence=1,
                              id="b" * 24) + msgpack.packb(placed))
    routing = system.services["routing.1"]
    wait_until(lambda: 'sidan_link_dropped_total{reason="source"} 1' in system.metrics(routing), 5, "it is dropped")


def test_an_instance_that_cannot_be_reached_keeps_nothing_from_the_others(make_system):
    system = make_system(start=False)
    forever = int(time.time() * 1000) + 600_000
    system.start()
    for service in ("routing", "assignment", "notification", "archive"):
        key, _ = system.key_pair(service)
        ghost = f"ghost@tcp://127.0.0.1:9@http://127.0.0.1:9@{key.decode()}"
        system.redis.zadd(f"registry:{service}", {ghost: forever})
    time.sleep(1.5)  # the list is read every second
    order = system.place()
    system.wait_state(order, "open", timeout=5)
    system.wait_sms(order, template="opened", timeout=5)
    assert system.step(order, "claim", {"member": "M101"}).status == 200
    assert not system.redis.hlen(f"attempts:{{{COUNTY}}}:intake>routing")


def test_entries_of_orders_that_have_left_do_not_stop_the_clocks(make_system, tmp_path):
    county = make_county(tmp_path / "counties", clocks={("normal", "claim"): "1s"})
    system = make_system(counties=[county])
    key = f"clock:{{{COUNTY}}}"
    system.redis.zadd(key, {f"{COUNTY}-{number:06}|answer|0": 1 for number in range(900000, 900600)})
    system.wait_state(system.place(), "assigned", timeout=15)
    wait_until(lambda: system.redis.zcount(key, 0, 1) == 0, 15, "the stale entries are gone")
