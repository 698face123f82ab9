"""履职: records of members, groups and departments, the portrait by the county's formula, the bulletin and its rankings."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from archive_files import wait_stored
from conftest import systems_in
from harness import COUNTY, make_county, wait_until
from workbook import sheets

FORMULA = "dimension,measure,points,most\n办理,answers,40,60\n参与,claims,30,100\n参与,lost,-50,100\n"
MEMBER, OTHERS_MEMBER, CITY = "10000004101", "10000004201", "10000005901"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("records")
    with systems_in(directory) as make:
        system = make(counties=[make_county(directory, files={"portrait.csv": FORMULA})])
        system.finish(system.place())  # M101, M102 and M103 claim it, and its resident is satisfied
        order = system.place()
        system.wait_state(order, "open")
        system.claim_all(order, ("M102", "M103", "M104"))
        assert system.step(order, "handover", {"actor": "member:M102", "department": "D01"}).status == 200
        assert system.step(order, "decline", {"actor": "member:M104", "reason": "出差"}).status == 200
        wait_stored(system)  # steps may overtake each other: an order may be closed there before its group has come
        yield system


def moment(**delta):
    return (datetime.now(timezone(timedelta(hours=8))) + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%S")


def period(**more):
    return f"county={COUNTY}&from={moment(days=-1)}&until={moment(**(more or {'days': 1}))}"


def records(system, caller=None, **more):
    answer = (caller.api("GET", f"/api/v1/records?{period(**more)}") if caller else
              system.api("GET", f"/api/v1/records?{period(**more)}", key="office"))
    assert answer.status == 200, answer
    return {row.get("member") or row.get("group") or row.get("department"): row for row in answer.json["rows"]
            if "member" in row or "name" in row}


def test_records_say_what_the_journal_says(system):
    rows = records(system)
    assert len([row for row in rows.values() if "member" in row]) == 24, "all of the roster"
    first, second, idle = rows["M101"], rows["M102"], rows["M201"]
    assert (first["claims"], first["answers"], first["satisfied"]) == (1, 1, 1)
    assert first["open"] == 1, "in place of M104"
    assert (second["claims"], second["answers"], second["open"]) == (2, 1, 1)
    assert first["name"] == "顾怀谷" and first["mean_ms"] > 0
    assert rows["M104"]["declines"] == 1 and "answers" not in rows["M104"]
    assert not {"answers", "claims", "open"} & idle.keys() and idle["score"] == 0
    assert rows["D01"]["open"] == 1 and "answers" not in rows["D01"] and rows["D01"]["name"] == "县住房和城乡建设局"
    answer = system.api("GET", f"/api/v1/records?{period(days=-0.5)}", key="office").json["rows"]
    assert not any("answers" in row or "claims" in row for row in answer), "of another period"


def test_a_portrait_goes_by_the_countys_formula(system):
    rows = records(system)
    portrait = {name: {part["dimension"]: part["score"] for part in rows[name]["portrait"]} for name in ("M101", "M102")}
    idle = {part["dimension"]: part["times"] for part in rows["M201"]["portrait"]}
    assert idle == {"办理": 0, "参与": 0} and rows["M102"]["portrait"][1]["times"] == 2, "how much there was to count"
    assert portrait == {"M101": {"办理": 40, "参与": 30}, "M102": {"办理": 40, "参与": 60}}
    assert (rows["M101"]["score"], rows["M102"]["score"]) == (35, 50)
    assert "portrait" not in next(row for row in rows.values() if "group" in row and "member" not in row)
    formula = system.api("GET", f"/api/v1/portrait?county={COUNTY}")
    assert formula.status == 200 and formula.json["rows"][2] == {
        "dimension": "参与", "measure": "lost", "points": -50, "most": 100}, "everybody may read it"
    assert system.api("GET", "/api/v1/portrait?county=123456").status == 404


def test_records_are_for_those_who_take_part(system):
    for phone in (MEMBER, OTHERS_MEMBER):
        member = system.sign_in(phone)
        assert records(system, member)["M101"]["answers"] == 1, "they are circulated"
    for path in ("api/v1/records", "api/v1/bulletin.xlsx", "b/bulletin"):
        assert system.api("GET", f"/{path}?{period()}").status == 401
        assert system.sign_in(CITY).api("GET", f"/{path}?{period()}").status == 403
        answer = system.api("GET", f"/{path}?county={COUNTY}", key="office")
        assert answer.status == 400, answer


def bulletin(system):
    answer = system.http.get(f"{system.url}/api/v1/bulletin.xlsx?{period()}", headers={
        "Authorization": "Bearer test-office-key", "Accept-Language": "zh-CN"}, timeout=20)
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    return sheets(answer.content)


def test_the_bulletin_as_a_workbook(system):
    book = bulletin(system)
    assert len(book) == 11 and all("云溪县政协履职情况通报" in rows[0][0] for rows in book.values())
    head, members = book["委员履职"][2], {row[0]: row for row in book["委员履职"][3:]}
    assert head[:4] == ["委员", "小组", "主动接单", "办结"] and head[-3:] == ["办理", "参与", "画像总分"]
    assert members["顾怀谷"][2:6] == [1, 1, 1, 0] and members["顾怀谷"][-3:] == [40, 30, 35]
    assert len(members) == 24
    ranked = next(rows for name, rows in book.items() if name.startswith("履职榜"))[3:]
    assert [row[0] for row in ranked] == [1, 1, 3, 4] and ranked[2][1:] == ["顾怀谷", 35], "those who are equal share a rank"
    overview = dict(book["本期点单"][3:])
    assert (overview["已办结"], overview["部门办理中"]) == (1, 1)
    groups = {row[0]: row for row in book["委员小组"][3:]}
    assert groups["城关委员小组"][1:5] == [1, 1, 0, "100%"]
    assert book["本年无故缺席5次以上"][3:] == [] and len(book["界别任务（四个一）"][3:]) == 16


def test_the_bulletin_as_a_page(system):
    member = system.sign_in(MEMBER)
    answer = member.api("GET", f"/b/bulletin?{period()}", headers={"Accept-Language": "en"})
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "script" not in answer.headers["Content-Security-Policy"] and "<script" not in answer.text
    titles = re.findall(r"<h2>(.*?)</h2>", answer.text)
    assert "<h1>云溪县政协: bulletin, " in answer.text
    assert "Groups by answers" in titles and "Groups by satisfaction" not in titles, "nobody stands in it"
    table = next(part for part in answer.text.split("<h2>") if part.startswith("Members<"))
    assert re.findall(r"<th>(.*?)</th>", table)[:6] == ["Member", "Group", "Claimed", "Answered", "Satisfied", "Given back"]
    assert "Dissatisfied" not in table and "Donations" not in table, "what nobody did takes no room"
    row = re.search(r"<tr><td>顾怀谷</td>.*?</tr>", answer.text)[0]
    assert re.findall(r"<td>(.*?)</td>", row)[2:6] == ["1", "1", "1", "0"]
    quarter = member.api("GET", f"/b/bulletin?county={COUNTY}&from=2026-07-01T00:00:00&until=2026-09-30T23:59:59",
                         headers={"Accept-Language": "zh-CN"})
    assert "云溪县政协2026年第三季度履职情况通报" in quarter.text


def test_what_a_merged_order_follows_is_counted_once(system):
    primary, order = system.place(community="C201"), system.place(community="C201", phone="10000000002")
    for one in (primary, order):
        system.wait_state(one, "open")
    assert system.step(order, "merge", {"primary": primary["order"]}).status == 200
    system.claim_all(primary, ("M201", "M202", "M203"))
    assert system.step(primary, "visit", {"actor": "member:M201", "who": "member:M201", "note": "看过了"}).status == 200
    assert system.step(primary, "handover", {"actor": "member:M201", "department": "D03"}).status == 200
    assert system.step(primary, "respond", {"actor": "department:D03", "note": "本周内换灯", "shown": 1}).status == 200
    assert system.step(primary, "decline", {"actor": "member:M203", "reason": "出差"}).status == 200
    follows = ["merged", "followed", "claimed", "claimed", "claimed", "visited", "handed_over", "responded", "declined"]
    wait_until(lambda: [row["step"] for row in system.history(order)][-9:] == follows, 20, "it has followed")
    wait_stored(system)
    rows = records(system)
    assert [rows[member].get(what) for member, what in (("M201", "claims"), ("M202", "claims"), ("M201", "visits"),
                                                        ("M203", "declines"), ("D03", "responses"))] == [1] * 5
    assert not any("-" in name for name in rows), "nor is its number somebody's"


def test_the_four_rankings(system):
    """By more, by better and by sooner; those of whom too few can be counted stand in none of the latter two."""
    handlers = {"C101": ("M101", "M102", "M103"), "C201": ("M201", "M202", "M203")}
    ratings = {"C101": ("satisfied", "basically"), "C201": ("satisfied", "satisfied", "dissatisfied", "basically")}
    for community, members in handlers.items():
        for rating in ratings[community]:
            order = system.place(community=community)
            system.wait_state(order, "open")
            system.claim_all(order, members)
            assert system.step(order, "handover", {"actor": f"member:{members[0]}", "department": "D02"}).status == 200
            assert system.step(order, "answer", {"actor": f"member:{members[0]}", "outcome": "learned",
                                                 "answer": "政策是这样规定的"}).status == 200
            assert system.rate(order, rating).status == 200
    wait_stored(system)

    def ranking(name):
        return next([row[:3] for row in rows[3:]] for title, rows in bulletin(system).items() if title.startswith(name))

    wait_until(lambda: ranking("解单榜") == [[1, "临河委员小组", 4], [2, "城关委员小组", 3]], 20, f"{ranking('解单榜')}")
    assert ranking("满意榜") == [[1, "城关委员小组", "100%"], [2, "临河委员小组", "75%"]]
    scores = {row["name"]: row["score"] for row in records(system).values() if row.get("member") and row["score"] > 0}
    best = ranking("履职榜")
    assert [row[2] for row in best] == sorted(scores.values(), reverse=True)[:10]
    assert {row[1]: row[2] for row in best}.items() <= scores.items()
    assert ranking("时效榜") == [[1, "县交通运输局", "100%"]], "of D01 too few can be counted"
    overview = dict(bulletin(system)["本期点单"][3:])
    assert overview["答复：讲清政策"] == 6, "a question that was really one about policy"


def test_what_nobody_said_the_place_of_is_a_matter_like_others(system):
    for title in ("想学用手机", "老年课堂报不上名"):
        system.wait_state(system.place(title=title, text="希望多办几期", category="education"), "screening")
    wait_stored(system)
    assert ["地点不详", "教育文体", 2, 0] in [row[:4] for row in bulletin(system)["高频事项"]]


def test_residents_of_one_matter_rate_one_answer(system):
    """Otherwise whoever joins an order again and again would make the record of those who handle it."""
    primary, order = system.place(community="C201"), system.place(community="C201", phone="10000000002")
    for one in (primary, order):
        system.wait_state(one, "open")
    assert system.step(order, "merge", {"primary": primary["order"]}).status == 200
    system.claim_all(primary, ("M204", "M205", "M206"))
    assert system.step(primary, "handover", {"actor": "member:M204", "department": "D04"}).status == 200
    assert system.step(primary, "answer", {"actor": "member:M204", "outcome": "solved", "answer": "换好了"}).status == 200
    system.wait_state(order, "answered")
    assert system.rate(primary, "satisfied").status == system.rate(order, "basically").status == 200
    wait_stored(system)
    rows = records(system)
    assert [rows[who].get(what) for who in ("M204", "D04") for what in ("answers", "satisfied")] == [1] * 4
