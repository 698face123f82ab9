"""Counts everything after quiet has come: ledger against journal against Redis against what was sent to phones.

What must have happened to an order follows from what was promised to its people; what they must have been told follows
from its journal. Orders that are finished are forgotten when they have been audited, so a long run stays small.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing

import beside
import matters
import merging
from load import SCREENED
from ledger import FINAL, Order
from told import Roster
from trail import Trail

# The life of an order, written down once more on purpose; see common/order.c.
TRANSITIONS = {
    None: {"placed"}, "placed": {"screening", "open", "merged"},
    "screening": {"open", "returned", "merged", "withdrawn"}, "open": {"assigned", "merged", "screening"},
    "assigned": {"consulting", "answered"}, "consulting": {"assigned", "answered"},
    "answered": {"consulting", "evaluated", "closed"}, "evaluated": {"consulting", "closed"},
    "merged": {"screening", "answered", "withdrawn"},
}
UNCERTAIN = {"unknown", "failed"}  # what is allowed to become of an SMS when the gateway misbehaves
UNDER_WAY = ("outbox:", "due:", "attempts:", "smsq:", "mailq:", "chatq:", "smsgather:", "smswait:", "smsunknown:",
             "joint:", "absent:", "absences:")
# What may be in Redis when all is quiet; what of it is right is looked at one by one.
KINDS_OF_KEYS = {"counties", "registry", "lag", "config", "serial", "history", "order", "first", "clock", "load", "held",
                 "sms", "dlq", "audit", "chain", "swept", "gateways", "changes",
                 "asked", "told", "optout", "missed"}
# Instances know Redis' time to half a round trip, for which they wait a second at most; and these are two instances.
CLOCKS_AGREE = 1000  # ms

ENDLESS = "redis.call('TTL', key) < 0"
UNSETTLED = f"{ENDLESS} or redis.call('HEXISTS', key, 'phone') == 1 or redis.call('HEXISTS', key, 'text') == 1"


class Row:
    """A step in the journal."""

    def __init__(self, ver, at, step, actor, state, fields):
        self.ver, self.at, self.step, self.actor, self.state = ver, at, step, actor, state
        self.fields = json.loads(fields)


class Audit:
    def __init__(self, town, ledger):
        self.town, self.ledger = town, ledger
        self.roster = Roster(town.counties[0])
        self.read = Counter()  # last row of the journal that was read, by county
        self.strangers = {}  # orders whose answer was lost, by number
        self.forgotten = set()  # numbers of those that are finished and audited
        self.table = Counter()
        self.trail = Trail(self._database, self.table, town.directory / "attachments")
        self.unknown = []  # SMS of which nobody knows

    def _database(self, county):
        return closing(sqlite3.connect(f"file:{self.town.directory}/archive/{county}.db?mode=ro", uri=True, timeout=30))

    def _counties(self):
        return [path.name for path in self.town.counties]

    # -- quiet -------------------------------------------------------------------------------------------------------

    def unrest(self):
        """What is still under way, in words; "" when all is quiet."""
        keys = self.town.keys_in_redis()
        left = [key for key in keys if key.startswith(UNDER_WAY)]
        if left:
            return f"not empty: {' '.join(sorted(left)[:5])}"
        finished = {f"order:{{{order.county}}}:{order.number}" for order in self.ledger.orders.values() if order.finished}
        still = finished.intersection(keys)
        if still:
            return f"{len(still)} finished orders are still in Redis: {' '.join(sorted(still)[:3])}"
        for county in self._counties():
            if entries := self.town.redis.xlen(f"audit:{{{county}}}"):
                return f"{entries} entries of the audit trail of {county} are still in Redis"
            with self._database(county) as database:
                waiting = database.execute("SELECT (SELECT count(*) FROM cases WHERE retired_at IS NULL) +"
                                           " (SELECT count(*) FROM matters WHERE retry_at IS NOT NULL)").fetchone()[0]
                late = self.trail.late(county, database)
            if waiting:
                return f"{waiting} cases or matters of {county} wait for Redis to let their orders go"
            if late:
                return f"{late} contacts and attachments of {county} are to be erased"
        return ""

    def went_through(self, number):
        """Whether the archive knows that an order is open, and its group was asked."""
        with self._database(number[:6]) as database:
            opened = database.execute("SELECT 1 FROM journal WHERE order_id = ? AND step = 'opened'", (number,)).fetchone()
            asked = database.execute("SELECT 1 FROM sms WHERE order_id = ? AND template = 'opened'", (number,)).fetchone()
        return opened and asked

    # -- the whole ---------------------------------------------------------------------------------------------------

    def check(self):
        """Everything that is wrong, each in a line."""
        faults = [*self.ledger.faults]
        self.ledger.faults.clear()
        faults += self._read_journal()
        orders = {**self.ledger.orders, **self.strangers}
        sent = self._sent()
        for order in orders.values():
            told = sent.pop(order.number, Counter())
            wrong = self._check_steps(order)
            faults += wrong or self._check_sms(order, told)  # what people are told follows from a sound journal alone
        faults += [f"SMS of an order that nobody placed: {number}" for number in sent.keys() - self.forgotten]
        faults += self._check_archive(orders)
        with_contact = {number: order for number, order in orders.items() if order.kind not in matters.KINDS}
        faults += self.trail.check(with_contact, self.forgotten)
        faults += self._verify()
        faults += self._check_redis(orders)
        if self.town.gateway:
            faults += self._check_network()
        self._forget()
        return faults

    # -- the journal -------------------------------------------------------------------------------------------------

    def _read_journal(self):
        faults = []
        for county in self._counties():
            with self._database(county) as database:
                for id_, number, *row in database.execute(
                        "SELECT id, order_id, ver, at, step, actor, state, fields FROM journal WHERE id > ?",
                        (self.read[county],)):
                    self.read[county] = max(self.read[county], id_)
                    self.table["steps"] += 1
                    order = self.ledger.orders.get(number) or self.strangers.get(number)
                    if order is None:
                        order = self.strangers[number] = Order(number, "", "", "unsure", "")
                    order.journal.append(Row(*row))
        tokens = Counter()
        for number, order in self.strangers.items():
            order.journal.sort(key=lambda row: row.ver)
            order.token = order.journal[0].fields.get("text", "").rpartition("，")[2]
            tokens[order.token] += 1
            if order.token not in self.ledger.unsure:
                faults.append(f"{number} is in the journal, and nobody placed it ({order.token})")
        faults += [f"{count} orders from one request: {token}" for token, count in tokens.items() if count > 1]
        return faults

    def _expected_steps(self, order):
        if order.kind in matters.KINDS:
            return [step for step, _, _ in order.steps]
        if order.kind == "unsure":
            title = order.journal[0].fields["title"] if order.journal else ""
            return ["placed", *(["opened"] if title != "想问一件事" else ["screening"]),
                    *(["assigned"] if "危房" in title else [])]
        names = [step for step, _, _ in order.steps]
        if order.kind != "joined":
            names.insert(1, "screening" if order.kind in SCREENED else "opened")
        if order.kind == "clock":
            names.insert(2, "assigned")
        if order.finished and names[-1] not in ("returned", "decided", "taken_back", "transferred"):
            names.append("closed")
        return names

    def _check_steps(self, order):
        order.journal.sort(key=lambda row: row.ver)
        rows, faults = order.journal, []
        family = next((family for family in (merging, beside) if order.kind in family.KINDS), None)
        names = [row.step for row in rows if not (family and family.is_followed(row))]
        expected = self._expected_steps(order)
        if names != expected:
            found, wanted = Counter(names), Counter(expected)
            self.table["lost"] += sum((wanted - found).values())
            self.table["duplicates"] += sum((found - wanted).values())
            self.table["out of order"] += found == wanted
            faults.append(f"{order.number} ({order.kind}): {' '.join(names)}; promised: {' '.join(expected)}")
        if [row.ver for row in rows] != list(range(1, len(rows) + 1)):
            self.table["out of order"] += 1
            faults.append(f"{order.number}: versions {[row.ver for row in rows]}")
        if any(later.at < earlier.at - CLOCKS_AGREE for earlier, later in zip(rows, rows[1:])):
            self.table["out of order"] += 1
            faults.append(f"{order.number}: a step is older than the one before it")
        if family and (fault := family.fault(order)):
            faults.append(fault)
        state, transitions = None, matters.TRANSITIONS if order.kind in matters.KINDS else TRANSITIONS
        for row in rows:
            if row.state and row.state != state and row.state not in transitions.get(state, ()):
                faults.append(f"{order.number}: from {state} to {row.state}")
            state = row.state or state
        left = list(rows)
        for step, actor, values in order.steps:
            fitting = [row for row in left if row.step == step and actor in (None, row.actor)
                       and values.items() <= row.fields.items()]
            if fitting:
                left.remove(fitting[0])
            else:
                faults.append(f"{order.number}: {step} by {actor} with {values} was promised and is not in the journal")
                self.table["lost"] += 1
        return faults

    # -- what people were told ---------------------------------------------------------------------------------------

    def _sent(self):
        """How often each (template, recipient) was sent, by order."""
        sent = defaultdict(Counter)
        if self.town.gateway:
            for county in self._counties():
                with self._database(county) as database:
                    for number, template, recipient in database.execute("SELECT order_id, template, recipient FROM sms"):
                        sent[number][(template, recipient)] += 1
        else:
            for sms in self.town.spool():
                sent[sms["order"]][(sms["template"], sms["recipient"])] += 1
        return sent

    def _check_sms(self, order, sent):
        expected, optional = self.roster.expected_sms(order)
        missing, extra = expected - sent, sent - expected
        for some in optional:
            extra = extra - some if some <= extra else extra
        if order.journal and order.journal[-1].state in FINAL:
            self.table["SMS"] += sum(sent.values())
        self.table["SMS lost"] += sum(missing.values())
        self.table["SMS twice"] += sum(extra.values())
        faults = []
        if missing:
            faults.append(f"{order.number} ({order.kind}): SMS not sent: {dict(missing)}")
        if extra:
            faults.append(f"{order.number} ({order.kind}): SMS too many: {dict(extra)}")
        return faults

    def _check_network(self):
        """What the network got, against the requests that Kannel got, by id: at most one each, and exactly one unless
        its fate is uncertain."""
        faults, states = [], {}
        for county in self._counties():
            with self._database(county) as database:
                states.update(database.execute("SELECT sms, state FROM sms"))
        received = Counter((sms["to"], sms["text"]) for sms in self.town.gateway.kannel.received())
        passed = defaultdict(list)
        for sms, phone, text in self.town.gateway.sending.passed:
            passed[(phone, text)].append(sms)
        for sms, count in Counter(sms for ids in passed.values() for sms in ids).items():
            if count > 1:
                faults.append(f"SMS {sms} was handed to the gateway {count} times")
                self.table["SMS twice"] += 1
        for content, count in received.items():
            if count > len(passed[content]):
                faults.append(f"the network got {count} SMS where the gateway was handed {passed[content]}")
                self.table["SMS twice"] += 1
        for content, ids in passed.items():
            if received[content] < len(ids) and not any(states.get(sms) in UNCERTAIN for sms in ids):
                faults.append(f"the network got {received[content]} of the SMS {ids}")
        self.unknown = sorted(sms for sms, state in states.items() if state == "unknown")
        failed = [sms for sms, state in states.items() if state == "failed"]
        faults += [f"SMS {sms} failed" for sms in failed]
        return faults

    def _verify(self):
        """The archive's own check of its chains and of what it lists."""
        done = self.town.ctl("journal", "verify", check=False)
        self.table["files verified"] += len(self.town.counties) if done.returncode == 0 else 0
        return [] if done.returncode == 0 else [f"sidanctl journal verify: {done.stdout}{done.stderr}"]

    # -- archive and Redis -------------------------------------------------------------------------------------------

    def _check_archive(self, orders):
        """The orders as the archive lists them, its cases, and its SMS follow from the journal."""
        faults = []
        for county in self._counties():
            with self._database(county) as database:
                rows = database.execute("SELECT o.order_id, o.ver, o.steps, o.state, c.ver, c.retired_at FROM orders o"
                                        " LEFT JOIN cases c ON c.id = o.id UNION ALL "
                                        "SELECT order_id, ver, steps, state, ver, retired_at FROM matters").fetchall()
                states = dict(database.execute("SELECT sms, state FROM sms"))
            for number, ver, steps, state, case_ver, retired in rows:
                if number not in orders:
                    continue
                rows_of = orders[number].journal
                last = next((row.state for row in reversed(rows_of) if row.state), None)
                if (ver, steps, state) != (len(rows_of), len(rows_of), last):
                    faults.append(f"{number}: the archive lists {(ver, steps, state)}, its journal ends {last}")
                if (last in FINAL) != bool(retired) or (last in FINAL and case_ver != ver):
                    faults.append(f"{number} is {last}; its case: version {case_ver}, retired {retired}")
            if not self.town.gateway:
                spool = {path.stem for path in (self.town.spool_directory / county).glob("*.txt")}
                wrong = spool.symmetric_difference(sms for sms in states if sms.partition(".")[0] in orders)
                wrong |= {sms for sms, state in states.items() if state != "delivered"}
                faults += [f"SMS {sms}: {states.get(sms, 'not in the archive')}; in the spool: {sms in spool}"
                           for sms in sorted(wrong)[:5]]
        return faults

    def _check_redis(self, orders):
        """Nothing is left of what is finished, and what is counted is right."""
        redis, faults = self.town.redis, []
        open_orders = {number: order for number, order in orders.items()
                       if not any(row.state in FINAL for row in order.journal)}
        keys = defaultdict(list)
        for key in self.town.keys_in_redis():
            keys[key.partition(":")[0]].append(key)
        hashes = {key.rpartition(":")[2]: redis.hgetall(key) for key in keys["order"]}
        for number in hashes.keys() ^ open_orders.keys():
            faults.append(f"{number} is {'' if number in open_orders else 'not '}open and "
                          f"{'' if number in hashes else 'not '}in Redis")
        load = defaultdict(Counter)
        for number in hashes.keys() & open_orders.keys():
            kept = hashes[number]
            if int(kept["ver"]) != len(orders[number].journal):
                faults.append(f"{number}: version {kept['ver']} in Redis, {len(orders[number].journal)} in the journal")
            if kept.get("sms_open", "0") != "0" or kept.get("aside"):
                faults.append(f"{number}: sms_open={kept.get('sms_open')} aside={kept.get('aside')}")
            if not kept.get("primary"):  # else it is the primary that is their work
                load[number[:6]].update(kept.get("members", "").split())
        for county in self._counties():
            counted = {member: int(count) for member, count in redis.hgetall(f"load:{{{county}}}").items()
                       if ":" not in member}  # how often somebody of a group was chosen
            if {member: count for member, count in counted.items() if count} != load[county]:
                faults.append(f"{county}: load is {counted}, and should be {dict(load[county])}")
            held = Counter(entry.partition("|")[0] for entry in redis.zrange(f"held:{{{county}}}", 0, -1))
            if held != load[county]:
                faults.append(f"{county}: held counts {dict(held)}, and should {dict(load[county])}")
            letters = redis.xlen(f"dlq:{{{county}}}")
            self.table["dead letters"] += letters
            if letters:
                faults.append(f"{county}: {letters} dead letters: {redis.xrange(f'dlq:{{{county}}}', count=3)}")
            for entry in redis.zrange(f"clock:{{{county}}}", 0, -1):
                if entry.partition("|")[0] not in open_orders:
                    faults.append(f"{county}: the clock entry {entry} is about no open order")
        waiting = Counter(number for key in keys["asked"] for number in redis.zrange(key, 0, -1))
        answered = Counter(number for number, kept in hashes.items() if kept.get("state") == "answered" and "person" in kept)
        faults += [f"{number} is {hashes.get(number, {}).get('state')}, and waits {waiting[number]} times for a reply"
                   for number in waiting.keys() | answered.keys() if waiting[number] != answered[number]]
        unsettled = self._ask(UNSETTLED, keys["sms"])
        endless = self._ask(ENDLESS, keys["first"])
        faults += [f"{key} is not settled" for key in unsettled] + [f"{key} never ends" for key in endless]
        faults += [f"left in Redis: {key}" for kind in keys.keys() - KINDS_OF_KEYS for key in keys[kind][:3]]
        return faults

    def _ask(self, condition, keys):
        """Those of many keys of which a condition in Lua is true."""
        script = f"local found = {{}} for _, key in ipairs(KEYS) do if {condition} then found[#found + 1] = key end end"
        found = []
        for start in range(0, len(keys), 1000):
            some = keys[start:start + 1000]
            found += self.town.redis.eval(f"{script} return found", len(some), *some)
        return found

    # -- what has been seen ------------------------------------------------------------------------------------------

    def _forget(self):
        """Lets go of what is finished and has been audited, here, in the spool and in Redis."""
        closed = {order.number for order in self.ledger.orders.values()
                  if any(row.state in FINAL for row in order.journal)}
        self.ledger.forget(closed)
        self.forgotten |= closed
        for path in self.town.spool_directory.glob("*/*.txt"):
            if path.name.partition(".")[0] in closed:
                path.unlink()
                self.town.spooled.pop(path, None)
        self.trail.forget(closed)
        gone = [key for key in self.town.keys_in_redis() if key.startswith("first:") or
                key.startswith("sms:") and key.rpartition(":")[2].partition(".")[0] in closed]
        for start in range(0, len(gone), 1000):
            self.town.redis.unlink(*gone[start:start + 1000])
