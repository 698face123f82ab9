"""What attacks on the HTTP door share: requests as raw bytes, and that nothing came of them."""

import re
import socket
import time
from contextlib import contextmanager

from harness import COUNTY, is_busy, wait_until
from test_bad_input import orders

TOKEN = "a-token-of-the-attacks"
PARAMETERS = {"intake": {"gateway_token": TOKEN, "header_ms": 4000, "body_ms": 4000}}
POST = b"POST /api/v1/orders HTTP/1.1\r\nHost: sidan\r\nContent-Type: application/json\r\n"
TE = b"Transfer-Encoding: chunked"
IMPORT = f"/api/v1/imports?county={COUNTY}"


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
