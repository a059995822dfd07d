"""What `diachi gazetteer plan` reads, counts and prints."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from schemas.codec import decode
from schemas.digitised import DigitisedAddress

if TYPE_CHECKING:
    from rich.console import Console

    from gazetteer.compare import UnitDifference
    from gazetteer.gazetteer import Gazetteer
    from services.address.outlook import Outlook, Prospect

_LISTED = 40
_BATCH = 2000
_LIVE = "live"
_UNIT_HEADING = ("code", "commune", "province", "what", "becomes")

Refuse = Callable[[str], NoReturn]


def opened(path: Path, refuse: Refuse) -> Gazetteer:
    """A gazetteer from its artifact or its tables, with the user's imports as the services lay them over it."""
    from gazetteer.build import open_gazetteer
    from gazetteer.findings import GazetteerInvalid
    from gazetteer.gazetteer import GazetteerMissing
    from gazetteer.tables import TableError
    from services.cli.places import with_imports

    try:
        return with_imports(open_gazetteer(path))
    except GazetteerInvalid as error:
        refuse(f"{path}: {len(error.findings)} errors; `diachi gazetteer check --data {path}` names them")
    except (GazetteerMissing, TableError) as error:
        refuse(str(error))


def show_units(console: Console, old: Gazetteer, new: Gazetteer, file: Path | None) -> None:
    """Print the communes that change, the first ones of many; all of them into the file."""
    from rich.table import Table

    from gazetteer.compare import compare

    differences = compare(old, new)
    with _table(file, _UNIT_HEADING) as write:
        for one in differences:
            write(_unit_cells(one))
    console.print(
        f"from gazetteer {old.version}, edition {old.edition}, to {new.version}, edition {new.edition}: "
        f"{len(differences):,} communes change",
        highlight=False,
    )
    if differences:
        counts = Counter(change.value for one in differences for change in one.changes)
        console.print(", ".join(f"{count:,} {change}" for change, count in counts.most_common()), highlight=False)
        table = Table(*_UNIT_HEADING)
        for one in differences[:_LISTED]:
            table.add_row(*_unit_cells(one))
        console.print(table)
        if (more := len(differences) - _LISTED) > 0:
            console.print(f"and {more:,} more" + ("" if file else "; --units FILE lists all"), highlight=False)


def show_imports(console: Console, old: Gazetteer, new: Gazetteer, file: Path | None) -> None:
    """Print what becomes of the user's imports, by commune; all rows that move or cease to count into the file."""
    from services.cli.imports_view import show_moves, write_moves

    before = set(old.imports.moves)
    moves = [one for one in new.imports.moves if one not in before]
    if old.imports.rows or new.imports.rows:
        aside = sum(one.why is not None for one in moves)
        console.print(
            f"imports: {len(moves) - aside:,} rows follow their communes, {aside:,} are set aside; "
            f"{new.imports.rows:,} of {old.imports.rows:,} count then",
            highlight=False,
        )
    show_moves(new, moves)
    if file is not None:
        write_moves(file, new, moves)


def show_addresses(
    console: Console, old: Gazetteer, new: Gazetteer, addresses: Iterable[DigitisedAddress], file: Path | None
) -> None:
    """Print how many addresses change, and in which communes; each of them into the file."""
    from services.address.outlook import Prospect

    counts: Counter[Prospect] = Counter()
    by_commune: dict[tuple[str, str], Counter[Prospect]] = defaultdict(Counter)
    with _table(file, _ADDRESS_HEADING) as write:
        for one in _outlooks(old, new, addresses):
            was = one.address.result
            counts[one.prospect] += 1
            by_commune[was.commune_code or "", was.commune or ""][one.prospect] += 1
            if one.prospect is not Prospect.UNCHANGED:
                write(_address_cells(one))
    said = {
        Prospect.ATTRIBUTES: "get a new name or code of their commune or province; their own codes stay",
        Prospect.REVIEW: "cannot be decided and go to review; they stay published as they are until then",
        Prospect.UNCHANGED: "stay as they are",
    }
    for prospect, text in said.items():
        console.print(f"{counts[prospect]:>12,}  {text}", highlight=False)
    _show_communes(console, by_commune)


_ADDRESS_HEADING = (
    *("what", "code", "record", "address", "commune code", "commune", "province"),
    *("new commune code", "new commune", "new province", "why"),
)


