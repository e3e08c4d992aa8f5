import { isWrite, wordsOf, type Call } from "../http/call.ts";
import type { Violations } from "./violations.ts";

/** Judges how the app asks, whatever the answer is; rules about single operations live with these. */
export type Manners = {
  /** Before a request is handled. */
  received(call: Call): void;
  answered(call: Call, status: number, retryAfterSeconds: number | undefined): void;
};

const maxConcurrent = 20;
// Requests that were on their way while the 429 travelled back are nobody's fault; on a busy machine opening a connection takes a while.
const crossingMs = 500;
// Timers may fire a moment before their time.
const timerSlackMs = 20;

const needsSelect =
  /^\/(users|groups)(\/\{id\})?$|^\/(users|groups)\/\{id\}\/(transitiveMemberOf|memberOf)(\/microsoft\.graph\.\w+)?$|^\/groups\/\{id\}\/(transitiveMembers|members)(\/microsoft\.graph\.\w+)?$/;

type Hold = {
  readonly until: number;
  readonly since: number;
  readonly request: string;
  /** As the client calls its request, over all tries; null when it does not. */
  readonly name: string | null;
};

export function manners(
  violations: Violations,
  options: {
    readonly protectedIds: readonly string[];
    readonly now: () => number;
    readonly rtt: { readonly ms: number };
  },
): Manners {
  const inFlight = new Map<string, number>();
  const holds = new Map<string, Hold>();

  function judgeRetry(call: Call): void {
    const hold = [wordsOf(call), operationOf(call)]
      .map((key) => holds.get(key))
      .find((known) => known !== undefined && call.at < known.until - timerSlackMs);
    if (hold === undefined) return;
    const isSame = hold.request === wordsOf(call) && hold.name === nameOf(call);
    if (!isSame && call.at < hold.since + crossingMs + options.rtt.ms) return;
    const waitMs = Math.round(hold.until - call.at);
    const kind = call.template.endsWith("/provisionOnDemand") ? "on-demand-limit" : "early-retry";
    violations.report(call, kind, `Came back ${waitMs} ms before Retry-After had passed.`);
  }

  function countIn(call: Call): void {
    if (call.caller.kind !== "app" || call.batch !== undefined) return;
    const count = (inFlight.get(call.tenant.id) ?? 0) + 1;
    inFlight.set(call.tenant.id, count);
    // Reported once per excursion, not once per request.
    if (count !== maxConcurrent + 1) return;
    violations.report(call, "too-much-concurrency", `${count} requests in flight to one tenant.`);
  }

  return {
    received(call) {
      countIn(call);
      judgeRetry(call);
      if (isSelectMissing(call)) {
        violations.report(call, "missing-select", "Reads every default property: name the ones needed.");
      }
      const hit = protectedIdIn(call, options.protectedIds);
      if (hit !== undefined) violations.report(call, "protected-write", `Writes to protected object ${hit}.`);
    },
    answered(call, status, retryAfterSeconds) {
      if (call.caller.kind !== "app") return;
      if (call.batch === undefined) inFlight.set(call.tenant.id, (inFlight.get(call.tenant.id) ?? 1) - 1);
      if (retryAfterSeconds === undefined) return;
      // 429 is about everybody who does the same; 503 asks this one request to wait: https://learn.microsoft.com/graph/errors.
      const held = { 429: operationOf(call), 503: wordsOf(call) }[status];
      if (held === undefined) return;
      const since = options.now();
      const until = since + retryAfterSeconds * 1000;
      holds.set(held, { since, until, request: wordsOf(call), name: nameOf(call) });
    },
  };
}

function isSelectMissing(call: Call): boolean {
  if (call.method !== "GET" || !needsSelect.test(call.template)) return false;
  return !call.url.searchParams.has("$select");
}

function protectedIdIn(call: Call, protectedIds: readonly string[]): string | undefined {
  if (protectedIds.length === 0 || !isWrite(call.method, call.template)) return undefined;
  const spoken = `${call.path} ${call.body === undefined ? "" : JSON.stringify(call.body)}`.toLowerCase();
  return protectedIds.find((id) => spoken.includes(id.toLowerCase()));
}

/** Two workers may ask the same at once; only who sends the same call again has heard the answer. */
function nameOf(call: Call): string | null {
  return call.headers.get("client-request-id");
}

function operationOf(call: Call): string {
  return `${call.tenant.id} ${call.method} ${call.template}`;
}
