"""A training of a few steps, and its export, where PyTorch is installed (``make train-env``)."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make train-env brings it")
pytest.importorskip("onnx", reason="onnx is not installed; make train-env brings it")

from bankcard_ocr.train import (  # noqa: E402 - after the check above
    checkpoint,
    data,
    export,
    fit_holder,
    fit_locate,
    fit_recognize,
    loop,
    mean,
    nets,
    scenes,
    strips,
    unfold,
)
from bankcard_ocr.vision import model as model_module  # noqa: E402
from bankcard_ocr.vision.model import Model  # noqa: E402

STEPS = 3


def trained(net: str, runs: Path) -> str:
    """Runs the training's own command for a few steps on a small ring."""
    command = [sys.executable, "-m", f"bankcard_ocr.train.fit_{net}", "--runs", str(runs), "--ring", "32"]
    done = subprocess.run([*command, "--steps", str(STEPS)], capture_output=True, text=True, check=False, timeout=900)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """The nets, trained for a few steps."""
    folder = tmp_path_factory.mktemp("runs")
    trained("recognize", folder / "recognize")
    trained("locate", folder / "locate")
    trained("holder", folder / "holder")
    return folder


def test_a_training_resumes_where_it_stopped(runs: Path):
    """The same command goes on from the checkpoint's step, and says so."""
    told = trained("recognize", runs / "recognize").splitlines()

    assert [f"{runs}/recognize/last.pt: goes on from step {STEPS}", f"{runs}/recognize/last.pt: step {2 * STEPS}"] == [
        told[0],
        told[-1],
    ]

    assert 2 * STEPS == torch.load(runs / "recognize" / "last.pt")["step"]
    assert [] == list((runs / "recognize").glob("*.tmp"))


@pytest.mark.parametrize(
    ("net", "shape", "outputs"),
    [
        ("recognize", (2, 48, 480, 3), [(2, 120, 13), (2, 120, 4)]),
        ("recognize", (1, 48, 160, 3), [(1, 40, 13), (1, 40, 4)]),
        ("holder", (1, 48, 288, 3), [(1, 72, 33), (1, 72, 4)]),
        ("locate", (1, 256, 320, 3), [(1, 4, 11, 32, 40)]),
        ("locate", (1, 320, 192, 3), [(1, 4, 11, 40, 24)]),
    ],
)
def test_an_exported_model_takes_pictures_of_every_size(net: str, shape, outputs, runs: Path, tmp_path: Path):
    """The file computes what torch does, tells its facts, and fits other sizes than it was exported with."""
    mean = export.exported(net, runs / net / "last.pt", tmp_path / "net.onnx", samples=6)
    model = Model(net, data=(tmp_path / "net.onnx").read_bytes())

    assert mean < 2.0
    assert outputs == [out.shape for out in model.run(np.zeros(shape, np.uint8))]
    assert "RGB" == model.metadata["colour"]


@pytest.mark.parametrize(("net", "made"), [("recognize", nets.Recognizer), ("locate", nets.Locator)])
def test_a_net_goes_on_from_an_exported_model(net: str, made, tmp_path: Path):
    """It computes what the shipped model does but for the rounding of activations, learning or not."""
    pictures = next(export._drawn(strips.render_long if net == "recognize" else scenes.SceneRenderer()))[None]
    shipped = Path(model_module.__file__).parent / "weights" / f"{net}.onnx"
    training = loop.Training(made(), tmp_path)
    training.start(shipped, pictures)
    wrapped = (export.RecognizerFile if net == "recognize" else export.LocatorFile)(training.net)
    expected = Model(net).run(pictures)
    for learning in (False, True):
        with torch.no_grad():
            got = wrapped.train(learning)(torch.from_numpy(pictures))
        got = got if isinstance(got, tuple) else (got,)
        assert max(float(np.abs(a.numpy() - b).mean()) for a, b in zip(got, expected, strict=True)) < 1.5


