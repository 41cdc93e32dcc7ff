// The view: which run, which moment, what is in sight; and what every key and click does.

class View {
  constructor() {
    this.main = { trace: readTrace(model.trace) };
    this.other = model.against ? { trace: readTrace(model.against.trace) } : null;
    this.isSwapped = false;
    this.same = model.against?.same ?? 0;
    this.server = null;
    this.operation = null;
    this.operations = model.operations;
    this.unfolded = new Set();
    this.onlyMatches = false;
    this.fades = false;
    this.query = new Query("");
    this.found = [];
    this.use(this.main);
    const found = model.failure ? new Proof(this.trace, this.history, model.failure) : null;
    /// What led to the failure: {event, why}, in the order of time.
    this.steps = found?.steps ?? [];
    this.opening = found?.opening ?? null;
    this.stepOf = new Map(this.steps.map((step) => [step.event.i, step]));
    /// The messages among them, by number.
    this.proof = new Set(this.steps.flatMap(({ event }) => (event.message ? [event.message.id] : [])));
    this.causeEvents = (model.causes?.moments ?? []).map(([place]) => this.trace.events[place]);
    this.failureAt = found?.end ?? null;
    this.cursor = found?.opening?.i ?? this.failureAt ?? Math.max(0, this.trace.events.length - 1);
  }

  /// Shows a run.
  use(run) {
    this.trace = run.trace;
    run.history ??= new History(run.trace, model.run.servers);
    this.history = run.history;
    this.faults = this.trace.events.filter(isFault).map(({ i }) => i);
    this.partitions = partitionsOf(this.trace);
    this.layout = lanesOf(this.trace, this.unfolded, this.trace.times[this.cursor ?? 0] ?? 0);
    const even = this.scale?.isEven ?? true;
    const width = this.scale?.width ?? 100;
    this.scale = Object.assign(new Scale(this.trace), { isEven: even, width });
    this.densities = new Map();
  }

  get chosenMessage() {
    return this.trace.events[this.cursor]?.message ?? null;
  }

  /// How much happens in each pixel of the whole run, from 0 to 1.
  density = (width) => {
    if (!this.densities.has(width)) {
      const counts = new Float64Array(Math.ceil(width));
      const { times, end } = this.trace;
      times.forEach((t) => {
        counts[Math.min(counts.length - 1, Math.floor((t / Math.max(end, 1)) * counts.length))] += 1;
      });
      const most = Math.max(1, ...counts);
      this.densities.set(
        width,
        counts.map((count) => Math.sqrt(count / most)),
      );
    }
    return this.densities.get(width);
  };

  start() {
    buildHead(this);
    buildTools(this);
    buildHelp();
    buildLegend();
    this.picture = new Picture(this, document.getElementById("lanes"), document.getElementById("stage"), new Axis(this));
    this.labels = new Labels(this, document.getElementById("labels"));
    this.list = new List(this);
    this.details = new Details(this);
    this.panel = new ClusterPanel(this);
    this.labels.build();
    this.picture.resize();
    this.twin = this.other ? new Twin(this) : null;
    this.firstSight();
    readFragment(this);
    this.listen();
    this.list.update();
    // The step that the page opens at, if there are more than have room.
    document.querySelector(".steps .opening")?.scrollIntoView({ block: "nearest" });
    this.moved();
    performance.mark("drawn");
    document.documentElement.dataset.ready = "yes";
    this.warm(0);
  }

  /// Makes the words of all events while nobody waits for anything, so that the first search finds them.
  warm(from) {
    const { events } = this.main.trace;
    const began = performance.now();
    let i = from;
    while (i < events.length && performance.now() - began < 8) searchText(events[i++]);
    if (i < events.length) setTimeout(() => this.warm(i), 4);
  }

  /// What is in sight at first: the proof and the failure, or the end.
  firstSight() {
    const { trace, scale } = this;
    const count = trace.events.length;
    const room = Math.max(30, Math.round(scale.width / 16));
    const last = this.failureAt ?? count - 1;
    // As many of the steps as there is room for, and the one that the page opens at among them.
    const first = this.steps.find(({ event }) => event.i >= last - 3 * room)?.event.i ?? last;
    if (this.cursor < last - 3 * room) scale.show(this.cursor - room, this.cursor + room);
    else scale.show(Math.min(first, last - room) - 2, last + 6);
  }

