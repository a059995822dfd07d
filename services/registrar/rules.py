"""Who gets which code. Pure rules over a Registry: an issued code never changes its meaning and is never reused.

- A record keeps its code while its dwelling stays within 50 m; farther, it gets a new code and the old one becomes an
  alias of it.
- A provisional code becomes located when a point arrives; it stays an alias.
- Records of one dwelling share one code, which is retired when the last of them leaves.
- A change of the gazetteer moves nobody: a record that was run again keeps its code and its position, even where its
  dwelling bears the id of another one now.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from schemas.address import CoordinateLevel, Position
from schemas.matched import MatchedEvent, MatchedResult
from schemas.outcome import Outcome
from schemas.registrar_state import Dwelling, RegisteredCode, RegisteredRecord
from services.address.position import distance_m
from services.address.vpostcode import CodesExhaustedError, code_key, provisional_code, unit_text
from services.registrar.registration import Registration
from services.registrar.registry import Registry

SAME_PLACE_M: Final = 50.0
_DIGITISED: Final = Outcome.DIGITISED
# Published with a code, the latest ones; the registry resolves all.
MAX_ALIASES: Final = 100


def register(registry: Registry, event: MatchedEvent, result: MatchedResult) -> Registration:
    """Give the record of a REGISTER event its code, or keep it. A version that is not newer changes nothing.

    Raises CodesExhaustedError when the area has no provisional code left.
    """
    area, record_key = event.registry_area, event.record_key
    known = registry.record(area, record_key)
    held = _held(registry, known)
    if known is not None and event.version <= known.version:
        return Registration(Outcome.UNCHANGED, _key_of(held))
    if known is not None and held is not None and event.same_as is not None and known.version >= event.same_as:
        return _stay(registry, event, result, held)
    target = _target(registry, event, held, result)
    corrects = _same(held, target)
    retired: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    if held is not None and not corrects and _leave(registry, area, held, event.version, alias_of=target):
        retired = (_key(held),)
        aliases = (*held.aliases, *retired) if target else ()
    if target is None:
        entry = _issue(registry, event, result)
    elif _must_move(target, result, corrects):
        entry = _move(registry, event, result, target)
        retired = (*retired, _key(target))
    else:
        entry = replace(target, position=_position(target, result, corrects))
    before = entry.dwelling_id
    entry = replace(
        entry,
        version=event.version,
        holders=entry.holders if corrects else entry.holders + 1,
        aliases=(*entry.aliases, *aliases)[-MAX_ALIASES:] if aliases or entry.aliases else (),
        dwelling_id=result.dwelling_id,
    )
    _settle(registry, event, entry, before)
    published = _at_registered_position(result, entry)
    return Registration(_DIGITISED, _key(entry), published=entry, result=published, retired=retired)


def _stay(registry: Registry, event: MatchedEvent, result: MatchedResult, held: RegisteredCode) -> Registration:
    """The record where it is, with what a change of the gazetteer made of its attributes. Only a provisional code gives
    way, to a located one, where its point has become usable."""
    entry, retired = replace(held, version=event.version), tuple[str, ...]()
    if not _is_located(held):
        entry = replace(entry, position=result.position)
        if result.proposed_code is not None and result.position is not None:
            entry = _move(registry, event, result, held)
            retired = (_key(held),)
    home = registry.dwelling(event.registry_area, result.dwelling_id) if result.dwelling_id is not None else None
    # The id leads to one code: where another dwelling bears it already, it goes on leading there.
    taken = home is not None and code_key(home.code, home.unit) not in (_key(held), _key(entry))
    entry = replace(entry, version=event.version, dwelling_id=None if taken else result.dwelling_id)
    _settle(registry, event, entry, held.dwelling_id)
    published = _at_registered_position(result, entry)
    return Registration(_DIGITISED, _key(entry), published=entry, result=published, retired=retired)


def confirm(registry: Registry, event: MatchedEvent) -> Registration | None:
    """The code of a record that brought nothing new; None where the version it should have is not registered."""
    known = registry.record(event.registry_area, event.record_key)
    if known is None or known.version < event.version:
        return None
    return Registration(Outcome.UNCHANGED, _key_of(_held(registry, known)))


def release(registry: Registry, event: MatchedEvent) -> Registration:
    """Take the record of a RELEASE event out of the area; its code is retired if nobody else lives there.

    Of a record that is not here, its registration is a dead letter: that it left is written down all the same, so that
    the letter, put back, does not bring it here.
    """
    area, record_key = event.registry_area, event.record_key
    known = registry.record(area, record_key)
    if known is not None and event.version <= known.version:
        return Registration(Outcome.UNCHANGED, None)
    left = RegisteredRecord(version=event.version, code=None, unit=None, moved_to=event.moved_to)
    registry.put_record(area, record_key, left)
    held = _held(registry, known)
    if held is None:
        return Registration(Outcome.WITHDRAWN, None)
    empty = _leave(registry, area, held, event.version, moved=event)
    return Registration(Outcome.WITHDRAWN, _key(held), retired=(_key(held),) if empty else ())


def _target(
    registry: Registry, event: MatchedEvent, held: RegisteredCode | None, result: MatchedResult
) -> RegisteredCode | None:
    """The entry the record belongs to now: its dwelling's, else its own unless it shares that with others who live in
    another dwelling. That of a dwelling whose commune has changed may not know it yet."""
    if result.dwelling_id is not None:
        home = registry.dwelling(event.registry_area, result.dwelling_id)
        if home is not None:
            return registry.code(home.code, home.unit)
    if held is None or held.holders == 1 or held.dwelling_id == result.dwelling_id:
        return held
    return held if held.dwelling_id in event.former_dwellings else None


def _must_move(entry: RegisteredCode, result: MatchedResult, corrects: bool) -> bool:
    """Whether the address needs another code. Only a record that holds the code can move it by another point."""
    if result.proposed_code is None or result.position is None:
        return False
    if not _is_located(entry) or entry.position is None:
        return True
    return corrects and _distance(entry.position, result.position) > SAME_PLACE_M


def _position(entry: RegisteredCode, result: MatchedResult, corrects: bool) -> Position | None:
    if not _is_located(entry) or (corrects and result.proposed_code is not None):
        return result.position
    return entry.position


def _issue(registry: Registry, event: MatchedEvent, result: MatchedResult) -> RegisteredCode:
    """A code that was never issued before: located where there is a point, else provisional."""
    code, unit = _next_code(registry, event.registry_area, result.proposed_code)
    return RegisteredCode(
        code=code,
        unit=unit,
        status="issued",
        version=event.version,
        dwelling_id=None,
        address_id=event.address_id,
        holders=0,
        position=result.position,
        issued_at=registry.at,
    )


def _next_code(registry: Registry, area: str, proposed: str | None) -> tuple[str, str | None]:
    if proposed is not None:
        # The area owns the code, also where a merger has given its commune another postal code.
        code = area + proposed[len(area) :]
        try:
            return code, unit_text(registry.next_unit(code))
        except CodesExhaustedError:
            pass  # ten thousand dwellings in one cell: the next ones get provisional codes
    return provisional_code(area, registry.next_serial(area)), None


def _move(registry: Registry, event: MatchedEvent, result: MatchedResult, old: RegisteredCode) -> RegisteredCode:
    """A new code for the whole dwelling; the old one is retired and resolves to it."""
    entry = _issue(registry, event, result)
    entry = replace(
        entry,
        dwelling_id=old.dwelling_id,
        address_id=old.address_id,
        holders=old.holders,
        aliases=(*old.aliases, _key(old)),
    )
    registry.put_code(
        replace(old, status="retired", version=event.version, holders=0, aliases=(), alias_of=_key(entry))
    )
    return entry


def _settle(registry: Registry, event: MatchedEvent, entry: RegisteredCode, before: str | None) -> None:
    """Write the entry, and the pointers of its dwelling (`before` it was that one) and its record."""
    area, dwelling = event.registry_area, entry.dwelling_id
    if before is not None and before != dwelling:
        registry.put_dwelling(area, before, None)
    if dwelling is not None:
        registry.put_dwelling(area, dwelling, Dwelling(code=entry.code, unit=entry.unit))
    registry.put_code(entry)
    registry.put_record(area, event.record_key, RegisteredRecord(event.version, entry.code, entry.unit))


def _leave(
    registry: Registry,
    area: str,
    held: RegisteredCode,
    version: int,
    *,
    alias_of: RegisteredCode | None = None,
    moved: MatchedEvent | None = None,
) -> bool:
    """Take a record out of an entry; True if that was the last one and the code is retired."""
    if held.holders > 1:
        registry.put_code(replace(held, holders=held.holders - 1))
        return False
    if held.dwelling_id is not None:
        registry.put_dwelling(area, held.dwelling_id, None)
    moved_to = moved.moved_to if moved else None
    registry.put_code(
        replace(
            held,
            status="retired",
            version=version,
            holders=0,
            alias_of=_key(alias_of) if alias_of else None,
            moved_to=moved_to,
            moved_with=moved.record_key if moved and moved_to else None,
        )
    )
    return True


def _at_registered_position(result: MatchedResult, entry: RegisteredCode) -> MatchedResult:
    """What is published lies where the dwelling is registered, also if this record has another point or none."""
    if not _is_located(entry) or result.position == entry.position:
        return result
    level = CoordinateLevel.POINT if result.proposed_code is None else result.coordinate_level
    return replace(result, position=entry.position, coordinate_level=level)


def _is_located(entry: RegisteredCode) -> bool:
    """As `vpostcode.is_located`, which looks first whether the code is one at all: the registry's are."""
    return entry.code[5] != "0"


def _held(registry: Registry, known: RegisteredRecord | None) -> RegisteredCode | None:
    """The entry the record lives at: the one it was given, or what that became when the dwelling moved."""
    if known is None or known.code is None:
        return None
    return registry.resolve(known.code, known.unit)


def _distance(one: Position, other: Position) -> float:
    return float(distance_m(one.lat, one.lon, other.lat, other.lon))


def _key(entry: RegisteredCode) -> str:
    return code_key(entry.code, entry.unit)


def _key_of(entry: RegisteredCode | None) -> str | None:
    return None if entry is None else _key(entry)


def _same(one: RegisteredCode | None, other: RegisteredCode | None) -> bool:
    return one is not None and other is not None and _key(one) == _key(other)
