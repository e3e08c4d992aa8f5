import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** When a file was last changed, epoch ms; 0 when there is none. */
export async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** The same of the file in a folder that was changed last. */
export async function newest(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const times = files
    .filter((file) => file.isFile())
    .map((file) => changedAt(join(file.parentPath, file.name)));
  return Math.max(0, ...(await Promise.all(times)));
}
