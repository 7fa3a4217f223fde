"""The report of a run: one HTML file with plots, no script, nothing from elsewhere, and no whole card number.

Failures are listed with masked numbers and masked file names. Their pictures are shown only when asked for, and then as
failures.py masks them. What else a card shows (a name, a date, a second number) stays visible: share such a report as
you would the pictures.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from ..numbers import pan
from . import svg
from .failures import Failure, masked_picture
from .run import mask

NAMED = 5  # on a terminal, of the pictures that cannot be decoded
_OUTCOMES = ("exact", "wrong", "refused")


def page(result: Mapping[str, Any], failures: Iterable[Failure] = ()) -> str:
    """The report of ``result`` as HTML text. ``failures`` are gone through once: no two pictures are kept whole."""
    parts = [_head(result), _left_out(result)]
    parts += [_suite(name, suite, list(result["engines"])) for name, suite in result["suites"].items()]
    parts += [_failures(failures), _machine(result)]
    body = "\n".join(parts)
    title = escape(result["title"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        f"'unsafe-inline'\"><style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def text(result: Mapping[str, Any]) -> str:
    """The headline figures of ``result`` as lines for a terminal."""
    lines = []
    for name, suite in result["suites"].items():
        if "used" in suite:
            lines.append(f"{name:12s} {_used(suite)}")
        for engine, figures in suite["engines"].items():
            lines += [f"{name:12s} {engine:13s} {told}" for told in _headlines(figures)]
        lines += [f"{name:12s} {figure} {value}" for figure, value in suite.get("figures", {}).items()]
    if result["undecodable"]["count"]:
        lines.append(_undecodable(result["undecodable"], NAMED))
    if not result["timings_valid"]:
        lines.append("The machine was not quiet: no timing counts.")
    return "\n".join(lines)


def _head(result: Mapping[str, Any]) -> str:
    engines = "".join(
        f'<li><svg width="14" height="14" aria-hidden="true"><circle class="e{place}" cx="7" cy="7" r="5"/></svg> '
        f"{escape(name)}</li>"
        for place, name in enumerate(result["engines"])
    )
    busy = result["other_cores_busy"]
    quiet = "" if busy is None else f" (others kept {busy:.2f} cores busy)"
    warning = (
        "" if result["timings_valid"] else f'<p class="warn">The machine was not quiet{quiet}: no timing counts.</p>'
    )
    return (
        f"<h1>{escape(result['title'])}</h1><p>{escape(result['made'])} · <code>{escape(result['command'])}</code></p>"
        f'{warning}<ul class="legend">{engines}</ul>'
    )


def _left_out(result: Mapping[str, Any]) -> str:
    undecodable = result["undecodable"]
    return f'<p class="warn">{escape(_undecodable(undecodable))}</p>' if undecodable["count"] else ""


def _undecodable(undecodable: Mapping[str, Any], most: int | None = None) -> str:
    """How many pictures cannot be decoded, and the names of the first ``most`` with the cause of each."""
    count = undecodable["count"]
    named = [f"{picture['file']} ({picture['cause']})" for picture in undecodable["pictures"][:most]]
    more = ", …" if len(named) < count else ""
    return f"not decodable, and counted nowhere: {count} picture{'s' if count > 1 else ''}: {', '.join(named)}{more}"


def _suite(name: str, suite: Mapping[str, Any], engines: Sequence[str]) -> str:
    found = {engine: suite["engines"][engine] for engine in engines if engine in suite["engines"]}
    parts = [f"<h2>{escape(name)}: {escape(suite['summary'])}</h2>"]
    parts += [f"<p>{_used(suite)}</p>"] if "used" in suite else []
    if any(figures.get("all") for figures in found.values()):
        parts += [_shares_table(found), _strata(found, engines)]
    parts += [_negatives(found), _crops(found), _calibration(found, engines), _tradeoff(found)]
    parts += [_latency(found, engines), _plain(suite.get("figures"))]
    return "<section>" + "".join(parts) + "</section>"


def _used(suite: Mapping[str, Any]) -> str:
    """How many of the pictures a suite could use."""
    rest = suite["labelled"] - suite["used"]
    return f"{suite['used']} of {suite['labelled']} pictures" + ("; the others cannot be used here" if rest else "")


def _headlines(figures: Mapping[str, Any]) -> list[str]:
    told = []
    if figures.get("all"):
        whole = figures["all"]
        shares = ", ".join(f"{outcome} {percent(whole[outcome])}" for outcome in _OUTCOMES)
        told.append(f"{shares}; {whole['pictures']} pictures of {whole['cards']} cards")
    if figures.get("loss"):
        told.append(f"lost {100 * figures['loss']['exact']:.1f} points against the pictures as they are")
    for part, what in (("negatives", "pictures without a number: one returned on"), ("crops", "crops exact:")):
        if figures.get(part):
            found = figures[part]
            told.append(f"{what} {found['hits']} of {found['total']}, {percent(found['share'])}")
    if figures.get("valid_date"):
        found = figures["valid_date"]
        dates = (f"{outcome} {percent(found[outcome]['share'])}" for outcome in _OUTCOMES)
        told.append(f"dates: {', '.join(dates)} of {found['exact']['total']} cards whose number was read")
    if figures.get("calibration"):
        sure = figures["calibration"]["sure_wrong"]
        told.append(f"confidence 0.99 or more: {sure['hits']} of {sure['total']} wrong")
    if figures.get("latency"):
        told.append(f"median {figures['latency']['median_ms']:.1f} ms, p95 {figures['latency']['p95_ms']:.1f} ms")
    return told


def _shares_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for engine, figures in found.items():
        if figures.get("all"):
            whole = figures["all"]
            cells = "".join(f"<td>{percent(whole[outcome])}</td>" for outcome in _OUTCOMES)
            loss = figures.get("loss")
            lost = f"{100 * loss['exact']:.1f} points" if loss else ""
            rows.append(
                f"<tr><th>{escape(engine)}</th><td>{whole['pictures']}</td><td>{whole['cards']}</td>{cells}<td>{lost}</td></tr>"
            )
    head = "<tr><th></th><th>pictures</th><th>cards</th><th>exact</th><th>wrong</th><th>refused</th><th>loss</th></tr>"
    return f"{_table(head + ''.join(rows))}<p>Macro averages over cards, with 95 % intervals.</p>"


def _strata(found: Mapping[str, Mapping[str, Any]], engines: Sequence[str]) -> str:
    parts = []
    for outcome in ("exact", "wrong"):
        rows = [svg.Row(name="all", marks=_marks(found, engines, outcome, lambda figures: figures.get("all")))]
        columns = list(dict.fromkeys(column for figures in found.values() for column in figures.get("strata", {})))
        for column in columns:
            for value in dict.fromkeys(
                value for figures in found.values() for value in figures.get("strata", {}).get(column, {})
            ):
                marks = _marks(found, engines, outcome, lambda f, c=column, v=value: f["strata"].get(c, {}).get(v))
                rows.append(svg.Row(name=f"{column} {value or '–'}", marks=marks))
        parts.append(
            f"<figure><figcaption>{outcome}, by stratum</figcaption>{svg.bars(rows, f'{outcome} by stratum')}</figure>"
        )
    return '<div class="row">' + "".join(parts) + "</div>"


def _marks(found: Mapping[str, Any], engines: Sequence[str], outcome: str, part: Any) -> list[svg.Mark]:
    marks = []
    for engine, figures in found.items():
        shares = part(figures)
        if shares:
            title = f"{engine}: {percent(shares[outcome])} of {shares['cards']} cards"
            marks.append(_mark(engines.index(engine), shares[outcome], title))
    return marks


def _mark(engine: int, share: Mapping[str, float], title: str) -> svg.Mark:
    return svg.Mark(engine=engine, value=share["value"], low=share["low"], high=share["high"], title=title)


def _negatives(found: Mapping[str, Mapping[str, Any]]) -> str:
    told = []
    for engine, figures in found.items():
        if figures.get("negatives"):
            told.append(f"<li>{escape(engine)}: {_returned(figures['negatives'])}</li>")
            for column, values in figures.get("negative_strata", {}).items():
                told += [
                    f"<li>{escape(f'{engine}, {column} {v}')}: {_returned(count)}</li>" for v, count in values.items()
                ]
    return f"<ul>{''.join(told)}</ul>" if told else ""


def _returned(count: Mapping[str, Any]) -> str:
    return f"a number returned on {count['hits']} of {count['total']} pictures without one ({percent(count['share'])})"


def _crops(found: Mapping[str, Mapping[str, Any]]) -> str:
    told = [
        f"<li>{escape(engine)}: {figures['crops']['hits']} of {figures['crops']['total']} crops exact "
        f"({percent(figures['crops']['share'])})</li>"
        for engine, figures in found.items()
        if figures.get("crops")
    ]
    return f"<ul>{''.join(told)}</ul>" if told else ""


def _calibration(found: Mapping[str, Mapping[str, Any]], engines: Sequence[str]) -> str:
    marks, told = [], []
    for engine, figures in found.items():
        calibration = figures.get("calibration")
        if not calibration:
            continue
        sure = calibration["sure_wrong"]
        told.append(
            f"<li>{escape(engine)}: ECE {calibration['ece']:.4f}; of {sure['total']} numbers with confidence 0.99 or "
            f"more, {sure['hits']} wrong ({percent(sure['share'])})</li>"
        )
        for bin_ in calibration["bins"]:
            right = bin_["right"]
            span = f"confidence {bin_['low']:g} to {bin_['high']:g}"
            title = f"{engine}: {span}: {bin_['count']} numbers, {percent(right)} right"
            marks.append((bin_["confidence"], _mark(engines.index(engine), right, title)))
    if not marks:
        return ""
    x, y = replace(svg.STRETCHED, name="confidence"), replace(svg.STRETCHED, name="share right")
    plot = svg.dots(marks, x, y, "reliability")
    return f"<ul>{''.join(told)}</ul><figure><figcaption>reliability</figcaption>{plot}</figure>"


def _tradeoff(found: Mapping[str, Mapping[str, Any]]) -> str:
    parts = []
    for engine, figures in found.items():
        points = figures.get("tradeoff")
        if points:
            plot = tradeoff_plot(points, engine)
            parts.append(f"<figure><figcaption>{escape(engine)}: what a threshold costs</figcaption>{plot}</figure>")
    return '<div class="row">' + "".join(parts) + "</div>" if parts else ""


def tradeoff_plot(points: Sequence[Mapping[str, float]], name: str) -> str:
    """The curves of exact, wrong and refused over the threshold, as SVG; up to the axis' end, beyond is all refused."""
    shown = [p for p in points if p["threshold"] <= svg.STRETCH_TICKS[-1]]
    lines = [
        svg.Curve(name=outcome, css=outcome, points=[(p["threshold"], p[outcome]) for p in shown])
        for outcome in _OUTCOMES
    ]
    x, y = replace(svg.STRETCHED, name="threshold"), replace(svg.PERCENT, name="share of cards")
    return svg.curves(lines, x, y, f"{name}: exact, wrong and refused over the threshold")


