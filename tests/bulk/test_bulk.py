"""Runs over many pictures: every row once, whatever happens. The reader is a stand-in that does as pictures say."""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr import bulk
from bankcard_ocr.bulk import cluster
from bankcard_ocr.bulk.parts import Parts, whole
from bankcard_ocr.bulk.plan import Chunk, _cut, _numbered, pictures, plan
from bankcard_ocr.bulk.worker import Job, Worker, _answer, _row, _signal, _work, card, row
from bankcard_ocr.errors import BulkError, BulkMisuse, NotAPicture, NumberUnreadable
from bankcard_ocr.numbers import iin
from bankcard_ocr.numbers.pan import fingerprint, mask
from bankcard_ocr.platform.detail import ISSUER
from bankcard_ocr.reading import THRESHOLD, Options, Reading
from bankcard_ocr.vision import files

HERE = Path(__file__).parent
NUMBER = "6205500000000000004"
QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
MASKED = "620550*********0004"
READER = "fake_reader:Reader"
RUN = """
import sys, time
from pathlib import Path
from bankcard_ocr import bulk
from bankcard_ocr.bulk.worker import Job

if __name__ == "__main__":
    source, out, engine = sys.argv[1:]
    job = Job(reader="fake_reader:Reader", timeout_s=60)
    bulk.run(source, Path(out), job, engine=engine, workers=2, progress=lambda *told: print(*told, flush=True))
"""


@pytest.fixture
def made(tmp_path, monkeypatch) -> Path:
    """A folder in which each reader that is made leaves a mark; processes find the stand-in."""
    folder = tmp_path / "made"
    folder.mkdir()
    monkeypatch.setenv("MADE", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.syspath_prepend(HERE)
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    """Pictures of each outcome, in two folders."""
    place = tmp_path / "in"
    (place / "sub").mkdir(parents=True)
    words = {"a.jpg": NUMBER, "b.png": "empty", "c.jpg": "what", "sub/d.JPG": NUMBER, "notes.txt": NUMBER}
    for name, word in words.items():
        (place / name).write_text(word)
    return place


def numbered(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        (folder / f"{n:04}.jpg").write_text(NUMBER)
    return folder


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def rows_of_json(source: Path, place: Path) -> list[dict]:
    bulk.run(str(source), place / "same.jsonl", Job(reader=READER), workers=1)
    return rows(place / "same.jsonl")


def told(out: Path) -> list[tuple]:
    return [(row["name"], row["outcome"], row["number"], row["errcode"]) for row in rows(out)]


def test_what_cannot_be_read_is_a_row(folder, made, tmp_path):
    """A link that leads nowhere and a pipe, for which nobody waits: a picture is never missing without a word."""
    os.mkfifo(folder / "pipe.jpg")
    os.mkfifo(folder / "pipe.zip")
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    out = tmp_path / "out.jsonl"
    bulk.run(str(folder), out, Job(reader=READER), workers=1)

    assert [(name, "no picture", None, 101002) for name in ("gone.jpg", "pipe.jpg", "pipe.zip")] == [
        row for row in told(out) if row[0].startswith(("gone", "pipe"))
    ]


def test_a_folder_becomes_rows_in_the_order_of_names(folder, made, tmp_path):
    """Every picture below the folder is a row with what became of it, numbers masked."""
    summary = bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    assert (
        [
            ("a.jpg", "read", MASKED, 0),
            ("b.png", "refused", None, 101001),
            ("c.jpg", "no picture", None, 101002),
            ("sub/d.JPG", "read", MASKED, 0),
        ],
        {"no picture": 1, "read": 2, "refused": 1},
        ["in", "made", "out.jsonl"],
    ) == (told(tmp_path / "out.jsonl"), summary.outcomes, sorted(file.name for file in tmp_path.iterdir()))


def test_rows_tell_the_issuer(folder, made, tmp_path):
    """By the names of ``read``, from the number alone; null where no number was read."""
    bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)
    read, refused, *_ = rows(tmp_path / "out.jsonl")
    unknown = dict.fromkeys(("bank_name", "bank_name_en", "card_name"))

    assert [{**unknown, "card_type": "unknown", "network": "unionpay", "bin": "62"}, dict.fromkeys(ISSUER)] == [
        {name: row[name] for name in ISSUER} for row in (read, refused)
    ]


@pytest.mark.parametrize(
    ("pan", "number", "bin_"),
    [
        ("full", "6205500000000000004", "62055000"),
        ("masked", "6205500000000000004", "620550"),
        ("masked", "62055000000004", "62055"),
        ("fingerprint", "6205500000000000004", "620550"),
    ],
)
def test_a_bin_ends_where_a_mask_does(monkeypatch, pan: str, number: str, bin_: str):
    """However long the prefix that told the issuer, it discloses no digit that a mask of the number hides."""
    table = iin.Table.parse("issuer Bank | 银行\n  62055000 14,19 debit unionpay | Gold\n".encode())
    monkeypatch.setattr(iin, "default", lambda: table)
    job = Job(pan=pan, key=b"k" * 32)
    told = {
        "bank_name": "银行",
        "bank_name_en": "Bank",
        "card_name": "Gold",
        "card_type": "debit",
        "network": "unionpay",
    }

    shown = {"full": number, "masked": mask(number), "fingerprint": fingerprint(number, job.key)}[pan]

    assert {"number": shown, **told, "bin": bin_} == card(number, job)


def test_the_rows_are_the_owners_alone(folder, made, tmp_path):
    """OUT has mode 0600."""
    bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    assert "600" == f"{(tmp_path / 'out.jsonl').stat().st_mode & 0o777:o}"


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (40, "signal 40")])
def test_signals_are_named_where_they_have_a_name(number: int, name: str):
    """Real-time signals have a number alone."""
    assert name == _signal(number)


