import { describe, expect, test } from "vitest";
import { syncJobReader } from "../../shared/graph/synchronization.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { ok, scriptedHttp } from "../support/scripted-http.ts";
import { smallPolicy } from "../support/small-policy.ts";

describe("when the last cycle without errors of a synchronization job began", () => {
  const hour = (at: number) => `2026-11-22T0${at}:00:00Z`;
  const ran = (state: string, at: number) => ({ state, timeBegan: hour(at) });

  test.each<[string, object, string | null]>([
    ["is when it last ran", { lastExecution: ran("Succeeded", 5) }, hour(5)],
    [
      "does not count one that met trouble with single people: nobody knows with whom",
      { lastExecution: ran("EntryLevelErrors", 5), lastSuccessfulExecution: ran("Succeeded", 2) },
      hour(2),
    ],
    [
      "does not count one that failed as a whole",
      { lastExecution: ran("Failed", 5), lastSuccessfulExecution: ran("Succeeded", 2) },
      hour(2),
    ],
    [
      "is long ago for a job that never ran",
      { lastExecution: { state: "Succeeded", timeBegan: "0001-01-01T00:00:00Z" } },
      "0001-01-01T00:00:00Z",
    ],
    ["is not known when the job does not say", { lastExecution: null }, null],
    ["is not known when it says something else", { lastExecution: { timeBegan: "soon" } }, null],
  ])("%s", async (_, executions, expected) => {
    const { http } = scriptedHttp(() => ok({ status: { code: "Active", ...executions } }));
    const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http });
    const [target] = smallPolicy().targets;
    if (target === undefined) throw new Error("the small policy has no target");
    const { cycleBegan } = await syncJobReader(tenant).readStatus(target.sync, "low");
    expect(cycleBegan).toBe(expected === null ? null : Date.parse(expected));
  });
});