def alone(plot: str) -> str:
    """A plot as an SVG file, with the colours that the report's page would have given it."""
    return plot.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{_PLOT}</style>", 1
    )


def _latency(found: Mapping[str, Mapping[str, Any]], engines: Sequence[str]) -> str:
    rows = "".join(
        f"<tr><th>{escape(engine)}</th><td>{figures['latency']['median_ms']:.1f}</td><td>{figures['latency']['p95_ms']:.1f}"
        f"</td><td>{figures['latency']['p99_ms']:.1f}</td><td>{figures['latency']['slowest_ms']:.1f}</td></tr>"
        for engine, figures in found.items()
        if figures.get("latency")
    )
    if not rows:
        return ""
    spans: list[Sequence[tuple[float, float, int]]] = [
        found[engine].get("histogram", []) if engine in found else [] for engine in engines
    ]
    plot = svg.steps(spans, "milliseconds a picture", unit="ms")
    head = "<tr><th>ms a picture</th><th>median</th><th>p95</th><th>p99</th><th>slowest</th></tr>"
    return f"{_table(head + rows)}<figure><figcaption>latency</figcaption>{plot}</figure>"


def _plain(figures: Mapping[str, Any] | None) -> str:
    if not figures:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(f'{value:.4g}' if isinstance(value, float) else str(value))}</td></tr>"
        for name, value in figures.items()
    )
    return _table(rows)


