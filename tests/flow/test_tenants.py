"""Every route and every call, with everybody who is not granted it: refused, written down, and without any effect.

The list of routes comes from the program (sidan-intake --routes), so a new one cannot be forgotten. Who is granted what
stands in grants.py.
"""

import re
import subprocess
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from grants import (COUNTYWIDE, EVERYBODY, HANDLED, MATTERS, NAMES, OF_MATTER, OF_ORDER, OPEN, OTHER, PEOPLE, ROUTES,
                    SCOPES, key_text, keys_file)
from harness import COUNTY, make_county, wait_until
from test_life import UNCLEAR
from test_second_implementation import (ARCHIVE, ASSIGNMENT, CALL, INTAKE, NOTIFICATION, OK, ROUTING, SIDANCTL, Peer,
                                        envelope)


class Caller:
    """Somebody, with what they send along. name: how the trail calls them, None for strangers."""

    def __init__(self, system, county, who, headers, name=None, key=None):
        self.system, self.county, self.who, self.headers, self.name, self.key = system, county, who, headers, name, key

    def __repr__(self):
        return f"{self.who} of {self.county}"

    def ask(self, method, path, data=None):
        headers = {"Content-Type": "application/json"} | self.headers
        if path.startswith("/open311") and self.key:
            path += ("&" if "?" in path else "?") + f"api_key={self.key}"
        if path.startswith("/open311"):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.system.api(method, path, headers=headers, data=data)


class World:
    def __init__(self, system):
        self.system = system
        self.callers = [Caller(system, None, "nobody", {}),
                        Caller(system, None, "a made-up session", {"Cookie": f"__Host-sidan={COUNTY}.{'A' * 43}",
                                                                   "X-CSRF-Token": "0" * 32}),
                        Caller(system, None, "a made-up key", {"Authorization": "Bearer nonsense"}, key="nonsense")]
        for county in (COUNTY, OTHER):
            for who, phone in PEOPLE.items():
                person = system.sign_in(phone, county)
                headers = {"Cookie": person.cookie, "X-CSRF-Token": person.csrf}
                self.callers.append(Caller(system, county, who, headers, NAMES[who]))
            for number, scope in enumerate(SCOPES):
                key = key_text(county, scope)
                self.callers.append(Caller(system, county, f"key {scope}", {"X-Api-Key": key}, f"key:k{number}", key))
        self.ours, self.handled = system.place(), system.place()
        self.theirs = system.place(county=OTHER)
        for order in (self.ours, self.handled, self.theirs):
            system.wait_state(order, "open")
        office = key_text(COUNTY, "office")
        system.claim_all(self.handled, key=office)
        handover = {"actor": "member:M101", "department": "D01"}
        assert system.step(self.handled, "handover", handover, key=office).status == 200
        soon = (datetime.now(timezone.utc) + timedelta(minutes=10)).isoformat(timespec="seconds")
        about = {"actor": "member:M102", "about": self.handled["order"], "title": "路灯怎么修"}
        self.meeting = self.make("meetings", about | {"kind": "micro", "place": "社区", "meets_at": soon,
                                                      "invited": "member:M203 department:D02"})
        self.suggestion = self.make("suggestions", about | {"department": "D01"})
        past = (datetime.now(timezone.utc) - timedelta(minutes=1)).isoformat(timespec="seconds")
        self.entry = self.make("entries", {"kind": "activity", "title": "看路灯", "held_at": past,
                                           "present": "member:M102", "absent": "member:M203"})
        wait_until(lambda: len(system.history(self.handled)) == 6 and self.is_quiet(), 20, "all that follows is done")

    def make(self, kind, body):
        answer = self.system.api("POST", f"/api/v1/{kind}?county={COUNTY}", body, key=key_text(COUNTY, "office"))
        assert answer.status == 201, answer
        return answer.json

    def caller(self, who, county=COUNTY):
        return next(caller for caller in self.callers if (caller.who, caller.county) == (who, county))

    def is_quiet(self):
        """No event is under way, and no SMS."""
        redis = self.system.redis
        return not list(redis.scan_iter("outbox:*")) and not list(redis.scan_iter("smsq:*"))

    def snapshot(self):
        """All that a request could have changed."""
        redis = self.system.redis
        orders = {key: redis.hgetall(key) for key in redis.scan_iter("order:*")}
        clocks = {key: redis.zrange(key, 0, -1) for key in redis.scan_iter("clock:*")}
        histories = [self.system.history(order) for order in (self.ours, self.handled, self.theirs)]
        return orders, clocks, len(self.system.spool()), histories

    def trail(self):
        """How often who was refused what about which order."""
        return Counter((county, entry["actor"], entry["action"], entry["order"]) for county in (COUNTY, OTHER)
                       for entry in self.system.audit(county) if entry["result"] == "refused")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from conftest import systems_in
    directory = tmp_path_factory.mktemp("tenants")
    with systems_in(directory) as make:
        counties = [make_county(directory, county=county, files={"keys.csv": keys_file(county)})
                    for county in (COUNTY, OTHER)]
        yield World(make(counties=counties))


