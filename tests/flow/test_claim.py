"""接单: a member who has an order declines it, is absent, or is silent, and it goes to the next."""

from harness import wait_until

PHONES = {f"M10{n}": f"1000000410{n}" for n in range(1, 7)}


def given(system, members=("M101", "M102", "M103")):
    """An order that these members of group G1 have."""
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order, members)
    return order


def load(system, county="990103"):
    return {member: int(load) for member, load in system.redis.hgetall(f"load:{{{county}}}").items()
            if ":" not in member and int(load)}


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
