"""How does a stage start, fail, read and write, so that its outputs are whole and the same everywhere?

In reading order: errors, environment (pinned before numpy is loaded), artifacts and model_files (whole files, the same
bytes), snapshot (nothing changed meanwhile), command (a stage as a command); then what tasks share: rng, split, digits,
image_quality. In goes a stage's `main`; out come files, or one line on what is wrong.
"""
