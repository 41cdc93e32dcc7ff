// What lies over the lanes: partitions, gaps of time, operations of clients, the steps to the failure, pins and the cursor.

class Overlay extends Arrows {
  /// Groups of a partition, in colours and numbers, at the upper edge of the lanes.
  drawPartitions() {
    const {
      ink,
      colors,
      view: { scale, partitions, layout },
    } = this;
    for (const { from, to, groups } of partitions) {
      const [left, right] = [Math.max(scale.x(scale.ofTime(from)), 0), Math.min(scale.x(scale.ofTime(to)), scale.width)];
      if (right <= left) continue;
      groups.forEach((group, place) => {
        for (const name of group) {
          const lane = layout.byName.get(name);
          if (!lane) continue;
          ink.fillStyle = colors.groups[place % colors.groups.length];
          ink.fillRect(left, lane.top + 1, right - left, 4);
          if (right - left > 60) ink.fillText(`group ${place + 1}`, left + 3, lane.top + 11);
        }
      });
    }
  }

  /// Where much time lies between two events that stand side by side.
  drawGaps() {
    const { ink, colors, view } = this;
    ink.strokeStyle = colors.line;
    ink.setLineDash([1, 4]);
    for (const { position } of view.scale.gaps(72)) {
      const x = Math.round(view.scale.x(position)) + 0.5;
      this.line(x, 0, x, view.layout.height);
    }
    ink.setLineDash([]);
  }

  drawOperations() {
    const {
      ink,
      colors,
      view: { layout, scale, trace },
    } = this;
    view.operations.forEach(([client, call, answer, asked, ended, failed, illegal, place], id) => {
      const lane = layout.byName.get(`C${client}`);
      if (!lane) return;
      const from = scale.x(scale.ofTime(asked)),
        to = scale.x(scale.ofTime(ended ?? trace.end));
      if (to < 0 || from > scale.width) return;
      const [left, width] = [Math.max(from, -4), Math.max(Math.min(to, scale.width + 4) - Math.max(from, -4), 2)];
      ink.fillStyle = illegal ? colors.bad : ended === null || answer === null ? colors.wait : colors.operation;
      ink.globalAlpha = failed ? 0.4 : 1;
      ink.fillRect(left, lane.top + 3, width, lane.height - 7);
      ink.globalAlpha = 1;
      if (illegal) {
        ink.strokeStyle = colors.text;
        ink.lineWidth = 2;
        ink.strokeRect(left, lane.top + 3, width, lane.height - 7);
        ink.lineWidth = 1;
      }
      const words = `${illegal ? "✕ " : ""}${place === null ? "" : `${place}. `}${call}${answer === null ? " …" : ` = ${answer}`}`;
      if (width > 40) {
        ink.save();
        ink.beginPath();
        ink.rect(left, lane.top, width, lane.height);
        ink.clip();
        ink.fillStyle = illegal ? colors.onBad : colors.onOperation;
        ink.fillText(cut(words, 80), left + 4, lane.middle);
        ink.restore();
      }
      this.shapes.push({ operation: id, x1: left, y1: lane.middle, x2: left + width, y2: lane.middle });
    });
  }

  /// Rings around those steps to the failure that are no messages.
  drawSteps() {
    const { ink, colors, view } = this;
    if (view.isSwapped) return;
    ink.strokeStyle = colors.bad;
    ink.lineWidth = 2;
    for (const { event } of view.steps) {
      const x = view.scale.x(view.scale.ofEvent(event));
      if (x < -10 || x > view.scale.width + 10) continue;
      const lane = view.layout.byName.get(isFault(event) ? "faults" : (event.who ?? "test"));
      if (!lane) continue;
      // A message shows as a thick arrow; where it arrives, or leaves, a dot says that this is the moment.
      ink.beginPath();
      ink.arc(
        x,
        lane.kind === "server" && event.kind === MARK ? lane.top + lane.height - 12 : lane.middle,
        event.message ? 4 : 7,
        0,
        7,
      );
      ink.stroke();
    }
    ink.lineWidth = 1;
  }

  /// Where the run fails, and where it differs from the other one.
  drawPins() {
    const {
      colors,
      view: { failureAt, isSwapped, other, same, causeEvents },
    } = this;
    this.pinned = { from: 0, to: 0 };
    const lost = model.causes && model.causes.jump !== null ? causeEvents[model.causes.jump].i : null;
    if (lost !== null && !isSwapped) this.pin(lost, "lost here", colors.fault);
    if (other) this.pin(same, "differs from here on", colors.fault);
    if (failureAt !== null && !isSwapped) this.pin(failureAt, "✕ fails here", colors.bad);
  }

  pin(place, words, color) {
    const {
      ink,
      colors,
      view: { trace, scale, layout },
    } = this;
    const event = trace.events[place];
    const x = event ? scale.x(scale.ofEvent(event)) : -1;
    if (x < 0 || x > scale.width) return;
    ink.strokeStyle = color;
    ink.lineWidth = 2;
    this.line(x, 0, x, layout.height);
    ink.lineWidth = 1;
    ink.font = "bold 11px system-ui, sans-serif";
    const width = ink.measureText(words).width + 10;
    // In a lane of their own, where they lie on nothing; beside each other where they would lie on each other.
    const { top } = layout.byName.get("marks");
    let left = Math.min(Math.max(x + 2, 0), scale.width - width);
    if (left < this.pinned.to && left + width > this.pinned.from) left = this.pinned.from - width - 2;
    this.pinned = { from: left, to: left + width };
    ink.fillStyle = color;
    ink.fillRect(left, top, width, 16);
    ink.fillStyle = colors.onBad;
    ink.fillText(words, left + 5, top + 8.5);
    ink.font = "11px system-ui, sans-serif";
  }

  drawCursor() {
    const {
      ink,
      colors,
      view: { cursor, trace, scale, layout },
    } = this;
    const event = trace.events[cursor];
    if (!event) return;
    const x = scale.x(scale.ofEvent(event));
    ink.strokeStyle = colors.accent;
    ink.setLineDash([3, 3]);
    this.line(x, 0, x, layout.height);
    ink.setLineDash([]);
    const lane = layout.byName.get(event.who ?? (isFault(event) ? "faults" : "test"));
    if (lane) {
      ink.lineWidth = 2;
      ink.beginPath();
      ink.arc(x, lane.middle, 7, 0, 7);
      ink.stroke();
      ink.lineWidth = 1;
    }
  }
}
