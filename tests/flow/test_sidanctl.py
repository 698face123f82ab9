"""sidanctl: counties are applied whole or not at all; what lies aside is shown, replayed, skipped.

The tests of one command need Redis alone; the last one runs the services.
"""

import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import msgpack
import pytest

from harness import COUNTY, ROOT, make_county, wait_until

EDGE = "intake>routing"
PHONE = "13912345678"


@pytest.fixture
def stored(make_system):
    """Only Redis, with the county applied."""
    system = make_system(start=False)
    system.start_redis()
    system.ctl("county", "apply", str(system.counties[0]))
    return system


def key(name):
    head, _, rest = name.partition(":")
    return f"{head}:{{{COUNTY}}}" + (f":{rest}" if rest else "")


def message_id(age_s=0):
    return f"{int((time.time() - age_s) * 1000):012x}" + "0123456789ab"


def undecoded(system):
    """A client for values that are no text."""
    return system.connect_redis()


def put_message(system, order, sequence, body, edge=EDGE, due=True, age_s=0):
    """A message as a commit leaves it."""
    made = message_id(age_s)
    system.redis.hset(key(f"outbox:{edge}"), f"{order}/{sequence}", made.encode() + msgpack.packb(body))
    system.redis.hset(key(f"order:{order}"), f"out:{edge}", sequence)
    if due:
        system.redis.zadd(key(f"due:{edge}"), {f"{order}/{sequence}": int(time.time() * 1000)})
    return made


def put_order(system, order):
    system.redis.hset(key(f"order:{order}"), mapping={
        "ver": 1, "state": "placed", "county": COUNTY, "order": order, "title": "小区路灯不亮",
        "text": "翠湖社区三栋门口的路灯坏了半个月", "name": "周小雨", "phone": PHONE, "source": "api",
        "placed_at": int(time.time() * 1000)})


def put_letter(system, order, sequence=1, edge=EDGE):
    """A poison message that lies aside already, with a healthy one behind it."""
    put_order(system, order)
    bad = {"type": "order.placed", "v": 1, "phone": PHONE, "riddle": PHONE}
    made = put_message(system, order, sequence, bad, edge, due=False, age_s=60)
    put_message(system, order, sequence + 1, {"type": "order.placed", "v": 1, "at": 1}, edge, due=False)
    system.redis.hset(key(f"order:{order}"), "aside", edge)
    return system.redis.xadd(key("dlq"), {"edge": edge, "order": order, "seq": sequence, "id": made,
                                          "type": "order.placed", "cause": "missing at", "at": 1790000000000})


def letters(system):
    return json.loads(system.ctl("dlq", "list", "--json"))["dead_letters"]


def refused(done, code, *words):
    assert done.returncode == code, done
    for word in words:
        assert word in done.stderr, done.stderr
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr


# -- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["county"], ["county", "apply"], ["status", "more"], ["status", "--reason", "x"],
    ["dlq", "skip", COUNTY, "1-1"], ["dlq", "skip", COUNTY, "all", "--reason", "x"], ["--redis", "nowhere", "status"],
    ["order", "show", "17"], ["key", "new", "king", "x"], ["key", "new", "office", "a,b"], ["--nonsense"],
    ["sms", "settle", COUNTY, "1", "perhaps", "--reason", "x"]])
def test_what_is_not_understood_is_refused_with_2(make_system, arguments):
    refused(make_system(start=False).ctl(*arguments, check=False), 2)


def test_help_names_every_command(make_system):
    text = make_system(start=False).ctl("--help")
    for command in ("county apply", "status", "dlq skip", "order show", "deadline explain", "sms settle", "key new", "schema"):
        assert command in text


def test_without_redis_it_fails_with_1(make_system):
    system = make_system(start=False)
    refused(system.ctl("status", check=False), 1, "Redis")
    refused(system.ctl("county", "list", check=False), 1, "Redis")


