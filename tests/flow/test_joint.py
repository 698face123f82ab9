"""联办: a county asks the city to handle an order jointly; each side sees how the other stands, its resident one answer."""

import time

import pytest

from conftest import systems_in
from harness import CLAIMS, COUNTY, KEYS, make_county, wait_until
from test_api import Door
from test_life import UNCLEAR

CITY = "990104"
CITY_KEYS = {role: f"city-{key}" for role, key in KEYS.items()}
CONVENER = "10000001001"
ASK = {"county": CITY, "reason": "涉及市管道路，请市政协协调"}


def both(directory):
    return [make_county(directory), make_county(directory, county=CITY, keys=CITY_KEYS, settings={"name": "云州市政协"})]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("joint")
    with systems_in(directory) as make:
        yield make(counties=both(directory))


def handled(system, **fields):
    order = system.place(**fields)
    system.wait_state(order, "open")
    system.claim_all(order)
    return order


def ask(system, order, **more):
    """The number of the city's order, as what is done to an order takes it."""
    answer = system.step(order, "joint", ASK | more)
    assert answer.status == 200, answer
    return {"order": answer.json["part"]}


def look(system, order):
    answer = system.api("GET", f"/api/v1/orders/{order['order']}", key=key_of(order))
    assert answer.status == 200, answer
    return answer.json


def key_of(order):
    return CITY_KEYS["office"] if order["order"].startswith(CITY) else "office"


def steps(system, order, *names):
    """Those with these names, of who handles the order, once the journal has them all."""
    rows = system.api("GET", f"/api/v1/orders/{order['order']}/history", key=key_of(order)).json.get("rows", [])
    return [row for row in rows if row.get("step") in names]


def stands(system, order, partner, state):
    """Waits until an order knows that of its partner."""
    known = f"{partner['order']}/{state}/"
    wait_until(lambda: known in look(system, order).get("joint", ""), 30, f"{order['order']} knows {known}")


def take_on(system, twin):
    """The city's members do."""
    wait_until(lambda: look(system, twin)["state"] == "open", 20, "it is in the pool of the city")
    for member in CLAIMS:
        assert system.step(twin, "claim", {"member": member}, key=CITY_KEYS["office"]).status == 200


def answer_twin(system, twin, text="市里已安排重铺电缆"):
    body = {"actor": "member:M101", "outcome": "explained", "answer": text}
    assert system.step(twin, "answer", body, key=CITY_KEYS["office"]).status == 200


def waiting(order):
    """The zset of orders with partners of its county."""
    return f"joint:{{{order['order'][:6]}}}"


def later(system, *orders, at):
    """Nobody looks after the partners of these orders of one county before then."""
    assert system.redis.zadd(waiting(orders[0]), {order["order"]: at for order in orders}, xx=True, ch=True) == len(orders)


def twins_of(system, order):
    """What the city has for it, whether the order knows or not."""
    found = [system.redis.hgetall(key) for key in system.redis.keys(f"order:{{{CITY}}}:*")]
    return [{"order": twin["order"]} for twin in found if twin.get("source_ref") == order["order"]]


def told(system, order):
    return [sms["template"] for sms in system.spool(order) if sms["recipient"] == "resident"]


