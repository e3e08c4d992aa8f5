import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { AppSettings } from "./app-settings.ts";
import { installCoreApi, type CoreApi } from "./core-api.ts";
import { groupOf, type FunctionGroup } from "./function-group.ts";
import { toHostFunctions, type HostFunction, type TimerFunction } from "./host-function.ts";
import type { FunctionInfo } from "./host-messages.ts";
import { readHostSettings, type ServiceBusSettings } from "./host-settings.ts";
import type { HostTime } from "./host-time.ts";
import { listenHttp } from "./http-listener.ts";
import { watchInvocations, type Invocation } from "./invocation-watch.ts";
import { createInvoke, type HostLog, type Invoke } from "./invoke.ts";
import { loadApp, type LoadedApp } from "./load-app.ts";
import type { Sleeper } from "./virtual-sleep.ts";
import type { Pump } from "./session-pump.ts";
import { toTimerInput, type TimerOccasion } from "./timer-input.ts";

export type RunningHost = {
  readonly port: number;
  readonly functions: readonly FunctionInfo[];
  fireTimer(name: string, occasion: TimerOccasion): Promise<void>;
  /** Listeners first, then what is in flight, then the appTerminate hooks. */
  stop(): Promise<void>;
};

export type RunningHostOptions = {
  readonly appDir: string;
  readonly port: number;
  /** Runs this group alone; absent: all functions. */
  readonly only?: FunctionGroup | undefined;
  readonly settings: AppSettings;
  readonly time: HostTime;
  readonly sleeper: Sleeper;
  readonly log: HostLog;
  /** Tells the parent that something is in flight, and that it has ended. */
  readonly track: <T>(what: string, run: () => Promise<T>) => Promise<T>;
  /** Resolves when an HTTP request may reach its function: a host can be asleep. */
  readonly admission: () => Promise<void>;
  /** Ends the process, as Azure ends one with a function that ran too long. */
  readonly die: () => Promise<void>;
};

/** How long messages may take to be given back before the process ends; real time. */
const lastWishMs = 1_000;

// Azure's default.
const bodyLimitBytes = 104_857_600;

/** Loads the app and attaches its triggers. Throws, with everything that is wrong, instead of starting half an app. */
export async function startHost(options: RunningHostOptions): Promise<RunningHost> {
  const { settings, time, log, track } = options;
  const appDir = resolve(options.appDir);
  const core = installCoreApi({
    appDir,
    log: (level, category, message) => log({ level, category, message }),
  });
  const hostSettings = await readHostSettings(appDir);
  const app = await loadApp(appDir, core);
  const functions = chosen(toHostFunctions(app.registrations, settings), options.only);
  const watch = watchInvocations({ time, timeoutMs: hostSettings.functionTimeoutMs, onTimeout: end });
  const invoke = createInvoke({ app, core, watch, sleeper: options.sleeper, log });
  const timers = new Map(
    functions.filter((fn) => fn.kind === "timer").map((fn) => [fn.name.toLowerCase(), fn]),
  );

  const bus = await listenBus(functions, { settings: hostSettings.serviceBus, time, invoke, log });
  const http = await listenHttp({
    functions: functions.filter((fn) => fn.kind === "http"),
    routePrefix: hostSettings.routePrefix,
    bodyLimitBytes: Number(settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] ?? bodyLimitBytes),
    port: options.port,
    invoke,
    track,
    admission: options.admission,
    log,
    startByHand(name) {
      const timer = timers.get(name.toLowerCase());
      if (timer === undefined) return "unknown";
      const occasion = { isPastDue: false, status: null };
      void track(`timer ${timer.name}`, () => runTimer(invoke, timer, occasion)).catch(() => undefined); // logged by invoke
      return "started";
    },
  });

  return {
    port: http.port,
    functions: functions.map(infoOf),
    async fireTimer(name, occasion) {
      const timer = timers.get(name.toLowerCase());
      if (timer === undefined) throw new Error(`The app has no timer function named "${name}".`);
      await runTimer(invoke, timer, occasion);
    },
    async stop() {
      await Promise.all([http.close(), bus.close()]);
      await terminate(core, app, appDir);
    },
  };

  /**
   * In Azure the host ends the app's process and lives on: everything that ran there fails, so its messages are abandoned
   * and come again, counted. Here both are one process, which settles first and dies then.
   */
  async function end({ functionName, invocationId }: Invocation): Promise<void> {
    const others = watch.count() - 1;
    const timeout = `${hostSettings.functionTimeoutMs / 1000} s`;
    const message =
      `Timeout value of ${timeout} exceeded by function '${functionName}' (Id: ${invocationId}). ` +
      `Its process ends, and with it ${others} other invocations in flight.`;
    log({ level: "error", category: "system", functionName, invocationId, message });
    watch.failAll(new Error(`the process was ended, because '${functionName}' ran for more than ${timeout}`));
    await Promise.race([Promise.all([http.close(), bus.close()]), delay(lastWishMs)]);
    await options.die();
  }
}

function chosen(all: readonly HostFunction[], only: FunctionGroup | undefined): readonly HostFunction[] {
  if (only === undefined) return all;
  const group = all.filter((fn) => groupOf(fn) === only);
  if (group.length > 0) return group;
  const groups = [...new Set(all.map(groupOf))].join(", ");
  throw new Error(`The app has no function in the group "${only}"; its groups are ${groups}.`);
}

async function listenBus(
  all: readonly HostFunction[],
  options: { settings: ServiceBusSettings; time: HostTime; invoke: Invoke; log: HostLog },
): Promise<Pump> {
  const functions = all.filter((fn) => fn.kind === "serviceBus");
  if (functions.length === 0) return { close: () => Promise.resolve() };
  // Loaded only when needed: the SDK is most of the host's cold start.
  const { listenServiceBus } = await import("./service-bus-listener.ts");
  return listenServiceBus({ ...options, functions });
}

async function runTimer(invoke: Invoke, timer: TimerFunction, occasion: TimerOccasion): Promise<void> {
  await invoke(timer, { data: toTimerInput(occasion) });
}

async function terminate(core: CoreApi, { appHookData }: LoadedApp, appDir: string): Promise<void> {
  for (const hook of core.hooks("appTerminate")) {
    await hook({ hookData: {}, appHookData, functionAppDirectory: appDir });
  }
}

function infoOf(fn: HostFunction): FunctionInfo {
  if (fn.kind !== "timer") return { name: fn.name, kind: fn.kind };
  const { name, kind, schedule, start, monitor } = fn;
  return { name, kind, schedule, start, monitor };
}
