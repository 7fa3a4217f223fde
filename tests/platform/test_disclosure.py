"""How a reply shows the number, and how little an app may be bound to."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from bankcard_ocr.errors import CallError
from bankcard_ocr.platform.disclosure import FORMS, disclosure, public_jwk
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.reading import Candidate, Reading

NUMBER = "6205500000000000004"
MASKED = "620550*********0004"
KEY = b"a key of the tests, 32 bytes long"
FINGERPRINT = hmac.new(KEY, NUMBER.encode(), hashlib.sha256).hexdigest()
RSA, CURVE = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES", "A256GCM"]


def jwk_of(key) -> str:
    return public_jwk(json.dumps(key.as_dict(private=False)))


def app(**fields) -> App:
    return App(appid="wx1", name="Shop", secret_hash="-", created=0.0, **fields)


def decrypted(token: str, key) -> tuple[dict, str]:
    found = jwe.decrypt_compact(token, key, algorithms=ALGORITHMS)
    return found.protected, found.plaintext.decode()


def refused(asked: str, app: App, key: bytes = KEY) -> tuple[int, str]:
    with pytest.raises(CallError) as caught:
        disclosure(asked, app, key)
    return caught.value.errcode, caught.value.reason


class TestForms:
    @pytest.mark.parametrize(
        ("form", "shown"), [("full", NUMBER), ("masked", MASKED), ("fingerprint", FINGERPRINT), ("", NUMBER)]
    )
    def test_a_number_is_shown_as_asked(self, form: str, shown: str):
        """Whole, first 6 and last 4, or its HMAC-SHA256; whole when nothing is asked."""
        assert shown == disclosure(form, app(), KEY).show(NUMBER)

    @pytest.mark.parametrize(
        ("key", "algorithm"),
        [
            (RSA, "RSA-OAEP-256"),
            (CURVE, "ECDH-ES"),
            (ECKey.generate_key("P-521"), "ECDH-ES"),
            (OKPKey.generate_key("X25519"), "ECDH-ES"),
        ],
        ids=["RSA", "P-256", "P-521", "X25519"],
    )
    def test_only_the_private_key_reads_a_jwe(self, key, algorithm: str):
        """The JWE names its algorithms and its key, and decrypts to the digits."""
        header, number = decrypted(disclosure("jwe", app(jwk=jwk_of(key)), KEY).show(NUMBER), key)

        assert ({"alg": algorithm, "enc": "A256GCM", "kid": key.thumbprint()}, NUMBER) == (
            {name: header[name] for name in ("alg", "enc", "kid")},
            number,
        )

    def test_every_place_is_in_the_form(self):
        """Numbers however deep, and no more of the BIN than six digits."""
        body = {"number": NUMBER, "bin": "62055000", "cards": [{"number": NUMBER, "errcode": 0}], "bank_name": None}

        assert {"number": MASKED, "bin": "620550", "cards": [{"number": MASKED, "errcode": 0}], "bank_name": None} == (
            disclosure("masked", app(), KEY).applied(body)
        )

    @pytest.mark.parametrize("form", ["masked", "fingerprint", "jwe"])
    def test_of_a_short_number_the_bin_is_as_short_as_its_mask(self, form: str):
        """Of 14 digits a mask shows the first five; six would let four be tried out."""
        body = {"number": "30000000000004", "bin": "300000"}

        assert "30000" == disclosure(form, app(jwk=jwk_of(CURVE)), KEY).applied(body)["bin"]

    def test_a_jwe_is_made_once_a_number(self):
        """Number and id of a reply are the same text."""
        found = disclosure("jwe", app(jwk=jwk_of(CURVE)), KEY).applied({"number": NUMBER, "id": NUMBER})

        assert found["number"] == found["id"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "bound", "refusal"),
        [
            ("half", app(), (47001, "pan: full, masked, jwe or fingerprint")),
            ("full", app(pan="masked"), (48001, "pan: the app gets masked at most")),
            ("masked", app(pan="jwe", jwk="{}"), (48001, "pan: the app gets jwe at most")),
            ("jwe", app(pan="fingerprint"), (48001, "pan: the app gets fingerprint at most")),
            ("jwe", app(), (48001, "pan: the app has no key to encrypt to, see apps set-key")),
            ("", app(pan="jwe"), (48001, "pan: the app has no key to encrypt to, see apps set-key")),
        ],
    )
    def test_what_an_app_may_not_have_is_refused(self, asked: str, bound: App, refusal: tuple[int, str]):
        """An unknown form, more than the app is bound to, a JWE without a key."""
        assert refusal == refused(asked, bound)

    def test_no_fingerprint_without_a_key(self):
        """Without the operator's key there is no fingerprint."""
        assert (48001, "pan: the server has no fingerprint_key_file") == refused("fingerprint", app(), b"")

    @pytest.mark.parametrize(("bound", "form"), [(b, f) for b in FORMS for f in FORMS[FORMS.index(b) :]])
    def test_less_may_always_be_asked(self, bound: str, form: str):
        """Each form that discloses no more than the app's own is given."""
        assert form == disclosure(form, app(pan=bound, jwk=jwk_of(CURVE)), KEY).form


