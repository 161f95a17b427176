// node page_words.mjs <acorn.mjs> <file>…: what the scripts say to people, as JSON {texts, strays, problems}.
//
// texts: [{file, line, key, forms, values}] are the texts of gettext, pgettext, ngettext and gettextNodes: `key` is that of the tables
// (static/js/language.js), `forms` the English of a text that numbers decide, else null, and `values` the names that the call fills in, or
// null where they cannot be read. strays: [{file, line, text}] look like words and pass through none of them. problems: calls that cannot be read.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [library, ...files] = process.argv.slice(2);
const { parse } = await import(pathToFileURL(library));

const CONTEXT_ENDS = "\u0004";
const TEXTS = new Map([["gettext", 1], ["gettextNodes", 1], ["pgettext", 2], ["ngettext", 2]]); // function -> how many texts it begins with
// Where everything with letters is read by people: places of arguments, properties and attributes.
const SHOWN_ARGUMENTS = new Map([["el", 2], ["iconButton", 1], ["show", 1], ["prepend", 0], ["replaceChildren", 0], ["replaceWith", 0]]); // function -> from which place on
const SHOWN_NAMES = new Set(["alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "ariaLabel", "innerText", "placeholder", "textContent", "title"]);
// Where a text is for machines, whatever it looks like.
const MACHINE_ARGUMENTS = new Set(["CustomEvent", "Event", "LineBroken", "Intl.Collator", "RegExp", "addEventListener", "close", "closest", "createElement", "define", "dispatchEvent", "el", "emit", "end", "get",
  "getAttribute", "getContext", "getElementById", "getItem", "getResponseHeader", "has", "icon", "includes", "matches", "matchMedia", "on", "querySelector", "querySelectorAll", "removeAttribute", "removeEventListener", "removeItem",
  "setAttribute", "setItem", "setProperty", "setRequestHeader", "stop", "startsWith", "endsWith", "toggleAttribute"]);
const MACHINE_OBJECTS = new Set(["console", "classList", "Reflect", "Object"]);
const MACHINE_NAMES = new Set(["Authorization", "accept", "data-value", "autocomplete", "class", "className", "d", "enterkeyhint", "event", "inputmode", "key", "rel", "role", "sizes", "style", "value", "viewBox"]);
const MACHINE_WORDS = /^(Arrow\w+|\w+Error)$/; // keys, and names of errors
const COMPARED = new Set(["==", "===", "!=", "!==", "in"]);

const found = { texts: [], strays: [], problems: [] };

for (const file of files) {
  const tree = parse(readFileSync(file, "utf-8"), { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
  walk(tree, [], (node, parents) => {
    const at = { file, line: node.loc.start.line };
    if (node.type === "CallExpression" && TEXTS.has(node.callee.name)) collect(node, at);
    const text = textOf(node);
    if (text !== null && !isTranslated(node, parents) && isStray(text, node, parents)) found.strays.push({ ...at, text });
  });
}
process.stdout.write(JSON.stringify(found));

/** In the order of the source. */
function walk(node, parents, visit) {
  visit(node, parents);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (typeof child?.type === "string") walk(child, [...parents, node], visit);
  }
}

/** What a literal says, with "…" for what is filled in; null for everything else. */
function textOf(node) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  return node.type === "TemplateLiteral" ? node.quasis.map(({ value }) => value.cooked).join("…") : null;
}

function collect(call, at) {
  const name = call.callee.name;
  const count = TEXTS.get(name);
  const given = call.arguments.slice(0, count);
  if (given.length < count || !given.every((each) => each.type === "Literal" && typeof each.value === "string")) {
    found.problems.push({ ...at, problem: `${name}() takes its text as a plain literal` });
    return;
  }
  const texts = given.map(({ value }) => value);
  const values = call.arguments[name === "ngettext" ? 3 : count];
  const key = name === "pgettext" ? texts.join(CONTEXT_ENDS) : texts[0];
  found.texts.push({ ...at, key, forms: name === "ngettext" ? texts : null, values: namesIn(values) });
}

function namesIn(values) {
  if (values === undefined) return [];
  if (values.type !== "ObjectExpression" || values.properties.some(({ type, computed }) => type !== "Property" || computed)) return null;
  return values.properties.map(({ key }) => key.name ?? key.value);
}

function isTranslated(node, parents) {
  const call = parents.at(-1);
  return call?.type === "CallExpression" && call.arguments.indexOf(node) >= 0 && call.arguments.indexOf(node) < (TEXTS.get(call.callee.name) ?? 0);
}

/** The nearest thing that decides what becomes of a value, and the part of it in which the value lies. */
function destination(node, parents) {
  let part = node;
  for (const parent of parents.toReversed()) {
    const isPassed = ["ArrayExpression", "SpreadElement", "TemplateLiteral", "LogicalExpression", "ChainExpression", "AwaitExpression"].includes(parent.type)
      || (parent.type === "ConditionalExpression" && parent.test !== part) || (parent.type === "BinaryExpression" && parent.operator === "+");
    if (!isPassed) return [parent, part];
    part = parent;
  }
  return [null, part];
}

function isStray(text, node, parents) {
  const [parent, part] = destination(node, parents);
  if (isShown(parent, part)) return /\p{L}{2}/u.test(text.replaceAll(/https?:\S+/g, ""));
  return !isForMachines(parent, part) && !isForMachines(parents.at(-1), node) && !MACHINE_WORDS.test(text) && /\p{L}{2}[,;:.…]? \p{L}|^\p{Lu}\p{Ll}|\p{L}{2} …|… \p{L}{2}/u.test(text);
}

function nameOf(node) {
  return node?.name ?? node?.value ?? node?.property?.name ?? "";
}

function isShown(parent, part) {
  if (parent === null) return false;
  if (parent.type === "Property") return parent.value === part && !parent.computed && SHOWN_NAMES.has(nameOf(parent.key));
  if (parent.type === "AssignmentExpression") return parent.right === part && SHOWN_NAMES.has(nameOf(parent.left));
  if (parent.type === "NewExpression") return nameOf(parent.callee) === "Error";
  return parent.type === "CallExpression" && parent.arguments.indexOf(part) >= (SHOWN_ARGUMENTS.get(nameOf(parent.callee)) ?? Infinity);
}

function isForMachines(parent, part) {
  if (parent === null) return true;
  switch (parent.type) {
    case "ImportDeclaration": case "ImportExpression": case "ExportNamedDeclaration": case "ExportAllDeclaration": case "SwitchCase": case "ExpressionStatement":
      return true; // addresses, values that are compared, and "use strict"
    case "BinaryExpression":
      return COMPARED.has(parent.operator);
    case "MemberExpression":
      return parent.property === part || nameOf(parent.property) === "includes"; // ["Enter", "Escape"].includes(key)
    case "Property":
      return parent.key === part || MACHINE_NAMES.has(nameOf(parent.key));
    case "AssignmentExpression":
      return MACHINE_NAMES.has(nameOf(parent.left));
    case "NewExpression": case "CallExpression":
      return MACHINE_ARGUMENTS.has(nameOf(parent.callee)) || MACHINE_OBJECTS.has(nameOf(parent.callee.object));
    default:
      return false;
  }
}
