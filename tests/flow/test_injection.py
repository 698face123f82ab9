"""Attacks on what is behind the door: SQL, Redis and Lua, forged callbacks, numbers and codes that are guessed."""

import re
import sqlite3
import statistics
import time
from contextlib import closing

import pytest

from archive_files import wait_at_rest
from attack import PARAMETERS, TOKEN, harmless, place
from conftest import systems_in
from harness import COUNTY, KEYS, wait_until


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("door")) as make:
        yield make(parameters=PARAMETERS)


# -- languages behind the door -----------------------------------------------------------------------------------------

SQL = ["a\" OR \"鹤", "鹤\"*", "' OR '1'='1", "x') OR 1=1 --", "\" OR 1=1 --", "'; DROP TABLE journal; --",
       "' UNION SELECT 1 --", "%", "_", "*", "placed' --", "\\", "NULL",
       "title MATCH 'a'", "a NEAR b", "journal", "rowid:1", "{title}:a", "a OR b*", "^a"]


def test_sql_injection(door):
    order = door.place(title="天上飞来一只鹤", public=1, category="construction", community="C101")
    door.finish(order)
    wait_until(lambda: door.api("GET", f"/open311/v2/requests/{order['order']}.json").status == 200, 10, "it is listed")
    ask = lambda path, **values: door.http.get(door.url + path, params={"county": COUNTY} | values,  # noqa: E731
                                               headers={"X-Api-Key": KEYS["office"]}, timeout=20)
    total = wait_until(lambda: ask("/api/v1/orders").json()["total"], 10, "orders are listed")
    wait_until(lambda: ask("/api/v1/cases", q="鹤").json()["total"] == 1, 10, "it is a case, and can be found")
    with harmless(door):
        for value in SQL:
            for name in ("state", "group", "town"):
                answer = ask("/api/v1/orders", **{name: value})
                assert answer.status_code == 400 or answer.json()["total"] == 0, (name, value, answer.text[:300])
            answer = ask("/api/v1/cases", q=value)
            found = 1 if value == '鹤"*' else 0  # what of it is a word stands there
            assert answer.status_code == 200 and answer.json()["total"] == found, (value, answer.text[:300])
            for path in (f"/api/v1/orders/{value}", f"/api/v1/orders/{value}/history"):
                assert ask(path).status_code in (400, 404), (path, value)
            for name in ("service_code", "status"):
                answer = door.http.get(f"{door.url}/open311/v2/requests.json", params={name: value}, timeout=20)
                assert answer.status_code == 400 or answer.json() == [], (name, value, answer.text[:300])
            answer = door.http.get(f"{door.url}/open311/v2/requests.json", params={"service_request_id": value})
            assert answer.status_code == 404 or answer.json() == [], (value, answer.text[:300])
    assert ask("/api/v1/orders").json()["total"] >= total
    with closing(sqlite3.connect(f"file:{door.directory}/archive/{COUNTY}.db?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM journal").fetchone()[0] > 0


# The services' user may not FLUSHALL; it may set I:{990103}, which is no name of ours.
BREAKOUT = "{0}),redis.call('SET','I:{{990103}}',1)--"
REDIS = ["x\r\nFLUSHALL\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "return redis.call('FLUSHALL')", "x\r\nSET I:{990103} 1\r\n",
         "x\r\n*3\r\n$3\r\nSET\r\n$10\r\nI:{990103}\r\n$1\r\n1\r\n", BREAKOUT.format("'"), BREAKOUT.format('"'),
         BREAKOUT.format("]]"), "I:{990103}", "x SET I:{990103} 1", "%d %b", "KEYS[1]", "{other}", "}{",
         "990103-000001}", "{990102}:990102-000001", "a:b:c", "a b", "..", "\"", "'", "]]", "%s%n", "$", "-1", "|",
         "a|b|0", "\x7f"]


def test_redis_and_lua_injection(door):
    order = door.place()
    door.wait_state(order, "open")
    path, reply = f"/api/v1/orders/{order['order']}", f"/gateway/kannel/{TOKEN}/reply"
    known = rf"^(counties|(registry|lag|gateways):[\w-]+|[a-z0-9]+:\{{{COUNTY}\}}(:[A-Za-z0-9|>.-]+)?)$"

    for value in REDIS:
        escaped = "".join(f"%{byte:02x}" for byte in value.encode())
        answers = [
            door.api("GET", f"/api/v1/orders/{escaped}", code="123456"),
            door.api("GET", f"/api/v1/orders/{order['order']}{escaped}", key="office"),
            door.api("POST", path + "/claim", {"member": value}, key="office"),
            door.api("POST", path + "/reassign", {"actor": value, "members": value, "reason": value}, key="office"),
            door.api("POST", path + "/handover", {"actor": value, "department": value}, key="office"),
            place(door, {"county": value, "title": "a"}),
            place(door, {"county": COUNTY, "title": "a", "community": value}),
            place(door, {"county": COUNTY, "title": "a", "category": value}),
        ]
        let_through = [answer for answer in answers if not 400 <= answer.status < 500]
        assert not let_through, (value, let_through)
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={escaped}&type=1").status == 200
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={order['order']}.{escaped}&type=1").status == 200
        header = value.replace("\r\n", " ")
        assert door.api("POST", reply, data=value.encode(), headers={"X-Kannel-From": header}).status == 200
        placed = place(door, {"county": COUNTY, "title": value}, idempotency=header)
        assert placed.status in (201, 400), placed
    strange = [key for key in door.redis.keys() if not re.match(known, key)]
    assert not strange, strange
    assert door.order(order)["order"] == order["order"]


# -- gateways ----------------------------------------------------------------------------------------------------------

def test_forged_callbacks(door):
    order = door.place()
    door.wait_state(order, "open")
    before = door.order(order)
    opened = door.wait_sms(order, template="opened")[0]
    code = re.search(r"回复 (\w+) 接单", opened["text"])[1]
    sms = next(key.split(":", 2)[2] for key in door.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*"))
    wrong = ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), TOKEN[::-1], TOKEN.replace("-", "%252d"), "..", "%20"]
    bodies = set()
    for token in wrong:
        for method, path in (("GET", f"/gateway/kannel/{token}/receipt?sms={sms}&type=2"),
                             ("POST", f"/gateway/kannel/{token}/reply")):
            answer = door.api(method, path, data=code.encode(), headers={
                "X-Kannel-From": opened["to"], "Content-Type": "text/plain; charset=utf-8"})
            assert answer.status == 404, (token, answer)
            bodies.add(answer.text)
    assert len(bodies) == 1, "a wrong secret looks like no address at all"
    assert door.api("GET", "/gateway/kannel/nothing").text in bodies
    wait_at_rest(door)
    assert door.order(order) == before


