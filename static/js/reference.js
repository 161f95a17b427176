// The reference page: /openapi.json as people read it. Everything is made of nodes; nothing reads a string as HTML.

import { el } from "./views/dom.js";
import { curl } from "./curl.js";
import { kindOf, pathsOf, resolve } from "./schemas.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 5; // a shape in a shape in a shape: further down, its name is enough

/** A sentence with `code` and **strong** in it. */
function words(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return el("code", {}, part.slice(1, -1));
    return part.startsWith("**") ? el("strong", {}, part.slice(2, -2)) : part;
  });
}

const paragraphs = (text) => text.split("\n\n").map((each) => el("p", {}, ...words(each.replaceAll("\n", " "))));

/** What an object holds, field by field; of a list, what each item holds. */
function fieldsOf(document, schema, depth = 0) {
  const shapes = pathsOf(document, schema);
  if (depth >= DEEPEST) return [];
  return shapes.map((shape) => {
    const needed = new Set(shape.required ?? []);
    return el("ul.fields", {}, Object.entries(shape.properties).map(([name, field]) => row(document, name, field, needed.has(name), depth)));
  });
}

function row(document, name, field, isNeeded, depth) {
  const about = field.description ?? resolve(document, field).description;
  return el("li", {},
    el("span.field-name", {}, name), " ", el("span.kind", {}, kindOf(document, field)), " ",
    isNeeded && el("span.needed", {}, "required"),
    about && el("p.tells", {}, ...words(about)),
    ...fieldsOf(document, field, depth + 1));
}

function parameters(document, operation) {
  if (!operation.parameters?.length) return [];
  const rows = operation.parameters.map((each) =>
    row(document, each.name, { description: each.description, ...each.schema, _in: each.in }, each.required, DEEPEST));
  for (const [index, each] of operation.parameters.entries()) rows[index].querySelector(".kind").prepend(`${each.in}, `);
  return [el("h3", {}, "Parameters"), el("ul.fields", {}, rows)];
}

function body(document, operation) {
  const content = operation.requestBody?.content;
  if (!content) return [];
  const kinds = Object.keys(content);
  const schema = (content["multipart/form-data"] ?? content[kinds[0]]).schema;
  const about = resolve(document, schema).description;
  return [
    el("h3", {}, "Body"),
    about && el("p.tells", {}, ...words(about)),
    el("p.kind", {}, kinds.join(" · ")),
    ...fieldsOf(document, schema),
  ];
}

function answer(document, status, response) {
  const [kind, content] = Object.entries(response.content ?? {})[0] ?? [];
  const isRefusal = Number(status) >= 400 && response.description.includes("`");
  const shape = content?.schema && !isRefusal ? content.schema : null;
  const headers = Object.keys(response.headers ?? {});
  return el("div.answer", {},
    el(`span.status.status-${status[0]}`, {}, status),
    el("div", {},
      ...(isRefusal ? paragraphs(response.description) : [el("p.kind", {}, kind ? [kind, shape && kindOf(document, shape)].filter(Boolean).join(": ") : response.description)]),
      shape && resolve(document, shape).description && el("p.tells", {}, ...words(resolve(document, shape).description)),
      ...(shape ? fieldsOf(document, shape) : []),
      headers.length > 0 && el("p.kind", {}, `Headers: ${headers.join(", ")}`)));
}

function operationNode(document, method, path, operation) {
  const node = el("details.operation", { id: operation.operationId },
    el("summary", {},
      el(`span.method.method-${method}`, {}, method.toUpperCase()), el("span.path", {}, path),
      el("span.says", {}, operation.summary, operation.security?.length === 0 && " · no token")));
  const searched = [method, path, operation.summary, operation.description ?? "", JSON.stringify(operation)].join(" ").toLowerCase();
  // Nobody reads eighty at once: what is inside is made when it is opened.
  node.addEventListener("toggle", () => {
    if (!node.open || node.querySelector(".inside")) return;
    node.append(el("div.inside", {},
      ...(operation.description ? paragraphs(operation.description) : []),
      el("pre", {}, curl(document, location.origin, method, path, operation)),
      ...parameters(document, operation),
      ...body(document, operation),
      el("h3", {}, "Answers"),
      el("div", {}, Object.entries(operation.responses).map(([status, response]) => answer(document, status, response)))));
  });
  return { node, searched, operation };
}

function show(document) {
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => operationNode(document, method, path, methods[method])));
  const areas = document.tags.map((tag) => {
    const inside = found.filter((each) => each.operation.tags.includes(tag.name));
    const id = `area-${tag.name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
    const links = inside.map((each) => el("li", {}, el("a", { href: `#${each.operation.operationId}` }, each.operation.summary)));
    return {
      inside, links,
      link: el("a", { href: `#${id}` }, tag.name), list: el("ul", {}, links),
      section: el("section", { id }, el("h2", {}, tag.name), tag.description && el("p.hint", {}, ...words(tag.description)), ...inside.map((each) => each.node)),
    };
  });
  const about = el("div.about", {}, ...paragraphs(document.info.description.trim()));
  const nothing = el("p.empty", { hidden: true }, "Nothing here has these words in it.");
  globalThis.document.getElementById("areas").append(...areas.flatMap((area) => [area.link, area.list]));
  globalThis.document.getElementById("reference").replaceChildren(about, nothing, ...areas.map((area) => area.section));
  const search = globalThis.document.getElementById("search");
  const look = () => narrow(search.value, areas, about, nothing);
  search.addEventListener("input", look);
  look(); // somebody may have typed before the reference was there
  addEventListener("hashchange", open);
  open();
}

/** Show only what has all of these words in it. */
function narrow(text, areas, about, nothing) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let isAny = false;
  for (const { inside, links, link, list, section } of areas) {
    const fitting = inside.map((each) => wanted.every((word) => each.searched.includes(word)));
    for (const [index, fits] of fitting.entries()) {
      inside[index].node.hidden = !fits;
      links[index].hidden = !fits;
    }
    const has = fitting.includes(true);
    link.hidden = list.hidden = section.hidden = !has;
    isAny ||= has;
  }
  about.hidden = wanted.length > 0;
  nothing.hidden = isAny;
}

/** What the address names. */
function open() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!node) return;
  if (node.matches("details")) node.open = true;
  node.scrollIntoView();
}

try {
  const answered = await fetch("/openapi.json");
  if (!answered.ok) throw new Error(`the server answered ${answered.status}`);
  show(await answered.json());
} catch (error) {
  document.getElementById("reference").replaceChildren(el("p.problem", {}, `The reference cannot be loaded: ${error.message}. Load the page again.`));
}
