import { didYouMean } from "./closest-name.ts";
import { comparisonProblem } from "./filter-comparison.ts";
import { tokenise, type Token } from "./filter-tokens.ts";
import { followName } from "./member-path.ts";
import type { Metadata, TypeRef } from "./metadata.ts";

/**
 * Checks a `$filter` against the type it filters: its grammar, its property names (inside `any` and `all`, too), its
 * functions, and that a property is compared with a literal of its own type.
 */
export function checkFilter(
  metadata: Metadata,
  type: string,
  filter: string,
): { readonly problems: readonly string[]; readonly properties: readonly string[] } {
  const split = tokenise(filter);
  if (split.kind === "stuck") return { problems: [`$filter: cannot read ${split.at}`], properties: [] };
  const parser = new FilterParser(metadata, type, split.tokens);
  try {
    parser.parse();
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    parser.problems.push(error.message);
  }
  return { problems: parser.problems.map((text) => `$filter: ${text}`), properties: parser.properties };
}

class FilterSyntaxError extends Error {}

/** What an operand is: a property, a literal, or the result of a function. */
type Operand =
  | { readonly kind: "property"; readonly path: string; readonly type: TypeRef | undefined }
  | { readonly kind: "literal"; readonly token: Token }
  | { readonly kind: "condition" }
  | { readonly kind: "computed" };

const comparisons = ["eq", "ne", "gt", "ge", "lt", "le", "has"];

// Their case is free: Graph documents startsWith, too. https://learn.microsoft.com/graph/filter-query-parameter, OData 4.0 part 2, section 5.1.1.4
const functions: Readonly<Record<string, Operand["kind"]>> = {
  startswith: "condition",
  endswith: "condition",
  contains: "condition",
  tolower: "computed",
  toupper: "computed",
  trim: "computed",
  length: "computed",
  indexof: "computed",
  substring: "computed",
  concat: "computed",
  year: "computed",
  month: "computed",
  day: "computed",
  hour: "computed",
  minute: "computed",
  date: "computed",
  now: "computed",
};

/** Recursive descent over `or`, `and`, `not`, comparisons, `in`, functions and lambdas. */
class FilterParser {
  readonly problems: string[] = [];
  readonly properties: string[] = [];
  readonly #metadata: Metadata;
  readonly #type: TypeRef;
  readonly #tokens: readonly Token[];
  readonly #variables = new Map<string, TypeRef | undefined>();
  #next = 0;

  constructor(metadata: Metadata, type: string, tokens: readonly Token[]) {
    this.#metadata = metadata;
    this.#type = { name: type, collection: false };
    this.#tokens = tokens;
  }

  parse(): void {
    this.#disjunction();
    const left = this.#peek();
    if (left !== undefined) throw new FilterSyntaxError(`${left.text} is unexpected`);
  }

  #disjunction(): void {
    do this.#conjunction();
    while (this.#take("or"));
  }

  #conjunction(): void {
    do this.#negation();
    while (this.#take("and"));
  }

  #negation(): void {
    if (this.#take("not")) return this.#negation();
    if (this.#take("(")) {
      this.#disjunction();
      return this.#expect(")");
    }
    this.#comparison();
  }

