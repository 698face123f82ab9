"""A resident's pages in a real browser: placing an order from a poster's QR code, without a network, tracking, rating."""

import base64
import struct
import zlib
from datetime import datetime, timedelta, timezone

import pytest

from archive_files import tamper, wait_stored
from conftest import systems_in
from harness import COUNTY, ROOT, wait_until
from scenes import path_of, play
from test_libraries import SECRETS, TEXT, case, publish
from test_own_orders import joined, opened, taken

SIZE = 120 * 1024  # bytes that a phone loads before the first input


def photo(colour=b"\xc0\x20\x20"):
    """A square of one colour, red, as PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    size = 64
    rows = (b"\0" + colour * size) * size
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("resident")) as make:
        yield make(parameters={"intake": {"web_dir": ROOT / "build/web"}})


def test_place_and_track(system):
    seen = play(system, "resident.mjs", "place", county=COUNTY, community="C101", communityName="东门社区",
                photo=base64.b64encode(photo()).decode())
    order = system.order(seen)
    assert order["title"] == "东门小区路灯不亮" and order["community"] == "C101"
    assert [row["name"] for row in seen["files"]] == ["路灯.png"], "the page was left before it was sent"
    sms = system.wait_sms(seen, template="placed")[0]
    assert seen["code"] in sms["text"]


def test_addresses_that_lead_astray(system):
    play(system, "resident.mjs", "astray", county=COUNTY)


def test_who_met_with_the_same_joins_it(system):
    primary = opened(system, title="锦绣花园的健身器材断了", text="健身器材断了很久", community="C101", public=1)
    opened(system, title="锦绣花园的健身器材坏了", text="健身器材坏了", community="C101")
    listed = {"county": COUNTY, "title": "锦绣花园健身器材坏了", "community": "C101"}
    wait_until(lambda: system.api("POST", "/api/v1/orders/alike", listed).json["total"] == 2, 20, "both are archived")
    seen = play(system, "resident.mjs", "alike", county=COUNTY, community="C101", title="锦绣花园的健身器材断了")
    order = system.api("GET", f"/api/v1/orders/{seen['order']}", key="office").json
    assert (order["primary"], order["public"], order["text"]) == (primary["order"], 1, "断了很久")


def test_what_is_sent_without_a_network_arrives_once(system):
    seen = play(system, "resident.mjs", "offline", county=COUNTY)

    def titled():
        rows = system.rows(f"/api/v1/orders?county={COUNTY}", key="office")
        return [row["order"] for row in rows if row["title"] == "断网时写的一单"]
    wait_until(titled, 20, "it is archived")
    assert titled() == [seen["order"]]


def test_an_answer_is_rated(system):
    order = system.place()
    system.wait_state(order, "open")
    system.claim_all(order)
    promised = (datetime.now(timezone.utc) + timedelta(days=9)).isoformat(timespec="seconds")
    answer = {"actor": "member:M101", "outcome": "solved", "answer": "灯换好了，晚上请您看一看。", "promised_at": promised}
    assert system.step(order, "answer", answer).status == 200
    play(system, "resident.mjs", "rate", county=COUNTY, order=order["order"], code=order["code"])
    system.wait_state(order, "closed")


def test_a_question_waits_for_an_answer(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    question = "是哪一栋楼前的路灯"
    assert system.step(order, "ask", {"actor": "convener:T1", "question": question}).status == 200
    play(system, "resident.mjs", "asked", county=COUNTY, order=order["order"], code=order["code"], question=question,
         photo=base64.b64encode(photo()).decode())
    assert system.order(order)["question"] == ""


def test_an_answer_that_does_not_satisfy(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    taken(system, order)
    system.answer_it(order)
    play(system, "resident.mjs", "dissatisfied", county=COUNTY, order=order["order"], code=order["code"])
    system.wait_state(order, "consulting")


def test_a_call_in_vain_is_no_rating(system):
    order = opened(system, title="东门小区路灯不亮", community="C101", phone="", name="")
    taken(system, order)
    system.answer_it(order)
    for _ in range(3):
        assert system.step(order, "rating", {"actor": "convener:T1", "rating": "unreachable"}).status == 200
    play(system, "resident.mjs", "unreached", county=COUNTY, order=order["order"], code=order["code"])


def test_who_is_invited_answers(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    begins = (datetime.now(timezone.utc) + timedelta(days=2)).isoformat(timespec="seconds")
    meeting = {"kind": "micro", "title": "路灯怎么修", "place": "东门社区会议室", "meets_at": begins, "about": order["order"],
               "invited": f"resident:{order['order']}"}
    assert system.api("POST", f"/api/v1/meetings?county={COUNTY}", meeting, key="office").status == 201
    text = system.wait_sms(order, template="meeting_invited", recipient="resident")[0]["text"]
    play(system, "resident.mjs", "invited", path=path_of(text), title="东门小区路灯不亮")


def test_words_are_added(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    play(system, "resident.mjs", "add", county=COUNTY, order=order["order"], code=order["code"])
    assert system.order(order)["added"] == 1


def test_an_order_is_taken_back(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    play(system, "resident.mjs", "takeBack", county=COUNTY, order=order["order"], code=order["code"])
    history = lambda: system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    assert [row["note"] for row in history() if row.get("step") == "taken_back"] == ["自己修好了"]


def test_one_that_others_joined_goes_on_for_them(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    joined(system, order)
    play(system, "resident.mjs", "takeBackShared", county=COUNTY, order=order["order"], code=order["code"])
    assert system.order(order)["state"] == "open"


def test_what_was_closed_comes_back(system):
    order = opened(system, title="东门小区路灯不亮", community="C101")
    taken(system, order)
    system.answer_it(order)
    assert system.rate(order, "satisfied").status == 200
    system.wait_state(order, "closed")
    new = play(system, "resident.mjs", "again", county=COUNTY, order=order["order"], code=order["code"])
    placed = system.api("GET", f"/api/v1/orders/{new['order']}", key="office").json
    assert (placed["source"], placed["source_ref"], placed["text"]) == ("again", order["order"], "又不亮了")


def test_who_may_not_place_more_reads_why(system):
    play(system, "resident.mjs", "limited", county=COUNTY)


def test_the_link_of_the_sms_shows_the_order(system):
    order = system.place(title="沿河栏杆松了")
    text = system.wait_sms(order, template="placed")[0]["text"]
    play(system, "resident.mjs", "link", path=path_of(text), title="沿河栏杆松了")


def test_what_people_write_is_text(system):
    evil = "<img src=x onerror=hacked=1><script>hacked=1</script>{{hacked=1}}"
    order = system.place(title=evil, text=evil, place=evil)
    play(system, "resident.mjs", "script", county=COUNTY, order=order["order"], code=order["code"], evil=evil)


def test_published_cases_are_for_everybody(system):
    """Found by words, read and printed without signing in; nothing personal among them."""
    titles = ("东门小区路灯修好了", "河道边的垃圾清走了", "学校门口加了斑马线")
    orders = [case(system, title=title, text=TEXT) for title in titles]

    def published():
        for order in orders:
            assert publish(system, order).status == 200
        return True
    play(system, "resident.mjs", "cases", {"publish": published}, county=COUNTY, title=titles[2],
         secrets=SECRETS)


def test_figures_are_for_everybody(system):
    """Sixty orders of two years, of which the archive has nothing but when they were what."""
    def order(number, year, month, category, rating, days):
        placed = datetime(year, month, 15, 12, tzinfo=timezone.utc)
        answered = placed + timedelta(days=days, hours=number % 7)
        at = [int(moment.timestamp() * 1000) for moment in (placed, answered)]
        return (f"INSERT INTO orders (order_id, ver, steps, updated_at, state, category, outcome, rating, placed_at, answered_at, "
                f"closed_at) VALUES ('{COUNTY}-9{number:05}', 9, 9, {at[1]}, 'closed', '{category}', 'solved', '{rating}', "
                f"{at[0]}, {at[1]}, {at[1]})")
    kinds = [(2024, 5, "construction", "satisfied", 3)] * 8 + [(2024, 8, "environment", "basically", 5)] * 6
    for month, count in enumerate((6, 8, 0, 5, 9, 12, 7, 3, 2, 5, 6, 7), 1):
        kinds += [(2025, month, ("construction", "environment", "property")[number % 3],
                   ("satisfied", "satisfied", "basically", "dissatisfied")[number % 4], number % 5 + 1) for number in range(count)]
    kinds += [(2025, 6, "noise", "satisfied", 4)] * 3
    wait_stored(system)
    tamper(system, *(order(number, *kind) for number, kind in enumerate(kinds)))
    play(system, "resident.mjs", "figures", county=COUNTY)


def test_looks_are_for_everybody(system):
    play(system, "resident.mjs", "looks", county=COUNTY)


def test_it_is_small(system):
    seen = play(system, "resident.mjs", "budget", county=COUNTY)
    print(f"{seen['bytes']} bytes, usable after {seen['ms']} ms on a slow phone")
    assert seen["bytes"] <= SIZE, seen
