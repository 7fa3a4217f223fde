"""What every store of the platform's state promises."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kept import record

from bankcard_ocr.errors import SettingsError
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.state import base
from bankcard_ocr.platform.state.base import (
    RECORD_LIFETIME_S,
    App,
    Token,
    Window,
    beijing_day,
    beijing_month,
    span,
)
from bankcard_ocr.settings import MOST_CALLS

HAMMER = Path(__file__).with_name("hammer.py")
DAY = Window(name="2024-11-23", ends=1732377600.0)
APP = App(appid="wx1", name="Shop", secret_hash="scrypt$…", created=1.0, whitelist=("10.0.0.0/8",))


def token(digest: str, *, kind="token", issued: float = 1732377000.0) -> Token:
    expires = issued + 7200
    return Token(
        digest=digest, appid="wx1", kind=kind, nonce="n" + digest, issued=issued, expires=expires, good_until=expires
    )


class TestApps:
    def test_an_added_app_is_found_as_it_was(self, store):
        """An app comes back with every field, lists included."""
        store.add_app(APP)

        assert APP == store.app("wx1")

    def test_an_appid_is_taken_once(self, store):
        """A second app under the same id is refused and changes nothing."""
        added = [store.add_app(APP), store.add_app(dataclasses.replace(APP, name="Other"))]

        assert ([True, False], APP) == (added, store.app("wx1"))

    def test_an_unknown_app_is_none(self, store):
        """There is no app until one is added."""
        assert (None, []) == (store.app("wx1"), store.apps())

    def test_apps_are_listed_the_oldest_first(self, store):
        """The list is in order of creation."""
        store.add_app(dataclasses.replace(APP, appid="wx2", created=2.0))
        store.add_app(APP)

        assert ["wx1", "wx2"] == [app.appid for app in store.apps()]

    def test_a_change_is_kept_and_returned(self, store):
        """The changed app is what the caller gets and what the next one finds."""
        store.add_app(APP)
        changed = store.update_app("wx1", lambda app: dataclasses.replace(app, enabled=False))

        assert (dataclasses.replace(APP, enabled=False),) * 2 == (changed, store.app("wx1"))

    def test_no_app_no_change(self, store):
        """Changing an unknown app gives None."""
        assert None is store.update_app("wx1", lambda app: app)

    def test_concurrent_changes_are_all_kept(self, store):
        """Of changes made at the same time none is lost."""
        store.add_app(dataclasses.replace(APP, whitelist=()))

        def add(n: int) -> None:
            store.update_app("wx1", lambda app: dataclasses.replace(app, whitelist=(*app.whitelist, f"10.0.0.{n}")))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(50)))

        assert {f"10.0.0.{n}" for n in range(50)} == set(store.app("wx1").whitelist)

    def test_a_change_that_another_process_makes_meanwhile_is_kept(self, store, url, clock):
        """Neither is lost, nor found out of reach."""
        store.add_app(APP)
        other, is_made = states.connect(url, clock), threading.Event()

        def disabled(app: App) -> App:
            return dataclasses.replace(app, enabled=False)

        def renamed(app: App) -> App:
            pool.submit(other.update_app, "wx1", disabled).add_done_callback(lambda _: is_made.set())
            is_made.wait(0.2)  # in vain where the other waits for this
            return dataclasses.replace(app, name="Other")

        with ThreadPoolExecutor(1) as pool:
            store.update_app("wx1", renamed)
        other.close()

        assert dataclasses.replace(APP, name="Other", enabled=False) == store.app("wx1")

    def test_a_change_that_fails_takes_back_nothing_else(self, store, url, clock):
        """What another thread charges meanwhile is charged, and every other process knows of it."""
        store.add_app(APP)
        is_changing, is_charged = threading.Event(), threading.Event()

        def change(_app: App) -> App:
            is_changing.set()
            is_charged.wait(0.2)  # in vain where the charge waits for the change
            raise ZeroDivisionError

        with ThreadPoolExecutor(2) as pool:
            changed = pool.submit(store.update_app, "wx1", change)
            is_changing.wait(10)
            charged = pool.submit(store.consume, "recognize:wx1", DAY, 5)
            charged.add_done_callback(lambda _: is_charged.set())
        other = states.connect(url, clock)
        used = other.used("recognize:wx1", DAY)
        other.close()

        assert (ZeroDivisionError, 1, 1) == (type(changed.exception()), charged.result(), used)

    def test_a_deleted_app_takes_all_with_it(self, store):
        """Tokens, counts and records go with the app, and with no other, however alike their names are."""
        store.add_app(APP)
        store.rotate_token(token("a"), old_until=0.0)
        store.rotate_token(token("b"), old_until=1732377300.0)
        store.put_record(record("r1"))
        store.consume("recognize:wx1", DAY, 5)
        others = ("recognize:owx1", "recognize:WX1", "recognize:wx1_", "wrong:::1:wx11")
        for counter in others:
            store.consume(counter, DAY, 5)
        deleted = [store.delete_app("wx1"), store.delete_app("wx1")]

        assert ([True, False], [None, None], None, 0, [1] * len(others)) == (
            deleted,
            [store.token(digest) for digest in "ab"],
            store.record("r1"),
            store.used("recognize:wx1", DAY),
            [store.used(counter, DAY) for counter in others],
        )


class TestTokens:
    def test_a_token_is_found_by_its_digest(self, store):
        """What is put in comes out."""
        store.rotate_token(token("a"), old_until=0.0)

        assert (token("a"), None) == (store.token("a"), store.token("b"))

    def test_a_rotated_token_ends_when_said(self, store):
        """The earlier token is good until the time given, the new one to its end."""
        store.rotate_token(token("a"), old_until=0.0)
        store.rotate_token(token("b"), old_until=1732377300.0)

        assert (1732377300.0, token("b")) == (store.token("a").good_until, store.current_token("wx1", "token"))

    def test_rotation_never_prolongs(self, store):
        """A token already ended earlier stays so."""
        store.rotate_token(token("a"), old_until=0.0)
        store.rotate_token(token("b"), old_until=1732377100.0)
        store.rotate_token(token("c"), old_until=1732377900.0)

        assert (1732377100.0, 1732377900.0) == (store.token("a").good_until, store.token("b").good_until)

    def test_rotation_ends_all_earlier_ones(self, store):
        """Who forces a new token wants none of the earlier ones good, nor one that was for some minutes more."""
        store.rotate_token(token("a"), old_until=0.0)
        store.rotate_token(token("b"), old_until=1732377900.0)
        store.rotate_token(token("c"), old_until=1732377100.0)

        assert [1732377100.0] * 2 == [store.token(digest).good_until for digest in "ab"]

    def test_kinds_are_apart(self, store):
        """Rotating one kind leaves the other kinds alone."""
        store.rotate_token(token("a", kind="stable"), old_until=0.0)
        store.rotate_token(token("b"), old_until=0.0)

        assert token("a", kind="stable") == store.current_token("wx1", "stable")

    def test_replacing_what_was_seen_rotates(self, store):
        """A caller that saw the current token has its own become current."""
        store.rotate_token(token("a"), old_until=0.0)
        got = store.replace_token(token("b"), seen="a", old_until=5.0)

        assert (token("b"), 5.0) == (got, store.token("a").good_until)

    def test_replacing_what_is_gone_changes_nothing(self, store):
        """A caller that saw an older token gets the current one, and its own is not kept."""
        store.rotate_token(token("a"), old_until=0.0)
        got = store.replace_token(token("b"), seen=None, old_until=5.0)

        assert (token("a"), None) == (got, store.token("b"))

    def test_of_many_that_replace_one_wins(self, store):
        """All who replace nothing at the same time get the same token."""
        with ThreadPoolExecutor(8) as pool:
            got = pool.map(lambda n: store.replace_token(token(str(n)), seen=None, old_until=0.0).digest, range(32))

        assert {store.current_token("wx1", "token").digest} == set(got)

    def test_a_secret_that_is_the_app_s_no_longer_gets_no_token(self, store):
        """Who asked with it before it was rotated may come after that; nothing is done then."""
        store.add_app(APP)
        store.rotate_token(token("a"), old_until=0.0)
        store.update_app("wx1", lambda app: dataclasses.replace(app, secret_hash="another"))
        got = (
            store.rotate_token(token("b"), old_until=0.0, by=APP.secret_hash),
            store.replace_token(token("c"), seen="a", old_until=0.0, by=APP.secret_hash),
        )

        assert ((False, None), token("a"), None, None) == (
            got,
            store.current_token("wx1", "token"),
            store.token("b"),
            store.token("c"),
        )

    def test_the_secret_that_is_the_app_s_gets_one(self, store):
        """By either verb; of an app that is gone nobody does."""
        store.add_app(APP)
        got = (
            store.rotate_token(token("a"), old_until=0.0, by=APP.secret_hash),
            store.replace_token(token("b"), seen="a", old_until=0.0, by=APP.secret_hash),
            store.rotate_token(dataclasses.replace(token("c"), appid="wx9"), old_until=0.0, by=APP.secret_hash),
        )

        assert (True, token("b"), False) == got

    def test_revoked_tokens_are_over(self, store):
        """Revoking ends every token of the app, of each kind, earlier ones, too, and none is current."""
        store.rotate_token(token("early"), old_until=0.0)
        store.rotate_token(token("a"), old_until=1732377300.0)
        store.rotate_token(token("b", kind="stable"), old_until=0.0)
        store.rotate_token(token("c", kind="operator"), old_until=0.0)
        store.revoke_tokens("wx1")

        assert ([0.0] * 4, None) == (
            [store.token(digest).good_until for digest in ("early", *"abc")],
            store.current_token("wx1", "token"),
        )


class TestCounters:
    def test_a_limit_is_served_exactly(self, store):
        """The first N get their count, the next get None and count nothing."""
        got = [store.consume("c:wx1", DAY, 2) for _ in range(4)]

        assert ([1, 2, None, None], 2) == (got, store.used("c:wx1", DAY))

    @pytest.mark.parametrize("limit", [0, -1])
    def test_nothing_is_served_of_nothing(self, store, limit: int):
        """A limit of 0 or less serves nobody."""
        assert (None, 0) == (store.consume("c:wx1", DAY, limit), store.used("c:wx1", DAY))

    def test_counts_of_several_are_told_in_their_order(self, store):
        """Nothing that was never counted is left out."""
        for counter in ("c:wx2", "c:wx1", "c:wx2"):
            store.consume(counter, DAY, 5)

        assert ([1, 0, 2], []) == (store.used_each(["c:wx1", "c:wx3", "c:wx2"], DAY), store.used_each([], DAY))

    def test_the_largest_limit_is_one(self, store):
        """What the settings let pass at most, every store can count to."""
        assert 1 == store.consume("c:wx1", DAY, MOST_CALLS)

    def test_windows_and_counters_are_apart(self, store):
        """Another window, or another counter, starts at 1."""
        store.consume("c:wx1", DAY, 5)

        assert (1, 1) == (
            store.consume("c:wx1", Window(name="2024-11-24", ends=1732464000.0), 5),
            store.consume("c:wx2", DAY, 5),
        )

    def test_a_cleared_count_starts_anew(self, store):
        """After a clear the next is the first; other days keep theirs."""
        before = Window(name="2024-11-22", ends=1732291200.0)
        for window in (before, DAY):
            store.consume("c:wx1", window, 1)
        store.clear("c:wx1", DAY)

        assert (1, 1) == (store.consume("c:wx1", DAY, 1), store.used("c:wx1", before))

    def test_history_is_in_order_of_days(self, store):
        """The counts of past windows are told in ascending order."""
        store.consume("c:wx1", DAY, 5)
        store.consume("c:wx1", Window(name="2024-11-22", ends=1732291200.0), 5)

        assert [("2024-11-22", 1), ("2024-11-23", 1)] == list(store.history("c:wx1").items())

    def test_threads_are_served_exactly(self, store):
        """Sixteen threads over a limit of 500 get exactly 500."""
        with ThreadPoolExecutor(16) as pool:
            got = list(pool.map(lambda _: store.consume("c:wx1", DAY, 500), range(800)))

        assert list(range(1, 501)) == sorted(count for count in got if count is not None)

    def test_processes_are_served_exactly(self, store, url):
        """Eight processes hammering a limit of 500 get exactly 500."""
        command = [sys.executable, str(HAMMER), url, "500", "100"]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
        served = [int(process.communicate()[0]) for process in processes]

        assert (500, 500) == (sum(served), store.used("recognize:wx1", Window(name="day", ends=1e12)))

    def test_what_was_counted_survives_a_kill(self, store, url):
        """After kill -9 in the middle of charging, every count that was reported is there, and one more at most."""
        process = subprocess.Popen([sys.executable, str(HAMMER), url, "0", "0"], stdout=subprocess.PIPE, text=True)
        reported = [int(process.stdout.readline()) for _ in range(200)]
        process.kill()
        rest = [int(line) for line in process.communicate()[0].splitlines() if line.strip()]
        last = [*reported, *rest][-1]

        assert store.used("recognize:wx1", Window(name="day", ends=1e12)) - last in {0, 1}


class TestNotes:
    def test_the_first_put_wins(self, store):
        """Putting where nothing is gives None, all others get what is there."""
        assert [None, "a", "a"] == [store.put_if_absent("k", value, lifetime_s=30) for value in "abc"]

    @pytest.mark.parametrize(("later", "expected"), [(29.9, "a"), (30.0, None)])
    def test_a_note_lives_as_long_as_said(self, store, clock, later: float, expected: str | None):
        """A note is there before its lifetime is over, and absent from then on."""
        store.put_if_absent("k", "a", lifetime_s=30)
        clock.now += later

        assert expected == store.put_if_absent("k", "b", lifetime_s=30)

    def test_what_is_taken_is_gone(self, store):
        """A note, the latest that was put, can be taken once."""
        for value in "ab":
            store.put("k", value, lifetime_s=30)

        assert ["b", None] == [store.take("k"), store.take("k")]

    def test_what_is_over_cannot_be_taken(self, store, clock):
        """A note past its lifetime is absent."""
        store.put("k", "a", lifetime_s=30)
        clock.now += 30

        assert None is store.take("k")

    def test_of_many_one_puts(self, store):
        """Of many that put at the same time exactly one finds it absent."""
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda n: store.put_if_absent("k", str(n), lifetime_s=30), range(32)))

        assert 1 == got.count(None)


class TestRecords:
    def test_a_record_is_found_as_it_was(self, store):
        """A record comes back with every field."""
        refused = dataclasses.replace(record("r1"), reason="unreadable", common_cause="number unreadable")
        store.put_record(refused)

        assert (refused, None) == (store.record("r1"), store.record("r2"))

    def test_a_record_of_an_earlier_version_is_read(self):
        """What it did not know is not told."""
        known = json.loads(base.dump(record("r1")))
        del known["reason"], known["common_cause"]

        assert record("r1") == base.load_record(json.dumps(known))

    @pytest.mark.parametrize(("later", "found"), [(RECORD_LIFETIME_S - 1, True), (RECORD_LIFETIME_S, False)])
    def test_a_record_is_kept_for_seven_days(self, store, clock, later: float, found: bool):
        """A record answers for seven days and then no more."""
        store.put_record(record("r1"))
        clock.now += later

        assert found is (store.record("r1") is not None)

    def test_records_of_an_app_are_listed_the_latest_first(self, store):
        """Only the app's own records since the time given are listed."""
        store.put_record(record("r1", invoke_time=10.0))
        store.put_record(record("r2", invoke_time=20.0))
        store.put_record(record("r3", invoke_time=5.0))
        store.put_record(record("r4", invoke_time=30.0, appid="wx2"))

        assert ["r2", "r1"] == [found.rid for found in store.records("wx1", since=10.0)]

    def test_records_of_a_path_are_listed(self, store, monkeypatch):
        """The latest of them, however many of other paths came since."""
        monkeypatch.setattr(base, "MAX_RECORDS_ANSWERED", 3)
        urls = ["/a", "/a?b=/c", "/a", "/a?x=1", *["/ab?a=/a"] * 7, "/b"]
        for n, url in enumerate(urls):
            store.put_record(dataclasses.replace(record(f"r{n}", invoke_time=10.0 + n), request_url=url))

        assert ["r3", "r2", "r1"] == [found.rid for found in store.records("wx1", since=10.0, path="/a")]

    def test_an_operator_may_bound_an_apps_records(self, url, clock):
        """``records=`` keeps the latest of each app, a minute later at most, and leaves others alone."""
        store = states.connect(f"{url}{'&' if '?' in url else '?'}records=2", clock)
        for appid in ("wx1", "wx2"):
            store.add_app(dataclasses.replace(APP, appid=appid))
        for n, appid in enumerate(("wx2", "wx1", "wx1", "wx1")):
            clock.now += 60
            store.put_record(record(f"r{n}", invoke_time=clock.now, appid=appid))
        found = [[each.rid for each in store.records(appid, since=0.0)] for appid in ("wx1", "wx2")]
        gone = store.record("r1")
        store.close()

        assert ([["r3", "r2"], ["r0"]], None) == (found, gone)

    def test_without_a_bound_all_records_are_kept(self, store, clock):
        """An operator who says nothing has them for seven days, however many there are."""
        store.add_app(APP)
        for n in range(5):
            clock.now += 60
            store.put_record(record(f"r{n}", invoke_time=clock.now))

        assert 5 == len(store.records("wx1", since=0.0))

    def test_a_bound_that_is_no_number_is_a_wrong_setting(self, url, clock):
        """It is said at once, whatever the store."""
        with pytest.raises(SettingsError, match="records must be a whole number"):
            states.connect(f"{url}{'&' if '?' in url else '?'}records=many", clock)


