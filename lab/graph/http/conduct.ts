import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../lab.ts";
import { conflictOf } from "../limits/conflicts.ts";
import { throttledByOthers } from "../limits/other-load.ts";
import type { Call, Reply } from "./call.ts";
import { Hang } from "./hang.ts";
import type { RequestHooks } from "./hooks.ts";
import { GraphProblem, problemReply } from "./problem.ts";
import { strikeAfter, strikeBefore } from "./strikes.ts";

export type Conduct = {
  /** Takes one request through manners, faults, limits and records. Throws a `Hang` when nothing is to be sent. */
  run(call: Call, perform: () => Promise<Reply>): Promise<Reply>;
  /** "METHOD /path" of each request being handled, except those that only wait for the clock. */
  inFlight(): string[];
};

export function conduct(lab: Lab, hooks: RequestHooks): Conduct {
  const open = new Set<Call>();

  async function run(call: Call, perform: () => Promise<Reply>): Promise<Reply> {
    const startedAt = performance.now();
    open.add(call);
    lab.clock.stir();
    lab.manners.received(call);
    let outcome: Outcome = silent;
    try {
      await hooks.reached(call, "received");
      outcome = await outcomeOf(lab, call, { perform, underWay: open });
      if (outcome.kind === "reply") await hooks.reached(call, "answered");
      // Real time, like the wire's; parts of a batch travel together.
      if (lab.rtt.ms > 0 && call.batch === undefined) await sleep(lab.rtt.ms);
      if (outcome.kind === "reply") return outcome.reply;
      if (outcome.hang.kind === "timeout") await silence(lab, call, outcome.hang);
      throw outcome.hang;
    } finally {
      open.delete(call);
      lab.clock.stir();
      const reply = outcome.kind === "reply" ? outcome.reply : { status: 0 };
      lab.manners.answered(call, reply.status, retryAfterOf(reply));
      lab.counters.answered(call, reply.status, outcome.resourceUnits);
      lab.traffic.record(call, reply, performance.now() - startedAt);
    }
  }

  return {
    run,
    inFlight: () =>
      [...open].filter((call) => !lab.held.has(call)).map(({ method, path }) => `graph ${method} ${path}`),
  };
}

type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply; readonly resourceUnits: number }
  | { readonly kind: "hang"; readonly hang: Hang; readonly resourceUnits: number };

const silent: Outcome = { kind: "hang", hang: new Hang("reset", ""), resourceUnits: 0 };

/** No answer until the client gives up, the fault is removed, or a minute of real time has passed. */
async function silence(lab: Lab, call: Call, hang: Hang): Promise<void> {
  const until = AbortSignal.any([call.signal, lab.closing, AbortSignal.timeout(60_000)]);
  const aborted = new Promise<void>((resolve) => {
    if (until.aborted) resolve();
    until.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([aborted, lab.faults.removed(hang.faultId)]);
}

async function outcomeOf(
  lab: Lab,
  call: Call,
  { perform, underWay }: { perform: () => Promise<Reply>; underWay: ReadonlySet<Call> },
): Promise<Outcome> {
  let resourceUnits = 0;
  let headers: Readonly<Record<string, string>> = {};
  try {
    await strikeBefore(lab, call);
    // The envelope of a batch is free; its parts are charged.
    if (call.template !== "/$batch") {
      const charge = lab.throttle.charge(call);
      ({ resourceUnits, headers } = charge);
      const refusal = charge.refusal ?? throttledByOthers(lab, call) ?? conflictOf(lab, call, underWay);
      if (refusal !== undefined) throw refusal;
    }
    const reply = strikeAfter(lab, call, await perform());
    return { kind: "reply", reply: decorated(lab, { call, reply, headers }), resourceUnits };
  } catch (error) {
    if (error instanceof Hang && call.batch === undefined)
      return { kind: "hang", hang: error, resourceUnits };
    const reply = problemReply(asProblem(error), idsOf(call));
    return { kind: "reply", reply: decorated(lab, { call, reply, headers }), resourceUnits };
  }
}

function asProblem(error: unknown): GraphProblem {
  if (error instanceof GraphProblem) return error;
  // The connection belongs to the whole batch: a part that gets no answer shows as a gateway's error.
  if (error instanceof Hang) {
    return error.kind === "timeout"
      ? new GraphProblem(504, "GatewayTimeout", error.message)
      : new GraphProblem(502, "BadGateway", error.message);
  }
  // A bug of the lab must look like one, not like Graph.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new GraphProblem(500, "LabBug", `The lab itself failed: ${text}`);
}

function idsOf(call: Call) {
  const { at, requestId } = call;
  return { at, requestId, clientRequestId: call.headers.get("client-request-id") };
}

function decorated(
  lab: Lab,
  { call, reply, headers }: { call: Call; reply: Reply; headers: Readonly<Record<string, string>> },
): Reply {
  const ids = idsOf(call);
  const own = { "request-id": ids.requestId, "client-request-id": ids.clientRequestId ?? ids.requestId };
  const version = reply.body === undefined ? {} : { "OData-Version": "4.0" };
  // Without it Node would send the time of this machine, which is not that of the world.
  const date = call.batch === undefined ? { Date: new Date(lab.clock.now()).toUTCString() } : {};
  return { ...reply, headers: { ...own, ...date, ...version, ...headers, ...reply.headers } };
}

function retryAfterOf(reply: Reply): number | undefined {
  const text = reply.headers?.["Retry-After"];
  return text === undefined ? undefined : Number(text);
}
