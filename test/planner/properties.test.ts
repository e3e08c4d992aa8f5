import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantKey } from "../../shared/model/grant.ts";
import { removesAccess } from "../../shared/model/plan.ts";
import { planAccess } from "../../shared/planner/access-plan.ts";
import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { hashOf } from "../../shared/reconcile/run/plan-hash.ts";
import { converge, read, round, syncCycle, type ModelWorld, type Round } from "../support/access-model.ts";
import { arbitraryWorld } from "../support/arbitrary-world.ts";
import { ana, anasAccount } from "../support/fixtures.ts";

/** Longer than any replica lags: between two rounds, everything that was written shows. */
const settled = replicationWindowMs + 1;
const runs = { numRuns: 400 };

const last = (rounds: readonly Round[]): Round => {
  const round = rounds.at(-1);
  if (round === undefined) throw new Error("no round was run");
  return round;
};

describe("carrying out plans", () => {
  test("ends, from any world, within six rounds", () => {
    fc.assert(
      fc.property(arbitraryWorld(), (world) => {
        expect(last(converge(world, settled)).plan.steps).toEqual([]);
      }),
      runs,
    );
  });

  test("ends as well when rounds follow at once", () => {
    fc.assert(
      fc.property(arbitraryWorld(), (world) => {
        expect(last(converge(world, 10)).plan.steps).toEqual([]);
      }),
      runs,
    );
  });

  test("writes nothing any more once it has ended, however often it is run again", () => {
    fc.assert(
      fc.property(
        arbitraryWorld({ rules: { leavers: { block: true, deleteAfterMs: 0, accounts: "owned" } } }),
        (world) => {
          const { after } = last(converge(world, settled));
          const again = round({ ...after, now: after.now + settled });
          expect(again.plan.steps).toEqual([]);
          expect(again.after.memory).toEqual(
            round({ ...again.after, now: again.after.now + settled }).after.memory,
          );
        },
      ),
      runs,
    );
  });

  test("leaves an analyst who stays, with a proven account, with exactly what is wanted and what others gave", () => {
    fc.assert(
      fc.property(arbitraryWorld({ leaving: fc.constant(null) }), (world) => {
        const { after } = last(converge(world, settled));
        const { account } = after;
        fc.pre(world.keeps === null && world.wanted.length > 0 && account?.state === "live");
        fc.pre(!account.contested);
        const wanted = new Set(world.wanted.map(({ grant }) => grantKey(grant)));
        const natives = native(world).intersection(account?.groups ?? new Set());
        expect(account?.groups).toEqual(wanted.union(natives));
      }),
      runs,
    );
  });

  test("takes nothing from an analyst of whose roles one is kept without anybody knowing what it gives", () => {
    fc.assert(
      fc.property(arbitraryWorld({ leaving: fc.constant(null) }), (world) => {
        fc.pre(world.keeps?.gave === null);
        for (const { plan } of converge(world, settled)) expect(plan.steps.filter(removesAccess)).toEqual([]);
      }),
      runs,
    );
  });

  test("takes nothing that a kept role gave, and nobody's scope or account, when it is known what that was", () => {
    fc.assert(
      fc.property(arbitraryWorld({ leaving: fc.constant(null) }), ({ keeps, ...world }) => {
        const gave = keeps?.gave ?? [];
        fc.pre(gave.length > 0);
        for (const { plan } of converge({ ...world, keeps }, settled)) {
          const taken = plan.steps.filter(removesAccess);
          expect(taken.filter((step) => !("grant" in step) || gave.includes(grantKey(step.grant)))).toEqual(
            [],
          );
        }
      }),
      runs,
    );
  });

  test("never makes a second account beside one in the recycle bin", () => {
    fc.assert(
      fc.property(arbitraryWorld(), fc.constantFrom(10, settled), (world, pauseMs) => {
        expect(last(converge(world, pauseMs)).after.doubles).toBe(0);
      }),
      runs,
    );
  });

  test("ends sure: nothing is left that a replica may show otherwise", () => {
    fc.assert(
      fc.property(arbitraryWorld(), (world) => {
        const { plan } = last(converge(world, settled));
        expect(plan.notes.map(({ kind }) => kind)).not.toContain("unsure");
        expect(plan.notes.map(({ kind }) => kind)).not.toContain("settling");
      }),
      runs,
    );
  });
});

