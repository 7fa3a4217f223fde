"""Several looks at one number, put together digit by digit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bankcard_ocr.engine import fuse
from bankcard_ocr.numbers import luhn

NUMBER = "6228480000000000" + luhn.check_digit("6228480000000000")  # 17 digits, a length the bank does not use
RIGHT = "4111111111111111"
VISA = "4012888888881881"
SPECIMEN = VISA[:-1] + "2"  # whose check digit is wrong
FACE = np.random.default_rng(1).uniform(0, 255, (64, 96, 3)).astype(np.float32)
OTHER_FACE = np.random.default_rng(2).uniform(0, 255, (64, 96, 3)).astype(np.float32)


def look(
    text: str,
    sure: float = 0.998,
    *,
    start: int | None = None,
    face: np.ndarray | None = FACE,
    registered: bool = False,
) -> fuse.Observation:
    """A look that shows ``text``, ``?`` for hidden ones; ``start`` is the place of its first digit on the card."""
    chances = np.full((len(text), 11), (1 - sure) / 10, np.float32)
    for place, char in enumerate(text):
        chances[place, 10 if char == "?" else int(char)] = sure
    if start is None:
        return fuse.Observation(chances=chances)
    along = (0.1 + 0.045 * (start + np.arange(len(text)))).astype(np.float32)
    return fuse.Observation(chances=chances, along=along, across=0.58, face=face, is_registered=registered)


def told(*looks: fuse.Observation, prior: bool = True) -> tuple[str, float]:
    found = fuse.fused(looks, prior=prior)
    return (found[0].number, found[0].confidence) if found else ("", 0.0)


@pytest.mark.parametrize(
    ("text", "places", "cost"),
    [
        ("4111????1111", [0, 1, 2, 3, 8, 9, 10, 11], 1.5 + 4 * 0.1),
        ("4111????1111", [4, 5, 6, 7, 12, 13, 14, 15], 1.5 + 4 * 0.1),
        ("4111????1111", [0, 1, 2, 3, 9, 10, 11, 12], 1.5 + 3 * 0.1 + 0.3),
        ("????1111", [4, 5, 6, 7], 1.5 + 8 * 0.1),
        ("????111111111111", list(range(4, 16)), 0.0),
        ("111111111111????", list(range(12)), 0.0),
        ("1111111111111111", list(range(16)), 0.0),
    ],
)
def test_what_ways_to_lay_a_look_cost(text, places, cost):
    """Ends that are cut off, and stretches that are longer or shorter than they seem, cost; what fits costs nothing."""
    found = {tuple(at): price for at, price in fuse._placements(look(text), 16)}

    assert cost == pytest.approx(found[tuple(places)])


def test_many_looks_are_no_more_witnesses_than_their_root():
    """Four that show all digits count as two; pieces that do not overlap count in full."""
    four, two, halves = [look(VISA)] * 4, [look(VISA)] * 2, [look("????????" + VISA[8:]), look(VISA[:8] + "????????")]

    looks = four, two, halves, [look(VISA)]

    assert [2.0, 2**0.5, 2**0.5, 2**0.5] == pytest.approx([fuse._temperature(some) for some in looks])


def test_two_halves_make_one_number():
    """The left half hidden in one, the right half in the other, each counted not quite right."""
    number, confidence = told(look("??????" + VISA[8:], start=2), look(VISA[:8] + "?????????", start=0))

    assert (VISA, True) == (number, confidence > 0.9)


def test_halves_cut_off_make_one_number():
    """What is covered need not be seen at all when digits stand where they should on the card."""
    number, confidence = told(look(VISA[8:], start=8), look(VISA[:8], start=0))

    assert (VISA, True) == (number, confidence > 0.9)


def test_halves_whose_check_digit_fails_make_no_number():
    """They may be of two cards."""
    wrong = VISA[8:-1] + "2"

    assert told(look(wrong, start=8), look(VISA[:8], start=0))[1] < 0.5


def test_halves_of_unlike_cards_make_no_number():
    """Two cards that do not look alike are not one, whatever their digits."""
    assert told(look(VISA[8:], start=8, face=OTHER_FACE), look(VISA[:8], start=0))[1] < 0.5


def test_halves_without_a_card_around_them_make_no_number():
    """Nothing says that they belong together."""
    assert told(look("????????" + VISA[8:]), look(VISA[:8] + "????????"))[1] < 0.5


@pytest.mark.parametrize("registered", [True, False])
def test_halves_laid_on_one_another_by_their_features_make_one_number(registered: bool):
    """Then no face is needed, and both must lie so."""
    left, right = look(VISA[:8], start=0, face=None, registered=True), look(VISA[8:], start=8, face=None)
    right = replace(right, is_registered=registered)

    assert registered == (told(left, right)[1] > 0.9)


def test_halves_far_apart_make_no_number():
    """Between them digits may stand that nobody saw."""
    assert told(look(VISA[8:], start=11), look(VISA[:8], start=0))[1] < 0.5


def test_halves_that_do_not_stand_evenly_make_no_number():
    """As one card prints them: the fourth digit of one is nearer to the fifth than to the third."""
    left, right = look(VISA[:8], start=0), look(VISA[8:], start=8)
    right.along[3] += 0.4 * 0.045

    assert ("", 0.0) == told(left, right)


def test_halves_on_two_lines_make_no_number():
    """Of one card, as a number and a telephone number."""
    left, right = look(VISA[:8], start=0), look(VISA[8:], start=8)

    assert told(left, replace(right, across=right.across + 0.1))[1] < 0.5


def test_a_piece_must_be_of_one_card_with_all_others():
    """Not with one of them alone."""
    pieces = [
        look(VISA[:5], start=0),
        look(VISA[5:11], start=5, registered=True),
        look(VISA[11:], start=11, face=None, registered=True),
    ]

    assert told(*pieces)[1] < 0.5


def test_what_hangs_together_by_proof_alone_does_so_whatever_is_added():
    """A third picture that shows one of the halves again says nothing of the other."""
    left, right = look(SPECIMEN[:8], start=0), look(SPECIMEN[8:], start=8)

    assert told(left, right, right)[1] < 0.5


@pytest.mark.parametrize("seen", [look(VISA, 0.6), look(VISA[1:], start=1), look("?" + VISA[1:], start=0)])
def test_one_look_in_doubt_makes_no_number(seen: fuse.Observation):
    """What it leaves open is not made up by how numbers are."""
    assert told(seen)[1] < 0.5


def test_pieces_that_share_digits_hang_together():
    """Four digits that both see make them one, where both cards look alike."""
    number, confidence = told(look("????" + SPECIMEN[4:], start=0), look(SPECIMEN[:8] + "????????", start=0))

    assert (SPECIMEN, True) == (number, confidence > 0.9)


@pytest.mark.parametrize(("last", "believed"), [(8, True), (7, False)])
def test_three_digits_shared_are_too_few(last: int, believed: bool):
    """Laid on one another in every way, so many agree by chance in one of some fifty pairs of two cards."""
    pieces = look("????" + SPECIMEN[4:], start=0), look(SPECIMEN[:last] + "?" * (16 - last), start=0)

    assert believed == (told(*pieces)[1] > 0.5)


@pytest.mark.parametrize(("last", "believed"), [(13, True), (12, False)])
def test_nine_digits_shared_suffice_whatever_the_cards_look_like(last: int, believed: bool):
    """Two pictures of which none shows a card's edge."""
    pieces = look("????" + VISA[4:]), look(VISA[:last] + "?" * (16 - last))

    assert believed == (told(*pieces)[1] > 0.5)


