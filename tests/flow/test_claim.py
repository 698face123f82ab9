"""接单: a member who has an order declines it, is absent, or is silent, and it goes to the next."""

import re
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone

from archive_files import wait_stored
from harness import COUNTY, make_county, wait_until

PHONES = {f"M10{n}": f"1000000410{n}" for n in range(1, 7)}


def given(system, members=("M101", "M102", "M103")):
    """An order that these members of group G1 have."""
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order, members)
    return order


def load(system):
    """How many orders each member has; the index of which these are says the same."""
    counted = {member: int(load) for member, load in system.redis.hgetall(f"load:{{{COUNTY}}}").items()
               if ":" not in member and int(load)}
    held = [entry.split("|")[0] for entry in system.redis.zrange(f"held:{{{COUNTY}}}", 0, -1)]
    assert counted == {member: held.count(member) for member in set(held)}
    return counted


def at(**delta):
    return (datetime.now(timezone(timedelta(hours=8))) + timedelta(**delta)).isoformat(timespec="seconds")


def absences(caller, **query):
    answer = caller("GET", f"/api/v1/absences?county={COUNTY}" + "".join(f"&{k}={v}" for k, v in query.items()))
    assert answer.status == 200, answer
    return [(row["member"], row.get("note")) for row in answer.json["rows"]]


def test_who_declines_gives_way_to_the_next(make_system):
    system = make_system()
    order = given(system)
    member = system.sign_in(PHONES["M103"])
    assert member.step(order, "decline").json["field"] == "reason"
    assert member.step(order, "decline", {"actor": "member:M101", "reason": "出差"}).status == 403, "for another one"
    answer = member.step(order, "decline", {"reason": "与我单位有关"})
    assert answer.status == 200 and answer.json["members"] == "M101 M102 M104", answer
    assert member.step(order, "decline", {"reason": "与我单位有关"}).status == 403, "it is theirs no more"
    system.wait_sms(order, template="assigned", recipient="member:M104")
    told = system.wait_sms(order, template="reassigned", count=2)
    assert {sms["recipient"] for sms in told} == {"member:M101", "member:M102"}
    assert "姜晓棠" in told[0]["text"] and "与我单位有关" not in told[0]["text"]
    assert load(system) == {"M101": 1, "M102": 1, "M104": 1}

    # It passes by all who have declined it; when nobody is left, the convener is told, and may give it to anybody.
    for name in ("M104", "M105", "M106"):
        assert system.step(order, "decline", {"actor": f"member:{name}", "reason": "出差"}).status == 200
    assert system.order(order)["members"] == "M101 M102"
    told = system.wait_sms(order, template="unfilled", recipient="convener:T1")
    assert len(told) == 1 and "顾怀谷、温静姝" in told[0]["text"] and "出差" in told[0]["text"]
    for name in ("M101", "M102"):
        assert system.step(order, "decline", {"actor": f"member:{name}", "reason": "出差"}).status == 200
    system.wait_sms(order, template="unfilled", recipient="convener:T1", count=3)
    assert (now := system.order(order))["state"] == "assigned" and now["members"] == "" and now["clock"] == "answer"
    assert load(system) == {}
    answer = system.step(order, "reassign", {"actor": "convener:T1", "members": "M103", "reason": "没有别人了"})
    assert answer.status == 200 and load(system) == {"M103": 1}, answer
    wait_until(lambda: [row["step"] for row in system.history(order)].count("declined") == 6, 20, "the journal has it")


