"""App secrets and access tokens: how they are made and issued, and the only form in which they are kept.

Of a secret a scrypt hash is kept, of a token its SHA-256. One scrypt run gives 64 bytes: the first half is the hash
that is kept, the second half is kept nowhere and is the key from which the app's *stable* token is derived, with a
nonce that is kept. So ``stable_token`` can repeat a token that the store does not have, since the caller brings the
secret along with each call; and whoever steals the store has to break scrypt before any token.

>>> kept = hashed("a secret")
>>> verify("another secret", kept) is None
True
>>> stable_token(verify("a secret", kept), "wx1", "n1") == stable_token(verify("a secret", kept), "wx1", "n1")
True
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading

from .state.base import App, State, Token, TokenKind

COST = 2**14  # with BLOCK and LANES 16 MiB and some 40 ms for each run; generated secrets have 128 bits anyway
BLOCK = 8
LANES = 1
HASH_BYTES = 32

_RUNS = threading.BoundedSemaphore(2)  # so that wrong secrets in parallel cost 32 MiB at most


def new_appid() -> str:
    """A fresh appid of the platform's shape: ``wx`` and 16 hex digits."""
    return "wx" + secrets.token_hex(8)


def new_secret() -> str:
    """A fresh app secret of the platform's shape: 32 hex digits."""
    return secrets.token_hex(16)


def new_token() -> str:
    """A fresh access token of 128 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(96)


def hashed(secret: str) -> str:
    """What is kept of ``secret``: ``scrypt$cost$block$lanes$salt$hash``."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(secret, salt, COST, BLOCK, LANES)[:HASH_BYTES]
    return f"scrypt${COST}${BLOCK}${LANES}${salt.hex()}${digest.hex()}"


def verify(secret: str, kept: str) -> bytes | None:
    """The key for stable tokens when ``secret`` is the one that ``kept`` is the hash of, else None."""
    _, cost, block, lanes, salt, digest = kept.split("$")
    derived = _scrypt(secret, bytes.fromhex(salt), int(cost), int(block), int(lanes))
    return derived[HASH_BYTES:] if hmac.compare_digest(derived[:HASH_BYTES].hex(), digest) else None


def stable_token(key: bytes, appid: str, nonce: str) -> str:
    """The access token of 128 characters that this key, appid and nonce always give."""
    message = f"{appid}|{nonce}|".encode()
    digest = hmac.digest(key, message + b"1", "sha512") + hmac.digest(key, message + b"2", "sha256")
    return base64.urlsafe_b64encode(digest).decode()


def token_digest(token: str) -> str:
    """What is kept of an access token: its SHA-256 in hex. A token has so many random bits that no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def issued(app: App, kind: TokenKind, access_token: str, now: float, lifetime_s: float, nonce: str = "") -> Token:
    """The token value of a fresh access token."""
    return Token(
        digest=token_digest(access_token),
        appid=app.appid,
        kind=kind,
        nonce=nonce,
        issued=now,
        expires=now + lifetime_s,
        good_until=now + lifetime_s,
    )


def operator_token(state: State, app: App, now: float, lifetime_s: float) -> str:
    """An access token for an operator, which supersedes none: not the app's own, nor an operator's earlier one."""
    access_token = new_token()
    state.rotate_token(issued(app, "operator", access_token, now, lifetime_s), old_until=now + lifetime_s)
    return access_token


def _scrypt(secret: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    with _RUNS:
        return hashlib.scrypt(
            secret.encode("utf-8", "surrogatepass"),
            salt=salt,
            n=cost,
            r=block,
            p=lanes,
            maxmem=256 * cost * block * lanes,
            dklen=2 * HASH_BYTES,
        )
