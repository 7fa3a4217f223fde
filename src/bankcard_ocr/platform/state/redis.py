"""The shared store: one Redis, 7 or later, for replicas on many machines.

Exactness: every verb is one command or one Lua script, which Redis runs alone. Nothing is sent twice: when an answer is
lost on the way the verb raises StateError, and its charge may have been counted, but a limit is never exceeded.

Time: lifetimes are decided by this store's clock, as on SQLite. Redis's own expiry only frees memory, ``SLACK_S``
later, so that replicas whose clocks differ a little agree on what is there.

Away: nothing is connected on construction. A verb that cannot reach Redis raises StateError within ``CONNECT_S`` or
``ANSWER_S``, the next one tries again; a store recovers by itself when Redis is back. Before its first verb a store
asks whether Redis is new enough and evicts no keys, since an evicted key would be a forgotten charge.

Keys, each behind a prefix (``bankcard-ocr:`` or the URL's ``?prefix=``)::

    apps                    hash    appid -> App as JSON
    token:DIGEST            hash    the fields of Token
    current:APPID:KIND      string  digest of the current token
    tokens:APPID:KIND       set     digests of all that may still be good
    count:COUNTER           hash    n:WINDOW -> count, e:WINDOW -> when the window ends
    note:KEY                string  expires:value
    record:RID              string  Record as JSON
    records:APPID           zset    rid by invoke_time
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from ...errors import SettingsError, StateError
from . import base
from .base import App, Record, Token, TokenKind, Window

CONNECT_S = 1.0
ANSWER_S = 2.0
CHECKED_S = 5.0  # how long what Redis says of itself is believed
SLACK_S = 120.0
LONGEST_S = 100 * 365 * 86400.0  # what Redis is asked to keep at most, far from the end of its clock
OLDEST = 7
OTHER_SECRET = "OTHER_SECRET"  # noqa: S105  (what a script answers)

_CONSUME = """
local key, window, limit, now = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local count = tonumber(redis.call('HGET', key, 'n:' .. window) or '0')
if count >= limit then return false end
count = redis.call('HINCRBY', key, 'n:' .. window, 1)
if count == 1 then
    local fields, time = redis.call('HGETALL', key), redis.pcall('TIME')  -- a user without the right to it has none
    local ended = time.err and now or math.min(now, tonumber(time[1]))
    for i = 1, #fields, 2 do
        local name = string.match(fields[i], '^e:(.*)')
        if name then
            local kept = string.sub(name, -1) == 'Z' and tonumber(ARGV[7]) or tonumber(ARGV[6])
            if tonumber(fields[i + 1]) + kept <= ended then
                redis.call('HDEL', key, fields[i], 'n:' .. name)
            end
        end
    end
    redis.call('HSET', key, 'e:' .. window, ARGV[3])
    if redis.call('PTTL', key) < tonumber(ARGV[5]) then redis.call('PEXPIRE', key, ARGV[5]) end
end
return count
"""
_UPDATE_APP = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
_CURRENT = """
local digest = redis.call('GET', KEYS[1])
return digest and redis.call('HGETALL', ARGV[1] .. digest) or {}
"""
# KEYS: current, tokens, apps. ARGV: token key prefix, old_until, ttl in ms, digest seen, appid, the hash of its secret,
# fields of the new token. With a digest seen ('' is none; '*' is any) another current token is answered instead, with a
# hash ('' is any) that is the app's no longer OTHER_SECRET; nothing is done then.
_ROTATE = """
local prefix, old_until, ttl, seen = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if ARGV[6] ~= '' then
    local body = redis.call('HGET', KEYS[3], ARGV[5])
    if not body or cjson.decode(body)['secret_hash'] ~= ARGV[6] then return {'OTHER_SECRET', ''} end
end
local current = redis.call('GET', KEYS[1])
if current and seen ~= '*' and current ~= seen then
    local found = redis.call('HGETALL', prefix .. current)
    if #found > 0 then return found end
end
for _, digest in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    local until_then = redis.call('HGET', prefix .. digest, 'good_until')
    if not until_then then
        redis.call('SREM', KEYS[2], digest)
    elseif tonumber(old_until) < tonumber(until_then) then
        redis.call('HSET', prefix .. digest, 'good_until', old_until)
    end
