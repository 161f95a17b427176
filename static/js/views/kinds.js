// What draws messages beside texts and photos, and previews of links, in one place: loaded with the first of them.

export { contactOf, documentOf, placeOf, readContact } from "./cards.js";
export { linkPreviewOf } from "./link_preview.js";
export { showSounds, soundOf } from "./sound.js";
export { pauseVideo, videoOf } from "./video.js";
