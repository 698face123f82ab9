"""Attacks by those who take long: slow senders and readers, idle connections, endless conversations."""

import resource
import socket
import time
from contextlib import ExitStack

import pytest
import requests

from attack import IMPORT, PARAMETERS, POST, TE, exchange, get, harmless, intake, processor, statuses
from conftest import systems_in
from harness import wait_until
from test_bad_input import memory, raw


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("door")) as make:
        yield make(parameters=PARAMETERS)


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
