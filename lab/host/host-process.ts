import type { LabClock } from "../clock.ts";
import { livedTime } from "../lived-time.ts";
import type { HttpRequest } from "./cold-starts.ts";
import { forkHost, type HostChild } from "./host-child.ts";
import type { FunctionGroup } from "./function-group.ts";
import type { FunctionInfo, ProcessLogLine } from "./host-messages.ts";
import type { TimerOccasion } from "./timer-input.ts";
import { runSchedule, type TimerStatus } from "./timer-schedule.ts";

type HostState = "running" | "stopped";

/** One Functions host process that can be killed and started again. */
export type HostProcess = {
  readonly name: string;
  /** `http://127.0.0.1:PORT`, without the route prefix; the same after every restart. Throws before the first start when the port was left open. */
  readonly url: string;
  readonly state: () => HostState;
  /** The system's number for it; undefined while it is stopped. */
  readonly pid: () => number | undefined;
  /** What the app registered at its last start, without disabled functions. */
  readonly functions: () => readonly FunctionInfo[];
  /**
   * Timers being fired, HTTP requests in flight, and a process that is being started by itself; [] when at rest. Service
   * Bus work shows as locks at the broker.
   */
  busy(): string[];
  /** Runs a timer function now. Resolves when it has ended, rejects with its error or when the host dies first. */
  fireTimer(name: string, occasion?: TimerOccasion): Promise<void>;
  /** Resolves when the process, if there is one, has done what it could do now: what it still has to do, it waits for. */
  breathe(): Promise<void>;
  /** What is in use on the heap of its process when all garbage is gone, bytes. @throws Error when no process runs */
  heapBytes(): Promise<number>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts the process (again); resolves when its functions are loaded and its listeners attached. */
  start(): Promise<void>;
  /** Lets what is in flight end, runs appTerminate hooks, and kills the process after 5 s. */
  stop(): Promise<void>;
  /** Tells each change of state, also a crash. Returns the function that ends it. */
  onState(listener: (state: HostState) => void): () => void;
};

export type HostLogLine = ProcessLogLine & { readonly host: string };

export type HostProcessOptions = {
  /** Holds the built app: package.json, host.json and what `main` names. */
  readonly appDir: string;
  readonly clock: LabClock;
  /** The app's settings, complete: of the lab's own environment only PATH and HOME are passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** The functions it runs; absent: all. */
  readonly only?: FunctionGroup;
  readonly name: string;
  readonly onLog?: (line: HostLogLine) => void;
  /** An HTTP request waits for it before it reaches its function. */
  readonly beforeHttp?: (request: HttpRequest) => Promise<void>;
  /**
   * What becomes of a process that ended without being told to: of a crash, or of a function that ran too long. "restart":
   * it is started again by itself, as Azure does. Default: it stays ended. One that was killed or stopped always does.
   */
  readonly afterDeath?: "restart" | "stay";
  /** The Node executable; absent: the one that runs the lab. */
  readonly node?: string;
};

const stopMs = 5_000;
/** Virtual time. Azure takes about that long, and longer after each start that fails. */
const firstRestartMs = 2_000;
const longestRestartMs = 60_000;

const nothing = () => undefined;

