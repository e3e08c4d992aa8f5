import type { AnalystId } from "../../shared/model/ids.ts";
import { durationMs } from "../../shared/policy/duration.ts";
import type { Giver } from "./directory.ts";
import type { Subject } from "./subjects.ts";

/** What entitlement management keeps of one assignment, and of one request, and how Graph shows them. */
export type AssignmentRecord = {
  readonly id: string;
  readonly subject: string;
  readonly package: string;
  readonly state: "delivering" | "delivered" | "deliveryFailed" | "expired";
  readonly by: Giver;
  /** Since when it has been in this state, epoch ms. */
  readonly since: number;
  /** Epoch ms; null for never. */
  readonly endsAt: number | null;
  readonly expiredAt: number | null;
};

export type RequestRecord = {
  readonly id: string;
  readonly subject: string;
  readonly package: string;
  readonly type: "adminAdd" | "adminUpdate" | "adminRemove" | "systemRemove";
  readonly state: "submitted" | "pendingApproval" | "delivering" | "delivered" | "deliveryFailed" | "denied";
  readonly by: Giver;
  readonly createdAt: number;
  /** When it was delivered, denied or failed; null while it is open. */
  readonly closedAt: number | null;
  /** Of an addition only since its delivery began. */
  readonly assignment: string | null;
  readonly lastsMs: number | null;
  /** What whoever asked for it wrote on it. */
  readonly justification: string | null;
};

/** Whether Muster asked for it on behalf of this analyst, by address. */
export const isInvitation = ({ by, justification }: RequestRecord, analyst: AnalystId): boolean =>
  by !== "admin" && justification?.includes(analyst) === true;

const textOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export const shownAssignment = (
  { id, package: what, state, endsAt, expiredAt }: AssignmentRecord,
  { account, mail, governed }: Subject,
) => ({
  id,
  state,
  expiredDateTime: textOf(expiredAt),
  schedule: { expiration: { endDateTime: textOf(endsAt) } },
  accessPackage: { id: what },
  target: {
    objectId: account,
    email: mail,
    subjectLifecycle: account === null ? "notDefined" : governed === "yes" ? "governed" : "notGoverned",
  },
});

export const shownRequest = ({
  id,
  type,
  state,
  createdAt,
  justification,
  package: what,
  assignment,
}: RequestRecord) => ({
  id,
  requestType: type,
  state,
  createdDateTime: textOf(createdAt),
  ...(justification === null ? {} : { justification }),
  accessPackage: { id: what },
  assignment: assignment === null ? null : { id: assignment },
});

/** An account by its id, or somebody by address: two shapes, as Graph's pages show them. */
type WireAssignment = {
  readonly id?: string;
  readonly targetId?: string;
  readonly accessPackageId?: string;
  readonly target?: { readonly email: string };
  readonly accessPackage?: { readonly id: string };
};

export function wantedIn(body: Readonly<Record<string, unknown>>) {
  const { requestType, assignment, schedule, justification } = body as {
    readonly requestType: "adminAdd" | "adminUpdate" | "adminRemove";
    readonly assignment: WireAssignment;
    readonly justification: string;
    readonly schedule?: { readonly expiration: { readonly duration: string } };
  }; // what the product sends
  const duration = schedule?.expiration.duration;
  return {
    requestType,
    id: assignment.id ?? "",
    whom: assignment.targetId ?? assignment.target?.email ?? "",
    package: assignment.accessPackageId ?? assignment.accessPackage?.id ?? "",
    justification,
    lastsMs: duration === undefined ? null : durationMs(duration),
  };
}
