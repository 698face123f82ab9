"""Personal data at rest: sealed wherever it lies, shown to those who may and on record, erased in the end."""

import base64
import hashlib
import json
import sqlite3
import threading
import urllib.parse

import pytest
import requests

from harness import COUNTY, make_county, read_table, wait_until

RESIDENT = {"name": "欧阳晓岚", "phone": "10000076543", "email": "xiaolan.ouyang@example.org"}
MEMBER = {"name": "司马青枫", "phone": "10000088991"}
TOKEN = "a-token-of-the-gateway"


def county_with(directory, **arguments):
    """A county whose first member is unmistakable."""
    rows = read_table(make_county(directory / "draft") / "members.csv")
    rows[0] |= MEMBER
    text = "\n".join(",".join(row) for row in [rows[0].keys(), *(row.values() for row in rows)]) + "\n"
    return make_county(directory, files={"members.csv": text}, **arguments)


def order_key(order):
    return f"order:{{{order['order'][:6]}}}:{order['order']}"


def wait_retired(system, order):
    wait_until(lambda: not system.redis.exists(order_key(order)), 30, "it has left Redis")


def records(system, action, county=COUNTY):
    """(actor, order) of the entries on record, oldest first."""
    return [(entry["actor"], entry["order"]) for entry in system.audit(county)
            if entry["action"] == action and entry["result"] == "done"]


def contact(system, order, **credentials):
    return system.api("POST", f"/api/v1/orders/{order['order']}/contact", {}, **credentials)


def find(system, phone, county=COUNTY, **credentials):
    path = f"/api/v1/orders/find?county={county}"
    return system.api("POST", path, {"phone": phone}, **(credentials or {"key": "office"}))


def found(system, phone):
    answer = find(system, phone)
    assert answer.status == 200, answer
    return sorted(row["order"] for row in answer.json["rows"])


# -- nothing personal is anywhere ------------------------------------------------------------------------------------


def spellings(secret):
    """A text in every way in which it might lie around."""
    plain = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    yield from (plain, secret.encode("gb18030"), secret.encode("utf-16-be"), secret.encode("utf-16-le"))
    yield from (quoted.encode(), quoted.lower().encode(), urllib.parse.quote(secret, safe="@").encode())
    yield from (json.dumps(secret)[1:-1].encode(), json.dumps(secret)[1:-1].upper().replace("\\U", "\\u").encode())
    yield from (plain.hex().encode(), plain.hex().upper().encode())
    for shift in range(3):  # base64 knows three ways to begin; what depends on the neighbours is cut off
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * shift + plain)
            yield encoded[(0, 2, 3)[shift]:len(encoded) - (0 if (shift + len(plain)) % 3 == 0 else 4)]


def assert_absent(places):
    """places: name to bytes."""
    needles = {needle for secret in (*RESIDENT.values(), *MEMBER.values()) for needle in spellings(secret)}
    assert all(len(needle) > 5 for needle in needles)
    for name, content in places.items():
        for needle in needles:
            assert needle not in content, f"{needle} in {name}: {content[max(0, content.find(needle) - 60):][:160]}"


