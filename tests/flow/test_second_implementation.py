"""A second implementation of the wire, in Python's msgpack and zmq: what sidan writes it reads, and vice versa.

It knows nothing but what ARCHITECTURE.md says: a message is one frame, the envelope, an array, then the body, a map
with "type" and "v"; an event is answered by an ack, a call by a reply.
"""

import signal
import time
from pathlib import Path

import msgpack
import pytest
import zmq

from harness import COUNTY, wait_until

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.msgpack"))
EVENT, ACK, CALL, REPLY = range(4)
OK, DUPLICATE, LATER, REFUSED, STALE = range(5)
INTAKE, ROUTING, ASSIGNMENT, NOTIFICATION, ARCHIVE, SIDANCTL = 1, 2, 4, 8, 16, 32
FIELDS = ("kind", "county", "order", "source", "destination", "sequence", "id", "at", "status", "text", "remember")


def envelope(**values):
    empty = dict.fromkeys(FIELDS, 0) | dict(county=COUNTY, order="", id="", text="")
    return msgpack.packb(list((empty | values).values()))


def read_message(frame):
    """The envelope and the body; None for a body that is empty."""
    parts = msgpack.Unpacker()
    parts.feed(frame)
    head, *body = parts
    return dict(zip(FIELDS, head)), body[0] if body else None


class Peer:
    """Speaks to one instance as intake would, by intake's key, or as somebody else."""

    def __init__(self, system, service, name="intake"):
        endpoint, key = system.instance(service)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = key
        self.socket.curve_publickey, self.socket.curve_secretkey = system.key_pair(name)
        self.socket.connect(endpoint)

    def ask(self, head, body, timeout=10):
        """Sends a message; the envelope and the body of its answer, and None for a body that is empty."""
        self.socket.send(head + (body if isinstance(body, bytes) else msgpack.packb(body)))
        assert self.socket.poll(timeout * 1000), "no answer"
        return read_message(self.socket.recv())

    def event(self, order, sequence, body, id="0" * 24):
        head = envelope(kind=EVENT, order=order, source=INTAKE, destination=ARCHIVE, sequence=sequence, id=id)
        answer, _ = self.ask(head, body)
        assert (answer["kind"], answer["order"], answer["sequence"]) == (ACK, order, sequence)
        return answer

    def call(self, body, order="", **more):
        deadline = int(time.time() * 1000) + 10_000
        return self.ask(envelope(kind=CALL, order=order, source=INTAKE, destination=ARCHIVE, sequence=7, at=deadline,
                                 **more), body)


def step(ver, name, **fields):
    return {"type": "order.step", "v": 1, "ver": ver, "at": int(time.time() * 1000), "step": name, "actor": "resident",
            "service": "intake", **fields}


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_golden_files_read_and_written_alike(path):
    data = path.read_bytes()
    body = msgpack.unpackb(data)
    assert body["type"] == path.stem and body["v"] >= 1
    assert msgpack.packb(body) == data


def test_sends_events_and_calls(shared):
    archive, order = Peer(shared, "archive"), f"{COUNTY}-900001"
    placed = step(1, "placed", state="placed", title="第二种实现", text="由另一种语言写成", a_field_of_tomorrow=[1, {"x": 2}])
    assert archive.event(order, 1, placed)["status"] == OK, "a field that is not known is skipped"
    assert archive.event(order, 1, placed)["status"] in (OK, DUPLICATE), "the same again changes nothing"
    answer, listing = archive.call({"type": "history.read", "v": 1, "order": order})
    assert (answer["kind"], answer["sequence"], answer["status"]) == (REPLY, 7, OK)
    assert listing["type"] == "listing" and [row["step"] for row in listing["rows"]] == ["placed"]


FAULTS = [
    ("a required field is missing", {k: v for k, v in step(1, "placed").items() if k != "actor"}),
    ("a number where text should be", step(1, "placed", title=7)),
    ("text that is too long", step(1, "placed", title="长" * 201)),
    ("a higher version", step(1, "placed") | {"v": 99}),
    ("an unknown type", step(1, "placed") | {"type": "order.no_such"}),
    ("not UTF-8", msgpack.packb(step(1, "placed", title="TITLE")).replace(b"TITLE", b"\xff\xfe\xfd\xfc\xfb")),
    ("bytes left over", msgpack.packb(step(1, "placed")) + b"\x00"),
    ("cut off", msgpack.packb(step(1, "placed"))[:-3]),
    ("not msgpack", b"\xc1 hello"),
    ("nothing", b""),
]


