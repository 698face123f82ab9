"""What residents do with their orders by themselves: join one that is being handled, and more, over HTTP."""

import json
import signal

import pytest

from harness import CLAIMS, COUNTY, ROOT, make_county, wait_until
from test_life import UNCLEAR, steps
from test_screen import seen_by_staff, told

# -- 我也遇到了 -------------------------------------------------------------------------------------------------------

BENCH = {"title": "锦绣花园的健身器材断了，电话13700001234", "text": "老王家楼下的健身器材断了很久，锻炼不安全。", "community": "C101"}


def opened(system, **fields):
    """Placed, and accepted if it waits for that."""
    order = system.place(**fields)
    if system.wait_state(order, "open", "screening")["state"] == "screening":
        assert system.step(order, "screen", {"decision": "accept", "category": "construction"}).status == 200
    return order


def taken(system, order):
    members = CLAIMS[:system.order(order)["places"]]
    system.claim_all(order, members)
    return members


def alike(system, **more):
    body = {"county": COUNTY, "title": "锦绣花园健身器材断了", "text": "健身器材断了，锻炼不安全。", "community": "C101"} | more
    return system.api("POST", "/api/v1/orders/alike", body)


def found(system, count=1, **more):
    return wait_until(lambda: len(rows := alike(system, **more).json["rows"]) == count and rows, 20, f"{count} are found")


def test_who_met_with_the_same_joins_it(shared):
    primary = opened(shared, **BENCH, name="王五", public=1)
    row, = found(shared)
    assert row["title"] == "锦绣花园的健身器材断了，电话***" and row["community"] == "C101" and row["state"] == "open"
    assert row["month"] == shared.order(primary)["placed_at"][:7]
    assert primary["order"][7:] not in json.dumps(row), "no number of somebody else's order"

    order = shared.place(title="健身器材断了", community="C101", same_as=row["same_as"], phone="10000000081")
    assert order["order"] != primary["order"] and order["code"]
    assert "同一件事" in told(shared, order, "merged")
    now = seen_by_staff(shared, order)
    assert (now["state"], now["primary"], now["category"] != "") == ("merged", primary["order"], True)
    assert seen_by_staff(shared, primary)["merged"] == order["order"]
    taken(shared, primary)
    shared.answer_it(primary)
    assert shared.wait_state(order, "answered")["answer"] == "路灯修好了"
    wait_until(lambda: steps(shared, order)[:3] == ["placed", "merged", "followed"], 20, "the journal has it")
    for one in (primary, order):
        assert shared.rate(one, "satisfied").status == 200
        shared.wait_state(one, "closed")


def test_of_who_did_not_agree_only_the_kind_is_told(shared):
    order = opened(shared, title="滨江花园的喷泉半夜开着太吵", text="我是三栋1502的李四，喷泉太吵睡不着", community="C103", name="李四")
    like = {"title": "滨江花园喷泉半夜太吵", "text": "喷泉太吵睡不着", "community": "C103"}
    row, = found(shared, **like)
    assert set(row) == {"same_as", "category", "community", "state", "month"}, row
    assert alike(shared, **like | {"community": "C101"}).json["rows"] == [], "who cannot see what it is needs the place"
    assert alike(shared, **like | {"title": "小学门口堵车", "text": ""}).json["rows"] == []
    taken(shared, order)
    shared.answer_it(order)
    wait_until(lambda: alike(shared, **like).json["rows"] == [], 20, "it is not handled any more")
    assert shared.rate(order, "satisfied").status == 200
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    late = shared.place(**like, same_as=row["same_as"])
    assert shared.wait_state(late, "open", "screening") and "merged" not in steps(shared, late), "a matter of its own"


def test_what_is_public_is_shown_in_the_town(shared):
    opened(shared, title="西大街的报刊亭塌了", text="西大街的报刊亭塌了半边", community="C102", public=1)
    row, = found(shared, title="报刊亭塌了", text="西大街的报刊亭塌了", community="C101")
    assert row["title"] == "西大街的报刊亭塌了" and row["community"] == "C102"
    assert alike(shared, title="报刊亭塌了", text="西大街的报刊亭塌了", community="C201").json["rows"] == []


