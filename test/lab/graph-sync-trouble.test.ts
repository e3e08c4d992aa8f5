import { describe, expect, test } from "vitest";
import { guidFrom } from "../../lab/graph/ids.ts";
import { ids, type Body } from "./graph-world.ts";
import { jobPath, scene, type Scene } from "./sync-scene.ts";

const names = async (read: Scene["accounts"]) =>
  (await read()).map(({ displayName }) => displayName as string).toSorted();

async function statusOf({ source }: Scene): Promise<Body> {
  return (await source.get(jobPath)).body["status"] as Body;
}

describe("a user for whom sync fails", () => {
  const failure = {
    kind: "userFails",
    user: ids.ana,
    code: "DuplicateTargetEntries",
    message: "Two match.",
  } as const;

  test("is left out of the cycle, alone, and written down as a failure", async () => {
    const world = await scene();
    await world.scope(ids.ana, ids.ben);
    world.lab.lab.faults.add(failure);
    await world.cycle();
    expect(await names(world.accounts)).toEqual(["Ben Analyst"]);
    expect(await statusOf(world)).toMatchObject({
      code: "Active",
      lastExecution: { state: "EntryLevelErrors", countEscrowed: 1, countExported: 1 },
      lastSuccessfulExecution: null,
    });
    const log = await world.source.get(
      "/auditLogs/provisioning?$filter=provisioningStatusInfo/status eq 'failure'",
    );
    expect(log.body.value).toMatchObject([
      {
        provisioningAction: "create",
        sourceIdentity: { id: ids.ana },
        provisioningStatusInfo: {
          errorInformation: { errorCode: "DuplicateTargetEntries", reason: "Two match." },
        },
      },
    ]);
  });

  test("is tried again in the next cycle", async () => {
    const world = await scene();
    await world.scope(ids.ana);
    world.lab.lab.faults.add({ ...failure, times: 1 });
    await world.cycle();
    expect(await names(world.accounts)).toEqual([]);
    await world.cycle();
    expect(await names(world.accounts)).toEqual(["Ana Analyst"]);
    expect(await statusOf(world)).toMatchObject({ lastSuccessfulExecution: { state: "Succeeded" } });
  });

  test("fails on demand as well, by id or by name, with the code and the words of the fault", async () => {
    const { lab, scope, accounts, onDemand } = await scene();
    await scope(ids.ana, ids.ben);
    lab.lab.faults.add({ ...failure, user: "ana@source.example", match: { tenant: "contoso" } });
    const { details } = await onDemand(ids.ana);
    expect(details).toMatchObject({
      action: "Other",
      statusInfo: { status: "Failure", errorCode: "DuplicateTargetEntries", reason: "Two match." },
      targetIdentity: { id: null },
    });
    expect((details["provisioningSteps"] as Body[]).map(({ status }) => status)).toEqual([
      "Success",
      "Success",
      "Failure",
    ]);
    await onDemand(ids.ben);
    expect(await names(accounts)).toEqual(["Ben Analyst"]);
  });

  test("can be somebody whose name contains Failing", async () => {
    const person = {
      id: guidFrom(1, "fay"),
      displayName: "Fay Failing",
      userPrincipalName: "fay@source.example",
    };
    const { scope, accounts, onDemand, cycle } = await scene({ users: [person] });
    await scope(person.id, ids.ana);
    expect((await onDemand(person.id)).details).toMatchObject({ statusInfo: { status: "Failure" } });
    await cycle();
    expect(await names(accounts)).toEqual(["Ana Analyst"]);
  });

  test("is left out of a removal, too: the account stays until it works", async () => {
    const { lab, scope, unscope, accounts, cycle } = await scene();
    await scope(ids.ana);
    await cycle();
    await unscope(ids.ana);
    lab.lab.faults.add({ ...failure, times: 1 });
    await cycle();
    expect(await names(accounts)).toEqual(["Ana Analyst"]);
    await cycle();
    expect(await names(accounts)).toEqual([]);
  });
});

test("in rough weather a cycle fails for some, and comes round to them in later ones", async () => {
  const people = Array.from({ length: 20 }, (_, n) => ({
    id: guidFrom(1, "person", n),
    displayName: `Person ${n}`,
    userPrincipalName: `person.${n}@source.example`,
  }));
  const { scope, accounts, cycle } = await scene({ users: people, weather: { failedInCycle: 0.5 } });
  await scope(...people.map(({ id }) => id));
  await cycle();
  const first = (await accounts()).length;
  expect(first).toBeGreaterThan(4);
  expect(first).toBeLessThan(16);
  for (let n = 0; n < 12; n++) await cycle();
  expect(await accounts()).toHaveLength(20);
});

describe("while a job is in quarantine", () => {
  test("nobody is provisioned on demand, and the answer names the quarantine", async () => {
    const { lab, scope, accounts, onDemand } = await scene();
    await scope(ids.ana);
    const fault = lab.lab.faults.add({ kind: "quarantine", match: { tenant: "contoso" } });
    const { details } = await onDemand(ids.ana);
    expect(details).toMatchObject({
      statusInfo: { status: "Failure", errorCode: "SynchronizationJobInQuarantine" },
      targetIdentity: { id: null },
    });
    expect((details["statusInfo"] as Body)["reason"]).toContain("EncounteredQuarantineException");
    expect(await accounts()).toEqual([]);
    lab.lab.faults.remove(fault);
    expect((await onDemand(ids.ana)).details).toMatchObject({ action: "Create" });
  });

  test("so it is with staged deletions, until they are allowed", async () => {
    const { lab, source, scope, unscope, onDemand, cycle } = await scene({ job: { deleteThreshold: 0 } });
    await scope(ids.ana);
    await cycle();
    await unscope(ids.ana);
    await cycle();
    await scope(ids.ben);
    const { details } = await onDemand(ids.ben);
    expect((details["statusInfo"] as Body)["reason"]).toContain("TooManyDeletes");
    await source.post(`${jobPath}/restart`, { criteria: { resetScope: "QuarantineState, ForceDeletes" } });
    await lab.advance(0);
    expect((await onDemand(ids.ben)).details).toMatchObject({ statusInfo: { status: "Skipped" } });
  });
});
