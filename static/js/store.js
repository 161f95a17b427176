// What this browser keeps between visits, in IndexedDB: the outbox and the drafts of one account.

const TABLES = { outbox: "client_id", drafts: "place" };

/** Tables with `put`, `remove` and `list`. Where the browser keeps nothing, they live as long as the page (`isKept` is false). */
export async function openStore(name) {
  try {
    const database = await open(name);
    return { isKept: true, outbox: new Table(database, "outbox"), drafts: new Table(database, "drafts"), close: () => database.close() };
  } catch {
    return { isKept: false, outbox: new Memory("client_id"), drafts: new Memory("place"), close: () => {} };
  }
}

function open(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const [table, keyPath] of Object.entries(TABLES)) request.result.createObjectStore(table, { keyPath });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

class Table {
  #database;
  #name;

  constructor(database, name) {
    this.#database = database;
    this.#name = name;
  }

  /** Resolves once it is on the disk, not only on its way there. */
  put(row) {
    return this.#write((table) => table.put(row));
  }

  remove(key) {
    return this.#write((table) => table.delete(key));
  }

  list() {
    return new Promise((resolve, reject) => {
      const request = this.#database.transaction(this.#name).objectStore(this.#name).getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  #write(work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(this.#name, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(this.#name));
    });
  }
}

export class Memory {
  #rows = new Map();
  #key;

  constructor(key) {
    this.#key = key;
  }

  async put(row) {
    this.#rows.set(row[this.#key], structuredClone(row));
  }

  async remove(key) {
    this.#rows.delete(key);
  }

  async list() {
    return [...this.#rows.values()];
  }
}