end
local digest = ARGV[8]
redis.call('HSET', prefix .. digest, unpack(ARGV, 7))
redis.call('PEXPIRE', prefix .. digest, ttl)
redis.call('SADD', KEYS[2], digest)
redis.call('PEXPIRE', KEYS[2], ttl)
redis.call('SET', KEYS[1], digest, 'PX', ttl)
return {}
"""
# KEYS: current and tokens of each kind. ARGV: token key prefix, 'end' to end them or 'delete' to forget them.
_END_TOKENS = """
for i = 1, #KEYS, 2 do
    redis.call('DEL', KEYS[i])
    for _, digest in ipairs(redis.call('SMEMBERS', KEYS[i + 1])) do
        local key = ARGV[1] .. digest
        if ARGV[2] == 'delete' then
            redis.call('DEL', key)
        elseif redis.call('EXISTS', key) == 1 then
            redis.call('HSET', key, 'good_until', '0')
        end
    end
    if ARGV[2] == 'delete' then redis.call('DEL', KEYS[i + 1]) end
end
"""
_PUT_IF_ABSENT = """
local held = redis.call('GET', KEYS[1])
if held then
    local expires, value = string.match(held, '^([^:]*):(.*)$')
    if tonumber(expires) > tonumber(ARGV[1]) then return value end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return false
"""
# Each put looks at the two oldest entries of the list and drops those whose record has expired, so it never outgrows
# the records by much. KEYS: record, records. ARGV: body, time, rid, ttl, most, record key prefix.
_PUT_RECORD = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
for _, rid in ipairs(redis.call('ZRANGE', KEYS[2], 0, 1)) do
    if redis.call('EXISTS', ARGV[6] .. rid) == 0 then redis.call('ZREM', KEYS[2], rid) end
end
local most = tonumber(ARGV[5])
local surplus = most > 0 and redis.call('ZCARD', KEYS[2]) - most or 0
if surplus > 0 then
    local popped = redis.call('ZPOPMIN', KEYS[2], math.min(surplus, 100))
    for i = 1, #popped, 2 do redis.call('DEL', ARGV[6] .. popped[i]) end
end
"""


