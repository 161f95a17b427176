// node module_names.mjs <acorn.mjs> <file>…: which names the scripts import that the script at that address does not export, as JSON.
//
// Read are `import … from`, and `import()` whose names are taken apart at once: `const { a } = await import(…)`, `import(…).then(({ a }) => …)`.

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [library, ...files] = process.argv.slice(2);
const { parse } = await import(pathToFileURL(library));

const trees = new Map(); // path -> what it says
const treeOf = (path) => trees.get(path) ?? trees.set(path, parse(readFileSync(path, "utf-8"), { ecmaVersion: "latest", sourceType: "module", locations: true })).get(path);
const missing = [];
for (const file of files) walk(treeOf(file), [], (node, parents) => read(file, node, parents));
process.stdout.write(JSON.stringify(missing));

function walk(node, parents, visit) {
  visit(node, parents);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (typeof child?.type === "string") walk(child, [node, ...parents], visit);
  }
}

function read(file, node, parents) {
  if (!["ImportDeclaration", "ImportExpression", "ExportNamedDeclaration"].includes(node.type) || typeof node.source?.value !== "string") return;
  const path = resolve(dirname(file), node.source.value);
  const place = `${file}:${node.loc.start.line}`;
  if (!existsSync(path)) return missing.push(`${place}: no ${node.source.value}`);
  const exported = exportsOf(treeOf(path));
  for (const name of namesOf(node, parents)) if (!exported.has(name)) missing.push(`${place}: no ${name} in ${node.source.value}`);
}

function namesOf(node, [parent, above, call]) {
  if (node.type === "ExportNamedDeclaration") return node.specifiers.map(({ local }) => local.name);
  if (node.type === "ImportDeclaration") return node.specifiers.filter(({ type }) => type === "ImportSpecifier").map(({ imported }) => imported.name);
  const pattern = parent.type === "AwaitExpression" ? above.id : parent.property?.name === "then" && above.type === "CallExpression" ? above.arguments[0].params?.[0] : call?.callee?.name === "LatePart" || above.callee?.name === "LatePart" ? (call?.arguments ?? above.arguments)[1]?.params?.[0] : null;
  return pattern?.type === "ObjectPattern" ? pattern.properties.map(({ key }) => key.name) : [];
}

function exportsOf(tree) {
  const declared = tree.body.filter(({ type }) => type === "ExportNamedDeclaration");
  return new Set(declared.flatMap(({ declaration, specifiers }) => [
    ...specifiers.map(({ exported }) => exported.name),
    ...(declaration?.declarations ?? (declaration ? [declaration] : [])).map(({ id }) => id.name),
  ]));
}
