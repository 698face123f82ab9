"""解单: 协商会, meetings from call to close: invitations by SMS and page, answers, a QR code to sign in, minutes; and 走访."""

import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import count

import pytest
import requests

from conftest import systems_in
from harness import ADDRESS, COUNTY, Person, make_county, wait_until
from test_dispatch import crowd
from test_events import of_key

URL = ADDRESS["public_url"]
TOKEN = "a-token-of-the-test"
CHINA = timezone(timedelta(hours=8))
PHONES = {"M101": "10000004101", "M102": "10000004102", "M103": "10000004103", "M104": "10000004104",
          "M201": "10000004201", "D01": "10000003001"}
numbers = count(1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file, with a gateway."""
    with systems_in(tmp_path_factory.mktemp("meetings")) as make:
        yield make(parameters={"intake": {"gateway_token": TOKEN}})


def ahead(**delta):
    return (datetime.now(CHINA) + timedelta(**delta)).isoformat(timespec="seconds")


def reply(system, phone, text):
    """As the gateway brings it, each time with another id."""
    answer = system.api("POST", f"/gateway/kannel/{TOKEN}/reply?id=m{next(numbers)}", data=text.encode("utf-16-be"),
                        headers={"X-Kannel-From": f"+86{phone}", "Content-Type": "text/plain; charset=UTF-16BE"})
    assert answer.status == 200, answer


def handled(system, **fields):
    """An order that M101, M102 and M103 have taken on."""
    order = system.place(**fields)
    system.wait_state(order, "open")
    system.claim_all(order)
    return order


def call(system, key="office", status=201, **fields):
    body = {"kind": "micro", "title": "路灯怎么修", "place": "东门社区会议室", "meets_at": ahead(minutes=20)} | fields
    answer = system.api("POST", f"/api/v1/meetings?county={COUNTY}", body, key=key)
    assert answer.status == status, answer
    return answer.json


def step(system, meeting, verb, body=None, key="office", **more):
    return system.api("POST", f"/api/v1/meetings/{meeting['order']}/{verb}", body or {}, key=key, **more)


def look(system, meeting):
    answer = system.api("GET", f"/api/v1/meetings/{meeting['order']}", key="office")
    assert answer.status == 200, answer
    return answer.json


def steps(system, meeting):
    rows = system.api("GET", f"/api/v1/meetings/{meeting['order']}/history", key="office").json.get("rows", [])
    return [row for row in rows if "step" in row]


def wait_for(system, meeting, **wanted):
    return wait_until(lambda: (now := look(system, meeting)) | wanted == now and now, 20, f"{wanted}")


def told(system, meeting, template, who):
    return system.wait_sms(meeting, template=template, recipient=who)[-1]["text"]


def token_in(address):
    return address.rpartition("/")[2]


def forged(token):
    """The same but for its last digit."""
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def qr(system, meeting, key="office", **more):
    """Where the code leads to that the host's screen shows, read from its picture."""
    answer = system.api("GET", f"/api/v1/meetings/{meeting['order']}/qr", key=key, **more)
    if answer.status != 200:
        return answer
    cells = re.findall(r"M(\d+) (\d+)h1v1h-1z", answer.text)
    width = int(re.search(r'viewBox="0 0 (\d+)', answer.text)[1])
    dark, scale = {(int(x), int(y)) for x, y in cells}, 8
    rows = [bytes(0 if (x // scale, y // scale) in dark else 255 for x in range(width * scale))
            for y in range(width * scale)]
    image = b"P5 %d %d 255\n" % (width * scale, width * scale) + b"".join(rows)
    path = system.directory / "qr.pgm"
    path.write_bytes(image)
    done = subprocess.run(["zbarimg", "--quiet", "--raw", str(path)], text=True, capture_output=True, check=True)
    return done.stdout.strip()


# -- from call to close ------------------------------------------------------------------------------------------------

def test_a_meeting_from_call_to_close(shared):
    order = handled(shared)
    meeting = call(shared, about=order["order"], invited=f"group:G1 department:D01 resident:{order['order']}")
    assert re.fullmatch(rf"{COUNTY}-H\d{{6}}", meeting["order"]) and meeting["state"] == "called"
    now = look(shared, meeting)
    assert now["invited"].split() == [f"member:M10{n}" for n in range(1, 7)] + ["department:D01",
                                                                              f"resident:{order['order']}"]
    text = told(shared, meeting, "meeting_invited", "member:M102")
    assert "路灯怎么修" in text and "东门社区会议室" in text and "参加请回复1" in text
    assert told(shared, meeting, "meeting_invited", "department:D01")

    reply(shared, PHONES["M102"], "1")
    wait_for(shared, meeting, coming="member:M102")
    assert "您的回复收到了：参加" in told(shared, meeting, "meeting_taken", "member:M102")
    reply(shared, PHONES["M103"], "2 在外地出差")
    wait_for(shared, meeting, excused="member:M103")

    token = token_in(shared.wait_sms(order, template="meeting_invited", recipient="resident")[0]["text"])
    page = shared.api("GET", f"/i/{token}")
    assert page.status == 200 and "路灯怎么修" in page.text and page.text.count("<button") == 2
    about = f"请您参加协商会。会上商量您反映的“{shared.order(order)['title']}”。"
    assert shared.api("GET", f"/api/v1/counties/{COUNTY}").json["name"] + about in page.text, "who invites, and about what"
    assert shared.api("GET", f"/i/{forged(token)}").status == 404
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    nothing = shared.api("POST", f"/i/{token}", data="reason=x", headers=form)
    assert nothing.status == 400 and "缺少必填项" in nothing.text
    answer = shared.api("POST", f"/i/{token}", data="reply=comes", headers=form)
    assert answer.status == 200 and "您已答复：参加" in answer.text and "可以重新选" in answer.text
    assert f'href="/o/{order["order"]}"' in answer.text
    wait_for(shared, meeting, coming=f"member:M102 resident:{order['order']}")
    assert "您已答复：参加" in shared.api("GET", f"/i/{token}").text

    member = shared.sign_in(PHONES["M102"])
    address = qr(shared, meeting)
    for _ in range(2):
        page = member.api("GET", address.removeprefix(URL))
        assert page.status == 200 and "签到成功" in page.text
    assert step(shared, meeting, "sign-in", {"who": "member:M104"}).status == 200
    assert look(shared, meeting)["present"] == "member:M102 member:M104"

    assert step(shared, meeting, "hold", {"minutes": " "}).status == 400
    assert step(shared, meeting, "close").status == 409, "it was not held"
    assert step(shared, meeting, "hold", {"minutes": "同意换灯", "note": "内部"}).status == 200
    assert "同意换灯" in shared.api("GET", f"/i/{token}").text
    assert step(shared, meeting, "close").status == 200
    assert shared.api("GET", f"/i/{token}").status == 410
    assert member.api("GET", address.removeprefix(URL)).status == 410

    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{meeting['order']}"), 20, "it has left Redis")
    assert look(shared, meeting)["minutes"] == "同意换灯"
    rows = steps(shared, meeting)
    assert [row["step"] for row in rows] == ["called", "invitation_answered", "invitation_answered",
                                             "invitation_answered", "signed_in", "signed_in", "held", "closed"]
    said = [(row["who"], row["reply"], row.get("note"), row.get("via")) for row in rows[1:4]]
    assert said == [("member:M102", "comes", None, "sms"), ("member:M103", "excused", "在外地出差", "sms"),
                    (f"resident:{order['order']}", "comes", None, "link")]
    assert [(row["actor"], row["who"], row.get("via")) for row in rows[4:6]] == [
        ("member:M102", "member:M102", "qr"), ("key:office", "member:M104", None)]
    assert step(shared, meeting, "cancel", {"reason": "晚了"}).status == 409
    assert shared.ctl("journal", "verify", COUNTY)


def test_three_kinds_of_meetings(shared):
    """微协商 is about orders; 专题协商 about a topic, without any; 网络协商 is held where its link leads to."""
    refused = call(shared, status=400, kind="ball")
    assert refused["field"] == "kind"
    topic = call(shared, kind="topic", title="老旧小区的照明", invited="group:G1 committee:K1")
    link = "https://meeting.example.cn/j/884321"
    online = call(shared, kind="online", title="在线商量路灯", place=link, invited="member:M102 department:D01")
    assert "老旧小区的照明" in told(shared, topic, "meeting_invited", "committee:K1")
    for who in ("member:M102", "department:D01"):
        assert link in told(shared, online, "meeting_invited", who), "whoever is invited has the link"
    assert [look(shared, meeting)["kind"] for meeting in (topic, online)] == ["topic", "online"]
    rows = shared.rows(f"/api/v1/meetings?county={COUNTY}", key="office")
    kinds = {row["order"]: row["kind"] for row in rows}
    assert (kinds[topic["order"]], kinds[online["order"]]) == ("topic", "online")
    for meeting in (topic, online):
        assert step(shared, meeting, "cancel", {"reason": "试一试"}).status == 200


def test_nothing_that_lists_orders_takes_it_for_one(shared):
    before = shared.api("GET", f"/api/v1/figures?county={COUNTY}", key="office").json["total"]
    meeting = call(shared)
    number = meeting["order"]
    listed = wait_until(lambda: [row["order"] for row in shared.rows(f"/api/v1/meetings?county={COUNTY}", key="office")
                                 if row["order"] == number], 20, "it is listed")
    assert listed == [number]
    for path in ("orders", "cases", "suggestions"):
        query = "&q=路灯怎么修" if path != "suggestions" else ""
        rows = shared.rows(f"/api/v1/{path}?county={COUNTY}{query}", key="office")
        assert number not in [row["order"] for row in rows], path
    assert shared.api("GET", f"/api/v1/figures?county={COUNTY}", key="office").json["total"] == before
    for path in (f"/api/v1/orders/{number}", f"/api/v1/suggestions/{number}",
                 f"/api/v1/meetings/{number.replace('-H', '-')}"):
        assert shared.api("GET", path, key="office").status == 404, path
    assert shared.api("POST", f"/api/v1/orders/{number}/contact", key="office").status == 404
    updates = shared.api("GET", f"/open311/v2/servicerequestupdates.json?jurisdiction_id={COUNTY}")
    assert updates.status == 200 and number not in updates.text
    assert shared.api("GET", f"/open311/v2/requests/{number}.json?jurisdiction_id={COUNTY}").status == 404
    listener = of_key(shared)
    another, order = call(shared), shared.place()
    listener.wait(order, "order", "open")
    assert listener.told(another) == [("meeting", "called")], "by its own name, and as nothing else"
    assert shared.ctl("order", "show", number), "an operator sees it all the same"


def test_everyone_is_told_anew_of_another_time_and_of_none(shared):
    order = handled(shared)
    meeting = call(shared, about=order["order"], invited=f"member:M102 resident:{order['order']}",
                   meets_at=ahead(days=3))
    told(shared, meeting, "meeting_invited", "member:M102")
    reply(shared, PHONES["M102"], "参加")
    wait_for(shared, meeting, coming="member:M102")
    entry = f"{meeting['order']}|meeting|0"
    score = shared.redis.zscore(f"clock:{{{COUNTY}}}", entry)
    assert step(shared, meeting, "move", {"meets_at": ahead(days=-1), "reason": "会议室"}).status == 400
    assert step(shared, meeting, "move", {"meets_at": ahead(days=4), "reason": "会议室有别的用处"}).status == 200
    assert look(shared, meeting)["coming"] == "", "they are asked anew"
    assert shared.redis.zscore(f"clock:{{{COUNTY}}}", entry) == score + 86400000
    assert "会议室有别的用处" in told(shared, meeting, "meeting_moved", "member:M102")
    assert f"{URL}/i/" in shared.wait_sms(order, template="meeting_moved", recipient="resident")[0]["text"]

    soon = int((time.time() + 3600) * 1000)
    shared.redis.hset(f"order:{{{COUNTY}}}:{meeting['order']}", "meets_at", soon)
    shared.redis.zadd(f"clock:{{{COUNTY}}}", {entry: 1})  # the working day before has come
    assert "提醒您" in told(shared, meeting, "meeting_reminder", "member:M102")
    shared.redis.zadd(f"clock:{{{COUNTY}}}", {entry: 1})  # as if another instance had seen it, too
    wait_until(lambda: shared.redis.zscore(f"clock:{{{COUNTY}}}", entry) is None, 20, "it is looked at")

    assert step(shared, meeting, "cancel", {"reason": ""}).status == 400
    assert step(shared, meeting, "cancel", {"reason": "已经修好"}).status == 200
    assert "已经修好" in told(shared, meeting, "meeting_cancelled", "member:M102")
    shared.wait_sms(order, template="meeting_cancelled", recipient="resident")
    assert len(shared.wait_sms(meeting, template="meeting_reminder")) == 1
    assert [row["step"] for row in steps(shared, meeting)] == ["called", "invitation_answered", "moved", "reminded",
                                                              "cancelled"]
    assert step(shared, meeting, "answer", {"who": "member:M102", "reply": "comes"}).status == 409


# -- that nobody holds, or closes --------------------------------------------------------------------------------------

def test_a_meeting_that_nobody_ends_is_asked_for(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, settings={"conclude": "2s", "escalate": "1s"})])
    host = system.sign_in(PHONES["M102"])
    order = handled(system)
    body = {"kind": "micro", "title": "路灯怎么修", "place": "社区", "meets_at": ahead(seconds=3), "about": order["order"]}
    meeting = host.api("POST", f"/api/v1/meetings?county={COUNTY}", body).json

    def overdue(value):
        rows = system.rows(f"/api/v1/meetings?county={COUNTY}&overdue={value}", key="office")
        return [(row["order"], row["light"]) for row in rows]

    def sounded():
        return [(row["step"], row["note"]) for row in steps(system, meeting) if row["actor"] == "clock"]
    ladder = [("reminded", "conclude"), ("escalated", "conclude")]
    wait_until(lambda: look(system, meeting).get("clock") == "conclude", 10, "it should be held by now")
    explained = system.ctl("deadline", "explain", meeting["order"])
    assert "host" in explained and "convener or office" in explained and "chair" not in explained, explained
    wait_until(lambda: sounded() == ladder, 30, "nobody holds it")
    assert "会议收尾期限" in told(system, meeting, "reminder", "member:M102")
    told(system, meeting, "escalated", "convener:T1")
    assert overdue(1) == [(meeting["order"], "red")] and not overdue(0)
    assert step(system, meeting, "move", {"meets_at": ahead(minutes=9), "reason": "忘了"}).status == 200
    wait_until(lambda: not overdue(1) and overdue(0), 20, "it has time again")

    assert step(system, meeting, "hold", {"minutes": "同意换灯"}).status == 200
    wait_until(lambda: sounded() == ladder * 2, 30, "nobody closes it")
    assert overdue(1) == [(meeting["order"], "red")]
    assert len(system.wait_sms(meeting, template="reminder", recipient="member:M102", count=2)) == 2
    assert step(system, meeting, "close").status == 200
    wait_until(lambda: not overdue(1), 20, "it is closed")
    assert not [entry for entry in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1) if meeting["order"] in entry]


