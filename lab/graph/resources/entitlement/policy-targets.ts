import { refused } from "../../entitlement/problems.ts";
import type { SubjectSet, TargetScope } from "../../entitlement/records.ts";
import { recordOf } from "../../entitlement/schedule.ts";

const scopes: readonly TargetScope[] = [
  "notSpecified",
  "specificDirectoryUsers",
  "specificConnectedOrganizationUsers",
  "allMemberUsers",
  "allDirectoryUsers",
  "allConfiguredConnectedOrganizationUsers",
  "allExternalUsers",
];

export function scopeOf(given: unknown): TargetScope {
  const scope = scopes.find((each) => each === (given ?? "notSpecified"));
  if (scope === undefined) throw refused("InvalidModel", "The lab does not know this allowedTargetScope.");
  return scope;
}

/** The key of each kind of subject set that the lab knows. */
const keys = {
  "#microsoft.graph.singleUser": "userId",
  "#microsoft.graph.groupMembers": "groupId",
  "#microsoft.graph.connectedOrganizationMembers": "connectedOrganizationId",
} as const;

export function readSubjectSets(given: unknown): readonly SubjectSet[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw refused("InvalidModel", "specificAllowedTargets must be a collection.");
  return given.map((each) => {
    const { "@odata.type": type, ...rest } = recordOf(each);
    const key = Object.entries(keys).find(([name]) => name === type)?.[1];
    const id = key === undefined ? undefined : rest[key];
    if (key === undefined || typeof id !== "string")
      throw refused("InvalidModel", "The lab does not know this kind of subject set.");
    // The key goes with its type.
    return { "@odata.type": type, [key]: id } as unknown as SubjectSet;
  });
}
