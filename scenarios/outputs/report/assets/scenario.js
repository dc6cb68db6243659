/* A chosen set of passages as a scenario file for `otkel run`. Values are written as JSON, which YAML reads. */
(function (root) {
  "use strict";

  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "") || "chosen";

  /** Openings of the set: one rule for each fence line, design, width and season. */
  function rules(passages, taken) {
    const groups = new Map();
    passages.forEach((p) => {
      const key = JSON.stringify([p.line, p.design, p.width_m, p.months]);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(p);
    });
    let number = 0;
    const name = () => {
      do number += 1; while (taken.has(`chosen-${number}`));
      return `chosen-${number}`;
    };
    return [...groups.values()].map((group) => {
      const { line, design, width_m, months } = group[0];
      const rule = { id: name(), fence_line: line, design, width_m, state: "planned" };
      if (months.length) rule.months = months;
      return { ...rule, at: group.map((p) => p.id) };
    });
  }

  /** { name, text } of the file. */
  function file(study, scenario, passages, called = "") {
    const { base, set, openings } = scenario.basis;
    const own = /[a-z0-9]/i.test(called) ? called : `${scenario.id}-${passages.length}-passages`;
    const id = slug(own);
    const all = [...openings, ...rules(passages, new Set(openings.map((o) => o.id)))];
    const others = Object.entries(set).filter(([key]) => key !== "openings");
    const text = [
      `# Passages chosen in the report of the study ${study.id}, on top of its scenario ${scenario.id}.`,
      `# otkel run STUDY --scenario ${id}.yaml --out results/${id}`,
      `scenario: ${id}`,
      `title: ${JSON.stringify(called || `${scenario.title} + ${passages.length}`)}`,
      `study: ${study.id}`,
      `base: ${base}`,
      "set:",
      ...others.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
      "  openings:",
      ...all.map((rule) => `    - ${JSON.stringify(rule)}`),
      "",
    ].join("\n");
    return { name: `${id}.yaml`, text };
  }

  root.otkelScenario = { file };
})(globalThis);
