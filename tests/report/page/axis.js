// The axis above the lanes: the whole run in a strip, times, and the curve of the causes.

class Axis {
  constructor(view) {
    this.view = view;
    this.canvas = document.getElementById("axis");
  }

  resize() {
    fitCanvas(this.canvas, this.view.scale.width, model.causes ? 108 : 64);
  }

  draw(colors) {
    const {
      view: { scale, trace, cursor },
      canvas,
    } = this;
    this.colors = colors;
    const ink = canvas.getContext("2d");
    clear(ink, canvas);
    ink.font = "11px system-ui, sans-serif";
    ink.textBaseline = "middle";
    this.drawOverview(ink);
    ink.strokeStyle = colors.line;
    ink.fillStyle = colors.soft;
    for (const { position, words } of scale.ticks()) {
      const x = Math.round(scale.x(position)) + 0.5;
      stroke(ink, x, 24, x, 30);
      ink.fillText(words, Math.min(x + 3, scale.width - ink.measureText(words).width), 38);
    }
    ink.fillStyle = colors.fault;
    ink.textAlign = "center";
    for (const { position, words } of scale.gaps(72)) ink.fillText(words, scale.x(position), 53);
    ink.textAlign = "left";
    if (model.causes) this.drawCurve(ink);
    const event = trace.events[cursor];
    if (event) {
      ink.fillStyle = colors.accent;
      ink.fillRect(scale.x(scale.ofEvent(event)) - 1, 22, 2, 100);
    }
  }

  /// The whole run in a strip: how much happens where, faults, the failure, and the part that is in sight.
  drawOverview(ink) {
    const {
      view: { scale, trace, density },
      colors,
    } = this;
    const whole = scale.length;
    ink.fillStyle = colors.lane;
    ink.fillRect(0, 2, scale.width, 16);
    ink.fillStyle = colors.soft;
    // At even distances each pixel has as many events as the next: then who leads says more.
    if (!scale.isEven)
      density(scale.width).forEach((height, x) => {
        ink.fillRect(x, 18 - height * 14, 1, height * 14);
      });
    else this.drawLeaders(ink, whole);
    ink.fillStyle = colors.fault;
    for (const i of this.view.faults) ink.fillRect((scale.ofEvent(trace.events[i]) / whole) * scale.width, 2, 1, 5);
    if (this.view.failureAt !== null) {
      ink.fillStyle = colors.bad;
      ink.fillRect((scale.ofEvent(trace.events[this.view.failureAt]) / whole) * scale.width - 2, 2, 4, 16);
    }
    ink.strokeStyle = colors.accent;
    ink.lineWidth = 2;
    const left = Math.max(0, (scale.from / whole) * scale.width);
    ink.strokeRect(left + 1, 2, Math.max(4, Math.min(scale.width, (scale.to / whole) * scale.width) - left - 2), 16);
    ink.lineWidth = 1;
  }

  drawLeaders(ink, whole) {
    const {
      view: { scale, history, trace },
      colors,
    } = this;
    ink.fillStyle = colors.roleL;
    history.segments.forEach((list, id) => {
      list.forEach((segment, place) => {
        if (segment.role !== "L" || !segment.up) return;
        const to = list[place + 1]?.i ?? trace.events.length;
        const row = 7 + (id * 10) / history.segments.length;
        ink.fillRect(
          (segment.i / whole) * scale.width,
          row,
          Math.max(1, ((to - segment.i) / whole) * scale.width),
          Math.max(1, 10 / history.segments.length - 0.5),
        );
      });
    });
  }

  /// How likely the run is to fail from each moment on.
  drawCurve(ink) {
    const {
      view: { scale, causeEvents },
      colors,
    } = this;
    const y = (share) => 104 - share * 40;
    ink.strokeStyle = colors.line;
    stroke(ink, 0, y(0) + 0.5, scale.width, y(0) + 0.5);
    stroke(ink, 0, y(1) + 0.5, scale.width, y(1) + 0.5);
    ink.strokeStyle = colors.bad;
    ink.lineWidth = 2;
    ink.beginPath();
    let before = null;
    model.causes.moments.forEach(([, tried, failed], place) => {
      const share = tried === 0 ? 0 : failed / tried;
      const x = scale.x(scale.ofEvent(causeEvents[place]));
      if (before === null) ink.moveTo(x, y(share));
      else {
        ink.lineTo(x, y(before));
        ink.lineTo(x, y(share));
      }
      before = share;
    });
    ink.stroke();
    ink.lineWidth = 1;
    const words = "fails from here on";
    ink.fillStyle = colors.ground;
    ink.fillRect(2, y(0) - 15, ink.measureText(words).width + 4, 14);
    ink.fillStyle = colors.soft;
    ink.fillText(words, 4, y(0) - 8);
  }
}
