// The numbers that this account marked as favourites, on this page and in other apps.
//
//   const favourites = favouritesOf(client);     // one for each client
//   await favourites.load(); favourites.has("4930901820")
//   await favourites.mark("4930901820", true)

const PATH = "/api/users/favorite_contacts";
const known = new WeakMap(); // client -> Favourites

export function favouritesOf(client) {
  if (!known.has(client)) known.set(client, new Favourites(client.rest, () => client.emit("people")));
  return known.get(client);
}

class Favourites {
  #rest;
  #told;
  #numbers = null; // null until they are known

  constructor(rest, told) {
    this.#rest = rest;
    this.#told = told;
  }

  get isLoaded() {
    return this.#numbers !== null;
  }

  has(number) {
    return Boolean(this.#numbers?.has(number));
  }

  async load() {
    this.#keep(await this.#rest.get(PATH));
  }

  async mark(number, isMarked) {
    const body = { phone_numbers: [`+${number}`] };
    if (isMarked) this.#keep(await this.#rest.post(PATH, body));
    else await this.#rest.patch(PATH, body).then(() => this.load());
  }

  #keep(list) {
    this.#numbers = new Set(list.map((one) => one.phone_number.replace(/\D/g, "")));
    this.#told();
  }
}
