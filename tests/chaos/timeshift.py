"""Processes for which it is another time; see timeshift.c. They are the programs without sanitizers."""

import struct
import subprocess
from pathlib import Path


class Clock:
    """By how many seconds the clocks of the processes that follow it are ahead."""

    def __init__(self, directory, name):
        self.library, self.file = Path(directory) / "timeshift.so", Path(directory) / f"{name}.shift"
        if not self.library.exists():
            subprocess.run(["cc", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", "-o", str(self.library),
                            str(Path(__file__).with_suffix(".c"))], check=True)
        self.set(0)

    def set(self, of_day, monotonic=0):
        """The time of day, and the clock that only goes on."""
        self.of_day, self.monotonic = of_day, monotonic
        with open(self.file, "r+b" if self.file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("@qq", of_day, monotonic))

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "SHIFT_FILE": str(self.file)}

    def rule(self, process):
        """The process goes by this clock from its start on."""
        process.clock = self
        process.command[0] = process.command[0].replace("/asan", "")
        process.environment = process.environment | self.environment()
        return process
