"""`reprise evaluate TASK --data PATH` after a run: the figures of the stages, JSON alone, and no file touched."""

import json
import struct

import numpy as np
import pytest

import reprise
from benchmarks.common import figures
from reprise import __main__ as command_line
from stages.core import artifacts
from stages.textgen.characters import decode

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


@pytest.fixture(scope="module")
def own(clone, tmp_path_factory) -> dict[str, str]:
    """The test parts of the run, as a user's own files: by task, the path."""
    folder = tmp_path_factory.mktemp("own data")
    digits = artifacts.read_npz(clone.folder / "data/autoencoder/digits.npz")
    for name, part in (("train", "train"), ("t10k", "test")):
        images, labels = digits[part], digits[f"{part}_labels"]
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())
    text = artifacts.read_npz(clone.folder / "data/textgen/characters.npz")
    (folder / "text.txt").write_text(decode(text["test"], "".join(map(chr, text["vocabulary"]))), encoding="utf-8")
    table = artifacts.read_csv(clone.folder / "data/raw/reviews.csv")
    rows = artifacts.read_npz(clone.folder / "data/sentiment/reviews.npz")
    tested = rows["test_rows"][rows["test_source"] == 0]  # each source is measured by itself
    table.loc[tested, "split"] = "test"
    table.loc[np.concatenate([rows["train_rows"], tested])].to_csv(folder / "reviews.csv", index=False)
    return {
        "autoencoder": str(folder),
        "denoiser": str(folder),
        "textgen": str(folder / "text.txt"),
        "sentiment": str(folder / "reviews.csv"),
    }


def tree(clone) -> dict[str, tuple]:
    """Every file with what a write would change; not what Python keeps of modules it compiled."""
    paths = [path for path in clone.folder.rglob("*") if "__pycache__" not in path.parts and not path.is_dir()]
    status = {path: path.lstat() for path in paths}
    return {str(path): (found.st_mtime_ns, found.st_size, found.st_mode) for path, found in status.items()}


@pytest.fixture
def evaluate(clone, monkeypatch, capfd):
    """The command in the clone; gives what it printed, which is JSON alone."""
    monkeypatch.setattr(reprise, "REPOSITORY", clone.folder)
    monkeypatch.chdir(clone.folder)

    def run(task: str, *arguments: str) -> dict:
        command_line.run(command_line.parser().parse_args(["evaluate", task, *arguments]))
        return json.loads(capfd.readouterr().out)

    return run


@pytest.mark.parametrize(
    ("task", "counted", "same"),
    [
        ("autoencoder", "digits", ["latent", "bce", "bce_floor", "bce_excess", "mse", "psnr", "ssim", "mse_interval"]),
        ("textgen", "characters", ["nats", "nats_interval", "bits", "perplexity", "accuracy"]),
        (
            "sentiment",
            "reviews",
            ["accuracy", "precision", "recall", "f1", "accuracy_interval", "roc_auc", "calibration_error"],
        ),
    ],
)
def test_the_test_part_from_a_users_files_gives_the_stages_figures(clone, own, evaluate, task, counted, same):
    before = tree(clone)
    measured, metrics = evaluate(task, "--data", own[task]), figures(task, clone.folder)
    assert tree(clone) == before
    assert measured["data"] == own[task]
    assert measured["provenance"]["source"]
    assert measured["part"] == ("all" if task == "textgen" else "test part")
    assert measured[counted] > 40
    for name in same:
        assert measured[name] == pytest.approx(metrics[name], rel=1e-4), name


def test_a_denoiser_gets_the_same_noise_as_in_the_stage(clone, own, evaluate):
    before = tree(clone)
    metrics = figures("denoiser", clone.folder)
    for name in ("conv", "dense"):
        measured = evaluate("denoiser", "--data", own["denoiser"], "--model", f"models/denoiser-{name}.keras")
        assert measured["noisy"] == metrics["noisy"]
        assert measured["denoised"] == metrics[name]
    quiet = evaluate("denoiser", "--data", own["denoiser"], "--noise-std", "0.1")
    assert quiet["noise_std"] == 0.1
    assert quiet["noisy"]["psnr"] > measured["noisy"]["psnr"]
    assert tree(clone) == before
