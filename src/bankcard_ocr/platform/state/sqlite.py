"""The embedded store: one SQLite file, shared by the threads and processes of one machine.

Exactness: every verb is one statement or one ``BEGIN IMMEDIATE`` transaction, so that writers of all processes stand
in line; who waits longer than ``WAIT_S`` for other processes, or for other threads, raises StateError.

Durability: write-ahead log with ``synchronous=NORMAL``. What a verb has done survives the death of every process
(``kill -9``) at once; a power cut may take back the last moments but never damages the file. Whoever wants each charge
on disk before the reply writes ``sqlite:///path?synchronous=FULL`` and pays an fsync for it.

The file is made with mode 0600, and SQLite gives the log beside it the same. One connection, under one lock: SQLite
lets one writer in at a time anyway, and threads that wait for a lock here do not wait in SQLite's sleeping loop.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from ...errors import SettingsError, StateError
from . import base
from .base import App, Record, Token, TokenKind, Window

WAIT_S = 5.0
AGAIN_S = 0.01  # after so long what does not wait by itself is tried anew
SWEEP_EVERY_S = 60.0
JUMP_S, SETTLED_S = 86_400.0, 3600.0  # without a call a clock is doubted after so long, for so long

_FIRST = """
CREATE TABLE apps (appid TEXT PRIMARY KEY, created REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, nonce TEXT NOT NULL,
    issued REAL NOT NULL, expires REAL NOT NULL, good_until REAL NOT NULL, current INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_current ON tokens (appid, kind) WHERE current;
CREATE INDEX tokens_app ON tokens (appid, kind);
CREATE TABLE counters (
    counter TEXT NOT NULL, window TEXT NOT NULL, count INTEGER NOT NULL, ends REAL NOT NULL,
    PRIMARY KEY (counter, window)
) WITHOUT ROWID;
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE records (rid TEXT PRIMARY KEY, appid TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX records_app ON records (appid, at);
"""
# Without rowid what a row has beyond a kilobyte takes a page of its own: a record of 1.2 kB was 4.7 kB, it is 1.5 now.
_RECORDS_BY_ROWID = """
CREATE TABLE records_by_rowid (rid TEXT PRIMARY KEY, appid TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
INSERT INTO records_by_rowid SELECT rid, appid, at, body FROM records ORDER BY at;
DROP TABLE records;
ALTER TABLE records_by_rowid RENAME TO records;
CREATE INDEX records_app ON records (appid, at);
CREATE INDEX records_at ON records (at);
"""
_STEPS = (_FIRST, _RECORDS_BY_ROWID)  # the n-th brings a file to version n; a new one goes through all of them
VERSION = len(_STEPS)

_TOKENS = f"SELECT {', '.join(Token.__slots__)} FROM tokens"  # noqa: S608 (names of fields)
_TOKEN = f"{_TOKENS} WHERE digest = ?"
_CURRENT = f"{_TOKENS} WHERE appid = ? AND kind = ? AND current"


class SqliteState:
    """The store in the file ``path``, which is made when missing; ``:memory:`` keeps it in this object alone."""

    def __init__(
        self, path: str | Path, clock: Callable[[], float], *, synchronous: str = "NORMAL", most_records: int = 0
    ) -> None:
        self._clock = clock
        self._most_records = most_records
        self._lock = threading.Lock()
        self._swept = clock()
        self._doubted_until = 0.0
        try:
            _make_private(path)
            self._connection = sqlite3.connect(
                path, timeout=WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"the state file {path} cannot be opened ({error}); see the setting state_url") from error
        self._path, self._identity = path, _identity(path)
        try:
            self._prepare(synchronous)
        except StateError as error:
            self._connection.close()
            raise StateError(f"{error}; the state file is {path}, see the setting state_url") from error
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def from_url(cls, url: str, clock: Callable[[], float]) -> SqliteState:
        """The store of ``sqlite:///relative``, ``sqlite:////absolute`` or ``sqlite:///:memory:``; ``~`` is the home.

        Two options may stand in its query: ``synchronous``, and ``records``, how many records are kept for each app
        at most, counted once a minute (0, the default, is all of seven days). Raises SettingsError for any other, and
        StateError for a file that cannot be opened.
        """
        place, _, options = url.partition("?")
        path = place.removeprefix("sqlite:///")
        chosen = dict(parse_qsl(options, keep_blank_values=True))
        synchronous = chosen.get("synchronous", "NORMAL").upper()
        most_records = base.most_records(chosen.get("records", "0"))
        if path == place or not path:
            raise SettingsError("state_url", "the settings", "must be sqlite:///PATH")
        if unknown := sorted(chosen.keys() - {"synchronous", "records"}):
            raise SettingsError("state_url", "the settings", f"has no option {unknown[0]}: synchronous, records")
        if synchronous not in {"NORMAL", "FULL"}:
            raise SettingsError("state_url", "the settings", "synchronous must be NORMAL or FULL")
        return cls(
            path if path == ":memory:" else file_of(url), clock, synchronous=synchronous, most_records=most_records
        )

    def add_app(self, app: App) -> bool:
        sql = "INSERT INTO apps VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return self._do(sql, app.appid, app.created, base.dump(app)) == 1

    def app(self, appid: str) -> App | None:
        row = self._one("SELECT body FROM apps WHERE appid = ?", appid)
        return base.load_app(row[0]) if row else None

    def apps(self) -> list[App]:
        return [base.load_app(body) for (body,) in self._all("SELECT body FROM apps ORDER BY created, appid")]

    def update_app(self, appid: str, change: Callable[[App], App]) -> App | None:
        with self._write() as connection:
            row = connection.execute("SELECT body FROM apps WHERE appid = ?", (appid,)).fetchone()
            if row is None:
                return None
            changed = change(base.load_app(row[0]))
            connection.execute("UPDATE apps SET body = ? WHERE appid = ?", (base.dump(changed), appid))
            return changed

    def delete_app(self, appid: str) -> bool:
        with self._write() as connection:
            connection.execute("DELETE FROM tokens WHERE appid = ?", (appid,))
            connection.execute("DELETE FROM records WHERE appid = ?", (appid,))
            connection.execute("DELETE FROM counters WHERE substr(counter, -length(?1)) = ?1", (f":{appid}",))
            return connection.execute("DELETE FROM apps WHERE appid = ?", (appid,)).rowcount == 1

    def token(self, digest: str) -> Token | None:
        return _token(self._one(_TOKEN, digest))

    def current_token(self, appid: str, kind: TokenKind) -> Token | None:
        return _token(self._one(_CURRENT, appid, kind))

    def rotate_token(self, new: Token, *, old_until: float, by: str | None = None) -> bool:
        with self._write() as connection:
            if by is not None and not _is_secret(connection, new.appid, by):
                return False
            _rotate(connection, new, old_until)
            return True

    def replace_token(self, new: Token, *, seen: str | None, old_until: float, by: str | None = None) -> Token | None:
        with self._write() as connection:
            if by is not None and not _is_secret(connection, new.appid, by):
                return None
            current = _token(connection.execute(_CURRENT, (new.appid, new.kind)).fetchone())
            if current is not None and current.digest != seen:
                return current
            _rotate(connection, new, old_until)
            return new

    def revoke_tokens(self, appid: str) -> None:
        self._do("UPDATE tokens SET good_until = 0, current = 0 WHERE appid = ?", appid)

    def consume(self, counter: str, window: Window, limit: int) -> int | None:
        if limit < 1:
            return None
        sql = (
            "INSERT INTO counters VALUES (?1, ?2, 1, ?3)"
            " ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?4 RETURNING count"
        )
        try:
            row = self._one(sql, counter, window.name, window.ends, limit)
        except StateError as error:
            raise StateError(f"{error}; nothing was charged") from error
        return row[0] if row else None

    def used(self, counter: str, window: Window) -> int:
        row = self._one("SELECT count FROM counters WHERE counter = ? AND window = ?", counter, window.name)
        return row[0] if row else 0

    def used_each(self, counters: Sequence[str], window: Window) -> list[int]:
        return [self.used(counter, window) for counter in counters]

    def clear(self, counter: str, window: Window) -> None:
        self._do("DELETE FROM counters WHERE counter = ? AND window = ?", counter, window.name)

    def history(self, counter: str) -> dict[str, int]:
        return dict(self._all("SELECT window, count FROM counters WHERE counter = ? ORDER BY window", counter))

    def put_if_absent(self, key: str, value: str, *, lifetime_s: float) -> str | None:
        now = self._clock()
        with self._write() as connection:
            row = connection.execute("SELECT value FROM notes WHERE key = ? AND expires > ?", (key, now)).fetchone()
            if row is None:
                connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (key, value, now + lifetime_s))
                return None
            return str(row[0])

    def put(self, key: str, value: str, *, lifetime_s: float) -> None:
        self._do("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", key, value, self._clock() + lifetime_s)

    def take(self, key: str) -> str | None:
        row = self._one("DELETE FROM notes WHERE key = ? RETURNING value, expires", key)
        return row[0] if row and row[1] > self._clock() else None

    def put_record(self, record: Record) -> None:
        sql = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)"
        self._do(sql, record.rid, record.appid, record.invoke_time, base.dump(record))
        now = self._clock()
        passed_s = now - self._swept
        if 0 <= passed_s < SWEEP_EVERY_S:  # a clock that was ahead is set back
            return
        self._swept = now
        if passed_s > JUMP_S:  # a clock that runs ahead now would delete what is not over
            self._doubted_until = now + SETTLED_S
        if not 0 <= self._doubted_until - now <= SETTLED_S:
            self.sweep()

    def record(self, rid: str) -> Record | None:
        oldest = self._clock() - base.RECORD_LIFETIME_S
        row = self._one("SELECT body FROM records WHERE rid = ? AND at > ?", rid, oldest)
        return base.load_record(row[0]) if row else None

    def records(self, appid: str, *, since: float, path: str = "") -> list[Record]:
        sql = """
            SELECT body FROM records WHERE appid = ?1 AND at >= ?2 AND (
                ?3 = '' OR json_extract(body, '$.request_url') = ?3
                OR substr(json_extract(body, '$.request_url'), 1, length(?3) + 1) = ?3 || '?'
            ) ORDER BY at DESC LIMIT ?4
        """
        return [base.load_record(body) for (body,) in self._all(sql, appid, since, path, base.MAX_RECORDS_ANSWERED)]

    def sweep(self) -> None:
        """Deletes what is past its time. Called by writers now and then; harmless at any time."""
        now = self._clock()
        with self._write() as connection:
            connection.execute("DELETE FROM notes WHERE expires <= ?", (now,))
            connection.execute("DELETE FROM tokens WHERE expires <= ?", (now - base.TOKEN_KEPT_S,))
            connection.execute("DELETE FROM counters WHERE ends <= ?", (now - base.COUNTER_LIFETIME_S,))
            connection.execute(
                "DELETE FROM counters WHERE ends <= ? AND window LIKE '%Z'", (now,)
            )  # minutes; days and months are kept for charts
            connection.execute("DELETE FROM records WHERE at <= ?", (now - base.RECORD_LIFETIME_S,))
            bounds = [("", base.MAX_ANONYMOUS_RECORDS)]
            if self._most_records:
                apps = connection.execute("SELECT appid FROM apps").fetchall()
                bounds += [(appid, self._most_records) for (appid,) in apps]
            connection.executemany(
                "DELETE FROM records WHERE appid = ?1 AND at < "
                "(SELECT at FROM records WHERE appid = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2 - 1)",
                bounds,
            )

    def ping(self) -> None:
        if _identity(self._path) != self._identity:
            raise StateError(f"the state file {self._path} was removed or replaced; restart the server")
        self.put("ping", "", lifetime_s=1.0)  # a file that is full or may only be read answers and takes no charge

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _prepare(self, synchronous: str) -> None:
        """Makes the file one that is written as this module says, of this version."""
        with self._alone() as connection:
            _write_ahead(connection)
        self._all(f"PRAGMA synchronous = {synchronous}")
        with self._write() as connection:
            _migrate(connection)

    def _one(self, sql: str, *values: Any) -> Any:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with self._alone() as connection:
            return connection.execute(sql, values).fetchall()  # to the end: RETURNING commits with the last row

    def _do(self, sql: str, *values: Any) -> int:
        with self._alone() as connection:
            return connection.execute(sql, values).rowcount

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; SQLite's errors become StateError.

        Behind a thread that waits for another process nobody waits longer than that one does.
        """
        if not self._lock.acquire(timeout=WAIT_S):
            raise StateError("the state store failed: database is locked")
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise StateError(f"the state store failed: {error}") from error
        finally:
            self._lock.release()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone, inside a transaction that no other writer is in."""
        with self._alone() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise


def file_of(url: str) -> Path:
    """The file that ``sqlite:///PATH`` names."""
    return Path(url.partition("?")[0].removeprefix("sqlite:///")).expanduser()


def version_of(url: str) -> int:
    """The version of the file that ``url`` names, which is read alone. Raises StateError when it is damaged."""
    try:
        with closing(sqlite3.connect(f"{file_of(url).absolute().as_uri()}?mode=ro", timeout=WAIT_S, uri=True)) as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            (found,) = file.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"the state file {file_of(url)} cannot be read: {error}") from error
    if found != "ok":
        raise StateError(f"the state file {file_of(url)} is damaged: {found}")
    return int(version)


def _make_private(path: str | Path) -> None:
    """Makes the file with mode 0600, and its folder with 0700, when they are missing."""
    if path == ":memory:":
        return
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # never opened again: closing it would drop the locks that this process has on it
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _identity(path: str | Path) -> tuple[int, int] | None:
    """Which file ``path`` is; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Gives a new file its write-ahead log; that statement alone does not wait for those who are at the file, too."""
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)
        else:
            return


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StateError(f"the state file is of version {version}, newer than this program's {VERSION}; upgrade it")
    if version < VERSION:
        for statement in "".join(_STEPS[version:]).split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _is_secret(connection: sqlite3.Connection, appid: str, secret_hash: str) -> bool:
    row = connection.execute("SELECT body FROM apps WHERE appid = ?", (appid,)).fetchone()
    return row is not None and base.load_app(row[0]).secret_hash == secret_hash


def _rotate(connection: sqlite3.Connection, new: Token, old_until: float) -> None:
    connection.execute(
        "UPDATE tokens SET current = 0, good_until = min(good_until, ?) WHERE appid = ? AND kind = ?",
        (old_until, new.appid, new.kind),
    )
    values = [getattr(new, name) for name in Token.__slots__]
    connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, 1)", values)


def _token(row: Any) -> Token | None:
    return Token(**dict(zip(Token.__slots__, row, strict=True))) if row else None
