import { expect, test } from "vitest";
import { targetNameSchema, tenantIdSchema, type GroupId } from "../../shared/model/ids.ts";
import type { Mode, Policy, Target } from "../../shared/policy/policy.ts";
import { byId, smallPolicy } from "../support/small-policy.ts";
import { smallWorld, type SmallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  ana,
  dayMs,
  groupId,
  hourMs,
  lighthouse,
  reader,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/fixtures.ts";

const other = groupId(91);
const isIn = ({ source }: SmallWorld, group: GroupId) => source.members.get(group)?.has(ana) ?? false;

type Said = { readonly mode: Mode; readonly gives: GroupId | null; readonly retire?: boolean };

/** Readers are given these source groups by these targets, and something in both of them besides. */
const policyOf = (said: Readonly<Record<string, Said>>): Policy => ({
  ...smallPolicy(),
  targets: smallPolicy().targets.flatMap((target): readonly Target[] => {
    const one = said[target.name];
    if (one === undefined) return [];
    const { mode, gives, retire = false } = one;
    const wishes = target.grants.find(({ role }) => role === reader || role === responder)?.wishes ?? [];
    return [
      {
        ...target,
        mode,
        retire,
        grants: [{ role: reader, wishes, sourceGroups: gives === null ? [] : [byId(gives)] }],
      },
    ];
  }),
});

async function settledUnder(policy: Policy) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  world.source.members.set(other, new Set());
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  return { world, pass };
}

// Of two customers that delegate to one group one goes; the other is still being watched before Muster may write for it.
test("a retired target gives nobody leave to write what only a target in observe still gives", async () => {
  const { world } = await settledUnder(
    policyOf({
      contoso: { mode: "full", gives: lighthouse, retire: true },
      fabrikam: { mode: "observe", gives: lighthouse },
    }),
  );
  expect(isIn(world, lighthouse)).toBe(false);
});

// Hands off a customer during an incident: the target is put in observe, or was add-only from the start, and then its delegation is edited.
test.each(["observe", "add-only"] as const)(
  "a target in %s names another source group: nothing is taken that was given for it",
  async (mode) => {
    const full = { mode: "full", gives: null } as const;
    const { world, pass } = await settledUnder(
      policyOf({ contoso: { mode: "full", gives: lighthouse }, fabrikam: full }),
    );
    world.setPolicy(policyOf({ contoso: { mode, gives: lighthouse }, fabrikam: full }));
    await pass(hourMs);
    world.setPolicy(policyOf({ contoso: { mode, gives: other }, fabrikam: full }));
    await pass(dayMs);
    expect(isIn(world, lighthouse)).toBe(true);
  },
);

// A target is lost in a merge: its own tenant is left as it is until people have spoken, and so is what leads there from home.
test("a target is taken out of the policy with people in it: nothing that it gave is changed, until it is retired", async () => {
  const full = { mode: "full", gives: null } as const;
  const { world, pass } = await settledUnder(
    policyOf({ contoso: { mode: "full", gives: lighthouse }, fabrikam: full }),
  );
  world.setPolicy(policyOf({ fabrikam: full }));
  await pass(dayMs);
  expect(world.parked).toMatchObject([{ advice: expect.stringContaining("retire: true") }]);
  expect(isIn(world, lighthouse)).toBe(true);
});

const home = smallPolicy().source.tenantId;
const customers = [31, 32, 33, 34, 35, 36, 37];

/** So many customers, each of whom delegates these groups to readers and gives nothing else. */
const delegatedBy = (all: readonly (readonly GroupId[])[]): Policy => {
  const policy = smallPolicy();
  const [contoso] = policy.targets;
  if (contoso === undefined) throw new Error("the small policy has targets");
  const more = all.map((groups, index): Target => ({
    ...contoso,
    name: targetNameSchema.parse(`customer${index}`),
    tenantId: tenantIdSchema.parse(`99999999-9999-4999-8999-${String(index).padStart(12, "0")}`),
    sync: { ...contoso.sync, scope: { kind: "group", group: byId(groupId(60 + index)) } },
    grants: [{ role: reader, wishes: [], sourceGroups: groups.map(byId) }],
  }));
  return { ...policy, targets: [...policy.targets, ...more] };
};

async function readerOf(policy: Policy, groups: readonly GroupId[]) {
  const world = smallWorld();
  const pass = withCatchUp(world);
  for (const group of groups) world.source.members.set(group, new Set());
  world.setPolicy(policy);
  await world.change(ana, readersAtHome, "in");
  await pass(hourMs);
  expect(groups.filter((group) => !isIn(world, group))).toEqual([]);
  return { world, pass };
}

test("nothing but a source group was given for a target that is taken out: who stays is in it, people hear, and who leaves is out", async () => {
  const { world, pass } = await readerOf(delegatedBy([[lighthouse]]), []);
  expect(isIn(world, lighthouse)).toBe(true);
  world.setPolicy(smallPolicy());
  await pass(dayMs);
  expect(isIn(world, lighthouse)).toBe(true);
  expect(world.parked).toMatchObject([{ advice: expect.stringContaining("retire: true") }]);
  await world.change(ana, readersAtHome, "out");
  await pass(hourMs);
  expect(isIn(world, lighthouse)).toBe(false);
  expect(world.leaveProofs().map(({ tenant }) => tenant)).toContain(home);
});

test("a mover whom many customers delegate a group to: each customer's group is counted for that customer", async () => {
  const groups = customers.map(groupId);
  const { world, pass } = await readerOf(delegatedBy(groups.map((group) => [group])), groups);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  expect(groups.filter((group) => isIn(world, group))).toEqual([]);
  expect(world.parked).toEqual([]);
});

test("and one customer who delegates more groups than one run may take keeps people asking, the others do not", async () => {
  const groups = customers.map(groupId);
  const { world, pass } = await readerOf(delegatedBy([groups, [lighthouse]]), groups);
  world.source.members.get(readersAtHome)?.delete(ana);
  await world.change(ana, respondersAtHome, "in");
  await pass(hourMs);
  expect(groups.filter((group) => !isIn(world, group))).toEqual([]);
  expect(isIn(world, lighthouse)).toBe(false);
  expect(world.parked).toMatchObject([{ reason: expect.stringContaining("7 grants") }]);
});
