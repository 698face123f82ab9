"""The office's pages in a real browser: the wall, figures, records, cases, the audit trail, classes, entries, posters."""

import base64
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from conftest import systems_in
from harness import COUNTY, ROOT, SMS_CODES, make_county, wait_until
from scenes import play
from test_libraries import case, publish, story

CHINA = timezone(timedelta(hours=8))
OTHER = "990104"
OFFICE, CITY, CONVENER, MEMBER, LEADER = "10000005001", "10000005901", "10000001001", "10000004104", "10000004301"
PERSON = {"name": "周小雨", "phone": "13805590001"}
WORDS = "我家在三号楼，天天走这里"
SOON = {("urgent", "answer"): "1s"}  # an order that is overdue
SAFETY = "safety,安全隐患,城建环保,D08,urgent,2,,护栏、电线、坑洞\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Two counties of one city; in the first something of everything."""
    directory = tmp_path_factory.mktemp("office")
    with systems_in(directory) as make:
        categories = (ROOT / "deploy/counties/990101/categories.csv").read_text(encoding="utf-8") + SAFETY
        counties = [make_county(directory, clocks=SOON, files={"categories.csv": categories, **SMS_CODES}), make_county(directory, OTHER, settings={"name": "临江县政协"}, keys={})]
        system = make(counties=counties, parameters={"intake": {"web_dir": ROOT / "build/web"}})
        for category, community, titles in (
                ("construction", "C101", ("东门小区井盖松了", "东门小区路面积水", "东大街路灯不亮", "菜场门口路面破损")),
                ("environment", "C201", ("滨河公园有人烧垃圾", "滨河路油烟扰民", "河边垃圾没人清运")),
                ("education", "C301", ("青山中学操场太窄", "集镇没有儿童图书室"))):
            for title in titles:
                system.wait_state(system.place(title=title, text=WORDS, category=category, community=community), "open")
        for title in ("想学用手机", "老年课堂报不上名"):  # nobody says where
            system.wait_state(system.place(title=title, text="希望多办几期", category="education"), "screening")
        system.published = case(system, title="西门小区的路灯修好了")
        assert publish(system, system.published).status == 200
        system.review = case(system, title="书香名邸门口装了减速带")
        system.private = case(system, title="学府花园的井盖补上了", public=0)
        system.late = system.place(title="大桥护栏断了", text=WORDS, category="safety", community="C101")
        system.wait_state(system.late, "open")
        system.claim_all(system.late, ("M101", "M102"))
        wait_until(lambda: system.order(system.late).get("light") == "red", 20, "it is overdue")
        yield system


@pytest.fixture(scope="module")
def office(system):
    return system.sign_in(OFFICE)


def placed_today(system):
    midnight = datetime.now(CHINA).strftime("%Y-%m-%dT00:00:00")
    return system.api("GET", f"/api/v1/figures?county={COUNTY}&from={midnight}", key="office").json["total"]


def test_the_wall_follows_what_happens_and_names_nobody(system, office):
    def place():
        order = system.place(title=f"学府路电线垂下来，请打{PERSON['phone']}", text=WORDS, category="safety", community="C103", **PERSON)
        system.wait_state(order, "open")
        return "学府路电线垂下来"
    play(system, "office.mjs", "wall", {"place": place, "placed": lambda: placed_today(system)}, county=COUNTY,
         cookie=office.cookie, city=system.sign_in(CITY).cookie, secrets=[*PERSON.values(), WORDS])


def test_figures_lead_to_a_class_of_matters(system, office):
    play(system, "office.mjs", "figures", {"placed": lambda: placed_today(system)}, county=COUNTY, cookie=office.cookie)


def test_orders_are_found_by_number_and_phone(system, office):
    play(system, "office.mjs", "search", county=COUNTY, cookie=office.cookie, order=system.late["order"],
         convener=system.sign_in(CONVENER).cookie, phone="10000000001")
    looks = office.api("GET", f"/api/v1/audit?county={COUNTY}").json["rows"]
    assert [row["result"] for row in looks if row["action"] == "orders.find"] == ["done"], "one look, on record"


def test_records_are_sorted_and_portraits_explained(system, office):
    play(system, "office.mjs", "records", county=COUNTY, cookie=office.cookie, member=system.sign_in(MEMBER).cookie,
         memberName="顾怀谷", leader=system.sign_in(LEADER).cookie)


def test_a_case_is_reviewed_published_and_taken_back(system, office):
    def public(order):
        answer = system.api("GET", f"/api/v1/counties/{COUNTY}/cases/{order}")
        return answer.json["title"] if answer.status == 200 else ""
    play(system, "office.mjs", "cases", {"public": public}, county=COUNTY, cookie=office.cookie, title="书香名邸门口装了减速带",
         order=system.review["order"], hidden=system.private["order"], secret=PERSON["phone"])
    assert "published" not in story(system, system.review)


def test_the_trail_is_searched(system, office):
    office.step(system.late, "contact")
    seen = wait_until(lambda: office.api("GET", f"/api/v1/audit?county={COUNTY}&order={system.late['order']}").json["rows"], 20,
                      "the look is in the trail")
    assert seen[0]["action"] == "order.contact"
    play(system, "office.mjs", "audit", county=COUNTY, cookie=office.cookie, order=system.late["order"])


def test_entries_and_absences(system, office):
    day = (datetime.now(CHINA) + timedelta(days=3)).strftime("%Y-%m-%d")
    play(system, "office.mjs", "entries", {"day": lambda: day, "label": lambda: "温静姝（城关委员小组）"}, county=COUNTY,
         cookie=office.cookie, member=system.sign_in(MEMBER).cookie, memberName="温静姝")


def test_the_city_compares_its_counties(system):
    play(system, "office.mjs", "city", county=COUNTY, cookie=system.sign_in(CITY).cookie)


def test_the_office_reads_what_sms_say(system, office):
    play(system, "office.mjs", "sms", county=COUNTY, cookie=office.cookie)


def test_posters_are_printed(system, office, tmp_path):
    seen = play(system, "office.mjs", "posters", county=COUNTY, cookie=system.sign_in(CONVENER).cookie, office=office.cookie)
    picture = tmp_path / "poster.png"
    picture.write_bytes(base64.b64decode(seen["code"]))
    read = subprocess.run(["zbarimg", "--quiet", "--raw", picture], text=True, capture_output=True, check=True).stdout
    assert read.strip() == f"https://sidan.example.cn/c/{COUNTY}?place=C101", "a phone's camera finds the way to the form"
