"""Draws the only page of a PDF: a program of its own, ``pdf_process.py MAX_PIXELS < PDF``, which :mod:`.pdf` starts.

It writes a line of JSON, ``{"width": W, "height": H}``, and then H rows of W pixels RGB; or one of a ``fault``, or of
the ``pixels`` of a picture that has too many. Before anything is drawn it looks at the number of pages, the page's
proportions, and the size of every picture in it, which may be much larger than the page.

PDFium unpacks and draws what a stranger wrote: a few hundred bytes can ask for gigabytes and hours, of which it tells
nothing while it is at it. So this program has little memory and little time, and imports nothing of the package.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

LONGEST = 1600  # pixels of the page's longer side, what recognition needs
NARROWEST = 20  # times as long as wide, at most
DEEPEST = 8  # forms within forms that are looked into for pictures
MEMORY = 768 << 20  # bytes
SECONDS = 3  # of the processor


def limit() -> None:
    """Gives this process no more than its memory and time, each where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's patience is the limit
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS takes no limit of memory
            resource.setrlimit(what, (most, most))


def drawn(data: bytes, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    """What to write: the facts, and the pixels where there are some."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        return {"fault": "PDF with a password" if "password" in str(error).lower() else "damaged PDF"}, b""
    if len(document) != 1:
        return {"fault": f"PDF of {len(document)} pages; send one page"}, b""
    return _page(document[0], max_pixels)


def _page(page: Any, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    from pypdfium2 import PdfBitmap
    from pypdfium2 import raw as pdfium

    wide, high = page.get_size()
    if not 0 < max(wide, high) < NARROWEST * min(wide, high):
        return {"fault": "PDF of a page without room"}, b""
    for thing in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=DEEPEST):
        columns, rows = thing.get_px_size()
        if columns * rows > max_pixels:
            return {"pixels": columns * rows}, b""
    scale = LONGEST / max(wide, high)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    bitmap = PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_REVERSE_BYTE_ORDER)
    rows_ = bytes(bitmap.buffer)
    return {"width": width, "height": height}, b"".join(
        rows_[start : start + 3 * width] for start in range(0, height * bitmap.stride, bitmap.stride)
    )


def main() -> None:
    limit()
    import ctypes

    from pypdfium2 import PdfiumError

    try:
        facts, pixels = drawn(sys.stdin.buffer.read(), int(sys.argv[1]))
    except (PdfiumError, ctypes.ArgumentError, MemoryError, OSError):
        facts, pixels = {"fault": "damaged PDF"}, b""
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + pixels)


if __name__ == "__main__":
    main()
