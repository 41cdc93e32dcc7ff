// What led to the failure: the messages that the judge names, and events beside them that say where the mistake was made: the
// arrival of a request, a restart between two votes, the answer that moved a commit index, what was applied first.

/// Collects the steps of a run that failed.
class Proof extends Steps {
  constructor(trace, history, failure) {
    super(trace, failure);
    this.history = history;
    this.text = [failure.headline, failure.rule, failure.expected, failure.seen, model.run.about].join(" ").toLowerCase();
    /// Those that the failure is about; all, if it does not say.
    this.accused = failure.servers.length > 0 ? failure.servers : Array.from({ length: model.run.servers }, (_, id) => id);
    this.named();
    if (/vote|elect|two leaders|leads term|stands/.test(`${failure.headline} ${failure.rule}`)) this.elections();
    if (failure.proof.length === 0 && /timer|timeout|under a leader/.test(this.text)) this.patience();
    if (failure.entry !== null) this.entry(failure.entry);
    if (/acknowledged|lost|log|entries|suffix/.test(this.text)) this.cuts();
    const isOfClients = model.operations.some((operation) => operation[6]);
    if (/snapshot/.test(this.text) && !isOfClients) this.snapshots();
    this.clients();
    this.callers();
    if (model.run.scripted > 0) this.exchanges();
    if (this.count(MISTAKE) === 0 && !isOfClients) this.standstill();
    this.lives();
    this.panic();
    this.steps = this.chosen();
  }

  /// What the judge names. The last line is what broke the rule.
  named() {
    const lines = this.failure.proof;
    const answered = new Set(
      lines
        .map(([, id]) => this.trace.messages[id ?? -1])
        .filter((message) => message?.reply)
        .map(({ call }) => call),
    );
    lines.forEach(([words, id], place) => {
      if (id === null) this.applied(words);
      else this.line(this.trace.messages[id], place === lines.length - 1, answered);
    });
  }

  line(message, isLast, answered) {
    if (message.reply) {
      const asked = this.asked(message);
      this.add(asked, isLast && asked ? this.mustSee(asked) : "", isLast ? MISTAKE : BEFORE);
      const lacking = isLast ? "" : this.notStored(message);
      this.add(message.first, isLast ? "this answer breaks the rule" : lacking, lacking ? CULPRIT : NEEDED);
    } else if (!answered.has(message.call)) {
      // Of a request that is answered in the proof its arrival is there.
      this.add(message.first, isLast ? "this breaks the rule" : "", isLast ? MISTAKE : NEEDED);
    }
  }

  /// What a server tells with an answer and has not stored, where it is known what it has stored.
  notStored(reply) {
    const answer = reply.first;
    const stored = answer && this.history.at(answer.i)[serverOf(reply.from)]?.stored;
    if (!stored || !reply.other) return "";
    const end = reply.other.covers;
    if (reply.kind === "A" && reply.yes(names.success) && stored.last < end) {
      return `tells that it has entries up to ${end}, and has stored them up to ${stored.last}`;
    }
    const isVote = reply.kind === "V" && reply.yes(names.voteGranted) && reply.other.term === reply.term;
    const isStored = stored.term === reply.term && stored.vote === serverOf(reply.to);
    return isVote && !isStored ? "gives its vote, and has not stored it" : "";
  }

  /// What the answer to a request must look at, as far as it is known: votes, the ends of both logs, the entry before the new ones.
  mustSee({ message, i, server }) {
    const state = this.history.at(i - 1)[server];
    const facts = [];
    if (state && message.kind === "V") {
      if (state.vote?.term === message.term) facts.push(`S${server} has voted for S${state.vote.for} in that term`);
      const own = state.log.get(state.last);
      if (own)
        facts.push(
          `S${server}'s log ends with entry ${state.last} of term ${own.term}, the candidate's with ${message.index(names.lastLogIndex)} of term ${message.num(names.lastLogTerm)}`,
        );
    } else if (state && message.kind === "A") {
      const prev = message.index(names.prevLogIndex) ?? 0;
      const own = state.log.get(prev);
      if (own) facts.push(`S${server} has entry ${prev} of term ${own.term}, the message says ${message.num(names.prevLogTerm)}`);
      else if (prev > state.last) facts.push(`the log of S${server} ends at ${state.last}`);
    }
    if (state && (message.term ?? 0) < state.term) facts.push(`S${server} is in term ${state.term}`);
    return `what the answer to it must look at${facts.length > 0 ? `: ${facts.join("; ")}` : ""}`;
  }

