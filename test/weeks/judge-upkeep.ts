import type { RunningLab } from "../../lab/running-lab.ts";
import type { OpenTables } from "./tables.ts";

const minuteMs = 60_000;
/** Muster does it every three quarters of an hour, asked or not, by a timer that goes off every five minutes. */
const renewedMs = 60 * minuteMs;

/** What is wrong with the ways on which Muster hears of changes: subscriptions, and the cursor of who has changed. */
export async function judgeUpkeep(lab: RunningLab, tables: OpenTables): Promise<readonly string[]> {
  const now = lab.clock.now();
  const lately = lab.graph
    .traffic()
    .filter(({ caller, at }) => caller === "app" && Date.parse(at) > now - 40 * minuteMs);
  const subscriptions = (await tables.subscriptions.list()).flatMap((row) => {
    const { resource, subscriptionId, expiresAt, madeAt, renewedAt, silentSince, missed } = row;
    const keptAt = Math.max(madeAt, renewedAt);
    const asked = lately.findLast(
      ({ method, path, status }) =>
        method !== "DELETE" && path === `/subscriptions/${subscriptionId}` && status < 500 && status !== 429,
    );
    const isThere = asked !== undefined && asked.status < 300;
    const problems = [
      ...(isThere ? [] : [`Graph does not show it (${asked?.status ?? "nobody has asked"})`]),
      // 0: Graph has just asked for it to be renewed.
      ...(expiresAt === 0 || expiresAt > now ? [] : [`it ended at ${new Date(expiresAt).toISOString()}`]),
      ...(keptAt > now - renewedMs ? [] : [`it was last renewed at ${new Date(keptAt).toISOString()}`]),
      ...(silentSince === null ? [] : ["it is silent"]),
      ...(missed < 3 ? [] : [`it has missed ${missed} changes`]),
    ];
    return problems.map((problem) => `the subscription of ${resource}: ${problem}`);
  });
  const mark = (await tables.marks.catchUp.read())?.value;
  const [oldest] = mark?.cursors ?? [];
  const delta = lately.findLast(({ template }) => template === "/users/delta");
  const cursor = [
    ...(oldest !== undefined && mark !== undefined && mark.begunAt > now - 40 * minuteMs
      ? []
      : ["nobody knows since when who has changed"]),
    ...(delta?.status === 200 ? [] : [`who has changed is answered by ${delta?.status ?? "nobody"}`]),
  ];
  return [...subscriptions, ...cursor.map((problem) => `the cursor of changes: ${problem}`)];
}