class RedisState:
    """The store in the Redis at ``url``: ``redis://``, ``rediss://`` (TLS) or ``unix://``, as redis-py reads them.

    Two options of ours may stand in its query: ``prefix`` before every key, and ``records``, how many records are kept
    for each app at most (0, the default, is all of seven days).
    """

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            reason = 'needs redis-py: pip install "bankcard-ocr[redis]"'
            raise SettingsError("state_url", "the settings", reason) from error
        self._clock = clock
        self._failure, self._read_only = redis.RedisError, redis.ReadOnlyError
        self._moved, self._unauthenticated = redis.exceptions.MovedError, redis.AuthenticationError
        self._check_at = 0.0
        try:
            plain, options = _split_options(url)
            self._redis: Any = redis.Redis.from_url(
                plain,
                decode_responses=True,
                socket_connect_timeout=CONNECT_S,
                socket_timeout=ANSWER_S,
                retry=Retry(NoBackoff(), 0),  # a charge sent twice could count twice
            )
            self._redis.connection_pool.make_connection()  # does not connect; finds options that are none
        except (ValueError, TypeError) as error:
            reason = (
                "must be redis://[:PASSWORD@]HOST[:PORT][/DB][?prefix=…&records=…], rediss:// or unix:///PATH[?db=DB]; "
                "a # is written %23"
            )
            raise SettingsError("state_url", "the settings", reason) from error
        self._prefix = options.get("prefix", "bankcard-ocr:")
        self._most_records = base.most_records(options.get("records", "0"))
        scripts = (_CONSUME, _UPDATE_APP, _CURRENT, _ROTATE, _END_TOKENS, _PUT_IF_ABSENT, _PUT_RECORD)
        self._scripts = {script: self._redis.register_script(script) for script in scripts}

    def add_app(self, app: App) -> bool:
        with self._use() as redis:
            return bool(redis.hsetnx(self._key("apps"), app.appid, base.dump(app)))

    def app(self, appid: str) -> App | None:
        with self._use() as redis:
            body = redis.hget(self._key("apps"), appid)
        return base.load_app(body) if body else None

    def apps(self) -> list[App]:
        with self._use() as redis:
            bodies = redis.hvals(self._key("apps"))
        return sorted(map(base.load_app, bodies), key=lambda app: (app.created, app.appid))

    def update_app(self, appid: str, change: Callable[[App], App]) -> App | None:
        while True:  # each round that fails means that another's change succeeded
            with self._use() as redis:
                body = redis.hget(self._key("apps"), appid)
            if body is None:
                return None
            changed = change(base.load_app(body))
            if self._run(_UPDATE_APP, ["apps"], appid, body, base.dump(changed)):
                return changed

    def delete_app(self, appid: str) -> bool:
        with self._use() as redis:
            existed = bool(redis.hdel(self._key("apps"), appid))  # first: who asks from now on is refused
            self._run(_END_TOKENS, _token_keys(appid), self._key("token:"), "delete")
            records = self._key(f"records:{appid}")
            for rid, _ in redis.zscan_iter(records, count=1000):
                redis.delete(self._key(f"record:{rid}"))
            redis.delete(records)
            for key in redis.scan_iter(_glob(self._key("count:")) + "*:" + _glob(appid), count=1000):
                redis.delete(key)
        return existed

    def token(self, digest: str) -> Token | None:
        with self._use() as redis:
            return _token(redis.hgetall(self._key(f"token:{digest}")))

    def current_token(self, appid: str, kind: TokenKind) -> Token | None:
        return _token(_pairs(self._run(_CURRENT, [f"current:{appid}:{kind}"], self._key("token:"))))

    def rotate_token(self, new: Token, *, old_until: float, by: str | None = None) -> bool:
        return OTHER_SECRET not in self._rotate(new, old_until, "*", by)

    def replace_token(self, new: Token, *, seen: str | None, old_until: float, by: str | None = None) -> Token | None:
        found = self._rotate(new, old_until, seen or "", by)
        return None if OTHER_SECRET in found else _token(found) or new

    def revoke_tokens(self, appid: str) -> None:
        self._run(_END_TOKENS, _token_keys(appid), self._key("token:"), "end")

    def consume(self, counter: str, window: Window, limit: int) -> int | None:
        now = self._clock()
        kept = window.ends - now + (0 if window.name.endswith("Z") else base.COUNTER_LIFETIME_S)
        count = self._run(
            _CONSUME,
            [f"count:{counter}"],
            window.name,
            limit,
            window.ends,
            now,
            _ms(kept),
            base.COUNTER_LIFETIME_S,
            SLACK_S,
        )
        return None if count is None else int(count)

    def used(self, counter: str, window: Window) -> int:
        with self._use() as redis:
            return int(redis.hget(self._key(f"count:{counter}"), f"n:{window.name}") or 0)

    def used_each(self, counters: Sequence[str], window: Window) -> list[int]:
        with self._use() as redis, redis.pipeline(transaction=False) as questions:
            for counter in counters:
                questions.hget(self._key(f"count:{counter}"), f"n:{window.name}")
            return [int(count or 0) for count in questions.execute()]

    def clear(self, counter: str, window: Window) -> None:
        with self._use() as redis:
            redis.hdel(self._key(f"count:{counter}"), f"n:{window.name}", f"e:{window.name}")

    def history(self, counter: str) -> dict[str, int]:
        with self._use() as redis:
            fields = redis.hgetall(self._key(f"count:{counter}"))
        return {name[2:]: int(fields[name]) for name in sorted(fields) if name.startswith("n:")}

    def put_if_absent(self, key: str, value: str, *, lifetime_s: float) -> str | None:
        now = self._clock()
        note = f"{now + lifetime_s!r}:{value}"
        held = self._run(_PUT_IF_ABSENT, [f"note:{key}"], now, note, _ms(lifetime_s))
        return None if held is None else str(held)

    def put(self, key: str, value: str, *, lifetime_s: float) -> None:
        with self._use() as redis:
            redis.set(self._key(f"note:{key}"), f"{self._clock() + lifetime_s!r}:{value}", px=_ms(lifetime_s))

    def take(self, key: str) -> str | None:
        with self._use() as redis:
            expires, _, value = (redis.getdel(self._key(f"note:{key}")) or "0:").partition(":")
        return value if float(expires) > self._clock() else None

    def put_record(self, record: Record) -> None:
        self._run(
            _PUT_RECORD,
            [f"record:{record.rid}", f"records:{record.appid}"],
            base.dump(record),
            record.invoke_time,
            record.rid,
            _ms(base.RECORD_LIFETIME_S),
            self._most_records if record.appid else base.MAX_ANONYMOUS_RECORDS,
            self._key("record:"),
        )

    def record(self, rid: str) -> Record | None:
        with self._use() as redis:
            body = redis.get(self._key(f"record:{rid}"))
        found = base.load_record(body) if body else None
        return found if found and found.invoke_time > self._clock() - base.RECORD_LIFETIME_S else None

    def records(self, appid: str, *, since: float, path: str = "") -> list[Record]:
        found: list[Record] = []
        most, index = base.MAX_RECORDS_ANSWERED, self._key(f"records:{appid}")
        with self._use() as redis:
            for offset in itertools.count(step=most):
                rids = redis.zrange(index, "+inf", since, byscore=True, desc=True, offset=offset, num=most)
                bodies = redis.mget([self._key(f"record:{rid}") for rid in rids]) if rids else []
                here = [base.load_record(body) for body in bodies if body]
                found += [record for record in here if path in {"", record.path}]
                if len(found) >= most or len(rids) < most:
                    break
        return found[:most]

    def ping(self) -> None:
        with self._use() as redis:
            _check(redis.info(), self._prefix)  # it may have been set to evict keys since, or be another one
            redis.set(self._key("ping"), "", px=1000)  # one that is full, or a replica, answers and takes no charge

    def close(self) -> None:
        self._redis.close()

    def _rotate(self, new: Token, old_until: float, seen: str, by: str | None) -> dict[str, str]:
        fields = {name: getattr(new, name) for name in Token.__slots__}
        flat = [text for pair in fields.items() for text in pair]  # the digest first, _ROTATE counts on it
        ttl = _ms(new.expires - self._clock() + base.TOKEN_KEPT_S)
        keys = [f"current:{new.appid}:{new.kind}", f"tokens:{new.appid}:{new.kind}", "apps"]
        values = (self._key("token:"), old_until, ttl, seen, new.appid, by or "", *flat)
        return _pairs(self._run(_ROTATE, keys, *values))

    def _run(self, script: str, names: list[str], *values: str | float) -> Any:
        texts = [repr(value) if isinstance(value, float) else value for value in values]  # repr keeps every bit
        with self._use():
            return self._scripts[script](keys=[self._key(name) for name in names], args=texts)

    def _key(self, name: str) -> str:
        return self._prefix + name

    @contextmanager
    def _use(self) -> Iterator[Any]:
        """The client; redis-py's errors become StateError."""
        try:
            if time.monotonic() >= self._check_at:  # it may be set to evict keys at any time, or be another one
                _check(self._redis.info(), self._prefix)
                self._check_at = time.monotonic() + CHECKED_S
            yield self._redis
        except self._failure as error:
            if isinstance(error, self._moved):
                raise StateError("Redis is a cluster, and another master has the keys; name that one") from error
            if isinstance(error, self._unauthenticated):
                raise StateError("Redis refuses the password of state_url, or wants one") from error
            if isinstance(error, self._read_only):  # a replica by now: the address may lead to another master
                self._redis.connection_pool.disconnect(inuse_connections=False)
                self._check_at = 0.0
            raise StateError(f"the state store failed: {error}; see the setting state_url") from error


