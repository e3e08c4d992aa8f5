import { shown } from "./check-value.ts";
import { isRelated, type Metadata, type Navigation } from "./metadata.ts";
import { resolvePath } from "./resolve-path.ts";

/** Why a URL (`@odata.id`, `…@odata.bind`) does not refer to an object of the type, or undefined. */
export function referenceProblem(
  metadata: Metadata,
  type: string,
  { at, url }: { readonly at: string; readonly url: unknown },
): string | undefined {
  if (typeof url !== "string" || !URL.canParse(url))
    return `${at} must be an absolute URL, not ${shown(url)}`;
  const path = /^\/v1\.0(\/.*)$/.exec(new URL(url).pathname)?.[1];
  if (path === undefined) return `${at} must lie under /v1.0, not ${shown(url)}`;
  const resolved = resolvePath(metadata, path);
  if (resolved.kind === "missing") return `${at}: ${resolved.problem}`;
  const { target } = resolved;
  if (target.kind !== "entity") return `${at} must address one object, not ${resolved.template}`;
  return isRelated(metadata, target.type, type)
    ? undefined
    : `${at} addresses a ${target.type}, not a ${type}`;
}

// Graph takes at most 20 references in one PATCH. https://learn.microsoft.com/graph/api/group-post-members
const maxBindings = 20;

/** What is wrong with the value of `…@odata.bind`: one URL, or a list of them. */
export function bindingProblems(
  metadata: Metadata,
  navigation: Navigation,
  { at, value }: { readonly at: string; readonly value: unknown },
): readonly string[] {
  const type = navigation.type.name;
  if (!navigation.type.collection) {
    const problem = referenceProblem(metadata, type, { at, url: value });
    return problem === undefined ? [] : [problem];
  }
  if (!Array.isArray(value)) return [`${at} must be a list of URLs, not ${shown(value)}`];
  return [
    ...(value.length > maxBindings ? [`${at} holds ${value.length} URLs; Graph takes ${maxBindings}`] : []),
    ...value.flatMap((url: unknown, index) => {
      const problem = referenceProblem(metadata, type, { at: `${at}[${index}]`, url });
      return problem === undefined ? [] : [problem];
    }),
  ];
}
