"""A run's progress in a terminal or a notebook, by rich (https://rich.readthedocs.io); nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trace_core.errors import MissingExtra
from trace_train.events import Decided, EvaluationEnded, EvaluationsBegan, Event, Observer, RunBegan, RunEnded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@contextmanager
def shown(wanted: bool | None = None, console: Console | None = None) -> Iterator[Sequence[Observer]]:
    """The observers that show progress: one, or none.

    Args:
        wanted: None means where somebody looks: in a terminal or a notebook, if rich is installed.
        console: where to.

    Raises:
        MissingExtra: it is wanted, and rich is not installed.
    """
    if wanted is False:
        yield ()
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError as error:
        if wanted:
            raise MissingExtra("progress", "train") from error
        yield ()
        return
    console = console or Console(stderr=True)
    if wanted is None and not (console.is_terminal or console.is_jupyter):
        yield ()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield (_observer(progress),)


def _observer(progress: Progress) -> Observer:
    task = progress.add_task("training", total=None)

    def show(event: Event) -> None:
        match event:
            case EvaluationsBegan(what=what, count=count) if count:
                progress.reset(task, total=count, description=what)
            case EvaluationEnded():
                progress.advance(task)
            case Decided(decision=decision, best=best, spent=spent):
                taken = "[green]accepted[/green]" if decision.accepted else "refused"
                line = f"step {decision.step} {taken}, best {best:.3f}, {spent}  "
                progress.console.print(line, end="", highlight=False)
                progress.console.print(decision.reason, markup=False, highlight=False)
            case RunBegan() | RunEnded():
                progress.reset(task, total=None, description="training")
            case _:
                pass

    return show
