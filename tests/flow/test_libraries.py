"""归单、三库: what is open, cases told and published after review, earlier ones to learn from, classes of matters."""

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from conftest import systems_in
from harness import COUNTY, make_county, wait_until

OTHER = "990104"
CONVENER, OTHER_CONVENER, MEMBER, COMMITTEE = "10000001001", "10000001002", "10000004203", "10000002001"
PUBLIC = f"/api/v1/counties/{COUNTY}/cases"
CLASSES = f"/api/v1/classes?county={COUNTY}"
PERSON = {"name": "周小雨", "phone": "13805590001", "email": "zhou.xiaoyu@example.cn"}
CLEAR = {"category": "construction", "community": "C101"}  # routing need not guess
# What a public text must not hold, each as the resident wrote it.
SECRETS = ("周小雨", "周女士", "13805590001", "一三八〇五五九〇〇〇一", "341022197001011234", "皖J·12345", "皖JD12345", "1502室",
           "6222021304001234567", "zhou.xiaoyu")
TEXT = ("三栋门口路灯坏了半个月。我是周小雨，叫我周女士，住3栋2单元1502室，电话13805590001（一三八〇五五九〇〇〇一），身份证341022197001011234，"
        "卡6222021304001234567，信箱zhou.xiaoyu@example.cn；门口总停着皖J·12345和皖JD12345。")


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("libraries")
    with systems_in(directory) as make:
        other = make_county(directory, OTHER, keys={"office": "other-office-key"})
        yield make(counties=[make_county(directory), other])


def has_left(system, order):
    county = order["order"][:6]
    wait_until(lambda: not system.redis.exists(f"order:{{{county}}}:{order['order']}"), 30, "it has left Redis")
    return order


def case(system, answer="路灯修好了", rating="satisfied", key="office", **fields):
    """A finished order."""
    order = system.place(**({"public": 1} | CLEAR | PERSON | fields))
    system.wait_state(order, "open")
    system.claim_all(order, key=key)
    done = system.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": answer}, key=key)
    assert done.status == 200, done
    assert system.rate(order, rating).status == 200
    system.wait_state(order, "closed")
    return has_left(system, order)


def story(system, order, **more):
    answer = system.api("GET", f"/api/v1/orders/{order['order']}/story", **(more or {"key": "office"}))
    assert answer.status == 200, answer
    return answer.json


def publish(system, order, draft=None, **changes):
    body = {**(draft or story(system, order)["draft"]), **changes}
    return system.step(order, "publish", body)


def public_numbers(system, query=""):
    return [row["order"] for row in system.rows(f"{PUBLIC}?limit=2{query}")]


# -- problems ----------------------------------------------------------------------------------------------------------

def test_the_problems_are_what_is_open(system):
    """By category, place, age and state, through the filters of the list of orders."""
    order = system.place(title="垃圾没人清运", text="垃圾堆在门口", **CLEAR)
    system.wait_state(order, "open")
    day = (datetime.now() - timedelta(days=1)).strftime("%Y-%m-%dT00:00:00")

    def problems(query):
        path = f"/api/v1/orders?county={COUNTY}&state=placed,screening,open,assigned,consulting,answered{query}"
        return [row["order"] for row in system.rows(path, key="office")]
    wait_until(lambda: order["order"] in problems(""), 20, "it is listed")
    row = system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json
    narrow = f"&category={row['category']}&town={row['town']}"
    assert order["order"] in problems(narrow) and order["order"] in problems(f"{narrow}&from={day}")
    assert problems(f"{narrow}&until={day}") == [], "what is open for longer than a day"


# -- cases -------------------------------------------------------------------------------------------------------------

def test_a_case_reads_as_a_story(system):
    order = case(system, title="东门小区路灯不亮")
    told = story(system, order)
    lines = told["text"].splitlines()
    assert told["title"] == "东门小区路灯不亮" and lines[0].startswith("【反映】")
    assert re.search(r"【承办】\S+：\S+、\S+、\S+", told["text"])
    days = [line[:10] for line in lines if line[:2] == "20"]
    assert days == sorted(days) and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)
    sentences = [line[12:] for line in lines if line[:2] == "20"]
    assert sentences[0] == "群众点单" and sentences[-1] == "办结归单" and any(s.endswith("接单") for s in sentences)
    assert "【结果】已经解决\n路灯修好了" in told["text"] and "【评价】满意" in told["text"]
    english = story(system, order, key="office", headers={"Accept-Language": "en"})["text"]
    assert "[Result] solved" in english and "A resident placed it" in english

    printed = system.ctl("order", "show", order["order"])
    assert all(f"  {line}\n" in printed for line in sentences if "接单" not in line and "分" not in line), printed
    assert "  M101接单\n" in printed and "【评价】满意" in printed, "sidanctl tells it in the same words, without names"
    name = re.search(r"：(\w+?)、", told["text"])[1]
    assert name not in printed
    resident = story(system, order, code=order["code"])
    assert resident["text"] == told["text"] and "draft" not in resident, "who cannot publish it gets no draft"


