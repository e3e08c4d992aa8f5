import type { Actor } from "../directory/objects.ts";
import type { Call } from "../http/call.ts";
import type { Lab } from "../lab.ts";

/** Graph lets an app remove what others granted; good manners do not. */
export function requireOwned(
  lab: Lab,
  call: Call,
  thing: { readonly owner: Actor; readonly what: string },
): void {
  const { owner, what } = thing;
  if (owner.kind === "app" && owner.appId === call.caller.appId) return;
  lab.violations.report(call, "unowned-write", `Removes ${what}, which the app did not create.`);
}
