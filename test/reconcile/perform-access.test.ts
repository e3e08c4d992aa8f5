import { subjectOf } from "../../shared/model/grant.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { GraphError } from "../../shared/graph/error.ts";
import type { AnalystRecord } from "../../shared/model/analyst.ts";
import type { AccountId } from "../../shared/model/ids.ts";
import type { LedgerRow, LedgerState } from "../../shared/model/ledger.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { analystRow } from "../../shared/state/analysts.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import {
  ana,
  contosoTenant,
  groupId,
  longAgo,
  minuteMs,
  readers,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

const second = 1_000;

let world: SmallWorld;
beforeEach(() => {
  world = smallWorld();
});

const pair = async () => {
  const known = await world.pairOf(contosoTenant, ana);
  if (known === null) throw new Error("nothing is remembered of the pair");
  return known;
};
const stateOf = (ledger: readonly LedgerRow[], group: string): LedgerState | undefined =>
  ledger.find(({ item }) => subjectOf(item.kind === "grant" ? item.grant : item.scope) === group)?.entry
    .state;
const ledgerSays = async (group: string) => stateOf((await pair()).ledger, group);
const scope = groupId(9);

/** Another run takes the pair over, as it does when a link drops and a second worker gets the session. */
const takeOver = () => world.state.pairs.claim(pairRow(contosoTenant, ana), (state) => state);
const join = (group = readersAtHome) => world.change(ana, group, "in");
/** Lets whatever is under way come to its end at once. */
const settle = () => world.wait(0);
const proofs = () => world.entries.filter(({ kind, tenant }) => kind === "proof" && tenant === contosoTenant);
const writesTo = (name: string) => world.contoso.writes.filter((write) => write.startsWith(name));

/** Ana is in Contoso, and it is long ago. */
async function belong(...groups: readonly (typeof readersAtHome)[]): Promise<AccountId> {
  for (const group of groups.length > 0 ? groups : [readersAtHome]) await join(group);
  await world.wait(20 * minuteMs);
  world.contoso.writes.length = 0;
  world.entries.length = 0;
  const { account } = await pair();
  if (account === null) throw new Error("there is no account");
  return account.accountId;
}

describe("the steps of one stage", () => {
  test("have their intents on record before any of the calls, and their results after all of them", async () => {
    const seen: (readonly (LedgerState | undefined)[])[] = [];
    const note = async () => {
      const { ledger } = await pair();
      seen.push([readers, responders].map(({ grant }) => stateOf(ledger, grant.group)));
    };
    for (let count = 0; count < 2; count += 1)
      world.contoso.next("grant", async (call) => {
        await note();
        const answer = await call();
        await note();
        return answer;
      });
    world.source.members.get(respondersAtHome)?.add(ana);
    await join();
    await settle();
    expect(seen).toEqual(Array.from({ length: 4 }, () => ["adding", "adding"]));
    await note();
    expect(seen.at(-1)).toEqual(["added", "added"]);
  });

  test("are recorded together: one write for all results, and one for the intents of the next stage", async () => {
    let writes = 0;
    const count = () =>
      world.tables.pairs.before("write", async () => {
        writes += 1;
        count();
      });
    await belong(readersAtHome, respondersAtHome);
    const between: number[] = [];
    world.contoso.next("revoke", async (call) => {
      count();
      return call();
    });
    world.source.next("leaveScope", async (call) => {
      between.push(writes);
      return call();
    });
    world.source.members.get(readersAtHome)?.delete(ana);
    await world.change(ana, respondersAtHome, "out");
    await settle();
    expect(writesTo("revoke")).toHaveLength(2);
    expect(between).toEqual([2]);
  });

  test("may be sent for twenty seconds after the claim was checked, and no longer", async () => {
    await join();
    await settle();
    const all = [...world.contoso.limits, ...world.source.limits.slice(1)];
    expect(all.length).toBeGreaterThan(1);
    for (const { sendBefore } of all) expect(sendBefore).toBe(world.now() + 20 * second);
  });

  test("of a leaver are more urgent than those of a joiner", async () => {
    await belong();
    expect(new Set(world.contoso.limits.map(({ priority }) => priority))).toEqual(new Set(["normal"]));
    world.contoso.limits.length = 0;
    await world.change(ana, readersAtHome, "out");
    await settle();
    expect(new Set(world.contoso.limits.map(({ priority }) => priority))).toEqual(new Set(["high"]));
  });
});

const failMissing = (): never => {
  throw new Error("nothing was sent");
};

describe("a second run that takes the pair over", () => {
  test("before the intent is written makes the first write nothing to Graph", async () => {
    world.source.next("readMemberships", (call) => call());
    await join();
    world.contoso.next("findByStamp", async (call) => {
      await takeOver();
      return call();
    });
    await world.deliver(world.sent.shift() ?? failMissing());
    expect(world.source.writes.filter((write) => write.startsWith("joinScope"))).toEqual([]);
    expect(world.contoso.accounts.size).toBe(0);
    expect(world.parked).toEqual([]);
  });

  test("between intent and result makes the first write nothing more", async () => {
    await belong(readersAtHome, respondersAtHome);
    world.contoso.next("revoke", async (call) => {
      await takeOver();
      return call();
    });
    world.source.members.get(readersAtHome)?.delete(ana);
    await world.change(ana, respondersAtHome, "out");
    await world.deliver(world.sent.shift() ?? failMissing());
    expect(world.contoso.writes.every((write) => write.startsWith("revoke"))).toBe(true);
    expect(world.source.writes.filter((write) => write.startsWith("leaveScope"))).toEqual([]);
    expect(await ledgerSays(readers.grant.group)).toBe("removing");
    expect(world.entries.filter(({ tenant }) => tenant === contosoTenant)).toEqual([]);
  });

  test("finds the intent, brings it to its end, and says so only when the first can do no more", async () => {
    world.contoso.next("grant", async (call) => {
      const answer = await call();
      await takeOver();
      return answer;
    });
    await join();
    await settle();
    expect(await ledgerSays(readers.grant.group)).toBe("adding");
    const takenAt = world.now();
    await world.wait(5 * second);
    expect(await ledgerSays(readers.grant.group)).toBe("added");
    expect(writesTo("grant")).toHaveLength(1);
    expect(proofs()).toEqual([]);
    await world.wait(20 * minuteMs);
    expect(proofs()).toHaveLength(1);
    expect(proofs()[0]?.at).toBeGreaterThanOrEqual(takenAt + replicationWindowMs);
  });

  test("may find the call of the first take effect after its own look, and takes it back all the same", async () => {
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: "never" } }));
    let late: () => Promise<unknown> = failMissing;
    world.contoso.next("grant", async (call) => {
      late = call;
      await takeOver();
      throw graphFailure(0);
    });
    await join();
    await settle();
    await world.change(ana, readersAtHome, "out");
    await world.wait(minuteMs);
    await late();
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(1);
    await world.wait(30 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  });
});