# -- replies -----------------------------------------------------------------------------------------------------------

def test_of_several_meetings_the_reply_names_one(shared):
    phone, who = PHONES["M201"], "member:M201"
    first, second = (call(shared, invited=who) for _ in range(2))
    for meeting in (first, second):
        told(shared, meeting, "meeting_invited", who)
    short = [f"H{int(meeting['order'].rpartition('H')[2])}" for meeting in (first, second)]

    def asked_back():
        return [sms["text"] for sms in shared.spool() if (sms["to"], sms["template"]) == (phone, "meeting_unclear")]
    reply(shared, phone, "1")
    wait_until(lambda: len(asked_back()) == 1 and all(name in asked_back()[0] for name in short), 20, "it is asked which")
    reply(shared, phone, f"{short[1].lower()} 2 家里有事")
    wait_for(shared, second, excused=who)
    reply(shared, phone, "来")  # the other one is the only one left
    wait_for(shared, first, coming=who)
    reply(shared, phone, f"{short[1]} 1")  # and another answer to that one
    assert wait_for(shared, second, coming=who)["excused"] == ""

    third = call(shared, invited=who)
    told(shared, third, "meeting_invited", who)
    reply(shared, phone, "2")  # without a reason
    wait_until(lambda: len(asked_back()) == 2, 20, "why?")
    assert look(shared, third)["excused"] == ""


