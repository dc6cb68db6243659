"""Connected components of a raster, by its edges."""

from connectivity.kernels._jit import kernel

__all__ = ["label_components", "label_nodes"]

_ROW_STEP = (0, 1, 1, 1)
_COL_STEP = (1, 0, 1, -1)


@kernel
def _root(parent, cell):
    """Root of a cell's tree, halving the path on the way."""
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@kernel
def _join(parent, first, second):
    """Hang the later root under the earlier one."""
    a, b = _root(parent, first), _root(parent, second)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@kernel
def _start(active, parent):
    width = active.shape[1]
    for row in range(active.shape[0]):
        for col in range(width):
            parent[row * width + col] = row * width + col if active[row, col] else -1


@kernel
def _join_edges(conductance, parent):
    height, width = conductance.shape[1:]
    for row in range(height):
        for col in range(width):
            cell = row * width + col
            if parent[cell] < 0:
                continue
            for k in range(4):
                r, c = row + _ROW_STEP[k], col + _COL_STEP[k]
                if r < height and 0 <= c < width and conductance[k, row, col] > 0.0 and parent[r * width + c] >= 0:
                    _join(parent, cell, r * width + c)


@kernel
def _join_regions(region, first_cell, parent):
    """Join cells of equal region; first_cell (largest region + 1,) is -1 on entry."""
    width = region.shape[1]
    for row in range(region.shape[0]):
        for col in range(width):
            label = region[row, col]
            cell = row * width + col
            if label <= 0 or parent[cell] < 0:
                continue
            if first_cell[label] < 0:
                first_cell[label] = cell
            else:
                _join(parent, first_cell[label], cell)


@kernel
def _number(parent):
    """Turn trees, whose roots come first, into labels 0, 1, ...; returns how many."""
    n = 0
    for cell in range(parent.size):
        if parent[cell] < 0:
            continue
        if parent[cell] == cell:
            parent[cell] = -2 - n
            n += 1
        else:
            parent[cell] = parent[_labelled(parent, cell)]
    for cell in range(parent.size):
        parent[cell] = -1 if parent[cell] == -1 else -2 - parent[cell]
    return n


@kernel
def _labelled(parent, cell):
    """The first ancestor that has its label already."""
    while parent[cell] >= 0:
        cell = parent[cell]
    return cell


@kernel
def label_components(conductance, active, out):
    """Components of active cells joined by conductance > 0, numbered from 0 by their first cell; -1 where not active.

    conductance (4, H, W) [S] east, south, south-east, south-west; active (H, W) bool; fills out (H, W) int32 and returns
    the number of components. Union-find (Tarjan, J. ACM 22, 1975), a few ns per cell.
    """
    parent = out.ravel()
    _start(active, parent)
    _join_edges(conductance, parent)
    return _number(parent)


@kernel
def label_nodes(conductance, active, region, first_cell, out):
    """The same with cells of equal region > 0 joined. first_cell (largest region + 1,) int64 holds -1 on entry."""
    parent = out.ravel()
    _start(active, parent)
    _join_edges(conductance, parent)
    _join_regions(region, first_cell, parent)
    return _number(parent)
