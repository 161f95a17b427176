// A poll in a message: what is asked, the answers to choose from with how many chose each, and what holds for it.

import { gettext, ngettext } from "../language.js";
import { el, icon } from "./dom.js";
import { wholeTimeOf } from "./times.js";

const PLAN_MAX_MS = 3600000; // a device may sleep, and its clock be set

/** `acts`: actsOf (message_acts.js), which know who reads, and who people are. */
export function pollOf(message, acts) {
  const { question, multiple: isMultiple, closes_at: closesAt, secret: isSecret, voter_count: voters = 0 } = message;
  const options = message.options.map((option) => (typeof option === "string" ? { text: option, votes: 0 } : option)); // one's own, that waits to be sent
  const isClosed = Boolean(closesAt) && Date.parse(closesAt) <= Date.now();
  const chosen = acts.choiceIn(message);
  const isOpen = !isClosed && acts.canAnswer(message);
  const press = (place) => acts.vote(message, isMultiple ? toggled(chosen, place) : chosen.includes(place) ? [] : [place]);
  const line = el("span.poll-line", {}, lineOf({ isMultiple, isSecret, isClosed, closesAt, voters }));
  const node = el("div.poll", { role: "group", "aria-label": gettext("Poll: {question}", { question }) },
    el("strong.poll-question", { dir: "auto" }, question),
    ...options.map((option, place) => answerOf(option, { place, voters, isChosen: chosen.includes(place), isOpen, who: acts.votersOf(option), onclick: () => press(place) })),
    line);
  const close = () => {
    for (const button of node.querySelectorAll("button")) button.disabled = true;
    line.textContent = lineOf({ isMultiple, isSecret, isClosed: true, closesAt, voters });
  };
  if (closesAt && !isClosed) closeLater(node, Date.parse(closesAt), close);
  return node;
}

/** Close a poll at its end, as long as it is shown; one that is drawn later is drawn closed. */
function closeLater(node, end, close) {
  const look = () => node.isConnected && (end <= Date.now() ? close() : closeLater(node, end, close));
  setTimeout(look, Math.max(0, Math.min(PLAN_MAX_MS, end - Date.now())));
}

const toggled = (chosen, place) => (chosen.includes(place) ? chosen.filter((other) => other !== place) : [...chosen, place].sort((one, other) => one - other));

function answerOf({ text, votes }, { place, voters, isChosen, isOpen, who, onclick }) {
  const share = voters ? Math.round((votes / voters) * 100) : 0;
  const bar = el("span.poll-bar", {}, el("span"));
  bar.firstChild.style.inlineSize = `${share}%`;
  return el("button.poll-option", { type: "button", "aria-pressed": String(isChosen), disabled: !isOpen, tabindex: "-1", "data-stop": "", "data-press": place, title: who || null, onclick },
    el("span.poll-mark", { "aria-hidden": "true" }, isChosen ? icon("tick") : null), el("span.poll-text", { dir: "auto" }, text),
    el("span.poll-votes", { "aria-hidden": "true" }, String(votes)), el("span.unseen", {}, ngettext("one vote", "{count} votes", votes)), bar);
}

function lineOf({ isMultiple, isSecret, isClosed, closesAt, voters }) {
  return [
    ngettext("one person voted", "{count} people voted", voters),
    isMultiple && !isClosed ? gettext("several answers possible") : "",
    isSecret ? gettext("nobody sees who voted") : "",
    isClosed ? gettext("closed") : closesAt ? gettext("until {when}", { when: wholeTimeOf(closesAt) }) : "",
  ].filter(Boolean).join(" · ");
}
