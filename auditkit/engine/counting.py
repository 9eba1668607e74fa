"""How many minimal cut sets there are, exactly, and which: counted on their diagram, listed only as far as asked.

>>> from auditkit.engine.diagrams import draw, minimal_cut_sets
>>> from auditkit.engine.formula import Terms
>>> terms = Terms()
>>> pairs = [terms.any(terms.variable(f"a{n:03}"), terms.variable(f"b{n:03}")) for n in range(100)]
>>> cuts = minimal_cut_sets(draw(terms.formula(terms.all(*pairs))))
>>> count_sets(cuts) == 2**100
True
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.diagrams import Diagram
from auditkit.errors import LimitReached

MOST_LISTED = 5_000_000


def count_sets(cuts: Diagram) -> int:
    """How many sets a diagram of sets holds, exactly, however many."""
    return _weighed(cuts, 0)


def count_by_order(cuts: Diagram) -> tuple[int, ...]:
    """How many sets of 0, 1, 2, … elements a diagram of sets holds, exactly; the last figure is not 0.

    >>> from auditkit.engine.diagrams import draw, minimal_cut_sets
    >>> from auditkit.engine.formula import Terms
    >>> terms = Terms()
    >>> a, b, c = (terms.variable(name) for name in "abc")
    >>> count_by_order(minimal_cut_sets(draw(terms.formula(terms.any(a, terms.all(b, c))))))
    (0, 1, 1)
    """
    width = count_sets(cuts).bit_length() + 1
    packed, found = _weighed(cuts, width), []  # a polynomial in 2**width: the coefficient of its n-th power counts order n
    while packed:
        found.append(packed & ((1 << width) - 1))
        packed >>= width
    return tuple(found)


def _weighed(cuts: Diagram, width: int) -> int:
    """The sum over all sets of 2**(width x order)."""
    level, lo, hi, module = cuts.level.tolist(), cuts.lo.tolist(), cuts.hi.tolist(), cuts.module.tolist()
    total = [0, 1]
    for node in range(2, len(level)):
        inner = module[level[node]]
        taken = total[hi[node]]
        total.append(total[lo[node]] + (taken << width if inner < 0 else taken * total[inner]))
    return int(total[cuts.root])


def list_sets(
    cuts: Diagram, max_order: int | None = None, probabilities: Mapping[str, float] | None = None, most: int = MOST_LISTED
) -> tuple[tuple[str, ...], ...]:
    """The sets of up to `max_order` elements (default: all), by order, then the likelier first, then by name.

    Elements of a set are sorted. An element without a probability counts as certain. Raises `LimitReached` where there are
    more than `most`: a list is never cut silently.
    """
    from auditkit.engine.zdd_kernels import write_out

    by_order = count_by_order(cuts)
    longest = len(by_order) - 1 if max_order is None else min(max_order, len(by_order) - 1)
    wanted = sum(by_order[: longest + 1])
    if wanted > most:
        raise LimitReached(f"{wanted:,} minimal cut sets are too many to list (limit {most:,}); list those up to a smaller order")
    if wanted == 0:
        return ()
    elements = sum(order * count for order, count in enumerate(by_order[: longest + 1]))
    ends, flat = write_out(cuts.level, cuts.lo, cuts.hi, cuts.module, cuts.root, longest, wanted, elements)
    names = sorted(name for name in cuts.names if name is not None)
    rank = {name: index for index, name in enumerate(names)}
    ranks = np.array([-1 if name is None else rank[name] for name in cuts.names], np.int64)[flat]
    likely = np.array([(probabilities or {}).get(name, 1.0) for name in names])
    orders = np.diff(ends, prepend=0)
    listed: list[tuple[str, ...]] = []
    for order in np.unique(orders):
        at = (ends[orders == order] - order)[:, None] + np.arange(order)
        rows = np.sort(ranks[at], axis=1)
        listed += [tuple(names[element] for element in row) for row in rows[_by_likelihood(rows, likely)].tolist()]
    return tuple(listed)


def _by_likelihood(rows: NDArray[np.int64], likely: NDArray[np.float64]) -> NDArray[np.int64]:
    """The order of sets of one size: likelier first, ties by name."""
    p_set = np.prod(np.sort(likely[rows], axis=1), axis=1)  # sorted factors: equal sets of figures give equal products
    columns = [rows[:, column] for column in range(rows.shape[1] - 1, -1, -1)]
    order: NDArray[np.int64] = np.lexsort([*columns, -p_set])
    return order
