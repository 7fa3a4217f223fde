"""Every call of the platform, from token to reply."""

from __future__ import annotations

import base64
import dataclasses
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bankcard_ocr.errors import (
    Busy,
    CallError,
    FetchError,
    NoCardFound,
    NotAPicture,
    NumberUnreadable,
    PictureTooLarge,
    StateError,
)
from bankcard_ocr.numbers import pan
from bankcard_ocr.platform import callers, codes, credentials, wire
from bankcard_ocr.platform.call import Call
from bankcard_ocr.platform.credentials import operator_token
from bankcard_ocr.platform.records import record
from bankcard_ocr.platform.remedies import REMEDIES
from bankcard_ocr.platform.state.base import App
from bankcard_ocr.platform.wire import Reply, Request
from bankcard_ocr.reading import FoundCard, Seen

JPEG = b"\xff\xd8\xff\xe0picture"
SECRET = "a secret of the tests"
NUMBER = "6205500000000000004"
OK = {"errcode": 0, "errmsg": "ok"}
GET_TOKEN = {"grant_type": "client_credential", "appid": "wx1", "secret": "a%20secret%20of%20the%20tests"}
CREDENTIALS = {"grant_type": "client_credential", "appid": "wx1", "secret": SECRET}
CLEAR = "/cgi-bin/clear_quota"
API_CLEAR = "/cgi-bin/openapi/quota/clear"
QUOTA = "/cgi-bin/openapi/quota/get"
RID = "/cgi-bin/openapi/rid/get"
BANKCARD = {"cgi_path": "/cv/ocr/bankcard"}
DAY_S = 86400.0


def begins(reply: dict, code: int) -> bool:
    """Whether the reply is that code with the platform's text for it."""
    return reply["errcode"] == code and reply["errmsg"].startswith(codes.message(code).split("{")[0])


def rid(reply: dict) -> str:
    return reply["errmsg"].rsplit("rid: ", 1)[1]


def token(platform, **query: str) -> dict:
    return platform.call("GET", "/cgi-bin/token", **{**GET_TOKEN, **query})


def stable(platform, **body) -> dict:
    return platform.call("POST", "/cgi-bin/stable_token", {**CREDENTIALS, **body})


class TestRecognition:
    def test_a_picture_gives_its_number(self, platform):
        """The picture reaches the reader as it was sent."""
        assert ({**OK, "number": NUMBER, "id": NUMBER}, JPEG) == (platform.read(), platform.reader.seen[0][0])

    @pytest.mark.parametrize("picture", [b"\0\0\0\x0cjP  \r\n\x87\n", b"P6 1 1 255 \0\0\0", b"\0\0\1\0icon"])
    def test_a_picture_of_an_unknown_format_is_one(self, platform, picture: bytes):
        """Sent bare it is 101002, as in a form, and not a missing picture."""
        assert begins(platform.read(picture), 101002)

    def test_an_address_is_fetched(self, platform):
        """What was fetched is read, by GET as the documentation's example does."""
        found = platform.call("GET", "/cv/ocr/bankcard", access_token="TOKEN", img_url="http%3A%2F%2Fx%2F1.jpg")

        assert (0, ["http://x/1.jpg"]) == (found["errcode"], platform.fetch.seen)

    def test_a_picture_wins_over_an_address(self, platform):
        """With both sent nothing is fetched."""
        platform.read(img_url="http://x/")

        assert [] == platform.fetch.seen

    def test_the_type_reaches_the_reader(self, platform):
        """A picture sent as scan is read as scan."""
        platform.read(type="scan")

        assert "scan" == platform.reader.seen[0][1].type

    @pytest.mark.parametrize(
        ("outcome", "code", "hint", "charged"),
        [
            (NoCardFound(), 101001, "[no card found]", 1),
            (NumberUnreadable(digits=(7, 8, 9)), 101001, "[number unreadable: digits 7-9 uncertain]", 1),
            (NotAPicture("truncated"), 101002, "[truncated]", 0),
            (Busy(), -1, "[busy]", 0),
            (RuntimeError("6205500000000000004"), -1, "[internal error, the server's log has it]", 0),
            (MemoryError(), -1, "[internal error, the server's log has it]", 0),
        ],
    )
    def test_what_the_reader_says_is_answered_and_charged(self, platform, outcome, code: int, hint: str, charged: int):
        """A refusal is charged, since recognition ran; a damaged picture and a fault of ours are not."""
        platform.reader.outcome = outcome
        found = platform.read()

        assert (True, True, charged) == (begins(found, code), hint in found["errmsg"], platform.used())

    def test_a_refusal_shows_what_was_seen_as_far_as_asked(self, platform):
        """Positions and warnings with detail, pictures with return, neither without."""
        error = NumberUnreadable(digits=(7,), confidence=0.4)
        error.seen = Seen(size=(640, 480), warnings=("glare",), pictures={"card": b"JPEG"})
        platform.reader.outcome = error
        plain, detailed = platform.read(), platform.read(detail="1", **{"return": "card"})
        error.seen = None
        unseen = platform.read(detail="1")

        assert {"errcode", "errmsg", "card_picture"} == set(plain)
        assert {"errcode", "errmsg"} == set(unseen)
        assert (101001, ["glare"], "SlBFRw==") == (
            detailed["errcode"],
            detailed["warnings"],
            detailed["card_picture"],
        )
        assert 3 == platform.used()

    def test_a_refusal_tells_other_cards_as_the_call_may_see_numbers(self, platform):
        """A card beside the one that was refused is in ``cards``, its number in the form that was asked for."""
        error = NumberUnreadable(digits=(7,), confidence=0.4)
        error.seen = Seen(size=(640, 480), cards=(FoundCard(number=NUMBER, confidence=0.99),))
        platform.reader.outcome = error
        whole, masked = platform.read(detail="1"), platform.read(detail="1", pan="masked")

        assert (NUMBER, pan.mask(NUMBER)) == (whole["cards"][0]["number"], masked["cards"][0]["number"])
        assert NUMBER not in json.dumps(masked)

    def test_a_failed_download_costs_nothing(self, platform):
        """The hint of 101000 names stage and cause, and nothing is charged."""
        platform.fetch.outcome = FetchError("status", "403")
        found = platform.call("GET", "/cv/ocr/bankcard", access_token="TOKEN", img_url="http://x/")

        assert (True, True, 0) == (
            begins(found, 101000),
            "hint: [status: 403] rid:" in found["errmsg"],
            platform.used(),
        )

    def test_nothing_sent_costs_nothing(self, platform):
        """A call without a picture is 41005 and not charged."""
        assert (True, 0) == (begins(platform.read(b""), 41005), platform.used())

    @pytest.mark.parametrize(("size", "code"), [(2_097_152, 0), (2_097_153, 101002)])
    def test_pictures_have_two_mebibytes_at_most(self, platform, size: int, code: int):
        """A picture of exactly the limit is read, of one byte more refused."""
        assert code == platform.read(JPEG.ljust(size, b"x"))["errcode"]

    def test_a_threshold_of_the_settings_reaches_the_reader(self, make_platform):
        """The operator's threshold is the reader's."""
        platform = make_platform(threshold=0.7)
        platform.read()

        assert 0.7 == platform.reader.seen[0][1].threshold


