/* Surfaces: bytes to values and colours. 0 unknown, 1..253 on a logarithmic scale, 254 zero, 255 infinite. */
(function (root) {
  "use strict";
  const MOST = 253;
  const NONE = 254;
  const CUT_OFF = 255;
  const LAND = [243, 239, 230];
  const WATER = [203, 218, 228];
  const UNKNOWN = [227, 224, 218];
  const NO_WAY = [167, 161, 176];

  /** Bytes of a packed raster; see packed() in surfaces.py. */
  async function unpack(text, width) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const all = new Uint8Array(await new Response(stream).arrayBuffer());
    const pixels = all.subarray(1);
    if (all[0] === 1) for (let i = width; i < pixels.length; i++) pixels[i] += pixels[i - width];
    return pixels;
  }

  /** 256 colours of a theme as 32-bit RGBA. */
  function colours(palette, theme) {
    const table = new Uint8ClampedArray(1024);
    for (let i = 0; i < 4 * MOST; i++) table[i + 4] = parseInt(palette.slice(2 * i, 2 * i + 2), 16);
    if (theme === "cost" || theme === "corridor") table.copyWithin(4 * NONE, 4, 8);
    if (theme === "cost") table.set([...NO_WAY, 255], 4 * CUT_OFF);
    if (theme === "resistance") table.set([...WATER, 255], 4 * CUT_OFF);
    return new Uint32Array(table.buffer);
  }

  /** Ground: land under its relief, water and unknown flat. */
  function groundColours() {
    const table = new Uint8ClampedArray(1024).fill(255);
    for (let b = 1; b <= MOST; b++) {
      const light = 0.6 + (0.65 * (b - 1)) / (MOST - 1);
      table.set(LAND.map((c) => c * light), 4 * b);
    }
    table.set(UNKNOWN, 0);
    table.set(WATER, 4 * CUT_OFF);
    return new Uint32Array(table.buffer);
  }

  function paint(canvas, pixels, table) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const out = new Uint32Array(image.data.buffer);
    for (let i = 0; i < out.length; i++) out[i] = table[pixels[i]];
    context.putImageData(image, 0, 0);
  }

  const valueOf = (byte, scale) => scale.low * (scale.high / scale.low) ** ((byte - 1) / (MOST - 1));

  /** A byte as { value, bound }: bound says that it is at most or at least that. */
  function reading(byte, scale) {
    if (byte === 0) return null;
    if (byte === NONE) return { value: 0, bound: "" };
    if (byte === CUT_OFF) return { value: Infinity, bound: "" };
    return { value: valueOf(byte, scale), bound: byte === 1 && scale.under ? "≤ " : byte === MOST && scale.over ? "≥ " : "" };
  }

  /** Pixel under a position, or -1. */
  function pixelAt(frame, lon, lat) {
    const [[west, north], , [east, south]] = frame.corners;
    const up = (degrees) => Math.asinh(Math.tan((degrees * Math.PI) / 180));
    const col = Math.floor(((lon - west) / (east - west)) * frame.width);
    const row = Math.floor(((up(north) - up(lat)) / (up(north) - up(south))) * frame.height);
    return col < 0 || row < 0 || col >= frame.width || row >= frame.height ? -1 : row * frame.width + col;
  }

  root.otkelRasters = { unpack, colours, groundColours, paint, reading, valueOf, pixelAt };
})(globalThis);
