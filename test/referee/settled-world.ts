import * as fc from "fast-check";
import { cast, roleGroups, scopeGroups, teams, tenants, type PersonName } from "./cast.ts";
import type { Person } from "./directory.ts";
import type { Terms } from "./policies.ts";
import { playSchedule, type Beginning } from "./schedule.ts";
import type { Moment } from "./story.ts";
import { firstSubscriptions, rowOf } from "./subscriptions.ts";
import { tableNames } from "./system.ts";
import { tableOf, type Rows } from "./tables.ts";
import { subscriptionRows } from "../../shared/state/subscription-rows.ts";
import { calm } from "./trouble.ts";

const start = Date.UTC(2026, 10, 21, 8);
/** Longer than Muster looks again after anything. */
const quietMs = 30 * 60_000;

/** Where stories begin: everything has been calm for a while. */
export type World =
  /** Ana has been a reader for a while; Ben is nobody yet. */
  | "two"
  /** Eight people are responders: four by themselves, four through the team. */
  | "crowd"
  /** Ana is a reader; the other seven are nobody yet. */
  | "strangers"
  /** As in the first, and Contoso invites people. */
  | "guests";

const crowd = ["ana", "ben", "cleo", "dora"] as const;
const team = ["eve", "finn", "gus", "hal"] as const;

const joins = (people: readonly PersonName[], group: "readers" | "responders" | "juniors") =>
  people.map((person): Moment => ({ afterMs: 0, deed: { kind: "join", person, group } }));

const worlds: Readonly<
  Record<
    World,
    {
      readonly people: readonly PersonName[];
      readonly story: readonly Moment[];
      readonly terms?: Partial<Terms>;
    }
  >
> = {
  two: { people: ["ana", "ben"], story: joins(["ana"], "readers") },
  crowd: {
    people: [...crowd, ...team],
    story: [...joins(crowd, "responders"), ...joins(team, "juniors")],
  },
  strangers: { people: [...crowd, ...team], story: joins(["ana"], "readers") },
  guests: {
    people: ["ana", "ben"],
    story: joins(["ana"], "readers"),
    terms: { guests: { ends: "block", deletedAfterMs: 0 } },
  },
};

const settled = new Map<World, Promise<Beginning>>();

/** A world with all that follows from its story. Played once. */
export function settledWorld(world: World): Promise<Beginning> {
  const known = settled.get(world) ?? play(world);
  settled.set(world, known);
  return known;
}

async function play(world: World): Promise<Beginning> {
  const { people, story, terms } = worlds[world];
  const [scheduler] = fc.sample(fc.scheduler(), { seed: 1, numRuns: 1 });
  if (scheduler === undefined) throw new Error("fast-check gave no scheduler");
  const { findings, end } = await playSchedule({
    seed: 1,
    begin: await emptyWorld(people),
    story,
    trouble: calm,
    terms: { deleteAfterMs: 0, guard: "wide", ...terms },
    timers: "none",
    cycleMs: 40 * 60_000,
    quietMs,
    scheduler,
  });
  if (findings.length > 0) throw new Error(`the world does not settle: ${findings.join("; ")}`);
  return end;
}

async function emptyWorld(people: readonly PersonName[]): Promise<Beginning> {
  const subscribed: Rows = new Map();
  const nothing = async () => undefined;
  const rows = subscriptionRows(tableOf("Subscriptions", subscribed, { there: nothing, back: nothing }));
  for (const kept of firstSubscriptions) await rows.put(rowOf(kept));
  return {
    at: start,
    directory: {
      people: people.map((name) => personOf(name, cast[name])),
      // The team is in a role group already.
      members: [[`${roleGroups.responders}|${teams.juniors}`, "admin"]],
      targets: (["contoso", "fabrikam"] as const).map((name) => ({
        tenantId: tenants[name],
        scopeGroup: scopeGroups[name],
        accounts: [],
        members: [],
        links: [],
      })),
    },
    tables: {
      ...Object.fromEntries(tableNames.map((name): readonly [string, Rows] => [name, new Map()])),
      Subscriptions: subscribed,
    },
    subscriptions: firstSubscriptions,
  };
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
