"""A folder with params.yaml and small, untrained models where the commands look for them."""

import io
import socket
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

import reprise
from reprise import __main__ as command_line
from reprise.__main__ import MODELS
from stages.autoencoder import model as autoencoders
from stages.core import artifacts, model_files
from stages.denoiser import model as denoisers
from stages.params import load
from stages.sentiment import encoding
from stages.sentiment import model as classifier
from stages.sentiment.ngrams import index
from stages.textgen import model as textgen
from tests.conftest import REPOSITORY

VOCABULARY = "\ufffd\n abcdeHLMT:"
WORDS = ["a", "good", "bad", "film", "not", "very"]
SIZES = {"vocabulary": 10, "ngrams": 10, "length": 12, "embedding": 4, "filters": 4, "pool": 2, "units": 4}
SIZES |= {"sentence_scale": 8, "clause_scale": 3}  # of the classifier


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models of a run")
    write_models(folder)
    return folder


def write_models(folder: Path) -> None:
    """All that the commands and the page read."""
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    content["sentiment"]["network"] |= SIZES
    content["latent"] = 8
    content["autoencoder"]["compare_latents"] = [4, 8]
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    rng = np.random.default_rng(5)
    keras.utils.set_random_seed(5)
    digits = rng.integers(0, 256, (3, 28, 28)).astype(np.uint8)
    artifacts.write_npz(folder / "data/autoencoder/digits.npz", test=digits, test_labels=np.arange(3))
    artifacts.write_npz(folder / "data/denoiser/digits.npz", test_noisy=rng.random((3, 28, 28), np.float32))
    model_files.write(folder / "models/autoencoder.keras", autoencoders.build(8, []), {"seed": 7})
    for latent in (4, 8):
        model_files.write(folder / f"models/sizes/latent-{latent}.keras", autoencoders.build(latent, []), {"seed": 7})
    for name, model in (("conv", denoisers.conv([2, 4], 4)), ("dense", denoisers.dense(4, []))):
        model_files.write(folder / f"models/denoiser-{name}.keras", model, {"seed": 7, "noise_std": 0.5})
    shape = textgen.Shape(len(VOCABULARY), 4, [8])
    textgen.write(folder / "models/textgen.keras", textgen.TextModel(textgen.build(shape), shape, VOCABULARY, 7))
    artifacts.write_npz(folder / "data/textgen/characters.npz", test=rng.integers(1, 9, 900).astype(np.int32))
    _write_classifier(folder, rng)
    for name in MODELS:
        artifacts.write_text(folder / f"report/cards/{name}.md", f"# {name}\n")


def _write_classifier(folder: Path, rng: np.random.Generator) -> None:
    network = load(folder / "params.yaml").sentiment.network
    reviews = [rng.integers(2, 8, 9).astype(np.int32) for _ in range(30)]
    known = index(reviews, len(WORDS), least=2)[:10]
    found, _ = encoding.count(reviews, len(WORDS), known)
    artifacts.write_npz(
        folder / "data/sentiment/reviews.npz",
        test_words=np.concatenate(reviews),
        test_word_lengths=np.full(30, 9),
        test_ngrams=np.concatenate(found),
        test_ngram_lengths=[len(numbers) for numbers in found],
        test_labels=np.arange(30) % 2,
        test_source=np.zeros(30, np.uint8),
    )
    model = classifier.build(network, 10)
    classifier.set_ngrams(model, rng.normal(size=(10, 2)), np.zeros(2))
    model.get_layer("word_vectors").set_weights([rng.normal(size=(12, 4))])
    table = [{"threshold": at / 200, "accuracy": 0.5, "precision": at / 220, "recall": 0.5} for at in range(1, 200)]
    table[104]["accuracy"] = 0.75  # of the threshold 0.525
    attached = {"seed": 7, "network": network.model_dump(), "vocabulary": WORDS, "ngrams": known}
    attached |= {"thresholds": table, "validation_reviews": 30}
    model_files.write(folder / "models/sentiment.keras", model, attached)


@pytest.fixture
def repository_of(folder, monkeypatch) -> Path:
    """The commands take the small models for the pipeline's."""
    monkeypatch.setattr(reprise, "REPOSITORY", folder)
    return folder


@pytest.fixture
def command(repository_of, workdir, monkeypatch, capfdbinary):
    """Run a command in an empty folder on the small models; gives what it wrote to the two outputs."""

    def run(*arguments: str, stdin: bytes = b"") -> tuple[bytes, bytes]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        options = command_line.parser().parse_args(arguments)
        capfdbinary.readouterr()
        command_line.run(options)
        sys.stdout.flush()
        return capfdbinary.readouterr()

    return run
