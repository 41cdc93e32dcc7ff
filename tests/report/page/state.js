// What servers are at a moment, from messages, marks and their own log lines: what nothing has shown is not known, and said so.

/// So many events lie between two states that are kept.
const KEPT_EVERY = 512;

class Server {
  constructor(id) {
    Object.assign(this, {
      id,
      up: false,
      paused: false,
      linked: true,
      life: 0,
      role: "F",
      term: 0,
      vote: null,
      commit: 0,
      applied: 0,
      snapshot: 0,
      saves: 0,
      // What it stored last, if its implementation tells; whether it has stored a snapshot; its last log line, and the commit index in one.
      stored: null,
      hasSnapshot: false,
      said: null,
      saidCommit: 0,
      // Entries by index; before the snapshot there are none. An unsure one may be gone: nothing has shown it since it could be cut.
      log: new Map(),
      next: new Map(),
      match: new Map(),
      votes: null,
    });
  }

  copy() {
    const copy = Object.assign(new Server(this.id), this);
    copy.log = new Map(this.log);
    copy.next = new Map(this.next);
    copy.match = new Map(this.match);
    copy.votes = this.votes && {
      ...this.votes,
      asked: [...this.votes.asked],
      got: [...this.votes.got],
      refused: [...this.votes.refused],
    };
    return copy;
  }

  get last() {
    let last = Math.max(this.snapshot, this.stored?.last ?? 0);
    for (const index of this.log.keys()) last = Math.max(last, index);
    return last;
  }

  see(term) {
    if (term === undefined || term <= this.term) return;
    this.term = term;
    if (this.role !== "F") this.role = "F";
  }

  /// The entries from this index on are gone.
  cut(from) {
    for (const index of [...this.log.keys()]) if (index >= from) this.log.delete(index);
  }

  /// It has this entry; a conflicting one goes with all that follow it (Fig. 2, AppendEntries, receiver 3).
  put(index, term, command) {
    const there = this.log.get(index);
    if (there && there.term !== term) this.cut(index);
    if (!there || there.term !== term || there.unsure || there.command === undefined) {
      this.log.set(index, { term, command: command ?? (there?.term === term ? there.command : undefined) });
    }
  }
}

/// The states of a run, at any event.
class History {
  constructor(trace, servers) {
    this.trace = trace;
    this.servers = servers;
    this.kept = [];
    /// What was applied anywhere, by index: the term and command, who was first, and when.
    this.committed = new Map();
    /// Commands by index and term, as far as any message or mark tells.
    this.commands = new Map();
    /// Changes of roles, terms and whereabouts for the picture: for each server a list of {t, i, role, term, up, paused, linked}.
    this.segments = Array.from({ length: servers }, () => []);
    const state = Array.from({ length: servers }, (_, id) => new Server(id));
    trace.events.forEach((event, i) => {
      if (i % KEPT_EVERY === 0) this.kept.push(state.map((server) => server.copy()));
      this.learn(event);
      apply(state, event);
      this.segment(state, event);
    });
    /// The last moment that was asked for, and its states.
    this.cached = { i: null, state: null };
  }

  learn(event) {
    if (event.kind === MARK && (event.name === "applied" || event.name === "accepted")) {
      const { index, term, command, server } = event.fields;
      this.commands.set(`${index} ${term}`, command);
      if (event.name === "applied" && !this.committed.has(index))
        this.committed.set(index, { term, command, first: server, i: event.i });
    }
  }

  segment(state, event) {
    if (event.server === null || event.server >= state.length) return;
    const { role, term, up, paused, linked } = state[event.server];
    const list = this.segments[event.server];
    const before = list[list.length - 1];
    if (
      before &&
      before.role === role &&
      before.term === term &&
      before.up === up &&
      before.paused === paused &&
      before.linked === linked
    )
      return;
    list.push({ t: event.t, i: event.i, role, term, up, paused, linked });
  }

  /// The servers just after event `i`; before the first for -1. Nobody changes what is returned: later moments are copies.
  at(i) {
    const { cached } = this;
    if (cached.i === i) return cached.state;
    const start = Math.floor(Math.max(i, 0) / KEPT_EVERY);
    // The last moment that was asked for may be nearer than the one that is kept.
    const isNear = cached.state !== null && cached.i < i && cached.i >= start * KEPT_EVERY - 1;
    const state = ((isNear ? cached.state : this.kept[start]) ?? []).map((server) => server.copy());
    for (let place = isNear ? cached.i + 1 : start * KEPT_EVERY; place <= i; place += 1) apply(state, this.trace.events[place]);
    this.cached = { i, state };
    return state;
  }

