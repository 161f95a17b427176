// Plays voice messages and audio files: one at a time for the whole page, so it goes on while one reads elsewhere. No document.
//
//   const player = new Player({ nextOf });               // nextOf(track): what plays after it, or null
//   player.toggle(trackOf(message, chat));               // plays or pauses it
//   player.on("change", () => …)                         // another track, speed, playing or not
//   player.on("progress", () => …)                       // `positionS` moves

import { Emitter } from "./emitter.js";

export const SPEEDS = [1, 1.5, 2];

/** What names a message, also before it has a number. */
export const trackKey = ({ sender, client_id: id }) => `${sender}:${id}`;

/** What the player is given of a message in a chat. */
export function trackOf(message, chat) {
  const { url, seq, sender, from, type, file_name: fileName, duration_ms: lengthMs = 0 } = message;
  return { key: trackKey(message), chat, url, seq, sender, from, type, fileName, lengthS: lengthMs / 1000 };
}

/** The voice message that follows in the same run of one person, or null. */
export function nextInRun(log, { seq, sender }) {
  for (let place = seq + 1; place <= log.cursor; place++) {
    const entry = log.at(place);
    if (entry === null) continue; // an edit, a reaction
    return entry?.kind === "message" && entry.type === "s" && entry.sender === sender && !entry.deleted ? entry : null;
  }
  return null;
}

export class Player extends Emitter {
  #audio;
  #nextOf;
  track = null;
  isPlaying = false;
  isBroken = false; // the track cannot be played
  speed = 1;

  constructor({ nextOf = () => null, audio = new Audio() } = {}) {
    super();
    this.#audio = audio;
    this.#nextOf = nextOf;
    for (const name of ["play", "pause"]) audio.addEventListener(name, () => this.#show());
    for (const name of ["timeupdate", "durationchange", "seeked"]) audio.addEventListener(name, () => this.emit("progress"));
    audio.addEventListener("ended", () => this.#end());
    audio.addEventListener("error", () => this.#break());
  }

  get positionS() {
    return this.track ? this.#audio.currentTime : 0;
  }

  /** As the file says; until then, or where it does not say, as its message does; 0 where nobody knows. */
  get lengthS() {
    const { duration } = this.#audio;
    return Number.isFinite(duration) ? duration : (this.track?.lengthS ?? 0);
  }

  isOf(key) {
    return this.track?.key === key;
  }

  toggle(track) {
    if (!this.isOf(track.key) || this.isBroken) this.#start(track);
    else if (this.isPlaying) this.pause();
    else this.#play();
  }

  pause() {
    this.#audio.pause();
  }

  /** Go to a place of a track; of one that does not play, it plays from there. */
  seek(track, seconds) {
    if (this.isOf(track.key) && !this.isBroken) this.#audio.currentTime = seconds;
    else this.#start(track, seconds);
    this.emit("progress");
  }

  setSpeed(speed) {
    this.speed = speed;
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = speed;
    this.emit("change");
  }

  close() {
    this.track = null;
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
    this.#show();
  }

  #start(track, seconds = 0) {
    this.track = track;
    this.isBroken = false;
    this.#audio.src = track.url;
    this.#audio.currentTime = seconds;
    this.setSpeed(this.speed);
    this.#play();
  }

  /** What keeps it from playing is told by events; a browser that asks for a press first leaves it paused. */
  #play() {
    this.#audio.play()?.catch(() => this.#show());
  }

  #end() {
    const next = this.track && this.#nextOf(this.track);
    if (next) this.#start(next);
    else this.close();
  }

  #break() {
    if (!this.track) return;
    this.isBroken = true;
    this.#show();
  }

  #show() {
    this.isPlaying = Boolean(this.track) && !this.#audio.paused && !this.isBroken;
    this.emit("change");
  }
}
