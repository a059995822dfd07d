"""`make sbom` lists what runs, and needs no network for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
# Where nobody listens: whoever asks the network fails.
_NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")


@pytest.mark.skipif(
    not (_ROOT / ".venv/bin/cyclonedx-py").exists(), reason="the environment is not that of make install"
)
def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    file = tmp_path / "new" / "sbom.json"
    # -o: what is installed now is what is tested now.
    command = [make, "--silent", "-o", "install", "sbom", f"SBOM={file}"]
    subprocess.run(command, cwd=_ROOT, env={**os.environ, **_NOWHERE}, check=True, timeout=120)
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "diachi"
    lock = (_ROOT / "deploy/docker/requirements.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.M))
    assert {(part["name"], part["version"]) for part in bill["components"]} == pinned
    assert len(pinned) > 20
    for part in bill["components"]:
        assert any(reference.get("hashes") for reference in part["externalReferences"]), part["name"]
