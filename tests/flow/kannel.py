"""A real Kannel for a flow test: bearerbox, smsbox and the fake SMSC, on free ports, in a directory of its own.

    kannel = Kannel(directory, callback="http://127.0.0.1:8080/gateway/kannel/TOKEN")
    ... parameters of notification: kannel.parameters() ...
    kannel.received()                     what the network got: [{"to": ..., "from": ..., "text": ...}]
    kannel.reply("13800138000", "3Q7 接单")  somebody writes back
    kannel.stop()

The configuration is deploy/kannel/kannel.conf, so the test proves that too. Each program runs in a session of its
own, and stop() ends exactly these: smsbox comes back under another process id when bearerbox goes away.
"""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

from harness import ROOT, free_port, wait_until

FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
SENDER = "106900001"


class Kannel:
    def __init__(self, directory, callback):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True)
        self.callback = callback
        self.ports = {name: free_port() for name in ("ADMIN_PORT", "BOX_PORT", "SENDSMS_PORT", "SMSC_PORT")}
        self.config = self.directory / "kannel.conf"
        self.processes = {}
        self._write_config()
        try:
            self.start_bearerbox()
            self.start_smsbox()
            self.start_network()
        except BaseException:
            self.stop()
            raise

    def parameters(self):
        return {
            "gateway": "kannel",
            "kannel_url": f"http://127.0.0.1:{self.ports['SENDSMS_PORT']}/cgi-bin/sendsms",
            "kannel_user": "notify",
            "kannel_password": "secret",
            "kannel_receipt_url": self.callback,
        }

    def _write_config(self):
        text = (ROOT / "deploy/kannel/kannel.conf").read_text(encoding="utf-8")
        values = self.ports | {"ADMIN_PASSWORD": "admin", "SEND_USER": "notify", "SEND_PASSWORD": "secret",
                               "SENDER": SENDER, "STORE": self.directory, "CALLBACK": self.callback}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        # A test does not wait as long as a person does.
        text = text.replace("http-queue-delay = 5", "http-queue-delay = 1")
        self.config.write_text(text, encoding="utf-8")

    # -- programs ----------------------------------------------------------------------------------------------------

    def _start(self, name, *command):
        with open(self.directory / f"{name}.out", "ab") as out:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out,
                                                    start_new_session=True)

    def _wait_port(self, name):
        wait_until(lambda: _answers(self.ports[name]), 20, f"Kannel's {name} answers")

    def start_bearerbox(self):
        self._start("bearerbox", "bearerbox", "-v", "2", str(self.config))
        self._wait_port("BOX_PORT")

    def start_smsbox(self):
        self._start("smsbox", "smsbox", "-v", "2", str(self.config))
        self._wait_port("SENDSMS_PORT")

    def start_network(self):
        """The fake SMSC: it takes what is sent, and sends what is written to its standard input."""
        self._start("fakesmsc", FAKE_SMSC, "-H", "127.0.0.1", "-r", str(self.ports["SMSC_PORT"]), "-i", "0.1")

    def end(self, name):
        """kill -9 of one program and whatever it started."""
        process = self.processes.pop(name)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.stdin.close()
        process.wait()

    def stop(self):
        for name in list(self.processes):
            self.end(name)

    # -- the network -------------------------------------------------------------------------------------------------

    def received(self):
        """What arrived on phones, in order, up to a second late; the parts of a long text are put together."""
        log = (self.directory / "fakesmsc.out").read_text(encoding="utf-8", errors="replace")
        messages, parts = [], {}
        for sender, to, kind, rest in re.findall(r"Got message \d+: <(\S+) (\S+) (\S+) (.*)>", log):
            if kind == "udh":
                head, _, rest = rest.split(" ", 2)
                whole = urllib.parse.unquote_to_bytes(head.replace("+", " "))
                key = to, whole[3]
                parts[key] = parts.get(key, b"") + _unquote(rest)
                if whole[5] == whole[4]:
                    messages.append({"from": sender, "to": to, "text": parts.pop(key).decode("utf-16-be")})
            elif kind == "ucs-2":
                messages.append({"from": sender, "to": to, "text": _unquote(rest).decode("utf-16-be")})
            else:
                messages.append({"from": sender, "to": to, "text": rest})
        return messages

    def reply(self, phone, text):
        """An SMS from a phone to the county's number; short, because the fake SMSC reads lines of 255 bytes."""
        encoded = "".join(f"%{byte:02X}" for byte in text.encode("utf-16-be"))
        line = f"{phone} {SENDER} ucs2 {encoded}\n".encode()
        assert len(line) < 256
        process = self.processes["fakesmsc"]
        process.stdin.write(line)
        process.stdin.flush()
        time.sleep(0.2)  # it reads one line at a time


def _unquote(text):
    return urllib.parse.unquote_to_bytes(text.replace("+", " "))


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
