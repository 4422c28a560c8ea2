"""Sequences of one to three words, counted per review: the features of the classical baselines and of the network."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from stages.sentiment.encoding import keys


def index(reviews: Sequence[np.ndarray], vocabulary: int, *, least: int) -> np.ndarray:
    """The n-grams that occur in at least `least` of the reviews: keys, those in most reviews first, int64."""
    key, review = keys(reviews, vocabulary)
    number, distinct = pd.factorize(key)
    often = np.bincount(number)[number] >= least  # cheap, and leaves far fewer to sort
    places = review[often], number[often]
    present = csr_matrix((np.ones(len(places[0]), np.int32), places), shape=(len(reviews), len(distinct)))
    frequency = present.getnnz(axis=0)
    chosen = np.flatnonzero(frequency >= least)
    return distinct[chosen[np.lexsort((distinct[chosen], -frequency[chosen]))]]


def occurrence(reviews: Sequence[np.ndarray], size: int) -> csr_matrix:
    """1 where a review has a number, from the numbers of each review: shape (reviews, size), float32."""
    numbers = np.concatenate([np.zeros(0, np.int32), *reviews])
    ends = np.cumsum([0, *map(len, reviews)])
    found = csr_matrix((np.ones(len(numbers), np.float32), numbers, ends), shape=(len(reviews), size))
    found.sum_duplicates()
    found.data[:] = 1
    return found


def log_ratios(present: csr_matrix, labels: np.ndarray, *, smoothing: float = 1.0) -> np.ndarray:
    """Naive Bayes' log ratio of each n-gram: the log of how much likelier it is in positive than in negative reviews.

    `present`, shape (reviews, n-grams), is 1 where a review has the n-gram; `smoothing` is added to each count of
    reviews. Shape (n-grams,), float32. Source: Wang & Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and
    Topic Classification", ACL, p. 91.
    """
    positive = smoothing + np.asarray(present[labels == 1].sum(axis=0, dtype=np.float64)).ravel()
    negative = smoothing + np.asarray(present[labels == 0].sum(axis=0, dtype=np.float64)).ravel()
    return (np.log(positive / positive.sum()) - np.log(negative / negative.sum())).astype(np.float32)


def fit(
    present: csr_matrix, labels: np.ndarray, offset: np.ndarray | float = 0.0, *, dropout: float, penalty: float
) -> tuple[np.ndarray, float]:
    """Logistic regression on the log ratios of the reviews' n-grams, with dropout and an L2 penalty, to its optimum.

    A review's evidence, the sum of its weighted log ratios, is divided by the square root of the number of its n-grams,
    as a sum of independent terms grows; otherwise long reviews get far too extreme probabilities. Instead of dropping a
    share `dropout` of the n-grams at random, the loss is the expectation over a normal distribution with the mean and
    the variance that this would give a review's logit: it is convex and deterministic. Source: Wang & Manning 2013,
    "Fast Dropout Training", ICML, section 2. `penalty` is the factor of half the sum of the squared weights.

    `offset`, shape (reviews,), are logits that are known already: the result is what to add to them. Gives the weight
    of each n-gram times its log ratio, shape (n-grams,), and the intercept: see `logits`.
    """
    root, ratios = np.maximum(present.getnnz(axis=1), 1) ** -0.5, log_ratios(present, labels).astype(np.float64)
    weighted, columns = np.zeros(len(ratios)), np.flatnonzero(present.getnnz(axis=0))  # the others' weights stay 0
    present, ratios = present[:, columns].astype(np.float64), ratios[columns]
    across = present.T.tocsr()
    noise = dropout / (1 - dropout)
    nodes, shares = np.polynomial.hermite_e.hermegauss(5)  # the expectation over the normal distribution
    shares = shares / shares.sum()
    # The solver assumes equal curvature in all directions, but it is far higher for n-grams of many reviews.
    # In units of 1 / sqrt(upper bound of the curvature) it needs a third of the iterations.
    curvature = np.append(0.25 * ratios**2 * (across @ root**2) + penalty, 0.25 * len(labels))
    unit = curvature**-0.5

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercept = np.split(unit * values, [-1])
        terms = ratios * weights
        mean, variance = (present @ np.stack([terms, terms**2], axis=1)).T  # one pass over the matrix, not two
        logits = offset + root * mean + intercept + np.outer(nodes, root * np.sqrt(noise * variance))
        predicted = expit(logits)
        loss = np.sum(shares @ (np.logaddexp(0, logits) - labels * logits)) + penalty / 2 * np.sum(weights**2)
        wrong, unsure = shares @ predicted - labels, shares @ (predicted * (1 - predicted))
        by_mean, by_variance = (across @ np.stack([root * wrong, root**2 * unsure], axis=1)).T
        slope = ratios * (by_mean + noise * terms * by_variance) + penalty * weights
        return loss / len(labels), unit * np.append(slope, wrong.sum()) / len(labels)

    options = {"maxiter": 500, "ftol": 1e-7, "gtol": 1e-6, "maxcor": 5}  # 10 steps remembered: a third more seconds
    found = minimize(objective, np.zeros(len(unit)), jac=True, method="L-BFGS-B", options=options)
    weights, intercept = np.split(unit * found.x, [-1])
    weighted[columns] = ratios * weights
    return weighted, float(intercept[0])


def logits(present: csr_matrix, weights: np.ndarray, intercept: float) -> np.ndarray:
    """The logits of reviews by the result of `fit`, shape (reviews,)."""
    return np.maximum(present.getnnz(axis=1), 1) ** -0.5 * (present @ weights) + intercept
