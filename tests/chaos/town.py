"""The system under test: two counties, several instances of each service, and a network or a gateway as asked for."""

import os
import subprocess
from collections import defaultdict
from pathlib import Path

from gateway import Gateway
from handling import QUESTION
from harness import SERVICES, System, make_county, read_table, wait_until
from load import GATEWAY_TOKEN, Door
from network import Network
from replicas import Replicated

COUNTIES = ("990103", "990104")
PHONES = ("1000000", "1100000")  # how members' phones begin in each
RETENTION = (180, 0)  # days for which each keeps the contact of a closed order
# Members have time to claim what they are asked, except where it is urgent: there the clock fills the places.
UNNOTICED = {"absences_told": "100", "question": QUESTION}  # test_entries.py tells when the office hears of them
CLOCKS = {("normal", "claim"): "10d", ("urgent", "claim"): "1s"}
# Short, so that quiet comes soon after the faults. What has no answer is sent again more often than by default, and set
# aside as late, after seven minutes.
PARAMETERS = {"all": {"backoff_cap_ms": 4000, "max_attempts": 100, "redis_timeout_ms": 1000, "drain_ms": 500},
              "intake": {"gateway_token": GATEWAY_TOKEN, "call_ms": 2500, "attachments_grace_s": 60},
              "assignment": {"clock_ms": 200},
              "archive": {"erase_ms": 2000},
              "notification": {"sms_lease_ms": 15000}}


class Town(System):
    redis_names = ["redis"]  # of its processes, in the network
    redis_kind = {}  # how it is made

    def __init__(self, directory, instances, seed, network=False, gateway=False, quiet=False):
        self.names = [f"{service}.{number}" for service in SERVICES for number in range(1, instances + 1)]
        self.network = Network([*self.redis_names, *self.names], seed) if network else None
        self.doors = {}  # of the intakes
        self.gateway = None
        parameters = {service: dict(values) for service, values in PARAMETERS.items()}
        if quiet:
            parameters["all"]["log_level"] = "warning"
        counties = [make_county(directory / "counties", county, {"retention": days} | UNNOTICED, CLOCKS)
                    for county, days in zip(COUNTIES, RETENTION)]
        for path, prefix in zip(counties, PHONES):  # a member's phone tells the county
            members = (path / "members.csv").read_text(encoding="utf-8")
            (path / "members.csv").write_text(members.replace(PHONES[0], prefix), encoding="utf-8")
        super().__init__(directory, counties=counties, instances=dict.fromkeys(SERVICES, instances),
                         parameters=parameters, start=False, **self.redis_kind)
        # Two archives share a county's file: while one hangs in a transaction the other cannot open it, and tries again.
        self.allowed_errors.append("cannot open its file: database is locked")
        try:
            if gateway:
                host = self.network.address("test") if network else "127.0.0.1"
                self.gateway = Gateway(directory / "kannel", host, list(self.doors.values()))
                for name in self.names:
                    if name.startswith("notification"):
                        self.add(*name.split("."), PARAMETERS["all"] | PARAMETERS["notification"] |
                                 self.gateway.parameters())
            self.start()
        except BaseException:
            self.abandon()
            raise

    # -- what differs from a plain System ----------------------------------------------------------------------------

    def _redis_process(self):
        process = super()._redis_process()
        process.data = self.directory / "redis"
        self._may_lose_power(process)
        if self.network:
            address = self.network.address("redis")
            process.command = [*self.network.command("redis"), *process.command, "--bind", address,
                               "--protected-mode", "no", "--port", "6379"]
            self.redis_for_services = f"redis://{address}:6379"
        return process

    def _may_lose_power(self, process):
        library = self.directory / "powercut.so"
        if not library.exists():
            subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(library),
                            str(Path(__file__).with_name("powercut.c"))], check=True)
        process.synced = self.directory / f"{process.name}.synced"
        process.environment |= {"LD_PRELOAD": str(library), "SYNCED": str(process.synced)}

    def add(self, service, number, parameters=None):
        name, values = f"{service}.{number}", dict(parameters or {})
        if self.network:
            address = self.network.address(name)
            values |= {"redis": self.redis_for_services, "bind_host": address, "admin_host": address}
            if service == "intake":
                values["http_host"] = address
        process = super().add(service, int(number), values)
        if self.network:
            process.command = [*self.network.command(name), *process.command]
            process.admin = process.admin.replace("127.0.0.1", address)
        if service == "intake":
            self.doors[name] = (process.environment.get("SIDAN_HTTP_HOST", "127.0.0.1"),
                                int(process.environment["SIDAN_HTTP_PORT"]))
        return process

    def abandon(self):
        super().abandon()
        self._leave()

    def close(self):
        try:
            super().close()
        finally:
            self._leave()

    def _leave(self):
        if self.gateway:
            self.gateway.stop()
        if self.network:
            self.network.close()

    def cut_power(self, process):
        """kill -9 of a Redis, and what was not synced is gone; see powercut.c."""
        process.kill()
        synced = dict(line.split() for line in process.synced.read_text().splitlines())
        for path in process.data.glob("**/*.incr.aof"):
            file = path.stat()
            os.truncate(path, min(file.st_size, int(synced.get(str(file.st_ino), 0))))

    # -- for those who use it ----------------------------------------------------------------------------------------

    def door(self):
        return Door(list(self.doors.values()))

    def members(self):
        """Ids and phones, by county and group."""
        members = {path.name: defaultdict(list) for path in self.counties}
        for path in self.counties:
            for row in read_table(path / "members.csv"):
                members[path.name][row["group"]].append((row["id"], row["phone"]))
        return members

    def crash_points(self):
        """(service, name) of each step at which a program can be told to die, as the programs say it."""
        points = []
        for service in SERVICES:
            said = subprocess.run([str(self.bin / f"sidan-{service}"), "--help"], env={"SIDAN_CRASH": "list"}, text=True,
                                  capture_output=True, timeout=30, check=True).stdout
            if not said.startswith("Usage"):  # a build without crash points only helps
                points += [(service, name) for name in sorted(set(said.splitlines()))]
        return points

    def keys_in_redis(self):
        return list(self.redis.scan_iter("*", 5000))

    def wait_ready(self, timeout=60):
        wait_until(lambda: all(process.popen and self.is_ready(process) for process in self.services.values()),
                   timeout, "all instances are ready", pause=0.2)


class ReplicatedTown(Town, Replicated):
    """Its Redis is a primary with two replicas and three Sentinels."""

    redis_names = ["redis0", "redis1", "redis2", "sentinel0", "sentinel1", "sentinel2"]
    redis_kind = {"replicas": 2}

    def host(self, name):
        return self.network.address(name) if self.network else super().host(name)

    def _redis_process(self):
        primary = Replicated._redis_process(self)
        for node in self.nodes:
            self._may_lose_power(node)
        if self.network:
            for process in [*self.nodes, *self.sentinels]:
                process.command = [*self.network.command(process.name), *process.command]
        self.redis_for_services = self.redis_url
        return primary
