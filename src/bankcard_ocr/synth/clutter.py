"""What else stands on and over a card: chip, marks, holograms, small print, dates, names, stickers, fingers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from . import art, card, glyphs, write

Picture = NDArray[np.float32]
Rng = np.random.Generator
Window = tuple[float, float, float, float]

_LABELS = (
    "VALID THRU", "MONTH/YEAR", "GOOD THRU", "EXPIRES END", "VALID FROM", "MEMBER SINCE", "ATM", "DEBIT", "CREDIT",
    "ELECTRONIC USE ONLY", "CARDHOLDER NAME", "AUTHORIZED SIGNATURE", "NOT TRANSFERABLE", "PLATINUM", "GOLD", "95588",
)  # fmt: skip
_FIRST = ("LI", "WANG", "ZHANG", "CHEN", "YANG", "JOHN", "MARIA", "ANNA", "DAVID", "XIAO", "HUI", "MING", "TARO", "ALI", "C F")
_LAST = ("WEI", "FANG", "NA", "XIUYING", "QIANG", "SMITH", "GARCIA", "MUELLER", "HANAKO", "FROST", "JIANGUO", "ROSSI", "KIM")


def date(rng: Rng) -> str:
    """A month and year as cards print them."""
    month, year = int(rng.integers(0, 13)), int(rng.integers(0, 100))
    kind = rng.random()
    if kind < 0.8:
        return f"{month:02d}/{year:02d}"
    return f"{month:02d}/20{year:02d}" if kind < 0.93 else f"{int(rng.integers(0, 32)):02d}/{month:02d}/{year:02d}"


def name(rng: Rng) -> str:
    """A made-up holder name in capitals."""
    if rng.random() < 0.4:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return " ".join("".join(letters[int(i)] for i in rng.integers(0, 26, int(rng.integers(2, 9)))) for _ in range(int(rng.integers(1, 4))))
    given = _FIRST[int(rng.integers(len(_FIRST)))]
    return f"{given} {_LAST[int(rng.integers(len(_LAST)))]}"


def label(rng: Rng) -> str:
    """A caption as small print has it."""
    return _LABELS[int(rng.integers(len(_LABELS)))]


WORDS = card.Words(date, name, label)


def small_print(rng: Rng, left: float, middle: float, text: str = "") -> card.Line:
    """A short printed text in a small size."""
    text = text or (_LABELS[int(rng.integers(len(_LABELS)))] if rng.random() < 0.7 else card.digits(rng, 4))
    return card.set_line(rng, "other", text, relief=False, height=rng.uniform(1.0, 2.0), left=left, middle=middle)


def around_line(rng: Rng, picture: Picture, window: Window, scale: float, line: card.Line) -> Picture:
    """What may stand near the number: chip, mark or hologram cutting in, small print and the lines above and below."""
    if rng.random() < 0.25:
        chip(rng, picture, window, scale, (rng.uniform(2, 12), -line.height * rng.uniform(1.4, 2.4)))
    if rng.random() < 0.3:
        right = float(line.middles[-1, 0])
        mark(rng, picture, window, scale, (right - rng.uniform(-4, 14), line.height * rng.uniform(-1.5, 2.5)))
    near: list[card.Line] = []
    if rng.random() < 0.35:
        near.append(small_print(rng, rng.uniform(-3, 3), line.height * rng.uniform(0.75, 1.3), card.digits(rng, 4)))
    if rng.random() < 0.35:
        near.append(small_print(rng, rng.uniform(0, 50), line.height * rng.uniform(-1.6, -0.9)))
    if rng.random() < 0.35:
        near.append(small_print(rng, rng.uniform(0, 50), line.height * rng.uniform(0.8, 1.5)))
    if rng.random() < 0.3:
        raised = line.ink.relief
        text = name(rng) if rng.random() < 0.5 else date(rng)
        other = line.height * rng.uniform(0.6, 0.9)
        ink = line.ink if rng.random() < 0.7 else None
        near.append(card.set_line(rng, "other", text, relief=raised, height=other, left=rng.uniform(-2, 40), middle=line.height * rng.uniform(1.3, 2.4), ink=ink))
    if rng.random() < 0.12:  # the arrow that shows which end goes in
        tip = np.array([(-3.2, 0), (-1.6, -1), (-1.6, 1)]) * rng.uniform(0.8, 1.4) + (rng.uniform(-1.5, 0.8), 0)
        points = np.round((tip - window[:2]) * scale * 8).astype(np.int32)
        cv2.fillPoly(picture, [points], art.colour(rng).tolist(), cv2.LINE_AA, 3)
    for text_line in near:
        write.line(picture, text_line, window[:2], scale)
    return picture


def back(rng: Rng, picture: Picture, scale: float) -> None:
    """The magnetic stripe and the signature panel with its security code, which is never read."""
    rows, columns = picture.shape[:2]
    top = int(rng.uniform(3, 7) * scale)
    picture[top : top + int(rng.uniform(9, 13) * scale)] = rng.uniform(0.02, 0.15)
    y, x = int(rng.uniform(20, 26) * scale), int(rng.uniform(2, 8) * scale)
    cv2.rectangle(picture, (x, y), (int(columns * rng.uniform(0.6, 0.75)), y + int(7 * scale)), (0.93, 0.93, 0.9), -1)


def chip(rng: Rng, picture: Picture, window: Window, scale: float, bottom_left: tuple[float, float]) -> None:
    """A contact chip, gold or silver, its bottom-left corner given in millimetres."""
    left, bottom = bottom_left
    width, height = rng.uniform(11, 13.5), rng.uniform(9.5, 12.5)
    metal = np.array([(0.86, 0.72, 0.4), (0.8, 0.8, 0.82), (0.9, 0.82, 0.6)][int(rng.integers(3))]) * rng.uniform(0.75, 1.1)
    box = ((np.array([left, bottom - height, left + width, bottom]) - (window[0], window[1]) * 2) * scale).astype(int)
    x0, y0, x1, y1 = (int(v) for v in box)
    dark = (metal * rng.uniform(0.25, 0.6)).tolist()
    rounded(picture, (x0, y0, x1, y1), 1.6 * scale, metal.tolist())
    thick = max(1, int(0.22 * scale))
    for part in (0.33, 0.67):
        y = int(y0 + (y1 - y0) * part)
        cv2.line(picture, (x0, y), (x0 + (x1 - x0) // 3, y), dark, thick, cv2.LINE_AA)
        cv2.line(picture, (x1, y), (x1 - (x1 - x0) // 3, y), dark, thick, cv2.LINE_AA)
    cv2.rectangle(picture, (x0 + (x1 - x0) // 3, y0 + (y1 - y0) // 4), (x1 - (x1 - x0) // 3, y1 - (y1 - y0) // 4), dark, thick, cv2.LINE_AA)
    cv2.line(picture, ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y0 + (y1 - y0) // 4), dark, thick, cv2.LINE_AA)


def rounded(picture: Picture, box: tuple[int, int, int, int], radius: float, colour: list[float]) -> None:
    """A filled rectangle with round corners."""
    x0, y0, x1, y1 = box
    r = max(1, int(min(radius, (x1 - x0) / 2 - 1, (y1 - y0) / 2 - 1)))
    cv2.rectangle(picture, (x0 + r, y0), (x1 - r, y1), colour, -1)
    cv2.rectangle(picture, (x0, y0 + r), (x1, y1 - r), colour, -1)
    for x in (x0 + r, x1 - r):
        for y in (y0 + r, y1 - r):
            cv2.circle(picture, (x, y), r, colour, -1, cv2.LINE_AA)


def mark(rng: Rng, picture: Picture, window: Window, scale: float, top_left: tuple[float, float]) -> None:
    """A network's or bank's mark: two discs, a striped plate, a word, or a hologram. Made up, no one's own."""
    x, y = ((np.array(top_left) - window[:2]) * scale).tolist()
    width, height = rng.uniform(11, 19) * scale, rng.uniform(7, 12) * scale
    kind = rng.random()
    if kind < 0.25:
        radius = int(height / 2)
        left, right = (int(x + radius), int(y + radius)), (int(x + width * 0.75), int(y + radius))
        cv2.circle(picture, left, radius, art.colour(rng).tolist(), -1, cv2.LINE_AA)
        cv2.circle(picture, right, radius, art.colour(rng).tolist(), -1, cv2.LINE_AA)
    elif kind < 0.65:  # slanted stripes in a bordered plate
        box = (int(x), int(y), int(x + width), int(y + height))
        rounded(picture, box, 1.2 * scale, [1.0, 1.0, 1.0])
        inner, lean = 0.5 * scale, 1.5 * scale
        for i in range(3):
            a, b = x + inner + (width - 2 * inner - lean) * i / 3, x + inner + (width - 2 * inner - lean) * (i + 1.15) / 3
            points = np.array([(a + lean, y + inner), (b + lean, y + inner), (b, y + height - inner), (a, y + height - inner)])
            cv2.fillPoly(picture, [np.round(points * 8).astype(np.int32)], art.colour(rng).tolist(), cv2.LINE_AA, 3)
        _word(rng, picture, (x + width / 2, y + height * 0.6), width * 0.16, "UNION")
    elif kind < 0.85:
        word = "".join("ABCDEFGIKLMNOPRSTUVWXYZ"[int(i)] for i in rng.integers(0, 23, 4))
        if rng.random() < 0.5:
            rounded(picture, (int(x), int(y), int(x + width), int(y + height)), 0.8 * scale, [1.0, 1.0, 1.0])
        _word(rng, picture, (x + width / 2, y + height / 2), width * 0.22, word)
    else:
        _hologram(rng, picture, (int(x), int(y), int(x + width), int(y + height)))


