import type { Path } from "./problem.ts";

export type Picked = { readonly path: Path; readonly value: unknown };

/**
 * Every place that a pattern such as `targets.*.sync.job` leads to, with `[]` for the items of a list; none where the
 * file has another shape. Rules look at the file this way so that they can judge the sound parts of one that is broken
 * elsewhere.
 */
export function pick(value: unknown, pattern: string): readonly Picked[] {
  let picked: readonly Picked[] = [{ path: [], value }];
  for (const key of pattern.split(".")) picked = picked.flatMap((from) => step(from, key));
  return picked;
}

/** As {@link pick}, but only what is text. */
export function pickText(
  value: unknown,
  pattern: string,
): readonly { readonly path: Path; readonly value: string }[] {
  return pick(value, pattern).flatMap(({ path, value }) =>
    typeof value === "string" ? [{ path, value }] : [],
  );
}

/** A map of the file, or undefined for text, numbers, lists and nothing. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  // A cast because TypeScript has no narrowing from object to "object with any keys".
  return isMap ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function step({ path, value }: Picked, key: string): Picked[] {
  if (key === "[]")
    return Array.isArray(value) ? value.map((child, at) => ({ path: [...path, at], value: child })) : [];
  const map = asMap(value);
  if (map === undefined) return [];
  if (key === "*")
    return Object.entries(map).map(([name, child]) => ({ path: [...path, name], value: child }));
  return Object.hasOwn(map, key) ? [{ path: [...path, key], value: map[key] }] : [];
}
