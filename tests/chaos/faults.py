"""What goes wrong, and when: a schedule that follows from the seed alone, and whoever carries it out.

A fault comes after so many more answered requests (or after LONGEST_GAP seconds, when little is answered any more),
lasts for some seconds and is healed. Several go on at once, one at most on each target; a fault whose target is not
free yet waits for it. Each kind is a generator method of Injector: up to its last yield the fault is on, and what
follows heals it.
"""

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gateway import RECEIPT_MODES, SEND_MODES

LONGEST_GAP = 2.0  # seconds
AT_ONCE, WAITING = 4, 6  # faults that are on, and that wait for their targets
ENDS_IN = 12  # seconds that a service has for its end at SIGTERM
WHOLE_IN = 60  # seconds that replicas and Sentinels have, after a fault, to be all there again
YOUNG = 5  # seconds after its start in which SIGTERM may end a service at once
ARMED = 4  # seconds in which a service is to come to the point where it dies; then it is asked to leave

# How often each kind comes, among those that are wanted.
WEIGHTS = {"kill": 6, "crash": 6, "hang": 2, "stop": 2, "restart": 2, "redis": 2, "network": 3, "gateway": 3,
           "failover": 3}

# Crash points that a service has in it (all of common/ is linked), but never comes to.
NO_EVENTS = ("ack received, not recorded", "acks recorded, next not sent", "acks recorded, next sent",
             "overdue taken, not sent again", "overdue sent again")
NO_CALLS = ("call sent", "reply received, nobody told")
NO_COMMITS = ("orders loaded", "handled, not committed", "committed, nobody told", "events sent, not answered")
NO_STORE = ("stored, not acknowledged",)
REPLICAS = "written, replicas have not confirmed"  # where Redis has some
# Where it matters most that somebody else goes on meanwhile: read, and not written yet; taken, and not done yet.
# With how often each comes: the commit's own checks are all that stands against a hang before it.
MIDDLE = {"handled, not committed": 6, "orders loaded": 1, "steps written, not committed": 1, "SMS taken, not sent": 2,
          "SMS handed to the driver": 1, "SMS result known, not committed": 1, "overdue taken, not sent again": 1,
          "cases claimed, Redis not asked": 1, "rows committed, mark not in Redis": 2,
          "audit entries stored, not trimmed": 1, "erasing on record, contacts not erased": 1}
# Those that are passed when the service leaves; and those that are passed rarely.
LEAVING = {"off the list, not drained", "leaving, nothing released"}
RARE = {*LEAVING, "numbers not reserved", "numbers reserved, none used"}
NEVER = {
    "intake": {*NO_STORE, "request received", "attachment stored, order not told"},  # test_attachments.py comes to it
    "routing": {*NO_STORE, *NO_CALLS},
    "assignment": {*NO_STORE, *NO_CALLS},
    "notification": {*NO_STORE, *NO_CALLS},
    "archive": {*NO_EVENTS, *NO_CALLS, *NO_COMMITS},
}


