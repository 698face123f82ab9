"""The link in the SMS that tells an answer, and the page behind it."""

import re
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest

from conftest import systems_in
from harness import COUNTY, make_county, wait_until
from rating import GATEWAY, HANDLER, RESIDENT, URL, answered, links, look, rate, steps


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file, with a gateway."""
    with systems_in(tmp_path_factory.mktemp("rating_link")) as make:
        yield make(parameters=GATEWAY)


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
    assert nothing.status == 400 and "缺少必填项" in nothing.text

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
