"""定单: what conveners do with an order before anybody takes it on, over HTTP, with what its resident hears of it."""

import json
import re
import time

from archive_files import wait_at_rest
from harness import CLAIMS, COUNTY, make_county, wait_until
from test_life import UNCLEAR, steps
from test_second_implementation import CALL, INTAKE, ROUTING, Peer, envelope

CONVENER, OTHER_CONVENER = "10000001001", "10000001002"  # of T1, and of T2


def merge(system, order, primary, who=None, **more):
    body = {"primary": primary["order"]} | more
    return who.step(order, "merge", body) if who else system.step(order, "merge", body)


def seen_by_staff(system, order):
    return system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json


def told(system, order, template, count=1):
    return system.wait_sms(order, template=template, recipient="resident", count=count)[0]["text"]


def test_merged_orders_follow_their_primary_and_are_rated_by_themselves(shared):
    primary, early, late = (shared.place(phone=f"1000000000{n}") for n in range(3))
    unclear = shared.place(**UNCLEAR, phone="10000000003")
    for order in (primary, early, late):
        shared.wait_state(order, "open")
    shared.wait_state(unclear, "screening")
    assert merge(shared, early, primary).status == 200, "from the pool"
    assert merge(shared, unclear, primary).status == 200, "from the convener's desk"
    assert "同一件事" in told(shared, early, "merged") and "同一件事" in told(shared, unclear, "merged")
    wait_until(lambda: len(seen_by_staff(shared, primary).get("merged", "").split()) == 2, 20, "the primary knows both")

    shared.claim_all(primary)
    assert told(shared, unclear, "assigned_resident")
    assert shared.order(unclear)["members"].split() == list(CLAIMS), "who handles it, stands with it"
    assert shared.step(primary, "handover", {"actor": "member:M101", "department": "D01", "assisting": "D02"}).status == 200
    visit = {"actor": "member:M102", "who": "member:M102", "note": "三栋的张先生说晚上看不见路"}
    assert shared.step(primary, "visit", visit).status == 200
    assert shared.step(primary, "respond", {"actor": "department:D01", "note": "本周内换灯", "shown": 1}).status == 200
    assert shared.step(primary, "respond", {"actor": "department:D02", "note": "内部：等预算"}).status == 200
    assert shared.step(primary, "ask", {"actor": "member:M101", "question": "张先生，几点最暗"}).status == 200
    wait_until(lambda: shared.order(unclear).get("written") == "本周内换灯", 20, "what was done is shown with it")
    follows = shared.order(unclear)
    assert (follows["department"], follows["assisting"]) == ("D01", "D02") and follows["handed_at"]
    seen = shared.api("GET", f"/api/v1/orders/{unclear['order']}", code=unclear["code"]).json
    assert "primary" not in seen and seen["written"] == "本周内换灯", "not the number of somebody else's order"
    seen = shared.api("GET", f"/api/v1/orders/{primary['order']}", code=primary["code"]).json
    assert "merged" not in seen and seen["merged_count"] == 2, "the primary shows how many"
    before = shared.order(unclear)["due"]
    assert shared.step(primary, "reply", {"note": "八点"}, key=None, code=primary["code"]).status == 200
    assert shared.order(primary)["due"] >= before
    wait_until(lambda: shared.order(unclear)["due"] == shared.order(primary)["due"], 20, "one deadline")
    shared.claim_all(late)
    assert merge(shared, late, primary).status == 200, "from its members, who are told"
    shared.wait_sms(late, template="merged_members", count=3)
    told(shared, late, "merged")

    shared.answer_it(primary)
    for order in (primary, early, late, unclear):
        assert shared.wait_state(order, "answered")["answer"] == "路灯修好了"
        assert "路灯修好了" in told(shared, order, "answered")
    assert shared.rate(early, "satisfied").status == 200
    shared.wait_state(early, "closed")
    assert shared.order(primary)["state"] == "answered", "each for itself"
    assert shared.rate(late, "dissatisfied").status == 200
    assert shared.wait_state(late, "consulting")["members"].split() == list(CLAIMS)
    shared.wait_sms(late, template="reopened", recipient="member:M101")
    assert shared.rate(primary, "satisfied").status == 200
    assert shared.rate(unclear, "basically").status == 200
    shared.answer_it(late, "这一盏也修好了")
    assert shared.rate(late, "satisfied").status == 200
    for order in (primary, late, unclear):
        shared.wait_state(order, "closed")
    wait_until(lambda: steps(shared, unclear)[-1:] == ["closed"], 20, "the journal has it all")
    assert [step for step in steps(shared, unclear) if step != "deadline_moved"] == \
        ["placed", "screening", "merged", "followed", "claimed", "claimed", "claimed", "handed_over", "visited",
         "responded", "answered", "rated", "closed"]
    for order in (primary, unclear):
        told_so = [row["step"] for row in shared.history(order)]
        assert told_so.count("responded") == 1, "what is not for them is not told to them, nor that there is something"
    told_so = json.dumps(shared.api("GET", f"/api/v1/orders/{unclear['order']}/history", key="office").json, ensure_ascii=False)
    assert "张先生" not in told_so and "八点" not in told_so, "what one resident was asked, and said, is theirs"
    for order in (primary, early, late, unclear):
        wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 30, "it has left Redis")
        texts = [(sms["template"], sms["recipient"]) for sms in shared.spool(order)]
        assert texts.count(("answered", "resident")) == (2 if order is late else 1)
    assert set(shared.redis.hgetall(f"load:{{{COUNTY}}}").values()) <= {"0"}, "one matter was one load"


