"""What the shared store promises beyond every store's promises, and two servers on one Redis."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from kept import record
from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import MovedError

from bankcard_ocr.errors import SettingsError, StateError
from bankcard_ocr.platform import credentials
from bankcard_ocr.platform import state as states
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.state import base
from bankcard_ocr.platform.state import redis as module
from bankcard_ocr.platform.state.base import App, Record, Token, Window, beijing_day, span

SERVED = Path(__file__).parent.parent / "served.py"
JPEG = b"\xff\xd8\xff\xe0picture"
NUMBER = "6205500000000000004"
NOW = 1732377000.0
DAY = beijing_day(NOW)
SECRET = "a secret of the tests"


@pytest.fixture
def store(redis, clock):
    opened = states.connect(redis.url(), clock)
    yield opened
    opened.close()


def called(rid: str, appid: str = "wx1") -> Record:
    return record(rid, appid=appid, invoke_time=NOW + int(rid))


def token(digest: str) -> Token:
    return Token(
        digest=digest, appid="wx1", kind="token", nonce="n", issued=NOW, expires=NOW + 7200, good_until=NOW + 7200
    )


def test_without_redis_py_the_setting_says_what_to_install(monkeypatch, clock):
    """The extra is named when it is missing."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match=re.escape("bankcard-ocr[redis]")):
        states.connect("redis://localhost", clock)


def test_a_redis_that_is_away_is_a_state_error(own_redis, clock):
    """Each verb fails closed while Redis is away; when it is back, what was stored is there."""
    server = own_redis()
    store = states.connect(server.url(), clock)
    store.consume("recognize:wx1", DAY, 5)
    server.kill()
    with pytest.raises(StateError):
        store.consume("recognize:wx1", DAY, 5)
    with pytest.raises(StateError):
        store.token("a")
    with pytest.raises(StateError):
        store.ping()
    server.start()
    counts = [store.consume("recognize:wx1", DAY, 5), store.used("recognize:wx1", DAY)]
    store.close()

    assert [2, 2] == counts


def test_a_store_may_be_opened_before_its_redis(own_redis, clock):
    """Opening connects nothing: a worker that starts during an outage lives and recovers."""
    server = own_redis()
    server.kill()
    store = states.connect(server.url(), clock)
    with pytest.raises(StateError):
        store.ping()
    server.start()

    assert (None, None) == (store.ping(), store.close())


def test_a_redis_that_does_not_answer_is_a_state_error(own_redis, clock, monkeypatch):
    """A frozen Redis costs a verb its time limit and no more; when it goes on, the next verb is answered rightly."""
    monkeypatch.setattr(module, "ANSWER_S", 0.3)
    server = own_redis()
    store = states.connect(server.url(), clock)
    store.put("k", "a", lifetime_s=60)
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(StateError, match=r"[Tt]imeout"):
        store.consume("recognize:wx1", DAY, 5)
    server.process.send_signal(signal.SIGCONT)
    server.kill()
    server.start()

    assert ("a", None) == (store.take("k"), store.close())


def test_a_redis_that_evicts_is_refused(own_redis, clock):
    """Where keys may vanish charges may, so nothing is served from there."""
    store = states.connect(own_redis("--maxmemory", "64mb", "--maxmemory-policy", "volatile-lru").url(), clock)
    with pytest.raises(StateError, match="noeviction"):
        store.consume("recognize:wx1", DAY, 5)
    store.close()


def test_a_redis_that_begins_to_evict_is_refused_from_then_on(own_redis, clock, monkeypatch):
    """A server that runs charges nothing more there, though nobody asks whether it is ready."""
    monkeypatch.setattr(module, "CHECKED_S", 0.0)
    store = states.connect(own_redis().url(), clock)
    before = store.consume("recognize:wx1", DAY, 5)
    store._redis.config_set("maxmemory", "64mb")
    store._redis.config_set("maxmemory-policy", "allkeys-lru")

    assert before == 1
    with pytest.raises(StateError, match="noeviction"):
        store.consume("recognize:wx1", DAY, 5)
    store.close()


@pytest.mark.parametrize("options", ["", "?db=2", "?db=2&prefix=shop:&records=5"])
def test_a_socket_is_reached_by_its_path(own_redis, clock, tmp_path, options: str):
    """As ``unix:///path``, with our options, too, and in the database that is asked for."""
    path = tmp_path / "redis.sock"
    server = own_redis("--unixsocket", str(path))
    store = states.connect(f"unix://{path}{options}", clock)
    counted, kept = store.consume("recognize:wx1", DAY, 5), Redis(port=server.port, db=2 if "db=2" in options else 0)
    store.close()

    assert (1, 1) == (counted, kept.dbsize())


