"""Promise under load: what is let in is handled in time, the rest is told when to come again, and soon all is as before."""

from harness import ROOT, make_county
from overload import overload


def test_what_is_let_in_keeps_its_time(make_system, tmp_path, monkeypatch):
    monkeypatch.setenv("SIDAN_BIN", str(ROOT / "build/bin"))  # sanitizers would be measured instead
    system = make_system(counties=[make_county(tmp_path / "counties")], parameters={"all": {"log_level": "warning"}})
    figures = overload(system, seconds=12, quiet=4)
    print(figures)
    assert figures["asked"] > 20 * figures["handled"], "not much was asked of it"
    assert figures["p50"]["during"] < 3, "a resident who got in had to wait all the same"
    assert figures["drained"] < 10, "it took long to recover"
    assert all(size < 200 for size in figures["memory"].values()), "memory grew with what was asked"
