import type { TokenCredential } from "@azure/identity";
import { describe, expect, test } from "vitest";
import { credentialForAWhile } from "../../shared/graph/credential-for-a-while.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A token service whose tokens live for an hour, and a credential that counts what each of the SDK's was used for. */
function scene({ refreshAfterMs }: { readonly refreshAfterMs?: number } = {}) {
  const made: { requests: number }[] = [];
  let at = 0;
  let isUp = true;
  let tokens = 0;
  const make = (): TokenCredential => {
    const own = { requests: 0 };
    made.push(own);
    return {
      async getToken() {
        own.requests += 1;
        await Promise.resolve();
        if (!isUp) throw new Error("no consent");
        tokens += 1;
        return {
          token: `token ${tokens}`,
          expiresOnTimestamp: at + hourMs,
          ...(refreshAfterMs === undefined ? {} : { refreshAfterTimestamp: at + refreshAfterMs }),
        };
      },
    };
  };
  const credential = credentialForAWhile(make, () => at);
  return {
    made,
    credential,
    ask: async () => (await credential.getToken("https://graph.microsoft.com/.default"))?.token,
    pass: (ms: number) => void (at += ms),
    fail: () => void (isUp = false),
    mend: () => void (isUp = true),
    requests: () => made.reduce((sum, { requests }) => sum + requests, 0),
  };
}

describe("a credential for a while", () => {
  test("asks once for a token, and again five minutes before it ends", async () => {
    const { ask, pass, requests } = scene();
    for (let nth = 0; nth < 55; nth += 1) {
      expect(await ask()).toBe("token 1");
      pass(minuteMs);
    }
    expect(requests()).toBe(1);
    expect(await ask()).toBe("token 2");
  });

  test("has made one request when another one takes its place, whether it got a token or not", async () => {
    const { made, ask, pass, fail, mend, requests } = scene();
    for (let nth = 0; nth < 100; nth += 1) {
      if (nth % 3 === 0) fail();
      await ask().catch(() => undefined);
      mend();
      pass(hourMs);
    }
    expect(requests()).toBe(100);
    expect(Math.max(...made.map((one) => one.requests))).toBe(1);
  });

  test("says why no token comes, and asks again the next time", async () => {
    const { ask, fail, mend } = scene();
    fail();
    await expect(ask()).rejects.toThrow("no consent");
    mend();
    expect(await ask()).toBe("token 1");
  });

  test("keeps the token of one audience from another", async () => {
    const { credential, ask } = scene();
    await ask();
    expect((await credential.getToken("https://vault.azure.net/.default"))?.token).toBe("token 2");
  });

  test("gives everybody who asks at once a token, and the next one asks nobody", async () => {
    const { ask, requests } = scene();
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    expect(answers.every((answer) => answer?.startsWith("token"))).toBe(true);
    const before = requests();
    await ask();
    expect(requests()).toBe(before);
  });

  test("asks for another token when that is wanted early, and lives on with the old one where none comes", async () => {
    const { ask, pass, fail, mend, requests } = scene({ refreshAfterMs: 30 * minuteMs });
    await ask();
    pass(31 * minuteMs);
    fail();
    expect(await ask()).toBe("token 1");
    expect(await ask()).toBe("token 1");
    expect(requests()).toBe(2);
    pass(2 * minuteMs);
    mend();
    expect(await ask()).toBe("token 2");
    pass(31 * minuteMs);
    fail();
    pass(25 * minuteMs);
    await expect(ask()).rejects.toThrow("no consent");
  });
});