def stands_still(process):
    return Path(f"/proc/{process.popen.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


@dataclass
class Fault:
    number: int
    kind: str
    targets: list
    seconds: float
    gap: int  # answered requests between the fault before it and this one
    detail: dict = field(default_factory=dict)

    def __str__(self):
        words = " ".join(f"{name}={value}" for name, value in self.detail.items())
        return f"{self.number:4} {self.kind:8} {' '.join(self.targets)} for {self.seconds:.1f} s {words}".rstrip()


def schedule(seed, kinds, names, points):
    """Faults without end, of each kind one first. names: of the instances. points: (service, name) of the crash points,
    each in its turn.
    """
    chance = random.Random(f"faults {seed}")
    middle = [point for point in points for _ in range(MIDDLE.get(point[1], 0))]
    chance.shuffle(points)
    weights = [WEIGHTS[kind] for kind in kinds]
    first = chance.sample(kinds, len(kinds))
    number = crashes = 0
    while True:
        number += 1
        kind = first.pop() if first else chance.choices(kinds, weights)[0]
        fault = Fault(number, kind, [chance.choice(names)], chance.uniform(0.1, 3), chance.randint(5, 60))
        if kind == "kill":
            fault.targets = chance.sample(names, chance.choice((1, 1, 1, 2, 2, 3)))
        elif kind in ("crash", "hang"):
            service, point = points[crashes % len(points)] if kind == "crash" else chance.choice(middle)
            fault.targets = [chance.choice([name for name in names if name.startswith(service)])]
            fault.detail = {"at": point, "time": 1 if point in RARE else chance.choice((1, 1, chance.randint(2, 10)))}
            fault.seconds = chance.uniform(*chance.choice(((0.1, 1),) if kind == "crash" else ((3, 8), (3, 8), (16, 20))))
            crashes += 1
        elif kind == "stop":
            fault.seconds = chance.choice((chance.uniform(1, 5), chance.uniform(1, 5), chance.uniform(5, 30)))
        elif kind == "redis":
            fault.targets = ["redis"]
            fault.detail = {"how": chance.choice(("kill", "kill", "stop"))}
            if fault.detail["how"] == "stop":
                fault.seconds = chance.uniform(0.5, 10)
        elif kind == "network":
            _draw_network(chance, fault, names)
        elif kind == "failover":
            fault.targets = ["redis"]
            fault.detail = {"how": chance.choice(("kill", "kill", "stop", "stop", "cut")),
                            "node": chance.choice(("primary", "primary", "replica"))}
            fault.seconds = chance.uniform(*chance.choice(((0.1, 4), (4, 10), (10, 15))))
        elif kind == "gateway":
            door, modes = chance.choice((("sending", SEND_MODES), ("receipts", RECEIPT_MODES)))
            fault.targets, fault.detail = [door], {"how": chance.choice(modes)}
            fault.seconds = chance.uniform(1, 15)
        yield fault


def reachable(points, replicas):
    return [point for point in points if point[1] not in NEVER[point[0]] and (replicas or point[1] != REPLICAS)]


def tour(seed, names, points, died):
    """A crash at each point; then again at those where nobody died, until there is none left."""
    chance = random.Random(f"tour {seed}")
    number = 0
    while left := [point for point in points if not died[point]]:
        chance.shuffle(left)
        for service, point in left:
            number += 1
            targets = [chance.choice([name for name in names if name.startswith(service)])]
            yield Fault(number, "crash", targets, 0, 0, {"at": point, "time": 1})


def _draw_network(chance, fault, names):
    """Between two instances, between one and Redis, or around one: nothing gets through, or late, or not all."""
    one = fault.targets[0]
    others = [name for name in names if name.split(".")[0] != one.split(".")[0]]
    other = chance.choice((chance.choice(others), "redis", "everybody"))
    how = chance.choice(({"drop": True}, {"drop": True}, {"delay": 0.2, "jitter": 0.1}, {"loss": 0.05}))
    fault.targets, fault.seconds = ["network"], chance.uniform(2, 12)
    fault.detail = {"between": f"{one},{other}"} | how


class Injector:
    """say: called with each line that is worth printing."""

    def __init__(self, town, ledger, say):
        self.town, self.ledger, self.say = town, ledger, say
        self.began = time.monotonic()
        self.active, self.pending = [], []
        self.healing = False
        self.mortal = set()  # instances that are to end by themselves
        self.kinds, self.kills, self.failovers = Counter(), Counter(), 0
        self.died, self.hung = Counter(), Counter()  # (service, crash point)
        self.born = {}  # when an instance was started last
        self.failures = []

    # -- the course of things ----------------------------------------------------------------------------------------

    def run(self, faults, seconds):
        """Lets faults come for so long, or until there are no more."""
        end, goal, latest = time.monotonic() + seconds, None, time.monotonic()
        self.healing, fault = False, True
        while time.monotonic() < end and (fault or self.active):
            if fault and goal is None and len(self.active) < AT_ONCE and len(self.pending) < WAITING:
                fault = next(faults, None)
                goal = self.ledger.answers + fault.gap if fault else None
            if goal is not None and (self.ledger.answers >= goal or time.monotonic() > latest + LONGEST_GAP):
                self.pending.append(fault)
                goal, latest = None, time.monotonic()
            self._turn()

    def heal(self):
        """Ends all faults; afterwards everything runs again."""
        self.healing, self.pending = True, []
        while self.active:
            self._turn()

    def _turn(self):
        busy = {target for fault, _ in self.active for target in fault.targets}
        for fault in [*self.pending]:
            if busy.isdisjoint(fault.targets) and len(self.active) < AT_ONCE:
                self.pending.remove(fault)
                self.kinds[fault.kind] += 1
                self.say(f"{time.monotonic() - self.began:7.1f} s {self.ledger.answers:7} answers  {fault}")
                self.active.append((fault, getattr(self, fault.kind)(fault)))
            busy.update(fault.targets)
        self.active = [(fault, course) for fault, course in self.active if next(course, self) is not self]
        self.watch()
        time.sleep(0.02)

    def watch(self):
        """Nobody ends without being told to; who does is started again, so that the run goes on."""
        for name, process in self.town.services.items():
            if name in self.mortal or process.popen is None or process.popen.poll() is None:
                continue
            self.failures.append(f"{name} ended by itself with {process.popen.returncode}: "
                                 f"{process.text()[-1500:]}")
            process.popen = None
            self.start(name)

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.healing:
            yield

    # -- instances ---------------------------------------------------------------------------------------------------

    def start(self, name, **environment):
        process = self.town.services[name]
        plain, process.environment = process.environment, process.environment | environment
        process.start()
        process.environment = plain
        self.born[name] = time.monotonic()

    def kill_instance(self, name):
        self.town.services[name].kill()
        self.kills[name.split(".")[0]] += 1

    def leave(self, name):
        """SIGTERM, and its end in time; returns the exit code."""
        process = self.town.services[name]
        self.mortal.add(name)
        process.signal(signal.SIGTERM)
        code = yield from self.ending(name, ENDS_IN)
        if code is None:
            self.failures.append(f"{name} did not end within {ENDS_IN} s of SIGTERM")
            self.kill_instance(name)
        self.mortal.discard(name)
        return code

    def listening(self, name):
        """Waits until it hears signals, which is when its doors are open."""
        process, end = self.town.services[name], time.monotonic() + ENDS_IN
        while process.popen.poll() is None and process.readiness()[0] == 0 and time.monotonic() < end:
            yield

    def ending(self, name, seconds):
        """Waits for an end and returns the exit code, or None. Anything but 0 is judged when the system is closed."""
        process, end = self.town.services[name], time.monotonic() + seconds
        while (code := process.popen.poll()) is None:
            if time.monotonic() > end:
                return None
            yield
        process.popen = None
        young = time.monotonic() - self.born.get(name, 0) < YOUNG
        if code == -signal.SIGKILL:
            self.kills[name.split(".")[0]] += 1
        elif not (code == -signal.SIGTERM and young):  # before it listens to signals there is nothing to end in order
            process.exits.append(code)
        return code

    # -- the kinds ---------------------------------------------------------------------------------------------------

    def kill(self, fault):
        for name in fault.targets:
            self.kill_instance(name)
        yield from self.pause(fault.seconds)
        for name in fault.targets:
            self.start(name)

    def crash(self, fault):
        """An instance that dies at a crash point; at one that it only passes when it leaves, when it leaves."""
        name = fault.targets[0]
        self.kill_instance(name)
        self.mortal.add(name)
        self.start(name, SIDAN_CRASH=fault.detail["at"], SIDAN_CRASH_AFTER=str(fault.detail["time"]))
        if fault.detail["at"] in LEAVING:
            yield from self.listening(name)
            code = None
        else:
            code = yield from self.ending(name, ARMED)
        if code is None:
            code = yield from self.leave(name)
        self.mortal.discard(name)
        if code == -signal.SIGKILL:
            self.died[(name.split(".")[0], fault.detail["at"])] += 1
        yield from self.pause(fault.seconds)
        self.start(name)

    def hang(self, fault):
        """An instance that stands still in the middle of something, while others take over what it has."""
        name = fault.targets[0]
        self.kill_instance(name)
        self.start(name, SIDAN_CRASH=fault.detail["at"], SIDAN_CRASH_AFTER=str(fault.detail["time"]),
                   SIDAN_CRASH_SIGNAL=str(int(signal.SIGSTOP)))
        process, end = self.town.services[name], time.monotonic() + ARMED
        while time.monotonic() < end and not stands_still(process):
            yield
        if stands_still(process):
            self.hung[(name.split(".")[0], fault.detail["at"])] += 1
            yield from self.pause(fault.seconds)
            process.signal(signal.SIGCONT)
        else:  # it would hang later, when nobody wakes it
            self.kill_instance(name)
            self.start(name)

    def stop(self, fault):
        for name in fault.targets:
            self.town.services[name].signal(signal.SIGSTOP)
        yield from self.pause(fault.seconds)
        for name in fault.targets:
            self.town.services[name].signal(signal.SIGCONT)

    def restart(self, fault):
        for name in fault.targets:
            yield from self.leave(name)
            self.start(name)

    def redis(self, fault):
        process = self.town.redis_process
        if fault.detail["how"] == "kill":
            self.town.cut_power(process)
            self.kills["redis"] += 1
            yield from self.pause(fault.seconds)
            self.town.start_redis()
        else:
            process.signal(signal.SIGSTOP)
            yield from self.pause(fault.seconds)
            process.signal(signal.SIGCONT)

    def failover(self, fault):
        """The primary or a replica dies, hangs, or is cut off from the Sentinels, while the services reach it; for so
        long that another takes over, or not. It lasts until all are back."""
        town = self.town
        primary = town.primary
        replica = next(node for node in town.nodes if node is not primary)
        node = primary if fault.detail["node"] == "primary" else replica
        if fault.detail["how"] == "kill":
            town.cut_power(node)
            self.kills["redis"] += 1
            yield from self.pause(fault.seconds)
            node.start()
        elif fault.detail["how"] == "stop":
            node.signal(signal.SIGSTOP)
            yield from self.pause(fault.seconds)
            node.signal(signal.SIGCONT)
        elif town.network:
            for sentinel in town.sentinels:
                town.network.between(node.name, sentinel.name, drop=True)
            yield from self.pause(fault.seconds)
            for sentinel in town.sentinels:
                town.network.mend(node.name, sentinel.name)
        yield from self.wholeness(fault)
        self.failovers += town.primary is not primary

    def wholeness(self, fault):
        end = time.monotonic() + WHOLE_IN
        while not self.town.is_whole():
            if time.monotonic() > end:
                self.failures.append(f"Redis is not whole within {WHOLE_IN} s of its fault: {fault}")
                return
            again = time.monotonic() + 0.5
            while time.monotonic() < again:
                yield

    def network(self, fault):
        one, other = fault.detail["between"].split(",")
        network = self.town.network
        groups = {"everybody": [name for name in network.names if name != one], "redis": self.town.redis_names}
        others = groups.get(other, [other])
        rule = {name: value for name, value in fault.detail.items() if name != "between"}
        for name in others:
            network.between(one, name, **rule)
        yield from self.pause(fault.seconds)
        for name in others:
            network.mend(one, name)

    def gateway(self, fault):
        door = getattr(self.town.gateway, fault.targets[0])
        door.behave(fault.detail["how"])
        yield from self.pause(fault.seconds)
        door.behave(None)
