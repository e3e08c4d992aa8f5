import { describe, expect, it } from "vitest";
import { resolveConnection, substituteSettings } from "../../lab/host/app-settings.ts";
import { parseHostSettings, parseTimeSpan } from "../../lab/host/host-settings.ts";

describe("host.json", () => {
  it("has Azure's defaults for what it leaves out", () => {
    expect(parseHostSettings('{ "version": "2.0" }', "host.json")).toEqual({
      functionTimeoutMs: 1_800_000,
      routePrefix: "api",
      serviceBus: {
        autoComplete: "on",
        maxAutoLockRenewalMs: 300_000,
        maxConcurrentCalls: expect.any(Number),
        maxConcurrentSessions: 8,
        sessionIdleTimeoutMs: 60_000,
      },
    });
  });

  it("sets what the lab's host acts on", () => {
    const serviceBus = {
      autoCompleteMessages: false,
      maxAutoLockRenewalDuration: "00:10:00",
      maxConcurrentCalls: 4,
      maxConcurrentSessions: 16,
      sessionIdleTimeout: "00:00:02",
    };
    const text = JSON.stringify({
      version: "2.0",
      functionTimeout: "00:05:00",
      extensions: { serviceBus, http: { routePrefix: "/v1/" } },
    });
    expect(parseHostSettings(text, "host.json")).toEqual({
      functionTimeoutMs: 300_000,
      routePrefix: "v1",
      serviceBus: {
        autoComplete: "off",
        maxAutoLockRenewalMs: 600_000,
        maxConcurrentCalls: 4,
        maxConcurrentSessions: 16,
        sessionIdleTimeoutMs: 2_000,
      },
    });
  });

  it("lets functions run for ever when it says so", () => {
    for (const functionTimeout of ["-1", "-00:00:00.0010000"]) {
      const text = JSON.stringify({ version: "2.0", functionTimeout });
      expect(parseHostSettings(text, "host.json").functionTimeoutMs).toBe(Infinity);
    }
    const text = JSON.stringify({ version: "2.0", functionTimeout: "5 minutes" });
    expect(() => parseHostSettings(text, "host.json")).toThrow("- functionTimeout must be a time span");
  });

  it("is refused when it asks for parallel calls within a session", () => {
    const text = JSON.stringify({
      version: "2.0",
      extensions: { serviceBus: { maxConcurrentCallsPerSession: 2 } },
    });
    expect(() => parseHostSettings(text, "host.json")).toThrow("maxConcurrentCallsPerSession");
  });

  it("is refused when it is no JSON, with the name of the file", () => {
    expect(() => parseHostSettings("{", "app/host.json")).toThrow("app/host.json is not valid JSON");
  });
});

describe("a .NET time span", () => {
  it.each([
    ["00:00:01", 1_000],
    ["00:05:00", 300_000],
    ["1.02:00:00", 26 * 3_600_000],
    ["00:00:00.5000000", 500],
    ["-00:00:00.0010000", 2 ** 31 - 1],
    ["-00:00:01", undefined],
    ["5 minutes", undefined],
    [300, undefined],
  ])("%s is %s milliseconds", (text, ms) => {
    expect(parseTimeSpan(text)).toBe(ms);
  });
});

describe("application settings", () => {
  it("fill %NAME% in bindings, and a missing one is named", () => {
    expect(substituteSettings("%A%/%B%", { A: "1", B: "2" })).toBe("1/2");
    expect(() => substituteSettings("x-%GONE%", {})).toThrow('"%GONE%" does not resolve');
  });

  it("give a connection by AzureWebJobs<name> before <name>", () => {
    expect(resolveConnection("BUS", { BUS: "plain", AzureWebJobsBUS: "prefixed" })).toBe("prefixed");
    expect(resolveConnection("BUS", { BUS: "plain" })).toBe("plain");
  });

  it("cannot give an identity-based connection, which the lab's broker does not have", () => {
    expect(() =>
      resolveConnection("BUS", { BUS__fullyQualifiedNamespace: "x.servicebus.windows.net" }),
    ).toThrow("needs a connection string in BUS");
  });
});
