/* The small exact model of a species: open any set of passages and read resistances, least costs and the score.
 *
 * A model holds effective resistances and least costs between focal regions and the ends of the edges that passages open, all
 * passages closed. Opening an edge changes either matrix in closed form; it is right across sealed fences and for several in a
 * row. The same in Python: scenarios/passage_model.py. Everything is float64.
 */
(function (root) {
  "use strict";

  /** Float64Array from base64 of little-endian bytes. */
  function reals(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
  }

  /** Full symmetric matrix from its upper triangle, row by row, zero diagonal. */
  function symmetric(upper, n) {
    const full = new Float64Array(n * n);
    for (let a = 0, k = 0; a < n; a++) for (let b = a + 1; b < n; b++, k++) full[a * n + b] = full[b * n + a] = upper[k];
    return full;
  }

  function decode(packed) {
    const n = packed.size;
    return Object.assign({}, packed, {
      resistance: symmetric(reals(packed.resistance), n),
      cost: symmetric(reals(packed.cost), n),
      delta: reals(packed.delta),
      withoutOhm: Array.from(reals(packed.withoutOhm)),
      withoutCost: Array.from(reals(packed.withoutCost)),
      stateCost: reals(packed.stateCost),
    });
  }

  /** Place of each edge's state among all states, for the passages in a set of numbers. */
  function states(model, open) {
    const state = model.stateStart.slice(0, -1);
    let edge = -1;
    let bit = 1;
    model.slotEdge.forEach((e, q) => {
      bit = e === edge ? bit * 2 : 1;
      edge = e;
      if (open.has(model.slotCandidate[q])) state[e] += bit;
    });
    return state;
  }

  /** An edge of a given cost, in least costs, in place. */
  function openCost(m, n, u, v, cost) {
    const fromU = m.slice(u * n, u * n + n);
    const fromV = m.slice(v * n, v * n + n);
    for (let a = 0; a < n; a++) {
      const toV = fromU[a] + cost;
      const toU = fromV[a] + cost;
      if (toU === Infinity && toV === Infinity) continue;
      for (let b = 0; b < n; b++) {
        const way = Math.min(toV + fromV[b], toU + fromU[b]);
        if (way < m[a * n + b]) m[a * n + b] = way;
      }
    }
  }

  /** More conductance between two nodes, in effective resistances, in place; Infinity makes them one. */
  function openConductance(m, n, u, v, delta) {
    const apart = m[u * n + v];
    if (u === v || delta === 0 || (delta === Infinity && apart === 0)) return;
    if (apart === Infinity) {
      openCost(m, n, u, v, 1 / delta);
      return;
    }
    const factor = delta === Infinity ? 0.25 / apart : (0.25 * delta) / (1 + delta * apart);
    const drop = new Float64Array(n);
    for (let a = 0; a < n; a++) drop[a] = m[u * n + a] === Infinity ? NaN : m[v * n + a] - m[u * n + a];
    for (let a = 0; a < n; a++) {
      if (drop[a] !== drop[a]) continue;
      for (let b = a + 1; b < n; b++) {
        const d = drop[a] - drop[b];
        if (d === d) m[b * n + a] = m[a * n + b] -= factor * d * d;
      }
    }
  }

  /** Both matrices with a set of passages open. */
  function opened(model, open) {
    const n = model.size;
    const state = states(model, open);
    const resistance = model.resistance.slice();
    const cost = model.cost.slice();
    state.forEach((s, e) => {
      if (model.delta[s] > 0) openConductance(resistance, n, model.first[e], model.second[e], model.delta[s]);
      if (model.stateCost[s] < Infinity) openCost(cost, n, model.first[e], model.second[e], model.stateCost[s]);
    });
    return { resistance, cost, state };
  }

  /** Values of all pairs: [origin][target], the last target being all of them together, or the nearest. */
  function read(model, matrices, n) {
    const origins = model.origins;
    const targets = model.targets;
    const ohm = Array.from({ length: origins }, (_, o) =>
      Array.from({ length: targets }, (_, t) => matrices.resistance[o * n + origins + t]));
    const cost = Array.from({ length: origins }, (_, o) =>
      Array.from({ length: targets }, (_, t) => matrices.cost[o * n + origins + t]));
    const f = origins + targets;
    const together = new Float64Array(f * f);
    for (let a = 0; a < f; a++) for (let b = 0; b < f; b++) together[a * f + b] = matrices.resistance[a * n + b];
    for (let t = 1; t < targets; t++) openConductance(together, f, origins, origins + t, Infinity);
    ohm.forEach((row, o) => row.push(together[o * f + origins]));
    cost.forEach((row) => row.push(Math.min(...row)));
    return { ohm, cost };
  }

  function solve(model, open) {
    const matrices = opened(model, open);
    return Object.assign(read(model, matrices, model.size), { matrices });
  }

  /** Weighted mean over the pairs that count of the share of what the fences take that is restored; of reciprocals. */
  function meanShare(model, now, after, without) {
    let sum = 0;
    let total = 0;
    model.counted.forEach(([o, t], pair) => {
      const lost = 1 / without[pair] - 1 / now[o][t];
      total += model.counts[pair];
      if (lost > 0) sum += model.counts[pair] * Math.min(Math.max((1 / after[o][t] - 1 / now[o][t]) / lost, 0), 1);
    });
    return sum / total;
  }

  /** Shares restored and the score on the scale of the ranking: 1 = the best single passage in both parts. */
  function score(model, closed, now) {
    const conductance = meanShare(model, closed.ohm, now.ohm, model.withoutOhm);
    const leastCost = meanShare(model, closed.cost, now.cost, model.withoutCost);
    const [w1, w2] = model.weights;
    const part = (weight, share, best) => (best > 0 ? ((weight / (w1 + w2)) * share) / best : 0);
    return { conductance, leastCost, score: part(w1, conductance, model.best[0]) + part(w2, leastCost, model.best[1]) };
  }

  /** What a set would read with one more passage, from the matrices of the set: only the nodes that matter. */
  function withOneMore(model, solved, open, candidate) {
    const more = new Set(open).add(candidate);
    const state = states(model, more);
    const { resistance, cost, state: before } = solved.matrices;
    const n = model.size;
    const nodes = Array.from({ length: model.origins + model.targets }, (_, i) => i);
    const place = (node) => {
      const at = nodes.indexOf(node);
      return at >= 0 ? at : nodes.push(node) - 1;
    };
    const changed = [];
    state.forEach((s, e) => {
      if (s !== before[e]) changed.push([place(model.first[e]), place(model.second[e]), s, before[e]]);
    });
    const k = nodes.length;
    const small = { resistance: new Float64Array(k * k), cost: new Float64Array(k * k) };
    nodes.forEach((p, a) => nodes.forEach((q, b) => {
      small.resistance[a * k + b] = resistance[p * n + q];
      small.cost[a * k + b] = cost[p * n + q];
    }));
    changed.forEach(([u, v, s, old]) => {
      openConductance(small.resistance, k, u, v, Math.max(model.delta[s] - model.delta[old], 0));
      openCost(small.cost, k, u, v, model.stateCost[s]);
    });
    return read(model, small, k);
  }

  root.otkelSolver = { decode, solve, score, withOneMore };
})(globalThis);