def test_a_place_that_is_given_back_is_free_for_others(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    for name in ("M101", "M102"):
        assert shared.step(order, "claim", {"member": name}).status == 200
    assert shared.step(order, "decline", {"actor": "member:M102", "reason": "出差"}).json["members"] == "M101"
    for name in ("M103", "M102"):
        assert shared.step(order, "claim", {"member": name}).status == 200, "also for who has thought better of it"
    assert shared.wait_state(order, "assigned")["members"] == "M101 M103 M102"


# -- absences ----------------------------------------------------------------------------------------------------------

def test_who_may_enter_an_absence(shared):
    member, other, clerk = (shared.sign_in(phone) for phone in (PHONES["M105"], PHONES["M106"], "10000003001"))
    office = lambda *request: shared.api(*request, key="office")
    path = "/api/v1/absences"
    entered = member.api("POST", path, {"start": at(days=1), "end": at(days=2), "note": "住院"})
    assert entered.status == 200 and entered.json["member"] == "M105", entered
    others = member.api("POST", path, {"member": "M106", "end": at(days=2)})
    assert others.status == 403 and "只能替自己" in others.json["detail"], others
    assert clerk.api("POST", path, {"member": "M106", "end": at(days=2)}).status == 403
    for body, field in (({"end": at(days=-1)}, "end"), ({"end": "morgen"}, "end"), ({}, "end"),
                        ({"end": at(days=500)}, "end"), ({"end": at(days=1), "note": "x" * 201}, "note")):
        answer = member.api("POST", path, body)
        assert answer.status == 400 and answer.json["field"] == field, answer
    assert office("POST", path + f"?county={COUNTY}", {"member": "M106", "start": at(days=1), "end": at(days=3)}).status == 200

    assert absences(member.api) == [("M105", "住院")] and absences(other.api) == [("M106", None)]
    assert sorted(absences(office)) == [("M105", "住院"), ("M106", None)]
    assert absences(office, member="M106") == [("M106", None)]
    assert other.api("GET", f"{path}?member=M105").status == 403
    assert not any("住院" in value for key in shared.redis.keys("absen*") if shared.redis.type(key) == "hash"
                   for value in shared.redis.hvals(key)), "why is sealed"
    trail = [entry for entry in shared.audit() if entry["action"] == "absences" and entry["result"] == "done"]
    assert {"member:M105", "key:office"} <= {entry["actor"] for entry in trail}

    assert other.api("POST", path + "/end", {"member": "M105", "start": entered.json["start"]}).status == 403
    assert member.api("POST", path + "/end", {"start": entered.json["start"]}).status == 200
    assert member.api("POST", path + "/end", {"start": entered.json["start"]}).status == 404
    assert absences(member.api) == []


def test_orders_of_who_is_absent_go_to_the_next(make_system):
    """Whichever instance looks, and over a kill of all of them and of Redis; each order once."""
    system = make_system(instances={"assignment": 3})
    first, second, done = given(system), given(system), given(system)
    system.answer_it(done)
    waiting = system.place()
    system.wait_state(waiting, "open")
    assert system.step(waiting, "claim", {"member": "M101"}).status == 200
    start = at(seconds=3)
    answer = system.api("POST", f"/api/v1/absences?county={COUNTY}", {"member": "M101", "start": start, "end": at(days=9)},
                        key="office")
    assert answer.status == 200, answer
    system.kill("assignment")
    system.redis_process.kill()
    system.start_redis()
    system.restart("assignment")
    system.wait_ready()
    for order, step in ((first, "assigned"), (second, "assigned")):
        wait_until(lambda: system.order(order)["members"].split()[:2] == ["M102", "M103"], 30, "it has gone to another")
        system.wait_sms(order, template="passed_on", recipient="member:M101")
    assert {system.order(order)["members"].split()[2] for order in (first, second)} == {"M104", "M105"}, "evenly"
    wait_until(lambda: system.order(waiting)["members"] == "", 20, "its place is free")
    assert "M101" in system.order(done)["members"], "it is answered"
    assert load(system) == {"M101": 1, "M102": 3, "M103": 3, "M104": 1, "M105": 1}

    answer = system.step(waiting, "claim", {"member": "M101"})
    assert answer.status == 409 and answer.json["code"] == "absent", answer
    answer = system.step(first, "reassign", {"members": "M101", "reason": "换人"})
    assert answer.status == 409 and answer.json["code"] == "absent", answer
    # What came to them in the very moment is found at the next look, which is now.
    third = given(system, ("M104", "M105", "M106"))
    system.redis.hset(f"order:{{{COUNTY}}}:{third['order']}", "members", "M101 M105 M106")
    system.redis.zadd(f"held:{{{COUNTY}}}", {f"M101|{third['order']}": 0})
    entry = system.redis.zrange(f"absent:{{{COUNTY}}}", 0, -1)
    system.redis.zadd(f"absent:{{{COUNTY}}}", {entry[0]: 1})
    wait_until(lambda: "M101" not in system.order(third)["members"], 20, "it has gone to another")
    for order in (first, second):
        wait_until(lambda: [row["step"] for row in system.history(order)][-1:] == ["handed_on"], 20, "the journal has it")
        assert [row["step"] for row in system.history(order)].count("handed_on") == 1

    start = system.api("GET", f"/api/v1/absences?county={COUNTY}", key="office").json["rows"][0]["start"]
    answer = system.api("POST", f"/api/v1/absences/end?county={COUNTY}", {"member": "M101", "start": start}, key="office")
    assert answer.status == 200 and not system.redis.exists(f"absent:{{{COUNTY}}}"), answer
    assert system.step(waiting, "claim", {"member": "M101"}).status == 200


def test_a_reopened_order_does_not_wait_for_who_is_absent(shared):
    """It is theirs until it is answered; when its resident is dissatisfied, it goes to the next at once."""
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    shared.answer_it(order)
    entered = shared.api("POST", f"/api/v1/absences?county={COUNTY}", {"member": "M102", "end": at(days=2)}, key="office")
    assert entered.status == 200, entered
    time.sleep(2)  # the next look is in a minute
    assert "M102" in shared.order(order)["members"].split()
    assert shared.rate(order, "dissatisfied").status == 200
    wait_until(lambda: "M102" not in shared.order(order)["members"].split(), 10, "it has gone to the next")
    new = set(shared.order(order)["members"].split()) - {"M101", "M103"}
    assert len(new) == 1
    told = {sms["recipient"] for sms in shared.spool(order) if sms["template"] == "reopened"}
    assert told == {"member:M101", "member:M103", "convener:T1"}, "who is away is left in peace"
    shared.wait_sms(order, template="assigned", recipient=f"member:{new.pop()}")
    shared.api("POST", f"/api/v1/absences/end?county={COUNTY}", {"member": "M102", "start": entered.json["start"]}, key="office")
    shared.answer_it(order, "又修好了")


# -- silence -----------------------------------------------------------------------------------------------------------

def reply(system, phone, text, number, token="a-token-of-the-claims"):
    answer = system.api("POST", f"/gateway/kannel/{token}/reply?id={number}", data=text.encode(),
                        headers={"X-Kannel-From": phone, "Content-Type": "text/plain; charset=utf-8"})
    assert answer.status == 200, answer


def test_who_is_silent_loses_it_to_the_next(make_system, tmp_path):
    """Who confirms, by page or by SMS, and who does anything else on it keeps it; whoever looks, once."""
    county = make_county(tmp_path, clocks={("normal", "claim"): "1s"})
    system = make_system(counties=[county], instances={"assignment": 2},
                         parameters={"intake": {"gateway_token": "a-token-of-the-claims"}})
    order = system.place()
    assert system.wait_state(order, "assigned")["members"] == "M101 M102 M103"
    assert "unseen" not in system.order(order), "not for its resident"
    assert system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json["unseen"].startswith("M101/")
    member = system.sign_in(PHONES["M101"])
    assert member.step(order, "confirm").status == 200
    sms = system.wait_sms(order, template="assigned", recipient="member:M102")[0]
    reply(system, PHONES["M102"], re.search(r"收到请回复 (\w+)", sms["text"])[1], 1)
    system.wait_sms(order, template="claimed", recipient="member:M102")

    def unseen():
        return system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "unseen")
    assert re.fullmatch(r"M103/\d+", unseen()), unseen()
    county_files = make_county(tmp_path / "changed", clocks={("normal", "claim"): "1s", ("normal", "confirm"): "1s"})
    system.ctl("county", "apply", str(county_files))
    assert wait_until(lambda: system.order(order)["members"] == "M101 M102 M104", 20, "it has gone to the next")
    assert "没有按时回应" in system.wait_sms(order, template="passed_on", recipient="member:M103")[0]["text"]
    system.wait_sms(order, template="assigned", recipient="member:M104")
    # It goes through the group, until nobody is left; then the last one keeps it, and the convener is told once.
    system.wait_sms(order, template="silent", recipient="convener:T1", timeout=40)
    assert system.order(order)["members"] == "M101 M102 M106"
    wait_until(lambda: unseen() == "" and not system.redis.zscore(f"clock:{{{COUNTY}}}", f"{order['order']}|confirm|0"), 20,
               "nobody waits any more")
    assert load(system) == {"M101": 1, "M102": 1, "M106": 1}
    names = [row["step"] for row in system.history(order)]
    assert names[3:] == ["confirmed", "confirmed", "passed_over", "passed_over", "passed_over", "silent"]
    assert len(system.wait_sms(order, template="silent")) == 1


