/**
 * The keys under which the permission table may hold a call, best first.
 *
 * The table spells paths in mixed case and with many placeholder names. It leaves out `/$ref` when a reference is
 * deleted, and usually casts and `$count`, so the path is tried without them, too.
 */
export function* callKeys({
  method,
  path,
}: {
  readonly method: string;
  readonly path: string;
}): Iterable<string> {
  const sent = segmentsOf(path);
  const short = sent.map((segment) => (isQualified(segment) ? lastName(segment) : segment));
  const plain = sent.filter((segment) => !isQualified(segment) && segment !== "$count");
  const variants = [sent, short, plain];
  if (method === "DELETE" && sent.at(-1) === "$ref") variants.push(sent.slice(0, -1), plain.slice(0, -1));
  for (const segments of variants)
    for (const candidate of isTemplate(path) ? [segments] : withIds(segments))
      yield `${method} /${candidate.join("/")}`;
}

/** The key of a call whose path is a template, as the table writes it. */
export function exactKey({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} /${segmentsOf(path).join("/")}`;
}

function segmentsOf(path: string): readonly string[] {
  return path.toLowerCase().split("/").slice(1).map(placeholders);
}

/** Every reading of a real path in which ids are placeholders, literal ones first. An id never follows an id. */
function* withIds(segments: readonly string[], index = 1): Iterable<readonly string[]> {
  const segment = segments[index];
  if (segment === undefined) {
    yield segments;
    return;
  }
  yield* withIds(segments, index + 1);
  if (segments[index - 1] !== "{id}" && !segment.startsWith("$") && !isQualified(segment))
    yield* withIds(segments.with(index, "{id}"), index + 1);
}

function isTemplate(path: string): boolean {
  return path.includes("{");
}

function isQualified(segment: string): boolean {
  return segment.startsWith("microsoft.graph.");
}

function lastName(segment: string): string {
  return segment.slice(segment.lastIndexOf(".") + 1);
}

/** `{user-id}` is `{id}`; `(appId='x')` is `(appid={value})`. */
function placeholders(segment: string): string {
  const call = /^([^({]+)\((.*)\)$/.exec(segment);
  if (call !== null)
    return `${call[1] ?? ""}(${(call[2] ?? "").replace(/=[^,]*/g, "={value}").replaceAll(" ", "")})`;
  return /^\{.*\}$/.test(segment) ? "{id}" : segment;
}
