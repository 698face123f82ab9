"""What people of a quarter do beside their orders: visits, meetings and what is suggested there; see people.py."""

import re
from datetime import datetime, timedelta, timezone

MINUTE, HOUR, DAY = 60, 3600, 86400
CHINA = timezone(timedelta(hours=8))


class Meetings:
    """Part of People. A meeting's host is a member who has its order."""

    # -- visits ------------------------------------------------------------------------------------------------------

    def visit(self, order):
        now, member = self.active(order)
        if member and now["state"] in ("assigned", "consulting"):
            self.step(order, "visit", {"actor": f"member:{member}", "who": f"member:{member}",
                                       "visited_at": self._time(self.agenda.now - HOUR), "note": "到现场看过了"}, ("state",))

    # -- meetings ----------------------------------------------------------------------------------------------------

    def call_meeting(self, order):
        """In the afternoon, one to four days ahead; of ten one is moved, and one is cancelled."""
        now, member = self.active(order)
        if not member or now["state"] not in ("assigned", "consulting"):
            return
        begins = self._afternoon(self.random.randint(1, 4))
        body = {"actor": f"member:{member}", "kind": self.random.choice(("micro", "micro", "topic")),
                "title": now["title"], "place": "社区会议室", "meets_at": self._time(begins), "about": order,
                "invited": f"group:{now['group']} department:{self.random.choice(self.departments)} resident:{order}"}
        answer = self.matter(f"meetings?county={self.county.id}", body, ("state",))
        if not answer:
            return
        meeting = answer["order"]
        what = self.random.random()
        if what < 0.1:
            self.later(HOUR, 8 * HOUR, self.cancel_meeting, meeting)
        elif what < 0.2:
            self.later(HOUR, 8 * HOUR, self.move_meeting, meeting)
        else:
            self.agenda.at(begins + 5 * MINUTE, self.meet, meeting)

    def move_meeting(self, meeting):
        begins = self._afternoon(5)
        self.matter(f"meetings/{meeting}/move", {"meets_at": self._time(begins), "reason": "会议室有冲突"})
        self.agenda.at(begins + 5 * MINUTE, self.meet, meeting)

    def cancel_meeting(self, meeting):
        self.matter(f"meetings/{meeting}/cancel", {"reason": "问题已经解决"})

    def on_meeting_invited(self, sms, _):
        """Most answer, those who have no number to reply to by the link."""
        link = re.search(r"/i/([\w-]+)$", sms["text"])
        what = self.random.random()
        if what < 0.6:
            self.later(10 * MINUTE, 10 * HOUR, *((self.answer_invitation, link[1]) if link else
                                                 (self.reply, sms["to"], "1")))
        elif what < 0.8 and not link:
            self.later(10 * MINUTE, 10 * HOUR, self.reply, sms["to"], "2 要在外地开会")

    on_meeting_moved = on_meeting_invited

    def on_meeting_unclear(self, sms, _):
        """They are invited to several: they name one."""
        number = re.search(r"(H\d+)", sms["text"])
        if number:
            self.later(5 * MINUTE, 3 * HOUR, self.reply, sms["to"], f"{number[1]} 1")

    def answer_invitation(self, token):
        answer = self.agenda.form(f"/i/{token}", {"reply": "comes"})
        if answer.status not in (200, 409, 410):  # it was held or cancelled meanwhile
            raise AssertionError(f"invitation {token}: {answer}")

    def meet(self, meeting):
        """Who said that they come do, and a few others; of three meetings one brings a suggestion."""
        now = self.agenda.ask("GET", f"/api/v1/meetings/{meeting}", None, key="office").json
        if now["state"] != "called":
            return
        for who in now["invited"].split():
            if who in now["coming"].split() or who == now["host"] or self.chance(0.05):
                self.matter(f"meetings/{meeting}/sign-in", {"who": who})
        self.matter(f"meetings/{meeting}/hold", {"minutes": "各方同意，由承办部门一个月内解决。"})
        self.later(HOUR, 4 * HOUR, self.end_meeting, meeting, now["host"])

    def end_meeting(self, meeting, host):
        if self.chance(0.34):
            self.matter(f"suggestions?county={self.county.id}", {
                "actor": host, "title": "建议同类问题一并整治", "meeting": meeting,
                "department": self.random.choice(self.departments)})
        self.matter(f"meetings/{meeting}/close", {})

    # -- suggestions, promises and what was passed to supervision ----------------------------------------------------

    def on_suggestion_raised(self, sms, name):
        if sms["recipient"].startswith("department:"):
            self.later(DAY, 15 * DAY, self.comment, sms["order"], name, at_work=True)
        else:
            self.later(2 * DAY, 20 * DAY, self.settle, sms["order"], f"committee:{name}", at_work=True)

    def comment(self, suggestion, department):
        self.matter(f"suggestions/{suggestion}/comment", {"actor": f"department:{department}", "note": "已列入计划",
                                                          "proposed": "adopted"}, ("state",))

    def on_suggestion_proposed(self, sms, _):
        self.later(HOUR, 5 * DAY, self.settle, sms["order"], sms["recipient"], at_work=True)

    def settle(self, suggestion, actor):
        settled = self.random.choice(("adopted", "adopted", "partly"))
        self.matter(f"suggestions/{suggestion}/settle", {"actor": actor, "settled": settled,
                                                         "reason": "已督促承办部门限期整改"}, ("state",))
        if settled == "adopted":
            self.later(8 * DAY, 14 * DAY, self.recheck, suggestion, actor, at_work=True)

    def recheck(self, suggestion, actor):
        kept = self.chance(0.85)
        if self.matter(f"suggestions/{suggestion}/recheck", {"actor": actor, "kept": int(kept), "reason": "到现场核实"},
                       ("state",)) and not kept:
            self.later(DAY, 5 * DAY, self.settle, suggestion, actor, at_work=True)

    # -- how they do it ----------------------------------------------------------------------------------------------

    def matter(self, path, body, may_fail=()):
        """A step of a meeting or suggestion in the office's name for somebody; None when it came too late."""
        answer = self.agenda.ask("POST", f"/api/v1/{path}", body, key="office")
        verb = re.sub(r".*/|\?.*", "", path)
        if answer.status in (200, 201):
            self.done[verb] = self.done.get(verb, 0) + 1
            return answer.json
        if answer.json["code"] not in (*may_fail, "gone"):
            raise AssertionError(f"{path} {body}: {answer}")
        self.refused[f"{verb}: {answer.json['code']}"] = self.refused.get(f"{verb}: {answer.json['code']}", 0) + 1
        return None

    def _afternoon(self, days):
        """Some afternoon of a weekday, so many days ahead or a little more."""
        when = datetime.fromtimestamp(self.agenda.now, CHINA) + timedelta(days=days)
        while when.weekday() > 4:
            when += timedelta(days=1)
        return when.replace(hour=self.random.choice((14, 15, 16)), minute=0, second=0).timestamp()

    def _time(self, moment):
        return datetime.fromtimestamp(moment, CHINA).isoformat(timespec="seconds")
