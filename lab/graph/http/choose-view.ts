import { replicaView, viewOf, writeView, type DirectoryView } from "../directory/view.ts";
import type { Lab } from "../lab.ts";
import { isWrite, type Call } from "./call.ts";

/**
 * The directory as this call sees it. A read is answered by any of the tenant's replicas, the next one perhaps by
 * another; a write finds only what a replica shows, and changes what is there now. Administrators see the present, so
 * that tests can judge. `lagMs` is the doing of a fault.
 */
export function chooseView(lab: Lab, call: Call, lagMs: number | undefined): DirectoryView {
  const shown = shownTo(lab, call, lagMs);
  return isWrite(call.method, call.template) ? writeView(shown, viewOf(call.tenant)) : shown;
}

function shownTo(lab: Lab, call: Call, lagMs: number | undefined): DirectoryView {
  const { tenant, caller, path } = call;
  if (lagMs !== undefined) return viewOf(tenant, lab.clock.now() - lagMs);
  if (caller.kind === "admin") return viewOf(tenant);
  const staleness = isWrite(call.method, call.template) ? undefined : lab.sentinels.staleness(tenant);
  if (staleness !== undefined) return viewOf(tenant, staleness);
  if (tenant.replicas.areCurrent()) return viewOf(tenant);
  const replica = lab.draws.oneOf(tenant.replicas.count, "which replica", tenant.id, call.method, path);
  // A delta query tells what has happened up to one moment.
  if (/\/delta(\(\))?$/.test(call.template)) return viewOf(tenant, tenant.replicas.heardUntil(replica));
  return replicaView(tenant, replica);
}
