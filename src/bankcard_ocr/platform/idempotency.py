"""The header ``Idempotency-Key``: a call that is sent again is answered again, and not charged anew.

It is not read anew either, unless it asks for pictures, which are not kept but cut out again.

The first call with a key marks it as being at work; its answer is kept for 24 hours when it was charged (a number, or a
refusal to guess). A retry gets that answer, unless it sends another picture or asks in another way: then it is no
retry, and is refused. While the first call is at work its retries are told to come back. What was not charged is not
kept, and a retry of it is a new call.

The kept answer holds a card number, so it is encrypted (AES-256-GCM), and what decrypts it is nowhere: the key is made
of the caller's Idempotency-Key, the app, the picture and the parameters, all of which a retry brings along. Keys may be
easy to guess, such as order numbers; the picture is not. So the store alone gives nothing away, and an answer that
cannot be decrypted is another picture's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import Busy, CallError
from .state.base import State
from .wire import Reply

HEADER = "idempotency-key"
LIFETIME_S = 86400.0
_AT_WORK = "at work"
_KEY = re.compile("[!-~]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A call that may be sent again: under which name its answer is kept, and what encrypts it."""

    name: str
    key: bytes = field(repr=False)


def ticket(value: str, appid: str, asked: Iterable[bytes]) -> Ticket:
    """The ticket of the app's call with this header value; ``asked`` is all that its answer depends on.

    Raises CallError 47001 when the value is no key.
    """
    if not _KEY.fullmatch(value):
        raise CallError(47001, f"{HEADER}: 1 to 255 visible ASCII characters")
    name = hmac.digest(value.encode(), b"name|" + appid.encode(), "sha256").hex()
    content = b"".join(hashlib.sha256(part).digest() for part in asked)
    return Ticket(
        name=f"idempotency:{appid}:{name}",
        key=hmac.digest(value.encode(), b"key|" + appid.encode() + b"|" + content, "sha256"),
    )


def begin(state: State, ticket: Ticket, rid: str, *, at_work_s: float) -> Reply | None:
    """The answer that an earlier call got, under this call's ``rid``; None: it is the first, and is now at work.

    ``at_work_s`` is longer than any call takes; so long a call is waited for whose process died. Raises Busy while the
    first is at work, and CallError 47001 when the key was another call's.
    """
    held = state.put_if_absent(ticket.name, _AT_WORK, lifetime_s=at_work_s)
    if held is None:
        return None
    if held == _AT_WORK:
        raise Busy("a call with this Idempotency-Key is at work")
    return _opened(ticket, held, rid)


def keep(state: State, ticket: Ticket, reply: Reply) -> None:
    """Keeps the answer of the call that began with this ticket, without the pictures in it."""
    state.put(ticket.name, _sealed(ticket, reply), lifetime_s=LIFETIME_S)


def give_up(state: State, ticket: Ticket) -> None:
    """Lets the next call with this ticket be the first."""
    state.take(ticket.name)


def _sealed(ticket: Ticket, reply: Reply) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    body = {name: value for name, value in reply.body.items() if not name.endswith("_picture")}
    facts = {
        "errcode": reply.errcode,
        "reason": reply.reason,
        "cause": reply.cause,
        "common_cause": reply.common_cause,
        "body": body,
    }
    nonce = secrets.token_bytes(12)
    plain = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), default=dict).encode()
    return b64encode(nonce + AESGCM(ticket.key).encrypt(nonce, plain, ticket.name.encode())).decode()


def _opened(ticket: Ticket, held: str, rid: str) -> Reply:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = b64decode(held)
    try:
        plain = AESGCM(ticket.key).decrypt(sealed[:12], sealed[12:], ticket.name.encode())
    except InvalidTag:
        raise CallError(47001, f"{HEADER}: used within 24 hours with another picture or other parameters") from None
    facts = json.loads(plain)
    return Reply(rid=rid, headers={"idempotent-replayed": "true"}, **facts)