def _word(rng: Rng, picture: Picture, middle: tuple[float, float], height: float, word: str) -> None:
    mask = np.zeros(picture.shape[:2], np.float32)
    files = glyphs.fonts()
    face = glyphs.Face(font=files[int(rng.integers(len(files)))] if files else "", slant=rng.uniform(0, 0.3), stroke=0.16)
    height = min(max(height, 4.0), 90.0)
    places = np.array([(middle[0] + (i - (len(word) - 1) / 2) * height * 0.85, middle[1]) for i in range(len(word))], np.float32)
    glyphs.paint(mask, word, face, places, height)
    picture += mask[:, :, None] * (art.colour(rng) - picture)


def _hologram(rng: Rng, picture: Picture, box: tuple[int, int, int, int]) -> None:
    x0, y0 = max(0, box[0]), max(0, box[1])
    part = picture[y0 : box[3], x0 : box[2]] if box[2] > 0 and box[3] > 0 else picture[:0]
    if part.size == 0:
        return
    rows, columns = part.shape[:2]
    field = art.noise(rng, rows, columns, max(2.0, rows / 3)) + art.noise(rng, rows, columns, 2.0) * 0.5
    phase = field[:, :, None] * 3 + np.array([0, 2.1, 4.2], np.float32)
    part[:] = 0.55 + 0.4 * np.sin(phase + rng.uniform(0, 6)) * rng.uniform(0.3, 1)


