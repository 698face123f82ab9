"""README's loop by hand: its commands are run as they stand there, against the sample county."""

import re
import subprocess

import requests

from harness import PLAIN, ROOT, free_port, wait_until

COUNTY = ROOT / "deploy/counties/990101"


def test_the_loop_by_hand(make_system, tmp_path):
    system = make_system(counties=[COUNTY])
    text = (ROOT / "README.md").read_text()
    section = text[text.index("## The loop by hand"):]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    assert "http://127.0.0.1:8311" in commands
    here = commands.replace("http://127.0.0.1:8311", system.url).replace("scripts/sidanctl", str(PLAIN))
    script = f"set -eEuo pipefail\ntrap 'echo \"stopped at: $BASH_COMMAND\"' ERR\n{here}"
    done = subprocess.run(["bash", "-c", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, env=system.environment() | {"LANG": "C.UTF-8"}, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    told = done.stdout
    for words in ("微协商“红绿灯怎么装”", "建言“学校门口都装”：部分采纳", "红绿灯已经装好", "【评价】满意",
                  '"member":"M205"'):
        assert words in told, (words, told[-5000:])
    public = system.api("GET", "/api/v1/counties/990101/cases")
    assert public.status == 200 and "滨河花园装上了红绿灯" in public.text, public


def test_one_click_signs_in_as_each_role_of_a_sample_county(make_system):
    """What `make run` offers, and nothing else; see scripts/roles."""
    system = make_system(counties=[COUNTY])
    port = free_port()
    command = [str(ROOT / "scripts/roles"), str(port), system.url, str(system.spool_directory), str(COUNTY)]
    with subprocess.Popen(command, cwd=ROOT, env=system.environment()) as process:
        try:
            page = wait_until(lambda: fetch(f"http://127.0.0.1:{port}/"), 10, "its page").text
            roles = re.findall(r"/as/990101/\d+", page)
            assert len(roles) > 10 and "召集人 · 陆明远（城关镇）" in page
            entered = [fetch(f"http://127.0.0.1:{port}{role}") for role in (roles[0], roles[0], roles[-1])]
            cookies = [answer.headers["Set-Cookie"].split(";")[0] for answer in entered]
            me = [system.api("GET", "/api/v1/me", headers={"Cookie": cookie}).json["roles"] for cookie in cookies]
            assert me == [["member:M101", "leader:G1"]] * 2 + [["city:shi-an"]] and cookies[0] == cookies[1], "it is kept"
            assert {answer.headers["Location"] for answer in entered} == {f"{system.url}/w/990101"}
        finally:
            process.terminate()


def fetch(url):
    try:
        return requests.get(url, timeout=20, allow_redirects=False)
    except requests.ConnectionError:
        return None