class TestKeys:
    @pytest.mark.parametrize("key", [RSA, CURVE, OKPKey.generate_key("X25519")], ids=["RSA", "EC", "OKP"])
    def test_a_pem_file_is_a_key_too(self, key):
        """PEM and JWK of a key are kept the same."""
        assert jwk_of(key) == public_jwk(key.as_pem(private=False).decode())

    def test_a_keys_own_id_is_kept(self):
        """A kid in the JWK is the kid of its JWEs."""
        jwk = public_jwk(json.dumps({**CURVE.as_dict(private=False), "kid": "vault-1", "use": "enc"}))

        assert "vault-1" == decrypted(disclosure("jwe", app(jwk=jwk), KEY).show(NUMBER), CURVE)[0]["kid"]

    @pytest.mark.filterwarnings("ignore:Key size")
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (json.dumps(RSA.as_dict(private=True)), "this is a private key; register its public part"),
            (CURVE.as_pem(private=True).decode(), "this is a private key; register its public part"),
            ("{}", "this is no JWK of a key to encrypt to"),
            ("{", "this is no JWK of a key to encrypt to"),
            ("ssh-rsa AAAA", "this is neither a JWK nor a PEM file of a public key"),
            (json.dumps(OctKey.generate_key(256).as_dict()), "a key is RSA of 2048 bits or more, or on a curve of"),
            (ECKey.generate_key("secp256k1").as_pem(private=False).decode(), "a key is RSA of 2048 bits or more"),
            (json.dumps({**RSA.as_dict(private=False), "alg": "RS256"}), "its use or alg is another than enc"),
            (json.dumps({**RSA.as_dict(private=False), "use": "sig"}), "its use or alg is another than enc"),
        ],
    )
    def test_what_is_no_key_to_encrypt_to_is_refused(self, text: str, reason: str):
        """Private, broken, symmetric, weak keys and keys for signing are told apart."""
        with pytest.raises(ValueError, match=reason):
            public_jwk(text)

    @pytest.mark.filterwarnings("ignore:Key size")
    @pytest.mark.parametrize("padding", [0, 128])
    def test_a_short_rsa_key_is_refused(self, padding: int):
        """1024 bits are too few, though zeros stand before them."""
        facts = dict(RSAKey.generate_key(1024).as_dict(private=False))
        number = urlsafe_b64decode(facts["n"] + "==")
        facts["n"] = urlsafe_b64encode(bytes(padding) + number).rstrip(b"=").decode()
        with pytest.raises(ValueError, match="a key is RSA of 2048 bits or more"):
            public_jwk(json.dumps(facts))

    @pytest.mark.parametrize("operations", [[], ["wrapKey"], ["deriveBits"]])
    @pytest.mark.parametrize("key", [RSA, CURVE], ids=["RSA", "EC"])
    def test_what_another_library_calls_its_operations_does_no_harm(self, key, operations: list[str]):
        """WebCrypto exports public keys with ``key_ops`` of its own."""
        jwk = public_jwk(json.dumps({**key.as_dict(private=False), "key_ops": operations}))

        assert NUMBER == decrypted(disclosure("jwe", app(jwk=jwk), KEY).show(NUMBER), key)[1]

    @pytest.mark.filterwarnings("ignore:Key size")
    @pytest.mark.parametrize(
        "facts",
        [
            {"kty": "OKP", "crv": "X25519", "x": urlsafe_b64encode(bytes(32)).decode().rstrip("=")},
            {"kty": "OKP", "crv": "X25519", "x": urlsafe_b64encode(b"\1" + bytes(31)).decode().rstrip("=")},
            {"kty": "RSA", "e": "AQAB", "n": urlsafe_b64encode(b"\xff" * 255 + b"\xfe").decode().rstrip("=")},
        ],
        ids=["zero", "one", "even"],
    )
    def test_a_key_that_nothing_can_be_encrypted_to_is_refused(self, facts: dict[str, str]):
        """When it is registered, and not at the first call."""
        with pytest.raises(ValueError, match=r"nothing can be encrypted to this key|this is no JWK"):
            public_jwk(json.dumps(facts))


