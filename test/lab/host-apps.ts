import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { startClock, type LabClock } from "../../lab/clock.ts";
import type { ColdStarts } from "../../lab/host/cold-starts.ts";
import type { FunctionGroup } from "../../lab/host/function-group.ts";
import { createHost, type HostLogLine, type HostProcess } from "../../lab/host/host-process.ts";

const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of an app under test/lab/fixtures. */
export function fixture(name: string): string {
  return join(projectDir, "test/lab/fixtures", name);
}

/** Writes an ESM app whose `main` is `*.js`, inside the project so that it finds @azure/functions. Gone after the test. */
export async function writeApp(files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(join(projectDir, ".lab"), { recursive: true });
  const dir = await mkdtemp(join(projectDir, ".lab/host-test-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const all = {
    "package.json": '{ "type": "module", "main": "*.js" }',
    "host.json": '{ "version": "2.0" }',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

export type TestHost = {
  readonly host: HostProcess;
  readonly lines: HostLogLine[];
  readonly said: (functionName: string) => string[];
};

/** A host that is not started yet, and what it logs. The caller kills it. */
export function newHost(options: {
  app: string;
  clock: LabClock;
  env?: Readonly<Record<string, string>>;
  name?: string;
  afterDeath?: "restart" | "stay";
  coldStarts?: ColdStarts;
  only?: FunctionGroup;
}): TestHost {
  const { app, clock, env = {}, name = "host-1", afterDeath = "stay", coldStarts, only } = options;
  const lines: HostLogLine[] = [];
  const host = createHost({
    appDir: app,
    clock,
    env,
    name,
    afterDeath,
    ...(only === undefined ? {} : { only }),
    ...(coldStarts === undefined ? {} : { beforeHttp: (request) => coldStarts.wakeUp(request) }),
    onLog: (line) => lines.push(line),
  });
  return {
    host,
    lines,
    said: (functionName) =>
      lines
        .filter((line) => line.category === "user" && line.functionName === functionName)
        .map((line) => line.message),
  };
}

/** As `newHost`; the host is killed when the test ends. */
export function testHost(options: Parameters<typeof newHost>[0]): TestHost {
  const made = newHost(options);
  onTestFinished(() => made.host.kill());
  return made;
}

/** A clock that stands still but for `advance`, at half past a minute; stopped when the test ends. */
export function stillClock(): LabClock {
  const base = Math.floor(Date.now() / 60_000) * 60_000 + 30_000;
  const clock = startClock(() => base);
  onTestFinished(() => clock.stop());
  return clock;
}

/** Resolves when `holds` does; fails after `timeoutMs`, saying what was awaited. */
export async function until(what: string, holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type Gate = {
  /** A handler that fetches this stands still until the gate opens. */
  readonly url: string;
  waiting(): number;
  open(): void;
};

export async function newGate(): Promise<Gate> {
  const held = new Set<() => void>();
  let isOpen = false;
  const server = createServer((_request, response) => {
    const release = () => void response.end();
    if (isOpen) release();
    else held.add(release);
    response.once("close", () => held.delete(release));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server that listens has one
    waiting: () => held.size,
    open() {
      isOpen = true;
      for (const release of held) release();
    },
  };
}