def test_what_a_primary_that_is_reopened_means_for_the_others(shared):
    primary, rated, waiting = (shared.place(phone=f"1000000002{n}") for n in range(3))
    for order in (primary, rated, waiting):
        shared.wait_state(order, "open")
    for order in (rated, waiting):
        assert merge(shared, order, primary).status == 200
        told(shared, order, "merged")
    shared.claim_all(primary)
    shared.answer_it(primary)
    for order in (primary, rated, waiting):
        shared.wait_state(order, "answered")
    assert shared.rate(rated, "satisfied").status == 200
    shared.wait_state(rated, "closed")
    bad = {"rating": "dissatisfied", "note": "还是不亮"}
    assert shared.step(primary, "rating", bad, key=None, code=primary["code"]).status == 200
    shared.wait_state(primary, "consulting")
    wait_until(lambda: steps(shared, waiting)[-1:] == ["resumed"], 20, "who waits to rate sees why there is more to come")
    history = shared.api("GET", f"/api/v1/orders/{waiting['order']}/history", code=waiting["code"]).json
    assert "还是不亮" not in json.dumps(history, ensure_ascii=False), "what one resident said is theirs"
    shared.answer_it(primary, "换了一盏新的")
    wait_until(lambda: shared.order(waiting)["answer"] == "换了一盏新的", 20, "its next answer is theirs, too")
    assert told(shared, waiting, "answered", count=2)
    assert shared.order(waiting)["state"] == "answered"
    for order in (primary, waiting):
        assert shared.rate(order, "satisfied").status == 200
        shared.wait_state(order, "closed")


def test_candidates_are_shown_with_why(shared):
    first = shared.place(title="滨河公园的健身器材坏了", text="滨河公园东侧的健身器材断了，老人锻炼不安全。", phone="10000000071")
    closed = shared.place(title="滨河公园健身器材坏了", text="公园东侧的健身器材断了。", phone="10000000072")
    order = shared.place(title="健身器材坏了没人修", text="滨河公园东侧的健身器材断了很久，老人锻炼不安全。", phone="10000000071")
    for one in (first, closed, order):
        shared.wait_state(one, "open", "screening")
    office = lambda query="": shared.api("GET", f"/api/v1/orders/{order['order']}/similar{query}", key="office").json
    rows = wait_until(lambda: len(found := office()["rows"]) == 2 and found, 20, "both are found")
    row = next(row for row in rows if row["order"] == first["order"])
    assert row["score"] > 0.8 and row["same_person"] == 1 and "滨河公园东侧的健身器材断了" in row["shared"].split()
    assert all("text" not in row for row in rows)
    assert office("?state=closed")["rows"] == [] and office("?limit=1")["total"] == 1
    town = shared.order(order).get("town")
    other = shared.sign_in(OTHER_CONVENER if town != "T2" else CONVENER)
    assert other.api("GET", f"/api/v1/orders/{order['order']}/similar").status in (403, 404)
    assert shared.api("GET", f"/api/v1/orders/{order['order']}/similar", code=order["code"]).status in (401, 403), \
        "others' orders are no resident's affair"


