"""The guides say what the code does."""

from __future__ import annotations

import ast
import json
import pathlib
import re
import shlex
import tomllib
from pathlib import Path

import cv2
import httpx
import pytest
import readme
from joserfc.jwk import RSAKey

from bankcard_ocr import cloud
from bankcard_ocr.caution import MEASURED
from bankcard_ocr.cli import load
from bankcard_ocr.engine import dates, names
from bankcard_ocr.platform import cloudcodes, disclosure
from bankcard_ocr.platform.codes import MESSAGES
from bankcard_ocr.server import pages
from bankcard_ocr.server.fetch.connection import Limits

ROOT = Path(__file__).parent.parent
CLOUD_CALL = (ROOT / "docs/cloud-call.md").read_text(encoding="utf-8")
IMG_URL = (ROOT / "docs/img-url.md").read_text(encoding="utf-8")
MIGRATE = (ROOT / "docs/migrate-from-wechat.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("code", "meaning"), cloudcodes.MESSAGES.items())
def test_every_code_of_the_cloud_call_is_explained(code, meaning):
    """Each code stands in the guide's table with its meaning."""
    assert f"| {code} | {meaning} |" in CLOUD_CALL


def test_what_dates_and_names_are_told_from_is_the_codes():
    """The probabilities stand with the fields."""
    told = {"`valid_date`, `issue_date`": dates.SURE, "`holder_name`": names.SURE}
    rows = (ROOT / "docs/http.md").read_text(encoding="utf-8").splitlines()

    assert [(name, True) for name in told] == [
        (name, any(row.startswith(f"| {name} |") and f"under {least:g}" in row for row in rows))
        for name, least in told.items()
    ]


def test_every_script_and_every_file_of_the_readmes_table_is_in_the_guide_to_the_bench():
    """Who looks for where a figure comes from finds it there."""
    guide = (ROOT / "docs/bench.md").read_text(encoding="utf-8")
    results = {row.file for row in readme.ROWS}
    wanted = [f"--out bench/results/{name}.json" for name in sorted(results)]
    wanted += [path.name for path in sorted((ROOT / "bench").glob("*.py"))]

    assert [] == [each for each in wanted if each not in guide]


def test_the_guide_to_scale_has_the_measured_rate():
    """Whatever it says of R is of the committed result, or of the two slower machines that it names."""
    load = json.loads((ROOT / "bench/results/load.json").read_text(encoding="utf-8"))
    said = set(re.findall(r"R = ([\d.]+\d)", (ROOT / "docs/scale.md").read_text(encoding="utf-8")))

    assert {"15.2", "9.6"} == {rate for rate in said if abs(float(rate) - load["capacity"]["per_core"]) > 0.06}


def test_what_warnings_catch_is_as_measured():
    """The table of warnings has the committed figures of those that are measured."""
    warned = json.loads((ROOT / "bench/results/cautions.json").read_text(encoding="utf-8"))["warned"]
    rows = (ROOT / "docs/http.md").read_text(encoding="utf-8").splitlines()
    ends = {name: f"| {warned[name][name]:.1%} | {warned['clean'][name]:.1%} |".replace("%", " %") for name in MEASURED}

    assert [] == [name for name in MEASURED if not any(f"`{name}`" in row and ends[name] in row for row in rows)]


def test_the_limits_are_those_of_the_code():
    """The table of limits has the defaults."""
    limits = Limits()
    documented = [
        f"decompressed | {limits.max_bytes // 2**20} MiB |",
        f"connecting | {limits.connect_timeout_s:g} s |",
        f"redirects included | {limits.total_timeout_s:g} s |",
        f"second after the first byte | {limits.min_bytes_per_s // 1024} KiB/s |",
        f"redirects | {limits.max_redirects} |",
    ]

    assert documented == [line for line in documented if line in IMG_URL]


@pytest.mark.parametrize("guide", [CLOUD_CALL, MIGRATE], ids=["cloud-call", "migrate"])
def test_python_examples_are_python(guide):
    """Examples in Python can be parsed."""
    found = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)

    assert [True] * len(found) == [isinstance(parsed(example), ast.Module) for example in found]


