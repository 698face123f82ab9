"""建言: opinions, promises and what is passed to supervision, each followed until it is settled and re-checked (销号)."""

from datetime import datetime, timedelta, timezone

import msgpack
import pytest

from archive_files import wait_at_rest
from conftest import systems_in
from harness import COUNTY, ROOT, make_county, wait_until
from test_life import steps
from test_meetings import CHINA, ahead, call, handled
from test_meetings import step as meeting_step
from test_second_implementation import ASSIGNMENT, DUPLICATE, EVENT, LATER, OK, REFUSED, Peer, envelope

MEMBER, CLERK, OTHER_CLERK, COMMITTEE = "10000004102", "10000003001", "10000003002", "10000002001"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file. Times are short where they have to pass."""
    directory = tmp_path_factory.mktemp("suggestions")
    county = make_county(directory, settings={"follow": "3s", "escalate": "1s", "recheck": "3s"})
    with systems_in(directory) as make:
        yield make(counties=[county])


def raise_it(person, status=201, **fields):
    answer = person.api("POST", f"/api/v1/suggestions?county={COUNTY}", {"title": "路灯都换成节能灯"} | fields)
    assert answer.status == status, answer
    return answer.json


def step(who, suggestion, verb, body, **more):
    return who.api("POST", f"/api/v1/suggestions/{suggestion['order']}/{verb}", body, **more)


def look(system, suggestion):
    answer = system.api("GET", f"/api/v1/suggestions/{suggestion['order']}", key="office")
    assert answer.status == 200, answer
    return answer.json


def listed(who, query="", **more):
    answer = who.api("GET", f"/api/v1/suggestions?county={COUNTY}&limit=1000{query}", **more)
    assert answer.status == 200, answer
    return [row["order"] for row in answer.json["rows"]]


def journal(system, suggestion):
    answer = system.api("GET", f"/api/v1/suggestions/{suggestion['order']}/history", key="office").json
    rows = answer.get("rows", [])  # none while the first step is on its way to the archive
    return [row for row in rows if "step" in row]


def waited(system, suggestion, *names):
    """Waits until the journal has a step of each of these names."""
    return wait_until(lambda: set(names) <= {row["step"] for row in journal(system, suggestion)} and
                      journal(system, suggestion), 30, f"steps {names}")


def test_an_opinion_is_followed_until_it_is_struck_off(shared):
    order = handled(shared)
    member, clerk, committee = (shared.sign_in(phone) for phone in (MEMBER, CLERK, COMMITTEE))
    meeting = call(shared, about=order["order"], invited="member:M102")
    assert raise_it(member, 400, meeting=meeting["order"])["field"] == "committee", "to whom?"
    both = {"department": "D01", "committee": "K1"}
    assert raise_it(member, 400, meeting=meeting["order"], **both)["field"] == "committee", "to one of them"
    assert raise_it(member, 400, department="D01")["field"] == "about", "about what?"
    assert raise_it(member, 409, meeting=f"{COUNTY}-H000999", department="D01")["field"] == "meeting"
    opinion = raise_it(member, meeting=meeting["order"], department="D01", text="省电")
    now = look(shared, opinion)
    assert opinion["order"].startswith(f"{COUNTY}-J") and now["state"] == "followed" and now["light"]
    assert (now["kind"], now["host"], now["members"], now["about"], now["meeting"], now["group"]) == (
        "opinion", "member:M102", "M102", order["order"], meeting["order"], "G1")
    shared.wait_sms(opinion, template="suggestion_raised", recipient="department:D01")

    # It is overdue: who has it and who follows it are told, then the committee.
    waited(shared, opinion, "reminded", "escalated")
    for who in ("department:D01", "member:M102"):
        shared.wait_sms(opinion, template="reminder", recipient=who)
    shared.wait_sms(opinion, template="escalated", recipient="committee:K1")
    assert opinion["order"] in listed(shared, "&overdue=1", key="office")
    assert opinion["order"] not in listed(shared, "&overdue=0", key="office")

    assert step(clerk, opinion, "settle", {"settled": "adopted"}).status == 403, "nobody settles what they had to do"
    assert step(clerk, opinion, "comment", {"note": "已列入计划", "proposed": "adopted"}).status == 200
    shared.wait_sms(opinion, template="suggestion_proposed", recipient="member:M102")
    assert step(member, opinion, "recheck", {"kept": 1}).status == 409
    assert step(member, opinion, "settle", {"settled": "adopted"}).status == 200
    shared.wait_sms(opinion, template="suggestion_settled", recipient="department:D01")

    # After its time it comes up for a re-check, of which it is not kept.
    rows = wait_until(lambda: len([row for row in journal(shared, opinion) if row["step"] == "reminded"]) == 2 and
                      journal(shared, opinion), 30, "it is time for the re-check")
    assert [row["note"] for row in rows if row["step"] == "reminded"] == ["follow", "recheck"]
    assert step(committee, opinion, "recheck", {"kept": 0}).status == 400, "why?"
    assert step(committee, opinion, "recheck", {"kept": 0, "reason": "还没换"}).status == 200
    assert look(shared, opinion)["state"] == "followed"
    shared.wait_sms(opinion, template="suggestion_not_kept", recipient="department:D01")
    assert step(committee, opinion, "settle", {"settled": "adopted"}).status == 200
    assert step(committee, opinion, "recheck", {"kept": True}).status == 200

    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{opinion['order']}"), 20, "it has left Redis")
    stories = [shared.api("GET", f"/api/v1/orders/{order['order']}/story", **who).json["text"] for who in
               ({"key": "office"}, {"code": order["code"]})]
    assert ["建言“路灯都换成节能灯”：采纳" in story for story in stories] == [True, False], "for those who handle it"
    now = look(shared, opinion)
    assert (now["state"], now["settled"], now["kept"]) == ("closed", "adopted", 1)
    assert opinion["order"] in listed(shared, "&state=closed&settled=adopted&department=D01", key="office")
    assert not shared.redis.zrangebylex(f"clock:{{{COUNTY}}}", "-", "+") or not [
        entry for entry in shared.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1) if entry.startswith(opinion["order"])]
    assert meeting_step(shared, meeting, "cancel", {"reason": "不开"}).status == 200


def test_who_sees_the_list_and_each_of_it(shared):
    order = handled(shared)
    member, clerk, committee = (shared.sign_in(phone) for phone in (MEMBER, CLERK, COMMITTEE))
    strangers = [shared.sign_in(phone) for phone in (OTHER_CLERK, "10000002002", "10000004104", "10000004201")]
    assert raise_it(strangers[2], 409, about=order["order"], department="D01")["field"] == "about"
    opinion = raise_it(member, about=order["order"], department="D01")
    assert step(member, opinion, "settle", {"settled": "not", "reason": ""}).status == 400
    for person in (member, clerk, committee):
        wait_until(lambda: opinion["order"] in listed(person), 20, "it is on their list")
        assert person.api("GET", f"/api/v1/suggestions/{opinion['order']}").status == 200
    for person in strangers:
        assert opinion["order"] not in listed(person)
        assert person.api("GET", f"/api/v1/suggestions/{opinion['order']}").status == 403
    filters = {"state": "followed", "kind": "opinion", "group": "G1", "town": "T1", "department": "D01",
               "member": "M102", "order": order["order"]}
    for name, value in filters.items():
        assert opinion["order"] in listed(shared, f"&{name}={value}", key="office"), name
        assert opinion["order"] not in listed(shared, f"&{name}=nonsense", key="office"), name
    assert opinion["order"] not in listed(shared, "&committee=K1", key="office")
    assert step(committee, opinion, "settle", {"settled": "not", "reason": "没有预算"}).status == 200
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{opinion['order']}"), 20, "it is struck off")


def test_a_promise_is_followed_by_its_date(shared):
    order = handled(shared)
    assert shared.step(order, "handover", {"actor": "member:M102", "department": "D01"}).status == 200
    answer = {"actor": "member:M102", "outcome": "explained", "answer": "月底换灯"}
    assert shared.step(order, "answer", answer | {"promised_at": ahead(days=-1)}).status == 400
    promised = (datetime.now(CHINA) + timedelta(days=9)).replace(microsecond=0).isoformat()
    assert shared.step(order, "answer", answer | {"promised_at": promised}).status == 200
    assert shared.order(order)["promised_at"] == promised, "its resident sees by when"
    number = wait_until(lambda: listed(shared, f"&order={order['order']}&kind=promise", key="office"), 20, "it is there")
    promise = {"order": number[0]}
    now = look(shared, promise)
    assert (len(number), now["due"], now["department"], now["text"], now["state"]) == (
        1, promised, "D01", "月底换灯", "followed")
    shared.wait_sms(promise, template="suggestion_raised", recipient="department:D01")
    member = shared.sign_in(MEMBER)
    assert step(member, promise, "settle", {"settled": "adopted"}).status == 403, "it is their own promise"
    extension = {"days": 3, "reason": "下雨"}
    assert step(shared, promise, "extend", extension | {"days": 40}, key="office").status == 400
    assert step(shared, promise, "extend", extension, key="office").status == 200
    later = datetime.fromisoformat(promised).astimezone(timezone.utc) + timedelta(days=3)
    assert datetime.fromisoformat(look(shared, promise)["due"]).astimezone(timezone.utc) == later
    for who in ("department:D01", "member:M102"):
        assert "下雨" in shared.wait_sms(promise, template="extended", recipient=who)[0]["text"]
    assert step(shared, promise, "settle", {"settled": "partly", "reason": "换了一半"}, key="office").status == 200
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{promise['order']}"), 20, "it is struck off")
    assert "answered" in steps(shared, order)


@pytest.mark.parametrize("retention", [180, 0])
def test_a_resident_hears_what_became_of_a_promise(make_system, tmp_path, retention):
    """After their order was closed, as long as their contact is kept; so long the order stays where it can be told."""
    system = make_system(counties=[make_county(tmp_path, settings={"retention": str(retention)})])
    order = handled(system)
    other = system.place()
    system.wait_state(other, "open")
    assert system.step(other, "merge", {"primary": order["order"]}).status == 200
    promise = {"actor": "member:M102", "outcome": "explained", "answer": "月底换灯", "promised_at": ahead(days=9)}
    assert system.step(order, "answer", promise).status == 200
    late = system.place()
    system.wait_state(late, "open")
    assert system.step(late, "merge", {"primary": order["order"]}).status == 200
    three = (order, other, late)
    for one in three:
        system.wait_state(one, "answered")
        assert system.rate(one, "satisfied").status == 200
        system.wait_state(one, "closed")
    about = lambda one: listed(system, f"&order={one['order']}", key="office")
    number = wait_until(lambda: about(late) and about(other), 20, "it is about all")[0]
    followed, keys = {"order": number}, [f"order:{{{COUNTY}}}:{one['order']}" for one in three]
    if retention == 0:
        wait_until(lambda: not system.redis.exists(*keys), 30, "nothing is kept")
    assert step(system, followed, "settle", {"settled": "adopted"}, key="office").status == 200
    if retention == 0:
        system.wait_sms(followed, template="suggestion_settled")
        wait_at_rest(system)
        assert not [sms for sms in system.spool() if sms["template"] == "promise_settled"]
        return
    for one in three:
        assert "已经落实" in system.wait_sms(one, template="promise_settled", recipient="resident")[0]["text"]
    assert step(system, followed, "recheck", {"kept": 0, "reason": "又坏了"}, key="office").status == 200
    assert "又坏了" in system.wait_sms(order, template="promise_not_kept", recipient="resident")[0]["text"]
    assert step(system, followed, "settle", {"settled": "adopted"}, key="office").status == 200
    assert system.redis.exists(*keys) == 3, "as long as there is something to tell"
    assert step(system, followed, "recheck", {"kept": 1}, key="office").status == 200
    assert "确实落实了" in system.wait_sms(order, template="promise_kept", recipient="resident")[0]["text"]
    wait_until(lambda: not system.redis.exists(*keys), 60, "there is nothing left to tell")


def test_of_a_county_that_cannot_be_read_nothing_leaves(make_system, tmp_path):
    """How long its residents may be told says the county. Those that stay for a promise are counted by themselves."""
    other = "990104"
    counties = [make_county(tmp_path, county=county) for county in (COUNTY, other)]
    system = make_system(counties=counties, parameters={"archive": {"retire_ms": 3600000}})
    archive, = system.of("archive")
    promised, plain = handled(system), handled(system)
    promise = {"actor": "member:M102", "outcome": "explained", "answer": "月底换灯", "promised_at": ahead(days=9)}
    assert system.step(promised, "answer", promise).status == 200
    system.wait_state(promised, "answered")
    system.answer_it(plain)
    for order in (promised, plain):
        assert system.rate(order, "satisfied").status == 200
    wait_until(lambda: "sidan_archive_cases_total{} 2" in system.metrics(archive), 20, "both are cases")
    archive.stop()
    system.allowed_errors.append("the configuration before it stays in force")
    system.redis.hset(f"config:{{{COUNTY}}}", mapping={"revision": 99, "members.csv": "of,another,kind\n"})
    archive.environment["SIDAN_RETIRE_MS"] = "50"
    archive.start()
    elsewhere = system.place(county=other)
    system.finish(elsewhere)
    wait_until(lambda: not system.redis.exists(f"order:{{{other}}}:{elsewhere['order']}"), 30, "another county's leaves")
    keys = [f"order:{{{COUNTY}}}:{order['order']}" for order in (promised, plain)]
    assert system.redis.exists(*keys) == 2
    system.ctl("county", "apply", str(counties[0]))
    wait_until(lambda: not system.redis.exists(keys[1]), 30, "it leaves once its county can be read")
    wait_until(lambda: "sidan_archive_waiting_retire{} 0" in system.metrics(archive), 20, "none is stuck")
    assert "sidan_archive_followed{} 1" in system.metrics(archive) and system.redis.exists(keys[0])


def test_supervision_is_followed_by_the_committee(shared):
    order = handled(shared)
    answer = {"actor": "member:M102", "outcome": "supervision", "answer": "部门推诿，转民主监督"}
    assert shared.step(order, "answer", answer, idempotency="once").status == 200
    assert shared.step(order, "answer", answer, idempotency="once").status == 200
    number = wait_until(lambda: listed(shared, f"&order={order['order']}", key="office"), 20, "it is there")
    supervision = {"order": number[0]}
    now = look(shared, supervision)
    assert (len(number), now["kind"], now["committee"], now["title"]) == (1, "supervision", "K1", "东门小区路灯不亮")
    asked = shared.wait_sms(supervision, template="suggestion_raised", recipient="committee:K1")[0]["text"]
    assert "请办理（转入民主监督）" in asked, "the committee sees that it is its own to follow"
    waited(shared, supervision, "escalated")
    shared.wait_sms(supervision, template="escalated", recipient="chair")
    committee = shared.sign_in(COMMITTEE)
    assert supervision["order"] in listed(committee, "&kind=supervision&committee=K1")
    assert step(shared.sign_in(MEMBER), supervision, "settle", {"settled": "adopted"}).status == 403
    assert step(committee, supervision, "settle", {"settled": "not", "reason": "部门无权"}).status == 200


def test_an_event_that_makes_something_makes_it_once(shared):
    """To whichever instance it comes again, and how close behind: by then its number has been given."""
    peer, number = Peer(shared, "assignment", "assignment"), f"{COUNTY}-J900001"
    follow = {"type": "suggestion.follow", "v": 1, "at": 1, "actor": "member:M101", "kind": "promise", "title": "换灯",
              "about": f"{COUNTY}-000001", "group": "G1", "committee": "K1", "promised_at": 4102444800000}

    def send(sequence, message_id):
        head = envelope(kind=EVENT, order=number, source=ASSIGNMENT, destination=ASSIGNMENT, sequence=sequence,
                        id=message_id * 24)
        return peer.ask(head, follow)[0]["status"]
    assert send(2, "b") == LATER, "the one before it is missing"
    assert send(1, "a") == OK and look(shared, {"order": number})["ver"] == 1
    assert send(1, "a") == DUPLICATE
    assert send(1, "c") == REFUSED, "two histories"
    assert len(waited(shared, {"order": number}, "raised")) == 1

    # Two instances that both saw nothing there: the commit knows. Without an event the number is simply taken.
    script = (ROOT / "common/lua/commit.lua").read_text(encoding="utf-8")
    key, changes = f"order:{{{COUNTY}}}:{COUNTY}-J900002", f"changes:{{{COUNTY}}}"
    plan = {"order": f"{COUNTY}-J900002", "create": True, "version": 0, "set": ["state", "followed"], "changes": 2,
            "lease": 0, "sends": [], "writes": []}
    event = {"edge": "assignment>assignment", "seq": 1, "id": "a" * 24}

    def commit(parts):
        return shared.redis.eval(script, 2, key, changes, msgpack.packb(parts))[0]
    assert [commit(plan | event), commit(plan | event), commit(plan)] == ["applied", "duplicate", "exists"]
    shared.redis.delete(key)


def test_they_are_made_anew_out_of_the_journal(shared):
    """And whoever changes a row of them is found."""
    meeting = call(shared)
    order = handled(shared)
    raise_it(shared.sign_in(MEMBER), about=order["order"], department="D01")
    wait_until(lambda: meeting["order"] in [row["order"] for row in shared.rows(
        f"/api/v1/meetings?county={COUNTY}", key="office")], 20, "it is stored")

    def state():
        return {path: sorted((row["order"], row["state"]) for row in shared.rows(
            f"/api/v1/{path}?county={COUNTY}", key="office")) for path in ("meetings", "suggestions")}
    wait_until(lambda: shared.ctl("journal", "verify", COUNTY, check=False).returncode == 0, 20, "all is well")
    before = state()
    shared.ctl("journal", "rebuild", COUNTY)
    assert state() == before and all(before.values())
    assert shared.ctl("journal", "verify", COUNTY)
