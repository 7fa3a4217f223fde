"""The table of figures of the READMEs and the plot of what a threshold costs, generated from the committed results.

    python update/readme.py README.md bench/results            writes it between the marks, and docs/threshold.svg
    python update/readme.py --check README.md bench/results    exit status 1 when it is stale

README.zh-CN.md in the same folder, where there is one, has the table in Chinese.

A result file is known by its name: ``cards.json``, ``negatives.json``, ``crops4.json``,
``unreadable.json``, ``speed.json``, ``memory.json``; what peers did may stand in files of their own, such as
``cards-peers.json``. Figures that no file has have no row; timings of a machine that was not quiet are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bankcard_ocr.bench import report

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
OWN = "bankcard-ocr"
PEERS = {"rapidocr": "RapidOCR"}
SOURCES = "The files in `bench/results` that the table is made from name their machine and the command that made them."
NOTHING = "No figures are committed yet: `bankcard-ocr bench` makes them."

Results = Mapping[str, Mapping[str, Any]]
Figure = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: ``told`` gives its text for one engine, from the figures of ``suite`` in ``file``.

    ``timed`` rows need a quiet machine. ``engineless`` rows are about our own process, not about an engine's answers.
    """

    name: str
    file: str
    suite: str
    told: Figure
    timed: bool = False
    engineless: bool = False


