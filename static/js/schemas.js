// JSON schemas in words: what a field is, and which fields a shape has.

/** What a schema refers to, with what stands beside the reference. */
export function resolve(document, schema) {
  if (!schema?.$ref) return schema ?? {};
  const named = document.components.schemas[schema.$ref.split("/").at(-1)] ?? {};
  const { $ref, ...beside } = schema;
  return { ...named, ...beside };
}

/** The objects that a schema can be: itself, its choices, or what a list of it holds. */
export function pathsOf(document, schema) {
  const whole = resolve(document, schema);
  if (whole.properties && Object.keys(whole.properties).length) return [whole];
  if (whole.type === "array") return pathsOf(document, whole.items ?? {});
  return (whole.anyOf ?? whole.oneOf ?? []).flatMap((each) => pathsOf(document, each));
}

/** "text", "list of numbers or null", "online or offline", … and its limits. */
export function kindOf(document, schema) {
  const whole = resolve(document, schema);
  if ("const" in whole) return JSON.stringify(whole.const);
  if (whole.enum) return whole.enum.map((each) => JSON.stringify(each)).join(" or ");
  const choices = whole.anyOf ?? whole.oneOf;
  if (choices && !whole.properties) return [...new Set(choices.map((each) => kindOf(document, each)))].join(" or ");
  if (whole.type === "array") return `list of ${kindOf(document, whole.items)}`;
  if (whole.type === "object" || whole.properties) {
    return whole.additionalProperties?.type ? `object of ${kindOf(document, whole.additionalProperties)}` : "object";
  }
  if (whole.contentMediaType) return "file";
  return [{ string: "text", integer: "whole number", number: "number", boolean: "true or false", null: "null" }[whole.type] ?? "anything", limits(whole)].filter(Boolean).join(", ");
}

function limits({ maxLength, minimum, maximum, format }) {
  return [
    format,
    maxLength && `up to ${maxLength} characters`,
    maximum !== undefined && minimum !== undefined ? `${minimum} to ${maximum}` : null,
  ].filter(Boolean).join(", ");
}
