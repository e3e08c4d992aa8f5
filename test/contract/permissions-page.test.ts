import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { consent } from "../../lab/consent.ts";
import { graphData, graphDataNotice } from "./data.ts";
import {
  acceptedApplicationPermissions,
  isApplicationPermission,
  leastApplicationPermission,
} from "./permissions.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/graph-permissions.md"), "utf8");
const data = graphData();

type Row = {
  readonly method: string;
  readonly path: string;
  /** Properties that the call reads or writes, where the permission depends on them. */
  readonly properties: readonly string[];
  readonly least: readonly string[];
  readonly evidence: string;
  readonly source: readonly string[];
  readonly target: readonly string[];
};

const rows = tableUnder("## Calls").map(
  ([call = "", , least = "", evidence = "", source = "", target = ""]): Row => {
    const [first = "", ...properties] = code(call);
    const [method = "", path = ""] = first.split(" ");
    return {
      method,
      path,
      properties,
      least: code(least),
      evidence,
      source: code(source),
      target: code(target),
    };
  },
);

/** Which part of Muster makes a call: who does not use it does not consent to it. */
function featureOf({ path }: Row): "pim" | "packages" | "app roles" | "reviews" | "basis" {
  if (path.includes("/privilegedAccess/")) return "pim";
  if (path.includes("/appRoleAssign") || path === "/servicePrincipals/{id}") return "app roles";
  if (path.includes("/accessReviews/")) return "reviews";
  return path.includes("/entitlementManagement/") ? "packages" : "basis";
}

const tierZero = [
  "AppRoleAssignment.ReadWrite.All",
  "RoleManagement.ReadWrite.Directory",
  "Policy.ReadWrite.CrossTenantAccess",
  "Directory.ReadWrite.All",
];

describe("docs/graph-permissions.md", () => {
  test("lists every call once", () => {
    const calls = rows.map(({ method, path, properties }) => [method, path, ...properties].join(" "));
    expect(calls.length).toBeGreaterThan(20);
    expect(new Set(calls).size).toBe(calls.length);
  });

  test.each([
    [
      "**In the source tenant**",
      rows.filter((row) => featureOf(row) === "basis").flatMap(({ source }) => source),
    ],
    [
      "**In the source, where the scope of a synchronization is an `appRole`, besides**",
      rows.filter((row) => featureOf(row) === "app roles").flatMap(({ source }) => source),
    ],
    [
      "**In the source, where the scope of a synchronization is an `accessPackage`, besides**",
      rows.filter((row) => featureOf(row) === "packages").flatMap(({ source }) => source),
    ],
    [
      "**In every target tenant**",
      rows.filter((row) => featureOf(row) === "basis").flatMap(({ target }) => target),
    ],
    [
      "**In a target whose roles are given `eligibleGroups`, besides**",
      rows.filter((row) => featureOf(row) === "pim").flatMap(({ target }) => target),
    ],
    [
      "**In a target whose roles are given `accessPackages`, a pull target among them, besides**",
      rows.filter((row) => featureOf(row) === "packages").flatMap(({ target }) => target),
    ],
    [
      "**In a target where what access reviews deny is respected (`onDeniedReview`, the default), besides**",
      rows.filter((row) => featureOf(row) === "reviews").flatMap(({ target }) => target),
    ],
  ])("sums up what its calls use: %s", (heading, used) => {
    const consented = tableUnder(heading).flatMap(([permission = ""]) => code(permission));
    expect(consented).toEqual([...new Set(used)].toSorted());
  });

  test.each([
    ["**In the source tenant**", consent.source],
    [
      "**In the source, where the scope of a synchronization is an `appRole`, besides**",
      consent.appRoleScope,
    ],
    [
      "**In the source, where the scope of a synchronization is an `accessPackage`, besides**",
      consent.packageScope,
    ],
    ["**In every target tenant**", consent.target],
    ["**In a target whose roles are given `eligibleGroups`, besides**", consent.eligibleGroups],
    [
      "**In a target whose roles are given `accessPackages`, a pull target among them, besides**",
      consent.accessPackages,
    ],
    [
      "**In a target where what access reviews deny is respected (`onDeniedReview`, the default), besides**",
      consent.deniedReviews,
    ],
  ])("asks for exactly what the lab grants: %s", (heading, granted) => {
    expect(tableUnder(heading).flatMap(([permission = ""]) => code(permission))).toEqual(granted);
  });

  test("uses none of the permissions that could take over a tenant, and says so", () => {
    // Whoever chooses app roles as scopes is told what that means.
    const used = rows
      .filter((row) => featureOf(row) !== "app roles")
      .flatMap((row) => [...row.source, ...row.target]);
    expect(used.filter((permission) => tierZero.includes(permission))).toEqual([]);
    const refused = tableUnder("## Deliberately not used").flatMap(([permission = ""]) => code(permission));
    expect(refused).toEqual(tierZero);
  });

  test("explains every call that does not use the least permission", () => {
    const explained = section("## Where Muster does not use the least one");
    const unexplained = rows.filter(({ least, source, target }) =>
      [source, target].some((used) => used.length > 0 && used.toSorted().join() !== least.toSorted().join()),
    );
    expect(unexplained.length).toBeGreaterThan(0);
    for (const { method, path } of unexplained) expect(explained).toContain(`- \`${method} ${path}\``);
  });
});

