// Says the time of an event in the reader's own zone, above what the page says on the owner's clock. Days are left as they are.
for (const time of document.querySelectorAll('time[datetime*="T"]')) {
  const [shown, below] = time.children;
  const words = { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  const there = below ?? document.createElement("span");
  there.className = "below";
  there.textContent = (below ?? shown).textContent;
  shown.textContent = `${new Intl.DateTimeFormat("en", words).format(new Date(time.dateTime))}, your time`;
  time.append(there);
}
