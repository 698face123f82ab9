"""Redis stops, dies, forgets, has no room, is replaced by its replica: what ARCHITECTURE.md promises for each.

Losing the process is in test_kill.py. Here are its disk, its hang, its tail, and a primary with replicas.
"""

import os
import signal
import subprocess
import threading
import time
from collections import Counter

import pytest

from harness import COUNTY, SERVICES, System, make_county, wait_until
from replicas import Replicated
from stream import Stream, assert_nothing_lost_nothing_twice, journal
from test_second_implementation import DUPLICATE, EVENT, INTAKE, LATER, ROUTING, Peer, envelope

SHORT = {("normal", "claim"): "2s"}
FORGOTTEN = "not recorded: there is no such SMS"  # it was sent, and Redis does not know it any more


@pytest.fixture
def county(tmp_path):
    return make_county(tmp_path / "counties", clocks=SHORT)


def refused(stream, count=5, timeout=30):
    """Waits until so many more requests were refused for now; whoever answers otherwise is a fault of the stream."""
    goal = stream.retries + count
    wait_until(lambda: stream.retries >= goal, timeout, "intake refuses for now")


def versions_in_redis(system, orders):
    """How far Redis has each of the orders; None: it does not know it."""
    versions = system.redis.pipeline(transaction=False)
    for order in orders:
        versions.hget(f"order:{{{COUNTY}}}:{order}", "ver")
    return dict(zip(orders, versions.execute()))


def in_redis(system, orders):
    """Those of the orders that Redis has, at the last step that the stream brings them to."""
    return [order for order, version in versions_in_redis(system, orders).items() if version == "3"]


def assert_all_in_redis(system, stream):
    """The archive may know what Redis has forgotten: an order must be in both."""
    orders = sorted(stream.orders.values())
    try:
        wait_until(lambda: len(in_redis(system, orders)) == len(orders), 60, "Redis has every order", pause=0.5)
    except AssertionError as fault:
        archived = journal(system)
        behind = {order: (version, archived.get(order)) for order, version in versions_in_redis(system, orders).items()
                  if version != "3"}
        raise AssertionError(f"{len(behind)} of {len(orders)} (Redis, archive): {behind}") from fault


def assert_consistent(system, stream, before, timeout=60):
    """After acknowledged writes were lost: no number was given twice, what came later is whole, forks lie aside.

    before: the orders that were accepted until then. Returns how many of them Redis has lost.
    """
    orders = stream.orders.values()
    twice = [order for order, count in Counter(orders).items() if count > 1]
    assert not twice, twice
    later = sorted(set(orders) - before)
    wait_until(lambda: len(in_redis(system, later)) == len(later), timeout, "what came later is whole", pause=0.5)
    system.wait_ready()
    letters = system.redis.xrange(f"dlq:{{{COUNTY}}}")
    strangers = [letter for _, letter in letters if letter["order"] not in before]
    assert not strangers, strangers
    system.ctl("dlq", "list")
    lost = len(before) - sum(map(bool, (system.redis.exists(f"order:{{{COUNTY}}}:{order}") for order in before)))
    print({"orders": len(orders), "lost": lost, "aside": Counter(letter["cause"] for _, letter in letters)})
    return lost


# -- one Redis -------------------------------------------------------------------------------------------------------

def test_redis_hangs(make_system, county):
    """SIGSTOP for 10 s: nobody is told anything wrong, and all goes on."""
    system = make_system(counties=[county])
    with Stream(system) as stream:
        stream.placed(40)
        system.redis_process.signal(signal.SIGSTOP)
        stopped = time.monotonic()
        refused(stream)
        time.sleep(max(0, stopped + 10 - time.monotonic()))
        system.redis_process.signal(signal.SIGCONT)
        stream.placed(40)
    print(assert_nothing_lost_nothing_twice(system, stream))


