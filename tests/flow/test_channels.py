"""Notices by mail, through a real server with TLS, and in chat groups, whose robots are played on loopback."""

import email.utils
import json
import re

import pytest

from gateways import SECRET, Cloud
from harness import COUNTY, ROOT, make_county, read_table, wait_until
from mailserver import PASSWORD, USER, MailServer

OFFICE = "housing@office.example.cn"
UNCLEAR = {"title": "想问一件事", "text": "不知道该找谁，请帮忙看看。"}  # it is screened


def offices(name):
    """departments.csv or committees.csv with a mail address of the first."""
    rows = read_table(ROOT / "deploy/counties/990101" / name)
    lines = [f"{row['id']},{row['name']},{row['phone']},{OFFICE if i == 0 else ''}" for i, row in enumerate(rows)]
    return "id,name,phone,email\n" + "\n".join(lines) + "\n"


@pytest.fixture
def mailing(make_system, tmp_path):
    """Makes a system that sends mail: mailing(server), or with other settings for the gateway's file."""
    made = []

    def make(server=None, robots=None, gateway="spool mail", **more):
        server = server or MailServer(tmp_path / "mail")
        made.append(server)
        directory = tmp_path / "gateways"
        directory.mkdir()
        (directory / "mail.json").write_text(json.dumps(server.settings(**more)))
        (directory / "mail.json").chmod(0o600)
        county = make_county(tmp_path / "counties", files={"departments.csv": offices("departments.csv")})
        system = make_system(start=False, counties=[county])
        system.add("notification", 1, {"gateway": gateway, "gateways_dir": directory, "gateway_rest_ms": 500,
                                       "spool_dir": system.spool_directory})
        system.start()
        return system, server
    yield make
    for server in made:
        server.stop()


def hand_over(system, **fields):
    """An order that its members have handed to the first department."""
    order = system.place(**fields)
    system.wait_state(order, "open")
    system.claim_all(order)
    answer = system.step(order, "handover", {"actor": "member:M101", "department": "D01", "note": "请尽快查看"})
    assert answer.status == 200, answer
    return order


def notices(system, order, channel):
    """The notices of an order by mail or in chats, as Redis has them: [fields and id]."""
    keys = system.redis.keys(f"sms:{{{COUNTY}}}:{order['order']}.*")
    found = [system.redis.hgetall(key) | {"id": key.split(":")[-1]} for key in keys]
    return [notice for notice in found if notice.get("channel") == channel]


def wait_notice(system, order, channel, state, **wanted):
    def fits():
        return [notice for notice in notices(system, order, channel) if notice["state"] == state and
                wanted.items() <= notice.items()]
    return wait_until(fits, 20, f"a notice by {channel} is {state}")[0]


def assert_nothing_leaks(system, *secrets):
    for process in system.services.values():
        assert not [secret for secret in secrets if secret in process.text()], process.name
        assert not [secret for secret in secrets if secret in system.metrics(process)], process.name
    hashes = str([system.redis.hgetall(key) for kind in ("sms", "config") for key in system.redis.keys(f"{kind}:*")])
    assert not [secret for secret in secrets if secret in hashes]


def test_a_department_is_told_by_sms_and_by_mail(mailing):
    system, server = mailing()
    order = hand_over(system, title="东门小区路灯不亮 =?UTF-8?B?eA==?= Bcc: x@example.cn")
    notice = wait_notice(system, order, "mail", "delivered")
    sms = system.wait_sms(order, template="handed_over")
    mail, = server.to(OFFICE)
    assert mail.tls and mail.signed_in and mail.sender == USER
    assert mail.text() == sms[0]["text"] and "答复期限" in mail.text()
    message = mail.message
    assert message["Subject"] == sms[0]["text"][:40] + "…" and message["To"] == f"{OFFICE}"
    assert message["From"].addresses[0].display_name == "云溪县政协" and message["From"].addresses[0].addr_spec == USER
    assert message["Message-ID"] == f"<{notice['id']}@example.cn>" and message["Auto-Submitted"] == "auto-generated"
    assert abs(email.utils.parsedate_to_datetime(message["Date"]).timestamp() * 1000 - int(notice["created"])) < 1000
    assert not message["Bcc"] and len(message.keys()) == len(set(message.keys()))
    assert not [line for line in mail.raw.splitlines() if b"=?" in line and len(line) > 76]
    assert not {"phone", "text", "values"} & set(notice) and notice["recipient"] == "department:D01"
    assert len(server.mails) == 1 and system.redis.zcard(f"mailq:{{{COUNTY}}}") == 0
    assert_nothing_leaks(system, OFFICE, PASSWORD)


