/* The page: what is chosen, and what follows from it. */
(function () {
  "use strict";
  const { t, number, share, named, translate, make } = otkelWords;
  const { unpack, colours, groundColours, paint, reading, pixelAt } = otkelRasters;
  const data = JSON.parse(document.getElementById("otkel-data").textContent);
  const $ = (id) => document.getElementById(id);
  const LAYERS = ["relief", "fences", "paths", "borders", "places", "names", "passages"];
  const LAYER_NAMES = { relief: "Relief", fences: "Fences", paths: "Least-cost paths", borders: "State borders", places: "Core and target areas", names: "Names", passages: "Passages" };
  const state = {
    scenario: data.scenarios[0].id, other: data.beside, species: data.species[0].id, theme: "corridor", opacity: 0.8, every: false, sort: "number",
    layers: Object.fromEntries(LAYERS.map((name) => [name, true])), open: new Map(), names: new Map(), map: null, tool: "", way: [], split: 60, at: null, flown: null, readings: 0,
  };
  const FEW = 15;
  const pixels = new Map();
  let one = null;
  let two = null;
  let result = null;

  const scenarioOf = (id) => data.scenarios.find((s) => s.id === id);
  const runOf = (scenario, species = state.species) => data.runs[`${scenario}/${species}`];
  const surfacesOf = (scenario) => data.surfaces[`${scenario}/${state.species}`];
  const openNow = () => state.open.get(state.scenario) || new Set();
  /** Surfaces that hold anything: others are withheld, or empty in this scenario. */
  const themesOf = (scenario) => data.themes.filter((theme) => surfacesOf(scenario)[theme.id].known);
  const themeNow = () => themesOf(state.scenario).find((theme) => theme.id === state.theme);
  const speciesOf = (scenario) => data.species.filter((s) => data.runs[`${scenario}/${s.id}`]);

  /* ---- surfaces ---- */

  async function bytesOf(scenario, theme) {
    const name = surfacesOf(scenario)[theme].raster;
    if (!pixels.has(name)) pixels.set(name, unpack(data.rasters[name], data.frame.width));
    return pixels.get(name);
  }

  function paintSurface(view, theme, bytes) {
    if (theme) paint(view.canvases.surface, bytes, colours(theme.palette, theme.id));
    else paint(view.canvases.surface, new Uint8Array(data.frame.width * data.frame.height), new Uint32Array(256));
    otkelMap.refresh(view, "surface");
  }

  /* ---- maps ---- */

  async function startMap() {
    try {
      one = otkelMap.create($("map"), data.frame, labels());
    } catch (error) {
      $("failure").hidden = false;
      return;
    }
    watch(one, () => state.scenario);
    const ground = unpack(data.ground, data.frame.width);
    await one.ready;
    if (state.map) otkelMap.place(one, state.map);
    paint(one.canvases.ground, await ground, groundColours());
    otkelMap.refresh(one, "ground");
    await drawMap(one, state.scenario);
    setMarkers();
    one.map.once("idle", () => { document.documentElement.dataset.firstMapMs = Math.round(performance.now()); });
  }

  const labels = () => ({ "NavigationControl.ZoomIn": t("Zoom in"), "NavigationControl.ZoomOut": t("Zoom out"), "Map.Title": t("Map"), "ScaleControl.Kilometers": t("km"), "ScaleControl.Meters": t("m"), "Marker.Title": "" });

  /** Draw what is chosen; what is overtaken by another choice while it unpacks is dropped. */
  async function drawMap(view, scenario) {
    const run = runOf(scenario);
    const { stretches, fences } = scenarioOf(scenario);
    const theme = themesOf(scenario).find((one) => one.id === state.theme);
    view.turn = (view.turn || 0) + 1;
    const { turn } = view;
    const bytes = theme ? await bytesOf(scenario, theme.id) : null;
    if (turn !== view.turn) return;
    paintSurface(view, theme, bytes);
    otkelMap.setLines(view, { stretches, fences, gains: run.gains, paths: run.paths, borders: data.borders, top: gainTop() });
    otkelMap.setPlaces(view, data.places.filter((p) => p.roles[state.species]).map((p) => ({ role: p.roles[state.species], name: t(p.name), rings: p.rings })));
    setStanding(view, scenario);
    otkelMap.show(view, state.layers, state.opacity);
  }

  /** Highest gain of the species over all scenarios, so that two maps share their colours. */
  const gainTop = () => Math.max(0, ...data.scenarios.flatMap((s) => data.runs[`${s.id}/${state.species}`]?.gains || []).filter((g) => g !== null));

  function setMarkers() {
    if (!one || !one.canvases) return;
    otkelMap.setPassages(one, passagesNow(), press, near);
    otkelMap.show(one, state.layers, state.opacity);
    markMarkers();
  }

  /** Those that stand, with their numbers where they are few. */
  function setStanding(view, scenario) {
    const { standing } = scenarioOf(scenario);
    otkelMap.setStanding(view, standing.map((p) => ({ ...p, name: named(p.names), label: standing.length <= FEW ? p.id : "", says: otkelTables.standingWords(p) })), near);
  }

  function markMarkers() {
    if (!one) return;
    const passages = new Map(passagesNow().map((p) => [p.id, p]));
    one.markers.forEach((marker, id) => {
      const element = marker.getElement();
      const isOpen = openNow().has(id);
      const passage = passages.get(id);
      if (!passage) return;
      element.textContent = isOpen ? "✓" : passage.number || "";
      element.classList.toggle("best", passage.number !== null);
      element.setAttribute("aria-pressed", String(isOpen));
      element.setAttribute("aria-label", labelOf(passage));
      element.title = labelOf(passage);
    });
    otkelMap.arrange(one);
  }

  function watch(view, scenario) {
    view.map.on("mousemove", (event) => { state.at = event.lngLat; readOut(scenario()); });
    view.map.on("mouseout", () => { state.at = null; readOut(scenario()); });
    view.map.on("moveend", (event) => {
      if (!state.at) readOut(scenario());
      if (event.originalEvent || event.chosen) { state.map = otkelMap.placeOf(view); keep(); }
    });
    view.map.on("click", (event) => use([event.lngLat.lng, event.lngLat.lat]));
  }

  /** Numbers of the cell under the pointer, or in the middle of the map. */
  async function readOut(scenario) {
    if (!one) return;
    state.readings += 1;
    const turn = state.readings;
    const at = state.at || one.map.getCenter();
    const pixel = pixelAt(data.frame, at.lng, at.lat);
    const side = (value, letters) => t(`{angle} ${letters[value < 0 ? 1 : 0]}`, { angle: `${number(Math.abs(value), 5)}°` });
    const where = `${t(state.at ? "Here" : "Middle of the map")}: ${side(at.lat, "NS")}, ${side(at.lng, "EW")}`;
    const surfaces = surfacesOf(scenario);
    const themes = themesOf(scenario);
    const bytes = await Promise.all(themes.map((theme) => bytesOf(scenario, theme.id)));
    if (turn !== state.readings) return;
    const rows = themes.map((theme, i) => [t(theme.title), wordsOf(pixel < 0 ? null : reading(bytes[i][pixel], surfaces[theme.id]), theme)]);
    if (state.other) rows.unshift([t("Scenario"), t(scenarioOf(scenario).title)]);
    $("readout").replaceChildren(make("dt", { class: "at" }, where), ...rows.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
  }

  function wordsOf(found, theme) {
    if (!found) return t("not known");
    if (found.value === Infinity) return t(theme.id === "resistance" ? "impassable" : "no route");
    const unit = theme.unit === "1" ? "" : ` ${t(theme.unit)}`;
    return `${found.bound}${number(found.value, 3)}${unit}`;
  }

  /* ---- swipe ---- */

  async function compare() {
    const on = Boolean(state.other) && one !== null;
    for (const id of ["map-other", "divider", "swipe-label", "side-left", "side-right"]) $(id).hidden = !on;
    if (!on) return;
    if (!two) {
      two = otkelMap.create($("map-other"), data.frame, labels());
      watch(two, () => state.other || state.scenario);
      two.dressed = two.ready.then(async () => {
        otkelMap.couple(one, two);
        paint(two.canvases.ground, await unpack(data.ground, data.frame.width), groundColours());
        otkelMap.refresh(two, "ground");
      });
    }
    await two.dressed;
    if (!state.other) return;
    two.map.resize();
    await drawMap(two, state.other);
    $("side-left").textContent = t(scenarioOf(state.scenario).title);
    $("side-right").textContent = t(scenarioOf(state.other).title);
    split(state.split);
  }

  function split(percent) {
    state.split = Math.min(Math.max(percent, 0), 100);
    $("swipe").value = state.split;
    $("map-other").style.clipPath = `inset(0 0 0 ${state.split}%)`;
    $("divider").style.left = `${state.split}%`;
  }

  function drag(event) {
    const frame = $("maps").getBoundingClientRect();
    const move = (e) => split((100 * (e.clientX - frame.left)) / frame.width);
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  }

  /* ---- passages ---- */

  function passagesNow() {
    const scenario = scenarioOf(state.scenario);
    const model = runOf(state.scenario).model;
    const can = new Set(model ? model.candidates : []);
    return scenario.passages.map((p) => ({ ...p, canOpen: can.has(p.id) }));
  }

  const standingNow = () => scenarioOf(state.scenario).standing;
  const labelOf = (p) => named(p.names);

  function press(id) {
    if (!passagesNow().find((p) => p.id === id).canOpen) return near(id);
    const open = new Set(openNow());
    if (open.has(id)) open.delete(id);
    else open.add(id);
    state.open.set(state.scenario, open);
    tryOut();
    const box = document.querySelector(`#passages tr[data-id="${CSS.escape(id)}"]`);
    if (box) box.scrollIntoView({ block: "nearest" });
    return near(id);
  }

  function near(id) {
    if (one) [...one.markers, ...one.stands || []].forEach(([other, marker]) => marker.getElement().classList.toggle("near", other === id));
    document.querySelectorAll("#passages tbody tr, #standing tbody tr").forEach((row) => row.classList.toggle("near", row.dataset.id === id));
  }

  /** To the passage; a second time back to the whole map. */
  function go(id) {
    near(id);
    if (!one) return;
    const p = [...passagesNow(), ...standingNow()].find((other) => other.id === id);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (state.flown === id) one.map.fitBounds(one.bounds, { padding: otkelMap.padding(), animate: !still }, { chosen: true });
    else one.map.flyTo({ center: [p.lon, p.lat], zoom: 9, animate: !still }, { chosen: true });
    state.flown = state.flown === id ? null : id;
  }

  /* ---- tools ---- */

  /** Take up a tool, or lay it down if it is in hand. */
  function take(tool) {
    state.tool = state.tool === tool ? "" : tool;
    state.way = [];
    for (const view of [one, two]) if (view && view.canvases) otkelTools.draw(view, []);
    for (const id of ["measure", "here"]) $(id).setAttribute("aria-pressed", String(state.tool === id));
    $("maps").classList.toggle("aiming", state.tool !== "");
    tell({ measure: t("Click along the way; Escape ends."), here: t("Click where a passage should be.") }[state.tool] || "");
  }

  function tell(text) {
    $("told").textContent = text;
    $("told").hidden = !text;
  }

  /** A click on the map with a tool in hand. */
  function use(place) {
    if (state.tool === "measure") {
      state.way.push(place);
      for (const view of [one, two]) if (view && view.canvases) otkelTools.draw(view, state.way);
      tell(`${number(otkelTools.length(state.way))} ${t("km")}`);
    }
    if (state.tool === "here") openNearest(place);
  }

  /** Passages can be tried where they were modelled: the nearest one is taken. */
  function openNearest(place) {
    const found = otkelTools.nearest(passagesNow(), place);
    if (!found) return tell(t("No place within {km} km was modelled.", { km: otkelTools.FARTHEST_KM }));
    const { passage, km } = found;
    if (!openNow().has(passage.id)) press(passage.id);
    near(passage.id);
    return tell(t("Opened {place}, the nearest modelled place, {km} km away.", { place: labelOf(passage), km: number(km, 2) }));
  }

  const ORDERS = {
    number: (a, b) => (a.number ?? 1e9) - (b.number ?? 1e9) || (a.rank ?? 1e9) - (b.rank ?? 1e9),
    place: (a, b) => a.fence.localeCompare(b.fence) || a.km - b.km,
    score: (a, b) => (b.score ?? -1) - (a.score ?? -1),
  };

  /** Solve the chosen set and write every number of the panel. */
  function tryOut() {
    const open = openNow();
    const focus = document.activeElement?.closest("#passages tr")?.dataset.id;
    const sorted = document.activeElement?.dataset.sort;
    result = otkelWhatIf.evaluate(data, state.scenario, open);
    const adds = otkelWhatIf.additions(data, state.scenario, open, result);
    const live = result.species.find((s) => s.species === state.species);
    $("whatif").hidden = $("whatif-hint").hidden = !live;
    const list = passagesNow();
    const order = state.sort === "adds" ? (a, b) => (adds.get(b.id) ?? 9) - (adds.get(a.id) ?? 9) : ORDERS[state.sort];
    otkelTables.passages($("passages"), list.sort(order),
      { open, adds, sort: state.sort, live: Boolean(live), label: labelOf },
      { press, near, go, sort: (key) => { state.sort = key; tryOut(); } });
    if (focus) document.querySelector(`#passages tr[data-id="${CSS.escape(focus)}"] input`)?.focus();
    if (sorted) document.querySelector(`#passages [data-sort="${sorted}"]`)?.focus();
    $("whatif-left-out").hidden = !live || !scenarioOf(state.scenario).arriving;
    $("passages-title").hidden = $("passages").parentElement.hidden = !list.length;
    $("passages-hint").hidden = !list.length && data.audience !== "public";
    listStanding();
    otkelTables.pairs($("pairs"), data, runOf(state.scenario), live, state.every);
    if (live) sayResult(open, list, live);
    markMarkers();
    keep();
  }

  /** Choices go into the address. */
  const keep = () => otkelAddress.write(state, otkelWords.language());

  /** Choices come out of the address: at first, and when somebody changes it. */
  function recall() {
    const { language, ...chosen } = otkelAddress.read(data, state);
    Object.assign(state, chosen);
    return language;
  }

  function follow() {
    if (!otkelAddress.speaks()) return keep();
    speak(recall() || otkelWords.language());
    if (state.map && one && one.canvases) otkelMap.place(one, state.map);
    return redraw();
  }

  /** What stands, and what it gives back beside what the chosen ones would add. */
  function listStanding() {
    const standing = standingNow();
    $("stand").hidden = !standing.length;
    if (!standing.length) return;
    const given = new Map(speciesOf(state.scenario).map((s) => [s.id, runOf(state.scenario, s.id).givenBack]));
    otkelTables.givenBack($("given-back"), data, state.scenario, given, result);
    otkelTables.standing($("standing"), standing, { near, go });
    $("stand-hint").hidden = !result.species.length;
  }

  function sayResult(open, list, live) {
    otkelTables.totals($("totals"), data, state.scenario, result);
    const cost = list.filter((p) => open.has(p.id)).reduce((sum, p) => sum + p.cost, 0);
    const { length } = standingNow();
    const tally = t(length ? "Passages open: {n} ({m} stand already), cost {cost}" : "Passages open: {n}, cost {cost}", { n: number(open.size + length), m: number(length), cost: number(cost) });
    $("tally").textContent = tally;
    $("reset").disabled = $("save").disabled = open.size === 0;
    if ($("set-name") !== document.activeElement) $("set-name").value = state.names.get(state.scenario) || "";
    const mean = (rows) => rows.reduce((sum, row) => sum + 1 / row[row.length - 1], 0) / rows.length;
    $("spoken").textContent = `${tally}. ${t("{species}: mean conductance {siemens} S; flow restored {flow}, least cost {cost}.", {
      species: t(data.species.find((s) => s.id === state.species).name), siemens: number(mean(live.now.ohm), 3), flow: share(live.share.conductance), cost: share(live.share.leastCost) })}`;
  }

  function save() {
    const scenario = scenarioOf(state.scenario);
    const { name, text } = otkelScenario.file(data.study, scenario, scenario.passages.filter((p) => openNow().has(p.id)), (state.names.get(state.scenario) || "").trim());
    const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  /* ---- words around it ---- */

  function writeAbout() {
    const list = (items) => make("ul", {}, ...items.map((text) => make("li", {}, text)));
    $("about-text").replaceChildren(
      make("h3", {}, t("For whom")), make("p", {}, t(data.note)),
      ...(data.schematic.length ? [make("h3", {}, t("Schematic")), list(data.schematic.map((text) => t(text)))] : []),
      make("h3", {}, t("How to read it")), list(data.themes.map((theme) => `${t(theme.title)}: ${t(theme.reading)}`)),
      make("h3", {}, t("Assumptions")), list(data.assumptions.map((text) => t(text))),
      make("h3", {}, t("Sources")), list(data.credits.map((text) => t(text))),
      make("p", {}, t("Map drawn by MapLibre GL JS (BSD licence, text in this file's source). Made by {program}; nothing is loaded from the network.", { program: data.program })),
    );
  }

  function legend() {
    const theme = themeNow();
    const live = Boolean(runOf(state.scenario).model);
    const proposed = !live && scenarioOf(state.scenario).passages.length > 0;
    otkelTables.legend($("legend"), { theme, scale: theme && surfacesOf(state.scenario)[theme.id], table: theme && colours(theme.palette, theme.id), gainTop: Math.max(0, ...runOf(state.scenario).gains.filter((g) => g !== null)), layers: state.layers, live, proposed, standing: standingNow(), paths: runOf(state.scenario).paths.length > 0 });
  }

  function choices() {
    const fill = (id, options, value) => {
      $(id).replaceChildren(...options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)));
    };
    fill("scenario", data.scenarios.map((s) => [s.id, t(s.title)]), state.scenario);
    fill("other", [["", t("nothing")], ...data.scenarios.filter((s) => s.id !== state.scenario && data.runs[`${s.id}/${state.species}`]).map((s) => [s.id, t(s.title)])], state.other);
    $("other-label").hidden = data.scenarios.length < 2;
    fill("species", speciesOf(state.scenario).map((s) => [s.id, t(s.name)]), state.species);
    const themes = themesOf(state.scenario);
    if (state.theme !== "none" && !themeNow()) state.theme = themes[0]?.id || "none";
    fill("theme", [...themes.map((theme) => [theme.id, t(theme.title)]), ["none", t("none")]], state.theme);
    $("here").hidden = !runOf(state.scenario).model;
    $("layers").replaceChildren(...LAYERS.map((name) => make("label", {}, make("input", { type: "checkbox", checked: state.layers[name],
      onchange: (event) => { state.layers[name] = event.target.checked; for (const view of [one, two]) if (view && view.canvases) otkelMap.show(view, state.layers, state.opacity); legend(); keep(); } }), t(LAYER_NAMES[name]))));
  }

  function speak(language) {
    otkelWords.use(data.phrases, language);
    translate(document);
    document.title = t(data.study.title);
    $("title").textContent = document.title;
    document.querySelectorAll("[data-lang]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.lang === otkelWords.language())));
    $("failure").textContent = t("This browser shows no maps here (WebGL is off). Everything else on the page works.");
    $("foot").textContent = [t("Sources"), data.credits.map((text) => t(text)).join(" · ")].join(": ");
    writeAbout();
    write();
  }

  /** Everything that words and numbers depend on. */
  function write() {
    choices();
    legend();
    $("schematic").textContent = t(scenarioOf(state.scenario).schematic);
    $("schematic").hidden = !scenarioOf(state.scenario).schematic;
    $("pairs-title").textContent = t("{species}: from the core areas to their targets", { species: t(data.species.find((s) => s.id === state.species).name) });
    $("passages-hint").textContent = t(data.audience === "public" ? "Passages are withheld from the public." : "A click on a place flies there, a second one back.");
    tryOut();
    readOut(state.scenario);
  }

  async function redraw() {
    if (state.other === state.scenario || !data.runs[`${state.other}/${state.species}`]) state.other = "";
    if (!runOf(state.scenario)) state.species = speciesOf(state.scenario)[0].id;
    write();
    if (!one || !one.canvases) return;
    await drawMap(one, state.scenario);
    setMarkers();
    await compare();
  }

  /** The map keeps its size on paper, made smaller to fit an A4 sheet with the legend beside it. */
  function forPaper() {
    const { width, height } = $("maps").getBoundingClientRect();
    const style = document.documentElement.style;
    style.setProperty("--width", `${width}px`);
    style.setProperty("--height", `${height}px`);
    style.setProperty("--to-paper", Math.min(1.15, 740 / width, 610 / height));
  }

  /** On narrow screens legend and values start folded, and the map takes what header and marks leave. */
  function fitScreen() {
    const narrow = matchMedia("(max-width: 900px)");
    const fold = () => document.querySelectorAll(".fold").forEach((part) => { part.open = !narrow.matches; });
    const measure = () => document.documentElement.style.setProperty("--above", `${document.querySelector("main").offsetTop}px`);
    fold();
    narrow.addEventListener("change", () => { if (!matchMedia("print").matches) fold(); });
    window.addEventListener("afterprint", fold);
    const sizes = new ResizeObserver(measure);
    document.querySelectorAll("header, .marks").forEach((part) => sizes.observe(part));
  }

  function listen() {
    fitScreen();
    new ResizeObserver(() => { if (!matchMedia("print").matches) forPaper(); }).observe($("maps"));
    for (const id of ["scenario", "other", "species", "theme"]) $(id).addEventListener("change", (event) => { state[id] = event.target.value; redraw(); });
    $("opacity").addEventListener("input", (event) => {
      state.opacity = event.target.value / 100;
      for (const view of [one, two]) if (view && view.canvases) view.map.setPaintProperty("surface", "raster-opacity", state.opacity);
    });
    $("swipe").addEventListener("input", (event) => split(Number(event.target.value)));
    $("divider").firstElementChild.addEventListener("pointerdown", drag);
    $("every-pair").addEventListener("change", (event) => { state.every = event.target.checked; tryOut(); });
    $("reset").addEventListener("click", () => { state.open.set(state.scenario, new Set()); tryOut(); });
    $("save").addEventListener("click", save);
    $("set-name").addEventListener("input", (event) => { state.names.set(state.scenario, event.target.value); keep(); });
    for (const id of ["measure", "here"]) $(id).addEventListener("click", () => take(id));
    $("print").addEventListener("click", () => window.print());
    window.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.tool) take(state.tool); });
    window.addEventListener("beforeprint", () => document.querySelectorAll(".fold").forEach((part) => { part.open = true; }));
    $("about-open").addEventListener("click", () => $("about").showModal());
    window.addEventListener("hashchange", follow);
    $("bar").addEventListener("submit", (event) => event.preventDefault());
    document.querySelectorAll("[data-lang]").forEach((b) => b.addEventListener("click", () => { speak(b.dataset.lang); for (const view of [one, two]) if (view && view.canvases) drawMap(view, view === one ? state.scenario : state.other || state.scenario); }));
  }

  const language = otkelAddress.speaks() ? recall() : "";
  if (state.other === state.scenario || !runOf(state.other)) state.other = "";
  listen();
  speak(language || data.lang || (navigator.language || "en").slice(0, 2));
  startMap().then(compare).then(() => readOut(state.scenario));
})();
