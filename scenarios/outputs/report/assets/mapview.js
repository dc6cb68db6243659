/* One map: ground, a surface, fences, routes, borders, places and passages. Nothing is fetched: every source is a canvas or data. */
(function (root) {
  "use strict";
  const { make } = otkelWords;
  const GAIN = ["#ffffcc", "#fed976", "#fd8d3c", "#e31a1c", "#800026"];
  const LINES = { fences: ["fences", "fences-case"], paths: ["paths", "paths-case"], borders: ["borders"], places: ["places", "places-line"], relief: ["ground"] };

  const mix = (a, b, share) => {
    const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
    return `rgb(${[0, 1, 2].map((i) => Math.round(part(a, i) + share * (part(b, i) - part(a, i)))).join(",")})`;
  };

  /** Colour of a gain: logarithmic, from a thousandth of the highest up. */
  function gainColour(gain, top) {
    if (!(gain > 0) || !(top > 0)) return "#8b857c";
    const at = Math.min(Math.max(1 + Math.log10(gain / top) / 3, 0), 1) * (GAIN.length - 1);
    const i = Math.min(Math.floor(at), GAIN.length - 2);
    return mix(GAIN[i], GAIN[i + 1], at - i);
  }

  const lines = (features) => ({
    type: "FeatureCollection",
    features: features.map(({ parts, ...properties }) => ({ type: "Feature", properties, geometry: { type: "MultiLineString", coordinates: parts } })),
  });
  const areas = (features) => ({
    type: "FeatureCollection",
    features: features.map(({ rings, ...properties }) => ({
      type: "Feature", properties, geometry: { type: "MultiPolygon", coordinates: rings.map((ring) => [ring]) },
    })),
  });

  /** Room for the legend on wide screens. */
  const padding = () => ({ top: 6, right: 6, bottom: 6, left: window.innerWidth > 1100 ? 295 : 6 });

  function create(container, frame, labels) {
    const [[west, north], , [east, south]] = frame.corners;
    const bounds = [[west, south], [east, north]];
    const map = new maplibregl.Map({
      container, bounds, fitBoundsOptions: { padding: padding() }, attributionControl: false, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, renderWorldCopies: false, fadeDuration: 0, maxZoom: 13, locale: labels,
      canvasContextAttributes: { preserveDrawingBuffer: true },
      maxBounds: [[west - (east - west), Math.max(south - (north - south), -85)], [east + (east - west), Math.min(north + (north - south), 85)]],
      style: { version: 8, sources: {}, layers: [{ id: "background", type: "background", paint: { "background-color": "#e3e0da" } }] },
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
    map.addControl(new maplibregl.ScaleControl({ maxWidth: 140 }), "bottom-left");
    const view = { map, bounds, markers: new Map(), names: [] };
    map.on("moveend", () => arrange(view));
    view.ready = new Promise((resolve) => map.on("load", () => { dress(view, frame); resolve(view); }));
    return view;
  }

  function dress(view, frame) {
    const { map } = view;
    const canvas = () => Object.assign(document.createElement("canvas"), { width: frame.width, height: frame.height });
    view.canvases = { ground: canvas(), surface: canvas() };
    for (const id of ["ground", "surface"]) {
      map.addSource(id, { type: "canvas", canvas: view.canvases[id], coordinates: frame.corners, animate: false });
      map.addLayer({ id, type: "raster", source: id, paint: { "raster-resampling": "nearest", "raster-fade-duration": 0 } });
    }
    for (const id of ["places", "borders", "paths", "fences"]) map.addSource(id, { type: "geojson", data: lines([]), tolerance: 0 });
    const line = (id, source, paint, layout = {}) => map.addLayer({ id, source, type: "line", paint, layout });
    const byRole = ["match", ["get", "role"], "to", "#00695c", "#5e3c99"];
    map.addLayer({ id: "places", source: "places", type: "fill", paint: { "fill-color": byRole, "fill-opacity": 0.22 } });
    line("places-line", "places", { "line-color": byRole, "line-width": 1.6 });
    line("borders", "borders", { "line-color": "#3c3c3c", "line-width": 1.1, "line-dasharray": [6, 2, 1.2, 2] });
    line("paths-case", "paths", { "line-color": "#ffffff", "line-width": 3.4, "line-opacity": 0.85 });
    line("paths", "paths", { "line-color": "#0b0b0b", "line-width": 1.6, "line-dasharray": [4, 1.6] });
    line("fences-case", "fences", { "line-color": "#26211c", "line-width": 5 }, { "line-cap": "round" });
    line("fences", "fences", { "line-color": ["get", "colour"], "line-width": 3.2 }, { "line-cap": "round" });
  }

  /** Show what was painted on a canvas. */
  function refresh(view, id) {
    const source = view.map.getSource(id);
    source.play();
    view.map.once("render", () => source.pause());
    view.map.triggerRepaint();
  }

  function setLines(view, { stretches, gains, fences, paths, borders, top }) {
    const coloured = stretches.length
      ? stretches.map((s, i) => ({ parts: s.parts, colour: gainColour(gains[i], top) }))
      : fences.map((f) => ({ parts: f.parts, colour: gainColour(null, 0) }));
    view.map.getSource("fences").setData(lines(coloured));
    view.map.getSource("paths").setData(lines(paths));
    view.map.getSource("borders").setData(lines(borders.map((part) => ({ parts: [part] }))));
  }

  const SAME_SPOT = 11;
  const SAME_NUMBERS = 17;
  const overlap = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const moved = (box, [x, y]) => ({ left: box.left + x, right: box.right + x, top: box.top + y, bottom: box.bottom + y });

  /** Shifts of a name from the middle of its place, the nearest first [px]. */
  const around = (beside, above) => [[0, 0], [0, -above], [0, above], [beside, 0], [-beside, 0], [beside, -above], [-beside, -above], [beside, above], [-beside, above],
    [beside / 2, -above], [-beside / 2, -above], [beside / 2, above], [-beside / 2, above]];

  /** Passages on the spot of a better one, and names without a free place beside theirs on the map, are hidden until there is room. */
  function arrange(view) {
    const frame = view.map.getContainer().getBoundingClientRect();
    const taken = [...thin(view), ...[...document.querySelectorAll(".corner .fold, .toolbox")].map((part) => part.getBoundingClientRect())];
    view.names.forEach((marker) => {
      const element = marker.getElement();
      marker.setOffset([0, 0]);
      const box = element.getBoundingClientRect();
      const tries = [14, 32].flatMap((apart) => around(box.width / 2 + apart, box.height / 2 + apart));
      const outside = (spot) => box.width * box.height - overlap(spot, frame);
      const costs = tries.map((by) => taken.reduce((sum, other) => sum + overlap(moved(box, by), other), outside(moved(box, by))));
      const best = costs.indexOf(Math.min(...costs));
      element.style.visibility = costs[best] > 0.02 * box.width * box.height ? "hidden" : "visible";
      marker.setOffset(tries[best]);
      if (element.style.visibility === "visible") taken.push(moved(box, tries[best]));
    });
  }

  /** Boxes of the passages that are shown: open ones, and of those on one spot the best. */
  function thin(view) {
    const elements = [...view.markers.values()].map((marker) => marker.getElement());
    const rank = (element) => (element.getAttribute("aria-pressed") === "true" ? 0 : Number(element.dataset.rank));
    const shown = [...(view.stands || new Map()).values()].map((marker) => marker.getElement().getBoundingClientRect());
    const apart = (a, b) => Math.hypot(a.left + a.right - b.left - b.right, a.top + a.bottom - b.top - b.bottom) / 2;
    const passages = [];
    elements.sort((a, b) => rank(a) - rank(b)).forEach((element) => {
      const box = element.getBoundingClientRect();
      const covered = rank(element) > 0 && passages.some((other) => apart(box, other) < (box.width + other.width > 40 ? SAME_NUMBERS : SAME_SPOT));
      element.style.visibility = covered ? "hidden" : "visible";
      if (!covered) passages.push(box);
    });
    return [...shown, ...passages];
  }

  function setPlaces(view, places) {
    view.map.getSource("places").setData(areas(places));
    view.names.forEach((marker) => marker.remove());
    view.names = places.map((p) => {
      const element = make("div", { class: `place ${p.role}` }, p.name);
      return new maplibregl.Marker({ element, anchor: "center" }).setLngLat(middle(p.rings[0])).addTo(view.map);
    });
    arrange(view);
  }

  const middle = (ring) => [0, 1].map((i) => (Math.min(...ring.map((p) => p[i])) + Math.max(...ring.map((p) => p[i]))) / 2);

  function show(view, layers, opacity) {
    Object.entries(LINES).forEach(([name, ids]) => ids.forEach((id) => view.map.setLayoutProperty(id, "visibility", layers[name] ? "visible" : "none")));
    view.map.setPaintProperty("surface", "raster-opacity", opacity);
    view.names.forEach((marker) => { marker.getElement().hidden = !layers.names; });
    [...view.markers.values(), ...(view.stands || new Map()).values()].forEach((marker) => { marker.getElement().hidden = !layers.passages; });
  }

  /** Buttons for passages; the list is the way for the keyboard, so these stay out of its order. */
  function setPassages(view, passages, onPress, onNear) {
    view.markers.forEach((marker) => marker.remove());
    view.markers.clear();
    passages.forEach((p) => {
      const element = make("button", { type: "button", class: "passage", tabindex: "-1", onclick: (event) => { event.stopPropagation(); onPress(p.id); },
        onmouseenter: () => onNear(p.id), onmouseleave: () => onNear(null) });
      element.dataset.rank = p.number || 1000;
      element.style.zIndex = String(1001 - element.dataset.rank);
      view.markers.set(p.id, new maplibregl.Marker({ element }).setLngLat([p.lon, p.lat]).addTo(view.map));
    });
  }

  /** Squares for those that stand; a click opens what is known of one. */
  function setStanding(view, standing, onNear) {
    (view.stands || []).forEach((marker) => marker.remove());
    view.stands = new Map(standing.map((p) => {
      const text = [p.name, ...p.says];
      const element = make("button", { type: "button", class: p.label ? "standing" : "standing many", tabindex: "-1", title: text.join("\n"), "aria-label": `${p.id}: ${text.join(", ")}`,
        onmouseenter: () => onNear(p.id), onmouseleave: () => onNear(null) }, p.label ? make("span", {}, p.label) : "");
      const popup = new maplibregl.Popup({ offset: 10, closeButton: false }).setDOMContent(make("div", {}, make("b", {}, `${p.id} ${p.name}`), ...p.says.map((words) => make("div", {}, words))));
      return [p.id, new maplibregl.Marker({ element }).setLngLat([p.lon, p.lat]).setPopup(popup).addTo(view.map)];
    }));
  }

  /** Two maps that move as one. */
  function couple(one, two) {
    let busy = false;
    const follow = (from, to) => () => {
      if (busy) return;
      busy = true;
      to.jumpTo({ center: from.getCenter(), zoom: from.getZoom() });
      busy = false;
    };
    one.map.on("move", follow(one.map, two.map));
    two.map.on("move", follow(two.map, one.map));
    follow(one.map, two.map)();
  }

  /** Longitude and latitude of the middle, and zoom; and to go there. */
  const placeOf = ({ map }) => [...[map.getCenter().lng, map.getCenter().lat].map((v) => Number(v.toFixed(4))), Number(map.getZoom().toFixed(2))];
  const place = ({ map }, [lon, lat, zoom]) => map.jumpTo({ center: [lon, lat], zoom });

  root.otkelMap = { arrange, create, placeOf, place, refresh, setLines, setPlaces, setPassages, setStanding, show, couple, padding, gainColour, GAIN };
})(globalThis);
