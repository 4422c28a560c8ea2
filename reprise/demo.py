"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import base64
import contextlib
import io
import os
import re
import signal
from collections.abc import Iterator
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from reprise import digits, repository
from reprise.reviews import EXAMPLES, FOREIGN, Classifier
from reprise.text import READ, Writer
from stages.core import artifacts, image_quality
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepared
from stages.datasets.tidy import unified
from stages.denoiser import baselines, recognition
from stages.denoiser.preprocess import add_noise
from stages.report import results
from stages.sentiment.scores import CLASSES

# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
try:
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import PlainTextResponse
    from starlette.staticfiles import StaticFiles
except ImportError as missing:
    raise StageError(f"the page needs {missing.name}: `make demo` installs it and starts the page") from missing

HOST = "127.0.0.1"
HOSTS = [HOST, "localhost"]  # any other name is DNS rebinding: a foreign page that was given this address
LONGEST_TEXT = 2000  # characters written
LONGEST_REVIEW = 20_000  # characters read
EVERY = 10  # characters between two updates of a text that is being written
DRAWN = "Your drawing, prepared as MNIST was."
# Kind of damage → unit of its strength, function, strengths from mild to strong.
DAMAGES = {"noise": ("standard deviation", add_noise, (0.25, 0.5, 0.75, 1.0)), **recognition.DEGRADATIONS}
PROMPTS = ("ROMEO:\n", "To be, or not to be, ", "Enter three WITCHES.\n")
BLUE, ORANGE = (108, 176, 245), (245, 160, 76)  # of what is positive and negative
# Gradio's greys for small print are too pale to be read by all. A digit's pixels stay squares.
CSS = """
.min_value, .max_value, .info-text, button[role=tab].selected { color: var(--body-text-color) !important }
button.primary { background: var(--primary-700) !important }
.pictures { display: flex; flex-wrap: wrap; gap: 12px }
.pictures figure { margin: 0; width: 136px }
.pictures img { width: 100%; image-rendering: pixelated; border: 1px solid #888 }
.html-container { padding: 0 !important }
.pieces { line-height: 2 }
.pieces mark, .pieces sub { color: #111; border-radius: 4px; padding: 2px 4px; white-space: pre-wrap }
"""
# The canvas does not draw before its brush is chosen, and gives it up when it is cleared: choose it for the user. A
# button "Brush Size" or "Eraser Size" is there while one of the two is chosen.
KEEP_BRUSH = """() => { setInterval(() => {
  if (!document.querySelector('#canvas button[aria-label$=" Size"]'))
    document.querySelector('#canvas button[aria-label="Brush"]')?.click();
}, 300) }"""
# Gradio leaves a drawing on the canvas whatever value it is given.
CLEAR = f"""about => {{
  if (about !== {DRAWN!r}) document.querySelector('#canvas button[aria-label="Clear canvas"]')?.click();
}}"""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Bad input and missing models are a message on the page."""
    try:
        yield
    except StageError as error:
        raise gr.Error(escape(str(error), quote=False), print_exception=False) from error


def own(dataset: str, task: str) -> dict[str, Any]:
    """What was measured of a task on data of the user's own; empty for packaged data, and where nothing was."""
    with contextlib.suppress(StageError):
        if not results.packaged(dataset, repository(".")):
            return results.measured(task, repository("."))
    return {}


