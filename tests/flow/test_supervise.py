"""督单: deadlines by the national calendar, moved and extended ones, pauses, and the ladder."""

import json
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta, timezone

from archive_files import wait_stored
from harness import COUNTY, make_county, wait_until

FOREVER = "400d"
DAY = 86400000  # ms
UNCLEAR = {"title": "想问一件事", "text": "不知道该找谁，请帮忙看看。"}  # it is screened


def write_calendar(directory, *days):
    """A directory with the national calendar of this year and the next: days are (month and day, name, off)."""
    directory.mkdir(exist_ok=True)
    for year in (today().year, today().year + 1):
        rows = [{"name": name, "date": f"{year}-{day}", "isOffDay": off} for day, name, off in days]
        (directory / f"{year}.json").write_text(json.dumps({"year": year, "days": rows}, ensure_ascii=False))
    return str(directory)


def stored(system, order):
    """The order's fields in Redis."""
    return system.redis.hgetall(f"order:{{{COUNTY}}}:{order['order']}")


def steps(system, order):
    return [row["step"] for row in system.history(order)]


def entries(system, order):
    """The order's entries in the zset of clocks: entry to moment."""
    return {entry: int(score) for entry, score in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1, withscores=True)
            if entry.startswith(order["order"] + "|")}


def today():
    """The date in China."""
    return datetime.now(timezone(timedelta(hours=8))).date()


def apply_again(system, directory, **county):
    """Applies the county with other files; the services take it within a second."""
    system.ctl("county", "apply", str(make_county(directory, **county)))


def test_the_national_calendar_goes_with_every_county(make_system, tmp_path):
    system = make_system(start=False)
    county = str(make_county(tmp_path / "counties"))
    missing = system.ctl("county", "check", county, check=False)
    assert missing.returncode == 0 and f"{today().year}.json: it is missing" in missing.stderr, missing
    write_calendar(tmp_path / "calendar", ("10-01", "国庆节", True))
    assert system.ctl("county", "check", county, check=False).stderr == ""
    wrong = write_calendar(tmp_path / "wrong", ("10-41", "国庆节", True))
    refused = system.ctl("county", "check", "--calendar", wrong, county, check=False)
    assert refused.returncode == 1 and f"{today().year}.json: day 1" in refused.stderr, refused


def test_a_new_calendar_moves_running_deadlines_once(make_system, tmp_path):
    """Whoever has the order: screened ones as well as answered ones; each as one step, though two instances see it."""
    clocks = {("normal", name): "2wd" for name in ("handover", "answer", "callback")} | {("normal", "claim"): FOREVER}
    system = make_system(counties=[make_county(tmp_path / "first", clocks=clocks)], instances={"assignment": 2})
    placed = [system.place(), system.place(), system.place(**UNCLEAR)]
    answered, assigned, screened = placed
    for order in (answered, assigned):
        system.wait_state(order, "open")
        system.claim_all(order)
    system.answer_it(answered)
    system.wait_state(screened, "screening")
    before = {order["order"]: int(stored(system, order)["due"]) for order in placed}

    # Tomorrow and the day after become holidays. No deadline of two working days stays where it was.
    days = [today() + timedelta(days=n) for n in (1, 2)]
    holidays = "date,kind,name\n" + "".join(f"{day},off,县庆\n" for day in days)
    apply_again(system, tmp_path / "second", clocks=clocks, files={"calendar.csv": holidays})
    for order in placed:
        wait_until(lambda o=order: int(stored(system, o)["due"]) > before[o["order"]], 20, "the deadline has moved")
        now = stored(system, order)
        assert int(now["due"]) == before[order["order"]] + 2 * DAY
        assert list(entries(system, order).values())[-1] == int(now["due"])
    wait_until(lambda: all(Counter(steps(system, order))["deadline_moved"] == 1 for order in placed), 20,
               "the journal has each move once")
    shown = json.loads(system.ctl("order", "show", "--json", screened["order"]))
    moved = next(row for row in shown["history"] if row.get("step") == "deadline_moved")
    assert moved["actor"] == "clock" and " → " in moved["note"], moved

    # The same files again: a new revision, and nothing moves.
    apply_again(system, tmp_path / "third", clocks=clocks, files={"calendar.csv": holidays})
    wait_swept(system, 3, 20)
    assert all(steps(system, order).count("deadline_moved") == 1 for order in placed)


