import { expect, test } from "vitest";
import { coldStarts } from "../../lab/host/cold-starts.ts";
import { outerFaults, outerFaultSchema } from "../../lab/outer-faults.ts";
import type { TableServer } from "../../lab/tables/azurite.ts";
import { codeOf, receiveOne, sessionful, startBus } from "./bus-world.ts";

/** The door of tables that nobody uses here. */
function newDoor(now: () => number) {
  const state = { shutUntil: 0, lateMs: 0 };
  const door: TableServer["door"] = {
    shut: (until) => void (state.shutUntil = until),
    open: () => void (state.shutUntil = 0),
    isOpen: () => now() >= state.shutUntil,
    slow: (ms) => void (state.lateMs = ms),
  };
  return {
    state,
    tables: { door, connectionString: "", busy: () => [], requests: () => 0, close: async () => undefined },
  };
}

async function world() {
  const bus = await startBus(
    sessionful("analysts"),
    sessionful("arrivals"),
    sessionful("access"),
    sessionful("sweeps"),
  );
  const { state, tables } = newDoor(() => bus.clock.now());
  const cold = coldStarts(bus.clock);
  const faults = outerFaults({ clock: bus.clock, bus: bus.broker, tables, coldStarts: cold });
  const add = (fault: Readonly<Record<string, unknown>>) => faults.add(outerFaultSchema.parse(fault));
  const work = async (queue: string) => {
    await bus.client.createSender(queue).sendMessages({ body: 1, sessionId: "a" });
    const session = await bus.client.acceptNextSession(queue);
    const code = await codeOf(session.completeMessage(await receiveOne(session)));
    await session.close();
    return code;
  };
  return { ...bus, faults, add, work, state };
}

test("a fault of the bus strikes each queue as often as it says, and is then no longer listed", async () => {
  const { faults, add, work } = await world();
  add({ kind: "busLockLost" });
  expect(faults.list()).toMatchObject([{ fault: { kind: "busLockLost" }, timesLeft: 4 }]);
  const queues = ["analysts", "arrivals", "access", "sweeps"];
  for (const queue of queues) expect(await work(queue)).toBe("SessionLockLost");
  expect(faults.list()).toEqual([]);
});

test("a fault that names a queue leaves the other alone", async () => {
  const { add, work } = await world();
  add({ kind: "busLinkDropped", queue: "access" });
  expect([await work("analysts"), await work("access")]).toEqual(["no error", "SessionLockLost"]);
});

test("a fault with a duration is over when virtual time has passed it", async () => {
  const { faults, add, clock, state } = await world();
  add({ kind: "busLinkDropped", ms: 60_000 });
  add({ kind: "tablesDown", ms: 60_000 });
  expect(faults.list()).toHaveLength(2);
  expect(state.shutUntil).toBeGreaterThan(clock.now());
  await clock.advance(60_000, "no rest");
  expect(faults.list()).toEqual([]);
});

test("removing a fault, or all of them, ends it", async () => {
  const { faults, add, work, state } = await world();
  const links = add({ kind: "busLinkDropped", times: 9 });
  add({ kind: "tablesSlow", ms: 200 });
  add({ kind: "tablesDown", ms: 60_000 });
  faults.remove(links);
  expect(await work("access")).toBe("no error");
  faults.clear();
  expect(state).toEqual({ shutUntil: 0, lateMs: 0 });
  expect(faults.list()).toEqual([]);
});
