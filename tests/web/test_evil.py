"""Words that would like to be a script, in every field that people fill in, on every page for staff."""

import re
import time

from conftest import systems_in
from harness import COUNTY, ROOT, make_county, read_table
from scenes import play
from test_desk import CLERK, COMMITTEE, CONVENER, LEADER, OFFICE

EVIL = "<img src=x onerror=hacked=1><b class=evil>{{hacked=1}}"
ROUTER = ROOT / "services/intake/web/src/staff/router.ts"
NAMED = ("members", "departments", "groups", "communities", "towns", "categories", "committees", "reasons")
CITY = "10000005901"
WHOSE = {"/pool": LEADER, "/mine": LEADER, "/me": LEADER, "/handed": CLERK, "/supervised": COMMITTEE, "/screen": CONVENER, "/city": CITY}


def evil_county(directory):
    """Everything in it has such a name."""
    county = make_county(directory, clocks={("normal", "callback"): "6s"})  # who is silent is called soon
    for name in NAMED:
        file = county / f"{name}.csv"
        rows = read_table(file)
        lines = [",".join(rows[0])] + [",".join(f"{value}{EVIL}" if field == "name" else value
                                                for field, value in row.items()) for row in rows]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return county


def fill(system):
    """Something of everything; the ids by the routes that show one of them."""
    office = lambda path, body: _done(system.api("POST", f"/api/v1/{path}", body, key="office"))
    placed = {"title": f"东门小区路灯不亮{EVIL}", "text": EVIL, "place": EVIL, "name": EVIL, "public": 1}
    waiting, case, order, silent = (system.place(**placed) for _ in range(4))
    for one in (case, order, silent):
        system.wait_state(one, "open", "screening")
        if system.order(one)["state"] == "screening":
            _done(system.step(one, "screen", {"decision": "accept", "category": "construction", "community": "C101"}))
        system.wait_state(one, "open")
        system.claim_all(one)
    system.answer_it(silent, EVIL)
    system.answer_it(case, EVIL)
    _done(system.step(case, "rating", {"rating": "satisfied", "note": EVIL}, key=None, code=case["code"]))
    system.wait_state(case, "closed")
    _done(system.step(waiting, "recall", {"reason": EVIL}))  # it is screened
    _done(system.step(waiting, "ask", {"actor": "convener:T1", "question": EVIL}))
    _done(system.step(order, "visit", {"actor": "member:M101", "who": "member:M101", "note": EVIL}))
    _done(system.step(order, "handover", {"actor": "member:M101", "department": "D01", "note": EVIL}))
    _done(system.step(order, "respond", {"actor": "department:D01", "note": EVIL, "shown": 1}))
    _done(system.step(order, "object", {"actor": "department:D01", "reason": EVIL}))
    _done(system.step(order, "extend", {"actor": "member:M101", "days": 3, "reason": EVIL}))
    tomorrow = time.strftime("%Y-%m-%dT10:00:00+08:00", time.gmtime(time.time() + 32 * 3600))
    meeting = office(f"meetings?county={COUNTY}", {"kind": "micro", "title": EVIL, "place": EVIL, "meets_at": tomorrow,
                                                   "about": order["order"], "invited": "member:M101"})
    raised = office(f"suggestions?county={COUNTY}", {"title": EVIL, "text": EVIL, "department": "D01",
                                                     "about": order["order"]})
    office(f"entries?county={COUNTY}", {"kind": "honour", "title": EVIL, "text": EVIL, "held_at": "2026-01-05T10:00:00",
                                        "present": "member:M101"})
    office(f"absences?county={COUNTY}", {"member": "M106", "end": tomorrow, "note": EVIL})
    system.wait_sms(silent, template="to_call", recipient="convener:T1")
    kept = office(f"classes?county={COUNTY}", {"title": EVIL, "orders": order["order"]})
    return {"/orders/:id": order["order"], "/meetings/:id": meeting["order"], "/suggestions/:id": raised["order"],
            "/tables/:id": "members", "/cases/:id": case["order"], "/classes/:id": kept.get("class") or kept["order"]}


def _done(answer):
    assert answer.status in (200, 201), answer
    return answer.json


def test_what_people_write_is_text_on_every_page(tmp_path_factory):
    directory = tmp_path_factory.mktemp("evil")
    with systems_in(directory) as make:
        system = make(counties=[evil_county(directory)], parameters={"intake": {"web_dir": ROOT / "build/web"}})
        ids = fill(system)
        routes = set(re.findall(r'path: "(/[a-z]+(?:/:id)?)"', ROUTER.read_text(encoding="utf-8")))
        assert {route for route in routes if route.endswith("/:id")} == ids.keys(), "a page of one of something is new"
        people = {phone: system.sign_in(phone).cookie for phone in {OFFICE, *WHOSE.values()}}
        visits = [(people[WHOSE.get(route, OFFICE)], route.replace(":id", ids.get(route, ""))) for route in sorted(routes)]
        seen = play(system, "evil.mjs", "everywhere", county=COUNTY, visits=visits, evil=EVIL, marker="onerror=hacked")
        silent = {path for _, path in visits} - set(seen["seen"])
        # A list of tables, counties side by side, and a person's own times hold no words of others.
        assert silent <= {"/audit", "/tables", "/figures", "/city", "/me"}, f"nothing of it was shown on {silent}"
