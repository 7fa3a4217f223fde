"""The page for people, in a real browser on the real product."""

from __future__ import annotations

import re
from importlib import resources

import httpx
import pytest

from bankcard_ocr import server

NUMBER = "6200000000000005"  # of the sample card, a published test number
FOLDER = resources.files(server).joinpath("page")


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
            first.headers["content-security-policy"].startswith("default-src 'self';"),
            "unsafe" in first.headers["content-security-policy"],
        )


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

        assert "101002" == page.locator("#refusal-what").inner_text()

    def test_the_camera_stops_by_itself_when_two_frames_agree(self, logged_in):
        """The film of the sample card is read, and the camera is off afterwards."""
        logged_in.get_by_role("button", name="Live camera").click()
        logged_in.get_by_text("two frames agree").wait_for()
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


class TestOperators:
    def test_quota_replies_and_why(self, logged_in):
        """The second tab shows the quota, the codes of this session, and what became of a call."""
        logged_in.get_by_role("button", name="Sample card").click()
        logged_in.locator("#number").wait_for()
        logged_in.get_by_role("tab", name="Operators").click()
        logged_in.get_by_text(re.compile(r"[1-9]\d* of 500, \d+ left")).wait_for()
        logged_in.get_by_role("row", name="/cv/ocr/bankcard").get_by_role("button").click()
        record = logged_in.locator("#record dl")
        record.wait_for()

        assert (True, True) == (
            "620000******0005" in record.inner_text(),
            logged_in.get_by_role("img", name=re.compile("Replies by error code: 0: ")).is_visible(),
        )

    def test_a_wrong_secret_is_said(self, page, product):
        """A wrong secret gives its code and its meaning, and the field is ready for the right one."""
        page.get_by_label("appid").fill(product.appid)
        page.get_by_label("Secret").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").wait_for()
        focused = page.evaluate("document.activeElement.id")

        assert ("40125: The secret is not the app's.", "secret") == (page.get_by_role("alert").inner_text(), focused)


class TestPeople:
    def test_chinese_on_a_phone(self, chinese_phone):
        """A Chinese browser sees Chinese, nothing is wider than the phone, and a click changes the language."""
        wide = chinese_phone.evaluate("document.documentElement.scrollWidth")
        title = chinese_phone.get_by_role("tab", selected=True).inner_text()
        chinese_phone.get_by_role("button", name="Switch to English").click()

        assert (390, "识别银行卡", "en") == (wide, title, chinese_phone.evaluate("document.documentElement.lang"))

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


def contrast(one: str, other: str) -> float:
    """The contrast of two ``#rrggbb`` by WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
