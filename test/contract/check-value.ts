import { didYouMean } from "./closest-name.ts";
import type { EnumType } from "./metadata.ts";

/** Why a JSON value is not of the primitive type (`Edm.…`), in words that follow the property's name. */
export function primitiveProblem(type: string, value: unknown): string | undefined {
  const check = primitives[type];
  if (check === undefined) return `has the type ${type}, which a body cannot carry`;
  return check.fits(value) ? undefined : `must be ${check.words}, not ${shown(value)}`;
}

/** Why a JSON value is not a member of the enumeration. Flags are joined with commas. */
export function enumProblem(type: EnumType, value: unknown): string | undefined {
  if (typeof value !== "string") return `must be one of ${listed(type)}, not ${shown(value)}`;
  const names = type.flags ? value.split(",").map((name) => name.trim()) : [value];
  const wrong = names.find((name) => !type.members.has(name));
  return wrong === undefined
    ? undefined
    : `must be one of ${listed(type)}, not ${shown(wrong)}${didYouMean(wrong, type.members)}`;
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) return "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function listed(type: EnumType): string {
  return [...type.members].join(", ");
}

type Primitive = { readonly words: string; readonly fits: (value: unknown) => boolean };

const text = (words: string, pattern: RegExp): Primitive => ({
  words,
  fits: (value) => typeof value === "string" && pattern.test(value),
});

const whole = (words: string, least: number, most: number): Primitive => ({
  words,
  fits: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
});

const real: Primitive = {
  words: "a number",
  fits: (value) => typeof value === "number" || value === "NaN" || value === "INF" || value === "-INF",
};

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;

// https://docs.oasis-open.org/odata/odata-json-format/v4.0/odata-json-format-v4.0.html section 7.1
const primitives: Readonly<Record<string, Primitive>> = {
  "Edm.String": { words: "a string", fits: (value) => typeof value === "string" },
  "Edm.Boolean": { words: "true or false", fits: (value) => typeof value === "boolean" },
  "Edm.Byte": whole("a whole number from 0 to 255", 0, 255),
  "Edm.Int16": whole("a 16-bit whole number", -(2 ** 15), 2 ** 15 - 1),
  "Edm.Int32": whole("a 32-bit whole number", -(2 ** 31), 2 ** 31 - 1),
  "Edm.Int64": {
    words: "a whole number",
    fits: (value) => Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value)),
  },
  "Edm.Single": real,
  "Edm.Double": real,
  "Edm.Decimal": real,
  "Edm.Guid": text("a GUID", /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i),
  "Edm.DateTimeOffset": {
    words: "an ISO 8601 instant with an offset",
    fits: (value) =>
      typeof value === "string" && instant.test(value) && !Number.isNaN(new Date(value).getTime()),
  },
  "Edm.Date": text("a date (YYYY-MM-DD)", /^\d{4}-\d{2}-\d{2}$/),
  "Edm.TimeOfDay": text("a time of day (hh:mm:ss)", /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/),
  "Edm.Duration": text(
    "an ISO 8601 duration",
    /^-?P(?=\d|T\d)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$/,
  ),
  "Edm.Binary": text("base64 text", /^[A-Za-z0-9+/_-]*={0,2}$/),
  "Edm.Untyped": { words: "any JSON value", fits: () => true },
};
