import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, test } from "vitest";
import type { Callout } from "../../lab/graph/workflows/engine.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";
import { tokenFor } from "../support/token.ts";

const minuteMs = 60_000;
const root = "/identityGovernance/lifecycleWorkflows";

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ targets: 2, weather: "azure", hosts: 2 });
});

type Workflow = { readonly tenant: string; readonly id: string; readonly task: string };
type Result = {
  readonly processingStatus: string;
  readonly subject: { readonly id: string };
  readonly startedDateTime: string;
  readonly completedDateTime: string | null;
};

/** An administrator makes a workflow whose one task calls Muster, as the guide says. */
async function makeWorkflow(tenant: string, category: string): Promise<Workflow> {
  const call = (path: string, body: unknown) => scene.admin.call(tenant, "POST", `${root}${path}`, body);
  const { id: extension } = (await call("/customTaskExtensions", {
    displayName: "Muster",
    description: "Tells Muster",
    callbackConfiguration: {
      "@odata.type": "#microsoft.graph.identityGovernance.customTaskExtensionCallbackConfiguration",
      timeoutDuration: "PT30M",
      authorizedApps: [{ id: scene.lab.world.apps.muster.clientId }],
    },
  })) as { id: string };
  const made = (await call("/workflows", {
    category,
    displayName: `SOC ${category}s`,
    tasks: [{ displayName: "Tell Muster", arguments: [{ name: "customTaskExtensionID", value: extension }] }],
  })) as { id: string; tasks: readonly { id: string }[] };
  return { tenant, id: made.id, task: made.tasks[0]?.id ?? "" };
}

const run = ({ tenant, id }: Workflow, subject: string) =>
  scene.admin.call(tenant, "POST", `${root}/workflows/${id}/microsoft.graph.identityGovernance.activate`, {
    subjects: [{ id: subject }],
  });

async function resultOf({ tenant, id, task }: Workflow, subject: string): Promise<Result | undefined> {
  const all = await scene.admin.list(tenant, `${root}/workflows/${id}/tasks/${task}/taskProcessingResults`);
  return (all as unknown as Result[]).filter((one) => one.subject.id === subject).at(-1);
}

async function analyst(name: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, "SOC Readers");
  await scene.pass();
  expect(await scene.access(person)).toEqual({
    contoso: "enabled: SOC Readers",
    fabrikam: "enabled: SOC Readers",
  });
  return person;
}

const tableOf = (name: string) =>
  TableClient.fromConnectionString(scene.lab.tables.connectionString, name, {
    allowInsecureConnection: true,
  });

const gone = { contoso: "deleted", fabrikam: "deleted" };

