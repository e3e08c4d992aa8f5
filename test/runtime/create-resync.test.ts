import { beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../../shared/api/caller.ts";
import type { RawInput } from "../../shared/api/read-input.ts";
import type { Message } from "../../shared/queue/keys.ts";
import { PolicyUnusable, type PolicyNow } from "../../shared/reconcile/run/policy-in-force.ts";
import type { ApiPorts } from "../../shared/runtime/api/api-ports.ts";
import { createResync } from "../../shared/runtime/api/create-resync.ts";
import { readResync } from "../../shared/runtime/api/read-resync.ts";
import { runSchema } from "../../shared/runtime/api/run-answer.ts";
import { readRun } from "../../shared/runtime/api/read-run.ts";
import { analysts } from "../../shared/state/analysts.ts";
import { departures } from "../../shared/state/departures.ts";
import { pairs } from "../../shared/state/pairs.ts";
import { findings, type FindingRow, type Findings } from "../../shared/state/findings.ts";
import { runs } from "../../shared/state/runs.ts";
import { newSweepId, beginSweep } from "../../shared/reconcile/sweep/begin-sweep.ts";
import { ana, ben, contoso, contosoTenant, now } from "../support/fixtures.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { policyNow, smallPolicy } from "../support/small-policy.ts";

const policy = smallPolicy();
const tagged = smallPolicy({
  targets: policy.targets.map((target) => ({ ...target, tags: target.name === contoso ? ["gold"] : [] })),
});

let table: MemoryTable;
let found: Findings;
let sent: Message[];
let inForce: () => Promise<PolicyNow>;
let send: ApiPorts["send"];
let ports: ApiPorts;
beforeEach(() => {
  table = memoryTable("Runs");
  found = findings(memoryTable("Findings").client);
  sent = [];
  inForce = async () => policyNow(tagged);
  send = async (messages) => void sent.push(...messages);
  ports = {
    policy: () => inForce(),
    analysts: analysts(memoryTable("Analysts").client),
    pairs: pairs(memoryTable("Pairs").client),
    departures: departures(memoryTable("Departures").client),
    findings: found,
    runs: runs(table.client),
    send: (messages) => send(messages),
    now: () => now,
  };
});

const caller: Caller = {
  tenant: "11111111-1111-4111-8111-111111111111",
  object: "aaaaaaaa-0000-4000-8000-000000000001",
  app: "bbbbbbbb-0000-4000-8000-000000000001",
  kind: "user",
  roles: ["Muster.Operate"],
};
const raw = (changes: Partial<RawInput>): RawInput => ({
  params: {},
  query: {},
  header: () => null,
  body: "",
  ...changes,
});

const ask = (body: unknown, { key = "one", by = caller } = {}) =>
  createResync.carryOut(raw({ header: () => key, body: JSON.stringify(body) }), by, ports);
const everything = { scope: "all", mode: "plan" };

async function begun(asked: ReturnType<typeof ask>): Promise<string> {
  const reply = await asked;
  if (reply.kind !== "done") throw new Error(JSON.stringify(reply));
  const { id } = reply.body as { readonly id: string };
  expect(reply.headers).toEqual({ Location: `/api/resyncs/${id}` });
  return id;
}

describe("what is asked for", () => {
  test("is on record with who has asked, and on the queue, when it is answered", async () => {
    const id = await begun(ask({ scope: { tag: "gold" }, mode: "apply" }));
    expect(await ports.runs.read(id)).toEqual({
      id,
      occasion: "resync",
      mode: "apply",
      scope: { kind: "tag", tag: "gold" },
      by: `user ${caller.object} of ${caller.tenant} with ${caller.app}`,
      begunAt: now,
      endedAt: null,
    });
    expect((await ports.runs.parts(id)).map(({ name }) => name)).toEqual([contoso]);
    expect(sent).toMatchObject([{ key: { kind: "sweep", run: id }, cause: "sweep: resync" }]);
  });

  test("is put on the queue by the same key when it was not the first time", async () => {
    send = async () => {
      throw new Error("Service Bus does not answer");
    };
    await expect(ask(everything)).rejects.toThrow("Service Bus");
    send = async (messages) => void sent.push(...messages);
    const id = await begun(ask(everything));
    expect(sent.length).toBeGreaterThan(0);
    expect((await ports.runs.newest(9)).map((run) => run.id)).toEqual([id]);
  });

  test("is the same when its members come in another order, and when its answer was lost", async () => {
    table.loseAnswer();
    const first = await begun(ask(everything));
    expect(await begun(ask({ mode: "plan", scope: "all" }))).toBe(first);
  });

  test("stays what it was when the policy has lost the target since", async () => {
    const id = await begun(ask({ scope: { tag: "gold" }, mode: "plan" }));
    inForce = async () => policyNow(policy);
    expect(await begun(ask({ scope: { tag: "gold" }, mode: "plan" }))).toBe(id);
    expect(await ask({ scope: { tag: "gold" }, mode: "plan" }, { key: "two" })).toMatchObject({
      kind: "refused",
      status: 422,
    });
  });

  test("is begun by the key that was refused, once the policy has it", async () => {
    inForce = async () => policyNow(policy);
    const wanted = { scope: { tag: "gold" }, mode: "plan" };
    expect(await ask(wanted)).toEqual({
      kind: "refused",
      status: 422,
      detail: "Not in the policy: a target with the tag gold. The policy has no tags.",
    });
    inForce = async () => policyNow(tagged);
    await begun(ask(wanted));
  });

  test.each([
    ["broken", "muster policy check"],
    ["behind", "Ask again in a minute"],
  ] as const)("waits for a policy that is not %s", async (kind, says) => {
    inForce = () => Promise.reject(new PolicyUnusable(kind, "targets.contoso.mode: secret words"));
    const reply = await ask(everything);
    expect(reply).toMatchObject({ kind: "refused", status: 503, detail: expect.stringContaining(says) });
    expect(JSON.stringify(reply)).not.toContain("secret");
    expect(sent).toEqual([]);
  });
});

describe("a key", () => {
  test("is for one request", async () => {
    await begun(ask(everything));
    expect(await ask({ ...everything, mode: "apply" })).toMatchObject({ kind: "refused", status: 422 });
  });

  test.each<[string, Partial<Caller>]>([
    ["of another tenant", { tenant: "99999999-9999-4999-8999-999999999999" }],
    ["of the same", { object: "aaaaaaaa-0000-4000-8000-000000000002" }],
  ])("means something else to somebody %s", async (_who, other) => {
    const first = await begun(ask(everything));
    expect(await begun(ask(everything, { by: { ...caller, ...other } }))).not.toBe(first);
  });
});

describe("a run is shown", () => {
  test("as a resync only if it is one", async () => {
    const night = newSweepId(now);
    const wanted = { occasion: "night", mode: "apply", scope: { kind: "all" }, by: null } as const;
    await beginSweep(wanted, night, ports);
    const asked = await begun(ask({ scope: { analyst: ana }, mode: "plan" }));
    const shown = async (endpoint: typeof readRun, id: string) => {
      const { kind } = await endpoint.carryOut(raw({ params: { id } }), caller, ports);
      return kind;
    };
    expect([await shown(readResync, asked), await shown(readResync, night)]).toEqual(["done", "refused"]);
    expect([await shown(readRun, asked), await shown(readRun, night)]).toEqual(["done", "done"]);
  });

  test("with what is open in each of its places, and of one analyst with what is theirs", async () => {
    const open = (tenant: string, subject: string, over: number | null = null): FindingRow => ({
      id: `refused-call ${subject}`,
      kind: "refused-call",
      found: "no consent",
      advice: "consent",
      since: now,
      seen: now,
      over,
      tenant,
      subject,
      person: null,
      place: null,
      version: 1,
    });
    for (const row of [
      open(contosoTenant, ana),
      open(contosoTenant, ben),
      open(contosoTenant, "sweep", now),
      open("source", ana),
      open(caller.tenant, ben),
    ])
      await found.show(row);
    const shown = async (id: string) => {
      const reply = await readResync.carryOut(raw({ params: { id } }), caller, ports);
      const { places } = runSchema.parse(reply.kind === "done" ? reply.body : null);
      return Object.fromEntries(
        places.map((place) => [place.name, place.findings.map((one) => one.subject)]),
      );
    };
    expect(await shown(await begun(ask(everything)))).toEqual({
      contoso: [ana, ben],
      fabrikam: [],
      source: [ben, ana],
    });
    const hers = await begun(ask({ scope: { analyst: ana }, mode: "plan" }, { key: "two" }));
    expect(await shown(hers)).toEqual({ source: [ana] });
  });

  test("if its name can be one: nothing else is looked up", async () => {
    const before = table.asked("read");
    for (const id of ["", "x", "key", "../run", `${"0".repeat(16)}-${"0".repeat(12)}'`])
      expect(await readRun.carryOut(raw({ params: { id } }), caller, ports)).toMatchObject({ status: 404 });
    expect(table.asked("read")).toBe(before);
  });
});
