import { isDisabled, resolveConnection, substituteSettings, type AppSettings } from "./app-settings.ts";
import type { Registration } from "./core-api.ts";
import { nextOccurrence, parseNcrontab } from "./ncrontab.ts";
import { parseRoute, type RouteTemplate } from "./route-template.ts";
import type { Binding, FunctionCallback, FunctionMetadata } from "./worker-contract.ts";

/** A registered function whose trigger was checked and whose settings are resolved. */
export type HostFunction = HttpFunction | TimerFunction | ServiceBusFunction;

type Registered = {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
  /** The key of the trigger in `metadata.bindings`. */
  readonly trigger: string;
};

export type HttpFunction = Registered & {
  readonly kind: "http";
  readonly route: RouteTemplate;
  readonly methods: readonly string[];
};

export type TimerFunction = Registered & {
  readonly kind: "timer";
  /** NCRONTAB. */
  readonly schedule: string;
  readonly start: "at once" | "on schedule";
  readonly monitor: "on" | "off";
};

export type ServiceBusFunction = Registered & {
  readonly kind: "serviceBus";
  readonly queue: string;
  readonly connectionString: string;
  readonly sessions: "required" | "none";
  /** What the trigger says; undefined leaves it to host.json. */
  readonly autoComplete: "on" | "off" | undefined;
  readonly body: "text" | "binary";
};

/** Applies the checks of the Functions host and reports every mistake at once. Disabled functions are left out. */
export function toHostFunctions(
  registrations: readonly Registration[],
  settings: AppSettings,
): readonly HostFunction[] {
  const mistakes: string[] = [];
  const functions = registrations
    .filter(({ metadata }) => !isDisabled(metadata.name, settings))
    .flatMap((registration) => {
      try {
        return [toHostFunction(registration, settings)];
      } catch (error) {
        mistakes.push(
          `${registration.metadata.name}: ${error instanceof Error ? error.message : String(error)}`,
        );
        return [];
      }
    });
  mistakes.push(...routeConflicts(functions.filter((each) => each.kind === "http")));
  if (mistakes.length > 0)
    throw new Error(`The app's functions cannot be started:\n- ${mistakes.join("\n- ")}`);
  return functions;
}

function toHostFunction({ metadata, callback }: Registration, settings: AppSettings): HostFunction {
  const { name } = metadata;
  if (!/^[a-z][a-z0-9_-]{0,127}$/i.test(name) || name.toLowerCase() === "host") {
    throw new Error(
      'the name must start with a letter, hold only letters, digits, "-" and "_", and not be "host"',
    );
  }
  if (metadata.retryOptions !== undefined)
    throw new Error("the lab's host does not imitate retry policies; remove `retry`");

  const bindings = Object.entries(metadata.bindings);
  const triggers = bindings.filter(([, { type }]) => /trigger$/i.test(type));
  const [first] = triggers;
  if (first === undefined || triggers.length > 1)
    throw new Error(`it has ${triggers.length} triggers; exactly one is needed`);
  const [trigger, raw] = first;
  refuseOtherBindings(bindings, trigger);
  return toTrigger({ name, metadata, callback, trigger }, substituted(raw, settings), settings);
}

// They would be dropped in silence otherwise.
function refuseOtherBindings(bindings: readonly [string, Binding][], trigger: string): void {
  const other = bindings.find(
    ([key, { type }]) => key !== trigger && !(key === "$return" && type.toLowerCase() === "http"),
  );
  if (other !== undefined)
    throw new Error(`the lab's host does not imitate the ${other[1].type} binding "${other[0]}"`);
}

function substituted(binding: Binding, settings: AppSettings): Binding {
  const entries = Object.entries(binding).map(([key, value]) => [
    key,
    typeof value === "string" ? substituteSettings(value, settings) : value,
  ]);
  return Object.fromEntries(entries) as Binding; // the same keys with the same kinds of values
}

function toTrigger(registered: Registered, binding: Binding, settings: AppSettings): HostFunction {
  switch (binding.type.toLowerCase()) {
    case "httptrigger":
      return { ...registered, kind: "http", ...httpTrigger(registered.name, binding) };
    case "timertrigger":
      return { ...registered, kind: "timer", ...timerTrigger(binding) };
    case "servicebustrigger":
      return { ...registered, kind: "serviceBus", ...serviceBusTrigger(binding, settings) };
    default:
      throw new Error(
        `the lab's host does not imitate ${binding.type}; it knows HTTP, timer and Service Bus queue triggers`,
      );
  }
}

function httpTrigger(name: string, binding: Binding): Pick<HttpFunction, "route" | "methods"> {
  const text = textOf(binding["route"]) ?? name;
  if (text.startsWith("/")) throw new Error(`the route "${text}" must not begin with "/"`);
  // The host reserves the beginnings, so "administrators" falls under it as well.
  if (/^(admin|runtime)/i.test(text))
    throw new Error(`the route "${text}" must not begin with "admin" or "runtime"`);
  const methods = Array.isArray(binding["methods"])
    ? binding["methods"].map((each) => String(each).toUpperCase())
    : [];
  if (methods.length === 0) throw new Error("it answers no HTTP method");
  return { route: parseRoute(text), methods };
}

function timerTrigger(binding: Binding): Pick<TimerFunction, "schedule" | "start" | "monitor"> {
  const schedule = textOf(binding["schedule"]) ?? "";
  if (nextOccurrence(parseNcrontab(schedule), Date.now()) === undefined) {
    throw new Error(`the schedule "${schedule}" names a date that never comes`);
  }
  return {
    schedule,
    start: binding["runOnStartup"] === true ? "at once" : "on schedule",
    monitor: binding["useMonitor"] === false ? "off" : "on",
  };
}

function serviceBusTrigger(
  binding: Binding,
  settings: AppSettings,
): Pick<ServiceBusFunction, "queue" | "connectionString" | "sessions" | "autoComplete" | "body"> {
  if (binding["cardinality"] === "many") {
    throw new Error('the lab\'s host does not imitate cardinality "many"; take one message at a time');
  }
  if (binding["sdkBinding"] === true)
    throw new Error("the lab's host does not imitate sdkBinding (it is a preview)");
  const queue = textOf(binding["queueName"]);
  if (queue === undefined) throw new Error("it has no queueName; the lab's broker has queues, no topics");
  const autoComplete = binding["autoCompleteMessages"];
  return {
    queue,
    connectionString: resolveConnection(textOf(binding["connection"]) ?? "ServiceBus", settings),
    sessions: binding["isSessionsEnabled"] === true ? "required" : "none",
    autoComplete: typeof autoComplete === "boolean" ? (autoComplete ? "on" : "off") : undefined,
    body: binding["dataType"] === "binary" ? "binary" : "text",
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function routeConflicts(functions: readonly HttpFunction[]): string[] {
  const taken = new Map<string, string>();
  return functions.flatMap(({ name, route, methods }) =>
    methods.flatMap((method) => {
      const key = `${method} ${route.text.toLowerCase()}`;
      const other = taken.get(key);
      taken.set(key, name);
      return other === undefined || other === name
        ? []
        : [`${name}: ${other} already answers ${method} ${route.text}`];
    }),
  );
}
