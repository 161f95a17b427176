// A short sound of two soft notes, made here: no file is loaded for it.

const NOTES = [[880, 0], [1174.66, 0.11]]; // hertz, and seconds after the beginning
const LENGTH_S = 0.35, LOUDNESS = 0.12;

let context = null;

/** Play it. A browser stays silent until somebody has touched the page; that is no fault. */
export async function chime() {
  if (!globalThis.AudioContext) return;
  context ??= new AudioContext();
  await context.resume();
  const begin = context.currentTime;
  for (const [hertz, after] of NOTES) {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, begin + after);
    volume.gain.linearRampToValueAtTime(LOUDNESS, begin + after + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + after + LENGTH_S);
    tone.connect(volume).connect(context.destination);
    tone.start(begin + after);
    tone.stop(begin + after + LENGTH_S);
  }
}
