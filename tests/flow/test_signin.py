"""Signing in by a code sent to the registered phone: nobody else gets in, and nobody learns whose phones those are."""

import hashlib
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness import COUNTY, KEYS, Answer, Person, make_county, read_table, wait_until

MEMBER, OFFICE, CITY = "10000004102", "10000005001", "10000005901"
STRANGER = "19900000001"
ME, CODE, SIGN_IN = "/api/v1/me", "/api/v1/sign-in/code", "/api/v1/sign-in"


def ask_code(system, phone, **more):
    return system.api("POST", CODE, {"county": COUNTY, "phone": phone}, **more)


def new_code(system, phone):
    before = len(system.codes(phone))
    assert ask_code(system, phone).status == 202
    return wait_until(lambda: system.codes(phone)[before:], 20, f"a code for {phone}")[0]


def try_code(system, phone, code, **more):
    return system.api("POST", SIGN_IN, {"county": COUNTY, "phone": phone, "code": code}, **more)


def wrong(code):
    return f"{(int(code) + 1) % 1000000:06}"


def code_key(system):
    """The key of the one code that is under way."""
    return next(system.redis.scan_iter(f"code:{{{COUNTY}}}:*"))


def at(system, number):
    """The same system through another instance of intake."""
    port = system.services[f"intake.{number}"].environment["SIDAN_HTTP_PORT"]
    return lambda method, path, person: Answer(requests.request(
        method, f"http://127.0.0.1:{port}{path}", timeout=20,
        headers={"Cookie": person.cookie, "X-CSRF-Token": person.csrf}))


def test_in_and_out(shared):
    code = new_code(shared, MEMBER)
    answer = try_code(shared, "+86 100-0000-4102", code)
    assert answer.status == 200 and answer.json["roles"] == ["member:M102"], answer
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"__Host-sidan={COUNTY}\.[\w-]{{43}}", name)
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)
    person = Person(shared, answer)
    me = person.api("GET", ME)
    assert me.status == 200 and (me.json["county"], me.json["csrf"]) == (COUNTY, person.csrf)
    out = person.api("POST", "/api/v1/sign-out")
    cookie = out.headers["Set-Cookie"]
    assert out.status == 200 and "__Host-sidan=;" in cookie and "Max-Age=0" in cookie
    assert person.api("GET", ME).status == 401
    assert [(entry["actor"], entry["action"], entry["result"]) for entry in shared.audit()
            if entry["action"].startswith("sign")][-2:] == [("member:M102", "sign_in", "done"),
                                                            ("member:M102", "sign_out", "done")]


def test_every_role_signs_in(shared):
    roles = {"10000004101": ["member:M101", "leader:G1"], "10000001001": ["convener:T1"],
             "10000002001": ["committee:K1"], "10000003001": ["department:D01"], OFFICE: ["office:he"],
             CITY: ["city:shi-an"]}
    assert {phone: shared.sign_in(phone).roles for phone in roles} == roles


def test_what_is_asked_for_must_make_sense(shared):
    for path, body, status, field in [
            (CODE, {"county": COUNTY}, 400, "phone"), (CODE, {"phone": MEMBER}, 400, "county"),
            (CODE, {"county": COUNTY, "phone": "12345"}, 400, "phone"), (CODE, [], 400, None),
            (CODE, {"county": COUNTY, "phone": 10000004102}, 400, "phone"),
            (CODE, {"county": "123456", "phone": MEMBER}, 404, "county"),
            (SIGN_IN, {"county": COUNTY, "phone": MEMBER}, 400, "code")]:
        answer = shared.api("POST", path, body)
        assert (answer.status, answer.json["field"]) == (status, field), answer


# -- nobody learns who is registered -----------------------------------------------------------------------------------

def test_answers_are_the_same_for_strangers(shared):
    def said(answer):
        return answer.status, answer.text, {k: v for k, v in answer.headers.items() if k not in ("Date",)}
    assert said(ask_code(shared, MEMBER)) == said(ask_code(shared, STRANGER))
    assert said(try_code(shared, MEMBER, "12345x")) == said(try_code(shared, STRANGER, "12345x"))
    wait_until(lambda: shared.codes(MEMBER), 20, "the code")
    assert not shared.codes(STRANGER)


