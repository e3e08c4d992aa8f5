import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { CoreApi, Registration } from "./core-api.ts";
import { entryFiles, type EntryFile } from "./entry-files.ts";
import type { ProgrammingModel } from "./worker-contract.ts";

export type LoadedApp = {
  readonly model: ProgrammingModel;
  readonly registrations: readonly Registration[];
  /** One object per app, shared by all its hooks. */
  readonly appHookData: Record<string, unknown>;
};

// What the Node worker tells the library about its host.
const capabilities = [
  "RawHttpBodyBytes",
  "RpcHttpTriggerMetadataRemoved",
  "RpcHttpBodyOnly",
  "IgnoreEmptyValuedRpcHttpHeaders",
  "UseNullableValueDictionaryForHttp",
  "WorkerStatus",
  "TypedDataCollection",
  "HandlesWorkerTerminateMessage",
];

/** Loads the app in the order of the Node worker: entry files, appStart hooks, capabilities, end of registration. */
export async function loadApp(appDir: string, core: CoreApi): Promise<LoadedApp> {
  for (const file of await entryFiles(appDir)) await load(file);

  const model = core.model();
  const registrations = core.registrations();
  if (model === undefined || registrations.length === 0) {
    throw new Error(
      `The app in ${appDir} registered no function. Its entry files must call app.http, app.timer or app.serviceBusQueue ` +
        `of the same copy of "@azure/functions" that ${appDir} resolves.`,
    );
  }

  const appHookData = {};
  for (const hook of core.hooks("appStart")) {
    await hook({ hookData: {}, appHookData, functionAppDirectory: appDir });
  }
  const answered = await model.getCapabilities(
    Object.fromEntries(capabilities.map((name) => [name, "true"])),
  );
  if (answered["HttpUri"] !== undefined) {
    throw new Error(
      "The lab's host does not imitate HTTP streaming. Remove enableHttpStream from app.setup().",
    );
  }
  core.lock();
  return { model, registrations, appHookData };
}

async function load({ path, format }: EntryFile): Promise<void> {
  try {
    if (format === "esm") await import(pathToFileURL(path).href);
    else createRequire(path)(path);
  } catch (cause) {
    throw new Error(
      `The entry file ${path} failed while it was loaded. Fix its error, then start the host again.`,
      {
        cause,
      },
    );
  }
}
