import { Temporal } from "temporal-polyfill";
import type { Relation, ScheduleAction, Standing, Window } from "../directory/privileged.ts";
import { bodyOf, type Call } from "../http/call.ts";
import { GraphProblem, notImitated } from "../http/problem.ts";

/** What a schedule request asks for, in the words of the metadata. */
export type Wanted = Relation & {
  readonly action: ScheduleAction;
  readonly justification: string | null;
  readonly ticketInfo: Readonly<Record<string, unknown>>;
  /** Missing where something ends. */
  readonly window: Window | undefined;
};

const actions = [
  "adminAssign",
  "adminUpdate",
  "adminExtend",
  "adminRemove",
  "selfActivate",
  "selfDeactivate",
] as const satisfies readonly ScheduleAction[];
const others = ["adminRenew", "selfExtend", "selfRenew"];

/** As people report it, for a duration in months: github.com/hashicorp/terraform-provider-azuread/issues/1464. */
export function invalidRequest(): GraphProblem {
  return new GraphProblem(400, "InvalidRoleAssignmentRequest", "The role assignment request is invalid.");
}

/** https://learn.microsoft.com/graph/api/privilegedaccessgroup-post-eligibilityschedulerequests, whose samples write names in any case. */
export function readWanted(call: Call, standing: Standing): Wanted {
  const body = bodyOf(call);
  if (body["isValidationOnly"] === true) throw notImitated("isValidationOnly");
  const action = readAction(body["action"]);
  // Eligibility is activated by a request for an assignment.
  if (standing === "eligibility" && action.startsWith("self")) throw invalidRequest();
  const ends = action === "adminRemove" || action === "selfDeactivate";
  return {
    action,
    accessId: readAccess(body["accessId"]),
    groupId: readId(body["groupId"]),
    principalId: readId(body["principalId"]),
    justification: typeof body["justification"] === "string" ? body["justification"] : null,
    ticketInfo: { ticketNumber: null, ticketSystem: null, ...objectOr(body["ticketInfo"], {}) },
    window: ends ? undefined : readWindow(objectOr(body["scheduleInfo"]), call.tenant.clock.now()),
  };
}

function readAction(value: unknown): ScheduleAction {
  const name = lower(value);
  if (others.some((other) => other.toLowerCase() === name)) throw notImitated(`the action ${String(value)}`);
  const action = actions.find((known) => known.toLowerCase() === name);
  if (action === undefined) throw invalidRequest();
  return action;
}

function readAccess(value: unknown): Relation["accessId"] {
  const name = lower(value);
  if (name !== "member" && name !== "owner") throw invalidRequest();
  return name;
}

function readId(value: unknown): string {
  const id = lower(value);
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id)) throw invalidRequest();
  return id;
}

/** A start in the past is now, as in the documented samples. */
function readWindow(info: Readonly<Record<string, unknown>>, now: number): Window {
  const given = info["startDateTime"] ?? null;
  const startAt = given === null ? now : Math.max(now, readTime(given));
  if ((info["recurrence"] ?? null) !== null) throw invalidRequest(); // "currently unsupported"
  const expiration = objectOr(info["expiration"]);
  const window = { startAt, ...readEnd(expiration, startAt) };
  if (window.endAt !== undefined && window.endAt <= startAt) throw invalidRequest();
  return window;
}

function readEnd(expiration: Readonly<Record<string, unknown>>, startAt: number): Omit<Window, "startAt"> {
  switch (lower(expiration["type"])) {
    case "noexpiration":
      return { endAt: undefined, duration: null };
    case "afterdatetime":
      return { endAt: readTime(expiration["endDateTime"]), duration: null };
    case "afterduration": {
      const duration = String(expiration["duration"]);
      return { endAt: startAt + readDuration(duration), duration };
    }
    default:
      throw invalidRequest();
  }
}

function readTime(value: unknown): number {
  const at = typeof value === "string" ? Date.parse(value) : NaN;
  if (Number.isNaN(at)) throw invalidRequest();
  return at;
}

/** Edm.Duration knows neither years nor months. */
function readDuration(text: string): number {
  try {
    return Temporal.Duration.from(text).total("milliseconds");
  } catch {
    throw invalidRequest();
  }
}

function objectOr(
  value: unknown,
  otherwise?: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  if (otherwise === undefined) throw invalidRequest();
  return otherwise;
}

const lower = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : "");
