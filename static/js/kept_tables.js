// The tables of what is kept of chats and people: rows that the server has too, written many at a time, and removed with a sign-out.
//
//   const tables = KeptTables.of(database)              // null in a database without them
//   const { chats, facts } = await tables.read(shape)   // nothing, where rows of another shape were kept
//   await tables.write((chats, facts) => …)             // one transaction; the object stores, for requests of it alone
//   await tables.clear()
//
// A sign-out in one window must not be undone by what another one is about to write. So the rows have an owner, a number that is
// drawn when the tables are empty, and a window writes only as long as the owner is the one that it read.

const OWNER = "owner";

export class KeptTables {
  #database;
  #owner = null;
  #shape;

  static of(database) {
    const { objectStoreNames: names } = database;
    return names.contains("chats") && names.contains("kept") ? new KeptTables(database) : null;
  }

  constructor(database) {
    this.#database = database;
  }

  /** What was kept: rows of chats, and facts by their names. Rows of another shape than `shape` are thrown away. */
  async read(shape) {
    this.#shape = shape;
    const found = { chats: [], facts: new Map() };
    await this.#transact((chats, facts) => {
      facts.get(OWNER).onsuccess = ({ target: { result: owner } }) => {
        if (owner?.shape === shape) {
          this.#owner = owner.id;
          facts.getAll().onsuccess = ({ target }) => (found.facts = new Map(target.result.map((fact) => [fact.name, fact])));
          chats.getAll().onsuccess = ({ target }) => (found.chats = target.result);
        } else {
          this.#begin(chats, facts);
        }
      };
    });
    return found;
  }

  /** Several changes as one: all of them are on the disk, or none. Returns false, and nothing is changed, after a sign-out. */
  async write(work) {
    let isOurs = false;
    await this.#transact((chats, facts) => {
      facts.get(OWNER).onsuccess = ({ target: { result: owner } }) => {
        isOurs = owner !== undefined && owner.id === this.#owner;
        if (isOurs) work(chats, facts);
      };
    });
    return isOurs;
  }

  /** Remove all of it, for all windows. */
  async clear() {
    this.#owner = null;
    await this.#transact((chats, facts) => {
      chats.clear();
      facts.clear();
    });
  }

  #begin(chats, facts) {
    chats.clear();
    facts.clear();
    this.#owner = crypto.getRandomValues(new Uint32Array(2)).join("-");
    facts.put({ name: OWNER, id: this.#owner, shape: this.#shape });
  }

  #transact(work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(["chats", "kept"], "readwrite", { durability: "relaxed" }); // the server has it as well
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException("The page ended.", "AbortError"));
      work(transaction.objectStore("chats"), transaction.objectStore("kept"));
    });
  }
}
