// Draws what the server saw behind the link in a message: a card of one height, all of which is the link.

import { isOwn } from "../files.js";
import { attempt, drawing, el } from "./dom.js";
import { blurOf } from "./picture.js";

const CHAIN = "M10 14a4.5 4.5 0 0 0 6.4 0l3-3a4.5 4.5 0 0 0-6.4-6.4l-1.2 1.2M14 10a4.5 4.5 0 0 0-6.4 0l-3 3a4.5 4.5 0 0 0 6.4 6.4l1.2-1.2";
const sign = () => drawing(CHAIN, { class: "icon" });

/** `preview`: {url, site, title, description?, image?}, as the protocol has it. Null where it leads nowhere. */
export function linkPreviewOf({ url, site, title, description, image }) {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return null;
  return el("a.preview", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", tabindex: "-1", "data-stop": "" },
    image && isOwn(image.url) ? pictureOf(image) : el("span.preview-picture", {}, sign()),
    el("span.preview-text", {},
      el("span.preview-title", { dir: "auto" }, title),
      description ? el("span.preview-line", { dir: "auto" }, description) : null,
      el("bdi.preview-site", { dir: "ltr" }, site)));
}

/** It says nothing that the words beside it do not say. */
function pictureOf({ url, blur }) {
  const frame = el("span.preview-picture", {}, attempt(() => blurOf(blur), () => ""));
  const image = el("img", { src: url, alt: "", draggable: "false" });
  image.addEventListener("load", () => frame.replaceChildren(image));
  image.addEventListener("error", () => frame.replaceChildren(sign()));
  frame.append(image);
  return frame;
}