def test_schema_is_printed(make_system):
    assert "| `order.placed` | event | intake | routing |" in make_system(start=False).ctl("schema")


def test_new_key_matches_its_line(make_system):
    text = make_system(start=False).ctl("key", "new", "import", "hotline-1")
    plain = re.search(r"only now\): (\S+)", text)[1]
    assert f"hotline-1,import,{hashlib.blake2b(plain.encode(), digest_size=32).hexdigest()}\n" in text
    assert len(plain) >= 43


def test_new_key_refuses_a_name_that_keys_csv_would(make_system):
    refused = make_system(start=False).ctl("key", "new", "import", "热线", check=False)
    assert refused.returncode == 2 and "name" in refused.stderr and not refused.stdout


# -- counties --------------------------------------------------------------------------------------------------------


def test_apply_raises_the_revision_and_keeps_the_vault(stored):
    first = undecoded(stored).hgetall(key("config"))
    assert stored.redis.smembers("counties") == {COUNTY}
    assert first[b"revision"] == b"1"
    (stored.counties[0] / "keys.csv").unlink()
    assert "revision 2" in stored.ctl("county", "apply", str(stored.counties[0]))
    second = undecoded(stored).hgetall(key("config"))
    assert second[b"vault"] == first[b"vault"] and second[b"members.csv"] == first[b"members.csv"], "the same, sealed"
    assert all(value.startswith(b"v1.1.") for name, value in second.items() if name not in (b"revision", b"applied"))
    assert b"keys.csv" in first and b"keys.csv" not in second

    listed = json.loads(stored.ctl("county", "list", "--json"))["counties"]
    assert [(row["county"], row["revision"]) for row in listed] == [(COUNTY, 2)]
    assert "work_hours" in stored.ctl("county", "show", COUNTY)
    refused(stored.ctl("county", "show", "123456", check=False), 1, "123456")


def test_faults_are_named_by_file_and_line_and_nothing_changes(stored):
    members = stored.counties[0] / "members.csv"
    before = stored.redis.hget(key("config"), "revision"), stored.redis.hget(key("config"), "members.csv")
    lines = members.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].split(",")[0] + ",only two fields"
    lines.append(lines[2])  # an id that is there already
    members.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (stored.counties[0] / "towns.csv").unlink()

    for command in ("check", "apply"):
        done = stored.ctl("county", command, str(stored.counties[0]), check=False)
        refused(done, 1, "members.csv:2: ", f"members.csv:{len(lines)}: ", "towns.csv: ", "nothing was changed")
    after = stored.redis.hget(key("config"), "revision"), stored.redis.hget(key("config"), "members.csv")
    assert after == before


def test_a_county_in_which_nobody_hears_of_absences_is_warned_of(stored):
    county = stored.counties[0]

    def warnings():
        done = [stored.ctl("county", command, str(county), check=False) for command in ("check", "apply")]
        assert all(one.returncode == 0 for one in done), done
        return ["nobody has the role office" in one.stderr for one in done]

    settings = (county / "settings.csv").read_text(encoding="utf-8")
    without = "".join(line for line in settings.splitlines(True) if not line.startswith("office_email"))
    (county / "settings.csv").write_text(without, encoding="utf-8")
    assert warnings() == [False, False]
    (county / "staff.csv").write_text("id,name,phone,role\nshi-an,安若素,10000005901,city\n", encoding="utf-8")
    assert warnings() == [True, True]
    (county / "settings.csv").write_text(without + "office_email,office@example.cn\n", encoding="utf-8")
    assert warnings() == [False, False]


def test_a_county_needs_a_directory_of_files_and_six_digits(stored, tmp_path):
    refused(stored.ctl("county", "apply", str(tmp_path / "000000"), check=False), 1, "no such directory")
    refused(stored.ctl("county", "apply", str(tmp_path), check=False), 2, "six digits")
    other = make_county(tmp_path / "other", county="spring")
    refused(stored.ctl("county", "apply", str(other), check=False), 2, "spring")
    assert "990199" in stored.ctl("county", "apply", str(other), "--id", "990199")
    (other / "rules.csv").write_bytes(b"words,\0")
    refused(stored.ctl("county", "check", str(other), "--id", "990199", check=False), 1, "rules.csv: ")


