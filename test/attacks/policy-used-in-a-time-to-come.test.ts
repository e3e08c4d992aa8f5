import { expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import { policyInForce, type PolicyNow } from "../../shared/reconcile/run/policy-in-force.ts";
import { marks } from "../../shared/state/marks.ts";
import { memoryTable } from "../support/memory-table.ts";
import { hourMs, minuteMs, now as start } from "../support/fixtures.ts";

/**
 * Which policy is in force is asked before the first call of Graph, so a host that has just started goes by its own clock. One that is hours
 * ahead notes that the new policy was used at a time to come. No other host corrects that, because since then no time has passed; and when
 * the deployment is taken back, every host with the old policy counts as behind, not for ten minutes but until that time has come. All
 * keys are put back until then: whoever leaves stays in everywhere.
 */
test("a policy that a host with a clock ahead has used is out of force ten minutes after it was rolled back", async () => {
  const mark = marks(memoryTable("Marks").client).policy;
  let time = start;
  const nothing = {} as Policy; // what a policy says plays no part here
  const ask = (mine: PolicyNow) =>
    policyInForce({
      load: async () => mine,
      mark,
      onNews: async () => undefined,
      heed: () => undefined,
      now: () => time,
    }).then(
      ({ hash }) => hash,
      (error: unknown) => String(error),
    );
  const before: PolicyNow = { policy: nothing, hash: "old", changedAt: start - 2 * hourMs };
  const next: PolicyNow = { policy: nothing, hash: "next", changedAt: start - hourMs };
  expect(await ask(before)).toBe("old");
  // A host with the new one starts, six hours ahead; then its clock is set right, and others with it are at work.
  time = start + 6 * hourMs;
  expect(await ask(next)).toBe("next");
  for (let minutes = 0; minutes < 30; minutes += 1) {
    time = start + minutes * minuteMs;
    expect(await ask(next)).toBe("next");
  }
  // It is taken back: nobody has the new one any more.
  time = start + hourMs;
  expect(await ask(before)).toBe("old");
});
