"""How the verbs tell of time without data."""

MOMENT_S = 0.1  # less is a few lost packets, and told in samples


def missing_lines(missing_s: dict[str, float]) -> list[str]:
    """Whose data are missing for more than a moment, and how long."""
    return [f"{role:<9} no data for {s:.1f} s" for role, s in missing_s.items() if s >= MOMENT_S]