def test_a_county_of_an_earlier_version_is_sealed_when_it_is_applied(stored):
    """Its secret and files lay there as they were. That the secret is kept: see test_personal.py."""
    secret = bytes(range(32))
    undecoded(stored).delete(key("config"))
    undecoded(stored).hset(key("config"), mapping={"revision": 4, "secret": secret, "towns.csv": "id,name\n"})
    assert "apply the county again" in stored.ctl("county", "list", check=False).stderr
    assert "revision 5" in stored.ctl("county", "apply", str(stored.counties[0]))
    config = undecoded(stored).hgetall(key("config"))
    assert b"secret" not in config and secret not in b"".join(config.values())


def test_keys_are_replaced_and_a_lost_one_is_missed(stored):
    master = stored.keys / "master"
    before = undecoded(stored).hgetall(key("config"))
    stored.ctl("county", "rekey", COUNTY)
    rekeyed = undecoded(stored).hgetall(key("config"))
    assert rekeyed[b"members.csv"].startswith(b"v1.2.") and rekeyed[b"vault"].startswith(b"v1.1.")
    stored.ctl("keys", "master", str(stored.keys))
    assert [line.split()[0] for line in master.read_text().splitlines()] == ["1", "2"]
    assert master.stat().st_mode & 0o777 == 0o600
    stored.ctl("county", "rewrap")
    rewrapped = undecoded(stored).hgetall(key("config"))
    assert rewrapped[b"vault"].startswith(b"v1.2.") and rewrapped[b"members.csv"] == rekeyed[b"members.csv"]
    assert before[b"vault"] != rekeyed[b"vault"] != rewrapped[b"vault"]
    old, new = master.read_text().splitlines(keepends=True)
    master.write_text(new)
    assert "work_hours" in stored.ctl("county", "show", COUNTY)
    for text, said in ((old, "lacks the master key 2"), (old.replace("1 ", "2 ", 1), "is not the one")):
        master.write_text(text)
        refused(stored.ctl("county", "show", COUNTY, check=False), 1, said)
        refused(stored.ctl("county", "apply", str(stored.counties[0]), check=False), 1, said)
        refused(stored.ctl("county", "rekey", COUNTY, check=False), 1, said)
    assert undecoded(stored).hgetall(key("config")) == rewrapped, "nothing was changed"
    refused(stored.ctl("county", "rekey", "999999", check=False), 1, "999999")


def test_who_stores_at_the_same_time_undoes_nothing(stored):
    script = (ROOT / "common/lua/county_apply.lua").read_text()
    before = undecoded(stored).hgetall(key("config"))
    assert stored.redis.eval(script, 1, key("config"), 0, "vault", "read before the county was applied") is None
    assert undecoded(stored).hgetall(key("config")) == before
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: stored.ctl("county", "rekey", COUNTY), range(4)))
    config = stored.redis.hgetall(key("config"))
    assert config["revision"] == "5" and config["members.csv"].startswith("v1.5."), "one key more each"
    assert "work_hours" in stored.ctl("county", "show", COUNTY)


# -- queues ----------------------------------------------------------------------------------------------------------


