// A contact as a card that any telephone reads: vCard 3.0 (RFC 2426).
//
//   cardOf({ number: "4930901820", firstName: "Ada", lastName: "Byron" })

const LINE_MAX_BYTES = 75;
const encoder = new TextEncoder();

/** `name` is shown where there is neither a first nor a last name. */
export function cardOf({ number, firstName = "", lastName = "", name = "" }) {
  const whole = [firstName, lastName].filter(Boolean).join(" ") || name || `+${number}`;
  const lines = [
    "BEGIN:VCARD", "VERSION:3.0",
    `N:${escaped(lastName)};${escaped(firstName || (lastName ? "" : whole))};;;`,
    `FN:${escaped(whole)}`,
    `TEL;TYPE=CELL:+${number.replace(/\D/g, "")}`,
    "END:VCARD",
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

/** What separates parts, and ends lines, is text within a part. */
function escaped(text) {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\r\n|\r|\n/g, "\\n");
}

/** Lines of at most 75 bytes, cut between characters; what goes on begins with a space. */
function folded(line) {
  const lines = [""];
  let bytes = 0;
  for (const letter of line) {
    const size = encoder.encode(letter).length;
    if (bytes + size > LINE_MAX_BYTES) {
      lines.push(" ");
      bytes = 1;
    }
    lines[lines.length - 1] += letter;
    bytes += size;
  }
  return lines.join("\r\n");
}