describe("a leaver", () => {
  const leaving = fc.constantFrom("no-role", "disabled", "deleted" as const);

  test("ends without any grant of Muster's", () => {
    fc.assert(
      fc.property(arbitraryWorld({ leaving }), (world) => {
        const { after } = last(converge(world, settled));
        fc.pre(after.account?.state === "live" && isFound(world));
        const owned = new Set(world.memory.grants.keys());
        expect([...(after.account?.groups ?? [])].filter((key) => owned.has(key))).toEqual([]);
      }),
      runs,
    );
  });

  test("ends without an enabled account of Muster's", () => {
    const rules = { leavers: { block: true, deleteAfterMs: "never", accounts: "owned" } } as const;
    fc.assert(
      fc.property(arbitraryWorld({ leaving, rules }), (world) => {
        const { after } = last(converge(world, settled));
        fc.pre(
          isFound(world) &&
            read(world).owned.account?.origin === "created" &&
            after.account?.contested === false,
        );
        expect(after.account?.state === "live" && after.account.enabled).toBe(false);
      }),
      runs,
    );
  });

  test("ends with their account in the recycle bin, empty of Muster's grants, when deletion is due at once", () => {
    const rules = { leavers: { block: false, deleteAfterMs: 0, accounts: "owned" } } as const;
    fc.assert(
      fc.property(arbitraryWorld({ leaving, rules }), (world) => {
        fc.pre(world.account?.state === "live" && !world.account.contested && isFound(world));
        fc.pre(read(world).owned.account?.origin === "created");
        const { after } = last(converge(world, settled));
        const owned = new Set(world.memory.grants.keys());
        expect(after.account?.state).toBe("recycled");
        expect([...(after.account?.groups ?? [])].filter((key) => owned.has(key))).toEqual([]);
      }),
      runs,
    );
  });

  test("ends out of a scope that Muster put them in, unless that keeps an account that is not Muster's", () => {
    fc.assert(
      fc.property(arbitraryWorld({ leaving: fc.constantFrom("no-role", "disabled" as const) }), (world) => {
        fc.pre(world.memory.scope !== undefined && read(world).owned.account?.origin !== "before");
        expect(last(converge(world, settled)).after.inScope).toBe(false);
      }),
      runs,
    );
  });
});

describe("what is not Muster's", () => {
  const rules = { leavers: { block: true, deleteAfterMs: 0, accounts: "owned" } } as const;

  test("is never the object of a removing step", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules }), (world) => {
        for (const { plan, before } of converge(world, settled)) {
          for (const step of plan.steps.filter(removesAccess)) {
            if (step.kind === "revoke") expect(before.memory.grants.has(grantKey(step.grant))).toBe(true);
            if (step.kind === "leave-scope") expect(before.memory.scope).toBeDefined();
            if ("account" in step && step.kind !== "revoke")
              expect(read(before).owned.account?.origin).toBe("created");
          }
        }
      }),
      runs,
    );
  });

  test("outlives every sequence of plans, with sync cycles in between", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules }), (world) => {
        const foreign = read(world).owned.account?.origin === "before" && world.account?.state === "live";
        // Without a source user, or out of scope from the start, it is sync that ends the account.
        fc.pre(foreign && world.leaving !== "deleted" && (world.inScope || !world.account.synced));
        let current = world;
        for (let count = 0; count < 5; count += 1) {
          const { after } = round(current);
          current = { ...syncCycle(after), now: after.now + settled };
        }
        expect(current.account?.state).toBe("live");
        expect([...native(world)].filter((key) => !current.account?.groups.has(key))).toEqual([]);
      }),
      runs,
    );
  });

  test("is not lost from a scope that others put the analyst in", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules }), (world) => {
        fc.pre(world.inScope && world.memory.scope === undefined);
        expect(last(converge(world, settled)).after.inScope).toBe(true);
      }),
      runs,
    );
  });
});

