"""分单: who gets an order where nobody claims it, and why."""

import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness import COUNTY, KEYS, ROOT, make_county, read_table, wait_until
from test_api import Door
from test_life import UNCLEAR

HEADER = "id,name,phone,group,communities,skills,leader,sector\n"


def crowd(tmp_path, members, **more):
    """A county whose group G1 has these members (id, communities, skills)."""
    rows = [f"{id},某{n},100000051{n:02},G1,{communities},{skills}," for n, (id, communities, skills) in
            enumerate(members)]
    county = make_county(tmp_path, **more)
    others = [",".join(row.values()) for row in read_table(county / "members.csv") if row["group"] != "G1"]
    (county / "members.csv").write_text(HEADER + "\n".join(rows + others) + "\n", encoding="utf-8")
    return county


def end_claim_windows(system, orders):
    """All at the same moment, which is now."""
    wait_until(lambda: system.redis.exists(f"swept:{{{COUNTY}}}"), 30, "the clocks have been looked through")
    for order in orders:
        system.redis.hset(f"order:{{{COUNTY}}}:{order['order']}", "opened_at", 1)
    system.redis.zadd(f"clock:{{{COUNTY}}}", {f"{order['order']}|claim|0": 1 for order in orders}, xx=True)


def open_orders(system, orders):
    """Of how many of these orders each member is."""
    return Counter(member for order in orders for member in system.order(order)["members"].split())


def test_load_is_even_whoever_chooses(make_system, tmp_path):
    """Many claim windows end at once, in three instances: nobody has two orders more than another of their kind."""
    kinds = {"A": ("C101", "construction"), "B": ("C101", ""), "C": ("", "construction"), "D": ("", "")}
    members = [(f"{kind}{n}", *kinds[kind]) for kind in kinds for n in range(4)]
    system = make_system(counties=[crowd(tmp_path, members)], instances={"assignment": 3})
    orders = [system.place(title=f"东门小区第{n}盏路灯不亮", **({} if n % 2 else {"community": "C102"}))
              for n in range(40)]
    clock = f"clock:{{{COUNTY}}}"
    wait_until(lambda: sum("|claim|" in entry for entry in system.redis.zrange(clock, 0, -1)) == len(orders), 30,
               "all are in the pool")
    end_claim_windows(system, orders)
    for order in orders:
        system.wait_state(order, "assigned", timeout=60)
    counted = open_orders(system, orders)
    for kind in kinds:
        loads = [counted[f"{kind}{n}"] for n in range(4)]
        assert max(loads) - min(loads) <= 1, counted
    kept = system.redis.hgetall(f"load:{{{COUNTY}}}")
    assert {member: int(load) for member, load in kept.items() if ":" not in member} == counted
    assert int(kept["group:G1"]) == len(orders), "each choice once"


def test_a_group_is_asked_as_a_whole(make_system, tmp_path):
    """Also one that is larger than most."""
    members = [(f"A{n}", "", "") for n in range(60)]
    system = make_system(counties=[crowd(tmp_path, members)])
    asked = system.wait_sms(system.place(), template="opened", count=len(members))
    assert {sms["recipient"] for sms in asked} == {f"member:{id}" for id, *_ in members}


def test_place_and_skill_come_first_and_the_journal_says_why(make_system, tmp_path):
    members = [("A1", "", ""), ("A2", "", "construction"), ("A3", "C101", ""), ("A4", "C101", "construction")]
    system = make_system(counties=[crowd(tmp_path, members, clocks={("normal", "claim"): "1s"})])
    first, second = system.place(), system.place()
    for order in (first, second):
        assert system.wait_state(order, "assigned")["members"] == "A4 A3 A2", "they have the place or the skill"
    wait_until(lambda: system.history(second)[-1]["step"] == "assigned", 20, "the journal has it")
    shown = system.ctl("order", "show", second["order"])
    assert ("chosen: A4 (place, skill, load 1), A3 (place, load 1), A2 (skill, load 1); not chosen: A1 (load 0)"
            in shown), shown


# -- by the convener ---------------------------------------------------------------------------------------------------

CONVENER, CLERK, ASSISTING, ELSEWHERE = "10000001001", "10000003001", "10000003002", "10000003003"