def test_merging_is_undone(shared):
    primary, order = shared.place(), shared.place(phone="10000000005")
    for one in (primary, order):
        shared.wait_state(one, "open")
    assert merge(shared, order, primary).status == 200
    told(shared, order, "merged")
    assert shared.step(order, "unmerge").json["field"] == "reason"
    answer = shared.step(order, "unmerge", {"reason": "不是同一盏灯"})
    assert answer.status == 200, answer
    assert "不是同一盏灯" in told(shared, order, "unmerged")
    shared.wait_sms(order, template="screening", recipient="convener:T1")
    wait_until(lambda: seen_by_staff(shared, primary)["merged"] == "", 20, "the primary has forgotten it")
    shared.finish(primary)
    now = seen_by_staff(shared, order)
    assert (now["state"], now["primary"], now["clock"]) == ("screening", "", "handover"), "it stays what it is"
    assert shared.step(order, "screen", {"decision": "accept"}).status == 200
    shared.finish(order)


def test_what_cannot_be_merged(shared):
    primary, order, third = shared.place(), shared.place(), shared.place()
    unclear = shared.place(**UNCLEAR)
    for one in (primary, order, third):
        shared.wait_state(one, "open")
    shared.wait_state(unclear, "screening")

    def refused(one, into, status, code, field=None):
        answer = merge(shared, one, into)
        assert (answer.status, answer.json["code"], answer.json["field"]) == (status, code, field)

    refused(order, order, 400, "invalid", "primary")
    refused(order, unclear, 409, "state", "primary")
    refused(order, {"order": f"{COUNTY}-999999"}, 409, "state", "primary")
    assert shared.step(order, "merge").json["code"] == "missing"
    assert merge(shared, order, primary).status == 200
    refused(third, order, 409, "state", "primary")
    wait_until(lambda: seen_by_staff(shared, primary).get("merged"), 20, "the primary knows")
    refused(primary, third, 409, "state", "merged")
    assert shared.step(order, "claim", {"member": "M101"}).status == 409, "it is not in the pool any more"


def test_what_is_merged_no_more_is_what_it_was(shared):
    primary, order = shared.place(), shared.place(**UNCLEAR)
    shared.wait_state(primary, "open")
    shared.wait_state(order, "screening")

    def what(one):
        return tuple(seen_by_staff(shared, one).get(field, "") for field in ("category", "group", "department"))
    before = what(order)
    assert before != what(primary) and merge(shared, order, primary).status == 200
    told(shared, order, "merged")
    assert what(order) == what(primary)
    assert shared.step(order, "unmerge", {"reason": "点错了"}).status == 200
    assert what(order) == before, "nobody is asked to accept it as something else"


def test_conveners_merge_what_they_may_see(shared):
    primary, order = shared.place(), shared.place()
    other = shared.place(title="滨河公园路灯不亮", text="滨河路的路灯坏了")
    for one in (primary, order):
        shared.wait_state(one, "open")
    assert shared.wait_state(other, "open")["town"] == "T2"
    convener = shared.sign_in(CONVENER)
    assert merge(shared, order, other, convener).json["field"] == "primary", "that is another town's"
    assert merge(shared, other, primary, convener).status == 403
    assert merge(shared, order, primary, convener).status == 200
    told(shared, order, "merged")
    assert shared.sign_in(OTHER_CONVENER).step(order, "unmerge", {"reason": "不是"}).status == 403


