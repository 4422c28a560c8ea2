"""How is a network trained so that every run gives the same bits, also one that was killed and started again?

In reading order: batches (what a step reads), layers (what digit networks share, losses), optimizers, checkpoint, fit.
In goes a compiled Keras model and a pure function from an epoch to its batches; out come its best weights and history.
"""
