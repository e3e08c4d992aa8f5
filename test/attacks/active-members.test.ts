import { describe, expect, test } from "vitest";
import { eligibleReader } from "../../shared/graph/grants/eligible-grants.ts";
import { groupReader } from "../../shared/graph/grants/group-grants.ts";
import { groupDirectory } from "../../shared/graph/group-directory.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { eligibleFor, inGroup, smallPolicy } from "../support/small-policy.ts";
import { eachPart, ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { smallWorld } from "../support/small-world.ts";
import {
  ana,
  anasAccount,
  contoso,
  dayMs,
  hourMs,
  hunters,
  minuteMs,
  reader,
  readersAtHome,
  responder,
  respondersAtHome,
} from "../support/fixtures.ts";

const { group } = hunters.grant;

/** Readers may activate what responders have for good. Ana is a reader with an account, which leavers keep, blocked. */
async function scene() {
  const world = smallWorld();
  const policy = smallPolicy({ leavers: { deleteAfterMs: "never" } });
  const more = { [reader]: eligibleFor(group), [responder]: inGroup(group) };
  world.setPolicy({
    ...policy,
    targets: policy.targets.map((target) => ({
      ...target,
      grants: target.grants.map((grant) => {
        const wish = target.name === contoso ? more[grant.role] : undefined;
        return wish === undefined ? grant : { ...grant, wishes: [...grant.wishes, wish] };
      }),
    })),
  });
  await world.change(ana, readersAtHome, "in");
  await world.wait(hourMs);
  const [account = ""] = [...world.contoso.accounts.keys()];
  const { active, members, activeUntil, pending, eligible } = world.contoso;
  return {
    ...world,
    isMember: () => members.get(group)?.has(account) === true,
    isActive: () => active.get(group)?.has(account) === true,
    isEligible: () => eligible.get(group)?.has(account) === true,
    activate(ms: number): void {
      active.get(group)?.add(account);
      members.get(group)?.add(account);
      activeUntil.get(group)?.set(account, world.now() + ms);
    },
    deactivate(): void {
      active.get(group)?.delete(account);
      members.get(group)?.delete(account);
      activeUntil.get(group)?.delete(account);
    },
    ask: () => void pending.get(group)?.add(account),
    decide(way: "approve" | "deny"): void {
      pending.get(group)?.delete(account);
      if (way === "approve") active.get(group)?.add(account);
    },
  };
}

describe("an active member who is given the same group for good", () => {
  test("is in it for good when the activation has ended", async () => {
    const world = await scene();
    world.activate(4 * hourMs);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(4 * hourMs - minuteMs);
    world.deactivate();
    expect(world.isMember()).toBe(false);
    await world.wait(5 * minuteMs);
    expect(world.isMember()).toBe(true);
  });

  test("is looked at until the end shows, which may be late", async () => {
    const world = await scene();
    world.activate(4 * hourMs);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(4 * hourMs + 20 * minuteMs);
    world.deactivate();
    await world.wait(hourMs);
    expect(world.isMember()).toBe(true);
  });

  test("loses all of it when they leave", async () => {
    const world = await scene();
    world.activate(4 * hourMs);
    await world.change(ana, respondersAtHome, "in");
    await world.wait(4 * hourMs - minuteMs);
    world.deactivate();
    await world.wait(hourMs);
    world.source.members.get(readersAtHome)?.delete(ana);
    await world.change(ana, respondersAtHome, "out");
    await world.wait(hourMs);
    expect([world.isMember(), world.isEligible(), world.isActive()]).toEqual([false, false, false]);
    expect(world.leaveProofs()).not.toEqual([]);
  });
});

describe("an activation that waits for approval when its asker leaves", () => {
  test("is told of at once, keeps them from being proven out, and is ended when it is approved all the same", async () => {
    const world = await scene();
    world.ask();
    await world.change(ana, readersAtHome, "out");
    await world.wait(2 * hourMs);
    expect(world.isEligible()).toBe(false);
    expect(world.leaveProofs().filter(({ target }) => target === contoso)).toEqual([]);
    expect(world.parked.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("activation request-1 waits for approval"),
    ]);
    world.decide("approve");
    await world.wait(2 * hourMs);
    expect(world.isActive()).toBe(false);
    expect(world.leaveProofs().filter(({ target }) => target === contoso)).not.toEqual([]);
  });

  test("is nothing any more when it is denied", async () => {
    const world = await scene();
    world.ask();
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    world.decide("deny");
    await world.wait(2 * hourMs);
    expect(world.leaveProofs().filter(({ target }) => target === contoso)).not.toEqual([]);
  });

  test("is ended as well when they have become something else meanwhile", async () => {
    const world = await scene();
    world.ask();
    world.source.members.get(readersAtHome)?.delete(ana);
    world.setPolicy(smallPolicy());
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    world.decide("approve");
    await world.wait(2 * hourMs);
    expect([world.isEligible(), world.isActive()]).toEqual([false, false]);
  });
});

