"""Residents, members and the office, who do what people do: orders are placed, claimed, handed over, answered, rated.

Each order leads one of several lives (LIVES). A life is a generator that makes one request at a time through the
public door and yields how many seconds it waits before it goes on; a few threads carry all lives on. Whoever gets no
answer asks again with the same Idempotency-Key, as a good client does, at whichever intake answers.
"""

import csv
import heapq
import http.client
import io
import json
import random
import threading
import time
import urllib.parse
import uuid

import absences
import beside
import matters
import merging
from handling import CONVENER, NAME, OFFICE, decline, handle
from harness import KEYS
from ledger import Order

PATIENCE = 4  # seconds for an answer; intake gives up its calls earlier
PAUSE = 0.3  # seconds until something is asked again
CROWD = 150  # orders under way; while faults hold up so many no new ones are begun
GATEWAY_TOKEN = "a-token-of-the-chaos-test"
# Where in the county it is, and which group's members are asked.
PLACES = {"东门小区": "G1", "滨河花园": "G2", "蓝领公寓": "G3", absences.PLACE: absences.GROUP}
USUAL = [place for place in PLACES if place != absences.PLACE]
ALPHABET = "346789ABCDEFGHJKMNPQRTUVWXY"  # of claim codes; see common/order.c


def claim_code(serial):
    code = ""
    while serial or len(code) < 3:
        serial, digit = divmod(serial, len(ALPHABET))
        code = ALPHABET[digit] + code
    return code


class Refused(Exception):
    """An answer that this request should not have got."""


def resident(order):
    """Who asks as its resident: the office, where nobody but they know the code."""
    return {"X-Order-Code": order.code} if order.code else OFFICE


