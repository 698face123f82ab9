"""Attacks on the HTTP door. Each is refused, changes nothing, and leaves the service quick for everybody else.

What is merely wrong is in test_bad_input.py; here somebody means it.
"""

import gzip
import json
import re
import resource
import socket
import sqlite3
import statistics
import time
import xml.etree.ElementTree as xml
import zlib
from contextlib import ExitStack, closing, contextmanager

import pytest
import requests

from conftest import systems_in
from harness import COUNTY, KEYS, is_busy, wait_until
from test_bad_input import memory, orders, raw

TOKEN = "a-token-of-the-attacks"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
BODY = json.dumps({"county": COUNTY, "title": "smuggled"}).encode()
POST = b"POST /api/v1/orders HTTP/1.1\r\nHost: sidan\r\nContent-Type: application/json\r\n"
IMPORT = f"/api/v1/imports?county={COUNTY}"
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>]]>&lt;{{7*7}}${7*7}"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("door")) as make:
        yield make(parameters={"intake": {"gateway_token": TOKEN, "header_ms": 4000, "body_ms": 4000}})


def intake(system):
    return system.of("intake")[0]


def processor(system):
    """Seconds of a processor that intake has used."""
    with open(f"/proc/{intake(system).popen.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def harmless(system, stored=0):
    """Nothing is stored meanwhile but what the test says, and the door is open and quick afterwards."""
    before = orders(system)
    yield
    assert orders(system) == before + stored
    started = time.monotonic()
    system.place()
    assert time.monotonic() - started < 5


def place(system, body, **more):
    """The answer to a new order; many one after the other may be more than a slow machine lets in at once."""
    def answered():
        answer = system.api("POST", "/api/v1/orders", body, **more)
        return not is_busy(answer) and answer
    return wait_until(answered, 60, "intake lets it in", pause=0.5)


def exchange(system, data, timeout=10):
    """What comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", system.port), timeout) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
                connection.settimeout(1)
        except OSError:
            pass
    return answer


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answer)]


def get(path, *lines):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: sidan", "Connection: close", *lines, "", ""]).encode("latin-1")


# -- what an answer tells a browser ------------------------------------------------------------------------------------

def test_every_answer_is_data_and_nobodys_to_keep(door):
    order = door.place()
    number = order["order"]
    answers = [
        (201, door.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "路灯不亮"})),
        (200, door.api("GET", f"/api/v1/orders/{number}", code=order["code"])),
        (200, door.api("GET", f"/api/v1/orders?county={COUNTY}", key="office")),
        (200, door.api("GET", "/open311/v2/services.xml")), (200, door.api("GET", "/open311/discovery.json")),
        (400, door.api("POST", "/api/v1/orders", {})), (401, door.api("GET", f"/api/v1/orders/{number}")),
        (403, door.api("GET", f"/api/v1/orders/{number}", code="000000" if order["code"] != "000000" else "1")),
        (404, door.api("GET", "/nothing")), (404, door.api("GET", "/open311/v2/nothing.xml")),
        (404, door.api("GET", "/gateway/kannel/wrong/receipt")), (405, door.api("DELETE", "/api/v1/orders")),
        (200, door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms=x&type=1")),
        (413, door.api("POST", "/api/v1/orders", headers={"Content-Type": "application/json"}, data=b"a" * 200_000)),
        (415, door.api("POST", "/api/v1/orders", headers={"Content-Encoding": "br"}, data=b"a")),
    ]
    for status, answer in answers:
        assert answer.status == status, answer
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, (status, answer.headers)
        kind = answer.headers["Content-Type"]
        assert kind in ("application/problem+json; charset=utf-8", "application/json; charset=utf-8",
                        "text/xml; charset=utf-8", "text/plain; charset=utf-8")
    late = exchange(door, POST + b"Content-Length: 100\r\n\r\n{", timeout=15)
    assert b" 408 " in late.splitlines()[0] and all(f"{name}: {value}".encode() in late
                                                    for name, value in HEADERS.items())


@pytest.mark.parametrize("data", [
    b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\n<script>\r\n\r\n",
    b"GET /" + b"<script>" * 10000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"<script>" * 10000 + b"\r\n\r\n",
    b"GET /?" + b"&".join(b"<script>%d=1" % i for i in range(3000)) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: <script>\r\n" % i for i in range(5000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"; ".join(b"<script>%d=1" % i for i in range(2000)) + b"\r\n\r\n",
    b"<script>alert(1)</script> / HTTP/1.1\r\nHost: x\r\n\r\n",
], ids=["no header", "huge address", "huge header", "many parameters", "many headers", "many cookies", "method"])
def test_libmicrohttpds_own_refusals_repeat_nothing(door, data):
    with harmless(door):
        used = memory(intake(door))
        answer = exchange(door, data)
        assert answer == b"" or statuses(answer)[0] in (400, 404, 405, 413, 414, 431), answer[:300]
        assert b"<script>" not in answer and b"%3Cscript" not in answer
        assert memory(intake(door)) - used < 20 << 20


# -- two readers, two meanings -----------------------------------------------------------------------------------------

def chunked(*lines, chunk=b"%x" % len(BODY), body=BODY, end=b"0\r\n\r\n"):
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + chunk + b"\r\n" + body + b"\r\n" + end


SIZE = b"Content-Length: %d" % len(BODY)
TE = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize("data", [
    pytest.param(chunked(SIZE, TE), id="length and chunked"),
    pytest.param(chunked(TE, SIZE), id="chunked and length"),
    pytest.param(POST + b"Content-Length: 4\r\n" + TE + b"\r\n\r\n0\r\n\r\n" + get("/api/v1/orders"), id="CL.TE"),
    pytest.param(POST + SIZE + b"\r\n" + SIZE + b"\r\n\r\n" + BODY, id="two lengths, equal"),
    pytest.param(POST + SIZE + b"\r\nContent-Length: 3\r\n\r\n" + BODY, id="two lengths"),
    pytest.param(POST + SIZE + b", 3\r\n\r\n" + BODY, id="a list of lengths"),
    pytest.param(POST + b"Content-Length: +%d\r\n\r\n" % len(BODY) + BODY, id="length with a sign"),
    pytest.param(POST + b"Content-Length: 0x1\r\n\r\n" + BODY, id="length in hexadecimal"),
    pytest.param(chunked(b"Transfer-Encoding: xchunked"), id="unknown encoding"),
    pytest.param(chunked(b"Transfer-Encoding: chunked, identity"), id="two encodings"),
    pytest.param(chunked(b"Transfer-Encoding: gzip, chunked"), id="compressed chunks"),
    pytest.param(chunked(TE, TE), id="chunked twice"),
    pytest.param(POST + b"Transfer-Encoding : chunked\r\n" + SIZE + b"\r\n\r\n" + BODY, id="space before the colon"),
    pytest.param(POST + b"Transfer-Encoding\x0b: chunked\r\n" + SIZE + b"\r\n\r\n" + BODY, id="control in a name"),
    pytest.param(POST + b"Host: other\r\n" + SIZE + b"\r\n\r\n" + BODY, id="two hosts"),
    pytest.param(chunked(TE, chunk=b"-1"), id="negative chunk"),
    pytest.param(chunked(TE, chunk=b"0x%x" % len(BODY)), id="chunk with a prefix"),
    pytest.param(chunked(TE, chunk=b"ffffffffffffffff1"), id="chunk that overflows"),
    pytest.param(chunked(TE, chunk=b"%x" % (len(BODY) - 1)), id="chunk that is too short"),
    pytest.param(POST.replace(b" HTTP/1.1", b"\rX: HTTP/1.1") + SIZE + b"\r\n\r\n" + BODY, id="bare CR"),
])
def test_request_smuggling(door, data):
    with harmless(door):
        answer = exchange(door, data)
        # libmicrohttpd writes its head twice when a length is none; what matters is that it is no answer to a request
        assert answer and set(statuses(answer)) <= {400, 404, 413}, answer[:500]


def test_pipelined_requests_are_answered_in_their_turn(door):
    with harmless(door, stored=1):
        body = json.dumps({"county": COUNTY, "title": "one of many"}).encode()
        post = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
        keep = b"Connection: close\r\n", b""
        many = b"".join(get(f"/open311/v2/services/{n}.json").replace(*keep) for n in range(300))
        answer = exchange(door, many + post + get("/nothing"))
        assert statuses(answer) == [404] * 300 + [201, 404]


def test_a_chunk_header_without_end(door):
    """libmicrohttpd turned round and round over it, with all of a processor, for as long as a body may take."""
    for end in (b"5;" + b"a" * 100_000, b"0\r\nX: " + b"a" * 100_000):
        used, started = processor(door), time.monotonic()
        answer = exchange(door, POST + TE + b"\r\n\r\n" + end, timeout=20)
        assert answer == b"" or statuses(answer)[0] in (400, 408, 413, 431), answer[:200]
        assert time.monotonic() - started < 3 and processor(door) - used < 2  # a body may take 4 s


@pytest.mark.parametrize("path, kind", [
    ("/api/v1/orders", "application/json"), (IMPORT, "text/csv"), ("/open311/v2/requests.xml",
                                                                   "application/x-www-form-urlencoded"),
    (f"/gateway/kannel/{TOKEN}/reply", "text/plain")])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
def test_compressed_bombs(door, path, kind, coding):
    bomb = gzip.compress(b" " * (50 << 20)) if "gzip" in coding else zlib.compress(b" " * (50 << 20))
    with harmless(door):
        used = memory(intake(door))
        answer = door.api("POST", path, key="office", data=bomb,
                          headers={"Content-Type": kind, "Content-Encoding": coding})
        assert answer.status == 415, answer
        assert memory(intake(door)) - used < 20 << 20


# -- paths, methods, hosts, headers ------------------------------------------------------------------------------------

def test_path_tricks(door):
    order = door.place()
    number = order["order"]
    code = f"X-Order-Code: {order['code']}"
    assert statuses(exchange(door, get(f"/api/v1/orders/{number}", code))) == [200]
    for path in [f"/api/v1/orders/{number}%00", f"/api/v1/orders/{number}%00.json", f"/api/v1/orders%2f{number}",
                 f"/api/v1/orders%2F{number}", f"/api/v1/orders/..%2forders%2f{number}", f"//api/v1/orders/{number}",
                 f"/api/v1//orders/{number}", f"/api/v1/./orders/{number}", f"/api/v1/x/../orders/{number}",
                 f"/api/v1/x/%2e%2e/orders/{number}", f"/api/v1/orders/{number}/", f"/api/v1/orders/{number};a=b",
                 f"/api/v1/orders;/{number}", f"/API/v1/orders/{number}", f"/api/v1/orders/{number}%20",
                 f"/api/v1/orders/{number}%0a", f"/api/v1/orders/{number.replace('-', '%252d')}",
                 "/api/v1/orders/%c0%ae", f"/api/v1/orders/{number}\\..", f"/api/v1/orders/{number}%",
                 f"/api/v1/orders/0{number}",
                 f"/api/v1/orders/{number.replace('-', '-0')}", "/..%c0%afetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                 f"http://sidan/api/v1/orders/{number}", f"/open311/v2/requests/..%2f{number}.xml",
                 f"/open311/../api/v1/orders/{number}", f"/open311/v2/requests/{number}%00.xml"]:
        answer = exchange(door, get(path, code))
        assert statuses(answer) in ([400], [404]), (path, answer[:300])
    for query in ("%00", "%00zz"):
        assert statuses(exchange(door, get(f"/api/v1/orders/{number}?code={order['code']}{query}"))) == [400]


def test_methods(door):
    order = door.place()
    for method in ("TRACE", "CONNECT", "OPTIONS", "PUT", "PATCH", "DELETE", "get", "PROPFIND", "A" * 5000, "DEBUG"):
        for path in ("/api/v1/orders", f"/api/v1/orders/{order['order']}", "/open311/v2/requests.xml", "*"):
            answer = exchange(door, get(path, "X-Secret: told-to-nobody").replace(b"GET", method.encode(), 1))
            assert statuses(answer) in ([404], [405]), (method, path, answer[:300])
            assert b"told-to-nobody" not in answer
    head = exchange(door, get(f"/api/v1/orders/{order['order']}", f"X-Order-Code: {order['code']}")
                    .replace(b"GET", b"HEAD", 1))
    assert statuses(head) == [200] and head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("host", [b"\xff\xfe", b"a\"><script>", b"a b", b"evil.example/x?", b"user@evil", b"a\\b",
                                  "四单".encode(), b"%0d%0aX: y", b""])
def test_host_tricks(door, host):
    """A Host that was no UTF-8 ended intake."""
    with harmless(door):
        for ending in ("json", "xml"):
            answer = exchange(door, b"GET /open311/discovery.%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                              b"X-Forwarded-Proto: javascript\r\n\r\n" % (ending.encode(), host))
            assert statuses(answer) == [200] and b"http://localhost/open311/v2/" in answer, answer


def test_response_splitting(door):
    """Nothing that a caller says can become a header, or an answer, of its own.

    libmicrohttpd adds no header that has a line's end in it. Answers in the middle of an upload are written by us.
    """
    evil = "a\r\nSet-Cookie: x=1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
    escaped = "%0d%0aSet-Cookie:%20x=1%0d%0a%0d%0aHTTP/1.1%20200%20OK"
    with harmless(door, stored=1):
        answers = [
            exchange(door, get(path, *lines)) for path, *lines in [
                (f"/api/v1/orders/{escaped}", "X-Order-Code: 1"), (f"/{escaped}",), (f"/open311/v2/{escaped}.xml",),
                (f"/api/v1/orders?county={escaped}", "X-Api-Key: test-office-key"),
                (f"/api/v1/cases?county={COUNTY}&q={escaped}&limit={escaped}", "X-Api-Key: test-office-key"),
                (f"/open311/v2/requests.json?jurisdiction_id={escaped}",),
                ("/api/v1/nothing", f"Accept-Language: en{escaped}", "Origin: http://x%0d%0a", "Referer: " + escaped),
                (f"/gateway/kannel/{escaped}/receipt",),
            ]]
        upload = b"a" * 10_000
        answers += [
            exchange(door, get(path, *lines).replace(b"GET", b"POST", 1) + upload) for path, *lines in [
                (f"/{escaped}", "Content-Length: 999999999"),
                (f"/api/v1/orders/{escaped}", "Content-Length: 999999999"),
                (f"/open311/v2/{escaped}.xml", "Content-Length: 999999999"),
                (f"/{escaped}", "Content-Length: 20000", f"Content-Encoding: {escaped}"),
                (f"/{escaped}", "Content-Length: 20000", "Content-Length: 20001"),
                (f"/api/v1/imports?county={escaped}", "Content-Length: 20000"),
                (f"/api/v1/imports?county={escaped}", "Content-Length: 20000", "X-Api-Key: test-office-key"),
                (f"{IMPORT}&x={escaped}", "Content-Length: 20000", "X-Api-Key: test-open311-key"),
                (f"{IMPORT}&x={escaped}", "Content-Length: 20000", "X-Api-Key: test-office-key",
                 f"Content-Type: multipart/{escaped}"),
            ]]
        assert [statuses(answer) for answer in answers[-9:]] == [
            [413], [413], [413], [415], [400], [401], [404], [403], [415]]
        placed = place(door, {"county": COUNTY, "title": evil, "text": evil, "place": evil},
                          idempotency="a%0d%0aSet-Cookie: x=1")
        refused = door.api("POST", "/api/v1/orders", {"county": evil, evil: evil})
        assert placed.status == 201 and refused.status == 400
        assert re.fullmatch(rf"/api/v1/orders/{COUNTY}-\d{{6}}", placed.headers["Location"])
        for answer in answers:
            assert len(statuses(answer)) == 1 and b"\r\nSet-Cookie" not in answer, answer
        for answer in (placed, refused):
            assert "Set-Cookie" not in answer.headers


def test_long_names_and_keys(door):
    """A name of a field that was cut in the middle of a character ended intake."""
    with harmless(door):
        for name in ["路" * 20, "a" + "路" * 20, "ab" + "路" * 20, "a" * 100_000, "\u202e" * 30, "😀" * 15, "a😀" * 15]:
            answer = door.api("POST", "/api/v1/orders", {"county": COUNTY, name: 1})
            assert answer.status == 400 and answer.json["code"] == "unknown_field", answer
        for key in ("k" * 129, "k" * 20_000):
            answer = place(door, {"county": COUNTY, "title": "t"}, idempotency=key)
            assert answer.status == 400, answer
        assert statuses(exchange(door, get("/", "Idempotency-Key: " + "k" * 60_000))) == [431]


# -- what is stored and shown again ------------------------------------------------------------------------------------

def test_scripts_in_every_field(door):
    fields = {"title": XSS, "text": XSS, "place": XSS, "name": XSS[:60], "email": "a@b" + XSS, "source_ref": XSS,
              "media_url": "http://x/" + XSS, "public": 1}
    order = door.place(**fields)
    door.wait_state(order, "open", "screening")
    assert door.step(order, "claim", {"member": XSS[:30]}).status in (400, 409)
    assert door.step(order, "screen", {"decision": XSS[:15], "actor": XSS[:30]}).status in (400, 409)
    path = f"/api/v1/orders/{order['order']}"
    for answer in (door.api("GET", path, code=order["code"]), door.api("GET", path + "/history", key="office"),
                   wait_until(lambda: (found := door.api("GET", f"/api/v1/orders?county={COUNTY}", key="office"))
                              .json["total"] and found, 10, "the archive knows"),
                   door.api("GET", f"/open311/v2/requests/{order['order']}.json")):
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json"), answer
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer = door.api("GET", f"/open311/v2/requests/{order['order']}.xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8" and "<script" not in answer.text
    request = xml.fromstring(answer.text.encode())[0]
    assert request.find("description").text == XSS and request.find("media_url").text.startswith("http://x/")
    assert "周小雨" not in answer.text and "a@b" not in answer.text


def test_text_that_turns_and_hides(door):
    """Direction marks and invisible characters stay in the order, and never reach a member's telephone."""
    order = door.place(title="东门小区路灯\u202e不亮\u200b\u2066", text="路灯\ufeff不亮", place="东\u202e门")
    door.wait_state(order, "open")
    for sms in door.wait_sms(order, template="opened"):
        assert not set(sms["text"]) & set("\u202e\u200b\u2066\ufeff"), sms
    for county in ("９９０１０３", "990103\u200b", "\u202e301099", "99010З", "990103 ", " 990103", "+990103", "0990103"):
        answer = place(door, {"county": county, "title": "路灯不亮"})
        assert answer.status in (400, 404) and answer.json["field"] == "county", answer
    for code in (order["code"] + "\u200b", "０" + order["code"][1:], order["code"] + " 1", "+" + order["code"]):
        answer = exchange(door, get(f"/api/v1/orders/{order['order']}?code="
                                    + "".join(f"%{byte:02x}" for byte in code.encode())))
        assert statuses(answer) == [403], answer
    fullwidth = "".join(f"%{byte:02x}" for byte in order["order"].translate(
        {ord(str(n)): ord("０") + n for n in range(10)}).encode())
    assert statuses(exchange(door, get(f"/api/v1/orders/{fullwidth}", f"X-Order-Code: {order['code']}"))) == [404]


def test_json_tricks(door):
    deep = b'{"county":' * 5000 + b"1" + b"}" * 5000
    with harmless(door):
        for body in (deep, b"[" * 60_000 + b"]" * 60_000, b'{"title":NaN}', b'{"lat":Infinity,"title":"a"}',
                     b'{"lat":1e999,"title":"a"}', b'{"public":99999999999999999999,"title":"a"}',
                     b'{"public":-9223372036854775809}', b'{"title":"a","title":"b"}', b"\xef\xbb\xbf{}",
                     b'{"title":"a",}', b'{/**/"title":"a"}', b"{'title':'a'}", b'{"title":"\\ud800\\ud800"}',
                     b'{"title":"\\udc00"}', b'{"__proto__":{"a":1}}', b'{"title":"\xed\xa0\x80"}', b'{"":1}',
                     json.dumps({"county": COUNTY, "title": "a", "public": 2}).encode(),
                     json.dumps({"county": COUNTY, "title": "a", "lat": 1e308, "long": -1e308}).encode(),
                     json.dumps({"county": COUNTY, "title": "a", "state": "closed", "ver": 9}).encode()):
            answer = door.api("POST", "/api/v1/orders", data=body, headers={"Content-Type": "application/json"})
            assert answer.status == 400, (body[:60], answer)


def test_numbers_and_times_out_of_all_bounds(door):
    for value in ("99999999999999999999", "-1", "1e3", "0x10", "+5", "1%00", "２", "2147483648", "NaN", "1 2"):
        for name in ("limit", "cursor"):
            answer = door.api("GET", f"/api/v1/orders?county={COUNTY}&{name}={value}", key="office")
            assert answer.status == 400, (name, value, answer)
    for value in ("9999-12-31T23:59:59-23:59", "0000-00-00T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
                  "2026-11-22T09:30:00%2b99:99", "99999-01-01T00:00:00Z", "2026-11-22", "-2026-11-22T09:30:00Z", "now",
                  "2026-11-22T09:30:00Z%00", "2026-11-22T09:30:60Z"):
        answer = door.api("GET", f"/open311/v2/requests.json?start_date={value}&end_date={value}")
        assert answer.status in (400, 200) and (answer.status == 400 or answer.json == []), (value, answer)


# -- languages behind the door -----------------------------------------------------------------------------------------

SQL = ["a\" OR \"鹤", "鹤\"*", "' OR '1'='1", "x') OR 1=1 --", "\" OR 1=1 --", "'; DROP TABLE journal; --",
       "' UNION SELECT 1 --", "%", "_", "*", "placed' --", "\\", "NULL",
       "title MATCH 'a'", "a NEAR b", "journal", "rowid:1", "{title}:a", "a OR b*", "^a"]


def test_sql_injection(door):
    order = door.place(title="天上飞来一只鹤", public=1)
    wait_until(lambda: door.api("GET", f"/open311/v2/requests/{order['order']}.json").status == 200, 10, "it is listed")
    ask = lambda path, **values: door.http.get(door.url + path, params={"county": COUNTY} | values,  # noqa: E731
                                               headers={"X-Api-Key": KEYS["office"]}, timeout=20)
    total = wait_until(lambda: ask("/api/v1/orders").json()["total"], 10, "orders are listed")
    with harmless(door):
        for value in SQL:
            for name in ("state", "group", "town"):
                answer = ask("/api/v1/orders", **{name: value})
                assert answer.status_code == 400 or answer.json()["total"] == 0, (name, value, answer.text[:300])
            answer = ask("/api/v1/cases", q=value)
            assert answer.status_code in (200, 400) and (answer.status_code == 400 or answer.json()["total"] == 0)
            for path in (f"/api/v1/orders/{value}", f"/api/v1/orders/{value}/history"):
                assert ask(path).status_code in (400, 404), (path, value)
            for name in ("service_code", "status"):
                answer = door.http.get(f"{door.url}/open311/v2/requests.json", params={name: value}, timeout=20)
                assert answer.status_code == 400 or answer.json() == [], (name, value, answer.text[:300])
            answer = door.http.get(f"{door.url}/open311/v2/requests.json", params={"service_request_id": value})
            assert answer.status_code == 404 or answer.json() == [], (value, answer.text[:300])
    assert ask("/api/v1/orders").json()["total"] >= total
    with closing(sqlite3.connect(f"file:{door.directory}/archive/{COUNTY}.db?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM journal").fetchone()[0] > 0


# The services' user may not FLUSHALL; it may set I:{990103}, which is no name of ours.
BREAKOUT = "{0}),redis.call('SET','I:{{990103}}',1)--"
REDIS = ["x\r\nFLUSHALL\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "return redis.call('FLUSHALL')", "x\r\nSET I:{990103} 1\r\n",
         "x\r\n*3\r\n$3\r\nSET\r\n$10\r\nI:{990103}\r\n$1\r\n1\r\n", BREAKOUT.format("'"), BREAKOUT.format('"'),
         BREAKOUT.format("]]"), "I:{990103}", "x SET I:{990103} 1", "%d %b", "KEYS[1]", "{other}", "}{",
         "990103-000001}", "{990102}:990102-000001", "a:b:c", "a b", "..", "\"", "'", "]]", "%s%n", "$", "-1", "|",
         "a|b|0", "\x7f"]


def test_redis_and_lua_injection(door):
    order = door.place()
    door.wait_state(order, "open")
    path, reply = f"/api/v1/orders/{order['order']}", f"/gateway/kannel/{TOKEN}/reply"
    known = rf"^(counties|(registry|lag|gateways):[\w-]+|[a-z0-9]+:\{{{COUNTY}\}}(:[A-Za-z0-9|>.-]+)?)$"

    for value in REDIS:
        escaped = "".join(f"%{byte:02x}" for byte in value.encode())
        answers = [
            door.api("GET", f"/api/v1/orders/{escaped}", code="123456"),
            door.api("GET", f"/api/v1/orders/{order['order']}{escaped}", key="office"),
            door.api("POST", path + "/claim", {"member": value}, key="office"),
            door.api("POST", path + "/reassign", {"actor": value, "members": value, "reason": value}, key="office"),
            door.api("POST", path + "/handover", {"actor": value, "department": value}, key="office"),
            place(door, {"county": value, "title": "a"}),
            place(door, {"county": COUNTY, "title": "a", "community": value}),
            place(door, {"county": COUNTY, "title": "a", "category": value}),
        ]
        let_through = [answer for answer in answers if not 400 <= answer.status < 500]
        assert not let_through, (value, let_through)
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={escaped}&type=1").status == 200
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={order['order']}.{escaped}&type=1").status == 200
        header = value.replace("\r\n", " ")
        assert door.api("POST", reply, data=value.encode(), headers={"X-Kannel-From": header}).status == 200
        placed = place(door, {"county": COUNTY, "title": value}, idempotency=header)
        assert placed.status in (201, 400), placed
    strange = [key for key in door.redis.keys() if not re.match(known, key)]
    assert not strange, strange
    assert door.order(order)["order"] == order["order"]


# -- gateways ----------------------------------------------------------------------------------------------------------

def test_forged_callbacks(door):
    order = door.place()
    door.wait_state(order, "open")
    before = door.order(order)
    member = "10000004001"
    wrong = ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), TOKEN[::-1], TOKEN.replace("-", "%252d"), "..", "%20"]
    bodies = set()
    for token in wrong:
        for method, path in (("GET", f"/gateway/kannel/{token}/receipt?sms={order['order']}.x.0&type=1"),
                             ("POST", f"/gateway/kannel/{token}/reply")):
            answer = door.api(method, path, headers={"X-Kannel-From": member}, data=b"3VK")
            assert answer.status == 404, (token, answer)
            bodies.add(answer.text)
    assert len(bodies) == 1, "a wrong secret looks like no address at all"
    assert door.api("GET", "/gateway/kannel/nothing").text in bodies
    assert door.order(order) == before