def _table(rows: str) -> str:
    """A table whose figures and names stay whole: it scrolls within itself where it is too wide."""
    return f'<div class="table"><table>{rows}</table></div>'


def _failures(failures: Iterable[Failure]) -> str:
    told: defaultdict[str, list[str]] = defaultdict(list)
    for failure in failures:
        told[failure.engine].append(_failure(failure))
    sheets = [f'<h3>{escape(engine)}</h3><div class="sheet">{"".join(sheet)}</div>' for engine, sheet in told.items()]
    return f"<section><h2>Failures</h2>{''.join(sheets)}</section>" if sheets else ""


def _failure(failure: Failure) -> str:
    case = failure.case
    answer = case.answer
    number, confidence = answer.number or answer.guess, answer.confidence or answer.guess_confidence
    lines = [f"<b>{case.outcome}</b> {escape(mask(case.label.file, failure.numbers))}"]  # not all of them pass Luhn
    if number:
        sure = "" if confidence is None else f" at {confidence:.4f}"
        lines.append(f"{'returned' if answer.number else 'best guess'} {pan.mask(number)}{sure}")
    if answer.refusal:
        lines.append(escape(mask(answer.cause or answer.refusal, failure.numbers)))
    picture = masked_picture(failure.sample, failure.lines) if failure.sample else None
    shown = ""
    if picture:
        source = base64.b64encode(picture).decode()
        shown = f'<img alt="masked picture" loading="lazy" src="data:image/jpeg;base64,{source}">'
    told = "<br>".join([f"<small>{escape(failure.suite)}</small>", *lines])
    return f'<div class="{case.outcome}">{shown}<p>{told}</p></div>'


