import { parseFilter, type Expression, type Operand } from "./filter-parser.ts";

/** A `$filter`, ready to test items. */
export type Filter = {
  /** `read` gives the value at a path such as `sourceIdentity/id`. */
  matches(read: (path: string) => unknown): boolean;
  /** Paths it reads, for checking that they exist. */
  readonly paths: readonly string[];
  /** Every comparison in it, for checking that Graph makes it. */
  readonly clauses: readonly Clause[];
  /** The most alternatives that one `or` or `in` in it has. */
  readonly alternatives: number;
};

export type Clause = {
  /** `x/any`, or `x/any/y`, inside a lambda over `x`. */
  readonly path: string;
  readonly operator: Operator;
  readonly value: string | number | boolean | null;
};

type Operator =
  | Extract<Expression, { kind: "compare" }>["operator"]
  | Extract<Expression, { kind: "call" }>["name"]
  | "in"
  | "not"
  | "any";

/** Throws a `SyntaxError` in plain words when the text is not a filter. */
export function compileFilter(text: string): Filter {
  const expression = parseFilter(text);
  const clauses = clausesOf(expression, (path) => path);
  return {
    matches: (read) => evaluate(expression, read),
    paths: [...new Set(clauses.map(({ path }) => path.replace(/\/any(\/.*)?$/, "")))],
    clauses,
    alternatives: mostAlternatives(expression),
  };
}

function evaluate(expression: Expression, read: (path: string) => unknown): boolean {
  switch (expression.kind) {
    case "and":
      return evaluate(expression.left, read) && evaluate(expression.right, read);
    case "or":
      return evaluate(expression.left, read) || evaluate(expression.right, read);
    case "not":
      return !evaluate(expression.inner, read);
    case "compare":
      return compare(expression.operator, valueOf(expression.left, read), valueOf(expression.right, read));
    case "in":
      return expression.values.some((value) => isEqual(valueOf(expression.left, read), valueOf(value, read)));
    case "call":
      return textual(expression.name, valueOf(expression.left, read), valueOf(expression.right, read));
    case "any":
      return anyItem(expression, read);
    default:
      return expression satisfies never;
  }
}

function anyItem(expression: Extract<Expression, { kind: "any" }>, read: (path: string) => unknown): boolean {
  const items = read(expression.path);
  if (!Array.isArray(items)) return false;
  const { variable, inner } = expression;
  if (inner === undefined) return items.length > 0;
  return items.some((item: unknown) =>
    evaluate(inner, (path) => {
      if (path === variable) return item;
      return path.startsWith(`${variable}/`) ? valueAt(item, path.slice(variable.length + 1)) : read(path);
    }),
  );
}

function valueOf(operand: Operand, read: (path: string) => unknown): unknown {
  if (operand.kind === "literal") return operand.value;
  const value = read(operand.path);
  return operand.lower && typeof value === "string" ? value.toLowerCase() : value;
}

/** The value at `a/b/c` inside an object. */
export function valueAt(item: unknown, path: string): unknown {
  let value = item;
  for (const name of path.split("/")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function compare(operator: "eq" | "ne" | "gt" | "ge" | "lt" | "le", left: unknown, right: unknown): boolean {
  if (operator === "eq") return isEqual(left, right);
  if (operator === "ne") return !isEqual(left, right);
  if (left === null || left === undefined || right === null || right === undefined) return false;
  const order = orderOf(left, right);
  switch (operator) {
    case "gt":
      return order > 0;
    case "ge":
      return order >= 0;
    case "lt":
      return order < 0;
    case "le":
      return order <= 0;
    default:
      return operator satisfies never;
  }
}

// The directory compares strings without case; dates arrive as unquoted words.
function isEqual(left: unknown, right: unknown): boolean {
  const [a, b] = [left ?? null, right ?? null];
  if (typeof a === "string" && typeof b === "string") {
    return a.toLowerCase() === b.toLowerCase() || (isDate(a) && isDate(b) && Date.parse(a) === Date.parse(b));
  }
  return a === b;
}

function orderOf(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const [a, b] = [String(left), String(right)];
  if (isDate(a) && isDate(b)) return Date.parse(a) - Date.parse(b);
  return a.toLowerCase().localeCompare(b.toLowerCase());
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}/.test(text);
}

function textual(name: "startswith" | "endswith" | "contains", left: unknown, right: unknown): boolean {
  if (typeof left !== "string" || typeof right !== "string") return false;
  const [text, part] = [left.toLowerCase(), right.toLowerCase()];
  if (name === "startswith") return text.startsWith(part);
  return name === "endswith" ? text.endsWith(part) : text.includes(part);
}

/** `named` turns a path inside a lambda into the path of its collection. */
function clausesOf(expression: Expression, named: (path: string) => string): readonly Clause[] {
  switch (expression.kind) {
    case "and":
    case "or":
      return [...clausesOf(expression.left, named), ...clausesOf(expression.right, named)];
    case "not":
      return clausesOf(expression.inner, named).flatMap((clause) => [
        clause,
        { ...clause, operator: "not" as const },
      ]);
    case "compare":
    case "call": {
      const operator = expression.kind === "call" ? expression.name : expression.operator;
      const value = literalIn(expression.left, expression.right);
      return pathsIn(expression.left, expression.right).map((path) => ({
        path: named(path),
        operator,
        value,
      }));
    }
    case "in":
      return pathsIn(expression.left).map((path) => ({
        path: named(path),
        operator: "in",
        value: longest(expression.values),
      }));
    case "any": {
      const { path, variable, inner } = expression;
      const inside = (name: string) =>
        name === variable || name.startsWith(`${variable}/`)
          ? `${path}/any${name.slice(variable.length)}`
          : named(name);
      if (inner === undefined) return [{ path: `${path}/any`, operator: "any", value: null }];
      return clausesOf(inner, inside);
    }
    default:
      return expression satisfies never;
  }
}

const pathsIn = (...operands: readonly Operand[]) =>
  operands.flatMap((operand) => (operand.kind === "path" ? [operand.path] : []));

function literalIn(...operands: readonly Operand[]): Clause["value"] {
  for (const operand of operands) if (operand.kind === "literal") return operand.value;
  return "";
}

const longest = (operands: readonly Operand[]) =>
  operands.map((operand) => String(literalIn(operand))).toSorted((a, b) => b.length - a.length)[0] ?? "";

function mostAlternatives(expression: Expression): number {
  switch (expression.kind) {
    case "or":
    case "and": {
      const inside = [mostAlternatives(expression.left), mostAlternatives(expression.right)];
      return Math.max(alternativesOf(expression), ...inside);
    }
    case "not":
      return mostAlternatives(expression.inner);
    case "any":
      return expression.inner === undefined ? 1 : mostAlternatives(expression.inner);
    case "in":
    case "compare":
    case "call":
      return alternativesOf(expression);
    default:
      return expression satisfies never;
  }
}

/** `a or b or c` is one choice of three, and each value of an `in` is one more. */
function alternativesOf(expression: Expression): number {
  if (expression.kind === "or") return alternativesOf(expression.left) + alternativesOf(expression.right);
  return expression.kind === "in" ? expression.values.length : 1;
}
