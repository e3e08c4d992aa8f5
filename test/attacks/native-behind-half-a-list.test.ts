import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { eligibleFor, withGrants } from "../support/small-policy.ts";
import { eventAbout, smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const half = { items: [], completeness: { kind: "partial", why: "the second page was 503" } } as const;
const stumbles = () => Promise.reject(graphFailure(503));

/** Ana has had an account by Muster's doing for a while. */
async function scene(): Promise<{ readonly world: SmallWorld; readonly account: string }> {
  const world = smallWorld();
  await world.change(ana, readersAtHome, "in");
  await world.wait(dayMs);
  return { world, account: [...world.contoso.accounts.keys()][0] ?? "" };
}

test("whom an administrator made a member keeps it, also when it could not be read and the first call stumbled", async () => {
  const { world, account } = await scene();
  const members = world.contoso.members.get(responders.grant.group);
  members?.add(account);
  await world.wait(dayMs);
  world.contoso.always("listMemberOf", async () => half);
  world.contoso.always("grant", stumbles);
  await world.change(ana, respondersAtHome, "in");
  await world.wait(1_000);
  world.contoso.always("listMemberOf", async (go) => go());
  world.contoso.always("grant", async (go) => go());
  await world.wait(hourMs);
  await world.change(ana, respondersAtHome, "out");
  await world.wait(hourMs);
  expect(members?.has(account)).toBe(true);
});

test("whom an administrator made eligible stays so, also when it could not be read and the first call stumbled", async () => {
  const { world, account } = await scene();
  const { group } = hunters.grant;
  const eligible = world.contoso.eligible.get(group);
  eligible?.set(account, undefined);
  await world.wait(dayMs);
  world.contoso.always("readEligible", async () => ({
    eligible: half,
    active: complete([]),
    endsAt: () => undefined,
  }));
  world.contoso.next("makeEligible", stumbles);
  world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(group)]));
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(minuteMs);
  world.contoso.always("readEligible", async (go) => go());
  await world.wait(hourMs);
  world.setPolicy(withGrants(reader, (given) => given));
  await world.deliver(eventAbout(ana, world.now()));
  await world.wait(hourMs);
  expect(eligible?.has(account)).toBe(true);
});

test("who is not a member is given the group although their memberships cannot be read to the end", async () => {
  const { world, account } = await scene();
  world.contoso.always("listMemberOf", async () => half);
  await world.change(ana, respondersAtHome, "in");
  await world.wait(minuteMs);
  expect(world.contoso.members.get(responders.grant.group)?.has(account)).toBe(true);
});

test("what PIM does not answer keeps nobody from the groups of a new role", async () => {
  const world = smallWorld();
  world.setPolicy(withGrants(reader, (given) => [...given, eligibleFor(hunters.grant.group)]));
  world.contoso.always("readEligible", () => Promise.reject(graphFailure(403)));
  await world.change(ana, readersAtHome, "in");
  await world.wait(10 * minuteMs);
  expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
});
