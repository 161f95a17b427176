// The ways in which files come to a conversation: a button with a menu, pasted, or dropped on it.

import { gettext } from "../language.js";
import { el, iconButton, show } from "./dom.js";

const PREPARED_AFTER_MS = 1500;
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

export class Attach {
  #acts;
  #timer = null;

  /** `acts`: {place(), title(), isOpen(), add(files, options), sendContent(content), fail(error)}. */
  constructor(client, acts) {
    this.#acts = acts;
    this.button = iconButton("clip", gettext("Attach"), async () => {
      const menu = await loaded(() => import("./attach_menu.js"), acts.fail);
      await menu?.openAttachMenu(client, acts, this.button);
    }, { class: "icon-button attach", "aria-haspopup": "menu" });
    this.target = el("div.drop-target", { hidden: true }, el("p"));
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
  }

  /** Load all that sending takes a moment after a chat is opened: the line may break, and what is sent then waits here. */
  prepare() {
    const modules = ["./attach_menu.js", "./tray.js", "./voice_note.js", "./mentioning.js", "./mention_list.js", "../uploads.js"];
    this.#timer = setTimeout(() => modules.forEach((name) => import(name).catch(() => {})), PREPARED_AFTER_MS);
  }

  /** Take what is dropped on this node. */
  listen(stage) {
    stage.append(this.target);
    stage.addEventListener("dragenter", (event) => this.#offer(event));
    stage.addEventListener("dragover", (event) => this.#offer(event));
    stage.addEventListener("dragleave", (event) => !stage.contains(event.relatedTarget) && (this.target.hidden = true));
    stage.addEventListener("drop", (event) => this.#drop(event));
  }

  /** For a field of text: what is pasted as a file. Text that comes with a picture of itself stays text. */
  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    if (this.#acts.isOpen()) this.#acts.add(files);
  }

  stop() {
    clearTimeout(this.#timer);
    removeEventListener("dragover", refuse);
    removeEventListener("drop", refuse);
  }

  #offer(event) {
    if (!hasFiles(event) || !this.#acts.isOpen()) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    show(this.target.firstChild, gettext("Drop to send to {title}", { title: this.#acts.title() }));
    this.target.hidden = false;
  }

  #drop(event) {
    this.target.hidden = true;
    if (!hasFiles(event) || !this.#acts.isOpen()) return;
    event.preventDefault();
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const folders = items.filter((item) => item.webkitGetAsEntry?.()?.isDirectory);
    const files = items.filter((item) => !folders.includes(item)).map((item) => item.getAsFile()).filter(Boolean);
    if (folders.length) this.#acts.fail(new Error(gettext("A folder cannot be sent. Choose the files that are in it.")));
    if (files.length) this.#acts.add(files);
  }
}

/** A module that is asked for when somebody wants what is in it; null, said by `fail`, where it cannot be had. */
export async function loaded(load, fail) {
  try {
    return await load();
  } catch {
    fail(new Error(gettext("This comes with the connection. Try again then.")));
    return null;
  }
}

/** Files that are dropped beside the conversation must not replace the page. */
function refuse(event) {
  if (!hasFiles(event) || event.defaultPrevented) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}
