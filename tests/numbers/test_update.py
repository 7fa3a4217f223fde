"""The script that rebuilds the table of issuers."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path

import pytest

from bankcard_ocr.numbers.iin import Table

SCRIPT = Path(__file__).parents[2] / "update" / "iin.py"
SOURCES = {
    "index.js": 'bankName: "中国农业银行", reg: /^(622848)\\d{13}$/g, cardType: "DC"',
    "bankbin.py": '"622848" : "中国农业银行|金穗通宝卡"',
    "bindb/XX.json": json.dumps([{"bin": "409999", "issuer": "A BANK", "country_code": "XX", "brand": "VISA",
                                  "category": "", "type": "DEBIT"}]),
}  # fmt: skip


@pytest.fixture
def update(tmp_path):
    """Writes sources, some of them other than they should be, and rebuilds; returns the folder that is written to."""
    spec = importlib.util.spec_from_file_location("update_iin", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(others=None) -> Path:
        for name, text in {**SOURCES, **(others or {})}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        there = tmp_path / "there"
        there.mkdir(exist_ok=True)
        places = [tmp_path / name for name in ("index.js", "bankbin.py", "bindb")]
        module.update(there, *places, day=date(2026, 11, 29))
        return there

    return run


def test_sources_become_a_table(update) -> None:
    """What the sources say of a prefix is in the table, and the same sources and day give the same bytes."""
    first = [(update() / name).read_bytes() for name in ("iin.dat", "world.zip")]
    match = Table.parse(first[0]).lookup("622848")
    again = [(update() / name).read_bytes() for name in ("iin.dat", "world.zip")]
    assert ("中国农业银行", "金穗通宝卡", (19,), True) == (
        match.issuer_zh, match.card_name, match.lengths, first == again,
    )  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_without_entries_changes_nothing(update, tmp_path, name) -> None:
    """Another version of a source, or an empty folder, does not make the table half of what it was."""
    with pytest.raises(SystemExit, match=f"{name.split('/')[0]} has no entries"):
        update({name: "[]"})
    assert [] == list((tmp_path / "there").iterdir())
