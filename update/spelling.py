"""Rebuilds src/bankcard_ocr/numbers/spelling.dat and bench/names.txt from their sources::

    pip install faker==40.63.0 pypinyin==0.55.0
    python update/spelling.py

Half of what is counted are China's names in pinyin: surnames as common as they are there, given names of one or two
syllables. The other half are first and last names of some sixty countries that write with Latin letters, each country
as much as another. A quarter of those, by a hash of the word, is not counted: of it, and of syllables, names.txt is
made, by which bench/holders.py measures names that no table knows.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import itertools
import math
import pkgutil
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bankcard_ocr.numbers.spelling import END, LETTERS, START, STEP, ZERO

HERE = Path(__file__).parent
PEOPLE = "faker.providers.person"
IDEOGRAPHS = range(0x4E00, 0x9FA6)
TABLE = HERE.parent / "src" / "bankcard_ocr" / "numbers" / "spelling.dat"
NAMES = HERE.parent / "bench" / "names.txt"
FEWEST = 30  # names of a country that are worth counting
LIKE = 8.0  # occurrences of what fewer letters say, for each letter that was seen to follow
WORDS = 60_000  # of each half, beside which LIKE is
ANY = 0.02  # the chance that the next letter is any one
SINGLE = 0.25  # of Chinese given names, which have one syllable; the others have two
KNOWN = 0.4  # of given names, from Faker's list; the others of any syllables
TITLES = {"MR": 0.04, "MRS": 0.01, "MS": 0.03}  # for two names' words in all, as are...
INITIALS = 0.08
COUNT = 600
HEADER = """\
# How holders' names are spelled. Written by update/spelling.py; do not edit by hand.
# source names of countries with Latin letters, surnames and given names of China: PyPI faker 40.63.0 (MIT licence)
# source syllables: PyPI pypinyin 0.55.0 (MIT licence)
# The form is described in spelling.py.
"""
PLAIN = str.maketrans(
    {"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ə": "a"}
)
LISTS = re.compile("(first|last)_(names?|romanized)")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    china, world = of_china(), of_the_world()
    counted = {word: weight for word, weight in world.items() if not is_held_out(word)}
    whole = sum(counted.values())
    words = {word: weight / whole for word, weight in counted.items()}
    beside = {**TITLES, **dict.fromkeys(LETTERS, INITIALS / len(LETTERS))}
    for word, weight in itertools.chain(china.items(), beside.items()):
        words[word] = words.get(word, 0.0) + weight
    TABLE.write_text(HEADER + "".join(f"{line}\n" for line in table(words)), encoding="ascii")
    held_out = sorted(word for word in world if is_held_out(word))
    NAMES.write_text("".join(f"{name}\n" for name in invented(random.Random(1), held_out)), encoding="ascii")


def of_the_world() -> dict[str, float]:
    """The words of names in Latin letters, each country's first and last ones with a weight of one together."""
    out: dict[str, float] = defaultdict(float)
    people = importlib.import_module(PEOPLE)
    for module in pkgutil.iter_modules(people.__path__):
        provider = importlib.import_module(f"{PEOPLE}.{module.name}").Provider
        for kind in ("first", "last"):
            values = [value for key, value in vars(provider).items() if LISTS.match(key) and key.startswith(kind)]
            words = {word for value in values for name in _names(value) for word in latin(name)}
            if len(words) >= FEWEST:
                for word in sorted(words):
                    out[word] += 1 / len(words)
    return out


def _names(listed: Any) -> Iterator[str]:
    """The names of one of Faker's lists, which may have weights, or be several lists' sum."""
    if isinstance(listed, Mapping | list | tuple | set | frozenset):
        yield from (name for name in listed if isinstance(name, str))


