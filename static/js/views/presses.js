// A press is not lost to a redraw. Browsers give no click where what was pressed left the document before it was let go; here the
// control that then stands below the pointer gets it, if it is the pressed one, drawn anew. This module hears the whole page from when
// it is loaded: what is drawn anew while one may press it imports it.
//
// Controls are the same if they say the same in the same item of a list; whatever says how things stand, such as a count, has in
// `data-press` what it is besides. A finger needs none of this: what it pressed is looked for when it is lifted.

const CONTROLS = "a[href], button, summary";
const BY_SPACE = "button,summary"; // on a link it scrolls

let pressed = null; // {node, control, name: as it was then}
const hear = (name, listener) => addEventListener(name, listener, { capture: true });

hear("pointerdown", (event) => (isPlain(event) && event.button === 0 && event.pointerType !== "touch" ? begin(event.target) : (pressed = null)));
hear("pointerup", ({ clientX, clientY }) => end(document.elementFromPoint(clientX, clientY)));
hear("keydown", (event) => event.key === " " && !event.repeat && isPlain(event) && begin(event.target, BY_SPACE));
hear("keyup", ({ key }) => key === " " && end(document.activeElement));

function begin(node, which = CONTROLS) {
  const nearest = node.closest?.(CONTROLS);
  const control = nearest?.matches(which) ? nearest : null;
  pressed = control ? { node, control, name: nameOf(control) } : null;
}

function end(node) {
  const was = pressed;
  pressed = null;
  const control = node?.closest?.(CONTROLS);
  if (!was || was.node.isConnected || !control || (control !== was.control && nameOf(control) !== was.name)) return;
  const timer = setTimeout(() => control.click()); // unless this browser gives a click after all
  addEventListener("click", () => clearTimeout(timer), { capture: true, once: true });
}

const isPlain = ({ ctrlKey, metaKey, shiftKey, altKey }) => !(ctrlKey || metaKey || shiftKey || altKey);

function nameOf(control) {
  const item = control.closest("li");
  const place = item?.dataset.seq ?? item?.textContent;
  return JSON.stringify([place, control.tagName, control.getAttribute("href"), control.dataset.press ?? control.ariaLabel ?? control.textContent]);
}
