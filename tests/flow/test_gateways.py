"""SMS through gateways on the internet, played on loopback: what they are asked, what their answers lead to, fallback,
rests, and what they push."""

import json
import re

import pytest

from gateways import SECRET, Cloud
from harness import COUNTY, ROOT, make_county, read_table, wait_until

TOKEN = "a-token-of-the-test"
RESIDENT = "10000000001"
TEMPLATES = "template,gateway,code,parameters\n" + "".join(
    f"{name},{gateway},{code}_{name},{parameters}\n" for gateway, code in (("ali", "SMS"), ("qq", "77"), ("mas", "M"))
    for name, parameters in (("placed", "title order access"), ("test", ""), ("opened", "title place code")))
SIGNATURES = "gateway,sign\nali,云溪政协\nqq,云溪政协\nmas,SIGN01\n"


@pytest.fixture
def clouds():
    """Makes stand-ins; each must have got nothing but what its document asks for."""
    made = []

    def make(kind):
        made.append(Cloud(kind))
        return made[-1]
    yield make
    for cloud in made:
        cloud.stop()
    assert not [fault for cloud in made for fault in cloud.faults]


@pytest.fixture
def through(make_system, tmp_path):
    """A system whose SMS go through these gateways, in this order: through(ali=settings, qq=settings)."""
    def make(templates=TEMPLATES, signatures=SIGNATURES, parameters=None, **gateways):
        directory = tmp_path / "gateways"
        directory.mkdir()
        for name, settings in gateways.items():
            (directory / f"{name}.json").write_text(json.dumps(settings))
            (directory / f"{name}.json").chmod(0o600)
        county = make_county(tmp_path / "counties",
                             files={"sms_templates.csv": templates, "sms_signatures.csv": signatures})
        system = make_system(start=False, counties=[county], parameters={"intake": {"gateway_token": TOKEN}})
        system.add("notification", 1, {"gateway": " ".join(gateways), "gateways_dir": directory,
                                       "gateway_rest_ms": 500} | (parameters or {}))
        system.start()
        return system
    return make


def sms_of(system, order, template="placed"):
    """The one SMS of an order with this template, as Redis has it, and its id."""
    for key in system.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*"):
        sms = system.redis.hgetall(key)
        if sms.get("template") == template:
            return sms | {"id": key.split(":")[-1]}
    return {"state": "none"}


def wait_sms(system, order, state, template="placed"):
    return wait_until(lambda: (sms := sms_of(system, order, template))["state"] == state and sms, 40,
                      f"the SMS {template} is {state}")


def push(system, path, body):
    return system.api("POST", f"/gateway/{path.split('/')[0]}/{TOKEN}/{path.split('/')[1]}", body)


def assert_nothing_leaks(system):
    for process in system.of("notification"):
        assert SECRET not in process.text() and RESIDENT not in process.text()


@pytest.mark.parametrize("kind, name", [("aliyun", "ali"), ("tencent", "qq"), ("mas", "mas")])
def test_an_sms_goes_by_code_and_its_receipt_settles_it(through, clouds, kind, name):
    cloud = clouds(kind)
    system = through(**{name: cloud.settings()})
    order = system.place(title='路灯"不亮"')
    sms = wait_sms(system, order, "accepted")
    sent = cloud.to(RESIDENT)[0]
    values = list(sent["values"].values()) if kind == "aliyun" else sent["values"]
    assert values == ['路灯"不亮"', order["order"], order["code"]]
    assert sent["sign"] == ("SIGN01" if kind == "mas" else "云溪政协") and sent["code"].endswith("_placed")
    assert sms["gateway"] == name
    receipts = {
        "aliyun": ("aliyun/report", [{"phone_number": RESIDENT, "success": True, "err_code": "DELIVERED",
                                      "out_id": sent["id"], "biz_id": sent["serial"]}], {"code": 0, "msg": "接收成功"}),
        "tencent": ("tencent/report", [{"mobile": RESIDENT, "report_status": "SUCCESS", "errmsg": "DELIVRD",
                                        "sid": sent["serial"]}], {"result": 0, "errmsg": "OK"}),
        "mas": ("mas/report", [{"reportStatus": "CM:0000", "mobile": RESIDENT, "errorCode": "DELIVRD",
                                "msgGroup": sent["serial"]}], None)}
    path, body, wanted = receipts[kind]
    answer = push(system, path, body)
    assert answer.status == 200 and (wanted is None or answer.json == wanted), answer
    assert sms_of(system, order)["state"] == "delivered"
    assert len(cloud.to(RESIDENT)) == 1
    assert_nothing_leaks(system)


