import { replicationWindowMs } from "../../shared/planner/replicas.ts";
import { idsOf, scopeName } from "./ids.ts";
import { plainGroups } from "./lay-out.ts";
import { pairsOf, type PlannedPair, type WorldScene } from "./scene.ts";
import { isWrite, wordsOfWrite } from "./writes.ts";

/** A removal of something that the lab did not see Muster give. */
type Removal = { readonly at: string; readonly tenantId: string; readonly request: string };

/** Whether it is right all the same, or nobody could have known better. */
export function mayBeTaken(scene: WorldScene, removal: Removal): boolean {
  return (
    pairsOf(scene).some((pair) => isOfPair(scene, pair, removal)) ||
    isOnceMore(scene, removal) ||
    isDoubted(scene, removal)
  );
}

/**
 * Muster tried to give it, and nobody knows what came of that: the server failed. A read that does not show it is no proof that it will not
 * come, so it is taken back as soon as that is possible, whoever has given it meanwhile.
 */
function isDoubted({ lab }: WorldScene, { at, tenantId, request }: Removal): boolean {
  const [, group, member] = /^DELETE \/groups\/([^/]+)\/members\/([^/]+)\/\$ref$/.exec(request) ?? [];
  if (group === undefined || member === undefined) return false;
  return lab.graph
    .traffic()
    .some(
      (one) =>
        one.caller === "app" &&
        one.tenantId === tenantId &&
        one.at < at &&
        one.method === "POST" &&
        one.status >= 500 &&
        one.path === `/groups/${group}/members/$ref` &&
        JSON.stringify(one.requestBody).includes(member),
    );
}

/** A tenant that shows nothing of what it has shows no twin in its recycle bin. */
export function mayBeUnseen(
  { plans, census, beganAt }: WorldScene,
  { at, detail }: { readonly at: string; readonly detail: string },
): boolean {
  const sinceMs = Date.parse(at) - beganAt;
  const named = census.everybody().filter(({ id }) => detail.includes(id));
  const world = plans.find(({ people }) =>
    people.some(({ name }) => named.some(({ person }) => person === name)),
  );
  return (world?.story ?? []).some(
    ({ at: begins, deed }) =>
      deed.kind === "fault" &&
      deed.fault.kind === "emptyRead" &&
      begins <= sinceMs &&
      sinceMs <= begins + deed.forMs,
  );
}

function isOfPair(
  { climate, memory }: WorldScene,
  { citizen, target }: PlannedPair,
  { tenantId, request }: Removal,
): boolean {
  const goAll = climate.leavers.accounts === "all";
  // The policy may say that leavers' accounts go whoever made them. Then the scope goes whoever gave it, or sync would make the account once more.
  const scope = idsOf.group("source", scopeName(target.name));
  if (goAll && request === `DELETE /groups/${scope}/members/${citizen.id}/$ref`) return true;
  if (idsOf.tenant(target.name) !== tenantId) return false;
  const hand = memory.byHand(citizen.id, target.name);
  // Whom somebody has put in scope, sync makes the account anew that goes with them.
  const mayLoseAccount = goAll || hand.has("into scope");
  // Somebody took what Muster had given, and gave it back: who does not look in between cannot tell.
  const givenBack = [...plainGroups]
    .filter((name) => ["take", "give"].every((did) => hand.has(`${did} group ${name}`)))
    .map((name) => idsOf.group(target.name, name));
  return memory.accountsOf(citizen.id, target.name).some((account) => {
    if (givenBack.some((group) => request === `DELETE /groups/${group}/members/${account}/$ref`)) return true;
    return mayLoseAccount && request === `DELETE /users/${account}`;
  });
}

/**
 * Muster had taken it a moment before. What an administrator gives within that time is not told from the past that a replica may still
 * show, so it is taken once more.
 */
function isOnceMore({ lab }: WorldScene, { at, tenantId, request }: Removal): boolean {
  const writes = lab.graph.traffic().filter((one) => isWrite(one) && one.tenantId === tenantId);
  const write = writes.find((one) => one.at === at && `${one.method} ${one.path}` === request);
  if (write === undefined) return false;
  const ageMs = (one: typeof write) => Date.parse(write.at) - Date.parse(one.at);
  return writes.some(
    (one) =>
      // The look that ends that time is part of it.
      one.seq < write.seq &&
      ageMs(one) < replicationWindowMs + 15_000 &&
      wordsOfWrite(one) === wordsOfWrite(write),
  );
}
