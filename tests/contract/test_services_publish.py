"""What normaliser, registrar and tracker really make of raw records keeps the contract of every topic.

The stages, the address core and the gazetteer are the real ones; only the broker is left out.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

import gazetteer
from gazetteer.gazetteer import Gazetteer
from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from schemas.validation import validator
from services.address.core import AddressCore
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream import topics
from services.stream.envelope import BATCH_ID, LINE_NO, header
from services.stream.outputs import Output, Outputs
from services.stream.processor import Stage
from services.stream.settings import read_settings
from services.stream.state import MemoryStore
from tests.contract.examples import expected_faults, invalid_examples, valid_examples
from tests.contract.published import assert_published
from tests.unit.make import Record

SOURCE = "buudien-tuyenquang"


@pytest.fixture(scope="module")
def core() -> AddressCore:
    return AddressCore(Gazetteer.load())


class Line:
    """Both stages, one after the other; each record they make is checked against the contract."""

    def __init__(self, core: AddressCore) -> None:
        self._normaliser = Normaliser(core, read_settings().max_record_bytes)
        self._registrar = Registrar()
        self._stores = {stage.name: MemoryStore() for stage in (self._normaliser, self._registrar)}
        self._offset = {stage.name: 0 for stage in (self._normaliser, self._registrar)}
        self.made: list[Output] = []

    def send(self, *records: Record) -> list[Output]:
        """Process raw records; what both stages made of them."""
        first = self._run(self._normaliser, records)
        matched = [
            Record(output.value, key=output.key, headers=tuple(output.headers))
            for output in first
            if output.topic == topics.MATCHED
        ]
        made = first + (self._run(self._registrar, matched) if matched else [])
        self.made += made
        return made

    def _run(self, stage: Stage, records: Sequence[Record]) -> list[Output]:
        for record in records:
            record.offset = self._offset[stage.name]
            self._offset[stage.name] += 1
        out = Outputs(stage.name, stage.input_topic, "0e8bd4a0-5b4e-4f44-9a36-0f5a2d6f7a1c", stage.dead_letter_topic)
        store = self._stores[stage.name]
        assert stage.process(records, store, out) == 0, "a record failed unexpectedly"
        out.announce_transitions(records[-1])
        changes = [Output(stage.state_topic, key, value, [], 0) for key, value in store.changes().items()]
        store.commit()
        for output in (*out.records, *changes):
            assert_published(output.topic, output.key, output.value, output.headers)
        return [*out.records, *changes]


@pytest.fixture
def line(core: AddressCore) -> Line:
    return Line(core)


def raw(number: int, address: str, *, batch: str | None = "b1", headers: Iterable[Any] = (), **more: Any) -> Record:
    value = {"source": SOURCE, "source_record_id": f"TQ-{number}", "address": address, **more}
    if batch is not None:
        value |= {"batch_id": batch, "line_no": number}
        headers = [*headers, (BATCH_ID, batch.encode()), (LINE_NO, str(number).encode())]
    return Record(orjson.dumps(value), key=f"{SOURCE}:TQ-{number}".encode(), headers=tuple(headers))


POINT = {"lat": 21.823612, "lon": 105.214109, "accuracy_m": 5}
ADDRESSES: list[tuple[str, dict[str, Any]]] = [
    ("Số 27 đường Bình Thuận, phường Minh Xuân, tỉnh Tuyên Quang", {"position": POINT}),
    ("SN 27 đường Bình Thuận, P. Minh Xuân, TP Tuyên Quang", {"position": POINT}),
    ("Số 12 ngõ 5, tổ 7, phường Minh Xuân, TP Tuyên Quang, tỉnh Tuyên Quang", {}),
    ("Thôn Nà Lung, xã Phú Bình, Chiêm Hóa, Tuyên Quang", {}),
    ("Tổ dân phố Đăng Châu, TT Sơn Dương, huyện Sơn Dương, Tuyên Quang", {}),
    ("Xóm 8, xã Kim Phú, Yên Sơn, Tuyên Quang", {}),
    ("Thôn 5, xã Tân Trào, tỉnh Tuyên Quang", {"position": {"lat": 105.443419, "lon": 21.772655}}),
    ("Thôn 5, xã Tân Trào, tỉnh Tuyên Quang", {"position": {"lat": 48.85, "lon": 2.35}}),
    ("Thôn 3, xã Thái Sơn, Hàm Yên", {"position": {"easting": 437940.2, "northing": 2399250.7, "epsg": 9211}}),
    ("nhà sau chợ, gọi 0900 000 000", {"householder": {"name": "Ví Dụ Mẫu", "phone": "0900 000 000"}}),
    ("Hoàng Sa, Đà Nẵng", {}),
    ("???", {}),
    ("Tuyên Quang", {}),
    ("x" * 1000, {}),
    ("Tổ 7, Minh Xuân, " * 55, {}),
    ("\u200b\ufeff a", {"village": "Thôn 1", "commune": "Xã Lũng Cú", "district": "Đồng Văn", "province": "Hà Giang"}),
]


def test_every_kind_of_address_keeps_the_contract(line: Line) -> None:
    line.send(*(raw(number, address, **more) for number, (address, more) in enumerate(ADDRESSES, 1)))
    line.send(*(raw(number, address, batch="b2", **more) for number, (address, more) in enumerate(ADDRESSES, 1)))
    seen = {output.topic for output in line.made}
    assert seen == {
        topics.MATCHED,
        topics.REVIEW,
        topics.DIGITISED,
        topics.MAP_FEATURE,
        topics.NATIONAL,
        topics.BATCH_PROGRESS,
        topics.NORMALISER_STATE,
        topics.REGISTRAR_STATE,
    }


def sample() -> Iterable[Record]:
    """The sample batch, as rows of one batch."""
    with (Path(gazetteer.__file__).parent / "samples" / "tuyen_quang.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 1):
            numbers = ("lat", "lon", "easting", "northing", "accuracy_m")
            point = {name: float(row[name]) for name in numbers if row[name]}
            if row["epsg"]:
                point["epsg"] = int(row["epsg"])
            places = {name: row[name] or None for name in ("village", "commune", "district", "province")}
            householder = {"name": row["householder_name"] or None, "phone": row["householder_phone"] or None}
            yield raw(number, row["address"], position=point or None, householder=householder, **places)


def test_the_sample_batch_keeps_the_contract(line: Line) -> None:
    rows = list(sample())
    for start in range(0, len(rows), 1000):
        line.send(*rows[start : start + 1000])
    outcomes: Counter[str] = Counter()
    for output in line.made:
        if output.topic == topics.BATCH_PROGRESS:
            outcomes.update(step["outcome"] for step in orjson.loads(output.value or b"")["transitions"])
    assert sum(outcomes.values()) == len(rows) >= 1000
    assert outcomes["digitised"]
    assert outcomes["review"]


def test_corrections_decisions_and_withdrawals_keep_the_contract(line: Line) -> None:
    first, moved = dict(POINT), {**POINT, "lat": 21.824612}
    line.send(raw(1, ADDRESSES[0][0], position=first), raw(2, ADDRESSES[0][0], position=first))
    line.send(raw(1, ADDRESSES[0][0], position=moved, batch="b2"))
    line.send(raw(2, "Thôn Nà Lung, xã Phú Bình, Chiêm Hóa, Tuyên Quang", batch="b2"))
    line.send(raw(3, "Xóm 8, xã Kim Phú, Yên Sơn, Tuyên Quang"))
    settled = {
        "source": SOURCE,
        "source_record_id": "TQ-3",
        "decided_by": "reviewer-17",
        "decided_at": "2025-11-23T07:12:05.120Z",
        "based_on_version": 4,
        "commune_code": "02509",
        "address_text": "Xóm 8, xã Kim Phú, Yên Sơn, Tuyên Quang",
        "position": {"lat": 21.78567, "lon": 105.16683},
    }
    decision = Record(orjson.dumps(settled), key=f"{SOURCE}:TQ-3".encode())
    made = line.send(decision)
    assert topics.DIGITISED in {output.topic for output in made}
    for number in (1, 2, 3):
        line.send(Record(None, key=f"{SOURCE}:TQ-{number}".encode()))
    withdrawn = {output.topic for output in line.made if output.value is None}
    assert withdrawn == {
        topics.REVIEW,
        topics.DIGITISED,
        topics.MAP_FEATURE,
        topics.NATIONAL,
        topics.REGISTRAR_STATE,
    }


@pytest.mark.parametrize("example", valid_examples("address.raw.v1"), ids=str)
def test_valid_examples_are_processed(line: Line, example: Any) -> None:
    value = example.value
    made = line.send(Record(example.data, key=f"{value['source']}:{value['source_record_id']}".encode()))
    assert topics.RAW_DEAD_LETTERS not in {output.topic for output in made}


def refusal(made: Iterable[Output]) -> tuple[Output, str]:
    (letter,) = [output for output in made if output.topic == topics.RAW_DEAD_LETTERS]
    return letter, (header(letter.headers, DeadLetterHeader.ERROR_CODE) or b"").decode()


@pytest.mark.parametrize("example", invalid_examples("address.raw.v1"), ids=str)
def test_invalid_examples_are_refused_with_their_bytes(line: Line, example: Any) -> None:
    row = ((BATCH_ID, b"b1"), (LINE_NO, b"7"))
    made = line.send(Record(example.data, key=b"post:1", headers=row))
    letter, code = refusal(made)
    deep = expected_faults(example.record)[f"{example.name}.json"]["rule"] == "maxDepth"
    assert code == (DeadLetterCode.TOO_DEEP if deep else DeadLetterCode.SCHEMA)
    assert letter.value == example.data
    progress = next(output for output in made if output.topic == topics.BATCH_PROGRESS)
    assert orjson.loads(progress.value or b"")["transitions"][0]["reason"] == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", DeadLetterCode.NOT_JSON),
        (b"{", DeadLetterCode.NOT_JSON),
        (b"\xff\xfe{}", DeadLetterCode.NOT_UTF8),
        (b"[" * 20_000, DeadLetterCode.TOO_DEEP),
        (b'{"address":"' + b"x" * 70_000 + b'"}', DeadLetterCode.TOO_LARGE),
        (b"[]", DeadLetterCode.SCHEMA),
    ],
)
def test_bytes_that_are_no_record_are_refused(line: Line, data: bytes, code: DeadLetterCode) -> None:
    letter, found = refusal(line.send(Record(data)))
    assert found == code
    assert letter.value == data


def test_decision_for_a_commune_that_does_not_exist_is_named_as_such(line: Line) -> None:
    line.send(raw(3, "Xóm 8, xã Kim Phú, Yên Sơn, Tuyên Quang"))
    settled = {
        "source": SOURCE,
        "source_record_id": "TQ-3",
        "decided_by": "reviewer-17",
        "decided_at": "2025-11-23T07:12:05.120Z",
        "based_on_version": 0,
        "commune_code": "99999",
        "address_text": "Xóm 8, xã Kim Phú, Yên Sơn, Tuyên Quang",
    }
    made = line.send(Record(orjson.dumps(settled), key=f"{SOURCE}:TQ-3".encode()))
    assert refusal(made)[1] == DeadLetterCode.DECISION_UNKNOWN_COMMUNE


@pytest.mark.parametrize(
    "headers",
    [
        [("ce_time", b"h\xc3\xb4m nay")],
        [("ce_time", b"\xff\xfe")],
        [("ce_time", b"2025-02-30T07:12:05Z")],
        [("ce_time", b"2025-11-23 07:12:05")],
        [("traceparent", b"00-" + b"z" * 32 + b"-b7ad6b7169203331-01")],
        [("ce_id", b"\xff"), ("ce_specversion", b"7"), ("content-type", b"text/plain"), ("ce_subject", b"x")],
        [(BATCH_ID, b"Nguy\xe1\xbb\x85n V\xc4\x83n A, 0900 000 000"), (LINE_NO, b"1")],
        [(BATCH_ID, b"b1"), (LINE_NO, b"0")],
        [(BATCH_ID, b"b1"), (LINE_NO, b"999999999999")],
        [(BATCH_ID, b"b1\n"), (LINE_NO, b"1")],
        [(BATCH_ID, b"b1"), (LINE_NO, b"\xc2\xb2")],
        [("x", b"1"), ("x", b"2")],
    ],
    ids=str,
)
def test_odd_headers_of_a_producer_break_nothing(line: Line, headers: list[tuple[str, bytes | None]]) -> None:
    made = line.send(raw(1, ADDRESSES[0][0], batch=None, headers=headers, position=POINT))
    assert topics.DIGITISED in {output.topic for output in made}
    line.send(Record(b"{}", key=b"post:1", headers=tuple(headers)))


def test_batch_status_keeps_the_contract() -> None:
    fold = pytest.importorskip("services.tracker.fold")
    codec = pytest.importorskip("schemas.codec")
    progress = pytest.importorskip("services.tracker.progress")
    tally = None
    for example in valid_examples("batch.progress.v1"):
        tally = fold.fold(tally, progress.read_event(example.data), "2025-11-23T07:12:40.112Z")
        written = orjson.loads(codec.encode(fold.status("2025-11-minh-xuan", tally)))
        assert validator("batch.status.v1").check(written) is None
