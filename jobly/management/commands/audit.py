"""Measure our rules against labelled sets, or check that the ledger of publications holds."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from distribution.actions.auditing import audit_boards
from distribution.reports.auditing import audit, counts
from ingestion.management.audits.measuring import Measured
from ingestion.management.audits.sets import AUDITS
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.users.reports import company_by_slug

_SHOWN_ERRORS = 20
LEDGER = "ledger"


class Command(JoblyCommand):
    """`audit NAME`; see INTERFACE.md §2. `audit ledger` exits 1 when something does not hold."""

    help = "Measure our rules against labelled sets, or check the ledger; nothing is changed."
    holds = True

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose the audit, where the sets are, and where the errors go."""
        parser.add_argument("audit", choices=sorted([*AUDITS, LEDGER]))
        parser.add_argument(
            "--data", type=Path, default=settings.BASE_DIR.parent / "shared/data/dev"
        )
        parser.add_argument("--set", action="append", metavar="NAME", help="only this set")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="one JSON object a line")
        parser.add_argument("--company", metavar="SLUG", help="ledger: only this one's")
        boards = parser.add_mutually_exclusive_group()
        boards.add_argument("--boards", action="store_true", default=True, help="ledger: ask them")
        boards.add_argument("--offline", action="store_true", help="ledger: ask no board")

    def run(self, **options: Any) -> dict[str, Any]:
        """Measure each set; one whose files are not there is listed as skipped."""
        if options["audit"] == LEDGER:
            return self.check_ledger(options)
        data, chosen = options["data"], AUDITS[options["audit"]]
        if unknown := set(options["set"] or ()) - set(chosen):
            names = ", ".join(sorted(chosen)) or "none yet"
            raise Rejected(f"There is no set {min(unknown)}; there are: {names}.")
        if not data.is_dir():
            raise Rejected(f"There is no folder {data}; name it with --data.")
        sets: list[dict[str, Any]] = []
        errors: list[dict[str, str]] = []
        for name in options["set"] or chosen:
            try:
                measured = chosen[name](data)
            except FileNotFoundError as missing:
                sets.append({"set": name, "n": 0, "skipped": f"{missing.filename} is not there"})
                continue
            sets.append({"set": name, "n": measured.n, **measured.metrics, "bars": _held(measured)})
            errors.extend(_told(name, measured))
        _list(errors, options["errors"])
        return {"audit": options["audit"], "sets": sets}

    def check_ledger(self, options: dict[str, Any]) -> dict[str, Any]:
        """Check the books by themselves, then against what the boards carry."""
        company = company_by_slug(options["company"]) if options["company"] else None
        key = company.pk if company is not None else None
        checks = audit(key)
        if not options["offline"]:
            checks += audit_boards(company)
        self.holds = all(check.ok for check in checks)
        told = [check.to_dict() for check in checks]
        return {"audit": LEDGER, "ok": self.holds, "counts": counts(key), "checks": told}

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, then exit 1 when the ledger does not hold."""
        super().handle(*args, **options)
        if not self.holds:
            sys.exit(1)

    def line(self, result: dict[str, Any]) -> str:
        """Show each set, or each check, on a line."""
        if result["audit"] == LEDGER:
            return "\n".join([_counted(result["counts"]), *map(_checked, result["checks"])])
        return "\n".join([f"audit {result['audit']}", *map(_line, result["sets"])])


def _counted(known: dict[str, int]) -> str:
    return "audit ledger: " + ", ".join(f"{n:,} {name}" for name, n in known.items())


def _checked(found: dict[str, Any]) -> str:
    if found["ok"]:
        return f"  ok     {found['detail']}"
    named = ", ".join(found["examples"])
    return f"  WRONG  {found['detail']}: {found['wrong']:,} do not hold, as {named}"


def _held(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return each bar with whether it is held."""
    return {
        name: {"least": least, "held": measured.metrics[name] >= least}
        for name, least in measured.bars.items()
    }


def _line(found: dict[str, Any]) -> str:
    figures = "  ".join(f"{k}={v}" for k, v in found.items() if k not in ("set", "bars"))
    bars = "".join(
        f"\n    {name} ≥ {bar['least']:g}: {'held' if bar['held'] else 'MISSED'}, {found[name]:g}"
        for name, bar in found.get("bars", {}).items()
    )
    return f"  {found['set']}: {figures}{bars}"


def _told(name: str, measured: Measured) -> Iterator[dict[str, str]]:
    for miss in measured.misses:
        yield {"set": name, "item": miss.item, "expected": miss.expected, "got": miss.got}


def _list(errors: list[dict[str, str]], file: Path | None) -> None:
    """Write every error to the file, or the first of them to stderr."""
    lines = [json.dumps(error, ensure_ascii=False) for error in errors]
    if file is not None:
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return
    for line in lines[:_SHOWN_ERRORS]:
        sys.stderr.write(f"{line}\n")
    if len(lines) > _SHOWN_ERRORS:
        sys.stderr.write(f"… {len(lines) - _SHOWN_ERRORS} more; --errors FILE lists all.\n")
