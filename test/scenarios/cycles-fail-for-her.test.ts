import { beforeAll, expect, test } from "vitest";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import { openScene, type Person, type Scene } from "../support/lab.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const inflict = (fault: FaultInput) => scene.lab.graph.faults.add(fault);
const source = () => ({ tenant: scene.lab.world.source.tenantId });
const target = () => {
  const [name] = scene.targets;
  const found = scene.lab.world.targets[name ?? ""];
  if (name === undefined || found === undefined) throw new Error("no target");
  return { name, tenantId: found.tenantId, world: found };
};

const proofsOf = async (person: Person) =>
  (await scene.entries(person)).filter(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");

test("nobody has found her account, and every cycle of sync fails for her after she left: nobody says that she is out while it is enabled", async () => {
  const pola = await scene.hire("Pola");
  // Nobody hears of her account: neither from the answer nor from the index of the stamps.
  inflict({ kind: "error", status: 504, match: { ...source(), path: "provisionOnDemand" } });
  inflict({
    kind: "lag",
    ms: 3 * hourMs,
    match: { tenant: target().tenantId, method: "GET", path: "/users\\?" },
  });
  await scene.join(pola, "SOC Readers");
  await scene.pass(45 * minuteMs);
  expect(await scene.access(pola)).toEqual({ [target().name]: "enabled" });
  inflict({ kind: "userFails", user: pola.id });
  await scene.drop(pola, "SOC Readers");
  await scene.pass(2 * hourMs);
  const access = await scene.access(pola);
  const proofs = await proofsOf(pola);
  expect({ access, saidToBeOut: proofs.length > 0 }).not.toEqual({
    access: { [target().name]: "enabled" },
    saidToBeOut: true,
  });
}, 60_000);
