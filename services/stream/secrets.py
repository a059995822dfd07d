"""Secrets of the settings: each stands in the environment, or in a file that the environment names."""

from __future__ import annotations

import re
from pathlib import Path

from services.stream.hidden import Secret
from services.stream.settings import SettingError, Settings, variable

# What a header of HTTP can carry; a shorter one could be guessed.
_TOKEN = re.compile(r"[!-~]{16,1000}")


def secret(settings: Settings, field: str) -> Secret:
    """The secret in `field`, or in the file that `<field>_file` names; a newline at its end is no part of it.

    Raises SettingError.
    """
    given: Secret = getattr(settings, field)
    file: str = getattr(settings, f"{field}_file")
    if not file:
        return given
    if given:
        raise SettingError(field, f"set, and so is {variable(field)}_FILE: set one of them only")
    try:
        text = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingError(f"{field}_file", f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # Its message quotes the bytes.
        raise SettingError(f"{field}_file", f"{file} is not UTF-8 text") from None
    if not text:
        raise SettingError(f"{field}_file", f"{file} is empty")
    return Secret(text)


def http_token(settings: Settings) -> Secret:
    """The token of the tracker's pages, empty where none is wanted. Raises SettingError."""
    token = secret(settings, "http_token")
    if token and not _TOKEN.fullmatch(token.reveal()):
        raise SettingError("http_token", "16 to 1,000 characters of ASCII, without blanks: `openssl rand -hex 32`")
    return token
