"""回访、群众评: how residents are asked for their rating, by a link and by SMS, and who may not rate."""

import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import count
from urllib.parse import urlencode

import pytest

from conftest import systems_in
from harness import ADDRESS, COUNTY, KEYS, make_county, wait_until
from test_life import UNCLEAR

URL = ADDRESS["public_url"]
RESIDENT = "10000000001"  # who places orders, unless said otherwise
HANDLER = "10000004101"  # of M101
TOKEN = "a-token-of-the-test"
GATEWAY = {"intake": {"gateway_token": TOKEN}}
OTHER_KEYS = {role: f"other-{key}" for role, key in KEYS.items()}
numbers = count(1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file, with a gateway."""
    with systems_in(tmp_path_factory.mktemp("callback")) as make:
        yield make(parameters=GATEWAY)


def somebody():
    """A phone that no other test has."""
    return f"1990000{next(numbers):04}"


def answered(system, **fields):
    """An order with an answer."""
    order = system.place(**fields)
    system.wait_state(order, "open")
    system.claim_all(order)
    system.answer_it(order)
    return order


def links(system, order, count=1):
    """The tokens of the links that its resident was sent, oldest first."""
    told = system.wait_sms(order, template="answered", count=count)
    return [re.search(rf"{URL}/r/([\w-]+)$", sms["text"])[1] for sms in told]


def steps(system, order):
    return [row["step"] for row in system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
            if "step" in row]


def look(system, token, **more):
    return system.api("GET", f"/api/v1/ratings/{token}", **more)


def rate(system, token, rating="satisfied", **more):
    return system.api("POST", f"/api/v1/ratings/{token}", {"rating": rating} | more.pop("body", {}), **more)


# -- the link ----------------------------------------------------------------------------------------------------------

def test_the_answers_sms_has_a_link_that_needs_no_sign_in(shared):
    order = answered(shared)
    token = links(shared, order)[0]
    told = shared.wait_sms(order, template="answered")[0]["text"]
    assert len(f"{URL}/r/{token}") <= 70 and order["code"] not in told
    shown = look(shared, token)
    assert shown.status == 200 and shown.json["title"] == "东门小区路灯不亮", shown
    assert rate(shared, token, body={"note": "谢谢"}).status == 200
    assert shared.wait_state(order, "closed")["rating"] == "satisfied"
    rated = wait_until(lambda: [row for row in shared.api("GET", f"/api/v1/orders/{order['order']}/history",
                                                          key="office").json["rows"] if row.get("step") == "rated"], 20,
                       "the journal has it")[0]
    assert (rated["actor"], rated["via"], rated["note"]) == ("resident", "link", "谢谢")


def test_without_a_public_address_there_is_no_link(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, settings={"public_url": ""})])
    order = answered(system)
    told = system.wait_sms(order, template="answered")[0]["text"]
    assert "http" not in told and order["code"] in told and "网上评价" in told


def test_the_link_shows_what_the_resident_may_know_and_nothing_else(shared):
    order = answered(shared, text="三栋门口的路灯坏了", place="东街12号")
    shown = look(shared, links(shared, order)[0])
    assert set(shown.json) == {"order", "title", "state", "outcome", "answer", "answered_at", "members", "department"}
    assert (shown.json["answer"], shown.json["outcome"]) == ("路灯修好了", "solved")
    assert len(shown.json["members"]) == 3 and shown.json["department"] is None
    assert not any(words in shown.text for words in (RESIDENT, "周小雨", "三栋", "东街", order["code"], HANDLER))


def test_a_look_never_rates(shared):
    """As a search engine or a messenger looks at a link by itself."""
    order = answered(shared)
    token = links(shared, order)[0]
    before = shared.order(order)
    for method in ("GET", "HEAD"):
        for query in ("", "?rating=satisfied"):
            answer = shared.api(method, f"/api/v1/ratings/{token}{query}", headers={"User-Agent": "MicroMessenger"})
            assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    assert shared.order(order) == before
    assert rate(shared, token).status == 200


def test_a_link_is_bound_to_its_answer_and_ends(shared):
    order = answered(shared)
    first = links(shared, order)[0]
    assert rate(shared, first, "dissatisfied").status == 200
    for ended in (look(shared, first), rate(shared, first)):
        assert (ended.status, ended.json["code"]) == (410, "ended"), "it is handled again"
    shared.answer_it(order, "这次真的修好了")
    second = links(shared, order, count=2)[1]
    assert second != first and look(shared, first).status == 410, "that was another answer"
    assert look(shared, second).json["answer"] == "这次真的修好了" and "rating" not in look(shared, second).json
    assert rate(shared, second, "dissatisfied").status == 200
    waiting = look(shared, second)
    assert (waiting.status, waiting.json["state"], waiting.json["rating"]) == (200, "evaluated", "dissatisfied")
    assert rate(shared, second).status == 409, "it has been rated"
    assert shared.step(order, "decide", {"actor": "committee:K1", "decision": "close", "reason": "尽力了"}).status == 200
    assert look(shared, second).status == 410
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    assert look(shared, second).status == 410, "closed"
    assert look(shared, second).status == 410 and shared.order(order)["state"] == "closed", "a link that ended is no guess"


def test_a_link_cannot_be_guessed(shared):
    order, other = answered(shared), answered(shared)
    token, others = links(shared, order)[0], links(shared, other)[0]
    wrong = [token[:-1] + ("0" if token[-1] != "0" else "1"), token.rpartition("-")[0] + "-" + others.rpartition("-")[2],
             token + "0", token[:-1], f"{order['order']}-01-{token.rpartition('-')[2]}"]
    for guess in wrong:
        answer = look(shared, guess)
        assert answer.status == 404 and "路灯" not in answer.text, (guess, answer)
        assert rate(shared, guess).status == 404
    for nonsense in ("x", order["order"], f"{order['order']}-1", f"123456-000001-1-{'0' * 16}"):
        assert look(shared, nonsense).status == 404, "the same for what cannot be one"
    locked = look(shared, token)
    assert (locked.status, locked.json["code"]) == (429, "too_many_tries"), "ten guesses an hour, as of codes"
    assert shared.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"]).status == 429, "together with those"
    assert look(shared, others).status == 200


def test_nobody_acts_for_the_resident_by_a_link(shared):
    token = links(shared, answered(shared))[0]
    assert rate(shared, token, "unreachable").status == 400
    for field in ("actor", "round", "via", "expected"):
        refused = rate(shared, token, body={field: "office:he"})
        assert (refused.status, refused.json["code"]) == (400, "unknown_field"), refused
    assert rate(shared, token).status == 200


# -- the page behind it ------------------------------------------------------------------------------------------------

BUTTONS = ["satisfied", "basically", "dissatisfied"]


def page(system, token, method="GET", form=None, **headers):
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = system.api(method, f"/r/{token}", headers=headers, data=urlencode(form) if form else None)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self';") and "unsafe" not in policy
    assert "<script" not in answer.text and "style=" not in answer.text
    return answer


def test_the_page_shows_the_answer_and_takes_the_rating(shared):
    order = answered(shared, title="东门小区路灯不亮")
    token = links(shared, order)[0]
    shown = page(shared, token)
    assert shown.status == 200 and 'lang="zh-CN"' in shown.text and "路灯修好了" in shown.text and "已经解决" in shown.text
    assert re.findall(r'<button name="rating" value="(\w+)">', shown.text) == BUTTONS
    assert not any(words in shown.text for words in (RESIDENT, "周小雨", order["code"], HANDLER))
    assert shared.api("GET", "/r/style.css").headers["Content-Type"].startswith("text/css")
    assert "Satisfied" in page(shared, token, **{"Accept-Language": "en"}).text
    assert shared.order(order)["state"] == "answered", "a look changes nothing"
    nothing = page(shared, token, "POST", {"note": "x"})
    assert nothing.status == 400 and "<h1>" in nothing.text

    thanks = page(shared, token, "POST", {"rating": "dissatisfied", "note": "还是不亮 & <b>"})
    assert thanks.status == 200 and "不满意" in thanks.text
    assert f'href="/o/{order["order"]}"' in thanks.text
    shared.wait_state(order, "consulting")
    rows = shared.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    reopened = [row for row in rows if row.get("step") == "reopened"]
    assert [(row["actor"], row["via"], row["note"]) for row in reopened] == [("resident", "link", "还是不亮 & <b>")]
    for ended in (page(shared, token), page(shared, token, "POST", {"rating": "satisfied"})):
        assert ended.status == 410 and "<button" not in ended.text, "it is handled again"
        assert "您已经评价过了：不满意" in ended.text and "正在重新办理" in ended.text and "失效" not in ended.text
        assert f'href="/o/{order["order"]}"' in ended.text, "there is a way on"


def test_the_page_of_a_link_that_ended_says_what_came_of_it(shared):
    order = answered(shared)
    first = links(shared, order)[0]
    assert rate(shared, first, "dissatisfied").status == 200
    shared.answer_it(order)
    ended = page(shared, first)
    assert ended.status == 410 and "您评价过上一次的答复：不满意" in ended.text and "新的答复" in ended.text
    second = links(shared, order, count=2)[1]
    assert rate(shared, second, "basically").status == 200
    wait_until(lambda: not shared.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    for token in (first, second):
        ended = page(shared, token)
        assert ended.status == 410 and "您已经评价过了：基本满意" in ended.text and "已经办结" in ended.text


def test_the_page_says_by_when_it_will_be_done(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    shared.claim_all(order)
    promised = (datetime.now(timezone(timedelta(hours=8))) + timedelta(days=9)).replace(hour=16, minute=0, second=0)
    answer = {"actor": "member:M101", "outcome": "explained", "answer": "下月换灯"}
    assert shared.step(order, "answer", answer | {"promised_at": promised.isoformat(timespec="seconds")}).status == 200
    told = page(shared, links(shared, order)[0]).text
    assert f"答应办好的时间：{promised.year}年{promised.month}月{promised.day}日 16:00" in told


def test_the_page_shows_words_as_words(shared):
    evil = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
    order = answered(shared, title=f"东门小区路灯不亮{evil}")
    shown = page(shared, links(shared, order)[0])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;img" in shown.text and "<img" not in shown.text


def test_the_page_says_what_is_wrong_in_words(shared):
    order = answered(shared)
    token = links(shared, order)[0]
    guess = page(shared, token[:-1] + ("0" if token[-1] != "0" else "1"))
    assert guess.status in (403, 404) and "<h1>" in guess.text and "{" not in guess.text
    assert page(shared, "nonsense").status == guess.status
    for _ in range(2):  # pressed twice
        assert page(shared, token, "POST", {"rating": "dissatisfied"}).status in (200, 410)
    assert steps(shared, order).count("reopened") == 1


# -- a reply by SMS ----------------------------------------------------------------------------------------------------

def reply(system, phone, text, id=None):
    """As the gateway brings it. id: of the gateway, each time another one."""
    answer = system.api("POST", f"/gateway/kannel/{TOKEN}/reply?id={id or f'r{next(numbers)}'}",
                        data=text.encode("utf-16-be"), headers={"X-Kannel-From": f"+86{phone}", "Content-Type":
                                                                "text/plain; charset=UTF-16BE"})
    assert answer.status == 200, answer


def counted(system, what):
    found = re.search(rf'sidan_resident_replies_total{{what="{what}"}} (\d+)', system.metrics(system.of("intake")[0]))
    return int(found[1]) if found else 0


def asked_back(system, phone):
    return [sms["text"] for sms in system.spool() if (sms["to"], sms["template"]) == (phone, "unclear")]


def waits_for(system, order):
    """Whether the order is on the list of those that wait for a reply of their residents."""
    return [key for key in system.redis.scan_iter(f"asked:{{{COUNTY}}}:*")
            if system.redis.zscore(key, order["order"]) is not None]


@pytest.mark.parametrize("text, rating", [("1", "satisfied"), ("２。", "basically"), ("满意！", "satisfied"),
                                          ("基本满意", "basically"), ("1满意 谢谢", "satisfied")])
def test_a_reply_rates_and_is_confirmed(shared, text, rating):
    phone = somebody()
    order = answered(shared, phone=phone)
    assert "请直接回复：1满意，2基本满意，3不满意" in shared.wait_sms(order, template="answered")[0]["text"]
    assert waits_for(shared, order)
    reply(shared, phone, text)
    assert shared.wait_state(order, "closed")["rating"] == rating
    word = {"satisfied": "满意", "basically": "基本满意"}[rating]
    assert f"您的评价收到了：{word}。" in shared.wait_sms(order, template="closed")[0]["text"]
    assert not waits_for(shared, order)


@pytest.mark.parametrize("text, note", [("3", None), ("不满意，还是不亮", "还是不亮")])
def test_a_dissatisfied_reply_reopens_and_is_confirmed(shared, text, note):
    phone = somebody()
    order = answered(shared, phone=phone)
    reply(shared, phone, text)
    shared.wait_state(order, "consulting")
    told = shared.wait_sms(order, template="rating_taken", recipient="resident")[0]["text"]
    assert "评价收到了：不满意" in told and "再次办理，最迟" in told and (not note or note in told)
    members = shared.wait_sms(order, template="reopened", recipient="member:M101")[0]["text"]
    assert not note or note in members, "the members read the resident's words"
    assert not waits_for(shared, order)
    shared.answer_it(order, "修好了")
    assert waits_for(shared, order)
    reply(shared, phone, text)
    shared.wait_state(order, "evaluated")
    assert "最迟" not in shared.wait_sms(order, template="rating_taken", count=2)[1]["text"], "the committee decides"


def test_of_several_the_one_that_is_named_is_rated(shared):
    phone = somebody()
    orders = [answered(shared, phone=phone) for _ in range(4)]
    reply(shared, phone, "1")
    told = wait_until(lambda: asked_back(shared, phone), 20, "the resident is asked which one")[0]
    assert all(order["order"] in told for order in orders)
    assert all(shared.order(order)["state"] == "answered" for order in orders)
    reply(shared, phone, f"{orders[0]['order']} 1")
    assert shared.wait_state(orders[0], "closed")["rating"] == "satisfied"
    reply(shared, phone, f"2，{orders[1]['code']}")
    assert shared.wait_state(orders[1], "closed")["rating"] == "basically"
    reply(shared, phone, f"３ {orders[2]['order'][7:]} 还是不亮")
    shared.wait_state(orders[2], "consulting")
    reply(shared, phone, f"{orders[0]['order']} 1")
    reply(shared, phone, f"{COUNTY}-999999 1")
    assert shared.order(orders[3])["state"] == "answered", "what names another order is not about this one"
    reply(shared, phone, "1")
    shared.wait_state(orders[3], "closed")
    assert len(asked_back(shared, phone)) == 1


def test_a_reply_that_rates_nothing_is_asked_back(shared):
    phone = somebody()
    order = answered(shared, phone=phone)
    for text in ("1栋还是不亮", "1不满意", "谢谢你们"):
        before = len(asked_back(shared, phone))
        reply(shared, phone, text)
        told = wait_until(lambda: asked_back(shared, phone)[before:], 20, "the resident is told how")[0]
        assert order["order"] in told and "1（满意）" in told
    assert shared.order(order)["state"] == "answered"
    reply(shared, phone, f"{order['order']} 1")
    shared.wait_state(order, "closed")


def test_a_reply_to_nothing_is_ignored_and_counted(shared):
    phone = somebody()
    before = counted(shared, "ignored")
    reply(shared, phone, "1")
    reply(shared, phone, "你好")
    assert counted(shared, "ignored") == before + 2
    order = answered(shared, phone=phone)
    shared.rate(order, "satisfied")
    shared.wait_state(order, "closed")
    reply(shared, phone, "3")
    assert counted(shared, "ignored") == before + 3 and shared.order(order)["rating"] == "satisfied"
    assert not [sms for sms in shared.spool() if sms["to"] == phone and sms["order"] != order["order"]]


def test_what_a_gateway_brings_again_is_taken_once(shared):
    phone = somebody()
    first = answered(shared, phone=phone)
    reply(shared, phone, "1", id="one-and-the-same")
    shared.wait_state(first, "closed")
    second = answered(shared, phone=phone)
    reply(shared, phone, "1", id="one-and-the-same")
    assert shared.order(second)["state"] == "answered", "it was about the first one"
    reply(shared, phone, "1", id="another")
    shared.wait_state(second, "closed")


def ask(system, order, question="是哪一栋"):
    assert system.step(order, "ask", {"actor": "convener:T1", "question": question}).status == 200
    told = system.wait_sms(order, template="asked")[-1]["text"]
    assert "请直接回复这条短信" in told and waits_for(system, order)


def test_free_text_answers_an_open_question(shared):
    """Whoever has the order: while it is screened, and when members have it."""
    phone = somebody()
    screened = shared.place(**UNCLEAR, phone=phone)
    shared.wait_state(screened, "screening")
    ask(shared, screened)
    reply(shared, phone, "三栋，不是二栋。")
    assert shared.wait_sms(screened, template="replied", recipient="convener:T1", text="三栋，不是二栋")
    assert "三栋" in shared.wait_sms(screened, template="reply_taken", recipient="resident")[0]["text"]
    assert not waits_for(shared, screened)

    handled = shared.place(phone=phone)
    shared.wait_state(handled, "open")
    shared.claim_all(handled)
    ask(shared, handled, "还有几盏不亮")
    reply(shared, phone, "1")
    assert shared.wait_sms(handled, template="replied", text="：1。"), "while it is the only one, a number is an answer"
    assert shared.order(handled)["state"] == "assigned"


def test_a_question_and_an_answer_wait_at_the_same_time(shared):
    phone = somebody()
    rated, asked = answered(shared, phone=phone), shared.place(phone=phone)
    shared.wait_state(asked, "open")
    ask(shared, asked)
    reply(shared, phone, "1")
    wait_until(lambda: asked_back(shared, phone), 20, "it may be either")
    reply(shared, phone, "三栋")
    shared.wait_sms(asked, template="replied", text="三栋")
    reply(shared, phone, "1")
    assert shared.wait_state(rated, "closed")["rating"] == "satisfied"


def test_a_question_that_is_over_waits_no_more(make_system, tmp_path):
    system = make_system(counties=[make_county(tmp_path, settings={"question": "1s"})], parameters=GATEWAY)
    order = system.place()
    system.wait_state(order, "open")
    assert system.step(order, "ask", {"actor": "convener:T1", "question": "是哪一栋"}).status == 200
    system.wait_sms(order, template="unanswered")
    assert not waits_for(system, order)


def test_a_reply_finds_its_county(make_system, tmp_path):
    """And where two wait, each asks by its own number."""
    system = make_system(counties=[make_county(tmp_path), make_county(tmp_path, county="990104", keys=OTHER_KEYS)],
                         parameters=GATEWAY)
    ours, theirs = system.place(), system.place(county="990104")
    for order, key in ((ours, KEYS["office"]), (theirs, OTHER_KEYS["office"])):
        system.wait_state(order, "open")
        system.claim_all(order, key=key)
        done = system.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": "好了"}, key=key)
        assert done.status == 200, done
    reply(system, RESIDENT, "1")
    told = wait_until(lambda: len(texts := asked_back(system, RESIDENT)) == 2 and texts, 20, "both counties ask")
    assert sorted(ours["order"] in text for text in told) == [False, True]
    assert sorted(theirs["order"] in text for text in told) == [False, True]
    reply(system, RESIDENT, f"{theirs['order']} 2")
    assert system.wait_state(theirs, "closed")["rating"] == "basically"
    reply(system, RESIDENT, "1")
    system.wait_state(ours, "closed")


# -- three tries -------------------------------------------------------------------------------------------------------

def to_call(system, key="office"):
    rows = system.api("GET", f"/api/v1/orders?county={COUNTY}&to_call=1", key=key).json["rows"]
    return [row["order"] for row in rows]


def entries(system, order):
    """What the clocks have to do about an order."""
    return [entry for entry in system.redis.zrange(f"clock:{{{COUNTY}}}", 0, -1) if entry.startswith(order["order"])]


@pytest.fixture
def hasty(make_system, tmp_path):
    """A county whose callback clock runs for eight seconds."""
    county = make_county(tmp_path, clocks={("normal", "callback"): "8s"}, settings={"escalate": "400d"})
    return make_system(counties=[county], parameters=GATEWAY)


def test_after_three_sms_in_vain_a_person_calls(hasty):
    order = answered(hasty)
    token = links(hasty, order)[0]
    for number in (1, 2):
        again = hasty.wait_sms(order, template="ask_again", recipient="resident", count=number)[number - 1]["text"]
        assert "1满意，2基本满意，3不满意" in again and again.endswith(f"{URL}/r/{token}")
    told = hasty.wait_sms(order, template="to_call", recipient="convener:T1")[0]["text"]
    assert order["order"] in told and "最迟" in told
    wait_until(lambda: to_call(hasty) == [order["order"]], 20, "it is on the list")
    convener = hasty.sign_in("10000001001")
    assert [row["order"] for row in convener.api("GET", "/api/v1/orders?to_call=1").json["rows"]] == [order["order"]]
    hasty.wait_sms(order, template="reminder")
    at = {row["step"]: row["at"] for row in hasty.history(order)}
    assert at["answered"] < at["asked_again"] < at["to_call"] <= at["reminded"], "before the clock is over"
    assert steps(hasty, order)[-5:] == ["answered", "asked_again", "asked_again", "to_call", "reminded"]
    assert not [entry for entry in entries(hasty, order) if "|ask|" in entry], "nobody is asked a fourth time"

    for _ in range(3):
        assert hasty.order(order)["state"] == "answered" and to_call(hasty) == [order["order"]]
        assert convener.step(order, "rating", {"rating": "unreachable", "note": "没有人接"}).status == 200
    assert hasty.wait_state(order, "closed")["rating"] == "unreachable"
    assert "评价收到" not in hasty.wait_sms(order, template="closed")[0]["text"]
    wait_until(lambda: to_call(hasty) == [], 20, "it is off the list")
    counts = Counter(sms["template"] for sms in hasty.spool(order))
    assert (counts["answered"], counts["ask_again"], counts["to_call"]) == (1, 2, 1)


def test_who_is_called_may_still_rate_by_sms(hasty):
    order = answered(hasty)
    hasty.wait_sms(order, template="to_call")
    reply(hasty, RESIDENT, "1")
    assert hasty.wait_state(order, "closed")["to_call"] == 0


def test_a_rating_ends_the_asking(shared):
    order = answered(shared, phone=somebody())
    assert [entry for entry in entries(shared, order) if "|ask|1" in entry]
    assert shared.rate(order, "dissatisfied").status == 200
    assert not [entry for entry in entries(shared, order) if "|ask|" in entry]
    shared.answer_it(order)
    assert [entry for entry in entries(shared, order) if "|ask|1" in entry], "the next answer is asked about anew"


def test_a_call_ends_with_what_the_resident_says(shared):
    order = answered(shared, phone=somebody())
    rating = {"actor": "convener:T1", "rating": "basically", "note": "电话里说还可以"}
    assert shared.step(order, "rating", rating).status == 200
    assert shared.wait_state(order, "closed")["rating"] == "basically"


# -- those who do not rate ---------------------------------------------------------------------------------------------

def test_handlers_do_not_rate_by_a_link(shared):
    """Somebody who is signed in and handles the order is refused, from whatever page; others are not."""
    order = answered(shared)
    token = links(shared, order)[0]
    handler, other = shared.sign_in(HANDLER), shared.sign_in("10000004104")
    for headers in ({}, {"X-CSRF-Token": handler.csrf}):
        refused = rate(shared, token, headers={"Cookie": handler.cookie} | headers)
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert shared.audit()[-1]["actor"] == "member:M101"
    assert shared.order(order)["state"] == "answered"
    assert rate(shared, token, headers={"Cookie": other.cookie}).status == 200, "as the resident, whoever is signed in"


def test_handlers_do_not_rate_their_own_orders(shared):
    """A member who placed an order and took it on: not by its link, not by its code, and not by SMS."""
    order = answered(shared, phone=HANDLER)
    refused = shared.rate(order, "satisfied")
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    told = shared.wait_sms(order, template="answered_own", recipient="resident")[0]["text"]
    assert "不请您评价" in told and "http" not in told
    shared.wait_sms(order, template="to_call", recipient="convener:T1")
    assert not waits_for(shared, order) and not [entry for entry in entries(shared, order) if "|ask|" in entry]
    reply(shared, HANDLER, "1")
    reply(shared, HANDLER, f"{order['order']} 1")
    assert shared.order(order)["state"] == "answered"


def test_members_rate_orders_that_others_handle(shared):
    """As residents; their replies claim nothing then, and what claims still does."""
    member = "10000004104"
    order = answered(shared, phone=member)
    other = shared.place()
    shared.wait_state(other, "open")
    code = re.search(r"回复 ([A-Z0-9]+) 接单", shared.wait_sms(other, template="opened")[0]["text"])[1]
    reply(shared, member, f"{code} 接单")
    shared.wait_sms(other, template="claimed", recipient="member:M104")
    reply(shared, member, "1")
    shared.wait_state(order, "closed")


def test_handlers_do_not_rate_by_sms(shared):
    """Their phone is not the resident's, whatever they write."""
    order = answered(shared, phone=somebody())
    for text in ("1", f"{order['order']} 1", f"1 {order['code']}"):
        reply(shared, HANDLER, text)
    assert shared.order(order)["state"] == "answered" and waits_for(shared, order)


# -- ratings -----------------------------------------------------------------------------------------------------------

def journal(system, order):
    """The steps that change something about the rating or the state: (step, state, rating)."""
    rows = system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    return [(row["step"], row.get("state"), row.get("rating")) for row in rows if "step" in row]


def test_dissatisfied_reopens_to_the_same_members_once_then_the_committee(shared):
    order = answered(shared, phone=somebody())
    members = shared.order(order)["members"]
    assert shared.rate(order, "dissatisfied").status == 200
    again = shared.wait_state(order, "consulting")
    assert (again["members"], again["reopened"]) == (members, 1)
    shared.answer_it(order, "这次真的修好了")
    assert shared.rate(order, "dissatisfied").status == 200
    assert shared.wait_state(order, "evaluated")["reopened"] == 1
    shared.wait_sms(order, template="decide", recipient="committee:K1")
    assert shared.sign_in("10000001001").step(order, "decide", {"decision": "close", "reason": "x"}).status == 403
    committee = shared.sign_in("10000002001")
    assert committee.step(order, "decide", {"decision": "reopen", "reason": "还要再办"}).status == 200
    assert shared.wait_state(order, "consulting")["members"] == members
    shared.answer_it(order, "灯杆下周换新的")
    assert shared.rate(order, "dissatisfied").status == 200
    shared.wait_state(order, "evaluated")
    assert committee.step(order, "decide", {"decision": "close", "reason": "新灯杆已经到货"}).status == 200
    shared.wait_state(order, "closed")
    told = shared.wait_sms(order, template="closed")[0]["text"]
    assert "办结的理由：新灯杆已经到货" in told, "who is not satisfied hears why nothing more is done"


def test_ratings_are_stored_apart_from_closing(shared):
    """Each as what the resident said at that moment, whether the order is closed by it or not."""
    order = answered(shared, phone=somebody())
    shared.rate(order, "dissatisfied")
    shared.answer_it(order)
    shared.rate(order, "dissatisfied")
    assert shared.wait_state(order, "evaluated")["rating"] == "dissatisfied", "rated, and not closed"
    assert shared.step(order, "decide", {"actor": "committee:K1", "decision": "reopen", "reason": "再办"}).status == 200
    shared.answer_it(order)
    shared.rate(order, "basically")
    shared.wait_state(order, "closed")
    wait_until(lambda: journal(shared, order)[-1][0] == "closed", 20, "the journal has it all")
    assert [row for row in journal(shared, order) if row[2]] == [
        ("reopened", "consulting", "dissatisfied"), ("rated", "evaluated", "dissatisfied"),
        ("rated", "evaluated", "basically")]
    assert journal(shared, order)[-1] == ("closed", "closed", None)


def test_an_unreasonable_rating_is_flagged_and_never_changed(shared):
    order = answered(shared, phone=somebody())
    convener, committee, office = (shared.sign_in(phone) for phone in ("10000001001", "10000002001", "10000005001"))
    flag = {"decision": "flag", "reason": "要求超出政策"}
    assert convener.step(order, "flag", flag).status == 409, "nobody has rated it"
    shared.rate(order, "dissatisfied")
    shared.answer_it(order)
    shared.rate(order, "dissatisfied")
    shared.wait_state(order, "evaluated")

    def listed(query):
        rows = shared.api("GET", f"/api/v1/orders?county={COUNTY}&rating=dissatisfied&{query}", key="office").json["rows"]
        return order["order"] in [row["order"] for row in rows]
    wait_until(lambda: listed("flagged=0") and not listed("flagged=1"), 20, "it counts as any other")
    assert shared.sign_in(HANDLER).step(order, "flag", flag).status == 403, "not by who handles it"
    assert shared.step(order, "flag", flag, key=None, code=order["code"]).status in (401, 403)
    for person in (convener, committee, office):
        assert convener.step(order, "flag", flag | {"reason": " "}).status == 400
        assert person.step(order, "flag", flag).status == 200
        now = person.api("GET", f"/api/v1/orders/{order['order']}").json
        assert (now["flag"], now["rating"], now["state"]) == ("要求超出政策", "dissatisfied", "evaluated"), "it is shown"
        assert "flag" not in shared.order(order), "why is not for its resident"
        wait_until(lambda: listed("flagged=1") and not listed("flagged=0"), 20, "it is counted apart")
        assert person.step(order, "flag", {"decision": "withdraw", "reason": "看错了"}).status == 200
        assert person.api("GET", f"/api/v1/orders/{order['order']}").json["flag"] == ""
    wait_until(lambda: listed("flagged=0") and not listed("flagged=1"), 20, "it counts again")
    rows = shared.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    assert [(row["step"], row["actor"], row["note"]) for row in rows if "flag" in row.get("step", "")] == [
        (step, actor, note) for actor in ("convener:T1", "committee:K1", "office:he")
        for step, note in (("flagged", "要求超出政策"), ("unflagged", "看错了"))]


# -- merged orders -----------------------------------------------------------------------------------------------------

def test_each_resident_of_merged_orders_is_called_back(hasty):
    """By a link, by SMS and by asking again, each for their own order; and each rates by themselves."""
    phones = [somebody() for _ in range(3)]
    primary, second, third = orders = [hasty.place(phone=phone, title=f"东门小区路灯不亮{phone}") for phone in phones]
    for order in orders:
        hasty.wait_state(order, "open")
    for order in (second, third):
        assert hasty.step(order, "merge", {"actor": "convener:T1", "primary": primary["order"]}).status == 200
        wait_until(lambda: order["order"] in hasty.api("GET", f"/api/v1/orders/{primary['order']}", key="office").json.get(
            "merged", ""), 20, "it has joined")
    hasty.claim_all(primary)
    hasty.answer_it(primary)
    tokens = [links(hasty, order)[0] for order in orders]
    assert len(set(tokens)) == 3
    assert [look(hasty, token).json["title"] for token in tokens] == [f"东门小区路灯不亮{phone}" for phone in phones]
    assert rate(hasty, tokens[0]).status == 200
    reply(hasty, phones[1], "3 我门口的还是不亮")
    hasty.wait_state(primary, "closed")
    again = hasty.wait_state(second, "consulting")
    assert not again.get("primary"), "who is dissatisfied reopens their own order alone"
    hasty.wait_sms(third, template="ask_again", count=2)
    hasty.wait_sms(third, template="to_call", recipient="convener:T1")
    wait_until(lambda: to_call(hasty) == [third["order"]], 20, "one resident is left to be called")
    reply(hasty, phones[2], "2")
    assert hasty.wait_state(third, "closed")["rating"] == "basically"
