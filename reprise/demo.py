"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from reprise import digits, repository
from reprise.reviews import FOREIGN, Classifier
from reprise.text import READ, Writer
from stages.core import artifacts, image_quality
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepared
from stages.denoiser import baselines
from stages.denoiser.preprocess import add_noise
from stages.sentiment.scores import CLASSES

# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
try:
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import PlainTextResponse
except ImportError as missing:
    raise StageError(f"the page needs {missing.name}: `make demo` installs it and starts the page") from missing

HOST = "127.0.0.1"
HOSTS = [HOST, "localhost"]  # any other name is DNS rebinding: a foreign page that was given this address
CACHE = (600, 3600)  # seconds between two looks for old files of the page, and from when on one is old
LONGEST_TEXT = 2000  # characters written
LONGEST_REVIEW = 20_000  # characters read
EVERY = 10  # characters between two updates of a text that is being written
SHOWN = 6  # pixels of the page for one of a digit
REVIEWS = (
    "This film is not good.",
    "A film I will not forget: great music and a wonderful cast.",
    "The worst acting I have seen in years, and the plot makes no sense. But I loved every minute of it.",
)
PROMPTS = ("ROMEO:", "To be, or not to be, ", "def main():")
# The canvas does not draw before its brush is chosen, and gives it up when it is cleared: choose it for the user. A
# button "Brush Size" or "Eraser Size" is there while one of the two is chosen.
KEEP_BRUSH = """() => { setInterval(() => {
  if (!document.querySelector('#canvas button[aria-label$=" Size"]'))
    document.querySelector('#canvas button[aria-label="Brush"]')?.click();
}, 300) }"""
Pictures = list[tuple[np.ndarray, str]]  # with captions


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Bad input and missing models are a message on the page."""
    try:
        yield
    except StageError as error:
        raise gr.Error(escape(str(error), quote=False), print_exception=False) from error


class Page:
    """What the page does. A model is loaded when it is first used, and tried again where it was missing."""

    @cached_property
    def autoencoders(self) -> list[digits.Autoencoder]:
        """One for each size of the code, smallest first."""
        return [digits.Autoencoder(path) for path in digits.sizes().values()]

    @cached_property
    def denoisers(self) -> dict[str, digits.Denoiser]:
        """Both, by name."""
        return {name: digits.Denoiser(repository(f"models/denoiser-{name}.keras")) for name in ("dense", "conv")}

    @cached_property
    def writer(self) -> Writer:
        """The text model."""
        return Writer()

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of reviews."""
        return Classifier()

    @cached_property
    def test_digits(self) -> dict[str, np.ndarray]:
        """The preprocessed digits."""
        return artifacts.read_npz(repository(digits.DATA))

    @told()
    def test_digit(self, number: float) -> tuple[np.ndarray, str]:
        """A test digit, shape (28, 28), and what it is."""
        count = len(self.test_digits["test"])
        row = int(number) % count
        label = self.test_digits["test_labels"][row]
        return scaled(self.test_digits["test"][row]), f"Test digit {row:,} of {count:,}: a {label}."

    @told()
    def drawn(self, drawing: dict[str, Any] | None) -> tuple[np.ndarray | None, str]:
        """The digit on the canvas, as MNIST has them; None where the canvas is empty."""
        layers = (drawing or {}).get("layers") or [np.zeros((1, 1, 4))]
        ink = np.max([layer[..., -1] for layer in layers], axis=0) / 255
        return (prepared(ink), "Your drawing, prepared as MNIST was.") if ink.any() else (None, "Draw a digit.")

    @told()
    def upload(self, path: str) -> tuple[np.ndarray, str]:
        """The digit of a picture, light on dark or dark on light."""
        grey = digits.grey(digits.read(path))
        return prepared(1 - grey if grey.mean() > 0.5 else grey), "Your picture, prepared as MNIST was."

    @told()
    def copies(self, digit: np.ndarray | None) -> Pictures:
        """A digit through every autoencoder."""
        if digit is None:
            return []
        pictures = {"28 × 28 pixels": digit[None]}
        pictures |= {f"{one.latent} numbers": one.reconstruct(digit[None]) for one in self.autoencoders}
        return _captioned(digit, pictures)

    @told()
    def restored(self, digit: np.ndarray | None, noise: float) -> Pictures:
        """A digit with noise, and denoised."""
        if digit is None:
            return []
        noisy = add_noise(digit[None], noise, np.random.default_rng(7))
        pictures = {"noisy": noisy, "median": baselines.median(noisy)}
        pictures |= {name: denoiser.denoise(noisy) for name, denoiser in self.denoisers.items()}
        return _captioned(digit, pictures)

    def write(self, prompt: str, temperature: float, length: int, seed: float | None) -> Iterator[str]:
        """A text that goes on from the prompt, as it grows."""
        with told():
            writer = self.writer
        if unknown := writer.unknown(prompt):
            gr.Warning(escape(f"Not in the vocabulary, read as unknown: {' '.join(unknown[:20])}"))
        options = {"length": min(int(length), LONGEST_TEXT), "seed": abs(int(seed or 0))}
        text = prompt = prompt[-READ:]
        for (character,) in writer.stream(prompt, [temperature], **options):
            text += character
            if (len(text) - len(prompt)) % EVERY == 0:
                yield text
        yield text

    @told()
    def judge(self, review: str, threshold: float) -> tuple[str, dict[str, float], list[tuple[str, float | None]]]:
        """A review: the verdict, the probabilities, and its pieces with what each adds to the log odds."""
        if len(review) > LONGEST_REVIEW:
            raise StageError(f"the review has {len(review):,} characters; {LONGEST_REVIEW:,} are the most that is read")
        (verdict,) = self.classifier.judge([review])
        if verdict.probability is None:
            return "No word of it is in the vocabulary: write a review.", {}, []
        label = f"**{CLASSES[int(verdict.probability >= threshold)]}** at the threshold {threshold:.2f}"
        label += f". But {FOREIGN}." if verdict.foreign else ""
        probabilities = {"positive": verdict.probability, "negative": 1 - verdict.probability}
        return label, probabilities, self.classifier.explain(review)

    def tuned_threshold(self) -> float:
        """The threshold that validation chose, to two places."""
        try:
            return round(self.classifier.tuned_threshold(), 2)
        except StageError:  # told when the page is used
            return 0.5


