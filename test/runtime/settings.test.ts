import { describe, expect, test } from "vitest";
import {
  readApiSettings,
  readBusSettings,
  readSettings,
  readTableSettings,
} from "../../shared/runtime/settings.ts";

const clientId = "22222222-2222-4222-8222-222222222222";
const identityId = "33333333-3333-4333-8333-333333333333";

/** In Azure: everything is reached with an identity. */
const azure = {
  MUSTER_CLIENT_ID: clientId,
  MUSTER_IDENTITY_CLIENT_ID: identityId,
  WEBSITE_HOSTNAME: "muster.azurewebsites.net",
  ServiceBus__fullyQualifiedNamespace: "muster.servicebus.windows.net",
  MUSTER_TABLES_URL: "https://muster.table.core.windows.net",
};

/** On a laptop: connection strings of things on this machine. */
const laptop = {
  MUSTER_CLIENT_ID: clientId,
  MUSTER_TOKEN_FILE: "/run/token",
  MUSTER_GRAPH_URL: "https://localhost:41001",
  MUSTER_AUTHORITY_URL: "https://localhost:41001/",
  MUSTER_NOTIFICATION_URL: "http://127.0.0.1:41010/api/notifications",
  ServiceBus:
    "Endpoint=sb://127.0.0.1:41005;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;",
  MUSTER_TABLES:
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=z;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
};

type Environment = Readonly<Record<string, string | undefined>>;
const without = (environment: Environment, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));

/** The lines of the error, without its first. */
function problemsOf(environment: Environment, read: (environment: Environment) => unknown = readSettings) {
  try {
    read(environment);
  } catch (error) {
    const [first, ...problems] = error instanceof Error ? error.message.split("\n") : [];
    expect(first).toContain("docs/configuration.md");
    return problems;
  }
  return [];
}
const busProblemsOf = (environment: Environment) => problemsOf(environment, readBusSettings);

describe("settings in Azure", () => {
  test("say where everything is, and name no secret", () => {
    expect(readSettings(azure)).toEqual({
      policyFile: "policy.yaml",
      graphUrl: "https://graph.microsoft.com",
      identity: {
        clientId,
        authorityHost: "https://login.microsoftonline.com",
        assertion: { kind: "managed-identity", clientId: identityId },
      },
      notificationUrl: "https://muster.azurewebsites.net/api/notifications",
    });
    expect(readTableSettings(azure)).toEqual({
      tables: { kind: "identity", endpoint: "https://muster.table.core.windows.net" },
      clientId: identityId,
    });
  });

  test("may say where the policy is and where Graph delivers to", () => {
    const settings = readSettings({
      ...azure,
      MUSTER_POLICY: "policies/soc.yaml",
      MUSTER_NOTIFICATION_URL: "https://muster.example/api/notifications/",
    });
    expect(settings.policyFile).toBe("policies/soc.yaml");
    expect(settings.notificationUrl).toBe("https://muster.example/api/notifications");
  });

  test("of a host's own do not disturb", () => {
    expect(readSettings({ ...azure, AzureWebJobsStorage: "x", PATH: "/bin" })).toEqual(readSettings(azure));
  });
});

describe("settings on a laptop", () => {
  test("take connection strings and a token file", () => {
    const settings = readSettings(laptop);
    expect(readTableSettings(laptop).tables).toEqual({
      kind: "connection-string",
      text: laptop.MUSTER_TABLES,
    });
    expect(settings.identity.assertion).toEqual({ kind: "token-file", path: "/run/token" });
    expect(settings.graphUrl).toBe("https://localhost:41001");
    expect(settings.identity.authorityHost).toBe("https://localhost:41001");
  });

  test("prefer the identity where both are there", () => {
    const settings = readSettings({ ...laptop, ...azure });
    expect(settings.identity.assertion.kind).toBe("managed-identity");
    expect(readTableSettings({ ...laptop, ...azure }).tables.kind).toBe("identity");
  });
});

