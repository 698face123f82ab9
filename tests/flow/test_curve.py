"""Between the services: who has no allowed key gets nowhere, harms nobody, and is counted; keys change without a stop.

Python plays the attackers: it knows the addresses, every public key and the protocol, but only the secrets that a test
gives to it.
"""

import json
import os
import re
import resource
import shutil
import socket
import struct
import threading
import time
from contextlib import closing
from pathlib import Path

import msgpack
import pytest
import requests
import zmq

from harness import COUNTY, SERVICES, Answer, is_busy, make_county, wait_until
from stream import Stream, assert_nothing_lost_nothing_twice
from test_documents import schema
from test_second_implementation import (ACK, ARCHIVE, ASSIGNMENT, CALL, EVENT, GOLDEN, INTAKE, NOTIFICATION, OK,
                                        REFUSED, ROUTING, SIDANCTL, envelope, read_message)

QUIET_MS = 500  # an answer that is to come comes in some milliseconds
SENDERS = 4  # intake, routing, assignment and notification keep a connection to the archive


def total(system, name, labels="", service="archive.1"):
    found = re.search(rf"^{name}{{{re.escape(labels)}}} (\S+)$", system.metrics(system.services[service]), re.M)
    return float(found[1]) if found else 0.0


def handshakes(system, result):
    return total(system, "sidan_link_handshakes_total", f'result="{result}"')


def dropped(system, reason, service="archive.1"):
    return total(system, "sidan_link_dropped_total", f'reason="{reason}"', service)


def rubbish(system):
    """Connections that ended without a handshake that could be judged."""
    results = ("ok", "unknown_key", "no_key", "invalid", "incomplete")
    return total(system, "sidan_link_accepted_total") - sum(handshakes(system, result) for result in results)


def dealer(system, service="archive", keys=None, plain=False):
    """A DEALER connected to a service; keys: (public, secret), none for no CURVE."""
    endpoint, server_key = system.instance(service)
    peer = zmq.Context.instance().socket(zmq.DEALER)
    peer.linger = 0
    if keys:
        peer.curve_serverkey = server_key
        peer.curve_publickey, peer.curve_secretkey = keys
    if plain:
        peer.plain_username, peer.plain_password = b"intake", b"secret"
    peer.connect(endpoint)
    return peer


def listing(source=INTAKE, kind=CALL):
    """A call that the archive answers to whoever may ask, which are intake and sidanctl."""
    deadline = int(time.time() * 1000) + 10_000
    head = envelope(kind=kind, source=source, destination=ARCHIVE, sequence=1, at=deadline)
    return head + msgpack.packb({"type": "audit.list", "v": 1})


def is_answered(peer, message, timeout=1500):
    peer.send(message)
    if not peer.poll(timeout):
        return False
    assert read_message(peer.recv())[0]["status"] == OK
    return True