def _show_communes(console: Console, by_commune: dict[tuple[str, str], Counter[Prospect]]) -> None:
    from rich.table import Table

    from services.address.outlook import Prospect

    changing = {unit: found for unit, found in by_commune.items() if found.total() > found[Prospect.UNCHANGED]}
    if not changing:
        return
    table = Table("code", "commune")
    for prospect in Prospect:
        table.add_column(prospect.value, justify="right")
    ordered = sorted(changing.items(), key=lambda item: (-item[1][Prospect.REVIEW], item[0]))
    for unit, found in ordered[:_LISTED]:
        table.add_row(*unit, *(f"{found[prospect]:,}" for prospect in Prospect))
    console.print(table)
    if (more := len(changing) - _LISTED) > 0:
        console.print(f"and {more:,} more communes", highlight=False)


def _outlooks(old: Gazetteer, new: Gazetteer, addresses: Iterable[DigitisedAddress]) -> Iterator[Outlook]:
    from services.address.core import AddressCore
    from services.address.outlook import outlooks

    core, rest = AddressCore(new), iter(addresses)
    while batch := list(islice(rest, _BATCH)):
        yield from outlooks(core, old.edition, batch)


def published(registry: str, refuse: Refuse) -> Iterator[DigitisedAddress]:
    """The published addresses, from Kafka or a file."""
    values = _live(refuse) if registry == _LIVE else _lines(Path(registry), refuse)
    for number, value in enumerate(values, start=1):
        try:
            yield decode(DigitisedAddress, value)
        except ValueError:
            refuse(f"{registry}: address {number} is no record of address.digitised.v1")


def _live(refuse: Refuse) -> Iterator[bytes]:
    """The published addresses of the cluster, by code. They are read to a file first: of each code the last one counts,
    and there may be more than memory holds."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError, KafkaError

    from services.stream.connection import connection_of
    from services.stream.settings import read_settings
    from services.stream.snapshot import follow_snapshot
    from services.stream.spool import spooled
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.topics import DIGITISED
    from services.stream.unreachable import BrokerRefusedError

    settings = read_settings()
    with spooled() as spool:
        try:
            asyncio.run(follow_snapshot(connection_of(settings), settings.topic_prefix + DIGITISED, spool.put))
        except (AccessDeniedError, BrokerRefusedError, TopicMissingError) as error:
            refuse(str(error))
        except KafkaConnectionError:
            refuse(f"no broker answers at {settings.kafka_bootstrap_servers}: is KAFKA_BOOTSTRAP_SERVERS right?")
        except KafkaError as error:
            refuse(f"Kafka at {settings.kafka_bootstrap_servers} fails: {type(error).__name__}. Run it again")
        yield from spool.values()


def _lines(path: Path, refuse: Refuse) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from (line for line in file if line.strip())
    except OSError as error:
        refuse(f"{path}: {error.strerror or error}; give `live`, or a file of JSON Lines")


@contextmanager
def _table(file: Path | None, heading: tuple[str, ...]) -> Iterator[Callable[[Iterable[str]], None]]:
    """Writes rows of a CSV file, as spreadsheets open it; nothing without a file."""
    if file is None:
        yield lambda _: None
        return
    from services.intake.formulas import without_formula

    with file.open("w", encoding="utf-8-sig", newline="") as opened_file:
        rows = csv.writer(opened_file)
        rows.writerow(heading)
        yield lambda cells: rows.writerow([without_formula(cell) for cell in cells])


def _unit_cells(one: UnitDifference) -> tuple[str, ...]:
    became = "; ".join(f"{commune.full_name} ({commune.code})" for commune in one.became) or "not known"
    return one.code, one.name, one.province, ", ".join(one.changes), became


def _address_cells(one: Outlook) -> tuple[str, ...]:
    from services.address.faults import Fault
    from services.address.outlook import Prospect

    address, was, now = one.address, one.address.result, one.result
    meaning = {fault.value: fault.en for fault in Fault}
    why = "; ".join(meaning[name] for name in now.faults) if one.prospect is Prospect.REVIEW else ""
    cells = (
        *(one.prospect.value, address.written_code, address.record_key, was.address_text),
        *(was.commune_code, was.commune, was.province, now.commune_code, now.commune, now.province, why),
    )
    return tuple(cell or "" for cell in cells)