def files(*directories):
    paths = (path for directory in directories for path in directory.rglob("*"))
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def mistakes(system):
    """Answers to requests that bring personal data and are refused."""
    def post(path, body, **more):
        return system.api("POST", path, body, **more)
    base = {"county": COUNTY, "title": "路灯不亮"} | RESIDENT
    order = f"/api/v1/orders/{COUNTY}-999999"
    yield post("/api/v1/orders", base | {"phone": RESIDENT["phone"] + "x"})
    yield post("/api/v1/orders", base | {"name": RESIDENT["name"] * 20})
    yield post("/api/v1/orders", base | {"email": RESIDENT["email"].replace("@", " at ") + MEMBER["phone"]})
    yield post("/api/v1/orders", base | {"title": " "})
    yield post("/api/v1/orders", base | {"county": "123456"})
    yield post("/api/v1/orders", base | {"community": "X", "category": "Y"})
    yield post("/api/v1/orders", base | {"lat": RESIDENT["phone"]})
    yield post(f"{order}/claim", {"member": "M999"} | RESIDENT, key="office")
    yield post(f"{order}/contact", RESIDENT, key="import")
    yield find(system, RESIDENT["phone"] + "0", key="office")
    yield find(system, RESIDENT["phone"], key="open311")
    yield system.api("POST", "/api/v1/orders", data=b'{"phone": "' + RESIDENT["phone"].encode() + b'", broken')
    table = "title,name,phone\n" + f"一,{RESIDENT['name']},{RESIDENT['phone']}x\n二,{MEMBER['name']},{MEMBER['phone']}0\n"
    yield system.api("POST", f"/api/v1/imports?county={COUNTY}", data=table.encode(), key="import",
                     headers={"Content-Type": "text/csv"})
    for ending in ("json", "xml"):
        yield system.api("POST", f"/open311/v2/requests.{ending}", key="open311", headers={
            "Content-Type": "application/x-www-form-urlencoded"}, data=urllib.parse.urlencode(
                {"jurisdiction_id": COUNTY, "service_code": "construction", "description": "灯", "lat": "30",
                 "long": "118", "phone": RESIDENT["phone"] + "x", "email": RESIDENT["email"],
                 "first_name": RESIDENT["name"]}))


def lists(system, order):
    """What is shown of orders in general and of this one, to its office, its resident and everybody."""
    of = f"/api/v1/orders/{order['order']}"
    for path in (f"/api/v1/orders?county={COUNTY}", f"/api/v1/cases?county={COUNTY}&q=路灯", of, f"{of}/history"):
        yield system.api("GET", path, key="office")
    for path in (of, f"{of}/history"):
        yield system.api("GET", path, code=order["code"])
    yield find(system, RESIDENT["phone"])
    for ending in ("json", "xml"):
        for what in ("requests", "servicerequestupdates", "discovery", "services"):
            yield system.api("GET", f"/open311/v2/{what}.{ending}?jurisdiction_id={COUNTY}")


def test_nothing_personal_lies_around(make_system, tmp_path):
    """A whole life with unmistakable people, with mistakes and a dead letter, and then a look into every corner."""
    system = make_system(counties=[county_with(tmp_path)], parameters={"intake": {"gateway_token": TOKEN}})
    answers = {}
    for n, answer in enumerate(mistakes(system)):
        assert answer.status >= 400 or answer.json["refused_count"] == 2, answer
        answers[f"mistake {n}"] = answer.text.encode()
    order = system.place(**RESIDENT, public=True, idempotency=RESIDENT["phone"])
    held = system.place(**RESIDENT)
    opened = system.wait_sms(order, template="opened", recipient="member:M101")[0]
    assert opened["to"] == MEMBER["phone"]
    reply = {"X-Kannel-From": "+86" + MEMBER["phone"], "Content-Type": "text/plain; charset=utf-8"}
    for text in ("接单", f"我是{MEMBER['name']}，电话{MEMBER['phone']}"):
        address = f"{system.url}/gateway/kannel/{TOKEN}/reply"
        sent = requests.post(address, headers=reply, data=text.encode(), timeout=20)
        assert sent.status_code == 200
    for sms in system.wait_sms(order, template="placed"):
        assert sms["to"] == RESIDENT["phone"], "and yet it arrives"

    system.kill("notification")  # so that SMS with phone and text wait in Redis
    waiting = system.place(**RESIDENT)
    system.wait_state(waiting, "open")
    moved = system.redis.hget(order_key(held), "contact")
    hidden = [system.redis.hget(order_key(order), field) for field in ("contact", "person")]
    system.finish(order)
    system.redis.hset(order_key(waiting), "contact", moved)  # what somebody moved goes aside, and its cause is told
    for n, answer in enumerate(lists(system, order)):
        assert answer.status == 200 and not any(value in answer.text for value in hidden), answer
        answers[f"list {n}"] = answer.text.encode()
    assert_absent(files(system.directory))
    system.redis.bgrewriteaof()
    wait_until(lambda: not system.redis.info("persistence")["aof_rewrite_in_progress"], 20, "the AOF is rewritten")
    system.restart("notification")
    wait_until(lambda: system.redis.xlen(f"dlq:{{{COUNTY}}}"), 30, "the moved contact went aside")
    wait_retired(system, order)

    entry = json.loads(system.ctl("dlq", "list", "--json"))["dead_letters"][0]["entry"]
    for words in (["status"], ["status", "--json"], ["county", "list"], ["county", "show", COUNTY], ["dlq", "list"],
                  ["dlq", "show", COUNTY, entry], ["order", "show", order["order"]], ["order", "show", held["order"]],
                  ["order", "show", held["order"], "--json"], ["sms", "unknown"]):
        answers[" ".join(words)] = system.ctl(*words).encode()
    for process in system.services.values():
        for page in ("metrics", "readyz", "healthz"):
            answers[f"{process.name} {page}"] = requests.get(f"{process.admin}/{page}", timeout=5).content
    system.redis.save()
    assert_absent(answers | files(system.directory))
    assert any("appendonly" in name for name in files(system.directory)), "Redis' files were searched"
    assert contact(system, order, key="office").json == RESIDENT, "whoever may sees it all"