def test_shared_digits_that_differ_do_not_hang_together():
    """However many they are: half of them agree."""
    other = "".join(str((int(digit) + 3 * (place % 2)) % 10) for place, digit in enumerate(VISA[:10]))

    assert told(look("??????" + VISA[6:]), look(other + "??????"))[1] < 0.5


def test_a_sign_in_the_gap_between_groups_may_be_no_digit():
    """What seems hidden there is one that is none, when the other picture shows the digits on both sides of it."""
    pieces = [look(VISA[:6] + "?" + VISA[6:11] + "?????"), look("????" + VISA[4:])]
    number, confidence = told(*(replace(piece, face=FACE) for piece in pieces))

    assert (VISA, True) == (number, confidence > 0.85)


def test_an_unsure_digit_is_settled_by_another_picture():
    """Two pictures are surer than either."""
    unsure = look(VISA)
    unsure.chances[7] = [0.0] * 8 + [0.5, 0.49, 0.01]
    alone, both = told(unsure)[1], told(unsure, look(VISA))

    assert (VISA, True) == (both[0], both[1] > alone)


def test_a_picture_of_nothing_does_no_harm():
    """What does not fit is left out."""
    number, confidence = told(look(VISA), look("73", 0.5))

    assert (VISA, True) == (number, confidence > 0.9)


