import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
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
  await build(projectDir);
  return "built";
}

/** Built elsewhere and put in the place of `dist` at once, because the host of another lab may be loading from there. */
async function build(projectDir: string): Promise<void> {
  const compiler = join(projectDir, "node_modules", "typescript", "bin", "tsc");
  const cache = join(projectDir, "node_modules", ".cache", "muster");
  await mkdir(cache, { recursive: true });
  const fresh = join(cache, `dist.new.${process.pid}`);
  const stale = join(cache, `dist.old.${process.pid}`);
  await promisify(execFile)(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", fresh], {
    cwd: projectDir,
  });
  await rename(join(projectDir, "dist"), stale).catch(() => undefined); // there may be none yet
  await rename(fresh, join(projectDir, "dist"));
  await rm(stale, { recursive: true, force: true });
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
