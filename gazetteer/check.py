"""The check of the source tables: every kind of trouble, each row named."""

from __future__ import annotations

from gazetteer.checks.changes import check_changes
from gazetteer.checks.links import check_links
from gazetteer.checks.points import check_points
from gazetteer.checks.rows import check_rows
from gazetteer.findings import Finding
from gazetteer.tables import Tables


def check(tables: Tables) -> list[Finding]:
    """What is wrong with corrected tables."""
    return [*check_rows(tables), *check_links(tables), *check_changes(tables), *check_points(tables)]
