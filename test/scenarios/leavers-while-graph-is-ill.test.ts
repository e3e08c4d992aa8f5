import { afterEach, beforeAll, expect, test } from "vitest";
import type { FaultInput } from "../../lab/graph/faults/fault-schema.ts";
import { openScene, type Person, type Scene } from "../support/lab.ts";

/** The same as in the small world, with real processes, real cycles of sync and the gateway between. */
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 1, weather: "calm" });
});
afterEach(() => scene.lab.graph.faults.clear());

/** Hours of virtual time take longer than tests do as a rule. */
const patienceMs = 150_000;
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

async function sourceGroupsOf({ id }: Person): Promise<readonly string[]> {
  const groups = await scene.admin.list(
    scene.lab.world.source.tenantId,
    `/users/${id}/memberOf/microsoft.graph.group?$select=id,displayName`,
  );
  return groups.map(({ displayName }) => String(displayName));
}

const proofsOf = async (person: Person) =>
  (await scene.entries(person)).filter(({ kind, plan }) => kind === "proof" && plan.purpose === "leave");

test(
  "sync fails for her for an hour, and so does taking her out of scope, for two: in the end she is out of scope and has no account",
  async () => {
    const nina = await scene.hire("Nina");
    const fails = inflict({ kind: "userFails", user: nina.id });
    await scene.join(nina, "SOC Readers");
    await scene.pass(10 * minuteMs);
    expect(await scene.access(nina)).toEqual({ [target().name]: "none" });
    const stuck = inflict({
      kind: "error",
      status: 503,
      match: { ...source(), method: "DELETE", path: "/members/" },
    });
    await scene.drop(nina, "SOC Readers");
    await scene.pass(50 * minuteMs);
    scene.lab.graph.faults.remove(fails);
    await scene.pass(60 * minuteMs);
    scene.lab.graph.faults.remove(stuck);
    await scene.pass(3 * hourMs);
    const access = await scene.access(nina);
    expect({ access, groups: await sourceGroupsOf(nina) }).toEqual({
      access: { [target().name]: "deleted" },
      groups: [],
    });
  },
  patienceMs,
);

test(
  "one replica of the target is a quarter of an hour behind when she has her role back, and the answer to the grant gets lost: the grant goes with the role",
  async () => {
    const olga = await scene.hire("Olga");
    await scene.join(olga, "SOC Readers");
    await scene.join(olga, "SOC Responders");
    await scene.pass(hourMs);
    await scene.drop(olga, "SOC Readers");
    await scene.pass(10 * minuteMs);
    expect(await scene.access(olga)).toEqual({ [target().name]: "enabled: SOC Responders" });
    inflict({
      kind: "lag",
      ms: 15 * minuteMs,
      match: { tenant: target().tenantId, path: "memberOf|checkMemberGroups" },
    });
    inflict({
      kind: "reset",
      times: 1,
      match: { tenant: target().tenantId, method: "POST", path: "/members/" },
    });
    await scene.join(olga, "SOC Readers");
    await scene.pass(5 * minuteMs);
    scene.lab.graph.faults.clear();
    await scene.pass(hourMs);
    expect(await scene.access(olga)).toEqual({ [target().name]: "enabled: SOC Readers, SOC Responders" });
    await scene.drop(olga, "SOC Readers");
    await scene.pass(3 * hourMs);
    expect(await scene.access(olga)).toEqual({ [target().name]: "enabled: SOC Responders" });
  },
  patienceMs,
);

test(
  "nobody has found her account, and every cycle of sync fails for her after she left: nobody says that she is out while it is enabled",
  async () => {
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
  },
  patienceMs,
);