# -- looking ---------------------------------------------------------------------------------------------------------


def test_a_contact_is_shown_to_the_office_and_each_look_is_on_record(make_system, tmp_path):
    other = make_county(tmp_path, county="990104", keys={"office": "other-office-key"})
    system = make_system(counties=[make_county(tmp_path), other])
    order, silent = system.place(**RESIDENT), system.place(name=None, phone=None)
    assert contact(system, order, key="office").json == RESIDENT
    assert records(system, "order.contact") == [("key:office", order["order"])]
    for credentials, status in (({}, 401), ({"code": order["code"]}, 401), ({"key": "import"}, 403),
                                ({"key": "open311"}, 403), ({"key": "other-office-key"}, 404)):
        answer = contact(system, order, **credentials)
        assert answer.status == status and RESIDENT["phone"] not in answer.text, answer
    assert contact(system, silent, key="office").status == 404, "none was given"
    assert len(records(system, "order.contact")) == 1, "only what was shown is on record"

    system.finish(order)
    wait_retired(system, order)
    answer = contact(system, order, key="office")
    assert answer.json == RESIDENT and answer.headers["Cache-Control"] == "no-store", "the archive has it"
    assert records(system, "order.contact") == [("key:office", order["order"])] * 2
    assert contact(system, {"order": f"{COUNTY}-999999"}, key="office").status == 404

    # What cannot be put on record is not shown.
    system.redis.delete(f"audit:{{{COUNTY}}}")
    system.redis.set(f"audit:{{{COUNTY}}}", "in the way")
    assert contact(system, order, key="office").status == 503
    assert find(system, RESIDENT["phone"]).status == 503


FILL = """for i = redis.call('XLEN', KEYS[1]) + 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'actor', 'filler') end"""


