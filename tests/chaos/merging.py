"""Two orders that are one matter, under faults: one is merged into the other; see load.py and audit.py.

Then it follows the other to the end; or leaves it at once, often before that one has heard of it; or the other one's
resident takes theirs back, and it goes on for this one.
"""

import random
from collections import Counter

from handling import CONVENER, OFFICE, handle

# merged_early: while it is screened, so by routing. joined: its resident has met with the same.
KINDS = ("primary", "merged", "merged_early", "joined")
PLACE, COMMUNITY = "东门小区", "C101"  # of orders that are joined by others
REFUSES = "assignment"  # the actor, where the primary takes no more orders


def life(load):
    primary = yield from load.place("primary")
    order = yield from load.place(random.choice(KINDS[1:3]), primary.county)
    yield from load.wait_state(primary, "open")
    yield from load.wait_state(order, "open", "screening")
    yield from load.step(order, "merge", {"actor": CONVENER, "primary": primary.number})
    order.promise("merged", CONVENER)
    yield from random.choice((follow, leave, go_on_for_it))(load, primary, order)


def me_too(load):
    """Another resident finds the primary among what is nearby, and joins it; in time, or while it is answered."""
    title = f"{PLACE}路灯不亮 {''.join(random.choices('abcdefghijklmnopqrstuvwxyz', k=16))}"
    primary = yield from load.place("primary", place=PLACE, title=title, public=1)
    yield from load.wait_state(primary, "open")
    same = yield from find(load, primary, title)
    if random.random() < 0.6:
        moment = random.choice((answer, rate))
        for act in (answer, rate):
            if act is moment:
                load.push(join_late(load, primary, same), random.uniform(0, 1))
            yield from act(load, primary)
        return
    order = yield from load.place("joined", primary.county, same_as=same)
    order.promise("merged", "resident")
    yield from load.wait_state(order, "merged")
    yield from random.choice((follow, leave, go_on_for_it))(load, primary, order)


def find(load, primary, title):
    body = {"county": primary.county, "title": title, "community": COMMUNITY}
    while True:
        status, answer = yield from load.certain("POST", "/api/v1/orders/alike", body, key=False)
        for row in answer.get("rows", ()) if status == 200 else ():
            if row.get("title") == title:
                return row["same_as"]
        yield 0.3


def join_late(load, primary, same):
    """It is one of the primary's, comes to the convener because that is closed, or stands alone when it has left."""
    order = yield from load.place("joined", primary.county, PLACE, same_as=same)
    now = yield from load.wait_state(order, "answered", "screening", "open")
    if now["state"] == "open":
        order.kind = "claimed"
        yield from load.live(order)
        return
    order.promise("merged", "resident")
    if now["state"] == "answered":
        primary.others += 1
        yield from rate_as_answered(load, primary, order)
    else:
        order.promise("unmerged", REFUSES)
        yield from load.send_back(order)


def leave(load, primary, order):
    if random.random() < 0.5:
        yield from load.step(order, "unmerge", {"actor": CONVENER, "reason": "不是一件事"})
        order.promise("unmerged", CONVENER)
    yield from take_back(load, order)
    order.finished = True
    yield from wait_others(load, primary, False)  # or it had never any: who has left does not come later
    yield from answer(load, primary)
    yield from rate(load, primary)


def follow(load, primary, order):
    yield from wait_others(load, primary, True)
    yield from answer(load, primary)
    yield from rate(load, primary)
    yield from rate_as_answered(load, primary, order)


def go_on_for_it(load, primary, order):
    yield from wait_others(load, primary, True)
    yield from take_back(load, primary)
    yield from answer(load, primary)
    primary.finished = True  # nobody is asked to rate it
    yield from rate_as_answered(load, primary, order)


def wait_others(load, primary, wanted):
    """Until it has others, or none."""
    primary.others = int(wanted)
    while True:
        status, now = yield from load.certain("GET", f"/api/v1/orders/{primary.number}", **OFFICE)
        if status == 200 and bool(now.get("merged")) == wanted:
            return
        yield 0.3


def take_back(load, order):
    yield from load.step(order, "take-back", {})
    order.promise("taken_back", "resident")


def answer(load, primary):
    yield from load.claim(primary, 3)
    now = yield from load.wait_state(primary, "assigned")
    yield from handle(load, primary, now["members"].split())


def rate(load, order):
    yield from load.rate(order, "satisfied", "rated")
    order.finished = True


def rate_as_answered(load, primary, order):
    yield from load.wait_state(order, "answered")
    while not (given := [step for step in primary.steps if step[0] == "answered"]):
        yield 0.3  # it is answered, and whoever did that has not heard so yet
    _, actor, answer = given[0]
    order.promise("answered", None if order.kind == "joined" else actor, **answer)
    yield from rate(load, order)


def is_followed(row):
    """Whether a step was made by the order's primary, or is about the two; which of these come is a matter of time."""
    return row.step != "answered" and row.actor.startswith("order:") or row.step in ("followed", "joined", "left")


def fault(order):
    """What is wrong with those that the primary knows, in words; None: nothing."""
    steps = Counter(row.step for row in order.journal)
    if ("answered", "resident") in ((row.step, row.actor) for row in order.journal):
        return f"{order.number}: the journal says that its resident has answered it"
    others = steps["joined"] - steps["left"]
    return f"{order.number} has {others} others, and should {order.others}" if others != order.others else None


def expected_sms(row, members):
    """(template, recipient) of each SMS that follows from such a step."""
    if row.step == "followed":
        yield ("merged", "resident")
    elif row.step == "claimed" and len(members) == 3:
        yield ("assigned_resident", "resident")
    elif row.step == "extension_granted":
        yield ("extended_resident", "resident")
