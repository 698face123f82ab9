"""Importing what hotlines and offices export: all of it comes in, once, and what cannot is named."""

import csv
import io
import subprocess

import pytest

import real_input
from harness import COUNTY, ROOT, wait_until

HEADER = ["id", "time", "title", "text", "likes", "dislikes", "user", "phone"]
PLACES = ["东门小区", "学府花园", "滨河公园", "和谐家园", "青山集镇", "某个地方"]
MATTERS = ["路灯不亮", "下水道堵塞，污水横流", "物业收费不透明", "夜间施工噪音扰民", "想问一件事"]


def rows(count, reference=""):
    """Made-up concerns: some that routing is sure about, some that are not; quotes, commas and line breaks included."""
    for i in range(count):
        place, matter = PLACES[i % len(PLACES)], MATTERS[i % len(MATTERS)]
        yield [f"{reference}{i}", "2019-02-28 11:25:05", f"{place}{matter}",
               f'您好，“{place}”{matter}，已经第 {i} 天了。\n邻居说: "快点", 谢谢！', "3", "0", f"U{i:05}", "10000000001"]


def table(content, header=HEADER, encoding="utf-8", newline="\r\n"):
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows([header, *content])
    return text.getvalue().encode(encoding)


def send(system, data, key="import", county=COUNTY):
    return system.api("POST", f"/api/v1/imports?county={county}", key=key, headers={"Content-Type": "text/csv"},
                      data=data, timeout=60)


def imported(system, references):
    """number → state of the orders with these numbers at their source, as the office lists them."""
    listed = system.rows(f"/api/v1/orders?county={COUNTY}&limit=1000", key="office")
    return {row["order"]: row["state"] for row in listed if row.get("source_ref") in references}


@pytest.mark.parametrize("encoding, newline", [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("gb18030", "\r\n")])
def test_every_row_arrives(shared, encoding, newline):
    content = list(rows(60, f"{encoding}-"))
    report = send(shared, table(content, encoding=encoding, newline=newline))
    assert report.status == 200, report
    counts = [report.json[name] for name in ("rows", "accepted", "repeated", "refused_count")]
    assert counts == [60, 60, 0, 0], report
    assert report.json["encoding"] == ("GB18030" if encoding == "gb18030" else "UTF-8")
    assert set(report.json["ignored_columns"]) == {"time", "likes", "dislikes", "user"}

    mixed = send(shared, "标题,13800001234\n路灯不亮,x\n".encode()).json
    assert mixed["ignored_columns"] == ["***"], "what is no name of a column may be somebody's number"

    references = {row[0] for row in content}
    states = wait_until(lambda: len(found := imported(shared, references)) == 60 and
                        set(found.values()) <= {"open", "screening"} and found, 60, "every order is open or screening")
    assert set(states.values()) == {"open", "screening"}, "there are some of both"
    for order, state in states.items():
        shared.wait_sms({"order": order}, template="placed", recipient="resident")
        shared.wait_sms({"order": order}, template="opened" if state == "open" else "screening")


def test_twice_adds_nothing(shared):
    data = table(rows(40, "twice-"))
    assert send(shared, data).json["accepted"] == 40
    again = send(shared, data)
    assert [again.json[name] for name in ("accepted", "repeated", "refused_count")] == [0, 40, 0], again
    more = send(shared, table(rows(50, "twice-")))
    assert [more.json[name] for name in ("accepted", "repeated", "refused_count")] == [10, 40, 0], "it goes on"
    references = {row[0] for row in rows(50, "twice-")}
    wait_until(lambda: len(imported(shared, references)) == 50, 30, "all are journalled")


