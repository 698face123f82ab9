"""Server-sent events: who listens hears of each change that they may see, and of no other, whatever breaks meanwhile."""

import http.client
import json
import socket
import threading
import time
from urllib.parse import urlencode

import pytest

from conftest import systems_in
from harness import COUNTY, KEYS, make_county, wait_until

PEOPLE = {"fellow": "10000004104", "other member": "10000004203", "convener": "10000001001", "office": "10000005001"}
FOREVER = {("normal", name): "30d" for name in ("claim", "handover", "answer", "callback")}


class Listener:
    """One answer of /api/v1/events, read by a thread. events: (event, id, data), in the order in which they came."""

    def __init__(self, port, last_id=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.events, self.connection = [], http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", "/api/v1/events?" + urlencode({"county": COUNTY}), headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.getheader("Content-Type") == "text/event-stream"
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        wait_until(lambda: self.events, 10, "the first event")

    def _read(self):
        event = {}
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif "event" in event:
                    self.events.append((event["event"], event["id"], json.loads(event["data"])))
                    event = {}
        except (OSError, http.client.HTTPException):
            pass  # whoever dies cannot say goodbye

    def told(self, order):
        """What was said of an order."""
        return [(event, data.get("state")) for event, _, data in self.events if data.get("order") == order["order"]]

    def wait(self, order, *wanted):
        wait_until(lambda: wanted in self.told(order), 20, f"{wanted} of {order['order']}: {self.told(order)}")

    def ended(self):
        return not self.thread.is_alive()


def of_key(system, key="office", port=None, **more):
    return Listener(port or system.port, Authorization=f"Bearer {KEYS[key]}", **more)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """With three doors: the first stays, the second comes and goes, at the third nobody listens for long."""
    directory = tmp_path_factory.mktemp("events")
    with systems_in(directory) as make:
        system = make(counties=[make_county(directory / "counties", clocks=FOREVER)], instances={"intake": 3},
                      parameters={"intake": {"listen_ms": 3600000}}, start=False)
        system.services["intake.3"].environment["SIDAN_LISTEN_MS"] = "1000"
        system.start()
        yield system


def door(system, number):
    return int(system.services[f"intake.{number}"].environment["SIDAN_HTTP_PORT"])


def restart(system, process):
    process.start()
    wait_until(lambda: system.is_ready(process), 20, f"{process.name} is ready")


def test_each_hears_what_they_may_see(system):
    people = {who: Listener(system.port, Cookie=system.sign_in(phone).cookie) for who, phone in PEOPLE.items()}
    people["key"] = of_key(system, port=door(system, 2))
    order = system.place()
    for who in ("fellow", "convener", "office", "key"):
        people[who].wait(order, "order", "open")
    system.claim_all(order)
    for who in ("convener", "office", "key"):
        people[who].wait(order, "order", "assigned")
    people["fellow"].wait(order, "gone", None)
    assert ("order", "assigned") not in people["fellow"].told(order), "it is not in the pool any more"

    unclear = system.place(title="反映一件事", text="")
    people["office"].wait(unclear, "order", "screening")
    last = people["office"].events[-1]
    assert last[2].keys() == {"order", "ver", "state", "light"} and last[2]["light"] == "green"
    assert people["fellow"].told(unclear) == [], "who has nothing to do with it"
    assert [event for event, _, _ in people["other member"].events] == ["ready"], "of another group"


def test_a_department_hears_that_an_order_went_to_another(system):
    first, other = (Listener(system.port, Cookie=system.sign_in(phone).cookie) for phone in ("10000003001", "10000003002"))
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)

    def step(verb, **body):
        assert system.step(order, verb, body).status == 200, verb
    step("handover", actor="member:M101", department="D01")
    first.wait(order, "order", "consulting")
    assert other.told(order) == [], "it has not been theirs"
    step("object", actor="department:D01", reason="不属职责")
    step("rule", decision="move", department="D02", reason="职责所在")
    other.wait(order, "order", "consulting")
    first.wait(order, "gone", None)
    assert system.sign_in("10000003001").api("GET", f"/api/v1/orders/{order['order']}").status == 403


def test_meetings_suggestions_and_entries_are_told_like_orders(system):
    people = {who: Listener(system.port, Cookie=system.sign_in(phone).cookie) for who, phone in PEOPLE.items()}
    key = of_key(system)
    tomorrow = time.strftime("%Y-%m-%dT10:00:00+08:00", time.gmtime(time.time() + 32 * 3600))

    def office(path, body):
        answer = system.api("POST", f"/api/v1/{path}?county={COUNTY}", body, key="office")
        assert answer.status == 201, answer
        return answer.json
    order = system.place()
    system.wait_state(order, "open")
    meeting = office("meetings", {"kind": "micro", "title": "路灯怎么修", "place": "东门小区", "meets_at": tomorrow,
                                  "about": order["order"], "invited": "member:M104"})
    opinion = office("suggestions", {"title": "路灯要有人管", "department": "D01", "about": order["order"]})
    entry = office("entries", {"kind": "honour", "title": "优秀委员", "held_at": "2026-01-05T10:00:00", "present": "member:M203"})
    for who in ("convener", "office"):
        people[who].wait(meeting, "meeting", "called")
        people[who].wait(opinion, "suggestion", "followed")
    people["fellow"].wait(meeting, "meeting", "called")
    people["other member"].wait(entry, "entry", "entered")
    for matter, name in ((meeting, "meeting"), (opinion, "suggestion"), (entry, "entry")):
        assert [event for event, _ in key.told(matter)] == [name]
    assert people["fellow"].told(entry) == [] and people["other member"].told(meeting) == [], "who is not invited, or meant"


