import type { FindingKind } from "../../model/finding.ts";
import { sessionOf } from "../../queue/keys.ts";
import type { KeyState } from "../../state/key-state.ts";
import { sameTroubleMs } from "../../state/troubles.ts";
import type { HandlePorts, Settling, Work } from "./handling.ts";
import { gistOf, type Ending, type Parked } from "./outcome.ts";

/** After this many failures in a row, people are told; the key is tried on all the same. */
const patience = 8;

/**
 * What a run has to tell people. `shared`: of others who have the same to say at the same time, one speaks: whoever meets what hits
 * the whole tenant, or what may hit it.
 */
type Words = Pick<Parked, "reason" | "advice"> & {
  readonly gist: string;
  readonly shared: "no" | "maybe" | "yes";
};

/** Tells people what is news, once until the key works again. @returns what they have been told */
export async function tell<T>(
  message: Work,
  { clock, value }: Pick<KeyState<T>, "clock" | "value">,
  { ending, ports }: Settling<T>,
): Promise<readonly string[]> {
  const { key, cause } = message;
  const { told, failures } = clock;
  const own = ending.parked.filter(({ cause: shared }) => shared === null);
  for (const { reason, advice } of own)
    ports.log("error", "A key needs a person.", { key: sessionOf(key), cause, reason, advice });
  const words = [
    ...own.map((one) => ownWords(one, ports.isLeaving(value))),
    ...(ending.retry === null ? [] : [failing(ending.retry, failures)].filter((one) => one !== null)),
  ];
  const toldNow: string[] = [];
  for (const one of words) {
    // Also when it has been said: whoever speaks for others goes on doing so.
    const speaks = one.shared === "no" || (await speaksFor(one, { message, told, ports })) === "yes";
    const said = speaks ? one.gist : silently(one);
    if (told.includes(said)) continue;
    const { reason, advice } = one;
    if (speaks) await ports.park({ key, reason, advice, parkedAt: ports.now() });
    toldNow.push(said);
  }
  if (ending.kind === "done") return [];
  return [...told, ...toldNow].slice(-mostTold);
}

const silently = ({ gist }: Words) => `said by another: ${gist}`;

/** A refused call may be about one person alone. Of who has left and cannot be taken out, people hear in any case. */
function ownWords(parked: Parked, isLeaving: boolean): Words {
  const { reason, advice, refused } = parked;
  const gist = gistOf(parked);
  if (refused === undefined || isLeaving) return { reason, advice, gist, shared: "no" };
  return {
    reason,
    advice: `${advice}; whoever else this happens to now is named in the log`,
    gist,
    shared: "maybe",
  };
}

function speaksFor<T>(
  words: Words,
  {
    message,
    told,
    ports,
  }: { readonly message: Work; readonly told: readonly string[]; readonly ports: HandlePorts<T> },
): Promise<"yes" | "no"> {
  const isCommon = words.shared === "yes" || told.includes(silently(words));
  const within = isCommon ? Infinity : sameTroubleMs;
  return ports.troubles.speaks(words.gist, { by: sessionOf(message.key), at: ports.now(), within });
}

/** What there is to say of runs that fail one after the other; null: not yet. */
export function failing(
  { why, silent }: NonNullable<Ending["retry"]>,
  runs: number,
): (Words & { readonly finding: FindingKind }) | null {
  if (runs < patience) return null;
  if (silent !== undefined)
    return {
      reason: `tenant ${silent} answers nobody: ${why}`,
      advice: "everything there is still retried; see whether the service has an outage",
      gist: `silent ${silent}`,
      shared: "yes",
      finding: "silent-tenant",
    };
  return {
    reason: `failing for ${runs} runs: ${why}`,
    advice: "it is still retried; look the request up by its id in the tenant's logs",
    gist: "failing",
    shared: "no",
    finding: "failing",
  };
}

const mostTold = 10;
