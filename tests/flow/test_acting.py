"""In whose name people, keys and SMS act, and in which county."""

import re

from grants import OTHER, PEOPLE, SCOPES, key_text, keys_file
from archive_files import wait_at_rest
from harness import COUNTY, make_county, wait_until


def test_people_act_in_their_own_name(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, files={"keys.csv": keys_file(COUNTY)})])
    order = system.place()
    system.wait_state(order, "open")
    handler, leader, fellow, clerk = (system.sign_in(PEOPLE[who]) for who in ("handler", "leader", "fellow", "clerk"))
    assert fellow.step(order, "claim", {"member": "M103"}).status == 403, "for a colleague"
    assert handler.step(order, "claim", {"via": "key:k1"}).status == 400
    assert handler.step(order, "claim").status == 200
    assert leader.step(order, "claim", {"member": "M103"}).status == 200, "for one of their group"
    assert leader.step(order, "claim", {"member": "M203"}).status == 403, "for one of another group"
    key = key_text(COUNTY, "order.claim")
    assert system.step(order, "claim", {"member": "M105"}, key=key).status == 403, "without the scope delegate"
    assert system.step(order, "claim", {"member": "M105"}, key=key_text(COUNTY, "office")).status == 200
    assert fellow.step(order, "claim").json["code"] == "full"
    handover = {"department": "D01", "note": "请看"}
    assert handler.step(order, "handover", handover | {"actor": "convener:T1"}).status == 403
    assert handler.step(order, "handover", handover).status == 200
    key = key_text(COUNTY, "order.answer")
    reply = {"outcome": "solved", "answer": "修好了"}
    assert system.step(order, "answer", reply | {"actor": "member:M102"}, key=key).status == 403
    assert clerk.step(order, "answer", reply).status == 200
    for person in (handler, clerk):
        assert person.step(order, "rating", {"rating": "satisfied"}).status == 403, "handlers do not rate"
        assert person.step(order, "rating", {"rating": "satisfied"}, code=order["code"]).status == 403, "not even so"
    office = system.sign_in(PEOPLE["office"])
    assert office.step(order, "rating", {"rating": "satisfied"}).status == 200, "called back by phone"
    system.wait_state(order, "closed")

    def rows():
        answer = office.api("GET", f"/api/v1/orders/{order['order']}/history")
        return answer.status == 200 and [row for row in answer.json["rows"] if "step" in row]
    # Each service's steps come on a way of their own: the last may be there before an earlier one.
    journal = wait_until(lambda: (found := rows()) and len(found) == 9 and found, 20, "the whole journal")
    assert [(row["step"], row["actor"], row.get("via")) for row in journal[2:]] == [
        ("claimed", "member:M102", None), ("claimed", "member:M103", "member:M101"),
        ("claimed", "member:M105", f"key:k{SCOPES.index('office')}"), ("handed_over", "member:M102", None),
        ("answered", "department:D01", None), ("rated", "office:he", None), ("closed", "clock", None)]

    # It has left for the archive: who could see it still can, and nobody else.
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    path = f"/api/v1/orders/{order['order']}"
    assert [person.api("GET", path).status for person in (handler, leader, clerk, office, fellow)] == [200] * 4 + [403]
    assert system.sign_in(PEOPLE["other clerk"]).api("GET", path).status == 403
    assert handler.step(order, "answer", reply).json["code"] == "gone"
    assert fellow.step(order, "answer", reply).status == 403
    assert handler.api("POST", f"{path}/contact", {}).json["phone"] == "10000000001", "while it is kept"
    assert fellow.api("POST", f"{path}/contact", {}).status == 403


