"""What is to be measured on a folder, and its carrying out: suite by suite, engines in turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..reading import PictureReader
from ..vision.image import MAX_BYTES
from . import metrics, run, speed, suites
from .failures import Failure, failures_of
from .labels import Label
from .run import Cases, CropEngine, Engine
from .suites import Sample, Suite

PICTURE_SUITES: Mapping[str, Suite] = {suite.name: suite for suite in suites.SUITES}
PROCESS_SUITES: Mapping[str, str] = {
    "crops": "the recognizer alone, on crops with a column label",
    "start": "milliseconds to the first result of a fresh process",
    "memory": "resident memory while pictures of mixed sizes are read",
    "threads": "pictures a second of several threads against one",
}
NEEDS: Mapping[str, str] = {
    **dict.fromkeys(("small", "covered", "hidden", "cut"), "number_quad"),
    "crops": "label",
}
"""The column of the labels without which a suite has no use for a picture."""
ALIASES: Mapping[str, tuple[str, ...]] = {
    "robust": ("turned90", "turned180", "turned270", "tilted", "small", "covered", "hidden", "cut"),
    "speed": ("1280x960", "4032x3024", "start", "memory", "threads"),
}
SPEED_PICTURES = 36  # pictures, each made in another size, that the suites memory and threads go through

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured: the pictures of ``folder`` that ``labels`` name, in these suites, reported by these columns.

    Pictures of more than ``max_bytes`` cannot be decoded.
    """

    folder: Path
    labels: Sequence[Label]
    suites: Sequence[str] = ("pictures",)
    strata: Sequence[str] = run.STRATA
    threads: int = 2
    memory_pictures: int = speed.MEMORY_PICTURES
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Measured:
    """The figures of each suite as JSON data, and the failures."""

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


def usable(suite: str, labels: Iterable[Label]) -> list[Label]:
    """Those of ``labels`` that have the column that ``suite`` needs."""
    need = NEEDS.get(suite)
    if need == "number_quad":
        return [label for label in labels if label.number_quad is not None]
    return [label for label in labels if need is None or _bare(label.strata.get(need, ""))]


def undecodable(plan: Plan, progress: Progress) -> dict[str, str]:
    """Why pictures of ``plan`` cannot be decoded, by their names: of these no engine can say anything."""
    samples = suites.read(plan.folder, plan.labels)
    return suites.undecodable(_noted(samples, "decodable", len(plan.labels), progress), plan.max_bytes)


def without(plan: Plan, files: Collection[str]) -> Plan:
    """``plan`` without the pictures called ``files``."""
    return replace(plan, labels=[label for label in plan.labels if label.file not in files])


def carry_out(plan: Plan, engines: Sequence[Engine], reader: PictureReader, progress: Progress) -> Measured:
    """What the engines do on each suite of ``plan``, and ``reader`` in the suite ``threads``.

    ``used`` counts the pictures of a suite, of so many as are ``labelled``: it has no use for the others, or they
    could not be read.
    """
    told: dict[str, Any] = {}
    failures: list[Failure] = []
    upright: Cases | None = None
    for name in plan.suites:
        if name in PICTURE_SUITES:
            suite = PICTURE_SUITES[name]
            cases = run.measure(engines, _noted(_samples(plan, suite), name, len(plan.labels), progress))
            upright = cases if name == "pictures" else upright
            figures = _figures(plan, cases, upright, own=name == "pictures")
            told[name] = {"summary": suite.summary, **_counts(plan, len(cases[engines[0].name])), "engines": figures}
            failures += failures_of(name, cases)
        elif name == "crops":
            used, figures = _crops(plan, engines, progress)
            told[name] = {"summary": PROCESS_SUITES[name], **_counts(plan, used), "engines": figures}
        else:
            told[name] = {"summary": PROCESS_SUITES[name], "engines": {}, "figures": _process(plan, name, reader)}
    return Measured(suites=told, failures=failures)


def with_pictures(plan: Plan, failures: Iterable[Failure]) -> Iterator[Failure]:
    """``failures`` with their pictures, one at a time, made anew unless they are gone; the report masks them."""
    labels = {label.file: label for label in plan.labels}

    def made(failure: Failure) -> Sample | None:
        (*found,) = suites.read(plan.folder, [labels[failure.case.label.file]])
        return PICTURE_SUITES[failure.suite].derive(found[0]) if found else None

    return (replace(failure, sample=made(failure)) for failure in failures)


def _samples(plan: Plan, suite: Suite) -> Iterator[Sample]:
    for sample in suites.read(plan.folder, plan.labels):
        made = suite.derive(sample)
        if made is not None:
            yield made


def _counts(plan: Plan, used: int) -> dict[str, int]:
    return {"used": used, "labelled": len(plan.labels)}


def _noted(samples: Iterable[Sample], name: str, total: int, progress: Progress) -> Iterator[Sample]:
    for place, sample in enumerate(samples):
        progress(name, place, total)
        yield sample
    progress(name, total, total)


def _figures(plan: Plan, cases: Cases, upright: Cases | None, *, own: bool) -> dict[str, Any]:
    found = {}
    for engine, some in cases.items():
        figures = run.figures(some, plan.strata)
        found[engine] = run.with_loss(figures, some, upright[engine]) if upright and not own else figures
    return found


def _crops(plan: Plan, engines: Sequence[Engine], progress: Progress) -> tuple[int, dict[str, Any]]:
    labels, used = usable("crops", plan.labels), 0
    able = [engine for engine in engines if isinstance(engine, CropEngine)]
    hits = dict.fromkeys((engine.name for engine in able), 0)
    for sample in _noted(suites.read(plan.folder, labels), "crops", len(labels), progress):
        used += 1
        want = _bare(sample.label.strata["label"])
        for engine in able:
            hits[engine.name] += _bare(engine.crop(sample.data)) == want
    return used, {name: {"crops": asdict(metrics.count(hit, used))} for name, hit in hits.items()}


def _bare(text: str) -> str:
    """``text`` without gaps, which labels write as ``_``."""
    return text.replace("_", "").replace(" ", "")


def _process(plan: Plan, name: str, reader: PictureReader) -> dict[str, Any]:
    some = list(islice(suites.read(plan.folder, plan.labels), SPEED_PICTURES))
    if not some:
        return {}
    if name == "start":
        return speed.start(some[0].data)
    if name == "memory":
        return speed.memory(some, pictures=plan.memory_pictures)
    return speed.threads(reader, [sample.data for sample in some], plan.threads)
