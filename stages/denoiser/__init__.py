"""What does a network see in a noisy digit, and whom does that help?

In reading order: preprocess, model, train, baselines (filters), recognition (damage of other kinds, and whether a
classifier reads the digits), evaluate. In goes data/raw/digits.npz; out come two networks, and in metrics/,
plots/ and data/denoiser/evaluation.json how they compare.
"""
