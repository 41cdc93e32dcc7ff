// The picture: lanes, messages, events. Drawn on a canvas; all that it says stands in the list of events as well.

class Picture extends Overlay {
  /// On this canvas, which lies in this stage; with an axis, if it has one of its own.
  constructor(view, lanes, stage, axis) {
    super(view);
    Object.assign(this, { lanes, stage, axis });
  }

  resize() {
    const { view, stage } = this;
    view.scale.width = Math.max(stage.clientWidth, 50);
    this.axis?.resize();
    fitCanvas(this.lanes, view.scale.width, view.layout.height);
    stage.style.height = `${view.layout.height}px`;
  }

  draw() {
    this.colors = colorsOf(document.documentElement);
    this.shapes = [];
    this.axis?.draw(this.colors);
    const ink = this.lanes.getContext("2d");
    clear(ink, this.lanes);
    this.ink = ink;
    ink.font = "11px system-ui, sans-serif";
    ink.textBaseline = "middle";
    const { layout, scale, trace } = this.view;
    for (const lane of layout.lanes) this.drawLane(lane);
    this.drawGaps();
    this.drawPartitions();
    this.drawArrows();
    const [first, last] = scale.shownEvents();
    this.applied = new Map();
    if (last - first < 6000) for (let i = first; i < last; i += 1) this.drawEvent(trace.events[i]);
    this.drawNumbers();
    this.drawOperations();
    this.drawSteps();
    this.drawPins();
    this.drawCursor();
  }

  // ----- lanes -----

  drawLane(lane) {
    const { ink, colors, view } = this;
    const { width } = view.scale;
    if (lane.kind === "server") {
      if (view.server === lane.id) {
        ink.fillStyle = colors.chosen;
        ink.fillRect(0, lane.top, width, lane.height);
      }
      this.drawRoles(lane);
    }
    if (lane.kind === "thread") this.drawThread(lane);
    ink.strokeStyle = colors.lane;
    this.line(0, lane.top + lane.height - 0.5, width, lane.top + lane.height - 0.5);
  }

  drawRoles(lane) {
    const {
      ink,
      colors,
      view: { scale, history, trace },
    } = this;
    const list = history.segments[lane.id];
    const top = lane.middle - 8;
    list.forEach((segment, place) => {
      const next = list[place + 1];
      const from = Math.max(scale.x(scale.isEven ? segment.i : segment.t), -2);
      const to = Math.min(
        next ? scale.x(scale.isEven ? next.i : next.t) : scale.x(scale.isEven ? trace.events.length : trace.end),
        scale.width + 2,
      );
      if (to < 0 || from > scale.width || to - from < 0.2) return;
      if (!segment.up) {
        ink.strokeStyle = colors.bad;
        ink.setLineDash([2, 4]);
        this.line(from, lane.middle, to, lane.middle);
        ink.setLineDash([]);
        if (to - from > 40 && place > 0) {
          ink.fillStyle = colors.bad;
          ink.fillText("✕ down", from + 4, lane.middle - 9);
        }
        return;
      }
      ink.fillStyle = colors[`role${segment.role}`];
      ink.fillRect(from, top, to - from, 16);
      if (segment.role === "C") this.hatch(from, top, to - from, 16, colors.onRole);
      if (segment.paused) this.hatch(from, top, to - from, 16, colors.bad);
      if (!segment.linked) {
        ink.strokeStyle = colors.bad;
        ink.setLineDash([5, 3]);
        ink.strokeRect(from + 0.5, top + 0.5, to - from - 1, 15);
        ink.setLineDash([]);
      }
      const words = `${segment.role} T${segment.term}${segment.paused ? " paused" : ""}${segment.linked ? "" : " cut off"}`;
      ink.font = "bold 11px system-ui, sans-serif";
      const space = ink.measureText(words).width + 8;
      if (to - from > space)
        this.label(words, from + 4, lane.middle, colors[`on${segment.role}`], segment.role === "C" ? colors.roleC : null);
      else if (to - from > 14)
        this.label(segment.role, from + 3, lane.middle, colors[`on${segment.role}`], segment.role === "C" ? colors.roleC : null);
      ink.font = "11px system-ui, sans-serif";
    });
  }

  /// Words on a ground of their own, where they would not be readable otherwise.
  label(words, x, y, color, ground) {
    const { ink } = this;
    if (ground) {
      ink.fillStyle = ground;
      ink.fillRect(x - 2, y - 7, ink.measureText(words).width + 4, 14);
    }
    ink.fillStyle = color;
    ink.fillText(words, x, y);
  }

  hatch(x, y, width, height, color) {
    const { ink } = this;
    ink.save();
    ink.beginPath();
    ink.rect(x, y, width, height);
    ink.clip();
    ink.strokeStyle = color;
    ink.globalAlpha = 0.55;
    for (let at = x - height; at < x + width; at += 6) this.line(at, y + height, at + height, y);
    ink.restore();
  }

