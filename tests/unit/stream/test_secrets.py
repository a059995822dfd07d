"""The token of the tracker's pages comes from the environment or a file, and is one that a header can carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.stream.hidden import Secret
from services.stream.secrets import SettingError, http_token
from services.stream.settings import read_settings

TOKEN = "0123456789abcdef"


def test_it_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert http_token(read_settings()).reveal() == ""
    monkeypatch.setenv("DIACHI_HTTP_TOKEN", TOKEN)
    assert http_token(read_settings()).reveal() == TOKEN
    assert TOKEN not in repr(read_settings())
    monkeypatch.delenv("DIACHI_HTTP_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.setenv("DIACHI_HTTP_TOKEN_FILE", str(tmp_path / "token"))
    assert http_token(read_settings()).reveal() == TOKEN


@pytest.mark.parametrize("wrong", [TOKEN[:-1], f"{TOKEN} x", f"{TOKEN}\nX: y", f"{TOKEN}ộ", TOKEN * 100])
def test_one_that_cannot_be_used_is_named_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingError, match="DIACHI_HTTP_TOKEN: ") as mistaken:
        http_token(read_settings(http_token=Secret(wrong)))
    assert wrong not in str(mistaken.value)