def test_without_looks_there_is_no_number():
    """No evidence, no candidates."""
    assert ((), ()) == (fuse.fused([]), fuse.fused([look("????")]))


def test_without_the_prior_halves_are_not_put_together():
    """The check digit is what they hang together by."""
    assert ("", 0.0) == told(look(VISA[8:], start=8), look(VISA[:8], start=0), prior=False)


@pytest.mark.parametrize(
    ("text", "sure", "expected"),
    [
        (RIGHT, 0.999, True),
        (RIGHT, 0.9, False),
        (VISA, 0.999, False),
        (VISA[:7] + VISA[8:], 0.999, False),
        (VISA[:-1] + "2", 0.999, False),
        (VISA[:-2] + "92", 0.999, True),
        ("????" + VISA[4:], 0.999, False),
        ("1234", 0.999, False),
        ("5105105", 0.999, True),
    ],
)
def test_clear_looks_contradict_another_number(text: str, sure: float, expected: bool):
    """Two digits that are not the number's; a lost one, a wrong one, hidden ones or a few digits do not."""
    assert expected is fuse.contradicts(look(text, sure), VISA)


def test_a_gap_that_a_digit_left_is_a_hidden_character():
    """A look whose digits stand as if one more had been there is laid with a hole."""
    whole = look("411111", start=0)
    holed = whole.lacking(2)
    steps = (holed.along - holed.along[0]) / 0.045

    assert ([True, True, False, True, True, True, True], [0, 1, 1.5, 2, 3, 4, 5]) == (
        holed.seen.tolist(),
        steps.round(3).tolist(),
    )
    assert whole is whole.lacking(None)


@pytest.mark.parametrize(
    ("across", "face", "expected"),
    [
        (0.58 + fuse.OFF_LINE + 0.01, FACE, False),  # another line of the same card
        (0.58 + fuse.OFF_LINE - 0.01, FACE, True),  # the same line
        (0.8, OTHER_FACE, True),  # another card
        (0.8, None, True),  # who knows
    ],
)
def test_another_line_of_the_same_card_contradicts_nothing(across: float, face: np.ndarray | None, expected: bool):
    """Where the number is covered, what is read may be a date or a telephone number, however clearly."""
    other = replace(look(RIGHT, 0.999, start=0, face=face), across=across)

    assert expected is fuse.contradicted([look(VISA, start=0), other], VISA)
    assert not fuse.contradicted([look(VISA, start=0)], VISA)
    assert fuse.contradicted([other], VISA)  # with nobody who shows the number


def test_nothing_of_a_number_is_in_a_repr():
    """The chances of its digits neither."""
    assert "0.998" not in repr(look(VISA))