def _check(info: Mapping[str, Any], prefix: str) -> None:
    """Raises StateError when this Redis would not keep the promises, or scripts cannot run on its keys."""
    if info.get("redis_mode") == "sentinel":
        raise StateError("this is Redis Sentinel, which keeps nothing; let state_url name an address of the master")
    if info.get("cluster_enabled") and not re.search("{[^}]+}", prefix):
        raise StateError(
            "Redis is a cluster, where keys must lie together: use one that is none, or the master of one slot with "
            "?prefix={bankcard-ocr}: in state_url"
        )
    if int(str(info["redis_version"]).partition(".")[0]) < OLDEST:
        raise StateError(f"Redis is {info['redis_version']}, {OLDEST} or later is needed")
    if info.get("maxmemory") and info.get("maxmemory_policy", "noeviction") != "noeviction":
        policy = info["maxmemory_policy"]
        raise StateError(f"Redis evicts keys ({policy}), charges too; set its maxmemory-policy to noeviction")


def _split_options(url: str) -> tuple[str, dict[str, str]]:
    """``url`` without our options, and these. Raises ValueError for a database that is no number, or a ``#``."""
    if "#" in url:
        raise ValueError("a # in a password is written %23")  # what is behind it would be left out
    base, _, query = url.partition("?")
    scheme, _, place = base.partition("://")
    _, _, database = place.partition("/")
    if scheme != "unix" and database and not (database.isascii() and database.isdigit()):
        raise ValueError("a database is a number")  # redis-py would take database 0
    options = dict(parse_qsl(query, keep_blank_values=True))
    rest = {name: value for name, value in options.items() if name not in {"prefix", "records"}}
    return base + ("?" + urlencode(rest) if rest else ""), options


def _ms(seconds: float) -> int:
    """A lifetime for Redis's own expiry, which never ends before the clock's."""
    return round(1000 * (min(max(seconds, 0.0), LONGEST_S) + SLACK_S))


def _token_keys(appid: str) -> list[str]:
    return [f"{name}:{appid}:{kind}" for kind in get_args(TokenKind) for name in ("current", "tokens")]


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _token(fields: Mapping[str, str]) -> Token | None:
    if not fields:
        return None
    return Token(
        digest=fields["digest"],
        appid=fields["appid"],
        kind=fields["kind"],  # type: ignore[arg-type]  # written from a Token
        nonce=fields["nonce"],
        issued=float(fields["issued"]),
        expires=float(fields["expires"]),
        good_until=float(fields["good_until"]),
    )


def _glob(text: str) -> str:
    """``text`` as a pattern of Redis that matches it alone."""
    return re.sub(r"([\\*?\[\]^-])", r"\\\1", text)