describe("a grant that was there already", () => {
  /** Somebody puts Ana's account into the group by hand, and the next read does not show it. */
  async function givenByHand(account: AccountId): Promise<void> {
    world.contoso.members.get(responders.grant.group)?.add(account);
    world.contoso.next("listMemberOf", async (call) => {
      const listing = (await call()) as { readonly items: readonly string[] }; // as the real one answers
      return { ...listing, items: listing.items.filter((id) => id !== responders.grant.group) };
    });
  }
  const toldSteps = () => world.entries.flatMap(({ steps }) => steps.map(({ detail }) => detail));

  test("and of which nothing is on record is somebody else's: it is not remembered, and not taken back", async () => {
    const account = await belong();
    await givenByHand(account);
    await join(respondersAtHome);
    await settle();
    expect(await ledgerSays(responders.grant.group)).toBeUndefined();
    expect(toldSteps()).toContain("somebody else granted it; it is not Muster's");
    await world.change(ana, respondersAtHome, "out");
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(responders.grant.group)).toEqual(new Set([account]));
  });

  test("and that an earlier run was adding is Muster's own", async () => {
    const account = await belong();
    world.contoso.next("grant", async (call) => {
      await call();
      throw graphFailure(0);
    });
    await join(respondersAtHome);
    await settle();
    expect(await ledgerSays(responders.grant.group)).toBe("adding");
    await givenByHand(account);
    await world.wait(5 * second);
    expect(await ledgerSays(responders.grant.group)).toBe("added");
    expect(toldSteps()).not.toContain("somebody else granted it; it is not Muster's");
    await world.change(ana, respondersAtHome, "out");
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(responders.grant.group)?.size).toBe(0);
  });

  test("and that an earlier try of the same call may have given is Muster's own", async () => {
    const account = await belong();
    await givenByHand(account);
    world.contoso.next("grant", async (call) => {
      const answer = (await call()) as object; // as the real one answers
      return { ...answer, appliedBefore: "maybe" };
    });
    await join(respondersAtHome);
    await settle();
    expect(await ledgerSays(responders.grant.group)).toBe("added");
  });

  test("on an account that was there before Muster is asked for a second time before anything is written", async () => {
    world.contoso.create(ana, { createdAt: longAgo });
    await world.change(ana, readersAtHome, "in");
    await world.wait(20 * minuteMs);
    const { account } = await pair();
    expect(account?.origin).toBe("before");
    if (account === null) return;
    world.contoso.writes.length = 0;
    await givenByHand(account.accountId);
    await join(respondersAtHome);
    await settle();
    expect(world.contoso.writes).toEqual([]);
    expect(await ledgerSays(responders.grant.group)).toBeUndefined();
    await world.wait(20 * minuteMs);
    expect(world.contoso.writes).toEqual([]);
    expect(proofs().at(-1)?.plan.notes).toContainEqual({ kind: "native-grant", name: "group 02" });
  });
});

