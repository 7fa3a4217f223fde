"""One run of made-up engines on made-up pictures."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import run
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.metrics import Answer, Case
from bankcard_ocr.bench.suites import Sample
from bankcard_ocr.errors import BankcardError, NoCardFound, NotAPicture, NumberUnreadable
from bankcard_ocr.numbers.pan import digest
from bankcard_ocr.reading import Field, Options, Reading

VISA = "4111111111111111"
MASTERCARD = "5555555555554444"
QUAD = ((0.0, 0.0), (9.0, 0.0), (9.0, 2.0), (0.0, 2.0))


class FakeReader:
    """Reads what ``pictures`` says: a number and its confidence, or an error; returns it from ``threshold`` on."""

    def __init__(self, pictures, threshold=0.5):
        self.pictures = pictures
        self.threshold = threshold
        self.asked = []

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        self.asked.append((data, options))
        what = self.pictures[data]
        if isinstance(what, BankcardError):
            raise what
        number, confidence = what
        if confidence < (self.threshold if options.threshold is None else options.threshold):
            raise NumberUnreadable(confidence=confidence)
        date = Field(text="12/27", confidence=0.9) if options.detail else None
        return Reading(
            number=number, confidence=confidence, candidates=(), size=(10, 10), number_quad=QUAD, valid_date=date
        )


def engine(pictures, **options) -> run.ReaderEngine:
    ticks = itertools.count()
    return run.ReaderEngine(FakeReader(pictures), clock=lambda: next(ticks) / 100, **options)


def sample(data: bytes, number: str | None = VISA, file="a.jpg", **strata) -> Sample:
    label = Label(file=file, number_sha256=number and digest(number), group=file, strata=strata)
    return Sample(data=data, label=label)


def facts(answer: Answer) -> tuple:
    return answer.number, answer.confidence, answer.guess, answer.guess_confidence, answer.refusal


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ((VISA, 0.9), (VISA, 0.9, VISA, 0.9, None)),
        ((VISA, 0.3), (None, None, VISA, 0.3, "NumberUnreadable")),
        (NumberUnreadable(), (None, None, None, None, "NumberUnreadable")),
        (NoCardFound(), (None, None, None, None, "NoCardFound")),
        (NotAPicture("truncated"), (None, None, None, None, "NotAPicture")),
    ],
)
def test_answers(what, told) -> None:
    """An answer is the reader's; a refused one keeps the best guess and the reason."""
    assert told == facts(engine({b"a": what}).answer(b"a"))


@pytest.mark.parametrize(
    ("what", "cause"),
    [((VISA, 0.9), None), (NumberUnreadable(digits=(7,)), "number unreadable: digits 7 uncertain")],
)
def test_a_refusal_has_its_cause(what, cause) -> None:
    """It is what the error says of itself; a number that was returned has none."""
    assert cause == engine({b"a": what}).answer(b"a").cause


def test_guess_is_not_timed() -> None:
    """The second look at a refused picture is outside the time taken."""
    assert engine({b"a": (VISA, 0.3)}).answer(b"a").ms == pytest.approx(10.0)


def test_guess_asks_the_same_way() -> None:
    """The second look differs in its threshold alone."""
    reader = FakeReader({b"a": (VISA, 0.3)})
    run.ReaderEngine(reader, options=Options(type="scan", prior=False)).answer(b"a")
    assert [
        (b"a", Options(type="scan", prior=False)),
        (b"a", Options(type="scan", prior=False, threshold=0.0)),
    ] == reader.asked


class Undated:
    """An engine that reads numbers, and cannot be asked for dates."""

    name = "undated"

    def answer(self, data):
        return Answer(number=VISA, ms=1.0)

    def facts(self):
        return {}


class Named:
    """An engine that logs whose turn it is."""

    def __init__(self, name, log):
        self.name = name
        self.log = log

    def answer(self, data):
        self.log.append((self.name, data))
        return Answer(number=None, ms=1.0)

    def facts(self):
        return {}


