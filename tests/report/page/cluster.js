// The cluster at the cursor: servers, logs, what leaders know of followers, votes, and who waits for what.

/// So many entries of the logs stand side by side.
const COLUMNS = 14;
/// So many calls that nobody has answered, the last ones.
const CALLS_SHOWN = 8;

class ClusterPanel {
  constructor(view) {
    this.view = view;
    this.root = document.getElementById("cluster");
  }

  update(state) {
    const { view, root } = this;
    const event = view.trace.events[view.cursor];
    root.replaceChildren(el("h2", {}, `Cluster at ${event ? seconds(event.t) : "0"} s`));
    root.append(this.servers(state), el("h3", {}, "Logs"), this.logs(state));
    const leaders = state.filter((server) => server.up && server.role === "L" && server.next.size > 0);
    for (const leader of leaders)
      root.append(
        el("h3", {}, `nextIndex and matchIndex of S${leader.id}, as they should be (leader of term ${leader.term})`),
        this.progress(leader),
      );
    for (const candidate of state.filter((server) => server.up && server.votes !== null && server.votes.term === server.term))
      root.append(...this.votes(candidate, state.length));
    if (view.twin) root.append(...this.compared(view.twin));
    root.append(el("h3", {}, "Who waits for what"), this.waits(event));
  }

  /// Where servers are something else in the other run.
  compared(twin) {
    const rows = twin.differences();
    const title = el("h3", {}, "What differs in the other run at this moment");
    if (rows.length === 0) return [title, el("p", {}, "Nothing that is known of the servers.")];
    return [title, grid("In this run and in the other", ["", "here", "there"], rows)];
  }

  servers(state) {
    const head = ["server", "role", "term", "vote", "commit", "applied", "snapshot", "last", "is"];
    const body = state.map((server) => {
      const role = el(
        "span",
        { class: `role ${server.up ? server.role : "down"}` },
        server.up ? `${server.role} ${ROLES[server.role]}` : "✕",
      );
      return [
        `S${server.id}`,
        role,
        server.term,
        voteWords(server),
        commitWords(server),
        server.applied,
        snapshotWords(server),
        lastWords(server),
        whereabouts(server),
      ];
    });
    const stored = state.some((server) => server.stored);
    const caption = `As messages, calls${stored ? ", saves" : ""} and their log lines have shown`;
    const said = state.filter((server) => server.up && server.said !== null);
    const lines = said.map(({ said }) => el("li", { dir: "auto" }, cut(said, 120)));
    return el(
      "div",
      {},
      grid(caption, head, body),
      lines.length === 0 ? null : el("ul", { class: "said", "aria-label": "The last log line of each server" }, ...lines),
    );
  }

  logs(state) {
    const {
      view: { history, cursor },
    } = this;
    const last = Math.max(1, ...state.map((server) => server.last));
    const first = Math.max(1, Math.min(last, Math.max(...state.map((server) => server.commit), 1) + 5) - COLUMNS + 1);
    const until = Math.min(last, first + COLUMNS - 1);
    const head = ["", ...Array.from({ length: until - first + 1 }, (_, place) => String(first + place))];
    const body = state.map((server) => [
      `S${server.id}`,
      ...head.slice(1).map((index) => this.entry(server, Number(index), history, cursor)),
    ]);
    const out = el("div", {});
    out.append(grid("Entries by index: term, and the beginning of the command", head, body, "log"));
    if (first > 1 || until < last) out.append(el("p", { class: "meta" }, `Entries ${first} to ${until} of ${last}.`));
    out.append(
      el(
        "p",
        { class: "meta" },
        "✓ applied, • committed there, ≠ another entry than was applied elsewhere, ▣ in the snapshot, ? not known, or not sure to be there still; an empty field: nothing has shown an entry there.",
      ),
    );
    return out;
  }

  entry(server, index, history, cursor) {
    if (index <= server.snapshot)
      return el("span", { class: "snap", title: `S${server.id}: entry ${index} is in the snapshot` }, "▣");
    const entry = server.log.get(index);
    if (!entry) {
      const isThere = server.stored && index <= server.stored.last;
      return isThere
        ? el("span", { title: `S${server.id} has stored an entry ${index}, and nothing has shown what it is` }, "?")
        : "";
    }
    const committed = history.committed.get(index);
    const conflicts = committed !== undefined && committed.i <= cursor && committed.term !== entry.term;
    const command = history.commandOf(index, entry);
    const sign = `${entry.unsure ? "?" : ""}${conflicts ? "≠" : ""}${index <= server.applied ? "✓" : index <= server.commit ? "•" : ""}`;
    const words = `S${server.id}, entry ${index}: term ${entry.term}, ${command === undefined ? "command unknown" : cut(show(command), 60)}${index <= server.applied ? ", applied" : index <= server.commit ? ", committed" : ""}${entry.unsure ? "; nothing has shown since whether it is still there" : ""}${conflicts ? `; S${committed.first} has applied another of term ${committed.term} there` : ""}`;
    return el(
      "span",
      {
        class: `cell term${entry.term % 4}${conflicts ? " conflict" : ""}${entry.unsure ? " unsure" : ""}${index <= server.commit ? " sure" : ""}`,
        title: words,
      },
      el("b", {}, `${entry.term}${sign}`),
      el("bdi", {}, command === undefined ? "?" : cut(show(command), 14)),
    );
  }