@pytest.mark.parametrize("body", [body for _, body in FAULTS], ids=[name for name, _ in FAULTS])
def test_refuses(shared, body):
    archive, order = Peer(shared, "archive"), f"{COUNTY}-900002"
    answer = archive.event(order, 1, body)
    assert answer["status"] == REFUSED and answer["text"], "with a reason"
    _, refusal = archive.call({"type": "history.read", "v": 1, "order": order})
    assert (refusal["type"], refusal["error"]) == ("refusal", "unknown"), "nothing of it is stored"


def test_bears_rubbish(shared):
    """What has no readable envelope is dropped; the service goes on."""
    archive = Peer(shared, "archive")
    for frames in ([b""], [b"rubbish"], [envelope(kind=9)], [envelope(county="x" * 100)], [msgpack.packb([1, 2])],
                   [b"\x00" * 100_000] * 3, [envelope(), b""]):
        archive.socket.send_multipart(frames)
    answer, reply = archive.call({"type": "orders.list", "v": 1})
    assert answer["status"] == OK, reply


@pytest.fixture
def notification(make_system):
    """A system of two intakes, and the socket of its only instance of notification, which is this test."""
    system = make_system(start=False, instances={"intake": 2})
    del system.services["notification.1"]
    system.start()
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    socket.linger = 0
    socket.curve_server = True
    key, socket.curve_secretkey = system.key_pair("notification")
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    forever = int(time.time() * 1000) + 600_000
    entry = f"python@tcp://127.0.0.1:{port}@http://127.0.0.1:1@{key.decode()}"
    system.redis.zadd("registry:notification", {entry: forever})
    return system, socket


def test_receives_events(notification):
    """It is found, gets each event in order, and what it acks comes no more."""
    system, socket = notification
    order = system.place()
    events = {}

    def receive():
        while socket.poll(10):
            sender, frame = socket.recv_multipart()
            event, body = read_message(frame)
            assert event["kind"] == EVENT and event["destination"] == NOTIFICATION
            events[event["source"], event["sequence"]] = event | {"body": body}
            ack = event | {"kind": ACK, "status": OK}
            socket.send_multipart([sender, envelope(**ack)])
        return {event["body"]["template"] for event in events.values()} >= {"placed", "opened"}

    wait_until(receive, 20, "the notices of the order")
    for event in events.values():
        body = event["body"]
        assert (body["type"], event["order"], event["county"]) == ("notify", order["order"], COUNTY)
        assert not {"name", "phone", "email"} & set(body), "personal data stays at home"
    for source in ("intake", "assignment"):
        key = f"outbox:{{{COUNTY}}}:{source}>notification"
        wait_until(lambda: not receive() or not system.redis.hlen(key), 20, f"{key} is empty")


def test_what_was_set_aside_may_have_been_applied(notification):
    """One intake hears that an event is refused, by an old version say; the other, later, that it was applied."""
    system, socket = notification
    first = system.services["intake.1"]

    def receive():
        while socket.poll(20_000):
            sender, frame = socket.recv_multipart()
            event, _ = read_message(frame)
            if event["source"] == INTAKE:
                return sender, event
        raise AssertionError("the event does not come")

    def answer(sender, event, **values):
        socket.send_multipart([sender, envelope(**(event | {"kind": ACK} | values))])

    order = system.place()  # which goes to the first
    sender, event = receive()
    first.signal(signal.SIGSTOP)
    other, again = receive()
    assert other != sender and again["id"] == event["id"]
    answer(other, again, status=REFUSED, text="not understood")
    wait_until(lambda: system.redis.xlen(f"dlq:{{{COUNTY}}}"), 20, "the event lies aside")
    answer(sender, event, status=OK)
    first.signal(signal.SIGCONT)
    wait_until(lambda: not system.redis.xlen(f"dlq:{{{COUNTY}}}"), 20, "it lies aside no more")
    assert not system.redis.hexists(f"order:{{{COUNTY}}}:{order['order']}", "aside"), "or the order would stay for ever"


def test_what_is_never_answered_is_set_aside(notification):
    """By its sender, after so many tries; whoever hears of it and says nothing would be told for ever."""
    system, socket = notification
    for intake in system.of("intake"):
        intake.stop()
        intake.environment |= {"SIDAN_MAX_ATTEMPTS": "2", "SIDAN_BACKOFF_MS": "50"}
        intake.start()
    system.wait_ready()
    order = system.place()
    [(_, letter)] = wait_until(lambda: system.redis.xrange(f"dlq:{{{COUNTY}}}"), 20, "it lies aside")
    assert (letter["order"], letter["edge"], letter["cause"]) == (
        order["order"], "intake>notification", "sent too often without an answer")
    assert system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "aside") == "intake>notification"
    tries = 0
    while socket.poll(1000):
        event, _ = read_message(socket.recv_multipart()[1])
        tries += event["id"] == letter["id"]
    assert tries == 3, "once, and twice again"