def test_poison_is_set_aside(tmp_path, made):
    """A picture that kills its reader, one that hangs it, and one that makes it fail cost their own rows alone."""
    for n, word in enumerate([NUMBER, "kill", NUMBER, "hang", "fault", NUMBER]):
        (numbered(tmp_path / "in", 0) if n == 0 else tmp_path / "in").joinpath(f"{n}.jpg").write_text(word)
    out = tmp_path / "out.jsonl"
    bulk.run(str(tmp_path / "in"), out, Job(reader=READER, timeout_s=2.0), workers=1)
    errors = [row["errmsg"] for row in rows(out) if row["errcode"]]

    assert (
        ["read", "set aside", "read", "set aside", "failed", "read"],
        [
            "system error hint: [killed its reader: SIGSEGV]",
            "system error hint: [took over 2 s]",
            "system error hint: [RuntimeError]",
        ],
    ) == ([row["outcome"] for row in rows(out)], errors)


def test_a_reader_killed_from_outside_costs_nothing(tmp_path, made):
    """A picture is set aside only when it fails twice."""
    numbered(tmp_path / "in", 2)
    (tmp_path / "in" / "0001.jpg").write_text("once")
    out = tmp_path / "out.jsonl"
    bulk.run(str(tmp_path / "in"), out, Job(reader=READER), workers=1)

    assert ["read", "no picture"] == [row["outcome"] for row in rows(out)]


def test_every_picture_is_tried_once_more(tmp_path, made):
    """Readers that were killed by those before it do not count."""
    names = tuple(str(tmp_path / word) for word in ("once a", "once b"))
    for name in names:
        Path(name).write_text(Path(name).name)
    with Worker(Job(reader=READER)) as worker:
        found = worker.rows(Chunk(kind="files", rows=2, names=names))

    assert ["no picture"] * 2 == [row["outcome"] for row in found]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="not told by this system")
def test_a_picture_that_kills_its_reader_leaves_no_core(tmp_path, made):
    """What dies with a picture in its memory leaves no core dump, though this program may."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    numbered(tmp_path / "in", 1)
    with Worker(Job(reader=READER)) as worker:
        worker.rows(Chunk(kind="files", rows=1, names=(str(tmp_path / "in" / "0000.jpg"),)))
        found = resource.prlimit(worker._process.pid, resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, before)

    assert 0 == found[0]


def test_pictures_are_read_and_told_as_the_job_says():
    """Its options are the reader's; what was read, and what was not, has its confidence."""

    class Reads:
        def read(self, _picture: bytes, options: Options) -> Reading:
            if options.least_confidence > 0.97:
                raise NumberUnreadable(confidence=0.97)
            return Reading(number=NUMBER, confidence=0.97, candidates=(), size=(2, 2), number_quad=QUAD)

    chunk, job = Chunk(kind="files", rows=1, names=("a",)), Job(pan="full", options=Options(threshold=0.98))
    found = [_row(chunk, 0, b"", Reads(), each) for each in (job, replace(job, options=Options()))]

    assert [("refused", None, 0.97), ("read", NUMBER, 0.97)] == [
        (row["outcome"], row["number"], row["confidence"]) for row in found
    ]


def test_what_ends_a_run_tells_no_number(monkeypatch):
    """An archive may be called after a card."""
    chunk = Chunk(kind="files", rows=1, names=(None,), path="in/4111111111111111.zip")  # a name that is none
    theirs = Mock(**{"recv.side_effect": [(chunk, 0), EOFError]})
    monkeypatch.setattr("bankcard_ocr.bulk.worker._made", Mock())
    with suppress(EOFError):
        _answer(theirs, Job())
    worker = Worker(Job())
    worker._connection = Mock(**{"recv.return_value": theirs.send.call_args.args[0]})
    with pytest.raises(BulkError, match=r"^in/411111\*+1111\.zip: TypeError"):
        worker.rows(chunk)


def test_models_are_loaded_once_a_worker(tmp_path, made):
    """Chunks are many, readers as many as workers."""
    source = numbered(tmp_path / "in", 40)
    bulk.run(str(source), tmp_path / "out.jsonl", Job(reader=READER), workers=2)

    assert (40, 2) == (len(rows(tmp_path / "out.jsonl")), len(list(made.iterdir())))


def test_a_reader_that_cannot_be_made_ends_the_run(folder, made, tmp_path):
    """What is wrong is said, masked, and no row is written."""
    with pytest.raises(BulkError, match=r"RuntimeError: no weights for 411111\*+1111$"):
        bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader="fake_reader:Broken"), workers=1)

    assert not (tmp_path / "out.jsonl").exists()


def test_a_process_that_cannot_be_started_ends_the_run(folder, tmp_path, monkeypatch):
    """The system's reason is said, and no end of a pipe stays open."""
    monkeypatch.setattr(SpawnProcess, "start", Mock(side_effect=OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))))
    resource_tracker.ensure_running()  # has a pipe of its own, for as long as this process lives
    gc.collect()  # what other tests have left open
    before = list(Path("/dev/fd").iterdir())
    with pytest.raises(BulkError) as caught:
        bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    said = f"no process can be started: {os.strerror(errno.EAGAIN)}"
    assert (said, before) == (str(caught.value), list(Path("/dev/fd").iterdir()))


def test_the_reason_of_a_failure_is_told_and_not_that_others_were_stopped(tmp_path, monkeypatch):
    """The error that ended the run is raised, though a worker that it stopped was begun before."""

    class Fails:
        """Of two workers the second fails, and the first is stopped by that."""

        made = 0

        def __init__(self, _job, stop) -> None:
            Fails.made += 1
            self.stop, self.place = stop, Fails.made

        def __enter__(self):
            return self

        def __exit__(self, *_error) -> None:
            pass

        def rows(self, _chunk):
            if self.place == 1:
                self.stop.wait(10)
                raise BulkError("stopped")
            raise BulkError("the disk is full")

    monkeypatch.setattr(bulk, "Worker", Fails)
    with pytest.raises(BulkError, match="the disk is full"):
        bulk.run(str(numbered(tmp_path / "in", 2)), tmp_path / "out.jsonl", Job(), workers=2)


