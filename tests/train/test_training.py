"""A training of a few steps, and its export, where PyTorch is installed (``make train-env``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make train-env brings it")
pytest.importorskip("onnx", reason="onnx is not installed; make train-env brings it")

from bankcard_ocr.train import (  # noqa: E402 - after the check above
    export,
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
    """The same command goes on from the checkpoint's step."""
    trained("recognize", runs / "recognize")

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
    pictures = next(export._drawn(strips.render_long if net == "recognize" else scenes.render_scenes))[None]
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


def test_the_mean_of_a_checkpoint_and_a_model_is_between_them(runs: Path, tmp_path: Path):
    """Alone, each computes what it did; together their convolutions are the means."""
    shipped = Path(model_module.__file__).parent / "weights" / "recognize.onnx"
    last = runs / "recognize" / "last.pt"
    strip_ = torch.from_numpy(next(export._drawn(strips.render_long))[None])
    alone = mean.mean(nets.Recognizer(), [(1.0, last)])
    with torch.no_grad():
        expected, got = export.averaged(nets.Recognizer(), last)(strip_), alone(strip_)
    one, other = mean.folded(nets.Recognizer(), last), mean.folded(nets.Recognizer(), shipped)
    both = mean.mean(nets.Recognizer(), [(0.25, last), (0.75, shipped)])

    assert torch.allclose(expected[0], got[0], atol=1e-3)
    assert torch.allclose(both.head.weight, 0.25 * one["head"][0] + 0.75 * other["head"][0], atol=1e-6)
    assert torch.allclose(both.body[1][1].bias, 0.25 * one["body.1.0"][1] + 0.75 * other["body.1.0"][1], atol=1e-6)


def test_a_wider_net_begins_as_a_narrower_model():
    """It computes the same, and in a mean the model counts as that beginning."""
    narrow, wide = (nets.Recognizer(strips.NAMES, stem=stem) for stem in (nets.STEM, (48, 64)))
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

    with pytest.raises(SystemExit, match=r"last\.pt is the checkpoint of another net; choose another --runs"):
        loop.Training(nets.Locator(), last.parent)
    assert before == last.read_bytes()


def test_an_export_that_computes_something_else_is_refused(runs: Path, tmp_path: Path, monkeypatch):
    """A difference beyond rounding is an error, not a line in a log."""
    monkeypatch.setattr(export, "PARITY", -1.0)

    with pytest.raises(ValueError, match="is off by"):
        export.exported("recognize", runs / "recognize" / "last.pt", tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("net", "shape", "millions"), [(nets.Recognizer(), (1, 48, 480, 3), 0.70), (nets.Locator(), (1, 256, 320, 3), 0.94)]
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
