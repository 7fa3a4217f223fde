"""What the server says of calls that it refuses, in the page's Chinese: the causes are taken out of its source."""

from __future__ import annotations

import ast
import importlib
import re
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

import bankcard_ocr
from bankcard_ocr.errors import FetchError
from bankcard_ocr.platform import callers
from bankcard_ocr.server.fetch import connection
from bankcard_ocr.vision import image

SOURCE = Path(bankcard_ocr.__file__).parent
BESIDE = {"FetchError": 1, "CallError": 1, "NotAPicture": 0, "BadBody": 0}  # the argument that has the cause
COMPOSED = (
    "neither img nor img_url",
    "neither img nor img_url, but image, file",
    "the body is base64, send it as img_base64",
    callers.AS_HEADER,
    callers.BEHIND_A_QUESTION_MARK,
    callers.BY_ANOTHER_NAME,
    "/cgi-bin/token is meant",
    "/cgi-bin/token is meant, and its query begins with ?",
    "connect: timed out",
    "connect: refused",
    "connect: host out of reach",
    "redirect: url: no host name",
    "type: text/html, not a picture",
    "PDF with a password",
    "PDF of a page without room",
    "internal error, the server's log has it",
    "internal error, ValueError",
    *(f"tls: {reason}" for reason in (*connection._CERTIFICATE.values(), "certificate refused", "handshake failed")),
    "unknown format; send a JPEG",
    *(f"{kind}, not a picture of an accepted format; send a JPEG" for _, kind in (*image._FOREIGN, *image._FILMS)),
)
"""What the server puts together elsewhere than where it raises the error."""


def test_every_cause_is_said_in_chinese(chinese_phone):
    """Whatever the server's source says of a call, a picture or an address, and what it puts together."""
    told = [*literal(), *COMPOSED]
    said = chinese_phone.evaluate(
        """async (told) => {
            const { cause } = await import(new URL("page/texts.js", location.href));
            return told.map((hint) => cause(`x hint: [${hint}] rid: 1`));
        }""",
        told,
    )
    english = [hint for hint, text in zip(told, said, strict=True) if not re.search(r"[\u4e00-\u9fff]", text)]

    assert (True, []) == (len(told) > 100, english)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("neither img nor img_url, but image, file", "既没有 img 也没有 img_url，收到的是 image, file。"),
        (
            "status 403; if img_url is not percent-encoded, sign was cut off",
            "返回 HTTP 状态 403。如果 img_url 没有做 URL 编码，sign 会被截掉。",
        ),
        ("redirect: address: private address refused", "重定向之后：不允许访问内网地址。"),
        ("redirect: size: over 5 bytes", "重定向之后：超过 5 字节。"),
        (
            "bytes that were read as text, not a picture of an accepted format; send a JPEG",
            "不支持被当作文本读取的字节，请发送 JPEG。",
        ),
    ],
)
def test_causes_of_several_parts_are_said_in_chinese(chinese_phone, cause: str, said: str):
    """Each part of them, and names as they were sent."""
    found = chinese_phone.evaluate(
        "async (cause) => (await import('/page/texts.js')).cause(`x hint: [${cause}] rid: 1`)", cause
    )

    assert said == found


def literal() -> list[str]:
    """What stands in the source where an error is raised, with a 2 for what varies in it."""
    files = [*SOURCE.glob("platform/*.py"), *SOURCE.glob("server/**/*.py"), *SOURCE.glob("vision/*.py")]
    return [text for file in files if file.name != "files.py" for text in _of(file)]  # it reads folders and archives


def _of(file: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
    raised = [(call.func.id, call.args) for call in calls if isinstance(call.func, ast.Name) and call.func.id in BESIDE]
    if not raised:
        return []
    name = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts)
    module = importlib.import_module(name.removesuffix(".__init__"))
    return [
        FetchError(first, text).cause if kind == "FetchError" else text
        for kind, arguments in raised
        for argument in arguments[BESIDE[kind] :][:1]
        for first, text in product(_texts(arguments[0], module), _texts(argument, module))
        if text
    ]


def _texts(node: ast.expr, module: ModuleType) -> list[str]:
    """The texts that an expression may be, none where they are not in the source."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, module), *_texts(node.orelse, module)]
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value, module)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in product(*(_texts(value, module) or ["2"] for value in node.values))]
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, module)
    try:
        return [str(eval(ast.unparse(node), vars(module)))]
    except (AttributeError, NameError):
        return []
