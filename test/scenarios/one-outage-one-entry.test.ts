import { beforeAll, beforeEach, expect, test } from "vitest";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { everywhere, openScene, type Person, type Scene } from "../support/lab.ts";

const minuteMs = 60_000;

let scene: Scene;
let toldBefore = 0;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "calm" });
  const people: Person[] = [];
  for (let n = 0; n < 8; n += 1) {
    const person = await scene.hire(`Nia ${n}`);
    await scene.join(person, "SOC Readers");
    people.push(person);
  }
  await scene.pass();
  for (const person of people)
    expect(await scene.access(person)).toEqual(everywhere(scene, "enabled: SOC Readers"));
});
beforeEach(() => {
  toldBefore = scene.lab.bus.peek("parked").length;
});

/** What people were told since the test began, without the ids of requests. */
const told = () =>
  scene.lab.bus
    .peek("parked")
    .slice(toldBefore)
    .map(({ body }) => (body as ParkedMessage).reason.replaceAll(/request [\w-]+/g, "request")); // Muster alone writes there

async function suffer(fault: FaultInput, ms: number): Promise<void> {
  scene.lab.graph.faults.add(fault);
  await scene.pass(ms);
  scene.lab.graph.faults.clear();
  await scene.pass(60 * minuteMs);
}

const source = () => ({ tenant: scene.lab.world.source.tenantId });

test("the source answers 503 for forty minutes: people hear of it once, not once for each analyst", async () => {
  await suffer({ kind: "error", status: 503, code: "ServiceUnavailable", match: source() }, 40 * minuteMs);
  expect(told().length).toBeLessThanOrEqual(1);
}, 120_000);

test("the application is deleted in the source for forty minutes: nobody reads the same words twice", async () => {
  await suffer(
    { kind: "revokedConsent", how: "deleted", oldTokens: "denied", match: source() },
    90 * minuteMs,
  );
  expect(told().toSorted()).toEqual([...new Set(told())].toSorted());
}, 120_000);

test("the permission to stamp people is missing when six join: people hear of it once, and not the same words six times", async () => {
  scene.lab.graph.faults.add({
    kind: "error",
    status: 403,
    code: "Authorization_RequestDenied",
    match: { ...source(), method: "PATCH", path: String.raw`/users/[^/]+$` },
  });
  for (let n = 0; n < 6; n += 1) await scene.join(await scene.hire(`Joe ${n}`), "SOC Readers");
  await scene.pass(30 * minuteMs);
  scene.lab.graph.faults.clear();
  const refused = told().filter((reason) => reason.includes("PATCH /users/{id}"));
  expect(refused.length).toBeLessThanOrEqual(1);
}, 120_000);
