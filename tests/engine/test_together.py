"""What several pictures of one card say together, and how far that is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from said import Said

from bankcard_ocr.engine import together
from bankcard_ocr.engine.align import AlignedPicture
from bankcard_ocr.engine.regions import Region
from bankcard_ocr.errors import CardsDiffer, NumberUnreadable, Refused
from bankcard_ocr.reading import Candidate, Options
from bankcard_ocr.vision.recognize import Character

NUMBER = "6200000000000005"  # a published test number
OTHER = "4111111111111111"  # another
SPECIMEN = "6200000000000006"  # whose check digit is wrong
NOTHING = np.zeros((4, 2), np.float32)


def candidates(*said: tuple[str, float]) -> tuple[Candidate, ...]:
    return tuple(Candidate(number=number, confidence=confidence) for number, confidence in said)


def region(text: str = "", said: tuple[str, float] | None = None, *, is_cut: bool = False) -> Region:
    """A region whose line shows ``text``, evenly set in fours, and that says ``said`` alone."""
    characters = tuple(
        Character(text=char, probability=0.99, x=40 + 24.0 * at + 16 * (at // 4), y=24, width=14, height=26)
        for at, char in enumerate(text)
    )
    line = Said(characters=characters)
    return Region(views=(line,), quad=NOTHING, candidates=candidates(said) if said else (), score=1.0, is_cut=is_cut)


def unlike(*regions: Region) -> list[AlignedPicture]:
    """Pictures that share nothing by which they could be laid on one another."""
    return [AlignedPicture(pixels=np.zeros((60, 96, 3), np.uint8), region=each, card=None) for each in regions]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ((), NUMBER),
        (((NUMBER, 0.6),), NUMBER),
        (((OTHER, 0.49),), NUMBER),
        (((OTHER, 0.5),), None),
        (((OTHER, 0.99),), None),
    ],
)
def test_a_sure_picture_is_not_told_against_all_of_them(said: tuple[tuple[str, float], ...], number: str | None):
    """What one says surely and all together deny is no number."""
    found = together.settled(region(said=(NUMBER, 0.9)), candidates(*said))

    assert number == next((candidate.number for candidate in found), None)


@pytest.mark.parametrize("confidences", [(0.86, 0.999), (0.999, 0.86)])
def test_the_surest_picture_counts_whichever_comes_first(confidences: tuple[float, float]):
    """Where they cannot be put together, and both are sure of one number."""
    pictures = unlike(*(region(said=(NUMBER, confidence)) for confidence in confidences))

    assert 0.999 == together.read(pictures, None, Options())[0].confidence


def test_pictures_that_surely_say_two_numbers_show_two_cards():
    """Neither is told."""
    with pytest.raises(CardsDiffer):
        together.read(unlike(region(said=(NUMBER, 0.9)), region(said=(OTHER, 0.9))), None, Options())


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        ((), (), None),
        ((), ((NUMBER, 0.9),), NUMBER),
        (((NUMBER, 0.6),), ((NUMBER, 0.9),), NUMBER),
        (((OTHER, 0.49),), ((NUMBER, 0.9),), NUMBER),
        (((OTHER, 0.5),), ((NUMBER, 0.9),), None),
        (((NUMBER, 0.84),), ((OTHER, 0.5),), None),
    ],
)
def test_two_ways_of_putting_together_that_differ_tell_nothing(first, second, number: str | None):
    """Unless one of them is far from sure."""
    found = together.surer(candidates(*first), candidates(*second))

    assert number == next((candidate.number for candidate in found), None)


@pytest.mark.parametrize(
    ("number", "regions", "is_believed"),
    [
        (NUMBER, [region("????????" + NUMBER[8:]), region(NUMBER[:8] + "????????")], True),
        (SPECIMEN, [region("????????" + SPECIMEN[8:]), region(SPECIMEN[:8] + "????????")], False),
        (SPECIMEN, [region(SPECIMEN, (SPECIMEN, 0.8)), region(SPECIMEN, (SPECIMEN, 0.8))], False),
        (NUMBER, [region(NUMBER, (NUMBER, 0.5)), region(NUMBER, (OTHER, 0.6))], False),
        (NUMBER, [region(NUMBER, (NUMBER, 0.7)), region(NUMBER, (OTHER, 0.6))], True),
        (NUMBER, [region("????????" + NUMBER[8:], (SPECIMEN, 0.1)), region(NUMBER[:8] + "????????")], True),
        ("4111111111111", [region("4111111111111")] * 2, False),
        ("6" * 16, [region("6" * 16)] * 2, False),
        ("675900189912310035", [region("675900189912310035")] * 2, False),
    ],
    ids=[
        "proven",
        "pieces",
        "not proven",
        "another",
        "less of another",
        "pieces of another",
        "part",
        "texture",
        "identity card",
    ],
)
def test_what_pictures_say_together_is_doubted_as_what_one_says(number: str, regions: list[Region], is_believed: bool):
    """However surely it was put together: they are misread alike, so that what nothing proves is none."""
    found = together.doubted(candidates((number, 0.999)), regions, prior=True)

    assert (number, is_believed) == (found[0].number, found[0].confidence > 0.85)


@pytest.mark.parametrize(
    ("regions", "is_believed"),
    [
        ([region(SPECIMEN, (SPECIMEN, 0.5)), region("????????" + SPECIMEN[8:])], True),
        ([region(SPECIMEN, (SPECIMEN, 0.5), is_cut=True), region(SPECIMEN)], True),
        ([region(SPECIMEN, (SPECIMEN, 0.5), is_cut=True), region(SPECIMEN, is_cut=True)], False),
        ([region("????????" + SPECIMEN[8:]), region(SPECIMEN[:8] + "????????")], False),
        ([region(SPECIMEN, (SPECIMEN, 0.5)), region(SPECIMEN, (NUMBER, 0.6))], False),
    ],
    ids=["whole", "whole once", "cut off", "pieces", "another"],
)
def test_without_the_prior_one_picture_must_see_it_whole(regions: list[Region], is_believed: bool):
    """Then nothing proves a number but that it is seen."""
    found = together.doubted(candidates((SPECIMEN, 0.999)), regions, prior=False)

    assert (SPECIMEN, is_believed) == (found[0].number, found[0].confidence > 0.85)


@pytest.mark.parametrize("prior", [True, False])
def test_without_the_prior_any_number_that_is_seen_whole_is_believed(prior: bool):
    """As of one picture: then only what is seen counts."""
    regions = [region("4111111111111", ("4111111111111", 0.5))] * 2
    found = together.doubted(candidates(("4111111111111", 0.999)), regions, prior=prior)

    assert (found[0].confidence > 0.85) is not prior


class Aligned:
    """Pictures laid on one another that say what a test wants them to."""

    def __init__(self, anew: tuple[Candidate, ...] = ()) -> None:
        self.anew = anew

    def observations(self) -> list[object]:
        return [self]

    def read(self, _recognizer: object) -> tuple[Candidate, ...]:
        return self.anew


@pytest.fixture
def laid(monkeypatch):
    """Says what pictures say together: as they were read, read anew, and whether one contradicts, closely, too."""

    def says(*said, anew=(), contradicted=(False,), close=True) -> list[bool]:
        ways: list[bool] = []
        told = iter(contradicted)
        monkeypatch.setattr(together.fuse, "fused", lambda *_, **__: candidates(*said))
        monkeypatch.setattr(together.fuse, "contradicted", lambda *_: next(told))

        def align(_pictures: object, *, closely: bool) -> Aligned | None:
            ways.append(closely)
            return Aligned(candidates(*anew)) if close or len(ways) == 1 else None

        monkeypatch.setattr(together.align, "align", align)
        return ways

    return says


def outcome(regions: Sequence[Region], options: Options = Options()) -> str:
    """The number that pictures of ``regions`` tell, or why they tell none."""
    try:
        return together.read(unlike(*regions), None, options)[0].number
    except Refused as refused:
        return type(refused).__name__


PIECES = region("????????" + NUMBER[8:]), region(NUMBER[:8] + "????????")
SURE = region(NUMBER, (NUMBER, 0.9)), region()


def test_what_nothing_proves_is_refused_however_surely_it_was_put_together(laid):
    """The digits in doubt are told with it."""
    laid((SPECIMEN, 0.999))
    with pytest.raises(NumberUnreadable) as refused:
        together.read(unlike(*PIECES), None, Options())

    assert (True, True) == (refused.value.digits != (), refused.value.confidence < 0.5)


def test_a_sure_picture_that_all_of_them_deny_is_no_number(laid):
    """Another number is none."""
    laid((OTHER, 0.6))

    assert "NumberUnreadable" == outcome(SURE)


@pytest.mark.parametrize(("together_", "expected"), [(0.99, 0.99), (0.88, 0.9)])
def test_what_a_sure_picture_and_all_of_them_say_is_as_sure_as_the_surer(laid, together_: float, expected: float):
    """More pictures make it no less sure."""
    laid((NUMBER, together_))

    assert expected == together.read(unlike(*SURE), None, Options())[0].confidence


@pytest.mark.parametrize(("prior", "told"), [(True, NUMBER), (False, "NumberUnreadable")])
def test_pictures_that_are_not_sure_are_read_anew_where_they_lie_on_one_another(laid, prior: bool, told: str):
    """But not where only what each shows counts."""
    ways = laid((NUMBER, 0.5), anew=((NUMBER, 0.99),))
    found = outcome([region(NUMBER, (NUMBER, 0.5))] * 2, Options(prior=prior))

    assert (told, [prior]) == (found, ways)


@pytest.mark.parametrize(
    ("regions", "contradicted", "close", "told"),
    [
        (SURE, (False,), True, NUMBER),
        (SURE, (True, False), True, NUMBER),  # another line of the card, as a closer look shows
        (SURE, (True, True), True, "CardsDiffer"),
        (SURE, (True,), False, "CardsDiffer"),  # which cannot be had
        (PIECES, (True, False), True, "CardsDiffer"),  # looked at closely already
    ],
)
def test_a_picture_that_clearly_shows_another_number_shows_another_card(laid, regions, contradicted, close, told):
    """Unless it shows another line of this one."""
    laid((NUMBER, 0.99), contradicted=contradicted, close=close)

    assert told == outcome(regions)


@pytest.mark.parametrize(
    ("number", "prior"),
    [
        ("675900000000", True),  # proven by its check digit alone, as it is short
        ("9100000009460529", False),  # a published test number upside down
    ],
)
def test_what_is_doubted_of_one_picture_is_of_several(number: str, prior: bool):
    """However alike they are."""
    found = together.doubted(candidates((number, 0.93)), [region(number)] * 2, prior=prior)

    assert (number, True) == (found[0].number, found[0].confidence < 0.85)