def test_engines_take_turns(monkeypatch) -> None:
    """Some pictures each; they alternate who goes first, and each warms up on the first picture of its turn."""
    monkeypatch.setattr(run, "TURN", 2)
    log = []
    run.measure([Named("x", log), Named("y", log)], [sample(b"1"), sample(b"2"), sample(b"3")])
    assert [
        *[("x", b"1"), ("x", b"1"), ("x", b"2")],
        *[("y", b"1"), ("y", b"1"), ("y", b"2")],
        *[("y", b"3"), ("y", b"3")],
        *[("x", b"3"), ("x", b"3")],
    ] == log


def test_every_engine_sees_every_picture() -> None:
    """The cases of each engine stand in the pictures' order."""
    cases = run.measure([Named("x", []), Named("y", [])], [sample(b"1", file="1"), sample(b"2", file="2")])
    assert {"x": ["1", "2"], "y": ["1", "2"]} == {
        name: [case.label.file for case in found] for name, found in cases.items()
    }


def test_engines_of_one_name_are_not_mixed() -> None:
    """Their cases could not be told apart."""
    with pytest.raises(ValueError, match="one name"):
        run.measure([Named("x", []), Named("x", [])], [sample(b"1")])


def measured() -> list[Case]:
    pictures = {b"right": (VISA, 0.999), b"wrong": (MASTERCARD, 0.9), b"weak": (VISA, 0.2), b"none": NoCardFound()}
    samples = [
        sample(b"right", file="1", relief="flat"),
        sample(b"wrong", file="2", relief="embossed"),
        sample(b"weak", file="3", relief="embossed"),
        sample(b"none", file="4", number=None),
    ]
    return run.measure([engine(pictures)], samples)["bankcard-ocr"]


def test_figures() -> None:
    """Numbered pictures give shares by stratum, the others count as negatives, refusals are told by reason."""
    found = run.figures(measured())
    third = pytest.approx(1 / 3)
    assert ((third, third, third), ["embossed", "flat"], (0, 1), {"NoCardFound": 1, "NumberUnreadable": 1}, 4) == (
        tuple(found["all"][outcome]["value"] for outcome in ("exact", "wrong", "refused")),
        list(found["strata"]["relief"]),
        (found["negatives"]["hits"], found["negatives"]["total"]),
        found["refusals"],
        found["latency"]["count"],
    )


def test_figures_hold_guesses() -> None:
    """The trade-off knows the guesses that were refused: at the lowest threshold nothing but the blank is refused."""
    first = run.figures(measured())["tradeoff"][0]
    assert (0.2, pytest.approx(2 / 3), pytest.approx(1 / 3), 0.0) == (
        first["threshold"],
        first["exact"],
        first["wrong"],
        first["refused"],
    )


def test_only_negatives() -> None:
    """A folder without any number has no shares, only a count."""
    cases = run.measure([engine({b"n": (VISA, 0.9)})], [sample(b"n", number=None)])["bankcard-ocr"]
    found = run.figures(cases)
    assert (None, [], (1, 1)) == (found["all"], found["tradeoff"], (found["negatives"]["hits"], 1))


def test_negatives_by_category() -> None:
    """Numbers returned on pictures without one are told by category."""
    samples = [sample(b"n", number=None, category="cheque"), sample(b"m", number=None, file="b", category="animal")]
    cases = run.measure([engine({b"n": (VISA, 0.9), b"m": NoCardFound()})], samples)["bankcard-ocr"]
    found = run.figures(cases)["negative_strata"]["category"]
    assert {"animal": 0, "cheque": 1} == {value: count["hits"] for value, count in found.items()}


def test_loss_is_against_the_same_pictures() -> None:
    """A loss compares with the same pictures as they were, not with others."""
    upright = measured()
    turned = [case for case in upright if case.label.file == "1"]
    lost = [Case(label=turned[0].label, answer=Answer(number=None, ms=1.0))]
    found = run.with_loss(run.figures(lost), lost, upright)
    assert {"pictures": 1, "exact": 1.0, "wrong": 0.0} == found["loss"]


