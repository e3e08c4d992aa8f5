import { errorText } from "../../model/error-text.ts";
import { sessionOf } from "../../queue/keys.ts";
import { ClaimLost, type Claim, type KeyClock, type KeyState } from "../../state/key-state.ts";
import { findingsAfter, isUnshown, rememberedFindings, show } from "./findings.ts";
import type { HandlePorts, Run, Work } from "./handling.ts";
import { hear } from "./next-look.ts";
import { endingOf, outcomeOf, type Outcome } from "./outcome.ts";
import { settle, failuresAfter, nextAtAfter, wake } from "./settle.ts";

/** Well within host.json's functionTimeout of five minutes, with room for the calls that are under way then. */
const runMs = 120_000;

/**
 * Handles one message: claims its key, decides whether there is anything left to look at, looks, and turns the ending into
 * what becomes of the key. Returning completes the message. Without its tables a worker can decide nothing, and a run that
 * lost its key may not: then the message goes back to the queue for later.
 */
export async function handle<T>(
  message: Work,
  ports: HandlePorts<T>,
  run: (claim: Claim<T>, run: Run) => Promise<readonly Outcome[]>,
): Promise<void> {
  try {
    await handleOnce(message, ports, run);
  } catch (error) {
    const lost = error instanceof ClaimLost;
    ports.log(lost ? "info" : "error", "A message could not be handled and is put back.", {
      key: sessionOf(message.key),
      why: errorText(error),
    });
    await ports.schedule(message, ports.now() + (lost ? lostMs : putBackMs));
  }
}

const putBackMs = 15_000;

/** The run that has the key now may not have heard what this message says. */
const lostMs = 3_000;

async function handleOnce<T>(
  message: Work,
  ports: HandlePorts<T>,
  run: (claim: Claim<T>, run: Run) => Promise<readonly Outcome[]>,
): Promise<void> {
  const { now } = ports;
  const claim = await ports.claim((state) => ({ ...state, clock: begin(state.clock, message, now()) }));
  const { clock } = claim.state();
  const lookedAt = now();
  const look = ports.lookFor(claim.state(), lookedAt, message.occasion);
  if (look.kind !== "now") {
    const at = look.kind === "at" ? look.at + earlyMs(message, lookedAt) : null;
    if (at !== null) await claim.write({ clock: await wake(message, { clock, at, ports }) });
    else if (isOver(claim.state(), ports)) await claim.forget();
    return;
  }
  // Also when nothing of it could be read yet.
  const isLeaving = () =>
    ports.isLeaving(claim.state().value) || ports.findings.unproven(claim.state().value) !== null;
  const wasLeaving = isLeaving();
  const attempted = await attempt(ports, () =>
    run(claim, {
      cause: message.cause,
      heardAt: message.occasion === "wake" ? clock.heardAt : message.heardAt,
      attempts: clock.attempts,
      until: lookedAt + runMs,
      urgency: message.occasion === "check" ? "low" : "now",
    }),
  );
  // Not before it is over: a run that died has looked at nothing.
  const ending = endingOf(attempted.outcomes);
  const findings = findingsAfter(await rememberedFindings(clock, ports.findings), {
    ...attempted,
    ending,
    failures: failuresAfter(clock, ending),
    nextAt: nextAtAfter(clock, ending, now()),
    unproven: ports.findings.unproven(claim.state().value),
    now: now(),
  });
  // What failed while they belonged in says nothing of their leaving, which is tried again soon.
  const attempts = isLeaving() === wasLeaving ? clock.attempts : 0;
  const seen = { ...clock, attempts, lookedAt, looked: clock.heard, cut: attempted.cut, findings };
  const settling = { ending, cut: attempted.cut, ports };
  // A run that lost its key has nothing to tell: neither a person, nor the others who wait for the same.
  const isNews = ending.parked.length > 0 || ending.retry !== null || isUnshown(findings);
  // Whoever dies before the end is settled has left something that is due.
  if (isNews || seen.waitsFor.length + seen.probes.length > 0)
    await claim.write({ clock: { ...seen, dueAt: lookedAt } });
  // On show before anybody is told of it.
  const shown = await show(findings, claim.state().value, ports.findings);
  claim.set({ clock: { ...seen, findings: shown } });
  const settled = await settle(message, claim.state(), settling);
  claim.set({ clock: settled });
  if (isOver(claim.state(), ports)) await claim.forget();
  else await claim.write();
}

/** Nothing is remembered, nothing is due, and no reminder is under way. */
function isOver<T>(state: KeyState<T>, { isNothing, lookFor, now }: HandlePorts<T>): boolean {
  const { wakeAt, told, waitsFor, probes, findings } = state.clock;
  const isIdle = wakeAt === 0 && told.length + waitsFor.length + probes.length + findings.all.length === 0;
  return isNothing(state.value) && isIdle && lookFor(state, now(), "wake").kind === "no";
}

/** A wake that is early by this host's clock was on time by the queue's: the next one is meant for that much later. */
const earlyMs = ({ occasion, heardAt }: Work, now: number) =>
  occasion === "wake" ? Math.max(0, heardAt - now) : 0;

/**
 * A wake says in `heardAt` for when it was meant; the one on record is not under way any more. A key may have something to come
 * back for a month later: what failed then has nothing to do with what fails now, unless no run came so far in between.
 */
function begin(known: KeyClock, { occasion, heardAt }: Work, now: number): KeyClock {
  const isOver = known.failedAt !== known.lookedAt && now - known.failedAt > oldFailureMs;
  const clock = isOver ? { ...known, attempts: 0, failures: 0, told: [] } : known;
  if (occasion === "event") return hear(clock, now);
  return occasion === "wake" && clock.wakeAt === heardAt ? { ...clock, wakeAt: 0 } : clock;
}

/** Graph's trouble is an outcome like any other; what it means is said in one place. `cut`: the run did not come to its end. */
async function attempt<T>(
  { now }: Pick<HandlePorts<T>, "now">,
  run: () => Promise<readonly Outcome[]>,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly cut: "yes" | "no" }> {
  try {
    return { outcomes: await run(), cut: "no" };
  } catch (error) {
    if (error instanceof ClaimLost) throw error;
    return { outcomes: [outcomeOf(error, now())], cut: "yes" };
  }
}

/** Longer than the longest pause between two tries. */
const oldFailureMs = 2 * 60 * 60_000;
