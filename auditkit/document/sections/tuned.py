"""Section 14, its second part: figures that were tuned in simulation, and where retries would keep a callee down."""

from __future__ import annotations

from itertools import groupby

from auditkit.document.blocks import Block, Heading, Picture, bullets, code, rich, text
from auditkit.document.figures import how_many, share
from auditkit.document.view import View


def tuned(view: View) -> list[Block]:
    """A picture and a sentence for each figure of each tuned call, then the maps of retry storms; nothing where none was made."""
    return [*_plateaus(view), *_storms(view)]


def _plateaus(view: View) -> list[Block]:
    if not view.book.tunings:
        return []
    from auditkit.document.tuning_picture import tuning_picture  # with the planning that words its figures
    from auditkit.planning.tuning import said
    from auditkit.simulation.tuning import MARGIN

    first = view.book.tunings[0]
    found: list[Block] = [
        Heading("Plateaus, not best points", "tuning"),
        text(
            "Around each figure that a closed form gives, others were simulated on the same random draws, while all is well and "
            f"with a fault for {share(first.fault_share)} of the time. What counts is the range of values that cannot be told "
            f"from the best ({how_many(len(first.seeds), 'seed')}, 95 %; differences below {share(MARGIN)} of requests count as "
            "none): a single best value of one simulation is luck. No setting was changed by this."
        ),
    ]
    for number, (subject, group) in enumerate(groupby(view.book.tunings, key=lambda t: t.dependency), start=1):
        tunings, name = tuple(group), f"tuning-{number}"
        svg, title, words = tuning_picture(tunings, name)
        found += [Picture(name, svg, title, words), text(code(subject)), bullets([rich(said(one)) for one in tunings])]
    return found


def _storms(view: View) -> list[Block]:
    if not view.book.storms:
        return []
    from auditkit.document.storm_picture import storm_picture
    from auditkit.planning.storms import said

    found: list[Block] = [
        Heading("Where retries keep a callee down", "storms"),
        text(
            "Each cell: nothing is answered for a while, then all is as before. Does the callee recover by itself, at this "
            "load, with so many attempts and this queue? The margin is how far the load of the peak may grow until it does "
            "not. All callers are taken to retry alike, and nobody else to ask it."
        ),
    ]
    for number, storm in enumerate(view.book.storms, start=1):
        name = f"storms-{number}"
        svg, title, words = storm_picture(storm, name)
        found += [Picture(name, svg, title, words), text(f"{said(storm)}.")]
    return found
