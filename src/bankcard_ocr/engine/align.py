"""Several pictures of one card, laid on one another: what each shows of the number and where, and what all show there.

All are laid on the picture that shows most, by the features that they share with its card. One that shares too few is
laid by the card that was located in it, where one was in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..numbers import pan
from ..reading import Candidate
from ..vision import quad as quads
from ..vision import recognize, register
from ..vision.model import Model
from ..vision.recognize import Line
from . import cards, fuse, issued, judge, layout, look
from .regions import Region

AROUND = (-0.3, -4.0, 1.3, 3.5)  # of a line without a card around it: left, top, right, bottom of what is on its card
WIDTH, ABOVE, BELOW = 22.0, 6.5, 5.0  # of such a card: pitches of its digits, their heights above and below the line
ENDS, LOOSE = 2.0, 0.35  # digits' heights around all that were seen, in which a line is read first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedPicture:
    """``pixels`` uint8 (H, W, 3), the ``region`` of the number, the outline of the ``card`` where one was located."""

    pixels: quads.Image = field(repr=False)
    region: Region
    card: quads.Quad | None

    @property
    def line(self) -> Line:
        """What was read there."""
        return self.region.line

    def where(self, points: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
        """Points (N, 2) of the line's strip in the picture's pixels."""
        return recognize.in_picture(np.array(points, np.float32).reshape(-1, 2), self.region.quad, self.line)

    @property
    def middles(self) -> NDArray[np.float32]:
        """Where its characters stand, (N, 2)."""
        return self.where([(char.x, char.y) for char in self.line.characters])

    @property
    def surely_card(self) -> quads.Quad:
        """Where the picture shows the card and nothing else."""
        return self.card if self.card is not None else quads.part(self.region.text_quad, *AROUND)

    @property
    def likely_card(self) -> quads.Quad:
        """The card's outline, or one as large as cards with such digits are."""
        if self.card is not None:
            return self.card
        count = max(1, len(self.line.characters))
        return quads.part(self.region.text_quad, -2 / count, -ABOVE, (WIDTH - 2) / count, 1 + BELOW)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aligned:
    """Pictures that show characters, the ``card`` in one of them, and what takes the others' pixels onto it.

    ``onto`` (3, 3) each; None where they share too few features.
    """

    pictures: tuple[AlignedPicture, ...]
    onto: tuple[quads.Matrix | None, ...]
    first: AlignedPicture
    card: quads.Quad

    def observations(self) -> list[fuse.Observation]:
        """What each picture shows of the number, and where on the card."""
        found = [self._observed(picture, matrix) for picture, matrix in zip(self.pictures, self.onto, strict=True)]
        return [each for each in found if len(each.chances)]

    def _observed(self, picture: AlignedPicture, onto: quads.Matrix | None) -> fuse.Observation:
        """The digits, and where they stand: on the card of the first picture, or else on the picture's own."""
        seen = fuse.Observation(chances=fuse.chances(picture.line))
        if len(picture.line.characters) != len(seen.chances) or not len(seen.chances):
            return seen  # a number in several lines, or what hardly is one
        unseen = layout.unseen_index(picture.line)
        if self._is_laid and onto is not None:
            along, across = self._on_card(picture.middles, onto).T
            if (np.diff(along) > 0).all():
                seen = replace(seen, along=along, across=float(np.median(across)), is_registered=True)
        elif picture.card is not None and not (self._is_laid and self.first.card is None):
            on_card = quads.project(picture.middles, quads.homography(picture.card, quads.UNIT))
            axis, forward = cards.runs(on_card)
            along, across = (on_card if forward else 1 - on_card)[:, [axis, 1 - axis]].T
            seen = replace(seen, along=along, across=float(np.median(across)))
        if seen.along is not None and picture.card is not None:
            seen = replace(seen, face=register.face(picture.pixels, picture.card))
        return seen.lacking(unseen)

    @property
    def _is_laid(self) -> bool:
        """Whether any picture is laid on the first; else each keeps to its own card."""
        return sum(matrix is not None for matrix in self.onto) > 1

    def read(self, model: Model) -> tuple[Candidate, ...]:
        """What all pictures that are laid on one another say together, read anew in the same places in each.

        A digit that one of them shows is there. That alone is little: what is returned is proven, and evenly set.
        """
        laid = [
            (picture, matrix) for picture, matrix in zip(self.pictures, self.onto, strict=True) if matrix is not None
        ]
        if len(laid) < 2:
            return ()
        strips = _Strips(model=model, laid=[(each.pixels, np.asarray(np.linalg.inv(matrix))) for each, matrix in laid])
        found = [said for quad in self._lines(laid) if (said := _proven(strips.line(quad)))]
        if len({said[0].number for said in found}) != 1:
            return ()
        return max(found, key=lambda said: said[0].confidence)

    def _lines(self, laid: Sequence[tuple[AlignedPicture, quads.Matrix]]) -> list[quads.Quad]:
        """Where the number may stand in the first picture, by the digits seen in all: the line of most digits first."""
        rows: list[NDArray[np.float64]] = []
        for picture, matrix in laid:
            seen = [char for char in picture.line.characters if char.text.isdigit()]
            if len(seen) >= recognize.FEWEST:
                edges = [[(char.x, char.y + side * char.height / 2) for char in seen] for side in (-1, 0, 1)]
                row = np.stack([self._on_card(picture.where(each), matrix) for each in edges]) * quads.ID1_MM
                if np.isfinite(row).all():
                    rows.append(np.asarray(row, np.float64))
        rows.sort(key=lambda row: -row.shape[1])
        found = []
        while rows:
            level = float(np.median(rows[0][1, :, 1]))
            near = [
                row for row in rows if abs(float(np.median(row[1, :, 1])) - level) < fuse.OFF_LINE * quads.ID1_MM[1]
            ]
            rows = [row for row in rows if not any(row is other for other in near)]
            found.append(self._around(*np.concatenate(near, 1)))
        return found

    def _around(self, top: NDArray[np.float64], middle: NDArray[np.float64], bottom: NDArray[np.float64]) -> quads.Quad:
        """The line through digits whose tops, middles and bottoms (N, 2) are these, in millimetres on the card."""
        high = float(np.median(np.linalg.norm(bottom - top, axis=1)))
        slope, offset = recognize.straight(middle[:, 0].tolist(), middle[:, 1].tolist())
        left, right = middle[:, 0].min() - ENDS * high, middle[:, 0].max() + ENDS * high
        half = (0.5 + LOOSE) * high
        first, last = slope * left + offset, slope * right + offset
        corners = np.array([(left, first - half), (right, last - half), (right, last + half), (left, first + half)])
        return quads.project((corners / quads.ID1_MM).astype(np.float32), quads.homography(quads.UNIT, self.card))

    def _on_card(self, points: NDArray[np.float32], onto: quads.Matrix) -> NDArray[np.float32]:
        return quads.project(quads.project(points, onto), quads.homography(self.card, quads.UNIT))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Strips:
    """Pictures with their homographies from the first picture, to be read at one place in all of them."""

    model: Model
    laid: Sequence[tuple[quads.Image, quads.Matrix]]

    def line(self, quad: quads.Quad) -> Line:
        """What all show where the first has ``quad``: framed anew by its characters, wider where they may be a part."""
        line, quad = self._framed(quad)
        if len(line.characters) < look.FULL:
            wide = quads.grow(
                quad, (pan.LONGEST - len(line.characters)) / max(recognize.FEWEST, len(line.characters)), 0.0
            )
            longer, _ = self._framed(wide)
            if len(longer.characters) > len(line.characters):
                return longer
        return line

    def _framed(self, quad: quads.Quad) -> tuple[Line, quads.Quad]:
        line = self._read(quad)
        framed = recognize.framed(line, quad)
        return (line, quad) if framed is None else (self._read(framed), framed)

    def _read(self, quad: quads.Quad) -> Line:
        strips = [recognize.strip(pixels, quads.project(quad, back)) for pixels, back in self.laid]
        return layout.without_strays(recognize.together(self.model, strips))