class TestQuota:
    def test_the_limit_is_served_and_no_more(self, platform):
        """The last recognition of the day is answered, the next is 101003 and reads nothing."""
        platform.change(daily_limit=2)
        codes = [platform.read()["errcode"] for _ in range(3)]

        assert ([0, 0, 101003], 2) == (codes, len(platform.reader.seen))

    def test_a_day_ends_at_midnight_in_beijing(self, platform):
        """One second before midnight nothing is left, at midnight all."""
        platform.change(daily_limit=1)
        platform.read()
        platform.clock.now = 1732377599.0
        before = platform.read()["errcode"]
        platform.clock.now = 1732377600.0

        assert (101003, 0) == (before, platform.read()["errcode"])

    def test_apps_have_quotas_of_their_own(self, platform):
        """What one app uses, another has still."""
        platform.change(daily_limit=1)
        platform.read()

        assert 0 == platform.read(token="OTHER")["errcode"]

    def test_an_app_without_a_limit_has_the_settings(self, platform):
        """The default of 500 is told by quota/get."""
        found = platform.call("POST", QUOTA, BANKCARD, access_token="TOKEN")

        assert {
            **OK,
            "quota": {"daily_limit": 500, "used": 0, "remain": 500},
            "rate_limit": {"call_count": 60000, "refresh_second": 60},
        } == found

    def test_detail_adds_past_days_and_what_ended_calls(self, platform):
        """With detail=1 quota/get tells each day's count, and causes without places of digits, most frequent first."""
        platform.read()
        platform.clock.now += 700  # past midnight in Beijing
        platform.read()
        platform.reader.outcome = NumberUnreadable(digits=(7,), confidence=0.4)
        platform.read()
        platform.reader.outcome = NumberUnreadable(digits=(3, 9, 10), confidence=0.4)
        platform.read()
        platform.reader.outcome = PictureTooLarge(got=9, limit=5, unit="pixels")
        platform.read()
        found = platform.call("POST", QUOTA, BANKCARD, access_token="TOKEN", detail="1")

        assert (
            {"2024-11-23": 1, "2024-11-24": 3},
            {
                "since": 1732377000,
                "count": 5,
                "causes": [
                    {"errcode": 0, "stage": "", "cause": "", "count": 2},
                    {"errcode": 101001, "stage": "read", "cause": "number unreadable: digits uncertain", "count": 2},
                    {"errcode": 101002, "stage": "read", "cause": "size: over 5 pixels", "count": 1},
                ],
            },
        ) == (found["history"], found["calls"])

    def test_parallel_callers_are_served_exactly(self, platform):
        """Of many at once over a limit of 20 exactly 20 get a number, and the rest nothing of what was read."""
        platform.change(daily_limit=20)
        barrier = threading.Barrier(8)

        def call(_: int) -> list[dict]:
            barrier.wait()
            return [platform.read() for _ in range(5)]

        with ThreadPoolExecutor(8) as pool:
            replies = [reply for replies in pool.map(call, range(8)) for reply in replies]

        assert (20, 20, 20) == (
            sum(reply["errcode"] == 0 for reply in replies),
            sum("number" not in reply for reply in replies),
            platform.used(),
        )

    def test_a_minute_has_its_limit(self, make_platform):
        """The calls of one minute are limited; the next minute starts anew."""
        platform = make_platform(minute_limit=1)
        codes = [platform.read()["errcode"], platform.read()["errcode"]]
        platform.clock.now += 60

        assert [0, 45011, 0] == [*codes, platform.read()["errcode"]]

    def test_the_quota_of_tokens_is_told(self, platform):
        """quota/get knows the token endpoint, too."""
        token(platform)

        assert {"daily_limit": 2000, "used": 1, "remain": 1999} == platform.call(
            "POST", QUOTA, {"cgi_path": "cgi-bin/token?x=1"}, access_token="TOKEN"
        )["quota"]

    @pytest.mark.parametrize("path", [QUOTA, API_CLEAR])
    def test_an_unknown_path_has_no_quota(self, platform, path: str):
        """Another cgi_path is 76021."""
        assert begins(platform.call("POST", path, {"cgi_path": "/no/such"}, access_token="TOKEN"), 76021)

    @pytest.mark.parametrize("path", [QUOTA, API_CLEAR])
    def test_a_denied_path_is_not_told(self, platform, path: str):
        """The quota of an API the app may not call is 76022."""
        platform.change(denied=("ocr.bankcard",))

        assert begins(platform.call("POST", path, BANKCARD, access_token="TOKEN"), 76022)


class TestClearing:
    def test_a_cleared_quota_starts_anew(self, platform):
        """After clear_quota recognitions and tokens count from 0."""
        platform.read()
        token(platform)
        found = platform.call("POST", CLEAR, {"appid": "wx1"}, access_token="TOKEN")
        tokens = platform.call("POST", QUOTA, {"cgi_path": "/cgi-bin/token"}, access_token="TOKEN")["quota"]["used"]

        assert (OK, 0, 0) == (found, platform.used(), tokens)

    def test_another_apps_quota_is_not_cleared(self, platform):
        """With another app's id it is 40013."""
        assert begins(platform.call("POST", CLEAR, {"appid": "wx2"}, access_token="TOKEN"), 40013)

    def test_ten_clears_a_month_by_either_way(self, platform):
        """The eleventh clear is 48006, whether by token or by secret, until the month ends in Beijing."""
        v2 = {"appid": "wx1", "appsecret": SECRET}
        codes = [platform.call("POST", f"{CLEAR}/v2", v2)["errcode"] for _ in range(5)]
        codes += [platform.call("POST", CLEAR, {"appid": "wx1"}, access_token="TOKEN")["errcode"] for _ in range(6)]
        platform.clock.now += DAY_S
        codes.append(platform.call("POST", f"{CLEAR}/v2", v2)["errcode"])
        platform.clock.now += 7 * DAY_S

        assert [*[0] * 10, 48006, 48006, 0] == [*codes, platform.call("POST", f"{CLEAR}/v2", v2)["errcode"]]

    def test_a_clear_frees_the_minute_too(self, make_platform):
        """Who has made all calls of this minute may go on at once."""
        platform = make_platform(minute_limit=1)
        platform.read()
        before = platform.read()["errcode"]
        platform.call("POST", CLEAR, {"appid": "wx1"}, access_token="TOKEN")

        assert (45011, 0) == (before, platform.read()["errcode"])

    @pytest.mark.parametrize("body", [b"", b"{}", b"appid=wx1"])
    def test_a_secret_in_the_query_clears_too(self, platform, body):
        """As the platform's documents have it, without a body; with nothing given anywhere the body is blamed."""
        platform.read()
        found = platform.call("POST", f"{CLEAR}/v2", body, appid="wx1", appsecret=SECRET)

        assert (OK, 0) == (found, platform.used())
        assert begins(platform.call("POST", f"{CLEAR}/v2"), 44002)
        assert begins(platform.call("POST", f"{CLEAR}/v2", appid="wx1", appsecret="other"), 40125)
        assert begins(platform.call("POST", f"{CLEAR}/v2", appid="wx1"), 41004)

    def test_one_path_is_cleared_fifty_times_a_month(self, platform):
        """quota/clear clears the one path; the 51st time is 48006, on the next day, too."""
        platform.read()
        codes = [platform.call("POST", API_CLEAR, BANKCARD, access_token="TOKEN")["errcode"] for _ in range(51)]
        used = platform.used()
        platform.clock.now += DAY_S
        fresh = operator_token(platform.state, platform.state.app("wx1"), platform.clock.now, 7200)
        codes.append(platform.call("POST", API_CLEAR, BANKCARD, access_token=fresh)["errcode"])

        assert ([0] * 50 + [48006] * 2, 0) == (codes, used)

    def test_one_path_alone_is_cleared(self, platform):
        """Clearing the tokens' count leaves the recognitions'."""
        platform.read()
        platform.call("POST", API_CLEAR, {"cgi_path": "/cgi-bin/token"}, access_token="TOKEN")

        assert 1 == platform.used()


