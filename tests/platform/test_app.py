"""The platform on sockets: limits, hand-over, pages."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import httpx
import pytest
from structlog.testing import capture_logs

from bankcard_ocr.errors import Busy, NoCardFound, SettingsError, StateError
from bankcard_ocr.platform import form
from bankcard_ocr.platform.state import base
from bankcard_ocr.platform.state.base import beijing_day
from bankcard_ocr.platform.state.sqlite import SqliteState
from bankcard_ocr.server import app, build, run
from bankcard_ocr.server.gate import Gate
from bankcard_ocr.settings import Settings

JPEG = b"\xff\xd8\xff\xe0picture"
NUMBER = "6205500000000000004"
READ = "/cv/ocr/bankcard?access_token=TOKEN"


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.base, trust_env=False, timeout=20) as opened:
        yield opened


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    """The whole response to one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
    finally:
        connection.close()
    return response


def wait_for(get, text: str) -> bool:
    """Whether ``get`` gives the text within a few hundred tries."""
    return any(text in get() for _ in range(500))


class TestReplies:
    def test_a_number_comes_back(self, client):
        """A picture posted as a file gives its number."""
        reply = client.post(READ, files={"img": ("card.jpg", JPEG, "image/jpeg")})

        assert {"errcode": 0, "errmsg": "ok", "number": NUMBER, "id": NUMBER} == reply.json()

    @pytest.mark.parametrize("path", ["/cv/ocr/bankcard", "/cgi-bin/token", "/no/such/path", "/cgi-bin/clear_quota"])
    def test_every_failure_has_status_200_and_its_rid(self, client, path: str):
        """The status is 200, the content type the platform's, the rid of errmsg in a header too."""
        reply = client.get(path)

        assert (200, "application/json; encoding=utf-8", "no-store", True) == (
            reply.status_code,
            reply.headers["content-type"],
            reply.headers["cache-control"],
            reply.json()["errmsg"].endswith(f"rid: {reply.headers['x-rid']}"),
        )

    def test_head_has_no_body(self, client):
        """HEAD gets the headers alone."""
        reply = client.head("/cgi-bin/getcallbackip?access_token=TOKEN")

        assert (b"", "80") == (reply.content, reply.headers["content-length"])

    def test_errcode_may_be_a_string(self, start):
        """With the setting the documentation's literal form is sent."""
        assert '"errcode":"41001"' in ask(start(errcode_style="string").port, "GET", "/cv/ocr/bankcard").text

    @pytest.mark.parametrize("target", ["/admin", "//admin/", "http://functions.example//admin/", "/"])
    def test_a_cloud_call_has_its_own_form(self, server, target: str):
        """What is no cloud call at /admin, however that is written, or at /, is a transport error of the SDK's."""
        reply = ask(server.port, "POST", target)

        assert (200, "application/json; charset=utf-8") == (reply.status, reply.headers["content-type"])

    @pytest.mark.parametrize(
        "proxies", [("127.0.0.1",), ("127.0.0.9/8",), ("::ffff:127.0.0.1",), ("*",), ("*", "10.0.0.1")]
    )
    def test_a_load_balancers_word_is_taken_when_trusted(self, start, proxies: tuple[str, ...]):
        """X-Forwarded-For counts from a trusted proxy, in whatever way that is written."""
        served = start(trusted_proxies=proxies)
        served.state.update_app("wx1", lambda app: dataclasses.replace(app, whitelist=("10.0.0.0/8",)))
        with capture_logs() as logs:
            text = ask(served.port, "GET", READ, **{"X-Forwarded-For": "10.1.1.1"}).text

        assert '"errcode":41005' in text
        assert [] == [line for line in logs if "X-Forwarded-For" in line["event"]]

    @pytest.mark.parametrize(
        ("whitelist", "headers", "code"),
        [
            pytest.param("127.0.0.0/8", {}, 41005, id="the caller itself"),
            pytest.param("10.0.0.0/8", {"X-Forwarded-For": "10.1.1.1"}, 41005, id="behind a balancer"),
            pytest.param("10.0.0.0/8", {}, 40164, id="not on the list"),
        ],
    )
    def test_a_caller_by_ipv4_has_that_address_at_a_socket_for_both(
        self, start, whitelist: str, headers: dict[str, str], code: int
    ):
        """Lists, balancers and records know it as they do where the server listens at IPv4 alone."""
        served = start(host="::", trusted_proxies=("127.0.0.1",))
        served.state.update_app("wx1", lambda app: dataclasses.replace(app, whitelist=(whitelist,)))
        told = ask(served.port, "GET", READ, **headers).text
        rid = json.loads(told)["errmsg"].rpartition("rid: ")[2]

        assert (code, headers.get("X-Forwarded-For", "127.0.0.1")) == (
            json.loads(told)["errcode"],
            served.state.record(rid).client_ip,
        )

    def test_a_strangers_word_is_not_taken(self, server):
        """X-Forwarded-For of anybody else is no address."""
        server.state.update_app("wx1", lambda app: dataclasses.replace(app, whitelist=("10.0.0.0/8",)))

        assert '"errcode":40164' in ask(server.port, "GET", READ, **{"X-Forwarded-For": "10.1.1.1"}).text

    @pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",)])
    def test_a_balancer_that_is_not_trusted_is_told_once(self, start, proxies: tuple[str, ...]):
        """All callers behind it have one address, and whoever sends wrong secrets locks the others out."""
        served = start(trusted_proxies=proxies)
        with capture_logs() as logs:
            ask(served.port, "GET", READ)
            for _ in range(2):
                ask(served.port, "GET", READ, **{"X-Forwarded-For": "10.1.1.1"})

        assert [("warning", "127.0.0.1")] == [
            (line["log_level"], line["client_ip"]) for line in logs if "trusted_proxies" in line["event"]
        ]


