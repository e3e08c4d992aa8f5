import { parseFilter, type Expression, type Operand } from "./filter-parser.ts";

/** A `$filter`, ready to test items. */
export type Filter = {
  /** `read` gives the value at a path such as `sourceIdentity/id`. */
  matches(read: (path: string) => unknown): boolean;
  /** Paths it reads, for checking that they exist. */
  readonly paths: readonly string[];
  /** The first operator Graph supports as an advanced query only. */
  readonly advanced: string | undefined;
};

/** Throws a `SyntaxError` in plain words when the text is not a filter. */
export function compileFilter(text: string): Filter {
  const expression = parseFilter(text);
  const paths = new Set<string>();
  collectPaths(expression, paths);
  return {
    matches: (read) => evaluate(expression, read),
    paths: [...paths],
    advanced: advancedOperator(expression),
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

function collectPaths(expression: Expression, paths: Set<string>): void {
  const operands = (...list: readonly Operand[]) => {
    for (const operand of list) if (operand.kind === "path") paths.add(operand.path);
  };
  switch (expression.kind) {
    case "and":
    case "or":
      collectPaths(expression.left, paths);
      return collectPaths(expression.right, paths);
    case "not":
      return collectPaths(expression.inner, paths);
    case "compare":
    case "call":
      return operands(expression.left, expression.right);
    case "in":
      return operands(expression.left);
    case "any":
      paths.add(expression.path);
  }
}

/** See learn.microsoft.com/graph/aad-advanced-queries: these need ConsistencyLevel and $count. */
function advancedOperator(expression: Expression): string | undefined {
  switch (expression.kind) {
    case "and":
    case "or":
      return advancedOperator(expression.left) ?? advancedOperator(expression.right);
    case "not":
      return "Not";
    case "compare":
      return expression.operator === "ne" ? "NotEquals" : undefined;
    case "call":
      return { startswith: undefined, endswith: "EndsWith", contains: "Contains" }[expression.name];
    case "any":
      return expression.inner === undefined ? undefined : advancedOperator(expression.inner);
    case "in":
      return undefined;
    default:
      return expression satisfies never;
  }
}
