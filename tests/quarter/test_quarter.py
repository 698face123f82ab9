"""A short quarter: few orders, whose people claim, decline, fall silent, answer late and rate badly; all of it adds up.

tests/quarter/run is the long form.
"""

import subprocess

from harness import ROOT


def test_every_order_ends_or_is_seen_to_be_late():
    command = [str(ROOT / "tests/quarter/run"), "--orders", "30", "--days", "24", "--step", "60", "--sms-per-day", "4"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400,
                          check=False)
    assert done.returncode == 0, done.stdout[-6000:]
