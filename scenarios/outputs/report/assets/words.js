/* Words and numbers in the reader's language. */
(function (root) {
  "use strict";
  const LANGUAGES = ["en", "ru", "kk"];
  let phrases = {};
  let lang = "en";

  function use(catalogues, language) {
    phrases = catalogues;
    lang = LANGUAGES.includes(language) ? language : "en";
    document.documentElement.lang = lang;
  }

  /** The sentence in the reader's language, its {names} filled in. */
  function t(text, values) {
    const found = (phrases[lang] || {})[text] || text;
    return values ? found.replace(/\{(\w+)\}/g, (_, name) => values[name]) : found;
  }

  function number(value, figures = 4) {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    if (value === Infinity) return t("no route");
    if (value !== 0 && Math.abs(value) < 1e-3 && Number.isFinite(value)) {
      const power = Math.floor(Math.log10(Math.abs(value)));
      return `${number(value / 10 ** power, Math.min(figures, 3))}·10⁻${[...String(-power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
    }
    return plain(value, figures);
  }

  const plain = (value, figures) => new Intl.NumberFormat(lang === "kk" ? "ru" : lang, { maximumSignificantDigits: figures }).format(value);

  /** A share in per cent, never with a power of ten: under a ten-thousandth of one it is rounding. */
  const share = (value) => `${Number.isFinite(value) ? plain(Math.abs(value) < 1e-6 ? 0 : 100 * value, 3) : number(value)}\u00a0%`;
  const named = (names) => names[lang] || names.en;

  /** Every element with data-t, data-t-label or a sentence of its own. */
  function translate(scope) {
    scope.querySelectorAll("[data-t]").forEach((e) => { e.textContent = t(e.dataset.t); });
    scope.querySelectorAll("[data-t-label]").forEach((e) => e.setAttribute("aria-label", t(e.dataset.tLabel)));
  }

  /** An element with attributes and children; no HTML is ever parsed. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    });
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  root.otkelWords = { LANGUAGES, use, t, number, share, named, translate, make, language: () => lang };
})(globalThis);