def test_a_gateway_by_its_file_gets_the_text_with_the_countys_sign(through, clouds):
    cloud = clouds("http")
    settings = json.loads((ROOT / "deploy/gateways/http.json").read_text())
    settings["values"]["token"] = SECRET
    system = through(own=settings | {"url": cloud.url}, signatures="gateway,sign\nown,云溪政协办\n")
    order = system.place(title='路灯"不亮"\\')
    wait_sms(system, order, "accepted")
    assert cloud.to(RESIDENT)[0]["text"].startswith('【云溪政协办】您好，您反映的“路灯"不亮"\\”')
    assert_nothing_leaks(system)


def test_mas_takes_as_text_what_has_no_code(through, clouds):
    cloud = clouds("mas")
    system = through(mas=cloud.settings(), templates="template,gateway,code,parameters\n")
    wait_sms(system, system.place(), "accepted")
    sent = cloud.to(RESIDENT)[0]
    assert sent["code"] == "" and sent["text"].startswith("您好") and sent["sign"] == "SIGN01"


@pytest.mark.parametrize("kind, name, code, state", [
    ("aliyun", "ali", "isv.MOBILE_NUMBER_ILLEGAL", "failed"),
    ("tencent", "qq", "FailedOperation.PhoneNumberInBlacklist", "failed"),
    ("mas", "mas", "InvalidMessage", "failed"),
    ("tencent", "qq", "InternalError.Timeout", "unknown"),
    ("aliyun", "ali", "isv.BUSINESS_LIMIT_CONTROL", "queued"),
    ("aliyun", "ali", "lose", "unknown"),
    ("mas", "mas", "hang", "unknown")])
def test_what_is_about_the_sms_is_not_asked_of_the_next(through, clouds, kind, name, code, state):
    """A lost answer above all: the SMS may have gone out."""
    first, second = clouds(kind), clouds("http")
    first.always = code
    settings = json.loads((ROOT / "deploy/gateways/http.json").read_text())
    settings["values"]["token"] = SECRET
    patience = {"timeout_ms": 1000} if code == "hang" else {}
    system = through(**{name: first.settings(**patience), "own": settings | {"url": second.url}})
    order = system.place()
    sms = wait_until(lambda: (found := sms_of(system, order)) and found.get("detail") and found, 20, "it was answered")
    assert (sms["state"], sms["gateway"]) == (state, name)
    if state == "queued":  # for an hour
        wait = system.redis.zscore(f"smsq:{{{COUNTY}}}", sms["id"]) - int(sms["created"])
        assert 3500_000 < wait < 3700_000
    wait_until(lambda: first.requests >= 7 or sms_of(system, order, "opened")["state"] != "none", 20, "the next SMS")
    assert not second.to(RESIDENT) and len(first.to(RESIDENT)) <= 1
    assert_nothing_leaks(system)


def test_a_stopped_gateway_hands_over_to_the_next_and_is_tried_again(through, clouds):
    first, second = clouds("aliyun"), clouds("tencent")
    first.always = "isv.AMOUNT_NOT_ENOUGH"
    system = through(ali=first.settings(), qq=second.settings(), parameters={"gateway_rest_ms": 5000})
    system.allowed_errors.append("gateway=ali stopped")
    order = system.place()
    sms = wait_sms(system, order, "accepted")
    assert sms["gateway"] == "qq" and len(second.to(RESIDENT)) == 1
    notification = system.of("notification")[0]
    wait_until(lambda: 'sidan_gateway_open{gateway="ali"} 0' in system.metrics(notification), 20, "the metric says it")
    rows = json.loads(system.ctl("sms", "gateways", "--json"))["gateways"]
    assert [(row["gateway"], row["place"], row["state"]) for row in sorted(rows, key=lambda row: row["place"])] == [
        ("ali", 1, "stopped"), ("qq", 2, "open")]
    assert "isv.AMOUNT_NOT_ENOUGH" in system.ctl("status")
    asked, took = first.requests, len(second.sent)
    system.place()
    wait_until(lambda: len(second.sent) >= took + 7, 20, "the next order's SMS go by the other gateway")
    assert first.requests <= asked + 1, "it was asked for each SMS although it had stopped"

    first.always = None
    wait_until(lambda: system.place() and first.sent, 20, "the gateway is tried again", pause=0.6)
    wait_until(lambda: 'sidan_gateway_open{gateway="ali"} 1' in system.metrics(notification), 20, "the metric says it")
    assert "gateway=ali takes SMS again" in notification.text()


