"""Products of matrices by oneDNN: which ones a training has run, and whether their bits depend on a cache.

A product whose operands and result exceed the L2 cache of a core is cut in two for two threads; a smaller one is not.
One with up to 64 columns is cut between its rows, each half is computed in tiles of 6 rows, and where 1 to 3 rows are
left over, they are summed in another order. So its bits depend on the cache unless both cuts leave the same rows over.
Source: oneDNN 3.7, src/cpu/x64/gemm/gemm_driver.cpp, `adjust_thread_count`; f32/jit_avx_gemm_f32.cpp, `unroll_n`.

python -m tests.training.products THREADS [ROWS INNER COLUMNS TRANSPOSED]...

Prints, as JSON, the SHA-256 of each product, as a whole and put together from two halves.
"""

import hashlib
import json
import re
import sys
from typing import NamedTuple

from stages.core import environment

SMALLEST_CACHE = 512 * 1024  # bytes of L2 per core: smaller products are never cut
NARROW = 64  # columns, up to which a product is cut between its rows

GEMM = re.compile(r"gemm_api,.*src_f32::blocked:(ab|ba):f0 wei_f32::blocked:(ab|ba):f0.*,(\d+)x(\d+):\d+x(\d+),")
DENSE = re.compile(r"inner_product,x64:gemm:jit,.*wei:f32::blocked:(ab|ba)::f0.*,mb(\d+)ic(\d+)oc(\d+),")


class Product(NamedTuple):
    """Sizes, and which operands are stored transposed: NN none, TN the first, NT the second."""

    rows: int
    inner: int
    columns: int
    transposed: str

    @property
    def bytes(self) -> int:
        return 4 * (self.rows * self.inner + self.inner * self.columns + self.rows * self.columns)


def found(log: str) -> list[Product]:
    """The products of oneDNN's log (ONEDNN_VERBOSE=1) that some processor cuts and another one does not."""
    products = set()
    for line in log.splitlines():
        if "gemm" not in line or ",exec," not in line:
            continue
        if match := GEMM.search(line):
            first, second, *sizes = match.groups()
            transposed = ("T" if first == "ba" else "N") + ("T" if second == "ba" else "N")
        else:
            match = DENSE.search(line)
            assert match, f"not a product that is known here: {line}"
            stored, *sizes = match.groups()
            transposed = "NT" if stored == "ab" else "NN"  # its weights are (outputs, inputs)
        products.add(Product(*map(int, sizes), transposed))
    return sorted(product for product in products if product.bytes >= SMALLEST_CACHE)


def main(threads: int, products: list[Product]) -> dict[str, list[str]]:
    """The SHA-256 of the whole, and of two halves of the rows where a product is narrow."""
    environment.pin(threads)
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)

    @tf.function(jit_compile=False)
    def multiply(a, b, transpose_a, transpose_b):
        return tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)

    generator = np.random.default_rng(0)
    told = {}
    for product in products:
        a = generator.standard_normal((product.rows, product.inner), np.float32)
        b = generator.standard_normal((product.inner, product.columns), np.float32)
        first, second = (letter == "T" for letter in product.transposed)
        parts = [[a], np.array_split(a, 2)] if product.columns <= NARROW else [[a]]
        results = [
            np.concatenate([multiply(part.T if first else part, b.T if second else b, first, second) for part in some])
            for some in parts
        ]
        told[" ".join(map(str, product))] = [hashlib.sha256(result.tobytes()).hexdigest() for result in results]
    return told


if __name__ == "__main__":
    threads, *numbers = sys.argv[1:]
    rows = zip(*[iter(numbers)] * 4, strict=True)
    print(json.dumps(main(int(threads), [Product(int(n), int(k), int(m), kind) for n, k, m, kind in rows])))
