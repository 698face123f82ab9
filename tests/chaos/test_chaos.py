"""Short chaos runs with fixed seeds: the audit must find nothing, whatever died, hung or was cut off meanwhile.

make chaos MINUTES=30 SEED=7 is the long form. A run that fails prints its seed, the command that repeats it, and what is
wrong; see chaos.py.
"""

import os
import re
import subprocess

import pytest

from harness import ROOT

# With the sanitizers on, and other tests beside them.
RUNS = {
    "crash_points": "--points --seed 1 --faults crash --gateway spool --rate 5",
    "mixed": "--minutes 0.3 --seed 2 --faults kill,crash,hang,stop,restart,redis,network --gateway spool --rate 5",
    "failover": "--minutes 0.2 --seed 297 --faults kill,network,failover --gateway spool --rate 5",
    "gateway": "--minutes 0.2 --seed 4 --faults kill,gateway --gateway kannel --rate 3",
}


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_lost_and_nothing_happens_twice(name):
    done = subprocess.run([str(ROOT / "tests/chaos/run"), *RUNS[name].split()], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=400, check=False,
                          env=os.environ | {"SIDAN_BIN": os.environ.get("SIDAN_BIN", str(ROOT / "build/asan/bin"))})
    assert done.returncode == 0, done.stdout[-6000:]
    wanted = re.search(r"--faults (\S+)", RUNS[name])[1].split(",")
    assert not [kind for kind in wanted if f"\nfaults: {kind} " not in done.stdout], done.stdout[-6000:]
