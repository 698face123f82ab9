#!/usr/bin/python3
"""Far more orders than can be handled: what is let in keeps its time, the rest is told to come again.

    tests/chaos/overload.py [--seconds 60]

wrk sends as fast as it gets answers; beside it a patient resident sends two orders a second and, when turned away, sends
again. Measured: what the machine can do (the same system, imports before), what was asked of it, how long the resident's
orders took from their 2xx to the SMS that says so, the greatest memory of each process, and how soon all is as before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))

from harness import COUNTY, ROOT, SERVICES, System, make_county, wait_until  # noqa: E402

EDGES = [f"{source}>{target}" for source in SERVICES[:4] for target in SERVICES[1:] if source != target]
CONNECTIONS = 200


def backlog(system):
    """Events and SMS that wait."""
    pipeline = system.redis.pipeline(transaction=False)
    for edge in EDGES:
        pipeline.hlen(f"outbox:{{{COUNTY}}}:{edge}")
    pipeline.zcard(f"smsq:{{{COUNTY}}}")
    return sum(pipeline.execute())


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class Resident(threading.Thread):
    """Places orders one after the other, and comes again when turned away."""

    def __init__(self, system, pause=0.5):
        super().__init__()
        self.system, self.pause = system, pause
        self.accepted = {}  # order → wall-clock time of its 2xx
        self.tries = []
        self.faults = []
        self.ending = threading.Event()

    def run(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            began, tries = time.monotonic(), 0
            while not self.ending.is_set():
                tries += 1
                answer = self.system.api("POST", "/api/v1/orders", {
                    "county": COUNTY, "title": "东门小区路灯不亮", "text": f"居民第 {number} 件", "phone": "10000000001"},
                    idempotency=f"resident-{id(self)}-{number}")
                if answer.status == 201:
                    self.accepted[answer.json["order"]] = time.time()
                    self.tries.append(tries)
                    break
                if answer.status not in (429, 503) or "Retry-After" not in answer.headers:
                    self.faults.append(str(answer))
                self.ending.wait(1)
            self.ending.wait(max(0.0, began + self.pause - time.monotonic()))

    def stop(self):
        self.ending.set()
        self.join()
        assert not self.faults, self.faults[:3]


class Memory(threading.Thread):
    """The greatest resident size of each process, in MB."""

    def __init__(self, system):
        super().__init__(daemon=True)
        self.pids = {name: process.popen.pid for name, process in system.services.items()}
        self.pids["redis"] = system.redis_process.popen.pid
        self.most = dict.fromkeys(self.pids, 0)
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(0.5):
            for name, pid in self.pids.items():
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                self.most[name] = max(self.most[name], pages * 4096 // 10**6)

    def stop(self):
        self.ending.set()
        self.join()
        return self.most


def seconds_to_sms(system, accepted):
    """From each order's 2xx to the file of the last SMS it led to."""
    last = {}
    for path in system.spool_directory.rglob("*.txt"):
        order = path.name.split(".")[0]
        if order in accepted:
            last[order] = max(last.get(order, -1e9), path.stat().st_mtime - accepted[order])
    assert len(last) == len(accepted), f"{len(accepted) - len(last)} accepted orders led to no SMS"
    return list(last.values())


def resident_for(system, seconds):
    resident = Resident(system)
    resident.start()
    time.sleep(seconds)
    resident.stop()
    return resident


def flood(system, seconds):
    done = subprocess.run(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "30s", "-s",
                           str(ROOT / "tests/chaos/overload.lua"), system.url], capture_output=True, text=True,
                          timeout=seconds + 60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def overload(system, seconds, quiet=6):
    """Returns the figures; asserts what must hold at any speed."""
    before = resident_for(system, quiet)
    wait_until(lambda: backlog(system) == 0, 60, "the quiet before is handled")
    memory = Memory(system)
    memory.start()
    during = Resident(system)
    during.start()
    counts = flood(system, seconds)
    during.stop()
    ended = time.monotonic()
    wait_until(lambda: backlog(system) == 0, 60, "what was let in is handled", pause=0.1)
    drained = time.monotonic() - ended
    time.sleep(max(0.0, 10 - drained))
    after = resident_for(system, quiet)
    wait_until(lambda: backlog(system) == 0, 60, "the quiet after is handled")
    most = memory.stop()

    placed = int(system.redis.get(f"serial:{{{COUNTY}}}") or 0)
    assert counts["accepted"] > 0 and counts["shed"] > 0, counts
    assert counts["silent"] == counts["other"] == counts["broken"] == 0, counts
    assert placed >= counts["accepted"]
    assert set(after.tries) == {1}, f"10 s later somebody was still turned away: {after.tries}"
    times = {name: seconds_to_sms(system, resident.accepted)
             for name, resident in (("before", before), ("during", during), ("after", after))}
    return {"asked": (counts["accepted"] + counts["shed"]) / counts["seconds"],
            "handled": counts["accepted"] / (counts["seconds"] + drained), "counts": counts, "drained": drained,
            "tries": sum(during.tries) / max(1, len(during.tries)), "residents": len(during.accepted),
            "p50": {name: percentile(values, .5) for name, values in times.items()},
            "p95": {name: percentile(values, .95) for name, values in times.items()}, "memory": most}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sidan-overload-") as directory:
        county = make_county(Path(directory) / "counties")
        with closing(System(Path(directory) / "system", counties=[county],
                            parameters={"all": {"log_level": "warning"}})) as system:
            figures = overload(system, arguments.seconds)
    print(f"asked of it {figures['asked']:.0f} orders/s, handled {figures['handled']:.0f}/s: {figures['asked'] / figures['handled']:.0f} "
          f"times as many; handled to the end {figures['drained']:.1f} s after it stopped")
    print(f"a resident beside it: {figures['residents']} orders, {figures['tries']:.1f} tries each; from the 2xx to the last SMS, "
          + "; ".join(f"{name} p50 {figures['p50'][name] * 1e3:.0f} ms, p95 {figures['p95'][name] * 1e3:.0f} ms"
                      for name in figures["p50"]))
    print("greatest memory in MB: " + ", ".join(f"{name} {size}" for name, size in figures["memory"].items()))
    print(figures["counts"])


if __name__ == "__main__":
    main()
