import { beforeEach, describe, expect, test } from "vitest";
import type { ProvisionResult } from "../../shared/graph/provision-result.ts";
import { analystIdSchema } from "../../shared/model/ids.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  groupId,
  longAgo,
  minuteMs,
  readers,
  readersAtHome,
} from "../support/fixtures.ts";

const scope = groupId(9);
const second = 1_000;

let world: SmallWorld;
beforeEach(() => {
  world = smallWorld();
});

const join = () => world.change(ana, readersAtHome, "in");
const settle = () => world.wait(0);
const pair = () => world.pairOf(contosoTenant, ana);
const isReader = () => world.contoso.members.get(readers.grant.group)?.size === 1;
const notInScope: ProvisionResult = { kind: "not-in-scope", detail: "the user is not assigned" };
const answers = (...results: readonly ProvisionResult[]) => {
  for (const result of results) world.provisioner.next(() => result);
};

/** When sync was asked, in seconds from now on, while so much time passes. */
async function askedWithin(ms: number): Promise<readonly number[]> {
  const from = world.now();
  const times: number[] = [];
  for (let passed = 0; passed <= ms; passed += second) {
    const before = world.provisioner.asked.length;
    await world.until(from + passed);
    if (world.provisioner.asked.length > before) times.push(passed / second);
  }
  return times;
}

describe("while sync does not see the analyst in scope yet", () => {
  test("it is asked at once, and then at intervals, and nothing counts as failed", async () => {
    answers(...Array.from({ length: 20 }, () => notInScope));
    await join();
    expect(await askedWithin(8 * minuteMs)).toEqual([0, 45, 75, 105, 135, 165, 195, 240, 300, 420]);
    expect(world.parked).toEqual([]);
    expect((await world.state.pairs.read({ partitionKey: contosoTenant, rowKey: ana }))?.clock.attempts).toBe(
      0,
    );
  });

  test("the 40-minute cycle may be sooner: its account is found by its stamp within five minutes", async () => {
    answers(...Array.from({ length: 20 }, () => notInScope));
    await join();
    await world.wait(11 * minuteMs);
    world.contoso.create(ana);
    await world.wait(5 * minuteMs);
    expect(isReader()).toBe(true);
    expect((await pair())?.account).toMatchObject({ proof: "stamp", origin: "created" });
  });

  test("a call that was throttled or lost says nothing about the scope, and is not counted", async () => {
    for (let count = 0; count < 3; count += 1)
      world.provisioner.next(() => {
        throw graphFailure(429, { retryAfterMs: second });
      });
    answers(notInScope);
    await join();
    await world.wait(20 * second);
    expect((await pair())?.asked.tries).toBe(1);
  });

  test("a call that was not sent in time for its turn is made when there is another, a moment later", async () => {
    answers(notInScope, notInScope, notInScope);
    world.provisioner.next(() => {
      throw graphFailure(0, { code: "late" });
    });
    answers(notInScope);
    await join();
    expect(await askedWithin(2 * minuteMs)).toEqual([0, 45, 75, 105, 108]);
  });

  test("what was counted is forgotten when the account is there", async () => {
    answers(notInScope, notInScope);
    await join();
    await world.wait(20 * minuteMs);
    expect(isReader()).toBe(true);
    expect((await pair())?.asked).toEqual({ tries: 0, scopedAt: null });
  });
});

