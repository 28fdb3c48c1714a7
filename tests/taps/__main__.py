"""The tap test on 200 simulated pairs: whose cap was tapped?

    python -m tests.taps [--pairs N] [--seed N] [--json]

1 when it was wrong about one of them, or right about fewer than 95 %.
"""

from argparse import ArgumentParser
from collections import Counter

import numpy as np

from tests.results import Row, tell
from tests.taps.pairs import Tapped, pair

SEED, PAIRS, SHARE = 1, 200, 0.95


def counted(seed: int, pairs: int) -> Counter[str]:
    """How often it was right, not sure, and wrong."""
    return Counter(_judged(pair(np.random.default_rng([seed, number]))) for number in range(pairs))


def _judged(one: Tapped) -> str:
    """Not to be sure is right where nobody could be heard."""
    heard = one.heard()
    if heard == one.whose:
        return "right"
    return "not sure" if heard is None else "wrong"


def main() -> int:
    """Test all, keep the row and print it."""
    parser = ArgumentParser(prog="tests.taps", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    asked = parser.parse_args()
    told = counted(asked.seed, asked.pairs)
    figure = f"{asked.pairs} pairs: {told['right']} right, {told['not sure']} not sure"
    row = Row("tap test: whose cap was tapped", f"{figure}, {told['wrong']} wrong", "95 %, 0 wrong")
    tell("taps", [row], "antiphon.taps/1", as_json=asked.json, told=told)
    return int(told["wrong"] > 0 or told["right"] < SHARE * asked.pairs)


if __name__ == "__main__":
    raise SystemExit(main())
