"""General-purpose compressors as baselines of the text model; n-grams are in stages/textgen/ngrams.py.

All figures are nats per character of the same held-out text, after the same training text.
"""

import bz2
import lzma
import math
from concurrent.futures import ThreadPoolExecutor


def compressed(training: str, text: str) -> dict[str, float]:
    """Nats per character that compressors need for a text after the training text.

    This is the growth of the compressed training text when the text is appended. The dictionary of xz holds all of it;
    bzip2 compresses blocks of 900 kB, so it uses only the last part of the training text.
    """
    before, both = training.encode(), (training + text).encode()
    filters = [
        {
            "id": lzma.FILTER_LZMA2,
            "preset": 9 | lzma.PRESET_EXTREME,
            "dict_size": max(len(both), 4096),
        }
    ]

    def xz(content: bytes) -> int:
        return len(lzma.compress(content, lzma.FORMAT_RAW, filters=filters))

    def bzip2(content: bytes) -> int:
        return len(bz2.compress(content, 9))

    with ThreadPoolExecutor() as pool:
        sizes = {f: (pool.submit(f, both), pool.submit(f, before)) for f in (xz, bzip2)}
    bits = {compressor.__name__: 8 * (a.result() - b.result()) for compressor, (a, b) in sizes.items()}
    return {name: bits[name] * math.log(2) / len(text) for name in ("bzip2", "xz")}
