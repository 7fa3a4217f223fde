"""Rebuilds src/bankcard_ocr/numbers/iin.dat from its sources::

    npm pack bankcardinfo@2.0.6 && tar xzf bankcardinfo-2.0.6.tgz
    pip download --no-deps --no-binary :none: cardbin==1.0.0 && unzip cardbin-1.0.0-*.whl
    python update/iin.py package/index.js cardbin/bankbin.py > src/bankcard_ocr/numbers/iin.dat

Nothing of the sources is executed. bankcardinfo gives prefix, bank, type and length; cardbin adds the names of cards,
and prefixes the other lacks. networks.txt and banks.tsv beside this file are written by hand.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

from bankcard_ocr.numbers.iin import Table

HERE = Path(__file__).parent
TYPES = {"DC": "debit", "CC": "credit", "SCC": "quasi_credit", "PC": "prepaid"}
MARKS = (
    (("准贷记",), "quasi_credit"),
    (("贷记", "信用", "公务卡"), "credit"),
    (("预付",), "prepaid"),
    (("借记", "储蓄", "灵通卡", "一卡通"), "debit"),
)
HEADER = """\
# Who issues the cards whose numbers begin with these digits. Written by update/iin.py; do not edit by hand.
# version {version}
# date {date}
# source networks: by hand, update/networks.txt, which names the publications
# source prefixes, lengths, types of China's banks: npm bankcardinfo 2.0.6 by navyxie (ISC licence), of 2013 and later
# source card names and further prefixes: PyPI cardbin 1.0.0 by bopo.wang (MIT licence), of 2017
# source English names of banks: by hand, update/banks.tsv
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
    """(bank, card name) by prefix."""
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


if __name__ == "__main__":
    texts = [Path(path).read_text("utf-8") for path in sys.argv[1:3]]
    sys.stdout.write(rendered(entries(*texts), date.today()))  # noqa: DTZ011 (the day it was built, here)
