"""回访、群众评: asked three times, then called; who may not rate; what became of ratings."""

import re
from collections import Counter

import pytest

from conftest import systems_in
from harness import COUNTY, make_county, wait_until
from rating import GATEWAY, HANDLER, RESIDENT, URL, answered, links, look, rate, reply, somebody, steps, waits_for


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file, with a gateway."""
    with systems_in(tmp_path_factory.mktemp("callback")) as make:
        yield make(parameters=GATEWAY)


# -- three tries -------------------------------------------------------------------------------------------------------

def to_call(system, key="office"):
    rows = system.api("GET", f"/api/v1/orders?county={COUNTY}&to_call=1", key=key).json["rows"]
    return [row["order"] for row in rows]


def entries(system, order):
    """What the clocks have to do about an order."""
    return [entry for entry in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1) if entry.startswith(order["order"])]


@pytest.fixture
def hasty(make_system, tmp_path):
    """A county whose callback clock runs for eight seconds."""
    county = make_county(tmp_path, clocks={("normal", "callback"): "8s"}, settings={"escalate": "400d"})
    return make_system(counties=[county], parameters=GATEWAY)


def test_after_three_sms_in_vain_a_person_calls(hasty):
    order = answered(hasty)
    token = links(hasty, order)[0]
    for number in (1, 2):
        again = hasty.wait_sms(order, template="ask_again", recipient="resident", count=number)[number - 1]["text"]
        assert "1满意，2基本满意，3不满意" in again and again.endswith(f"{URL}/r/{token}")
    told = hasty.wait_sms(order, template="to_call", recipient="convener:T1")[0]["text"]
    assert order["order"] in told and "最迟" in told
    wait_until(lambda: to_call(hasty) == [order["order"]], 20, "it is on the list")
    convener = hasty.sign_in("10000001001")
    assert [row["order"] for row in convener.api("GET", "/api/v1/orders?to_call=1").json["rows"]] == [order["order"]]
    hasty.wait_sms(order, template="reminder")
    at = {row["step"]: row["at"] for row in hasty.history(order)}
    assert at["answered"] < at["asked_again"] < at["to_call"] <= at["reminded"], "before the clock is over"
    assert steps(hasty, order)[-5:] == ["answered", "asked_again", "asked_again", "to_call", "reminded"]
    assert not [entry for entry in entries(hasty, order) if "|ask|" in entry], "nobody is asked a fourth time"

    for _ in range(3):
        assert hasty.order(order)["state"] == "answered" and to_call(hasty) == [order["order"]]
        assert convener.step(order, "rating", {"rating": "unreachable", "note": "没有人接"}).status == 200
    assert hasty.wait_state(order, "closed")["rating"] == "unreachable"
    assert "评价收到" not in hasty.wait_sms(order, template="closed")[0]["text"]
    wait_until(lambda: to_call(hasty) == [], 20, "it is off the list")
    counts = Counter(sms["template"] for sms in hasty.spool(order))
    assert (counts["answered"], counts["ask_again"], counts["to_call"]) == (1, 2, 1)


def test_who_is_called_may_still_rate_by_sms(hasty):
    order = answered(hasty)
    hasty.wait_sms(order, template="to_call")
    reply(hasty, RESIDENT, "1")
    assert hasty.wait_state(order, "closed")["to_call"] == 0


def test_a_rating_ends_the_asking(shared):
    order = answered(shared, phone=somebody())
    assert [entry for entry in entries(shared, order) if "|ask|1" in entry]
    assert shared.rate(order, "dissatisfied").status == 200
    assert not [entry for entry in entries(shared, order) if "|ask|" in entry]
    shared.answer_it(order)
    assert [entry for entry in entries(shared, order) if "|ask|1" in entry], "the next answer is asked about anew"


def test_a_call_ends_with_what_the_resident_says(shared):
    order = answered(shared, phone=somebody())
    rating = {"actor": "convener:T1", "rating": "basically", "note": "电话里说还可以"}
    assert shared.step(order, "rating", rating).status == 200
    assert shared.wait_state(order, "closed")["rating"] == "basically"


# -- those who do not rate ---------------------------------------------------------------------------------------------

def test_handlers_do_not_rate_by_a_link(shared):
    """Somebody who is signed in and handles the order is refused, from whatever page; others are not."""
    order = answered(shared)
    token = links(shared, order)[0]
    handler, other = shared.sign_in(HANDLER), shared.sign_in("10000004104")
    for headers in ({}, {"X-CSRF-Token": handler.csrf}):
        refused = rate(shared, token, headers={"Cookie": handler.cookie} | headers)
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert shared.audit()[-1]["actor"] == "member:M101"
    assert shared.order(order)["state"] == "answered"
    assert rate(shared, token, headers={"Cookie": other.cookie}).status == 200, "as the resident, whoever is signed in"


def test_handlers_do_not_rate_their_own_orders(shared):
    """A member who placed an order and took it on: not by its link, not by its code, and not by SMS."""
    order = answered(shared, phone=HANDLER)
    refused = shared.rate(order, "satisfied")
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    told = shared.wait_sms(order, template="answered_own", recipient="resident")[0]["text"]
    assert "不请您评价" in told and "http" not in told
    shared.wait_sms(order, template="to_call", recipient="convener:T1")
    assert not waits_for(shared, order) and not [entry for entry in entries(shared, order) if "|ask|" in entry]
    reply(shared, HANDLER, "1")
    reply(shared, HANDLER, f"{order['order']} 1")
    assert shared.order(order)["state"] == "answered"


def test_members_rate_orders_that_others_handle(shared):
    """As residents; their replies claim nothing then, and what claims still does."""
    member = "10000004104"
    order = answered(shared, phone=member)
    other = shared.place()
    shared.wait_state(other, "open")
    code = re.search(r"回复 ([A-Z0-9]+) 接单", shared.wait_sms(other, template="opened")[0]["text"])[1]
    reply(shared, member, f"{code} 接单")
    shared.wait_sms(other, template="claimed", recipient="member:M104")
    reply(shared, member, "1")
    shared.wait_state(order, "closed")


def test_handlers_do_not_rate_by_sms(shared):
    """Their phone is not the resident's, whatever they write."""
    order = answered(shared, phone=somebody())
    for text in ("1", f"{order['order']} 1", f"1 {order['code']}"):
        reply(shared, HANDLER, text)
    assert shared.order(order)["state"] == "answered" and waits_for(shared, order)


