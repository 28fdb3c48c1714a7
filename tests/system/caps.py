"""A recording of two people who wear their caps for a while, then hang them up, railed.

python caps.py FILE.npz, to be replayed over and over
"""

import sys

import numpy as np

from hardware.cyton.frames import RATE_HZ
from hardware.emulated.synthetic import SyntheticDyad

WORN_S, OFF_S = 45, 45
RAILED_UV = 1e6
SEED = 20261123


def main(path: str) -> None:
    """Write it."""
    dyad = SyntheticDyad(SEED)
    t_s = np.arange(round(WORN_S * RATE_HZ)) / RATE_HZ
    worn = np.stack([dyad.uv(person, t_s).T for person in (0, 1)])
    off = np.full((*worn.shape[:2], round(OFF_S * RATE_HZ)), RAILED_UV)
    both = np.concatenate([worn, off], axis=2)
    np.savez(path, x_uV=both, fs=RATE_HZ, ch_names=np.array(dyad.labels))


if __name__ == "__main__":
    main(sys.argv[1])
