// Drawing in general: canvases that are sharp on every screen, lines, and the colours of the theme.

function stroke(ink, x1, y1, x2, y2) {
  ink.beginPath();
  ink.moveTo(x1, y1);
  ink.lineTo(x2, y2);
  ink.stroke();
}

/// How far a point is from a line.
function distance({ x1, y1, x2, y2 }, x, y) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x1 + part * dx - x, y1 + part * dy - y);
}

function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
}

function clear(ink, canvas) {
  ink.clearRect(0, 0, canvas.width, canvas.height);
}

/// Whether the ground is dark: as was chosen, or else as the system has it.
function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/// The colours of the theme: those of Okabe and Ito, which all kinds of colour vision tell apart, darker or lighter as the ground asks.
function colorsOf(root) {
  const style = getComputedStyle(root);
  const side = isDark() ? 2 : 1;
  // A variable has both sides, as they are written; a canvas takes one.
  const color = (name) => {
    const value = style.getPropertyValue(`--${name}`).trim();
    return /^light-dark\(\s*(.+?)\s*,\s*(.+?)\s*\)$/.exec(value)?.[side] ?? value;
  };
  const simple = [
    "ground",
    "text",
    "soft",
    "line",
    "lane",
    "chosen",
    "accent",
    "bad",
    "onBad",
    "warn",
    "onWarn",
    "fault",
    "applied",
    "wait",
    "no",
    "message",
    "messageA",
    "messageV",
    "messageP",
    "messageI",
    "messageT",
    "roleF",
    "roleC",
    "roleL",
    "onF",
    "onC",
    "onL",
    "onRole",
    "operation",
    "onOperation",
  ];
  return {
    ...Object.fromEntries(simple.map((name) => [name, color(name)])),
    groups: [1, 2, 3, 4].map((number) => color(`group${number}`)),
  };
}
