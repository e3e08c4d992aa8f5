import * as z from "zod";
import { guidSchema, namePattern, servicePrincipalIdSchema, tenantIdSchema } from "../model/ids.ts";
import { durationHint, durationMs, lengthHint, durationPattern, shortDurationPattern } from "./duration.ts";
import { show } from "./problem.ts";
import { templateMistake } from "./stamp-template.ts";

/*
 * The policy file, as zod. Editors read the annotations in policy.schema.json and people read them in messages:
 * `title` completes `"x" is not a …`, `description` says what to write where something is missing.
 */

const nameRule =
  "use 1 to 64 letters, digits, dots, hyphens and underscores, of which the first is a letter or a digit";

function id<Schema extends z.ZodType>(schema: Schema, description: string): Schema {
  return schema.meta({ title: "GUID", description });
}

/** A string with a rule that zod has no word for; `pattern` tells editors as much of it as they understand. */
function text(
  annotations: { title: string; description?: string; pattern?: string; examples?: string[] },
  mistakeIn: (text: string) => { message: string; hint: string } | undefined,
): z.ZodString {
  return z
    .string()
    .check((context) => {
      const mistake = mistakeIn(context.value);
      if (mistake === undefined) return;
      const { message, hint } = mistake;
      context.issues.push({ code: "custom", message, params: { hint }, input: context.value });
    })
    .meta(annotations);
}

/**
 * The keys of a map. Zod does not look at the value of a key that it finds invalid, which would keep mistakes back, so
 * the pattern is for editors here and `breachesOf` holds the file against it.
 */
function keys(title: string, pattern: RegExp, description: string): z.ZodString {
  return z.string().meta({ title, description, pattern: pattern.source });
}

function filled(title: string, description: string): z.ZodString {
  return z.string().regex(/\S/).meta({ title, description });
}

function group(description: string): z.ZodString {
  return text({ title: "group", description, pattern: "\\S" }, (name) => {
    if (name.trim() === "") return { message: "the group has no name", hint: description };
    const isAlmostId = /^[\da-f-]{30,}$/i.test(name) && !guidSchema.safeParse(name).success;
    if (!isAlmostId) return undefined;
    return {
      message: `"${name}" is neither a GUID nor likely to be a group's name`,
      hint: "check its digits",
    };
  });
}

const template = text(
  { title: "stamp", examples: ["{roles}", "{id}"], pattern: "\\{(roles|id)\\}" },
  templateMistake,
).describe(
  'value of the extension property: text with {roles} (role names joined with ";") or {id}, in quotes',
);

const source = z
  .strictObject({
    tenantId: id(tenantIdSchema, "id of the tenant where analysts have their accounts"),
    extensionApp: id(guidSchema, "appId of the application that owns the extension properties"),
    stamps: z
      .record(keys("stamp name", /^[A-Za-z0-9_]+$/, "use letters, digits and underscores"), template)
      .default({})
      .describe(
        "extension properties to write on each analyst, by name; a push target needs one that is {id} alone",
      ),
  })
  .describe("where analysts come from: tenantId, extensionApp and stamps");

const attribute = (name: string) => filled("value", `value that ${name} must have, to the letter`).optional();

const attributes = z
  .strictObject({
    department: attribute("department"),
    jobTitle: attribute("jobTitle"),
    companyName: attribute("companyName"),
    employeeType: attribute("employeeType"),
    employeeId: attribute("employeeId"),
    officeLocation: attribute("officeLocation"),
    city: attribute("city"),
    country: attribute("country"),
    usageLocation: attribute("usageLocation"),
  })
  .meta({
    minProperties: 1,
    description: "attributes of the source user, all of which must be equal to these",
  });

const role = z
  .strictObject({
    group: group("id, or unique display name, of a group in the source tenant").optional(),
    attributes: attributes.optional(),
  })
  .meta({
    description: "who holds the role: either group or attributes",
    oneOf: [{ required: ["group"] }, { required: ["attributes"] }],
  });

/** The keys of a grant, of which there is at least one. */
export const grantKinds = ["groups", "eligibleGroups", "accessPackages", "sourceGroups"] as const;

const howLong = text(
  { title: "length of time", pattern: durationPattern.source, examples: ["P30D", "P180D", "PT12H"] },
  (duration) =>
    durationPattern.test(duration) && durationMs(duration) > 0
      ? undefined
      : { message: `${show(duration)} is no length of time in days or hours`, hint: lengthHint(duration) },
);

