"""The operators' verbs: apps, token, quota, why, serve."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import kept
import pytest
import structlog
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from bankcard_ocr import cli
from bankcard_ocr.errors import BankcardError, NoCardFound, SettingsError
from bankcard_ocr.platform import credentials
from bankcard_ocr.platform.state.base import beijing_day
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.reading import Options, Reading
from bankcard_ocr.server import build as server
from bankcard_ocr.server import pages

NUMBER = "6205500000000000004"
RID = "64dd8e12-0eb37d04-36a66358"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the state of the test is."""
    file = tmp_path / "state.sqlite3"
    monkeypatch.setenv("BANKCARD_OCR_STATE_URL", f"sqlite:///{file}")
    return file


@pytest.fixture
def store(path):
    opened = SqliteState(path, time.time)
    yield opened
    opened.close()


@pytest.fixture
def run(path):
    """Runs the command and gives what it prints; an expected error is raised."""

    def invoke(*args: str) -> str:
        result = CliRunner().invoke(cli.app, args)
        if isinstance(result.exception, BankcardError):
            raise result.exception
        assert 0 == result.exit_code, result.output
        return result.stdout

    return invoke


@pytest.fixture
def app(run):
    """An app wx1."""
    run("apps", "create", "Shop", "--appid", "wx1", "--secret", "a secret")


