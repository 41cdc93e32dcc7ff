// The keyboard alone suffices.

/// Each with its words and what it does.
const KEYS = [
  [["ArrowRight", "l"], "→ l", "next event (of those that match, if only those are listed)", (view) => view.step(1)],
  [["ArrowLeft", "h"], "← h", "event before", (view) => view.step(-1)],
  [["Home"], "Home", "first event", (view) => view.go(0)],
  [["End"], "End", "last event", (view) => view.go(view.trace.events.length - 1)],
  [["."], ".", "next message to or from the chosen server", (view) => view.seek(1, (event) => view.isMessageOfChosen(event))],
  [[","], ",", "message before, to or from the chosen server", (view) => view.seek(-1, (event) => view.isMessageOfChosen(event))],
  [["r"], "r", "next change of a role", (view) => view.seekRole(1)],
  [["R"], "R", "change of a role before", (view) => view.seekRole(-1)],
  [["f"], "f", "next fault", (view) => view.seek(1, isFault)],
  [["F"], "F", "fault before", (view) => view.seek(-1, isFault)],
  [
    ["j"],
    "j",
    "to the failure",
    (view) => {
      if (view.failureAt !== null) view.go(view.failureAt);
    },
  ],
  [["k"], "k", "next step that led to the failure", (view) => view.seekStep(1)],
  [["K"], "K", "the step before", (view) => view.seekStep(-1)],
  [["u"], "u", "from a request to its reply and back", (view) => view.otherHalf()],
  [["p"], "p", "fade everything but the steps that led to the failure", (view) => view.toggle("fades")],
  [["/"], "/", "search", () => document.getElementById("search").focus()],
  [["n"], "n", "next match", (view) => view.match(1)],
  [["N"], "N", "match before", (view) => view.match(-1)],
  [["m"], "m", "list only what matches", (view) => view.toggle("onlyMatches")],
  [["+", "="], "+", "zoom in", (view) => view.zoom(1 / 1.6)],
  [["-"], "-", "zoom out", (view) => view.zoom(1.6)],
  [["0"], "0", "the whole run", (view) => view.fit()],
  [["["], "[", "to the left", (view) => view.pan(-0.3)],
  [["]"], "]", "to the right", (view) => view.pan(0.3)],
  [["e"], "e", "axis: events at even distances, or true to time", (view) => view.toggleAxis()],
  [
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    "1 … 9",
    "choose server 0 … 8, or none again",
    (view, key) => view.choose(view.server === Number(key) - 1 ? null : Number(key) - 1),
  ],
  [
    ["w"],
    "w",
    "threads of the chosen server",
    (view) => {
      if (view.server !== null) view.fold(view.server);
    },
  ],
  [["d"], "d", "first event that differs from the other run", (view) => view.goToDifference()],
  [["x"], "x", "the other run, and back", (view) => view.swap()],
  [["t"], "t", "light or dark", (view) => view.toggleTheme()],
  [["Escape"], "Esc", "leave the search; choose no server", (view) => view.choose(null)],
  [["?"], "?", "these keys", (view) => view.help()],
];

function listenToKeys(view) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
    const { target, key } = event;
    if (target.id === "search") {
      if (key === "Enter") view.match(event.shiftKey ? -1 : 1);
      else if (key === "Escape") document.getElementById("stage").focus();
      else return;
      event.preventDefault();
      return;
    }
    // In the list up and down do what they do in lists.
    const inList = target.id === "list" ? { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[key] : undefined;
    const found = KEYS.find(([keys]) => keys.includes(key));
    if (inList !== undefined) view.step(inList);
    else if (found) found[3](view, key);
    else return;
    event.preventDefault();
  });
}

function buildHelp() {
  const help = document.getElementById("help");
  const keys = el("table", { class: "fields" });
  for (const [, sign, words] of KEYS)
    keys.append(el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, sign)), el("td", {}, words)));
  const signs = el(
    "ul",
    {},
    ...[
      "F follower, C candidate (hatched), L leader, with its term; a dashed frame: cut off; hatched in the colour of faults: paused",
      "arrows: requests thick, replies thin, heartbeats pale, refusals in a colour of their own; dashed with a cross: lost",
      "in a disc: L late, R overtaken by a later one, 2 arrived again, ? never answered",
      "below a server: a dot is an entry that it applied, a stroke a save, a square a snapshot",
      'search: words, server:2, term:3, type:applied, from:S1, to:S2, is:lost, is:late, is:repeated, is:reordered, is:fault, is:proof; "granted after crash", "crash then granted within 500ms"',
      "the address of the page holds the moment, the part in sight and the search: it can be sent to somebody",
    ].map((words) => el("li", {}, words)),
  );
  const close = el("button", { autofocus: "" }, "Close");
  close.addEventListener("click", () => help.close());
  help.append(el("h2", {}, "Keys"), keys, el("h2", {}, "Signs"), signs, close);
}
