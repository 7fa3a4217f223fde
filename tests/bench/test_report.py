"""The report: complete in itself, and no whole card number in it."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.bench import metrics, report, run, suites, svg
from bankcard_ocr.bench.failures import Failure, blanked, failures_of, masked_picture
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.metrics import Answer, Case
from bankcard_ocr.bench.suites import Sample, decode, encode
from bankcard_ocr.numbers.pan import digest
from bankcard_ocr.vision import quad as quads

VISA = "4111111111111111"
MASTERCARD = "5555555555554444"
CAUSE = "number unreadable: digits 7 uncertain of 4111 1111 1111 1112"
GREY = 128
LAYOUTS = [  # groups as cards print them, one space wide gaps
    *[(4, 4, 4, 4), (4, 4, 4, 4, 3), (6, 13), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (8, 8)],
    *[(13,), (14,), (15,), (16,), (17,), (18,), (19,), (1, 4, 4, 4), (3, 3, 4, 3), (6, 10)],
]


@pytest.fixture
def chromium():
    """A headless Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def line_picture(groups, height=40) -> tuple[Sample, np.ndarray]:
    """A white picture with a line of digit cells in ``groups``, each cell of its own colour; and the cells' middles."""
    cells = list(itertools.accumulate([0, *(size + 1 for size in groups)]))
    places = [start + i for start, size in zip(cells, groups, strict=False) for i in range(size)]
    pitch = 26
    width = pitch * (sum(groups) + len(groups) - 1)
    quad = ((60.0, 80.0), (60.0 + width, 80.0), (60.0 + width, 80.0 + height), (60.0, 80.0 + height))
    image = np.full((200, width + 120, 3), 255, np.uint8)
    for place in places:
        image[80 : 80 + height, 60 + pitch * place + 2 : 60 + pitch * place + 24] = (0, 200, 0)
    label = Label(file="a.jpg", number_sha256=None, group="g", number_quad=quad)
    middles = np.array([(60 + pitch * (place + 0.5), 80 + height / 2) for place in places])
    return Sample(data=encode(image), label=label), middles


@pytest.mark.parametrize("groups", LAYOUTS, ids=lambda groups: "-".join(map(str, groups)))
def test_middle_digits_are_painted_over(groups) -> None:
    """In every grouping all digits but the first six and the last four are painted over, whole."""
    sample, middles = line_picture(groups)
    painted = blanked(decode(sample.data), np.array(sample.label.number_quad, np.float32))
    inner = middles[6:-4]
    left, right = int(inner[0, 0]) - 11, int(inner[-1, 0]) + 11
    assert (painted[80:120, left:right] == GREY).all()


def test_ends_stay() -> None:
    """The first four and last three of sixteen digits stay to be seen."""
    sample, middles = line_picture((4, 4, 4, 4))
    painted = blanked(decode(sample.data), np.array(sample.label.number_quad, np.float32))
    seen = [painted[int(y), int(x)].tolist() != [GREY] * 3 for x, y in middles]
    assert ([True] * 4, [True] * 3) == (seen[:4], seen[-3:])


@pytest.mark.parametrize(
    "suite", [suite for suite in suites.SUITES if suite.name != "cut"], ids=lambda suite: suite.name
)
def test_painted_in_every_suite(suite) -> None:
    """However a picture was turned or shrunk, the middle digits are painted over."""
    sample, middles = line_picture((4, 4, 4, 4))
    made = suite.derive(sample)
    line = np.array(made.label.number_quad, np.float32)
    strip = quads.rectify(blanked(decode(made.data), line), line, 494, 40)
    inner = (middles[6:-4, 0] - 60).astype(int)
    np.testing.assert_allclose(strip[5:35, inner[0] - 10 : inner[-1] + 10], GREY, atol=2)


@pytest.mark.parametrize("name", [f"{place}.jpg" for place in range(12)])
def test_what_a_cut_leaves_is_painted(name) -> None:
    """Of a number that is cut off no more digits are seen than of one that is masked: ten."""
    sample, middles = line_picture((4, 4, 4, 4))
    made = suites.cut(Sample(data=sample.data, label=replace(sample.label, file=name)))
    whole, rest = decode(sample.data), decode(made.data)
    painted = blanked(rest, np.array(made.label.number_quad, np.float32))
    shift = rest.shape[1] - whole.shape[1] if made.label.number_quad[0][0] < 60 else 0
    seen = [
        place
        for place, (x, y) in enumerate(middles)
        if 0 <= x + shift < rest.shape[1] and painted[int(y), int(x + shift)].tolist() != [GREY] * 3
    ]
    assert len(seen) <= 10


