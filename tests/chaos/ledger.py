"""What sidan has promised: everything that it answered with a 2xx, order by order.

An Order is written down when its number is known, and each step when it is promised. What nobody was told of is not
here, with one exception: an order that was sent without a key and whose answer was lost may have been placed, and its
token says so in `unsure`.
"""

import threading
from dataclasses import dataclass, field

FINAL = {"closed", "returned", "withdrawn"}  # states after which nothing comes


@dataclass
class Order:
    """An order; or a meeting or suggestion, which have no code, token and group; see matters.py."""
    number: str
    code: str  # the resident's
    token: str  # stands in its text, so that the journal tells which request made it
    kind: str  # which life it leads; see load.py
    group: str
    steps: list = field(default_factory=list)  # (step, actor or None, {field: value}) as promised, in this order
    replies: list = field(default_factory=list)  # members who claimed by SMS
    looks: int = 0  # at its contact that were answered
    files: list = field(default_factory=list)  # ids of its attachments
    late: list = field(default_factory=list)  # members whose SMS came when all places were taken
    others: int = 0  # orders that stay merged into it; see merging.py
    life: object = None  # what is left of its life: a generator of load.py
    finished: bool = False  # no more is to be done to it by a person; what clocks do may still come
    journal: list = field(default_factory=list)  # its rows so far, as the audit read them

    @property
    def county(self):
        return self.number[:6]

    @property
    def serial(self):
        return int(self.number[7:])

    def promise(self, step, actor, **values):
        self.steps.append((step, actor, values))


class Ledger:
    def __init__(self):
        self.orders = {}  # by number
        self.unsure = set()  # tokens
        self.answers = 0  # requests that got their 2xx: what the faults measure progress by
        self.repeats = 0  # requests sent again with their key
        self.accepted = 0  # orders, over all rounds
        self.faults = []  # answers that should not have been given
        self.lock = threading.Lock()

    def open(self, order):
        with self.lock:
            if order.number in self.orders:
                self.faults.append(f"{order.number} was given to two orders: {order.token} and "
                                   f"{self.orders[order.number].token}")
            self.orders[order.number] = order
            self.accepted += 1

    def answered(self):
        with self.lock:
            self.answers += 1

    def repeated(self):
        with self.lock:
            self.repeats += 1

    def forget(self, numbers):
        """Orders that have been audited to their end."""
        for number in numbers:
            del self.orders[number]
