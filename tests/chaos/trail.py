"""The audit trail, the contacts in the archive and the attachments: who looked at whom is on record, nothing is lost
before its time, and everything ends when it must.
"""

import shutil
from collections import Counter, defaultdict

from ledger import FINAL
from town import COUNTIES, RETENTION

DAYS = dict(zip(COUNTIES, RETENTION))
LOOK, ERASED = ("order.contact", "key:office"), ("contact.erased", "archive")  # (action, actor)


class Trail:
    def __init__(self, database, table, files):
        """database: opens a county's file. table: where the entries are counted. files: the directory of attachments."""
        self.database, self.table, self.files = database, table, files
        self.entries = defaultdict(Counter)  # how often each (action, actor), by order
        self.read = Counter()  # last row that was read, by county

    def late(self, county, database):
        """Contacts that are to be erased still, and orders whose attachments are."""
        if DAYS[county] > 0:
            return 0
        contacts = database.execute("SELECT count(*) FROM contacts WHERE closed_at IS NOT NULL").fetchone()[0]
        closed = {number for number, in database.execute("SELECT order_id FROM cases")}
        return contacts + sum(path.name in closed for path in (self.files / county).glob("*"))

    def check(self, orders, forgotten):
        """orders: all that were not audited to their end before; those that were are the forgotten ones."""
        faults, kept = [], set()
        for county, days in DAYS.items():
            with self.database(county) as database:
                self._read(county, database)
                found = {number for number, in database.execute("SELECT order_id FROM contacts")}
            kept |= found
            if days == 0:
                faults += [f"{number} is closed, and its contact is there again" for number in found & forgotten]
        for number, order in orders.items():
            faults += self._check_order(order, number in kept)
        return faults

    def _read(self, county, database):
        for id_, number, action, actor in database.execute(
                "SELECT id, order_id, action, actor FROM audit WHERE id > ?", (self.read[county],)):
            self.read[county] = max(self.read[county], id_)
            self.table["audit entries"] += 1
            self.entries[number][(action, actor)] += 1

    def _check_order(self, order, kept):
        faults, number, entries = [], order.number, self.entries[order.number]
        if entries[LOOK] < order.looks:
            self.table["lost"] += order.looks - entries[LOOK]
            faults.append(f"{number}: {order.looks} looks at its contact were answered, on record: {dict(entries)}")
        if order.kind == "twin":  # without the contact
            return [*faults, *([f"{number}: its contact is there, and was not shared"] if kept else [])]
        over = DAYS[order.county] == 0 and any(row.state in FINAL for row in order.journal)
        if kept == over or (ERASED in entries) != over:
            faults.append(f"{number}: its contact should {'be erased' if over else 'be kept'}, and is "
                          f"{'' if kept else 'not '}in the archive; on record: {dict(entries)}")
        files = sorted(path.name for path in self._place(number).glob("*"))
        wanted = [] if over else sorted(order.files)
        if files != wanted:
            self.table["lost"] += len(set(wanted).difference(files))
            faults.append(f"{number}: its attachments are {files}, and should be {wanted}")
        return faults

    def _place(self, number):
        return self.files / number[:6] / number

    def forget(self, numbers):
        for number in numbers:
            self.entries.pop(number, None)
            shutil.rmtree(self._place(number), ignore_errors=True)
