/** A token of an OData `$filter`. */
export type Token = { readonly kind: TokenKind; readonly text: string };

export type TokenKind =
  "string" | "number" | "instant" | "date" | "guid" | "duration" | "name" | "punctuation";

// Longest forms first: a GUID and a date begin like a number.
const forms: readonly (readonly [TokenKind, RegExp])[] = [
  ["string", /'(?:[^']|'')*'/y],
  ["instant", /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/iy],
  ["guid", /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/iy],
  ["date", /\d{4}-\d{2}-\d{2}/y],
  ["duration", /duration'[^']*'/y],
  ["number", /-?\d+(?:\.\d+)?/y],
  ["name", /\$?[A-Za-z_][\w.]*/y],
  ["punctuation", /[(),/:]/y],
];

/** Splits a filter into tokens; undefined and the place when a character begins no token. */
export function tokenise(
  filter: string,
):
  | { readonly kind: "tokens"; readonly tokens: readonly Token[] }
  | { readonly kind: "stuck"; readonly at: string } {
  const tokens: Token[] = [];
  let index = 0;
  while (index < filter.length) {
    if (filter[index] === " ") {
      index += 1;
      continue;
    }
    const token = tokenAt(filter, index);
    if (token === undefined) return { kind: "stuck", at: filter.slice(index) };
    tokens.push(token);
    index += token.text.length;
  }
  return { kind: "tokens", tokens };
}

function tokenAt(filter: string, index: number): Token | undefined {
  for (const [kind, form] of forms) {
    form.lastIndex = index;
    const text = form.exec(filter)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}
