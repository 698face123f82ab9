"""Open311 GeoReport v2, seen by two clients that know nothing of this project: one speaks XML and puts the county into
the body, as FixMyStreet does; one speaks JSON and puts it into the query, as the npm client does."""

import datetime
import json
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from harness import COUNTY, KEYS, System, make_county, wait_until

TOKENS = "990104"  # a county that answers with tokens
KEY = KEYS["open311"]
TEXT = "小区路灯不亮\n东门社区三栋门口的路灯坏了半个月 & <老人> 摔过 “两次”"
DATE = "%Y-%m-%dT%H:%M:%S%z"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("open311")
    one = make_county(directory / "counties", settings={"open311_tokens": "no"})
    other = make_county(directory / "counties", county=TOKENS, settings={"open311_tokens": "yes"})
    system = System(directory / "system", counties=[one, other])
    yield system
    system.close()


class Refused(Exception):
    def __init__(self, status, errors):
        super().__init__(status, errors)
        self.status, self.errors = status, errors


class XmlClient:
    """FixMyStreet's way: a base that ends in a slash, XML, county and key in the body of a POST."""

    def __init__(self, system, county, key=KEY):
        self.base, self.county, self.key = system.url + "/open311/v2/", county, key

    def get(self, path, **query):
        if self.county:
            query["jurisdiction_id"] = self.county
        return self.read(requests.get(self.base + path, params=query, timeout=20))

    def post(self, path, **form):
        body = dict(form)
        if self.county:
            body["jurisdiction_id"] = self.county
        if self.key:
            body["api_key"] = self.key
        return self.read(requests.post(self.base + path, data=body, timeout=20))

    @staticmethod
    def read(response):
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
        root = ElementTree.fromstring(response.content)
        rows = [{cell.tag: cell.text for cell in row} for row in root]
        if response.status_code != 200:
            assert root.tag == "errors" and rows[0]["code"] == str(response.status_code), response.text
            raise Refused(response.status_code, rows)
        return rows


class JsonClient:
    """The npm client's way: discovery first, JSON, county in the query of every call, attributes by name."""

    def __init__(self, system, county, key=KEY):
        self.county, self.key = county, key
        endpoints = requests.get(system.url + "/open311/discovery.json", timeout=20).json()["endpoints"]
        endpoint = [e for e in endpoints if e["specification"] == "http://wiki.open311.org/GeoReport_v2"
                    and e["type"] == "production" and "application/json" in e["formats"]][0]
        self.base = endpoint["url"]

    def get(self, path, **query):
        query = {"jurisdiction_id": self.county} | query
        return self.read(requests.get(f"{self.base}{path}.json", params=query, timeout=20))

    def post(self, path, headers=None, **form):
        return self.read(requests.post(f"{self.base}{path}.json", params={"jurisdiction_id": self.county},
                                       data={"api_key": self.key} | form, headers=headers, timeout=20))

    @staticmethod
    def read(response):
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        if response.status_code != 200:
            errors = response.json()
            assert errors[0]["code"] == response.status_code, response.text
            raise Refused(response.status_code, errors)
        return response.json()


def refused(code, word, call, *arguments, **more):
    """The call must be refused with this code; its description must have this word in it."""
    with pytest.raises(Refused) as refusal:
        call(*arguments, **more)
    assert refusal.value.status == code, refusal.value.errors
    assert word in refusal.value.errors[0]["description"], refusal.value.errors


def posted(client, **form):
    fields = {"service_code": "construction", "description": TEXT, "lat": "30.123456", "long": "118.654321"} | form
    return client.post("requests.xml" if isinstance(client, XmlClient) else "requests", **fields)[0]


