"""A real Kannel behind two doors that misbehave on demand.

    notification ──► SendDoor ──► smsbox ──► bearerbox ──► fake SMSC
    intake ◄── ReceiptDoor ◄────────┘

SendDoor writes down which SMS each request was for, so that the audit can hold the SMSC's log against the ids. What it
can do wrong (its mode): refuse connections; hang; pass on and answer too late, or not at all; tear the connection
before anything was passed on; say "not now". ReceiptDoor loses receipts, brings them twice, or late and so in the wrong
order.
"""

import http.client
import random
import socket
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kannel import Kannel
from load import GATEWAY_TOKEN

TIMEOUT = 2  # seconds of notification's patience with the gateway
SEND_MODES = ("refuse", "hang", "late", "silent", "tear", "busy")
RECEIPT_MODES = ("lose", "twice", "delay")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # beside whoever keeps it; see Door
    request_queue_size = 4096  # after an outage Kannel brings everything at once

    def handle_error(self, request, client_address):
        """Connections break here: that is what they are for."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Nothing on the terminal."""

    def content(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def pass_on(self, address, body, timeout=30):
        """(status, body) of whoever is behind the door."""
        connection = http.client.HTTPConnection(*address, timeout=timeout)
        try:
            names = ("host", "connection", "content-length")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in names}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Sending(Handler):
    def do_POST(self):
        door, body = self.server.door, self.content()
        mode, url = door.mode, urllib.parse.urlsplit(self.headers["X-Kannel-DLR-URL"])
        if mode == "tear":
            return
        if mode == "hang":
            time.sleep(TIMEOUT + 2)
            return
        if mode == "busy":
            self.answer(503, b"Temporal failure, try again later.")
            return
        sms = urllib.parse.parse_qs(url.query)["sms"][0]
        door.passed.append((sms, self.headers["X-Kannel-To"], body.decode()))
        try:
            status, text = self.pass_on(door.smsbox, body)
        except (OSError, http.client.HTTPException):
            door.unanswered.add(sms)
            return
        if mode == "late":
            time.sleep(TIMEOUT + 1)
        if mode != "silent":
            self.answer(status, text)


class Receipts(Handler):
    """And what people write, which comes once, as it is."""

    def bring(self):
        door, body = self.server.door, self.content()
        mode = door.mode if "/receipt?" in self.path else None
        if mode == "lose":
            self.answer(200)
            return
        if mode == "delay":
            time.sleep(random.uniform(0, 3))
        status = 503
        for _ in range(2 if mode == "twice" else 1):
            try:
                status, _ = self.pass_on(random.choice(door.intakes), body, timeout=5)
            except (OSError, http.client.HTTPException):
                status = 503  # Kannel asks again
        self.answer(status)
        if status == 200 and "X-Kannel-From" in self.headers:
            door.brought.add((self.headers["X-Kannel-From"], body.decode("utf-16-be")))

    do_GET = do_POST = bring


class Door:
    """A server that can be away; its port stays the same, and nobody else's: who finds it shut is refused."""

    def __init__(self, host, handler):
        self.keeper = socket.socket()  # has the port and does not listen
        self.keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.keeper.bind((host, 0))
        self.handler, self.address = handler, self.keeper.getsockname()
        self.mode = None
        self.server = None
        self.open()

    def open(self):
        self.server = Server(self.address, self.handler)
        self.server.door = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def shut(self):
        self.server.shutdown()
        self.server.server_close()
        self.server = None

    def behave(self, mode):
        """None is well."""
        if mode == "refuse":
            self.shut()
        elif self.server is None:
            self.open()
        self.mode = mode


class Gateway:
    def __init__(self, directory, host, intakes):
        """host: where notification reaches it. intakes: addresses of their doors."""
        self.receipts = Door("127.0.0.1", Receipts)
        self.receipts.intakes = intakes
        self.receipts.brought = set()  # (phone, text) of each reply that intake has taken
        callback = f"http://127.0.0.1:{self.receipts.address[1]}/gateway/kannel/{GATEWAY_TOKEN}"
        self.kannel = Kannel(directory, callback)
        self.sending = Door(host, Sending)
        self.sending.smsbox = ("127.0.0.1", self.kannel.ports["SENDSMS_PORT"])
        self.sending.passed = []  # (id, phone, text) of each request that Kannel got
        self.sending.unanswered = set()  # ids of those whose connection a busy Kannel ended; it may have taken the SMS
        self.lock = threading.Lock()

    def parameters(self):
        host, port = self.sending.address
        return self.kannel.parameters() | {"kannel_url": f"http://{host}:{port}/cgi-bin/sendsms",
                                           "kannel_timeout_ms": TIMEOUT * 1000, "receipt_wait_s": 12}

    def reply(self, phone, text):
        with self.lock:
            self.kannel.reply(phone, text)

    def heal(self):
        self.sending.behave(None)
        self.receipts.behave(None)

    def stop(self):
        for door in (self.sending, self.receipts):
            if door.server is not None:
                door.shut()
            door.keeper.close()
        self.kannel.stop()
