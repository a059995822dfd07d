"""The check of the source tables."""

from __future__ import annotations

from gazetteer.findings import Finding, error
from gazetteer.tables import LAYOUTS, Tables


def check(tables: Tables) -> list[Finding]:
    """What is wrong with corrected tables."""
    findings = []
    for name in LAYOUTS:
        seen: dict[str, int] = {}
        for row in tables[name]:
            key = tables[name].key(row)
            if key in seen:
                what = f"{key} stands already in line {seen[key]}"
                findings.append(error("duplicate.key", name, row, row[LAYOUTS[name].key[0]], what, "remove one"))
            seen.setdefault(key, row.line)
    return findings
