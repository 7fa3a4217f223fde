"""The Python cloud SDK against a server process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from bankcard_ocr.cloud import Cloud, CloudError

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40 + b"\xff\xd9"
ALLOWED = {"permissions": {"openapi": ["ocr.bankcard"]}}

FORKING = """
import os
import sys

from bankcard_ocr.cloud import Cloud, CloudError

url, secret, picture = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
account = Cloud(url, appid="wx1", secret=secret, config={"permissions": {"openapi": ["ocr.bankcard"]}})


def said(img):
    try:
        return account.openapi.ocr.bankcard(img=img)["errCode"]
    except CloudError as error:
        return error.errCode


assert said(picture) == 0  # over a connection that is kept
children = []
for img, wanted in [(picture, 0), (picture + b"NO CARD", 101001)] * 2:
    child = os.fork()
    if not child:
        os._exit(any(said(img) != wanted for _ in range(10)))
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""


@pytest.fixture
def account(served):
    with Cloud(served.url, appid="wx1", secret=served.apps["wx1"]["secret"], config=ALLOWED) as account:
        yield account


@pytest.fixture(scope="module")
def success(served) -> dict[str, object]:
    return {"errCode": 0, "errMsg": "openapi.ocr.bankcard:ok", "number": served.number, "id": served.number}


def test_a_picture_and_a_url(account, site, success):
    """Both ways of giving a picture give the number."""
    assert success == account.openapi.ocr.bankcard(img={"contentType": "image/jpeg", "value": JPEG})
    assert success == account.openapi.ocr.bankcard(type="scan", imgUrl=f"{site}/银行卡 正面.jpg")


def test_many_at_once(account, success):
    """Threads share an account, and so do tasks."""

    async def tasks() -> list[object]:
        return await asyncio.gather(*(account.aio.openapi.ocr.bankcard(img=JPEG) for _ in range(4)))

    with ThreadPoolExecutor(4) as pool:
        from_threads = list(pool.map(lambda _: account.openapi.ocr.bankcard(img=JPEG), range(8)))

    assert [success] * 12 == from_threads + asyncio.run(tasks())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_processes_get_their_own_answers(served):
    """As those of gunicorn --preload, which got one another's over the connection of their parent."""
    command = [sys.executable, "-c", FORKING, served.url, served.apps["wx1"]["secret"], JPEG[:200].hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert ("[0, 0, 0, 0]\n", "") == (done.stdout, done.stderr)


def test_details_are_in_camel_case(account):
    """What the server knows beyond the number arrives under the SDK's names."""
    result = account.openapi.ocr.bankcard(img=JPEG, detail=True)

    assert ({"w": 640, "h": 480}, {"x": 10, "y": 20}) == (
        result["imgSize"],
        result["numberPosition"]["pos"]["leftTop"],
    )


def test_a_key_is_for_one_call(account):
    """The server takes the key: what was asked with it is answered alike, and nothing else may be."""
    asked = {"img": JPEG, "pan": "masked", "idempotency_key": "order-7"}
    first, again = (account.openapi.ocr.bankcard(**asked) for _ in range(2))
    with pytest.raises(CloudError) as caught:
        account.openapi.ocr.bankcard(**{**asked, "pan": "full"})

    assert (first, True, 47001) == (again, "*" in first["number"], caught.value.errCode)


def test_a_superseded_token_is_renewed(account, success):
    """A token that the server does not know is replaced without the caller's noticing."""
    account._token = ("unknown", float("inf"))

    assert success == account.openapi.ocr.bankcard(img=JPEG)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"img": JPEG + b"NO CARD"}, 101001, "certificate not found hint: [no card found]"),
        ({"img": b"no picture"}, 101002, "decode image failed hint: [unknown format]"),
        ({"imgUrl": "http://169.254.169.254/"}, 101000, "invalid image url hint: [address: private address refused]"),
        ({}, 41005, "media data missing hint: [neither img nor img_url]"),
    ],
)
def test_failures(account, given, code, words):
    """The server's code and words are the error's."""
    with pytest.raises(CloudError) as caught:
        account.openapi.ocr.bankcard(**given)

    assert (code, True) == (
        caught.value.errCode,
        caught.value.errMsg.startswith(f"openapi.ocr.bankcard:fail {words} rid: "),
    )


def test_a_wrong_secret(served):
    """A wrong secret is the platform's 40125."""
    with Cloud(served.url, appid="wx2", secret="wrong", config=ALLOWED) as account, pytest.raises(CloudError) as caught:
        account.openapi.ocr.bankcard(img=JPEG)

    assert 40125 == caught.value.errCode
