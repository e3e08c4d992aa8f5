import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { build } from "esbuild";

/**
 * `npm run package`: makes the folder that is deployed. The app is bundled with all it needs, so that it runs where nothing is
 * installed, and starts in half the time: a host reads a dozen files instead of a thousand.
 */
const projectDir = resolve(import.meta.dirname, "..");
const operatorsPolicy = join(projectDir, "policy.yaml");

/** What is bundled of CommonJS still asks for Node's own modules by `require`, which a module does not have. */
const requireForCommonJs =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

const { out } = new Command("package")
  .description("Makes the folder that is deployed.")
  .option("--out <folder>", "where", join(projectDir, "dist"))
  .parse()
  .opts<{ out: string }>();

await makePackage(resolve(out));
console.log(`The package is in ${relative(process.cwd(), resolve(out)) || "."}.`);
if (!existsSync(operatorsPolicy))
  console.log("There is no policy.yaml in it: put yours beside package.json before you deploy.");

/** Made elsewhere and put in its place at once: a host may be loading from there. */
async function makePackage(target: string): Promise<void> {
  const cache = join(projectDir, "node_modules", ".cache", "muster");
  const fresh = join(cache, `package.new.${process.pid}`);
  const stale = join(cache, `package.old.${process.pid}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await bundle(fresh);
  await writeFile(join(fresh, "package.json"), `${JSON.stringify(await describePackage(), null, 2)}\n`);
  await copyFile(join(projectDir, "host.json"), join(fresh, "host.json"));
  if (existsSync(operatorsPolicy)) await copyFile(operatorsPolicy, join(fresh, "policy.yaml"));
  await rename(target, stale).catch(() => undefined); // there may be none yet
  await rename(fresh, target).catch((error: unknown) => {
    // Somebody else has put the same there meanwhile.
    if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
  });
  await Promise.all([fresh, stale].map((folder) => rm(folder, { recursive: true, force: true })));
}

async function bundle(outdir: string): Promise<void> {
  const functions = await readdir(join(projectDir, "functions"));
  await build({
    absWorkingDir: projectDir,
    entryPoints: functions.map((file) => ({
      in: join("functions", file),
      out: join("functions", basename(file, ".ts")),
    })),
    outdir,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    sourcemap: true,
    sourcesContent: false,
    // Answered by the host's own loader.
    external: ["@azure/functions-core"],
    banner: { js: requireForCommonJs },
    logLevel: "warning",
  });
}

async function describePackage() {
  const { name, version, type, engines } = JSON.parse(
    await readFile(join(projectDir, "package.json"), "utf8"),
  ) as Record<string, unknown>; // our own file
  // The dependencies are in the bundle: there is nothing to install.
  return { name, version, private: true, type, main: "functions/*.js", engines, dependencies: {} };
}