class OnSmallDisk(System):
    """Redis on a file system of 16 MB, in a mount namespace that one process holds; restarted whenever it ends."""

    def _redis_process(self):
        process = super()._redis_process()
        self.disk = self.directory / "redis"
        flags = ["-m"] if os.geteuid() == 0 else ["-Urm"]
        self.holder = subprocess.Popen(["unshare", *flags, "--kill-child", "--fork", "sh", "-c",
                                        'mount -t tmpfs -o size=16m tmpfs "$1" && echo ready && exec sleep infinity',
                                        "sh", self.disk], stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise AssertionError("a small file system cannot be mounted here: be root, or allow user namespaces")
        inside = subprocess.run(["pgrep", "-P", str(self.holder.pid)], capture_output=True, text=True, check=True)
        enter = ["nsenter", "-t", inside.stdout.strip(), "-m", *(["-U", "--preserve-credentials"] * (flags != ["-m"]))]
        self.inside = [*enter, "-w", "--"]
        process.command = [*self.inside, *process.command]
        return process

    def fill(self):
        subprocess.run([*self.inside, "dd", "if=/dev/zero", f"of={self.disk}/ballast", "bs=4k"], capture_output=True)

    def free(self):
        subprocess.run([*self.inside, "rm", f"{self.disk}/ballast"], check=True)

    def let_go(self):
        self.holder.kill()
        self.holder.wait()

    def abandon(self):
        super().abandon()
        self.let_go()

    def close(self):
        try:
            super().close()
        finally:
            self.let_go()


class Supervisor:
    """Starts Redis again whenever it ends, as `make run` and the containers do."""

    def __init__(self, process):
        self.process, self.done, self.starts = process, threading.Event(), 0
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.done.wait(0.2):
            if not self.process.running():
                self.process.start()
                self.starts += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_disk_full(make_system, county, fsync):
    """Redis ends itself (always) or refuses to write (everysec); intake says 503 until there is room again."""
    system = make_system(kind=OnSmallDisk, counties=[county])
    system.redis.config_set("appendfsync", fsync)
    with Supervisor(system.redis_process) as supervisor, Stream(system) as stream:
        stream.placed(40)
        system.fill()
        refused(stream, 10)
        answer = system.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "路灯", "text": "坏了"})
        assert answer.status == 503, answer
        assert int(answer.headers["Retry-After"]) > 0
        intake = system.services["intake.1"]
        wait_until(lambda: not system.is_ready(intake), 20, "intake says that it cannot work")
        system.free()
        stream.placed(40)
    assert (supervisor.starts > 0) == (fsync == "always")
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_a_tail_of_the_log_is_missing(make_system, county):
    """The disk lost what Redis had synced: that is gone, but nothing else is, and nothing is mixed up."""
    system = make_system(counties=[county])
    system.allowed_errors.append(FORGOTTEN)
    with Stream(system) as stream:
        stream.placed(60)
        log = next((system.directory / "redis/appendonlydir").glob("*.incr.aof"))
        size = log.stat().st_size
        stream.placed(20)
        system.redis_process.kill()
        before = set(stream.orders.values())
        os.truncate(log, size + 11)  # in the middle of a command
        system.start_redis()
        stream.placed(40)
    assert assert_consistent(system, stream, before) > 0, "the test has cut off too little"


# -- a primary, replicas and Sentinels -------------------------------------------------------------------------------

def die(process, point):
    """It dies at a crash point, and is started again."""
    process.kill()
    plain, process.environment = process.environment, process.environment | {"SIDAN_CRASH": point}
    process.start()
    process.environment = plain
    wait_until(lambda: not process.running(), 30, f"{process.name} comes to: {point}")
    assert process.popen.returncode == -signal.SIGKILL, process.text()[-2000:]
    process.start()