def latin(name: str) -> list[str]:
    """The words of a name in plain capitals; none where it is written with other letters."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(PLAIN))
    plain = "".join(char for char in plain if not unicodedata.combining(char)).upper()
    words = re.split(r"[ '’-]+", plain)
    is_latin = all(set(word) <= set(LETTERS) for word in words)
    return [word for word in words if len(word) > 1] if is_latin else []


def of_china() -> dict[str, float]:
    """Surnames and given names in pinyin, with a weight of one together."""
    out: dict[str, float] = defaultdict(float)
    surnames, given = of_lists()
    whole = sum(surnames.values())
    for name, weight in surnames.items():
        out[name] += 0.5 * weight / whole
    for name in given:
        out[name] += 0.5 * KNOWN / len(given)
    chances = syllables()
    for count, share in ((1, SINGLE), (2, 1 - SINGLE)):
        for name, chance in _of_syllables(chances, count):
            out[name] += 0.5 * (1 - KNOWN) * share * chance
    return out


def of_lists() -> tuple[dict[str, float], list[str]]:
    """China's surnames with how common they are, and given names."""
    china = importlib.import_module(f"{PEOPLE}.zh_CN").Provider
    surnames: dict[str, float] = defaultdict(float)
    for name, weight in china.last_names.items():
        surnames[pinyin(name)] += weight
    return surnames, [pinyin(name) for name in china.first_names]


def pinyin(name: str) -> str:
    """How a Chinese name is written in capitals, without a space; ü is V, as on keyboards."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(name)).upper()


def syllables() -> dict[str, float]:
    """The chance of each syllable: the more characters are read so, the likelier, but less than as many times."""
    from pypinyin.pinyin_dict import pinyin_dict

    known = (chr(code) for code in pinyin_dict if code in IDEOGRAPHS)
    counts = Counter(word for char in known for word in latin(pinyin(char)))
    roots = {word: math.sqrt(count) for word, count in sorted(counts.items())}
    return {word: root / sum(roots.values()) for word, root in roots.items()}


def _of_syllables(chances: Mapping[str, float], count: int) -> Iterator[tuple[str, float]]:
    if not count:
        yield "", 1.0
        return
    for begin, likely in _of_syllables(chances, count - 1):
        for word, chance in chances.items():
            yield begin + word, likely * chance


def is_held_out(word: str) -> bool:
    return hashlib.sha256(word.encode()).digest()[0] < 64


def table(words: Mapping[str, float]) -> Iterator[str]:
    """The lines of the table that ``words`` give, whose weights are two or so together: one for what stands before."""
    counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for word, weight in words.items():
        whole = START + word + END
        for at in range(len(START), len(whole)):
            for known in range(len(START) + 1):
                counts[whole[at - known : at]][whole[at]] += weight * WORDS
    for before in [START] + [START[1] + a for a in LETTERS] + [a + b for a in LETTERS for b in LETTERS]:
        chances = _chances(counts, before)
        nats = [math.log(((1 - ANY) * chances[sign] + ANY / len(chances)) * len(chances)) for sign in chances]
        if before == START:
            nats[-1] = 0.0  # signs may follow one another, which ends no word
        yield f"{before} " + "".join(chr(ZERO + round(each / STEP)) for each in nats)


def _chances(counts: Mapping[str, Mapping[str, float]], before: str) -> dict[str, float]:
    """The chance of each letter and the end behind ``before``: what was counted, and what a shorter one says."""
    signs = LETTERS + END
    chances = dict.fromkeys(signs, 1 / len(signs))
    for known in range(len(before) + 1):
        seen = counts.get(before[len(before) - known :])
        if seen:
            mass = LIKE * len(seen)
            whole = sum(seen.values()) + mass
            chances = {sign: (seen.get(sign, 0.0) + mass * chances[sign]) / whole for sign in signs}
    return chances


def invented(rng: random.Random, words: list[str]) -> Iterable[str]:
    """COUNT names as cards bear them, all different."""
    surnames, given = of_lists()
    chances = syllables()
    out: dict[str, None] = {}
    while len(out) < COUNT:
        if rng.random() < 0.55:
            (surname,) = rng.choices(list(surnames), list(surnames.values()))
            count = 1 if rng.random() < SINGLE else 2
            parts = rng.choices(list(chances), list(chances.values()), k=count)
            name = rng.choice(given) if rng.random() < KNOWN else "".join(parts)
            text = rng.choice((f"{surname} {name}", f"{surname} {name}", f"{name} {surname}", f"{surname}/{name}"))
        else:
            first, last = rng.choice(words), rng.choice(words)
            initial = f"{rng.choice('ABCDEFGHJKLMNPRST')} " if rng.random() < 0.15 else ""
            text = f"{first} {initial}{last}"
        title = f"{rng.choice(('MR', 'MRS', 'MS'))} " if rng.random() < 0.08 else ""
        if len(title + text) <= 26:
            out[title + text] = None
    return out


if __name__ == "__main__":
    main()
