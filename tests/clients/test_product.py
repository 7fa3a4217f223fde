"""The product as operators start it, with its real engine: one sample card through every door."""

from __future__ import annotations

from base64 import b64decode, b64encode
from importlib import resources

import pytest
import requests

from bankcard_ocr import server
from bankcard_ocr.cloud import Cloud
from bankcard_ocr.numbers import pan

NUMBER = "6200000000000005"  # of the sample card, a published test number


@pytest.fixture(scope="module")
def sample() -> bytes:
    return resources.files(server).joinpath("sample.jpg").read_bytes()


def test_http(product, sample):
    """An upload, and the URL of the server's own sample card, give its number."""
    endpoint = f"{product.url}/cv/ocr/bankcard?access_token={product.token}"
    uploaded = requests.post(endpoint, files={"img": ("card.jpg", sample)}, timeout=60).json()
    fetched = requests.get(endpoint, params={"img_url": f"{product.url}/sample.jpg"}, timeout=60).json()

    assert [{"errcode": 0, "errmsg": "ok", "number": NUMBER, "id": NUMBER}] * 2 == [uploaded, fetched]


def test_two_pictures_masked_with_all_detail(product, sample):
    """Two pictures in one call, everything asked for: the number stands nowhere in the reply, and a retry is one."""
    endpoint = f"{product.url}/cv/ocr/bankcard?access_token={product.token}&detail=1&pan=masked&return=redacted"
    body = {name: b64encode(sample).decode() for name in ("img_base64", "img2_base64")}
    headers = {"Idempotency-Key": "order-1"}
    reply, again = (requests.post(endpoint, json=body, headers=headers, timeout=120) for _ in range(2))
    found = reply.json()

    assert (pan.mask(NUMBER), pan.mask(NUMBER), b"\xff\xd8\xff", False, "true") == (
        found["number"],
        found["cards"][0]["number"],
        b64decode(found["redacted_picture"])[:3],
        NUMBER in reply.text,
        again.headers["idempotent-replayed"],
    )


def test_the_python_cloud_sdk(product, sample):
    """The SDK fetches its token and reads the card."""
    config = {"permissions": {"openapi": ["ocr.bankcard"]}}
    with Cloud(product.url, appid=product.appid, secret=product.secret, config=config, timeout_s=60) as account:
        result = account.openapi.ocr.bankcard(img={"contentType": "image/jpeg", "value": sample})

    assert NUMBER == result["number"]


def test_wx_server_sdk(product, sample, node, cloud_function):
    """Npm's SDK reads it with the token an operator made."""
    function = cloud_function(node, "4", product.url)
    answer = function.bankcard(
        token=product.token, type="photo", img=b64encode(sample).decode(), contentType="image/jpeg"
    )

    assert NUMBER == answer["result"]["number"]


def test_what_is_no_card_is_refused(product):
    """A picture without a card gives no number, and says so."""
    from io import BytesIO

    from PIL import Image

    blank = BytesIO()
    Image.new("RGB", (640, 400), (90, 120, 60)).save(blank, "JPEG")
    reply = requests.post(
        f"{product.url}/cv/ocr/bankcard?access_token={product.token}", data=blank.getvalue(), timeout=60
    ).json()

    assert (101001, True) == (reply["errcode"], "[no card found]" in reply["errmsg"])
