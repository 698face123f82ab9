"""SMS through a real Kannel: what the network gets, the receipts it gives, and what people write back."""

import re
import socket
import threading
from contextlib import contextmanager

import pytest

from harness import COUNTY, read_table, wait_until
from kannel import Kannel

TOKEN = "a-token-of-the-test"
RESIDENT = "10000000001"


@pytest.fixture
def gateway(make_system, tmp_path):
    """A system, not started yet, and the Kannel that is its gateway."""
    system = make_system(start=False, parameters={"intake": {"gateway_token": TOKEN}})
    kannel = Kannel(tmp_path / "kannel", f"{system.url}/gateway/kannel/{TOKEN}")
    system.add("notification", 1, kannel.parameters() | {"kannel_timeout_ms": 2000})
    yield system, kannel
    kannel.stop()


@contextmanager
def silent_gateway():
    """Takes requests and never answers; gives its address and what came."""
    requests, connections = [], []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            while True:
                try:
                    connections.append(server.accept()[0])
                except OSError:
                    return
                requests.append(connections[-1].recv(65536))
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/cgi-bin/sendsms", requests
        server.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            connection.close()


def phone_of(system, member):
    return next(row["phone"] for row in read_table(system.counties[0] / "members.csv") if row["id"] == member)


def sms_of(system, order):
    """The SMS of an order as Redis has them: {id: fields}."""
    keys = system.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*")
    return {key.split(":")[-1]: system.redis.hgetall(key) for key in keys}


def wait_settled(system, order, template, count, state="delivered"):
    def settled():
        return [sms for sms in sms_of(system, order).values() if sms["template"] == template and sms["state"] == state]
    return wait_until(lambda: len(settled()) >= count and settled(), 20, f"{count} SMS {template} are {state}")


def wait_received(kannel, count):
    """The fake network writes down only once a second what it took long before."""
    return wait_until(lambda: len(kannel.received()) >= count and kannel.received(), 10, f"{count} SMS arrive")


def got(kannel, phone, words=""):
    return [sms["text"] for sms in kannel.received() if sms["to"] == phone and words in sms["text"]]


def test_receipts_come_and_a_reply_claims(gateway):
    system, kannel = gateway
    system.start()
    order = system.place()
    wait_settled(system, order, "placed", 1)
    wait_settled(system, order, "opened", 6)
    wait_received(kannel, 7)
    assert len(got(kannel, RESIDENT)) == 1 and order["code"] in got(kannel, RESIDENT)[0]
    assert not any("phone" in sms or "text" in sms for sms in sms_of(system, order).values())

    member = phone_of(system, "M101")
    code = re.search(r"回复 ([A-Z0-9]+) 接单", got(kannel, member)[0])[1]
    kannel.reply(f"+86{member}", f"回复{code.lower()} 接单")
    wait_until(lambda: got(kannel, member, "您已接单"), 20, "the member is told of the claim")
    assert system.order(order)["state"] == "open"
    assert system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "members") == "M101"

    wait_settled(system, order, "claimed", 1)
    wait_until(lambda: system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "sms_open") == "0", 10,
               "no SMS of the order is open")
    assert len(wait_received(kannel, 8)) == 8


def test_who_writes_nonsense_is_helped_and_a_stranger_is_not(gateway):
    system, kannel = gateway
    system.start()
    kannel.reply(phone_of(system, "M102"), "YYYYY 接单")
    wait_until(lambda: got(kannel, phone_of(system, "M102"), "没有看懂"), 20, "the member is helped")
    kannel.reply("19911112222", "你好")
    kannel.reply(phone_of(system, "M103"), "好的")
    wait_until(lambda: got(kannel, phone_of(system, "M103"), "没有看懂"), 20, "the other member is helped")
    assert not got(kannel, "19911112222")


def test_a_gateway_that_is_away_is_waited_for(gateway):
    system, kannel = gateway
    system.start()
    kannel.end("smsbox")
    order = system.place()
    wait_until(lambda: any(sms.get("detail") for sms in sms_of(system, order).values()), 20, "an attempt has failed")
    kannel.start_smsbox()
    wait_settled(system, order, "placed", 1)
    wait_settled(system, order, "opened", 6)
    assert len(wait_received(kannel, 7)) == 7


def test_a_lost_answer_is_unknown_and_never_sent_again(gateway):
    system, kannel = gateway
    with silent_gateway() as (url, requests):
        system.add("notification", 1, kannel.parameters() | {"kannel_url": url, "kannel_timeout_ms": 500})
        system.start()
        order = system.place()
        wait_settled(system, order, "opened", 6, state="unknown")
        unknown = wait_settled(system, order, "placed", 1, state="unknown")
        assert len(requests) == 7
        assert not any(RESIDENT.encode() in request.split(b"\r\n")[0] for request in requests)

        sms = next(i for i, fields in sms_of(system, order).items() if fields == unknown[0])
        assert sms in system.ctl("sms", "unknown")
        receipt = system.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={sms}&type=1")
        assert receipt.status == 200
        assert sms_of(system, order)[sms]["state"] == "delivered"
        again = system.api("GET", f"/gateway/kannel/{TOKEN}/receipt?sms={sms}&type=8")
        assert again.status == 200 and sms_of(system, order)[sms]["state"] == "delivered"
        assert sms not in system.ctl("sms", "unknown")
        assert system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "sms_open") == "6"
        assert len(requests) == 7