@pytest.mark.parametrize("action", [ask_code, lambda system, phone: try_code(system, phone, "12345x")],
                         ids=["asking", "trying"])
def test_answers_take_as_long_for_strangers(make_system, action):
    """Medians of many, taken in turns. What must not show is milliseconds: an SMS, a write to disk more or less.

    A machine under load can show a difference by chance, but not three times.
    """
    system = make_system(parameters={"intake": {"codes_burst": 100000}})

    def measure():
        taken = {MEMBER: [], STRANGER: []}
        for turn in range(60):
            for phone in taken:
                if turn % 4 == 0:
                    assert ask_code(system, phone).status == 202
                started = time.perf_counter()
                action(system, phone)
                taken[phone].append(time.perf_counter() - started)
        one, other = map(statistics.median, taken.values())
        return abs(one - other) / max(one, other)

    assert any(measure() < 0.15 for _ in range(3))


# -- codes -------------------------------------------------------------------------------------------------------------

def test_a_code_opens_once(shared):
    code = new_code(shared, MEMBER)
    assert try_code(shared, MEMBER, code).status == 200
    assert try_code(shared, MEMBER, code).status == 403


def test_a_new_code_replaces_the_old_one(shared):
    first, second = new_code(shared, MEMBER), new_code(shared, MEMBER)
    if first != second:
        assert try_code(shared, MEMBER, first).status == 403
    assert try_code(shared, MEMBER, second).status == 200


def test_somebody_elses_code_opens_nothing(shared):
    code = new_code(shared, MEMBER)
    new_code(shared, OFFICE)
    assert try_code(shared, OFFICE, code).status == 403


def test_five_tries_in_all_instances_together(make_system):
    system = make_system(instances={"intake": 2})
    urls = [f"http://127.0.0.1:{p.environment['SIDAN_HTTP_PORT']}{SIGN_IN}" for p in system.of("intake")]

    def tried(url, code):
        return requests.post(url, json={"county": COUNTY, "phone": MEMBER, "code": code}, timeout=20).status_code

    code = new_code(system, MEMBER)
    assert [tried(urls[n % 2], wrong(code)) for n in range(4)] == [403] * 4
    assert tried(urls[0], code) == 200, "the fifth try"
    code = new_code(system, MEMBER)
    assert [tried(urls[n % 2], wrong(code)) for n in range(5)] == [403] * 5
    assert tried(urls[0], code) == 403, "the sixth"
    code = new_code(system, MEMBER)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: tried(urls[n % 2], wrong(code)), range(8))) == {403}
    assert tried(urls[1], code) == 403, "also when they come at once"
    failures = [entry for entry in system.audit() if entry["result"] == "wrong_code"]
    assert len(failures) == 19 and {entry["actor"] for entry in failures} == {"member:M102"}
    for _ in range(3):
        assert try_code(system, STRANGER, code).status == 403
    assert len(system.audit()) == 20, "strangers cannot flood the trail"


def test_a_code_is_good_for_five_minutes(system):
    code = new_code(system, MEMBER)
    key = code_key(system)
    assert 290 < system.redis.ttl(key) <= 300
    system.redis.pexpire(key, 1)  # five minutes later
    wait_until(lambda: not system.redis.exists(key), 5, "it is forgotten")
    assert try_code(system, MEMBER, code).status == 403


def test_a_code_that_is_too_old_is_not_sent(system):
    """The gateway is away; when it comes back the code's five minutes are over."""
    spool = system.spool_directory / COUNTY
    spool.write_text("in the way of the directory")
    assert ask_code(system, MEMBER).status == 202
    key = wait_until(lambda: next(system.redis.scan_iter(f"sms:{{{COUNTY}}}:*"), None), 20, "the SMS is queued")
    wait_until(lambda: int(system.redis.hget(key, "attempt") or 0) > 0, 20, "it could not be sent")
    assert 0 < int(system.redis.hget(key, "expires")) - time.time() * 1000 <= 300_000
    system.redis.hset(key, "expires", int(time.time() * 1000) - 1)
    spool.unlink()
    wait_until(lambda: system.redis.hget(key, "state") == "failed", 20, "it is given up")
    assert not system.redis.hexists(key, "text") and not system.redis.hexists(key, "phone")
    assert len(new_code(system, MEMBER)) == 6
    assert len(system.codes(MEMBER)) == 1


