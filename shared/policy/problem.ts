/** One mistake in a policy file. `line` and `column` count from 1; `path` is empty when the whole file is meant. */
export type PolicyProblem = {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
};

/** The keys and list positions that lead to a value, from the top of the file. */
export type Path = readonly (string | number)[];

/**
 * A mistake before it has a line number. An `unknown` key explains why the key it `meant` is missing; a `later` key,
 * known to the design but not to this version, explains every missing key beside it.
 */
export type Finding = {
  readonly kind: "wrong" | "missing" | "unknown" | "later";
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly meant?: string | undefined;
  /** When any one of several keys would do, those keys; `path` is then where they could stand. */
  readonly lacks?: readonly string[] | undefined;
};

/** `targets["contoso.com"].grants.reader.groups[0]` */
export function formatPath(path: Path): string {
  return path.map(formatSegment).join("").replace(/^\./, "");
}

function formatSegment(segment: string | number): string {
  if (typeof segment === "number") return `[${segment}]`;
  return /^[\w-]+$/.test(segment) ? `.${segment}` : `[${show(segment)}]`;
}

const longestShown = 60;

/** A value as a message quotes it: short, on one line. */
export function show(value: unknown): string {
  const json = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return json.length <= longestShown ? json : `${json.slice(0, longestShown - 1)}…`;
}

/** "a, b or c" */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
