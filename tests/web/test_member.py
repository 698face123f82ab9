"""A member's pages in a real browser: signing in, claiming, visiting, answering, absence."""

import base64
from datetime import datetime, timedelta

import pytest

from conftest import systems_in
from harness import COUNTY, ROOT, wait_until
from scenes import path_of, play
from test_api import soon
from test_resident import photo

MEMBER, STRANGER = "10000004101", "19900000001"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("member")) as make:
        yield make(parameters={"intake": {"web_dir": ROOT / "build/web"}})


def codes(system):
    return {"codes": lambda phone: len(system.codes(phone)),
            "code": lambda phone, before: wait_until(lambda: system.codes(phone)[before:], 20, "a code")[0]}


def test_signing_in_by_the_code_of_the_sms(system):
    play(system, "member.mjs", "signIn", codes(system), county=COUNTY, phone=MEMBER, stranger=STRANGER)
    assert not system.codes(STRANGER)


def test_the_link_of_the_sms_leads_to_the_order(system):
    order = system.place(title="东门小区路灯坏了")
    text = system.wait_sms(order, template="opened", recipient="member:M103")[0]["text"]
    play(system, "member.mjs", "link", codes(system), path=path_of(text), phone="10000004103", title="东门小区路灯坏了")


def test_from_the_pool_to_the_answer(system):
    member = system.sign_in(MEMBER)
    order = system.place(title="东门小区路灯不亮", text="三栋门口的路灯坏了半个月")
    system.wait_state(order, "open")

    def assigned(number):
        assert number == order["order"]
        members = system.order(order)["members"].split()
        assert members == ["M101"], "the page claimed it for who signed in"
        others = [member for member in ("M102", "M103") if system.order(order)["state"] == "open"]
        for other in others:
            system.step(order, "claim", {"member": other})
        return system.wait_state(order, "assigned") and True

    def shown(number):
        return system.api("GET", f"/api/v1/orders/{number}/attachments", code=order["code"]).json["total"]
    play(system, "member.mjs", "handle", {"assigned": assigned, "shown": shown}, county=COUNTY, cookie=member.cookie,
         order=order["order"], title="东门小区路灯不亮",
         photos=[base64.b64encode(photo(colour)).decode() for colour in (b"\x20\x20\xc0", b"\x20\xc0\x20")])
    steps = system.rows(f"/api/v1/orders/{order['order']}/history?", key="office")
    history = [row for row in steps if row.get("actor") == "member:M101" and "step" in row]
    assert [row["step"] for row in history] == ["claimed", "visited", "attached", "attached", "answered"]
    looks = [entry for entry in system.audit() if entry["action"] == "order.contact" and entry["result"] == "done"]
    assert [(entry["actor"], entry["order"]) for entry in looks] == [("member:M101", order["order"])]


def test_absence_and_record(system):
    member = system.sign_in("10000004102")
    start = datetime.now() + timedelta(days=3)
    days = [f"{day:%Y-%m-%d}" for day in (start, start + timedelta(days=4))]
    play(system, "member.mjs", "me", {"days": lambda: days}, county=COUNTY, cookie=member.cookie)
    assert system.api("GET", f"/api/v1/absences?county={COUNTY}", key="office").json["rows"] == [], "it was ended again"


def test_why_somebody_was_chosen_is_told_in_words(system):
    order = system.place(title="东门小区围墙裂了")
    system.wait_state(order, "open")
    system.claim_all(order)
    away = {"member": "M103", "start": soon(minutes=-1), "end": soon(minutes=60)}
    assert system.api("POST", f"/api/v1/absences?county={COUNTY}", away, key="office").status == 200
    wait_until(lambda: "M103" not in system.order(order)["members"], 20, "it went on to somebody else")
    assert system.step(order, "decline", {"actor": "member:M102", "reason": "我要住院；过几天再说"}).status == 200
    play(system, "member.mjs", "why", county=COUNTY, cookie=system.sign_in("10000004101").cookie, order=order["order"])


def test_long_lists_are_whole(make_system):
    system = make_system(parameters={"intake": {"web_dir": ROOT / "build/web"}})
    count = 102  # more than one answer has unless it is asked for more
    for number in range(count):
        order = system.place(title=f"第 {number} 件：东门小区路灯不亮")
        system.wait_state(order, "open")
        assert system.step(order, "claim", {"member": "M101"}).status == 200
    listed = f"/api/v1/orders?county={COUNTY}&state=open&member=M101"
    wait_until(lambda: system.api("GET", listed, key="office").json["total"] == count, 20, "all are archived")
    play(system, "member.mjs", "long", county=COUNTY, title="第 0 件：东门小区路灯不亮", count=count,
         cookie=system.sign_in(MEMBER).cookie, other=system.sign_in("10000004102").cookie)
