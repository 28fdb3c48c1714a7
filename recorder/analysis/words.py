"""How results are told: what was found, what is found by chance, and no more than that."""

from math import isfinite

from dsp.shift_test import Tested

UNLIKELY = 0.05


def known(value: float) -> float | None:
    """None where there is no value."""
    return float(value) if isfinite(value) else None


def p_in_words(p: float | None) -> str:
    """Never 0: the smallest p is one of the draws."""
    if p is None:
        return "unknown"
    return f"{p:.3f}" if p >= 0.001 else "under 0.001"


def verdict(p: float | None) -> str:
    """What may be said of a p that is corrected for all tests."""
    if p is None:
        return "nothing can be concluded"
    return "beyond chance" if p <= UNLIKELY else "within chance"


def against_chance(tested: Tested, p: float | None, corrected: float | None) -> str:
    """A number against its shifts."""
    if p is None:
        return "no value, or too few shifts: nothing can be concluded"
    return (
        f"{verdict(corrected)}: {tested.value:.3f}, by chance {tested.chance:.3f}, "
        f"95 of 100 below {tested.chance_high:.3f}; p {p_in_words(p)}, "
        f"among all that were tested {p_in_words(corrected)}"
    )


def no_inference(tested: Tested, why: str) -> str:
    """A number that may not be tested."""
    if known(tested.value) is None or known(tested.chance) is None:
        return f"no value; {why}"
    chance = f"by chance {tested.chance:.3f}, 95 of 100 below {tested.chance_high:.3f}"
    return f"{tested.value:.3f}, {chance}; {why}"
