// What draws messages beside texts, previews of links and mentions, in one place: loaded with the first of them.

export { contactOf, documentOf, placeOf, readContact } from "./cards.js";
export { linkPreviewOf } from "./link_preview.js";
export { withMentions } from "./mentions.js";
export { pictureOf } from "./picture.js";
export { pollOf } from "./poll.js";
export { showSounds, soundOf } from "./sound.js";
export { pauseVideo, videoOf } from "./video.js";