def test_status_counts_what_waits(stored):
    put_message(stored, f"{COUNTY}-000001", 1, {"type": "order.placed", "v": 1, "at": 1}, age_s=100)
    put_message(stored, f"{COUNTY}-000002", 1, {"type": "order.placed", "v": 1, "at": 1})
    put_letter(stored, f"{COUNTY}-000003")
    stored.redis.zadd(key("clock"), {f"{COUNTY}-000001": 1})
    report = json.loads(stored.ctl("status", "--json"))
    edge = next(row for row in report["edges"] if row["edge"] == EDGE)
    assert (edge["outbox"], edge["due"]) == (4, 2)
    assert 99 <= edge["oldest_s"] <= 110
    assert {row["edge"] for row in report["edges"]} >= {EDGE, "routing>assignment", "assignment>archive",
                                                       "notification>assignment"}
    assert report["counties"] == [{"county": COUNTY, "dead_letters": 1, "skipped": 0, "clocks": 1, "sms_queued": 0,
                                   "mails_queued": 0, "chats_queued": 0, "sms_unknown": 0}]
    assert {row["instance"] for row in report["instances"]} == {"(none is alive)"}
    assert "(none is alive)" in stored.ctl("status")


def test_unknown_sms_are_listed(stored):
    stored.redis.zadd(key("smsunknown"), {"sms-1": int(time.time() * 1000) - 5000})
    stored.redis.hset(key("sms:sms-1"), mapping={"recipient": "member:M1", "phone": PHONE})
    [row] = json.loads(stored.ctl("sms", "unknown", COUNTY, "--json"))["sms_unknown"]
    assert row["sms"] == "sms-1" and row["recipient"] == "member:M1" and 4 <= row["age_s"] <= 15
    assert PHONE not in stored.ctl("sms", "unknown")
    refused(stored.ctl("sms", "settle", COUNTY, "sms-2", "failed", "--reason", "x", check=False), 1, "no SMS sms-2")
    stored.redis.hset(key("sms:sms-1"), "order", "")
    refused(stored.ctl("sms", "settle", COUNTY, "sms-1", "failed", "--reason", "x", check=False), 1, "notification")


def test_a_dead_letter_is_shown_without_personal_data(stored):
    order = f"{COUNTY}-000001"
    entry = put_letter(stored, order)
    [letter] = letters(stored)
    assert (letter["entry"], letter["order"], letter["edge"], letter["cause"]) == (entry, order, EDGE, "missing at")
    for options in ([], ["--json"]):
        text = stored.ctl("dlq", "show", COUNTY, entry, *options)
        assert "(personal)" in text and "order.placed" in text and "missing at" in text
        assert PHONE not in text
    assert json.loads(text)["order_state"] == "placed"
    refused(stored.ctl("dlq", "show", COUNTY, "1-1", check=False), 1, "1-1")
    refused(stored.ctl("dlq", "show", "123456", entry, check=False), 1, "123456")


def test_replay_makes_it_due_with_fresh_attempts(stored):
    order = f"{COUNTY}-000001"
    entry = put_letter(stored, order)
    stored.redis.hset(key(f"attempts:{EDGE}"), f"{order}/1", 7)
    stored.ctl("dlq", "replay", COUNTY, entry)
    assert stored.redis.zrange(key(f"due:{EDGE}"), 0, -1) == [f"{order}/1"]
    assert not stored.redis.hexists(key(f"order:{order}"), "aside")
    assert not stored.redis.exists(key(f"attempts:{EDGE}")) and letters(stored) == []
    refused(stored.ctl("dlq", "replay", COUNTY, entry, check=False), 1, entry)


def test_replay_all_refuses_only_what_has_no_body(stored):
    first, second = f"{COUNTY}-000001", f"{COUNTY}-000002"
    gone = put_letter(stored, first)
    put_letter(stored, second)
    stored.redis.hdel(key(f"outbox:{EDGE}"), f"{first}/1")
    refused(stored.ctl("dlq", "replay", COUNTY, "all", check=False), 1, gone)
    assert [letter["entry"] for letter in letters(stored)] == [gone]
    assert stored.redis.zrange(key(f"due:{EDGE}"), 0, -1) == [f"{second}/1"]
    assert stored.redis.hget(key(f"order:{first}"), "aside") == EDGE