def _captioned(digit: np.ndarray, pictures: dict[str, np.ndarray]) -> Pictures:
    """Pictures, shape (1, 28, 28), their pixels as squares, which browsers would blur, with PSNR in the captions."""
    captioned = []
    for name, picture in pictures.items():
        pixels = np.kron(np.rint(np.clip(picture[0], 0, 1) * 255), np.ones((SHOWN, SHOWN))).astype(np.uint8)
        distance = (
            "" if np.array_equal(picture[0], digit) else f": {image_quality.psnr(digit[None], picture)[0]:.1f} dB"
        )
        captioned.append((pixels, f"{name}{distance}"))
    return captioned


def blocks(page: Page) -> gr.Blocks:
    """The page: three tabs, each with its inputs on the left or above and its outputs on the right or below."""
    with gr.Blocks(title="Reprise", analytics_enabled=False, fill_width=True, delete_cache=CACHE) as built:
        gr.Markdown("# Reprise\nFour small networks to try. Everything is computed on this machine.")
        with gr.Tab("Digits"):
            _digits(page, built)
        with gr.Tab("Text"):
            _text(page)
        with gr.Tab("Reviews"):
            _reviews(page, built)
    return built


def _digits(page: Page, built: gr.Blocks) -> None:
    gr.Markdown(
        "Draw a digit. Autoencoders encode it as a few numbers and decode it again; denoisers restore it from noise, "
        "beside a median filter. PSNR in dB: higher is nearer."
    )
    digit = gr.State()
    with gr.Row():
        with gr.Column(min_width=320):
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
            about = gr.Markdown(elem_id="about")
            with gr.Row():
                number = gr.Number(0, label="Test digit", precision=0, minimum=0, min_width=90, elem_id="number")
                upload = gr.UploadButton("Upload", min_width=80, elem_id="upload")
        with gr.Column(min_width=320, scale=2):
            options = {
                "format": "png",
                "buttons": [],
                "object_fit": "contain",
                "columns": 4,
                "height": 200,
                "fit_columns": False,
            }
            copies = gr.Gallery(label="Encoded and decoded", elem_id="copies", **options)
            noise = gr.Slider(0.05, 1, 0.5, step=0.05, label="Noise", elem_id="noise")
            restored = gr.Gallery(label="Noisy and restored", elem_id="restored", **options)
    quiet = {"trigger_mode": "always_last", "show_progress": "hidden"}
    canvas.change(page.drawn, canvas, [digit, about], **quiet)
    gr.on([built.load, number.change], page.test_digit, number, [digit, about], **quiet)
    built.load(None, js=KEEP_BRUSH)
    upload.upload(page.upload, upload, [digit, about])
    digit.change(page.copies, digit, copies, **quiet)
    gr.on([digit.change, noise.change], page.restored, [digit, noise], restored, **quiet)


