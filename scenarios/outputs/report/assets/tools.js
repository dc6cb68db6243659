/* What the map lets one do with a pointer: measure ways, and find the modelled place that is nearest. */
(function (root) {
  "use strict";
  const RADIUS_KM = 6371.0088;
  const FARTHEST_KM = 20;

  /** Great-circle distance of two [lon, lat] [km]. */
  function km([lon1, lat1], [lon2, lat2]) {
    const rad = Math.PI / 180;
    const half = (a, b) => Math.sin(((b - a) * rad) / 2) ** 2;
    const h = half(lat1, lat2) + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * half(lon1, lon2);
    return 2 * RADIUS_KM * Math.asin(Math.sqrt(h));
  }

  /** The passage that can be tried and is nearest to a place, with its distance; null where none is within 20 km. */
  function nearest(passages, place) {
    const found = passages.filter((p) => p.canOpen).map((p) => ({ passage: p, km: km([p.lon, p.lat], place) })).sort((a, b) => a.km - b.km)[0];
    return found && found.km <= FARTHEST_KM ? found : null;
  }

  const length = (points) => points.slice(1).reduce((sum, point, i) => sum + km(points[i], point), 0);

  /** Line and corners of a way that is being measured, on a view. */
  function draw(view, points) {
    const feature = (type, coordinates) => ({ type: "Feature", properties: {}, geometry: { type, coordinates } });
    const data = { type: "FeatureCollection", features: [feature("LineString", points), feature("MultiPoint", points)] };
    if (view.map.getSource("measured")) return view.map.getSource("measured").setData(data);
    view.map.addSource("measured", { type: "geojson", data });
    view.map.addLayer({ id: "measured-case", source: "measured", type: "line", paint: { "line-color": "#fff", "line-width": 5 } });
    view.map.addLayer({ id: "measured", source: "measured", type: "line", paint: { "line-color": "#0b5c8a", "line-width": 2.6 } });
    return view.map.addLayer({ id: "measured-points", source: "measured", type: "circle", paint: { "circle-color": "#fff", "circle-radius": 4, "circle-stroke-color": "#0b5c8a", "circle-stroke-width": 2 } });
  }

  root.otkelTools = { FARTHEST_KM, km, nearest, length, draw };
})(globalThis);
