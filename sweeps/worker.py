"""One experiment: a Ray task in a clone of its own, which shares the repository's cache.

Ray carries this module's code to the nodes, so it imports nothing of the repository.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Repository(NamedTuple):
    """Folders that every node sees under the same name, a commit, and who commits the experiments."""

    folder: Path
    scratch: Path  # for clones
    cache: Path
    commit: str
    user: str
    email: str


def run(repository: Repository, name: str, params: dict[str, Any], targets: list[str]) -> tuple[bool, str]:
    """Run an experiment in a clone and push it to the repository.

    `params` are keys of params.yaml, with dots, and their values. Returns whether it succeeded, and what was printed.
    """
    clone, log = repository.scratch / name, repository.scratch / f"{name}.log"
    dvc = [sys.executable, "-m", "dvc", "exp"]
    try:
        shutil.rmtree(clone, ignore_errors=True)  # of a worker that was killed
        who = ["--config", f"user.name={repository.user}", "--config", f"user.email={repository.email}"]
        git_clone = ["git", "clone", "--quiet", "--no-checkout", *who, str(repository.folder), str(clone)]
        _call(git_clone, clone.parent, log)
        _call(["git", "checkout", "--quiet", "--detach", repository.commit], clone, log)
        (clone / ".dvc/config.local").write_text(f"[cache]\n    dir = {repository.cache}\n", encoding="utf-8")
        _write_params(clone / "params.yaml", params)
        _call([*dvc, "run", "--name", name, *targets], clone, log)
        _call([*dvc, "push", "--force", "--no-cache", "origin", name], clone, log)
        return True, ""
    except subprocess.CalledProcessError as error:
        command = " ".join(error.cmd).removeprefix(sys.executable)
        return False, f"{log.read_text('utf-8', 'replace')}failed: {command}, exit status {error.returncode}\n"
    except OSError as error:
        return False, f"failed: {error}; every node has to see the folder {repository.folder}\n"
    finally:
        shutil.rmtree(clone, ignore_errors=True)
        log.unlink(missing_ok=True)


def _write_params(path: Path, params: dict[str, Any]) -> None:
    """Change some keys as `dvc exp run -S` does: comments stay."""
    from dvc.utils.serialize import modify_yaml

    with modify_yaml(path) as content:
        for key, value in params.items():
            set_param(content, key, value)


def set_param(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a key, with dots, in nested sections."""
    *sections, last = key.split(".")
    for section in sections:
        content = content[section]
    content[last] = value


def _call(command: list[str], folder: Path, log: Path) -> None:
    """Run a command; it and all that it starts end when Ray cancels the task, and when this process is killed."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",  # a stage says `python`
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"),
    }
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # PR_SET_PDEATHSIG, see prctl(2)
        )
    try:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)  # not longer: Ray's cancelling waits for a line of Python
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
