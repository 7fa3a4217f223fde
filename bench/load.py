"""Loads real servers with real readings and counts: what serving costs, how workers add up, overload, memory, kills.

    .venv/bin/bankcard-ocr synth /tmp/cards --count 40
    .venv/bin/python bench/load.py /tmp/cards bench/results/load.json [--only capacity,...] [--seconds 60]

PICTURES is a folder of pictures. The load generator runs on the same machine, in this process alone, and its CPU share
is in each figure as ``generator_cores``. Every section stands alone in the result, with the command that made it, so
that they may be run one by one: ``bench/operations.sh`` does. ``--each N`` lets one of N calls of ``memory`` bring a
picture that can be read, the others a damaged one, since 100,000 readings take hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bankcard_ocr.bench import machine
from bankcard_ocr.errors import BankcardError
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state.base import App, State, beijing_day
from bankcard_ocr.reading import PictureReader
from bankcard_ocr.resident import resident_bytes

CORES = len(os.sched_getaffinity(0))
STAND_IN = Path(__file__).parent.parent / "tests" / "served.py"
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass
class Server:
    """A running ``bankcard-ocr serve``."""

    process: subprocess.Popen[bytes]
    port: int
    token: str
    state: State

    def pids(self) -> list[int]:
        """The processes that read: the workers, or the server itself when it has none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return workers or [self.process.pid]

    def memory_mb(self) -> float:
        """What its processes hold."""
        return sum(resident_bytes(pid) for pid in {self.process.pid, *self.pids()}) / 1_048_576

    def used(self) -> int:
        return self.state.used("recognize:wx1", beijing_day(time.time()))


@dataclass(frozen=True, slots=True)
class Call:
    """One call: which picture, how long it took, its errcode (None: no reply) and number."""

    picture: int
    seconds: float
    code: int | None
    number: str

    @property
    def done(self) -> bool:
        """Whether the picture was read or refused; busy is neither."""
        return self.code is not None and self.code >= 0


@dataclass
class Result:
    """What a load saw."""

    calls: list[Call] = field(default_factory=list)
    seconds: float = 0.0
    generator_cores: float = 0.0

    def rate(self) -> float:
        """Calls a second whose picture was read or refused."""
        return sum(call.done for call in self.calls) / self.seconds

    def percentile_ms(self, share: float) -> float:
        times = sorted(call.seconds for call in self.calls if call.done)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    def codes(self) -> dict[str, int]:
        return dict(sorted(Counter(str(call.code) for call in self.calls).items()))


