"""What a quarter must have come to, counted from the archive's journal, the SMS that were sent, and what the API says."""

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
FINAL = ("closed", "returned")
ORDERS = "order_id GLOB '??????-[0-9]*' AND order_id NOT GLOB '*/*'"  # not what is followed after them
ALL_RUNGS = 14 * 86400  # seconds after which all rungs have sounded, holidays of a week included
RUNGS = 4
# Without these it was no quarter.
HAPPENS = ("opened", "screening", "claimed", "assigned", "confirmed", "passed_over", "reminded", "answered", "asked_again",
           "rated", "reopened", "closed")
NIGHT_ENDS, NIGHT_BEGINS = 8, 21
# What somebody asked for just now comes at once, whatever the hour; see services/notification/templates.c.
AT_ONCE = {"placed", "claimed", "full", "claim_refused", "rating_taken", "reply_taken", "unclear", "which", "help", "duty",
           "code"}


class Order:
    """An order as its journal tells it."""

    def __init__(self):
        self.steps = []  # (step, actor, note, values after it), oldest first
        self.now = {}
        self.was_urgent = False  # at some time

    def add(self, step, actor, note, state, fields):
        self.now = self.now | json.loads(fields) | ({"state": state} if state else {})
        self.was_urgent |= self.now.get("urgency") == "urgent"
        self.steps.append((step, actor, note, self.now))

    def names(self):
        return [step for step, _, _, _ in self.steps]