describe("settings of the tables", () => {
  test("are, with those of the queue, enough to keep a delivery", () => {
    const environment = without(laptop, "MUSTER_CLIENT_ID", "MUSTER_TOKEN_FILE", "MUSTER_NOTIFICATION_URL");
    expect(problemsOf(environment, readTableSettings)).toEqual([]);
    expect(problemsOf(environment)).toHaveLength(3);
  });

  test("that are missing or not enough say what to do, by themselves and beside all others", () => {
    const none = without(azure, "MUSTER_TABLES_URL");
    const nobody = { ...without(azure, "MUSTER_IDENTITY_CLIENT_ID"), MUSTER_TOKEN_FILE: "/run/token" };
    for (const [environment, problem] of [
      [none, /^- MUSTER_TABLES_URL: set /],
      [nobody, /^- MUSTER_IDENTITY_CLIENT_ID: set it, because the tables/],
    ] as const) {
      expect(problemsOf(environment, readTableSettings)).toEqual([expect.stringMatching(problem)]);
      expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
    }
  });
});

describe("settings of the queue", () => {
  test("are enough by themselves: a message that cannot be handled is kept, whatever else is missing", () => {
    const environment = { ServiceBus__fullyQualifiedNamespace: "muster.servicebus.windows.net" };
    expect(readBusSettings(environment)).toEqual({
      connection: { kind: "identity", endpoint: "muster.servicebus.windows.net" },
      identity: "system-assigned",
    });
  });

  test("go by the identity that the host's own listeners go by, else by Muster's", () => {
    const identityOf = (environment: Environment) => readBusSettings(environment).identity;
    expect(identityOf(azure)).toEqual({ clientId: identityId });
    expect(identityOf({ ...azure, ServiceBus__clientId: clientId })).toEqual({ clientId });
  });

  test("on a laptop take a connection string, and prefer the namespace where both are there", () => {
    expect(readBusSettings(laptop)).toEqual({
      connection: { kind: "connection-string", text: laptop.ServiceBus },
      identity: "system-assigned",
    });
    expect(readBusSettings({ ...laptop, ...azure }).connection.kind).toBe("identity");
  });

  test("that are missing say what to do", () => {
    expect(busProblemsOf({})).toEqual([
      expect.stringMatching(/^- ServiceBus__fullyQualifiedNamespace: set /),
    ]);
  });

  test("are nothing to the others", () => {
    expect(readSettings(without(azure, "ServiceBus__fullyQualifiedNamespace"))).toEqual(readSettings(azure));
  });
});

describe("settings that are missing", () => {
  test("are named all at once, each with what to do", () => {
    const problems = problemsOf({});
    expect(problems).toHaveLength(4);
    const named = [
      "MUSTER_CLIENT_ID",
      "MUSTER_IDENTITY_CLIENT_ID",
      "MUSTER_NOTIFICATION_URL",
      "MUSTER_TABLES_URL",
    ];
    for (const name of named)
      expect(problems.filter((problem) => problem.startsWith(`- ${name}`))).toHaveLength(1);
    for (const problem of problems) expect(problem).toMatch(/^- .*set/);
  });

  test.each([
    ["MUSTER_CLIENT_ID"],
    ["MUSTER_IDENTITY_CLIENT_ID"],
    ["WEBSITE_HOSTNAME"],
    ["MUSTER_TABLES_URL"],
  ])("stop the start, each by itself: %s", (name) => {
    expect(problemsOf(without(azure, name))).toHaveLength(1);
  });

  test("are named beside those that are wrong", () => {
    const problems = problemsOf({ ...without(azure, "MUSTER_CLIENT_ID"), MUSTER_GRAPH_URL: "y" });
    expect(problems.map((problem) => /\w+/.exec(problem)?.[0])).toEqual([
      "MUSTER_GRAPH_URL",
      "MUSTER_CLIENT_ID",
    ]);
  });

  test("say which application is meant; those that are wrong say what they should be", () => {
    expect(problemsOf(without(azure, "MUSTER_CLIENT_ID"))).toEqual([
      "- MUSTER_CLIENT_ID: set the client id of Muster's multi-tenant application",
    ]);
    expect(problemsOf({ ...azure, MUSTER_CLIENT_ID: "muster" })).toEqual([
      "- MUSTER_CLIENT_ID: set it to a GUID",
    ]);
  });
});