def _machine(result: Mapping[str, Any]) -> str:
    facts = {**result["machine"], **{f"engine {name}": facts for name, facts in result["engines"].items()}}
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(_told(value))}</td></tr>" for name, value in facts.items())
    return f'<section class="facts"><h2>Machine and engines</h2>{_table(rows)}</section>'


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_told(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def percent(share: Mapping[str, float]) -> str:
    """A share with its interval, as text: ``74.2 % (66.0–80.9)``."""
    return f"{100 * share['value']:.1f} % ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


_PLOT = """
:root{--ink:#1c2330;--soft:#5b6575;--line:#dfe3ea;--back:#fff;--a:#0b6bcb;--b:#c2410c;--good:#15803d;--bad:#b91c1c}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa4b5;--line:#323a48;--back:#14181f;--a:#60a5fa;--b:#fb923c;
--good:#4ade80;--bad:#f87171}}
svg text{fill:var(--soft);font:12px system-ui,sans-serif} svg line,svg polyline{fill:none;stroke-width:2}
.grid{stroke:var(--line);stroke-width:1!important}
.ideal{stroke:var(--soft);stroke-dasharray:4 4;stroke-width:1!important}
.e0{stroke:var(--a);fill:var(--a)} .e1{stroke:var(--b);fill:var(--b)} rect.e0,rect.e1{fill-opacity:.5;stroke:none}
.curve.exact{stroke:var(--good)} .curve.wrong{stroke:var(--bad)} .curve.refused{stroke:var(--soft)}
"""
_STYLE = f"""{_PLOT}body{{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);
margin:2rem auto;max-width:1180px;padding:0 1rem}}
h2{{margin-top:2.5rem;border-bottom:1px solid var(--line)}} code{{font-size:.9em}}
table{{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0}}
th,td{{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;
white-space:nowrap}}
.table{{overflow-x:auto}} .facts td{{white-space:normal;overflow-wrap:anywhere;min-width:18rem}}
.warn{{background:#fef3c7;color:#78350f;padding:.5rem .8rem;border-radius:6px}}
.legend{{list-style:none;padding:0;display:flex;gap:1.5rem}} .row{{display:flex;flex-wrap:wrap;gap:1rem}}
figure{{margin:1rem 0;max-width:100%;overflow-x:auto}} figcaption{{color:var(--soft)}}
.sheet{{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:1rem}}
.sheet>div{{border:1px solid var(--line);border-radius:8px;padding:.6rem;overflow-wrap:anywhere}}
.sheet .wrong{{border-color:var(--bad)}} .sheet img{{max-width:100%;border-radius:4px}}
@media print{{.row{{display:block}} svg{{max-width:100%;height:auto}} .table,figure{{overflow:visible}}
th,td{{white-space:normal}} h2,h3,figcaption{{break-after:avoid}} figure,tr,.sheet>div{{break-inside:avoid}}}}
"""
