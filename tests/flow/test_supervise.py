"""督单: deadlines by the national calendar, moved and extended ones, pauses, and the ladder."""

import json
from datetime import date

from harness import make_county


def write_calendar(directory, *days):
    """A directory with the national calendar of this year and the next: days are (month and day, name, off)."""
    directory.mkdir(exist_ok=True)
    for year in (date.today().year, date.today().year + 1):
        rows = [{"name": name, "date": f"{year}-{day}", "isOffDay": off} for day, name, off in days]
        (directory / f"{year}.json").write_text(json.dumps({"year": year, "days": rows}, ensure_ascii=False))
    return str(directory)


def test_the_national_calendar_goes_with_every_county(make_system, tmp_path):
    system = make_system(start=False)
    county = str(make_county(tmp_path / "counties"))
    missing = system.ctl("county", "check", county, check=False)
    assert missing.returncode == 0 and f"{date.today().year}.json: it is missing" in missing.stderr, missing
    write_calendar(tmp_path / "calendar", ("10-01", "国庆节", True))
    assert system.ctl("county", "check", county, check=False).stderr == ""
    wrong = write_calendar(tmp_path / "wrong", ("10-41", "国庆节", True))
    refused = system.ctl("county", "check", "--calendar", wrong, county, check=False)
    assert refused.returncode == 1 and f"{date.today().year}.json: day 1" in refused.stderr, refused
