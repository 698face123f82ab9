"""What residents reply to by SMS: ratings, answers to questions, and what nobody can make sense of."""

import re

import pytest

from conftest import systems_in
from harness import COUNTY, KEYS, make_county, wait_until
from rating import GATEWAY, OTHER_KEYS, RESIDENT, answered, reply, somebody, waits_for
from test_life import UNCLEAR


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of the file, with a gateway."""
    with systems_in(tmp_path_factory.mktemp("replies")) as make:
        yield make(parameters=GATEWAY)


def counted(system, what):
    found = re.search(rf'sidan_resident_replies_total{{what="{what}"}} (\d+)', system.metrics(system.of("intake")[0]))
    return int(found[1]) if found else 0


def asked_back(system, phone):
    return [sms["text"] for sms in system.spool() if (sms["to"], sms["template"]) == (phone, "unclear")]


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
