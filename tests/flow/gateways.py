"""Stand-ins for the SMS gateways and robots on the internet, on loopback: they check what they are sent by themselves.

    cloud = Cloud("aliyun")
    cloud.url, cloud.settings()   for the gateway's file
    cloud.plays = ["isv.AMOUNT_NOT_ENOUGH", "hang"]   what it does with the next requests; then it accepts
    cloud.plays_to = {phone: "lose"}                  and with the next one to that phone
    cloud.sent                    what it took: [{"phone", "sign", "code", "values" or "text", "id", "serial"}]
    cloud.faults                  requests that were not what the gateway's document asks for: must stay empty
    cloud.stop()

A play is a code of the gateway, "lose" (the connection ends without an answer, though the SMS is taken), or "hang".
Signatures are computed anew here, in Python's own words, from the documents of the gateways.
"""

import base64
import hashlib
import hmac
import json
import threading
import urllib.parse
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY, SECRET = "test-key", "test-secret-that-is-in-no-log"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256)


def authorization(header):
    """("NAME", {"Credential": ..., "SignedHeaders": ..., "Signature": ...})"""
    name, _, rest = header.partition(" ")
    return name, dict(part.strip().split("=", 1) for part in rest.split(","))


def canonical(path, headers, signed, body):
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed.split(";"))
    return "\n".join(["POST", path, "", lines, signed, sha256(body)])


