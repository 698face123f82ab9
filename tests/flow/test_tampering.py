"""A journal in which something was changed, removed, put in or moved is found, row by row; so is an audit trail.

The files are tampered with while the services run, by what anybody has who has the file: SQLite.
"""

import json
import shutil
import sqlite3
import time
from contextlib import closing

import pytest

from archive_files import (OTHER, assert_as_stored, path, readiness, tamper, two_counties, verify, wait_at_rest,
                           wait_dead_forgotten, wait_refused, wait_stored)
from harness import COUNTY, make_county, wait_until
from test_second_implementation import Peer

AUDIT = f"audit:{{{COUNTY}}}"


@pytest.fixture
def system(make_system, tmp_path):
    """With the life of one order in its journal, and two that are open."""
    system = make_system(counties=two_counties(tmp_path / "counties"), parameters={"archive": {"drain_ms": 100}})
    system.finish(system.place())
    for _ in range(2):
        system.wait_state(system.place(), "open")
    wait_stored(system)
    return system


def row_of(system, **values):
    where = " AND ".join(f"{name} = '{value}'" for name, value in values.items())
    return tamper(system, f"SELECT id, order_id, ver FROM journal WHERE {where} LIMIT 1")[0]


def test_a_changed_answer_is_found(system):
    """In the journal, where the row is named, and in what lists show."""
    before = assert_as_stored(system)
    assert before[COUNTY]["rows"] > 13 and before[COUNTY]["heads"].split()[0] == str(tamper(
        system, "SELECT max(id) FROM journal")[0][0])
    row, order, ver = row_of(system, step="answered")
    tamper(system, f"UPDATE journal SET fields = replace(fields, '修好了', '不用修') WHERE id = {row}")
    code, _, faults = verify(system, COUNTY)
    assert code == 1 and faults[0] == f"journal {row} changed"
    text = system.ctl("journal", "verify", COUNTY, check=False)
    assert text.returncode == 1 and "Repair" in text.stderr
    assert ["journal", str(row), order, str(ver), "changed"] in [line.split()[1:6] for line in text.stdout.splitlines()]
    tamper(system, f"UPDATE journal SET fields = replace(fields, '不用修', '修好了') WHERE id = {row}")
    assert_as_stored(system)

    tamper(system, f"UPDATE orders SET answer = '不用修' WHERE order_id = '{order}'")
    code, _, faults = verify(system, COUNTY)
    assert code == 1 and len(faults) == 1 and faults[0].startswith("orders ")
    system.ctl("journal", "rebuild", COUNTY)
    assert_as_stored(system)
    found = system.api("GET", f"/api/v1/cases?county={COUNTY}&q=路灯", key="office")
    assert order in [row["order"] for row in found.json["rows"]]


def test_a_removed_and_a_moved_row_are_found(system):
    kept = tamper(system, "SELECT quote(hash) FROM journal WHERE id = 5")[0][0]
    tamper(system, "CREATE TABLE aside AS SELECT * FROM journal WHERE id = 5", "DELETE FROM journal WHERE id = 5")
    code, _, faults = verify(system, COUNTY)
    assert code == 1 and faults[0] == "journal 5 missing"
    tamper(system, "INSERT INTO journal SELECT * FROM aside", "DROP TABLE aside")
    assert tamper(system, "SELECT quote(hash) FROM journal WHERE id = 5")[0][0] == kept
    assert_as_stored(system)
    tamper(system, "UPDATE journal SET id = -1 WHERE id = 3", "UPDATE journal SET id = 3 WHERE id = 4",
           "UPDATE journal SET id = 4 WHERE id = -1")
    code, _, faults = verify(system, COUNTY)
    assert code == 1 and faults[:2] == ["journal 3 changed", "journal 4 changed"]


def test_a_cut_end_is_found_and_cannot_be_hidden(system):
    """Neither by events that come after it, nor by starting anew."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    shutil.copy(path(system), system.directory / "whole.db")
    tamper(system, "DELETE FROM journal WHERE id > 10",
           "DELETE FROM orders WHERE order_id NOT IN (SELECT order_id FROM journal)")
    system.place()
    wait_refused(system, "lacks row")
    text = system.ctl("journal", "verify", COUNTY, check=False)
    assert text.returncode == 1 and "lacks row" in text.stderr
    code, counties, _ = verify(system)
    assert code == 1 and [row["result"] for row in counties.values()] == ["not checked", "as stored"]
    for archive in system.of("archive"):
        archive.stop()
    system.restart("archive")
    wait_refused(system, "lacks row")
    mark = system.redis.hget(f"chain:{{{COUNTY}}}", "journal")
    assert int(mark.split()[0]) > 10, "what Redis knows does not go back"


def test_a_mark_that_the_file_does_not_have_is_not_overwritten(system):
    """As another archive with a file of its own would leave it, even one that is less far."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    foreign = f"1 {'0' * 64}"
    system.redis.hset(f"chain:{{{COUNTY}}}", "journal", foreign)
    system.place()
    wait_refused(system, "lacks row 1 of the table journal")
    assert system.redis.hget(f"chain:{{{COUNTY}}}", "journal") == foreign


