"""名册与设置: the office reads, checks and changes the county's tables, and an operator does not undo it unawares."""

import csv
import io
import json
import re
import time

import pytest

from conftest import systems_in
from harness import COUNTY, SMS_CODES, make_county, wait_until
from test_records import sheets

OFFICE, CITY, NEWCOMER = "10000005001", "10000005901", "10000004199"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    with systems_in(directory) as make:
        yield make(counties=[make_county(directory, files=SMS_CODES)])


@pytest.fixture(scope="module")
def office(system):
    return system.sign_in(OFFICE)


def table(office, name, **more):
    answer = office.api("GET", f"/api/v1/tables/{name}?county={COUNTY}", **more)
    assert answer.status == 200, answer
    return answer.json


def as_csv(read, rows=None):
    out = io.StringIO()
    csv.writer(out).writerows([[column["name"] for column in read["columns"]], *(rows or read["rows"])])
    return out.getvalue()


def send(office, name, text, revision=None, **more):
    headers = more.pop("headers", {}) | {"Content-Type": "text/csv"}
    data = text if isinstance(text, bytes) else text.encode()
    revision = f"&revision={revision}" if revision else ""
    return office.api("POST", f"/api/v1/tables/{name}?county={COUNTY}{revision}", headers=headers, data=data, **more)


def trail(system):
    return [entry["detail"] for entry in system.audit() if entry["action"] == "county.tables"]


def test_a_table_says_what_may_stand_in_it(system, office):
    listed = office.api("GET", f"/api/v1/tables?county={COUNTY}").json
    assert [row["table"] for row in listed["rows"]][:5] == ["settings", "towns", "communities", "groups", "members"]
    assert not any(row["changed"] for row in listed["rows"])
    members = table(office, "members")
    assert members["rows"][0] == ["M101", "顾怀谷", "10000004101", "G1", "C101", "construction property", "yes", "工商联"]
    columns = {column["name"]: column for column in members["columns"]}
    assert columns["group"] == {"name": "group", "label": "小组", "kind": "reference", "required": True, "target": "groups"}
    assert columns["leader"]["kind"] == "yes" and columns["phone"]["kind"] == "phone"
    settings = {row["name"]: row["wanted"] for row in table(office, "settings")["settings"]}
    assert settings["retention"] == "0 到 36500 的天数：办结以后姓名、手机号保留多久" and len(settings) > 15
    english = table(office, "settings", headers=ENGLISH)["settings"]
    assert {"name": "language", "unset": "zh", "wanted": "zh or en"} in english
    assert {"question": "3wd", "contact": ""}.items() <= {row["name"]: row["unset"] for row in english}.items()
    assert trail(system).count("read members.csv") == 1, "phones are in it"


@pytest.mark.parametrize("name", ["keys", "robots", "sms_templates", "national", "nothing", "members.csv", "../keys"])
def test_what_is_the_operators_is_no_table_of_the_office(system, office, name):
    before = trail(system)
    assert office.api("GET", f"/api/v1/tables/{name}?county={COUNTY}").status == 404
    assert send(office, name, "name,role,hash\n", revision=1).status == 404
    assert trail(system) == before


def test_faults_are_told_line_by_line_and_nothing_changes(system, office):
    members = table(office, "members")
    rows = [*members["rows"], ["M101", "新委员", "123", "G9", "", "", "maybe", ""]]
    for revision in (None, members["revision"]):
        answer = send(office, "members", as_csv(members, rows), revision)
        assert answer.status == 200 and not answer.json["stored"] and answer.json["revision"] == members["revision"]
        assert answer.json["rows"][-1][:3] == ["M101", "新委员", "123"]
        assert [(fault["line"], fault["message"]) for fault in answer.json["faults"]] == [
            (26, "编号和第 2 行的一样"), (26, "手机不是 1 开头的 11 位手机号"), (26, "小组“G9”在 groups.csv（委员小组）里没有"),
            (26, "组长只能填 yes，或者空着")]
    told = send(office, "members", as_csv(members, rows), headers=ENGLISH).json["faults"]
    assert told[0]["message"] == "id is already in line 2" and told[0]["row"] == ["M101", "新委员"], "whose row it is"
    towns = table(office, "towns")
    gone = send(office, "towns", as_csv(towns, towns["rows"][1:]), towns["revision"]).json
    assert not gone["stored"] and gone["faults"][0]["file"] == "communities.csv", "the county is checked as a whole"
    assert gone["faults"][0]["row"] == table(office, "communities")["rows"][gone["faults"][0]["line"] - 2][:2]
    for text in ("编号,姓名,手机,小组,特长\nM101,甲,10000004101,G9,\n", 'id,name,phone,group\n"M1"x,甲,10000004101,G1\n',
                 "id,name,phone,group\nM1,甲,10000004101,G1,\"多的\"\n"):
        assert not send(office, "members", text).json["complete"], "nobody takes the rows for all of it"
    assert send(office, "members", "id,name,phone,group\n\nM1,甲,1,G1\n").json["lines"] == [3]
    for text, message in (("", None), ("什么\n1\n", "第 1 列"), ("id\n", "缺少“name（姓名）”这一列")):
        answer = send(office, "members", text, members["revision"])
        assert answer.status == 400 if message is None else any(
            fault["message"].startswith(message) for fault in answer.json["faults"]), answer
    assert send(office, "members", b"id,name\0\n", members["revision"]).status == 400
    assert table(office, "members") == members


