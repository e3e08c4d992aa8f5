import { TableClient } from "@azure/data-tables";
import type { RunningLab } from "../../lab/running-lab.ts";
import { tokenFor } from "../support/token.ts";
import { hostileBodies, type Hostile } from "./bodies.ts";

export type Played = {
  /** How often each answer was given. */
  readonly answers: Readonly<Record<string, number>>;
  /** What should not have happened; none. */
  readonly failures: readonly string[];
};

type Options = {
  readonly seed: number;
  readonly count: number;
  readonly onProgress?: (done: number) => void;
};

/** This many at a time. */
const atOnce = 50;

/** Sends them to a lab's first host, and says what came of it. */
export async function playHostile(lab: RunningLab, options: Options): Promise<Played> {
  const { seed, count, onProgress } = options;
  const answers: Record<string, number> = {};
  const failures: string[] = [];
  const before = sentIn(lab);
  // Of who may call: what they say is read.
  const relay = await tokenFor(lab, lab.world.apps.relay, "api://muster");
  const operator = await tokenFor(lab, lab.world.apps.operator, "api://muster");
  const tokens = { notifications: relay, "lifecycle-workflows": relay, resyncs: operator };
  for (let done = 0; done < count; done += atOnce) {
    const some = hostileBodies(seed + done, Math.min(atOnce, count - done));
    const given = await Promise.all(some.map((one) => send(lab, one, tokens[one.to])));
    for (const [index, answer] of given.entries()) {
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (!fine.has(answer))
        failures.push(`${answer} to ${show(some[index])} (bodies of seed ${seed + done})`);
    }
    onProgress?.(done + some.length);
  }
  await lab.settled();
  if (sentIn(lab) !== before) failures.push(`${sentIn(lab) - before} keys were put on a queue`);
  for (const name of ["Departures", "WorkflowCalls"]) {
    const rows = await countIn(lab, name);
    if (rows > 0) failures.push(`${rows} rows came to be in the table ${name}`);
  }
  const begun = await countIn(lab, "Runs", "PartitionKey eq 'run'");
  if (begun > 0) failures.push(`${begun} runs were begun`);
  for (const { name, state } of lab.hosts) if (state() !== "running") failures.push(`${name} is ${state()}`);
  return { answers, failures };
}

/** Read and found to be nothing, not read for its size, or refused. */
const fine: ReadonlySet<string> = new Set([
  "notifications 202 with 0 keys",
  "notifications 400",
  "notifications 413",
  "lifecycle-workflows 400",
  "lifecycle-workflows 401",
  "lifecycle-workflows 413",
  "resyncs 400",
  "resyncs 401",
  "resyncs 413",
  "resyncs 422",
]);

async function send(lab: RunningLab, { to, known, body }: Hostile, token: string): Promise<string> {
  const headers: Record<string, string> = {
    "idempotency-key": crypto.randomUUID(),
    ...(known && { authorization: `Bearer ${token}` }),
  };
  const url = `${lab.hosts[0]?.url}/api/${to}`;
  try {
    const answer = await fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    if (to === "notifications" && answer.status === 202)
      return `${to} 202 with ${String((JSON.parse(text) as { keys: number }).keys)} keys`;
    return `${to} ${answer.status}`;
  } catch (error) {
    return `${to} no answer: ${String(error)}`;
  }
}

const sentIn = (lab: RunningLab) => Object.values(lab.bus.stats()).reduce((sum, { sent }) => sum + sent, 0);

async function countIn(lab: RunningLab, name: string, filter = ""): Promise<number> {
  const table = TableClient.fromConnectionString(lab.tables.connectionString, name, {
    allowInsecureConnection: true,
  });
  let count = 0;
  for await (const _ of table.listEntities({ queryOptions: { filter } })) count += 1;
  return count;
}

function show(one: Hostile | undefined): string {
  const text =
    one === undefined ? "" : typeof one.body === "string" ? one.body : Buffer.from(one.body).toString();
  return JSON.stringify(text.slice(0, 200));
}
