"""The page for people, in a real browser on the real product."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from bankcard_ocr import numbers, server
from bankcard_ocr.errors import Busy, CardsDiffer, NumberUnreadable, PictureTooLarge, StateError
from bankcard_ocr.numbers import pan
from bankcard_ocr.server import pages
from bankcard_ocr.settings import Settings

NUMBER = "6200000000000005"  # of the sample card, a published test number
FOLDER = resources.files(server).joinpath("page")


def box(left: int, top: int, right: int, bottom: int) -> dict[str, object]:
    """A position of a reply."""
    corners = {"left_top": (left, top), "right_top": (right, top), "right_bottom": (right, bottom)}
    corners["left_bottom"] = (left, bottom)
    return {"pos": {name: {"x": x, "y": y} for name, (x, y) in corners.items()}}


def png(size: tuple[int, int] = (400, 250), stripes: int = 0) -> bytes:
    """A white PNG, with black stripes from edge to edge."""
    picture = Image.new("RGB", size, "white")
    wide = size[0] // (2 * stripes) if stripes else 0
    for at in range(stripes):
        picture.paste("black", (2 * at * wide, 0, (2 * at + 1) * wide, size[1]))
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


WHITE = png()
STRIPES = png(stripes=20)
WARNINGS = {
    "border_incomplete": "cut off",
    "blurred": "blurred",
    "glare": "glare",
    "occluded": "covered",
    "too_small": "too small",
    "photocopy": "photocopy",
    "screen": "shown on a screen",
    "expired": "expired",
    "luhn_failed": "check digit does not hold",
    "unknown_iin": "issuer unknown",
    "several_cards": "several cards",
    "not_upright": "not upright",
}
REPLY = {
    "errcode": 0,
    "errmsg": "ok",
    "number": NUMBER,
    "id": NUMBER,
    "confidence": 0.995,
    "valid_date": "12/30",
    "issue_date": "01/25",
    "holder_name": "LI MING",
    "bank_name": "测试银行",
    "bank_name_en": "Test Bank",
    "card_name": "Gold",
    "card_type": "debit",
    "network": "unionpay",
    "bin": "62000000",
    "bin_table": {"version": "1", "date": "2026-01-02"},
    "bin_candidates": [],
    "number_position": box(36, 106, 364, 136),
    "digit_positions": [
        {**box(40 + 20 * at, 110, 56 + 20 * at, 132), "confidence": 0.8 if at == 2 else 0.999} for at in range(16)
    ],
    "valid_date_position": box(150, 160, 200, 172),
    "issue_date_position": box(90, 160, 140, 172),
    "holder_name_position": box(40, 190, 140, 205),
    "card_position": box(10, 10, 390, 240),
    "img_size": {"w": 400, "h": 250},
    "warnings": list(WARNINGS),
}


def replied(page, reply: dict[str, object], shown: str, picture: bytes = WHITE):
    """The page, when it shows ``reply`` as the answer to a picture, a white one unless told."""
    page.route("**/cv/ocr/bankcard?**", lambda route: route.fulfill(json=reply))
    page.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": picture})
    page.locator(shown).wait_for()
    return page


def held(page, path: str) -> list:
    """The calls of ``path`` from now on, which are not sent before a test lets them continue."""
    routes: list = []
    page.route(f"**/{path}**", lambda route: routes.append(route))  # noqa: PLW0108  # Playwright marks what it is given
    return routes


def until(page, true: Callable[[], object]) -> None:
    """Lets the page work until something is true."""
    for _ in range(400):
        if true():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it did not come true within ten seconds")


def settled(page) -> None:
    """Lets the page do what it does at once, such as with the answer that it has just got."""
    page.wait_for_timeout(200)


def bring(page, way: str) -> None:
    """Pastes or drops the sample card."""
    page.evaluate(
        """async (way) => {
            const items = new DataTransfer();
            const sample = await (await fetch("sample.jpg")).blob();
            items.items.add(new File([sample], "card.jpg", { type: "image/jpeg" }));
            const [kind, carrier] = way === "paste" ? [ClipboardEvent, "clipboardData"] : [DragEvent, "dataTransfer"];
            document.dispatchEvent(new kind(way, { [carrier]: items, bubbles: true, cancelable: true }));
        }""",
        way,
    )


def film(page, pictures: int = 1) -> list:
    """The held frames of a live camera that has begun, once there are as many as asked for."""
    frames = held(page, "cv/ocr/bankcard")
    page.get_by_role("button", name="Live camera").click()
    until(page, lambda: len(frames) >= pictures)
    return frames


def texts(language: str) -> set[str]:
    """The keys of the texts in one language."""
    script = FOLDER.joinpath("texts.js").read_text("utf-8")
    found = re.search(rf"(?ms)^  {language}: \{{(.*?)^  \}},", script)
    return set(re.findall(r'(?:^|[,\s])"?([a-z]\w*(?:-\d+)?)"?: "', found[1]))


class TestFiles:
    def test_it_is_small(self):
        """The whole page is under 150 KB."""
        assert sum(len(each.read_bytes()) for each in FOLDER.iterdir()) < 150_000

    def test_both_languages_say_everything(self):
        """Each text exists in English and in Chinese."""
        assert texts("en") == texts("zh")
        assert len(texts("en")) > 100

    def test_its_headers(self, product):
        """It may load from its own host only, run no inline code, use the camera, and is asked for anew by its ETag."""
        first = httpx.get(f"{product.url}/")
        again = httpx.get(f"{product.url}/", headers={"if-none-match": first.headers["etag"]})

        assert (200, 304, "no-cache", "nosniff", True, True, False) == (
            first.status_code,
            again.status_code,
            first.headers["cache-control"],
            first.headers["x-content-type-options"],
            "camera=(self)" in first.headers["permissions-policy"],
            first.headers["content-security-policy"].startswith("default-src 'none';"),
            "unsafe" in first.headers["content-security-policy"],
        )

    @pytest.mark.parametrize("most", [1, Settings().max_picture_bytes, 10_000_000])
    def test_it_knows_the_largest_picture(self, most: int):
        """As the server is set."""
        app = Starlette(routes=pages.routes(Settings(max_picture_bytes=most), Mock()))

        async def page() -> str:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
                return (await client.get("/")).text

        assert f'data-most-bytes="{most}"' in asyncio.run(page())


class TestReading:
    def test_the_number_is_masked_until_asked_for(self, logged_in):
        """The sample card is read; number and reply show the middle digits only after a click."""
        logged_in.get_by_role("button", name="Sample card").click()
        number = logged_in.locator("#number")
        number.wait_for()
        before = number.inner_text(), NUMBER in logged_in.content()
        logged_in.get_by_role("button", name="Show the number").click()

        assert (("6200 00•• •••• 0005", False), "6200 0000 0000 0005", True) == (
            before,
            number.inner_text(),
            f'"number": "{NUMBER}"' in logged_in.locator("#reply").text_content(),
        )

    def test_a_picture_chosen_before_the_login_is_read_after_it(self, page, product):
        """Choosing a file asks for the login, which then reads it; what is no picture is refused with its code."""
        page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
        page.get_by_text("Log in first").wait_for()
        page.get_by_label("appid").fill(product.appid)
        page.get_by_label("Secret").fill(product.secret)
        page.keyboard.press("Enter")
        page.locator("#refusal-what").wait_for()

        assert page.locator("#refusal-what").inner_text() == "The bytes are no picture, a damaged one, or too large."
        assert page.locator("#refusal-do").inner_text() == "The format is unknown: send a JPEG."
        assert page.locator("#refusal-said").inner_text().startswith("101002 decode image failed")

    def test_the_camera_asks_for_the_login(self, page):
        """And promises to read no picture, for there is none."""
        page.get_by_role("button", name="Live camera").click()

        assert "Log in first, then start the camera." == page.locator("#status").inner_text()

    @pytest.mark.parametrize("way", ["paste", "drop"])
    def test_a_picture_is_pasted_or_dropped(self, logged_in, way: str):
        """A picture in the clipboard, or dropped anywhere on the page, is read."""
        bring(logged_in, way)
        logged_in.locator("#number").wait_for()

        assert "6200 00•• •••• 0005" == logged_in.locator("#number").inner_text()

    def test_a_picture_pasted_on_the_operators_tab_is_seen(self, logged_in):
        """It is charged like any other, so the tab that shows it comes forward, and the keyboard with it."""
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#rid").focus()
        bring(logged_in, "paste")
        logged_in.locator("#number").wait_for()

        assert ("Read a card", "tab-read") == (
            logged_in.get_by_role("tab", selected=True).inner_text(),
            logged_in.evaluate("document.activeElement.id"),
        )

    @pytest.mark.parametrize(
        ("kind", "place", "kept"), [("text/plain", "#appid", False), ("text/uri-list", "#stage", True)]
    )
    def test_only_files_are_for_the_page(self, page, kind: str, place: str, kept: bool):
        """Text can be dragged into a field; a link dropped elsewhere neither leaves the page nor seems welcome."""
        found = page.evaluate(
            """([kind, place]) => {
                const dataTransfer = new DataTransfer();
                dataTransfer.setData(kind, "http://127.0.0.1/");
                return ["dragover", "drop"].map((name) => {
                    const event = new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true });
                    document.querySelector(place).dispatchEvent(event);
                    return event.defaultPrevented;
                });
            }""",
            [kind, place],
        )

        assert ([kept, kept], 0) == (found, page.locator(".stage.over").count())

    def test_several_pictures_of_a_card_are_one_call(self, logged_in):
        """They are sent as img, img2 and so on; the one that the reply is about is drawn, a PDF told by its name."""
        sent = []

        def answer(route):
            sent.append(re.findall(rb'name="(img\d?)"', route.request.post_data_buffer))
            route.fulfill(body=json.dumps({**REPLY, "picture": 1}), content_type="application/json")

        logged_in.route("**/cv/ocr/bankcard?**", answer)
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        pdf = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
        logged_in.locator("#file").set_input_files([pdf, picture, picture])
        logged_in.locator("#number").wait_for()
        drawn = logged_in.locator("#canvas").is_visible()
        logged_in.locator("#file").set_input_files([picture, pdf])
        logged_in.get_by_text("scan.pdf").wait_for()

        assert ([[b"img", b"img2", b"img3"], [b"img", b"img2"]], True, False) == (
            sent,
            drawn,
            logged_in.locator("#canvas").is_visible(),
        )

    @pytest.mark.parametrize("kind", ["application/pdf", "image/avif"])
    def test_what_server_or_browser_alone_knows_is_read(self, logged_in, kind: str):
        """A PDF, of which nothing is drawn, as it is; an AVIF as the JPEG that is drawn, not told to be smaller."""
        file = io.BytesIO()
        sample = resources.files(server).joinpath("sample.jpg").read_bytes()
        Image.open(io.BytesIO(sample)).save(file, kind.partition("/")[2])
        logged_in.locator("#file").set_input_files({"name": "card", "mimeType": kind, "buffer": file.getvalue()})
        logged_in.locator("#number").wait_for()

        assert "6200 00•• •••• 0005" == logged_in.locator("#number").inner_text()
        assert 0 == logged_in.get_by_text("The picture was made smaller").count()

    def test_a_large_picture_is_made_small_enough(self, logged_in):
        """One of noise, which JPEG hardly makes smaller, is sent with at most 2 MiB all the same."""
        file, sent = io.BytesIO(), []
        Image.frombytes("RGB", (2400, 1500), os.urandom(2400 * 1500 * 3)).save(file, "png", compress_level=0)

        def answer(route):
            sent.append(len(route.request.post_data_buffer))
            route.fulfill(json=REPLY)

        logged_in.route("**/cv/ocr/bankcard?**", answer)
        logged_in.locator("#file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}
        )
        logged_in.get_by_text("The picture was made smaller").wait_for()

        assert 1_000_000 < sent[0] < 2 * 1024 * 1024 + 1000  # the form's own bytes are few

    @pytest.mark.parametrize(
        ("most", "told", "least"),
        [(2**20, "it was over 1 MiB", 300_000), (1000, "it was over 0.000954 MiB", 1000)],  # which noise never fits
    )
    def test_what_is_large_is_for_the_server_to_say(self, logged_in, most: int, told: str, least: int):
        """It may be set to take less, even less than any picture has: then the picture is sent, for its refusal."""
        sent: list[int] = []

        def answer(route):
            sent.append(len(route.request.post_data_buffer))
            route.fulfill(json=REPLY)

        logged_in.evaluate("most => (document.documentElement.dataset.mostBytes = most)", most)
        logged_in.route("**/cv/ocr/bankcard?**", answer)
        file = io.BytesIO()
        Image.frombytes("RGB", (900, 600), os.urandom(900 * 600 * 3)).save(file, "png", compress_level=0)
        logged_in.locator("#file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}
        )
        logged_in.get_by_text(told).wait_for()

        assert least < sent[0] < max(most, 100_000) + 1000

    def test_a_large_picture_is_shown_while_it_is_made_smaller(self, logged_in):
        """That takes seconds on a phone; the card of before is gone by then."""
        replied(logged_in, REPLY, "#number")
        logged_in.evaluate("() => { HTMLCanvasElement.prototype.toBlob = () => {}; }")
        file = io.BytesIO()
        Image.new("RGB", (1200, 700), "white").save(file, "png", compress_level=0)
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}
        logged_in.locator("#file").set_input_files(picture)
        logged_in.locator("#canvas").wait_for()
        until(logged_in, lambda: logged_in.evaluate("document.getElementById('canvas').width") != 400)

        assert (False, 1200) == (
            logged_in.locator("#number").is_visible(),
            logged_in.evaluate("document.getElementById('canvas').width"),
        )

    def test_a_large_picture_is_said_to_be_read_while_it_is_unpacked(self, logged_in):
        """That takes seconds on a phone, too; the card of before is gone by then."""
        replied(logged_in, REPLY, "#number")
        logged_in.evaluate("() => { window.createImageBitmap = () => new Promise(() => {}); }")
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE + bytes(2**21)}
        logged_in.locator("#file").set_input_files(picture)
        logged_in.locator("#busy").wait_for()

        assert (False, "a.png") == (
            logged_in.locator("#number").is_visible(),
            logged_in.locator("#drop-name").inner_text(),
        )

    def test_no_picture_is_kept_in_full(self, logged_in):
        """A photograph may be 200 MB of pixels: one at a time is unpacked, and goes when it was made smaller."""
        logged_in.evaluate(
            """() => {
                const unpack = createImageBitmap, close = ImageBitmap.prototype.close;
                window.full = { now: 0, most: 0 };
                window.createImageBitmap = async (file) => {
                    const bitmap = await unpack(file);
                    full.most = Math.max(full.most, (full.now += 1));
                    return bitmap;
                };
                ImageBitmap.prototype.close = function () {
                    full.now -= 1;
                    close.call(this);
                };
            }"""
        )
        file = io.BytesIO()
        Image.new("RGB", (6000, 4000), "white").save(file, "jpeg")
        picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
        logged_in.route("**/cv/ocr/bankcard?**", lambda route: route.fulfill(json=REPLY))
        logged_in.locator("#file").set_input_files([picture] * 4)
        logged_in.locator("#number").wait_for()

        assert ({"now": 0, "most": 1}, 1600) == (
            logged_in.evaluate("full"),
            logged_in.evaluate("document.getElementById('canvas').width"),
        )

    def test_a_folder_is_said_to_be_none(self, logged_in, tmp_path):
        """A file that the browser cannot read is not sent, and is not taken for a server out of reach."""
        (tmp_path / "cards").mkdir()
        browser = logged_in.context.new_cdp_session(logged_in)
        data = {"items": [], "files": [str(tmp_path / "cards")], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            browser.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 400, "data": data})
        logged_in.get_by_text("cannot be read").wait_for()

        assert ("cards cannot be read: it is a folder, or is gone.", []) == (
            logged_in.locator("#status").inner_text(),
            [url for url in logged_in.asked if "bankcard?" in url],
        )

    @pytest.mark.parametrize("end", [{"abort": True}, {"status": 404}])
    def test_a_sample_out_of_reach_is_said(self, logged_in, end: dict[str, object]):
        """Nothing is sent, and the console is silent but for the browser's own line."""
        logged_in.route("**/sample.jpg", lambda route: route.abort() if "abort" in end else route.fulfill(**end))
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.get_by_text("The server cannot be reached.").wait_for()

        assert [] == [line for line in logged_in.said if "Failed to load resource" not in line]

    def test_nine_pictures_are_too_many(self, logged_in):
        """Nothing is sent, and it is said."""
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        logged_in.locator("#file").set_input_files([picture] * 9)

        assert "At most 8 pictures of one card are read together." == logged_in.locator("#status").inner_text()

    def test_the_camera_stops_by_itself_when_frames_agree(self, logged_in):
        """The film of the sample card is read, and the camera is off afterwards."""
        logged_in.get_by_role("button", name="Live camera").click()
        logged_in.get_by_text("the frames agree").wait_for()
        streaming = logged_in.evaluate("document.getElementById('video').srcObject !== null")

        assert (False, "6200 00•• •••• 0005") == (streaming, logged_in.locator("#number").inner_text())

    def test_nothing_is_kept_and_no_other_host_is_asked(self, logged_in, product):
        """After login and a reading the browser's stores are empty, the address bar is bare, and the console silent."""
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#number").wait_for()
        kept = [logged_in.context.storage_state(), logged_in.evaluate("sessionStorage.length")]
        abroad = [url for url in logged_in.asked if not url.startswith(product.url)]
        told = [url for url in logged_in.asked if product.secret in url]

        assert ([{"cookies": [], "origins": []}, 0], f"{product.url}/", [], [], []) == (
            kept,
            logged_in.url,
            abroad,
            told,
            logged_in.said,
        )