def test_a_letter_whose_message_has_arrived_is_taken_away(stored):
    """Of two letters of one order the mark names the later one; an ack that comes late is for the earlier."""
    order = f"{COUNTY}-000001"
    entry = put_letter(stored, order)
    stored.redis.hdel(key(f"outbox:{EDGE}"), f"{order}/1")
    stored.redis.hset(key(f"order:{order}"), f"ack:{EDGE}", 1)
    refused(stored.ctl("dlq", "replay", COUNTY, entry, check=False), 1, "has arrived")
    assert letters(stored) == []


def test_skip_goes_on_with_the_next_and_keeps_what_was_skipped(stored):
    order = f"{COUNTY}-000001"
    entry = put_letter(stored, order)
    [letter] = letters(stored)
    stored.ctl("dlq", "skip", COUNTY, entry, "--reason", "做错了")
    assert stored.redis.zrange(key(f"due:{EDGE}"), 0, -1) == [f"{order}/2"]
    values = stored.redis.hgetall(key(f"order:{order}"))
    assert (values[f"ack:{EDGE}"], values[f"in:{EDGE}"], values[f"inid:{EDGE}"]) == ("1", "1", letter["id"])
    assert "aside" not in values and letters(stored) == []
    assert stored.redis.hkeys(key(f"outbox:{EDGE}")) == [f"{order}/2"]
    [(_, kept)] = undecoded(stored).xrange(key("dlqdone"))
    assert kept[b"reason"].decode() == "做错了" and kept[b"order"].decode() == order
    assert kept[b"message"][:24].decode() == letter["id"] and msgpack.unpackb(kept[b"message"][24:])["riddle"] == PHONE


def test_a_step_of_the_journal_is_not_skipped(stored):
    entry = put_letter(stored, f"{COUNTY}-000001", edge="intake>archive")
    refused(stored.ctl("dlq", "skip", COUNTY, entry, "--reason", "x", check=False), 1, "journal")
    assert len(letters(stored)) == 1
    stored.ctl("dlq", "replay", COUNTY, entry)


# -- with the services -----------------------------------------------------------------------------------------------


def test_a_poison_message_stops_only_its_own_order(system):
    """Put in behind the services' back; nothing in them makes such a message."""
    poisoned = f"{COUNTY}-900001"
    put_order(system, poisoned)
    put_message(system, poisoned, 1, {"type": "order.placed", "v": 1})
    put_message(system, poisoned, 2, {"type": "order.placed", "v": 1, "at": int(time.time() * 1000)}, due=False)
    healthy = system.place()
    [letter] = wait_until(lambda: letters(system), 20, "the message lies aside")
    assert letter["order"] == poisoned and letter["cause"] == "at is missing"
    system.wait_state(healthy, "open")
    assert system.redis.hget(key(f"order:{poisoned}"), "state") == "placed"
    assert system.redis.hget(key(f"order:{poisoned}"), "aside") == EDGE

    system.ctl("dlq", "replay", COUNTY, letter["entry"])  # it is as bad as before
    [again] = wait_until(lambda: letters(system), 20, "the message lies aside again")
    assert again["entry"] != letter["entry"] and again["id"] == letter["id"]

    system.ctl("dlq", "skip", COUNTY, again["entry"], "--reason", "made by the test")
    wait_until(lambda: system.redis.hget(key(f"order:{poisoned}"), "state") in ("open", "screening"), 20,
               "the next message is handled")
    assert letters(system) == []


def history(system, order):
    """The rows that sidanctl shows; none while the archive does not know the order yet."""
    done = system.ctl("order", "show", order["order"], "--json", check=False)
    return json.loads(done.stdout)["history"] if done.returncode == 0 else []


