"""Throughput, latency and cost of a whole sidan, with real Redis (fsync always) and the spool as the gateway.

    make bench            or   tests/bench/run [--orders N] [--rate R] [--seconds S]

 1. saturation: N orders through the import; the clock stops when the last SMS is handed over and the journal is complete
 2. latency: R orders/s over HTTP; from each 2xx to the resident's and to the last member's SMS
 3. the same Redis alone: redis-benchmark runs the commit script with a plan like intake's

Speeds of one machine mean little elsewhere; the ratio of 1 to 3, both from one run, does.
"""

import argparse
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import msgpack
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))

from harness import COUNTY, KEYS, ROOT, SERVICES, System, make_county, wait_until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
BODY = {"county": COUNTY, "title": "东门小区路灯不亮", "text": "三栋门口的路灯坏了半个月，老人晚上出门看不见路。" * 4,
        "place": "东门小区三栋", "name": "周小雨", "phone": "10000000001"}


def cpu_seconds(system):
    """CPU time so far, by process."""
    processes = {name.split(".")[0]: process.popen.pid for name, process in system.services.items()}
    seconds = {}
    for name, pid in (processes | {"redis": system.redis_process.popen.pid}).items():
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def metric(system, service, name):
    """The sum of a counter over its labels."""
    text = system.metrics(system.services[f"{service}.1"])
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


EDGES = [f"{source}>{target}" for source in SERVICES[:4] for target in SERVICES[1:] if source != target]


def is_idle(system):
    pipeline = system.redis.pipeline(transaction=False)
    for edge in EDGES:
        pipeline.hlen(f"outbox:{{{COUNTY}}}:{edge}")
    pipeline.zcard(f"smsq:{{{COUNTY}}}")
    return not any(pipeline.execute())


def file_of(orders):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "title", "text", "place", "phone"])
    for number in range(orders):
        writer.writerow([f"bench-{number}", BODY["title"], BODY["text"], BODY["place"], BODY["phone"]])
    return out.getvalue().encode()


