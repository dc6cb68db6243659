"""Reduce a small box of plain cells to the cells around it, column by column.

The cells of a box of h rows have numbers p that go down its columns; the *rim* is ground and the cells around the box,
column by column too. A cell joins only the next h + 1 cells, also while others are eliminated before it, and of the rim
only the part up to the next column. So three small tables on the stack hold all conductances: cell to following cells
(band), cell to rim, rim to rim. Nothing is subtracted; see `dissection_dense`.
"""

import math

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.front import PLAIN, next_side, side_cells

__all__ = ["BRICK", "BRICK_ROOM", "has_kept", "reduce_brick"]

BRICK = 8
_ROW_STEP = (0, 1, 1, 1, 0, -1, -1, -1)
_COL_STEP = (1, 0, 1, -1, -1, 0, -1, 1)
_RIM = 4 * BRICK + 5
BRICK_ROOM = BRICK * BRICK * (BRICK + 1 + _RIM) + 2 * _RIM * _RIM


@kernel
def has_kept(node, box):
    """Whether a box or the cells around it hold a node that is not plain."""
    found = False
    for row in range(max(box.row0 - 1, 0), min(box.row1 + 1, node.shape[0])):
        for col in range(max(box.col0 - 1, 0), min(box.col1 + 1, node.shape[1])):
            found |= node[row, col] >= 0
    return found


@kernel
def _rim_of(row, col, height, width):
    """Place in the rim of a cell beside the box; row and col count from the box's first cell."""
    if col < 0:
        return row + 2
    if col < width:
        return height + 3 + 2 * col + (1 if row > 0 else 0)
    return height + 3 + 2 * width + row + 1


@kernel
def reduce_brick(conductance, ground, node, box, stack, top, ids, first_id):
    """Reduce a box of plain cells; what it leaves comes to lie at stack[top:] and ids[first_id:]; returns its size."""
    height, width = box.row1 - box.row0, box.col1 - box.col0
    n_rim = 2 * (height + width) + 5
    rims = top + n_rim * n_rim
    band = rims + n_rim * n_rim
    rim = band + height * width * (height + 1)
    for k in range(np.uint64(rims), np.uint64(rim + height * width * n_rim)):
        stack[k] = 0.0
    _fill(conductance, ground, node, box, stack, band, rim, n_rim)
    for col in range(width):
        reach = height + 7 + 2 * col if col + 1 < width else n_rim
        for p in range(col * height, (col + 1) * height):
            _eliminate_cell(stack, band, rim, height, n_rim, p, height * width, reach)
        _add_to_rims(stack, rim + col * height * n_rim, height, n_rim, reach, rims)
    return _leave(node.shape[1], box, stack, top, rims, n_rim, ids, first_id)


@kernel
def _fill(conductance, ground, node, box, stack, band, rim, n_rim):
    """Enter the box's conductances."""
    height, width = box.row1 - box.row0, box.col1 - box.col0
    for c in range(width):
        for r in range(height):
            row, col = box.row0 + r, box.col0 + c
            p = c * height + r
            to_ground = ground[row, col]
            stack[rim + p * n_rim] = to_ground if node[row, col] == PLAIN and to_ground < math.inf else 0.0
            if 0 < r < height - 1 and 0 < c < width - 1:
                at = band + p * (height + 1)
                stack[at] = conductance[1, row, col]
                stack[at + height - 2] += conductance[3, row - 1, col + 1]
                stack[at + height - 1] += conductance[0, row, col]
                stack[at + height] += conductance[2, row, col]
            else:
                for k in range(8):
                    dr, dc = _ROW_STEP[k], _COL_STEP[k]
                    at = _entry(r, c, dr, dc, height, width, band, rim, n_rim)
                    stack[at] += _edge(conductance, node, row, col, dr, dc)


@kernel
def _entry(r, c, dr, dc, height, width, band, rim, n_rim):
    """Where the edge from a cell to a neighbour goes; for edges that the neighbour enters, a place that is not read."""
    p = c * height + r
    inside = 0 <= r + dr < height and 0 <= c + dc < width
    after = dc * height + dr
    to_rim = rim + p * n_rim + _rim_of(r + dr, c + dc, height, width)
    return (band + p * (height + 1) + after - 1 if after > 0 else rim - 1) if inside else to_rim