def test_what_same_as_must_be(shared):
    for wrong in ("nonsense", "v1.1.AAAA"):
        answer = shared.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "路灯", "same_as": wrong})
        assert (answer.status, answer.json["field"]) == (400, "same_as")
    for mine in ({"primary": f"{COUNTY}-000001"}, {"source": "api"}):
        answer = shared.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "路灯"} | mine)
        assert (answer.status, answer.json["code"]) == (400, "unknown_field"), "a number is nobody's to give"
    assert alike(shared, county="123456").status == 404
    assert alike(shared, community="nonsense").json["field"] == "community"
    assert alike(shared, community=None).json["code"] == "missing"


def test_a_primary_that_takes_no_more_gives_it_to_the_convener(shared):
    primary = opened(shared, title="南门桥头的护栏松了", text="护栏松动", community="C101", public=1)
    row, = found(shared, title="南门桥头护栏松了", text="护栏松动")
    shared.redis.hset(f"order:{{{COUNTY}}}:{primary['order']}", "merged", " ".join(f"{COUNTY}-{n}" for n in range(100000, 100286)))
    order = shared.place(title="桥头护栏松了", community="C101", same_as=row["same_as"])
    wait_until(lambda: steps(shared, order)[-2:] == ["merged", "unmerged"], 20, "it is full")
    now = shared.api("GET", f"/api/v1/orders/{order['order']}", key="office").json
    assert (now["state"], now["category"], now["group"]) == ("screening", "construction", "G1"), "it is what routing found"
    shared.redis.hset(f"order:{{{COUNTY}}}:{primary['order']}", "merged", "")


def test_a_primary_that_leaves_before_routing_comes_to_it_leaves_nobody_behind(shared):
    primary = opened(shared, title="西街的围墙倒了半截", text="围墙倒了", community="C101", public=1)
    row, = found(shared, title="西街围墙倒了", text="围墙倒了")
    routing, = shared.of("routing")
    wait_until(lambda: not list(shared.redis.scan_iter("outbox:*")), 20, "nothing is under way")
    routing.signal(signal.SIGSTOP)
    try:
        order = shared.place(title="西街围墙倒了", community="C101", same_as=row["same_as"])
        taken(shared, primary)
        shared.answer_it(primary)
        assert shared.rate(primary, "satisfied").status == 200
        wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{primary['order']}"), 20, "it is archived")
    finally:
        routing.signal(signal.SIGCONT)
    shared.wait_state(order, "open", "screening")
    assert "primary" not in seen_by_staff(shared, order), "it is handled by itself"
    assert not shared.redis.exists(f"order:{{{COUNTY}}}:{primary['order']}"), "nothing is left behind in its name"


@pytest.mark.parametrize("setting, seen", [("public", 1), ("no", 0)])
def test_what_a_county_does_not_want_shown(make_system, tmp_path, setting, seen):
    system = make_system(counties=[make_county(tmp_path, settings={"similar": setting})])
    for agreed in (0, 1):
        opened(system, **BENCH, public=agreed)
    listed = lambda: system.rows(f"/api/v1/orders?county={COUNTY}&state=open", key="office")
    wait_until(lambda: len(list(listed())) == 2, 20, "both are archived")
    rows = alike(system).json["rows"]
    assert [row["title"][:4] for row in rows] == ["锦绣花园"] * seen


# -- 补充 --------------------------------------------------------------------------------------------------------------

def add(system, order, note="是三栋门口那一盏", **more):
    return system.step(order, "add", {"note": note}, key=None, code=order["code"], **more)


