// Records a voice note with the browser's MediaRecorder.
//
//   const recorder = new Recorder();
//   await recorder.start();                 // asks for the microphone; rejects when it is denied
//   recorder.level, recorder.elapsedMs      // loudness now, 0 to 1; time so far
//   const note = await recorder.stop();     // {blob, name, mimeType, durationMs, waveform}; the microphone is given back
//   recorder.cancel();                      // at any time

// What most others can play comes first; what this browser names first of these, it records.
const FORMATS = [["audio/mp4;codecs=mp4a.40.2", "m4a"], ["audio/mp4;codecs=opus", "m4a"], ["audio/ogg;codecs=opus", "ogg"], ["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/webm", "webm"]];
const BARS = 64;
const SAMPLED_EVERY_MS = 50;
const LOUD = 0.3; // of a voice near the microphone; silence is 0

/** 64 loudnesses of 0 to 255 in base64, of levels from 0 to 1 at even distances. */
export function waveformOf(levels) {
  if (!levels.length) return btoa(String.fromCharCode(...new Uint8Array(BARS)));
  const bars = Array.from({ length: BARS }, (_, bar) => {
    const first = Math.floor((bar * levels.length) / BARS);
    const last = Math.max(first + 1, Math.floor(((bar + 1) * levels.length) / BARS));
    return Math.round(255 * Math.min(1, Math.max(...levels.slice(first, last))));
  });
  return btoa(String.fromCharCode(...bars));
}

export class Recorder {
  #stream = null;
  #recorder = null;
  #context = null;
  #timer = null;
  #chunks = [];
  #levels = [];
  #began = 0;
  #isOver = false;
  level = 0;
  bytes = 0;

  get elapsedMs() {
    return this.#began ? performance.now() - this.#began : 0;
  }

  get isRecording() {
    return this.#recorder?.state === "recording";
  }

  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    this.#stream = stream;
    if (this.#isOver) return this.#giveBack(); // cancelled while the person was asked
    const [mimeType] = FORMATS.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? [];
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 48000 });
    this.#recorder.ondataavailable = ({ data }) => {
      this.#chunks.push(data);
      this.bytes += data.size;
    };
    this.#recorder.start(1000);
    this.#began = performance.now();
    this.#measure(stream);
  }

  /** Resolves with the note. */
  async stop() {
    const durationMs = Math.round(this.elapsedMs);
    const recorder = this.#recorder;
    if (recorder.state !== "inactive") await new Promise((done) => {
      recorder.onstop = done;
      recorder.stop();
    });
    this.#giveBack();
    const mimeType = recorder.mimeType || "audio/webm";
    const bare = mimeType.split(";")[0];
    const ending = FORMATS.find(([type]) => type.startsWith(bare))?.[1] ?? "webm";
    return { blob: new Blob(this.#chunks, { type: bare }), name: `voice.${ending}`, mimeType: bare, durationMs, waveform: waveformOf(this.#levels) };
  }

  cancel() {
    this.#isOver = true;
    if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#giveBack();
  }

  #measure(stream) {
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.level = Math.min(1, Math.sqrt(power) / LOUD);
      this.#levels.push(this.level);
    }, SAMPLED_EVERY_MS);
  }

  #giveBack() {
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close().catch(() => {});
    this.#stream = this.#context = null;
  }
}
