"""Which number the evidence says, and how surely."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from said import Said

from bankcard_ocr.engine import issued, judge
from bankcard_ocr.numbers import iin, luhn
from bankcard_ocr.reading import Candidate
from bankcard_ocr.vision.recognize import Character, Line

RIGHT, BROKEN = "4111111111111111", "4111111111111112"
numbers = st.text("0123456789", min_size=12, max_size=19)


def view(*texts: tuple[str, float]) -> Line:
    return Said(said=texts)


def told(*views: Line, prior: bool = True) -> list[tuple[str, float]]:
    return [(one.number, one.confidence) for one in judge.ranked(views, prior=prior)]


@given(st.lists(st.lists(st.tuples(numbers, st.floats(1e-6, 1)), min_size=1, max_size=5), min_size=1, max_size=3))
def test_candidates_are_ranked_and_sum_to_at_most_one(texts):
    """The most probable first; what is not readable has the rest."""
    found = judge.ranked([view(*some) for some in texts])
    confidences = [one.confidence for one in found]

    assert sorted(confidences, reverse=True) == confidences
    assert sum(confidences) <= 1 + 1e-9


def test_of_two_alike_the_one_whose_check_digit_holds_is_likelier():
    """The check digit weighs, and does not decide: both stay candidates."""
    found = told(view((BROKEN, 0.5), (RIGHT, 0.5)))

    assert ([RIGHT, BROKEN], True) == ([number for number, _ in found], luhn.is_valid(RIGHT))
    assert found[1][1] > 0


def test_clear_evidence_outweighs_the_check_digit():
    """A specimen that breaks it is read as printed when it is seen clearly."""
    assert BROKEN == told(view((BROKEN, 0.999), (RIGHT, 0.0005)))[0][0]


@pytest.mark.parametrize(
    ("nats", "believed"), [(judge.FAR_FETCHED_NATS - 0.01, True), (judge.FAR_FETCHED_NATS + 0.01, False)]
)
def test_what_numbers_are_like_decides_only_among_what_may_be_seen(nats, believed):
    """A number as issuers give them out is not read into a line that looks much more like something else."""
    (first, confidence), *_ = told(view((RIGHT + "7", 0.9), (RIGHT, 0.9 * math.exp(-nats))))

    assert (first, confidence > 0.5) == (RIGHT, believed)


@pytest.mark.parametrize(("right", "broken"), [(RIGHT, BROKEN), ("5105105105105100", "5105105105105102")])
def test_without_the_prior_only_what_is_seen_counts(right: str, broken: str):
    """Whether the check digit holds makes no difference to order and shares, nor whether digits count on."""
    one, other = (
        told(view((first, 0.6), (last, 0.3)), prior=False) for first, last in ((broken, right), (right, broken))
    )

    assert ([broken, right], [right, broken]) == ([number for number, _ in one], [number for number, _ in other])
    assert [share for _, share in one] == pytest.approx([share for _, share in other])


def test_what_one_of_two_views_does_not_list_is_a_tenth_of_its_least():
    """Two views are alike, so that they count as the square root of two."""
    (_, first), (_, second) = told(view((RIGHT, 0.5), (BROKEN, 0.5)), view((RIGHT, 0.5)), prior=False)

    assert second / first == pytest.approx(0.1**0.5**0.5)


def test_what_two_views_do_not_list_counts_as_the_square_root_of_two():
    """Each leaves a tenth to texts that it does not list."""
    ((_, share),) = told(view((RIGHT, 0.9)), view((RIGHT, 0.9)), prior=False)

    assert share / (1 - share) == pytest.approx(9**2**0.5 / math.exp(judge.UNLISTED))


def test_the_check_digit_does_not_choose_what_stands_under_a_cover():
    """A hidden digit is as likely as the one with which it holds."""
    assert told(view(("411111111111111?", 0.5), (RIGHT, 0.5)))[0][1] == pytest.approx(0.5)


def test_views_that_agree_make_sure():
    """Two views that say one number leave less to the other than one view that is in doubt."""
    alone = told(view((RIGHT, 0.6), (BROKEN, 0.4)), prior=False)
    both = told(view((RIGHT, 0.6), (BROKEN, 0.4)), view((RIGHT, 0.9), (BROKEN, 0.1)), prior=False)

    assert both[0][1] > alone[0][1]


@pytest.mark.parametrize("text", ["41111111111", "41111111111111111111", "411111111111111?", "12/30", ""])
def test_what_is_no_number_is_no_candidate(text: str):
    """Eleven digits, twenty, a hidden one, a date and nothing: their share is lost, not given to another."""
    ((number, share),) = told(view((text, 0.7), (RIGHT, 0.3)), prior=False)

    assert (RIGHT, True) == (number, 0 < share < 0.45)


def test_no_views_no_candidates():
    """Without evidence there is no number."""
    assert () == judge.ranked([])


def test_a_lost_digit_is_unlikelier_than_a_whole_number():
    """Of two texts seen alike, the one whose length cards have is likelier than one a digit short."""
    found = told(view((RIGHT[:-1], 0.5), (RIGHT, 0.5)))

    assert [RIGHT, RIGHT[:-1]] == [number for number, _ in found]


@pytest.mark.parametrize(("digits", "believed"), [(14, False), (15, True), (16, True)])
def test_fewer_digits_than_the_issuer_prints_are_a_part_of_a_number(digits: int, believed):
    """However clear they are: the others may be covered. More than it prints are read as they stand, on specimens."""
    text = "3712345678901234"[:digits]

    assert (issued.is_part(text), told(view((text, 0.999)))[0][1] > 0.5) == (not believed, believed)
    assert told(view((text, 0.999)), prior=False)[0][1] > 0.5


@pytest.mark.parametrize(
    ("text", "believed"), [("0000000000000000", False), ("5555555555555555", False), ("5555555555554444", True)]
)
def test_one_digit_over_and_over_is_a_texture(text: str, believed: bool):
    """However clearly it is seen; who switches the prior off may read specimens that say so."""
    assert (told(view((text, 0.999)))[0][1] > 0.5) == believed
    assert told(view((text, 0.999)), prior=False)[0][1] > 0.5


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("5105105105105100", True),
        ("5185185185185188", False),  # all of its zeros have a slash
        ("3566882828368585", False),
        ("5185105105105100", True),  # one 0 has none, and so have all
        ("5105105105105102", True),  # breaks the check digit, and has no 8
        ("5185105105105104", True),  # has an 8, with which it does not hold either way
        ("6228888888888888", True),  # counts on, as designers do
    ],
)
def test_slashed_zeros_are_no_eights(text: str, believed: bool):
    """However surely the net says so: the check digit tells."""
    assert believed == (told(view((text, 0.999)))[0][1] > 0.5)
    assert told(view((text, 0.999)), prior=False)[0][1] > 0.5


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("6202020202020202028", True),
        ("6202020202020202023", False),
        ("6200000000000000012", True),  # counts on, as designers do
        ("5105105105105102", True),  # specimens are shorter
    ],
)
def test_nineteen_digits_pass_the_check(text: str, believed: bool):
    """However clear they are: those of real cards do, and no designer makes up as many."""
    assert believed == (told(view((text, 0.999)))[0][1] > 0.5)
    assert told(view((text, 0.999)), prior=False)[0][1] > 0.5


@pytest.mark.parametrize(("width", "believed"), [(9.0, False), (13.0, True)])
def test_a_seven_as_narrow_as_a_one_is_none(width: float, believed: bool):
    """Where the check digit tells."""
    line = spaced("5105105105705100", gaps={})
    characters = tuple(replace(char, width=width) if char.text == "7" else char for char in line.characters)

    assert believed == (judge.ranked([replace(line, characters=characters)])[0].confidence > 0.5)


@given(st.text("145789", min_size=11, max_size=15))
def test_eights_are_zeros_where_some_choice_of_them_proves_a_number(rest: str):
    """Whichever of them it takes."""
    digits = f"4{rest}"
    assume(not luhn.is_valid(digits) and not issued.counts_on(digits))
    choices = itertools.product(*("80" if digit == "8" else digit for digit in digits))

    assert any(issued.is_proven("".join(each)) for each in choices) == judge.may_be_misread(digits)


def test_few_numbers_are_looked_up_to_tell_slashed_zeros(monkeypatch):
    """One for each beginning, though thousands could be made of many eights and narrow sevens."""
    tried: list[str] = []
    monkeypatch.setattr(issued, "is_proven", tried.append)
    line = spaced("8787878787878787", gaps={})
    wide = [replace(char, width=9.0 if char.text == "7" else 14.0) for char in line.characters]

    assert not judge.may_be_misread("8787878787878787", [replace(line, characters=tuple(wide))])
    assert 0 < len(tried) <= 2 ** iin.default().longest


@pytest.mark.parametrize(
    ("text", "times"),
    [("5105105105105102", 5), ("5105105105105100", 1), ("4111111111111112", 1), ("4234567890123456", 1)],
)
def test_a_broken_check_digit_is_usual_only_where_digits_count_on(monkeypatch, text: str, times: float):
    """As designers' do; one in twenty of the others breaks it, not one in four, so that the odds are a fifth."""
    doubted = told(view((text, 0.9)))[0][1]
    monkeypatch.setattr(judge, "LUHN_UNUSUAL", 0.0)
    as_usual = told(view((text, 0.9)))[0][1]

    assert as_usual / (1 - as_usual) == pytest.approx(times * doubted / (1 - doubted))


