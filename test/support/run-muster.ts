import { execFile } from "node:child_process";

export type MusterRun = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** `npm run muster -- …`, with these settings and none of those that this process has. */
export function runMuster(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<MusterRun> {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("MUSTER_"));
  const env = { ...Object.fromEntries(others), ...settings };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["cli/main.ts", ...args], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
