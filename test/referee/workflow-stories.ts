import * as fc from "fast-check";
import { account, membership, once, pauses, people, scenes, thereAndBack, type Moment } from "./story.ts";
import type { WorkflowDeed } from "./departures.ts";

const places = fc.constantFrom<WorkflowDeed["of"]>("source", "source", "contoso", "fabrikam");

const saying = fc.record({
  kind: fc.constant("workflow" as const),
  category: fc.constantFrom("leaver" as const, "leaver" as const, "joiner" as const, "mover" as const),
  person: people,
  of: places,
});

/** A workflow says that somebody leaves, and another one, or the source, that they are back. */
const outAndBack: fc.Arbitrary<readonly Moment[]> = fc
  .record({ person: people, of: places, back: fc.boolean(), afterMs: pauses, awayMs: pauses })
  .map(({ person, of, back, afterMs, awayMs }) => [
    { afterMs, deed: { kind: "workflow", category: "leaver", person, of } },
    { afterMs: awayMs, deed: { kind: "workflow", category: "joiner", person, of: back ? "source" : of } },
  ]);

/** What workflows say of people, who come and go meanwhile. */
export const workflowStories: fc.Arbitrary<readonly Moment[]> = scenes(
  { weight: 3, arbitrary: once(saying) },
  { weight: 2, arbitrary: outAndBack },
  { weight: 2, arbitrary: once(membership("readers", "responders")) },
  { weight: 1, arbitrary: once(account) },
  { weight: 1, arbitrary: thereAndBack("readers", "responders") },
);
