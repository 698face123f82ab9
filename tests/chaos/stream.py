"""A steady stream of orders, and the count afterwards.

Each order has a key of its own and is sent again with the same key until it is answered, as a good client does. So
after the stream there must be exactly one order for each key, whatever died meanwhile.
"""

import sqlite3
import threading
import time
from collections import Counter

import requests

from harness import COUNTY, Answer, is_busy, wait_until

# What happens to an order that nobody claims: its steps, and who is told.
STEPS = ["placed", "opened", "assigned"]


class Stream:
    def __init__(self, system, rate=15, threads=4):
        """rate: orders per second; with the sanitizers on each keeps a core busy for 50 ms."""
        self.system, self.rate = system, rate
        self.orders = {}  # key → number
        self.retries = 0
        self.faults = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number, threads)) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.faults, self.faults[:3]

    def _run(self, first, step):
        session, start, number = requests.Session(), time.monotonic(), first
        while not self.stopping.is_set():
            time.sleep(max(0, start + number / self.rate - time.monotonic()))
            self._place(session, f"key-{number}")
            number += step

    def _place(self, session, key):
        body = {"county": COUNTY, "title": "东门小区路灯不亮", "text": f"路灯坏了，{key}", "phone": "10000000001"}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                answer = session.post(f"{self.system.url}/api/v1/orders", json=body, headers={"Idempotency-Key": key},
                                      timeout=10)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code in (200, 201):
                self.orders[key] = answer.json()["order"]
                return
            if answer is not None and answer.status_code < 500:
                self.faults.append(f"{key}: {answer.status_code} {answer.text}")
                return
            if answer is None or not is_busy(Answer(answer)):  # being told to come again is no fault of anybody
                self.retries += 1
            time.sleep(0.2)
        self.faults.append(f"{key}: not accepted within 60 s")

    def placed(self, count, timeout=60):
        """Waits for so many more orders."""
        goal = len(self.orders) + count
        wait_until(lambda: len(self.orders) >= goal, timeout, f"{count} more orders are accepted")


def journal(system):
    """Each order's steps in the archive, as (version, step)."""
    steps = {}
    database = sqlite3.connect(f"file:{system.directory}/archive/{COUNTY}.db?mode=ro", uri=True)
    for order, ver, step in database.execute("SELECT order_id, ver, step FROM journal ORDER BY order_id, ver"):
        steps.setdefault(order, []).append((ver, step))
    database.close()
    return steps


def assert_nothing_lost_nothing_twice(system, stream, timeout=120):
    """Every accepted order has each step once and in order, and each person one SMS per event."""
    orders = set(stream.orders.values())
    assert len(orders) == len(stream.orders), "two keys share an order"

    def complete():
        steps = journal(system)
        return all(len(steps.get(order, [])) >= len(STEPS) for order in orders)

    wait_until(complete, timeout, "every order's journal is complete", pause=0.5)
    steps = journal(system)
    assert set(steps) == orders, "an order that nobody was told of, or one that is missing"
    wrong = {order: found for order, found in steps.items() if found != list(enumerate(STEPS, start=1))}
    assert not wrong, f"{len(wrong)} of {len(orders)}: {list(wrong.items())[:3]}"

    def outboxes():
        return sum(system.redis.hlen(key) for key in system.redis.scan_iter("outbox:*", 1000))

    def sms_waiting():
        return system.redis.zcard(f"smsq:{{{COUNTY}}}")

    wait_until(lambda: outboxes() == 0 and sms_waiting() == 0, timeout, "all messages and SMS are delivered", pause=0.5)
    assert system.redis.xlen(f"dlq:{{{COUNTY}}}") == 0
    assert system.redis.zcard(f"smsunknown:{{{COUNTY}}}") == 0
    sent = Counter((sms["order"], sms["template"], sms["recipient"]) for sms in system.spool())
    twice = [key for key, count in sent.items() if count > 1]
    assert not twice, f"{len(twice)} SMS were sent twice: {twice[:3]}"
    told = {}
    for order, template, recipient in sent:
        told.setdefault(order, set()).add((template, recipient))
    sets = Counter(frozenset((template, recipient.split(":")[0]) for template, recipient in told[order])
                   for order in orders)
    assert len(sets) == 1, sets
    assert {template for template, _ in next(iter(sets))} >= {"placed", "opened", "assigned", "assigned_resident"}
    per_order = Counter(len(told[order]) for order in orders)
    assert len(per_order) == 1, per_order
    return {"orders": len(orders), "retries": stream.retries, "sms": sum(sent.values())}
