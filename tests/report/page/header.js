// What stands above the picture: the verdict, the rule and its proof, the commands to copy, and the tools.

function buildHead(view) {
  const { run, failure } = model;
  const head = document.getElementById("head");
  const title = el(
    "h1",
    {},
    el("span", { class: `verdict ${run.verdict}` }, run.verdict),
    ` ${run.test} `,
    el("code", {}, run.seed),
  );
  head.append(title);
  if (failure) head.append(buildFailure(view, failure));
  else head.append(el("p", { class: "meta" }, run.about));
  if (run.remark) head.append(el("p", { class: "meta" }, run.remark));
  if (model.causes) head.append(buildCauses(view));
  if (model.against) head.append(buildAgainst(view));
  const facts = `${run.implementation}, part ${run.part}, ${run.servers} servers, policy ${run.policy}, ${run.steps} steps of the scheduler, fingerprint ${run.fingerprint}`;
  const more = el(
    "details",
    { class: "commands" },
    el("summary", {}, "Commands and facts"),
    el("p", { class: "meta" }, facts),
    ...(failure ? [el("p", { class: "meta" }, `The test: ${run.about}${failure.place ? `, at ${failure.place}` : ""}`)] : []),
  );
  for (const [word, command] of model.commands) more.append(commandLine(word, command));
  head.append(more);
}

function buildFailure(view, failure) {
  const box = el("div", { class: "failure" }, el("p", { class: "headline", dir: "auto" }, failure.headline));
  const rows = [
    ["rule", failure.rule],
    ["expected", failure.expected],
    ["seen", failure.seen],
    ["often", failure.hint?.includes(", or ") ? `one of: ${failure.hint}` : failure.hint],
  ];
  const facts = el("dl", {});
  for (const [name, words] of rows) if (words) facts.append(el("dt", {}, name), el("dd", { dir: "auto" }, words));
  box.append(facts);
  const illegal = model.operations.findIndex((operation) => operation[6]);
  if (illegal >= 0) {
    const button = el("button", { id: "illegal" }, "To the operation that no order agrees with");
    button.addEventListener("click", () => view.goToOperation(illegal));
    box.append(button);
  }
  return el("div", { class: "verdictbox" }, box, buildSteps(view));
}

/// What led to it, step by step.
function buildSteps(view) {
  if (view.steps.length === 0) return null;
  const list = el("ol", { class: "proof", "aria-label": "What led to it" });
  for (const { event, why, weight } of view.steps) {
    const button = el("button", {}, `${seconds(event.t)} s `, el("bdi", {}, cut(wordsOf(event), 130)));
    button.addEventListener("click", () => view.go(event.i));
    list.append(
      el(
        "li",
        { class: `${weight >= MISTAKE ? "mistake" : ""}${event === view.opening ? " opening" : ""}` },
        button,
        why ? el("span", { class: "why" }, ` ${why}`) : null,
      ),
    );
  }
  return el("div", { class: "steps" }, el("p", { class: "meta" }, "What led to it (k: next step, K: the one before)"), list);
}

function buildCauses(view) {
  const { moments, jump, tries, none } = model.causes;
  if (none !== null) return el("p", { class: "causes" }, `Where it was lost: ${none}.`);
  const percent = ([, tried, failed]) => `${tried === 0 ? "?" : Math.round((failed / tried) * 100)} %`;
  const event = view.causeEvents[jump];
  const button = el("button", {}, wordsOf(event));
  button.addEventListener("click", () => view.go(event.i));
  return el(
    "p",
    { class: "causes" },
    "Where it was lost: after ",
    button,
    ` ${percent(moments[jump])} of the continuations fail, before it ${percent(moments[jump - 1])} (up to ${tries} from each moment).`,
  );
}

function buildAgainst(view) {
  const { label, verdict, same } = model.against;
  const box = el("p", { class: "against" }, `Compared with ${label}, which ${verdict}. `);
  const jump = el("button", {}, "First event that differs (d)");
  jump.addEventListener("click", () => view.goToDifference());
  const swap = el("button", { id: "swap", "aria-pressed": "false" }, "Show the other run (x)");
  swap.addEventListener("click", () => view.swap());
  box.append(jump, " ", swap, ` The first ${same} events are the same.`);
  return box;
}

function commandLine(word, command) {
  const code = el("code", {}, command);
  const copy = el("button", { "aria-label": `Copy the command: ${word}` }, "Copy");
  copy.addEventListener("click", async () => {
    // A page from the disk may not use the clipboard everywhere: then the text is at least selected.
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Selected";
    }
    setTimeout(() => {
      copy.textContent = "Copy";
    }, 1500);
  });
  return el("p", { class: "command" }, el("span", { class: "word" }, word), code, copy);
}

/// Search, buttons for what keys do, and switches.
function buildTools(view) {
  const tools = document.getElementById("tools");
  const search = el("input", {
    id: "search",
    type: "search",
    placeholder: "Search:  vote  server:2  term:3  is:lost  granted after crash",
    "aria-label":
      "Search events: words, server:2, term:3, type:sent, from:S1, to:S2, is:lost, late, repeated, reordered, fault or proof; X after Y within 200ms",
    spellcheck: "false",
    autocomplete: "off",
  });
  search.addEventListener("input", () => view.search(search.value));
  tools.append(search);
  const button = (words, title, act, id = null, pressed = null) => {
    const made = el("button", { title, id, "aria-pressed": pressed, "aria-label": title }, words);
    made.addEventListener("click", act);
    tools.append(made);
  };
  button("↑", "Match before (N)", () => view.match(-1));
  button("↓", "Next match (n)", () => view.match(1));
  button("Only matches", "List only what matches (m)", () => view.toggle("onlyMatches"), "onlyMatches", "false");
  button("◀", "Event before (left arrow)", () => view.step(-1));
  button("▶", "Next event (right arrow)", () => view.step(1));
  button("−", "Zoom out (-)", () => view.zoom(1.6));
  button("+", "Zoom in (+)", () => view.zoom(1 / 1.6));
  button("Fit", "The whole run (0)", () => view.fit());
  button("Even", "Events at even distances, or true to time (e)", () => view.toggleAxis(), "isEven", "true");
  if (view.failureAt !== null) button("Failure", "To the failure (j)", () => view.go(view.failureAt));
  if (view.steps.length > 0)
    button(
      "Steps only",
      "Fade everything but the steps that led to the failure (p)",
      () => view.toggle("fades"),
      "fades",
      "false",
    );
  button("Theme", "Light or dark (t)", () => view.toggleTheme());
  button("?", "All keys (?)", () => view.help());
}
