import { beforeAll, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";
import { runMuster } from "../support/run-muster.ts";

/** Who is not proven out is on show, for as long as that lasts. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
});

/** A parked key of a leaver's is tried again after ten minutes at the latest. */
const laterMs = 16 * 60_000;

const findings = (...args: readonly string[]) =>
  runMuster(["findings", ...args], { MUSTER_TABLES: scene.lab.tables.connectionString });

type Told = {
  readonly kind: string;
  readonly place: string;
  readonly person: string;
  readonly over: string | null;
};

async function told(...args: readonly string[]): Promise<readonly (Told & Record<string, unknown>)[]> {
  const run = await findings("--json", ...args);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  return (JSON.parse(run.stdout) as { findings: (Told & Record<string, unknown>)[] }).findings;
}

const leaveProof = async (person: Person, target: string) =>
  (await scene.entries(person)).find(
    (entry) => entry.kind === "proof" && entry.plan.purpose === "leave" && entry.target === target,
  );

test(
  "without consent at leaving: an orphan with its age and advice, until consent is back and the proof is written",
  { timeout: 90_000 },
  async () => {
    const leaver = await scene.hire("Left Behind");
    const other = await scene.hire("Left As Well");
    for (const person of [leaver, other, await scene.hire("Stays")]) await scene.join(person, "SOC Readers");
    await scene.pass();
    scene.lab.graph.faults.add({ kind: "revokedConsent", match: { tenant: "contoso" } });
    const leftAt = scene.lab.clock.now();
    await scene.disable(leaver);
    await scene.disable(other);
    await scene.pass(110 * 60_000);

    // Contoso has one message for both, and each is an orphan there; in Fabrikam they are out.
    expect(await leaveProof(leaver, "contoso")).toBeUndefined();
    expect(await leaveProof(leaver, "fabrikam")).toBeDefined();
    const open = await told("--open");
    // Of the same age, in whatever order.
    expect(new Set(open.map(({ person }) => person))).toEqual(
      new Set([leaver, other].map(({ userPrincipalName }) => userPrincipalName)),
    );
    expect(open.map(({ kind, place }) => ({ kind, place }))).toEqual(
      [leaver, other].map(() => ({ kind: "orphan", place: "contoso" })),
    );
    for (const { since, ageSeconds, found, advice } of open) {
      expect(Date.parse(String(since))).toBeGreaterThanOrEqual(leftAt);
      expect(ageSeconds).toBeGreaterThan(3_000);
      expect(found).toMatch(/contoso|consent|AADSTS|Graph answered 403/);
      expect(advice).toContain("consent");
    }
    const text = await findings("--tenant", "contoso");
    expect(text.stdout).toContain(`orphan  `);
    expect(text.stdout).toContain(`${leaver.userPrincipalName} in contoso`);
    expect(text.stdout).toContain("2 of them leavers who are not proven out");

    scene.lab.graph.faults.clear();
    await scene.pass(laterMs);
    const proof = await leaveProof(leaver, "contoso");
    expect(proof?.evidence).toMatchObject({
      scope: { seen: "absent" },
      read: { account: { what: expect.stringContaining("GET /users/{id}") as unknown } },
    });
    const all = await told("--all");
    expect(all.filter(({ over }) => over === null)).toEqual([]);
    const closed = all.find(({ person }) => person === leaver.userPrincipalName);
    expect(closed).toMatchObject({ kind: "orphan", place: "contoso" });
    expect(Date.parse(closed?.over ?? "")).toBeGreaterThanOrEqual(proof?.at ?? Infinity);
  },
);

testManners(() => scene);
