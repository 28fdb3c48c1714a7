"""numpy's npz: `x_uV` (persons, channels, n) or (channels, n), and `fs`.

Channel names are in `ch_names`, `ch_names_assumed` or nowhere.
"""

from pathlib import Path

import numpy as np

from hardware.recordings.recording import Recording, require_channels


def read_npz(path: Path) -> Recording:
    """Read one.

    Raises:
        ValueError: it holds something else; so do many others where it is damaged.
    """
    # of a damaged file np.load leaves open what it has opened itself
    with path.open("rb") as octets, np.load(octets, allow_pickle=False) as file:
        if not {"x_uV", "fs"} <= set(file.files):
            raise ValueError("an npz file without x_uV and fs")
        x_uv, rate_hz = np.asarray(file["x_uV"], np.float64), float(file["fs"])
        names = [file[key] for key in ("ch_names", "ch_names_assumed") if key in file.files]
    if x_uv.ndim not in (2, 3) or x_uv.size == 0:
        raise ValueError(f"x_uV of shape {x_uv.shape}, not (persons, channels, n)")
    if not np.isfinite(x_uv).all():
        raise ValueError("x_uV holds values that are not numbers")
    uv = np.moveaxis(x_uv.reshape(-1, *x_uv.shape[-2:]), 1, 2)
    channels = uv.shape[2]
    require_channels(channels)
    labels = tuple(str(name) for name in names[0]) if names else numbered(channels)
    if len(labels) != channels:
        raise ValueError(f"{channels} channels and {len(labels)} names for them")
    return Recording(labels, rate_hz, None, uv, kind="")


def numbered(channels: int) -> tuple[str, ...]:
    """Labels of channels that have no name."""
    return tuple(f"EXG{number}" for number in range(1, channels + 1))