  commandOf(index, entry) {
    return entry.command ?? this.commands.get(`${index} ${entry.term}`);
  }
}

/// What an event shows of the servers.
function apply(state, event) {
  if (event.kind === MARK) return applyMark(state, event);
  if (event.kind === LOG) return says(state[event.server ?? -1], event.words);
  if (event.kind > DELIVERED) return undefined;
  const { message } = event;
  if (!message.kind || message.kind === "P") return undefined;
  const from = state[serverOf(message.from) ?? -1];
  const to = state[serverOf(message.to) ?? -1];
  if (event.kind === SENT && from) return message.reply ? answers(state, from, message) : asks(from, message);
  if (event.kind === DELIVERED && to && message.reply) return hears(to, message);
  return undefined;
}

/// A log line of the server's own.
function says(server, words) {
  if (!server) return;
  server.said = words;
  server.saidCommit = Math.max(server.saidCommit, commitOf(words) ?? 0);
}

/// The commit index that a log line tells; null if it tells none.
function commitOf(words) {
  const found =
    /(\d+) is committed/i.exec(words) ?? /\bcommit(?:s|ted)?(?:[ _]?index)?\s*(?:up to|to|is|=|:|->|→)?\s*(\d+)/i.exec(words);
  return found ? Number(found[1]) : null;
}

/// It stored its state. What that says is known of implementations that tell.
function saved(server, fields) {
  server.saves += 1;
  server.hasSnapshot ||= fields.snapshot !== null;
  if (typeof fields.last !== "number") return;
  // An entry that was given and is not stored yet may still come: only what was there can have been cut.
  if (server.stored && fields.last < server.stored.last) server.cut(fields.last + 1);
  server.stored = fields;
  server.see(fields.term);
  if (fields.vote !== null && (server.vote === null || server.vote.term < fields.term))
    server.vote = { term: fields.term, for: fields.vote };
  if (fields.base > server.snapshot) {
    server.snapshot = fields.base;
    trim(server);
  }
}

/// It starts: what is volatile (Fig. 2, State) begins anew, and of the rest it has what it had stored.
function starts(server, life) {
  const { stored } = server;
  if (stored) {
    server.cut(stored.last + 1);
    // Whether it has read it shows when it grants a vote, or does not.
    server.vote = stored.vote === null ? null : { term: stored.term, for: stored.vote, isOld: true };
  } else {
    for (const [index, entry] of server.log) server.log.set(index, { ...entry, unsure: true });
    if (server.vote !== null) server.vote = { ...server.vote, isOld: true };
  }
  const begin = { commit: server.snapshot, applied: server.snapshot, saidCommit: 0, votes: null };
  Object.assign(server, { up: true, paused: false, life, role: "F" }, begin);
  server.next.clear();
  server.match.clear();
}

function applyMark(state, { name, fields: f }) {
  const server = state[f.server];
  if (!server) return;
  switch (name) {
    case "start":
      starts(server, f.life);
      break;
    case "down":
      Object.assign(server, { up: false, role: "F", votes: null });
      break;
    case "link":
      server.linked = f.up;
      break;
    case "pause":
      server.paused = f.on;
      break;
    case "leads":
      if (f.term >= server.term) Object.assign(server, { term: f.term, role: "L" });
      break;
    case "state":
      if (f.term < server.term) break;
      server.see(f.term);
      if (f.leader) server.role = "L";
      else if (server.role === "L") server.role = "F";
      break;
    case "accepted":
      server.put(f.index, f.term, f.command);
      break;
    case "applied":
      server.applied = f.index;
      server.commit = Math.max(server.commit, f.index);
      server.put(f.index, f.term, f.command);
      break;
    case "installed":
      Object.assign(server, { applied: f.index, snapshot: f.index, commit: Math.max(server.commit, f.index) });
      trim(server);
      break;
    case "snapshot":
      server.snapshot = Math.max(server.snapshot, f.index);
      trim(server);
      break;
    case "save":
      saved(server, f);
      break;
    default:
  }
}

function trim(server) {
  for (const index of [...server.log.keys()]) if (index <= server.snapshot) server.log.delete(index);
}

