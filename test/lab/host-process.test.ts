import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { fixture, newGate, testHost, until, writeApp } from "./host-apps.ts";

describe("a host process of the lab", () => {
  it("serves on the same port after it was killed and started again", async () => {
    const { host } = testHost({ app: fixture("web"), clock: startClock() });
    expect(() => host.url).toThrow("has no address before its first start");
    await host.start();
    const { url } = host;
    await host.kill();
    expect(host.state()).toBe("stopped");
    await expect(fetch(`${url}/api/now`)).rejects.toThrow();

    await host.start();
    expect(host.url).toBe(url);
    expect((await fetch(`${url}/api/now`)).status).toBe(200);
  });

  it("shows the app the lab's time, before and after a jump and a restart", async () => {
    const clock = startClock();
    const { host } = testHost({ app: fixture("web"), clock });
    const drift = async () => {
      const times = (await (await fetch(`${host.url}/api/now`)).json()) as {
        now: number;
        constructed: number;
      }; // our own app
      return Math.max(Math.abs(times.now - clock.now()), Math.abs(times.constructed - clock.now()));
    };
    await host.start();
    expect(await drift()).toBeLessThan(5_000);
    await clock.advance(40 * 60_000, async () => undefined);
    expect(await drift()).toBeLessThan(5_000);
    await host.kill();
    await clock.advance(40 * 60_000, async () => undefined);
    await host.start();
    expect(await drift()).toBeLessThan(5_000);
    const dates = await (await fetch(`${host.url}/api/now`)).json();
    expect(dates).toMatchObject({ utc: Date.UTC(2026, 0, 1), isDate: true });
  });

  it("lets a request in flight end when it is stopped, then runs the appTerminate hooks", async () => {
    const gate = await newGate();
    const app = await writeApp({
      "a.js": `import { app } from "@azure/functions";
               app.hook.appTerminate(() => { process.stdout.write("terminated\\n"); });
               app.get("slow", async () => { await fetch(process.env.GATE); return { body: "done" }; });`,
    });
    const { host, lines } = testHost({ app, clock: startClock(), env: { GATE: gate.url } });
    await host.start();
    const answer = fetch(`${host.url}/api/slow`);
    await until("the handler waits at the gate", () => gate.waiting() === 1);
    const stopped = host.stop();
    gate.open();
    expect(await (await answer).text()).toBe("done");
    await stopped;
    expect(lines.map(({ message }) => message)).toContain("terminated");
    expect(lines.at(-1)?.message).toBe("The host exited with code 0.");
  });

  it("tells of its own death", async () => {
    const app = await writeApp({
      "a.js": `import { app } from "@azure/functions";
               app.get("die", async () => { setTimeout(() => { throw new Error("uncaught"); }, 0); return {}; });`,
    });
    const { host, lines } = testHost({ app, clock: startClock() });
    const states: string[] = [];
    host.onState((state) => states.push(state));
    await host.start();
    await fetch(`${host.url}/api/die`).catch(() => undefined);
    await until("the host is stopped", () => host.state() === "stopped");
    expect(states).toEqual(["running", "stopped"]);
    expect(lines.some(({ message }) => message.includes("uncaught"))).toBe(true);
  });

  it("says why it cannot listen when its port is taken, and can be started later", async () => {
    const clock = startClock();
    const first = testHost({ app: fixture("web"), clock });
    await first.host.start();
    const { port } = new URL(first.host.url);
    const { createHost } = await import("../../lab/host/host-process.ts");
    const second = createHost({ appDir: fixture("web"), clock, env: {}, name: "second", port: Number(port) });
    await expect(second.start()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
    await first.host.kill();
    await second.start();
    expect(second.url).toBe(first.host.url);
    await second.kill();
  });

  it("is killed when a request keeps it from stopping for five seconds", async () => {
    const gate = await newGate();
    const { host, lines } = testHost({ app: fixture("web"), clock: startClock(), env: { GATE: gate.url } });
    await host.start();
    const answer = fetch(`${host.url}/api/slow`);
    await until("the handler waits at the gate", () => gate.waiting() === 1);
    await Promise.all([host.stop(), expect(answer).rejects.toThrow()]);
    expect(lines.at(-1)?.message).toBe("The host was ended by SIGKILL.");
  });

  it("ends with the process that started it, however that ends", async () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      import { startClock } from ${module("../../lab/clock.ts")};
      import { createHost } from ${module("../../lab/host/host-process.ts")};
      const host = createHost({ appDir: ${JSON.stringify(fixture("web"))}, clock: startClock(), env: {}, name: "orphan" });
      await host.start();
      process.stdout.write(host.url);`;
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", script]);
    const url = await new Promise<string>((resolve) =>
      parent.stdout.once("data", (data) => resolve(String(data))),
    );
    expect((await fetch(`${url}/api/accepted`)).status).toBe(202);
    parent.kill("SIGKILL");
    await expect
      .poll(
        () =>
          fetch(`${url}/api/accepted`).then(
            () => "answers",
            () => "gone",
          ),
        { timeout: 5_000 },
      )
      .toBe("gone");
  });

  it("starts once when it is asked twice", async () => {
    const { host } = testHost({ app: fixture("web"), clock: startClock() });
    await Promise.all([host.start(), host.start()]);
    await host.start();
    expect(host.state()).toBe("running");
  });

  it("can be started while it is still stopping", async () => {
    const { host } = testHost({ app: fixture("web"), clock: startClock() });
    await host.start();
    const stopped = host.stop();
    await host.start();
    await stopped;
    expect((await fetch(`${host.url}/api/accepted`)).status).toBe(202);
  });

  it("fails a start that is cut short by a kill", async () => {
    const { host } = testHost({ app: fixture("web"), clock: startClock() });
    const starting = host.start();
    await host.kill();
    await expect(starting).rejects.toThrow("was ended by SIGKILL");
    expect(host.state()).toBe("stopped");
  });
});
