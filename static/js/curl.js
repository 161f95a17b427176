// One operation of the reference as a command for the terminal, with the examples that the document has.

import { resolve } from "./schemas.js";

const MULTIPART = "multipart/form-data";

/** `curl` as a shell takes it, with the token in `$TOKEN`. */
export function curl(document, origin, method, path, operation) {
  const parts = [`curl${method === "get" ? "" : ` -X ${method.toUpperCase()}`}`];
  if (operation.security?.length !== 0) parts.push(`-H "Authorization: Bearer $TOKEN"`);
  for (const { name, in: place, required, example } of operation.parameters ?? []) {
    if (place === "header" && required) parts.push(`-H ${quoted(`${name}: ${example}`)}`);
  }
  const [[kind, content] = []] = Object.entries(operation.requestBody?.content ?? {});
  if (kind === MULTIPART) {
    for (const [name, value] of Object.entries(content.example ?? {})) {
      const isFile = resolve(document, content.schema).properties[name].format === "binary"; // its example is its name
      parts.push(`-F ${quoted(`${name}=${isFile ? "@" : ""}${value}`)}`);
    }
  } else if (content?.schema?.format === "binary") {
    parts.push(`-H "Content-Type: ${kind}"`, `--data-binary ${quoted(`@${content.example}`)}`); // its example is its name
  } else if (content?.example !== undefined) {
    parts.push(`-H "Content-Type: ${kind}"`, `-d ${quoted(JSON.stringify(content.example))}`);
  }
  if (isBinary(operation)) parts.push("-o file");
  parts.push(quoted(origin + filled(path, operation.parameters ?? [])));
  return parts.join(" \\\n  ");
}

function filled(path, parameters) {
  const query = new URLSearchParams();
  let whole = path;
  for (const { name, in: place, required, example } of parameters) {
    if (place === "path") whole = whole.replace(`{${name}}`, encodeURIComponent(example));
    if (place === "query" && required) query.set(name, example);
  }
  return query.size ? `${whole}?${query}` : whole;
}

/** Whether the answer is bytes, which belong into a file. */
function isBinary(operation) {
  const [answer] = Object.values(operation.responses["200"]?.content ?? {});
  return answer?.schema?.format === "binary";
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
