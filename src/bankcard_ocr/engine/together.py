"""What several pictures of one card say together, and how far that is believed."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CardsDiffer, NumberUnreadable
from ..reading import Candidate, Options
from ..vision.model import Model
from . import align, fuse, issued, judge
from .align import AlignedPicture
from .look import TURNED
from .regions import Region

DISPUTED = 0.5  # what one picture says surely is not told when all of them together say another number so surely
Candidates = tuple[Candidate, ...]


def read(pictures: Sequence[AlignedPicture], recognizer: Model, options: Options) -> Candidates:
    """The candidates of pictures of one card, the first sure enough to be told. Raises CardsDiffer, NumberUnreadable.

    ``recognizer`` reads the pictures anew where they lie on one another and are not sure as they were read.
    """
    regions = [picture.region for picture in pictures]
    sure = [region for region in regions if _is_told(region.candidates, options)]
    if len({region.number for region in sure}) > 1:
        raise CardsDiffer
    aligned = align.align(pictures, closely=options.prior and not sure)
    seen = aligned.observations() if aligned else []
    found = fuse.fused(seen, prior=options.prior)
    if aligned and options.prior and not _is_told(found, options):
        found = surer(found, aligned.read(recognizer))
    if sure:
        found = settled(max(sure, key=lambda region: region.confidence), found)
    else:
        found = doubted(found, regions, prior=options.prior)
    if not _is_told(found, options):
        best = max(regions, key=lambda region: region.evidence)
        raise NumberUnreadable(digits=best.doubtful, confidence=found[0].confidence if found else 0.0)
    if fuse.contradicted(seen, found[0].number):
        closely = align.align(pictures, closely=True) if sure else None  # shows what is another line of the card
        if closely is None or fuse.contradicted(closely.observations(), found[0].number):
            raise CardsDiffer
    return found


def _is_told(candidates: Candidates, options: Options) -> bool:
    return bool(candidates) and candidates[0].confidence >= options.least_confidence


def surer(first: Candidates, second: Candidates) -> Candidates:
    """The surer candidates of two; none where both surely say different numbers."""
    if not first or not second:
        return first or second
    one, other = first[0], second[0]
    if one.number != other.number and min(one.confidence, other.confidence) >= DISPUTED:
        return ()
    return first if one.confidence >= other.confidence else second


def doubted(found: Candidates, regions: Sequence[Region], *, prior: bool) -> Candidates:
    """What pictures say together, doubted as what one says is; ``regions`` are where each shows the number.

    A number that none of them tells alone must be proven by check digit and length: pictures of one card are misread
    alike, so that agreeing proves little. Without the prior one of them must see it whole instead, whose edge is not so
    near that more may have been cut off. And what those say that see it whole, which is more than their digits, must
    not be likelier of another number.
    """
    if not found:
        return found
    number = found[0].number
    is_proven = len(number) >= issued.SHORT and issued.is_proven(number)
    whole = [region for region in regions if region.is_whole(len(number))]
    alone = judge.likeliest([region.candidates for region in whole])
    views = [view for region in regions for view in region.views]
    is_unlike = prior and judge.is_unlike_numbers(number, views)
    is_backed = is_proven or (bool(whole) and not prior)
    if not is_backed or is_unlike or alone not in {None, number}:
        return judge.refused(found)
    return judge.doubted(found, TURNED) if issued.may_be_upside_down(number) else found


def settled(surest: Region, together: Candidates) -> Candidates:
    """The candidates of several pictures, one of which is sure alone: the surer ones, none where they disagree."""
    if together and together[0].number != surest.number:
        return () if together[0].confidence >= DISPUTED else surest.candidates
    return together if together and together[0].confidence >= surest.confidence else surest.candidates
