"""Idempotency-Key: a call sent again is answered again, on every store."""

from __future__ import annotations

import dataclasses
import json
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from unittest.mock import Mock

import pytest

from bankcard_ocr.errors import NoCardFound, NotAPicture, StateError
from bankcard_ocr.platform import idempotency, wire
from bankcard_ocr.platform.credentials import issued
from bankcard_ocr.platform.resources import Resources
from bankcard_ocr.platform.service import Service
from bankcard_ocr.platform.state.base import App, beijing_day
from bankcard_ocr.platform.wire import Reply
from bankcard_ocr.reading import Options, Reading, Seen
from bankcard_ocr.settings import Settings

NUMBER = "6205500000000000004"
JPEG = b"\xff\xd8\xff\xe0picture"
QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
READING = Reading(number=NUMBER, confidence=1.0, candidates=(), size=(2, 2), number_quad=QUAD)
HOUR_S = 3600.0


@dataclass
class Reads:
    """Reads every picture as the outcome, and counts; holds up while ``gate`` is closed."""

    outcome: Reading | BaseException = READING
    count: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def read(self, _data: bytes, _options: Options = Options()) -> Reading:
        self.count += 1
        self.entered.set()
        self.gate.wait(10)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def read_many(self, _pictures, options: Options = Options()) -> Reading:
        return self.read(b"", options)


@dataclass
class Platform:
    """The service on one of the stores, with two apps."""

    service: Service
    reader: Reads
    store: object
    clock: object

    def read(
        self, key: str | None = "order-1", picture: bytes = JPEG, token: str = "TOKEN", url: str = "", **query: str
    ) -> Reply:
        parameters = {"access_token": token, **({"img_url": url} if url else {}), **query}
        request = wire.request(
            method="POST",
            path="/cv/ocr/bankcard",
            query="&".join(f"{name}={value}" for name, value in parameters.items()).encode(),
            headers={} if key is None else {"idempotency-key": key},
            body=b"" if url else picture,
        )
        return self.service.answer(request)

    def used(self) -> int:
        return self.store.used("recognize:wx1", beijing_day(self.clock.now))


@pytest.fixture
def platform(store, clock):
    for appid, token in (("wx1", "TOKEN"), ("wx2", "OTHER")):
        app = App(appid=appid, name=appid, secret_hash="-", created=0.0, daily_limit=3)
        store.add_app(app)
        store.rotate_token(issued(app, "operator", token, clock.now, 30 * HOUR_S), old_until=0.0)
    reader = Reads()
    reader.gate.set()
    fetched = iter([JPEG, JPEG, JPEG + b"2"])
    resources = Resources(reader=reader, state=store, fetch=lambda _url: next(fetched), settings=Settings(port=0))
    return Platform(Service(resources, clock=clock, observer=lambda *_: None), reader, store, clock)


def begins(reply: Reply, text: str) -> bool:
    return reply.body["errmsg"].startswith(text)


def test_a_retry_gets_the_same_answer(platform):
    """Byte for byte, read once, charged once, and it says that it is the earlier one."""
    first, again = platform.read(detail="1"), platform.read(detail="1")

    assert (first.encode(), 1, 1, "true", None) == (
        again.encode(),
        platform.reader.count,
        platform.used(),
        again.headers["idempotent-replayed"],
        first.headers.get("idempotent-replayed"),
    )


def test_a_retry_of_an_answer_that_could_not_be_kept_is_a_new_call(platform, monkeypatch):
    """It is not told to wait for a call that is over."""
    with monkeypatch.context() as patched:
        patched.setattr(platform.store, "put", Mock(side_effect=StateError("away")))
        first = platform.read()
    again = platform.read()

    assert ([NUMBER, NUMBER], 2) == ([first.body["number"], again.body["number"]], platform.used())


def test_a_refusal_is_repeated_too(platform):
    """It was charged; the retry gets its words and its rid."""
    platform.reader.outcome = NoCardFound()
    first, again = platform.read(), platform.read()

    assert (101001, first.encode(), 1, 1) == (again.errcode, again.encode(), platform.reader.count, platform.used())


def test_pictures_of_a_refusal_are_cut_out_again(platform):
    """They are not kept, and come again with the retry."""
    error = NoCardFound()
    error.seen = Seen(size=(640, 480), pictures={"card": b"JPEG"})
    platform.reader.outcome = error
    first, again = platform.read(**{"return": "card"}), platform.read(**{"return": "card"})

    assert ("SlBFRw==", first.body, 1) == (again.body["card_picture"], again.body, platform.used())


