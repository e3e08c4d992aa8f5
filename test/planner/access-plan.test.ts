import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import type { AccountRecord, LedgerEntry } from "../../shared/model/ledger.ts";
import type { StepKind } from "../../shared/model/plan.ts";
import type { AccessDecision } from "../../shared/planner/access-decision.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import type { AccessSituation } from "../../shared/planner/access-situation.ts";
import type { NamedGrant } from "../../shared/planner/owned.ts";
import { replicationWindowMs, visibleMs } from "../../shared/planner/replicas.ts";
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
  lately,
  leaverSituation,
  longAgo,
  hourMs,
  minuteMs,
  noAccount,
  now,
  readers,
  recycled,
  remembered,
  responders,
  syncScope,
  unreachable,
} from "../support/fixtures.ts";

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
    expect(decision.bookkeeping).toEqual({ ledger: [], refused: [], account: null, invitation: "same" });
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
    expect(decision.bookkeeping.ledger).toEqual([
      { what: { kind: "grant", grant: readers.grant }, change: "claim" },
    ]);
  });

  test("whose scope was being joined when the worker died is claimed when it shows", () => {
    const decision = planAccess(accessSituation({ owned: { scope: entry("adding") } }));
    expect(decision.bookkeeping.ledger).toEqual([
      { what: { kind: "scope", scope: syncScope.scope }, change: "claim" },
    ]);
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
    expect(decision.lookAgainAt).toBeGreaterThan(now);
    expect(decision.lookAgainAt).toBeLessThanOrEqual(now + visibleMs);
  });

  test("a grant that should show by now and does not is written again", () => {
    const owned = { grants: [granted(readers, entry("added", lately))] };
    expect(kindsOf(planAccess(accessSituation({ account: accountIn([]), owned })))).toEqual(["grant"]);
  });

  test("a grant of long ago that does not show is written again", () => {
    expect(kindsOf(planAccess(accessSituation({ account: accountIn([]) })))).toEqual(["grant"]);
  });

  test("a grant of a moment ago that does not show is looked for two seconds later, however old the account is", () => {
    const owned = { grants: [granted(readers, entry("added", justNow))] };
    expect(planAccess(accessSituation({ account: accountIn([]), owned })).lookAgainAt).toBe(now + 2_000);
  });

  describe("an account that was deleted and does not show", () => {
    const decide = (
      account: Partial<AccountRecord>,
      scope: LedgerEntry | undefined,
      seen: "present" | "absent" = "present",
    ) =>
      planAccess(
        accessSituation({
          scope: seen,
          account: noAccount,
          owned: {
            account: remembered({ changedAt: longAgo, aliveAt: longAgo, ...account }),
            grants: [],
            scope,
          },
        }),
      );
    const joinedLongAgo = entry("added", longAgo);

    test.each<[string, Partial<AccountRecord>, LedgerEntry, number]>([
      ["was deleted not long ago", { deleted: "confirmed", changedAt: lately }, joinedLongAgo, lately],
      ["came to life not long ago", { deleted: "expected", aliveAt: lately }, joinedLongAgo, lately],
      [
        "may have been deleted by sync until a moment ago",
        { deleted: "expected" },
        entry("added", lately),
        lately,
      ],
    ])("is not made a second time while it may be in the recycle bin: it %s", (_, account, scope, since) => {
      const decision = decide(account, scope);
      expect(kindsOf(decision)).toEqual([]);
      expect(decision.lookAgainAt).toBe(since + replicationWindowMs);
    });

    test("is not made a second time together with the join that it needs: the next round knows more", () => {
      const decision = decide({ deleted: "confirmed" }, entry("removed", longAgo), "absent");
      expect(kindsOf(decision)).toEqual(["join-scope"]);
    });

    test("is made anew when every replica must know that it is gone for good", () => {
      expect(kindsOf(decide({ deleted: "confirmed" }, joinedLongAgo))).toEqual(["provision"]);
    });

    test("is made anew, and not forgotten, when the answer to the join was lost and the analyst turns out to be in", () => {
      expect(kindsOf(decide({ deleted: "expected" }, entry("adding", longAgo)))).toEqual(["provision"]);
      const early = decide({ deleted: "expected" }, entry("adding", lately));
      expect(kindsOf(early)).toEqual([]);
      expect(early.lookAgainAt).toBe(lately + replicationWindowMs);
    });

    test("is made anew also for who is in a scope of somebody else's", () => {
      expect(kindsOf(decide({ deleted: "expected" }, undefined))).toEqual(["provision"]);
    });
  });

  test("an account of a moment ago is not asked for again because it does not show", () => {
    const owned = { account: remembered({ changedAt: justNow }) };
    const decision = planAccess(accessSituation({ account: noAccount, owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["settling", "waits-for-account"]);
    expect(decision.lookAgainAt).toBe(now + 2_000);
  });

  test.each([
    ["two seconds at first", 1_000, 2_000],
    ["half the time it has taken so far", 10_000, 5_000],
    ["half of it also when it is about to be asked for anew", 14_999, 7_499.5],
  ])("an account that does not show is looked for after %s", (_, waitedMs, pauseMs) => {
    const owned = { account: remembered({ changedAt: now - waitedMs }) };
    expect(planAccess(accessSituation({ account: noAccount, owned })).lookAgainAt).toBe(now + pauseMs);
  });

  test.each([justNow, lately])(
    "an account that was restored not long ago is not called deleted by others",
    (changedAt) => {
      const owned = { account: remembered({ changedAt, deleted: "no" }) };
      const decision = planAccess(accessSituation({ account: recycled, owned }));
      expect(notesOf(decision)).toEqual(["settling", "waits-for-account"]);
      expect(decision.bookkeeping.account).toBeNull();
    },
  );

  test.each([justNow, lately])(
    "an account that was unblocked not long ago is not called blocked by others",
    (changedAt) => {
      const owned = { account: remembered({ changedAt, blocked: "no" }) };
      const account = accountIn([readers], { enabled: false });
      expect(notesOf(planAccess(accessSituation({ account, owned })))).toEqual(["settling"]);
    },
  );

  test.each([justNow, lately])(
    "an account that was blocked not long ago and shows as enabled is not taken for unblocked",
    (changedAt) => {
      const owned = { account: remembered({ changedAt, blocked: "confirmed" }) };
      const decision = planAccess(accessSituation({ owned }));
      expect(notesOf(decision)).toEqual(["settling"]);
      expect(decision.bookkeeping.account).toBeNull();
    },
  );

  test("an account whose block is long ago and that shows as enabled is unblocked once more: the read may be older than any other", () => {
    const owned = { account: remembered({ blocked: "confirmed" }) };
    expect(kindsOf(planAccess(accessSituation({ owned })))).toEqual(["unblock-account"]);
  });

  test("a grant that shows is doubted while its opposite is not long ago", () => {
    const owned = { grants: [granted(readers, entry("added", justNow, lately))] };
    const decision = planAccess(accessSituation({ owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([{ kind: "unsure", name: "SOC Readers" }]);
    expect(decision.lookAgainAt).toBe(lately + replicationWindowMs);
  });

  test("a scope that shows is doubted while its opposite is not long ago", () => {
    const owned = { scope: entry("added", justNow, lately) };
    const decision = planAccess(accessSituation({ owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([{ kind: "unsure", name: syncScope.name }]);
    expect(decision.lookAgainAt).toBe(lately + replicationWindowMs);
  });

  test("a grant that Muster took back and that still shows is neither believed nor called somebody else's", () => {
    const owned = { grants: [granted(readers, entry("removed", lately))] };
    const decision = planAccess(accessSituation({ owned }));
    expect(kindsOf(decision)).toEqual(["grant"]);
    expect(notesOf(decision)).toEqual([]);
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

  test("a block that does not show by now is set again", () => {
    const owned = { grants: [], account: remembered({ blocked: "confirmed", changedAt: lately }) };
    const leavers = { deleteAfterMs: "never" } as const;
    const decision = planAccess(leaverSituation({ account: accountIn([]), owned, leavers, scope: "absent" }));
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
    expect(decision.lookAgainAt).toBeLessThanOrEqual(now + visibleMs);
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

  test("gets it back as well when sync deleted it, because Muster had ended the scope", () => {
    const owned = { account: remembered({ deleted: "expected" }) };
    expect(kindsOf(planAccess(accessSituation({ account: recycled, owned })))).toEqual(["restore-account"]);
  });

  test.each([
    ["the source user is deleted, which sync may have heard of", { scope: "deleted" }],
    ["an event about the analyst waits for its look", { news: "waits" }],
  ] as const)("is looked at again before others are said to have deleted it: %s", (_, changes) => {
    const decision = planAccess(accessSituation({ account: recycled, ...changes }));
    expect([...new Set(notesOf(decision))]).toEqual(["unsure", "waits-for-account"]);
    expect(decision.bookkeeping.account).toBeNull();
    expect(decision.lookAgainAt).toBe(now + 10_000);
  });

  test("gets back what an earlier time in scope had made and was found late: a cycle that began in between deletes it", () => {
    const account = remembered({ aliveAt: longAgo });
    const deletedNow = (scopedAt: number) =>
      kindsOf(
        planAccess(
          accessSituation({ account: recycled, owned: { account, scope: entry("added", scopedAt) } }),
        ),
      );
    expect(deletedNow(now - 30 * minuteMs)).toEqual(["restore-account"]);
    expect(deletedNow(now - hourMs)).toEqual([]);
  });

  test.each(["no", "by-others"] as const)(
    "does not get back what others deleted, the plan says so, and it is remembered: known as %s",
    (deleted) => {
      const owned = { account: remembered({ deleted }) };
      const decision = planAccess(accessSituation({ account: recycled, owned }));
      expect(decision.plan.steps).toEqual([]);
      expect(notesOf(decision)).toEqual(["account-deleted-by-others", "waits-for-account"]);
      expect(decision.bookkeeping.account).toEqual({ deleted: "by-others" });
    },
  );

  test.each(["intended", "confirmed", "expected", "by-others"] as const)(
    "whose account is there all the same has it back: a deletion that was %s is over",
    (deleted) => {
      const decision = planAccess(accessSituation({ owned: { account: remembered({ deleted }) } }));
      expect(decision.plan.steps).toEqual([]);
      // Somebody else has restored it lately; what Muster restored it knows the time of.
      const lately = deleted === "by-others" ? { aliveAt: now } : {};
      expect(decision.bookkeeping.account).toEqual({ deleted: "no", ...lately });
    },
  );

  test.each([
    ["the deletion is not long ago", { account: remembered({ deleted: "confirmed", changedAt: lately }) }],
    [
      "sync may still act on the scope as it was",
      { account: remembered({ deleted: "expected" }), scope: entry("added", lately) },
    ],
  ] as const)("is not taken to have it back while %s", (_, owned) => {
    expect(planAccess(accessSituation({ owned })).bookkeeping.account).toBeNull();
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

  test.each(["no", "expected", "intended"] as const)(
    "that sync has deleted already is remembered as deleted by Muster, so that a rejoiner gets it back: known as %s",
    (deleted) => {
      const owned = { grants: [], scope: undefined, account: remembered({ deleted }) };
      const decision = planAccess(leaverSituation({ account: recycled, scope: "absent", owned }));
      expect(decision.plan.steps).toEqual([]);
      expect(decision.bookkeeping.account).toEqual({ deleted: "confirmed" });
    },
  );

  test("that others had deleted before is not remembered as deleted by Muster", () => {
    const owned = { grants: [], scope: undefined, account: remembered({ deleted: "by-others" }) };
    const decision = planAccess(leaverSituation({ account: recycled, scope: "absent", owned }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.bookkeeping.account).toBeNull();
  });

  test("that shows as blocked was perhaps unblocked a moment ago: it is blocked once more", () => {
    const account = accountIn([], { enabled: false });
    const unblocked = (changedAt: number) =>
      kindsOf(
        planAccess(leaverSituation({ account, owned: { grants: [], account: remembered({ changedAt }) } })),
      );
    expect(unblocked(lately)).toContain("block-account");
    expect(unblocked(longAgo)).not.toContain("block-account");
  });

  test.each([
    ["half an hour ago", now - 30 * minuteMs, now + 15 * minuteMs],
    ["an hour ago", now - 60 * minuteMs, null],
  ])(
    "whose account nobody has seen is not out before a whole sync cycle is over: they left the scope %s",
    (_, scopedUntil, until) => {
      const owned = { grants: [], account: null, scope: undefined, scopedUntil };
      const decision = planAccess(leaverSituation({ scope: "absent", account: noAccount, owned }));
      expect(kindsOf(decision)).toEqual([]);
      expect(decision.lookAgainAt).toBe(until);
    },
  );

  test("in a target that cannot be read loses the scope", () => {
    expect(kindsOf(planAccess(leaverSituation({ account: unreachable })))).toEqual(["leave-scope"]);
  });

  test("whose source user is deleted has no scope to leave any more; the rest goes", () => {
    const decision = planAccess(leaverSituation({ leaving: "deleted", scope: "deleted" }));
    expect(kindsOf(decision)).toEqual(["revoke", "block-account"]);
  });

  test.each([
    [
      "not long ago there was a user who could be put into scope",
      "added",
      lately,
      lately + replicationWindowMs,
    ],
    ["long ago there was one", "added", longAgo, null],
    ["Graph never confirmed that there was one", "adding", lately, null],
    ["they had left the scope before", "removed", lately, null],
  ] as const)(
    "whose source user shows as deleted is looked at again only if that may be the past: %s",
    (_, state, at, until) => {
      const owned = { scope: entry(state, at) };
      const decision = planAccess(leaverSituation({ leaving: "deleted", scope: "deleted", owned }));
      expect(kindsOf(decision)).toEqual(["revoke", "block-account"]);
      const unsure = { kind: "unsure", name: syncScope.name };
      expect(decision.plan.notes).toEqual(until === null ? [] : [unsure]);
      expect(decision.lookAgainAt).toBe(until);
    },
  );

  test.each([
    ["deleted", "no", { deleted: "expected" }],
    ["disabled", "no", null],
    ["deleted", "by-others", null],
  ] as const)(
    "whose source user is %s: sync deletes the account, so who comes back is restored",
    (leaving, deleted, learnt) => {
      const waits = { leavers: { deleteAfterMs: 30 * dayMs }, owned: { account: remembered({ deleted }) } };
      const decision = planAccess(leaverSituation({ leaving, scope: "deleted", ...waits }));
      expect(decision.bookkeeping.account).toEqual(learnt);
    },
  );

  test("whom the source look found, and this read does not, is looked at again: a restored user is in scope again", () => {
    const decision = planAccess(leaverSituation({ leaving: "no-role", scope: "deleted" }));
    expect(notesOf(decision)).toContain("unsure");
    expect(decision.lookAgainAt).toBe(now + 10_000);
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

describe("a leaver whose account came to life not long ago", () => {
  const newborn = (changes: Parameters<typeof remembered>[0] = {}) => ({
    account: remembered({ aliveAt: lately, changedAt: lately, ...changes }),
  });
  const unsure = { kind: "unsure", name: "the account" } as const;

  test.each([
    ["is in neither list", noAccount],
    ["is in the recycle bin, as some replica still knows it", recycled],
  ])("loses grants, scope and account by their ids although it %s", (_, account) => {
    const decision = planAccess(leaverSituation({ account, owned: newborn() }));
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope", "delete-account"]);
    expect(decision.plan.notes).toContainEqual(unsure);
    expect(decision.lookAgainAt).toBe(lately + replicationWindowMs);
  });

  test.each([noAccount, recycled])(
    "is deleted once, and looked for until every replica must know: %o",
    (account) => {
      const owned = { grants: [], scope: undefined, ...newborn({ deleted: "confirmed" }) };
      const decision = planAccess(leaverSituation({ account, scope: "absent", owned }));
      expect(decision.plan.steps).toEqual([]);
      expect(decision.plan.notes).toEqual([unsure]);
      expect(decision.lookAgainAt).toBe(lately + replicationWindowMs);
    },
  );

  test("is not looked for any longer when every replica must know", () => {
    const owned = {
      grants: [],
      scope: undefined,
      account: remembered({ deleted: "confirmed", aliveAt: now - replicationWindowMs }),
    };
    const decision = planAccess(leaverSituation({ account: noAccount, scope: "absent", owned }));
    expect(decision.plan.notes).toEqual([]);
    expect(decision.lookAgainAt).toBeNull();
  });

  test("and was there before Muster keeps it", () => {
    const decision = planAccess(
      leaverSituation({ account: noAccount, owned: newborn({ origin: "before" }) }),
    );
    expect(kindsOf(decision)).toEqual(["revoke", "leave-scope"]);
  });
});

describe("a role that the source did not let go of and the policy does not know any more", () => {
  const why = "hunter is not in the policy any more, and its holders were refused to lose it";
  const keeps = { why, gave: null, lost: [] } as const;

  test("keeps everything that Muster gave, and the plan says why", () => {
    const decision = planAccess(
      accessSituation({
        keeps,
        account: accountIn([readers, hunters]),
        owned: { grants: [granted(readers), granted(hunters)] },
      }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([{ kind: "kept", name: "SOC Hunters", why, alsoLost: "no" }]);
  });

  const both = {
    wanted: [],
    account: accountIn([readers, hunters]),
    owned: { grants: [granted(readers), granted(hunters)] },
  } as const;
  const keysOf = (...grants: readonly NamedGrant[]) => grants.map(({ grant }) => grantKey(grant));

  test("keeps what it gave when that is known, and what a lost role gave goes", () => {
    const known = { why, gave: keysOf(hunters), lost: keysOf(readers) };
    const decision = planAccess(accessSituation({ ...both, keeps: known }));
    expect(decision.plan.steps).toEqual([{ kind: "revoke", account: anasAccount, ...readers }]);
    expect(decision.plan.notes).toEqual([{ kind: "kept", name: "SOC Hunters", why, alsoLost: "no" }]);
  });

  test.each([
    ["gave as well", keysOf(readers, hunters)],
    ["may have given as well", null],
  ])("keeps what it %s when another role that gave it is lost, and says so", (_, gave) => {
    const decision = planAccess(accessSituation({ ...both, keeps: { why, gave, lost: keysOf(readers) } }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([
      { kind: "kept", name: "SOC Hunters", why, alsoLost: "no" },
      { kind: "kept", name: "SOC Readers", why, alsoLost: "yes" },
    ]);
  });

  test("says nothing of what a person has taken away since", () => {
    const decision = planAccess(
      accessSituation({ ...both, keeps: { ...keeps, lost: keysOf(readers) }, account: accountIn([hunters]) }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([{ kind: "kept", name: "SOC Hunters", why, alsoLost: "no" }]);
  });

  test("makes nobody a leaver who has no other role", () => {
    const decision = planAccess(accessSituation({ keeps, wanted: [] }));
    expect(decision.plan.purpose).toBe("join");
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["kept"]);
  });

  test("gives what the other roles want all the same", () => {
    const decision = planAccess(
      accessSituation({ keeps, wanted: [responders], account: accountIn([readers]) }),
    );
    expect(decision.plan.steps).toEqual([{ kind: "grant", account: anasAccount, ...responders }]);
    expect(decision.plan.notes).toEqual([{ kind: "kept", name: "SOC Readers", why, alsoLost: "no" }]);
  });

  test("neither puts anybody into scope nor asks for an account", () => {
    const decision = planAccess(
      accessSituation({ keeps, wanted: [], scope: "absent", account: noAccount, owned: nothingOwned }),
    );
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["waits-for-account"]);
  });

  test("says nothing of what others gave", () => {
    const decision = planAccess(accessSituation({ keeps, owned: { grants: [] }, wanted: [] }));
    expect(notesOf(decision)).toEqual([]);
  });
});

describe("calls of an interrupted run that may still take effect", () => {
  const gives = now + 40_000;
  const takes = now + 70_000;
  const doubt = { gives, takes };
  const unsure = { kind: "unsure", name: "what an interrupted run was doing" } as const;

  test("leave an analyst who stays unsure until all of them can take effect no more", () => {
    const decision = planAccess(accessSituation({ owned: { doubt } }));
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.notes).toEqual([unsure]);
    expect(decision.lookAgainAt).toBe(takes);
    const other = planAccess(accessSituation({ owned: { doubt: { gives: takes, takes: gives } } }));
    expect(other.lookAgainAt).toBe(takes);
  });

  const gone = { scope: "absent", account: noAccount } as const;

  test("leave a leaver unsure while they may still give", () => {
    const decision = planAccess(leaverSituation({ ...gone, owned: { ...nothingOwned, doubt } }));
    expect(decision.plan.notes).toEqual([unsure]);
    expect(decision.lookAgainAt).toBe(gives);
  });

  test("are nothing to a leaver when they only take", () => {
    const owned = { ...nothingOwned, doubt: { gives: 0, takes } };
    const decision = planAccess(leaverSituation({ ...gone, owned }));
    expect(decision.plan.notes).toEqual([]);
    expect(decision.lookAgainAt).toBeNull();
  });

  test("are forgotten when their time is over", () => {
    const decision = planAccess(accessSituation({ owned: { doubt: { gives: now, takes: now - 1 } } }));
    expect(decision.plan.notes).toEqual([]);
    expect(decision.lookAgainAt).toBeNull();
  });
});

describe("asking on-demand provisioning for an account", () => {
  const asking = (asked: { readonly tries: number; readonly scopedAt: number | null }) =>
    planAccess(accessSituation({ account: noAccount, owned: { ...nothingOwned, asked } }));

  test("is done at once when sync can see the analyst for the first time", () => {
    expect(kindsOf(asking({ tries: 0, scopedAt: null }))).toEqual(["provision"]);
    expect(kindsOf(asking({ tries: 0, scopedAt: now }))).toEqual(["provision"]);
  });

  test("is put off while sync cannot see them yet, until it is worth the call", () => {
    const decision = asking({ tries: 1, scopedAt: now - 44_000 });
    expect(decision.plan.steps).toEqual([]);
    expect(notesOf(decision)).toEqual(["waits-for-account"]);
    expect(decision.lookAgainAt).toBe(now + 1_000);
    expect(kindsOf(asking({ tries: 1, scopedAt: now - 45_000 }))).toEqual(["provision"]);
  });

  test("is left to the cycle after a while, and every five minutes is looked whether that has made the account", () => {
    const decision = asking({ tries: 11, scopedAt: now - 11 * minuteMs });
    expect(decision.plan.steps).toEqual([]);
    expect(decision.lookAgainAt).toBe(now + 5 * minuteMs);
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
    keeps: null,
    inScope: true,
    doubles: 0,
    rules: {
      managed: [readers, responders, hunters],
      leavers: { block: true, deleteAfterMs: 0, accounts: "owned" },
      movers: "add-first",
      mode: "full",
      protected: [],
      unwritable: new Map(),
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
        [readers, responders].map((named) => [
          grantKey(named.grant),
          { named, entry: entry("added"), account: anasAccount },
        ]),
      ),
      scope: entry("added"),
      gone: [],
      scopedSince: longAgo,
      account: remembered(),
      leftAt: null,
      asked: { tries: 0, scopedAt: null },
      doubt: { gives: 0, takes: 0 },
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

describe("an analyst in the source tenant, whose account is their own user", () => {
  const own = { accounts: "own", scope: null } as const;
  const taken = { scope: undefined, grants: [granted(readers, entry("removed", longAgo))] };
  const restoredLately = remembered({ proof: "own", origin: "before", aliveAt: lately });

  test("who is in the recycle bin, once more, keeps their memberships there: what was taken back is not gone", () => {
    const owned = { ...taken, account: restoredLately };
    const decision = planAccess(leaverSituation({ ...own, leaving: "deleted", account: recycled, owned }));
    expect([decision.plan.steps, decision.bookkeeping.ledger]).toEqual([[], []]);
  });

  test.each([
    ["for two days, has nothing any more", now - 2 * dayMs, [{ change: "gone" }]],
    ["for an hour, may be on their way back with all they had", now - hourMs, []],
    ["while the source found them somewhere, is doubted", null, []],
  ] as const)("who is nowhere %s", (_, nowhereSince, ledger) => {
    const owned = { ...taken, account: remembered({ proof: "own", origin: "before" }) };
    const gone = { leaving: "deleted", account: noAccount, nowhereSince } as const;
    const decision = planAccess(leaverSituation({ ...own, ...gone, owned }));
    expect(decision.bookkeeping.ledger).toMatchObject(ledger);
    expect(decision.plan.notes.map(({ kind }) => kind)).toEqual(nowhereSince === null ? ["unsure"] : []);
    expect(decision.lookAgainAt !== null).toBe(ledger.length === 0);
  });

  test.each(["owned", "all"] as const)(
    "leaves, and nobody touches the user, where accounts: %s go",
    (accounts) => {
      const owned = { scope: undefined, account: remembered({ proof: "own", origin: "before" }) };
      const decision = planAccess(leaverSituation({ ...own, owned, leavers: { accounts } }));
      expect(kindsOf(decision)).toEqual(["revoke"]);
      expect(notesOf(decision)).toEqual([]);
    },
  );

  test.each([
    ["nowhere", noAccount],
    ["in the recycle bin", recycled],
  ])("belongs there and is %s: that read is older than the one that found them", (_, account) => {
    const owned = { scope: undefined, account: remembered({ proof: "own", origin: "before" }) };
    const decision = planAccess(accessSituation({ ...own, account, owned }));
    expect(kindsOf(decision)).toEqual([]);
    expect(notesOf(decision)).toContain("unsure");
    expect(decision.lookAgainAt).toBeGreaterThan(now);
  });
});

describe("what has ended by its own rule", () => {
  const ended = (rule?: "another") =>
    planAccess(
      accessSituation({
        onExternalRemoval: "respect",
        account: accountIn([], {
          seen: () => ({ seen: "lapsed", at: now - hourMs, ...(rule === undefined ? {} : { rule }) }),
        }),
      }),
    );

  test("is not given again, and the plan says so", () => {
    expect(kindsOf(ended())).toEqual([]);
    expect(notesOf(ended())).toEqual(["lapsed"]);
  });

  test("is given when another role gives it for longer, and is nothing that somebody took away", () => {
    expect(ended("another").plan).toMatchObject({ steps: [{ kind: "grant", ...readers }], notes: [] });
  });
});