class TestStore:
    def test_what_is_stored_outlives_the_connection(self, store, url, clock):
        """Another connection finds what this one stored."""
        store.add_app(APP)
        other = states.connect(url, clock)
        found = other.app("wx1")
        other.close()

        assert APP == found

    def test_connections_may_open_at_the_same_time(self, url, clock):
        """Threads that open a fresh store together all get it."""
        barrier = threading.Barrier(8)

        def connect(_: int) -> list[App]:
            barrier.wait()
            opened = states.connect(url, clock)
            try:
                return opened.apps()
            finally:
                opened.close()

        with ThreadPoolExecutor(8) as pool:
            assert [[]] * 8 == list(pool.map(connect, range(8)))

    def test_a_store_that_answers_pings(self, store):
        """Ping returns without a word."""
        assert None is store.ping()


class TestWindows:
    @pytest.mark.parametrize(
        ("now", "name", "ends"),
        [(1732377599.9, "2024-11-23", 1732377600.0), (1732377600.0, "2024-11-24", 1732464000.0)],
    )
    def test_the_day_turns_at_midnight_in_beijing(self, now: float, name: str, ends: float):
        """A Beijing day begins at 16:00 UTC."""
        assert Window(name=name, ends=ends) == beijing_day(now)

    @pytest.mark.parametrize(
        ("now", "name", "ends"),
        [(1735660799.0, "2024-12", 1735660800.0), (1735660800.0, "2025-01", 1738339200.0)],
    )
    def test_the_month_turns_in_beijing(self, now: float, name: str, ends: float):
        """A Beijing month begins at 16:00 UTC of the day before, over the year's end too."""
        assert Window(name=name, ends=ends) == beijing_month(now)

    @pytest.mark.parametrize(("now", "ends"), [(0.0, 60.0), (59.9, 60.0), (60.0, 120.0)])
    def test_minutes_end_at_the_full_minute(self, now: float, ends: float):
        """A span ends at the next multiple of its length."""
        assert ends == span(now, 60).ends


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x",
        "sqlite:///",
        "sqlite:x",
        "sqlite:///a.db?synchronous=OFF",
        "sqlite:///a.db?sychronous=FULL",
        "sqlite:///a.db?records=many",
        "redis://localhost/0?no_option_of_anyones=1",
        "redis://localhost/0?records=many",
        "redis://localhost:port/0",
        "redis://localhost/0?socket_timeout=long",
    ],
)
def test_a_url_that_cannot_be_meant_is_a_wrong_setting(url: str, clock):
    """Stores and options nobody knows, and values that do not fit, are said at once."""
    with pytest.raises(SettingsError, match="state_url"):
        states.connect(url, clock)