def test_a_flood_of_refusals_pushes_out_no_look(make_system):
    """While the archive is away: from a length on refusals are only counted, from twice it nobody looks or signs in."""
    system = make_system()
    stream, left_out, office = f"audit:{{{COUNTY}}}", f"left_out:{{{COUNTY}}}", "10000005001"
    order = system.place(**RESIDENT)
    system.kill("archive")

    def entries():
        return [entry for entry in system.audit() if entry["actor"] != "filler"]

    assert contact(system, order, key="office").status == 200
    system.redis.eval(FILL, 1, stream, 49_999)
    assert [contact(system, order, key="import").status for _ in range(4)] == [403] * 4
    assert (system.redis.xlen(stream), system.redis.get(left_out)) == (50_000, "3")
    assert contact(system, order, key="office").status == 200, "a look is still written down, and all that was before"
    system.sign_in(office)
    assert [(entry["action"], entry["result"]) for entry in entries()] == [
        ("order.contact", "done"), ("order.contact", "refused"), ("trail", "left_out"), ("order.contact", "done"),
        ("sign_in", "done")]
    assert entries()[2]["detail"].startswith("3 refusals were not written down")

    system.redis.eval(FILL, 1, stream, 100_000)
    assert contact(system, order, key="office").status == 503 and find(system, RESIDENT["phone"]).status == 503
    with pytest.raises(AssertionError, match="503"):
        system.sign_in(office)
    assert not system.redis.keys(f"session:{{{COUNTY}}}:*")[1:], "nobody else is signed in"
    assert contact(system, order, key="import").status == 403
    assert (system.redis.xlen(stream), system.redis.get(left_out)) == (100_000, "1")

    filler = [entry for entry, values in system.redis.xrange(stream) if values["actor"] == "filler"]
    for some in (filler[i:i + 10_000] for i in range(0, len(filler), 10_000)):
        system.redis.xdel(stream, *some)
    system.restart("archive")
    assert contact(system, order, key="office").status == 200
    wait_until(lambda: not system.redis.xlen(stream), 20, "the archive has taken all of it")
    assert [(entry["action"], entry["result"]) for entry in entries()][-2:] == [
        ("trail", "left_out"), ("order.contact", "done")]
    assert len(entries()) == 7 and not system.redis.exists(left_out)
    # The archive that was killed is still on the list of instances for some seconds, and may be the one that is asked.
    wait_until(lambda: system.ctl("journal", "verify", COUNTY, check=False).returncode == 0, 20, "all is as stored")


def test_orders_of_a_phone_are_found(make_system, tmp_path):
    other = make_county(tmp_path, county="990104", keys={"office": "other-office-key"})
    system = make_system(counties=[make_county(tmp_path), other])
    first, second = system.place(phone="10000076543"), system.place(phone="+86 100-0007-6543")
    theirs = system.place(county="990104", phone="10000076543")
    system.place(phone="10000076544")
    system.finish(first)
    wait_retired(system, first)
    wait_until(lambda: len(found(system, "10000076543")) == 2, 20, "both are found, open and archived")
    assert found(system, "0086 10000076543") == sorted([first["order"], second["order"]])
    assert found(system, "10000099999") == []
    answer = find(system, "10000076543", county="990104", key="other-office-key")
    assert [row["order"] for row in answer.json["rows"]] == [theirs["order"]]
    digests = {system.redis.hget(order_key(order), "person") for order in (second, theirs)}
    assert len(digests) == 2, "a phone has another hash in each county"
    assert set(records(system, "orders.find")) == {("key:office", "")}
    for credentials, status in (({"code": "1"}, 401), ({"key": "import"}, 403), ({"key": "other-office-key"}, 403)):
        assert find(system, "10000076543", **credentials).status == status
    assert find(system, "12").status == 400 and find(system, None).status == 400


# -- retention -------------------------------------------------------------------------------------------------------


def archived(system, county, query, *values):
    with sqlite3.connect(f"file:{system.directory}/archive/{county}.db?mode=ro", uri=True) as file:
        return file.execute(query, values).fetchall()


