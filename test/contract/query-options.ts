/** The options of a query string, or what makes it unreadable. */
export type QueryOptions =
  | { readonly kind: "options"; readonly options: readonly QueryOption[] }
  | { readonly kind: "unreadable"; readonly problem: string };

export type QueryOption = { readonly name: string; readonly value: string };

export function parseQuery(query: string): QueryOptions {
  if (query === "") return { kind: "options", options: [] };
  try {
    return { kind: "options", options: query.split("&").map(parseOption) };
  } catch {
    return { kind: "unreadable", problem: `the query ${query} is not valid percent-encoding` };
  }
}

function parseOption(text: string): QueryOption {
  const equals = text.indexOf("=");
  const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
  return equals < 0
    ? { name: decode(text), value: "" }
    : { name: decode(text.slice(0, equals)), value: decode(text.slice(equals + 1)) };
}

/** Splits at a separator, but not inside parentheses or quotes: `a($select=b,c),d` has two parts at commas. */
export function splitOutside(text: string, separator: "," | ";"): readonly string[] {
  const parts = [""];
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    if (!quoted && character === "(") depth += 1;
    if (!quoted && character === ")") depth -= 1;
    if (character === separator && depth === 0 && !quoted) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}
