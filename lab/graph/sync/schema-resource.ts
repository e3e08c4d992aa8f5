import { z } from "zod";
import { userShape } from "../directory/properties.ts";
import type { Tenant } from "../directory/tenant.ts";
import { GraphProblem } from "../http/problem.ts";
import { isExtensionName } from "../odata/query.ts";
import type { SyncJob } from "./job.ts";
import type { AttributeMapping } from "./mapping.ts";

/** What cross-tenant sync matches on: it is in every schema and cannot be changed. */
const matching = "alternativeSecurityIdentifier";

/** The `synchronizationSchema` of a job, as far as anyone reads it: the rule's id and what is mapped. */
export function schemaResource(job: SyncJob) {
  const mapped = [
    { ...shownMapping({ source: matching, target: matching }), matchingPriority: 1 },
    ...job.mappings.map(shownMapping),
  ];
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
            attributeMappings: mapped,
          },
        ],
      },
    ],
  };
}

function shownMapping({ source, target }: AttributeMapping) {
  return {
    defaultValue: null,
    exportMissingReferences: false,
    flowBehavior: "FlowWhenChanged",
    flowType: "Always",
    matchingPriority: 0,
    targetAttributeName: target,
    source: { expression: `[${source}]`, name: source, type: "Attribute", parameters: [] },
  };
}

const mappingSchema = z.looseObject({
  targetAttributeName: z.string(),
  matchingPriority: z.number().default(0),
  source: z.looseObject({ name: z.string(), type: z.literal("Attribute") }),
});
const bodySchema = z.looseObject({
  synchronizationRules: z
    .array(
      z.looseObject({
        id: z.string(),
        objectMappings: z.array(z.looseObject({ attributeMappings: z.array(mappingSchema) })).min(1),
      }),
    )
    .length(1),
});

/**
 * The mappings in the body of a PUT, which replaces the whole schema; throws the 400 for one that cannot be.
 * https://learn.microsoft.com/graph/api/synchronization-synchronizationschema-update
 */
export function readSchema(job: SyncJob, body: unknown): readonly AttributeMapping[] {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
  const [rule] = parsed.data.synchronizationRules;
  if (rule?.id !== job.ruleId) throw invalid(`The job has no rule '${rule?.id}'.`);
  const all = rule.objectMappings.flatMap(({ attributeMappings }) => attributeMappings);
  const matches = all.filter(({ matchingPriority }) => matchingPriority > 0);
  if (matches.length !== 1 || matches[0]?.targetAttributeName !== matching) {
    throw invalid(`Matching attributes cannot be changed: exactly '${matching}' has a matchingPriority.`);
  }
  const mappings = all
    .filter(({ matchingPriority }) => matchingPriority === 0)
    .map(({ source, targetAttributeName }) => ({ source: source.name, target: targetAttributeName }));
  for (const { source, target } of mappings) {
    requireAttribute(job.source, source, "source");
    requireAttribute(job.target, target, "target");
  }
  return mappings;
}

function requireAttribute(tenant: Tenant, name: string, side: "source" | "target"): void {
  const isKnown = isExtensionName(name) ? tenant.extensions.has(name) : userShape.known.has(name);
  if (!isKnown) throw invalid(`The ${side} directory has no attribute '${name}' of User.`);
}

function invalid(message: string): GraphProblem {
  return new GraphProblem(400, "schemaInvalid", message);
}
