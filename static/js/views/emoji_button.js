// Puts emoji into a text that is being written, where one is in it.

import { gettext } from "../language.js";
import { loaded } from "./attach.js";
import { iconButton } from "./dom.js";

/** `text`: the field. It hears of each emoji as of what is typed. `fail(error)` says why there are none. */
export function emojiButton(text, fail) {
  return iconButton("smile", gettext("Emoji"), async () => {
    const { selectionStart, selectionEnd } = text;
    const picker = await loaded(() => import("./emoji_picker.js"), fail);
    if (!picker) return;
    const emoji = await picker.pickEmoji();
    text.focus();
    if (emoji === null) return;
    text.setRangeText(emoji, selectionStart, selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }, { class: "icon-button composer-emoji" });
}
