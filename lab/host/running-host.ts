import { resolve } from "node:path";
import type { AppSettings } from "./app-settings.ts";
import { installCoreApi, type CoreApi } from "./core-api.ts";
import { toHostFunctions, type HostFunction, type TimerFunction } from "./host-function.ts";
import type { FunctionInfo } from "./host-messages.ts";
import { readHostSettings, type ServiceBusSettings } from "./host-settings.ts";
import { listenHttp } from "./http-listener.ts";
import { createInvoke, type HostLog, type Invoke } from "./invoke.ts";
import { loadApp, type LoadedApp } from "./load-app.ts";
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
  readonly settings: AppSettings;
  readonly log: HostLog;
  /** Tells the parent that something is in flight, and that it has ended. */
  readonly track: <T>(what: string, run: () => Promise<T>) => Promise<T>;
};

// Azure's default.
const bodyLimitBytes = 104_857_600;

/** Loads the app and attaches its triggers. Throws, with everything that is wrong, instead of starting half an app. */
export async function startHost(options: RunningHostOptions): Promise<RunningHost> {
  const { settings, log, track } = options;
  const appDir = resolve(options.appDir);
  const core = installCoreApi({
    appDir,
    log: (level, category, message) => log({ level, category, message }),
  });
  const hostSettings = await readHostSettings(appDir);
  const app = await loadApp(appDir, core);
  const functions = toHostFunctions(app.registrations, settings);
  const invoke = createInvoke({ app, core, log });
  const timers = new Map(
    functions.filter((fn) => fn.kind === "timer").map((fn) => [fn.name.toLowerCase(), fn]),
  );

  const bus = await listenBus(functions, { settings: hostSettings.serviceBus, invoke, log });
  const http = await listenHttp({
    functions: functions.filter((fn) => fn.kind === "http"),
    routePrefix: hostSettings.routePrefix,
    bodyLimitBytes: Number(settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] ?? bodyLimitBytes),
    port: options.port,
    invoke,
    track,
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
}

async function listenBus(
  all: readonly HostFunction[],
  options: { settings: ServiceBusSettings; invoke: Invoke; log: HostLog },
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
