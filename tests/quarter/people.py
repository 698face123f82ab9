"""The people of a county in a quarter: residents, members, conveners, departments, committees.

Each of them does something because of an SMS, or because they meant to, some hours after it and while they are awake;
members claim and confirm by SMS, residents rate by SMS or by the link in one. Nobody knows more than their SMS says and
the system shows. A few members never react, some orders are never answered, some departments object.
"""

import re

from meetings import DAY, HOUR, MINUTE, Meetings

REASONS = ("unsuited", "department", "personal", "unclear")
OUTCOMES = ("solved", "solved", "solved", "explained", "explained", "learned", "supervision")


class Refused(Exception):
    """An answer that this request should not have got."""


class People(Meetings):
    """agenda: does things later, see quarter.py. silent: ids of members who never react."""

    def __init__(self, system, county, agenda, random, silent):
        self.system, self.county, self.agenda, self.random, self.silent = system, county, agenda, random, silent
        self.members = {row["id"]: row for row in county.members}
        self.departments = [row["id"] for row in county.departments]
        self.resolving = set()  # (order, round) that a member has in hand
        self.never = set()  # orders that nobody will ever answer
        self.refused = {}  # why, and how often, somebody came too late or did what was not theirs any more
        self.done = {}  # what was done, and how often
        self.reactions = {name.removeprefix("on_"): getattr(self, name) for name in dir(self) if name.startswith("on_")}

    def read(self, sms):
        """Somebody reads an SMS."""
        reaction = self.reactions.get(sms["template"])
        if reaction:
            kind, _, name = sms["recipient"].partition(":")
            if kind != "member" or name not in self.silent:
                reaction(sms, name)

    # -- how they do it ----------------------------------------------------------------------------------------------

    def later(self, shortest, longest, do, *arguments, at_work=False):
        """In so many seconds: by day, or at work."""
        self.agenda.later(self.random.uniform(shortest, longest), do, *arguments, at_work=at_work)

    def chance(self, probability):
        return self.random.random() < probability

    def step(self, order, verb, body, may_fail=()):
        """A step in the office's name for somebody. may_fail: words of errors that are nobody's fault, as "gone" is."""
        answer = self.agenda.ask("POST", f"/api/v1/orders/{order}/{verb}", body, key="office")
        if answer.status == 200:
            self.done[verb] = self.done.get(verb, 0) + 1
            return True
        code = answer.json["code"]
        if code not in (*may_fail, "gone"):
            raise Refused(f"{order} {verb} {body}: {answer}")
        self.refused[f"{verb}: {code}"] = self.refused.get(f"{verb}: {code}", 0) + 1
        return False

    def look(self, order):
        answer = self.agenda.ask("GET", f"/api/v1/orders/{order}", None, key="office")
        if answer.status != 200:
            raise Refused(f"{order}: {answer}")
        return answer.json

    def reply(self, phone, text):
        self.agenda.reply(phone, text)

    # -- residents ---------------------------------------------------------------------------------------------------

    def place(self, row, phone):
        body = {"county": self.county.id, "title": row["title"][:200], "text": row["text"][:10000], "phone": phone,
                "community": self.random.choice(self.county.communities)["id"]}
        answer = self.agenda.ask("POST", "/api/v1/orders", body)
        if answer.status != 201:
            raise Refused(f"not placed: {answer} {body}")
        if self.chance(0.02):
            self.never.add(answer.json["order"])
        return answer.json["order"]

    def on_answered(self, sms, _):
        """Half reply, a fifth follow the link; the others do nothing, at least this time."""
        link = re.search(r"/r/([\w-]+)$", sms["text"])
        rating = self.random.choices(("satisfied", "basically", "dissatisfied"), (70, 18, 12))[0]
        digit = {"satisfied": "1", "basically": "2", "dissatisfied": "3"}[rating]
        what = self.random.random()
        if what < 0.5:
            self.later(10 * MINUTE, 20 * HOUR, self.reply, sms["to"], digit)
        elif what < 0.7 and link:
            self.later(10 * MINUTE, 20 * HOUR, self.rate_by_link, link[1], rating)

    on_ask_again = on_answered

    def rate_by_link(self, token, rating):
        answer = self.agenda.ask("POST", f"/api/v1/ratings/{token}", {"rating": rating})
        if answer.status not in (200, 409, 410):  # they replied meanwhile, or were called
            raise Refused(f"link {token}: {answer}")

    def on_unclear(self, sms, _):
        """Several of theirs wait: they name one."""
        number = re.search(r"等您回复的单号：(\d{6}-\d+)", sms["text"])
        if number:
            self.later(5 * MINUTE, 3 * HOUR, self.reply, sms["to"], f"{number[1]} 1")

    def on_asked(self, sms, _):
        if self.chance(0.6):
            self.later(HOUR, 30 * HOUR, self.reply, sms["to"], f"{sms['order']} 就在三栋门口，晚上最黑")

    # -- members -----------------------------------------------------------------------------------------------------

    def plan_absences(self, days):
        """One in four is away for some days, at some time."""
        for member in self.members:
            if member not in self.silent and self.chance(0.25):
                self.later(0, days * DAY, self.go_away, member)

    def go_away(self, member):
        until = self.agenda.now + self.random.uniform(1, 5) * DAY
        answer = self.agenda.ask("POST", f"/api/v1/absences?county={self.county.id}", {
            "member": member, "end": self._time(until), "note": "外出学习"}, key="office")
        if answer.status != 200:
            raise Refused(f"{member} is away: {answer}")
        self.done["absence"] = self.done.get("absence", 0) + 1

    def on_opened(self, sms, member):
        if self.chance(0.15):
            code = re.search(r"请回复 (\w+) 接单", sms["text"])[1]
            self.later(10 * MINUTE, 20 * HOUR, self.reply, sms["to"], f"{code} 接单")

    def on_assigned(self, sms, member):
        confirm = re.search(r"收到请回复 (\w+)。", sms["text"])
        if self.chance(0.03):
            self.later(HOUR, 30 * HOUR, self.step, sms["order"], "decline",
                       {"actor": f"member:{member}", "reason": "与本单位有利害关系"}, ("forbidden", "state"))
        elif confirm:
            self.later(10 * MINUTE, 7 * HOUR, self.reply, sms["to"], confirm[1])
        self.take_in_hand(sms["order"])

    def on_reopened(self, sms, _):
        self.take_in_hand(sms["order"])

    def take_in_hand(self, order):
        now = self.look(order)
        if order in self.never or (order, now.get("reopened", 0)) in self.resolving:
            return
        self.resolving.add((order, now.get("reopened", 0)))
        if self.chance(0.3):
            self.later(4 * HOUR, 2 * DAY, self.visit, order, at_work=True)
        if self.chance(0.3):
            self.later(4 * HOUR, 2 * DAY, self.call_meeting, order, at_work=True)
        if self.chance(0.08):
            self.later(8 * DAY, 14 * DAY, self.resolve, order, at_work=True)  # after the deadline
        else:
            if self.chance(0.04):
                self.later(2 * DAY, 4 * DAY, self.extend, order, at_work=True)
            self.later(8 * HOUR, 5 * DAY, self.resolve, order, at_work=True)

    def active(self, order):
        """One of its members who reacts, None when there is none, and the order as it is."""
        now = self.look(order)
        members = [name for name in now.get("members", "").split() if name not in self.silent]
        return now, self.random.choice(members) if members else None

    def extend(self, order):
        now, member = self.active(order)
        if member and now["state"] in ("assigned", "consulting"):
            self.step(order, "extend", {"actor": f"member:{member}", "days": 3, "reason": "需要现场勘查"},
                      ("state", "forbidden", "pending", "expired"))

    def resolve(self, order):
        now, member = self.active(order)
        if now["state"] not in ("open", "assigned", "consulting"):
            return
        if not member or now["state"] == "open":
            self.later(DAY, 2 * DAY, self.resolve, order, at_work=True)
        elif now["state"] == "assigned" and self.chance(0.4):
            department = now.get("department") or self.random.choice(self.departments)
            body = {"actor": f"member:{member}", "department": department}
            if self.step(order, "handover", body, ("forbidden", "state", "pending")):
                self.later(DAY, 3 * DAY, self.resolve, order, at_work=True)
        else:
            body = {"actor": f"member:{member}", "outcome": self.random.choice(OUTCOMES),
                    "answer": "已会同有关部门到现场察看，问题按期处理，请您放心。"}
            if body["outcome"] == "solved" and self.chance(0.1):
                body["promised_at"] = self._time(self.agenda.now + 15 * DAY)
            self.step(order, "answer", body, ("forbidden", "state", "pending"))

    # -- those at a desk ---------------------------------------------------------------------------------------------

    def on_handed_over(self, sms, department):
        if self.chance(0.06):
            body = {"actor": f"department:{department}", "reason": "不是本单位的职责"}
            self.later(HOUR, 8 * HOUR, self.step, sms["order"], "object", body,
                       ("state", "forbidden", "settled", "expired", "pending"), at_work=True)

    def on_objection(self, sms, town):
        self.later(HOUR, 20 * HOUR, self.rule, sms["order"], town, at_work=True)

    def rule(self, order, town):
        now = self.look(order)
        body = {"actor": f"convener:{town}", "decision": "stay", "reason": "按职责由该单位办理"}
        if self.chance(0.5):
            others = [name for name in self.departments if name != now.get("department")]
            body |= {"decision": "move", "department": self.random.choice(others), "reason": "改由主管部门办理"}
        self.step(order, "rule", body, ("state",))

    def on_extension_asked(self, sms, town):
        decision = "grant" if self.chance(0.7) else "refuse"
        self.later(HOUR, 20 * HOUR, self.step, sms["order"], "extend-decide", {
            "actor": f"convener:{town}", "decision": decision, "reason": "情况属实"}, ("state",), at_work=True)

    def on_screening(self, sms, town):
        self.later(HOUR, 30 * HOUR, self.screen, sms["order"], town, at_work=True)

    def on_replied(self, sms, town):
        self.on_screening(sms, town)

    on_unanswered = on_replied

    def screen(self, order, town):
        now = self.look(order)
        if now["state"] != "screening":
            return
        body, what = {"actor": f"convener:{town}"}, self.random.random()
        if what < 0.1:
            self.step(order, "screen", body | {"decision": "return", "reason_code": self.random.choice(REASONS)})
        elif what < 0.16 and "question" not in now:
            self.step(order, "ask", body | {"question": "请问具体在哪一栋？"}, ("state",))
        elif what < 0.2:
            self.split(order)
        elif what < 0.23:
            self.part_of(order, "transfer", {"county": self.agenda.other_county(self.county.id), "reason": "不在本县"})
        elif what < 0.5 and self.merge(order):
            pass
        else:
            category = now.get("category") or self.random.choice(self.county.categories)["code"]
            community = now.get("community") or self.random.choice(self.county.communities)["id"]
            self.step(order, "screen", body | {"decision": "accept", "category": category, "community": community})

    def part_of(self, order, verb, body):
        """Another order is made of it, here or elsewhere."""
        answer = self.agenda.ask("POST", f"/api/v1/orders/{order}/{verb}", body, key="office")
        if answer.status != 200:
            raise Refused(f"{order} {verb} {body}: {answer}")
        self.done[verb] = self.done.get(verb, 0) + 1
        self.agenda.placed.append(answer.json["part"])

    def split(self, order):
        """Who screens it hears no more of it by SMS, and goes on with it."""
        self.part_of(order, "split", {"title": "另外一件事：垃圾没有人收"})
        self.later(HOUR, 5 * HOUR, self.screen, order, self.look(order).get("town", "T1"), at_work=True)

    def merge(self, order):
        """Into the likest that members have; False when there is none."""
        rows = self.agenda.ask("GET", f"/api/v1/orders/{order}/similar", None, key="office").json["rows"]
        primary = next((row["order"] for row in rows if row["state"] in ("open", "assigned", "consulting")
                        and not row.get("primary")), None)
        return primary is not None and self.step(order, "merge", {"actor": "office:O1", "primary": primary}, ("state",))

    def on_silent(self, sms, town):
        """Nobody is left to take it: the convener gives it to others, the same ones if need be."""
        self.later(HOUR, 20 * HOUR, self.reassign, sms["order"], town, at_work=True)

    on_unfilled = on_silent

    def reassign(self, order, town):
        now = self.look(order)
        active = [name for name, row in self.members.items()
                  if row["group"] == now.get("group") and name not in self.silent]
        self.step(order, "reassign", {"actor": f"convener:{town}", "reason": "原委员没有回应", "members":
                                      " ".join(sorted(self.random.sample(active, 2)))}, ("state", "absent"))

    def on_to_call(self, sms, town):
        self.later(HOUR, 30 * HOUR, self.call, sms["order"], town, at_work=True)

    def call(self, order, town):
        """A resident is called: most are reached at last."""
        if self.look(order)["state"] != "answered":
            return
        rating = "satisfied" if self.chance(0.6) else "unreachable"
        if self.step(order, "rating", {"actor": f"convener:{town}", "rating": rating}, ("state", "forbidden")) and \
                rating == "unreachable":
            self.later(HOUR, 30 * HOUR, self.call, order, town, at_work=True)

    def on_decide(self, sms, committee):
        self.later(HOUR, 40 * HOUR, self.step, sms["order"], "decide", {
            "actor": f"committee:{committee}", "decision": "close", "reason": "已尽力办理，并向居民说明"}, ("state",),
            at_work=True)
