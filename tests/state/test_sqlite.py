"""What the embedded store promises beyond every store's promises."""

from __future__ import annotations

import dataclasses
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kept import record

from bankcard_ocr.errors import StateError
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.state import base, sqlite
from bankcard_ocr.platform.state.base import App, Token, Window, dump, span
from bankcard_ocr.platform.state.sqlite import _FIRST, VERSION, SqliteState

APP = App(appid="wx1", name="a shop", secret_hash="-", created=0.0)
RECORD = record("r1")

TOKEN = Token(digest="a", appid="wx1", kind="token", nonce="", issued=0.0, expires=1.0, good_until=1.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "state.sqlite3"


def modes(folder) -> set[str]:
    return {f"{stat.S_IMODE(file.stat().st_mode):o}" for file in folder.iterdir()}


def test_files_are_the_owners_alone(path, clock):
    """The file and the log beside it have mode 0600, the folder made for them 0700."""
    store = SqliteState(path, clock)
    store.put("k", "v", lifetime_s=1)
    found = modes(path.parent), f"{stat.S_IMODE(path.parent.stat().st_mode):o}"
    store.close()

    assert ({"600"}, "700") == found


def test_a_file_that_is_opened_again_keeps_the_locks_on_it(path, clock):
    """They are the process's: were any descriptor of the file closed, the next process would take its log away."""
    window = span(clock.now, 86400)
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT 1 FROM apps')"
    serving = SqliteState(path, clock)
    serving.consume("recognize:wx1", window, 5)
    SqliteState(path, clock).close()  # as when the settings are read anew
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    serving.consume("recognize:wx1", window, 5)
    other = SqliteState(path, clock)

    assert (2, True) == (other.used("recognize:wx1", window), path.with_name(path.name + "-wal").exists())
    other.close()
    serving.close()


def test_a_fresh_file_may_be_opened_by_many_at_once(tmp_path, clock):
    """As a server and a command do that are started together: each finds it made."""
    start = threading.Barrier(16)

    def opened(n: int) -> str:
        start.wait()
        store = SqliteState(tmp_path / f"{n // 16}.sqlite3", clock)
        (mode,) = store._one("PRAGMA journal_mode")
        store.close()
        return mode

    with ThreadPoolExecutor(16) as pool:
        modes = list(pool.map(opened, range(5 * 16)))

    assert ["wal"] * 80 == modes


def test_a_fresh_file_that_another_writes_is_waited_for(path, clock, monkeypatch):
    """SQLite itself does not wait before it makes the log."""
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite.time, "sleep", lambda _s: other.execute("COMMIT"))
    store = SqliteState(path, clock)
    mode = store._one("PRAGMA journal_mode")
    store.close()
    other.close()

    assert ("wal",) == mode


def test_waiting_for_a_fresh_file_has_an_end(path, clock, monkeypatch):
    """One that another keeps for itself is out of reach."""
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite, "WAIT_S", 0.0)
    with pytest.raises(StateError, match="database is locked"):
        SqliteState(path, clock)
    other.close()


def test_a_file_that_another_process_keeps_to_itself_holds_up_no_queue(path, clock, monkeypatch):
    """Of threads that wait together the last has its answer hardly later than the first, not after all of them."""
    monkeypatch.setattr(sqlite, "WAIT_S", 0.5)
    store = SqliteState(path, clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def ping(_number: int) -> str:
        with pytest.raises(StateError) as caught:
            store.ping()
        return str(caught.value)

    started = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        said = set(pool.map(ping, range(12)))
    took = time.monotonic() - started
    other.close()
    store.close()

    assert ({"the state store failed: database is locked"}, True) == (said, took < 3)  # one after the other: 6 s


def test_a_file_that_cannot_be_used_is_not_held_open(path, clock):
    """It can be put right while the program goes on."""
    SqliteState(path, clock).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateError) as caught:
        SqliteState(path, clock)
    held = [file.exists() and file.samefile(path) for file in Path("/dev/fd").iterdir()]

    assert (StateError, False) == (caught.type, any(held))


class Full:
    """A connection on which COMMIT finds the disk full; the transaction is over then, or it is not."""

    def __init__(self, connection: sqlite3.Connection, *, over: bool) -> None:
        self._connection = connection
        self._over = over

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql == "COMMIT":
            if self._over:
                self._connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(sql, *values)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