def test_words_are_added_and_told_to_who_handles_it(shared):
    order = shared.place(**UNCLEAR, phone="10000000082")
    shared.wait_state(order, "screening")
    assert add(shared, order, "想问的是路灯").status == 200
    assert "想问的是路灯" in shared.wait_sms(order, template="added", recipient="convener:T1")[0]["text"]
    assert shared.step(order, "screen", {"decision": "accept", "category": "construction", "community": "C101"}).status == 200
    shared.wait_state(order, "open")
    assert add(shared, order, "在东门").status == 200, "nobody has it yet"
    members = taken(shared, order)
    assert shared.step(order, "handover", {"actor": "member:M101", "department": "D01", "note": "只给部门"}).status == 200
    assert add(shared, order).status == 200
    told_to = {sms["recipient"] for sms in shared.wait_sms(order, template="added", count=len(members) + 2)}
    assert told_to == {"convener:T1", "department:D01"} | {f"member:{member}" for member in members}
    assert "三栋门口" in shared.wait_sms(order, template="added", recipient="department:D01")[0]["text"]
    wait_until(lambda: steps(shared, order).count("added") == 3, 20, "the journal has all")
    path = f"/api/v1/orders/{order['order']}/history"
    own = shared.api("GET", path, code=order["code"]).json["rows"]
    assert [row["note"] for row in own if "note" in row] == ["想问的是路灯", "在东门", "是三栋门口那一盏"], "no other notes"
    assert shared.order(order)["text"] == UNCLEAR["text"], "what was placed stays"
    for _ in range(7):
        assert add(shared, order).status == 200
    answer = add(shared, order)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (409, "full", "note")
    shared.answer_it(order)
    assert add(shared, order).json["code"] == "state", "it is answered"


def test_words_are_added_by_its_resident_alone(shared):
    order = opened(shared, title="路灯不亮", community="C101")
    for who in ({"code": "000000" if order["code"] != "000000" else "000001"}, {"key": None}):
        assert shared.step(order, "add", {"note": "不是我说的"}, **{"key": None} | who).status in (401, 403)
    assert shared.sign_in("10000003001").step(order, "add", {"note": "不是我说的"}).status == 403, "a member"
    assert add(shared, order, idempotency="twice").status == add(shared, order, idempotency="twice").status == 200
    assert shared.order(order)["added"] == 1


def test_who_joined_adds_to_what_is_handled(shared):
    primary = opened(shared, title="南湖路的井盖响", text="南湖路的井盖一过车就响", community="C101", public=1)
    row, = found(shared, title="南湖路井盖响", text="井盖一过车就响")
    order = shared.place(title="井盖响", community="C101", same_as=row["same_as"])
    wait_until(lambda: steps(shared, order)[-1:] == ["followed"], 20, "it is handled with it")
    members = taken(shared, primary)
    wait_until(lambda: shared.order(order).get("members") == " ".join(members), 20, "it follows")
    assert add(shared, order, "夜里也响").status == 200
    shared.wait_sms(order, template="added", recipient="member:M101")


# -- 撤回 --------------------------------------------------------------------------------------------------------------

def take_back(system, order, reason=None, **more):
    return system.step(order, "take-back", {"reason": reason} if reason else {}, key=None, code=order["code"], **more)


def gone(system, order):
    """It has left Redis; what it is, the archive knows, and its resident sees."""
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    return system.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"]).json


def joined(system, primary, **fields):
    order = system.place(title="一样的事", community="C101", **fields)
    system.wait_state(order, "open", "screening")
    assert system.step(order, "merge", {"primary": primary["order"]}).status == 200
    wait_until(lambda: steps(system, order)[-1:] == ["followed"], 20, "it is handled with it")
    return order


def test_what_is_screened_is_taken_back(shared):
    order = shared.place(**UNCLEAR)
    shared.wait_state(order, "screening")
    assert take_back(shared, order).status == 200
    assert take_back(shared, order).json["code"] == "state"
    assert shared.step(order, "screen", {"decision": "accept"}).json["code"] == "state"
    assert gone(shared, order)["state"] == "withdrawn"
    assert steps(shared, order) == ["placed", "screening", "taken_back"]


