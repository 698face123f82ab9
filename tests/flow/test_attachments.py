"""Attachments of an order, and a department's written reply: who sends and sees them, what is in them, when they go."""

import hashlib
import http.client
import io
import os
import re
import signal
import socket
import struct
import time
import zipfile
import zlib
from urllib.parse import quote, unquote

import pytest

from conftest import systems_in
from harness import COUNTY, make_county, wait_until

OTHER = "990104"
HANDLER, CONVENER, CLERK, OTHER_CLERK, STRANGER = ("10000004102", "10000001001", "10000003001", "10000003002",
                                                   "10000004203")
PLACE = b"N 29.788 E 118.123 Zhang San's phone"


# -- files -------------------------------------------------------------------------------------------------------------

def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation):
    directory = struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0) + b"\0\0\0\0"
    return b"Exif\0\0MM\0*\0\0\0\x08" + directory + PLACE


def jpeg(orientation=6, more=b"", tail=b""):
    """As small as a JPEG can be; nobody decodes it."""
    return (b"\xFF\xD8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") +
            segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x12" + PLACE) + segment(0xE1, exif(orientation)) +
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PLACE) + segment(0xFE, b"<script>alert(1)</script>" + PLACE) +
            segment(0xDB, b"\0" * 65) + segment(0xC0, b"\x08\0\x01\0\x01\x01\x01\x11\0") + more +
            segment(0xDA, b"\x01\x01\0\0?\0") + b"\x12\xFF\0\x34\xFF\xD0\x56" + b"\xFF\xD9" + tail)


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png():
    return (b"\x89PNG\r\n\x1A\n" + chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0") + chunk(b"tEXt", b"GPS\0" + PLACE) +
            chunk(b"eXIf", PLACE) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"") + PLACE)


def webp():
    def part(name, body):
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    body = (b"WEBP" + part(b"VP8X", b"\x2C" + b"\0" * 9) + part(b"ICCP", b"icc") + part(b"VP8L", b"\x2F\0\0\0\0") +
            part(b"EXIF", PLACE) + part(b"XMP ", PLACE))
    return b"RIFF" + struct.pack("<I", len(body)) + body + PLACE


def docx():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


PDF = b"%PDF-1.4\n%%EOF\n"


# -- a system ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("attachments")
    with systems_in(directory) as make:
        other = make_county(directory, OTHER, keys={"office": "other-office-key"})
        yield make(counties=[make_county(directory, settings={"retention": "0"}), other],
                   parameters={"intake": {"attachments_dir": directory / "files", "attachment_bytes": 100_000,
                                          "attachments_max": 3}})


def open_order(system, **fields):
    order = system.place(**{"category": "construction", "community": "C101"} | fields)
    system.wait_state(order, "open")
    return order


def attach(caller, order, data, name="路灯.jpg", query="", **more):
    headers = {"X-File-Name": quote(name), "Content-Type": "application/octet-stream"}
    return caller.api("POST", f"/api/v1/orders/{order['order']}/attachments{query}", data=data, headers=headers, **more)


def attached(caller, order, data, *arguments, **more):
    answer = attach(caller, order, data, *arguments, **more)
    assert answer.status == 201, answer
    return answer.json


def listed(caller, order, **more):
    answer = caller.api("GET", f"/api/v1/orders/{order['order']}/attachments", **more)
    assert answer.status == 200, answer
    return answer.json["rows"]


def fetch(system, order, file, code=None, headers=None):
    headers = dict(headers or {}) | ({"X-Order-Code": code} if code else {"Authorization": "Bearer test-office-key"})
    return system.http.get(f"{system.url}/api/v1/orders/{order['order']}/attachments/{file}", headers=headers)


def stored(system, order):
    place = system.directory.parent / "files" / order["order"][:6] / order["order"]
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


