import { z } from "zod";
import { documentedFor } from "./documented-permissions.ts";
import { callKeys, exactKey } from "./call-key.ts";

/** Microsoft's permission table, for application permissions: the grants of every call. */
export type PermissionTable = {
  readonly grants: ReadonlyMap<string /* call key */, readonly Grant[]>;
  /** Calls that a permission opens, by permission. */
  readonly breadth: ReadonlyMap<string, number>;
};

type Grant = {
  readonly permission: string;
  readonly least: boolean;
  /** Microsoft's own rating of the permission, from 1 (harmless) upwards. */
  readonly level: number;
  /** One of these is needed as well; empty when the permission suffices. */
  readonly alsoRequires: readonly string[];
};

/**
 * What a call needs.
 *
 * `least`: the permissions marked least in the table; all of them together. `accepted`: the table marks none as least for
 * applications; any one suffices. `documented`: from a documentation page named in `source`; all together.
 */
export type PermissionAnswer =
  | { readonly kind: "least" | "accepted"; readonly permissions: readonly string[] }
  | { readonly kind: "documented"; readonly permissions: readonly string[]; readonly source: string }
  | { readonly kind: "unknown" };

/** `path` is a template or a real path; `properties` are the names that the call reads or writes, where known. */
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly properties?: readonly string[];
};

/** The least privileged application permission for a call. */
export function leastApplicationPermission(table: PermissionTable, call: Call): PermissionAnswer {
  for (const key of callKeys(call)) {
    const grants = table.grants.get(key);
    const documented = documentedFor(key, call.properties, grants === undefined ? "no row" : "row");
    if (documented !== undefined) return { kind: "documented", ...documented };
    if (grants !== undefined) return fromTable(table, grants);
  }
  return { kind: "unknown" };
}

function fromTable(table: PermissionTable, grants: readonly Grant[]): PermissionAnswer {
  const least = narrowest(table, grants);
  return least === undefined
    ? { kind: "accepted", permissions: sufficient(grants) }
    : { kind: "least", permissions: least };
}

/** Every application permission that the table accepts for a call by itself, in alphabetical order. */
export function acceptedApplicationPermissions(table: PermissionTable, call: Call): readonly string[] {
  for (const key of callKeys(call)) {
    const grants = table.grants.get(key);
    if (grants !== undefined) return sufficient(grants);
  }
  return [];
}

/** True when the table knows the permission as one that applications can hold. */
export function isApplicationPermission(table: PermissionTable, permission: string): boolean {
  return table.breadth.has(permission);
}

function sufficient(grants: readonly Grant[]): readonly string[] {
  const alone = grants.filter((grant) => grant.alsoRequires.length === 0).map((grant) => grant.permission);
  return [...new Set(alone)].toSorted();
}

/**
 * The table marks several permissions as least for some calls, because it states one mark for a set of calls
 * (`User.ReadWrite.All` for reading a user, say). The lowest rated wins, then one that cannot write, then the one that
 * opens the fewest other calls.
 */
function narrowest(table: PermissionTable, grants: readonly Grant[]): readonly string[] | undefined {
  const least = grants.filter((grant) => grant.least);
  const [best] = least.toSorted(
    (a, b) =>
      a.level - b.level ||
      Number(a.permission.includes("Write")) - Number(b.permission.includes("Write")) ||
      (table.breadth.get(a.permission) ?? 0) - (table.breadth.get(b.permission) ?? 0) ||
      a.permission.localeCompare(b.permission),
  );
  if (best === undefined) return undefined;
  const [first] = best.alsoRequires;
  if (first === undefined) return [best.permission];
  const marked = best.alsoRequires.find((name) => least.some((grant) => grant.permission === name));
  return [best.permission, marked ?? first].toSorted();
}

const file = z.object({
  permissions: z.record(
    z.string(),
    z.object({
      schemes: z.partialRecord(z.string(), z.object({ privilegeLevel: z.number().optional() })),
      pathSets: z.array(
        z.object({
          schemeKeys: z.array(z.string()),
          methods: z.array(z.string()),
          paths: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ),
});

// A permission without a rating is taken for the strongest.
const strongestLevel = Number.POSITIVE_INFINITY;

/** Reads `permissions.json` of microsoft-graph-devx-content; delegated permissions are left out. */
export function parsePermissions(json: string): PermissionTable {
  const grants = new Map<string, Grant[]>();
  const breadth = new Map<string, number>();
  for (const [permission, { schemes, pathSets }] of Object.entries(
    file.parse(JSON.parse(json)).permissions,
  )) {
    const level = schemes["Application"]?.privilegeLevel ?? strongestLevel;
    for (const set of pathSets.filter(({ schemeKeys }) => schemeKeys.includes("Application"))) {
      for (const [path, marks] of Object.entries(set.paths)) {
        const grant: Grant = { permission, level, ...parseMarks(marks) };
        for (const method of set.methods) {
          const key = exactKey({ method, path });
          grants.set(key, [...(grants.get(key) ?? []), grant]);
          breadth.set(permission, (breadth.get(permission) ?? 0) + 1);
        }
      }
    }
  }
  return { grants, breadth };
}

/** `least=DelegatedWork,Application;AlsoRequires=A,B`: both parts may be missing. */
function parseMarks(marks: string): Pick<Grant, "least" | "alsoRequires"> {
  const values = (name: string) =>
    marks
      .split(";")
      .filter((mark) => mark.toLowerCase().startsWith(`${name}=`))
      .flatMap((mark) => mark.slice(name.length + 1).split(","))
      .map((value) => value.trim());
  return { least: values("least").includes("Application"), alsoRequires: values("alsorequires") };
}
