// The errands of test_clients.py by the client that openapi-generator makes as typescript-fetch.
import { readFileSync } from "node:fs";
import {
  Configuration,
  EventsApi,
  MessagesApi,
  OAuth2Api,
  OauthPostTokenBodyGrantTypeEnum,
  SignInApi,
  UsersApi,
  type CreatedEventShown,
} from "./parley/index.js";

const given = JSON.parse(process.env.ERRANDS!);
const picture = () => new File([readFileSync(given.picture)], "photo.png", { type: "image/png" });
const as = (accessToken?: string) => new Configuration({ basePath: given.url, accessToken });

const { accessToken } = await new OAuth2Api(as()).oauthPostToken({
  oauthPostTokenBody: {
    grantType: OauthPostTokenBodyGrantTypeEnum.Password,
    clientId: given.client_id,
    username: given.username,
    password: given.password,
  },
});
const login = new MessagesApi(as(accessToken));
const contact: string = given.contact;
for (let number = 0; number < 5; number++) {
  await login.messageSendText({ textToSend: { contact, message: `message ${number}`, clientId: `generator ${number}` } });
}
const sent = await login.mediaMessageSendImage({ contact, caption: "Red", filename: picture() });
const read: (string | undefined)[] = [];
let before: string | undefined;
for (;;) {
  const { messages } = await login.messageShowMessages({ target: contact, limit: 2, before });
  if (!messages.length) break;
  read.push(...messages.reverse().map((message) => message.text ?? message.caption));
  before = messages.at(-1)!.id;
}

const phoneNumber: string = given.phone_number;
const signIn = new SignInApi(as());
await signIn.authPost({ pinAsked: { phoneNumber } });
const { authToken } = await signIn.authVerify({ proof: { phoneNumber, pin: given.pin } });
const owner = new EventsApi(as(authToken));
const made: CreatedEventShown[] = [];
for (const count of [1, 2]) {
  const invitePhoneNumbers: string[] = given.guests.slice(0, count);
  const eventDate = new Date("2031-05-02T20:30:00Z");
  made.push(await owner.eventPost({ newEvent: { title: `For ${count}`, eventDate, invitePhoneNumbers } }));
}
const titles: string[] = [];
for (let page = 1, total = 1; titles.length < total; page++) {
  const events = await owner.eventShowPage({ page, perPage: 1 });
  titles.push(...events.results.map((event) => event.title));
  total = events.count;
}
const user = await new UsersApi(as(authToken)).avatarChange({ photo: picture() });
console.log(
  JSON.stringify({
    read,
    url: sent.url,
    invited: made.map((event) => event.invitees.length),
    at: made[0]!.eventDate,
    titles: titles.sort(),
    photo: user.photo,
  }),
);
