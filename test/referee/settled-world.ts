import * as fc from "fast-check";
import type { Person } from "./directory.ts";
import { playSchedule, type Beginning } from "./schedule.ts";
import { cast, scopeGroups, tenants } from "./story.ts";
import { tableNames } from "./system.ts";
import { calm } from "./trouble.ts";

const start = Date.UTC(2026, 10, 21, 8);
/** Longer than Muster looks again after anything. */
const quietMs = 30 * 60_000;

let settled: Promise<Beginning> | undefined;

/** Where every story begins: Ana has been a reader for a while, and all that follows from it is done. Played once. */
export function settledWorld(): Promise<Beginning> {
  settled ??= play();
  return settled;
}

async function play(): Promise<Beginning> {
  const begin: Beginning = {
    at: start,
    directory: {
      people: Object.entries(cast).map(([name, id]) => personOf(name, id)),
      members: [],
      targets: (["contoso", "fabrikam"] as const).map((name) => ({
        tenantId: tenants[name],
        scopeGroup: scopeGroups[name],
        accounts: [],
        members: [],
        links: [],
      })),
    },
    tables: Object.fromEntries(tableNames.map((name) => [name, new Map()])),
  };
  const [scheduler] = fc.sample(fc.scheduler(), { seed: 1, numRuns: 1 });
  if (scheduler === undefined) throw new Error("fast-check gave no scheduler");
  const { findings, end } = await playSchedule({
    seed: 1,
    begin,
    story: [{ afterMs: 0, deed: { kind: "join", person: "ana", group: "readers" } }],
    trouble: calm,
    terms: { deleteAfterMs: 0, guard: "wide" },
    catchUp: "off",
    quietMs,
    scheduler,
  });
  if (findings.length > 0) throw new Error(`the world does not settle: ${findings.join("; ")}`);
  return end;
}

function personOf(name: string, id: string): Person {
  return {
    id,
    name: `${name}@source.example`,
    enabled: true,
    attributes: {},
    stamps: {},
    sessionsValidFrom: 0,
    revision: 1,
  };
}