describe("whom a workflow of the source says to leave", () => {
  let leaver: Person;
  let leavers: Workflow;
  let joiners: Workflow;
  beforeAll(async () => {
    const source = scene.lab.world.source.tenantId;
    [leavers, joiners] = [await makeWorkflow(source, "leaver"), await makeWorkflow(source, "joiner")];
    leaver = await analyst("Said to leave");
  });

  test("is out within seconds, although enabled and in the role group, and the workflow hears that it is proven", async () => {
    await run(leavers, leaver.id);
    await scene.pass(minuteMs);
    expect(await scene.access(leaver)).toMatchObject({
      contoso: expect.stringMatching(/^(blocked|deleted)/),
    });
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual(gone);
    expect(await resultOf(leavers, leaver.id)).toMatchObject({ processingStatus: "completed" });
    const proofs = (await scene.entries(leaver)).filter(({ kind }) => kind === "proof");
    expect(proofs.filter(({ plan }) => plan.purpose === "leave").length).toBeGreaterThanOrEqual(2);
  });

  test("stays out, whatever the groups say", async () => {
    await scene.drop(leaver, "SOC Readers");
    await scene.pass();
    await scene.join(leaver, "SOC Readers");
    await scene.pass();
    expect(await scene.access(leaver)).toEqual(gone);
  });

  test("is back when a joiner's workflow says so, and that one hears when all is in place", async () => {
    await run(joiners, leaver.id);
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual({
      contoso: "enabled: SOC Readers",
      fabrikam: "enabled: SOC Readers",
    });
    expect(await resultOf(joiners, leaver.id)).toMatchObject({ processingStatus: "completed" });
  });

  test("is back as well when an operator says so", async () => {
    await run(leavers, leaver.id);
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual(gone);
    const token = await tokenFor(scene.lab, scene.lab.world.apps.operator, "api://muster");
    const answer = await fetch(`${scene.lab.hosts[0]?.url}/api/departures/${leaver.id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ analyst: leaver.id, targets: expect.any(Array) });
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual({
      contoso: "enabled: SOC Readers",
      fabrikam: "enabled: SOC Readers",
    });
  });

  test("is out as well when the tables were down while the workflow called: the relay calls again", async () => {
    await fetch(`${scene.lab.controlUrl}/faults`, {
      method: "POST",
      body: JSON.stringify({ kind: "tablesDown", ms: 20_000 }),
    });
    await run(leavers, leaver.id);
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual(gone);
    expect(await resultOf(leavers, leaver.id)).toMatchObject({ processingStatus: "completed" });
  });
});

describe("a workflow that cannot be told of success", () => {
  test("hears that it has failed before its time is over, and Muster goes on", async () => {
    const source = scene.lab.world.source.tenantId;
    const leavers = await makeWorkflow(source, "leaver");
    const person = await analyst("Unreachable");
    const { tenantId } = scene.lab.world.targets["contoso"] ?? { tenantId: "" };
    const fault = scene.lab.graph.faults.add({ kind: "revokedConsent", match: { tenant: tenantId } });
    await run(leavers, person.id);
    await scene.pass(31 * minuteMs);
    expect(await resultOf(leavers, person.id)).toMatchObject({
      processingStatus: "failed",
      failureReason: "The custom task extension said so.",
    });
    scene.lab.graph.faults.remove(fault);
    await scene.pass(60 * minuteMs);
    expect(await scene.access(person)).toEqual(gone);
  });
});

describe("a call that comes again and again", () => {
  let leaver: Person;
  let leavers: Workflow;
  let callout: Callout | undefined;

  /** As a relay that hears no answer, or ten that were set up by mistake. */
  async function callAgain(times: number): Promise<readonly { status: number; body: string }[]> {
    const { tenantId, ...said } = callout ?? { tenantId: "" };
    const token = await tokenFor(scene.lab, scene.lab.world.apps.relay, "api://muster", tenantId);
    return Promise.all(
      Array.from({ length: times }, async () => {
        const answer = await fetch(`${scene.lab.hosts[0]?.url}/api/lifecycle-workflows`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(said),
        });
        return { status: answer.status, body: await answer.text() };
      }),
    );
  }

  const callbacks = () =>
    scene.lab.graph
      .traffic()
      .filter(({ path }) =>
        path.endsWith(`/${String(callout?.data["callbackUriPath"]).split("/").at(-2)}/resume`),
      );
  const rowsOf = async (table: string, about: string) => {
    const found: unknown[] = [];
    for await (const row of tableOf(table).listEntities())
      if (JSON.stringify(row).includes(about)) found.push(row.rowKey);
    return found;
  };

  beforeAll(async () => {
    leavers = await makeWorkflow(scene.lab.world.source.tenantId, "leaver");
    leaver = await analyst("Said Ten Times");
    scene.lab.graph.onCallout((one) => (callout = one));
  });

  test("is answered alike each time, is one departure, and its workflow hears once that it is completed", async () => {
    await run(leavers, leaver.id);
    const answers = await callAgain(10);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(202);
    await scene.pass(30 * minuteMs);
    expect(await scene.access(leaver)).toEqual(gone);
    expect(await resultOf(leavers, leaver.id)).toMatchObject({ processingStatus: "completed" });
    expect(
      callbacks().map(({ method, status, requestBody }) => [method, status, statusIn(requestBody)]),
    ).toEqual([["POST", 204, "completed"]]);
    expect(await rowsOf("Departures", leaver.id)).toEqual([leaver.id]);
    expect(await rowsOf("WorkflowCalls", leaver.id)).toHaveLength(1);
  });

  test("when all is over, changes nothing and tells nobody", async () => {
    const mark = scene.mark();
    const answers = await callAgain(10);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await scene.pass();
    expect(scene.writes(mark)).toEqual([]);
    expect(callbacks()).toHaveLength(1);
    expect(await scene.access(leaver)).toEqual(gone);
  });
});

const statusIn = (body: unknown) =>
  (body as { readonly data: { readonly operationStatus: string } }).data.operationStatus; // Graph has accepted it

testManners(() => scene);
