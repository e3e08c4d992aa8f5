import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's own; a collection of the last resort also takes what may be made again, such as compiled code. */
type Collect = (how: { readonly type: "major"; readonly flavor: "last-resort" }) => void;

/** Bytes in use on this process's heap when all garbage is gone: what a program holds on to, whatever it has used meanwhile. */
export async function heapInUse(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  // What is collected first is told to whoever waits for that, who lets go of more.
  for (const _ of ["first", "last"]) {
    collect({ type: "major", flavor: "last-resort" });
    await turn();
  }
  return process.memoryUsage().heapUsed;
}
