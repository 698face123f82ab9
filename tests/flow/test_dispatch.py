"""分单: who gets an order where nobody claims it, and why."""

from collections import Counter

from harness import COUNTY, make_county, read_table, wait_until

HEADER = "id,name,phone,group,communities,skills,leader\n"


def crowd(tmp_path, members, **more):
    """A county whose group G1 has these members (id, communities, skills)."""
    rows = [f"{id},某{n},100000051{n:02},G1,{communities},{skills}," for n, (id, communities, skills) in
            enumerate(members)]
    county = make_county(tmp_path, **more)
    others = [",".join(row.values()) for row in read_table(county / "members.csv") if row["group"] != "G1"]
    (county / "members.csv").write_text(HEADER + "\n".join(rows + others) + "\n", encoding="utf-8")
    return county


def end_claim_windows(system, orders):
    """All at the same moment, which is now; nobody looks any more whether that is right."""
    wait_until(lambda: system.redis.exists(f"swept:{{{COUNTY}}}"), 30, "the clocks have been looked through")
    system.redis.zadd(f"clock:{{{COUNTY}}}", {f"{order['order']}|claim|0": 1 for order in orders}, xx=True)


def open_orders(system, orders):
    """Of how many of these orders each member is."""
    return Counter(member for order in orders for member in system.order(order)["members"].split())


def test_load_is_even_whoever_chooses(make_system, tmp_path):
    """Many claim windows end at once, in three instances: nobody has two orders more than another of their kind."""
    kinds = {"A": ("C101", "construction"), "B": ("C101", ""), "C": ("", "construction"), "D": ("", "")}
    members = [(f"{kind}{n}", *kinds[kind]) for kind in kinds for n in range(4)]
    system = make_system(counties=[crowd(tmp_path, members)], instances={"assignment": 3})
    orders = [system.place(title=f"东门小区第{n}盏路灯不亮", **({} if n % 2 else {"community": "C102"}))
              for n in range(40)]
    clock = f"clock:{{{COUNTY}}}"
    wait_until(lambda: sum("|claim|" in entry for entry in system.redis.zrange(clock, 0, -1)) == len(orders), 30,
               "all are in the pool")
    end_claim_windows(system, orders)
    for order in orders:
        system.wait_state(order, "assigned", timeout=60)
    counted = open_orders(system, orders)
    for kind in kinds:
        loads = [counted[f"{kind}{n}"] for n in range(4)]
        assert max(loads) - min(loads) <= 1, counted
    kept = system.redis.hgetall(f"load:{{{COUNTY}}}")
    assert {member: int(load) for member, load in kept.items() if ":" not in member} == counted
    assert int(kept["group:G1"]) == len(orders), "each choice once"


def test_place_and_skill_come_first_and_the_journal_says_why(make_system, tmp_path):
    members = [("A1", "", ""), ("A2", "", "construction"), ("A3", "C101", ""), ("A4", "C101", "construction")]
    system = make_system(counties=[crowd(tmp_path, members, clocks={("normal", "claim"): "1s"})])
    first, second = system.place(), system.place()
    for order in (first, second):
        assert system.wait_state(order, "assigned")["members"] == "A4 A3 A2", "they have the place or the skill"
    wait_until(lambda: system.history(second)[-1]["step"] == "assigned", 20, "the journal has it")
    shown = system.ctl("order", "show", second["order"])
    assert ("chosen: A4 (place, skill, load 1), A3 (place, load 1), A2 (skill, load 1); not chosen: A1 (load 0)"
            in shown), shown