def test_the_convener_accepts_for_members_by_name_or_by_weight(shared):
    convener = shared.sign_in(CONVENER)
    order, other = shared.place(**UNCLEAR), shared.place(**UNCLEAR)
    for one in (order, other):
        shared.wait_state(one, "screening")
    accept = {"decision": "accept", "category": "noise", "group": "G1"}
    assert convener.step(order, "screen", accept | {"weight": "light"}).json["field"] == "weight"
    assert convener.step(order, "screen", accept | {"members": "M101 M999"}).json["field"] == "members"
    assert convener.step(order, "screen", accept | {"members": "M106 M201 M104"}).status == 200
    now = shared.wait_state(order, "assigned")
    assert now["members"] == "M106 M201 M104" and now["places"] == 3 and now["weight"] == "simple"
    shared.wait_sms(order, template="assigned", count=3)
    assert not [sms for sms in shared.spool(order) if sms["template"] == "opened"], "the group need not be asked"

    assert convener.step(other, "screen", accept | {"weight": "hard"}).status == 200
    assert (now := shared.wait_state(other, "open"))["places"] == 4 and now["weight"] == "hard"
    shared.wait_sms(other, template="opened", count=6)
    assert shared.step(other, "claim", {"member": "M101"}).status == 200
    # It is not that hard, and it is somebody else's: the other group is asked.
    answer = convener.step(other, "dispatch", {"group": "G2", "weight": "simple", "reason": "属临河片区"})
    assert answer.status == 200 and answer.json["members"] == "", answer
    shared.wait_sms(other, template="opened", recipient="member:M201")
    assert "属临河片区" in shared.wait_sms(other, template="passed_on", recipient="member:M101")[0]["text"]
    assert shared.step(other, "claim", {"member": "M101"}).status == 403, "of the group no more"
    for member in ("M201", "M202"):
        assert shared.step(other, "claim", {"member": member}).status == 200
    assert shared.wait_state(other, "assigned")["places"] == 2
    # It concerns everybody after all.
    assert shared.step(other, "dispatch", {"actor": "convener:T1", "weight": "everybody", "reason": "涉及全小区"}).status == 200
    assert set(shared.order(other)["members"].split()) == {f"M20{n}" for n in range(1, 7)}
    shared.wait_sms(other, template="assigned", recipient="member:M206")
    assert "not chosen" not in shared.ctl("order", "show", other["order"]).rpartition("dispatched")[2]


