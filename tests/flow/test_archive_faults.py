"""The archive's files: locked, on a full disk, damaged, cut, missing, replaced. Nothing is lost, nothing goes aside,
other counties go on, and never does a new file silently take the place of one that was."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest
import requests

from archive_files import (OTHER, assert_as_stored, log_lines, outbox, path, readiness, steps, tamper, two_counties,
                           verify, wait_dead_forgotten, wait_refused, wait_stored)
from harness import COUNTY, ROOT, System, wait_until


@pytest.fixture
def counties(tmp_path):
    return two_counties(tmp_path / "counties")


@pytest.fixture
def system(make_system, counties):
    return make_system(counties=counties, parameters={"archive": {"drain_ms": 100, "erase_ms": 200}})


def place(system, count, county=COUNTY):
    """Orders that all get as far as the pool, so that the archive has two or more steps of each."""
    orders = [system.place(county=county) for _ in range(count)]
    for order in orders:
        system.wait_state(order, "open")
    return orders


def assert_all_told(system, orders):
    wait_until(lambda: readiness(system)[0] == 200, 15, "the archive is ready")
    wait_stored(system)
    wait_dead_forgotten(system)
    for order in orders:
        assert steps(system, order)[:2] == ["placed", "opened"], order
    assert not system.redis.exists(f"dlq:{{{COUNTY}}}"), "nothing was set aside"
    assert_as_stored(system)


def test_a_locked_file_delays(system):
    """Longer than an instance may be silent in the registry: a loop that waits for the lock would be off it."""
    orders = place(system, 5)
    wait_stored(system)
    slowest = 0
    with closing(sqlite3.connect(path(system), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        orders += place(system, 20)
        others = place(system, 1, OTHER)
        wait_stored(system, OTHER)
        assert steps(system, others[0])[:2] == ["placed", "opened"], "another county is not held up"
        while time.monotonic() - began < 8:
            asked = time.monotonic()
            status, text = readiness(system)
            slowest = max(slowest, time.monotonic() - asked)
            assert system.redis.zcount("registry:archive", time.time() * 1000, "+inf") == 1, "it stays on the list"
            time.sleep(0.02)
        assert status == 503 and f"{COUNTY}.db" in text and "locked" in text
        assert outbox(system) >= 20
        attempts = [system.redis.hvals(key) for key in system.redis.keys("attempts:*>archive")]
        assert all(int(count) <= 2 for values in attempts for count in values), "waiting counts no attempts"
    assert slowest < 1.5, f"the loop stood still for {slowest:.2f} s"
    assert_all_told(system, orders)
    assert len(log_lines(system, "cannot be used now")) == 1, "said once, not each time"


class OnSmallDisk(System):
    """The archive's directory is a file system of 4 MB, in a mount namespace that one process holds."""

    def add(self, service, number, parameters=None):
        process = super().add(service, number, parameters)
        if service != "archive":
            return process
        directory = self.directory / "archive"
        directory.mkdir()
        script = 'mount -t tmpfs -o size=4m tmpfs "$1" && echo ready && exec sleep infinity'
        self.holder = subprocess.Popen(["unshare", "-rm", "sh", "-c", script, "sh", directory], stdout=subprocess.PIPE,
                                       text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise AssertionError("a small file system cannot be mounted here: be root, or allow user namespaces")
        self.disk = f"/proc/{self.holder.pid}/root{directory}"
        process.command = ["nsenter", "-t", str(self.holder.pid), "-m", "-U", "--preserve-credentials",
                           *process.command]
        return process

    def ballast(self):
        with open(f"{self.disk}/ballast", "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass

    def close(self):
        try:
            super().close()
        finally:
            self.holder.kill()
            self.holder.wait()


def test_a_full_disk_delays(tmp_path, counties):
    system = OnSmallDisk(tmp_path / "small", counties=counties)
    try:
        orders = place(system, 3)
        wait_stored(system)
        system.ballast()
        orders += place(system, 20)
        wait_until(lambda: readiness(system)[0] == 503 and outbox(system) > 0, 20, "it says that the disk is full")
        assert "full" in readiness(system)[1]
        time.sleep(3)  # so long that a log line for each try would be several
        orders += place(system, 2)
        assert len(log_lines(system, "cannot be used now")) <= 2
        assert steps(system, orders[0])[:2] == ["placed", "opened"], "what is there can be read"
        os.remove(f"{system.disk}/ballast")
        assert_all_told(system, orders)
    finally:
        system.close()


def overwrite(file, where, size=16384):
    with open(file, "r+b") as out:
        out.seek(where)
        out.write(b"?" * size)


def make_database(file, script):
    file.unlink()
    with closing(sqlite3.connect(file)) as made:
        made.executescript(script)


def remove_log(file):
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)


DAMAGES = {
    "header overwritten": (lambda file: overwrite(file, 0), "is damaged"),
    "pages overwritten": (lambda file: overwrite(file, file.stat().st_size // 2 // 4096 * 4096), "is damaged"),
    "cut in half": (lambda file: os.truncate(file, file.stat().st_size // 2), "is damaged"),
    "zero length": (lambda file: os.truncate(file, 0), "is empty"),
    "missing": (lambda file: file.unlink(), "is missing"),
    "an empty database": (lambda file: make_database(file, "VACUUM"), "is empty"),
    "another program's": (lambda file: make_database(file, "CREATE TABLE guests (name)"), "another program"),
    "another county's": (lambda file: shutil.copy(file.with_name(f"{OTHER}.db"), file), "lacks row"),
}


def settle(system):
    """Ends the archive in order, so that each file is whole without a log beside it."""
    for archive in system.of("archive"):
        archive.stop()


def test_damaged_files_are_refused(system):
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    orders, others, file = place(system, 20), place(system, 2, OTHER), path(system)
    wait_stored(system)
    wait_stored(system, OTHER)
    settle(system)
    good = shutil.copy(file, system.directory / "good.db")
    for name, (damage, words) in DAMAGES.items():
        shutil.copy(good, file)
        damage(file)
        before = file.read_bytes() if file.exists() else None
        system.restart("archive")
        orders += place(system, 1)
        others += place(system, 1, OTHER)
        text = wait_refused(system, str(file), words)
        wait_stored(system, OTHER)
        assert steps(system, others[-1])[:2] == ["placed", "opened"], f"{name}: another county goes on"
        assert outbox(system) >= 2, f"{name}: events wait"
        done = system.ctl("journal", "verify", COUNTY, check=False)
        assert done.returncode == 1 and words in done.stderr and str(file) in done.stderr, (name, done, text)
        settle(system)
        assert (file.read_bytes() if file.exists() else None) == before, f"{name}: the file is left as it is"
    assert len(log_lines(system, "its events wait")) == len(DAMAGES), "each was said once"

    # Events come back at a calm pace, and the file is in use again soon after it has been put back.
    file.unlink(missing_ok=True)
    system.restart("archive")
    wait_refused(system, "is missing")
    seen = len(log_lines(system, f"order={orders[-1]['order']} msg=order.step result=later"))
    time.sleep(4)
    again = len(log_lines(system, f"order={orders[-1]['order']} msg=order.step result=later")) - seen
    assert again <= 4, f"{again} tries in 4 s" # of two edges, each at most every 5 s
    shutil.copy(good, file)
    assert_all_told(system, orders)


def test_a_lost_log_is_found(system):
    """kill -9, and the write-ahead log is gone: what is left is sound in itself, and an earlier state."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    place(system, 3)
    wait_stored(system)
    settle(system)
    system.restart("archive")
    orders = place(system, 3)
    wait_stored(system)
    system.kill("archive")
    file = path(system)
    log = file.with_name(file.name + "-wal")
    kept = shutil.copy(log, system.directory / "kept-wal")
    remove_log(file)
    system.restart("archive")
    wait_refused(system, "lacks row")
    system.kill("archive")
    remove_log(file)
    shutil.copy(kept, log)
    system.restart("archive")
    assert_all_told(system, orders)


def test_a_file_that_is_deleted_while_in_use(system):
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    orders, file = place(system, 3), path(system)
    wait_stored(system)
    away = system.directory / "archive" / "away"
    away.mkdir()
    for part in file.parent.glob(f"{COUNTY}.db*"):
        part.rename(away / part.name)
    orders += place(system, 2)
    wait_refused(system, str(file))
    assert not file.exists() and outbox(system) > 0
    for part in away.glob("*"):
        part.rename(file.parent / part.name)
    assert_all_told(system, orders)


def test_what_went_into_the_wrong_file_is_not_called_done(system):
    """Another archive has a file of the county, too, and was first."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    body = {"title": "路灯", "note": "路灯不亮的事"}
    classes = f"/api/v1/classes?county={COUNTY}"
    assert system.api("POST", classes, body, key="office").status == 200
    wait_stored(system)
    number, rest = re.match(r"(\d+)(.*)", system.redis.hget(f"chain:{{{COUNTY}}}", "journal")).groups()
    system.redis.hset(f"chain:{{{COUNTY}}}", "journal", f"{int(number) + 1000}{rest}")
    assert system.api("POST", classes, body | {"title": "树"}, key="office").status == 503
    wait_refused(system, "lacks row")


def run_documented(system, with_backup):
    """The commands of the archive's README for a file that is refused."""
    text = (ROOT / "services/archive/README.md").read_text()
    commands = re.search(r"\*\*A file that is refused\.\*\*.*?```sh\n(.*?)```", text, re.S)[1]
    assert commands.count("var/archive") == 6 and commands.count("copy-") == 1
    commands = commands.replace("990101", COUNTY).replace("var/archive", str(path(system).parent))
    commands = commands.replace("copy-", f"{path(system).parent}/copy-")
    if not with_backup:
        commands = "\n".join(line for line in commands.splitlines() if not line.startswith("cp "))
    done = subprocess.run(["bash", "-euc", commands], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done


def run_documented_ctl(system):
    """The commands after "Start the archive"."""
    text = (ROOT / "services/archive/README.md").read_text()
    block = re.search(r"Start the archive\..*?```sh\n(.*?)```", text, re.S)[1].replace("990101", COUNTY)
    for line in block.splitlines():
        words = re.match(r'sidanctl (\w+) (\w+) (\w+)(?: --reason "(.*)")?$', line)
        system.ctl(*words.groups()[:3], *(["--reason", words[4]] if words[4] else []))


def backup(system):
    copy = path(system).with_name(f"copy-{COUNTY}.db")
    copy.unlink(missing_ok=True)
    subprocess.run(["sqlite3", str(path(system)), f".backup {copy}"], check=True)


@pytest.mark.parametrize("with_backup", [True, False])
def test_the_documented_repair(system, with_backup):
    """A backup, then more orders; the file is damaged; what can be saved is saved, and the backup fills the gaps."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    orders = [system.place(text="很长的说明" * 400) for _ in range(30)]
    for order in orders:
        system.wait_state(order, "open")
    wait_stored(system)
    backup(system)
    orders += place(system, 3)
    wait_stored(system)
    settle(system)
    overwrite(path(system), path(system).stat().st_size // 2 // 4096 * 4096)
    system.restart("archive")
    late = place(system, 1)
    wait_refused(system, "is damaged")
    settle(system)
    run_documented(system, with_backup)
    system.restart("archive")
    wait_until(lambda: readiness(system)[0] == 200, 15, "the archive is ready")
    system.ctl("journal", "rebuild", COUNTY)
    wait_stored(system)
    if with_backup:
        assert_all_told(system, orders + late)
        answer = system.api("GET", f"/api/v1/orders?county={COUNTY}", key="office")
        assert {row["order"] for row in answer.json["rows"]} == {order["order"] for order in orders + late}
        return
    code, counties, faults = verify(system, COUNTY)
    assert code == 1 and counties[COUNTY]["rows"] > 60, "most of it was saved"
    # With an order's first step its contact's hash is lost.
    assert all(re.fullmatch(r"journal \d+ missing|contacts \d+ changed", fault) for fault in faults), faults
    assert steps(system, late[0])[:2] == ["placed", "opened"]


def test_an_old_backup_is_taken_only_when_somebody_says_so(system):
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    orders = place(system, 3)
    wait_stored(system)
    backup(system)
    lost = place(system, 2)
    wait_stored(system)
    settle(system)
    shutil.copy(path(system).with_name(f"copy-{COUNTY}.db"), path(system))
    system.restart("archive")
    late = place(system, 1)
    wait_refused(system, "lacks row")
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 1
    system.ctl("journal", "accept", COUNTY, "--reason", "a disk failed")
    wait_until(lambda: readiness(system)[0] == 200, 15, "it goes on")
    run_documented_ctl(system)
    assert_all_told(system, orders + late)
    assert "placed" not in steps(system, lost[0])
    wait_until(lambda: "a disk failed (was at " in system.ctl("audit", COUNTY), 10, "the decision is on record")
    assert tamper(system, "SELECT count(*) FROM audit WHERE action = 'journal.accept'")[0][0] == 2


def test_a_missing_file_is_made_anew_only_when_somebody_says_so(system):
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    place(system, 2)
    wait_stored(system)
    settle(system)
    path(system).unlink()
    system.restart("archive")
    late = place(system, 1)
    wait_refused(system, "is missing")
    system.ctl("journal", "accept", COUNTY, "--reason", "there is no copy")
    assert_all_told(system, late)
    code, counties, _ = verify(system, COUNTY)
    assert code == 0 and counties[COUNTY]["rows"] > 0
    refused = system.ctl("journal", "accept", "123456", "--reason", "x", check=False)
    assert refused.returncode == 1 and "123456" in refused.stderr


def test_health_goes_on_when_a_file_is_refused(system):
    """Only readiness tells; an orchestrator must not restart an archive that other counties need."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    place(system, 1)
    wait_stored(system)
    settle(system)
    path(system).unlink()
    system.restart("archive")
    wait_refused(system, "is missing")
    assert requests.get(f"{system.services['archive.1'].admin}/healthz", timeout=5).status_code == 200