  /// `S0 applied entry 2 of term 1`.
  applied(words) {
    const [, server, index] = /S(\d+) applied entry (\d+)/.exec(words) ?? [];
    if (server === undefined) return;
    const is = this.marks("applied", Number(server));
    for (const event of this.last(1, (event) => is(event) && event.fields.index === Number(index)))
      this.add(event, "this breaks the rule", NEEDED);
  }

  /// Who stood for election in the term, who voted, and who led.
  elections() {
    const { term } = this.failure;
    if (term === null) return;
    const given = new Map();
    for (const id of this.accused) {
      const asks = ({ kind, message, server }) =>
        kind === SENT && server === id && message.kind === "V" && !message.reply && message.term === term;
      const stands = this.firsts(1, asks)[0];
      if (!stands) continue;
      this.add(stands, `S${id} stands for election in term ${term}`, BEFORE);
      const granted = ({ kind, message }) =>
        kind === SENT &&
        message.kind === "V" &&
        message.reply &&
        message.to === `S${id}` &&
        message.yes(names.voteGranted) &&
        message.other?.term === term;
      for (const vote of this.firsts(9, granted, stands.i)) {
        const voter = vote.message.from;
        this.add(vote, `a vote for S${id}`, NEEDED);
        this.lacks(vote, id);
        const before = given.get(voter);
        if (before && before.to !== id)
          for (const one of [before.vote, vote]) this.add(one, `${voter} votes twice in term ${term}`, MISTAKE);
        given.set(voter, { vote, to: id });
      }
      this.othersVotes(id, term, stands);
      for (const leads of this.firsts(1, (event) => this.marks("leads", id)(event) && event.fields.term === term))
        this.add(leads, "", NEEDED);
    }
  }

  /// Votes that a candidate has been given for earlier terms. Where it leads without a majority, it may have counted them.
  othersVotes(id, term, stands) {
    if (!/not elected|with \d+ of \d+ votes|an earlier term|the same term/.test(this.text)) return;
    const isOfEarlier = (event) =>
      this.arrives("V", id, true)(event) && event.message.yes(names.voteGranted) && (event.message.other?.term ?? term) < term;
    for (const vote of this.last(2, isOfEarlier)) {
      const of = vote.message.other.term;
      const isLate = vote.i > stands.i;
      const words = isLate
        ? `comes when S${id} stands for term ${term}: it was given for term ${of}`
        : `a vote for term ${of}, and for that term only`;
      this.add(vote, words, isLate ? MISTAKE : NEEDED);
    }
  }

  /// A vote for a log that lacks an entry which the voter has.
  lacks(vote, candidate) {
    const { entry } = this.failure;
    const { message } = vote;
    const last = message.other?.index(names.lastLogIndex);
    if (entry === null || last === undefined || last >= entry) return;
    const voter = this.history.at(vote.i)[serverOf(message.from)];
    if (voter?.log.has(entry))
      this.add(
        this.asked(message),
        `${message.from} has entry ${entry} and votes for S${candidate}, whose log ends at ${last}`,
        MISTAKE,
      );
  }

  /// A server that stands for election soon after a word that should have made it wait.
  patience() {
    for (const id of this.accused) {
      const stands = this.firsts(
        1,
        ({ kind, message, server }) => kind === SENT && server === id && message.kind === "V" && !message.reply,
        this.first < this.end ? this.first : 0,
      )[0];
      if (!stands) continue;
      const words = (event) => event.i < stands.i && ["A", "I"].some((kind) => this.arrives(kind, id)(event));
      for (const word of this.last(1, words)) {
        this.add(word, "a word of a leader: the election timer begins anew", CULPRIT);
        if (word.message.other) this.add(word.message.other.first, "", NEEDED);
        this.add(stands, `S${id} stands for election ${span(stands.t - word.t)} later`, NEEDED);
      }
    }
  }