class TestToken:
    def test_a_token_is_issued_and_good(self, platform):
        """The reply has the token and its seconds alone, and the token reads a card."""
        found = token(platform)

        assert ({"access_token", "expires_in"}, 7200, 0) == (
            set(found),
            found["expires_in"],
            platform.read(token=found["access_token"])["errcode"],
        )

    def test_a_token_may_be_posted_for(self, platform):
        """POST with a form or JSON is answered like GET."""
        assert 7200 == platform.call("POST", "/cgi-bin/token", CREDENTIALS)["expires_in"]

    @pytest.mark.parametrize(("later", "code"), [(299.9, 0), (300.0, 40001)])
    def test_a_superseded_token_stays_valid_five_more_minutes(self, platform, later: float, code: int):
        """The earlier token works for five minutes, then it is 40001, which makes clients fetch a new one."""
        first = token(platform)["access_token"]
        token(platform)
        platform.clock.now += later

        assert code == platform.read(token=first)["errcode"]

    @pytest.mark.parametrize(("later", "code"), [(7199.9, 0), (7200.0, 42001)])
    def test_a_token_lives_two_hours(self, platform, later: float, code: int):
        """A token that is past its lifetime is 42001."""
        only = token(platform)["access_token"]
        platform.clock.now += later

        assert code == platform.read(token=only)["errcode"]

    def test_two_thousand_a_day(self, platform):
        """The token after the 2,000th of a day is 45009; the next day there are new ones."""
        from bankcard_ocr.platform.state.base import beijing_day

        spent = [platform.state.consume("token:wx1", beijing_day(platform.clock.now), 2000) for _ in range(1999)]
        codes = ["expires_in" in token(platform), begins(token(platform), 45009)]
        platform.clock.now += DAY_S

        assert (1999, [True, True], True) == (spent[-1], codes, "expires_in" in token(platform))

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"grant_type": ""}, 40002),
            ({"grant_type": "authorization_code"}, 40002),
            ({"appid": ""}, 41002),
            ({"secret": ""}, 41004),
            ({"appid": "wx0"}, 40013),
            ({"secret": "wrong"}, 40125),
            ({"secret": "x" * 5000}, 40125),
        ],
    )
    def test_wrong_credentials_have_their_codes(self, platform, query, code: int):
        """What is missing or wrong is said, by both token endpoints alike."""
        body = {**CREDENTIALS, **query}

        assert (True, True) == (
            begins(token(platform, **query), code),
            begins(platform.call("POST", "/cgi-bin/stable_token", body), code),
        )

    def test_a_network_of_ipv6_is_one_sender(self, platform):
        """It has more addresses than anybody can be asked to count; another network is another sender."""
        codes = [
            platform.call(
                "GET", "/cgi-bin/token", client_ip=f"2001:db8:0:{net}::{n}", **GET_TOKEN | {"secret": f"{net} {n}"}
            )["errcode"]
            for net, n in [*((1, n) for n in range(11)), (2, 0)]
        ]

        assert [40125] * 10 + [45011, 40125] == codes

    def test_addresses_of_ipv4_are_senders_of_their_own(self, platform):
        """Mapped into IPv6, as a balancer at a socket for both tells them, they all lie in one network."""
        replies = [
            platform.call("GET", "/cgi-bin/token", client_ip=f"::ffff:192.0.2.{n}", **GET_TOKEN | {"secret": f"{n}"})
            for n in range(11)
        ]

        assert [40125] * 11 == [reply["errcode"] for reply in replies]

    def test_of_secrets_that_were_tried_the_latest_are_known(self, platform, monkeypatch):
        """However many strangers try, no more of them are kept than there is room for."""
        monkeypatch.setattr(callers._Tried, "SIZE", 2)
        app = platform.state.app("wx1")
        tried = callers._Tried()
        for secret in ("a", "b"):
            tried.put(app, secret, b"key")
        tried.get(app, "a")
        tried.put(app, "c", b"key")

        assert [b"key", None, b"key"] == [tried.get(app, secret) for secret in ("a", "b", "c")]

    @pytest.mark.parametrize(
        ("is_known", "is_random", "guesses", "then"),
        [
            (False, False, 9, 0),
            (False, False, 10, 45011),
            (False, True, 99, 0),
            (False, True, 100, 45011),
            (True, False, 10, 0),
            (True, False, 99, 0),
            (True, False, 100, 45011),
            (True, True, 110, 0),
        ],
    )
    def test_wrong_secrets_lock_out_for_a_while(
        self, platform, is_known: bool, is_random: bool, guesses: int, then: int
    ):
        """After ten no other is looked at for the rest of five minutes; one that was right is, up to a hundred.

        One that was made here, which nobody guesses, is up to a hundred, and one that was right beyond them, too.
        """
        platform.change(is_secret_random=is_random)
        if is_known:
            token(platform)
        codes = [token(platform, secret=f"wrong {n}")["errcode"] for n in range(guesses)]
        at_once = token(platform).get("errcode", 0)
        platform.clock.now += 300

        assert [40125] * min(guesses, 10) + [45011] * max(0, guesses - 10) == codes
        assert (then, True) == (at_once, "expires_in" in token(platform))

    def test_the_same_wrong_secret_again_is_no_guess(self, platform):
        """A program that was set up wrongly and tries for ever is told so each time, and locks nobody out."""
        codes = [token(platform, secret="wrong")["errcode"] for _ in range(12)]

        assert ([40125] * 12, True) == (codes, "expires_in" in token(platform))

    def test_the_same_wrong_secret_among_many_is_no_guess_either(self, platform):
        """Where others were guessed and one that was made here is still looked at, it is once."""
        platform.change(is_secret_random=True)
        codes = [token(platform, secret=f"wrong {min(n, 10)}")["errcode"] for n in range(110)]

        assert ([45011, 40125], True) == (codes[10:12], "expires_in" in token(platform))

    def test_wrong_secrets_of_one_app_lock_no_other_out(self, platform):
        """Though they come from the same address."""
        codes = [token(platform, secret=f"wrong {n}")["errcode"] for n in range(11)]

        assert (45011, True) == (codes[-1], "expires_in" in token(platform, appid="wx2"))

    def test_a_stranger_cannot_lock_an_app_out(self, platform):
        """Wrong secrets from one address leave the other addresses alone."""
        codes = [
            platform.call("GET", "/cgi-bin/token", client_ip="10.0.0.9", **GET_TOKEN | {"secret": f"wrong {n}"})[
                "errcode"
            ]
            for n in range(11)
        ]

        assert (45011, True) == (codes[-1], "expires_in" in token(platform))

    def test_a_right_secret_is_checked_once(self, platform, monkeypatch):
        """The second call with the same secret needs no scrypt run; a rotated secret does."""
        from bankcard_ocr.platform import credentials

        runs: list[str] = []
        real = credentials.verify
        monkeypatch.setattr(credentials, "verify", lambda given, kept: runs.append(given) or real(given, kept))
        token(platform)
        token(platform)
        platform.change(secret_hash=credentials.hashed("another"))

        before = len(runs)
        after = token(platform)

        assert (1, True, 2) == (before, begins(after, 40125), len(runs))


