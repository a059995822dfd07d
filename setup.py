"""Compiles with mypyc what compiled.txt names where DIACHI_COMPILE is set; all else stands in pyproject.toml.

In place: `DIACHI_COMPILE=1 python setup.py build_ext --inplace`, which `make install` does. Why, and what it brings:
docs/decisions/0015-a-fast-address-core.md and 0014-speed.md.
"""

import os
from pathlib import Path

from setuptools import setup

# Enums with fields of their own, which mypyc does not take.
_INTERPRETED = {"faults.py", "words.py"}


def _modules() -> list[str]:
    patterns = Path("compiled.txt").read_text().split()
    found = sorted(module for pattern in patterns for module in Path().glob(pattern))
    return [str(module) for module in found if module.name not in _INTERPRETED]


if os.environ.get("DIACHI_COMPILE"):
    from mypyc.build import mypycify

    modules = mypycify(["--strict", *_modules()], group_name="services.compiled", debug_level="0")
    for module in modules:
        # They call each other directly, and Python without a detour: a sixtieth fewer instructions.
        module.extra_compile_args += ["-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt"]
    setup(ext_modules=modules)
else:
    setup()