describe("the checks", () => {
  const stepsOf = (world: ModelWorld) => converge(world, settled).flatMap(({ plan }) => plan.steps);

  test("leave no step at all for a protected analyst", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules: { protected: [ana] } }), (world) => {
        expect(stepsOf(world)).toEqual([]);
      }),
      runs,
    );
  });

  test("leave no step on a protected account", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules: { protected: [anasAccount] } }), (world) => {
        expect(stepsOf(world).filter((step) => "account" in step && step.account === anasAccount)).toEqual(
          [],
        );
      }),
      runs,
    );
  });

  test("leave nothing in mode observe", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules: { mode: "observe" } }), (world) => {
        for (const { plan, decision } of converge(world, settled)) {
          expect(plan.steps).toEqual([]);
          expect(plan.withheld.map(({ step }) => step)).toEqual(decision.plan.steps);
        }
      }),
      runs,
    );
  });

  test("leave nothing that removes in mode add-only", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules: { mode: "add-only" } }), (world) => {
        expect(stepsOf(world).filter(removesAccess)).toEqual([]);
      }),
      runs,
    );
  });

  test("never lose a step: what is not left is withheld, with a reason and advice", () => {
    const mode = fc.constantFrom("observe", "add-only", "full" as const);
    const worlds = mode.chain((one) => arbitraryWorld({ rules: { mode: one, removalsPerRun: 0 } }));
    fc.assert(
      fc.property(worlds, (world) => {
        const { plan, decision } = round(world);
        const all = [...plan.steps, ...plan.withheld.map(({ step }) => step)];
        expect(new Set(all)).toEqual(new Set(decision.plan.steps));
        expect(all).toHaveLength(decision.plan.steps.length);
        for (const { reason, advice } of plan.withheld) expect([reason, advice]).not.toContain("");
      }),
      runs,
    );
  });
});

describe("a plan", () => {
  test("does not depend on the order in which anything was read", () => {
    const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
    const situations = arbitraryWorld().chain((world) => {
      const situation = read(world);
      const { wanted, managed, owned } = situation;
      return fc
        .tuple(shuffled(wanted), shuffled(managed), shuffled(owned.grants))
        .map(
          ([w, m, grants]) =>
            [situation, { ...situation, wanted: w, managed: m, owned: { ...owned, grants } }] as const,
        );
    });
    fc.assert(
      fc.property(situations, ([one, other]) => {
        expect(planAccess(other).plan).toEqual(planAccess(one).plan);
        expect(planAccess(other).lookAgainAt).toEqual(planAccess(one).lookAgainAt);
      }),
      runs,
    );
  });

  test("is plain JSON: written down and read back it is the same plan, with the same hash", () => {
    fc.assert(
      fc.property(arbitraryWorld({ rules: { mode: "add-only" } }), (world) => {
        const { plan } = round(world);
        const back: unknown = JSON.parse(JSON.stringify(plan));
        expect(back).toEqual(plan);
        expect(hashOf(back)).toBe(hashOf(plan));
      }),
      runs,
    );
  });

  test("holds no times: an hour later, with all as settled as before, it has the same hash", () => {
    const rules = { leavers: { block: true, deleteAfterMs: 0, accounts: "owned" } } as const;
    fc.assert(
      fc.property(arbitraryWorld({ rules }), (world) => {
        const later = { ...world, now: world.now + 60 * replicationWindowMs };
        const latest = { ...world, now: later.now + 60 * replicationWindowMs };
        expect(hashOf(round(later).plan)).toBe(hashOf(round(latest).plan));
      }),
      runs,
    );
  });
});

/** Muster finds the account: it knows its id, or it carries the analyst's stamp. */
function isFound({ account, memory }: ModelWorld): boolean {
  if (account === null) return false;
  return memory.account !== null || (account.synced && !account.contested);
}

/** Memberships of the account that Muster has no word on. */
function native({ account, memory }: ModelWorld): ReadonlySet<string> {
  return new Set([...(account?.groups ?? [])].filter((key) => !memory.grants.has(key)));
}
