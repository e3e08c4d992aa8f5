import { z } from "zod";
import type { Identity } from "../graph/credentials.ts";
import { durationMs, shortDurationPattern } from "../policy/duration.ts";

/** What the environment says. Every value is documented in docs/configuration.md. */
export type Settings = {
  readonly policyFile: string;
  readonly graphUrl: string;
  readonly identity: Identity;
  /** Where Graph delivers change notifications. */
  readonly notificationUrl: string;
};

export type TableSettings = {
  readonly tables: Connection;
  /** With what they are reached where that is an identity. */
  readonly clientId: string | null;
};

export type BusSettings = {
  readonly connection: Connection;
  readonly identity: "system-assigned" | { readonly clientId: string };
};

/** What tokens for Muster's own HTTP functions are checked by. */
export type ApiSettings = {
  readonly audiences: readonly string[];
  readonly authorityHost: string;
};

export type OperatorSettings = ApiSettings & {
  /** Whose tokens count. Lower case. */
  readonly tenants: ReadonlySet<string>;
};

export type WorkflowSettings = ApiSettings & {
  /** Who may say that somebody joins or leaves: service principals or applications, each in its tenant. Lower case. */
  readonly callers: readonly { readonly tenant: string; readonly id: string }[];
};

type Environment = Readonly<Record<string, string | undefined>>;

/** A namespace or endpoint reached with the platform's identity, or a connection string of something on this machine. */
export type Connection =
  | { readonly kind: "identity"; readonly endpoint: string }
  | { readonly kind: "connection-string"; readonly text: string };

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ""));
const guid = z.guid("set it to a GUID");

const schema = z.object({
  MUSTER_POLICY: z.string().default("policy.yaml"),
  MUSTER_GRAPH_URL: url.default("https://graph.microsoft.com"),
  MUSTER_AUTHORITY_URL: url.default("https://login.microsoftonline.com"),
  MUSTER_CLIENT_ID: guid.optional(),
  MUSTER_IDENTITY_CLIENT_ID: guid.optional(),
  MUSTER_TOKEN_FILE: z.string().optional(),
  MUSTER_NOTIFICATION_URL: url.optional(),
  WEBSITE_HOSTNAME: z.string().optional(),
  MUSTER_TABLES: z.string().optional(),
  MUSTER_TABLES_URL: url.optional(),
});

/**
 * Reads what Service Bus needs: the settings that the Functions host's own listeners go by. Where a listener starts, a message can
 * be put back: also with a secret, which `readSettings` refuses.
 * @throws Error with what to do
 */
export function readBusSettings(environment: Environment): BusSettings {
  const connection = busConnection(environment);
  if (connection === undefined)
    throw new Error(
      sentence([
        "ServiceBus__fullyQualifiedNamespace: set the namespace, for example muster.servicebus.windows.net",
      ]),
    );
  const clientId = environment["ServiceBus__clientId"] ?? environment["MUSTER_IDENTITY_CLIENT_ID"];
  return { connection, identity: clientId === undefined ? "system-assigned" : { clientId } };
}

/**
 * Reads where the tables are. With them and Service Bus a delivery can be kept, whatever else is missing.
 * @throws Error with what to do
 */
export function readTableSettings(environment: Environment): TableSettings {
  const tables = connectionOf(environment["MUSTER_TABLES_URL"], environment["MUSTER_TABLES"]);
  const clientId = environment["MUSTER_IDENTITY_CLIENT_ID"] ?? null;
  const problems = tableProblems(tables, clientId);
  if (tables === undefined || problems.length > 0) throw new Error(sentence(problems));
  return { tables, clientId };
}

/**
 * Reads where the tables are, for a person who reads them with a sign-in of their own.
 * @throws Error with what to do
 */
export function readTableConnection(environment: Environment): Connection {
  const tables = connectionOf(environment["MUSTER_TABLES_URL"], environment["MUSTER_TABLES"]);
  const problems = tableProblems(tables, "");
  if (tables === undefined || problems.length > 0) throw new Error(problems.join("\n"));
  return tables;
}

function tableProblems(tables: Connection | undefined, clientId: string | null): readonly string[] {
  if (tables === undefined)
    return ["MUSTER_TABLES_URL: set the table endpoint, for example https://muster.table.core.windows.net"];
  if (tables.kind === "identity" && clientId === null)
    return ["MUSTER_IDENTITY_CLIENT_ID: set it, because the tables are reached with an identity"];
  return notLocal("MUSTER_TABLES", tables);
}

/**
 * Reads everything that work needs, and checks the rest with it.
 * @throws Error naming every setting that is missing or wrong, with what to do.
 */