def test_sms_wait_without_using_up_tries_while_no_gateway_takes_any(through, clouds):
    cloud = clouds("aliyun")
    cloud.always = "isv.OUT_OF_SERVICE"
    system = through(ali=cloud.settings(), parameters={"gateway_rest_ms": 2000})
    system.allowed_errors.append("gateway=ali stopped")
    orders = [system.place()]
    notification = system.of("notification")[0]
    wait_until(lambda: 'sidan_gateway_open{gateway="ali"} 0' in system.metrics(notification), 20, "it is found stopped")
    asked = cloud.requests  # of those that were on their way
    orders += [system.place() for _ in range(4)]
    wait_until(lambda: cloud.requests > asked, 20, "it was tried again after its rest")
    assert cloud.requests < asked + 4 * 7, "each SMS was tried"
    cloud.always = None
    for order in orders:
        wait_sms(system, order, "accepted")
    assert len(cloud.to(RESIDENT)) == 5
    wait_until(lambda: len(cloud.sent) == 5 * 7, 20, "all SMS are sent")
    tries = sum(int(system.redis.hget(key, "attempt")) for key in system.redis.keys(f"sms:{{{COUNTY}}}:*"))
    assert tries == cloud.requests, "an SMS was taken from the queue though nobody could be asked"


def test_a_county_without_a_code_goes_by_the_next(through, clouds):
    first, second = clouds("aliyun"), clouds("tencent")
    system = through(ali=first.settings(), qq=second.settings(), templates=TEMPLATES.replace("placed,ali", "closed,ali"))
    order = system.place()
    assert wait_sms(system, order, "accepted")["gateway"] == "qq"
    assert not first.to(RESIDENT) and "sidan_gateway_rests_total" not in system.metrics(system.of("notification")[0])


def test_a_gateway_that_is_not_reached_hands_over(through, clouds):
    second = clouds("mas")
    system = through(ali=Cloud.kinds["aliyun"].required | {"url": "http://127.0.0.1:1/"}, mas=second.settings())
    assert wait_sms(system, system.place(), "accepted")["gateway"] == "mas"


def report(sms, success=True):
    return {"phone_number": RESIDENT, "success": success, "err_code": "DELIVERED", "out_id": sms, "sms_size": "1"}


def test_a_lost_answer_is_settled_by_a_receipt(through, clouds):
    cloud = clouds("aliyun")
    system = through(ali=cloud.settings())
    wait_sms(system, system.place(), "accepted")  # the gateway would take the next over the same connection
    cloud.plays_to = {RESIDENT: "lose"}  # its group may be asked first
    sms = wait_sms(system, system.place(), "unknown")
    assert sms["id"] in system.ctl("sms", "unknown")
    answer = push(system, "aliyun/report", [report(sms["id"], success=False), report("x"), {"no": "receipt"}])
    assert (answer.status, answer.json) == (200, {"code": 0, "msg": "接收成功"})
    settled = system.redis.hgetall(f"sms:{{{COUNTY}}}:{sms['id']}")
    assert settled["state"] == "failed" and not {"phone", "text", "values"} & set(settled)
    assert len(cloud.to(RESIDENT)) == 2


def test_what_its_sender_died_over_is_not_sent_again(through, clouds):
    """Whether the gateway took it nobody knows then; here it did, and only its answer was missing."""
    cloud = clouds("aliyun")
    cloud.plays_to = {RESIDENT: "hang"}
    system = through(ali=cloud.settings())
    order = system.place()
    wait_until(lambda: cloud.to(RESIDENT), 20, "the gateway has it")
    system.kill("notification")
    sms = sms_of(system, order)
    system.redis.zadd(f"smsq:{{{COUNTY}}}", {sms["id"]: 0})  # the time of whoever had it is over
    system.restart("notification")
    state = wait_until(lambda: (now := sms_of(system, order)["state"]) != sms["state"] and now, 40, "it is looked at")
    assert state == "unknown" and len(cloud.to(RESIDENT)) == 1
    assert sms["id"] in system.ctl("sms", "unknown")


def test_a_receipt_is_thanked_for_only_once_it_is_stored(through, clouds):
    cloud = clouds("tencent")
    system = through(qq=cloud.settings())
    sms = wait_sms(system, system.place(), "accepted")
    status = {"mobile": RESIDENT, "report_status": "SUCCESS", "sid": cloud.to(RESIDENT)[0]["serial"]}
    system.kill("notification")
    assert push(system, "tencent/report", [status]).status == 503
    system.restart("notification")
    system.wait_ready()
    early = push(system, "tencent/report", [status, status | {"sid": "serial:of-nobody-yet"}])
    assert early.status == 503 and system.redis.hget(f"sms:{{{COUNTY}}}:{sms['id']}", "state") == "delivered"
    again = push(system, "tencent/report", [status])
    assert (again.status, again.json) == (200, {"result": 0, "errmsg": "OK"})
    assert system.api("POST", "/gateway/tencent/another-token-it-is/report", [status]).status == 404
    assert system.api("POST", f"/gateway/tencent/{TOKEN}/report", data="{").status == 200  # would be no better again