def test_a_matter_of_county_and_city(shared):
    order = handled(shared, text="路灯坏了半个月，找我打13912345678")
    twin = {"order": Door(shared).step(200, order, "joint", ASK).json["part"]}
    assert shared.step(order, "joint", ASK).json["code"] == "pending", "it has it already"
    assert "云州市政协" in shared.wait_sms(order, template="joint_asked", recipient="resident")[0]["text"]
    now = look(shared, twin)
    assert (now["source"], now["source_ref"], now["title"]) == ("joint", order["order"], "东门小区路灯不亮")
    assert ASK["reason"] in now["text"] and "路灯坏了半个月" in now["text"] and "13912345678" not in now["text"]
    assert shared.api("POST", f"/api/v1/orders/{twin['order']}/contact", key=CITY_KEYS["office"]).status == 404
    assert shared.api("GET", f"/api/v1/orders/{twin['order']}", key="office").status == 404, "it is the city's"
    assert "joint" not in shared.order(order), "the resident has one number"

    take_on(shared, twin)
    stands(shared, order, twin, "assigned")
    stands(shared, twin, order, "assigned")
    question = {"question": "哪一栋"}
    assert shared.step(twin, "ask", question, key=CITY_KEYS["office"]).json["code"] == "state", "it is not their resident"
    later(shared, order, at=9e15)
    answer_twin(shared, twin)
    wait_until(lambda: not shared.redis.exists(f"order:{{{CITY}}}:{twin['order']}"), 20, "it has left Redis")
    later(shared, order, at=1)  # what became of it says the archive
    for member in CLAIMS:
        text = shared.wait_sms(order, template="joint_answered", recipient=f"member:{member}")[0]["text"]
        assert "云州市政协" in text and "市里已安排重铺电缆" in text
    stands(shared, order, twin, "closed")
    assert [(row["actor"], row["note"]) for row in steps(shared, order, "joint_answered")] == [
        (f"county:{CITY}", "市里已安排重铺电缆")]
    assert shared.redis.zscore(f"joint:{{{COUNTY}}}", order["order"]) is None, "there is nothing left to look at"

    # One answer, and one call-back: by the county whose resident it is.
    shared.answer_it(order)
    assert shared.rate(order, "satisfied").status == 200
    shared.wait_state(order, "closed")
    shared.wait_sms(order, template="closed", recipient="resident")
    assert told(shared, order) == ["placed", "assigned_resident", "joint_asked", "answered", "closed"]
    assert not told(shared, twin) and "rating" not in look(shared, twin)
    wait_until(lambda: steps(shared, order, "closed"), 20, "the journal has it all")
    for county in (COUNTY, CITY):
        assert shared.ctl("journal", "verify", county)


def test_the_county_answers_without_waiting_and_asks_again(shared):
    order = handled(shared)
    twin = ask(shared, order)
    take_on(shared, twin)
    stands(shared, twin, order, "assigned")
    shared.answer_it(order, "先装了临时灯")
    for member in CLAIMS:
        shared.wait_sms(twin, template="joint_answered", recipient=f"member:{member}", text="先装了临时灯")
    assert shared.rate(order, "dissatisfied").status == 200
    stands(shared, twin, order, "consulting")
    answer_twin(shared, twin, "电缆已换")
    stands(shared, order, twin, "closed")
    again = ask(shared, order)
    assert again["order"] != twin["order"] and look(shared, order)["joint"].startswith(twin["order"])
    shared.answer_it(order, "修好了")
    assert shared.rate(order, "satisfied").status == 200
    shared.wait_state(order, "closed")
    wait_until(lambda: look(shared, again)["state"] == "open", 20, "it is in the pool of the city")
    stands(shared, again, order, "closed")
    wait_until(lambda: shared.redis.zscore(f"joint:{{{CITY}}}", again["order"]) is None, 20, "nothing is left to look at")
    take_on(shared, again)
    answer_twin(shared, again)
    wait_until(lambda: look(shared, again)["state"] == "closed", 20, "its own life goes on to its end")


def test_the_other_county_may_refuse(shared):
    order = handled(shared, **UNCLEAR | {"community": "C101", "category": "construction"})
    twin = ask(shared, order)
    wait_until(lambda: look(shared, twin)["state"] == "screening", 20, "it is screened there")
    office = {"key": CITY_KEYS["office"]}
    other = {"county": COUNTY, "reason": "不归我们"}
    assert shared.step(twin, "transfer", other, **office).json["code"] == "state", "it has no resident to take along"
    assert shared.step(twin, "split", {"title": "另一件"}, **office).json["code"] == "state"
    refusal = {"decision": "return", "reason_code": "unsuited", "reason": "属县管道路"}
    assert shared.step(twin, "screen", refusal, **office).status == 200
    assert "属县管道路" in shared.wait_sms(order, template="joint_refused", recipient="member:M101")[0]["text"]
    stands(shared, order, twin, "returned")
    assert [row["note"] for row in steps(shared, order, "joint_refused")] == ["不属于协商的范围。属县管道路"]
    assert not told(shared, twin) and shared.order(order)["state"] == "assigned", "the county goes on"


