import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import { chanceOf, type Chance } from "../referee/chance.ts";
import { drawTrouble } from "../worlds/draw-climate.ts";
import { endured, handDeeds, shuffled, wayOut } from "../worlds/draw-story.ts";
import type { CommonTrouble, Deed, Moment, PersonPlan, WorldPlan } from "../worlds/plan.ts";
import { minuteMs } from "../worlds/times.ts";
import { firstPeople } from "./draw-organisation.ts";

/** What becomes of an organisation in one week; moments count from the week's beginning, ms. */
export type WeekStory = {
  readonly story: readonly Moment[];
  /** Of the source, the bus, the tables and the hosts. */
  readonly troubles: readonly CommonTrouble[];
};

type Drawn = {
  readonly seed: number;
  /** From 0. */
  readonly week: number;
  /** Nothing begins later than this. */
  readonly storyMs: number;
};

const hourMs = 60 * minuteMs;

export function drawWeek(organisation: WorldPlan, { seed, week, storyMs }: Drawn): WeekStory {
  const chance = chanceOf(seed * 104_729 + week * 1_299_709);
  const { roles, targets, people } = organisation;
  const present = people.slice(0, firstPeople + week + 1);
  const anyTime = (name: string) => Math.floor(chance.share(name) * storyMs);
  const lives = present.flatMap((person, index) => {
    const isNew = week === 0 || index === firstPeople + week;
    // The first week is as full as any other: whoever is there from the beginning begins in its first hours.
    const begins = isNew ? [{ isNew, at: Math.floor(anyTime("begins at") / 16) }] : [];
    const goesOn = isNew && index === firstPeople + week ? [] : [{ isNew: false, at: anyTime("life at") }];
    return [...begins, ...goesOn].flatMap((one) => drawLife(chance, organisation, { person, ...one }));
  });
  const hands = Array.from({ length: 12 }, () => {
    const at = anyTime("by hand at");
    const { name } = shuffled(chance, present, "by hand of")[0] ?? { name: "" };
    return handDeeds(chance, { roles, targets, people: present }, name).map(({ afterMs, deed }): Moment => ({
      at: at + afterMs,
      deed,
    }));
  });
  const suffered = targets.flatMap((target) =>
    endured(chance, target, { roles, targets, people: present }).map(({ deed }): Moment => {
      const at = anyTime("fault at");
      return {
        at,
        deed: deed.kind === "fault" ? { ...deed, forMs: chance.pick("fault for", longer) } : deed,
      };
    }),
  );
  return {
    story: [...lives, ...hands.flat(), ...suffered, ...outage(chance, organisation, anyTime("outage at"))]
      .filter(({ at }) => at <= storyMs)
      .toSorted((a, b) => a.at - b.at),
    troubles: drawTroubles(chance, { week, anyTime }),
  };
}

const longer = [10 * minuteMs, hourMs, 5 * hourMs, 20 * hourMs] as const;

type Life = { readonly person: PersonPlan; readonly isNew: boolean; readonly at: number };

/** Whoever is new begins; others move, leave and perhaps come back, are brought back from wherever they were, or just work. */
function drawLife(
  chance: Chance,
  { roles }: WorldPlan,
  { person: { name: person }, isNew, at }: Life,
): readonly Moment[] {
  const [first = "", second = ""] = shuffled(chance, roles, "roles").map((role) => role.name);
  const moments: Moment[] = [];
  let now = at;
  const then = (afterMs: number, deed: Deed) => {
    now += afterMs;
    moments.push({ at: now, deed });
  };
  const what = isNew
    ? "begin"
    : chance.pick("life", ["work", "work", "work", "move", "leave", "leave", "return"]);
  if (what === "begin") then(0, { kind: "join", person, role: first });
  if (what === "move") {
    then(0, { kind: "join", person, role: second });
    then(chance.pick("drops after", [0, 20_000, 12 * minuteMs, 5 * hourMs]), {
      kind: "drop",
      person,
      role: first,
    });
  }
  if (what === "leave") {
    const { out, back } = wayOut(
      chance,
      person,
      roles.map(({ name }) => name),
    );
    for (const { afterMs, deed } of out) then(afterMs, deed);
    const isBack = chance.happens("comes back", 0.4);
    if (isBack)
      for (const [index, deed] of back.entries())
        // Of all roles that there are, whoever comes back has one.
        if (deed.kind !== "join" || deed.role === first)
          then(index === 0 ? chance.pick("comes back after", pauses) : 0, deed);
  }
  if (what === "return") {
    for (const kind of ["restore", "hire again", "enable"] as const) then(0, { kind, person });
    then(0, { kind: "join", person, role: first });
  }
  return moments;
}

const pauses = [3_000, 4 * minuteMs, 42 * minuteMs, 7 * hourMs, 30 * hourMs] as const;

/** One target answers nobody, or has taken its consent back, for hours. */
function outage(chance: Chance, { targets }: WorldPlan, at: number): readonly Moment[] {
  const [target] = shuffled(chance, targets, "outage of");
  if (target === undefined) return [];
  const match = { tenant: target.name };
  const outages: readonly [FaultInput, ...FaultInput[]] = [
    { kind: "error", status: 503, match },
    { kind: "revokedConsent", match },
    { kind: "throttle", retryAfterSeconds: 120, match },
  ];
  const fault = chance.pick("outage", outages);
  return [{ at, deed: { kind: "fault", fault, forMs: chance.pick("outage for", [2 * hourMs, 9 * hourMs]) } }];
}

type Moments = { readonly week: number; readonly anyTime: (name: string) => number };

function drawTroubles(chance: Chance, { week, anyTime }: Moments): readonly CommonTrouble[] {
  const drawn = Array.from({ length: 3 }, () => {
    const trouble = drawTrouble(chance);
    const at = anyTime("trouble at");
    return trouble.kind === "fault"
      ? { ...trouble, at, forMs: chance.pick("trouble for, long", [10 * minuteMs, hourMs, 4 * hourMs]) }
      : { ...trouble, at };
  });
  return [
    ...drawn.filter(({ kind }) => kind !== "host"),
    {
      kind: "host",
      at: anyTime("host at"),
      deadMs: chance.pick("host for", [20_000, 10 * minuteMs, hourMs]),
      // The memory of one that lives on can be compared from week to week.
      host: week === 0 ? 0 : 1,
    },
    {
      kind: "fault",
      at: anyTime("deaf at"),
      forMs: 24 * hourMs,
      fault: { kind: "lostNotification", share: chance.pick("deaf", [0.3, 1]) },
    },
    { kind: "outer", at: anyTime("tables at"), fault: { kind: "tablesDown", ms: 3 * minuteMs } },
    // In real time.
    { kind: "outer", at: anyTime("bus at"), fault: { kind: "busDown", ms: 2_000 } },
  ];
}
