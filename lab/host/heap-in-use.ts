import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes in use on this process's heap when all garbage is gone: what a program holds on to, whatever it has used meanwhile. */
export async function heapInUse(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: { readonly execution: "async" }) => Promise<void>; // V8's own
  // What is let go of at the end of the first collection, the second one finds.
  await collect({ execution: "async" });
  await collect({ execution: "async" });
  return process.memoryUsage().heapUsed;
}