def test_numbers_begin_as_issued_ones_do():
    """Of two texts seen alike, one with a beginning that nobody issues is the unlikelier."""
    strange = "0000000000000018"  # its check digit holds

    assert [RIGHT, strange] == [number for number, _ in told(view((strange, 0.5), (RIGHT, 0.5)))]


@given(st.floats(0, 1), st.floats(0, 5))
def test_doubt_lowers_the_odds(confidence: float, nats: float):
    """Doubt of n nats divides the odds by e**n, and certainty stays certain."""
    (less,) = judge.doubted((Candidate(number=RIGHT, confidence=confidence),), nats)
    odds = confidence * np.exp(-nats)

    assert less.confidence == pytest.approx(odds / (odds + 1 - confidence))
    assert less.confidence <= confidence + 1e-12


def spaced(text: str, *, gaps: dict[int, float]) -> Line:
    """A line that surely says ``text``, 20 pixels a character, times ``gaps`` after so many."""
    steps = [20.0 * gaps.get(i, 1.0) for i in range(1, len(text))]
    places = [sum(steps[:i]) for i in range(len(text))]
    characters = tuple(
        Character(text=char, probability=1.0, x=x, y=24.0, width=14.0, height=28.0)
        for char, x in zip(text, places, strict=True)
    )
    return Said(said=((text, 0.99),), characters=characters)


