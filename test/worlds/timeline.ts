import { adminOf } from "../../lab/admin.ts";
import { outerFaults } from "../../lab/outer-faults.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { administratorOf } from "./administrator.ts";
import { idsOf } from "./ids.ts";
import type { CommonTrouble, FaultDeed, PersonalDeed, WorldPlan } from "./plan.ts";
import type { WorldScene } from "./scene.ts";
import { storyMs } from "./times.ts";

type Happening = {
  /** Since the beginning. */
  readonly at: number;
  readonly words: string;
  readonly run: () => Promise<"done" | "in vain">;
};

export type Timeline = {
  readonly happenings: readonly Happening[];
  /** Ends all troubles, and lets approvers say their last word. */
  readonly end: () => Promise<void>;
};

/** What happens in all worlds of a scene, in the order of time; nothing later than `until`, ms since the beginning. */
export function timelineOf(scene: WorldScene, until = storyMs): Timeline {
  const { lab, climate, plans, census, memory } = scene;
  const admin = adminOf(lab.graph, lab.world.apps.admin);
  const outer = outerFaults(lab);
  const administrators = new Map(plans.map((plan) => [plan, administratorOf({ lab, admin, plan, census })]));

  /** Their accounts were deleted a moment before everything begins. */
  const twinsGo = ({ targets: [first], people }: WorldPlan): readonly Happening[] =>
    people.flatMap(({ name, past }) =>
      past !== "twin" || first === undefined
        ? []
        : [
            happening(0, `the account of ${name} in ${first.name} is deleted`, () =>
              admin.call(idsOf.tenant(first.name), "DELETE", `/users/${idsOf.account(first.name, name)}`),
            ),
          ],
    );

  const done = (plan: WorldPlan, at: number, deed: PersonalDeed): Happening => ({
    at,
    words: wordsOf(deed),
    async run() {
      const { id } = census.bearer(deed.person);
      const result = (await administrators.get(plan)?.perform(deed)) ?? "in vain";
      if (result === "done") memory.noteHand(id, deed);
      memory.noteDeed(deed.person);
      return result;
    },
  });

  function common(trouble: CommonTrouble): readonly Happening[] {
    const { at } = trouble;
    if (trouble.kind === "fault") return inflicted(lab, at, trouble);
    if (trouble.kind === "outer")
      return [happening(at, JSON.stringify(trouble.fault), () => outer.add(trouble.fault))];
    const host = lab.hosts[trouble.host ?? 0];
    return [
      happening(at, `${host?.name} is killed`, () => host?.kill()),
      happening(at + trouble.deadMs, `${host?.name} is started`, () => startHost(host)),
    ];
  }

  return {
    happenings: [
      ...plans.flatMap(twinsGo),
      ...plans.flatMap((plan) =>
        plan.story.flatMap(({ at, deed }) =>
          deed.kind === "fault" ? inflicted(lab, at, deed) : [done(plan, at, deed)],
        ),
      ),
      ...climate.troubles.flatMap(common),
    ]
      .filter(({ at }) => at <= until)
      .toSorted((a, b) => a.at - b.at),
    async end() {
      lab.graph.faults.clear();
      outer.clear();
      for (const host of lab.hosts) await startHost(host);
      memory.noteDeed(null);
      for (const [{ targets, lastWord }, administrator] of administrators)
        if (lastWord !== "none")
          for (const { name } of targets) await administrator.decideAll(name, lastWord);
    },
  };
}

const happening = (at: number, words: string, run: () => unknown): Happening => ({
  at,
  words,
  async run() {
    await run();
    return "done";
  },
});

async function startHost(host: RunningLab["hosts"][number] | undefined): Promise<void> {
  if (host?.state() === "stopped") await host.start();
}

function inflicted(
  lab: RunningLab,
  at: number,
  { fault, forMs }: Omit<FaultDeed, "kind">,
): readonly Happening[] {
  let id = "";
  const words = JSON.stringify(fault);
  return [
    happening(at, `begins: ${words}`, () => (id = lab.graph.faults.add(fault))),
    happening(at + forMs, `ends: ${words}`, () => lab.graph.faults.remove(id)),
  ];
}

const wordsOf = ({ kind, person, ...more }: PersonalDeed) => [kind, person, ...Object.values(more)].join(" ");
