"""The table of cities is made from a package of GeoNames data."""

import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from ingestion.management.commands.make_gazetteer import CITIES, COUNTRIES


def city(name, land, people, code="01"):
    where = {"latitude": 59.9127, "longitude": 10.7461, "admin1code": code}
    return {"name": name, "countrycode": land, "population": people} | where


def test_towns_from_a_size_on_and_capitals_are_kept_the_largest_first(tmp_path):
    rows = [
        city("Smallville", "US", 7_999, "KS"),
        city("New York City", "US", 8_000_000, "NY"),
        city("Hof", "DE", 15_000, "02"),
        city("Hamlet", "IN", 90_000),
        city("Vaduz", "LI", 5_197, "11"),
    ]
    wheel, target = tmp_path / "x.whl", tmp_path / "cities.tsv"
    with zipfile.ZipFile(wheel, "w") as package:
        package.writestr(CITIES, json.dumps(dict(enumerate(rows))))
        package.writestr(COUNTRIES, json.dumps({"LI": {"capital": "Vaduz"}}))

    call_command("make_gazetteer", wheel, to=target)
    assert target.read_text().splitlines() == [
        "New York\tUS\tNY\t59.913\t10.746\t8000000",
        "Hof\tDE\tBayern\t59.913\t10.746\t15000",
        "Vaduz\tLI\t\t59.913\t10.746\t5197",
    ]


def test_what_is_no_such_package_changes_nothing(tmp_path):
    wheel, target = tmp_path / "x.whl", tmp_path / "cities.tsv"
    wheel.write_bytes(b"no zip")

    with pytest.raises(CommandError, match="nothing was written"):
        call_command("make_gazetteer", wheel, to=target)
    assert not target.exists()