class TestStableToken:
    def test_the_same_token_is_repeated_while_it_lives(self, platform):
        """In normal mode the same token comes with the seconds it has left."""
        first = stable(platform)
        platform.clock.now += 6000

        assert ({**first, "expires_in": 1200}, 7200) == (stable(platform), first["expires_in"])

    def test_another_process_repeats_it(self, make_platform):
        """The token is derived, so a server that never saw it repeats it."""
        assert stable(make_platform()) == stable(make_platform())

    def test_in_its_last_five_minutes_a_new_one_is_issued(self, platform):
        """With 301 s left it is repeated, with 300 s there is a new one, and both are good."""
        first = stable(platform)
        platform.clock.now += 6899
        repeated = stable(platform)
        platform.clock.now += 1
        second = stable(platform)
        codes = [platform.read(token=found["access_token"])["errcode"] for found in (first, second)]

        assert (first["access_token"], False, 7200, [0, 0]) == (
            repeated["access_token"],
            second["access_token"] == first["access_token"],
            second["expires_in"],
            codes,
        )

    def test_a_forced_refresh_ends_the_old_token_at_once(self, platform):
        """After force_refresh the earlier token is 40001, the new one good."""
        first = stable(platform)
        second = stable(platform, force_refresh=True)

        assert (40001, 0) == tuple(platform.read(token=found["access_token"])["errcode"] for found in (first, second))

    def test_a_forced_refresh_outlives_a_clock_that_was_ahead(self, platform):
        """What was forced in the future holds nobody up once the clock is right; the next one is held up again."""
        platform.clock.now += DAY_S
        stable(platform, force_refresh=True)
        platform.clock.now -= DAY_S
        tokens = [stable(platform, **forced)["access_token"] for forced in ({}, *[{"force_refresh": True}] * 2)]

        assert (True, True) == (tokens[0] != tokens[1], tokens[1] == tokens[2])

    @pytest.mark.parametrize("ask", [token, stable])
    def test_a_secret_that_is_rotated_while_it_asks_gets_no_token(self, platform, ask, monkeypatch):
        """It was right when it was looked at; what it would get would outlive the rotation."""
        verify = credentials.verify

        def rotated(secret: str, kept: str) -> bytes | None:
            key = verify(secret, kept)
            platform.change(secret_hash=credentials.hashed("another"))
            return key

        monkeypatch.setattr(credentials, "verify", rotated)

        assert 40125 == ask(platform)["errcode"]

    def test_a_stable_token_of_another_secret_is_not_repeated(self, platform):
        """While a secret is rotated its token is current yet; with the new one it would be another, good nowhere."""
        first = stable(platform)["access_token"]
        new = "f" * 32
        platform.change(secret_hash=credentials.hashed(new))
        second = stable(platform, secret=new)["access_token"]

        assert (40001, 0) == tuple(platform.read(token=each)["errcode"] for each in (first, second))

    def test_a_token_of_a_clock_that_was_ahead_is_none(self, platform):
        """It would live for that much longer; stable_token gives one of now."""
        platform.clock.now += 30 * DAY_S
        made = [token(platform)["access_token"], stable(platform)["access_token"]]
        platform.clock.now -= 30 * DAY_S
        found = stable(platform)

        assert ([40001, 40001, 0], 7200) == (
            [platform.read(token=each)["errcode"] for each in (*made, found["access_token"])],
            found["expires_in"],
        )

    @pytest.mark.parametrize(("ahead", "code"), [(300, 0), (301, 40001)])
    def test_clocks_may_differ_a_little(self, platform, ahead: int, code: int):
        """By five minutes, from one server to another."""
        platform.clock.now += ahead
        made = token(platform)["access_token"]
        platform.clock.now -= ahead

        assert code == platform.read(token=made)["errcode"]

    @pytest.mark.parametrize("value", [False, 0, None, "false", [], [True], {}])
    def test_only_true_forces_a_refresh(self, platform, value: object):
        """Any other value, whatever its type in JSON, repeats the token."""
        assert stable(platform) == stable(platform, force_refresh=value)

    @pytest.mark.parametrize("value", [True, "true"])
    def test_true_forces_a_refresh(self, platform, value: object):
        """As a text too, as forms of tools send it."""
        assert stable(platform)["access_token"] != stable(platform, force_refresh=value)["access_token"]

    @pytest.mark.parametrize(("later", "refreshed"), [(29.9, False), (30.0, True)])
    def test_forced_refreshes_are_thirty_seconds_apart(self, platform, later: float, refreshed: bool):
        """A second one within 30 s is not carried out and repeats the token."""
        first = stable(platform, force_refresh=True)["access_token"]
        platform.clock.now += later

        assert refreshed is (first != stable(platform, force_refresh=True)["access_token"])

    def test_another_app_s_forced_refresh_holds_nobody_up(self, platform):
        """Each app has its own 30 s."""
        stable(platform, force_refresh=True)
        first = stable(platform, appid="wx2")["access_token"]

        assert first != stable(platform, appid="wx2", force_refresh=True)["access_token"]

    def test_twenty_forced_refreshes_a_day(self, platform):
        """The 21st of a day repeats the token; the next day it refreshes again."""
        platform.clock.now += 3600
        tokens = [self.forced_later(platform, 30) for _ in range(21)]
        again = self.forced_later(platform, DAY_S - 21 * 30)

        assert (20, tokens[19], True) == (len(set(tokens)), tokens[20], again not in tokens)

    def forced_later(self, platform, seconds: float) -> str:
        platform.clock.now += seconds
        return stable(platform, force_refresh=True)["access_token"]

    def test_the_two_kinds_leave_each_other_alone(self, platform):
        """Neither endpoint ends the other's token."""
        first = stable(platform)["access_token"]
        second = token(platform)["access_token"]
        stable(platform, force_refresh=True)
        third = token(platform)["access_token"]
        platform.clock.now += 299

        assert [40001, 0, 0] == [platform.read(token=found)["errcode"] for found in (first, second, third)]

    def test_parallel_callers_get_the_same_token(self, platform):
        """All who ask at the same time get one token."""
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: stable(platform)["access_token"], range(16)))

        assert 1 == len(set(found))

    def test_a_new_secret_ends_it(self, platform):
        """With a rotated secret the token is another, though nobody forced it."""
        first = stable(platform)["access_token"]
        platform.change(secret_hash=credentials.hashed("another"))
        platform.state.revoke_tokens("wx1")
        second = stable(platform, secret="another")["access_token"]

        assert [40001, 0] == [platform.read(token=found)["errcode"] for found in (first, second)]

    @pytest.mark.parametrize(("body", "code"), [(b"", 44002), (b"x", 47001), (b"[]", 47001), (b"{}", 40002)])
    def test_its_body_is_json(self, platform, body: bytes, code: int):
        """An empty body is 44002, another than a JSON object 47001."""
        assert begins(platform.call("POST", "/cgi-bin/stable_token", body), code)