def test_failover_loses_nothing(make_system, county):
    """The primary hangs and is replaced; it comes back as a replica, and its successor dies, all in mid-load.

    Services die meanwhile between their writes and what the replicas say to them. And for a moment the first still
    believes that it is the primary; what it is told then must count for nothing.
    """
    system = make_system(kind=Replicated, replicas=2, counties=[county])
    with Stream(system) as stream:
        stream.placed(40)
        for service in SERVICES:
            die(system.services[f"{service}.1"], "written, replicas have not confirmed")
        first = system.primary
        first.signal(signal.SIGSTOP)
        system.wait_failover(first)
        stream.placed(20)
        first.signal(signal.SIGCONT)
        system.wait_replica(first)
        second = system.primary
        second.kill()
        system.wait_failover(second)
        stream.placed(20)
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_a_primary_that_wakes_up_while_it_is_replaced(make_system, county):
    """It hangs, and goes on when one replica has been made the primary and the other still follows it, and confirms.

    For that second the Sentinels name it, it takes itself for the primary, and a replica has all that is written to it.
    """
    system = make_system(kind=Replicated, replicas=2, counties=[county])
    with Stream(system) as stream:
        stream.placed(40)
        first = system.primary
        others = [node for node in system.nodes if node is not first]
        first.signal(signal.SIGSTOP)
        wait_until(lambda: any(map(system.takes_itself_for_the_primary, others)), 30, "a replica is promoted",
                   pause=0.005)
        first.signal(signal.SIGCONT)
        system.wait_failover(first)
        system.wait_replica(first)
        stream.placed(20)
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_a_primary_that_wakes_up_while_nobody_tells_of_its_replacement(make_system, county):
    """As before, and the Sentinel that replaces it hangs as well, for so long: the two others have voted for that."""
    system = make_system(kind=Replicated, replicas=2, counties=[county])
    with Stream(system) as stream:
        stream.placed(40)
        first = system.primary
        others = [node for node in system.nodes if node is not first]
        first.signal(signal.SIGSTOP)
        wait_until(lambda: any(map(system.takes_itself_for_the_primary, others)), 30, "a replica is promoted",
                   pause=0.005)
        leader = system.replacing()
        leader.signal(signal.SIGSTOP)
        first.signal(signal.SIGCONT)
        time.sleep(1.5)  # after 2 s it would do nothing for a while, having lost count of time
        leader.signal(signal.SIGCONT)
        system.wait_failover(first)
        stream.placed(20)
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_while_a_replacement_may_go_on_every_replica_must_confirm(make_system, county):
    """Sentinels have voted for one, as another of them may ask for at any time: of what is not on all nobody knows
    whether the one that is chosen has it.
    """
    system = make_system(kind=Replicated, replicas=2, counties=[county])
    with Stream(system) as stream:
        stream.placed(20)
        primary = system.primary
        slow = next(node for node in system.nodes if node is not primary)
        slow.signal(signal.SIGSTOP)
        stream.placed(20)  # the other one has it
        for sentinel in system.watch.sentinels:
            sentinel.execute_command("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", primary.host, primary.port, 100, "f" * 40)
        wait_until(lambda: "1 of 2 replicas have confirmed" in system.services["intake.1"].text(), 20, "intake refuses")
        slow.signal(signal.SIGCONT)
        stream.placed(20)
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def fail_over_to_the_past(system, stream, while_it_hangs):
    """The only replica hangs, then it and the primary die; it comes back alone, with what it had written before."""
    old = system.primary
    replica = next(node for node in system.nodes if node is not old)
    replica.signal(signal.SIGSTOP)
    while_it_hangs()
    replica.kill()  # and what had come to its socket is gone with it
    old.kill()
    before = set(stream.orders.values())
    replica.start()
    system.wait_failover(old)
    system.make_replica(old)  # alone the new primary accepts nothing, either
    return before


def test_failover_to_a_replica_that_lagged(make_system, county):
    """What the replica has not got is not accepted; so it can take over without what it missed."""
    system = make_system(kind=Replicated, replicas=1, counties=[county])
    with Stream(system) as stream:
        stream.placed(40)
        fail_over_to_the_past(system, stream, lambda: refused(stream, 10))
        stream.placed(20)
    assert_all_in_redis(system, stream)
    print(assert_nothing_lost_nothing_twice(system, stream))


def test_what_no_replica_has_is_not_called_applied(make_system, county):
    """Nor when it comes again: its sender would forget it, and a failover what was applied."""
    system = make_system(kind=Replicated, replicas=1, counties=[county], start=False)
    del system.services["intake.1"]
    system.start()
    order = f"{COUNTY}-000777"
    system.redis.hset(f"order:{{{COUNTY}}}:{order}", mapping={
        "ver": 1, "county": COUNTY, "order": order, "state": "placed", "title": "路灯不亮", "text": "坏了", "clock": "handover"})
    peer = Peer(system, "routing")

    def send():
        head = envelope(kind=EVENT, order=order, source=INTAKE, destination=ROUTING, sequence=1, id="a" * 24)
        return peer.ask(head, {"type": "order.placed", "v": 1, "at": 1})[0]["status"]
    [replica] = [node for node in system.nodes if node is not system.primary]
    replica.signal(signal.SIGSTOP)
    assert send() == LATER and system.redis.hget(f"order:{{{COUNTY}}}:{order}", "state") != "placed", "the primary has it"
    for _ in range(8):
        assert send() == LATER
        time.sleep(0.5)  # it connects anew each time that nobody confirms
    replica.signal(signal.SIGCONT)
    wait_until(lambda: send() == DUPLICATE, 20, "now it has it, too")


def test_failover_without_waiting_stays_consistent(make_system, county):
    """redis_replicas=0: the latest moments may be lost, but nothing else is, and nothing is mixed up."""
    system = make_system(kind=Replicated, replicas=1, waits=0, counties=[county])
    system.allowed_errors.append(FORGOTTEN)
    with Stream(system) as stream:
        stream.placed(40)
        before = fail_over_to_the_past(system, stream, lambda: stream.placed(40))
        stream.placed(20)
    assert assert_consistent(system, stream, before) > 0, "nothing was lost, so nothing was tested"