def test_after_the_retention_period_the_case_stays_and_the_contact_goes(make_system, tmp_path):
    short = make_county(tmp_path, settings={"retention": "0"})
    long = make_county(tmp_path, county="990104")
    system = make_system(counties=[short, long], parameters={"archive": {"erase_ms": 300}})
    kept, still_open = system.place(county="990104", **RESIDENT), system.place(**RESIDENT)
    order = system.place(**RESIDENT)
    sealed = [system.redis.hget(order_key(one), "contact") for one in (order, kept, still_open)]
    system.finish(kept)
    wait_retired(system, kept)  # first, so that whoever erases the other has looked at this one, too
    system.finish(order)
    wait_retired(system, order)
    wait_until(lambda: records(system, "contact.erased"), 20, "it is erased")
    assert records(system, "contact.erased") == [("archive", order["order"])]
    wait_until(lambda: not archived(system, COUNTY, "SELECT 1 FROM contacts WHERE order_id = ?", order["order"]), 20,
               "it is gone")
    answer = contact(system, order, key="office")
    assert answer.status == 404 and answer.json["code"] == "no_contact", answer
    assert found(system, RESIDENT["phone"]) == [still_open["order"]]
    assert system.order(order)["state"] == "closed" and system.order(order)["title"]
    cases = system.api("GET", f"/api/v1/cases?county={COUNTY}&q=路灯", key="office").json["rows"]
    assert [row["order"] for row in cases] == [order["order"]], "the case stays"

    assert contact(system, still_open, key="office").json == RESIDENT
    assert archived(system, "990104", "SELECT count(*) FROM contacts WHERE closed_at > 0") == [(1,)], "180 days"
    assert records(system, "contact.erased", "990104") == []
    everything = b"".join(files(system.directory / "archive").values())
    present = [text.encode() in everything for text in sealed]
    assert present == [False, True, True], "nor does the file or its log keep what was deleted"


