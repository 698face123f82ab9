"""A meeting and what is suggested at it, in real browsers: host, guest, clerk."""

from datetime import datetime, timedelta, timezone

from conftest import systems_in
from harness import COUNTY, ROOT, wait_until
from scenes import play

ENDED = 105  # more than a part of a list


def test_a_meeting_and_its_suggestion(tmp_path):
    with systems_in(tmp_path) as make:
        system = make(parameters={"intake": {"web_dir": ROOT / "build/web"}})
        order = system.place(title="东门小区路灯不亮")
        system.wait_state(order, "open")
        system.claim_all(order)
        cookies = {role: system.sign_in(phone).cookie
                   for role, phone in (("host", "10000004101"), ("guest", "10000004102"), ("clerk", "10000003001"))}
        moment = f"{datetime.now(timezone(timedelta(hours=8))) + timedelta(minutes=20):%Y-%m-%dT%H:%M}"

        def suggestion():
            return wait_until(lambda: [row["order"] for row in system.api(
                "GET", f"/api/v1/suggestions?county={COUNTY}", key="office").json["rows"]], 20, "it is listed")[0]
        play(system, "meetings.mjs", "consult", {"suggestion": suggestion}, county=COUNTY, order=order["order"],
             cookies=cookies, moment=moment)
        rows = system.api("GET", f"/api/v1/suggestions?county={COUNTY}", key="office").json["rows"]
        assert [(row["title"], row["settled"]) for row in rows] == [("全部换成节能灯", "adopted")]
        assert system.api("GET", f"/api/v1/meetings?county={COUNTY}", key="office").json["total"] == 1, "it is called once"


def test_what_is_oldest_is_listed_too(tmp_path):
    with systems_in(tmp_path) as make:
        system = make(parameters={"intake": {"web_dir": ROOT / "build/web"}})
        order = system.place()
        system.wait_state(order, "open")
        begins = (datetime.now(timezone.utc) + timedelta(days=2)).isoformat(timespec="seconds")

        def made(what, **fields):
            answer = system.api("POST", f"/api/v1/{what}?county={COUNTY}", fields, key="office")
            assert answer.status == 201, answer
            return answer.json["order"]

        def ended(what, number, verb, **fields):
            answer = system.api("POST", f"/api/v1/{what}/{number}/{verb}", fields, key="office")
            assert answer.status == 200, answer
        for number in range(ENDED + 1):
            meeting = made("meetings", kind="micro", title=f"第 {number} 次会", place="会议室", meets_at=begins)
            suggestion = made("suggestions", title=f"第 {number} 条建言", committee="K1", about=order["order"])
            if number > 0:
                ended("meetings", meeting, "cancel", reason="不开了")
                ended("suggestions", suggestion, "settle", settled="not", reason="办不了")
        for what, state in (("meetings", "cancelled"), ("suggestions", "closed")):
            path = f"/api/v1/{what}?county={COUNTY}&state={state}"
            wait_until(lambda: system.api("GET", path, key="office").json["total"] == ENDED, 20, "all are archived")
        play(system, "meetings.mjs", "long", county=COUNTY, cookie=system.sign_in("10000005001").cookie,
             meeting="第 0 次会", suggestion="第 0 条建言", ended=ENDED)
