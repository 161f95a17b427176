// Before anything is painted: what the reader chose for this browser (preferences.js) becomes attributes of <html>, which parley.css knows.
// A plain script and no module, since a module waits for the whole page, and a light page would flash where a dark one was chosen.

{
  const root = document.documentElement;
  const LANGUAGES = ["en", "de", "es", "fr", "ar"];
  const RIGHT_TO_LEFT = ["ar"];
  let shown = [];

  /** The language that was chosen, else the first one that the browser asks for and that the page has. */
  const speak = () => {
    const wanted = [root.dataset.language, ...navigator.languages.map((tag) => tag.split("-")[0])];
    root.lang = wanted.find((language) => LANGUAGES.includes(language)) ?? "en";
    root.dir = RIGHT_TO_LEFT.includes(root.lang) ? "rtl" : "ltr";
    // Its words are asked for now, and not by the modules that wait for them (language.js).
    if (root.lang !== "en") document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "fetch", crossOrigin: "anonymous", href: new URL(`../languages/${root.lang}.json`, document.currentScript.src) }));
  };

  const apply = () => {
    for (const name of shown) delete root.dataset[name];
    try {
      const chosen = JSON.parse(localStorage.getItem("parley.preferences")) ?? {};
      shown = Object.keys(chosen);
      for (const name of shown) root.dataset[name] = chosen[name];
    } catch {
      shown = []; // a browser that keeps nothing, or what somebody else wrote: as if nothing was chosen
    }
  };

  addEventListener("preferences", apply); // of this window
  addEventListener("storage", apply); // of another one
  apply();
  if (!("english" in root.dataset)) speak(); // once: the words of a page that is open stay what they are
}