def test_the_mean_of_a_checkpoint_and_a_model_is_between_them(runs: Path):
    """Alone, each computes what it did; together their convolutions are the means."""
    shipped = Path(model_module.__file__).parent / "weights" / "recognize.onnx"
    last = runs / "recognize" / "last.pt"
    strip_ = torch.from_numpy(next(export._drawn(strips.render_long))[None])
    alone = mean.mean(nets.Recognizer(), [(1.0, last)])
    with torch.no_grad():
        expected, got = checkpoint.averaged(nets.Recognizer(), last)(strip_), alone(strip_)
    one, other = mean.folded(nets.Recognizer(), last), mean.folded(nets.Recognizer(), shipped)
    both = mean.mean(nets.Recognizer(), [(0.25, last), (0.75, shipped)])

    assert torch.allclose(expected[0], got[0], atol=1e-3)
    assert torch.allclose(both.head.weight, 0.25 * one["head"][0] + 0.75 * other["head"][0], atol=1e-6)
    assert torch.allclose(both.body[1][1].bias, 0.25 * one["body.1.0"][1] + 0.75 * other["body.1.0"][1], atol=1e-6)


def test_a_wider_net_begins_as_a_narrower_model():
    """It computes the same, and in a mean the model counts as that beginning."""
    narrow, wide = (nets.Recognizer(strips.NAMES, stem, nets.DEEP_OF_NAMES) for stem in (nets.STEM, (48, 64)))
    pictures = torch.from_numpy(next(export._drawn(strips.render_holders))[None])
    shipped = Path(model_module.__file__).parent / "weights" / "holder.onnx"
    for net in (narrow, wide):
        unfold.load(net, shipped, pictures)
        net.eval()
    with torch.no_grad():
        first, second = narrow(pictures), wide(pictures)
    one, other = torch.ones(48, 32, 3, 3), torch.full((24, 16, 3, 3), 3.0)
    grown, _ = mean._grown((other, torch.zeros(24)), (one, torch.zeros(48)))

    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(first, second, strict=True))
    assert [3.0, 0.0, 1.0, 1.0] == [float(grown[o, i].mean()) for o, i in ((0, 0), (0, 16), (24, 0), (24, 16))]


def test_a_model_of_another_net_is_refused():
    """A file with other convolutions names itself."""
    shipped = Path(model_module.__file__).parent / "weights" / "locate.onnx"

    with pytest.raises(ValueError, match=r"locate\.onnx was made from another net"):
        unfold.load(nets.Recognizer(), shipped, torch.zeros(1, 48, 160, 3))


def test_a_folder_with_another_net_s_checkpoint_is_refused(runs: Path):
    """One folder for two nets is named, and what to do; nothing in it is touched."""
    last = runs / "recognize" / "last.pt"
    before = last.read_bytes()

    with pytest.raises(ValueError, match=r"last\.pt is the checkpoint of another net; choose another --runs"):
        loop.Training(nets.Locator(), last.parent)
    assert before == last.read_bytes()


def test_an_export_that_computes_something_else_is_refused(runs: Path, tmp_path: Path, monkeypatch):
    """A difference beyond rounding is an error, not a line in a log; the file that was there stays as it was."""
    monkeypatch.setattr(export, "PARITY", -1.0)
    out = tmp_path / "net.onnx"
    out.write_bytes(b"as it was")

    with pytest.raises(ValueError, match="is off by"):
        export.exported("recognize", runs / "recognize" / "last.pt", out)
    assert [(out, b"as it was")] == [(file, file.read_bytes()) for file in tmp_path.iterdir()]


@pytest.mark.parametrize("net", ["recognize", "holder"])
def test_a_model_that_says_something_else_is_no_beginning(net: str):
    """Recognizer and reader of names are alike but for what they say: neither begins as the other."""
    other = {"recognize": "holder", "holder": "recognize"}[net]
    shipped = Path(model_module.__file__).parent / "weights" / f"{other}.onnx"

    with pytest.raises(ValueError, match=rf"{other}\.onnx was made from another net"):
        unfold.load(export.bare(net), shipped, torch.zeros(1, 48, 160, 3))
    with pytest.raises(ValueError, match=rf"{other}\.onnx was made from another net"):
        mean.mean(export.bare(net), [(1.0, shipped)])


def test_a_mean_names_the_wider_net_first(tmp_path: Path):
    """What is wider than a part before it has nothing to be added to, and is named."""
    wide = nets.Recognizer(strips.NAMES, (48, 64), nets.DEEP_OF_NAMES)
    torch.save({"mean": wide.state_dict()}, tmp_path / "wide.pt")
    shipped = Path(model_module.__file__).parent / "weights" / "holder.onnx"
    parts = [(0.5, shipped), (0.5, tmp_path / "wide.pt")]

    with pytest.raises(ValueError, match=r"wide\.pt has more channels than what was named before it; name it first"):
        mean.mean(wide, parts)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut off", b"some other file", "truncated", "a list"])