def test_who_was_given_it_first_loses_it_first(make_system, tmp_path):
    """Several are over at once, as after a night: the oldest goes first, and so to whoever has the fewest orders."""
    clocks = {("normal", "claim"): "400d", ("normal", "confirm"): "2s"}
    system = make_system(counties=[make_county(tmp_path, clocks=clocks)])
    orders = [system.place() for _ in range(6)]
    orders = orders[3:] + orders[:3]  # not in the order of their numbers
    for order in orders:
        system.wait_state(order, "open")
    for order in orders:
        body = {"actor": "convener:T1", "members": "M101", "reason": "由您办理"}
        assert system.step(order, "reassign", body).status == 200
        time.sleep(0.05)
    system.kill("assignment")
    time.sleep(2.5)
    system.restart("assignment")
    wait_stored(system)

    def lost():
        with closing(sqlite3.connect(f"file:{system.directory}/archive/{COUNTY}.db?mode=ro", uri=True)) as archive:
            return [row[0] for row in archive.execute("SELECT order_id FROM journal WHERE step = 'passed_over' ORDER BY id")]
    wait_until(lambda: len(set(lost())) == len(orders), 20, "all of them have gone to the next")
    first = list(dict.fromkeys(lost()))
    assert first == [order["order"] for order in orders]


def test_a_leader_claims_for_the_group(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    leader, member = shared.sign_in(PHONES["M101"]), shared.sign_in(PHONES["M102"])
    assert member.step(order, "claim", {"members": "M102 M103"}).status == 403, "for a colleague"
    assert leader.step(order, "claim", {"members": "M102 M201"}).json["field"] == "members"
    assert leader.step(order, "claim", {"members": "M102 M103 M104 M105"}).json["code"] == "full"
    answer = leader.step(order, "claim", {"members": "M102 M103"})
    assert answer.status == 200 and answer.json["members"] == "M102 M103", answer
    for name in ("M102", "M103"):
        shared.wait_sms(order, template="claimed", recipient=f"member:{name}")
    wait_until(lambda: len(shared.history(order)) == 3, 20, "the journal has it")
    last = shared.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    last = [row for row in last if "step" in row][-1]
    assert (last["step"], last["actor"], last["note"]) == ("claimed", "member:M101", "M102 M103")
    assert leader.step(order, "claim", {}).json["state"] == "assigned", "and for themselves"