def _proven(line: Line) -> tuple[Candidate, ...]:
    """The numbers that ``line`` may say, when it is evenly set and the first of them is proven."""
    found = judge.ranked([line])
    middles = np.array([char.x for char in line.characters], np.float64)
    if not found or not issued.is_proven(found[0].number) or not layout.unevenness(middles) < fuse.EVEN:
        return ()
    return found


def align(pictures: Sequence[AlignedPicture], *, closely: bool = True) -> Aligned | None:
    """``pictures`` laid on one another; None when none shows a character.

    ``closely``: by the features that they share, which takes some 0.2 s each; else by their cards alone.
    """
    shown = tuple(each for each in pictures if each.line.text)
    if not shown:
        return None
    first = max(shown, key=lambda each: (each.card is not None, each.region.evidence))
    onto: list[quads.Matrix | None] = [None] * len(shown)
    if closely and len(shown) > 1 and first.line.characters:
        known = register.features(first.pixels, first.surely_card)
        onto = [np.eye(3) if each is first else _onto(first, known, each) for each in shown]
    card = cards.as_read(first.likely_card, first.region.quad)
    return Aligned(pictures=shown, onto=tuple(onto), first=first, card=card)


def _onto(first: AlignedPicture, known: register.Features, other: AlignedPicture) -> quads.Matrix | None:
    """What takes the other picture's pixels to the first's; None where they are not surely of one design."""
    features = register.features(other.pixels)
    found = register.register(known, features)
    if found is None:
        return None
    alike = register.likeness(first.pixels, first.surely_card, known, other.pixels, features, found)
    return found.onto if alike >= register.ONE_DESIGN else None