class TestTurns:
    """What is still on its way when something else is begun."""

    def test_a_camera_that_ends_late_leaves_the_picture_chosen_meanwhile(self, logged_in):
        """The film is hidden at once; its last frame is neither drawn nor told, and the picture's own answer is."""
        frames = film(logged_in)
        logged_in.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": WHITE})
        until(logged_in, lambda: len(frames) == 2)
        filming = logged_in.locator("#video").is_visible()
        frames[1].fulfill(json=REPLY)
        logged_in.locator("#number").wait_for()
        frames[0].fulfill(json={**REPLY, "number": "4111111111111111", "img_size": {"w": 1280, "h": 800}})
        settled(logged_in)

        assert (False, False, "6200 00•• •••• 0005", 400) == (
            filming,
            logged_in.locator("#drop").is_visible(),
            logged_in.locator("#number").inner_text(),
            logged_in.evaluate("document.getElementById('canvas').width"),
        )

    def test_a_sample_that_arrives_late_leaves_the_picture_chosen_meanwhile(self, logged_in):
        """It is not sent at all."""
        samples, calls = held(logged_in, "sample.jpg"), held(logged_in, "cv/ocr/bankcard")
        logged_in.get_by_role("button", name="Sample card").click()
        until(logged_in, lambda: samples)
        logged_in.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": WHITE})
        until(logged_in, lambda: calls)
        samples[0].continue_()
        settled(logged_in)

        assert 1 == len(calls)

    def test_a_picture_read_late_leaves_the_one_chosen_meanwhile(self, logged_in):
        """The answer to the earlier picture is not shown."""
        calls = held(logged_in, "cv/ocr/bankcard")
        for count in (1, 2):
            logged_in.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": WHITE})
            until(logged_in, lambda count=count: len(calls) == count)
        calls[1].fulfill(json=REPLY)
        logged_in.locator("#number").wait_for()
        calls[0].fulfill(json={**REPLY, "number": "4111111111111111"})
        settled(logged_in)

        assert "6200 00•• •••• 0005" == logged_in.locator("#number").inner_text()

    def test_a_camera_that_was_stopped_counts_the_frame_on_its_way(self, logged_in):
        """It was sent and is charged; the camera itself is let go of at once, and can be begun anew."""
        [frame] = film(logged_in)
        logged_in.get_by_role("button", name="Stop the camera").click()
        streaming = logged_in.evaluate("document.getElementById('video').srcObject !== null")
        frame.fulfill(json=REPLY)
        logged_in.get_by_text("Camera stopped. Frames charged: 1.").wait_for()
        logged_in.unroute_all()
        logged_in.get_by_role("button", name="Live camera").click()
        logged_in.get_by_text("the frames agree").wait_for()

        assert not streaming

    def test_a_camera_that_waits_for_a_busy_server_stops_at_once(self, logged_in):
        """Nothing is on its way then; what it says is no longer that it reads."""
        [frame] = film(logged_in)
        busy = {"errcode": 45011, "errmsg": "api minute-quota reach limit hint: [over 60 calls this minute] rid: 1"}
        frame.fulfill(json=busy, headers={"retry-after": "60"})
        logged_in.get_by_text("The server is busy").wait_for()
        logged_in.get_by_role("button", name="Stop the camera").click()
        logged_in.get_by_text("Camera stopped.").wait_for()

        assert "Camera stopped. Frames charged: 0." == logged_in.locator("#status").inner_text()

    def test_a_camera_ends_when_the_server_has_a_lasting_fault(self, logged_in):
        """It tries ten times in a row; what it shows then is the server's refusal."""
        logged_in.evaluate("() => { const later = setTimeout; window.setTimeout = (run) => later(run, 20); }")
        sent = []

        def answer(route):
            code = 101001 if len(sent) == 5 else -1
            sent.append(code)
            route.fulfill(json={"errcode": code, "errmsg": "system error hint: [no card found] rid: 1"})

        logged_in.route("**/cv/ocr/bankcard?**", answer)
        logged_in.get_by_role("button", name="Live camera").click()
        logged_in.locator("#refusal-what").wait_for()

        assert ([-1] * 5 + [101001] + [-1] * 10, False, True) == (
            sent,
            logged_in.evaluate("document.getElementById('video').srcObject !== null"),
            logged_in.locator("#refusal-what").inner_text().startswith("The server is busy or has a fault"),
        )

    @pytest.fixture
    def cameras(self, logged_in):
        """The page in a browser of two cameras, ``a`` and ``b``, and a third that was unplugged; ``a`` comes first."""
        logged_in.evaluate(
            """() => {
                const media = navigator.mediaDevices, film = media.getUserMedia.bind(media);
                window.opened = [];
                window.filming = () => opened.filter(({ track }) => track.readyState === "live").map(({ id }) => id);
                const kind = "videoinput";
                media.enumerateDevices = async () =>
                    ["a", "b", "gone"].map((deviceId) => ({ kind, deviceId, label: `Camera ${deviceId}` }));
                media.getUserMedia = async ({ video: { deviceId } }) => {
                    const id = deviceId?.exact ?? "a";
                    if (id === "gone") throw new DOMException("", "OverconstrainedError");
                    const stream = await film({ video: true }), [track] = stream.getTracks();
                    track.getSettings = () => ({ deviceId: id });
                    opened.push({ id, track });
                    return stream;
                };
            }"""
        )
        return logged_in

    def test_another_camera_is_chosen(self, cameras):
        """One films at a time; the next film is of the camera that was chosen, until it is gone."""
        frames = film(cameras)
        no_card = {"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"}
        picker, button = cameras.get_by_label("Camera", exact=True), cameras.locator("#camera")
        seen = [picker.input_value(), *picker.locator("option").all_inner_texts()]
        picker.select_option("b")
        frames[0].fulfill(json=no_card)
        until(cameras, lambda: len(frames) == 2)
        filming = [cameras.evaluate("filming()"), picker.input_value()]
        button.click()
        frames[1].fulfill(json=no_card)
        cameras.get_by_text("Camera stopped. Frames charged: 2.").wait_for()
        left = [cameras.evaluate("filming()"), picker.is_visible()]
        button.click()
        until(cameras, lambda: len(frames) == 3)
        again = picker.input_value()
        picker.focus()
        picker.select_option("gone")
        frames[2].fulfill(json=no_card)
        cameras.get_by_text("The camera is gone").wait_for()
        focused = cameras.evaluate("document.activeElement.id")
        button.click()
        until(cameras, lambda: len(frames) == 4)

        assert (["a", "Camera a", "Camera b", "Camera gone"], [["b"], "b"], [[], False], "b", "camera", "a") == (
            seen,
            filming,
            left,
            again,
            focused,
            picker.input_value(),
        )

    def test_a_camera_alone_is_not_to_be_chosen(self, logged_in):
        """There is nothing to choose."""
        film(logged_in)

        assert not logged_in.locator("#cameras").is_visible()

    def test_a_camera_begun_anew_gives_no_earlier_advice(self, logged_in):
        """As long as the browser asks whether the page may film, it says what is waited for."""
        [frame] = film(logged_in)
        frame.fulfill(json={"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"})
        logged_in.get_by_role("button", name="Stop the camera").click()
        logged_in.evaluate("() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }")
        logged_in.get_by_role("button", name="Live camera").click()

        assert ("Waiting for the camera", "Reading …") == (
            logged_in.locator("#guide").inner_text(),
            logged_in.locator("#status").inner_text(),
        )

    def test_the_film_is_in_view_on_a_phone(self, logged_in):
        """The button stands below it, so that half of it may be above the screen when the camera begins."""
        logged_in.emulate_media(reduced_motion="reduce")
        logged_in.set_viewport_size({"width": 360, "height": 740})
        logged_in.locator("#camera").evaluate("button => button.scrollIntoView({ block: 'start' })")
        before = logged_in.locator("#stage").bounding_box()["y"]
        film(logged_in)

        assert (True, True) == (before < 0, logged_in.locator("#stage").bounding_box()["y"] >= 0)

    def test_a_camera_that_is_unplugged_stops(self, logged_in):
        """It says so, and no black frame is sent and charged."""
        frames = film(logged_in)
        logged_in.evaluate(
            """() => {
                const [track] = document.getElementById("video").srcObject.getTracks();
                track.stop();
                track.dispatchEvent(new Event("ended"));
            }"""
        )
        frames[0].fulfill(json={"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"})
        logged_in.get_by_text("The camera is gone").wait_for()
        logged_in.wait_for_timeout(1000)

        assert (1, False, "Live camera") == (
            len(frames),
            logged_in.locator("#video").is_visible(),
            logged_in.locator("#camera").inner_text(),
        )

    def test_texts_survive_a_change_of_the_language(self, logged_in):
        """While a picture is read, and where there is none, the status says the same in the other language."""
        calls = held(logged_in, "cv/ocr/bankcard")
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        said = []
        for files in ([picture], [picture] * 9):
            logged_in.locator("#file").set_input_files(files)
            until(logged_in, lambda: calls)
            logged_in.locator("#language").click()
            said.append(logged_in.locator("#status").inner_text())
            logged_in.locator("#language").click()

        assert ["正在识别……", "一次最多识别同一张卡的 8 张图片。"] == said


