// The run as it stands in the page, made into objects. See tests/report/src/page/collect.rs for the lists it comes in.

const model = JSON.parse(document.getElementById("data").textContent);
const SENT = 0,
  DELIVERED = 1,
  DROPPED = 2,
  HELD = 3,
  DISCARDED = 4,
  MARK = 5,
  LOG = 6,
  NODE = 7,
  RULE = 8;
const names = Object.fromEntries(model.names);

/// A message that takes longer than this to arrive is late, in nanoseconds: MIT's unreliable network takes up to 26 ms.
const LATE_NS = 30e6;

/// A value: an object, a list, a text, a number. The beginning of something longer is a `Beginning`.
function decoded(value, trace) {
  if (!Array.isArray(value)) return value;
  const [head, ...rest] = value;
  if (head >= 0) {
    const out = {};
    trace.shapes[head].forEach((name, place) => {
      out[trace.strings[name]] = decoded(rest[place], trace);
    });
    return out;
  }
  if (head === -1) return rest.map((element) => decoded(element, trace));
  if (head === -2)
    return new Beginning(
      rest.slice(1).map((element) => decoded(element, trace)),
      rest[0],
    );
  return new Beginning(rest[1], rest[0]);
}

class Beginning {
  constructor(of, more) {
    this.of = of;
    this.more = more;
  }
  toString() {
    return `${show(this.of)} and ${this.more} more`;
  }
}

