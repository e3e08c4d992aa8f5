import { copyFile, link, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseFuncignore, type Ignore } from "./funcignore.ts";

/**
 * Builds in `outDir` (emptied first) the folder that would be deployed: the project without what `.funcignore` excludes,
 * plus a node_modules with the production dependencies of package-lock.json alone. An app that starts from there does
 * not lean on a development dependency or on a file that stays behind.
 *
 * Resolves with what was staged, sorted: the project's files, and the folder of each package.
 */
export async function stageDeployment(options: {
  readonly projectDir: string;
  readonly outDir: string;
}): Promise<readonly string[]> {
  const projectDir = resolve(options.projectDir);
  const outDir = resolve(options.outDir);
  const packages = await productionPackages(projectDir);
  const files = await deployedFiles(projectDir, { ignore: await readIgnore(projectDir), outDir });

  await rm(outDir, { recursive: true, force: true });
  for (const file of files) await copy(join(projectDir, file), join(outDir, file));
  for (const each of packages) await placeFolder(join(projectDir, each), join(outDir, each));
  return [...files, ...packages].toSorted();
}

async function readIgnore(projectDir: string): Promise<Ignore> {
  return parseFuncignore((await readOptional(join(projectDir, ".funcignore"))) ?? "");
}

async function deployedFiles(
  projectDir: string,
  { ignore, outDir }: { ignore: Ignore; outDir: string },
): Promise<string[]> {
  const walk = async (folder: string): Promise<string[]> => {
    const entries = await readdir(join(projectDir, folder), { withFileTypes: true });
    const found = entries.map(async (entry): Promise<string[]> => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name === "node_modules" || join(projectDir, path) === outDir) return [];
      if (ignore(path, entry.isDirectory() ? "folder" : "file")) return [];
      return entry.isDirectory() ? walk(path) : [path];
    });
    return (await Promise.all(found)).flat();
  };
  return walk("");
}

type LockEntry = { readonly dev?: boolean; readonly optional?: boolean; readonly link?: boolean };

/** Folders of the packages that `npm ci --omit=dev` would install. */
async function productionPackages(projectDir: string): Promise<string[]> {
  const file = join(projectDir, "package-lock.json");
  const text = await readOptional(file);
  if (text === undefined) throw new Error(`${file} is missing. Run npm install in the project first.`);
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockEntry> }; // npm's own file
  const wanted = Object.entries(packages).filter(([path, entry]) => path !== "" && entry.dev !== true);
  const checked = wanted.map(async ([path, entry]) => {
    if (entry.link === true) throw new Error(`${path} is a workspace link, which cannot be staged.`);
    if ((await readOptional(join(projectDir, path, "package.json"))) !== undefined) return [path];
    // npm leaves out optional packages of other platforms.
    if (entry.optional === true) return [];
    throw new Error(`${path} is in package-lock.json but not installed. Run npm ci in ${projectDir} first.`);
  });
  return (await Promise.all(checked)).flat();
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

// A package inside a package is listed by itself, or is not wanted.
async function placeFolder(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true });
  const placed = entries
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      return entry.isDirectory() ? placeFolder(source, target) : place(source, target);
    });
  await Promise.all(placed);
}

/**
 * A hard link where possible: it is quick and, unlike a symbolic link, leaves the file's real path in `outDir`, so that
 * Node looks for its dependencies there and not in the project.
 */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    if (!hasCode(error, "EXDEV") && !hasCode(error, "EPERM")) throw error;
    await copyFile(from, to);
  }
}

// The project's own files change with every build, so they get their own copy.
async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
