import { beforeEach, expect, test } from "vitest";
import { keepSubscriptions } from "../../shared/reconcile/events/subscribe.ts";
import { findings } from "../../shared/state/findings.ts";
import { subscriptionRows } from "../../shared/state/subscription-rows.ts";
import { memoryGraph, type MemoryGraph } from "../support/memory-subscriptions.ts";
import { memoryTable } from "../support/memory-table.ts";
import { policyNow, smallPolicy } from "../support/small-policy.ts";
import { hourMs, minuteMs, now as start } from "../support/fixtures.ts";

/**
 * A host whose clock is ahead renews a subscription before Graph has told it the time: where roles go by attributes alone, that is its first
 * call. The renewal is on record as of a time to come. Until then, no host renews the subscription, neither after 45 minutes nor when Graph
 * asks for it, and Graph stops to announce anything an hour after the last call; and nobody is told, because by the record it is well.
 */
const aheadMs = 20 * hourMs;

let app: { now: number; graph: MemoryGraph; rows: ReturnType<typeof subscriptionRows>; wishes: string[] };
beforeEach(async () => {
  app = {
    now: start,
    graph: memoryGraph(),
    rows: subscriptionRows(memoryTable("Subscriptions").client),
    wishes: [],
  };
});

const table = findings(memoryTable("Findings").client);
const keep = () =>
  keepSubscriptions({
    policy: async () => policyNow({ ...smallPolicy(), roles: [] }),
    reader: { listMembers: async () => ({ items: [], groups: [], completeness: { kind: "complete" } }) },
    catchUp: async (why) => void app.wishes.push(why),
    groups: { find: async () => ({ kind: "not-found", reason: "", advice: "" }) },
    graph: app.graph,
    rows: app.rows,
    findings: table,
    notificationUrl: "https://muster.example/api/notifications",
    newClientState: () => "secret",
    now: () => app.now,
  });
const renewals = () => app.graph.calls.filter((call) => call.startsWith("renew ")).length;

/** Made an hour ago, and renewed a moment ago by a host that is ahead. */
async function renewedAhead() {
  await keep();
  app.now += hourMs;
  const right = app.now;
  app.now += aheadMs;
  await keep();
  expect(renewals()).toBe(1);
  app.now = right;
}

test("a subscription that a host ahead of its time has renewed is renewed again before its hour is over", async () => {
  await renewedAhead();
  for (let minutes = 0; minutes < 60; minutes += 5) {
    app.now += 5 * minuteMs;
    await keep();
  }
  expect(renewals()).toBeGreaterThan(1);
});

test("a subscription that a host ahead of its time has renewed is renewed when Graph asks for it", async () => {
  await renewedAhead();
  app.now += 40 * minuteMs;
  await app.rows.change("users", (row) => ({ ...row, expiresAt: 0 }));
  await keep();
  expect(renewals()).toBe(2);
});