@pytest.mark.parametrize("play, state, mails", [
    ("550", "failed", 0), ("554", "failed", 0), ("451", "delivered", 1), ("lose", "unknown", 1)])
def test_what_the_mail_server_says(mailing, play, state, mails):
    """A lost reply above all: the mail may have gone out, and is not sent again."""
    system, server = mailing()
    server.plays = [play]
    order = hand_over(system)
    notice = wait_notice(system, order, "mail", state)
    assert len(server.to(OFFICE)) == mails and server.sessions == (2 if play == "451" else 1), notice
    if play in ("550", "554"):
        assert notice["detail"] == f"the mail server says {play}"
    if play == "lose":
        assert notice["id"] in system.ctl("sms", "unknown")
        system.ctl("sms", "settle", COUNTY, notice["id"], "delivered", "--reason", "asked")
        assert wait_notice(system, order, "mail", "delivered")["id"] == notice["id"] and len(server.to(OFFICE)) == 1
    assert_nothing_leaks(system, OFFICE, PASSWORD)


@pytest.mark.parametrize("fault, said", [
    ({"password": "another-password"}, "gateway=mail stopped"),
    ({"ca_file": ""}, "gateway=mail stopped"),
    ("plain", "gateway=mail stopped")])
def test_no_mail_goes_without_tls_or_to_a_stranger(mailing, tmp_path, fault, said):
    """Nor does an SMS wait for it."""
    if fault == "plain":
        system, server = mailing(MailServer(tmp_path / "plain", tls=False))
    else:
        system, server = mailing(**fault)
    system.allowed_errors.append(said)
    order = hand_over(system)
    system.wait_sms(order, template="handed_over")
    wait_until(lambda: said in system.of("notification")[0].text(), 20, "an operator is told")
    wait_notice(system, order, "mail", "queued", attempt="2")
    assert not server.mails
    wait_until(lambda: states_of_gateways(system) == {"spool": "open", "mail": "stopped"}, 20, "an operator sees it")
    assert_nothing_leaks(system, OFFICE, PASSWORD, "another-password")


def states_of_gateways(system):
    return {row["gateway"]: row["state"] for row in json.loads(system.ctl("sms", "gateways", "--json"))["gateways"]}


@pytest.mark.parametrize("settings, said", [
    ({"url": "https://example.cn"}, "smtp://"), ({"from": "nobody"}, "no mail address"), ({"tls": "maybe"}, "neither"),
    ({"tls": "none"}, "no password"), ({"password": "x\r\n", "colour": "red"}, "no setting")])
def test_a_file_that_cannot_be_used_is_refused(mailing, settings, said):
    system, server = mailing()
    system.allowed_errors.append("gateway mail")
    directory = next(system.directory.parent.rglob("mail.json"))
    directory.write_text(json.dumps(server.settings(**settings)))
    process, = system.of("notification")
    process.stop()
    process.start()
    wait_until(lambda: not process.running(), 20, "it ends")
    assert said in process.text() and PASSWORD not in process.text()
    process.popen = None


# -- chats -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def chatting(make_system, tmp_path):
    """Makes a system with robots: chatting(wecom="convener:T1", ...); each checks what it is sent by itself."""
    made = []

    def make(gateway="spool robots", settings=None, **tells):
        clouds = {kind: Cloud(kind) for kind in tells}
        made.extend(clouds.values())
        rows = [f"r-{kind},{kind},{cloud.url.rstrip('/')}{cloud.kind.path},{'' if kind == 'wecom' else SECRET},{tells[kind]}"
                for kind, cloud in clouds.items()]
        robots = "name,kind,url,secret,tells\n" + "\n".join(rows) + "\n"
        county = make_county(tmp_path / "counties", settings=settings, files={"robots.csv": robots})
        system = make_system(start=False, counties=[county])
        system.add("notification", 1, {"gateway": gateway, "spool_dir": system.spool_directory})
        system.start()
        return system, clouds
    yield make
    for cloud in made:
        cloud.stop()
    assert not [fault for cloud in made for fault in cloud.faults]


