"""Names by their sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.address.sounds import sound, sounds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("trasu", "chaxu"),
        ("gialam", "danam"),
        ("ranglat", "vanlat"),
        ("nghiaphu", "ngiafu"),
        ("quy", "kui"),
        ("tann", "tan"),
        ("khangtrang", "khanchang"),
    ],
)
def test_spellings_that_are_said_alike_have_one_sound(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(("one", "other"), [("cao", "chao"), ("tan", "than"), ("ha", "ga"), ("lo", "do")])
def test_names_that_are_said_differently_have_sounds_of_their_own(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@given(st.lists(st.text("abcdeghiklmnopqrstuvxy0123456789", max_size=12)))
def test_many_sounds_at_once_are_the_sounds_one_by_one(names: list[str]) -> None:
    assert sounds(names) == [sound(name) for name in names]
