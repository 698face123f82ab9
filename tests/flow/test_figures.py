"""Figures and 高频事项 (hot topics): numbers without names, that add up to the orders that there are; the city sees all its counties."""

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from archive_files import wait_stored
from conftest import systems_in
from harness import COUNTY, make_county, wait_until

OTHER, THIRD = "990104", "990105"
CITY, CONVENER, MEMBER = "10000005901", "10000001001", "10000004104"
CATEGORIES = {"东门小区路灯不亮": 5, "东门小区垃圾没人清运": 3, "东门小区井盖坏了": 1}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("figures")
    others = [make_county(directory, county, keys={}) for county in (OTHER, THIRD)]
    staff = others[1] / "staff.csv"  # the third county belongs to another city
    staff.write_text("".join(line for line in staff.read_text(encoding="utf-8").splitlines(True) if CITY not in line),
                     encoding="utf-8")
    with systems_in(directory) as make:
        yield make(counties=[make_county(directory), *others])


def figures(caller, county=COUNTY, **more):
    query = "&".join(f"{name}={value}" for name, value in more.items())
    answer = caller.api("GET", f"/api/v1/figures?county={county}&{query}")
    assert answer.status == 200, answer
    table = {}
    for row in answer.json["rows"]:
        table.setdefault(row["figure"], {})[row["value"]] = row["count"]
    return answer.json["total"], table


