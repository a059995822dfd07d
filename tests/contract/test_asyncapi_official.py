"""The document is AsyncAPI 3.0 by the JSON Schema that the AsyncAPI project publishes (npm package @asyncapi/specs)."""

from __future__ import annotations

import copy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from schemas.asyncapi import document, one_file

HERE = Path(__file__).parent
SCHEMA = HERE / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Validator:
    if not SCHEMA.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, so the official schema cannot be had")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(HERE)]
        installed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
        if installed.returncode:
            pytest.skip(f"npm cannot install the official schema: {installed.stderr.strip()[-300:]}")
    return jsonschema_rs.validator_for(orjson.loads(SCHEMA.read_bytes()))


def faults(validator: jsonschema_rs.Validator, value: dict[str, Any]) -> list[str]:
    return [f"{'/'.join(map(str, error.instance_path))}: {error.kind.name}" for error in validator.iter_errors(value)]


def test_the_document_and_its_one_file_form_are_valid(official: jsonschema_rs.Validator) -> None:
    assert faults(official, document()) == []
    assert faults(official, one_file()) == []


def test_the_official_schema_is_not_blind(official: jsonschema_rs.Validator) -> None:
    broken: list[dict[str, Any]] = [copy.deepcopy(document()) for _ in range(4)]
    broken[0]["asyncapi"] = "2.6.0"
    broken[1]["channels"]["address.raw.v1"]["bindings"]["kafka"]["partitions"] = 0
    broken[2]["operations"]["operator.send.address.raw.v1"]["action"] = "publish"
    broken[3]["components"]["messages"]["matched"]["key"] = "area"
    assert [bool(faults(official, value)) for value in broken] == [True] * 4
