"""Many scenarios at once: threads on this machine, or any backend that joblib knows, such as dask over many."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

from auditkit.errors import InputError

T = TypeVar("T")
R = TypeVar("R")
THREADS = "threads"


def each(
    work: Callable[[T], R], items: Sequence[T], backend: str = THREADS, workers: int | None = None
) -> Iterator[tuple[int, R]]:
    """Place and result of each item, as they are done. Whoever stops asking has what was done; what had not begun is dropped.

    `backend`: `threads` (the kernels free the interpreter's lock), or the name of a joblib backend (`loky`, `dask`, …), for
    which the caller has set up a client; `work` and items are then pickled. `workers`: all cores by default.
    Raises `InputError` where a joblib backend is asked for and joblib is not installed.

    >>> sorted(each(abs, [-1, -2]))
    [(0, 1), (1, 2)]
    """
    if backend == THREADS:
        yield from _threads(work, items, workers or os.cpu_count() or 1)
        return
    try:
        import joblib
    except ImportError as error:
        raise InputError.of(f"backend {backend}", "needs joblib, which is not installed", "pip install joblib") from error
    with joblib.parallel_config(backend=backend, n_jobs=-1 if workers is None else workers):
        done = joblib.Parallel(return_as="generator")(joblib.delayed(work)(item) for item in items)
        yield from enumerate(done)


def _threads(work: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[tuple[int, R]]:
    pool = ThreadPoolExecutor(workers)
    try:
        # a few ahead of the workers, no more: what nobody asks for any longer must not begin
        coming = enumerate(items)
        waiting = {pool.submit(work, item): n for n, item in itertools.islice(coming, 2 * workers)}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
                waiting.update((pool.submit(work, item), n) for n, item in itertools.islice(coming, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
