"""What an app's calls of one path came to: counts of past days, and what ended its latest calls.

``quota/get`` adds this to its reply when it is asked with ``detail=1``, as the recognition call does; the page for
operators draws it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .state.base import RECORD_LIFETIME_S, State


def usage(state: State, appid: str, counter: str, path: str, now: float) -> dict[str, Any]:
    """``history``: the count of each Beijing day that had any, in ascending order, for two months at most.

    ``calls``: of the calls of ``path`` in the last seven days, the latest thousand at most, how many ended with each
    ``errcode`` in each ``stage`` and of each ``cause``, which leaves out here what differs from card to card, as the
    uncertain digits; the most frequent first. ``since`` is when they begin.
    """
    records = state.records(appid, since=now - RECORD_LIFETIME_S, path=path)
    ends = Counter(
        (record.errcode, record.stage if record.errcode else "", record.common_cause or record.cause)
        for record in records
    )
    causes = [
        {"errcode": errcode, "stage": stage, "cause": cause, "count": count}
        for (errcode, stage, cause), count in sorted(ends.items(), key=lambda each: (-each[1], each[0]))
    ]
    since = int(records[-1].invoke_time) if records else int(now)
    return {"history": state.history(counter), "calls": {"since": since, "count": ends.total(), "causes": causes}}