def test_who_handles_it_is_told(shared):
    order = opened(shared, title="东门小区路灯不亮", community="C101")
    before = shared.redis.hgetall(f"load:{{{COUNTY}}}")
    members = taken(shared, order)
    assert shared.step(order, "handover", {"actor": "member:M101", "department": "D01"}).status == 200
    assert shared.step(order, "ask", {"actor": "member:M101", "question": "是哪一栋"}).status == 200
    clerk = shared.sign_in("10000003001")
    assert clerk.step(order, "take-back", {}).status == 403, "not a member's"
    assert clerk.step(order, "object", {"reason": "不归我们"}).status == 200
    assert take_back(shared, order, "自己修好了").status == 200
    sms = shared.wait_sms(order, template="taken_back", count=len(members) + 1)
    assert {one["recipient"] for one in sms} == {"department:D01"} | {f"member:{member}" for member in members}
    assert all("自己修好了" in one["text"] for one in sms)
    assert shared.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": "好了"}).status == 409
    assert gone(shared, order)["state"] == "withdrawn"
    undecided = shared.api("GET", "/api/v1/orders?undecided=1", key="office").text
    assert order["order"] not in undecided, "nothing is to be ruled"
    load = shared.redis.hgetall(f"load:{{{COUNTY}}}")
    assert all(load[member] == before.get(member, "0") for member in members), "it is nobody's load"
    assert not [entry for entry in shared.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1) if order["order"] in str(entry)]


def test_what_was_answered_is_rated(shared):
    order = opened(shared, title="东门小区路灯不亮", community="C101")
    taken(shared, order)
    shared.answer_it(order)
    assert take_back(shared, order).json["code"] == "state"
    assert shared.rate(order, "dissatisfied").status == 200
    shared.wait_state(order, "consulting")
    answer = take_back(shared, order)
    assert (answer.status, answer.json["field"]) == (409, "answer"), "its answer has been rated"
    shared.answer_it(order, "又修了")
    assert shared.rate(order, "satisfied").status == 200


def test_one_that_is_merged_leaves_the_others(shared):
    primary = opened(shared, title="东门小区路灯不亮", community="C101")
    order = joined(shared, primary)
    assert take_back(shared, order).status == 200
    wait_until(lambda: seen_by_staff(shared, primary)["merged"] == "", 20, "the primary has forgotten it")
    assert gone(shared, order)["state"] == "withdrawn" and shared.order(primary)["state"] == "open"
    taken(shared, primary)
    shared.answer_it(primary)
    assert shared.rate(primary, "satisfied").status == 200
    assert "answered" not in {sms["template"] for sms in shared.spool(order)}


def test_a_primary_goes_on_for_the_others(shared):
    primary = opened(shared, title="东门小区路灯不亮", community="C101", phone="10000000083")
    order = joined(shared, primary, phone="10000000084")
    taken(shared, primary)
    shared.wait_sms(primary, template="assigned_resident")
    assert take_back(shared, primary, "搬走了").status == 200
    assert "还有别的居民" in shared.wait_sms(primary, template="taken_back_shared", recipient="member:M101")[0]["text"]
    answer = take_back(shared, primary)
    assert (answer.status, answer.json["field"]) == (409, "taken_back")
    assert shared.step(primary, "ask", {"question": "几点"}).json["field"] == "taken_back", "nobody is there to ask"
    assert (now := shared.order(primary))["state"] == "assigned" and now["taken_back"] == 1
    shared.answer_it(primary)
    assert shared.wait_state(order, "answered")["answer"] == "路灯修好了"
    assert ((end := gone(shared, primary))["state"], end["taken_back"]) == ("closed", 1), "its page says so for good"
    assert "rating" not in shared.order(primary)
    assert {sms["template"] for sms in shared.spool(primary) if sms["recipient"] == "resident"} <= \
        {"placed", "assigned_resident"}, "who took it back hears no more"
    assert shared.rate(order, "satisfied").status == 200
    assert gone(shared, order)["state"] == "closed"


def test_a_primary_ends_with_the_last_of_the_others(shared):
    primary = opened(shared, title="东门小区路灯不亮", community="C101")
    order = joined(shared, primary)
    assert take_back(shared, primary).status == 200
    assert shared.step(order, "unmerge", {"reason": "不是同一件事"}).status == 200
    assert gone(shared, primary)["state"] == "withdrawn"
    assert shared.order(order)["state"] == "screening"
    assert take_back(shared, order).status == 200


