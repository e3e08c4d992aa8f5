import { GraphError } from "../../graph/error.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import { userProperties } from "../../graph/user-changes.ts";
import { errorText } from "../../model/error-text.ts";
import type { Policy } from "../../policy/policy.ts";
import type { ChangeCursor } from "../../state/marks.ts";
import { trackedBy } from "../source/read-source.ts";

export type ChangePorts = { readonly reader: Pick<SourceReader, "changes">; readonly now: () => number };

/**
 * Who of the source's users has changed since `since`, epoch ms, in lower case. `unknown`: nobody can say. `next` is where the next
 * question begins: the old cursor, where Graph gave no answer and may do so another time.
 */
export type ChangesRead =
  | {
      readonly kind: "known";
      readonly changed: ReadonlySet<string>;
      readonly since: number;
      readonly next: ChangeCursor;
    }
  | { readonly kind: "unknown"; readonly why: string; readonly next: ChangeCursor | null };

export async function readChanges(
  cursor: ChangeCursor | null,
  policy: Policy,
  { reader: { changes }, now }: ChangePorts,
): Promise<ChangesRead> {
  const tracking = trackedBy(policy);
  const tracked = userProperties(tracking).join(",");
  const at = now();
  try {
    const read = await readSince(cursor, tracked, changes);
    if (read.kind === "changes")
      return { kind: "known", changed: read.ids, since: read.from, next: { link: read.cursor, tracked, at } };
    return { kind: "unknown", why: read.why, next: { link: await changes.latest(tracking), tracked, at } };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    return { kind: "unknown", why: errorText(error), next: cursor };
  }
}

async function readSince(cursor: ChangeCursor | null, tracked: string, changes: SourceReader["changes"]) {
  if (cursor === null) return { kind: "lost", why: "it has not been followed yet" } as const;
  if (cursor.tracked !== tracked)
    return { kind: "lost", why: "the policy goes by other properties" } as const;
  const read = await changes.since(cursor.link);
  return read.kind === "lost" ? read : { ...read, from: cursor.at };
}
