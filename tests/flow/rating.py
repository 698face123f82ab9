"""What tests of call-back share: orders that are answered, the links and the replies of their residents."""

import re
from itertools import count

from harness import ADDRESS, COUNTY, KEYS

URL = ADDRESS["public_url"]
RESIDENT = "10000000001"  # who places orders, unless said otherwise
HANDLER = "10000004101"  # of M101
TOKEN = "a-token-of-the-test"
GATEWAY = {"intake": {"gateway_token": TOKEN}}
OTHER_KEYS = {role: f"other-{key}" for role, key in KEYS.items()}
numbers = count(1)


def somebody():
    """A phone that no other test has."""
    return f"1990000{next(numbers):04}"


def answered(system, **fields):
    """An order with an answer."""
    order = system.place(**fields)
    system.wait_state(order, "open")
    system.claim_all(order)
    system.answer_it(order)
    return order


def links(system, order, count=1):
    """The tokens of the links that its resident was sent, oldest first."""
    told = system.wait_sms(order, template="answered", count=count)
    return [re.search(rf"{URL}/r/([\w-]+)$", sms["text"])[1] for sms in told]


def steps(system, order):
    return [row["step"] for row in system.api("GET", f"/api/v1/orders/{order['order']}/history", key="office").json["rows"]
            if "step" in row]


def look(system, token, **more):
    return system.api("GET", f"/api/v1/ratings/{token}", **more)


def rate(system, token, rating="satisfied", **more):
    return system.api("POST", f"/api/v1/ratings/{token}", {"rating": rating} | more.pop("body", {}), **more)


def reply(system, phone, text, id=None):
    """As the gateway brings it. id: of the gateway, each time another one."""
    answer = system.api("POST", f"/gateway/kannel/{TOKEN}/reply?id={id or f'r{next(numbers)}'}",
                        data=text.encode("utf-16-be"), headers={"X-Kannel-From": f"+86{phone}", "Content-Type":
                                                                "text/plain; charset=UTF-16BE"})
    assert answer.status == 200, answer


def waits_for(system, order):
    """Whether the order is on the list of those that wait for a reply of their residents."""
    return [key for key in system.redis.scan_iter(f"asked:{{{COUNTY}}}:*")
            if system.redis.zscore(key, order["order"]) is not None]
