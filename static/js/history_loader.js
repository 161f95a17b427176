// Loads what is looked at of a chat's past: pages, one at a time, and single messages that answers refer to.
//
//   const loader = new HistoryLoader(client, () => chat);   // null as long as there is no chat
//   await loader.page(40, 60)          // loads a page of what is missing between these numbers; false: nothing is, or one is on its way
//   await loader.reach(40)             // loads the page that ends there, after one that is on its way; whether 40 is there now
//   loader.want(7)                     // message 7, however often this is called: at each drawing of an answer to it
//   loader.forget()                    // with a new connection, what failed may be asked for again

const AGAIN_MS = 500;
const PAGES_MAX = 5; // a page may be shorter than what is missing

export class HistoryLoader {
  #client;
  #chatOf;
  #loading = null; // a page that is on its way
  #asked = new Set(); // messages
  #wanted = [];
  #isBusy = false;

  constructor(client, chatOf) {
    this.#client = client;
    this.#chatOf = chatOf;
  }

  async page(first, last) {
    const chat = this.#chatOf();
    if (!chat || this.#loading || this.#client.state !== "online") return false;
    let seq = Math.min(last, chat.log.cursor);
    while (seq >= Math.max(1, first) && chat.log.at(seq) !== undefined) seq -= 1;
    if (seq < Math.max(1, first)) return false;
    this.#loading = this.#load(chat, seq);
    await this.#loading;
    return true;
  }

  async #load(chat, seq) {
    try {
      await this.#client.load(chat, seq);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS)); // the connection says what is wrong
    }
    this.#loading = null;
  }

  async reach(seq) {
    await this.#loading;
    for (let pages = 0; pages < PAGES_MAX && (await this.page(seq, seq)); pages++);
    return this.#chatOf()?.log.at(seq) !== undefined;
  }

  want(seq) {
    if (this.#asked.has(seq) || this.#client.state !== "online") return;
    this.#asked.add(seq);
    this.#wanted.push(seq);
    this.#work();
  }

  forget() {
    this.#wanted = [];
    this.#asked.clear();
  }

  async #work() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#wanted.length) await this.#client.loadOne(this.#chatOf(), this.#wanted.pop()).catch(() => {});
    this.#isBusy = false;
  }
}
