import { describe, expect, test } from "vitest";
import { eligibleWriter } from "../../shared/graph/grants/eligible-grants.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { eligibleFor, withGrants } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { eachPart, ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { settledReaders, tenPeople } from "../support/crowd.ts";
import {
  ana,
  anasAccount,
  dayMs,
  hourMs,
  hunters,
  reader,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/fixtures.ts";

const group = hunters.grant.group;

/*
 * A leaver who is active, and whose eligibility PIM does not end because another request of theirs is pending: the activation is a
 * matter of its own, and what can be ended of it is what lets them in right now.
 */
test("an activation is ended although the eligibility behind it cannot be ended yet", async () => {
  const posts: string[] = [];
  const answer = eachPart(({ method, url }) => {
    if (method === "GET")
      return ok({
        value: [
          { id: "i", groupId: group, accessId: "member", endDateTime: null, assignmentType: "activated" },
        ],
      });
    posts.push(url);
    return url.includes("eligibilitySchedule")
      ? refused(400, { code: "PendingRoleAssignmentRequest", message: "There is already a pending request." })
      : { status: 201, headers: {}, body: { status: "Revoked" } };
  });
  const tenant = graphTenant({
    tenantId: "t",
    url: "https://graph.example",
    http: scriptedHttp(answer).http,
  });
  const grant = { kind: "eligible", group, duration: "P365D" } as const;
  const came = await eligibleWriter(tenant).take(grant, anasAccount, {
    priority: "high",
    sendBefore: Date.now() + 20_000,
  });
  expect(came.result).toBe("not-yet");
  expect(posts).toContainEqual(expect.stringContaining("/assignmentScheduleRequests"));
});

describe("what ends by itself", () => {
  /*
   * Somebody empties the role group, and nobody is to lose anything before a person has looked. What they are eligible for is given for
   * a time, and is not renewed meanwhile.
   */
  test("does not end for people who are kept in a role", async () => {
    const world = await settledReaders(tenPeople);
    world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group, "P14D")]));
    await world.pass(2 * hourMs);
    const isEligible = () =>
      [...(world.contoso.eligible.get(group)?.values() ?? [])].filter(
        (end) => end === undefined || end > world.now(),
      ).length;
    expect(isEligible()).toBe(10);
    await world.dropAtOnce(tenPeople);
    await world.pass(15 * dayMs);
    expect(world.inside()).toHaveLength(10);
    expect(isEligible()).toBe(10);
  });

  /** An administrator made them eligible for three days before they became an analyst; the list says until when. */
  test("is looked at when it ends, although somebody else gave it", async () => {
    const world = smallWorld();
    await world.change(ana, readersAtHome, "in");
    await world.wait(hourMs);
    const [account = ""] = [...world.contoso.accounts.keys()];
    world.contoso.eligible.get(group)?.set(account, world.now() + 3 * dayMs);
    world.setPolicy(withGrants(responder, (given) => [...given, eligibleFor(group)]));
    await world.change(ana, respondersAtHome, "in");
    await world.wait(3 * dayMs);
    if ((world.contoso.eligible.get(group)?.get(account) ?? Infinity) <= world.now())
      world.contoso.eligible.get(group)?.delete(account);
    await world.wait(dayMs);
    expect(world.contoso.eligible.get(group)?.has(account)).toBe(true);
  });
});
