"""What the documents name is there: messages, parameters, metrics, commands, targets, files and tests.

Nothing is started here. sidanctl and --help say what there is; the documents must say the same.
"""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from harness import ROOT, SERVICES

BIN = Path(os.environ.get("SIDAN_BIN", ROOT / "build/asan/bin"))
READMES = {service: ROOT / "services" / service / "README.md" for service in SERVICES}
DOCUMENTS = [ROOT / f"{name}.md" for name in ("README", "README.zh-CN", "ARCHITECTURE", "CONTRIBUTING", "SECURITY")]
DOCUMENTS += READMES.values()
SOURCES = {path.name for folder in ("common", "services", "scripts", "tests", "deploy")
           for path in (ROOT / folder).rglob("*") if path.is_file()}


@cache
def says(program, *arguments):
    return subprocess.run([BIN / program, *arguments], text=True, capture_output=True, check=True, timeout=30).stdout


def code(text):
    """What stands in backticks or in a fenced block."""
    return [*re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S)),
            *(line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines())]


def names(text, label):
    """The names in backticks after a label, up to the end of the paragraph or the next label."""
    found = re.search(rf"^{label}: (.*?)(?=\n\n|\n[A-Z][\w ]*:|\Z)", text, re.M | re.S)
    assert found, f"no line that begins with {label}:"
    return set(re.findall(r"`([^`]+)`", found[1]))


def schema():
    """Each event, call and local message: (name, senders, receiver); who makes a local one for itself sends nothing."""
    rows = [line.split(" | ") for line in says("sidanctl", "schema").splitlines() if line.startswith("| `")]
    return [(row[0].strip("| `"), [] if row[1] == "local" else row[2].split(", "), row[3]) for row in rows
            if row[1] in ("event", "call", "local")]


def parameters(service):
    return set(re.findall(r"^  (\w+) = ", says(f"sidan-{service}", "--help"), re.M))


def metrics(*folders):
    return {name for folder in folders for path in (ROOT / folder).rglob("*.c")
            for name in re.findall(r'"(sidan_[a-z_]+)"', path.read_text())}


def test_the_message_reference_is_up_to_date():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    printed = re.search(r"<!-- schema begin -->\n(.*)<!-- schema end -->", text, re.S)[1]
    assert printed == says("sidanctl", "schema"), "run: make reference"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_names_its_own(service):
    text = READMES[service].read_text()
    assert names(text, "Takes") == {name for name, _, receiver in schema() if receiver == service}
    assert names(text, "Sends") == {name for name, senders, _ in schema() if service in senders}
    common = set.intersection(*map(parameters, SERVICES))
    assert names(text, "Its own parameters") == parameters(service) - common
    assert names(text, "Its own metrics") == metrics(f"services/{service}")


def test_common_metrics_are_in_both_readmes():
    for path in DOCUMENTS[:2]:
        assert metrics("common") <= set(re.findall(r"`(sidan_[a-z_]+)`", path.read_text())), path.name


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@each_document
def test_commands_of_sidanctl_are_there(path):
    known = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)", says("sidanctl", "--help"), re.M))
    groups = {command.split()[0] for command in known if " " in command}
    for words in code(path.read_text()):
        for first, second in re.findall(r"(?:sidanctl |^)([a-z]+)(?: ([a-z]+))?", words):
            if first in groups and second or "sidanctl " + first in words:
                assert first in known or f"{first} {second}" in known, words


@each_document
def test_targets_of_make_are_there(path):
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)) | set(SERVICES)
    for words in code(path.read_text()):
        assert known >= set(re.findall(r"(?:^|\s)make ([a-z-]+)(?![\w/=])", words)), words


@each_document
def test_files_tests_and_links_are_there(path):
    text = path.read_text()
    for words in code(text):
        for file in re.findall(r"^[\w./-]+\.(?:[ch]|lua|py|def|csv|conf|md)\b", words):
            beside = (ROOT / file).exists() or (path.parent / file).exists()
            assert beside or "/" not in file and file in SOURCES, file
    for file, test in re.findall(r"`(tests/[\w/.]+)::(\w+)`", text):
        assert f"def {test}(" in (ROOT / file).read_text(), test
    for link in re.findall(r"\]\(([^)#:]+)", text):
        assert (path.parent / link).exists(), link


@each_document
def test_metrics_and_variables_are_there(path):
    text = path.read_text()
    variables = {f"SIDAN_{name.upper()}" for service in SERVICES for name in parameters(service)}
    assert set(re.findall(r"\bsidan_[a-z_]+\b", text)) <= metrics("common", "services")
    assert set(re.findall(r"\bSIDAN_[A-Z_]+\b", text)) <= variables | {"SIDAN_BIN", "SIDAN_SHOTS"}


def test_the_chinese_readme_has_the_same_commands():
    def commands(name):
        return [re.sub(r"\s*#.*", "", line) for line in code((ROOT / name).read_text()) if " " in line or "/" in line]
    english, chinese = commands("README.md"), commands("README.zh-CN.md")
    assert [line for line in english if line] == [line for line in chinese if line]