# -- 又出现了 ----------------------------------------------------------------------------------------------------------

def again(system, order, text=None, **more):
    return system.step(order, "again", {"text": text} if text else {}, key=None, code=order["code"], **more)


def closed(system, rating="satisfied"):
    order = opened(system, title="东门小区路灯不亮", text="三栋门口的路灯不亮", community="C101", name="周小雨", phone="10000000085")
    taken(system, order)
    system.answer_it(order)
    assert system.rate(order, rating).status == 200
    return order


def test_what_was_closed_comes_back_as_an_order_of_its_own(shared):
    order = closed(shared)
    assert gone(shared, order)["again"] is True
    answer = again(shared, order, "又不亮了")
    assert answer.status == 201 and answer.json["order"] != order["order"] and answer.json["code"]
    new = answer.json
    assert shared.wait_state(new, "screening"), "however sure routing is, the convener sees it"
    now = seen_by_staff(shared, new)
    assert (now["source"], now["source_ref"], now["text"]) == ("again", order["order"], "又不亮了")
    assert (now["title"], now["community"]) == ("东门小区路灯不亮", "C101")
    shared.wait_sms(new, template="screening", recipient="convener:T1")
    assert new["code"] in shared.wait_sms(new, template="placed", recipient="resident")[0]["text"], "the phone is known"
    contact = shared.api("POST", f"/api/v1/orders/{new['order']}/contact", {}, key="office").json
    assert (contact["name"], contact["phone"]) == ("周小雨", "10000000085")
    assert again(shared, order).json["order"] == new["order"], "who taps twice gets the same"
    story = shared.api("GET", f"/api/v1/orders/{new['order']}/story", key="office").json["text"]
    assert f"原单号{order['order']}" in story
    assert shared.order(order)["state"] == "closed", "what was rated stays"


def test_what_cannot_come_back(shared):
    order = opened(shared, title="东门小区路灯不亮", community="C101")
    assert "again" not in shared.order(order)
    assert (refused := again(shared, order)).status == 409 and refused.json["field"] == "again", "it is handled still"
    assert take_back(shared, order).status == 200
    assert again(shared, order).json["code"] == "state"
    order = closed(shared, "basically")
    gone(shared, order)
    assert shared.step(order, "again", {}).status == 403, "only its resident says so"
    assert shared.step(order, "again", {}, key=None).status == 401
    answer = shared.step(order, "again", {"source": "api"}, key=None, code=order["code"])
    assert answer.json["code"] == "unknown_field"


def test_a_county_says_for_how_long(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, settings={"again": "0"})])
    order = closed(system)
    assert "again" not in gone(system, order)
    answer = again(system, order)
    assert (answer.status, answer.json["code"]) == (409, "expired")


def test_what_comes_back_from_a_place_that_is_gone(make_system, tmp_path):
    """The county's files have lost its community and its category since: routing finds others."""
    tables = {"communities.csv": "C199,旧新村,T1\n", "categories.csv": "old,旧类别,城建环保,D01,normal,3,,旧\n"}
    before = {name: (ROOT / "deploy" / "counties" / "990101" / name).read_text(encoding="utf-8") + row for name, row in tables.items()}
    system = make_system(counties=[make_county(tmp_path / "before", files=before)])
    order = system.place(title="旧新村路灯不亮", text="三栋门口", community="C199", category="old", phone="10000000085")
    system.wait_state(order, "screening")
    assert system.step(order, "screen", {"decision": "accept", "group": "G1"}).status == 200
    taken(system, order)
    system.ctl("county", "apply", str(make_county(tmp_path / "after")))
    part = system.step(order, "split", {"title": "另一件事", "text": "井盖"})
    assert part.status == 200, part
    system.answer_it(order)
    assert system.rate(order, "satisfied").status == 200
    gone(system, order)
    answer = again(system, order)
    assert answer.status == 201, answer
    system.wait_state(answer.json, "screening")
    new = seen_by_staff(system, answer.json)
    assert new["category"] != "old" and new.get("community") != "C199", new