@pytest.mark.parametrize("database", ["abc", "1x", "-1", "0/1", "\u0661"])
def test_a_database_is_a_number(database: str):
    """Another name would silently be database 0."""
    with pytest.raises(SettingsError, match="redis://"):
        states.connect(f"redis://127.0.0.1:1/{database}")


@pytest.mark.parametrize("url", ["redis://:a#b@127.0.0.1:1", "redis://127.0.0.1:1/#2", "unix:///a#b.sock"])
def test_a_fragment_is_refused(url: str):
    """What is behind the sign would silently be left out: another host, or another database."""
    with pytest.raises(SettingsError, match="%23"):
        states.connect(url)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"maxmemory": "100kb"}, "OOM|memory"),
        ({"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}, "noeviction"),
        ({"min-replicas-to-write": "1"}, "(?i)replica"),
    ],
)
def test_a_redis_that_takes_no_charge_any_more_is_not_ready(own_redis, clock, order, reason: str):
    """It is full, may evict keys, or writes nothing: it answers a ping all the same."""
    server = own_redis()
    store = states.connect(server.url(), clock)
    store.ping()
    client = store._redis
    for name, value in order.items():
        client.config_set(name, value)

    assert client.ping()
    with pytest.raises(StateError, match=reason):
        store.ping()
    store.close()


def wait_for_cluster(redis: Redis) -> None:
    """Returns when it takes calls, which is within seconds."""
    deadline = time.monotonic() + 30
    while b"cluster_state:ok" not in redis.execute_command("CLUSTER", "INFO"):
        assert time.monotonic() < deadline, "the cluster does not come up"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("prefix", "fails"), [("bankcard-ocr:", True), ("{}:", True), ("{bankcard-ocr}:", False), ("a{b}c", False)]
)
def test_a_cluster_needs_a_prefix_that_keeps_keys_together(prefix: str, fails: bool):
    """Else most calls fail while the store answers a ping."""
    found = None
    try:
        module._check({"redis_version": "7.0.0", "cluster_enabled": 1}, prefix)
    except StateError as error:
        found = str(error)

    assert fails is bool(found and "?prefix={bankcard-ocr}:" in found)


def test_a_sentinel_is_told_from_a_redis():
    """Who names the port of Sentinel is told what to name, and not that it knows no SET."""
    with pytest.raises(StateError, match=r"Sentinel.*the master"):
        module._check({"redis_version": "7.0.0", "redis_mode": "sentinel"}, "bankcard-ocr:")


def test_a_real_cluster_is_refused_or_used(own_redis, clock):
    """Without the prefix it is not ready, and says why."""
    server = own_redis("--cluster-enabled", "yes")
    for low, high in ((0, 8191), (8192, 16383)):
        Redis(port=server.port).execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
    wait_for_cluster(Redis(port=server.port))
    plain = states.connect(f"redis://127.0.0.1:{server.port}", clock)
    together = states.connect(f"redis://127.0.0.1:{server.port}?prefix={{bankcard-ocr}}:", clock)

    with pytest.raises(StateError, match="cluster"):
        plain.ping()
    together.ping()
    assert (1, True, None) == (
        together.consume("recognize:wx1", DAY, 5),
        together.rotate_token(token("a"), old_until=0.0),
        together.replace_token(token("b"), seen="a", old_until=0.0, by="a hash"),
    )
    plain.close()
    together.close()


def test_a_master_that_became_a_replica_is_left(own_redis, clock):
    """Its address leads to the new master by then, and connections that are kept would lead to the old one for ever."""
    server = own_redis()
    store = states.connect(server.url(), clock)
    before = store.consume("recognize:wx1", DAY, 5)
    raw = Redis(port=server.port)
    raw.execute_command("REPLICAOF", "127.0.0.1", "1")
    kept = {client["id"] for client in raw.client_list()} - {str(raw.client_id())}
    with pytest.raises(StateError, match="read only"):
        store.consume("recognize:wx1", DAY, 5)
    raw.execute_command("REPLICAOF", "NO", "ONE")
    after = store.consume("recognize:wx1", DAY, 5)
    left = kept & {client["id"] for client in raw.client_list()}

    assert (1, 2, 1, set()) == (before, after, len(kept), left)
    store.close()