def test_number_in_a_block_is_painted_whole() -> None:
    """A number that does not stand in one row is painted over whole."""
    sample, _ = line_picture((4, 4, 4, 4), height=40)
    block = np.array([(60, 80), (180, 80), (180, 120), (60, 120)], np.float32)  # three times as long as high
    painted = blanked(decode(sample.data), block)
    assert (painted[80:121, 60:181] == GREY).all()


def test_unknown_place_makes_a_thumbnail() -> None:
    """Where the number's place is not known the picture is at most 96 pixels."""
    sample, _ = line_picture((4, 4, 4, 4))
    hidden = Sample(data=sample.data, label=Label(file="a", number_sha256=None, group="g"))
    assert max(decode(masked_picture(hidden)).shape[:2]) == 96


@pytest.mark.parametrize(
    "quad",
    [
        ((5.0, 5.0), (5.0, 5.0), (5.0, 5.0), (5.0, 5.0)),
        ((9000.0, 80.0), (9400.0, 80.0), (9400.0, 120.0), (9000.0, 120.0)),
        ((60.0, -900.0), (460.0, -900.0), (460.0, -860.0), (60.0, -860.0)),
        ((60.0, 80.0), (98.0, 80.0), (98.0, 100.0), (60.0, 100.0)),
        ((60.0, 80.0), (460.0, 80.0), (460.0, 84.0), (60.0, 84.0)),
        ((60.0, 80.0), (460.0, 120.0), (460.0, 80.0), (60.0, 120.0)),
        ((60.0, 80.0), (1e9, 80.0), (1e9, 120.0), (60.0, 120.0)),
        ((math.nan, 80.0), (460.0, 80.0), (460.0, 120.0), (60.0, 120.0)),
    ],
    ids=["point", "right of it", "above it", "short", "flat", "crossed", "huge", "nowhere"],
)
def test_impossible_place_makes_a_thumbnail(quad) -> None:
    """Where no number can stand at the labelled place, nothing is painted over and shown large."""
    sample, _ = line_picture((4, 4, 4, 4))
    wrong = Sample(data=sample.data, label=Label(file="a", number_sha256=None, group="g", number_quad=quad))
    assert max(decode(masked_picture(wrong)).shape[:2]) == 96


def test_place_at_the_edge_is_one() -> None:
    """A line that the picture's edge touches or cuts a little is painted over like any other."""
    sample, _ = line_picture((4, 4, 4, 4))
    quad = ((-20.0, 80.0), (560.0, 80.0), (560.0, 120.0), (-20.0, 120.0))
    edge = Sample(data=sample.data, label=Label(file="a", number_sha256=None, group="g", number_quad=quad))
    assert decode(masked_picture(edge)).shape[1] == 420


def test_what_an_engine_took_for_the_number_is_painted_too() -> None:
    """A label may point elsewhere: the number would be shown large."""
    sample, middles = line_picture((4, 4, 4, 4))
    elsewhere = ((60.0, 150.0), (460.0, 150.0), (460.0, 190.0), (60.0, 190.0))
    answer = Answer(number=None, ms=1.0, guess=VISA, number_quad=sample.label.number_quad)
    label = replace(sample.label, number_quad=elsewhere)
    (failure,) = failures_of("pictures", {"x": [Case(label=replace(label, number_sha256="0"), answer=answer)]})
    shown = decode(masked_picture(Sample(data=sample.data, label=label), failure.lines))
    scale = shown.shape[1] / decode(sample.data).shape[1]

    painted = [np.ptp(shown[int(y * scale), int(x * scale)].astype(int)) < 30 for x, y in middles[4:12]]
    assert [True] * 8 == painted


def test_no_picture() -> None:
    """Bytes that are no picture have no masked picture."""
    assert masked_picture(Sample(data=b"x", label=Label(file="a", number_sha256=None, group="g"))) is None


def case(number, *, guess=None, confidence=0.9, file="a.jpg", want=VISA, cause=None, **strata) -> Case:
    label = Label(file=file, number_sha256=want and digest(want), group=file, strata=strata)
    answer = Answer(
        number=number,
        confidence=confidence if number else None,
        guess=number or guess,
        guess_confidence=confidence,
        refusal=None if number else "NumberUnreadable",
        cause=cause,
        ms=12.0,
    )
    return Case(label=label, answer=answer)


