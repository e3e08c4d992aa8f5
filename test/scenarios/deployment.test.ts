import { spawn, type ChildProcess } from "node:child_process";
import { cp, glob, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { buildApp } from "../../lab/build-app.ts";
import { startBroker } from "../../lab/bus/broker.ts";
import { startClock } from "../../lab/clock.ts";
import { stageDeployment } from "../../lab/host/deployment.ts";
import { createHost } from "../../lab/host/host-process.ts";

const projectDir = resolve(import.meta.dirname, "../..");
let folder: string;
let staged: string;
let files: readonly string[];
let packages: readonly string[];

/** This very project with somebody's policy in it, staged outside of it so that nothing can be found next door. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-deployment-"));
  await buildApp(projectDir);
  const project = join(folder, "project");
  const skipped = ["node_modules", ".git", ".lab"].map((name) => join(projectDir, name));
  await cp(projectDir, project, { recursive: true, filter: (path) => !skipped.includes(path) });
  await symlink(join(projectDir, "node_modules"), join(project, "node_modules"));
  await writeFile(join(project, "policy.yaml"), "# the operator's own\n");
  staged = join(folder, "staged");
  const all = await stageDeployment({ projectDir: project, outDir: staged });
  files = all.filter((path) => !path.startsWith("node_modules/"));
  packages = all.filter((path) => path.startsWith("node_modules/"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Package = {
  readonly main: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

const packageJson = async () => JSON.parse(await readFile(join(staged, "package.json"), "utf8")) as Package; // our own file

test("the package is the built app, its settings and its policy, and nothing else", () => {
  const allowed = /^(host\.json|package\.json|policy\.yaml|dist\/(functions|shared)\/[\w/-]+\.js)$/;
  expect(files.filter((path) => !allowed.test(path))).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(["host.json", "package.json", "policy.yaml"]));
  expect(files.filter((path) => path.startsWith("dist/shared/")).length).toBeGreaterThan(30);
});

test("the operator's policy is part of it, unchanged", async () => {
  expect(await readFile(join(staged, "policy.yaml"), "utf8")).toBe("# the operator's own\n");
});

test("every source file of the app is there in its built form, and no file is there that has no source", async () => {
  const sources: string[] = [];
  for await (const path of glob("{functions,shared}/**/*.ts", { cwd: projectDir })) sources.push(path);
  expect(sources.length).toBeGreaterThan(30);
  const expected = sources.map((path) => `dist/${path.replace(/\.ts$/, ".js")}`).toSorted();
  expect(files.filter((path) => path.startsWith("dist/")).toSorted()).toEqual(expected);
});

test("what package.json names as its entry is there: one file for each function", async () => {
  const { main } = await packageJson();
  const entries: string[] = [];
  for await (const path of glob(main, { cwd: staged })) entries.push(path);
  const functions = (await readdir(join(projectDir, "functions"))).map((name) => name.replace(/\.ts$/, ""));
  expect(functions.length).toBeGreaterThanOrEqual(4);
  expect(entries.toSorted()).toEqual(functions.map((name) => `dist/functions/${name}.js`).toSorted());
});

test("its packages are all of those, and only those, that npm counts as production", async () => {
  const npm = spawn("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: projectDir });
  const production = (await outputOf(npm)).said.split("\n").map((path) => relative(projectDir, path));
  expect(production.length).toBeGreaterThan(50);
  expect(packages.filter((path) => !production.includes(path))).toEqual([]);
  const { dependencies } = await packageJson();
  for (const name of Object.keys(dependencies)) expect(packages).toContain(`node_modules/${name}`);
  for (const name of ["vitest", "typescript", "azurite", "hono", "jose", "fast-check", "commander", "knip"])
    expect(packages).not.toContain(`node_modules/${name}`);
  for (const path of packages) await readFile(join(staged, path, "package.json"), "utf8");
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
    notifications: ["httpTrigger", "http"],
    subscriptions: ["timerTrigger"],
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
    notifications: "http",
    subscriptions: "timer",
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