@pytest.mark.parametrize(
    ("gaps", "believed"),
    [
        ({4: 1.8, 8: 1.8, 12: 1.8}, True),  # as most cards print it
        ({}, True),  # unspaced
        ({8: 1.8}, True),  # the other spaces are narrow
        ({4: 1.8, 8: 1.8, 9: 2.0, 12: 1.8}, False),  # a digit was covered
        ({5: 2.0}, False),
        ({5: 1.5}, False),  # no wide gap, but the others stand as if there were one digit more
        ({4: 1.5}, True),
    ],
)
def test_a_gap_where_no_card_has_one_is_a_digit_not_seen(gaps, believed):
    """However surely the others are seen, that number is not the card's."""
    (candidate,) = judge.ranked([spaced("6200000000000005", gaps=gaps)])

    assert believed == (candidate.confidence > 0.5)


@pytest.mark.parametrize(
    ("gaps", "believed"),
    [
        ({5: 2.0}, False),  # a gap that no card has is none that a looser look overlooks
        ({5: 1.5}, True),  # stands as if it lacked one, where all looks would have to
    ],
)
def test_two_looks_see_whether_a_digit_was_not_seen(gaps: dict[int, float], believed: bool):
    """The other one stands evenly."""
    (candidate,) = judge.ranked([spaced("6200000000000005", gaps=each) for each in ({}, gaps)])

    assert believed == (candidate.confidence > 0.5)


GROUPS = {4: 1.8, 8: 1.8, 12: 1.8}


