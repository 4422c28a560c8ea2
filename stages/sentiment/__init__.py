"""Is a review positive, and what do its words and their order say about that?

In reading order: encoding (text to numbers), preprocess, negation, ngrams, vectors, model, train, baselines, scores,
evaluate. In goes data/raw/reviews.csv; out come models/sentiment.keras, with what it needs to classify a text, and
the measures of it and of two baselines.
"""
