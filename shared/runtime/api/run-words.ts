import { z } from "zod";
import type { Caller } from "../../api/caller.ts";
import { analystIdSchema, targetNameSchema } from "../../model/ids.ts";
import type { SweepScope } from "../../model/sweep.ts";

/** What a run is about, as operators write it and read it. */
export const scopeSchema = z
  .union([
    z.literal("all"),
    z.strictObject({ analyst: analystIdSchema.describe("Object id in the source tenant.") }),
    z.strictObject({
      target: targetNameSchema.describe("As the policy calls it; `source` for the source tenant."),
    }),
    z.strictObject({ tag: z.string().min(1).max(200).describe("One of `targets.<name>.tags`.") }),
  ])
  .describe(
    "Everything, one analyst wherever they are or should be, one target or the source, or all targets with a tag.",
  );
type Scope = z.output<typeof scopeSchema>;

export function scopeOfSweep(scope: Scope): SweepScope {
  if (scope === "all") return { kind: "all" };
  if ("analyst" in scope) return { kind: "analyst", ...scope };
  return "target" in scope ? { kind: "target", ...scope } : { kind: "tag", ...scope };
}

export function scopeInApi(scope: SweepScope): Scope {
  switch (scope.kind) {
    case "all":
      return "all";
    case "analyst":
      return { analyst: scope.analyst };
    case "target":
      return { target: scope.target };
    case "tag":
      return { tag: scope.tag };
    default:
      return scope satisfies never;
  }
}

/** Who asks, for the record: ids, because names change and can be chosen. */
export const whoAsked = ({ tenant, object, app, kind }: Caller) =>
  kind === "user" ? `user ${object} of ${tenant} with ${app}` : `application ${app} of ${tenant}`;