class TestLogOut:
    """It ends what is still on its way."""

    def test_a_frame_on_its_way_is_not_shown(self, logged_in):
        """Neither picture nor number, nor a line among the calls."""
        [frame] = film(logged_in)
        logged_in.get_by_role("button", name="Log out").click()
        frame.fulfill(json=REPLY)
        settled(logged_in)

        assert (False, False, "No call was made yet.") == (
            logged_in.locator("#number").is_visible(),
            logged_in.locator("#canvas").is_visible(),
            logged_in.locator("#replies").text_content(),
        )

    @pytest.mark.parametrize("held_at", ["cv/ocr/bankcard", "cgi-bin/stable_token"])
    def test_a_token_that_is_renewed_logs_nobody_in(self, logged_in, held_at: str):
        """Neither one on its way, nor one that a refusal would make the page ask for."""
        logged_in.route(
            "**/cv/ocr/bankcard?**", lambda route: route.fulfill(json={"errcode": 42001, "errmsg": "expired rid: 1"})
        )
        calls = held(logged_in, held_at)
        logged_in.get_by_role("button", name="Sample card").click()
        until(logged_in, lambda: calls)
        logged_in.get_by_role("button", name="Log out").click()
        before = len(logged_in.asked)
        if "token" in held_at:
            calls[0].continue_()
        else:
            calls[0].fulfill(json={"errcode": 42001, "errmsg": "expired rid: 1"})
        settled(logged_in)

        assert (True, []) == (logged_in.locator("#login").is_visible(), logged_in.asked[before:])

    def test_a_refusal_to_the_earlier_app_is_not_repeated_as_the_next(self, logged_in, product):
        """The picture of the one that logged out is not sent with the token of who logged in meanwhile."""
        calls = held(logged_in, "cv/ocr/bankcard")
        logged_in.get_by_role("button", name="Sample card").click()
        until(logged_in, lambda: calls)
        logged_in.get_by_role("button", name="Log out").click()
        logged_in.get_by_label("appid").fill(product.appid)
        logged_in.get_by_label("Secret").fill(product.secret)
        logged_in.get_by_role("button", name="Log in").click()
        logged_in.get_by_role("button", name="Log out").wait_for()
        calls[0].fulfill(json={"errcode": 42001, "errmsg": "expired rid: 1"})
        settled(logged_in)

        assert (1, False) == (len(calls), logged_in.locator("#refusal").is_visible())

    def test_the_operators_tab_shows_nothing_of_the_earlier_app(self, logged_in):
        """Quota, past days, what ended calls and a record that were asked for; nor is asked further without a token."""
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#number").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#quota").get_by_text("of 500").wait_for()
        logged_in.locator("#quota").get_by_text(re.compile(r"of \d+, \d+ left")).nth(1).wait_for()
        quotas, records = held(logged_in, "cgi-bin/openapi/quota/get"), held(logged_in, "cgi-bin/openapi/rid/get")
        logged_in.get_by_role("button", name="Ask again").click()
        logged_in.get_by_role("button", name=re.compile("Why")).last.click()
        until(logged_in, lambda: quotas and records)
        logged_in.get_by_role("button", name="Log out").click()
        quotas[0].continue_()
        records[0].continue_()
        settled(logged_in)

        assert (["Log in to see it."] * 3, "", 1) == (
            [logged_in.locator(place).inner_text() for place in ("#quota", "#days", "#ends")],
            logged_in.locator("#record").inner_text(),
            len(quotas),
        )


@pytest.mark.parametrize("language", ["curl", "python"])
class TestRequest:
    """The requests to copy, run as they stand."""

    @pytest.fixture(autouse=True)
    def _tools(self, language):
        if language == "curl" and not (shutil.which("curl") and shutil.which("bash")):
            pytest.skip("curl or bash is not installed")
        if language == "python":
            pytest.importorskip("requests")

    def test_it_reads_a_card(self, logged_in, product, tmp_path, language: str):
        """With one picture as with the two that were just read."""
        texts = [logged_in.locator(f"#{language}").text_content()]
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        logged_in.route("**/cv/ocr/bankcard?**", lambda route: route.fulfill(json=REPLY))
        logged_in.locator("#file").set_input_files([picture] * 2)
        logged_in.locator("#number").wait_for()
        texts.append(logged_in.locator(f"#{language}").text_content())
        said = [run(language, text, tmp_path, product.secret).stdout for text in texts]

        assert ([True, True], [False, True]) == (
            [NUMBER in text for text in said],
            ["img2" in text and "card2.jpg" in text for text in texts],
        )

    def test_a_wrong_secret_is_what_it_says(self, logged_in, tmp_path, language: str):
        """The reply about the token is told, and nothing else is called."""
        end = run(language, logged_in.locator(f"#{language}").text_content(), tmp_path, "wrong")

        assert (True, False) == ("40125" in end.stdout + end.stderr, "40001" in end.stdout + end.stderr)


