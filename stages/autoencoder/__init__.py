"""How much of a digit fits into a few numbers?

In reading order: preprocess, model, train, baselines, evaluate. In goes data/raw/digits.npz; out come a network for
each size of the code, and in metrics/, plots/ and data/autoencoder/evaluation.json how it compares with PCA.
"""
