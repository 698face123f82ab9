"""Orders that come from another one, under faults: it is split, or goes to another county, or is handled with that one
jointly; see load.py and audit.py. Their codes go to the resident alone: the office looks after them.
"""

import random
from collections import Counter

from handling import OFFICE, handle
from ledger import Order

KINDS = ("joint", "twin")  # handled jointly: the one whose resident it is, and the other county's
TITLES = {"G1": "东门小区路灯不亮", "G2": "滨河花园路灯不亮", "G3": "蓝领公寓路灯不亮"}  # by whose group is asked
REASON = "不在本县境内"


def another(load, order):
    return next(county for county in load.counties if county != order.county)


def make(load, order, verb, body, kind):
    """The other order, as the answer names it."""
    status, answer = yield from load.certain("POST", f"/api/v1/orders/{order.number}/{verb}", body, **OFFICE)
    assert status == 200, f"{order.number} ({order.kind}) {verb}: {status} {answer}"
    part = Order(answer["part"], "", order.token, kind, order.group)
    part.promise("placed", "resident")
    load.ledger.open(part)
    return part


def split(load):
    order = yield from load.place(random.choice(("claimed", "sms", "dissatisfied", "screened")))
    yield from load.wait_state(order, "screening" if order.kind == "screened" else "open")
    part = yield from make(load, order, "split", {"title": TITLES[order.group], "text": order.token}, "claimed")
    order.promise("split", "key:office")
    load.carry_on(part)
    yield from load.live(order)


def transfer(load):
    order = yield from load.place("transferred")
    yield from load.wait_state(order, "screening")
    part = yield from make(load, order, "transfer", {"county": another(load, order), "reason": REASON}, "returned")
    order.promise("transferred", "key:office")
    order.finished = True
    yield from load.live(part)


def joint(load):
    """Either county answers first; the other one hears of that once, and goes on by itself."""
    order = yield from load.place("joint")
    yield from load.wait_state(order, "open")
    members = yield from take(load, order)
    twin = yield from make(load, order, "joint", {"county": another(load, order), "reason": REASON}, "twin")
    yield from load.wait_state(twin, "open")
    helpers = yield from take(load, twin)
    if random.random() < 0.5:
        yield from help_out(load, twin, helpers)
        yield from hear(load, order, twin)
        yield from load.resolve(order, members)
    else:
        yield from load.resolve(order, members)
        yield from hear(load, twin, order)
        yield from help_out(load, twin, helpers)


def take(load, order):
    yield from load.claim(order, 3)
    now = yield from load.wait_state(order, "assigned")
    return now["members"].split()


def help_out(load, twin, members):
    """Nobody is asked to rate it: it is closed."""
    yield from handle(load, twin, members)
    twin.finished = True


def hear(load, order, other):
    """Until it knows that the other one has been closed."""
    while True:
        status, now = yield from load.certain("GET", f"/api/v1/orders/{order.number}", **OFFICE)
        assert status == 200, f"{order.number}: {status} {now}"
        if f"{other.number}/closed/" in now["joint"]:
            order.promise("joint_answered", f"county:{other.county}")
            return
        yield 0.3


def is_followed(row):
    """Whether a step says how the other county's order stands; which of these come is a matter of time. And who has it
    asked: whoever waits in vain for the answer asks again, and the other county may have been quicker to tell."""
    return row.step in ("joint_moved", "joint_asked")


def fault(order):
    """What is wrong with the two, in words; None: nothing."""
    asked = Counter(row.step for row in order.journal)["joint_asked"]
    return f"{order.number} has been asked {asked} times" if order.kind == "joint" and asked != 1 else None
