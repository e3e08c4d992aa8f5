import { isExtensionName } from "../odata/query.ts";
import type { SyncJob } from "./job.ts";

/** The `synchronizationSchema` of a job, as far as anyone reads it: the rule's id and what is mapped. */
export function schemaResource(job: SyncJob) {
  const extensions = [...job.target.extensions.keys()].filter(isExtensionName);
  const mapped = ["accountEnabled", "displayName", "givenName", "surname", "jobTitle", "department", "mail"];
  return {
    id: job.id,
    version: "v1.2",
    synchronizationRules: [
      {
        id: job.ruleId,
        name: "USER_INBOUND_USER",
        editable: true,
        priority: 1,
        sourceDirectoryName: "Azure Active Directory",
        targetDirectoryName: "Azure Active Directory (target tenant)",
        containerFilter: null,
        groupFilter: null,
        metadata: [{ key: "supportsProvisionOnDemand", value: "true" }],
        objectMappings: [
          {
            enabled: true,
            flowTypes: "Add, Update, Delete",
            name: "Provision Azure Active Directory Users",
            sourceObjectName: "User",
            targetObjectName: "User",
            scope: null,
            metadata: [],
            attributeMappings: [...mapped, ...extensions].map((name) => ({
              defaultValue: null,
              exportMissingReferences: false,
              flowBehavior: "FlowWhenChanged",
              flowType: "Always",
              matchingPriority: 0,
              targetAttributeName: name,
              source: { expression: `[${name}]`, name, type: "Attribute", parameters: [] },
            })),
          },
        ],
      },
    ],
  };
}
