import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import type { StepKind } from "../../shared/model/plan.ts";
import { planAccess, type AccessDecision, type AccessSituation } from "../../shared/planner/access-plan.ts";
import { replicationWindowMs } from "../../shared/planner/membership.ts";
import { round, type ModelWorld, type Round } from "../support/access-model.ts";
import {
  accessSituation,
  accountIn,
  anasAccount,
  dayMs,
  entry,
  granted,
  hunters,
  justNow,
  leaverSituation,
  longAgo,
  minuteMs,
  noAccount,
  now,
  readers,
  recycled,
  remembered,
  responders,
  syncScope,
  unreachable,
} from "../support/world.ts";

const kindsOf = ({ plan }: AccessDecision): readonly StepKind[] => plan.steps.map(({ kind }) => kind);
const notesOf = ({ plan }: AccessDecision) => plan.notes.map(({ kind }) => kind);

const nothingOwned = { grants: [], scope: undefined, account: null };

describe("an analyst whose access is as the policy says", () => {
  test("gets an empty plan with nothing to remember and nothing to come back for", () => {
    const decision = planAccess(accessSituation());
    expect(decision.plan).toEqual({
      analyst: accessSituation().analyst,
      target: accessSituation().target,
      purpose: "join",
      leaving: null,
      steps: [],
      withheld: [],
      notes: [],
    });
    expect(decision.bookkeeping).toEqual({ ledger: [], account: null });
    expect(decision.lookAgainAt).toBeNull();
  });
});

