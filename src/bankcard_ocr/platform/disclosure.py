"""How much of the card number a reply discloses: ``pan=full``, ``masked``, ``jwe`` or ``fingerprint``.

* ``full``: the digits, as the platform's clients expect them.
* ``masked``: first 6 and last 4.
* ``jwe``: a JWE in compact form (RFC 7516) to the app's registered public key, the digits as its plaintext:
  RSA-OAEP-256 for an RSA key, ECDH-ES for a key on P-256, P-384, P-521 or X25519, with A256GCM either way. Only who has
  the private key reads it.
* ``fingerprint``: HMAC-SHA256 of the digits under the operator's key, in hex: the same card gives the same text, and
  without the key nobody can try numbers out. It is the fingerprint of ``bankcard-ocr bulk``.

Each discloses less than the one before. An app has a form of its own, which is what its calls get, and the most they
may ask for. In any form but ``full`` no place of the reply shows the number: ``bin`` ends where a mask does, and of the
pictures only the redacted one can be had; beside a fingerprint none.
"""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..errors import CallError
from ..numbers import pan
from .state.base import App

if TYPE_CHECKING:
    from joserfc.jwk import Key

Form = Literal["full", "masked", "jwe", "fingerprint"]
FORMS: tuple[Form, ...] = get_args(Form)
FormForAll = Literal["masked", "full", "fingerprint"]  # the same for every app, and for who has none
SMALLEST_RSA_BITS = 2048
CURVES = ("P-256", "P-384", "P-521", "X25519")
ENCRYPTION = "A256GCM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One form, ready: ``show`` gives the text that stands for a number."""

    form: str
    show: Callable[[str], str] = field(repr=False)

    def applied(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """``body`` with every number in it, however deep, in this form."""
        if self.form == "full":
            return dict(body)
        shown = {name: self._value(name, value) for name, value in body.items()}
        if isinstance(body.get("bin"), str):
            shown["bin"] = pan.shown_bin(body["bin"], body["number"])
        return shown

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.applied(value)
        if isinstance(value, list | tuple):
            return [self._value(name, item) for item in value]
        if not isinstance(value, str):
            return value
        return self.show(value) if name in {"number", "id"} else value


FULL = Disclosure(form="full", show=str)


def disclosure(asked: str, app: App, fingerprint_key: bytes) -> Disclosure:
    """The form that a call gets which asks for ``asked`` (empty: for nothing). Raises CallError 47001 or 48001."""
    form = asked or app.pan
    if form not in FORMS:
        raise CallError(47001, "pan: full, masked, jwe or fingerprint")
    if FORMS.index(form) < FORMS.index(app.pan):
        raise CallError(48001, f"pan: the app gets {app.pan} at most")
    if form == "jwe":
        if not app.jwk:
            raise CallError(48001, "pan: the app has no key to encrypt to, see apps set-key")
        return Disclosure(form=form, show=cache(lambda number: encrypted(number, app.jwk)))
    if form == "fingerprint" and not fingerprint_key:
        raise CallError(48001, "pan: the server has no fingerprint_key_file")
    return without_app(form, fingerprint_key)


def without_app(form: FormForAll, fingerprint_key: bytes = b"") -> Disclosure:
    """The form as it is for everybody."""
    if form == "masked":
        return Disclosure(form=form, show=pan.mask)
    if form == "fingerprint":
        return Disclosure(form=form, show=lambda number: pan.fingerprint(number, fingerprint_key))
    return FULL


def encrypted(number: str, jwk: str) -> str:
    """The digits as a compact JWE to the public key ``jwk``, as :func:`public_jwk` gave it."""
    from joserfc import jwe

    facts, key = _key(jwk)
    header = {"alg": facts["alg"], "enc": ENCRYPTION, "kid": facts["kid"]}
    return jwe.encrypt_compact(header, number, key, algorithms=[facts["alg"], ENCRYPTION])


def public_jwk(text: str) -> str:
    """The public key in ``text``, a JWK (RFC 7517) or a PEM file, as the JWK that is kept: with ``alg`` and ``kid``.

    Raises ValueError with what is wrong, for a private key too: it has no business on a server that encrypts.
    """
    key = _parsed(text)
    facts = dict(key.as_dict(private=False))
    algorithm = _algorithm(facts)
    if key.is_private:
        raise ValueError("this is a private key; register its public part")
    if facts.get("use", "enc") != "enc" or facts.get("alg", algorithm) != algorithm:
        raise ValueError(f"its use or alg is another than enc and {algorithm}")
    facts.pop("key_ops", None)  # of another library's kind: WebCrypto's are empty
    kept = json.dumps({**facts, "alg": algorithm, "kid": facts.get("kid") or key.thumbprint()}, sort_keys=True)
    try:
        encrypted("0" * pan.LONGEST, kept)
    except Exception as error:  # of what OpenSSL and the JOSE library say of it, some with texts of many lines
        raise ValueError("nothing can be encrypted to this key") from error
    return kept


def _parsed(text: str) -> Key:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

    wrong = (JoseError, ValueError, KeyError, TypeError)
    with warnings.catch_warnings(action="ignore"):  # of weak keys, which are refused
        try:
            if text.lstrip().startswith("{"):
                return import_key(json.loads(text))
        except wrong as error:
            raise ValueError("this is no JWK of a key to encrypt to") from error
        for kind in (RSAKey, ECKey, OKPKey):
            with suppress(*wrong):
                return kind.import_key(text)
    raise ValueError("this is neither a JWK nor a PEM file of a public key")


@cache
def _key(jwk: str) -> tuple[Mapping[str, str], Key]:
    """The parameters of a key and the key, read once."""
    from joserfc.jwk import import_key

    facts = json.loads(jwk)
    return facts, import_key(facts)


def _bits(number: str) -> int:
    """The length of a number in base64url, without leading zeros."""
    return int.from_bytes(urlsafe_b64decode(number + "==")).bit_length()


def _algorithm(facts: Mapping[str, Any]) -> str:
    """The algorithm a key with these parameters is used with. Raises ValueError when it is not fit for any."""
    if facts["kty"] == "RSA" and _bits(facts["n"]) >= SMALLEST_RSA_BITS:
        return "RSA-OAEP-256"
    if facts.get("crv") in CURVES:
        return "ECDH-ES"
    raise ValueError(f"a key is RSA of {SMALLEST_RSA_BITS} bits or more, or on a curve of {', '.join(CURVES)}")
