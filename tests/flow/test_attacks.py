"""Attacks on the HTTP door. Each is refused, changes nothing, and leaves the service quick for everybody else.

What is merely wrong is in test_bad_input.py; here somebody means it. Other attacks are in test_injection.py and
test_exhaustion.py.
"""

import gzip
import json
import re
import time
import xml.etree.ElementTree as xml
import zlib

import pytest

from attack import IMPORT, PARAMETERS, POST, TE, TOKEN, exchange, get, harmless, intake, place, processor, statuses
from conftest import systems_in
from harness import COUNTY, wait_until
from test_bad_input import memory

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
           "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
BODY = json.dumps({"county": COUNTY, "title": "smuggled"}).encode()
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>]]>&lt;{{7*7}}${7*7}"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("door")) as make:
        yield make(parameters=PARAMETERS)


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
    fields = {"title": XSS, "text": XSS, "place": XSS, "name": "<b>周小雨</b>", "email": "a@b" + XSS, "source_ref": XSS,
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
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and "周小雨" not in answer.text
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
    assert door.api("GET", "/open311/v2/requests.json?start_date=9999-12-31T23:59:59-23:59").json == []
    for value in ("0000-00-00T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
                  "2026-11-22T09:30:00%2b99:99", "99999-01-01T00:00:00Z", "2026-11-22", "-2026-11-22T09:30:00Z", "now",
                  "2026-11-22T09:30:00Z%00", "2026-11-22T09:30:60Z"):
        for name in ("start_date", "end_date"):
            answer = door.api("GET", f"/open311/v2/requests.json?{name}={value}")
            assert answer.status == 400, (name, value, answer)
