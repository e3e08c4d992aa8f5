import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";
import { checkTraffic } from "../contract/check-traffic.ts";
import { graphData } from "../contract/data.ts";
import { atHome, type Citizen } from "./census.ts";
import { evidenceOf, type Evidence } from "./evidence.ts";
import { idsOf } from "./ids.ts";
import { judgeHome } from "./judge-home.ts";
import { judgePair, judgeVeteran, type Pair } from "./judge-pair.ts";
import { judgeProofs } from "./judge-proofs.ts";
import { judgeWrites } from "./judge-writes.ts";
import { mayBeTaken, mayBeUnseen } from "./excused.ts";
import type { TargetPlan, WorldPlan } from "./plan.ts";
import { pairsOf, type PlannedPair, type WorldScene } from "./scene.ts";
import { lagMs } from "./times.ts";
import { holdersIn, isWrite, wordsOfWrite } from "./writes.ts";

/** What is wrong in a world, by its seed; what nobody can say of one world is the company's. */
export type Findings = ReadonlyMap<number | "all", readonly string[]>;

export type Judge = {
  /** Everything has had its time: what should be is, except where somebody interfered and nothing made Muster look. */
  readonly leftAlone: () => Promise<void>;
  /** Everybody was looked at once more, since this number of `graph.traffic`. */
  readonly lookedAt: (mark: number) => Promise<Evidence>;
  readonly findings: () => Findings;
};

type Judged = {
  /** What Muster says. Default: all that it has said since the story began. */
  readonly evidenceFrom: () => Promise<Evidence>;
  /** Manners are judged from then on, epoch ms. Default: always. */
  readonly mannersSince: number;
};

