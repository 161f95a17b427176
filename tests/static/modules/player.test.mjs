// One player for the page: one sound at a time, the next of a run after it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Log } from "../../../static/js/log.js";
import { nextInRun, Player, trackOf } from "../../../static/js/player.js";

/** What a browser plays with, without a sound. */
class Sound extends EventTarget {
  paused = true;
  currentTime = 0;
  duration = NaN;

  play() {
    this.paused = false;
    this.dispatchEvent(new Event("play"));
    return Promise.resolve();
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }

  end() {
    this.paused = true;
    this.dispatchEvent(new Event("ended"));
  }

  fail() {
    this.dispatchEvent(new Event("error"));
  }

  removeAttribute() {
    this.src = "";
  }

  load() {}
}

const voice = (seq, sender = 2, type = "s") => ({ kind: "message", seq, sender, client_id: `m${seq}`, type, url: `/media/${seq}`, duration_ms: 4000, from: "49" });
const [first, second] = [1, 2].map((seq) => trackOf(voice(seq), 7));

function made(nextOf) {
  const audio = new Sound();
  return { audio, player: new Player({ audio, nextOf }) };
}

test("one press plays, another pauses, and another sound takes the place of the first", () => {
  const { audio, player } = made();
  player.toggle(first);
  assert.ok(player.isPlaying && player.isOf(first.key));
  player.toggle(first);
  assert.ok(!player.isPlaying && player.isOf(first.key));
  player.toggle(second);
  assert.equal(audio.src, "/media/2");
  assert.ok(player.isPlaying && !player.isOf(first.key));
});

test("the next of the run follows, and after the last of it nothing is there any more", () => {
  const { audio, player } = made((track) => (track.key === first.key ? second : null));
  player.toggle(first);
  audio.end();
  assert.ok(player.isOf(second.key) && player.isPlaying);
  audio.end();
  assert.equal(player.track, null);
});

test("a sound that did not play yet plays from where it was touched", () => {
  const { audio, player } = made();
  player.seek(first, 3);
  assert.ok(player.isPlaying);
  assert.equal(audio.currentTime, 3);
  player.seek(first, 1);
  assert.equal(player.positionS, 1);
});

test("the speed stays from one sound to the next", () => {
  const { audio, player } = made();
  player.toggle(first);
  player.setSpeed(1.5);
  audio.playbackRate = 1; // as a browser does for another file
  player.toggle(second);
  assert.equal(audio.playbackRate, 1.5);
});

test("the length is the message's until the file says one", () => {
  const { audio, player } = made();
  player.toggle(first);
  assert.equal(player.lengthS, 4);
  audio.duration = Infinity; // what browsers record does not say it
  assert.equal(player.lengthS, 4);
  audio.duration = 3.5;
  assert.equal(player.lengthS, 3.5);
});

test("what cannot be played says so, and is tried again by another press", () => {
  const { audio, player } = made();
  player.toggle(first);
  audio.fail();
  assert.ok(player.isBroken && !player.isPlaying);
  player.toggle(first);
  assert.ok(player.isPlaying && !player.isBroken);
  audio.fail();
  player.close();
  audio.fail(); // closing empties what plays, of which browsers may complain
  assert.equal(player.track, null);
});

test("a run is what one person said without a word between", () => {
  const run = (...entries) => {
    const log = new Log();
    for (const entry of entries) assert.equal(log.hear(entry), "applied");
    return nextInRun(log, { seq: 1, sender: 2 })?.seq ?? null;
  };
  const change = { kind: "reaction", seq: 2, of: 1, account: 3, emoji: "x" };
  assert.equal(run(voice(1), voice(2)), 2);
  assert.equal(run(voice(1), change, voice(3)), 3);
  assert.equal(run(voice(1), voice(2, 3)), null);
  assert.equal(run(voice(1), voice(2, 2, "t"), voice(3)), null);
  assert.equal(run(voice(1)), null);
});
