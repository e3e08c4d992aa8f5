import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";
import type { Census } from "./census.ts";
import { idsOf } from "./ids.ts";
import { eligibleGroups, packageNames, plainGroups } from "./lay-out.ts";
import type { TargetPlan, WorldPlan } from "./plan.ts";

/** Something that the app has given to an account, and Graph has taken it. */
type Given = { readonly where: string; readonly key: string; readonly account: string; readonly at: number };

type Parts = {
  readonly plan: WorldPlan;
  readonly census: Census;
  /** Of the tenant with this name, now and at every moment that was looked at: accounts that are gone by now, too. */
  readonly ownerOf: (target: string, account: string) => string | undefined;
  readonly traffic: readonly TrafficRecord[];
  /** How long it may go by what was so before. */
  readonly lagMs: number;
};

/** Whoever was given something is who they should be, and was to have it at the time or a moment before. */
export function judgeWrites({ plan, census, ownerOf, traffic, lagMs }: Parts): readonly string[] {
  const given = plan.targets.flatMap((target) =>
    traffic
      .filter(({ tenantId }) => tenantId === idsOf.tenant(target.name))
      .flatMap((record) => giftOf(target, record)),
  );
  return [...new Set(given.flatMap((gift) => judgeGift(gift)))];

  function judgeGift({ where, key, account, at }: Given): readonly string[] {
    const owner = ownerOf(where, account);
    const citizen = census.everybody().find(({ id }) => id === owner);
    if (citizen === undefined)
      return [`stranger: ${key} in ${where} is given to ${account}, who is nobody of ours`];
    // Sync leads whoever is hired again to the account of the one before.
    const bearers = census.everybody().filter(({ person }) => person === citizen.person);
    const wasWanted = bearers.some(({ id }) => census.wasWanted(id, where, key, at - lagMs));
    return wasWanted ? [] : [`given: ${citizen.person} gets ${key} in ${where} and was not to have it`];
  }
}

function giftOf(target: TargetPlan, record: TrafficRecord): readonly Given[] {
  const { method, template, path, status, requestBody, at } = record;
  if (method !== "POST" || status >= 300 || record.caller !== "app") return [];
  const gift = (key: string | undefined, account: string): readonly Given[] =>
    key === undefined ? [] : [{ where: target.name, key, account, at: Date.parse(at) }];
  const named = (kind: string, names: readonly string[], id: string) => {
    const name = names.find((one) => idsOf.group(target.name, one) === id);
    return name === undefined ? undefined : `${kind} ${name}`;
  };
  if (template.endsWith("/members/$ref")) {
    const reference = (requestBody as { "@odata.id": string })["@odata.id"]; // Graph has accepted it
    return gift(named("group", plainGroups, path.split("/")[2] ?? ""), reference.split("/").at(-1) ?? "");
  }
  if (template.endsWith("/eligibilityScheduleRequests")) {
    const body = requestBody as { action: string; principalId: string; groupId: string }; // Graph has accepted it
    return body.action === "adminAssign"
      ? gift(named("eligible", eligibleGroups, body.groupId), body.principalId)
      : [];
  }
  if (template.endsWith("/assignmentRequests")) {
    const { requestType, assignment } = requestBody as {
      requestType: string;
      assignment: { targetId?: string; accessPackageId?: string };
    }; // Graph has accepted it
    const name = packageNames(target).find(
      (one) => idsOf.package(target.name, one) === assignment.accessPackageId,
    );
    return requestType === "adminAdd" && assignment.targetId !== undefined && name !== undefined
      ? gift(`package ${name}`, assignment.targetId)
      : [];
  }
  return [];
}