  listen() {
    listenToKeys(this);
    listenToPointer(this);
    let width = 0;
    new ResizeObserver(() => {
      const now = document.getElementById("stage").clientWidth;
      if (now === width) return;
      width = now;
      this.picture.resize();
      this.twin?.picture.resize();
      this.draw();
    }).observe(document.getElementById("stage"));
    window.addEventListener("hashchange", () => {
      if (location.hash !== this.written) {
        readFragment(this);
        this.moved();
      }
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /// Draws the run, and the other one below it.
  draw() {
    this.picture.draw();
    this.twin?.draw();
  }

  // ----- moving -----

  go(i) {
    this.cursor = Math.max(0, Math.min(i, this.trace.events.length - 1));
    this.operation = null;
    const event = this.trace.events[this.cursor];
    if (event) this.scale.reveal(this.scale.ofEvent(event));
    this.moved();
  }

  moved() {
    const state = this.history.at(this.cursor);
    this.draw();
    this.labels.update(state);
    this.twin?.update();
    this.list.reveal();
    this.details.update();
    this.panel.update(state);
    const event = this.trace.events[this.cursor];
    document.getElementById("now").textContent = event
      ? `${seconds(event.t)} s: ${cut(wordsOf(event), 200)}`
      : "Nothing happened in this run.";
    writeFragment(this);
  }

  step(by) {
    if (!this.list.shown) return this.go(this.cursor + by);
    const place = this.list.placeOf(this.cursor) + by;
    const event = this.list.event(Math.max(0, Math.min(place, this.list.length - 1)));
    if (event) this.go(event.i);
    return undefined;
  }

  /// To the next step that led to the failure, or the one before.
  seekStep(direction) {
    const places = this.isSwapped ? [] : this.steps.map(({ event }) => event.i);
    const next = direction > 0 ? places.find((i) => i > this.cursor) : places.findLast((i) => i < this.cursor);
    if (next !== undefined) this.go(next);
  }

  seek(direction, isWanted) {
    const { events } = this.trace;
    for (let i = this.cursor + direction; i >= 0 && i < events.length; i += direction) if (isWanted(events[i])) return this.go(i);
    return undefined;
  }

  isMessageOfChosen(event) {
    return Boolean(event.message) && (this.server === null || parties(event).includes(`S${this.server}`));
  }

  seekRole(direction) {
    const starts = this.history.segments
      .filter((_, id) => this.server === null || id === this.server)
      .flatMap((list) => list.filter((segment, place) => place > 0 && segment.role !== list[place - 1].role).map(({ i }) => i));
    const wanted = starts.filter((i) => (direction > 0 ? i > this.cursor : i < this.cursor));
    if (wanted.length > 0) this.go(direction > 0 ? Math.min(...wanted) : Math.max(...wanted));
  }

  otherHalf() {
    const other = this.chosenMessage?.other;
    if (other?.first) this.go(other.first.i);
  }

  goToDifference() {
    if (this.other) this.go(Math.min(this.same, this.trace.events.length - 1));
  }

  swap() {
    if (!this.other) return;
    this.isSwapped = !this.isSwapped;
    const { from, to } = this.scale;
    this.use(this.isSwapped ? this.other : this.main);
    this.scale.show(from, to);
    document.getElementById("swap").setAttribute("aria-pressed", String(this.isSwapped));
    this.twin.take();
    this.labels.build();
    this.picture.resize();
    this.found = this.query.run(this.trace.events);
    this.list.update();
    this.go(this.cursor);
  }

  goToOperation(operation) {
    const [client, , , asked, ended] = model.operations[operation];
    const { times } = this.trace;
    const [first, last] = [lowerBound(times, asked), lowerBound(times, ended ?? this.trace.end)];
    this.go(last);
    const margin = Math.max(20, last - first);
    const { scale } = this;
    if (scale.isEven) scale.show(first - margin, last + margin);
    else scale.show(asked - 1e7, (ended ?? asked) + 1e7);
    this.operation = operation;
    this.moved();
    const lane = this.layout.byName.get(`C${client}`);
    if (lane) document.getElementById("scroll").scrollTop = lane.top - 60;
  }

  // ----- what is in sight -----

  zoom(factor, around) {
    const event = this.trace.events[this.cursor];
    const middle = (this.scale.from + this.scale.to) / 2;
    const position = event ? this.scale.ofEvent(event) : middle;
    this.scale.zoom(factor, around ?? (position >= this.scale.from && position <= this.scale.to ? position : middle));
    this.seen();
  }

  fit() {
    this.scale.fit();
    this.seen();
  }
  pan(part) {
    this.scale.pan(part);
    this.seen();
  }
  seen() {
    this.draw();
    writeFragment(this);
  }

  toggleAxis() {
    this.scale.switchTo(!this.scale.isEven, this.trace.events[this.cursor]);
    this.showSwitches();
    this.seen();
  }

  showSwitches() {
    for (const [id, is] of [
      ["isEven", this.scale.isEven],
      ["onlyMatches", this.onlyMatches],
      ["fades", this.fades],
    ])
      document.getElementById(id)?.setAttribute("aria-pressed", String(is));
  }

  toggle(name) {
    this[name] = !this[name];
    this.showSwitches();
    this.list.update();
    this.seen();
  }

  toggleTheme() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    this.draw();
  }

  choose(server) {
    this.server = server !== null && server < model.run.servers ? server : null;
    this.moved();
  }

  fold(server) {
    if (this.unfolded.has(server)) this.unfolded.delete(server);
    else this.unfolded.add(server);
    this.layout = lanesOf(this.trace, this.unfolded, this.trace.times[this.cursor ?? 0] ?? 0);
    this.labels.build();
    this.picture.resize();
    this.moved();
  }

  search(text) {
    this.query = new Query(text);
    this.found = this.query.run(this.trace.events);
    this.list.update();
    writeFragment(this);
  }

  match(direction) {
    if (this.found.length === 0) return;
    const place = lowerBound(this.found, this.cursor + (direction > 0 ? 1 : 0)) + (direction > 0 ? 0 : -1);
    this.go(this.found[(place + this.found.length) % this.found.length]);
  }

  help() {
    document.getElementById("help").showModal();
  }
}

/// Whether an event is one of the steps that led to the failure, or of their messages.
function isProof(event) {
  if (view.isSwapped) return false;
  return view.stepOf.has(event.i) || (Boolean(event.message) && view.proof.has(event.message.id));
}

const view = new View();
view.start();