@pytest.mark.parametrize("reader", [READER, "fake_reader:Broken"])
def test_a_process_that_nobody_waits_for_ends_in_silence(made, reader: str):
    """A run that was stopped while a reader was being made leaves no traceback of it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    ours.close()
    process = context.Process(target=_work, args=(theirs, Job(reader=reader)))
    process.start()
    theirs.close()
    process.join(60)

    assert 0 == process.exitcode


def begin(source: Path, out: Path, engine: str = "local") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", RUN, str(source), str(out), engine]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)


def killed_after(source: Path, out: Path, more: int) -> int:
    """Kills a run, and its readers, when it has done ``more`` rows; the rows earlier runs had done."""
    process = begin(source, out)
    before = next(
        int(line.split()[1]) for line in process.stdout if int(line.split()[0]) >= int(line.split()[1]) + more
    )
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return before


def test_a_run_killed_three_times_has_every_row_once(tmp_path):
    """After each kill -9 the next run goes on where the parts end."""
    source, out = numbered(tmp_path / "in", 320), tmp_path / "out.jsonl"
    before = [killed_after(source, out, 40) for _ in range(3)]
    last = begin(source, out).communicate()[0].splitlines()[0]

    assert (0, True, True, True, list(range(320)), {NUMBER[:6]: 320}) == (
        before[0],
        before[1] >= 40,
        before[2] >= 80,
        int(last.split()[1]) >= 120,
        [row["row"] for row in rows(out)],
        Counter(row["number"][:6] for row in rows(out)),
    )


def test_both_engines_write_the_same(folder, tmp_path):
    """Ray Data and the local pool give the same bytes, poison set aside on both."""
    pytest.importorskip("ray")
    (folder / "kill.jpg").write_text("kill")
    processes = [begin(folder, tmp_path / f"{engine}.jsonl", engine) for engine in ("local", "ray")]
    statuses = [(process.communicate(), process.returncode)[1] for process in processes]

    assert ([0, 0], 5, (tmp_path / "local.jsonl").read_bytes()) == (
        statuses,
        len(rows(tmp_path / "ray.jsonl")),
        (tmp_path / "ray.jsonl").read_bytes(),
    )


class RayError(Exception):
    """As Ray's; ``cause`` is what an actor raised."""

    cause: Exception | None = None


class Ray:
    """Ray, as far as it is used, of three cores and in this process; ``started`` and ``asked`` are what it was told."""

    def __init__(self, *, last: int = 100, error: Exception | None = None, at_start: Exception | None = None) -> None:
        self.last, self.error, self.at_start = last, error, at_start
        self.started: dict[str, object] = {}
        self.asked: dict[str, object] = {}
        self.is_over = False
        self.context = SimpleNamespace(enable_progress_bars=True)
        self.exceptions = SimpleNamespace(RayError=RayError)
        self.data = SimpleNamespace(
            DataContext=SimpleNamespace(get_current=lambda: self.context),
            ActorPoolStrategy=lambda size: size,
            from_items=self._items,
        )

    def init(self, **told: object) -> None:
        self.started = told
        if self.at_start:
            raise self.at_start

    def shutdown(self) -> None:
        self.is_over = True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 3.0}

    def _items(self, items: list[dict], override_num_blocks: int) -> SimpleNamespace:
        def mapped(made: type, fn_constructor_kwargs: dict, compute: int) -> SimpleNamespace:
            self.asked = {"blocks": override_num_blocks, "actors": compute, **fn_constructor_kwargs}
            return SimpleNamespace(iter_rows=lambda: each(made(**fn_constructor_kwargs)))

        def each(actor: cluster.Actor) -> Iterator[dict]:
            yield from map(actor, items[: self.last])
            if self.error:
                raise self.error

        return SimpleNamespace(map=mapped)