def test_claims_are_no_answers_and_answers_no_claims(shared):
    meeting = call(shared, invited="member:M104")
    told(shared, meeting, "meeting_invited", "member:M104")
    order = shared.place()
    shared.wait_state(order, "open")
    code = re.search(r"回复 ([A-Z0-9]{3,}) 接单", shared.wait_sms(order, template="opened")[0]["text"])[1]
    reply(shared, PHONES["M104"], f"{code} 接单")
    wait_until(lambda: shared.order(order).get("members") == "M104", 20, "it is a claim")
    assert look(shared, meeting)["coming"] == ""
    reply(shared, PHONES["M104"], "能来")
    wait_for(shared, meeting, coming="member:M104")


def listed(person):
    """What is on somebody's list, which counts no others."""
    answer = person.api("GET", f"/api/v1/meetings?county={COUNTY}&limit=1000").json
    assert answer["total"] == len(answer["rows"])
    return [row["order"] for row in answer["rows"]]


# -- who may -----------------------------------------------------------------------------------------------------------

def test_who_calls_a_meeting_and_who_sees_it(shared):
    order = handled(shared)
    holder, fellow = shared.sign_in(PHONES["M102"]), shared.sign_in(PHONES["M104"])
    body = {"kind": "topic", "title": "小区照明", "place": "社区", "meets_at": ahead(minutes=10), "about": order["order"]}

    def ask(person, **fields):
        return person.api("POST", f"/api/v1/meetings?county={COUNTY}", body | fields)
    assert ask(fellow).status == 409, "has not taken the order on"
    assert ask(holder, about="").status == 400, "is not about what they have taken on"
    assert ask(holder, kind="party").status == 400 and ask(holder, meets_at=ahead(days=-1)).status == 400
    assert ask(holder, invited="member:M999").status == 400
    assert ask(holder, invited=f"resident:{COUNTY}-999999").status == 400, "of another order"
    answer = ask(holder, invited="member:M103")
    assert answer.status == 201 and answer.headers["Location"].endswith(answer.json["order"]), answer
    meeting = answer.json
    now = look(shared, meeting)
    assert (now["host"], now["group"], now["town"], now["coming"]) == ("member:M102", "G1", "T1", "member:M102")

    path = f"/api/v1/meetings/{meeting['order']}"
    invited, committee = shared.sign_in(PHONES["M103"]), shared.sign_in("10000002001")
    for person, status in ((holder, 200), (invited, 200), (committee, 200), (fellow, 403),
                           (shared.sign_in(PHONES["M201"]), 403), (shared.sign_in("10000002002"), 403)):
        assert person.api("GET", path).status == status
        wait_until(lambda: (meeting["order"] in listed(person)) == (status == 200), 20, "lists agree")
    for verb, body in (("invite", {"invited": "member:M104"}), ("sign-in", {"who": "member:M103"}),
                       ("hold", {"minutes": "好"}), ("cancel", {"reason": "不开"})):
        assert invited.api("POST", f"{path}/{verb}", body).status == 403, verb
    assert invited.api("GET", f"{path}/qr").status == 403
    assert invited.api("POST", f"{path}/answer", {"reply": "excused"}).status == 400, "without a reason"
    assert invited.api("POST", f"{path}/answer", {"reply": "comes", "who": "member:M102"}).status == 403
    assert invited.api("POST", f"{path}/answer", {"reply": "excused", "reason": "住院"}).status == 200
    wait_until(lambda: "住院" in holder.api("GET", f"{path}/history").text, 20, "who leads it sees why")
    assert "住院" not in invited.api("GET", path).text + invited.api("GET", f"{path}/history").text