def test_two_sources_with_the_same_numbers(shared):
    """What the second one says is not taken for what the first one said."""
    head = ["编号", "标题", "内容", "地点"]
    first = table([["both-1", "村口的桥坏了", "过不去车"], ["both-2", "路灯不亮"], ["both-3", "路灯不亮", "", "东街"]], head)
    assert send(shared, first).json["accepted"] == 3
    second = send(shared, table([["both-1", "井盖没了", "快来人"], ["both-2", "路灯不亮"], ["both-3", "路灯不亮", "", "西街"],
                                 ["both-4", "又一件"]], head)).json
    assert (second["accepted"], second["repeated"], second["refused_count"]) == (1, 1, 2), second
    for refused, line in zip(second["refused"], (2, 4)):
        assert (refused["line"], refused["field"], refused["code"]) == (line, "source_ref", "exists")
        assert "换一个编号" in refused["message"]


def test_rows_without_a_number_are_known_by_their_content(shared):
    data = table([["村口的桥坏了", "过不去车"], ["村口的桥坏了", "过不去人"], ["村口的桥坏了", "过不去车"]], ["标题", "内容"])
    report = send(shared, data).json
    assert (report["accepted"], report["repeated"]) == (2, 1)
    assert send(shared, data).json["repeated"] == 3


def test_refused_rows_are_named_and_the_others_stored(shared):
    content = list(rows(8, "refused-"))
    content[1][2] = "长" * 201
    content[3][7] = "12345"
    content[5] = content[5] + ["one", "too many"]
    content[6][2], content[6][3] = "", ""
    report = send(shared, table(content, newline="\n")).json
    assert (report["rows"], report["accepted"], report["refused_count"]) == (8, 4, 4), report
    faults = {(row["line"], row["field"]) for row in report["refused"]}  # a row's text has a line break in it
    assert faults == {(4, "title"), (8, "phone"), (12, None), (14, "title")}
    assert all(row["code"] and row["message"] for row in report["refused"])


def test_a_broken_encoding_is_a_fault_of_its_row(shared):
    data = table(rows(5, "broken-"), newline="\n").replace("第 2 天".encode(), b"\xff\xff\xff")
    report = send(shared, data)
    assert report.status == 200 and report.json["rows"] == 5, report
    assert report.json["accepted"] >= 4 and report.json["accepted"] + report.json["refused_count"] == 5


@pytest.mark.parametrize("data, key, county, status", [
    (table([["x"]], ["nothing we know"]), "import", COUNTY, 400), (b"", "import", COUNTY, 400),
    (table(rows(3, "no-key-")), None, COUNTY, 401), (table(rows(3, "no-key-")), "open311", COUNTY, 403),
    (table(rows(3, "no-key-")), "import", "123456", 404)])
def test_refused_as_a_whole(shared, data, key, county, status):
    before = shared.redis.keys("order:*")
    answer = send(shared, data, key, county)
    assert answer.status == status and answer.json["detail"], answer
    assert set(shared.redis.keys("order:*")) <= set(before)


def test_broken_off_and_sent_again(system):
    """The client dies in the middle; what it sent stays, and the whole file again adds only what is missing."""
    content = list(rows(400, "half-"))
    data = table(content)

    def pieces():
        yield data[:len(data) // 2]
        wait_until(lambda: len(system.redis.keys(f"order:{{{COUNTY}}}:*")) > 50, 30, "the first half is being stored")
        raise ConnectionAbortedError

    with pytest.raises(Exception):
        send(system, pieces())
    report = send(system, data).json
    assert report["accepted"] + report["repeated"] == 400 and report["repeated"] > 50, report
    assert send(system, data).json["repeated"] == 400
    wait_until(lambda: len(imported(system, {row[0] for row in content})) == 400, 60, "all are journalled, once")


def test_script(shared, tmp_path):
    file = tmp_path / "hotline.csv"
    file.write_bytes(table([*rows(20, "script-"), ["bad", "", "长" * 300, "", "", "", "", ""]], encoding="gb18030"))
    command = [ROOT / "scripts/import", "--url", shared.url, "--county", COUNTY, "--key", "test-import-key", file]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert "20 accepted" in done.stdout and done.returncode == 1, (done.stdout, done.stderr)


def test_from_import_to_archive(system, tmp_path):
    """What real_input.py does with a real file, on a made-up one."""
    file = tmp_path / "concerns.csv"
    file.write_bytes(table(rows(60, "whole-"), newline="\n"))
    real_input.run(system, file, cases=10)
