/** A route template of ASP.NET, as far as Functions apps use it: literals, parameters, constraints, catch-all. */
export type RouteTemplate = {
  readonly text: string;
  /** Per segment, smaller wins: literal 1, constrained or mixed 2, parameter 3, catch-all 4 or 5. */
  readonly precedence: readonly number[];
  /** Values of the parameters when the (decoded) path segments fit, else undefined. An absent optional one is missing. */
  match(segments: readonly string[]): Readonly<Record<string, string>> | undefined;
};

type Parameter = {
  readonly kind: "parameter";
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly fallback: string | undefined;
  readonly constraints: readonly ((value: string) => boolean)[];
};
type Part = Parameter | { readonly kind: "literal"; readonly text: string };
type Segment = readonly Part[];

/** Throws an error that says which part of the template is not understood. */
export function parseRoute(text: string): RouteTemplate {
  const segments = splitSegments(text).map((segment) => parseSegment(segment, text));
  segments.forEach((segment, index) => {
    if (segment.some(isCatchAll) && (segment.length > 1 || index < segments.length - 1)) {
      throw new Error(`the route "${text}" has a catch-all parameter that is not its last segment`);
    }
  });
  return { text, precedence: segments.map(precedenceOf), match: (path) => matchSegments(segments, path) };
}

/** For sorting: the more specific template comes first. */
export function compareRoutes(a: RouteTemplate, b: RouteTemplate): number {
  const length = Math.max(a.precedence.length, b.precedence.length);
  for (let index = 0; index < length; index++) {
    const difference = (a.precedence[index] ?? 0) - (b.precedence[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

// A constraint may hold a slash, so slashes count outside braces only.
function splitSegments(text: string): string[] {
  return text === "" ? [] : text.split(/\/(?![^{]*\})/).filter((segment) => segment !== "");
}

function parseSegment(segment: string, route: string): Segment {
  const parts = segment.split(/(\{(?:[^{}]|\{\{|\}\})*\})/).filter((part) => part !== "");
  return parts.map((part): Part => {
    if (part.startsWith("{") && part.endsWith("}"))
      return parseParameter(part.slice(1, -1).replaceAll("{{", "{").replaceAll("}}", "}"), route);
    if (/[{}]/.test(part)) throw new Error(`the route "${route}" has an unmatched brace in "${part}"`);
    return { kind: "literal", text: part };
  });
}

function parseParameter(text: string, route: string): Parameter {
  const match = /^(\*{0,2})([a-z_]\w*)((?::[a-z]+(?:\(.*\))?)*)(?:=(.*?))?(\?)?$/i.exec(text);
  if (match === null)
    throw new Error(`the route "${route}" has the parameter "{${text}}", which is not understood`);
  const [, stars = "", name = "", constraints = "", fallback, question] = match;
  return {
    kind: "parameter",
    name,
    catchAll: stars !== "",
    optional: question !== undefined,
    fallback,
    constraints: [...constraints.matchAll(/:([a-z]+)(?:\((.*?)\)(?=:|$))?/gi)].map(
      ([, kind = "", argument]) => constraint(kind.toLowerCase(), argument, route),
    ),
  };
}

function constraint(kind: string, argument: string | undefined, route: string): (value: string) => boolean {
  const integer = (value: string, bits: number) =>
    /^[+-]?\d+$/.test(value) &&
    BigInt.asIntN(bits, BigInt(value.replace("+", ""))) === BigInt(value.replace("+", ""));
  switch (kind) {
    case "int":
      return (value) => integer(value, 32);
    case "long":
      return (value) => integer(value, 64);
    case "bool":
      return (value) => /^(true|false)$/i.test(value);
    case "guid":
      return (value) => /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value);
    case "alpha":
      return (value) => /^[a-z]*$/i.test(value);
    case "minlength":
      return (value) => value.length >= Number(argument);
    case "maxlength":
      return (value) => value.length <= Number(argument);
    case "regex":
      return (value) => new RegExp(argument ?? "", "i").test(value);
    default:
      throw new Error(
        `the route "${route}" uses the constraint ":${kind}", which the lab's host does not know`,
      );
  }
}

function isCatchAll(part: Part): boolean {
  return part.kind === "parameter" && part.catchAll;
}

function precedenceOf(segment: Segment): number {
  const [first] = segment;
  if (segment.length > 1) return 2;
  if (first === undefined || first.kind === "literal") return 1;
  if (first.catchAll) return first.constraints.length > 0 ? 4 : 5;
  return first.constraints.length > 0 ? 2 : 3;
}

function matchSegments(
  segments: readonly Segment[],
  path: readonly string[],
): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const [first] = segment;
    const given =
      first !== undefined && isCatchAll(first) ? path.slice(index).join("/") : (path[index] ?? "");
    const found = given === "" ? absentSegment(segment) : matchSegment(segment, given);
    if (found === undefined) return undefined;
    Object.assign(values, found);
  }
  const open = segments.at(-1)?.some(isCatchAll) ?? false;
  return open || path.length <= segments.length ? values : undefined;
}

function absentSegment(segment: Segment): Record<string, string> | undefined {
  const [part] = segment;
  if (segment.length !== 1 || part?.kind !== "parameter") return undefined;
  if (part.fallback !== undefined) return { [part.name]: part.fallback };
  return part.optional || part.catchAll ? {} : undefined;
}

function matchSegment(segment: Segment, given: string): Record<string, string> | undefined {
  const pattern = segment.map((part) => (part.kind === "literal" ? escaped(part.text) : "(.+)")).join("");
  const match = new RegExp(`^${pattern}$`, "is").exec(given);
  if (match === null) return undefined;
  const parameters = segment.filter((part) => part.kind === "parameter");
  const fits = parameters.every((part, index) =>
    part.constraints.every((accepts) => accepts(match[index + 1] ?? "")),
  );
  return fits
    ? Object.fromEntries(parameters.map((part, index) => [part.name, match[index + 1] ?? ""]))
    : undefined;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]|/-]/g, "\\$&");
}