export function judgeOf(scene: WorldScene, judged: Partial<Judged> = {}): Judge {
  const { evidenceFrom = () => evidenceOf(scene.lab, scene.beganAt), mannersSince = 0 } = judged;
  const { lab, climate, plans, census, memory } = scene;
  const found = new Map<number | "all", Set<string>>();
  const say = (seed: number | "all", findings: readonly string[]) => {
    const known = found.get(seed) ?? new Set();
    found.set(seed, known);
    for (const finding of findings) known.add(finding);
  };

  function pairOf({ plan, citizen, target }: PlannedPair, { entries, told, shown }: Evidence): Pair {
    const bearers = census
      .everybody()
      .filter(({ person }) => person === citizen.person)
      .map(({ id }) => id);
    const lastProof = entries.findLast(
      ({ kind, analyst, target: where }) =>
        kind === "proof" && analyst === citizen.id && where === target.name,
    );
    const turnedAt = census.turnedAt(citizen.id, target.name);
    return {
      citizen,
      target,
      climate,
      byHand: memory.byHand(citizen.id, target.name),
      home: lab.graph.truth(lab.world.source.tenantId),
      sharesMail: plan.story.some(
        ({ deed }) => deed.kind === "take the mail of" && [deed.person, deed.other].includes(citizen.person),
      ),
      isHiredAgain: bearers[0] !== citizen.id,
      owners: new Set(
        target.topology === "push" ? [citizen.id] : bearers.at(-1) === citizen.id ? bearers : [],
      ),
      past: plan.people.find(({ name }) => name === citizen.person)?.past ?? "new",
      wanted: census.wantedIn(citizen, target),
      truth: lab.graph.truth(idsOf.tenant(target.name)),
      // Who was one for seconds may never have been seen as one, and has nothing to prove.
      hasWorked:
        census.hasEverWorked(citizen.id, target.name) &&
        entries.some(({ analyst, target: where }) => analyst === citizen.id && where === target.name),
      // Who was back for seconds may never have been seen back: what was proven before that still holds, and is not said again.
      isProvenOut: lastProof?.plan.purpose === "leave" && lastProof.at >= turnedAt - lagMs[climate.weather],
      isOrphan: shown.some(
        ({ kind, subject, tenant }) =>
          kind === "orphan" && subject === citizen.id && tenant === idsOf.tenant(target.name),
      ),
      reasons: told.flatMap(({ key, reason }) => (isOf(citizen, target, { key, reason }) ? [reason] : [])),
    };
  }

  function judgePairs(evidence: Evidence, isOpen: (pair: Pair) => boolean): void {
    for (const planned of pairsOf(scene)) {
      const pair = pairOf(planned, evidence);
      if (isOpen(pair)) continue;
      const findings = [...judgePair(pair), ...judgeVeteran(pair)];
      const about = `${pair.citizen.person} in ${pair.target.name}`;
      say(
        planned.plan.seed,
        findings.map((finding) => `${about}: ${finding}`),
      );
    }
  }

  function worldOf({
    tenantId,
    words,
  }: {
    readonly tenantId: string;
    readonly words: string;
  }): number | "all" {
    const isHere = ({ targets, people }: WorldPlan) =>
      targets.some(({ name }) => idsOf.tenant(name) === tenantId) ||
      census
        .everybody()
        .some(({ person, id }) => people.some(({ name }) => name === person) && words.includes(id));
    return plans.find(isHere)?.seed ?? "all";
  }

  /** Nobody has done anything since: only what somebody undid by hand may be done again. */
  function judgeLook(mark: number): void {
    const handled = memory.handled();
    for (const record of lab.graph.traffic(mark).filter(isWrite)) {
      const words = wordsOfWrite(record);
      const about = `${words} ${holdersIn(lab, record)}`;
      if (!isRenewal(words) && !handled.some((id) => about.includes(id)))
        say(worldOf({ tenantId: record.tenantId, words: about }), [`written once more: ${words}`]);
    }
  }

  function judgeManners(): void {
    for (const { kind, at, tenantId, request, detail } of lab.graph.violations()) {
      if (Date.parse(at) < mannersSince) continue;
      if (kind === "unowned-write" && mayBeTaken(scene, { at, tenantId, request })) continue;
      if (kind === "on-demand-duplicate" && mayBeUnseen(scene, { at, detail })) continue;
      say(worldOf({ tenantId, words: request }), [`manners: ${kind} at ${at}: ${request}: ${detail}`]);
    }
    for (const queue of ["analysts", "arrivals", "access"])
      for (const { body } of lab.bus.peek(queue, "deadLetter"))
        say("all", [`died: a message of ${queue}: ${JSON.stringify(body)}`]);
    if (graphData() !== undefined)
      say("all", invalidRequests(lab.graph.traffic().filter(({ at }) => Date.parse(at) >= mannersSince)));
  }

  return {
    async leftAlone() {
      memory.noteOwners();
      judgePairs(await evidenceFrom(), ({ byHand }) => byHand.size > 0);
    },
    async lookedAt(mark) {
      memory.noteOwners();
      const evidence = await evidenceFrom();
      judgePairs(evidence, () => false);
      judgeLook(mark);
      const traffic = lab.graph.traffic();
      const pairs = pairsOf(scene);
      const home = lab.graph.truth(lab.world.source.tenantId);
      for (const plan of plans) {
        const { ownerOf } = memory;
        say(plan.seed, judgeWrites({ plan, census, ownerOf, traffic, lagMs: lagMs[climate.weather] }));
        for (const pair of pairs.filter((one) => one.plan === plan)) {
          const { person, id } = pair.citizen;
          const accounts = memory.accountsOf(id, pair.target.name);
          const lastDeedBefore = (at: number) => memory.lastDeedBefore(person, at);
          say(
            plan.seed,
            judgeProofs({ pair, climate, entries: evidence.entries, traffic, accounts, lastDeedBefore }),
          );
        }
        say(plan.seed, judgeHome({ plan, census, home, byHand: (id) => memory.byHand(id, atHome) }));
      }
      judgeManners();
      return evidence;
    },
    findings: () =>
      new Map([...found].flatMap(([seed, said]) => (said.size === 0 ? [] : [[seed, [...said]]]))),
  };
}

/** Whether people were told of this pair: entries of targets begin with the target's name. */
const isOf = (
  citizen: Citizen,
  target: TargetPlan,
  { key, reason }: { readonly key: unknown; readonly reason: string },
) => JSON.stringify(key).includes(citizen.id) && reason.startsWith(`${target.name}:`);

/** What has an end is renewed in time, whoever looks. */
export const isRenewal = (words: string) => words.includes('"adminUpdate"');

function invalidRequests(traffic: readonly TrafficRecord[]): readonly string[] {
  const sent = traffic
    .filter(({ caller }) => caller === "app")
    .map(({ method, url, requestBody }) => ({
      method,
      url: url.slice(url.indexOf("/v1.0/") + "/v1.0".length),
      body: requestBody,
    }));
  const { problems, permissions } = checkTraffic(sent);
  const unknown = [...permissions].filter(([, { needs }]) => needs.some(({ kind }) => kind === "unknown"));
  return [
    ...problems.map((problem) => `not in the metadata: ${JSON.stringify(problem)}`),
    ...unknown.map(([call]) => `of unknown permission: ${call}`),
  ];
}
