"""What people must have been told: the SMS that follow from what the journal says of an order; see audit.py."""

from collections import Counter, defaultdict

import matters
import merging
from harness import read_table


class Roster:
    """Who there is, by a county's files; both counties are made of the same."""

    def __init__(self, files):
        self.groups = defaultdict(list)
        for row in read_table(files / "members.csv"):
            self.groups[row["group"]].append(f"member:{row['id']}")
        self.committees = {row["id"]: row["committee"] for row in read_table(files / "groups.csv")}
        self.first_town = read_table(files / "towns.csv")[0]["id"]

    def expected_sms(self, order):
        """How often each (template, recipient); and groups of these that may be missing together."""
        if order.kind in matters.KINDS:
            return Counter(matters.expected_sms(order)), []
        telling = Telling(self, order)
        for row in order.journal:
            telling.take(row)
        return telling.all()


class Telling:
    """Goes through an order's journal. What a step tells says the method of its name; most tell nobody."""

    def __init__(self, roster, order):
        self.roster, self.order = roster, order
        self.expected, self.asked, self.unheard = Counter(), [], Counter()
        self.members, self.before = [], []  # as they are with the step that is looked at, and were before it
        self.town = self.group = self.department = self.state = self.asker = self.assigned_by = ""
        self.goes_on = order.kind == "twin"  # without a resident of its own

    def take(self, row):
        self.before = self.members
        if "members" in row.fields:
            self.members = [f"member:{member}" for member in row.fields["members"].split()]
        self.town, self.group = row.fields.get("town", self.town), row.fields.get("group", self.group)
        self.convener = f"convener:{self.town or self.roster.first_town}"
        if self.order.kind in merging.KINDS and merging.is_followed(row):
            self.expected.update(merging.expected_sms(row, self.members))
        elif tell := getattr(self, f"on_{row.step}", None):
            tell(row)
        if row.state == "assigned" and self.state == "open":
            self.tell("assigned", *self.members)
            self.tell("assigned_resident", "resident")
            self.assigned_by = row.step
        self.state = row.state or self.state

    def all(self):
        expected = self.expected
        if self.goes_on:
            expected = Counter({sms: count for sms, count in expected.items() if sms[1] != "resident"})
        expected.update(("full", f"member:{member}") for member in self.order.late)
        if self.assigned_by == "assigned":  # by the clock, which starts when the group is asked
            expected.update(self.asked.pop())
        return expected, [*self.asked, self.unheard]

    def tell(self, template, *recipients):
        self.expected.update((template, recipient) for recipient in recipients if recipient)

    def changed(self):
        """Who has it since this step, and who has it no more."""
        return ([member for member in self.members if member not in self.before],
                [member for member in self.before if member not in self.members])

    def tell_changed(self):
        self.tell("assigned", *self.changed()[0])
        self.tell("reassigned", *(member for member in self.members if member in self.before))

    def handlers(self):
        return [*self.members, self.department]

    # -- steps -------------------------------------------------------------------------------------------------------

    def tells_resident(self, row):
        self.tell(row.step, "resident")

    on_placed = on_returned = on_closed = on_transferred = on_split = tells_resident

    def on_screening(self, _row):
        self.tell("screening", self.convener)

    def on_opened(self, _row):
        # Whoever claims before assignment has heard of the order makes the question needless.
        self.asked.append(Counter(("opened", member) for member in self.roster.groups[self.group]))

    on_screened = on_opened

    def on_unfilled(self, _row):
        self.tell("unfilled", self.convener)

    def on_recalled(self, row):
        self.tell("screening", self.convener if self.convener != row.actor else "")

    def on_unmerged(self, row):
        self.on_recalled(row)
        self.tell("unmerged", "resident" if row.actor != merging.REFUSES else "")  # they never heard that it was merged

    def on_claimed(self, row):
        self.tell("claimed", row.actor)

    def on_declined(self, row):
        """Others are chosen, once it has been assigned."""
        new, left = self.changed()
        if self.state != "open":
            self.tell_changed()
            self.tell("unfilled", self.convener if len(new) < len(left) else "")

    def on_handed_on(self, row):
        self.on_declined(row)
        self.tell("passed_on", *self.changed()[1])

    def on_reassigned(self, _row):
        self.tell_changed()
        self.tell("passed_on", *self.changed()[1])

    def on_handed_over(self, row):
        former, self.department = self.department, f"department:{row.fields['department']}"
        if row.step == "handed_over" and former != self.department:
            self.tell("passed_on", former)
        self.tell("handed_over", self.department)

    def on_objected(self, _row):
        self.tell("objection", self.convener)

    def on_objection_refused(self, _row):
        self.tell("objection_refused", self.department)

    def on_objection_granted(self, row):
        self.tell("objection_granted", *self.handlers())
        self.on_handed_over(row)

    def on_added(self, _row):
        self.tell("added", *self.handlers())

    def on_asked(self, row):
        self.asker = row.actor
        self.tell("asked", "resident")

    def on_replied(self, row):
        self.tell(row.step, self.asker)

    on_unanswered = on_replied

    def on_extension_asked(self, _row):
        self.tell("extension_asked", self.convener)

    def on_extension_granted(self, _row):
        self.tell("extended", *self.handlers())
        self.tell("extended_resident", "resident")

    def on_joint_asked(self, _row):
        self.tell("joint_asked", "resident")

    def on_joint_answered(self, _row):
        self.tell("joint_answered", *self.handlers())

    def on_answered(self, _row):
        self.tell("answered", "resident")

    def on_reopened(self, _row):
        self.tell("reopened", *self.handlers(), self.convener)

    def on_rated(self, row):
        if row.fields["rating"] == "dissatisfied":
            self.tell("decide", f"committee:{self.roster.committees[self.group]}")
        else:
            self.tell("rated", *self.members)

    def on_decided(self, _row):
        self.tell("closed", "resident")

    def on_taken_back(self, _row):
        if self.order.kind == "primary":  # what was not told till then is not told
            self.goes_on, self.unheard = True, self.expected & Counter({("placed", "resident"): 1})
