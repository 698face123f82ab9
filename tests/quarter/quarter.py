"""A quarter in minutes: orders of two counties over many days, on a clock that all programs follow.

    tests/quarter/run [--orders 2000] [--days 90] [--step 30] [--seed 1] [--messages FILE.csv]

What is simulated is people and time; the five services, Redis and sidanctl are the real ones, without sanitizers. The
clock goes on by half an hour by day and three by night, and only when nothing is under way. In the last 30 days, or two
thirds of fewer, no new orders are placed; and days are added until each order has ended or is late. FILE.csv has the columns title and text;
without it the words are made up of a few. At the end everything is counted: see count.py. Exit code 0 when nothing is
wrong.
"""

import argparse
import csv
import heapq
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import uuid
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

for folder in ("flow", "chaos", "quarter"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

from count import Count  # noqa: E402
from harness import QUICK, SERVICES, Answer, System, make_county, read_table, wait_until  # noqa: E402
from load import GATEWAY_TOKEN  # noqa: E402
from people import People  # noqa: E402
from timeshift import Clock  # noqa: E402

CHINA = timezone(timedelta(hours=8))
START = date(2026, 9, 14)  # with the holidays of October, and the working days that make up for them, ahead
COUNTIES = ("990103", "990104")
GROUPS, MEMBERS = ("G1", "G2", "G3", "G4"), 10  # of each
LAST_DAYS, MORE_DAYS = 30, 60  # in which all ends that can, and at most so many more
SETTINGS = {"work_hours": "08:30-17:30", "work_weekdays": "1-5", "quiet_hours": "21:00-08:00", "phone_orders": "20",
            "recheck": "10d", "threshold": "0.8"}  # much comes to the conveners
NIGHT = (1, 4)  # o'clock, when it is looked what goes on; by day that is done every so many minutes
PLACES = ("东门小区", "滨河花园", "蓝领公寓", "青山集镇", "学府花园", "新苑小区")
CONCERNS = ("路灯不亮", "下水道堵塞", "垃圾没人清运", "夜间施工吵", "没有公交站", "物业不修电梯", "井盖坏了", "自来水发黄",
            "想问一件事", "门口乱停车", "工资拖欠两个月", "学校门口没有红绿灯")
# Nothing is to be done now: no message, no SMS, no deadline that has come. KEYS: what must not be there, and after
# ARGV[1] of them the zsets of what is due.
QUIET = """local now = redis.call('TIME') now = now[1] * 1000 + math.floor(now[2] / 1000)
for i, key in ipairs(KEYS) do
  if i <= tonumber(ARGV[1]) and redis.call('EXISTS', key) == 1 or
     i > tonumber(ARGV[1]) and redis.call('ZCOUNT', key, '-inf', now) > 0 then return key end
end
return ''"""
DUE = ("clock", "smsq", "smsgather", "absent")
AGE = """for _, key in ipairs(KEYS) do for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do
redis.call('ZINCRBY', key, ARGV[1], name) end end"""


class TimedSystem(System):
    """One clock for all of it, sidanctl included."""

    def __init__(self, *arguments, **more):
        self.seen = set()  # files of the spool
        super().__init__(*arguments, **more)

    def _redis_process(self):
        self.clock = Clock(self.directory, "system")
        return self.clock.rule(super()._redis_process())

    def add(self, *arguments):
        return self.clock.rule(super().add(*arguments))

    def unread(self):
        """The SMS that were sent since the last time, oldest first, each with its county."""
        folders = [self.spool_directory / id for id in COUNTIES if (self.spool_directory / id).exists()]
        new = [Path(file.path) for folder in folders for file in os.scandir(folder)
               if file.name.endswith(".txt") and file.path not in self.seen]
        self.seen.update(map(str, new))
        found = []
        for some in (new[i:i + 1000] for i in range(0, len(new), 1000)):
            opened = json.loads(self.ctl("spool", "--json", *map(str, some), program=QUICK))["sms"]
            found += [sms | {"county": path.parent.name, "id": path.stem} for path, sms in zip(some, opened)]
        return sorted(found, key=lambda sms: sms["time"])

    def ctl(self, *arguments, **more):
        old = {name: os.environ.get(name) for name in self.clock.environment()}
        os.environ.update(self.clock.environment())
        try:
            return super().ctl(*arguments, **more)
        finally:
            for name, value in old.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


class County:
    """What a county's files say, for those who live there."""

    def __init__(self, directory, id, sms_per_day):
        self.id, self.path = id, directory / id
        prefix = COUNTIES.index(id)
        numbers = [(group, f"{group[1]}{n:02}") for group in GROUPS for n in range(1, MEMBERS + 1)]
        rows = [{"id": f"M{number}", "name": f"委员{number}", "group": group,
                 "phone": f"1{prefix}0000{number}".ljust(11, "0")} for group, number in numbers]
        text = "id,name,phone,group,communities,skills,leader\n" + "".join(
            f"{row['id']},{row['name']},{row['phone']},{row['group']},,,{'yes' if row['id'].endswith('01') else ''}\n"
            for row in rows)
        make_county(directory, id, SETTINGS | {"sms_per_day": str(sms_per_day)}, files={"members.csv": text})
        self.members = rows
        for name in ("departments", "communities", "categories"):
            setattr(self, name, read_table(self.path / f"{name}.csv"))


class Quarter:
    """Time, and what is to be done when."""

    def __init__(self, options, directory):
        self.options, self.random = options, random.Random(f"quarter {options.seed}")
        self.counties = [County(directory / "counties", id, options.sms_per_day) for id in COUNTIES]
        self.system = TimedSystem(directory / "system", counties=[county.path for county in self.counties], start=False,
                                  parameters={"assignment": {"clock_ms": 100},
                                              "intake": {"gateway_token": GATEWAY_TOKEN}})
        self.today, self.now = START, datetime(START.year, START.month, START.day, 6, tzinfo=CHINA).timestamp()
        self.began = self.now
        self.system.clock.set(int(self.now - time.time()))
        # Who has just asked for the time when it goes on, believes neither.
        self.system.allowed_errors.append("the clock of Redis' host has jumped")
        self.system.start()
        # One that is kept open is idle for too long when the clock goes on.
        self.system.http.headers["Connection"] = "close"
        self.plans, self.number = [], 0
        self.sms = []  # that were sent, and their people have read
        self.placed = []
        self.people = {county.id: People(self.system, county, self, random.Random(f"{county.id} {options.seed}"),
                                         self._silent(county)) for county in self.counties}
        edges = [f"{a}>{b}" for a in SERVICES for b in SERVICES]
        busy = [f"outbox:{{{id}}}:{edge}" for id in COUNTIES for edge in edges]
        due = [f"{name}:{{{id}}}" for id in COUNTIES for name in DUE]
        self.quiet = self.system.redis.register_script(QUIET)
        self.quiet_keys, self.busy_count = busy + due, len(busy)
        self.age = self.system.redis.register_script(AGE)

    def _silent(self, county):
        return {f"M{group[1]}{MEMBERS:02}" for group in GROUPS}

    # -- what people need --------------------------------------------------------------------------------------------

    def later(self, seconds, do, *arguments, at_work=False):
        """By day, or in working hours of a weekday: at another time it is put off to the next morning."""
        when = datetime.fromtimestamp(self.now + seconds, CHINA)
        first, last = (9, 17) if at_work else (8, 21)
        while not first <= when.hour < last or (at_work and when.weekday() > 4):
            when = (when + timedelta(hours=1)).replace(minute=self.random.randrange(60))
        self.at(when.timestamp(), do, *arguments)

    def at(self, moment, do, *arguments):
        self.number += 1
        heapq.heappush(self.plans, (moment, self.number, do, arguments))

    def ask(self, method, path, body, key=None):
        idempotency = str(uuid.uuid4()) if method == "POST" else None
        answer = self.system.api(method, path, body, key=key, idempotency=idempotency)
        if answer.status >= 500:
            raise AssertionError(f"{method} {path} {body}: {answer}")
        return answer

    def form(self, path, fields):
        """What somebody without an account enters on a page."""
        return Answer(self.system.http.post(self.system.url + path, data=fields, timeout=20))

    def reply(self, phone, text):
        path = f"/gateway/kannel/{GATEWAY_TOKEN}/reply?id={uuid.uuid4()}"
        answer = Answer(self.system.http.post(self.system.url + path, data=text.encode(), timeout=20, headers={
            "X-Kannel-From": phone, "Content-Type": "text/plain; charset=UTF-8"}))
        assert answer.status == 200, (phone, text, answer)

    # -- time --------------------------------------------------------------------------------------------------------

    def settle(self):
        wait_until(lambda: not self.quiet(keys=self.quiet_keys, args=[self.busy_count]), 60,
                   "nothing is under way", pause=0.02)

    def go_to(self, moment):
        """The clock goes on; that nobody has announced themselves meanwhile does not make them be away."""
        seconds = int(moment - self.now)
        clock = self.system.clock
        clock.set(clock.of_day + seconds, clock.monotonic + seconds)
        self.age(keys=[f"registry:{service}" for service in SERVICES], args=[seconds * 1000])
        self.now = moment

    def tick(self, moment):
        self.go_to(moment)
        self.settle()
        while True:
            for sms in self.system.unread():
                self.people[sms["county"]].read(sms)
                self.sms.append(sms)
            if not self.plans or self.plans[0][0] > self.now:
                return
            while self.plans and self.plans[0][0] <= self.now:
                _, _, do, arguments = heapq.heappop(self.plans)
                do(*arguments)
            self.settle()

    # -- the quarter -------------------------------------------------------------------------------------------------

    def plan(self, rows):
        """Who places what, and when."""
        days = max(self.options.days - LAST_DAYS, self.options.days / 3)
        for people in self.people.values():
            people.plan_absences(days)
        for number in range(self.options.orders):
            county = self.counties[number % len(self.counties)].id
            row = rows[number % len(rows)]
            phone = f"13{COUNTIES.index(county)}{self.random.randrange(self.options.orders):08}"
            self.later(self.random.uniform(0, days * 86400), self.place, county, row, phone)

    def place(self, county, row, phone):
        self.placed.append(self.people[county].place(row, phone))

    def other_county(self, id):
        return next(county for county in COUNTIES if county != id)

    def is_over(self):
        """Whether every order has ended, or is late, and nobody is still to be told something."""
        if any(self.system.redis.zcard(f"{queue}:{{{id}}}") for queue in ("smsq", "smsgather") for id in COUNTIES):
            return False
        for county in COUNTIES:
            file = self.system.directory / "archive" / f"{county}.db"
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as archive:
                if archive.execute("SELECT 1 FROM orders WHERE state NOT IN ('closed', 'returned') AND due > ?",
                                   (self.now * 1000,)).fetchone():
                    return False
        return True

    def go(self):
        for day in range(self.options.days + MORE_DAYS):
            if day >= self.options.days and self.is_over():
                break
            midnight = self.began - 6 * 3600 + day * 86400
            minutes = [hour * 60 for hour in NIGHT] + list(range(7 * 60, 22 * 60, self.options.step))
            for moment in (midnight + minute * 60 for minute in minutes):
                if moment > self.now:
                    self.tick(moment)
            print(f"{datetime.fromtimestamp(self.now, CHINA):%m-%d}: {len(self.placed)} orders, {len(self.sms)} SMS",
                  flush=True)
        wait_until(lambda: not any(self.system.redis.xlen(f"audit:{{{id}}}") for id in COUNTIES), 60, "the archive has all")


def words(path):
    if path is None:
        return [{"title": f"{place}{concern}", "text": "请帮忙看看，已经半个月了。"} for place in PLACES for concern in CONCERNS]
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["title"].strip()]


def main():
    parser = argparse.ArgumentParser(prog="tests/quarter/run", description=__doc__.split("\n")[0])
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--step", type=int, default=30, help="minutes by which the clock goes on at once by day")
    parser.add_argument("--sms-per-day", type=int, default=12, help="the counties' limit for one phone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=Path, help="a CSV file with the columns title and text")
    parser.add_argument("--keep", action="store_true", help="keep the directory even when nothing is wrong")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="sidan-quarter-"))
    began = time.monotonic()
    quarter = Quarter(options, directory)
    try:
        quarter.plan(words(options.messages))
        quarter.go()
        wrong = Count(quarter).check()
        quarter.system.close()
    except BaseException:
        quarter.system.abandon()
        print(f"see {directory}", file=sys.stderr)
        raise
    print(f"{time.monotonic() - began:.0f} s")
    for fault in wrong[:40]:
        print(f"WRONG {fault}")
    if wrong:
        print(f"{len(wrong)} things are wrong; seed {options.seed}; see {directory}")
        return 1
    if not options.keep:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
