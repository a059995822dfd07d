"""Ways to break a rule of the service on purpose."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs

Patch = tuple[Any, str, Callable[[Any], Any]]


def changed(one: Any, **changes: Any) -> Any:
    """A copy of a record or dataclass with other fields."""
    return structs.replace(one, **changes) if isinstance(one, Struct) else dataclasses.replace(one, **changes)


def with_names(**changes: Any) -> Callable[[Any], Any]:
    """Calls the function with these named arguments in place of its own."""
    return lambda function: lambda *arguments, **names: function(*arguments, **{**names, **changes})


def with_result(**changes: Any) -> Callable[[Any], Any]:
    """Changes fields of what the function returns."""
    return lambda function: lambda *arguments, **names: changed(function(*arguments, **names), **changes)


def returns(answer: Callable[..., Any]) -> Callable[[Any], Any]:
    """Answers so, whatever the function would say."""
    return lambda _: answer
