"""How the built pages are served: by their exact names, compressed, and with a policy that lets nothing else run."""

import gzip

import requests

from harness import COUNTY, ROOT, wait_until


def pages(directory):
    """Some that a build might have made."""
    (directory / "assets").mkdir(parents=True)
    for name in ("resident", "work"):
        (directory / f"{name}.html").write_text("<!doctype html><title>pages</title>")
    (directory / "assets/resident-1a2b.js").write_text("plain")
    (directory / "assets/resident-1a2b.js.gz").write_bytes(gzip.compress(b"compressed"))
    (directory.parent / "secret.txt").write_text("secret")
    return directory


def test_pages_are_served(make_system, tmp_path):
    system = make_system(parameters={"intake": {"web_dir": pages(tmp_path / "web")}})
    for path in ("/", "/c/", f"/c/{COUNTY}", f"/o/{COUNTY}-000001", "/w/", f"/w/{COUNTY}", f"/w/{COUNTY}-000001"):
        answer = requests.get(system.url + path, timeout=10)
        assert answer.status_code == 200 and "<title>pages</title>" in answer.text, path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-cache"
    early = requests.get(f"{system.url}/c/{COUNTY}", timeout=10).headers["Link"]
    address = early.partition(">")[0].removeprefix("<..")
    assert address == f"/api/v1/counties/{COUNTY}" and "rel=preload" in early, "it is under way before the page asks"
    assert "Link" not in requests.get(f"{system.url}/c/123456", timeout=10).headers
    asset = f"{system.url}/assets/resident-1a2b.js"
    plain = requests.get(asset, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert plain.text == "plain" and plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in plain.headers["Cache-Control"] and plain.headers["Vary"] == "Accept-Encoding"
    assert requests.get(asset, timeout=10).text == "compressed"
    for path in ("/assets/other.js", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e%2fsecret.txt", "/c/../secret.txt",
                 "/assets/resident-1a2b.js%00", "/assets/"):
        answer = requests.get(system.url + path, timeout=10)
        assert "secret" not in answer.text and (answer.status_code in (400, 404) or "<title>pages" in answer.text), path


def test_without_pages_the_api_is_served(make_system):
    system = make_system()
    answer = requests.get(f"{system.url}/c/{COUNTY}", timeout=10)
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")
    assert system.api("GET", "/api/v1/counties").status == 200


def test_a_directory_that_is_not_there_is_said(make_system, tmp_path):
    system = make_system(start=False, parameters={"intake": {"web_dir": tmp_path / "nowhere"}})
    system.allowed_errors.append("cannot read web_dir|cannot start")
    system.start_redis()
    intake = system.services["intake.1"]
    intake.start()
    wait_until(lambda: not intake.running(), 20, "it ends")
    assert f"cannot read web_dir {tmp_path / 'nowhere'}" in intake.text() and "build the pages with make" in intake.text()
    intake.popen = None


def test_the_built_pages_are_those_of_this_program():
    """What make has built is there, and each page finds what it loads."""
    page = (ROOT / "build/web/resident.html").read_text()
    loaded = [part.split('"')[0] for part in page.split('../')[1:]]
    assert loaded and all((ROOT / "build/web" / name).exists() for name in loaded)