/** A host that is not started yet. */
export function createHost(options: HostProcessOptions): HostProcess {
  const { clock, name } = options;
  const firing = new Map<symbol, string>();
  const listeners = new Set<(state: HostState) => void>();
  let port = options.port ?? 0;
  let child: HostChild | undefined;
  // The end of the running process, once it was asked for.
  let leaving: Promise<unknown> | undefined;
  let starting: Promise<void> | undefined;
  let state: HostState = "stopped";
  let functions: readonly FunctionInfo[] = [];
  const lived = livedTime(clock);
  let leaptBeforeStartMs = 0;
  let wanted: HostState = "stopped";
  let restart: { cancel(): void } | undefined;
  let restarting = false;

  clock.onJump((offsetMs) => {
    const leaptMs = lived.leaptMs() - leaptBeforeStartMs;
    // A host that dies meanwhile learns the offset when it starts again.
    return child?.command({ kind: "clock", offsetMs, leaptMs }).then(nothing, nothing);
  });

  const host: HostProcess = {
    name,
    get url() {
      if (port === 0) throw new Error(`Host ${name} has no address before its first start.`);
      return `http://127.0.0.1:${port}`;
    },
    pid: () => child?.pid,
    state: () => state,
    functions: () => functions,
    busy: () =>
      [...firing.values(), ...(restarting ? ["starts again"] : []), ...(child?.inFlight() ?? [])].map(
        (what) => `${name}: ${what}`,
      ),
    fireTimer: (timer, occasion = { isPastDue: false, status: null }) => fire(timer, occasion),
    async breathe() {
      // One that dies meanwhile has done all it ever will.
      if (state === "running") await child?.command({ kind: "breathe" }).catch(() => undefined);
    },
    async heapBytes() {
      const bytes = await child?.command({ kind: "weigh" });
      if (bytes === undefined) throw new Error(`Host ${name} is stopped; it has no heap.`);
      return bytes;
    },
    async kill() {
      wanted = "stopped";
      restart?.cancel();
      child?.kill();
      await (leaving = child?.exited);
    },
    start() {
      wanted = "running";
      return (starting ??= startChild().finally(() => (starting = undefined)));
    },
    stop,
    onState(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return host;

  async function startChild(): Promise<void> {
    if (leaving !== undefined) await leaving;
    restart?.cancel();
    if (state === "running") return;
    leaptBeforeStartMs = lived.leaptMs();
    const next = forkHost({ ...forkOptions(), port, clockOffsetMs: clock.offsetMs() });
    child = next;
    void next.exited.then((how) => ended(next, how));
    const ready = await next.ready.catch(async (error: unknown) => {
      next.kill();
      await next.exited;
      throw error;
    });
    port = ready.port;
    functions = ready.functions;
    if (child !== next) throw new Error(`Host ${name} ended as soon as it had started.`);
    become("running");
  }

  function forkOptions() {
    return {
      name,
      appDir: options.appDir,
      only: options.only,
      env: options.env,
      node: options.node ?? process.execPath,
      now: () => clock.now(),
      onLog: (line: ProcessLogLine) => options.onLog?.({ host: name, ...line }),
      onSleep: ({ ms, who }: { readonly ms: number; readonly who: string }) =>
        clock.hold(ms, `${name}: ${who} sleeps`),
      onHttp: async ({ isFirst }: { readonly isFirst: boolean }) =>
        options.beforeHttp?.({ host: name, isFirst }),
    };
  }

  function ended(gone: HostChild, how: string): void {
    if (child !== gone) return;
    const wasRunning = state === "running";
    child = undefined;
    leaving = undefined;
    log("information", `The host ${how}.`);
    become("stopped");
    // A first start that fails is for whoever asked for it to deal with.
    if (options.afterDeath === "restart" && wasRunning) startAgain(firstRestartMs);
  }

  function startAgain(inMs: number): void {
    if (wanted === "stopped") return;
    log(
      "warning",
      `The host ended by itself. It is started again in ${inMs / 1000} s, as the platform does.`,
    );
    restart = clock.expect(clock.now() + inMs, `${name}: is started again`, async () => {
      restarting = true;
      try {
        await host.start();
      } catch (error) {
        log("error", `The host could not be started again: ${String(error)}`);
        startAgain(Math.min(inMs * 2, longestRestartMs));
      } finally {
        restarting = false;
      }
    });
  }

  function log(level: string, message: string): void {
    options.onLog?.({ host: name, at: clock.now(), level, category: "system", message });
  }

  function become(next: HostState): void {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener(next);
  }

  async function fire(timer: string, occasion: TimerOccasion): Promise<void> {
    if (child === undefined) throw new Error(`Host ${name} is stopped; start it before firing "${timer}".`);
    const key = Symbol(timer);
    firing.set(key, `timer ${timer}`);
    clock.stir();
    try {
      await child.command({ kind: "fire", name: timer, occasion });
    } finally {
      firing.delete(key);
      clock.stir();
    }
  }

  async function stop(): Promise<void> {
    wanted = "stopped";
    restart?.cancel();
    const stopping = child;
    if (stopping === undefined) return;
    const tooLate = setTimeout(() => stopping.kill(), stopMs);
    // Its answer is its exit, so the command itself always fails.
    stopping.command({ kind: "stop" }).catch(() => undefined);
    await (leaving = stopping.exited);
    clearTimeout(tooLate);
  }
}

/**
 * Runs the timers of a set of hosts that run the same app. Timers are singletons: one host keeps them until it dies,
 * then the first living one takes over, as the holder of Azure's lock does.
 */
export function scheduleTimers(options: { clock: LabClock; hosts: readonly HostProcess[] }): {
  stop(): void;
} {
  const { clock, hosts } = options;
  const statuses = new Map<string, TimerStatus>();
  let keeper: HostProcess | undefined;
  let schedules: readonly { stop(): void }[] = [];

  const stopListening = hosts.map((host) => host.onState(elect));
  elect();
  return {
    stop() {
      for (const each of stopListening) each();
      for (const schedule of schedules) schedule.stop();
    },
  };

  function elect(): void {
    if (keeper?.state() === "running") return;
    for (const schedule of schedules) schedule.stop();
    keeper = hosts.find((host) => host.state() === "running" && timersOf(host).length > 0);
    schedules = keeper === undefined ? [] : schedulesOf(keeper);
  }

  function schedulesOf(host: HostProcess): readonly { stop(): void }[] {
    return timersOf(host).map((timer) =>
      runSchedule({
        clock,
        timer,
        statuses,
        run: async (name, occasion) => {
          // The host has logged what the function threw; a schedule goes on after errors.
          await host.fireTimer(name, occasion).catch(() => undefined);
          return host.state() === "running" ? "ran" : "lost";
        },
      }),
    );
  }
}

/** A host that can run this timer now. */
export function hostOfTimer(hosts: readonly HostProcess[], name: string): HostProcess | undefined {
  return hosts.find(
    (host) => host.state() === "running" && timersOf(host).some((timer) => timer.name === name),
  );
}

function timersOf(host: HostProcess) {
  return host.functions().filter((each) => each.kind === "timer");
}