  drawThread({ thread, top, height }) {
    const {
      ink,
      colors,
      view: { scale },
    } = this;
    const bar = (from, to, y, thickness, color) => {
      const [left, right] = [Math.max(scale.x(scale.ofTime(from)), 0), Math.min(scale.x(scale.ofTime(to)), scale.width)];
      if (right >= left) {
        ink.fillStyle = color;
        ink.fillRect(left, y, Math.max(right - left, 1), thickness);
      }
    };
    bar(thread.born, thread.ended, top + height / 2 - 3, 6, colors.accent);
    for (const { from, to } of thread.waits) bar(from, to, top + height / 2 - 3, 6, colors.wait);
  }

  // ----- events -----

  drawEvent(event) {
    const {
      ink,
      colors,
      view: { layout, scale },
    } = this;
    const x = scale.x(scale.ofEvent(event));
    if (event.kind === MARK) return this.drawMark(event, x);
    if (event.kind === NODE || event.kind === RULE) {
      const lane = layout.byName.get(isFault(event) ? "faults" : event.who) ?? layout.byName.get("test");
      ink.fillStyle = event.name === "Panic" ? colors.bad : colors.fault;
      ink.fillRect(x - 1, lane.middle - 6, 3, 12);
      this.shapes.push({ event, x, y: lane.middle });
    }
    return undefined;
  }

  drawMark(event, x) {
    const {
      ink,
      colors,
      view: { layout },
    } = this;
    const f = event.fields;
    const own = layout.byName.get(event.who);
    const low = own ? own.top + own.height - 12 : 0;
    const put = (y) => this.shapes.push({ event, x, y });
    switch (event.name) {
      case "note":
        this.words(isFault(event) ? "faults" : "test", f.text, x, event);
        break;
      case "down":
      case "link":
      case "pause":
        this.words(
          "faults",
          `${event.who} ${{ down: "✕", link: f.up ? "connected" : "cut off", pause: f.on ? "‖" : "▶" }[event.name]}`,
          x,
          event,
        );
        break;
      case "start":
        if (f.life > 1) this.words("faults", `${event.who} ↻`, x, event);
        break;
      case "accepted":
        this.words("test", `${event.who} ← ${cut(show(f.command), 14)} @${f.index}`, x, event);
        break;
      case "applied":
        if (own) {
          ink.fillStyle = colors.applied;
          ink.beginPath();
          ink.arc(x, low, 3, 0, 7);
          ink.fill();
          this.note(own, f.index, x);
          put(low);
        }
        break;
      case "save":
        if (own) {
          ink.fillStyle = colors.soft;
          ink.fillRect(x - 0.5, low - 7, 1.5, 5);
          put(low - 5);
        }
        break;
      case "snapshot":
      case "installed":
        if (own) {
          ink.fillStyle = colors.messageI;
          ink.save();
          ink.translate(x, low);
          ink.rotate(Math.PI / 4);
          ink.fillRect(-4, -4, 8, 8);
          ink.restore();
          put(low);
        }
        break;
      default:
    }
  }

  note(lane, index, x) {
    if (!this.applied.has(lane)) this.applied.set(lane, []);
    this.applied.get(lane).push({ index, x });
  }

  /// The indexes of applied entries, where there is room before the next dot.
  drawNumbers() {
    const { ink, colors } = this;
    ink.fillStyle = colors.soft;
    for (const [lane, dots] of this.applied) {
      dots.forEach(({ index, x }, place) => {
        const room = (dots[place + 1]?.x ?? Infinity) - x - 10;
        if (ink.measureText(String(index)).width < room) ink.fillText(String(index), x + 5, lane.top + lane.height - 12);
      });
    }
  }

  words(name, text, x, event) {
    const {
      ink,
      colors,
      view: { layout },
    } = this;
    const lane = layout.byName.get(name);
    ink.fillStyle = name === "faults" ? colors.fault : colors.soft;
    ink.fillRect(x - 1, lane.top + 4, 2, lane.height - 8);
    this.shapes.push({ event, x, y: lane.middle });
    // Two rows: what would lie on the words before goes below them, or is left out.
    const width = ink.measureText(cut(text, 60)).width + 8;
    if (lane.drawn !== this.shapes) Object.assign(lane, { drawn: this.shapes, ends: [-Infinity, -Infinity] });
    const row = [0, 1].find((row) => x >= lane.ends[row]);
    if (row === undefined) return;
    lane.ends[row] = x + width;
    ink.fillStyle = name === "faults" ? colors.fault : colors.text;
    ink.fillText(cut(text, 60), x + 4, lane.top + 10 + row * 14);
  }

  /// What lies next to a point, if anything does.
  at(x, y) {
    let [best, least] = [null, 8];
    for (const shape of this.shapes) {
      const away = shape.x1 === undefined ? Math.hypot(shape.x - x, shape.y - y) : distance(shape, x, y);
      if (away < least) [best, least] = [shape, away];
    }
    return best;
  }
}