def test_another_countys_damaged_file_and_a_reader_do_not_keep_a_contact(make_system, tmp_path):
    """Erasing passes over the file that is not there, and what a reader kept in the log goes when he has gone."""
    other = "990104"
    counties = [make_county(tmp_path), make_county(tmp_path, county=other, settings={"retention": "0"})]
    system = make_system(counties=counties, parameters={"archive": {"erase_ms": 300}})
    system.allowed_errors.append(rf"county={COUNTY} .*is missing.*its events wait")
    system.place()
    order = system.place(county=other, **RESIDENT)
    sealed = system.redis.hget(order_key(order), "contact").encode()
    wait_until(lambda: archived(system, COUNTY, "SELECT 1 FROM contacts"), 20, "the archive has a contact")
    system.of("archive")[0].stop()
    (system.directory / "archive" / f"{COUNTY}.db").unlink()
    system.restart("archive")

    def contacts():
        return archived(system, other, "SELECT count(*) FROM contacts")[0][0]

    def lies_around():
        return any(sealed in content for content in files(system.directory / "archive").values())

    wait_until(lambda: contacts() == 1, 20, "its contact is there")
    with sqlite3.connect(system.directory / "archive" / f"{other}.db", isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM contacts").fetchone()
        system.finish(order)
        wait_until(lambda: contacts() == 0, 30, "it is erased")
        assert archived(system, other, "SELECT order_id, result FROM audit WHERE action = 'contact.erased'") == [
            (order["order"], "done")], "its record is in the file by then"
        wait_until(lambda: "erased=1" in system.of("archive")[-1].text(), 10, "the archive has tried to forget it")
        assert lies_around(), "the reader may see it still"
        reader.execute("COMMIT")
    wait_until(lambda: not lies_around(), 10, "it is nowhere")


# -- keys ------------------------------------------------------------------------------------------------------------


def test_keys_are_replaced_while_orders_come_in(make_system):
    system = make_system(instances={"notification": 2, "intake": 1})
    orders, stop, failures = [], threading.Event(), []

    def place_on():
        session = requests.Session()
        while not stop.is_set():
            body = {"county": COUNTY, "title": "东门小区路灯不亮", "text": "灯坏了"} | RESIDENT
            answer = session.post(f"{system.url}/api/v1/orders", json=body, timeout=20)
            orders.append(answer.json()) if answer.status_code == 201 else failures.append(answer.text)
            stop.wait(0.1)

    def key_of(order):
        return system.redis.hget(order_key(order), "contact").split(".")[1]

    def more():
        wanted = len(orders) + 5
        wait_until(lambda: len(orders) >= wanted, 20, "more orders came in")

    worker = threading.Thread(target=place_on)
    worker.start()
    try:
        more()
        for key in ("2", "3"):
            system.ctl("county", "rekey", COUNTY)
            wait_until(lambda k=key: key_of(orders[-1]) == k, 20, f"orders are sealed with key {key}")
        system.ctl("keys", "master", str(system.keys))
        system.ctl("county", "rewrap")
        more()
        master = system.keys / "master"
        master.write_text(master.read_text().splitlines(keepends=True)[1])  # the old one is not needed any more
        for name in ("routing.1", "notification.1", "archive.1"):
            system.services[name].stop()
            system.services[name].start()
            wait_until(lambda p=system.services[name]: system.is_ready(p), 30, f"{name} is ready")
            more()
    finally:
        stop.set()
        worker.join()
    assert not failures
    assert {key_of(order) for order in orders} == {"1", "2", "3"}, "each key has sealed some"
    for order in orders:
        system.wait_sms(order, template="placed", recipient="resident")
    assert len(system.spool()) == len({(sms["order"], sms["template"], sms["recipient"]) for sms in system.spool()})
    for order in (orders[0], orders[-1]):
        assert contact(system, order, key="office").json == RESIDENT
    wait_until(lambda: len(found(system, RESIDENT["phone"])) == len(orders), 20, "a phone is found across all keys")
    assert not system.redis.xlen(f"dlq:{{{COUNTY}}}")


def last_look(system):
    """Whoever looks at the counties also announces itself."""
    return system.redis.zrange("registry:routing", -1, -1, withscores=True)[0][1]


def test_with_the_wrong_master_key_nothing_starts_and_the_cause_is_said_once(system):
    system.allowed_errors.append("is not the one that wrapped this county's keys")
    first = system.place()
    system.wait_state(first, "open")
    master = system.keys / "master"
    right = master.read_text()
    for process in system.services.values():
        process.stop()
    master.write_text("1 " + "0" * 64 + "\n")
    for process in system.services.values():
        process.start()
    for process in system.services.values():
        wait_until(lambda p=process: "keys do not open" in p.readiness()[1], 20, f"{process.name} says why not")
    before = last_look(system)
    wait_until(lambda: last_look(system) > before + 2000, 20, "they have looked again")
    master.write_text(right)
    system.wait_ready()
    for process in system.services.values():
        assert process.text().count("is not the one that wrapped") == 1, process.name
    assert system.order(first)["state"] == "open"


def test_an_open_configuration_is_sealed_and_codes_stay(make_system):
    """Secret and files lay in Redis as they were, from a version before the vault; `county apply` seals them."""
    system = make_system(start=False)
    system.start_redis()
    secret = bytes(range(32))
    client = system.connect_redis()
    client.hset(f"config:{{{COUNTY}}}", mapping={"revision": 4, "secret": secret, "members.csv": MEMBER["phone"]})
    client.sadd("counties", COUNTY)
    system.ctl("county", "apply", str(system.counties[0]))
    system.ctl("county", "apply", str(system.counties[0]))  # what is sealed is left alone
    assert secret not in b"".join(client.hgetall(f"config:{{{COUNTY}}}").values())
    system.redis.bgrewriteaof()
    wait_until(lambda: not system.redis.info("persistence")["aof_rewrite_in_progress"], 20, "the AOF is rewritten")
    assert_absent(files(system.directory / "redis"))

    for process in system.services.values():
        process.start()
    system.wait_ready()
    order = system.place(**RESIDENT)
    number = hashlib.blake2b(order["order"].encode(), digest_size=8, key=secret).digest()
    assert order["code"] == f"{int.from_bytes(number, 'little') % 1000000:06d}", "codes are the same as before"
