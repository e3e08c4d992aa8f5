import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

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

async function newest(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const times = files
    .filter((file) => file.isFile())
    .map((file) => changedAt(join(file.parentPath, file.name)));
  return Math.max(0, ...(await Promise.all(times)));
}

async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