# -- ratings -----------------------------------------------------------------------------------------------------------

def journal(system, order):
    """The steps that change something about the rating or the state: (step, state, rating)."""
    rows = system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    return [(row["step"], row.get("state"), row.get("rating")) for row in rows if "step" in row]


def test_dissatisfied_reopens_to_the_same_members_once_then_the_committee(shared):
    order = answered(shared, phone=somebody())
    members = shared.order(order)["members"]
    assert shared.rate(order, "dissatisfied").status == 200
    again = shared.wait_state(order, "consulting")
    assert (again["members"], again["reopened"]) == (members, 1)
    shared.answer_it(order, "这次真的修好了")
    assert shared.rate(order, "dissatisfied").status == 200
    assert shared.wait_state(order, "evaluated")["reopened"] == 1
    shared.wait_sms(order, template="decide", recipient="committee:K1")
    assert shared.sign_in("10000001001").step(order, "decide", {"decision": "close", "reason": "x"}).status == 403
    committee = shared.sign_in("10000002001")
    assert committee.step(order, "decide", {"decision": "reopen", "reason": "还要再办"}).status == 200
    assert shared.wait_state(order, "consulting")["members"] == members
    shared.answer_it(order, "灯杆下周换新的")
    assert shared.rate(order, "dissatisfied").status == 200
    shared.wait_state(order, "evaluated")
    assert committee.step(order, "decide", {"decision": "close", "reason": "新灯杆已经到货"}).status == 200
    shared.wait_state(order, "closed")
    told = shared.wait_sms(order, template="closed")[0]["text"]
    assert "办结的理由：新灯杆已经到货" in told, "who is not satisfied hears why nothing more is done"


def test_ratings_are_stored_apart_from_closing(shared):
    """Each as what the resident said at that moment, whether the order is closed by it or not."""
    order = answered(shared, phone=somebody())
    shared.rate(order, "dissatisfied")
    shared.answer_it(order)
    shared.rate(order, "dissatisfied")
    assert shared.wait_state(order, "evaluated")["rating"] == "dissatisfied", "rated, and not closed"
    assert shared.step(order, "decide", {"actor": "committee:K1", "decision": "reopen", "reason": "再办"}).status == 200
    shared.answer_it(order)
    shared.rate(order, "basically")
    shared.wait_state(order, "closed")
    wait_until(lambda: journal(shared, order)[-1][0] == "closed", 20, "the journal has it all")
    assert [row for row in journal(shared, order) if row[2]] == [
        ("reopened", "consulting", "dissatisfied"), ("rated", "evaluated", "dissatisfied"),
        ("rated", "evaluated", "basically")]
    assert journal(shared, order)[-1] == ("closed", "closed", None)