@pytest.fixture
def on_ray(monkeypatch) -> Callable[[Ray], Ray]:
    """Lets a stand-in be the Ray that is installed, whose actors read nothing."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "")  # so that it is as it was afterwards
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED")

    def each(chunk: Chunk) -> list[dict]:
        return [row(chunk, offset, outcome="refused", errcode=101002) for offset in range(chunk.rows)]

    monkeypatch.setattr(cluster, "Worker", lambda _job: SimpleNamespace(rows=each))

    def installed(ray: Ray) -> Ray:
        monkeypatch.setitem(sys.modules, "ray", ray)
        return ray

    return installed


@pytest.mark.parametrize(
    ("address", "workers", "count", "chunks", "actors"),
    [(None, 0, 16, 8, 3), (None, 2, 16, 16, 2), (None, 9, 5, 5, 5), ("10.0.0.1:6379", 0, 16, 8, 3)],
)
def test_ray_gets_every_chunk_once(
    tmp_path, monkeypatch, on_ray, address: str | None, workers: int, count: int, chunks: int, actors: int
):
    """An actor for each core, or as many as are asked for or have work; nothing is reported, shown or logged."""
    source, out, progress = numbered(tmp_path / "in", count), Path("out.jsonl"), []
    monkeypatch.setattr(bulk, "cores", lambda: 1)
    monkeypatch.chdir(tmp_path)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    ray, job = on_ray(Ray()), Job()
    bulk.run(str(source), out, job, engine="ray", workers=workers, progress=lambda *told: progress.append(told))

    assert {"log_to_driver": False, "logging_level": "ERROR"} | (
        {} if address else {"include_dashboard": False}
    ) == ray.started
    assert {"blocks": chunks, "actors": actors, "job": job, "out": str(tmp_path / "out.jsonl")} == ray.asked
    assert ("0", False, True) == (os.environ["RAY_USAGE_STATS_ENABLED"], ray.context.enable_progress_bars, ray.is_over)
    assert [f"{n:04}.jpg" for n in range(count)] == [each["name"] for each in rows(out)]
    assert [(done, 0, count) for done in range(0, count + 1, count // chunks)] == progress


@pytest.mark.parametrize("last", [0, 2, 5])
def test_what_ray_finished_before_it_failed_is_not_read_again(tmp_path, on_ray, last: int):
    """The next run does the rest, or none; what the environment says of reports stays."""
    source, out, progress = numbered(tmp_path / "in", 5), tmp_path / "out.jsonl", []
    failing = on_ray(Ray(last=last, error=RayError("node died")))
    with pytest.raises(BulkError, match="Ray cannot go on: node died"):
        bulk.run(str(source), out, Job(), engine="ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "1"
    ray = on_ray(Ray())
    bulk.run(str(source), out, Job(), engine="ray", progress=lambda *told: progress.append(told))

    assert (True, (5 - last) or None, (last, last, 5), list(range(5)), "1") == (
        failing.is_over,
        ray.asked.get("blocks"),
        progress[0],
        [each["row"] for each in rows(out)],
        os.environ["RAY_USAGE_STATS_ENABLED"],
    )


def test_what_an_actor_says_is_told_as_on_one_machine(tmp_path, on_ray):
    """Without what Ray puts around it."""
    error = RayError("a page of it")
    error.cause = BulkError("the reader cannot be made: no weights")
    on_ray(Ray(error=error))
    with pytest.raises(BulkError, match=r"^the reader cannot be made: no weights$"):
        bulk.run(str(numbered(tmp_path / "in", 1)), tmp_path / "out.jsonl", Job(), engine="ray")


def test_a_cluster_that_is_not_reached_is_said(tmp_path, on_ray):
    """Whatever Ray raises then."""
    on_ray(Ray(at_start=ConnectionError("lost")))
    with pytest.raises(BulkError, match="its cluster is not reached: lost"):
        bulk.run(str(numbered(tmp_path / "in", 1)), tmp_path / "out.jsonl", Job(), engine="ray")


def test_ray_that_is_not_installed_is_named(tmp_path, monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BulkError, match=r"bankcard-ocr\[ray\]"):
        bulk.run(str(numbered(tmp_path / "in", 1)), tmp_path / "out.jsonl", Job(), engine="ray")


def test_what_is_finished_is_not_overwritten(folder, made, tmp_path):
    """OUT that is there is refused, and parts left by a kill at the last moment are removed."""
    out = tmp_path / "out.jsonl"
    out.write_text("")
    (tmp_path / "out.jsonl.parts").mkdir()
    with pytest.raises(BulkError, match="there already"):
        bulk.run(str(folder), out, Job(reader=READER), workers=1)

    assert not (tmp_path / "out.jsonl.parts").exists()


def test_parts_of_a_run_that_is_not_done_outlive_another_out(folder, made, tmp_path):
    """Hours of work are not lost to a file that someone put at OUT; what an end left half written is removed."""
    out = tmp_path / "out.jsonl"
    with Parts(out) as parts:
        parts.planned({}, lambda: [Chunk(kind="files", rows=1, names=("a",))])
    out.write_text("")
    (tmp_path / "out.jsonl.1234.new").write_text("half")
    (tmp_path / "out.jsonl.mine.new").write_text("somebody else's")
    with pytest.raises(BulkError, match="there already"):
        bulk.run(str(folder), out, Job(reader=READER), workers=1)

    assert ["in", "made", "out.jsonl", "out.jsonl.mine.new", "out.jsonl.parts"] == sorted(
        file.name for file in tmp_path.iterdir()
    )


def test_a_run_that_cannot_begin_leaves_nothing(tmp_path):
    """No folder of parts without a plan."""
    with pytest.raises(BulkMisuse, match="no file, no folder and matches none"):
        bulk.run(str(tmp_path / "nowhere"), tmp_path / "out.jsonl", Job(reader=READER))

    assert [] == list(tmp_path.iterdir())


def test_another_run_on_the_same_file_is_refused(tmp_path):
    """One run at a time writes OUT."""
    with Parts(tmp_path / "out.jsonl"), pytest.raises(BulkError, match="another run"):
        Parts(tmp_path / "out.jsonl").__enter__()


def test_a_run_goes_on_as_it_was_begun(tmp_path):
    """Other options than those of the run that was killed are refused, and named."""
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.planned({"pan": "masked", "column": ""}, lambda: [Chunk(kind="files", rows=1, names=("a",))])
        with pytest.raises(BulkMisuse, match="another pan;"):
            parts.planned({"pan": "full", "column": ""}, list)


def test_issuers_of_ones_own_are_told():
    """In place of the shipped ones with the same prefix."""
    own = "issuer My Bank | 我行\n  62055000 19 debit\n".encode()

    assert ("我行", True) == (card("6205500000000000004", Job(iin=own))["bank_name"], "我行" not in repr(Job(iin=own)))


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job(iin=b"issuer A\n  62055000 19 debit\n"), "another iin;"),
        (Job(options=Options(threshold=0.9)), "another threshold;"),
        (Job(options=Options(type="scan")), "another type;"),
        (Job(options=Options(prior=False)), "another prior;"),
        (Job(max_bytes=1000), "another max_bytes;"),
        (Job(pan="full"), "another pan;"),
        (Job(key=b"k" * 32), "another key;"),
    ],
)
def test_a_run_goes_on_with_the_job_it_was_begun_with(tmp_path, job: Job, said: str):
    """Rows of one OUT were all told from the same confidence on, refused from the same size on, and written alike."""
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.planned(bulk._facts("in", Job(), ""), lambda: [Chunk(kind="files", rows=1, names=("a",))])
        with pytest.raises(BulkMisuse, match=said):
            parts.planned(bulk._facts("in", job, ""), list)


def test_a_run_goes_on_with_the_input_it_was_begun_with(tmp_path, monkeypatch):
    """Where its name, of another folder's, or its column means other pictures, OUT would have those of the first."""
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.planned(bulk._facts("in", Job(), ""), lambda: [Chunk(kind="files", rows=1, names=("a",))])
        for source, column, said in (("other", "", "source"), ("in", "image", "column")):
            with pytest.raises(BulkMisuse, match=f"another {said};"):
                parts.planned(bulk._facts(source, Job(), column), list)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(bulk, "version", lambda _name: "0")
        with pytest.raises(BulkMisuse, match="another source, version;"):
            parts.planned(bulk._facts("in", Job(), ""), list)