class TestWhoMayCall:
    @pytest.mark.parametrize(("sent", "code"), [("", 41001), ("unknown", 40001)])
    def test_a_token_must_be_known(self, platform, sent: str, code: int):
        """No token is 41001, an unknown one 40001; both cost nothing."""
        assert (True, 0) == (begins(platform.read(token=sent), code), platform.used())

    def test_a_deleted_apps_token_is_invalid(self, platform):
        """After the app is gone its token is 40001."""
        platform.state.delete_app("wx1")

        assert begins(platform.read(), 40001)

    def test_a_disabled_app_may_nothing(self, platform):
        """A disabled app gets 48001 for pictures and tokens."""
        platform.change(enabled=False)

        assert (True, True) == (begins(platform.read(), 48001), begins(token(platform), 48001))

    def test_a_denied_api_alone_is_48001(self, platform):
        """What is denied is that API, not the others."""
        platform.change(denied=("ocr.bankcard",))

        assert (True, True) == (begins(platform.read(), 48001), "expires_in" in token(platform))

    @pytest.mark.parametrize(
        ("client_ip", "code"),
        [("10.1.2.3", 0), ("::ffff:10.1.2.3", 0), ("11.0.0.1", 40164), ("2001:db8::1", 0), ("unix", 40164)],
    )
    @pytest.mark.parametrize("network", ["10.0.0.0/8", "::ffff:10.0.0.0/104"])
    def test_a_whitelist_lets_its_networks_in(self, platform, client_ip: str, code: int, network: str):
        """An address outside the app's list is 40164; what is mapped into IPv6 counts as itself, here and there."""
        platform.change(whitelist=(network, "2001:db8::/32"))
        found = platform.call("POST", "/cv/ocr/bankcard", JPEG, client_ip=client_ip, access_token="TOKEN")

        assert code == found["errcode"]

    def test_a_whitelist_guards_tokens_too(self, platform):
        """A right secret from a wrong address gives no token; the message names the address."""
        platform.change(whitelist=("10.0.0.0/8",))

        assert token(platform)["errmsg"].startswith(
            "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "
        )

    def test_an_operators_token_supersedes_none(self, platform):
        """Tokens made by an operator and the app's own are all good."""
        own = token(platform)["access_token"]
        app = platform.state.app("wx1")
        made = [operator_token(platform.state, app, platform.clock.now, 7200) for _ in range(2)]
        platform.clock.now += 400

        assert [0, 0, 0] == [platform.read(token=found)["errcode"] for found in (own, *made)]

    @pytest.mark.parametrize("path", ["/cv/ocr/bankcard", "/cgi-bin/token", "/cgi-bin/getcallbackip"])
    def test_who_only_looks_is_not_charged(self, platform, path: str):
        """HEAD, as checkers of links send it: no recognition, and no token that would supersede another."""
        before = token(platform)["access_token"]
        found = platform.call(
            "HEAD", path, grant_type="client_credential", appid="wx1", secret=SECRET, img_url="http://x/"
        )
        platform.clock.now += 400

        assert (43002, 0) == (found["errcode"], platform.read(token=before)["errcode"])


