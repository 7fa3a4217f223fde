"""Suites carried out on a small folder of drawn pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bankcard_ocr.bench import plan, run, speed
from bankcard_ocr.bench.labels import Label
from bankcard_ocr.bench.metrics import Answer
from bankcard_ocr.bench.plan import Plan
from bankcard_ocr.errors import NoCardFound
from bankcard_ocr.numbers.pan import digest

VISA = "4111111111111111"
QUAD = ((10.0, 50.0), (409.0, 50.0), (409.0, 79.0), (10.0, 79.0))


@pytest.fixture
def folder(tmp_path):
    for name, grey in (("a.png", 100), ("b.png", 200)):
        cv2.imwrite(str(tmp_path / name), np.full((120, 420, 3), grey, np.uint8))
    return tmp_path


class Sized:
    """Returns a number on lying pictures only, and knows what it was shown."""

    name = "sized"

    def __init__(self):
        self.sizes = []

    def answer(self, data):
        height, width = cv2.imdecode(np.frombuffer(data, np.uint8), 1).shape[:2]
        self.sizes.append((width, height))
        return Answer(number=VISA if width > height else None, ms=1.0, confidence=0.9 if width > height else None)

    def facts(self):
        return {}


class Cropping(Sized):
    name = "cropping"

    def crop(self, data):
        return "01 2"


class Refusing:
    def read(self, data, options=None):
        raise NoCardFound


def carried_out(work, engines, progress=lambda *_: None) -> plan.Measured:
    return plan.carry_out(work, engines, Refusing(), progress)


def labelled(**columns) -> Label:
    facts = {"number_sha256": digest(VISA), "group": "g", "length": 16, "number_quad": QUAD}
    return Label(**{**facts, **columns})


def planned(folder, *names, labels=None) -> Plan:
    chosen = labels or [labelled(file="a.png"), labelled(file="b.png", number_sha256=None, number_quad=None)]
    return Plan(folder=folder, labels=chosen, suites=names)


def test_names() -> None:
    """Shorthands stand for their suites, each named once, in order."""
    assert ["tilted", "turned90", "turned180", "turned270", "small", "covered", "hidden", "cut"] == plan.names(
        ["tilted", "robust"]
    )


def test_unknown_name() -> None:
    """An unknown suite is named."""
    with pytest.raises(ValueError, match="sideways"):
        plan.names(["sideways"])


def test_turned_loses_against_upright(folder) -> None:
    """An engine that reads lying pictures only loses all of them when they are turned."""
    told = carried_out(planned(folder, "pictures", "turned90"), [Sized()]).suites
    assert (1.0, {"pictures": 1, "exact": 1.0, "wrong": 0.0}) == (
        told["pictures"]["engines"]["sized"]["all"]["exact"]["value"],
        told["turned90"]["engines"]["sized"]["loss"],
    )


def test_no_loss_without_upright(folder) -> None:
    """Without the pictures as they are there is nothing to lose against."""
    told = carried_out(planned(folder, "turned90"), [Sized()]).suites
    assert "loss" not in told["turned90"]["engines"]["sized"]


def test_covered_counts_negatives(folder) -> None:
    """A number returned on a covered picture is counted, and a failure of that suite."""
    measured = carried_out(planned(folder, "covered"), [Sized()])
    negatives = measured.suites["covered"]["engines"]["sized"]["negatives"]
    assert ((1, 1), ["covered"]) == (
        (negatives["hits"], negatives["total"]),
        [failure.suite for failure in measured.failures],
    )


def test_failures_of_every_engine_are_told(folder) -> None:
    """Those of peers, too."""
    measured = carried_out(planned(folder, "covered", "turned90"), [Sized(), Cropping()])
    assert [("covered", "sized"), ("covered", "cropping"), ("turned90", "sized"), ("turned90", "cropping")] == [
        (failure.suite, failure.engine) for failure in measured.failures
    ]


def test_unused_pictures_are_left_out(folder) -> None:
    """A picture without a labelled place of its number is not in the suites that need it."""
    engine = Sized()
    carried_out(planned(folder, "small"), [engine])
    assert 2 == len(engine.sizes)  # one picture, warmed up on and measured


def test_failures_get_their_pictures(folder) -> None:
    """The picture of a failure is the one of its suite."""
    work = planned(folder, "turned90")
    (failure,) = plan.with_pictures(work, carried_out(work, [Sized()]).failures)
    shape = cv2.imdecode(np.frombuffer(failure.sample.data, np.uint8), 1).shape[:2]
    assert (420, 120) == shape


def test_pictures_of_failures_are_made_one_at_a_time(folder) -> None:
    """A report of thousands of failures never holds all of their pictures: the next is read when it is asked for."""
    work = planned(folder, "turned90")
    (failure,) = carried_out(work, [Sized()]).failures
    found = plan.with_pictures(work, [failure, failure])
    first = next(found).sample
    (folder / "a.png").unlink()
    assert (True, None) == (first is not None, next(found).sample)


def test_crops(folder) -> None:
    """Crops are compared digit by digit, gaps left out, by those engines that can."""
    crops = [
        Label(file="a.png", number_sha256=None, group="a", strata={"label": "0_12"}),
        Label(file="b.png", number_sha256=None, group="b", strata={"label": "0121"}),
    ]
    told = carried_out(planned(folder, "crops", labels=crops), [Sized(), Cropping()]).suites["crops"]["engines"]
    assert {"cropping": (1, 2)} == {
        name: (found["crops"]["hits"], found["crops"]["total"]) for name, found in told.items()
    }


def test_crops_without_a_label_are_left_out(folder) -> None:
    """A crop whose label is empty is not compared with nothing."""
    crops = [
        Label(file="a.png", number_sha256=None, group="a", strata={"label": "012"}),
        Label(file="b.png", number_sha256=None, group="b", strata={"label": " _"}),
    ]
    told = carried_out(planned(folder, "crops", labels=crops), [Cropping()]).suites["crops"]
    assert (1, 2, 1) == (told["used"], told["labelled"], told["engines"]["cropping"]["crops"]["total"])


def test_a_picture_that_is_gone_is_left_out(folder) -> None:
    """Who deletes a picture in the middle of a run loses that picture, not the run."""
    work = planned(folder, "turned90")
    failures = carried_out(work, [Sized()]).failures
    (folder / "a.png").unlink()
    told = carried_out(work, [Sized()]).suites["turned90"]
    assert ((1, 2), [None]) == (
        (told["used"], told["labelled"]),
        [failure.sample for failure in plan.with_pictures(work, failures)],
    )


@pytest.mark.parametrize("name", ["start", "memory"])
def test_nothing_is_measured_of_no_picture(folder, name) -> None:
    """Where every picture is gone a process has nothing to read, and no figures."""
    for path in folder.iterdir():
        path.unlink()
    assert {} == carried_out(planned(folder, name), [Sized()]).suites[name]["figures"]


def test_threads(folder) -> None:
    """The suite threads reads with the reader and tells its rates."""
    told = carried_out(planned(folder, "threads"), [Sized()]).suites["threads"]
    assert ({}, 2) == (told["engines"], told["figures"]["threads"])


def test_start_and_memory_are_handed_on(folder, monkeypatch) -> None:
    """Start gets the first picture's bytes, memory the pictures and how many to read."""
    monkeypatch.setattr(speed, "start", lambda data: {"bytes": len(data)})
    monkeypatch.setattr(speed, "memory", lambda samples, *, pictures: {"samples": len(samples), "pictures": pictures})
    told = carried_out(planned(folder, "start", "memory"), [Sized()]).suites
    assert ({"bytes": (folder / "a.png").stat().st_size}, {"samples": 2, "pictures": 10_000}) == (
        told["start"]["figures"],
        told["memory"]["figures"],
    )


def test_progress(folder) -> None:
    """Progress is told before each picture and at the end."""
    seen = []
    carried_out(planned(folder, "pictures"), [Sized()], progress=lambda *told: seen.append(told))
    assert [("pictures", 0, 2), ("pictures", 1, 2), ("pictures", 2, 2)] == seen


def test_own_engine_has_a_recognizer() -> None:
    """The package's engine can be asked for crops; bytes that are no picture have no digits."""
    engine = run.ReaderEngine(Refusing())
    assert (True, "") == (isinstance(engine, run.CropEngine), engine.crop(b"x"))
