import { errorText } from "../../model/error-text.ts";
import { isOver, type Difference, type Sweep, type SweepPart } from "../../model/sweep.ts";
import type { AnalystId } from "../../model/ids.ts";
import { placeAt } from "../../policy/places.ts";
import type { SweepMessage } from "../../queue/keys.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { messageOf, partOf, placesOfAnalyst } from "./begin-sweep.ts";
import { callDiffering } from "./call-differing.ts";
import { comparePlace } from "./compare-place.ts";
import { differing } from "./differing.ts";
import { compareSource } from "./compare-source.ts";
import { follow } from "./follow.ts";
import { showSweep } from "./sweep-findings.ts";
import { over, type Part, type Step } from "./step.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/**
 * Carries a sweep on in one place, by one step: compare, then follow those who were called until they have been looked at. What it knows is
 * in its row, so whoever dies is followed by another, and a step that is done twice does no harm.
 */
export async function carryOn({ key }: SweepMessage, ports: SweepPorts): Promise<void> {
  const [sweep, known] = await Promise.all([ports.runs.read(key.run), ports.runs.part(key.run, key.tenant)]);
  if (sweep === null || known === null) return;
  // Whoever was at it died before it was said that the sweep is over.
  if (isOver(known.part)) return sweep.endedAt === null ? endIfAllAreOver(sweep, ports) : undefined;
  const now = ports.now();
  // Another message for it is under way, and this one was sent for the sake of safety.
  const begun: SweepPart = { ...known.part, begunAt: known.part.begunAt ?? now, nextAt: now + overdueMs };
  const held = await ports.runs.writePart(sweep.id, begun, known.etag);
  if (held === null) return;
  const { part, nextAt } = await tried({ sweep, ...held }, ports);
  const next = nextAt ?? 0;
  if ((await ports.runs.writePart(sweep.id, { ...part, nextAt: next }, held.etag)) === null) return;
  if (nextAt !== null) return ports.schedule(messageOf(sweep, part, ports), Math.ceil(nextAt));
  await showSweep(sweep, part, ports);
  await endIfAllAreOver(sweep, ports);
}

/** A step takes less; what is not heard of for so long has died, and is called again. */
export const overdueMs = 10 * 60_000;

/** Tenants that do not answer are tried for a few hours: 1 min, 2, 4 … 30 min. */
const tryLimit = 12;
const backoffMs = (tries: number) => Math.min(60_000 * 2 ** tries, 30 * 60_000);

async function tried(held: Part, ports: SweepPorts): Promise<Step> {
  try {
    return await step(held, ports);
  } catch (error) {
    const why = errorText(error);
    const tries = held.part.tries + 1;
    ports.log("warn", "A place could not be compared.", {
      run: held.sweep.id,
      place: held.part.name,
      tries,
      why,
    });
    if (tries >= tryLimit) return over({ ...held.part, state: "failed", tries, why }, ports);
    return { part: { ...held.part, tries, why }, nextAt: ports.now() + backoffMs(tries - 1) };
  }
}

async function step(held: Part, ports: SweepPorts): Promise<Step> {
  const { sweep, part } = held;
  if (part.state === "following") return follow(held, ports);
  const now = await ports.policy();
  const { policy } = now;
  const place = placeAt(policy, part.tenant);
  if (place === undefined)
    return over({ ...part, state: "failed", why: "the policy does not name this tenant any more" }, ports);
  const analyst = sweep.scope.kind === "analyst" ? sweep.scope.analyst : null;
  const compared = await comparePlace({ place, now, analyst, ports });
  if (isTooSoon(held, compared.underWay, ports)) {
    const why = `${compared.underWay} are just being looked at under the new policy`;
    return { part: { ...part, state: "waiting", why }, nextAt: ports.now() + waitMs };
  }
  const atHome =
    part.tenant === policy.source.tenantId ? await compareSource(policy, analyst, ports) : nothingAtHome;
  const { differences: drifted, ...counted } = compared;
  const differences = analyst === null ? drifted : [askedFor(analyst, part, drifted)];
  const next: SweepPart = {
    ...part,
    ...counted,
    compared: counted.compared + atHome.compared,
    unread: bounded([...counted.unread, ...atHome.unread]),
    unmanaged: withFewerNames(counted.unmanaged),
    state: "following",
    tries: 0,
    why: "",
  };
  return callDiffering({ sweep, part: next }, { place, differences, atHome }, ports);
}

/** A row of a table takes a megabyte, whatever is found. */
const mostUnread = 100;
const mostGroups = 1_000;
const groupsWithNames = 200;

const bounded = (unread: readonly string[]): readonly string[] =>
  unread.length <= mostUnread
    ? unread
    : [...unread.slice(0, mostUnread), `and ${unread.length - mostUnread} more`];

const withFewerNames = (unmanaged: SweepPart["unmanaged"]): SweepPart["unmanaged"] =>
  unmanaged
    .slice(0, mostGroups)
    .map((group, index) => (index < groupsWithNames ? group : { ...group, some: [] }));

/** Of one person, a look is wanted whatever a comparison shows. */
const askedFor = (analyst: AnalystId, { tenant }: SweepPart, [found]: readonly Difference[]): Difference =>
  found ?? differing({ id: analyst }, tenant, { why: ["it was asked for"], removals: 0 });

const nothingAtHome = { compared: 0, differences: [], strangers: [], unread: [] } as const;

/** After an edit, everybody is looked at: what differs before that says nothing. */
function isTooSoon({ sweep, part }: Part, underWay: number, { now }: SweepPorts): boolean {
  return sweep.occasion === "policy" && underWay > 0 && now() - (part.begunAt ?? now()) < patienceMs;
}

const waitMs = 60_000;
const patienceMs = 30 * 60_000;

/** The last place to be done ends the sweep; of two at once, each sees that the other is. */
async function endIfAllAreOver(sweep: Sweep, ports: SweepPorts): Promise<void> {
  const added = await moreOfAnalyst(sweep, await ports.policy(), ports);
  if (added) return;
  const parts = await ports.runs.parts(sweep.id);
  if (parts.every(isOver)) await ports.runs.end(sweep.id, ports.now());
}

/** A look in the source may have found that somebody belongs where nobody knew of them. */
async function moreOfAnalyst(
  { id, occasion, scope }: Sweep,
  { policy }: PolicyNow,
  ports: SweepPorts,
): Promise<boolean> {
  if (scope.kind !== "analyst") return false;
  const known = new Set((await ports.runs.parts(id)).map(({ tenant }) => tenant));
  const places = await placesOfAnalyst(scope.analyst, policy, ports);
  const more = places.filter(({ tenantId }) => !known.has(tenantId)).map(partOf);
  await ports.runs.addParts(id, more);
  await ports.send(more.map((part) => messageOf({ id, occasion }, part, ports)));
  return more.length > 0;
}