def test_a_primary_that_is_closed_meanwhile_gives_back(shared):
    """As when it is closed after intake has looked at it: the order is back at the convener's desk."""
    primary, order = shared.place(), shared.place(**UNCLEAR)
    shared.wait_state(primary, "open")
    shared.wait_state(order, "screening")
    hash_of_primary = f"order:{{{COUNTY}}}:{primary['order']}"
    shared.redis.hset(hash_of_primary, "state", "closed")
    assert merge(shared, order, primary).status == 200, "that is decided at the primary"
    wait_until(lambda: steps(shared, order)[-2:] == ["merged", "unmerged"], 20, "the primary gives it back")
    now = seen_by_staff(shared, order)
    assert (now["state"], now["primary"], now["clock"]) == ("screening", "", "handover")
    shared.redis.hset(hash_of_primary, "state", "open")
    wait_at_rest(shared)
    assert not [sms for sms in shared.spool(order) if sms["template"] in ("merged", "unmerged")], "nobody was confused"
    shared.finish(primary)


def test_a_primary_that_has_left_meanwhile_takes_nothing(shared):
    order, left = shared.place(**UNCLEAR), f"{COUNTY}-888888"
    shared.wait_state(order, "screening")
    head = envelope(kind=CALL, order=order["order"], source=INTAKE, destination=ROUTING, sequence=1,
                    at=int(time.time() * 1000) + 10_000)
    _, refusal = Peer(shared, "routing").ask(head, {"type": "order.merge_early", "v": 1, "actor": "convener:T1",
                                                    "primary": left})
    assert refusal["error"] == "gone"
    assert shared.order(order)["state"] == "screening"
    assert not shared.redis.exists(f"order:{{{COUNTY}}}:{left}"), "nor is anything left behind in its name"


def test_what_left_its_primary_before_that_heard_of_it_is_none_of_its_others(make_system):
    """Routing died between merging and saying so, and the convener undid it before routing was there again."""
    system = make_system()
    primary, order = system.place(), system.place(**UNCLEAR)
    system.wait_state(primary, "open")
    system.wait_state(order, "screening")
    routing, = system.of("routing")
    plain = dict(routing.environment)
    routing.stop()
    routing.environment |= {"SIDAN_CRASH": "committed, nobody told"}
    routing.start()
    system.wait_ready()
    assert merge(system, order, primary).status == 503
    routing.popen.wait(20)
    routing.popen, routing.environment = None, plain
    assert system.step(order, "unmerge", {"reason": "不是一件事"}).status == 200
    hash_of_primary = f"order:{{{COUNTY}}}:{primary['order']}"
    wait_until(lambda: system.redis.hget(hash_of_primary, "in:assignment>assignment") == "1", 20, "it was told")
    routing.start()
    wait_until(lambda: not list(system.redis.scan_iter("outbox:*")), 20, "nothing is under way")
    assert "merged" not in seen_by_staff(system, primary)
    assert system.step(primary, "recall", {"reason": "分错了组"}).status == 200, "it has no others"


def test_an_order_that_holds_two_matters_becomes_two(shared):
    order = shared.place(**UNCLEAR, community="C101", public=1)
    shared.wait_state(order, "screening")
    part = {"title": "东门小区的垃圾没有人收", "text": "三天没有收了"}
    answer = shared.step(order, "split", part)
    assert answer.status == 200 and set(answer.json) == {"order", "part"}, answer
    assert "code" not in answer.text, "that is for the resident alone"
    again = shared.step(order, "split", part)
    assert again.json == answer.json, "the same once more is no third order"
    second = {"order": answer.json["part"]}
    number = shared.wait_sms(second, template="placed", recipient="resident")[0]
    assert number["to"] == "10000000001" and second["order"] in number["text"]
    second["code"] = number["text"].split("查询码")[1][:6]
    now = shared.order(second)
    assert (now["community"], now["source"], now["source_ref"], now["public"]) == ("C101", "split", order["order"], 1)
    assert "垃圾" in told(shared, order, "split")
    assert [sms["template"] for sms in shared.spool(order)].count("split") == 1

    assert shared.step(order, "split", {"text": "没有标题"}).json["code"] == "missing"
    assert shared.step(order, "split", {"title": "x", "phone": "10000000009"}).status == 400, "it stays the resident's"
    assert shared.step(order, "screen", {"decision": "accept", "community": "C101"}).status == 200
    shared.wait_state(order, "open")
    assert shared.step(order, "split", {"title": "又一件事"}).status == 200, "in the pool as well"
    shared.claim_all(order, CLAIMS[:2])
    shared.answer_it(order)
    assert shared.step(order, "split", {"title": "太晚了"}).json["code"] == "state"