class Page:
    """What the page does. A model is loaded when it is first used, and tried again where it was missing."""

    writer = cached_property(lambda self: Writer())
    classifier = cached_property(lambda self: Classifier())
    test_digits = cached_property(lambda self: artifacts.read_npz(repository(digits.DATA)))

    @cached_property
    def prompts(self) -> list[str]:
        """Beginnings of texts like those that the text model was trained on."""
        if found := own("text", "textgen"):
            return [found["context"].rpartition("\n")[2], found["test"].strip().partition("\n")[0]]
        return list(PROMPTS)

    @cached_property
    def reviews(self) -> dict[str, str]:
        """Reviews like those that the classifier was trained on, and what they are."""
        found = own("reviews", "sentiment")
        some = found["examples"] + found["mistakes"][:1] if found else []
        return {row["text"]: row["actual"] for row in some} or EXAMPLES

    @cached_property
    def autoencoders(self) -> list[digits.Autoencoder]:
        """One for each size of the code, smallest first."""
        return [digits.Autoencoder(path) for path in digits.sizes().values()]

    @cached_property
    def denoisers(self) -> dict[str, digits.Denoiser]:
        """Both, by name."""
        return {name: digits.Denoiser(repository(f"models/denoiser-{name}.keras")) for name in ("dense", "conv")}

    @property
    def noun(self) -> str:
        """What one of the test digits is: an image, where their classes have names."""
        with contextlib.suppress(StageError):  # told when the page is used
            return "image" if "names" in self.test_digits else "digit"
        return "digit"

    @told()
    def random_number(self) -> int:
        """The number of a test digit."""
        return int(np.random.default_rng().integers(len(self.test_digits["test"])))

    @told()
    def test_digit(self, number: float | None) -> tuple[np.ndarray, str]:
        """A test digit, shape (28, 28), and what it is."""
        count = len(self.test_digits["test"])
        row = int(number or 0) % count
        label = int(self.test_digits["test_labels"][row])
        name = f"a {label}" if self.noun == "digit" else self.test_digits["names"][label] or label
        return scaled(self.test_digits["test"][row]), f"Test {self.noun} {row:,} of {count:,}: {name}."

    @told()
    def drawn(self, drawing: dict[str, Any] | None, about: str) -> tuple[np.ndarray | None, str]:
        """The digit on the canvas, as MNIST has them, and what it is. Nothing where another is shown."""
        layers = (drawing or {}).get("layers") or [np.zeros((1, 1, 4))]
        ink = np.max([layer[..., -1] for layer in layers], axis=0) / 255
        if ink.any():
            return prepared(ink), DRAWN
        return (None, "Draw something.") if about == DRAWN else gr.skip()

    @told()
    def upload(self, path: str) -> tuple[np.ndarray, str]:
        """The digit of a picture, light on dark or dark on light."""
        grey = digits.grey(digits.read(path))
        if not np.ptp(grey):  # dark on a transparent ground
            grey = digits.grey(digits.read(path, invert=True))
        return prepared(1 - grey if grey.mean() > 0.5 else grey), "Your picture, prepared as MNIST was."

    @told()
    def copies(self, digit: np.ndarray | None) -> str:
        """A digit through every autoencoder, as HTML."""
        if digit is None:
            return ""
        pictures = {"28 × 28 pixels": digit[None]}
        pictures |= {f"{one.latent} numbers": one.reconstruct(digit[None]) for one in self.autoencoders}
        return _figures(digit, pictures)

    @told()
    def restored(self, digit: np.ndarray | None, kind: str, strength: float) -> str:
        """A digit damaged in a way of `DAMAGES`, and restored, as HTML."""
        if digit is None:
            return ""
        damaged = DAMAGES[kind][1](digit[None], strength, np.random.default_rng(7))
        pictures = {f"{kind} {strength:g}": damaged, "median filter": baselines.median(damaged)}
        pictures |= {f"{name} network": denoiser.denoise(damaged) for name, denoiser in self.denoisers.items()}
        return _figures(digit, pictures)

    def write(self, prompt: str, temperature: float, length: int, seed: float | None, new: bool) -> Iterator[tuple]:
        """A text that goes on from the prompt, as it grows, and its seed, which is drawn if it is to be `new`."""
        with told():
            writer, prompt = self.writer, unified(prompt)
        if unknown := writer.unknown(prompt):
            gr.Warning(escape(f"Not in the vocabulary, read as unknown: {' '.join(unknown[:20])}"))
        seed = int(np.random.default_rng().integers(1_000_000)) if new else abs(int(seed or 0))
        text = prompt = prompt[-READ:]
        for (character,) in writer.stream(prompt, [temperature], length=min(int(length), LONGEST_TEXT), seed=seed):
            text += character
            if (len(text) - len(prompt)) % EVERY == 0:
                yield text, seed
        yield text, seed

    @told()
    def judge(self, review: str, threshold: float) -> tuple[str, str]:
        """A review: the verdict with what the threshold costs, as Markdown, and its pieces, as HTML."""
        if len(review) > LONGEST_REVIEW:
            raise StageError(f"the review has {len(review):,} characters; {LONGEST_REVIEW:,} are the most that is read")
        (verdict,) = self.classifier.judge([review])
        if verdict.probability is None:
            return "No word of it is in the vocabulary: write a review.", ""
        carried, label = self.classifier.carried, CLASSES[int(verdict.probability >= threshold)]
        cost = min(carried["thresholds"], key=lambda row: abs(row["threshold"] - threshold))
        said = f"## {label}\n"
        if self.reviews.get(review, label) != label:
            said += f"**Wrong**: it is {self.reviews[review]}. "
        said += f"Probability of a positive review: {verdict.probability:.3f}, threshold: {threshold:.3f}. "
        said += f"But {FOREIGN}. " if verdict.foreign else ""
        said += f"With this threshold, on {carried['validation_reviews']:,} validation reviews: "
        said += f"{cost['precision']:.1%} of those called positive are (precision), "
        said += f"{cost['recall']:.1%} of the positive are found (recall)."
        return said, _marked(self.classifier.explain(review))


