import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { ok, scriptedHttp } from "../support/scripted-http.ts";
import { hourMs, now as start } from "../support/fixtures.ts";

/**
 * Another host has been asked to leave a tenant alone for half a minute, and says until when in the tenant's time. A host whose clock is
 * behind, and that has not had an answer of this tenant yet, takes that for its own time: it leaves the tenant alone for as long as its
 * clock is behind. Because it does not call, the tenant never tells it the time, and whatever it is told later makes no wait shorter. The
 * keys that this host takes, those of leavers too, are put off for as long, and have to wait for a catch-up that calls them on another one.
 */
beforeEach(() => void vi.useFakeTimers({ now: start - 6 * hourMs }));
afterEach(() => void vi.useRealTimers());

test("a pause of half a minute is over after a minute, however wrong the clock of the host that is told of it", async () => {
  const graphNow = () => Date.now() + 6 * hourMs;
  const network = scriptedHttp(() => ok({}, { date: new Date(graphNow()).toUTCString() }));
  const tenant = graphTenant({
    tenantId: "55555555-5555-4555-8555-555555555555",
    url: "https://graph.example",
    http: network.http,
  });
  tenant.heed("directory", graphNow() + 30_000);
  await vi.advanceTimersByTimeAsync(60_000);
  const asked = tenant
    .send({ method: "GET", path: "/users/1", template: "/users/{id}", priority: "high" })
    .then(
      ({ status }) => status,
      (error: unknown) => String(error),
    );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await asked).toBe(200);
});
