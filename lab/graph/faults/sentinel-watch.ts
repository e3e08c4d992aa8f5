import type { Change } from "../directory/change-log.ts";
import type { Tenant } from "../directory/tenant.ts";
import { isWrite, type Call, type Reply } from "../http/call.ts";
import { tooManyRequests, type GraphProblem } from "../http/problem.ts";
import { sentinelIn, sentinels, type Sentinel } from "./sentinels.ts";

/** Notices when a request concerns one of the sentinel people, and what that brings. */
export type SentinelWatch = {
  /** The 429 for the first write about a `Throttled` person. */
  refusal(call: Call): GraphProblem | undefined;
  /** How stale the reads of an object or a membership are; undefined when nobody in the tenant lags. */
  staleness(tenant: Tenant): ((key: string) => number | undefined) | undefined;
  /** Whether nobody is told of this change, because it concerns a `Muted` person. */
  silences(change: Change): boolean;
  /** Whether sync cannot export this source user. */
  fails(source: Tenant, userId: string): boolean;
  /** Whether this listing shows a `Vanishing` person for the first time. */
  swallows(call: Call, reply: Reply): boolean;
};

const guid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;

export function sentinelWatch(tenants: Iterable<Tenant>): SentinelWatch {
  const people = new Map([...tenants].map((tenant) => [tenant.id, peopleOf(tenant)]));
  const spent = new Set<string>();
  const inTenant = (tenant: Tenant) => people.get(tenant.id) ?? new Map<string, Sentinel>();

  function firstTime(key: string): boolean {
    if (spent.has(key)) return false;
    spent.add(key);
    return true;
  }

  const concerned = (call: Call, text: string, kind: Sentinel) => {
    const here = inTenant(call.tenant);
    if (here.size === 0) return [];
    const ids = new Set(text.toLowerCase().match(guid));
    return [...ids].filter((id) => here.get(id) === kind);
  };

  return {
    refusal(call) {
      if (!isWrite(call.method, call.template)) return undefined;
      const hit = concerned(call, `${call.path} ${JSON.stringify(call.body)}`, "Throttled").find((id) =>
        firstTime(`${call.tenant.id} ${id}`),
      );
      return hit === undefined ? undefined : tooManyRequests(sentinels.Throttled.retryAfterSeconds);
    },
    staleness(tenant) {
      const here = inTenant(tenant);
      if (![...here.values()].includes("Lagging")) return undefined;
      const then = tenant.clock.now() - sentinels.Lagging.staleMs;
      // The key of a membership ends with the member.
      return (key) => (here.get(key.split("/").at(-1) ?? "") === "Lagging" ? then : undefined);
    },
    silences({ tenantId, id, members }) {
      const here = people.get(tenantId);
      return [id, ...members.map((member) => member.id)].some((each) => here?.get(each) === "Muted");
    },
    fails: (source, userId) => inTenant(source).get(userId) === "Failing",
    swallows(call, reply) {
      const shown = `${call.path} ${JSON.stringify(reply.body)}`;
      return concerned(call, shown, "Vanishing").some((id) =>
        firstTime(`${call.tenant.id} ${id} ${call.template}`),
      );
    },
  };
}

/** Kept current from the change log: names can be given and taken while the lab runs. */
function peopleOf(tenant: Tenant): Map<string, Sentinel> {
  const people = new Map<string, Sentinel>();
  const note = (id: string) => {
    const sentinel = sentinelIn(tenant.users.get(id)?.properties["displayName"]);
    if (sentinel === undefined) people.delete(id);
    else people.set(id, sentinel);
  };
  for (const [id] of tenant.users.entries()) note(id);
  tenant.changes.listen((change) => {
    if (change.kind === "user") note(change.id);
  });
  return people;
}