class TestReplies:
    @pytest.mark.parametrize(("form", "shown"), [("masked", MASKED), ("fingerprint", FINGERPRINT)])
    def test_a_call_gets_what_it_asks_for(self, make_platform, form: str, shown: str):
        """pan= is obeyed, and the number stands nowhere in the reply, whatever detail it has."""
        platform = make_platform(fingerprint_key=KEY)
        other = "6200000000000005"
        platform.reader.outcome = dataclasses.replace(
            platform.reader.outcome,
            candidates=(Candidate(number=NUMBER, confidence=0.9), Candidate(number=other, confidence=0.1)),
        )
        found = platform.read(detail="1", pan=form)
        text = json.dumps(found)

        assert (shown, shown, True, False, False) == (
            found["number"],
            found["id"],
            len(found["bin"]) <= 6,
            NUMBER in text,
            other in text,
        )

    @pytest.mark.parametrize(("form", "code"), [("masked", 0), ("fingerprint", 48001)])
    def test_no_digits_are_shown_beside_a_fingerprint(self, make_platform, form: str, code: int):
        """First and last digits would help to try numbers out."""
        platform = make_platform(fingerprint_key=KEY)
        found = platform.read(**{"pan": form, "return": "redacted"})

        assert (code, int(not code)) == (found["errcode"], platform.used())

    def test_no_picture_is_named_that_a_fingerprint_has_not(self, make_platform):
        """Who asks for the card is not told to ask for the redacted picture instead, which is refused, too."""
        found = make_platform(fingerprint_key=KEY).read(**{"pan": "fingerprint", "return": "card"})

        assert "[return: with pan=fingerprint no picture, they show digits of the number]" in found["errmsg"]

    def test_what_cannot_be_shown_is_not_charged(self, platform):
        """A key that was damaged in the store is a fault of ours."""
        platform.change(pan="jwe", jwk='{"alg": "ECDH-ES", "kid": "1", "kty": "EC", "crv": "P-256"}')

        assert (-1, 0) == (platform.read()["errcode"], platform.used())

    def test_an_app_may_be_bound(self, platform):
        """An app whose form is masked gets that without asking, and 48001 when it asks for more; nothing is charged."""
        platform.change(pan="masked")
        plain, more = platform.read(), platform.read(pan="full")

        assert (MASKED, 48001, 1) == (plain["number"], more["errcode"], platform.used())

    def test_a_refused_form_costs_nothing(self, platform):
        """What cannot be given is refused before the picture is read."""
        assert ([48001, 47001], []) == (
            [platform.read(pan=form)["errcode"] for form in ("jwe", "half")],
            platform.reader.seen,
        )

    @pytest.mark.parametrize("form", ["masked", "jwe"])
    @pytest.mark.parametrize(("returned", "code"), [("card", 48001), ("redacted,number", 48001), ("redacted", 0)])
    def test_pictures_that_show_the_number_need_full(self, platform, returned: str, code: int, form: str):
        """With any other form only the redacted picture is given."""
        platform.change(jwk=jwk_of(CURVE))

        assert code == platform.read(**{"return": returned}, pan=form)["errcode"]

    def test_a_jwe_is_masked_in_the_record(self, platform):
        """The store has neither number nor JWE nor picture."""
        platform.change(jwk=jwk_of(CURVE))
        platform.reader.outcome = dataclasses.replace(platform.reader.outcome, pictures={"card": b"picture of a card"})
        found = platform.read(pan="jwe")
        record = platform.told[-1][0]

        assert (NUMBER, "…", False) == (
            decrypted(found["number"], CURVE)[1],
            json.loads(record.response_body)["card_picture"],
            found["number"] in record.response_body,
        )


def test_pictures_are_given_back(platform):
    """return= reaches the reader, its JPEGs come as base64; an unknown name is 47001."""
    pictures = {"card": b"a card", "redacted": b"a redacted card"}
    platform.reader.outcome = dataclasses.replace(platform.reader.outcome, pictures=pictures)
    found = platform.read(**{"return": "card,%20redacted"})

    assert ("YSBjYXJk", "YSByZWRhY3RlZCBjYXJk", {"card", "redacted"}, 47001) == (
        found["card_picture"],
        found["redacted_picture"],
        platform.reader.seen[0][1].returns,
        platform.read(**{"return": "cvv"})["errcode"],
    )


def test_the_guide_tells_of_the_forms():
    """docs/http.md names each form."""
    guide = (Path(__file__).parent.parent.parent / "docs/http.md").read_text()

    assert [] == [form for form in FORMS if f"`{form}`" not in guide]


def test_a_plain_reading_is_as_ever(platform):
    """Without a parameter the reply has the platform's four fields and nothing else."""
    assert isinstance(platform.reader.outcome, Reading)
    assert ["errcode", "errmsg", "number", "id"] == list(platform.read())
