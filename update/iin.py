"""Rebuilds iin.dat and world.zip in src/bankcard_ocr/numbers from their sources::

    npm pack bankcardinfo@2.0.6 && tar xzf bankcardinfo-2.0.6.tgz
    pip download --no-deps cardbin==1.0.0 binDB==0.1.8
    unzip cardbin-1.0.0-*.whl; unzip bindb-0.1.8-*.whl
    python update/iin.py package/index.js cardbin/bankbin.py binDB/data

Nothing of the sources is executed, and nothing is written when one of them has no entries. bankcardinfo gives prefix,
bank, type and length; cardbin adds the names of cards, and prefixes the other lacks; bindb has the issuers of the rest
of the world. networks.txt and banks.tsv beside this file are written by hand.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bankcard_ocr.numbers.iin import Table

HERE = Path(__file__).parent
THERE = HERE.parent / "src" / "bankcard_ocr" / "numbers"
NOT_PAYMENT = re.compile("PRIVATE LABEL|EBT|UATP|CIRRUS|FUEL|WEXCARD|VOYAGER|LOCAL BRAND|ATM CARD")  # brands of bindb
TYPES = {"DC": "debit", "CC": "credit", "SCC": "quasi_credit", "PC": "prepaid"}
MARKS = (
    (("准贷记",), "quasi_credit"),
    (("贷记", "信用", "公务卡"), "credit"),
    (("预付",), "prepaid"),
    (("借记", "储蓄", "灵通卡", "一卡通"), "debit"),
)
SLIPS = (  # of cardbin, in the names of cards
    ("信用卡员", "信用卡"),
    ("大莱", "大来"),
    ("准贷卡", "准贷记卡"),
    ("民VISA", "民生VISA"),
    ("鸳都", "鸢都"),
    ("神州兴陇", "神舟兴陇"),
    ("(", "（"),
    (")", "）"),
)
HEADER = """\
# Who issues the cards whose numbers begin with these digits. Written by update/iin.py; do not edit by hand.
# version {version}
# date {date}
# source networks: by hand, update/networks.txt, which names the publications
# source prefixes, lengths, types of China's banks: npm bankcardinfo 2.0.6 by navyxie (ISC licence), of 2013 and later
# source card names and further prefixes: PyPI cardbin 1.0.0 by bopo.wang (MIT licence), of 2017
# source names of banks: by hand, update/banks.tsv
# The form is described in iin.py. A prefix listed twice is claimed by both.
"""


def canonical(name: str) -> str:
    """A bank's name without what the sources write in many ways: branches, departments, legal forms."""
    name = re.sub(r"信用卡中心$|贷记卡$|股份有限公司$|有限公司$", "", name)
    name = re.sub(r"^中国(?=(工商|农业|建设|交通|民生|光大|邮政))", "", name)
    name = re.sub(r"(?<=银行).*(分行|子行|阿姆斯特丹)$", "", name)
    name = name.replace("邮储", "邮政储蓄").replace("农商银行", "农村银行")
    return name.replace("市商业银行", "银行").replace("商业银行", "银行")