describe.skipIf(data === undefined)(
  "docs/graph-permissions.md and Graph's permission table (MUSTER_GRAPH_DATA)",
  () => {
    const table = () => {
      if (data === undefined) throw new Error(graphDataNotice);
      return data.permissions;
    };

    test.each(
      rows.map((row) => [`${row.method} ${row.path} ${row.properties.join(" ")}`.trim(), row] as const),
    )("agree on the least permission of %s", (_name, row) => {
      const answer = leastApplicationPermission(table(), row);
      expect(answer).toMatchObject({ permissions: row.least });
      expect(evidenceOf(row.evidence)).toEqual({
        kind: answer.kind,
        facts: answer.kind === "documented" ? factsIn(answer.source) : undefined,
      });
    });

    test.each(rows.map((row) => [`${row.method} ${row.path}`, row] as const))(
      "agree that what Muster uses suffices for %s",
      (_name, row) => {
        const answer = leastApplicationPermission(table(), row);
        // Where a page is finer than the table, what the table accepts may be too little.
        const accepted = answer.kind === "documented" ? [] : acceptedApplicationPermissions(table(), row);
        const sufficient = [...accepted, row.least.join()];
        for (const used of [row.source, row.target].filter((names) => names.length > 0))
          expect(sufficient).toContain(used.join());
      },
    );

    test("agree that the permissions exist for applications, but for the one too new for the table", () => {
      const used = new Set(rows.flatMap((row) => [...row.source, ...row.target]));
      const unknown = [...used].filter((permission) => !isApplicationPermission(table(), permission));
      expect(unknown).toEqual(["User.ReadUpdate.All"]);
    });
  },
);

function evidenceOf(cell: string): { readonly kind: string; readonly facts: string | undefined } {
  const kinds: Record<string, string> = {
    "table, least": "least",
    "table, accepted": "accepted",
    documentation: "documented",
  };
  return { kind: kinds[cell.split(":")[0] ?? ""] ?? cell, facts: factsIn(cell) };
}

function factsIn(text: string): string | undefined {
  return /facts ([\d., ]*\d)/.exec(text)?.[1];
}

function section(heading: string): string {
  const [, after] = page.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`docs/graph-permissions.md has no "${heading}"`);
  return after.split("\n## ")[0] ?? "";
}

/** The cells of the first table under a heading, without its head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const lines = section(heading).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  return lines
    .slice(start, length < 0 ? undefined : start + length)
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function code(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}
