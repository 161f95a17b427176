// The name on a contact card, for a line that stands for it; vcard.js reads the whole of it.

import { plainName } from "./files.js";
import { beginningOf } from "./words.js";

const READ_MAX_CHARS = 8192; // the name stands near the beginning
const NAME_MAX_CHARS = 100;
const NAME = /^(?:[\w-]+\.)?FN((?:;[^:\r\n]*)?):([^\r\n]*)/imu;

/** The formatted name as it is written, or "" where it is missing or encoded. */
export function cardNameOf(vcard) {
  const [, parameters = "", value = ""] = NAME.exec(vcard.slice(0, READ_MAX_CHARS).replace(/\r?\n[ \t]/gu, "")) ?? [];
  if (/quoted-printable/iu.test(parameters)) return "";
  return beginningOf(plainName(value.replace(/\\n/giu, " ").replace(/\\(.)/gu, "$1")).trim(), NAME_MAX_CHARS);
}
