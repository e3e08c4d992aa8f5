import { expect, test } from "vitest";
import { complete } from "../support/memory-tenant.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readers, readersAtHome, respondersAtHome } from "../support/fixtures.ts";

test("taken back by Muster, given anew by the target's administrator, and wanted again on an account that is in the recycle bin, which a replica still shows: what was given by hand stays when she loses the role", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const members = () => world.contoso.members.get(readers.grant.group);
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  const [account] = world.contoso.accounts.values();
  if (account === undefined) throw new Error("she has no account");
  await world.change(ana, readersAtHome, "out");
  await pass(10 * minuteMs);
  members()?.add(account.id);
  // She leaves, and the account goes into the recycle bin with what the administrator gave.
  await world.change(ana, respondersAtHome, "out");
  await pass(10 * minuteMs);
  expect(world.contoso.accounts.get(account.id)?.state).toBe("recycled");
  // The replica that is asked is behind, and the write meets the present.
  world.contoso.next("readAccount", async () => ({ kind: "present", account }));
  world.contoso.next("isMember", async () => true);
  for (const _ of ["the look", "the question before the write"])
    world.contoso.next("listMemberOf", async () => complete([readers.grant.group]));
  await world.change(ana, readersAtHome, "in");
  await pass(minuteMs);
  const grants = world.entries.flatMap(({ steps }) => steps.filter(({ step }) => step.kind === "grant"));
  expect(grants.slice(-2).map(({ result, detail }) => [result, detail])).toEqual([
    ["waiting", expect.stringContaining("404")],
    ["already", "somebody else granted it; it is not Muster's"],
  ]);
  expect(world.contoso.accounts.get(account.id)?.state).toBe("live");
  await world.change(ana, respondersAtHome, "in");
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect([...(members() ?? [])]).toEqual([account.id]);
});