def test_nothing_secret_is_kept_or_logged(system):
    code = new_code(system, OFFICE)
    kept = {key: system.redis.hgetall(key) for key in system.redis.scan_iter(f"code:{{{COUNTY}}}:*")}
    person = Person(system, try_code(system, OFFICE, code))
    token = person.cookie.split(".")[1]
    kept |= {key: system.redis.get(key) for key in system.redis.scan_iter(f"session:{{{COUNTY}}}:*")}
    lists = list(system.redis.scan_iter(f"sessions:{{{COUNTY}}}:*"))
    assert len(kept) == 2 and len(lists) == 1
    texts = [str(kept), str(lists), str(system.redis.zrange(lists[0], 0, -1)), str(system.audit()),
             *(process.text() for process in system.services.values()),
             *(system.metrics(process) for process in system.services.values())]
    for secret in (OFFICE, token, person.csrf, rf"(?<![0-9A-Za-z.]){code}(?![0-9A-Za-z])"):
        assert not any(re.search(secret, text) for text in texts), secret


# -- limits ------------------------------------------------------------------------------------------------------------

def test_codes_for_one_phone_are_limited(make_system):
    system = make_system(parameters={"intake": {"codes_burst": 2, "codes_per_hour": 1}})
    said = []
    for phone in (MEMBER, STRANGER):
        assert [ask_code(system, phone).status for _ in range(2)] == [202, 202]
        last = ask_code(system, phone)
        said.append((last.status, last.text))
        assert last.status == 429 and 3590 < int(last.headers["Retry-After"]) <= 3601
    assert said[0] == said[1]
    assert ask_code(system, OFFICE).status == 202


def test_a_phone_that_guests_name_is_limited(make_system, tmp_path):
    """Nobody makes others' phones ring by placing orders; at two doors no more than at one. Who has a key goes on."""
    counties = [make_county(tmp_path, county=county, settings={"phone_orders": "3"}) for county in (COUNTY, "990104")]
    system = make_system(counties=counties, instances={"intake": 2})
    doors = [f"http://127.0.0.1:{process.environment['SIDAN_HTTP_PORT']}" for process in system.of("intake")]
    last = []

    def place(phone="10000055555", door=0, county=COUNTY, key=None, once=None, language="zh"):
        headers = {"Accept-Language": language} | ({"X-Api-Key": key} if key else {}) | (
            {"Idempotency-Key": once} if once else {})
        answer = Answer(requests.post(doors[door] + "/api/v1/orders", headers=headers, timeout=20, json={
            "county": county, "title": "路灯不亮", "phone": phone}))
        last[:] = [answer]
        return answer.status

    assert [place(once="1"), place(door=1), place("+86 100-0005-5555", once="3")] == [201] * 3
    for door in (0, 1):
        for phone in ("10000055555", "0086 10000055555"):
            assert place(phone, door) == 429
            assert 8 * 3600 - 60 <= int(last[0].headers["Retry-After"]) <= 8 * 3600 + 1, last
            assert last[0].json["code"] == "limited" and "电话" in last[0].json["detail"]
    assert place(language="en") == 429 and "phone" in last[0].json["detail"], last
    assert place(once="1") == 201 and place(once="3", phone="+86 100-0005-5555") == 201, "a repetition is none more"
    assert place("10000055556") == 201 and place(phone="") == 201, "others go on"
    assert place(county="990104") == 201 and place(key=KEYS["office"]) == 201
    by_key = last[0].json
    history = lambda: system.api("GET", f"/api/v1/orders/{by_key['order']}/history",  # noqa: E731
                                 key="office").json["rows"]
    steps = wait_until(history, 10, "it is in the journal")
    assert steps[0].get("via") == "key:office", steps
    assert not system.redis.hexists(f"order:{{{COUNTY}}}:{by_key['order']}", "via")
    assert place(key="made up") == 429
    table = "标题,电话\n路灯不亮,10000055555\n井盖丢了,10000055555\n".encode()
    report = system.api("POST", f"/api/v1/imports?county={COUNTY}", key="import", data=table)
    assert report.json["accepted"] == 2, report
    form = {"service_code": "construction", "address_string": "东门", "phone": "10000055555", "api_key": KEYS["open311"],
            "jurisdiction_id": COUNTY}
    assert requests.post(doors[0] + "/open311/v2/requests.json", data=form, timeout=20).status_code == 200
    limits = system.redis.keys(f"placed:{{{COUNTY}}}:*")
    assert len(limits) == 2 and all(0 < system.redis.ttl(key) <= 86401 for key in limits), limits
    full, limit = max((int(system.redis.get(key)), key) for key in limits)
    system.redis.set(limit, full - 8 * 3600 * 1000)
    assert [place(), place()] == [201, 429], "one more in eight hours"