class TestRid:
    def test_a_call_is_told_masked(self, platform):
        """rid/get tells the app of its call, without token, picture or number."""
        platform.reader.outcome = NoCardFound()
        failed = platform.read(type="scan")
        found = platform.call("POST", RID, {"rid": rid(failed)}, access_token="TOKEN")["request"]

        assert {
            "invoke_time": 1732377000,
            "cost_in_ms": found["cost_in_ms"],
            "request_url": "/cv/ocr/bankcard?access_token=***&type=scan",
            "request_body": "11 bytes",
            "response_body": json.dumps(failed),
            "client_ip": "127.0.0.1",
        } == found

    def test_no_secret_and_no_number_is_kept(self, platform):
        """Neither a number, a token nor a secret is in any record, wherever it was sent."""
        platform.read(img_url="http://user:pw@x/?sig=4111111111111111", type="4111111111111111")
        issued = [ask(platform)["access_token"] for ask in (token, stable)]
        platform.call("POST", "/cv/ocr/bankcard", {"access_token": "TOKEN", "img_url": "http://x/"})
        kept = "".join(repr(record) for record, _ in platform.told)

        assert [] == [
            text for text in (NUMBER, "4111111111111111", "TOKEN", SECRET, "user:pw", *issued) if text in kept
        ]

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("http%3A%2F%2Fbob%3Apw%40x%2Fa.jpg%3Fsig%3DSIGN", "http://x/a.jpg?…"),
            ("https%253A%252F%252Fbob%253Apw%2540x%252Fa.jpg%253Fsig%253DSIGN", "https://x/a.jpg?…"),
            ("http%3A%5C%5Cbob%3Apw%40x%5Ca.jpg", "http://x/a.jpg"),
            ("http%3A%2F%2Fx%2F4111_1111_1111_1111.jpg", "http://x/4111_11**_****_1111.jpg"),
            ("http%3A%2F%2Fx%2F4111%252B1111%252B1111%252B1111.jpg", "http://x/4111+11**+****+1111.jpg"),
            ("http%3A%2F%2Fx%2F4111%2F1111%2F1111%2F1112.jpg", "http://x/4111/11**/****/1112.jpg"),
            ("http%3A%2F%2Fx%2F%25EF%25BC%259411111111111.jpg", "http://x/411*****1111.jpg"),
            ("http%3A%2F%2Fx%2F2026%2F11%2F29%2F123.jpg", "http://x/2026/11/29/123.jpg"),
            ("bob%3Apw%40x", "(no URL)"),
        ],
    )
    def test_of_a_url_scheme_host_and_path_are_kept(self, platform, sent: str, kept: str):
        """Neither credentials nor signatures, nor numbers that files are called after, however it is encoded."""
        platform.read(img_url=sent)

        assert f"/cv/ocr/bankcard?access_token=***&img_url={kept}" == platform.told[0][0].request_url

    @pytest.mark.parametrize("length", range(1960, 2010))
    def test_no_part_of_a_number_is_left_where_a_text_is_cut(self, platform, length: int):
        """Fifteen of sixteen digits are as good as all: the last one follows from them."""
        platform.call("POST", "/cv/ocr/bankcard", f"type={'.' * length}4111111111111111".encode())

        assert "4111111" not in platform.told[0][0].request_body

    @pytest.mark.parametrize("length", range(1960, 2010))
    def test_no_part_of_a_number_is_left_where_a_reply_is_cut(self, length: int):
        """A number that begins in what is kept is masked, though it ends behind it."""
        call = Call(request=Request(method="POST", path="/"), rid="-", now=0.0)
        reply = Reply(errcode=-1, rid="-", body={"errmsg": "x" * length + " 4111111111111111"})

        assert "4111111" not in record(call, reply, 1.0).response_body

    @pytest.mark.parametrize(("depth", "is_kept"), [(5, True), (12, False), (900, False)])
    @pytest.mark.parametrize(("begin", "end"), [(b'{"in":', b"}"), (b"[", b"]")])
    def test_what_is_nested_deeper_than_any_reply_is_not_kept(
        self, platform, begin: bytes, end: bytes, depth: int, is_kept: bool
    ):
        """However deep a body is, its call is answered."""
        body = b'{"in":' + begin * depth + b'{"type":"scan"}' + end * depth + b"}"
        found = platform.call("POST", "/cv/ocr/bankcard", body, access_token="TOKEN", content_type="application/json")

        assert (41005, is_kept) == (found["errcode"], "scan" in platform.told[0][0].request_body)

    def test_what_is_kept_commands_no_terminal(self, platform):
        """What cannot be printed is replaced."""
        platform.call("POST", "/cv/ocr/bankcard", b"type=%1b[31mred", type="%1b[31mred")
        record = platform.told[0][0]

        assert ("/cv/ocr/bankcard?type=\ufffd[31mred", "type=\ufffd[31mred") == (
            record.request_url,
            record.request_body,
        )

    def test_of_an_address_that_is_none_no_number_is_kept(self):
        """Where any proxy is trusted the address is what a stranger says."""
        call = Call(request=Request(method="POST", path="/", client_ip="\x9b2J4111 1111 1111 1111"), rid="-", now=0.0)

        assert "\ufffd2J411111******1111" == record(call, Reply(errcode=0, rid="-", body={}), 1.0).client_ip

    def test_of_a_long_url_nothing_is_kept(self, platform):
        """It would be cut in the middle of what is masked."""
        platform.read(img_url="http%3A%2F%2Fx%2F" + "a" * 8000 + "4111111111111111")

        assert platform.told[0][0].request_url.endswith("img_url=(a long URL)")

    def test_a_long_text_costs_a_record_no_more_than_a_short_one(self, platform):
        """It is cut before it is masked, which looks at every digit; a number at the cut is masked all the same."""
        started = time.process_time()
        text = "x" * 1900 + " 4111111111111111 " * 20 + ".1+1" * 500_000
        platform.call("POST", "/cv/ocr/bankcard", f"access_token=TOKEN&type={text}".encode())

        assert time.process_time() - started < 2
        assert "4111111111111111" not in repr(platform.told[0][0])

    @pytest.mark.parametrize(
        "name", ["wxCloudApiToken", "wxCloudbaseAccesstoken", "Access_Token", "appSecret", "client_secret", "password"]
    )
    def test_what_is_named_like_a_secret_is_kept_in_no_way(self, platform, name: str):
        """However it is spelled and wherever it stands."""
        platform.call("POST", "/cv/ocr/bankcard", {name: "hush", "in": [{name: ["hush"]}]}, **{name: "hush"})
        record = platform.told[-1][0]

        assert "hush" not in record.request_url + record.request_body
        assert record.request_body.count("***") == 2

    @pytest.mark.parametrize(
        "body",
        [
            {"image": base64.b64encode(bytes(range(75))).decode()},
            {"image": f" {base64.urlsafe_b64encode(bytes(200)).decode()}\r\n"},
            {"pictures": [{"file": "data:image/jpeg;base64,/9j/4AAQ"}]},
            {base64.b64encode(bytes(300)).decode(): ""},
        ],
    )
    def test_a_picture_under_a_wrong_name_is_not_kept(self, platform, body):
        """What may be base64 of a picture is left out whatever it is called."""
        platform.call("POST", "/cv/ocr/bankcard", body, access_token="TOKEN")

        assert len(platform.told[-1][0].request_body) < 60

    def test_what_else_the_card_says_is_not_kept(self):
        """Neither the holder nor the dates nor any picture; of the bank's prefix no more than of the number."""
        hidden = ("holder_name", "valid_date", "issue_date", "card_picture", "number_picture", "redacted_picture")
        reply = {"bin": "6205500000", "cards": [dict.fromkeys(hidden, "hush"), {"issue_date": None}]}
        call = Call(request=Request(method="POST", path="/"), rid="-", now=0.0)
        kept = record(call, Reply(errcode=0, rid="-", body=reply), 1.0).response_body

        assert {"bin": "620550", "cards": [dict.fromkeys(hidden, "…"), {"issue_date": None}]} == json.loads(kept)

    @pytest.mark.parametrize(("number", "shown"), [("30000000000004", "30000"), ("6205500000000000004", "620550")])
    def test_of_the_bin_no_more_is_kept_than_of_the_number(self, number: str, shown: str):
        """Fewer than six digits of a short one."""
        call = Call(request=Request(method="POST", path="/"), rid="-", now=0.0)
        reply = Reply(errcode=0, rid="-", body={"number": number, "bin": number[:6]})

        assert f'"bin": "{shown}"' in record(call, reply, 1.0).response_body

    @pytest.mark.parametrize("between", ["\t", ".", "\u00a0", "%20", "%2520", "\u2013", " - - - - ", ""])
    @pytest.mark.parametrize("spell", [str, lambda digits: digits.translate({48 + i: 0xFF10 + i for i in range(10)})])
    def test_no_number_under_another_name_is_kept(self, platform, between: str, spell):
        """However it is spelled, glued to a date, whether it is a value, a name or a part of the address."""
        number = between.join(["4111", "1111", "1111", "1111", "1230"])
        text = spell(number)
        platform.call("POST", "/cv/ocr/bankcard", {"type": text, "pan": [{text: 1}, int("4" * 16)]}, type=text)
        platform.call("POST", f"/{text}", b"")
        kept = "".join(f"{each.request_url} {each.request_body}" for each, _ in platform.told)

        assert 2 > sum(map(kept.count, ("1111", "4444", spell("1111"))))
        assert 3 <= kept.count("…")

    def test_what_is_too_short_for_a_number_is_kept(self, platform):
        """It may tell what went wrong."""
        platform.call("POST", "/cv/ocr/bankcard", {"type": "20261129 075"}, rid="64dd8e12-0eb37d04-36a66358")

        assert '"type": "20261129 075"' in platform.told[-1][0].request_body
        assert "rid=64dd8e12-0eb37d04-36a66358" in platform.told[-1][0].request_url

    @pytest.mark.parametrize(
        ("path", "query", "kept"),
        [
            ("/cv/ocr/bankcard&access_token=HUSH", {}, "/cv/ocr/bankcard…"),
            ("/cv/ocr/bankcard;access_token=HUSH", {}, "/cv/ocr/bankcard…"),
            ("/cv/ocr/bankcard/" + "Hush" * 8, {}, "…"),
            ("/cv/ocr/bankcard", {"type": "photo?access_token=HUSH"}, "/cv/ocr/bankcard?type=…"),
            ("/cv/ocr/bankcard", {"type": "Hush" * 8}, "/cv/ocr/bankcard?type=…"),
            (
                "/cv/ocr/bankcard",
                {"pan": "a " * 16, "return": "a " * 16 + "a"},
                f"/cv/ocr/bankcard?pan={'a ' * 16}&return=…",
            ),
            ("/cv/ocr/bankcard", {"Hush" * 8: ""}, "/cv/ocr/bankcard?…=…"),
            ("/cv/ocr/bankcard", {"rid": f"64dd8e12-0eb37d04-36a66358{'Hush' * 8}"}, "/cv/ocr/bankcard?rid=…"),
            ("/cv/ocr/bankcard", {"Signature": "HUSH"}, "/cv/ocr/bankcard?Signature=…"),
            ("/cv/ocr/bankcard", {"imgUrl": "http://bob:HUSH@x/a.jpg?sign=HUSH"}, "/cv/ocr/bankcard?imgUrl=…"),
            ("/cgi-bin/token", {"sercet": "HUSH"}, "/cgi-bin/token?sercet=…"),
            ("/cgi-bin/token", {"appid": "abcdef" * 5 + "ab"}, "/cgi-bin/token?appid=…"),
        ],
    )
    def test_no_secret_is_kept_where_a_url_is_misspelt(self, platform, path: str, query: dict[str, str], kept: str):
        """Behind a wrong sign, under a wrong name, as a name, in the place of another; nor is it in the log's path."""
        platform.call("POST", path, b"", **query)
        record = platform.told[-1][0]

        assert (kept, kept.partition("?")[0]) == (record.request_url, record.path)

    def test_texts_among_the_parts_of_a_form_are_kept(self, platform):
        """As those of a query are: a URL that could not be fetched explains the call; what is no text does not."""
        form = (
            b'--b\r\nContent-Disposition: form-data; name="img_url"\r\n\r\nhttp://bob:HUSH@x/a.jpg?sign=HUSH\r\n'
            b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nHUSH\r\n'
            b'--b\r\nContent-Disposition: form-data; name="img"; filename="a"\r\n\r\nHUSH\r\n--b--\r\n'
        )
        platform.call("POST", "/cv/ocr/bankcard", form, content_type="multipart/form-data; boundary=b")

        assert "multipart, img_url=http://x/a.jpg?…, secret: 4 bytes, img: 4 bytes" == platform.told[-1][0].request_body

    def test_no_number_is_kept_of_how_a_part_is_called(self, platform):
        """Neither of its name nor of its type."""
        form = (
            b'--b\r\nContent-Disposition: form-data; name="4111.1111.1111.1111"\r\n'
            b"Content-Type: image/4111.1111.1111.1111\r\n\r\nHUSH\r\n--b--\r\n"
        )
        platform.call("POST", "/cv/ocr/bankcard", form, content_type="multipart/form-data; boundary=b")

        assert "multipart, …: 4 bytes …" == platform.told[-1][0].request_body

    def test_masked_numbers_are_kept(self, platform):
        """The number in a record shows first 6 and last 4, under both its names, whether or not it passes Luhn."""
        platform.reader.outcome = dataclasses.replace(platform.reader.outcome, number="6205500000000000003")
        platform.read()

        assert '"number": "620550*********0003", "id": "620550*********0003"' in platform.told[0][0].response_body

    @pytest.mark.parametrize(
        ("asked", "code"), [("64dd8e12-0eb37d04-36a66358", 76001), ("nonsense", 76002), ("", 76002)]
    )
    def test_a_strange_rid_has_its_code(self, platform, asked: str, code: int):
        """An unknown rid is 76001, one of another shape 76002."""
        assert begins(platform.call("POST", RID, {"rid": asked}, access_token="TOKEN"), code)

    def test_another_apps_call_is_not_told(self, platform):
        """Only the app that called may ask."""
        failed = platform.read(b"")

        assert begins(platform.call("POST", RID, {"rid": rid(failed)}, access_token="OTHER"), 76003)

    def test_after_seven_days_it_is_forgotten(self, platform):
        """A rid is known for seven days."""
        failed = platform.read(b"")
        platform.clock.now += 7 * DAY_S
        fresh = operator_token(platform.state, platform.state.app("wx1"), platform.clock.now, 7200)

        assert begins(platform.call("POST", RID, {"rid": rid(failed)}, access_token=fresh), 76001)

    def test_the_stages_and_their_times_are_kept(self, platform):
        """A record says how far the call came and how long each stage took."""
        platform.read()
        record, fault = platform.told[0]

        assert (None, "wx1", "read", ["token", "permission", "quota", "picture", "read", "read.locate"]) == (
            fault,
            record.appid,
            record.stage,
            list(record.timings_ms),
        )

    def test_a_log_that_cannot_be_written_takes_no_reply_away(self, make_platform):
        """A full disk under the log costs the caller nothing."""

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        assert 0 == make_platform(observer=full).read()["errcode"]

    def test_a_fault_of_ours_reaches_the_observer(self, platform):
        """An unforeseen exception is told to the log, not to the caller."""
        platform.reader.outcome = RuntimeError("unforeseen")
        platform.read()

        assert platform.reader.outcome is platform.told[0][1]

    @pytest.mark.parametrize(
        ("cause", "told"),
        [(RuntimeError("x"), RuntimeError), (StateError("x"), StateError), (CallError(40001), None), (None, None)],
    )
    def test_a_refusal_tells_its_cause_to_the_observer(self, platform, cause, told):
        """What ended a cloud call is told to the log where nobody foresaw it, or the store failed."""
        platform.service.refuse(wire.request(method="POST", path="/admin"), CallError(-1, "x"), because=cause)

        assert (cause if told else None) is platform.told[0][1]


