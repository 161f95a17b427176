// What a file becomes as a message, and how large it may be. Pure.

const IMAGES = /^image\/(jpeg|png|gif|webp|avif|hei[cf]|bmp)$/;
const VIDEOS = /^video\/(mp4|quicktime|3gpp2?|x-msvideo|webm)$/;
const SOUNDS = /^(audio\/(mpeg|mp3|mp4|x-m4a|m4a|aac|ogg|opus|wav|x-wav|wave|webm|aiff|x-aiff|3gpp2?|x-caf|x-ms-wma)|application\/ogg)$/;
// Of files for which a system names no type.
const BY_ENDING = {
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", gif: "image/gif", webp: "image/webp", avif: "image/avif", heic: "image/heic", heif: "image/heif", bmp: "image/bmp",
  mp4: "video/mp4", m4v: "video/mp4", mov: "video/quicktime", webm: "video/webm", avi: "video/x-msvideo", "3gp": "video/3gpp",
  mp3: "audio/mpeg", m4a: "audio/mp4", aac: "audio/aac", ogg: "audio/ogg", opus: "audio/ogg", wav: "audio/wav",
};
const LIMITS = { i: "image_max_bytes", v: "video_max_bytes", s: "audio_max_bytes", a: "audio_max_bytes", d: "document_max_bytes" };

/** "jpg" for "Beach.JPG", "" for a name without an ending. */
export const endingOf = (name) => /\.([a-z0-9]{1,8})$/i.exec(name)?.[1].toLowerCase() ?? "";

export const mimeTypeOf = ({ type, name }) => type.split(";")[0].trim().toLowerCase() || BY_ENDING[endingOf(name)] || "application/octet-stream";

/** The type of message: "i", "v", "a", or "d" for what is no picture, video or sound, and for whatever was chosen as a file. */
export function typeOf(file, { isFile = false } = {}) {
  const mimeType = mimeTypeOf(file);
  if (SOUNDS.test(mimeType)) return "a";
  if (isFile) return "d";
  return IMAGES.test(mimeType) ? "i" : VIDEOS.test(mimeType) ? "v" : "d";
}

/** A file must have fewer bytes than this: null where the server takes none of this type, Infinity where it has not said yet. */
export function limitOf(type, limits) {
  if (!Object.keys(limits).length) return Infinity;
  return limits[LIMITS[type]] ?? null;
}

/** For `accept` of a field: some systems know HEIC by its ending alone. */
export const PICTURES_ACCEPTED = "image/*,video/*,.heic,.heif";