/** The tenant tells the time, and does not say that it is another one than here. */
const now = Date.now();
const at = (ms: number) => new Date(now + ms).toISOString();

type Wire = Readonly<Record<string, unknown>>;

/** What PIM tells of Ana's account, by list. */
function privileged(lists: { readonly requests?: readonly Wire[]; readonly active?: readonly Wire[] }) {
  const answer = eachPart(({ url }) => {
    if (url.includes("assignmentScheduleRequests")) return ok({ value: lists.requests ?? [] });
    if (url.includes("assignmentScheduleInstances"))
      return lists.active === undefined ? refused(403) : ok({ value: lists.active });
    return ok({ value: url.includes("memberOf") ? [{ id: group }] : [] });
  });
  const http = scriptedHttp(answer).http;
  return graphTenant({ tenantId: "t", url: "https://graph.example", http });
}

const asked = {
  id: "r-7",
  groupId: group,
  accessId: "member",
  action: "selfActivate",
  createdDateTime: at(-hourMs),
};

test.each([
  ["waits for approval", { ...asked, status: "PendingApproval" }, "coming"],
  ["waits to be carried out", { ...asked, status: "PendingProvisioning" }, "coming"],
  ["is for tomorrow", { ...asked, status: "Granted", scheduleInfo: { startDateTime: at(dayMs) } }, "coming"],
  [
    "was for yesterday",
    { ...asked, status: "Granted", scheduleInfo: { startDateTime: at(-dayMs) } },
    "absent",
  ],
  [
    "was let through a minute ago",
    { ...asked, status: "Provisioned", completedDateTime: at(-minuteMs) },
    "coming",
  ],
  [
    "was let through an hour ago",
    { ...asked, status: "Provisioned", completedDateTime: at(-hourMs) },
    "absent",
  ],
  ["was denied", { ...asked, status: "Denied", completedDateTime: at(-minuteMs) }, "absent"],
  ["is for owning the group", { ...asked, accessId: "owner", status: "PendingApproval" }, "absent"],
  [
    "is an assignment by somebody else",
    { ...asked, action: "adminAssign", status: "PendingApproval" },
    "absent",
  ],
])("an activation that %s, to whoever is to lose it", async (_, request, seen) => {
  const tenant = privileged({ requests: [request], active: [] });
  const holdings = await eligibleReader(tenant, groupDirectory(tenant)).holdings(anasAccount, "high", [
    "eligible",
  ]);
  expect(holdings({ kind: "eligible", group, duration: "P365D" }, "no").seen).toBe(seen);
});

test("a member by activation is one until it ends, and PIM is asked only where the policy has to do with it", async () => {
  const instance = {
    groupId: group,
    accessId: "member",
    assignmentType: "activated",
    endDateTime: at(hourMs),
  };
  const tenant = privileged({ active: [instance] });
  const read = (kinds: readonly ("group" | "eligible")[]) =>
    groupReader(tenant, groupDirectory(tenant)).holdings(anasAccount, "high", kinds);
  expect((await read(["group", "eligible"]))({ kind: "group", group }, "yes").endsAt).toBe(now + hourMs);
  expect((await read(["group"]))({ kind: "group", group }, "yes")).toEqual({ seen: "present" });
});

test("a member whose activation cannot be read is a member", async () => {
  const tenant = privileged({});
  const reader = groupReader(tenant, groupDirectory(tenant));
  const holdings = await reader.holdings(anasAccount, "high", ["group", "eligible"]);
  expect(holdings({ kind: "group", group }, "yes")).toEqual({ seen: "present" });
});
