import { expect, test } from "vitest";
import { smallWorld } from "../support/small-world.ts";
import { unnamed } from "../support/unnamed-account.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import { ana, hourMs, minuteMs, readersAtHome } from "../support/fixtures.ts";

test("left while nobody had found her account, and back at the very moment at which Graph is asked about the job: she is not said to be out after it is known that she is back", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  unnamed(world);
  await world.change(ana, readersAtHome, "in");
  await pass(5 * minuteMs);
  await world.change(ana, readersAtHome, "out");
  const { readStatus } = world.provisioner;
  let backAt = 0;
  Object.assign(world.provisioner, {
    async readStatus(...question: Parameters<typeof readStatus>) {
      const answer = await readStatus(...question);
      if (backAt === 0) {
        // The answer takes a few seconds.
        await world.change(ana, readersAtHome, "in");
        backAt = world.now();
      }
      return answer;
    },
  });
  await pass(hourMs);
  expect(backAt).toBeGreaterThan(0);
  expect((await world.recordOf(ana))?.leaving).toBeNull();
  expect(world.leaveProofs().filter(({ at }) => at >= backAt)).toEqual([]);
});