class TestApps:
    def test_a_created_app_has_the_secret_printed(self, run, store):
        """The secret that is printed is the one whose hash is kept."""
        made = json.loads(run("apps", "create", "Shop", "--json"))
        kept = store.app(made["appid"])

        assert (True, "Shop", {"appid", "secret", "name"}) == (
            credentials.verify(made["secret"], kept.secret_hash) is not None,
            kept.name,
            set(made),
        )

    @pytest.mark.parametrize("verb", [["create", "商店"], ["rotate-secret", "wx1"]])
    def test_a_secret_that_nobody_saw_is_told(self, app, path, verb: list[str]):
        """The disk is full where it goes: the app has it all the same, so the error says how to get another."""
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "bankcard_ocr", "apps", *verb]
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
            told = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)

        assert (1, True) == (told.returncode, "apps rotate-secret wx" in told.stderr)
        assert "Traceback" not in told.stderr

    def test_names_are_told_where_their_signs_are_none(self, app):
        """As escapes, after the app was made."""
        environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
        command = [sys.executable, "-m", "bankcard_ocr", "apps", "create", "商店", "--json"]
        told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)

        assert "\\u5546\\u5e97" in told.stdout

    def test_an_app_is_created_as_asked(self, run, store):
        """Id, secret and limit are as given."""
        run("apps", "create", "Shop", "--appid", "wx1", "--secret", "s", "--daily-limit", "7")

        assert (7, True) == (
            store.app("wx1").daily_limit,
            credentials.verify("s", store.app("wx1").secret_hash) is not None,
        )

    def test_an_appid_is_taken_once(self, run, app):
        """A second app of this id is refused with a way out."""
        with pytest.raises(BankcardError, match=r"already; 'bankcard-ocr apps delete wx1' removes it"):
            run("apps", "create", "Other", "--appid", "wx1")

    @pytest.mark.parametrize("verb", [["create", "Shop", "--appid", "wx2"], ["rotate-secret", "wx1"]])
    def test_a_secret_is_read_from_standard_input(self, app, store, verb: list[str]):
        """So that no list of processes shows it."""
        secret = "0123456789abcdef"
        told = CliRunner().invoke(cli.app, ["apps", *verb, "--secret", "-"], input=f"{secret}\n")
        made = store.app("wx2" if "create" in verb else "wx1")

        assert (0, "") == (told.exit_code, told.stderr)
        assert credentials.verify(secret, made.secret_hash)

    @pytest.mark.parametrize("verb", [["create", "Shop", "--appid", "wx2"], ["rotate-secret", "wx1"]])
    @pytest.mark.parametrize("form", [[], ["--json"]])
    def test_a_secret_from_standard_input_is_not_printed(self, app, verb: list[str], form: list[str]):
        """It came out of a vault, and what is printed may be logged. One that was an argument stands there already."""
        secret = "0123456789abcdef"
        piped = CliRunner().invoke(cli.app, ["apps", *verb, "--secret", "-", *form], input=f"{secret}\n")
        given = CliRunner().invoke(cli.app, ["apps", "rotate-secret", "wx1", "--secret", secret, *form])

        assert (0, False, True) == (piped.exit_code, secret in piped.output, secret in given.output)
        assert "wx" in piped.output
        assert not form or json.loads(piped.output)["secret"] is None

    @pytest.mark.parametrize("verb", [["create", "Shop", "--appid", "wx2"], ["rotate-secret", "wx1"]])
    @pytest.mark.parametrize(("given", "is_random"), [([], True), (["--secret", "0123456789abcdef"], False)])
    def test_a_secret_that_was_made_here_is_known_as_such(self, run, app, store, verb, given, is_random: bool):
        """Of one that was brought along nobody knows how well it can be guessed."""
        run("apps", *verb, *given)

        assert is_random == store.app("wx2" if verb[0] == "create" else "wx1").is_secret_random

    @pytest.mark.parametrize(("secret", "is_warned_of"), [("0123456789abcde", True), ("0123456789abcdef", False)])
    def test_a_short_secret_is_warned_of(self, app, secret: str, is_warned_of: bool):
        """Who asks often enough finds it."""
        told = CliRunner().invoke(cli.app, ["apps", "rotate-secret", "wx1", "--secret", secret])

        assert (0, is_warned_of) == (told.exit_code, "guessed" in told.stderr)

    @pytest.mark.parametrize(
        "options", [["--appid", "with space"], ["--appid", "wx:1"], ["--appid", "x" * 65], ["--secret", ""]]
    )
    def test_strange_ids_are_wrong_usage(self, path, options: list[str]):
        """An id with spaces or the sign that ends it in a counter's name, one too long, or an empty secret: 2."""
        assert 2 == CliRunner().invoke(cli.app, ["apps", "create", "Shop", *options]).exit_code

    def test_the_list_has_no_secret(self, run, app):
        """All facts of an app are listed but its secret and the hash."""
        (found,) = json.loads(run("apps", "list", "--json"))

        assert ("wx1", "Shop", 500, None, False) == (
            found["appid"],
            found["name"],
            found["effective_daily_limit"],
            found["daily_limit"],
            "secret_hash" in found,
        )

    def test_the_list_reads_well(self, run, app):
        """For people there is a line for each app, and a hint when there is none."""
        run("apps", "disable", "wx1")
        listed = run("apps", "list")
        run("apps", "delete", "wx1")

        assert ("wx1  Shop  500 a day  disabled\n", "no apps yet; make one: bankcard-ocr apps create NAME\n") == (
            listed,
            run("apps", "list"),
        )

    def test_a_rotated_secret_ends_tokens(self, run, store, app):
        """The new secret is good, the old one not, and tokens are over at once."""
        token = run("token", "wx1").strip()
        made = json.loads(run("apps", "rotate-secret", "wx1", "--json"))
        kept = store.app("wx1").secret_hash

        assert (True, None, 0.0) == (
            credentials.verify(made["secret"], kept) is not None,
            credentials.verify("a secret", kept),
            store.token(credentials.token_digest(token)).good_until,
        )

    def test_a_limit_is_set_and_taken_back(self, run, app):
        """A limit of its own, shown, and the server's again."""
        outputs = [
            run("apps", "limits", "wx1", "--daily-limit", "9"),
            run("apps", "limits", "wx1"),
            run("apps", "limits", "wx1", "--default"),
        ]

        assert ["daily limit: 9\n", "daily limit: 9\n", "daily limit: the server's setting\n"] == outputs

    @pytest.mark.parametrize("verb", [["create", "Shop"], ["limits", "wx1"]])
    @pytest.mark.parametrize(("limit", "status"), [(2**53, 0), (2**53 + 1, 2)])
    def test_a_limit_is_one_that_stores_can_count_to(self, path, app, verb: list[str], limit: int, status: int):
        """One more is wrong usage, else every call of the app would fail."""
        assert status == CliRunner().invoke(cli.app, ["apps", *verb, "--daily-limit", str(limit)]).exit_code

    def test_a_whitelist_grows_and_shrinks(self, run, app):
        """Addresses and networks are added once each and removed; none lets everybody in."""
        grown = run("apps", "whitelist", "wx1", "--add", "10.1.2.3/8", "--add", "2001:db8::1", "--add", "10.0.0.0/8")
        run("apps", "whitelist", "wx1", "--remove", "10.0.0.0/8", "--remove", "2001:db8::1")

        assert ("10.0.0.0/8\n2001:db8::1\n", "every address may call\n") == (grown, run("apps", "whitelist", "wx1"))

    def test_ipv4_mapped_into_ipv6_is_ipv4_in_a_whitelist(self, run, store, app):
        """As callers are seen; what an earlier version kept is brought up to date, and can be removed."""
        store.update_app("wx1", lambda app: replace(app, whitelist=("::ffff:a00:0/104",)))
        shown = run("apps", "whitelist", "wx1", "--add", "::ffff:192.0.2.0/120", "--add", "::ffff:192.0.2.7")
        removed = run("apps", "whitelist", "wx1", "--remove", "::ffff:10.0.0.0/104", "--remove", "192.0.2.0/24")

        assert ("10.0.0.0/8\n192.0.2.0/24\n192.0.2.7\n", "192.0.2.7\n") == (shown, removed)

    def test_what_is_no_address_is_wrong_usage(self, path, app):
        """A name in the whitelist exits with 2."""
        assert 2 == CliRunner().invoke(cli.app, ["apps", "whitelist", "wx1", "--add", "example.com"]).exit_code

    def test_a_config_json_sets_permissions(self, run, app, tmp_path):
        """The permissions are those of the cloud function's file, each once."""
        file = tmp_path / "config.json"
        names = '["ocr.bankcard", "wxacode.get", "ocr.bankcard"]'
        file.write_text(f'{{"permissions": {{"openapi": {names}}}}}', encoding="utf-8-sig")

        assert ["ocr.bankcard", "wxacode.get"] == json.loads(run("apps", "import", "wx1", str(file), "--json"))[
            "permissions"
        ]

    def test_a_config_json_without_permissions_permits_nothing(self, run, app, tmp_path):
        """As in the cloud SDK, a file that lists nothing permits nothing."""
        file = tmp_path / "config.json"
        file.write_text("{}")

        assert "cloud functions may call nothing\n" == run("apps", "import", "wx1", str(file))

    @pytest.mark.parametrize(
        ("names", "is_told"), [('["wxacode.get", "OCR.bankcard"]', True), ('["ocr.bankcard", "wxacode.get"]', False)]
    )
    def test_a_config_json_that_permits_no_recognition_is_told_of(self, app, tmp_path, names: str, is_told: bool):
        """Its names are taken, and standard error says what every call will get."""
        file = tmp_path / "config.json"
        file.write_text(f'{{"permissions": {{"openapi": {names}}}}}')
        result = CliRunner().invoke(cli.app, ["apps", "import", "wx1", str(file)])

        assert (0, is_told) == (result.exit_code, "does not name ocr.bankcard" in result.stderr)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", 'must read {"permissions"'),
            (b"[]", 'must read {"permissions"'),
            (b"\xff", 'must read {"permissions"'),
            (b'{"permissions": {"openapi": "x"}}', "must be a list"),
            (b'{"permissions": {"openapi": [1]}}', "must be a list"),
        ],
    )
    def test_another_file_is_said(self, run, app, tmp_path, content: bytes, reason: str):
        """A file that is no config.json is refused, and what it must hold is said."""
        file = tmp_path / "config.json"
        file.write_bytes(content)

        with pytest.raises(BankcardError, match=re.escape(reason)):
            run("apps", "import", "wx1", str(file))

    def test_permissions_are_added_and_removed(self, run, app):
        """Names are added and removed by hand, too."""
        added = run("apps", "permissions", "wx1", "--add", "ocr.bankcard")

        assert ("ocr.bankcard\n", "cloud functions may call nothing\n") == (
            added,
            run("apps", "permissions", "wx1", "--remove", "ocr.bankcard"),
        )

    def test_an_api_is_denied_and_allowed(self, run, app):
        """What is denied is listed until it is allowed."""
        denied = run("apps", "deny", "wx1", "ocr.bankcard")

        assert ("ocr.bankcard\n", "nothing is denied\n") == (denied, run("apps", "allow", "wx1", "ocr.bankcard"))

    @pytest.mark.parametrize(
        ("args", "known"),
        [
            (("deny", "wx1", "ocr.bankcrad"), "ocr.bankcard, clear_quota"),
            (("permissions", "wx1", "--add", "clear_quota"), "ocr.bankcard"),
        ],
    )
    def test_an_api_that_is_none_is_wrong_usage(self, store, app, args, known: str):
        """A mistyped name exits with 2, names the known ones and changes nothing."""
        result = CliRunner().invoke(cli.app, ["apps", *args], env={"COLUMNS": "200"})
        kept = store.app("wx1")

        assert (2, True, (), ()) == (
            result.exit_code,
            f"only {known}" in result.stderr,
            kept.denied,
            kept.permissions,
        )

    def test_a_name_kept_by_mistake_is_taken_back(self, run, store, app):
        """What an earlier version kept under a wrong name is allowed, or removed, again."""
        store.update_app("wx1", lambda app: replace(app, denied=("typo",), permissions=("typo",)))
        run("apps", "allow", "wx1", "typo")
        run("apps", "permissions", "wx1", "--remove", "typo")

        assert ((), ()) == (store.app("wx1").denied, store.app("wx1").permissions)

    def test_an_app_is_disabled_and_enabled(self, run, store, app):
        """Disabling is undone by enabling."""
        run("apps", "disable", "wx1")
        disabled = store.app("wx1").enabled
        run("apps", "enable", "wx1")

        assert (False, True) == (disabled, store.app("wx1").enabled)

    @pytest.mark.parametrize(
        "args",
        [
            ["apps", "delete"],
            ["apps", "rotate-secret"],
            ["apps", "limits"],
            ["apps", "enable"],
            ["token"],
            ["quota", "show"],
            ["quota", "clear"],
        ],
    )
    def test_an_unknown_app_is_said(self, run, args: list[str]):
        """Every verb says that there is no such app and how to see those there are."""
        with pytest.raises(BankcardError, match="there is no app wx0; 'bankcard-ocr apps list'"):
            run(*args, "wx0")


