"""What is to be measured on a folder, and its carrying out: suite by suite, engines in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from . import metrics, run, speed, suites
from .labels import Label
from .report import Failure, failures_of
from .run import Cases, CropEngine, Engine, Reads
from .suites import Sample, Suite

PICTURE_SUITES: Mapping[str, Suite] = {suite.name: suite for suite in suites.SUITES}
PROCESS_SUITES: Mapping[str, str] = {
    "crops": "the recognizer alone, on crops with a column label",
    "start": "milliseconds to the first result of a fresh process",
    "memory": "resident memory while pictures of mixed sizes are read",
    "threads": "pictures a second of several threads against one",
}
ALIASES: Mapping[str, tuple[str, ...]] = {
    "robust": ("turned90", "turned180", "turned270", "tilted", "small", "covered", "hidden"),
    "speed": ("1280x960", "4032x3024", "start", "memory", "threads"),
}
SPEED_PICTURES = 36  # pictures, each made in another size, that the suites memory and threads go through

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured: the pictures of ``folder`` that ``labels`` name, in these suites, reported by these columns."""

    folder: Path
    labels: Sequence[Label]
    suites: Sequence[str] = ("pictures",)
    strata: Sequence[str] = run.STRATA
    threads: int = 2
    memory_pictures: int = speed.MEMORY_PICTURES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Measured:
    """The figures of each suite as JSON data, and the failures of the first engine."""

    suites: dict[str, Any]
    failures: list[Failure]


def names(wanted: Iterable[str]) -> list[str]:
    """The suites that ``wanted`` names, shorthands resolved, each once. Raises ValueError naming an unknown one."""
    found: dict[str, None] = {}
    for name in wanted:
        for each in ALIASES.get(name, (name,)):
            if each not in PICTURE_SUITES and each not in PROCESS_SUITES:
                raise ValueError(name)
            found[each] = None
    return list(found)


def carry_out(
    plan: Plan, engines: Sequence[Engine], reader: Reads | None = None, progress: Progress | None = None
) -> Measured:
    """What the engines do on each suite of ``plan``. ``reader`` is needed by the suite ``threads`` alone."""
    told: dict[str, Any] = {}
    failures: list[Failure] = []
    upright: Cases | None = None
    for name in plan.suites:
        if name in PICTURE_SUITES:
            suite = PICTURE_SUITES[name]
            cases = run.measure(engines, _noted(_samples(plan, suite), name, len(plan.labels), progress))
            upright = cases if name == "pictures" else upright
            told[name] = {"summary": suite.summary, "engines": _figures(plan, cases, upright, own=name == "pictures")}
            failures += failures_of(name, cases[engines[0].name])
        elif name == "crops":
            told[name] = {"summary": PROCESS_SUITES[name], "engines": _crops(plan, engines, progress)}
        else:
            told[name] = {"summary": PROCESS_SUITES[name], "engines": {}, "figures": _process(plan, name, reader)}
    return Measured(suites=told, failures=failures)


def with_pictures(plan: Plan, failures: Iterable[Failure]) -> list[Failure]:
    """``failures`` with their pictures, made anew; the report masks them."""
    shown = []
    labels = {label.file: label for label in plan.labels}
    for failure in failures:
        (sample,) = suites.read(plan.folder, [labels[failure.case.label.file]])
        shown.append(replace(failure, sample=PICTURE_SUITES[failure.suite].derive(sample)))
    return shown


def _samples(plan: Plan, suite: Suite) -> Iterator[Sample]:
    for sample in suites.read(plan.folder, plan.labels):
        made = suite.derive(sample)
        if made is not None:
            yield made


def _noted(samples: Iterable[Sample], name: str, total: int, progress: Progress | None) -> Iterator[Sample]:
    for place, sample in enumerate(samples):
        if progress:
            progress(name, place, total)
        yield sample
    if progress:
        progress(name, total, total)


def _figures(plan: Plan, cases: Cases, upright: Cases | None, *, own: bool) -> dict[str, Any]:
    found = {}
    for engine, some in cases.items():
        figures = run.figures(some, plan.strata)
        found[engine] = run.with_loss(figures, some, upright[engine]) if upright and not own else figures
    return found


def _crops(plan: Plan, engines: Sequence[Engine], progress: Progress | None) -> dict[str, Any]:
    able = [engine for engine in engines if isinstance(engine, CropEngine)]
    hits = dict.fromkeys((engine.name for engine in able), 0)
    for sample in _noted(suites.read(plan.folder, plan.labels), "crops", len(plan.labels), progress):
        want = _bare(sample.label.strata.get("label", ""))
        for engine in able:
            hits[engine.name] += _bare(engine.crop(sample.data)) == want
    return {name: {"crops": asdict(metrics.count(hit, len(plan.labels)))} for name, hit in hits.items()}


def _bare(text: str) -> str:
    """``text`` without gaps, which labels write as ``_``."""
    return text.replace("_", "").replace(" ", "")


def _process(plan: Plan, name: str, reader: Reads | None) -> dict[str, Any]:
    some = list(islice(suites.read(plan.folder, plan.labels), SPEED_PICTURES))
    if name == "start":
        return speed.start(some[0].data)
    if name == "memory":
        return speed.memory(some, pictures=plan.memory_pictures)
    if reader is None:
        raise ValueError("threads need a reader")
    return speed.threads(reader, [sample.data for sample in some], plan.threads)