def raw(system, service="archive"):
    host, port = system.instance(service)[0].removeprefix("tcp://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=2)
    return connection


def assert_works(system):
    """An order goes all the way that needs no clock."""
    order = system.place()
    system.wait_state(order, "open", "assigned", timeout=10)
    system.wait_sms(order, template="opened", timeout=10)


# --- who comes in ---

# A stranger without CURVE hangs up by itself when it sees that it is wanted, or is told so: whichever is first.
STRANGERS = [("no CURVE", ("no_key", "incomplete"), dict()), ("PLAIN", ("no_key", "incomplete"), dict(plain=True)),
             ("a key that nobody knows", ("unknown_key",), dict(keys=zmq.curve_keypair()))]


@pytest.mark.parametrize("results, stranger", [row[1:] for row in STRANGERS], ids=[row[0] for row in STRANGERS])
def test_strangers_are_refused_and_counted(shared, results, stranger):
    def refused():
        return sum(handshakes(shared, result) for result in results)

    before = refused()
    with closing(dealer(shared, **stranger)) as peer:
        peer.send(listing(), zmq.DONTWAIT)
        wait_until(lambda: refused() > before, 5, "it is counted")
        assert not peer.poll(QUIET_MS)
    with closing(dealer(shared, keys=shared.key_pair("intake"))) as peer:
        assert is_answered(peer, listing()), "and intake is answered"


def test_a_wrong_server_key_is_no_way_in(shared):
    """Who knows an allowed key pair but not whom it talks to is not heard either."""
    before = handshakes(shared, "invalid")
    with closing(zmq.Context.instance().socket(zmq.DEALER)) as peer:
        peer.linger = 0
        peer.curve_serverkey, _ = zmq.curve_keypair()
        peer.curve_publickey, peer.curve_secretkey = shared.key_pair("intake")
        peer.connect(shared.instance("archive")[0])
        assert not is_answered(peer, listing())
    assert handshakes(shared, "invalid") > before


SOURCES = [("routing", INTAKE, CALL), ("notification", INTAKE, CALL), ("archive", INTAKE, CALL),
           ("intake", ROUTING, EVENT), ("routing", ASSIGNMENT, EVENT), ("routing", INTAKE | ROUTING, EVENT),
           ("sidanctl", INTAKE, CALL), ("sidanctl", ROUTING, EVENT), ("sidanctl", 0, CALL), ("intake", SIDANCTL, CALL),
           ("sidanctl", INTAKE | SIDANCTL, CALL)]


@pytest.mark.parametrize("name, source, kind", SOURCES)
def test_a_stolen_key_speaks_for_its_own_service_only(shared, name, source, kind):
    before = dropped(shared, "source")
    with closing(dealer(shared, keys=shared.key_pair(name))) as peer:
        peer.send(listing(source=source, kind=kind))
        wait_until(lambda: dropped(shared, "source") == before + 1, 5, "it is dropped")
        assert not peer.poll(QUIET_MS)


def test_a_stolen_key_of_sidanctl_asks_no_more_than_sidanctl(shared):
    """Whatever the schema knows is refused unless sidanctl itself asks it; first of all claims, screenings, answers."""
    asked = {"audit.list", "history.read", "sms.receipt", "sms.test", "journal.verify", "journal.rebuild"}
    assert {name for name, senders, _ in schema() if "sidanctl" in senders} == asked
    order = shared.place()
    shared.wait_state(order, "open")
    steps, deadline = shared.history(order), int(time.time() * 1000) + 60_000
    bodies = {path.stem: path.read_bytes() for path in GOLDEN}
    receivers = {"routing": ROUTING, "assignment": ASSIGNMENT, "notification": NOTIFICATION, "archive": ARCHIVE}
    for service, number in receivers.items():
        with closing(dealer(shared, service, keys=shared.key_pair("sidanctl"))) as peer:
            for name in (name for name, _, receiver in schema() if receiver == service and name not in asked):
                for kind in (CALL, EVENT):
                    head = envelope(kind=kind, order=order["order"], source=SIDANCTL, destination=number,
                                    sequence=1, id="0" * 24, at=deadline)
                    peer.send(head + bodies[name])
                    assert peer.poll(5000), f"{service} does not answer {name}"
                    answer, reason = read_message(peer.recv())
                    assert answer["status"] == REFUSED, (name, answer)
                    assert "misdirected" in (answer["text"], reason and reason["error"]), (name, answer, reason)
    assert shared.history(order) == steps
    with closing(dealer(shared, keys=shared.key_pair("sidanctl"))) as peer:
        assert is_answered(peer, listing(source=SIDANCTL))


def test_a_stolen_key_signs_no_other_services_steps(shared):
    """Who has routing's key may tell the archive of routing's steps; one that assignment would have made is refused."""
    order = shared.place()
    shared.wait_state(order, "open")
    wait_until(lambda: len(shared.history(order)) == 2, 10, "the journal has its steps")
    step = {"type": "order.step", "v": 1, "ver": 3, "at": int(time.time() * 1000), "step": "answered",
            "actor": "member:M101", "service": "assignment", "state": "answered", "answer": "forged"}
    with closing(dealer(shared, keys=shared.key_pair("routing"))) as thief:
        for service in ("assignment", "intake", "archive", "nobody", ""):
            head = envelope(kind=EVENT, order=order["order"], source=ROUTING, destination=ARCHIVE, sequence=2,
                            id="f" * 24)
            thief.send(head + msgpack.packb(step | {"service": service}))
            assert thief.poll(5000), "no answer"
            answer, _ = read_message(thief.recv())
            assert (answer["kind"], answer["status"]) == (ACK, REFUSED), (service, answer)
    assert [row["step"] for row in shared.history(order)] == ["placed", "opened"]


def replace(file, text):
    """As sidanctl does: whoever reads sees the one or the other."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_a_key_that_leaves_the_list_is_silent_at_once(make_system):
    """Also on a connection that is there already, and an instance that has it is sent nothing any more."""
    system = make_system()
    allowed = system.keys / "allowed"
    text = allowed.read_text()
    assert_works(system)  # everybody is connected
    with closing(dealer(system, keys=system.key_pair("sidanctl"))) as peer:
        assert is_answered(peer, listing(source=SIDANCTL))
        others = [line for line in text.splitlines(True) if not line.startswith(("sidanctl", "routing"))]
        replace(allowed, "".join(others))
        wait_until(lambda: not is_answered(peer, listing(source=SIDANCTL)), 10, "sidanctl is not heard any more")
        assert dropped(system, "key") >= 1
        order = system.place()
        time.sleep(1)
        assert not system.redis.hget(f"attempts:{{{COUNTY}}}:intake>routing", f"{order['order']}/1")
        assert system.order(order)["state"] == "placed", "intake sends nothing to routing"
        replace(allowed, text)
        wait_until(lambda: is_answered(peer, listing(source=SIDANCTL)), 10, "sidanctl is heard again")
        system.wait_state(order, "open", timeout=20)


def test_an_answer_by_a_key_that_left_the_list_does_not_count(make_system):
    """Python is notification, and has an event under way when its key is taken off the list."""
    system = make_system(start=False)
    del system.services["notification.1"]
    system.start()
    public, secret = system.key_pair("notification")
    allowed, outbox = system.keys / "allowed", f"outbox:{{{COUNTY}}}:intake>notification"
    text = allowed.read_text()
    with closing(zmq.Context.instance().socket(zmq.ROUTER)) as inbox:
        inbox.linger = 0
        inbox.curve_server, inbox.curve_secretkey = True, secret
        port = inbox.bind_to_random_port("tcp://127.0.0.1")
        entry = f"python@tcp://127.0.0.1:{port}@http://127.0.0.1:1@{public.decode()}"
        system.redis.zadd("registry:notification", {entry: int(time.time() * 1000) + 600_000})

        def next_ack():
            """To the next event of intake's, if there is one: the frames to send."""
            while inbox.poll(10):
                sender, frame = inbox.recv_multipart()
                event, _ = read_message(frame)
                if event["source"] == INTAKE:
                    return [sender, envelope(**event | {"kind": ACK, "status": OK})]

        system.place()
        ack = wait_until(next_ack, 10, "an event")
        replace(allowed, "".join(line for line in text.splitlines(True) if not line.startswith("notification")))
        before = dropped(system, "key", "intake.1")
        wait_until(lambda: "read again" in system.services["intake.1"].text(), 10, "intake knows the new list")
        inbox.send_multipart(ack)
        wait_until(lambda: dropped(system, "key", "intake.1") > before, 5, "the ack is dropped")
        assert system.redis.hlen(outbox) == 1
        replace(allowed, text)
        inbox.send_multipart(wait_until(next_ack, 30, "the event again"))
        wait_until(lambda: not system.redis.hlen(outbox), 5, "it is acknowledged")


def test_a_list_that_cannot_be_read_changes_nothing(make_system):
    system = make_system()
    system.allowed_errors = [r"keys/allowed.*stays in force"]
    allowed = system.keys / "allowed"
    text = allowed.read_text()
    for number, damage in enumerate((lambda: replace(allowed, text + "routing not-a-key\n"),
                                     lambda: allowed.write_text(""), allowed.unlink), 1):
        damage()
        faults = [f"{process.name}" for process in system.services.values()]
        wait_until(lambda: all(system.services[name].text().count("stays in force") == number for name in faults), 10,
                   "every service reports it, once")
        assert_works(system)
    time.sleep(2.5)
    assert system.services["archive.1"].text().count("stays in force") == 3, "once each"
    replace(allowed, text)
    wait_until(lambda: "the list of keys was read again" in system.services["archive.1"].text(), 10, "it is read again")


def test_no_service_starts_without_keys(make_system):
    system = make_system(start=False)
    system.start_redis()
    system.allowed_errors = ["secret"]
    secret = system.keys / "routing.secret"
    routing = system.services["routing.1"]

    def refuses(word):
        routing.start()
        code = routing.popen.wait(20)
        routing.popen = None
        line = routing.text().splitlines()[-1]
        assert code == 1 and word in line and "routing.secret" in line, line
        assert secret_text not in routing.text(), "no key is written to the log"

    secret_text = secret.read_text().strip()
    secret.chmod(0o644)
    refuses("chmod 600")
    secret.chmod(0o600)
    secret.write_text("no key\n")
    refuses("40 characters")
    secret.unlink()
    refuses(f"sidanctl keys init {system.keys}")


# --- what comes over the port ---

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)
GIGABYTE = struct.pack(">BQ", 6, 1 << 30)  # a long command
RUBBISH = [
    ("random bytes", lambda: os.urandom(5000)),
    ("HTTP", lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("ZMTP 2.0", lambda: b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00"),
    ("a frame of a gigabyte instead of a handshake", lambda: GREETING + GIGABYTE + b"x" * 100_000),
    ("many small frames", lambda: GREETING + b"\x04\x01x" * 20_000),
    ("a handshake of random bytes", lambda: GREETING + b"\x04\xc8" + b"\x05HELLO\x01\x00" + os.urandom(192)),
]


@pytest.mark.parametrize("make", [make for _, make in RUBBISH], ids=[name for name, _ in RUBBISH])
def test_rubbish_is_cut_off(shared, make):
    """Within the time of a handshake at the latest; in fact at once."""
    before = rubbish(shared) + handshakes(shared, "invalid")
    with closing(raw(shared)) as connection:
        try:
            connection.sendall(make())
            connection.settimeout(5)
            while connection.recv(4096):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
    wait_until(lambda: rubbish(shared) + handshakes(shared, "invalid") == before + 1, 5, "it is counted")
    wait_until(lambda: total(shared, "sidan_link_connections") == SENDERS, 5, "the connection is gone")


def test_half_a_greeting_is_not_waited_for(shared):
    before = handshakes(shared, "incomplete")
    with closing(raw(shared)) as connection:
        connection.sendall(GREETING[:12])
        connection.settimeout(20)
        while connection.recv(4096):
            pass
    assert handshakes(shared, "incomplete") == before + 1


def test_what_an_allowed_service_sends_too_much_is_dropped(shared):
    """Too large a frame ends the connection, what is unreadable is dropped and counted, and others do not notice."""
    before = dropped(shared, "unreadable")
    with closing(dealer(shared, keys=shared.key_pair("intake"))) as peer:
        for frames in ([b""], [b"rubbish"], [os.urandom(1000)], [listing(), b""]):
            peer.send_multipart(frames)
        assert is_answered(peer, listing())
        assert dropped(shared, "unreadable") == before + 4
        accepted = total(shared, "sidan_link_accepted_total")
        peer.send(listing() + b"x" * (400 << 10))
        wait_until(lambda: total(shared, "sidan_link_accepted_total") == accepted + 1, 5, "it had to connect again")
        assert is_answered(peer, listing())
    assert_works(shared)


class Flood(threading.Thread):
    """Keeps so many connections to a service that say half of something, for as long as it is let."""

    def __init__(self, system, service, count):
        super().__init__()
        self.system, self.service, self.count = system, service, count
        self.connections, self.made, self.refused = [], 0, 0
        self.stopping = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()
        for connection in self.connections:
            connection.close()

    def run(self):
        while not self.stopping.wait(0.05):
            self.connections = [connection for connection in self.connections if self._is_open(connection)]
            while len(self.connections) < self.count and not self.stopping.is_set():
                try:
                    connection = raw(self.system, self.service)
                except OSError:
                    self.refused += 1
                    break
                connection.setblocking(False)
                self.connections.append(connection)
                self.made += 1
                try:  # a long frame, of which the greater part never comes
                    connection.send(GREETING + struct.pack(">BQ", 6, 310_000) + bytes(50_000))
                except OSError:
                    pass

    @staticmethod
    def _is_open(connection):
        try:
            while connection.recv(4096):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        connection.close()
        return False


def memory(process):
    """Resident memory in MiB."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def test_a_flood_of_connections_harms_nobody(make_system, tmp_path):
    """Orders go on, memory stays bounded, and when the flood is over whoever is new is let in as ever."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    system = make_system(counties=[make_county(tmp_path / "counties", clocks={("normal", "claim"): "2s"})])
    archive = system.services["archive.1"]
    before = peak = memory(archive)
    most = 0
    try:
        with Stream(system, rate=10) as stream, Flood(system, "archive", 2000) as flood:
            stream.placed(20)
            end = time.monotonic() + 15  # longer than a handshake may take
            while time.monotonic() < end or (flood.made <= 1000 and time.monotonic() < end + 60):
                peak = max(peak, memory(archive))
                most = max(most, total(system, "sidan_link_connections"))
                time.sleep(0.2)
            stream.placed(20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(f"{flood.made} connections made, {flood.refused} refused, {most:.0f} at once; {before:.0f} MiB before, "
          f"{peak:.0f} MiB at most; {len(stream.orders)} orders, {stream.retries} of them sent again")
    assert flood.made > 1000 and stream.retries == 0
    assert most < 1300, "the port closes at 1024; what was in the queue may still come in"
    assert peak - before < 700, "a frame of a stranger is at most 320 KiB"
    wait_until(lambda: total(system, "sidan_link_connections") == SENDERS, 20, "the strangers are gone")
    with closing(dealer(system, keys=system.key_pair("intake"))) as peer:
        assert is_answered(peer, listing(), timeout=5000)
    print(assert_nothing_lost_nothing_twice(system, stream))


# --- whom a service talks to ---

@pytest.mark.parametrize("lure", ["its own key", "the key of routing, without its secret", "a stolen key of intake",
                                  "no key"])
def test_redis_alone_lures_nobody(shared, lure):
    """An entry in the registry that points to an attacker: nothing is sent there, and the work is done elsewhere."""
    public, secret = zmq.curve_keypair()
    announced = public
    if "routing" in lure:
        announced, _ = shared.key_pair("routing")
    elif "intake" in lure:
        announced, secret = shared.key_pair("intake")
    with closing(zmq.Context.instance().socket(zmq.ROUTER)) as trap:
        trap.linger = 0
        if lure != "no key":  # who would speak openly is heard, too
            trap.curve_server = True
            trap.curve_secretkey = secret
        trap.zap_domain = b"trap"
        port = trap.bind_to_random_port("tcp://127.0.0.1")
        entry = f"routing-ffffff@tcp://127.0.0.1:{port}@http://127.0.0.1:1" + ("" if "no key" == lure else
                                                                             f"@{announced.decode()}")
        before = dropped(shared, "registry", "intake.1")
        shared.redis.zadd("registry:routing", {entry: int(time.time() * 1000) + 60_000})
        try:
            time.sleep(2.5)  # the registry is read every second
            orders = [shared.place() for _ in range(20)]
            assert not trap.poll(500), "something comes"
            for order in orders:
                shared.wait_state(order, "open", "assigned", timeout=5)
            if "own" in lure or "intake" in lure:
                wait_until(lambda: dropped(shared, "registry", "intake.1") > before, 10, "intake says so")
        finally:
            shared.redis.zrem("registry:routing", entry)


def test_who_was_refused_comes_in_when_its_key_is_allowed(make_system):
    """libzmq gives up after a refused handshake; a new key that reaches one machine later than another must not."""
    system = make_system(start=False)
    late = system.directory / "late"
    shutil.copytree(system.keys, late)
    text = (late / "allowed").read_text()
    (late / "allowed").write_text("".join(line for line in text.splitlines(True) if not line.startswith("routing")))
    system.services["archive.1"].environment["SIDAN_KEYS"] = str(late)
    system.start()
    order = system.place()
    system.wait_state(order, "open", timeout=10)
    wait_until(lambda: handshakes(system, "unknown_key") >= 2, 10, "routing is refused, and tries again")
    assert [row["step"] for row in system.history(order)] == ["placed"]
    replace(late / "allowed", text)
    wait_until(lambda: [row["step"] for row in system.history(order)] == ["placed", "opened"], 20, "routing's step")


# --- new keys ---

class TwoDoors(Stream):
    """A stream that goes on at the other intake when one does not take connections, and forgives no other 5xx."""

    def _place(self, session, key):
        ports = [self.system.services[f"intake.{number}"].environment["SIDAN_HTTP_PORT"] for number in (1, 2)]
        body = {"county": COUNTY, "title": "东门小区路灯不亮", "text": f"路灯坏了，{key}", "phone": "10000000001"}
        for port in ports * 30:
            try:
                answer = session.post(f"http://127.0.0.1:{port}/api/v1/orders", json=body,
                                      headers={"Idempotency-Key": key}, timeout=10)
            except requests.ConnectionError:
                self.retries += 1
                continue
            if answer.status_code in (200, 201):
                self.orders[key] = answer.json()["order"]
            elif is_busy(Answer(answer)):  # this machine is slow, and nobody is away
                time.sleep(0.5)
                continue
            else:
                self.faults.append(f"{key}: {answer.status_code} {answer.text}")
            return
        self.faults.append(f"{key}: no door takes it")


def test_all_keys_are_replaced_without_a_stop(make_system, tmp_path):
    county = make_county(tmp_path / "counties", clocks={("normal", "claim"): "2s"})
    system = make_system(counties=[county], instances=dict.fromkeys(SERVICES[:4], 2))
    old = {name: system.key_pair(name) for name in (*SERVICES, "sidanctl")}
    with TwoDoors(system, rate=8) as stream:
        stream.placed(20)
        for service in SERVICES:
            system.ctl("keys", "rotate", str(system.keys), service)
            for process in system.of(service):
                process.stop()
                process.start()
                wait_until(lambda p=process: system.is_ready(p), 30, f"{process.name} is ready")
            system.ctl("keys", "prune", str(system.keys), service)
            stream.placed(20)
        system.ctl("keys", "rotate", str(system.keys), "sidanctl")
        system.ctl("keys", "prune", str(system.keys), "sidanctl")
        stream.placed(20)
    states = json.loads(system.ctl("keys", "list", str(system.keys), "--json"))["keys"]
    assert sorted(row["name"] for row in states) == sorted(old) and {row["state"] for row in states} == {"current"}
    in_use = {row["key"] for row in json.loads(system.ctl("status", "--json"))["instances"]}
    assert in_use == {row["key"] for row in states if row["name"] != "sidanctl"}
    print(assert_nothing_lost_nothing_twice(system, stream))
    assert system.redis.xlen(f"dlq:{{{COUNTY}}}") == 0
    for name, pair in old.items():
        before = handshakes(system, "unknown_key")
        with closing(dealer(system, keys=pair)) as peer:
            peer.send(listing())
            wait_until(lambda: handshakes(system, "unknown_key") > before, 5, f"the old key of {name} is refused")
    assert "placed" in system.ctl("order", "show", next(iter(stream.orders.values()))), "sidanctl's new key is good"