def test_a_question_to_the_resident_stops_the_clock_until_the_answer(shared):
    order = shared.place(**UNCLEAR)
    shared.wait_state(order, "screening")
    convener = shared.sign_in(CONVENER)
    assert convener.step(order, "ask", {"question": "是哪一个小区的事"}).status == 200
    asked = told(shared, order, "asked")
    assert "是哪一个小区的事？" in asked and order["code"] in asked
    now = shared.order(order)
    assert now["question"] == "是哪一个小区的事" and now["pauses"].endswith("-"), "it is seen that the clock stands still"
    _, month, day, hour, minute = (int(part) for part in re.split("[-T:]", now["reply_by"])[:5])
    assert f"{month}月{day}日{hour:02}:{minute:02}" in asked, "the page says until when, as the SMS does"
    explained = shared.ctl("deadline", "explain", order["order"])
    assert "pause" in explained or "stands still" in explained, explained
    again = convener.step(order, "ask", {"question": "还有一个问题"})
    assert again.json["code"] == "pending" and "已经问过反映人" in again.json["detail"] and "延期" not in again.text, again
    answer = shared.step(order, "reply", {"note": "东门小区"}, key=None, code=order["code"])
    assert answer.status == 200, answer
    assert "东门小区" in shared.wait_sms(order, template="replied", recipient="convener:T1")[0]["text"]
    now = shared.order(order)
    assert now["question"] == "" and not now["pauses"].endswith("-") and "reply_by" not in now
    assert steps(shared, order) == ["placed", "screening", "asked", "replied"]
    said = {row["step"]: row.get("note") for row in shared.history(order)}
    assert said["asked"] and "东门小区" in said["replied"], "its resident reads what was asked, and what they said"
    again = shared.step(order, "reply", {"note": "东门小区"}, key=None, code=order["code"])
    assert again.status == 409, "nothing is asked any more"
    assert shared.step(order, "screen", {"decision": "accept", "community": "C101"}).status == 200

    shared.wait_state(order, "open")
    shared.claim_all(order, CLAIMS[:2])
    assert shared.step(order, "ask", {"actor": "member:M101", "question": "几栋"}).status == 200
    shared.answer_it(order)  # without waiting: the question goes, and nobody is asked for it again
    assert shared.order(order)["question"] == ""
    assert shared.step(order, "ask", {"question": "满意吗"}).json["code"] == "state"