describe("a joiner", () => {
  test("with nothing is put into scope and provisioned; grants wait for the account", () => {
    const decision = planAccess(
      accessSituation({ scope: "absent", account: noAccount, owned: nothingOwned }),
    );
    expect(decision.plan.steps).toEqual([{ kind: "join-scope", ...syncScope }, { kind: "provision" }]);
    expect(notesOf(decision)).toEqual(["waits-for-account"]);
  });

  test("who is in scope by another hand is provisioned all the same", () => {
    expect(kindsOf(planAccess(accessSituation({ account: noAccount, owned: nothingOwned })))).toEqual([
      "provision",
    ]);
  });

  test("whose account exists is granted what is missing, and nothing twice", () => {
    const decision = planAccess(
      accessSituation({
        wanted: [readers, responders],
        account: accountIn([readers]),
      }),
    );
    expect(decision.plan.steps).toEqual([{ kind: "grant", account: anasAccount, ...responders }]);
  });

  test("who has a wanted grant from somebody else keeps it, it stays theirs, and the plan says so", () => {
    const decision = planAccess(
      accessSituation({ owned: { grants: [] }, account: accountIn([readers, responders]) }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([
      { kind: "native-grant", name: "SOC Readers" },
      { kind: "native-grant", name: "SOC Responders" },
    ]);
    expect(decision.bookkeeping.ledger).toEqual([]);
  });

  test("whose grant was being added when the worker died is claimed when it shows", () => {
    const decision = planAccess(accessSituation({ owned: { grants: [granted(readers, entry("adding"))] } }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.bookkeeping.ledger).toEqual([{ what: readers.grant, change: "claim" }]);
  });

  test("whose scope was being joined when the worker died is claimed when it shows", () => {
    const decision = planAccess(accessSituation({ owned: { scope: entry("adding") } }));
    expect(decision.bookkeeping.ledger).toEqual([{ what: "scope", change: "claim" }]);
  });

  test("is put back into scope when somebody took them out", () => {
    expect(kindsOf(planAccess(accessSituation({ scope: "absent" })))).toEqual(["join-scope"]);
  });

  test("whose source user is in the recycle bin by now is not put into scope: it could not be written", () => {
    const decision = planAccess(accessSituation({ scope: "deleted", owned: { scope: entry("adding") } }));
    expect(kindsOf(decision)).toEqual([]);
    expect(decision.bookkeeping.ledger).toEqual([]);
  });

  test("in a target that cannot be read is put into scope, and no more is said or done", () => {
    const decision = planAccess(
      accessSituation({ scope: "absent", account: unreachable, owned: nothingOwned }),
    );
    expect(kindsOf(decision)).toEqual(["join-scope"]);
    expect(notesOf(decision)).toEqual([]);
  });
});

describe("an account that is not proven to be the analyst's", () => {
  const contested = accountIn([readers], { proof: "contested", detail: "its stamp names somebody else" });

  test("is granted nothing, and the plan says why", () => {
    const decision = planAccess(accessSituation({ wanted: [responders], account: contested }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([
      { kind: "account-not-proven", account: anasAccount, detail: "its stamp names somebody else" },
    ]);
  });

  test("is not unblocked either", () => {
    const blocked = { ...contested, enabled: false };
    const owned = { account: remembered({ blocked: "confirmed" }) };
    expect(kindsOf(planAccess(accessSituation({ account: blocked, owned })))).toEqual([]);
  });

  test("loses Muster's own grants when the analyst leaves, and is neither blocked nor deleted", () => {
    const decision = planAccess(leaverSituation({ account: contested }));
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope"]);
    expect(notesOf(decision)).toEqual(["account-not-proven"]);
  });
});

describe("a mover", () => {
  const mover = { wanted: [responders], account: accountIn([readers]) };

  test("gets the new grant before losing the old one, when the policy says add-first", () => {
    expect(kindsOf(planAccess(accessSituation({ ...mover, movers: "add-first" })))).toEqual([
      "grant",
      "revoke",
    ]);
  });

  test("loses the old grant before getting the new one, when the policy says remove-first", () => {
    expect(kindsOf(planAccess(accessSituation({ ...mover, movers: "remove-first" })))).toEqual([
      "revoke",
      "grant",
    ]);
  });

  test("keeps the scope, the account, and what others gave", () => {
    const decision = planAccess(
      accessSituation({
        ...mover,
        account: accountIn([readers, hunters]),
        managed: [readers, responders, hunters],
      }),
    );
    expect(decision.plan.purpose).toBe("join");
    expect(
      decision.plan.steps.map((step) => ("name" in step ? `${step.kind} ${step.name}` : step.kind)),
    ).toEqual(["grant SOC Responders", "revoke SOC Readers"]);
    expect(decision.plan.notes).toEqual([{ kind: "native-grant", name: "SOC Hunters" }]);
  });

  test("loses a grant of Muster's that the policy does not name any more", () => {
    const decision = planAccess(
      accessSituation({
        managed: [readers],
        account: accountIn([readers, hunters]),
        owned: { grants: [granted(readers), granted(hunters)] },
      }),
    );
    expect(decision.plan.steps).toEqual([{ kind: "revoke", account: anasAccount, ...hunters }]);
  });
});

describe("Muster's own writes and replicas that have not heard of them", () => {
  test("a grant of a moment ago is not written again because it does not show", () => {
    const decision = planAccess(
      accessSituation({
        account: accountIn([]),
        owned: { grants: [granted(readers, entry("added", justNow))] },
      }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([{ kind: "settling", name: "SOC Readers" }]);
    expect(decision.lookAgainAt).toBe(now + 2_000);
  });

  test("a grant of long ago that does not show is written again", () => {
    expect(kindsOf(planAccess(accessSituation({ account: accountIn([]) })))).toEqual(["grant"]);
  });

  test("an account of a moment ago is not asked for again because it does not show", () => {
    const owned = { account: remembered({ changedAt: justNow }) };
    const decision = planAccess(accessSituation({ account: noAccount, owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["settling", "waits-for-account"]);
    expect(decision.lookAgainAt).toBe(now + 2_000);
  });

  test("an account that was restored a moment ago is not called deleted by others", () => {
    const owned = { account: remembered({ changedAt: justNow, deleted: "no" }) };
    expect(notesOf(planAccess(accessSituation({ account: recycled, owned })))).toEqual([
      "settling",
      "waits-for-account",
    ]);
  });

  test("an account that was unblocked a moment ago is not called blocked by others", () => {
    const owned = { account: remembered({ changedAt: justNow, blocked: "no" }) };
    const account = accountIn([readers], { enabled: false });
    expect(notesOf(planAccess(accessSituation({ account, owned })))).toEqual(["settling"]);
  });

  test("an account that was deleted a moment ago is not deleted again because it still shows", () => {
    const owned = {
      grants: [],
      scope: undefined,
      account: remembered({ deleted: "confirmed", changedAt: justNow }),
    };
    const decision = planAccess(leaverSituation({ scope: "absent", account: accountIn([]), owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["settling"]);
  });

  test("an account that was blocked a moment ago is not blocked again because it shows as enabled", () => {
    const owned = { grants: [], account: remembered({ blocked: "confirmed", changedAt: justNow }) };
    const decision = planAccess(
      leaverSituation({
        account: accountIn([]),
        owned,
        leavers: { deleteAfterMs: "never" },
        scope: "absent",
      }),
    );
    expect(kindsOf(decision)).not.toContain("block-account");
    expect(notesOf(decision)).toContain("settling");
  });

  test("a block that sync has undone is set again", () => {
    const owned = { grants: [], account: remembered({ blocked: "confirmed" }) };
    const decision = planAccess(
      leaverSituation({
        account: accountIn([]),
        owned,
        leavers: { deleteAfterMs: "never" },
        scope: "absent",
      }),
    );
    expect(kindsOf(decision)).toContain("block-account");
  });

  test("the earliest reason to come back is the one that counts", () => {
    const decision = planAccess(
      leaverSituation({
        account: accountIn([readers], { enabled: false }),
        owned: { leftAt: now, grants: [granted(readers, entry("removed", justNow))] },
        leavers: { deleteAfterMs: dayMs },
      }),
    );
    expect(notesOf(decision)).toEqual(["deletion-waits", "settling"]);
    expect(decision.lookAgainAt).toBe(now + 2_000);
  });
});

describe("a rejoiner", () => {
  test("gets back the account that Muster deleted, instead of a second one", () => {
    const owned = { grants: [], scope: undefined, account: remembered({ deleted: "confirmed" }) };
    const decision = planAccess(accessSituation({ scope: "absent", account: recycled, owned }));
    expect(kindsOf(decision)).toEqual(["join-scope", "restore-account"]);
    expect(notesOf(decision)).toEqual(["waits-for-account"]);
  });

  test("gets it back as well when the worker died before the deletion was confirmed", () => {
    const owned = { account: remembered({ deleted: "intended" }) };
    expect(kindsOf(planAccess(accessSituation({ account: recycled, owned })))).toEqual(["restore-account"]);
  });

  test("does not get back what others deleted, and the plan says so", () => {
    const decision = planAccess(accessSituation({ account: recycled }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["account-deleted-by-others", "waits-for-account"]);
  });

  test.each(["confirmed", "intended"] as const)("is unblocked when Muster's block is %s", (blocked) => {
    const account = accountIn([readers], { enabled: false });
    const decision = planAccess(accessSituation({ account, owned: { account: remembered({ blocked }) } }));
    expect(kindsOf(decision)).toEqual(["unblock-account"]);
  });

  test("is unblocked before the grants come back", () => {
    const account = accountIn([], { enabled: false });
    const owned = { grants: [], account: remembered({ blocked: "confirmed" }) };
    expect(kindsOf(planAccess(accessSituation({ account, owned })))).toEqual(["unblock-account", "grant"]);
  });

  test("stays blocked when others blocked the account, keeps the grants, and the plan says so", () => {
    const decision = planAccess(accessSituation({ account: accountIn([readers], { enabled: false }) }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["account-blocked-by-others"]);
  });
});

describe("a leaver with an account of Muster's", () => {
  test("loses grants, then scope, then is blocked; the account goes when the grants are seen gone", () => {
    const rounds = play(leaving());
    expect(rounds.map(({ plan }) => plan.steps.map(({ kind }) => kind))).toEqual([
      ["revoke", "revoke", "leave-scope", "block-account"],
      ["delete-account"],
      [],
    ]);
    const { memory, account, inScope } = rounds[2]?.after ?? leaving();
    expect(account?.state).toBe("recycled");
    expect(account?.groups).toEqual(new Set([grantKey(hunters.grant)]));
    expect(inScope).toBe(false);
    expect(memory.grants).toEqual(new Map());
    expect(memory.scope).toBeUndefined();
    expect(memory.account?.deleted).toBe("confirmed");
  });

  test("comes back to an empty account, unblocked, and gets the grants anew", () => {
    const gone = play(leaving()).at(-1)?.after ?? leaving();
    const rounds = play({ ...gone, now: gone.now + minuteMs * 2, leaving: null, wanted: [readers] });
    expect(rounds.map(({ plan }) => plan.steps.map(({ kind }) => kind))).toEqual([
      ["join-scope", "restore-account"],
      ["unblock-account", "grant"],
      [],
    ]);
    expect(rounds[2]?.after.account?.groups).toEqual(
      new Set([grantKey(hunters.grant), grantKey(readers.grant)]),
    );
  });

  test("is not deleted before every grant is seen gone", () => {
    const pending = leaverSituation({
      account: accountIn([], { enabled: false }),
      owned: { grants: [granted(readers, entry("removing"))] },
    });
    expect(kindsOf(planAccess(pending))).toEqual(["revoke", "leave-scope"]);
    const read = { grants: [granted(readers, entry("removed", justNow))] };
    const stale = leaverSituation({ account: accountIn([readers], { enabled: false }), owned: read });
    expect(kindsOf(planAccess(stale))).toEqual(["leave-scope"]);
  });

  test("is deleted all the same after three failed rounds: without an account there is no access", () => {
    const after = (attempts: number) => kindsOf(planAccess(leaverSituation({ owned: { attempts } })));
    expect(after(2)).not.toContain("delete-account");
    expect(after(3)).toEqual(["revoke", "leave-scope", "block-account", "delete-account"]);
  });

  test("is deleted although a grant sits in a group that nobody can write by hand", () => {
    const dynamic = { ...granted(readers), writable: "no" } as const;
    expect(kindsOf(planAccess(leaverSituation({ owned: { grants: [dynamic] } })))).toContain(
      "delete-account",
    );
  });

  test("is not blocked when the policy does not ask for it, or when it is blocked already", () => {
    expect(kindsOf(planAccess(leaverSituation({ leavers: { block: false } })))).not.toContain(
      "block-account",
    );
    const blocked = accountIn([readers], { enabled: false });
    expect(kindsOf(planAccess(leaverSituation({ account: blocked })))).not.toContain("block-account");
  });

  test("keeps the account for ever when the policy says never, without coming back for it", () => {
    const situation = leaverSituation({
      account: accountIn([], { enabled: false }),
      scope: "absent",
      owned: { grants: [], scope: undefined },
      leavers: { deleteAfterMs: "never" },
    });
    const decision = planAccess(situation);
    expect(decision.plan.steps).toEqual([]);
    expect(decision.lookAgainAt).toBeNull();
  });

  test.each([
    ["a moment before", -1, []],
    ["the moment", 0, ["delete-account"]],
    ["a day after", dayMs, ["delete-account"]],
  ] as const)("is deleted when deleteAfter has passed since they left: %s", (_, offset, steps) => {
    const leftAt = now - 7 * dayMs - offset;
    const decision = planAccess(
      leaverSituation({
        account: accountIn([], { enabled: false }),
        scope: "absent",
        owned: { grants: [], scope: undefined, leftAt },
        leavers: { deleteAfterMs: 7 * dayMs },
      }),
    );
    expect(kindsOf(decision)).toEqual(steps);
    expect(decision.lookAgainAt).toBe(steps.length > 0 ? null : leftAt + 7 * dayMs);
    expect(notesOf(decision)).toEqual(steps.length > 0 ? [] : ["deletion-waits"]);
  });

  test("counts from now when it is not known yet when they left", () => {
    const decision = planAccess(
      leaverSituation({ owned: { leftAt: null }, leavers: { deleteAfterMs: dayMs } }),
    );
    expect(decision.lookAgainAt).toBe(now + dayMs);
  });

  test("that two reads could not find is deleted by its id, and Graph's answer settles it", () => {
    const decision = planAccess(leaverSituation({ account: noAccount }));
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope", "delete-account"]);
    const settled = { grants: [], scope: undefined, account: remembered({ deleted: "confirmed" }) };
    expect(
      kindsOf(planAccess(leaverSituation({ account: noAccount, scope: "absent", owned: settled }))),
    ).toEqual([]);
  });

  test("that sync has deleted already is remembered as deleted by Muster, so that a rejoiner gets it back", () => {
    const owned = { grants: [], scope: undefined };
    const decision = planAccess(leaverSituation({ account: recycled, scope: "absent", owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.bookkeeping.account).toEqual({ deleted: "confirmed" });
  });

  test("in a target that cannot be read loses the scope", () => {
    expect(kindsOf(planAccess(leaverSituation({ account: unreachable })))).toEqual(["leave-scope"]);
  });

  test("whose source user is deleted has no scope to leave any more; the rest goes", () => {
    const decision = planAccess(leaverSituation({ leaving: "deleted", scope: "deleted" }));
    expect(kindsOf(decision)).toEqual(["revoke", "block-account"]);
  });

  test("whose scope cannot be read to the end leaves it all the same, because Muster joined it", () => {
    expect(kindsOf(planAccess(leaverSituation({ scope: "unknown" })))).toContain("leave-scope");
  });

  test("loses grants and account also when the scope group cannot be found any more", () => {
    const owned = { scope: undefined };
    expect(kindsOf(planAccess(leaverSituation({ scope: null, owned })))).toEqual(["revoke", "block-account"]);
  });

  test("who was never in scope by Muster's hand stays in scope", () => {
    const decision = planAccess(leaverSituation({ owned: { scope: undefined } }));
    expect(kindsOf(decision)).not.toContain("leave-scope");
    expect(decision.plan.notes).toContainEqual({ kind: "scope-stays", name: syncScope.name, why: "before" });
  });

  test("who leaves only this target is a leaver here like any other", () => {
    const decision = planAccess(leaverSituation({ leaving: null }));
    expect(decision.plan.purpose).toBe("leave");
    expect(decision.plan.leaving).toBeNull();
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope", "block-account"]);
  });
});

describe("a leaver with an account that was there before Muster", () => {
  const before = { owned: { account: remembered({ origin: "before" }) } };

  test("loses Muster's grants and nothing else; account and scope stay, and the plan says so", () => {
    const decision = planAccess(leaverSituation({ ...before, account: accountIn([readers, responders]) }));
    expect(decision.plan.steps).toEqual([{ kind: "revoke", account: anasAccount, ...readers }]);
    expect(decision.plan.notes).toEqual([
      { kind: "account-stays", account: anasAccount, why: "before" },
      { kind: "native-grant", name: "SOC Responders" },
      { kind: "scope-stays", name: syncScope.name, why: "keeps-account" },
    ]);
  });

  test("keeps the scope also while the target cannot be read: leaving it would make sync delete the account", () => {
    const decision = planAccess(leaverSituation({ ...before, account: unreachable }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["scope-stays"]);
  });

  test("loses all of it when the policy says accounts: all", () => {
    const decision = planAccess(leaverSituation({ ...before, leavers: { accounts: "all" } }));
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope", "block-account"]);
  });

  test("leaves a scope that others put them in, when the policy says accounts: all", () => {
    const decision = planAccess(
      leaverSituation({
        owned: { ...before.owned, scope: undefined },
        leavers: { accounts: "all" },
      }),
    );
    expect(kindsOf(decision)).toContain("leave-scope");
  });

  test("never loses a grant that others gave, not even with accounts: all", () => {
    const decision = planAccess(
      leaverSituation({ owned: { ...before.owned, grants: [] }, leavers: { accounts: "all" } }),
    );
    expect(kindsOf(decision)).not.toContain("revoke");
  });

  test("whose source user is deleted has no scope that could stay", () => {
    const decision = planAccess(leaverSituation({ ...before, leaving: "deleted", scope: "deleted" }));
    expect(notesOf(decision)).toEqual(["account-stays"]);
  });

  test("is not deleted by its id when it cannot be found", () => {
    expect(kindsOf(planAccess(leaverSituation({ ...before, account: noAccount })))).not.toContain(
      "delete-account",
    );
  });

  test("is not remembered as deleted by Muster when it is in the recycle bin", () => {
    expect(planAccess(leaverSituation({ ...before, account: recycled })).bookkeeping.account).toBeNull();
  });
});

describe("somebody who never had anything here", () => {
  test("gets an empty plan when they leave", () => {
    const decision = planAccess(
      leaverSituation({ scope: "absent", account: noAccount, owned: nothingOwned }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([]);
    expect(decision.lookAgainAt).toBeNull();
  });

  test("who was put into scope and had no account yet leaves the scope", () => {
    const decision = planAccess(
      leaverSituation({ account: noAccount, owned: { ...nothingOwned, scope: entry("added", justNow) } }),
    );
    expect(kindsOf(decision)).toEqual(["leave-scope"]);
  });
});

describe("a broken-off read of an account's groups", () => {
  const partial = (situation: (changes: Parameters<typeof accessSituation>[0]) => AccessSituation) =>
    situation({ account: accountIn([], { listing: "partial" }) });

  test("takes nothing from a leaver's ledger: Muster takes its grants back by its own hand", () => {
    const decision = planAccess(partial(leaverSituation));
    expect(kindsOf(decision)).toContain("revoke");
    expect(decision.bookkeeping.ledger.filter(({ change }) => change === "drop")).toEqual([]);
  });

  test("never makes Muster forget a grant it has taken back", () => {
    const decision = planAccess(
      leaverSituation({
        account: accountIn([], { listing: "partial" }),
        owned: { grants: [granted(readers, entry("removed"))] },
      }),
    );
    expect(decision.bookkeeping.ledger).toEqual([]);
  });

  test("does not keep a leaver's account alive for a grant whose removal Graph confirmed long ago", () => {
    const decision = planAccess(
      leaverSituation({
        account: accountIn([], { listing: "partial" }),
        owned: { grants: [granted(readers, entry("removed"))] },
      }),
    );
    expect(kindsOf(decision)).toContain("delete-account");
  });

  test("never revokes what Muster does not own", () => {
    const decision = planAccess(
      leaverSituation({ account: accountIn([], { listing: "partial" }), owned: { grants: [] } }),
    );
    expect(kindsOf(decision)).not.toContain("revoke");
  });
});

/** Ana with two grants of Muster's and one of somebody else's, on the day she leaves. */
function leaving(): ModelWorld {
  return {
    now,
    leaving: "no-role",
    wanted: [],
    inScope: true,
    rules: {
      managed: [readers, responders, hunters],
      leavers: { block: true, deleteAfterMs: 0, accounts: "owned" },
      movers: "add-first",
      mode: "full",
      protected: [],
      membership: new Map(),
      removalsPerRun: 5,
    },
    account: {
      id: anasAccount,
      state: "live",
      enabled: true,
      createdAt: longAgo + minuteMs,
      synced: true,
      contested: false,
      groups: new Set([readers, responders, hunters].map(({ grant }) => grantKey(grant))),
    },
    memory: {
      grants: new Map(
        [readers, responders].map((named) => [grantKey(named.grant), { named, entry: entry("added") }]),
      ),
      scope: entry("added"),
      account: remembered(),
      leftAt: null,
    },
  };
}

/** Three rounds, each a replication window apart. */
function play(world: ModelWorld): readonly Round[] {
  const rounds: Round[] = [];
  let current = world;
  for (let count = 0; count < 3; count += 1) {
    const done = round(current);
    rounds.push(done);
    current = { ...done.after, now: done.after.now + replicationWindowMs };
  }
  return rounds;
}