def test_a_clock_that_was_ahead_stops_no_sweep(tmp_path):
    """Set back, it sweeps at the next record and not when the clock has come there again."""
    now = [1732377000.0 + 30 * 86400]
    store = SqliteState(tmp_path / "state.sqlite3", lambda: now[0])
    now[0] -= 30 * 86400
    swept = []
    store.sweep = lambda: swept.append(now[0])
    for _ in range(2):
        store.put_record(RECORD)

    assert [1732377000.0] == swept


def test_a_clock_that_jumped_ahead_and_was_set_back_stops_no_sweep(tmp_path):
    """It is doubted no more then."""
    now = [1732377000.0]
    store = SqliteState(tmp_path / "state.sqlite3", lambda: now[0])
    swept = []
    store.sweep = lambda: swept.append(now[0])
    for now[0] in (1732377000.0 + 30 * 86400, 1732377000.0):
        store.put_record(RECORD)
    store.close()

    assert [1732377000.0] == swept


def test_a_clock_that_jumps_ahead_deletes_nothing_at_once(tmp_path):
    """What is over by then goes when the clock has stayed so for an hour; set back before, nothing is lost."""
    now = [1732377000.0]
    store = SqliteState(tmp_path / "state.sqlite3", lambda: now[0])
    store.consume("recognize:wx1", span(now[0], 86400), 5)
    for _ in range(20):  # 10 minutes of a clock that is 70 days ahead
        now[0] += 30 + (70 * 86400 if now[0] < 1732377001.0 else 0)
        store.put_record(RECORD)
    kept = store._one("SELECT count(*) FROM counters")[0]
    for _ in range(120):
        now[0] += 30
        store.put_record(RECORD)
    left = store._one("SELECT count(*) FROM counters")[0]
    store.close()

    assert (1, 0) == (kept, left)


@pytest.mark.parametrize("over", [True, False])
def test_a_full_disk_is_said_and_goes_by(path, clock, monkeypatch, over: bool):
    """The reason is SQLite's own, and the store works again when there is room."""
    store = SqliteState(path, clock)
    with monkeypatch.context() as patched:
        patched.setattr(store, "_connection", Full(store._connection, over=over))
        with pytest.raises(StateError, match="disk is full"):
            store.rotate_token(TOKEN, old_until=0.0)

    store.rotate_token(TOKEN, old_until=0.0)
    assert TOKEN == store.token(TOKEN.digest)
    store.close()


def test_a_store_that_may_only_be_read_says_so_when_asked(path, clock):
    """A ping writes as a charge does, so that who asks for readiness is not told yes where every call will fail."""
    store = SqliteState(path, clock)
    store._connection.execute("PRAGMA query_only = ON")

    with pytest.raises(StateError, match="readonly"):
        store.ping()
    store.close()


@pytest.mark.parametrize(("options", "synchronous"), [("", 1), ("?synchronous=full", 2)])
def test_a_secret_store_url_is_a_path(tmp_path, clock, options: str, synchronous: int):
    """``sqlite:////absolute`` is that file, options after a question mark; NORMAL (1) unless FULL (2) is wanted."""
    store = states.connect(f"sqlite:///{tmp_path}/a.db{options}", clock)
    found = store._one("PRAGMA synchronous")
    store.close()

    assert ((synchronous,), ["a.db"]) == (found, [file.name for file in tmp_path.iterdir()])


def test_a_path_that_cannot_be_made_is_out_of_reach(tmp_path, clock):
    """A folder in place of the file is an error that names the setting."""
    with pytest.raises(StateError, match="state_url"):
        SqliteState(tmp_path, clock)


def test_a_file_of_another_kind_is_named(tmp_path, clock):
    """Its error says which file is no database, and which setting chose it."""
    path = tmp_path / "notes.txt"
    path.write_text("no database, but enough text to be taken for the head of one\n" * 20)
    with pytest.raises(
        StateError, match=f"file is not a database; the state file is {path}, see the setting state_url"
    ):
        SqliteState(path, clock)


def test_a_newer_file_is_not_touched(path, clock):
    """A file of a later version is refused."""
    SqliteState(path, clock).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StateError, match="newer"):
        SqliteState(path, clock)


def test_a_file_of_version_1_is_brought_up_to_date(path, clock):
    """Apps and records stay as they are; records are kept as a new file keeps them."""
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(f"{_FIRST} PRAGMA user_version = 1")
    connection.execute("INSERT INTO apps VALUES ('wx1', 0.0, ?)", (dump(APP),))
    connection.execute("INSERT INTO records VALUES ('r1', 'wx1', ?, ?)", (clock.now, dump(RECORD)))
    connection.commit()
    connection.close()
    new, old = SqliteState(":memory:", clock), SqliteState(path, clock)
    schemas = [
        store._all("SELECT name, replace(sql, '\"', '') FROM sqlite_schema ORDER BY name") for store in (new, old)
    ]
    found = (old.app("wx1"), old.record("r1"), old.records("wx1", since=0.0), old._one("PRAGMA user_version"))
    new.close()
    old.close()

    assert (APP, RECORD, [RECORD], (VERSION,), schemas[0]) == (*found, schemas[1])


