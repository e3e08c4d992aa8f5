import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Builds the app into `dist/` when a source file is newer than what is there. */
export async function buildApp(projectDir: string): Promise<"built" | "current"> {
  const sources = await Promise.all(
    ["functions", "shared"].map((folder) => newest(join(projectDir, folder), ".ts")),
  );
  const settings = await changedAt(join(projectDir, "tsconfig.build.json"));
  const built = await newest(join(projectDir, "dist"), ".js");
  if (built > Math.max(settings, ...sources)) return "current";
  // npm runs its scripts on the project's own Node.
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: projectDir });
  return "built";
}

async function newest(folder: string, ending: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const times = files
    .filter((file) => file.isFile() && file.name.endsWith(ending))
    .map((file) => changedAt(join(file.parentPath, file.name)));
  return Math.max(0, ...(await Promise.all(times)));
}

async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
