"""Faults from a seed under a steady load, then healing, quiet, and an audit; over and over.

    make chaos MINUTES=30 SEED=7      or   tests/chaos/run --minutes 30 --seed 7 --faults kill,crash,redis

Exit code 0 when every audit found everything in order, 1 when not; then the seed and the command that repeats the run
are printed, and the directory with logs, journal and spool is kept. The schedule is printed as it happens and stands
in schedule.txt there. On a slow disk most time goes by syncing it: with TMPDIR=/dev/shm all is in memory.

With the fault failover, which has to be asked for, Redis is a primary with two replicas and three Sentinels, each in a
network of its own if there are faults of the network; failover takes the place of redis then.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

for folder in ("flow", "chaos"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import network  # noqa: E402
from audit import Audit  # noqa: E402
from faults import WEIGHTS, Injector, reachable, schedule, tour  # noqa: E402
from harness import ROOT  # noqa: E402
from ledger import Ledger  # noqa: E402
from load import PAUSE, Load, claim_code, reply_to_door  # noqa: E402
from town import ReplicatedTown, Town  # noqa: E402

QUIET = 120  # seconds in which quiet must come after the faults
TOUR = 240  # seconds that a crash at each point may take on a machine that is busy with other things
NOTHING = ("duplicates", "lost", "out of order", "SMS lost", "SMS twice", "dead letters")


def reply_to_kannel(load, order, phone):
    """A member's SMS, through the network and Kannel; who wrote waits until it is there, as for an answer."""
    gateway, text = load.town.gateway, f"{claim_code(order.serial)} 接单"
    gateway.reply(phone, text)
    while (phone, text) not in gateway.receipts.brought:
        yield PAUSE


class Run:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.lines = open(directory / "schedule.txt", "w", encoding="utf-8")
        chance = random.Random(f"run {options.seed}")
        # Without a word about it, one run in three has a real Kannel as its gateway.
        kannel = options.gateway == "kannel" or (options.gateway == "any" and chance.random() < 1 / 3)
        replicas = "failover" in options.faults
        needless = {"redis" if replicas else "failover", "gateway" if not kannel else None}
        kinds = [kind for kind in options.faults if kind not in needless]
        self.town = (ReplicatedTown if replicas else Town)(directory / "system", options.instances, options.seed,
                                                           "network" in kinds, kannel, quiet=options.minutes > 3)
        self.points = reachable(self.town.crash_points(), replicas)
        if not self.points and (options.points or {"crash", "hang"} & set(kinds)):
            self.town.abandon()
            shutil.rmtree(directory)
            sys.exit("this build has no crash points: see make chaos-programs, or ask for other faults")
        self.ledger = Ledger()
        self.audit = Audit(self.town, self.ledger)
        self.injector = Injector(self.town, self.ledger, self.say)
        if options.points:
            self.faults = tour(options.seed, self.town.names, self.points, self.injector.died)
        else:
            self.faults = schedule(options.seed, kinds, self.town.names, self.points)
        rate = options.rate or (5 if kannel else 20)
        self.load = Load(self.town, self.ledger, rate, options.seed, reply_to_kannel if kannel else reply_to_door)
        self.recovery, self.wrong, self.rounds = [], [], 0
        self.say(f"seed {options.seed}: {options.instances} instances of each, {rate} orders/s, "
                 f"{'replicas of Redis, ' * replicas}gateway {'kannel' if kannel else 'spool'}, "
                 f"faults {','.join(kinds)}, {directory}")

    def say(self, line):
        print(line, flush=True)
        self.lines.write(line + "\n")
        self.lines.flush()

    # -- rounds ------------------------------------------------------------------------------------------------------

    def go(self):
        end = time.monotonic() + self.options.minutes * 60
        while time.monotonic() < end and not self.wrong and not (self.rounds and self.options.points):
            self.round(TOUR if self.options.points else min(self.options.round, max(5, end - time.monotonic())))

    def round(self, seconds):
        self.rounds += 1
        self.load.start()
        self.injector.run(self.faults, seconds)
        self.injector.heal()
        self.probe()
        self.load.pause()
        idle = self.wait(self.load.idle, "everybody has had their answers")
        quiet = self.wait(lambda: not self.unrest(), "quiet")
        began = time.monotonic()
        self.wrong += self.injector.failures + self.audit.check()
        self.injector.failures.clear()
        self.say(f"round {self.rounds}: {self.ledger.accepted} orders, {sum(self.injector.kills.values())} kills, "
                 f"recovered in {self.recovery[-1]:.1f} s, answers after {idle:.0f} s, quiet after {quiet:.0f} s, audited in "
                 f"{time.monotonic() - began:.0f} s, "
                 f"{len(self.wrong)} things wrong")

    def points_not_met(self):
        return [point for point in self.points if not self.injector.died[point]]

    def unrest(self):
        return self.audit.unrest()

    def wait(self, condition, what):
        """Returns how long it took; that it took too long is one more thing that is wrong."""
        began = time.monotonic()
        while not condition():
            self.injector.watch()
            if time.monotonic() > began + (5 if self.wrong else QUIET):
                self.wrong.append(f"not within {QUIET} s: {what}; {self.unrest()}")
                break
            time.sleep(0.1)
        return time.monotonic() - began

    def probe(self):
        """How long after healing the first order goes all the way: journal, and SMS to its group."""
        began = time.monotonic()
        placing = self.load.place("claimed")
        while True:
            try:
                time.sleep(min(0.05, next(placing)))
            except StopIteration as placed:
                order = placed.value
                break
        self.wait(lambda: self.audit.went_through(order.number), f"{order.number} goes all the way")
        self.recovery.append(time.monotonic() - began)
        self.load.carry_on(order)

    # -- the end -----------------------------------------------------------------------------------------------------

    def close(self):
        self.load.end()
        try:
            self.town.wait_ready()
            self.town.close()
        except AssertionError as fault:
            self.wrong.append(str(fault))
            self.town.abandon()

    def table(self):
        injector, audit = self.injector, self.audit
        rows = {"orders accepted": self.ledger.accepted, "steps": audit.table["steps"], "SMS": audit.table["SMS"],
                "audit entries": audit.table["audit entries"], "files verified": audit.table["files verified"],
                **{name: audit.table[name] for name in NOTHING}, "unknown outcomes": len(audit.unknown),
                "requests repeated": self.ledger.repeats, "rounds": self.rounds,
                "longest recovery": f"{max(self.recovery, default=0):.1f} s", "kills": sum(injector.kills.values()),
                **{f"  of {name}": count for name, count in sorted(injector.kills.items())},
                **({"failovers": injector.failovers} if injector.failovers else {}),
                "crash points met": f"{len(injector.died)} of {len(injector.died) + len(self.points_not_met())}",
                "stood still at one": sum(injector.hung.values()),
                **{f"faults: {name}": count for name, count in sorted(injector.kinds.items())}}
        for name, value in rows.items():
            self.say(f"{name:<24} {value}")
        if audit.unknown:
            (self.directory / "unknown.txt").write_text("\n".join(audit.unknown) + "\n", encoding="utf-8")
            self.say(f"unknown: {' '.join(audit.unknown[:5])} ...; all of them in {self.directory}/unknown.txt")