def test_departments_lead_assist_and_object(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    convener, clerk, assisting, elsewhere = map(shared.sign_in, (CONVENER, CLERK, ASSISTING, ELSEWHERE))
    assert convener.step(order, "handover", {"department": "D01", "assisting": "D01"}).json["field"] == "assisting"
    answer = convener.step(order, "handover", {"department": "D01", "assisting": "D02", "note": "请到现场看看"})
    assert answer.status == 200 and shared.order(order)["state"] == "open", "members may still claim it"
    handed = shared.wait_sms(order, template="handed_over", recipient="department:D01")[0]["text"]
    assert "期限" not in handed, "what runs is the members' time to claim it"
    assert "地点：东门社区" in handed, "where it is, though its resident gave no address"
    told = shared.wait_sms(order, template="assisting", recipient="department:D02")[0]["text"]
    assert "县住房和城乡建设局" in told and "请到现场看看" in told
    shared.claim_all(order)
    path = f"/api/v1/orders/{order['order']}"
    assert [who.api("GET", path).status for who in (clerk, assisting, elsewhere)] == [200, 200, 403]
    reply = {"outcome": "solved", "answer": "修好了"}
    assert assisting.step(order, "answer", reply).status == 403, "the leading one answers"

    assert elsewhere.step(order, "object", {"reason": "不属职责"}).status == 403
    assert clerk.step(order, "object", {}).json["field"] == "reason"
    assert clerk.step(order, "object", {"reason": "路灯归城管"}).status == 200
    told = shared.wait_sms(order, template="objection", recipient="convener:T1")[0]["text"]
    assert "县住房和城乡建设局" in told and "路灯归城管" in told
    undecided = lambda: convener.api("GET", "/api/v1/orders?undecided=1").json["rows"]
    row, = wait_until(undecided, 20, "it is listed")
    assert (row["order"], row["objected"]) == (order["order"], "D01")
    again = assisting.step(order, "object", {"reason": "也不归我们"})
    assert again.json["code"] == "pending" and "裁定" in again.json["detail"] and "延期" not in again.text, again
    anew = shared.step(order, "handover", {"actor": "member:M101", "department": "D01"})
    assert anew.json["code"] == "pending", "nobody takes the question away"
    assert clerk.step(order, "rule", {"decision": "move", "department": "D03", "reason": "不归我们"}).status == 403
    ruling = {"decision": "move", "department": "D03", "reason": "由城管办理"}
    assert convener.step(order, "rule", ruling | {"department": "D02"}).json["field"] == "department"
    assert convener.step(order, "rule", ruling).status == 200
    assert convener.step(order, "rule", ruling).status == 409, "it is settled"
    wait_until(lambda: not undecided(), 20, "it is off the list")
    for who in ("department:D01", "member:M101"):
        shared.wait_sms(order, template="objection_granted", recipient=who)
    shared.wait_sms(order, template="handed_over", recipient="department:D03")
    assert clerk.api("GET", path).status == 403 and elsewhere.api("GET", path).status == 200
    # Back to the first one: nobody may object to that again; the new one may, and has to keep it.
    assert elsewhere.step(order, "object", {"reason": "也不归我们"}).status == 200
    assert convener.step(order, "rule", {"decision": "stay", "reason": "三定方案如此"}).status == 200
    assert "三定方案如此" in shared.wait_sms(order, template="objection_refused", recipient="department:D03")[0]["text"]
    assert elsewhere.step(order, "object", {"reason": "还是不归"}).json["code"] == "settled"
    assert convener.step(order, "handover", {"department": "D01"}).status == 200
    assert clerk.step(order, "object", {"reason": "路灯归城管"}).json["code"] == "settled"
    now = shared.api("GET", path, key="office").json
    assert now["ruled"] == "D01 D03" and "ruled" not in shared.order(order)
    assert clerk.step(order, "answer", reply).status == 200
    steps = [row["step"] for row in shared.history(order)]
    wait_until(lambda: [row["step"] for row in shared.history(order)][-1] == "answered", 20, steps)


def test_departments_that_assist_have_lists_of_their_own(shared):
    """From the hand-over to one that leads and two that assist, over an objection, to what each has on its lists."""
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    people = dict(zip(("D01", "D02", "D03", "D04"), map(shared.sign_in, (CLERK, ASSISTING, ELSEWHERE, "10000003004"))))

    def lists(query=""):
        """Of which departments the order is on the list, whoever looks at their own."""
        return {name for name, clerk in people.items() if order["order"] in [
            row["order"] for row in clerk.api("GET", f"/api/v1/orders?county={COUNTY}&limit=1000{query}").json["rows"]]}
    note = {"department": "D01", "assisting": "D02 D03", "note": "请两家配合"}
    assert shared.step(order, "handover", note | {"actor": "member:M101"}).status == 200
    wait_until(lambda: lists() == {"D01", "D02", "D03"}, 20, "all three have it on their lists")
    assert lists("&assisting=D02") == {"D01", "D02", "D03"} and lists("&assisting=D01") == set()
    assert lists("&department=D01") == {"D01", "D02", "D03"} and lists("&department=D02") == set()

    assert people["D03"].step(order, "object", {"reason": "不归我们"}).status == 200
    ruling = {"actor": "convener:T1", "decision": "move", "department": "D04", "reason": "由水务局配合"}
    assert shared.step(order, "rule", ruling).status == 200
    wait_until(lambda: lists() == {"D01", "D02", "D04"}, 20, "one in place of another")
    assert lists("&assisting=D04") == {"D01", "D02", "D04"} and lists("&assisting=D03") == set()
    for name in ("D02", "D04"):
        assert people[name].step(order, "respond", {"note": f"{name}已派人"}).status == 200
    assert people["D03"].step(order, "respond", {"note": "不归我们"}).status == 403
    assert people["D01"].step(order, "answer", {"outcome": "solved", "answer": "修好了"}).status == 200
    assert shared.rate(order, "satisfied").status == 200
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 30, "it is archived")
    assert lists("&state=closed&assisting=D02") == {"D01", "D02", "D04"}, "also then"

    path = f"/api/v1/orders/{order['order']}"
    rows = people["D02"].api("GET", f"{path}/history").json["rows"]
    handed = next(row for row in rows if row.get("step") == "handed_over")
    assert (handed["department"], handed["assisting"], handed["note"]) == ("D01", "D02 D03", "请两家配合")
    assert [(row["actor"], row["note"]) for row in rows if row.get("step") == "responded"] == [
        ("department:D02", "D02已派人"), ("department:D04", "D04已派人")]
    story = shared.api("GET", f"{path}/story", key="office", headers={"Accept-Language": "zh-CN"}).json["text"]
    names = {row["id"]: row["name"] for row in read_table(ROOT / "deploy/counties/990101/departments.csv")}
    assert f"交办给{names['D01']}，协办：{names['D02']}、{names['D03']}" in story
    assert f"{names['D02']}书面答复" in story and f"{names['D04']}书面答复" in story
    period = "from=2020-01-01T00:00:00&until=2099-01-01T00:00:00"
    records = shared.api("GET", f"/api/v1/records?county={COUNTY}&{period}", key="office").json["rows"]
    done = {row["department"]: (row.get("assists"), row.get("responses")) for row in records if "department" in row}
    assert done["D02"] == done["D04"] == (1, 1) and done["D01"] == done["D03"] == (None, None), done