def test_who_asks_and_what_goes_along(shared):
    order, screened = handled(shared), shared.place(**UNCLEAR)
    shared.wait_state(screened, "screening")
    convener = shared.sign_in(CONVENER)
    assert shared.sign_in("10000004101").step(order, "joint", ASK).status == 403, "a member"
    assert shared.step(order, "joint", ASK | {"county": COUNTY}).json["field"] == "county"
    assert shared.step(order, "joint", ASK | {"county": "999999"}).json["field"] == "county"
    assert shared.step(order, "joint", ASK | {"reason": ""}).json["field"] == "reason"
    assert shared.step(screened, "joint", ASK).json["code"] == "state"
    assert convener.step(order, "joint", ASK | {"share": 1}).status == 403, "it passes on somebody's phone"
    answer = shared.step(order, "joint", ASK | {"share": 1})
    twin = {"order": answer.json["part"]}
    wait_until(lambda: look(shared, twin)["state"] == "open", 20, "the city has it")
    further = shared.step(twin, "joint", ASK | {"county": COUNTY}, key=CITY_KEYS["office"])
    assert further.json["code"] == "state", "its resident would not hear that it goes further"
    contact = shared.api("POST", f"/api/v1/orders/{twin['order']}/contact", key=CITY_KEYS["office"])
    assert contact.json == {"name": "周小雨", "phone": "10000000001"}, contact
    assert "联系方式" in shared.wait_sms(order, template="joint_shared", recipient="resident")[0]["text"]
    assert [(entry["actor"], entry["detail"]) for entry in shared.audit() if entry["action"] == "contact.shared"] == [
        ("key:office", f"with county {CITY}")]
    take_on(shared, twin)
    answer_twin(shared, twin)
    stands(shared, order, twin, "closed")
    assert not told(shared, twin), "its resident hears from their own county alone"
    other = handled(shared)
    assert convener.step(other, "joint", ASK).status == 200


def test_without_the_contact_nothing_leads_to_the_resident(shared):
    """They are named and at home nowhere in what goes along; with the contact all of it does."""
    place = {"lat": 29.7143210, "long": 118.3376540, "media_url": "https://photo.example.cn/1001.jpg",
             "place": "东门小区1502室", "text": "我是周小雨，1502室门口的路灯坏了半个月"}
    order, open_one = handled(shared, **place), handled(shared, **place)
    now = look(shared, ask(shared, order))
    assert (now["lat"], now["long"]) == (29.714, 118.338), "about a hundred metres"
    assert now["place"] == "东门小区***室" and now["text"].endswith("我是***，***室门口的路灯坏了半个月")
    assert "media_url" not in now
    now = look(shared, ask(shared, open_one, share=1))
    assert {name: now[name] for name in ("lat", "long", "media_url", "place")} == {
        name: place[name] for name in ("lat", "long", "media_url", "place")}
    assert now["text"].endswith(place["text"])