@contextmanager
def serving(
    url: str, workers: int, limit: int = 10**9, *, stand_in: bool = False, **variables: str
) -> Iterator[Server]:
    """A server on a free port, with the app wx1; as a ``stand_in`` its reader says one number at once."""
    state = states.connect(url)
    state.add_app(App(appid="wx1", name="bench", secret_hash="-", created=0.0, daily_limit=limit))  # noqa: S106
    token = operator_token(state, state.app("wx1"), time.time(), 7200)  # type: ignore[arg-type]
    environment = {
        **os.environ,
        "BANKCARD_OCR_STATE_URL": url,
        "BANKCARD_OCR_LOG_FORMAT": "json",
        "BANKCARD_OCR_THREADS": "1",
        "BANKCARD_OCR_MINUTE_LIMIT": str(10**9),
        **variables,
    }
    program = [str(STAND_IN)] if stand_in else ["-m", "bankcard_ocr"]
    command = [sys.executable, *program, "serve", "--port", "0", "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)  # noqa: S603
    lines = iter(process.stderr.readline, b"")  # type: ignore[union-attr]
    port = next(int(found.group(1)) for line in lines if (found := re.search(rb"http://[0-9.]+:(\d+)", line)))
    for _ in range(workers):
        next(line for line in lines if b'"ready"' in line)
    server = Server(process, port, token, state)
    threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        state.close()


class Client:
    """One connection that calls one after another; it connects anew when the server closed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, picture: bytes, timeout_s: float = 30.0) -> tuple[int | None, str]:
        """The errcode and number of the reply; None when there was no reply."""
        try:
            return await asyncio.wait_for(self._call(picture), timeout_s)
        except (OSError, EOFError, ValueError, TimeoutError):
            self.close()
            return None, ""

    async def _call(self, picture: bytes) -> tuple[int, str]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._server.port)
        reader, writer = self._streams
        head = (
            f"POST /cv/ocr/bankcard?access_token={self._server.token} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        )
        writer.write(head.encode() + picture)
        await writer.drain()
        headers = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(re.search(rb"content-length: (\d+)", headers).group(1))  # type: ignore[union-attr]
        reply = json.loads(await reader.readexactly(length))
        if b"connection: close" in headers:
            self.close()
        return reply["errcode"], reply.get("number", "")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


async def closed(
    server: Server, pictures: list[bytes], connections: int, *, seconds: float = 0, calls: int = 0
) -> Result:
    """Each connection calls again as soon as it is answered, for ``seconds``, or ``calls`` in all."""
    result, sent, started, cpu = Result(), 0, time.perf_counter(), time.process_time()

    async def one() -> None:
        nonlocal sent
        client = Client(server)
        while (time.perf_counter() - started < seconds) if seconds else (sent < calls):
            picture = sent % len(pictures)
            sent += 1
            at = time.perf_counter()
            code, number = await client.call(pictures[picture])
            result.calls.append(Call(picture, time.perf_counter() - at, code, number))
            if code is None or code < 0:
                await asyncio.sleep(0.05)
        client.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    result.seconds = time.perf_counter() - started
    result.generator_cores = (time.process_time() - cpu) / result.seconds
    return result


async def offered(
    server: Server, pictures: list[bytes], rate: float, seconds: float, *, evenly: bool = False
) -> Result:
    """Calls begin at random moments, or ``evenly``, ``rate`` a second, whether earlier ones are answered or not."""
    result, clients = Result(), list[Client]()
    tasks = set[asyncio.Task[None]]()
    rng, started, cpu = random.Random(0), time.perf_counter(), time.process_time()
    due = 0.0

    async def one(at: float, picture: int) -> None:
        client = clients.pop() if clients else Client(server)
        code, number = await client.call(pictures[picture])
        result.calls.append(Call(picture, time.perf_counter() - started - at, code, number))
        clients.append(client)

    while due < seconds:
        due += 1 / rate if evenly else rng.expovariate(rate)
        await asyncio.sleep(max(0.0, started + due - time.perf_counter()))
        task = asyncio.create_task(one(due, rng.randrange(len(pictures))))
        tasks.add(task)
    await asyncio.gather(*tasks)
    result.seconds = time.perf_counter() - started
    result.generator_cores = (time.process_time() - cpu) / result.seconds
    for client in clients:
        client.close()
    return result


def bare(pictures: list[bytes], processes: int, seconds: float) -> float:
    """Pictures a second of the reader alone, in as many processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_load) as pool:
        pool.map(_read_for, [(pictures, 1.0)] * processes, chunksize=1)
        return sum(pool.map(_read_for, [(pictures, seconds)] * processes, chunksize=1))


_kept = list[PictureReader]()  # by a process of the pool


def _load() -> None:
    import cv2

    from bankcard_ocr.reader import Reader

    cv2.setNumThreads(1)
    _kept.append(Reader(threads=1))


def _read_for(work: tuple[list[bytes], float]) -> float:
    pictures, seconds = work
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        with suppress(BankcardError):
            _kept[0].read(pictures[done % len(pictures)])
        done += 1
    return done / (time.perf_counter() - started)


