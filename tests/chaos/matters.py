"""A meeting under faults, and a suggestion that is raised there: the life that they lead; see load.py and audit.py."""

import random
from datetime import datetime, timedelta, timezone

from harness import KEYS
from ledger import Order

HEADERS = {"Authorization": f"Bearer {KEYS['office']}"}
# States as they follow one another; see TRANSITIONS of audit.py.
TRANSITIONS = {None: {"called", "followed"}, "called": {"held"}, "held": {"closed"}, "followed": {"closed"}}
KINDS = ("meeting", "suggestion")


def ask(load, path, body, status):
    """A request in the office's name for somebody, which must be taken."""
    got, answer = yield from load.certain("POST", f"/api/v1/{path}", body, **HEADERS)
    if got != status:
        raise AssertionError(f"{path} {body}: {got} {answer}")
    return answer


def make(load, kind, path, body, step):
    answer = yield from ask(load, path, body, 201)
    matter = Order(answer["order"], "", "", kind, "")
    matter.promise(step, body["actor"])
    load.ledger.open(matter)
    return matter


def step(load, matter, verb, body, name, **values):
    """name: of the step that follows, with these values."""
    yield from ask(load, f"{matter.kind}s/{matter.number}/{verb}", body, 200)
    matter.promise(name, body["actor"], **values)


def life(load):
    county = random.choice(load.counties)
    group, people = random.choice(list(load.members[county].items()))
    host, guest = (f"member:{member}" for member, _ in random.sample(people, 2))
    words = f"会议 {random.getrandbits(64):x}"
    soon = (datetime.now(timezone.utc) + timedelta(minutes=25)).isoformat(timespec="seconds")
    meeting = yield from make(load, "meeting", f"meetings?county={county}", {
        "actor": host, "kind": "micro", "title": words, "place": "社区会议室", "meets_at": soon,
        "invited": f"group:{group} department:D01"}, "called")
    yield from step(load, meeting, "answer", {"actor": guest, "who": guest, "reply": "comes"}, "invitation_answered",
                    who=guest, reply="comes")
    yield from step(load, meeting, "sign-in", {"actor": host, "who": guest}, "signed_in", who=guest)
    suggestion = yield from make(load, "suggestion", f"suggestions?county={county}", {
        "actor": guest, "title": words, "meeting": meeting.number, "department": "D01"}, "raised")
    yield from step(load, meeting, "hold", {"actor": host, "minutes": words}, "held", minutes=words)
    yield from step(load, suggestion, "settle", {"actor": guest, "settled": "partly", "reason": words}, "settled",
                    settled="partly")
    suggestion.finished = True
    yield from step(load, meeting, "close", {"actor": host}, "closed")
    meeting.finished = True


def expected_sms(matter):
    """(template, recipient) of each SMS that follows from a row of its journal."""
    for row in matter.journal:
        department = f"department:{row.fields.get('department', 'D01')}"
        if row.step == "called":
            yield from (("meeting_invited", who) for who in row.fields["invited"].split() if who != row.fields["host"])
        elif row.step == "raised":
            yield ("suggestion_raised", department)
        elif row.step == "settled":
            yield ("suggestion_settled", department)
            yield ("suggestion_settled", next(actor for step, actor, _ in matter.steps if step == "raised"))