@kernel
def _edge(conductance, node, row, col, dr, dc):
    """Conductance of the edge from a cell to a neighbour, 0 beyond the raster and where either is no node."""
    r, c = row + dr, col + dc
    inside = 0 <= r < node.shape[0] and 0 <= c < node.shape[1]
    r, c = (r, c) if inside else (row, col)
    step = 0 if dr == 0 else (1 if dc == 0 else (2 if dc == dr else 3))
    first = dr > 0 or (dr == 0 and dc > 0)
    value = conductance[step, row if first else r, col if first else c]
    joins = inside & (node[r, c] == PLAIN) & (node[row, col] == PLAIN)
    return value if joins else 0.0


@kernel
def _eliminate_cell(stack, band, rim, height, n_rim, p, n_cell, reach):
    """Eliminate cell p: pass its conductances on to the cells after it; its rim row is left scaled by 1 / sqrt(d)."""
    row, side = band + p * (height + 1), rim + p * n_rim
    after = min(height + 1, n_cell - p - 1)
    total = _sum(stack, row, after) + _sum(stack, side, reach)
    scale = 1.0 / math.sqrt(total) if total > 0.0 else 0.0
    of = np.uint64(side)
    for k in range(np.uint64(reach)):
        stack[of + k] *= scale
    for t in range(after):
        share = stack[row + t] * scale
        other = np.uint64(rim + (p + 1 + t) * n_rim)
        for k in range(np.uint64(reach)):
            stack[other + k] += share * stack[of + k]
        to, start = np.uint64(band + (p + 1 + t) * (height + 1)), np.uint64(row + t + 1)
        for k in range(np.uint64(after - t - 1)):
            stack[to + k] += share * scale * stack[start + k]


@kernel
def _sum(values, start, n):
    a = b = c = d = 0.0
    of = np.uint64(start)
    for block in range(np.uint64(n // 4)):
        k = of + block * np.uint64(4)
        a += values[k]
        b += values[k + np.uint64(1)]
        c += values[k + np.uint64(2)]
        d += values[k + np.uint64(3)]
    for j in range(start + n - n % 4, start + n):
        a += values[j]
    return (a + b) + (c + d)


@kernel
def _add_to_rims(stack, rows, height, n_rim, reach, rims):
    """Add what one column's cells give between rim nodes: the upper triangle of the product of their rows."""
    step = np.uint64(n_rim)
    for a in range(reach - 1):
        out = np.uint64(rims + a * n_rim + a + 1)
        n = np.uint64(reach - a - 1)
        r = 0
        while r + 1 < height:
            x, y = stack[rows + r * n_rim + a], stack[rows + (r + 1) * n_rim + a]
            of = np.uint64(rows + r * n_rim + a + 1)
            for k in range(n):
                stack[out + k] += x * stack[of + k] + y * stack[of + step + k]
            r += 2
        while r < height:
            x = stack[rows + r * n_rim + a]
            of = np.uint64(rows + r * n_rim + a + 1)
            for k in range(n):
                stack[out + k] += x * stack[of + k]
            r += 1


@kernel
def _leave(width, box, stack, top, rims, n_rim, ids, first_id):
    """Write the network of the rim's joined nodes, sides in the order of `dissection_front`, ground last."""
    n = _choose(width, box, stack, rims, n_rim, ids, first_id)
    for x in range(n):
        a = ids[first_id + n + x]
        for y in range(x + 1, n):
            b = ids[first_id + n + y]
            stack[top + x * n + y] = stack[rims + min(a, b) * n_rim + max(a, b)]
    return n


@kernel
def _joined(stack, rims, n_rim, a):
    """Whether anything joins a rim node."""
    total = 0.0
    for b in range(a):
        total += stack[rims + b * n_rim + a]
    for b in range(a + 1, n_rim):
        total += stack[rims + a * n_rim + b]
    return total > 0.0


@kernel
def _choose(width, box, stack, rims, n_rim, ids, first_id):
    """List ids of the joined rim nodes in order, then their places in the rim; returns how many."""
    n = 0
    depth = 1 << 30
    places = first_id + n_rim
    for _ in range(4):
        side, depth = next_side(box, depth)
        start, stop, step = side_cells(box, side, depth, width)
        cell = start - box.n_kept - 1
        row, col = cell // width + box.first_row - box.row0, cell % width - box.col0
        for number in range(start, stop, step):
            a = _rim_of(row, col, box.row1 - box.row0, box.col1 - box.col0)
            if _joined(stack, rims, n_rim, a):
                ids[first_id + n] = number
                ids[places + n] = a
                n += 1
            row += 1 if side > 1 else 0
            col += 0 if side > 1 else 1
    if _joined(stack, rims, n_rim, 0):
        ids[first_id + n] = box.n_kept
        ids[places + n] = 0
        n += 1
    for k in range(n):
        ids[first_id + n + k] = ids[places + k]
    return n