def banks() -> dict[str, tuple[str, str]]:
    """(English, Chinese) by every canonical name."""
    found = {}
    for line in (HERE / "banks.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            chinese, english, *others = line.split("\t")
            for name in (chinese, *";".join(others).split(";")):
                found[canonical(name)] = (english, chinese)
    return found


def from_bankcardinfo(source: str) -> list[tuple[str, str, int, str]]:
    r"""(bank, prefix, length, type) of every entry: the patterns read ``/^(622848|622849)\d{13}$/``."""
    names = re.compile(r'bankName: "([^"]+)"|reg: /\^\(([\d|]+)\)\\d\{(\d+)\}\$/g,\s*cardType: "(\w+)"')
    found, bank = [], ""
    for name, prefixes, rest, kind in names.findall(source):
        bank = name or bank
        found += [(bank, p, len(p) + int(rest), TYPES[kind]) for p in prefixes.split("|") if prefixes]
    return found


def from_cardbin(source: str) -> dict[str, tuple[str, str]]:
    """(bank, card name) by prefix, the names with their slips mended."""
    for slip, mended in SLIPS:
        source = source.replace(slip, mended)
    return {p: (bank, name.strip("- ")) for p, bank, name in re.findall(r'"(\d+)" : "([^|"]+)\|([^"]*)"', source)}


def kind_by_name(name: str) -> str:
    """What a card's name says of its type; ``-`` when it does not."""
    return next((kind for marks, kind in MARKS for mark in marks if mark in name), "-")


def entries(bankcardinfo: str, cardbin: str) -> dict[tuple[str, str], list[tuple[str, str, str, str]]]:
    """(prefix, length, type, card name) by (English, Chinese) issuer."""
    known, named = banks(), from_cardbin(cardbin)
    found: dict[tuple[str, str], list[tuple[str, str, str, str]]] = defaultdict(list)
    seen = set()
    for bank, prefix, length, kind in from_bankcardinfo(bankcardinfo):
        issuer = known[canonical(bank)]
        other, name = named.get(prefix, ("", ""))
        if length <= 19:  # three prefixes of 20 are slips: ISO/IEC 7812 ends at 19
            same = other and known[canonical(other)] == issuer
            found[issuer].append((prefix, str(length), kind, name if same else ""))
            seen.add(prefix)
    for prefix, (bank, name) in named.items():
        if prefix not in seen:
            found[known[canonical(bank)]].append((prefix, "-", kind_by_name(name), name))
    return found


def rendered(found: dict[tuple[str, str], list[tuple[str, str, str, str]]], day: date) -> str:
    """The text of the table."""
    hand = "".join(
        line for line in (HERE / "networks.txt").read_text("utf-8").splitlines(keepends=True) if line[0] != "#"
    )
    networks = Table.parse(hand.encode())
    lines = [HEADER.format(version=f"{day:%Y.%m.%d}", date=day.isoformat()) + hand.rstrip()]
    for (english, chinese), cards in sorted(found.items()):
        lines.append(f"issuer {english} | {chinese}")
        for prefix, length, kind, name in sorted(set(cards)):
            home = "" if networks.lookup(prefix).network else " unionpay"  # old ranges, valid in China only
            lines.append(f"  {prefix} {length} {kind}{home}" + (f" | {name}" if name else ""))
    return "\n".join(lines) + "\n"


def from_bindb(folder: Path, known: Table) -> dict[str, tuple[str, str]]:
    """(issuer, type) by prefix, where bindb names an issuer and ``known`` does not; ten that agree are one shorter."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text("utf-8")):
            prefix, issuer = entry["bin"], " ".join(entry["issuer"].replace("|", " ").split())
            china = prefix.startswith("62") and entry["country_code"] == "CN"  # often wrong there, engine trial 2026
            good = (
                len(prefix) == 6
                and prefix.isdigit()
                and issuer
                and not china
                and not NOT_PAYMENT.search(entry["brand"])
            )
            if good and not known.lookup(prefix).issuer:
                kind = "prepaid" if "PREPAID" in entry["category"] else entry["type"].lower()
                found[prefix] = (issuer, kind if kind in {"debit", "credit", "prepaid"} else "-")
    for size in (6, 5):
        for start in {prefix[:-1] for prefix in found if len(prefix) == size}:
            ten = [start + digit for digit in "0123456789"]
            if len({found.get(prefix) for prefix in ten}) == 1:
                found[start] = found[ten[0]]
                for prefix in ten:
                    del found[prefix]
    return found


def world(found: Mapping[str, tuple[str, str]], day: date) -> bytes:
    """A ZIP with one table for each first three digits, so that a lookup reads one; equal input, equal bytes."""
    parts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for prefix, (issuer, kind) in sorted(found.items()):
        parts[prefix[:3]][issuer].append(f"  {prefix} - {kind}\n")
    members = {
        name: "".join(f"issuer {issuer}\n" + "".join(rows) for issuer, rows in sorted(issuers.items()))
        for name, issuers in sorted(parts.items())
    }
    note = f"Written by update/iin.py on {day} from PyPI binDB 0.1.8 by ISmartCoder (MIT licence).\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in {"README": note, **members}.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(info, text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return made.getvalue()


def update(there: Path, bankcardinfo: Path, cardbin: Path, bindb: Path, *, day: date) -> None:
    """Writes both files into ``there``, or neither: a source that has no entries ends the program with a line."""
    texts = [path.read_text("utf-8") for path in (bankcardinfo, cardbin)]
    table = rendered(entries(*texts), day).encode()
    elsewhere = from_bindb(bindb, Table.parse(table))
    found = {bankcardinfo: from_bankcardinfo(texts[0]), cardbin: from_cardbin(texts[1]), bindb: elsewhere}
    if empty := [str(path) for path, some in found.items() if not some]:
        raise SystemExit(
            f"{', '.join(empty)} has no entries: it is not what update/iin.py names, or of another version"
        )
    (there / "iin.dat").write_bytes(table)
    (there / "world.zip").write_bytes(world(elsewhere, day))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for source in ("bankcardinfo", "cardbin", "bindb"):
        parser.add_argument(source, type=Path)
    asked = parser.parse_args()
    try:
        update(THERE, **vars(asked), day=date.today())  # noqa: DTZ011 (the day it was built, here)
    except OSError as error:
        parser.exit(1, f"{error.filename}: {error.strerror}\n")


if __name__ == "__main__":
    main()
