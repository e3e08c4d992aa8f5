import * as fc from "fast-check";
import { delivery, groupItem, lifecycleItem, userItem } from "../support/delivery.ts";
import { workflowCall, workflowPath } from "../support/workflow-call.ts";

/** What somebody may send to a function that listens to everybody. None of it is anything that Graph, a relay or an operator would say. */
export type Hostile = {
  readonly to: (typeof doors)[number];
  /** Whether it comes with the token of somebody who may call. */
  readonly known: boolean;
  readonly body: string | Uint8Array<ArrayBuffer>;
};

const doors = ["notifications", "lifecycle-workflows", "resyncs"] as const;

/** With a client state that is nobody's, about a callback that is another's, or of a target that is nowhere: no change of a character makes these right. */
const almost = [
  delivery(userItem(), groupItem([{ id: "x" }])),
  delivery(lifecycleItem("reauthorizationRequired"), lifecycleItem("subscriptionRemoved")),
  workflowCall({ path: workflowPath("0f0f0f0f-0000-4000-8000-000000000009") }),
  workflowCall({ category: "purge" }),
  '{"scope":{"target":"somewhere-else"},"mode":"plan"}',
  '{"scope":{"tag":"of-no-target"},"mode":"apply"}',
] as const;

const odd = fc.constantFrom(
  "",
  "null",
  "[]",
  "{}",
  '{"value":{}}',
  '{"value":[null,1,"x",[],{}]}',
  '{"__proto__":{"value":[]}}',
  '{"value":[{"__proto__":{"clientState":"x"}}],"constructor":{"prototype":{"category":"leaver"}}}',
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  `{"value":[${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}]}`,
  `{"category":"leaver","data":${'{"DATA":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
  `{"value":[${Array.from({ length: 5_000 }, () => "{}").join()}]}`,
  `{"value":"${"x".repeat(900_000)}"}`,
  "x".repeat(1_100_000),
  '{"value":[1e400,-1e400,1E+999999]}',
  '{"value":[],"value":{}}',
  "\uFEFF{}",
  "{}\0",
);

/** One character of something that is almost right is another, or is gone, or some of it comes twice. */
const bent = fc
  .tuple(fc.constantFrom(...almost), fc.nat(), fc.nat({ max: 40 }), fc.string({ maxLength: 3 }))
  .map(([text, at, length, other]) => {
    const index = at % text.length;
    return `${text.slice(0, index)}${other}${text.slice(index + (length % 3))}${text.slice(index, index + length)}`;
  });

const shaped = fc
  .record({
    value: fc.array(
      fc.oneof(fc.jsonValue(), fc.record({ clientState: fc.jsonValue(), resource: fc.jsonValue() })),
    ),
    category: fc.jsonValue(),
    data: fc.jsonValue(),
    scope: fc.oneof(fc.jsonValue(), fc.record({ target: fc.jsonValue(), tag: fc.jsonValue() })),
    mode: fc.oneof(fc.jsonValue(), fc.constantFrom("plan", "apply")),
  })
  .map((value) => JSON.stringify(value));

/** As it should be, about what is nowhere. */
const wellFormed = fc
  .record({
    scope: fc.oneof(
      fc.record({ tag: fc.string({ minLength: 1 }) }),
      fc.record({ target: fc.stringMatching(/^[a-z][\w.-]{9,60}$/) }),
    ),
    mode: fc.constantFrom("plan", "apply"),
  })
  .map((value) => JSON.stringify(value));

const bodies: fc.Arbitrary<Hostile["body"]> = fc.oneof(
  { weight: 4, arbitrary: bent },
  { weight: 2, arbitrary: shaped },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 2_000 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => new Uint8Array(bytes)) },
  { weight: 1, arbitrary: odd },
  { weight: 1, arbitrary: wellFormed },
);

const hostile: fc.Arbitrary<Hostile> = fc.record({
  to: fc.constantFrom(...doors),
  known: fc.boolean(),
  body: bodies,
});

/** The same numbers are the same bodies. */
export const hostileBodies = (seed: number, count: number): readonly Hostile[] =>
  fc.sample(hostile, { seed, numRuns: count });