def test_what_goes_into_the_wrong_file_stays_in_the_audit_stream(system):
    """Redis knows of another file's rows, and it shows only after the entry has been stored."""
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    wait_at_rest(system)
    system.redis.hset(f"chain:{{{COUNTY}}}", "audit", f"7 {'0' * 64}")
    entry = system.redis.xadd(AUDIT, {"actor": "member:M1", "action": "contact.read"})
    wait_refused(system, "lacks row 7 of the table audit")
    assert tamper(system, "SELECT entry FROM audit") == [(entry,)]
    other = system.redis.xadd(f"audit:{{{OTHER}}}", {"actor": "member:M1", "action": "contact.read"})
    wait_until(lambda: system.redis.xlen(f"audit:{{{OTHER}}}") == 0, 10, f"{other} is taken, as all read with it")
    assert system.redis.xlen(AUDIT) == 1, "the right file has still to get it"


def test_the_chain_survives_kills_of_two_archives(make_system, tmp_path):
    """Both write to one file, each is killed again and again; every step is there once, and nothing seems changed."""
    system = make_system(counties=[make_county(tmp_path / "counties")], instances={"archive": 2})
    orders = []
    for name in ("archive.1", "archive.2") * 4:
        orders += [system.place() for _ in range(6)]
        system.kill(name)
        orders += [system.place() for _ in range(3)]
        system.redis.xadd(AUDIT, {"actor": "member:M1", "action": "contact.read", "order": orders[-1]["order"]})
        system.restart(name)
    wait_until(lambda: system.redis.xlen(AUDIT) == 0, 20, "the audit trail is taken")
    wait_stored(system, timeout=60)
    wait_dead_forgotten(system)
    assert_as_stored(system)
    [(rows, last)] = tamper(system, "SELECT count(*), max(id) FROM journal")
    assert rows == last >= 2 * len(orders)
    wait_until(lambda: system.redis.hget(f"chain:{{{COUNTY}}}", "journal").startswith(f"{last} "), 10, "Redis knows it")
    assert tamper(system, "SELECT count(*) FROM audit")[0][0] == 8, "each entry once"


def test_two_archives_with_a_file_each_are_found(make_system, tmp_path):
    """Instances that were given different directories: one of them stops, and every step is in the other's file."""
    system = make_system(counties=[make_county(tmp_path / "counties")], instances={"archive": 2}, start=False)
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    elsewhere = tmp_path / "elsewhere"
    system.services["archive.2"].environment["SIDAN_DATA_DIR"] = str(elsewhere)
    system.start_redis()
    system.ctl("county", "apply", str(system.counties[0]))
    for process in system.services.values():
        process.start()
    wait_until(lambda: system.redis.zcount("registry:archive", "-inf", "+inf") == 2, 20, "both are there")
    wait_until(lambda: system.is_ready(system.services["intake.1"]), 20, "intake is ready")
    orders, archives = [], system.of("archive")

    def refuses(archive):
        return "Repair" in archive.readiness()[1]

    def found():  # not before both have got something to store: a sender may still know only one of them
        orders.append(system.place())
        return any(map(refuses, archives))

    wait_until(found, 30, "one of them says that its file is not the right one")
    [bad], [good] = ([archive for archive in archives if refuses(archive) is wanted] for wanted in (True, False))
    bad.stop()
    wait_stored(system)
    directory = elsewhere if good is system.services["archive.2"] else path(system).parent
    with closing(sqlite3.connect(directory / f"{COUNTY}.db")) as file:
        stored = {row[0] for row in file.execute("SELECT order_id FROM orders WHERE steps = ver AND ver >= 2")}
    assert stored == {order["order"] for order in orders}


