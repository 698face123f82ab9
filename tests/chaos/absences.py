"""A member who has an order is away for a while, under faults: it is handed on, and none comes to them; see load.py.

Only these orders are given to the members of GROUP, so that no other life loses a member by this; and in each county
one is away at a time.
"""

import random
from datetime import datetime, timedelta, timezone

from handling import OFFICE

GROUP, PLACE = "G4", "青山集镇"


def life(load):
    county = random.choice(load.counties)
    while county in load.away:
        yield 0.3
    load.away.add(county)
    try:
        order = yield from load.place("away", county, PLACE)
        yield from load.wait_state(order, "open")
        yield from random.choice((leave_open, leave_assigned))(load, order)
    finally:
        load.away.remove(county)


def leave_open(load, order):
    """The place is free again, for anybody but them."""
    member = yield from load.claim(order, 1)
    absence = yield from go_away(load, order, *member)
    path = f"/api/v1/orders/{order.number}/claim"
    status, answer = yield from load.certain("POST", path, {"member": member[0]}, **OFFICE)
    assert (status, answer["code"]) == (409, "absent"), f"{order.number}: claim of who is away {status} {answer}"
    yield from load.claim(order, 3, member)
    now = yield from load.wait_state(order, "assigned")
    yield from come_back(load, order, absence)
    yield from load.resolve(order, now["members"].split())


def leave_assigned(load, order):
    """Somebody else is chosen, and they are not, whoever else gives it back."""
    members = yield from load.claim(order, 3)
    yield from load.wait_state(order, "assigned")
    absence = yield from go_away(load, order, random.choice(members))
    now = yield from load.wait_state(order, "assigned")
    yield from load.resolve(order, now["members"].split())
    yield from come_back(load, order, absence)


def go_away(load, order, member):
    end = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat(timespec="seconds")
    absence = yield from change(load, order, "absences", {"member": member, "end": end})
    while member in (yield from load.wait_state(order, "open", "assigned")).get("members", "").split():
        pass
    order.promise("handed_on", "clock")
    return absence


def come_back(load, order, absence):
    yield from change(load, order, "absences/end", {"member": absence["member"], "start": absence["start"]})


def change(load, order, path, body):
    status, answer = yield from load.certain("POST", f"/api/v1/{path}?county={order.county}", body, **OFFICE)
    assert status == 200, f"{path} {body}: {status} {answer}"
    return answer
