// Why a file cannot be sent, in words, before anybody waits for it.

import { gettext } from "../language.js";
import { sizeOf } from "../locale.js";
import { limitOf } from "../attachables.js";

const TOO_LARGE = {
  i: (values) => gettext("“{name}” has {size} and cannot be sent. A photo must be smaller than {limit}.", values),
  v: (values) => gettext("“{name}” has {size} and cannot be sent. A video must be smaller than {limit}.", values),
  s: (values) => gettext("“{name}” has {size} and cannot be sent. A voice note must be smaller than {limit}.", values),
  a: (values) => gettext("“{name}” has {size} and cannot be sent. A sound file must be smaller than {limit}.", values),
  d: (values) => gettext("“{name}” has {size} and cannot be sent. A file must be smaller than {limit}.", values),
};

/** A sentence, or "". `type`: that of the message. */
export function problemOf({ name, size }, type, limits) {
  const limit = limitOf(type, limits);
  if (size === 0) return gettext("“{name}” is empty, so there is nothing to send.", { name });
  if (limit === null) return gettext("“{name}” cannot be sent: this server takes photos, videos and sound.", { name });
  if (size < limit) return "";
  return TOO_LARGE[type]({ name, size: sizeOf(size), limit: sizeOf(limit) });
}
