"""A folder with params.yaml and small, untrained models where the commands look for them."""

import io
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

from reprise import denoise, export, generate, package, reconstruct, sentiment
from reprise.options import MODELS, parser
from stages.autoencoder import model as autoencoders
from stages.autoencoder import train as autoencoder
from stages.core import artifacts, model_files
from stages.denoiser import evaluate as denoising
from stages.denoiser import model as denoisers
from stages.denoiser import train as denoiser
from stages.params import Params, load
from stages.sentiment import batches, evaluate, preprocess
from stages.sentiment import model as classifier
from stages.sentiment import train as sentiment_train
from stages.textgen import model as textgen
from stages.textgen import train as textgen_train
from tests.conftest import REPOSITORY

VOCABULARY = "\ufffd\n abcdeHLMT:"
WORDS = ["a", "good", "bad", "film", "not", "very"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models of a run")
    write_models(folder)
    return folder


def write_models(folder: Path) -> None:
    """All that the commands and the page read."""
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    sizes = {"vocabulary": 10, "ngrams": 10, "length": 12, "embedding": 4, "filters": 4, "pool": 2, "units": 4}
    sizes |= {"sentence_units": 4, "sentence_length": 6, "sentence_scale": 8}
    content["sentiment"]["network"] |= sizes
    content["latent"] = 8
    content["autoencoder"]["compare_latents"] = [4, 8]
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    params = load(folder / "params.yaml")
    generator = np.random.default_rng(5)
    keras.utils.set_random_seed(5)

    _write_digits(folder, generator)
    shape = textgen.Shape(len(VOCABULARY), 4, [8])
    textgen.write(folder / textgen_train.MODEL, textgen.TextModel(textgen.build(shape), shape, VOCABULARY, 7))
    codes = np.array([ord(character) for character in VOCABULARY])
    artifacts.write_npz(
        folder / textgen_train.DATA, vocabulary=codes, test=generator.integers(1, 9, 900).astype(np.int32)
    )
    _write_reviews(folder, generator, params)
    _write_results(folder)
    for name in MODELS:
        artifacts.write_text(folder / package.CARDS / f"{name}.md", f"# {name}\n")


def _write_digits(folder: Path, generator: np.random.Generator) -> None:
    digits = generator.integers(0, 256, (3, 28, 28)).astype(np.uint8)
    artifacts.write_npz(folder / export.DIGITS, test=digits)
    artifacts.write_npz(folder / export.NOISY_DIGITS, test_noisy=generator.random((3, 28, 28), np.float32))
    model_files.write(folder / autoencoder.MODEL, autoencoders.build(8, []))
    model_files.write(folder / autoencoder.SIZES / "latent-4.keras", autoencoders.build(4, []))
    for name, model in (("conv", denoisers.conv([2, 4], 4)), ("dense", denoisers.dense(4, []))):
        model_files.write(folder / denoiser.MODELS[name], model, {"seed": 7, "noise_std": 0.5})


def _write_reviews(folder: Path, generator: np.random.Generator, params: Params) -> None:
    words = [generator.integers(2, 8, 9).astype(np.int32) for _ in range(30)]
    known = preprocess.ngrams.index(words, len(WORDS), least=2)
    counts = preprocess.ngrams.count(words, len(WORDS), known)
    data = {}
    for part in ("validation", "test"):
        data |= {
            f"{part}_labels": (np.arange(30) % 2).astype(np.uint8),
            f"{part}_words": np.concatenate(words),
            f"{part}_word_lengths": np.full(30, 9),
            f"{part}_ngrams": counts.numbers,
            f"{part}_ngram_lengths": counts.lengths,
        }
    artifacts.write_npz(folder / preprocess.OUTPUT, **data)
    artifacts.write_npz(folder / preprocess.NGRAMS, keys=known)
    artifacts.write_text(folder / preprocess.VOCABULARY, "".join(f"{word}\n" for word in WORDS))
    model = classifier.build(params.sentiment.network, generator.normal(size=10))
    model.get_layer("word_vectors").set_weights([generator.normal(size=(12, 4))])
    table = [{"threshold": at / 200, "accuracy": 0.5, "precision": at / 220, "recall": 0.5} for at in range(1, 200)]
    attached = {"seed": 7, "network": params.sentiment.network.model_dump(), "vocabulary": WORDS, "ngrams": known[:10]}
    table[104]["accuracy"] = 0.75  # of the threshold 0.525
    attached |= {"thresholds": table, "validation_reviews": 30}
    model_files.write(folder / sentiment_train.MODEL, model, attached)
    artifacts.write_json(folder / evaluate.METRICS, {"tuned": {"threshold": 0.525}})
    assert batches.reviews(data, "test", params.sentiment.network).ngrams


def _write_results(folder: Path) -> None:
    settings = {"psnr": 16.0, "patch": 5, "distance": 6, "strength": 0.5}
    artifacts.write_json(folder / denoising.METRICS, {"filters": {"non_local_means": settings}})
    thresholds = [round(0.01 + 0.02 * step, 2) for step in range(50)]
    artifacts.write_csv(
        folder / evaluate.PLOTS / "thresholds.csv",
        [
            {"threshold": at, "value": value, "method": method}
            for at in thresholds
            for method, value in (("precision", 0.5 + at / 2), ("recall", 1 - at**2))
        ],
    )
    artifacts.write_csv(
        folder / evaluate.PLOTS / "precision_recall.csv",
        [
            {"recall": at, "precision": 1 - at / 2, "method": method}
            for method in ("network", "TF-IDF")
            for at in (0, 0.5, 1)
        ],
    )


@pytest.fixture(scope="session")
def classifiers() -> dict[Path, sentiment.Classifier]:
    """Those that commands have read from `folder`, by their file; the first verdict of each takes seconds."""
    return {}


@pytest.fixture
def command(folder, classifiers, workdir, monkeypatch, capfdbinary):
    """Run a command in an empty folder on the small models; gives what it wrote to the two outputs."""
    modules = {
        "generate": generate,
        "sentiment": sentiment,
        "denoise": denoise,
        "reconstruct": reconstruct,
        "export": export,
    }
    for module in modules.values():
        monkeypatch.setattr(module, "REPOSITORY", folder)
    monkeypatch.setattr(export.test_inputs, "__defaults__", (folder,))
    read = sentiment.Classifier

    def classifier(path: Path) -> sentiment.Classifier:
        if not path.is_relative_to(folder):
            return read(path)
        if path not in classifiers:
            classifiers[path] = read(path)
        return classifiers[path]

    monkeypatch.setattr(sentiment, "Classifier", classifier)

    def run(*arguments: str, stdin: bytes = b"") -> tuple[bytes, bytes]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        options = parser().parse_args(arguments)
        capfdbinary.readouterr()
        modules[options.command].main(options)
        sys.stdout.flush()
        return capfdbinary.readouterr()

    return run
