"""The generated texts are what they say: seeded, different, of the shares named, and fair."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import fold
from gazetteer.samples.wording import without_tones
from tests.accuracy import noise, villages
from tests.accuracy.composed import old_communes, old_home
from tests.accuracy.elsewhere import KINDS, elsewhere
from tests.accuracy.slips import slip

_SEED = 5


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def test_all_communes_of_before_july_2025_have_their_turn_before_one_comes_again(gazetteer: Gazetteer) -> None:
    communes = old_communes(gazetteer)
    assert len(communes) == 10_035
    made = noise.hard_noise(gazetteer, 10_036, _SEED)
    assert Counter(code for _, code in made).most_common(2)[0][1] == 2
    assert {code for _, code in made} == {one.code for one in communes}


def test_noise_is_the_same_for_one_seed_and_different_for_another(gazetteer: Gazetteer) -> None:
    first = noise.hard_noise(gazetteer, 200, _SEED)
    assert first == noise.hard_noise(gazetteer, 200, _SEED)
    assert first != noise.hard_noise(gazetteer, 200, _SEED + 1)


def test_noise_has_the_shares_it_says(gazetteer: Gazetteer) -> None:
    random = Random(_SEED)
    styles = [noise.style_of(random) for _ in range(4_000)]
    for flag in ("accents", "district", "lower", "commas"):
        assert abs(sum(getattr(style, flag) for style in styles) / len(styles) - 0.5) < 0.03
    assert abs(sum(style.kinds == "short" for style in styles) / len(styles) - 0.6) < 0.03


def test_a_noised_text_has_slips_in_its_units_and_never_in_a_number(gazetteer: Gazetteer) -> None:
    random = Random(_SEED)
    for legacy in random.sample(old_communes(gazetteer), 400):
        style = noise.style_of(random)
        units = style.units(old_home(gazetteer, legacy))
        slipped = noise.slipped(random, style, units)
        right, text = ([unit.kind + unit.name for unit in side] for side in (units, slipped))
        assert text != right
        for one, other in zip(right, text, strict=True):
            assert [char for char in other if char.isdigit()] == [char for char in one if char.isdigit()]


def test_homonyms_that_nothing_tells_apart_are_all_acceptable(gazetteer: Gazetteer) -> None:
    rows = noise.noised(gazetteer, 3_000, _SEED)
    several = [row for row in rows if len(row.old_codes) > 1]
    assert several
    for row in rows:
        assert row.meant in row.old_codes
    for row in several:
        found = [gazetteer.legacy_by_code(code)[0] for code in row.old_codes]
        assert len({(fold(one.name), one.province_code) for one in found}) == 1
        assert len({(one.name, one.kind, one.district_key) for one in found}) == len(found)


def test_a_misleading_text_names_another_commune_there(gazetteer: Gazetteer) -> None:
    rows = [row for row in noise.noised(gazetteer, 10_035, _SEED) if row.misleading]
    assert 0 < len(rows) < 300
    names = {fold(one.name) for one in (*gazetteer.legacy, *gazetteer.communes.values())}
    for row in rows:
        words = fold(row.text).split()
        meant = fold(gazetteer.legacy_by_code(row.meant)[0].name)
        phrases = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + 6, len(words) + 1))}
        assert (phrases & names) - {meant}


@given(st.text("aăâeêioôơuưybcdđghklmnpqrstvxáàảãạ ", min_size=1, max_size=20), st.integers(0, 2**32))
def test_a_slip_changes_a_letter_or_two_and_nothing_else(text: str, seed: int) -> None:
    slipped = slip(Random(seed), text)
    if not any(char.isalpha() for char in text):
        assert slipped == text
    else:
        assert slipped != text
        assert OSA.distance(text, slipped) <= 2
        assert slipped.count(" ") == text.count(" ")


def test_villages_are_as_many_as_the_province_has_each_with_its_own_name_and_point(gazetteer: Gazetteer) -> None:
    made = villages.synthetic_villages(gazetteer, _SEED)
    assert len(made) == 1_733
    assert {one.source for one in made} == {"synthetic"}
    assert len({(one.lat, one.lon) for one in made}) == len(made)
    assert len({(one.legacy_commune_code, fold(one.name)) for one in made}) == len(made)
    homes = {one.code for one in old_communes(gazetteer) if one.province_code == villages.OLD_TUYEN_QUANG}
    assert {one.legacy_commune_code for one in made} == homes
    for text, one in zip(villages.clean(gazetteer, made), made, strict=True):
        assert one.name in text.text


def test_texts_from_elsewhere_are_different_and_of_all_kinds(gazetteer: Gazetteer) -> None:
    made = elsewhere(gazetteer, 2_100, _SEED)
    assert made == elsewhere(gazetteer, 2_100, _SEED)
    assert len({one.text for one in made}) == 2_100
    counts = Counter(one.kind for one in made)
    assert set(counts) == set(KINDS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_an_unlisted_commune_is_none_of_its_province(gazetteer: Gazetteer) -> None:
    """Held against all communes of the whole country, written with their own district or province."""
    listed = {_key(old_home(gazetteer, one).text("")) for one in gazetteer.legacy if one.district_code}
    today = gazetteer.communes.values()
    listed |= {_key(f", {one.full_name}, {gazetteer.provinces[one.province_code].full_name}") for one in today}
    texts = [one.text for one in elsewhere(gazetteer, 3_000, _SEED) if one.kind == "unlisted"]
    assert len(texts) == 1_000
    for text in texts:
        assert _key(text) not in listed


def _key(text: str) -> str:
    """Commune and wider units, without what stands before them."""
    return fold(without_tones(text.partition(",")[2]))
