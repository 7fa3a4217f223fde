"""``bankcard-ocr read``: the cards on pictures, as a table for people or as lines for programs.

Lines come in the order of the pictures; what stands in them is told in :mod:`~bankcard_ocr.cli.lines`.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BankcardError
from ..numbers import iin
from ..reading import Options, PictureReader
from . import formats, inputs, lines
from .formats import Format
from .limits import SERVER, IinFile, MaxBytes, PictureType, Threshold, entries
from .lines import Told
from .outputs import keep_all, keep_inputs, private, reporting_errors
from .progress import bar

Save = Callable[[int, str, bytes, Told], None]  # (place, name, data, told)

FEW = 3  # pictures that need no progress bar
TERMINATED = 128 + signal.SIGTERM  # the exit status of what SIGTERM ended, as shells tell it
SUFFIXES = {f".{each.value}": each for each in Format if each is not Format.table}


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what was read is told, as after Ctrl-C."""


def command(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="FILE...|DIR", help="Pictures, folders, patterns, zip archives; - is standard input."),
    ],
    type_: PictureType = "photo",
    threshold: Threshold = SERVER.threshold,
    max_bytes: MaxBytes = SERVER.max_picture_bytes,
    iin_file: IinFile = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="The same as --format jsonl.")] = False,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="A table for people, or lines for programs; else as --out is called."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write, for its owner alone.", dir_okay=False)
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Pictures read at the same time.")] = 1,
    mask: Annotated[
        bool, typer.Option("--mask", help="Show the first 6 and last 4 digits only, in file names too.")
    ] = False,
    detail: Annotated[
        bool,
        typer.Option("--detail/--no-detail", help="Look at the whole card, or at its number alone, which is faster."),
    ] = True,
    save_annotated: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the pictures there with what was read drawn on them.", file_okay=False),
    ] = None,
    uncovered: Annotated[
        bool, typer.Option("--uncovered", help="Leave the middle digits visible on annotated pictures.")
    ] = False,
) -> None:
    """Read the card numbers on pictures. Exit status: 0 all read, 1 some refused, 2 wrong usage."""
    told_as = _format(jsonl=jsonl, asked=format_, out=out)
    if uncovered and save_annotated is None:
        raise typer.BadParameter("--uncovered is about annotated pictures; add --save-annotated DIR")
    if save_annotated is not None and not (detail or uncovered):  # which other numbers are there is a detail
        raise typer.BadParameter("--save-annotated covers every number with --detail alone; leave out --no-detail")
    options = Options(type=type_, threshold=threshold or None, detail=detail)
    with ExitStack() as stack:
        stack.enter_context(_terminable())
        sources = stack.enter_context(inputs.opened(pictures))
        keep_inputs(out, {*pictures, *(source.name for source in sources)})
        formats.check(told_as)
        save = _saver(save_annotated, sources, covered=not uncovered)
        table = iin.with_own(entries(iin_file))
        reader = make_reader(max_bytes)
        write = stack.enter_context(_writer(told_as, out))  # the last that may fail: an earlier file is lost by it
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        stack.callback(pool.shutdown, cancel_futures=True)  # who stops it waits for no picture that is not begun

        def work(place: int) -> Told:
            told, data = lines.line(reader, sources[place], options, max_bytes=max_bytes, table=table, mask=mask)
            save(place + 1, sources[place].name, data, told)
            return told

        done = refused = 0
        read = _in_order(pool, work, len(sources), 4 * threads)
        try:
            for told in stack.enter_context(closing(_watched(read, len(sources), told_as, out))):
                write(told)
                done += 1
                refused += told["number"] is None
        except KeyboardInterrupt:  # Terminated, too
            typer.echo(f"stopped: {done} of {len(sources)} pictures are told", err=True)
            raise
    raise typer.Exit(1 if refused else 0)


def make_reader(max_bytes: int) -> PictureReader:
    """A reader with the shipped models, of pictures of at most ``max_bytes``."""
    from ..reader import Reader

    return Reader(max_bytes=max_bytes)


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, SIGTERM stops the work as Ctrl-C does, with an exit status of its own; neither is heard once more.

    A second one would end the wait for the threads at work, and what ends before its threads is aborted.
    """

    def stop(number: int, _frame: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, stop)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background shells have it ignored
        before[signal.SIGINT] = signal.signal(signal.SIGINT, stop)
    try:
        yield
    except Terminated:
        raise typer.Exit(TERMINATED) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _format(*, jsonl: bool, asked: Format | None, out: Path | None) -> Format:
    """The format that the options ask for. Raises typer.BadParameter when they contradict each other."""
    by_name = SUFFIXES.get(out.suffix.lower()) if out else Format.table
    told_as = Format.jsonl if jsonl else asked or by_name
    if jsonl and asked not in {None, Format.jsonl}:
        raise typer.BadParameter(f"--jsonl and --format {asked} contradict each other; give one of them")
    if told_as is None or (told_as is Format.table and out):
        raise typer.BadParameter(f"--out needs a file called {', '.join(SUFFIXES)}, or --format with another name")
    return told_as


@contextmanager
def _writer(told_as: Format, out: Path | None) -> Iterator[formats.Write]:
    """What takes the lines: a table, the file ``out``, or standard output."""
    if told_as is Format.table:
        from .table import table

        with reporting_errors("standard output", "see where it goes"), table() as write:
            yield write
    elif out is not None:
        with private(out, "--out") as file, formats.writer(told_as, file) as write:
            yield write
    elif told_as is Format.parquet and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is not for terminals; add --out cards.parquet")
    else:
        with reporting_errors("standard output", "see where it goes"):
            with formats.writer(told_as, sys.stdout.buffer) as write:
                yield write
            sys.stdout.buffer.flush()


def _saver(folder: Path | None, sources: Sequence[inputs.Source], *, covered: bool) -> Save:
    """What writes the annotated picture of a line that was read into ``folder``; nothing when that is None.

    Raises typer.BadParameter where that would be over one of ``sources``, or through a link.
    """
    if folder is None:
        return lambda _place, _name, _data, _told: None
    from . import annotate

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BankcardError(f"{folder} cannot be made: {error.strerror}; choose another --save-annotated") from error
    targets = (folder / annotate.file_name(place, source.name) for place, source in enumerate(sources, 1))
    keep_all(targets, [source.name for source in sources], "--save-annotated")

    def save(place: int, name: str, data: bytes, told: Told) -> None:
        if told["number"] is not None:
            with private(folder / annotate.file_name(place, name), "--save-annotated") as file:
                file.write(annotate.annotated(data, told, covered=covered))

    return save


def _in_order(pool: ThreadPoolExecutor, work: Callable[[int], Told], count: int, ahead: int) -> Iterator[Told]:
    """The results of ``work`` on 0 to ``count`` - 1 in that order, at most ``ahead`` more of them begun."""
    begun: deque[Future[Told]] = deque()
    for place in range(count):
        begun.append(pool.submit(work, place))
        if len(begun) > ahead:
            yield begun.popleft().result()
    yield from (each.result() for each in begun)


def _watched(read: Iterable[Told], count: int, told_as: Format, out: Path | None) -> Generator[Told, None, None]:
    """``read``, with a bar on a terminal that does not get the lines themselves."""
    if count <= FEW or (told_as is not Format.table and out is None and sys.stdout.isatty()):
        yield from read
        return
    with bar(tenths=False, transient=True) as progress:
        for done, told in enumerate(read, 1):
            progress(done, 0, count)
            yield told
