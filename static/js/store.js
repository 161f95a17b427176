// What this browser keeps between visits, in IndexedDB, of one account: the outbox with its files, the drafts, and chats and people (kept.js).

import { KeptTables } from "./kept_tables.js";
import { gettext } from "./language.js";

const VERSION = 3;
const TABLES = { outbox: "client_id", drafts: "place", chats: "id", kept: "name" };
const FILES = "files"; // key of a row of the outbox -> Blob
const BLOCKED_MAX_MS = 4000; // a window of an earlier version may not let go

/**
 * Tables with `put`, `remove`, `update` and `list`. Where the browser keeps nothing, they live as long as the page (`isKept` is false), and
 * nothing is kept of chats and people (`kept` is null).
 */
export async function openStore(name) {
  try {
    const database = await open(name, VERSION);
    return { isKept: true, outbox: new Table(database, "outbox", FILES), drafts: new Table(database, "drafts"), kept: KeptTables.of(database), close: () => database.close() };
  } catch {
    return { isKept: false, outbox: new Memory("client_id"), drafts: new Memory("place"), kept: null, close: () => {} };
  }
}

/** Windows that still hold it open must close it first; the browser waits for them. */
export function forgetStore(name) {
  globalThis.indexedDB?.deleteDatabase(name);
}

function open(name, ...version) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, ...version);
    request.onblocked = () => setTimeout(() => reject(new DOMException("Another window holds the store.", "TimeoutError")), BLOCKED_MAX_MS);
    request.onupgradeneeded = () => {
      const { result: database } = request;
      const isMissing = (table) => !database.objectStoreNames.contains(table); // what an earlier version of this page kept stays
      for (const [table, keyPath] of Object.entries(TABLES)) if (isMissing(table)) database.createObjectStore(table, { keyPath });
      if (isMissing(FILES)) database.createObjectStore(FILES);
    };
    request.onsuccess = () => {
      // A window of a later version waits for this one to let go. Nothing here can be kept then: the person is told, and may load the page anew.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    // A page of a later version was here: what this one knows is still in it.
    request.onerror = () => (request.error.name === "VersionError" ? open(name).then(resolve, reject) : reject(request.error));
  });
}

/** Rows, and where `files` names a table, a Blob beside a row: written with it in one transaction, and removed with it. */
class Table {
  #database;
  #name;
  #files;

  constructor(database, name, files = null) {
    this.#database = database;
    this.#name = name;
    this.#files = files;
  }

  /** Resolves once it is on the disk, not only on its way there. */
  put(row, file = null) {
    return this.#write((table, files) => {
      table.put(row);
      if (file) files.put(file, row[table.keyPath]);
    });
  }

  remove(key) {
    return this.#write((table, files) => {
      table.delete(key);
      files?.delete(key);
    });
  }

  /** The Blob beside a row, or undefined. */
  file(key) {
    return new Promise((resolve, reject) => {
      const request = this.#database.transaction(this.#files).objectStore(this.#files).get(key);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  list() {
    return new Promise((resolve, reject) => {
      const request = this.#database.transaction(this.#name).objectStore(this.#name).getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  /**
   * Replace a row by what `work(row)` gives, in one transaction: null removes it, undefined leaves it as it is. `work` gets undefined
   * where there is no row. Returns whether anything is different.
   */
  async update(key, work) {
    let isDifferent = false;
    await this.#write((table, files) => {
      table.get(key).onsuccess = ({ target }) => {
        const row = work(target.result);
        isDifferent = row !== undefined;
        if (row === null) {
          table.delete(key);
          files?.delete(key);
        } else if (isDifferent) table.put(row);
      };
    });
    return isDifferent;
  }

  #write(work) {
    return new Promise((resolve, reject) => {
      const names = [this.#name, this.#files].filter(Boolean);
      const transaction = this.#database.transaction(names, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException(gettext("The browser did not keep this."), "AbortError"));
      work(...names.map((name) => transaction.objectStore(name)));
    });
  }
}

export class Memory {
  #rows = new Map();
  #files = new Map();
  #key;

  constructor(key) {
    this.#key = key;
  }

  async put(row, file = null) {
    this.#rows.set(row[this.#key], structuredClone(row));
    if (file) this.#files.set(row[this.#key], file);
  }

  async remove(key) {
    this.#rows.delete(key);
    this.#files.delete(key);
  }

  async file(key) {
    return this.#files.get(key);
  }

  async update(key, work) {
    const row = work(this.#rows.get(key));
    if (row === null) await this.remove(key);
    else if (row !== undefined) await this.put(row);
    return row !== undefined;
  }

  async list() {
    return structuredClone([...this.#rows.values()]);
  }
}