def window(minutes=10):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"start_date": (now - datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end_date": (now + datetime.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}


def wait_listed(client, order, path="requests", **filters):
    return wait_until(lambda: next((r for r in client.get(path, **window(), **filters)
                                    if r["service_request_id"] == order), None), 20, f"{order} is listed")


def test_discovery(system):
    for path in ("/open311/discovery.xml", "/open311/v2/discovery.xml"):
        root = ElementTree.fromstring(requests.get(system.url + path, timeout=20).content)
        assert [e.tag for e in root] == ["changeset", "contact", "key_service", "endpoints"]
        endpoint = root.find("endpoints/endpoint")
        assert endpoint.findtext("url") == system.url + "/open311/v2/"
        assert [f.text for f in endpoint.iterfind("formats/format")] == ["text/xml", "application/json"]
    one = requests.get(f"{system.url}/open311/discovery.json?jurisdiction_id={COUNTY}", timeout=20).json()
    assert "云溪县" in one["contact"]


def test_services_and_definitions(system):
    for client, services in ((c := XmlClient(system, COUNTY), c.get("/services.xml")),
                             (c := JsonClient(system, COUNTY), c.get("services"))):
        light = next(s for s in services if s["service_code"] == "construction")
        assert light["service_name"] == "城乡建设" and light["group"] == "城建环保"
        assert "路灯" in light["keywords"].split(",") and light["type"] == "realtime"
        assert light["metadata"] in ("true", True)
    definition = JsonClient(system, COUNTY).get("services/construction")
    assert definition["service_code"] == "construction"
    place, community = definition["attributes"]
    assert (place["code"], place["datatype"], place["required"]) == ("place", "string", False)
    assert community["datatype"] == "singlevaluelist" and len(community["values"]) > 3
    response = requests.get(f"{system.url}/open311/v2//services/construction.xml?jurisdiction_id={COUNTY}", timeout=20)
    root = ElementTree.fromstring(response.content)
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute[2]/values/value/name")
    assert XmlClient(system, TOKENS).get("services.xml")[0]["type"] == "batch"


def test_xml_client_posts_polls_and_reads_back(system):
    client = XmlClient(system, TOKENS)
    answer = posted(client, first_name="周小雨", last_name="", phone="13900000001", email="zhou@example.cn")
    assert "service_request_id" not in answer and answer["token"]
    found = client.get(f"tokens/{answer['token']}.xml")[0]
    assert found["token"] == answer["token"] and found["service_request_id"].startswith(TOKENS)
    order = found["service_request_id"]
    read = client.get(f"requests/{order}.xml")[0]
    assert read["description"] == TEXT and read["status"] == "open"
    assert read["service_code"] == "construction" and read["service_name"] == "城乡建设"
    assert (read["lat"], read["long"]) == ("30.123456", "118.654321")
    assert datetime.datetime.strptime(read["requested_datetime"], DATE).utcoffset() == datetime.timedelta(hours=8)
    assert wait_listed(client, order, "requests.xml", status="open", service_code="construction,property")
    wrong = answer["token"][:-1] + ("0" if answer["token"][-1] != "0" else "1")
    refused(404, "token", client.get, f"tokens/{wrong}.xml")
    refused(404, "token", XmlClient(system, COUNTY).get, f"tokens/{answer['token']}.xml")


def test_json_client_posts_and_reads_back(system):
    client = JsonClient(system, COUNTY)
    answer = posted(client, **{"address_string": "翠湖路5号", "attribute[place]": "三栋门口",
                               "attribute[community][]": "C101", "first_name": "小雨", "last_name": "周",
                               "account_id": "A7", "media_url": "https://example.cn/1.jpg"})
    order = answer["service_request_id"]
    assert answer["account_id"] == "A7" and answer["service_notice"]
    read = client.get(f"requests/{order}")[0]
    assert read["description"] == TEXT and read["address"] == "翠湖路5号 三栋门口" and read["address_id"] == "C101"
    assert read["lat"] == 30.123456 and read["media_url"] == "https://example.cn/1.jpg"
    wait_listed(client, order)
    many = client.get("requests", service_request_id=f"{order},{COUNTY}-999999,nonsense", status="closed")
    assert [r["service_request_id"] for r in many] == [order]
    assert not [r for r in client.get("requests", status="closed") if r["service_request_id"] == order]
    assert client.get("requests", service_code="property") == []


def test_a_repeated_post_with_a_key_is_one_order(system):
    client = JsonClient(system, COUNTY)
    first, second = (posted(client, headers={"Idempotency-Key": "only-once"}) for _ in range(2))
    assert first["service_request_id"] == second["service_request_id"]
    assert posted(client)["service_request_id"] != first["service_request_id"]


def test_a_key_that_is_used_again_for_something_else_loses_nothing(system):
    client = JsonClient(system, COUNTY)
    texts = {"路灯不亮", "井盖没了"}
    orders = [posted(client, description=text, headers={"Idempotency-Key": "1"})["service_request_id"] for text in texts]
    assert {client.get(f"requests/{order}")[0]["description"] for order in orders} == texts


def test_nothing_personal_is_shown(system):
    client = JsonClient(system, COUNTY)
    text = "请联系13900000077或zhou77@example.cn，身份证34102219700101123X"
    order = posted(client, description=text, first_name="周某某", phone="13900000077", email="zhou77@example.cn",
                   address_string="东大街5号（13900000077）")["service_request_id"]
    fresh = client.get(f"requests/{order}")[0]
    archived = wait_listed(client, order)
    updates = wait_until(lambda: [u for u in client.get("servicerequestupdates", **window())
                                  if u["service_request_id"] == order], 20, "the update is listed")
    for shown in (fresh, archived, updates):
        told = json.dumps(shown, ensure_ascii=False)
        assert not [word for word in ("周某某", "13900000077", "zhou77", "34102219700101123X") if word in told], told
    assert archived["description"] == "请联系***或***，身份证***"


def test_orders_of_other_doors_stay_private(system):
    order = system.place()["order"]
    client = JsonClient(system, COUNTY)
    shown = posted(client)["service_request_id"]
    wait_listed(client, shown)
    refused(404, "service_request_id", client.get, f"requests/{order}")
    assert client.get("requests", service_request_id=order) == []
    assert order not in [r["service_request_id"] for r in client.get("requests", **window())]
    refused(404, "service_request_id", client.post, "servicerequestupdates", service_request_id=order, update_id="1",
            status="OPEN", description="补充")


def wait_state(client, order, *states):
    """Waits for an update that tells one of these states, and returns it. client: the one that speaks XML."""
    return wait_until(lambda: next((u for u in client.get("servicerequestupdates.xml", **window())
                                    if u["service_request_id"] == order and u["external_status_code"] in states), None),
                      20, f"{order} is {states}")


def post_update(client, order, update_id, description="又坏了，电话13900000001"):
    return client.post("servicerequestupdates.xml", service_request_id=order, update_id=update_id, status="OPEN",
                       updated_datetime="2026-11-22T09:30:00+08:00", description=description, first_name="周",
                       last_name="-", email="zhou@example.cn")[0]["update_id"]


def test_updates_both_ways(system):
    client = XmlClient(system, COUNTY)
    order = posted(client, **{"attribute[community]": "C101"})["service_request_id"]
    wait_state(client, order, "open")
    update = post_update(client, order, "fms-1")
    assert post_update(client, order, "fms-1") == update
    assert post_update(client, order, "fms-2") != update

    def seen():
        span = window()
        rows = [u for u in client.get("servicerequestupdates.xml", api_key=KEY, **span)
                if u["service_request_id"] == order]
        for row in rows:
            assert span["start_date"] <= utc(row["updated_datetime"]) <= span["end_date"]
        return rows if len(rows) >= 4 else None

    rows = wait_until(seen, 20, "four updates")
    assert [r["external_status_code"] for r in rows] == ["placed", "open", "open", "open"]
    assert len({r["update_id"] for r in rows}) == 4 and rows[2]["update_id"] == update
    assert rows[0]["description"] == "群众已点单，等待定单。" and rows[2]["description"] == "又坏了，电话***"


def utc(text):
    return datetime.datetime.strptime(text, DATE).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_answered_request(system):
    client = XmlClient(system, COUNTY)
    order = posted(client, **{"attribute[community]": "C101"})["service_request_id"]
    handle = {"order": order}
    wait_state(client, order, "open")
    for member in ("M101", "M102", "M103"):
        answer = system.step(handle, "claim", {"member": member})
        assert answer.status == 200, answer
    answer = system.step(handle, "answer", {"outcome": "solved", "answer": "已换新灯，电话13900000055"})
    assert answer.status == 200, answer
    told = wait_state(client, order, "answered")
    assert told["status"] == "fixed" and told["description"] == "已答复，等待回访。已换新灯，电话***"
    read = client.get(f"requests/{order}.xml")[0]
    assert read["status"] == "open" and read["status_notes"] == "已换新灯，电话***" and read["agency_responsible"]
    answer = system.step(handle, "rating", {"rating": "satisfied", "actor": "resident"})
    assert answer.status == 200, answer
    assert wait_state(client, order, "closed")["status"] == "closed"
    states = [u["external_status_code"] for u in client.get("servicerequestupdates.xml", **window())
              if u["service_request_id"] == order]
    assert states == ["placed", "open", "assigned", "answered", "evaluated", "closed"]
    assert client.get(f"requests/{order}.xml")[0]["status"] == "closed"


def test_a_returned_request(system):
    client = XmlClient(system, COUNTY)
    order = posted(client, service_code="civil", description="想问怎么办")["service_request_id"]
    assert wait_state(client, order, "screening")["status"] == "for_triage"
    early = post_update(client, order, "early")
    answer = system.step({"order": order}, "screen", {"decision": "return", "reason_code": "unsuited",
                                                      "actor": "convener:T1", "return_to": "县民政局"})
    assert answer.status == 200, answer
    told = wait_state(client, order, "returned")
    assert told["status"] == "not_councils_responsibility"
    assert told["description"] == "已退单。不属于协商的范围 请向：县民政局"
    read = client.get(f"requests/{order}.xml")[0]
    assert read["status"] == "closed" and read["status_notes"] == "不属于协商的范围 请向：县民政局"
    refused(400, "service_request_id", post_update, client, order, "late")
    wait_until(lambda: not system.redis.exists(f"order:{{{COUNTY}}}:{order}"), 30, "the order has left Redis")
    assert client.get(f"requests/{order}.xml")[0]["status"] == "closed"
    refused(400, "service_request_id", post_update, client, order, "later")
    assert post_update(client, order, "early") == early  # what was done then is told once more


def test_refusals(system):
    client, post = JsonClient(system, COUNTY), "requests"
    good = {"service_code": "construction", "description": "路灯", "address_string": "东大街"}

    def without(name):
        return {k: v for k, v in good.items() if k != name}

    refused(400, "service_code", client.post, post, **without("service_code"))
    refused(404, "service_code", client.post, post, **good | {"service_code": "nothing"})
    refused(404, "service_code", client.get, "services/nothing")
    refused(400, "lat", client.post, post, **without("address_string"))
    refused(400, "long", client.post, post, **without("address_string") | {"lat": "30"})
    refused(400, "lat", client.post, post, **good | {"lat": "91", "long": "118"})
    refused(400, "long", client.post, post, **good | {"lat": "30", "long": "east"})
    refused(400, "address_id", client.post, post, **without("address_string") | {"address_id": "nowhere"})
    refused(400, "attribute[community]", client.post, post, **good | {"attribute[community]": "nowhere"})
    refused(400, "description", client.post, post, **good | {"description": "长" * 4001})
    refused(400, "description", client.post, post, **good | {"description": b"\xff\xfe"})
    refused(400, "media_url", client.post, post, **good | {"media_url": "javascript:alert(1)"})
    refused(400, "first_name", client.post, post, **good | {"first_name": "长" * 61})
    refused(400, "address_string", client.post, post, **good | {"address_string": "长" * 201})
    refused(403, "api_key", client.post, post, **good | {"api_key": "wrong"})
    refused(403, "api_key", client.post, post, **good | {"api_key": ""})
    refused(403, "api_key", client.post, post, **good | {"api_key": KEYS["import"]})
    refused(403, "api_key", client.post, "servicerequestupdates", api_key="wrong")
    refused(404, "jurisdiction_id", client.get, "services", jurisdiction_id="000000")
    refused(400, "jurisdiction_id", XmlClient(system, None).get, "services.xml")
    refused(404, "service_request_id", client.get, f"requests/{COUNTY}-999999")
    refused(404, "service_request_id", client.get, "requests/nonsense")
    refused(400, "status", client.get, post, status="lost")
    refused(400, "start_date", client.get, post, start_date="yesterday")
    refused(400, "start_date", client.get, post, start_date="2026-02-01T00:00:00Z", end_date="2026-01-01T00:00:00Z")
    refused(400, "end_date", client.get, post, start_date="2026-01-01T00:00:00Z", end_date="2026-06-01T00:00:00Z")
    refused(404, "", client.get, "nothing")
    refused(405, "", client.post, "services")
    refused(400, "update_id", client.post, "servicerequestupdates", service_request_id=f"{COUNTY}-000001")
    refused(404, "service_request_id", client.post, "servicerequestupdates", service_request_id=f"{COUNTY}-999999",
            update_id="1", description="无此单")
    assert client.post(post, **good | {"email": "", "lat": "", "first_name": ""})[0]["service_request_id"]


def test_languages_forms_and_endings(system):
    url = f"{system.url}/open311/v2/services/nothing"
    english = requests.get(url + f".json?jurisdiction_id={COUNTY}", headers={"Accept-Language": "en-GB,zh"}, timeout=20)
    chinese = requests.get(url + f".json?jurisdiction_id={COUNTY}", headers={"Accept-Language": "zh-CN,en"}, timeout=20)
    assert english.json()[0]["description"] == "service_code: there is no such service"
    assert chinese.json()[0]["description"] == "service_code: 没有这类事项"
    plain = requests.get(url + f"?jurisdiction_id={COUNTY}", timeout=20)
    assert plain.status_code == 404 and plain.text.startswith("<?xml")
    parts = requests.post(f"{system.url}/open311/v2/requests.xml", files={"description": "路灯"}, timeout=20)
    assert parts.status_code == 400 and "Content-Type" in parts.text
    put = requests.put(f"{system.url}/open311/v2/requests.json", timeout=20)
    assert put.status_code == 405 and put.json()[0]["code"] == 405
    big = requests.post(f"{system.url}/open311/v2/requests.json", data={"description": "x" * 300000}, timeout=20)
    assert big.status_code == 413 and big.json()[0]["code"] == 413
    # Each field must not cost a copy of all before it, or one stranger's form would hold up everybody.
    many = requests.post(f"{system.url}/open311/v2/requests.json", data="a&" * 100000, timeout=20,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert 400 <= many.status_code < 500, many


def test_control_characters_do_not_break_the_xml(system):
    client = XmlClient(system, COUNTY)
    order = posted(client, description="路灯\x01\x0b坏了\ufffe]]>")["service_request_id"]
    assert client.get(f"requests/{order}.xml")[0]["description"] == "路灯坏了]]>"
    wait_listed(client, order, "requests.xml")


def test_a_single_county_needs_no_jurisdiction(make_system):
    system = make_system(parameters={"all": {}})
    client = XmlClient(system, None)
    order = posted(client)["service_request_id"]
    assert client.get(f"requests/{order}.xml")[0]["description"] == TEXT


# -- limits ------------------------------------------------------------------------------------------------------------

def test_strangers_who_read_are_limited_by_address(make_system):
    """A list counts as 5, anything else as 1; a key is not counted."""
    system = make_system(parameters={"intake": {"guest_burst": 30, "guest_per_minute": 1, "proxies": "127.0.0.1"}})

    def ask(path, address, **query):
        return system.api("GET", f"/open311/v2/{path}", params=query, headers={"X-Forwarded-For": address})

    lists = ("requests.xml", "servicerequestupdates.json", f"requests.json?jurisdiction_id={COUNTY}")
    ones = ("services.json", "services/nothing.json", "discovery.xml", f"requests/{COUNTY}-999999.json",
            "tokens/none.xml")
    for address, paths, count in (("198.51.100.1", lists, 6), ("198.51.100.2", ones, 30)):
        answers = [ask(paths[n % len(paths)], address).status for n in range(count)]
        assert 429 not in answers and 503 not in answers, answers
        for path in (*lists, *ones):
            answer = ask(path, address)
            assert answer.status == 429 and 50 <= int(answer.headers["Retry-After"]) <= 301, answer
            assert "429" in answer.text and answer.headers["Content-Type"].startswith(
                "text/xml" if path.endswith("xml") else "application/json"), answer
        post = system.api("POST", "/api/v1/orders", {"county": COUNTY, "title": "路灯不亮"},
                          headers={"X-Forwarded-For": address})
        assert post.status == 429, "it is the allowance of the address for everything"
        assert ask(lists[0], address, api_key=KEY).status == 200, "who has a key is not counted"
        assert system.api("GET", f"/open311/v2/{lists[0]}", key="open311",
                          headers={"X-Forwarded-For": address}).status == 200
        assert ask(lists[0], address, api_key="made up").status == 429
    assert ask(lists[0], "198.51.100.3").status == 200