def _figures(digit: np.ndarray, pictures: dict[str, np.ndarray]) -> str:
    """Pictures, shape (1, 28, 28), with their PSNR."""
    html = ""
    for name, picture in pictures.items():
        content = io.BytesIO()
        Image.fromarray(np.rint(np.clip(picture[0], 0, 1) * 255).astype(np.uint8)).save(content, "PNG")
        source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
        decibels = (
            "" if np.array_equal(picture[0], digit) else f"<br>{image_quality.psnr(digit[None], picture)[0]:.1f} dB"
        )
        html += f'<figure><img src="{source}" alt="{name}"><figcaption>{name}{decibels}</figcaption></figure>'
    return f'<div class="pictures">{html}</div>'


def _marked(pieces: list[tuple[str, float | None]]) -> str:
    """Pieces of a review, each with what it adds to the log odds, as a number and as a colour."""
    html = ""
    for piece, value in pieces:
        if value is None:
            html += escape(piece)
        else:
            hue = np.array(BLUE if value > 0 else ORANGE)
            tint = tuple(np.rint(255 - min(1, abs(value) / 2) * (255 - hue)).astype(int).tolist())
            html += f'<mark style="background: rgb{tint}">{escape(piece)}<sub>{value:+.1f}</sub></mark>'
    return f'<p class="pieces">{html}</p>'


def _strengths(kind: str) -> gr.Radio:
    """The strengths of a kind of damage to choose from."""
    unit, _, strengths = DAMAGES[kind]
    return gr.Radio(list(strengths), value=strengths[1], label=f"Strength, {unit}", elem_id="strength")


def _cards(*names: str) -> None:
    """The models' cards, folded, their headings below the page's own."""
    for name in names:
        card = repository(f"report/cards/{name}.md")
        if card.exists():
            with gr.Accordion(f"Model card: {name}", open=False):
                gr.Markdown(re.sub("^#", "##", artifacts.read_text(card), flags=re.MULTILINE))


def blocks(page: Page) -> gr.Blocks:
    """The page: three tabs, each with its inputs on the left or above and its outputs on the right or below."""
    with gr.Blocks(title="Reprise", analytics_enabled=False, fill_width=True, delete_cache=(600, 3600)) as built:
        gr.Markdown("# Reprise\nSmall networks, run on this machine. [The report](/report/index.html) measures them.")
        with gr.Tab(f"{page.noun.capitalize()}s"):
            _digits(page, built)
        with gr.Tab("Text"):
            _text(page)
        with gr.Tab("Reviews"):
            _reviews(page, built)
    return built


