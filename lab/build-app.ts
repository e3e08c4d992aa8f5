import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { changedAt, newest } from "./newest.ts";

/** Makes the package that is deployed, in `dist/`, when something it is made of is newer. Resolves with its folder. */
export async function buildApp(projectDir: string): Promise<string> {
  const folder = join(projectDir, "dist");
  const parts = await Promise.all([
    ...["functions", "shared"].map((sources) => newest(join(projectDir, sources))),
    ...["host.json", "package.json", "infra/package.ts", "node_modules/.package-lock.json"].map((file) =>
      changedAt(join(projectDir, file)),
    ),
  ]);
  if ((await changedAt(join(folder, "package.json"))) <= Math.max(...parts)) {
    const script = join(projectDir, "infra", "package.ts");
    await promisify(execFile)(process.execPath, [script, "--out", folder], { cwd: projectDir });
  }
  return folder;
}