const eligibleGroup = z.union([
  group("id, or unique display name, of a group in the target tenant"),
  z.strictObject({
    group: group("id, or unique display name, of a group in the target tenant"),
    duration: howLong
      .optional()
      .describe("for how long at a time, as far as the group's settings in PIM allow it; renewed in time"),
  }),
]);

const accessPackage = z
  .strictObject({
    package: filled(
      "access package",
      "id, or unique display name, of an access package in the target tenant",
    ),
    policy: filled(
      "assignment policy",
      "id or display name of the package's assignment policy to assign it under",
    ),
    expires: howLong.optional().describe("for how long; without it, as long as the assignment policy says"),
    renew: z
      .boolean()
      .default(false)
      .describe("ask for it anew before it ends; otherwise its end is respected, and it is not given again"),
  })
  .describe("an access package: package and policy");

const grants = z.record(
  z.string().describe("name of a role"),
  z
    .strictObject({
      groups: z
        .array(group("id, or unique display name, of a group in the target tenant"))
        .default([])
        .describe("groups of the target tenant that its holders belong in"),
      eligibleGroups: z
        .array(eligibleGroup)
        .default([])
        .describe(
          "groups of the target tenant that its holders may activate membership of through PIM, role-assignable ones among them",
        ),
      accessPackages: z
        .array(accessPackage)
        .default([])
        .describe("access packages of the target tenant that its holders are assigned"),
      sourceGroups: z
        .array(group("id, or unique display name, of a group in the source tenant"))
        .default([])
        .describe(
          "groups of the source tenant that its holders belong in, such as those that Azure Lighthouse or GDAP delegates to",
        ),
    })
    .meta({
      description: "what holders of the role are given",
      anyOf: grantKinds.map((kind) => ({ required: [kind] })),
    }),
);

/** What a push target has to have. */
export const syncWords = "the cross-tenant synchronization to this target: servicePrincipal, job and scope";

const target = z
  .strictObject({
    tenantId: id(tenantIdSchema, "id of the tenant to defend"),
    topology: z.enum(["push", "pull"]).meta({
      title: "topology",
      description:
        "push: the source creates accounts with cross-tenant synchronization; pull: the target invites with access packages",
    }),
    mode: z
      .enum(["observe", "add-only", "full"])
      .meta({ title: "mode" })
      .default("observe")
      .describe("observe: only say what would change; add-only: grant, never remove; full: grant and remove"),
    tags: z
      .array(filled("tag", "a word to select targets by"))
      .default([])
      .describe("words to select targets by"),
    extensionApp: id(
      guidSchema,
      "appId of the application that owns the extension properties in this tenant, if it is not that of the source",
    ).optional(),
    retire: z
      .boolean()
      .default(false)
      .describe(
        "take back everything that Muster gave here, from everybody, before the target is taken out of the policy",
      ),
    onExternalRemoval: z
      .enum(["restore", "respect", "hold"])
      .meta({ title: "way to deal with removals by others" })
      .default("restore")
      .describe(
        "what becomes of what Muster gave and somebody else took away: restore gives it again, respect leaves it so, hold leaves it so and asks a person",
      ),
    onDeniedReview: z
      .enum(["respect", "restore"])
      .meta({ title: "way to deal with denied access reviews" })
      .default("respect")
      .describe(
        "what becomes of what an access review in the target has denied since Muster gave it: respect leaves it so and tells people, restore deals with it as onExternalRemoval says",
      ),
    sync: z
      .strictObject({
        servicePrincipal: id(
          servicePrincipalIdSchema,
          "object id of the synchronization's service principal in the source tenant",
        ),
        job: filled("job", "id of the synchronization job, such as Azure2Azure.…"),
        scope: z
          .strictObject({
            group: group(
              "id, or unique display name, of the source group whose members are synchronized",
            ).optional(),
            appRole: filled(
              "app role",
              "id or display name of the role that the synchronization's application brought with it, msiam_access as a rule",
            ).optional(),
            accessPackage: filled(
              "access package",
              "id, or unique display name, of an access package of the source tenant that holds the synchronization's application",
            ).optional(),
            policy: filled(
              "assignment policy",
              "id or display name of that package's assignment policy to assign it under",
            ).optional(),
            expires: howLong
              .optional()
              .describe(
                "of an access package: for how long; without it, as long as the assignment policy says",
              ),
            renew: z
              .boolean()
              .optional()
              .describe(
                "of an access package: ask for it anew before it ends; otherwise its end is respected",
              ),
          })
          .meta({
            description:
              "what puts an analyst in scope of the synchronization: group, appRole, or accessPackage and policy",
            oneOf: [
              { required: ["group"] },
              { required: ["appRole"] },
              { required: ["accessPackage", "policy"] },
            ],
          }),
      })
      .optional()
      .describe(syncWords),
    scope: z
      .strictObject({ group: group("id, or unique display name, of the source group that may go there") })
      .optional()
      .describe(
        "of a pull target: the group on the outbound allow-list of the source's cross-tenant access settings",
      ),
    profile: z.string().optional().describe("name of a profile whose grants this target gives"),
    grants: grants.optional().describe("grants by role, in addition to those of the profile"),
  })
  .meta({
    description: "one tenant to defend",
    anyOf: [{ required: ["profile"] }, { required: ["grants"] }],
  });