  /// Where an entry came from, who applied it, and who was told that it is committed.
  entry(index) {
    const { term } = this.failure;
    const isAt = (name, server) => (event) => this.marks(name, server)(event) && event.fields.index === index;
    const first = this.firsts(1, isAt("applied"))[0];
    if (first) this.add(first, `the first to apply entry ${index}`, NEEDED);
    for (const accepted of this.last(2, isAt("accepted"))) this.add(accepted, "", BEFORE);
    for (const id of this.accused) {
      for (const event of this.last(1, isAt("applied", id))) {
        const other =
          first && (event.fields.term !== first.fields.term || show(event.fields.command) !== show(first.fields.command));
        this.add(event, other ? `not what ${first.who} applied there` : "", other ? MISTAKE : NEEDED);
      }
      this.commits(id, index, term);
      const brings = ({ message }) =>
        message.kind === "A" && between(index, message.index(names.prevLogIndex), message.entryCount);
      const of = ({ message }) => field(message.entries.list[index - 1 - (message.index(names.prevLogIndex) ?? 0)], names.term);
      for (const event of this.last(2, (event) => this.arrives("A", id)(event) && brings(event)))
        this.add(event, `brings entry ${index}${of(event) === undefined ? "" : ` of term ${of(event)}`}`, BEFORE);
    }
  }

  /// How a server came to take an index for committed: by a leader's word, or by the answers that it counted.
  commits(id, index, term) {
    if (!/commit|appl/.test(this.text)) return;
    const tells = (event) => this.arrives("A", id)(event) && (event.message.index(names.leaderCommit) ?? 0) >= index;
    const [told] = this.last(1, tells);
    const server = told && this.history.at(told.i)[id];
    if (told && (server.role !== "L" || (told.message.term ?? 0) > server.term)) this.follows(told, id, index);
    else this.counts(id, index, term);
  }

  follows(told, id, index) {
    const { message } = told;
    this.add(
      told,
      `says that ${message.index(names.leaderCommit)} is committed; what it compares ends at ${message.covers}`,
      CULPRIT,
    );
    for (const line of this.commitLines(id, index, told.i)) this.add(line, "its own log line", NEEDED);
  }

  commitLines(id, index, from) {
    return this.firsts(1, ({ kind, server, words }) => kind === LOG && server === id && (commitOf(words) ?? -1) >= index, from);
  }

  counts(id, index, term) {
    const end = ({ message }) => message.other.covers;
    const isCounted = ({ message }) => message.yes(names.success) && message.other?.term === term;
    const answers = this.last(40, (event) => this.arrives("A", id, true)(event) && isCounted(event));
    const counted = answers.filter((event) => end(event) >= index);
    const [says] = this.commitLines(id, index, answers[0]?.i ?? this.end);
    if (says) this.add(says, "its own log line", NEEDED);
    const stored = (event) => `${event.message.from} has entries up to ${end(event)}`;
    for (const event of counted.length > 0 ? counted.slice(0, 3) : answers.slice(-2)) this.add(event, stored(event), NEEDED);
    const decisive = says ? answers.findLast(({ i }) => i < says.i) : answers.at(-1);
    if (!decisive) return;
    const of = this.history.at(decisive.i)[id].log.get(index)?.term;
    const old = of !== undefined && of !== term ? `, which is of term ${of} while S${id} leads term ${term}` : "";
    this.add(decisive, `${stored(decisive)}: after this answer S${id} takes entry ${index} for committed${old}`, CULPRIT);
  }

  /// What may have taken entries away from a log: shorter messages, snapshots, restarts; and the saves that show it.
  cuts() {
    for (const id of this.accused) {
      let most = 0;
      for (let i = 0; i <= this.end; i += 1) {
        const event = this.trace.events[i];
        if (!this.marks("save", id)(event) || typeof event.fields.last !== "number") continue;
        if (event.fields.last < most && i >= this.first) {
          const cause = this.last(
            1,
            (before) => before.i < i && before.kind === DELIVERED && before.server === id && !before.message.reply,
          )[0];
          if (cause) this.add(cause, "the message that it handles then", CULPRIT);
          this.add(event, `the stored log is cut from ${most} to ${event.fields.last}`, MISTAKE);
        }
        most = event.fields.last;
      }
    }
  }