def test_strangers_are_limited_by_address(make_system):
    limits = {"guest_burst": 6, "guest_per_minute": 1}
    system = make_system(parameters={"intake": limits})
    order = system.place()
    assert [ask_code(system, STRANGER).status for _ in range(3)] == [202] * 3
    assert [try_code(system, STRANGER, "123456").status for _ in range(2)] == [403] * 2
    for answer in (ask_code(system, MEMBER), ask_code(system, STRANGER), try_code(system, MEMBER, "123456"),
                   system.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "又一件"}),
                   ask_code(system, MEMBER, headers={"X-Forwarded-For": "198.51.100.7"})):
        assert answer.status == 429 and 50 <= int(answer.headers["Retry-After"]) <= 61, answer
    assert system.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"]).status == 429, "codes, too"
    assert system.api("GET", f"/api/v1/counties/{COUNTY}/figures").status == 429, "and what takes the archive some work"
    body = {"county": COUNTY, "title": "东门小区路灯不亮"}
    for _ in range(8):
        assert system.api("POST", "/api/v1/orders", body, key="import").status == 201, "keys are not limited"
    table = "标题\n路灯不亮\n".encode()
    assert system.api("POST", f"/api/v1/imports?county={COUNTY}", key="import", data=table).status == 200


def test_behind_a_proxy_each_address_counts(make_system):
    system = make_system(parameters={"intake": {"guest_burst": 2, "guest_per_minute": 1, "proxies": "127.0.0.1"}})

    def ask(address):
        return ask_code(system, STRANGER, headers={"X-Forwarded-For": address}).status

    assert [ask("198.51.100.1") for _ in range(3)] == [202, 202, 429]
    assert ask("198.51.100.2") == 202
    assert ask("203.0.113.9, 198.51.100.1") == 429, "what a client says of itself does not count"


def test_wrong_codes_of_orders_are_limited_by_address(make_system):
    """Ten tries for each order would be many, with many orders."""
    system = make_system(parameters={"intake": {"guest_burst": 12, "guest_per_minute": 1}})
    orders = [system.place() for _ in range(6)]
    for order in orders:
        path = f"/api/v1/orders/{order['order']}"
        assert system.api("GET", path, code=order["code"]).status == 200
        assert system.api("GET", path, code=wrong(order["code"])).status == 403
    assert system.api("GET", path, code=wrong(order["code"])).status == 429
    assert system.api("GET", path, code=order["code"]).status == 429, "or it would tell which code is right"


def test_refusals_of_who_is_known_are_limited(make_system):
    """Nobody tries out by session or key what there is, or fills the trail; and what they may goes on."""
    system = make_system(parameters={"intake": {"guest_burst": 6, "guest_per_minute": 1}})
    order = system.place()
    person = system.sign_in(MEMBER)
    path, absent = f"/api/v1/orders/{order['order']}", f"/api/v1/orders/{COUNTY}-999999"
    system.wait_state(order, "open")
    callers = [("member:M102", person.api, lambda: person.api("GET", ME).status),
               ("key:import", lambda *asked, **more: system.api(*asked, key="import", **more),
                lambda: system.api("POST", f"/api/v1/imports?county={COUNTY}", key="import",
                                   data="标题\n路灯不亮\n".encode()).status)]
    for name, ask, use in callers:
        tries = [("GET", f"/api/v1/audit?county={COUNTY}"), ("GET", absent), ("POST", path + "/decide"),
                 ("GET", "/api/v1/orders?county=999999"), ("POST", path + "/reassign"), ("GET", f"{absent}9")]
        answers = [ask(*each).status for each in tries]
        assert set(answers) == {403, 404}, answers
        if name.startswith("key"):
            tries.append(("POST", f"/open311/v2/requests.json?api_key={KEYS['import']}"))
        for each in tries:
            answer = ask(*each)
            assert answer.status == 429 and 50 <= int(answer.headers["Retry-After"]) <= 61, (each, answer)
        assert use() == 200, "what is granted goes on"
        refused = [entry for entry in system.audit() if entry["actor"] == name and entry["result"] == "refused"]
        assert len(refused) == answers.count(403), refused
    assert system.api("GET", f"/api/v1/audit?county={COUNTY}", key="open311").status == 403, "each by themselves"


