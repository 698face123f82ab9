"""履职登记: what the office enters and takes back, absences that the office is told of once, the plan of the sectors."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
import requests

from conftest import systems_in
from harness import COUNTY, KEYS, make_county, wait_until

CHINA = timezone(timedelta(hours=8))
YEAR = datetime.now(CHINA).year
MEMBER, OTHER = "10000004101", "10000004102"
FORMULA = "dimension,measure,points,most\n活动,activities,10,100\n荣誉,honours,40,40\n公益,donations,30,60\n"
ENTRIES = f"/api/v1/entries?county={COUNTY}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("entries")
    with systems_in(directory) as make:
        yield make(counties=[make_county(directory, files={"portrait.csv": FORMULA})])


def now(**delta):
    return (datetime.now(CHINA) + timedelta(**delta)).isoformat(timespec="seconds")


def enter(system, kind="activity", status=201, **fields):
    fields = {field: value for field, value in fields.items() if value is not None}
    body = {"kind": kind, "title": "春季视察", "held_at": now(minutes=-1)} | fields
    answer = system.api("POST", ENTRIES, body, key="office")
    assert answer.status == status, answer
    return answer.json


def withdraw(system, entry, reason="登记有误", status=200):
    answer = system.api("POST", f"/api/v1/entries/{entry['order']}/withdraw", {"reason": reason}, key="office")
    assert answer.status == status, answer


def look(system, entry):
    return system.api("GET", f"/api/v1/entries/{entry['order']}", key="office").json


def listed(caller, query="", **more):
    answer = caller.api("GET", ENTRIES + query, **more)
    assert answer.status == 200, answer
    return [row["order"] for row in answer.json["rows"]]


def record(system, member):
    period = f"county={COUNTY}&from={YEAR}-01-01T00:00:00&until={YEAR}-12-31T23:59:59"
    rows = system.api("GET", f"/api/v1/records?{period}", key="office").json["rows"]
    row = next(row for row in rows if row.get("member") == member)
    return {name: row.get(name, 0) for name in ("activities", "excuses", "absences", "honours", "donations", "donated")}


def bulletin(system, start=f"{YEAR}-01-01T00:00:00"):
    period = urlencode({"county": COUNTY, "from": start, "until": f"{YEAR}-12-31T23:59:59"})
    text = system.api("GET", f"/b/bulletin?{period}", key="office", headers={"Accept-Language": "zh-CN"}).text
    tables = re.findall(r"<h2>(.*?)</h2>(.*?)</table>", text, re.S)
    return {title: [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", rows)]
            for title, rows in tables}


def member_in(bulletin, name):
    """What it says of a member, by column: those that are empty for everybody are left out."""
    head, *rows = bulletin["委员履职"]
    row = next(row for row in rows if row[0] == name)
    return dict(reversed(list(zip(head, row))))  # a dimension of the portrait may be called as a column is


def wait_record(system, member, **wanted):
    return wait_until(lambda: (row := record(system, member)) | wanted == row and row, 20, f"{member}: {wanted}")


# -- entries -----------------------------------------------------------------------------------------------------------

def test_what_the_office_enters_counts_until_it_is_withdrawn(shared):
    before = record(shared, "M101"), record(shared, "M102"), record(shared, "M103"), record(shared, "M104")
    assert not any(any(row.values()) for row in before)
    visit = enter(shared, present="group:G1", excused="member:M103", absent="member:M104", text="视察城区供水")
    assert re.fullmatch(rf"{COUNTY}-L\d{{6}}", visit["order"]) and visit["state"] == "entered"
    seen = look(shared, visit)
    assert seen["present"] == "member:M101 member:M102 member:M105 member:M106", "the group, but who was missing"
    honour = enter(shared, "honour", title="全国优秀教师", present="member:M102")
    gift = enter(shared, "donation", title="向县医院捐赠", present="member:M101", amount=50000)
    enter(shared, "donation", title="助学", present="member:M101", amount=8000)

    wait_record(shared, "M101", activities=1, donations=2, donated=58000)
    wait_record(shared, "M102", activities=1, honours=1)
    wait_record(shared, "M103", excuses=1)
    wait_record(shared, "M104", absences=1)
    row = member_in(bulletin(shared), "顾怀谷")
    assert (row["活动"], row["表彰"], row["捐赠"], row["捐赠金额（元）"], row["画像总分"]) == ("1", "0", "2", "58000", "23")
    office = listed(shared, key="office")
    assert {visit["order"], honour["order"], gift["order"]} <= set(office)
    assert listed(shared, "&kind=honour&member=M102", key="office") == [honour["order"]]

    withdraw(shared, gift)
    withdraw(shared, visit)
    withdraw(shared, visit, status=409)
    wait_record(shared, "M101", activities=0, donations=1, donated=8000)
    wait_record(shared, "M104", absences=0)
    assert (now_is := look(shared, visit))["state"] == "withdrawn" and now_is["reason"] == "登记有误"
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{visit['order']}"), 20, "it has left Redis")
    assert visit["order"] in listed(shared, "&state=withdrawn", key="office"), "nothing is deleted"
    steps = shared.api("GET", f"/api/v1/entries/{visit['order']}/history", key="office").json["rows"]
    assert [step["step"] for step in steps] == ["entered", "withdrawn"]
    withdraw(shared, visit, status=409)


def test_members_see_what_they_are_in_and_enter_nothing(shared):
    theirs = enter(shared, present="member:M101", absent="member:M105")
    wait_until(lambda: theirs["order"] in listed(shared, key="office"), 20, "it is listed")
    member, absent, other = shared.sign_in(MEMBER), shared.sign_in("10000004105"), shared.sign_in("10000004201")
    for person in (member, absent):
        assert theirs["order"] in listed(person)
        assert person.api("GET", f"/api/v1/entries/{theirs['order']}").status == 200
    assert other.api("GET", ENTRIES).json["total"] == 0, "the archive is asked for theirs alone"
    assert other.api("GET", f"/api/v1/entries/{theirs['order']}").status == 403
    body = {"kind": "honour", "title": "先进", "held_at": now(minutes=-1), "present": "member:M101"}
    assert member.api("POST", ENTRIES, body).status == 403
    assert member.api("POST", f"/api/v1/entries/{theirs['order']}/withdraw", {"reason": "不对"}).status == 403


@pytest.mark.parametrize("field, fields", [
    ("excused", {"kind": "honour", "present": "member:M101", "excused": "member:M102"}),
    ("kind", {"kind": "party", "present": "member:M101"}),
    ("title", {"title": " ", "present": "member:M101"}),
    ("held_at", {"held_at": "2099-01-01T00:00:00", "present": "member:M101"}),
    ("present", {}),
    ("present", {"present": "member:M999"}),
    ("present", {"present": "sector:没有的界别"}),
    ("absent", {"absent": "convener:T01"}),
    ("present", {"kind": "donation", "present": "member:M101 member:M102", "amount": 5}),
    ("amount", {"kind": "donation", "present": "member:M101"}),
    ("amount", {"kind": "donation", "present": "member:M101", "amount": -5}),
    ("amount", {"kind": "honour", "present": "member:M101", "amount": 5}),
    ("absent", {"kind": "honour", "present": "member:M101", "absent": "member:M102"}),
    ("task", {"kind": "task", "sector": "工商联"}),
    ("task", {"kind": "task", "sector": "没有的界别", "task": "benefit"}),
    ("sector", {"present": "member:M101", "sector": "工商联"}),
])
def test_what_makes_no_sense_is_refused(shared, field, fields):
    refused = enter(shared, status=400, **fields)
    assert refused["field"] == field and refused["detail"] != refused["title"], "it says what is wrong with that"


# -- attendance --------------------------------------------------------------------------------------------------------

def told(system):
    return [sms for sms in system.spool() if sms["template"] == "absences_reached"]


def missed_meeting(system, member, **excuse):
    """A meeting that is held without them, and closed."""
    body = {"kind": "micro", "title": "路灯怎么修", "place": "社区", "meets_at": now(minutes=5),
            "invited": f"member:{member} department:D01"}
    meeting = system.api("POST", f"/api/v1/meetings?county={COUNTY}", body, key="office").json["order"]
    if excuse:
        answer = system.api("POST", f"/api/v1/meetings/{meeting}/answer", excuse | {"who": f"member:{member}"}, key="office")
        assert answer.status == 200, answer
    for verb, said in (("hold", {"minutes": "同意"}), ("close", {})):
        answer = system.api("POST", f"/api/v1/meetings/{meeting}/{verb}", said, key="office")
        assert answer.status == 200, answer
    return {"order": meeting}


def test_the_office_is_told_once_when_absences_are_too_many(tmp_path):
    with systems_in(tmp_path) as make:
        system = make(counties=[make_county(tmp_path, settings={"absences_told": "3"})])
        first = enter(system, absent="member:M201")
        enter(system, absent="member:M201 member:M202", held_at=f"{YEAR - 1}-06-01T09:00:00")
        missed_meeting(system, "M201", reply="excused", reason="出差")
        withdraw(system, first)
        enter(system, absent="member:M201")
        missed_meeting(system, "M201")
        assert not told(system), "two this year"

        assignment, = system.of("assignment")
        plain = dict(assignment.environment)
        assignment.stop()
        assignment.environment |= {"SIDAN_CRASH": "committed, nobody told"}
        assignment.start()
        system.wait_ready()
        body = {"kind": "activity", "title": "全体会议", "held_at": now(minutes=-1), "absent": "member:M201 member:M203"}
        assert system.api("POST", ENTRIES, body, key="office", idempotency="plenary").status == 503
        assignment.popen.wait(20)
        assignment.popen, assignment.environment = None, plain
        assignment.start()
        system.wait_ready()
        again = system.api("POST", ENTRIES, body, key="office", idempotency="plenary")
        assert again.status == 201, again

        notices = wait_until(lambda: len(found := told(system)) == 2 and found, 20, "both of the office are told")
        assert {sms["recipient"] for sms in notices} == {"office:he", "office:chi"}
        assert "燕归来一年内无故缺席已满3次" in notices[0]["text"] and "卓一帆" not in notices[0]["text"]
        assert "全体会议" in notices[0]["text"]
        system.kill("assignment")
        system.restart("assignment")
        system.wait_ready()
        last = missed_meeting(system, "M201")
        withdraw(system, again.json)
        entry = enter(system, absent="member:M201")
        wait_until(lambda: look(system, entry)["absent"] and record(system, "M201")["absences"] == 4, 20, "it is stored")
        wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{last['order']}"), 20, "nothing of it is under way")
        wait_until(lambda: not list(system.redis.scan_iter("outbox:*")), 20, "nothing is under way")
        assert len(told(system)) == 2, "once is enough"
        late = bulletin(system, start=now(seconds=1))
        assert late["本年无故缺席3次以上"][1:] == [["燕归来", "4"]], "of the year, whatever the period"
        assert member_in(late, "燕归来")["无故缺席"] == "2", "and there what is of the period: the meetings, which begin in five minutes"


@pytest.mark.parametrize("instances", [1, 2])
def test_a_hundred_absences_at_once_are_all_counted(make_system, instances):
    """Each changes the number by which the county's book of absences goes forward, and nearly all decide only twice."""
    system = make_system(instances={"assignment": instances})
    body = {"kind": "activity", "title": "视察", "held_at": now(minutes=-1), "absent": "member:M301"}

    def send(_):
        return requests.post(system.url + ENTRIES, json=body, timeout=20,
                             headers={"Authorization": f"Bearer {KEYS['office']}"}).status_code

    def scripts():
        return system.redis.info("commandstats")["cmdstat_evalsha"]["calls"]

    started, before = time.monotonic(), scripts()
    with ThreadPoolExecutor(100) as pool:
        assert Counter(pool.map(send, range(100))) == {201: 100}
    assert time.monotonic() - started < 20, "within seconds"
    assert scripts() - before < 1500
    assert system.redis.hget(f"missed:{{{COUNTY}}}", f"{YEAR}/M301") == "100"
    wait_record(system, "M301", absences=100)
    wait_until(lambda: Counter(sms["recipient"] for sms in told(system)) == {"office:he": 1, "office:chi": 1}, 20,
               "both of the office are told once")


