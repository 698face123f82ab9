#!/usr/bin/python3
"""Real input, whole: every row of a CSV file goes in through scripts/import and must be accounted for.

    tests/flow/real_input.py FILE.csv [--cases 100]

Each row must become an order that is open or screening, with its SMS in the spool; sending the file again must add
nothing. Then so many of the orders are claimed, answered, rated and archived, and the archive must find each of them by
words of its own text. Prints figures; exits with 1 if anything is unaccounted for. Uses the programs in build/bin.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import harness
from harness import COUNTY, KEYS, ROOT, System, make_county, wait_until

PATIENCE = 600


def read_rows(path):
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return list(csv.DictReader(data.decode(encoding).splitlines(keepends=True)))
        except UnicodeDecodeError:
            continue
    sys.exit(f"{path} is neither UTF-8 nor GB18030")


def send(system, path):
    """Runs scripts/import; its first line, and whether every row was taken."""
    done = subprocess.run([ROOT / "scripts/import", "--url", system.url, "--county", COUNTY, "--key", KEYS["import"],
                           path], text=True, capture_output=True, timeout=PATIENCE)
    print("   " + "\n   ".join((done.stdout + done.stderr).strip().splitlines()))
    return done.stdout, done.returncode == 0


def list_orders(system):
    """All orders of the county, as the office sees them, by their number at the source."""
    listed = system.rows(f"/api/v1/orders?county={COUNTY}&limit=1000", key="office")
    return {row["source_ref"]: row for row in listed if "source_ref" in row}  # its first step may come late


def told(system):
    """The orders of which the spool has an SMS, and how many SMS there are in all."""
    names = [path.name for path in system.spool_directory.glob(f"{COUNTY}/*.txt")]
    return {name.split(".")[0] for name in names}, len(names)


def is_quiet(system):
    """Whether no message and no SMS waits."""
    waiting = sum(system.redis.hlen(key) for key in system.redis.scan_iter(f"outbox:{{{COUNTY}}}:*"))
    return waiting == 0 and system.redis.zcard(f"smsq:{{{COUNTY}}}") == 0


def words_of(row):
    """Some words of the row's text: runs of Chinese, the kind of thing that people search for."""
    runs = re.findall(r"[\u4e00-\u9fff]{4,8}", row["text"]) or re.findall(r"[\u4e00-\u9fff]{2,}", row["title"])
    return " ".join(sorted(set(runs), key=len, reverse=True)[:2])


def finish(system, order):
    """One order from where it is to closed, as the office does it for its members."""
    ask = lambda verb, body: system.step(order, verb, body)  # noqa: E731
    if order["state"] == "screening":
        body = {"decision": "accept", "actor": "convener:T1", "community": "C101"}
        assert ask("screen", body).status == 200, order
    opened = system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json
    members = [row["id"] for row in MEMBERS if row["group"] == opened["group"]][:opened["places"]]
    for member in members:
        answer = ask("claim", {"member": member})
        assert answer.status == 200, answer
    actor = f"member:{members[0]}"
    for verb, body in (("handover", {"actor": actor, "department": "D01"}),
                       ("answer", {"actor": actor, "outcome": "solved", "answer": "已经办好，欢迎监督。"}),
                       ("rating", {"actor": "office:office", "rating": "satisfied"})):
        answer = ask(verb, body)
        assert answer.status == 200, answer
    return order["order"]


def is_found(system, number, words):
    answer = system.api("GET", f"/api/v1/cases?county={COUNTY}&limit=1000", key="office", params={"q": words})
    assert answer.status == 200, answer
    return number in [row["order"] for row in answer.json["rows"]]


def run(system, path, cases):
    rows = {row["id"]: row for row in read_rows(path)}
    started = time.monotonic()
    _, good = send(system, path)
    accepted = time.monotonic() - started
    assert good, "rows were refused"

    ready = wait_until(lambda: len(found := list_orders(system)) == len(rows) and
                       all(order["state"] in ("open", "screening") for order in found.values()) and found,
                       PATIENCE, "every order is open or screening", pause=0.5)
    routed = time.monotonic() - started
    numbers = {order["order"] for order in ready.values()}
    wait_until(lambda: told(system)[0] >= numbers and is_quiet(system), PATIENCE, "every order has its SMS", pause=0.5)
    through = time.monotonic() - started
    assert set(ready) == set(rows), "some row has no order, or some order no row"
    states = Counter(order["state"] for order in ready.values())
    print(f"{len(rows)} rows: accepted in {accepted:.1f} s ({len(rows) / accepted:.0f}/s), open or screening after "
          f"{routed:.1f} s, {told(system)[1]} SMS in the spool after {through:.1f} s "
          f"({len(rows) / through:.0f} orders/s)")
    print(f"states: {dict(states)}; categories: {dict(Counter(o['category'] for o in ready.values()).most_common(6))}")

    before = told(system)[1]
    output, good = send(system, path)
    assert good and f"0 accepted, {len(rows)} known before" in output, "the same file again added something"
    assert len(list_orders(system)) == len(rows) and told(system)[1] == before

    chosen = [ready[reference] for reference in sorted(ready)[::max(1, len(ready) // cases)][:cases]]
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda order: finish(system, order), chosen))
    finished = time.monotonic() - started
    wait_until(lambda: not any(system.redis.exists(f"order:{{{COUNTY}}}:{order['order']}") for order in chosen),
               PATIENCE, "the closed orders are archived and have left Redis", pause=0.2)
    print(f"{len(chosen)} orders claimed, answered and rated in {finished:.1f} s, archived after "
          f"{time.monotonic() - started:.1f} s")

    started = time.monotonic()
    lost = [order["order"] for order in chosen
            if not is_found(system, order["order"], words_of(rows[order["source_ref"]]))]
    print(f"{len(chosen) - len(lost)} of {len(chosen)} found by words of their text, "
          f"{(time.monotonic() - started) / len(chosen) * 1000:.1f} ms each")
    assert not lost, f"the archive does not find: {' '.join(lost)}"
    letters = system.ctl("dlq", "list", COUNTY, "--json")
    assert not system.redis.xlen(f"dlq:{{{COUNTY}}}"), letters


MEMBERS = harness.read_table(ROOT / "deploy/counties/990101/members.csv")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the CSV file, with the columns id, title, text")
    parser.add_argument("--cases", type=int, default=100, help="orders to be archived; default %(default)s")
    options = parser.parse_args()
    os.environ.setdefault("SIDAN_BIN", str(ROOT / "build/bin"))
    with tempfile.TemporaryDirectory(prefix="sidan-input-") as directory:
        slow = {(urgency, clock): "400d" for urgency in ("normal", "urgent")
                for clock in ("claim", "handover", "answer", "callback")}
        system = System(Path(directory) / "system", counties=[make_county(directory, clocks=slow)])
        try:
            run(system, options.file, options.cases)
        except BaseException:
            system.abandon()
            raise
        system.close()
    print("everything is accounted for")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as fault:
        sys.exit(f"NOT ACCOUNTED FOR: {fault}")