def test_what_is_published_holds_nothing_personal(system):
    order = case(system, title=f"路灯不亮，周小雨{PERSON['phone']}", text=TEXT, answer="周女士您好，1502室门口的路灯修好了")
    told = story(system, order)
    assert all(secret in told["title"] + told["text"] for secret in SECRETS), "who handles it sees what was written"
    draft = told["draft"]
    assert not [secret for secret in SECRETS if secret in draft["title"] + draft["text"]], draft
    assert "三栋门口路灯坏了半个月" in draft["text"] and "3栋2单元" in draft["text"]

    # What the office edits goes through the same, so that it cannot be brought back.
    answer = publish(system, order, title="路灯修好了，谢谢周女士", text=TEXT + "满意。")
    assert answer.status == 200, answer
    for shown in (answer, system.api("GET", f"{PUBLIC}/{order['order']}"), system.api("GET", f"{PUBLIC}?q=三栋")):
        assert shown.status == 200 and "路灯修好了，谢谢***" in shown.text
        assert not [secret for secret in SECRETS if secret in shown.text], shown
    for secret in SECRETS:  # nor by asking for it
        assert system.api("GET", f"{PUBLIC}?q={secret}").json["rows"] == [], secret
    assert story(system, order)["published"] == {"title": answer.json["title"], "text": answer.json["text"]}


def test_publishing_and_taking_back(system):
    first, second, third = (case(system, title=f"东门小区{what}") for what in ("井盖不见了", "水管漏水", "井盖又响"))
    assert first["order"] not in public_numbers(system), "a case is a draft until it was reviewed"
    assert system.api("GET", f"{PUBLIC}/{first['order']}").status == 404
    drafts = [story(system, order)["draft"] for order in (first, second, third)]
    for order, draft in zip((first, second, third), drafts):
        assert publish(system, order, draft).status == 200
    assert public_numbers(system)[:3] == [order["order"] for order in (third, second, first)], "in parts, latest first"
    assert set(public_numbers(system, "&q=井盖")) == {first["order"], third["order"]}
    row = next(row for row in system.rows(f"{PUBLIC}?q=水管"))
    assert (row["outcome"], row["rating"]) == ("solved", "satisfied") and "text" not in row and "水管" in row["detail"]
    shown = system.api("GET", f"{PUBLIC}/{second['order']}").json
    assert shown["text"] == drafts[1]["text"] and shown["title"] == drafts[1]["title"]

    steps = len(system.history(first))
    assert publish(system, first, drafts[0]).status == 200
    assert len(system.history(first)) == steps, "the same again is no second act"
    assert publish(system, first, drafts[0], title="东门小区的井盖补上了").status == 200
    assert set(public_numbers(system, "&q=补上")) == {first["order"]}
    assert "不见了" not in system.api("GET", f"{PUBLIC}?q=补上").text
    assert system.step(first, "withdraw", {"reason": "居民要求"}).status == 200
    assert first["order"] not in public_numbers(system) and public_numbers(system, "&q=补上") == []
    assert system.api("GET", f"{PUBLIC}/{first['order']}").status == 404
    assert system.step(first, "withdraw", {"reason": "再一次"}).status == 409
    assert "published" not in story(system, first)

    rows = system.api("GET", f"/api/v1/orders/{first['order']}/history", key="office").json["rows"]
    acts = [(row["step"], row["actor"], row.get("note")) for row in rows if row.get("service") == "archive"]
    assert acts == [("published", "key:office", None)] * 2 + [("withdrawn", "key:office", "居民要求")]
    assert {row["order"] for row in rows if "step" in row} == {first["order"]}
    assert [row["step"] for row in system.history(first)][-3:] == ["published", "published", "withdrawn"]
    assert "text" not in system.history(first)[-2], "the resident sees that, and reads it where it is public"