class TestFields:
    """Replies made up to have everything, on a white picture."""

    @pytest.fixture
    def answered(self, logged_in):
        """Shows the reply with changes, as if the server had given it for a white picture."""
        return lambda picture=WHITE, **changes: replied(logged_in, {**REPLY, **changes}, "#number", picture)

    @pytest.fixture
    def refused(self, logged_in):
        """Shows a refusal with details, as if the server had given it for a white picture."""
        errmsg = "certificate not found hint: [number unreadable: digits 7 uncertain] rid: 1"
        refusal = {"errcode": 101001, "errmsg": errmsg, "warnings": ["glare"]}
        return lambda picture=WHITE, **details: replied(logged_in, {**refusal, **details}, "#refusal-what", picture)

    def test_every_field_is_told(self, answered):
        """Holder, dates, bank, network, warnings and unsure digits have their names; the legend has what is drawn."""
        page = answered()

        facts = zip(
            page.locator("#facts dt").all_inner_texts(), page.locator("#facts dd").all_inner_texts(), strict=True
        )

        assert {
            "Bank": "Test Bank · 测试银行",
            "Card": "Gold",
            "Type": "debit",
            "Network": "UnionPay",
            "Holder": "LI MING",
            "Valid until": "12/30",
            "Issued": "01/25",
            "Leading digits": "620000",
            "Table of issuers": "2026-01-02",
        } == dict(facts)
        assert list(WARNINGS.values()) == page.locator("#warnings li").all_inner_texts()
        assert ["card", "number", "digit", "unsure digit", "date", "holder"] == page.locator(
            "#legend li"
        ).all_inner_texts()
        assert "digit 3: 80.0\u00a0%" in page.get_by_role("img", name="Certainty of each digit").get_attribute(
            "aria-label"
        )

    def test_nothing_is_drawn_over_the_cover(self, answered):
        """Between the sixth and the last four digits the drawing is one dark colour, until asked for."""
        page = answered()
        hidden = colours(page, 160, 112, 270, 130)
        page.get_by_role("button", name="Show the number").click()

        assert (True, True) == (is_dark(hidden), (255, 255, 255) in colours(page, 160, 112, 270, 130))

    def test_every_card_is_told_and_covered(self, answered):
        """Of several cards each has its masked number or its cause, and every number's middle is covered."""
        other = {"number": "4111111111111111", "confidence": 0.99, "number_position": box(40, 200, 360, 220)}
        unread = {
            "number": None,
            "refusal": "number unreadable: digits 7-9 uncertain",
            "card_position": box(300, 140, 395, 190),
        }
        twin = {"number": NUMBER, "confidence": 0.99, "number_position": box(40, 40, 360, 60)}
        own = {"number": NUMBER, "confidence": 1.0, "number_position": REPLY["number_position"]}
        page = answered(cards=[twin, own, other, unread])
        listed = page.locator("#cards li").all_inner_texts()

        assert (
            ["6200 00•• •••• 0005", "6200 00•• •••• 0005", "4111 11•• •••• 1111", "Digits 7-9 are unsure."],
            [True] * 3,
            False,
        ) == (
            listed,
            [
                is_dark(colours(page, *part))
                for part in ((150, 204, 250, 216), (150, 44, 250, 56), (330, 155, 380, 180))
            ],
            "4111111111111111" in page.content(),
        )

    def test_a_refusal_shows_what_was_seen(self, refused):
        """Warnings, card and line of the number, whose middle is covered until asked for."""
        page = refused(**{name: REPLY[name] for name in ("number_position", "card_position", "img_size")}, cards=[])
        hidden = colours(page, 160, 112, 270, 130)
        said = page.locator("#refusal-do").inner_text(), page.locator("#refusal-warnings li").all_inner_texts()
        legend = page.locator("#legend li").all_inner_texts()
        page.get_by_role("button", name="Show the picture").click()

        assert (("Digit 7 is unsure.", ["glare"]), ["card", "number"], True, True) == (
            said,
            legend,
            is_dark(hidden),
            (255, 255, 255) in colours(page, 160, 112, 270, 130),
        )

    def test_a_refused_card_is_covered_where_its_number_was_seen(self, refused):
        """It is listed among the cards, too; another one that was not read is covered whole."""
        seen = {name: REPLY[name] for name in ("number_position", "card_position", "img_size")}
        own = {"number": None, "refusal": "number unreadable: digits 7 uncertain", **seen}
        other = {"number": None, "refusal": "no card found", "card_position": box(300, 200, 395, 245)}
        page = refused(**seen, cards=[own, other])

        assert (True, True, False) == (
            is_dark(colours(page, 160, 112, 270, 130)),
            is_dark(colours(page, 330, 215, 380, 235)),
            is_dark(colours(page, 160, 60, 270, 90)),
        )

    @pytest.mark.parametrize(
        ("cause", "what", "tips"),
        [
            (NumberUnreadable(digits=(7,)).cause, "Take the picture again: closer", True),
            (NumberUnreadable(is_cut=True).cause, "with the whole card and some room around it", True),
            (NumberUnreadable(is_unlike=True).cause, "Another picture will not help", False),
            (CardsDiffer().cause, "Send pictures of one card", False),
        ],
    )
    def test_another_picture_is_asked_for_where_it_helps(self, refused, cause: str, what: str, tips: bool):
        """Nearer, but for what is cut off; not of a number that is clear and no card's, nor of pictures that differ."""
        page = refused(errmsg=f"certificate not found hint: [{cause}] rid: 1")

        assert (True, tips) == (what in page.locator("#refusal-what").inner_text(), page.locator("#tips").is_visible())

    def test_an_errmsg_without_a_hint_is_told_once(self, refused):
        """It stands below, with its code; no cause is told where the server names none."""
        page = refused(errcode=-1, errmsg="system error rid: 1")

        assert ("", "-1 system error rid: 1") == (
            page.locator("#refusal-do").inner_text(),
            page.locator("#refusal-said").inner_text(),
        )

    @pytest.mark.parametrize(
        ("confidence", "told"),
        [(1.0, ">99.9\u00a0%"), (0.99951, ">99.9\u00a0%"), (0.9995, "99.9\u00a0%"), (0.98999, "98.9\u00a0%")],
    )
    def test_no_certainty_is_said_to_be_100(self, answered, confidence: float, told: str):
        """Certainties are rounded down, those next to 1 too."""
        page = answered(confidence=confidence)

        assert told == page.locator("#certainty strong").inner_text()

    @pytest.mark.parametrize("seen", [(), ("number_position", "card_position", "img_size")])
    def test_a_refused_picture_is_blurred_until_it_is_asked_for(self, refused, seen: tuple[str, ...]):
        """A line that was located may be only a part of the number, so that its middle does not hide the number's."""
        page = refused(STRIPES, **{name: REPLY[name] for name in seen})
        before = edges(page)
        page.get_by_role("button", name="Show the picture").click()

        assert (True, 39) == (before < 12, edges(page))

    def test_what_was_seen_of_a_refused_picture_is_sharp(self, refused):
        """The outlines of card and line, on a picture that is coarse itself: no haze lies over them."""
        page = refused(**{name: REPLY[name] for name in ("number_position", "card_position", "img_size")})
        inks = colours(page, 30, 5, 45, 15)

        assert ("none", True) == (
            page.evaluate("getComputedStyle(document.getElementById('canvas')).filter"),
            min(min(ink) for ink in inks) < 160,
        )

    def test_no_digit_is_too_large_for_the_blur(self, refused):
        """Of a picture of 40 stripes next to nothing is left in the drawing until it is asked for, however large."""
        page = refused()
        large = {"name": "a.png", "mimeType": "image/png", "buffer": png((2000, 1250), stripes=20)}
        page.locator("#file").set_input_files(large)
        until(page, lambda: page.evaluate("document.getElementById('canvas').width") == 1600)
        page.get_by_role("button", name="Show the picture").wait_for()
        before = edges(page)
        page.get_by_role("button", name="Show the picture").click()

        assert (True, 39) == (before < 12, edges(page))

    @pytest.mark.parametrize(("whole", "left"), [({}, False), ({"card_position": box(10, 140, 395, 240)}, True)])
    def test_a_further_card_that_cannot_be_covered_blurs_all(self, answered, whole: dict[str, object], left: bool):
        """Its number was not read and its edges were not found: nobody knows where the rest of it is."""
        own = {"number": NUMBER, "confidence": 1.0, "number_position": REPLY["number_position"]}
        line = box(40, 200, 160, 220)
        unread = {"number": None, "refusal": "number unreadable", "number_position": line, **whole}

        found = edges(answered(STRIPES, cards=[own, unread]))

        assert (left, not left) == (found == 39, found < 12)

    @pytest.mark.parametrize(
        ("number", "shown"),
        [("620000******0005", "6200 00•• •••• 0005"), ("e3b0c442" * 8, "e3b0c442" * 8), ("a.b.c.d.e", "a.b.c.d.e")],
    )
    def test_other_forms_of_the_number_are_shown(self, answered, number: str, shown: str):
        """An app may get the number masked, as a fingerprint or encrypted; there is nothing to uncover then."""
        page = answered(number=number)

        assert (shown, False) == (
            page.locator("#number").inner_text(),
            page.get_by_role("button", name="Show the number").is_visible(),
        )

    @pytest.mark.parametrize("form", ["a.b.c.d.e", "e3b0c442" * 8, "620000******0005"])
    def test_a_coarse_picture_is_shown_where_no_number_can_be(self, answered, form: str):
        """An app that gets the number in another form may see the picture that it sent itself."""
        own = {"number": form, "confidence": 1.0, "number_position": REPLY["number_position"]}
        unread = {"number": None, "refusal": "number unreadable"}
        page = answered(STRIPES, number=form, cards=[own, unread])
        before = edges(page)
        page.get_by_role("button", name="Show the picture").click()

        assert (True, 39, True, False) == (
            before < 12,
            edges(page),
            page.get_by_role("button", name="Cover the picture").is_visible(),
            page.get_by_role("button", name="Show the number").is_visible(),
        )

    @pytest.mark.parametrize(
        ("end", "told"),
        [
            ({"status": 413, "body": "<html>"}, "Something before the server answered for it: HTTP 413."),
            (
                {"status": 429, "json": {"message": "Too Many Requests"}},
                "Something before the server answered for it: HTTP 429.",
            ),
            ({"status": 200, "body": "{"}, "The server cannot be reached."),
            ({"status": 200, "body": "null"}, "The server cannot be reached."),
            ({"status": 200, "json": {"errcode": "none"}}, "The server cannot be reached."),
        ],
    )
    def test_an_answer_that_is_not_the_servers_is_told(self, logged_in, end: dict[str, object], told: str):
        """A proxy's own, such as to a picture over its limit, is not taken for a server out of reach."""
        logged_in.route("**/cv/ocr/bankcard?**", lambda route: route.fulfill(**end))
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#refusal-what").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()

        assert (told, 1) == (
            logged_in.locator("#refusal-what").text_content(),
            logged_in.get_by_role("cell", name=told).count(),
        )

    @pytest.mark.parametrize(
        ("end", "offered"),
        [
            ({"json": {"errcode": -1, "errmsg": "system error rid: 1"}}, True),
            ({"json": {"errcode": 45011, "errmsg": "api minute-quota reach limit rid: 1"}}, True),
            ({"status": 502, "body": "<html>"}, True),
            ({"json": {"errcode": 101001, "errmsg": "certificate not found rid: 1"}}, False),
            ({"json": {"errcode": 101003, "errmsg": "not enough market quota rid: 1"}}, False),
        ],
    )
    def test_what_may_be_read_later_need_not_be_chosen_again(self, logged_in, end: dict[str, object], offered: bool):
        """A button sends the same pictures once more; the focus goes to where they were chosen."""
        sent = []

        def answer(route):
            sent.append(re.findall(rb'name="(img\d?)"', route.request.post_data_buffer))
            route.fulfill(**(end if len(sent) == 1 else {"json": REPLY}))

        logged_in.route("**/cv/ocr/bankcard?**", answer)
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        logged_in.locator("#file").set_input_files([picture] * 2)
        logged_in.locator("#refusal-what").wait_for()
        button = logged_in.get_by_role("button", name="Try again")
        seen = button.is_visible()
        if seen:
            button.press("Enter")
            logged_in.locator("#number").wait_for()

        assert (offered, [[b"img", b"img2"]] * (1 + offered), "file" if offered else "") == (
            seen,
            sent,
            logged_in.evaluate("document.activeElement.id") if seen else "",
        )

    @pytest.mark.parametrize("kind", ["jpeg", "bmp"])
    def test_what_is_tried_again_is_charged_once(self, logged_in, kind: str):
        """Its answer was lost after it was charged, of a large BMP that was made smaller; chosen anew it is charged."""
        used = "async () => (await (await import('/page/api.js')).quota('/cv/ocr/bankcard')).reply.quota.used"
        file = io.BytesIO()
        Image.open(io.BytesIO(pages.sample())).save(file, kind)
        picture = {"name": "a", "mimeType": f"image/{kind}", "buffer": file.getvalue()}

        def lose(route):
            route.fetch()
            route.abort()

        before = logged_in.evaluate(used)
        logged_in.route("**/cv/ocr/bankcard?**", lose, times=1)
        logged_in.locator("#file").set_input_files(picture)
        logged_in.get_by_role("button", name="Try again").press("Enter")
        logged_in.locator("#number").wait_for()
        tried = logged_in.evaluate(used) - before
        logged_in.locator("#file").set_input_files(picture)
        logged_in.locator("#number").wait_for(state="hidden")
        logged_in.locator("#number").wait_for()

        assert (1, 2) == (tried, logged_in.evaluate(used) - before)

    def test_a_browser_that_gives_noise_sends_none(self, logged_in):
        """Some do, against fingerprinting: the camera says so, a large picture goes as it is and is refused."""
        sent = held(logged_in, "cv/ocr/bankcard")
        logged_in.evaluate(
            """() => {
                const read = CanvasRenderingContext2D.prototype.getImageData;
                CanvasRenderingContext2D.prototype.getImageData = function (...place) {
                    const got = read.apply(this, place);
                    got.data.forEach((_, at) => (got.data[at] = 255 * Math.random()));
                    return got;
                };
            }"""
        )
        logged_in.get_by_role("button", name="Live camera").click()
        logged_in.get_by_text("noise instead of the camera's pictures").wait_for()
        filmed = len(sent)
        file = io.BytesIO()
        Image.new("RGB", (1200, 700), "white").save(file, "bmp")
        logged_in.locator("#file").set_input_files({"name": "a", "mimeType": "image/bmp", "buffer": file.getvalue()})
        until(logged_in, lambda: sent)

        assert (0, True) == (filmed, len(sent[0].request.post_data_buffer) > 2**21)

    def test_a_film_that_was_refused_for_a_while_is_begun_again(self, logged_in):
        """There is no picture to send once more."""
        frames = film(logged_in)
        frames[0].abort()
        logged_in.get_by_role("button", name="Try again").press("Enter")
        until(logged_in, lambda: len(frames) == 2)

        assert ("Stop the camera", "camera") == (
            logged_in.locator("#camera").inner_text(),
            logged_in.evaluate("document.activeElement.id"),
        )

    @pytest.mark.parametrize("name", ["Copy", "Copy text"])
    def test_what_is_copied_is_said_for_a_while(self, answered, name: str):
        """On the button and to screen readers; then the button is what it was. The number is copied whole."""
        page = answered()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = page.get_by_role("button", name=name, exact=True).first
        marked = button.element_handle()
        button.click()
        page.locator("#told", has_text="Copied").wait_for(state="attached")
        said = marked.inner_text()
        page.locator("#told", has_text=re.compile("^$")).wait_for(state="attached")
        copied = page.evaluate("navigator.clipboard.readText()")

        assert ("Copied", name, True) == (said, marked.inner_text(), copied == NUMBER or "cgi-bin" in copied)

    def test_a_single_card_is_not_listed(self, answered):
        """With one card in the picture there is no list."""
        page = answered(cards=[{"number": NUMBER, "confidence": 1.0}])

        assert not page.locator("#all-cards").is_visible()

    @pytest.mark.parametrize("count", range(12, 20))
    def test_every_digit_that_a_mask_hides_is_covered(self, page, count: int):
        """And no more than these, but for edges: of numbers of any length, in the text and on the picture."""
        open_digits, masked, shown_bin = page.evaluate(
            """async (reply) => {
                const { draw } = await import(new URL("page/draw.js", location.href));
                const { mask, shownBin } = await import(new URL("page/show.js", location.href));
                const [picture, canvas] = [1, 2].map(() => document.createElement("canvas"));
                document.body.append(canvas);
                [picture.width, picture.height] = [reply.img_size.w, reply.img_size.h];
                const white = picture.getContext("2d");
                white.fillStyle = "white";
                white.fillRect(0, 0, picture.width, picture.height);
                draw(canvas, picture, reply, false);
                const seen = (at) => [...canvas.getContext("2d").getImageData(50 * at + 45, 55, 1, 1).data];
                const places = reply.digit_positions.map((_, at) => at);
                const open = places.filter((at) => seen(at).every((part) => part === 255));
                return [open, mask(reply.number), shownBin({ ...reply, bin: "44444444" })];
            }""",
            {
                "number": "4" * count,
                "img_size": {"w": 1000, "h": 100},
                "number_position": box(20, 40, 50 * count + 20, 70),
                "digit_positions": [box(50 * at + 30, 40, 50 * at + 60, 70) for at in range(count)],
            },
        )
        first, last = pan.visible_digits(count)

        assert [*range(first), *range(count - last, count)] == open_digits
        assert (pan.mask("4" * count).replace("*", "•"), "4" * first) == (masked, shown_bin)

    def test_frames_add_up(self, page):
        """Two frames at 0.99 are certain, or four at 0.9; another number begins anew; a refusal says nothing."""
        told = page.evaluate(
            """async () => {
                const { tallied, isCertain } = await import(new URL("page/camera.js", location.href));
                const read = (number, confidence) => ({ code: 0, reply: { number, confidence } });
                const ends = (...answers) => isCertain(answers.reduce(tallied, null));
                const refused = { code: 101001, reply: {} };
                return [
                    ends(read("1", 0.99), read("1", 0.99)),
                    ends(read("1", 0.9), refused, read("1", 0.9), read("1", 0.9), read("1", 0.9)),
                    ends(read("1", 0.999999)),
                    ends(read("1", 0.99), read("2", 0.99)),
                    ends(read("1", 0.9), read("1", 0.9), read("1", 0.9)),
                ];
            }"""
        )

        assert [True, True, False, False, False] == told

    @pytest.mark.parametrize(("lead", "agree"), [("62000000", True), (None, False)])
    def test_encrypted_frames_agree_by_their_leading_digits(self, page, lead: str | None, agree: bool):
        """Each frame's text is another; where no leading digits are told, frames of other cards would seem alike."""
        told = page.evaluate(
            """async (bin) => {
                const { tallied, isCertain } = await import(new URL("page/camera.js", location.href));
                const read = (number) => ({ code: 0, reply: { number, bin, confidence: 0.999 } });
                return isCertain([read("a.b.c.d.e"), read("f.g.h.i.j"), read("k.l.m.n.o")].reduce(tallied, null));
            }""",
            lead,
        )

        assert agree == told

    @pytest.mark.parametrize(
        ("warning", "advice"),
        [("too_small", "g_closer"), ("glare", "g_glare"), ("blurred", "g_still"), ("border_incomplete", "g_whole")],
    )
    def test_warnings_guide_the_camera(self, page, warning: str, advice: str):
        """What the server warns of is what the person is told."""
        given = page.evaluate(
            """async (reply) => {
                const { guidance } = await import(new URL("page/camera.js", location.href));
                return guidance({ code: 0, reply }, {});
            }""",
            {**REPLY, "confidence": 0.95, "warnings": [warning]},
        )

        assert advice == given

    @pytest.mark.parametrize(
        ("refusal", "advice"),
        [(NumberUnreadable(is_unlike=True), "g_unlike"), (NumberUnreadable(is_cut=True), "g_whole")],
    )
    def test_who_films_no_whole_bank_card_is_told_so(self, page, refusal: NumberUnreadable, advice: str):
        """The number was clear and none, or its end is not in the picture: nearer, or stiller, it stays so."""
        given = page.evaluate(
            """async (reply) => {
                const { guidance } = await import(new URL("page/camera.js", location.href));
                return guidance({ code: 101001, reply }, { moving: true });
            }""",
            {"errmsg": f"certificate not found hint: [{refusal.cause}] rid: 1"},
        )

        assert advice == given


