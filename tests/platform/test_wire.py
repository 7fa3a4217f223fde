"""Parameters in, JSON out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import (
    BankcardError,
    Busy,
    CallError,
    FetchError,
    NoCardFound,
    NotAPicture,
    NumberUnreadable,
    PictureTooLarge,
    StateError,
)
from bankcard_ocr.numbers import luhn
from bankcard_ocr.numbers.masking import masked
from bankcard_ocr.platform import codes, wire

RID = "64dd8e12-0eb37d04-36a66358"


def request(query: bytes = b"", body: bytes = b"", content_type: str = "", method: str = "POST") -> wire.Request:
    headers = {"content-type": content_type}
    return wire.request(method=method, path="/cv/ocr/bankcard", query=query, headers=headers, body=body)


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "code", "hint"),
        [
            (NotAPicture("truncated"), 101002, "truncated"),
            (PictureTooLarge(got=3, limit=2, unit="bytes"), 101002, "size: over 2 bytes"),
            (NoCardFound(), 101001, "no card found"),
            (NumberUnreadable(digits=(7, 8, 9)), 101001, "number unreadable: digits 7-9 uncertain"),
            (FetchError("dns", "no such host"), 101000, "dns: no such host"),
            (CallError(41005, "neither"), 41005, "neither"),
            (CallError(41001), 41001, ""),
            (Busy(), -1, "busy"),
            (StateError("no way to redis://host"), -1, "the state store is unavailable"),
            (BankcardError("number 6200000000000005"), -1, "number 620000******0005"),
            (ZeroDivisionError("6200000000000005"), -1, "internal error, the server's log has it"),
            (MemoryError(), -1, "internal error, the server's log has it"),
        ],
    )
    def test_each_error_has_its_code_and_hint(self, error: Exception, code: int, hint: str):
        """The class decides the code, the error's own cause the hint."""
        assert (code, hint) == (codes.errcode(error), codes.hint(error))

    def test_a_refusal_has_message_hint_and_rid(self):
        """The errmsg is the platform's text, then the hint, then the request id."""
        assert {
            "errcode": 101001,
            "errmsg": f"certificate not found hint: [no card found] rid: {RID}",
        } == wire.refusal(NoCardFound(), RID).body

    def test_without_a_cause_there_is_no_hint(self):
        """An error that says it all has message and rid only."""
        assert f"access_token missing rid: {RID}" == wire.refusal(CallError(41001), RID).body["errmsg"]

    @pytest.mark.parametrize(
        ("client_ip", "text"),
        [
            ("116.25.45.231", "invalid ip 116.25.45.231 ipv6 ::ffff:116.25.45.231, not in whitelist"),
            ("2001:db8::1", "invalid ip 2001:db8::1 ipv6 2001:db8::1, not in whitelist"),
        ],
    )
    def test_a_refused_address_is_named(self, client_ip: str, text: str):
        """40164 names the caller's address in both notations."""
        assert f"{text} rid: {RID}" == wire.refusal(CallError(40164), RID, client_ip=client_ip).body["errmsg"]

    def test_busy_says_when_to_come_again(self):
        """A busy reply carries its seconds, others none."""
        assert (1.0, None) == (
            wire.refusal(Busy(), RID).retry_after_s,
            wire.refusal(NoCardFound(), RID).retry_after_s,
        )

    def test_the_cloud_calls_codes_have_messages_too(self):
        """A code of the cloud call itself has its own text."""
        assert "function has no permission to call this API" == codes.message(-604101)

    def test_a_hint_is_short(self):
        """However long a cause is, the hint has 160 characters at most."""
        assert 160 == len(codes.hint(BankcardError("x" * 1000)))

    @pytest.mark.parametrize("length", range(140, 161))
    def test_no_part_of_a_number_is_left_where_a_hint_is_cut(self, length: int):
        """It is masked before."""
        assert "4111111" not in codes.hint(BankcardError("x" * length + " 4111111111111111"))


class TestReplies:
    def test_errcode_is_an_integer(self):
        """By default errcode is a JSON integer, numbers are strings."""
        assert b'{"errcode":0,"errmsg":"ok","number":"62"}' == wire.ok(RID, number="62").encode()

    def test_errcode_may_be_a_string(self):
        """The documentation's literal form is there for who needs it."""
        assert b'{"errcode":"0","errmsg":"ok"}' == wire.ok(RID).encode("string")

    def test_a_token_has_no_errcode(self):
        """A token reply has its two fields alone, in either style."""
        assert b'{"access_token":"t","expires_in":7200}' == wire.token(RID, "t", 7200).encode("string")

    def test_a_number_is_sent_under_both_names(self, platform):
        """The table's name and the example's are both there, as strings."""
        assert {
            "errcode": 0,
            "errmsg": "ok",
            "number": "6205500000000000004",
            "id": "6205500000000000004",
        } == platform.read()


