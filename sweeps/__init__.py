"""How far does a figure move with the seed, and what does a parameter do? Many experiments, declared in one file.

Read `declaration` (the file), `driver` (all experiments, on Ray), `worker` (one of them, in a clone), `results`.
In: sweeps/<name>.yaml and the committed pipeline. Out: experiments of DVC, and mean and spread in sweeps/results/.
No stage imports this package, and `dvc repro` does not run it.
"""

import subprocess

from stages.core.errors import StageError


def git(*arguments: str) -> str:
    """Output of a git command; where it fails, the last line of its error is raised."""
    result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        *_, reason = result.stderr.strip().splitlines() or ["it failed"]
        raise StageError(f"git {arguments[0]}: {reason}")
    return result.stdout