def is_granted(caller, permission, table):
    if (caller.who, permission) == ("city", "figures.read"):
        return True  # it is on the roster of both counties
    if caller.county != COUNTY:
        return False
    if caller.who.startswith("key "):
        scope = caller.who.removeprefix("key ")
        of_office = permission not in ("signed-in", "order.again")  # the latter is for its resident to say
        return scope == permission != "signed-in" or scope == "office" and of_office
    return caller.who in table[permission]


def expected_refusal(caller, about_order):
    if caller.name is None:
        return (403,) if caller.key else (401,)
    return (404,) if about_order and caller.county == OTHER else (403,)


def test_the_routes_are_those_that_are_known_here(world):
    listed = subprocess.run([world.system.bin / "sidan-intake", "--routes"], text=True, capture_output=True, check=True)
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert {f"{method} {path}": permission for method, path, permission, _ in rows} == ROUTES


def test_every_route_about_an_order(world):
    """A body that is no JSON, so that what is let in ends as 400 and changes nothing; a contact needs none."""
    before, refused, faults = world.snapshot(), world.trail(), []
    for order, table in ((world.ours, OPEN), (world.handled, HANDLED)):
        for route in sorted(OF_ORDER):
            method, path = route.split()
            for caller in world.callers:
                answer = caller.ask(method, path.format(id=order["order"], file="0" * 24), b"[" if method == "POST" else None)
                permission = ROUTES[route]
                if is_granted(caller, permission, table) and path.endswith("{file}"):
                    good = answer.status == 404
                elif is_granted(caller, permission, table):
                    good = answer.status == (400 if method == "POST" and not path.endswith("/contact") else 200)
                else:
                    good = answer.status in expected_refusal(caller, True)
                    good = good and world.ours["code"] not in answer.text and "路灯" not in answer.text
                    if caller.name:
                        refused[caller.county, caller.name, permission, order["order"]] += 1
                if not good:
                    which = "an open" if order is world.ours else "a handled"
                    faults.append(f"{caller}: {route} of {which} order: {answer}")
    assert not faults, "\n".join(faults)
    assert world.trail() == refused
    assert world.snapshot() == before


def test_every_route_about_another_matter(world):
    before, refused, faults = world.snapshot(), world.trail(), []
    for route in sorted(OF_MATTER):
        method, path = route.split()
        number = (world.meeting if "meetings" in path else world.entry if "entries" in path else world.suggestion)["order"]
        for caller in world.callers:
            answer = caller.ask(method, path.format(id=number), b"[" if method == "POST" else None)
            if is_granted(caller, ROUTES[route], MATTERS):
                good = answer.status == (400 if method == "POST" else 200)
            else:
                good = answer.status in expected_refusal(caller, True) and "路灯" not in answer.text
                if caller.name:
                    refused[caller.county, caller.name, ROUTES[route], number] += 1
            if not good:
                faults.append(f"{caller}: {route}: {answer}")
    assert not faults, "\n".join(faults)
    assert world.trail() == refused
    assert world.snapshot() == before