# -- sessions ----------------------------------------------------------------------------------------------------------

def test_changes_need_the_sessions_token(shared):
    person = shared.sign_in(MEMBER)
    host = f"127.0.0.1:{shared.port}"
    for headers, status in [({"X-CSRF-Token": ""}, 403), ({"X-CSRF-Token": "0" * 32}, 403),
                            ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
                            ({"Origin": f"http://evil.{host}"}, 403), ({"Origin": f"http://{host}"}, 200)]:
        answer = person.api("POST", "/api/v1/sign-out", headers=headers)
        assert answer.status == status, (headers, answer)
        assert status == 200 or answer.json["code"] == "csrf"
    person, other = shared.sign_in(MEMBER), shared.sign_in(MEMBER)
    assert person.csrf != other.csrf
    order = shared.place()
    shared.wait_state(order, "open")
    assert person.step(order, "claim", headers={"X-CSRF-Token": other.csrf}).status == 403
    for code in ("000000", order["code"]):  # which anybody may add: it makes nobody out of the session's person
        assert person.step(order, "claim", headers={"X-CSRF-Token": ""}, code=code).status == 401
    assert person.api("GET", ME, headers={"X-CSRF-Token": "", "Origin": "https://evil.example"}).status == 200
    assert shared.order(order).get("members", "") == ""
    assert person.step(order, "claim").status == 200
    assert shared.order(order)["members"] == "M102"
    refused = [entry for entry in shared.audit() if "CSRF" in entry["detail"]]
    assert len(refused) == 6 and {entry["actor"] for entry in refused} == {"member:M102"}


def test_signing_in_from_another_site(shared):
    code = new_code(shared, MEMBER)
    assert try_code(shared, MEMBER, code, headers={"Origin": "https://evil.example"}).status == 403
    assert ask_code(shared, MEMBER, headers={"Origin": "https://evil.example"}).status == 403
    assert try_code(shared, MEMBER, code).status == 200


def test_a_session_is_never_taken_over_from_before(shared):
    planted = f"__Host-sidan={COUNTY}.{'A' * 43}"
    answer = try_code(shared, MEMBER, new_code(shared, MEMBER), headers={"Cookie": planted})
    first = Person(shared, answer)
    assert first.cookie != planted
    assert shared.api("GET", ME, headers={"Cookie": planted}).status == 401
    second = Person(shared, try_code(shared, MEMBER, new_code(shared, MEMBER), headers={"Cookie": first.cookie}))
    assert second.cookie != first.cookie and second.api("GET", ME).status == 200
    assert first.api("GET", ME).status == 401, "the one before it has ended"


@pytest.mark.parametrize("cookie", ["", "x", f"{COUNTY}.", f"{COUNTY}.{'A' * 43}", f"123456.{'A' * 43}",
                                    f"{COUNTY}.{'A' * 5000}", f"{COUNTY}.{'/' * 43}", "}{*\x01"])
def test_cookies_that_are_none(shared, cookie):
    assert shared.api("GET", ME, headers={"Cookie": f"__Host-sidan={cookie}"}).status in (401, 400)


def test_a_cookie_of_another_county_is_none(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path), make_county(tmp_path, county="990104")])
    person = system.sign_in(MEMBER)
    moved = person.cookie.replace(COUNTY, "990104")
    assert system.api("GET", ME, headers={"Cookie": moved}).status == 401