class TestToken:
    def test_the_token_is_printed_alone(self, run, store, app):
        """One line, a token that is good for two hours."""
        printed = run("token", "wx1")
        found = store.token(credentials.token_digest(printed.strip()))

        assert (128, 7200.0) == (len(printed.splitlines()[0]), found.good_until - found.issued)

    def test_as_json_it_is_the_endpoints_reply(self, run, app):
        """With --json the shape is that of /cgi-bin/token."""
        assert {"access_token", "expires_in"} == set(json.loads(run("token", "wx1", "--json")))


class TestQuota:
    def test_what_is_used_is_shown_and_cleared(self, run, store, app):
        """Today's use, of what, and nothing after a clear."""
        store.consume("recognize:wx1", beijing_day(time.time()), 500)
        before = json.loads(run("quota", "show", "wx1", "--json"))
        run("quota", "clear", "wx1")
        after = run("quota", "show", "wx1")

        assert ((500, 1, 499), {before["day"]: 1}, True) == (
            (before["daily_limit"], before["used"], before["remain"]),
            before["history"],
            "(Beijing): 0 of 500" in after,
        )

    def test_a_limit_of_its_own_is_shown(self, run, app):
        """Not the server's."""
        run("apps", "limits", "wx1", "--daily-limit", "7")

        assert (7, True) == (
            json.loads(run("quota", "show", "wx1", "--json"))["remain"],
            "(Beijing): 0 of 7\n" in run("quota", "show", "wx1"),
        )


