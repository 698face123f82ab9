"""通知: what people are spared: SMS by night, too many a day, several reminders where one does, and what they do not want."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest

from harness import CLAIMS, COUNTY, make_county, read_table, wait_until

CHINA = timezone(timedelta(hours=8))
TOKEN = "a-token-of-the-test"
RESIDENT = "10000000001"
FOREVER = "400d"
QUIET, GATHER = f"smsq:{{{COUNTY}}}", f"smsgather:{{{COUNTY}}}"


def night():
    """Quiet hours around this moment, and when they end, ms since 1970; they may hold midnight."""
    now = datetime.now(CHINA)
    end = (now + timedelta(hours=2)).replace(second=0, microsecond=0)
    return f"{now - timedelta(hours=1):%H:%M}-{end:%H:%M}", int(end.timestamp() * 1000)


def next_midnight():
    tomorrow = datetime.now(CHINA).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int(tomorrow.timestamp() * 1000)


def phone_of(system, member):
    return next(row["phone"] for row in read_table(system.counties[0] / "members.csv") if row["id"] == member)


def sms_of(system, *orders):
    """The SMS of orders as Redis has them: {id: fields}."""
    keys = [key for order in orders for key in system.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*")]
    return {key.split(":")[-1]: system.redis.hgetall(key) for key in keys}


def held(system, *orders):
    """Those that wait, with until when: {(template, recipient): ms}."""
    found = sms_of(system, *orders)
    scores = dict(system.redis.zrange(QUIET, 0, -1, withscores=True))
    return {(found[sms]["template"], found[sms]["recipient"]): int(score) for sms, score in scores.items()
            if sms in found and found[sms].get("held") and found[sms].get("detail")}


def day_breaks(system):
    """As if the moment had come for which everything waits: it is the same for all."""
    for key in (QUIET, GATHER):
        if entries := system.redis.zrange(key, 0, -1):
            system.redis.zadd(key, dict.fromkeys(entries, int(time.time() * 1000)), xx=True)


def let_all_go(system, directory, **county):
    """The county has no night any more; returns when nothing is held back."""
    system.ctl("county", "apply", str(make_county(directory, **county)))

    def nothing_waits():
        day_breaks(system)
        return not system.redis.zcard(QUIET) and not system.redis.zcard(GATHER)
    wait_until(nothing_waits, 30, "nothing waits any more", pause=0.3)


def fates(system, *orders):
    """What the archive knows of the SMS of orders: [(order, recipient, template, state, detail)]."""
    with closing(sqlite3.connect(f"file:{system.directory}/archive/{COUNTY}.db?mode=ro", uri=True)) as archive:
        return [row for order in orders for row in archive.execute(
            "SELECT order_id, recipient, template, state, detail FROM sms WHERE order_id = ?", (order["order"],))]


def gathering(system):
    return {entry: int(score) for entry, score in system.redis.zrange(GATHER, 0, -1, withscores=True)}


def templates(system, order=None):
    return Counter((sms["template"], sms["recipient"]) for sms in system.spool(order))


def test_nobody_is_woken_at_night(make_system, tmp_path):
    hours, end = night()
    system = make_system(counties=[make_county(tmp_path / "night", settings={"quiet_hours": hours})])
    order = system.place()
    system.wait_state(order, "open")
    waiting = {("opened", f"member:M10{n}") for n in range(1, 7)}
    wait_until(lambda: set(held(system, order)) == waiting, 20, "the group is asked in the morning")
    assert set(held(system, order).values()) == {end}
    # Who asks for something just now gets it; and what is urgent cannot wait.
    system.wait_sms(order, template="placed")
    system.sign_in(phone_of(system, "M101"))
    assert system.step(order, "claim", {"member": "M101"}).status == 200
    system.wait_sms(order, template="claimed")
    urgent = system.place(title="路面塌陷", text="东门路口塌陷了一个大坑，很危险")
    wait_until(lambda: templates(system, urgent)[("opened", "member:M101")], 20, "an urgent matter wakes people")
    assert templates(system, order) == {("placed", "resident"): 1, ("claimed", "member:M101"): 1}

    system.kill("notification")
    system.restart("notification")
    system.wait_ready()
    assert set(held(system, order)) == waiting
    day_breaks(system)  # but it is night all the same: nobody is told, and nobody forgotten
    wait_until(lambda: set(held(system, order).values()) == {end}, 20, "they wait on")
    assert not templates(system, order)[("opened", "member:M102")]
    let_all_go(system, tmp_path / "day")
    for _, recipient in waiting:
        system.wait_sms(order, template="opened", recipient=recipient)
    assert set(templates(system, order).values()) == {1}
    assert not system.redis.exists("lag:notification"), "who waits for the morning is not behind"


def test_a_phone_gets_so_many_a_day_and_the_rest_another(make_system, tmp_path):
    county = make_county(tmp_path / "few", settings={"sms_per_day": "2"}, clocks={("normal", "claim"): FOREVER})
    system = make_system(counties=[county], instances={"notification": 2})
    orders = [system.place() for _ in range(4)]
    member = ("opened", "member:M101")
    wait_until(lambda: sum(member in held(system, order) for order in orders) == 2, 20, "two of four wait")
    midnight = next_midnight()
    assert {held(system, order)[member] for order in orders if member in held(system, order)} == {midnight}
    assert templates(system)[member] == 2
    day = datetime.now(CHINA).strftime("%Y%m%d")
    told = system.redis.hgetall(f"told:{{{COUNTY}}}:{day}")
    assert set(told.values()) == {"2"} and phone_of(system, "M101") not in told
    assert 86400 < system.redis.ttl(f"told:{{{COUNTY}}}:{day}") <= 172800
    system.sign_in(phone_of(system, "M101"))  # a code that somebody asks for is none of them
    assert templates(system)[("placed", "resident")] == 4, "nor is what a resident places"

    late = [order for order in orders if member in held(system, order)]
    system.redis.delete(f"told:{{{COUNTY}}}:{day}")  # another day
    day_breaks(system)
    wait_until(lambda: templates(system)[member] == 4, 20, "the others come the next day")
    assert max(templates(system).values()) == 4 and all(count == 1 for order in orders
                                                        for count in templates(system, order).values())
    wait_until(lambda: [row[3] for row in fates(system, *late) if row[1:3] == member[::-1]] == ["delivered"] * 2, 20,
               "the archive knows what became of them")


def test_a_reminder_waits_one_day_for_the_limit_whatever_else_waits(make_system, tmp_path):
    """In the morning the SMS that wait are there before a reminder has been put together, and may be as many as one gets."""
    county = make_county(tmp_path / "few", settings={"sms_per_day": "1", "escalate": FOREVER},
                         clocks={("normal", "claim"): FOREVER, ("normal", "answer"): "2s"})
    system = make_system(counties=[county])
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    wait_until(lambda: list(gathering(system).values()) == [next_midnight()] * len(CLAIMS), 30,
               "all have been told enough today")
    reminders = {sms: fields for sms, fields in sms_of(system, order).items() if fields["template"] == "reminder"}
    for sms, fields in reminders.items():  # as if they were of yesterday, and others came first today
        system.redis.hset(f"sms:{{{COUNTY}}}:{sms}", "created", int(fields["created"]) - 86400000)
    day_breaks(system)
    for member in CLAIMS:
        system.wait_sms(order, template="reminder", recipient=f"member:{member}")


@pytest.fixture
def overdue(make_system, tmp_path):
    """Four orders of the same three members, each overdue by night: nobody has been reminded yet."""
    hours, end = night()
    clocks = {("normal", "claim"): FOREVER, ("normal", "answer"): "3s"}
    settings = {"quiet_hours": hours, "escalate": FOREVER}
    system = make_system(counties=[make_county(tmp_path / "night", settings=settings, clocks=clocks)],
                         instances={"notification": 2})
    orders = [system.place() for _ in range(4)]
    for order in orders:
        system.wait_state(order, "open")
        system.claim_all(order)

    wait_until(lambda: list(gathering(system).values()) == [end] * len(orders) * len(CLAIMS), 40,
               "all reminders wait for the morning")
    assert not [sms for sms in system.spool() if sms["template"].startswith("remind")]
    return system, orders, {"clocks": clocks, "settings": {"escalate": FOREVER}}


def test_several_reminders_are_one_and_what_is_done_is_not_reminded_of(overdue, tmp_path):
    system, orders, county = overdue
    first, second, answered, taken = orders
    assert system.step(answered, "answer", {"actor": "member:M101", "outcome": "solved", "answer": "好了"}).status == 200
    moved = system.step(taken, "reassign", {"actor": "convener:T1", "members": "M102 M103", "reason": "另有安排"})
    assert moved.status == 200, moved
    let_all_go(system, tmp_path / "day", **county)
    for member in CLAIMS:
        told = wait_until(lambda m=member: [sms for sms in system.spool() if sms["template"].startswith("remind") and
                                            sms["recipient"] == f"member:{m}"], 20, f"{member} is reminded")
        wanted = [first, second] + ([taken] if member != "M101" else [])
        assert len(told) == 1 and f"{len(wanted)}件事超期" in told[0]["text"], told
        assert all((order["order"] in told[0]["text"]) == (order in wanted) for order in orders), told

    wait_until(lambda: len(ends(system, orders)) == len(orders) * len(CLAIMS), 20, "each rung has an end")
    for order in orders:
        assert Counter(row[1] for row in ends(system, [order])) == Counter(f"member:{member}" for member in CLAIMS)
    states = {row[0]: row[3:] for row in ends(system, orders) if row[1] == "member:M101"}
    assert states[answered["order"]] == ("muted", "what was overdue is done")
    assert states[taken["order"]] == ("muted", "the order is with others now")
    (leader, state), = ((sms, fields["state"]) for sms, fields in sms_of(system, first, second).items()
                        if fields["template"] == "reminders" and fields["recipient"] == "member:M101")
    assert state == "delivered"
    assert sorted([states[first["order"]], states[second["order"]]], key=str) == [
        ("delivered", f"said by {leader}"), ("delivered", None)]
    for order in orders:
        wait_until(lambda o=order: system.redis.hget(f"order:{{{COUNTY}}}:{o['order']}", "sms_open") == "0", 20,
                   "nothing of it is open")
    assert not system.redis.zcard(GATHER)


def ends(system, orders):
    return [row for row in fates(system, *orders) if row[2].startswith("remind")]


def test_instances_that_die_remind_once(overdue, tmp_path):
    """The grouping is one commit, before anything is sent."""
    system, orders, county = overdue
    system.ctl("county", "apply", str(make_county(tmp_path / "day", **county)))
    first, second = system.of("notification")
    first.kill()
    wait_until(lambda: day_breaks(system) or ends(system, orders), 40, "the first ends are known")
    second.kill()
    first.start()
    second.start()
    system.wait_ready()
    wait_until(lambda: len(ends(system, orders)) == len(orders) * len(CLAIMS), 60, "each rung has an end")
    told = [sms for sms in system.spool() if sms["template"].startswith("remind")]
    assert Counter(sms["recipient"] for sms in told) == Counter(f"member:{member}" for member in CLAIMS)
    assert all("4件事超期" in sms["text"] for sms in told)


def write_back(system, phone, text):
    answer = system.api("POST", f"/gateway/kannel/{TOKEN}/reply", data=text.encode(),
                        headers={"X-Kannel-From": phone, "Content-Type": "text/plain; charset=utf-8"})
    assert answer.status in (200, 204), answer


def test_a_resident_opts_out_and_is_back_by_any_word(make_system, tmp_path):
    counties = [make_county(tmp_path / "counties"), make_county(tmp_path / "counties", "990104", source="990102")]
    system = make_system(counties=counties, parameters={"intake": {"gateway_token": TOKEN}})
    write_back(system, "+86" + RESIDENT, "Ｔ")
    for county in (COUNTY, "990104"):
        people = system.redis.hgetall(f"optout:{{{county}}}")
        assert len(people) == 1 and RESIDENT not in people
    order = system.place()
    system.finish(order)
    wait_until(lambda: "closed" in {row[2] for row in fates(system, order)}, 20, "all is said")
    of_resident = {row[2]: (row[3], row[4]) for row in fates(system, order) if row[1] == "resident"}
    unwanted = ("muted", "its person wants no SMS that is not necessary")
    assert of_resident == {"placed": ("delivered", None), "assigned_resident": unwanted, "closed": unwanted,
                           "answered": ("delivered", None)}
    assert {template for template, person in templates(system, order) if person == "resident"} == {"placed", "answered"}

    write_back(system, RESIDENT, "谢谢")
    assert not system.redis.exists(f"optout:{{{COUNTY}}}")
    again = system.place()
    system.finish(again)
    system.wait_sms(again, template="closed")

    write_back(system, phone_of(system, "M101"), "退订")
    told = wait_until(lambda: [sms for sms in system.spool() if sms["template"] == "duty"], 20, "a member is told")
    assert told[0]["to"] == phone_of(system, "M101") and not system.redis.exists(f"optout:{{{COUNTY}}}")
    for process in system.services.values():
        assert RESIDENT not in process.text()
