import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { changedAt, newest } from "../newest.ts";

const projectDir = resolve(import.meta.dirname, "../..");
const main = join(import.meta.dirname, "main.ts");
const bundled = join(projectDir, ".lab", "host.mjs");

let program = main;
let making: Promise<void> | undefined;

/** What a host process runs. */
export const hostProgram = (): string => program;

/**
 * Makes one file of that, and of all it needs, when something of it is newer; hosts that start from now on run it. They would
 * read four hundred files otherwise, which is a quarter of a start, and the tests start hundreds of hosts.
 */
export const bundleHost = (): Promise<void> => (making ??= bundleIfStale());

async function bundleIfStale(): Promise<void> {
  const parts = [newest(import.meta.dirname), changedAt(join(projectDir, "node_modules/.package-lock.json"))];
  if ((await changedAt(bundled)) <= Math.max(...(await Promise.all(parts)))) await bundle();
  program = bundled;
}

/** Made elsewhere and put in its place at once: a host may be loading it. */
async function bundle(): Promise<void> {
  const { build } = await import("esbuild");
  const fresh = `${bundled}.${process.pid}`;
  await mkdir(join(projectDir, ".lab"), { recursive: true });
  try {
    await build({
      entryPoints: [main],
      outfile: fresh,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22",
      // What is bundled of CommonJS still asks for Node's own modules by `require`, which a module does not have.
      banner: {
        js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
      },
      logLevel: "warning",
    });
    await rename(fresh, bundled);
  } finally {
    await rm(fresh, { force: true });
  }
}