export function readSettings(environment: Environment): Settings {
  const parsed = schema.safeParse(environment);
  const problems = (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
  // What is wrong is reported above; what is missing is found in the environment as it is.
  const env: Readonly<{ [name in keyof z.infer<typeof schema>]?: string | undefined }> =
    parsed.data ?? environment;
  const need = <T>(value: T | undefined, problem: string): T | undefined => {
    if (value === undefined) problems.push(problem);
    return value;
  };
  const settings = {
    clientId: need(
      env.MUSTER_CLIENT_ID,
      "MUSTER_CLIENT_ID: set the client id of Muster's multi-tenant application",
    ),
    assertion: need(
      assertionOf(env.MUSTER_IDENTITY_CLIENT_ID, env.MUSTER_TOKEN_FILE),
      "MUSTER_IDENTITY_CLIENT_ID (the user-assigned managed identity) or MUSTER_TOKEN_FILE (a federated token): set one",
    ),
    notificationUrl: need(
      env.MUSTER_NOTIFICATION_URL ??
        (env.WEBSITE_HOSTNAME && `https://${env.WEBSITE_HOSTNAME}/api/notifications`),
      "MUSTER_NOTIFICATION_URL: set the public https address of the notifications function",
    ),
  };
  const { clientId, assertion, notificationUrl } = settings;
  const tables = connectionOf(env.MUSTER_TABLES_URL, env.MUSTER_TABLES);
  // Without an assertion that is said already.
  problems.push(
    ...tableProblems(tables, assertion === undefined ? "" : (env.MUSTER_IDENTITY_CLIENT_ID ?? null)),
  );
  const bus = busConnection(environment);
  if (bus !== undefined) problems.push(...notLocal("ServiceBus", bus));
  if (problems.length > 0 || !parsed.success || !clientId || !assertion || !notificationUrl)
    throw new Error(sentence(problems));
  const { MUSTER_POLICY, MUSTER_GRAPH_URL, MUSTER_AUTHORITY_URL } = parsed.data;
  return {
    policyFile: MUSTER_POLICY,
    graphUrl: MUSTER_GRAPH_URL,
    identity: { clientId, authorityHost: MUSTER_AUTHORITY_URL, assertion },
    notificationUrl,
  };
}

const tokenSchema = z.object({
  MUSTER_AUTHORITY_URL: url.default("https://login.microsoftonline.com"),
  MUSTER_CLIENT_ID: guid,
  MUSTER_API_AUDIENCE: z.string().optional(),
});

/** Separated by commas; nothing is an empty list. */
const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").map((part) => part.trim().toLowerCase()))
  .transform((parts) => parts.filter((part) => part !== ""));

const workflowSchema = tokenSchema.extend({
  MUSTER_WORKFLOW_CALLERS: list.pipe(
    z.array(
      z.templateLiteral([z.guid(), "/", z.guid()], {
        error: "write <tenant id>/<object or application id>, separated by commas",
      }),
    ),
  ),
});

const operatorSchema = tokenSchema.extend({
  MUSTER_API_TENANTS: list.pipe(z.array(z.guid("write tenant ids, separated by commas"))),
});

/** @throws Error with what to do */
function readBy<S extends z.ZodType>(schema: S, environment: Environment): z.output<S> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new Error(sentence(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)));
}

const apiSettingsOf = (settings: z.output<typeof tokenSchema>): ApiSettings => ({
  authorityHost: settings.MUSTER_AUTHORITY_URL,
  audiences: [
    settings.MUSTER_API_AUDIENCE ?? `api://${settings.MUSTER_CLIENT_ID}`,
    settings.MUSTER_CLIENT_ID,
  ],
});

/**
 * Reads whose operators may use the API, and what their tokens are checked by.
 * @throws Error with what to do
 */
export function readApiSettings(environment: Environment): OperatorSettings {
  const settings = readBy(operatorSchema, environment);
  return { ...apiSettingsOf(settings), tenants: new Set(settings.MUSTER_API_TENANTS) };
}

/**
 * Reads who may call for a lifecycle workflow, and what their tokens are checked by.
 * @throws Error with what to do
 */
export function readWorkflowSettings(environment: Environment): WorkflowSettings {
  const settings = readBy(workflowSchema, environment);
  return {
    ...apiSettingsOf(settings),
    callers: settings.MUSTER_WORKFLOW_CALLERS.map((part) => {
      const [tenant = "", id = ""] = part.split("/");
      return { tenant, id };
    }),
  };
}

/**
 * Reads how long workflows wait for the end of a task: `timeoutDuration` of their extension, between 5 minutes and 3 hours.
 * https://learn.microsoft.com/graph/api/resources/identitygovernance-customtaskextensioncallbackconfiguration
 * @returns milliseconds
 * @throws Error with what to do
 */
export function readWorkflowPatience({ MUSTER_WORKFLOW_TIMEOUT: text = "PT30M" }: Environment): number {
  const ms = shortDurationPattern.test(text) ? durationMs(text) : 0;
  if (ms >= 5 * 60_000 && ms <= 3 * 60 * 60_000) return ms;
  throw new Error(
    sentence([
      "MUSTER_WORKFLOW_TIMEOUT: write a duration between PT5M and PT3H, the one of the task's extension",
    ]),
  );
}

const busConnection = (environment: Environment) =>
  connectionOf(environment["ServiceBus__fullyQualifiedNamespace"], environment["ServiceBus"]);

const sentence = (problems: readonly string[]) =>
  `Muster cannot start with these settings (see docs/configuration.md):\n${problems.map((problem) => `- ${problem}`).join("\n")}`;

function notLocal(name: string, connection: Connection): readonly string[] {
  if (connection.kind === "identity" || isLocal(connection.text)) return [];
  return [`${name}: a connection string is a secret, and is only taken for this machine; use an identity`];
}

function assertionOf(
  managed: string | undefined,
  file: string | undefined,
): Identity["assertion"] | undefined {
  if (managed !== undefined) return { kind: "managed-identity", clientId: managed };
  return file === undefined ? undefined : { kind: "token-file", path: file };
}

function connectionOf(endpoint: string | undefined, text: string | undefined): Connection | undefined {
  if (endpoint !== undefined) return { kind: "identity", endpoint };
  return text === undefined ? undefined : { kind: "connection-string", text };
}

function isLocal(connectionString: string): boolean {
  const endpoint = /(?:^|;)(?:TableEndpoint|Endpoint)=\w+:\/\/([^/;]+)/i.exec(connectionString)?.[1] ?? "";
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(endpoint);
}
