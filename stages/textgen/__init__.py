"""How well can a network predict the next character of a text, and what does it write?

Read: characters, preprocess, model, tables, ngrams, sizes, train, baselines, samples, evaluate.
In: data/raw/text.txt. Out: models/textgen.keras, metrics/textgen.json, plots/textgen, samples.
"""