@pytest.mark.parametrize(
    ("text", "gaps", "believed"),
    [
        ("4111111111111111123", {**GROUPS, 16: 2.6}, False),  # a security code behind it
        ("4111111111111111123", {**GROUPS, 16: 1.8}, False),  # as near as a group: 19 digits of Visa pass the check
        ("5555555555554444123", {16: 2.6}, False),
        ("6200000000000005003", {**GROUPS, 16: 2.6}, False),
        ("6200000000000005003", {**GROUPS, 16: 1.8}, False),  # as likely a security code as a specimen's
        ("6200000000000005003", {6: 1.8}, True),
        ("6200000000000005009", {**GROUPS, 16: 2.6}, False),  # both pass the check
        ("6200000000000005009", {**GROUPS, 16: 1.9}, True),
        ("6200000000000001003", {**GROUPS, 16: 2.6}, True),  # the first sixteen are no number
        ("41111111111111112", {**GROUPS, 16: 1.8}, False),
        ("22230031220032222", {**GROUPS, 16: 1.8}, False),  # no bank is known, so that it may be a rest of nineteen
        ("35301113333000001", {**GROUPS, 16: 1.8}, False),  # nor whose seventeen digits begin so
        ("1234567812345680", GROUPS, True),  # a designer's, of which fifteen could be an airline's
        ("411111111111111123", {**GROUPS, 16: 1.8}, False),
        ("3782822463100051234", {4: 1.8, 10: 1.8, 15: 1.8}, False),
    ],
)
def test_digits_behind_a_whole_number_are_none_of_its(text: str, gaps: dict[int, float], believed: bool):
    """A security code on the same line makes nineteen digits of sixteen, or of fifteen."""
    assert believed == (judge.ranked([spaced(text, gaps=gaps)])[0].confidence > 0.5)


@pytest.mark.parametrize(
    ("text", "gaps", "believed"),
    [
        ("62000000000005", {}, False),  # 14 digits, what is left of 16 or 19
        ("36700102000000", {}, True),  # 14 digits as Diners has them, the check digit holds
        ("4222222222222", {4: 1.8, 7: 1.8, 10: 1.8}, True),  # 13 digits as Visa set them
        ("4222222222222", {}, False),  # what is left of sixteen of Visa's passes the check as often
        ("4222222222222", {4: 1.8, 8: 1.8}, False),
        ("4222222222222", {4: 1.5, 8: 1.5, 12: 1.5}, False),
        ("501800000009", {4: 1.8, 8: 1.8}, False),  # 12 digits of Maestro's: four of sixteen are covered
        ("378282246310005", {}, True),
        ("378282246310005", {4: 1.5, 10: 1.5}, True),  # as American Express sets them
        ("378282246310005", {4: 1.35, 8: 1.35, 12: 1.35}, False),  # as the last fifteen of nineteen stand
        ("378282246310005", {3: 1.35, 7: 1.35, 11: 1.35}, False),  # and of sixteen
        ("36700102000001", {}, False),
        ("675900000000000010", {}, False),  # 18 digits as Maestro may have, whose check digit does not hold
        ("35301113333000002", {**GROUPS, 16: 1.8}, False),  # a JCB number and one digit more: the sum of 17 fails
        ("378282246310006", {}, True),  # 15 digits whose check digit does not hold
        ("6200000000000001", {6: 1.8}, False),  # 16 digits set as 19 are, of which the last are covered
        ("6200000000000005", {6: 1.8}, True),
        ("6200000000000001", {4: 1.8, 8: 1.8, 12: 1.8}, True),
    ],
)
def test_what_may_be_left_of_a_longer_number_must_be_proven(text: str, gaps: dict, believed: bool):
    """By its check digit and a length that its issuer uses; a specimen of the usual lengths and spaces need not be."""
    line = spaced(text, gaps=gaps)

    assert believed == (judge.ranked([line])[0].confidence > 0.5)
    assert judge.ranked([line], prior=False)[0].confidence > 0.5


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("110105194912310029", False),  # born on the last day of 1949
        ("11010519491231002", False),  # its X was not seen
        ("675900194913310034", True),  # no month; 18 digits as Maestro cards may have
        ("675900221012310035", True),  # nobody was born then
        ("620010194912310029", False),
        ("67590018991231009", False),
        ("67590020080229001", False),
        ("675900194912310035", False),  # Maestro's prefix; one in ten passes the check digit, as those of Gansu do
    ],
)
def test_a_number_of_an_identity_card_is_none(text: str, believed: bool):
    """A date of birth stands in it."""
    assert believed == (told(view((text, 0.999)))[0][1] > 0.5)


