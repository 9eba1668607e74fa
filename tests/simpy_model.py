"""The second implementation of the simulation: a SimPy process for each request, call and attempt.

It shares with the kernel the tables of the compiled system and the draws, and nothing else: processes, interrupts and events
in place of a heap, slots and tickets.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from auditkit.simulation import Setup, draws
from auditkit.simulation import columns as c
from auditkit.simulation.compile import Compiled
from auditkit.simulation.run import arrivals_of

Work = Generator[Any, Any, Any]


@dataclass
class Instance:
    number: int
    workers: float
    room: float
    busy: int = 0
    waiting: deque[simpy.Event] = field(default_factory=deque)


@dataclass
class Breaker:
    state: str = "closed"
    since: float = 0.0
    until: float = 0.0
    trips: int = 0
    age: int = 0
    probes: int = 0
    passed: int = 0
    row: int = 0
    seen: list[tuple[int, bool, bool]] = field(default_factory=list)


@dataclass
class Guard:
    tokens: float
    earned_at: float = 0.0
    busy: int = 0
    waiting: deque[simpy.Event] = field(default_factory=deque)
    breaker: Breaker = field(default_factory=Breaker)


class Twin:
    """One run."""

    def __init__(self, compiled: Compiled, setup: Setup) -> None:
        self.compiled, self.setup, self.w = compiled, setup, compiled.world
        self.env = simpy.Environment()
        rows = compiled.instances
        self.instances = [
            Instance(i, math.inf if r[c.I_WORKERS] < 0 else r[c.I_WORKERS], math.inf if r[c.I_ROOM] < 0 else r[c.I_ROOM])
            for i, r in enumerate(rows)
        ]
        self.turns = [0] * len(compiled.components)
        self.guards: dict[tuple[int, int], Guard] = {}
        times, journeys, numbers = arrivals_of(compiled, setup)
        self.times, self.journeys, self.numbers = times, journeys, numbers
        self.codes = np.full(len(times), c.UNANSWERED, np.int8)
        self.latency_s = np.full(len(times), math.inf)

    def run(self) -> None:
        self.env.process(self.arrivals())
        self.env.run(until=self.setup.duration_s + self.setup.drain_s)

    def arrivals(self) -> Work:
        for request, t in enumerate(self.times):
            yield self.env.timeout(t - self.env.now) if t > self.env.now else self.env.timeout(0)
            self.env.process(self.request(request))

    def request(self, request: int) -> Work:
        journey = int(self.journeys[request])
        key = np.uint64(draws.request_key(self.setup.seed, journey, int(self.numbers[request])))
        row = self.w.journeys_i[journey]
        result = yield from self.execute(int(row[c.J_OP]), key, int(row[c.J_DIST]), 0.0)
        self.codes[request] = result
        self.latency_s[request] = self.env.now - self.times[request]

    # an operation in an instance

    def execute(self, op: int, key: Any, dist: int, errors: float) -> Work:
        inst = self.choose(int(self.w.ops[op, c.O_COMP]), key)
        if inst.busy >= inst.workers:
            if len(inst.waiting) >= inst.room:
                return c.ERROR
            turn = self.env.event()
            inst.waiting.append(turn)
            yield turn
        else:
            inst.busy += 1
        since = self.env.now
        needs, failure = self.service(inst, key, dist, errors)
        result = c.OK
        for stage in range(self.w.ops[op, c.O_STAGE], self.w.ops[op + 1, c.O_STAGE]):
            asked = []
            for at in range(self.w.stages[stage], self.w.stages[stage + 1]):
                dep = int(self.w.edges[at])
                share = self.w.deps_f[dep, 0]
                if share < 1.0 and draws.uniform(np.uint64(draws.mix(key, 1000000 + dep)), draws.CALLED) >= share:
                    continue
                process = self.env.process(self.depend(dep, inst, key))
                if not self.w.deps_i[dep, c.D_ASYNC]:
                    asked.append(process)
            for process in asked:
                result = max(result, (yield process))
            if result == c.ERROR:
                break
        left = since + needs - self.env.now
        if result != c.ERROR and left > 0:
            yield self.env.timeout(left)
        if inst.waiting:
            inst.waiting.popleft().succeed()
        else:
            inst.busy -= 1
        return c.ERROR if failure else result

    def choose(self, comp: int, key: Any) -> Instance:
        first, after = (int(self.compiled.comps[n, c.C_FIRST]) for n in (comp, comp + 1))
        if after - first == 1:
            return self.instances[first]
        if self.compiled.comps[comp, c.C_BALANCE]:
            self.turns[comp] += 1
            return self.instances[first + (self.turns[comp] - 1) % (after - first)]
        return self.instances[first + int(draws.uniform(key, draws.BALANCE) * (after - first))]

    def service(self, inst: Instance, key: Any, dist: int, errors: float) -> tuple[float, bool]:
        needs = draws.sample(dist, draws.uniform(key, draws.LATENCY), self.w.dist_i, self.w.dist_f, self.w.hist, self.w.guide)
        now, fine, factor, added = self.env.now, 1.0 - errors, 1.0, 0.0
        for (kind, first, last), (start, end, value) in zip(self.w.faults_i, self.w.faults_f, strict=True):
            if first <= inst.number <= last and start <= now < end:
                if kind == c.SLOW_SET:
                    needs = value
                elif kind == c.SLOW_TIMES:
                    factor *= value
                elif kind == c.SLOW_PLUS:
                    added += value
                elif kind == c.HANG:
                    added += end - now
                elif kind == c.ERRORS:
                    fine *= 1.0 - value
                else:
                    raise AssertionError(f"the twin does not know fault {kind}")
        needs = needs * factor + added
        return needs, bool(fine < 1.0 and draws.uniform(key, draws.FAILURE) < 1.0 - fine)

    # a dependency

    def depend(self, dep: int, inst: Instance, key: Any) -> Work:
        row = self.w.deps_i[dep]
        legs = range(row[c.D_LEG], row[c.D_LEG] + row[c.D_LEGS])
        waiting = [self.env.process(self.call(leg, inst, key)) for leg in legs]
        good, worst = 0, c.OK
        while waiting and good < row[c.D_NEEDED] <= good + len(waiting):
            yield simpy.AnyOf(self.env, waiting)
            for process in [p for p in waiting if p.processed or p.triggered]:
                waiting.remove(process)
                if process.value <= c.DEGRADED and good < row[c.D_NEEDED]:
                    good, worst = good + 1, max(worst, process.value)
        ignored = row[c.D_ON_FAILURE] == c.IGNORE
        if good >= row[c.D_NEEDED]:
            return c.OK if ignored else worst
        if ignored:
            return c.OK
        if row[c.D_ON_FAILURE] == c.FAIL or row[c.D_FALLBACK] == c.NO_FALLBACK:
            return c.ERROR
        if row[c.D_FALLBACK] == c.STATIC:
            return c.DEGRADED
        for leg in range(row[c.D_ALT], row[c.D_ALT] + row[c.D_ALTS]):
            if (yield self.env.process(self.call(leg, inst, key))) <= c.DEGRADED:
                return c.DEGRADED
        return c.ERROR

    def guard(self, leg: int, inst: Instance) -> Guard:
        return self.guards.setdefault((leg, inst.number), Guard(tokens=float(self.w.legs_f[leg, c.L_TOKENS])))

    def call(self, leg: int, inst: Instance, key: Any) -> Work:
        ints, floats, guard = self.w.legs_i[leg], self.w.legs_f[leg], self.guard(leg, inst)
        self.earn(guard, floats, floats[c.L_PER_CALL])
        for number in range(1, ints[c.L_ATTEMPTS] + 1):
            result, again = yield from self.attempt(leg, guard, np.uint64(draws.attempt_key(key, leg, number)))
            if result <= c.DEGRADED:
                self.earn(guard, floats, floats[c.L_PER_SUCCESS])
                return result
            if not again or number == ints[c.L_ATTEMPTS]:
                return c.ERROR
            if ints[c.L_BUDGET]:
                self.earn(guard, floats, (self.env.now - guard.earned_at) * floats[c.L_PER_S])
                guard.earned_at = self.env.now
                if guard.tokens < 1.0 - 1e-9:
                    return c.ERROR
                guard.tokens -= 1.0
            wait = self.pause(ints, floats, number, np.uint64(draws.attempt_key(key, leg, number)))
            if wait > 0:
                yield self.env.timeout(wait)
        raise AssertionError("unreachable")

    @staticmethod
    def earn(guard: Guard, floats: Any, tokens: float) -> None:
        guard.tokens = min(floats[c.L_TOKENS], guard.tokens + tokens)

    @staticmethod
    def pause(ints: Any, floats: Any, number: int, key: Any) -> float:
        longest = min(floats[c.L_MAX_BACKOFF], floats[c.L_BACKOFF] * floats[c.L_MULTIPLIER] ** (number - 1))
        if longest <= 0 or ints[c.L_JITTER] == c.NO_JITTER:
            return float(longest)
        u = draws.uniform(key, draws.BACKOFF)
        return float(longest * u if ints[c.L_JITTER] == c.FULL_JITTER else longest * 0.5 * (1.0 + u))

    def attempt(self, leg: int, guard: Guard, key: Any) -> Work:
        """Result, and whether another attempt is allowed."""
        ints, floats, breaker = self.w.legs_i[leg], self.w.legs_f[leg], guard.breaker
        if ints[c.L_BREAKER] and not self.admitted(breaker, ints, key):
            return c.ERROR, False
        age = breaker.age
        if 0 <= ints[c.L_POOL] <= guard.busy:
            turn = self.env.event()
            if floats[c.L_WAIT] > 0:
                guard.waiting.append(turn)
                yield turn | self.env.timeout(floats[c.L_WAIT])
            if not turn.triggered:
                if turn in guard.waiting:
                    guard.waiting.remove(turn)
                if breaker.state == "half-open" and breaker.age == age:
                    breaker.probes -= 1
                return c.ERROR, False
        else:
            guard.busy += 1
        since = self.env.now
        work = self.env.process(self.execute(int(ints[c.L_OP]), key, int(ints[c.L_DIST]), float(floats[c.L_ERRORS])))
        if floats[c.L_TIMEOUT] < math.inf:
            yield work | self.env.timeout(floats[c.L_TIMEOUT])
        else:
            yield work
        result = work.value if work.triggered else c.TIMEOUT
        if ints[c.L_BREAKER]:
            self.learn(breaker, ints, floats, age, result <= c.DEGRADED, self.env.now - since)
        if guard.waiting:
            guard.waiting.popleft().succeed()
        else:
            guard.busy -= 1
        return result, not ints[c.L_UNSENT]  # it knows no crashes, and what is refused by a full queue has been sent

    # the breaker

    def admitted(self, breaker: Breaker, ints: Any, key: Any) -> bool:
        if breaker.state == "closed":
            if self.env.now >= breaker.until:
                return True
            share = (self.env.now - breaker.since) / (breaker.until - breaker.since)
            return bool(draws.uniform(key, draws.ADMITTED) < max(0.1, share))
        if breaker.state == "open":
            if self.env.now < breaker.until:
                return False
            breaker.state, breaker.probes, breaker.passed, breaker.age = "half-open", 0, 0, breaker.age + 1
        if ints[c.L_HOW] == c.ALL:
            return True
        breaker.probes += 1
        if breaker.probes > ints[c.L_HALF]:
            breaker.probes -= 1
            return False
        return True

    def learn(self, breaker: Breaker, ints: Any, floats: Any, age: int, good: bool, took: float) -> None:
        if ints[c.L_HOW] == c.ALL and breaker.state != "closed":
            if good and took <= floats[c.L_SLOW_S]:
                breaker.state, breaker.seen, breaker.row, breaker.age, breaker.until = (
                    "closed",
                    [],
                    0,
                    breaker.age + 1,
                    self.env.now,
                )
            elif breaker.state == "open":
                breaker.since, breaker.until = self.env.now, self.env.now + (breaker.until - breaker.since)
            else:
                self.trip(breaker, floats)
            return
        if age != breaker.age and ints[c.L_HOW] != c.ALL:
            return
        slow = took > floats[c.L_SLOW_S]
        if breaker.state == "half-open":
            if not good or slow:
                self.trip(breaker, floats)
                return
            breaker.passed += 1
            if breaker.passed >= ints[c.L_HALF]:
                was_open = breaker.until - breaker.since
                breaker.state, breaker.seen, breaker.age, breaker.since = "closed", [], breaker.age + 1, self.env.now
                breaker.until = self.env.now + (was_open if ints[c.L_HOW] == c.GRADUAL else 0.0)
                breaker.row = 0
            return
        breaker.row = 0 if good else breaker.row + 1
        part = int(self.env.now / (floats[c.L_WINDOW] / c.SLICES))
        breaker.seen = [(n, g, s) for n, g, s in breaker.seen if n > part - c.SLICES]
        breaker.seen.append((part, good, slow))
        calls = len(breaker.seen)
        failed, crept = sum(not g for _, g, _ in breaker.seen), sum(s for _, _, s in breaker.seen)
        by_rate = calls >= ints[c.L_MIN_CALLS] and (
            0 < failed >= floats[c.L_RATE] * calls or 0 < crept >= floats[c.L_SLOW_RATE] * calls
        )
        counted = breaker.row if ints[c.L_ROW] else failed
        if (not good and counted >= ints[c.L_FAILURES]) or by_rate:
            self.trip(breaker, floats)

    def trip(self, breaker: Breaker, floats: Any) -> None:
        if breaker.state == "closed" and self.env.now >= breaker.until:
            breaker.trips = 0
        pause = min(floats[c.L_OPEN] * floats[c.L_GROWTH] ** breaker.trips, floats[c.L_MAX_OPEN])
        breaker.state, breaker.since, breaker.until, breaker.seen = "open", self.env.now, self.env.now + pause, []
        breaker.trips, breaker.age, breaker.row = breaker.trips + 1, breaker.age + 1, 0
