import { readFile, writeFile } from "node:fs/promises";

/** What Linux tells of a process. */
type Memory = { readonly residentMiB: number; readonly peakMiB: number };

// USER_HZ, which is 100 on every Linux that Node runs on.
const ticksInSecond = 100;

export async function memoryOf(pid: number | undefined): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const mib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1_024;
  return { residentMiB: mib("VmRSS"), peakMiB: mib("VmHWM") };
}

/** From here on the peak is counted anew. */
export async function forgetPeak(pid: number | undefined): Promise<void> {
  // https://docs.kernel.org/filesystems/proc.html: "To reset the peak resident set size ("high water mark") ... echo 5".
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** Time on a processor since the process began, of all its threads, ms. */
export async function processorMs(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field is a name in brackets, which may have spaces; user and system time are the 14th and the 15th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksInSecond;
}
