"""A picture that was looked at: what of it is the number, the card, and what stands on the card beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..lazy import cached_property
from ..reading import Quad
from ..vision import image, locate, outline
from ..vision import quad as quads
from ..vision.locate import Detection
from ..vision.recognize import Line
from . import cards
from .align import AlignedPicture
from .regions import Region
from .search import Search

SURELY_A_CARD = 0.6  # a card that scores so is told even when no number was found on it
FAINT, NOTHING = 0.35, 0.1  # what is located less surely than the one and read less surely than the other is no number
FILLED = 0.4  # of a picture's longer side, along which the number of the card runs that is the picture
ODD = 0.08  # by which the sides of such a picture may be off a card's


@dataclass(frozen=True, kw_only=True, eq=False)
class ExaminedPicture:
    """One picture, the search in it, the regions looked at, and which of several pictures it is.

    What is looked at later, as outlines and other lines of the card, is looked at once.
    """

    picture: image.Picture
    search: Search
    regions: tuple[Region, ...]
    timings_ms: dict[str, float]
    number: int = 0
    _outlines: dict[bytes, quads.Quad] = field(default_factory=dict, repr=False)
    _lines: dict[bytes, Line] = field(default_factory=dict, repr=False)

    @property
    def detections(self) -> Sequence[Detection]:
        """What was located in it."""
        return self.search.detections

    @property
    def best(self) -> Region:
        """The region that tells most."""
        return max(self.regions, key=lambda region: region.evidence)

    @property
    def evidence(self) -> tuple[float, int]:
        """What pictures are ranked by."""
        return self.best.evidence if self.regions else (0.0, 0)

    @property
    def line(self) -> quads.Quad | None:
        """Where the number stands; None where nothing looks like one."""
        if not self.regions or (self.best.score < FAINT and self.best.confidence < NOTHING):
            return None
        return self.best.quad

    @property
    def card(self) -> quads.Quad | None:
        """Where the locator sees the card on which the number stands; the likeliest one where there is no number."""
        if self.line is not None:
            return cards.around(self.line, self.detections)
        return next(
            (detection.quad for detection in cards.distinct(self.detections) if detection.score >= SURELY_A_CARD), None
        )

    @property
    def as_aligned(self) -> AlignedPicture:
        """What is laid on other pictures of the card."""
        card = self.card
        return AlignedPicture(
            pixels=self.picture.pixels, region=self.best, card=None if card is None else self.outline(card)
        )

    @property
    def cut_out(self) -> quads.Quad | None:
        """The outline of the card, the way up that the number is read.

        It is that of the picture where no card was located and it is one by its sides and its line.
        """
        line = self.line
        whole = self.outline(self.card) if self.card is not None else self._all_of_it()
        return whole if whole is None or line is None else cards.as_read(whole, line)

    def _all_of_it(self) -> quads.Quad | None:
        sides = self.picture.pixels.shape[1::-1]
        fills = self.line is not None and quads.sides(self.line)[0] > FILLED * max(sides)
        is_card = abs(max(sides) / min(sides) / (quads.ID1_MM[0] / quads.ID1_MM[1]) - 1) < ODD
        return quads.rectangle(*sides) if fills and is_card else None

    @cached_property
    def closer(self) -> list[Detection]:
        """The lines on the card cut out and seen large, where they may be found that were not, seen from afar."""
        if self.cut_out is None:
            return []
        return self.search.closer(self.cut_out, kinds=("number", "holder", "expiry"), least=0.1, most=3)

    @cached_property
    def closest(self) -> list[Detection]:
        """The lines that may be a name on the card cut out and seen larger still, where each is located anew."""
        if self.cut_out is None:
            return []
        return self.search.closer(self.cut_out, kinds=("number", "holder"), least=0.1, most=3, side=locate.NEAR)

    def outline(self, card: quads.Quad) -> quads.Quad:
        """``card`` on the edges that the picture has; where it was located when the number would not be on it then."""
        key = card.tobytes()
        if key not in self._outlines:
            found = outline.refined(self.picture.pixels, card)
            lost = self.line is not None and cards.holds(card, self.line) and not cards.holds(found, self.line)
            self._outlines[key] = card if lost else found
        return self._outlines[key]

    def read(self, quad: quads.Quad) -> Line:
        """What stands under ``quad``."""
        key = quad.tobytes()
        if key not in self._lines:
            self._lines[key] = self.search.look.line(quad)
        return self._lines[key]

    def as_sent(self, quad: quads.Quad) -> Quad:
        """``quad`` in pixels of the picture as it was sent."""
        (a, b), (c, d), (e, f), (g, h) = self.picture.as_sent(quad).tolist()
        return (a, b), (c, d), (e, f), (g, h)
