import { badRequest, GraphProblem } from "../http/problem.ts";

/** What a delta link remembers: where it stands and what its first request asked for. */
export type DeltaToken = {
  readonly seq: number;
  readonly issuedAt: number;
  readonly select: readonly string[] | null;
  /** Object ids it is limited to. */
  readonly ids: readonly string[] | null;
};

const lifetimeMs = 7 * 24 * 60 * 60 * 1000;

export function writeDeltaToken(token: DeltaToken): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Tokens of directory objects die after seven days; then only a full read helps. */
export function readDeltaToken(text: string, now: number): DeltaToken {
  const token = parse(text);
  if (token.issuedAt + lifetimeMs >= now) return token;
  throw new GraphProblem(
    400,
    "syncStateNotFound",
    "The sync state generation is not found: the delta token has expired. Perform a full synchronization.",
  );
}

function parse(text: string): DeltaToken {
  try {
    // Only this file writes these tokens; anything else fails the check below.
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as Partial<DeltaToken>;
    const { seq, issuedAt, select = null, ids = null } = token;
    if (typeof seq === "number" && typeof issuedAt === "number") return { seq, issuedAt, select, ids };
  } catch {
    // Not JSON: badly formed, as below.
  }
  throw badRequest("Badly formed token.");
}
