// The events as a list: the same for everybody who does not see the picture. Only the rows in sight exist.

const ROW = 22;

class List {
  constructor(view) {
    this.view = view;
    this.root = document.getElementById("list");
    this.rows = document.getElementById("rows");
    this.count = document.getElementById("count");
    this.root.addEventListener("scroll", () => this.draw());
    this.rows.addEventListener("click", ({ target }) => {
      const row = target.closest("[data-i]");
      // Whoever selects text does not want to go anywhere.
      if (row && String(getSelection()) === "") view.go(Number(row.dataset.i));
    });
  }

  /// The places of the events in the list.
  get shown() {
    return this.view.onlyMatches && !this.view.query.isEmpty ? this.view.found : null;
  }
  get length() {
    return this.shown ? this.shown.length : this.view.trace.events.length;
  }
  event(place) {
    return this.view.trace.events[this.shown ? this.shown[place] : place];
  }
  placeOf(i) {
    return this.shown ? lowerBound(this.shown, i) : i;
  }

  update() {
    const { view } = this;
    this.rows.style.height = `${this.length * ROW}px`;
    const all = view.trace.events.length;
    const cutOff = view.trace.leftOut > 0 ? `, ${view.trace.leftOut} before them left out` : "";
    this.count.textContent = view.query.isEmpty ? `(${all}${cutOff})` : `(${view.found.length} of ${all} match)`;
    this.reveal();
  }

  /// The cursor's row in sight.
  reveal() {
    const top = this.placeOf(this.view.cursor) * ROW;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop || top > scrollTop + clientHeight - ROW * 2) this.root.scrollTop = Math.max(0, top - clientHeight / 2);
    this.draw();
  }

  draw() {
    const { view, root } = this;
    const first = Math.max(0, Math.floor(root.scrollTop / ROW) - 4);
    const last = Math.min(this.length, Math.ceil((root.scrollTop + root.clientHeight) / ROW) + 4);
    const found = new Set(
      view.query.isEmpty
        ? []
        : view.found.slice(
            lowerBound(view.found, this.event(first)?.i ?? 0),
            lowerBound(view.found, (this.event(last - 1)?.i ?? 0) + 1),
          ),
    );
    const rows = [];
    for (let place = first; place < last; place += 1) rows.push(this.row(this.event(place), place, found));
    this.rows.replaceChildren(...rows);
    if (view.trace.events.length > 0) root.setAttribute("aria-activedescendant", `row-${view.cursor}`);
  }

  row(event, place, found) {
    const { view } = this;
    const classes = ["row", kindWord(event)];
    if (found.has(event.i)) classes.push("found");
    if (isProof(event)) classes.push("proof");
    if (isFault(event)) classes.push("fault");
    if (view.other && event.i === view.same) classes.push("differs");
    const row = el(
      "div",
      {
        class: classes.join(" "),
        role: "option",
        id: `row-${event.i}`,
        "data-i": event.i,
        "aria-selected": String(event.i === view.cursor),
        "aria-setsize": this.length,
        "aria-posinset": place + 1,
      },
      el("span", { class: "time" }, seconds(event.t)),
      el("span", { class: "who" }, event.who ?? "–"),
      el("bdi", { class: "words" }, cut(wordsOf(event), 300)),
    );
    row.style.top = `${place * ROW}px`;
    return row;
  }
}