def moment(**ago):
    return (datetime.now() - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S")


def test_figures_add_up_to_the_orders(system):
    orders = [system.place(title=title) for title, count in CATEGORIES.items() for _ in range(count)]
    for order in orders:
        system.wait_state(order, "open", "screening")
    rated = next(order for order in orders if system.order(order)["state"] == "open")
    system.finish(rated)
    convener = system.sign_in(CONVENER)

    wait_stored(system)  # steps may overtake each other: an order may be closed there before its category has come
    rows = list(system.rows(f"/api/v1/orders?county={COUNTY}&limit=100", key="office"))
    total, table = figures(convener)
    assert total == len(orders)
    for name in ("state", "category", "town", "group", "urgency"):
        assert table[name] == Counter(row[name] for row in rows if row.get(name)), name
    assert "department" not in table, "none was handed one; that one is suggested counts for nothing"
    assert table["rating"] == {"satisfied": 1} and sum(table["outcome"].values()) == 1
    assert 0 < table["mean_ms"]["answered"] < 60000 and "overdue" not in table
    assert figures(convener, until=moment(days=1)) == (0, {}), "of another period"

    text = convener.api("GET", f"/api/v1/figures?county={COUNTY}").text
    assert "mean_ms" in text and not any(word in text for word in ("路灯", "周小雨", COUNTY + "-"))


def test_the_city_sees_its_counties_side_by_side_and_nothing_else(system):
    city = system.sign_in(CITY)
    assert city.api("GET", "/api/v1/me").json["counties"] == [COUNTY, OTHER]
    assert figures(city)[0] > 0 and figures(city, OTHER)[0] == 0
    assert city.api("GET", f"/api/v1/figures?county={THIRD}").status == 403, "of another city"
    for path in ("orders", "cases?q=路灯", "audit"):
        for county in (COUNTY, OTHER):
            joint = "&" if "?" in path else "?"
            assert city.api("GET", f"/api/v1/{path}{joint}county={county}").status == 403, path
    convener, member = system.sign_in(CONVENER), system.sign_in(MEMBER)
    assert "counties" not in convener.api("GET", "/api/v1/me").json
    assert convener.api("GET", f"/api/v1/figures?county={OTHER}").status == 403, "a convener is of one county"
    assert member.api("GET", f"/api/v1/figures?county={COUNTY}").status == 403
    assert system.api("GET", f"/api/v1/figures?county={OTHER}", key="office").status == 403
    assert system.api("GET", f"/api/v1/figures?county={COUNTY}").status == 401


def test_hot_topics_with_their_growth(system):
    path = f"/api/v1/topics?county={COUNTY}"
    rows = system.api("GET", f"{path}&from={moment(days=30)}", key="office").json["rows"]
    wanted = [(row["town"], row["category"]) for row in system.rows(f"/api/v1/orders?county={COUNTY}", key="office")
              if row.get("category")]
    frequent = {topic: count for topic, count in Counter(wanted).items() if count > 1}
    assert {(row["town"], row["category"]): row["count"] for row in rows} == frequent and frequent
    assert [row["count"] for row in rows] == sorted(frequent.values(), reverse=True)
    assert {row["before"] for row in rows} == {0}, "all of them are new"
    assert len(system.api("GET", f"{path}&from={moment(days=30)}&limit=1", key="office").json["rows"]) == 1
    missing = system.api("GET", path, key="office")
    assert missing.status == 400 and missing.json["field"] == "from", missing

    # An hour that begins now: what was raised till now is in the hour before, and what comes in is growth.
    time.sleep(1.1)  # it is told in whole seconds
    begins = datetime.now(timezone.utc)
    town, category = max(frequent, key=frequent.get)
    like = next(row for row in system.rows(f"/api/v1/orders?county={COUNTY}", key="office")
                if (row["town"], row.get("category")) == (town, category))
    same = {name: like[name] for name in ("title", "text", "community") if like.get(name)}
    more = [system.place(**same) for _ in range(3)]
    for order in more:
        system.wait_state(order, "open", "screening")
    query = f"{path}&from={begins:%Y-%m-%dT%H:%M:%SZ}&until={begins + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"

    def grown():
        return [row for row in system.api("GET", query, key="office").json["rows"]
                if (row["town"], row["category"], row["count"]) == (town, category, 3)]
    row = wait_until(grown, 20, "the archive has them")[0]
    assert row["before"] == frequent[town, category], "of as long a time before"


def public(system, county=COUNTY, **more):
    query = "&".join(f"{name}={value}" for name, value in more.items())
    answer = system.api("GET", f"/api/v1/counties/{county}/figures?{query}")
    assert answer.status == 200, answer
    return {(row["figure"], row["value"]): row for row in answer.json["rows"]}, answer


def test_everybody_reads_numbers_and_none_of_fewer_than_five(system):
    before = {value for figure, value in public(system)[0] if figure == "category"}
    for order in [system.place(title="东门小区垃圾没人清运") for _ in range(5)]:
        system.wait_state(order, "open", "screening")
    wait_stored(system)
    told, answer = public(system)
    rows = list(system.rows(f"/api/v1/orders?county={COUNTY}&limit=100", key="office"))
    now = datetime.now(timezone(timedelta(hours=8)))
    year, month = f"{now:%Y}", f"{now:%Y-%m}"
    assert told["placed", year]["count"] == told["placed", month]["count"] == len(rows)
    assert told["closed", year] == {"figure": "closed", "value": year, "below": 5}, "one is closed"
    assert told["rating", "satisfied"] == {"figure": "rating", "value": "satisfied", "below": 5}
    assert ("mean_ms", year) not in told, "which would be how long that one took"
    counts = Counter(row["category"] for row in rows if row.get("category"))
    categories = {value: row["count"] for (figure, value), row in told.items() if figure == "category"}
    assert not before, "there were few of one, which the other would have told"
    assert len(counts) > 1 and categories == counts, "of each there are enough now"
    assert "周小雨" not in answer.text and "东门" not in answer.text and "M101" not in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=600", "thousands may look at once"

    assert {figure for figure, value in public(system, year=2001)[0] if value != year} == set()
    assert public(system, OTHER)[0] == {}
    unknown = system.api("GET", "/api/v1/counties/123456/figures")
    assert unknown.status == 404 and unknown.headers["Cache-Control"] == "no-store"
    assert system.api("GET", f"/api/v1/counties/{COUNTY}/figures?year=soon").status == 400
