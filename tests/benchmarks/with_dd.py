"""Minimal cut sets of one fault tree with dd over CUDD: prints their number and the seconds from drawn diagram to count.

A program of its own: dd.cudd_zdd 0.6.0 crashes when its managers are collected, so this one ends without clearing up.
Arguments: the file, and the variables in order, separated by commas.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path

from dd.cudd import BDD
from dd.cudd_zdd import ZDD

from auditkit.engine.fault_trees import read_fault_trees
from auditkit.engine.formula import Formula, Op


def in_dd(formula: Formula, order: list[str]) -> tuple[BDD, object]:
    """The formula in dd, with our order of variables."""
    bdd = BDD()
    bdd.configure(reordering=False)
    bdd.declare(*order)
    value: list[object] = []
    for gate in range(len(formula.op)):
        args = [value[arg] for arg in formula.arguments(gate)]
        op, param = formula.op[gate], int(formula.param[gate])
        if op == Op.VARIABLE:
            made = bdd.var(formula.variables[param])
        elif op == Op.ATLEAST:
            row = [bdd.true] + [bdd.false] * param
            for arg in args:
                row = [bdd.true] + [row[k] | (arg & row[k - 1]) for k in range(1, param + 1)]
            made = row[param]
        else:
            made = args[0]
            for arg in args[1:]:
                made = made & arg if op == Op.AND else made | arg
        value.append(made)
    return bdd, value[-1]


def count_with_dd(bdd: BDD, root: object) -> int:
    """Rauzy's minimal solutions, written over dd's functions; their number."""
    zdd = ZDD()
    zdd.configure(reordering=False)
    order = sorted(bdd.vars, key=bdd.level_of_var)
    zdd.declare(*order)
    level = {name: number for number, name in enumerate(order)}
    none, empty = zdd.false, zdd.true_node
    cut: dict[tuple[int, int], object] = {}
    kept: list[object] = []  # functions whose numbers are keys stay alive

    def depth(function: object, last: int = len(order)) -> int:
        return last if function.var is None else level[function.var]

    def branches(u: object) -> tuple[object, object]:
        return (~u.low, ~u.high) if u.negated else (u.low, u.high)

    def without(sets: object, u: object) -> object:
        if sets == none or u == bdd.true:
            return none
        if u == bdd.false or sets == empty:
            return sets
        key = (int(sets), int(u))
        if key not in cut:
            here, there = depth(sets), depth(u)
            low, high = branches(u)
            if there < here:
                made = without(sets, low)
            elif there > here:
                made = zdd.find_or_add(sets.var, without(sets.low, u), without(sets.high, u))
            else:
                made = zdd.find_or_add(sets.var, without(sets.low, low), without(sets.high, high))
            cut[key] = made
            kept.extend((sets, u))
        return cut[key]

    found: dict[int, object] = {int(bdd.false): none, int(bdd.true): empty}

    def minimal(u: object) -> object:
        if int(u) not in found:
            low, high = branches(u)
            least = minimal(low)
            found[int(u)] = zdd.find_or_add(u.var, least, without(minimal(high), low))
            kept.append(u)
        return found[int(u)]

    return int(zdd.count(minimal(root), len(order)))


if __name__ == "__main__":
    gc.disable()
    (given,) = read_fault_trees(Path(sys.argv[1]).read_text(), sys.argv[1])
    manager, top = in_dd(given.formula, sys.argv[2].split(","))
    started = time.perf_counter()
    count = count_with_dd(manager, top)
    print(json.dumps({"count": count, "seconds": time.perf_counter() - started}), flush=True)
    os._exit(0)
