"""A PDF of one page to pixels, within limits, by PDFium (the extra ``pdf``).

Before anything is drawn: the number of pages, the page's proportions, and the size of every picture in it, which may be
much larger than the page. Drawing is bounded in pixels and in time. PDFium is not made for threads, so one page is
drawn at a time.
"""

from __future__ import annotations

import ctypes
import time
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAPicture, PictureTooLarge

LONGEST = 1600  # pixels of the page's longer side, what recognition needs
NARROWEST = 20  # times as long as wide, at most
DEADLINE_S = 2.0
DEEPEST = 8  # forms within forms that are looked into for pictures

_one_at_a_time = Lock()


def page(data: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """The only page of ``data``, uint8 RGB (H, W, 3), on white. Raises NotAPicture, PictureTooLarge."""
    import pypdfium2

    with _one_at_a_time:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            locked = "password" in str(error).lower()
            raise NotAPicture("PDF with a password" if locked else "damaged PDF") from error
        try:
            if len(document) != 1:
                raise NotAPicture(f"PDF of {len(document)} pages; send one page")
            return _drawn(document[0], max_pixels)
        except (pypdfium2.PdfiumError, ctypes.ArgumentError, MemoryError, OSError) as error:
            raise NotAPicture("damaged PDF") from error
        finally:
            document.close()


def _drawn(page_: Any, max_pixels: int) -> NDArray[np.uint8]:
    from pypdfium2 import PdfBitmap
    from pypdfium2 import raw as pdfium

    wide, high = page_.get_size()
    if not 0 < max(wide, high) < NARROWEST * min(wide, high):
        raise NotAPicture("PDF of a page without room")
    for thing in page_.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=DEEPEST):
        columns, rows = thing.get_px_size()
        if columns * rows > max_pixels:
            raise PictureTooLarge(got=columns * rows, limit=max_pixels, unit="pixels")
    scale = LONGEST / max(wide, high)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    bitmap = PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGR)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        _draw(page_, bitmap, width, height)
        return np.array(bitmap.to_numpy()[:, :, :3], np.uint8)  # a copy: what PDFium holds ends here
    finally:
        bitmap.close()


def _draw(page_: Any, bitmap: Any, width: int, height: int) -> None:
    """Draws until it is done or the time is over. Raises NotAPicture."""
    from pypdfium2 import raw as pdfium

    end = time.monotonic() + DEADLINE_S
    pause = pdfium.IFSDK_PAUSE(version=1)
    pause.NeedToPauseNow = type(pause.NeedToPauseNow)(lambda _: int(time.monotonic() > end))
    flags = pdfium.FPDF_REVERSE_BYTE_ORDER
    status = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page_, 0, 0, width, height, 0, flags, pause)
    while status == pdfium.FPDF_RENDER_TOBECONTINUED and time.monotonic() < end:
        status = pdfium.FPDF_RenderPage_Continue(page_, pause)
    pdfium.FPDF_RenderPage_Close(page_)
    if status != pdfium.FPDF_RENDER_DONE:
        raise NotAPicture("PDF that takes too long to draw, or cannot be drawn")
