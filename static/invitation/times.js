// Says the time of an event in the reader's own zone, above what the page says on the owner's clock. Days are left as they are.
// The words are those of the server, which chose the page's language; the way to write a date is that of the reader's country.

const { lang } = document.documentElement;
const locale = navigator.languages.find((each) => each === lang || each.startsWith(`${lang}-`)) ?? lang;
const day = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
const clock = { hour: "numeric", minute: "2-digit", timeZoneName: "short" };
const format = new Intl.DateTimeFormat(locale, { ...day, ...clock, numberingSystem: "latn" }); // the digits of the server's dates

for (const time of document.querySelectorAll('time[datetime*="T"]')) {
  const [shown, below] = time.children;
  const there = below ?? document.createElement("span");
  there.className = "below";
  there.textContent = (below ?? shown).textContent;
  shown.textContent = time.closest("[data-own-time]").dataset.ownTime.replace("{date}", () => format.format(new Date(time.dateTime)));
  time.append(there);
}
