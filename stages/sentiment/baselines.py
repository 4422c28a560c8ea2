"""Baselines of the classifier: logistic regression on n-grams with two classical weightings, tuned on validation."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from stages.sentiment import ngrams
from stages.sentiment.encoding import Counts

# Inverse strengths of the L2 penalty; the best on validation reviews is used.
STRENGTHS = {"tfidf": (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0), "nb": (0.03, 0.1, 0.3, 1.0, 3.0)}


def fit(
    data: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    orders: np.ndarray,
    *,
    seed: int,
    parts: Sequence[str] = ("test",),
) -> dict[str, dict[str, np.ndarray]]:
    """Train both baselines on the training reviews of all sources and tune them on the validation reviews.

    `tfidf`: TF-IDF of one and two words, term frequencies as 1 + log, reviews of length 1. `nb`: one to three words,
    each weighted with its Naive Bayes log ratio where it occurs (Wang & Manning 2012, ACL, p. 91, with logistic
    regression for their support vector machine).

    `labels` are 0 or 1 by part of the preprocessed `data`, `orders` the number of words of each n-gram. Gives the
    probabilities of a positive text by baseline and part, shape (n,) each: of `parts` and of those two.
    """
    counts = {}
    for part in ("train", "validation", *parts):
        arrays = (data[f"{part}_{name}"] for name in ("ngrams", "ngram_counts", "ngram_lengths"))
        counts[part] = ngrams.matrix(Counts(*arrays), len(orders))
    short = {part: found[:, np.flatnonzero(orders <= 2)] for part, found in counts.items()}
    weigh = TfidfTransformer(sublinear_tf=True).fit(short["train"])
    tfidf = _tuned("tfidf", {part: weigh.transform(found) for part, found in short.items()}, labels, seed)
    for present in counts.values():
        present.data[:] = 1
    ratios = diags(ngrams.log_ratios(counts["train"], labels["train"]))
    nb = _tuned("nb", {part: (found @ ratios).tocsr() for part, found in counts.items()}, labels, seed)
    return {"tfidf": tfidf, "nb": nb}


def _tuned(
    name: str, features: Mapping[str, csr_matrix], labels: Mapping[str, np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    models = [
        LogisticRegression(C=strength, solver="liblinear", dual=True, tol=1e-3, max_iter=1000, random_state=seed).fit(
            features["train"], labels["train"]
        )
        for strength in STRENGTHS[name]
    ]
    accuracies = [model.score(features["validation"], labels["validation"]) for model in models]
    best = models[int(np.argmax(accuracies))]
    print(f"sentiment, {name}: C = {best.C:g}, accuracy {max(accuracies):.4f} on validation")
    return {part: best.predict_proba(found)[:, 1] for part, found in features.items()}
