import { beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { World } from "../../lab/world.ts";
import type { ParkedMessage } from "../../shared/queue/keys.ts";
import { openScene, testManners, type Person, type Scene } from "../support/lab.ts";

/**
 * Contoso assigns its readers an access package, and its responders the same one under a policy that asks for approval. Deliveries take
 * their time, and some wait for somebody.
 */
let scene: Scene;
const target = "contoso";
const em = "/identityGovernance/entitlementManagement";
beforeAll(async () => {
  scene = await openScene({ targets: 1, policyOf: withPackages });
  // Enough others that one who leaves is within the removal budget.
  for (const role of ["SOC Readers", "SOC Responders"])
    for (const name of ["Steady Sam", "Steady Sue"])
      await scene.join(await scene.hire(`${name} of ${role}`), role);
  await scene.pass();
});

function withPackages({ policy }: World): string {
  const file = parse(policy) as { targets: Record<string, { grants?: object }> }; // the world's own
  const grant = (name: string) => ({ accessPackages: [{ package: "SOC Operator", policy: name }] });
  file.targets[target] = {
    ...file.targets[target],
    grants: { reader: grant("Direct"), responder: grant("With approval") },
  };
  return stringify(file);
}

const toldReasons = () => scene.lab.bus.peek("parked").map(({ body }) => (body as ParkedMessage).reason); // Muster alone writes there
const tenant = () => scene.lab.world.targets[target]?.tenantId ?? "";

type Row = Readonly<Record<string, unknown>>;

async function rows(what: "assignments" | "assignmentRequests", person: Person): Promise<readonly Row[]> {
  const filter = `$filter=mail eq '${person.userPrincipalName}'&$select=id,mail`;
  const live = await scene.admin.list(tenant(), `/users?${filter}`);
  const bin = await scene.admin.list(
    tenant(),
    "/directory/deletedItems/microsoft.graph.user?$select=id,mail",
  );
  const account = [...live, ...bin].find(({ mail }) => mail === person.userPrincipalName);
  const who = what === "assignments" ? "target" : "requestor";
  return scene.admin.list(tenant(), `${em}/${what}?$filter=${who}/objectId eq '${String(account?.["id"])}'`);
}

const states = async (person: Person) =>
  (await rows("assignments", person)).map(({ state }) => String(state));
const requests = async (person: Person) =>
  (await rows("assignmentRequests", person)).map(
    ({ requestType, state }) => `${String(requestType)} ${String(state)}`,
  );

/** An administrator approves or denies whatever waits of this person's. */
async function decide(person: Person, reviewResult: "Approve" | "Deny"): Promise<void> {
  for (const { id, state } of await rows("assignmentRequests", person)) {
    if (state !== "pendingApproval") continue;
    const stages = `${em}/accessPackageAssignmentApprovals/${String(id)}/stages`;
    for (const stage of await scene.admin.list(tenant(), stages))
      await scene.admin.call(tenant(), "PATCH", `${stages}/${String(stage["id"])}`, {
        reviewResult,
        justification: "looked at",
      });
  }
}

async function holder(name: string, role: string): Promise<Person> {
  const person = await scene.hire(name);
  await scene.join(person, role);
  await scene.pass();
  return person;
}

const proofs = async (person: Person, purpose: "join" | "leave") =>
  (await scene.entries(person)).filter(
    ({ kind, plan, target: where }) => kind === "proof" && where === target && plan.purpose === purpose,
  );

const groups = async (person: Person) => (await scene.accessIn(person, target)).groups;

test("a joiner is assigned the package once, gets what is in it, and is proven when it is delivered", async () => {
  const ada = await holder("Assigned Ada", "SOC Readers");
  expect([await states(ada), await requests(ada)]).toEqual([["delivered"], ["adminAdd delivered"]]);
  expect(await groups(ada)).toEqual(["SOC Operators", "SOC Readers"]);
  const [proof] = await proofs(ada, "join");
  expect(proof?.evidence["grants"]).toContainEqual({
    kind: "package",
    name: "SOC Operator",
    seen: "present",
  });
});

test("a package that waits for approval keeps nobody from the rest, and is there when it is approved", async () => {
  const bea = await holder("Approved Bea", "SOC Responders");
  expect(await requests(bea)).toEqual(["adminAdd pendingApproval"]);
  expect(await groups(bea)).toEqual(["SOC Responders"]);
  expect(await proofs(bea, "join")).toEqual([]);
  await decide(bea, "Approve");
  await scene.pass(90 * 60_000);
  expect(await groups(bea)).toEqual(["SOC Operators", "SOC Responders"]);
  expect(await proofs(bea, "join")).not.toEqual([]);
});

test("what was denied is not asked for again, and people are told", async () => {
  const cal = await holder("Denied Cal", "SOC Responders");
  await decide(cal, "Deny");
  await scene.pass(3 * 60 * 60_000);
  expect(await requests(cal)).toEqual(["adminAdd denied"]);
  const reasons = toldReasons();
  expect(reasons.filter((reason) => reason.includes("denied.cal"))).toHaveLength(1);
});

// Who leaves while something is under way is in leavers-in-trouble.test.ts.
test("who leaves loses the assignment and what was in it", async () => {
  const dee = await holder("Leaving Dee", "SOC Readers");
  await scene.drop(dee, "SOC Readers");
  await scene.pass();
  expect(await states(dee)).toEqual(["expired"]);
  expect(await proofs(dee, "leave")).not.toEqual([]);
});

test("a delivery that does not end is told with the request's id, and looked at until it has come", async () => {
  const stuck = scene.lab.graph.faults.add({ kind: "stuckDelivery" });
  const gus = await holder("Stuck Gus", "SOC Readers");
  await scene.pass(60 * 60_000);
  const [open] = await rows("assignmentRequests", gus);
  const reasons = toldReasons();
  expect(reasons.filter((reason) => reason.includes(String(open?.["id"])))).toHaveLength(1);
  scene.lab.graph.faults.remove(stuck);
  await scene.pass(60 * 60_000);
  expect(await groups(gus)).toEqual(["SOC Operators", "SOC Readers"]);
});

test("a delivery that fails is processed again by the hour, and not asked for anew, until it has come", async () => {
  const [operators] = await scene.admin.list(tenant(), "/groups?$filter=displayName eq 'SOC Operators'");
  const path = `/groups/${String(operators?.["id"])}`;
  // Nobody can put people into a group whose rule decides.
  const membershipRule = '(user.department -eq "SOC")';
  const isRuled = { membershipRule, membershipRuleProcessingState: "Paused" };
  await scene.admin.call(tenant(), "PATCH", path, { ...isRuled, groupTypes: ["DynamicMembership"] });
  const hal = await holder("Broken Hal", "SOC Readers");
  expect([await states(hal), await groups(hal)]).toEqual([["deliveryFailed"], ["SOC Readers"]]);
  expect(await proofs(hal, "join")).toEqual([]);
  await scene.admin.call(tenant(), "PATCH", path, { groupTypes: [] });
  await scene.pass(150 * 60_000);
  expect(await states(hal)).toEqual(["delivered"]);
  expect(await requests(hal)).toHaveLength(1);
  expect(await groups(hal)).toEqual(["SOC Operators", "SOC Readers"]);
  expect(await proofs(hal, "join")).not.toEqual([]);
});

test("once all is as it should be, nothing is written", async () => {
  const since = scene.mark();
  await scene.pass();
  expect(scene.writes(since)).toEqual([]);
});

testManners(() => scene);
