// Dialogs and menus: modal, closed with Escape; the browser gives the focus back to where it was.

import { el, icon } from "./dom.js";

/** Show nodes in a dialog; resolves with what `close(value)` was given, or null. */
export function openDialog(title, build, { className = "" } = {}) {
  const { promise, resolve } = withResolver();
  let value = null;
  const close = (result = null) => {
    value = result;
    dialog.close();
  };
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", class: `dialog ${className}` });
  dialog.append(el("h2", { id: "dialog-title", dir: "auto" }, title), ...[build(close, dialog)].flat().filter(Boolean));
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(value);
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

function withResolver() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** A menu of {icon, label, value, isDangerous}; resolves with the chosen value or null. Arrow keys move in it. */
export function openMenu(title, items, above = null) {
  return openDialog(title, (close) => {
    const buttons = items.map((item) =>
      el("button.menu-item", { type: "button", role: "menuitem", class: item.isDangerous ? "menu-item danger" : "menu-item", onclick: () => close(item.value) },
        item.icon ? icon(item.icon) : null, el("span", {}, item.label), item.key ? el("kbd", {}, item.key) : null),
    );
    const menu = el("div.menu", { role: "menu", "aria-labelledby": "dialog-title", onkeydown: (event) => move(event, buttons) }, ...buttons);
    queueMicrotask(() => buttons[0]?.focus());
    return [above?.(close), menu];
  }, { className: "menu-dialog" });
}

function move(event, buttons) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  const place = buttons.indexOf(document.activeElement);
  let next = null;
  if (event.key in steps) next = buttons.at((place + steps[event.key]) % buttons.length);
  else if (event.key === "Home") next = buttons[0];
  else if (event.key === "End") next = buttons.at(-1);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Ask before something that cannot be undone; true when it was confirmed. */
export async function confirmed(title, text, action) {
  return Boolean(await openDialog(title, (close) => [
    el("p", { dir: "auto" }, text),
    el("div.buttons", {},
      el("button", { type: "button", onclick: () => close(false) }, "Cancel"),
      el("button.danger", { type: "button", onclick: () => close(true) }, action)),
  ]));
}

/** A form in a dialog: `fields` are [name, label, value, attributes], with `options` ([value, label] each) for a choice; `send(values)` may throw what is shown to the person. */
export function openForm(title, fields, action, send) {
  return openDialog(title, (close) => form(fields, action, async (values) => close((await send(values)) ?? true), () => close(null)));
}

/** A form whose refusals are shown in it and read out. */
export function form(fields, action, send, cancel = null) {
  const problem = el("p.problem", { role: "alert" });
  const inputs = fields.map(([name, label, value, attributes = {}]) => el("label.field", {}, el("span", {}, label), input(name, value ?? "", attributes)));
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
  el("div.buttons", {}, cancel ? el("button", { type: "button", onclick: cancel }, "Cancel") : null, submit));
}

function input(name, value, { options, ...attributes }) {
  if (!options) return el("input", { name, value, dir: "auto", autocomplete: "off", ...attributes });
  return el("select", { name, dir: "auto", ...attributes }, ...options.map(([key, label]) => el("option", { value: key, selected: key === value }, label)));
}