def read_options(arguments):
    parser = argparse.ArgumentParser(prog="tests/chaos/run", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    usual = [kind for kind in WEIGHTS if kind != "failover"]
    parser.add_argument("--faults", default=usual, type=lambda text: text.split(","),
                        help=f"some of: {','.join(usual)} (all these by default) and failover, for which Redis is a "
                             "primary with two replicas and three Sentinels, and which takes the place of redis")
    parser.add_argument("--instances", type=int, default=2, help="of each service")
    parser.add_argument("--rate", type=float, help="orders begun per second (20; with Kannel 5)")
    parser.add_argument("--round", type=float, default=60, help="seconds of faults between two audits")
    parser.add_argument("--gateway", choices=("any", "spool", "kannel"), default="any")
    parser.add_argument("--points", action="store_true", help="instead of faults: a crash at each point, in one round")
    parser.add_argument("--keep", action="store_true", help="keep the directory even when nothing is wrong")
    options = parser.parse_args(arguments)
    unknown = set(options.faults) - WEIGHTS.keys()
    if unknown:
        parser.error(f"no such faults: {' '.join(sorted(unknown))}; there are: {' '.join(WEIGHTS)}")
    return options


def main():
    options = read_options(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if "network" in options.faults:
        network.enter()
    directory = Path(tempfile.mkdtemp(prefix="sidan-chaos-"))
    run = Run(options, directory)
    try:
        run.go()
    finally:
        run.close()
    run.table()
    if options.points and run.points_not_met():
        run.wrong.append(f"crash points that nobody died at: {run.points_not_met()}")
    if not run.wrong:
        if not options.keep:
            shutil.rmtree(directory)
        return 0
    for fault, count in Counter(run.wrong).most_common(40):
        run.say(f"WRONG {f'({count} times) ' if count > 1 else ''}{fault}")
    run.say(f"{len(run.wrong)} things are wrong; seed {options.seed}; see {directory}. To repeat it:\n"
            f"  SIDAN_BIN={os.path.relpath(run.town.bin, ROOT)} tests/chaos/run {' '.join(sys.argv[1:])}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
