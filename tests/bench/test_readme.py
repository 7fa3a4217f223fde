"""The README's table: generated, and never stale."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import readme

from bankcard_ocr.bench import machine, run
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.metrics import Answer, Case
from bankcard_ocr.numbers.pan import digest

ROOT = Path(__file__).parents[2]
VISA = "4111111111111111"
MARKED = f"# x\n{readme.BEGIN}\nold\n{readme.END}\nend\n"


class Named:
    def __init__(self, name):
        self.name = name

    def facts(self):
        return {}


def case(number) -> Case:
    label = Label(
        file="a.jpg", number_sha256=digest(VISA), group="g", strata={"subset": "real_other", "relief": "flat"}
    )
    return Case(label=label, answer=Answer(number=number, ms=20.0, confidence=0.999))


def result(suites, engines=("bankcard-ocr",), other_cores=0.0) -> dict:
    return run.result(
        title="t",
        command="c",
        made=datetime(2026, 11, 23, tzinfo=UTC),
        engines=[Named(name) for name in engines],
        suites=suites,
        other_cores=other_cores,
    )


def suite(**engines) -> dict:
    return {"summary": "s", "engines": {name.replace("_", "-"): figures for name, figures in engines.items()}}


@pytest.mark.parametrize(("page", "is_chinese"), [("README.md", False), ("README.zh-CN.md", True)])
def test_no_readme_is_stale(page: str, is_chinese: bool) -> None:
    """A README's table is what the committed results give; ``update/readme.py`` renews both."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert readme.rewritten(text, readme.read(ROOT / "bench" / "results"), is_chinese=is_chinese) == text


def test_the_tables_files_name_machine_and_command() -> None:
    """As the text below it says."""
    results = readme.read(ROOT / "bench" / "results")
    assert [] == [name for name, result in results.items() if not (result["machine"]["cpu"] and result["command"])]


def test_the_chinese_table_is_in_chinese() -> None:
    """Every row has its name in Chinese, and no English word is left of what is said of the whole."""
    told = readme.in_chinese(readme.table(readme.read(ROOT / "bench" / "results")))
    names = [line.split("|")[1] for line in told.splitlines()[2:] if line.startswith("|")]
    words = set(re.findall("[A-Za-z]+", told)) & {"a", "are", "at", "from", "in", "of", "over", "the", "with", "x"}
    assert ([], set()) == ([name for name in names if not re.search("[\u4e00-\u9fff]", name)], words)


def test_what_is_said_now_and_then_is_in_chinese() -> None:
    """A table without results and one of a busy machine are, too."""
    told = readme.in_chinese(readme.NOTHING + speed(1.0))
    assert [] == re.findall(r"\b(?:are|by|in|left|makes|the)\b", told)


def test_the_plot_of_the_threshold_is_not_stale() -> None:
    """What a threshold costs is drawn from the committed results, as a file that opens alone."""
    plot = readme.threshold_plot(readme.read(ROOT / "bench" / "results"))

    assert (ROOT / "docs" / "threshold.svg").read_text(encoding="utf-8") == plot
    assert ("http://www.w3.org/2000/svg", 3) == (ET.fromstring(plot).tag[1:27], plot.count("<polyline"))


def test_committed_results_are_figures() -> None:
    """No committed result holds twelve digits in a row outside the models' hashes."""
    found = readme.read(ROOT / "bench" / "results")
    assert run.clean(found) == found


@pytest.mark.parametrize("file", sorted({row.file for row in readme.ROWS}))
def test_the_figures_are_of_the_models_that_ship(file: str) -> None:
    """Results of other weights are no figures of this package."""
    found = readme.read(ROOT / "bench" / "results")[file]["engines"]["bankcard-ocr"]["models"]
    assert machine.models(ROOT / "src" / "bankcard_ocr" / "vision" / "weights") == found


def test_every_row_has_its_figures() -> None:
    """No row of the table asks for a suite that is in another of the committed results."""
    found = readme.read(ROOT / "bench" / "results")
    assert [] == [row.name for row in readme.ROWS if row.suite not in found[row.file]["suites"]]


def test_no_results() -> None:
    """Without results the table says so."""
    assert f"# x\n{readme.BEGIN}\n{readme.NOTHING}\n{readme.END}\nend\n" == readme.rewritten(MARKED, {})


def test_no_marks() -> None:
    """A text without marks is not touched."""
    with pytest.raises(ValueError, match="bench:begin"):
        readme.rewritten("# x\n", {})


