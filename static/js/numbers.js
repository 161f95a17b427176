// Phone numbers and codes as people write and paste them. What is sent has a country code; the server knows which numbers are one.

// What may stand between digits and is none: marks that nobody sees, spaces, dashes of all kinds, points, slashes, brackets.
const BETWEEN = /[\p{Cf}\p{DI}\p{Zs}\p{Pd}\u2800\u2212\u02d7\u2043\u30fc\u2053\u223c\u00b7\u2022\u2027\u2219\u22c5\u30fb\s./()[\]~]/gu;
const DIGIT = /\p{Nd}/u;
// Regions and their calling codes, as the library has them by which the server reads numbers (a test compares).
const CALLING_CODES = new Map(
  ("AC247 AD376 AE971 AF93 AG1 AI1 AL355 AM374 AO244 AR54 AS1 AT43 AU61 AW297 AX358 AZ994 BA387 BB1 BD880 BE32 BF226 BG359 BH973 BI257 BJ229 BL590 BM1 " +
  "BN673 BO591 BQ599 BR55 BS1 BT975 BW267 BY375 BZ501 CA1 CC61 CD243 CF236 CG242 CH41 CI225 CK682 CL56 CM237 CN86 CO57 CR506 CU53 CV238 CW599 CX61 CY357 " +
  "CZ420 DE49 DJ253 DK45 DM1 DO1 DZ213 EC593 EE372 EG20 EH212 ER291 ES34 ET251 FI358 FJ679 FK500 FM691 FO298 FR33 GA241 GB44 GD1 GE995 GF594 GG44 GH233 " +
  "GI350 GL299 GM220 GN224 GP590 GQ240 GR30 GT502 GU1 GW245 GY592 HK852 HN504 HR385 HT509 HU36 ID62 IE353 IL972 IM44 IN91 IO246 IQ964 IR98 IS354 IT39 " +
  "JE44 JM1 JO962 JP81 KE254 KG996 KH855 KI686 KM269 KN1 KP850 KR82 KW965 KY1 KZ7 LA856 LB961 LC1 LI423 LK94 LR231 LS266 LT370 LU352 LV371 LY218 MA212 " +
  "MC377 MD373 ME382 MF590 MG261 MH692 MK389 ML223 MM95 MN976 MO853 MP1 MQ596 MR222 MS1 MT356 MU230 MV960 MW265 MX52 MY60 MZ258 NA264 NC687 NE227 NF672 " +
  "NG234 NI505 NL31 NO47 NP977 NR674 NU683 NZ64 OM968 PA507 PE51 PF689 PG675 PH63 PK92 PL48 PM508 PR1 PS970 PT351 PW680 PY595 QA974 RE262 RO40 RS381 RU7 " +
  "RW250 SA966 SB677 SC248 SD249 SE46 SG65 SH290 SI386 SJ47 SK421 SL232 SM378 SN221 SO252 SR597 SS211 ST239 SV503 SX1 SY963 SZ268 TA290 TC1 TD235 TG228 " +
  "TH66 TJ992 TK690 TL670 TM993 TN216 TO676 TR90 TT1 TV688 TW886 TZ255 UA380 UG256 US1 UY598 UZ998 VA39 VC1 VE58 VG1 VI1 VN84 VU678 WF681 WS685 XK383 " +
  "YE967 YT262 ZA27 ZM260 ZW263").split(" ").map((one) => [one.slice(0, 2), one.slice(2)]),
);

/** A text in its shortest spelling: digits of any script as 0 to 9, and nothing between them. */
export function foldDigits(text) {
  return [...text.normalize("NFKC").replace(BETWEEN, "")].map((one) => (DIGIT.test(one) ? valueOf(one) : one)).join("");
}

/** The digits of a script follow each other from its zero, ten by ten. */
function valueOf(digit) {
  let zero = digit.codePointAt(0);
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((digit.codePointAt(0) - zero) % 10);
}

/** A number with its country code. One that begins with neither + nor 00 is of `country`. Throws what to tell whoever wrote it. */
export function readNumber(text, country = "") {
  const [, plus, digits] = /^(?:tel:)?(\+|00)?(\d{2,})$/i.exec(foldDigits(text)) ?? [];
  if (!digits) throw new Error("This is no phone number. Write its digits, such as +49 30 901820.");
  if (plus) return `+${digits}`;
  if (!CALLING_CODES.has(country)) throw new Error("Choose the country of this number, or begin it with + and the country code.");
  return `+${CALLING_CODES.get(country)}${digits}`;
}

/** The region that the browser's languages name, as two letters, or "". */
export function guessCountry(languages = globalThis.navigator?.languages ?? []) {
  for (const language of languages) {
    const { region } = new Intl.Locale(language).maximize();
    if (CALLING_CODES.has(region)) return region;
  }
  return "";
}

/**
 * The fields of a form that ask for a number. The country that the browser's languages name stands first and is not chosen: many
 * people have another one's language, and a wrong guess sends a code to a stranger.
 */
export function numberFields(attributes = {}) {
  const guess = guessCountry();
  const names = new Intl.DisplayNames([...(globalThis.navigator?.languages ?? []), "en"], { type: "region" });
  const countries = [...CALLING_CODES].map(([region, code]) => [region, `${names.of(region)} +${code}`]);
  countries.sort(([region, one], [another, other]) => (another === guess) - (region === guess) || one.localeCompare(other));
  return [
    ["number", "Phone number", "", { type: "tel", required: true, dir: "ltr", placeholder: "+49 30 901820", ...attributes }],
    ["country", "Country, where the number does not begin with +", "", { options: [["", "Choose a country"], ...countries] }],
  ];
}