def test_an_invitation_cannot_be_guessed(shared):
    order = handled(shared)
    for _ in range(2):
        call(shared, about=order["order"], invited=f"resident:{order['order']}")
    sms = shared.wait_sms(order, template="meeting_invited", recipient="resident", count=2)
    token, other = (token_in(each["text"]) for each in sms)
    for _ in range(10):
        assert shared.api("GET", f"/i/{forged(token)}").status == 404
    for guess in (forged(token), token):
        assert shared.api("GET", f"/i/{guess}").status == 429, "ten guesses an hour, as of codes"
    assert shared.api("GET", f"/i/{other}").status == 200, "of another meeting"


def test_conveners_and_committees_are_invited_like_members(shared):
    convener, committee = shared.sign_in("10000001002"), shared.sign_in("10000002001")
    meeting = call(shared, invited="convener:T2 committee:K1")
    for who in ("convener:T2", "committee:K1"):
        assert "参加请回复1" in told(shared, meeting, "meeting_invited", who)
    reply(shared, "10000001002", "1")
    wait_for(shared, meeting, coming="convener:T2")
    reply(shared, "10000002001", "2 另有会议")
    wait_for(shared, meeting, excused="committee:K1")
    path = f"/api/v1/meetings/{meeting['order']}"
    for person in (convener, committee):
        assert person.api("GET", path).status == 200
        wait_until(lambda: meeting["order"] in listed(person), 20, "it is on their list")
    assert shared.sign_in("10000002002").api("GET", path).status == 403, "that one is not invited"
    assert committee.api("POST", f"{path}/answer", {"reply": "comes"}).status == 200, "or by the page"
    assert "签到成功" in convener.api("GET", qr(shared, meeting).removeprefix(URL)).text
    assert look(shared, meeting)["present"] == "convener:T2"
    assert step(shared, meeting, "sign-in", {"who": "committee:K1"}).status == 200