def test_only_what_may_be_public_is(system):
    private, running = case(system, public=0), system.place(public=1, **CLEAR, **PERSON)
    system.wait_state(running, "open")
    wait_until(lambda: system.api("GET", f"/api/v1/orders/{running['order']}/story", key="office").status == 200, 20,
               "the archive knows it")
    for order, word, words in ((private, "did not agree", "没有同意公开"), (running, "no case yet", "还不是案例")):
        for language, said in (("en", word), ("zh", words)):
            answer = system.step(order, "publish", {"title": "路灯", "text": "修好了"},
                                 headers={"Accept-Language": language})
            assert answer.status == 409 and said in answer.json["detail"], answer
        assert system.api("GET", f"{PUBLIC}/{order['order']}").status == 404
    for body, field in (({"title": "路灯"}, "text"), ({"title": "路灯", "text": "好", "order": "x"}, "order"),
                        ({"title": "路灯", "text": "好", "actor": "office:O1"}, "actor")):
        answer = system.step(private, "publish", body)
        assert answer.status == 400 and answer.json["field"] == field, answer
    assert system.api("GET", "/api/v1/counties/123456/cases").status == 404
    assert system.api("GET", f"{PUBLIC}/..%2f{private['order']}").status in (400, 404)
    for number in ("%FF", "nonsense", "9" * 30):
        assert system.api("GET", f"{PUBLIC}/{number}").status == 404


def test_a_changed_public_text_is_found_and_made_anew(system):
    order = case(system, title="东门小区喷泉停了")
    assert publish(system, order).status == 200
    wait_until(lambda: system.ctl("journal", "verify", COUNTY, check=False).returncode == 0, 20, "all is well")
    with closing(sqlite3.connect(system.directory / "archive" / f"{COUNTY}.db", timeout=10)) as file:
        file.execute("UPDATE journal SET fields = replace(fields, '喷泉', '喷水') WHERE order_id LIKE '%/case'")
        file.commit()
    assert "喷水" in system.api("GET", f"{PUBLIC}/{order['order']}").text
    done = system.ctl("journal", "verify", COUNTY, check=False)
    assert done.returncode == 1 and f"{order['order']}/case" in done.stdout and "search" in done.stdout, done.stdout
    with closing(sqlite3.connect(system.directory / "archive" / f"{COUNTY}.db", timeout=10)) as file:
        file.execute("UPDATE journal SET fields = replace(fields, '喷水', '喷泉') WHERE order_id LIKE '%/case'")
        file.commit()
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 0
    def shown():
        orders = [row["order"] for row in system.rows(f"/api/v1/orders?county={COUNTY}", key="office")]
        return public_numbers(system), public_numbers(system, "&q=喷泉"), orders
    before = shown()
    system.ctl("journal", "rebuild", COUNTY)
    assert shown() == before and before[1] == [order["order"]]
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 0


# -- precedents --------------------------------------------------------------------------------------------------------

def precedents(caller, order, **more):
    answer = caller.api("GET", f"/api/v1/orders/{order['order']}/precedents", **more)
    assert answer.status == 200, answer
    return answer.json["rows"]


def test_earlier_cases_to_learn_from(system):
    text = "幼儿园门口的斑马线看不清了，孩子过马路危险"
    bad = case(system, title="幼儿园门口斑马线看不清", text=text, rating="basically", answer="已列入计划，电话13805590002")
    good = case(system, title="幼儿园门口斑马线看不清", text=text, answer="已重新画线", public=0)
    case(system, county=OTHER, key="other-office-key", title="幼儿园门口斑马线看不清", text=text)
    order = system.place(title="小学门口斑马线看不清", text=text, **CLEAR)
    system.wait_state(order, "open")
    rows = wait_until(lambda: precedents(system, order, key="office"), 20, "the archive knows it")
    assert [row["order"] for row in rows] == [good["order"], bad["order"]], "the better rated first"
    assert rows[0]["outcome"] == "solved" and rows[0]["answer"] == "已重新画线" and "斑马线看不清" in rows[0]["shared"]
    assert 0.5 <= rows[0]["score"] <= 1 and rows[1]["answer"] == "已列入计划，电话***"
    assert not {"person", "contact", "same_person", "text"} & set(rows[0])

    # Who may not see those orders learns from what is published of them.
    system.claim_all(order)
    system.step(order, "handover", {"actor": "member:M101", "department": "D01"})
    clerk = system.sign_in("10000003001")
    assert precedents(clerk, order) == []
    assert publish(system, bad, title="斑马线", text="重新画了线").status == 200
    told = precedents(clerk, order)
    assert [(row["order"], row["title"], row["text"]) for row in told] == [(bad["order"], "斑马线", "重新画了线")]
    assert "answer" not in told[0], "it is a part of what is published"


