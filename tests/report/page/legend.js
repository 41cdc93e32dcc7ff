// What the signs of the picture mean, in sight.

/// A sign, by its class in the style, with what stands in it and what it means.
const LEGEND = [
  ["role F", "F", "follower"],
  ["role C", "C", "candidate"],
  ["role L", "L", "leader, with its term"],
  ["stroke A", "", "request"],
  ["stroke reply", "", "reply"],
  ["stroke V", "", "vote"],
  ["stroke I", "", "snapshot"],
  ["stroke no", "", "refusal"],
  ["stroke lost", "✕", "lost"],
  ["stroke mark", "", "a step to the failure"],
  ["disc", "L", "late"],
  ["disc", "R", "overtaken"],
  ["disc", "2", "arrived again"],
  ["disc", "?", "never answered"],
  ["dot", "", "entry applied"],
  ["tick", "", "saved"],
  ["square", "", "snapshot taken or delivered"],
  ["gap", "+0.4 s", "time between two neighbours"],
];

function buildLegend() {
  const items = LEGEND.map(([name, sign, words]) =>
    el("span", { class: "item" }, el("span", { class: `sign ${name}`, "aria-hidden": "true" }, sign), words),
  );
  document.getElementById("legend").append(el("summary", {}, "Legend"), el("p", {}, ...items));
}
