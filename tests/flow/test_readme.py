"""README's loop by hand: its commands are run as they stand there, against the sample county."""

import os
import re
import subprocess

from harness import PLAIN, ROOT

COUNTY = ROOT / "deploy/counties/990101"


def test_the_loop_by_hand(make_system, tmp_path):
    system = make_system(counties=[COUNTY])
    text = (ROOT / "README.md").read_text()
    section = text[text.index("## The loop by hand"):]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    assert "http://127.0.0.1:8311" in commands
    here = commands.replace("http://127.0.0.1:8311", system.url).replace("scripts/sidanctl", str(PLAIN))
    # Whoever types leaves a moment between the commands; a step may have to pass from one service to the next.
    script = f"set -eEuo pipefail\ntrap 'echo \"stopped at: $BASH_COMMAND\"' ERR\ntrap 'sleep 0.7' DEBUG\n{here}"
    environment = os.environ | {"SIDAN_REDIS": system.redis_url, "SIDAN_KEYS": str(system.keys), "LANG": "C.UTF-8",
                                "SIDAN_REDIS_USER": "sidan",
                                "SIDAN_REDIS_PASSWORD_FILE": str(system.directory / "redis-password")}
    done = subprocess.run(["bash", "-c", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    told = done.stdout
    for words in ("微协商“红绿灯怎么装”", "建言“学校门口都装”：部分采纳", "红绿灯已经装好", "【评价】满意",
                  '"member":"M205"'):
        assert words in told, (words, told[-5000:])
    public = system.api("GET", "/api/v1/counties/990101/cases")
    assert public.status == 200 and "滨河花园装上了红绿灯" in public.text, public