# -- classes of matters ------------------------------------------------------------------------------------------------

def classes(caller, query="", **more):
    answer = caller.api("GET", CLASSES + query, **more)
    assert answer.status == 200, answer
    return answer.json["rows"]


def test_orders_become_one_class_of_matters(system):
    orders = [system.place(title=f"南街{what}坏了", **CLEAR) for what in ("健身器材", "健身步道", "健身角")]
    for order in orders:
        system.wait_state(order, "open", "screening")
    numbers = [order["order"] for order in orders]
    convener, stranger = system.sign_in(CONVENER), system.sign_in(OTHER_CONVENER)
    body = {"title": "健身设施维护", "note": "逐一检修", "orders": " ".join(numbers[:2])}

    def opened():
        answer = convener.api("POST", CLASSES, body)
        return answer.status == 200 and answer.json["class"]
    number = wait_until(opened, 20, "the archive knows the orders")
    again = convener.api("POST", CLASSES, body, headers={"Accept-Language": "en"})
    assert again.status == 409 and again.json["code"] == "exists" and number in again.json["detail"], again
    assert "已经有这个名称" in convener.api("POST", CLASSES, body).json["detail"]
    row, = classes(convener, f"&class={number}")
    assert (row["title"], row["note"], row["count"], row["actor"]) == ("健身设施维护", "逐一检修", 2, "convener:T1")

    path = f"/api/v1/classes/{number}?county={COUNTY}"
    assert convener.api("POST", path, {"orders": numbers[2], "remove": numbers[0], "note": "换了新的"}).status == 200
    row, = classes(convener, f"&order={numbers[2]}")
    assert (row["class"], row["title"], row["note"], row["count"]) == (number, "健身设施维护", "换了新的", 2)
    assert classes(convener, f"&order={numbers[0]}") == []

    def listed(**more):
        return sorted(row["order"] for row in system.rows(f"/api/v1/orders?county={COUNTY}&class={number}", **more))
    assert listed(key="office") == sorted(numbers[1:])
    figures = system.api("GET", f"/api/v1/figures?county={COUNTY}&class={number}", key="office").json
    assert figures["total"] == 2 and sum(row["count"] for row in figures["rows"] if row["figure"] == "state") == 2
    assert convener.api("POST", path, {"orders": numbers[0]}).status == 200
    assert listed(key="office") == sorted(numbers), "what was taken out can be put in again"

    refused = ((stranger, path, {"orders": numbers[0]}, 400, "orders"),
               (convener, path, {"orders": f"{OTHER}-000001"}, 400, "orders"),
               (convener, CLASSES, {"title": "一", "orders": f"{COUNTY}-999999"}, 400, "orders"),
               (convener, CLASSES, {"orders": numbers[0]}, 400, "title"),
               (convener, f"/api/v1/classes/{COUNTY}-K999999?county={COUNTY}", {"note": "无"}, 404, "class"),
               (convener, f"/api/v1/classes/{numbers[0]}?county={COUNTY}", {"note": "无"}, 404, "class"),
               (system.sign_in(MEMBER), path, {"note": "无"}, 403, None))
    for caller, address, given, status, field in refused:
        answer = caller.api("POST", address, given)
        assert answer.status == status and answer.json["field"] == field, (address, given, answer)
    assert system.api("GET", f"/api/v1/classes?county={OTHER}", key="other-office-key").json["rows"] == []
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 0
    system.ctl("journal", "rebuild", COUNTY)
    assert listed(key="office") == sorted(numbers) and classes(convener, f"&class={number}")[0]["count"] == 3


def test_a_hot_topic_becomes_a_class(system):
    orders = [system.place(title="夜里施工噪音大", text="夜里施工吵", **CLEAR | {"category": "noise"}) for _ in range(3)]
    for order in orders:
        system.wait_state(order, "open", "screening")
    begin = (datetime.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")

    def topic():
        rows = system.api("GET", f"/api/v1/topics?county={COUNTY}&from={begin}", key="office").json["rows"]
        category = system.order(orders[0])["category"]
        return next((row for row in rows if row["category"] == category and row["count"] >= 3), None)
    hot = wait_until(topic, 20, "it is a topic")
    body = {"title": "夜间施工", "town": hot["town"], "category": hot["category"], "start": begin}
    answer = system.api("POST", CLASSES, body, key="office")
    assert answer.status == 200, answer
    assert classes(system, f"&class={answer.json['class']}", key="office")[0]["count"] == hot["count"]
