"""``bankcard-ocr bench DIR``: the engine, and peers beside it, measured on a folder of labelled pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BankcardError
from ..numbers.masking import masked_name
from .limits import SERVER, MaxBytes, PictureType, Threshold
from .outputs import keep_inputs, reporting_errors

if TYPE_CHECKING:
    from ..bench.labels import Label
    from ..bench.plan import Progress
    from ..bench.run import Engine
    from ..reading import Options, PictureReader

NAMED = 5  # of the pictures that are missing


class Peer(StrEnum):
    """Other engines that can be measured beside."""

    rapidocr = "rapidocr"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The pictures.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the figures go, as JSON.", dir_okay=False)],
    labels: Annotated[
        Path | None, typer.Option(help="What stands on them; DIR/labels.csv by default.", exists=True, dir_okay=False)
    ] = None,
    peers: Annotated[list[Peer] | None, typer.Option(help="Another engine to measure in the same run.")] = None,
    peers_only: Annotated[bool, typer.Option("--peers-only", help="Measure the peers alone.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report with plots too.", dir_okay=False)] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Show the failures' pictures in it, the number's middle digits masked.")
    ] = False,
    suite: Annotated[
        list[str] | None,
        typer.Option(help="pictures, turned90, …, robust, speed, crops; may be repeated. See docs/bench.md."),
    ] = None,
    by: Annotated[list[str] | None, typer.Option(help="A column of the labels to report by; may be repeated.")] = None,
    only: Annotated[str | None, typer.Option(metavar="COLUMN=VALUE", help="Only pictures labelled so.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many pictures.")] = None,
    type_: PictureType = "photo",
    threshold: Threshold = SERVER.threshold,
    max_bytes: MaxBytes = SERVER.max_picture_bytes,
    threads: Annotated[int, typer.Option(min=2, help="What the suite 'threads' compares with one.")] = 2,
    memory_pictures: Annotated[int, typer.Option(min=200, help="Pictures that the suite 'memory' reads.")] = 10_000,
    title: Annotated[str | None, typer.Option(help="What the result is called; the folder's name by default.")] = None,
) -> None:
    """Measure the engine on labelled pictures: exact, wrong, refused, calibration, latency. No number is written."""
    from ..bench import machine, plan, report, run
    from ..reading import Options

    labels = labels or folder / "labels.csv"
    chosen = _labels(folder, labels, only, limit)
    _check_columns(by or [], chosen)
    work = plan.Plan(
        folder=folder,
        labels=chosen,
        suites=_suites(suite, chosen),
        strata=by or run.STRATA,
        threads=threads,
        memory_pictures=memory_pictures,
        max_bytes=max_bytes,
    )
    reader, engines = make_engines(peers or [], Options(type=type_, threshold=threshold or None), max_bytes)
    if peers_only:
        engines = engines[1:]
    if not engines:
        raise typer.BadParameter("--peers-only needs --peers")
    _check_places({"--out": out, "--html": html}, [labels, *(folder / label.file for label in chosen)])
    with _bar() as progress:
        undecodable = plan.undecodable(work, progress)
        work = plan.without(work, undecodable)
        before = machine.busy()
        try:
            measured = plan.carry_out(work, engines, reader, progress)
        except KeyboardInterrupt:
            typer.echo("stopped: nothing is written of what was measured", err=True)
            raise
    result = run.result(
        title=title or folder.resolve().name,
        command=told_command(sys.argv[1:]),
        made=datetime.now(UTC),
        engines=engines,
        suites=measured.suites,
        undecodable=undecodable,
        other_cores=machine.others(before, machine.busy()),
    )
    try:
        _write(out, json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "--out")
        if html:
            failures = plan.with_pictures(work, measured.failures) if pictures else measured.failures
            _write(html, report.page(result, failures), "--html")
    finally:  # what was measured is told where it cannot be written after all
        typer.echo(report.text(result).encode(sys.stdout.encoding, "replace"))
    if not any(each.get("used", len(work.labels)) for each in measured.suites.values()):
        raise BankcardError("nothing was measured: no picture could be used")


def make_engines(peers: Sequence[Peer], options: Options, max_bytes: int) -> tuple[PictureReader, list[Engine]]:
    """The package's reader, and all engines to measure, that one first; each on one thread."""
    import cv2

    from ..bench import machine, run
    from ..bench.peers import RapidOCR
    from ..reader import Reader

    cv2.setNumThreads(1)
    reader = Reader(max_bytes=max_bytes)
    weights = machine.models(Path(str(resources.files("bankcard_ocr.vision").joinpath("weights"))))
    own = run.ReaderEngine(reader, options=options, models=weights, recognizer=reader.recognizer)
    engines: list[Engine] = [own]
    make = {Peer.rapidocr: RapidOCR}
    return reader, engines + [make[peer]() for peer in dict.fromkeys(peers)]


