// The run that is compared, below the one that is shown: the same moment at the same place, and the first difference marked in both.

class Twin {
  constructor(view) {
    this.main = view;
    this.name = el("p", { class: "meta" });
    this.labels = el("div", { class: "labels" });
    this.lanes = el("canvas", { "aria-hidden": "true" });
    this.stage = el("div", { class: "stage" }, this.lanes);
    const box = el(
      "section",
      { id: "twin", "aria-label": "The run that it is compared with" },
      this.name,
      this.labels,
      this.stage,
    );
    document.getElementById("chart").append(box);
    this.stage.addEventListener("click", (event) => this.clicked(event));
    this.take();
  }

  /// Takes the run that is not shown.
  take() {
    const { main } = this;
    const run = main.isSwapped ? main.main : main.other;
    run.history ??= new History(run.trace, model.run.servers);
    /// As the view, but for the run and what belongs to it.
    this.view = Object.create(main, {
      trace: { value: run.trace },
      history: { value: run.history },
      partitions: { value: partitionsOf(run.trace) },
      layout: { value: lanesOf(run.trace, new Set(), 0) },
      scale: { value: new Scale(run.trace) },
      steps: { value: [] },
      proof: { value: new Set() },
      fades: { value: false },
      // What belongs to the run that failed is shown there.
      isSwapped: { value: !main.isSwapped },
      operations: { value: main.isSwapped ? model.operations : [] },
      cursor: { value: 0, writable: true },
    });
    this.picture = new Picture(this.view, this.lanes, this.stage, null);
    this.words = new Labels(this.view, this.labels);
    this.words.build();
    this.picture.resize();
    const { label, verdict } = model.against;
    this.name.textContent = main.isSwapped ? "Below: the run itself" : `Below: ${label}, which ${verdict}`;
  }

  /// The event of the other run that stands for this one: the same while the runs are the same, and then the last one by that time.
  placeOf(i) {
    const { same, trace } = this.main;
    if (i <= same || !trace.events[i]) return Math.min(i, this.view.trace.events.length - 1);
    return Math.max(same - 1, lowerBound(this.view.trace.times, trace.events[i].t + 1) - 1);
  }

  draw() {
    const { main, view } = this;
    view.cursor = this.placeOf(main.cursor);
    const { from, to, isEven, width } = main.scale;
    // Where events stand at even distances the cursors stand above each other.
    const apart = isEven ? view.cursor - main.cursor : 0;
    Object.assign(view.scale, { from: from + apart, to: to + apart, isEven, width });
    this.picture.draw();
  }

  update() {
    this.words.update(this.view.history.at(this.view.cursor));
  }

  clicked(event) {
    const box = this.lanes.getBoundingClientRect();
    const shape = this.picture.at(event.clientX - box.left, event.clientY - box.top);
    const place = shape?.event?.i ?? Math.round(this.view.scale.position(event.clientX - box.left));
    this.main.swap();
    this.main.go(place);
  }

  /// What servers are in both runs at this moment, where it differs: rows of what, here, there.
  differences() {
    const here = this.main.history.at(this.main.cursor);
    const there = this.view.history.at(this.view.cursor);
    const facts = [
      ["role", (server) => ROLES[server.role]],
      ["term", (server) => server.term],
      ["vote", voteWords],
      ["commit", commitWords],
      ["applied", (server) => server.applied],
      ["last entry", lastWords],
      ["is", whereabouts],
    ];
    return here.flatMap((server, id) =>
      facts
        .map(([name, fact]) => [`S${id} ${name}`, String(fact(server)), String(fact(there[id]))])
        .filter(([, one, other]) => one !== other),
    );
  }
}
