"""Baselines of the classifier: logistic regression on n-grams with two classical weightings, tuned on validation."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from stages.sentiment import ngrams

FITTED_ON = ("train", "validation")  # parts of the data that a baseline is trained and tuned on
# Inverse strengths of the L2 penalty; the best on validation reviews is used.
TFIDF_STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
NB_STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)


class Result(NamedTuple):
    """A baseline: the strength chosen on validation, its accuracy there, and probabilities by part, shape (n,) each."""

    strength: float
    validation_accuracy: float
    probability: dict[str, np.ndarray]


def tfidf(
    data: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    orders: np.ndarray,
    *,
    seed: int,
    parts: Sequence[str] = ("test",),
) -> Result:
    """Logistic regression on TF-IDF of one and two words, term frequencies as 1 + log, reviews of length 1.

    Args:
        data: the preprocessed reviews.
        labels: 0 or 1 by part.
        orders: number of words of each n-gram.
        seed: of the solver's random order.
        parts: of the data, to classify.
    """
    short = np.flatnonzero(orders <= 2)
    features = {part: counts(data, part, len(orders))[:, short] for part in (*FITTED_ON, *parts)}
    weigh = TfidfTransformer(sublinear_tf=True).fit(features["train"])
    return _tuned({part: weigh.transform(found) for part, found in features.items()}, labels, TFIDF_STRENGTHS, seed)


def naive_bayes(
    data: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    orders: np.ndarray,
    *,
    seed: int,
    parts: Sequence[str] = ("test",),
) -> Result:
    """Logistic regression on one to three words, each weighted with its Naive Bayes log ratio where it occurs.

    Source: Wang & Manning 2012, ACL, p. 91, with logistic regression for their support vector machine. Arguments as for
    `tfidf`.
    """
    features = {part: counts(data, part, len(orders)) for part in (*FITTED_ON, *parts)}
    for present in features.values():
        present.data[:] = 1
    weights = diags(ngrams.log_ratios(features["train"], labels["train"]))
    return _tuned({part: (found @ weights).tocsr() for part, found in features.items()}, labels, NB_STRENGTHS, seed)


def counts(data: Mapping[str, np.ndarray], part: str, size: int) -> csr_matrix:
    """N-gram counts of one part of the preprocessed reviews, shape (reviews, size), float32."""
    names = (f"{part}_ngrams", f"{part}_ngram_counts", f"{part}_ngram_lengths")
    return ngrams.matrix(ngrams.Counts(*(data[name] for name in names)), size)


def _tuned(
    features: Mapping[str, csr_matrix], labels: Mapping[str, np.ndarray], strengths: tuple[float, ...], seed: int
) -> Result:
    models = [
        LogisticRegression(C=strength, solver="liblinear", dual=True, tol=1e-3, max_iter=1000, random_state=seed).fit(
            features["train"], labels["train"]
        )
        for strength in strengths
    ]
    accuracies = [model.score(features["validation"], labels["validation"]) for model in models]
    best = int(np.argmax(accuracies))
    parts = [part for part in features if part not in FITTED_ON]
    probability = {part: models[best].predict_proba(features[part])[:, 1] for part in parts}
    return Result(strengths[best], accuracies[best], probability)


def described(results: Mapping[str, Result]) -> str:
    """The baselines, each with the strength that validation chose and its accuracy there."""
    return ", ".join(
        f"{name} C = {found.strength:g} ({found.validation_accuracy:.4f} on validation)"
        for name, found in results.items()
    )
