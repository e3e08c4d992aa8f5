import Module, { createRequire } from "node:module";
import { join } from "node:path";
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  LogCategory,
  LogLevel,
  ProgrammingModel,
} from "./worker-contract.ts";

const hookNames = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
type HookName = (typeof hookNames)[number];

export type Registration = { readonly metadata: FunctionMetadata; readonly callback: FunctionCallback };

/** What the app told its host through `@azure/functions`. */
export type CoreApi = {
  registrations(): readonly Registration[];
  model(): ProgrammingModel | undefined;
  hooks(name: HookName): readonly HookCallback[];
  /** From here on registering a function throws, as it does in Azure once the app has started. */
  lock(): void;
};

type Log = (level: LogLevel, category: LogCategory, message: string) => void;

/**
 * Answers the library's `require("@azure/functions-core")`, its only way to its host. Call it before the app is loaded:
 * a library that did not find its host stays in "test mode" and registers nothing for the life of the process.
 */
export function installCoreApi({ appDir, log }: { appDir: string; log: Log }): CoreApi {
  const registrations = new Map<string, Registration>();
  const hooks = new Map<HookName, Set<HookCallback>>(hookNames.map((name) => [name, new Set()]));
  let model: ProgrammingModel | undefined;
  let locked = false;

  answerRequire("@azure/functions-core", {
    version: "3.12.0",
    hostVersion: "4.1037.0",
    Disposable,
    // Its presence tells the library that the host is recent.
    log,
    setProgrammingModel: (next: ProgrammingModel) => {
      model = next;
    },
    getProgrammingModel: () => model,
    registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
      if (locked) throw systemError(Error, "A function can only be registered during app startup.");
      const id = metadata.functionId ?? metadata.name;
      if (registrations.has(id)) throw systemError(Error, `A function named "${id}" is registered already.`);
      registrations.set(id, { metadata, callback });
      return new Disposable(() => {
        if (locked) throw systemError(Error, "A function can only be disposed during app startup.");
        registrations.delete(id);
      });
    },
    registerHook(name: string, callback: HookCallback): Disposable {
      const registered = hooks.get(name as HookName); // a name the map does not know gives undefined
      if (registered === undefined) throw systemError(RangeError, `Unrecognized hook "${name}".`);
      registered.add(callback);
      return new Disposable(() => void registered.delete(callback));
    },
  });
  loadLibrary(appDir);

  return {
    registrations: () => [...registrations.values()],
    model: () => model,
    hooks: (name) => [...(hooks.get(name) ?? [])],
    lock: () => {
      locked = true;
    },
  };
}

/** The library hands these to apps, so its two members are part of its public face. */
class Disposable {
  #dispose: (() => void) | undefined;

  static from(...disposables: readonly { dispose(): void }[]): Disposable {
    return new Disposable(() => disposables.forEach((each) => each.dispose()));
  }

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  dispose(): void {
    const dispose = this.#dispose;
    this.#dispose = undefined;
    dispose?.();
  }
}

function answerRequire(id: string, answer: unknown): void {
  const prototype = Module.prototype as { require: (this: unknown, id: string) => unknown }; // typed by Node as an instance member only
  const original = prototype.require;
  prototype.require = function (asked) {
    return asked === id ? answer : original.call(this, asked);
  };
}

/**
 * Loaded by `require` first: modules which a loader hook reads for ESM get another `require`, and would miss the answer. An app
 * that says it depends on nothing brings the library in its own files.
 */
function loadLibrary(appDir: string): void {
  const requireFromApp = createRequire(join(appDir, "package.json"));
  try {
    const { dependencies } = requireFromApp("./package.json") as { dependencies?: object };
    if (dependencies !== undefined && Object.keys(dependencies).length === 0) return;
    requireFromApp("@azure/functions");
  } catch (cause) {
    throw new Error(
      `"@azure/functions" cannot be loaded from ${appDir}. Install the app's dependencies first (npm ci).`,
      { cause },
    );
  }
}

// The library tells errors of its host from errors of the app by this property.
function systemError(type: ErrorConstructor, message: string): Error {
  return Object.assign(new type(message), { isAzureFunctionsSystemError: true });
}