def test_a_charge_whose_answer_is_lost_is_not_sent_again(redis, clock, monkeypatch):
    """It may have been counted, and once more it would count twice."""
    store = states.connect(redis.url(), clock)
    store.consume("recognize:wx1", DAY, 5)
    read, losses = AbstractConnection.read_response, iter([Lost("lost")])

    def lost(self, *given, **more):
        answer = read(self, *given, **more)
        for loss in losses:
            raise loss
        return answer

    monkeypatch.setattr(AbstractConnection, "read_response", lost)
    with pytest.raises(StateError):
        store.consume("recognize:wx1", DAY, 5)
    used = store.used("recognize:wx1", DAY)
    store.close()

    assert 2 == used


def test_a_user_with_few_rights_charges_minute_after_minute(own_redis):
    """What is asked of Redis beside reading, writing and scripts is done without where a user may not."""
    server = own_redis()
    rights = ("~*", "+@read", "+@write", "+@scripting", "+info")
    Redis(port=server.port).execute_command("ACL", "SETUSER", "few", "on", ">secret", *rights)
    moments = [NOW, NOW + 60, NOW + 240, NOW + 241]
    clock = iter(moments * 3)
    store = states.connect(f"redis://few:secret@127.0.0.1:{server.port}", lambda: next(clock))

    assert [1, 1, 1, 2] == [store.consume("minute:wx1", span(now, 60), 5) for now in moments]


def test_a_cluster_s_other_master_says_so(own_redis, clock):
    """Its keys lie elsewhere; what it answers is an address and nothing else."""
    server = own_redis("--cluster-enabled", "yes")
    raw = Redis(port=server.port)
    raw.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    wait_for_cluster(raw)
    store = states.connect(f"redis://127.0.0.1:{server.port}?prefix={{x}}:", clock)
    store._redis.hget = Mock(side_effect=MovedError("9247 127.0.0.1:1"))

    with pytest.raises(StateError, match="another master"):
        store.used("recognize:wx1", DAY)
    store.close()


def test_a_clock_that_is_ahead_forgets_no_count(own_redis):
    """What has ended by one server's clock alone is kept: by Redis's own it has not."""
    url, now = own_redis().url(), time.time()
    right, ahead = (states.connect(url, partial(float, at)) for at in (now, now + 70 * 86400))
    spent = [store.consume("recognize:wx1", beijing_day(store._clock()), 1) for store in (right, ahead)]

    assert ([1, 1], None) == (spent, right.consume("recognize:wx1", beijing_day(now), 1))


def test_minutes_of_servers_whose_clocks_differ_are_kept(own_redis):
    """A minute that has ended for the one is counted by the other, whose clock is a minute behind."""
    url, now = own_redis().url(), time.time()
    behind, ahead = (states.connect(url, partial(float, at)) for at in (now - 61, now))
    spent = [store.consume("minute:wx1", span(store._clock(), 60), 1) for store in (behind, ahead)]

    assert ([1, 1], None) == (spent, behind.consume("minute:wx1", span(now - 61, 60), 1))


@pytest.mark.parametrize(("version", "fails"), [("6.2.14", True), ("7.0.0", False), ("10.1.0", False)])
def test_an_old_redis_is_refused(version: str, fails: bool):
    """Version 7 is the first that will do."""
    found = None
    try:
        module._check({"redis_version": version}, "")
    except StateError as error:
        found = error

    assert fails is (found is not None)


@pytest.mark.parametrize("given", [":wr0ng@", "anna:wr0ng@", ""])
def test_a_wrong_password_is_told_by_what_to_look_at(own_redis, clock, given: str):
    """It is not told itself, and neither is what Redis says of the handshake."""
    server = own_redis("--requirepass", "right")
    store = states.connect(server.url().replace("redis://", f"redis://{given}"), clock)
    with pytest.raises(StateError, match="refuses the password of state_url, or wants one") as failure:
        store.ping()
    store.close()

    assert "wr0ng" not in str(failure.value)


