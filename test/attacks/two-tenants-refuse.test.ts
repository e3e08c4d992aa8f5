import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  ben,
  contosoTenant,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  readersAtHome,
} from "../support/fixtures.ts";

test("the source refuses to tell of the synchronization job, and a day later the target refuses everything: people are told of both", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  await world.change(ben, readersAtHome, "in");
  await pass(hourMs);
  for (let tries = 0; tries < 100; tries += 1)
    world.provisioner.next(() => ({ kind: "not-in-scope", detail: "the user is not assigned" }));
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  const template = "/servicePrincipals/{id}/synchronization/jobs/{id}";
  Object.assign(world.provisioner, {
    readStatus: async () => {
      throw graphFailure(403, { template, tenantId: "the source" });
    },
  });
  await world.change(ana, readersAtHome, "out");
  await pass(dayMs);
  expect(world.parked).toHaveLength(1);
  const refused = async () => {
    throw graphFailure(403, { tenantId: contosoTenant });
  };
  world.contoso.always("readAccount", refused);
  world.contoso.always("listMemberOf", refused);
  world.contoso.always("findByStamp", refused);
  world.source.users.set(ben, {
    ...world.userOf(ben),
    attributes: { department: "SOC", jobTitle: "Threat Hunter" },
  });
  await pass(dayMs);
  expect(world.parked.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("the source"),
    expect.stringContaining(contosoTenant),
  ]);
});

test("the source refuses to take anybody into the scope group, and so does the target's group for an hour: who waited for the target gets their role when it is over there", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.addUser(ben);
  await world.change(ben, readersAtHome, "in");
  await pass(hourMs);
  const template = "/groups/{id}/members/$ref";
  const refusedBy = (tenantId: string) => async () => {
    throw graphFailure(403, { method: "POST", template, tenantId });
  };
  world.source.always("joinScope", refusedBy("the source"));
  await world.change(ana, readersAtHome, "in");
  await pass(10 * minuteMs);
  expect(world.parked).toHaveLength(1);
  let isShut = true;
  world.contoso.always("grant", async (go) => (isShut ? refusedBy(contosoTenant)() : go()));
  world.source.users.set(ben, {
    ...world.userOf(ben),
    attributes: { department: "SOC", jobTitle: "Threat Hunter" },
  });
  await pass(hourMs);
  isShut = false;
  await pass(dayMs);
  expect(world.parked.filter(({ reason }) => reason.includes(contosoTenant))).toHaveLength(1);
  expect(world.contoso.members.get(hunters.grant.group)?.size).toBe(1);
});