class TestOperators:
    def test_quota_replies_and_why(self, logged_in):
        """The second tab shows the quota, the codes of this session, and what became of a call."""
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#number").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#quota").get_by_text(re.compile(r"[1-9]\d* of 500, \d+ left")).wait_for()
        logged_in.get_by_role("row", name="/cv/ocr/bankcard").get_by_role("button").click()
        record = logged_in.locator("#record dl")
        record.wait_for()

        assert (True, True, True) == (
            "620000******0005" in record.inner_text(),
            logged_in.get_by_role("img", name=re.compile(r"Recognitions by day: \d{4}-\d\d-\d\d: [1-9]")).is_visible(),
            re.match(r"0\s+ok\s+[1-9]", logged_in.locator("#ends li").first.inner_text()) is not None,
        )

    def test_the_focus_goes_to_the_answer(self, logged_in):
        """Who asks by keyboard is at the record then; new calls take the focus from none of the listed ones."""
        for _ in range(2):
            logged_in.get_by_role("button", name="Sample card").click()
            logged_in.locator("#number").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#ends li").first.wait_for()
        button = logged_in.get_by_role("row", name="/cv/ocr/bankcard").last.get_by_role("button")
        rid = button.get_attribute("aria-label")
        button.focus()
        calls = held(logged_in, "cgi-bin/openapi/quota/get")
        logged_in.evaluate("document.getElementById('quota-again').click()")
        until(logged_in, lambda: calls)
        calls[0].continue_()
        until(logged_in, lambda: len(calls) == 2)
        listed = logged_in.evaluate("document.activeElement.ariaLabel")
        logged_in.keyboard.press("Enter")
        logged_in.locator("#record dl").wait_for()

        assert (rid, "record") == (listed, logged_in.evaluate("document.activeElement.id"))

    def test_every_call_is_listed(self, logged_in):
        """Those of a film, too; the list scrolls within itself, but not on paper. The last column has their records."""
        no_card = {"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"}
        logged_in.route("**/cv/ocr/bankcard?**", lambda route: route.fulfill(json=no_card))
        calls = "async () => { for (let at = 0; at < 40; at += 1) await (await import('/page/api.js')).recognize([]); }"
        logged_in.evaluate(calls)
        ends(logged_in, (0, ""))
        rows = logged_in.locator("#replies tbody tr").count()
        heights = []
        for media in ("screen", "print"):
            logged_in.emulate_media(media=media)
            heights.append(logged_in.evaluate("document.getElementById('replies').clientHeight"))

        assert (True, True, True, "Record") == (
            rows > 40,
            heights[0] < 600,
            heights[1] > 40 * 20,
            logged_in.locator("#replies th").last.inner_text(),
        )

    def test_the_latest_question_about_a_call_is_the_one_answered(self, logged_in):
        """An earlier one whose answer comes later is not shown beside the rid of the other."""
        for _ in range(2):
            logged_in.get_by_role("button", name="Sample card").click()
            logged_in.locator("#number").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()
        calls = held(logged_in, "cgi-bin/openapi/rid/get")
        for at in (0, 1):
            logged_in.get_by_role("button", name=re.compile("Why")).nth(at).click()
            until(logged_in, lambda at=at: len(calls) == at + 1)
        for call, code in ((calls[1], 76003), (calls[0], 76001)):
            call.fulfill(json={"errcode": code, "errmsg": "no rid: 1"})
            settled(logged_in)

        assert "76003" in logged_in.locator("#record").inner_text()

    def test_nothing_is_asked_without_a_login(self, page):
        """A rid typed in before it sends no call, and it is said."""
        page.get_by_role("tab", name="Operators").click()
        before = len(page.asked)
        page.get_by_label("Request id").fill("64dd8e12-0eb37d04-36a66358")
        page.get_by_role("button", name="Ask", exact=True).click()
        settled(page)

        assert ("Log in to see it.", before) == (page.locator("#record").inner_text(), len(page.asked))

    def test_who_is_logged_in_is_not_told_to_log_in(self, logged_in):
        """While quota and past days are on their way it says so, and why there are none when they do not come."""
        calls = held(logged_in, "cgi-bin/openapi/quota/get")
        logged_in.get_by_role("tab", name="Operators").click()
        until(logged_in, lambda: calls)
        said = [[logged_in.locator(place).inner_text() for place in ("#quota", "#days", "#ends")]]
        calls[0].abort()
        until(logged_in, lambda: len(calls) == 2)
        calls[1].abort()
        logged_in.locator("#quota .measure").first.wait_for()
        said.append([logged_in.locator(place).inner_text() for place in ("#days", "#ends")])

        assert [["Asking …"] * 3, ["The server cannot be reached."] * 2] == said

    def test_causes_that_read_the_same_are_one(self, logged_in):
        """The server tells the same of different stages, and more of what kept a call waiting than the page does."""
        found = ends(logged_in, (-1, "busy"), (-1, "busy: stopping"), (101001, "number unreadable: digits uncertain"))

        assert ["-1 All places are taken; try again. 4", "101001 Some digits are unsure. 2"] == found

    def test_no_cause_of_calls_is_bare_words(self, logged_in):
        """What the page has no sentence for stands behind what its code means."""
        causes = (101002, "size: over 5 bytes"), (41005, "multipart: damaged"), (101000, "dns: no such host"), (0, "")
        english = ends(logged_in, *causes)
        logged_in.locator("#language").click()

        assert (
            [
                "101002 Over 5 bytes. 2",
                "41005 The body cannot be parsed (multipart: damaged). 2",
                "101000 The picture's address gave no picture. dns: no such host 2",
                "0 ok 2",
            ],
            [
                "101002 超过 5 字节。 2",
                "41005 请求体格式有误（multipart 已损坏）。 2",
                "101000 图片地址没有返回图片。没有这个主机名。 2",
                "0 成功 2",
            ],
        ) == (english, bars(logged_in))

    def test_a_locked_login_tells_how_long(self, page):
        """Its hint says it, in the language of now; a refused address is told, too, which has no hint."""
        errmsgs = {
            45011: "api minute-quota reach limit hint: [too many wrong secrets, wait 143 s] rid: 1",
            40164: "invalid ip 10.1.2.3 ipv6 ::ffff:10.1.2.3, not in whitelist rid: 1",
        }
        replies = iter([{"errcode": code, "errmsg": errmsg} for code, errmsg in errmsgs.items()])
        page.route("**/cgi-bin/stable_token?**", lambda route: route.fulfill(json=next(replies)))
        said = []
        for code in errmsgs:
            page.get_by_label("appid").fill("wx1")
            page.get_by_label("Secret").fill("x")
            page.get_by_role("button", name="Log in").click()
            page.get_by_text(f"{code}: ").wait_for()
            said.append(page.get_by_role("alert").inner_text())
        page.locator("#language").click()

        assert [
            "45011: Too many calls or wrong secrets; try later. Wait 143 seconds.",
            "40164: This address is not on the app's list. The call came from 10.1.2.3.",
            "40164：此地址不在应用的白名单中。调用来自 10.1.2.3。",
        ] == [*said, page.get_by_role("alert").inner_text()]

    def test_a_wrong_secret_is_said(self, page, product):
        """A wrong secret gives its code and its meaning, and the field is ready for the right one."""
        page.get_by_label("appid").fill(product.appid)
        page.get_by_label("Secret").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        focused = page.evaluate("document.activeElement.id")

        assert ("40125: The secret is not the app's.", "secret") == (page.get_by_role("alert").inner_text(), focused)