  snapshots() {
    for (const id of this.accused) {
      for (const name of ["snapshot", "installed"])
        for (const event of this.last(2, this.marks(name, id))) this.add(event, "", NEEDED);
      const [arrival] = this.last(1, this.arrives("I", id));
      if (arrival) this.add(arrival, `the snapshot arrives at S${id}`, MISTAKE);
      for (const event of this.last(1, (event) => this.marks("save", id)(event) && event.fields.snapshot !== null))
        this.add(event, "", NEEDED);
    }
  }

  /// The operation that no order explains, the write that it should have seen, and who answered.
  clients() {
    const { headline } = this.failure;
    const all = model.operations;
    // Each key has an operation of its own that no order explains: the headline tells which one is meant.
    const isTold = ([client, call]) => headline.includes(`C${client}'s ${call}`);
    const illegal = all.filter((operation) => operation[6]);
    const wrong = illegal.find(isTold) ?? illegal[0];
    if (!wrong) return;
    const [client, call, , asked, ended] = wrong;
    const answer = this.answerTo(wrong);
    if (this.failure.servers.length === 0 && answer !== null) this.accused = [serverOf(answer.from)];
    this.exchange(wrong, `the server that gets it answers C${client}'s ${call} wrongly`, MISTAKE);
    if (answer === null) {
      const here = this.trace.events[lowerBound(this.trace.times, ended ?? asked)];
      this.add(here, `at this moment C${client}'s ${call} ends, and no server was asked`, CULPRIT);
    }
    const key = /\(([^,)]*)/.exec(call)?.[1];
    const isWrite = ([, other, told, , end, failed]) => {
      const has = told !== null && end !== null && end <= asked && !failed;
      return has && /^(put|append|write|cas)/.test(other) && /\(([^,)]*)/.exec(other)?.[1] === key;
    };
    const writes = all.filter(isWrite).sort((one, other) => one[4] - other[4]);
    const write = writes.findLast(isTold) ?? writes.at(-1);
    if (write) this.exchange(write, `C${write[0]}'s ${write[1]}, which has ended before`, NEEDED);
    this.twice(answer);
    const [from, to] = [write?.[3] ?? 0, ended ?? Infinity];
    const leads = (event) => this.marks("leads")(event) && event.t >= from && event.t <= to;
    for (const event of this.last(3, leads)) this.add(event, "", BEFORE);
  }

  /// The arrival of the request that an operation was answered by, and the answer.
  exchange(operation, why, weight) {
    const answer = this.answerTo(operation);
    if (!answer) return;
    this.add(this.asked(answer), why, weight);
    this.add(answer.first, "", BEFORE);
  }

  /// The message with which a client was told.
  answerTo([client, , , asked, ended]) {
    if (ended === null) return null;
    const isAnswer = ({ kind, message, t }) =>
      kind === DELIVERED && message.reply && message.to === `C${client}` && t >= asked && t <= ended;
    return this.last(1, isAnswer)[0]?.message ?? null;
  }

  /// The same command, applied again where the answer was made.
  twice(answer) {
    const words = /(append|put)\(.*?\)(?= took| by|$)/.exec(this.failure.headline)?.[0];
    if (!words || !answer) return;
    const id = serverOf(answer.from);
    const isTake = ({ kind, name, fields, server }) =>
      kind === MARK && name === "applied" && server === id && String(fields.command).startsWith(words);
    const all = this.firsts(9, isTake);
    const takes = all.length > 1 ? [all[0], all.at(-1)] : all;
    takes.forEach((event, place) => {
      this.add(
        event,
        place === 0 ? "takes effect" : "the same command once more, which must change nothing",
        place === 0 ? NEEDED : CULPRIT,
      );
    });
    const hasSnapshot = ({ kind, name, fields }) =>
      kind === MARK && (name === "installed" || (name === "save" && fields.snapshot !== null));
    const isBefore = (event) => hasSnapshot(event) && event.server === id && event.i < (takes.at(-1)?.i ?? 0);
    if (takes.length > 1) for (const event of this.last(1, isBefore, takes[0].i)) this.add(event, "", NEEDED);
  }

