/* The choices in the page's own address (after the #), so that a reload or a link brings them back. */
(function (root) {
  "use strict";

  const asked = () => new URLSearchParams(location.hash.slice(1));

  /** Whether the address holds choices: a link within the page (#panel) does not. */
  const speaks = () => asked().has("scenario");

  /** `state` as the address has it; what this page does not know stays as it was. Also `language`, empty where none is asked for. */
  function read(data, state) {
    const words = asked();
    const pick = (key, known, otherwise) => (words.has(key) && known.includes(words.get(key)) ? words.get(key) : otherwise);
    const scenarios = data.scenarios.map((s) => s.id);
    const scenario = pick("scenario", scenarios, state.scenario);
    const within = (id) => data.species.map((s) => s.id).filter((species) => data.runs[`${id}/${species}`]);
    const canOpen = (id) => within(id).flatMap((species) => data.runs[`${id}/${species}`].model?.candidates || []);
    const open = (id) => new Set(words.getAll(`open.${id}`).filter((one) => canOpen(id).includes(one)));
    const hidden = words.getAll("hide");
    const place = (words.get("map") || "").split(",").map(Number);
    const onEarth = place.length === 3 && place.every(Number.isFinite) && Math.abs(place[0]) <= 180 && Math.abs(place[1]) <= 85;
    return {
      scenario, other: pick("with", ["", ...scenarios], state.other), theme: pick("surface", [...data.themes.map((one) => one.id), "none"], state.theme),
      species: pick("species", within(scenario), within(scenario).includes(state.species) ? state.species : within(scenario)[0]),
      layers: Object.fromEntries(Object.keys(state.layers).map((name) => [name, !hidden.includes(name)])),
      open: new Map(scenarios.map((id) => [id, open(id)])), names: new Map(scenarios.map((id) => [id, words.get(`name.${id}`) || ""])),
      map: onEarth ? place : null, language: words.get("lang") || "",
    };
  }

  /** Put the choices there. A page that may not change its address (inside another one) keeps them until it is closed. */
  function write(state, language) {
    const words = new URLSearchParams({ scenario: state.scenario, with: state.other, species: state.species, surface: state.theme, lang: language });
    Object.keys(state.layers).filter((name) => !state.layers[name]).forEach((name) => words.append("hide", name));
    state.open.forEach((ids, scenario) => ids.forEach((id) => words.append(`open.${scenario}`, id)));
    state.names.forEach((name, scenario) => { if (name) words.append(`name.${scenario}`, name); });
    if (state.map) words.append("map", state.map.join(","));
    try {
      history.replaceState(null, "", `#${words}`);
    } catch (error) {
      if (error.name !== "SecurityError") throw error;
    }
  }

  root.otkelAddress = { speaks, read, write };
})(globalThis);