def test_a_repeated_request_gets_its_first_answer(shared):
    """By its key, whatever has happened since; and it is done once. With another body it is another request."""
    order, whole, unclear = handled(shared), shared.place(**UNCLEAR), shared.place(**UNCLEAR)
    first = shared.step(order, "joint", ASK, idempotency="once")
    assert first.status == 200, first
    assert shared.step(order, "joint", ASK, idempotency="once").json == first.json
    assert shared.step(order, "joint", ASK | {"share": 1}, idempotency="once").json["code"] == "pending"
    assert shared.step(order, "joint", ASK, idempotency="twice").json["code"] == "pending"
    twin = {"order": first.json["part"]}
    take_on(shared, twin)
    answer_twin(shared, twin)
    stands(shared, order, twin, "closed")
    assert shared.step(order, "joint", ASK, idempotency="once").json == first.json, "it may be asked anew, but was not"
    wait_until(lambda: len(steps(shared, order, "joint_asked")) == 1, 20, "the journal has it")
    assert [twin["order"] for twin in twins_of(shared, order)] in ([], [twin["order"]]), "it has left, or is alone"

    shared.wait_state(whole, "screening")
    part = {"title": "另一件事", "text": "另一件事的说明"}
    first = shared.step(whole, "split", part, idempotency="once")
    assert first.status == 200, first
    body = {"county": CITY, "reason": "不在本县境内"}
    assert shared.step(whole, "transfer", body).status == 200
    assert shared.step(whole, "split", part).json["code"] == "state"
    assert shared.step(whole, "split", part | {"title": "第三件事"}, idempotency="once").json["code"] == "state"
    assert shared.step(whole, "split", part, idempotency="once").json == first.json, "by now it has gone elsewhere"

    shared.wait_state(unclear, "screening")
    first = shared.step(unclear, "transfer", body, idempotency="once")
    assert first.status == 200, first
    for _ in ("in Redis still", "by the archive"):
        assert shared.step(unclear, "transfer", body, idempotency="once").json == first.json
        assert shared.step(unclear, "transfer", body | {"reason": "另有原因"}, idempotency="once").json["code"] == "state"
        wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{unclear['order']}"), 20, "it has left")


def test_a_turn_reads_first_and_writes_once(shared):
    """However many are due; and what moved long ago is looked at less often."""
    orders = [handled(shared) for _ in range(4)]
    twins = [ask(shared, order) for order in orders]
    for order, twin in zip(orders, twins):
        stands(shared, order, twin, "open")
    later(shared, *orders, at=9e15)
    long_ago = int(time.time() * 1000) - 3 * 3600 * 1000
    moves = dict.fromkeys(("placed_at", "opened_at", "assigned_at"), long_ago)
    for key in [f"order:{{{COUNTY}}}:{orders[0]['order']}", f"order:{{{CITY}}}:{twins[0]['order']}"]:
        shared.redis.hset(key, mapping=moves)
    numbers, seen, loaded = {order["order"] for order in orders}, set(), 0
    with shared.redis.monitor() as monitor:
        later(shared, *orders, at=1)
        while seen != numbers:
            command = monitor.next_command()["command"].split()
            if command[:3] == ["ZADD", waiting(orders[0]), "XX"] and command[3] not in ("CH", "1"):
                assert command[4] in numbers - seen, "one turn writes each once"
                seen.add(command[4])
            elif command[0] == "HGETALL" and command[1].split(":")[-1] in numbers and command[1].startswith("order:"):
                assert not seen, "all are read before the first is put off"
                loaded += 1
    assert loaded >= len(orders)
    due = {order["order"]: shared.redis.zscore(waiting(order), order["order"]) - time.time() * 1000 for order in orders}
    assert 40_000 < due[orders[0]["order"]] < 61_000, "nobody waits for it"
    assert max(due[order["order"]] for order in orders[1:]) < 10_000, due