def _text(page: Page) -> None:
    gr.Markdown("A network continues your text, one character at a time, as the text it was trained on would go on.")
    with gr.Row():
        with gr.Column(min_width=260):
            prompt = gr.Textbox(PROMPTS[0], label="Beginning", lines=2, max_length=READ, elem_id="prompt")
            gr.Examples(list(PROMPTS), prompt)
            temperature = gr.Slider(
                *(0.1, 1.5, 0.6), step=0.1, label="Temperature", info="low: safe, high: wild", elem_id="temperature"
            )
            length = gr.Slider(100, LONGEST_TEXT, 600, step=100, label="Length", elem_id="length")
            seed = gr.Number(1, label="Seed", info="same seed, same text", precision=0, minimum=0, elem_id="seed")
            with gr.Row():
                write = gr.Button("Write", variant="primary", min_width=80, elem_id="write")
                stop = gr.Button("Stop", min_width=80, elem_id="stop")
        with gr.Column(min_width=300, scale=2):
            text = gr.Textbox(label="Text", lines=18, max_lines=18, interactive=False, buttons=["copy"], elem_id="text")

    running = write.click(page.write, [prompt, temperature, length, seed], text, show_progress="hidden")
    stop.click(None, cancels=[running])


def _reviews(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Is a film review positive or negative, and which words decide it?")
    with gr.Row():
        with gr.Column(min_width=300):
            review = gr.Textbox(
                REVIEWS[0], label="Review", lines=6, max_lines=12, max_length=LONGEST_REVIEW, elem_id="review"
            )
            gr.Examples(list(REVIEWS), review)
            threshold = gr.Slider(
                *(0.01, 0.99, page.tuned_threshold()),
                step=0.01,
                label="Threshold: positive from this probability on",
                elem_id="threshold",
            )
            judge = gr.Button("Classify", variant="primary", elem_id="judge")
        with gr.Column(min_width=300):
            verdict = gr.Markdown(elem_id="verdict")
            probability = gr.Label(label="Probability", show_heading=False, elem_id="probability")
            pieces = gr.HighlightedText(
                label="What each word adds to the log odds; in a longer review, each sentence",
                show_legend=True,
                elem_id="pieces",
            )
    outputs = [verdict, probability, pieces]
    quiet = {"trigger_mode": "always_last", "show_progress": "hidden"}
    gr.on([judge.click, built.load, threshold.release], page.judge, [review, threshold], outputs, **quiet)
    thresholds = repository("plots/sentiment/thresholds.csv")
    if thresholds.exists():
        table = artifacts.read_csv(thresholds)
        gr.LinePlot(
            table[table["method"].isin(["precision", "recall"])],
            *("threshold", "value", "method"),
            title="On test reviews: what a threshold costs",
            height=260,
        )


class SameOrigin:
    """Refuses a request that changes something unless it comes from this page.

    A browser names the origin of the page that sends such a request; a program on this machine names none. The page's
    own origin is that of `Host`, which TrustedHostMiddleware has checked.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        headers = dict(scope.get("headers", []))
        own, origin = b"http://" + headers.get(b"host", b""), headers.get(b"origin")
        if scope.get("method", "GET") in ("GET", "HEAD", "OPTIONS") or origin in (None, own):
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("only this page may send this", status_code=403)(scope, receive, send)


def launch(page: Page, port: int) -> gr.Blocks:
    """Serve the page on this machine alone, from threads of its own."""
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
            max_file_size="20mb",
            app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(SameOrigin)]},
            theme=gr.themes.Base(primary_hue="blue", neutral_hue="gray", font=("system-ui", "sans-serif")),
        )
    except OSError as error:
        raise StageError(f"port {port} is taken; --port names another") from error
    return built


def main(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away must not end the server
    built = launch(Page(), options.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    print(f"http://{HOST}:{options.port} (Ctrl-C ends it)", flush=True)
    built.block_thread()
