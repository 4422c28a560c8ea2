"""Pictures, bars, a curve and coloured words as HTML and SVG: in the page's colours, light or dark, at any width."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 360, 250  # of the chart, in its own units; the page scales it
LEFT, BOTTOM, MARGIN = 44, 36, 12
STRONG = 0.5  # log odds from which a word has its full colour


def picture(image: np.ndarray, alt: str) -> str:
    """An image, shape (height, width), values in [0, 1], its pixels left as squares."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)).save(buffer, "PNG")
    content = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{content}" alt="{escape(alt)}">'


def bars(values: np.ndarray, label: str) -> str:
    """Numbers, shape (n,), as bars up from the middle or down from it."""
    largest = float(np.abs(values).max()) or 1.0
    drawn = "".join(
        f'<rect class="{"for" if value >= 0 else "against"}" x="{place + 0.1}" width="0.8" '
        f'y="{min(0.0, -value / largest):.3f}" height="{abs(value) / largest:.3f}"><title>{value:.2f}</title></rect>'
        for place, value in enumerate(values.tolist())
    )
    box = f'viewBox="0 -1 {len(values)} 2" preserveAspectRatio="none"'
    return f'<svg class="bars" role="img" aria-label="{escape(label)}" {box}>{drawn}</svg>'


def cards(figures: Sequence[tuple[str, str, str]]) -> str:
    """Figures in a row, which wraps: heading, content (HTML), caption."""
    content = "".join(
        f"<figure><h4>{escape(heading)}</h4>{inner}<figcaption>{escape(caption)}</figcaption></figure>"
        for heading, inner, caption in figures
    )
    return f'<div class="cards">{content}</div>'


def marked(pieces: Sequence[tuple[str, float | None]]) -> str:
    """A text in pieces, each coloured by the log odds it adds: one colour above 0, another below, stronger by size."""
    content = "".join(escape(piece) if value is None else _mark(piece, value) for piece, value in pieces)
    return f'<p class="review">{content}</p>'


def verdict(label: str, probability: float, threshold: float) -> str:
    """The label, the probability as a bar, and the threshold as a line across it."""
    side = "for" if probability >= threshold else "against"
    return (
        f'<div class="verdict"><strong class="{side}">{escape(label)}</strong> '
        f"probability of a positive review <b>{probability:.3f}</b>, threshold {threshold:.2f}</div>"
        f'<div class="scale" aria-hidden="true"><i class="{side}" style="width:{100 * probability:.1f}%"></i>'
        f'<u style="left:{100 * threshold:.1f}%"></u></div>'
    )


def curve(recall: np.ndarray, precision: np.ndarray, point: tuple[float, float], label: str) -> str:
    """Precision against recall, each in [0, 1], shape (n,), and a point on it: (recall, precision)."""
    low = 0.5 if min(precision.min(), point[1]) >= 0.5 else 0.0
    right, top = WIDTH - MARGIN, MARGIN

    def x(value: float) -> float:
        return LEFT + value * (right - LEFT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (1 - low) * (HEIGHT - BOTTOM - top)

    steps = np.linspace(low, 1, 6)
    grid = "".join(
        f'<path class="grid" d="M{LEFT} {y(at):.1f}H{right}"/><text x="{LEFT - 6}" y="{y(at) + 4:.1f}" class="end">'
        f"{at:.1f}</text>"
        for at in steps
    )
    grid += "".join(
        f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 16}" class="middle">{at:.1f}</text>'
        for at in np.linspace(0, 1, 6)
    )
    line = "L".join(f"{x(across):.1f} {y(up):.1f}" for across, up in zip(recall, precision, strict=True))
    return (
        f'<svg class="curve" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {HEIGHT}">{grid}'
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 4}" class="middle">recall</text>'
        f'<text x="12" y="{(HEIGHT - BOTTOM + top) / 2}" class="middle" '
        f'transform="rotate(-90 12 {(HEIGHT - BOTTOM + top) / 2})">precision</text>'
        f'<path class="line" d="M{line}"/><circle cx="{x(point[0]):.1f}" cy="{y(point[1]):.1f}" r="6"/></svg>'
        f'<p class="caption">{escape(label)}</p>'
    )


def _mark(piece: str, value: float) -> str:
    share = min(1.0, abs(value) / STRONG)
    side = "for" if value >= 0 else "against"
    return f'<mark class="{side}" style="--share:{70 * share:.0f}%" title="{value:+.2f}">{escape(piece)}</mark>'