class TestLogin:
    def test_it_is_asked_for_once(self, page, product):
        """A second click while it is on its way sends nothing, for a wrong secret would count twice; it says so."""
        calls = held(page, "cgi-bin/stable_token")
        page.get_by_label("appid").fill(product.appid)
        page.get_by_label("Secret").fill(product.secret)
        page.locator("#log-in").dblclick()
        until(page, lambda: calls)
        said = page.locator("#log-in").inner_text()
        calls[0].continue_()
        page.get_by_text("Logged in as").wait_for()
        page.get_by_role("button", name="Log out").click()

        assert ("Logging in …", 1, "Log in") == (said, len(calls), page.locator("#log-in").inner_text())

    @pytest.mark.parametrize(("tab", "focused"), [("Read a card", "file"), ("Operators", "tab-operators")])
    def test_the_focus_stays_on_the_page(self, page, product, tab: str, focused: str):
        """The form that had it is gone then; the next thing on the tab has it."""
        page.get_by_role("tab", name=tab).click()
        page.get_by_label("appid").fill(product.appid)
        page.get_by_label("Secret").fill(product.secret)
        page.keyboard.press("Enter")
        page.get_by_text("Logged in as").wait_for()

        assert focused == page.evaluate("document.activeElement.id")

    @pytest.mark.parametrize(("appid", "place"), [("", "secret"), ("wx0000000000000000", "appid")])
    def test_an_error_belongs_to_its_field(self, page, product, appid: str, place: str):
        """The field in fault has the focus, is said to be wrong and why; none is when nobody could look."""
        page.get_by_label("appid").fill(appid or product.appid)
        page.get_by_label("Secret").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        wrong = "['appid', 'secret'].filter((id) => document.getElementById(id).ariaInvalid === 'true')"
        told = page.evaluate(wrong), page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        focused = page.evaluate("document.activeElement.id")
        calls = held(page, "cgi-bin/stable_token")
        page.get_by_label("Secret").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        until(page, lambda: calls)
        calls[0].abort()
        page.locator("#login-error", has_text="The server cannot be reached.").wait_for()

        assert (([place], "login-error"), place, []) == (told, focused, page.evaluate(wrong))

    def test_the_header_tells_nothing_that_changes(self, logged_in, product):
        """No time, which would be an earlier token's after one was renewed; the operators' tab has it."""
        assert f"Logged in as {product.appid}" == logged_in.locator("#who").inner_text()


