import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cp, glob, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startBroker } from "../../lab/bus/broker.ts";
import { startClock } from "../../lab/clock.ts";
import { createHost } from "../../lab/host/host-process.ts";

const projectDir = resolve(import.meta.dirname, "../..");
let folder: string;
let staged: string;

/** This very project with somebody's policy in it, packaged, and put where nothing can be found next door. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-deployment-"));
  const project = join(folder, "project");
  for (const part of ["functions", "shared", "infra", "host.json", "package.json", "tsconfig.json"])
    await cp(join(projectDir, part), join(project, part), { recursive: true });
  await symlink(join(projectDir, "node_modules"), join(project, "node_modules"));
  await writeFile(join(project, "policy.yaml"), "# the operator's own\n");
  staged = join(folder, "staged");
  await promisify(execFile)(process.execPath, [join(project, "infra/package.ts"), "--out", staged]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function filesIn(where: string): Promise<readonly string[]> {
  const entries = await readdir(where, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => relative(where, join(file.parentPath, file.name)).replaceAll("\\", "/"));
}

test("the package is the bundled app, its settings and its policy, and nothing else", async () => {
  const allowed = /^(host\.json|package\.json|policy\.yaml|(functions|chunks)\/[\w-]+\.js(\.map)?)$/;
  const files = await filesIn(staged);
  expect(files.filter((path) => !allowed.test(path))).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(["host.json", "package.json", "policy.yaml"]));
  expect(await readFile(join(staged, "host.json"), "utf8")).toBe(
    await readFile(join(projectDir, "host.json"), "utf8"),
  );
});

test("the operator's policy is part of it, unchanged", async () => {
  expect(await readFile(join(staged, "policy.yaml"), "utf8")).toBe("# the operator's own\n");
});

test("what package.json names as its entry is there: one file for each function", async () => {
  const { main } = JSON.parse(await readFile(join(staged, "package.json"), "utf8")) as { main: string }; // our own file
  const entries: string[] = [];
  for await (const path of glob(main, { cwd: staged })) entries.push(path);
  const functions = (await readdir(join(projectDir, "functions"))).map((name) => name.replace(/\.ts$/, ""));
  expect(functions.length).toBeGreaterThanOrEqual(4);
  expect(entries.toSorted()).toEqual(functions.map((name) => `functions/${name}.js`).toSorted());
});

test("it is small: a host that starts reads few files", async () => {
  const files = await filesIn(staged);
  const sizes = await Promise.all(files.map(async (path) => (await stat(join(staged, path))).size));
  expect(files.length).toBeLessThan(60);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * 1024 * 1024);
});

test("it is put in the place of what was there before", async () => {
  await writeFile(join(staged, "stale.js"), "");
  await promisify(execFile)(process.execPath, [join(folder, "project/infra/package.ts"), "--out", staged]);
  expect(await filesIn(staged)).not.toContain("stale.js");
});

/** Loads the staged app in a process without any setting, and prints what it registered. */
const listing = `
  const { installCoreApi } = await import(process.argv[1]);
  const { loadApp } = await import(process.argv[2]);
  const appDir = process.argv[3];
  const core = installCoreApi({ appDir, log: () => undefined });
  const { registrations } = await loadApp(appDir, core);
  const found = registrations.map(({ metadata }) => [metadata.name, Object.values(metadata.bindings).map(({ type }) => type)]);
  process.stdout.write(JSON.stringify(Object.fromEntries(found)));
`;

test("nothing runs when it is loaded: it needs no settings, opens nothing, and registers one trigger for each file", async () => {
  const lab = (path: string) => pathToFileURL(join(projectDir, "lab/host", path)).href;
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", listing, lab("core-api.ts"), lab("load-app.ts"), staged],
    { env: {}, stdio: ["ignore", "pipe", "pipe"] },
  );
  // It ends by itself: whatever it had opened would keep it alive.
  const { code, said, complaint } = await outputOf(child);
  expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
  expect(JSON.parse(said)).toEqual({
    access: ["serviceBusTrigger"],
    analysts: ["serviceBusTrigger"],
    arrivals: ["serviceBusTrigger"],
    "catch-up": ["timerTrigger"],
    "clear-departure": ["httpTrigger", "http"],
    "create-resync": ["httpTrigger", "http"],
    "lifecycle-workflows": ["httpTrigger", "http"],
    "list-runs": ["httpTrigger", "http"],
    nightly: ["timerTrigger"],
    notifications: ["httpTrigger", "http"],
    "read-resync": ["httpTrigger", "http"],
    "read-run": ["httpTrigger", "http"],
    subscriptions: ["timerTrigger"],
    sweeps: ["serviceBusTrigger"],
  });
});

test("a host starts from it, with no setting but the one its triggers name", async () => {
  const clock = startClock();
  const bus = await startBroker({
    clock,
    queues: [
      { name: "analysts", sessions: "required" },
      { name: "arrivals", sessions: "required" },
      { name: "access", sessions: "required" },
      { name: "sweeps", sessions: "required" },
    ],
  });
  const lines: string[] = [];
  const host = createHost({
    appDir: staged,
    clock,
    env: { ServiceBus: bus.connectionString },
    name: "staged",
    onLog: ({ level, message }) => level !== "information" && lines.push(message),
  });
  onTestFinished(async () => {
    await host.kill();
    await bus.close();
    clock.stop();
  });
  await host.start();
  const kinds = host.functions().map(({ name, kind }) => [name, kind]);
  expect(Object.fromEntries(kinds)).toEqual({
    access: "serviceBus",
    analysts: "serviceBus",
    arrivals: "serviceBus",
    "catch-up": "timer",
    "clear-departure": "http",
    "create-resync": "http",
    "lifecycle-workflows": "http",
    "list-runs": "http",
    nightly: "timer",
    notifications: "http",
    "read-resync": "http",
    "read-run": "http",
    subscriptions: "timer",
    sweeps: "serviceBus",
  });
  const response = await fetch(`${host.url}/api/notifications?validationToken=staged`, { method: "POST" });
  expect(await response.text()).toBe("staged");
  expect(lines).toEqual([]);
});

async function outputOf(child: ChildProcess): Promise<{ code: unknown; said: string; complaint: string }> {
  let said = "";
  let complaint = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise((ended) => child.once("close", ended));
  return { code, said, complaint };
}