def cover(rng: Rng, picture: Picture, box: tuple[float, float, float, float]) -> Picture:
    """``picture`` with the box (left, top, right, bottom) hidden: paper, paint, a finger, glare, stars or mosaic."""
    left, top, right, bottom = box
    high = bottom - top
    pad = rng.uniform(0.1, 0.6) * high
    x0, y0, x1, y1 = int(left - pad * 0.4), int(top - pad), int(right + pad * 0.4), int(bottom + pad)
    kind = rng.random()
    if kind < 0.3:
        cv2.rectangle(picture, (x0, y0), (x1, y1), art.colour(rng).tolist(), -1)
    elif kind < 0.5:  # a brush
        y = int((y0 + y1) / 2)
        cv2.line(picture, (x0 + y1 - y, y), (x1 - y1 + y, y), art.colour(rng).tolist(), max(3, y1 - y0), cv2.LINE_AA)
    elif kind < 0.7:  # a finger
        skin = np.array((0.85, 0.65, 0.53)) * rng.uniform(0.4, 1.1)
        middle = (int((x0 + x1) / 2), int(y1 if rng.random() < 0.5 else y0))
        axes = (max(4, int((x1 - x0) * 0.72)), max(4, int((y1 - y0) * 1.5)))
        mask = np.zeros(picture.shape[:2], np.float32)
        cv2.ellipse(mask, middle, axes, float(rng.normal(0, 12)), 0, 360, 1.0, -1, cv2.LINE_AA)
        tone = skin * (1 + 0.15 * art.noise(rng, *picture.shape[:2], high)[:, :, None])
        picture = picture + cv2.GaussianBlur(mask, (0, 0), 1.2)[:, :, None] * (tone - picture)
    elif kind < 0.85:  # blown out by glare
        mask = np.zeros(picture.shape[:2], np.float32)
        cv2.ellipse(mask, (int((x0 + x1) / 2), int((y0 + y1) / 2)), (max(3, int((x1 - x0) * 0.62)), max(3, int((y1 - y0) * 0.8))), 0, 0, 360, 1.0, -1)
        picture = picture + cv2.GaussianBlur(mask, (0, 0), max(1.0, high * 0.12))[:, :, None] * 2.5
    else:  # mosaic
        a, b, c, d = max(0, x0), max(0, y0), min(picture.shape[1], x1), min(picture.shape[0], y1)
        part = picture[b:d, a:c]
        if part.size:
            cell = max(4, int(high * 0.45))
            small = cv2.resize(part, (max(1, (c - a) // cell), max(1, (d - b) // cell)), interpolation=cv2.INTER_AREA)
            picture[b:d, a:c] = cv2.resize(small, (c - a, d - b), interpolation=cv2.INTER_NEAREST)
    return picture.astype(np.float32, copy=False)