def test_all_but_apps_is_freed_by_redis(store, redis):
    """Every key other than the apps' has an end in Redis itself, two minutes behind its own and none before it."""
    store.add_app(App(appid="wx1", name="Shop", secret_hash="-", created=1.0))
    store.rotate_token(token("a"), old_until=0.0)
    store.consume("recognize:wx1", DAY, 5)
    store.consume("minute:wx1", span(NOW, 60), 5)
    store.put("a", "v", lifetime_s=3000)
    store.put_if_absent("b", "v", lifetime_s=3000)
    store.put_record(called("1"))
    names = list(store._redis.scan_iter(store._prefix + "*"))
    left_s = {name.removeprefix(store._prefix): store._redis.ttl(name) for name in names}
    kept_s = {
        "apps": -1,
        "token:a": 7200 + base.TOKEN_KEPT_S,
        "current:wx1:token": 7200 + base.TOKEN_KEPT_S,
        "tokens:wx1:token": 7200 + base.TOKEN_KEPT_S,
        "count:recognize:wx1": DAY.ends - NOW + base.COUNTER_LIFETIME_S,
        "count:minute:wx1": 60,
        "note:a": 3000,
        "note:b": 3000,
        "record:1": base.RECORD_LIFETIME_S,
        "records:wx1": base.RECORD_LIFETIME_S,
    }
    slack_s = {name: left_s[name] - kept_s[name] for name in left_s if name != "apps"}

    assert (kept_s.keys(), -1) == (left_s.keys(), left_s["apps"])
    assert [] == [name for name, slack in slack_s.items() if not module.SLACK_S - 60 < slack <= module.SLACK_S]


def test_past_windows_are_swept(store, clock):
    """A minute's count goes two minutes after it, a day's after two months."""
    store.consume("minute:wx1", span(NOW, 60), 5)
    store.consume("recognize:wx1", DAY, 5)
    clock.now += 180
    store.consume("minute:wx1", span(clock.now, 60), 5)
    store.consume("recognize:wx1", beijing_day(NOW + 86400), 5)
    before = len(store.history("minute:wx1")), len(store.history("recognize:wx1"))
    clock.now += 63 * 86400
    store.consume("recognize:wx1", beijing_day(clock.now), 5)

    assert ((1, 2), 2) == (before, len(store.history("recognize:wx1")))


def test_a_strangers_records_cannot_fill_the_memory(store, monkeypatch):
    """Of calls without a valid token only the latest are kept."""
    monkeypatch.setattr(base, "MAX_ANONYMOUS_RECORDS", 3)
    for n in range(5):
        store.put_record(called(str(n), appid=""))

    assert (["4", "3", "2"], None) == ([found.rid for found in store.records("", since=0.0)], store.record("1"))


def test_a_bound_that_is_set_lower_frees_what_is_beyond_it(redis, clock):
    """With the next calls, not in a week: it is what an operator does about memory."""
    url = redis.url()
    store = states.connect(url, clock)
    for n in range(250):
        store.put_record(called(str(n)))
    store.close()
    bounded = states.connect(f"{url}&records=10" if "?" in url else f"{url}?records=10", clock)
    for n in range(250, 253):
        bounded.put_record(called(str(n)))
    found = len(bounded.records("wx1", since=0.0))
    left = len(list(bounded._redis.scan_iter(f"{bounded._prefix}record:*", count=1000)))
    bounded.close()

    assert (10, 10) == (found, left)


def test_a_list_of_records_forgets_what_redis_freed(store):
    """Entries whose record is gone are dropped, two with each new record."""
    for rid in ("1", "2", "3", "4"):
        store.put_record(called(rid))
    store._redis.delete(*(f"{store._prefix}record:{rid}" for rid in ("1", "2", "3")))
    listed = []
    for rid in ("5", "6"):
        store.put_record(called(rid))
        listed.append(store._redis.zcard(f"{store._prefix}records:wx1"))

    assert [3, 3] == listed


def test_revoking_makes_no_token_of_one_that_redis_freed(store):
    """It is unknown, as it was."""
    store.rotate_token(token("a"), old_until=0.0)
    store._redis.delete(f"{store._prefix}token:a")
    store.revoke_tokens("wx1")

    assert None is store.token("a")


@pytest.mark.parametrize("appid", ["*", "?x1", "[w]x1"])
def test_an_appid_is_no_pattern(store, appid: str):
    """Deleting such an app leaves other apps' counts alone."""
    store.add_app(App(appid=appid, name="Star", secret_hash="-", created=1.0))
    store.consume(f"recognize:{appid}", DAY, 5)
    store.consume("recognize:wx1", DAY, 5)
    store.delete_app(appid)

    assert (0, 1) == (store.used(f"recognize:{appid}", DAY), store.used("recognize:wx1", DAY))


