import type { Actor } from "../directory/objects.ts";
import type { Call } from "../http/call.ts";
import type { Lab } from "../lab.ts";

/** Graph lets an app remove what others granted; good manners do not. */
export function requireOwned(
  lab: Lab,
  call: Call,
  thing: { readonly owner: Actor; readonly what: string; readonly deed?: "Removes" | "Changes" },
): void {
  const { owner, what, deed = "Removes" } = thing;
  if (owner.kind === "app" && owner.appId === call.caller.appId) return;
  lab.violations.report(call, "unowned-write", `${deed} ${what}, which the app did not create.`);
}