def test_no_loss_of_negatives() -> None:
    """Pictures without a number lose nothing."""
    negatives = [case for case in measured() if case.label.file == "4"]
    assert "loss" not in run.with_loss(run.figures(negatives), negatives, negatives)


def whole(**changes) -> dict:
    facts = {
        "title": "t",
        "command": "bankcard-ocr bench x",
        "made": datetime(2026, 11, 23, tzinfo=UTC),
        "engines": [engine({})],
        "suites": {"pictures": {"engines": {"bankcard-ocr": run.figures(measured())}}},
        "other_cores": 0.0,
    }
    return run.result(**{**facts, **changes})


def test_result_is_json() -> None:
    """A result is JSON data: what is written is read back alike."""
    found = whole()
    assert found == json.loads(json.dumps(found, allow_nan=False))


def test_result_holds_no_number() -> None:
    """No card number reaches a result: not from answers, names of folders or strata."""
    cases = run.measure([engine({b"a": (VISA, 0.9)})], [sample(b"a", file=f"{VISA}.jpg", bank=VISA)])
    found = run.figures(cases["bankcard-ocr"], ["bank"])
    text = json.dumps(whole(command=f"bench {VISA}", title=VISA, suites={"pictures": found}))
    assert (False, True) == (VISA in text, "411111******1111" in text)


@pytest.mark.parametrize(("cores", "valid"), [(0.0, True), (0.14, True), (0.15, False), (None, False)])
def test_timings_need_a_quiet_machine(cores, valid) -> None:
    """Timings count only when nothing else worked, and it is known."""
    assert valid == whole(other_cores=cores)["timings_valid"]


def test_digests_stay_whole() -> None:
    """A model's hash is no card number, even when it holds a long run of digits."""
    assert digest(VISA) == run.clean(digest(VISA))


@given(st.text("0123456789ab ", max_size=40))
def test_mask(text) -> None:
    """No run of 12 digits is left by the mask."""
    masked = run.mask(text)
    assert max((len(part) for part in "".join(c if c.isdigit() else " " for c in masked).split()), default=0) < 12


def test_a_name_that_is_no_text() -> None:
    """Bytes of a name that are not UTF-8 are question marks, so that every result can be written."""
    assert "lo?.json" == run.clean("lo\udce9.json")


def test_only() -> None:
    """Pictures can be chosen by a column."""
    labels = [sample(b"", file="a", kind="x").label, sample(b"", file="b", kind="y").label]
    assert ["b"] == [label.file for label in run.only(labels, "kind", "y")]


def test_dates_are_asked_for_where_the_label_has_one() -> None:
    """Exact, wrong and refused of pictures whose number was read; a month that there is not is no label."""
    pictures = {b"right": (VISA, 0.9), b"wrong": (VISA, 0.9), b"none": (VISA, 0.9), b"unread": NoCardFound()}
    labels = {b"right": "12/2027", b"wrong": "11/27", b"none": "00/00", b"unread": "12/27"}
    samples = [sample(data, file=date, valid_thru=date) for data, date in labels.items()]
    (cases,) = run.measure([engine(pictures)], samples).values()
    found = run.figures(cases)["valid_date"]

    assert ["12/27", "12/27", None, None] == [case.answer.valid_date for case in cases]
    assert [(1, 2), (1, 2), (0, 2)] == [(found[name]["hits"], found[name]["total"]) for name in found]


def test_an_engine_that_reads_no_dates_has_refused_none() -> None:
    """Of a peer that is not asked for dates no figure says that it could not read them."""
    (cases,) = run.measure([Undated()], [sample(b"1", valid_thru="12/27")]).values()
    assert ([VISA], None) == ([case.answer.number for case in cases], run.figures(cases)["valid_date"])


def test_without_dated_labels_there_is_no_figure() -> None:
    """Nothing is asked, nothing told."""
    assert run.figures(measured())["valid_date"] is None
