import { glob, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";

export type EntryFile = { readonly path: string; readonly format: "esm" | "commonjs" };

/**
 * The files that `main` of the app's package.json names (a file or a glob), shallow ones first and then by name: an
 * `index.js` that sets up telemetry has to run before `functions/*.js`.
 */
export async function entryFiles(appDir: string): Promise<readonly EntryFile[]> {
  const { main, type } = await readPackage(appDir);
  const paths: string[] = [];
  for await (const path of glob(main, { cwd: appDir })) {
    if ([".js", ".mjs", ".cjs"].includes(extname(path))) paths.push(path);
  }
  if (paths.length === 0) {
    throw new Error(
      `"main" of ${join(appDir, "package.json")} is "${main}", which names no file. Build the app first.`,
    );
  }
  return paths
    .toSorted(shallowFirst)
    .map((path) => ({ path: join(appDir, path), format: formatOf(path, type) }));
}

async function readPackage(appDir: string): Promise<{ main: string; type: unknown }> {
  const file = join(appDir, "package.json");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Error(`${file} cannot be read. The app directory must hold a package.json.`, { cause });
  });
  const { main, type } = JSON.parse(text) as { main?: unknown; type?: unknown }; // both are checked where used
  if (typeof main !== "string" || main === "") {
    throw new Error(
      `${file} has no "main". It must name the built entry files, for example "dist/functions/*.js".`,
    );
  }
  return { main, type };
}

function shallowFirst(a: string, b: string): number {
  const depth = (path: string) => path.split(sep).length;
  return depth(a) - depth(b) || (a < b ? -1 : 1);
}

function formatOf(path: string, type: unknown): EntryFile["format"] {
  if (path.endsWith(".mjs")) return "esm";
  if (path.endsWith(".cjs")) return "commonjs";
  return type === "module" ? "esm" : "commonjs";
}
