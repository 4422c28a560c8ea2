"""An exported folder works alone, gives what `reprise` gives, and is whole or not there."""

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
import types
import venv
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reprise import export, package
from reprise.options import MODELS
from reprise.reconstruct import Autoencoder
from reprise.sentiment import Classifier
from stages.autoencoder.train import MODEL
from stages.core import artifacts
from stages.core.errors import StageError
from stages.sentiment import train as sentiment_train
from tests.conftest import REPOSITORY

REVIEWS = [
    "A good film",
    "Not very good<br />not a good film, but 7/10!",
    "bad BAD film " * 9,  # longer than the network reads
    "zzz film’s good",
]
ONNX = pytest.param("--onnx", marks=pytest.mark.network)
RUNTIMES = [ONNX, "--saved-model"]
LONG = [ONNX, pytest.param("--saved-model", marks=pytest.mark.long)]


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> str:
    """A Python with numpy and onnxruntime of the locked versions, and nothing else."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    wanted = [f"{name}=={version(name)}" for name in ("numpy", "onnxruntime")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True, timeout=600)
    return python


@pytest.fixture(scope="module")
def copies() -> dict[tuple[str, str], Path]:
    """The exported folders, copied elsewhere, by model and option."""
    return {}


@pytest.fixture
def alone(request, command, workdir, tmp_path_factory, copies):
    """A function (model, option) → a function that runs the example of the exported folder, copied elsewhere."""

    def exported(name: str, option: str):
        python = request.getfixturevalue("bare") if option == "--onnx" else sys.executable
        if (name, option) not in copies:
            command("export", name, option, "there/it is")
            copies[name, option] = tmp_path_factory.mktemp("elsewhere") / "copy"
            shutil.move(workdir / "there/it is", copies[name, option])
        folder = copies[name, option]
        environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8"}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [python, folder / "example.py", *arguments],
                cwd=workdir,
                env=environment,
                capture_output=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode()

        return run

    return exported


@pytest.mark.parametrize("option", LONG)
def test_the_classifier_gives_the_same_verdicts(command, alone, option):
    out, _ = command("sentiment", *REVIEWS)
    run = alone("sentiment", option)
    assert run(*REVIEWS).splitlines() == [line.rpartition("\t")[0] for line in out.decode().splitlines()]
    assert run("zzz", "") == 2 * "-\t-\t0.525\n"


@pytest.mark.parametrize("option", RUNTIMES)
@pytest.mark.parametrize("prompt", ["HELlo, ", ""])
def test_the_text_model_writes_the_same(command, alone, option, prompt):
    out, _ = command("generate", "--prompt", prompt, "--length", "60", "--temperature", "0.7", "--seed", "3")
    assert alone("textgen", option)(prompt, "60", "0.7", "3") == out.decode()


def picture(path: Path, width: int, height: int) -> np.ndarray:
    grey = np.random.default_rng(width).integers(0, 90, (height, width)).astype(np.uint8)
    grey[:, :3] = [10, 32, 9]  # white space, if they were read as text
    Image.fromarray(grey).save(path)
    return grey


def near(one: Path, other: np.ndarray) -> None:
    """The same pictures, but for the rounding of a pixel."""
    assert np.abs(np.asarray(Image.open(one)).astype(int) - other).max() <= 1


@pytest.mark.parametrize("option", RUNTIMES)
def test_the_autoencoder_makes_the_same_copy(command, alone, folder, workdir, option):
    grey = picture(workdir / "digit.pgm", 28, 28)
    out, _ = command("reconstruct", "digit.pgm", "copy.png")
    assert alone("autoencoder", option)("digit.pgm", "copy.pgm") == out.decode()
    copy = Autoencoder(folder / MODEL).reconstruct(grey[None].astype(np.float32) / 255)
    near(workdir / "copy.pgm", np.rint(copy[0] * 255))


@pytest.mark.parametrize("option", LONG)
@pytest.mark.parametrize("network", ["conv", "dense"])
def test_the_denoisers_give_the_same_picture(command, alone, workdir, option, network):
    run = alone(f"denoiser-{network}", option)
    for width, height in ((28, 28), (61, 40), (10, 30)):
        picture(workdir / "noisy.pgm", width, height)
        command("denoise", "noisy.pgm", "expected.pgm", "--network", network)
        assert run("noisy.pgm", "clean.pgm") == ""
        near(workdir / "clean.pgm", np.asarray(Image.open(workdir / "expected.pgm")))


def loaded(folder: Path, monkeypatch) -> dict:
    """The names that an example defines, run without arguments; its network gives back its inputs."""
    network = types.ModuleType("network")
    network.run = lambda inputs: np.array([[inputs]], object)
    monkeypatch.setitem(sys.modules, "network", network)
    monkeypatch.setattr(sys, "argv", ["example.py"])
    return runpy.run_path(str(folder / "example.py"))


WORDS = st.sampled_from(
    ["good", "Bad", "FILM", "not", "very", "a", "zzz", "7/10", "!", "?", "<br />", "film's", "’", "_", "é", "\n", "-"]
)


def test_the_example_reads_reviews_as_the_classifier_does(folder, tmp_path, monkeypatch):
    classifier = Classifier(folder / sentiment_train.MODEL)
    file = folder / sentiment_train.MODEL
    for name, content in package.contents("sentiment", "tf_saved_model", file, classifier.model, folder).items():
        artifacts.write_bytes(tmp_path / name, content)
    judge = loaded(tmp_path, monkeypatch)["judge"]

    @given(st.lists(st.tuples(WORDS, st.sampled_from(["", " "])), max_size=30))
    def same(pieces: list[tuple[str, str]]) -> None:
        text = "".join(part for piece in pieces for part in piece)
        reviews, inputs = classifier._read([text]), judge(text)
        if inputs is None:
            assert not np.any(reviews.words[0] > 1)
            return
        words, found = inputs["words"][0], inputs["ngrams"][0]
        assert len(words) % classifier.sizes.pool == 0
        assert words[: len(reviews.words[0])].tolist() == reviews.words[0].tolist()
        assert not words[len(reviews.words[0]) :].any()
        assert found[found > 0].tolist() == reviews.ngrams[0].tolist()

    same()


@pytest.mark.parametrize("name", MODELS)
def test_a_folder_lists_what_is_in_it(command, folder, workdir, name):
    out, _ = command("export", name, "--saved-model", "it")
    assert b"how to use it: it/README.md, it/example.py" in out
    readme = artifacts.read_text("it/README.md")
    files = {line.split("`")[1] for line in readme.partition("## Files")[2].splitlines() if line.startswith("| `")}
    assert files | {"README.md", "requirements.txt"} == {path.name for path in Path("it").iterdir()}
    assert artifacts.read_text("it/requirements.txt").startswith(f"tensorflow=={version('tensorflow')}\n")
    assert artifacts.read_text("it/MODEL_CARD.md") == f"# {name}\n"
    if name == "sentiment":
        assert "| input | `words` | (n, n) | int32 |" not in readme  # two different numbers
        assert "| input | `words` | (n, length) | int32 | numbers of the words" in readme
        assert json.loads(artifacts.read_text("it/settings.json"))["threshold"] == 0.525


def test_a_folder_that_exists_is_left_as_it_is(command, workdir):
    pytest.importorskip("tf2onnx")
    (workdir / "mine").mkdir()
    artifacts.write_text("mine/example.py", "print('mine')\n")
    for option in ("--onnx", "--saved-model"):
        with pytest.raises(StageError, match="mine exists already; give a new folder"):
            command("export", "autoencoder", option, "mine")
    assert [path.name for path in workdir.iterdir()] == ["mine"]
    assert artifacts.read_text("mine/example.py") == "print('mine')\n"


@pytest.mark.parametrize("fault", ["another result", "full disk", "no card"])
def test_a_folder_is_whole_or_not_there(command, folder, workdir, monkeypatch, fault):
    write, written = artifacts.write_bytes, []

    def full(path, content):
        written.append(path)
        if len(written) == 3:
            raise StageError(f"cannot write {path}: No space left on device")
        write(path, content)

    if fault == "another result":
        monkeypatch.setattr(export, "TOLERANCE", -1)
    elif fault == "full disk":
        monkeypatch.setattr(artifacts, "write_bytes", full)
    else:
        monkeypatch.setattr(package, "CARDS", "nowhere")
    told = {
        "another result": "it is not written",
        "full disk": "No space left",
        "no card": "nowhere/textgen.md does not",
    }
    with pytest.raises(StageError, match=told[fault]):
        command("export", "textgen", "--saved-model", "it")
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize("path", sorted(package.EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_needs_little(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    runtime = {"network_onnx": {"onnxruntime"}, "network_tensorflow": {"tensorflow"}}.get(path.stem, {"network"})
    assert found - set(sys.stdlib_module_names) <= {"numpy"} | runtime


def test_every_model_has_a_card_and_an_example():
    assert set(package.KINDS) == set(MODELS)
    for name, kind in package.KINDS.items():
        assert (REPOSITORY / package.CARDS / f"{name}.md").is_file()
        assert (package.EXAMPLES / kind.example).is_file()
