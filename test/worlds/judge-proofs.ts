import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";
import type { JournalEntry } from "../../shared/state/journal.ts";
import { idsOf } from "./ids.ts";
import type { Climate } from "./plan.ts";
import type { PlannedPair } from "./scene.ts";
import { wordsOfWrite } from "./writes.ts";

type Parts = {
  readonly pair: PlannedPair;
  readonly climate: Climate;
  readonly entries: readonly JournalEntry[];
  readonly traffic: readonly TrafficRecord[];
  /** Of the person in the target, all that ever were. */
  readonly accounts: readonly string[];
  /** When somebody last did something about the person, or a troubled tenant came to itself, before this moment. */
  readonly lastDeedBefore: (at: number) => number;
};

/**
 * Whoever was said to be out was looked at after the last thing that was taken from them; and who had something taken away after that,
 * although nothing had happened meanwhile, was not out.
 */
export function judgeProofs(parts: Parts): readonly string[] {
  const { pair, climate, entries, traffic, accounts, lastDeedBefore } = parts;
  const { citizen, target } = pair;
  const proofs = entries.filter(
    ({ kind, analyst, target: where, plan }) =>
      kind === "proof" && analyst === citizen.id && where === target.name && plan.purpose === "leave",
  );
  const here = traffic.filter(
    (record) =>
      record.caller === "app" &&
      record.tenantId === idsOf.tenant(target.name) &&
      accounts.some((account) => wordsOfWrite(record).includes(account)),
  );
  const taken = here.filter((record) => accounts.some((account) => takesFrom(record, account, climate)));
  /**
   * Who worked there before is in scope by another assignment to the synchronization than the policy names, which Muster does not read:
   * where their account is to go all the same, sync makes it anew once, or enables it, and the look after its cycle takes that as well.
   */
  const past = pair.plan.people.find(({ name }) => name === citizen.person)?.past;
  const isSyncedByOthers = ({ method, template }: TrafficRecord) =>
    past === "veteran" &&
    climate.leavers.accounts === "all" &&
    (method === "DELETE" || method === "PATCH") &&
    template === "/users/{id}";
  const about = `${citizen.person} in ${target.name}: false proof: they were said to be out`;
  const early = taken.flatMap((record) => {
    const at = Date.parse(record.at);
    const proof = proofs.findLast((one) => one.at < at);
    const isFalse = proof !== undefined && lastDeedBefore(at) < proof.at && !isSyncedByOthers(record);
    return isFalse ? [`${about}, and then came ${wordsOfWrite(record)}`] : [];
  });
  const blind = proofs.flatMap(({ at }) => {
    const before = here.filter((record) => Date.parse(record.at) <= at);
    const last = before.findLast((record) => taken.includes(record));
    const isRead = before.some(({ seq, method }) => seq > (last?.seq ?? 0) && method === "GET");
    return last === undefined || isRead
      ? []
      : [`${about}, and nobody had looked since ${wordsOfWrite(last)}`];
  });
  return [...early, ...blind];
}

function takesFrom(record: TrafficRecord, account: string, { leavers }: Climate): boolean {
  const { caller, method, template, path, status, requestBody } = record;
  if (caller !== "app" || status < 200 || status >= 300) return false;
  const body = JSON.stringify(requestBody ?? "");
  // An account that is kept for a while is proven to be out when it is blocked and empty.
  if (template === "/users/{id}" && method === "DELETE")
    return path.endsWith(account) && leavers.deleteAfter === "P0D";
  if (template === "/users/{id}" && method === "PATCH")
    return path.endsWith(account) && body.includes('"accountEnabled":false');
  if (template.endsWith("/$ref") && method === "DELETE") return path.includes(account);
  return template.endsWith("ScheduleRequests") && body.includes("adminRemove") && body.includes(account);
}
