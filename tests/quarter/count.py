"""What a quarter must have come to, counted from the archive's journal, the SMS that were sent, and the API."""

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import datetime, timedelta, timezone

from harness import KEYS
from workbook import sheets

CHINA = timezone(timedelta(hours=8))
FINAL = ("closed", "returned")
ORDERS, MEETINGS, SUGGESTIONS = (f"order_id GLOB '??????-{kind}[0-9]*' AND order_id NOT GLOB '*/*'" for kind in
                                 ("", "H", "J"))
DAY = 86400
ALL_RUNGS = 14 * DAY  # seconds after which all rungs have sounded, holidays of a week included
RUNGS = 4
# Without these it was no quarter, and without the rarer ones no long one.
HAPPENS = ("opened", "claimed", "assigned", "confirmed", "visited", "answered", "asked_again", "rated", "closed",
           "called", "signed_in", "held")
RARER = ("screening", "merged", "split", "transferred", "handed_on", "passed_over", "reminded", "escalated", "reopened", "invitation_answered", "moved", "cancelled",
         "raised", "commented", "settled", "rechecked")
LONG = 200  # orders
NIGHT_ENDS, NIGHT_BEGINS = 8, 21
# What somebody asked for just now comes at once, whatever the hour; see services/notification/templates.c.
GATHERED = {"reminder", "reminders", "escalated", "escalations"}  # one of each kind may come on top in the morning
AT_ONCE = {"placed", "claimed", "full", "claim_refused", "rating_taken", "reply_taken", "unclear", "which", "help",
           "duty", "code", "meeting_taken", "meeting_unclear"}


def members_in(people):
    return [who.removeprefix("member:") for who in people.split() if who.startswith("member:")]


