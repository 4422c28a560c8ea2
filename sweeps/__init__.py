"""How far does a figure move with the seed, and what does a parameter do? Many experiments, declared in one file.

Read `declaration` (the file), `driver` (all experiments, on Ray), `worker` (one of them, in a clone), `results`.
In: sweeps/<name>.yaml and the committed pipeline. Out: experiments of DVC, and mean and spread in sweeps/results/.
No stage imports this package, and `dvc repro` does not run it.
"""