def test_what_is_no_checkpoint_is_told(content: bytes | str, runs: Path, tmp_path: Path):
    """Files of others, empty and half ones are named, whoever reads them."""
    path = tmp_path / "last.pt"
    if content == "a list":
        torch.save([1, 2], path)
    else:
        whole = (runs / "locate" / "last.pt").read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == "truncated" else content)

    with pytest.raises(ValueError, match=r"last\.pt is no checkpoint"):
        loop.Training(nets.Locator(), tmp_path)
    with pytest.raises(ValueError, match=r"last\.pt is no checkpoint"):
        checkpoint.averaged(nets.Locator(), path)


def test_what_is_no_model_is_told(tmp_path: Path):
    """So is what is given as an exported model."""
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no model")

    with pytest.raises(ValueError, match=r"net\.onnx is no model that was exported"):
        unfold.load(nets.Locator(), path, torch.zeros(1, 256, 320, 3))


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 20 kB, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(tmp_path: Path, small_files):
    """A full disk is told; what was there stays, and no half file beside it."""
    path = tmp_path / "last.pt"
    path.write_bytes(b"as it was")

    with pytest.raises(OSError, match=r"last\.pt cannot be written"):
        checkpoint.write(path, {"mean": torch.zeros(50_000)})
    assert [(path, b"as it was")] == [(file, file.read_bytes()) for file in tmp_path.iterdir()]


def test_a_ring_that_does_not_fit_is_told_and_leaves_no_file(tmp_path: Path, small_files):
    """Its room is taken when it is made: later, a process that draws would be killed by it."""
    place = data.RingLayout(folder=tmp_path, size=1000, shapes={"pixels": ("uint8", (100,))})

    with pytest.raises(OSError, match=r"a smaller --ring takes less.*pixels\.npy"):
        data.Ring(place)
    assert [] == list(tmp_path.iterdir())


def options(monkeypatch, *arguments: str) -> argparse.Namespace:
    """The options of a training whose command ends with ``arguments``."""
    monkeypatch.setattr(sys, "argv", ["fit", *arguments])
    return loop.arguments("fits", runs="runs/x", rate=1e-3, ring=100)


