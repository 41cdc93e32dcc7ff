// What servers are, and what an event has changed of it, in words.

/// What an event has changed, in words.
function changes(history, i) {
  const before = history.at(i - 1);
  const after = history.at(i);
  const out = [];
  after.forEach((now, id) => {
    const old = before[id];
    const say = (what, from, to) => {
      if (show(from) !== show(to)) out.push(`S${id} ${what}: ${show(from)} → ${show(to)}`);
    };
    say("role", ROLES[old.role], ROLES[now.role]);
    say("term", old.term, now.term);
    say("vote", voteWords(old), voteWords(now));
    say("commit", commitWords(old), commitWords(now));
    say("applied", old.applied, now.applied);
    say("snapshot up to", snapshotWords(old), snapshotWords(now));
    say("last entry", lastWords(old), lastWords(now));
    say("votes for it", old.votes?.got.map((peer) => `S${peer}`) ?? null, now.votes?.got.map((peer) => `S${peer}`) ?? null);
    for (const [peer, match] of now.match) say(`matchIndex of S${peer}`, old.match.get(peer), match);
    say("is", whereabouts(old), whereabouts(now));
  });
  return out;
}

const ROLES = { F: "follower", C: "candidate", L: "leader" };

/// A vote; and whether it is stored, where that is known.
function voteWords({ vote, stored }) {
  if (vote === null) return "–";
  const isStored = !stored || (stored.term === vote.term && stored.vote === vote.for);
  return `S${vote.for} in term ${vote.term}${isStored ? "" : ", not stored"}${vote.isOld ? ", before its last start" : ""}`;
}

/// The commit index as messages show it; and as the server has logged it, where that is more.
function commitWords({ commit, saidCommit }) {
  return saidCommit > commit ? `${commit}, it says ${saidCommit}` : String(commit);
}

function snapshotWords({ snapshot, hasSnapshot }) {
  if (snapshot > 0) return String(snapshot);
  return hasSnapshot ? "? (one is stored)" : "–";
}

/// The last entry, and whether it is sure.
function lastWords(server) {
  const { last, stored, log } = server;
  if (log.get(last)?.unsure) return `${last}?`;
  return stored && stored.last < last ? `${last}, stored ${stored.last}` : String(last);
}

function whereabouts(server) {
  if (!server.up) return server.life === 0 ? "not started" : "down";
  if (server.paused) return "paused";
  return server.linked ? "up" : "cut off";
}