def capacity(pictures: list[bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """The server over the bare reader on the same cores, both closed loops; the reader before and after the server."""
    before = bare(pictures, CORES, seconds / 2)
    with serving(f"sqlite:///{folder}/capacity.sqlite3", CORES) as server:
        asyncio.run(closed(server, pictures, 2 * CORES, seconds=3))
        result = asyncio.run(closed(server, pictures, 2 * CORES, seconds=seconds))
    after = bare(pictures, CORES, seconds / 2)
    alone = (before + after) / 2
    return {
        "cores": CORES,
        "bare_reader_per_s": round(alone, 2),
        "bare_reader_before_and_after_per_s": [round(before, 2), round(after, 2)],
        "server_per_s": round(result.rate(), 2),
        "of_bare_reader": round(result.rate() / alone, 3),
        "per_core": round(result.rate() / CORES, 2),
        "generator_cores": round(result.generator_cores, 3),
        "codes": result.codes(),
    }


def workers(pictures: list[bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """Two workers of one thread each over one, and one worker of two threads beside them, with what they hold."""
    rates, held = {}, {}
    for count, threads in ((1, 1), (2, 1), (1, 2)):
        url = f"sqlite:///{folder}/workers{count}x{threads}.sqlite3"
        with serving(url, count, BANKCARD_OCR_THREADS=str(threads)) as server:
            asyncio.run(closed(server, pictures, 4 * count * threads, seconds=3))
            rates[count, threads] = asyncio.run(closed(server, pictures, 4 * count * threads, seconds=seconds)).rate()
            held[count, threads] = server.memory_mb()
    return {
        "one_per_s": round(rates[1, 1], 2),
        "two_per_s": round(rates[2, 1], 2),
        "two_over_one": round(rates[2, 1] / rates[1, 1], 3),
        "one_of_two_threads_per_s": round(rates[1, 2], 2),
        "two_threads_over_one": round(rates[1, 2] / rates[1, 1], 3),
        "two_workers_mb": round(held[2, 1], 1),
        "two_threads_mb": round(held[1, 2], 1),
    }


def at_80_percent(pictures: list[bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """Latency at 80 % of what the server can do: calls that come evenly, as most load generators send them, and
    at random, as people do. Random ones wait for one another: were every reading as long as any other, the 99th
    percentile would be 3.9 medians at two cores all the same.
    """
    found: dict[str, Any] = {}
    with serving(f"sqlite:///{folder}/latency.sqlite3", CORES) as server:
        full = asyncio.run(closed(server, pictures, 2 * CORES, seconds=max(5.0, seconds / 3))).rate()
        for name in ("evenly", "at_random"):
            result = asyncio.run(offered(server, pictures, 0.8 * full, seconds, evenly=name == "evenly"))
            median, p99 = result.percentile_ms(0.5), result.percentile_ms(0.99)
            found[name] = {
                "median_ms": round(median, 2),
                "p99_ms": round(p99, 2),
                "p99_over_median": round(p99 / median, 2),
                "generator_cores": round(result.generator_cores, 3),
                "codes": result.codes(),
            }
    return {"offered_per_s": round(0.8 * full, 2), **found}


def overload(pictures: list[bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """Ten times what the server can do: all are answered or told busy within a second, nothing dies or grows.

    Memory swings as pictures come and free memory is given back: the growth is the mean of the overload's last quarter
    over the mean under full load before; ``memory_peak_mb`` compares the highest looks of both.
    """
    with serving(f"sqlite:///{folder}/overload.sqlite3", CORES) as server:
        asyncio.run(closed(server, pictures, 2 * CORES, seconds=5))
        loaded, before = asyncio.run(_watched(server, closed(server, pictures, 2 * CORES, seconds=15)))
        full, pids = loaded.rate(), set(server.pids())
        result, during = asyncio.run(_watched(server, offered(server, pictures, 10 * full, seconds)))
        deaths = len(pids - set(server.pids()))
        time.sleep(5)
        left = server.memory_mb()
    in_time = sum(call.seconds <= 1.0 and call.code is not None for call in result.calls)
    return {
        "offered_per_s": round(10 * full, 1),
        "calls": len(result.calls),
        "within_1_s": round(in_time / len(result.calls), 5),
        "longest_ms": round(1000 * max(call.seconds for call in result.calls), 1),
        "worker_deaths": deaths,
        "memory_growth_mb": round(statistics.fmean(during[-len(during) // 4 :]) - statistics.fmean(before), 1),
        "memory_peak_mb": round(max(during) - max(before), 1),
        "memory_left_5_s_later_mb": round(left - statistics.fmean(before), 1),
        "generator_cores": round(result.generator_cores, 3),
        "codes": result.codes(),
    }


async def _watched(server: Server, load: Coroutine[Any, Any, Result]) -> tuple[Result, list[float]]:
    """What ``load`` saw, and what the server held meanwhile, looked at four times a second."""
    looks: list[float] = []

    async def look() -> None:
        while True:
            looks.append(server.memory_mb())
            await asyncio.sleep(0.25)

    looking = asyncio.create_task(look())
    result = await load
    looking.cancel()
    return result, looks


def memory(pictures: list[bytes], folder: Path, requests: int, each: int) -> dict[str, Any]:
    """The slope of memory over many calls, by least squares over a hundred looks after the first tenth.

    One call of ``each`` has a picture that can be read, the others one that is damaged.
    """
    pictures = [data for picture in pictures for data in (picture, *[picture[: len(picture) // 2]] * (each - 1))]
    looks: list[tuple[int, float]] = []
    with serving(f"sqlite:///{folder}/memory.sqlite3", CORES, BANKCARD_OCR_WORKER_MEMORY_MB="65536") as server:
        asyncio.run(closed(server, pictures, 2 * CORES, calls=max(1, requests // 10)))
        for step in range(100):
            asyncio.run(closed(server, pictures, 2 * CORES, calls=max(1, requests // 100)))
            looks.append(((step + 1) * max(1, requests // 100), server.memory_mb()))
    slope, noise = _slope(looks)
    quarter = len(looks) // 4
    return {
        "requests": looks[-1][0] + max(1, requests // 10),
        "readings": (looks[-1][0] + max(1, requests // 10)) // each,
        "first_mb": round(looks[0][1], 1),
        "last_mb": round(looks[-1][1], 1),
        "mean_of_first_quarter_mb": round(statistics.fmean(mb for _, mb in looks[:quarter]), 1),
        "mean_of_last_quarter_mb": round(statistics.fmean(mb for _, mb in looks[-quarter:]), 1),
        "mb_per_100000": round(1e5 * slope, 3),
        "standard_error": round(1e5 * noise, 3),
        "flat_within_noise": abs(slope) <= 3 * noise,
    }


def _slope(looks: list[tuple[int, float]]) -> tuple[float, float]:
    slope, offset = statistics.linear_regression([x for x, _ in looks], [y for _, y in looks])
    mean = statistics.fmean(x for x, _ in looks)
    rest = sum((y - offset - slope * x) ** 2 for x, y in looks) / (len(looks) - 2)
    return slope, (rest / sum((x - mean) ** 2 for x, _ in looks)) ** 0.5


def kills(pictures: list[bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """A worker is killed every two seconds under load: no wrong number, no charge of an answered call lost."""
    with serving(f"sqlite:///{folder}/kills.sqlite3", max(2, CORES)) as server:
        right = asyncio.run(closed(server, pictures, 1, calls=len(pictures)))
        if any(call.code is None for call in right.calls):
            raise RuntimeError("a picture had no reply before anything was killed")
        expected = {call.picture: call.number for call in right.calls}
        before = server.used()
        killed = 0

        async def kill() -> None:
            nonlocal killed
            for _ in range(int(seconds / 2)):
                await asyncio.sleep(2.0)
                with suppress(ProcessLookupError, IndexError, OSError):
                    os.kill(random.choice(server.pids()), signal.SIGKILL)
                    killed += 1

        async def both() -> Result:
            loaded, _ = await asyncio.gather(closed(server, pictures, 2 * CORES, seconds=seconds), kill())
            return loaded

        result = asyncio.run(both())
        charged = server.used() - before
    due = sum(call.code in {0, 101001} for call in result.calls)  # what was read, or looked at in vain, is charged
    return {
        "kills": killed,
        "calls": len(result.calls),
        "without_reply": sum(call.code is None for call in result.calls),
        "wrong_answers": sum(call.done and call.number != expected[call.picture] for call in result.calls),
        "charges_due": due,
        "charged": charged,
        "lost_charges": max(0, due - charged),
        "codes": result.codes(),
    }


def quota(pictures: list[bytes], folder: Path, _seconds: float) -> dict[str, Any]:
    """Two servers of four processes each on one Redis, a quota of 500, four times as many calls.

    The servers' reader is a stand-in, so that the calls come as thick as they can.
    """
    program = shutil.which("redis-server")
    if program is None:
        return {"skipped": "redis-server is not installed"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    redis = subprocess.Popen(  # noqa: S603
        [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
        stdout=subprocess.PIPE,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        next(line for line in iter(redis.stdout.readline, b"") if b"Ready to accept" in line)  # type: ignore[union-attr]
        with serving(url, 4, 500, stand_in=True) as one, serving(url, 4, 500, stand_in=True) as other:

            async def both() -> list[Result]:
                return await asyncio.gather(*(closed(each, pictures, 16, calls=1000) for each in (one, other)))

            results = asyncio.run(both())
            used = one.used()
    finally:
        redis.kill()
        redis.wait()
    codes = Counter(call.code for result in results for call in result.calls)
    return {
        "reader": "stand-in",
        "calls": codes.total(),
        "served": codes[0] + codes[101001],
        "charged": used,
        "refused_by_quota": codes[101003],
        "codes": {str(code): count for code, count in codes.items()},
    }


SECTIONS: dict[str, Any] = {
    "capacity": capacity,
    "workers": workers,
    "at_80_percent": at_80_percent,
    "overload": overload,
    "kills": kills,
    "quota": quota,
    "memory": memory,  # the longest
}


def main() -> None:
    """Measures the sections asked for and writes them into OUT, beside those that are there."""
    parser = argparse.ArgumentParser(description="Load a real server.")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--requests", type=int, default=100_000, help="of the section memory")
    parser.add_argument("--each", type=int, default=1, help="of the section memory: one call of so many can be read")
    asked = parser.parse_args()
    files = sorted(file for file in asked.pictures.iterdir() if file.suffix.lower() in SUFFIXES)[:200]
    pictures = [file.read_bytes() for file in files]
    result: dict[str, Any] = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for name in asked.only.split(","):
        busy = machine.busy()
        with tempfile.TemporaryDirectory() as folder:
            if name == "memory":
                found = memory(pictures, Path(folder), asked.requests, asked.each)
                options = f"--requests {asked.requests} --each {asked.each}"
            else:
                found = SECTIONS[name](pictures, Path(folder), asked.seconds)
                options = f"--seconds {asked.seconds:g}"
        command = f"python bench/load.py PICTURES bench/results/load.json --only {name} {options}"
        result[name] = {"command": command, "pictures": len(pictures), **found}
        others = machine.others(busy, machine.busy())
        result[name]["other_cores"] = None if others is None else round(others, 3)
        result["machine"] = machine.facts()
        asked.out.write_text(json.dumps(result, indent=2) + "\n")
        print(name, json.dumps(result[name]))


if __name__ == "__main__":
    main()