class Named:
    def __init__(self, name):
        self.name = name

    def facts(self):
        return {"models": {"recognize.onnx": {"sha256": "0" * 64, "bytes": 5}}}


CASES = [
    case(VISA, relief="flat"),
    case(MASTERCARD, file=f"{VISA}.jpg", relief="embossed"),
    case(None, guess=MASTERCARD, file="<b>.jpg", relief="<i>"),
    case(None, want=None, file="n.jpg"),
]


def result(cases=CASES, **changes) -> dict:
    figures = {"x": run.figures(cases), "rapidocr": run.figures(cases)}
    facts = {
        "title": "Cards & <friends>",
        "command": "bankcard-ocr bench cards",
        "made": datetime(2026, 11, 23, tzinfo=UTC),
        "engines": [Named("x"), Named("rapidocr")],
        "suites": {"pictures": {"summary": "as they are", "engines": figures}},
        "other_cores": 0.0,
    }
    return run.result(**{**facts, **changes})


class Page(HTMLParser):
    """Collects the tags, their addresses and the open tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.open, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "xlink:href", "action"}]
        self.open += [] if tag in {"meta", "img", "br"} else [tag]

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop()


def test_page_is_whole_and_alone() -> None:
    """The page closes every tag, runs no script and loads nothing from elsewhere."""
    sample, _ = line_picture((4, 4, 4, 4))
    failures = [Failure(suite="pictures", engine="x", case=CASES[1], sample=sample)]
    page = Page(report.page(result(), failures))
    assert ([], 1, False, True) == (
        page.open,
        len(page.addresses),
        "script" in page.tags,
        page.addresses[0].startswith("data:image/jpeg;base64,"),
    )


def test_pictures_that_cannot_be_decoded_are_named() -> None:
    """The page names all of them, the terminal the first; where there is none, neither says a word."""
    found = result(undecodable={f"<{place}>.jpg": "empty" for place in range(6)})
    told = [report.page(found), report.text(found), report.page(result()) + report.text(result())]
    assert (True, True, False, False) == (
        "6 pictures: &lt;0&gt;.jpg (empty)" in told[0] and "&lt;5&gt;.jpg" in told[0],
        told[1].endswith("<4>.jpg (empty), …"),
        "<5>" in told[0] + told[1],
        "decodable" in told[2],
    )


def test_page_holds_no_number() -> None:
    """Neither the answers nor the file names bring a whole number onto the page."""
    text = report.page(result(), failures_of("pictures", {"x": CASES}))
    assert (False, False, True) == (VISA in text, MASTERCARD in text, "555555******4444" in text)


@pytest.mark.parametrize(
    "grouped", ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111_1111_1111_1111", "4111.1111.1111.1111"]
)
def test_page_masks_grouped_names(grouped) -> None:
    """A number that stands in groups in a file's name or a stratum is masked too."""
    cases = [case(MASTERCARD, file=f"{grouped}.jpg", relief=grouped)]
    text = report.page(result(cases), failures_of("pictures", {"x": cases}))
    assert (False, True) == (grouped in text, "411111******1111.jpg" in text)


def test_page_masks_what_was_read() -> None:
    """A number that breaks the check digit is masked in a name when the engine read it."""
    wrong = case("4111111111111112", file="4111 1111 1111 1112.jpg")
    text = report.page(result([wrong]), failures_of("pictures", {"x": [wrong]}))
    assert (False, True) == ("1111 1112" in text, "411111******1112.jpg" in text)


def test_page_masks_what_another_engine_read() -> None:
    """The one that failed may have read nothing of it, or another number."""
    named, number = "4111 1111 1111 1112.jpg", "4111111111111112"
    cases = {"x": [case(number, file=named, want=number)], "rapidocr": [case(None, file=named, want=number)]}
    text = report.page(result(), failures_of("pictures", cases))
    assert (False, True) == ("1111 1112" in text, "411111******1112.jpg" in text)


def test_page_lists_failures_under_the_engines_names() -> None:
    """Each engine's own, in the order of the engines; one without any is not named."""
    cases = {"y": CASES[:1], "x": CASES, "<rapidocr>": CASES[1:2]}
    text = report.page(result(), failures_of("pictures", cases))
    told = re.findall(r"<h3>(.*?)</h3>|<b>(wrong|refused)</b>", text.partition("Failures")[2])
    assert ["x", "wrong", "refused", "&lt;rapidocr&gt;", "wrong"] == ["".join(each) for each in told]


