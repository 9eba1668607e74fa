"""When requests arrive: a Poisson process whose rate changes in steps. Import inside functions only: it loads numba."""

from __future__ import annotations

import math
from typing import Any

from auditkit.simulation.columns import ZERO
from auditkit.simulation.draws import ARRIVAL, compiled, request_key, uniform


@compiled
def poisson(seed: int, journey: int, edges: Any, rates: Any, times: Any) -> int:
    """Fill `times` with arrivals; `rates[i]` holds from `edges[i]` to `edges[i + 1]`. Their number, or -1 where there is no room.

    A process of rate one is stretched (time change), so that more load brings the same requests closer together.
    """
    n, part, t = ZERO, 0, edges[0]
    while True:
        need = -math.log(1.0 - uniform(request_key(seed, journey, n), ARRIVAL))
        while need > (edges[part + 1] - t) * rates[part]:
            need -= (edges[part + 1] - t) * rates[part]
            part += 1
            if part == len(rates):
                return n
            t = edges[part]
        t += need / rates[part]
        if n == len(times):
            return -1
        times[n] = t
        n += 1
