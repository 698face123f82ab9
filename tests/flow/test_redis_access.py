"""Signing in to Redis: where the password comes from, where it never is, and what the services' user may not do."""

import os
import subprocess

import pytest
import redis

from harness import COUNTY, SERVICES, variables, wait_until


@pytest.fixture
def closed(make_system):
    """A Redis that nobody uses without the password, and nothing else started."""
    system = make_system(start=False)
    system.start_redis()
    system.password = (system.directory / "redis-password").read_text().strip()
    return system


def run(system, program, *arguments, **environment):
    return subprocess.run([system.bin / program, *arguments], env=dict(os.environ) | environment, text=True,
                          capture_output=True, timeout=30)


def test_a_password_that_changes(closed):
    """A wrong one is said; the right one in the file is enough, without a restart. It is in no log."""
    closed.ctl("county", "apply", str(closed.counties[0]))
    file = closed.directory / "redis-password"
    file.write_text("not the password\n")
    routing = closed.services["routing.1"]
    routing.start()
    wait_until(lambda: "WRONGPASS" in routing.readiness()[1], 20, "routing says why it cannot work")
    file.unlink()
    wait_until(lambda: f"{file} cannot be read" in routing.readiness()[1], 20, "routing misses the file")
    file.write_text(closed.password + "\n")
    wait_until(lambda: closed.is_ready(routing), 20, "routing is ready")
    assert "not the password" not in routing.text() and closed.password not in routing.text()


def test_the_environment_and_the_command_line(closed):
    access = variables({"redis": closed.redis_url, "redis_user": "sidan"})
    done = run(closed, "sidanctl", "status", SIDAN_REDIS_PASSWORD=closed.password, **access)
    assert done.returncode == 0, done.stderr
    done = run(closed, "sidanctl", "status", **variables({"redis": closed.redis_url}))
    assert done.returncode == 1 and "NOAUTH" in done.stderr
    for service in SERVICES:
        done = run(closed, f"sidan-{service}", f"redis_password={closed.password}", **access)
        assert done.returncode == 2 and "SIDAN_REDIS_PASSWORD" in done.stderr and closed.password not in done.stderr
    done = run(closed, "sidan-routing", f"keys={closed.keys}", f"redis=redis://sidan:{closed.password}@127.0.0.1:6379")
    assert done.returncode == 1 and "redis_password_file" in done.stderr and closed.password not in done.stderr


FORBIDDEN = """
    KEYS *|SCAN 0|RANDOMKEY|DBSIZE|FLUSHALL|FLUSHDB|SWAPDB 0 1|CONFIG GET *|CONFIG SET appendonly no|ACL LIST|ACL SAVE
    ACL SETUSER sidan +@all|MONITOR|SHUTDOWN NOSAVE|SLAVEOF NO ONE|REPLICAOF NO ONE|SAVE|BGSAVE|LASTSAVE|BGREWRITEAOF
    CLIENT LIST|CLIENT KILL ID 1|CLIENT PAUSE 1|SCRIPT FLUSH|FUNCTION LIST|FUNCTION FLUSH|EVAL script 0
    SUBSCRIBE other|PSUBSCRIBE *
    PUBLISH other x|GET stranger|SET stranger 1|DEL stranger|MIGRATE 127.0.0.1 1 a:{990103} 0 1|MODULE LIST
    LATENCY RESET|SLOWLOG GET|CLUSTER INFO|FAILOVER|PSYNC ? -1
"""


def test_the_services_user_has_least_rights(closed):
    connection = closed.connect_redis("sidan", decode_responses=True)
    connection.set(f"order:{{{COUNTY}}}:1", "x")
    for command in filter(None, map(str.strip, FORBIDDEN.replace("\n", "|").split("|"))):
        try:
            answer = connection.execute_command(*command.split())
        except redis.exceptions.NoPermissionError:
            continue
        pytest.fail(f"{command}: {answer}")
    with pytest.raises(redis.exceptions.ResponseError, match="can't run this command"):
        connection.evalsha(connection.script_load("return redis.call('FLUSHALL')"), 0)
    assert connection.get(f"order:{{{COUNTY}}}:1") == "x"


def test_a_replica_is_no_redis_to_work_with(closed):
    """One that became a replica is left, and it is said why; it is taken again when it is a primary."""
    closed.ctl("county", "apply", str(closed.counties[0]))
    routing = closed.services["routing.1"]
    routing.start()
    wait_until(lambda: closed.is_ready(routing), 20, "routing is ready")
    closed.redis.replicaof("127.0.0.1", 1)
    wait_until(lambda: "READONLY" in routing.readiness()[1], 20, "routing says that this is a replica")
    done = closed.ctl("county", "apply", str(closed.counties[0]), check=False)
    assert done.returncode == 1 and "READONLY" in done.stderr
    closed.redis.replicaof("NO", "ONE")
    wait_until(lambda: closed.is_ready(routing), 20, "routing is ready again")


def test_a_redis_that_would_forget_is_refused(closed):
    """It reads its log as its user default, and leaves out the transactions that this user may not write."""
    closed.ctl("county", "apply", str(closed.counties[0]))
    closed.redis.execute_command("ACL", "SETUSER", "default", "-@all")
    routing = closed.services["routing.1"]
    routing.start()
    wait_until(lambda: "user default may not write" in routing.readiness()[1], 20, "routing says why")
    done = closed.ctl("status", check=False)
    assert done.returncode == 1 and "deploy/redis/users.acl" in done.stderr
    closed.redis.execute_command("ACL", "SETUSER", "default", "+@all")
    wait_until(lambda: closed.is_ready(routing), 20, "routing is ready")
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(unix_socket_path=f"{closed.sockets}/redis.sock").ping()
