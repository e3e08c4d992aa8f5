import { join } from "node:path";
import type { RunningLab } from "../../lab/running-lab.ts";
import { createHost, type HostProcess } from "../../lab/host/host-process.ts";

type Parts = Pick<RunningLab, "clock"> & { readonly settings?: Readonly<Record<string, string>> };

/** A running host with one function that answers 202 and does nothing else. */
export async function withEmptyHost<T>(
  { clock, settings = {} }: Parts,
  use: (host: HostProcess) => Promise<T>,
): Promise<T> {
  const appDir = join(import.meta.dirname, "answers-202");
  const host = createHost({ appDir, clock, env: settings, name: "empty" });
  await host.start();
  try {
    return await use(host);
  } finally {
    await host.stop();
  }
}
