"""The one BLAS routine that the dissection needs, called from compiled code without the interpreter lock.

numba ships ``numba_xxgemm``, a bridge to the BLAS that SciPy carries, found at run time; it is reached here by its name,
so that compiled kernels can be cached. With numba switched off the same function is done by NumPy.
"""

import numpy as np
from numba import config, types

from connectivity.kernels._jit import kernel

__all__ = ["add_product"]

_ONE = np.ones(1)
_SIZE, _REAL = types.intp, types.CPointer(types.float64)
_gemm = types.ExternalFunction(
    "numba_xxgemm",
    types.intc(
        types.char, types.char, types.char, _SIZE, _SIZE, _SIZE, _REAL, _REAL, _SIZE, _REAL, _SIZE, _REAL, _REAL, _SIZE
    ),
)


def _matrix(flat, rows, cols, stride):
    """View of a row-major matrix in a flat array."""
    return np.lib.stride_tricks.as_strided(flat, (rows, cols), (8 * stride, 8))


def _add_product_numpy(a, stride_a, b, stride_b, rows, cols, depth, out, stride):
    product = _matrix(a, depth, rows, stride_a).T @ _matrix(b, depth, cols, stride_b)
    _matrix(out, rows, cols, stride)[:] += product


@kernel
def _add_product_blas(a, stride_a, b, stride_b, rows, cols, depth, out, stride):
    """``out += a.T @ b``; flat row-major a (depth, rows), b (depth, cols), out (rows, cols) with row strides."""
    _gemm(
        ord("d"), ord("n"), ord("t"), cols, rows, depth, _ONE.ctypes, b.ctypes, stride_b, a.ctypes, stride_a,
        _ONE.ctypes, out.ctypes, stride,
    )  # fmt: skip


add_product = _add_product_numpy if config.DISABLE_JIT else _add_product_blas