  #comparison(): void {
    const left = this.#operand();
    const operator = this.#peek()?.text ?? "";
    if (this.#take("in")) return this.#membership(left);
    if (comparisons.some((name) => this.#take(name))) return this.#compare(left, this.#operand());
    if (left.kind === "condition") return;
    if (left.kind === "property" && (left.type === undefined || left.type.name === "Edm.Boolean")) return;
    if (/^[a-z]+$/i.test(operator) && !["and", "or"].includes(operator))
      throw new FilterSyntaxError(`${operator} is not an operator${didYouMean(operator, comparisons)}`);
    throw new FilterSyntaxError(`${described(left)} is not a condition by itself`);
  }

  #membership(left: Operand): void {
    this.#expect("(");
    do this.#compare(left, this.#operand());
    while (this.#take(","));
    this.#expect(")");
  }

  #compare(left: Operand, right: Operand): void {
    const property = left.kind === "property" ? left : right.kind === "property" ? right : undefined;
    const literal = left.kind === "literal" ? left : right.kind === "literal" ? right : undefined;
    if (property?.type === undefined || literal === undefined) return;
    const problem = comparisonProblem(this.#metadata, property.type, literal.token);
    if (problem !== undefined) this.problems.push(`${property.path} ${problem}`);
  }

  #operand(): Operand {
    const token = this.#peek();
    if (token === undefined) throw new FilterSyntaxError("it ends too early");
    if (token.kind === "punctuation") throw new FilterSyntaxError(`${token.text} is unexpected`);
    this.#next += 1;
    if (token.kind !== "name" || ["true", "false", "null"].includes(token.text))
      return { kind: "literal", token };
    return this.#peek()?.text === "(" ? this.#call(token.text) : this.#path(token.text);
  }

  #call(name: string): Operand {
    const result = functions[name.toLowerCase()];
    if (result === undefined)
      throw new FilterSyntaxError(`${name} is not a function${didYouMean(name, Object.keys(functions))}`);
    this.#expect("(");
    const operands: Operand[] = [];
    if (!this.#take(")")) {
      do operands.push(this.#operand());
      while (this.#take(","));
      this.#expect(")");
    }
    // These compare text with text, as eq does.
    const [left, right] = operands;
    if (result === "condition") {
      if (left === undefined || right === undefined || operands.length !== 2)
        throw new FilterSyntaxError(`${name} takes two arguments`);
      this.#compare(left, right);
    }
    return result === "condition" ? { kind: "condition" } : { kind: "computed" };
  }

  #path(first: string): Operand {
    const isVariable = this.#variables.has(first);
    if (!isVariable && first !== "$it") this.properties.push(first);
    let path = first;
    let type = isVariable ? this.#variables.get(first) : this.#follow(this.#type, first);
    while (this.#take("/")) {
      const name = this.#peek();
      if (name?.kind !== "name") throw new FilterSyntaxError(`${path}/ is followed by no name`);
      this.#next += 1;
      if (name.text === "any" || name.text === "all") return this.#lambda(path, type);
      if (name.text === "$count") return { kind: "computed" };
      if (type?.collection === true && !name.text.includes("."))
        throw new FilterSyntaxError(`${path} is a collection: use any(x:x/${name.text} …)`);
      type = this.#follow(type, name.text);
      path += `/${name.text}`;
    }
    return { kind: "property", path, type };
  }

  #follow(type: TypeRef | undefined, name: string): TypeRef | undefined {
    if (type === undefined) return undefined;
    const found = followName(this.#metadata, type.name, { name, derived: "refused" });
    if (found.kind === "wrong") throw new FilterSyntaxError(found.why);
    return found.type === undefined ? undefined : { ...found.type };
  }

  #lambda(path: string, type: TypeRef | undefined): Operand {
    if (type !== undefined && !type.collection)
      throw new FilterSyntaxError(`${path} is not a collection: any and all do not apply`);
    this.#expect("(");
    if (this.#take(")")) return { kind: "condition" };
    const variable = this.#peek();
    if (variable?.kind !== "name") throw new FilterSyntaxError(`${path}: a name and a colon must follow "("`);
    this.#next += 1;
    this.#expect(":");
    this.#variables.set(
      variable.text,
      type === undefined ? undefined : { name: type.name, collection: false },
    );
    this.#disjunction();
    this.#variables.delete(variable.text);
    this.#expect(")");
    return { kind: "condition" };
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(text: string): boolean {
    const token = this.#peek();
    if (token?.text !== text || token.kind === "string") return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): void {
    const found = this.#peek()?.text ?? "the end";
    if (!this.#take(text)) throw new FilterSyntaxError(`${text} is missing before ${found}`);
  }
}

function described(operand: Operand): string {
  switch (operand.kind) {
    case "property":
      return operand.path;
    case "literal":
      return operand.token.text;
    case "condition":
    case "computed":
      break;
  }
  return "a function's result";
}
