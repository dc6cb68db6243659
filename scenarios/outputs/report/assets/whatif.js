/* What a set of open passages gives back, for every species of a scenario, with the small exact models. */
(function (root) {
  "use strict";
  const { solve, score, withOneMore, decode } = otkelSolver;
  const decoded = new Map();

  /** Models of a scenario by species, decoded once, with their values when everything is closed. */
  function modelsOf(data, scenario) {
    return data.species.map((s) => s.id).filter((id) => data.runs[`${scenario}/${id}`]?.model).map((species) => {
      const key = `${scenario}/${species}`;
      if (!decoded.has(key)) {
        const model = decode(data.runs[key].model);
        decoded.set(key, { species, model, closed: solve(model, new Set()) });
      }
      return decoded.get(key);
    });
  }

  /** Open passages as places in a model's own list. */
  const numbersOf = (model, open) => new Set([...open].map((id) => model.candidates.indexOf(id)).filter((i) => i >= 0));

  /** Share restored of both kinds, by the weights of the ranking. */
  const worth = (model, s) => (model.weights[0] * s.conductance + model.weights[1] * s.leastCost) / (model.weights[0] + model.weights[1]);

  /** { species: [{ species, closed, now, share }], total: {conductance, leastCost, score} } for a set of ids. */
  function evaluate(data, scenario, open) {
    const weights = data.scenarios.find((s) => s.id === scenario).weights;
    const species = modelsOf(data, scenario).map(({ species: id, model, closed }) => {
      const now = open.size ? solve(model, numbersOf(model, open)) : closed;
      return { species: id, model, closed, now, share: score(model, closed, now) };
    });
    const total = { conductance: 0, leastCost: 0, score: 0 };
    species.forEach((s) => Object.keys(total).forEach((k) => { total[k] += weights[s.species] * s.share[k]; }));
    return { species, total };
  }

  /** What each other passage would add to the share restored, over all species. */
  function additions(data, scenario, open, result) {
    const weights = data.scenarios.find((s) => s.id === scenario).weights;
    const out = new Map();
    result.species.forEach(({ species, model, closed, now, share }) => {
      const numbers = numbersOf(model, open);
      model.candidates.forEach((id, i) => {
        if (open.has(id)) return;
        const more = worth(model, score(model, closed, withOneMore(model, now, numbers, i))) - worth(model, share);
        out.set(id, (out.get(id) || 0) + weights[species] * more);
      });
    });
    return out;
  }

  root.otkelWhatIf = { evaluate, additions };
})(globalThis);
