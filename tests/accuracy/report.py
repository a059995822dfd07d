"""The report of accuracy: its sections, on the console and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from tests.accuracy.generated import CleanMeasured, ElsewhereMeasured, NoiseMeasured, VillagesMeasured
from tests.accuracy.sets import Measured, Shares, exclusions
from tests.accuracy.versus import Versus


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a heading, what is said before it, and notes after it."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    intro: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def rate(per_second: float) -> str:
    return f"{per_second:,.0f}"


def of_sets(measured: Sequence[Measured]) -> Section:
    """The labelled sets; one with excluded rows has a second line without them."""
    header = ("set", "rows", "old right", "new right", "ACCEPT precision", "ACCEPT coverage", "CONFIRM", "abstained",
              "records/s cold", "records/s warm", "CPU s")  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for one in measured:
        speed = (rate(one.speed.cold), rate(one.speed.warm), f"{one.speed.seconds:.2f}")
        rows.append((one.name, *_shares(one.with_all), *speed))
        if one.excluded:
            rows.append((f"{one.name}, {len(one.excluded)} excluded", *_shares(one.without), "", "", ""))
    wrong = [f"{one.name}: wrong ACCEPT: {', '.join(one.with_all.wrong_accepts)}" for one in measured
             if one.with_all.wrong_accepts]  # fmt: skip
    out = [
        f"{name}: {identifier} excluded: {reason}"
        for name, reasons in exclusions().items()
        for identifier, reason in reasons.items()
    ]
    return Section("Labelled sets", header, rows, _SETS, [*(wrong or ["No wrong ACCEPT in any set."]), *out])


_SETS = (
    "Real addresses with known communes, kept outside the project. Old, new right: the share of rows whose first "
    "answer is an acceptable commune of before July 2025, of today. ACCEPT precision: of the accepted rows, those "
    "with every known code right. ACCEPT coverage: of the rows that determine a commune, those accepted. CONFIRM: of "
    "all rows, those left to a person with candidates. Abstained: of the rows that determine none, those not "
    "accepted. A second line leaves out the rows whose label is wrong. Records/s of CPU time on one core: cold with "
    "empty caches, warm the second time."
)


def _shares(shares: Shares) -> tuple[str, ...]:
    return (
        str(shares.rows),
        percent(shares.old_right),
        percent(shares.new_right),
        percent(shares.accept_precision),
        percent(shares.accept_coverage),
        percent(shares.confirm),
        percent(shares.abstained),
    )


def of_peers(found: Sequence[Versus], failed: dict[str, str], versions: dict[str, str]) -> Section:
    """Each peer beside the core, on the same rows."""
    header = (
        "set",
        "package",
        "rows",
        "old right",
        "ours",
        "new right",
        "ours",
        "answered",
        "ours",
        "records/s",
        "ours",
    )
    rows = [
        (
            one.name,
            one.package,
            str(one.rows) if one.rows == one.all_rows else f"{one.rows} of {one.all_rows}",
            *(percent(side) for side in (one.peer.old_right, one.ours.old_right)),
            *(percent(side) for side in (one.peer.new_right, one.ours.new_right)),
            *(percent(side) for side in (one.peer.answered, one.ours.answered)),
            *(rate(side) for side in (one.peer.per_second, one.ours.per_second)),
        )
        for one in found
    ]
    notes = [f"{package} {reason}" for package, reason in failed.items()]
    named = ", ".join(f"{package} {version}" for package, version in versions.items())
    return Section("Beside other packages", header, rows, _PEERS.format(named=named), notes)


_PEERS = (
    "{named}: from tests/accuracy/peers.lock, in an environment of their own, asked about the same texts on the same "
    "machine in the same run, and nothing else. Rows with a wrong label are left out; slow packages get a fixed "
    "sample. They convert an old address to a new one, so the text is given to that conversion, and to the parser for "
    "new addresses where it finds nothing. Official codes are compared where a package gives them, else the names of "
    "commune, district and province without accents, case and kinds; the old commune of vn-address-converter is its "
    "split of the text, unchecked. Without a geocoder, split communes go to their usual part. Answered: of the rows "
    "that determine no commune, those answered with one of today all the same (ours: accepted). Records/s of CPU time "
    "after a first call; ours with empty caches."
)


def of_noise(one: NoiseMeasured) -> Section:
    """Hard noise over old communes."""
    columns = {
        "rows": str(one.rows),
        "old right": percent(one.old_right),
        "strictly": percent(one.strict),
        "new right": percent(one.new_right),
        "ACCEPT": percent(one.accepted),
        "wrong ACCEPT": percent(one.wrong_accepts),
        "of these misled": percent(one.misled),
        "decidable": percent(one.decidable),
        "misleading": percent(one.misleading),
        "records/s cold": rate(one.speed.cold),
        "records/s warm": rate(one.speed.warm),
    }
    return Section("Hard noise", tuple(columns), [tuple(columns.values())], _NOISE)


_NOISE = (
    "One address in each old commune (tests/accuracy/noise.py): one or two typing slips in the names always; no "
    "accents 50 %, kinds abbreviated 60 %, district missing 50 %, lower case 50 %, no commas 50 %. Old right: the "
    "commune meant or one whose text was the same before the slips (strictly: the commune meant). Decidable: rows "
    "whose text was only one commune's. Misleading: rows where a slip made another commune's name of it; misled: "
    "wrong ACCEPTs of these. Aim: old right 95.5 %."
)


def of_villages(one: VillagesMeasured) -> Section:
    header = ("villages", "found, clean", "hard noise: found", "rightly left open", "both", "commune right")
    row = (str(one.rows), *map(percent, (one.clean, one.found, one.open, one.found + one.open, one.commune)))
    return Section("Synthetic villages", header, [row], _VILLAGES)


_VILLAGES = (
    "Made-up villages within the real communes of old Tuyên Quang (tests/accuracy/villages.py), in the core's index. "
    "Found: the result lies at that village's point. The same noise; its slips fall on the village's name as well. "
    "Rightly left open: the commune is right, and no village is chosen, as several of that name read the same, some by "
    "their commune of before July 2025 and some by that of today. Aim: 99 %."
)


def of_clean(one: CleanMeasured) -> Section:
    header = ("rows", "accepted rightly", "rightly asked", "lost", "wrong ACCEPT")
    row = (str(one.rows), *map(percent, (one.accepted, one.asked, one.lost, one.wrong_accepts)))
    return Section("Clean addresses", header, [row], _CLEAN)


_CLEAN = (
    "A complete, well written address in each commune, old and of today. Rightly asked: a CONFIRM that offers the "
    "right commune, where the old commune was split or the text is another commune's as well. Lost: anything else. "
    "Aim: under 1 %."
)


def of_elsewhere(measured: Sequence[ElsewhereMeasured]) -> Section:
    rows = [(one.kind, str(one.rows), percent(1 - one.accepted), percent(one.asked)) for one in measured]
    total = sum(one.rows for one in measured)
    accepted = sum(len(one.texts) for one in measured)
    asked = sum(one.asked * one.rows for one in measured)
    rows.append(("all", str(total), percent(1 - accepted / total), percent(asked / total)))
    notes = [f"accepted ({one.kind}): {text}" for one in measured for text in one.texts]
    return Section("Elsewhere", ("kind", "rows", "not accepted", "CONFIRM"), rows, _ELSEWHERE, notes)


_ELSEWHERE = (
    "Texts from which no commune should be accepted (tests/accuracy/elsewhere.py): abroad; in a commune that its real "
    "district or province never had; nonsense. Aim: 99 % not accepted."
)


def show(console: Console, section: Section) -> None:
    """A section on the console."""
    table = Table(title=section.title, title_justify="left")
    for number, name in enumerate(section.header):
        table.add_column(name, justify="left" if number == 0 else "right")
    for row in section.rows:
        table.add_row(*row)
    console.print(table)
    for note in section.notes:
        console.print(f"- {note}", markup=False, highlight=False)


def page(sections: Sequence[Section], facts: str) -> str:
    """All sections as Markdown."""
    return "\n".join([_PAGE, facts, "", *(part for section in sections for part in _markdown(section))])


_PAGE = """# Accuracy

Written by `make accuracy`, which measures all of this again; do not edit.
"""


def _markdown(section: Section) -> list[str]:
    lines = [f"## {section.title}", "", section.intro, ""]
    lines.append(_line(section.header))
    lines.append("|" + "|".join("---" if number == 0 else "---:" for number in range(len(section.header))) + "|")
    lines += [_line(row) for row in section.rows]
    if section.notes:
        lines += ["", *(f"- {note}" for note in section.notes)]
    return [*lines, ""]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
