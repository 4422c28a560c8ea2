"""One experiment on a node of a Ray cluster.

Ray carries this module's code to nodes that do not have the repository, so it imports nothing of it; DVC and Git must
be there, with what the pipeline needs.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = "REPRISE_SWEEPS"  # the environment variable that names a node's folder for clones and cache


def run(commit: str, name: str, arguments: list[str], targets: list[str], remotes: dict[str, str]) -> tuple[bool, str]:
    """Clone the commit, run one experiment and push it: outputs first, the experiment itself last.

    Args:
        commit: to run.
        name: of the experiment.
        arguments: for `dvc exp run`, the name and the targets included.
        targets: the stages to run.
        remotes: `git` (URL), `dvc` (name), `url` (of the DVC remote), `author`, `email`.

    Returns:
        Whether all of it succeeded, and what was printed meanwhile.
    """
    try:
        home = private_home()
        (home / "files").mkdir(exist_ok=True)
        _remove_left_behind(home)
    except OSError as error:
        return False, f"failed: this node's folder for sweeps: {error}\n"
    with tempfile.TemporaryDirectory(prefix=f"experiment-{os.getpid()}-", dir=home) as scratch:
        folder, log = Path(scratch, "repository"), Path(scratch, "log")
        os.environ.update(
            {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "DVC_SITE_CACHE_DIR": f"{scratch}/site",
                "GIT_TERMINAL_PROMPT": "0",  # no user to answer
                "GIT_AUTHOR_NAME": remotes["author"],
                "GIT_AUTHOR_EMAIL": remotes["email"],
                "GIT_COMMITTER_NAME": remotes["author"],
                "GIT_COMMITTER_EMAIL": remotes["email"],
            }
        )
        dvc = [sys.executable, "-m", "dvc"]
        try:
            if f"/{name}\n" in _output(["git", "ls-remote", remotes["git"], "refs/exps/*"]):
                return True, "already pushed, by a node that died afterwards"
            _call(["git", "clone", "--quiet", "--no-checkout", remotes["git"], str(folder)], home, log)
            _call(["git", "checkout", "--quiet", "--detach", commit], folder, log)
            _configure(folder, home, Path(scratch, "cache"), remotes)
            _call([*dvc, "exp", "run", "--pull", "--allow-missing", *arguments], folder, log)
            _call([*dvc, "push", "--with-deps", *targets], folder, log)
            push_run_cache(folder)
            _call([*dvc, "exp", "push", "--no-cache", "origin", name], folder, log)
        except subprocess.CalledProcessError as error:
            command = " ".join(error.cmd).removeprefix(sys.executable)
            return False, f"{_read(log)}{error.stderr or ''}\nfailed: {command}, exit status {error.returncode}\n"
        except Exception as error:  # of DVC, while it pushes the run cache: only this experiment fails
            return False, f"{_read(log)}\nfailed: {type(error).__name__}: {error}\n"
        return True, _read(log)


def private_home() -> Path:
    """The node's folder for clones and cache, which nobody else can enter: code and results of every sweep are in it.

    Raises:
        OSError: it cannot be made, is no folder, or belongs or was open for writing to others, who may have put
            something into it.
    """
    chosen = os.environ.get(HOME)
    home = Path(chosen or Path(tempfile.gettempdir(), f"reprise-sweeps-{os.getuid()}"))
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700, parents=bool(chosen))
    # A link in the folder for temporary files, where anybody may write, is not followed.
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | (0 if chosen else os.O_NOFOLLOW))
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid():
            raise PermissionError(f"{home} belongs to another user; name one of your own in {HOME} before `ray start`")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{home} can be written by others, who may have changed what is in it: remove it")
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
    return home


def push_run_cache(folder: Path) -> None:
    """Push the results of the stages that were run here: their outputs, then the entries of the run cache.

    `dvc push --run-cache` copies all entries every time, and leaves out the outputs that Git holds (metrics, plots),
    without which another node cannot restore a stage.
    """
    from dvc.repo import Repo

    with contextlib.chdir(folder), Repo() as repo:
        local = repo.cache.legacy
        remote = repo.cloud.get_remote_odb(None, "push --run-cache", hash_name="md5-dos2unix")
        runs = remote.fs.join(remote.path, "runs")
        known = (
            {tuple(remote.fs.parts(path)[-2:]) for path in remote.fs.find(runs)} if remote.fs.exists(runs) else set()
        )
        entries = {path.parts[-2:] for path in Path(local.path, "runs").glob("*/*/*")} - known
        for objects in repo.stage_cache.get_used_objs(entries).values():
            repo.cloud.push(objects)
        repo.stage_cache.transfer(local, remote, force=False)


def _configure(folder: Path, home: Path, cache: Path, remotes: dict[str, str]) -> None:
    """Configure the driver's remote, a cache whose files the node shares, and a run cache of the experiment's own.

    DVC rewrites every entry when it pulls a run cache, so experiments must not share one.
    """
    cache.mkdir()
    (cache / "files").symlink_to(home / "files")
    config = f"[core]\n    remote = {remotes['dvc']}\n[cache]\n    dir = {cache}\n"
    config += f"['remote \"{remotes['dvc']}\"']\n    url = {remotes['url']}\n"
    (folder / ".dvc" / "config.local").write_text(config, encoding="utf-8")


def _remove_left_behind(home: Path) -> None:
    """Scratch folders of processes that were killed."""
    for folder in home.glob("experiment-*-*"):
        try:
            os.kill(int(folder.name.split("-")[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue


def _call(command: list[str], folder: Path, log: Path) -> None:
    """Run a command that ends with this process in any case: Ctrl-C at the driver, a lost node."""
    libc = ctypes.CDLL(None)

    def end_with_parent() -> None:
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, see prctl(2)

    with open(log, "ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,
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


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
