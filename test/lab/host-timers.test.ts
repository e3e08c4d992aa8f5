import { onTestFinished, describe, expect, it } from "vitest";
import { scheduleTimers, type HostProcess } from "../../lab/host/host-process.ts";
import type { LabClock } from "../../lab/clock.ts";
import { fixture, newGate, stillClock, testHost, until, type TestHost } from "./host-apps.ts";

const hourMs = 3_600_000;
const names = ["everyMinute", "nightly", "atStart", "often", "failing", "slow"];

/** Hosts of the timers fixture with only the named functions, and the lab's schedule over them. */
async function timerHosts(
  clock: LabClock,
  options: { only: readonly string[]; hosts?: number; gate?: string },
) {
  const disabled = names.filter((name) => !options.only.includes(name));
  const env = {
    NIGHTLY: "0 0 3 * * *",
    GATE: options.gate ?? "",
    ...Object.fromEntries(disabled.map((name) => [`AzureWebJobs.${name}.Disabled`, "true"])),
  };
  const made = Array.from({ length: options.hosts ?? 1 }, (_, index) =>
    testHost({ app: fixture("timers"), clock, env, name: `host-${index + 1}` }),
  );
  await Promise.all(made.map(({ host }) => host.start()));
  const timers = scheduleTimers({ clock, hosts: made.map(({ host }) => host) });
  onTestFinished(() => timers.stop());
  return made;
}

async function timerHost(clock: LabClock, only: readonly string[]): Promise<TestHost> {
  const [made] = await timerHosts(clock, { only });
  if (made === undefined) throw new Error("one host was asked for");
  return made;
}

type Run = { isPastDue: boolean; schedule: object; scheduleStatus: { last: string; next: string } | null };
const runs = (from: TestHost, name: string) => from.said(name).map((text) => JSON.parse(text) as Run); // what the fixture logs
const rest =
  (...hosts: readonly HostProcess[]) =>
  () =>
    until("the hosts are at rest", () => hosts.every((host) => host.busy().length === 0));

describe("timer functions in the lab", () => {
  it("run at each occurrence of the virtual clock, in order, while it is advanced", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["everyMinute", "failing"]);
    const from = clock.now();
    await clock.advance(5 * 60_000, rest(made.host));
    const minutes = Array.from({ length: 5 }, (_, index) => from + 30_000 + index * 60_000);
    expect(runs(made, "everyMinute").map((run) => Date.parse(run.scheduleStatus?.next ?? ""))).toEqual(
      minutes,
    );
  });

  it("are told the schedule, the last and the planned run, and that they are not late", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["everyMinute"]);
    await clock.advance(2 * 60_000, rest(made.host));
    const [first, second] = runs(made, "everyMinute");
    expect(first).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
    expect(first?.scheduleStatus?.last).toBe("0001-01-01T00:00:00");
    expect(second?.scheduleStatus?.last).toBe(first?.scheduleStatus?.next);
  });

  it("get no status when they run more than once a minute", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["often"]);
    await clock.advance(60_000, rest(made.host));
    expect(runs(made, "often").map(({ scheduleStatus }) => scheduleStatus)).toEqual([null, null, null]);
  });

  it("take their schedule from a setting", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["nightly"]);
    expect(made.host.functions()).toEqual([
      { name: "nightly", kind: "timer", schedule: "0 0 3 * * *", start: "on schedule", monitor: "on" },
    ]);
    await clock.advance(24 * hourMs, rest(made.host));
    expect(runs(made, "nightly")).toHaveLength(1);
  });

  it("run once at the start when they ask for it, and on schedule as well", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["atStart", "everyMinute"]);
    await rest(made.host)();
    expect(runs(made, "atStart")).toHaveLength(1);
    expect(runs(made, "everyMinute")).toHaveLength(0);
    await clock.advance(24 * hourMs, rest(made.host));
    expect(runs(made, "atStart")).toHaveLength(2);
  }, 60_000);

  it("go on after a run that threw", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["failing"]);
    await clock.advance(3 * hourMs, rest(made.host));
    expect(made.said("failing")).toHaveLength(3);
  });

  it("catch up once, as past due, when their host was down", async () => {
    const clock = stillClock();
    const made = await timerHost(clock, ["everyMinute"]);
    await made.host.kill();
    await clock.advance(10 * 60_000, async () => undefined);
    expect(runs(made, "everyMinute")).toEqual([]);
    await made.host.start();
    await rest(made.host)();
    expect(runs(made, "everyMinute").map(({ isPastDue }) => isPastDue)).toEqual([true]);
    await clock.advance(60_000, rest(made.host));
    expect(runs(made, "everyMinute").map(({ isPastDue }) => isPastDue)).toEqual([true, false]);
  });

  it("run on one host only, and on the next one when that dies", async () => {
    const clock = stillClock();
    const [first, second] = await timerHosts(clock, { only: ["everyMinute"], hosts: 2 });
    if (first === undefined || second === undefined) throw new Error("two hosts were asked for");
    const count = () => [runs(first, "everyMinute").length, runs(second, "everyMinute").length];
    await clock.advance(3 * 60_000, rest(first.host, second.host));
    expect(count()).toEqual([3, 0]);
    await first.host.kill();
    await clock.advance(2 * 60_000, rest(second.host));
    expect(count()).toEqual([3, 2]);
    await first.host.start();
    await clock.advance(60_000, rest(first.host, second.host));
    expect(count()).toEqual([3, 3]);
  });

  it("are due again when their host dies while they run", async () => {
    const clock = stillClock();
    const gate = await newGate();
    const [made] = await timerHosts(clock, { only: ["slow"], gate: gate.url });
    if (made === undefined) throw new Error("one host was asked for");
    const advancing = clock.advance(24 * hourMs, async () => undefined);
    await until("the timer waits at the gate", () => gate.waiting() === 1);
    expect(made.host.busy()).toEqual(["host-1: timer slow"]);
    await made.host.kill();
    await advancing;
    gate.open();
    await made.host.start();
    await rest(made.host)();
    expect(runs(made, "slow").map(({ isPastDue }) => isPastDue)).toEqual([true]);
  });

  it("can be fired by hand, and tell how it went", async () => {
    const clock = stillClock();
    const made = testHost({ app: fixture("timers"), clock, env: { NIGHTLY: "0 0 3 * * *" } });
    await expect(made.host.fireTimer("nightly")).rejects.toThrow("is stopped");
    await made.host.start();
    await made.host.fireTimer("nightly");
    expect(runs(made, "nightly")).toMatchObject([{ isPastDue: false, scheduleStatus: null }]);
    await expect(made.host.fireTimer("failing")).rejects.toThrow("the timer failed on purpose");
    await expect(made.host.fireTimer("unknown")).rejects.toThrow('no timer function named "unknown"');
  });

  it("can be started over HTTP as with Core Tools: 202 at once", async () => {
    const made = testHost({ app: fixture("timers"), clock: stillClock(), env: { NIGHTLY: "0 0 3 * * *" } });
    await made.host.start();
    const start = (name: string) =>
      fetch(`${made.host.url}/admin/functions/${name}`, { method: "POST", body: '{"input":""}' });
    expect((await start("nightly")).status).toBe(202);
    await until("the timer has run", () => runs(made, "nightly").length === 1);
    expect((await start("unknown")).status).toBe(404);
  });
});