def test_each_group_is_told_what_its_people_are(chatting):
    system, clouds = chatting(wecom="convener:T1 committee:K1", dingtalk="group:G1", feishu="convener:T1 chair")
    screened, opened = system.place(**UNCLEAR), system.place()
    system.wait_sms(screened, template="screening")
    for kind, order, words in (("wecom", screened, "等您把关"), ("feishu", screened, "等您把关"), ("dingtalk", opened, "愿意办理")):
        line = wait_until(lambda k=kind: clouds[k].sent, 20, f"{kind} is told")[0]
        assert words in line["text"] and line["text"].startswith("【云溪县政协】"), line
        notice = wait_notice(system, order, "chat", "delivered")
        assert notice["recipient"] in ("convener:T1", "group:G1") and "text" not in notice
    system.wait_sms(opened, template="opened", count=6)
    assert all(len(cloud.sent) == 1 for cloud in clouds.values())
    assert_nothing_leaks(system, SECRET)


@pytest.mark.parametrize("kind, play, state", [
    ("wecom", "45009", "queued"), ("dingtalk", "130101", "queued"), ("feishu", "11232", "queued"),
    ("wecom", "93000", "failed"), ("dingtalk", "310000", "failed"), ("feishu", "19021", "failed"),
    ("wecom", "lose", "unknown"), ("dingtalk", "-1", "delivered")])
def test_what_a_robot_says(chatting, kind, play, state):
    system, clouds = chatting(**{kind: "convener:T1"})
    clouds[kind].plays = [play]
    order = system.place(**UNCLEAR)
    if state == "queued":  # it is left alone for ten minutes: who asks on would be blocked for longer
        notice = wait_notice(system, order, "chat", state, detail=f"the gateway says {play}")
        wait = system.redis.zscore(f"chatq:{{{COUNTY}}}", notice["id"]) - int(notice["created"])
        assert 590_000 < wait < 660_000
    else:
        notice = wait_notice(system, order, "chat", state)
    assert len(clouds[kind].sent) == (1 if state in ("delivered", "unknown") else 0)
    assert clouds[kind].requests == (2 if play == "-1" else 1), notice
    assert_nothing_leaks(system, SECRET)


def test_chats_are_silent_where_no_robots_are_wanted(chatting):
    system, clouds = chatting(gateway="spool", wecom="convener:T1")
    order = system.place(**UNCLEAR)
    notice = wait_notice(system, order, "chat", "muted")
    assert notice["detail"] == "the parameter gateway names none that takes it" and not clouds["wecom"].requests
    system.wait_sms(order, template="screening")
    wait_until(lambda: system.redis.hget(f"order:{{{COUNTY}}}:{order['order']}", "sms_open") == "0", 20, "nothing is open")


def test_an_operator_tries_a_robot_and_an_address(chatting, tmp_path):
    system, clouds = chatting(gateway="spool robots", wecom="chair")
    clouds["wecom"].plays = ["93000"]
    refused = system.ctl("sms", "test", COUNTY, "r-wecom", check=False)
    assert refused.returncode == 1 and "failed by robots: the gateway says 93000" in refused.stdout
    assert re.search(r"delivered by robots$", system.ctl("sms", "test", COUNTY, "r-wecom").strip())
    assert "测试" in clouds["wecom"].sent[0]["text"]
    assert system.ctl("sms", "test", COUNTY, "r-other", check=False).returncode == 1
    assert system.ctl("sms", "test", COUNTY, "12", check=False).returncode == 2
    muted = system.ctl("sms", "test", COUNTY, "a@example.cn", check=False)
    assert muted.returncode == 1 and "muted" in muted.stdout
    rows = {row["template"]: row for row in json.loads(system.ctl("sms", "preview", COUNTY, "--json"))["templates"]}
    assert rows["handed_over"]["subject"] == rows["handed_over"]["text"][:40] + "…"


@pytest.mark.parametrize("row, said", [
    ("r,icq,https://e.cn,,chair", "kind"), ("r,wecom,http://e.cn/x,,chair", "url is no address"),
    ("r,wecom,https://e.cn,,member:M101", "tells names"), ("r,wecom,https://e.cn,,convener:T9", "tells names"),
    ("r,wecom,https://e.cn,,", "tells is empty")])
def test_a_robot_that_cannot_be_used_is_refused(make_system, tmp_path, row, said):
    system = make_system(start=False)
    county = make_county(tmp_path / "x", files={"robots.csv": f"name,kind,url,secret,tells\n{row}\n"})
    checked = system.ctl("county", "check", str(county), check=False)
    assert checked.returncode == 1 and f"robots.csv:2: {said}" in checked.stderr + checked.stdout, checked