def test_the_cloud_calls_example_runs(tmp_path, monkeypatch, capsys):
    """The first example in Python runs as it is printed, beside the config.json that is printed before it."""
    replies = {"/cgi-bin/stable_token": {"access_token": "t", "expires_in": 7200}}
    known = {"errcode": 0, "number": "6200000000000005"}
    server = httpx.MockTransport(lambda request: httpx.Response(200, json=replies.get(request.url.path, known)))
    monkeypatch.setattr(cloud, "_default", None)
    monkeypatch.setattr("httpx._client.HTTPTransport", lambda **_: server)
    monkeypatch.setattr("httpx._client.AsyncHTTPTransport", lambda **_: server)
    monkeypatch.chdir(tmp_path)
    config, example = re.search(r"```json\n(.*?)```\s+```python\n(.*?)```", CLOUD_CALL, re.DOTALL).groups()
    Path("config.json").write_text(config)
    Path("card.jpg").write_bytes(pages.sample())

    exec(compile(example, "cloud-call", "exec"), {})
    cloud._default.close()

    assert "6200000000000005\n" == capsys.readouterr().out


@pytest.mark.parametrize("guide", ["README.md", "README.zh-CN.md", "docs/library.md"])
def test_the_librarys_examples_run(guide, tmp_path, monkeypatch):
    """Every example in Python of these guides runs, one after the other, on the sample card."""
    monkeypatch.chdir(tmp_path)
    Path("card.jpg").write_bytes(pages.sample())
    Path("our-cards.dat").write_text("issuer Our Bank\n  622848 19 debit\n")
    names: dict[str, object] = {"pathlib": pathlib, **dict.fromkeys(("data", "first", "second"), pages.sample())}
    names["frame"] = cv2.imread("card.jpg")
    for example in re.findall(r"```python\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(example, guide, "exec"), names)

    assert "6200000000000005" == names["reading"].number


def code(guide: str) -> list[str]:
    """The lines of the guide's examples, without the comments behind them."""
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL)
    return [re.split(" {2,}(?:#|//)", line)[0] for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("line", [line for line in code("README.md") if line.split()[0].endswith("bankcard-ocr")])
def test_the_commands_of_the_readme_are_there(line):
    """Verbs and options are the command's."""
    _, verb, *arguments = shlex.split(line)
    parse(load(verb), arguments)


def parse(command, arguments: list[str]) -> None:
    """Raises click's UsageError or KeyError when the command has no such option or verb."""
    _, rest, _ = command.make_parser(command.context_class(command)).parse_args(arguments)
    if hasattr(command, "commands"):
        parse(command.commands[rest[0]], rest[1:])


def test_the_targets_of_the_readme_are_there():
    """What `make` is asked for has a rule."""
    targets = [line.split()[1] for line in code("README.md") if line.startswith("make ")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert ["quickstart", "test"] == [each for each in targets if f"\n{each}:" in makefile]


def test_the_chinese_readme_has_no_commands_of_its_own():
    """What it shows to be typed or changed is word for word what README.md or the guide of clients has."""
    known = {*code("README.md"), *code("docs/migrate-from-wechat.md"), "from wechatpy import WeChatClient"}

    assert [] == [line for line in code("README.zh-CN.md") if line not in known]


def test_the_chinese_readmes_codes_are_those_of_the_api():
    """The codes it explains are sent."""
    cells = re.findall(r"^\| (-?[\d、]+) \|", (ROOT / "README.zh-CN.md").read_text(encoding="utf-8"), re.MULTILINE)
    codes = {int(code) for cell in cells for code in cell.split("、")}

    assert (set(), True) == (codes - set(MESSAGES), 101001 in codes)


@pytest.mark.parametrize(("one", "other"), [("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md")])
def test_the_readmes_lead_to_one_another(one, other):
    """Below the title, before anything else."""
    assert f"]({other})" in (ROOT / one).read_text(encoding="utf-8").splitlines()[2]


@pytest.mark.parametrize("folder", ["src", "docs"])
def test_extras_are_named_in_one_way(folder):
    """By the command that installs them, and each is one of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".js"}]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = re.findall(r"(.{13})bankcard-ocr\[(\w+)\]", text)

    assert {'pip install "'} == {before for before, _ in named}
    assert {extra for _, extra in named} <= {*project["optional-dependencies"], "NAME"}


def test_the_hints_in_chinese_are_the_pages():
    """docs/errors.md has each hint with what the page says of it in Chinese, and nothing else."""
    texts = (ROOT / "src/bankcard_ocr/server/page/texts.js").read_text(encoding="utf-8")
    words = dict(re.findall(r'\b(h_\w+): "([^"]*)"', texts.partition("\n  zh: {")[2]))
    causes = re.findall(r'^  \[/\^(.+?)\$?/, "([^"]+)"', texts, re.MULTILINE)
    told = {hint: re.sub(r"\{\w+\}|\$\d", "…", words.get(said, said)) for form, said in causes for hint in hints(form)}
    del told["…"]  # what stands around the causes that bodies cannot be parsed
    table = (ROOT / "docs/errors.md").read_text(encoding="utf-8").partition("| hint | 中文 |\n|---|---|\n")[2]

    assert [f"| {hint} | {said} |" for hint, said in told.items()] == table.splitlines()


def hints(form: str) -> list[str]:
    """What a regular expression of the page's finds, without what may be left out, with … for what varies."""
    form = re.sub(r"\(\?:[^()]*\)\?|\\b$", "", form)
    if either := re.search(r"\(\?:([^()]*)\)", form):
        return [hint for word in either[1].split("|") for hint in hints(form.replace(either[0], word))]
    return [re.sub(r"\\(.)", r"\1", re.sub(r"\([^()]+\)", "…", form)).strip()]


def test_a_number_is_decrypted_as_the_guide_says(tmp_path, monkeypatch):
    """The example in docs/operators.md, with a key as OpenSSL makes them."""
    key = RSAKey.generate_key(2048)
    monkeypatch.chdir(tmp_path)
    Path("vault.pem").write_bytes(key.as_pem(private=True))
    jwk = disclosure.public_jwk(key.as_pem(private=False).decode())
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/operators.md").read_text(encoding="utf-8"), re.DOTALL)
    names = {"reply": {"number": disclosure.encrypted("6200000000000005", jwk)}}
    exec(compile(example, "operators", "exec"), names)

    assert "6200000000000005" == names["number"]


def test_the_guide_has_every_option_of_read():
    """docs/cli.md names each option of the verb that people use most."""
    options = {name for parameter in load("read").params for name in parameter.opts if name.startswith("--")}
    guide = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    assert {"--detail", "--help"} >= {name for name in options if name not in guide}  # --no-detail stands for the first


def test_the_map_has_every_module():
    """docs/architecture.md names each module of the package."""
    words = set(re.findall(r"\w+", (ROOT / "docs/architecture.md").read_text(encoding="utf-8")))
    modules = {path.stem for path in (ROOT / "src/bankcard_ocr").rglob("*.py") if path.stem != "__main__"}

    assert set() == modules - words


SCRIPTS = sorted(path for room in ("bench", "fuzz", "scripts", "update") for path in (ROOT / room).glob("*.[ps][yh]"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_script_is_told_of(script):
    """A guide says what each script is for, or the Makefile runs it."""
    guides = [ROOT / "CONTRIBUTING.md", ROOT / "Makefile", *(ROOT / "docs").rglob("*.md")]
    told = "".join(guide.read_text(encoding="utf-8") for guide in guides if guide.name != "LOG.md")

    assert f"{script.parent.name}/{script.name}" in told


def test_one_door_to_the_inference_runtime_is_asked_of_all_others():
    """The contract in pyproject.toml is about every module but the model's and the training's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}
    contract = contracts["One door to the inference runtime, one room for torch"]
    doors = {each.partition(" -> ")[0] for each in contract["ignore_imports"]}

    assert ["bankcard_ocr"] == contract["source_modules"]
    assert {"bankcard_ocr.vision.model", "bankcard_ocr.train.export", "bankcard_ocr.train.*"} == doors


def parsed(example: str) -> ast.Module:
    return compile(example, "guide", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


GUIDES = ["README.md", "README.zh-CN.md", "docs/cloud-call.md", "docs/img-url.md", "docs/migrate-from-wechat.md"]


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide):
    """Every relative link of the guides leads to a file."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / guide).read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (ROOT / guide).parent.joinpath(link).exists()]


def test_the_figures_of_refused_urls_are_of_this_table():
    """The committed result covers every line of the table, straight and behind a redirect, and all were refused."""
    figures = json.loads((ROOT / "bench/results/ssrf.json").read_text())
    table = (ROOT / "tests/server/ssrf.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in table if line and line[0] not in "#["]

    assert (figures["cases"], len(lines)) == (figures["refused"], figures["groups"]["behind a redirect"]["cases"])
