"""Bad input: a clear 4xx in the caller's format, nothing stored, nobody else harmed, nothing leaked (ASan looks)."""

import json
import select
import socket
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import COUNTY, wait_until

GOOD = {"county": COUNTY, "title": "东门小区路灯不亮", "text": "三栋门口的路灯坏了半个月"}
HASTE = {"intake": {"header_ms": 1500, "body_ms": 1500, "piece_ms": 1500}}  # a minute would be too long for a test
GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    from conftest import systems_in
    with systems_in(tmp_path_factory.mktemp("hasty")) as make:
        yield make(parameters=HASTE)


def orders(system):
    return len(system.redis.keys(f"order:{{{COUNTY}}}:*"))


def post(system, body, path="/api/v1/orders", **headers):
    return system.api("POST", path, headers={"Content-Type": "application/json", **headers}, data=body)


def is_error(answer, status, field=None):
    """The error of the native API: a stable word, words for people, and the field it is about."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers
    error = answer.json
    assert error["type"] == f"/problems/{error['code']}" and error["title"] and error["status"] == status, answer
    assert error["detail"] and (field is None or error["field"] == field), answer
    return True


def with_value(**values):
    return json.dumps(GOOD | values, ensure_ascii=False).encode()


@pytest.mark.parametrize("body, status, field", [
    pytest.param(b"", 400, None, id="nothing"),
    pytest.param(b'{"county": "990103", "title": ', 400, None, id="cut off"),
    pytest.param(b"{} {}", 400, None, id="two values"),
    pytest.param(b'["county"]', 400, None, id="no object"),
    pytest.param(b"[" * 30000, 400, None, id="deeply nested"),
    pytest.param(b"<xml/>", 400, None, id="xml"),
    pytest.param(with_value(title=7), 400, "title", id="number for text"),
    pytest.param(with_value(title=["a"]), 400, "title", id="list for text"),
    pytest.param(with_value(title={"a": 1}), 400, "title", id="object for text"),
    pytest.param(with_value(lat="30.1", long=118.2), 400, "lat", id="text for number"),
    pytest.param(with_value(lat=91, long=118.2), 400, "lat", id="latitude out of range"),
    pytest.param(with_value(lat=30.1), 400, "long", id="half a position"),
    pytest.param(json.dumps({"county": COUNTY}).encode(), 400, "title", id="no title"),
    pytest.param(with_value(title=" "), 400, "title", id="blank title"),
    pytest.param(with_value(title="长" * 201), 400, "title", id="title too long"),
    pytest.param(with_value(text="长" * 10001), 400, "text", id="text too long"),
    pytest.param(with_value(title="NUL").replace(b"NUL", b"a\\u0000b"), 400, "title", id="NUL"),
    pytest.param(with_value(title="HERE").replace(b"HERE", b"\xff\xfe"), 400, None, id="not UTF-8"),
    pytest.param(with_value(title="HERE").replace(b"HERE", "路灯".encode("gb18030")), 400, None, id="GB18030"),
    pytest.param(with_value(title="HERE").replace(b"HERE", b"\\ud800"), 400, None, id="half a surrogate"),
    pytest.param(with_value(phone="12345"), 400, "phone", id="no phone number"),
    pytest.param(with_value(email="nobody"), 400, "email", id="no mail address"),
    pytest.param(with_value(media_url="javascript:alert(1)"), 400, "media_url", id="no web address"),
    pytest.param(with_value(community="C999"), 400, "community", id="unknown community"),
    pytest.param(with_value(category="nonsense"), 400, "category", id="unknown category"),
    pytest.param(with_value(county="123456"), 404, "county", id="unknown county"),
    pytest.param(with_value(county="../etc"), 404, "county", id="no county"),
    pytest.param(with_value(state="closed"), 400, "state", id="a field that is ours"),
    pytest.param(b" " * 200_000 + with_value(), 413, None, id="too large"),
])
def test_native(shared, body, status, field):
    before = orders(shared)
    assert is_error(post(shared, body), status, field)
    assert orders(shared) == before


def test_native_routes(shared):
    assert is_error(shared.api("GET", "/api/v1/nothing"), 404)
    assert is_error(shared.api("DELETE", "/api/v1/orders"), 405)
    assert is_error(shared.api("GET", f"/api/v1/orders/{'9' * 3000}", code="123456"), 404)
    assert is_error(shared.api("GET", "/api/v1/orders/%00%ff", code="123456"), 400)
    assert is_error(shared.api("GET", f"/api/v1/cases?county={COUNTY}&q={'a' * 3000}", key="office"), 400)
    assert is_error(shared.api("GET", f"/api/v1/cases?county={COUNTY}", key="office"), 400)
    assert is_error(shared.api("GET", f"/api/v1/cases?county={COUNTY}&q=%ff%fe", key="office"), 400)


def test_steps(shared):
    order = shared.place()
    shared.wait_state(order, "open")
    before = shared.order(order)
    for verb, body, status in [("claim", {}, 400), ("claim", {"member": "nobody"}, 400), ("claim", {"member": 1}, 400),
                               ("screen", {"decision": "accept", "actor": "convener:T1"}, 409),
                               ("handover", {"department": "D99", "actor": "convener:T1"}, 400),
                               ("answer", {"outcome": "solved", "answer": "好", "actor": "convener:T1"}, 409),
                               ("rating", {"rating": "satisfied"}, 409), ("nonsense", {}, 404)]:
        assert is_error(shared.step(order, verb, body), status), verb
    assert shared.order(order) == before


def test_messages_in_the_callers_language(shared):
    chinese = post(shared, with_value(title=""), **{"Accept-Language": "zh-CN"}).json
    english = post(shared, with_value(title=""), **{"Accept-Language": "en"}).json
    assert chinese["code"] == english["code"]
    for words in ("title", "detail"):
        assert not chinese[words].isascii() and english[words].isascii()


def test_the_type_of_an_error_tells_what_it_means(shared):
    problem = post(shared, with_value(title="")).json
    told = shared.api("GET", problem["type"])
    assert told.status == 200 and problem["title"] in told.text and "400" in told.text, told
    assert is_error(shared.api("GET", "/problems/nonsense"), 404)


@pytest.mark.parametrize("fields, status", [
    ({"service_code": "nonsense"}, 404), ({"jurisdiction_id": "123456"}, 404), ({"api_key": "nonsense"}, 403),
    ({"description": "长" * 4001}, 400), ({"lat": "abc", "long": "1"}, 400), ({"phone": "12345"}, 400),
    ({"description": b"\xff\xfe"}, 400), ({"description": "路灯\0不亮"}, 400), ({"description": "\0"}, 400)])
def test_open311(shared, fields, status):
    form = {"api_key": "test-open311-key", "jurisdiction_id": COUNTY, "service_code": "construction",
            "description": "路灯不亮", "address_string": "东门小区"} | fields
    before = orders(shared)
    for format in ("xml", "json"):
        answer = shared.http.post(f"{shared.url}/open311/v2/requests.{format}", data=form)
        assert answer.status_code == status, (format, answer.text)
        error = xml.fromstring(answer.content)[0] if format == "xml" else answer.json()[0]
        code = error.find("code").text if format == "xml" else error["code"]
        assert str(code).startswith(str(status)), answer.text
    assert orders(shared) == before


# -- what takes long ---------------------------------------------------------------------------------------------------

def raw(system, head, body=(), timeout=30):
    """Sends a request as it is, piece by piece, until it is through or answered: (status, answer, bytes sent)."""
    with socket.create_connection(("127.0.0.1", system.port), timeout) as connection:
        sent, answer = 0, b""
        try:
            connection.sendall(head)
            for piece in body:
                if piece and not select.select([connection], [], [], 0)[0]:
                    connection.sendall(piece)
                    sent += len(piece)
                elif piece:
                    break
                elif select.select([connection], [], [], 0.1)[0]:  # an empty piece is a pause
                    break
        except OSError:  # the server closed: what it said may still be there to read
            pass
        try:
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    assert answer, "no answer at all"
    return int(answer.split()[1]), answer, sent


def head(path, *lines, method="POST"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: sidan", "Connection: close", *lines, "", ""]).encode()


def memory(process):
    """Resident memory in bytes."""
    with open(f"/proc/{process.popen.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.parametrize("path, lines", [
    ("/api/v1/orders", ["Content-Type: application/json"]),
    (f"/api/v1/imports?county={COUNTY}", ["Content-Type: text/csv", "Authorization: Bearer test-import-key"]),
    ("/open311/v2/requests.xml", ["Content-Type: application/x-www-form-urlencoded"]),
])
@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_upload_of_a_gigabyte(shared, path, lines, framing):
    piece, before, intake = b"a" * (1 << 20), orders(shared), shared.of("intake")[0]
    used = memory(intake)
    if framing == "chunked":
        framing, piece = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(piece), piece)
    else:
        framing = f"Content-Length: {GIGABYTE}"
    started = time.monotonic()
    status, answer, sent = raw(shared, head(path, *lines, framing), (piece for _ in range(GIGABYTE // (1 << 20))))
    assert status == 413, answer[:500]
    assert sent < GIGABYTE and time.monotonic() - started < 60
    assert memory(intake) - used < 100 << 20
    assert orders(shared) == before


def drip(*, count=600):
    """A byte now and then, in tenths of a second so that the test is not a minute long."""
    for _ in range(count):
        yield b" "
        yield b""


@pytest.mark.parametrize("path, lines, pieces", [
    ("/api/v1/orders", ["Content-Type: application/json"], drip),
    ("/open311/v2/requests.json", ["Content-Type: application/x-www-form-urlencoded"], drip),
    (f"/api/v1/imports?county={COUNTY}", ["Content-Type: text/csv", "Authorization: Bearer test-import-key"],
     lambda: [b"", b"t"] + [b""] * 600),
])
def test_body_byte_by_byte(hasty, path, lines, pieces):
    before, started = orders(hasty), time.monotonic()
    status, answer, _ = raw(hasty, head(path, *lines, "Content-Length: 1000"), pieces())
    assert status == 408, answer
    assert time.monotonic() - started < 15
    assert orders(hasty) == before


def test_headers_byte_by_byte(hasty):
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.port), 30) as connection:
        connection.sendall(b"POST /api/v1/orders HTTP/1.1\r\nX: ")
        try:
            while not select.select([connection], [], [], 0.1)[0]:
                connection.sendall(b"x")
                assert time.monotonic() - started < 15, "it waits for ever"
            answer = connection.recv(65536)
        except OSError:
            answer = b""
    assert answer == b"" or b" 408 " in answer.splitlines()[0]


def test_slow_ones_hinder_nobody(hasty):
    with ThreadPoolExecutor(40) as pool:
        slow = [pool.submit(raw, hasty, head("/api/v1/orders", "Content-Length: 1000"), drip()) for _ in range(40)]
        started = time.monotonic()
        for _ in range(5):
            hasty.place()
        assert time.monotonic() - started < 10
        assert {future.result()[0] for future in slow} == {408}


@pytest.mark.parametrize("data", [
    b"rubbish\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\xff" * 50 + b"\r\n\r\n", b"GET /" + b"a" * 100_000,
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
], ids=["no HTTP", "no such version", "binary", "endless line", "negative length", "huge length", "broken chunk"])
def test_broken_http(hasty, data):
    before = orders(hasty)
    with socket.create_connection(("127.0.0.1", hasty.port), 30) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    assert answer == b"" or answer.split()[1][:1] in (b"4", b"5"), answer
    assert orders(hasty) == before
    wait_until(lambda: hasty.is_ready(hasty.of("intake")[0]), 10, "intake goes on")
