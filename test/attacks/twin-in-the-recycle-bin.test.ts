import { describe, expect, test } from "vitest";
import {
  ana,
  ben,
  contosoTenant,
  dayMs,
  hourMs,
  minuteMs,
  readers,
  readersAtHome,
} from "../support/fixtures.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";

const holders = (world: SmallWorld) => [...(world.contoso.members.get(readers.grant.group) ?? [])];
const inContoso = (world: SmallWorld) =>
  world.provisioner.asked.filter(({ analyst }) => analyst === ana).length;

describe("an account of the joiner's that Muster knows nothing of is in the recycle bin", () => {
  async function joined() {
    const world = smallWorld();
    const pass = withCatchUp(world);
    world.contoso.create(ana, { state: "recycled", createdAt: 0 });
    await world.change(ana, readersAtHome, "in");
    await pass(10 * minuteMs);
    return { world, pass, twin: [...world.contoso.accounts.keys()] };
  }
  const restore = (world: SmallWorld) => {
    for (const [id, account] of world.contoso.accounts)
      world.contoso.accounts.set(id, { ...account, state: "live" });
  };

  test("nobody asks on-demand provisioning, which would make a second one; the cycle's is used, and goes with her", async () => {
    const { world, pass, twin } = await joined();
    expect(inContoso(world)).toBe(0);
    expect([...world.contoso.accounts.keys()]).toEqual(twin);
    restore(world);
    await pass(10 * minuteMs);
    expect(holders(world)).toEqual(twin);
    expect(world.parked).toEqual([]);
    await world.change(ana, readersAtHome, "out");
    await pass(2 * hourMs);
    expect([...world.contoso.accounts.values()]).toMatchObject([{ state: "recycled" }]);
    expect(world.leaveProofs().at(-1)).toBeDefined();
  });

  test("she leaves before the cycle: she is out of scope, nothing was given, and that is proven", async () => {
    const { world, pass, twin } = await joined();
    await world.change(ana, readersAtHome, "out");
    await pass(2 * hourMs);
    expect([...world.contoso.accounts.keys()]).toEqual(twin);
    expect((await world.pairOf(contosoTenant, ana))?.twin).toBeNull();
    expect(world.leaveProofs().map(({ target }) => target)).toEqual(["contoso"]);
  });

  test("no cycle restores it: people hear once which account to restore or to purge, and a purge helps", async () => {
    const { world, pass, twin } = await joined();
    await pass(dayMs);
    expect(inContoso(world)).toBe(0);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(`^contoso: the account ${twin.join()} of .* is in the recycle bin`),
    ]);
    world.contoso.accounts.clear();
    await pass(dayMs);
    expect(holders(world)).toHaveLength(1);
  });
});

describe("two source users with one mail, of whom sync makes one account", () => {
  async function sharing() {
    const world = smallWorld();
    const pass = withCatchUp(world);
    world.addUser(ben);
    await world.change(ben, readersAtHome, "in");
    await pass(30 * minuteMs);
    const [id] = world.contoso.accounts.keys();
    const account = world.contoso.accounts.get(id ?? expect.fail()) ?? expect.fail();
    return { world, pass, account };
  }

  test("who joins gets nothing on the other's account, whatever its stamp says by then; people hear what to do", async () => {
    const { world, pass, account } = await sharing();
    world.provisioner.next(() => {
      world.contoso.accounts.set(account.id, { ...account, stamp: ana });
      return { kind: "provisioned", account: account.id, origin: "matched" };
    });
    await world.change(ana, readersAtHome, "in");
    await pass(2 * hourMs);
    const pair = await world.pairOf(contosoTenant, ana);
    expect(pair?.account).toBeNull();
    expect(pair?.ledger.filter(({ item }) => item.kind === "grant")).toEqual([]);
    expect(holders(world)).toEqual([account.id]);
    const told = world.parked.map(({ reason, advice }) => `${reason}; ${advice}`);
    expect(told).toEqual([
      expect.stringMatching(/^contoso: .*it is the one of .* as well.*a mail of their own/),
    ]);
  });

  test("who is found by the stamp only, after a cycle, gets nothing either; and is not proven out while the account is enabled", async () => {
    const { world, pass, account } = await sharing();
    world.contoso.accounts.set(account.id, { ...account, stamp: ana });
    await world.change(ana, readersAtHome, "in");
    await pass(hourMs);
    expect((await world.pairOf(contosoTenant, ana))?.account).toBeNull();
    await world.change(ana, readersAtHome, "out");
    await pass(2 * hourMs);
    expect(world.contoso.accounts.get(account.id)).toMatchObject({ state: "live", enabled: true });
    expect(world.leaveProofs().filter(({ target }) => target === "contoso")).toEqual([]);
  });
});

test("the account that sync names carries somebody else's stamp: the joiner gets nothing there, and people hear of it", async () => {
  const world = smallWorld();
  const pass = withCatchUp(world);
  const theirs = world.contoso.create(ben, { createdAt: 0 });
  world.provisioner.next(() => ({ kind: "provisioned", account: theirs, origin: "matched" }));
  await world.change(ana, readersAtHome, "in");
  await pass(2 * hourMs);
  expect(holders(world)).toEqual([]);
  expect(world.parked.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^contoso: .*is not proven to be theirs \(its stamp names/),
  ]);
});