class TestWhy:
    @pytest.fixture
    def record(self, store):
        refused = kept.record(
            RID,
            invoke_time=time.time(),
            cost_ms=12.5,
            method="POST",
            request_url="/cv/ocr/bankcard?access_token=***",
            request_body="multipart, img: 5 bytes",
            errcode=101000,
            stage="fetch",
            cause="status: 403",
            timings_ms={"token": 0.1, "fetch": 12.0},
        )
        store.put_record(refused)

    def test_the_story_is_told(self, run, record):
        """Stage, cause, remedy and times stand there."""
        story = run("why", RID)

        assert [] == [
            text
            for text in (
                "101000 invalid image url",
                "fetch",
                "status: 403",
                "allow_hosts",
                "12.5 ms: token 0.1, fetch 12",
            )
            if text not in story
        ]

    def test_the_end_of_an_errmsg_will_do(self, run, record):
        """What is copied from errmsg may begin with rid:."""
        assert "status: 403" == json.loads(run("why", f"rid: {RID}", "--json"))["cause"]

    def test_an_unknown_rid_is_said(self, run):
        """No record, no story, status 1."""
        with pytest.raises(BankcardError, match=f"no call with rid {RID}"):
            run("why", RID)

    def test_another_shape_is_wrong_usage(self, path):
        """What is no rid exits with 2."""
        assert 2 == CliRunner().invoke(cli.app, ["why", "x"]).exit_code


