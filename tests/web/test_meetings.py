"""A meeting and what is suggested at it, in real browsers: host, guest, clerk."""

from datetime import datetime, timedelta, timezone

from conftest import systems_in
from harness import COUNTY, ROOT, wait_until
from scenes import play


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
