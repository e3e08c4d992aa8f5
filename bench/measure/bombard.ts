import { fork } from "node:child_process";
import { join } from "node:path";
import type { Load } from "./load.ts";

/**
 * Sends requests at a steady pace, whether those before them are answered or not, from a process of its own: Service Bus and
 * the tables are played in this one.
 * @returns how long each took, in ms, from the moment in which it was to be sent: one that had to wait to be sent waited, too
 */
export async function bombard(load: Load): Promise<readonly number[]> {
  const child = fork(join(import.meta.dirname, "bombard-process.ts"), [JSON.stringify(load)]);
  const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
  child.once("message", (times) => resolve(times as readonly number[])); // the one thing that it sends
  child.once("exit", (code) => reject(new Error(`the sender of notifications ended with ${code}`)));
  return promise;
}