def test_an_order_of_another_county_is_like_none(world):
    """The same answer, byte for byte, whether the order exists, whoever of another county asks."""
    nothing = {COUNTY: f"{COUNTY}-999999", OTHER: f"{OTHER}-999999"}
    for caller in (caller for caller in world.callers if caller.name):
        there = world.ours if caller.county == OTHER else world.theirs
        home = world.theirs if caller.county == OTHER else world.ours
        for route in sorted(OF_ORDER):
            method, path = route.split()
            foreign, unknown = (caller.ask(method, path.format(id=order, file="0" * 24), b"{}" if method == "POST" else None)
                                for order in (there["order"], nothing[there["order"][:6]]))
            assert (foreign.status, foreign.text) == (unknown.status, unknown.text) and foreign.status == 404, foreign
        unknown_at_home = caller.ask("GET", f"/api/v1/orders/{nothing[home['order'][:6]]}")
        assert (unknown_at_home.status, unknown_at_home.text) == (foreign.status, foreign.text)


def test_every_other_route(world):
    before, refused, faults = world.snapshot(), world.trail(), []
    paths = {"GET /api/v1/orders": f"/api/v1/orders?county={COUNTY}",
             "POST /api/v1/orders/find": f"/api/v1/orders/find?county={COUNTY}",
             "GET /api/v1/events": f"/api/v1/events?county={COUNTY}",
             **{f"{method} /api/v1/{name}": f"/api/v1/{name}?county={COUNTY}" for method in ("GET", "POST")
                for name in ("meetings", "suggestions", "entries")},
             "GET /api/v1/plan": f"/api/v1/plan?county={COUNTY}",
             **{f"{method} /api/v1/absences{rest}": f"/api/v1/absences{rest}?county={COUNTY}"
                for method, rest in (("GET", ""), ("POST", ""), ("POST", "/end"))},
             "GET /api/v1/audit": f"/api/v1/audit?county={COUNTY}",
             "GET /api/v1/tables": f"/api/v1/tables?county={COUNTY}",
             "GET /api/v1/templates": f"/api/v1/templates?county={COUNTY}",
             **{f"{method} /api/v1/tables/{{table}}": f"/api/v1/tables/members?county={COUNTY}" for method in ("GET", "POST")},
             "GET /api/v1/figures": f"/api/v1/figures?county={COUNTY}",
             "GET /api/v1/topics": f"/api/v1/topics?county={COUNTY}&from=2026-01-01T00:00:00",
             **{f"GET /api/v1/{name}": f"/api/v1/{name}?county={COUNTY}&from=2026-01-01T00:00:00&until=2099-01-01T00:00:00"
                for name in ("records", "bulletin.xlsx")},
             "GET /b/bulletin": f"/b/bulletin?county={COUNTY}&from=2026-01-01T00:00:00&until=2099-01-01T00:00:00",
             "GET /api/v1/cases": f"/api/v1/cases?county={COUNTY}&q=路灯",
             "GET /api/v1/classes": f"/api/v1/classes?county={COUNTY}",
             "POST /api/v1/classes": f"/api/v1/classes?county={COUNTY}",
             "POST /api/v1/classes/{class}": f"/api/v1/classes/{COUNTY}-K000001?county={COUNTY}",
             "POST /api/v1/imports": f"/api/v1/imports?county={COUNTY}",
             "POST /open311/v2/requests": f"/open311/v2/requests?jurisdiction_id={COUNTY}",
             "POST /open311/v2/servicerequestupdates": f"/open311/v2/servicerequestupdates?jurisdiction_id={COUNTY}"}
    for route, permission in ROUTES.items():
        method, path = route.split()
        if route in OF_ORDER | OF_MATTER or permission == "public" or path.startswith("/api/v1/sign-out"):
            continue
        for caller in world.callers:
            address = paths.get(route) or path.format(token="x" * 16)
            answer = caller.ask(method, address, b"" if method == "POST" else None)
            if permission in ("gateway", "link", "invitation", "qr"):
                good = answer.status == 404
            elif permission == "open311":
                may = caller.county == COUNTY and caller.who in ("key office", "key open311")
                good = answer.status == (400 if may else 403)
                if caller.key and caller.name and answer.status == 403:
                    refused[caller.county, caller.name, permission, ""] += 1
            elif permission == "signed-in":
                good = answer.status == (200 if caller.who in EVERYBODY else 401 if not caller.key else 403)
                if caller.name and caller.key:
                    refused[caller.county, caller.name, permission, ""] += 1
            elif is_granted(caller, permission, COUNTYWIDE):
                good = answer.status == (200 if method == "GET" else 400)
            else:
                good = answer.status in expected_refusal(caller, False)
                if caller.name:
                    refused[caller.county, caller.name, permission, ""] += 1
            if not good:
                faults.append(f"{caller}: {route}: {answer}")
    assert not faults, "\n".join(faults)
    assert world.trail() == refused
    assert world.snapshot() == before


