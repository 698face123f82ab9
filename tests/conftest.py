"""Fixtures of the flow and chaos tests. Every system is closed, and judged, at its end.

make_system   builds systems as the test wants them
system        one of the test's own
shared        one for all tests of the file, for tests that leave it as they found it
"""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

for directory in ("flow", "chaos", "quarter", "web"):
    sys.path.insert(0, str(Path(__file__).parent / directory))

from harness import System  # noqa: E402


@contextmanager
def systems_in(directory):
    systems = []

    def make(kind=System, **arguments):
        systems.append(kind(directory / f"system{len(systems) + 1}", **arguments))
        return systems[-1]

    try:
        yield make
    except BaseException:  # a fixture that uses it failed before its tests
        for system in systems:
            system.abandon()
        raise
    faults = []
    for system in systems:
        try:
            system.close()
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)


@pytest.fixture
def make_system(tmp_path):
    with systems_in(tmp_path) as make:
        yield make


@pytest.fixture
def system(make_system):
    return make_system()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with systems_in(tmp_path_factory.mktemp("shared")) as make:
        yield make()
