import { explainIssue } from "./explain-issue.ts";
import { policyFileSchema } from "./policy-schema.ts";
import type { Policy } from "./policy.ts";
import { formatPath, type Finding, type PolicyProblem } from "./problem.ts";
import { readYaml, type PlacedFinding } from "./read-yaml.ts";
import { resolvePolicy } from "./resolve-policy.ts";
import { breachesOf } from "./rules.ts";

export type ParsedPolicy =
  | { readonly kind: "ok"; readonly policy: Policy }
  | { readonly kind: "invalid"; readonly problems: readonly PolicyProblem[] };

const mostBytes = 1_000_000;

/**
 * Reads a policy file, or says everything that is wrong with it, in the order of its lines. Only where the YAML itself
 * cannot be read are the mistakes in what it says left for the next time. `file` is for messages; never throws.
 */
export function parsePolicy(text: string, file: string): ParsedPolicy {
  const bytes = new TextEncoder().encode(text).byteLength;
  if (bytes > mostBytes) return invalid([aboutTheFile(`${file} has ${bytes} bytes`, sizeHint)]);
  const yaml = readYaml(text.replace(/^\uFEFF/, ""));
  if (yaml.kind === "unreadable") return invalid(yaml.findings);
  if (yaml.value === null) return invalid([aboutTheFile(`${file} is empty`, emptyHint)]);

  const parsed = policyFileSchema.safeParse(yaml.value, { reportInput: true });
  const issues = parsed.success ? [] : parsed.error.issues.flatMap(explainIssue);
  const findings = withoutExplained([...issues, ...breachesOf(yaml.value)]);
  const placed = findings.map((finding) => ({ ...finding, ...yaml.locate(finding.path) }));
  const all = [...yaml.findings, ...placed];
  return parsed.success && all.length === 0
    ? { kind: "ok", policy: resolvePolicy(parsed.data) }
    : invalid(all);
}

/** One line for each problem: `policy.yaml:12:5  targets.contoso.mode: "ful" is not a mode; did you mean "full"?` */
export function formatProblems(file: string, problems: readonly PolicyProblem[]): string {
  return problems
    .map(({ line, column, path, message, hint }) => {
      const where = `${file}:${line}:${column}  ${path === "" ? "" : `${path}: `}`;
      return `${where}${message}${hint === undefined ? "" : `; ${hint}`}`;
    })
    .join("\n");
}

const sizeHint = `a policy has at most ${mostBytes}; move grants that targets share into profiles`;
const emptyHint = "start from policy.example.yaml";

function aboutTheFile(message: string, hint: string): PlacedFinding {
  return { kind: "wrong", path: [], message, hint, line: 1, column: 1 };
}

const anyKey = "*";

/** A misspelt key is one mistake, not two: the key it stands for is not reported missing as well. */
function withoutExplained(findings: readonly Finding[]): readonly Finding[] {
  const explained = new Set<string>();
  for (const { kind, path, meant } of findings) {
    const parent = path.slice(0, -1);
    if (kind === "later") explained.add(formatPath([...parent, anyKey]));
    if (kind === "unknown" && meant !== undefined) explained.add(formatPath([...parent, meant]));
  }
  return findings.filter(({ kind, path, lacks }) => {
    if (kind !== "missing") return true;
    const missing = lacks?.map((key) => [...path, key]) ?? [path];
    const excuses = missing.flatMap((key) => [key, [...key.slice(0, -1), anyKey]]);
    return !excuses.some((excuse) => explained.has(formatPath(excuse)));
  });
}

function invalid(findings: readonly PlacedFinding[]): ParsedPolicy {
  return { kind: "invalid", problems: once(findings).toSorted(byPosition).map(toProblem) };
}

/** A mistake behind an alias is found once for each use of the alias, but made once. */
function once(findings: readonly PlacedFinding[]): readonly PlacedFinding[] {
  const byPlace = new Map<string, PlacedFinding>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.line, finding.column, finding.path.at(-1), finding.message]);
    if (!byPlace.has(key)) byPlace.set(key, finding);
  }
  return [...byPlace.values()];
}

function byPosition(left: PlacedFinding, right: PlacedFinding): number {
  return left.line - right.line || left.column - right.column || (left.message < right.message ? -1 : 1);
}

function toProblem({ line, column, path, message, hint }: PlacedFinding): PolicyProblem {
  return { line, column, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) };
}