/// A value in words, on one line.
function show(value) {
  if (value === null || value === undefined) return "–";
  if (value instanceof Beginning) return value.toString();
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, field]) => `${name}: ${show(field)}`)
      .join(", ")}}`;
  return String(value);
}

/// The number of a server by its name; null for others.
function serverOf(name) {
  const found = /^S(\d+)$/.exec(name);
  return found ? Number(found[1]) : null;
}

/// Whether a method is one of these, in whatever service.
function isOneOf(method, wanted) {
  return wanted.some((name) => method === name || method.endsWith(`.${name}`));
}

/// What is in a field; in that of the variant that is there, if this is an enum.
function inside(value, name) {
  if (value === null || typeof value !== "object") return undefined;
  if (name in value) return value[name];
  const keys = Object.keys(value);
  return keys.length === 1 && isVariant(keys[0]) ? inside(value[keys[0]], name) : undefined;
}

/// Whether a part of a name is a variant of an enum.
function isVariant(part) {
  return /^\p{Lu}/u.test(part);
}

/// What is in a field whose name may be a path with points: see Names in tests/referee/src/names.rs. Null where nothing is on the way.
function at(content, path) {
  let value = content;
  for (const part of path.split(".")) {
    if (value === null) return null;
    value = inside(value, part);
  }
  return value;
}

/// The first of several fields that a message has.
function field(content, wanted) {
  for (const name of wanted) {
    const value = at(content, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/// Whether a field says yes, or its value is the variant with which the path ends.
function isYes(content, path) {
  const parts = path.split(".");
  const last = parts.pop();
  const value = at(content, path);
  if (!isVariant(last)) return value === true || value === 1;
  return (value !== undefined && value !== null) || (parts.length > 0 ? at(content, parts.join(".")) : content) === last;
}

class Message {
  constructor(list, id, trace) {
    const [call, reply, from, to, method, size, sent, waited, content] = list;
    Object.assign(this, { id, call, size, sent, reply: reply === 1, made: sent === null ? null : sent - (waited ?? 0) });
    this.from = trace.strings[from];
    this.to = trace.strings[to];
    this.method = trace.strings[method];
    this.content = decoded(content, trace);
    /// The other half of the call.
    this.other = null;
    /// What happened to it: events.
    this.sentBy = null;
    this.arrivals = [];
    this.ends = [];
    this.kind = kindOf(this);
  }

  /// The first that is known of it: an event; null if there is none.
  get first() {
    return this.sentBy ?? this.arrivals[0] ?? this.ends[0] ?? null;
  }
  num(wanted) {
    for (const name of wanted) {
      const value = at(this.content, name);
      if (typeof value === "number") return value;
      // As before the first entry.
      if (value === null && name.includes(".")) return model.beforeFirst;
    }
    return undefined;
  }
  /// An index in the paper's count, from 1 up, whatever the messages count from.
  index(wanted) {
    const told = this.num(wanted);
    return told === undefined ? told : told - model.beforeFirst;
  }
  yes(wanted) {
    return wanted.some((name) => isYes(this.content, name));
  }
  get term() {
    return this.num(names.term);
  }
  /// The entries of an AppendEntries that are told, with how many more there are.
  get entries() {
    const list = field(this.content, names.entries);
    if (list instanceof Beginning) return { list: Array.isArray(list.of) ? list.of : [], more: list.more };
    return { list: Array.isArray(list) ? list : [], more: 0 };
  }
  get entryCount() {
    const { list, more } = this.entries;
    return list.length + more;
  }
  get isHeartbeat() {
    return this.kind === "A" && !this.reply && this.entryCount === 0;
  }
  /// An answer that says no: to entries, or to a candidate.
  get isRefusal() {
    if (!this.reply) return false;
    return (this.kind === "A" && !this.yes(names.success)) || (this.kind === "V" && !this.yes(names.voteGranted));
  }
  /// The last index that an AppendEntries speaks of: that of its last entry, or of the one before its entries if it has none.
  get covers() {
    return (this.index(names.prevLogIndex) ?? 0) + this.entryCount;
  }
}

/// Which of the paper's messages it is: V a vote, P a pre-vote, A entries, I a snapshot, T an order to stand; others have none.
function kindOf(message) {
  const { method } = message;
  if (isOneOf(method, names.requestPreVote)) return "P";
  if (isOneOf(method, names.requestVote)) return !message.reply && message.yes(names.preVote) ? "P" : "V";
  if (isOneOf(method, names.appendEntries)) return "A";
  if (isOneOf(method, names.installSnapshot)) return "I";
  if (isOneOf(method, names.timeoutNow)) return "T";
  return "";
}

/// A trace with its messages and events as objects.
function readTrace(trace) {
  const messages = trace.messages.map((list, id) => new Message(list, id, trace));
  const calls = new Map();
  for (const message of messages) {
    const other = calls.get(message.call);
    if (other && other.reply !== message.reply) {
      message.other = other;
      other.other = message;
      // A reply does not say whether it answers a pre-vote.
      if (other.kind === "P") message.kind = "P";
      if (message.kind === "P") other.kind = "P";
    } else calls.set(message.call, message);
  }
  let time = 0;
  const events = trace.events.map((list, i) => {
    time += list[0];
    return readEvent(list, i, time, trace, messages);
  });
  messages.forEach((message) => {
    message.isLost = message.arrivals.length === 0 && message.ends.length > 0;
  });
  markReordered(events);
  const times = Float64Array.from(events, (event) => event.t);
  return { messages, events, times, threads: readThreads(trace), end: trace.end, leftOut: trace.left_out };
}

function readEvent(list, i, t, trace, messages) {
  const [, kind, ...rest] = list;
  const event = { i, t, kind, who: null, server: null };
  if (kind <= DISCARDED) {
    const message = messages[rest[0]];
    event.message = message;
    event.words = kind >= DROPPED ? trace.strings[rest[1]] : "";
    event.who = kind === DELIVERED || kind === DISCARDED ? message.to : message.from;
    if (kind === SENT) message.sentBy = event;
    else if (kind === DELIVERED) message.arrivals.push(event);
    else message.ends.push(event);
    event.again = kind === DELIVERED && message.arrivals.length > 1;
    event.late = kind === DELIVERED && message.sent !== null && t - message.sent > LATE_NS;
  } else if (kind === MARK) {
    event.name = trace.strings[rest[0]];
    event.fields = decoded(rest[1], trace);
    if (typeof event.fields.server === "number") event.who = `S${event.fields.server}`;
  } else if (kind === RULE) {
    event.words = rest[0];
  } else {
    const [first, second, third] = rest;
    event.who = trace.strings[kind === LOG ? first : second];
    event.name = kind === LOG ? trace.strings[second] : trace.strings[first];
    event.words = third;
  }
  event.server = event.who === null ? null : serverOf(event.who);
  return event;
}

/// A message is reordered if one that was sent later to the same server came before it.
function markReordered(events) {
  const newest = new Map();
  for (const event of events) {
    if (event.kind !== DELIVERED || event.message.sentBy === null) continue;
    const { from, to, reply, sentBy } = event.message;
    const key = `${from} ${to} ${reply}`;
    event.overtaken = !event.again && sentBy.i < (newest.get(key) ?? -1);
    newest.set(key, Math.max(sentBy.i, newest.get(key) ?? -1));
  }
}

function readThreads(trace) {
  return trace.threads.map(([node, name, number, born, ended, waits]) => ({
    node: trace.strings[node],
    name: trace.strings[name],
    number,
    born,
    ended: ended ?? trace.end,
    waits: waits.map(([from, to, what]) => ({ from, to, what: trace.strings[what] })),
  }));
}

/// Nanoseconds as seconds, with as many digits as tell two events apart.
function seconds(ns) {
  return (ns / 1e9).toFixed(6);
}

/// A length of time in a unit that suits it.
function span(ns) {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(2)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(1)} ms`;
  return `${(ns / 1e3).toFixed(0)} µs`;
}

/// The first place of a sorted list whose value is not below `value`.
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