# -- signing in --------------------------------------------------------------------------------------------------------

def test_a_code_signs_in_who_is_invited_there_and_then(shared):
    meeting, other = call(shared, invited="member:M103"), call(shared, invited="member:M103")
    member, stranger = shared.sign_in(PHONES["M103"]), shared.sign_in(PHONES["M201"])
    path = qr(shared, meeting).removeprefix(URL)
    first, second = "<h1>", "邀请名单里没有您"
    unknown = shared.api("GET", path)
    assert unknown.status == 401 and f'href="/w/{COUNTY}"' in unknown.text, "which leads to where they sign in"
    page = stranger.api("GET", path)
    assert page.status == 403 and first in page.text and second in page.text
    number = path.removeprefix("/s/").split("-")
    assert number[1] == meeting["order"].split("-")[1]
    assert member.api("GET", f"/s/{other['order']}-{number[2]}-{number[3]}").status == 404, "a code of another meeting"
    assert member.api("GET", forged(path)).status == 404
    assert look(shared, other)["present"] == ""
    assert member.api("GET", path).status == 200
    wait_until(lambda: member.api("GET", path).status == 410, 60, "a photo is of no use after a while", pause=1)
    assert look(shared, meeting)["present"] == "member:M103"

    later = call(shared, invited="member:M103", meets_at=ahead(hours=2))
    assert qr(shared, later).status == 409, "it is too early"
    assert step(shared, later, "sign-in", {"who": "member:M103"}).status == 409
    assert step(shared, meeting, "sign-in", {"who": "member:M201"}).status == 400, "not on the list"


