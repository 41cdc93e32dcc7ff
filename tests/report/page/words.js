// Events and messages in words.

const KIND_NAMES = { V: "RequestVote", P: "PreVote", A: "AppendEntries", I: "InstallSnapshot", T: "TimeoutNow" };

function methodName(message) {
  return KIND_NAMES[message.kind] ?? message.method.split(".").pop();
}

/// `2nd`.
function ordinal(number) {
  const isTeen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${(!isTeen && ["th", "st", "nd", "rd"][number % 10]) || "th"}`;
}

/// What a message says: `term 6, after 6 of term 5: 2 entries, commit 5`.
function saying(message) {
  const term = message.term === undefined ? "" : `term ${message.term}`;
  if (message.content === null || message.content === undefined) return "(nothing is known of what was in it)";
  if (message.reply) return replySaying(message, term);
  switch (message.kind) {
    case "V":
    case "P":
      return `${term}, last entry ${show(message.index(names.lastLogIndex))} of term ${show(message.num(names.lastLogTerm))}`;
    case "A": {
      const count = message.entryCount;
      const what = count === 0 ? "heartbeat" : count === 1 ? "1 entry" : `${count} entries`;
      return `${term}, after ${show(message.index(names.prevLogIndex))} of term ${show(message.num(names.prevLogTerm))}: ${what}, commit ${show(message.index(names.leaderCommit))}`;
    }
    case "I":
      return `${term}, up to ${show(message.index(names.lastIncludedIndex))} of term ${show(message.num(names.lastIncludedTerm))}`;
    default:
      return cut(show(message.content));
  }
}

function replySaying(message, term) {
  switch (message.kind) {
    case "V":
    case "P":
      return `${message.yes(names.voteGranted) ? "granted" : "refused"}, ${term}`;
    case "A": {
      const conflict = message.index(names.conflictIndex);
      const hint = conflict ? `, back to ${conflict}` : "";
      return message.yes(names.success) ? `success, ${term}` : `rejected, ${term}${hint}`;
    }
    case "I":
      return `received, ${term}`;
    default:
      return cut(show(message.content));
  }
}

function cut(text, most = 160) {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function messageWords(message) {
  const reply = message.reply ? " reply" : "";
  return `${message.from} → ${message.to} ${methodName(message)}${reply} #${message.call}: ${saying(message)}`;
}

/// An event in a line.
function wordsOf(event) {
  if (event.text === undefined) event.text = makeWords(event);
  return event.text;
}

function makeWords(event) {
  switch (event.kind) {
    case SENT:
      return `sent ${messageWords(event.message)}`;
    case DELIVERED:
      return `got ${messageWords(event.message)}${arrivalNotes(event)}`;
    case DROPPED:
    case HELD:
    case DISCARDED:
      return `${event.words}: ${messageWords(event.message)}`;
    case MARK:
      return markWords(event);
    case LOG:
      return `log ${event.words}`;
    case NODE:
      return event.name === "Panic" ? `panic: ${event.words}` : event.words;
    default:
      return `network: ${event.words}`;
  }
}

function arrivalNotes(event) {
  const notes = [];
  if (event.again) notes.push("repeated");
  if (event.late) notes.push(`late, after ${span(event.t - event.message.sent)}`);
  if (event.overtaken) notes.push("overtaken by a later one");
  return notes.length ? ` (${notes.join(", ")})` : "";
}

function markWords({ name, fields: f }) {
  const server = `S${f.server}`;
  switch (name) {
    case "start":
      return f.life === 1 ? `${server} starts` : `${server} starts again, for the ${ordinal(f.life)} time (restart)`;
    case "down":
      return f.how === "killed" ? `${server} is killed (crash)` : `${server} loses its power (crash)`;
    case "link":
      return f.up ? `${server} is connected` : `${server} is disconnected`;
    case "pause":
      return f.on ? `${server} is paused` : `${server} goes on`;
    case "leads":
      return `${server} leads term ${f.term}`;
    case "state":
      return `${server} says: term ${f.term}, ${f.leader ? "leader" : "no leader"}`;
    case "accepted":
      return `${server} accepts command ${show(f.command)} at index ${f.index}, term ${f.term}`;
    case "applied":
      return `${server} applies entry ${f.index} of term ${f.term}: ${show(f.command)}`;
    case "installed":
      return `${server} delivers a snapshot up to ${f.index} of term ${f.term}`;
    case "committed":
      return `${server} is the first to apply entry ${f.index}`;
    case "snapshot":
      return `${server} takes a snapshot up to ${f.index}`;
    case "save":
      return `${server} saves ${savedWords(f)}`;
    case "asked":
      return `a caller asks ${server}: ${f.text}`;
    case "told":
      return `${server} tells its caller: ${f.text}`;
    case "note":
      return `test: ${f.text}`;
    default:
      return `${name} ${show(f)}`;
  }
}

/// What a server stored: `term 11, vote S2, log 1 to 4, 83 bytes`.
function savedWords({ bytes, snapshot, term, vote, base, last }) {
  const size = `${bytes} bytes${snapshot === null ? "" : ` and a snapshot of ${snapshot}`}`;
  if (typeof last !== "number") return size;
  const log = last > base ? `log ${base + 1} to ${last}` : "an empty log";
  const behind = base > 0 ? ` behind a snapshot up to ${base}` : "";
  return `term ${term}, ${vote === null ? "no vote" : `vote S${vote}`}, ${log}${behind} (${size})`;
}

/// A word for the kind of an event, for search and the list.
function kindWord(event) {
  if (event.kind === MARK) return event.name;
  return ["sent", "got", "dropped", "held", "discarded", "", "log", "node", "network"][event.kind];
}

/// Whether it is something that the test does to the cluster, or that befalls it.
function isFault(event) {
  if (event.kind === MARK)
    return (
      ["down", "link", "pause"].includes(event.name) ||
      (event.name === "start" && event.fields.life > 1) ||
      (event.name === "note" && isFaultNote(event.fields.text))
    );
  return event.kind === RULE || (event.kind === NODE && ["Crash", "Pause", "Unpause", "ClockRate"].includes(event.name));
}

/// A note of the harness about a fault: see tests/harness/src/cluster/faults.rs.
function isFaultNote(text) {
  return /are lost|is split|are up to|arrive twice|is lost|clock of|lose its power|saves of|fails?\b|heals?\b|unreliable/.test(
    text,
  );
}