def told_command(arguments: Sequence[str]) -> str:
    """The command line as it may be published: paths are cut to their names, also behind an option's ``=``."""
    named = (part.rpartition("=") if part.startswith("--") else ("", "", part) for part in arguments)
    return " ".join(["bankcard-ocr", *(f"{option}{is_}{Path(given).name or given}" for option, is_, given in named)])


def _check_places(places: Mapping[str, Path | None], inputs: Iterable[Path]) -> None:
    """Makes sure that files can be written at ``places``, by their options, before hours are measured.

    What is there stays as it is, for a run may fail. Raises typer.BadParameter where it is one of ``inputs``, or the
    places are one; BankcardError where none can be written.
    """
    found = {option: place.resolve() for option, place in places.items() if place}
    if len(set(found.values())) < len(found):
        raise typer.BadParameter(f"{' and '.join(found)} are one file; choose another for one of them")
    names = list(map(str, inputs))
    for option, place in found.items():
        keep_inputs(place, names, option)
        is_new = not place.exists()
        if is_new or place.is_file():  # not a pipe, which who reads it would take for ended
            with reporting_errors(place, f"choose another {option}"):
                place.open("ab").close()
                if is_new:
                    place.unlink()


def _write(place: Path, text: str, option: str) -> None:
    with reporting_errors(place, f"choose another {option}"):
        place.write_text(text, encoding="utf-8")


def _labels(folder: Path, path: Path, only: str | None, limit: int | None) -> list[Label]:
    from ..bench import labels, run, suites

    try:
        found = labels.load(path)
    except OSError as error:
        raise typer.BadParameter(f"cannot read {path}: {error.strerror}; see docs/bench.md") from None
    except labels.LabelsError as error:
        raise typer.BadParameter(str(error)) from None
    if only is not None:
        column, sign, value = only.partition("=")
        if not sign:
            raise typer.BadParameter("--only takes COLUMN=VALUE, such as relief=flat")
        found = run.only(found, column, value)
    found = found[:limit]
    absent = suites.missing(folder, found)
    if absent:
        some = ", ".join(map(masked_name, absent[:NAMED])) + (", …" if len(absent) > NAMED else "")
        raise typer.BadParameter(
            f"{len(absent)} of {len(found)} labelled pictures are not in {folder}, or not readable: {some}"
        )
    if not found:
        raise typer.BadParameter(f"no picture is labelled {only}")
    return found


def _suites(wanted: Sequence[str] | None, labels: Sequence[Label]) -> list[str]:
    from ..bench import plan

    crops = all(label.number_sha256 is None and label.strata.get("label") for label in labels)
    wanted = wanted or (["crops"] if crops else ["pictures"])
    try:
        found = plan.names(wanted)
    except ValueError as error:
        known = ", ".join([*plan.PICTURE_SUITES, *plan.PROCESS_SUITES, *plan.ALIASES])
        raise typer.BadParameter(f"there is no suite {error}; there are {known}") from None
    kept = [name for name in found if plan.usable(name, labels)]
    for name in found:
        told = f"no picture can be used for the suite {name}: it needs the column {plan.NEEDS.get(name)} of the labels"
        if name in wanted and name not in kept:
            raise typer.BadParameter(f"{told}; see docs/bench.md")
        if name not in kept:
            typer.echo(f"left out: {told}", err=True)
    return kept


def _check_columns(wanted: Sequence[str], labels: Sequence[Label]) -> None:
    """Raises typer.BadParameter for a column to report by that no picture has."""
    columns = dict.fromkeys(column for label in labels for column, value in label.strata.items() if value)
    for column in wanted:
        if column not in columns:
            known = ", ".join(columns) or "none"
            raise typer.BadParameter(f"no picture has a value in the column {column} to report --by; there are {known}")


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on the terminal's error output; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        tasks = {}

        def progress(suite: str, done: int, total: int) -> None:
            if suite not in tasks:
                tasks[suite] = bar.add_task(suite, total=total)
            bar.update(tasks[suite], completed=done)

        yield progress