/// A server asks: it stands, or it leads.
function asks(server, message) {
  const { term } = message;
  if (term === undefined || term < server.term) return;
  server.see(term);
  const peer = serverOf(message.to);
  if (message.kind === "V") {
    if (server.votes === null || server.votes.term !== term) {
      // A request may leave late, when enough others have voted already: who leads stays leader.
      Object.assign(server, {
        role: server.role === "L" ? "L" : "C",
        vote: { term, for: server.id },
        votes: { term, asked: [], got: [server.id], refused: [] },
      });
      // It tells where its log ends. What is sent again later tells where it did.
      const last = message.index(names.lastLogIndex);
      if (last !== undefined) server.cut(last + 1);
    }
    server.votes.asked.push(peer);
  } else if (message.kind === "A") {
    server.role = "L";
    const prev = message.index(names.prevLogIndex) ?? 0;
    putEntries(server, message, prev);
    server.next.set(peer, prev + 1);
    server.commit = Math.max(server.commit, message.index(names.leaderCommit) ?? 0);
  } else if (message.kind === "I") {
    server.role = "L";
    server.next.set(peer, (message.index(names.lastIncludedIndex) ?? 0) + 1);
  }
}

function putEntries(server, message, prev) {
  const prevTerm = message.num(names.prevLogTerm);
  if (prev > server.snapshot && prevTerm !== undefined) server.put(prev, prevTerm, undefined);
  message.entries.list.forEach((entry, place) => {
    const term = field(entry, names.term);
    const command = field(entry, names.command);
    if (typeof term === "number" && prev + 1 + place > server.snapshot) server.put(prev + 1 + place, term, command);
  });
}

/// A server answers: what it says yes to has become part of its state.
function answers(state, server, message) {
  const request = message.other;
  const { term } = message;
  if (request === null) return server.see(term);
  const before = server.term;
  server.see(term);
  if (message.kind === "V" && message.yes(names.voteGranted)) {
    server.vote = { term: request.term, for: serverOf(request.from) };
    if ((request.term ?? 0) > before) server.role = "F";
  } else if (message.kind === "A") {
    if ((request.term ?? 0) >= server.term && server.role === "C") server.role = "F";
    if (message.yes(names.success)) accepts(state, server, request);
    else if (term === request.term) rejects(server, request, message);
  } else if (
    message.kind === "I" &&
    (request.term ?? 0) >= before &&
    (request.index(names.lastIncludedIndex) ?? 0) > server.snapshot &&
    request.yes(names.done) !== false
  ) {
    // Whether all pieces are there shows when the service gets the snapshot.
    if (server.role === "C") server.role = "F";
  }
  return undefined;
}

/// It says no to entries behind one that it was thought to have: so it does not have that one.
function rejects(server, request, message) {
  const prev = request.index(names.prevLogIndex) ?? 0;
  if (prev <= server.snapshot || server.log.get(prev)?.term !== request.num(names.prevLogTerm)) return;
  server.cut(Math.min(prev, message.index(names.conflictIndex) ?? prev));
}

function accepts(state, server, request) {
  const end = request.covers;
  putEntries(server, request, request.index(names.prevLogIndex) ?? 0);
  // Two logs with an entry of the same index and term are the same up to there (§5.3, Log Matching).
  const leader = state[serverOf(request.from) ?? -1];
  const mark = server.log.get(end);
  const theirs = leader?.log.get(end);
  if (leader && theirs && (!mark || mark.term === theirs.term)) {
    for (const [index, entry] of leader.log)
      if (index <= end && index > server.snapshot && !server.log.has(index)) server.log.set(index, { ...entry });
  }
  // What follows stays, if it does not conflict (Fig. 2, AppendEntries, receiver 3). Whether it has, later messages show.
  if (!server.stored) for (const [index, entry] of server.log) if (index > end) server.log.set(index, { ...entry, unsure: true });
  server.commit = Math.max(server.commit, Math.min(request.index(names.leaderCommit) ?? 0, end));
}

/// The answer arrives.
function hears(server, message) {
  const request = message.other;
  // A higher term should end its office. Whether it does, show its next message, save or answer to `get_state`.
  if (request === null || (message.term ?? 0) > server.term) return undefined;
  const peer = serverOf(message.from);
  if (message.kind === "V" && server.votes !== null && server.votes.term === request.term) {
    const list = message.yes(names.voteGranted) ? server.votes.got : server.votes.refused;
    if (!list.includes(peer)) list.push(peer);
  } else if (server.role === "L" && request.term === server.term) {
    const yes = message.kind === "I" || message.yes(names.success);
    const end = message.kind === "I" ? (request.index(names.lastIncludedIndex) ?? 0) : request.covers;
    if (yes) {
      server.match.set(peer, Math.max(end, server.match.get(peer) ?? 0));
      server.next.set(peer, (server.match.get(peer) ?? 0) + 1);
    }
  }
  return undefined;
}
