/**
 * What `@azure/functions` and its host hand each other. The library's typings of this (`@azure/functions-core`) are not
 * published, so these are the members its sources use (`node_modules/@azure/functions/src`, 4.16).
 */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly http?: HttpInput;
};

/** Everything the library copies out of its options: trigger settings plus these three. */
export type Binding = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly direction: string;
};

export type FunctionMetadata = {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: unknown;
};

export type FunctionCallback = (...inputs: unknown[]) => unknown;

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type LogCategory = "user" | "system";

type Value = { readonly value: string };

export type HttpInput = {
  readonly method: string;
  readonly url: string;
  readonly nullableHeaders: Readonly<Record<string, Value>>;
  readonly nullableQuery: Readonly<Record<string, Value>>;
  readonly nullableParams: Readonly<Record<string, Value>>;
  readonly body?: { readonly bytes: Uint8Array };
};

export type HttpOutput = {
  readonly statusCode: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly HttpCookie[];
  readonly body?: { readonly bytes?: Uint8Array };
};

export type HttpCookie = {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value: string };
  readonly path?: { readonly value: string };
  readonly expires?: { readonly value: { readonly seconds: number } };
  readonly maxAge?: { readonly value: number };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  readonly sameSite: "none" | "lax" | "strict" | "explicitNone";
};

type InvocationRequest = {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
};

type InvocationState = "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;

export type CoreInvocationContext = {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  readonly request: InvocationRequest;
  state: InvocationState;
  log(level: LogLevel, category: LogCategory, message: string): void;
};

export type InvocationModel = {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<{ readonly returnValue?: InvocationOutput | null }>;
};

export type InvocationOutput = {
  readonly http?: HttpOutput;
  readonly string?: string;
  readonly json?: string;
};

export type ProgrammingModel = {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(defaults: Record<string, string>): Promise<Record<string, string>>;
};

/** The library wraps the object it gets, and writes its handlers' changes back into it. */
export type HookCallback = (context: Record<string, unknown>) => unknown;
