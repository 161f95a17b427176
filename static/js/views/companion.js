// What goes on beside the views, and is loaded after the first of them: the page is kept for times without a server, a newer version is
// named, and notices are shown.

import { gettext } from "../language.js";
import { keepPage, lookForVersion, onNewVersion } from "../versions.js";
import { el } from "./dom.js";
import { onChoices, readChoices } from "../notice_choices.js";

export class Companion {
  #client;
  #offs;
  #notices = null;
  #hasBeenOnline = false;

  /** `frame`: the node that holds the whole page. */
  constructor(client, frame) {
    this.#client = client;
    this.#offs = [onNewVersion(() => this.#nameVersion(frame)), client.on("state", (state) => state === "online" && this.#online())];
    document.addEventListener("visibilitychange", this.#keep);
    addEventListener("pagehide", this.#keep);
    navigator.serviceWorker?.addEventListener("message", this.#open);
    addEventListener("storage", this.#notify);
    this.#offs.push(onChoices(this.#notify));
    keepPage();
    this.#notify();
  }

  /** Once somebody wants notices or their sound, here or in another window. */
  #notify = () => {
    const { isOn, hasSound } = readChoices();
    if (isOn || hasSound) this.#notices ??= this.#startNotices().catch(() => (this.#notices = null)); // tried again with the next connection
  };

  async #startNotices() {
    const [registration, { Notices }] = await Promise.all([keepPage(), import("./notices.js")]);
    return new Notices(this.#client, registration);
  }

  async stop() {
    for (const off of this.#offs) off();
    document.removeEventListener("visibilitychange", this.#keep);
    removeEventListener("pagehide", this.#keep);
    removeEventListener("storage", this.#notify);
    navigator.serviceWorker?.removeEventListener("message", this.#open);
    (await this.#notices)?.stop();
  }

  /** Servers change while they are away. */
  #online() {
    if (this.#hasBeenOnline) lookForVersion();
    this.#hasBeenOnline = true;
    this.#notify();
  }

  /** A page in the background may be gone any time. */
  #keep = () => document.visibilityState === "hidden" && this.#client.kept.flush();

  #open = ({ data }) => {
    if (data?.open) location.hash = `#/chat/${data.open}`;
  };

  #nameVersion(frame) {
    if (frame.querySelector(".newer")) return;
    frame.append(el("div.newer", { role: "status" }, el("span", {}, gettext("A new version of Parley is there.")),
      el("button.link", { type: "button", onclick: () => location.reload() }, gettext("Reload"))));
  }
}