class TestSeveralPictures:
    def test_pictures_of_one_card_are_one_call(self, client, server):
        """Img and img2 are read together; the call is charged once and has one number."""
        files = {"img": ("1.jpg", JPEG + b"1"), "img2": ("2.jpg", JPEG + b"2")}
        reply = client.post(READ, files=files)

        assert (NUMBER, [(JPEG + b"1", JPEG + b"2")], "499") == (
            reply.json()["number"],
            server.reader.many,
            reply.headers["x-ratelimit-remaining"],
        )

    @pytest.mark.parametrize(("size", "code"), [(2_097_152, 0), (2_097_153, 101002)])
    def test_each_may_have_two_mebibytes(self, client, size: int, code: int):
        """Eight of the full size are taken, as base64 too; one byte more in the last is 101002."""
        picture = base64.b64encode(JPEG.ljust(2_097_152, b"x")).decode()
        last = base64.b64encode(JPEG.ljust(size, b"x")).decode()
        names = ["img", *(f"img{number}" for number in range(2, 9))]
        body = {f"{name}_base64": picture for name in names} | {"img8_base64": last}

        assert code == client.post(READ, json=body).json()["errcode"]

    def test_a_body_has_a_limit_of_its_own(self, client):
        """More than eight pictures have as base64 is thrown away, whatever is in it."""
        assert 101002 == client.post(READ, data={"img_base64": "x" * 25_000_000}).json()["errcode"]


