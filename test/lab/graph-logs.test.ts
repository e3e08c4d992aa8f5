import { expect, test } from "vitest";
import { ids } from "./graph-world.ts";
import { minute, scene } from "./sync-scene.ts";

test("audit and provisioning logs are minutes late, but not for the administrator", async () => {
  const { lab, source, app, scope, onDemand } = await scene({
    weather: { logsMs: [3 * minute, 3 * minute] },
  });
  await scope(ids.ana);
  await onDemand(ids.ana);
  const rows = async (client: typeof app, log: string) =>
    (await client.get(`/auditLogs/${log}`)).body.value ?? [];
  const counts = async () => ({
    app: [(await rows(app, "directoryAudits")).length, (await rows(app, "provisioning")).length],
    admin: [(await rows(source, "directoryAudits")).length, (await rows(source, "provisioning")).length],
  });
  expect(await counts()).toEqual({ app: [0, 0], admin: [1, 1] });
  const [row] = await rows(source, "directoryAudits");
  expect((await app.get(`/auditLogs/directoryAudits/${row?.id}`)).status).toBe(404);
  await lab.advance(3 * minute);
  expect(await counts()).toEqual({ app: [1, 1], admin: [1, 1] });
  expect((await app.get(`/auditLogs/directoryAudits/${row?.id}`)).status).toBe(200);
});

test("nobody waits for a log", async () => {
  const { lab, scope } = await scene({ weather: { logsMs: [3 * minute, 3 * minute] } });
  await scope(ids.ana);
  expect(lab.clock.expected()).toEqual([]);
});
