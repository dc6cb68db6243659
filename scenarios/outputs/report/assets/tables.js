/* Legend and tables of the panel. Exact numbers stand in data-value beside the rounded ones. */
(function (root) {
  "use strict";
  const { t, number, share, named, make } = otkelWords;
  const BETTER = "\u2192";

  const cell = (value, text, attributes = {}) =>
    make("td", { class: "n", "data-value": value === null || value === undefined ? "" : String(value), ...attributes }, text);
  const head = (text, unit = "", attributes = {}) => make("th", { scope: "col", ...attributes }, t(text), unit ? make("small", {}, unit) : null);
  const fill = (table, header, rows) => table.replaceChildren(make("thead", {}, make("tr", {}, ...header)), make("tbody", {}, ...rows));

  /** Each species and all together: shares restored and score. */
  function totals(table, data, scenario, result) {
    const names = new Map(data.species.map((s) => [s.id, t(s.name)]));
    const row = (label, s, key, bold) => make("tr", { "data-key": key }, make("th", { scope: "row" }, label),
      ...[[s.conductance, share], [s.leastCost, share], [s.score, (v) => number(v, 3)]].map(([value, show]) => cell(value, bold ? make("b", {}, show(value)) : show(value))));
    const weights = data.scenarios.find((s) => s.id === scenario).weights;
    fill(table, [head("Species"), head("Flow", "", { class: "n" }), head("Least cost", "", { class: "n" }), head("Score", "", { class: "n" })], [
      ...result.species.map((s) => row(`${names.get(s.species)} (${share(weights[s.species])})`, s.share, s.species)),
      row(t("All, weighted"), result.total, "all", true),
    ]);
  }

  /** From a value with everything closed to the value now. */
  function change(before, now, show) {
    const same = before === now || Math.abs(now / before - 1) < 1e-9;
    return same ? show(now) : [make("span", { class: "was" }, `${show(before)} ${BETTER} `), make("b", {}, show(now))];
  }
  const moved = (before, now, show, attributes) => {
    const td = cell(now, "", attributes);
    td.append(...[change(before, now, show)].flat());
    return td;
  };

  /** Values of the pairs of one species: live where there is a model, else as the run says. */
  function pairs(table, data, run, live, every) {
    const places = new Map(data.places.map((p) => [p.id, t(p.name)]));
    const name = (id) => (id === "any" ? t("nearest target") : places.get(id) || id);
    const missing = (value) => (value === null ? Infinity : value);
    const values = run.pairs.map((p) => {
      if (!live) return { p, ohm: [missing(p.ohm), missing(p.ohm)], cost: [missing(p.cost_m), missing(p.cost_m)] };
      const o = live.model.originIds.indexOf(p.source);
      const at = p.target === "any" ? live.model.targets : live.model.targetIds.indexOf(p.target);
      return { p, ohm: [live.closed.ohm[o][at], live.now.ohm[o][at]], cost: [live.closed.cost[o][at], live.now.cost[o][at]] };
    });
    const km = (metres) => number(metres / 1000);
    const rows = values.filter(({ p }) => every || p.target === "any").map(({ p, ohm, cost }) => make("tr", { "data-source": p.source, "data-target": p.target },
      make("th", { scope: "row" }, every ? `${name(p.source)} ${BETTER} ${name(p.target)}` : name(p.source)),
      moved(ohm[0], ohm[1], (v) => number(v), { "data-what": "ohm" }),
      moved(1 / ohm[0], 1 / ohm[1], (v) => number(v), { "data-what": "siemens" }),
      moved(cost[0], cost[1], km, { "data-what": "cost" })));
    fill(table, [head("From"), head("Effective resistance", t("Ω"), { class: "n" }), head("Conductance", t("S"), { class: "n" }),
      head("Least cost", t("effective km"), { class: "n" })], rows);
  }

  /** Every passage with its switch. ``state``: open ids, what each would add, who sorts. */
  function passages(table, list, state, on) {
    const sortable = (text, key, unit = "") => make("th", { scope: "col", class: key === "place" ? "" : "n", "aria-sort": state.sort === key ? (key === "place" || key === "number" ? "ascending" : "descending") : "none" },
      make("button", { type: "button", "data-sort": key, onclick: () => on.sort(key) }, t(text)), unit ? make("small", {}, unit) : null);
    const live = state.live;
    const header = [...(live ? [head("Open")] : []), sortable("No.", "number"), sortable("Place", "place"), sortable("Score alone", "score"),
      ...(live ? [sortable("Adds now", "adds", "%")] : []), head("Cost", "", { class: "n" })];
    const rows = list.map((p) => {
      const label = state.label(p);
      const isOpen = state.open.has(p.id);
      const adds = state.adds.get(p.id);
      return make("tr", { "data-id": p.id, class: isOpen ? "open" : "", onmouseenter: () => on.near(p.id), onmouseleave: () => on.near(null) },
        ...(live ? [make("td", {}, make("input", { type: "checkbox", role: "switch", class: "switch", checked: isOpen, disabled: !p.canOpen,
          "aria-label": t("Open {place}", { place: label }), onchange: () => on.press(p.id) }))] : []),
        cell(p.number, p.number === null ? "" : String(p.number)),
        make("td", {}, make("button", { type: "button", class: "go", title: p.id, onclick: () => on.go(p.id) }, label)),
        cell(p.score, number(p.score, 3)),
        ...(live ? [cell(adds, adds === undefined ? "" : number(100 * adds, 3))] : []),
        cell(p.cost, number(p.cost)));
    });
    fill(table, header, rows);
  }

  const months = (words) => words.split(", ").map((word) => t(word)).join(", ");

  const designOf = (p) => t(p.design.replaceAll("_", " "));

  /** State, design, width and months of one that stands. */
  const standingWords = (p) => [t(p.state), designOf(p), `${t("Width")}: ${number(p.width_m)} ${t("m")}`, months(p.months)].filter(Boolean);

  /** Every passage that stands. */
  function standing(table, list, on) {
    const rows = list.map((p) => make("tr", { "data-id": p.id, onmouseenter: () => on.near(p.id), onmouseleave: () => on.near(null) },
      make("td", {}, p.id), make("td", {}, make("button", { type: "button", class: "go", onclick: () => on.go(p.id) }, named(p.names))),
      make("td", {}, t(p.state)), make("td", {}, designOf(p)), cell(p.width_m, number(p.width_m)), make("td", {}, months(p.months))));
    fill(table, [head("No."), head("Place"), head("State"), head("Design"), head("Width", t("m"), { class: "n" }), head("Months")], rows);
  }

  /** Shares that those that stand give back, beside what the chosen ones add; ``given``: species -> shares. Weights come with the models only. */
  function givenBack(table, data, scenario, given, result) {
    const { weights } = data.scenarios.find((s) => s.id === scenario);
    const added = new Map(result.species.map((s) => [s.species, s.share]));
    const live = added.size > 0;
    const row = (label, back, more) => make("tr", {}, make("th", { scope: "row" }, label),
      ...[back.conductance, back.least_cost, ...(live ? [more?.conductance, more?.leastCost] : [])].map((v) => cell(v, v === undefined ? "–" : share(v))));
    const mean = (key) => [...given].reduce((sum, [id, shares]) => sum + weights[id] * shares[key], 0);
    const known = [...given.values()].every((shares) => "conductance" in shares && "least_cost" in shares);
    const total = known ? { conductance: mean("conductance"), least_cost: mean("least_cost") } : {};
    const group = (text) => make("th", { scope: "colgroup", colspan: 2, class: "n" }, t(text));
    const pair = () => [head("Flow", "", { class: "n" }), head("Least cost", "", { class: "n" })];
    table.replaceChildren(
      make("thead", {}, make("tr", {}, head(""), group("They give back"), live ? group("Chosen ones add") : null),
        make("tr", {}, head("Species"), ...pair(), ...(live ? pair() : []))),
      make("tbody", {}, ...data.species.filter((s) => given.has(s.id)).map((s) => row(t(s.name), given.get(s.id), added.get(s.id))),
        live ? row(t("All, weighted"), total, result.total) : ""));
  }

  const symbol = (draw) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", "26");
    svg.setAttribute("height", "14");
    svg.setAttribute("aria-hidden", "true");
    draw((tag, attributes) => {
      const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
      Object.entries(attributes).forEach(([k, v]) => part.setAttribute(k, v));
      svg.append(part);
    });
    return svg;
  };
  const stroke = (colour, width, dash) => symbol((add) => add("line", { x1: 1, x2: 25, y1: 7, y2: 7, stroke: colour, "stroke-width": width, "stroke-dasharray": dash || "none" }));
  const box = (colour, edge) => symbol((add) => add("rect", { x: 3, y: 1.5, width: 20, height: 11, fill: colour, stroke: edge }));
  const square = (colour, edge) => symbol((add) => add("rect", { x: 7.5, y: 1.5, width: 11, height: 11, fill: colour, stroke: edge, "stroke-width": 1.5 }));
  const dot = (colour, edge) => symbol((add) => add("circle", { cx: 13, cy: 7, r: 5.5, fill: colour, stroke: edge, "stroke-width": 2 }));

  /** Name, colour bar and ends of a surface. */
  function surface(theme, scale, table) {
    const bar = make("canvas", { width: 253, height: 1, role: "img", "aria-label": t(theme.says) });
    const image = bar.getContext("2d").createImageData(253, 1);
    for (let i = 0; i < 253; i++) new Uint32Array(image.data.buffer)[i] = table[i + 1];
    bar.getContext("2d").putImageData(image, 0, 0);
    const unit = theme.unit === "1" ? "" : ` [${t(theme.unit)}]`;
    return [make("h3", {}, t(theme.title) + unit), make("p", {}, `${t(theme.says)} ${t("Logarithmic scale.")}`), bar,
      make("p", { class: "ends" }, make("span", {}, `${scale.under ? "≤ " : ""}${number(scale.low, 3)}`), make("span", {}, `${scale.over ? "≥ " : ""}${number(scale.high, 3)}`))];
  }

  /** Colour bar of the surface, if one is shown, and every symbol that is on the map. */
  function legend(element, { theme, scale, table, gainTop, layers, live, proposed, standing: stands, paths }) {
    const item = (icon, text) => make("li", {}, icon, t(text));
    const gains = otkelMap.GAIN.map((colour, i) => [colour, i]);
    const ramp = symbol((add) => gains.forEach(([colour, i]) => add("rect", { x: 0.5 + 5 * i, y: 4, width: 5, height: 6, fill: colour })));
    const items = [
      layers.fences && item(gainTop > 0 ? ramp : stroke("#8b857c", 4), gainTop > 0 ? "Fence: marginal gain, low to high" : "Fence"),
      layers.paths && paths && item(stroke("#0b0b0b", 2, "5 2"), "Least-cost path"),
      layers.borders && item(stroke("#3c3c3c", 1.4, "6 2 1.2 2"), "State border"),
      layers.places && item(box("#5e3c9938", "#5e3c99"), "Core area"),
      layers.places && item(box("#00695c38", "#00695c"), "Target area"),
      live && layers.passages && item(dot("#fff", "#10222c"), "Passage, closed"),
      live && layers.passages && item(dot("#00695c", "#00695c"), "Passage, open"),
      proposed && layers.passages && item(dot("#fff", "#10222c"), "Proposed passage"),
      stands.length && layers.passages && item(square("#2e8b57", "#10222c"), stands.every((p) => p.state === "planned") ? "Planned passage" : "Passage that stands"),
      item(box("#cbdae4", "#9fb3c0"), "Water"),
      theme?.id === "cost" && item(box("#a7a1b0", "#a7a1b0"), "No route to a target"),
    ].filter(Boolean);
    element.replaceChildren(...(theme ? surface(theme, scale, table) : []), make("ul", {}, ...items));
  }

  root.otkelTables = { totals, pairs, passages, standing, standingWords, givenBack, legend };
})(globalThis);
