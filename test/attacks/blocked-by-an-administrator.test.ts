import { expect, test } from "vitest";
import { findings } from "../../shared/state/findings.ts";
import { smallWorld } from "../support/small-world.ts";
import { ana, hourMs, readersAtHome, responders, respondersAtHome } from "../support/fixtures.ts";

test("an administrator of the target blocks her account: Muster leaves it so and says so, until it is unblocked or she leaves", async () => {
  const world = smallWorld();
  const shown = async () =>
    (await findings(world.tables.findings.client).all()).map(({ kind, over }) => ({
      kind,
      is: over === null ? "open" : "over",
    }));
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  const [id = "", account] = [...world.contoso.accounts].at(0) ?? [];
  if (account === undefined) throw new Error("she has no account in contoso");
  const set = (enabled: boolean) => world.contoso.accounts.set(id, { ...account, enabled });

  set(false);
  await world.change(ana, respondersAtHome, "in");
  await world.wait(2 * hourMs);
  // What she is to have she has, for when it is unblocked.
  expect(world.contoso.members.get(responders.grant.group)?.has(id)).toBe(true);
  expect(world.contoso.accounts.get(id)).toMatchObject({ enabled: false });
  expect(world.parked.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("is blocked, and not by Muster"),
  ]);
  expect(await shown()).toEqual([{ kind: "blocked-account", is: "open" }]);

  set(true);
  await world.wait(2 * hourMs);
  expect(await shown()).toEqual([{ kind: "blocked-account", is: "over" }]);

  set(false);
  await world.change(ana, respondersAtHome, "out");
  await world.wait(2 * hourMs);
  expect((await shown()).filter(({ is }) => is === "open")).toEqual([
    { kind: "blocked-account", is: "open" },
  ]);
  await world.change(ana, readersAtHome, "out");
  await world.wait(2 * hourMs);
  expect((await shown()).filter(({ is }) => is === "open")).toEqual([]);
  expect(world.leaveProofs().map(({ target }) => target)).toContain("contoso");
});
