"""Runs tasks side by side, each in a process of its own: one that dies takes nobody with it. Knows no routes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

from wam_ros.core.errors import WamError

Task = TypeVar("Task")
_LAST_WORDS = 300  # characters of a dead process's output that are told


@dataclass(frozen=True)
class Crash:
    """Why a task has no answer."""

    reason: str


@dataclass
class _Running(Generic[Task]):
    task: Task
    process: Any  # multiprocessing's contexts have process classes of their own
    answer: Connection
    log: Path
    begun: float


def run_all(
    work: Callable[[Task], Any],
    tasks: Iterable[Task],
    processes: int,
    *,
    time_limit_s: float,
    preload: Sequence[str] = (),
    beat_s: float = 0.5,
) -> Generator[tuple[Task, Any] | None, None, None]:
    """Yields each task with its answer as they are finished, or with a `Crash`; None now and then in between.

    A fresh process for each task, so that answers do not depend on which tasks came before. Leaving the iteration
    kills what runs; when this process dies, whatever way, its children end too.

    Args:
        work: Gives a task's answer; like tasks and answers it must be picklable.
        tasks: What is to be done.
        processes: At the same time.
        time_limit_s: Wall time of one task.
        preload: Modules that are imported once for all processes.
        beat_s: Between two None.

    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    waiting = list(reversed(list(tasks)))
    running: list[_Running[Task]] = []
    with tempfile.TemporaryDirectory(prefix="wam_pool_") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    number = len(waiting)
                    running.append(_start(context, work, waiting.pop(), Path(folder) / f"{number}.log"))
                wait([source for one in running for source in (one.answer, one.process.sentinel)], beat_s)
                ended = [(one, answer) for one in running if (answer := _answer(one, time_limit_s)) is not None]
                for one, answer in ended:
                    running.remove(one)
                    _end(one)
                    yield one.task, answer[0]
                yield None
        finally:
            for one in running:
                _end(one)


def _start(context: Any, work: Callable[[Task], Any], task: Task, log: Path) -> _Running[Task]:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, task, theirs, str(log)), daemon=True)
    process.start()
    theirs.close()
    return _Running(task, process, ours, log, time.monotonic())


def _answer(one: _Running[Task], time_limit_s: float) -> tuple[Any] | None:
    """What came of it; None while it runs."""
    gone = not one.process.is_alive()  # asked first: what it said before it went is there to be read
    if one.answer.poll():
        try:
            return (one.answer.recv(),)
        except (EOFError, OSError):
            one.process.join(1.0)
            gone = True
    if gone:
        return (Crash(f"process died: {_cause(one.process.exitcode)}{_last_words(one.log)}"),)
    if time.monotonic() - one.begun > time_limit_s:
        return (Crash(f"not finished within {time_limit_s:g} s of wall time{_last_words(one.log)}"),)
    return None


def _end(one: _Running[Task]) -> None:
    if one.process.is_alive():
        one.process.kill()
    one.process.join()
    one.process.close()
    one.answer.close()


def _cause(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name


def _last_words(log: Path) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return f"; it said: {text[-_LAST_WORDS:]}" if text else ""


def _child(work: Callable[[Task], Any], task: Task, answer: Connection, log: str) -> None:
    """The life of one process. Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with open(log, "w", encoding="utf-8") as file:  # noqa: PTH123  # libraries in C write here too
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            found = work(task)
        except WamError as err:
            found = Crash(str(err))
        except Exception as err:  # noqa: BLE001  # the edge of the process
            where = traceback.extract_tb(err.__traceback__)[-1]
            found = Crash(f"{type(err).__name__}: {err} ({Path(where.filename).name}:{where.lineno})")
        answer.send(found)
        sys.stdout.flush()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
