"""What `make run` keeps from one run to the next, and where the SMS of a sample county lead."""

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager

import requests

from harness import ROOT, free_port, wait_until

OFFICE = {"Authorization": "Bearer sample-office-key"}  # README's
TABLE = "/api/v1/tables/reasons?county=990101"


@contextmanager
def run(directory, port):
    """One run: (its address, what it has told so far)."""
    out = directory / "out"
    with open(out, "w+b") as told:
        with subprocess.Popen(["scripts/run"], cwd=ROOT, stdout=told, stderr=subprocess.STDOUT, start_new_session=True,
                              env=os.environ | {"VAR": str(directory / "var"), "PORT": str(port), "LANG": "C.UTF-8"}) as one:
            try:
                wait_until(lambda: "SMS appear below" in out.read_text() or one.poll() is not None, 60, "it is ready")
                assert one.poll() is None, out.read_text()
                yield f"http://127.0.0.1:{port}", out.read_text
            finally:
                one.send_signal(signal.SIGTERM)
                one.wait(40)


def rows(url):
    answer = requests.get(url + TABLE, headers=OFFICE, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_its_office_changed_outlasts_a_run(tmp_path):
    port = free_port()
    with run(tmp_path, port) as (url, told):
        table = rows(url)
        changed = [*table["rows"], ["later", "请明年再说", "please come back next year"]]
        lines = [[column["name"] for column in table["columns"]], *changed]
        stored = requests.post(f"{url}{TABLE}&revision={table['revision']}", "\n".join(",".join(line) for line in lines).encode(), timeout=20,
                               headers=OFFICE | {"Content-Type": "text/csv"})
        assert stored.json().get("stored"), stored.text
        order = {"county": "990101", "title": "东门小区路灯不亮", "text": "三栋门口的路灯坏了", "phone": "10000000001"}
        assert requests.post(f"{url}/api/v1/orders", json.dumps(order), timeout=20,
                             headers={"Content-Type": "application/json"}).status_code == 201
        link = wait_until(lambda: re.search(rf"{url}/\S+", told().split("SMS appear below")[1]), 20, "a link in an SMS")[0]
        assert requests.get(link, timeout=20).status_code == 200
    with run(tmp_path, port) as (url, told):
        assert "990101 is as it was" in told() and rows(url)["rows"] == changed
    with run(tmp_path, free_port()) as (url, told):  # with another address in its files
        assert "990101 stays as it is" in told() and "its office has changed reasons.csv" in told()
        assert rows(url)["rows"] == changed
