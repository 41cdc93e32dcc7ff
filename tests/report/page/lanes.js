// Which lanes there are, how high they are, and what stands at their left.

const HEIGHTS = { marks: 20, script: 40, test: 34, faults: 34, server: 64, client: 26, thread: 16 };

/// So many clients have a lane.
const CLIENTS_SHOWN = 40;
/// So many threads of a server are shown.
const THREADS_SHOWN = 24;

/// The threads of a server that live at a moment, or else the last ones.
function threadsOf(trace, id, t) {
  const all = trace.threads.filter(({ node }) => node === `S${id}`);
  const alive = all.filter(({ born, ended }) => born <= t && t <= ended);
  return (alive.length > 0 ? alive : all).slice(-THREADS_SHOWN);
}

/// The lanes of a trace from top to bottom, each with its place; unfolded servers have the threads of the moment `t`.
function lanesOf(trace, unfolded, t) {
  const lanes = [
    { kind: "marks", name: "marks" },
    { kind: "test", name: "test" },
    { kind: "faults", name: "faults" },
  ];
  for (let id = 0; id < model.run.servers; id += 1) {
    lanes.push({ kind: "server", name: `S${id}`, id });
    if (unfolded.has(id)) for (const thread of threadsOf(trace, id, t)) lanes.push({ kind: "thread", name: thread.name, thread });
  }
  for (let id = model.run.servers; id < model.run.servers + model.run.scripted; id += 1)
    lanes.push({ kind: "script", name: `S${id}` });
  for (const name of clientsOf(trace).slice(0, CLIENTS_SHOWN)) lanes.push({ kind: "client", name });
  const dense = model.run.servers > 9;
  let top = 4;
  for (const lane of lanes) {
    lane.top = top;
    lane.height = dense && lane.kind === "server" ? 44 : HEIGHTS[lane.kind];
    lane.middle = top + (lane.kind === "server" ? lane.height * 0.42 : lane.height / 2);
    top += lane.height;
  }
  return {
    lanes,
    height: top + 4,
    byName: new Map(lanes.filter(({ kind }) => kind !== "thread").map((lane) => [lane.name, lane])),
  };
}

/// Those who are no servers and send or get messages, or ask a service.
function clientsOf(trace) {
  const found = new Set(model.operations.map(([client]) => `C${client}`));
  for (const { from, to } of trace.messages)
    for (const name of [from, to]) if (serverOf(name) === null && /^C\d+$/.test(name)) found.add(name);
  return [...found].sort((one, other) => Number(one.slice(1)) - Number(other.slice(1)));
}

/// What stands at the left of a lane that is no server's.
function laneWords({ kind, name }) {
  if (kind === "marks") return "";
  if (kind === "script") return `${name} (script)`;
  return kind === "client" && model.run.is_called ? `caller ${name.slice(1)}` : name;
}

/// When the network was split, and into which groups.
function partitionsOf(trace) {
  const out = [];
  for (const event of trace.events) {
    if (event.kind === MARK && event.name === "note") {
      const [, groups] = /^the network is split: (.*)$/.exec(event.fields.text) ?? [];
      if (!groups) continue;
      // A new split takes the place of the one before.
      for (const open of out) if (open.to === trace.end) open.to = event.t;
      out.push({
        from: event.t,
        to: trace.end,
        groups: groups.split("|").map((group) => group.split(",").map((name) => name.trim())),
      });
    } else if (event.kind === RULE && /^end of .*partition/i.test(event.words)) {
      const open = out.find(({ to }) => to === trace.end);
      if (open) open.to = event.t;
    }
  }
  return out;
}

/// The column at the left: names, and for servers what they are at the moment. Also for the keyboard: each server is a button.
class Labels {
  constructor(view, root) {
    this.view = view;
    this.root = root;
    this.servers = [];
  }

  build() {
    const { layout } = this.view;
    this.root.replaceChildren();
    this.root.style.height = `${layout.height}px`;
    this.servers = [];
    for (const lane of layout.lanes) {
      const box = el("div", { class: `label ${lane.kind}` });
      box.style.top = `${lane.top}px`;
      box.style.height = `${lane.height}px`;
      if (lane.kind === "server") this.buildServer(box, lane);
      else box.append(el("span", { title: lane.name }, laneWords(lane)));
      this.root.append(box);
    }
  }

  buildServer(box, lane) {
    const { view } = this;
    const pick = el(
      "button",
      {
        class: "pick",
        "aria-pressed": "false",
        title: `Choose S${lane.id}: keys go by it (${lane.id < 9 ? lane.id + 1 : "click"})`,
      },
      `S${lane.id}`,
    );
    pick.addEventListener("click", () => view.choose(view.server === lane.id ? null : lane.id));
    const role = el("span", { class: "role" });
    const facts = el("span", { class: "facts" });
    const fold = el(
      "button",
      {
        class: "fold",
        "aria-expanded": String(view.unfolded.has(lane.id)),
        "aria-label": `Threads of S${lane.id}`,
        title: "Show the threads of this server",
      },
      view.unfolded.has(lane.id) ? "▾" : "▸",
    );
    fold.addEventListener("click", () => view.fold(lane.id));
    box.append(el("div", {}, pick, role, fold), facts);
    this.servers.push({ id: lane.id, pick, role, facts });
  }

  /// At this moment.
  update(state) {
    for (const { id, pick, role, facts } of this.servers) {
      const server = state[id];
      const is = whereabouts(server);
      const letter = server.up ? server.role : "✕";
      role.textContent = `${letter} T${server.term}`;
      role.className = `role ${server.up ? server.role : "down"}`;
      role.title = server.up ? `${ROLES[server.role]}, term ${server.term}` : is;
      facts.textContent = is === "up" ? `commit ${server.commit} applied ${server.applied}` : `${is}, applied ${server.applied}`;
      pick.setAttribute("aria-pressed", String(this.view.server === id));
    }
  }
}

/// An element with attributes and content. Content is text or elements, never HTML.
function el(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...content.filter((piece) => piece !== null));
  return element;
}