@pytest.mark.parametrize("option", ["minutes", "rate"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_times_and_rates_are_above_0(option: str, value: str, monkeypatch, capsys):
    """What is none is told with the option."""
    assert 0.5 == getattr(options(monkeypatch, f"--{option}", "0.5"), option)
    with pytest.raises(SystemExit):
        options(monkeypatch, f"--{option}", value)
    assert f"argument --{option}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "least"), [("steps", 1), ("ring", 1), ("renderers", 1), ("threads", 1), ("seed", 0)]
)
def test_counts_begin_at_one_and_seeds_at_0(option: str, least: int, monkeypatch, capsys):
    """One less is told with the option."""
    assert least == getattr(options(monkeypatch, f"--{option}", str(least)), option)
    with pytest.raises(SystemExit):
        options(monkeypatch, f"--{option}", str(least - 1))
    assert f"argument --{option}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ring", "1", "--renderers", "2"), "2 renderers for 1 samples"),
        (("--ring", "100", "--renderers", "65"), "at most 64"),
        (("--runs", "/dev/null"), "/dev/null"),
    ],
)
def test_a_training_that_cannot_begin_says_so_in_a_line(arguments, told: str, tmp_path: Path, monkeypatch):
    """No renderer is started for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fit_holder", *arguments])

    with pytest.raises(SystemExit, match=told):
        fit_holder.main()


@pytest.mark.parametrize("part", ["nan:a.pt", "-0.5:a.pt", "0:a.pt", "1.5:a.pt", "a.pt", "0.5:", "half:a.pt"])
def test_a_share_of_a_mean_is_above_0_and_at_most_1(part: str, monkeypatch, capsys):
    """Anything else is told before a file is opened."""
    monkeypatch.setattr(sys, "argv", ["mean", "holder", "out.pt", part])

    with pytest.raises(SystemExit):
        mean.main()
    assert "mean: error:" in capsys.readouterr().err


def test_a_missing_file_is_told_in_a_line(tmp_path: Path, monkeypatch):
    """By export and mean alike; nothing is written."""
    missing = str(tmp_path / "none.pt")
    for main, arguments in ((export.main, (missing, "out.onnx")), (mean.main, ("out.pt", f"1:{missing}"))):
        monkeypatch.setattr(sys, "argv", ["command", "holder", *arguments])
        with pytest.raises(SystemExit, match=r"none\.pt"):
            main()
    assert [] == list(tmp_path.iterdir())


class Renderer:
    """A process that draws, until it ``ended``."""

    def __init__(self) -> None:
        self.ended = False

    def is_alive(self) -> bool:
        return not self.ended


def stepping(training: loop.Training) -> Callable[[int], tuple[Any, dict[str, float]]]:
    """Steps that cost nothing."""
    return lambda _: (sum(weight.sum() * 0 for weight in training.net.parameters()), {})


def test_a_training_whose_renderer_ended_stops_and_is_saved(tmp_path: Path, monkeypatch):
    """It would learn the same samples for ever."""
    training = loop.Training(torch.nn.Conv2d(3, 3, 1), tmp_path)
    renderer = Renderer()

    def step(count: int) -> tuple[Any, dict[str, float]]:
        renderer.ended = count == 4
        return stepping(training)(count)

    with pytest.raises(RuntimeError, match="a renderer ended"):
        loop.run(training, options(monkeypatch), step, warm=1, renderers=[renderer])
    assert 5 == checkpoint.read(tmp_path / "last.pt")["step"]


def test_a_training_of_no_time_does_one_step_and_says_where_it_is(tmp_path: Path, monkeypatch, capsys):
    """And the average that is exported is of it."""
    training = loop.Training(torch.nn.Conv2d(3, 3, 1), tmp_path)
    loop.run(training, options(monkeypatch, "--minutes", "1e-9"), stepping(training), warm=1)

    assert 1 == checkpoint.read(tmp_path / "last.pt")["step"]
    assert capsys.readouterr().out.endswith(f"{tmp_path}/last.pt: step 1\n")
    assert torch.equal(training.net.weight, training.mean.module.weight)


@pytest.mark.parametrize(
    ("net", "shape", "millions"),
    [
        (nets.Recognizer(), (1, 48, 480, 3), 0.70),
        (nets.reader_of_names(), (1, 48, 480, 3), 1.15),
        (nets.Locator(), (1, 256, 320, 3), 0.94),
    ],
)
def test_the_nets_are_as_small_as_their_cards_say(net, shape, millions: float):
    """The number of parameters in docs/models is the net's."""
    assert millions == pytest.approx(sum(p.numel() for p in net.parameters()) / 1e6, abs=0.005)


def test_losses_fall_on_one_batch(tmp_path: Path):
    """Ten steps on the same strips lower their loss."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    samples = list(fit_recognize.render_short(rng))
    batch = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    training = loop.Training(nets.Recognizer(), tmp_path)
    losses = []
    for _ in range(10):
        loss, _ = fit_recognize.loss_of(training.net, batch)
        training.learn(loss, 1e-3)
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.8 * losses[0]


def test_the_locator_s_loss_is_least_at_the_truth():
    """Right scores and corners cost less than corners that are off."""
    quad = np.array([(60, 100), (260, 110), (258, 134), (58, 124)], np.float32)
    kinds, quads = np.full((1, 12), -1, np.int8), np.zeros((1, 12, 4, 2), np.float32)
    kinds[0, 0], quads[0, 0] = 1, quad
    batch = {"pixels": np.zeros((1, 320, 320, 3), np.uint8), "kinds": kinds, "quads": quads}
    score, corner = (torch.from_numpy(part) for part in fit_locate.targets(kinds, quads))
    right = torch.cat([(score[:, :, None] > 0) * 20.0 - 10, corner, torch.full((1, 4, 2, 40, 40), -2.0)], 2)
    wrong = right.clone()
    wrong[:, :, 1:9] += 0.5
    true_loss, figures = fit_locate.loss_of(lambda pixels: right, batch)
    off_loss, off = fit_locate.loss_of(lambda pixels: wrong, batch)

    assert float(true_loss) < float(off_loss)
    assert (0, 16, 1) == pytest.approx((figures["error"], off["error"], figures["recall"]), abs=0.01)
