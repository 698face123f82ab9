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


def test_every_sms_has_its_occasion_and_what_stands_in_it():
    texts = (ROOT / "services/intake/web/src/staff/sms/texts.ts").read_text(encoding="utf-8")
    occasions, values, recipients, ways = (set(re.findall(r"^    (\w+):", re.search(rf"^  {table}: {{\n(.*?)^  }}", texts, re.M | re.S)[1], re.M))
                                           for table in ("occasions", "values", "recipients", "ways"))
    source = (ROOT / "services/notification/templates.c").read_text(encoding="utf-8")
    rows = re.findall(r'^    {"(\w+)",\s+"([a-z ]+)",\s+([A-Z_| 0]+),(.*?)},$', source, re.M | re.S)
    assert {name for name, *_ in rows} == occasions
    assert set(" ".join(to for _, to, *_ in rows).split()) == recipients
    assert {word.lower() for _, _, flags, _ in rows for word in flags.split(" | ")} - {"0"} == ways
    assert set(re.findall(r"{(\w+)}", "".join(words for *_, words in rows))) == values
    told = {name for names in found(r'outcome_notify\(outcome, ([^;]*?), "resident"\)') for name in re.findall(r'"(\w+)"', names)}
    assert len(told) > 15 and {name for name, to, *_ in rows if "resident" in to.split()} >= told


def test_every_setting_and_choice_of_the_tables_has_its_word():
    tables = (ROOT / "services/intake/web/src/staff/tables/texts.ts").read_text(encoding="utf-8")
    settings, choices, names = (set(re.findall(r"^    (\w+):", re.search(rf"^  {table}: {{\n(.*?)^  }}", tables, re.M | re.S)[1], re.M))
                                for table in ("settings", "choices", "tables"))
    rules = (ROOT / "common/county_settings.c").read_text(encoding="utf-8")
    assert set(re.findall(r'^    \{"(\w+)"', rules, re.M)) == settings
    source = (ROOT / "services/intake/county_files.c").read_text(encoding="utf-8")
    files = re.search(r"tables\[\] = \{(.*?)\}", source, re.S)[1]
    assert {name.lower() for name in re.findall(r"FILE_(\w+)", files)} == names
    offered = (ROOT / "common/county_format.c").read_text(encoding="utf-8") + (ROOT / "common/county.h").read_text(encoding="utf-8")
    lists = re.findall(r'\.choices = "([^"]+)"', offered) + re.findall(r'^    "([a-z ]+)"', offered, re.M) + re.findall(
        r'PLAN_TASKS "([^"]+)"', offered)
    assert set(" ".join(lists).split()) - choices - words("measures") - {"wecom", "dingtalk", "feishu"} == set(), "robots are the operator's"
