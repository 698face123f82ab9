"""sidanctl keys: what it makes, replaces and leaves alone. What the services do with the keys is in test_curve.py."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import zmq

from harness import ROOT, SERVICES

CTL = Path(os.environ.get("SIDAN_BIN", ROOT / "build/asan/bin")) / "sidanctl"
NAMES = (*SERVICES, "sidanctl")


def keys(*arguments, code=0):
    """Without Redis; the output, in which no secret may be."""
    done = subprocess.run([CTL, "keys", *map(str, arguments)], text=True, capture_output=True, timeout=30)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def files(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def secrets(directory):
    return {path.stem: path.read_text().strip() for path in directory.glob("*.secret")}


def allowed(directory):
    return [tuple(line.split()) for line in (directory / "allowed").read_text().splitlines() if line[0] != "#"]


def public(directory, name):
    return zmq.curve_public(secrets(directory)[name].encode()).decode()


@pytest.fixture
def directory(tmp_path):
    keys("init", tmp_path / "keys")
    return tmp_path / "keys"


def test_init_makes_everything_for_its_owner_alone(directory):
    assert set(files(directory)) == {"allowed", "master", *(f"{name}.secret" for name in NAMES)}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.iterdir())}
    assert modes.pop("allowed") == 0o644 and modes.pop("keys") == 0o700 and set(modes.values()) == {0o600}
    assert sorted(allowed(directory)) == sorted((name, public(directory, name)) for name in NAMES)
    assert len(set(secrets(directory).values())) == len(NAMES)
    number, key = (directory / "master").read_text().split()
    assert number == "1" and len(bytes.fromhex(key)) == 32


def test_init_makes_the_directories_above(tmp_path):
    """`keys init /etc/sidan/keys` on a host that has never seen sidan."""
    keys("init", tmp_path / "etc/sidan/keys")
    assert allowed(tmp_path / "etc/sidan/keys")
    assert stat.S_IMODE((tmp_path / "etc/sidan").stat().st_mode) == 0o755
    (tmp_path / "file").write_text("")
    assert "Not a directory" in keys("init", tmp_path / "file/keys", code=1)


def test_init_again_changes_nothing_and_makes_what_is_missing(directory):
    before = files(directory)
    keys("init", directory)
    assert files(directory) == before
    (directory / "routing.secret").unlink()
    (directory / "master").unlink()
    keys("init", directory)
    after = files(directory)
    assert {name for name in before if after[name] != before[name]} == {"routing.secret", "master", "allowed"}
    assert after["allowed"] == before["allowed"] + f"routing {public(directory, 'routing')}\n"


def test_init_does_not_allow_again_what_was_taken_off_the_list(directory):
    rest = [line for line in (directory / "allowed").read_text().splitlines(True) if not line.startswith("archive")]
    (directory / "allowed").write_text("".join(rest))
    keys("init", directory)
    assert "archive" not in (directory / "allowed").read_text()
    (directory / "allowed").unlink()
    keys("init", directory)
    expected = sorted((name, public(directory, name)) for name in NAMES)
    assert sorted(allowed(directory)) == expected, "a list that is lost"


def test_rotate_and_prune(directory):
    comment = "# archive is on another host"
    (directory / "allowed").write_text(comment + "\n" + (directory / "allowed").read_text().rstrip("\n"))
    os.chmod(directory / "routing.secret", 0o400)
    before, old = secrets(directory), public(directory, "routing")
    keys("rotate", directory, "routing")
    new = public(directory, "routing")
    assert new != old and {("routing", old), ("routing", new)} <= set(allowed(directory))
    assert {name for name in NAMES if secrets(directory)[name] != before[name]} == {"routing"}
    assert stat.S_IMODE((directory / "routing.secret").stat().st_mode) == 0o400, "its mode is kept"
    states = {row["state"] for row in json.loads(keys("list", directory, "--json"))["keys"] if row["name"] == "routing"}
    assert states == {"old", "current"}

    keys("prune", directory, "routing")
    assert sorted(allowed(directory)) == sorted((name, public(directory, name)) for name in NAMES)
    assert comment in (directory / "allowed").read_text()
    keys("prune", directory, "routing")
    assert len(allowed(directory)) == len(NAMES)


def test_what_cannot_be_done_is_said(directory, tmp_path):
    assert "keys init" in keys("list", tmp_path / "nowhere", code=1)
    assert "no keys" in keys("rotate", directory, "rotuing", code=2)
    assert "no keys" in keys("prune", directory, "../routing", code=2)
    (directory / "allowed").write_text("routing too-short\n")
    assert "allowed:1" in keys("list", directory, code=1)
    (directory / "routing.secret").unlink()
    assert "routing.secret" in keys("prune", directory, "routing", code=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "keys init" in keys("rotate", empty, "routing", code=1)
    assert not files(empty)


def test_no_secret_is_ever_printed(tmp_path):
    directory, hidden = tmp_path / "fresh", set()

    def said(*arguments):
        text = keys(*arguments)
        hidden.update(secrets(directory).values(), (directory / "master").read_text().split()[1::2])
        return text
    said = "".join(said(*command) for command in (
        ("init", directory), ("list", directory), ("rotate", directory, "intake"), ("master", directory),
        ("prune", directory, "intake"), ("list", directory, "--json")))
    assert len(hidden) == len(NAMES) + 3, "one of each, intake's second and the second master key"
    assert not [secret for secret in hidden if secret in said]


def test_a_command_that_is_cut_off_leaves_whole_files(directory):
    """The remains of one that was killed before it renamed its file are in nobody's way."""
    (directory / ".allowed.new").write_text("half a li")
    (directory / ".routing.secret.new").write_text("half a k")
    keys("rotate", directory, "routing")
    assert set(files(directory)) == {"allowed", "master", *(f"{name}.secret" for name in NAMES)}
    assert ("routing", public(directory, "routing")) in allowed(directory)
