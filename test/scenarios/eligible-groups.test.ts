import { beforeAll, expect, test } from "vitest";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * In one target responders are eligible for a role-assignable group: they activate membership through PIM when they need it. How
 * they leave is in leavers-in-trouble.test.ts.
 */
let scene: Scene;
const target = "northwind";
const pim = "/identityGovernance/privilegedAccess/group";
beforeAll(async () => {
  scene = await openScene();
});

const tenant = () => scene.lab.world.targets[target]?.tenantId ?? "";
const group = () => scene.lab.world.targets[target]?.eligibleGroups["SOC Administrators"] ?? "";

async function accountOf({ userPrincipalName }: Person): Promise<string> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail`;
  const [account] = await scene.admin.list(tenant(), `/users?${filter}`);
  return String(account?.["id"]);
}

async function responder(name: string): Promise<Person & { readonly account: string }> {
  const person = await scene.hire(name);
  await scene.join(person, "SOC Responders");
  await scene.pass();
  return { ...person, account: await accountOf(person) };
}

/** Whether somebody is eligible for the group, and active in it, as an administrator sees it. */
async function standing(account: string): Promise<{ eligible: boolean; active: boolean }> {
  const of = async (what: string) => {
    const filter = `$filter=principalId eq '${account}' and groupId eq '${group()}'`;
    const found = await scene.admin.list(tenant(), `${pim}/${what}ScheduleInstances?${filter}`);
    return found.length > 0;
  };
  return { eligible: await of("eligibility"), active: await of("assignment") };
}

/** The person does it; the administrator plays them. */
async function activate(account: string): Promise<void> {
  await scene.admin.call(tenant(), "POST", `${pim}/assignmentScheduleRequests`, {
    action: "selfActivate",
    accessId: "member",
    principalId: account,
    groupId: group(),
    justification: "an incident",
    scheduleInfo: {
      startDateTime: new Date(scene.lab.clock.now()).toISOString(),
      expiration: { type: "afterDuration", duration: "PT8H" },
    },
  });
}

test("a joiner is eligible, and no member before they activate it", async () => {
  const ada = await responder("Eligible Ada");
  expect(await standing(ada.account)).toEqual({ eligible: true, active: false });
  expect((await scene.accessIn(ada, target)).groups).toEqual(["SOC Responders"]);
  await activate(ada.account);
  expect((await scene.accessIn(ada, target)).groups).toEqual(["SOC Administrators", "SOC Responders"]);
});

test("whom an access review of the group denies it is not made eligible again", async () => {
  const eve = await responder("Reviewed Eve");
  scene.lab.graph.faults.add({
    kind: "deniedReview",
    match: { tenant: target },
    user: eve.userPrincipalName,
    group: "SOC Administrators",
  });
  await scene.join(eve, "SOC Readers");
  await scene.pass();
  expect(await standing(eve.account)).toEqual({ eligible: false, active: false });
  expect((await scene.accessIn(eve, target)).groups).toEqual(["SOC Readers", "SOC Responders"]);
  const notes = (await scene.entries(eve)).flatMap(({ plan }) => plan.notes);
  expect(notes).toContainEqual(
    expect.objectContaining({ kind: "denied-by-review", name: "SOC Administrators" }),
  );
});

test("where nobody is given eligibility, nobody asks PIM", () => {
  const asked = scene.lab.graph
    .traffic()
    .filter(({ caller, template }) => caller === "app" && template.includes("privilegedAccess"));
  expect(asked.length).toBeGreaterThan(0);
  expect(new Set(asked.map(({ tenantId }) => tenantId))).toEqual(new Set([tenant()]));
});

test("once all is as it should be, nothing is written", async () => {
  const since = scene.mark();
  await scene.pass();
  expect(scene.writes(since)).toEqual([]);
});

testManners(() => scene);
