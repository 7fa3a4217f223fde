"""A real Chromium whose camera films the sample card, and the product's page in it."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from bankcard_ocr import server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """A film (YUV4MPEG2) of the sample card, which does not move."""
    sample = np.frombuffer(resources.files(server).joinpath("sample.jpg").read_bytes(), np.uint8)
    picture = cv2.resize(cv2.imdecode(sample, cv2.IMREAD_COLOR), (1280, 800), interpolation=cv2.INTER_AREA)
    frame = b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes()
    path = tmp_path_factory.mktemp("film") / "card.y4m"
    path.write_bytes(b"YUV4MPEG2 W1280 H800 F10:1 Ip A1:1 C420\n" + 4 * frame)
    return path


@pytest.fixture(scope="module")
def chromium(film):
    """A headless Chromium whose only camera is the film.

    Not of the session: as long as Playwright's synchronous interface is open an event loop runs in this thread, and no
    other test can run one.
    """
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", *camera, f"--use-file-for-fake-video-capture={film}"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, product):
    """The page in English on a desktop, with what it asked for and complained of in ``page.asked``, ``page.said``."""
    yield from opened(chromium, product, locale="en-US", viewport={"width": 1280, "height": 800})


@pytest.fixture
def chinese_phone(chromium, product):
    """The page in Chinese on a phone."""
    yield from opened(chromium, product, locale="zh-CN", viewport={"width": 390, "height": 844})


def opened(chromium, product, **context):
    with chromium.new_context(**context) as alone:
        page = alone.new_page()
        page.set_default_timeout(20_000)
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(product.url)
        yield page


@pytest.fixture
def logged_in(page, product):
    """The page, with the app logged in."""
    page.get_by_label("appid").fill(product.appid)
    page.get_by_label("Secret").fill(product.secret)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text(f"Logged in as {product.appid}").wait_for()
    return page