  progress(leader) {
    const peers = [...new Set([...leader.next.keys(), ...leader.match.keys()])].sort((one, other) => one - other);
    const head = ["", ...peers.map((peer) => `S${peer}`)];
    return grid("Worked out from what it sent and the answers that reached it: what it has itself may be wrong", head, [
      ["nextIndex", ...peers.map((peer) => show(leader.next.get(peer)))],
      ["matchIndex", ...peers.map((peer) => show(leader.match.get(peer)))],
    ]);
  }

  votes(candidate, servers) {
    const { asked, got, refused, term } = candidate.votes;
    const listed = (list) =>
      list.length === 0
        ? "nobody"
        : [...new Set(list)]
            .sort((one, other) => one - other)
            .map((peer) => `S${peer}`)
            .join(", ");
    const need = Math.floor((servers + model.run.scripted) / 2) + 1;
    return [
      el("h3", {}, `Election of term ${term}: S${candidate.id}`),
      table([
        ["has asked", listed(asked)],
        ["votes that reached it", `${listed(got)}: ${got.length}, and ${need} are a majority of all`],
        ["refusals", listed(refused)],
      ]),
    ];
  }

  /// Calls that nobody has answered by now, and threads that wait; at the end of a run what the scheduler said of them.
  waits(event) {
    const {
      view: { trace },
    } = this;
    if (!event) return el("p", {}, "nothing");
    const list = el("ul", { class: "waits" });
    const pending = new Map();
    for (let i = Math.max(0, event.i - 4000); i <= event.i; i += 1) {
      const { kind, message, t } = trace.events[i];
      if (!message) continue;
      if (kind === SENT && !message.reply) pending.set(message.call, { message, t });
      else if (kind === DELIVERED && message.reply) pending.delete(message.call);
    }
    // After seven seconds the network has given up on any call.
    const calls = [...pending.values()].filter(({ t }) => event.t - t < 7e9);
    for (const { message, t } of calls.slice(-CALLS_SHOWN))
      list.append(
        el(
          "li",
          {},
          `${message.from} waits for ${message.to}'s reply to ${methodName(message)} #${message.call}, since ${span(event.t - t)}`,
        ),
      );
    if (calls.length > CALLS_SHOWN) list.append(el("li", {}, `and ${calls.length - CALLS_SHOWN} calls before`));
    const waiting = trace.threads.flatMap(({ node, name, waits }) =>
      waits
        .filter(({ from, to }) => from <= event.t && event.t < to && to - from > 50e6)
        .map(({ from, what }) => `${node}/${name} waits ${what}, since ${span(event.t - from)}`),
    );
    const out = el("div", {}, list.children.length === 0 ? el("p", {}, "Nobody waits for a reply.") : list);
    if (waiting.length > 0) out.append(folded(`${waiting.length} threads wait`, waiting));
    if (model.failure && event.i === trace.events.length - 1) this.ending(out);
    return out;
  }

  ending(out) {
    const { threads, cycle } = model.failure;
    if (cycle.length > 0)
      out.append(el("p", { class: "proof" }, el("strong", {}, `A circle: ${cycle.join(" waits for ")} waits for ${cycle[0]}`)));
    const lines = threads.map(
      ([thread, activity, waitsFor, holds]) =>
        `${thread} ${activity}${waitsFor === null ? "" : `, which ${waitsFor} has`}${holds.length === 0 ? "" : `; it holds locks taken at ${holds.join(", ")}`}`,
    );
    if (lines.length > 0) out.append(folded(`${lines.length} threads when the run ended`, lines, cycle.length > 0));
  }
}

/// Lines that are shown when somebody asks.
function folded(title, lines, isOpen = false) {
  return el(
    "details",
    { open: isOpen ? "" : null },
    el("summary", {}, title),
    el("ul", {}, ...lines.slice(0, 200).map((line) => el("li", {}, line))),
  );
}

/// A table with a caption for screen readers.
function grid(caption, head, body, name = "") {
  const out = el(
    "table",
    { class: `grid ${name}` },
    el("caption", {}, caption),
    el("tr", {}, ...head.map((word) => el("th", { scope: "col" }, word))),
  );
  for (const [first, ...rest] of body)
    out.append(
      el(
        "tr",
        {},
        el("th", { scope: "row" }, first),
        ...rest.map((cell) => el("td", {}, cell instanceof Node ? cell : String(cell))),
      ),
    );
  const box = el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": caption });
  box.append(out);
  return box;
}
