"""reprise demo: a page on this machine to play with the models; nothing is sent anywhere."""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from reprise import REPOSITORY, markup, notice, pictures
from reprise.denoise import Denoiser
from reprise.generate import READ, Writer
from reprise.reconstruct import Autoencoder, prepared
from reprise.sentiment import Classifier
from stages.autoencoder.preprocess import OUTPUT as DIGITS
from stages.core import artifacts, image_quality
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.denoiser import baselines
from stages.denoiser import evaluate as denoising
from stages.denoiser.preprocess import add_noise
from stages.params import PATH, load
from stages.sentiment import evaluate as judging
from stages.sentiment.scores import CLASSES

# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
try:
    import gradio as gr
except ImportError as error:
    raise StageError(f"the page needs {error.name}: `make demo` installs it and starts the page") from error

HOST = "127.0.0.1"
LONGEST_TEXT = 2000  # characters written
LONGEST_REVIEW = 20_000  # characters read
LARGEST_FILE = "20mb"
SECONDS = 60  # that one text may take
EVERY = 0.1  # seconds between two sights of a text that is being written
THRESHOLDS = (0.01, 0.99, 0.02)  # first, last and step of those in plots/sentiment/thresholds.csv
REVIEW = (
    "The worst acting I have seen in years, and the plot makes no sense. But I loved every minute of it: "
    "great music, a wonderful cast, and the funniest last scene ever."
)
# The canvas wants its brush chosen first; nobody should have to know.
TAKE_BRUSH = """
const wait = setInterval(() => {
  const brush = document.querySelector('#canvas button[aria-label="Brush"]');
  if (brush) { clearInterval(wait); brush.click(); }
}, 100);
"""
SANS, MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")