# -- the plan ----------------------------------------------------------------------------------------------------------

def plan(system, query=""):
    answer = system.api("GET", f"/api/v1/plan?county={COUNTY}{query}", key="office")
    assert answer.status == 200, answer
    return {(row["sector"], row["task"]): row for row in answer.json["rows"]}


def test_the_plan_of_the_sectors(shared):
    assert len(plan(shared)) == 16 and all(row["wanted"] == 1 and row["done"] == 0 for row in plan(shared).values())
    done = enter(shared, "task", title="送医下乡", sector="医药卫生界", task="benefit", present="sector:医药卫生界")
    last_year = enter(shared, "task", title="义诊", sector="医药卫生界", task="benefit", held_at=f"{YEAR - 1}-12-31T23:59:59")
    wrong = enter(shared, "task", title="提案", sector="工商联", task="proposal")
    wait_until(lambda: plan(shared)["工商联", "proposal"]["done"] == 1, 20, "it is stored")
    withdraw(shared, wrong)
    wait_until(lambda: plan(shared)["工商联", "proposal"]["done"] == 0, 20, "it does not count any more")
    assert plan(shared)["医药卫生界", "benefit"] == {"sector": "医药卫生界", "task": "benefit", "wanted": 1, "done": 1,
                                                "orders": [done["order"]]}
    assert plan(shared, f"&year={YEAR - 1}")["医药卫生界", "benefit"]["orders"] == [last_year["order"]]
    assert shared.api("GET", f"/api/v1/plan?county={COUNTY}&year=soon", key="office").status == 400
    wait_record(shared, "M103", activities=1)
    rows = bulletin(shared)["界别任务（四个一）"][1:]
    assert len(rows) == 16 and ["医药卫生界", "惠民实事", "1", "1"] in rows and ["工商联", "界别提案", "1", "0"] in rows
    assert shared.sign_in(MEMBER).api("GET", f"/api/v1/plan?county={COUNTY}").status == 200, "it is circulated"


def test_a_county_without_a_plan(make_system, tmp_path):
    county = make_county(tmp_path)
    system = make_system(counties=[county])
    done = enter(system, "task", sector="工商联", task="benefit")
    (county / "plan.csv").unlink()
    system.ctl("county", "apply", str(county))
    row = {"sector": "工商联", "task": "benefit", "wanted": 0, "done": 1, "orders": [done["order"]]}
    wait_until(lambda: plan(system) == {("工商联", "benefit"): row}, 20, "what was done stays, and nothing is wanted")
