// The event under the cursor in full: its words, its fields, what became of a message, and what the event changed.

class Details {
  constructor(view) {
    this.view = view;
    this.root = document.getElementById("details");
  }

  update() {
    const { view, root } = this;
    const event = view.trace.events[view.cursor];
    root.replaceChildren(el("h2", {}, "Event"));
    if (!event) return;
    root.append(el("p", { class: "headline", dir: "auto" }, wordsOf(event)));
    root.append(
      el(
        "p",
        { class: "meta" },
        `event ${event.i + 1} of ${view.trace.events.length}, at ${seconds(event.t)} s${event.who === null ? "" : `, ${event.who}`}`,
      ),
    );
    if (isProof(event))
      root.append(
        el(
          "p",
          { class: "badges" },
          el(
            "strong",
            { class: "proof" },
            `part of the proof of what went wrong${view.stepOf.get(event.i)?.why ? `: ${view.stepOf.get(event.i).why}` : ""}`,
          ),
        ),
      );
    if (event.message) this.message(event.message);
    else if (event.fields) root.append(table(Object.entries(event.fields)));
    this.changes(event);
    this.operation();
  }

  message(message) {
    const { root } = this;
    const other = message.other;
    const jump = other?.first;
    if (jump) root.append(this.button(message.reply ? "Its request (u)" : "Its reply (u)", () => this.view.go(jump.i)));
    else
      root.append(
        el(
          "p",
          { class: "meta" },
          message.reply ? "The request lies before the part of the run that is kept." : "No reply was ever given: unanswered.",
        ),
      );
    const content = message.content;
    const isStruct =
      content !== null && typeof content === "object" && !Array.isArray(content) && !(content instanceof Beginning);
    root.append(table(isStruct ? Object.entries(content) : [["content", content]]));
    const way = [];
    if (message.made !== null) way.push([message.made, "made", null], [message.sent, "sent", message.sentBy]);
    for (const arrival of message.arrivals) way.push([arrival.t, `arrived${arrivalNotes(arrival)}`, arrival]);
    for (const end of message.ends) way.push([end.t, end.words, end]);
    if (message.arrivals.length + message.ends.length === 0)
      way.push([this.view.trace.end, "still under way when the run ended", null]);
    const list = el("ol", { class: "way" });
    for (const [t, words, event] of way.sort((one, next) => one[0] - next[0])) {
      list.append(el("li", {}, `${seconds(t)} s `, event ? this.button(words, () => this.view.go(event.i)) : words));
    }
    root.append(el("h3", {}, `What became of it (${message.size} bytes, ${message.method} #${message.call})`), list);
  }

  changes(event) {
    const found = changes(this.view.history, event.i);
    if (found.length === 0) return;
    this.root.append(el("h3", {}, "What it changed"), el("ul", {}, ...found.map((words) => el("li", {}, words))));
  }

  /// The operation that was clicked.
  operation() {
    const { operation } = this.view;
    if (operation === null) return;
    const [client, call, answer, asked, ended, failed, illegal, place] = model.operations[operation];
    const outcome = failed ? "it never took effect" : answer === null ? "no answer" : answer;
    this.root.append(
      el("h3", {}, `Operation of C${client}`),
      table([
        ["call", call],
        ["answer", outcome],
        ["asked", `${seconds(asked)} s`],
        ["ended", ended === null ? "never" : `${seconds(ended)} s`],
        ["place in an order that explains the others", place],
        ["illegal", illegal ? "no order of the operations agrees with this answer" : "no"],
      ]),
    );
  }

  button(words, act) {
    const button = el("button", {}, words);
    button.addEventListener("click", act);
    return button;
  }
}

/// Names and values. Lists of structs, such as entries, are tables in it.
function table(rows) {
  const out = el("table", { class: "fields" });
  for (const [name, value] of rows)
    out.append(el("tr", {}, el("th", { scope: "row" }, name), el("td", { dir: "auto" }, ...cellsOf(value))));
  return out;
}

function cellsOf(value) {
  const list = value instanceof Beginning && Array.isArray(value.of) ? value.of : value;
  if (!Array.isArray(list) || list.length === 0 || typeof list[0] !== "object" || list[0] === null) return [show(value)];
  const columns = Object.keys(list[0]);
  const inner = el("table", { class: "entries" }, el("tr", {}, ...columns.map((column) => el("th", { scope: "col" }, column))));
  for (const entry of list)
    inner.append(el("tr", {}, ...columns.map((column) => el("td", { dir: "auto" }, cut(show(entry?.[column]), 60)))));
  return value instanceof Beginning ? [inner, `and ${value.more} more`] : [inner];
}
