import { expect, test } from "vitest";
import type { RunningLab } from "../../lab/running-lab.ts";
import type { Person, Scene } from "./lab.ts";

/** Graph has done what was asked, but its answer is lost; or a write that was about to be made never reaches Graph. */
export const deadlyMoments = ["an answer is lost", "a write never reaches Graph"] as const;
export type DeadlyMoment = (typeof deadlyMoments)[number];

type Request = Parameters<Parameters<RunningLab["graph"]["onRequest"]>[0]>[0];

/** A read changes nothing wherever it ends; a batch of reads is one answer. */
function isMoment(moment: DeadlyMoment, { phase, method, path, sent }: Request): boolean {
  const writes = method !== "GET" && !/\/(?:checkMemberGroups|\$batch)$/.test(path);
  if (moment === "a write never reaches Graph") return phase === "received" && writes;
  return phase === "answered" && (writes || sent === "alone");
}

/** Kills the host at the n-th such moment from now on, while `meanwhile` runs; then starts it again. */
export async function killAt(
  { lab }: Scene,
  { nth, moment }: { readonly nth: number; readonly moment: DeadlyMoment },
  meanwhile: () => Promise<void>,
): Promise<"killed" | "survived"> {
  const host = lab.hosts[0];
  const death = { count: 0, killing: [] as Promise<void>[] };
  const stopWatching = lab.graph.onRequest(async (request) => {
    if (request.caller !== "app" || !isMoment(moment, request)) return;
    death.count += 1;
    if (death.count !== nth || host === undefined) return;
    death.killing.push(host.kill());
    await Promise.all(death.killing);
    if (moment === "a write never reaches Graph") throw new Error("the host died before it could send this");
  });
  await meanwhile();
  stopWatching();
  if (death.killing.length === 0) return "survived";
  await Promise.all(death.killing);
  await host?.start();
  return "killed";
}

/** What happens to an analyst, act by act, and what has to be true after each. */
export const life = [
  {
    name: "joiner",
    act: (scene: Scene, person: Person) => scene.join(person, "SOC Readers"),
    afterwards: "enabled: SOC Readers",
  },
  {
    name: "mover",
    act: async (scene: Scene, person: Person) => {
      await scene.join(person, "SOC Responders");
      await scene.drop(person, "SOC Readers");
    },
    afterwards: "enabled: SOC Responders",
  },
  {
    name: "leaver",
    act: (scene: Scene, person: Person) => scene.disable(person),
    afterwards: "deleted",
  },
] as const;

/** Belongs at the end of every file in which hosts die: each key was worked off, however often a host died over it. */
export function testNoKeyGivenUp(scene: () => Scene): void {
  test("no key was given up", () => {
    const { bus } = scene().lab;
    const queues = bus.stats();
    expect(bus.peek("parked").map(({ body }) => body)).toEqual([]);
    expect(queues["analysts"]?.deadLettered).toBe(0);
    expect(queues["arrivals"]?.deadLettered).toBe(0);
    expect(queues["access"]?.deadLettered).toBe(0);
  });
}
