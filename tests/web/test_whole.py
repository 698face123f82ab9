"""The whole life of an order, from 点单 to 归单, through the pages of five people and the links in their SMS."""

from conftest import systems_in
from harness import COUNTY, ROOT, make_county, wait_until
from scenes import path_of, play
from test_desk import CLERK, COMMITTEE, CONVENER, LEADER

OTHERS = ("M102", "M103")


def test_through_the_pages_of_five_people(tmp_path_factory):
    directory = tmp_path_factory.mktemp("life")
    with systems_in(directory) as make:
        system = make(counties=[make_county(directory, settings={"threshold": "1"})],
                      parameters={"intake": {"web_dir": ROOT / "build/web"}})

        def link(order, template, recipient):
            return path_of(system.wait_sms({"order": order}, template=template, recipient=recipient)[0]["text"])

        def others(order):
            for member in OTHERS:
                system.step({"order": order}, "claim", {"member": member})
            return state(order, "assigned")

        def state(order, wanted):
            shown = lambda: system.api("GET", f"/api/v1/orders/{order}", key="office").json["state"]
            return wait_until(lambda: shown() == wanted, 20, f"{order} is {wanted}")
        people = {"convener": CONVENER, "member": LEADER, "clerk": CLERK, "committee": COMMITTEE}
        seen = play(system, "whole.mjs", "whole", {"link": link, "others": others, "state": state}, county=COUNTY,
                    cookies={who: system.sign_in(phone).cookie for who, phone in people.items()}, title="东门小区路灯不亮")
        rows = list(system.rows(f"/api/v1/orders/{seen['order']}/history?", key="office"))
        steps = [(row["step"], row["actor"]) for row in rows if "step" in row]
        assert [step for step, _ in steps if step not in ("placed", "screening", "claimed")] == [
            "screened", "handed_over", "responded", "answered", "reopened", "answered", "rated", "decided"]
        assert {actor.split(":")[0] for _, actor in steps} >= {"resident", "convener", "member", "department", "committee"}