describe("a write that failed", () => {
  const failing = async (error: GraphError) => {
    world.contoso.next("grant", () => Promise.reject(error));
    await join();
    await settle();
  };

  test.each([
    ["refused", graphFailure(403)],
    ["not sent in time", graphFailure(0, { code: "late" })],
  ])(
    "for certain gave nothing: nothing is on record, so what shows later is somebody else's (%s)",
    async (_, error) => {
      await failing(error);
      expect(await ledgerSays(readers.grant.group)).toBeUndefined();
    },
  );

  test.each([
    ["no answer came", graphFailure(0)],
    ["the server was broken", graphFailure(503)],
    ["it was refused after an earlier try without an answer", graphFailure(403, { appliedBefore: "maybe" })],
  ])("and may have gone through stays on record: %s", async (_, error) => {
    await failing(error);
    expect(await ledgerSays(readers.grant.group)).toBe("adding");
  });

  test("does not make Muster forget what it had on record before", async () => {
    const account = await belong();
    world.contoso.members.get(readers.grant.group)?.delete(account);
    world.contoso.next("grant", () => Promise.reject(graphFailure(403)));
    await world.deliver({
      key: { kind: "access", tenant: contosoTenant, analyst: ana },
      cause: "test",
      heardAt: world.now(),
      occasion: "event",
      version: null,
    });
    expect(await ledgerSays(readers.grant.group)).toBe("adding");
  });

  test("to take something away is tried again, and stays on record until it is done", async () => {
    await belong();
    world.contoso.next("revoke", () => Promise.reject(graphFailure(403)));
    await world.change(ana, readersAtHome, "out");
    await settle();
    expect(await ledgerSays(readers.grant.group)).toBe("removing");
    await world.wait(20 * minuteMs);
    expect(world.contoso.members.get(readers.grant.group)?.size).toBe(0);
  });

  test("does not keep the steps of the same stage from being recorded", async () => {
    world.contoso.next("grant", () => Promise.reject(graphFailure(503)));
    world.source.members.get(respondersAtHome)?.add(ana);
    await join();
    await settle();
    const states = [await ledgerSays(readers.grant.group), await ledgerSays(responders.grant.group)];
    expect(new Set(states)).toEqual(new Set(["added", "adding"]));
  });
});

/** What the source has decided about Ana, whatever led to it; her pair in Contoso acts on it. */
async function decide(change: Partial<AnalystRecord>): Promise<void> {
  const claim = await world.state.analysts.claim(analystRow(ana), (state) => state);
  const record = claim.state().value;
  if (record === null) throw new Error("Ana is not known");
  await claim.write({ value: { ...record, ...change, version: record.version + 1 } });
  await world.deliver({
    key: { kind: "access", tenant: contosoTenant, analyst: ana },
    cause: "test",
    heardAt: world.now(),
    occasion: "event",
    version: record.version + 1,
  });
}

