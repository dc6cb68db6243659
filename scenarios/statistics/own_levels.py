"""Log factors that sites have of their own, normal around 0 with an unknown standard deviation: both are summed out on grids.

Two cameras never see the same: one stands where more animals come by, one site changes for reasons of its own. A log likelihood over one
site's log ratio becomes, for each standard deviation that is possible, a log likelihood over the ratio that all sites have in common.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import norm

from rasters.arrays import Reals

__all__ = ["SITE_SDS", "SITE_SD_SCALE", "common_log_likelihood", "own_grid", "sd_log_prior"]

SITE_SD_SCALE = 0.7
"""Scale of the half-normal prior of the standard deviation of sites' own log factors: an assumption of this project."""
SITE_SDS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.4, 2.0)
OWN_SPAN, OWN_STEPS = 22.0, 881


def own_grid() -> Reals:
    """(n_own,) a site's own log ratio."""
    return np.linspace(-OWN_SPAN, OWN_SPAN, OWN_STEPS)


def sd_log_prior(scale: float = SITE_SD_SCALE) -> Reals:
    """(n_sd,) log prior of `SITE_SDS`, each with its width; ``scale`` is that of the half-normal."""
    sds = np.array(SITE_SDS)
    return np.asarray(norm.logpdf(sds / scale) + np.log(np.gradient(sds)))


def common_log_likelihood(own: Reals) -> Reals:
    """(n_sd, n_own) log likelihood of the common log ratio on `own_grid`, of one site's over its own log ratio."""
    height = own.max()
    each = [
        own if sd == 0 else np.log(np.maximum(_spreading(sd) @ np.exp(own - height), 1e-300)) + height
        for sd in SITE_SDS
    ]
    return np.array(each)


@cache
def _spreading(sd: float) -> Reals:
    """(n_own, n_own) probability of a site's own log ratio, given the common one."""
    own = own_grid()
    return np.asarray(norm.pdf(own[:, None], own[None, :], sd) * (own[1] - own[0]))