def store_orders(system, count, span):
    """Puts orders with a running answer clock into Redis, as they would be; their keys, and when that clock started."""
    now = int(datetime.now().timestamp() * 1000)
    pipe = system.redis.pipeline(transaction=False)
    names = [f"{COUNTY}-{serial}" for serial in range(500001, 500001 + count)]
    for order in names:
        pipe.hset(f"order:{{{COUNTY}}}:{order}", mapping={
            "ver": 1, "order": order, "county": COUNTY, "state": "assigned", "members": "M101", "urgency": "normal",
            "group": "G1", "town": "T1", "title": "路灯不亮", "clock": "answer", "clock_at": now, "due": now + span,
            "rung": 0})
        pipe.zadd(f"clock:{{{COUNTY}}}", {f"{order}|answer|0": now + span})
    pipe.execute()
    return [f"order:{{{COUNTY}}}:{order}" for order in names], now


def values(system, keys, field):
    pipe = system.redis.pipeline(transaction=False)
    for key in keys:
        pipe.hget(key, field)
    return Counter(int(value) for value in pipe.execute())


def swept(system):
    """The revision by which all clocks go; None while they go by an earlier one."""
    config = system.redis.hgetall(f"config:{{{COUNTY}}}")
    return config["revision"] if system.redis.get(f"swept:{{{COUNTY}}}") == config["applied"] else None


def wait_swept(system, revision, timeout=60):
    wait_until(lambda: swept(system) == str(revision), timeout,
               f"all clocks go by revision {revision}")


def test_very_many_deadlines_move_page_by_page(make_system, tmp_path):
    """A new order goes through its life meanwhile."""
    clocks = {("normal", name): FOREVER for name in ("claim", "handover", "answer", "callback")}
    system = make_system(counties=[make_county(tmp_path / "first", clocks=clocks)])
    keys, now = store_orders(system, 3000, 400 * DAY)
    apply_again(system, tmp_path / "second", clocks=clocks | {("normal", "answer"): "300d"})
    system.finish(system.place())
    wait_swept(system, 2)
    assert values(system, keys, "due") == {now + 300 * DAY: 3000}
    assert values(system, keys, "ver") == {2: 3000}, "each moved once"


def test_no_deadline_is_lost_and_no_rung_sounds_twice_when_instances_die(make_system, tmp_path):
    """Two instances of assignment are killed again and again, while deadlines move and while they sound."""
    count = 400
    clocks = {("normal", name): FOREVER for name in ("claim", "handover", "answer", "callback")}
    system = make_system(counties=[make_county(tmp_path / "first", clocks=clocks)], instances={"assignment": 2})
    keys, now = store_orders(system, count, 400 * DAY)

    def kill_until(done):
        """Kills one after the other, each somewhere in its work."""
        for number in range(40):
            if done():
                break
            name = f"assignment.{1 + number % 2}"
            before = sum(values(system, keys, "ver").elements())
            try:
                wait_until(lambda b=before: done() or sum(values(system, keys, "ver").elements()) > b, 8, "it works")
            except AssertionError:
                continue  # it had only begun
            system.kill(name)
            system.restart(name)
        wait_until(done, 60, "it is done")

    apply_again(system, tmp_path / "second", clocks=clocks | {("normal", "answer"): "300d"})
    kill_until(lambda: swept(system) == "2")
    assert values(system, keys, "due") == {now + 300 * DAY: count}
    assert values(system, keys, "ver") == {2: count}, "each moved once"

    apply_again(system, tmp_path / "third", clocks=clocks | {("normal", "answer"): "1s"}, settings={"escalate": FOREVER})
    kill_until(lambda: values(system, keys, "rung") == {1: count})
    assert values(system, keys, "due") == {now + 1000: count}
    assert values(system, keys, "ver") == {4: count}, "each moved and was reminded of once"
    left = [entry.split("|") for entry in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1)]
    assert sorted(order for order, clock, rung in left if (clock, rung) == ("answer", "1")) == sorted(
        key.rsplit(":", 1)[1] for key in keys), "the next rung of each is to come"
    wait_until(lambda: len(reminded(system)) >= count, 60, "all is told")
    told = Counter(reminded(system))
    assert set(told.values()) == {1} and len(told) == count
    sms = [sms["text"] for sms in system.spool() if sms["template"].startswith("reminder")]
    assert sum(int(found[1]) if (found := re.search(r"有(\d+)件事", text)) else 1 for text in sms) == count
    assert len(sms) < count, "each was told by itself"


def reminded(system):
    """The orders of whose reminders the archive knows that they arrived, each as often as that happened."""
    with closing(sqlite3.connect(f"file:{system.directory}/archive/{COUNTY}.db?mode=ro", uri=True)) as archive:
        return [row[0] for row in archive.execute("SELECT order_id FROM sms WHERE template LIKE 'reminder%' AND"
                                                  " state = 'delivered'")]