describe("settings that are wrong", () => {
  test.each([
    ["MUSTER_CLIENT_ID", "muster"],
    ["MUSTER_IDENTITY_CLIENT_ID", ""],
    ["MUSTER_GRAPH_URL", "graph.microsoft.com"],
    ["MUSTER_GRAPH_URL", "ftp://graph.microsoft.com"],
    ["MUSTER_AUTHORITY_URL", "not a url"],
    ["MUSTER_NOTIFICATION_URL", "/api/notifications"],
    ["MUSTER_TABLES_URL", "muster.table.core.windows.net"],
  ])("are named: %s = %j", (name, value) => {
    const problems = problemsOf({ ...azure, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
  });

  test("are named together", () => {
    const problems = problemsOf({
      ...azure,
      MUSTER_CLIENT_ID: "x",
      MUSTER_GRAPH_URL: "y",
      MUSTER_TABLES_URL: "z",
    });
    expect(problems).toHaveLength(3);
  });
});

describe("a connection string, which holds a secret,", () => {
  const secret = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=topsecret";
  const remote = [
    `Endpoint=sb://muster.servicebus.windows.net/;${secret}`,
    `Endpoint=sb://127.0.0.1.evil.example;${secret}`,
    `Endpoint=sb://localhost.evil.example:5672;${secret}`,
    `Endpoint=sb://localhost@evil.example;${secret}`,
    `Endpoint=sb://128.0.0.1;${secret}`,
    secret,
  ];

  test.each(remote)("is not taken for another machine, and is not repeated: %s", (text) => {
    const problems = problemsOf({ ...laptop, ServiceBus: text });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("ServiceBus");
    expect(problems[0]).not.toContain("topsecret");
  });

  test("is good enough to put back what the host's listeners took with it", () => {
    expect(busProblemsOf({ ServiceBus: remote[0] })).toEqual([]);
  });

  test.each([
    "DefaultEndpointsProtocol=https;AccountName=muster;AccountKey=topsecret;EndpointSuffix=core.windows.net",
    "TableEndpoint=https://muster.table.core.windows.net/;SharedAccessSignature=topsecret",
    "BlobEndpoint=http://127.0.0.1:10000/x;TableEndpoint=https://muster.table.core.windows.net/;AccountKey=topsecret",
  ])("is not taken for tables on another machine: %s", (text) => {
    const problems = problemsOf({ ...without(azure, "MUSTER_TABLES_URL"), MUSTER_TABLES: text });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("MUSTER_TABLES");
    expect(problems[0]).not.toContain("topsecret");
  });

  test.each(["127.0.0.1", "127.0.0.1:5672", "localhost", "localhost:5672", "[::1]:5672"])(
    "is taken for this machine: %s",
    (host) => {
      expect(problemsOf({ ...laptop, ServiceBus: `Endpoint=sb://${host};${secret}` })).toEqual([]);
    },
  );
});

describe("whose operators may use the API", () => {
  const home = "11111111-1111-4111-8111-111111111111";
  const other = "99999999-9999-4999-8999-AAAAAAAAAAAA";

  test("is said by tenant, in whatever case, and nobody is where nothing is said", () => {
    const settings = readApiSettings({ ...azure, MUSTER_API_TENANTS: ` ${home}, ${other},` });
    expect([...settings.tenants]).toEqual([home, other.toLowerCase()]);
    expect(readApiSettings(azure).tenants.size).toBe(0);
    expect(readApiSettings({ ...azure, MUSTER_API_TENANTS: "" }).tenants.size).toBe(0);
  });

  test("goes by tokens for the application, by its own URI or another", () => {
    expect(readApiSettings(azure)).toMatchObject({
      authorityHost: "https://login.microsoftonline.com",
      audiences: [`api://${clientId}`, clientId],
    });
    const { audiences } = readApiSettings({ ...azure, MUSTER_API_AUDIENCE: "api://muster" });
    expect(audiences).toEqual(["api://muster", clientId]);
  });

  test.each(["common", "*", `${home}/x`, "muster.example"])("cannot be %j", (tenants) => {
    const problems = problemsOf({ ...azure, MUSTER_API_TENANTS: tenants }, readApiSettings);
    expect(problems).toEqual([expect.stringContaining("MUSTER_API_TENANTS")]);
  });
});