def test_a_record_takes_little_more_than_its_size(path, clock):
    """One and a half kilobytes are not rounded up to a page."""
    store = SqliteState(path, clock)
    record = dataclasses.replace(RECORD, response_body="x" * 1300)
    for n in range(200):
        store.put_record(dataclasses.replace(record, rid=f"r{n}"))
    ((pages,), (size,)) = (store._one(f"PRAGMA page_{name}") for name in ("count", "size"))
    store.close()

    assert pages * size < 200 * 1.6 * len(dump(record))


def test_the_sweep_of_records_looks_at_old_ones_alone(path, clock):
    """An index leads to them: the minute's sweep does not read the table."""
    store = SqliteState(path, clock)
    plan = store._all("EXPLAIN QUERY PLAN DELETE FROM records WHERE at <= 1")
    store.close()

    assert "INDEX records_at" in plan[0][3]


def test_a_file_that_is_no_database_is_out_of_reach(path, clock):
    """A damaged file is a StateError, not a crash."""
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)

    with pytest.raises(StateError, match="not a database"):
        SqliteState(path, clock)


def test_after_closing_the_store_is_out_of_reach(path, clock):
    """A verb on a closed store raises StateError."""
    store = SqliteState(path, clock)
    store.close()

    with pytest.raises(StateError, match=r"Cannot operate on a closed database\.$"):
        store.ping()


def test_a_charge_that_failed_says_that_nothing_was_charged(path, clock):
    """What asked for no charge does not speak of one."""
    store = SqliteState(path, clock)
    store.close()

    with pytest.raises(StateError, match=r"closed database\.; nothing was charged$"):
        store.consume("recognize:wx1", span(clock.now, 86400), 5)


def test_sweeping_deletes_what_is_over_and_nothing_else(path, clock):
    """Old notes, tokens, minutes and records go; a day's count stays for the chart, a token's end for who is late."""
    store = SqliteState(path, clock)
    store.put("k", "v", lifetime_s=1)
    store.rotate_token(TOKEN, old_until=0.0)
    store.consume("minute:wx1", span(clock.now, 60), 5)
    for _ in range(2):
        store.consume("recognize:wx1", Window(name="2024-11-23", ends=1732377600.0), 5)
    store.put_record(RECORD)
    clock.now += 86400 * 7
    store.put("still", "v", lifetime_s=1)
    store.rotate_token(dataclasses.replace(TOKEN, digest="late", kind="stable", expires=clock.now), old_until=0.0)
    store.consume("minute:wx2", span(clock.now, 60), 5)
    store.put_record(record("r2", invoke_time=clock.now))
    store.sweep()
    kept = {
        table: store._all(f"SELECT {column} FROM {table}")
        for table, column in (("notes", "key"), ("tokens", "digest"), ("counters", "counter"), ("records", "rid"))
    }
    store.close()

    assert {
        "notes": [("still",)],
        "tokens": [("late",)],
        "counters": [("minute:wx2",), ("recognize:wx1",)],
        "records": [("r2",)],
    } == kept


def test_a_strangers_records_cannot_fill_the_disk(path, clock):
    """Of calls without a valid token only the latest are kept."""
    store = SqliteState(path, clock)
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO records VALUES (?, '', ?, '{}')", [(str(n), float(n + 1732370000)) for n in range(10_050)]
    )
    connection.commit()
    store.sweep()
    kept = connection.execute("SELECT count(*), min(at) FROM records").fetchone()
    connection.close()
    store.close()

    assert (base.MAX_ANONYMOUS_RECORDS, 1732370050.0) == kept


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_taken_away_fails_the_ping(path, clock, replaced: bool):
    """What is written into it from then on is lost, or another program's file is the one that counts."""
    store = SqliteState(path, clock)
    store.ping()
    path.rename(path.with_name("away"))
    if replaced:
        SqliteState(path, clock).close()
    with pytest.raises(StateError, match="was removed or replaced; restart the server"):
        store.ping()
    store.close()


def test_a_store_in_memory_answers_pings(clock):
    """It has no file that could be taken away."""
    store = SqliteState(":memory:", clock)
    store.ping()
    store.close()
