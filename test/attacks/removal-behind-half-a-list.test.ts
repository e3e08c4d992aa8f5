import { expect, test } from "vitest";
import { type Papers, liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { assigned, smallPolicy, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, contosoTenant, dayMs, hourMs, minuteMs, reader, readersAtHome } from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");

/** Found by the referee: `npm run soak -- schedules --family pull --first 652 --count 1`. */
test("who is back while a package is still being taken away is not proven to have it by half a list, and gets it anew", async () => {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.setPolicy({
    ...withGrants(reader, (given) => [...given, assigned("SOC Operator")]),
    leavers: { ...smallPolicy().leavers, deleteAfterMs: "never" },
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  world.contoso.packages.become("slow to go");
  await world.change(ana, readersAtHome, "out");
  await world.wait(minuteMs);
  const before = world.entries.length;
  world.contoso.packages.become("at once");
  // The list of requests breaks off before the one that is to take it away.
  world.contoso.always("readPapers", async (go) => {
    const papers = (await go()) as Papers;
    const isAddition = ({ requestType }: Papers["requests"][number]) => requestType === "adminadd";
    return {
      ...papers,
      requests: papers.requests.filter(isAddition),
      isComplete: false,
      hasAllRequests: false,
    };
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  expect(
    world.entries.slice(before).filter(({ kind, tenant }) => kind === "proof" && tenant === contosoTenant),
  ).toEqual([]);
  world.contoso.always("readPapers", async (go) => go());
  world.contoso.packages.decide("delivered");
  await world.wait(dayMs);
  const account = [...world.contoso.accounts.keys()][0] ?? "";
  expect(liveAssignment(papersOf(world.contoso.packages.papers(account), operator))?.state).toBe("delivered");
});