const removals = z.strictObject({
  perRun: z.int().min(0).default(5).describe("most removals in one run"),
  share: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("largest part of a role's holders that may lose it at once: 20 % is 0.2"),
});

const deleteAfter = text(
  {
    title: "duration",
    pattern: `^never$|${durationPattern.source}`,
    examples: ["P0D", "P30D", "PT12H", "never"],
  },
  (duration) =>
    duration === "never" || durationPattern.test(duration)
      ? undefined
      : { message: `${show(duration)} is not a duration in days or hours`, hint: durationHint(duration) },
);

const leavers = z.strictObject({
  revokeSessions: z
    .boolean()
    .default(true)
    .describe("end a leaver's sessions in the source tenant, where a guest signs in"),
  block: z.boolean().default(true).describe("block sign-in of a leaver's target accounts"),
  deleteAfter: deleteAfter
    .default("P0D")
    .describe('how long after somebody left Muster deletes the target account: days or hours, or "never"'),
  accounts: z
    .enum(["owned", "all"])
    .meta({ title: "choice of accounts" })
    .default("owned")
    .describe("owned: block and delete only accounts that came with Muster's scope; all: older ones too"),
});

const patience = text(
  { title: "duration", pattern: shortDurationPattern.source, examples: ["PT30M", "PT2H"] },
  (duration) =>
    shortDurationPattern.test(duration)
      ? undefined
      : {
          message: `${show(duration)} is not a duration in days, hours or minutes`,
          hint: "write one such as PT30M or PT2H",
        },
);

/** The file as people write it; what it means is `Policy`. */
export const policyFileSchema = z
  .strictObject({
    source,
    roles: z
      .record(keys("role name", namePattern, nameRule), role)
      .describe("kinds of analyst, by name; somebody holds every role that matches"),
    protected: z
      .array(id(guidSchema, "object id of a user who is never planned and never written"))
      .default([])
      .describe("object ids of users who are never planned and never written, such as break-glass accounts"),
    profiles: z
      .record(keys("profile name", /\S/, "use any text"), grants)
      .default({})
      .describe("named sets of grants for targets to share"),
    targets: z
      .record(keys("target name", namePattern, nameRule), target)
      .describe("tenants to defend, by name"),
    guardrails: z
      .strictObject({ removals: removals.prefault({}).describe("how much may be removed without approval") })
      .prefault({})
      .describe("limits that hold a plan back for approval"),
    leavers: leavers.prefault({}).describe("what happens to the target accounts of somebody who leaves"),
    accessPackages: z
      .strictObject({
        patience: patience
          .default("PT30M")
          .describe("how long the delivery of an access package may take before people are told"),
      })
      .prefault({})
      .describe("how access packages are waited for"),
    movers: z
      .strictObject({
        order: z
          .enum(["add-first", "remove-first"])
          .meta({ title: "choice of order" })
          .default("add-first")
          .describe("whether new grants come before old ones go, or after"),
        grace: patience
          .optional()
          .describe("how long somebody who stays keeps what a lost role gave; only with order: add-first"),
      })
      .prefault({})
      .describe("what happens when somebody's roles change"),
  })
  .meta({ title: "Muster policy", description: "who may do what in which tenant" });

export type PolicyFile = z.output<typeof policyFileSchema>;

/** The JSON schema that editors read, draft 7 because that is what the YAML language server knows best. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(policyFileSchema, { io: "input", target: "draft-7" });
}
