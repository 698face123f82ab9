"""What is done about an order from when it is assigned until it is answered, under faults; see load.py and told.py."""

import random

from harness import KEYS

OFFICE = {"Authorization": f"Bearer {KEYS['office']}"}
CONVENER = "convener:T1"
NAME = "周小雨"
QUESTION = "4s"  # for which a resident is waited for


def handle(load, order, members):
    """Returns the members who have it when it is answered."""
    if random.random() < 0.5 and order.kind != "twin":
        yield from look(load, order)
    if random.random() < 0.2 and not order.late:  # who was too late might be chosen, and be heard after that
        members = yield from decline(load, order, random.choice(members))
    if random.random() < 0.2 and not order.late and order.kind != "away":
        members = yield from reassign(load, order, members)
    speaks = order.code and order.kind != "primary"  # whose resident may have taken it back
    actor, words = f"member:{random.choice(members)}", f"答复 {random.getrandbits(64):x}"
    if random.random() < 0.5:
        yield from hand_over(load, order, actor)
    if speaks and random.random() < 0.3:
        yield from load.step(order, "add", {"note": words})
        order.promise("added", "resident")
    if speaks and random.random() < 0.1:
        yield from attach(load, order, words)
    if speaks and random.random() < 0.3:
        yield from ask(load, order, actor, words)
    if random.random() < 0.3:
        yield from load.step(order, "extend", {"actor": actor, "days": 3, "reason": "等材料"})
        yield from load.step(order, "extend-decide", {"actor": CONVENER, "decision": "grant", "reason": "属实"})
        order.promise("extension_asked", actor)
        order.promise("extension_granted", CONVENER)
    yield from load.step(order, "answer", {"actor": actor, "outcome": "solved", "answer": words})
    order.promise("answered", actor, answer=words)
    return members


def look(load, order):
    """The office looks whom to call."""
    path = f"/api/v1/orders/{order.number}/contact"
    status, answer = yield from load.certain("POST", path, {}, **OFFICE)
    assert status == 200 and answer["name"] == NAME, f"{order.number} ({order.kind}) contact: {status} {answer}"
    order.looks += 1


def decline(load, order, member):
    """Gives it back; returns who has it then: with somebody else, if it had been assigned."""
    yield from load.step(order, "decline", {"actor": f"member:{member}", "reason": "与本人有关"})
    order.promise("declined", f"member:{member}")
    now = yield from load.wait_state(order, "open", "assigned", "consulting")
    members = now.get("members", "").split()
    assert member not in members, f"{order.number}: {member} has given it back, and has it"
    return members


def reassign(load, order, members):
    """It goes to somebody else; some of who has it may keep it. Returns who has it then."""
    others = [member for member, _ in load.members[order.county][order.group] if member not in members]
    now = [*random.sample(members, random.randrange(len(members))), random.choice(others)]
    yield from load.step(order, "reassign", {"actor": CONVENER, "members": " ".join(now), "reason": "另有安排"})
    order.promise("reassigned", CONVENER, members=" ".join(now))
    return now


def hand_over(load, order, actor):
    yield from load.step(order, "handover", {"actor": actor, "department": "D01"})
    order.promise("handed_over", actor, department="D01")
    if random.random() < 0.4 and "objected" not in (step for step, _, _ in order.steps):  # a ruling settles it
        yield from load.step(order, "object", {"actor": "department:D01", "reason": "不归我们"})
        order.promise("objected", "department:D01")
        decision = random.choice(("move", "stay"))
        yield from load.step(order, "rule", {"actor": CONVENER, "decision": decision, "department": "D02",
                                             "reason": "按职责分工"})
        order.promise({"move": "objection_granted", "stay": "objection_refused"}[decision], CONVENER)


def attach(load, order, words):
    """Its resident sends a document, however often that takes, and reads it."""
    path, content = f"/api/v1/orders/{order.number}/attachments", f"%PDF-1.4\n{words}\n%%EOF\n".encode()
    status, file = yield from load.certain("POST", path, content, key=False, X_Order_Code=order.code,
                                           Content_Type="application/octet-stream")
    assert status == 201, f"{order.number} ({order.kind}) attachment: {status} {file}"
    order.promise("attached", "resident")
    order.files.append(file["file"])
    status, found = yield from load.certain("GET", f"{path}/{file['file']}", X_Order_Code=order.code)
    assert (status, found) == (200, content), f"{order.number}: its attachment is {status} {found}"


def ask(load, order, actor, words):
    """Some residents answer, and some of those too late; whoever is answered 2xx has been heard, and nobody else."""
    yield from load.step(order, "ask", {"actor": actor, "question": "哪一盏？"})
    order.promise("asked", actor)
    if random.random() < 0.6:
        yield random.uniform(0, 4.5)
        status, answer = yield from load.certain("POST", f"/api/v1/orders/{order.number}/reply", {"note": words},
                                                 X_Order_Code=order.code)
        if status == 200:
            order.promise("replied", "resident")
            return
        assert (status, answer["code"]) == (409, "state"), f"{order.number}: reply {status} {answer}"
    while (yield from load.wait_state(order, "assigned", "consulting")).get("question"):
        pass
    order.promise("unanswered", "clock")
