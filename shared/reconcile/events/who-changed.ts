import { GraphError } from "../../graph/error.ts";
import type { SourceReader } from "../../graph/source-reader.ts";
import { userProperties } from "../../graph/user-changes.ts";
import { errorText } from "../../model/error-text.ts";
import type { Policy } from "../../policy/policy.ts";
import type { ChangeCursor } from "../../state/marks.ts";
import { trackedBy } from "../source/read-source.ts";

export type ChangePorts = { readonly reader: Pick<SourceReader, "changes">; readonly now: () => number };

/**
 * Who of the source's users has changed since `since`, epoch ms, in lower case. `unknown`: nobody can say; `isNew`: what they did until
 * now nobody will ever say. `next`: where the next question may begin, the oldest first.
 */
export type ChangesRead = { readonly next: readonly ChangeCursor[] } & (
  | { readonly kind: "known"; readonly changed: ReadonlySet<string>; readonly since: number }
  | { readonly kind: "unknown"; readonly isNew: boolean; readonly why: string }
);

/**
 * Every change is told of for so long: whoever looks at once may look at a replica that is behind, and what is sent to have them looked at
 * may be lost.
 */
const toldForMs = 46 * 60_000;

export async function readChanges(
  cursors: readonly ChangeCursor[],
  policy: Policy,
  { reader: { changes }, now }: ChangePorts,
): Promise<ChangesRead> {
  const tracking = trackedBy(policy);
  const tracked = userProperties(tracking).join(",");
  const at = now();
  const known = cursors.filter((one) => one.tracked === tracked);
  const young = known.filter((one) => Math.abs(at - one.at) < toldForMs);
  const [from = known.at(-1)] = young;
  try {
    const read =
      from === undefined ? { kind: "lost" as const, why: whyNot(cursors) } : await changes.since(from.link);
    if (read.kind === "lost" || from === undefined) {
      const next = [{ link: await changes.latest(tracking), tracked, at }];
      return { kind: "unknown", isNew: true, why: "why" in read ? read.why : "", next };
    }
    const next = [...(young.length === 0 ? [from] : young), { link: read.cursor, tracked, at }];
    return { kind: "known", changed: read.ids, since: from.at, next };
  } catch (error) {
    // Whatever is wrong with it, it keeps nobody from being looked at; and what nothing can be made of is not asked once more.
    const next = error instanceof GraphError ? cursors : [];
    return { kind: "unknown", isNew: false, why: errorText(error), next };
  }
}

const whyNot = (cursors: readonly ChangeCursor[]) =>
  cursors.length === 0 ? "it has not been followed yet" : "the policy goes by other properties";
