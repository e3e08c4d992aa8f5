import { expect, test } from "vitest";
import { roleNameSchema } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { person } from "../support/crowd.ts";
import { byId, smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { contoso, dayMs, hourMs, readers } from "../support/world.ts";

const people = Array.from({ length: 8 }, (_, n) => person(n + 1));
const title = (n: number) => `Analyst ${String(n)}`;

/** A role for each of eight desks, each of which one person sits at. */
function desks(): Policy {
  const policy = smallPolicy();
  const names = people.map((_, n) => roleNameSchema.parse(`desk-${String(n)}`));
  return {
    ...policy,
    roles: names.map((name, n) => ({
      name,
      holders: { kind: "attributes", attributes: { department: "SOC", jobTitle: title(n) } },
    })),
    targets: policy.targets.map((target) => ({
      ...target,
      grants:
        target.name === contoso ? names.map((role) => ({ role, groups: [byId(readers.grant.group)] })) : [],
    })),
  };
}

async function eightAtTheirDesks() {
  const world = smallWorld();
  world.setPolicy(desks());
  const pass = withCatchUp(world);
  for (const [n, id] of people.entries()) {
    world.addUser(id, { attributes: { department: "SOC", jobTitle: title(n) } });
    await world.deliver(eventAbout(id, world.now()));
  }
  await pass(hourMs);
  const inside = () => world.contoso.members.get(readers.grant.group)?.size;
  expect(inside()).toBe(8);
  return { ...world, pass, inside };
}

test("an import renames the department of eight people, each of whom has a role of their own: they do not all lose their accounts", async () => {
  const world = await eightAtTheirDesks();
  for (const [n, id] of people.entries())
    world.addUser(id, { attributes: { department: "Security", jobTitle: title(n) } });
  for (const id of people) await world.deliver(eventAbout(id, world.now()));
  await world.pass(dayMs);
  expect(world.inside()).toBeGreaterThan(0);
});

test("an edit cuts all roles but one from the policy, each of which one person has: they do not all lose their accounts", async () => {
  const world = await eightAtTheirDesks();
  const policy = desks();
  world.setPolicy({
    ...policy,
    roles: policy.roles.slice(0, 1),
    targets: policy.targets.map((target) => ({ ...target, grants: target.grants.slice(0, 1) })),
  });
  await world.pass(dayMs);
  expect(world.inside()).toBeGreaterThan(1);
});
