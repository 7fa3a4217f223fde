"""What numbers that issuers give out are like, by their digits alone: proven, a part of one, another kind of number.

Check digit and length are the issuer's (``numbers.iin``); the shares are those of real cards and specimens.
"""

from __future__ import annotations

import itertools
import math
from datetime import date

from ..numbers import iin, luhn, pan

LUHN_HOLDS = math.log(0.75 / 0.1)  # how much likelier a number on a card is to pass than one with a wrong digit
LUHN_BROKEN = math.log(0.25 / 0.9)
LENGTH_USED = math.log(0.9 / 0.4)
LENGTH_UNUSED = -3.5
UNKNOWN = -2.5  # nobody issues cards that begin so
UPSIDE_DOWN = -4.0  # hardly anybody does, and the same line turned round begins as they do
FOURTEEN = 14  # digits of Diners Club's; of fewer hardly any card is left
SHORT = 15  # digits; cards with fewer are all but extinct, and what is left of one that was cut off is not
SIXTEEN = 16  # digits of most numbers
SEVENTEEN = 17  # digits behind the 62 of 19
COUNTED_ON = 8  # steps from a digit to the same or the next one in what a designer made up: 1234 5678, 1111 2222
STAR, FEW_STARS, MANY_STARS = "4", 5, 6  # what the net makes of asterisks; masks have six and more of them in a row
ONE_WAY = 4  # digits 3, 4, 7, which are none upside down: a line that shows so many is not
_UPSIDE = str.maketrans("69", "96")
# Lengths of cards in use, as logarithms: 12 and 13 are all but extinct, and lost digits are not.
USUAL = {16: 0.0, 19: 0.0, 15: -0.5, 17: -3.0, 18: -3.0, 14: -4.0, 13: -5.0}
RARE = -7.0


def is_proven(digits: str) -> bool:
    """Whether the check digit holds and the issuer uses numbers as long, so that it is no part of a longer one."""
    return luhn.is_valid(digits) and len(digits) in iin.lengths(digits) and not is_rest_of_nineteen(digits)


def is_surely_whole(digits: str) -> bool:
    """Whether it is proven and begins no number of 19 digits, as UnionPay's may."""
    return is_proven(digits) and not (digits.startswith("62") and pan.LONGEST in iin.lengths(digits))


def may_lack_a_group(digits: str) -> bool:
    """Whether it may be the first digits of a UnionPay number of 19, as one in ten of their sixteen are proven, too."""
    return digits.startswith("62") and len(digits) < pan.LONGEST and pan.LONGEST in iin.lengths(digits)


def is_part(digits: str) -> bool:
    """Whether all numbers that begin so are longer: the others stand where nothing was seen, or are covered.

    Of 272 numbers told on real pictures none was shorter than its issuer's; longer ones are, on specimens.
    """
    lengths = iin.lengths(digits)
    return bool(lengths) and len(digits) < lengths[0]


def is_rest_of_nineteen(digits: str) -> bool:
    """Whether it may be what is left of a UnionPay number of 19 digits without its 62.

    These two add ten to the sum, so that the check digit holds without them as well. A bank that is known to issue what
    begins so speaks for a number of its own, unless one is known to issue what begins so behind 62, too.
    """
    if len(digits) != SEVENTEEN or digits.startswith("62"):
        return False
    return iin.lookup(digits).issuer is None or len(iin.lookup(f"62{digits}").prefix) > 2


def is_nobodys(digits: str) -> bool:
    """Whether no issuer is known whose numbers begin so, or are as long, and the check digit fails, too.

    As those of gift cards, orders and invoices, but not what designers make up: of 273 numbers told on real pictures
    eleven are such, all of them specimens that count on (see docs/LOG.md).
    """
    if len(digits) in iin.lengths(digits) or luhn.is_valid(digits) or iin.lookup(digits).issuer:
        return False
    return not counts_on(digits)


def is_long_and_broken(digits: str) -> bool:
    """Whether it has 19 digits, the check digit fails, and no designer made it up.

    Specimens are shorter: of the dev half's 58 cards of 19 digits all pass. What fails is misread, as an 8 whose print
    is half gone and looks like a 3.
    """
    return len(digits) == pan.LONGEST and not luhn.is_valid(digits) and not counts_on(digits)


def counts_on(digits: str) -> bool:
    """Whether they are made up by a designer: most go to the same digit or the next one."""
    steps = [(int(after) - int(before)) % 10 for before, after in itertools.pairwise(digits)]
    return steps.count(0) + steps.count(1) >= COUNTED_ON


def is_of_another_kind(digits: str) -> bool:
    """Whether it is no card's number, however clear it is and whatever is proven of it."""
    return _is_texture(digits) or _is_identity_number(digits) or _is_of_telephones(digits)


def likeness(digits: str) -> float:
    """How much likelier real numbers are to look like this than misread ones, as a logarithm."""
    return fitting(digits) + (LUHN_HOLDS if luhn.is_valid(digits) else LUHN_BROKEN)


def fitting(digits: str) -> float:
    """The part of :func:`likeness` that length and issuer give, without the check digit."""
    lengths = iin.lengths(digits)
    length = UNKNOWN if not lengths else LENGTH_USED if len(digits) in lengths else LENGTH_UNUSED
    return length + USUAL.get(len(digits), RARE) + (UPSIDE_DOWN if _is_upside_down(digits) else 0.0)


def may_be_upside_down(digits: str) -> bool:
    """Whether few issuers begin so, the line turned round would begin as theirs do, and few digits show which is up."""
    shows_up = sum(digit in "347" for digit in digits) >= ONE_WAY
    return digits[0] in "01789" and not shows_up and bool(iin.lengths(_turned(digits)))


def _is_texture(digits: str) -> bool:
    """Whether it is one digit over and over, as the net reads a row of dots or bars, or what it makes of asterisks.

    Numbers have five times 4 in a row, too, one in ten thousand: those that are proven.
    """
    fewest = MANY_STARS if is_proven(digits) else FEW_STARS
    return len(set(digits)) == 1 or STAR * fewest in digits


def _is_identity_number(digits: str) -> bool:
    """Whether it is like the number of a Chinese identity card: 18 digits, or 17 before an X, with a date of birth.

    GB 11643: six digits of the place, eight of the date, three of the order, one to check.
    """
    if len(digits) not in {17, 18} or digits[6:8] not in {"18", "19", "20"}:
        return False
    try:
        date.fromisoformat(digits[6:14])
    except ValueError:
        return False
    return True


def _is_of_telephones(digits: str) -> bool:
    """Whether it is like a SIM card's (ITU-T E.118: 89) or a telephone's (IMEI: 15 digits, no issuer's)."""
    return digits.startswith("89") or (len(digits) == 15 and 15 not in iin.lengths(digits))


def _is_upside_down(digits: str) -> bool:
    """Whether few issuers begin so, and the line turned round would begin as theirs do; 3, 4, 7 begin nothing then."""
    turned = _turned(digits)
    return digits[0] in "01789" and set(turned[:6]) <= set("0125689") and bool(iin.lengths(turned))


def _turned(digits: str) -> str:
    return digits[::-1].translate(_UPSIDE)