@pytest.mark.parametrize("path, reply, wanted", [
    ("aliyun/reply", lambda phone, text: [{"phone_number": phone, "content": text, "dest_code": "1",
                                           "send_time": "2026-11-28 09:00:00", "sequence_id": 1234567890}],
     {"code": 0, "msg": "接收成功"}),
    ("tencent/reply", lambda phone, text: {"extend": "1", "mobile": phone, "nationcode": "86", "sign": "云溪政协",
                                           "text": text, "time": 1779900000}, {"result": 0, "errmsg": "OK"}),
    ("mas/reply", lambda phone, text: {"mobile": phone, "smsContent": text, "sendTime": "2026-11-28 09:00:00",
                                       "addSerial": "01"}, None)])
def test_a_reply_claims_once(through, clouds, path, reply, wanted):
    cloud = clouds("aliyun")
    system = through(ali=cloud.settings())
    order = system.place()
    phone = next(row["phone"] for row in read_table(system.counties[0] / "members.csv") if row["id"] == "M101")
    code = wait_until(lambda: cloud.to(phone), 20, "the member is asked")[0]["values"]["code"]
    for _ in range(2):
        answer = push(system, path, reply(phone, f"{code} 接单"))
        assert answer.status == 200 and (wanted is None or answer.json == wanted), answer
    members = f"order:{{{COUNTY}}}:{order['order']}"
    wait_until(lambda: system.redis.hget(members, "members") == "M101", 20, "the claim is there")
    steps = [step["step"] for step in system.history(order)]
    assert steps.count("claimed") == 1
    for process in system.of("intake"):
        assert phone not in process.text()


def test_an_operator_tries_the_way_and_reads_the_texts(through, clouds):
    cloud = clouds("aliyun")
    system = through(ali=cloud.settings())
    system.place()
    wait_until(lambda: cloud.to(RESIDENT), 20, "the gateway works")
    assert re.search(r"accepted by ali$", system.ctl("sms", "test", COUNTY, "13900000009").strip())
    assert cloud.to("13900000009")[0]["code"] == "SMS_test"
    cloud.plays = ["isv.SMS_SIGN_ILLEGAL"] * 10
    refused = system.ctl("sms", "test", COUNTY, "13900000009", check=False)
    assert refused.returncode == 1 and "isv.SMS_SIGN_ILLEGAL" in refused.stdout
    assert system.ctl("sms", "test", COUNTY, "12", check=False).returncode == 2

    rows = {row["template"]: row for row in json.loads(system.ctl("sms", "preview", COUNTY, "--json"))["templates"]}
    for row in rows.values():
        assert row["characters"] == len(row["text"])
        assert row["segments"] == (1 if len(row["text"]) <= 70 else -(-len(row["text"]) // 67))
        hole = re.search(r"[：，“](?=[，。”])|改由办|单号是|】对|想问您：请", row["text"])
        assert not hole, f"a value is missing, and the length is wrong: {row['text']}"
    assert "【云溪县政协】" in rows["placed"]["text"] and rows["test"]["segments"] == 1


def test_what_cannot_be_used_is_refused_at_the_start(through, clouds, make_system):
    system = through(ali=clouds("aliyun").settings())
    system.allowed_errors.append("gateway")
    directory = system.directory.parent
    files = next(directory.rglob("ali.json")).parent
    for text, mode, said in (
            ('{"driver": "aliyun", "key": "k"}', 0o600, '"secret" is missing'),
            ('{"driver": "pigeon"}', 0o600, "none of aliyun"),
            ('{"driver": "aliyun", "key": "k", "secret": "s", "sceret": "s"}', 0o600, 'no setting "sceret"'),
            ('{"driver": "aliyun", "key": "k", "secret": "s"}', 0o644, "gateway ali"),
            ('{"driver": "aliyun", ', 0o600, "is no JSON")):
        (files / "ali.json").write_text(text)
        (files / "ali.json").chmod(mode)
        process = system.of("notification")[0]
        process.stop()
        process.start()
        wait_until(lambda p=process: not p.running(), 20, "it ends")
        assert said in process.text(), said
        process.popen = None


def test_an_sms_of_an_older_version_goes_where_its_text_is_enough(through, clouds):
    """It was queued without its template's values: a code with nothing filled in would tell nobody anything."""
    first, second = clouds("aliyun"), clouds("mas")
    first.always, second.always = "isv.OUT_OF_SERVICE", "IllegalMac"
    system = through(ali=first.settings(), mas=second.settings(), parameters={"gateway_rest_ms": 5000})
    system.allowed_errors.append("stopped")
    order = system.place()
    sms = wait_until(lambda: (found := sms_of(system, order))["state"] == "queued" and found.get("detail") and found,
                     20, "it was tried")
    system.redis.hdel(f"sms:{{{COUNTY}}}:{sms['id']}", "values")
    first.always = second.always = None
    assert wait_sms(system, order, "accepted")["gateway"] == "mas"
    assert second.to(RESIDENT)[0]["text"].startswith("您好") and not first.to(RESIDENT)