def test_page_tells_why_a_picture_was_refused() -> None:
    """The error's cause, without a number that may stand in it; its name where it has none."""
    cases = [case(None, guess="4111111111111112"), case(None, guess="4111111111111112", cause=CAUSE)]
    text = report.page(result(), failures_of("pictures", {"x": cases}))
    assert (1, True, False) == (
        text.count("NumberUnreadable"),
        "number unreadable: digits 7 uncertain of 411111******1112" in text,
        "1111 1112" in text,
    )


def test_page_escapes() -> None:
    """Names and titles are text, never markup."""
    text = report.page(result(), failures_of("pictures", {"x": CASES}))
    assert (False, False, False) == ("<friends>" in text, "<b>.jpg" in text, "<i>" in text)


def test_page_shows_every_plot() -> None:
    """Strata for exact and wrong, reliability, a trade-off for each engine, and latency are drawn."""
    text = report.page(result())
    assert 6 == text.count('role="img"')


def test_tables_break_no_word_on_a_phone(chromium) -> None:
    """Names and figures stand on one line each, facts have some room, and the page is no wider than the screen."""
    page = chromium.new_page(viewport={"width": 360, "height": 740})
    page.set_content(report.page(result()))
    lines = """all => all.map((each) => {
        const text = document.createRange();
        text.selectNodeContents(each);
        return new Set([...text.getClientRects()].map((part) => part.top)).size;
    })"""
    names, figures = (page.locator(part).evaluate_all(lines) for part in ("th", "tr td:not(th:first-child + td)"))
    least = page.locator("section:last-of-type td").evaluate_all("all => Math.min(...all.map((td) => td.clientWidth))")
    assert (1, 1, True, 360) == (
        max(names),
        max(figures),
        least >= 250,
        page.evaluate("document.documentElement.scrollWidth"),
    )


@pytest.mark.parametrize(("cores", "warned"), [(0.0, False), (1.5, True), (None, True)])
def test_page_warns_of_a_busy_machine(cores, warned) -> None:
    """A run beside other work says that its timings do not count."""
    assert warned == ("no timing counts" in report.page(result(other_cores=cores)))


def test_page_of_negatives() -> None:
    """A folder without numbers has a report too."""
    text = report.page(result([CASES[3]]))
    assert "0 of 1 pictures without one" in text


def test_failures_are_ordered() -> None:
    """The surest wrong number comes first, then the surest refusal; a refused negative is no failure."""
    some = [case(None, guess=VISA, confidence=0.4), case(MASTERCARD, confidence=0.7), case(MASTERCARD, confidence=0.99)]
    found = failures_of("s", {"x": [*some, case(None, want=None), case(VISA)]})
    assert [some[2], some[1], some[0]] == [failure.case for failure in found]


@pytest.mark.parametrize("name", ["bank " + "中" * 30, "bank " + "Industrial and Commercial Bank " * 3])
def test_a_long_name_of_a_stratum_is_whole(name) -> None:
    """It begins within the plot, where 12 pixels are enough for a Chinese character and 7 for a Latin one."""
    plot = ET.fromstring(svg.bars([svg.Row(name=name, marks=[])], "x"))
    (end,) = [float(text.get("x")) for text in plot.iter("text") if text.text == name]
    assert end >= sum(12 if char == "中" else 7 for char in name)


def test_a_report_is_whole_on_paper() -> None:
    """Nothing scrolls there, and neither a plot nor a failure is cut in two."""
    _, _, printed = report.page(result()).partition("@media print{")
    assert ".table,figure{overflow:visible}" in printed
    assert "figure,tr,.sheet>div{break-inside:avoid}" in printed


@given(st.floats(0, 1), st.floats(0, 1))
def test_stretched_axis_keeps_order(a, b) -> None:
    """The stretched axis lies in [0, 1] and keeps the order of shares."""
    low, high = sorted([a, b])
    assert 0 <= svg.stretched(low) <= svg.stretched(high) <= 1


@pytest.mark.parametrize(("share", "place"), [(0.0, 0.0), (0.9, 0.25), (0.99, 0.5), (0.999, 0.75), (1.0, 1.0)])
def test_stretched_axis(share, place) -> None:
    """Each further nine is one quarter further on."""
    assert place == pytest.approx(svg.stretched(share))


def test_no_times_no_histogram() -> None:
    """Nothing is drawn of no times."""
    assert svg.steps([metrics.histogram([])], "x", unit="ms") == ""