def rewritten(readme: str, results: Results, *, is_chinese: bool = False) -> str:
    """``readme`` with the table of ``results`` between its marks. Raises ValueError when it has no marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text has no {BEGIN} … {END}")
    text = table(results)
    return f"{before}{BEGIN}\n{in_chinese(text) if is_chinese else text}\n{END}{after}"


def threshold_plot(results: Results) -> str:
    """What any threshold costs on the photographs, as an SVG file; empty without their figures."""
    engines = results.get("cards", {}).get("suites", {}).get("pictures", {}).get("engines", {})
    points = engines.get(OWN, {}).get("tradeoff")
    return report.alone(report.tradeoff_plot(points, OWN)) + "\n" if points else ""


def table(results: Results) -> str:
    """The table of ``results`` in Markdown, and what it was measured on."""
    peers = [peer for peer in PEERS if any(peer in result["engines"] for result in results.values())]
    engines = [OWN, *peers]
    rows = [(row.name, [_cell(row, engine, results) for engine in engines]) for row in ROWS]
    rows = [(name, cells) for name, cells in rows if any(cells)]
    if not rows:
        return NOTHING
    head = ["", OWN, *(PEERS[peer] for peer in peers)]
    lines = [
        head,
        ["---", *["---:"] * len(engines)],
        *([name, *(cell or "–" for cell in cells)] for name, cells in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n\n" + _note(results)


def in_chinese(text: str) -> str:
    """A table of :func:`table` with what it says in Chinese; the figures stay."""
    for phrase, said in CHINESE.items():
        text = text.replace(phrase, said)
    return text


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The results of ``folder`` by their names, files of other kinds left out; none when there is no such folder."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: result for name, result in found.items() if "suites" in result}


def _cell(row: Row, engine: str, results: Results) -> str | None:
    told = _told(row, engine, results.get(row.file, {}))
    return told if told or engine == OWN else _told(row, engine, results.get(f"{row.file}-peers", {}))


def _told(row: Row, engine: str, result: Mapping[str, Any]) -> str | None:
    suite = result.get("suites", {}).get(row.suite)
    if suite is None or (row.timed and not result["timings_valid"]):
        return None
    if row.engineless:
        return row.told(suite["figures"]) if engine == OWN else None
    figures = suite["engines"].get(engine)
    return row.told(figures) if figures else None


def _note(results: Results) -> str:
    note = "Shares are macro averages over cards (of confidences, crops and what has no number: over pictures), "
    note += "with 95 % intervals."
    if speed := results.get("speed"):
        machine = f"{speed['machine']['cpu']} ({', '.join(speed['machine']['flags'])})"
        note += f" Times are of one thread on {machine}, {speed['made'][:10]}."
        if not speed["timings_valid"]:
            note += " Those taken while the machine had other work are left out."
    return f"{note} {SOURCES}"


def _share(outcome: str, column: str = "", value: str = "") -> Figure:
    def told(figures: Mapping[str, Any]) -> str | None:
        shares = figures.get("strata", {}).get(column, {}).get(value) if column else figures.get("all")
        return _percent(shares[outcome]) if shares else None

    return told


def _loss(figures: Mapping[str, Any]) -> str | None:
    return f"{100 * figures['loss']['exact']:.1f} points" if figures.get("loss") else None


def _hits(part: str) -> Figure:
    def told(figures: Mapping[str, Any]) -> str | None:
        found = figures.get(part)
        return f"{found['hits']} of {found['total']}" if found else None

    return told


def _rate(part: str) -> Figure:
    def told(figures: Mapping[str, Any]) -> str | None:
        found = figures.get(part)
        return _percent(found["share"]) if found else None

    return told


def _sure(figures: Mapping[str, Any]) -> str | None:
    sure = (figures.get("calibration") or {}).get("sure_wrong")
    return f"{_percent(sure['share'])} of {sure['total']}" if sure else None


def _times(figures: Mapping[str, Any]) -> str | None:
    found = figures.get("latency")
    return f"{found['median_ms']:.1f} / {found['p95_ms']:.1f} ms" if found else None


def _plain(name: str, unit: str, digits: int = 0) -> Figure:
    def told(figures: Mapping[str, Any]) -> str | None:
        return f"{figures[name]:.{digits}f}{unit}" if name in figures else None

    return told


def _percent(share: Mapping[str, float]) -> str:
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


ROWS: Sequence[Row] = (
    *(
        Row(
            name=f"photographs of many cards: whole number {outcome}",
            file="cards",
            suite="pictures",
            told=_share(outcome, "subset", "real_other"),
        )
        for outcome in ("exact", "wrong", "refused")
    ),
    *(
        Row(name=f"{name}: exact", file="cards", suite="pictures", told=_share("exact", column, value))
        for name, column, value in (
            ("specimens", "subset", "specimen"),
            ("scans", "subset", "scan"),
            ("one bank's specimen cards", "subset", "cmb_specimen_photo"),
            ("flat numbers", "relief", "flat"),
            ("embossed numbers", "relief", "embossed"),
        )
    ),
    *(
        Row(name=f"{name}: loss", file="cards", suite=suite, told=_loss)
        for name, suite in (
            ("turned by 90 degrees", "turned90"),
            ("turned by 180 degrees", "turned180"),
            ("turned by 270 degrees", "turned270"),
            ("tilted by 5 to 25 degrees", "tilted"),
            ("number line 320 pixels long", "small"),
        )
    ),
    Row(name="wrong among confidences of 0.99 and more", file="cards", suite="pictures", told=_sure),
    Row(name="no card number in view: one returned", file="negatives", suite="pictures", told=_hits("negatives")),
    Row(name="two to three digits covered: a number returned", file="cards", suite="covered", told=_hits("negatives")),
    Row(name="number line hidden: a number returned", file="cards", suite="hidden", told=_hits("negatives")),
    Row(name="cut off by the picture's edge: a number returned", file="cards", suite="cut", told=_hits("negatives")),
    Row(
        name="drawn pictures without a readable number: one returned",
        file="unreadable",
        suite="pictures",
        told=_hits("negatives"),
    ),
    Row(
        name="recognizer alone, crops of 3 or 4 embossed digits: exact",
        file="crops4",
        suite="crops",
        told=_rate("crops"),
    ),
    Row(name="1280 x 960 JPEG: median / p95", file="speed", suite="1280x960", told=_times, timed=True),
    Row(name="12-megapixel JPEG: median / p95", file="speed", suite="4032x3024", told=_times, timed=True),
    Row(
        name="two threads against one",
        file="speed",
        suite="threads",
        told=_plain("speed_up", " x", 2),
        timed=True,
        engineless=True,
    ),
    Row(
        name="fresh process to first result",
        file="speed",
        suite="start",
        told=_plain("process_ms", " ms"),
        timed=True,
        engineless=True,
    ),
    Row(
        name="resident memory after 10,000 pictures of mixed sizes",
        file="memory",
        suite="memory",
        told=_plain("end_mb", " MB"),
        engineless=True,
    ),
    Row(
        name="its growth over the last 9,000",
        file="memory",
        suite="memory",
        told=_plain("growth_mb", " MB", 1),
        engineless=True,
    ),
)

CHINESE = {
    "photographs of many cards: whole number exact": "多种银行卡的照片：卡号完全正确",
    "photographs of many cards: whole number wrong": "多种银行卡的照片：返回了错误卡号",
    "photographs of many cards: whole number refused": "多种银行卡的照片：拒识",
    "one bank's specimen cards: exact": "某一家银行的样卡：正确",
    "specimens: exact": "样卡：正确",
    "scans: exact": "扫描件：正确",
    "flat numbers: exact": "平印卡号：正确",
    "embossed numbers: exact": "凸字卡号：正确",
    "turned by 90 degrees: loss": "旋转 90 度：正确率下降",
    "turned by 180 degrees: loss": "旋转 180 度：正确率下降",
    "turned by 270 degrees: loss": "旋转 270 度：正确率下降",
    "tilted by 5 to 25 degrees: loss": "倾斜 5 至 25 度：正确率下降",
    "number line 320 pixels long: loss": "卡号一行只有 320 像素长：正确率下降",
    "wrong among confidences of 0.99 and more": "置信度达到 0.99 的结果中，错误的",
    "no card number in view: one returned": "画面中没有卡号：返回了卡号的",
    "two to three digits covered: a number returned": "遮住两三位数字：返回了卡号的",
    "number line hidden: a number returned": "卡号一行被遮住：返回了卡号的",
    "cut off by the picture's edge: a number returned": "卡号被图片边缘截断：返回了卡号的",
    "drawn pictures without a readable number: one returned": "没有可读卡号的绘制图片：返回了卡号的",
    "recognizer alone, crops of 3 or 4 embossed digits: exact": "仅识别模型，3 至 4 位凸字的裁剪图：正确",
    "1280 x 960 JPEG: median / p95": "1280 × 960 的 JPEG：中位数 / p95",
    "12-megapixel JPEG: median / p95": "1200 万像素的 JPEG：中位数 / p95",
    "two threads against one": "两线程相对单线程",
    "fresh process to first result": "从启动进程到第一个结果",
    "resident memory after 10,000 pictures of mixed sizes": "识别 10,000 张大小不一的图片之后的常驻内存",
    "its growth over the last 9,000": "其中后 9,000 张期间的增长",
    NOTHING: "尚未提交任何数据：用 `bankcard-ocr bench` 生成。",
    "Shares are macro averages over cards (of confidences, crops and what has no number: over pictures), "
    "with 95 % intervals": "比例为按卡的宏平均（置信度、裁剪图和没有卡号的图片按图片计），括号内为 95 % 置信区间",
    ". Times are of one thread on ": "。耗时为单线程，测于 ",
    ". Those taken while the machine had other work are left out": "。机器另有负载时测得的耗时未列出",
    f". {SOURCES}": "。本表所依据的 `bench/results` 中的文件都写明了所用的机器和生成它的命令。",
    " points |": " 个百分点 |",
    " x |": " 倍 |",
    ") of ": ")，共 ",
    " of ": " / ",
    " %": "%",
}
"""What a table says, in the order in which it is replaced."""


def main(arguments: Sequence[str]) -> int:
    """Writes the table, or with ``--check`` only tells whether it is stale; the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("readme", type=Path)
    parser.add_argument("results", type=Path)
    chosen = parser.parse_args(arguments)
    results = read(chosen.results)
    chinese = chosen.readme.with_suffix(".zh-CN.md")
    made = {
        page: rewritten(page.read_text(encoding="utf-8"), results, is_chinese=page == chinese)
        for page in (chosen.readme, chinese)
        if page == chosen.readme or page.exists()
    }
    made[chosen.readme.parent / "docs" / "threshold.svg"] = threshold_plot(results)
    old = {path: path.read_text(encoding="utf-8") if path.exists() else "" for path in made}
    stale = {path: text for path, text in made.items() if text and text != old[path]}
    if chosen.check:
        return int(bool(stale))
    for path, text in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
