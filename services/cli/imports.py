"""`diachi gazetteer villages`, `boundaries`, `postal-codes`, `imports`: what users add to the gazetteer from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from gazetteer.findings import Finding
    from services.address.core import AddressCore
    from services.imports.columns import ListRow
    from services.imports.keep import Kept

FileArgument = Annotated[Path, typer.Argument(help="The list: Excel, OpenDocument, CSV or JSON Lines.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column is a field: village=TenThon. Repeatable."),
]
SheetOption = Annotated[
    str | None, typer.Option(help="Which sheet of a workbook.", show_default="the first that is shown")
]
ProvinceOption = Annotated[
    str | None, typer.Option(help="The province of rows that name none: Tuyên Quang.", show_default=False)
]
SkipOption = Annotated[bool, typer.Option("--skip-errors", help="Import the sound rows although others have errors.")]
CheckOption = Annotated[bool, typer.Option("--check", help="Only check the list, and import nothing.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.csv", help="Write all that is wrong to a file, row by row.")
]


def villages(
    file: FileArgument,
    mapping: MapOption = None,
    sheet: SheetOption = None,
    province: ProvinceOption = None,
    kind: Annotated[str | None, typer.Option(help="What villages are where a row does not say: thôn.")] = None,
    skip_errors: SkipOption = False,
    check: CheckOption = False,
    report: ReportOption = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Also tell the running normalisers, through Kafka, what is new.")
    ] = False,
    withdraw_missing: Annotated[
        bool,
        typer.Option(help="With --publish: take back what earlier lists of these communes had and this one has not."),
    ] = False,
) -> None:
    """Import an official list of villages. It is taken for the whole list of each commune that it names."""
    from services.imports.columns import VILLAGE_FIELDS
    from services.imports.keep import keep_villages
    from services.imports.villages import KINDS, check_villages

    if kind is not None and kind not in KINDS.values():
        raise typer.BadParameter(f"{kind!r} is not one of {', '.join(KINDS.values())}", param_hint="--kind")
    if withdraw_missing and not publish:
        raise typer.BadParameter("it goes with --publish only", param_hint="--withdraw-missing")
    with _mistakes_named():
        core, rows = _core(), _rows(file, mapping, sheet, VILLAGE_FIELDS, "village")
        checked = check_villages(core, rows, file.name, province=province, kind=kind)
        _judge(checked.findings, checked.rows, checked.errors, report, skip_errors=skip_errors)
        if not check:
            _keep(core, "villages", lambda folder: keep_villages(folder, checked.villages, core.edition))
            if publish:
                _publish(core, checked.villages, withdraw_missing)


def boundaries(
    file: Annotated[Path, typer.Argument(help="GeoJSON, one area or several for each commune, in WGS84.")],
    mapping: MapOption = None,
    province: ProvinceOption = None,
    skip_errors: SkipOption = False,
    check: CheckOption = False,
    report: ReportOption = None,
) -> None:
    """Import boundaries of communes. Points are then held against them, and tell the parts of split communes apart."""
    from services.cli.imports_view import show_columns
    from services.imports.boundaries import boundary_columns, check_boundaries, read_features
    from services.imports.columns import PLACE_FIELDS, read_choices
    from services.imports.keep import keep_outlines

    with _mistakes_named():
        core, features = _core(), read_features(file.read_bytes(), file.name)
        columns = boundary_columns(features, read_choices(mapping or [], PLACE_FIELDS))
        _require_place(columns)
        show_columns(file, (), columns)
        checked = check_boundaries(core, features, file.name, columns, province=province)
        _judge(checked.findings, checked.rows, checked.errors, report, skip_errors=skip_errors)
        if not check:
            _keep(core, "boundaries", lambda folder: keep_outlines(folder, checked.outlines, core.edition))


def postal_codes(
    file: FileArgument,
    mapping: MapOption = None,
    sheet: SheetOption = None,
    province: ProvinceOption = None,
    skip_errors: SkipOption = False,
    check: CheckOption = False,
    report: ReportOption = None,
) -> None:
    """Import the postal codes of communes. Codes that were given keep the registry area that they began with."""
    from services.imports.columns import POSTAL_FIELDS
    from services.imports.keep import keep_postal_codes
    from services.imports.postal_codes import check_postal_codes

    with _mistakes_named():
        core, rows = _core(), _rows(file, mapping, sheet, POSTAL_FIELDS, "postal_code")
        checked = check_postal_codes(core, rows, file.name, province=province)
        _judge(checked.findings, checked.rows, checked.errors, report, skip_errors=skip_errors)
        if not check:
            _keep(core, "postal codes", lambda folder: keep_postal_codes(folder, checked.codes, core.edition))


def imports(
    artifact: Annotated[
        Path | None,
        typer.Option(help="The gazetteer that they count with; by default as DIACHI_GAZETTEER says."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.csv", help="Write all rows that moved or are set aside to a file."),
    ] = None,
) -> None:
    """Say what was imported, where it is kept, what became of it since, and the version of the gazetteer with it."""
    from services.cli.imports_view import show_moves, write_moves
    from services.cli.places import imports_folder, load_gazetteer

    with _mistakes_named():
        gazetteer = load_gazetteer(artifact, warn=False)
        found = gazetteer.imports
        villages = [entry.village for entry in found.villages]
        communes = len({village.commune_code or village.legacy_commune_code for village in villages})
        typer.echo(f"folder        {imports_folder().absolute()}")
        typer.echo(f"villages      {len(villages)} of {communes} communes")
        typer.echo(f"boundaries    {len(found.boundaries.codes) if found.boundaries else 0}")
        typer.echo(f"postal codes  {len(found.postal_codes)}")
        typer.echo(f"gazetteer     {gazetteer.version}, edition {gazetteer.edition}")
        if found.superseded:
            typer.echo(f"superseded    {found.superseded} villages of earlier lists, for which newer ones stand")
        show_moves(gazetteer, found.moves)
        if report is not None:
            write_moves(report, gazetteer, found.moves)


def _core() -> AddressCore:
    from services.address.core import AddressCore
    from services.cli.places import load_gazetteer

    return AddressCore(load_gazetteer(warn=False))


def _rows(
    file: Path, mapping: Sequence[str] | None, sheet: str | None, fields: Sequence[str], required: str
) -> Iterator[ListRow]:
    """The rows of a list, by field. Raises ReadError, MappingError, OSError."""
    from services.cli.files import own_columns
    from services.cli.imports_view import show_columns
    from services.imports.columns import HEADINGS, list_row, map_list, read_choices
    from services.intake.mapping import MappingError
    from services.intake.readers import open_table

    chosen = read_choices(mapping or [], fields)
    table = open_table(file, sheet=sheet, wanted=(*HEADINGS, *chosen.values()))
    headings = own_columns(table)
    columns = map_list(headings, fields, chosen)
    if required not in columns:
        raise MappingError(
            f"no column is the field {required}. The columns are {', '.join(headings)}; say which one it is: "
            f'--map {required}="{headings[0]}"'
        )
    _require_place(columns)
    show_columns(file, table.notes, columns)
    return (list_row(row.number, row.values or {}, columns) for row in table.rows())


def _require_place(columns: Mapping[str, str]) -> None:
    from services.imports.columns import PLACE_FIELDS
    from services.intake.mapping import MappingError

    if not any(name in columns for name in PLACE_FIELDS[:4]):
        raise MappingError(
            "nothing says which commune a row is of: there must be a commune_code or a commune (--map commune=COLUMN)"
        )


def _judge(findings: Sequence[Finding], rows: int, errors: int, report: Path | None, *, skip_errors: bool) -> None:
    """Show what is wrong; ends the command if something is that must be mended first."""
    from services.cli.imports_view import show_findings, write_report

    show_findings(findings)
    if report is not None:
        write_report(report, findings)
    bad = len({finding.line for finding in findings if finding.severity == "error"})
    typer.echo(f"rows: {rows}; with errors: {bad}; warnings: {len(findings) - errors}")
    if rows == 0:
        _refuse("the list has no rows: nothing was imported")
    if errors and not skip_errors:
        _refuse("nothing was imported: mend these rows, or leave them out with --skip-errors")


def _keep(core: AddressCore, what: str, keep: Callable[[Path], Kept]) -> None:
    from services.cli.places import imports_folder, load_gazetteer

    before, kept = core.gazetteer.version, keep(imports_folder())
    after = load_gazetteer().version
    if before == after:
        typer.echo(f"nothing changed: {what} imported: {kept.total}; the gazetteer is still {after}")
        return
    typer.echo(
        f"{what} imported now: {kept.total} (new {kept.new}, changed {kept.changed}, gone {kept.gone}); "
        f"the gazetteer was {before} and is {after}"
    )
    typer.echo("Services that run take this up when they are started again.")


def _publish(core: AddressCore, listed: Sequence[Any], withdraw_missing: bool) -> None:
    import asyncio

    from services.normaliser.villages import communes_of
    from services.stream.settings import read_settings
    from services.stream.village_topic import VillageTopic

    topic, communes = VillageTopic(read_settings(), core.edition), communes_of(core.gazetteer)
    sent = asyncio.run(topic.publish(listed, communes, withdraw_missing=withdraw_missing))
    typer.echo(
        f"sent to the running normalisers: {sent.confirmed} confirmed, {sent.withdrawn} taken back; "
        f"{sent.unchanged} were known to them"
    )
    if sent.unplaced:
        typer.echo(f"{sent.unplaced} not sent: it is not known in which commune of today they lie")
    if sent.missing:
        typer.echo(f"{sent.missing} of earlier lists are missing here, and stay: --withdraw-missing takes them back")


@contextmanager
def _mistakes_named() -> Iterator[None]:
    """End the command with a message for what a user can mend."""
    from aiokafka.errors import KafkaError

    from gazetteer.gazetteer import GazetteerMissing
    from gazetteer.imports import ImportsUnusable
    from services.intake.mapping import MappingError
    from services.intake.readers import ReadError
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError
    from services.stream.village_topic import VillageTopicUnfitError

    try:
        yield
    except (ReadError, MappingError, GazetteerMissing, ImportsUnusable) as error:
        _refuse(str(error))
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError, VillageTopicUnfitError) as error:
        _refuse(str(error))
    except KafkaError as error:
        _refuse(f"no answer from Kafka ({type(error).__name__}): is KAFKA_BOOTSTRAP_SERVERS right?")
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")


def _refuse(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
