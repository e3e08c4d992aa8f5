import type { TypeRef } from "./metadata.ts";

/*
 * Where Microsoft's documentation is right and its metadata is silent or differs. Each entry names its page; an
 * entry that the metadata has caught up with should go.
 */

const text: TypeRef = { name: "Edm.String", collection: false };

/** Properties that the documented request bodies carry although the metadata does not declare them. */
export const documentedProperties: ReadonlyMap<string, ReadonlyMap<string, TypeRef>> = new Map([
  [
    // The metadata has only the navigations target, assignmentPolicy and accessPackage.
    // https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentrequests
    "microsoft.graph.accessPackageAssignment",
    new Map([
      ["targetId", text],
      ["assignmentPolicyId", text],
      ["accessPackageId", text],
    ]),
  ],
]);

/** Methods that the documentation gives and the metadata does not, by declaring type and member. */
export const documentedMethods: ReadonlyMap<string, readonly string[]> = new Map([
  // https://learn.microsoft.com/graph/api/synchronization-synchronizationschema-update
  ["microsoft.graph.synchronizationJob/schema", ["PUT"]],
  // https://learn.microsoft.com/graph/api/crosstenantidentitysyncpolicypartner-update
  ["microsoft.graph.crossTenantAccessPolicyConfigurationPartner/identitySynchronization", ["PATCH"]],
]);

/** Spellings that documented filters use, by type: the documented name and the property it stands for. */
export const documentedSpellings: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  // https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments
  ["microsoft.graph.accessPackageSubject", new Map([["objectid", "objectId"]])],
]);
