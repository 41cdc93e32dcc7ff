// The mouse and the finger: pointing at something, clicking, dragging, the wheel.

function listenToPointer(view) {
  const stage = document.getElementById("stage");
  const axis = document.getElementById("axis");
  const tip = document.getElementById("tip");
  const place = (event) => {
    const box = document.getElementById("lanes").getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, from: view.scale.from, to: view.scale.to, moved: false };
  });
  stage.addEventListener("pointermove", (event) => {
    if (drag && event.buttons === 1) {
      const by = ((drag.x - event.clientX) / view.scale.width) * (drag.to - drag.from);
      drag.moved ||= Math.abs(drag.x - event.clientX) > 3;
      if (drag.moved) {
        view.scale.show(drag.from + by, drag.to + by);
        view.seen();
      }
      return;
    }
    const [x, y] = place(event);
    showTip(tip, view.picture.at(x, y), x, y, view);
  });
  stage.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  stage.addEventListener("click", (event) => {
    const wasDragged = drag?.moved;
    drag = null;
    if (wasDragged) return;
    const [x, y] = place(event);
    const shape = view.picture.at(x, y);
    if (shape?.operation !== undefined) {
      view.operation = shape.operation;
      view.details.update();
    } else if (shape) view.go(shape.event.i);
    else view.go(nearest(view, x));
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      const amount = event.deltaY || event.deltaX;
      if (event.ctrlKey) view.zoom(amount > 0 ? 1.2 : 1 / 1.2, view.scale.position(place(event)[0]));
      else view.pan(amount > 0 ? 0.1 : -0.1);
    },
    { passive: false },
  );
  const jump = (event) => {
    if (event.offsetY > 20) return;
    const middle = (event.offsetX / view.scale.width) * view.scale.length;
    const half = (view.scale.to - view.scale.from) / 2;
    view.scale.show(middle - half, middle + half);
    view.seen();
  };
  axis.addEventListener("pointerdown", jump);
  axis.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) jump(event);
  });
}

/// The event that stands nearest to a place of the axis.
function nearest(view, x) {
  const position = view.scale.position(x);
  if (view.scale.isEven) return Math.round(position);
  const { times } = view.trace;
  const after = Math.min(lowerBound(times, position), times.length - 1);
  return after > 0 && position - times[after - 1] < times[after] - position ? after - 1 : after;
}

function showTip(tip, shape, x, y, view) {
  tip.hidden = !shape;
  if (!shape) return;
  const words =
    shape.operation === undefined
      ? wordsOf(shape.event)
      : model.operations[shape.operation]
          .slice(1, 3)
          .filter((word) => word !== null)
          .join(" = ");
  tip.textContent = cut(words, 220);
  const width = Math.min(420, view.scale.width - 20);
  tip.style.maxWidth = `${width}px`;
  tip.style.left = `${Math.max(4, Math.min(x + 12, view.scale.width - width - 4))}px`;
  tip.style.top = `${y + 14}px`;
}
