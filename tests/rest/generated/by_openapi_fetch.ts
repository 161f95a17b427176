// The errands of test_clients.py by openapi-fetch, with the types that openapi-typescript makes.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./parley.js";

const given = JSON.parse(process.env.ERRANDS!);
const picture = () => new File([readFileSync(given.picture)], "photo.png", { type: "image/png" });
const clientOf = (token?: string) =>
  createClient<paths>({ baseUrl: given.url, headers: token ? { Authorization: `Bearer ${token}` } : {} });

function shown<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** Form data of an object's fields, as openapi-fetch leaves it to us. */
function bodySerializer(fields: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value as string | Blob);
  return form;
}

const nobody = clientOf();
const pair = shown(
  await nobody.POST("/o/token/", {
    body: { grant_type: "password", client_id: given.client_id, username: given.username, password: given.password },
  }),
);
const login = clientOf(pair.access_token);
const contact: string = given.contact;
for (let number = 0; number < 5; number++) {
  const body: components["schemas"]["TextToSend"] = { contact, message: `message ${number}`, client_id: `fetch ${number}` };
  shown(await login.POST("/api/messages/send-message/", { body }));
}
const file = picture() as unknown as string; // files are typed as text
const sent = shown(
  await login.POST("/api/messages/send-image/", { body: { contact, caption: "Red", filename: file }, bodySerializer }),
);
const read: (string | undefined)[] = [];
let before: string | undefined;
for (;;) {
  const path = { target: contact };
  const { messages } = shown(await login.GET("/api/messages/chats/{target}/", { params: { path, query: { limit: 2, before } } }));
  if (!messages.length) break;
  read.push(...messages.reverse().map((message) => message.text ?? message.caption));
  before = messages.at(-1)!.id;
}

const { phone_number } = given;
await nobody.POST("/auth", { body: { phone_number } });
const proved = shown(await nobody.POST("/auth/verify_pin", { body: { phone_number, pin: given.pin } }));
const owner = clientOf(proved.auth_token);
const made: components["schemas"]["CreatedEventShown"][] = [];
for (const count of [1, 2]) {
  const invite_phone_numbers: string[] = given.guests.slice(0, count);
  const body = { title: `For ${count}`, event_date: "2031-05-02T20:30:00Z", invite_phone_numbers };
  made.push(shown(await owner.POST("/events", { body })));
}
const titles: string[] = [];
for (let page = 1, total = 1; titles.length < total; page++) {
  const events = shown(await owner.GET("/events", { params: { query: { page, per_page: 1 } } }));
  titles.push(...events.results.map((event) => event.title));
  total = events.count;
}
const user = shown(
  await owner.POST("/users/change_avatar", { body: { photo: picture() as unknown as string }, bodySerializer }),
);
console.log(
  JSON.stringify({
    read,
    url: sent.url,
    invited: made.map((event) => event.invitees.length),
    at: made[0]!.event_date,
    titles: titles.sort(),
    photo: user.photo,
  }),
);
