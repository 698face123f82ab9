"""A whole sidan for one test: a private Redis, a county with short clocks, any number of instances per service.

    system = System(tmp_path)
    order = system.place(title="路灯不亮")
    system.wait_state(order, "open")

Everything listens on loopback and lives in one directory. close() stops all of it and fails the test when a service
did not end with 0, when a sanitizer had something to say, or when a log has an error that the test did not expect.
Nothing here waits for a span of time: it waits for a condition, and fails when that does not come true.
"""

import csv
import hashlib
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import redis
import requests
import zmq

ROOT = Path(__file__).resolve().parents[2]
# Reads the spool for the tests, and makes the keys and the county: without sanitizers, because that is done hundreds of
# times. What sidanctl does for its own tests is watched by them.
PLAIN = ROOT / "build/bin/sidanctl"
QUICK = PLAIN if PLAIN.exists() else None
SERVICES = ("intake", "routing", "assignment", "notification", "archive")
COUNTY = "990103"
CLAIMS = ("M101", "M102", "M103")  # members of the group; a matter of construction has three places
KEYS = {"office": "test-office-key", "import": "test-import-key", "open311": "test-open311-key"}
# A length that is only claimed in a message cannot be allocated: malloc refuses it, which is no fault.
SANITIZER = re.compile(r"AddressSanitizer(?! failed to allocate)|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer")
# Short traces of allocations, and less freed memory kept to be watched: with more of both a test takes twice the time.
SANITIZED = "detect_leaks=1:abort_on_error=0:malloc_context_size=5:quarantine_size_mb=16:allocator_may_return_null=1"
NO_LIMITS = {"guest_per_minute": 0, "codes_burst": 100, "codes_per_hour": 3600}  # all tests share one address
ALWAYS_AT_WORK = {"work_hours": "00:00-24:00", "work_weekdays": "1-7"}
ONE_PHONE = {"phone_orders": "0", "sms_per_day": "0"}  # all tests place with the same
SOON = {"drain_ms": 100}  # who stops alone is to be noticed by the others first; mostly all stop together
NO_NIGHT = {"quiet_hours": "none"}
# What a gateway calls two of the SMS.
SMS_CODES = {"sms_templates.csv": "template,gateway,code,parameters\nplaced,ali,SMS_1,title order access\nopened,ali,SMS_2,\n",
             "sms_signatures.csv": "gateway,sign\nali,云溪政协\n"}
ADDRESS = {"public_url": "https://sidan.example.cn"}


