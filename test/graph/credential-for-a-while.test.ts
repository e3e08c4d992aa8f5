import type { TokenCredential } from "@azure/identity";
import { describe, expect, test } from "vitest";
import { credentialForAWhile } from "../../shared/graph/credential-for-a-while.ts";

/** Each of `made` keeps a token until it is told that the token has ended. */
function scene() {
  const made: { requests: number }[] = [];
  let hour = 0;
  let isUp = true;
  const credential = credentialForAWhile((): TokenCredential => {
    const own = { requests: 0 };
    let keptAt = -1;
    let token = "";
    made.push(own);
    return {
      async getToken() {
        if (keptAt !== hour) {
          own.requests += 1;
          if (!isUp) throw new Error("no consent");
          keptAt = hour;
          token = `${made.length} at ${hour}`;
        }
        return { token, expiresOnTimestamp: 0 };
      },
    };
  });
  return {
    made,
    ask: () => credential.getToken("https://graph.microsoft.com/.default"),
    passHour: () => void (hour += 1),
    fail: () => void (isUp = false),
  };
}

describe("a credential for a while", () => {
  test("is the same one as long as its token lives, however often it is asked for", async () => {
    const { made, ask } = scene();
    for (let nth = 0; nth < 1_000; nth += 1) expect(await ask()).toMatchObject({ token: "1 at 0" });
    expect(made).toEqual([{ requests: 1 }]);
  });

  test("has made few requests when another one takes its place, which costs hardly more of them", async () => {
    const { made, ask, passHour } = scene();
    for (let nth = 0; nth < 1_000; nth += 1) {
      await ask();
      await ask();
      passHour();
    }
    expect(Math.max(...made.map(({ requests }) => requests))).toBeLessThanOrEqual(10);
    expect(made.reduce((sum, { requests }) => sum + requests, 0)).toBeLessThan(1_150);
  });

  test("is made anew as well where no token comes, and says why", async () => {
    const { made, ask, fail } = scene();
    fail();
    for (let nth = 0; nth < 100; nth += 1) await expect(ask()).rejects.toThrow("no consent");
    expect(Math.max(...made.map(({ requests }) => requests))).toBeLessThanOrEqual(10);
  });

  test("loses nobody who asked while it was replaced", async () => {
    const { made, ask, passHour } = scene();
    for (let nth = 0; nth < 30; nth += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, ask));
      expect(answers.every((answer) => answer?.token.endsWith(`at ${nth}`))).toBe(true);
      passHour();
    }
    expect(made.length).toBeLessThan(10);
  });
});
