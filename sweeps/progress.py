"""Running, done, failed, time left: one line that is written over on a terminal, a line per change elsewhere."""

import sys
import time


class Progress:
    """Tells on standard error how far a sweep is.

    Args:
        total: experiments to run.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.started = time.monotonic()
        self.told: tuple[int, ...] = ()

    def tell(self, running: int, done: int, failed: int) -> None:
        """Write the line anew if it has changed, on a terminal in any case: the time left has."""
        terminal = sys.stderr.isatty()
        if (running, done, failed) != self.told or terminal:
            self.told = (running, done, failed)
            end = "\033[K\r" if terminal else "\n"
            print(f"{self.line(running, done, failed)}", end=end, file=sys.stderr, flush=True)

    def line(self, running: int, done: int, failed: int) -> str:
        """What to tell; the time left is known from the first experiment on that has ended."""
        ended = done + failed
        left = self.total - ended
        told = f"{running} running, {done} done, {failed} failed, {left - running} waiting"
        if ended and left:
            seconds = (time.monotonic() - self.started) / ended * left
            told += f", about {clock(seconds)} left"
        return told

    def note(self, text: str) -> None:
        """A line of its own."""
        print(f"{text}\033[K" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Seconds, minutes or hours, whichever is told in two figures."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
