import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { person } from "../support/crowd.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { dayMs, hourMs } from "../support/fixtures.ts";

/**
 * Two roles go by attributes, and Graph answers the question who has those of the first with an error: a directory of that size takes longer
 * than a call may, say. The comparison ends there, each time, and never comes to the second role. Ben gets the attributes of that one and
 * no notification says so. No delta helps, because he is not known; so he never gets his role, though Graph would name him at once.
 */
test("a joiner by attributes whom nobody announced gets in although the list of another role cannot be read", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const policy = smallPolicy();
  const byCity = { kind: "attributes", attributes: { city: "Bern" } } as const;
  // Hunters go by attributes as well, and are compared first.
  const roles = policy.roles.map((role) => (role.name === "reader" ? { ...role, holders: byCity } : role));
  world.setPolicy({ ...policy, roles });
  const { listByAttributes } = world.source.reader;
  let asked = 0;
  const isHard = (attributes: Readonly<Record<string, string>>) => "jobTitle" in attributes;
  Object.assign(world.source.reader, {
    listByAttributes: (...question: Parameters<typeof listByAttributes>) => {
      asked += 1;
      return isHard(question[0])
        ? Promise.reject(graphFailure(504, { template: "/users" }))
        : listByAttributes(...question);
    },
  });
  await pass(3 * hourMs);
  expect(asked).toBeGreaterThan(0);
  const ben = person(31);
  world.addUser(ben, { attributes: { city: "Bern" } });
  await pass(2 * dayMs);
  expect(await world.recordOf(ben)).toMatchObject({ roles: [{ role: "reader" }] });
}, 60_000);