class Count:
    def __init__(self, quarter):
        self.quarter, self.system, self.now = quarter, quarter.system, quarter.now
        self.wrong, self.table = [], Counter()

    def check(self):
        """Everything that is wrong, each in a line; prints the figures."""
        for county in self.quarter.counties:
            orders, told, sent = self._read(county.id)
            for number, order in orders.items():
                self._end(number, order)
                self._rungs(number, order, told[number])
                self._called_back(number, order, told[number])
            placed = {number for number in self.quarter.placed if number.startswith(county.id)}
            self._expect(placed == orders.keys(), f"{county.id}: placed and journalled differ: {placed ^ orders.keys()}")
            self._figures(county.id, orders)
            self._day_and_night(county.id, orders, sent)
            letters = self.system.redis.xlen(f"dlq:{{{county.id}}}")
            self._expect(letters == 0, f"{county.id}: {letters} dead letters")
        for step in HAPPENS:
            self._expect(self.table[f"step {step}"], f"no order was ever {step}")
        done = self.system.ctl("journal", "verify", check=False)
        self._expect(done.returncode == 0, f"sidanctl journal verify: {done.stdout}{done.stderr}")
        self._show()
        return self.wrong

    def _expect(self, condition, otherwise):
        if not condition:
            self.wrong.append(otherwise)

    def _read(self, county):
        """Orders by number; by number how often each (template, recipient) was told; when each SMS was sent."""
        orders, told, sent = defaultdict(Order), defaultdict(Counter), {}
        with closing(sqlite3.connect(f"file:{self.system.directory}/archive/{county}.db?mode=ro", uri=True)) as file:
            for number, *row in file.execute("SELECT order_id, step, actor, note, state, fields FROM journal "
                                             f"WHERE {ORDERS} ORDER BY order_id, ver"):
                orders[number].add(*row)
            for sms, number, template, recipient, at in file.execute("SELECT sms, order_id, template, recipient, at "
                                                                     "FROM sms"):
                told[number][(template, recipient)] += 1
                sent[sms] = at / 1000
        return orders, told, sent

    def _end(self, number, order):
        """It has ended, or everybody can see that it is late."""
        state = order.now["state"]
        self.table["orders"] += 1
        self.table.update(f"step {name}" for name in order.names())
        self.table[f"orders that are {state}"] += 1
        if state not in FINAL:
            late = order.now.get("due", 0) / 1000 < self.now
            self._expect(late, f"{number} is {state} and not late: {order.names()}")
            self.table["overdue at the end"] += 1

    def _rungs(self, number, order, sms):
        """Each rung of each running of a clock sounds once, in its turn, and whoever stands on it is told once."""
        told, rung, before = Counter(), 0, {}
        for step, _, clock, now in order.steps:
            if step in ("reminded", "escalated"):
                self._expect(now["rung"] == rung + 1, f"{number}: rung {now['rung']} after {rung}")
                self._expect(before["due"] < self.now * 1000, f"{number}: a rung before its time")
                members = now.get("members", "").split() if step == "reminded" else []
                told["reminder" if step == "reminded" else "escalated"] += max(1, len(members))
                self.table["rungs"] += 1
            rung, before = now.get("rung", 0), now
        for template, gathered in (("reminder", "reminders"), ("escalated", "escalations")):
            sent = sum(count for (name, _), count in sms.items() if name in (template, gathered))
            self._expect(sent == told[template], f"{number}: {told[template]} of {template} are due, {sent} are on record")
        self._expect(rung <= RUNGS, f"{number}: rung {rung}")
        late = order.now.get("due", self.now * 1000) / 1000 < self.now - ALL_RUNGS and order.now["state"] not in FINAL
        self._expect(not late or rung == RUNGS, f"{number} is late for long, and {rung} of {RUNGS} rungs have sounded")

    def _called_back(self, number, order, sms):
        """Each answer was told to its resident, and rated, or they were asked three times and then called in vain."""
        names = order.names()
        answers = names.count("answered")
        told = sum(count for (name, recipient), count in sms.items()
                   if name in ("answered", "answered_own") and recipient == "resident")
        self._expect(told == answers, f"{number}: {answers} answers, told {told} times")
        if answers and order.now["state"] == "closed":
            self.table["answered and closed"] += 1
            rating = order.now.get("rating")
            self.table[f"rated {rating}"] += 1
            self._expect(rating is not None, f"{number} is closed without a rating: {names}")
            if rating == "unreachable":
                self._expect(order.now.get("tries", 0) >= 3 and "to_call" in names, f"{number}: given up early: {names}")
        if order.now["state"] == "answered" and order.now["due"] / 1000 < self.now - ALL_RUNGS:
            self._expect("to_call" in names, f"{number}: its resident was not asked to the end: {names}")
        if answers:
            self.table["called back"] += order.now.get("rating") is not None or order.now.get("asks", 0) > 0
            self.table["answered"] += 1

    def _figures(self, county, orders):
        """What the API counts adds up to the journal."""
        answer = self.system.api("GET", f"/api/v1/figures?county={county}", key="office").json
        figures = defaultdict(dict)
        for row in answer["rows"]:
            figures[row["figure"]][row["value"]] = row["count"]
        self._expect(answer["total"] == len(orders), f"{county}: figures count {answer['total']} of {len(orders)}")
        for name in ("state", "category", "town", "group", "rating", "outcome"):
            counted = Counter(order.now[name] for order in orders.values() if order.now.get(name))
            self._expect(figures.get(name, {}) == counted, f"{county}: by {name} {figures.get(name)}, journal {counted}")

    def _day_and_night(self, county, orders, sent):
        """Nobody is woken, and nobody gets more than so many a day; but for what they asked for, and what is urgent."""
        by_day = Counter()
        for sms in (sms for sms in self.quarter.sms if sms["county"] == county):
            at = datetime.fromtimestamp(sent.get(sms["id"], 0), CHINA)
            self.table["SMS"] += 1
            self.table[f"SMS {sms['template']}"] += 1
            urgent = sms["recipient"] != "resident" and sms["order"] in orders and orders[sms["order"]].was_urgent
            if sms["template"] in AT_ONCE or urgent:
                continue
            self._expect(sms["id"] in sent, f"{sms['id']} is not on record")
            self._expect(NIGHT_ENDS <= at.hour < NIGHT_BEGINS, f"{sms['order']}: {sms['template']} at {at}")
            by_day[(sms["to"], at.date())] += 1
        most = max(by_day.values(), default=0)
        limit = self.quarter.options.sms_per_day
        self.table["most SMS to one phone a day"] = max(most, self.table["most SMS to one phone a day"])
        self._expect(most <= limit, f"{county}: {most} SMS to one phone on a day, at most {limit}")

    def _show(self):
        for name, count in sorted(self.table.items()):
            print(f"{name:<32} {count}")
        for people in self.quarter.people.values():
            print(f"{people.county.id}: {json.dumps(people.done)}; too late: {json.dumps(people.refused)}")