def _digits(page: Page, built: gr.Blocks) -> None:
    gr.Markdown(f"Draw, upload a picture or take one of the test {page.noun}s, which no network was trained on.")
    digit = gr.State()
    with gr.Row():
        with gr.Column(min_width=320):
            canvas = gr.Sketchpad(
                label="Your drawing",
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
                number = gr.Number(0, label=f"Test {page.noun}", precision=0, minimum=0, min_width=90, elem_id="number")
                at_random = gr.Button("Random", min_width=80, elem_id="random")
                upload = gr.UploadButton("Upload", min_width=80, elem_id="upload")
        with gr.Column(min_width=320, scale=2):
            gr.Markdown("## Encoded and decoded\nAutoencoders keep a few numbers of it. PSNR in dB: higher is nearer.")
            copies = gr.HTML(elem_id="copies")
            gr.Markdown("## Damaged and restored\nThe denoisers were trained on noise alone.")
            kind = gr.Radio(list(DAMAGES), value="noise", label="Damage", elem_id="kind")
            strength = _strengths("noise")
            restored = gr.HTML(elem_id="restored")
    _cards("autoencoder", "denoiser-dense", "denoiser-conv")
    quiet = {"trigger_mode": "always_last", "show_progress": "hidden"}
    canvas.change(page.drawn, [canvas, about], [digit, about], **quiet)
    at_random.click(page.random_number, None, number, **quiet)
    gr.on([built.load, number.change, number.submit], page.test_digit, number, [digit, about], **quiet)
    built.load(None, js=KEEP_BRUSH)
    about.change(None, about, js=CLEAR)
    upload.upload(page.upload, upload, [digit, about])
    digit.change(page.copies, digit, copies, **quiet)
    damaged = {"fn": page.restored, "inputs": [digit, kind, strength], "outputs": restored, **quiet}
    gr.on([digit.change, strength.input], **damaged)
    kind.input(_strengths, kind, strength, **quiet).then(**damaged)


def _text(page: Page) -> None:
    gr.Markdown("A network continues your text, one character at a time, as the text it was trained on would go on.")
    with gr.Row():
        with gr.Column(min_width=260):
            prompt = gr.Textbox(page.prompts[0], label="Beginning", lines=2, max_length=READ, elem_id="prompt")
            gr.Examples(page.prompts, prompt)
            temperature = gr.Slider(
                *(0.1, 1.5, 0.6), step=0.1, label="Temperature", info="low: safe, high: wild", elem_id="temperature"
            )
            length = gr.Slider(100, LONGEST_TEXT, 600, step=100, label="Length", elem_id="length")
            seed = gr.Number(1, label="Seed", info="same seed, same text", precision=0, minimum=0, elem_id="seed")
            new = gr.Checkbox(True, label="A new seed for each text", elem_id="new")
            with gr.Row():
                write = gr.Button("Write", variant="primary", min_width=80, elem_id="write")
                stop = gr.Button("Stop", min_width=80, elem_id="stop")
        with gr.Column(min_width=300, scale=2):
            text = gr.Textbox(label="Text", lines=18, max_lines=18, interactive=False, buttons=["copy"], elem_id="text")
    _cards("textgen")
    running = write.click(page.write, [prompt, temperature, length, seed, new], [text, seed], show_progress="minimal")
    stop.click(None, cancels=[running])


def _reviews(page: Page, built: gr.Blocks) -> None:
    gr.Markdown("Positive or negative, and which words decide it? Where the network gets an example wrong, it says so.")
    tuned = 0.5
    with contextlib.suppress(StageError):  # told when the page is used
        tuned = page.classifier.tuned_threshold()
    with gr.Row():
        with gr.Column(min_width=300):
            review = gr.Textbox(
                next(iter(page.reviews)), label="Review", lines=6, max_length=LONGEST_REVIEW, elem_id="review"
            )
            examples = gr.Examples(list(page.reviews), review)
            threshold = gr.Slider(0.005, 0.995, tuned, step=0.005, label="Threshold", elem_id="threshold")
            judge = gr.Button("Classify", variant="primary", elem_id="judge")
        with gr.Column(min_width=300):
            verdict = gr.Markdown(elem_id="verdict")
            gr.Markdown("What each word, or sentence, adds to the log odds: blue for positive, orange for negative.")
            pieces = gr.HTML(elem_id="pieces")
    _cards("sentiment")
    judged = {"fn": page.judge, "inputs": [review, threshold], "outputs": [verdict, pieces], "show_progress": "hidden"}
    gr.on([judge.click, built.load, threshold.change], trigger_mode="always_last", **judged)
    examples.load_input_event.then(**judged)


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
        app, _, _ = built.launch(
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
            css=CSS,
        )
    except OSError as error:
        raise StageError(f"port {port} is taken; --port names another") from error
    app.mount("/report", StaticFiles(directory=repository("report"), check_dir=False))
    return built


def main(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away must not end the server
    built = launch(Page(), options.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    print(f"http://{HOST}:{options.port} (Ctrl-C ends it)", flush=True)
    built.block_thread()
