import type { AnalystRecord } from "../../model/analyst.ts";
import { accountIdSchema, analystIdSchema, type AnalystId } from "../../model/ids.ts";
import { unknownPair, type PairRecord } from "../../model/pair.ts";
import type { Difference, SweepPart } from "../../model/sweep.ts";
import { driftOf, removalsAllowed, type Drift } from "../../planner/drift.ts";
import type { Place, Policy } from "../../policy/policy.ts";
import { allAnalysts } from "../../state/analysts.ts";
import { unheard, type KeyClock, type KeyState } from "../../state/key-state.ts";
import { identityStamp } from "../account/identity-stamp.ts";
import { keepsOf, wantedOf } from "../pair/wishes.ts";
import { meaningOf } from "../run/plan-hash.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { differing } from "./differing.ts";
import { readPlace, type PlaceRead } from "./read-place.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** What a comparison of one place came to. */
export type Compared = Pick<
  SweepPart,
  "compared" | "underWay" | "orphans" | "unmanaged" | "unread" | "withheld"
> & { readonly differences: readonly Difference[] };

type Asked = {
  readonly place: Place;
  readonly now: PolicyNow;
  /** Only this one; null: everybody. */
  readonly analyst: AnalystId | null;
  readonly ports: SweepPorts;
};

/**
 * Compares everybody who is or should be in a place with what the place shows. Nothing is written, and nothing is decided but who is to be
 * looked at: what to do about them, the look decides.
 * @throws GraphError when the place or the source does not answer
 */
export async function comparePlace({ place, now, analyst, ports }: Asked): Promise<Compared> {
  const { policy, hash, changedAt: since } = now;
  const rows = new Map(
    (await ports.pairs.list(place.tenantId)).map(({ rowKey, state }) => [
      analystIdSchema.parse(rowKey),
      state,
    ]),
  );
  const analysts = (await allAnalysts(ports.analysts)).filter(({ id }) => !policy.protected.includes(id));
  const records = analyst === null ? analysts : analysts.filter(({ id }) => id === analyst);
  const stateOf = ({ id }: AnalystRecord): KeyState<PairRecord> | undefined => rows.get(id);
  const rules = { policy, target: place, since };
  const asked = records.map((record) => {
    const state = stateOf(record);
    const looking = { record, rules, pair: state?.value ?? unknownPair };
    const { clock } = state ?? { clock: unheard };
    return { ...looking, clock, wishes: wantedOf(looking), keeps: keepsOf(looking) };
  });
  const concerned = asked.filter(({ record, wishes }) => rows.has(record.id) || wishes.length > 0);
  const pairs = new Map(
    analysts.flatMap((one) => {
      const pair = stateOf(one)?.value;
      return pair === undefined ? [] : [[one.id, pair] as const];
    }),
  );
  const read = await readPlace({
    place,
    pairs,
    leavers: concerned.flatMap(({ record, pair }) => (mayBeMadeAnew(pair, ports.now()) ? [record.id] : [])),
    stamp: place.topology === "push" ? identityStamp(rules) : null,
    there: ports.place(place.tenantId),
    home: ports.place(policy.source.tenantId),
  });
  const at = ports.now();
  const [moving, settled] = partition(concerned, ({ record, pair, clock }) =>
    isUnderWay(record, { pair, clock, hash, now: at }),
  );
  const drifted = settled.map((one) => ({
    ...one,
    drift: driftOf(
      {
        analyst: one.record.id,
        pair: one.pair,
        wanted: read.named(one.wishes),
        keeps: one.keeps,
        scope: read.scope,
        own: place.topology === "home" ? accountIdSchema.parse(one.record.id) : null,
      },
      read.seen,
    ),
  }));
  return {
    compared: settled.length,
    underWay: moving.length,
    orphans: [...rows.values()].filter(({ value }) => value.unproven !== null).length,
    unmanaged: unmanagedOf(read, analyst),
    unread: read.unread,
    withheld: withholding(drifted, { pairs, policy }),
    differences: drifted
      .filter(isDrifted)
      .map(({ record, drift }) => differing(record, place.tenantId, drift)),
  };
}

/** Of one person, nobody asks who else is there. */
const unmanagedOf = ({ unmanaged }: PlaceRead, analyst: AnalystId | null) =>
  analyst === null ? unmanaged : [];

/** Longer than a cycle of sync may take. */
const madeAnewMs = 3 * 24 * 60 * 60_000;

const mayBeMadeAnew = ({ leftAt }: PairRecord, now: number) => leftAt !== null && now - leftAt < madeAnewMs;

type Watch = {
  readonly pair: PairRecord;
  readonly clock: KeyClock;
  readonly hash: string;
  readonly now: number;
};

/** Somebody is at it, or comes back soon: what differs now need not then. */
function isUnderWay(record: AnalystRecord, { pair, clock, hash, now }: Watch): boolean {
  const isRead = record.meaning === meaningOf(record, hash);
  const isTold = record.told === record.version && pair.served === record.told;
  const isDueSoon = clock.dueAt > 0 && Math.abs(clock.dueAt - now) < soonMs;
  return !isRead || !isTold || isDueSoon;
}

/** What waits for a person, such as an approval, is looked at by the hour, and with it everything else of theirs. */
const soonMs = 65 * 60_000;

const isDrifted = ({ drift }: { readonly drift: Drift }) => drift.why.length > 0;

function withholding(
  drifted: readonly { readonly drift: Drift }[],
  { pairs, policy }: { readonly pairs: ReadonlyMap<AnalystId, PairRecord>; readonly policy: Policy },
): SweepPart["withheld"] {
  const taking = drifted.filter(({ drift }) => drift.removals > 0);
  const removals = taking.reduce((sum, { drift }) => sum + drift.removals, 0);
  const given = [...pairs.values()].reduce((sum, { ledger }) => sum + ledger.filter(isHad).length, 0);
  const allowed = removalsAllowed(given, policy.guardrails.removals.share);
  return removals <= allowed ? null : { removals, given, people: taking.length };
}

/** Also what is just being taken back. */
const isHad = ({ item, entry }: PairRecord["ledger"][number]) =>
  item.kind === "grant" && entry.state !== "removed";

const partition = <T>(all: readonly T[], isFirst: (one: T) => boolean) =>
  [all.filter(isFirst), all.filter((one) => !isFirst(one))] as const;
