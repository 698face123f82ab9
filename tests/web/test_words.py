"""What services call things has its words on the pages: a new step, state or permission is not shown by its English name."""

import re

from harness import ROOT

SERVICES = [path for folder in ("services", "common") for path in (ROOT / folder).rglob("*.c")]
TEXTS = (ROOT / "services/intake/web/src/staff/texts.ts").read_text(encoding="utf-8")


def words(table):
    """The keys of a table of src/staff/texts.ts, in Chinese."""
    block = re.search(rf"^  {table}: {{\n(.*?)^  }}", TEXTS, re.M | re.S)[1]
    return set(re.findall(r"^    (\w+):", block, re.M))


def found(pattern):
    return {name for path in SERVICES for name in re.findall(pattern, path.read_text(encoding="utf-8"))}


def test_every_step_has_its_word():
    named = found(r'outcome_step\(outcome, ([^;]*?"\w+"[^;]*);') | found(r"\bstep = ([^;]*?)(?:;|, \.)")
    steps = {step for names in named for step in re.findall(r'(?:^|[?:] *)"(\w+)"', names)}
    assert len(steps) > 50, "the pattern finds them"
    assert steps - words("steps") == set()


def test_every_state_of_an_order_has_its_word():
    states = set(re.findall(r'^#define STATE_\w+ "(\w+)"', (ROOT / "common/order.h").read_text(encoding="utf-8"), re.M))
    meetings = (ROOT / "services/intake/web/src/staff/meetings/texts.ts").read_text(encoding="utf-8")
    others = set(re.findall(r"^    (\w+):", re.search(r"states: {\n(.*?)}", meetings, re.S)[1], re.M))
    entries = {"entered", "withdrawn"}  # of what an office entered: these are shown struck through
    assert states - words("states") - others - entries == set()