def test_the_key_is_not_written_down():
    """It would tell the numbers of the fingerprints in OUT."""
    assert b"k".hex() * 8 not in json.dumps(bulk._facts("in", Job(key=b"k" * 32), ""))


def test_the_models_own_threshold_may_be_given_by_its_value():
    """Who names the threshold that holds without a word goes on with the same run."""
    assert bulk._facts("in", Job(), "") == bulk._facts("in", Job(options=Options(threshold=THRESHOLD)), "")


def in_folder(place: Path, words: list[str]) -> Path:
    place.mkdir()
    for n, word in enumerate(words):
        (place / f"{n}.jpg").write_text(word)
    return place


def in_archive(place: Path, words: list[str]) -> Path:
    with zipfile.ZipFile(place.with_suffix(".zip"), "w") as archive:
        for n, word in enumerate(words):
            archive.writestr(f"{n}.jpg", word)
    return place.with_suffix(".zip")


def in_table(place: Path, words: list[str]) -> Path:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"jpeg": [word.encode() for word in words]}), place.with_suffix(".parquet"))
    return place.with_suffix(".parquet")


@pytest.mark.parametrize("put", [in_folder, in_archive, in_table])
def test_a_picture_over_the_limit_is_a_row(tmp_path, made, put):
    """Whatever holds it; one of just so many bytes is read."""
    source = put(tmp_path / "in", [NUMBER, NUMBER + "0"])
    bulk.run(str(source), tmp_path / "out.jsonl", Job(reader=READER, max_bytes=len(NUMBER)), workers=1)

    assert ["ok", f"decode image failed hint: [size: over {len(NUMBER)} bytes]"] == [
        row["errmsg"] for row in rows(tmp_path / "out.jsonl")
    ]


def test_a_plan_comes_back_as_it_was(tmp_path):
    """The plan that is written down is the plan that is read."""
    chunks = [
        Chunk(kind="files", rows=2, names=("a", "b"), root="x/"),
        Chunk(kind="zip", rows=1, path="z", names=("é",)),
    ]
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.planned({}, lambda: chunks)

        assert chunks == parts.planned({}, list)


def test_a_damaged_part_is_no_result(tmp_path):
    """A part with rows missing ends the run."""
    chunk = Chunk(kind="files", rows=2, names=("a", "b"))
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.write(chunk, [{"row": 0, "outcome": "read"}])
        with pytest.raises(BulkError, match="its 2 rows"):
            parts.finish([chunk])

    assert not (tmp_path / "out.jsonl").exists()


def test_a_part_that_is_gone_is_no_result(tmp_path):
    """Nor are its rows left out: the next run reads them."""
    with Parts(tmp_path / "out.jsonl") as parts, pytest.raises(BulkError, match="No such file or directory; run the"):
        parts.finish([Chunk(kind="files", rows=1, names=("a",))])

    assert not (tmp_path / "out.jsonl").exists()


def test_a_part_of_other_rows_is_no_result(tmp_path):
    """As many as there should be are not enough."""
    chunk = Chunk(kind="files", first=2, rows=2, names=("a", "b"))
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.write(chunk, [{"row": row, "outcome": "read"} for row in range(2)])
        with pytest.raises(BulkError, match="its 2 rows"):
            parts.finish([chunk])


