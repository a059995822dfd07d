"""Compiles the address core with mypyc where DIACHI_COMPILE is set; all else of the build stands in pyproject.toml.

In place: `DIACHI_COMPILE=1 python setup.py build_ext --inplace`, which `make install` does. Why, and what it brings:
docs/decisions/0015-a-fast-address-core.md.
"""

import os
from pathlib import Path

from setuptools import setup

# Enums with fields of their own, which mypyc does not take.
_INTERPRETED = {"faults.py", "words.py"}


def _modules() -> list[str]:
    core = sorted(Path("services/address").glob("[!_]*.py"))
    return [str(module) for module in (*core, Path("gazetteer/names.py")) if module.name not in _INTERPRETED]


if os.environ.get("DIACHI_COMPILE"):
    from mypyc.build import mypycify

    setup(ext_modules=mypycify(["--strict", *_modules()], group_name="services.address.compiled", debug_level="0"))
else:
    setup()
