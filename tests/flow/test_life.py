"""The life of an order, from 点单 to 归单, through all five services and as people see it: over HTTP and by SMS."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import CLAIMS, COUNTY, KEYS, make_county, wait_until

UNCLEAR = {"title": "想问一件事", "text": "不知道该找谁，请帮忙看看。"}  # no rule and no place fits: it is screened
FOREVER = "400d"


def steps(system, order):
    """The names of the steps, in order, as the journal has them."""
    return [row["step"] for row in system.history(order)]


def recipients(system, order, template):
    return sorted(sms["recipient"] for sms in system.spool(order) if sms["template"] == template)


def test_whole_life(shared):
    order = shared.place()
    now = shared.wait_state(order, "open")
    assert (now["category"], now["group"], now["community"]) == ("construction", "G1", "C101")
    placed = shared.wait_sms(order, template="placed")[0]
    assert placed["to"] == "10000000001" and order["order"] in placed["text"] and order["code"] in placed["text"]
    asked = shared.wait_sms(order, template="opened", count=6)
    assert recipients(shared, order, "opened") == [f"member:M10{n}" for n in range(1, 7)]
    assert re.search(r"回复 [A-Z0-9]{3,} 接单", asked[0]["text"])

    shared.claim_all(order)
    shared.wait_sms(order, template="assigned_resident")
    answer = shared.step(order, "handover", {"actor": "member:M102", "department": "D01", "note": "请到现场看看"})
    assert answer.status == 200, answer
    shared.wait_state(order, "consulting")
    assert "请到现场看看" in shared.wait_sms(order, template="handed_over", recipient="department:D01")[0]["text"]

    shared.answer_it(order)
    assert "路灯修好了" in shared.wait_sms(order, template="answered", recipient="resident")[0]["text"]
    assert shared.rate(order, "satisfied").status == 200
    closed = shared.wait_state(order, "closed")
    assert closed["rating"] == "satisfied" and closed["answer"] == "路灯修好了"
    shared.wait_sms(order, template="closed")

    wait_until(lambda: steps(shared, order)[-1] == "closed", 20, "the journal has it all")
    assert steps(shared, order) == ["placed", "opened", "claimed", "claimed", "claimed", "handed_over", "answered",
                                    "rated", "closed"]
    texts = [(sms["template"], sms["recipient"]) for sms in shared.spool(order)]
    assert len(texts) == len(set(texts)), "each event is told to each person once"
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    assert shared.order(order)["state"] == "closed", "its resident still sees it"
    found = shared.api("GET", f"/api/v1/cases?county={COUNTY}&q=路灯", key="office")
    assert order["order"] in [row["order"] for row in found.json["rows"]]


def test_personal_data_stays_where_it_belongs(shared):
    order = shared.place(name="欧阳晓岚", phone="10000000077", email="lan@example.org")
    shared.wait_state(order, "open")
    shared.wait_sms(order, template="placed")
    listed = shared.api("GET", f"/api/v1/orders?county={COUNTY}", key="office")
    assert order["order"] in [row["order"] for row in listed.json["rows"]]
    everywhere = [listed.text, *(process.text() for process in shared.services.values()),
                  *(shared.metrics(process) for process in shared.services.values())]
    for secret in ("欧阳晓岚", "10000000077", "lan@example.org"):
        assert not any(secret in text for text in everywhere)


def test_last_place_goes_to_one(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    assert shared.step(order, "claim", {"member": "M201"}).status == 403, "of another group"
    for member in CLAIMS[:2]:
        assert shared.step(order, "claim", {"member": member}).status == 200
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda m: (m, shared.step(order, "claim", {"member": m})),
                                ["M103", "M104", "M105", "M106"]))
    assert sorted(answer.status for _, answer in answers) == [200, 409, 409, 409], answers
    assert {answer.json["code"] for _, answer in answers if answer.status == 409} == {"full"}
    winner = next(member for member, answer in answers if answer.status == 200)
    assert set(shared.wait_state(order, "assigned")["members"].split()) == {"M101", "M102", winner}
    assert shared.step(order, "claim", {"member": winner}).status == 200, "claiming again changes nothing"


def test_places_left_are_filled(make_system, tmp_path):
    """When the claim window has passed: by place, then by the lowest load."""
    county = make_county(tmp_path, clocks={("normal", "claim"): "1s"})
    system = make_system(counties=[county])
    first = system.place()
    assert set(system.wait_state(first, "assigned")["members"].split()) == {"M101", "M102", "M103"}
    system.wait_sms(first, template="assigned", count=3)
    second = system.place()
    members = set(system.wait_state(second, "assigned")["members"].split())
    assert {"M101", "M102"} < members, "those of the community come first"
    assert not members & {"M103"}, "then those who have least to do"


def test_dissatisfied_reopens_once_then_the_committee_decides(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    shared.answer_it(order)
    assert shared.rate(order, "dissatisfied").status == 200
    shared.wait_state(order, "consulting")
    shared.wait_sms(order, template="reopened", recipient="member:M101")

    shared.answer_it(order, "这次真的修好了")
    assert shared.rate(order, "dissatisfied").status == 200
    evaluated = shared.wait_state(order, "evaluated")
    assert evaluated["reopened"] == 1 and (evaluated["clock"], evaluated["light"]) == ("handover", "green"), "it cannot lie"
    assert "最迟" in shared.wait_sms(order, template="decide", recipient="committee:K1")[0]["text"]
    assert shared.rate(order, "satisfied").status == 409, "it has been rated"
    answer = shared.step(order, "decide", {"actor": "committee:K1", "decision": "close", "reason": "已经尽力"})
    assert answer.status == 200, answer
    shared.wait_state(order, "closed")
    wait_until(lambda: steps(shared, order)[-1] == "decided", 20, "the journal has it all")
    assert steps(shared, order).count("reopened") == 1


def test_handlers_do_not_rate(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    shared.answer_it(order)
    answer = shared.step(order, "rating", {"actor": "member:M101", "rating": "satisfied"})
    assert answer.status == 403, answer
    early = shared.step(order, "rating", {"actor": "convener:T1", "rating": "unreachable"})
    assert (early.status, early.json["code"]) == (409, "state"), "the resident is still being asked"


def test_screening_accepts(shared):
    order = shared.place(**UNCLEAR)
    shared.wait_state(order, "screening")
    shared.wait_sms(order, template="screening", recipient="convener:T1")
    assert shared.step(order, "claim", {"member": "M201"}).status == 409, "it is not open yet"
    nowhere = shared.step(order, "screen", {"actor": "convener:T2", "decision": "accept"})
    assert nowhere.status == 400 and "填写社区" in nowhere.json["detail"], "nobody knows yet whom to give it to"
    wrong = shared.step(order, "screen", {"actor": "convener:T2", "decision": "accept", "category": "nonsense"})
    assert wrong.status == 400 and wrong.json["field"] == "category", wrong
    answer = shared.step(order, "screen", {"actor": "convener:T2", "decision": "accept", "category": "noise",
                                           "community": "C201"})
    assert answer.status == 200, answer
    now = shared.wait_state(order, "open")
    assert (now["category"], now["group"], now["town"]) == ("noise", "G2", "T2")
    shared.claim_all(order, ("M201", "M202"))


def test_screening_returns(shared):
    order = shared.place(**UNCLEAR)
    shared.wait_state(order, "screening")
    answer = shared.step(order, "screen", {"actor": "convener:T1", "decision": "return"})
    assert answer.status == 400 and answer.json["field"] == "reason_code", answer
    answer = shared.step(order, "screen", {"actor": "convener:T1", "decision": "return", "reason_code": "lawsuit",
                                           "reason": "下月开庭", "return_to": "县人民法院"})
    assert answer.status == 200, answer
    assert "due" not in shared.wait_state(order, "returned"), "nothing of it is due any more"
    told = shared.wait_sms(order, template="returned", recipient="resident")[0]["text"]
    assert all(word in told for word in ("已进入诉讼", "下月开庭", "县人民法院", "城关镇召集人陆明远"))


@pytest.mark.parametrize("clock", ["handover", "answer", "callback"])
def test_clock_climbs_the_ladder_once(make_system, tmp_path, clock):
    clocks = {("normal", name): "1s" if name == clock else FOREVER
              for name in ("claim", "handover", "answer", "callback")}
    system = make_system(counties=[make_county(tmp_path, clocks=clocks, settings={"escalate": "1s"})])
    order = system.place()
    system.wait_state(order, "open")
    if clock != "handover":
        system.claim_all(order)
    if clock == "callback":
        system.answer_it(order)
    handlers = ["convener:T1"] if clock == "handover" else [f"member:{member}" for member in CLAIMS]
    system.wait_sms(order, template="escalated", recipient="chair")
    wait_until(lambda: not [entry for entry in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1)
                            if entry.startswith(f"{order['order']}|{clock}|")], 20, "the ladder has no more rungs")
    assert recipients(system, order, "reminder") == handlers
    assert recipients(system, order, "escalated") == ["chair", "committee:K1", "convener:T1"]
    wait_until(lambda: steps(system, order).count("escalated") == 3, 20, "the journal has three escalations")
    assert steps(system, order).count("reminded") == 1


def test_reassign(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    answer = shared.step(order, "reassign", {"actor": "convener:T1", "members": "M104 M105", "reason": "委员外出学习"})
    assert answer.status == 200, answer
    now = shared.order(order)
    assert set(now["members"].split()) == {"M104", "M105"} and now["places"] == 2, "so many does it need, then"
    for member in ("M104", "M105"):
        sms = shared.wait_sms(order, template="assigned", recipient=f"member:{member}")[0]["text"]
        assert "答复期限" in sms and "收到请回复" in sms, "they need not look for how to begin"
    for member in CLAIMS:
        assert "委员外出学习" in shared.wait_sms(order, template="passed_on", recipient=f"member:{member}")[0]["text"]
    refused = shared.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": "好了"})
    assert refused.status == 403, refused


def test_idempotency_keys(shared):
    first = shared.place(idempotency="one-and-the-same")
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: shared.place(idempotency="one-and-the-same"), range(8)))
    assert all((order["order"], order["code"]) == (first["order"], first["code"]) for order in again)
    assert shared.place(idempotency="another")["order"] != first["order"]
    order = shared.wait_state(first, "open")
    one = shared.step(first, "claim", {"member": "M101"}, idempotency="claim-1")
    two = shared.step(first, "claim", {"member": "M101"}, idempotency="claim-1")
    assert (one.status, one.json) == (two.status, two.json), order


def test_wrong_code_and_wrong_key(shared):
    order = shared.place()
    path = f"/api/v1/orders/{order['order']}"
    wrong = "000000" if order["code"] != "000000" else "111111"
    for code, status in ((wrong, 403), ("x" * 500, 403), (None, 401), ("", 401)):
        answer = shared.api("GET", path, code=code)
        assert answer.status == status and "路灯" not in answer.text, answer
    no_such = shared.api("GET", f"/api/v1/orders/{COUNTY}-999999", code=order["code"])
    assert no_such.status == 403, "nobody learns which numbers exist"
    for key, status in ((None, 401), ("no-such-key", 403), ("open311", 403)):
        answer = shared.step(order, "claim", {"member": "M101"}, key=key)
        assert answer.status == status, answer
    assert shared.step(order, "rating", {"rating": "satisfied"}, key=None, code=wrong).status == 403
    assert shared.order(order)["order"] == order["order"], "the right code still opens it"
    for _ in range(10):
        shared.api("GET", path, code=wrong)
    assert shared.api("GET", path, code=order["code"]).status == 429, "guessing is cut short"
    counted = f"wrong:{{{COUNTY}}}:{order['order']}"
    assert 3500 < shared.redis.ttl(counted) <= 3600, "for an hour"
    shared.redis.expire(counted, 100)
    assert shared.api("GET", path, code=wrong).status == 429
    assert 0 < shared.redis.ttl(counted) <= 100, "which more guesses do not make longer"


def test_counties_do_not_see_each_other(make_system, tmp_path):
    other_keys = {role: f"other-{key}" for role, key in KEYS.items()}
    system = make_system(counties=[make_county(tmp_path), make_county(tmp_path, county="990104", keys=other_keys)])
    ours, theirs = system.place(), system.place(county="990104", title="东门小区路灯又坏了")
    for order in (ours, theirs):
        system.wait_state(order, "open")
    for path in ("/api/v1/orders?county=990104", "/api/v1/cases?county=990104&q=路灯"):
        assert system.api("GET", path, key="office").status in (401, 403)
        assert system.api("GET", path, key=other_keys["office"]).status == 200
    rows = system.api("GET", f"/api/v1/orders?county={COUNTY}", key="office").json["rows"]
    assert [row["order"] for row in rows] == [ours["order"]]
    assert system.step(theirs, "claim", {"member": "M101"}).status == 404, "as if there were no such order"
    assert system.api("GET", f"/api/v1/orders/{theirs['order']}", code=ours["code"]).status in (403, 404)
    assert ours["order"].startswith(COUNTY) and theirs["order"].startswith("990104")