class TestServe:
    def test_wrong_settings_are_said_before_anything_starts(self, run, monkeypatch):
        """A variable that does not fit stops the command."""
        monkeypatch.setenv("BANKCARD_OCR_PORT", "many")

        with pytest.raises(SettingsError, match="BANKCARD_OCR_PORT: must be a whole number"):
            run("serve")

    def test_workers_cannot_share_a_state_in_memory(self, run, monkeypatch):
        """Several workers need a file, and it is said where the setting came from."""
        monkeypatch.setenv("BANKCARD_OCR_STATE_URL", "sqlite:///:memory:")

        with pytest.raises(SettingsError, match="BANKCARD_OCR_STATE_URL: several workers need a file"):
            run("serve", "--workers", "2", "--port", "0")

    @pytest.mark.parametrize("verb", ["apps", "token", "quota", "why"])
    def test_operators_verbs_need_no_pixels(self, verb: str):
        """The verbs on the state load neither pixels nor the server."""
        import subprocess
        import sys

        program = f"import sys, bankcard_ocr.cli.{verb}; print(*sys.modules)"
        loaded = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()

        assert set() == set(loaded) & {"numpy", "cv2", "onnxruntime", "uvicorn", "starlette", "httpx"}


class TestDisclosure:
    def test_an_app_is_bound_to_a_form(self, run, app, store):
        """The form is set and shown."""
        told = [run("apps", "pan", "wx1", "masked"), run("apps", "pan", "wx1")]

        assert (["masked\n", "masked\n"], "masked") == (told, store.app("wx1").pan)

    @pytest.mark.parametrize(
        ("form", "remedy"), [("jwe", "set-key wx1"), ("fingerprint", "fingerprint_key_file"), ("masked", "")]
    )
    def test_a_form_without_its_key_is_warned_of(self, app, form: str, remedy: str):
        """Every call would be refused from then on."""
        told = CliRunner().invoke(cli.app, ["apps", "pan", "wx1", form])

        assert (0, bool(remedy)) == (told.exit_code, "48001" in told.stderr)
        assert remedy in told.stderr

    def test_a_form_that_is_none_is_wrong_usage(self, app):
        """An unknown word exits with 2."""
        assert 2 == CliRunner().invoke(cli.app, ["apps", "pan", "wx1", "half"]).exit_code

    def test_a_key_is_registered_and_forgotten(self, run, app, store, tmp_path):
        """The public key is kept with its algorithm and id, until it is removed."""
        file = tmp_path / "key.pem"
        file.write_bytes(ECKey.generate_key("P-256").as_pem(private=False))
        told = json.loads(run("apps", "set-key", "wx1", str(file), "--json"))
        kept = json.loads(store.app("wx1").jwk)
        run("apps", "remove-key", "wx1")

        assert ("ECDH-ES", told["jwk"], "") == (kept["alg"], kept, store.app("wx1").jwk)

    def test_a_key_in_another_form_is_said_not_to_be_one(self, run, app, tmp_path):
        """DER, which is no text, as anything else."""
        file = tmp_path / "key.der"
        file.write_bytes(ECKey.generate_key("P-256").as_der(private=False))
        with pytest.raises(BankcardError, match="cannot be used: this is neither a JWK nor a PEM file of a public key"):
            run("apps", "set-key", "wx1", str(file))

    def test_a_private_key_is_not_taken(self, run, app, store, tmp_path):
        """The error says what to register instead, and nothing is kept."""
        file = tmp_path / "key.jwk"
        file.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        with pytest.raises(BankcardError, match="cannot be used: this is a private key; register its public part"):
            run("apps", "set-key", "wx1", str(file))

        assert "" == store.app("wx1").jwk


