// One line that stands for a message.

import assert from "node:assert/strict";
import { test } from "node:test";

import { summaryOf } from "../../../static/js/views/texts.js";

test("each kind has a line of its own, with its caption", () => {
  const lines = [
    [{ type: "i" }, "Photo"],
    [{ type: "i", caption: "The garden" }, "Photo: The garden"],
    [{ type: "v", duration_ms: 61000 }, "Video"],
    [{ type: "s", duration_ms: 12400 }, "Voice message 0:12"],
    [{ type: "s" }, "Voice message"],
    [{ type: "a", file_name: "song.mp3", duration_ms: 180000 }, "song.mp3"],
    [{ type: "a" }, "Audio"],
    [{ type: "d", file_name: "name.pdf" }, "name.pdf"],
    [{ type: "d", file_name: "a\u202efdp.exe", caption: "look" }, "afdp.exe: look"],
    [{ type: "l", latitude: 1, longitude: 2, caption: "Here" }, "Location: Here"],
    [{ type: "c", name: "Ada" }, "Contact: Ada"],
    [{ type: "c", vcard: "x" }, "Contact"],
    [{ type: "c", vcard: "FN:Ada Lovelace" }, "Contact: Ada Lovelace"],
    [{ type: "?" }, "Message"],
    [{ type: "i", deleted: true }, "Deleted message"],
    [{ type: "t", text: "Hello" }, "Hello"],
  ];
  for (const [message, line] of lines) assert.equal(summaryOf(message), line);
});
