// Dialogs: modal, closed with Escape; the browser gives the focus back to where it was.

import { gettext } from "../language.js";
import { el } from "./dom.js";

/** Show nodes in a dialog; resolves with what `close(value)` was given, or null. */
export function openDialog(title, build, { className = "" } = {}) {
  let value = null;
  const close = (result = null) => {
    value = result;
    dialog.close();
  };
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", class: `dialog ${className}` });
  dialog.append(el("h2", { id: "dialog-title", dir: "auto" }, title), ...[build(close, dialog)].flat().filter(Boolean));
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  const closed = new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(value);
  }));
  document.body.append(dialog);
  dialog.showModal();
  return closed;
}

/** Ask before something that cannot be undone; true when it was confirmed. `keep` names the way out where "Cancel" could be read as the deed. */
export async function confirmed(title, text, action, keep = gettext("Cancel")) {
  return Boolean(await openDialog(title, (close) => [
    el("p", { dir: "auto" }, text),
    el("div.buttons", {},
      el("button", { type: "button", onclick: () => close(false) }, keep),
      el("button.danger", { type: "button", onclick: () => close(true) }, action)),
  ]));
}

/** A form in a dialog: `fields` are [name, label, value, attributes], with `options` ([value, label] each) for a choice, `isLong` for lines of text; `send(values)` may throw what is shown to the person. */
export function openForm(title, fields, action, send, cancelLabel = gettext("Cancel")) {
  return openDialog(title, (close) => form(fields, action, async (values) => close((await send(values)) ?? true), () => close(null), cancelLabel));
}

/** A form whose refusals are shown in it and read out. A field may be an object with a `node` of its own. */
export function form(fields, action, send, cancel = null, cancelLabel = gettext("Cancel")) {
  const problem = el("p.problem", { role: "alert" });
  const inputs = fields.map((field) => field.node ?? labelled(field));
  const submit = el("button.primary", { type: "submit" }, action);
  return el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      problem.textContent = "";
      submit.disabled = true;
      try {
        await send(Object.fromEntries(new FormData(event.currentTarget)));
      } catch (error) {
        problem.textContent = error.message;
      } finally {
        submit.disabled = false;
      }
    },
  }, ...inputs, problem,
  el("div.buttons", {}, cancel ? el("button", { type: "button", onclick: cancel }, cancelLabel) : null, submit));
}

function labelled([name, label, value, attributes = {}]) {
  return el("label.field", {}, el("span", {}, label), input(name, value ?? "", attributes));
}

function input(name, value, { options, isLong, ...attributes }) {
  if (isLong) return el("textarea", { name, value, dir: "auto", rows: "4", ...attributes });
  if (!options) return el("input", { name, value, dir: "auto", autocomplete: "off", ...attributes });
  return el("select", { name, dir: "auto", ...attributes }, ...options.map(([key, label]) => el("option", { value: key, selected: key === value }, label)));
}
