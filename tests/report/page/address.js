// The address of the page: its fragment holds the moment, the part in sight and the search, so that a link shows what you see.

function writeFragment(view) {
  const { scale } = view;
  const parts = new URLSearchParams({
    e: view.cursor,
    z: `${Math.round(scale.from)},${Math.round(scale.to)}`,
    axis: scale.isEven ? "even" : "time",
  });
  if (!view.query.isEmpty) parts.set("q", view.query.text);
  if (view.server !== null) parts.set("s", view.server);
  if (view.fades) parts.set("proof", 1);
  if (view.onlyMatches) parts.set("only", 1);
  view.written = `#${parts}`;
  // Safari allows a hundred of these in half a minute.
  clearTimeout(view.writing);
  view.writing = setTimeout(() => {
    try {
      history.replaceState(null, "", view.written);
    } catch {
      /* the page works without */
    }
  }, 150);
}

function readFragment(view) {
  const parts = new URLSearchParams(location.hash.slice(1));
  const number = (name) => {
    const value = Number(parts.get(name));
    return parts.has(name) && Number.isFinite(value) ? value : null;
  };
  const count = view.trace.events.length;
  if (parts.has("axis")) view.scale.isEven = parts.get("axis") !== "time";
  const [from, to] = (parts.get("z") ?? "").split(",").map(Number);
  if (Number.isFinite(from) && Number.isFinite(to) && to > from) view.scale.show(from, to);
  const cursor = number("e");
  if (cursor !== null) {
    view.cursor = Math.max(0, Math.min(Math.trunc(cursor), count - 1));
    // A hand-made link may name a moment alone.
    if (view.trace.events[view.cursor]) view.scale.reveal(view.scale.ofEvent(view.trace.events[view.cursor]));
  }
  const server = number("s");
  view.server = server !== null && server >= 0 && server < model.run.servers ? Math.trunc(server) : null;
  view.fades = parts.has("proof");
  view.onlyMatches = parts.has("only");
  if (parts.has("q")) {
    document.getElementById("search").value = parts.get("q");
    view.search(parts.get("q"));
  }
  view.showSwitches();
}
