"""What is left of synchrony when a common source without any lag is taken out of it.

    ciplv = |Im <u_a u_b*>| / sqrt(1 - (Re <u_a u_b*>)^2)                  Bruna et al. 2018
    dwpli = ((S x)^2 - S x^2) / ((S |x|)^2 - S x^2)     x = Im z_a z_b*    Vinck et al. 2011

dwpli is the debiased estimate of the squared weighted phase lag index: 0 on average by chance, also
in short windows, and below 0 as often as above. Both leave out coupling in phase, which two heads
may have for good reasons, and let a common drive pass that reaches one of them later.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def ciplv(mean_product: Complexes) -> Floats:
    """From the mean of u_a u_b*, any shape; NaN where both are locked without a lag."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(mean_product.imag) / np.sqrt(1 - mean_product.real**2)
    return np.where(np.isfinite(found), found, np.nan)


def dwpli(total: Floats, size: Floats, square: Floats) -> Floats:
    """From the sums of x, |x| and x^2, any shape; NaN where nothing lags."""
    below = size * size - square
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(below > 0, (total * total - square) / below, np.nan)
    return np.asarray(found)