class TestQuotaHeaders:
    @pytest.mark.parametrize(
        ("picture", "path", "remaining"),
        [(JPEG, READ, "499"), (b"no picture", READ, "500"), (b"", READ, "500"), (JPEG, READ + "&pan=half", "500")],
    )
    def test_every_reply_to_an_app_has_them(self, client, picture: bytes, path: str, remaining: str):
        """The limit, what is left after this call, and when the day ends in Beijing."""
        headers = client.post(path, content=picture).headers
        midnight = base.beijing_day(time.time()).ends

        assert ("500", remaining, str(int(midnight))) == (
            headers["x-ratelimit-limit"],
            headers["x-ratelimit-remaining"],
            headers["x-ratelimit-reset"],
        )

    def test_at_the_limit_nothing_is_left(self, client, server):
        """0 remain on the last call and on the one that is refused."""
        server.state.update_app("wx1", lambda app: dataclasses.replace(app, daily_limit=1))
        replies = [client.post(READ, content=JPEG) for _ in range(2)]

        assert [(0, "0"), (101003, "0")] == [
            (reply.json()["errcode"], reply.headers["x-ratelimit-remaining"]) for reply in replies
        ]

    def test_of_a_limit_that_was_lowered_nothing_is_left(self, client, server):
        """Never less than nothing, in the headers or by quota/get."""
        codes = [client.post(READ, content=JPEG).json()["errcode"] for _ in range(2)]
        server.state.update_app("wx1", lambda app: dataclasses.replace(app, daily_limit=1))
        path = f"/cgi-bin/openapi/quota/get?{READ.partition('?')[2]}"
        told = client.post(path, json={"cgi_path": "/cv/ocr/bankcard"}).json()["quota"]

        assert ([0, 0], {"daily_limit": 1, "used": 2, "remain": 0}, "0") == (
            codes,
            told,
            client.post(READ, content=JPEG).headers["x-ratelimit-remaining"],
        )

    def test_a_stranger_gets_none(self, client):
        """Without an app there is no quota to tell of."""
        assert "x-ratelimit-limit" not in client.post("/cv/ocr/bankcard", content=JPEG).headers


def test_a_retry_over_http(client, server):
    """The header Idempotency-Key makes of two calls one."""
    headers = {"Idempotency-Key": "order-1"}
    first, again = (client.post(READ, content=JPEG, headers=headers) for _ in range(2))

    assert (first.content, 1, "true", "499") == (
        again.content,
        len(server.reader.seen),
        again.headers["idempotent-replayed"],
        again.headers["x-ratelimit-remaining"],
    )


