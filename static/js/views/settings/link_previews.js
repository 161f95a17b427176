// Whether the server looks at the links that this person sends. Nothing where it looks at nobody's.

import { gettext } from "../../language.js";
import { el } from "../dom.js";
import { checkbox, loaded, savedAtOnce } from "./fields.js";

const PATH = "/api/account/link-previews/";

export function linkPreviews({ rest }) {
  return loaded(() => rest.get(PATH), ({ link_previews: held, available }) => (available ? [
    el("h2", {}, gettext("Links")),
    savedAtOnce({
      control: checkbox(), label: gettext("Show previews of links that I send"), held,
      hint: gettext("The server looks at the page. The site learns that somebody sent the link, but not who."),
      save: (wanted) => rest.post(PATH, { link_previews: wanted }),
    }),
  ] : []));
}