def test_the_clerk_of_two_departments_says_for_which(make_system, tmp_path):
    county = make_county(tmp_path)
    rows = (county / "departments.csv").read_text().splitlines(keepends=True)
    (county / "departments.csv").write_text("".join(rows).replace("10000003002", "10000003001"))
    system = make_system(counties=[county])
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    handover = {"actor": "convener:T1", "department": "D02", "assisting": "D01", "note": "请看"}
    assert system.step(order, "handover", handover).status == 200
    clerk = system.sign_in("10000003001")
    assert clerk.step(order, "respond", {"note": "好", "actor": "department:D03"}).status == 403, "is none of theirs"
    assert clerk.step(order, "respond", {"note": "好", "actor": "office:O1"}).status == 403
    assert clerk.step(order, "respond", {"note": "好", "actor": "department:D02"}).status == 200
    assert clerk.step(order, "respond", {"note": "也好"}).status == 200

    def replies():
        rows = system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
        return [(row["actor"], row.get("via")) for row in rows if row.get("step") == "responded"]
    wait_until(lambda: len(replies()) == 2, 20, "both are in the journal")
    assert replies() == [("department:D02", None), ("department:D01", None)]

    for department in ("D01", "D03"):  # who has both has it still; then not
        assert system.step(order, "handover", {"actor": "convener:T1", "department": department}).status == 200
        system.wait_sms(order, template="handed_over", recipient=f"department:{department}")
    wait_at_rest(system)
    assert [sms["recipient"] for sms in system.spool(order) if sms["template"] == "passed_on"] == ["department:D01"]


def test_a_member_rates_as_a_resident_what_others_handle(shared):
    """Their own concern, with its code, while they are signed in."""
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    shared.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": "好了"})
    other = shared.sign_in(PEOPLE["other member"])
    assert other.step(order, "rating", {"rating": "satisfied"}).status == 403
    answer = other.step(order, "rating", {"rating": "satisfied"}, code=order["code"], headers={"X-CSRF-Token": ""})
    assert answer.status == 200, answer


def test_a_reply_claims_in_the_county_that_is_meant(make_system, tmp_path):
    """All counties have the same codes, and the sender is a member of two: what is unclear is asked, nothing done."""
    token, phone = "a-token-of-the-tenants", "10000004102"
    system = make_system(counties=[make_county(tmp_path, county=county) for county in (COUNTY, OTHER)],
                         parameters={"intake": {"gateway_token": token}})

    def reply(text, id):
        answer = system.api("POST", f"/gateway/kannel/{token}/reply?id={id}", data=text.encode(),
                            headers={"X-Kannel-From": phone, "Content-Type": "text/plain; charset=utf-8"})
        assert answer.status == 200, answer

    def opened(county):
        order = system.place(county=county)
        sms = system.wait_sms(order, template="opened", recipient="member:M102")[0]
        return order, re.search(r"回复 (\w+) 接单", sms["text"])[1]

    def members(order):
        return system.order(order).get("members", "")

    def asked():
        return [sms for sms in system.spool() if sms["template"] == "which"]

    theirs, code = opened(OTHER)
    reply(code, 1)
    wait_until(lambda: members(theirs) == "M102", 10, "it is found where it is, though another county comes first")

    (ours, code), (theirs, same) = opened(COUNTY), opened(OTHER)
    assert code != same
    theirs_first = f"{OTHER}-{ours['order'][7:]}"
    for _ in range(2):  # the gateway repeats it
        reply(f"{code} 接单", 2)
    wait_until(lambda: len(asked()) == 2, 20, "each county asks")
    assert {sms["to"] for sms in asked()} == {phone}
    for number in (ours["order"], theirs_first):
        assert sum(number in sms["text"] for sms in asked()) == 1
    reply(f"接单，单号{ours['order'].translate({ord(c): ord(c) + 0xFEE0 for c in '0123456789-'})}。", 3)
    wait_until(lambda: members(ours) == "M102", 10, "the number says which")
    assert system.redis.hget(f"order:{{{OTHER}}}:{theirs_first}", "members") == "M102", "once, by the first reply"

    ours, code = opened(COUNTY)
    assert code == same
    system.redis.hset(f"order:{{{COUNTY}}}:{ours['order']}", "group", "G99")
    reply(code, 4)
    wait_until(lambda: members(theirs) == "M102", 10, "it is clear when the other is no concern of this member's group")
    assert members(ours) == "" and len(asked()) == 2