def saturation(system, orders):
    before, began = cpu_seconds(system), time.monotonic()
    answer = requests.post(f"{system.url}/api/v1/imports", params={"county": COUNTY}, data=file_of(orders),
                           headers={"Authorization": f"Bearer {KEYS['import']}", "Content-Type": "text/csv"},
                           timeout=600)
    accepted = time.monotonic() - began
    assert answer.status_code == 200, answer.text[:500]
    report = answer.json()
    assert report["accepted"] == orders, {name: report[name] for name in ("rows", "accepted", "repeated")}
    wait_until(lambda: is_idle(system) and metric(system, "archive", "sidan_archive_steps_total") >= 2 * orders, 600,
               "everything is handed over and journalled", pause=0.1)
    total = time.monotonic() - began
    cost = {name: seconds - before[name] for name, seconds in cpu_seconds(system).items()}
    sms = sum(1 for _ in system.spool_directory.rglob("*.txt"))
    print(f"saturation: {orders} orders imported: accepted at {orders / accepted:.0f}/s; through all five services at "
          f"{orders / total:.0f} orders/s, {sms / total:.0f} SMS/s ({sms / orders:.1f} SMS an order)")
    print("CPU seconds per 1,000 orders: " +
          ", ".join(f"{name} {seconds * 1000 / orders:.2f}" for name, seconds in cost.items()) +
          f"; together {sum(cost.values()) * 1000 / orders:.2f}")
    return orders / total


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def latency(system, rate, seconds, threads=8):
    answered = {}  # order → wall-clock time of its 2xx

    def send(first):
        session, start, number = requests.Session(), time.monotonic(), first
        content = json.dumps(BODY).encode()
        while number < rate * seconds:
            time.sleep(max(0, start + number / rate - time.monotonic()))
            answer = session.post(f"{system.url}/api/v1/orders", data=content, timeout=30,
                                  headers={"Content-Type": "application/json"})
            if answer.status_code == 201:  # else the machine has more to do than it can: the order is turned away
                answered[answer.json()["order"]] = time.time()
            number += threads

    workers = [threading.Thread(target=send, args=(number,)) for number in range(threads)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    achieved = len(answered) / (time.monotonic() - began)
    wait_until(lambda: is_idle(system), 120, "all SMS are handed over", pause=0.2)

    first, last = {}, {}
    system.spool()
    for path, sms in system.spooled.items():
        order = sms["order"]
        if order in answered:
            at = path.stat().st_mtime
            if sms["template"] == "placed":
                first[order] = at - answered[order]
            last[order] = max(last.get(order, -1e9), at - answered[order])
    assert len(first) == len(last) == len(answered), "an SMS is missing"
    print(f"latency at {achieved:.0f} orders/s (asked: {rate}; what it cannot bear is turned away), "
          f"{len(answered)} orders, from the 2xx to the SMS handed "
          f"over: resident's p50 {percentile(first.values(), .5) * 1e3:.0f} ms, p99 "
          f"{percentile(first.values(), .99) * 1e3:.0f} ms; last member's p50 {percentile(last.values(), .5) * 1e3:.0f} "
          f"ms, p99 {percentile(last.values(), .99) * 1e3:.0f} ms")


def commits_alone(system, commits=40000, orders=10000):
    """redis-benchmark with the commit script and a plan like that of an order that is placed.

    redis-benchmark cannot pass a NUL, which a plan with version 0 has; so the orders are there already. The work is the same.
    """
    tag = f"{{{COUNTY}}}"
    fields = [word for name in ("state", "county", "title", "text", "place", "name", "phone")
              for word in (name, BODY.get(name, "placed"))]
    own = ["BENCH", 1]  # the messages are about the order itself
    plan = {"order": "BENCH", "lease": 3000, "set": fields, "changes": 9,
            "writes": [["ZADD", 2, "1795000000000", "bench|handover|0"]],
            "sends": [["intake>routing", 3, 4, "a" * 24, "x" * 60, *own], ["intake>archive", 5, 6, "b" * 24, "x" * 700, *own],
                      ["intake>notification", 7, 8, "c" * 24, "x" * 90, *own]]}
    pipeline = system.redis.pipeline(transaction=False)
    for number in range(orders):
        pipeline.hset(f"order:{tag}:{number:012}", "ver", 1)
    pipeline.execute()
    sha = system.redis.script_load((ROOT / "common/lua/commit.lua").read_text())
    keys = [f"{name}:{tag}" for name in ("order", "bench-clock", "bench-outbox-r", "bench-due-r", "bench-outbox-a",
                                         "bench-due-a", "bench-outbox-n", "bench-due-n", "bench-changes")]
    keys[0] += ":__rand_int__"
    password = (system.directory / "redis-password").read_text().strip()
    done = subprocess.run(["redis-benchmark", "-s", system.redis_url.removeprefix("unix:"), "--user", "admin", "-a",
                           password, "-n", str(commits), "-c", "4", "-P", "64", "-r", str(orders), "-q", "-x", "EVALSHA",
                           sha, str(len(keys)), *keys],
                          input=msgpack.packb(plan), capture_output=True, timeout=300)
    found = re.findall(rb"([\d.]+) requests per second", done.stdout)
    assert found and system.redis.hlen(keys[2]) > 0, (done.stdout, done.stderr)
    print(f"redis-benchmark of the commit script alone (4 clients, pipelines of 64): {float(found[-1]):.0f} commits/s")
    return float(found[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sidan-bench-") as directory:
        county = make_county(Path(directory) / "counties")
        quiet = {"all": {"log_level": "warning"}}
        with closing(System(Path(directory) / "saturation", counties=[county], parameters=quiet)) as system:
            through = saturation(system, arguments.orders)
            alone = commits_alone(system)
        print(f"ratio: an order through everything costs as much as {alone / through:.1f} commits alone")
        with closing(System(Path(directory) / "latency", counties=[county], parameters=quiet)) as system:
            latency(system, arguments.rate, arguments.seconds)


if __name__ == "__main__":
    main()