def test_an_order_goes_to_another_county(make_system, tmp_path):
    """With its resident's contact, sealed anew; once, however often it is asked for; the resident has both numbers."""
    keys = {role: f"other-{key}" for role, key in KEYS.items()}
    system = make_system(counties=[make_county(tmp_path), make_county(tmp_path, county="990104", keys=keys)])
    order = system.place(**UNCLEAR)
    system.wait_state(order, "screening")
    transfer = {"county": "990104", "reason": "不在本县境内"}
    assert system.step(order, "transfer", transfer | {"county": COUNTY}).json["field"] == "county"
    assert system.step(order, "transfer", transfer | {"reason": ""}).json["field"] == "reason"
    assert system.sign_in(CONVENER).step(order, "transfer", transfer).status == 403, "it passes on somebody's phone"
    answer = Door(system).step(200, order, "transfer", transfer)
    assert answer.json["part"].startswith("990104-"), answer
    assert system.step(order, "transfer", transfer).status == 409, "it has been"
    now = system.wait_state(order, "returned")
    assert now["return_to"] and now["reason"] == "不在本县境内"

    new = {"order": answer.json["part"]}
    told = system.wait_sms(order, template="transferred", recipient="resident")[0]
    assert new["order"] in told["text"] and "不在本县境内" in told["text"]
    placed = system.wait_sms(new, template="placed", recipient="resident")[0]
    assert placed["to"] == told["to"] == "10000000001"
    new["code"] = placed["text"].partition("查询码")[2][:6]
    assert system.wait_state(new, "screening")["title"] == UNCLEAR["title"]
    contact = system.api("POST", f"/api/v1/orders/{new['order']}/contact", key=keys["office"])
    assert contact.json == {"name": "周小雨", "phone": "10000000001"}, contact
    assert system.api("GET", f"/api/v1/orders/{new['order']}", key="office").status == 404, "it is not ours any more"
    wait_until(lambda: system.history(order)[-1]["step"] == "transferred", 20, "the journal has it")
    row = system.api("GET", f"/api/v1/orders/{new['order']}", key=keys["office"]).json
    assert (row["source"], row["source_ref"]) == ("transfer", order["order"])

    open_one = system.place()
    system.wait_state(open_one, "open")
    assert system.step(open_one, "transfer", transfer).json["code"] == "state"


def test_what_is_refused_at_its_second_step_leaves_nothing(make_system, tmp_path):
    """The resident takes the order back while it is split, or goes elsewhere: the new order ends with it."""
    keys = {role: f"other-{key}" for role, key in KEYS.items()}
    system = make_system(counties=[make_county(tmp_path), make_county(tmp_path, county="990104", keys=keys)],
                         parameters={"intake": {"call_ms": 20000}})
    unclear, clear = system.place(**UNCLEAR), system.place()
    system.wait_state(unclear, "screening")
    system.wait_state(clear, "open")
    transfer = ("transfer", {"county": "990104", "reason": "不在本县境内"})
    split = ("split", {"title": "另一件事", "text": "另一件事的说明"})
    for order, owner, (verb, body), key in ((unclear, "routing", transfer, keys["office"]),
                                            (clear, "assignment", split, "office")):
        process, = system.of(owner)
        process.signal(signal.SIGSTOP)
        with ThreadPoolExecutor(2) as pool:
            taking = pool.submit(system.step, order, "take-back", {}, key=None, code=order["code"])
            time.sleep(0.5)  # it waits for its owner
            asking = pool.submit(system.step, order, verb, body, idempotency="once")
            placed = lambda: [key for key in system.redis.keys("order:*") if system.redis.hget(key, "source") == verb]
            part = {"order": wait_until(placed, 10, "the new one is there")[0].rpartition(":")[2]}
            process.signal(signal.SIGCONT)
            assert taking.result().status == 200 and asking.result().json["code"] == "state"
        redis_key = f"order:{{{part['order'][:6]}}}:{part['order']}"
        wait_until(lambda: not system.redis.exists(redis_key), 20, "it has left Redis")
        now = system.api("GET", f"/api/v1/orders/{part['order']}", key=key)
        assert (now.status, now.json["state"]) == (200, "withdrawn"), now
        assert system.step(order, verb, body, idempotency="once").json["code"] == "state"
