"""名册与设置 in a real browser: changed by hand, exchanged for a file, settings."""

import pytest

from conftest import systems_in
from harness import COUNTY, ROOT, make_county, wait_until
from scenes import play

OFFICE = "10000005001"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    with systems_in(directory) as make:
        system = make(counties=[make_county(directory)], parameters={"intake": {"web_dir": ROOT / "build/web"}})
        order = system.place()
        system.wait_state(order, "open")
        system.claim_all(order, ("M101", "M103", "M104"))
        yield system


@pytest.fixture(scope="module")
def office(system):
    return system.sign_in(OFFICE)


def rows(office, name):
    return office.api("GET", f"/api/v1/tables/{name}?county={COUNTY}").json["rows"]


def test_a_roster_is_changed_by_hand(system, office):
    play(system, "tables.mjs", "roster", county=COUNTY, cookie=office.cookie)
    members = {row[0]: row for row in rows(office, "members")}
    assert members["M188"] == ["M188", "元月白<b>", "19900001188", "G1", "C101", "", "", ""] and "M102" not in members
    wait_until(lambda: "M188" in system.api("GET", f"/api/v1/counties/{COUNTY}").text, 10, "it is in force")


def test_a_file_is_imported(system, office, tmp_path):
    before = rows(office, "departments")
    lines = "".join(",".join(row) + "\n" for row in before)
    play(system, "tables.mjs", "imported", {"rows": lambda: lines}, county=COUNTY, cookie=office.cookie,
         directory=str(tmp_path))
    assert rows(office, "departments") == [*before, ["D77", "县数据局", "10000003077", "d77@example.cn"]]


def test_a_roster_with_names_is_imported(system, office, tmp_path):
    lines = "".join(",".join(row) + "\n" for row in rows(office, "members"))
    play(system, "tables.mjs", "names", {"rows": lambda: lines}, county=COUNTY, cookie=office.cookie,
         directory=str(tmp_path))
    assert rows(office, "members")[-1][3:] == ["G1", "C101 C301", "construction", "", ""], "stored are the ids"


def test_settings_say_what_may_stand_there(system, office):
    def change():
        table = office.api("GET", f"/api/v1/tables/reasons?county={COUNTY}").json
        text = "code,name,return_to\n" + "".join(f"{code},{name},{to}\n" for code, name, to in table["rows"])
        answer = office.api("POST", f"/api/v1/tables/reasons?county={COUNTY}&revision={table['revision']}",
                            headers={"Content-Type": "text/csv"}, data=text.encode())
        assert answer.json["stored"], answer
        return True
    play(system, "tables.mjs", "settings", {"changed": change}, county=COUNTY, cookie=office.cookie)
    assert ["retention", "80"] in rows(office, "settings") and ["escalate", "1wd 36h 7d"] in rows(office, "settings")
