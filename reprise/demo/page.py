"""What the tabs of the page compute: pictures, texts and verdicts as HTML."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

import reprise.demo.markup as markup  # not from its package, which imports this module
from reprise import REPOSITORY, pictures
from reprise.denoise import Denoiser
from reprise.generate import READ, Writer
from reprise.reconstruct import Autoencoder, path_of
from reprise.sentiment import Classifier
from stages.autoencoder.preprocess import DATA as DIGITS
from stages.core import artifacts, image_quality
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepared
from stages.denoiser import baselines
from stages.denoiser import evaluate as denoising
from stages.denoiser.preprocess import add_noise
from stages.denoiser.train import MODELS as DENOISERS
from stages.params import PATH, setting
from stages.sentiment import evaluate as judging
from stages.sentiment.plots import PLOTS
from stages.sentiment.scores import CLASSES
from stages.sentiment.train import MODEL as CLASSIFIER
from stages.textgen.train import MODEL as TEXT_MODEL

LONGEST_TEXT = 2000  # characters written
LONGEST_REVIEW = 20_000  # characters read
SECONDS = 60  # that one text may take
EVERY = 0.1  # seconds between two updates of a text that is being written
CANVAS = 280  # pixels on each side, a multiple of a digit's
SAMPLE = 0  # number of the test digit on the canvas when the page opens
THRESHOLDS = (0.01, 0.99, 0.02)  # first, last and step of those in plots/sentiment/thresholds.csv


class Page:
    """What the page's tabs do. A model is loaded when it is first used, and tried again where it was missing.

    Args:
        folder: the repository; `dvc repro` or `dvc pull` put the models there.
    """

    def __init__(self, folder: Path = REPOSITORY) -> None:
        self.folder = folder

    @cached_property
    def seed(self) -> int:
        """`seed` of params.yaml."""
        return setting("seed", self.folder / PATH)

    @cached_property
    def autoencoders(self) -> list[Autoencoder]:
        """One for each size of the code in `autoencoder.compare_latents`, smallest first."""
        return [
            Autoencoder(path_of(latent, self.folder))
            for latent in sorted(set(setting("autoencoder.compare_latents", self.folder / PATH)))
        ]

    @cached_property
    def denoiser(self) -> Denoiser:
        """The conv denoiser."""
        return Denoiser(self.folder / DENOISERS["conv"])

    @cached_property
    def digits(self) -> np.ndarray:
        """Test digits, shape (n, 28, 28), in [0, 1]."""
        return scaled(artifacts.read_npz(self.folder / DIGITS)["test"])

    @cached_property
    def filter(self) -> dict[str, Any]:
        """Settings of non-local means, as the evaluation tuned them on validation digits."""
        settings = artifacts.read_json(self.folder / denoising.EVALUATION)["filters"]["non_local_means"]
        return {name: value for name, value in settings.items() if name != "psnr"}

    @cached_property
    def writer(self) -> Writer:
        """The text model."""
        return Writer(self.folder / TEXT_MODEL)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of reviews."""
        return Classifier(self.folder / CLASSIFIER)

    @cached_property
    def curves(self) -> tuple[Any, Any]:
        """Measured on test reviews: precision at 101 recalls; precision and recall at each threshold."""
        names = ("precision_recall", "thresholds")
        curve, points = (artifacts.read_csv(self.folder / PLOTS / f"{name}.csv") for name in names)
        return curve[curve["method"] == "network"], points.pivot(index="threshold", columns="method", values="value")

    def sample(self) -> dict[str, Any] | None:
        """What the canvas holds at first: a test digit as if it had been drawn; None where the digits are missing."""
        try:
            digit = self.digits[SAMPLE % len(self.digits)]
        except StageError:
            return None
        scale = CANVAS // len(digit)
        drawn = np.zeros((CANVAS, CANVAS, 4), np.uint8)
        drawn[..., 3] = np.kron(255 * digit, np.ones((scale, scale))).round()
        return {"background": None, "layers": [drawn], "composite": drawn}

    def draw(self, drawing: dict[str, Any] | None) -> str:
        """A drawing through every autoencoder: what the canvas holds → HTML. An empty one asks for a digit."""
        layers = (drawing or {}).get("layers") or []
        ink = np.max([layer[..., -1] for layer in layers], axis=0) / 255 if layers else np.zeros((1, 1))
        return self._copied(ink) if ink.any() else '<p class="note">Draw a digit: its copies appear here.</p>'

    def upload(self, path: str) -> str:
        """A picture of a digit through every autoencoder: a file → HTML. A mostly light one is dark on light."""
        with shown_errors(hidden=f"{Path(path).parent}{os.sep}"):
            grey = pictures.read(path).grey
        return self._copied(1 - grey if grey.mean() > 0.5 else grey)

    def _copied(self, grey: np.ndarray) -> str:
        with shown_errors():
            digit = prepared(grey)
            figures = [("as the network sees it", markup.picture(digit, "28 × 28 pixels"), "784 numbers")]
            for autoencoder in self.autoencoders:
                code, copy = autoencoder.encode(digit[None])[0], autoencoder.reconstruct(digit[None])
                heading = f"through {autoencoder.latent} numbers"
                shown = markup.picture(copy[0], heading) + markup.bars(code, f"its code: {autoencoder.latent} numbers")
                figures.append((heading, shown, f"PSNR {image_quality.psnr(digit[None], copy)[0]:.2f} dB"))
        return markup.cards(figures)

    def denoise(self, number: int, std: float) -> str:
        """Test digit `number` with noise of standard deviation `std`, and without it again: HTML."""
        with shown_errors():
            clean = self.digits[int(number) % len(self.digits)][None]
            noisy = add_noise(clean, std, np.random.default_rng([self.seed, int(number)]))
            shown = {
                f"noise {std:.2f}": noisy,
                "non-local means": baselines.non_local_means(noisy, std, **self.filter),
                "conv denoiser": self.denoiser.denoise(noisy),
            }
        figures = [("clean", markup.picture(clean[0], "clean"), "")]
        for heading, images in shown.items():
            psnr = image_quality.psnr(clean, images)[0]
            figures.append((heading, markup.picture(images[0], heading), f"PSNR {psnr:.2f} dB"))
        return markup.cards(figures)

    def write(self, prompt: str, temperature: float, length: int, seed: int | None) -> Iterator[str]:
        """A text that goes on from the prompt, as it grows."""
        with shown_errors():
            writer = self.writer
            seed = self.seed if seed is None else int(seed)
        if len(prompt) > READ:
            gr.Warning(f"Of the prompt's {len(prompt):,} characters the last {READ:,} are read.")
            prompt = prompt[-READ:]
        if unknown := writer.unknown(prompt):
            some = " ".join(unknown[:20])
            gr.Warning(escape(f"Not in the vocabulary, read as unknown: {some}{' ...' if len(unknown) > 20 else ''}"))
        text, begun, seen = prompt, time.monotonic(), 0.0
        for (character,) in writer.stream(prompt, [temperature], length=min(int(length), LONGEST_TEXT), seed=seed):
            text += character
            now = time.monotonic()
            if now - begun > SECONDS:
                gr.Warning(f"Stopped after {SECONDS} seconds.")
                break
            if now - seen > EVERY:
                seen = now
                yield text
        yield text

    def judge(self, review: str, threshold: float) -> tuple[float | None, str, str, str]:
        """A review: its probability of being positive, then HTML: the verdict, the words in colour, the curve."""
        if len(review) > LONGEST_REVIEW:
            message = f"The review has {len(review):,} characters; {LONGEST_REVIEW:,} are the most that is read."
            raise gr.Error(message, print_exception=False)
        with shown_errors():
            (found,) = self.classifier.judge([review], words=0)
            marked = markup.marked(self.classifier.mark(review))
        return found.probability, self.verdict(found.probability, threshold), marked, self.curve(threshold)

    def verdict(self, probability: float | None, threshold: float) -> str:
        """Positive or negative, at a threshold: HTML."""
        if probability is None:
            return '<p class="note">No word of it is in the vocabulary: write a review.</p>'
        return markup.verdict(CLASSES[int(probability >= threshold)], probability, threshold)

    def curve(self, threshold: float) -> str:
        """Precision against recall, and where the threshold nearest to `threshold` is: HTML."""
        with shown_errors():
            curve, points = self.curves
        nearest = points.iloc[int(np.argmin(np.abs(points.index.to_numpy() - threshold)))]
        recall, precision = float(nearest["recall"]), float(nearest["precision"])
        label = (
            f"Threshold {nearest.name:.2f}: precision {precision:.3f}, recall {recall:.3f} on test reviews. "
            f"Of what is called positive {precision:.1%} is, and {recall:.1%} of the positive reviews are found."
        )
        return markup.curve(curve["recall"].to_numpy(), curve["precision"].to_numpy(), (recall, precision), label)

    def last_digit(self) -> int:
        """Number of the last test digit."""
        try:
            return len(self.digits) - 1
        except StageError:
            return 1

    def tuned_threshold(self) -> float:
        """The threshold to begin with: of those on the slider, the nearest to the one that validation chose."""
        first, last, step = THRESHOLDS
        try:
            tuned = artifacts.read_json(self.folder / judging.METRICS)["tuned"]["threshold"]
        except StageError:
            tuned = 0.5
        return round(float(np.clip(first + step * round((tuned - first) / step), first, last)), 2)


@contextmanager
def shown_errors(hidden: str = "") -> Iterator[None]:
    """Show bad input and missing models as a message on the page, without the path of a temporary folder."""
    try:
        yield
    except StageError as error:
        message = str(error).replace(hidden, "")
        raise gr.Error(escape(message, quote=False), print_exception=False) from error
