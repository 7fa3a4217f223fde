"""How holders' names are spelled, and the script that counts it."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path

import pytest

from bankcard_ocr.numbers import holder, spelling


def test_every_letter_and_the_end_may_follow_any_two_letters():
    """None is impossible, and what follows is one of them: their chances sum to one, as near as they are kept."""
    table = spelling._table()

    assert {"^^"} | {f"^{a}" for a in string.ascii_uppercase} | {
        a + b for a in string.ascii_uppercase for b in string.ascii_uppercase
    } == set(table)
    for before, nats in table.items():
        assert len(nats) == 27
        assert min(nats) >= -4
        following = nats[:-1] if before == spelling.START else nats  # nothing ends where nothing began
        assert sum(2.718281828**each / 27 for each in following) == pytest.approx(1, abs=0.08), before


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("WANG XIAOMING", "WAMG XIAOMIMG"),
        ("JOHN SMITH", "JQHN SMLTH"),
        ("GARCIA", "GARGIA"),
        ("NGUYEN VAN AN", "NGUXEN VAN AN"),
        ("MUELLER", "MUFLLER"),
    ],
)
def test_names_are_spelled_likelier_than_what_they_are_misread_as(name: str, other: str):
    assert spelling.likeness(name) > spelling.likeness(other)
    assert spelling.likeness(name) > 0


def test_nothing_ends_where_nothing_began():
    """Two signs that are no letters, as behind an initial's full stop, are as likely as anything."""
    assert spelling.nats("^^", " ") == 0


def test_signs_end_a_word_whichever_they_are():
    assert spelling.nats("LI", "$") == spelling.nats("LI", " ") == spelling.nats("LI", "/") > 0


def test_the_last_two_letters_of_a_word_tell_the_next():
    """One where it has no more, and none where it begins."""
    assert spelling.nats("PHAN", "G") == spelling.nats("AN", "G") != spelling.nats("N", "G") != spelling.nats("", "G")
    assert spelling.nats("^^", "G") == spelling.nats("", "G")


@pytest.fixture
def update():
    """The script that rebuilds the table."""
    place = Path(__file__).parents[2] / "update" / "spelling.py"
    spec = importlib.util.spec_from_file_location("update_spelling", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_was_counted(update, monkeypatch, tmp_path):
    """What was seen often is likely, what follows shorter beginnings less so, and nothing is impossible."""
    lines = list(update.table({"ANNA": 1.0, "ANTON": 1.0}))
    (tmp_path / "spelling.dat").write_text(update.HEADER + "\n".join(lines) + "\n", encoding="ascii")
    monkeypatch.setattr(spelling.resources, "files", lambda _: tmp_path)
    spelling._table.cache_clear()
    try:
        after = {letter: spelling.nats("AN", letter) for letter in string.ascii_uppercase}
        assert after["N"] == pytest.approx(after["T"], abs=0.11)
        assert min(after["N"], after["T"]) > 2
        assert max(chance for letter, chance in after.items() if letter not in "NT") < -3
        assert spelling.nats("NA", "$") > 2
        assert spelling.likeness("ANNA") > 2
        assert spelling.likeness("QQQQ") < 0
    finally:
        spelling._table.cache_clear()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Łukasz", ["LUKASZ"]),
        ("Groß", ["GROSS"]),
        ("Nguyễn Văn", ["NGUYEN", "VAN"]),
        ("d'Angelo-Şahin", ["ANGELO", "SAHIN"]),  # a single letter is no word
        ("Иван", []),
        ("王", []),
        ("Иван Smith", []),
    ],
)
def test_names_are_counted_in_plain_capitals(update, name: str, words: list[str]):
    assert words == update.latin(name)


def test_names_to_measure_with_are_as_cards_bear_them():
    """The committed ones: different, and as long as a track of a card allows."""
    names = (Path(__file__).parents[2] / "bench" / "names.txt").read_text(encoding="ascii").splitlines()

    assert len(names) == len(set(names)) == 600
    assert all(holder.clean(name) == name for name in names if len(name) > holder.SHORTEST + 1)


def test_a_quarter_of_words_is_not_counted(update):
    """The same ones whenever the table is rebuilt."""
    words = [a + b + c for a in "BCDF" for b in "AEIO" for c in string.ascii_uppercase]

    assert 0.2 < sum(map(update.is_held_out, words)) / len(words) < 0.3
    assert [word for word in ("ANNA", "ROSSI", "SMITH", "GARCIA") if update.is_held_out(word)] == ["GARCIA"]
