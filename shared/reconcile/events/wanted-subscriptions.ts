import type { GroupDirectory } from "../../graph/group-directory.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import type { GroupId } from "../../model/ids.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { failure, type Subscribed } from "./subscribed.ts";

type Ports = {
  readonly groups: Pick<GroupDirectory, "find">;
  readonly reader: Pick<SourceReader, "listMembers">;
};

/** Graph allows 100 subscriptions of one application in a tenant. */
const mostGroups = 90;

/** Role groups come first: what is nested in them and left out is compared all the same, every 15 minutes. */
export async function wantedResources({ roles }: PolicyNow["policy"], ports: Ports) {
  const missing: Subscribed[] = [];
  const roleGroups = new Map<GroupId, string>();
  for (const { name, holders } of roles) {
    if (holders.kind !== "group") continue;
    const role = `role ${name}`;
    const found = await ports.groups
      .find(holders.group, "normal")
      .catch((error: unknown) => failure(role, error));
    if ("did" in found) missing.push(found);
    else if (found.kind === "not-found")
      missing.push({ resource: role, did: "failed", detail: `${found.reason}; ${found.advice}` });
    else roleGroups.set(found.facts.id, role);
  }
  const groups = new Set<string>(roleGroups.keys());
  for (const [group, role] of roleGroups) {
    const nested = await groupsWithin(group, ports).catch((error: unknown) => failure(role, error));
    if ("did" in nested) missing.push(nested);
    else for (const id of nested) groups.add(id);
  }
  const heard = [...groups].slice(0, mostGroups);
  return {
    resources: ["users", ...heard.map((id) => `groups/${id}`)],
    missing,
    leftOut: [...groups]
      .slice(mostGroups)
      .map((id): Subscribed => ({ resource: `groups/${id}`, did: "left out", detail: tooMany })),
  };
}

const tooMany = `more than ${mostGroups} groups give roles: changes of this one are noticed within 15 minutes only`;

/** Whoever is in a group that is in a role group holds the role, and only that group announces it. */
async function groupsWithin(group: GroupId, { reader }: Ports): Promise<readonly string[]> {
  const { groups, completeness } = await reader.listMembers(group, "normal");
  if (completeness.kind === "partial")
    throw new Error(`its members could not be listed: ${completeness.why}`);
  return groups;
}