def test_rows_and_peers() -> None:
    """Each figure has a row, each engine a column, and what was not measured a dash."""
    own, peer = run.figures([case(VISA)]), run.figures([case(None)])
    cards = result({"pictures": suite(bankcard_ocr=own, rapidocr=peer)}, ["bankcard-ocr", "rapidocr"])
    text = readme.table({"cards": cards})
    assert (True, True, True) == (
        "|  | bankcard-ocr | RapidOCR |\n" in text,
        "| photographs of many cards: whole number exact | 100.0 % (21–100) | 0.0 % (0–79) |\n" in text,
        "| wrong among confidences of 0.99 and more | 0.0 % (0–79) of 1 | – |\n" in text,
    )


def test_peers_have_files_of_their_own() -> None:
    """What a peer did may stand in a file of its own; our own figures are never taken from there."""
    own, peer = run.figures([case(VISA)]), run.figures([case(None)])
    cards = result({"pictures": suite(bankcard_ocr=own)})
    peers = result({"pictures": suite(bankcard_ocr=peer, rapidocr=peer)}, ["bankcard-ocr", "rapidocr"])
    text = readme.table({"cards": cards, "cards-peers": peers})
    assert "| photographs of many cards: whole number exact | 100.0 % (21–100) | 0.0 % (0–79) |\n" in text


def test_losses_and_counts() -> None:
    """Losses are in points, returned numbers in counts."""
    own = run.with_loss(run.figures([case(None)]), [case(None)], [case(VISA)])
    blank = Case(label=Label(file="n", number_sha256=None, group="n"), answer=Answer(number=None, ms=1.0))
    cards = result({"turned90": suite(bankcard_ocr=own), "covered": suite(bankcard_ocr=run.figures([blank]))})
    text = readme.table({"cards": cards})
    assert "edge" not in text
    assert (True, True) == (
        "| turned by 90 degrees: loss | 100.0 points |" in text,
        "| two to three digits covered: a number returned | 0 of 1 |" in text,
    )


def test_what_was_cut_off() -> None:
    """A result that has the suite ``cut`` has a row of it."""
    blank = Case(label=Label(file="n", number_sha256=None, group="n"), answer=Answer(number=VISA, ms=1.0))
    text = readme.table({"cards": result({"cut": suite(bankcard_ocr=run.figures([blank]))})})
    assert "| cut off by the picture's edge: a number returned | 1 of 1 |" in text


def speed(other_cores) -> str:
    figures = run.figures([case(VISA)])
    suites = {
        "1280x960": suite(bankcard_ocr=figures),
        "start": {"summary": "s", "engines": {}, "figures": {"process_ms": 250.4}},
        "memory": {"summary": "s", "engines": {}, "figures": {"end_mb": 119.6, "growth_mb": 0.04}},
    }
    return readme.table(dict.fromkeys(("speed", "memory"), result(suites, other_cores=other_cores)))


def test_speed() -> None:
    """Times and memory of a quiet machine are told."""
    text = speed(0.0)
    assert [True] * 4 == [
        row in text
        for row in (
            "| 1280 x 960 JPEG: median / p95 | 20.0 / 20.0 ms |",
            "| fresh process to first result | 250 ms |",
            "| resident memory after 10,000 pictures of mixed sizes | 120 MB |",
            "| its growth over the last 9,000 | 0.0 MB |",
        )
    ]


def test_busy_machine_has_no_times() -> None:
    """Times of a busy machine are left out, and that is said; memory is not a time."""
    text = speed(1.0)
    assert (False, True, True) == ("JPEG" in text, "| 120 MB |" in text, "left out" in text)


def test_command(tmp_path) -> None:
    """The command tells a stale table by its exit status, and renews it."""
    page, results = tmp_path / "README.md", tmp_path / "results"
    results.mkdir()
    (results / "other.json").write_text(json.dumps({"figures": "of another kind"}), encoding="utf-8")
    page.write_text(MARKED, encoding="utf-8")
    arguments = [str(page), str(results)]
    assert [1, 0, 0] == [readme.main([*flags, *arguments]) for flags in (["--check"], [], ["--check"])]


def test_the_command_knows_the_chinese_page(tmp_path) -> None:
    """Where there is one beside the page, it is told to be stale and renewed as well."""
    page, chinese = tmp_path / "README.md", tmp_path / "README.zh-CN.md"
    page.write_text(f"{readme.BEGIN}\n{readme.NOTHING}\n{readme.END}", encoding="utf-8")
    chinese.write_text(MARKED, encoding="utf-8")
    arguments = [str(page), str(tmp_path)]
    assert [1, 0, 0] == [readme.main([*flags, *arguments]) for flags in (["--check"], [], ["--check"])]
    assert "尚未提交任何数据" in chinese.read_text(encoding="utf-8")