def test_a_change_is_in_force_at_once(system, office):
    members = table(office, "members")
    rows = [*members["rows"], ["M199", "新  委员", NEWCOMER, "G1", "", "", "", ""]]
    checked = send(office, "members", as_csv(members, rows)).json
    assert checked == {"table": "members", "revision": members["revision"], "stored": False, "faults": [],
                       "lines": list(range(2, len(rows) + 2)), "complete": True,
                       "rows": [*rows[:-1], ["M199", "新 委员", *rows[-1][2:]]]}
    assert table(office, "members") == members, "it was only checked"
    stored = send(office, "members", as_csv(members, rows), members["revision"]).json
    assert stored["stored"] and stored["revision"] == members["revision"] + 1
    wait_until(lambda: "M199" in system.api("GET", f"/api/v1/counties/{COUNTY}").text, 10, "the new member is there")
    time.sleep(1)  # in which every service takes it
    assert system.sign_in(NEWCOMER).api("GET", "/api/v1/me").json["roles"] == ["member:M199"]
    late = send(office, "members", as_csv(members), members["revision"])
    assert (late.status, late.json["code"]) == (412, "changed"), "somebody else's change is not undone"
    assert trail(system).count("change members.csv") == 1
    assert {"table": "members", "count": 25, "changed": True} in office.api("GET", f"/api/v1/tables?county={COUNTY}").json["rows"]


def test_nobody_locks_themselves_out(system, office):
    staff = table(office, "staff")
    others = [row for row in staff["rows"] if row[2] != OFFICE]
    answer = send(office, "staff", as_csv(staff, others), staff["revision"]).json
    assert not answer["stored"] and answer["faults"] == [
        {"file": "staff.csv", "line": 0, "message": "这样改了，您自己就不再是办公室的人，也改不回来了"}]
    assert send(system, "staff", as_csv(staff, others), key="office").json["faults"] == [], "with a key it can be undone"


@pytest.mark.parametrize("language, head", [("zh-CN", ["编号", "姓名", "手机"]), ("en", ["id", "name", "phone"])])
def test_what_is_exported_can_be_sent_again(system, office, language, head):
    headers = {"Accept-Language": language}
    members = table(office, "members")
    path = f"/api/v1/tables/members?county={COUNTY}&as="
    exported = office.api("GET", path + "csv", headers=headers)
    assert exported.headers["Content-Disposition"] == 'attachment; filename="members.csv"'
    assert exported.content.startswith(b"\xef\xbb\xbf") and exported.content.decode("utf-8-sig").startswith(",".join(head))
    read = send(office, "members", exported.content).json
    assert (read["rows"], read["faults"], read["complete"]) == (members["rows"], [], True)
    book = sheets(office.api("GET", path + "xlsx", headers=headers).content)
    assert book["members"][0][:3] == head and [row[0] for row in book["members"][1:]] == [row[0] for row in members["rows"]]
    assert send(office, "members", exported.content.decode("utf-8-sig").encode("gb18030")).json["rows"] == members["rows"]
    assert office.api("GET", path + "pdf").status == 400


def test_a_formula_is_exported_as_text(system, office):
    reasons = table(office, "reasons")
    evil = ["evil", "=HYPERLINK(\"http://x\")", "-1+1"]
    assert send(office, "reasons", as_csv(reasons, [*reasons["rows"], evil]), reasons["revision"]).json["stored"]
    line = office.api("GET", f"/api/v1/tables/reasons?county={COUNTY}&as=csv").text.splitlines()[-1]
    assert line == '''evil,"'=HYPERLINK(""http://x"")","'-1+1"'''
    points = office.api("GET", f"/api/v1/tables/portrait?county={COUNTY}&as=csv").text
    assert "'" not in points, "a number below 0 is none"


