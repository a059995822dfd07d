"""Other packages are compared fairly: what counts as their right answer, and what is said of one that fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gazetteer.gazetteer import Gazetteer
from tests.accuracy import peers, versus
from tests.accuracy.peers import PEERS, Judge, PeerError

# Phường Minh Xuân, before July 2025 in Thành phố Tuyên Quang, and today's of the same name; Phường 5 of Gò Vấp.
_MINH_XUAN_OLD, _MINH_XUAN, _PHUONG_5 = "02203", "02215", "26887"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Gazetteer.load())


def _said(names: list[str] | None = None, code: str | None = None) -> dict[str, Any]:
    return {"code": code, "names": names or []}


@pytest.mark.parametrize(
    ("code", "names", "right"),
    [
        (_MINH_XUAN_OLD, ["Phường Minh Xuân", "Thành phố Tuyên Quang", "Tỉnh Tuyên Quang"], True),
        (_MINH_XUAN_OLD, ["p. minh xuan", "tp tuyen quang", "tuyen quang"], True),
        (_MINH_XUAN_OLD, ["Minh Xuân", "Tuyên Quang"], True),
        (_MINH_XUAN_OLD, ["Phường Tân Quang", "Thành phố Tuyên Quang", "Tỉnh Tuyên Quang"], False),
        (_MINH_XUAN_OLD, ["Phường Minh Xuân", "Huyện Yên Sơn", "Tỉnh Tuyên Quang"], False),
        (_MINH_XUAN_OLD, ["Phường Minh Xuân", "Thành phố Tuyên Quang", "Tỉnh Yên Bái"], False),
        (_PHUONG_5, ["Phường 05", "Quận Gò Vấp", "TP.HCM"], True),
        (_PHUONG_5, ["P. 5", "Q. Gò Vấp", "Thành phố Hồ Chí Minh"], True),
        (_PHUONG_5, ["Phường 15", "Quận Gò Vấp", "Thành phố Hồ Chí Minh"], False),
        (_PHUONG_5, ["Phường 5", "Quận 5", "Thành phố Hồ Chí Minh"], False),
    ],
)
def test_an_old_commune_given_by_names_is_right_if_all_names_are(
    judge: Judge, code: str, names: list[str], right: bool
) -> None:
    answer = {"old": _said(names), "new": None}
    assert judge.old_is_right(answer, {code}) is right
    assert judge.old_is_right(answer, {"00000", code}) is right
    assert not judge.old_is_right(answer, set())


@pytest.mark.parametrize(
    ("names", "right"),
    [
        (["Phường Minh Xuân", "Tỉnh Tuyên Quang"], True),
        (["minh xuan", "tuyen quang"], True),
        (["Phường Minh Xuân", "Tỉnh Lào Cai"], False),
        (["Phường Nông Tiến", "Tỉnh Tuyên Quang"], False),
    ],
)
def test_a_commune_of_today_given_by_names_is_right_if_both_are(judge: Judge, names: list[str], right: bool) -> None:
    assert judge.new_is_right({"old": None, "new": _said(names)}, {_MINH_XUAN}) is right


def test_a_code_counts_before_names(judge: Judge) -> None:
    names = ["Phường Minh Xuân", "Tỉnh Tuyên Quang"]
    assert judge.new_is_right({"old": None, "new": _said([], _MINH_XUAN)}, {_MINH_XUAN})
    assert not judge.new_is_right({"old": None, "new": _said(names, "00004")}, {_MINH_XUAN})


def test_no_answer_is_not_right(judge: Judge) -> None:
    silent = {"old": None, "new": None}
    assert not judge.old_is_right(silent, {_MINH_XUAN_OLD})
    assert not judge.new_is_right(silent, {_MINH_XUAN})


def test_a_sample_is_always_the_same_and_in_order() -> None:
    rows = list(range(1_000))
    assert peers.sample(rows, None) == rows
    assert peers.sample(rows, 1_000) == rows
    sampled = peers.sample(rows, 50)
    assert sampled == peers.sample(rows, 50)
    assert sampled == sorted(set(sampled))
    assert len(sampled) == 50


def test_all_peers_are_locked_with_hashes() -> None:
    lock = peers.LOCK.read_text("utf-8")
    for package in PEERS:
        assert peers.version(package)
        assert f"\n{package}=={peers.version(package)} \\\n    --hash=sha256:" in lock


@pytest.mark.parametrize("package", PEERS)
def test_a_peer_that_cannot_run_says_why(package: str) -> None:
    """The environment of this project has none of them."""
    with pytest.raises(PeerError, match=f"No module named '{package.replace('-', '_')}'"):
        peers.ask(Path(sys.executable), package, ["Phường Minh Xuân, Tuyên Quang"])


def test_peers_that_cannot_be_installed_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise PeerError("no space left on device")

    monkeypatch.setattr(peers, "install", refuse)
    found, failed = versus.compare(Gazetteer.load())
    assert found == []
    assert failed == dict.fromkeys(PEERS, "not installed: no space left on device")
