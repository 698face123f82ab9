"""What the tests of the archive's files share: two counties, their files, and what sidanctl says about them."""

import json
import re
import sqlite3
import time
from contextlib import closing

from harness import COUNTY, make_county, wait_until

OTHER = "990104"
FOREVER = {("normal", "claim"): "400d"}


def two_counties(directory):
    return [make_county(directory, county=county, clocks=FOREVER) for county in (COUNTY, OTHER)]


def path(system, county=COUNTY):
    return system.directory / "archive" / f"{county}.db"


def tamper(system, *statements, county=COUNTY):
    """Does to the file what anybody can who has it; the rows of the last statement."""
    with closing(sqlite3.connect(path(system, county))) as file, file:
        for statement in statements:
            rows = file.execute(statement).fetchall()
    return rows


def verify(system, *arguments):
    """What `sidanctl journal verify` found: (exit code, {county: its row}, faults as "part row fault")."""
    done = system.ctl("journal", "verify", *arguments, "--json", check=False)
    report = json.loads(done.stdout)
    assert done.returncode == any(row["result"] != "as stored" for row in report["counties"]), done
    return (done.returncode, {row["county"]: row for row in report["counties"]},
            [f"{row['part']} {row['row']} {row['fault']}" for row in report["faults"]])


def assert_as_stored(system):
    code, counties, faults = verify(system)
    assert code == 0 and not faults, (counties, faults)
    return counties


def outbox(system, county=COUNTY):
    """Events on their way to the archive."""
    return sum(system.redis.hlen(key) for key in system.redis.keys(f"outbox:{{{county}}}:*>archive"))


def wait_stored(system, county=COUNTY, timeout=30):
    wait_until(lambda: outbox(system, county) == 0, timeout, f"the archive has all of {county}")


def wait_at_rest(system):
    """All is done that was begun, SMS as well: nothing more comes to the archive by itself."""
    def under_way():
        return sum(system.redis.hlen(key) for key in system.redis.keys("outbox:*"))

    def waiting():
        return sum(system.redis.zcard(key) for key in system.redis.keys("smsq:*"))

    # Messages become SMS, and SMS messages: none were there while there was nothing of the other.
    wait_until(lambda: under_way() == waiting() == under_way() == 0, 30, "all is at rest")


def wait_dead_forgotten(system):
    """sidanctl asks an instance of the registry, where one that was killed stays for some seconds."""
    alive = sum(archive.running() for archive in system.of("archive"))
    wait_until(lambda: system.redis.zcount("registry:archive", time.time() * 1000, "+inf") == alive, 15,
               "only those that live are on the list")


def readiness(system):
    return system.services["archive.1"].readiness()


def wait_refused(system, *words):
    """The archive says of which file what is wrong with it."""
    text = wait_until(lambda: "Repair" in (now := readiness(system)[1]) and now, 15, "the archive says what is wrong")
    assert all(word in text for word in words), text
    assert f'sidan_archive_unusable{{county="{COUNTY}"}} 1' in system.metrics(system.services["archive.1"])
    return text


def steps(system, order):
    done = system.ctl("order", "show", order["order"], "--json", check=False)
    return [row.get("step") for row in json.loads(done.stdout)["history"] or []] if done.stdout else []


def log_lines(system, pattern):
    return re.findall(rf"^.*{pattern}.*$", system.services["archive.1"].text(), re.M)
