// The axis: virtual time, or events at even distances, which spreads what happens in one instant.

/// A gap between two events that is longer than this is marked where events stand at even distances, in nanoseconds.
const GAP_NS = 20e6;

class Scale {
  constructor(trace) {
    this.trace = trace;
    this.isEven = true;
    this.from = 0;
    this.to = 1;
    this.width = 100;
  }

  /// The whole run.
  get length() {
    return this.isEven ? Math.max(this.trace.events.length, 1) : Math.max(this.trace.end, 1);
  }
  get least() {
    return this.isEven ? 4 : 20_000;
  }

  /// Where an event stands on the axis, and where a time does.
  ofEvent(event) {
    return this.isEven ? event.i : event.t;
  }
  ofTime(t) {
    return this.isEven ? lowerBound(this.trace.times, t) : t;
  }
  x(position) {
    return ((position - this.from) / (this.to - this.from)) * this.width;
  }
  position(x) {
    return this.from + (x / this.width) * (this.to - this.from);
  }

  show(from, to) {
    const length = Math.min(Math.max(to - from, this.least), this.length * 1.04);
    const middle = (from + to) / 2;
    const edge = this.length * 0.02;
    const start = Math.min(Math.max(middle - length / 2, -edge), this.length + edge - length);
    this.from = start;
    this.to = start + length;
  }

  fit() {
    this.show(-this.length * 0.02, this.length * 1.02);
  }

  zoom(factor, around) {
    const left = (around - this.from) * factor;
    this.show(around - left, around - left + (this.to - this.from) * factor);
  }

  pan(part) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by);
  }

  /// Moves as little as needed to have this in sight.
  reveal(position) {
    const length = this.to - this.from;
    if (position < this.from + length * 0.05) this.show(position - length * 0.25, position + length * 0.75);
    else if (position > this.to - length * 0.05) this.show(position - length * 0.75, position + length * 0.25);
  }

  /// Changes the kind of axis and keeps what is in the middle there.
  switchTo(isEven, event) {
    if (isEven === this.isEven) return;
    const shown = this.shownEvents();
    const [first, last] = [this.trace.events[shown[0]], this.trace.events[Math.max(shown[1] - 1, shown[0])]];
    this.isEven = isEven;
    if (!first || !last) return this.fit();
    const margin = (this.ofEvent(last) - this.ofEvent(first)) * 0.05 + 1;
    this.show(this.ofEvent(first) - margin, this.ofEvent(last) + margin);
    if (event) this.reveal(this.ofEvent(event));
  }

  /// The places of the first event in sight and of the one after the last.
  shownEvents() {
    const count = this.trace.events.length;
    if (this.isEven) return [Math.max(0, Math.floor(this.from)), Math.min(count, Math.ceil(this.to) + 1)];
    return [lowerBound(this.trace.times, this.from), lowerBound(this.trace.times, this.to + 1)];
  }

  /// Where events that stand side by side are far apart in time: positions between them, with how far. At least so many pixels apart.
  gaps(apart) {
    if (!this.isEven) return [];
    const out = [];
    const [first, last] = this.shownEvents();
    const { times } = this.trace;
    let free = -Infinity;
    for (let i = Math.max(first, 1); i < last; i += 1) {
      const gap = times[i] - times[i - 1];
      if (gap < GAP_NS || this.x(i - 0.5) < free) continue;
      free = this.x(i - 0.5) + apart;
      out.push({ position: i - 0.5, words: `+${span(gap)}` });
    }
    return out;
  }

  /// Marks of the axis: positions with words.
  ticks() {
    const most = Math.max(2, Math.floor(this.width / 110));
    if (this.isEven) {
      const step = niceStep((this.to - this.from) / most, 1);
      const out = [];
      let before = "";
      for (let i = Math.ceil(Math.max(this.from, 0) / step) * step; i <= this.to && i < this.trace.events.length; i += step) {
        // Many events may be of one instant: its time stands once.
        const words = `${seconds(this.trace.times[i])} s`;
        out.push({ position: i, words: words === before ? "" : words });
        before = words;
      }
      return out;
    }
    const step = niceStep((this.to - this.from) / most, 1000);
    const digits = Math.max(0, Math.ceil(-Math.log10(step / 1e9)));
    const out = [];
    for (let t = Math.ceil(Math.max(this.from, 0) / step) * step; t <= this.to; t += step)
      out.push({ position: t, words: `${(t / 1e9).toFixed(digits)} s` });
    return out;
  }
}

/// 1, 2 or 5 times a power of ten, not less than `least`.
function niceStep(wanted, least) {
  const step = 10 ** Math.floor(Math.log10(Math.max(wanted, least)));
  return [1, 2, 5, 10].map((times) => times * step).find((candidate) => candidate >= Math.max(wanted, least));
}