class TestRid:
    @given(st.floats(0, 2**32 - 1), st.binary(min_size=8, max_size=8))
    def test_a_rid_is_time_and_chance(self, now: float, noise: bytes):
        """Three groups of 8 hex digits, the first the Unix time."""
        rid = wire.rid(now, lambda _: noise)

        assert (f"{int(now):08x}", noise.hex(), True) == (
            rid[:8],
            rid[9:].replace("-", ""),
            wire.RID.fullmatch(rid) is not None,
        )

    def test_a_rid_is_no_card_number(self):
        """What would be masked in records is drawn anew: a published test number behind a letter."""
        noise = [bytes.fromhex("a3782822 46310005"), bytes.fromhex("aaaaaaaa bbbbbbbb")]

        assert "6741f9a8-aaaaaaaa-bbbbbbbb" == wire.rid(0x6741F9A8, lambda _: noise.pop(0))


class TestParameters:
    def test_pictures_to_return_are_named(self):
        """Names are separated by commas or spaces; an unknown one is refused."""
        assert frozenset({"card", "redacted"}) == wire.options(request(b"return=card,%20Redacted")).returns
        with pytest.raises(CallError, match="return: card, number, redacted"):
            wire.options(request(b"return=cvv"))

    def test_a_json_body_may_list_them(self):
        """As people write lists in JSON."""
        listed = request(body=b'{"return": ["card", "redacted"], "detail": "yes"}', content_type="application/json")

        assert (frozenset({"card", "redacted"}), True) == (
            wire.options(listed).returns,
            wire.options(listed).detail,
        )

    @pytest.mark.parametrize(
        ("query", "type_"),
        [
            (b"type=scan", "scan"),
            (b"type=SCAN", "scan"),
            (b"type=photo", "photo"),
            (b"type=MODE", "photo"),
            (b"", "photo"),
        ],
    )
    def test_any_type_but_scan_is_photo(self, query: bytes, type_: str):
        """The literal MODE and anything else mean photo."""
        assert type_ == wire.options(request(query)).type

    @pytest.mark.parametrize("name", ["access_token", "cloudbase_access_token", "authorizer_access_token"])
    def test_a_token_has_three_names(self, name: str):
        """Each name of the token counts, in the query and in the form; a line's end behind it is none of it."""
        sent = f"{name}=T%0A".encode()

        assert ("T", "T") == (
            request(sent).access_token(),
            request(b"", sent, "application/x-www-form-urlencoded").access_token(),
        )

    def test_a_parameter_is_taken_where_the_contract_has_it(self):
        """The query's, else the form's: who calls, and what for, is one app's and one thing."""
        sent = request(b"access_token=Q&type=", b"access_token=F&type=scan", "application/x-www-form-urlencoded")

        assert ("Q", "scan") == (sent.access_token(), wire.options(sent).type)

    def test_the_first_of_a_repeated_parameter_counts(self):
        """Of a name given twice the first value is taken."""
        assert "1" == request(b"a=1&a=2").value("a")

    def test_too_many_fields_are_none(self):
        """A query of hundreds of fields is read as empty."""
        assert "" == request(b"&".join([b"a=1"] * 300)).value("a")


class TestMasking:
    @given(st.text(st.characters(codec="ascii"), max_size=40), st.from_regex(r"\A[1-9][0-9]{10,17}\Z"))
    def test_no_number_survives(self, text: str, payload: str):
        """A number with its check digit is never in a masked text, whatever stands around it."""
        number = payload + luhn.check_digit(payload)

        assert number not in masked(f"{text} {number} {text}")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("4111 1111 1111 1111", "411111******1111"),
            ("x4111-1111-1111-1111y", "x411111******1111y"),
            ("4111111111111112", "4111111111111112"),
            ("at 12 4111 1111 1111 1111 12", "at 12 411111******1111 12"),
            ("5555555555554444 4111111111111111", "555555******4444 411111******1111"),
            ("41111111111", "41111111111"),
            (json.dumps({"number": "6205500000000000004"}), '{"number": "620550*********0004"}'),
        ],
    )
    def test_what_is_masked(self, text: str, expected: str):
        """Twelve to nineteen digits that pass Luhn, spaced or not; other digits stay."""
        assert expected == masked(text)
