// Search: words, fields, and motifs such as "granted after crash".

/// What a query asks of an event. All of its words must hold; "X after Y" (or "Y then X") asks for an X with a Y before it on the same
/// server, "within 200ms" for one that is not older.
class Query {
  constructor(text) {
    this.text = text.trim();
    const within = / within ([\d.]+) ?(s|ms|us|µs)\b/i.exec(` ${this.text}`);
    this.within = within ? Number(within[1]) * { s: 1e9, ms: 1e6, us: 1e3, µs: 1e3 }[within[2].toLowerCase()] : Infinity;
    const rest = ` ${this.text} `.replace(/ within [\d.]+ ?(s|ms|us|µs)\b/i, " ");
    const [, last, first] = / (.*) after (.*) /i.exec(rest) ?? [];
    const [, before, then] = / (.*) then (.*) /i.exec(rest) ?? [];
    this.wanted = tokens(last ?? then ?? rest);
    this.before = first !== undefined ? tokens(first) : before !== undefined ? tokens(before) : null;
  }

  get isEmpty() {
    return this.text === "";
  }

  /// The events that match, in order.
  run(events) {
    if (this.isEmpty) return [];
    const seen = new Map();
    const out = [];
    for (const event of events) {
      // Looked up before this event is entered: it is not before itself.
      if (matches(event, this.wanted) && this.hasBefore(event, seen)) out.push(event.i);
      if (this.before !== null && matches(event, this.before)) for (const who of parties(event)) seen.set(who, event.t);
    }
    return out;
  }

  hasBefore(event, seen) {
    if (this.before === null) return true;
    return parties(event).some((who) => seen.has(who) && event.t - seen.get(who) <= this.within);
  }
}

function tokens(text) {
  const found = text.trim().match(/[a-z]+:"[^"]*"|"[^"]*"|\S+/gi) ?? [];
  return found.map((token) => {
    const [, key, value] = /^(type|server|s|term|from|to|is):(.+)$/i.exec(token) ?? [];
    return key
      ? { key: key.toLowerCase(), value: value.replaceAll('"', "").toLowerCase() }
      : { key: "text", value: token.replaceAll('"', "").toLowerCase() };
  });
}

/// The servers that an event is about, and the run as a whole.
function parties(event) {
  const { message } = event;
  if (message) return [message.from, message.to];
  return event.who === null ? ["all"] : [event.who];
}

function matches(event, wanted) {
  return wanted.every(({ key, value }) => {
    switch (key) {
      case "server":
      case "s":
        return parties(event).some((who) => who.toLowerCase() === (/^\d/.test(value) ? `s${value}` : value));
      case "from":
        return event.message?.from.toLowerCase() === value;
      case "to":
        return event.message?.to.toLowerCase() === value;
      case "term":
        return termOf(event) === Number(value);
      case "type":
        return typeOf(event).includes(value);
      case "is":
        return isSo(event, value);
      default:
        return searchText(event).includes(value);
    }
  });
}

function termOf(event) {
  return event.message ? event.message.term : event.fields?.term;
}
function typeOf(event) {
  return `${kindWord(event)} ${event.message ? methodName(event.message) : ""}`.toLowerCase();
}

function isSo(event, value) {
  switch (value) {
    case "lost":
      return event.kind === DROPPED || Boolean(event.message?.isLost);
    case "late":
      return Boolean(event.late);
    case "repeated":
      return Boolean(event.again);
    case "reordered":
      return Boolean(event.overtaken);
    case "fault":
      return isFault(event);
    case "proof":
      return isProof(event);
    case "heartbeat":
      return Boolean(event.message?.isHeartbeat);
    default:
      return false;
  }
}

function searchText(event) {
  if (event.lower === undefined) event.lower = wordsOf(event).toLowerCase();
  return event.lower;
}
