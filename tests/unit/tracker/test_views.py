"""Which pages the tracker has, and who may see those of batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.stream.metrics import Metrics
from services.stream.settings import read_settings
from services.tracker.app import ProgressTopic, create_app
from services.tracker.bearer import shows

TOKEN = "a-token-of-the-tests"


def test_there_are_the_documented_pages_and_none_of_fausts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATS", "GRAPH", "ROUTER", "TABLES", "METRICS"):
        monkeypatch.setenv(f"APP_WEB_{name}_ENABLED", "1")
    app = create_app(read_settings(), ProgressTopic("id", 1), Metrics("tracker"), tmp_path)
    app.web.init_server()
    pages = {resource.canonical for resource in app.web.web_app.router.resources()}
    assert pages == {"/batches", "/batches/{batch_id}", "/livez", "/readyz", "/metrics"}


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_who_shows_the_token(shown: str) -> None:
    assert shows(TOKEN, shown)


@pytest.mark.parametrize(
    "shown",
    [
        *(None, "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"),
        *(f"Bearer {TOKEN.upper()}", f"Bearer x {TOKEN}", "Bearer ộ", "Bearer \udcff"),
    ],
)
def test_who_does_not(shown: str | None) -> None:
    assert not shows(TOKEN, shown)