class Refused(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Refused(what)


class Aliyun:
    required = {"driver": "aliyun", "key": KEY, "secret": SECRET}

    @staticmethod
    def read(path, headers, body):
        name, given = authorization(headers["authorization"])
        check(name == "ACS3-HMAC-SHA256" and given["Credential"] == KEY, "credential")
        wanted = {"content-type", "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date",
                  "x-acs-signature-nonce", "x-acs-version"}
        check(set(given["SignedHeaders"].split(";")) == wanted, "signed headers")
        check(headers["x-acs-content-sha256"] == sha256(body), "hash of the body")
        check(headers["x-acs-action"] == "SendSms" and headers["x-acs-version"] == "2017-05-25", "action")
        when = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        check(abs((datetime.now(timezone.utc) - when).total_seconds()) < 900, "date")
        text = f"{name}\n{sha256(canonical(path, headers, given['SignedHeaders'], body).encode())}"
        check(given["Signature"] == mac(SECRET.encode(), text).hexdigest(), "signature")
        form = {key: value[0] for key, value in urllib.parse.parse_qs(body.decode(), strict_parsing=True).items()}
        return {"phone": form["PhoneNumbers"], "sign": form["SignName"], "code": form["TemplateCode"],
                "values": json.loads(form["TemplateParam"]), "id": form["OutId"]}

    @staticmethod
    def say(code, serial):
        return 200, {"Code": code or "OK", "Message": "words", "BizId": serial, "RequestId": "R"}


class Tencent:
    required = {"driver": "tencent", "key": KEY, "secret": SECRET, "app": "1400006666"}

    @staticmethod
    def read(path, headers, body):
        name, given = authorization(headers["authorization"])
        stamp = int(headers["x-tc-timestamp"])
        check(abs(datetime.now(timezone.utc).timestamp() - stamp) < 300, "timestamp")
        date = datetime.fromtimestamp(stamp, timezone.utc).strftime("%Y-%m-%d")
        check(name == "TC3-HMAC-SHA256" and given["Credential"] == f"{KEY}/{date}/sms/tc3_request", "credential")
        lower = headers | {"x-tc-action": headers["x-tc-action"].lower()}
        request = sha256(canonical(path, lower, given["SignedHeaders"], body).encode())
        key = ("TC3" + SECRET).encode()
        for part in (date, "sms", "tc3_request"):
            key = mac(key, part).digest()
        check(given["Signature"] == mac(key, f"{name}\n{stamp}\n{date}/sms/tc3_request\n{request}").hexdigest(),
              "signature")
        check(headers["x-tc-action"] == "SendSms" and headers["x-tc-version"] == "2021-01-11", "action")
        sms = json.loads(body)
        check(sms["SmsSdkAppId"] == "1400006666" and len(sms["PhoneNumberSet"]) == 1, "body")
        return {"phone": sms["PhoneNumberSet"][0].removeprefix("+86"), "sign": sms["SignName"],
                "code": sms["TemplateId"], "values": sms["TemplateParamSet"], "id": sms["SessionContext"]}

    @staticmethod
    def say(code, serial):
        if code and code.startswith(("AuthFailure", "RequestLimit", "Unauthorized")):
            return 200, {"Response": {"Error": {"Code": code, "Message": "words"}, "RequestId": "R"}}
        return 200, {"Response": {"SendStatusSet": [{"SerialNo": serial if not code else "", "Code": code or "Ok"}]}}


class Mas:
    required = {"driver": "mas", "ec_name": "某县政协", "key": KEY, "secret": SECRET}

    @staticmethod
    def read(path, headers, body):
        sms = json.loads(base64.b64decode(body, validate=True))
        template = path.endswith("/sms/tmpsubmit")
        check(template or path.endswith("/sms/norsubmit"), "path")
        parts = [sms["ecName"], sms["apId"], SECRET]
        parts += [sms["templateId"], sms["mobiles"], sms["params"]] if template else [sms["mobiles"], sms["content"]]
        check(sms["mac"] == hashlib.md5("".join([*parts, sms["sign"], sms["addSerial"]]).encode()).hexdigest(), "mac")
        check("secretKey" not in sms and SECRET not in json.dumps(sms), "the secret is posted")
        return {"phone": sms["mobiles"], "sign": sms["sign"], "code": sms.get("templateId", ""), "id": "",
                "values": json.loads(sms.get("params", "[]")), "text": sms.get("content", "")}

    @staticmethod
    def say(code, serial):
        return 200, {"msgGroup": serial if not code else "", "rspcod": code or "success", "success": not code}


class Plain:
    """A gateway by its file: deploy/gateways/http.json."""
    required = {}

    @staticmethod
    def read(path, headers, body):
        check(headers["authorization"] == f"Bearer {SECRET}", "token")
        sms = json.loads(body)
        return {"phone": sms["mobile"], "text": sms["content"], "id": sms["reference"]}

    @staticmethod
    def say(code, serial):
        return 200, {"code": code or "0", "id": serial}


class Wecom:
    path = f"/cgi-bin/webhook/send?key={SECRET}"

    @classmethod
    def read(cls, path, headers, body):
        check(path == cls.path and headers["content-type"].startswith("application/json"), "address")
        line = json.loads(body)
        check(set(line) == {"msgtype", "text"} and line["msgtype"] == "text", "body")
        check(len(line["text"]["content"].encode()) <= 2048, "size")
        return {"phone": "", "text": line["text"]["content"]}

    @staticmethod
    def say(code, serial):
        return 200, {"errcode": int(code or 0), "errmsg": "words"}


class Dingtalk(Wecom):
    path = f"/robot/send?access_token={SECRET}"

    @classmethod
    def read(cls, path, headers, body):
        path, _, rest = path.rpartition("&timestamp=")
        stamp, _, sign = rest.partition("&sign=")
        check(abs(datetime.now(timezone.utc).timestamp() * 1000 - int(stamp)) < 3600000, "timestamp")
        wanted = base64.b64encode(mac(SECRET.encode(), f"{stamp}\n{SECRET}").digest()).decode()
        check(sign == urllib.parse.quote_plus(wanted), "signature")
        return super().read(path, headers, body)


class Feishu:
    path = f"/open-apis/bot/v2/hook/{SECRET}"

    @classmethod
    def read(cls, path, headers, body):
        line = json.loads(body)
        check(path == cls.path and set(line) == {"timestamp", "sign", "msg_type", "content"}, "address and body")
        check(abs(datetime.now(timezone.utc).timestamp() - int(line["timestamp"])) < 3600, "timestamp")
        wanted = base64.b64encode(mac(f"{line['timestamp']}\n{SECRET}".encode(), "").digest()).decode()
        check(line["sign"] == wanted and line["msg_type"] == "text", "signature")
        return {"phone": "", "text": line["content"]["text"]}

    @staticmethod
    def say(code, serial):
        return 200, {"code": int(code or 0), "msg": "words", "data": {}}


class Cloud:
    kinds = {"aliyun": Aliyun, "tencent": Tencent, "mas": Mas, "http": Plain, "wecom": Wecom, "dingtalk": Dingtalk,
             "feishu": Feishu}

    def __init__(self, kind):
        self.kind = self.kinds[kind]
        self.plays, self.always, self.sent, self.faults, self.requests = [], None, [], [], 0
        self.plays_to = {}
        self.lock, self.stopping = threading.Lock(), threading.Event()
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # which keeps a connection for the next request

            def do_POST(self):
                cloud.answer(self)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size, daemon_threads = 128, True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, **more):
        url = self.url.rstrip("/") if self.kind is Mas else self.url
        return self.kind.required | {"url": url} | more

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.lock:
            self.requests += 1
            play = self.plays.pop(0) if self.plays else self.always
            serial = f"serial:{id(self)}-{self.requests}"
            try:
                sms = self.kind.read(request.path, headers, body)
            except Exception as fault:  # whatever is wrong with it shows in the test
                self.faults.append(repr(fault))
                play = "lose"
            else:
                play = self.plays_to.pop(sms["phone"], play)
                if play in (None, "lose", "hang"):
                    self.sent.append(sms | {"serial": serial})
        if play == "hang":
            self.stopping.wait(20)
        if play in ("lose", "hang"):
            request.close_connection = True
            return
        status, answer = self.kind.say(play, serial)
        text = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def to(self, phone):
        with self.lock:
            return [sms for sms in self.sent if sms["phone"] == phone]

    def stop(self):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
