import { z } from "zod";
import { done, endpoint, refuse } from "../../api/endpoint.ts";
import { analystIdSchema } from "../../model/ids.ts";
import { clearDeparture as clear } from "../../reconcile/workflows/clear-departure.ts";
import type { ApiPorts } from "./api-ports.ts";
import { whoAsked } from "./run-words.ts";

/** Takes back what lifecycle workflows have said of somebody. */
export const clearDeparture = endpoint({
  name: "clear-departure",
  method: "DELETE",
  route: "departures/{analyst}",
  role: "Muster.Operate",
  summary: "Say that somebody has not left, whatever lifecycle workflows have said of them",
  params: z.object({ analyst: analystIdSchema.describe("Object id in the source tenant.") }),
  answer: {
    status: 202,
    means: "It is on record, and they are looked at wherever they are.",
    body: z.object({
      analyst: z.string(),
      targets: z.array(z.string()).describe("Tenants in which they are looked at."),
    }),
  },
  problems: { 409: "A workflow has said since then that they leave." },
  async reply({ params: { analyst }, caller }, ports: ApiPorts) {
    const cleared = await clear(analyst, whoAsked(caller), ports);
    if (cleared.kind === "cleared") return done({ analyst, targets: [...cleared.targets] });
    const at = new Date(cleared.at).toISOString();
    return refuse(
      409,
      `Since ${at} they have left once more, says ${cleared.by}. If that is wrong as well, ask again after it.`,
    );
  },
});