describe("what a write leaves on record", () => {
  test("when Muster did the opposite before, so that a replica's past is known for what it is", async () => {
    await belong();
    const grantedAt = (await pair()).ledger.find(({ item }) => item.kind === "grant")?.entry.at;
    await world.change(ana, readersAtHome, "out");
    await settle();
    const removed = (await pair()).ledger.find(({ item }) => item.kind === "grant")?.entry;
    expect(removed).toMatchObject({ state: "removed", at: world.now(), oppositeAt: grantedAt });
  });

  test("since when the ownership counts: coming back after having left begins a new one", async () => {
    await belong();
    const scopeSince = async () => (await pair()).scoped?.since;
    const before = await scopeSince();
    const roles = (await world.recordOf(ana))?.roles ?? [];
    await decide({ roles: [], leaving: "no-role" });
    expect(await scopeSince()).toBe(before);
    await world.wait(minuteMs);
    await decide({ roles, leaving: null });
    expect(await ledgerSays(scope)).toBe("added");
    expect(await scopeSince()).toBe(world.now());
  });

  test("that sync will delete the account, once the analyst is out of the scope", async () => {
    await belong();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: "never" } }));
    await world.change(ana, readersAtHome, "out");
    await settle();
    expect((await pair()).account).toMatchObject({ blocked: "confirmed", deleted: "expected" });
  });

  test("that nobody will delete an account that was there before", async () => {
    world.contoso.create(ana, { createdAt: longAgo });
    await join();
    await world.wait(20 * minuteMs);
    await world.change(ana, readersAtHome, "out");
    await world.wait(20 * minuteMs);
    expect((await pair()).account).toMatchObject({ origin: "before", deleted: "no", blocked: "no" });
  });

  test("when the account came to life: made, restored, unblocked", async () => {
    await join();
    await settle();
    expect((await pair()).account?.aliveAt).toBe(world.now());
    await world.wait(20 * minuteMs);
    await world.change(ana, readersAtHome, "out");
    await world.wait(20 * minuteMs);
    await join();
    await world.wait(minuteMs);
    const { account } = await pair();
    // Sync may not have heard yet that she is in scope again.
    expect(account).toMatchObject({ blocked: "no", deleted: "expected" });
    expect(account?.aliveAt).toBeGreaterThanOrEqual(world.now() - minuteMs);
    await world.wait(50 * minuteMs);
    expect((await pair()).account).toMatchObject({ blocked: "no", deleted: "no" });
  });
});

describe("coming back after having left", () => {
  test("gives the same account back, unblocked, with the grants and nothing else", async () => {
    const account = await belong();
    await world.change(ana, readersAtHome, "out");
    await world.wait(20 * minuteMs);
    expect(world.contoso.accounts.get(account)).toMatchObject({ state: "recycled", enabled: false });
    await join();
    await world.wait(20 * minuteMs);
    expect(world.contoso.accounts.size).toBe(1);
    expect(world.contoso.accounts.get(account)).toMatchObject({ state: "live", enabled: true });
    expect(world.contoso.members.get(readers.grant.group)).toEqual(new Set([account]));
    expect(await ledgerSays(scope)).toBe("added");
  });

  test("gives it back also when sync deleted it before Muster could", async () => {
    const account = await belong();
    world.setPolicy(smallPolicy({ leavers: { deleteAfterMs: "never", block: false } }));
    await world.change(ana, readersAtHome, "out");
    await settle();
    world.contoso.accounts.set(account, {
      ...(world.contoso.accounts.get(account) ?? failMissing()),
      state: "recycled",
    });
    await world.wait(20 * minuteMs);
    await join();
    await world.wait(20 * minuteMs);
    expect(world.contoso.accounts.size).toBe(1);
    expect(world.contoso.accounts.get(account)?.state).toBe("live");
    expect(world.parked).toEqual([]);
  });

  test("to an account that was purged gives a new one, and nothing of the old one is remembered", async () => {
    const account = await belong();
    world.contoso.accounts.delete(account);
    for (const members of world.contoso.members.values()) members.delete(account);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(20 * minuteMs);
    const { account: next, ledger } = await pair();
    expect(next?.accountId).not.toBe(account);
    expect(ledger.filter(({ item }) => item.kind === "grant" && item.account === account)).toEqual([]);
    expect(world.contoso.members.get(readers.grant.group)).toEqual(new Set([next?.accountId]));
  });
});