def wait_until(condition, timeout, what, pause=0.05):
    """Returns the first true value of condition(). what: for the failure, in words."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)


def _own_ports():
    """Ports that no other run of the tests uses, each once, even while nobody listens on them.

    They lie below those that the kernel gives to outgoing connections, so that they stay free over a restart. A span of
    them belongs to the process that has bound the abstract socket of its name, until that process ends.
    """
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    spans = range(end // 2, end, 100)
    taken = []
    for first in random.sample(spans, len(spans)):
        sign = socket.socket(socket.AF_UNIX)
        try:
            sign.bind(f"\0sidan-tests-{first}")
        except OSError:
            continue
        taken.append(sign)
        yield from range(first, min(first + 100, end))


def free_port(ports=_own_ports()):  # one source for all calls
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("other runs of the tests have all ports")


def make_county(directory, county=COUNTY, settings=None, clocks=None, source="990101", files=None, keys=KEYS):
    """Writes a county like a sample one: always at work, with these keys, settings and clocks.

    clocks: {("normal", "claim"): "2s"}. files: {"rules.csv": text} to replace whole files.
    """
    target = Path(directory) / county
    shutil.copytree(ROOT / "deploy" / "counties" / source, target)
    always = ALWAYS_AT_WORK | NO_NIGHT | ONE_PHONE | ADDRESS
    _change(target / "settings.csv", always | (settings or {}), key=("name",), value="value")
    _change(target / "clocks.csv", clocks or {}, key=("urgency", "clock"), value="time")
    (target / "calendar.csv").unlink(missing_ok=True)
    with open(target / "keys.csv", "w", encoding="utf-8") as out:
        out.write("name,role,hash\n")
        for role, key in keys.items():
            out.write(f"{role},{role},{hashlib.blake2b(key.encode(), digest_size=32).hexdigest()}\n")
    for name, text in (files or {}).items():
        (target / name).write_text(text, encoding="utf-8")
    return target


def read_table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _change(path, values, key, value):
    rows = read_table(path)
    table = {tuple(row[k] for k in key): row for row in rows}
    for name, new in values.items():
        name = name if isinstance(name, tuple) else (name,)
        table[name] = dict(zip(key, name)) | {value: new}
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*key, value], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table.values())


def variables(parameters):
    """Parameters as the environment has them."""
    return {f"SIDAN_{name.upper()}": str(value) for name, value in parameters.items()}


def redis_access(directory):
    """Makes a password, which all users of users.acl have here; how the services sign in."""
    password = secrets.token_urlsafe(24)
    sha256 = hashlib.sha256(password.encode()).hexdigest()
    users = (ROOT / "deploy/redis/users.acl").read_text()
    (directory / "users.acl").write_text(re.sub(r"#\w+_SHA256", f"#{sha256}", users))
    (directory / "redis-password").write_text(password + "\n")
    return {"redis_user": "sidan", "redis_password_file": directory / "redis-password"}


class Process:
    """A program with a fixed command and environment, to be started and ended as often as the test likes."""

    def __init__(self, name, command, environment, log):
        self.name, self.command, self.environment, self.log = name, command, environment, Path(log)
        self.popen = None
        self.exits = []  # codes of those that ended by themselves or by TERM

    def start(self):
        assert not self.running(), f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True)

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """kill -9, as a power cut would: the exit code proves nothing."""
        if (code := self.popen.poll()) is not None:  # it had ended before
            self.exits.append(code)
        self.popen.kill()
        self.popen.wait()
        self.popen = None

    def stop(self, timeout=15):
        """TERM, and the exit code; a process that does not end within the timeout is killed and counts as failed."""
        if self.popen is None:
            return
        self.popen.terminate()
        try:
            self.exits.append(self.popen.wait(timeout))
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            self.exits.append("killed after it did not end on TERM")
        self.popen = None

    def readiness(self):
        """Status and text of /readyz of a service; (0, "") while it does not answer."""
        try:
            answer = requests.get(f"{self.admin}/readyz", timeout=5)
            return answer.status_code, answer.text
        except requests.RequestException:
            return 0, ""

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


class Answer:
    """What the HTTP door said: status, headers, content, text, and json (None when it is none)."""

    def __init__(self, response):
        self.status, self.headers = response.status_code, response.headers
        self.content, self.text = response.content, response.text
        try:
            self.json = response.json()
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"<{self.status} {self.text[:300]}>"


class Person:
    """Somebody who has signed in: api() sends the cookie, and the token that changes need."""

    def __init__(self, system, answer):
        self.system, self.cookie = system, answer.headers["Set-Cookie"].split(";")[0]
        self.roles, self.csrf = answer.json["roles"], answer.json["csrf"]

    def api(self, method, path, body=None, headers=None, **more):
        headers = {"Cookie": self.cookie, "X-CSRF-Token": self.csrf} | (headers or {})
        return self.system.api(method, path, body, headers=headers, **more)

    def step(self, order, verb, body=None, **more):
        return self.api("POST", f"/api/v1/orders/{order['order']}/{verb}", body or {}, **more)


def is_busy(answer):
    """Whether more came than the services could handle just then, so that one has to come again."""
    return answer.status == 503 and answer.json["code"] == "busy"


class System:
    def __init__(self, directory, counties=None, instances=None, parameters=None, start=True):
        """counties: directories, default one made by make_county(). instances: {"routing": 3}, default one each.

        parameters: {"intake": {"body_ms": 2000}}; the key "all" is for every service.
        """
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="sidan-")  # the path of a unix socket must be short
        self.bin = Path(os.environ.get("SIDAN_BIN", ROOT / "build/asan/bin"))
        self.redis_url = f"unix:{self.sockets}/redis.sock"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.spool_directory = self.directory / "spool"
        self.spooled = {}  # file to the SMS in it, opened once
        self.keys = self.directory / "keys"
        self.allowed_errors = []  # patterns of error lines that this test provokes
        self.http = requests.Session()
        self.redis_process = self._redis_process()
        self.ctl("keys", "init", str(self.keys), program=QUICK)
        self.services = {}  # name of the instance, as "routing.1", to its Process
        for service in SERVICES:
            for number in range(1, (instances or {}).get(service, 1) + 1):
                self.add(service, number, (parameters or {}).get("all", {}) | (parameters or {}).get(service, {}))
        self.counties = counties or [make_county(self.directory / "counties")]
        if start:
            try:
                self.start()
            except BaseException:
                self.abandon()
                raise

    # -- processes ---------------------------------------------------------------------------------------------------

    def _redis_process(self):
        """The services sign in, with the rights that deploy/redis/users.acl gives them, and the test as its admin."""
        data = self.directory / "redis"
        data.mkdir(exist_ok=True)
        self.redis_access = redis_access(self.directory)
        command = ["redis-server", str(ROOT / "deploy/redis/redis.conf"), "--port", "0", "--unixsocket",
                   f"{self.sockets}/redis.sock", "--dir", str(data), "--aclfile", str(self.directory / "users.acl"),
                   "--jemalloc-bg-thread", "no"]  # it waits by the time of day, without end where tests move that
        return Process("redis", command, dict(os.environ), self.directory / "redis.log")

    def add(self, service, number, parameters=None):
        """Describes one more instance; start() or its own start() runs it."""
        first = number == 1
        values = {"redis": self.redis_url, "keys": self.keys, "admin_port": free_port()} | SOON | self.redis_access
        values |= self.own_parameters(service, first) | (parameters or {})
        environment = dict(os.environ) | variables(values)
        environment.setdefault("ASAN_OPTIONS", SANITIZED)
        name = f"{service}.{number}"
        process = Process(name, [str(self.bin / f"sidan-{service}")], environment, self.directory / f"{name}.log")
        process.admin = f"http://127.0.0.1:{values['admin_port']}"
        self.services[name] = process
        return process

    def own_parameters(self, service, first):
        if service == "intake":
            return {"http_port": self.port if first else free_port(), "listen_ms": 100,
                    "attachments_dir": self.directory / "attachments"} | NO_LIMITS
        if service == "notification":
            return {"spool_dir": self.spool_directory}
        if service == "archive":
            return {"data_dir": self.directory / "archive"}
        return {}

    def start(self):
        self.start_redis()
        for county in self.counties:
            self.ctl("county", "apply", str(county), program=QUICK)
        for process in self.services.values():
            process.start()
        self.wait_ready()

    def start_redis(self):
        self.redis_process.start()
        self.redis = self.connect_redis(decode_responses=True)
        wait_until(self._redis_answers, 20, "Redis answers")

    def connect_redis(self, username="admin", **more):
        password = (self.directory / "redis-password").read_text().strip()
        return redis.Redis(unix_socket_path=f"{self.sockets}/redis.sock", username=username, password=password, **more)

    def _redis_answers(self):
        try:
            return self.redis.ping()
        except redis.exceptions.RedisError:
            assert self.redis_process.running(), self.redis_process.text()
            return False

    def of(self, service):
        """All instances of a service, or the one that is named."""
        return [p for name, p in self.services.items() if service in (name, name.split(".")[0])]

    def kill(self, service):
        for process in self.of(service):
            process.kill()

    def restart(self, service):
        for process in self.of(service):
            process.start()

    def is_ready(self, process):
        assert process.running(), f"{process.name} ended:\n{process.text()[-3000:]}"
        return process.readiness()[0] == 200

    def key_pair(self, name):
        """The key pair of a service, or of sidanctl, for zmq: (public, secret)."""
        secret = (self.keys / f"{name}.secret").read_bytes().strip()
        return zmq.curve_public(secret), secret

    def instance(self, service):
        """Where the last instance of a service takes messages, and its public key."""
        _, endpoint, _, key = self.redis.zrange(f"registry:{service}", -1, -1)[0].split("@", 3)
        return endpoint, key.encode()

    def wait_ready(self, timeout=30):
        for process in self.services.values():
            if process.popen is not None:
                wait_until(lambda p=process: self.is_ready(p), timeout, f"{process.name} is ready")

    def metrics(self, process):
        return requests.get(f"{process.admin}/metrics", timeout=5).text

    def abandon(self):
        """Ends everything at once: what it would have to say does not matter any more."""
        for process in [*self.services.values(), self.redis_process]:
            if process.running():
                process.kill()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def close(self):
        """Stops everything, and says what was wrong."""
        self.http.close()
        for process in self.services.values():  # all at once; and those that a test left stopped must hear it too
            if process.running():
                process.signal(signal.SIGTERM)
                process.signal(signal.SIGCONT)
        faults = []
        for process in self.services.values():
            process.stop()
            faults += [f"{process.name} ended with {code}" for code in process.exits if code != 0]
            faults += [f"{process.name}: {line}" for line in process.text().splitlines() if self._is_fault(line)]
        self.redis_process.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)
        assert not faults, "\n".join(faults[:20])

    def _is_fault(self, line):
        if SANITIZER.search(line):
            return True
        words = line.split(" ", 2)
        is_error = len(words) > 1 and words[1] == "error"
        return is_error and not any(re.search(pattern, line) for pattern in self.allowed_errors)

    # -- the doors ---------------------------------------------------------------------------------------------------

    def environment(self):
        """What sidanctl and the scripts around it need to find this system."""
        return os.environ | variables({"redis": self.redis_url, "keys": self.keys} | self.redis_access)

    def ctl(self, *arguments, check=True, program=None):
        """Runs sidanctl; its output, or with check=False the finished process."""
        done = subprocess.run([str(program or self.bin / "sidanctl"), *arguments], text=True, capture_output=True,
                              timeout=60, env=self.environment())
        assert not SANITIZER.search(done.stdout + done.stderr), done
        if not check:
            return done
        assert done.returncode == 0, f"sidanctl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def api(self, method, path, body=None, key=None, code=None, idempotency=None, headers=None, timeout=20, **more):
        """One request to intake. key: a role of KEYS, or a key. code: the resident's."""
        headers = dict(headers or {})
        if key:
            headers["Authorization"] = f"Bearer {KEYS.get(key, key)}"
        if code:
            headers["X-Order-Code"] = code
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        if body is not None:
            more["data"] = json.dumps(body, ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        return Answer(self.http.request(method, self.url + path, headers=headers, timeout=timeout, **more))

    def rows(self, path, cursor=None, **more):
        """All rows of a list, part by part; or from a place on."""
        while True:
            part = self.api("GET", path + (f"&cursor={cursor}" if cursor else ""), **more).json
            yield from part["rows"]
            assert part.get("next") is None or part["next"] != cursor, "it stays where it is"
            cursor = part.get("next")
            if not cursor:
                return

    def place(self, county=COUNTY, idempotency=None, **fields):
        """Places an order that routing is sure about, unless the fields say otherwise: {"order", "code", ...}."""
        body = {"county": county, "title": "东门小区路灯不亮", "text": "三栋门口的路灯坏了半个月", "name": "周小雨",
                "phone": "10000000001"} | fields
        def accepted():
            answer = self.api("POST", "/api/v1/orders", body, idempotency=idempotency)
            assert answer.status in (200, 201) or is_busy(answer), answer
            return answer.status != 503 and answer.json
        return wait_until(accepted, 60, "intake lets it in", pause=0.5)

    def codes(self, phone):
        """The sign-in codes that a phone was sent, oldest first."""
        return [re.search(r"\d{6}", sms["text"])[0] for sms in self.spool() if (sms["to"], sms["template"]) ==
                (phone, "code")]

    def sign_in(self, phone, county=COUNTY):
        """Signs somebody in by the code that their phone is sent."""
        before = len(self.codes(phone))
        asked = self.api("POST", "/api/v1/sign-in/code", {"county": county, "phone": phone})
        assert asked.status == 202, asked
        code = wait_until(lambda: self.codes(phone)[before:], 20, f"a code for {phone}")[0]
        answer = self.api("POST", "/api/v1/sign-in", {"county": county, "phone": phone, "code": code})
        assert answer.status == 200, answer
        return Person(self, answer)

    def audit(self, county=COUNTY):
        """The entries of the county's trail, oldest first: those the archive has, and those still on the way to it."""
        entries = dict(self.redis.xrange(f"audit:{{{county}}}"))
        file = self.directory / "archive" / f"{county}.db"
        if file.exists():
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as archive:
                rows = archive.execute("SELECT entry, actor, action, order_id, result, detail FROM audit ORDER BY id")
                entries = {row[0]: dict(zip(("actor", "action", "order", "result", "detail"), row[1:]))
                           for row in rows} | entries
        return list(entries.values())

    def order(self, order):
        """The order as its resident sees it."""
        def shown():  # as long as Redis is not there again, one comes again
            answer = self.api("GET", f"/api/v1/orders/{order['order']}", code=order["code"])
            return answer.status != 503 and answer
        answer = wait_until(shown, 20, "it is shown")
        assert answer.status == 200, answer
        return answer.json

    def history(self, order):
        """The steps that its resident sees, oldest first."""
        answer = self.api("GET", f"/api/v1/orders/{order['order']}/history", code=order["code"])
        assert answer.status == 200, answer
        return answer.json["rows"]

    def step(self, order, verb, body=None, key="office", **more):
        return self.api("POST", f"/api/v1/orders/{order['order']}/{verb}", body or {}, key=key, **more)

    def claim_all(self, order, members=CLAIMS, key="office"):
        for member in members:
            answer = self.step(order, "claim", {"member": member}, key=key)
            assert answer.status == 200, answer
        return self.wait_state(order, "assigned")

    def answer_it(self, order, text="路灯修好了"):
        answer = self.step(order, "answer", {"actor": "member:M101", "outcome": "solved", "answer": text})
        assert answer.status == 200, answer
        return self.wait_state(order, "answered")

    def rate(self, order, rating):
        """As its resident."""
        return self.step(order, "rating", {"rating": rating, "note": "谢谢"}, key=None, code=order["code"])

    def finish(self, order):
        """From placed to closed."""
        self.wait_state(order, "open")
        self.claim_all(order)
        self.answer_it(order)
        answer = self.rate(order, "satisfied")
        assert answer.status == 200, answer
        return self.wait_state(order, "closed")

    def wait_state(self, order, *states, timeout=20):
        return wait_until(lambda: (now := self.order(order))["state"] in states and now, timeout,
                          f"{order['order']} is {' or '.join(states)}")

    def spool(self, order=None):
        """The SMS that the spool driver wrote, of one order or of all, oldest first: {"to", "recipient", "template",
        "order", "time", "text"}."""
        paths = sorted(self.spool_directory.glob(f"*/{order['order']}.*.txt" if order else "*/*.txt"),
                       key=lambda path: path.name.split(".")[1:])
        new = [str(path) for path in paths if path not in self.spooled]
        for some in (new[i:i + 1000] for i in range(0, len(new), 1000)):
            opened = json.loads(self.ctl("spool", "--json", *some, program=QUICK))["sms"]
            self.spooled |= {Path(path): sms for path, sms in zip(some, opened)}
        return [self.spooled[path] for path in paths]

    def wait_sms(self, order, timeout=20, count=1, **wanted):
        """Waits for SMS of an order with these values; text may stand anywhere in the text. Returns them."""
        def fits(sms):
            return all(value in sms[name] if name == "text" else sms[name] == value for name, value in wanted.items())
        return wait_until(lambda: len(found := [s for s in self.spool(order) if fits(s)]) >= count and found, timeout,
                          f"{count} SMS of {order['order']} with {wanted}", pause=0.2)