def test_what_was_not_charged_is_tried_again(platform):
    """A damaged picture and a fault of ours are not kept: their retry is a new call."""
    outcomes = []
    for outcome in (NotAPicture("truncated"), RuntimeError(), READING):
        platform.reader.outcome = outcome
        outcomes.append(platform.read().errcode)

    assert ([101002, -1, 0], 1) == (outcomes, platform.used())


def test_an_earlier_key_protects_no_answer(platform):
    """Whoever changed the key of an app wants nothing told under the old one any more."""
    platform.read()
    platform.store.update_app("wx1", lambda app: dataclasses.replace(app, jwk="{}"))

    assert 47001 == platform.read().errcode


def test_another_fingerprint_key_protects_no_answer_of_the_earlier_one(platform):
    """Nor is an answer told again under a key that the server has changed."""
    platform.read()
    resources = dataclasses.replace(platform.service._resources, fingerprint_key=bytes(32))
    platform.service = Service(resources, clock=platform.clock, observer=lambda *_: None)

    assert 47001 == platform.read().errcode


@pytest.mark.parametrize(
    "other", [("order-2", "wx1", (b"ab", b"c")), ("order-1", "wx2", (b"ab", b"c")), ("order-1", "wx1", (b"a", b"bc"))]
)
def test_what_decrypts_an_answer_is_of_all_that_a_retry_brings_along(other: tuple[str, str, tuple[bytes, ...]]):
    """The key, the app, and each part of what was asked, wherever that ends."""
    assert idempotency.ticket("order-1", "wx1", (b"ab", b"c")).key != idempotency.ticket(*other).key


def test_no_answer_is_encrypted_as_another_was(platform):
    """Under one key, too: with the nonce of AES-GCM used twice both could be read."""
    ticket = idempotency.ticket("order-1", "wx1", (JPEG,))
    kept = []
    for _ in range(2):
        idempotency.keep(platform.store, ticket, Reply(errcode=0, rid="-", body={"number": NUMBER}))
        kept.append(platform.store.take(ticket.name))

    assert 2 == len(set(kept))


@pytest.mark.parametrize(
    "change",
    [{"picture": JPEG + b"2"}, {"type": "scan"}, {"detail": "1"}, {"pan": "masked"}, {"return": "redacted"}],
)
def test_another_call_under_the_same_key_is_refused(platform, change: dict):
    """Another picture, or another wish, is no retry; nothing of the first answer is given away, nothing charged."""
    platform.read()
    other = platform.read(**change)

    assert (47001, True, False, 1) == (
        other.errcode,
        "[idempotency-key: used within 24 hours with another picture or other parameters]" in other.body["errmsg"],
        NUMBER in json.dumps(dict(other.body)),
        platform.used(),
    )


def test_another_second_picture_is_no_retry(platform):
    """Each picture of the card counts, not the first alone."""

    def sent(second: bytes) -> bytes:
        pictures = {"img_base64": JPEG, "img2_base64": second}
        return json.dumps({name: b64encode(data).decode() for name, data in pictures.items()}).encode()

    found = [platform.read(picture=sent(JPEG + second)).errcode for second in (b"2", b"2", b"3")]

    assert ([0, 0, 47001], 1) == (found, platform.used())


def test_keys_of_apps_are_apart(platform):
    """Another app's call under the same key is its own."""
    platform.read()

    assert (0, 2, None) == (
        platform.read(token="OTHER").errcode,
        platform.reader.count,
        platform.read(key="order-2").headers.get("idempotent-replayed"),
    )


def test_a_fetched_picture_is_compared_by_its_bytes(platform):
    """The retry of an img_url is one when the picture there is still the same."""
    found = [platform.read(url="http://x/1.jpg").errcode for _ in range(3)]

    assert ([0, 0, 47001], 1) == (found, platform.reader.count)


@pytest.mark.parametrize(("later", "count"), [(24 * HOUR_S - 1, 1), (24 * HOUR_S, 2)])
def test_answers_are_kept_for_a_day(platform, clock, later: float, count: int):
    """After 24 hours the key may be used anew."""
    platform.read()
    clock.now += later
    platform.read()

    assert count == platform.reader.count


