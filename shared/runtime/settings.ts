import { z } from "zod";
import type { Identity } from "../graph/credentials.ts";

/** What the environment says. Every value is documented in docs/configuration.md. */
export type Settings = {
  readonly policyFile: string;
  readonly graphUrl: string;
  readonly identity: Identity;
  /** Where Graph delivers change notifications. */
  readonly notificationUrl: string;
  readonly serviceBus: Connection;
  readonly tables: Connection;
};

/** A namespace or endpoint reached with the platform's identity, or a connection string of something on this machine. */
export type Connection =
  | { readonly kind: "identity"; readonly endpoint: string }
  | { readonly kind: "connection-string"; readonly text: string };

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ""));

const schema = z.object({
  MUSTER_POLICY: z.string().default("policy.yaml"),
  MUSTER_GRAPH_URL: url.default("https://graph.microsoft.com"),
  MUSTER_AUTHORITY_URL: url.default("https://login.microsoftonline.com"),
  MUSTER_CLIENT_ID: z.guid(),
  MUSTER_IDENTITY_CLIENT_ID: z.guid().optional(),
  MUSTER_TOKEN_FILE: z.string().optional(),
  MUSTER_NOTIFICATION_URL: url.optional(),
  WEBSITE_HOSTNAME: z.string().optional(),
  ServiceBus: z.string().optional(),
  ServiceBus__fullyQualifiedNamespace: z.string().optional(),
  MUSTER_TABLES: z.string().optional(),
  MUSTER_TABLES_URL: url.optional(),
});

/**
 * Reads the settings.
 * @throws Error naming every setting that is missing or wrong, with what to do.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
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
    assertion: need(
      assertionOf(env.MUSTER_IDENTITY_CLIENT_ID, env.MUSTER_TOKEN_FILE),
      "MUSTER_IDENTITY_CLIENT_ID (the user-assigned managed identity) or MUSTER_TOKEN_FILE (a federated token): set one",
    ),
    notificationUrl: need(
      env.MUSTER_NOTIFICATION_URL ??
        (env.WEBSITE_HOSTNAME && `https://${env.WEBSITE_HOSTNAME}/api/notifications`),
      "MUSTER_NOTIFICATION_URL: set the public https address of the notifications function",
    ),
    serviceBus: need(
      connectionOf(env.ServiceBus__fullyQualifiedNamespace, env.ServiceBus),
      "ServiceBus__fullyQualifiedNamespace: set the namespace, for example muster.servicebus.windows.net",
    ),
    tables: need(
      connectionOf(env.MUSTER_TABLES_URL, env.MUSTER_TABLES),
      "MUSTER_TABLES_URL: set the table endpoint, for example https://muster.table.core.windows.net",
    ),
  };
  for (const [name, connection] of [
    ["ServiceBus", settings.serviceBus],
    ["MUSTER_TABLES", settings.tables],
  ] as const) {
    if (connection?.kind === "connection-string" && !isLocal(connection.text)) {
      problems.push(
        `${name}: a connection string is a secret, and is only taken for this machine; use an identity`,
      );
    }
  }
  const { assertion, notificationUrl, serviceBus, tables } = settings;
  if (problems.length > 0 || !parsed.success || !assertion || !notificationUrl || !serviceBus || !tables)
    throw new Error(sentence(problems));
  const { MUSTER_POLICY, MUSTER_GRAPH_URL, MUSTER_CLIENT_ID, MUSTER_AUTHORITY_URL } = parsed.data;
  return {
    policyFile: MUSTER_POLICY,
    graphUrl: MUSTER_GRAPH_URL,
    identity: { clientId: MUSTER_CLIENT_ID, authorityHost: MUSTER_AUTHORITY_URL, assertion },
    notificationUrl,
    serviceBus,
    tables,
  };
}

const sentence = (problems: readonly string[]) =>
  `Muster cannot start with these settings (see docs/configuration.md):\n${problems.map((problem) => `- ${problem}`).join("\n")}`;

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
