"""The README's table of figures and the plot of what a threshold costs, generated from the committed results.

    python -m bankcard_ocr.bench.readme README.md bench/results      writes it between the marks, and docs/threshold.svg
    python -m bankcard_ocr.bench.readme --check README.md bench/results    exit status 1 when it is stale

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

from . import report

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
OWN = "bankcard-ocr"
PEERS = {"rapidocr": "RapidOCR"}
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


def rewritten(readme: str, results: Results) -> str:
    """``readme`` with the table of ``results`` between its marks. Raises ValueError when it has no marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table(results)}\n{END}{after}"


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
    return note + " Every file in `bench/results` names its machine and the command that made it."


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


def main(arguments: Sequence[str]) -> int:
    """Writes the table, or with ``--check`` only tells whether it is stale; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bankcard_ocr.bench.readme")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("readme", type=Path)
    parser.add_argument("results", type=Path)
    chosen = parser.parse_args(arguments)
    results = read(chosen.results)
    made = {
        chosen.readme: rewritten(chosen.readme.read_text(encoding="utf-8"), results),
        chosen.readme.parent / "docs" / "threshold.svg": threshold_plot(results),
    }
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
