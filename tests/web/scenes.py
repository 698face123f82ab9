"""Plays scenes of the pages in a real browser; see play.mjs."""

import json
import os
import subprocess
import threading

from harness import ADDRESS, ROOT

SHOTS = os.environ.get("SIDAN_SHOTS")  # where screenshots go; make screenshots sets it
LONGEST = 180  # seconds of a scene


def path_of(text):
    """Of the link that stands at the end of an SMS."""
    return text.rpartition(ADDRESS["public_url"])[2]


def play(system, file, scene, answers=None, **given):
    """What the scene returned. answers: {"code": function} for what it asks for."""
    given = {"url": system.url, "shots": SHOTS} | given
    command = ["node", str(ROOT / "tests/web/play.mjs"), str(ROOT / "tests/web" / file), scene]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=os.environ | {"SIDAN_SCENE": json.dumps(given)}) as process:
        limit = threading.Timer(LONGEST, process.kill)
        limit.start()
        faults = []
        reader = threading.Thread(target=lambda: faults.append(process.stderr.read()))
        reader.start()
        last = None
        for line in process.stdout:
            last = json.loads(line)
            if "ask" in last:
                process.stdin.write(json.dumps(answers[last["ask"]](*last["about"])) + "\n")
                process.stdin.flush()
        reader.join()
        code = process.wait()
        limit.cancel()
    assert code == 0, faults[0] or f"the scene ended with {code}"
    return last
