"""A sidan whose Redis is a primary with replicas and three Sentinels, as deploy/redis has them, with their passwords.

    system = make_system(kind=Replicated, replicas=2)
    system.primary.kill()

The services have redis_replicas=1, unless the parameters say otherwise. One Sentinel of the url is not there.
"""

import os
import re

import redis
from redis.sentinel import Sentinel

from harness import ROOT, Process, System, free_port, redis_access, wait_until

DEPLOY = ROOT / "deploy/redis"
NAME = "sidan"
FAILOVER_S = 30  # longest that a failover may take here


def answers(connection):
    try:
        return connection.ping()
    except redis.exceptions.RedisError:
        return False


class Replicated(System):
    def __init__(self, directory, replicas=1, waits=1, **arguments):
        self.node_count, self.waits = 1 + replicas, waits
        super().__init__(directory, **arguments)

    def host(self, _name):
        """Where one of the processes of Redis listens."""
        return "127.0.0.1"

    def _redis_process(self):
        """Describes all of them, and answers the first primary."""
        self.redis_access = redis_access(self.directory)
        self.redis_access |= {"redis_replicas": self.waits, "redis_timeout_ms": 1000}
        self.password = (self.directory / "redis-password").read_text().strip()
        self.nodes = []
        for number in range(self.node_count):
            self.nodes.append(self._node(number))
        self.sentinels = [self._sentinel(number) for number in range(3)]
        addresses = [f"127.0.0.1:{free_port()}", *(f"{s.host}:{s.port}" for s in self.sentinels)]
        self.redis_url = f"sentinel://{','.join(addresses)}/{NAME}"
        return self.nodes[0]

    def _process(self, name, lines, *arguments):
        directory = self.directory / name
        directory.mkdir()
        configuration = directory / "redis.conf"
        host, port = self.host(name), free_port()
        lines = [*lines, f"port {port}", f"dir {directory}", f"bind {host}", "protected-mode no", ""]
        configuration.write_text("\n".join(lines))
        process = Process(name, ["redis-server", str(configuration), *arguments], dict(os.environ),
                          self.directory / f"{name}.log")
        process.host, process.port, process.data = host, port, directory
        return process

    def _node(self, number):
        lines = [f"include {DEPLOY}/redis.conf", f"include {DEPLOY}/replicated.conf",
                 f"aclfile {self.directory}/users.acl", "masteruser replica", f"masterauth {self.password}"]
        if self.nodes:
            lines.append(f"replicaof {self.nodes[0].host} {self.nodes[0].port}")
        return self._process(f"redis{number}", lines)

    def _sentinel(self, number):
        primary = self.nodes[0]
        text = (DEPLOY / "sentinel.conf").read_text().replace("127.0.0.1 6379", f"{primary.host} {primary.port}")
        text = re.sub(r"failover-timeout sidan \d+", "failover-timeout sidan 2000", text)
        lines = [text.replace("port 26379", ""), f"sentinel auth-user {NAME} sentinel",
                 f"sentinel auth-pass {NAME} {self.password}"]
        return self._process(f"sentinel{number}", lines, "--sentinel")

    def start_redis(self):
        for node in self.nodes:
            node.start()
        for replica in self.nodes[1:]:
            self.wait_replica(replica)
        for sentinel in self.sentinels:  # last, because they look for replicas every 10 s only
            sentinel.start()
        self.watch = Sentinel([(s.host, s.port) for s in self.sentinels], socket_timeout=1)
        self.redis = self.watch.master_for(NAME, username="admin", password=self.password, decode_responses=True,
                                           socket_timeout=5)
        wait_until(self._is_complete, 30, "the Sentinels know all that is there", pause=0.2)

    def _is_complete(self):
        try:
            states = [s.sentinel_masters()[NAME] for s in self.watch.sentinels]
            return all(state["num-slaves"] == self.node_count - 1 and state["num-other-sentinels"] == 2
                       for state in states)
        except (redis.exceptions.RedisError, KeyError):
            return False

    @property
    def primary(self):
        """The node that the Sentinels name, whether it lives or not."""
        port = self.watch.discover_master(NAME)[1]
        return next(node for node in self.nodes if node.port == port)

    def is_whole(self):
        """Whether all nodes are there: a primary that no Sentinel is about to replace, and replicas that follow it."""
        try:
            found = self.connection(self.primary).info("replication")
            flags = {s.sentinel_masters()[NAME]["flags"] for s in self.watch.sentinels}
        except redis.exceptions.RedisError:
            return False
        states = [replica["state"] for name, replica in found.items() if re.fullmatch(r"slave\d", name)]
        return found["role"] == "master" and states == ["online"] * (self.node_count - 1) and flags == {"master"}

    def replacing(self):
        """The Sentinel that was chosen to replace the primary."""
        [leader] = [sentinel for sentinel in self.sentinels if "+elected-leader" in sentinel.text()]
        return leader

    def connection(self, node):
        return redis.Redis(node.host, node.port, username="admin", password=self.password, decode_responses=True,
                           socket_timeout=5)

    def takes_itself_for_the_primary(self, node):
        try:
            return self.connection(node).role()[0] == "master"
        except redis.exceptions.RedisError:
            return False  # being promoted, it drops whoever is connected

    def wait_failover(self, old):
        """Waits until the Sentinels name another primary than this one."""
        def moved():
            try:
                return self.primary is not old and self.redis.role()[0] == "master"
            except redis.exceptions.RedisError:
                return False
        wait_until(moved, FAILOVER_S, f"another primary than {old.name}", pause=0.2)

    def wait_replica(self, node):
        """Waits until it follows the primary, with all that the primary has."""
        def follows():
            try:
                found = self.connection(node).info("replication")
                return found["role"] == "slave" and found["master_link_status"] == "up"
            except redis.exceptions.RedisError:
                return False
        wait_until(follows, FAILOVER_S, f"{node.name} is a replica", pause=0.2)

    def make_replica(self, node):
        """Starts a former primary as a replica; Sentinels would do that as well, after 10 s."""
        node.start()
        old = self.connection(node)
        wait_until(lambda: answers(old), 20, f"{node.name} answers")
        old.replicaof(self.primary.host, self.primary.port)
        self.wait_replica(node)

    def abandon(self):
        for process in [*self.sentinels, *self.nodes]:
            if process.running():
                process.kill()
        super().abandon()

    def close(self):
        try:
            super().close()
        finally:
            for process in [*self.sentinels, *self.nodes]:
                if process.running():
                    process.kill()