def test_more_time_is_asked_for_and_granted(make_system, tmp_path):
    clocks = {("normal", "claim"): FOREVER, ("normal", "answer"): "2wd"}
    system = make_system(counties=[make_county(tmp_path, clocks=clocks)])
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    before = int(stored(system, order)["due"])
    asked = {"actor": "member:M101", "days": 3, "reason": "等住建局的材料"}
    wrong = system.step(order, "extend", asked | {"days": 31})
    assert wrong.status == 400 and wrong.json["field"] == "days" and "工作日" in wrong.text, wrong
    assert system.step(order, "extend", asked | {"actor": "member:M104"}).status == 403, "who does not have it"
    assert system.step(order, "extend", asked).status == 200
    again = system.step(order, "extend", asked)
    assert again.status == 409 and again.json["code"] == "pending" and "已经申请过延期" in again.json["detail"], again
    told = system.wait_sms(order, template="extension_asked", recipient="convener:T1")[0]["text"]
    assert "3个工作日" in told and "等住建局的材料" in told

    decision = {"actor": "convener:T1", "decision": "grant", "reason": "材料要等"}
    assert system.step(order, "extend-decide", decision | {"actor": "member:M101"}).status == 403
    assert system.step(order, "extend-decide", decision).status == 200
    assert int(stored(system, order)["due"]) == before + 3 * DAY
    assert entries(system, order)[f"{order['order']}|answer|0"] == before + 3 * DAY
    system.wait_sms(order, template="extended", recipient="member:M102")
    assert "说明：材料要等" in system.wait_sms(order, template="extended_resident", recipient="resident")[0]["text"]
    wait_until(lambda: steps(system, order)[-2:] == ["extension_asked", "extension_granted"], 20, "the journal has both")
    assert system.order(order)["light"] == "green"


def test_time_that_is_over_is_not_extended(make_system, tmp_path):
    clocks = {("normal", "claim"): FOREVER, ("normal", "answer"): "1s"}
    system = make_system(counties=[make_county(tmp_path, clocks=clocks)])
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    system.wait_sms(order, template="reminder", recipient="member:M101")
    late = system.step(order, "extend", {"actor": "member:M101", "days": 3, "reason": "等材料"})
    assert late.status == 409 and late.json["code"] == "expired" and "不能再申请延期" in late.text, late
    assert system.order(order)["light"] == "red"
    rows = system.api("GET", f"/api/v1/orders?county={COUNTY}&state=assigned", key="office").json["rows"]
    assert [(row["order"], row["light"]) for row in rows] == [(order["order"], "red")]


def test_each_rung_has_its_own_delay(make_system, tmp_path):
    clocks = {("normal", "claim"): FOREVER, ("normal", "handover"): "1s"}
    system = make_system(counties=[make_county(tmp_path, clocks=clocks, settings={"escalate": "1s 2s 1h"})])
    order = system.place()
    system.wait_sms(order, template="escalated", recipient="committee:K1")
    wait_until(lambda: list(entries(system, order)) == [f"{order['order']}|handover|3"] or
               [e for e in entries(system, order) if e.endswith("|handover|3")], 20, "the chair is to hear it")
    at = entries(system, order)[f"{order['order']}|handover|3"]
    assert 3500 < at / 1000 - datetime.now().timestamp() <= 3600
    assert not [sms for sms in system.spool(order) if sms["recipient"] == "chair"]


def test_a_light_is_green_then_yellow_then_red(make_system, tmp_path):
    """Yellow when three quarters of the time are used up; as lists tell it, too, and as another version of the order."""
    system = make_system(counties=[make_county(tmp_path, clocks={("normal", "handover"): "4s"})])
    order = system.place(**UNCLEAR)
    system.wait_state(order, "screening")
    seen = []

    def look():
        answer = system.api("GET", f"/api/v1/orders/{order['order']}", key="office")
        at, now = datetime.now().timestamp(), (answer.json["light"], answer.headers["ETag"].split("-")[1])
        if [light for _, *light in seen][-1:] != [list(now)]:
            seen.append((at, *now))
        return now[0] == "red"
    wait_until(look, 10, "it is overdue")
    assert [light for _, light, _ in seen] == ["green", "yellow", "red"] == [tag for _, _, tag in seen]
    assert 0.5 < seen[2][0] - seen[1][0] < 2, "the last quarter of four seconds"
    row = next(row for row in system.rows(f"/api/v1/orders?county={COUNTY}", key="office") if row["order"] == order["order"])
    assert row["light"] == "red"


