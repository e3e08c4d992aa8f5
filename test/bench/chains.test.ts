import { expect, test } from "vitest";
import { arrivals, longestChain, type Lane, type Request } from "../../bench/measure/chains.ts";

const at = (ms: number) => new Date(Date.parse("2026-11-20T08:00:00Z") + ms).toISOString();

/** A request as far as a chain needs it; 50 ms each. */
function request(name: string, tenantId: string, fromMs: number, more: Partial<Request> = {}): Request {
  const blank = { tenantId, url: `https://graph/v1.0/${name}`, at: at(fromMs), answeredAt: at(fromMs + 50) };
  return { ...blank, ...more } as Request; // what is left out is not looked at
}

const names = (chain: readonly Request[]) => chain.map(({ url }) => url.split("/").at(-1));

test("a chain takes no two requests that were under way at the same time", () => {
  const chain = longestChain([
    request("first", "home", 0),
    request("beside", "home", 10),
    request("second", "home", 50),
    request("third", "home", 120),
  ]);
  expect(names(chain)).toEqual(["first", "second", "third"]);
});

const lanes: readonly Lane[] = [
  { tenantId: "one", marks: ["scope-of-one"] },
  { tenantId: "two", marks: ["scope-of-two"] },
];

test("a target's chain has what was read at home before any target was told, and nothing of another target", () => {
  const requests = [
    request("who", "home", 0),
    request("read-in-one", "one", 60),
    request("stamp", "home", 70),
    request("scope-of-two", "home", 130),
    request("read-in-two", "two", 200),
    request("write-in-one", "one", 260),
    request("write-in-two", "two", 330),
  ];
  const found = arrivals(requests, lanes, (own) => own.at(-1));
  expect(found.map(({ chain }) => names(chain))).toEqual([
    ["who", "read-in-one", "write-in-one"],
    ["who", "scope-of-two", "read-in-two", "write-in-two"],
  ]);
});

test("a chain ends with what matters, and the parts of a batch are none of its links", () => {
  const requests = [
    request("batch", "one", 0),
    request("part", "one", 0, { batch: "batch", answeredAt: at(1) }),
    request("write", "one", 60),
    request("afterwards", "one", 120),
    request("in-two", "two", 0),
  ];
  const [one] = arrivals(requests, lanes, (own) => own.findLast(({ url }) => !url.endsWith("afterwards")));
  expect({ at: one?.at, chain: names(one?.chain ?? []) }).toEqual({
    at: Date.parse(at(110)),
    chain: ["batch", "write"],
  });
});

test("a target in which nothing happened is no figure", () => {
  expect(() => arrivals([request("read", "one", 0)], lanes, (own) => own.at(-1))).toThrow(/target two/);
});