def test_names_that_are_card_numbers_are_counted(tmp_path, made):
    """Names stay as they are, so whoever masks numbers is told of those in them."""
    numbered(tmp_path / "in", 1)
    for name in ("4111 1111 1111 1111.jpg", "card 4111111111111111 back.jpg", "4111111111111112.jpg"):
        (tmp_path / "in" / name).write_text(NUMBER)
    summary = bulk.run(str(tmp_path / "in"), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    assert (4, 2) == (summary.rows, summary.numbers_in_names)


def test_no_name_is_in_what_is_said_of_a_chunk():
    """Ray writes what it is given into a log that every user may read; a file may be called after its card."""
    assert "4111" not in repr(Chunk(kind="files", rows=1, names=("in/4111 1111 1111 1111.jpg",), root="in/"))


def test_names_that_are_no_text_tell_their_pictures_apart(folder, made, tmp_path):
    """They are what joins a row to its picture."""
    for name in (b"caf\xe9.jpg", b"caf\xe8.jpg"):
        (folder / os.fsdecode(name)).write_text(NUMBER)
    bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    assert {"caf\\xe8.jpg", "caf\\xe9.jpg"} == {row["name"] for row in rows if "caf" in row["name"]}


def test_a_part_that_is_cut_off_is_no_result(tmp_path):
    """It is named, with what to do."""
    chunk = Chunk(kind="files", rows=1, names=("a",))
    with Parts(tmp_path / "out.jsonl") as parts:
        (parts.folder / "0000000.jsonl").write_text('{"row": 0, "outc')
        with pytest.raises(BulkError, match="does not have its 1 rows; delete it and run again"):
            parts.finish([chunk])


def test_a_folder_on_nfs_is_left_clean(tmp_path, monkeypatch):
    """There a file that is open, as the lock is, gets another name when it is removed."""
    real = os.unlink

    def unlink(path, *args, **options):
        name = os.fspath(path)
        if name == "lock" and not is_closed:
            return os.rename(name, ".nfs1", src_dir_fd=options["dir_fd"], dst_dir_fd=options["dir_fd"])
        return real(path, *args, **options)

    is_closed: list[int] = []
    close = os.close
    chunk = Chunk(kind="files", rows=1, names=("a",))
    with Parts(tmp_path / "out.jsonl") as parts:
        parts.planned({}, lambda: [chunk])
        parts.write(chunk, [{"row": 0, "name": "a", "outcome": "read"}])
        parts.finish([chunk])
        monkeypatch.setattr(os, "unlink", unlink)
        monkeypatch.setattr(
            os, "close", lambda file: (is_closed.append(file) if file == parts._lock else None, close(file))
        )

    assert ["out.jsonl"] == [file.name for file in tmp_path.iterdir()]


def test_a_lock_that_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    """The run that had it ended between the moment it was opened and that it was free."""
    real, opened = fcntl.flock, []

    def flock(file: int, operation: int) -> None:
        if not opened:
            shutil.rmtree(tmp_path / "out.jsonl.parts")
        opened.append(file)
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with Parts(tmp_path / "out.jsonl") as parts:
        assert (2, True) == (len(opened), (parts.folder / "lock").exists())


def test_parts_of_another_user_are_not_gone_on_with(tmp_path, monkeypatch):
    """Who laid the folder there, in one where all may write, could read the rows and change them."""
    (tmp_path / "out.jsonl.parts").mkdir()
    own = Mock(st_uid=tmp_path.stat().st_uid + 1)  # of this process's files: other than the folder's
    monkeypatch.setattr(os, "fstat", lambda _file: own)
    with pytest.raises(BulkError, match="another user's"):
        Parts(tmp_path / "out.jsonl").__enter__()

    assert [] == list((tmp_path / "out.jsonl.parts").iterdir())


@pytest.mark.parametrize("is_followed", [True, False])
def test_a_link_to_parts_is_its_owners_too(tmp_path, monkeypatch, is_followed: bool):
    """Neither the folder nor a link in its place may be another user's."""
    real = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result | Mock:
        found = real(path, follow_symlinks=follow_symlinks)
        is_anothers = path.suffix == ".parts" and follow_symlinks is is_followed
        return Mock(st_uid=found.st_uid + 1, st_mode=found.st_mode) if is_anothers else found

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(Path, "lstat", lambda path: stat(path, follow_symlinks=False))
    with pytest.raises(BulkError, match="another user's"):
        Parts(tmp_path / "out.jsonl").__enter__()


@pytest.mark.parametrize("lay", ["file", "link"])
def test_what_lies_where_a_file_is_written_gets_no_number(tmp_path, lay: str):
    """Another user of the folder may have laid a file that all may read there, or a link to one of this user's."""
    other, beside = tmp_path / "other", tmp_path / f"file.{os.getpid()}.new"
    other.write_text("as it was")
    other.chmod(0o666)
    beside.hardlink_to(other) if lay == "file" else beside.symlink_to(other)
    with whole(tmp_path / "file") as file:
        file.write(b"4111111111111111")

    assert ("as it was", 0o100600) == (other.read_text(), (tmp_path / "file").lstat().st_mode)


def test_a_file_that_fails_half_way_is_not_there(tmp_path):
    """What is not whole is not at its place, nor beside it."""
    with suppress(RuntimeError), whole(tmp_path / "file") as file:
        file.write(b"half")
        raise RuntimeError

    assert [] == list(tmp_path.iterdir())


def test_a_plan_and_a_part_are_there_whole_or_not_at_all(tmp_path):
    """Half of one would be gone on with; and nobody else sees them."""
    chunk = Chunk(kind="files", rows=2, names=("a", "b"))
    with Parts(tmp_path / "out.jsonl") as parts:
        with pytest.raises(TypeError):
            parts.planned({}, lambda: [chunk, replace(chunk, path=b"no text")])
        with pytest.raises(TypeError):
            parts.write(chunk, [{"row": 0}, {"row": b"no text"}])

        assert (0o40700, ["lock"]) == (parts.folder.stat().st_mode, [file.name for file in parts.folder.iterdir()])


def test_a_full_disk_is_said(tmp_path):
    """With what to do, and nothing stays that is not whole."""
    said = "file cannot be written: No space left on device; make room"
    with pytest.raises(BulkError, match=said), whole(tmp_path / "file"):
        raise OSError(28, "No space left on device")

    assert [] == list(tmp_path.iterdir())


def test_archives_are_read_by_member(tmp_path, made):
    """Pictures in a zip are rows named by archive and member; other members are none."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("b.jpg", NUMBER)
        archive.writestr("a/c.png", "empty")
        archive.writestr("readme.txt", "x")
    bulk.run(str(tmp_path / "in.zip"), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    assert [("in.zip!a/c.png", "refused", None, 101001), ("in.zip!b.jpg", "read", MASKED, 0)] == told(
        tmp_path / "out.jsonl"
    )


def test_members_of_one_name_are_rows_of_their_own(tmp_path, made):
    """Also where a chunk begins between them."""
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.jpg", NUMBER)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.jpg", "empty")
    (first, second) = plan(str(tmp_path / "in.zip"), "", 1)

    assert [[NUMBER.encode()], [b"empty"]] == [list(pictures(chunk, 0)) for chunk in (first, second)]


def test_a_folder_that_cannot_be_entered_ends_the_plan(folder, monkeypatch):
    """OUT would lack its pictures."""

    def barred(place: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied", f"{place}/sub")

    monkeypatch.setattr(files, "below", barred)
    with pytest.raises(BulkMisuse, match="sub cannot be read: Permission denied"):
        plan(str(folder), "", 1)


def test_pdfs_are_pictures_and_shadows_are_not(tmp_path):
    """Folders and archives have the same kinds of pictures; what macOS leaves beside each file is none."""
    for name in ("a.PDF", "._a.PDF", "b.heic"):
        (tmp_path / name).touch()
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("c.pdf", "")
        archive.writestr("__MACOSX/._c.pdf", "")
    chunks = plan(str(tmp_path), "", 8)

    assert ["a.PDF", "b.heic", "in.zip!c.pdf"] == [chunk.name(0) for chunk in chunks]


def test_a_glob_names_its_files(folder):
    """A pattern means the files it matches, whatever their suffix."""
    found = [chunk.name(0) for chunk in plan(f"{folder}/*.*g", "", 8)]

    assert [f"{folder}/{name}" for name in ("a.jpg", "b.png", "c.jpg")] == found


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "nowhere is no file, no folder and matches none"),
        ("nothing-*.jpg", "no file, no folder and matches none"),
        (".", "there are no pictures in .: no .bmp "),
    ],
)
def test_nothing_to_read_is_an_error(source: str, said: str, tmp_path, monkeypatch):
    """A source without pictures is said at once, and a place that is none apart from one that is empty."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BulkMisuse, match=re.escape(said)):
        plan(source, "", 1)


def test_an_empty_variable_is_no_folder(tmp_path, monkeypatch):
    """A script whose variable is empty reads nothing, and not the folder that it stands in."""
    (tmp_path / "a.jpg").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BulkError, match="empty variable"):
        plan("", "", 1)