# -- what is kept of them ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make, media", [(jpeg, "image/jpeg"), (png, "image/png"), (webp, "image/webp")])
def test_a_photo_loses_where_it_was_taken(system, make, media):
    order = open_order(system)
    row = attached(system, order, make(), code=order["code"])
    assert row["type"] == media and row["audience"] == "all"
    answer = fetch(system, order, row["file"], order["code"])
    assert answer.status_code == 200 and answer.headers["Content-Type"] == media
    assert PLACE not in answer.content and b"script" not in answer.content and b"xap" not in answer.content
    assert hashlib.blake2b(answer.content, digest_size=32).hexdigest() == row["hash"] and len(answer.content) == row["size"]
    if make is jpeg:
        assert answer.content.count(b"Exif") == 1 and exif(6)[:-len(PLACE)] in answer.content, "which way up it is stays"
        assert b"\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9" == answer.content[-9:]
    if make is png:
        assert answer.content == b"\x89PNG\r\n\x1A\n" + b"".join(
            chunk(*part) for part in ((b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"), (b"IDAT", zlib.compress(b"\0\0")),
                                      (b"IEND", b"")))
    if make is webp:
        assert answer.content[20:21] == b"\x20" and struct.unpack("<I", answer.content[4:8])[0] == len(answer.content) - 8


def test_nothing_of_it_can_run_and_nothing_of_it_is_readable_at_rest(system):
    order = open_order(system)
    row = attached(system, order, jpeg(tail=b"<html><script>alert(1)</script>" + PDF), "photo.html", code=order["code"])
    assert row["name"] == "photo.html.jpg" and row["type"] == "image/jpeg", "by its content, not by its name"
    answer = fetch(system, order, row["file"], order["code"])
    assert b"script" not in answer.content and b"%PDF" not in answer.content, "a picture is a picture only"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    files = list((system.directory.parent / "files" / COUNTY / order["order"]).iterdir())
    assert len(files) == 1 and files[0].stat().st_mode & 0o077 == 0
    assert b"JFIF" not in files[0].read_bytes() and files[0].read_bytes().startswith(b"v1.")


def test_names_lead_nowhere(system):
    order = open_order(system)
    for name, plain in (("../../../etc/passwd", "passwd.pdf"), ("C:\\boot.ini", "boot.ini.pdf"), ("a\r\nX-Evil: 1", "a__X-Evil__1.pdf"),
                        ('q";filename=x', "q__filename=x.pdf")):
        file = open_order(system)
        row = attached(system, file, PDF, name, code=file["code"])
        assert row["name"] == plain, row
        answer = fetch(system, file, row["file"], file["code"])
        assert "X-Evil" not in answer.headers and answer.content == PDF
        disposition = answer.headers["Content-Disposition"]
        assert re.fullmatch(r"""attachment; filename="[0-9a-f]{24}\.pdf"; filename\*=UTF-8''[\w.%-]+""", disposition)
        assert unquote(disposition.rpartition("'")[2]) == plain
    row = attached(system, order, PDF, "长" * 200 + "路.PDF", code=order["code"])
    assert len(row["name"]) <= 50 and row["name"].endswith(".pdf")
    assert attached(system, order, docx(), "报告\u202Exslx.docx", code=order["code"])["name"] == "报告___xslx.docx"
    for path in ("..%2f..%2fetc%2fpasswd", "..", "0" * 24, row["file"][:-1]):
        assert fetch(system, order, path, order["code"]).status_code in (400, 404), path


def test_lists_tell_who_may_only_claim_it_no_more_than_the_order_does(system):
    order = open_order(system)
    attached(system, order, PDF, "内部意见.pdf", key="office")
    first, second = system.sign_in("10000004101"), system.sign_in("10000004102")
    assert first.step(order, "claim").status == 200

    def row(person):
        rows = person.api("GET", f"/api/v1/orders?county={COUNTY}&limit=1000").json["rows"]
        return next((row for row in rows if row["order"] == order["order"]), {})
    wait_until(lambda: "内部意见" in row(first).get("files", ""), 20, "who has it sees which files there are")
    wait_until(lambda: row(second), 20, "that it is open comes to the archive from another service than the claim")
    assert row(second)["state"] == "open" and "files" not in row(second)
    assert "files" not in second.api("GET", f"/api/v1/orders/{order['order']}").json


def test_what_is_no_photo_or_document_is_refused(system):
    order = open_order(system)

    def archive(*names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name in names:
                file.writestr(name, "MZ")
        return out.getvalue()
    for bad in (b"", b"<html><script>1</script>", b"GIF89a", b"MZ\x90", archive("run.exe"), archive("word/run.exe"),
                archive("[Content_Types].xml", "run.exe"), jpeg()[:60], jpeg()[:2] + PDF, png()[:40], webp()[:30],
                b"\xFF\xD8\xFF" + b"\xFF" * 50, b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1A\n" + b"\xFF" * 40):
        answer = attach(system, order, bad, code=order["code"])
        assert answer.status == 400 and answer.json["field"] == "file" and "JPEG" in answer.json["detail"], (bad, answer)
    assert attach(system, order, jpeg(), query="?shown=2", code=order["code"]).json["field"] == "shown"
    multipart = system.api("POST", f"/api/v1/orders/{order['order']}/attachments", data=b"x", code=order["code"],
                           headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert multipart.status == 415
    assert attach(system, order, PDF + b" " * 100_000, code=order["code"]).status == 413
    assert stored(system, order) == [] and listed(system, order, code=order["code"]) == []


def begun(system, order):
    """Somebody who sends a file, and takes their time."""
    slow = socket.create_connection(("127.0.0.1", system.port))
    slow.sendall(f"POST /api/v1/orders/{order['order']}/attachments HTTP/1.1\r\nHost: sidan\r\nX-Order-Code: {order['code']}"
                 "\r\nContent-Length: 1000\r\n\r\n".encode() + PDF)
    return slow


def test_who_sends_many_slowly_keeps_nobody_else_out(system):
    order = open_order(system)
    slow = []
    wait_until(lambda: slow.append(begun(system, order)) or attach(system, order, PDF, code=order["code"]).status == 503,
               10, "there is no room")
    elsewhere = http.client.HTTPConnection("127.0.0.1", system.port, source_address=("127.0.0.2", 0))
    elsewhere.request("POST", f"/api/v1/orders/{order['order']}/attachments", PDF, {"X-Order-Code": order["code"]})
    assert elsewhere.getresponse().status == 201
    assert attach(system, order, PDF, code=order["code"]).status == 201, "the oldest of these has given way"
    for connection in [*slow, elsewhere]:
        connection.close()


def age(*paths):
    """As if they had been stored some time ago."""
    old = time.time() - 5000
    for path in paths:
        os.utime(path, (old, old))


def test_an_order_has_no_more_than_so_many(system):
    order = open_order(system)
    rows = [attached(system, order, PDF + str(number).encode(), code=order["code"]) for number in range(3)]
    assert attached(system, order, PDF + b"1", code=order["code"])["file"] == rows[1]["file"], "the same again is the same"
    answer = attach(system, order, PDF + b"4", code=order["code"])
    assert answer.status == 409 and answer.json["code"] == "full" and "附件" in answer.json["detail"], answer
    assert [row["file"] for row in listed(system, order, code=order["code"])] == [row["file"] for row in rows]
    age(*(system.directory.parent / "files" / COUNTY / order["order"]).iterdir())
    wait_until(lambda: stored(system, order) == sorted(row["file"] for row in rows), 30,
               "what it does not name is deleted")


# -- who may -----------------------------------------------------------------------------------------------------------

def test_they_are_for_who_may_see_the_order(system):
    order, another, theirs = open_order(system), open_order(system), system.place(county=OTHER)
    system.claim_all(order)
    assert system.step(order, "handover", {"actor": "member:M101", "department": "D01"}).status == 200
    mine = attached(system, order, jpeg(), code=order["code"])
    handler, convener, clerk, stranger, other_clerk = (system.sign_in(phone) for phone in
                                                       (HANDLER, CONVENER, CLERK, STRANGER, OTHER_CLERK))
    inner = attached(handler, order, PDF, "内部.pdf")
    outer = attached(clerk, order, docx(), "回函.docx", "?shown=1")
    assert (inner["audience"], outer["audience"]) == ("staff", "all")
    for caller in (handler, convener, clerk):
        assert {row["file"] for row in listed(caller, order)} == {mine["file"], inner["file"], outer["file"]}
    assert {row["file"] for row in listed(system, order, code=order["code"])} == {mine["file"], outer["file"]}
    assert fetch(system, order, inner["file"], order["code"]).status_code == 404
    assert "内部" not in system.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"]).text
    for person in (stranger, other_clerk):
        assert attach(person, order, jpeg()).status == 403
        assert person.api("GET", f"/api/v1/orders/{order['order']}/attachments/{mine['file']}").status == 403
    assert fetch(system, another, mine["file"]).status_code == 404, "of another order"
    assert attach(system, order, jpeg(), key="other-office-key").status == 404
    assert attach(system, theirs, jpeg(), code=order["code"]).status in (401, 403)
    assert attach(system, order, jpeg()).status == 401

    hidden, shown = (attached(system, another, PDF, key="office", query=query) for query in ("", "?shown=1"))
    assert hidden["file"] != shown["file"] == attached(system, another, PDF, code=another["code"])["file"]
    assert [row["file"] for row in listed(system, another, code=another["code"])] == [shown["file"]], "what is hidden stays so"

    steps = [row for row in system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
             if row.get("step") == "attached"]
    wanted = [("resident", mine), ("member:M102", inner), ("department:D01", outer)]
    assert [row["actor"] for row in steps] == [actor for actor, _ in wanted]
    for row, (_, file) in zip(steps, wanted):
        assert row["note"] == file["name"] and f"{file['file']}/" in row["files"] and file["hash"] in row["files"]
    own = [row["at"] for row in system.history(order) if row["step"] == "attached"]
    assert own == [steps[0]["at"], steps[2]["at"]], "its resident is not told of the one that is kept from them"


def test_they_move_to_no_other_place(system):
    """A file that was put in another's place does not open there."""
    first, second = open_order(system), open_order(system)
    one, two = attached(system, first, PDF + b"1", code=first["code"]), attached(system, second, PDF + b"2", code=second["code"])
    place = system.directory.parent / "files" / COUNTY
    (place / second["order"] / two["file"]).write_bytes((place / first["order"] / one["file"]).read_bytes())
    system.allowed_errors.append(f"order={second['order']} its attachment {two['file']} cannot be read")
    answer = fetch(system, second, two["file"], second["code"])
    assert answer.status_code == 503 and b"%PDF" not in answer.content


# -- what breaks off, and the end --------------------------------------------------------------------------------------

def test_a_crash_between_file_and_step_leaves_nothing(tmp_path):
    with systems_in(tmp_path) as make:
        system = make(parameters={"intake": {"attachments_dir": tmp_path / "files", "attachments_grace_s": 60}})
        order = open_order(system)
        intake, = system.of("intake")
        intake.stop()
        intake.environment |= {"SIDAN_CRASH": "attachment stored, order not told"}
        intake.start()
        system.wait_ready()
        with pytest.raises(Exception):
            attach(system, order, jpeg(), code=order["code"])
        intake.popen.wait(20)
        place = tmp_path / "files" / COUNTY / order["order"]
        assert len(list(place.iterdir())) == 1, "it was stored"
        (place / f"{'0' * 24}.{'1' * 24}").write_bytes(b"half a file")
        intake.popen = None
        del intake.environment["SIDAN_CRASH"]
        intake.start()
        system.wait_ready()
        assert listed(system, order, code=order["code"]) == []
        age(*place.iterdir())
        wait_until(lambda: not place.exists(), 20, "it is swept away")
        row = attached(system, order, jpeg(), code=order["code"])
        (place / ("e" * 24)).write_bytes(b"one that an order may still come to name")
        (place / ("f" * 24)).write_bytes(b"another orphan")
        age(place / row["file"], place / ("f" * 24))
        wait_until(lambda: {path.name for path in place.iterdir()} == {row["file"], "e" * 24}, 20,
                   "only what no order names, and not what is new")

        assignment, = system.of("assignment")
        assignment.signal(signal.SIGSTOP)
        try:
            assert attach(system, order, PDF, code=order["code"]).status == 503, "nobody is told that it is there"
        finally:
            assignment.signal(signal.SIGCONT)


def test_they_are_erased_with_the_contact(system):
    order = open_order(system)
    row = attached(system, order, jpeg(), code=order["code"])
    system.finish(order)
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 30, "it has left Redis")
    wait_until(lambda: stored(system, order) == [], 30, "its time is over at once")
    assert fetch(system, order, row["file"]).status_code == 404
    assert any((entry["actor"], entry["action"], entry["order"]) == ("intake", "files.erased", order["order"])
               for entry in system.audit())
    assert attach(system, order, PDF, code=order["code"]).status == 404, "nobody adds to what is archived"
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 0


# -- 书面答复 -----------------------------------------------------------------------------------------------------------

def test_a_department_replies_in_writing(system):
    order = open_order(system)
    system.claim_all(order)
    clerk, handler, other = (system.sign_in(phone) for phone in (CLERK, HANDLER, OTHER_CLERK))
    assert clerk.step(order, "respond", {"note": "还没有交办"}).status == 403, "not handed over yet"
    assert handler.step(order, "handover", {"department": "D01"}).status == 200
    assert clerk.step(order, "respond", {"note": "内部意见：下月更换"}).status == 200
    assert clerk.step(order, "respond", {"note": "已列入计划，下月更换", "shown": 1}).status == 200
    assert system.wait_sms(order, template="responded", recipient="member:M102")
    for person, body, status in ((other, {"note": "不是我们的"}, 403), (handler, {"note": "替部门说"}, 403),
                                 (clerk, {"note": " "}, 400), (clerk, {}, 400)):
        assert person.step(order, "respond", body).status == status, body
    assert system.step(order, "respond", {"note": "冒名", "actor": "department:D02"}).status == 403
    assert system.step(order, "respond", {"note": "代录", "actor": "department:D01"}).status == 200

    def replies(rows):
        return [row for row in rows if row.get("step") == "responded"]
    rows = wait_until(lambda: len(found := replies(handler.api(
        "GET", f"/api/v1/orders/{order['order']}/history").json["rows"])) == 3 and found, 20, "the archive has them")
    assert [(row["actor"], row["note"]) for row in rows] == [
        ("department:D01", "内部意见：下月更换"), ("department:D01", "已列入计划，下月更换"), ("department:D01", "代录")]
    shown = replies(system.history(order))
    assert [row["written"] for row in shown] == ["已列入计划，下月更换"], "of those that are for others nothing is told"
    assert "note" not in shown[0]
    assert system.order(order)["written"] == "已列入计划，下月更换"
    system.answer_it(order)
    assert clerk.step(order, "respond", {"note": "太晚了"}).status == 409
    assert system.rate(order, "dissatisfied").status == 200
    system.wait_sms(order, template="reopened", recipient="department:D01")
    system.answer_it(order)
    assert system.rate(order, "basically").status == 200
    system.wait_state(order, "closed")
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{order['order']}"), 20, "it has left Redis")
    assert system.order(order)["written"] == "已列入计划，下月更换", "what its resident has read stays"