describe("an account that on-demand provisioning names", () => {
  test("and made is Muster's own", async () => {
    await join();
    await settle();
    expect((await pair())?.account).toMatchObject({
      proof: "provisioned",
      origin: "created",
      aliveAt: world.now(),
    });
  });

  test("and found there is Muster's own when it is younger than the scope: a call before must have made it", async () => {
    world.provisioner.next(() => {
      world.contoso.create(ana, { stamp: null });
      throw graphFailure(0);
    });
    await join();
    await settle();
    const [made] = world.contoso.accounts.keys();
    answers({
      kind: "provisioned",
      account: [...world.contoso.accounts.values()][0]?.id ?? never(),
      origin: "matched",
    });
    await world.wait(2 * minuteMs);
    expect((await pair())?.account).toMatchObject({ accountId: made, origin: "created" });
  });

  test("and found there is somebody else's when it is older than the scope", async () => {
    const account = world.contoso.create(ana, { createdAt: longAgo, stamp: null });
    answers({ kind: "provisioned", account, origin: "matched" });
    await join();
    await settle();
    expect((await pair())?.account).toMatchObject({ accountId: account, origin: "before" });
  });

  test("is not Muster's own when somebody else put the analyst in scope", async () => {
    world.source.members.get(scope)?.add(ana);
    await join();
    await settle();
    expect((await pair())?.account).toMatchObject({ origin: "before" });
  });

  test("and cannot be seen yet is looked for a little later", async () => {
    const account = world.contoso.create(ana, { stamp: null, createdAt: world.now() });
    answers({ kind: "provisioned", account, origin: "matched" });
    world.contoso.next("readAccount", async () => ({ kind: "none" }));
    await join();
    await settle();
    expect((await pair())?.account).toBeNull();
    answers({ kind: "provisioned", account, origin: "matched" });
    await world.wait(5 * minuteMs);
    expect((await pair())?.account?.accountId).toBe(account);
  });

  test("and does not name is found by its stamp", async () => {
    world.provisioner.next(() => {
      world.contoso.create(ana);
      return { kind: "unnamed" };
    });
    await join();
    await settle();
    expect(isReader()).toBe(false);
    await world.wait(3 * second);
    expect(isReader()).toBe(true);
    expect((await pair())?.account).toMatchObject({ proof: "stamp", origin: "created" });
  });
});

const never = (): never => {
  throw new Error("there is no account");
};

describe("the limit of on-demand provisioning, five in ten seconds for all hosts together,", () => {
  const people = Array.from({ length: 12 }, (_, index) =>
    analystIdSchema.parse(`a0000000-0000-4000-8000-0000000000${String(index + 10)}`),
  );

  test("is kept, and everybody has their turn", async () => {
    for (const id of people) {
      world.addUser(id);
      await world.change(id, readersAtHome, "in");
    }
    const times: number[] = [];
    for (let passed = 0; passed <= 60; passed += 1) {
      const before = world.provisioner.asked.length;
      await world.wait(passed === 0 ? 0 : second);
      times.push(...world.provisioner.asked.slice(before).map(() => passed));
    }
    expect(times).toHaveLength(people.length);
    for (const at of times)
      expect(times.filter((one) => one > at - 10 && one <= at).length).toBeLessThanOrEqual(5);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(people.length);
  });

  test("makes a call worthless whose turn came when the pair may have been another run's", async () => {
    const from = world.now();
    world.tables.slots.before("read", () => world.until(from + 25 * second));
    await join();
    await settle();
    expect(world.provisioner.asked).toMatchObject([{ limits: { sendBefore: from + 20 * second } }]);
  });

  test("makes a call worthless that is not sent within a quarter of a second of its turn", async () => {
    await join();
    await settle();
    expect(world.provisioner.asked).toMatchObject([
      { analyst: ana, limits: { sendBefore: world.now() + second / 4 } },
    ]);
  });
});

describe("provisioning that failed", () => {
  const failed = (code: string): ProvisionResult => ({ kind: "failed", code, detail: "the detail" });
  const failFor = async (code: string) => {
    answers(failed(code), failed(code), failed(code));
    await join();
    await world.wait(minuteMs);
  };

  test("because the job is in quarantine is the whole tenant's trouble, and says so", async () => {
    world.provisioner.quarantine = "TooManyDeletes";
    await failFor("Forbidden");
    expect(world.parked).toMatchObject([
      { reason: expect.stringContaining("in quarantine (TooManyDeletes)") },
    ]);
    expect(await world.state.troubles.list(contosoTenant)).toHaveLength(1);
  });

  test("because the tenants do not trust each other is the whole tenant's trouble", async () => {
    await failFor("AzureDirectoryB2BManagementPolicyCheckFailure");
    expect(world.parked).toMatchObject([{ reason: expect.stringContaining("do not trust each other") }]);
    expect(await world.state.troubles.list(contosoTenant)).toHaveLength(1);
  });

  test("for another reason is this analyst's own trouble", async () => {
    await failFor("InvalidUser");
    expect(world.parked).toMatchObject([{ reason: expect.stringContaining("InvalidUser: the detail") }]);
    expect(await world.state.troubles.list(contosoTenant)).toEqual([]);
  });

  test("is tried again, and is over when it works", async () => {
    await failFor("InvalidUser");
    await world.wait(6 * 60 * minuteMs);
    expect(isReader()).toBe(true);
  });
});