class TestEndpoints:
    def test_an_unknown_path_is_40066(self, platform):
        """A path that is none is an invalid url."""
        assert begins(platform.call("GET", "/cgi-bin/nothing"), 40066)

    @pytest.mark.parametrize(
        ("path", "hint"),
        [
            ("/cv/ocr/bankcard&access_token=TOKEN", "/cv/ocr/bankcard is meant, and its query begins with ?"),
            ("/CV/OCR/BankCard", "/cv/ocr/bankcard is meant"),
            ("/cv/ocr/ bankcard", "/cv/ocr/bankcard is meant"),
            ("/CGI-BIN/token;appid=wx1", "/cgi-bin/token is meant, and its query begins with ?"),
            ("/cv/ocr/idcard", ""),
        ],
    )
    def test_a_path_that_is_nearly_right_is_told_what_it_should_be(self, platform, path: str, hint: str):
        """Where a capital letter, a blank or a wrong sign is all that is wrong."""
        found = platform.call("POST", path, JPEG)

        assert (40066, hint) == (found["errcode"], platform.told[-1][0].cause)

    @pytest.mark.parametrize("name", ["Authorization", "access_token", "X-Access-Token"])
    def test_a_token_in_a_header_is_told_where_it_belongs(self, platform, name: str):
        """As other APIs have it; one in the query counts all the same."""
        for query, code in (("", 41001), ("access_token=TOKEN", 0)):
            request = wire.request(
                method="POST", path="/cv/ocr/bankcard", query=query.encode(), headers={name.lower(): "TOKEN"}, body=JPEG
            )
            assert code == platform.service.answer(request).errcode
        assert callers.AS_HEADER == platform.told[0][0].cause

    @pytest.mark.parametrize(
        ("query", "hint"),
        [
            ("accessToken=TOKEN", callers.BY_ANOTHER_NAME),
            ("ACCESS_TOKEN=TOKEN", callers.BY_ANOTHER_NAME),
            ("token=TOKEN", callers.BY_ANOTHER_NAME),
            ("type=scan&amp;access_token=TOKEN", callers.BY_ANOTHER_NAME),
            ("type=scan?access_token=TOKEN", callers.BEHIND_A_QUESTION_MARK),
            ("?access_token=TOKEN", callers.BEHIND_A_QUESTION_MARK),
            ("csrf_token=TOKEN", ""),
            ("access_token=", ""),
        ],
    )
    def test_a_token_that_is_nearly_sent_is_told_how(self, platform, query: str, hint: str):
        """By a name that is nearly right, or behind a second question mark."""
        request = wire.request(method="POST", path="/cv/ocr/bankcard", query=query.encode(), body=JPEG)

        assert (41001, hint) == (platform.service.answer(request).errcode, platform.told[-1][0].cause)

    @pytest.mark.parametrize(
        ("secret", "cause"), [(f"{SECRET} ", "the secret has blanks around it"), ("wrong", "")], ids=["blank", "wrong"]
    )
    def test_a_secret_with_blanks_is_told_of_them(self, platform, secret: str, cause: str):
        """As copied from where it was shown."""
        found = platform.call(
            "GET", "/cgi-bin/token", grant_type="client_credential", appid="wx1", secret=secret.replace(" ", "%20")
        )

        assert (40125, cause) == (found["errcode"], platform.told[-1][0].cause)

    @pytest.mark.parametrize("ask", [token, stable])
    @pytest.mark.parametrize(("sent", "cause"), [("a", callers.CALLED_APPSECRET), ("", "")])
    def test_a_secret_called_as_the_message_calls_it_is_told_its_name(self, platform, ask, sent: str, cause: str):
        """The message says appsecret missing, where the parameter is secret."""
        found = ask(platform, secret="", appsecret=sent)

        assert (41004, cause) == (found["errcode"], platform.told[-1][0].cause)

    @pytest.mark.parametrize(
        ("outcome", "query", "cause"),
        [
            (FetchError("status", "status 403"), {"Signature": "x"}, "Signature"),
            (FetchError("type", "text/html, not a picture"), {"x-oss": "1", "Signature": "x"}, "x-oss"),
            (FetchError("status", "status 403"), {"pan": "masked"}, None),
            (FetchError("connect", "refused"), {"Signature": "x"}, None),
        ],
    )
    def test_a_url_that_was_not_encoded_is_told_what_it_lost(self, platform, outcome, query, cause: str | None):
        """Its parameters behind the first came as those of the call; what stands before it is none of them."""
        platform.fetch.outcome = outcome
        sent = {"access_token": "TOKEN", "version": "1", "img_url": "http://x/a.jpg?e=1", **query}
        platform.call("POST", "/cv/ocr/bankcard", b"", **sent)
        lost = f"; if img_url is not percent-encoded, {cause} was cut off" if cause else ""

        assert f"{outcome}{lost}" == platform.told[-1][0].cause

    @pytest.mark.parametrize("path", ["//cv/ocr/bankcard", "/cv/ocr/bankcard/", "/cv//ocr/bankcard"])
    def test_a_slash_more_is_no_matter(self, platform, path: str):
        """A base URL that ends in a slash works."""
        assert 0 == platform.call("POST", path, JPEG, access_token="TOKEN")["errcode"]

    @pytest.mark.parametrize("path", ["/cgi-bin/stable_token", CLEAR, f"{CLEAR}/v2", API_CLEAR, QUOTA, RID])
    def test_post_only_means_post(self, platform, path: str):
        """GET where POST is required is 43002."""
        assert begins(platform.call("GET", path, access_token="TOKEN"), 43002)

    @pytest.mark.parametrize("path", [CLEAR, API_CLEAR, QUOTA, RID])
    @pytest.mark.parametrize(("body", "code"), [(b"", 44002), (b"x=1", 47001), (b"[1]", 47001)])
    def test_bodies_are_json(self, platform, path: str, body: bytes, code: int):
        """An empty body is 44002, another than a JSON object 47001."""
        assert begins(platform.call("POST", path, body, access_token="TOKEN"), code)

    @pytest.mark.parametrize("path", ["/cgi-bin/getcallbackip", "/cgi-bin/get_api_domain_ip"])
    def test_addresses_are_listed(self, platform, path: str):
        """The list of addresses has the documented shape, for who has a token."""
        assert ({"ip_list": ["127.0.0.1"]}, 41001) == (
            platform.call("GET", path, access_token="TOKEN"),
            platform.call("GET", path)["errcode"],
        )

    def test_a_store_out_of_reach_is_minus_one(self, platform):
        """Without its state the platform fails closed, and the reader is not asked."""
        platform.state.close()
        found = platform.read()

        assert (True, [], StateError) == (begins(found, -1), platform.reader.seen, type(platform.told[0][1]))

    def test_who_was_told_that_it_is_over_is_charged_nothing(self, platform):
        """The reading was still at work; nobody gets its number."""
        path, query = "/cv/ocr/bankcard", b"access_token=TOKEN"
        found = {}
        for is_over in (True, False):
            request = wire.request(method="POST", path=path, query=query, body=JPEG)
            if is_over:
                request.is_over.set()
            found[is_over] = platform.service.answer(request).errcode, platform.used()

        assert {True: (-1, 0), False: (0, 1)} == found

    def test_a_store_that_does_not_answer_is_asked_once(self, platform, monkeypatch):
        """Not for the record of that, too, which would take as long again."""
        asked: list[str] = []

        def away(name: str):
            def fails(*_given, **_more):
                asked.append(name)
                raise StateError("away")

            return fails

        for name in ("token", "put_record"):
            monkeypatch.setattr(platform.state, name, away(name))

        assert (True, ["token"], StateError) == (begins(platform.read(), -1), asked, type(platform.told[0][1]))

    def test_a_refusal_before_the_platform_is_told(self, platform):
        """Busy is answered with a rid and told to the observer."""
        request = wire.request(method="POST", path="/cv/ocr/bankcard")
        reply = platform.service.refuse(request, Busy())

        assert (-1, 1.0, "admission") == (reply.errcode, reply.retry_after_s, platform.told[0][0].stage)

    def test_permissions_are_the_apps(self, platform):
        """The names that cloud functions may call are those of the token's app."""
        platform.change(permissions=("ocr.bankcard",))

        assert (("ocr.bankcard",), ()) == (
            platform.service.permissions("TOKEN"),
            platform.service.permissions("OTHER"),
        )

    def test_an_app_shows_no_secret(self):
        """The repr of an app has not even the hash of its secret."""
        app = App(appid="wx1", name="Shop", secret_hash="scrypt$1", created=0.0)

        assert "scrypt" not in repr(app)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (47001, ("pan", "return", "Idempotency-Key")),
        (48001, ("disabled", "denied", "pan or return", "a key of the app", "fingerprint_key_file")),
    ],
)
def test_the_cause_of_a_code_is_every_place_it_comes_from(code: int, words):
    """What raises the code is among its causes."""
    assert [] == [word for word in words if word not in REMEDIES[code].cause]


def test_every_code_has_a_remedy():
    """What the platform can answer, `why` can explain."""
    assert set(codes.MESSAGES) - {0} == set(REMEDIES)