def test_the_audit_trail_is_kept(system):
    """Out of Redis into the file, newest first, by what is asked for; and it cannot be changed unnoticed either."""
    before = int(time.time() * 1000)
    entries = [("member:M1", "contact.read", f"{COUNTY}-000001", "done", "看了电话"),
               ("office:zhang", "sign_in", "", "done", ""),
               ("member:M1", "contact.read", f"{COUNTY}-000002", "refused", "not a member of the order"),
               ("", "order.screen", f"{COUNTY}-000001", "refused", "x" * 600)]
    fields = ("actor", "action", "order", "result", "detail")
    for entry in entries:
        system.redis.xadd(AUDIT, dict(zip(fields, entry)))
    raw = system.connect_redis()
    raw.xadd(AUDIT, {"actor": b"key:\xff\xfe", "unknown": "field"})
    wait_until(lambda: system.redis.xlen(AUDIT) == 0, 10, "the archive has taken them, and Redis forgot them")

    def listed(**filters):
        _, answer = Peer(system, "archive").call({"type": "audit.list", "v": 1, **filters})
        assert answer["type"] == "listing", answer
        return answer

    rows = listed()
    actions = [row["action"] for row in rows["rows"]]
    assert rows["total"] == 5 and actions == ["", "order.screen", "contact.read", "sign_in", "contact.read"]
    assert tuple(rows["rows"][4][name] for name in fields) == entries[0] and rows["rows"][4]["at"] >= before - 1000
    assert rows["rows"][1]["detail"] == "x" * 500 and rows["rows"][0]["actor"] == "key:"
    assert listed(order=f"{COUNTY}-000001")["total"] == 2
    assert listed(actor="member:M1", order=f"{COUNTY}-000002")["rows"][0]["result"] == "refused"
    assert listed(start=int(time.time() * 1000) + 60_000)["total"] == 0 and listed(end=before - 60_000)["total"] == 0
    assert [row["action"] for row in listed(limit=1, cursor=listed(limit=3)["next"])["rows"]] == ["sign_in"]
    assert listed(actor="' OR 1 = 1 --")["total"] == 0
    shown = json.loads(system.ctl("audit", COUNTY, f"{COUNTY}-000001", "--json"))
    assert shown["total"] == 2 and shown["entries"][1]["detail"] == "看了电话"
    assert "office:zhang" in system.ctl("audit", COUNTY) and "office:zhang" not in system.ctl("audit", "990104")
    assert_as_stored(system)

    tamper(system, "UPDATE audit SET actor = 'member:M2' WHERE id = 3")
    assert verify(system, COUNTY)[2] == ["audit 3 changed"]
    tamper(system, "UPDATE audit SET actor = 'member:M1' WHERE id = 3", "DELETE FROM audit WHERE id = 2")
    assert verify(system, COUNTY)[2] == ["audit 2 missing"]


def test_the_end_of_the_audit_trail_is_held_too(system):
    system.allowed_errors.append(rf"county={COUNTY} .*its events wait")
    for number in range(3):
        system.redis.xadd(AUDIT, {"actor": f"member:M{number}", "action": "contact.read"})
    wait_until(lambda: system.redis.xlen(AUDIT) == 0, 10, "the archive has taken them")
    tamper(system, "DELETE FROM audit WHERE id = 3")
    assert system.ctl("journal", "verify", COUNTY, check=False).returncode == 1
    wait_refused(system, "lacks row 3 of the table audit")


def test_an_entry_that_comes_again_is_stored_once(system):
    """As after a crash between storing it and taking it out of Redis."""
    for actor in ("member:M1", "member:M2"):
        system.redis.delete(AUDIT)
        for number in (1, 2) if actor == "member:M1" else (1, 2, 3):
            system.redis.xadd(AUDIT, {"actor": actor, "action": "contact.read"}, id=f"1790000000000-{number}")
        wait_until(lambda: system.redis.xlen(AUDIT) == 0, 10, "the archive has taken them")
    assert tamper(system, "SELECT entry, actor FROM audit ORDER BY id") == [
        ("1790000000000-1", "member:M1"), ("1790000000000-2", "member:M1"), ("1790000000000-3", "member:M2")]
    assert_as_stored(system)


def test_many_entries_are_taken_in_pieces(system):
    """More than fit into one look, and while Redis was away in the middle of it."""
    pipe = system.redis.pipeline()
    for number in range(1700):
        pipe.xadd(AUDIT, {"actor": f"member:M{number}", "action": "contact.read"})
    pipe.execute()
    system.redis_process.kill()
    system.start_redis()
    wait_until(lambda: system.redis.xlen(AUDIT) == 0, 30, "all are taken")
    assert tamper(system, "SELECT count(*), count(DISTINCT actor) FROM audit") == [(1700, 1700)]
    wait_until(lambda: readiness(system)[0] == 200, 15, "the archive is ready")
    assert_as_stored(system)