def test_public_routes_are_open_and_show_nothing_of_an_order(world):
    found, parts = set(), {"county": COUNTY, "id": world.ours["order"]}
    for route, permission in ROUTES.items():
        method, path = route.split()
        if permission == "public" and method == "GET":
            address = re.sub(r"\{(\w+)\}", lambda part: parts.get(part[1], "x"), path.replace("*", parts["id"]))
            answer = world.callers[0].ask(method, f"{address}?jurisdiction_id={COUNTY}")
            assert answer.status in (200, 404) and "三栋" not in answer.text, answer
            found |= {path} if answer.status == 200 else set()
    assert {"/api/v1/counties/{county}", "/api/v1/counties/{county}/figures", "/api/v1/openapi.json"} <= found, found


def test_signing_out_is_for_those_who_are_signed_in(world):
    for path in ("/api/v1/sign-out", "/api/v1/sign-out/everywhere"):
        for caller in world.callers[:3]:
            assert caller.ask("POST", path, b"").status == (403 if caller.key else 401)
        assert world.caller("key office").ask("POST", path, b"").status == 403
        assert world.system.sign_in("10000004106").api("POST", path).status == 200


def test_lists_show_what_each_may_see(world):
    """And nothing else: of all that are listed, each one could be opened."""
    system = world.system
    elsewhere = system.place(title="沿河路灯坏了", text="河湾社区门口漆黑", community="C201")
    unclear = system.place(**UNCLEAR)
    system.wait_state(elsewhere, "open")
    system.wait_state(unclear, "screening")
    names = {world.ours["order"]: "open", world.handled["order"]: "handled", elsewhere["order"]: "elsewhere",
             unclear["order"]: "unclear"}
    office = world.caller("office")
    wait_until(lambda: len(office.ask("GET", "/api/v1/orders").json["rows"]) == 4, 20, "all are archived")
    expected = {"handler": "open handled", "leader": "open handled", "fellow": "open", "other member": "elsewhere",
                "other leader": "elsewhere", "convener": "open handled unclear", "other convener": "elsewhere",
                "committee": "open handled", "other committee": "elsewhere", "clerk": "handled", "other clerk": "",
                "office": "open handled elsewhere unclear"}
    for who, orders in expected.items():
        caller = world.caller(who)
        answer = caller.ask("GET", "/api/v1/orders")
        assert {names[row["order"]] for row in answer.json["rows"]} == set(orders.split()), who
        assert answer.json["total"] == len(orders.split()), who
        for row in answer.json["rows"]:
            assert caller.ask("GET", f"/api/v1/orders/{row['order']}").status == 200, (who, row)
    assert world.caller("office", OTHER).ask("GET", "/api/v1/orders").json["total"] == 1


def test_notes_are_for_those_who_handle_it(world):
    for caller in (caller for caller in world.callers if caller.county == COUNTY):
        answer = caller.ask("GET", f"/api/v1/orders/{world.handled['order']}/history")
        if answer.status == 200:
            wide = any("recipient" in row or "actor" in row for row in answer.json["rows"])
            assert wide == (caller.who != "key order.read"), caller
    resident = world.system.history(world.handled)
    assert not any({"actor", "note", "recipient"} & set(row) for row in resident)


def test_what_is_internal_is_for_those_who_handle_it(world):
    key = f"order:{{{COUNTY}}}:{world.handled['order']}"
    world.system.redis.hset(key, "declined", "M106")
    try:
        for caller in (caller for caller in world.callers if caller.county == COUNTY):
            answer = caller.ask("GET", f"/api/v1/orders/{world.handled['order']}")
            if answer.status == 200:
                assert ("declined" in answer.json) == (caller.who != "key order.read"), caller
        assert "declined" not in world.system.order(world.handled)
    finally:
        world.system.redis.hdel(key, "declined")


