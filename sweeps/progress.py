"""Running, done, failed, time left: one line that is updated on a terminal, a line per change elsewhere."""

import sys
import time


class Progress:
    """Reports the progress of a sweep on standard error.

    Args:
        total: experiments to run.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.started = time.monotonic()
        self.shown: tuple[int, ...] = ()

    def show(self, running: int, done: int, failed: int) -> None:
        """Write the line if it has changed; on a terminal always, as the time left changes."""
        terminal = sys.stderr.isatty()
        if (running, done, failed) != self.shown or terminal:
            self.shown = (running, done, failed)
            end = "\033[K\r" if terminal else "\n"
            print(f"{self.line(running, done, failed)}", end=end, file=sys.stderr, flush=True)

    def line(self, running: int, done: int, failed: int) -> str:
        """The text; the time left is estimated once an experiment has ended."""
        ended = done + failed
        left = self.total - ended
        text = f"{running} running, {done} done, {failed} failed, {left - running} waiting"
        if ended and left:
            seconds = (time.monotonic() - self.started) / ended * left
            text += f", about {clock(seconds)} left"
        return text

    def note(self, text: str) -> None:
        """A line of its own."""
        print(f"{text}\033[K" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Seconds, minutes or hours, whichever needs two digits."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