def test_replayed_callbacks(door):
    """A reply that comes again claims once; a receipt of yesterday, or of nothing, changes nothing."""
    order = door.place()
    door.wait_state(order, "open")
    opened = door.wait_sms(order, template="opened")[0]
    code = re.search(r"回复 (\w+) 接单", opened["text"])[1]
    reply = {"headers": {"X-Kannel-From": opened["to"], "Content-Type": "text/plain; charset=utf-8"},
             "data": code.encode()}
    for _ in range(3):
        assert door.api("POST", f"/gateway/kannel/{TOKEN}/reply?id=77", **reply).status == 200
    wait_until(lambda: door.wait_sms(order, template="claimed"), 10, "the claim is known")
    steps = [step["step"] for step in door.history(order)]
    assert steps.count("claimed") <= 1
    member = door.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "members")
    assert member and len(member.split()) == 1, member
    sms = next(key.split(":", 2)[2] for key in door.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*"))
    state = door.redis.hget(f"sms:{{{COUNTY}}}:{sms}", "state")
    for code in (2, 16, 8, 1, 2, 2147483647):
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={sms}&type={code}").status == 200
    assert door.redis.hget(f"sms:{{{COUNTY}}}:{sms}", "state") == state
    assert len(door.wait_sms(order, template="claimed")) == 1


def test_a_reply_reads_no_order_of_others(door):
    """Codes follow one another: a member who sends them all learns nothing of orders that the API does not show him."""
    order = door.place(title="东门小区路灯不亮，别说是我")
    door.wait_state(order, "open")
    code = re.search(r"回复 (\w+) 接单", door.wait_sms(order, template="opened")[0]["text"])[1]
    stranger = "10000004201"  # a member of another group
    assert door.sign_in(stranger).api("GET", f"/api/v1/orders/{order['order']}").status == 403
    answer = door.api("POST", f"/gateway/kannel/{TOKEN}/reply?id=78", data=code.encode(),
                      headers={"X-Kannel-From": stranger, "Content-Type": "text/plain; charset=utf-8"})
    assert answer.status == 200, answer
    refused = door.wait_sms(order, template="claim_refused", to=stranger)[0]["text"]
    assert order["order"] in refused and "路灯" not in refused


# -- enumeration -------------------------------------------------------------------------------------------------------

def test_numbers_and_codes_cannot_be_told_apart(door):
    """An order that is and one that never was look the same to whoever has no code: words, headers, time, tries."""
    there = [door.place() for _ in range(12)]
    absent = [f"{COUNTY}-{9_000_000 + n}" for n in range(12)]

    def wrong(code):
        return "000000" if code != "000000" else "111111"

    def attempt(number, code):
        started = time.perf_counter()
        answer = door.api("GET", f"/api/v1/orders/{number}", code=code)
        took = time.perf_counter() - started
        headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name != "Date"))
        return (answer.status, answer.text, headers), took

    real, unreal = [], []
    for _ in range(9):  # one less than an order takes
        for order, number in zip(there, absent):
            real.append(attempt(order["order"], wrong(order["code"])))
            unreal.append(attempt(number, "000000"))
    assert {answer for answer, _ in real} == {answer for answer, _ in unreal} and len({a for a, _ in real}) == 1
    assert real[0][0][0] == 403
    one, other = (statistics.median(took for _, took in all_of_them) for all_of_them in (real, unreal))
    assert abs(one - other) < max(one, other) / 2 + 0.001, (one, other)
    # tries are counted for both alike, and then not even the right code helps
    for _ in range(3):
        last = [attempt(there[0]["order"], wrong(there[0]["code"]))[0], attempt(absent[0], "000000")[0]]
    assert last[0] == last[1] and last[0][0] == 429
    assert attempt(there[0]["order"], there[0]["code"])[0][0] == 429
    assert attempt(there[1]["order"], there[1]["code"])[0][0] == 200
    for bad in ("990103-1", "990103-0000001", "990103_000001", "990103-00001a", "1-1", "990104-000001"):
        assert door.api("GET", f"/api/v1/orders/{bad}", code="000000").status == 404
