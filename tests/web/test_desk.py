"""The pages of conveners, departments and committees in a real browser: screening, board, rulings, decisions, calls."""

import pytest

from conftest import systems_in
from harness import CLAIMS, COUNTY, ROOT, make_county, wait_until
from scenes import play

CONVENER, CLERK, OTHER_CLERK, COMMITTEE = "10000001001", "10000003001", "10000003008", "10000002001"
OFFICE, LEADER = "10000005001", "10000004101"
PAGES = {"intake": {"web_dir": ROOT / "build/web"}}
SHELTER = {"title": "西大街老县医院公交站缺雨棚", "text": "西大街老县医院公交站没有雨棚，下雨天老人等车淋雨。"}
MATTERS = (
    ("accept", "东门小区路灯不亮", "三栋门口的路灯坏了半个月，老人晚上不敢出门。"),
    ("accept", "东门菜场门口积水", "一下雨就积水，走不过去。"),
    ("correct", "西门小区电梯老停", "五栋电梯一个月停了四次。"),
    ("accept", "学府路夜里施工", "夜里十一点还在打桩，孩子睡不着。"),
    ("return", "邻居欠我两千块钱", "去年借的，东门小区三栋的，一直不还。"),
    ("accept", "县一中门口太堵", "放学时间车停满了，东西两头都走不动。"),
    ("accept", "东大街井盖松了", "车一压就响，怕翘起来。"),
    ("merge", "西大街公交站没有顶棚", "西大街老县医院公交站没有雨棚，等车淋雨。"),
    ("accept", "锦绣花园物业不管事", "垃圾堆了一个星期没有人清。"),
    ("split", "西门小区停水，还有违建", "昨天停水一天没有通知；六栋楼顶还有人搭了棚子。"),
    ("accept", "金桂苑没有充电桩", "电瓶车都从楼上拉线充电。"),
    ("accept", "书香名邸房产证没有办", "交房三年了，证还没有下来。"),
    ("return", "东门小区有人闹离婚", "天天吵，请政协来劝一劝。"),
    ("accept", "实验小学食堂太贵", "一个月涨了两次。"),
    ("ask", "门口那条路不平", "走路老绊脚。东门社区的。"),
    ("accept", "学府花园广场舞太吵", "晚上九点半还在放。"),
    ("merge", "老县医院公交站想加顶棚", "西大街老县医院的公交站没有雨棚，下雨天老人等车淋雨。"),
    ("accept", "东门小区树枝挡窗户", "二楼三楼都晒不到太阳。"),
    ("accept", "西门社区少一个公厕", "菜场和广场都没有。"),
    ("accept", "学府路人行道破了", "推婴儿车过不去。"),
)


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A county in which routing is never sure enough, so that everything is screened."""
    directory = tmp_path_factory.mktemp("desk")
    with systems_in(directory) as make:
        county = make_county(directory, settings={"threshold": "1"})
        departments = (county / "departments.csv").read_text(encoding="utf-8")
        (county / "departments.csv").write_text(departments.replace("10000003002", CLERK), encoding="utf-8")
        yield make(counties=[county], parameters=PAGES)


@pytest.fixture(scope="module")
def people(system):
    return {phone: system.sign_in(phone) for phone in (CONVENER, CLERK, OTHER_CLERK, COMMITTEE, OFFICE, LEADER)}


def opened(system, **fields):
    """An order in the pool."""
    order = system.place(**fields)
    system.wait_state(order, "screening")
    assert system.step(order, "screen", {"decision": "accept"}).status == 200
    system.wait_state(order, "open")
    return order


def claim(system, order):
    """Members take it, as many as it needs."""
    places = system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json["places"]
    return system.claim_all(order, CLAIMS[:places])


def listed(system, query):
    return [row["order"] for row in system.rows(f"/api/v1/orders?county={COUNTY}{query}", key="office")]


def test_twenty_orders_are_screened_by_keyboard(system, people):
    primary = opened(system, **SHELTER)
    matters = []
    for doing, title, text in MATTERS:
        order = system.place(title=title, text=text, community="C101", phone=f"1000000{len(matters):04}")
        system.wait_state(order, "screening")
        matters.append({"doing": doing, "title": title} | order)
    wait_until(lambda: len(listed(system, "&state=screening")) == len(MATTERS), 20, "all are listed")
    matters.sort(key=lambda matter: system.order(matter)["urgency"] != "urgent")  # these come first
    assert [matter["title"] for matter in matters[:2]] == ["东大街井盖松了", "西门小区停水，还有违建"]
    plan = {matter["order"]: matter["doing"] for matter in matters}
    seen = play(system, "desk.mjs", "screen", county=COUNTY, cookie=people[CONVENER].cookie, plan=plan)
    print(f"{len(MATTERS)} orders screened by keyboard in {seen['seconds']:.1f} s")
    ends = {"return": "returned", "merge": "merged"}
    for matter in matters:
        now = system.wait_state(matter, ends.get(matter["doing"], "open"))
        if matter["doing"] == "merge":
            staff = system.api("GET", f"/api/v1/orders/{matter['order']}", key="office").json
            assert staff["primary"] == primary["order"]
        if matter["doing"] == "correct":
            assert now["category"] == "property"
    rows = list(system.rows(f"/api/v1/orders?county={COUNTY}", key="office"))
    assert [row["title"] for row in rows if row.get("source") == "split"] == ["西门小区六栋楼顶违建"]


def test_a_merge_is_undone_and_a_refusal_comes_back(system, people):
    opened(system, **SHELTER)
    order = system.place(title="老县医院公交站要雨棚", text="西大街老县医院公交站没有雨棚，下雨天老人等车淋雨。",
                         community="C101")
    other = system.place(title="东门小区想装扶手", text="楼梯没有扶手，老人上下不方便。", community="C101")
    for one in (order, other):
        system.wait_state(one, "screening")

    def taken():
        """Somebody else was faster, and this page has not heard of it yet."""
        return system.step(other, "screen", {"decision": "accept"}).status
    wait_until(lambda: len(listed(system, "&state=screening")) == 2, 20, "both are listed")
    play(system, "desk.mjs", "undo", {"taken": taken}, county=COUNTY, cookie=people[CONVENER].cookie,
         order=order["order"], other=other["order"])
    assert not system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json["primary"]


def test_the_board_tells_what_others_do(system, people):
    order = opened(system, title="东门小区健身器材坏了", text="东门小区的健身器材断了半截，孩子容易碰伤。")
    opened(system, title="东门小区门口塌陷", text="路面塌陷，车过不去，很危险。")

    def claimed():
        return claim(system, order) and True

    def answered():
        return system.answer_it(order) and True
    play(system, "desk.mjs", "board", {"claimed": claimed, "answered": answered}, county=COUNTY, title="东门小区健身器材坏了",
         cookie=people[CONVENER].cookie, leader=people[LEADER].cookie, office=people[OFFICE].cookie)


def test_an_objection_is_ruled_and_more_time_is_granted(system, people):
    order = opened(system, title="东门小区树倒了一半", text="东门小区门口的树倒了一半，压着电线。")
    claim(system, order)
    handed = system.step(order, "handover", {"actor": "member:M101", "department": "D01", "assisting": "D03"})
    assert handed.status == 200, handed
    late = opened(system, title="东门小区化粪池堵了", text="东门小区五栋的化粪池堵了，臭气很大。")
    claim(system, late)

    unclaimed = opened(system, title="东门小区长椅断了", text="东门小区花园里的长椅断了两根木条。")

    def extend():
        asked = system.step(late, "extend", {"actor": "member:M101", "days": 3, "reason": "要等县里批钱"})
        return asked.status
    play(system, "desk.mjs", "ruling", {"extend": extend}, county=COUNTY, title="东门小区树倒了一半", late="东门小区化粪池堵了",
         order=order["order"], open=unclaimed["order"], leader=people[LEADER].cookie, convener=people[CONVENER].cookie,
         clerk=people[CLERK].cookie, other=people[OTHER_CLERK].cookie, office=people[OFFICE].cookie)
    now = system.api("GET", f"/api/v1/orders/{order['order']}", key="office").json
    assert (now["department"], now["ruled"]) == ("D08", "D01")
    assert system.api("GET", f"/api/v1/orders/{late['order']}", key="office").json["extended"] == 3


def test_one_clerk_works_for_two_departments(system, people):
    order = opened(system, **SHELTER)
    claim(system, order)
    assert system.step(order, "handover", {"actor": "member:M101", "department": "D02"}).status == 200
    play(system, "desk.mjs", "twoDepartments", county=COUNTY, title=SHELTER["title"], cookie=people[CLERK].cookie,
         department="县交通运输局")
    rows = system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
    assert [row["actor"] for row in rows if row.get("step") == "responded"] == ["department:D02"]


def test_what_was_not_sent_waits(system, people):
    order = opened(system, title="东门小区井盖松了", text="东门小区门口的井盖松了，晚上容易绊倒人。")
    claim(system, order)

    def reassigned():
        body = {"actor": "convener:T1", "members": "M102 M104", "reason": "有人出差"}
        return system.step(order, "reassign", body).status
    play(system, "desk.mjs", "unsent", {"reassigned": reassigned}, cookie=people[CONVENER].cookie, order=order["order"])


def test_a_committee_decides(system, people):
    order = opened(system, title="东门小区楼道灯坏了", text="东门小区二栋楼道灯坏了，说修没有修。")
    claim(system, order)
    for answer in ("已经报修。", "又报修了一次。"):
        system.answer_it(order, answer)
        assert system.rate(order, "dissatisfied").status == 200
        system.wait_state(order, "consulting", "evaluated")
    system.wait_state(order, "evaluated")
    wait_until(lambda: listed(system, "&state=evaluated&rating=dissatisfied"), 20, "it is listed")
    play(system, "desk.mjs", "decide", county=COUNTY, title="东门小区楼道灯坏了", cookie=people[COMMITTEE].cookie)
    assert system.wait_state(order, "consulting")["reopened"] == 2


def test_ten_thousand_orders_scroll(system, people):
    seen = play(system, "desk.mjs", "many", county=COUNTY, cookie=people[OFFICE].cookie)
    print(f"10,000 orders: shown after {seen['shown']:.0f} ms, read to the end in {seen['parts']} parts, at most "
          f"{seen['nodes']} elements, half of the frames within {seen['median']:.0f} ms, all within "
          f"{seen['longest']:.0f} ms")
    assert seen["rows"] == 10_000
    assert seen["nodes"] < 5000, "what is far from the screen is not there"


def test_residents_who_did_not_rate_are_called(make_system, tmp_path):
    county = make_county(tmp_path, clocks={("normal", "callback"): "8s"}, settings={"escalate": "400d"})
    system = make_system(counties=[county], parameters=PAGES)
    convener = system.sign_in(CONVENER)
    order = system.place()
    system.wait_state(order, "open")
    claim(system, order)
    system.answer_it(order)
    wait_until(lambda: listed(system, "&to_call=1"), 30, "it is to be called")
    play(system, "desk.mjs", "call", county=COUNTY, title="东门小区路灯不亮", cookie=convener.cookie)
    assert system.wait_state(order, "closed")["rating"] == "satisfied"
    looks = [entry for entry in system.audit() if entry["action"] == "order.contact" and entry["result"] == "done"]
    assert [(entry["actor"], entry["order"]) for entry in looks] == [("convener:T1", order["order"])]