def test_an_unreasonable_rating_is_flagged_and_never_changed(shared):
    order = answered(shared, phone=somebody())
    convener, committee, office = (shared.sign_in(phone) for phone in ("10000001001", "10000002001", "10000005001"))
    flag = {"decision": "flag", "reason": "要求超出政策"}
    assert convener.step(order, "flag", flag).status == 409, "nobody has rated it"
    shared.rate(order, "dissatisfied")
    shared.answer_it(order)
    shared.rate(order, "dissatisfied")
    shared.wait_state(order, "evaluated")

    def listed(query):
        rows = shared.api("GET", f"/api/v1/orders?county={COUNTY}&rating=dissatisfied&{query}", key="office").json["rows"]
        return order["order"] in [row["order"] for row in rows]
    wait_until(lambda: listed("flagged=0") and not listed("flagged=1"), 20, "it counts as any other")
    assert shared.sign_in(HANDLER).step(order, "flag", flag).status == 403, "not by who handles it"
    assert shared.step(order, "flag", flag, key=None, code=order["code"]).status in (401, 403)
    for person in (convener, committee, office):
        assert convener.step(order, "flag", flag | {"reason": " "}).status == 400
        assert person.step(order, "flag", flag).status == 200
        now = person.api("GET", f"/api/v1/orders/{order['order']}").json
        assert (now["flag"], now["rating"], now["state"]) == ("要求超出政策", "dissatisfied", "evaluated"), "it is shown"
        assert "flag" not in shared.order(order), "why is not for its resident"
        wait_until(lambda: listed("flagged=1") and not listed("flagged=0"), 20, "it is counted apart")
        assert person.step(order, "flag", {"decision": "withdraw", "reason": "看错了"}).status == 200
        assert person.api("GET", f"/api/v1/orders/{order['order']}").json["flag"] == ""
    wait_until(lambda: listed("flagged=0") and not listed("flagged=1"), 20, "it counts again")
    rows = shared.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    assert [(row["step"], row["actor"], row["note"]) for row in rows if "flag" in row.get("step", "")] == [
        (step, actor, note) for actor in ("convener:T1", "committee:K1", "office:he")
        for step, note in (("flagged", "要求超出政策"), ("unflagged", "看错了"))]


# -- merged orders -----------------------------------------------------------------------------------------------------

def test_each_resident_of_merged_orders_is_called_back(hasty):
    """By a link, by SMS and by asking again, each for their own order; and each rates by themselves."""
    phones = [somebody() for _ in range(3)]
    primary, second, third = orders = [hasty.place(phone=phone, title=f"东门小区路灯不亮{phone}") for phone in phones]
    for order in orders:
        hasty.wait_state(order, "open")
    for order in (second, third):
        assert hasty.step(order, "merge", {"actor": "convener:T1", "primary": primary["order"]}).status == 200
        wait_until(lambda: order["order"] in hasty.api("GET", f"/api/v1/orders/{primary['order']}", key="office").json.get(
            "merged", ""), 20, "it has joined")
    hasty.claim_all(primary)
    hasty.answer_it(primary)
    tokens = [links(hasty, order)[0] for order in orders]
    assert len(set(tokens)) == 3
    assert [look(hasty, token).json["title"] for token in tokens] == [f"东门小区路灯不亮{phone}" for phone in phones]
    assert rate(hasty, tokens[0]).status == 200
    reply(hasty, phones[1], "3 我门口的还是不亮")
    hasty.wait_state(primary, "closed")
    again = hasty.wait_state(second, "consulting")
    assert not again.get("primary"), "who is dissatisfied reopens their own order alone"
    hasty.wait_sms(third, template="ask_again", count=2)
    hasty.wait_sms(third, template="to_call", recipient="convener:T1")
    wait_until(lambda: to_call(hasty) == [third["order"]], 20, "one resident is left to be called")
    reply(hasty, phones[2], "2")
    assert hasty.wait_state(third, "closed")["rating"] == "basically"