class TestQuickstart:
    @pytest.fixture
    def reader(self, monkeypatch):
        """The reader of the server that quickstart starts; logging is as it was afterwards."""
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        found = Reads()
        monkeypatch.setattr(server, "build", partial(server.build, reader=found))
        yield found
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()

    def test_a_sample_card_is_read(self, run, reader, store):
        """The reply, the lines to repeat it and the page's address are printed; the picture sent is the sample."""
        told = run("quickstart", "--once", "--port", "0")
        (app,) = store.apps()

        assert ("quickstart", [pages.sample()], []) == (
            app.name,
            reader.seen,
            [
                text
                for text in (f'"number": "{NUMBER}"', f"appid={app.appid}&secret=", "curl -F img=@sample.jpg", "/docs")
                if text not in told
            ],
        )

    @pytest.mark.parametrize("found", [None, "/usr/bin/bankcard-ocr"])
    def test_the_second_time_the_app_is_there(self, run, reader, store, monkeypatch, found):
        """Another quickstart keeps the app and its secret, and says how to get a token by a command that is there."""
        monkeypatch.setattr("shutil.which", lambda _name: found)
        command = "bankcard-ocr" if found else sys.argv[0]
        run("quickstart", "--once", "--port", "0")
        told = run("quickstart", "--once", "--port", "0")
        (app,) = store.apps()

        assert (True, False) == (f"TOKEN=$({command} token {app.appid})" in told, "secret=" in told)

    def test_a_sample_that_is_not_read_is_status_1(self, path, reader):
        """When the check fails the exit status says so."""
        reader.outcome = NoCardFound()

        assert 1 == CliRunner().invoke(cli.app, ["quickstart", "--once", "--port", "0"]).exit_code

    def test_a_server_that_cannot_begin_ends_the_check(self, path, reader, monkeypatch):
        """The check says that nobody answered, and the command ends with the server's own status."""

        async def fails(scope, receive, send):
            raise RuntimeError

        monkeypatch.setattr(server, "build", lambda *_, **__: fails)
        result = CliRunner().invoke(cli.app, ["quickstart", "--once", "--port", "0"])

        assert (3, True) == (result.exit_code, "bankcard-ocr: the server did not answer" in result.stderr)


@dataclass
class Reads:
    """Reads every picture as one number, or refuses it."""

    outcome: NoCardFound | None = None
    seen: list[bytes] = field(default_factory=list)

    def read(self, data: bytes, options: Options = Options()) -> Reading:
        self.seen.append(data)
        if self.outcome:
            raise self.outcome
        quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        return Reading(number=NUMBER, confidence=1.0, candidates=(), size=(2, 2), number_quad=quad)