def test_a_damaged_member_is_a_row(tmp_path):
    """A picture that cannot be unpacked any more is no picture; the run goes on behind it."""
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", bytes(range(256)) * 4)
    data = bytearray(place.read_bytes())
    data[35:40] = b"\xff" * 5  # inside the packed bytes, behind a head of 30 and the name
    place.write_bytes(data)
    [chunk] = plan(str(place), "", 1)

    assert ["cannot open: damaged"] == [picture.cause for picture in pictures(chunk, 0)]


def test_an_archive_is_opened_once_for_chunks_that_follow_one_another(tmp_path, monkeypatch):
    """Its directory takes seconds when it is large; one that was replaced meanwhile is opened again."""
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("a.jpg", b"1")
        archive.writestr("b.jpg", b"2")
    chunks = plan(str(place), "", 1)
    opened: list[str] = []
    monkeypatch.setattr(zipfile, "ZipFile", partial(noting, opened, zipfile.ZipFile))
    before = [data for chunk in chunks for data in pictures(chunk, 0)]
    shutil.copy(place, tmp_path / "same.zip")
    (tmp_path / "same.zip").replace(place)
    after = [data for chunk in chunks for data in pictures(chunk, 0)]

    assert ([b"1", b"2"] * 2, [str(place)] * 2) == (before + after, opened)


def noting(opened: list[str], kind: type[zipfile.ZipFile], path: str) -> zipfile.ZipFile:
    opened.append(path)
    return kind(path)


def test_a_file_that_is_no_archive_is_an_error(tmp_path):
    """A damaged archive ends the run before it begins."""
    (tmp_path / "in.zip").write_text("no archive")
    with pytest.raises(BulkError, match="cannot be opened"):
        plan(str(tmp_path / "in.zip"), "", 1)


def test_a_damaged_archive_among_others_is_a_row(folder, made, tmp_path):
    """One bad file does not end a run over a folder, nor does a table without pictures."""
    (folder / "broken.zip").write_text("no archive")
    (folder / "broken.parquet").write_text("no table")
    bulk.run(str(folder), tmp_path / "out.jsonl", Job(reader=READER), workers=1)

    assert [("broken.parquet", "no picture", None, 101002), ("broken.zip", "no picture", None, 101002)] == told(
        tmp_path / "out.jsonl"
    )[-2:]


def test_a_plan_can_be_worked_on_from_anywhere(folder, monkeypatch):
    """Paths are absolute, names as INPUT was given."""
    monkeypatch.chdir(folder.parent)
    for source, name in (("in", "a.jpg"), ("in/*.jpg", "in/a.jpg"), ("in/a.jpg", "a.jpg")):
        chunk = plan(source, "", 8)[0]

        assert (str(folder / "a.jpg"), name) == (chunk.names[0], chunk.name(0))


def test_a_file_that_is_gone_is_no_picture(tmp_path):
    """A picture that vanished after the plan was made is a row with its error, not the end."""
    chunk = Chunk(kind="files", rows=1, names=(str(tmp_path / "gone.jpg"),))
    (found,) = pictures(chunk, 0)

    assert (NotAPicture, "cannot open: No such file or directory") == (type(found), found.reason)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_text("no archive")])
def test_an_archive_that_is_gone_by_its_turn_is_rows(tmp_path, made, spoil):
    """A run that was planned over an archive ends without it, as it does without a picture."""
    numbered(tmp_path / "in", 1)
    with zipfile.ZipFile(tmp_path / "in" / "z.zip", "w") as archive:
        archive.writestr("a.jpg", NUMBER)
        archive.writestr("b.jpg", NUMBER)
    out, job = tmp_path / "out.jsonl", Job(reader=READER)
    with Parts(out) as parts:
        parts.planned(bulk._facts(str(tmp_path / "in"), job, ""), lambda: plan(str(tmp_path / "in"), "", 1))
    spoil(tmp_path / "in" / "z.zip")
    bulk.run(str(tmp_path / "in"), out, job, workers=1)

    assert [
        ("0000.jpg", "read", MASKED, 0),
        ("z.zip!a.jpg", "no picture", None, 101002),
        ("z.zip!b.jpg", "no picture", None, 101002),
    ] == told(out)