class Order:
    """An order, or another matter, as its journal tells it."""

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
            address = f"file:{self.system.directory}/archive/{county.id}.db?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as file:
                orders, meetings, suggestions = (self._read(file, which) for which in (ORDERS, MEETINGS, SUGGESTIONS))
                told, sent = self._read_sms(file)
            for number, order in orders.items():
                self._end(number, order)
                self._rungs(number, order, told[number])
                self._called_back(number, order, told[number])
            placed = {number for number in self.quarter.placed if number.startswith(county.id)}
            self._expect(placed == orders.keys(), f"{county.id}: placed is not journalled: {placed ^ orders.keys()}")
            for number, meeting in meetings.items():
                self._meeting(number, meeting, told)
            for number, suggestion in suggestions.items():
                self._suggestion(number, suggestion, told[number])
            self._figures(county.id, orders)
            self._records(county.id, orders, meetings, suggestions)
            self._day_and_night(county.id, orders, sent)
            letters = self.system.redis.xlen(f"dlq:{{{county.id}}}")
            self._expect(letters == 0, f"{county.id}: {letters} dead letters")
        for step in HAPPENS + (RARER if len(self.quarter.placed) >= LONG else ()):
            self._expect(self.table[f"step {step}"], f"nothing was ever {step}")
        done = self.system.ctl("journal", "verify", check=False)
        self._expect(done.returncode == 0, f"sidanctl journal verify: {done.stdout}{done.stderr}")
        self._show()
        return self.wrong

    def _expect(self, condition, otherwise):
        if not condition:
            self.wrong.append(otherwise)

    def _read(self, file, which):
        """Orders, or other matters, by number."""
        orders = defaultdict(Order)
        for number, *row in file.execute("SELECT order_id, step, actor, note, state, fields FROM journal "
                                         f"WHERE {which} ORDER BY order_id, ver"):
            orders[number].add(*row)
        return orders

    def _read_sms(self, file):
        """By number how often each (template, recipient) was told; when each SMS was sent."""
        told, sent = defaultdict(Counter), {}
        rows = file.execute("SELECT sms, order_id, template, recipient, at FROM sms")
        for sms, number, template, recipient, at in rows:
            told[number][(template, recipient)] += 1
            sent[sms] = at / 1000
        return told, sent

    def _end(self, number, order):
        """It has ended, or everybody can see that it is late."""
        state = order.now["state"]
        self.table["orders"] += 1
        self.table.update(f"step {name}" for name in order.names())
        self.table[f"orders that are {state}"] += 1
        if state not in FINAL:
            late = 0 < order.now.get("due", 0) / 1000 < self.now  # without a deadline nobody would see it
            self._expect(late, f"{number} is {state} and not late: {order.names()}")
            self.table["overdue at the end"] += 1

    def _rungs(self, number, order, sms):
        """Each rung of each running of a clock sounds once, in its turn, and whoever stands on it is told once."""
        told, rung, before = Counter(), 0, {}
        for step, _, clock, now in order.steps:
            if step in ("reminded", "escalated"):
                self._expect(now["rung"] == rung + 1, f"{number}: rung {now['rung']} after {rung}")
                self._expect(before["due"] < self.now * 1000, f"{number}: a rung before its time")
                handled = step == "reminded" and now["state"] != "evaluated"  # where a committee has to decide
                members = now.get("members", "").split() if handled else []
                told["reminder" if step == "reminded" else "escalated"] += max(1, len(members))
                self.table["rungs"] += 1
            rung, before = now.get("rung", 0), now
        for template, gathered in (("reminder", "reminders"), ("escalated", "escalations")):
            sent = sum(count for (name, _), count in sms.items() if name in (template, gathered))
            self._expect(sent == told[template], f"{number}: {told[template]} of {template} are due, {sent} on record")
        self._expect(rung <= RUNGS, f"{number}: rung {rung}")
        late = order.now.get("due", self.now * 1000) / 1000 < self.now - ALL_RUNGS and order.now["state"] not in FINAL
        followed = order.now["state"] == "merged"  # the rungs are its primary's
        self._expect(not late or followed or rung == RUNGS,
                     f"{number} is late for long, and {rung} of {RUNGS} rungs have sounded")

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
                tried = order.now.get("tries", 0) >= 3 and "to_call" in names
                self._expect(tried, f"{number}: given up early: {names}")
        if order.now["state"] == "answered" and order.now["due"] / 1000 < self.now - ALL_RUNGS:
            self._expect("to_call" in names, f"{number}: its resident was not asked to the end: {names}")
        if answers:
            reached = order.now.get("rating") is not None or "to_call" in names
            self._expect(reached, f"{number}: its resident was asked for nothing, or not to the end: {names}")
            self.table["called back"] += reached
            self.table["answered"] += 1

    def _meeting(self, number, meeting, told):
        """It was held and closed, or cancelled; and everybody was told of each of that once."""
        now, names = meeting.now, meeting.names()
        self.table.update(f"step {name}" for name in names)
        self.table[f"meetings that are {now['state']}"] += 1
        self._expect(now["state"] in ("closed", "cancelled") or now["meets_at"] / 1000 > self.now - DAY,
                     f"{number} is {now['state']}: {names}")
        self._expect(set(now["present"].split()) <= set(now["invited"].split()), f"{number}: {now}")
        for who in now["invited"].split():
            kind, _, order = who.partition(":")
            sms, who = (told[order], "resident") if kind == "resident" else (told[number], who)
            for step, template in (("called", "meeting_invited"), ("moved", "meeting_moved"),
                                   ("cancelled", "meeting_cancelled"), ("reminded", "meeting_reminder")):
                wanted = sum(name == step and not (name == "reminded" and who in then["excused"].split())
                             for name, _, _, then in meeting.steps)
                wanted *= who != now["host"] or step in ("cancelled", "reminded")
                if kind != "resident":
                    self._expect(sms[(template, who)] == wanted, f"{number}: {who} was told {template} "
                                                                 f"{sms[(template, who)]} times instead of {wanted}")
            self._expect(kind != "resident" or sms[("meeting_invited", who)] > 0, f"{number}: {order} was not invited")

    def _suggestion(self, number, suggestion, sms):
        """It was struck off, or is on the list of what is late, or runs; whoever has it was told of it once."""
        now = suggestion.now
        self.table.update(f"step {name}" for name in suggestion.names())
        self.table[f"suggestions that are {now['state']}"] += 1
        whose = f"department:{now['department']}" if now.get("department") else f"committee:{now['committee']}"
        self._expect(sms[("suggestion_raised", whose)] == 1, f"{number}: {whose} was told {sms}")
        self._expect(now["state"] == "closed" or now.get("due"), f"{number} is {now['state']} and has no deadline")
        self._expect(now.get("rung", 0) <= 2, f"{number}: rung {now.get('rung')}")

    def _records(self, county, orders, meetings, suggestions):
        """What the bulletin counts of each member adds up to the journal."""
        period = "&".join(f"{name}={datetime.fromtimestamp(at, CHINA):%Y-%m-%dT%H:%M:%S}" for name, at in
                          (("from", self.quarter.began - DAY), ("until", self.now + DAY)))
        rows = self.system.api("GET", f"/api/v1/records?county={county}&{period}", key="office").json["rows"]
        members = [row for row in rows if "member" in row]
        shown = {name: Counter({row["member"]: row[name] for row in members if row.get(name)}) for name in
                 ("answers", "visits", "meetings", "excuses", "absences", "opinions", "adopted")}
        wanted = {name: Counter() for name in shown}
        for order in orders.values():
            if order.now.get("answered_at") and not order.now.get("primary"):
                wanted["answers"].update(order.now["members"].split())
            wanted["visits"].update(member for step, actor, _, now in order.steps
                                    if step == "visited" and not actor.startswith("order:")  # that of its primary
                                    for member in members_in(now["who"]))
        for meeting in meetings.values():
            invited, present, excused = (set(members_in(meeting.now[name])) for name in
                                         ("invited", "present", "excused"))
            if meeting.now["state"] in ("held", "closed"):
                wanted["meetings"].update(present)
                wanted["excuses"].update(excused - present)
            if meeting.now["state"] == "closed":
                wanted["absences"].update(invited - present - excused)
        for suggestion in suggestions.values():
            if suggestion.now["kind"] == "opinion":
                wanted["opinions"].update(suggestion.now["members"].split())
                if suggestion.now.get("settled") in ("adopted", "partly"):
                    wanted["adopted"].update(suggestion.now["members"].split())
        for name, count in wanted.items():
            self.table[f"records: {name}"] += count.total()
            self._expect(shown[name] == count, f"{county}: {name} of members {shown[name]}, journal {count}")
        self._bulletin(county, period, orders, wanted)

    def _bulletin(self, county, period, orders, wanted):
        """The workbook says the same, by names; and so do its rankings."""
        answer = self.system.http.get(f"{self.system.url}/api/v1/bulletin.xlsx?county={county}&{period}", headers={
            "Authorization": f"Bearer {KEYS['office']}", "Accept-Language": "zh-CN"}, timeout=60)
        book = sheets(answer.content)
        head, rows = book["委员履职"][2], {row[0]: row for row in book["委员履职"][3:]}
        for name, title in (("answers", "办结"), ("visits", "走访"), ("meetings", "到会"), ("absences", "无故缺席"),
                            ("opinions", "建言"), ("adopted", "采纳")):
            shown = {who: row[head.index(title)] for who, row in rows.items() if row[head.index(title)]}
            count = {f"委员{member[1:]}": number for member, number in wanted[name].items()}
            self._expect(shown == count, f"{county}: the bulletin's {title} {shown}, journal {count}")
        states = Counter(order.now["state"] for order in orders.values())
        overview = dict(book["本期点单"][3:])
        for state, title in (("closed", "已办结"), ("returned", "已退回"), ("assigned", "办理中")):
            self._expect(overview[title] == states[state], f"{county}: the bulletin has {overview}, journal {states}")
        groups = Counter(order.now["group"] for order in orders.values()
                         if order.now.get("answered_at") and not order.now.get("primary"))
        ranked = next(rows for title, rows in book.items() if title.startswith("解单榜"))[3:]
        self._expect([row[2] for row in ranked] == sorted(groups.values(), reverse=True)[:10],
                     f"{county}: ranked {ranked}, journal {groups}")

    def _figures(self, county, orders):
        """What the API counts adds up to the journal."""
        answer = self.system.api("GET", f"/api/v1/figures?county={county}", key="office").json
        figures = defaultdict(dict)
        for row in answer["rows"]:
            figures[row["figure"]][row["value"]] = row["count"]
        self._expect(answer["total"] == len(orders), f"{county}: figures count {answer['total']} of {len(orders)}")
        for name in ("state", "category", "town", "group", "rating", "outcome"):
            counted = Counter(order.now[name] for order in orders.values() if order.now.get(name))
            shown = figures.get(name, {})
            self._expect(shown == counted, f"{county}: by {name} {shown}, journal {counted}")

    def _day_and_night(self, county, orders, sent):
        """Nobody is woken, and nobody gets more than so many a day; but for what they asked for, and what is urgent."""
        by_day, gathered = Counter(), Counter()
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
            gathered[(sms["to"], at.date())] += sms["template"] in GATHERED
        limit = self.quarter.options.sms_per_day
        for (phone, day), count in by_day.items():
            most = limit + min(gathered[(phone, day)], 2)
            self._expect(count <= most, f"{county}: {count} SMS to {phone} on {day}, at most {most}")
        self.table["most SMS to one phone a day"] = max(*by_day.values(), self.table["most SMS to one phone a day"])

    def _show(self):
        for name, count in sorted(self.table.items()):
            print(f"{name:<32} {count}")
        for people in self.quarter.people.values():
            print(f"{people.county.id}: {json.dumps(people.done)}; too late: {json.dumps(people.refused)}")
