"""Baselines of the classifier: logistic regression on n-grams with two classical weightings, tuned on validation."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import diags
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from stages.sentiment import ngrams
from stages.sentiment.encoding import FIRST_WORD, per_review

# Inverse strengths of the L2 penalty; validation texts choose, on four seeds 10 to 100 and 0.1 to 0.3.
STRENGTHS = {"tfidf": (10.0, 30.0, 100.0, 300.0), "nb": (0.03, 0.1, 0.3, 1.0)}


def fit(
    data: Mapping[str, np.ndarray], vocabulary: int, parts: Sequence[str], *, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Train both baselines on the training texts of all sources and tune them on the validation texts.

    `tfidf`: TF-IDF of one and two words, term frequencies as 1 + log, texts of length 1. `nb`: one to three words,
    each weighted with its Naive Bayes log ratio where it occurs (Wang & Manning 2012, ACL, p. 91, with logistic
    regression for their support vector machine).

    `data` is the preprocessed data, of `vocabulary` words. Gives the probabilities of a positive text, shape (n,), by
    part and baseline.
    """
    labels = {part: data[f"{part}_labels"] for part in ("train", "validation")}
    counts = {}
    for part in (*labels, *parts):
        numbers = per_review(data[f"{part}_ngrams"], data[f"{part}_ngram_lengths"])
        counts[part] = ngrams.occurrence(numbers, len(data["ngrams"]))
        counts[part].data[:] = data[f"{part}_ngram_counts"]
    short = np.flatnonzero(data["ngrams"] < (vocabulary + FIRST_WORD) ** 2)
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts["train"][:, short])
    ratios = diags(ngrams.log_ratios(counts["train"].sign(), labels["train"]))
    features = {
        "tfidf": {part: weigh.transform(found[:, short]) for part, found in counts.items()},
        "nb": {part: (found.sign() @ ratios).tocsr() for part, found in counts.items()},
    }
    found: dict[str, dict[str, np.ndarray]] = {part: {} for part in parts}
    settings = {"solver": "liblinear", "dual": True, "tol": 0.01, "max_iter": 1000, "random_state": seed}
    for name, of_part in features.items():
        models = [
            LogisticRegression(C=strength, **settings).fit(of_part["train"], labels["train"])
            for strength in STRENGTHS[name]
        ]
        best = max(models, key=lambda model: model.score(of_part["validation"], labels["validation"]))
        print(f"sentiment, {name}: C = {best.C:g} is best on validation texts")
        for part in parts:
            found[part][name] = best.predict_proba(of_part[part])[:, 1]
    return found
