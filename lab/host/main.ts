/**
 * One host process: `node lab/host/main.ts --app DIR [--port N] [--only GROUP]`. Settings are environment variables. The lab forks it
 * and speaks with it over the fork channel; started by hand it serves until SIGTERM, without running timers by itself.
 */
import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { isFunctionGroup, type FunctionGroup } from "./function-group.ts";
import { breathe, shortenShortTimers } from "./breath.ts";
import type { HostCommand } from "./host-messages.ts";
import { errorWithCauses, openParentChannel } from "./parent-channel.ts";
import { heapInUse } from "./heap-in-use.ts";
import { installHostTime } from "./host-time.ts";
import { installVirtualSleep, type Sleeper } from "./virtual-sleep.ts";
import { startHost, type RunningHost } from "./running-host.ts";

shortenShortTimers();
const time = installHostTime(Number(process.env["LAB_CLOCK_OFFSET_MS"] ?? 0));
const parent = openParentChannel();
// Started by hand, there is nobody who would wake it.
const sleeper: Sleeper =
  process.send === undefined ? async (_name, run) => run() : installVirtualSleep(parent.sleep);
const starting = Promise.withResolvers<RunningHost>();
let stopping: Promise<void> | undefined;

parent.onCommand(obey);
// A host whose lab is gone has no purpose, and nobody would stop it.
process.once("disconnect", () => process.exit(0));
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());
await start();

async function start(): Promise<void> {
  try {
    const { app, port, only } = readArguments();
    const host = await startHost({
      appDir: app,
      port,
      only,
      settings: process.env,
      time,
      sleeper,
      log: parent.log,
      track: parent.track,
      admission: parent.admission,
      die: async () => {
        await parent.flush();
        process.exit(1);
      },
    });
    await parent.send({ kind: "ready", port: host.port, functions: host.functions });
    starting.resolve(host);
    // A host that is killed would not leave it to the next one.
    flushCompileCache();
  } catch (error) {
    const message = errorWithCauses(error);
    process.stderr.write(`${message}\n`);
    await parent.send({ kind: "failed", message });
    process.exit(1);
  }
}

function readArguments(): { app: string; port: number; only: FunctionGroup | undefined } {
  const { values } = parseArgs({
    options: {
      app: { type: "string" },
      port: { type: "string", default: "0" },
      only: { type: "string" },
    },
  });
  if (values.app === undefined)
    throw new Error("--app DIR is missing: the folder with the built app's package.json.");
  const { only } = values;
  if (only !== undefined && !isFunctionGroup(only))
    throw new Error(`--only ${only} is no group of functions: use http, timers or queue:NAME.`);
  return { app: values.app, port: Number(values.port), only };
}

async function obey(command: HostCommand): Promise<number | void> {
  switch (command.kind) {
    case "clock":
      return time.jump(command);
    case "fire":
      return (await starting.promise).fireTimer(command.name, command.occasion);
    case "admit":
      return parent.answered(command.request);
    case "wake":
      return parent.answered(command.sleep);
    case "breathe":
      return breathe();
    case "weigh":
      return heapInUse();
    case "stop":
      return stop();
  }
}

// Ctrl-C reaches this process and the lab, which then asks for the same.
function stop(): Promise<void> {
  return (stopping ??= stopOnce());
}

async function stopOnce(): Promise<void> {
  const host = await starting.promise;
  try {
    await host.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`The host stopped with an error: ${errorWithCauses(error)}\n`);
    process.exit(1);
  }
}
