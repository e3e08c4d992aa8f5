/** The syntax tree of a `$filter`: the part of OData's grammar that directory queries use. */
export type Expression =
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly inner: Expression }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly kind: "in"; readonly left: Operand; readonly values: readonly Operand[] }
  | { readonly kind: "call"; readonly name: TextFunction; readonly left: Operand; readonly right: Operand }
  | {
      readonly kind: "any";
      readonly path: string;
      readonly variable: string;
      readonly inner: Expression | undefined;
    };

export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "path"; readonly path: string; readonly lower: boolean };

type Comparison = "eq" | "ne" | "gt" | "ge" | "lt" | "le";
type TextFunction = "startswith" | "endswith" | "contains";
type Token = { readonly kind: "word" | "string" | "mark"; readonly text: string };

const comparisons: readonly string[] = ["eq", "ne", "gt", "ge", "lt", "le"] satisfies Comparison[];
const functions: readonly string[] = ["startswith", "endswith", "contains"] satisfies TextFunction[];

export function parseFilter(text: string): Expression {
  const tokens = tokenize(text);
  const expression = parseOr(tokens);
  if (tokens.length > 0) throw new SyntaxError(`Syntax error at '${tokens[0]?.text ?? ""}' in '${text}'.`);
  return expression;
}

function tokenize(text: string): Token[] {
  const pattern = /\s*(?:'((?:[^']|'')*)'|([(),])|([^\s(),']+))/gy;
  const tokens: Token[] = [];
  for (let end = 0; end < text.trimEnd().length; end = pattern.lastIndex) {
    const match = pattern.exec(text);
    if (match === null) throw new SyntaxError(`There is an unterminated literal in '${text}'.`);
    const [, string, mark, word] = match;
    if (string !== undefined) tokens.push({ kind: "string", text: string.replaceAll("''", "'") });
    else tokens.push({ kind: mark === undefined ? "word" : "mark", text: mark ?? word ?? "" });
  }
  return tokens;
}

function parseOr(tokens: Token[]): Expression {
  let left = parseAnd(tokens);
  while (takeWord(tokens, "or")) left = { kind: "or", left, right: parseAnd(tokens) };
  return left;
}

function parseAnd(tokens: Token[]): Expression {
  let left = parseNot(tokens);
  while (takeWord(tokens, "and")) left = { kind: "and", left, right: parseNot(tokens) };
  return left;
}

function parseNot(tokens: Token[]): Expression {
  if (takeWord(tokens, "not")) return { kind: "not", inner: parseNot(tokens) };
  if (takeMark(tokens, "(")) {
    const inner = parseOr(tokens);
    expectMark(tokens, ")");
    return inner;
  }
  return parseTerm(tokens);
}

function parseTerm(tokens: Token[]): Expression {
  const [first, second] = tokens;
  if (first?.kind === "word" && second?.text === "(" && second.kind === "mark") {
    const name = first.text.toLowerCase();
    if (functions.includes(name)) return parseCall(tokens, name as TextFunction);
    if (name.endsWith("/any")) return parseAny(tokens);
  }
  return parseComparison(tokens);
}

function parseCall(tokens: Token[], name: TextFunction): Expression {
  tokens.splice(0, 2);
  const left = parseOperand(tokens);
  expectMark(tokens, ",");
  const right = parseOperand(tokens);
  expectMark(tokens, ")");
  // Some clients write startswith(…) eq true.
  if (takeWord(tokens, "eq")) tokens.shift();
  return { kind: "call", name, left, right };
}

function parseAny(tokens: Token[]): Expression {
  const path = (tokens[0]?.text ?? "").slice(0, -"/any".length);
  tokens.splice(0, 2);
  if (takeMark(tokens, ")")) return { kind: "any", path, variable: "", inner: undefined };
  const head = tokens.shift()?.text ?? "";
  const colon = head.indexOf(":");
  if (colon <= 0) throw new SyntaxError(`A lambda needs a range variable: 'x:' expected at '${head}'.`);
  const rest = head.slice(colon + 1);
  if (rest !== "") tokens.unshift({ kind: "word", text: rest });
  const inner = parseOr(tokens);
  expectMark(tokens, ")");
  return { kind: "any", path, variable: head.slice(0, colon), inner };
}

function parseComparison(tokens: Token[]): Expression {
  const left = parseOperand(tokens);
  const operator = tokens.shift()?.text ?? "";
  if (operator === "in") return { kind: "in", left, values: parseList(tokens) };
  if (!comparisons.includes(operator)) throw new SyntaxError(`Operator expected, found '${operator}'.`);
  return { kind: "compare", operator: operator as Comparison, left, right: parseOperand(tokens) };
}

function parseList(tokens: Token[]): Operand[] {
  expectMark(tokens, "(");
  const values = [parseOperand(tokens)];
  while (takeMark(tokens, ",")) values.push(parseOperand(tokens));
  expectMark(tokens, ")");
  return values;
}

function parseOperand(tokens: Token[]): Operand {
  const token = tokens.shift();
  if (token === undefined || token.kind === "mark")
    throw new SyntaxError("An operand is missing in the filter.");
  if (token.kind === "string") return { kind: "literal", value: token.text };
  if (token.text.toLowerCase() === "tolower" && takeMark(tokens, "(")) {
    const path = tokens.shift()?.text ?? "";
    expectMark(tokens, ")");
    return { kind: "path", path, lower: true };
  }
  return literalOrPath(token.text);
}

function literalOrPath(word: string): Operand {
  if (word === "null") return { kind: "literal", value: null };
  if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
  if (/^-?\d+(\.\d+)?$/.test(word)) return { kind: "literal", value: Number(word) };
  // Dates and GUIDs are written without quotes.
  if (/^\d{4}-\d{2}-\d{2}/.test(word) || /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(word)) {
    return { kind: "literal", value: word };
  }
  return { kind: "path", path: word, lower: false };
}

function takeWord(tokens: Token[], word: string): boolean {
  const found = tokens[0]?.kind === "word" && tokens[0].text.toLowerCase() === word;
  if (found) tokens.shift();
  return found;
}

function takeMark(tokens: Token[], mark: string): boolean {
  const found = tokens[0]?.kind === "mark" && tokens[0].text === mark;
  if (found) tokens.shift();
  return found;
}

function expectMark(tokens: Token[], mark: string): void {
  if (!takeMark(tokens, mark)) throw new SyntaxError(`'${mark}' expected in the filter.`);
}
