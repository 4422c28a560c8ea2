"""What the text model has to beat: Kneser-Ney n-grams, which are also its second part, and a compressor."""

import bz2
import math

import numpy as np

BZIP2_BLOCK = 890_000  # bytes of text that surely fit into a block of bzip2, which has 900,000 after a run-length code


def ngrams(ids: np.ndarray, order: int, vocabulary: int) -> np.ndarray:
    """A number for each n-gram of a text, its oldest character the most significant digit; int64, (n - order + 1,)."""
    keys = np.zeros(max(0, len(ids) - order + 1), np.int64)
    for offset in range(order):
        keys = keys * vocabulary + ids[offset : offset + len(keys)]
    return keys


def discounts(counts: np.ndarray) -> np.ndarray:
    """Discounts of counts of 0, 1, 2 and of 3 or more, shape (4,): Chen & Goodman 1999, p. 370.

    One half each if no n-grams occur once, twice or three times, as in tiny texts.
    """
    ones, twos, threes, fours = (int(np.sum(counts == count)) for count in (1, 2, 3, 4))
    if not (ones and twos and threes):
        return np.array([0, 0.5, 0.5, 0.5])
    share = ones / (ones + 2 * twos)
    taken = [0, 1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes]
    return np.clip(taken, [0, 0.01, 0.01, 0.01], [0, 0.99, 1.99, 2.99])


class KneserNey:
    """Interpolated modified Kneser-Ney n-grams of characters, of every order up to a highest one.

    The highest order uses the counts of n-grams. The lower orders, which get the discounted mass, use the number of
    different characters that precede an n-gram. Single characters back off to the uniform distribution, so none has
    probability 0. Sources: Kneser & Ney 1995, "Improved backing-off for m-gram language modeling", ICASSP, pp.
    181-184; Chen & Goodman 1999, "An empirical study of smoothing techniques for language modeling", Computer Speech
    and Language 13, section 3, p. 370.
    """

    def __init__(self, ids: np.ndarray, order: int, vocabulary: int) -> None:
        order = max(n for n in range(1, order + 1) if vocabulary**n < 2**63)  # the numbers of n-grams are int64
        self.order, self.vocabulary = order, vocabulary
        self.occurring, self.continuing = [], []
        for n in range(1, order + 1):
            keys, counts = np.unique(ngrams(ids, n, vocabulary), return_counts=True)
            self.occurring.append(Level(keys, counts.astype(np.int32), vocabulary))
            keys, counts = np.unique(keys % vocabulary ** (n - 1), return_counts=True)
            self.continuing.append(Level(keys, counts.astype(np.int32), vocabulary))  # of order n - 1

    def probabilities(self, ids: np.ndarray, start: int) -> np.ndarray:
        """Probability of each character of a text, given those before it; `start` fills all places before the text.

        Returns:
            Shape (order, n): row k is by the model of order k + 1.
        """
        padded = np.r_[np.full(self.order - 1, start), ids]
        lower = np.full(len(ids), 1 / self.vocabulary)
        rows = []
        for n in range(1, self.order + 1):
            keys = ngrams(padded, n, self.vocabulary)[self.order - n :]
            if n > 1:
                shorter = keys % self.vocabulary ** (n - 1)
                lower = self.continuing[n - 1].interpolate(shorter, lower)
            rows.append(self.occurring[n - 1].interpolate(keys, lower))
        return np.array(rows)

    def level(self, n: int, order: int) -> "Level":
        """The n-grams of order `n` as the model of a highest order uses them."""
        return self.occurring[n - 1] if n == order else self.continuing[n]


class Level:
    """Counts of the n-grams of one order, and their discounts."""

    def __init__(self, keys: np.ndarray, counts: np.ndarray, vocabulary: int) -> None:
        self.keys, self.counts, self.vocabulary = keys, counts, vocabulary
        self.discounts = discounts(counts)
        contexts = keys // vocabulary  # sorted, so that n-grams with the same context are neighbours
        starts = np.flatnonzero(np.diff(contexts, prepend=-1))
        self.contexts = contexts[starts]
        self.totals = np.add.reduceat(counts, starts)
        self.saved = np.add.reduceat(self.discounts[np.minimum(counts, 3)], starts) / self.totals

    def kept(self) -> np.ndarray:
        """The counts after the discount."""
        return self.counts - self.discounts[np.minimum(self.counts, 3)]

    def interpolate(self, keys: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Probability of the last character of each n-gram, given the same by the next shorter n-gram."""
        keys, places = np.unique(keys, return_inverse=True)  # searched in order, a fraction of the time
        counts = _look_up(self.keys, self.counts, keys)[places]
        totals = _look_up(self.contexts, self.totals, keys // self.vocabulary)[places]
        saved = _look_up(self.contexts, self.saved, keys // self.vocabulary)[places]
        kept = counts - self.discounts[np.minimum(counts, 3)]
        return np.where(totals > 0, kept / np.maximum(totals, 1) + saved * lower, lower)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values at the wanted keys; 0 where a key is missing."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], values.dtype.type(0))


def bzip2(training: str, text: str) -> float:
    """Nats per character that bzip2 needs for a text after the training text.

    This is the growth of the compressed training text when the text is appended. Of the training text it gets the end
    that fits into one of its blocks with the text: what stands in an earlier block does not count.
    """
    new = text.encode()
    known = training.encode()[-max(1, BZIP2_BLOCK - len(new)) :]
    return 8 * (len(bz2.compress(known + new, 9)) - len(bz2.compress(known, 9))) * math.log(2) / len(text)