def test_reminders_wait_for_working_hours(make_system, tmp_path):
    """Overdue by night, or on a day off: nobody hears of it before they are at work, and then once."""
    hour = datetime.now(timezone(timedelta(hours=8))).hour
    away = "03:00-04:00" if hour > 12 else "20:00-21:00"
    clocks = {("normal", "handover"): "1s"}
    system = make_system(counties=[make_county(tmp_path / "away", clocks=clocks, settings={"work_hours": away})])
    order = system.place(**UNCLEAR)
    system.wait_state(order, "screening")
    wait_until(lambda: system.order(order).get("light") == "red", 10, "it is overdue")
    entry = f"{order['order']}|handover|0"
    opens = wait_until(lambda: entries(system, order).get(entry), 10, "it is looked at again")
    assert datetime.fromtimestamp(opens / 1000, timezone(timedelta(hours=8))).strftime("%H:%M") == away[:5]
    assert opens / 1000 > datetime.now().timestamp() + 3600
    time.sleep(2)
    assert "reminded" not in steps(system, order)
    apply_again(system, tmp_path / "there", clocks=clocks)
    system.wait_sms(order, template="reminder", recipient="convener:T1")
    assert steps(system, order).count("reminded") == 1


def test_a_deadline_explains_itself(make_system, tmp_path):
    """Two working days over two holidays and a make-up workday of the county's own; then the order is overdue."""
    days = [today() + timedelta(days=n) for n in range(1, 4)]
    calendar = "date,kind,name\n" + f"{days[0]},off,县庆\n{days[1]},off,县庆\n{days[2]},work,县庆调休\n"
    clocks = {("normal", "claim"): FOREVER, ("normal", "answer"): "2wd"}
    system = make_system(counties=[make_county(tmp_path / "first", clocks=clocks, files={"calendar.csv": calendar})])
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    told = json.loads(system.ctl("deadline", "explain", "--json", order["order"]))
    reasons = [(row["day"], row["why"]) for row in told["sum"]]
    assert reasons[:4] == [(None, "the clock starts"), (None, "not counted: holiday, 县庆"),
                           (None, "not counted: holiday, 县庆"), (1, "make-up workday, 县庆调休")]
    assert reasons[4][0] == 2 and reasons[5] == (None, "the clock's 2 working days are over")
    due = datetime.fromisoformat(told["due"]).timestamp()
    assert int(due) == int(stored(system, order)["due"]) // 1000 and told["light"] == "green"
    assert [row["rung"] for row in told["ladder"]] == ["handlers", "convener", "committee", "chair"]
    assert told["ladder"][0]["sounds"] == told["due"]
    assert "not counted: holiday, 县庆" in system.ctl("deadline", "explain", order["order"])
    wait_stored(system)
    assert json.loads(system.ctl("order", "show", "--json", order["order"]))["order"]["light"] == "green"

    clocks[("normal", "answer")] = "7d"  # starts outside working hours, which is of no matter to it
    early = {"work_hours": "00:00-00:01", "work_weekdays": "1-1"}
    apply_again(system, tmp_path / "around", clocks=clocks, settings=early)
    explained = lambda: json.loads(system.ctl("deadline", "explain", "--json", order["order"]))["sum"]
    around = wait_until(lambda: len(rows := explained()) == 2 and rows, 20, "two lines")
    assert [row["why"] for row in around] == ["the clock starts", "7 days later, around the clock"]
    body = {"actor": "member:M101", "outcome": "solved", "answer": "先换灯泡", "promised_at": f"{days[2]}T12:00:00"}
    promising = system.place()
    system.wait_state(promising, "open")
    system.claim_all(promising)
    assert system.step(promising, "answer", body).status == 200
    followed = lambda: system.api("GET", f"/api/v1/suggestions?county={COUNTY}", key="office").json["rows"]
    promise = wait_until(followed, 20, "the promise is followed")[0]["order"]
    told = json.loads(system.ctl("deadline", "explain", "--json", promise))
    assert [row["why"] for row in told["sum"]] == ["the clock starts", "promised by then, however long others have"]
    assert told["due"] == told["sum"][1]["moment"] == f"{days[2]}T12:00:00+08:00"

    clocks[("normal", "answer")] = "1s"
    apply_again(system, tmp_path / "second", clocks=clocks)
    system.wait_sms(order, template="reminder", recipient="member:M101")
    told = json.loads(system.ctl("deadline", "explain", "--json", order["order"]))
    assert told["ladder"][0]["sounds"] == "has sounded" and told["light"] == "red"
    refused = system.ctl("deadline", "explain", f"{COUNTY}-999999", check=False)
    assert refused.returncode == 1 and "is not open" in refused.stderr, refused