def test_sign_out_everywhere(make_system):
    system = make_system(instances={"intake": 2})
    second = at(system, 2)
    here, there, colleague = system.sign_in(MEMBER), system.sign_in(MEMBER), system.sign_in(OFFICE)
    assert [second("GET", ME, person).status for person in (here, there, colleague)] == [200] * 3
    assert second("POST", "/api/v1/sign-out/everywhere", here).status == 200
    for person, status in ((here, 401), (there, 401), (colleague, 200)):
        assert person.api("GET", ME).status == second("GET", ME, person).status == status
    assert len(list(system.redis.scan_iter(f"session:{{{COUNTY}}}:*"))) == 1


def test_leaving_the_roster_ends_access(make_system, tmp_path):
    county = make_county(tmp_path)
    system = make_system(counties=[county])
    order = system.place()
    system.wait_state(order, "open")
    member, convener = system.sign_in(MEMBER), system.sign_in("10000001001")
    path = f"/api/v1/orders/{order['order']}"
    assert member.api("GET", path).status == convener.api("GET", path).status == 200
    rows = [row for row in read_table(county / "members.csv") if row["phone"] != MEMBER]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (county / "members.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    system.ctl("county", "apply", str(county))
    wait_until(lambda: member.api("GET", path).status == 401, 5, "the session is nobody's")
    assert member.api("GET", ME).status == 401
    assert member.step(order, "claim").status == 401
    assert try_code(system, MEMBER, "000000").status == 403
    assert convener.api("GET", path).status == 200


def test_redis_alone_signs_nobody_in(system):
    """Who can write to Redis can neither make a session for a token of their own, nor make one somebody else's."""
    known = set(system.redis.scan_iter("session:*"))
    member = system.sign_in(MEMBER)
    mine, = set(system.redis.scan_iter("session:*")) - known
    known.add(mine)
    office = system.sign_in(OFFICE)
    theirs, = set(system.redis.scan_iter("session:*")) - known
    own = system.redis.get(mine)
    system.redis.set(mine, system.redis.get(theirs))
    assert member.api("GET", ME).status == 401, "the office's session does not open in the member's place"
    system.redis.set(mine, own)
    assert member.api("GET", ME).status == 200 and office.api("GET", ME).status == 200
    token = "A" * 43
    plain = hashlib.blake2b(token.encode(), digest_size=32).hexdigest()
    for name in (plain, plain[:32]):
        system.redis.set(f"session:{{{COUNTY}}}:{name}", system.redis.get(theirs))
    assert system.api("GET", ME, headers={"Cookie": f"__Host-sidan={COUNTY}.{token}"}).status == 401


def test_sessions_end(make_system):
    """That of the office after being left alone; each one at last, however much it is used."""
    system = make_system(parameters={"intake": {"session_s": 8, "session_idle_s": 3}})
    member = system.sign_in(MEMBER)
    system.redis.persist(next(system.redis.scan_iter("session:*")))  # the session itself says when it ends, too
    office = system.sign_in(OFFICE)
    started = time.monotonic()
    while time.monotonic() - started < 5:
        assert office.api("GET", ME).status == 200, "it is used"
        time.sleep(0.2)
    known = set(system.redis.scan_iter("session:*"))
    left = system.sign_in(OFFICE)
    key, = set(system.redis.scan_iter("session:*")) - known
    wait_until(lambda: office.api("GET", ME).status == 401, 5, "the end of a session in use")
    assert 7 < time.monotonic() - started < 11
    wait_until(lambda: not system.redis.exists(key), 2, "a session that was left alone for three seconds")
    assert left.api("GET", ME).status == 401
    assert member.api("GET", ME).status == 401


def test_keys_end(make_system, tmp_path):
    county = make_county(tmp_path)
    text = (county / "keys.csv").read_text()
    lines = text.splitlines()
    (county / "keys.csv").write_text("\n".join([lines[0] + ",expires", lines[1] + ",2026-01-31",
                                                lines[2] + ",2099-01-31",
                                                lines[3] + ","]) + "\n")
    system = make_system(counties=[county])
    assert system.api("GET", f"/api/v1/orders?county={COUNTY}", key="office").status == 403
    table = "标题\n路灯不亮\n".encode()
    assert system.api("POST", f"/api/v1/imports?county={COUNTY}", key="import", data=table).status == 200