def test_an_operator_does_not_undo_it_unawares(system, office, tmp_path):
    mine = system.counties[0]
    members = table(office, "members")
    refused = system.ctl("county", "apply", str(mine), check=False)
    assert refused.returncode == 1 and "its office has changed members.csv" in refused.stderr
    assert f'"county export {COUNTY} DIR"' in refused.stderr and "--replace" in refused.stderr
    system.ctl("county", "rekey", COUNTY)
    assert system.ctl("county", "apply", str(mine), check=False).returncode == 1, "a new key makes no difference"
    taken = tmp_path / COUNTY
    assert "revision" in system.ctl("county", "export", COUNTY, str(taken))
    assert taken.stat().st_mode & 0o77 == 0 and (taken / "members.csv").stat().st_mode & 0o77 == 0
    assert not (taken / "national.csv").exists() and (taken / "keys.csv").read_text() == (mine / "keys.csv").read_text()
    system.ctl("county", "apply", str(taken), "--calendar", str(mine.parents[0]))
    assert table(office, "members")["rows"] == members["rows"], "with what was exported nothing is lost"
    changed = office.api("GET", f"/api/v1/tables?county={COUNTY}").json["rows"]
    assert not any(row["changed"] for row in changed)
    assert send(office, "reasons", as_csv(table(office, "reasons")), table(office, "reasons")["revision"]).json["stored"]
    system.ctl("county", "apply", str(mine), "--replace")
    assert "M199" not in [row[0] for row in table(office, "members")["rows"]]
    for arguments, said in ((["export", "123456", str(taken)], "there is no county"),
                            (["export", COUNTY, "/dev/null/x"], "Not a directory")):
        done = system.ctl("county", *arguments, check=False)
        assert done.returncode == 1 and said in done.stderr
    assert system.ctl("county", "list", "--replace", check=False).returncode == 2


def test_others_do_not_see_them(system):
    assert system.sign_in(CITY).api("GET", f"/api/v1/tables/members?county={COUNTY}").status in (403, 404)
    assert system.api("GET", f"/api/v1/tables/members?county={COUNTY}").status == 401


# -- what SMS say ------------------------------------------------------------------------------------------------------

def test_the_office_sees_what_each_sms_says(system, office):
    templates = office.api("GET", f"/api/v1/templates?county={COUNTY}").json
    previewed = {row["template"]: row for row in json.loads(system.ctl("--json", "sms", "preview", COUNTY))["templates"]}
    rows = {(row["template"], row["language"]): row for row in templates["rows"]}
    assert templates["total"] == len(previewed) and set(rows) == {(name, language) for name in previewed
                                                                  for language in ("zh", "en")}
    assert templates["language"] == "zh"
    moment = re.compile(r"\d+月\d+日\d\d:\d\d")  # one is asked for later than the other
    for name, row in previewed.items():
        told = rows[name, "zh"]
        assert moment.sub("", told["text"]) == moment.sub("", row["text"]) and told["text"].startswith("【云溪县政协】")
        for told in (told, rows[name, "en"]):
            length = len(told["text"])
            assert (told["characters"], told["segments"]) == (length, 1 if length <= 70 else -(-length // 67)), told
            assert told["recipients"] and not re.search(r"[{}\[\]]", told["text"]), told
    placed = rows["placed", "en"]
    assert (placed["recipients"], placed["ways"]) == ("resident", "at_once necessary")
    assert placed["wording"].startswith('We have received your concern "{title}"')
    assert placed["text"].startswith('【云溪县政协】We have received your concern "Street lamp')
    assert templates["codes"] == [{"template": "placed", "gateway": "ali", "code": "SMS_1", "values": ["title", "order", "access"]},
                                  {"template": "opened", "gateway": "ali", "code": "SMS_2", "values": []}]
    assert templates["signatures"] == [{"gateway": "ali", "sign": "云溪政协"}]


def test_a_sample_is_what_is_sent(system, office):
    """Of the same order the same words; and what a sample says opens nothing."""
    sample = next(row["text"] for row in office.api("GET", f"/api/v1/templates?county={COUNTY}").json["rows"]
                  if (row["template"], row["language"]) == ("placed", "zh"))
    order = system.place(title="东门小区三号楼前的路灯不亮", phone="10000000001")
    sent = system.wait_sms(order, template="placed")[0]["text"]
    number, code = re.search(r"单号(\S+?)，查询码(\d+)", sample).groups()
    assert sample.replace(number, order["order"]).replace(code, order["code"]) == sent
    assert system.api("GET", f"/api/v1/orders/{number}", code=code).status == 404
