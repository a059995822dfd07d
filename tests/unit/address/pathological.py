"""Texts of about 10 kB that no person writes: what they cost must be bounded, and is measured in tests/bench."""

from __future__ import annotations

PATHOLOGICAL = {
    "names": "Tuyên Quang " * 900,
    "commas": "," * 10_000,
    "types": "xã " * 3_000,
    "marks": "a\u0301" * 5_000,
    "only marks": "\u0323" * 10_000,
    "numbers": "P1, Q3, " * 1_200,
    "one word": "x" * 10_000,
    "glued": "tuyenquang" * 1_000,
    "digits": "1" * 10_000,
    "slashes": "Phường 1/2/3/4/" * 600,
    "addresses": "xã Tân Tiến, huyện Yên Sơn, " * 300,
}
