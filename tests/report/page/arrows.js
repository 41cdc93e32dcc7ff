// Messages as arrows.

/// With more messages than this in sight only those that matter are drawn: lost ones, votes, snapshots, those of the proof or of the
/// chosen server; with still more of these, only the last two.
const ARROWS_MAX = 1500;

class Arrows {
  constructor(view) {
    this.view = view;
    /// What can be pointed at: {event, x, y} and {message, x1, y1, x2, y2}. A new list for each drawing, which tells it from others.
    this.shapes = [];
  }

  line(x1, y1, x2, y2) {
    stroke(this.ink, x1, y1, x2, y2);
  }

  drawArrows() {
    const { view } = this;
    const { trace, scale } = view;
    const [first, last] = scale.shownEvents();
    const seen = new Set();
    // Those that were sent before and arrive in sight, too.
    for (let i = first; i < last; i += 1) {
      const { message } = trace.events[i];
      if (message) seen.add(message);
    }
    let drawn = [...seen];
    for (const matters of [isNotable, isWanted])
      if (drawn.length > ARROWS_MAX) drawn = drawn.filter((message) => matters(view, message));
    for (const message of drawn) this.drawMessage(message);
  }

  drawMessage(message) {
    const {
      ink,
      view: { layout, scale, proof, fades, chosenMessage, server },
    } = this;
    const [from, to] = [layout.byName.get(message.from), layout.byName.get(message.to)];
    if (!from || !to) return;
    const isBright = proof.has(message.id) || message === chosenMessage || message === chosenMessage?.other;
    const isFaded = (fades && !isBright) || (server !== null && message.from !== `S${server}` && message.to !== `S${server}`);
    ink.globalAlpha = isFaded ? 0.12 : isBright ? 1 : message.isHeartbeat ? 0.55 : 0.85;
    ink.strokeStyle = this.colorOf(message);
    ink.fillStyle = ink.strokeStyle;
    ink.lineWidth = isBright ? 2.6 : message.reply ? 1 : 1.5;
    const down = to.middle > from.middle ? 1 : -1;
    const y1 = from.middle + 9 * down,
      y2 = to.middle - 9 * down;
    const x1 = scale.x(scale.ofEvent(message.first));
    if (message.arrivals.length === 0) this.drawLost(message, x1, y1, y2);
    message.arrivals.forEach((arrival, place) => {
      const x2 = scale.x(scale.ofEvent(arrival));
      if (place > 0) ink.setLineDash([7, 2, 1, 2]);
      this.arrow(x1, y1, x2, y2);
      ink.setLineDash([]);
      const mark = place > 0 ? "2" : arrival.overtaken ? "R" : arrival.late ? "L" : "";
      if (mark && !isFaded) this.badge(mark, x2, y2 - 9 * down);
      this.shapes.push({ message, event: arrival, x1, y1, x2, y2 });
    });
    if (!message.reply && message.arrivals.length > 0 && message.other === null && !isFaded)
      this.badge("?", scale.x(scale.ofEvent(message.arrivals[0])) + 9, to.middle + 12 * down);
    ink.globalAlpha = 1;
    ink.lineWidth = 1;
  }

  /// A message that never arrived ends on its way.
  drawLost(message, x1, y1, y2) {
    const {
      ink,
      view: { scale },
    } = this;
    const end = message.ends[message.ends.length - 1];
    const reach = end && end.kind !== DROPPED ? 0.9 : 0.5;
    const x2 = Math.max(end ? scale.x(scale.ofEvent(end)) : x1, x1 + 6);
    const stop = y1 + (y2 - y1) * reach;
    ink.setLineDash([4, 4]);
    this.line(x1, y1, x2, stop);
    ink.setLineDash([]);
    if (end) {
      this.line(x2 - 4, stop - 4, x2 + 4, stop + 4);
      this.line(x2 - 4, stop + 4, x2 + 4, stop - 4);
    }
    this.shapes.push({ message, event: end ?? message.sentBy, x1, y1, x2, y2: stop });
  }

  arrow(x1, y1, x2, y2) {
    const { ink } = this;
    this.line(x1, y1, x2, y2);
    const angle = Math.atan2(y2 - y1, x2 - x1);
    ink.beginPath();
    ink.moveTo(x2, y2);
    ink.lineTo(x2 - 7 * Math.cos(angle - 0.4), y2 - 7 * Math.sin(angle - 0.4));
    ink.lineTo(x2 - 7 * Math.cos(angle + 0.4), y2 - 7 * Math.sin(angle + 0.4));
    ink.fill();
  }

  badge(sign, x, y) {
    const { ink, colors } = this;
    ink.fillStyle = colors.warn;
    ink.beginPath();
    ink.arc(x, y, 6, 0, 7);
    ink.fill();
    ink.fillStyle = colors.onWarn;
    ink.font = "bold 9px system-ui, sans-serif";
    ink.textAlign = "center";
    ink.fillText(sign, x, y + 0.5);
    ink.textAlign = "left";
    ink.font = "11px system-ui, sans-serif";
  }

  colorOf(message) {
    const { colors } = this;
    if (this.view.proof.has(message.id)) return colors.bad;
    if (message.isRefusal) return colors.no;
    return colors[`message${message.kind}`] ?? colors.message;
  }
}

/// Whether a message is drawn also where there are too many.
function isNotable(view, message) {
  return isWanted(view, message) || message.isLost || message.kind === "V" || message.kind === "I";
}

/// Whether somebody asks for it.
function isWanted(view, message) {
  return (
    view.proof.has(message.id) ||
    message === view.chosenMessage ||
    (view.server !== null && (message.from === `S${view.server}` || message.to === `S${view.server}`))
  );
}