class TestLimits:
    @pytest.mark.parametrize(("size", "code"), [(2_097_152, 0), (2_097_153, 101002)])
    def test_a_picture_has_two_mebibytes_at_most(self, client, size: int, code: int):
        """A picture of exactly the limit is read, one byte more is 101002."""
        assert code == client.post(READ, files={"img": ("a.jpg", JPEG.ljust(size, b"x"))}).json()["errcode"]

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_body_far_too_large_is_thrown_away(self, client, chunked: bool):
        """A body of twenty megabytes is answered with 101002, however it is sent, and the server lives."""
        blocks = (bytes(1_000_000) for _ in range(20))
        reply = client.post(READ, content=blocks if chunked else bytes(20_000_000))

        assert (101002, "ok") == (reply.json()["errcode"], client.get("/healthz").json()["status"])

    def test_a_form_of_large_pictures_arrives_whole(self, start):
        """Nothing of what the limits allow is cut off, though it is more than is read of a body that is refused."""
        served = start(max_picture_bytes=12_000_000)
        assert 7 * 11_000_000 > app.MAX_DRAINED_BYTES
        names = form.PICTURES[:7]
        files = {name: ("a.jpg", JPEG.ljust(11_000_000, name[-1:].encode())) for name in names}
        reply = httpx.post(served.base + READ, files=files, trust_env=False, timeout=20)

        assert (0, [11_000_000] * 7) == (reply.json()["errcode"], [len(data) for data in served.reader.many[0]])

    def test_what_could_never_be_held_is_too_large(self, client, monkeypatch):
        """It is not told busy, at which it would come again and again."""
        monkeypatch.setattr(app, "MAX_HELD_BYTES", 100_000)

        assert 101002 == client.post(READ, files={"img": ("a.jpg", JPEG.ljust(150_000))}).json()["errcode"]

    def test_a_call_that_was_cut_off_is_known_to_its_app(self, client):
        """The rid of a body that was too large is told by rid/get."""
        failed = client.post(READ, content=bytes(4_000_000)).json()["errmsg"].rsplit("rid: ", 1)[1]
        asked = client.post(f"/cgi-bin/openapi/rid/get?{READ.partition('?')[2]}", json={"rid": failed})

        assert "/cv/ocr/bankcard?access_token=***" == asked.json()["request"]["request_url"]

    def test_a_store_that_takes_its_time_delays_nobody_else(self, client, server, monkeypatch):
        """What is kept of a call that was cut off is written beside the loop that answers all others."""
        begun, is_kept = threading.Event(), threading.Event()

        def put_record(_record: object) -> None:
            begun.set()
            is_kept.wait(10)

        monkeypatch.setattr(server.state, "put_record", put_record)
        with ThreadPoolExecutor(1) as pool:
            cut_off = pool.submit(client.post, "/cgi-bin/token", content=bytes(70_000))
            begun.wait(10)
            healthy = client.get("/healthz", timeout=5).status_code
            is_answered = cut_off.done()
            is_kept.set()

            assert (200, False, 47001) == (healthy, is_answered, cut_off.result().json()["errcode"])

    def test_calls_that_were_cut_off_take_places_too(self, start, monkeypatch):
        """When all are taken the answer is busy: no number of them makes the others wait."""
        monkeypatch.setattr(app, "OTHER_PLACES", 0)

        assert "[busy]" in ask(start().port, "POST", "/cgi-bin/token", bytes(70_000)).text

    @pytest.mark.parametrize("path", ["/cv/ocr/bankcards", "/cv/ocr/idcard"])
    def test_a_path_that_is_none_is_said_whatever_was_sent(self, client, path: str):
        """40066, not that the picture is too large for what takes none."""
        assert 40066 == client.post(path, content=JPEG.ljust(130_000)).json()["errcode"]

    @pytest.mark.parametrize(("size", "code"), [(65_536, 40002), (65_537, 47001)])
    def test_a_body_too_large_for_json_is_47001(self, client, size: int, code: int):
        """Where no picture is expected a body has 64 KiB at most."""
        assert code == client.post("/cgi-bin/stable_token", content=b"{}".ljust(size)).json()["errcode"]

    def test_bodies_that_are_coming_are_bounded_together(self, server, monkeypatch):
        """When slow senders hold all the memory for bodies the next is told busy, and when they go there is room."""
        monkeypatch.setattr(app, "MAX_HELD_BYTES", 100_000)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
            head = (
                b"POST /cv/ocr/bankcard HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"
            )
            slow.sendall(head)
            slow.recv(65536)  # it is being read
            slow.sendall(bytes(60_000))
            during = wait_for(lambda: ask(server.port, "POST", READ, JPEG.ljust(60_000)).text, "[busy]")

        assert (True, True) == (
            during,
            wait_for(lambda: ask(server.port, "POST", READ, JPEG.ljust(60_000)).text, NUMBER),
        )

    def test_what_was_answered_is_held_no_more(self, client, monkeypatch):
        """However many bodies came before, the next has all the memory there is for them."""
        monkeypatch.setattr(app, "MAX_HELD_BYTES", 100_000)
        codes = [client.post(READ, content=JPEG.ljust(60_000)).json()["errcode"] for _ in range(3)]

        assert [0, 0, 0] == codes

    def test_a_slow_body_is_cut_off(self, start):
        """A sender that stops in the middle is answered after the deadline and its connection closed."""
        served = start(request_timeout_s=0.2)
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(b"POST /cv/ocr/bankcard HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            received = b"".join(iter(lambda: connection.recv(65536), b""))

        assert (True, True) == (b"the body took over 0.2 s" in received, b"connection: close" in received.lower())

    def test_who_has_nearly_sent_a_slow_body_sees_why_it_was_cut_off(self, start):
        """A client that reads no answer before it has sent all would see a broken pipe."""
        served = start(request_timeout_s=0.2)
        head = b"POST /cv/ocr/bankcard HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(head)
            time.sleep(0.5)
            for _ in range(200):
                connection.sendall(bytes(10_000))
            received = b"".join(iter(lambda: connection.recv(65536), b""))

        assert b"the body took over 0.2 s" in received

    def test_a_body_that_takes_its_time_is_read(self, server):
        """A sender that stops in the middle and goes on before the deadline gets the number."""
        head = f"POST {READ} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(JPEG)}\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            connection.recv(65536)  # the server waits for it
            connection.sendall(JPEG[:5])
            ask(server.port, "GET", "/healthz")
            connection.sendall(JPEG[5:])
            received = b"".join(iter(lambda: connection.recv(65536), b""))

        assert NUMBER.encode() in received

    def test_a_sender_that_goes_away_costs_nothing(self, server):
        """A connection lost in the middle of a body leaves the server well."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(b"POST /cv/ocr/bankcard HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")

        assert '"status":"ok"' in ask(server.port, "GET", "/healthz").text


class TestBodiesOfPages:
    @pytest.mark.parametrize(("path", "method"), [("/healthz", "POST"), ("/", "GET"), ("/openapi.json", "GET")])
    def test_a_slow_body_is_cut_off(self, start, path: str, method: str):
        """No page needs a body; one that trickles in has its time all the same."""
        served = start(request_timeout_s=0.2)
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc".encode())
            received = b"".join(iter(lambda: connection.recv(65536), b""))

        assert received.startswith(b"HTTP/1.1 408 ")

    @pytest.mark.parametrize(("size", "status"), [(65_536, 405), (65_537, 413)])
    def test_a_body_has_a_size(self, client, size: int, status: int):
        """That of any call without a picture; within it the page answers as ever."""
        assert status == client.post("/healthz", content=bytes(size)).status_code


class TestStopping:
    def test_a_call_that_outlasts_the_drain_is_told_busy_and_charged_nothing(self, start, tmp_path, monkeypatch):
        """An error of the server would be no reply of the platform, and the number that nobody gets costs nothing."""
        served = start(drain_s=1)
        monkeypatch.setattr(served.state, "close", lambda: None)  # nothing could be charged to a store that is closed
        served.reader.gate = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(ask, served.port, "POST", READ, JPEG)
            served.reader.entered.acquire(timeout=10)
            served.serving.should_exit = True
            reply = call.result()
            served.reader.gate.set()
        served.thread.join()
        deadline = time.monotonic() + 5
        while any(thread.name.startswith("read") for thread in threading.enumerate()) and time.monotonic() < deadline:
            time.sleep(0.01)
        state = SqliteState(tmp_path / "server.sqlite3", time.time)
        used = state.used("recognize:wx1", beijing_day(time.time()))
        state.close()

        assert (200, True, "close", 0) == (
            reply.status,
            "[busy: stopping]" in reply.text,
            reply.headers["Connection"],
            used,
        )


class TestAdmission:
    def test_a_full_house_answers_busy_at_once(self, start):
        """With its one place taken the server says busy and when to come again, and still issues tokens."""
        served = start(max_concurrent_calls=1)
        served.reader.gate = threading.Event()
        first = threading.Thread(target=ask, args=(served.port, "POST", READ, JPEG))
        first.start()
        served.reader.entered.acquire(timeout=10)
        second = ask(served.port, "POST", READ, JPEG)
        other = ask(served.port, "GET", "/cgi-bin/getcallbackip?access_token=TOKEN")
        served.reader.gate.set()
        first.join()

        assert (True, "1", True, 1) == (
            "system error hint: [busy]" in second.text,
            second.headers["Retry-After"],
            "ip_list" in other.text,
            len(served.reader.seen),
        )

    def test_who_would_wait_too_long_is_told_busy_before_anything_is_asked(self, start, monkeypatch):
        """A third, whose token is none, hears of the line first, and nothing is kept of it."""
        monkeypatch.setattr(Gate, "busy", lambda _gate: Busy(retry_after_s=2.5))
        served = start()
        reply = ask(served.port, "POST", "/cv/ocr/bankcard?access_token=NONE", JPEG)
        said = json.loads(reply.text)
        rid = said["errmsg"].split("rid: ")[1].split()[0]

        assert (-1, "3", None, []) == (
            said["errcode"],
            reply.headers["Retry-After"],
            served.state.record(rid),
            served.reader.seen,
        )

    @pytest.mark.parametrize(("workers", "connections"), [(1, [None, None]), (2, ["close", None])])
    def test_a_worker_that_is_still_reading_sends_the_next_call_to_others(self, start, workers: int, connections: list):
        """It closes the connection behind its answer then, and keeps it when it has nothing else to do."""
        served = start(workers=workers, threads=2)
        served.reader.gate = threading.Event()
        first = threading.Thread(target=ask, args=(served.port, "POST", READ, JPEG))
        first.start()
        served.reader.entered.acquire(timeout=10)
        served.reader.gate, held = None, served.reader.gate
        meanwhile = ask(served.port, "POST", READ, JPEG)
        held.set()
        first.join()
        alone = ask(served.port, "POST", READ, JPEG)

        assert ([NUMBER] * 2, connections) == (
            [json.loads(reply.text)["number"] for reply in (meanwhile, alone)],
            [reply.headers["Connection"] for reply in (meanwhile, alone)],
        )

    @pytest.mark.parametrize(("retry_after_s", "told"), [(0.0, "1"), (1.0, "1"), (2.1, "3"), (30.0, "30")])
    def test_when_to_come_again_is_told_in_whole_seconds(self, server, retry_after_s: float, told: str):
        """What the gate says, rounded up; a second at least."""
        server.reader.outcome = Busy(retry_after_s=retry_after_s)

        assert told == ask(server.port, "POST", READ, JPEG).headers["Retry-After"]

    def test_downloads_take_half_of_the_places(self):
        """Hosts that take their time leave the others to pictures that are sent along; each gives its place back."""
        gate, begun = threading.Event(), threading.Semaphore(0)

        def slow(url: str) -> bytes:
            begun.release()
            gate.wait(10)
            return url.encode()

        fetch = build._at_most(slow, 2)
        with ThreadPoolExecutor(2) as pool:
            two = [pool.submit(fetch, url) for url in ("a", "b")]
            for _ in two:
                begun.acquire(timeout=10)
            with pytest.raises(Busy, match="downloads"):
                fetch("c")
            gate.set()

        assert [b"a", b"b", b"d"] == [*(one.result() for one in two), fetch("d")]

    def test_after_the_rush_there_is_a_place_again(self, start):
        """A place is given back, whether the call went well or not."""
        served = start(max_concurrent_calls=1)
        served.reader.outcome = NoCardFound()
        codes = [json.loads(ask(served.port, "POST", READ, JPEG).text)["errcode"] for _ in range(3)]

        assert [101001] * 3 == codes

    def test_stopping_waits_for_calls_at_work(self, start):
        """A call that is being read when the server is told to stop gets its number."""
        served = start()
        served.reader.gate = threading.Event()
        replies: list[str] = []
        caller = threading.Thread(target=lambda: replies.append(ask(served.port, "POST", READ, JPEG).text))
        caller.start()
        served.reader.entered.acquire(timeout=10)
        served.serving.should_exit = True
        served.reader.gate.set()
        caller.join()
        served.thread.join()

        assert NUMBER == json.loads(replies[0])["number"]


class TestPages:
    def test_probes_answer(self, client):
        """The process lives, and its store answers."""
        assert ({"status": "ok"}, {"status": "ready"}) == (
            client.get("/healthz").json(),
            client.get("/readyz").json(),
        )

    def test_without_its_store_it_is_not_ready(self, server):
        """A store out of reach is 503, for balancers to see."""
        server.state.close()
        found = ask(server.port, "GET", "/readyz")

        assert (503, True) == (found.status, "unavailable" in found.text)

    def test_a_store_that_is_away_from_the_beginning_is_logged(self, start, monkeypatch):
        """Nobody has to ask for it: the server waits for its store, and says so when it begins."""
        monkeypatch.setattr(SqliteState, "ping", Mock(side_effect=StateError("away")))
        with capture_logs() as logged:
            ask(start().port, "GET", "/healthz")

        assert [("the store does not answer", "away"), ("ready", None)] == [
            (line["event"], line.get("reason")) for line in logged[:2]
        ]

    def test_why_it_is_not_ready_is_logged_once(self, server):
        """Strangers learn that it is not, the log why; and when it is again."""
        with capture_logs() as logged:
            for reason in ("away", "away", "full", ""):
                server.state.ping = Mock(side_effect=StateError(reason) if reason else None)
                ask(server.port, "GET", "/readyz")

        assert [("not ready", "away"), ("not ready", "full"), ("ready again", None)] == [
            (line["event"], line.get("reason")) for line in logged if line["event"] in {"not ready", "ready again"}
        ]

    def test_the_page_needs_no_other_host(self, client):
        """The API's page loads nothing: no script, nothing from another address."""
        page = client.get("/docs")

        assert (200, False, False, True) == (
            page.status_code,
            "<script" in page.text,
            "src=" in page.text or "//cdn" in page.text,
            "default-src 'none'" in page.headers["content-security-policy"],
        )

    def test_the_page_shows_every_path(self, client):
        """Each path of the description stands on the page."""
        paths = client.get("/openapi.json").json()["paths"]
        page = client.get("/docs").text

        assert [] == [path for path in paths if f"<code>{path}</code>" not in page]

    def test_pages_may_be_switched_off(self, start):
        """Without docs their paths are no paths."""
        assert "40066" in ask(start(docs=False).port, "GET", "/docs").text


class TestStarting:
    def test_a_port_that_is_taken_is_said(self, server):
        """Who listens at a taken port is told which and what to do."""
        with pytest.raises(SettingsError, match=f"cannot listen at 127.0.0.1:{server.port}.*choose another"):
            run.listen(Settings(port=server.port))

    def test_replies_do_not_wait_for_an_acknowledgement(self):
        """Accepted connections have Nagle's algorithm off."""
        with (
            run.listen(Settings(port=0)) as listener,
            socket.create_connection(listener.getsockname()) as _,
            listener.accept()[0] as accepted,
        ):
            assert 1 == accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    @pytest.mark.parametrize(
        ("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:"), ("::", "http://[::]:")]
    )
    def test_the_address_can_be_typed(self, host: str, shown: str):
        """The address shown is a URL, for IPv6 too."""
        with run.listen(Settings(host=host, port=0)) as listener:
            assert run.url(listener).startswith(shown)

    @pytest.mark.parametrize(("threads", "workers", "expected"), [(3, 8, 3), (0, 1000, 1)])
    def test_threads_are_as_set_or_a_share_of_the_cores(self, threads: int, workers: int, expected: int):
        """The setting counts; without it each process has its share, and one at least."""
        assert expected == build.threads(Settings(threads=threads, workers=workers))

    def test_issuers_of_ones_own_are_known(self, tmp_path):
        """Entries of the operator's file stand in the table, one that cannot be used is said."""
        file = tmp_path / "own.dat"
        file.write_text("issuer My Bank | 我的银行\n  620551 19 debit unionpay\n")
        settings = Settings(iin_file=str(file))
        found = build.table(settings, build.Files.of(settings)).lookup("620551").issuer
        file.write_text("nonsense")

        with pytest.raises(SettingsError, match="iin_file"):
            build.table(settings, build.Files.of(settings))
        assert "My Bank" == found

    def test_a_file_of_issuers_must_be_there(self, tmp_path):
        """A missing file is a wrong setting."""
        with pytest.raises(SettingsError, match="iin_file"):
            build.Files.of(Settings(iin_file=str(tmp_path / "none")))
