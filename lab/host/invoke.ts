import { randomBytes, randomUUID } from "node:crypto";
import type { CoreApi } from "./core-api.ts";
import type { HostFunction } from "./host-function.ts";
import type { InvocationWatch } from "./invocation-watch.ts";
import type { LoadedApp } from "./load-app.ts";
import type { Sleeper } from "./virtual-sleep.ts";
import type {
  CoreInvocationContext,
  FunctionCallback,
  InvocationModel,
  InvocationOutput,
  LogCategory,
  LogLevel,
  TypedData,
} from "./worker-contract.ts";

type Invocation = {
  readonly data: TypedData;
  /** Empty for HTTP and timers: the library ignores it there. */
  readonly metadata?: Readonly<Record<string, TypedData>>;
  /** A W3C `traceparent` to continue; otherwise a new trace begins. */
  readonly traceParent?: string | undefined;
};

/** Runs a function once with its hooks. Resolves with what it returned, rejects with what it threw. */
export type Invoke = (
  fn: HostFunction,
  invocation: Invocation,
) => Promise<InvocationOutput | null | undefined>;

export type HostLog = (line: {
  readonly level: LogLevel;
  readonly category: LogCategory;
  readonly message: string;
  readonly functionName?: string;
  readonly invocationId?: string;
}) => void;

export function createInvoke(options: {
  app: LoadedApp;
  core: CoreApi;
  watch: InvocationWatch;
  sleeper: Sleeper;
  log: HostLog;
}): Invoke {
  const { app, core, watch, sleeper, log } = options;
  return async (fn, invocation) => {
    const invocationId = randomUUID();
    const about = { functionName: fn.name, invocationId };
    const startedAt = performance.now();
    const report = (level: LogLevel, result: string, detail = "") => {
      const duration = Math.round(performance.now() - startedAt);
      const message = `Executed '${fn.name}' (${result}, ${duration} ms)${detail}`;
      log({ ...about, level, category: "system", message });
    };
    try {
      const output = await watch.during(about, () =>
        sleeper(fn.name, () => runOnce({ fn, invocation, invocationId, app, core, log })),
      );
      report("information", "Succeeded");
      return output;
    } catch (error) {
      report(
        "error",
        "Failed",
        `: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      throw error;
    }
  };
}

type Run = {
  readonly fn: HostFunction;
  readonly invocation: Invocation;
  readonly invocationId: string;
  readonly app: LoadedApp;
  readonly core: CoreApi;
  readonly log: HostLog;
};

async function runOnce(run: Run): Promise<InvocationOutput | null | undefined> {
  const { fn, app, core } = run;
  const hookData: Record<string, unknown> = {};
  // The log hooks need the library's context, which needs the object that logs: so it is filled in afterwards.
  const late: { context?: object } = {};
  const coreContext = coreContextOf(run, (level, category, message) =>
    logThroughHooks(run, { level, category, message, invocationContext: late.context, hookData }),
  );
  const model = app.model.getInvocationModel(coreContext);
  const { context, inputs } = await model.getArguments();
  late.context = context;

  const hooks = { hookData, appHookData: app.appHookData, invocationContext: context };
  const pre = { ...hooks, inputs, functionCallback: fn.callback };
  await duringState(coreContext, "preInvocationHooks", async () => {
    for (const hook of core.hooks("preInvocation")) await hook(pre);
  });

  const outcome = await invokeModel({
    model,
    coreContext,
    context,
    inputs: pre.inputs,
    callback: pre.functionCallback,
  });
  const post = { ...hooks, inputs: pre.inputs, ...outcome };
  await duringState(coreContext, "postInvocationHooks", async () => {
    for (const hook of core.hooks("postInvocation")) await hook(post);
  });
  if (post.error !== undefined && post.error !== null) throw post.error;
  return (await model.getResponse(context, post.result)).returnValue;
}

function coreContextOf(
  { fn, invocation, invocationId }: Run,
  log: CoreInvocationContext["log"],
): CoreInvocationContext {
  return {
    invocationId,
    metadata: fn.metadata,
    request: {
      invocationId,
      functionId: fn.metadata.functionId ?? fn.name,
      inputData: [{ name: fn.trigger, data: invocation.data }],
      triggerMetadata: invocation.metadata ?? {},
      traceContext: {
        traceParent: invocation.traceParent ?? newTraceParent(),
        traceState: "",
        attributes: {},
      },
    },
    state: undefined,
    log,
  };
}

async function duringState<T>(
  context: CoreInvocationContext,
  state: CoreInvocationContext["state"],
  run: () => Promise<T>,
): Promise<T> {
  context.state = state;
  try {
    return await run();
  } finally {
    context.state = undefined;
  }
}

// An error is data here: postInvocation hooks may look at it, replace it or take it away.
async function invokeModel(call: {
  model: InvocationModel;
  coreContext: CoreInvocationContext;
  context: object;
  inputs: unknown[];
  callback: FunctionCallback;
}): Promise<{ result: unknown; error: unknown }> {
  const { model, coreContext, context, inputs, callback } = call;
  return duringState(coreContext, "invocation", async () => {
    try {
      return { result: await model.invokeFunction(context, inputs, callback), error: undefined };
    } catch (error) {
      return {
        result: undefined,
        error: error ?? new Error("The function threw nothing (undefined or null)."),
      };
    }
  });
}

function logThroughHooks(
  { fn, invocationId, core, log }: Run,
  entry: {
    level: LogLevel;
    category: LogCategory;
    message: string;
    invocationContext: object | undefined;
    hookData: object;
  },
): void {
  const seen = { ...entry };
  for (const hook of core.hooks("log")) void hook(seen);
  // Hooks may rewrite what the app logged, not what its host logged.
  const { level, message } = entry.category === "user" ? seen : entry;
  log({ level, category: entry.category, message, functionName: fn.name, invocationId });
}

// The flag 01 asks for sampling: without it OpenTelemetry records nothing.
function newTraceParent(): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
}
