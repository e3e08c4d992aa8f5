import { fork, type ChildProcess } from "node:child_process";
import { compileCache } from "../compile-cache.ts";
import type { FunctionGroup } from "./function-group.ts";
import type { FunctionInfo, HostCommand, HostReport, ProcessLogLine } from "./host-messages.ts";
import { hostProgram } from "./program.ts";

/** One life of a host process, seen from the lab. */
export type HostChild = {
  /** Rejects with the host's own words when it does not come up. */
  readonly ready: Promise<{ readonly port: number; readonly functions: readonly FunctionInfo[] }>;
  /** Resolves, with how, when the process is gone. */
  readonly exited: Promise<string>;
  readonly pid: number | undefined;
  /** What is in flight, as the process reported it. */
  inFlight(): string[];
  /** Resolves when the process has obeyed, with what it has to say; rejects with its error, or when it dies first. */
  command(command: Command): Promise<number | undefined>;
  kill(): void;
};

// Each kind without its id, which this file gives out.
type Command = HostCommand extends infer Each ? (Each extends HostCommand ? Omit<Each, "id"> : never) : never;

export type HostChildOptions = {
  readonly name: string;
  readonly appDir: string;
  readonly port: number;
  readonly only: FunctionGroup | undefined;
  readonly clockOffsetMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly node: string;
  readonly onLog: (line: ProcessLogLine) => void;
  /** Resolves when so much virtual time has passed. */
  readonly onSleep: (sleep: { readonly ms: number; readonly who: string }) => Promise<void>;
  /** Resolves when an HTTP request is to be let in. */
  readonly onHttp: (request: { readonly isFirst: boolean }) => Promise<void>;
  readonly now: () => number;
};

export function forkHost(options: HostChildOptions): HostChild {
  const only = options.only === undefined ? [] : ["--only", options.only];
  const child = fork(hostProgram(), ["--app", options.appDir, "--port", String(options.port), ...only], {
    execPath: options.node,
    execArgv: workerArguments(options.env),
    env: childEnvironment(options),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const ready = Promise.withResolvers<{ port: number; functions: readonly FunctionInfo[] }>();
  const exited = Promise.withResolvers<string>();
  const pending = new Map<number, PromiseWithResolvers<number | undefined>>();
  const inFlight = new Map<string, string>();
  let lastId = 0;
  let requests = 0;

  child.on("message", (report: HostReport) => receive(report));
  child.once("error", (error) => end(`could not be started: ${error.message}`));
  child.once("exit", (code, signal) =>
    end(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
  );
  forwardOutput(child, options);
  ready.promise.catch(() => undefined); // whoever awaits `ready` still gets the error

  return {
    ready: ready.promise,
    exited: exited.promise,
    pid: child.pid,
    inFlight: () => [...inFlight.values()],
    command: tell,
    kill: () => void child.kill("SIGKILL"),
  };

  function tell(command: Command): Promise<number | undefined> {
    const id = ++lastId;
    const answer = Promise.withResolvers<number | undefined>();
    pending.set(id, answer);
    if (child.connected) child.send({ ...command, id }, (error) => error && fail(id, error.message));
    else fail(id, "its process is gone");
    return answer.promise;
  }

  async function wake({ sleep, ms, who }: { sleep: string; ms: number; who: string }): Promise<void> {
    await options.onSleep({ ms, who });
    await tell({ kind: "wake", sleep }).catch(() => undefined);
  }

  async function letIn(request: string): Promise<void> {
    requests++;
    await options.onHttp({ isFirst: requests === 1 });
    // A process that has died meanwhile has nobody left to let in.
    await tell({ kind: "admit", request }).catch(() => undefined);
  }

  function receive(report: HostReport): void {
    switch (report.kind) {
      case "ready":
        return ready.resolve(report);
      case "failed":
        return ready.reject(new Error(`Host ${options.name} did not start. ${report.message}`));
      case "asks":
        return void letIn(report.request);
      case "sleeps":
        return void wake(report);
      case "began":
        return void inFlight.set(report.id, report.what);
      case "ended":
        return void inFlight.delete(report.id);
      case "log":
        return options.onLog(report.line);
      case "done":
        if (report.error !== undefined) return fail(report.id, report.error);
        pending.get(report.id)?.resolve(report.value);
        return void pending.delete(report.id);
    }
  }

  function fail(id: number, why: string): void {
    pending.get(id)?.reject(new Error(`Host ${options.name}: ${why}`));
    pending.delete(id);
  }

  function end(how: string): void {
    inFlight.clear();
    // First of all: whoever learns below that a command failed can then see that the host is gone.
    exited.resolve(how);
    ready.reject(new Error(`Host ${options.name} did not start: it ${how}.`));
    for (const id of pending.keys()) fail(id, `it ${how} before it had answered`);
  }
}

/**
 * What Azure starts Node with when the app setting says so.
 * https://learn.microsoft.com/azure/azure-functions/functions-reference-node#languageworkers__node__arguments
 */
function workerArguments({ languageWorkers__node__arguments: said }: HostChildOptions["env"]): string[] {
  if (said !== undefined) return said.split(" ");
  // A lab has more processes than this machine has cores: helpers of the garbage collector cost more than they save.
  return ["--single-threaded-gc"];
}

// Nothing of the lab's own environment reaches the app by accident.
function childEnvironment({ env, clockOffsetMs }: HostChildOptions): Record<string, string> {
  const inherited = Object.fromEntries(
    ["PATH", "HOME"].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  return {
    ...inherited,
    ...env,
    LAB_CLOCK_OFFSET_MS: String(clockOffsetMs),
    // Most of a start is compiling the SDKs.
    NODE_COMPILE_CACHE: compileCache,
  };
}

function forwardOutput(child: ChildProcess, { onLog, now }: HostChildOptions): void {
  const forward = (level: string) => (chunk: Buffer) => {
    for (const message of chunk.toString("utf8").split("\n")) {
      if (message.trim() !== "") onLog({ at: now(), level, category: "user", message });
    }
  };
  child.stdout?.on("data", forward("information"));
  child.stderr?.on("data", forward("error"));
}