def test_what_went_to_members_goes_back_to_the_desk(shared):
    """Routing was sure, and wrong: the convener takes the order back, corrects it, and in the end returns it."""
    order = shared.place()
    shared.wait_state(order, "open")
    convener = shared.sign_in(CONVENER)
    assert convener.step(order, "recall").json["field"] == "reason"
    assert shared.sign_in(OTHER_CONVENER).step(order, "recall", {"reason": "不是"}).status == 403
    answer = convener.step(order, "recall", {"reason": "类别不对"})
    assert answer.status == 200 and answer.json["state"] == "screening", answer
    late = shared.step(order, "claim", {"member": "M101"})
    assert late.status == 409 and late.json["code"] == "state", late
    assert convener.step(order, "screen", {"decision": "accept", "category": "transport", "community": "C101"}).status == 200
    assert shared.wait_state(order, "open")["category"] == "transport"
    wait_at_rest(shared)
    assert not [sms for sms in shared.spool(order) if sms["template"] in ("recalled", "recalled_resident", "screening")], \
        "nobody had it, its resident knew of nobody, and the convener did it"

    shared.claim_all(order)
    assert shared.step(order, "handover", {"actor": "member:M101", "department": "D01", "assisting": "D02"}).status == 200
    assert shared.step(order, "object", {"actor": "department:D01", "reason": "不归我们管"}).status == 200
    assert shared.step(order, "ask", {"actor": "member:M101", "question": "几栋"}).status == 200
    assert shared.step(order, "recall", {"actor": "office:O1", "reason": "应由供电公司办理"}).status == 200
    now = seen_by_staff(shared, order)
    assert (now["state"], now["members"], now["assisting"], now["objected"], now["question"], now["clock"]) == \
        ("screening", "", "", "", "", "handover") and "handed_at" not in now and now["pauses"] == ""
    for handler in ("member:M101", "member:M102", "member:M103", "department:D01", "department:D02"):
        assert "应由供电公司办理" in shared.wait_sms(order, template="recalled", recipient=handler)[0]["text"]
    assert "供电公司" not in told(shared, order, "recalled_resident"), "that is said among those who handle it"
    shared.wait_sms(order, template="screening", recipient="convener:T1")
    assert shared.sign_in("10000004102").api("GET", f"/api/v1/orders/{order['order']}").status == 403, "not theirs any more"
    assert convener.step(order, "screen", {"decision": "return", "reason_code": "unsuited"}).status == 200
    assert shared.wait_state(order, "returned")
    told(shared, order, "returned")
    wait_until(lambda: steps(shared, order)[-1:] == ["returned"], 20, "the journal has it all")
    assert steps(shared, order) == ["placed", "opened", "recalled", "screened", "claimed", "claimed", "claimed",
                                    "handed_over", "objected", "asked", "recalled", "returned"]
    for key in ("held", "clock"):
        left = [entry for entry in shared.redis.zrange(f"{key}:{{{COUNTY}}}", 0, -1) if order["order"] in entry]
        assert not left, "nobody's load, and nothing to be done, any more"


def test_what_is_not_taken_back(shared):
    primary, order = shared.place(), shared.place(phone="10000000007")
    for one in (primary, order):
        shared.wait_state(one, "open")
    assert merge(shared, order, primary).status == 200
    wait_until(lambda: seen_by_staff(shared, primary).get("merged"), 20, "the primary knows")
    assert shared.step(primary, "recall", {"reason": "不对"}).json["field"] == "merged", "its residents would hang in the air"
    assert shared.step(order, "recall", {"reason": "不对"}).json["code"] == "state"
    shared.claim_all(primary)
    shared.answer_it(primary)
    assert shared.step(primary, "recall", {"reason": "不对"}).json["code"] == "state"
    assert shared.rate(primary, "dissatisfied").status == 200
    shared.wait_state(primary, "consulting")
    assert shared.step(primary, "recall", {"reason": "不对"}).json["field"] == "round", "no way round the rating"


def test_a_question_without_an_answer_does_not_wait_for_ever(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, settings={"question": "2s"})])
    order = system.place(**UNCLEAR)
    system.wait_state(order, "screening")
    due = system.order(order)["due"]
    assert system.step(order, "ask", {"actor": "convener:T1", "question": "是哪一个小区的事？"}).status == 200
    system.wait_sms(order, template="unanswered", recipient="convener:T1")
    now = system.order(order)
    assert now["question"] == "" and not now["pauses"].endswith("-") and now["due"] >= due
    wait_until(lambda: steps(system, order) == ["placed", "screening", "asked", "unanswered"], 20, "the journal has it")


def test_nobody_asks_who_left_no_phone(shared):
    order = shared.place(**UNCLEAR, phone="", name="")
    shared.wait_state(order, "screening")
    assert shared.step(order, "ask", {"question": "是哪一个小区的事"}).json["code"] == "no_contact"
