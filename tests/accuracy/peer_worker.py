"""Runs in the environment of the peers, which has nothing of this project: `python peer_worker.py PACKAGE < texts`.

Reads a JSON list of texts. Writes one JSON object: `seconds` of CPU time for all texts together, after a first call
that loads tables, and `answers`, one for each text: what the package says of the commune before July 2025 (`old`) and
of today (`new`), each as {code, names} or null, names finest first. Where a package raises an error it has no answer.

Two packages ask a public geocoder over the network about streets in split communes. They get none, and then take the
usual part, as they do when it finds nothing: addresses are not sent away, and all work from the text alone.
"""

import importlib
import json
import socket
import sys
import time

WARM_UP = "Số 5, Thôn 3, xã Thái Hòa, huyện Hàm Yên, tỉnh Tuyên Quang"


def no_network(*_args, **_kwargs):
    raise OSError("no network here")


def no_place(_address):
    return None


def unit(found):
    """An answer of vietnamadminunits or onflow-location-platform, which share a data model and give official codes."""
    if found is None or not found.ward_code:
        return None
    return {"code": found.ward_code, "names": [n for n in (found.ward, found.district, found.province) if n]}


def names(*parts):
    """An answer of names alone; the commune comes first."""
    return {"code": None, "names": [part for part in parts if part]} if parts[0] else None


def vietnamadminunits():
    package = importlib.import_module("vietnamadminunits")
    importlib.import_module("vietnamadminunits.converter.converter_2025").get_geo_location = no_place

    def ask(text):
        new = package.convert_address(text)
        if not new.ward_code:
            return {"old": unit(new.OldAdminUnit), "new": unit(package.parse_address(text))}
        return {"old": unit(new.OldAdminUnit), "new": unit(new)}

    return ask


def onflow_location_platform():
    package = importlib.import_module("onflow_location_platform")
    for name in ("converter_new", "converter_old"):
        importlib.import_module(f"onflow_location_platform.converter.{name}").get_geo_location = no_place

    def ask(text):
        try:
            new = package.convert_address_old_to_new(text)
        except ValueError:
            return {"old": unit(package.parse_address_old(text)), "new": unit(package.parse_address_new(text))}
        return {"old": unit(new.source_admin_unit), "new": unit(new)}

    return ask


def vietnam_address_converter():
    converter = importlib.import_module("vietnam_address_converter").create_converter()

    def ask(text):
        said = converter.auto_convert_address(text)
        parsed, new = said["parsed"] or {}, said["converted_new"] or {}
        ward, province = (new.get(level) or {} for level in ("ward", "province"))
        old = names(parsed.get("ward_name"), parsed.get("district_name"), parsed.get("province_name"))
        if said["input_type"] == "new":
            # Of the old communes that went into it, the one of the same name, if any.
            same = [one for one in said["old_candidates"] if one["ward"] == parsed.get("ward_name")]
            old = names(same[0]["ward"], same[0]["district"], same[0]["province"]) if same else None
        return {"old": old, "new": names(ward.get("name_with_type"), province.get("name_with_type"))}

    return ask


def vn_address_converter():
    package = importlib.import_module("vn_address_converter")

    def ask(text):
        old = package.parse_address(text)
        answer = {"old": names(old.ward, old.district, old.province), "new": None}
        try:
            new = package.convert_to_new_address(old)
        except Exception:
            return answer
        return {**answer, "new": names(new.ward, new.province)}

    return ask


PACKAGES = {
    "onflow-location-platform": onflow_location_platform,
    "vietnam-address-converter": vietnam_address_converter,
    "vietnamadminunits": vietnamadminunits,
    "vn-address-converter": vn_address_converter,
}


def main():
    socket.socket.connect = no_network
    socket.getaddrinfo = no_network
    texts = json.load(sys.stdin)
    ask = PACKAGES[sys.argv[1]]()
    ask(WARM_UP)
    answers = []
    started = time.process_time()
    for text in texts:
        try:
            answers.append(ask(text))
        except Exception:
            answers.append({"old": None, "new": None})
    json.dump({"seconds": time.process_time() - started, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