class TestParquet:
    @pytest.fixture
    def pq(self):
        return pytest.importorskip("pyarrow.parquet")

    @pytest.fixture
    def write(self, pq, tmp_path):
        """Writes a Parquet file with groups of three rows."""
        import pyarrow as pa

        def make(**columns: list) -> str:
            pq.write_table(pa.table(columns), tmp_path / "in.parquet", row_group_size=3)
            return str(tmp_path / "in.parquet")

        return make

    def read(self, source: str, column: str = "") -> list:
        return [found for chunk in plan(source, column, 1) for found in pictures(chunk, 0)]

    def test_bytes_are_pictures(self, write):
        """The first column of bytes has the pictures, over all row groups."""
        cells = [str(n).encode() for n in range(10)]

        assert cells == self.read(write(id=list(range(10)), jpeg=cells))

    def test_rows_are_called_by_their_place_in_the_table(self, write):
        """Whatever group they are in."""
        chunks = plan(write(jpeg=[b"a"] * 10), "", 1)

        assert [f"in.parquet#{row}" for row in range(10)] == [
            chunk.name(offset) for chunk in chunks for offset in range(chunk.rows)
        ]

    def test_a_column_may_be_named(self, write):
        """The column asked for is taken before others."""
        assert [b"b"] == self.read(write(a=[b"a"], b=[b"b"]), "b")

    def test_hugging_faces_structs_are_read(self, write, folder):
        """A struct of bytes and path gives its bytes, or what is at its path where it has none."""
        cells = [{"bytes": b"a", "path": "x.jpg"}, {"bytes": None, "path": "in/a.jpg"}]

        assert [b"a", NUMBER.encode()] == self.read(write(image=cells))

    def test_paths_are_relative_to_the_table(self, write, folder):
        """A column of paths names files beside the table."""
        assert [NUMBER.encode()] == self.read(write(path=["in/a.jpg"]))

    def test_an_empty_cell_is_no_picture(self, write):
        """A null costs its own row."""
        found = self.read(write(jpeg=[None, b"a"]))

        assert ("the cell is empty", b"a") == (found[0].reason, found[1])

    @pytest.mark.parametrize("column", ["", "nope"])
    def test_a_table_without_pictures_says_its_columns(self, write, column: str):
        """Neither bytes nor paths: the columns there are named."""
        with pytest.raises(BulkError, match="id"):
            self.read(write(id=[1]), column)

    def test_names_that_are_no_text_are_a_damaged_table(self, write):
        """A byte of the footer was changed on its way."""
        file = Path(write(jpeg=[b"a"]))
        file.write_bytes(file.read_bytes().replace(b"jpeg", b"jp\x80g"))
        with pytest.raises(BulkError, match="cannot be opened"):
            self.read(str(file))

    @pytest.mark.parametrize("cells", [[1], [[b"a"]], [{"a": b"a"}], [1.5]])
    def test_a_column_of_other_things_is_refused(self, write, cells: list):
        """Every row would be one without a picture."""
        with pytest.raises(BulkMisuse, match=r"the column n of .* neither pictures nor paths"):
            self.read(write(n=cells), "n")

    @pytest.mark.parametrize("cells", [[1], [{"a": b"a"}]])
    def test_a_name_alone_makes_no_column_of_paths(self, write, cells: list):
        """What it holds counts."""
        with pytest.raises(BulkError, match="no column of bytes or paths among image"):
            self.read(write(image=cells))

    def test_codes_of_a_dictionary_are_pictures(self, write):
        """As pandas writes categories."""
        import pyarrow as pa

        assert [b"a", b"a"] == self.read(write(jpeg=pa.array([b"a", b"a"]).dictionary_encode()))

    def test_a_cell_that_is_no_text_costs_its_own_row(self, write, folder):
        """Bytes of another encoding where paths are UTF-8."""
        import pyarrow as pa

        raw = pa.array([b"in/a.jpg", b"in/\xe9.jpg", b"in/c.jpg"], pa.binary()).buffers()
        found = self.read(write(path=pa.StringArray.from_buffers(3, raw[1], raw[2])))

        assert (NUMBER.encode(), "the cell is damaged", b"what") == (found[0], found[1].reason, found[2])

    def test_a_column_that_is_gone_by_its_turn_is_rows(self, write):
        """A table that was written anew between two runs."""
        (chunk,) = plan(write(jpeg=[b"a"]), "", 1)
        write(other=[b"a"])

        assert ["the table is damaged here"] == [found.reason for found in pictures(chunk, 0)]

    def test_a_chunk_may_begin_anywhere(self, write):
        """A resumed chunk starts in the middle of a row group."""
        source = write(jpeg=[b"0", b"1", b"2", b"3", b"4"])
        chunk = Chunk(kind="parquet", path=source, rows=2, group=0, start=1, column="jpeg")

        assert [[b"1", b"2"], [b"2"]] == [list(pictures(chunk, start)) for start in (0, 1)]

    @pytest.mark.parametrize(("begin", "start"), [(0, 0), (70, 0), (0, 70), (60, 70)])
    def test_a_chunk_of_a_large_group_has_its_own_rows(self, pq, tmp_path, begin: int, start: int):
        """Also where it begins, or goes on, behind what is decoded at once."""
        import pyarrow as pa

        cells = [str(n).encode() for n in range(150)]
        pq.write_table(pa.table({"jpeg": cells}), tmp_path / "in.parquet")
        chunk = Chunk(
            kind="parquet", path=str(tmp_path / "in.parquet"), rows=150 - begin, group=0, start=begin, column="jpeg"
        )

        assert cells[begin + start :] == list(pictures(chunk, start))

    def test_parquet_without_its_package_is_said_before_anything_is_read(self, folder, tmp_path, monkeypatch):
        """And not after some million pictures."""
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(BulkError, match=re.escape("bankcard-ocr[bulk]")):
            bulk.run(str(folder), tmp_path / "out.parquet", Job(reader=READER))

        assert [] == [path.name for path in tmp_path.glob("out*")]

    def test_out_may_be_parquet(self, pq, folder, made, tmp_path, monkeypatch):
        """The same rows, as a table, however many of them are a row group."""
        monkeypatch.setattr("bankcard_ocr.bulk.parts.TOGETHER", 3)
        bulk.run(str(folder), tmp_path / "out.parquet", Job(reader=READER), workers=1)
        found, same = pq.read_table(tmp_path / "out.parquet").to_pylist(), rows_of_json(folder, tmp_path)

        assert (4, same, list(same[0])) == (len(found), found, list(found[0]))


@pytest.mark.parametrize(
    ("pan", "expected"),
    [
        ("masked", MASKED),
        ("full", NUMBER),
        ("fingerprint", "b20c14e9"),
    ],
)
def test_numbers_are_written_as_asked(pan: str, expected: str):
    """Masked to first 6 and last 4, whole, or an HMAC-SHA256 under the key."""
    assert card(NUMBER, Job(pan=pan, key=b"k" * 32))["number"].startswith(expected)


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(1, 20))
def test_chunks_cover_every_row_once(sizes: list[int], size: int):
    """However spans are cut, the rows are those of the spans, in order."""
    spans = [
        Chunk(kind="files", rows=rows, names=tuple(f"{n}.{row}" for row in range(rows))) for n, rows in enumerate(sizes)
    ]
    chunks = _numbered(piece for span in spans for piece in _cut(span, size))

    assert ([name for span in spans for name in span.names], list(range(sum(sizes)))) == (
        [name for chunk in chunks for name in chunk.names],
        [chunk.first + offset for chunk in chunks for offset in range(chunk.rows)],
    )
