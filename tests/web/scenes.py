"""Plays scenes of the pages in a real browser; see play.mjs."""

import json
import os
import subprocess

from harness import ROOT

SHOTS = os.environ.get("SIDAN_SHOTS")  # where screenshots go; make screenshots sets it


def play(system, file, scene, **given):
    """What the scene returned."""
    given = {"url": system.url, "shots": SHOTS} | given
    done = subprocess.run(["node", str(ROOT / "tests/web/play.mjs"), str(ROOT / "tests/web" / file), scene], text=True,
                          capture_output=True, timeout=180, check=False,
                          env=os.environ | {"SIDAN_SCENE": json.dumps(given)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