def test_replayed_callbacks(door):
    """A reply that comes again claims once; a receipt of yesterday, or of nothing, changes nothing."""
    order = door.place()
    door.wait_state(order, "open")
    opened = door.wait_sms(order, template="opened")[0]
    code = re.search(r"回复 (\w+) 接单", opened["text"])[1]
    reply = {"headers": {"X-Kannel-From": opened["to"], "Content-Type": "text/plain; charset=utf-8"},
             "data": code.encode()}
    for _ in range(3):
        assert door.api("POST", f"/gateway/kannel/{TOKEN}/reply?id=77", **reply).status == 200
    wait_until(lambda: door.wait_sms(order, template="claimed"), 10, "the claim is known")
    steps = [step["step"] for step in door.history(order)]
    assert steps.count("claimed") <= 1
    member = door.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "members")
    assert member and len(member.split()) == 1, member
    sms = next(key.split(":", 2)[2] for key in door.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*"))
    state = door.redis.hget(f"sms:{{{COUNTY}}}:{sms}", "state")
    for code in (2, 16, 8, 1, 2, 2147483647):
        assert door.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={sms}&type={code}").status == 200
    assert door.redis.hget(f"sms:{{{COUNTY}}}:{sms}", "state") == state
    assert len(door.wait_sms(order, template="claimed")) == 1


def test_a_reply_reads_no_order_of_others(door):
    """Codes follow one another: a member who sends them all learns nothing of orders that the API does not show him."""
    order = door.place(title="东门小区路灯不亮，别说是我")
    door.wait_state(order, "open")
    code = re.search(r"回复 (\w+) 接单", door.wait_sms(order, template="opened")[0]["text"])[1]
    stranger = "10000004201"  # a member of another group
    assert door.sign_in(stranger).api("GET", f"/api/v1/orders/{order['order']}").status == 403
    answer = door.api("POST", f"/gateway/kannel/{TOKEN}/reply?id=78", data=code.encode(),
                      headers={"X-Kannel-From": stranger, "Content-Type": "text/plain; charset=utf-8"})
    assert answer.status == 200, answer
    refused = door.wait_sms(order, template="claim_refused", to=stranger)[0]["text"]
    assert order["order"] in refused and "路灯" not in refused


# -- enumeration -------------------------------------------------------------------------------------------------------

def test_numbers_and_codes_cannot_be_told_apart(door):
    """An order that is and one that never was look the same to whoever has no code: words, headers, time, tries."""
    there = [door.place() for _ in range(12)]
    absent = [f"{COUNTY}-{9_000_000 + n}" for n in range(12)]

    def wrong(code):
        return "000000" if code != "000000" else "111111"

    def attempt(number, code):
        started = time.perf_counter()
        answer = door.api("GET", f"/api/v1/orders/{number}", code=code)
        took = time.perf_counter() - started
        return (answer.status, answer.text, tuple(answer.headers)), took

    real, unreal = [], []
    for _ in range(9):  # one less than an order takes
        for order, number in zip(there, absent):
            real.append(attempt(order["order"], wrong(order["code"])))
            unreal.append(attempt(number, "000000"))
    assert {answer for answer, _ in real} == {answer for answer, _ in unreal} and len({a for a, _ in real}) == 1
    assert real[0][0][0] == 403
    one, other = (statistics.median(took for _, took in all_of_them) for all_of_them in (real, unreal))
    assert abs(one - other) < max(one, other) / 2 + 0.001, (one, other)
    # tries are counted for both alike, and then not even the right code helps
    for _ in range(3):
        last = [attempt(there[0]["order"], wrong(there[0]["code"]))[0], attempt(absent[0], "000000")[0]]
    assert last[0] == last[1] and last[0][0] == 429
    assert attempt(there[0]["order"], there[0]["code"])[0][0] == 429
    assert attempt(there[1]["order"], there[1]["code"])[0][0] == 200
    for bad in ("990103-1", "990103-0000001", "990103_000001", "990103-00001a", "1-1", "990104-000001"):
        assert door.api("GET", f"/api/v1/orders/{bad}", code="000000").status == 404


# -- those who take long -----------------------------------------------------------------------------------------------

def drip(connections, seconds, byte):
    """Sends a byte on each now and then; those that the server has closed are left out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for connection in list(connections):
            try:
                connection.sendall(byte)
            except OSError:
                connections.remove(connection)
        time.sleep(0.1)


def connect(system, stack, count, data=b""):
    connections = []
    for _ in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", system.port), 10))
        connection.sendall(data)
        connections.append(connection)
    return connections


@pytest.mark.parametrize("start", [b"GET /api/v1/orders HTTP/1.1\r\nX: ", POST + b"Content-Length: 1000\r\n\r\n",
                                   POST + TE + b"\r\n\r\n3e8\r\n"], ids=["headers", "body", "chunks"])
def test_slowloris(door, start):
    with harmless(door), ExitStack() as stack:
        used, busy = memory(intake(door)), processor(door)
        slow = connect(door, stack, 300, start)
        drip(slow, 2, b"a")
        started = time.monotonic()
        assert door.api("GET", "/open311/v2/services.json").status == 200
        assert time.monotonic() - started < 2
        assert memory(intake(door)) - used < 60 << 20 and processor(door) - busy < 2
        drip(slow, 5, b"a")
        assert len(slow) <= 64, "all have their 408; a few are still being listened to, so that it arrives"


def is_served(system, path):
    try:
        return system.api("GET", path, timeout=120).status == 200
    except requests.ConnectionError:
        return False


def test_slow_readers_of_large_answers(make_system):
    """Answers that nobody takes are held only up to a bound; whoever waited longest loses theirs."""
    system = make_system(parameters={"intake": {"call_ms": 60_000}})
    rows = "".join(f"路灯{n},{'长' * 9000},1\n" for n in range(200))
    report = system.api("POST", IMPORT, key="import", data=f"title,text,public\n{rows}".encode(),
                        headers={"Content-Type": "text/csv"}, timeout=120)
    assert report.json["accepted"] == 200, report
    path = "/open311/v2/requests.json"
    wait_until(lambda: len(system.api("GET", path).json) == 200, 60, "all are listed")
    size, used = len(system.api("GET", path).text.encode()), memory(intake(system))
    readers = 40
    assert readers * size > 200 << 20
    with ExitStack() as stack:
        connect(system, stack, readers, get(path))
        wait_until(lambda: is_served(system, path), 120, "somebody who reads gets the list")  # or had to give way once
        # All that were on their way to intake at once are not there for long.
        wait_until(lambda: memory(intake(system)) - used < 180 << 20, 60, "what nobody takes is let go")
        started = time.monotonic()
        system.place()
        assert time.monotonic() - started < 10
    system.place()


def test_idle_connections_leave_room(door):
    """More connections than there are places, all of them silent: whoever has something to say gets in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with harmless(door), ExitStack() as stack:
            used = memory(intake(door))
            connect(door, stack, 2300)
            door.http.close()  # its connection may have had to give way
            for _ in range(20):
                started = time.monotonic()
                assert door.api("GET", "/open311/v2/services.json", headers={"Connection": "close"}).status == 200
                assert time.monotonic() - started < 2
            assert memory(intake(door)) - used < 300 << 20
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_old_and_endless_conversations(door):
    with harmless(door):
        answer = exchange(door, b"GET /open311/v2/services.json HTTP/1.0\r\n\r\n")
        assert statuses(answer) == [200] and b"Connection: close" in answer
        assert statuses(exchange(door, b"GET /open311/v2/services.json\r\n\r\n")) == [400]
        with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
            for _ in range(500):
                connection.sendall(get("/nothing").replace(b"Connection: close\r\n", b""))
                assert connection.recv(65536).startswith(b"HTTP/1.1 404")
    status, _, _ = raw(door, POST + b"Expect: 100-continue\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\n")
    assert status == 413