class TestPeople:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing(self, logged_in, scheme: str):
        """No rule of axe-core up to WCAG 2.2 AA is broken, before and after a reading, on both tabs, at both widths."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        logged_in.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = [*broken(axe, logged_in)]
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#number").wait_for()
        found += broken(axe, logged_in)
        logged_in.set_viewport_size({"width": 390, "height": 844})
        found += broken(axe, logged_in)
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#ends li").first.wait_for()
        logged_in.get_by_role("button", name=re.compile("Why")).last.click()
        logged_in.locator("#record dl").wait_for()
        found += broken(axe, logged_in)

        assert [] == found

    def test_axe_finds_nothing_before_the_login_or_in_chinese(self, chinese_phone):
        """The first thing people see is as accessible as the rest."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

        assert [] == broken(axe, chinese_phone)

    def test_a_button_that_changes_its_name_is_not_pressed_as_well(self, logged_in):
        """For "Hide the number, pressed" would leave open whether it is hidden."""
        replied(logged_in, REPLY, "#number")
        logged_in.get_by_role("button", name="Show the number").click()

        assert (True, 0) == (
            logged_in.get_by_role("button", name="Hide the number").is_visible(),
            logged_in.locator("[aria-pressed]").count(),
        )

    def test_what_is_said_is_said_once(self, logged_in):
        """No text is put anew into what screen readers tell of: not the same advice, nor when a picture is shown."""
        frames = film(logged_in)
        told = watched(logged_in)
        no_card = {"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"}
        for at in range(2):
            until(logged_in, lambda at=at: len(frames) > at)
            frames[at].fulfill(json=no_card)
        until(logged_in, lambda: len(frames) == 3)
        found = [told()]
        for reply, button in ((REPLY, "Show the number"), (no_card, "Show the picture")):
            replied(logged_in, reply, "#number" if reply is REPLY else "#refusal-what")
            told = watched(logged_in)
            logged_in.get_by_role("button", name=button).click()
            found.append(told())

        assert [[], ["told"], []] == found

    def test_a_voice_hears_all_of_an_answer_in_one(self, logged_in):
        """A number digit by digit, how many of them are hidden, the warnings; the number alone when it is shown."""
        refusal = {"errcode": 101001, "errmsg": "certificate not found hint: [no card found] rid: 1"}
        said = []
        for reply, shown in ((REPLY, "#number"), (refusal, "#refusal-what")):
            replied(logged_in, {**reply, "warnings": ["blurred", "glare"]}, shown)
            said.append(logged_in.locator("#told").text_content())
            logged_in.get_by_role("button", name=re.compile("Show the")).click()
            said.append(logged_in.locator("#told").text_content())
        told = "No number was read with certainty. Take the picture again: closer, sharp, without glare."

        assert [
            "6 2 0 0, 0 0, 6 hidden digits, 0 0 0 5; Warnings: blurred, glare",
            "6 2 0 0, 0 0 0 0, 0 0 0 0, 0 0 0 5",
            *[f"{told} No card was found in the picture. Warnings: blurred, glare"] * 2,
        ] == said

    def test_a_number_is_not_heard_as_thousands(self, logged_in):
        """Nor one of several: what is hidden has no sound of its own, and would be taken for no digits at all."""
        cards = [{"number": NUMBER}, {"number": "4111111111111111"}]
        page = replied(logged_in, {**REPLY, "cards": cards}, "#number")
        names = "[...document.querySelectorAll('#number span, #cards span')].map(({ ariaLabel }) => ariaLabel)"
        own, other = "6 2 0 0, 0 0, 6 hidden digits, 0 0 0 5", "4 1 1 1, 1 1, 6 hidden digits, 1 1 1 1"

        assert [own, own, other] == page.evaluate(names)

    def test_names_in_chinese_are_said_to_be(self, logged_in):
        """On the English page, whose voice says "Chinese letter" of each character; so is an errmsg to be English."""
        page = replied(logged_in, {**REPLY, "card_name": "金卡 Gold"}, "#number")
        chinese = page.locator("#facts [lang=zh-CN]").all_inner_texts()

        assert (["测试银行", "金卡"], "en") == (chinese, page.locator("#refusal-said").get_attribute("lang"))

    def test_what_has_the_focus_is_not_told_as_well(self, logged_in):
        """A record, of which a voice would say all parts again, in any order; that somebody logged in is told."""
        replied(logged_in, REPLY, "#number")
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.locator("#quota .meter").nth(1).wait_for()
        told = watched(logged_in)
        logged_in.get_by_role("button", name=re.compile("Why")).last.click()
        logged_in.locator("#record dl").wait_for()

        assert ([], 1) == (told(), logged_in.get_by_role("status").filter(has_text="Logged in as").count())

    def test_every_network_of_the_table_has_a_name(self, page):
        """In both languages, so that no word of the table's own stands among the facts."""
        table = resources.files(numbers).joinpath("iin.dat").read_text("utf-8")
        names = sorted(set(re.findall(r"(?m)^network (\S+)", table)))
        told = page.evaluate(
            """async (names) => {
                const { TEXTS } = await import(new URL("page/texts.js", location.href));
                return names.filter((name) => ["en", "zh"].every((language) => TEXTS[language][`n_${name}`]));
            }""",
            names,
        )

        assert names == told

    @pytest.mark.parametrize(
        ("cause", "said"),
        [
            (NumberUnreadable(digits=(3,)).cause, "第 3 位不确定。"),
            (NumberUnreadable(digits=(3, 4)).cause, "第 3-4 位不确定。"),
            (NumberUnreadable().cause, "卡号无法可靠识别。"),
            (NumberUnreadable(digits=(3,), is_unlike=True).cause, "该号码不像银行卡卡号。"),
            (NumberUnreadable(is_cut=True).cause, "卡号紧贴图片边缘，可能被截断。"),
            (CardsDiffer().cause, "这些图片不是同一张卡。"),
            ("unknown format; send a JPEG", "文件格式未知，请发送 JPEG。"),
            ("MP4, not a picture of an accepted format; send a JPEG", "不支持 MP4，请发送 JPEG。"),
            ("PDF, which is not accepted here without the extra pdf; send a JPEG", "不支持 PDF，请发送 JPEG。"),
            ("truncated JPEG", "图片不完整（JPEG）。"),
            ("PDF of 3 pages; send one page", "PDF 共 3 页，请只发送一页。"),
            (PictureTooLarge(got=9, limit=5, unit="bytes").cause, "超过 5 字节。"),
            (PictureTooLarge(got=9, limit=5, unit="pixels").cause, "超过 5 像素。"),
            (PictureTooLarge(got=9, limit=2**21, unit="bytes").cause, "超过 2 MiB。"),
            (PictureTooLarge(got=9, limit=2_500_000, unit="pixels").cause, "超过 250 万像素。"),
            (Busy("a call with this Idempotency-Key is at work").cause, "上一次请求仍在处理中，请稍后重试。"),
            (StateError("x").cause, "状态存储不可用。"),
            (Busy().cause, "服务器繁忙，请重试。"),
            ("the picture has 0 bytes", "文件为空。"),
            ("too many wrong secrets, wait 143 s", "请等待 143 秒。"),
            ("json: not an object", "请求体格式有误（JSON 不是对象）。"),
            ("all 500 of today are used, the day ends at midnight in Beijing", "今日 500 次已用完，北京时间零点重置。"),
            ("something new", "something new"),
        ],
    )
    def test_causes_are_said_in_chinese(self, chinese_phone, cause: str, said: str):
        """Those that the server has words for; what is unknown stays as it is."""
        found = chinese_phone.evaluate(
            "async (cause) => (await import('/page/texts.js')).cause(`x hint: [${cause}] rid: 1`)", cause
        )

        assert said == found

    @pytest.mark.parametrize(("width", "size"), [(1280, 24), (390, 32)])
    def test_the_letters_are_as_large_as_the_reader_set_them(self, logged_in, width: int, size: int):
        """All of them, and at twice the size nothing is wider than a phone, on both tabs."""
        logged_in.set_viewport_size({"width": width, "height": 844})
        devtools = logged_in.context.new_cdp_session(logged_in)
        devtools.send("Page.enable")
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        replied(logged_in, REPLY, "#number")
        told = [logged_in.evaluate("getComputedStyle(document.body).fontSize")]
        widths = [logged_in.evaluate("document.documentElement.scrollWidth")]
        ends(logged_in, (101001, "number unreadable: digits uncertain"))
        widths.append(logged_in.evaluate("document.documentElement.scrollWidth"))

        assert ([f"{size}px"], [width, width]) == (told, widths)

    def test_paper_is_white(self, logged_in):
        """Who reads in the dark prints dark letters all the same, and nothing that is there to be clicked."""
        logged_in.emulate_media(color_scheme="dark", media="print")
        replied(logged_in, REPLY, "#number")
        ink, paper = logged_in.evaluate(
            "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name])"
        )

        assert ("rgb(28, 36, 33)", "rgb(245, 244, 240)", 0) == (ink, paper, logged_in.get_by_role("button").count())

    def test_a_panel_is_whole_on_paper(self, logged_in):
        """Firefox cuts one, and a line in it, where a grid goes on on the next page."""
        logged_in.emulate_media(media="print")
        ways = logged_in.locator(".panel").evaluate_all(
            """all => all.flatMap(({ parentElement: at }) =>
                [at, at.parentElement].map((each) => getComputedStyle(each).display))"""
        )

        assert {"block", "none"} == set(ways)  # none: the operators' tab

    def test_no_button_covers_what_it_copies(self, page):
        """On the smallest phone the first line of a request is as long as there is room."""
        page.set_viewport_size({"width": 320, "height": 568})
        covered = page.evaluate(
            """() => {
                const text = document.createRange();
                text.selectNodeContents(document.getElementById("curl"));
                const line = text.getClientRects()[0];
                const button = document.querySelector("[data-copy=curl]").getBoundingClientRect();
                return line.top < button.bottom && line.right > button.left;
            }"""
        )

        assert not covered

    def test_nothing_on_paper_is_there_to_be_clicked(self, logged_in):
        """Nor after a refusal, nor on the operators' tab."""
        replied(logged_in, {"errcode": 101001, "errmsg": "certificate not found rid: 1"}, "#refusal-what")
        logged_in.emulate_media(media="print")
        left = [logged_in.get_by_role("button").count()]
        logged_in.emulate_media(media="screen")
        ends(logged_in, (0, ""))
        logged_in.get_by_role("button", name=re.compile("Why")).first.wait_for()
        logged_in.emulate_media(media="print")

        assert [0, 0] == [*left, logged_in.get_by_role("button").count()]

    def test_no_panel_and_no_column_is_empty_on_paper(self, logged_in):
        """Those of what is there to be clicked are left out; what became of a call is not, and has no frame."""
        ends(logged_in, (0, ""))
        logged_in.emulate_media(media="print")
        panel, column = logged_in.locator(".panel:has(#why)"), logged_in.locator("#replies thead th").last
        before = [panel.is_visible(), column.is_visible()]
        logged_in.emulate_media(media="screen")
        logged_in.get_by_role("button", name=re.compile("Why")).first.click()
        logged_in.locator("#record dl").wait_for()
        logged_in.emulate_media(media="print")
        frame = logged_in.locator("#record").evaluate("at => getComputedStyle(at).outlineStyle")

        assert ([False, False], True, "none") == (before, panel.is_visible(), frame)

    def test_an_unsure_digit_is_told_by_more_than_its_colour(self, logged_in):
        """The line below it is broken."""
        replied(logged_in, REPLY, "#number")

        assert ["solid"] * 2 + ["dashed"] + ["solid"] * 13 == logged_in.locator(".digits span").evaluate_all(
            "all => all.map((each) => getComputedStyle(each).borderBottomStyle)"
        )

    def test_midnight_is_0_o_clock(self, page):
        """Everywhere on the page, and no date can be taken for another."""
        told = page.evaluate(
            """async () => {
                const texts = await import(new URL("page/texts.js", location.href));
                const midnight = new Date(2026, 1, 3).getTime();
                return [texts.clock(midnight), texts.clockWithSeconds(midnight), texts.dateAndTime(midnight)];
            }"""
        )

        assert ["00:00", "00:00:00", "Feb 3, 2026, 00:00:00"] == told

    def test_chinese_on_a_phone(self, chinese_phone):
        """A Chinese browser sees Chinese, nothing is wider than the phone, and a click changes the language."""
        wide = chinese_phone.evaluate("document.documentElement.scrollWidth")
        title = chinese_phone.get_by_role("tab", selected=True).inner_text()
        chinese_phone.get_by_role("button", name="Switch to English").click()

        assert (390, "识别银行卡", "en") == (wide, title, chinese_phone.evaluate("document.documentElement.lang"))

    def test_chinese_has_its_own_marks_and_no_spaces_beside_them(self, chinese_phone):
        """Not between a code and what it means, nor before a bracket, nor in a percentage."""
        told = chinese_phone.evaluate(
            """async () => {
                const { failure, joined, listed, percent } = await import("/page/texts.js");
                const marked = [failure({ code: 40013, reply: {} }), joined("18:18", "（7 分）"), listed(["一", "二"])];
                return [...marked, percent(0.5), percent(1)];
            }"""
        )

        assert ["40013：appid 不存在。", "18:18（7 分）", "一，二", "50.0%", ">99.9%"] == told

    def test_the_secret_has_one_name_in_chinese(self, chinese_phone):
        """It is the label of its field, and no text calls it anything else."""
        texts = chinese_phone.evaluate("async () => (await import('/page/texts.js')).TEXTS.zh")
        others = {key: text for key, text in texts.items() if re.search("secret|秘钥|密码", text, re.IGNORECASE)}

        assert ("密钥", {}) == (texts["secret"], others)

    def test_the_apis_page_fits_a_phone(self, page, product):
        """What is too wide scrolls within itself; the form's fields are no wider than the form."""
        page.set_viewport_size({"width": 360, "height": 740})
        page.goto(f"{product.url}/docs")
        ends = "all => Math.max(...all.map((each) => each.getBoundingClientRect().right))"

        assert (360, True) == (
            page.evaluate("document.documentElement.scrollWidth"),
            page.locator("input").evaluate_all(ends) < page.locator("fieldset").evaluate_all(ends),
        )

    def test_the_number_is_in_view_on_a_phone(self, logged_in):
        """So is a refusal, which stands below the picture there, too; on a desktop nothing moves."""
        logged_in.emulate_media(reduced_motion="reduce")
        replied(logged_in, REPLY, "#number")
        moved = logged_in.evaluate("scrollY")
        logged_in.set_viewport_size({"width": 360, "height": 740})
        seen = []
        for reply, place in ((REPLY, "#number"), ({"errcode": 101003, "errmsg": "no rid: 1"}, "#refusal-what")):
            logged_in.evaluate("scrollTo(0, 0)")
            replied(logged_in, reply, place)
            box = logged_in.locator(place).bounding_box()
            seen.append(box["y"] > 0 and box["y"] + box["height"] < 740)

        assert (0, [True, True]) == (moved, seen)

    def test_that_a_pdf_is_read_does_not_cover_its_name(self, chinese_phone, product):
        """There is no picture to stand on."""
        chinese_phone.get_by_label("appid").fill(product.appid)
        chinese_phone.get_by_label("密钥").fill(product.secret)
        chinese_phone.get_by_role("button", name="登录", exact=True).click()
        chinese_phone.locator("#logged-in").wait_for()
        calls = held(chinese_phone, "cv/ocr/bankcard")
        pdf = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
        chinese_phone.locator("#file").set_input_files(pdf)
        until(chinese_phone, lambda: calls)
        name, pill = (chinese_phone.locator(place).bounding_box() for place in ("#drop-name", "#busy"))

        assert name["y"] + name["height"] < pill["y"]

    @pytest.mark.parametrize("size", [(400, 250), (600, 900)])
    def test_that_a_picture_is_read_is_in_view_on_a_phone(self, logged_in, size: tuple[int, int]):
        """It stands on the picture, for as long as it is read; an upright one is longer than the screen."""
        logged_in.emulate_media(reduced_motion="reduce")
        logged_in.set_viewport_size({"width": 360, "height": 600})
        calls = held(logged_in, "cv/ocr/bankcard")
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": png(size)}
        logged_in.locator("#file").set_input_files(picture)
        until(logged_in, lambda: calls)
        text, box = logged_in.locator("#busy").inner_text(), logged_in.locator("#busy").bounding_box()
        calls[0].fulfill(json=REPLY)
        logged_in.locator("#number").wait_for()

        assert ("Reading …", True, False) == (
            text,
            box["y"] > 0 and box["y"] + box["height"] < 600,
            logged_in.locator("#busy").is_visible(),
        )

    @pytest.mark.parametrize("scrolled", [0, 300])
    def test_the_login_is_in_view_on_a_phone(self, chinese_phone, scrolled: int):
        """All of it, smoothly, from wherever a picture was chosen without one."""
        chinese_phone.evaluate("top => scrollTo({ top, behavior: 'instant' })", scrolled)
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        chinese_phone.locator("#file").set_input_files(picture)
        until(chinese_phone, lambda: chinese_phone.evaluate("document.activeElement.id") == "appid")
        chinese_phone.wait_for_timeout(1000)  # of scrolling
        box = chinese_phone.locator("#login").bounding_box()

        assert (True, True) == (box["y"] >= 0, box["y"] + box["height"] <= 844)

    def test_what_is_said_instead_is_in_view_on_a_phone(self, logged_in):
        """Of a camera that is refused, and of too many pictures; it stands below the picture, too."""
        logged_in.emulate_media(reduced_motion="reduce")
        logged_in.set_viewport_size({"width": 360, "height": 740})
        logged_in.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException()); }")
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": WHITE}
        ways = {
            "The camera was refused": logged_in.get_by_role("button", name="Live camera").click,
            "At most 8 pictures": lambda: logged_in.locator("#file").set_input_files([picture] * 9),
        }
        seen = []
        for text, way in ways.items():
            logged_in.evaluate("scrollTo(0, 0)")
            way()
            logged_in.get_by_text(text).wait_for()
            box = logged_in.locator("#status").bounding_box()
            seen.append(box["y"] > 0 and box["y"] + box["height"] < 740)

        assert [True, True] == seen

    def test_forced_colours_leave_bars_and_the_tab_chosen(self, logged_in):
        """A browser that paints everything in the reader's own colours shows the columns, and one tab underlined."""
        logged_in.emulate_media(forced_colors="active", reduced_motion="reduce")
        ends(logged_in, (0, ""))
        painted = logged_in.evaluate(
            """() => {
                const style = (name) => getComputedStyle(document.querySelector(name));
                return [
                    style(".rail span").backgroundColor !== style(".panel").backgroundColor,
                    style(".column").backgroundColor !== style(".panel").backgroundColor,
                    style("#tab-read").borderBottomColor === style("header").backgroundColor,
                    style("#tab-operators").borderBottomColor === style("header").backgroundColor,
                ];
            }"""
        )

        assert [True, True, True, False] == painted

    @pytest.mark.parametrize("width", [320, 390, 1280])
    def test_no_labels_of_the_chart_run_together(self, logged_in, width: int):
        """Nor with their letters spaced as WCAG 1.4.12 wants it."""
        logged_in.set_viewport_size({"width": width, "height": 800})
        days = [datetime.now(UTC) + timedelta(hours=8) - timedelta(days=at) for at in range(14)]
        ends(logged_in, (0, ""), history={f"{day:%Y-%m-%d}": 12345 if day.day % 2 else 999 for day in days})
        apart = logged_in.evaluate(
            """() => {
                const sheet = new CSSStyleSheet();
                sheet.replaceSync("* { letter-spacing: .12em !important; word-spacing: .16em !important; }");
                document.adoptedStyleSheets = [sheet];
                const seen = (label) => label.textContent && getComputedStyle(label).visibility === "visible";
                return ["first", "last"].flatMap((which) => {
                    const all = [...document.querySelectorAll(`.day > :${which}-child`)].filter(seen);
                    const boxes = all.map((label) => label.getBoundingClientRect());
                    return boxes.slice(1).map((box, at) => box.left - boxes[at].right);
                });
            }"""
        )

        assert (True, True) == (len(apart) > 18, min(apart) > 2)

    def test_in_forced_colours_no_button_leaves_its_panel(self, logged_in):
        """Its border is seen there, so that it ends where the texts below it do."""
        logged_in.emulate_media(forced_colors="active")
        places = "[...document.querySelectorAll('.quiet')].map((each) => [each, each.parentElement])"
        inner = "(box) => box.getBoundingClientRect().right - parseFloat(getComputedStyle(box).paddingRight)"

        assert [True, True] == logged_in.evaluate(
            f"{places}.map(([each, box]) => each.getBoundingClientRect().right <= ({inner})(box) + 0.5)"
        )

    def test_the_keyboard_reaches_both_tabs(self, page):
        """The arrow keys change the tab, as screen readers announce it."""
        page.get_by_role("tab", name="Read a card").focus()
        page.keyboard.press("ArrowRight")

        assert ("Operators", True) == (
            page.get_by_role("tab", selected=True).inner_text(),
            page.get_by_role("heading", name="Today's quota").is_visible(),
        )

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_every_text_stands_out(self, page, scheme):
        """Texts have a contrast of at least 4.5 to 1 to the paper and panels they stand on (WCAG AA)."""
        page.emulate_media(color_scheme=scheme)
        names = [
            "paper",
            "panel",
            "soft",
            "ink",
            "muted",
            "accent",
            "warn",
            "warn-soft",
            "bad",
            "bad-soft",
            "on-accent",
        ]
        values = page.evaluate(
            "n => n.map(x => getComputedStyle(document.documentElement).getPropertyValue('--' + x))", names
        )
        colour = dict(zip(names, values, strict=True))
        pairs = [(ink, on) for ink in ("ink", "muted", "accent") for on in ("paper", "panel", "soft")]
        pairs += [
            ("warn", "warn-soft"),
            ("bad", "bad-soft"),
            ("bad", "panel"),
            ("on-accent", "accent"),
            ("ink", "bad-soft"),
            ("muted", "bad-soft"),
        ]

        assert [] == [pair for pair in pairs if contrast(colour[pair[0]], colour[pair[1]]) < 4.5]


