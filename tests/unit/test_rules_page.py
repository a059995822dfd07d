"""Each rule that docs/rules.md tells is tested: its source names the test, and the test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs/rules.md").read_text(encoding="utf-8")
_RULES = re.findall(r"^- .*$", _PAGE, re.MULTILINE)


@pytest.mark.parametrize("rule", [*_RULES, _PAGE[_PAGE.index("`diachi code show") :]])
def test_every_rule_names_a_test_that_is_there(rule: str) -> None:
    named = re.search(r"<!-- (.+) -->\s*$", rule)
    assert named is not None, "no test is named"
    for each in named.group(1).split():
        file, _, name = each.partition("::")
        text = (_ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {re.escape(name)}\(", text, re.MULTILINE), each