def sign_in_all(system, phones):
    """Like sign_in(), but all codes are sent before the first is used."""
    for phone in phones:
        assert system.api("POST", "/api/v1/sign-in/code", {"county": COUNTY, "phone": phone}).status == 202
    wanted = set(phones)
    def sent():
        codes = {sms["to"]: re.search(r"\d{6}", sms["text"])[0] for sms in system.spool() if sms["template"] == "code"}
        return wanted <= codes.keys() and codes
    codes = wait_until(sent, 60, "all codes", pause=0.5)
    answers = [system.api("POST", "/api/v1/sign-in", {"county": COUNTY, "phone": phone, "code": codes[phone]})
               for phone in phones]
    return [Person(system, answer) for answer in answers]


def test_a_hundred_who_scan_at_once_are_signed_in(make_system, tmp_path):
    """Each of them changes the meeting that the others have seen, in one of four instances."""
    size = 100
    system = make_system(counties=[crowd(tmp_path, [(f"A{n}", "", "") for n in range(size)])],
                         instances={"intake": 2, "assignment": 4}, parameters={"intake": {"codes_burst": 1000}})
    ports = [process.environment["SIDAN_HTTP_PORT"] for process in system.of("intake")]
    people = sign_in_all(system, [f"100000051{n:02}" for n in range(size)])
    meeting = call(system, invited="group:G1")
    path = qr(system, meeting).removeprefix(URL)

    def scan(n):
        return requests.get(f"http://127.0.0.1:{ports[n % 2]}{path}", timeout=20,
                            headers={"Cookie": people[n].cookie}).status_code

    started = time.monotonic()
    with ThreadPoolExecutor(size) as pool:
        assert Counter(pool.map(scan, range(size))) == {200: size}
    assert time.monotonic() - started < 20, "within seconds"
    everybody = {f"member:A{n}": 1 for n in range(size)}
    assert Counter(look(system, meeting)["present"].split()) == everybody
    def signed_in():
        return [row for row in steps(system, meeting) if row["step"] == "signed_in"]
    wait_until(lambda: len(signed_in()) >= size, 20, "the journal has all")
    assert Counter(row["who"] for row in signed_in()) == everybody and {row["via"] for row in signed_in()} == {"qr"}


# -- visits ------------------------------------------------------------------------------------------------------------

def test_a_visit_is_a_step_of_its_order(shared):
    order = handled(shared)
    member = shared.sign_in(PHONES["M102"])
    assert member.step(order, "visit", {"note": ""}).status == 400
    assert member.step(order, "visit", {"note": "看了现场", "who": "member:M999"}).status == 400
    assert member.step(order, "visit", {"note": "看了现场", "visited_at": ahead(days=1)}).status == 400
    assert member.step(order, "visit", {"note": "看了现场", "who": "member:M102 member:M103",
                                        "visited_at": "2026-11-20T09:00:00+08:00"}).status == 200
    assert shared.sign_in(PHONES["M104"]).step(order, "visit", {"note": "路过"}).status == 403
    path = f"/api/v1/orders/{order['order']}/history"
    row = wait_until(lambda: [row for row in shared.api("GET", path, key="office").json["rows"]
                              if row.get("step") == "visited"], 20, "it is in the journal")[0]
    assert (row["actor"], row["who"], row["note"], row["visited_at"]) == (
        "member:M102", "member:M102 member:M103", "看了现场", "2026-11-20T09:00:00+08:00")
