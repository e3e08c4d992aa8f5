import { describe, expect, test } from "vitest";
import type { Papers, Request } from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, eligibleFor, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, dayMs, hourMs, hunters, reader, readersAtHome } from "../support/fixtures.ts";

const group = hunters.grant.group;
const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

/*
 * Half of the time is counted from when it was first given, which renewing does not move: the pauses are halved every time, and once
 * it has been given for longer than it lasts, it is due again as soon as it was renewed.
 */
describe("what is given for a week or less", () => {
  test.each([
    ["P1D", dayMs],
    ["P7D", 7 * dayMs],
  ])("is renewed when half of %s has passed, and not at every look", async (duration, lastsMs) => {
    const world = smallWorld();
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group, duration)]));
    await world.change(ana, readersAtHome, "in");
    await world.wait(lastsMs + 2 * hourMs);
    expect(world.contoso.writes.filter((one) => one.startsWith("renew ")).length).toBeLessThanOrEqual(3);
  });
});

/** Ana has a package for thirty days, and its renewal has become due; `becomes` is what comes of the request for it. */
async function renewing(becomes: "pendingapproval" | "denied") {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  const terms = { expires: "P30D", renew: true };
  world.setPolicy(withGrants(reader, (given) => [...given, assigned("SOC Operator", terms)]));
  const asked: Request[] = [];
  let calls = 0;
  world.contoso.always("readPapers", async (go) => {
    const papers = (await go()) as Papers;
    return { ...papers, requests: [...papers.requests, ...asked] };
  });
  world.contoso.always("renewPackage", async () => {
    await Promise.resolve();
    calls += 1;
    const isOpen = asked.some(({ state }) => state === "pendingapproval");
    if (!isOpen)
      asked.push({
        id: `update-${asked.length + 1}`,
        requestType: "adminupdate",
        state: becomes,
        createdDateTime: new Date(world.now()).toISOString(),
        accessPackage: { id: operator },
        justification: "Muster: as the policy says",
      });
    return { result: isOpen ? "already" : "done", appliedBefore: "no", trace: null };
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(23 * dayMs + 3 * hourMs);
  return { ...world, calls: () => calls };
}

/*
 * An assignment policy may want approval for updates, too (isApprovalRequiredForUpdate), and approvers have up to fourteen days. The
 * assignment stays `delivered` with its old end all that time.
 */
test("a renewal that waits for approval is asked for once", async () => {
  const world = await renewing("pendingapproval");
  expect(world.calls()).toBe(1);
});

/** Every request is a mail to every approver. */
test("a renewal that was denied is not asked for again, and people hear of it", async () => {
  const world = await renewing("denied");
  expect(world.calls()).toBe(1);
  expect(world.parked.map(({ reason }) => reason)).toEqual([expect.stringContaining("update-1")]);
});