class Door:
    """The public door: any of the intakes. Connections belong to a thread."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.local = threading.local()

    def ask(self, method, path, body=None, headers=None):
        """(status, json, or bytes of what is none), or None when nobody knows what became of it."""
        connections = self.local.__dict__.setdefault("connections", {})
        address = random.choice(self.addresses)
        connection = connections.get(address) or http.client.HTTPConnection(*address, timeout=PATIENCE)
        connections[address] = connection
        data = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict) else body
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"} | (headers or {}))
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None
        if answer.status >= 500:
            return None
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text


class Load:
    """rate: orders begun per second. reply: how a member answers an SMS."""

    def __init__(self, town, ledger, rate, seed, reply, threads=12):
        self.town, self.ledger, self.pace, self.reply = town, ledger, rate, reply
        self.door, self.members = town.door(), town.members()
        self.counties = [path.name for path in town.counties]
        self.random = random.Random(f"load {seed}")
        self.names = 0
        self.away = set()  # counties in which a member is away; see absences.py
        self.due, self.turn = [], threading.Condition()
        self.under_way = 0  # lives that a thread holds just now
        self.placing = threading.Event()  # new orders are begun
        self.ending = False
        self.threads = [threading.Thread(target=self._carry_on, daemon=True) for _ in range(threads)]
        for thread in [*self.threads, threading.Thread(target=self._place, daemon=True)]:
            thread.start()

    # -- the threads -------------------------------------------------------------------------------------------------

    def start(self):
        """New orders are begun, and those that were left open go on."""
        for order in self.ledger.orders.values():
            if order.kind == "left" and not order.finished:
                self.push(self.finish(order))
        self.placing.set()

    def pause(self):
        self.placing.clear()

    def end(self):
        self.placing.clear()
        with self.turn:
            self.ending = True
            self.turn.notify_all()

    def idle(self):
        with self.turn:
            return not self.due and not self.under_way

    def push(self, life, wait=0):
        with self.turn:
            self.names += 1
            heapq.heappush(self.due, (time.monotonic() + wait, self.names, life))
            self.turn.notify()

    def _place(self):
        while not self.ending:
            if not self.placing.wait(0.5):
                continue
            if len(self.due) > CROWD:
                time.sleep(PAUSE)
                continue
            self.push(self.life(self.random.choice(LIVES)))
            time.sleep(self.random.uniform(0.5, 1.5) / self.pace)

    def _next(self):
        with self.turn:
            while not self.ending:
                wait = self.due[0][0] - time.monotonic() if self.due else 1
                if wait <= 0:
                    self.under_way += 1
                    return heapq.heappop(self.due)[2]
                self.turn.wait(wait)
            return None

    def _carry_on(self):
        while life := self._next():
            try:
                self.push(life, next(life))
            except StopIteration:
                pass
            except Exception as fault:  # whatever it is, the audit is to show it
                self.ledger.faults.append(f"{type(fault).__name__}: {fault}")
            with self.turn:
                self.under_way -= 1

    # -- requests ----------------------------------------------------------------------------------------------------

    def certain(self, method, path, body=None, key=True, **headers):
        """Asks until it is answered. Returns (status, json). What changes something is repeated with its key."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST" and key:
            headers["Idempotency-Key"] = str(uuid.UUID(int=random.getrandbits(128)))
        while (answer := self.door.ask(method, path, body, headers)) is None:
            self.ledger.repeated()
            yield PAUSE
        if answer[0] < 300:
            self.ledger.answered()
        return answer

    def step(self, order, verb, body):
        """A step by the office's key, or by its resident, which must be taken."""
        headers = resident(order) if verb in ("rating", "add", "take-back") else OFFICE
        status, answer = yield from self.certain("POST", f"/api/v1/orders/{order.number}/{verb}", body, **headers)
        if status != 200:
            raise Refused(f"{order.number} ({order.kind}) {verb} {body}: {status} {answer}")

    def wait_state(self, order, *states):
        while True:
            yield PAUSE
            status, now = yield from self.certain("GET", f"/api/v1/orders/{order.number}", **resident(order))
            if status != 200:
                raise Refused(f"{order.number} ({order.kind}) cannot be seen: {status} {now}")
            if now["state"] in states:
                return now

    def place(self, kind, county=None, place=None, **fields):
        """Places an order; half of them without a key, so that one whose answer is lost is placed anew."""
        place = place or random.choice(USUAL)
        words = {"clock": f"{place}有一处危房"} | dict.fromkeys(SCREENED, "想问一件事")
        title = words.get(kind, f"{place}路灯不亮")
        careful = "same_as" in fields or random.random() < 0.5  # whoever joins twice would be told of by the primary
        while True:
            token = f"t{uuid.UUID(int=random.getrandbits(128)).hex}"
            body = {"county": county or random.choice(self.counties), "title": title, "text": f"请帮忙看看，{token}",
                    "name": NAME, "phone": f"1{random.randrange(10 ** 10):010}"} | fields
            if careful:
                status, answer = yield from self.certain("POST", "/api/v1/orders", body)
            else:
                found = self.door.ask("POST", "/api/v1/orders", body)
                if found is None:
                    self.ledger.unsure.add(token)
                    yield PAUSE
                    continue
                status, answer = found
                self.ledger.answered()
            if status != 201:
                raise Refused(f"{token} was not placed: {status} {answer}")
            order = Order(answer["order"], answer["code"], token, kind, "G2" if kind in ACCEPTED else PLACES[place])
            order.promise("placed", "resident")
            self.ledger.open(order)
            return order

    # -- lives -------------------------------------------------------------------------------------------------------

    def carry_on(self, order):
        self.push(self.live(order))

    def life(self, kind):
        if kind in LIVES_OF_THEIR_OWN:
            yield from LIVES_OF_THEIR_OWN[kind](self)
            return
        order = yield from self.place(kind)
        yield from self.live(order)

    def live(self, order):
        kind = order.kind
        if kind == "recalled":
            yield from self.wait_state(order, "open")
            yield from self.step(order, "recall", {"actor": CONVENER, "reason": "分错了组"})
            order.promise("recalled", CONVENER)
        if kind in ("screened", "returned", "recalled"):
            yield from self.screen(order)
            if kind == "returned":
                return
        if kind == "clock":
            now = yield from self.wait_state(order, "assigned")
        else:
            yield from self.wait_state(order, "open")
            if kind == "claimed" and random.random() < 0.2:
                yield from decline(self, order, *(yield from self.claim(order, 1)))
            yield from self.claim(order, 2 if kind in ACCEPTED else 3)
            now = yield from self.wait_state(order, "assigned")
        if kind == "late":
            yield from self.claim_late(order, now["members"].split())
        if kind == "left":
            return  # it stays open over the audit
        yield from self.resolve(order, now["members"].split())

    def finish(self, order):
        now = yield from self.wait_state(order, "assigned")
        yield from self.resolve(order, now["members"].split())

    def screen(self, order):
        yield from self.wait_state(order, "screening")
        if order.kind == "returned":
            yield from self.send_back(order)
        else:
            yield from self.step(order, "screen", {"actor": CONVENER, "decision": "accept", "category": "noise",
                                                   "community": "C201"})
            order.promise("screened", CONVENER, category="noise", community="C201")

    def send_back(self, order):
        yield from self.step(order, "screen", {"actor": CONVENER, "decision": "return", "reason_code": "unsuited",
                                               "return_to": "12345"})
        order.promise("returned", CONVENER, reason="不属于协商的范围")
        order.finished = True

    def claim(self, order, places, others_than=()):
        """The places go to as many members, by SMS or over the API. Returns who they are."""
        able = [member for member in self.members[order.county][order.group] if member[0] not in others_than]
        claimants = random.sample(able, places)
        for member, phone in claimants:
            if order.kind in ("sms", "late"):
                yield from self.reply(self, order, phone)
                order.replies.append(member)
            else:
                yield from self.step(order, "claim", {"member": member})
            order.promise("claimed", f"member:{member}")
        return [member for member, _ in claimants]

    def claim_late(self, order, members):
        member, phone = random.choice([m for m in self.members[order.county][order.group] if m[0] not in members])
        yield from self.reply(self, order, phone)
        order.late.append(member)

    def resolve(self, order, members):
        members = yield from handle(self, order, members)
        if order.kind in ("dissatisfied", "decided"):
            yield from self.rate(order, "dissatisfied", "reopened")
            yield from handle(self, order, members)
        if order.kind == "decided":
            yield from self.rate(order, "dissatisfied", "rated")
            yield from self.step(order, "decide", {"actor": "committee:K1", "decision": "close", "reason": "已经尽力"})
            order.promise("decided", "committee:K1")
        else:
            yield from self.rate(order, random.choice(("satisfied", "basically")), "rated")
        order.finished = True

    def rate(self, order, rating, step):
        yield from self.step(order, "rating", {"rating": rating} | ({} if order.code else {"actor": CONVENER}))
        order.promise(step, "resident" if order.code else CONVENER, rating=rating)


