import { describe, expect, test } from "vitest";
import { endpointHealth } from "../../lab/graph/notify/endpoint-health.ts";
import { ids, testLab, type Client, type TestLab } from "./graph-world.ts";
import { webhook, type Webhook } from "./graph-webhook.ts";

const minute = 60_000;
const url = "http://127.0.0.1:1/notify";

describe("an endpoint", () => {
  function judged() {
    let now = 0;
    const health = endpointHealth(() => now);
    return {
      answered: (...tookMs: readonly number[]) => tookMs.forEach((ms) => health.answered(url, ms)),
      pass: (ms: number) => void (now += ms),
      state: (of = url) => health.state(of),
    };
  }
  const prompt = (count: number) => Array.from({ length: count }, () => 20);

  test("is slow when more than a tenth of its answers within ten minutes take more than three seconds", () => {
    const { answered, state } = judged();
    answered(...prompt(18), 3_001, 3_001);
    expect(state()).toBe("well");
    answered(3_001);
    expect(state()).toBe("slow");
  });

  test("is dropped when more than 15 % take more than ten seconds", () => {
    const { answered, state } = judged();
    answered(...prompt(17), 10_001, 10_001, 10_001);
    expect(state()).toBe("slow");
    answered(10_001);
    expect(state()).toBe("drop");
  });

  test("is slow after a single slow answer when there was no other", () => {
    const { answered, state } = judged();
    answered(3_001);
    expect(state()).toBe("slow");
  });

  test("stays what it was called for ten minutes, however well it does meanwhile, unless it gets worse", () => {
    const { answered, pass, state } = judged();
    answered(3_001);
    pass(minute);
    answered(...prompt(100));
    expect(state()).toBe("slow");
    pass(9 * minute);
    expect(state()).toBe("well");
    answered(...Array.from({ length: 40 }, () => 10_001));
    expect(state()).toBe("drop");
  });

  test("is a host: every path of it is judged together, and no other host is", () => {
    const { answered, state } = judged();
    answered(3_001);
    expect(state("http://127.0.0.1:1/other")).toBe("slow");
    expect(state("http://127.0.0.1:2/notify")).toBe("well");
  });
});

describe("Graph", () => {
  type Scene = { readonly lab: TestLab; readonly admin: Client; readonly hook: Webhook };

  async function scene(judgedEndpoints: number): Promise<Scene> {
    const lab = await testLab({ weather: { judgedEndpoints } });
    const hook = await webhook();
    const app = await lab.as("app", ids.source);
    await app.post("/subscriptions", {
      changeType: "updated,deleted",
      notificationUrl: hook.url,
      resource: "users",
      expirationDateTime: new Date(lab.clock.now() + 24 * 60 * minute).toISOString(),
      clientState: "a secret",
    });
    return { lab, admin: await lab.as("admin", ids.source), hook };
  }

  const change = (admin: Client, jobTitle: string) => admin.patch(`/users/${ids.ana}`, { jobTitle });
  const counts = ({ lab }: Scene) => lab.lab.counters().webhooks;
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  /** The lab keeps the endpoint waiting for that long, as in a cold start. */
  async function keepWaiting({ lab }: Scene, ms: number): Promise<void> {
    const held = lab.clock.hold(ms, "a cold start");
    await lab.clock.advance(ms, "no rest");
    await held;
  }

  /** One notification that is not acknowledged in time. */
  async function failOnce(here: Scene): Promise<void> {
    here.hook.answer = "never";
    await change(here.admin, "slow");
    await until(() => here.hook.posts.length === 1);
    await keepWaiting(here, 3_000);
    await until(() => counts(here).failed === 1);
  }

  test("gives up after three seconds of virtual time in which the lab kept the endpoint waiting", async () => {
    const here = await scene(0);
    const startedAt = performance.now();
    await failOnce(here);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    here.hook.answer = 202;
    await here.lab.advance(2_000);
    await here.lab.rest();
    expect(counts(here)).toMatchObject({ deliveries: 2, acknowledged: 1, failed: 1 });
  });

  test("goes on waiting when a test merely moves the clock", async () => {
    const here = await scene(0);
    here.hook.answer = "never";
    await change(here.admin, "patient");
    await until(() => here.hook.posts.length === 1);
    await here.lab.clock.advance(60 * minute, "no rest");
    expect(counts(here).failed).toBe(0);
  });

  test("sends new notifications ten minutes later to an endpoint that is slow", async () => {
    const here = await scene(1);
    await failOnce(here);
    here.hook.answer = 202;
    await change(here.admin, "put off");
    await here.lab.advance(9 * minute);
    expect(here.hook.posts).toHaveLength(2); // the first, and once more
    await here.lab.advance(2 * minute);
    await here.lab.rest();
    expect(here.hook.posts).toHaveLength(3);
    await change(here.admin, "well again");
    await here.lab.rest();
    expect(here.hook.posts).toHaveLength(4);
    expect(counts(here).dropped).toBe(0);
  });

  test("blames no endpoint for three seconds that this machine took itself", async () => {
    const here = await scene(1);
    here.hook.answer = "never";
    await change(here.admin, "a machine under load");
    await until(() => counts(here).failed === 1);
    here.hook.answer = 202;
    await change(here.admin, "at once");
    await until(() => counts(here).acknowledged === 1);
    expect(counts(here).deliveries).toBe(2);
  });

  test("drops new notifications for ten minutes when the endpoint does not answer within ten seconds either", async () => {
    const here = await scene(1);
    await failOnce(here);
    await here.lab.clock.advance(2_000, "no rest");
    await until(() => here.hook.posts.length === 2);
    await keepWaiting(here, 10_000);
    await until(() => counts(here).failed === 2);
    here.hook.answer = 202;
    await change(here.admin, "dropped");
    await until(() => counts(here).dropped === 1);
    await here.lab.advance(11 * minute);
    await change(here.admin, "heard again");
    await here.lab.rest();
    expect(counts(here)).toMatchObject({ dropped: 1, acknowledged: 2 });
  });

  test("judges no endpoint in calm weather", async () => {
    const here = await scene(0);
    await failOnce(here);
    here.hook.answer = 202;
    await change(here.admin, "at once");
    await until(() => counts(here).acknowledged === 1);
    expect(here.hook.posts).toHaveLength(2);
  });
});