def test_an_order_that_was_left_alone_finds_its_partner(make_system, tmp_path):
    """The city has its order, but the county's owner could not be told before that had moved on; nobody asks again."""
    system = make_system(counties=both(tmp_path), parameters={"intake": {"call_ms": 3000}})
    orders = answered, merged, closed, shared_late = [handled(system) for _ in range(4)]
    primary = handled(system)
    system.kill("assignment")
    twins = []
    for order in orders:
        assert system.step(order, "joint", ASK).status == 503
        twins += wait_until(lambda order=order: twins_of(system, order), 20, "the city has it")
        later(system, twins[-1], at=9e15)
    system.restart("assignment")
    system.wait_ready()
    assert not [order for order in orders if "joint" in look(system, order)], "nobody has told it"

    again = ask(system, shared_late, share=1)
    assert system.api("POST", f"/api/v1/orders/{again['order']}/contact", key=CITY_KEYS["office"]).status == 200
    system.answer_it(answered)
    system.answer_it(closed, "修好了")
    assert system.rate(closed, "satisfied").status == 200
    assert system.step(merged, "merge", {"primary": primary["order"]}).status == 200
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{closed['order']}"), 20, "it has left")
    for order in (answered, closed):
        assert system.step(order, "joint", ASK).json["code"] == "state", "it is too late to ask"
    later(system, *twins, at=1)
    for order, twin in zip((answered, merged, shared_late), (twins[0], twins[1], twins[3])):
        stands(system, order, twin, "open")
        stands(system, twin, order, look(system, order)["state"])
        asked = wait_until(lambda order=order: steps(system, order, "joint_asked"), 20, "it is in the journal")[-1]
        assert asked["actor"] == f"county:{CITY}" and ASK["reason"] in asked["note"]
        assert "云州市政协" in system.wait_sms(order, template="joint_asked", recipient="resident")[0]["text"]
    take_on(system, twins[0])
    answer_twin(system, twins[0])
    system.wait_sms(answered, template="joint_answered", recipient="member:M101", text="市里已安排重铺电缆")
    assert len(twins_of(system, shared_late)) == 2, "it has both, as the county sees"

    # It has ended, and takes no partner any more: who has the city's order hears that, and it does not wait.
    stands(system, twins[2], closed, "closed")
    wait_until(lambda: [row["note"] for row in steps(system, twins[2], "joint_answered")] == ["修好了"], 20, "in its journal")
    assert system.redis.zscore(waiting(twins[2]), twins[2]["order"]) is None, "there is nothing left to look at"


def test_no_word_of_the_resident_is_lost(shared):
    """What is asked stands before them, and an order has no more than 10,000 characters."""
    order = handled(shared, text="路灯" * 4995)
    refused = shared.step(order, "joint", ASK)
    assert (refused.status, refused.json["code"], refused.json["field"]) == (400, "long", "reason"), refused
    assert not look(shared, order).get("joint")
    order = handled(shared, text="路灯" * 4970)
    assert look(shared, ask(shared, order))["text"].endswith("】\n" + "路灯" * 4970)


def test_asked_once_and_told_once_whoever_dies(make_system, tmp_path):
    """kill -9 of whoever places, tells and commits, in the middle of it; what is asked again is found."""
    two = {"intake": 2, "assignment": 2}
    system = make_system(counties=both(tmp_path), instances=two,
                         parameters={"all": {"backoff_cap_ms": 4000}, "notification": {"sms_lease_ms": 15000}})
    orders = [handled(system) for _ in range(4)]
    first = system.services["intake.1"]
    first.kill()
    first.environment["SIDAN_CRASH"] = "placed, caller not told"
    first.start()
    system.wait_ready()
    with pytest.raises(Exception):
        system.step(orders[0], "joint", ASK)
    first.popen.wait(20)
    first.popen = None
    del first.environment["SIDAN_CRASH"]
    first.start()
    system.wait_ready()
    assert "joint" not in look(system, orders[0]), "nobody has told it"
    twins = [ask(system, order) for order in orders]
    keys = system.redis.keys(f"order:{{{CITY}}}:*")
    assert sorted(keys) == sorted(f"order:{{{CITY}}}:{twin['order']}" for twin in twins), "one each"
    for twin in twins:
        take_on(system, twin)
    for name, twin in zip(("intake.2", "assignment.1", "intake.2", "assignment.2"), twins):
        answer_twin(system, twin)
        system.services[name].kill()
        system.restart(name)
    system.wait_ready()
    for order, twin in zip(orders, twins):
        stands(system, order, twin, "closed")
        wait_until(lambda order=order: len(steps(system, order, "joint_answered")) == 1, 30, "it is in the journal")
        for member in CLAIMS:
            sent = system.wait_sms(order, 60, template="joint_answered", recipient=f"member:{member}")
            assert len(sent) == 1, sent
        assert len(steps(system, order, "joint_asked")) == 1
    for county in (COUNTY, CITY):
        wait_until(lambda county=county: system.ctl("journal", "verify", county, check=False).returncode == 0, 20, county)