def test_a_retry_at_the_limit_is_answered(platform):
    """Who has used up the day still gets the answer that was paid for, and 101003 for a new call, which is not read."""
    first = platform.read("a")
    platform.read("b")
    platform.read("c")

    assert (first.encode(), 101003, 3, 3) == (
        platform.read("a").encode(),
        platform.read("d").errcode,
        platform.used(),
        platform.reader.count,
    )


def test_a_call_refused_for_its_quota_may_be_sent_again(platform, clock):
    """101003 is not kept: the same key works the next day."""
    for key in "abc":
        platform.read(key)
    refused = platform.read("d").errcode
    clock.now += 24 * HOUR_S

    assert (101003, 0) == (refused, platform.read("d").errcode)


def test_a_retry_in_flight_is_told_to_come_back(platform):
    """While the first is at work its retry is busy, with Retry-After; then it gets the answer. It is read once."""
    platform.reader.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(platform.read)
        platform.reader.entered.wait(10)
        early = platform.read()
        platform.reader.gate.set()
        answer = first.result()

    assert (-1, True, 1.0, answer.encode(), 1) == (
        early.errcode,
        "[busy: a call with this Idempotency-Key is at work]" in early.body["errmsg"],
        early.retry_after_s,
        platform.read().encode(),
        platform.reader.count,
    )


def test_of_many_at_once_one_is_read(platform):
    """Thirty-two senders of the same call cause one reading and one charge."""
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: platform.read().errcode, range(32)))

    assert ({0, -1} | set(found), 1, 1) == ({0, -1}, platform.reader.count, platform.used())


def test_a_call_whose_process_died_is_not_waited_for_long(platform, clock):
    """The mark of being at work ends by itself, though not before what is at work can have come to its end."""
    platform.reader.outcome = KeyboardInterrupt()
    give_up = platform.store.take
    platform.store.take = lambda _key: None  # as if the process had died: nothing is tidied up
    with pytest.raises(KeyboardInterrupt):
        platform.read()
    platform.store.take, platform.reader.outcome = give_up, READING
    clock.now += 60
    during = platform.read().errcode
    clock.now += 60

    assert (-1, 0) == (during, platform.read().errcode)


def test_the_store_alone_gives_nothing_away(platform):
    """What is kept holds neither number nor key nor picture, and the key alone does not open it."""
    platform.read("order-4711")
    kept = "".join(notes(platform.store))

    assert (True, False, False) == ("idempotency:wx1:" in kept, NUMBER in kept, "order-4711" in kept)


def test_pictures_are_not_kept_but_made_anew(platform):
    """A retry's pictures are the same, read again and not charged, and no picture is in the store, encrypted or not."""
    platform.reader.outcome = dataclasses.replace(READING, pictures={"card": b"picture" * 1000})
    first, again = platform.read(**{"return": "card"}), platform.read(**{"return": "card"})
    size = len("".join(notes(platform.store)))

    assert (first.encode(), True, 1, True) == (
        again.encode(),
        "card_picture" in first.body,
        platform.used(),
        size < 1000,
    )


def notes(store) -> list[str]:
    if hasattr(store, "_connection"):
        return ["".join(row) for row in store._all("SELECT key, value FROM notes")]
    return [key + (store._redis.get(key)) for key in store._redis.keys(store._key("note:*"))]


@pytest.mark.parametrize("key", ["x" * 256, "with space", "schlüssel", "", " "])
def test_what_is_no_key_is_refused(platform, key: str):
    """It is 1 to 255 visible ASCII characters; with an empty one each retry would be charged."""
    found = platform.read(key)

    assert (47001, True, 0) == (
        found.errcode,
        "[idempotency-key: 1 to 255 visible ASCII characters]" in found.body["errmsg"],
        platform.reader.count,
    )


def test_without_a_key_every_call_is_new(platform):
    """Each is read and charged."""
    platform.read(None)
    platform.read(None)

    assert (2, 2) == (platform.reader.count, platform.used())


@pytest.mark.parametrize("away", [("put",), ("put", "take")])
def test_an_answer_that_cannot_be_kept_is_given(platform, monkeypatch, away: tuple[str, ...]):
    """When the store fails after the charge the answer stands, whether or not its mark can be taken away."""

    def fails(*_args, **_more):
        raise StateError("away")

    for name in away:
        monkeypatch.setattr(platform.store, name, fails)

    assert 0 == platform.read().errcode
