#!/usr/bin/python3
"""A network of its own for each process of a sidan, with everything between them in the hands of the test.

Each node lives in a network namespace whose only way out is a TUN device; the other end of all these devices is one
program, the switch, which passes packets on, late, or not at all, as it is told. So nothing is needed of the kernel
but namespaces and /dev/net/tun, and nothing of the machine's own network is touched. Namespaces end with the switch
and with the processes in them.

    network.enter()                      once, first of all: this process leaves the machine's network, too
    net = Network(["redis", "intake.1"], seed)
    net.address("redis")                 "10.77.0.2"; the test itself is the node "test"
    net.command("redis")                 what to put before a command, so that it runs there
    net.between("redis", "intake.1", drop=True)      both ways; delay, jitter (seconds), loss (0 to 1)
    net.heal()
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
SET_INTERFACE, TUN_WITHOUT_HEADER = 0x400454CA, 0x1001
LIBC = ctypes.CDLL(None, use_errno=True)
NEEDS = ("the network faults need root, or user namespaces that may make network namespaces, and /dev/net/tun; "
         "leave them out with --faults")


def unshare(flags):
    if LIBC.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def enter():
    """Leaves the machine's network for an empty one, as root or as root of a user namespace of one's own."""
    try:
        if os.geteuid() == 0:
            unshare(NEW_NETWORK)
        else:
            user, group = os.geteuid(), os.getegid()
            unshare(NEW_USER | NEW_NETWORK)
            for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
                with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                    out.write(text)
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        raise SystemExit(f"chaos: {error}: {NEEDS}") from error
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Network:
    def __init__(self, names, seed):
        self.names = ["test", *names]
        self.rules = {}
        self.switch = subprocess.Popen([sys.executable, __file__, str(len(self.names)), str(seed)], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.namespaces = json.loads(self.switch.stdout.readline() or "null")
        if self.namespaces is None:
            raise SystemExit(f"chaos: the network could not be made: {NEEDS}")

    def address(self, name):
        return _address(self.names.index(name))

    def command(self, name):
        return ["nsenter", f"--net={self.namespaces[self.names.index(name)]}"]

    def between(self, one, other, drop=False, delay=0, jitter=0, loss=0):
        a, b = self.names.index(one), self.names.index(other)
        self.rules[(min(a, b), max(a, b))] = {"drop": drop, "delay": delay, "jitter": jitter, "loss": loss}
        self._tell()

    def mend(self, one, other):
        a, b = self.names.index(one), self.names.index(other)
        self.rules.pop((min(a, b), max(a, b)), None)
        self._tell()

    def _tell(self):
        """Returns when the switch goes by it."""
        self.switch.stdin.write(json.dumps([[*pair, rule] for pair, rule in self.rules.items()]) + "\n")
        self.switch.stdin.flush()
        self.switch.stdout.readline()

    def close(self):
        self.switch.stdin.close()
        self.switch.wait()
        self.switch.stdout.close()


# -- the switch, a process of its own ----------------------------------------------------------------------------------

def _address(index):
    return f"10.77.0.{index + 1}"


def _make_node(index):
    """The namespace that this process is in gets a TUN device; returns its other end."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, SET_INTERFACE, struct.pack("16sH", b"net0", TUN_WITHOUT_HEADER))
    for words in ("link set lo up", f"addr add {_address(index)}/24 dev net0", "link set net0 up"):
        subprocess.run(["ip", *words.split()], check=True)
    return device


class Switch:
    def __init__(self, count, seed):
        self.random = random.Random(f"network {seed}")
        self.rules, self.late, self.sent = {}, [], 0
        self.devices, self.namespaces = [], []
        for index in range(count):
            if index:
                unshare(NEW_NETWORK)
            self.devices.append(_make_node(index))
            namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
            self.namespaces.append(f"/proc/{os.getpid()}/fd/{namespace}")

    def pass_on(self, source, packet):
        """One IPv4 packet; its destination is the last byte of its address."""
        if len(packet) < 20 or packet[0] >> 4 != 4 or not 1 <= packet[19] <= len(self.devices):
            return
        target = packet[19] - 1
        rule = self.rules.get((min(source, target), max(source, target)))
        if rule and (rule["drop"] or self.random.random() < rule["loss"]):
            return
        if rule and rule["delay"]:
            self.sent += 1
            wait = rule["delay"] + self.random.uniform(-rule["jitter"], rule["jitter"])
            heapq.heappush(self.late, (time.monotonic() + wait, self.sent, target, packet))
        else:
            self.hand_over(target, packet)

    def hand_over(self, target, packet):
        try:
            os.write(self.devices[target], packet)
        except OSError:
            pass  # a full queue loses packets, here as elsewhere

    def run(self):
        print(json.dumps(self.namespaces), flush=True)
        poll, commands = select.epoll(), sys.stdin.fileno()
        poll.register(commands, select.EPOLLIN)
        of = {device: index for index, device in enumerate(self.devices)}
        for device in self.devices:
            poll.register(device, select.EPOLLIN)
        while True:
            wait = max(0, self.late[0][0] - time.monotonic()) if self.late else None
            for ready, _ in poll.poll(wait):
                if ready == commands:
                    if not (line := sys.stdin.readline()):
                        return
                    self.rules = {(a, b): rule for a, b, rule in json.loads(line)}
                    print("ok", flush=True)
                    continue
                for _ in range(64):
                    try:
                        self.pass_on(of[ready], os.read(ready, 65536))
                    except OSError:
                        break
            while self.late and self.late[0][0] <= time.monotonic():
                self.hand_over(*heapq.heappop(self.late)[2:])


if __name__ == "__main__":
    Switch(int(sys.argv[1]), sys.argv[2]).run()