  /// A caller that asked a leader, which was deposed, and got an answer all the same.
  callers() {
    if (!model.run.is_called) return;
    const { segments } = this.history;
    for (const [, call, answer, asked, ended] of model.operations) {
      const id = Number(/^S(\d+):/.exec(call)?.[1] ?? -1);
      if (answer === null || answer === "nothing" || !this.accused.includes(id) || !segments[id]) continue;
      const deposed = segments[id].find(
        ({ t, role }, place) => place > 0 && role === "F" && segments[id][place - 1].role === "L" && asked < t && t < ended,
      );
      if (!deposed) continue;
      const is = (name, at) => (event) => this.marks(name, id)(event) && event.t === at;
      for (const event of this.last(1, is("asked", asked))) this.add(event, `asked while S${id} led`, NEEDED);
      this.add(this.trace.events[deposed.i], `S${id} leads no more`, NEEDED);
      for (const event of this.firsts(1, is("told", ended))) {
        this.add(event, "and the caller is answered, as if its entry had been applied", NEEDED);
        const isApplied = (one) => this.marks("applied", id)(one) && one.i < event.i;
        for (const entry of this.last(1, isApplied)) this.add(entry, "an entry of the new leader", CULPRIT);
      }
      return;
    }
    const isCall = ({ kind, name }) => kind === MARK && (name === "asked" || name === "told");
    if (this.count(NEEDED) === 0) for (const event of this.last(3, isCall)) this.add(event, "", NEEDED);
  }

  /// On the bench: what the scripts said last, but for repeats, and what was answered.
  exchanges() {
    const isNew = (event, before) => !before.some(({ message }) => saying(message) === saying(event.message));
    const said = [];
    for (let i = this.end; i >= 0 && said.length < 3; i -= 1) {
      const event = this.trace.events[i];
      if (event.kind === DELIVERED && event.server === 0 && !event.message.reply && isNew(event, said)) said.unshift(event);
    }
    const isClear = this.count(MISTAKE) > 0;
    said.forEach((event, place) => {
      const isLast = place === said.length - 1;
      this.add(event, isLast ? "the last that a script asks" : "", isLast && !isClear ? MISTAKE : NEEDED);
      if (event.message.other) this.add(event.message.other.first, "", isLast ? NEEDED : BEFORE);
    });
    const asks = ({ kind, message, server }) => kind === SENT && server === 0 && !message.reply;
    if (!isClear) for (const event of this.last(2, asks)) this.add(event, "", NEEDED);
    const isCall = ({ kind, name }) => kind === MARK && ["accepted", "applied", "installed", "snapshot"].includes(name);
    if (!isClear) for (const event of this.last(2, isCall)) this.add(event, "", NEEDED);
  }

  /// Nothing went on any more: who led last, what was refused, and what befell the cluster.
  standstill() {
    for (const event of this.last(1, this.marks("leads"))) this.add(event, "the last leader", NEEDED);
    for (const event of this.last(1, this.marks("committed")))
      this.add(event, "the last entry that was applied for the first time", NEEDED);
    for (const event of this.last(3, isFault)) this.add(event, "", BEFORE);
    for (const event of this.last(1, this.marks("accepted"))) this.add(event, "the last command that was accepted", NEEDED);
    const refused = this.last(2, ({ kind, message }) => kind === SENT && message.isRefusal);
    for (const event of refused) {
      this.add(this.asked(event.message), "", BEFORE);
      this.add(event, "refused", NEEDED);
    }
    for (const event of this.last(1, ({ kind, message }) => kind === SENT && message.kind === "A" && !message.reply))
      this.add(event, "the last that a leader has sent", NEEDED);
  }

  /// Who stopped and started again meanwhile.
  lives() {
    const from = this.first;
    const isLife = (event) =>
      event.kind === MARK &&
      (event.name === "down" || (event.name === "start" && event.fields.life > 1)) &&
      this.accused.includes(event.fields.server);
    const matters = /restart|persist|stor|saved|lost|power|across/.test(this.text);
    for (const event of this.last(4, isLife, from)) this.add(event, "", matters ? MISTAKE : NEEDED);
  }

  /// Code under test that panicked, and the message that it got last.
  panic() {
    if (this.failure.rule !== null || this.failure.expected !== "") return;
    const [event] = this.last(1, ({ kind, name }) => kind === NODE && name === "Panic");
    if (!event) return;
    this.add(event, "", MISTAKE);
    for (const before of this.last(1, ({ kind, who, i }) => kind === DELIVERED && who === event.who && i < event.i))
      this.add(before, "the last message that it got", NEEDED);
  }
}