class Page:
    """What the page's tabs do. A model is loaded when it is first used, and tried again where it was missing.

    Args:
        folder: the repository; `dvc repro` or `dvc pull` put the models there.
    """

    def __init__(self, folder: Path = REPOSITORY) -> None:
        self.folder = folder

    @cached_property
    def params(self) -> Any:
        """All of params.yaml."""
        return load(self.folder / PATH)

    @cached_property
    def autoencoders(self) -> list[Autoencoder]:
        """One for each size of the code in `autoencoder.compare_latents`, smallest first."""
        return [Autoencoder(latent, self.folder) for latent in sorted(set(self.params.autoencoder.compare_latents))]

    @cached_property
    def denoiser(self) -> Denoiser:
        """The conv denoiser."""
        return Denoiser("conv", self.folder)

    @cached_property
    def digits(self) -> np.ndarray:
        """Test digits, shape (n, 28, 28), in [0, 1]."""
        return scaled(artifacts.read_npz(self.folder / DIGITS)["test"])

    @cached_property
    def filter(self) -> dict[str, Any]:
        """Settings of non-local means, as the evaluation tuned them on validation digits."""
        settings = artifacts.read_json(self.folder / denoising.METRICS)["filters"]["non_local_means"]
        return {name: value for name, value in settings.items() if name != "psnr"}

    @cached_property
    def writer(self) -> Writer:
        """The text model."""
        return Writer(self.folder)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of reviews."""
        return Classifier(self.folder)

    @cached_property
    def curves(self) -> tuple[Any, Any]:
        """Measured on test reviews: precision at 101 recalls; precision and recall at each threshold."""
        names = ("precision_recall", "thresholds")
        curve, points = (artifacts.read_csv(self.folder / judging.PLOTS / f"{name}.csv") for name in names)
        return curve[curve["method"] == "network"], points.pivot(index="threshold", columns="method", values="value")

    def draw(self, drawing: dict[str, Any] | None) -> str:
        """A drawing through every autoencoder: what the canvas holds → HTML. An empty one asks for a digit."""
        layers = (drawing or {}).get("layers") or []
        ink = np.max([layer[..., -1] for layer in layers], axis=0) / 255 if layers else np.zeros((1, 1))
        return self._copied(ink) if ink.any() else '<p class="note">Draw a digit: its copies appear here.</p>'

    def upload(self, path: str) -> str:
        """A picture of a digit through every autoencoder: a file → HTML. A mostly light one is dark on light."""
        with told(hidden=f"{Path(path).parent}{os.sep}"):
            grey = pictures.read(path).grey
        return self._copied(1 - grey if grey.mean() > 0.5 else grey)

    def _copied(self, grey: np.ndarray) -> str:
        with told():
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
        with told():
            clean = self.digits[int(number) % len(self.digits)][None]
            noisy = add_noise(clean, std, np.random.default_rng([self.params.seed, int(number)]))
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
        with told():
            writer = self.writer
            seed = self.params.seed if seed is None else int(seed)
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
        with told():
            (found,) = self.classifier.judge([review], words=0)
            marked = markup.marked(self.classifier.mark(review))
        return found.probability, self.verdict(found.probability, threshold), marked, self.curve(threshold)

    def verdict(self, probability: float | None, threshold: float) -> str:
        """Positive or negative, at a threshold: HTML."""
        if probability is None:
            return '<p class="note">No word of it is known: write a review.</p>'
        return markup.verdict(CLASSES[int(probability >= threshold)], probability, threshold)

    def curve(self, threshold: float) -> str:
        """Precision against recall, and where the threshold nearest to `threshold` is: HTML."""
        with told():
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
def told(hidden: str = "") -> Iterator[None]:
    """Bad input and missing models as a message on the page, without a path in it that says nothing to the user."""
    try:
        yield
    except StageError as error:
        message = str(error).replace(hidden, "")
        raise gr.Error(escape(message, quote=False), print_exception=False) from error


def blocks(page: Page) -> gr.Blocks:
    """The page: four tabs, each with what it takes on the left or above and what comes out beside or below it."""
    with gr.Blocks(title="Reprise", analytics_enabled=False, fill_width=True) as built:
        gr.Markdown("# Reprise\nFour small networks to play with. Everything is computed on this machine.")
        with gr.Tab("Autoencoder"):
            _autoencoder(page, built)
        with gr.Tab("Denoiser"):
            _denoiser(page, built)
        with gr.Tab("Text"):
            _text(page)
        with gr.Tab("Sentiment"):
            _sentiment(page, built)
    return built


def _autoencoder(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Draw a digit. It goes through codes of a few numbers, and back.")
    with gr.Row():
        with gr.Column(min_width=340):
            canvas = gr.Sketchpad(
                label="Your digit",
                canvas_size=(280, 280),
                fixed_canvas=True,
                layers=False,
                transforms=(),
                brush=gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed"),
                buttons=[],
                elem_id="canvas",
            )
            upload = gr.UploadButton("… or a picture of a digit", size="sm", elem_id="upload")
        with gr.Column(min_width=300, scale=2):
            copies = gr.HTML(page.draw(None), elem_id="copies")
    canvas.change(page.draw, canvas, copies, trigger_mode="always_last", show_progress="hidden")
    upload.upload(page.upload, upload, copies)
    built.load(None, js=f"() => {{ {TAKE_BRUSH} }}")


def _denoiser(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("A digit that no network was trained on gets noise, and two ways to take it out again.")
    with gr.Row():
        std = gr.Slider(
            *(0.05, 1, 0.5),
            step=0.05,
            label="Noise",
            info="standard deviation; black is 0, white is 1",
            elem_id="noise",
        )
        number = gr.Slider(
            *(0, page.last_digit(), 0), step=1, label="Digit", info="of the test digits", elem_id="digit"
        )
    digits = gr.HTML(elem_id="denoised")
    gr.on(
        [std.change, number.change, built.load],
        page.denoise,
        [number, std],
        digits,
        trigger_mode="always_last",
        show_progress="hidden",
    )


def _text(page: Page) -> None:
    gr.Markdown("A network that has read Shakespeare, one character at a time, goes on from a beginning of yours.")
    with gr.Row():
        with gr.Column(min_width=260):
            prompt = gr.Textbox("ROMEO:", label="Beginning", lines=2, max_length=READ, elem_id="prompt")
            temperature = gr.Slider(
                *(0.1, 1.5, 0.6),
                step=0.1,
                label="Temperature",
                info="low: safe and repetitive, high: wild",
                elem_id="temperature",
            )
            with gr.Row():
                length = gr.Slider(100, LONGEST_TEXT, 600, step=100, label="Length", elem_id="length")
                seed = gr.Number(1, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, elem_id="seed")
            with gr.Row():
                write = gr.Button("Write", variant="primary", min_width=80, elem_id="write")
                stop = gr.Button("Stop", min_width=80, elem_id="stop")
        with gr.Column(min_width=300, scale=2):
            text = gr.Textbox(label="Text", lines=18, max_lines=18, interactive=False, elem_id="text")
    writing = write.click(page.write, [prompt, temperature, length, seed], text, show_progress="hidden")
    stop.click(None, cancels=[writing])


def _sentiment(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Is a film review positive, and which words say so?")
    probability = gr.State(None)
    with gr.Row():
        with gr.Column(min_width=300):
            review = gr.Textbox(
                REVIEW, label="Review", lines=6, max_lines=12, max_length=LONGEST_REVIEW, elem_id="review"
            )
            judge = gr.Button("Judge", variant="primary", elem_id="judge")
            verdict = gr.HTML(elem_id="verdict")
            marked = gr.HTML(elem_id="marked")
            gr.HTML(
                '<p class="note"><mark class="for" style="--share:60%">towards positive</mark> '
                '<mark class="against" style="--share:60%">towards negative</mark> '
                "the stronger, the more log odds; point at a word to read them</p>"
            )
        with gr.Column(min_width=300):
            first, last, step = THRESHOLDS
            threshold = gr.Slider(
                *(first, last, page.tuned_threshold()),
                step=step,
                label="Threshold: positive from this probability on",
                elem_id="threshold",
            )
            curve = gr.HTML(elem_id="curve")
    outputs = [probability, verdict, marked, curve]
    gr.on([judge.click, built.load], page.judge, [review, threshold], outputs, show_progress="hidden")
    quick = {"trigger_mode": "always_last", "show_progress": "hidden"}
    threshold.change(page.verdict, [probability, threshold], verdict, **quick)
    threshold.change(page.curve, threshold, curve, **quick)


def launch(page: Page, port: int) -> gr.Blocks:
    """Serve the page on this machine alone, from threads of its own.

    Raises:
        StageError: the port is taken.
    """
    blue = gr.themes.Color(
        *("#e6f2f9", "#cce5f3", "#99cbe7", "#66b0da", "#3396ce", "#0072b2"),
        *("#0067a0", "#005a8c", "#004b75", "#003c5e", "#002d47"),
    )
    theme = gr.themes.Base(primary_hue=blue, neutral_hue="gray", font=SANS, font_mono=MONO)
    built = blocks(page).queue(max_size=20)
    try:
        built.launch(
            server_name=HOST,
            server_port=port,
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            max_file_size=LARGEST_FILE,
            theme=theme,
            css_paths=Path(__file__).with_suffix(".css"),
        )
    except OSError as error:
        raise StageError(f"port {port} is taken; --port names another") from error
    return built


def main(options: argparse.Namespace) -> None:
    """Load the models, serve the page until Ctrl-C."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away is no end, unlike a closed pipe
    ended = threading.Event()
    page = Page()
    for name, told_as in {
        "autoencoders": "the autoencoders",
        "denoiser": "the denoiser",
        "writer": "the text model",
        "classifier": "the classifier",
    }.items():
        notice(f"loading {told_as} ...")
        try:
            getattr(page, name)
        except StageError as error:
            print(f"the page works without {told_as}: {error}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="reprise-demo-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads
        built = launch(page, options.port)
        print(f"http://{HOST}:{options.port} (Ctrl-C ends it)", flush=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
        built.close(verbose=False)