def test_who_comes_again_has_missed_nothing(system):
    """The instance is killed; meanwhile something happens; another instance goes on where that one was."""
    listener = of_key(system, port=door(system, 2))
    before = system.place()
    listener.wait(before, "order", "open")
    system.services["intake.2"].kill()
    wait_until(listener.ended, 10, "the connection is broken")
    missed = [system.place() for _ in range(20)]
    for order in missed:
        system.wait_state(order, "open")
    again = of_key(system, last_id=listener.events[-1][1])
    for order in missed:
        again.wait(order, "order", "open")
    assert again.events[0][0] == "ready" and again.told(before) == [], "and nothing twice"
    restart(system, system.services["intake.2"])


def test_who_was_away_for_too_long_starts_anew(system):
    order = system.place()
    system.wait_state(order, "open")
    for last_id in ("1-0", "99999999999999-0", "nonsense"):
        listener = of_key(system, last_id=last_id)
        assert listener.events[0][0] == "reset", last_id
    key = f"changes:{{{COUNTY}}}"
    latest = system.redis.xrevrange(key, count=1)[0][0]
    assert listener.events[0][1] == latest, "and goes on from now"
    for _ in range(8):  # more than are kept
        pipe = system.redis.pipeline(transaction=False)
        for _ in range(1000):
            pipe.xadd(key, {"order": order["order"]})
        pipe.execute()
    system.claim_all(order)
    listener.wait(order, "order", "assigned")
    assert system.redis.xlen(key) < 5200, "the stream stays short"
    assert of_key(system, last_id=latest).events[0][0] == "reset"


def test_an_order_is_told_once_however_often_it_changed(system):
    listener = of_key(system)
    order = system.place()
    listener.wait(order, "order", "open")
    heard = len(listener.told(order))
    for _ in range(100):
        system.redis.xadd(f"changes:{{{COUNTY}}}", {"order": order["order"]})
    system.claim_all(order)
    listener.wait(order, "order", "assigned")
    assert len(listener.told(order)) - heard < 20


def test_who_does_not_listen_is_left(system):
    """What is kept for one that takes nothing is bounded; it has its place in the stream, and comes again."""
    names = [f"{COUNTY}-{serial}" for serial in range(500001, 500501)]
    pipe = system.redis.pipeline(transaction=False)
    for name in names:
        pipe.hset(f"order:{{{COUNTY}}}:{name}", mapping={"ver": 1, "order": name, "county": COUNTY, "state": "open"})
    pipe.execute()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", system.port))
    deaf.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEYS['office']}\r\n\r\n".encode())
    listener = of_key(system)

    def connections():
        with open("/proc/net/tcp", encoding="ascii") as file:
            return sum(f":{system.port:04X} 0100007F:{deaf.getsockname()[1]:04X} 01" in line for line in file)

    wait_until(lambda: connections() == 1, 10, "it is connected")

    def gone():
        more = system.redis.pipeline(transaction=False)
        for name in names:
            more.xadd(f"changes:{{{COUNTY}}}", {"order": name})
        more.execute()
        return connections() == 0

    wait_until(gone, 30, "it has been left", pause=0.5)
    deaf.close()
    wait_until(lambda: len(listener.events) > 500, 20, "the other one hears all")
    assert not listener.ended()
    pipe = system.redis.pipeline(transaction=False)
    for name in names:
        pipe.delete(f"order:{{{COUNTY}}}:{name}")
    pipe.execute()


def test_nobody_listens_more_than_ten_times(system):
    listeners = [of_key(system) for _ in range(10)]
    assert not any(listener.ended() for listener in listeners)
    last = of_key(system)
    wait_until(listeners[0].ended, 10, "the oldest has to come again")
    assert not last.ended() and not any(listener.ended() for listener in listeners[1:])


def test_who_has_signed_out_does_not_come_in_again(system):
    person = system.sign_in(PEOPLE["office"])
    listener = Listener(door(system, 3), Cookie=person.cookie)
    wait_until(listener.ended, 10, "it has to come again")
    Listener(door(system, 3), Cookie=person.cookie)
    assert person.api("POST", "/api/v1/sign-out").status == 200
    assert person.api("GET", f"/api/v1/events?county={COUNTY}").status == 401


def test_listeners_do_not_hold_up_a_stop(system):
    process = system.services["intake.2"]
    listeners = [of_key(system, port=door(system, 2)) for _ in range(3)]
    process.stop(timeout=7)
    wait_until(lambda: all(listener.ended() for listener in listeners), 5, "all are sent away")
    assert process.exits[-1] == 0
    restart(system, process)