def test_counts_of_many_are_one_question(store, monkeypatch):
    """A scrape of a thousand apps takes the way to Redis once, however long that is."""
    store.consume("recognize:wx7", DAY, 5)
    sent: list[object] = []
    send = AbstractConnection.send_packed_command

    def noted(self, *given, **more):
        sent.append(given)
        return send(self, *given, **more)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", noted)
    counts = store.used_each([f"recognize:wx{number}" for number in range(1000)], DAY)

    assert ({7: 1}, 1) == ({at: count for at, count in enumerate(counts) if count}, len(sent))


def test_times_keep_every_bit(store):
    """A time that has no short decimal form comes back equal."""
    store.rotate_token(token("a"), old_until=0.0)
    store.rotate_token(token("b"), old_until=NOW + 1 / 3)

    assert NOW + 1 / 3 == store.token("a").good_until


class Server:
    """``bankcard-ocr serve`` as a process group, with a reader that finds one number on every picture."""

    def __init__(self, url: str) -> None:
        environment = {
            **os.environ,
            "BANKCARD_OCR_STATE_URL": url,
            "BANKCARD_OCR_LOG_FORMAT": "json",
            "BANKCARD_OCR_THREADS": "2",
            "BANKCARD_OCR_REQUEST_TIMEOUT_S": "60",
        }
        command = [sys.executable, str(SERVED), "serve", "--port", "0"]
        self.process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        lines = iter(self.process.stderr.readline, "")
        self.base = next(
            found.group(1) for line in lines if (found := re.search("listening at (http://[0-9.:]+)", line))
        )
        ready = (line for line in lines if '"ready"' in line)
        assert next(ready)
        self.drain = threading.Thread(target=self.process.stderr.read)  # a full pipe would stop the server
        self.drain.start()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.drain.join()
        self.process.stderr.close()

    def read(self, token: str) -> dict:
        url = f"{self.base}/cv/ocr/bankcard?access_token={token}"
        return httpx.post(url, content=JPEG, trust_env=False, timeout=60).json()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.base + path, trust_env=False, timeout=60)


@pytest.fixture
def serve() -> Iterator[object]:
    """Starts servers, and kills them at the end."""
    started: list[Server] = []

    def start(url: str) -> Server:
        started.append(Server(url))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def shop(url: str) -> states.State:
    """The store at ``url`` with the app wx1."""
    opened = states.connect(url, time.time)
    opened.add_app(App(appid="wx1", name="Shop", secret_hash=credentials.hashed(SECRET), created=0.0))
    return opened


def test_two_servers_are_one(redis, serve):
    """A token from server A works at B, and a quota is exact over both."""
    url = redis.url()
    store = shop(url)
    store.update_app("wx1", lambda app: dataclasses.replace(app, daily_limit=60))
    servers = [serve(url), serve(url)]
    issued = servers[0].get(f"/cgi-bin/token?grant_type=client_credential&appid=wx1&secret={SECRET}").json()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: servers[n % 2].read(issued["access_token"]), range(80)))
    found = Counter(reply["errcode"] for reply in replies)
    used = store.used("recognize:wx1", beijing_day(time.time()))
    store.close()

    assert ({0: 60, 101003: 20}, 60) == (found, used)


def test_a_server_outlives_its_redis(own_redis, serve):
    """While Redis is away calls are answered -1 and readiness is off; then all is as before, in the same process."""
    redis = own_redis()
    url = redis.url()
    store = shop(url)
    issued = operator_token(store, store.app("wx1"), time.time(), 7200)
    server = serve(url)
    before = server.read(issued)["errcode"]
    redis.kill()
    away = server.read(issued)["errcode"], server.get("/readyz").status_code, server.get("/healthz").status_code
    redis.start()
    after = server.read(issued)["errcode"], server.get("/readyz").status_code, server.process.poll()
    used = store.used("recognize:wx1", beijing_day(time.time()))
    store.close()

    assert (0, (-1, 503, 200), (0, 200, None), 2) == (before, away, after, used)


def test_counts_of_processes_and_machines_meet(redis, clock):
    """Two stores on one Redis see one count."""
    url = redis.url()
    one, other = states.connect(url, clock), states.connect(url, clock)
    counts = [store.consume("c:wx1", Window(name="d", ends=NOW + 1), 3) for store in (one, other, one, other)]
    one.close(), other.close()

    assert [1, 2, 3, None] == counts
