"""Coverage-guided fuzzing of the edges that strangers reach, by atheris.

    python fuzz/fuzz.py form --seconds 3600             # multipart, urlencoded and JSON bodies, whole requests
    python fuzz/fuzz.py cloudcall --seconds 3600        # the cloud call's protobuf in its multipart
    python fuzz/fuzz.py image --seconds 3600            # pictures of every format
    python fuzz/fuzz.py all --seconds 3600              # an hour for the three together, one after another

What is found more than once lies in ``.fuzz/TARGET`` and is where the next run begins; an input that breaks a promise
is written beside it as ``crash-…``, and the exit status is not 0. The promises: no exception but the module's own, no
input over two seconds or a gigabyte, and what the code says of its results.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import atheris
import hostile_pictures

FOLDER = Path(__file__).parent.parent / ".fuzz"
LIMITS = ("-timeout=20", "-rss_limit_mb=3000", "-max_len=65536", "-print_final_stats=1", "-verbosity=1")

PLUGINS = [f"PIL.{kind}ImagePlugin" for kind in ("Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP")]

with atheris.instrument_imports(
    include=["bankcard_ocr.platform", "bankcard_ocr.vision.image", "python_multipart.multipart", *PLUGINS]
):
    import wx_server_sdk  # what it imports is to be instrumented, too

    from bankcard_ocr.errors import CallError, PictureError
    from bankcard_ocr.platform import cloudcodes, commapi, form, multipart, sources, wire
    from bankcard_ocr.vision import image

    for plugin in PLUGINS:
        import_module(plugin)

TYPES = (
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "",
    "image/jpeg",
    "text/plain;;=",
)


def form_(data: bytes) -> None:
    """A body is parts, fields, JSON, bytes or a fault; a request is anything, and names its picture or raises 41005."""
    kind = TYPES[data[0] % len(TYPES)] if data else ""
    body = form.parse(data[1:], kind)
    if len(body.parts) > multipart.MAX_PARTS or (body.fault and (body.parts or body.raw)):
        raise AssertionError(body)
    request = wire.request(
        method="POST", path="/cv/ocr/bankcard", query=data[1:64], headers={"content-type": kind}, body=data[1:]
    )
    request.access_token()
    try:
        sources.picture(request)
    except CallError as error:
        if error.errcode != 41005:
            raise


def cloudcall_(data: bytes) -> None:
    """Bytes are arguments, -601002 or 41005; arguments that are encoded again say the same."""
    try:
        found = commapi.arguments(data)
    except CallError as error:
        if error.errcode not in {cloudcodes.BAD_ARGUMENTS, 41005}:
            raise
        return
    again = commapi.arguments(wx_server_sdk.encode_arguments(found.plain, found.pictures))
    if repr(again.plain) != repr(found.plain) or again.pictures != found.pictures:
        raise AssertionError(found.plain)


def image_(data: bytes) -> None:
    """Bytes are a picture of 8-bit RGB within the limits, or a PictureError."""
    try:
        found = image.decode(data, enough=256, max_pixels=1_000_000)
    except PictureError:
        return
    height, width, channels = found.pixels.shape
    if channels != 3 or height * width * found.reduced**2 > 4_000_000 or not found.pixels.flags.c_contiguous:
        raise AssertionError(found)


def _bodies() -> Iterator[bytes]:
    part = b'--b\r\nContent-Disposition: form-data; name="img"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    yield b"\0" + part + b"\xff\xd8\xff\xe0picture\r\n--b--\r\n"
    yield (
        b"\0"
        + part.replace(b"image/jpeg\r\n", b"image/jpeg\r\nContent-Transfer-Encoding: base64\r\n")
        + b"/9j/\r\n--b--"
    )
    yield b"\1" + part + b"x\r\n" + part + b"y\r\n--b--"
    yield b'\2{"img_url": "https://example.com/a.jpg", "type": "scan"}'
    yield b"\3img_url=https%3A%2F%2Fexample.com%2F&type=photo&access_token=x"
    yield b"\4\xff\xd8\xff\xe0picture"


def _arguments() -> Iterator[bytes]:
    picture = multipart.Part(name="img", filename="img.png", content_type="", data=b"\xff\xd8\xffpicture")
    yield wx_server_sdk.encode_arguments({"type": "scan", "img_url": "https://example.com/card.jpg"})
    yield wx_server_sdk.encode_arguments({"a": 1, "b": 0.5, "c": True}, (picture,))


def _pictures() -> Iterator[bytes]:
    yield from hostile_pictures.small().values()


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "form": (form_, _bodies),
    "cloudcall": (cloudcall_, _arguments),
    "image": (image_, _pictures),
}


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzzes one target in this process, which libFuzzer ends."""
    logging.disable()  # python-multipart complains of each damaged body
    target, seeds = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    options = (f"-max_total_time={seconds}", f"-artifact_prefix={folder}/{name}-", *LIMITS)
    atheris.Setup([sys.argv[0], str(corpus), *options], target)
    atheris.Fuzz()


def main() -> None:
    """Fuzzes the target asked for, or each for its share of the time."""
    parser = argparse.ArgumentParser(description="Fuzz the edges.")
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    if asked.target != "all":
        fuzz(asked.target, asked.seconds, asked.folder)
        return
    share = str(max(1, asked.seconds // len(TARGETS)))
    command = [sys.executable, __file__]
    statuses = [
        subprocess.run([*command, name, "--seconds", share, "--folder", str(asked.folder)], check=False).returncode  # noqa: S603
        for name in TARGETS
    ]
    sys.exit(max(statuses, key=abs))


if __name__ == "__main__":
    main()
