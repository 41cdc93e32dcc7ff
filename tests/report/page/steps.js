// Steps that led to a failure: how they are searched, kept and chosen.

/// So many steps are shown at most.
const STEPS_MAX = 10;
/// So many of those that only came before.
const BEFORE_MAX = 3;
/// How much a step tells: the very event of the mistake, a moment at which it shows, something that it needs, and what came before.
const [CULPRIT, MISTAKE, NEEDED, BEFORE] = [4, 3, 2, 1];

class Steps {
  constructor(trace, failure) {
    Object.assign(this, { trace, failure, found: new Map() });
    /// The last event that is not after the failure.
    this.end = Math.max(0, Math.min(lowerBound(trace.times, failure.at + 1), trace.events.length) - 1);
  }

  add(event, why, weight) {
    if (!event || event.i > this.end) return;
    const before = this.found.get(event.i);
    if (!before || before.weight < weight) this.found.set(event.i, { event, why: why || before?.why || "", weight });
  }

  count(weight) {
    return [...this.found.values()].filter((step) => step.weight >= weight).length;
  }

  /// Where the page opens: the last of the heaviest.
  get opening() {
    const most = Math.max(...this.steps.map(({ weight }) => weight));
    return this.steps.findLast(({ weight }) => weight === most)?.event ?? null;
  }

  get first() {
    return this.found.size === 0 ? 0 : Math.min(...this.found.keys());
  }

  /// The heaviest, and of these the last ones, in the order of time.
  chosen() {
    const all = [...this.found.values()].sort((one, other) => other.weight - one.weight || other.event.i - one.event.i);
    const before = all.filter(({ weight }) => weight === BEFORE).slice(BEFORE_MAX);
    return all
      .filter((step) => !before.includes(step))
      .slice(0, STEPS_MAX)
      .sort((one, other) => one.event.i - other.event.i);
  }

  /// The last events up to the failure that are so, oldest first.
  last(count, isWanted, from = 0) {
    const out = [];
    for (let i = this.end; i >= from && out.length < count; i -= 1)
      if (isWanted(this.trace.events[i])) out.push(this.trace.events[i]);
    return out.reverse();
  }

  /// The first events that are so.
  firsts(count, isWanted, from = 0) {
    const out = [];
    for (let i = from; i <= this.end && out.length < count; i += 1)
      if (isWanted(this.trace.events[i])) out.push(this.trace.events[i]);
    return out;
  }

  marks(name, server) {
    return (event) => event.kind === MARK && event.name === name && (server === undefined || event.fields.server === server);
  }

  /// A request arrives at a server, or a reply.
  arrives(kind, server, isReply = false) {
    return ({ kind: what, message, server: at }) =>
      what === DELIVERED && at === server && message.kind === kind && message.reply === isReply;
  }

  /// The moment at which a server got the request that it answers with this.
  asked(reply) {
    const answer = reply.sentBy ?? reply.arrivals[0];
    return reply.other?.arrivals.findLast(({ i }) => !answer || i <= answer.i) ?? null;
  }
}

/// Whether the entries behind `prev` have this index.
function between(index, prev = 0, count = 0) {
  return prev < index && index <= prev + count;
}