@pytest.mark.parametrize(
    ("gaps", "believed"), [({}, False), ({4: 1.7}, False), ({4: 1.8, 8: 1.8, 12: 1.8, 16: 1.8}, True)]
)
def test_what_follows_the_62_of_nineteen_is_not_proven(gaps: dict[int, float], believed: bool):
    """Six and two add ten to the sum, so that the check digit holds without them; set 4-4-4-4-1 it is a card's own."""
    number = "22000000000000004"
    line = spaced(number, gaps=gaps)

    assert (True, False, believed) == (
        luhn.is_valid(number),
        issued.is_proven(number),
        judge.ranked([line])[0].confidence > 0.5,
    )


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("8986001234567890123", False),  # a SIM card's
        ("8986001234567890124", False),
        ("352099001761481", False),  # an IMEI, which always passes the check digit
        ("490154203237518", False),
        ("378282246310005", True),
        ("7110123456712345", True),  # counts on, as designers do
        ("7110917582036641", False),  # gift cards, orders, invoices
        ("7110917582036643", True),  # passes the check digit
        ("4111111111111112", True),  # an issuer's, though the check digit fails: specimens
        ("6062820000000001", True),  # Hipercard, whose numbers need not pass: an issuer is known
        ("6018282227431033", True),  # networks whose numbers have no check digit: published test numbers
        ("6019330047539016", True),
        ("37282246310005019", False),  # longer than its issuer's
        ("6228480000000001", False),  # shorter than its issuer's, all of whose numbers have 19
        ("622200123456789019", False),  # of a length that UnionPay seldom has: what is left of 19
        ("0123456789012345", True),
    ],
)
def test_numbers_that_are_no_card_s_are_not_told(text: str, believed: bool):
    """However clear they are; who switches the prior off reads what stands there."""
    assert believed == (told(view((text, 1.0)))[0][1] > 0.5)
    assert told(view((text, 1.0)), prior=False)[0][1] > 0.5


@pytest.mark.parametrize("number", ["60142800000000006", "40551200000000005"])
def test_seventeen_digits_of_an_issuer_are_its_own(number: str):
    """No UnionPay number is known that is 62 and then these: set without gaps they are told all the same."""
    assert (True, True) == (luhn.is_valid(number), issued.is_proven(number))
    assert judge.ranked([spaced(number, gaps={})])[0].confidence > 0.5


def test_what_is_not_to_be_told_is_not_for_being_clear():
    """On a screen the net is surer than any penalty in nats."""
    clear = (Candidate(number=RIGHT, confidence=1.0), Candidate(number="4111111111111111", confidence=0.2))

    assert (judge.MOST_REFUSED, True) == (judge.refused(clear)[0].confidence, judge.refused(clear)[1].confidence < 1e-5)


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("6200444440000005", False),
        ("6200444440000003", True),  # proven
        ("6200444444000009", False),  # with six of them it is a mask all the same
        ("6200444400000001", True),
    ],
)
def test_what_asterisks_look_like_is_no_number(text: str, believed: bool):
    """Five times 4 in a row, as the net reads the middle of a masked number."""
    assert believed == (told(view((text, 0.99)))[0][1] > 0.5)


def test_a_number_that_begins_as_issuers_do_only_upside_down_is_doubted():
    """Read from the wrong side, 6222... ends in ...2229; one that is no number upside down is doubted less."""
    turned, unknown = (told(view((text, 0.98))) for text in ("8888888888882229", "8888888888883774"))

    assert 1 - turned[0][1] > 10 * (1 - unknown[0][1])
    assert told(view(("8888888888882229", 0.98)), prior=False)[0][1] > 0.9


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ([], None),
        ([()], None),
        ([(("1", 0.3),)], "1"),
        ([(("1", 0.74), ("2", 0.2)), (("2", 0.52), ("1", 0.3))], "1"),
        ([(("1", 0.6), ("3", 0.1)), (), (("2", 0.6), ("3", 0.1))], "3"),
        ([(("1", 0.9),), (("2", 0.5),)], "1"),
    ],
)
def test_the_likeliest_number_of_several_pictures(said, number):
    """By what each says alone: one that all list is likelier than one that is overlooked somewhere."""
    listed = [tuple(Candidate(number=text, confidence=chance) for text, chance in one) for one in said]

    assert number == judge.likeliest(listed)