def test_every_look_at_a_phone_is_written_down_first(world):
    path = f"/api/v1/orders/{world.handled['order']}/contact"
    for who in ("handler", "clerk", "convener", "office", "key order.contact"):
        answer = world.caller(who).ask("POST", path)
        assert answer.status == 200 and answer.json["phone"] == "10000000001" and answer.json["name"] == "周小雨", answer
        last = world.system.audit()[-1]
        assert (last["actor"], last["action"], last["order"]) == (world.caller(who).name, "order.contact",
                                                                  world.handled["order"])
    stream = f"audit:{{{COUNTY}}}"
    world.system.redis.rename(stream, "aside")
    world.system.redis.set(stream, "in the way")  # what cannot be written down is not shown
    try:
        answer = world.caller("office").ask("POST", path)
        assert answer.status == 503 and "10000000001" not in answer.text, answer
    finally:
        world.system.redis.delete(stream)
        world.system.redis.rename("aside", stream)


# -- between services --------------------------------------------------------------------------------------------------

SPEAKERS = {"intake": INTAKE, "routing": ROUTING, "assignment": ASSIGNMENT, "notification": NOTIFICATION,
            "archive": ARCHIVE, "sidanctl": SIDANCTL}


def calls(system):
    """Each call of the schema: (name, sender, receiver, {field: type} of its required and optional fields)."""
    lines = system.ctl("schema").splitlines()
    types = {cells[0].strip("| `"): cells[1] for line in lines if len(cells := line.split(" | ")) == 4 and "`" in line}
    for line in lines:
        cells = [cell.strip("| ") for cell in line.split(" | ")]
        if len(cells) == 6 and cells[1] == "call":
            fields = [field.strip("* ") for field in cells[5].split(",") if field]
            yield cells[0].strip("`"), cells[2].split(", ")[0], cells[3], {field: types[field] for field in fields}


def test_every_call_with_another_countys_order(world):
    """Envelope of one county; order, or what the body names, of the other."""
    before, ours = world.snapshot(), world.ours["order"]
    values = {"order": ours, "orders": ours, "member": "M101", "members": "M101", "actor": "office:he",
              "phone": "10000009999", "decision": "accept", "department": "D01", "outcome": "solved",
              "rating": "satisfied", "query": "路灯", "sms": f"{ours}.0123456789abcdef01234567.1", "code": "123456",
              "limit": 100, "file": f"{'0' * 24}/pdf/1/{'0' * 64}/all/x.pdf"}
    # They do not depend on an order, and answer about their county.
    of_the_county = ("orders.list", "orders.alike", "orders.precedents", "cases.published", "classes.list",
                     "meetings.list", "suggestions.list", "entries.list", "figures.read", "figures.public", "topics.list",
                     "records.read", "cases.search", "updates.list", "audit.list", "absences.list", "templates.list",
                     "journal.verify", "journal.rebuild", "sms.reply", "code.send", "contact.read")
    left_out = ("start", "end", "offset", "states", "categories", "public", "group", "town", "within")
    known = list(calls(world.system))
    assert len(known) >= 15
    for name, sender, receiver, fields in known:
        body = {"type": name, "v": 1} | {field: values.get(field, 1 if kind == "integer" else "x")
                                         for field, kind in fields.items() if field not in left_out}
        for order in (ours, "") if name != "sms.test" else (ours,):  # which sends an SMS when it is about no order
            call = envelope(kind=CALL, county=OTHER, order=order, source=SPEAKERS[sender],
                            destination=SPEAKERS[receiver], sequence=1, at=2 ** 62)
            answer, reply = Peer(world.system, receiver, sender).ask(call, body)
            assert reply.get("error") != "misdirected", name
            rows = [row.get("order") for row in (reply or {}).get("rows", [])]
            if name != "audit.list":  # what theirs tried belongs to their own trail
                assert ours not in rows, (name, reply)
            assert answer["status"] != OK or name in of_the_county, (name, order, reply)
    assert world.snapshot() == before