def keep_tables(load):
    """The office stores a table anew, as it is: all services read the county again, and go through all deadlines."""
    table, office = f"/api/v1/tables/categories?county={random.choice(load.counties)}", f"Bearer {KEYS['office']}"
    status, now = yield from load.certain("GET", table, Authorization=office)
    columns = [column["name"] for column in now["columns"]]
    rows = io.StringIO()
    csv.writer(rows).writerows([columns, *now["rows"]])
    status, answer = yield from load.certain("POST", f"{table}&revision={now['revision']}", rows.getvalue().encode(),
                                             Authorization=office, Content_Type="text/csv")
    # Whoever asks again may find what they have stored, or somebody else was quicker.
    if status != 412 and not (status == 200 and answer["stored"]):
        raise Refused(f"{table}: {status} {answer}")


# How an order may live; the commoner ones stand here more than once.
LIVES = ("claimed", "claimed", "claimed", "sms", "sms", "late", "clock", "clock", "dissatisfied", "decided", "screened",
         "returned", "left", "recalled", "meeting", "together", "together", "tables", "me_too", "me_too", "away", "split",
         "transfer", "joint")
LIVES_OF_THEIR_OWN = {"meeting": matters.life, "together": merging.life, "me_too": merging.me_too, "tables": keep_tables,
                      "away": absences.life, "split": beside.split, "transfer": beside.transfer, "joint": beside.joint}
ACCEPTED = ("screened", "recalled")  # by the convener, for group G2 and two members
SCREENED = ("screened", "returned", "merged_early", "transferred")  # kinds of orders that wait for the convener first


def reply_to_door(load, order, phone):
    """A member's SMS as a gateway hands it over: again until it is taken."""
    path = f"/gateway/kannel/{GATEWAY_TOKEN}/reply?id={uuid.UUID(int=random.getrandbits(128))}"
    headers = {"X-Kannel-From": phone, "Content-Type": "text/plain; charset=UTF-8"}
    body = f"{claim_code(order.serial)} 接单".encode()
    while (answer := load.door.ask("POST", path, body, headers)) is None:
        load.ledger.repeated()
        yield PAUSE
    if answer[0] != 200:
        raise Refused(f"{order.number}: the reply of {urllib.parse.quote(phone)} got {answer}")
    load.ledger.answered()