def test_order_show_tells_the_history(system):
    order = system.place(phone=PHONE)
    wait_until(lambda: "opened" in [row.get("step") for row in history(system, order)], 20, "it is in the archive")
    assert json.loads(system.ctl("order", "show", order["order"], "--json"))["order"]["contact"] == "(personal)"
    text = system.ctl("order", "show", order["order"])
    assert PHONE not in text and "placed" in text and "+08:00" in text
    system.wait_state(order, "open")
    system.claim_all(order)
    assert system.step(order, "handover", {"actor": "member:M101", "department": "D01"}).status == 200
    assert re.search(r"handed_at +20\d\d-\d\d-\d\dT", system.ctl("order", "show", order["order"])), "a time, no number"
    refused(system.ctl("order", "show", f"{COUNTY}-999999", check=False), 1, "no such order")
    report = json.loads(system.ctl("status", "--json"))
    assert {row["service"] for row in report["instances"] if row["endpoint"]} == {
        "intake", "routing", "assignment", "notification", "archive"}


def test_an_sms_of_unknown_fate_is_settled_by_hand(system):
    order = system.place()
    system.wait_state(order, "open")
    sms = f"{order['order']}.{message_id()}.9"
    system.redis.hset(key(f"sms:{sms}"), mapping={"state": "unknown", "rank": 3, "order": order["order"],
                                                 "recipient": "member:M1", "template": "open", "phone": PHONE})
    system.redis.zadd(key("smsunknown"), {sms: int(time.time() * 1000)})
    system.redis.hincrby(key(f"order:{order['order']}"), "sms_open", 1)
    system.ctl("sms", "settle", COUNTY, sms, "delivered", "--reason", "asked the member")
    assert json.loads(system.ctl("sms", "unknown", "--json"))["sms_unknown"] == []
    [row] = wait_until(lambda: [r for r in history(system, order) if r.get("sms") == sms], 20, "the archive knows it")
    assert (row["sms_state"], row["detail"]) == ("delivered", "asked the member")
    refused(system.ctl("sms", "settle", COUNTY, sms, "failed", "--reason", "x", check=False), 1, "settled already")


@pytest.mark.parametrize("all_of_it", [False, True], ids=["a change", "all of it"])
def test_another_revision_of_the_same_number_is_seen(make_system, tmp_path, all_of_it):
    """A failover has lost what was applied, and something else was applied after it; with other keys, if all was lost."""
    system = make_system(counties=[make_county(tmp_path)])

    def apply(reason):
        (tmp_path / COUNTY / "reasons.csv").write_text(f"code,name\n{reason},理由\n")
        return system.ctl("county", "apply", str(tmp_path / COUNTY))

    def wait_reason(reason):
        wait_until(lambda: [row["id"] for row in system.api("GET", f"/api/v1/counties/{COUNTY}").json["reasons"]] ==
                   [reason], 20, f"intake goes by {reason}")
    client = undecoded(system)
    before = {} if all_of_it else client.hgetall(key("config"))
    if not all_of_it:
        apply("lost")
        wait_reason("lost")
    client.delete(key("config"))
    if before:
        client.hset(key("config"), mapping=before)
    assert f"revision {1 if all_of_it else 2}" in apply("new")
    wait_reason("new")
    order = system.place()
    system.wait_state(order, "open")
    for service in system.services.values():
        service.kill()
        service.start()
    system.wait_ready()
    contact = system.api("POST", f"/api/v1/orders/{order['order']}/contact", {}, key="office")
    assert contact.status == 200 and contact.json["phone"], "what was sealed since opens after a restart"


def test_a_revision_that_cannot_be_read_leaves_the_county_as_it_was(system):
    """As a newer sidanctl could leave one behind, in the middle of a rolling upgrade."""
    system.allowed_errors.append("the configuration before it stays in force")
    system.redis.hset(key("config"), mapping={"revision": 9, "members.csv": "of,another,kind\n"})
    for process in system.services.values():
        wait_until(lambda p=process: "members.csv" in p.text(), 20, f"{process.name} has read it")
    system.wait_state(system.place(), "open")
    assert "revision 10" in system.ctl("county", "apply", str(system.counties[0]))