def ends(page, *causes: tuple[int, str], history: dict[str, int] | None = None) -> list[str]:
    """What the operators' tab tells of two calls that ended with each of these codes and causes."""
    told = [{"errcode": code, "stage": "read", "cause": cause, "count": 2} for code, cause in causes]
    body = {
        "errcode": 0,
        "quota": {"daily_limit": 500, "used": 6, "remain": 494},
        "history": history or {},
        "calls": {"since": 0, "count": 2 * len(causes), "causes": told},
    }
    page.route("**/quota/get?**", lambda route: route.fulfill(json=body))
    page.get_by_role("tab", name="Operators").click()
    page.locator("#ends li").first.wait_for()
    return bars(page)


def bars(page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator("#ends li").all_inner_texts()]


def run(language: str, text: str, folder: Path, secret: str) -> subprocess.CompletedProcess:
    """What came of the request that the page shows, in a folder with two pictures of a card."""
    for name in ("card.jpg", "card2.jpg"):
        (folder / name).write_bytes(resources.files(server).joinpath("sample.jpg").read_bytes())
    command = ["bash"] if language == "curl" else [sys.executable]
    environment = {**os.environ, "SECRET": secret}
    return subprocess.run(
        command, input=text, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def watched(page) -> Callable[[], list[str]]:
    """What tells which of the places that screen readers tell of have got something to tell since."""
    page.evaluate(
        """() => {
            const changed = (window.changed = []);
            for (const place of document.querySelectorAll("[role=status], [role=alert], [aria-live], output")) {
                const isTold = ({ addedNodes, type }) => addedNodes.length || type === "characterData";
                const note = (all) => all.some(isTold) && changed.push(place.id || place.className || place.role);
                new MutationObserver(note).observe(place, { childList: true, subtree: true, characterData: true });
            }
        }"""
    )
    return lambda: page.evaluate("changed")


def broken(axe, page) -> list[str]:
    """The rules of axe-core that the page breaks now, with the elements that do."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def edges(page) -> int:
    """How often light and dark change along the top of the drawing, where no field is."""
    return page.evaluate(
        """() => {
            const { width } = document.getElementById("canvas");
            const pen = document.getElementById("canvas").getContext("2d");
            const row = pen.getImageData(0, 1, width, 1).data.filter((_, at) => at % 4 === 0);
            return row.filter((value, at) => at && value > 127 !== row[at - 1] > 127).length;
        }"""
    )


def colours(page, left: int, top: int, right: int, bottom: int) -> set[tuple[int, int, int]]:
    """The colours on this part of the drawing, whose pixels are the picture's."""
    data = page.evaluate(
        """([x, y, w, h]) => [...document.getElementById("canvas").getContext("2d").getImageData(x, y, w, h).data]""",
        [left, top, right - left, bottom - top],
    )
    return {tuple(data[at : at + 3]) for at in range(0, len(data), 4)}


def is_dark(found: set[tuple[int, int, int]]) -> bool:
    """Whether no channel of any of these colours is over 32 of 255."""
    return max(max(colour) for colour in found) <= 32


def contrast(one: str, other: str) -> float:
    """The contrast of two ``#rrggbb`` by WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
